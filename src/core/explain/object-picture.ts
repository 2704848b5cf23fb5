// The object of a report of slab debugging as bytes: its parts, what stands in them, and which of them are damaged.
// Read off the dump and the places the report gives; what it does not tell stays unknown.

import type { SlubCorruption } from '../decode/kmsg/report.ts'
import { FILL, type LayoutPart, layoutOf, type ObjectPart } from '../knowledge/slub-object.ts'

/** Bytes that follow one another. */
export interface ByteRange {
  /** From the object's first byte (from the slab's, or from its tail's, where the picture is of the tail); negative before it. */
  readonly offset: number
  readonly size: number
}

export interface PictureRow extends ByteRange {
  readonly part: ObjectPart
  readonly bytes: readonly number[]
  /** Line of the log. */
  readonly line?: number
}

export interface ObjectPicture {
  /** The end of a slab behind its last object has no object: offsets are those within the slab. */
  readonly of: 'object' | 'slab-tail'
  /** Of a slab's end: the slab's first byte is not told, and offsets are those within what is left behind its last object. */
  readonly fromTail?: true
  /** In the order of their addresses. */
  readonly parts: readonly LayoutPart[]
  readonly rows: readonly PictureRow[]
  /** What the report calls damaged; undefined: nothing, or the report does not tell where. */
  readonly damage?: ByteRange
  /** Within it, the bytes that are not what they should be; the whole of it where they were not printed. */
  readonly marks: readonly ByteRange[]
  /** Wrong bytes of other parts of the object, which the report names after the first. */
  readonly further: readonly ByteRange[]
  /** What every byte of the damage should be. */
  readonly expected?: number
  /** Addresses are hashed: places were told by `@offset=` and by the order of the rows. */
  readonly hashed: boolean
  /** Bytes of a pointer; undefined: cannot be told. */
  readonly word?: 4 | 8
}

/** More than any damage: KMALLOC_MAX_CACHE_SIZE is two pages, of 64 KiB at most. */
const LONGEST = 0x20_000

/** The most rows looked at. The kernel dumps a page of 4 KiB to 64 KiB at most, 16 bytes a row, and what is around. */
const MOST_ROWS = 4_200

const drawn = new WeakMap<SlubCorruption, { readonly picture: ObjectPicture | undefined }>()

/** undefined: the report has no dump and tells no place. Worked out once for a report, whoever asks. */
export function objectPicture(report: SlubCorruption): ObjectPicture | undefined {
  const before = drawn.get(report)
  if (before !== undefined) return before.picture
  const picture = pictureOf(report)
  drawn.set(report, { picture })
  return picture
}

function pictureOf(report: SlubCorruption): ObjectPicture | undefined {
  const { word } = report
  if (report.damage === 'padding-overwritten' && report.object === undefined) return tailPicture(report, word)
  const rows = placed(report)
  if (report.object === undefined && rows.length === 0) return undefined
  const bytes = bytesOf(rows)
  const facts = factsOf(report, rows, word)
  const damage = damageOf(report, rows, bytes, facts.object)
  const asked = askedFor(report, damage, bytes)
  const parts = layoutOf({ ...facts, ...(asked === undefined ? {} : { asked }) })
  if (damage === undefined && rows.length === 0) return undefined
  const expected = report.range?.expectedByte
  const link = report.damage === 'freepointer-corrupt' ? linkOf(parts) : undefined
  const hit = damage ?? link
  return {
    of: 'object',
    parts: report.damage === 'freepointer-corrupt' ? withFreePointer(parts) : parts,
    rows,
    ...(hit === undefined ? {} : { damage: hit }),
    marks: hit === undefined ? [] : marksOf(hit, bytes, expectedAt(report, facts.object)),
    further: furtherMarks(report, rows, bytes, facts.object),
    ...(expected === undefined ? {} : { expected }),
    hashed: report.hashed === true,
    ...(word === undefined ? {} : { word }),
  }
}

/** Where the free pointer is, which is never dumped. */
function linkOf(parts: readonly LayoutPart[]): ByteRange | undefined {
  const { offset, size } = parts.find(({ part }) => part === 'free-pointer') ?? {}
  return offset === undefined || size === undefined ? undefined : { offset, size }
}

/** Rows whose place is known, in the order of their addresses. */
function placed({ rows, object, hashed }: SlubCorruption): readonly PictureRow[] {
  const byAddress = (address: bigint | undefined): number | undefined => {
    if (hashed === true || object === undefined || address === undefined) return undefined
    const apart = address - object
    return apart > -LONGEST && apart < LONGEST ? Number(apart) : undefined
  }
  return rows
    .slice(0, MOST_ROWS)
    .flatMap(({ part, offset: told, address, bytes, zone, line }) => {
      const offset = told ?? byAddress(address)
      if (offset === undefined) return []
      const side = zone ?? (offset < 0 ? 'left' : 'right')
      return [
        {
          part: part === 'before' ? ('neighbour' as const) : part === 'redzone' ? side : part,
          offset,
          size: bytes.length,
          bytes,
          ...(line === undefined ? {} : { line }),
        },
      ]
    })
    .sort((a, b) => a.offset - b.offset)
}

