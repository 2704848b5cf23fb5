// /sys/kernel/debug/kmemleak (mm/kmemleak.c, kmemleak_seq_show()): the objects that the last scan found nothing pointing
// to, grouped by the stack that allocated them. Reading the file is no scan.

import { keep, readLines } from '../../base/lines.ts'
import { traceReader } from '../kmsg/call-trace.ts'
import {
  type ObjectHead,
  type ObjectReader,
  objectReader,
  ownerOf,
  parseObjectHead,
  stackOf,
} from '../kmsg/kmemleak.ts'
import type { Frame, KmemleakObject } from '../kmsg/report.ts'

/** A span of numbers, both ends included. */
export interface Range {
  readonly least: number
  readonly most: number
}

/** Objects that were allocated by one stack. */
export interface KmemleakGroup {
  /** Names of the functions, the first the one that asked for the memory; `?` for code without a symbol. */
  readonly stack: readonly string[]
  /** The first of them that has a name and is no allocator. */
  readonly owner?: string
  /** Nearest module of the stack. */
  readonly module?: string
  readonly area?: 'percpu' | 'phys'
  readonly count: number
  /** Of all of them. */
  readonly bytes: number
  /** How many there are of each size, the most frequent first; at most eight sizes. */
  readonly sizes: readonly { readonly size: number; readonly count: number }[]
  /** Who ran when they were allocated; at most four. */
  readonly comms: readonly string[]
  /** Seconds, where the kernel prints it. */
  readonly age?: Range
  readonly jiffies?: Range
  /** The frames as printed, of the first of them. */
  readonly frames: readonly Frame[]
  /** The head of the first of them. */
  readonly first: { readonly line: number; readonly text: string }
}

/** One reading of the file. */
export interface KmemleakReading {
  readonly records: number
  /** Of all records. */
  readonly bytes: number
  /** Most bytes first, then most objects. */
  readonly groups: readonly KmemleakGroup[]
  /** Records of stacks beyond the 4,096 that are told apart. */
  readonly ungrouped: number
  /** The last record is cut. */
  readonly truncated?: true
  /** Objects by identity, where they were asked for and there are no more than 500,000. */
  readonly objects?: ReadonlyMap<string, ObjectPlace>
}

/** Which group an object is in, and the checksum of its bytes. */
export interface ObjectPlace {
  readonly key: string
  readonly size: number
  readonly crc?: string
}

/** Stacks told apart. A kernel has some ten thousand places that allocate; a node leaks at a handful. Ours. */
const MOST_GROUPS = 4096

/** Identities kept for a comparison: some 60 MiB. Ours. */
const MOST_OBJECTS = 500_000

/** Characters of a backtrace that are read: 16 frames with all that is inlined into them are a tenth of it. */
const LONGEST_TRACE = 65_536

/** Backtraces that are remembered, and as long as they may be. */
const MOST_TRACES = 1024
const LONG_TRACE = 8192

const MOST_SIZES = 8
const MOST_COMMS = 4

interface Group {
  readonly stack: readonly string[]
  readonly object: KmemleakObject
  readonly line: number
  readonly text: string
  count: number
  bytes: number
  readonly sizes: Map<number, number>
  readonly comms: Set<string>
  age?: { least: number; most: number }
  jiffies?: { least: number; most: number }
}

const stretch = (
  range: { least: number; most: number } | undefined,
  value: number,
): { least: number; most: number } =>
  range === undefined
    ? { least: value, most: value }
    : { least: Math.min(range.least, value), most: Math.max(range.most, value) }

/** What makes two objects of one group: area and stack. */
function groupKey({ area, frames }: Pick<KmemleakObject, 'area' | 'frames'>): string {
  return `${area ?? ''}\0${stackOf(frames).join('<')}`
}

/** An object's identity: kmemleak makes a record anew when an address is allocated again, with a time of its own. */
function identity({ address, jiffies, area }: KmemleakObject): string | undefined {
  return address === undefined ? undefined : `${area ?? ''}${address.toString(36)} ${jiffies ?? ''}`
}

