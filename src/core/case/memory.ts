// What `kmemscope memory` shows: each pod's and container's numbers, and what hits it first. All sizes in bytes.

import type { Instant } from '../base/time.ts'
import type { Unknown } from './finding.ts'
import type { MemcgTree, PodPath } from './memcg.ts'

/**
 * limit: memory.limit_in_bytes, memory.max. memsw: memory and swap of v1. kmem: v1's own limit for kernel memory, up to
 * 5.15. high: memory.high of v2. eviction: the kubelet's. node: there is no memory left at all.
 */
export type LimitKind = 'limit' | 'memsw' | 'kmem' | 'high' | 'eviction' | 'node'

/**
 * oom-kill: a process in the cgroup is killed. stall: as oom-kill, but the killer is off (oom_kill_disable), and who asks
 * waits. enomem: system calls fail. slow-down: who allocates is made to reclaim and to wait. evict: the kubelet ends pods,
 * this one or another. node-oom-kill: a process anywhere on the node is killed.
 */
export type LimitEffect = 'oom-kill' | 'stall' | 'enomem' | 'slow-down' | 'evict' | 'node-oom-kill'

/** Whose limit it is, seen from the cgroup that is asked about. */
export type LimitOwner = 'own' | 'pod' | 'qos' | 'kubepods' | 'ancestor' | 'node'

/** One number that can stop or kill a cgroup, and how far it is. */
export interface LimitCandidate {
  readonly kind: LimitKind
  readonly owner: LimitOwner
  /** Of the cgroup whose limit it is, `/` of the node. */
  readonly path: string
  readonly effect: LimitEffect
  /** eviction: which of the kubelet's signals. */
  readonly signal?: 'memory.available' | 'allocatableMemory.available'
  /** eviction: it must last for a grace period first. */
  readonly soft?: true
  /** eviction: the threshold was not read; it is the kubelet's default. */
  readonly byDefault?: true
  /** What is compared, and what it is compared with. */
  readonly usage: number
  readonly limit: number
  /** limit − usage; below zero where it is passed. */
  readonly headroom: number
  /** Of `usage`, what reclaim takes before anything is killed: clean page cache, slab of v2, what swap has room for. */
  readonly reclaimable: number
  /** On v1 reclaimable slab is not told from other kernel memory: there may be more to reclaim, and further to go. */
  readonly atLeast?: true
  /** headroom + reclaimable: so much more memory that cannot be reclaimed may be taken before this is hit. */
  readonly distance: number
}

/** What can stop a cgroup, nearest first. */
export interface Limits {
  readonly candidates: readonly LimitCandidate[]
  readonly firstToHit?: LimitCandidate
  /** Files of limits that count and could not be read: what is nearest may be one of them. */
  readonly unread: readonly string[]
  /** v1: a limit above what is visible from here (hierarchical_memory_limit); how much of it is used is not known. */
  readonly hidden?: number
}

/** One pod, container or other cgroup. undefined: not read, or not to be had. */
export interface MemoryRow extends Pick<PodPath, 'podUid' | 'containerId' | 'qos'>, Limits {
  readonly kind: 'pod' | 'container' | 'cgroup'
  readonly namespace?: string
  readonly pod?: string
  readonly container?: string
  /** The container that holds the pod's namespaces (pause). */
  readonly sandbox?: true
  /** Path within the hierarchy, and its directory as a person would open it. */
  readonly cgroup: string
  readonly dir: string
  readonly inode?: number
  readonly usage?: number
  readonly workingSet?: number
  readonly rss?: number
  readonly cache?: number
  readonly kernel?: number
  /** tmpfs (memory-backed emptyDir, /dev/shm) and shared memory; part of cache. */
  readonly shmem?: number
  readonly swap?: number
  /** Huge pages of hugetlbfs, which no limit of the memory controller counts up to 6.17. */
  readonly hugetlb?: number
  /** `Infinity`: none. */
  readonly limit?: number
  /** Its own limit less usage. */
  readonly headroom?: number
  /** Memory request of the specification; what the autoscaler divides the working set by. */
  readonly request?: number
  /** Processes killed by the OOM killer in it and below, as its counters say; of v1 in the live cgroups only. */
  readonly oomKills?: number
}

/** Where a column's number is read in a row's directory: a file, its key, and what is taken off. */
export interface MemorySource {
  readonly file: string
  readonly key?: string
  readonly less?: { readonly file: string; readonly key: string }
}

/** A threshold of the kubelet's on memory.available. */
export interface EvictionThreshold {
  readonly bytes: number
  readonly soft?: true
  /** It was not read: the kubelet's default. */
  readonly byDefault?: true
  /** Where it was read. */
  readonly path?: string
}

/** Where the two sides of a limit are read, in the directory of the cgroup whose limit it is. */
export interface LimitSource {
  readonly usage: MemorySource
  readonly limit: MemorySource
}

export interface MemoryNode {
  /** Of /proc/meminfo. */
  readonly path?: string
  readonly total?: number
  /** The kernel's own estimate: MemAvailable. */
  readonly available?: number
  readonly swapFree?: number
  /** The kubelet's: its working set of the node, and what it takes to be available. */
  readonly workingSet?: number
  readonly kubeletAvailable?: number
  /** Where there is a kubelet, or pods show that there is one. */
  readonly evictions: readonly EvictionThreshold[]
}

export interface MemoryTable {
  readonly at: Instant
  readonly version: MemcgTree['version']
  readonly root: string
  readonly node: MemoryNode
  readonly sources: Readonly<Partial<Record<keyof MemoryRow, MemorySource>>>
  readonly limitSources: Readonly<Partial<Record<LimitKind, LimitSource>>>
  /** A pod and its containers stand together. */
  readonly rows: readonly MemoryRow[]
  /** Whether there is a cgroup of a pod or container at all. */
  readonly pods: boolean
  /** Which cgroups of no pod are among the rows: `top` where there is no pod. */
  readonly others: 'none' | 'top' | 'all'
  /** Why there may be more than this. */
  readonly unknown: readonly Unknown[]
}

/** What a row can be sorted by. */
export const memorySorts = [
  'first',
  'usage',
  'working-set',
  'rss',
  'cache',
  'kernel',
  'limit',
  'headroom',
  'name',
] as const

export type MemorySort = (typeof memorySorts)[number]
