// Input that nobody should give, and input that somebody made to do harm: the built command line as a process of its
// own, on files made here. What is asserted is the sentence, the exit code, what was still decoded, and that nothing
// of the input steers a terminal or a shell.

import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const CLI = fileURLToPath(new URL('../../../dist/node/cli/main.js', import.meta.url))

/** Control characters but line ends and tabs, and what turns the direction of writing. */
const STEERING =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly seconds: number
  /** Largest resident size, of the process alone. */
  readonly mebibytes: number
}

interface Options {
  /** Written to standard input, a piece at a time; without it standard input is empty. */
  readonly input?: Iterable<Uint8Array | string>
  readonly uid?: number
  /** Run by sh, with "$@" the command line. */
  readonly shell?: string
}

let dir = ''
const at = (...path: string[]): string => join(dir, ...path)

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-bad-'))
  chmodSync(dir, 0o755)
})
afterAll(() => {
  if (dir !== '') rmSync(dir, { recursive: true, force: true })
})

function put(path: string, content: string | Uint8Array): string {
  const file = at(path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

function circle(): string {
  symlinkSync('circle', at('circle'))
  return at('circle')
}

/** Tells the parent how much memory was used at most. */
const MEASURE =
  "data:text/javascript,process.on('exit',()=>{try{process.getBuiltinModule('fs').writeSync(3,String(process.resourceUsage().maxRSS))}catch{}})"

async function run(args: readonly string[], options: Options = {}): Promise<Ran> {
  const began = performance.now()
  const command = ['--import', MEASURE, CLI, ...args]
  const env = { PATH: process.env['PATH'] ?? '', LANG: 'C', HOME: dir }
  const child =
    options.shell === undefined
      ? spawn(process.execPath, command, {
          env,
          cwd: dir,
          stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
          ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
        })
      : spawn('bash', ['-c', options.shell, 'bash', process.execPath, ...command], {
          env,
          cwd: dir,
          stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
        })
  const texts = ['', '', '', '']
  for (const index of [1, 2, 3]) {
    const stream = child.stdio[index]
    if (stream !== null && stream !== undefined && 'setEncoding' in stream) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        texts[index] += text
      })
    }
  }
  const { stdin } = child
  // a process that has seen enough closes its end
  stdin?.on('error', () => {})
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  for (const piece of options.input ?? []) {
    if (stdin === null || stdin.destroyed || child.exitCode !== null) break
    if (!stdin.write(piece)) {
      await Promise.race([new Promise(resolve => stdin.once('drain', resolve)), ended])
    }
  }
  stdin?.end()
  const code = await ended
  return {
    code,
    out: texts[1] ?? '',
    err: texts[2] ?? '',
    seconds: (performance.now() - began) / 1000,
    mebibytes: Number(texts[3]) / 1024,
  }
}

/** Nothing thrown at the user, nothing that steers a terminal. */
function decent({ out, err }: Ran): void {
  expect(out + err).not.toMatch(STEERING)
  expect(err).not.toMatch(/kmemscope failed|\n\s+at /)
}

const OOM = (stamp: string, memcg: string, comm = 'java'): string =>
  [
    `${comm} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0`,
    `Task in ${memcg} killed as a result of limit of ${memcg}`,
    'memory: usage 1048576kB, limit 1048576kB, failcnt 7',
    'kmem: usage 1000000kB, limit 9007199254740988kB, failcnt 0',
    `Memory cgroup stats for ${memcg}: cache:0KB rss:12KB`,
    `Memory cgroup out of memory: Kill process 77 (${comm}) score 1000 or sacrifice child`,
    `Killed process 77 (${comm}) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB`,
  ]
    .map(line => `[${stamp}] ${line}\n`)
    .join('')

const events = (json: string): readonly { readonly memcg?: string }[] => JSON.parse(json).events

