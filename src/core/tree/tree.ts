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

/**
 * A node's files. Opened by whoever knows how, read synchronously: /proc and cgroupfs answer from memory, and a
 * read through a thread pool costs ten times the read itself.
 *
 * Paths are the node's own without the leading slash: `proc/meminfo`. Logs given by hand, which have no place on
 * a node, stand under `log/`.
 */
export interface Tree {
  readonly origin: Origin
  /** The whole file. Pseudo-files are read once, without stat. */
  read(path: string): Uint8Array | Gap
  /** Names in a directory, without `.` and `..`; a file `dir.list` stands for the listing of a directory that was not kept. */
  list(dir: string): readonly string[] | Gap
  /** Names of the directories in a directory. */
  directories(dir: string): readonly string[] | Gap
  /** Where a symbolic link points, as written. */
  link(path: string): string | Gap
  /** The inode of a directory: a cgroup is its inode. */
  inode(dir: string): number | Gap
  /** A file in pieces, for logs larger than memory. What fails in mid-file is thrown away after the last good piece and told in `gaps`. */
  chunks(path: string): Iterable<Uint8Array> | Gap
  /** The name under which a person finds what `path` gave: `/proc/meminfo`, `./node-files/proc/meminfo`, `dmesg.txt`. */
  shown(path: string): string
}

/** Tells a gap from what a Tree gives otherwise. */
export function isGap(answer: unknown): answer is Gap {
  return typeof answer === 'object' && answer !== null && 'why' in answer && 'path' in answer
}
