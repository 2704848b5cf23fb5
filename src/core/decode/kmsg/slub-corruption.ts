// What slab debugging prints, line by line: mm/slub.c (slab_bug(), print_trailer(), check_bytes_and_report(),
// slab_err(), slab_fix(), free_debug_processing()), mm/slab_common.c (kmem_cache_destroy()), mm/slab.h
// (cache_from_obj()) and mm/slab.c (check_poison_obj(), __slab_error()). Three dresses: lines with "INFO: " and stacks
// indented by a tab up to 5.13, none of it since, and from 6.15 (and 6.12.y) the damaged range before the heading.
// Every form is always accepted: stable kernels and vendors mix them.

import { keep } from '../../base/lines.ts'
import type { SlubCorruption, SlubDamage, SlubRange, SlubTrack } from './report.ts'

/** What a heading, or the words before a damaged range, say is wrong. */
export interface SlubVerdict {
  readonly reason: string
  readonly damage: SlubDamage
  readonly zone?: 'left' | 'right' | 'kmalloc'
  readonly counts?: NonNullable<SlubCorruption['counts']>
  /** What was given to be freed. */
  readonly object?: bigint
  readonly range?: SlubRange
  readonly hashed?: boolean
  /** Only the slab is looked at: no object, no dump of one. */
  readonly ofSlab?: true
}

export interface SlubHeading extends SlubVerdict {
  readonly is: 'heading'
  readonly cache?: string
  readonly ownerCache?: string
  readonly calledFrom?: string
  readonly taint?: string
  readonly allocator?: 'SLAB'
  readonly objectSize?: number
  /** Which function of mm/slab.c found it. */
  readonly foundBy?: string
  /** A line that says all there is, with a trace below it: WARN() and dump_stack(). */
  readonly alone?: true
}

/** `row`: of a dump; SLAB's has an offset from the object, SLUB's an address. */
export interface SlubRowLine {
  readonly is: 'row'
  readonly part: 'before' | 'redzone' | 'object' | 'padding'
  readonly address?: bigint
  readonly at?: number
  readonly bytes: readonly number[]
}

export type SlubLine =
  | SlubHeading
  /** KASAN of 4.x prints its own reports through slab_bug(). */
  | { readonly is: 'strange-heading' }
  | {
      readonly is: 'bytes'
      readonly verdict?: SlubVerdict
      readonly range: SlubRange
      readonly hashed: boolean
      readonly word?: 4 | 8
    }
  | { readonly is: 'track'; readonly of: 'allocated' | 'freed'; readonly track: Omit<SlubTrack, 'frames'> }
  | { readonly is: 'no-stack' }
  | { readonly is: 'slab'; readonly slab: NonNullable<SlubCorruption['slab']>; readonly word?: 4 | 8 }
  | {
      readonly is: 'object'
      readonly address?: bigint
      readonly offset: number
      readonly freePointer?: bigint
      /** One of those that remain: no free pointer is printed. */
      readonly listed: boolean
      readonly hashed: boolean
      readonly word?: 4 | 8
    }
  | { readonly is: 'invalid-pointer'; readonly object?: bigint }
  | SlubRowLine
  | {
      readonly is: 'fix'
      readonly cache: string
      readonly text: string
      readonly range?: SlubRange
      readonly value?: number
      readonly what?: string
      readonly object?: bigint
    }
  | { readonly is: 'redzones'; readonly redzones: readonly [bigint, bigint]; readonly object?: bigint }
  | { readonly is: 'last-user'; readonly site: string }
  | { readonly is: 'neighbour'; readonly side: 'before' | 'behind'; readonly address: bigint }
  | { readonly is: 'single-bit' }

/** Words without which no line begins a report: in a log that has none, nothing more is looked at. */
export const SLUB_HEADS =
  /BUG [^:]|overwritten\] 0x|First byte 0x|Wrong slab cache|still has objects|[Ss]lab (?:error|corruption)|slab: (?:double|Internal)|SLUB <|FIX .{1,200}?: (?:Rest|Obj|Mark|Free|Num|Isol)|Slab 0x|age=\d{1,20} cpu=/

