// What the decoders of the kernel log give: one record a report, with the lines it was read from.

import type { Stamp } from '../../base/time.ts'

/** A line of a report worth quoting, as it was printed, without its dress. */
export interface Quote {
  /** 1-based line in the file; undefined where the log has none (the live ring). */
  readonly line?: number
  /** Its last line, where it was broken into several. */
  readonly lastLine?: number
  /** Sequence number of /dev/kmsg. */
  readonly seq?: number
  readonly text: string
}

export interface ReportBase {
  /** The log as a person would open it. */
  readonly path: string
  /** First and last line, 1-based, both included; undefined where the log has no lines (the live ring). */
  readonly lines?: readonly [first: number, last: number]
  /** First and last sequence number, where the log is /dev/kmsg. */
  readonly seq?: readonly [first: number, last: number]
  readonly at?: Stamp
  /** The few lines that carry the report: head, limit, counters, kill. At least one. */
  readonly quotes: readonly [Quote, ...Quote[]]
  /** Written to /dev/kmsg from user space (facility other than 0): a claim, not a kernel's word. */
  readonly userWritten?: true
}

/** A counter line of an OOM report: `memory: usage 65536kB, limit 65536kB, failcnt 12`. */
export interface MemoryCounter {
  /** Bytes. */
  readonly usage: number
  /** Bytes, `Infinity` for none. */
  readonly limit: number
  readonly failcnt: number
  /** The limit as printed, since "unlimited" has several spellings. */
  readonly limitKiB: number
}

/** gfp mask as printed (`0xd0`) and the names beside it, where the kernel printed them. */
export interface Gfp {
  readonly mask: string
  readonly flags?: string
}

/** One `Memory cgroup stats for PATH` of any era; the keys are the kernel's own (cache, rss, anon, total_rss, …). */
export interface MemcgStats {
  readonly memcg: string
  readonly line?: number
  /** Bytes, except keys that count events (pg*, workingset_*, thp_*, *swp*, numa_*). */
  readonly values: Readonly<Record<string, number>>
}

/** A process the OOM killer took. All sizes in bytes. */
export interface OomVictim {
  readonly pid: number
  readonly comm: string
  /** The thread named by "Kill process N" where it differs from the process killed. */
  readonly announcedPid?: number
  readonly score?: number
  readonly totalVm?: number
  readonly anonRss?: number
  readonly fileRss?: number
  readonly shmemRss?: number
  readonly pgtables?: number
  readonly uid?: number
  readonly oomScoreAdj?: number
  /** The oom_reaper said it took the memory back. */
  readonly reaped?: true
  /** What it could not take, bytes: what is locked, shared or of files stays until the process has gone. */
  readonly left?: { readonly anon: number; readonly file: number; readonly shmem?: number }
  /** "unable to reap": somebody held the lock of its memory for a second and more. */
  readonly notReaped?: true
  /** init shares its memory, which therefore stays. */
  readonly pinnedBy?: { readonly pid: number; readonly comm: string }
}

/** A row of "Tasks state". Counts of pages, except where bytes are said; what has no column is not there. */
export interface OomTask {
  readonly line?: number
  readonly pid: number
  readonly uid?: number
  readonly tgid?: number
  readonly comm: string
  readonly totalVm?: number
  readonly rss?: number
  /** From 6.8 on. */
  readonly rssAnon?: number
  readonly rssFile?: number
  readonly rssShmem?: number
  /** nr_ptes + nr_pmds (+ nr_puds), up to 4.14. */
  readonly pageTablePages?: number
  /** Bytes, from 4.15 on. */
  readonly pageTableBytes?: number
  readonly swap?: number
  readonly oomScoreAdj?: number
}

