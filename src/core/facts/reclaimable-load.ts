// Containers whose working set is near the limit and is mostly memory that the kernel takes back before it kills: page
// cache in use, directory entries and inodes. Nothing of it is a leak, and all of it counts for the kubelet and for alerts.

import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'
import { type MemcgLoad, memcgLoads, mostOf, near } from './memcg-load.ts'
import { memcgReading } from './memcg-tree.ts'

export interface ReclaimableLoad extends MemcgLoad {
  /** Active page cache that is clean: inactive is in no working set, and what is dirty must be written first. */
  readonly cache: number
  /** v2: slab_reclaimable. */
  readonly slab: number
}

/** The most loaded first. v1 does not tell reclaimable slab; there it is 0. */
export const reclaimableLoads: (about: Case) => readonly ReclaimableLoad[] = fact(about => {
  const v1 = latest(about)?.memcg?.version === 'v1'
  return memcgLoads(about)
    .loads.filter(near)
    .map(load => {
      const stat = load.memcg.stat ?? {}
      const of = (key: string): number => stat[v1 ? `total_${key}` : key] ?? 0
      const dirty = v1 ? of('dirty') + of('writeback') : of('file_dirty') + of('file_writeback')
      return {
        ...load,
        cache: Math.max(0, of('active_file') - dirty),
        slab: v1 ? 0 : of('slab_reclaimable'),
      }
    })
    .filter(load => mostOf(load, load.cache + load.slab))
    .sort((a, b) => b.cache + b.slab - (a.cache + a.slab))
})

/** What such a finding rests on. */
export function loadEvidence(
  about: Case,
  { memcg }: MemcgLoad,
  keys: readonly string[],
): readonly [Evidence, ...Evidence[]] {
  const v1 = latest(about)?.memcg?.version === 'v1'
  const { usage = 0, limit = Infinity, stat = {} } = memcg
  return [
    memcgReading(about, memcg, v1 ? 'memory.usage_in_bytes' : 'memory.current', usage),
    memcgReading(about, memcg, v1 ? 'memory.limit_in_bytes' : 'memory.max', limit),
    ...[v1 ? 'total_inactive_file' : 'inactive_file', ...keys].flatMap(key =>
      stat[key] === undefined ? [] : [memcgReading(about, memcg, 'memory.stat', stat[key], { key })],
    ),
  ]
}