/** A pointer as %p prints it: hex digits, `(null)`, or `(ptrval)` while there was nothing to hash with. */
const HEX = '([0-9a-f]{1,16}| {0,14}\\(null\\)|\\(_{0,4}ptrval_{0,4}\\))'
const POINTER = `(?:0x)?${HEX}`

function pointer(printed: string | undefined): bigint | undefined {
  if (printed === undefined || printed.includes('ptrval')) return undefined
  return printed.includes('null') ? 0n : BigInt(`0x${printed}`)
}

function wordOf(printed: string | undefined): { readonly word?: 4 | 8 } {
  const digits = printed !== undefined && /^[0-9a-f]+$/.test(printed) ? printed.length : 0
  // 64-bit addresses of the kernel's begin with f; hashed ones are printed with leading zeros
  return digits === 16 ? { word: 8 } : digits === 8 ? { word: 4 } : {}
}

/**
 * Whether %p printed a hash. Hashes have 32 bits, which a 64-bit kernel's address never has; slabs begin on a page, so
 * that the last 12 bits of an address are those of its offset.
 */
function isHashed(printed: string | undefined, offset: number | undefined): boolean {
  const address = pointer(printed)
  if (address === undefined) return printed?.includes('ptrval') === true
  if (address === 0n) return false
  if (printed?.length === 16) return address < 0x1_0000_0000n
  return offset !== undefined && offset >= 0 && Number(address & 0xfffn) !== offset % 4096
}

/** Offsets are printed unsigned: an object before its slab has one near 2^64. */
function offsetOf(printed: string | undefined): number | undefined {
  if (printed === undefined) return undefined
  const value = BigInt.asIntN(64, BigInt(printed))
  return value > BigInt(Number.MIN_SAFE_INTEGER) && value < BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : undefined
}

const byteOf = (printed: string | undefined): number | undefined => {
  const value = printed === undefined ? Number.NaN : Number.parseInt(printed, 16)
  // the byte is an unsigned char, the expected value was an int that held one
  return Number.isNaN(value) || value > 0xff ? undefined : value
}

function range(
  start: string | undefined,
  end: string | undefined,
  offset?: string,
  first?: string,
  expected?: string,
): SlubRange {
  const from = pointer(start)
  const to = pointer(end)
  const within = offsetOf(offset)
  const firstByte = byteOf(first)
  const expectedByte = byteOf(expected)
  return {
    ...(from === undefined ? {} : { start: from }),
    ...(to === undefined ? {} : { end: to }),
    ...(within === undefined ? {} : { offset: within }),
    ...(firstByte === undefined ? {} : { firstByte }),
    ...(expectedByte === undefined ? {} : { expectedByte }),
  }
}

