// Which memory cgroups are filled by kernel memory: by the numbers of the live tree, and by what OOM reports said.

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { kernelCharges } from '../decode/cgroup/memory-stat.ts'
import { composition } from '../decode/kmsg/oom-composition.ts'
import type { KernelReport, OomReport } from '../decode/kmsg/report.ts'
import { perMemcgSlabCaches } from '../knowledge/kernel-release.ts'
import { fact } from './fact.ts'
import { kernel as kernelRelease, kmemOptIn, latest } from './kernel.ts'
import { logUnknown, quoted, quotesLike } from './kernel-log.ts'
import { memcgReading, memcgUnknown, within } from './memcg-tree.ts'
import { isEmptied, isRelieved } from './oom-aftermath.ts'
import { kmemWithoutUsage, memcgOomGroups } from './oom-kills.ts'

/**
 * Kernel memory fills a cgroup from this share of its limit (of its usage, in an OOM report). The fact base's sign
 * for K-01 is a kmem share above half; above half, raising the application's heap can no longer be the cure.
 */
const FILLS_SHARE = 0.5

/** A kernel memory limit counts as reached here: allocations below it already fail when a slab page does not fit. */
const REACHED_SHARE = 0.95

/**
 * Less than this in a cgroup that is not full is no finding: a sidecar's tiny limit is half kernel memory by nature. Up
 * to 5.8 and EL 8.4 an idle container is charged about half a MiB per CPU for its own slab caches (K-10): that of 128
 * CPUs. Later only stacks, page tables and slab objects count: 16 MiB is ours, the stacks of a thousand threads.
 */
export function ordinaryKernel(about: Case): number {
  const release = kernelRelease(about)
  const ownCaches = release === undefined || perMemcgSlabCaches(release) !== false
  return (ownCaches ? 64 : 16) * 1024 * 1024
}

/** From here the next allocation of the application is what fails: the cgroup is as good as full. */
const FULL_SHARE = 0.9

/** A parent is named only for what its named children do not explain. */
const EXPLAINED_SHARE = 0.8

/** Kernel memory that is no slab, by its key in memory.stat of v2 (Documentation/admin-guide/cgroup-v2.rst). */
const PARTS = ['pagetables', 'kernel_stack', 'vmalloc', 'percpu'] as const
export type KernelPart = (typeof PARTS)[number]

export interface KmemCharge {
  readonly memcg: string
  readonly kernel: number
  /** v2: slab that reclaim may have back, left out of `kernel`. */
  readonly reclaimable?: number
  /** v2: what more than half of it is, where that is neither slab nor anything slab's remedies help against. */
  readonly mostly?: { readonly part: KernelPart; readonly bytes: number }
  /** `Infinity`: none that was seen. */
  readonly limit: number
  readonly usage?: number
  readonly anon?: number
  readonly share: number
  /** The limit that is full is the one for kernel memory alone (memory.kmem.limit_in_bytes). */
  readonly kmemLimitReached: boolean
  /** Live: what reclaim cannot have back (kernel, anonymous, shared memory) takes nearly all of the limit. */
  readonly full: boolean
  /** v1 does not tell how much of it reclaim can have back: it may be all dentries and inodes, which do no harm. */
  readonly perhapsReclaimable: boolean
  readonly live: boolean
  /** Live: no process is in it or below. What is charged outlives what is killed or restarted there. */
  readonly empty?: true
  readonly failcnt?: number
  /** OOM kills in the log that kernel memory led to. */
  readonly kills: number
  readonly reports: readonly KernelReport[]
  readonly evidence: readonly [Evidence, ...Evidence[]]
}

export const kmemCharges: (about: Case) => {
  readonly filled: readonly KmemCharge[]
  readonly unknown: readonly Unknown[]
} = fact(about => {
  const live = liveCharges(about)
  const logged = loggedCharges(about)
  const filled = new Map<string, KmemCharge>()
  for (const charge of [...live.filled, ...logged]) {
    const before = filled.get(charge.memcg)
    filled.set(charge.memcg, before === undefined ? charge : merged(before, charge))
  }
  return {
    filled: [...filled.values()],
    unknown: [...live.unknown, ...logUnknown(about), ...withoutUsage(about)],
  }
})

function merged(live: KmemCharge, logged: KmemCharge): KmemCharge {
  const anon = live.anon ?? logged.anon
  return {
    ...live,
    // Reclaim was tried before the kill, and failed.
    perhapsReclaimable: false,
    ...(anon === undefined ? {} : { anon }),
    kills: live.kills + logged.kills,
    reports: [...live.reports, ...logged.reports],
    evidence: [...live.evidence, ...logged.evidence],
  }
}

