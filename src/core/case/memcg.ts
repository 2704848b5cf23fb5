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
