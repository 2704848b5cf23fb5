// Every cgroup of the memory hierarchy by whose it is: live, without processes, left over, dying, what removed ones hold
// and what they cost. A pod is one owner with its containers; what removed pods left is their parent's.

import type { Case } from '../case/case.ts'
import type {
  Census,
  CensusCost,
  CensusRow,
  CensusUnknown,
  ControllerCount,
  Held,
  LeftOver,
  OwnerKind,
} from '../case/census.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import { perMemcgSlabCaches } from '../knowledge/kernel-release.ts'
import { MEMCG_ID_MAX } from '../knowledge/limits.ts'
import { type DeadNumbers, deadError, deadNumbers, dyingHere } from './dead-memory.ts'
import { dyingMemcgs } from './dying-memcgs.ts'
import { fact } from './fact.ts'
import { kernel, latest } from './kernel.ts'
import { leftOverMemcgs, populated, RUN_SCOPE } from './left-over.ts'
import { memcgIds } from './memcg-ids.ts'
import { memcgIndex, memcgReading, memcgUnknown, parentPath } from './memcg-tree.ts'
import { nameOf } from './names.ts'

/**
 * What a memory cgroup costs beside what is charged to it, in bytes: measured on 6.18 with 20,000 of each. Percpu memory
 * is taken once per possible CPU.
 */
const MEASURED = {
  kernel: '6.18',
  dying: { slab: 12 * 1024, percpu: 2.1 * 1024 },
  /** Files and directory of cgroupfs on top. */
  live: { slab: 48.6 * 1000, percpu: 2.1 * 1024 },
} as const

/** Up to 5.8 the copies of slab caches come on top; measured on 3.10.0-514.el7, 2,000 of them. */
const MEASURED_OLD = { kernel: '3.10.0-514.el7', slab: 34 * 1024 } as const

interface Owner {
  readonly kind: OwnerKind
  readonly path: string
}

/** Whose a cgroup is, from its own path and whose its parent is. */
function ownerOf(memcg: Memcg, above: Owner | undefined): Owner {
  const { path, pod } = memcg
  if (path === '/' || above === undefined) return { kind: 'root', path: '/' }
  if (pod.level === 'pod') return { kind: 'pod', path }
  if (above.kind === 'pod' || above.kind === 'container' || above.kind === 'scopes') return above
  if (pod.level === 'container') return { kind: 'container', path }
  if (pod.level === 'kubepods' || pod.level === 'qos') return { kind: 'kubepods', path }
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (RUN_SCOPE.test(name))
    return { kind: 'scopes', path: `${parentPath(path).replace(/\/$/, '')}/run-*.scope` }
  if (above.kind === 'unit' && !above.path.endsWith('.slice')) return above
  if (/\.(?:slice|service|scope|mount|socket|swap)$/.test(name)) return { kind: 'unit', path }
  if (above.kind === 'other') return above
  return { kind: 'other', path }
}

interface Tally {
  readonly owner: Owner
  readonly first: Memcg
  live: number
  withoutTasks: number
  tasksUnknown: boolean
  leftOver: number
  undecided: boolean
  leftBy: LeftOver['by'] | undefined
  dying: number | undefined
  usage: number | undefined
  held: { bytes: number; cache: number; rss: number; shmem: number; kernel: number | undefined } | undefined
  exact: boolean
  withOwn: boolean
  largest: { dir: string; bytes: number }
}

function tallyOf(owner: Owner, first: Memcg): Tally {
  return {
    owner,
    first,
    live: 0,
    withoutTasks: 0,
    tasksUnknown: false,
    leftOver: 0,
    undecided: false,
    leftBy: undefined,
    dying: undefined,
    usage: undefined,
    held: undefined,
    exact: true,
    withOwn: false,
    largest: { dir: first.dir, bytes: -1 },
  }
}

function addHeld(tally: Tally, memcg: Memcg, dead: DeadNumbers | undefined): void {
  if (dead?.bytes === undefined) return
  const held = tally.held ?? { bytes: 0, cache: 0, rss: 0, shmem: 0, kernel: undefined }
  held.bytes += dead.bytes
  held.cache += dead.cache ?? 0
  held.rss += dead.rss ?? 0
  held.shmem += dead.shmem ?? 0
  tally.held = held
  if (dead.exact === undefined) tally.exact = false
  // A leaf has no children, dead ones apart: its kernel memory is that of its processes.
  if (dead.bytes > 0 && dead.kernel !== undefined) held.kernel = (held.kernel ?? 0) + dead.kernel
  if (dead.withOwn === true && dead.bytes > 0) tally.withOwn = true
  if (dead.bytes > tally.largest.bytes) tally.largest = { dir: memcg.dir, bytes: dead.bytes }
}