describe('files that hold nothing to read', () => {
  const random = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 2_654_435_761) >>> 13)
  test.each<readonly [string, () => string, RegExp]>([
    ['an empty file', () => put('empty', ''), /is empty/],
    ['blank lines', () => put('blank', ' \n\n \n'), /is empty/],
    ['random bytes', () => put('random', random), /text/],
    ['a program', () => put('program', readFileSync(process.execPath).subarray(0, 200_000)), /text/],
    ['a picture', () => put('a.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')), /text/],
    ['gzip', () => put('a.gz', gzipSync('kernel: hello')), /zcat/],
    ['UTF-16', () => put('utf-16', Buffer.from('\ufeffkernel: hello\n', 'utf16le')), /iconv/],
    ['UTF-16 without a mark', () => put('utf-16-bare', Buffer.from('kernel: hello\n', 'utf16le')), /iconv/],
    ['a directory that is no node', () => dirname(put('plain/file', 'x')), /no files of a node/],
    ['a link in circles', () => circle(), /ELOOP/],
    ['a file that is not there', () => at('none'), /no such file/],
    ['a device', () => '/dev/null', /device/],
  ])('%s', async (_, make, sentence) => {
    const source = make()
    for (const command of ['diagnose', 'decode']) {
      const ran = await run([command, source])
      decent(ran)
      expect(ran.err).toMatch(sentence)
      expect(ran.out).toBe('')
      expect(ran.code).toBe(1)
    }
  })

  test('2 GiB of NUL', async () => {
    const file = openSync(at('nuls'), 'w')
    ftruncateSync(file, 2 ** 31)
    closeSync(file)
    const ran = await run(['diagnose', at('nuls')])
    decent(ran)
    expect(ran.code).toBe(1)
    expect(ran.mebibytes).toBeLessThan(200)
  })

  test('the plug-in’s one line also where nothing could be read', async () => {
    for (const [args, line] of [
      [['diagnose', put('empty-npd', ''), '-o', 'npd'], /is empty/],
      [['diagnose', at('none\nat all'), '-onpd', '--lang', 'zh'], /none/],
      [['diagnose', '--bogus', '--output=npd'], /--bogus/],
    ] as const) {
      const ran = await run(args)
      expect(ran.code).toBe(2)
      expect(ran.out).toMatch(line)
      expect(ran.out).toMatch(/^[^\n]+\n$/)
      expect(Buffer.byteLength(ran.out)).toBeLessThanOrEqual(81)
    }
  })

  test('a command in our own sentence quotes the name it was given', async () => {
    const ran = await run(['diagnose', put('a $(reboot).gz', gzipSync('x'))])
    expect(ran.err).toContain(`zcat '${at('a $(reboot).gz')}' |`)
  })
})

