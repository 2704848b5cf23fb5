// What a report of slab debugging says of the fault behind it: what the damaged bytes look like, which code the stacks
// name, and which of the known sorts of misuse it is, with the reason.

import { kept } from '../base/kept.ts'
import type { Frame, SlubCorruption, SlubTrack } from '../decode/kmsg/report.ts'
import { FILL } from '../knowledge/slub-object.ts'
import { type ObjectPicture, objectPicture } from './object-picture.ts'

/** What wrote bytes like these. In the order in which they are told. */
export type Look =
  /** Poison that somebody counted down or up. */
  | 'counter'
  /** One byte differs, by one bit. */
  | 'one-bit'
  /** Pointers to itself: an empty list head. */
  | 'list-head'
  | 'pointer'
  /** LIST_POISON1 and 2: list_del() was called. */
  | 'list-poison'
  | 'text'
  /** One zero behind the last byte: the end of a string. */
  | 'terminator'
  | 'zeroes'
  | 'small-number'
  /** 0x6b: read from freed memory, or freed as part of a larger object. */
  | 'freed'
  /** 0x5a: read where nothing had been written. */
  | 'fresh'
  /** The red zone of the other state: 0xbb where 0xcc should be. */
  | 'says-free'
  | 'says-used'

/** The article's four sorts, and those that are none of them. */
export type FaultSort =
  | 'leak'
  | 'overrun'
  | 'use-after-free'
  | 'uninitialised'
  | 'double-free'
  | 'wrong-free'
  | 'hardware'
  | 'metadata'
  /** The heading of the report is not in the log. */
  | 'unknown'

/** Why it is that sort: one sentence of the explanation each. */
export type FaultReason =
  | 'leak'
  | 'past-end'
  | 'past-asked'
  | 'before-start'
  | 'from-neighbour'
  | 'red-zone'
  | 'terminator'
  | 'padding'
  | 'alignment'
  | 'slab-tail'
  | 'written-freed'
  | 'counted-freed'
  | 'list-freed'
  | 'free-pointer-freed'
  | 'free-pointer-used'
  | 'free-chain'
  | 'free-cycle'
  | 'fresh-read'
  | 'freed-read'
  | 'double-free'
  | 'double-free-counted'
  | 'red-zone-free'
  | 'red-zone-used'
  | 'bulk'
  | 'invalid-pointer'
  | 'wrong-cache'
  | 'one-bit'
  | 'metadata'
  | 'headless'

/** The code a stack names. */
export interface Culprit {
  readonly function?: string
  readonly module?: string
  readonly of: 'allocated' | 'freed' | 'found'
}

export interface SlubFault {
  readonly sort: FaultSort
  readonly reason: FaultReason
  readonly looks: readonly Look[]
  /** The damaged bytes that are wrong, first to last, as far as they were printed. */
  readonly found: readonly number[]
  /** Counted up or down by so much, 0x6b6b6b6b being 0. */
  readonly counted?: number
  /** Printable characters among the damage. */
  readonly text?: string
  readonly pointer?: bigint
  readonly number?: bigint
  /** XOR of the one byte that differs. */
  readonly bit?: number
  readonly picture?: ObjectPicture
  readonly allocated?: Culprit
  readonly freed?: Culprit
  readonly foundBy?: Culprit
  /** The module, or else the function, that the report points at; undefined: it names none. */
  readonly suspect?: Culprit
}

const worked = new WeakMap<SlubCorruption, SlubFault>()

/** Works out what is behind a report, once; the report may be partial. */
export function slubFault(report: SlubCorruption): SlubFault {
  const before = worked.get(report)
  if (before !== undefined) return before
  const fault = faultOf(report)
  worked.set(report, fault)
  return fault
}

function faultOf(report: SlubCorruption): SlubFault {
  const picture = objectPicture(report)
  const bytes = damagedBytes(picture)
  const looks = looksOf(report, picture, bytes)
  const { sort, reason } = sortOf(report, picture, looks.looks)
  const allocated = culpritOf(trackFrames(report.allocated ?? remainingTrack(report)), 'allocated')
  const freed = culpritOf([...trackFrames(report.freed), ...lastUserFrames(report)], 'freed')
  const foundBy = culpritOf(report.frames, 'found')
  const suspect = suspectOf(sort, reason, { allocated, freed, foundBy })
  return {
    sort,
    reason,
    ...looks,
    found: bytes.flatMap(({ byte }) => (byte === undefined ? [] : [byte])),
    ...(picture === undefined ? {} : { picture }),
    ...(allocated === undefined ? {} : { allocated }),
    ...(freed === undefined ? {} : { freed }),
    ...(foundBy === undefined ? {} : { foundBy }),
    ...(suspect === undefined ? {} : { suspect }),
  }
}

