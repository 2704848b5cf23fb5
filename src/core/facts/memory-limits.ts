// Which number stops or kills a memory cgroup, and how far it is. The kernel compares the page counter of the cgroup and of
// each above it with its limit, and reclaims before it kills (try_charge_memcg in mm/memcontrol.c, page_counter_try_charge
// in mm/page_counter.c); the kubelet compares working sets with its thresholds (pkg/kubelet/eviction/helpers.go:
// makeSignalObservations, addAllocatableThresholds). Distances are in one unit, so that they compare: how much more memory
// that cannot be reclaimed this cgroup may take before it happens, all others standing still.

import { limitBytes } from '../base/units.ts'
import type { Case } from '../case/case.ts'
import type { Threshold } from '../case/kubelet.ts'
import type { Memcg } from '../case/memcg.ts'
import type {
  EvictionThreshold,
  LimitCandidate,
  LimitEffect,
  LimitKind,
  LimitOwner,
  Limits,
  MemoryNode,
} from '../case/memory.ts'
import { containerMetrics } from './container-metrics.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'
import { type MemcgIndex, memcgIndex, parentPath } from './memcg-tree.ts'

/** memory.available of evictionHard where nothing else is configured (DefaultEvictionHard, defaults_linux.go of the kubelet). */
const DEFAULT_EVICTION = 100 * 1024 * 1024

/** What reclaim takes of a cgroup before anything is killed, and whether there may be more. */
interface Reclaimable {
  readonly cache: number
  readonly slab: number
  /** Anonymous memory and tmpfs, if there is room for them in swap. */
  readonly swappable: number
  readonly atLeast: boolean
}

/** Of the whole subtree. What is dirty or under writeback must be written first, and is not counted. */
function reclaimableOf({ tree: { version } }: MemcgIndex, { stat = {} }: Memcg): Reclaimable {
  const v1 = version === 'v1'
  const of = (key: string): number => stat[v1 ? `total_${key}` : key] ?? 0
  const dirty = v1 ? of('dirty') + of('writeback') : of('file_dirty') + of('file_writeback')
  return {
    cache: Math.max(0, of('inactive_file') + of('active_file') - dirty),
    slab: v1 ? 0 : of('slab_reclaimable'),
    swappable: of('inactive_anon') + of('active_anon'),
    atLeast: v1 || stat[v1 ? 'total_inactive_file' : 'inactive_file'] === undefined,
  }
}

/** Swap that a cgroup can still have: of the node's, and within the limits on swap of itself and what is above it. */
function swapRoom(about: Case, { byPath }: MemcgIndex, memcg: Memcg): number {
  let room = latest(about)?.meminfo?.values['SwapFree'] ?? 0
  for (let path = memcg.path; path !== '/'; path = parentPath(path)) {
    const { swapLimit, swapUsage = 0 } = byPath.get(path) ?? {}
    if (swapLimit !== undefined) room = Math.min(room, Math.max(0, swapLimit - swapUsage))
  }
  return room
}

/**
 * v1: what the root's files say, which is without kernel memory. v2 has no memory.current there: anon + file take its place
 * (rootStatsFromMeminfo of libcontainer 1.1.9 and 1.2; up to 1.1.8 it was MemTotal − MemFree).
 */
function rootWorkingSet(version: 'v1' | 'v2', root: Memcg): number | undefined {
  if (version === 'v1') return containerMetrics('v1', root).workingSet
  const anon = root.stat?.['anon']
  const file = root.stat?.['file']
  const inactive = root.stat?.['inactive_file']
  if (anon === undefined || file === undefined || inactive === undefined) return undefined
  return Math.max(0, anon + file - inactive)
}

/** Whether a kubelet can be at work here: it has been read, or there are pods. */
export const hasKubelet: (about: Case) => boolean = fact(
  about =>
    about.kubelet !== undefined ||
    (latest(about)?.memcg?.memcgs ?? []).some(({ pod }) => pod.level === 'kubepods' || pod.level === 'pod'),
)

