// One memory cgroup's usage taken apart: what is rendered of it, and what detectors ask. Worked out by facts/anatomy.ts.

import type { Instant } from '../base/time.ts'
import type { MetricId } from '../knowledge/container-metrics.ts'
import type { MemcgTree, PodPath } from './memcg.ts'

/** What goes into a number: one read from a file, or another part. Bytes, counts where the key counts. */
export type Summand =
  | { readonly sign: 1 | -1; readonly value: number; readonly path: string; readonly key?: string }
  | { readonly sign: 1 | -1; readonly value: number; readonly part: PartId }

export type PartId =
  | 'anon'
  /** On the LRU lists, but neither mapped nor page cache: huge pages of which a part was unmapped, pinned pages. */
  | 'unmapped'
  /** Page cache without tmpfs. */
  | 'file'
  /** Page cache and tmpfs, where the kernel does not tell them apart. */
  | 'file-and-shmem'
  | 'shmem'
  | 'swap-cache'
  | 'hugetlb'
  | 'kernel'
  | 'slab-unreclaimable'
  | 'slab-reclaimable'
  | 'slab'
  | 'kernel-stack'
  | 'pagetables'
  | 'sec-pagetables'
  | 'percpu'
  | 'vmalloc'
  | 'zswap'
  | 'kernel-other'
  | 'sockets'
  | 'dead'
  | 'dead-anon'
  | 'dead-file'
  | 'dead-shmem'
  | 'residue'
  /** Beside usage. */
  | 'swap'
  | 'hugetlbfs'

export type DetailId =
  | 'huge-pages'
  | 'lazily-freed'
  | 'inactive-file'
  | 'active-file'
  | 'dirty'
  | 'writeback'
  | 'mapped'

/** A share of a part. Details of one part overlap: they add up to nothing. */
export interface Detail {
  readonly id: DetailId
  readonly bytes: number
  readonly from: readonly Summand[]
}

export interface Part {
  readonly id: PartId
  /**
   * What `from` adds up to, or 0 where that is below zero, since the kernel's statistics are late (`kernel-other` alone
   * may be below zero: then the kinds are what is late). undefined: this kernel does not tell it, or it was not read; it
   * is in `within` then.
   */
  readonly bytes?: number
  readonly within?: PartId
  readonly from: readonly Summand[]
  /** They add up to the part. */
  readonly parts?: readonly Part[]
  readonly of?: readonly Detail[]
}

/** How far counter and statistics may lie apart by how the kernel counts, in bytes. */
export interface CounterError {
  /** Charged in advance, for allocations to come: usage is higher by up to so much. */
  readonly stocks: number
  /** Changes that memory.stat does not show yet, in either direction. */
  readonly lag: number
  /** What was counted with: pages a CPU, CPUs, cgroups that a CPU can hold charges for at once. */
  readonly batchPages: number
  readonly cpus: number
  readonly slots: number
  /** Where the number of CPUs was read; undefined: it was not, and one is the least there can be. */
  readonly path?: string
}

export type ResidueVerdict =
  /** Explained by how the kernel counts. */
  | 'within'
  /** More is charged than any statistic tells. */
  | 'above'
  /** The statistics tell more than is charged. */
  | 'below'
  | 'unknown'

/** What a residue beyond the kernel's error may be. */
export type ResidueWhy =
  | 'kernel-kinds-not-told'
  | 'hugetlb-not-told'
  | 'swap-cache-twice'
  | 'slab-twice'
  | 'read-apart'
  | 'cpus-not-known'

export interface Residue {
  /** Below zero: the parts add up to more than usage. */
  readonly bytes: number
  readonly verdict: ResidueVerdict
  readonly error?: CounterError
  readonly why: readonly ResidueWhy[]
}

/** A container_memory_* value beside what it was made of. */
export interface MetricValue {
  readonly id: MetricId
  /** As it is exported; undefined: not to be had of what was read. */
  readonly value?: number
  /** The kernel has no such file: 0 is exported, which measures nothing. */
  readonly exportedZero?: true
  readonly from: readonly Summand[]
}

export type OrderWhy =
  | 'no-peak-file'
  | 'root-counted-otherwise'
  | 'read-apart'
  | 'lazily-freed'
  | 'statistics-late'
  | 'counter-too-low'
  | 'not-read'

/** A step of the order that is claimed: max_usage ≥ usage ≥ working_set ≥ rss. */
export interface OrderStep {
  readonly upper: MetricId
  readonly lower: MetricId
  /** undefined: cannot be told. */
  readonly holds?: boolean
  /** upper − lower. */
  readonly difference?: number
  readonly why?: OrderWhy
}

export type NoteId =
  | 'kernel-kinds-v1'
  | 'kernel-not-accounted'
  | 'root-without-kernel'
  | 'sockets-apart-v1'
  | 'dead-not-told'
  | 'dead-with-own'
  | 'details-with-dead'

export interface Anatomy extends Omit<PodPath, 'level'> {
  readonly at: Instant
  readonly version: MemcgTree['version']
  /** Path within the hierarchy. */
  readonly cgroup: string
  /** The directory as a person would open it. */
  readonly dir: string
  readonly inode?: number
  readonly namespace?: string
  readonly pod?: string
  readonly container?: string
  /** Where the names were read. */
  readonly namesFrom?: string
  readonly usage?: Summand & { readonly path: string }
  /** Why there is no usage. */
  readonly noUsage?: 'root' | 'uncontrolled' | 'not-read'
  /** Uncontrolled: the nearest cgroup above it that counts its memory. */
  readonly countedAt?: string
  /** With the residue they add up to usage, exactly. */
  readonly parts: readonly Part[]
  readonly residue?: Residue
  /** What is counted beside usage. */
  readonly beside: readonly Part[]
  /** The same usage by place: its live children, and the rest (its own, its removed children's, what is charged in advance). */
  readonly children?: {
    readonly count: number
    /** The largest; with `smaller` and `rest` they add up to usage. */
    readonly largest: readonly { readonly path: string; readonly name: string; readonly bytes: number }[]
    readonly smaller: number
    /** Below zero: the children grew while they were read. */
    readonly rest: number
    /** Kernel memory in `rest`: its own, and the kernel's structures of its children, live and removed. */
    readonly restKernel?: number
  }
  readonly notes: readonly NoteId[]
  readonly metrics: readonly MetricValue[]
  readonly order: readonly OrderStep[]
  /** What lies between working_set and rss; its parts add up to it. */
  readonly betweenSetAndRss?: {
    readonly bytes: number
    readonly parts: readonly { readonly id: PartId | 'file-not-inactive'; readonly bytes: number }[]
  }
}
