// Names of pods, containers and cgroups that no cluster gives and a copy of a node may hold all the same: made by who made
// the copy, by who answers for the runtime, or by who can make directories there. The built command line, on files.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MIB, v1Cgroup, v1Node } from '../../core/node.ts'

const CLI = fileURLToPath(new URL('../../../dist/node/cli/main.js', import.meta.url))

const NAMES: readonly string[] = [
  'two words',
  'new\nline',
  '..',
  '../../etc',
  '-n kube-system --all',
  '--all',
  '$(touch executed)',
  "it's; touch executed #",
  '\x1b[2J\x1b[31mred',
  '\x1b]8;;http://x\x07link',
  '\rover\b\x7f',
  '\u009b31mC1',
  '\u202egnp.exe\u2066',
  '\u{e0041}\u{e0042}tags',
  '| a | b |\n|---|',
  '<script>alert(1)</script>![x](y)',
  '{cgroup} %s {{x}}',
  '__proto__',
  'constructor',
  'x'.repeat(255),
  '\u5bb9\u5668',
  '\ud800',
  '',
]

/** Control characters but line ends, C1, separators of lines, what turns the direction of writing, tags. */
const STEERS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40/

const uid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const id = (n: number): string => String(n).padStart(64, 'ab')
const pathOf = (n: number): string => `kubepods/burstable/pod${uid(n)}/${id(n)}`

/** Such as a directory can have: not all that JSON can. */
const directories = NAMES.filter(name => !/[/]|^\.{0,2}$|\ud800/.test(name) && Buffer.byteLength(name) < 256)

const kill = (path: string, n: number): string =>
  [
    'leak invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0',
    `memory: usage 32768kB, limit 32768kB, failcnt ${n}`,
    `Memory cgroup stats for /${path}:`,
    'cache 0',
    'rss 30000000',
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/${path},task_memcg=/${path},task=leak,pid=${n + 2},uid=0`,
    `Memory cgroup out of memory: Killed process ${n + 2} (leak) total-vm:2592kB, anon-rss:1952kB, file-rss:8kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0`,
  ]
    .map((line, index) => `[  ${100 + n}.00000${index}] ${line}\n`)
    .join('')

const podList = {
  items: NAMES.map((name, n) => ({
    metadata: { name, namespace: name, uid: uid(n) },
    spec: { containers: [{ name, image: name, resources: { limits: { memory: '32Mi' } } }] },
    status: { containerStatuses: [{ name, image: name, containerID: `containerd://${id(n)}` }] },
  })),
}
const criPods = {
  items: NAMES.map((name, n) => ({ id: id(100 + n), metadata: { name, namespace: name, uid: uid(n) } })),
}
const criContainers = {
  containers: NAMES.map((name, n) => ({
    id: id(n),
    pod_sandbox_id: id(100 + n),
    metadata: { name },
    image: { image: name },
    labels: { 'io.kubernetes.pod.name': name, 'io.kubernetes.pod.namespace': name },
  })),
}

/** Where names come from, and what tells them there. */
const SOURCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'the kubelet': { 'kubelet/pods.json': JSON.stringify(podList) },
  'the container runtime': {
    'cri/pods.json': JSON.stringify(criPods),
    'cri/containers.json': JSON.stringify(criContainers),
  },
  'log directories': Object.fromEntries(
    directories.map((name, n) => [
      `var/log/pods/${`${name}_${name}`.slice(0, 200)}_${uid(n)}/${name}/0.log`,
      '',
    ]),
  ),
  bundles: Object.fromEntries(
    NAMES.map((name, n) => [
      `run/containerd/io.containerd.runtime.v2.task/k8s.io/${id(n)}/config.json`,
      JSON.stringify({
        annotations: {
          'io.kubernetes.cri.container-type': 'container',
          'io.kubernetes.cri.container-name': name,
          'io.kubernetes.cri.sandbox-name': name,
          'io.kubernetes.cri.sandbox-namespace': name,
          'io.kubernetes.cri.sandbox-uid': uid(n),
          'io.kubernetes.cri.image-name': name,
        },
      }),
    ]),
  ),
  'directories of cgroups': Object.assign(
    {},
    ...directories.map(name => v1Cgroup(`kubepods/burstable/pod${uid(0)}/${name}`, { limit: 8 * MIB })),
    ...directories.map(name => v1Cgroup(name, { limit: 8 * MIB })),
  ),
}

describe.each(Object.entries(SOURCES))('hostile names from %s', (_, files) => {
  let dir = ''
  const tree = () => join(dir, 'node')

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'kmemscope-names-'))
    const cgroups = NAMES.map((_name, n) =>
      v1Cgroup(pathOf(n), {
        usage: 30 * MIB,
        limit: 32 * MIB,
        kmem: 31 * MIB,
        files: { 'cgroup.procs': '7\n' },
      }),
    )
    const node = v1Node('6.1.0-13-amd64', {
      ...Object.assign({}, ...cgroups),
      dmesg: NAMES.map((_name, n) => kill(pathOf(n), n)).join(''),
    })
    for (const [path, content] of Object.entries({ ...node, ...files })) {
      const file = join(tree(), path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  function kmemscope(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      cwd: dir,
      encoding: 'utf8',
      maxBuffer: 256 * MIB,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
    })
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' })
    return stdout
  }

  it.each([
    ['diagnose', 'text'],
    ['diagnose', 'markdown'],
    ['diagnose', 'json'],
    ['memory', 'text'],
    ['memory', 'wide'],
    ['memory', 'json'],
    ['cgroups', 'text'],
    ['cgroups', 'wide'],
    ['cgroups', 'json'],
    ['decode', 'text'],
    ['decode', 'json'],
  ])('steer nothing in kmemscope %s -o %s', (command, format) => {
    for (const language of ['en', 'zh']) {
      const said = kmemscope(command, tree(), '-o', format, '--lang', language)
      expect(STEERS.exec(said)?.[0]).toBeUndefined()
      if (format === 'json') expect(() => JSON.parse(said)).not.toThrow()
    }
  })

  it('leave every row a row', () => {
    const rows = kmemscope('memory', tree()).split('\n')
    for (let n = 0; n < NAMES.length; n += 1) {
      const prefix = uid(n).slice(-4)
      expect(rows.length, prefix).toBeLessThan(40 + 6 * NAMES.length)
    }
  })

  it('are one word to the shell in every command that is advised', () => {
    const { findings } = JSON.parse(kmemscope('diagnose', tree(), '-o', 'json'))
    const commands: readonly string[] = findings.flatMap(
      ({ remedies }: { remedies: { commands: string[]; verify: string[] }[] }) =>
        remedies.flatMap(remedy => [...remedy.commands, ...remedy.verify]),
    )
    expect(commands.length).toBeGreaterThan(20)
    for (const command of commands) {
      expect(command).not.toMatch(/\n/)
      if (!command.startsWith('kubectl ')) continue
      // nothing of it is run but printf: it shows what words a shell makes of it
      const { status, stdout } = spawnSync(
        '/bin/sh',
        ['-c', `set -f; kubectl() { printf '<%s>' "$@"; }; ${command.split(' | ')[0]}`],
        {
          cwd: dir,
          encoding: 'utf8',
          env: { PATH: '/nonexistent' },
        },
      )
      expect({ command, status }).toEqual({ command, status: 0 })
      expect(stdout).not.toMatch(/<--all>|<kube-system>|<\.\.>/)
    }
    expect(spawnSync('ls', ['executed'], { cwd: dir }).status).not.toBe(0)
  })
})
