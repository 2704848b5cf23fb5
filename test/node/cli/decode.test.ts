// kmemscope decode as a process: every report of a log in words, as JSON lines, and what it says of what it cannot read.

import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { width } from '../../../src/core/base/width.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-decode-'))
  chmodSync(dir, 0o755)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function put(name: string, content: string | Uint8Array): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function decode(args: readonly string[], options: { input?: string; uid?: number } = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'decode', ...args], {
    encoding: 'utf8',
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  return { code: status, out: stdout, err: stderr }
}

const slub = (stamp: string, cache = 'dentry(1683:pod7)'): string =>
  [
    `[${stamp}] SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)`,
    `[${stamp}]   cache: ${cache}, object size: 192, buffer size: 192, default order: 1, min order: 0`,
    `[${stamp}]   node 0: slabs: 28, objs: 448, free: 0`,
    '',
  ].join('\n')

const suppressed = (stamp: string): string => `[${stamp}] slab_out_of_memory: 70 callbacks suppressed\n`

const kinds = (run: Run): readonly string[] =>
  run.out
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line).kind)

describe('the reports of a log', () => {
  it('are each explained, in order, with place and time', () => {
    const path = put(
      'two.txt',
      `${slub(' 1460.023551')}[ 1461.000000] x\n${slub(' 1500.000000', 'kmalloc-64')}`,
    )
    const { code, out, err } = decode(['two.txt'])
    expect([code, err]).toEqual([0, ''])
    const blocks = out.split('\n\n')
    expect(blocks[0]).toContain('Reports: 2 (slub-alloc-failure 2)')
    expect(blocks[1]).toMatch(/^two\.txt:1-3 {2}1460\.023551 s after boot {2}slub-alloc-failure\n/)
    expect(blocks[1]).toContain('Cache dentry got no new object: the charge to cgroup pod7 was refused')
    expect(blocks[1]).toContain('pod7 (id 1683)')
    expect(blocks[1]).toContain('raise-memory-limit')
    expect(blocks[2]).toMatch(/^two\.txt:5-7 /)
    expect(blocks[2]).toContain('Cache kmalloc-64 got no new slab')
    expect(decode([path, '--lang', 'zh']).out).toContain(
      'slab 缓存 dentry 分配不到新对象：cgroup pod7 拒绝记账',
    )
  })

  it('are read from standard input where nothing is named', () => {
    const { code, out } = decode([], { input: slub('1.000000') })
    expect(code).toBe(0)
    expect(out).toContain('Reports: 1 (slub-alloc-failure 1)')
    expect(decode(['-'], { input: slub('1.000000') }).out).toBe(out)
  })

  it('of several files stand file by file', () => {
    put('a.log', slub('1.000000'))
    put('b.log', slub('2.000000'))
    const { out } = decode(['a.log', 'b.log'])
    expect(out).toMatch(/^Log a\.log/)
    expect(out.match(/^Log .*: 3 records/gm)).toEqual(['Log a.log: 3 records', 'Log b.log: 3 records'])
    expect(kinds(decode(['b.log', 'a.log', '-o', 'jsonl']))).toHaveLength(2)
  })

  it('that are many and alike are explained three times, then named; those beyond a thousand are counted', () => {
    const storm = Array.from({ length: 1204 }, (_, index) => slub(`${1000 + index}.000000`)).join('')
    put('storm.txt', `${suppressed('999.000000')}${storm}`)
    const { out } = decode(['storm.txt'])
    expect(out).toContain('Reports: at least 1,204 (slub-alloc-failure 1,204)')
    expect(out.match(/This is not an OOM kill/g)).toHaveLength(3)
    expect(out).toMatch(
      /… 20\d more like the next one came before it, 1000\.000000 s after boot to 120\d\.000000 s/,
    )
    expect(out).toContain('as explained at storm.txt:')
    expect(out).toContain('messages the kernel counted and did not print: 70, of slab_out_of_memory')
    const lines = kinds(decode(['storm.txt', '-o', 'jsonl']))
    expect(lines).toHaveLength(1205)
  })

  it('are not at least so many where only messages of other code were not printed', () => {
    const audit = '[    2.000000] kauditd_printk_skb: 18 callbacks suppressed\n'
    const { out } = decode([], { input: `${slub('1.000000')}${audit}` })
    expect(out).toContain('Reports: 1 (slub-alloc-failure 1)')
    expect(out).not.toContain('18 messages of kauditd_printk_skb')
    expect(out).toContain('counted and did not print: 18, of kauditd_printk_skb')
    const asked = decode(['--only', 'callbacks-suppressed'], { input: audit })
    expect(asked.out).toContain('18 messages of kauditd_printk_skb were not printed')
  })

  it('fit the terminal, but for words that are longer, and steer none', () => {
    put('wide.txt', slub('1.000000', `${'x'.repeat(20)}\x1b[31m\u202e(5:${'y'.repeat(30)})`))
    const { out } = decode(['wide.txt', '--lang', 'zh'])
    for (const line of out.split('\n')) expect(width(line)).toBeLessThanOrEqual(100)
    expect(out).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
  })

  it('are none in a log of other things, and it says so', () => {
    put('quiet.txt', '[    1.000000] EXT4-fs (vda1): mounted filesystem\n')
    expect(decode(['quiet.txt'])).toMatchObject({ code: 0, err: '' })
    expect(decode(['quiet.txt']).out).toContain('No report of memory trouble.')
    expect(decode(['quiet.txt', '--only', 'oom']).out).toContain('of the kinds and times asked for')
    expect(decode(['-o', 'jsonl', 'quiet.txt']).out).toBe('')
    const torn = '6,1,1000000,-;a\n6,9,2000000,-;b\n'
    expect(decode(['-'], { input: torn }).out).toMatch(/in what is there of the log.*by their numbers: 7/s)
    expect(decode(['-o', 'jsonl'], { input: torn }).err).toContain('7 records are missing')
  })
})

