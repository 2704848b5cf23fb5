// Real pods of a real runtime: their names as the runtime tells them, and their figures as it gives them itself.

import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Case } from '../../src/core/case/case.ts'
import { collect } from '../../src/core/collect.ts'
import { containerMetrics } from '../../src/core/facts/container-metrics.ts'
import { nameOf } from '../../src/core/facts/names.ts'
import { overlayTree } from '../../src/core/tree/overlay-tree.ts'
import { withNames } from '../../src/node/cli/named.ts'
import { directoryTree } from '../../src/node/trees/directory-tree.ts'
import { liveTree } from '../../src/node/trees/live-tree.ts'
import {
  type Containerd,
  IMAGE,
  makeRootfs,
  noContainers,
  type Pod,
  type Stats,
  startContainerd,
} from './containerd.ts'
import { type Lab, noLab, openLab, until } from './lab.ts'

const MIB = 1024 * 1024

/** All of the lab: 80 MiB of pods, and some 30 MiB of the runtime. */
const LIMIT = 128 * MIB

/** What a container may hold; one of each pod holds 20 MiB, those of runc less. */
const CONTAINER_LIMIT = 32 * MIB
const HELD = 20
const HELD_BY_RUNC = 4

const main = fileURLToPath(new URL('../../dist/node/cli/main.js', import.meta.url))
const holder = fileURLToPath(new URL('holder.c', import.meta.url))

const PODS = [
  { name: 'web-0', holds: 'cache', file: '/tmp/data' },
  { name: 'cart-7d9f8', holds: 'tmpfs', file: '/dev/shm/data' },
  { name: 'db', holds: 'kernel', file: '-' },
] as const

interface Finding {
  readonly detector: string
  readonly subject: { readonly containerId?: string }
}

type Row = Partial<Stats> & { readonly containerId?: string }

interface Made {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly cgroup: string
  readonly pod: Pod
  readonly app: string
  readonly side: string
}

