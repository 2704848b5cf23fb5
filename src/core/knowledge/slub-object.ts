// What SLUB lays around an object when its debugging is on, and with which bytes it fills it: mm/slub.c
// (calculate_sizes(), print_trailer(), init_object(), check_object()) and include/linux/poison.h.
//
//   [left red zone] object [right red zone] [free pointer] [2 × struct track] [orig_size] [padding]
//
// What changed, as read in trees of 3.10, 4.19, 5.10 and 6.1: before 4.6 (d86bd1bece6f) there is no left red zone, and
// 16 bytes before the object are dumped instead; the free pointer of an object that is not poisoned lies in it, at its
// start in 4.19 and in its middle in 5.10; a track holds 16 return addresses in 5.10 and a handle of the stack depot in
// 6.1, which has the orig_size of kmalloc caches too. 946fa0dbf2d8 (6.2) made a red zone of the bytes between what was
// asked for and the object's end.

/** Values of bytes that SLUB writes; the same from 3.10 to 6.18. */
export const FILL = {
  /** Red zone of a free object (SLUB_RED_INACTIVE). */
  redFree: 0xbb,
  /** Red zone of an object in use (SLUB_RED_ACTIVE). */
  redUsed: 0xcc,
  /** A new slab, and so all that is never written of it: padding, objects that are not poisoned (POISON_INUSE). */
  fresh: 0x5a,
  /** An object when it is freed, and again when it is given out (POISON_FREE). */
  freed: 0x6b,
  /** Its last byte (POISON_END). */
  end: 0xa5,
} as const

export type ObjectPart =
  /** Red zone before the object. */
  | 'left'
  | 'object'
  /** Behind what was asked for, within the bucket of a kmalloc cache. */
  | 'kmalloc'
  /** Red zone behind the object. */
  | 'right'
  /** Up to the next word, where no red zone fills it. */
  | 'alignment'
  | 'free-pointer'
  | 'tracks'
  /** Bytes asked for of kmalloc. */
  | 'orig-size'
  /** Free pointer, tracks and what else there is, which the report does not let tell apart. */
  | 'metadata'
  | 'padding'
  /** What precedes the object where there is no left red zone: the end of its neighbour. */
  | 'neighbour'
  /** What is left of a slab behind its last object. */
  | 'slab-tail'

export interface LayoutPart {
  readonly part: ObjectPart
  /** Bytes from the object's first one (negative before it); undefined: the report does not tell. */
  readonly offset?: number
  /** Bytes; undefined: the report does not tell. */
  readonly size?: number
}

/** What a report gives away of an object's layout. Sizes and offsets in bytes. */
export interface LayoutFacts {
  /** Bytes of a pointer. */
  readonly word?: 4 | 8
  readonly left?: number
  /** Dumped before the object although it has no left red zone. */
  readonly neighbour?: number
  readonly object?: number
  /** Of the object's bytes, those that were asked for. */
  readonly asked?: number
  readonly right?: number
  /** Where the padding behind the object begins, and how much there is. */
  readonly paddingAt?: number
  readonly padding?: number
  /** The report names who allocated or freed it. */
  readonly tracked: boolean
  /** 0x5a stands in the padding, which only poisoning puts there. */
  readonly poisoned: boolean
  /** One of the kmalloc caches. */
  readonly kmalloc: boolean
}

/**
 * sizeof(struct track) by the bytes of a pointer: with a handle of the stack depot, with 16 addresses
 * (TRACK_ADDRS_COUNT), and without CONFIG_STACKTRACE. unsigned long addr; …; int cpu; int pid; unsigned long when.
 */
const TRACKS = { 8: [32, 152, 24], 4: [20, 80, 16] } as const

/** orig_size is an unsigned int in 6.1; a whole word is allowed for. */
const ORIG_SIZES = [0, 4, 8] as const

/**
 * The parts of an object in the order of their addresses. What lies between the red zone and the padding is named
 * only where exactly one make-up adds up to its bytes.
 */
export function layoutOf(facts: LayoutFacts): readonly LayoutPart[] {
  const { word, left, neighbour, object, asked, right, paddingAt, padding, tracked } = facts
  const parts: LayoutPart[] = []
  if (left !== undefined) parts.push({ part: 'left', offset: -left, size: left })
  else if (neighbour !== undefined) parts.push({ part: 'neighbour', offset: -neighbour, size: neighbour })
  if (object !== undefined && asked !== undefined && asked < object) {
    parts.push({ part: 'object', offset: 0, size: asked })
    parts.push({ part: 'kmalloc', offset: asked, size: object - asked })
  } else {
    parts.push({ part: 'object', offset: 0, ...(object === undefined ? {} : { size: object }) })
  }
  if (right !== undefined)
    parts.push({ part: 'right', ...(object === undefined ? {} : { offset: object }), size: right })
  const unused = right === undefined && object !== undefined && word !== undefined ? -object & (word - 1) : 0
  const end = object === undefined ? undefined : object + (right ?? unused)
  if (unused > 0 && object !== undefined && (paddingAt === undefined ? tracked : paddingAt > object))
    parts.push({ part: 'alignment', offset: object, size: unused })
  const gap = end === undefined || paddingAt === undefined ? undefined : paddingAt - end
  if (gap !== undefined && gap > 0 && end !== undefined) parts.push(...between(end, gap, facts))
  else if (gap === undefined && tracked)
    parts.push({ part: 'metadata', ...(end === undefined ? {} : { offset: end }) })
  if (padding !== undefined)
    parts.push({
      part: 'padding',
      ...(paddingAt === undefined ? {} : { offset: paddingAt }),
      size: padding,
    })
  return parts
}

/** What fills the bytes between the red zone and the padding. */
function between(
  from: number,
  gap: number,
  { word, tracked, poisoned, kmalloc }: LayoutFacts,
): readonly LayoutPart[] {
  const fits: (readonly LayoutPart[])[] = []
  for (const pointer of word === undefined ? [] : poisoned ? [word] : [0, word]) {
    for (const track of word === undefined ? [] : [...(tracked ? [] : [0]), ...TRACKS[word]]) {
      for (const asked of kmalloc && track > 0 ? ORIG_SIZES : [0]) {
        if (pointer + 2 * track + asked !== gap) continue
        const sizes = [
          ['free-pointer', pointer],
          ['tracks', 2 * track],
          ['orig-size', asked],
        ] as const
        let offset = from
        fits.push(
          sizes.flatMap(([part, size]) => {
            const at = offset
            offset += size
            return size === 0 ? [] : [{ part, offset: at, size }]
          }),
        )
      }
    }
  }
  const [only, ...others] = fits
  return only !== undefined && others.length === 0 ? only : [{ part: 'metadata', offset: from, size: gap }]
}