describe('logs that are broken', () => {
  test('a line of 1 GiB, and what stands before it', async () => {
    function* input() {
      yield OOM('    1.000000', '/kubepods/a')
      yield '[    2.000000] '
      const piece = Buffer.alloc(2 ** 20, 'x')
      for (let mebibytes = 0; mebibytes < 1024; mebibytes += 1) yield piece
    }
    const ran = await run(['diagnose', '-', '-o', 'json'], { input: input() })
    decent(ran)
    expect(ran.code).toBe(0)
    const report = JSON.parse(ran.out)
    expect(report.verdicts['memcg-oom-kill']).toBe('present')
    expect(report.gaps).toContainEqual(expect.objectContaining({ path: '-', why: 'truncated' }))
    expect(ran.mebibytes).toBeLessThan(300)
  })

  test('a log cut anywhere still gives the report before the cut', async () => {
    const first = OOM('    1.000000', '/kubepods/a')
    const second = OOM('  500.000000', '/kubepods/b')
    for (let part = 0; part < 8; part += 1) {
      const cut = (first + second).slice(0, first.length + Math.floor((second.length * part) / 8))
      const ran = await run(['decode', '-', '-o', 'json'], { input: [cut] })
      decent(ran)
      expect(ran.code).toBe(0)
      expect(events(ran.out)[0]?.memcg).toBe('/kubepods/a')
    }
  })

  test('100,000 kills in as many cgroups stay bounded', async () => {
    function* input() {
      for (let kill = 0; kill < 100_000; kill += 100)
        yield Array.from({ length: 100 }, (_, index) => {
          const stamp = `${kill + index}.000000`.padStart(12)
          return OOM(stamp, `/kubepods/burstable/pod${kill + index}/c`, `task${kill + index}`)
        }).join('')
    }
    const ran = await run(['diagnose', '-', '-o', 'json'], { input: input() })
    decent(ran)
    expect(ran.code).toBe(0)
    expect(JSON.parse(ran.out).verdicts['memcg-oom-kill']).toBe('present')
    expect(ran.mebibytes).toBeLessThan(400)
  })

  test.each<readonly [string, string]>([
    ['quoted 60,000 times', '>'.repeat(60_000)],
    ['wrapped in 2,000 stamps', '2020-07-03T00:00:00Z stdout F '.repeat(2000)],
    ['a release of 60,000 digits', `CPU: 0 PID: 1 Comm: a Tainted: 1.${'1'.repeat(60_000)}`],
    ['JSON 9,000 deep', '{"log":'.repeat(9000)],
    ['a stamp of no year', '{"MESSAGE":"x","_TRANSPORT":"kernel","__REALTIME_TIMESTAMP":"1e308"}'],
  ])('a line %s costs neither the log nor time', async (_, line) => {
    const before = OOM('    1.000000', '/kubepods/a')
    const input = [before, ...Array.from({ length: 4 }, () => `${line}\n`), OOM('  900.000000', '/b')]
    const ran = await run(['decode', '-', '-o', 'json'], { input })
    decent(ran)
    expect(events(ran.out).map(({ memcg }) => memcg)).toEqual(['/kubepods/a', '/b'])
    // 3 s a line before; a slow machine is no failure
    expect(ran.seconds).toBeLessThan(6)
  })

  test.each<readonly [string, string, string]>([
    ['meminfo and 200,000 blank lines', 'meminfo', `MemTotal: 1 kB\nMemFree: 1 kB\n${'\n'.repeat(200_000)}`],
    ['os-release with lines of blanks', 'os-release', `ID=${' '.repeat(4080)}x\n`.repeat(500)],
  ])('%s take no time', async (_, type, content) => {
    const ran = await run(['decode', put(`slow-${type}`, content), '-o', 'json'])
    decent(ran)
    expect(JSON.parse(ran.out).type).toBe(type)
    expect(ran.seconds).toBeLessThan(4)
  })
})