interface DamagedByte {
  readonly offset: number
  readonly byte?: number
}

/** Bytes looked at for what they are; a whole object overwritten says no more than its first 4 KiB. */
const LOOKED_AT = 4_096

function damagedBytes(picture: ObjectPicture | undefined): readonly DamagedByte[] {
  if (picture === undefined) return []
  const printed = printedBytes(picture)
  const found: DamagedByte[] = []
  for (const { offset, size } of picture.marks) {
    for (let at = offset; at < offset + size && found.length < LOOKED_AT; at += 1) {
      const byte = printed.get(at)
      found.push(byte === undefined ? { offset: at } : { offset: at, byte })
    }
  }
  return found
}

function printedBytes({ rows }: ObjectPicture): ReadonlyMap<number, number> {
  return new Map(rows.flatMap(({ offset, bytes }) => bytes.map((byte, at) => [offset + at, byte] as const)))
}

type Looks = Pick<SlubFault, 'looks' | 'counted' | 'text' | 'pointer' | 'number' | 'bit'>

/** A word of the damage with what stands around it, little-endian; the kernels that nodes run are. */
function wordAt(printed: ReadonlyMap<number, number>, offset: number, size: number): bigint | undefined {
  let value = 0n
  for (let at = size - 1; at >= 0; at -= 1) {
    const byte = printed.get(offset + at)
    if (byte === undefined) return undefined
    value = (value << 8n) | BigInt(byte)
  }
  return value
}

/** A poisoned counter is told from any other small change by this much: a guess of ours. */
const COUNTED_AT_MOST = 8

const FREED_WORD = 0x6b6b_6b6bn

/** Pages of kernels end at 4 KiB and above: a number below it is no pointer. */
const SMALL = 4_096n

/** list_del() leaves these (include/linux/poison.h): 0x100 and 0x122, 0x200 before 4.15, with and without an offset. */
const LIST_POISON = new Set([
  0x100n,
  0x122n,
  0x200n,
  0x0010_0100n,
  0x0020_0200n,
  0xdead_0000_0000_0100n,
  0xdead_0000_0000_0122n,
  0xdead_0000_0000_0200n,
])

/** Where the kernel's own addresses begin on x86-64, arm64 and ppc64, and on 32 bits with the usual split. */
function isPointer(value: bigint, word: 4 | 8): boolean {
  return word === 8
    ? value >= 0xffff_0000_0000_0000n && value < 0xffff_ffff_ffff_f000n
    : value >= 0xc000_0000n && value < 0xffff_f000n
}