function bytesOf(rows: readonly PictureRow[]): ReadonlyMap<number, number> {
  return new Map(rows.flatMap(({ offset, bytes }) => bytes.map((byte, at) => [offset + at, byte] as const)))
}

const sum = (rows: readonly PictureRow[], part: ObjectPart): number | undefined =>
  rows.some(one => one.part === part)
    ? rows.reduce((total, one) => total + (one.part === part ? one.size : 0), 0)
    : undefined

/** mm/slab.c guards an object with one unsigned long long on each side. */
const SLAB_RED_ZONE = 8

function factsOf(
  report: SlubCorruption,
  rows: readonly PictureRow[],
  word: 4 | 8 | undefined,
): Parameters<typeof layoutOf>[0] {
  const guarded = report.redzones === undefined ? undefined : SLAB_RED_ZONE
  const left = sum(rows, 'left') ?? guarded
  const neighbour = sum(rows, 'neighbour')
  const right = sum(rows, 'right') ?? guarded
  const padding = sum(rows, 'padding')
  const object = sizeOf(report, rows)
  const paddingAt = rows.find(({ part }) => part === 'padding')?.offset
  const filled = rows.some(({ part, bytes }) => part === 'padding' && bytes.includes(FILL.fresh))
  return {
    ...(word === undefined ? {} : { word }),
    ...(left === undefined ? {} : { left }),
    ...(neighbour === undefined ? {} : { neighbour }),
    ...(object === undefined ? {} : { object }),
    ...(right === undefined ? {} : { right }),
    ...(paddingAt === undefined ? {} : { paddingAt }),
    ...(padding === undefined ? {} : { padding }),
    tracked: report.allocated !== undefined || report.freed !== undefined,
    poisoned: filled,
    kmalloc: /^(?:dma-)?kmalloc-/.test(report.cache ?? ''),
  }
}

/**
 * The dump of an object ends with a page, that of 2.6.2x, which prints no taint either, after 128 bytes. Where the red
 * zone begins behind it, the object ends.
 */
const DUMPED_AT_MOST = new Set([4_096, 16_384, 65_536])
const DUMPED_THEN = 128

function sizeOf(
  { allocator, objectSize, rowsLeftOut, taint, truncated, truncatedHead }: SlubCorruption,
  rows: readonly PictureRow[],
): number | undefined {
  if (objectSize !== undefined) return objectSize
  const right = rows.find(({ part }) => part === 'right')
  if (right !== undefined) return right.offset
  const objects = rows.filter(({ part }) => part === 'object')
  const last = objects.at(-1)
  const end = last === undefined ? 0 : last.offset + last.size
  const whole = objects[0]?.offset === 0 && truncatedHead !== true && rowsLeftOut === undefined
  const followed = rows.some(({ part }) => part === 'padding') || truncated !== true
  const cut = DUMPED_AT_MOST.has(end) || (taint === undefined && end === DUMPED_THEN)
  return whole && followed && allocator !== 'SLAB' && !cut ? end : undefined
}

/** What a byte of the object or of what guards it should be; undefined: anything. */
function expectedAt(
  { damage, range }: SlubCorruption,
  object: number | undefined,
): (offset: number) => number | undefined {
  const expected = range?.expectedByte
  if (damage !== 'poison-overwritten' || expected === FILL.end) return () => expected
  return offset => (object !== undefined && offset === object - 1 ? FILL.end : (expected ?? FILL.freed))
}

function damageOf(
  report: SlubCorruption,
  rows: readonly PictureRow[],
  bytes: ReadonlyMap<number, number>,
  object: number | undefined,
): ByteRange | undefined {
  const { range, objectOffset, object: base, hashed } = report
  if (range === undefined) return undefined
  const length = lengthOf(report)
  const near =
    hashed === true || base === undefined || range.start === undefined
      ? undefined
      : Number(range.start - base)
  const told =
    near !== undefined && Math.abs(near) < LONGEST
      ? near
      : range.offset !== undefined && objectOffset !== undefined
        ? range.offset - objectOffset
        : undefined
  if (told !== undefined && length !== undefined && length > 0n && length < LONGEST)
    return { offset: told, size: Number(length) }
  // Both ends are hashed: the damage is what differs in the part the report speaks of.
  const speaksOf = partsOf(report)
  const expects = expectedAt(report, object)
  const wrong = rows
    .filter(({ part }) => speaksOf.has(part))
    .flatMap(one => one.bytes.map((_, at) => one.offset + at))
    .filter(offset => bytes.get(offset) !== expects(offset) && (told === undefined || offset >= told))
  const first = told ?? wrong[0]
  const last = wrong.at(-1)
  if (first === undefined) return undefined
  return { offset: first, size: last === undefined || last < first ? 1 : last - first + 1 }
}