const PADDING_RANGE = new RegExp(`^Padding overwritten\\. ${POINTER}-${POINTER}(?: @offset=(\\d{1,20}))?`)
const INVALID =
  /^(?:Invalid object pointer|Attempt to free object ?\(?|No slab cache for object) ?(?:0x)?([0-9a-f]{4,16}|\(_{0,4}ptrval_{0,4}\))?/

/** Sentences with two numbers: which of them was found, which was expected. */
const COUNTS: readonly (readonly [RegExp, SlubDamage, found: 1 | 2, expected: 1 | 2])[] = [
  [/^Wrong object count\. Counter is (-?\d{1,10}) but counted were (-?\d{1,10})/, 'metadata', 2, 1],
  [/^Wrong number of objects\. Found (-?\d{1,10}) but should be (-?\d{1,10})/, 'metadata', 1, 2],
  [/^(?:objects|inuse) (\d{1,10}) > max (\d{1,10})/, 'metadata', 1, 2],
  [/^Slab has (-?\d{1,10}) allocated objects but (-?\d{1,10}) are to be freed/, 'metadata', 1, 2],
  [/^Bulk freelist count\((-?\d{1,10})\) invalid\((-?\d{1,10})\)/, 'bulk-free-count', 2, 1],
  [/^Bulk free expected (-?\d{1,10}) objects but found (-?\d{1,10})/, 'bulk-free-count', 2, 1],
]

/** What a heading, or what stands in its place, says is wrong; `unknown` for a heading that no kernel known to us has. */
export function slubVerdict(text: string): SlubVerdict {
  const reason = keep(text.trim().slice(0, 400))
  const redzone = /^(?:(Left|Right|kmalloc) )?Redzone overwritten/.exec(reason)
  if (redzone) {
    const zone = redzone[1]?.toLowerCase() as 'left' | 'right' | 'kmalloc' | undefined
    return { reason, damage: 'redzone-overwritten', ...(zone === undefined ? {} : { zone }) }
  }
  if (/^(?:End )?Poison overwritten/.test(reason)) return { reason, damage: 'poison-overwritten' }
  if (/^(?:Alignment|Object) padding overwritten/.test(reason))
    return { reason, damage: 'padding-overwritten' }
  if (reason.startsWith('Padding overwritten')) {
    const found = PADDING_RANGE.exec(reason)
    return {
      reason,
      damage: 'padding-overwritten',
      ofSlab: true,
      ...(found
        ? {
            range: { ...range(found[1], found[2], found[3]), expectedByte: 0x5a },
            hashed: isHashed(found[1], offsetOf(found[3])),
          }
        : {}),
    }
  }
  if (reason.startsWith('Freelist cycle detected'))
    return { reason, damage: 'freepointer-corrupt', ofSlab: true }
  if (/^(?:Freepointer corrupt|Freechain corrupt|Freelist Pointer check fails)/.test(reason))
    return { reason, damage: 'freepointer-corrupt' }
  if (reason.startsWith('Object already free')) return { reason, damage: 'double-free' }
  if (reason.startsWith('Objects remaining')) return { reason, damage: 'objects-remaining', ofSlab: true }
  const invalid = INVALID.exec(reason)
  if (invalid) {
    const object = pointer(invalid[1])
    return { reason, damage: 'invalid-pointer', ofSlab: true, ...(object === undefined ? {} : { object }) }
  }
  if (reason.startsWith('page slab pointer corrupt')) return { reason, damage: 'invalid-pointer' }
  for (const [form, damage, found, expected] of COUNTS) {
    const numbers = form.exec(reason)
    if (numbers)
      return {
        reason,
        damage,
        ofSlab: true,
        counts: { found: Number(numbers[found]), expected: Number(numbers[expected]) },
      }
  }
  if (/^(?:Not a valid slab page|Slab disabled since|Wrong |Slab has |objects |inuse )/.test(reason))
    return { reason, damage: 'metadata', ofSlab: true }
  if (reason.startsWith('Bulk free')) return { reason, damage: 'bulk-free-count', ofSlab: true }
  if (reason.startsWith('Object already allocated')) return { reason, damage: 'metadata' }
  return { reason, damage: 'unknown' }
}

/** `BUG kmalloc-64 (Tainted: G    B  ): Poison overwritten`: slab_bug(). */
const HEADING = /^\s{0,8}BUG (.{1,200}?) \((?:Not tainted|Tainted: ([^)]{0,80}))\): (.{1,1000})$/
/** Before taint was printed: 2.6.2x. */
const OLD_HEADING =
  /^\s{0,8}BUG (\S{1,200}): ((?:(?:Redzone|Poison|Alignment padding|Object padding) overwritten|Padding overwritten\. |Object already (?:free|allocated)|Free(?:pointer|chain) corrupt|Freelist Pointer check|Invalid object pointer|Attempt to free object|page slab pointer|Not a valid slab page|inuse \d|objects \d|Wrong (?:object count|number of objects)\.|Objects remaining ).{0,400})$/
const WRONG_CACHE =
  /^\s{0,8}\w{1,40}: Wrong slab cache\. (\S.{0,199}?) but object is from (\S.{0,199}?)\s{0,8}$/
const DESTROYED =
  /^\s{0,8}kmem_cache_destroy (\S.{0,199}?): Slab cache still has objects(?: when called from (\S.{0,299}?))?\s{0,8}$/