function liveCharges(about: Case): { filled: KmemCharge[]; unknown: Unknown[] } {
  const tree = latest(about)?.memcg
  const unknown: Unknown[] = [...memcgUnknown(about)]
  if (tree === undefined) return { filled: [], unknown }
  const filled: KmemCharge[] = []
  let unread: Memcg | undefined
  let withoutLimit: Memcg | undefined
  // Children stand after their parents: from the end, the one nearest to the charge is met first.
  for (const memcg of tree.memcgs.toReversed()) {
    if (memcg.path === '/' || memcg.uncontrolled) continue
    const kernel = unreclaimableKernel(memcg)
    if (kernel === undefined) {
      if (memcg.limit !== Number.POSITIVE_INFINITY) unread ??= memcg
      continue
    }
    if (memcg.limit === undefined) withoutLimit ??= memcg
    const charge = judged(about, memcg, kernel)
    if (charge === undefined) continue
    const explained = filled
      .filter(below => within(below.memcg, memcg.path))
      .reduce((sum, below) => sum + below.kernel, 0)
    if (explained < EXPLAINED_SHARE * kernel)
      filled.push(isEmptied(about, memcg) === true ? { ...charge, empty: true } : charge)
  }
  if (unread !== undefined) {
    const file = tree.version === 'v1' ? 'memory.kmem.usage_in_bytes' : 'memory.stat'
    unknown.push({ reason: 'kmem-usage-not-read', path: `${unread.dir}/${file}`, remedy: 'pass-node-files' })
  }
  if (withoutLimit !== undefined) {
    const file = tree.version === 'v1' ? 'memory.limit_in_bytes' : 'memory.max'
    unknown.push({ reason: 'limit-not-read', path: `${withoutLimit.dir}/${file}`, remedy: 'pass-node-files' })
  }
  return { filled: filled.reverse(), unknown }
}

/**
 * The least of it that reclaim cannot have back, where a cgroup's own numbers do not tell: all but the reclaimable slab
 * of the whole node. Before 4.5 nothing of a cgroup's kernel memory is reclaimed at its limit (K-03).
 */
function certainKernel(about: Case, kernel: number): number {
  if (latest(about)?.memcg?.version !== 'v1' || kmemOptIn(about) === true) return kernel
  const reclaimable = latest(about)?.meminfo?.values['SReclaimable']
  return reclaimable === undefined ? 0 : Math.max(0, kernel - reclaimable)
}

/** v2 tells how much of the kernel memory reclaim can have back; v1 does not. */
function unreclaimableKernel({ kmemUsage, stat }: Memcg): number | undefined {
  if (kmemUsage === undefined) return undefined
  return Math.max(0, kmemUsage - (stat?.['slab_reclaimable'] ?? 0))
}