function looksOf(
  report: SlubCorruption,
  picture: ObjectPicture | undefined,
  bytes: readonly DamagedByte[],
): Looks {
  const known = bytes.filter((one): one is Required<DamagedByte> => one.byte !== undefined)
  const first = known[0]
  if (picture === undefined || first === undefined || known.length !== bytes.length) return bare(report)
  const printed = printedBytes(picture)
  const expected = report.range?.expectedByte
  const all = known.map(({ byte }) => byte)
  const every = (value: number): boolean => all.every(byte => byte === value)
  const difference = known.length === 1 && expected !== undefined ? first.byte ^ expected : 0
  const counted = expected === FILL.freed ? countedAt(printed, first.offset, known) : undefined
  const oneBit = difference !== 0 && (difference & (difference - 1)) === 0
  const word = picture.word ?? 8
  const words = wholeWords(printed, known, word)
  const wrong = new Set(known.map(({ offset }) => offset))
  // high bytes that nobody wrote are the red zone's: 0xcc006564 is two letters and an end of string
  const pointers = words.filter(
    ({ offset, value }) =>
      isPointer(value, word) && wrong.has(offset + word - 1) && (word === 4 || wrong.has(offset + word - 2)),
  )
  const text = textOf(known, printed)
  const end = picture.parts.find(({ part }) => part === 'right')?.offset
  const terminator =
    known.length === 1 && first.byte === 0 && (first.offset === end || report.zone === 'kmalloc')
  const number = words.length > 0 ? words[0]?.value : undefined
  const small =
    number !== undefined && words.length * word >= known.length && words.every(({ value }) => value < SMALL)
  const self = pointers.some(
    ({ offset, value }) => report.object !== undefined && value === report.object + BigInt(offset),
  )
  const listPoison = words.some(({ value }) => LIST_POISON.has(value))
  const looks: Look[] = []
  if (counted !== undefined) looks.push('counter')
  if (oneBit) looks.push('one-bit')
  if (self && !picture.hashed) looks.push('list-head')
  else if (pointers.length > 0) looks.push('pointer')
  if (listPoison) looks.push('list-poison')
  if (every(FILL.freed)) looks.push('freed')
  else if (every(FILL.fresh)) looks.push('fresh')
  else if (expected === FILL.redUsed && every(FILL.redFree)) looks.push('says-free')
  else if (expected === FILL.redFree && every(FILL.redUsed)) looks.push('says-used')
  else if (terminator) looks.push('terminator')
  else if (every(0)) looks.push('zeroes')
  else if (text !== undefined && counted === undefined) looks.push('text')
  else if (small && !listPoison) looks.push('small-number')
  return {
    looks,
    ...(counted === undefined ? {} : { counted }),
    ...(looks.includes('text') && text !== undefined ? { text } : {}),
    ...(pointers[0] === undefined ? {} : { pointer: pointers[0].value }),
    ...(looks.includes('small-number') && number !== undefined ? { number } : {}),
    ...(oneBit ? { bit: difference } : {}),
  }
}

/** Of damage that was not dumped, the first byte is told all the same. */
function bare({ range, freePointer, hashed, singleBit }: SlubCorruption): Looks {
  if (singleBit === true) return { looks: ['one-bit'] }
  const one = range !== undefined && range.start === range.end
  const { firstByte, expectedByte } = range ?? {}
  if (one && firstByte !== undefined && expectedByte !== undefined) {
    const difference = firstByte ^ expectedByte
    const oneBit = difference !== 0 && (difference & (difference - 1)) === 0
    // hashed or not, the low byte of a counter is where a word begins
    const counted =
      expectedByte === FILL.freed && (hashed === true || (range?.start ?? 1n) % 4n === 0n)
        ? smallStep(firstByte - expectedByte)
        : undefined
    return {
      looks: kept(counted !== undefined && 'counter', oneBit && 'one-bit'),
      ...(oneBit ? { bit: difference } : {}),
      ...(counted === undefined ? {} : { counted }),
    }
  }
  if (range === undefined && freePointer !== undefined) {
    const filled = (byte: number): boolean =>
      freePointer === BigInt(`0x${byte.toString(16).repeat(8)}`) ||
      freePointer === BigInt(`0x${byte.toString(16).repeat(4)}`)
    if (filled(FILL.freed)) return { looks: ['freed'] }
    if (filled(FILL.fresh)) return { looks: ['fresh'] }
  }
  return { looks: [] }
}

/** By how much a 32-bit word of 0x6b6b6b6b was counted, where nothing else of the object changed. */
function countedAt(
  printed: ReadonlyMap<number, number>,
  offset: number,
  damaged: readonly DamagedByte[],
): number | undefined {
  const from = offset - (((offset % 4) + 4) % 4)
  if (damaged.some(one => one.offset < from || one.offset >= from + 4)) return undefined
  const value = wordAt(printed, from, 4)
  if (value === undefined) return undefined
  return smallStep(Number(value - FREED_WORD))
}

/** 0x6b less one is one bit too, and a reference dropped is the likelier; of other single bits a counter makes few. */
function smallStep(by: number): number | undefined {
  const bits = (FILL.freed ^ ((FILL.freed + by) & 0xff)) >>> 0
  const oneBit = bits !== 0 && (bits & (bits - 1)) === 0
  if (by === 0 || Math.abs(by) > COUNTED_AT_MOST) return undefined
  return oneBit && by !== -1 ? undefined : by
}