function heldOf({ held, exact, withOwn, largest }: Tally, error: number | undefined): Held | undefined {
  if (held === undefined) return undefined
  const { kernel, ...pages } = held
  const off = exact ? 0 : error
  return {
    ...pages,
    ...(kernel === undefined ? {} : { kernel }),
    ...(off === undefined ? {} : { error: off }),
    ...(withOwn ? { withOwn: true } : {}),
    path: `${largest.dir.replace(/\/$/, '')}/memory.stat`,
  }
}

function rowsOf(about: Case, tree: MemcgTree): CensusRow[] {
  const { left, undecided } = leftOverMemcgs(about)
  const index = memcgIndex(about)
  const has = populated(about)
  const tallies = new Map<string, Tally>()
  const owners = new Map<string, Owner>()
  /** Of each directory below one that is left over, who left it. */
  const leftBy = new Map<string, LeftOver['by']>(left.map(({ path, by }) => [path, by]))
  const error = deadError(about)
  const none: readonly Memcg[] = []
  for (const memcg of tree.memcgs) {
    const { path } = memcg
    const parent = path === '/' ? undefined : parentPath(path)
    const owner = ownerOf(memcg, parent === undefined ? undefined : owners.get(parent))
    owners.set(path, owner)
    const by = leftBy.get(path) ?? (parent === undefined ? undefined : leftBy.get(parent))
    if (by !== undefined) leftBy.set(path, by)
    let tally = tallies.get(owner.path)
    if (tally === undefined) {
      tally = tallyOf(owner, memcg)
      tallies.set(owner.path, tally)
    }
    tally.live += 1
    const state = has.get(path)
    if (state === false) tally.withoutTasks += 1
    else if (state === undefined) tally.tasksUnknown = true
    if (by !== undefined) {
      tally.leftOver += 1
      tally.leftBy ??= by
    }
    if (undecided.has(path)) tally.undecided = true
    // What its parts use is in an owner's own number; of scopes side by side it is the sum.
    if (memcg.usage !== undefined && (tally.first === memcg || owner.kind === 'scopes'))
      tally.usage = (tally.usage ?? 0) + memcg.usage
    const children = index?.children.get(path) ?? none
    addHeld(tally, memcg, deadNumbers(tree.version, memcg, children))
    if (tree.version === 'v2') {
      const dying = dyingHere(memcg, children)
      if (dying !== undefined) tally.dying = (tally.dying ?? 0) + dying
    }
  }
  return [...tallies.values()].map(tally => rowOf(about, tally, error))
}

function rowOf(about: Case, tally: Tally, error: number | undefined): CensusRow {
  const { owner, first, live, withoutTasks, tasksUnknown, leftOver, undecided, leftBy, dying, usage } = tally
  const held = heldOf(tally, error)
  const { podUid, containerId, qos } = first.pod
  const isPod = owner.kind === 'pod' || owner.kind === 'container'
  const { namespace, pod, container } = isPod ? nameOf(about, first) : {}
  return {
    kind: owner.kind,
    cgroup: owner.path,
    dir: owner.kind === 'scopes' ? `${parentPath(first.dir)}/run-*.scope` : first.dir,
    ...(namespace === undefined ? {} : { namespace }),
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined || owner.kind !== 'container' ? {} : { container }),
    ...(isPod && podUid !== undefined ? { podUid } : {}),
    ...(isPod && containerId !== undefined ? { containerId } : {}),
    ...(qos === undefined ? {} : { qos }),
    live,
    ...(tasksUnknown ? {} : { withoutTasks }),
    ...(leftOver === 0 && undecided ? {} : { leftOver }),
    ...(leftBy === undefined ? {} : { leftBy }),
    ...(dying === undefined ? {} : { dying }),
    ...(usage === undefined ? {} : { usage }),
    ...(held === undefined ? {} : { held }),
  }
}

function costOf(about: Case, live: number, dying: number | undefined): CensusCost {
  const cpus = latest(about)?.cpus
  const possible = cpus?.possible
  const release = kernel(about)
  if (release !== undefined && perMemcgSlabCaches(release) === true) {
    const each = MEASURED_OLD.slab
    return {
      slabEach: each,
      ...(dying === undefined ? {} : { dying: dying * each }),
      measuredOn: MEASURED_OLD.kernel,
    }
  }
  const { slab } = MEASURED.dying
  if (possible === undefined || cpus === undefined)
    return {
      slabEach: slab,
      ...(dying === undefined ? {} : { dying: dying * slab }),
      measuredOn: MEASURED.kernel,
    }
  const percpu = Math.round(MEASURED.dying.percpu * possible)
  return {
    cpus: possible,
    cpusFrom: cpus.path,
    slabEach: slab,
    percpuEach: percpu,
    ...(dying === undefined ? {} : { dying: dying * (slab + percpu) }),
    live: Math.round(live * (MEASURED.live.slab + MEASURED.live.percpu * possible)),
    measuredOn: MEASURED.kernel,
  }
}

