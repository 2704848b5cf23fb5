// /proc/kpagecgroup and /proc/kpageflags (fs/proc/page.c, Documentation/admin-guide/mm/pagemap.rst): for each page frame
// 64 bits in the byte order of the machine. The one file has the inode of the memory cgroup that is charged for the page,
// and where that cgroup was removed, of the nearest of those above it that was not (page_cgroup_ino() of
// mm/memcontrol.c); 0: nobody is charged. The other has the bits below.
//
// Not in it: slab objects from 5.9 on, since a page of theirs has many owners; percpu memory; all but the first page of
// a large allocation that is no compound page.

/** What a page holds. */
export const pageKinds = [
  'pageCache',
  'tmpfs',
  'anonymous',
  'pageTables',
  'slab',
  'hugetlb',
  'kernel',
] as const

/**
 * `tmpfs`: tmpfs, shared memory, memfd. `slab`: whole pages of slab, up to 5.8 only. `kernel`: pages without a sign, which
 * are large allocations, stacks, buffers of sockets and pipes.
 */
export type PageKind = (typeof pageKinds)[number]

export type PageCounts = Readonly<Record<PageKind, number>>

export interface PageOwners {
  /** Page frames looked at, holes of the address space included. */
  readonly pages: number
  /** Pages for each inode some page is charged to. */
  readonly byInode: ReadonlyMap<number, PageCounts>
  /** Charged pages of more inodes than are told apart. */
  readonly others: number
  /** One of the files ended before the other, or within a word. */
  readonly truncated?: true
}

/** Inodes told apart: there are 65,535 ids of memory cgroups, and new cgroups come while pages are read (ours). */
const INODES_LIMIT = 200_000

/** Bits of /proc/kpageflags, include/uapi/linux/kernel-page-flags.h. */
const LOCKED = 1 << 0
const UPTODATE = 1 << 3
const DIRTY = 1 << 4
const LRU = 1 << 5
const SLAB = 1 << 7
const WRITEBACK = 1 << 8
const BUDDY = 1 << 10
const ANON = 1 << 12
const SWAPBACKED = 1 << 14
const TAIL = 1 << 16
const HUGE = 1 << 17
const PGTABLE = 1 << 26

/** A page that was just read waits in a list of its CPU before it is on an LRU list (mm/swap.c). */
const OF_A_FILE = LRU | UPTODATE | DIRTY | WRITEBACK | LOCKED

const KIND = Object.fromEntries(pageKinds.map((kind, index) => [kind, index])) as Record<PageKind, number>

function kindOf(flags: number): number {
  if ((flags & ANON) !== 0) return KIND.anonymous
  if ((flags & HUGE) !== 0) return KIND.hugetlb
  if ((flags & SWAPBACKED) !== 0) return KIND.tmpfs
  if ((flags & SLAB) !== 0) return KIND.slab
  if ((flags & PGTABLE) !== 0) return KIND.pageTables
  return (flags & OF_A_FILE) !== 0 ? KIND.pageCache : KIND.kernel
}

/** Which half of a word is the lower one on this machine. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

/** Counts pages from both files, as they are read. */
export interface PageFold {
  /** The next pages: two halves a page, as many of one file as of the other. */
  add(owners: Uint32Array, flags: Uint32Array): void
  result(): PageOwners
}

export function pageFold(): PageFold {
  const counts = new Map<number, number[]>()
  let pages = 0
  let others = 0
  // the last page that is no tail: of those after it that are tails the head
  let isOwned = false
  let headLow = 0
  let headHigh = 0
  let headKind = 0
  // pages alike in a row, which are counted at once
  let runLow = 0
  let runHigh = 0
  let runKind = 0
  let run = 0

  function flush(): void {
    if (run > 0) {
      const inode = runHigh * 2 ** 32 + runLow
      let entry = counts.get(inode)
      if (entry === undefined && counts.size < INODES_LIMIT) {
        entry = pageKinds.map(() => 0)
        counts.set(inode, entry)
      }
      if (entry === undefined) others += run
      else entry[runKind] = (entry[runKind] ?? 0) + run
    }
    run = 0
  }

  return {
    add(owners, flags) {
      const halves = Math.min(owners.length, flags.length) & ~1
      pages += halves / 2
      for (let at = 0; at < halves; at += 2) {
        const bits = flags[at + LOW] ?? 0
        // a tail has its head's owner and kind: on 6.1 none of its own, on 6.18 the same
        if ((bits & TAIL) === 0) {
          headLow = owners[at + LOW] ?? 0
          headHigh = owners[at + HIGH] ?? 0
          isOwned = headLow !== 0 || headHigh !== 0
          if (isOwned) headKind = kindOf(bits)
        }
        // BUDDY: freed after its owner was read
        if (!isOwned || (bits & BUDDY) !== 0) continue
        if (headLow !== runLow || headHigh !== runHigh || headKind !== runKind) {
          flush()
          runLow = headLow
          runHigh = headHigh
          runKind = headKind
        }
        run += 1
      }
    },
    result() {
      flush()
      return {
        pages,
        others,
        byInode: new Map(
          [...counts].map(([inode, entry]) => [
            inode,
            Object.fromEntries(pageKinds.map((kind, index) => [kind, entry[index] ?? 0])) as Record<
              PageKind,
              number
            >,
          ]),
        ),
      }
    },
  }
}

/** Halves of words out of pieces of any length and place; what of a word is left at the end is said in `torn`. */
function* wordsOf(
  pieces: Iterable<Uint8Array>,
  tell: { torn: boolean },
): Generator<Uint32Array, undefined, undefined> {
  let rest = new Uint8Array(0)
  for (const piece of pieces) {
    let bytes = piece
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + piece.length)
      bytes.set(rest)
      bytes.set(piece, rest.length)
    }
    const whole = bytes.length & ~7
    rest = bytes.slice(whole)
    if (whole === 0) continue
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice(0, whole)
    yield new Uint32Array(aligned.buffer, aligned.byteOffset, whole / 4)
  }
  tell.torn = rest.length > 0
}

/**
 * Both files from the first page to the last, in step with each other: at any moment only a piece of each is looked at,
 * and none is kept.
 */
export function foldPages(owners: Iterable<Uint8Array>, flags: Iterable<Uint8Array>): PageOwners {
  const fold = pageFold()
  const torn = { torn: false }
  const otherTorn = { torn: false }
  const left = wordsOf(owners, torn)
  const right = wordsOf(flags, otherTorn)
  const none = new Uint32Array(0)
  let a: Uint32Array = none
  let b: Uint32Array = none
  let truncated = false
  for (;;) {
    if (a.length === 0) a = left.next().value ?? none
    if (b.length === 0) b = right.next().value ?? none
    if (a.length === 0 || b.length === 0) {
      truncated = a.length !== b.length
      break
    }
    const both = Math.min(a.length, b.length)
    fold.add(a.subarray(0, both), b.subarray(0, both))
    a = a.subarray(both)
    b = b.subarray(both)
  }
  left.return(undefined)
  right.return(undefined)
  const result = fold.result()
  return truncated || torn.torn || otherTorn.torn ? { ...result, truncated: true } : result
}
