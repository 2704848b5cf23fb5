// Directories of cgroups that should be gone: nobody is in them or below them, and whoever made them is done. Not to be
// taken for dying cgroups, whose directory is gone. Each is told with who left it.

import type { Case } from '../case/case.ts'
import type { LeftBy, LeftOver } from '../case/census.ts'
import type { Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'
import { memcgIndex, memcgUnknown, parentPath } from './memcg-tree.ts'

/**
 * Whether a process is in a cgroup or below it, by path; not in the map: not known. v2 says it of itself (cgroup.events),
 * on v1 it follows from the lists of all below it.
 */
export const populated: (about: Case) => ReadonlyMap<string, boolean> = fact(about => {
  const known = new Map<string, boolean>()
  const unsure = new Set<string>()
  const memcgs = latest(about)?.memcg?.memcgs ?? []
  // Children stand after their parents: from the end, all that is below one is known before it.
  for (let at = memcgs.length - 1; at >= 0; at -= 1) {
    const memcg = memcgs[at]
    if (memcg === undefined) continue
    const { path } = memcg
    const below = known.get(path) === true ? true : unsure.has(path) ? undefined : false
    const has =
      memcg.populated ?? (memcg.ownTasks === true || below === true || either(memcg.ownTasks, below))
    if (has === undefined) known.delete(path)
    else known.set(path, has)
    if (path === '/') continue
    const parent = parentPath(path)
    if (has === true) known.set(parent, true)
    else if (has === undefined) unsure.add(parent)
  }
  return known
})

/** Of two that are not true: false where both are known. */
function either(one: boolean | undefined, other: boolean | undefined): false | undefined {
  return one === false && other === false ? false : undefined
}

/**
 * Transient units of `systemd-run --scope`: run-1234.scope (up to v229), run-r<hex>.scope, run-p1234-i5678.scope (v256).
 * They are removed with their last process.
 */
export const RUN_SCOPE = /^run-(?:\d+|r[0-9a-f]+|p\d+-i\d+|u\d+)\.scope$/

/**
 * Empty cgroups of containers in one pod from which on they are left over where no list of containers says so: some
 * runtimes keep one or two for containers whose processes live elsewhere (gVisor, Kata; CRI-O's pods without an
 * infra container). Ours: more than containers in nearly all pods.
 */
const EMPTY_CONTAINERS = 10

/** Directories of a tree of pods without any pod: its top, and those of the two lesser QoS classes. */
export const EMPTY_POD_TREE = 3

interface Answer {
  readonly left: readonly LeftOver[]
  /** Paths of those that could not be judged. */
  readonly undecided: ReadonlySet<string>
  readonly unknown: readonly Unknown[]
}

/** The topmost directories that are left over, each with what is below it; and what could not be judged. */
export const leftOverMemcgs: (about: Case) => Answer = fact(about => {
  const index = memcgIndex(about)
  const unknown: Unknown[] = [...memcgUnknown(about)]
  const undecided = new Set<string>()
  if (index === undefined) return { left: [], undecided, unknown }
  const has = populated(about)
  const { memcgs } = index.tree
  const left = new Map<string, LeftOver>()
  const counts = directoriesBelow(memcgs)
  let unread: Memcg | undefined
  let unlisted: Memcg | undefined

  const take = (memcg: Memcg, by: LeftBy) => {
    left.set(memcg.path, {
      path: memcg.path,
      dir: memcg.dir,
      by,
      directories: counts.get(memcg.path) ?? 1,
      ...(memcg.usage === undefined ? {} : { usage: memcg.usage }),
    })
  }
  /** Of a tree that is left over whole, what is below is told with it. */
  const isTold = (path: string): boolean => {
    for (let at = path; at !== '/'; at = parentPath(at)) if (left.has(at)) return true
    return false
  }

  for (const top of otherDriver(about, memcgs, has)) take(top, 'driver-change')
  for (const memcg of memcgs) {
    const { path, pod } = memcg
    const name = path.slice(path.lastIndexOf('/') + 1)
    const isScope = RUN_SCOPE.test(name)
    if (!isScope && pod.level !== 'pod' && pod.level !== 'container') continue
    const state = has.get(path)
    if (state === true || isTold(path)) continue
    if (state === undefined) {
      unread ??= memcg
      undecided.add(path)
      continue
    }
    if (isScope) take(memcg, 'systemd-scope')
    else if (pod.level === 'pod') {
      const present = about.pods?.present
      if (present === undefined) {
        unlisted ??= memcg
        undecided.add(path)
      } else if (!present.uids.has(pod.podUid ?? '')) take(memcg, 'kubelet')
    }
  }
  const { gone, unlisted: containers } = emptyContainers(about, memcgs, has, isTold)
  for (const memcg of gone) take(memcg, 'runtime')
  for (const memcg of containers) undecided.add(memcg.path)
  unlisted ??= containers[0]
  if (unread !== undefined) {
    const file = index.tree.version === 'v1' ? 'cgroup.procs' : 'cgroup.events'
    unknown.push({ reason: 'tasks-not-read', path: `${unread.dir}/${file}`, remedy: 'pass-node-files' })
  }
  if (unlisted !== undefined)
    unknown.push({ reason: 'pods-not-listed', path: unlisted.dir, remedy: 'list-pods' })
  return { left: [...left.values()], undecided, unknown }
})

/** Directories in and below each, itself included. */
function directoriesBelow(memcgs: readonly Memcg[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (let at = memcgs.length - 1; at >= 0; at -= 1) {
    const path = memcgs[at]?.path
    if (path === undefined) continue
    const count = (counts.get(path) ?? 0) + 1
    counts.set(path, count)
    if (path !== '/') counts.set(parentPath(path), (counts.get(parentPath(path)) ?? 0) + count)
  }
  return counts
}

/** Where a tree of pods stands: `/docker/<id>` of a node of kind, '' of an ordinary one, whatever --cgroup-root says. */
function placeOf(path: string): string {
  return path.replace(/(?:\/(?:kubelet(?:\.slice)?|[^/]{0,200}kubepods(?:\.slice)?))+$/, '')
}

/**
 * Trees of the cgroup driver that is not in use: without a process, while the other driver's tree beside it has some. In
 * a node of kind each container has trees of its own, so that the place counts as well.
 */
function otherDriver(
  about: Case,
  memcgs: readonly Memcg[],
  has: ReadonlyMap<string, boolean>,
): readonly Memcg[] {
  const tops = memcgs.filter(({ pod }) => pod.level === 'kubepods')
  const inUse = about.kubelet?.cgroupDriver
  return tops.filter(top => {
    if (has.get(top.path) !== false) return false
    if (inUse !== undefined && top.pod.driver === inUse) return false
    return tops.some(
      other =>
        other.pod.driver !== top.pod.driver &&
        placeOf(other.path) === placeOf(top.path) &&
        has.get(other.path) === true,
    )
  })
}

/**
 * Cgroups of containers without a process: gone by the list of containers; or so many in one pod that is alive that no
 * pod has them. Containers come and go: one alone may be starting.
 */
function emptyContainers(
  about: Case,
  memcgs: readonly Memcg[],
  has: ReadonlyMap<string, boolean>,
  isTold: (path: string) => boolean,
): { readonly gone: readonly Memcg[]; readonly unlisted: readonly Memcg[] } {
  const byParent = new Map<string, Memcg[]>()
  for (const memcg of memcgs) {
    if (memcg.pod.level !== 'container' || has.get(memcg.path) !== false || isTold(memcg.path)) continue
    const parent = parentPath(memcg.path)
    const known = byParent.get(parent)
    if (known === undefined) byParent.set(parent, [memcg])
    else known.push(memcg)
  }
  const gone: Memcg[] = []
  const unlisted: Memcg[] = []
  for (const [parent, empty] of byParent) {
    // Of a pod without any process the pod itself is judged.
    const isAlive = has.get(parent) === true
    for (const memcg of empty) {
      const { containerId, podUid, runtime } = memcg.pod
      if (podUid !== undefined && !isAlive) continue
      const known = containerId === undefined ? undefined : about.pods?.containers.get(containerId)
      const listed = about.pods?.allContainers !== undefined && runtime !== 'cri-o' && podUid !== undefined
      if (empty.length >= EMPTY_CONTAINERS && known?.sandbox === undefined) gone.push(memcg)
      else if (known !== undefined) continue
      else if (listed) gone.push(memcg)
      else unlisted.push(memcg)
    }
  }
  return { gone, unlisted }
}