/** Words of the object that the damage touches, each once. */
function wholeWords(
  printed: ReadonlyMap<number, number>,
  damaged: readonly DamagedByte[],
  word: 4 | 8,
): readonly { readonly offset: number; readonly value: bigint }[] {
  // two bytes or three may be the low ones of anything
  if (damaged.length < word / 2) return []
  const starts = new Set(damaged.map(({ offset }) => offset - (((offset % word) + word) % word)))
  return [...starts].flatMap(offset => {
    const value = wordAt(printed, offset, word)
    return value === undefined ? [] : [{ offset, value }]
  })
}

/** Fewer printable bytes in a row are chance: a guess of ours. */
const SHORTEST_TEXT = 4

const isText = (byte: number | undefined): byte is number =>
  byte !== undefined && byte >= 0x20 && byte < 0x7f && byte !== FILL.freed && byte !== FILL.fresh

/** Characters before the damage that are taken for the beginning of its text. */
const TEXT_BEFORE = 40

/** The longest run of printable characters, where it makes up most of the damage; what runs into it belongs to it. */
function textOf(
  damaged: readonly Required<DamagedByte>[],
  printed: ReadonlyMap<number, number>,
): string | undefined {
  let best = { from: 0, text: '' }
  let run = best
  for (const { offset, byte } of damaged) {
    if (!isText(byte)) {
      run = { from: offset + 1, text: '' }
      continue
    }
    const follows = run.text !== '' && run.from + run.text.length === offset
    run = follows
      ? { from: run.from, text: run.text + String.fromCharCode(byte) }
      : { from: offset, text: String.fromCharCode(byte) }
    if (run.text.length > best.text.length) best = run
  }
  if (best.text === '' || best.text.length * 2 < damaged.length) return undefined
  let before = ''
  for (let at = best.from - 1; before.length < TEXT_BEFORE; at -= 1) {
    const byte = printed.get(at)
    if (!isText(byte)) break
    before = String.fromCharCode(byte) + before
  }
  const whole = before + best.text
  return whole.length >= SHORTEST_TEXT ? whole.slice(0, 80) : undefined
}

/** "Slab has 0 allocated objects but 1 are to be freed" (6.1): all of the slab's objects were free already. */
const TO_BE_FREED = /allocated objects but \d{1,9} are to be freed/

function sortOf(
  report: SlubCorruption,
  picture: ObjectPicture | undefined,
  looks: readonly Look[],
): Pick<SlubFault, 'sort' | 'reason'> {
  const has = (look: Look): boolean => looks.includes(look)
  const { damage, reason: printed } = report
  switch (damage) {
    case 'objects-remaining':
      return { sort: 'leak', reason: 'leak' }
    case 'double-free':
      return { sort: 'double-free', reason: 'double-free' }
    case 'bulk-free-count':
      return { sort: 'double-free', reason: 'bulk' }
    case 'invalid-pointer':
      return { sort: 'wrong-free', reason: 'invalid-pointer' }
    case 'wrong-cache':
      return { sort: 'wrong-free', reason: 'wrong-cache' }
    case 'metadata':
      return TO_BE_FREED.test(printed)
        ? { sort: 'double-free', reason: 'double-free-counted' }
        : { sort: 'metadata', reason: 'metadata' }
    case 'unknown':
      return { sort: 'unknown', reason: 'headless' }
    case 'freepointer-corrupt':
      return freePointerSort(report, has)
    case 'poison-overwritten':
      if (has('counter')) return { sort: 'use-after-free', reason: 'counted-freed' }
      if (has('one-bit')) return { sort: 'hardware', reason: 'one-bit' }
      if (has('fresh')) return { sort: 'uninitialised', reason: 'fresh-read' }
      if (has('list-head') || has('list-poison')) return { sort: 'use-after-free', reason: 'list-freed' }
      return { sort: 'use-after-free', reason: 'written-freed' }
    case 'redzone-overwritten':
      if (has('one-bit')) return { sort: 'hardware', reason: 'one-bit' }
      if (has('says-free')) return { sort: 'double-free', reason: 'red-zone-free' }
      if (has('says-used')) return { sort: 'metadata', reason: 'red-zone-used' }
      if (has('fresh')) return { sort: 'uninitialised', reason: 'fresh-read' }
      if (has('terminator')) return { sort: 'overrun', reason: 'terminator' }
      if (report.zone === 'kmalloc') return { sort: 'overrun', reason: 'past-asked' }
      return redZoneSort(zoneOf(report, picture), picture)
    case 'padding-overwritten':
      if (has('one-bit')) return { sort: 'hardware', reason: 'one-bit' }
      if (picture?.of === 'slab-tail' || report.object === undefined)
        return { sort: 'overrun', reason: 'slab-tail' }
      return { sort: 'overrun', reason: /alignment/i.test(printed) ? 'alignment' : 'padding' }
  }
}

