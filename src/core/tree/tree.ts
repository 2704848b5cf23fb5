// The only door to the outside. A node is a tree of files, wherever they are: on the live node, in a directory
// that somebody saved, in a handful of logs, in memory.

/** Why something that was looked for could not be had. */
export type GapReason = 'absent' | 'denied' | 'vanished' | 'truncated' | 'unreadable'

/** A place that was looked at and gave nothing, or not all. Never an exception, never silence. */
export interface Gap {
  /** As a person would open it. */
  readonly path: string
  readonly why: GapReason
  /** What the system said, for the person who wonders: `EIO`, `line longer than 64 KiB`. */
  readonly detail?: string
}

export type Origin = 'live' | 'directory' | 'files' | 'memory'

/** What one stat of a directory tells. */
export interface DirectoryStat {
  /** Identity of a cgroup; not the node's own in a copy. */
  readonly inode?: number
  /**
   * Directories in it, by its link count (kernfs_refresh_inode in fs/kernfs/inode.c: subdirs + 2; so on 3.10 too).
   * Only of live pseudo-files: elsewhere a link count can mean anything.
   */
  readonly directories?: number
}

/** What lstat tells of whatever stands at a path; a link is not followed. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other'
  /** Length in bytes; of a directory by the filesystem's own measure, which grows with what is in it. */
  readonly size: number
  /** Bytes it takes up. */
  readonly allocated: number
  /** User id. */
  readonly uid: number
  /** Names it has. */
  readonly links: number
  /** `0:32`, as in mountinfo. */
  readonly device: string
  readonly inode: number
}

/** What a file or directory given by hand turned out to be. */
export type GivenKind =
  | 'buddyinfo'
  | 'cgroup-stat'
  | 'cgroup-v1'
  | 'cgroup-v2'
  | 'cmdline'
  | 'kernel-config'
  | 'kmemleak'
  | 'log'
  | 'meminfo'
  | 'memory-stat-v1'
  | 'memory-stat-v2'
  | 'mountinfo'
  | 'os-release'
  | 'proc-cgroups'
  | 'psi'
  | 'shell-transcript'
  | 'slab-names'
  | 'slabinfo'
  | 'version'
  | 'vmstat'
  | 'zoneinfo'

/** A file or directory given by hand, and the place on a node it was put at. */
export interface Given {
  readonly kind: GivenKind
  /** `proc/meminfo`; `log/1-dmesg.txt`; of a bare cgroup directory the mount point it stands for. */
  readonly path: string
  /** As it was given. */
  readonly shown: string
}

/**
 * A node's files. Opened by whoever knows how, read synchronously: /proc and cgroupfs answer from memory, and a
 * read through a thread pool costs ten times the read itself.
 *
 * Paths are the node's own without the leading slash: `proc/meminfo`. Logs given by hand, which have no place on
 * a node, stand under `log/`.
 */
export interface Tree {
  readonly origin: Origin
  /** What was given by hand and put at a node's path. Of a bare cgroup directory nobody knows what is above it. */
  readonly given?: readonly Given[]
  /**
   * The whole file. Pseudo-files are read once, without stat. `proc/self` seen from outside is the node's init;
   * `proc/config` is `proc/config.gz` unpacked.
   */
  read(path: string): Uint8Array | Gap
  /** As `read`, for small files by the thousand: the bytes are good until the tree is read again. */
  peek(path: string): Uint8Array | Gap
  /** Names in a directory, without `.` and `..`; a file `dir.list` stands for the listing of a directory that was not kept. */
  list(dir: string): readonly string[] | Gap
  /** Names of the directories in a directory. */
  directories(dir: string): readonly string[] | Gap
  /** Where a symbolic link points, as written. */
  link(path: string): string | Gap
  /** The inode of a directory: a cgroup is its inode. */
  inode(dir: string): number | Gap
  /** The inode of a directory and how many directories are in it, in one look. */
  stat(dir: string): DirectoryStat | Gap
  /** Size and owner of a file. Of a live node only: a copy's are not the node's. */
  file?(path: string): FileStat | Gap
  /**
   * A file in pieces, for logs larger than memory. What fails in mid-file is thrown away after the last good piece and
   * told in `gaps`. `lent`: a piece need only be good until the next is asked for, which spares a buffer a piece.
   */
  chunks(path: string, lent?: 'lent'): Iterable<Uint8Array> | Gap
  /** What failed in mid-file so far, records of dev/kmsg that were overwritten while it was read (detail EPIPE) included. */
  gaps(): readonly Gap[]
  /** The name under which a person finds what `path` gave: `/proc/meminfo`, `./node-files/proc/meminfo`, `dmesg.txt`. */
  shown(path: string): string
}

/** Tells a gap from what a Tree gives otherwise. */
export function isGap(answer: unknown): answer is Gap {
  return typeof answer === 'object' && answer !== null && 'why' in answer && 'path' in answer
}