function threshold({ bytes, share, path }: Threshold, capacity: number): EvictionThreshold | undefined {
  const least = bytes ?? (share === undefined ? undefined : share * capacity)
  return least === undefined ? undefined : { bytes: least, path }
}

function evictionThresholds(about: Case, capacity: number): readonly EvictionThreshold[] {
  if (!hasKubelet(about)) return []
  const { evictionHard, evictionSoft } = about.kubelet ?? {}
  const hard = evictionHard === undefined ? undefined : threshold(evictionHard, capacity)
  const soft = evictionSoft === undefined ? undefined : threshold(evictionSoft, capacity)
  return [
    hard ?? { bytes: DEFAULT_EVICTION, byDefault: true },
    ...(soft === undefined ? [] : [{ ...soft, soft: true as const }]),
  ]
}

/** The kubelet's view of the node: capacity less the working set of the root cgroup. */
export const nodeMemory: (about: Case) => MemoryNode = fact(about => {
  const sample = latest(about)
  const values = sample?.meminfo?.values ?? {}
  const total = values['MemTotal']
  const index = memcgIndex(about)
  const root = index?.byPath.get('/')
  // what is at the top of a part of the hierarchy is not the node
  const workingSet =
    index?.tree.nodeWide && root !== undefined ? rootWorkingSet(index.tree.version, root) : undefined
  const available = values['MemAvailable']
  const swapFree = values['SwapFree']
  return {
    ...(sample?.meminfo === undefined ? {} : { path: sample.meminfo.path }),
    ...(total === undefined ? {} : { total }),
    ...(available === undefined ? {} : { available }),
    ...(swapFree === undefined ? {} : { swapFree }),
    ...(workingSet === undefined ? {} : { workingSet }),
    ...(workingSet === undefined || total === undefined ? {} : { kubeletAvailable: total - workingSet }),
    evictions: total === undefined ? [] : evictionThresholds(about, total),
  }
})

function candidate(
  about: {
    readonly kind: LimitKind
    readonly owner: LimitOwner
    readonly path: string
    readonly effect: LimitEffect
    readonly usage: number
    readonly limit: number
    readonly reclaimable: number
    readonly atLeast?: boolean
  } & Pick<LimitCandidate, 'signal' | 'soft' | 'byDefault'>,
): LimitCandidate {
  const { atLeast, usage, limit, reclaimable, ...rest } = about
  const headroom = limit - usage
  return {
    ...rest,
    usage,
    limit,
    headroom,
    reclaimable,
    ...(atLeast === true ? { atLeast } : {}),
    distance: headroom + reclaimable,
  }
}

function evictionAt(
  path: string,
  owner: LimitOwner,
  signal: NonNullable<LimitCandidate['signal']>,
  capacity: number,
  usage: number,
  { bytes, soft, byDefault }: EvictionThreshold,
): LimitCandidate {
  return candidate({
    kind: 'eviction',
    owner,
    path,
    effect: 'evict',
    signal,
    ...(soft === undefined ? {} : { soft }),
    ...(byDefault === undefined ? {} : { byDefault }),
    usage,
    limit: Math.max(0, capacity - bytes),
    // page cache that is not active is not in the working set
    reclaimable: 0,
  })
}