/** dump_tasks() of mm/oom_kill.c. */
export interface OomTaskTable {
  /** Processes in it; threads that some kernels list beside their process are not counted. */
  readonly count: number
  /** Lines that are no rows of this table's columns: damaged, or of a table whose header is not in the log. */
  readonly broken?: number
  /** Bytes, where the report tells: by its free blocks, or by a victim's total-vm in kB and in pages. */
  readonly pageSize?: number
  /** Those that hold most, those that score highest, and those that the report names; by what they hold. */
  readonly rows: readonly OomTask[]
  /** Of all rows, pages: what they hold in anonymous memory (in rss, where it is not split up) and in swap. */
  readonly anon: number
  readonly swap: number
  /** `anon` is all of rss: the kernel does not split it up, and pages that several map count once for each. */
  readonly notSplit?: true
  /** Names that several processes share and that together hold most, pages; without page tables in bytes where the size of a page is not known. */
  readonly names: readonly { readonly comm: string; readonly count: number; readonly pages: number }[]
}

/** Why nothing was killed, or the kernel stopped. */
export type OomEnd =
  /** The one chosen had no memory any more. */
  | 'exiting'
  /** "no killable processes" */
  | 'no-killable'
  /** vm.panic_on_oom = 2 */
  | 'panic-compulsory'
  /** vm.panic_on_oom = 1 */
  | 'panic-system-wide'
  /** "System is deadlocked on memory" */
  | 'panic-deadlocked'

export interface OomReport extends ReportBase {
  readonly kind: 'oom'
  /** Whose allocation started it. */
  readonly invoker?: string
  readonly gfp?: Gfp
  readonly order?: number
  readonly oomScoreAdj?: number
  /** undefined: cannot be known from what is there. */
  readonly scope?: 'memcg' | 'global' | 'cpuset' | 'sysrq'
  /** CONSTRAINT_… as printed. */
  readonly constraint?: string
  /** The cgroup whose limit was hit. */
  readonly memcg?: string
  /** The cgroup of the task that was killed. */
  readonly taskMemcg?: string
  readonly memory?: MemoryCounter
  readonly memsw?: MemoryCounter
  readonly swap?: MemoryCounter
  readonly kmem?: MemoryCounter
  readonly stats: readonly MemcgStats[]
  readonly victims: readonly OomVictim[]
  /** Release named by the report's own `CPU: … Comm: …` line. */
  readonly kernel?: string
  readonly slabReclaimablePages?: number
  readonly slabUnreclaimablePages?: number
  /** Where the node's memory was; never printed for a cgroup's limit. */
  readonly memInfo?: MemInfo
  /** Who ran and what it held; undefined: not printed (vm.oom_dump_tasks = 0), not there, or of two reports at once. */
  readonly tasks?: OomTaskTable
  /** vm.oom_kill_allocating_task: whoever asked was killed. */
  readonly allocatingTask?: true
  /** Other processes with the victim's memory, killed with it. */
  readonly sharing?: readonly { readonly pid: number; readonly comm: string }[]
  readonly end?: OomEnd
  /** Page faults that got no memory soon after, and were tried again: "VM_FAULT_OOM leaked out", from 5.15 on. */
  readonly faultsRetried?: number
  /** Whom the kernel had chosen and did not kill, since it was gone. */
  readonly exiting?: { readonly pid: number; readonly comm: string }
  /** `memory.oom.group` had all tasks of this cgroup killed. */
  readonly groupKill?: true
  /** The allocation was made to start a program: execve() is on the trace, or a container's runtime asked for it. */
  readonly starting?: true
  /** The head ("invoked oom-killer") is not in the log. */
  readonly truncatedHead?: true
  /** The log ends inside the report. */
  readonly truncated?: true
  /** Single lines left by a grep: what is not here may have been printed. */
  readonly fragment?: true
}

/** `node 0: slabs: 28, objs: 448, free: 0` */
export interface SlabNode {
  readonly node: number
  readonly slabs: number
  readonly objs: number
  readonly free: number
  /** SLAB only: `slabs: active/all, objs: active/all`. */
  readonly slabsActive?: number
  readonly objsActive?: number
}