/** Old kernels say only "Redzone": which one is told by the place. */
function zoneOf({ zone }: SlubCorruption, picture: ObjectPicture | undefined): 'left' | 'right' | undefined {
  if (zone === 'left' || zone === 'right') return zone
  const offset = picture?.damage?.offset
  return offset === undefined ? undefined : offset < 0 ? 'left' : 'right'
}

/** Damage at the far end of the left red zone comes from the object before, at the near end from this one. */
function redZoneSort(
  zone: 'left' | 'right' | undefined,
  picture: ObjectPicture | undefined,
): Pick<SlubFault, 'sort' | 'reason'> {
  if (zone === undefined) return { sort: 'overrun', reason: 'red-zone' }
  if (zone === 'right') return { sort: 'overrun', reason: 'past-end' }
  const left = picture?.parts.find(({ part }) => part === 'left')
  const { offset, size } = picture?.damage ?? {}
  const touchesStart = left?.offset !== undefined && offset === left.offset
  const touchesObject = offset !== undefined && size !== undefined && offset + size === 0
  return { sort: 'overrun', reason: touchesStart && !touchesObject ? 'from-neighbour' : 'before-start' }
}

function freePointerSort(
  report: SlubCorruption,
  has: (look: Look) => boolean,
): Pick<SlubFault, 'sort' | 'reason'> {
  if (/cycle/i.test(report.reason)) return { sort: 'double-free', reason: 'free-cycle' }
  if (has('fresh')) return { sort: 'uninitialised', reason: 'fresh-read' }
  if (has('freed')) return { sort: 'use-after-free', reason: 'freed-read' }
  if (/chain/i.test(report.reason)) return { sort: 'use-after-free', reason: 'free-chain' }
  return inUse(report)
    ? { sort: 'overrun', reason: 'free-pointer-used' }
    : { sort: 'use-after-free', reason: 'free-pointer-freed' }
}

/** Its red zone says that the object was in use when it was looked at. */
function inUse({ rows }: SlubCorruption): boolean {
  const zone = rows.filter(({ part }) => part === 'redzone').flatMap(({ bytes }) => bytes)
  return zone.length > 0 && zone.filter(byte => byte === FILL.redUsed).length * 2 > zone.length
}

/**
 * Functions that allocate and free for others, find the damage, or stand between a stack and its interrupt: none of
 * them has done it. Names without the suffixes that compilers add.
 */
const NOT_GUILTY = new RegExp(
  `^(?:${[
    '_*(?:k|kv|v|devm_k)[mzc]?(?:m?alloc|zalloc|calloc|realloc|free|strdup|memdup|asprintf)\\w*',
    '_*kmem(?:_cache)?_\\w+|_*kmalloc\\w*|_*kfree\\w*|_*kvfree\\w*|_*krealloc\\w*',
    '_*slab_\\w+|do_slab_free|slub_\\w+|allocate_slab|new_slab\\w*|get_partial\\w*|get_any_partial|deactivate_slab|__unfreeze_partials',
    'refill_\\w+|alloc_from_\\w+|free_to_\\w+|__free_slab|discard_slab|free_debug_processing|alloc_debug_processing|free_consistency_checks|alloc_consistency_checks',
    'check_(?:object|slab|bytes_and_report|valid_pointer|pad_bytes)|on_freelist|object_err|print_trailer|print_track\\w*|init_object|validate_slab\\w*|cache_from_obj|virt_to_cache|list_slab_objects|free_partial',
    'set_track\\w*|stack_trace_save|save_stack\\w*|stack_depot_\\w+|kasan_\\w+|_*kasan\\w*|qlist_\\w+|quarantine_\\w+|kmemleak_\\w+|cache_free_debugcheck|cache_alloc_debugcheck_after|check_poison_obj',
    'mempool_\\w+|alloc_pages\\w*|__alloc_pages\\w*|sg_kmalloc|_*alloc_skb\\w*|__?kmemdup\\w*|dump_stack\\w*|show_stack|show_trace\\w*|dump_backtrace|warn_slowpath\\w*|__warn\\w*|report_bug',
    'rcu_\\w+|call_rcu\\w*|__?rcu_\\w+|kfree_rcu\\w*|__?do_softirq|handle_softirqs|irq_exit\\w*|run_ksoftirqd|invoke_softirq|call_softirq|do_softirq\\w*|smpboot_thread_fn|process_one_work|worker_thread|process_scheduled_works|kthread|ret_from_\\w+|ret_to_\\w+',
    'do_syscall\\w*|entry_\\w+|system_call\\w*|sys_\\w+|__x64_\\w+|__se_\\w+|__do_sys_\\w+|__arm64_\\w+|x64_sys_call|el0\\w*|el1\\w*|invoke_syscall|asm_\\w+|common_interrupt|apic_timer_interrupt|sysvec_\\w+|syscall\\w*|sysenter\\w*',
  ].join('|')})$`,
)