const NO_SLAB = /^\s{0,8}SLUB <none>: no slab for object (?:0x)?([0-9a-f]{4,16}|\(_{0,4}ptrval_{0,4}\))/
const BYTES = new RegExp(
  `^\\s{0,8}(?:\\[([A-Za-z][A-Za-z ]{2,40} overwritten)\\] |INFO: )?0x${HEX}-0x${HEX}(?: @offset=(\\d{1,20}))?\\. {1,2}First byte 0x([0-9a-f]{1,8}) instead of 0x([0-9a-f]{1,8})`,
)
const TRACK =
  /^\s{0,8}(?:INFO: )?(Allocated|Freed) in (\S.{0,599}?) age=(\d{1,20}) cpu=(\d{1,10}) pid=(-?\d{1,10})\b/
const SITE =
  /^([A-Za-z_.$][\w.$]{0,511})(?:\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8})?(?: \[([\w-]{1,64})[^\]]{0,80}\])?$/
const SLAB = new RegExp(`^\\s{0,8}(?:INFO: )?Slab 0x${HEX} (?=objects=|inuse=|used=|flags=)(.{1,600})$`)
const FREE_POINTER = new RegExp(`\\bfp=${POINTER}`)
const OBJECT = new RegExp(
  `^\\s{0,8}(?:INFO: )?Object 0x${HEX} @offset=(\\d{1,20})(?: fp=${POINTER})?\\s{0,8}$`,
)
const INVALID_POINTER = /^\s{0,8}Invalid pointer (?:0x)?([0-9a-f]{4,16}|\(_{0,4}ptrval_{0,4}\))\s{0,8}$/
const ROW =
  /^\s{0,8}(Bytes b4|Object|Redzone|Padding) {1,4}(?:(?:0x)?([0-9a-f]{8,16})|\(_{0,4}ptrval_{0,4}\)): {1,3}((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2})(?=\s|$)(.{0,120})$/
const FIX =
  /^\s{0,8}FIX (\S.{0,199}?): ((?:Restoring |Object at |Object count adjusted|Number of objects adjusted|Marking all objects used|Freelist cleared|Isolate corrupted freechain).{0,300})$/
const RESTORED = new RegExp(`^Restoring (?:([A-Za-z][A-Za-z ]{2,40}) )?0x${HEX}-0x${HEX}=0x([0-9a-f]{1,8})`)
const NOT_FREED = /^Object at 0x([0-9a-f]{4,16}) not freed/

// mm/slab.c
const CORRUPTION =
  /^\s{0,8}Slab corruption(?: \((?:Not tainted|Tainted: ([^)]{0,80}))\))?: (?:(\S.{0,199}?) )?start=(?:0x)?([0-9a-f]{4,16}), (?:len=(\d{1,9})|expend=)/
