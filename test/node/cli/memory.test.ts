// kmemscope memory as a process: on a story's files, and again and again on a directory that changes.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')
const healthy = join(root, 'fixtures/nodes/healthy-6x/tree')

const POD = 'dfe9dee3-9d2c-4405-802e-0789f735f11c'
const POD_DIR =
  'sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poddfe9dee3_9d2c_4405_802e_0789f735f11c.slice'

const env = { PATH: process.env['PATH'] ?? '', LANG: 'C' }

function memory(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'memory', ...args], {
    encoding: 'utf8',
    env,
  })
  return { code: status, out: stdout, err: stderr }
}

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-memory-'))
  cpSync(healthy, dir, { recursive: true })
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the table', () => {
  it('has whole names in a pipe, a pod before its containers, and what hits each first', () => {
    const { code, out, err } = memory(healthy)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = out.split('\n')
    const at = lines.findIndex(line => line.startsWith(POD))
    expect(lines[at]).toMatch(/\(pod\) .* 256 MiB +31\.5 MiB {2}own limit: 99\.1 MiB$/)
    expect(lines[at + 1]).toMatch(new RegExp(`^${POD} {2}33c2ae497669 .*limit of the pod: 99\\.1 MiB$`))
    expect(out).toContain('(its default: no other threshold was read)')
    expect(memory(healthy, '--lang', 'zh').out).toContain('自身限制：99.1 MiB')
  })

  it('is in the order asked for', () => {
    const pods = (sort: string) =>
      JSON.parse(memory(healthy, '-o', 'json', '--sort', sort).out)
        .rows.filter(({ kind }: { kind: string }) => kind === 'pod')
        .map(({ podUid }: { podUid: string }) => podUid)
    expect(pods('first')[0]).toBe(POD)
    expect(pods('usage')[0]).not.toBe(POD)
    expect(pods('name')).toEqual([...pods('name')].sort())
  })

  it('tells of every number where it is read', () => {
    const { rows, sources } = JSON.parse(memory(healthy, '-o', 'json').out)
    const row = rows.find((one: { podUid: string; kind: string }) => one.podUid === POD && one.kind === 'pod')
    const number = (file: string, key?: string): number => {
      const { stdout } = spawnSync('cat', [join(row.dir, file)], { encoding: 'utf8' })
      return Number(key === undefined ? stdout : new RegExp(`^${key} (\\d+)$`, 'm').exec(stdout)?.[1])
    }
    for (const name of ['usage', 'workingSet', 'rss', 'cache', 'kernel', 'shmem', 'limit']) {
      const { file, key, less } = sources[name]
      const value = number(file, key) - (less === undefined ? 0 : number(less.file, less.key))
      expect({ name, value: row[name] }).toEqual({ name, value })
    }
  })
})

describe('one pod or cgroup', () => {
  it.each([[[POD]], [['dfe9dee3']], [['--cgroup', POD_DIR.replace('sys/fs/cgroup', '')]]])('%j', words => {
    const { code, out } = memory(...words, healthy)
    expect(code).toBe(0)
    expect(out).toContain('What can stop or kill it, nearest first')
    expect(out).toMatch(
      /own limit: 99\.1 MiB left: 225 MiB of 256 MiB, of which 67\.6 MiB can be\s+reclaimed/,
    )
    const { schema, limits } = JSON.parse(memory(...words, healthy, '-o', 'json').out)
    expect(schema).toBe('kmemscope/anatomy@1')
    expect(limits.firstToHit).toMatchObject({ kind: 'limit', owner: 'own' })
  })

  it('is named among others where it is not found, or is several', () => {
    const near = memory('web', healthy)
    expect(near).toMatchObject({ code: 2, out: '' })
    expect(near.err).toContain('what they are called could not be read')
    const cgroup = memory('--cgroup', 'kubepods', healthy)
    expect(cgroup).toMatchObject({ code: 2, out: '' })
    expect(cgroup.err).toContain('nearest: /kubepods.slice')
    const none = memory('web', join(root, 'fixtures/nodes/v2-dying-memcgs/tree/proc'))
    expect(none).toMatchObject({ code: 1, out: '' })
    expect(memory('--cgroup', '/nowhere', healthy)).toMatchObject({ code: 2, out: '' })
  })
})

