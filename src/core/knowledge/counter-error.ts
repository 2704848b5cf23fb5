// How far usage and memory.stat of one cgroup may lie apart by how the kernel counts (mm/memcontrol.c), in pages.

import { compareUpstream, followsUpstream, type KernelRelease } from './kernel-release.ts'

/**
 * Pages that a CPU charges in advance: MEMCG_CHARGE_BATCH, 64 from 6.1 on (include/linux/memcontrol.h), 32 before
 * (CHARGE_BATCH in 3.10). Enterprise kernels from el8 on may have taken it in: the larger is said of them.
 */
export function chargeBatch(release: KernelRelease | undefined): 32 | 64 {
  if (release === undefined) return 64
  if (release.stream === 'el6' || release.stream === 'el7') return 32
  return followsUpstream(release) && (compareUpstream(release, '6.1') ?? 0) < 0 ? 32 : 64
}

/**
 * Cgroups that a CPU holds such charges for at once: one, from 6.16 on seven (NR_MEMCG_STOCK, f735eebe55f8). A charge in advance for
 * one is counted by all above it.
 */
export function stockSlots(release: KernelRelease | undefined): 1 | 7 {
  if (release === undefined) return 7
  const order = compareUpstream(release, '6.16')
  return (order !== undefined && order >= 0) || !followsUpstream(release) ? 7 : 1
}

/**
 * Pages by which memory.stat may be late. From 5.13 on it is brought up to date when read, unless so little changed that
 * it is not worth it: a batch for each CPU, counted when a CPU has gathered one (memcg_rstat_updated). From 4.16 to 5.12
 * each CPU keeps up to a batch of each number of each cgroup to itself (__mod_memcg_state); anon, file and kernel are
 * what counts here. Before, all CPUs were summed up.
 */
export function statisticsLag(release: KernelRelease | undefined, cpus: number, below: number): number {
  const batch = chargeBatch(release)
  if (release !== undefined && (followsUpstream(release) || release.stream === 'el8')) {
    if ((compareUpstream(release, '4.16') ?? 0) < 0) return 0
    if ((compareUpstream(release, '5.13') ?? 0) < 0) return 3 * batch * cpus * (1 + below)
  }
  if (release?.stream === 'el6' || release?.stream === 'el7') return 0
  return batch * (2 * cpus + 1)
}