const ERROR = /^\s{0,8}slab error in (\w{1,60})\(\): cache `(.{1,200}?)': (.{1,300})$/
const DOUBLE_FREE =
  /^\s{0,8}slab: double free detected in cache '(.{1,200}?)', objp (?:0x)?([0-9a-f]{4,16}|\(_{0,4}ptrval_{0,4}\))/
const INTERNAL = /^\s{0,8}slab: (Internal list corruption detected) in cache '(.{1,200}?)'/
const REDZONE = /^\s{0,8}Redzone: 0x([0-9a-f]{1,16})\/0x([0-9a-f]{1,16})\.?\s{0,8}$/
const REDZONES =
  /^\s{0,8}(?:0x)?([0-9a-f]{4,16}|\(_{0,4}ptrval_{0,4}\)): redzone 1: ?0x([0-9a-f]{1,16}), redzone 2: ?0x([0-9a-f]{1,16})/
const LAST_USER = /^\s{0,8}Last user: (?:\[<[^>]{1,24}>\] ?)?\((\S.{0,299}?)\)\s{0,8}$/
const NEIGHBOUR = /^\s{0,8}(Prev|Next) obj: start=(?:0x)?([0-9a-f]{4,16}), len=\d{1,9}/
const SLAB_ROW = /^\s{0,8}([0-9a-f]{3,6}): {0,2}((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2})(?=\s|$)(.{0,120})$/

/** The bytes of a row; undefined where the characters beside them say otherwise: the line was damaged on its way. */
function rowBytes(hex: string, rest: string): readonly number[] | undefined {
  const bytes = hex.split(' ').map(byte => Number.parseInt(byte, 16))
  const ascii = rest.trim()
  if (ascii.length === bytes.length && bytes.length > 1)
    for (const [index, byte] of bytes.entries()) {
      const code = ascii.charCodeAt(index)
      if (code !== 46 && code !== 32 && code !== byte) return undefined
    }
  return bytes
}

const PARTS = { 'Bytes b4': 'before', Object: 'object', Redzone: 'redzone', Padding: 'padding' } as const

/** `klab_waf+0x34/0xf7 [klabmod]` → its name and module; a bare address has none. */
function siteOf(site: string): Pick<SlubTrack, 'site' | 'function' | 'module'> {
  const found = SITE.exec(site)
  return {
    site: keep(site),
    ...(found?.[1] === undefined ? {} : { function: keep(found[1]) }),
    ...(found?.[2] === undefined ? {} : { module: keep(found[2]) }),
  }
}

const SLAB_MESSAGES: readonly (readonly [RegExp, SlubDamage, zone?: 'left' | 'right'])[] = [
  [/^double free detected/, 'double-free'],
  [/^(?:double free, or )?memory (?:outside|before|after) object was overwritten/, 'redzone-overwritten'],
  [
    /^(?:start of a freed object was overwritten|constructor overwrote the start)/,
    'redzone-overwritten',
    'left',
  ],
  [
    /^(?:end of a freed object was overwritten|constructor overwrote the end)/,
    'redzone-overwritten',
    'right',
  ],
  [/^object was modified after freeing/, 'poison-overwritten'],
  [/^Can't free all objects/, 'objects-remaining'],
]

function heading(text: string): SlubLine | undefined {
  const found = HEADING.exec(text)
  if (found) {
    if (found[3]?.startsWith('kasan: ')) return { is: 'strange-heading' }
    const cache = found[1] ?? ''
    return {
      is: 'heading',
      ...slubVerdict(found[3] ?? ''),
      ...(cache === '<unknown>' ? {} : { cache: keep(cache) }),
      taint: keep(found[2] ?? ''),
    }
  }
  const old = OLD_HEADING.exec(text)
  return old ? { is: 'heading', ...slubVerdict(old[2] ?? ''), cache: keep(old[1] ?? '') } : undefined
}

/** Lines of mm/slab.c, mm/slab_common.c and others that are a report by themselves. */
function aloneLine(text: string): SlubHeading | undefined {
  const wrong = text.includes('Wrong slab cache') ? WRONG_CACHE.exec(text) : null
  if (wrong)
    return {
      is: 'heading',
      damage: 'wrong-cache',
      reason: 'Wrong slab cache',
      cache: keep(wrong[1] ?? ''),
      ownerCache: keep(wrong[2] ?? ''),
      alone: true,
    }
  const destroyed = text.includes('still has objects') ? DESTROYED.exec(text) : null
  if (destroyed)
    return {
      is: 'heading',
      damage: 'objects-remaining',
      reason: 'Slab cache still has objects',
      cache: keep(destroyed[1] ?? ''),
      ...(destroyed[2] === undefined ? {} : { calledFrom: keep(destroyed[2]) }),
      alone: true,
    }
  const none = text.includes('SLUB <') ? NO_SLAB.exec(text) : null
  if (none) {
    const object = pointer(none[1])
    return {
      is: 'heading',
      damage: 'invalid-pointer',
      reason: 'no slab for object',
      ...(object === undefined ? {} : { object }),
      alone: true,
    }
  }
  const corruption = CORRUPTION.exec(text)
  if (corruption) {
    const [, taint, cache, start, length] = corruption
    const object = pointer(start)
    return {
      is: 'heading',
      allocator: 'SLAB',
      damage: 'poison-overwritten',
      reason: 'Slab corruption',
      ...(cache === undefined ? {} : { cache: keep(cache) }),
      ...(text.includes('corruption (') ? { taint: keep(taint ?? '') } : {}),
      ...(object === undefined ? {} : { object }),
      ...(length === undefined ? {} : { objectSize: Number(length) }),
      alone: true,
    }
  }
  const error = ERROR.exec(text)
  if (error) {
    const message = (error[3] ?? '').trim()
    const known = SLAB_MESSAGES.find(([form]) => form.test(message))
    return {
      is: 'heading',
      allocator: 'SLAB',
      damage: known?.[1] ?? 'metadata',
      ...(known?.[2] === undefined ? {} : { zone: known[2] }),
      reason: keep(message),
      cache: keep(error[2] ?? ''),
      foundBy: keep(error[1] ?? ''),
      alone: true,
    }
  }
  const freed = DOUBLE_FREE.exec(text)
  if (freed) {
    const object = pointer(freed[2])
    return {
      is: 'heading',
      allocator: 'SLAB',
      damage: 'double-free',
      reason: 'double free detected',
      cache: keep(freed[1] ?? ''),
      ...(object === undefined ? {} : { object }),
      alone: true,
    }
  }
  const internal = INTERNAL.exec(text)
  return internal
    ? {
        is: 'heading',
        allocator: 'SLAB',
        damage: 'metadata',
        reason: keep(internal[1] ?? ''),
        cache: keep(internal[2] ?? ''),
        alone: true,
      }
    : undefined
}

function slabOf(printed: string | undefined, rest: string): SlubLine {
  const address = pointer(printed)
  const number = (name: string): number | undefined => {
    const value = new RegExp(`\\b${name}=(\\d{1,10})\\b`).exec(rest)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  const objects = number('objects')
  const used = number('used') ?? number('inuse')
  const freePointer = pointer(FREE_POINTER.exec(rest)?.[1])
  const flags = /\bflags=(?:0x)?([0-9a-f]{1,16}(?:\([^)]{0,400}\))?)/.exec(rest)?.[1]
  return {
    is: 'slab',
    ...wordOf(printed),
    slab: {
      ...(address === undefined ? {} : { address }),
      ...(objects === undefined ? {} : { objects }),
      ...(used === undefined ? {} : { used }),
      ...(freePointer === undefined ? {} : { freePointer }),
      ...(flags === undefined ? {} : { flags: keep(`0x${flags}`) }),
    },
  }
}

function fixOf(cache: string, text: string): SlubLine {
  const restored = RESTORED.exec(text)
  const value = byteOf(restored?.[4])
  const object = pointer(NOT_FREED.exec(text)?.[1])
  return {
    is: 'fix',
    cache: keep(cache),
    text: keep(text.trim()),
    ...(restored ? { range: range(restored[2], restored[3]) } : {}),
    ...(value === undefined ? {} : { value }),
    ...(restored?.[1] === undefined ? {} : { what: keep(restored[1]) }),
    ...(object === undefined ? {} : { object }),
  }
}

/**
 * A line of a report. `open`: a report is being read; `slab`: one of mm/slab.c, whose lines mean nothing alone.
 * undefined: none, or one that needs a report before it.
 */
export function parseSlubLine(text: string, open: boolean, slab: boolean): SlubLine | undefined {
  if (text.length > 4096) return undefined
  if (text.includes('BUG ')) {
    const found = heading(text)
    if (found) return found
  }
  const alone = aloneLine(text)
  if (alone) return alone
  if (text.includes('First byte 0x')) {
    const found = BYTES.exec(text)
    if (found) {
      const [, what, start, end, offset, first, expected] = found
      const read = range(start, end, offset, first, expected)
      return {
        is: 'bytes',
        range: read,
        hashed: isHashed(start, read.offset),
        ...wordOf(start),
        ...(what === undefined ? {} : { verdict: slubVerdict(what) }),
      }
    }
  }
  if (text.includes(' age=')) {
    const found = TRACK.exec(text)
    if (found) {
      const [, what, site, age, cpu, pid] = found
      return {
        is: 'track',
        of: what === 'Freed' ? 'freed' : 'allocated',
        track: { ...siteOf(site ?? ''), ageJiffies: Number(age), cpu: Number(cpu), pid: Number(pid) },
      }
    }
  }
  if (text.includes('Slab 0x')) {
    const found = SLAB.exec(text)
    if (found) return slabOf(found[1], found[2] ?? '')
  }
  if (text.includes(' @offset=')) {
    const found = OBJECT.exec(text)
    if (found) {
      const address = pointer(found[1])
      const offset = offsetOf(found[2])
      const freePointer = pointer(found[3])
      if (offset !== undefined)
        return {
          is: 'object',
          ...(address === undefined ? {} : { address }),
          offset,
          ...(freePointer === undefined ? {} : { freePointer }),
          listed: found[3] === undefined,
          hashed: isHashed(found[1], offset),
          ...wordOf(found[1]),
        }
    }
  }
  if (text.includes('FIX ')) {
    const found = FIX.exec(text)
    if (found) return fixOf(found[1] ?? '', found[2] ?? '')
  }
  if (!open) return undefined
  const row = ROW.exec(text)
  if (row) {
    const bytes = rowBytes(row[3] ?? '', row[4] ?? '')
    const address = pointer(row[2])
    return bytes === undefined
      ? undefined
      : {
          is: 'row',
          part: PARTS[row[1] as keyof typeof PARTS],
          bytes,
          ...(address === undefined ? {} : { address }),
        }
  }
  if (text.includes('stack trace missing')) return { is: 'no-stack' }
  if (text.includes('Invalid pointer ')) {
    const found = INVALID_POINTER.exec(text)
    const object = pointer(found?.[1])
    if (found) return { is: 'invalid-pointer', ...(object === undefined ? {} : { object }) }
  }
  return slab ? slabLine(text) : undefined
}

function slabLine(text: string): SlubLine | undefined {
  const row = SLAB_ROW.exec(text)
  if (row) {
    const bytes = rowBytes(row[2] ?? '', row[3] ?? '')
    return bytes === undefined
      ? undefined
      : { is: 'row', part: 'object', at: Number.parseInt(row[1] ?? '', 16), bytes }
  }
  const zones = REDZONE.exec(text)
  if (zones) return { is: 'redzones', redzones: [BigInt(`0x${zones[1]}`), BigInt(`0x${zones[2]}`)] }
  const both = REDZONES.exec(text)
  if (both) {
    const object = pointer(both[1])
    return {
      is: 'redzones',
      redzones: [BigInt(`0x${both[2]}`), BigInt(`0x${both[3]}`)],
      ...(object === undefined ? {} : { object }),
    }
  }
  const user = LAST_USER.exec(text)
  if (user) return { is: 'last-user', site: keep(user[1] ?? '') }
  const neighbour = NEIGHBOUR.exec(text)
  const address = pointer(neighbour?.[2])
  if (neighbour && address !== undefined)
    return { is: 'neighbour', side: neighbour[1] === 'Prev' ? 'before' : 'behind', address }
  return text.includes('Single bit error detected') ? { is: 'single-bit' } : undefined
}

const REDZONE_FREE = [0x09f911029d74e35bn, 0x5a2cf071n] as const
const REDZONE_USED = [0xd84156c5635688c0n, 0x170fc2a5n] as const

/**
 * What two words around an object of SLAB's tell of it (RED_ACTIVE and RED_INACTIVE of include/linux/poison.h, and what
 * they were up to 2.6.21).
 */
export function slabRedzones(
  redzones: readonly [bigint, bigint],
): { readonly state: 'free' | 'used' } | { readonly zone?: 'left' | 'right' } {
  const is = (list: readonly bigint[], value: bigint): boolean => list.includes(value)
  if (redzones.every(value => is(REDZONE_FREE, value))) return { state: 'free' }
  if (redzones.every(value => is(REDZONE_USED, value))) return { state: 'used' }
  const [left, right] = redzones.map(value => is(REDZONE_FREE, value) || is(REDZONE_USED, value))
  if (left === right) return {}
  return { zone: left === true ? 'right' : 'left' }
}