describe('what is asked for', () => {
  const log = `${slub('100.000000')}${suppressed('200.000000')}${slub('7000.000000')}[ 7300.000000] x\n`

  it('is by kind', () => {
    const run = decode(['-o', 'jsonl', '--only', 'callbacks-suppressed, oom'], { input: log })
    expect(kinds(run)).toEqual(['callbacks-suppressed'])
    const json = decode(['-o', 'json', '--only', 'callbacks-suppressed'], { input: log })
    expect(JSON.parse(json.out)).toMatchObject({ events: [], suppressed: [{ count: 70 }] })
  })

  it('is by time, back from the end of the log, by date or since boot', () => {
    const lines = (...args: readonly string[]): number =>
      kinds(decode(['-o', 'jsonl', ...args], { input: log })).length
    expect(lines('--since', '10m')).toBe(1)
    expect(lines('--until', '10m')).toBe(2)
    expect(lines('--since', '2h', '--until', '1h')).toBe(2)
    expect(lines('--since', 'boot+200', '--until', 'boot+6999')).toBe(1)
    expect(decode(['--since', '10m'], { input: log }).out).toContain('Reports: 1 (slub-alloc-failure 1)')
  })

  it('keeps and counts what has no time that compares', () => {
    const jsonl = decode(['-o', 'jsonl', '--since', '2026-11-20 03:00'], { input: log })
    expect(kinds(jsonl)).toHaveLength(3)
    expect(jsonl.err).toContain('3 reports have no time that compares')
    expect(decode(['-o', 'json', '--since', '2026-11-20'], { input: log }).err).toContain('3 reports')
    expect(decode(['--since', '2026-11-20'], { input: log }).out).toContain('3 of these reports have no time')
  })

  it.each([
    [['--only', 'slub-corupted'], /“slub-corupted”; nearest: slub-corruption/],
    [['--only', ''], /unknown kind/],
    [['--since', 'yesterday'], /not a time; write 24h/],
    [['--until', '2026-02-30'], /not a time/],
    [['--since', '1h', '--until', '2h'], /--since is later than --until/],
    [['--since', '2026-11-21', '--until', '2026-11-20'], /later/],
    [['-o', 'yaml'], /nearest/],
    [['--only'], /needs a value/],
  ])('is told to be wrong: %j', (args, sentence) => {
    const run = decode(args, { input: log })
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toMatch(sentence)
  })
})