export interface SlabAllocationFailure extends ReportBase {
  readonly kind: 'slub-alloc-failure' | 'slab-alloc-failure'
  readonly node: number
  readonly cpu?: number
  readonly gfp: Gfp
  /** Cache without the per-cgroup suffix: `dentry` of `dentry(1683:698bb…)`. undefined: the line is not in the log, or cannot be told to belong here. */
  readonly cache?: string
  /** N of `dentry(N:cgroup)`: kmemcg_id on 3.10, css serial number on 4.4 to 5.8. */
  readonly memcgId?: number
  /** Last component of the cgroup's path: pod directory or container id. */
  readonly memcgName?: string
  /** Bytes. */
  readonly objectSize?: number
  readonly bufferSize?: number
  readonly defaultOrder?: number
  readonly minOrder?: number
  /** SLAB only. */
  readonly order?: number
  /** undefined: not printed or not attributable; several CPUs print at once. */
  readonly nodes?: readonly SlabNode[]
  /** Printed together with others, without a caller id: which lines belong together is not certain. */
  readonly pairingAmbiguous?: true
}

/** A zone of Mem-Info. */
export interface MemInfoZone {
  /** undefined: a kernel without NUMA does not print it. */
  readonly node?: number
  /** `DMA`, `DMA32`, `Normal`, `HighMem`, `Movable`, `Device`. */
  readonly zone: string
  /** Bytes by the kernel's own keys: free, boost, min, low, high, reserved_highatomic, managed … */
  readonly values: Readonly<Record<string, number>>
  /** Pages that allocations for a higher zone must leave, by that zone's index. */
  readonly lowmemReserve?: readonly number[]
  /** Free blocks by order. `size` in bytes; `types`: letters of the migrate types that have some (none before 3.9). */
  readonly blocks?: readonly { readonly size: number; readonly count: number; readonly types?: string }[]
  /** What the kernel counts them to, in bytes. */
  readonly inBlocks?: number
  readonly allUnreclaimable?: boolean
}

/** What __show_mem() of mm/show_mem.c prints (show_mem() of lib/show_mem.c), and what the OOM killer adds to it. */
export interface MemInfo {
  /** Bytes, told by the free blocks of order 0; undefined: no such line is there, and pages stay pages. */
  readonly pageSize?: number
  /** Pages by the kernel's own keys: active_anon, slab_unreclaimable, free … */
  readonly pages: Readonly<Record<string, number>>
  readonly nodes: readonly {
    readonly node: number
    /** Bytes by the kernel's own keys. */
    readonly values: Readonly<Record<string, number>>
    readonly allUnreclaimable?: boolean
  }[]
  readonly zones: readonly MemInfoZone[]
  readonly hugepages: readonly {
    readonly node: number
    /** Bytes. */
    readonly size: number
    readonly total: number
    readonly free: number
    readonly surplus: number
  }[]
  /** Pages: `total pagecache`, `in swap cache`, `RAM`, `HighMem/MovableOnly`, `reserved`, `cma reserved`, `hwpoisoned`. */
  readonly totals: Readonly<Record<string, number>>
  /** Bytes. */
  readonly freeSwap?: number
  readonly totalSwap?: number
  /** "Unreclaimable slab info:" in bytes; `unread`: the kernel could not list the caches just then. */
  readonly slab?:
    | readonly { readonly cache: string; readonly used: number; readonly total: number }[]
    | 'unread'
  /** The log ends, or goes on to something else, before the block does. */
  readonly truncated?: true
}

/** warn_alloc() of mm/page_alloc.c: the kernel found no pages, and told its caller. */
export interface PageAllocationFailure extends ReportBase {
  readonly kind: 'page-alloc-failure'
  /** `page allocation stalls for 10014ms` of 4.9 to 4.14: it has not failed, it waits. */
  readonly warns?: 'stall'
  readonly comm: string
  readonly order: number
  readonly gfp: Gfp
  /** Milliseconds. */
  readonly stalled?: number
  /** Of the memory policy, as printed; undefined: none, or not printed. */
  readonly nodemask?: string
  readonly cpuset?: string
  /** Nodes of the cpuset: `0-1`. */
  readonly memsAllowed?: string
  readonly kernel?: string
  readonly pid?: number
  readonly cpu?: number
  /** Who asked, innermost first. */
  readonly frames: readonly Frame[]
  readonly memInfo?: MemInfo
  /** The log ends, or goes on to something else, before Mem-Info does. */
  readonly truncated?: true
}