/** Groups records as they come; memory grows with the number of different stacks alone. */
export function kmemleakGrouper(options: { readonly objects?: boolean } = {}): {
  add(object: KmemleakObject, line: number, text: string): void
  reading(): KmemleakReading
} {
  const groups = new Map<string, Group>()
  let objects: Map<string, ObjectPlace> | undefined = options.objects === true ? new Map() : undefined
  /** The same string for all objects of a group. */
  const keys = new Map<string, string>()
  /** Keys of frames that were seen before: of a large file nearly all. */
  const made = new WeakMap<readonly Frame[], string>()
  let records = 0
  let bytes = 0
  let ungrouped = 0

  function take(group: Group, { size = 0, comm, ageSeconds, jiffies }: KmemleakObject): void {
    group.count += 1
    group.bytes += size
    if (group.sizes.size < MOST_SIZES || group.sizes.has(size))
      group.sizes.set(size, (group.sizes.get(size) ?? 0) + 1)
    if (comm !== undefined && group.comms.size < MOST_COMMS) group.comms.add(comm)
    if (ageSeconds !== undefined) group.age = stretch(group.age, ageSeconds)
    if (jiffies !== undefined) group.jiffies = stretch(group.jiffies, jiffies)
  }

  return {
    add(object, line, text) {
      records += 1
      bytes += object.size ?? 0
      let own = made.get(object.frames)
      if (own === undefined || object.area !== undefined) {
        own = groupKey(object)
        if (object.area === undefined) made.set(object.frames, own)
      }
      let key = keys.get(own)
      if (key === undefined) {
        key = own
        if (groups.size < MOST_GROUPS) {
          keys.set(key, key)
          groups.set(key, {
            stack: stackOf(object.frames),
            object,
            line,
            text: keep(text),
            count: 0,
            bytes: 0,
            sizes: new Map(),
            comms: new Set(),
          })
        }
      }
      const group = groups.get(key)
      if (group === undefined) ungrouped += 1
      else take(group, object)
      const id = identity(object)
      if (objects === undefined || id === undefined) return
      if (objects.size >= MOST_OBJECTS) objects = undefined
      else
        objects.set(id, {
          key,
          size: object.size ?? 0,
          ...(object.crc === undefined ? {} : { crc: object.crc }),
        })
    },
    reading: () => ({
      records,
      bytes,
      ungrouped,
      ...(objects === undefined ? {} : { objects }),
      groups: [...groups.values()]
        .map(({ stack, object, line, text, count, bytes: sum, sizes, comms, age, jiffies }) => {
          const { function: owner, module } = ownerOf(object.frames)
          return {
            stack,
            ...(owner === undefined ? {} : { owner }),
            ...(module === undefined ? {} : { module }),
            ...(object.area === undefined ? {} : { area: object.area }),
            count,
            bytes: sum,
            sizes: [...sizes]
              .map(([size, times]) => ({ size, count: times }))
              .sort((a, b) => b.count - a.count || b.size - a.size),
            comms: [...comms],
            ...(age === undefined ? {} : { age }),
            ...(jiffies === undefined ? {} : { jiffies }),
            frames: object.frames,
            first: { line, text },
          }
        })
        .sort((a, b) => b.bytes - a.bytes || b.count - a.count || a.first.line - b.first.line),
    }),
  }
}

/** Reads the file, or a copy of it. Never throws; what is no record is passed over. */
export function readKmemleak(
  chunks: Iterable<Uint8Array>,
  options: { readonly objects?: boolean } = {},
): KmemleakReading {
  const grouper = kmemleakGrouper(options)
  let open: { head: ObjectHead; reader: ObjectReader; line: number; text: string; trace: string } | undefined
  let whole = true
  /** Backtraces by their text: thousands of records have the same. */
  const traces = new Map<string, readonly Frame[]>()

  function framesOf(trace: string): readonly Frame[] {
    const known = traces.get(trace)
    if (known !== undefined) return known
    const reader = traceReader()
    for (const line of trace.split('\n')) reader.push(line)
    if (traces.size < MOST_TRACES && trace.length < LONG_TRACE) traces.set(keep(trace), reader.frames)
    return reader.frames
  }

  function close(): void {
    if (open === undefined) return
    const { reader, line, text, head, trace } = open
    open = undefined
    if (head.address === undefined && !reader.begun) return
    whole = reader.tracing
    grouper.add({ ...reader.object(), frames: framesOf(trace) }, line, text)
  }

  for (const { text, number, rest } of readLines(chunks)) {
    if (rest === true) continue
    // a verbose detector's log, saved as the file
    const line = text.replace(/^(?:\[ *\d{1,9}\.\d{6}\] )?kmemleak: /, '')
    const head = parseObjectHead(line)
    if (head === undefined) {
      if (open?.reader.tracing === true) {
        if (open.trace.length < LONGEST_TRACE) open.trace += `${line}\n`
      } else open?.reader.push(line)
      continue
    }
    close()
    open = { head, reader: objectReader(head), line: number, text: line.trimEnd().slice(0, 160), trace: '' }
  }
  close()
  return { ...grouper.reading(), ...(whole ? {} : { truncated: true as const }) }
}

