// The fold over /proc/kpagecgroup and /proc/kpageflags: what is counted is what a plain look at each page counts,
// however the files come in pieces, and on kernels whose tails have no owner of their own.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldPages, type PageKind, type PageOwners } from '../../../../src/core/decode/proc/kpage.ts'

/** Flags as 6.18 gave them for pages of each kind, and of a free page and a hole. */
const FLAGS: Readonly<Record<PageKind, readonly bigint[]>> = {
  pageCache: [0x2_0000_006cn, 0x28n, 0x38n, 0x8n, 0x1n],
  tmpfs: [0x4038n, 0x204_4038n, 0x487cn],
  anonymous: [0x4_5828n, 0x5868n, 0x1000n],
  pageTables: [0x400_0000n],
  slab: [0x80n],
  hugetlb: [0x2_0000n],
  kernel: [0x0n, 0x800n],
}
const HEAD = 0x8000n
const TAIL = 0x1_0000n

interface Folio {
  readonly inode: number
  readonly kind: PageKind
  readonly flags: bigint
  readonly pages: number
}

const folio: fc.Arbitrary<Folio> = fc
  .tuple(
    fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2 ** 32, max: 2 ** 32 + 2 })),
    fc.constantFrom(...(Object.keys(FLAGS) as PageKind[])),
    fc.nat(),
    fc.constantFrom(1, 1, 1, 4, 16),
  )
  .map(([inode, kind, which, pages]) => ({
    inode,
    kind,
    pages,
    flags: FLAGS[kind][which % FLAGS[kind].length] ?? 0n,
  }))

/** Both files; `bare`: tails have neither owner nor flags, as up to 6.4. */
function files(folios: readonly Folio[], bare: boolean): readonly [Uint8Array, Uint8Array] {
  const owners: bigint[] = []
  const flags: bigint[] = []
  for (const one of folios) {
    for (let page = 0; page < one.pages; page += 1) {
      const tail = page > 0
      owners.push(tail && bare ? 0n : BigInt(one.inode))
      const compound = one.pages === 1 ? 0n : tail ? TAIL : HEAD
      flags.push(tail && bare ? TAIL : one.flags | compound)
    }
  }
  const bytes = (words: readonly bigint[]) => new Uint8Array(new BigUint64Array(words).buffer)
  return [bytes(owners), bytes(flags)]
}

function expected(folios: readonly Folio[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { inode, kind, pages } of folios) {
    if (inode !== 0) counts[`${inode} ${kind}`] = (counts[`${inode} ${kind}`] ?? 0) + pages
  }
  return counts
}

function counted({ byInode }: PageOwners): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [inode, kinds] of byInode) {
    for (const [kind, pages] of Object.entries(kinds)) if (pages > 0) counts[`${inode} ${kind}`] = pages
  }
  return counts
}

/** `bytes` in pieces of the lengths given, over and over, each in the same buffer at an odd place. */
function* lent(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  const buffer = new Uint8Array(1 + Math.max(1, ...lengths))
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at)
    const start = turn % 2
    buffer.set(bytes.subarray(at, at + length), start)
    yield buffer.subarray(start, start + length)
    at += length
  }
}

const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 })

describe('the owners of pages', () => {
  it('are counted as a plain look at each page counts them, in whatever pieces the files come', () => {
    fc.assert(
      fc.property(
        fc.array(folio, { maxLength: 60 }),
        fc.boolean(),
        lengths,
        lengths,
        (all, bare, one, two) => {
          const [owners, flags] = files(all, bare)
          const result = foldPages(lent(owners, one), lent(flags, two))
          expect(counted(result)).toEqual(expected(all))
          expect(result.pages).toBe(owners.length / 8)
          expect(result.truncated).toBeUndefined()
          expect(result.others).toBe(0)
        },
      ),
    )
  })

  it('are said to be cut short where one file ends before the other, and what both have is counted', () => {
    fc.assert(
      fc.property(
        fc.array(folio, { minLength: 1, maxLength: 30 }),
        fc.nat(),
        fc.boolean(),
        (all, where, first) => {
          const [owners, flags] = files(all, false)
          const cut = where % owners.length
          const whole = cut >> 3
          const shortened = first
            ? foldPages([owners.subarray(0, cut)], [flags])
            : foldPages([owners], [flags.subarray(0, cut)])
          expect(shortened.truncated).toBe(true)
          expect(shortened.pages).toBe(whole)
          expect(counted(shortened)).toEqual(
            counted(foldPages([owners.subarray(0, whole * 8)], [flags.subarray(0, whole * 8)])),
          )
        },
      ),
    )
  })

  it('never throw, and never count more pages than there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 }), (owners, flags) => {
        const { pages, byInode } = foldPages([owners], [flags])
        const sum = [...byInode.values()].flatMap(kinds => Object.values(kinds)).reduce((a, b) => a + b, 0)
        expect(pages).toBe(Math.min(owners.length, flags.length) >> 3)
        expect(sum).toBeLessThanOrEqual(pages)
      }),
    )
  })

  it('do not count a page that was freed between the two looks', () => {
    const owners = new Uint8Array(new BigUint64Array([7n, 7n]).buffer)
    const flags = new Uint8Array(new BigUint64Array([0x400n, 0x28n]).buffer)
    expect(counted(foldPages([owners], [flags]))).toEqual({ '7 pageCache': 1 })
  })

  it('are bounded, as is the memory they take: inodes of a forged file, pages of 256 GiB', () => {
    const forged = new BigUint64Array(300_000).map((_, index) => BigInt(index + 1))
    const bytes = new Uint8Array(forged.buffer)
    const result = foldPages([bytes], [new Uint8Array(bytes.length)])
    expect(result.byInode.size).toBe(200_000)
    expect(result.others).toBe(100_000)

    const piece = new Uint8Array(new BigUint64Array(32_768).fill(9n).buffer)
    const lends = function* () {
      for (let count = 0; count < 2048; count += 1) yield piece
    }
    const before = process.memoryUsage().arrayBuffers
    const large = foldPages(lends(), lends())
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
    expect(large.pages * 4096).toBe(256 * 1024 ** 3)
    expect(large.byInode.get(9)?.pageCache).toBe(large.pages)
  })
})