function judged(about: Case, memcg: Memcg, kernel: number): KmemCharge | undefined {
  const { limit, kmemLimit, kmemUsage, kmemFailcnt = 0, usage, failcnt } = memcg
  const v1 = latest(about)?.memcg?.version === 'v1'
  const usageFile = v1 ? 'memory.usage_in_bytes' : 'memory.current'
  const [kernelEvidence, ...kernelParts] = v1
    ? [memcgReading(about, memcg, 'memory.kmem.usage_in_bytes', kmemUsage ?? kernel)]
    : Object.entries(kernelCharges(memcg.stat ?? {})).map(([key, bytes]) =>
        memcgReading(about, memcg, 'memory.stat', bytes, { key }),
      )
  if (kernelEvidence === undefined) return undefined
  const reclaimable = memcg.stat?.['slab_reclaimable'] ?? 0
  if (reclaimable > 0)
    kernelParts.push(memcgReading(about, memcg, 'memory.stat', reclaimable, { key: 'slab_reclaimable' }))
  const mostly = PARTS.map(part => ({ part, bytes: memcg.stat?.[part] ?? 0 })).find(
    ({ bytes }) => bytes > kernel / 2,
  )
  const isRead = kernelParts.some(one => one.kind === 'reading' && one.key === mostly?.part)
  if (mostly !== undefined && !isRead)
    kernelParts.push(memcgReading(about, memcg, 'memory.stat', mostly.bytes, { key: mostly.part }))
  const anon = memcg.stat?.['total_rss'] ?? memcg.stat?.['anon']
  // With both limits alike it is the memory limit that is met, unless the other's own counter says otherwise.
  const kmemLimitBinds = kmemLimit !== undefined && (kmemFailcnt > 0 || kmemLimit < (limit ?? Infinity))
  const shared = {
    perhapsReclaimable: false,
    full: false,
    memcg: memcg.path,
    kernel,
    ...(reclaimable > 0 ? { reclaimable } : {}),
    ...(mostly === undefined ? {} : { mostly }),
    live: true,
    kills: 0,
    reports: [],
    ...(usage === undefined ? {} : { usage }),
    ...(anon === undefined ? {} : { anon }),
    ...(failcnt === undefined ? {} : { failcnt }),
  }
  const anonEvidence =
    anon === undefined
      ? []
      : [memcgReading(about, memcg, 'memory.stat', anon, { key: v1 ? 'total_rss' : 'anon' })]
  if (kmemLimitBinds && kmemLimit !== Number.POSITIVE_INFINITY && kernel >= REACHED_SHARE * kmemLimit) {
    return {
      ...shared,
      full: true,
      ...(kmemFailcnt > 0 ? { failcnt: kmemFailcnt } : {}),
      limit: kmemLimit,
      share: kernel / kmemLimit,
      kmemLimitReached: true,
      evidence: [
        kernelEvidence,
        ...kernelParts,
        memcgReading(about, memcg, 'memory.kmem.limit_in_bytes', kmemLimit),
        ...(kmemFailcnt > 0
          ? [memcgReading(about, memcg, 'memory.kmem.failcnt', kmemFailcnt, { unit: 'count' })]
          : []),
        ...anonEvidence,
      ],
    }
  }
  if (limit === undefined || limit === Number.POSITIVE_INFINITY || limit === 0) return undefined
  if (kernel < FILLS_SHARE * limit) return undefined
  const certain = certainKernel(about, kernel)
  const shmem = memcg.stat?.['total_shmem'] ?? memcg.stat?.['shmem'] ?? 0
  const pinned = certain + (anon ?? 0) + shmem
  const full = pinned >= FULL_SHARE * limit
  if (kernel < ordinaryKernel(about) && !full && kernel < FULL_SHARE * limit) return undefined
  return {
    ...shared,
    full,
    perhapsReclaimable: certain < FILLS_SHARE * limit,
    limit,
    share: kernel / limit,
    kmemLimitReached: false,
    evidence: [
      kernelEvidence,
      ...kernelParts,
      memcgReading(about, memcg, v1 ? 'memory.limit_in_bytes' : 'memory.max', limit),
      ...(usage === undefined ? [] : [memcgReading(about, memcg, usageFile, usage)]),
      ...anonEvidence,
    ],
  }
}

const COUNTERS = /^\s*(memory|kmem): usage|^Memory cgroup stats|^\s*(anon|kernel|rss|total_rss) /

function withoutUsage(about: Case): readonly Unknown[] {
  const report = kmemWithoutUsage(about)[0]
  return report === undefined
    ? []
    : [{ reason: 'kmem-without-usage', path: report.path, remedy: 'pass-kernel-log' }]
}

function loggedCharges(about: Case): KmemCharge[] {
  const charges: KmemCharge[] = []
  for (const { memcg, reports, claimed } of memcgOomGroups(about)) {
    if (claimed) continue
    const filled = reports.filter(filledByKernel)
    const last = filled.at(-1)
    if (last === undefined || memcg === undefined) continue
    // the cgroup is still there, and has it no more
    if (isRelieved(about, memcg, reports)) continue
    const { usage = 0, limit = Number.POSITIVE_INFINITY, kernel = 0, anon } = composition(last)
    charges.push({
      memcg,
      kernel,
      limit,
      usage,
      ...(anon === undefined ? {} : { anon }),
      share: kernel / (limit === Number.POSITIVE_INFINITY ? usage : limit),
      kmemLimitReached: false,
      full: false,
      perhapsReclaimable: false,
      live: false,
      ...(last.memory === undefined ? {} : { failcnt: last.memory.failcnt }),
      kills: filled.length,
      reports: filled,
      evidence: quoted(last, quotesLike(last, COUNTERS, 4)),
    })
  }
  return charges
}

/** Whether an OOM report says by itself that kernel memory filled the cgroup. */
export function filledByKernel(report: OomReport): boolean {
  const { usage, kernel } = composition(report)
  return usage !== undefined && kernel !== undefined && kernel >= FILLS_SHARE * usage
}