/**
 * Seconds after boot at which jiffies had a value. They begin five minutes below the turn of 32 bits, on 64 bits too
 * (INITIAL_JIFFIES, include/linux/jiffies.h); below that they have turned, on 32 bits.
 *
 * @param hz CONFIG_HZ
 */
export function secondsAfterBoot(jiffies: number, hz: number): number {
  const first = 2 ** 32 - 300 * hz
  return (jiffies >= first ? jiffies - first : jiffies + 300 * hz) / hz
}

/** How the objects of one stack changed between two readings. */
export interface KmemleakChange {
  readonly group: KmemleakGroup
  /** Objects and bytes of the stack in the first reading, and in the second. */
  readonly before: { readonly count: number; readonly bytes: number }
  readonly after: { readonly count: number; readonly bytes: number }
  /** Objects by identity; undefined where identities were not kept. */
  readonly objects?: {
    readonly stayed: number
    readonly added: number
    readonly gone: number
    /** Of those that stayed: how many have other bytes than before, so that something writes to them. */
    readonly changed: number
  }
}

/** Two readings compared, by stack and by object. */
export interface KmemleakComparison {
  /** Stacks that were not there before. */
  readonly appeared: readonly KmemleakChange[]
  readonly grew: readonly KmemleakChange[]
  /** As many bytes and objects as before. */
  readonly stayed: readonly KmemleakChange[]
  readonly shrank: readonly KmemleakChange[]
  readonly gone: readonly KmemleakChange[]
}

const NOTHING = { count: 0, bytes: 0 }

export function compareKmemleak(first: KmemleakReading, second: KmemleakReading): KmemleakComparison {
  const keyOf = ({ area, frames }: KmemleakGroup): string =>
    groupKey({ ...(area === undefined ? {} : { area }), frames })
  const before = new Map(first.groups.map(group => [keyOf(group), group]))
  const after = new Map(second.groups.map(group => [keyOf(group), group]))
  const counts = objectChanges(first, second)
  const change = (key: string, group: KmemleakGroup): KmemleakChange => {
    const was = before.get(key)
    const is = after.get(key)
    const objects = counts?.get(key)
    return {
      group,
      before: was === undefined ? NOTHING : { count: was.count, bytes: was.bytes },
      after: is === undefined ? NOTHING : { count: is.count, bytes: is.bytes },
      ...(counts === undefined ? {} : { objects: objects ?? { stayed: 0, added: 0, gone: 0, changed: 0 } }),
    }
  }
  const now = [...after].map(([key, group]) => change(key, group))
  const growth = ({ before: was, after: is }: KmemleakChange): number =>
    Math.sign(is.bytes - was.bytes) || Math.sign(is.count - was.count)
  const known = now.filter(one => one.before.count > 0)
  return {
    appeared: now.filter(one => one.before.count === 0),
    grew: known.filter(one => growth(one) > 0),
    stayed: known.filter(one => growth(one) === 0),
    shrank: known.filter(one => growth(one) < 0),
    gone: [...before].filter(([key]) => !after.has(key)).map(([key, group]) => change(key, group)),
  }
}

function objectChanges(
  { objects: before }: KmemleakReading,
  { objects: after }: KmemleakReading,
): ReadonlyMap<string, NonNullable<KmemleakChange['objects']>> | undefined {
  if (before === undefined || after === undefined) return undefined
  const counts = new Map<string, { stayed: number; added: number; gone: number; changed: number }>()
  const of = (key: string) => {
    let found = counts.get(key)
    if (found === undefined) {
      found = { stayed: 0, added: 0, gone: 0, changed: 0 }
      counts.set(key, found)
    }
    return found
  }
  for (const [id, { key, crc }] of after) {
    const was = before.get(id)
    const count = of(key)
    if (was === undefined) count.added += 1
    else {
      count.stayed += 1
      if (was.crc !== crc) count.changed += 1
    }
  }
  for (const [id, { key }] of before) if (!after.has(id)) of(key).gone += 1
  return counts
}
