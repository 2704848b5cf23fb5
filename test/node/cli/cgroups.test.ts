// kmemscope cgroups as a process, on saved nodes and on this machine.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')
const story = (name: string) => join(root, 'fixtures/nodes', name, 'tree')

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-cgroups-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function cgroups(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'cgroups', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
    input: '',
    timeout: 50_000,
  })
  return { code: status, out: stdout, err: stderr }
}

interface Printed {
  readonly live: number
  readonly dying?: number
  readonly leftOver?: number
  readonly rows: readonly { readonly cgroup: string; readonly leftOver?: number; readonly live: number }[]
  readonly unknown: readonly { readonly what: string }[]
}

const json = (...args: readonly string[]): Printed => JSON.parse(cgroups(...args, '-o', 'json').out)

/** Without the breaks of lines. */
const flat = (text: string): string => text.replace(/\s+/g, ' ')

/** A node of v1 with the cgroups named, each with so many bytes and these processes. */
function node(name: string, memcgs: Readonly<Record<string, { usage: number; procs: string }>>): string {
  const top = join(dir, name)
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(top, path)), { recursive: true })
    writeFileSync(join(top, path), text)
  }
  put('proc/version', 'Linux version 6.1.0-13-amd64 (a@b) (gcc) #1 SMP\n')
  put('proc/cgroups', '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t3\t9\t1\n')
  for (const [path, { usage, procs }] of Object.entries({ '': { usage: 1, procs: '2\n' }, ...memcgs })) {
    put(`sys/fs/cgroup/memory${path}/memory.usage_in_bytes`, `${usage}\n`)
    put(`sys/fs/cgroup/memory${path}/cgroup.procs`, procs)
    put(
      `sys/fs/cgroup/memory${path}/memory.stat`,
      'cache 0\nrss 0\nshmem 0\ntotal_cache 0\ntotal_rss 0\ntotal_shmem 0\n',
    )
  }
  return top
}

