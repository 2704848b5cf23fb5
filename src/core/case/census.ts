// What the cgroups of a node come to, by whose they are: `kmemscope cgroups`.

import type { Evidence, Unknown } from './finding.ts'
import type { PodPath } from './memcg.ts'

/** Who left a directory behind. */
export type LeftBy =
  /** The kubelet: the pod is in no list of this node's pods, its directory is still there. */
  | 'kubelet'
  /** A change of the kubelet's cgroup driver: the other driver's tree is the one in use. */
  | 'driver-change'
  /** systemd: a scope of `systemd-run --scope`, as old kubelets mounted volumes with. */
  | 'systemd-scope'
  /** The container runtime: a container's cgroup without a process. */
  | 'runtime'

/** A directory that should be gone: without a process in it or below it. */
export interface LeftOver {
  readonly path: string
  readonly dir: string
  readonly by: LeftBy
  /** Directories, itself included. */
  readonly directories: number
  /** What is still charged to it, in bytes. */
  readonly usage?: number
}

/** What the rows of a census are: a pod, a container without one, what is above pods, a unit of systemd. */
export type OwnerKind = 'root' | 'kubepods' | 'pod' | 'container' | 'scopes' | 'unit' | 'other'

/** Bytes that removed cgroups hold, by the identity on memory.stat (facts/dead-memory.ts). */
export interface Held {
  readonly bytes: number
  readonly cache: number
  readonly rss: number
  readonly shmem: number
  /** Kernel memory no live child has: also the live processes' own, and the structures of live children. */
  readonly kernel?: number
  readonly error?: number
  /** v2: live cgroups' own pages may be in it. */
  readonly withOwn?: true
  /** The memory.stat of which most of it follows. */
  readonly path: string
}

/** All cgroups of one owner. */
export interface CensusRow extends Pick<PodPath, 'podUid' | 'containerId' | 'qos'> {
  readonly kind: OwnerKind
  /** Path within the hierarchy; of `scopes` a pattern: `/system.slice/run-*.scope`. */
  readonly cgroup: string
  /** As a person would open it. */
  readonly dir: string
  readonly namespace?: string
  readonly pod?: string
  /** Of a container without a pod. */
  readonly container?: string
  /** Directories. */
  readonly live: number
  /** Of these, those without a process in or below them; undefined: not known of all. */
  readonly withoutTasks?: number
  /** Of these, those that should be gone; undefined: none was found, and not all could be judged. */
  readonly leftOver?: number
  readonly leftBy?: LeftBy
  /** Removed ones not freed, whose nearest live ancestor is one of these; undefined: v1 counts them for the node alone. */
  readonly dying?: number
  readonly usage?: number
  readonly held?: Held
}

/** Cgroups by controller, as /proc/cgroups or cgroup.stat count them. */
export interface ControllerCount {
  readonly controller: string
  /** 0: on cgroup2. */
  readonly hierarchy?: number
  /** cgroups not yet freed, removed ones included. */
  readonly cgroups?: number
  readonly directories?: number
  readonly dying?: number
  /** Where it was read. */
  readonly path: string
}

/** What cgroups cost beside what is charged to them, in bytes. */
export interface CensusCost {
  /** Possible CPUs, of which percpu memory has a copy each; and where that was read. */
  readonly cpus?: number
  readonly cpusFrom?: string
  /** Of one that is dying: slab, and percpu memory of all CPUs; undefined: no measurement fits. */
  readonly slabEach: number
  readonly percpuEach?: number
  /** Of all that are dying. */
  readonly dying?: number
  /** Of all live ones. */
  readonly live?: number
  /** The kernel the sizes were measured on; a later or earlier one differs. */
  readonly measuredOn: string
}

export interface Census {
  readonly version: 'v1' | 'v2'
  /** The mount point as a person would open it. */
  readonly root: string
  /** Directories, the root included. */
  readonly live: number
  readonly withoutTasks?: number
  /** undefined: nothing left over was found, and not all could be looked at. */
  readonly leftOver?: number
  readonly dying?: number
  readonly idsUsed?: number
  readonly idLimit: number
  readonly cost: CensusCost
  readonly controllers: readonly ControllerCount[]
  readonly rows: readonly CensusRow[]
  readonly left: readonly LeftOver[]
  readonly evidence: readonly Evidence[]
  readonly unknown: readonly (Unknown & { readonly what: CensusUnknown })[]
}

export type CensusUnknown = 'live' | 'withoutTasks' | 'leftOver' | 'dying' | 'idsUsed'

/** What the owners of a census can be put in order by; numbers begin with the largest. */
export const censusOrders = ['held', 'live', 'no-process', 'left-over', 'dying', 'usage', 'name'] as const
export type CensusOrder = (typeof censusOrders)[number]