function controllersOf(about: Case, tree: MemcgTree): ControllerCount[] {
  const sample = latest(about)
  if (tree.version === 'v2') {
    const root = tree.memcgs[0]
    const stat = root?.cgroupStat
    if (root === undefined || stat === undefined) return []
    return Object.entries(stat).flatMap(([key, dying]) => {
      const controller = /^nr_dying_subsys_(\w+)$/.exec(key)?.[1]
      if (controller === undefined) return []
      const live = stat[`nr_subsys_${controller}`]
      return [
        {
          controller,
          ...(live === undefined ? {} : { cgroups: live + dying }),
          dying,
          path: `${root.dir}/cgroup.stat`,
        },
      ]
    })
  }
  const { cgroups, cgroupDirectories = {} } = sample ?? {}
  if (cgroups === undefined) return []
  const memory = cgroups.controllers['memory']?.hierarchy
  const isWhole = memcgUnknown(about).length === 0
  return Object.entries(cgroups.controllers)
    .filter(([, { hierarchy }]) => hierarchy !== 0)
    .map(([controller, { hierarchy, numCgroups }]) => {
      const directories =
        hierarchy === memory && isWhole ? tree.memcgs.length : cgroupDirectories[controller]?.directories
      return {
        controller,
        hierarchy,
        cgroups: numCgroups,
        ...(directories === undefined ? {} : { directories, dying: Math.max(0, numCgroups - directories) }),
        path: cgroups.path,
      }
    })
    .sort((a, b) => b.cgroups - a.cgroups)
}

/** The census of the newest sample; undefined: no memory hierarchy was read. */
export const census: (about: Case) => Census | undefined = fact(about => {
  const tree = latest(about)?.memcg
  if (tree === undefined) return undefined
  const has = populated(about)
  const { left, unknown: leftUnknown } = leftOverMemcgs(about)
  const { counted, unknown: dyingUnknown } = dyingMemcgs(about)
  const most = [...counted].sort((a, b) => b.dying - a.dying)[0]
  const { ids, unknown: idsUnknown } = memcgIds(about)
  const live = tree.memcgs.length
  const leftOver = left.reduce((sum, { directories }) => sum + directories, 0)
  const withoutTasks = tree.memcgs.filter(({ path }) => has.get(path) === false).length
  const unreadAll = tree.memcgs.filter(({ path }) => !has.has(path))
  // The root of v2 has no cgroup.events: another one is the better example.
  const unread = unreadAll.find(({ path }) => path !== '/') ?? unreadAll[0]
  const unknown: Census['unknown'][number][] = []
  const tell = (what: CensusUnknown, list: readonly Unknown[]) => {
    for (const one of list) unknown.push({ what, ...one })
  }
  tell('live', memcgUnknown(about))
  if (unread !== undefined) {
    const file = tree.version === 'v1' ? 'cgroup.procs' : 'cgroup.events'
    tell('withoutTasks', [
      { reason: 'tasks-not-read', path: `${unread.dir}/${file}`, remedy: 'pass-node-files' },
    ])
  }
  tell('leftOver', leftUnknown)
  // Where no sign can be trusted, one that counts some is told all the same: there are as many at least.
  tell('dying', dyingUnknown)
  if (ids === undefined) tell('idsUsed', idsUnknown)
  const dying = dyingUnknown.length > 0 && most?.dying === 0 ? undefined : most?.dying
  const evidence: Evidence[] = [...(most?.evidence ?? []), ...(ids?.evidence ?? [])]
  for (const { path, usage } of left.slice(0, 3)) {
    const memcg = memcgIndex(about)?.byPath.get(path)
    if (memcg !== undefined && usage !== undefined)
      evidence.push(memcgReading(about, memcg, usageFile(tree), usage))
  }
  return {
    version: tree.version,
    root: tree.root,
    live,
    ...(unread === undefined ? { withoutTasks } : {}),
    ...(leftOver === 0 && leftUnknown.length > 0 ? {} : { leftOver }),
    ...(dying === undefined ? {} : { dying }),
    ...(ids === undefined ? {} : { idsUsed: ids.used }),
    idLimit: MEMCG_ID_MAX,
    cost: costOf(about, live, dying),
    controllers: controllersOf(about, tree),
    rows: rowsOf(about, tree),
    left,
    evidence: distinct(evidence),
    unknown,
  }
})

function usageFile({ version }: MemcgTree): string {
  return version === 'v1' ? 'memory.usage_in_bytes' : 'memory.current'
}

function distinct(evidence: readonly Evidence[]): readonly Evidence[] {
  const seen = new Set<string>()
  return evidence.filter(one => {
    const key = JSON.stringify(one)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
