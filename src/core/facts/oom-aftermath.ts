// What is left of a memory cgroup after the kills at its limit: memory that no process holds any more and that stays
// charged all the same (files on a tmpfs, and the kernel's own memory of their names and inodes), so that every restart
// begins with it; or that this memory has gone since. A cgroup's counter has what is charged to those below it, removed
// ones included (mm/page_counter.c): the pod is charged for what its removed containers left.

import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { composition, killedAtStart } from '../decode/kmsg/oom-composition.ts'
import type { OomReport } from '../decode/kmsg/report.ts'
import { type MemcgIndex, memcgIndex, memcgReading } from './memcg-tree.ts'

/** From this share of the limit on it is what filled the limit (kmem-charge.ts has the same). */
const FILLS_SHARE = 0.5

/** A limit with less than a tenth of it to spare leaves a program no room to start. Ours; killed in exec were seen at 99.8 %. */
const FULL_SHARE = 0.9

/**
 * A restart in a full cgroup dies in execve(), or a moment before, in a page fault that does not show what it was up to:
 * of three measured one told by its trace, of three others all. So many of the last kills are looked at.
 */
const LATEST = 3

export interface Outliving {
  /** Charged, not to be reclaimed, and held by no process: at least so much, in bytes. */
  readonly bytes: number
  readonly limit: number
  /** No process is in the cgroup or below it. */
  readonly empty: boolean
  /** What is started there has no room to begin. */
  readonly full: boolean
  readonly evidence: readonly Evidence[]
}

/** Whether no process is in a cgroup or below it; undefined: not known. */
export function isEmptied(about: Case, memcg: Memcg): boolean | undefined {
  const index = memcgIndex(about)
  if (memcg.populated !== undefined) return !memcg.populated
  if (memcg.ownTasks !== false) return memcg.ownTasks === true ? false : undefined
  if (index === undefined || index.tree.incomplete) return undefined
  let known: true | undefined = true
  for (const child of index.children.get(memcg.path) ?? []) {
    const below = isEmptied(about, child)
    if (below === false) return false
    if (below === undefined) known = undefined
  }
  return known
}

/** Usage less what reclaim takes: page cache and, on v2, reclaimable slab. Of the whole subtree; undefined: not read. */
function pinned({ tree: { version } }: MemcgIndex, { usage, stat }: Memcg): number | undefined {
  const of = (key: string): number | undefined => stat?.[version === 'v1' ? `total_${key}` : key]
  const inactive = of('inactive_file')
  const active = of('active_file')
  if (usage === undefined || inactive === undefined || active === undefined) return undefined
  const slab = version === 'v2' ? (of('slab_reclaimable') ?? 0) : 0
  return Math.max(0, usage - inactive - active - slab)
}

/**
 * Of what is charged to a cgroup, what belongs to none below it that lives and to no process of its own; with the same of
 * those below. 0 where it is not known.
 */
function heldByNobody(index: MemcgIndex, memcg: Memcg): number {
  const all = memcg.ownTasks === false ? pinned(index, memcg) : undefined
  if (all === undefined) return 0
  let rest = all
  let below = 0
  for (const child of index.children.get(memcg.path) ?? []) {
    rest -= pinned(index, child) ?? all
    below += heldByNobody(index, child)
  }
  return Math.max(0, rest) + below
}

/** What outlives every restart at a cgroup's limit; undefined: less than half of the limit, or not known. */
export function outliving(about: Case, path: string): Outliving | undefined {
  const index = memcgIndex(about)
  const memcg = index?.byPath.get(path)
  if (index === undefined || memcg?.usage === undefined || memcg.limit === undefined) return undefined
  const { limit, usage } = memcg
  const bytes = heldByNobody(index, memcg)
  if (bytes === 0 || bytes < FILLS_SHARE * limit) return undefined
  const v1 = index.tree.version === 'v1'
  return {
    bytes,
    limit,
    empty: isEmptied(about, memcg) === true,
    full: bytes >= FULL_SHARE * limit,
    evidence: [
      memcgReading(about, memcg, v1 ? 'memory.usage_in_bytes' : 'memory.current', usage),
      memcgReading(about, memcg, v1 ? 'memory.limit_in_bytes' : 'memory.max', limit),
    ],
  }
}

/** What stays in a cgroup when its processes are killed: kernel memory but for theirs, and tmpfs. */
function staying(version: 'v1' | 'v2', { kmemUsage, stat }: Memcg): number | undefined {
  return kmemUsage === undefined
    ? undefined
    : kmemUsage + (stat?.[version === 'v1' ? 'total_shmem' : 'shmem'] ?? 0)
}

/**
 * Whether what had filled the limit has gone since from the cgroup, which is still there: then the kills are over, however
 * recent. It must have been there before what was killed: had the killed held it, it would go with each and come again.
 * `reports` are of one cgroup's limit, oldest first.
 */
export function isRelieved(about: Case, path: string, reports: readonly OomReport[]): boolean {
  const index = memcgIndex(about)
  const memcg = index?.byPath.get(path)
  const kills = reports.filter(report => (report.memcg ?? report.taskMemcg) === path)
  const last = kills.at(-1)
  if (index === undefined || memcg?.limit === undefined || last === undefined) return false
  if (!kills.slice(-LATEST).some(killedAtStart)) return false
  const { usage, kernel = 0, shmem = 0 } = composition(last)
  const now = staying(index.tree.version, memcg)
  if (usage === undefined || now === undefined || kernel + shmem < FILLS_SHARE * usage) return false
  return now < FILLS_SHARE * memcg.limit
}
