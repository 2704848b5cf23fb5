// The memory cgroup tree, v1 and v2 in one shape.

import type { PodPath } from '../decode/cgroup/path.ts'

export type { PodPath }

/** One memory cgroup. Sizes in bytes; undefined: not there or not readable (a gap says why). */
export interface Memcg {
  /** Path within the hierarchy: `/` or `/kubepods/burstable/pod…`. */
  readonly path: string
  /** The directory as a person would open it. */
  readonly dir: string
  /** Identity: a cgroup removed and made again has another. */
  readonly inode?: number
  readonly pod: PodPath
  /** v2: its parent does not hand the memory controller down. It has no memory files; what it uses is its ancestor's. */
  readonly uncontrolled?: true
  readonly usage?: number
  /** `Infinity`: no limit. */
  readonly limit?: number
  readonly peak?: number
  /** v1 memory.failcnt; v2 `max` of memory.events. */
  readonly failcnt?: number
  /** v1 memory.kmem.usage_in_bytes; v2 `kernel` of memory.stat (5.18+), else the sum of its parts. */
  readonly kmemUsage?: number
  readonly kmemLimit?: number
  readonly kmemFailcnt?: number
  /** v1 memory.memsw.*: memory and swap together, where swap is accounted. */
  readonly memswUsage?: number
  readonly memswLimit?: number
  /** v2 memory.swap.current and .max: swap alone. */
  readonly swapUsage?: number
  readonly swapLimit?: number
  /** v2 memory.high: above it tasks are slowed down, not killed. */
  readonly high?: number
  /** v2 memory.low and memory.min. */
  readonly low?: number
  readonly min?: number
  /**
   * Huge pages of hugetlbfs, all sizes: hugetlb.*.usage_in_bytes, hugetlb.*.current. They are in no other number but
   * where cgroup2 is mounted with memory_hugetlb_accounting (6.7).
   */
  readonly hugetlb?: number
  /** Whether a process is in this very cgroup (cgroup.procs). */
  readonly ownTasks?: boolean
  /** v2 `populated` of cgroup.events: whether one is in it or below. */
  readonly populated?: boolean
  readonly stat?: Readonly<Record<string, number>>
  /** v2 memory.events; v1 memory.oom_control. */
  readonly events?: Readonly<Record<string, number>>
  /** v2 cgroup.stat. */
  readonly cgroupStat?: Readonly<Record<string, number>>
}

export interface MemcgTree {
  readonly version: 'v1' | 'v2'
  /** The mount point as a person would open it. */
  readonly root: string
  /** The mount point's path in the Tree. */
  readonly at: string
  /** False when only a part of the hierarchy is seen: a cgroup namespace, a bare cgroup directory. */
  readonly nodeWide: boolean
  /** Every directory once, parents before children. */
  readonly memcgs: readonly Memcg[]
  /** Some directory could not be listed: the count below is a lower bound. */
  readonly incomplete?: true
}