/** A container runtime or the kubelet could not make a directory below a memory cgroup: no id was left for it. */
export interface MemcgNoSpace extends ReportBase {
  readonly kind: 'memcg-no-space'
  /** The directory that could not be made: `/sys/fs/cgroup/memory/kubepods/burstable/pod…`. */
  readonly directory: string
  /** EBUSY, as from 6.12 on, and not ENOSPC. */
  readonly busy?: true
}

/** `oom_kill_process: 70 callbacks suppressed`: the true number of events is at least shown + suppressed. */
export interface CallbacksSuppressed extends ReportBase {
  readonly kind: 'callbacks-suppressed'
  readonly source: string
  readonly count: number
}

/** A "Memory cgroup stats for" line that belongs to no OOM report that can be seen. */
export interface StrayMemcgStats extends ReportBase {
  readonly kind: 'memcg-stats'
  readonly stats: readonly [MemcgStats, ...MemcgStats[]]
}

/** One entry of a call trace. */
export interface Frame {
  /** Without offset, module or compiler suffixes' brackets: `kmem_cache_alloc_node_noprof`. undefined: a bare address. */
  readonly function?: string
  /** Bytes into the function, and its size, where printed (`+0x1a/0x200`). */
  readonly offset?: number
  readonly size?: number
  readonly module?: string
  readonly address?: bigint
  /** `? name`: found on the stack, perhaps no caller. */
  readonly uncertain?: true
  /** `mm/slub.c:3210` of a decoded trace, and whether it was marked `[inline]`. */
  readonly source?: string
  readonly inlined?: true
}

/** What slab debugging found. The values up to `bulk-free-count` are those under which logs are compared. */
export type SlubDamage =
  | 'redzone-overwritten'
  | 'poison-overwritten'
  | 'padding-overwritten'
  | 'freepointer-corrupt'
  | 'double-free'
  | 'objects-remaining'
  | 'bulk-free-count'
  | 'invalid-pointer'
  | 'wrong-cache'
  /** The slab's own counts and flags contradict each other. */
  | 'metadata'
  /** The heading is not in the log, or is one of which nothing is known. */
  | 'unknown'

/** Who allocated or freed an object: struct track of mm/slub.c. */
export interface SlubTrack {
  /** As printed: `klab_waf+0x34/0xf7 [klabmod]`, or an address of code that is no longer there. */
  readonly site: string
  /** Of these the name alone. */
  readonly function?: string
  readonly module?: string
  readonly ageJiffies?: number
  readonly cpu?: number
  readonly pid?: number
  readonly frames: readonly Frame[]
  /** The kernel kept no stack for it, and says so. */
  readonly stackMissing?: true
}

/** A row of a dump: up to 16 bytes, as they stood in memory. */
export interface DumpRow {
  /** `before`: the 16 bytes before an object without a red zone there; `padding` is also that at the end of a slab. */
  readonly part: 'before' | 'redzone' | 'object' | 'padding'
  /** Of a red zone: on which side of the object it stands. */
  readonly zone?: 'left' | 'right'
  /** Of the first byte, as printed: where addresses are hashed, each row's hash is another. undefined: `(ptrval)`. */
  readonly address?: bigint
  /** Of the first byte from the object's, negative before it; undefined where it cannot be known. */
  readonly offset?: number
  readonly bytes: readonly number[]
  readonly line?: number
}

/** Damaged bytes, first and last as printed. */
export interface SlubRange {
  /**
   * Where addresses are hashed these are two unrelated numbers, unless they are equal: then it is one byte. undefined:
   * printed as `(ptrval)`, since nothing random was there yet to hash with.
   */
  readonly start?: bigint
  readonly end?: bigint
  /** Of the first byte within the slab. */
  readonly offset?: number
  readonly firstByte?: number
  readonly expectedByte?: number
}