describe('a node that was made to do harm', () => {
  const NAMES = [
    '$(touch pwned)',
    "a'b",
    'new\nline',
    '\x1b]0;x\x07\x1b[31m',
    '\u202ebidi\u009b31m\u061c',
    '`touch pwned`',
    '__proto__',
    'constructor',
    '<script>alert(1)</script>',
    '{kmem|bytes}',
    'x'.repeat(255),
  ]

  /** A saved 3.10 node whose every string is hostile and whose every cgroup is full of kernel memory. */
  function hostileNode(): string {
    const evil = '\x1b[31m\x1b]0;pwn\x07\u009b31m\u202e\u061c<script>'
    put('node/proc/version', `Linux version 3.10.0-957.el7.x86_64${evil} (a@b) #1\n`)
    put('node/proc/sys/kernel/hostname', `--kubeconfig=$(touch${'\t'}pwned)${evil}\n`)
    put('node/etc/os-release', `PRETTY_NAME="${evil} [a](http://b) \`x\`"\nID=constructor\n`)
    put('node/proc/cmdline', `BOOT_IMAGE=${evil} root=/dev/x slub_debug=${evil}\n`)
    put('node/proc/meminfo', 'MemTotal: 1000000 kB\nSlab: 5 kB\n__proto__: 5 kB\nconstructor: 6 kB\n')
    put('node/proc/cgroups', 'memory\t3\t64000\t1\nconstructor\t3\t1\t1\n__proto__\t1\t1\t1\n')
    put(
      'node/dmesg',
      [
        OOM('    2.000000', `/kubepods/${evil}`, `j${evil.slice(0, 5)}`),
        OOM('  900.000000', '/../../../../home'),
        `[ 1000.000000] SLUB: Unable to allocate memory on node -1 (gfp=0x8020)\n`,
        `[ 1000.000000]   cache: ${evil}(7:$(reboot)), object size: 192, buffer size: 192, default order: 1, min order: 0\n`,
        `[ 1000.000000]   node 0: slabs: 10, objs: 210, free: 0\n`,
        '[ 1001.000000] __proto__: 5 callbacks suppressed\n',
      ].join(''),
    )
    const full = (path: string): void => {
      const values = {
        usage_in_bytes: 2 ** 30,
        limit_in_bytes: 2 ** 30,
        failcnt: 500,
        'kmem.usage_in_bytes': 900 * 2 ** 20,
      }
      for (const [name, value] of Object.entries(values)) put(`${path}/memory.${name}`, `${value}\n`)
      put(`${path}/memory.stat`, 'cache 100\nrss 100\n__proto__ 5\nconstructor 7\ntotal_rss 100\n')
    }
    full('node/sys/fs/cgroup/memory')
    for (const name of NAMES) full(`node/sys/fs/cgroup/memory/kubepods/burstable/${name.replace('/', '')}`)
    mkdirSync(at('node/var/log'), { recursive: true })
    symlinkSync('../../../../../../../../etc/passwd', at('node/var/log/messages'))
    symlinkSync('/etc/passwd', at('node/proc/uptime'))
    symlinkSync('kmsg', at('node/dev-loop'))
    execFileSync('mkfifo', [at('node/var/log/syslog')])
    return at('node')
  }

  test('steers no terminal, makes no markup, is valid JSON, and its commands run nothing of it', async () => {
    const node = hostileNode()
    for (const output of ['text', 'json', 'markdown', 'npd'])
      for (const lang of ['en', 'zh']) {
        const ran = await run(['diagnose', node, '-o', output, '--lang', lang])
        decent(ran)
        expect(ran.code).toBe(output === 'npd' ? 1 : 0)
        expect(ran.out).not.toContain('root:x:0')
        if (output === 'npd') expect(Buffer.byteLength(ran.out)).toBeLessThanOrEqual(81)
      }
    const markdown = (await run(['diagnose', node, '-o', 'markdown'])).out
    const running = markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '')
    expect(running).not.toMatch(/<script|(?<!\\)\]\(|http:\/\//)

    const { out } = await run(['diagnose', node, '-o', 'json'])
    const report = JSON.parse(out)
    const paths = report.findings.map(({ subject }: { subject: { path?: string } }) => subject.path)
    expect(paths).toContain('/kubepods/burstable/__proto__')
    expect(paths).toContain('/kubepods/burstable/new\nline')
    const commands: string[] = report.findings.flatMap(
      ({ remedies }: { remedies: { commands: string[]; verify: string[] }[] }) =>
        remedies.flatMap(({ commands, verify }) => [...commands, ...verify]),
    )
    expect(commands.length).toBeGreaterThan(20)
    expect(commands.filter(command => command.includes('kubectl')).join()).not.toContain('--kubeconfig')
    expect(commands.join('\n')).not.toContain('/../')
    // What the shell makes of each: its words are expanded, and nothing is run.
    for (const command of new Set(commands.filter(line => line.includes('pwned')))) {
      execFileSync('bash', ['-n', '-c', command])
      const only = command.replace(/^[\w -]+(?= ')/, 'printf %s').replace(/[<>|&;].*$/s, '')
      execFileSync('bash', ['-c', only], { cwd: dir })
    }
    expect(() => readFileSync(at('pwned'))).toThrow()

    const decoded = await run(['decode', node, '-o', 'json'])
    decent(decoded)
    expect(JSON.parse(decoded.out).schema).toBe('kmemscope/decode@1')
  })

  test('a link in circles costs the file, not the node', async () => {
    put('circles/etc/hostname', 'n1\n')
    mkdirSync(at('circles/dev'))
    symlinkSync('kmsg', at('circles/dev/kmsg'))
    put('circles/etc/os-release', 'PRETTY_NAME="A"\n')
    const ran = await run(['diagnose', at('circles'), '-o', 'json'])
    decent(ran)
    expect(ran.code).toBe(0)
    expect(JSON.parse(ran.out).node.hostname).toBe('n1')
  })

  test.skipIf(process.getuid?.() !== 0)(
    'permission denied everywhere: what can be had, and what root would add',
    async () => {
      put('denied/proc/meminfo', 'MemTotal: 1 kB\n')
      put('denied/dmesg', OOM('    1.000000', '/kubepods/a'))
      chmodSync(at('denied/proc'), 0)
      const ran = await run(['diagnose', at('denied')], { uid: 65534 })
      decent(ran)
      expect(ran.code).toBe(0)
      expect(ran.out).toContain('permission denied')
      expect(ran.out).toContain('/kubepods/a')
      chmodSync(at('denied/dmesg'), 0)
      const nothing = await run(['diagnose', at('denied/dmesg'), '-o', 'npd'], { uid: 65534 })
      expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('as root')])
    },
  )
})

