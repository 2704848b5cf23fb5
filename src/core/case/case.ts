// All that is known about one node. Collectors fill it, detectors judge it.

import type { Instant } from '../base/time.ts'
import type { BuddyZone } from '../decode/proc/buddyinfo.ts'
import type { Zone } from '../decode/proc/zoneinfo.ts'
import type { KmemleakReading } from '../decode/sys/kmemleak.ts'
import type { Gap, GapReason, Origin } from '../tree/tree.ts'
import type { KernelLog } from './kernel-log.ts'
import type { Kubelet, Software } from './kubelet.ts'
import type { MemcgTree } from './memcg.ts'
import type { PageOwnership, PinPlaces } from './pins.ts'
import type { Pods } from './pods.ts'

/** Where a value was read. */
interface From {
  /** As a person would open it. */
  readonly path: string
}

export interface NodeIdentity {
  readonly hostname?: string
  /** `uname -r`: 3.10.0-957.el7.x86_64. */
  readonly kernel?: string
  /** Where `kernel` was read: proc/version, or a line of the log. */
  readonly kernelFrom?: From & { readonly line?: number }
  /** PRETTY_NAME of os-release. */
  readonly distribution?: string
  /** ID of os-release: centos, ubuntu, debian … */
  readonly distributionId?: string
  readonly cgroup?: 'v1' | 'v2' | 'hybrid'
  readonly bootId?: string
  /** Seconds since boot. */
  readonly uptimeSeconds?: number
}

/** Bytes by the kernel's own keys: MemTotal, SUnreclaim … */
export interface Meminfo extends From {
  readonly values: Readonly<Record<string, number>>
}

export interface Vmstat extends From {
  readonly values: Readonly<Record<string, number>>
}

/** Free blocks of each zone, by order. */
export interface Buddyinfo extends From {
  readonly zones: readonly BuddyZone[]
}

/** What is free in each zone and what must be, in pages. */
export interface Zoneinfo extends From {
  readonly zones: readonly Zone[]
}

/** A line of /proc/cgroups. */
export interface CgroupController {
  readonly hierarchy: number
  /** cgroups not yet freed in that hierarchy, removed ones included. */
  readonly numCgroups: number
  readonly enabled: boolean
}

/** CPUs; `path` is where the possible ones were read, else the online ones. */
export interface Cpus extends From {
  /** Percpu memory has a copy for each. */
  readonly possible?: number
  readonly online?: number
}

export interface ProcCgroups extends From {
  readonly controllers: Readonly<Record<string, CgroupController>>
}

/** Names under /sys/kernel/slab: caches, aliases and, before 5.9, per-cgroup copies `dentry(112:c116)`. */
export interface SlabNames extends From {
  readonly names: readonly string[]
}

/** The kernel command line, and the words of it that matter here. */
export interface Cmdline extends From {
  readonly text: string
  /** `BOOT_IMAGE=`, without the path of the loader. */
  readonly kernelImage?: string
  /** `cgroup.memory=…nokmem`. */
  readonly cgroupMemoryNokmem: boolean
  /** Value of slub_debug= or slab_debug=; '' where it stands alone. */
  readonly slubDebug?: string
  readonly kmemleak?: string
}

/** Which anonymous memory gets huge pages: the word in brackets of transparent_hugepage/enabled. */
export interface HugePageMode extends From {
  readonly mode: 'always' | 'madvise' | 'never'
}

/** /proc/sys/fs/dentry-state; counts. */
export interface DentryState extends From {
  readonly dentries: number
  /** On the list reclaim takes from. */
  readonly unused: number
  /** Of names that do not exist; kernels before 5.0 print 0 in its place, as do those without any. */
  readonly negative: number
}

/** Buffers of TCP sockets of the whole node, in pages, and what they are held against. */
export interface TcpMemory extends From {
  readonly pages: number
  /** net.ipv4.tcp_mem. */
  readonly limits?: From & { readonly low: number; readonly pressure: number; readonly high: number }
}

/** A BPF map that a process holds open. */
export interface BpfMap extends From {
  readonly id: number
  /** Bytes the kernel says it takes; up to 6.3 an estimate, for some sorts of the most it may come to take. */
  readonly memlock: number
}

/** The BPF maps that processes of a cgroup hold open. Only ever looked for in the few with the most kernel memory. */
export interface BpfMapHolder {
  /** Path of the cgroup within the hierarchy. */
  readonly memcg: string
  /** Each once, largest first. */
  readonly maps: readonly BpfMap[]
  /** The descriptors of a process could not be read: there may be more. */
  readonly unread?: From
}

/** CONFIG_… of the running release: `y`, `m`, `n` or a value. */
export interface KernelConfig extends From {
  readonly values: Readonly<Record<string, string>>
}

/**
 * Whether memory.kmem.slabinfo of a cgroup could be read: on 3.10 it gives EIO where accounting is not active. Only
 * ever asked of a handful of cgroups along one path, because reading it takes the slab mutex.
 */
export interface KmemSlabinfoProbe extends From {
  /** Path of the cgroup within the hierarchy. */
  readonly memcg: string
  readonly readable: boolean
}

/** What kmemleak found, and what shows whether it could. */
export interface Kmemleak extends From {
  /** undefined: its file was not read, for `missing`. */
  readonly reading?: KmemleakReading
  readonly missing?: GapReason
  /** Whether debugfs is mounted at its place; undefined: not known. */
  readonly debugfs?: boolean
  /** The lockdown in force: `none`, `integrity` or `confidentiality`; undefined: not known, or not in this kernel. */
  readonly lockdown?: string
}

/** What was read at one instant. */
export interface Sample {
  readonly at: Instant
  readonly meminfo?: Meminfo
  readonly vmstat?: Vmstat
  readonly buddyinfo?: Buddyinfo
  readonly zoneinfo?: Zoneinfo
  readonly cgroups?: ProcCgroups
  /** v1, where a hierarchy beside memory's has many more cgroups than memory has directories: its directories. */
  readonly cgroupDirectories?: Readonly<Record<string, From & { readonly directories: number }>>
  readonly cpus?: Cpus
  readonly memcg?: MemcgTree
  readonly slabNames?: SlabNames
  readonly kmemleak?: Kmemleak
  readonly kmemSlabinfo?: readonly KmemSlabinfoProbe[]
  readonly hugePages?: HugePageMode
  readonly dentries?: DentryState
  readonly tcp?: TcpMemory
  readonly bpfMaps?: readonly BpfMapHolder[]
  /** On request only, as is what follows. */
  readonly pageOwners?: PageOwnership
  readonly pinPlaces?: PinPlaces
}

export interface Case {
  readonly origin: Origin
  readonly node: NodeIdentity
  readonly cmdline?: Cmdline
  readonly config?: KernelConfig
  readonly pods?: Pods
  readonly kubelet?: Kubelet
  /** What is at hand of versions; one piece of software can be here several times, from several sources. */
  readonly software?: readonly Software[]
  /** Oldest first; one is enough, a trend needs more. */
  readonly samples: readonly Sample[]
  readonly log?: KernelLog
  readonly gaps: readonly Gap[]
}