/** mm/slab.c only: the object before or behind the damaged one, with the head of what it held. */
export interface SlabNeighbour {
  readonly side: 'before' | 'behind'
  readonly address: bigint
  readonly redzones?: readonly [first: bigint, second: bigint]
  readonly lastUser?: string
  /** Their offsets are counted from the neighbour. */
  readonly rows: readonly DumpRow[]
}

export interface SlubCorruption extends ReportBase {
  readonly kind: 'slub-corruption'
  readonly damage: SlubDamage
  /** mm/slab.c printed it. */
  readonly allocator?: 'SLAB'
  /** As printed: `Right Redzone overwritten`; `''` where the heading is not in the log. */
  readonly reason: string
  /** Addresses are hashed (%p of 4.15 and later): only their equality says something, and the offsets do. */
  readonly hashed?: true
  /** Bytes of a pointer, by the digits that addresses have. */
  readonly word?: 4 | 8
  /** Which red zone; `kmalloc`: behind the bytes that were asked for, within the bucket. */
  readonly zone?: 'left' | 'right' | 'kmalloc'
  /** Without the per-cgroup suffix: `dentry` of `dentry(1683:698bb…)`. */
  readonly cache?: string
  /** N of `dentry(N:cgroup)`, and the last component of the cgroup's path, as of a failed allocation. */
  readonly memcgId?: number
  readonly memcgName?: string
  /** wrong-cache: whose the object is; `cache` is the one it was freed to. */
  readonly ownerCache?: string
  /** Between the brackets, without the word: `G    B      OE`; `''` where not tainted. */
  readonly taint?: string
  readonly kernel?: string
  /** Who ran when it was found. */
  readonly comm?: string
  readonly pid?: number
  readonly cpu?: number
  readonly slab?: {
    /** Of its struct page or struct slab. */
    readonly address?: bigint
    readonly objects?: number
    readonly used?: number
    readonly freePointer?: bigint
    readonly flags?: string
  }
  /** Of an invalid pointer: what was given to be freed. */
  readonly object?: bigint
  /** Of the object within its slab. */
  readonly objectOffset?: number
  /** Bytes; only mm/slab.c prints it. */
  readonly objectSize?: number
  /** What stands where the object's free pointer is. */
  readonly freePointer?: bigint
  readonly range?: SlubRange
  /** Other parts of the same object that are damaged too; from 6.15 on they have no heading of their own. */
  readonly further?: readonly {
    readonly damage: SlubDamage
    /** As printed: `Right Redzone overwritten`. */
    readonly reason: string
    readonly zone?: 'left' | 'right' | 'kmalloc'
    readonly range: SlubRange
  }[]
  readonly allocated?: SlubTrack
  readonly freed?: SlubTrack
  /** mm/slab.c only: who last allocated or freed the object. */
  readonly lastUser?: string
  /** mm/slab.c only: the words before and behind the object. */
  readonly redzones?: readonly [first: bigint, second: bigint]
  readonly neighbours?: readonly SlabNeighbour[]
  /** mm/slab.c only: "Single bit error detected. Probably bad RAM." */
  readonly singleBit?: true
  readonly rows: readonly DumpRow[]
  /** Rows of undamaged object or padding that are not kept, since there are too many. */
  readonly rowsLeftOut?: number
  /** objects-remaining: what was still allocated; undefined where the kernel listed nothing (its slabs were full). */
  readonly remaining?: readonly {
    readonly address: bigint
    readonly offset?: number
    readonly allocated?: SlubTrack
    readonly freed?: SlubTrack
  }[]
  /** objects-remaining: who took the cache away, as printed. */
  readonly calledFrom?: string
  /**
   * Where two numbers disagree. metadata: objects counted and objects that should be (at most); "Slab has 0 allocated
   * objects but 1 are to be freed": 0 found, 1 expected. bulk-free-count: what was freed, and what the caller announced.
   */
  readonly counts?: { readonly found: number; readonly expected: number }
  /** Where it was found. */
  readonly frames: readonly Frame[]
  /** `Restoring Poison 0x…-0x…=0x6b`, `Object at 0x… not freed`: what the kernel did about it. */
  readonly fixes: readonly string[]
  /** Printed together with another, without a caller id: whose the tracks and the trace are is not certain, and they are left out. */
  readonly pairingAmbiguous?: true
  readonly truncatedHead?: true
  /** Lines that the kernel prints in every such report are not in the log. */
  readonly truncated?: true
}