/** Bytes from the first damaged one to the last; undefined where the addresses do not tell. */
function lengthOf({ range, hashed }: SlubCorruption): bigint | undefined {
  if (range?.start === undefined || range.end === undefined) return undefined
  if (hashed === true) return range.start === range.end ? 1n : undefined
  return range.end - range.start + 1n
}

/** Where damage of its sort can be. */
function partsOf({ damage, zone }: SlubCorruption): ReadonlySet<ObjectPart> {
  if (damage === 'poison-overwritten' || zone === 'kmalloc') return new Set<ObjectPart>(['object'])
  if (damage === 'padding-overwritten') return new Set<ObjectPart>(['padding', 'alignment'])
  return new Set<ObjectPart>(zone === undefined ? ['left', 'right'] : [zone])
}

/** The bytes of the damage that are wrong, as runs. */
function marksOf(
  { offset, size }: ByteRange,
  bytes: ReadonlyMap<number, number>,
  expects: (offset: number) => number | undefined,
): readonly ByteRange[] {
  const marks: { offset: number; size: number }[] = []
  for (let at = offset; at < offset + Math.min(size, LONGEST); at += 1) {
    const byte = bytes.get(at)
    if (byte !== undefined && byte === expects(at)) continue
    const last = marks.at(-1)
    if (last !== undefined && last.offset + last.size === at) last.size += 1
    else marks.push({ offset: at, size: 1 })
  }
  return marks.length > 0 ? marks : [{ offset, size }]
}

function furtherMarks(
  report: SlubCorruption,
  rows: readonly PictureRow[],
  bytes: ReadonlyMap<number, number>,
  object: number | undefined,
): readonly ByteRange[] {
  return (report.further ?? []).flatMap(({ damage, zone, range }) => {
    const { zone: _zone, ...rest } = report
    const one: SlubCorruption = { ...rest, damage, range, ...(zone === undefined ? {} : { zone }) }
    const place = damageOf(one, rows, bytes, object)
    return place === undefined ? [] : marksOf(place, bytes, expectedAt(one, object))
  })
}

/** kmalloc's red zone begins where what was asked for ends: at the latest before the bytes that still guard it. */
function askedFor(
  { zone }: SlubCorruption,
  damage: ByteRange | undefined,
  bytes: ReadonlyMap<number, number>,
): number | undefined {
  if (zone !== 'kmalloc' || damage === undefined) return undefined
  let asked = damage.offset
  while (asked > 0 && bytes.get(asked - 1) === FILL.redUsed) asked -= 1
  return asked
}

/** The free pointer is damaged: it is drawn also where the report does not tell its place. */
function withFreePointer(parts: readonly LayoutPart[]): readonly LayoutPart[] {
  if (parts.some(({ part }) => part === 'free-pointer' || part === 'metadata')) return parts
  const at = parts.findIndex(({ part }) => part === 'padding')
  const place = at < 0 ? parts.length : at
  return [...parts.slice(0, place), { part: 'free-pointer' as const }, ...parts.slice(place)]
}

/** What is left behind the last object of a slab: the slab's own bytes, of no object. */
function tailPicture(report: SlubCorruption, word: 4 | 8 | undefined): ObjectPicture | undefined {
  const { range, hashed } = report
  if (range === undefined) return undefined
  const first = hashed === true ? undefined : report.rows[0]?.address
  const base =
    range.offset === undefined
      ? first
      : range.start === undefined
        ? undefined
        : range.start - BigInt(range.offset)
  const offset =
    range.offset ?? (base === undefined || range.start === undefined ? undefined : Number(range.start - base))
  if (offset === undefined || offset < 0 || offset > LONGEST) return undefined
  const length = lengthOf(report) ?? 1n
  const damage = { offset, size: length < 1n || length > LONGEST ? 1 : Number(length) }
  const rows: readonly PictureRow[] =
    hashed === true || base === undefined
      ? []
      : report.rows.slice(0, MOST_ROWS).flatMap(({ address, bytes, line }) => {
          const at = address === undefined ? -1n : address - base
          if (at < 0n || at > LONGEST) return []
          const one = { offset: Number(at), size: bytes.length, bytes }
          return [{ part: 'slab-tail' as const, ...one, ...(line === undefined ? {} : { line }) }]
        })
  const from = rows[0]?.offset
  const last = rows.at(-1)
  const expected = range.expectedByte ?? FILL.fresh
  return {
    of: 'slab-tail',
    ...(range.offset === undefined ? { fromTail: true as const } : {}),
    parts: [
      {
        part: 'slab-tail',
        ...(from === undefined || last === undefined
          ? {}
          : { offset: from, size: last.offset + last.size - from }),
      },
    ],
    rows,
    damage,
    marks: marksOf(damage, bytesOf(rows), () => expected),
    further: [],
    expected,
    hashed: hashed === true,
    ...(word === undefined ? {} : { word }),
  }
}