describe('pods of a real runtime', () => {
  const why = noLab() ?? noContainers()
  beforeEach(({ skip }) => {
    if (why !== undefined) skip(why)
  })

  let lab: Lab | undefined
  let runtime: Containerd | undefined
  let made: Made[] = []
  const byRunc: { readonly id: string; readonly root: string; readonly cgroup: string }[] = []

  beforeAll(async () => {
    if (why !== undefined) return
    lab = openLab()
    const { path, scratch } = lab
    writeFileSync(join(lab.dir, 'memory.limit_in_bytes'), String(LIMIT))
    const rootfs = makeRootfs(lab, holder)
    const containerd = await startContainerd(lab, rootfs)
    runtime = containerd
    // first: what starting one takes for a moment is not to push out what the others hold
    for (const holds of ['cache', 'kernel']) byRunc.push(runcContainer(path, scratch, rootfs, holds))
    made = []
    for (const { name, holds, file } of PODS) {
      const uid = randomUUID()
      const cgroup = `${path}/kubepods/burstable/pod${uid}`
      const pod = await containerd.pod(name, 'shop', uid, cgroup)
      const app = await pod.container('app', ['/holder', holds, file, String(HELD)], CONTAINER_LIMIT)
      const side = await pod.container('side', ['/holder'], CONTAINER_LIMIT)
      made.push({ name, namespace: 'shop', uid, cgroup, pod, app, side })
    }
    await until(held, all => all, 20)
  }, 60_000)

  afterAll(async () => {
    runtime?.close()
    await lab?.undo()
  }, 30_000)

  const read = (): Case => collect(liveTree(), { at: Date.now(), only: ['memcg', 'pods'] })

  /** The built command, told where the runtime is as a person would tell it. */
  function kmemscope(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      maxBuffer: 64 * MIB,
      env: {
        PATH: process.env['PATH'],
        LC_ALL: 'C',
        CONTAINER_RUNTIME_ENDPOINT: `unix://${runtime?.socket}`,
      },
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout
  }

  const memcgOf = (about: Case, path: string) =>
    about.samples.at(-1)?.memcg?.memcgs.find(memcg => memcg.path === path)

  const figures = (about: Case, path: string): Partial<Stats> => {
    const memcg = memcgOf(about, path)
    const { usage, workingSet, rss } = memcg === undefined ? {} : containerMetrics('v1', memcg)
    return {
      ...(usage === undefined ? {} : { usage }),
      ...(workingSet === undefined ? {} : { workingSet }),
      ...(rss === undefined ? {} : { rss }),
    }
  }

  /** Whether each of them holds what it was told to. */
  function held(): boolean {
    const about = read()
    const holds = (path: string, mebibytes: number) => (figures(about, path).usage ?? 0) >= mebibytes * MIB
    return (
      made.every(({ cgroup, app }) => holds(`${cgroup}/${app}`, HELD)) &&
      byRunc.every(({ cgroup }) => holds(cgroup, HELD_BY_RUNC))
    )
  }

  /** A container started by runc itself, as a runtime would. */
  function runcContainer(path: string, scratch: string, rootfs: string, holds: string) {
    const id = randomBytes(32).toString('hex')
    const bundle = join(scratch, `runc-${holds}`)
    const root = join(scratch, 'runc')
    const cgroup = `${path}/kubepods/besteffort/pod${randomUUID()}/${id}`
    mkdirSync(bundle)
    writeFileSync(
      join(bundle, 'config.json'),
      JSON.stringify({
        ociVersion: '1.0.2',
        process: {
          args: ['/holder', holds, '/tmp/runc', String(HELD_BY_RUNC)],
          cwd: '/',
          user: { uid: 0, gid: 0 },
        },
        root: { path: rootfs },
        mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
        linux: {
          cgroupsPath: cgroup,
          resources: { memory: { limit: CONTAINER_LIMIT } },
          namespaces: [{ type: 'pid' }, { type: 'mount' }],
        },
      }),
    )
    const { status, error } = spawnSync('runc', ['--root', root, 'run', '--detach', '--bundle', bundle, id], {
      stdio: 'ignore',
      timeout: 20_000,
    })
    if (error !== undefined || status !== 0) throw new Error(`runc run ended with ${status} ${error ?? ''}`)
    return { id, root, cgroup }
  }

  /**
   * Our figures before and after the others', until nothing moved in between: then they are the same to the byte. In
   * what holds its memory and does nothing that is so at once.
   */
  async function compare<T>(ours: () => T, theirs: () => Promise<T>): Promise<void> {
    let before = ours()
    for (let tries = 0; tries < 10; tries += 1) {
      const told = await theirs()
      const after = ours()
      if (JSON.stringify(before) === JSON.stringify(after)) {
        expect(told).toEqual(before)
        return
      }
      before = after
    }
    throw new Error(`never still: ${JSON.stringify(before)}`)
  }

  it('hold what they were told to, of three kinds', () => {
    const about = read()
    const kinds = made.map(({ cgroup, app }) => {
      const memcg = memcgOf(about, `${cgroup}/${app}`)
      const { total_cache = 0, total_shmem = 0 } = memcg?.stat ?? {}
      return { file: total_cache - total_shmem, shmem: total_shmem, kernel: memcg?.kmemUsage ?? 0 }
    })
    expect(kinds[0]?.file).toBeGreaterThanOrEqual(HELD * MIB)
    expect(kinds[1]?.shmem).toBeGreaterThanOrEqual(HELD * MIB)
    expect(kinds[2]?.kernel).toBeGreaterThanOrEqual(HELD * MIB)
  })

  it('have the figures that the runtime gives in ListContainerStats', async () => {
    expect(made).toHaveLength(3)
    for (const { cgroup, app, side } of made)
      for (const id of [app, side])
        await compare<Partial<Stats> | undefined>(
          () => figures(read(), `${cgroup}/${id}`),
          async () => (await runtime?.stats())?.get(id),
        )
  })

  it('started by runc have the figures that runc gives', async () => {
    expect(byRunc).toHaveLength(2)
    for (const { id, root, cgroup } of byRunc) {
      await compare<Partial<Stats>>(
        () => figures(read(), cgroup),
        async () => {
          const { stdout } = spawnSync('runc', ['--root', root, 'events', '--stats', id], {
            encoding: 'utf8',
          })
          const { usage, raw } = JSON.parse(stdout).data.memory
          return {
            usage: usage.usage,
            workingSet: usage.usage - raw.total_inactive_file,
            rss: raw.total_rss,
          }
        },
      )
    }
  })

  it('are named by the runtime, asked over its socket', async () => {
    const tree = liveTree()
    const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${runtime?.socket}` }
    const about = await withNames(tree, collect(tree, { at: Date.now() }), { env, versions: true })
    for (const { name, namespace, cgroup, pod, app, side } of made) {
      for (const [id, container] of [
        [app, 'app'],
        [side, 'side'],
      ] as const) {
        expect(nameOf(about, `${cgroup}/${id}`)).toEqual({
          namespace,
          pod: name,
          container,
          image: IMAGE,
          from: `unix://${runtime?.socket} ListContainers`,
        })
      }
      expect(nameOf(about, `${cgroup}/${pod.sandboxId}`)).toMatchObject({ pod: name, sandbox: true })
    }
    expect(about.software).toContainEqual(expect.objectContaining({ name: 'containerd', how: 'package' }))
  })

  it('are named by the runtime’s state on disk, with their limits', () => {
    const state = directoryTree(runtime?.state ?? '')
    const tree = overlayTree(
      [
        { tree: state, at: 'run/containerd' },
        { tree: liveTree(), at: '' },
      ],
      { origin: 'live' },
    )
    const about = collect(tree, { at: Date.now(), only: ['pods'] })
    for (const { name, namespace, uid, cgroup, pod, app } of made) {
      expect(nameOf(about, `${cgroup}/${app}`)).toEqual({
        namespace,
        pod: name,
        container: 'app',
        image: IMAGE,
        from: `${runtime?.state}/io.containerd.runtime.v2.task/k8s.io/${app}/config.json`,
      })
      expect(about.pods?.containers.get(app)).toMatchObject({ podUid: uid, memoryLimit: CONTAINER_LIMIT })
      expect(nameOf(about, `${cgroup}/${pod.sandboxId}`)).toMatchObject({ pod: name, sandbox: true })
    }
  })

  it('a container made again has no name before it was asked for, and then its own', async () => {
    const [first] = made
    if (first === undefined) throw new Error('no pod')
    const { cgroup, pod, side } = first
    const tree = liveTree()
    const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${runtime?.socket}` }
    const before = await withNames(tree, read(), { env })
    expect(nameOf(before, `${cgroup}/${side}`).container).toBe('side')
    await pod.remove(side)
    const again = await pod.container('side', ['/holder'], CONTAINER_LIMIT)
    made = [{ ...first, side: again }, ...made.slice(1)]
    expect(nameOf(before, `${cgroup}/${again}`).container).toBeUndefined()
    const after = await withNames(tree, read(), { env })
    expect(nameOf(after, `${cgroup}/${again}`).container).toBe('side')
  })

  it('are rows of kmemscope memory, by name, with the figures of the runtime', async () => {
    const rows = (): readonly Row[] => JSON.parse(kmemscope('memory', '-o', 'json')).rows
    const rowOf = (all: readonly Row[], id: string) => all.find(({ containerId }) => containerId === id)
    const told = rows()
    for (const { name, namespace, uid, cgroup, app, side } of made) {
      for (const [id, container] of [
        [app, 'app'],
        [side, 'side'],
      ] as const) {
        expect(rowOf(told, id)).toMatchObject({
          namespace,
          pod: name,
          container,
          podUid: uid,
          cgroup: `${cgroup}/${id}`,
          qos: 'burstable',
          limit: CONTAINER_LIMIT,
        })
      }
    }
    const ids = made.flatMap(({ app, side }) => [app, side])
    await compare(
      () => {
        const now = rows()
        return ids.map(id => {
          const { usage, workingSet, rss } = rowOf(now, id) ?? {}
          return { usage, workingSet, rss }
        })
      },
      async () => {
        const stats = await runtime?.stats()
        return ids.map(id => stats?.get(id) ?? { usage: undefined, workingSet: undefined, rss: undefined })
      },
    )
  })

  it('have their anatomy told by name', () => {
    const { namespace, pod, namesFrom, usage } = JSON.parse(kmemscope('memory', 'shop/db', '-o', 'json'))
    expect({ namespace, pod, namesFrom }).toEqual({
      namespace: 'shop',
      pod: 'db',
      namesFrom: `unix://${runtime?.socket} ListPodSandbox`,
    })
    expect(usage.value).toBeGreaterThanOrEqual(HELD * MIB)
  })

  it('a kill is told with the names of its pod and container, which is gone by then', async () => {
    const [, , db] = made
    const killed = await db?.pod.container('hog', ['/holder', 'anonymous', '-', '64'], 16 * MIB)
    const findings = await until(
      () =>
        JSON.parse(kmemscope('diagnose', '-o', 'json')).findings.filter(
          ({ detector, subject }: Finding) => detector === 'memcg-oom-kill' && subject.containerId === killed,
        ),
      all => all.length > 0,
      10,
    )
    expect(findings).toHaveLength(1)
    expect(findings[0].subject).toMatchObject({ namespace: 'shop', pod: 'db', container: 'hog' })
  })

  it('a runtime that hangs costs a second, and is a gap', async () => {
    const pid = runtime?.pid ?? 0
    const tree = liveTree()
    const about = read()
    process.kill(pid, 'SIGSTOP')
    try {
      const start = Date.now()
      const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${runtime?.socket}` }
      const named = await withNames(tree, about, { env })
      expect(Date.now() - start).toBeLessThan(3000)
      expect(named.gaps).toContainEqual(expect.objectContaining({ path: runtime?.socket, why: 'unreadable' }))
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  it('stay within what the lab may take', () => {
    const peak = Number(readFileSync(join(lab?.dir ?? '', 'memory.max_usage_in_bytes'), 'utf8'))
    expect(peak).toBeLessThanOrEqual(LIMIT)
    expect(peak).toBeGreaterThan(3 * HELD * MIB)
  })
})
