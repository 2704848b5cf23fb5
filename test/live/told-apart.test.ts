// Real pods killed by real limits, real dying cgroups and a forged log line, on one node at one time: one run of the
// built command must tell them apart, and say what it could not see from where it stood.

import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dyingNow, type Lab, noLab, openLab, settledDying, until } from './lab.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')

const MIB = 1024 * 1024

/** All of it together, with some 40 MiB that 2,000 dying cgroups cost, stays within 128 MiB. */
const CONTAINER_LIMIT = 40 * MIB
const POD_LIMIT = 24 * MIB
const HOG_LIMIT = 16 * MIB
/** A limit for what is below it only if something goes wrong; twice their cost, so that nothing is full. */
const DYING_LIMIT = 96 * MIB

const DYING = 2000

const FORGED = 'SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)'

/** What is known of the node only where all of its hierarchy is seen. */
const NODE_WIDE = ['dying-memcgs', 'memcg-id-exhaustion']

const NOBODY = 65534

interface Evidence {
  readonly kind: string
  readonly path: string
  readonly seq?: readonly number[]
  readonly text?: string
}

interface Finding {
  readonly detector: string
  readonly severity: string
  readonly subject: {
    readonly kind: string
    readonly path?: string
    readonly podUid?: string
    readonly containerId?: string
  }
  readonly values: Readonly<Record<string, number | string>>
  readonly words: { readonly summary: readonly string[] }
  readonly evidence: readonly Evidence[]
}

interface Report {
  readonly verdicts: Readonly<Record<string, string>>
  readonly findings: readonly Finding[]
  readonly unknown: readonly { readonly detector: string; readonly reason: string; readonly remedy: string }[]
  readonly gaps: readonly { readonly path: string; readonly why: string; readonly remedy: string }[]
}

interface Spawned {
  readonly uid?: number
  readonly gid?: number
}

function stdoutOf(program: string, args: readonly string[], options: Spawned = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...options,
    encoding: 'utf8',
    maxBuffer: 64 * MIB,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  })
  if (error !== undefined) throw error
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

function diagnosed(...args: readonly string[]): Report {
  return JSON.parse(stdoutOf(process.execPath, [main, 'diagnose', '-o', 'json', ...args]))
}

function podPath(): string {
  return `kubepods/burstable/pod${randomUUID()}/${randomBytes(32).toString('hex')}`
}

function number(dir: string, file: string): number {
  return Number(readFileSync(join(dir, file), 'utf8'))
}

const reason = noLab()