describe('a saved node', () => {
  it('is told: what lives, what is dying, what removed ones hold, and by whom', () => {
    const { code, out, err } = cgroups(story('v2-dying-memcgs'))
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(flat(out)).toContain('Live memory cgroups: 137, the root among them.')
    expect(flat(out)).toContain('Removed but not freed (dying): 18,005.')
    expect(flat(out)).toContain('Removed cgroups still hold 505 MiB of pages: page cache 505 MiB')
    expect(out).toMatch(/^\/system\.slice +1 +- +0 +11204 +319 MiB +1\.3 GiB$/m)
    expect(out).toMatch(/owners: \d+ more/)
    expect(cgroups(story('v2-dying-memcgs'), '--lang', 'zh').out).toContain(
      '已删除但未释放（dying）：18,005 个。',
    )
  })

  it('shows a dash, and says why, where it could not look', () => {
    const { out } = cgroups(story('el7-after-upgrade'))
    expect(flat(out)).toContain(
      'Not known: how many are without a process, whether more are left over. The reason: whether a process',
    )
    expect(out).toMatch(/^pod [0-9a-f-]{36} +3 +- +- +0 B/m)
    expect(out).not.toContain('Left over: none')
    const { unknown, leftOver } = json(story('el7-after-upgrade'))
    expect(leftOver).toBeUndefined()
    expect(unknown.map(({ what }) => what)).toEqual(['withoutTasks', 'leftOver'])
  })

  it('is put in the order asked for', () => {
    const lives = json(story('healthy-6x'), '--sort', 'live').rows.map(({ live }) => live)
    expect(lives).toEqual([...lives].sort((a, b) => b - a))
    const names = json(story('healthy-6x'), '--sort', 'name').rows.map(({ cgroup }) => cgroup)
    expect(names.indexOf('/')).toBeLessThan(names.indexOf('/system.slice'))
    const { code, err } = cgroups('--sort', 'lives')
    expect(code).toBe(2)
    expect(err).toContain('no column “lives” to sort by; nearest: live')
  })

  it('says who left directories behind', () => {
    const gone = (n: number) => `/system.slice/run-r${String(n).padStart(32, '0')}.scope`
    const path = node('left', {
      '/system.slice': { usage: 9, procs: '' },
      ...Object.fromEntries(Array.from({ length: 6 }, (_, n) => [gone(n), { usage: 5, procs: '' }])),
    })
    const { out } = cgroups(path, '-o', 'wide')
    expect(flat(out)).toContain('Left over, with a directory that should be gone: 6.')
    expect(flat(out)).toContain('scopes of systemd-run without a process, left by systemd: 6, such as')
    expect(out).toMatch(/^\/system\.slice\/run-\*\.scope +6 +6 +6 .* systemd /m)
  })

  it('shows names that would steer a terminal, and long ones, safely', () => {
    const nasty = '/\u001b[31mred\u001b[0m and\u202e blank'
    const long = `/${'x'.repeat(255)}`
    const path = node('nasty', { [nasty]: { usage: 3, procs: '1\n' }, [long]: { usage: 3, procs: '1\n' } })
    const { out, code } = cgroups(path)
    expect(code).toBe(0)
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(out).toContain('\\x1b[31mred')
    const table = out.slice(out.indexOf('OWNER'))
    expect(Math.max(...table.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
    expect(json(path).rows.map(({ cgroup }) => cgroup)).toContain(long)
    expect(json(path).rows.map(({ cgroup }) => cgroup)).toContain(nasty)
  })
})

describe('--watch', () => {
  it('counts again and again, says what changed since the first, and ends on Ctrl-C', async () => {
    const memcgs = Object.fromEntries(
      Array.from({ length: 3 }, (_, n) => [`/c${n}`, { usage: 3, procs: '1\n' }]),
    )
    const path = node('watched', memcgs)
    const watching = spawn(process.execPath, [main, 'cgroups', path, '--interval', '500ms', '-o', 'json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const lines: string[] = []
    watching.stdout.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter(line => line !== ''))
      if (lines.length === 1) {
        rmSync(join(path, 'sys/fs/cgroup/memory/c2'), { recursive: true })
      }
      if (lines.length >= 2) watching.kill('SIGINT')
    })
    const [code] = await once(watching, 'exit')
    expect(code).toBe(130)
    const [first, second] = lines.map(line => JSON.parse(line))
    expect(first).toMatchObject({ schema: 'kmemscope/cgroups@1', live: 4 })
    expect(first.change).toBeUndefined()
    expect(second.change).toMatchObject({ since: first.at, live: second.live - 4 })
  })

  it('is every so often, or nothing', () => {
    expect(cgroups('--interval', 'often').code).toBe(2)
  })

  it('with --pins reads every page once in ten seconds at most', async ({ skip }) => {
    if (process.getuid?.() !== 0 || !existsSync('/proc/kpagecgroup')) skip('pages are told to root only')
    const args = ['cgroups', '--watch', '--interval', '500ms', '--pins', '-o', 'json']
    const watching = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    watching.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (printed === '') setTimeout(() => watching.kill('SIGINT'), 2500)
      printed += text
    })
    const [code] = await once(watching, 'exit')
    expect(code).toBe(130)
    expect(printed.trim().split('\n')).toHaveLength(1)
  })
})

describe('what cannot be', () => {
  it('ends with the reason where there is no memory hierarchy', () => {
    const log = join(dir, 'dmesg.txt')
    writeFileSync(log, '[    1.000000] Linux version 6.1.0 (a@b)\n')
    const none = cgroups(log)
    expect({ code: none.code, out: none.out }).toEqual({ code: 1, out: '' })
    expect(none.err).toContain('the memory cgroup tree could not be read')
  })

  it('refuses a root beside files', () => {
    expect(cgroups(story('app-oom'), '--root', '/host').code).toBe(2)
  })
})

describe.skipIf(process.platform !== 'linux')('this machine', () => {
  it('is counted, with every number from somewhere', ({ skip }) => {
    const { code, out } = cgroups('-o', 'json')
    if (code !== 0) skip('no memory controller here')
    const found = JSON.parse(out)
    expect(found.live).toBe(found.rows.reduce((sum: number, row: { live: number }) => sum + row.live, 0))
    for (const row of found.rows) if (row.held !== undefined) expect(row.held.path).toMatch(/\/memory\.stat$/)
    for (const one of found.evidence) expect(one.path).toMatch(/^\//)
  })
})