describe('wrong usage', () => {
  it.each([
    ['a column that is none', ['--sort', 'colour', healthy]],
    ['two pods', ['a', 'b', healthy]],
    ['a pod and a cgroup', ['a', '--cgroup', '/b', healthy]],
    ['an interval that is none', ['--watch', '--interval', 'often', healthy]],
    ['an interval without end', ['--interval', '0', healthy]],
    ['another node and a root', ['--root', '/host', healthy]],
    ['an output that is none', ['-o', 'yaml', healthy]],
  ])('is %s', (_, args) => {
    const { code, out, err } = memory(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^kmemscope: /)
  })
})

/** Runs it until `enough` of its output, then interrupts it; its exit code and output. */
async function interrupted(
  command: readonly [string, ...string[]],
  enough: (out: string) => boolean,
  between: () => void = () => {},
): Promise<{ code: number | null; signal: string | null; out: string }> {
  const [program, ...args] = command
  const child = spawn(program, args, { env: { ...env, TERM: 'xterm' }, stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  let changed = false
  const ended = once(child, 'exit')
  for await (const chunk of child.stdout) {
    out += String(chunk)
    if (!changed && out.includes('\n')) {
      changed = true
      between()
    }
    if (enough(out)) break
  }
  child.kill('SIGINT')
  const [code, signal] = await ended
  return { code, signal, out }
}

describe('--watch', () => {
  const lines = (out: string) => out.split('\n').filter(line => line !== '')

  it('prints what changed since the reading before, a document a line, until Ctrl-C', async () => {
    const usage = join(dir, POD_DIR, 'memory.current')
    const { code, signal, out } = await interrupted(
      [process.execPath, main, 'memory', dir, '-o', 'json', '--watch', '--interval', '500ms'],
      text => lines(text).length >= 2 && text.endsWith('\n'),
      () => writeFileSync(usage, '250000000\n'),
    )
    expect({ code, signal }).toEqual({ code: 130, signal: null })
    const [first, second] = lines(out).map(line => JSON.parse(line))
    const pod = ({ rows }: { rows: { podUid: string; kind: string }[] }) =>
      rows.find(({ podUid, kind }) => podUid === POD && kind === 'pod') as unknown as Record<string, number>
    expect(pod(first)['change']).toBeUndefined()
    expect(pod(second)['change']).toBe(250_000_000 - (pod(first)['usage'] ?? 0))
    expect(second.sinceSeconds).toBeGreaterThan(0.4)
  })

  it('prints a table below the other where there is no terminal', async () => {
    const { code, out } = await interrupted(
      [process.execPath, main, 'memory', dir, '--watch', '--interval', '0.5'],
      text => text.split('HITS FIRST\n').length > 2,
    )
    expect(code).toBe(130)
    expect(out).toContain('CHANGE')
    expect(out).not.toContain('\u001b')
  })

  it.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'draws over itself on a terminal, in the lines and columns there are',
    () => {
      const command = `stty rows 12 cols 60; timeout --preserve-status -s INT 3 '${process.execPath}' '${main}' memory '${dir}' --watch --interval 0.5; echo "code $?"`
      const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
        encoding: 'utf8',
        env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' },
        input: '',
      })
      expect(stdout).toContain('code 130')
      const pictures = stdout.split('\u001b[H').slice(2)
      expect(pictures.length).toBeGreaterThan(1)
      for (const picture of pictures.slice(0, -1)) {
        const shown = picture.replace(/\u001b\[[\d?]*[A-Za-z]/g, '').split('\r\n')
        expect(shown.length).toBeLessThanOrEqual(12)
        expect(shown.at(-2)).toMatch(/and \d+ more/)
        for (const line of shown) expect(line.length).toBeLessThanOrEqual(60)
      }
      // the cursor is given back
      expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[H'))
    },
  )

  it('tells what became of one pod', async () => {
    const usage = join(dir, POD_DIR, 'memory.current')
    writeFileSync(usage, '240000000\n')
    const { code, out } = await interrupted(
      [process.execPath, main, 'memory', POD, dir, '-o', 'json', '--watch', '--interval', '500ms'],
      text => lines(text).length >= 2 && text.endsWith('\n'),
      () => writeFileSync(usage, '240004096\n'),
    )
    expect(code).toBe(130)
    const [first, second] = lines(out).map(line => JSON.parse(line))
    expect(first.change).toBeUndefined()
    expect(second.change).toMatchObject({ usage: 4096, total: 4096 })
  })

  it('ends where nobody reads any more', () => {
    const { status } = spawnSync(
      'sh',
      ['-c', '"$0" "$1" memory "$2" --watch --interval 0.5 | head -1', process.execPath, main, dir],
      { env, timeout: 20_000 },
    )
    expect(status).toBe(0)
  })
})