describe('a node with several ills', () => {
  let lab: Lab
  const byContainer = podPath()
  const byPod = podPath()
  const anonymous = podPath()
  let report: Report | undefined

  /** The subjects below our own root, by detector. */
  function subjects({ findings }: Report): Record<string, string[]> {
    const paths: Record<string, string[]> = {}
    for (const { detector, subject } of findings) {
      if (!subject.path?.startsWith(lab.path)) continue
      const path = subject.path.slice(lab.path.length + 1)
      paths[detector] = [...(paths[detector] ?? []), path].sort()
    }
    return paths
  }

  /** What must be said of the cgroups that were made, and nothing else. */
  const made = () => ({
    'kmem-fills-memcg': [byContainer, byPod.replace(/\/[^/]*$/, '')].sort(),
    'memcg-oom-kill': [anonymous, byContainer, byPod.replace(/\/[^/]*$/, '')].sort(),
  })

  /** The report of the live node, made once. */
  function live(): Report {
    report ??= diagnosed()
    return report
  }

  beforeAll(() => {
    if (reason === undefined) lab = openLab()
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  it('kills a container whose limit is full of kernel memory', () => {
    const dir = lab.memcg(byContainer, CONTAINER_LIMIT)
    const { signal } = lab.run('leak', dir, 'files', lab.tmpfs('by-container'), '1000000')
    expect(signal).toBe('SIGKILL')
    expect(number(dir, 'memory.kmem.usage_in_bytes')).toBeGreaterThan(0.95 * CONTAINER_LIMIT)
    expect(readFileSync(join(dir, 'memory.stat'), 'utf8')).toMatch(/^rss \d{1,6}$/m)
    expect(readFileSync(join(dir, 'memory.oom_control'), 'utf8')).toMatch(/^oom_kill [1-9]/m)
  })

  it('kills a container when its pod is full of kernel memory', () => {
    const dir = lab.memcg(byPod)
    writeFileSync(join(dir, '..', 'memory.limit_in_bytes'), String(POD_LIMIT))
    const { signal } = lab.run('leak', dir, 'files', lab.tmpfs('by-pod'), '1000000')
    expect(signal).toBe('SIGKILL')
    expect(number(join(dir, '..'), 'memory.kmem.usage_in_bytes')).toBeGreaterThan(0.95 * POD_LIMIT)
    expect(number(join(dir, '..'), 'memory.failcnt')).toBeGreaterThan(0)
  })

  it('kills a container for ordinary memory', () => {
    const dir = lab.memcg(anonymous, HOG_LIMIT)
    const { signal } = lab.run('leak', dir, 'anonymous', '32')
    expect(signal).toBe('SIGKILL')
    expect(number(dir, 'memory.kmem.usage_in_bytes')).toBeLessThan(0.1 * HOG_LIMIT)
  })

  it('has a line in its log that no kernel wrote', () => {
    writeFileSync('/dev/kmsg', `<4>${FORGED}`)
  })

  it('has dying cgroups, as many as were removed', async () => {
    const files = lab.tmpfs('dying')
    const dir = lab.memcg('dying', DYING_LIMIT)
    // the machine makes and loses some by itself: where that was while these were made, they are made again
    let off = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < 3 && off > 5; attempt += 1) {
      for (const name of readdirSync(files)) rmSync(join(files, name))
      const before = await settledDying()
      const { status, stderr } = lab.run('dying', dir, files, String(DYING))
      off = Math.abs(dyingNow() - before - DYING)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    }
    expect(readdirSync(files)).toHaveLength(DYING)
    expect(off).toBeLessThanOrEqual(5)
  })

  it('is told to have just the ills it has', () => {
    expect(subjects(live())).toEqual(made())
    for (const { subject, detector } of live().findings) {
      const own = subject.path?.startsWith(lab.path) === true
      if (own && detector === 'memcg-oom-kill') expect(subject.path).toContain(`/pod${subject.podUid}`)
    }
  })

  it('is told of kernel memory by its numbers and by its log', () => {
    const filled = live().findings.filter(
      ({ detector, subject }) => detector === 'kmem-fills-memcg' && subject.path?.startsWith(lab.path),
    )
    expect(filled).toHaveLength(2)
    for (const { values, evidence, subject } of filled) {
      const limit = subject.path?.endsWith(byContainer) ? CONTAINER_LIMIT : POD_LIMIT
      expect(values['limit']).toBe(limit)
      expect(Number(values['kernel'])).toBeGreaterThan(0.95 * limit)
      expect(Number(values['anon'])).toBeLessThan(0.05 * limit)
      expect(evidence.map(({ path }) => path)).toEqual(
        expect.arrayContaining([expect.stringMatching(/memory\.kmem\.usage_in_bytes$/), '/dev/kmsg']),
      )
    }
  })

  it('has its log quoted by sequence number', () => {
    const quotes = live()
      .findings.filter(({ subject }) => subject.path?.startsWith(lab.path))
      .flatMap(({ evidence }) => evidence)
      .filter(({ kind, path }) => kind === 'log' && path === '/dev/kmsg')
    expect(quotes.length).toBeGreaterThan(3)
    const ring = spawnSync('dmesg', { encoding: 'utf8', maxBuffer: 64 * MIB })
    for (const { seq, text } of quotes) {
      expect(seq).toEqual([expect.any(Number), expect.any(Number)])
      if (ring.status === 0) expect(ring.stdout).toContain(text)
    }
  })

  it('is told that the forged line is a claim', () => {
    const forged = live().findings.filter(
      ({ detector, evidence }) =>
        detector === 'slub-allocation-failure' && evidence.some(({ text }) => text?.includes(FORGED)),
    )
    expect(forged).not.toEqual([])
    for (const { severity, words } of forged) {
      expect(severity).toBe('info')
      expect(words.summary).toContain('claim')
    }
  })

  it('is told how many of its cgroups are dying', () => {
    const { verdicts, findings } = live()
    expect(verdicts['dying-memcgs']).toBe('present')
    const dying = Number(findings.find(({ detector }) => detector === 'dying-memcgs')?.values['dying'])
    expect(Math.abs(dying - dyingNow())).toBeLessThanOrEqual(5)
    expect(dying).toBeGreaterThanOrEqual(DYING - 5)
  })

  it('is told the same from a container that has the host mounted', () => {
    const host = join(lab.scratch, 'host')
    mkdirSync(host)
    // in a mount namespace of its own, which ends with the command
    const script = 'mount --rbind / "$1" && exec "$2" "$3" diagnose -o json --root "$1"'
    const seen: Report = JSON.parse(
      stdoutOf('unshare', ['-m', 'sh', '-c', script, 'sh', host, process.execPath, main]),
    )
    expect(subjects(seen)).toEqual(made())
    expect(seen.verdicts).toEqual(live().verdicts)
    for (const { path } of seen.findings.flatMap(({ evidence }) => evidence))
      expect(path).toMatch(new RegExp(`^${host}/`))
  })

  it.each([
    ['the host’s mount', 'exec "$1" "$2" diagnose'],
    [
      'a mount of its own',
      'umount -l "$0" && mount -t cgroup -o memory none "$0" && exec "$1" "$2" diagnose',
    ],
  ])('is not judged as a whole from inside a cgroup namespace, through %s', (_, command) => {
    const procs = join(lab.memcg('namespace'), 'cgroup.procs')
    const mount = dirname(lab.dir)
    const inside = (format: string) => {
      const script = `echo 0 > "$0"; exec unshare -C -m sh -c '${command} -o ${format}' "$1" "$2" "$3"`
      return stdoutOf('sh', ['-c', script, procs, mount, process.execPath, main])
    }
    const seen: Report = JSON.parse(inside('json'))
    for (const id of NODE_WIDE) {
      expect({ id, verdict: seen.verdicts[id] }).toEqual({ id, verdict: 'unknown' })
      expect(seen.unknown).toContainEqual(
        expect.objectContaining({
          detector: id,
          reason: 'part-of-the-hierarchy',
          remedy: 'leave-cgroup-namespace',
        }),
      )
    }
    expect(inside('text')).toContain('kmemscope diagnose --root /host')
  })

  it('is still judged by who is not root, who is told what root would add', () => {
    // a checkout may lie where only root can read
    const copy = join(lab.scratch, 'copy')
    for (const part of [
      'package.json',
      'dist',
      'node_modules/commander',
      'node_modules/fastest-levenshtein',
    ]) {
      cpSync(join(root, part), join(copy, part), { recursive: true })
    }
    const nobody = (format: string) =>
      stdoutOf(process.execPath, [join(copy, 'dist/node/cli/main.js'), 'diagnose', '-o', format], {
        uid: NOBODY,
        gid: NOBODY,
      })
    const seen: Report = JSON.parse(nobody('json'))
    expect(seen.gaps).toContainEqual(
      expect.objectContaining({ path: '/dev/kmsg', why: 'denied', remedy: 'run-as-root' }),
    )
    expect(seen.verdicts['slub-allocation-failure']).toBe('unknown')
    // the numbers of cgroups are everybody's to read
    expect(subjects(seen)['kmem-fills-memcg']).toEqual(made()['kmem-fills-memcg'])
    expect(seen.verdicts['dying-memcgs']).toBe('present')
    expect(nobody('text')).toContain('sudo kmemscope diagnose')
  })

  it('loses its dying cgroups with the files that pin them', async () => {
    const files = join(lab.scratch, 'dying')
    const before = await settledDying()
    for (const name of readdirSync(files)) rmSync(join(files, name))
    const gone = (count: number) => before - count >= DYING - 5
    expect(await until(dyingNow, gone, 10)).toSatisfy(gone)
    expect(existsSync(join(lab.dir, 'dying'))).toBe(true)
  })
})