/** What happens to the node as a whole; of pods the kubelet's evictions too. */
const nodeCandidates: (about: Case) => {
  readonly evictions: readonly LimitCandidate[]
  readonly node: readonly LimitCandidate[]
} = fact(about => {
  const { total, available, swapFree = 0, workingSet, evictions } = nodeMemory(about)
  if (total === undefined) return { evictions: [], node: [] }
  const index = memcgIndex(about)
  const found: LimitCandidate[] = []
  if (evictions.length > 0) {
    for (const one of workingSet === undefined ? [] : evictions)
      found.push(evictionAt('/', 'node', 'memory.available', total, workingSet ?? 0, one))
    const pods = index?.tree.memcgs.find(({ pod }) => pod.level === 'kubepods')
    const podsSet =
      pods === undefined || index === undefined ? undefined : containerMetrics(index.tree.version, pods)
    if (pods?.limit !== undefined && pods.limit !== Infinity && podsSet?.workingSet !== undefined)
      for (const one of evictions.filter(({ soft }) => !soft))
        found.push(
          evictionAt(
            pods.path,
            'kubepods',
            'allocatableMemory.available',
            pods.limit,
            podsSet.workingSet,
            one,
          ),
        )
  }
  const node =
    available === undefined
      ? []
      : [
          candidate({
            kind: 'node',
            owner: 'node',
            path: '/',
            effect: 'node-oom-kill',
            usage: total - available,
            limit: total,
            reclaimable: swapFree,
          }),
        ]
  return { evictions: found, node }
})

function ownerOf(memcg: Memcg, limited: Memcg): LimitOwner {
  if (memcg === limited) return 'own'
  const { level } = limited.pod
  return level === 'pod' || level === 'qos' || level === 'kubepods' ? level : 'ancestor'
}

/** Every number that can stop this cgroup, nearest first. */
export function limitsOf(about: Case, memcg: Memcg): Limits {
  const index = memcgIndex(about)
  if (index === undefined) return { candidates: [], unread: [] }
  const v1 = index.tree.version === 'v1'
  const found: LimitCandidate[] = []
  const unread: string[] = []
  // v1: the least limit that counts here. An ancestor with a lower one does not, without use_hierarchy (up to 5.10).
  const told = v1 ? memcg.stat?.['hierarchical_memory_limit'] : undefined
  const least = told === undefined ? undefined : limitBytes(told)
  let seen = Infinity
  for (let path = memcg.path; path !== '/'; path = parentPath(path)) {
    const limited = index.byPath.get(path)
    if (limited === undefined || limited.uncontrolled) continue
    const owner = ownerOf(memcg, limited)
    if (limited.limit === undefined)
      unread.push(`${limited.dir}/${v1 ? 'memory.limit_in_bytes' : 'memory.max'}`)
    else seen = Math.min(seen, limited.limit)
    if (least !== undefined && limited !== memcg && (limited.limit ?? Infinity) < least) continue
    const { cache, slab, swappable, atLeast } = reclaimableOf(index, limited)
    const swapped = Math.min(swappable, swapRoom(about, index, memcg))
    const put = (
      kind: LimitKind,
      effect: LimitEffect,
      usage: number | undefined,
      limit: number | undefined,
      reclaimable: number,
      more: boolean,
    ): void => {
      if (limit === undefined || limit === Infinity || usage === undefined) return
      found.push(
        candidate({
          kind,
          owner,
          path,
          effect,
          usage,
          limit,
          reclaimable: Math.min(usage, reclaimable),
          atLeast: more,
        }),
      )
    }
    const kill = limited.events?.['oom_kill_disable'] === 1 ? 'stall' : 'oom-kill'
    const { usage, limit, memswUsage, memswLimit, kmemUsage, kmemLimit, high } = limited
    put('limit', kill, usage, limit, cache + slab + swapped, atLeast)
    // what is swapped out is still charged there
    put('memsw', kill, memswUsage, memswLimit, cache, atLeast)
    // only slab could be had back, and how much of it that is nobody tells
    put('kmem', 'enomem', kmemUsage, kmemLimit, 0, true)
    put('high', 'slow-down', usage, high, cache + slab + swapped, atLeast)
  }
  const { evictions: evicted, node } = nodeCandidates(about)
  if (memcg.pod.podUid !== undefined) found.push(...evicted)
  found.push(...node)
  const candidates = found.sort((a, b) => a.distance - b.distance)
  const [firstToHit] = candidates
  const hidden =
    least !== undefined && !index.tree.nodeWide && least < seen && least < Infinity ? least : undefined
  return {
    candidates,
    ...(firstToHit === undefined ? {} : { firstToHit }),
    unread,
    ...(hidden === undefined ? {} : { hidden }),
  }
}