/** Without `.isra.50`, `.constprop.0`, `.part.3`, `.cold`: what a compiler made of one function. */
export function plainName(name: string): string {
  return name.replace(/(?:\.(?:isra|constprop|part|cold|lto_priv)(?:\.\d{1,9})*)+$/, '')
}

/** Frames that say who: those of the first code that is not the allocator's; of several, a module's comes first. */
function culpritOf(frames: readonly Frame[], of: Culprit['of']): Culprit | undefined {
  const sure = frames.filter(({ uncertain }) => uncertain !== true)
  const named = (sure.length > 0 ? sure : frames).filter(
    (frame): frame is Frame & { function: string } =>
      frame.function !== undefined && !NOT_GUILTY.test(plainName(frame.function)),
  )
  const chosen = named.find(({ module }) => module !== undefined) ?? named[0]
  if (chosen === undefined) return undefined
  return {
    function: plainName(chosen.function),
    ...(chosen.module === undefined ? {} : { module: chosen.module }),
    of,
  }
}

/** The function that a track names in its first line is the caller; its frames begin with it or leave it out. */
function trackFrames(track: SlubTrack | undefined): readonly Frame[] {
  if (track === undefined) return []
  const { function: name, module } = track
  const head = {
    ...(name === undefined ? {} : { function: name }),
    ...(module === undefined ? {} : { module }),
  }
  return name === undefined ? track.frames : [head, ...track.frames]
}

/** `[<ffffffff8107f5a4>](free_fdtable_rcu+0x71/0xb8)` of mm/slab.c. */
function lastUserFrames({ lastUser }: SlubCorruption): readonly Frame[] {
  const name = /([A-Za-z_$][\w.$]{0,255})\+0x[0-9a-f]{1,8}\//.exec(lastUser ?? '')?.[1]
  return name === undefined ? [] : [{ function: name }]
}

/** Of objects left behind, the allocation most of them have in common. */
function remainingTrack({ remaining }: SlubCorruption): SlubTrack | undefined {
  const counts = new Map<string, { readonly track: SlubTrack; count: number }>()
  for (const { allocated } of remaining ?? []) {
    if (allocated === undefined) continue
    const key = stackKey(allocated)
    const known = counts.get(key)
    if (known === undefined) counts.set(key, { track: allocated, count: 1 })
    else known.count += 1
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.track
}

/** The same call path: names without offsets, which differ between builds. */
export function stackKey({ site, function: head, frames }: SlubTrack): string {
  return [head ?? site, ...frames.map(frame => frame.function ?? String(frame.address))].join(' < ')
}

/**
 * Who is to be asked. Who wrote is never in a report: of an object in use it is most likely who allocated it, of a
 * freed one who had it before. Who found it is to blame only for what it has just done itself: a free.
 */
function suspectOf(
  sort: FaultSort,
  reason: FaultReason,
  { allocated, freed, foundBy }: Partial<Record<'allocated' | 'freed' | 'foundBy', Culprit | undefined>>,
): Culprit | undefined {
  if (sort === 'hardware' || sort === 'metadata') return undefined
  const order =
    sort === 'double-free' || sort === 'wrong-free'
      ? [foundBy, freed, allocated]
      : sort === 'use-after-free' || reason === 'fresh-read'
        ? [freed, allocated]
        : sort === 'leak'
          ? [allocated, foundBy]
          : [allocated, freed]
  return order.find(one => one?.module !== undefined) ?? order.find(one => one !== undefined)
}