/** A memory cgroup (before 3.19 its res_counter) gave back more pages than had been charged. */
export interface PageCounterUnderflow extends ReportBase {
  readonly kind: 'page-counter-underflow'
  /** Pages, below zero: what the counter would have come to. undefined before 5.12, which prints a bare WARNING. */
  readonly counter?: number
  /** Pages that were to be given back. */
  readonly pages?: number
}

/** `BUG: Bad page state`: a page whose flags or counts contradict each other where it was freed or handed out. */
export interface BadPage extends ReportBase {
  readonly kind: 'bad-page'
  /** `map`: of a page table's entry; `cache`: a page still mapped left the page cache. */
  readonly what: 'state' | 'map' | 'cache'
  readonly comm?: string
  readonly pfn?: bigint
  /** Behind `page dumped because: `, as printed: `page still charged to cgroup`. */
  readonly reason?: string
  /** Reports of its kind that were not printed. */
  readonly suppressed?: number
}

/** A process went away and its memory counters had not come back to zero: check_mm() of kernel/fork.c. */
export interface BadRssCounter extends ReportBase {
  readonly kind: 'bad-rss-counter'
  /** `MM_ANONPAGES`, `pgtables_bytes`; undefined: a number this kernel's order is needed for. */
  readonly counter?: string
  /** In what the counter counts: pages, of `pgtables_bytes` bytes. */
  readonly value: number
  readonly comm?: string
  readonly pid?: number
}

/** `unregister_netdevice: waiting for lo to become free`: printed every ten seconds while somebody holds it. */
export interface NetdeviceWait extends ReportBase {
  readonly kind: 'netdevice-wait'
  readonly device: string
  /** References that are left. */
  readonly references: number
}

export interface PercpuAllocationFailure extends ReportBase {
  readonly kind: 'percpu-alloc-failure'
  /** Bytes, on each CPU. */
  readonly size?: number
  readonly align?: number
  /** The caller could not wait. */
  readonly atomic?: boolean
  /** As printed: `failed to populate`. */
  readonly reason?: string
  /** `limit reached, disable warning`: after ten of them the kernel prints no more until it boots. */
  readonly limitReached?: true
}

export interface VmallocFailure extends ReportBase {
  readonly kind: 'vmalloc-failure'
  readonly comm?: string
  /** Bytes that were asked for. */
  readonly size?: number
  /** Bytes that could be had. */
  readonly allocated?: number
  /** `address-space`: no free range of addresses; `pages`: no pages for it; `limit`: more than there is memory. */
  readonly why: 'address-space' | 'pages' | 'limit' | 'other'
  readonly order?: number
  readonly gfp?: Gfp
}

/** A task or a CPU that did not get on, in the kernel's memory code. */
export interface MemoryStall extends ReportBase {
  readonly kind: 'memory-stall'
  /** `allocation`: XFS's own message that it waits for memory. */
  readonly stall: 'hung-task' | 'soft-lockup' | 'allocation'
  readonly comm?: string
  readonly pid?: number
  readonly cpu?: number
  /** How long by then. */
  readonly seconds?: number
  /** The innermost function of the memory code: `shrink_slab`, `memcg_stat_show`, `kmem_alloc`. */
  readonly function: string
  readonly area: 'reclaim' | 'memcg' | 'slab' | 'allocation'
  /** `allocation`: bytes that XFS wants in one piece. */
  readonly size?: number
  readonly gfp?: Gfp
  readonly frames: readonly Frame[]
}

export interface TcpMemory extends ReportBase {
  readonly kind: 'tcp-memory'
  readonly what: 'out-of-memory' | 'orphans'
}

export interface ConntrackFull extends ReportBase {
  readonly kind: 'conntrack-full'
  /** Inode number of the network namespace, where it is not the host's (6.17). */
  readonly netns?: number
}

