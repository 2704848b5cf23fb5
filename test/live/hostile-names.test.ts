// Memory cgroups may be called anything but `.`, `..` and what has a slash or a newline, and a container that is given a
// hierarchy of its own may call them so. Whatever they are called, they are shown, safely, and no command obeys them.

import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Lab, noLab, openLab } from './lab.ts'

const main = fileURLToPath(new URL('../../dist/node/cli/main.js', import.meta.url))

const MIB = 1024 * 1024

const NAMES: readonly string[] = [
  'two  words',
  ' begins with a blank',
  'a\ttab',
  '...',
  '..pod',
  '-rf',
  '--output=json',
  '$(touch executed)',
  '`touch executed`',
  "it's; touch executed; echo '",
  'touch\\ executed|sh',
  '\x1b[31mred\x1b[0m',
  '\x1b]0;title\x07\x1b[2J\x1b[H',
  '\rover\bwritten\x7f',
  '\u009b31mC1',
  '\u202egnp.exe',
  'zero\u200bwidth\u2066isolate\u2028line',
  '|cell|**bold**[link](javascript:1)<b>',
  '{{"json": "\\u0000"}}',
  '%s%n%x',
  '__proto__',
  'constructor',
  'pod.slice',
  'x'.repeat(255),
  '\u{1f4a5}'.repeat(63),
]

/** In these something is killed, so that the log names them: in all of them would be more than its ring holds. */
const KILLED = new Set(NAMES.filter((_, index) => index % 3 === 0 || NAMES[index]?.includes('\r')))

/** Control characters, C1 too, separators of lines and what turns the direction of writing. */
const STEERS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

const reason = noLab()

describe('cgroups with hostile names', () => {
  let lab: Lab
  /** The hostile name stands above a pod, and is that of a container. */
  const above = (name: string) => `${name}/kubepods/burstable/pod${uids.get(name)}/${id}`
  const id = randomBytes(32).toString('hex')
  const uids = new Map<string, string>(NAMES.map(name => [name, randomUUID()]))

  function kmemscope(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: lab.scratch,
      encoding: 'utf8',
      maxBuffer: 256 * MIB,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
    })
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' })
    return stdout
  }

  beforeAll(() => {
    if (reason !== undefined) return
    lab = openLab()
    for (const name of NAMES) {
      const dir = lab.memcg(above(name), 2 * MIB)
      if (KILLED.has(name)) expect(lab.run('leak', dir, 'anonymous', '4').signal).toBe('SIGKILL')
      lab.memcg(`kubepods/burstable/pod${uids.get(name)}/${name}`, 16 * MIB)
    }
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  it.each([
    ['diagnose'],
    ['diagnose', '-o', 'markdown'],
    ['diagnose', '--lang', 'zh'],
    ['memory'],
    ['memory', '-o', 'wide'],
    ['memory', '--lang', 'zh'],
    ['cgroups'],
    ['cgroups', '-o', 'wide'],
  ])('steer nothing in kmemscope %s %s %s', (...args) => {
    const said = kmemscope(...args)
    expect(STEERS.exec(said)?.[0]).toBeUndefined()
  })

  it('are told whole, each in its own finding', () => {
    const told = kmemscope('diagnose', '-o', 'json')
    expect(STEERS.exec(told)?.[0]).toBeUndefined()
    const {
      findings,
    }: {
      readonly findings: readonly { readonly subject: { readonly path?: string; readonly podUid?: string } }[]
    } = JSON.parse(told)
    const pods = new Map(findings.map(({ subject }) => [subject.path, subject.podUid]))
    for (const name of KILLED) expect(pods.get(`${lab.path}/${above(name)}`)).toBe(uids.get(name))
  })

  it('are told whole by kmemscope memory, container by container', () => {
    const { rows }: { readonly rows: readonly { readonly cgroup: string }[] } = JSON.parse(
      kmemscope('memory', '-o', 'json'),
    )
    const cgroups = rows.map(({ cgroup }) => cgroup)
    for (const name of NAMES) expect(cgroups).toContain(`${lab.path}/${above(name)}`)
  })

  it('are told whole by kmemscope cgroups, pod by pod', () => {
    const { rows }: { readonly rows: readonly { readonly cgroup: string; readonly live: number }[] } =
      JSON.parse(kmemscope('cgroups', '-o', 'json'))
    for (const name of NAMES) {
      const pod = `${lab.path}/${above(name)}`.replace(/\/[^/]*$/, '')
      expect(rows).toContainEqual(expect.objectContaining({ cgroup: pod, live: 2 }))
    }
  })

  it('can be asked for by name', () => {
    for (const name of NAMES) {
      const path = `${lab.path}/${above(name)}`
      const told = kmemscope('memory', '--cgroup', path, '-o', 'json')
      expect(STEERS.exec(told)?.[0]).toBeUndefined()
      expect(JSON.parse(told)).toMatchObject({ cgroup: path })
      expect(STEERS.exec(kmemscope('memory', '--cgroup', path))?.[0]).toBeUndefined()
    }
  })

  it('steer nothing where the log is decoded', () => {
    const log = join(lab.scratch, 'kmsg')
    writeFileSync(log, spawnSync('dmesg', { maxBuffer: 64 * MIB }).stdout)
    for (const format of ['text', 'json']) {
      const said = kmemscope('decode', log, '-o', format)
      expect(STEERS.exec(said)?.[0]).toBeUndefined()
    }
  })

  it('are one word to the shell in every command that is advised', () => {
    const { findings } = JSON.parse(kmemscope('diagnose', '-o', 'json'))
    let run = 0
    for (const { subject, remedies } of findings) {
      if (!subject.path?.startsWith(`${lab.path}/`)) continue
      for (const command of remedies.flatMap(({ verify }: { verify: string[] }) => verify)) {
        if (!/^(?:cat|grep) /.test(command) || !command.includes('memory.usage_in_bytes')) continue
        const { status, stdout } = spawnSync('sh', ['-c', command], { cwd: lab.scratch, encoding: 'utf8' })
        expect({ command, status }).toEqual({ command, status: 0 })
        expect(stdout).toMatch(/\d/)
        run += 1
      }
    }
    expect(run).toBeGreaterThanOrEqual(KILLED.size / 2)
    expect(() => readFileSync(join(lab.scratch, 'executed'))).toThrow('ENOENT')
  })

  it('that are no text make the count a lower bound, and are no cgroup that is not there', () => {
    const name = Buffer.concat([Buffer.from(`${lab.dir}/`), Buffer.from([0x6e, 0xff, 0xfe])])
    mkdirSync(name)
    try {
      const { gaps } = JSON.parse(kmemscope('diagnose', '-o', 'json'))
      expect(gaps).toContainEqual(
        expect.objectContaining({ path: `${lab.dir}/n\ufffd\ufffd`, why: 'unreadable' }),
      )
    } finally {
      rmdirSync(name)
    }
  })
})