describe('JSON lines', () => {
  it('differ between languages in title and summary alone', () => {
    const bare = (language: string): unknown => {
      const { out } = decode(['-o', 'jsonl', '--lang', language], { input: slub('1.000000') })
      const { title, summary, ...rest } = JSON.parse(out)
      expect([typeof title, typeof summary]).toEqual(['string', 'string'])
      return rest
    }
    expect(bare('zh')).toEqual(bare('en'))
    expect(bare('en')).toMatchObject({
      schema: 'kmemscope/kernel-report@1',
      kind: 'slub-alloc-failure',
      lines: [1, 3],
      at: 'boot+1.000000',
      cache: 'dentry',
      nodes: [{ node: 0, slabs: 28, objs: 448, free: 0 }],
    })
  })

  it('begin before a log ends', async () => {
    const child = spawn(process.execPath, [main, 'decode', '-o', 'jsonl'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const first = new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data))))
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    const filling = '[    3.000000] x\n'.repeat(40_000)
    child.stdin.write(`${slub('1.000000')}${slub('2.000000')}${filling}`)
    expect(JSON.parse((await first).split('\n')[0] ?? '').kind).toBe('slub-alloc-failure')
    child.stdin.end()
    child.stdout.resume()
    expect(await ended).toBe(0)
  })

  it('take no more memory the longer a storm is', () => {
    put('storm.log', slub('1.000000').repeat(40_000))
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--max-old-space-size=48', main, 'decode', '-o', 'jsonl', 'storm.log'],
      { cwd: dir, encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 },
    )
    expect([status, stderr.toString()]).toEqual([0, ''])
    // more than the heap could have held
    expect(stdout.length).toBeGreaterThan(24 * 1024 * 1024)
  })

  it.for(['text', 'jsonl'])('and text that cannot be written are a failure: %s', (output, { skip }) => {
    if (!existsSync('/dev/full')) skip('no /dev/full here')
    put('one.log', slub('1.000000'))
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [main, 'decode', 'one.log', '-o', output], {
      cwd: dir,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
      stdio: ['ignore', full, 'pipe'],
    })
    closeSync(full)
    expect(status).toBe(1)
    expect(stderr).toBe('kmemscope: the output could not be written (ENOSPC)\n')
  })

  it.each(['text', 'jsonl'])('and text stop in silence where nobody reads on: %s', output => {
    put('much.txt', slub('1.000000').repeat(20_000))
    const script = `"$1" "$2" decode much.txt -o ${output} 2>err | head -1 >/dev/null; echo "\${PIPESTATUS[0]}" $(wc -c <err)`
    const { stdout } = spawnSync('bash', ['-c', script, 'bash', process.execPath, main], {
      cwd: dir,
      encoding: 'utf8',
    })
    expect(stdout).toBe('0 0\n')
  })
})

describe('what is no log', () => {
  it('stands under its own names', () => {
    put('meminfo', 'MemTotal:  1024 kB\nMemFree:  512 kB\nSlab:  100 kB\n')
    const { code, out, err } = decode(['meminfo'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('type: meminfo')
    expect(out).toContain('MemTotal: 1024')
    const lines = decode(['meminfo', '-o', 'jsonl'])
    expect([lines.code, lines.out]).toEqual([0, ''])
    expect(lines.err).toContain('there is no log in what was given')
  })

  it('stands before the reports of the logs beside it', () => {
    mkdirSync(join(dir, 'node/proc'), { recursive: true })
    put('node/proc/meminfo', 'MemTotal:  1024 kB\nMemFree:  512 kB\nSlab:  100 kB\n')
    put('node/dmesg', slub('1.000000'))
    const { code, out, err } = decode(['node'])
    expect([code, err]).toEqual([0, ''])
    expect(out.indexOf('MemTotal')).toBeGreaterThan(-1)
    expect(out.indexOf('Reports: 1')).toBeGreaterThan(out.indexOf('MemTotal'))
    expect(kinds(decode(['node', '-o', 'jsonl']))).toEqual(['slub-alloc-failure'])
    const log = put('beside.log', slub('2.000000'))
    const both = decode(['node', log]).out
    expect(both.indexOf('MemTotal')).toBeGreaterThan(-1)
    expect(both.match(/^Reports: 1/gm)).toHaveLength(2)
  })

  it.each<readonly [string, () => string, RegExp]>([
    ['nothing', () => put('empty', ''), /is empty/],
    [
      'a binary',
      () =>
        put(
          'binary',
          Uint8Array.from({ length: 5000 }, (_, at) => at % 256),
        ),
      /is not text/,
    ],
    ['a packed log', () => put('a.gz', Uint8Array.of(0x1f, 0x8b, 8, 0)), /zcat .* \| kmemscope decode -/],
    ['what is not there', () => join(dir, 'none'), /no such file/],
    ['a directory of something else', () => dir, /no files of a node/],
  ])('%s has a sentence, and exit code 1', (_, make, sentence) => {
    for (const output of ['text', 'json', 'jsonl']) {
      const run = decode([make(), '-o', output])
      expect(run).toMatchObject({ code: 1, out: '' })
      expect(run.err).toMatch(sentence)
    }
  })

  it('and beside it a log is read, with exit code 1', () => {
    put('good.log', slub('1.000000'))
    const run = decode(['none.log', 'good.log', '-o', 'jsonl'])
    expect(run.code).toBe(1)
    expect(run.err).toBe('kmemscope: none.log: no such file or directory.\n')
    expect(kinds(run)).toEqual(['slub-alloc-failure'])
  })

  it('a log that may not be read is denied', ({ skip }) => {
    if (process.getuid?.() !== 0) skip('another user can only be taken by root')
    chmodSync(put('secret.log', slub('1.000000')), 0o600)
    const run = decode(['secret.log'], { uid: 65_534 })
    expect(run).toMatchObject({ code: 1, out: '' })
    expect(run.err).toContain('permission denied')
  })
})
