// Whose pages are in memory, page by page, and which files may be what holds the pages of removed cgroups. Read on request
// only: it costs kernel time for every page of the node.

import type { PageCounts, PageKind, PageOwners } from '../decode/proc/kpage.ts'
import type { Memcg } from './memcg.ts'

/** A memory cgroup some page is charged to, looked at once more after the pages. */
export interface OwnerAfter {
  /** It is still the directory it was. */
  readonly there: boolean
  /** v1: `cache`, `rss` and `shmem` of memory.stat, as far as they stand there. */
  readonly stat?: Readonly<Record<string, number>>
}

export interface PageOwnership {
  /** /proc/kpagecgroup and /proc/kpageflags as a person would open them. */
  readonly path: string
  readonly flagsPath: string
  readonly owners: PageOwners
  /** Bytes of a page (AT_PAGESZ of proc/self/auxv); undefined: not read. */
  readonly pageSize?: number
  /** By path within the hierarchy. */
  readonly after: ReadonlyMap<string, OwnerAfter>
}

export interface PinFile {
  readonly path: string
  /** Bytes it takes up: of tmpfs in memory (or swap), else on disk. */
  readonly bytes: number
  /** Length in bytes. */
  readonly size: number
  /** User id of the owner. */
  readonly uid: number
}

/** A mount, a volume or the logs of a pod. */
export interface PinPlace {
  readonly kind: 'tmpfs' | 'volume' | 'log'
  readonly path: string
  readonly podUid?: string
  /** A container's, or a pod's sandbox's. */
  readonly containerId?: string
  readonly files: number
  /** Sum of what the files take up. */
  readonly bytes: number
  /** The largest, largest first. */
  readonly largest: readonly PinFile[]
  /** Not all of it was looked at: too many files, or a directory that could not be read. */
  readonly partial?: true
}

export interface PinPlaces {
  readonly places: readonly PinPlace[]
  /** Not all places were looked at. */
  readonly partial?: true
}

/** Kinds of pages that stay charged to whom they were charged to; kernel pages are handed up when a cgroup is removed. */
export const stayingKinds = ['pageCache', 'tmpfs', 'anonymous'] as const satisfies readonly PageKind[]
export type StayingKind = (typeof stayingKinds)[number]
export type StayingCounts = Readonly<Record<StayingKind, number>>

/**
 * `memory.stat`: own pages subtracted (v1). `no-removed-children`: the kernel counts none. `no-own-tasks`: a cgroup of v2
 * without processes; what it was charged before it had none is in the number.
 */
export type PinMethod = 'memory.stat' | 'no-removed-children' | 'no-own-tasks'

/** What a pod and its container are called, where that is known. */
export interface PinName {
  readonly namespace?: string
  readonly pod?: string
  readonly container?: string
}

/** One live memory cgroup and what stands on its inode. Counts are pages. */
export interface PinRow {
  readonly memcg: Memcg
  readonly name: PinName
  readonly inode: number
  /** All that stands on its inode. */
  readonly pages: PageCounts
  /** Of these its own, as far as that is known. */
  readonly own?: StayingCounts
  /** Of these its removed children's. undefined: cannot be told. */
  readonly dead?: StayingCounts
  readonly deadPages?: number
  readonly method?: PinMethod
  /** How far `deadPages` may be off. */
  readonly error?: number
  /** The file that tells its own from its removed children's: memory.stat (v1), cgroup.stat (v2). */
  readonly from?: string
}

export interface PinCandidate {
  readonly place: PinPlace
  readonly name: PinName
  /** A pod's, of which no cgroup is left. */
  readonly podGone?: true
  /** Paths of cgroups whose removed children may have written it, those with the most pages first. */
  readonly mayPin: readonly string[]
}

export interface Pins {
  readonly ownership: PageOwnership
  /** Cgroups whose removed children hold more pages than the error, most pages first. */
  readonly rows: readonly PinRow[]
  /** Live cgroups without processes that hold pages of their own: left over, not dying. */
  readonly withoutTasks: readonly PinRow[]
  /** Cgroups with pages of which it cannot be told whose they are. */
  readonly untold: readonly PinRow[]
  /** Pages of all rows' removed children, by kind. */
  readonly dead: StayingCounts
  /** Pages of cgroups that are not in the tree: made since it was read, or outside of the part that is seen. */
  readonly elsewhere: number
  readonly candidates: readonly PinCandidate[]
  /** Not all places with candidates were looked at. */
  readonly candidatesPartial?: true
}