describe('the command line', () => {
  test('many logs, few descriptors; one file under two names is read once', async () => {
    const log = put('many/0.log', OOM('    1.000000', '/kubepods/a'))
    const logs = Array.from({ length: 150 }, (_, index) => {
      const name = at(`many/copy${index}.log`)
      writeFileSync(name, readFileSync(log))
      return name
    })
    linkSync(log, at('many/same.log'))
    const ran = await run(['diagnose', log, at('many/same.log'), ...logs, '-o', 'json'], {
      shell: 'ulimit -n 80; exec "$@"',
    })
    decent(ran)
    expect(ran.code).toBe(0)
    expect(ran.err).toContain('given before')
    expect(JSON.parse(ran.out).logs).toHaveLength(151)
  })

  test.each<readonly [string, string, number, RegExp]>([
    ['a reader that goes away', 'set -o pipefail; "$@" --fail-on warning | true', 10, /^$/],
    ['a full disk', '"$@" > /dev/full', 1, /ENOSPC/],
    ['a full disk under the plug-in', '"$@" -o npd > /dev/full', 2, /ENOSPC/],
    ['nowhere to write to', 'exec "$@" >&- 2>&-', 0, /^$/],
    ['no standard input', 'exec "$@" <&-', 0, /^$/],
  ])('%s', async (_, shell, code, said) => {
    const log = put('pipe.log', OOM('    1.000000', '/kubepods/a'))
    const ran = await run(['diagnose', log], { shell })
    expect(ran.code).toBe(code)
    expect(ran.err).toMatch(said)
    decent(ran)
  })

  test('names that look like options, standard input twice', async () => {
    put('-x', OOM('    1.000000', '/kubepods/a'))
    for (const args of [
      ['--', '-x'],
      ['diagnose', '--', '-x'],
      ['decode', '--', '-x'],
    ]) {
      const ran = await run(args)
      expect([ran.code, ran.err]).toEqual([0, ''])
    }
    // Twice 64 KiB and more: the second reading would begin in the middle of the first.
    const input = [OOM('    1.000000', '/kubepods/a'), '[    2.000000] x\n'.repeat(20_000)]
    const ran = await run(['diagnose', '-', '-', '-o', 'json'], { input })
    expect(ran.err).toContain('given before')
    expect(JSON.parse(ran.out).logs.map(({ records }: { records: number }) => records)).toEqual([20_007])
  })

  test.each<readonly [readonly string[], RegExp]>([
    [['--sicne', '24h'], /--sicne.*--since, --\w+, --\w+/],
    [['diagnose', '-o', 'yaml'], /“yaml”.*\w+, \w+, \w+/],
    [['explain', 'kmaloc-192'], /“kmaloc-192”.*kmalloc-\S+, \S+, \S+/],
    [['explain', '__proto__'], /“__proto__”.*\S+, \S+, \S+/],
    [['explain', '\x1b[31mconstructor'], /\\x1b\[31mconstructor/],
    [['diagnoze'], /“diagnoze”.*diagnose, \w+, \w+/],
    [['diagnose', '--since', 'ever'], /“ever”/],
    [['--lang', 'fr'], /“fr”/],
  ])('wrong usage: %j', async (args, sentence) => {
    for (const lang of args.includes('--lang') ? [[]] : [[], ['--lang', 'zh']]) {
      const ran = await run([...lang, ...args])
      decent(ran)
      expect(ran.code).toBe(2)
      expect(ran.err).toMatch(sentence)
      expect(ran.out).toBe('')
    }
  })
})