/** What KASAN and its kin found: told and named, not decoded. */
export interface SanitizerReport extends ReportBase {
  readonly kind: 'sanitizer'
  readonly tool: 'KASAN' | 'KFENCE' | 'KMSAN' | 'UBSAN'
  /** As printed: `use-after-free`, `slab-out-of-bounds`. */
  readonly what: string
  /** Function, of UBSAN file and line. */
  readonly where?: string
}

export interface PidsLimit extends ReportBase {
  readonly kind: 'pids-limit'
  /** The cgroup whose fork was refused. */
  readonly cgroup: string
}

export interface SlabCreateFailure extends ReportBase {
  readonly kind: 'slab-create-failure'
  readonly cache: string
  /** errno, above zero: 12 ENOMEM, 17 EEXIST. */
  readonly error: number
}

/** An object of kernel memory to which a scan of kmemleak found no pointer: struct kmemleak_object of mm/kmemleak.c. */
export interface KmemleakObject {
  /** undefined: of the record's head only the words are left. */
  readonly address?: bigint
  /** Bytes. */
  readonly size?: number
  /** Per-CPU memory, which older kernels do not report, or memory known by its physical address. */
  readonly area?: 'percpu' | 'phys'
  /** Who allocated it. */
  readonly comm?: string
  readonly pid?: number
  /** When it was allocated. */
  readonly jiffies?: number
  /** Seconds; not printed by 6.1.y and by 6.8 and later. */
  readonly ageSeconds?: number
  /** Checksum of its bytes, as printed; 6.8 on. */
  readonly crc?: string
  /** Its first bytes, at most 32. */
  readonly bytes: readonly number[]
  readonly frames: readonly Frame[]
}

/** What kmemleak says of itself. Only `on` and `off` say whether it works; the others say why, or who scans. */
export type KmemleakState =
  | 'on'
  | 'off'
  | 'scanning'
  | 'not-scanning'
  | 'early-log-full'
  | 'pool-empty'
  | 'no-memory'
  | 'overlap'
  | 'no-file'

/** A record of kmemleak, where it prints them to the log, or somebody pasted them. */
export interface KmemleakSuspect extends ReportBase {
  readonly kind: 'kmemleak'
  readonly says: 'suspect'
  readonly object: KmemleakObject
  /** The backtrace, or more, is not there. */
  readonly truncated?: true
}

/** `kmemleak: 13 new suspected memory leaks (see /sys/kernel/debug/kmemleak)`: the result of one scan. */
export interface KmemleakScan extends ReportBase {
  readonly kind: 'kmemleak'
  readonly says: 'scan'
  readonly count: number
}

/** kmemleak was switched on or off, or gave up. */
export interface KmemleakStateChange extends ReportBase {
  readonly kind: 'kmemleak'
  readonly says: 'state'
  readonly state: KmemleakState
}

export type KmemleakReport = KmemleakSuspect | KmemleakScan | KmemleakStateChange

/** A line that says how many others are not in the log: what they said is not known. */
export interface RecordsLost extends ReportBase {
  readonly kind: 'records-lost'
  readonly by: 'printk' | 'journald' | 'rsyslog'
  /** undefined: it does not say how many. */
  readonly count?: number
  /** Whose lines: the kernel's may be among them, or only what programs wrote. */
  readonly whose: 'kernel' | 'programs'
  /** The unit whose lines they were. */
  readonly unit?: string
}

export type KernelReport =
  | OomReport
  | SlabAllocationFailure
  | PageAllocationFailure
  | MemcgNoSpace
  | CallbacksSuppressed
  | StrayMemcgStats
  | SlubCorruption
  | KmemleakReport
  | PageCounterUnderflow
  | BadPage
  | BadRssCounter
  | NetdeviceWait
  | PercpuAllocationFailure
  | VmallocFailure
  | MemoryStall
  | TcpMemory
  | ConntrackFull
  | SanitizerReport
  | PidsLimit
  | SlabCreateFailure
  | RecordsLost
