// The lines of a slab corruption report → the report. What belongs together is told by the caller id, else by the order
// in which mm/slub.c prints, and never against the numbers: a row that lies nowhere near the object, a repair of bytes
// that were not the damaged ones, are another report's.

import { keep } from '../../base/lines.ts'
import { parseFrame } from './call-trace.ts'
import { parseCpuLine } from './oom.ts'
import {
  baseOf,
  pause,
  quote,
  type ReaderOptions,
  type ReportReader,
  type Span,
  spanOf,
  streamOf,
  streams,
  widen,
} from './reader.ts'
import type { LogRecord } from './record.ts'
import type {
  DumpRow,
  Frame,
  Quote,
  SlabNeighbour,
  SlubCorruption,
  SlubDamage,
  SlubRange,
  SlubTrack,
} from './report.ts'
import {
  parseSlubLine,
  SLUB_HEADS,
  type SlubHeading,
  type SlubLine,
  type SlubRowLine,
  type SlubVerdict,
  slabRedzones,
  slubVerdict,
} from './slub-corruption.ts'

/** Longest silence within one report, in seconds: a slow serial console. A guess of ours, as for an OOM report. */
const LONGEST_PAUSE = 60

/** Lines of others after which a report is taken for ended: a trace with registers and modules has 60. A guess of ours. */
const MOST_STRANGERS = 400

/** Lines of others within a trace, without the word that ends it. */
const MOST_STRANGERS_IN_TRACE = 24

/** Reports of one caller that may still get a line: the later ones of a slab that several things are wrong with. */
const MOST_OPEN = 4

/** Kept of one report, whatever a hostile log repeats. */
const MOST_QUOTES = 24
const MOST_FRAMES = 64
const MOST_FIXES = 16
const MOST_FURTHER = 8
const MOST_REMAINING = 1024
const MOST_NEIGHBOURS = 2

/** Rows kept of a part of the dump: its first, its last, and those around the damage. Dumps end at PAGE_SIZE. */
const FIRST_ROWS = 32
const LAST_ROWS = 32
const DAMAGED_ROWS = 64

/** No part of a slab lies farther from another: 1 MiB. SLUB makes slabs of 32 KiB unless an object is larger; ours. */
const FARTHEST = 1 << 20

/** What lines without a name of their own (frames, rows) belong to. */
type Context = 'head' | 'allocated' | 'freed' | 'trace' | 'rows' | 'neighbour' | 'none'

type OpenTrack = { -readonly [K in keyof SlubTrack]: SlubTrack[K] } & { frames: Frame[] }

interface Remaining {
  readonly address: bigint
  readonly offset: number
  allocated?: OpenTrack
  freed?: OpenTrack
}

interface KeptRow {
  readonly index: number
  readonly row: DumpRow
}

/** Rows of one part of a dump. */
interface KeptRows {
  readonly first: KeptRow[]
  readonly last: KeptRow[]
  readonly damaged: KeptRow[]
  count: number
}

interface OpenSlub {
  readonly order: number
  readonly record: LogRecord
  readonly span: Span
  last: LogRecord
  strangers: number
  readonly quotes: Quote[]
  heading?: SlubHeading
  /** Of a damaged range: what it says itself (from 6.15 on). */
  verdict?: SlubVerdict
  range?: SlubRange
  readonly further: NonNullable<SlubCorruption['further']>[number][]
  allocated?: OpenTrack
  freed?: OpenTrack
  slab?: NonNullable<SlubCorruption['slab']>
  object?: bigint
  objectOffset?: number
  freePointer?: bigint
  hashed: boolean
  word?: 4 | 8
  readonly remaining: Remaining[]
  readonly rows: Map<string, KeptRows>
  rowCount: number
  /** Where the next row of a dump must be, where rows stand below each other and addresses are hashed. */
  nextOffset?: number
  lastRow?: LogRecord
  lastRowOffset?: number
  objectBytes: number
  lastPart?: DumpRow['part']
  redzones?: readonly [bigint, bigint]
  lastUser?: string
  readonly neighbours: { -readonly [K in keyof SlabNeighbour]: SlabNeighbour[K] }[]
  singleBit: boolean
  calledFrom?: string
  comm?: string
  pid?: number
  cpu?: number
  kernel?: string
  readonly frames: Frame[]
  readonly fixes: string[]
  /** Where the heading is lost, the repair names the cache. */
  cacheOfFix?: string
  context: Context
  /** "Call Trace:" was printed. */
  traceBegun: boolean
  /** The frames of the list being read have lost the blank before them. */
  plainFrames: boolean
  strangersInContext: number
  /** Another report has begun in the same stream: what is not told apart may be its. */
  foreign: boolean
  /** It and another are printed at once: a line without an address of its own could be either's. */
  tangled: boolean
  /** The kernel that had written the log up to here. */
  readonly release?: string
}

interface Stream {
  /** Oldest first; the last is the one being read. */
  readonly open: OpenSlub[]
  /** Lines below a report of KASAN's look like lines of ours. */
  muted: number
}

/** Lines below KASAN's heading of 4.x that are its own. */
const MUTED_BY_KASAN = 100

const NUMBERED_CPU = /\bCPU: ?(\d{1,6})(?: UID: \d{1,10})? PID: ?(\d{1,10}) /
const OLD_PID = /\bPid: ?(\d{1,10}), comm: /
/** WARNING of object_err() and slab_err(): `CPU: 0 PID: 237 at mm/slub.c:1127`, or `mm/slub.c:1251 at fn, CPU#0: comm/pid`. */
const WARNED =
  /^\s{0,8}WARNING: (?:CPU: (\d{1,6}) PID: (\d{1,10}) at )?mm\/(?:slub|slab_common|slab)\.[ch]:\d{1,6}\b(?:.{1,300}, CPU#(\d{1,6}): (.{1,20})\/(\d{1,10})\s*$)?/
const TRACE = /^\s{0,8}(?:Call [Tt]race|Backtrace|Stack backtrace):/
const ENDS_TRACE = /^\s{0,8}(?:<\/TASK>|---\[ end trace|={10,}|Disabling lock debugging|R?[EI]P: 0033:)/
/** A cgroup's own copy of a cache, up to 5.8. */
const OF_MEMCG = /^(.{1,200}?)\((\d{1,10}):(.{0,200})\)$/
const CUT_HERE = '[ cut here ]'

function near(a: bigint, b: bigint): boolean {
  const distance = a > b ? a - b : b - a
  return distance < FARTHEST
}

export function slubCorruptionReader(options: ReaderOptions): ReportReader {
  const { live } = options
  const all = streams<Stream>(closeAll)

  function begin(record: LogRecord): OpenSlub {
    const release = options.release()
    return {
      order: options.next(),
      record,
      span: spanOf(record),
      last: record,
      strangers: 0,
      quotes: [],
      further: [],
      hashed: false,
      remaining: [],
      rows: new Map(),
      rowCount: 0,
      objectBytes: 0,
      neighbours: [],
      singleBit: false,
      frames: [],
      fixes: [],
      context: 'head',
      traceBegun: false,
      plainFrames: false,
      strangersInContext: 0,
      foreign: false,
      tangled: false,
      ...(release === undefined ? {} : { release }),
    }
  }

  function closeAll(stream: Stream): void {
    for (const report of stream.open.splice(0)) emit(report)
  }

  function openIn(stream: Stream, record: LogRecord): OpenSlub {
    const report = begin(record)
    stream.open.push(report)
    if (stream.open.length > MOST_OPEN) {
      const oldest = stream.open.shift()
      if (oldest) emit(oldest)
    }
    return report
  }

  /** The line is part of the report. */
  function note(report: OpenSlub, record: LogRecord, quoted: boolean): void {
    widen(report.span, record)
    report.last = record
    report.strangers = 0
    report.strangersInContext = 0
    report.foreign = false
    if (quoted && report.quotes.length < MOST_QUOTES) report.quotes.push(quote(record, live))
  }

  /** The newest of the stream's reports that the line can belong to. */
  function owner(stream: Stream, accepts: (report: OpenSlub) => boolean): OpenSlub | undefined {
    return stream.open.findLast(accepts)
  }

  /** A line of a report that is not the newest: the newer one began in the middle of it. */
  function late(stream: Stream, report: OpenSlub): void {
    const at = stream.open.indexOf(report)
    for (const newer of stream.open.slice(at + 1)) {
      if (newer.tangled) continue
      newer.tangled = true
      // what came since it began may be the older one's
      delete newer.allocated
      delete newer.freed
      delete newer.comm
      delete newer.pid
      delete newer.cpu
      newer.frames.length = 0
      newer.context = newer.context === 'rows' ? 'rows' : 'none'
    }
    if (at < stream.open.length - 1) report.tangled = true
  }

  function takeHeading(stream: Stream, line: SlubHeading, record: LogRecord): void {
    const current = stream.open.at(-1)
    stream.muted = 0
    // from 6.15 on the damaged range stands before the heading
    if (line.reason.startsWith('Object corrupt') && current && isBare(current)) {
      current.heading = line
      current.context = 'head'
      note(current, record, true)
      return
    }
    // the cache is reported once more by who takes it away
    if (line.alone === true && line.damage === 'objects-remaining' && line.allocator === undefined) {
      const before = owner(
        stream,
        report =>
          report.heading?.damage === 'objects-remaining' &&
          report.heading.alone === undefined &&
          report.heading.cache === line.cache &&
          report.calledFrom === undefined,
      )
      if (before) {
        if (line.calledFrom !== undefined) before.calledFrom = line.calledFrom
        note(before, record, true)
        // the trace that follows is the one it has
        before.context = before.frames.length === 0 ? 'trace' : 'none'
        return
      }
    }
    const report = openIn(stream, record)
    report.heading = line
    if (line.range !== undefined) report.range = line.range
    sizes(report, line)
    if (line.object !== undefined) report.object = line.object
    if (line.calledFrom !== undefined) report.calledFrom = line.calledFrom
    if (line.alone === true) report.context = 'trace'
    note(report, record, true)
  }

  /** Nothing but a damaged range: the heading may follow, or the repair. */
  function isBare(report: OpenSlub): boolean {
    return (
      report.heading === undefined &&
      report.verdict !== undefined &&
      report.slab === undefined &&
      report.objectOffset === undefined &&
      report.allocated === undefined &&
      report.freed === undefined &&
      report.fixes.length === 0
    )
  }

  function sizes(report: OpenSlub, line: { readonly hashed?: boolean; readonly word?: 4 | 8 }): void {
    if (line.hashed === true) report.hashed = true
    if (line.word !== undefined) report.word ??= line.word
  }

  function takeBytes(stream: Stream, line: SlubLine & { readonly is: 'bytes' }, record: LogRecord): boolean {
    if (line.verdict !== undefined) {
      const report = openIn(stream, record)
      report.verdict = line.verdict
      report.range = line.range
      sizes(report, line)
      note(report, record, true)
      return true
    }
    const report =
      owner(
        stream,
        candidate =>
          candidate.range === undefined &&
          candidate.verdict === undefined &&
          candidate.slab === undefined &&
          candidate.allocated === undefined &&
          candidate.heading?.alone !== true &&
          (candidate.heading === undefined ||
            candidate.heading.damage === 'unknown' ||
            candidate.heading.reason.includes('overwritten')),
      ) ?? openIn(stream, record)
    report.range = line.range
    sizes(report, line)
    note(report, record, true)
    return true
  }

  function takeTrack(stream: Stream, line: SlubLine & { readonly is: 'track' }, record: LogRecord): boolean {
    const { of } = line
    const track: OpenTrack = { ...line.track, frames: [] }
    if (stream.open.at(-1)?.tangled === true) return false
    const report = owner(stream, candidate => {
      const entry = candidate.remaining.at(-1)
      if (entry !== undefined) return entry[of] === undefined && entry.freed === undefined
      if (candidate.heading?.damage === 'wrong-cache') return candidate[of] === undefined
      return (
        candidate[of] === undefined &&
        candidate.freed === undefined &&
        // up to 2.6.23 the tracks stand behind the object
        (candidate.slab === undefined ||
          (candidate.objectOffset !== undefined && candidate.rowCount === 0)) &&
        candidate.frames.length === 0 &&
        candidate.heading?.ofSlab !== true &&
        candidate.heading?.alone !== true
      )
    })
    if (report === undefined && stream.muted > 0) return false
    const owning = report ?? openIn(stream, record)
    const entry = owning.remaining.at(-1)
    if (entry !== undefined) entry[of] = track
    else owning[of] = track
    owning.context = of
    note(owning, record, entry === undefined || owning.remaining.length === 1)
    return true
  }

  function takeSlab(stream: Stream, line: SlubLine & { readonly is: 'slab' }, record: LogRecord): boolean {
    // the first free object lies in the slab, and so near what is damaged, unless free pointers are
    const distance = (candidate: OpenSlub): bigint | undefined => {
      const from = candidate.range?.start
      const to = line.slab.freePointer
      // 32 bits alone do not tell an address from a hash
      const sure = candidate.word === 8 || candidate.range?.offset !== undefined
      if (candidate.hashed || !sure || from === undefined || to === undefined || to === 0n) return undefined
      return from > to ? from - to : to - from
    }
    const wanting = stream.open
      .filter(candidate => candidate.slab === undefined && candidate.heading?.alone !== true)
      .map(candidate => ({ candidate, away: distance(candidate) }))
      .filter(({ away }) => away === undefined || away < BigInt(FARTHEST))
    const [nearest] = wanting
      .filter(({ away }) => away !== undefined)
      .sort((a, b) => ((a.away ?? 0n) < (b.away ?? 0n) ? -1 : 1))
    const report = (nearest ?? wanting.at(-1))?.candidate
    if (report === undefined && stream.open.length > 0) return false
    if (report === undefined && stream.muted > 0) return false
    if (report !== undefined) late(stream, report)
    const owning = report ?? openIn(stream, record)
    owning.slab = line.slab
    if (line.word !== undefined) owning.word ??= line.word
    const { address } = line.slab
    if (owning.word === 8 && address !== undefined && address > 0n && address < 0x1_0000_0000n)
      owning.hashed = true
    owning.context = 'none'
    note(owning, record, true)
    return true
  }

  /** Whether an object can be the one of which a range was damaged. */
  function agrees(report: OpenSlub, line: SlubLine & { readonly is: 'object' }): boolean {
    const { range } = report
    if (range === undefined) return true
    if (range.offset !== undefined && Math.abs(range.offset - line.offset) > FARTHEST) return false
    if (line.hashed || report.hashed || range.start === undefined || line.address === undefined) return true
    if (!near(range.start, line.address)) return false
    return range.offset === undefined || range.start - line.address === BigInt(range.offset - line.offset)
  }

  function takeObject(
    stream: Stream,
    line: SlubLine & { readonly is: 'object' },
    record: LogRecord,
  ): boolean {
    const { address, offset, freePointer } = line
    const report = owner(stream, candidate => {
      const remains = candidate.heading?.damage === 'objects-remaining'
      if (line.listed) return remains && candidate.heading?.alone !== true
      return (
        !remains &&
        candidate.objectOffset === undefined &&
        candidate.heading?.alone !== true &&
        candidate.heading?.ofSlab !== true &&
        agrees(candidate, line)
      )
    })
    if (report === undefined) return false
    late(stream, report)
    sizes(report, line)
    if (line.listed) {
      if (address !== undefined && report.remaining.length < MOST_REMAINING)
        report.remaining.push({ address, offset })
      report.context = 'none'
      note(report, record, report.remaining.length === 1)
      return true
    }
    if (address !== undefined) report.object = address
    report.objectOffset = offset
    if (freePointer !== undefined) report.freePointer = freePointer
    report.context = 'rows'
    note(report, record, true)
    return true
  }

  /** Where a row lies from its object's first byte; `strange`: not near it. */
  function placeOf(
    report: OpenSlub,
    line: SlubRowLine,
    record: LogRecord,
  ): { readonly offset?: number } | 'strange' {
    if (line.at !== undefined) return { offset: line.at }
    if (line.address === undefined || report.hashed) {
      const torn =
        report.strangersInContext > 0 ||
        (report.lastRow?.seq !== undefined && record.seq !== undefined && record.seq > report.lastRow.seq + 1)
      if (torn && report.rowCount > 0) delete report.nextOffset
      if (line.part === 'object') {
        if (report.lastPart !== 'object') report.nextOffset = 0
        return report.nextOffset === undefined ? {} : { offset: report.nextOffset }
      }
      // the object is dumped whole up to PAGE_SIZE, 4096 bytes where it is least
      if (
        line.part === 'redzone' &&
        report.objectBytes > 0 &&
        report.objectBytes < 4096 &&
        report.nextOffset !== undefined
      )
        return { offset: report.nextOffset }
      return {}
    }
    const from =
      report.objectOffset === undefined && report.heading?.allocator === undefined
        ? report.range?.start
        : report.object
    if (from === undefined) return {}
    const distance = line.address - from
    if (distance > BigInt(FARTHEST) || distance < BigInt(-FARTHEST)) return 'strange'
    // of a slab's own padding there is no object to count from
    if (report.objectOffset === undefined) return {}
    const offset = Number(distance)
    const last = report.lastRowOffset
    const fits =
      line.part === 'object'
        ? offset >= 0 && offset % 16 === 0
        : line.part === 'before'
          ? offset === -16
          : line.part === 'padding'
            ? offset > 0
            : offset !== 0 && offset < 0 === (report.objectBytes === 0)
    // rows are printed in the order of their addresses
    return fits && (last === undefined || offset > last) ? { offset } : 'strange'
  }

  function takeRow(stream: Stream, line: SlubRowLine, record: LogRecord): boolean {
    const place = { of: undefined as { readonly offset?: number } | undefined }
    const report = owner(stream, candidate => {
      const isSlab = candidate.heading?.allocator !== undefined
      if ((line.at !== undefined) !== isSlab) return false
      if (!isSlab && candidate.heading?.alone === true) return false
      if (
        !isSlab &&
        candidate.objectOffset === undefined &&
        candidate.heading !== undefined &&
        !(line.part === 'padding' && candidate.heading.damage === 'padding-overwritten')
      )
        return false
      const found = placeOf(candidate, line, record)
      if (found === 'strange') return false
      place.of = found
      return true
    })
    if (report === undefined) return false
    late(stream, report)
    const offset = place.of?.offset
    const inNeighbour = report.context === 'neighbour' ? report.neighbours.at(-1) : undefined
    const zone =
      line.part !== 'redzone'
        ? undefined
        : offset === undefined || report.hashed
          ? report.objectBytes > 0
            ? 'right'
            : 'left'
          : offset < 0
            ? 'left'
            : 'right'
    const base = inNeighbour?.address ?? report.object
    const address =
      line.address ?? (line.at === undefined || base === undefined ? undefined : base + BigInt(line.at))
    const row: DumpRow = {
      part: line.part,
      ...(zone === undefined ? {} : { zone }),
      ...(address === undefined ? {} : { address }),
      ...(offset === undefined ? {} : { offset }),
      bytes: line.bytes,
      ...(live ? {} : { line: record.line }),
    }
    if (inNeighbour !== undefined) {
      if (inNeighbour.rows.length < 8) inNeighbour.rows = [...inNeighbour.rows, row]
    } else {
      addRow(report, row)
      report.lastPart = line.part
      if (offset !== undefined) {
        report.lastRowOffset = offset
        if (report.hashed) report.nextOffset = offset + line.bytes.length
      }
      if (line.part === 'object') report.objectBytes += line.bytes.length
      report.lastRow = record
      if (report.heading?.allocator === undefined) report.context = 'rows'
    }
    note(report, record, false)
    return true
  }

  function addRow(report: OpenSlub, row: DumpRow): void {
    const key = `${row.part}${row.zone ?? ''}`
    let kept = report.rows.get(key)
    if (kept === undefined) {
      kept = { first: [], last: [], damaged: [], count: 0 }
      report.rows.set(key, kept)
    }
    kept.count += 1
    const entry = { index: report.rowCount++, row }
    if (kept.first.length < FIRST_ROWS) {
      kept.first.push(entry)
      return
    }
    if (isDamaged(report, row) && kept.damaged.length < DAMAGED_ROWS) kept.damaged.push(entry)
    kept.last.push(entry)
    if (kept.last.length > LAST_ROWS) kept.last.shift()
  }

  /** Whether the damaged range, or the row before or behind, is in a row. */
  function isDamaged(report: OpenSlub, row: DumpRow): boolean {
    const { range, objectOffset } = report
    if (range === undefined) return false
    const from =
      !report.hashed && range.start !== undefined && row.address !== undefined
        ? { row: row.address, start: range.start, end: range.end ?? range.start }
        : range.offset !== undefined && objectOffset !== undefined && row.offset !== undefined
          ? {
              row: BigInt(row.offset),
              start: BigInt(range.offset - objectOffset),
              end: BigInt(range.offset - objectOffset),
            }
          : undefined
    return from !== undefined && from.row + 32n > from.start && from.row <= from.end + 16n
  }

  function takeFix(stream: Stream, line: SlubLine & { readonly is: 'fix' }, record: LogRecord): boolean {
    const current = stream.open.at(-1)
    const { range } = line
    const ofRange = (candidate: SlubRange | undefined): boolean =>
      range?.start !== undefined && candidate?.start === range.start && candidate.end === range.end
    // a range that is repaired without a heading: more damage of the object before
    if (
      current !== undefined &&
      isBare(current) &&
      current.verdict !== undefined &&
      current.range !== undefined &&
      ofRange(current.range)
    ) {
      const before = stream.open
        .slice(0, -1)
        .findLast(
          candidate =>
            candidate.heading?.cache === line.cache &&
            candidate.objectOffset !== undefined &&
            (candidate.hashed ||
              candidate.object === undefined ||
              current.range?.start === undefined ||
              near(candidate.object, current.range.start)),
        )
      if (before) {
        stream.open.pop()
        const { reason, damage, zone } = current.verdict
        if (before.further.length < MOST_FURTHER)
          before.further.push({
            reason,
            damage,
            ...(zone === undefined ? {} : { zone }),
            range: current.range,
          })
        note(before, current.record, true)
      }
    }
    const report = owner(stream, candidate => {
      const cache = candidate.heading?.cache ?? candidate.cacheOfFix
      if (cache !== undefined && cache !== line.cache) return false
      if (candidate.heading?.alone === true) return false
      if (range !== undefined) return repairs(candidate, line)
      if (line.object !== undefined && candidate.objectOffset !== undefined && candidate.object !== undefined)
        return candidate.object === line.object
      return true
    })
    // a repair of which the report is lost tells what was damaged; others tell nothing alone
    const told =
      report ??
      (range !== undefined && !stream.open.some(candidate => candidate.heading?.cache === line.cache)
        ? openIn(stream, record)
        : undefined)
    if (told === undefined) return false
    if (told.heading === undefined && told.verdict === undefined && told.range === undefined && range)
      told.range = { ...range, ...(line.value === undefined ? {} : { expectedByte: line.value }) }
    if (told.heading === undefined && told.verdict === undefined && line.what !== undefined)
      told.verdict = slubVerdict(`${line.what} overwritten`)
    if (told.heading === undefined) told.cacheOfFix ??= line.cache
    if (told.fixes.length < MOST_FIXES) told.fixes.push(line.text)
    told.context = 'none'
    note(told, record, told.fixes.length <= 4)
    return true
  }

  /** Whether the repaired bytes are those that were damaged; of a slab's padding all were written again up to 5.3. */
  function repairs(report: OpenSlub, line: SlubLine & { readonly is: 'fix' }): boolean {
    const { range } = report
    if (range === undefined) return report.heading === undefined && report.fixes.length === 0
    if (line.range === undefined) return true
    const same = (one: SlubRange): boolean =>
      one.start === undefined || (one.start === line.range?.start && one.end === line.range?.end)
    if (same(range) || report.further.some(more => same(more.range))) return true
    if (!(report.heading?.ofSlab === true && line.value === 0x5a)) return false
    const { start } = line.range
    return report.hashed || range.start === undefined || start === undefined || near(range.start, start)
  }

  function takeRedzones(
    stream: Stream,
    line: SlubLine & { readonly is: 'redzones' },
    record: LogRecord,
  ): boolean {
    const report = stream.open.at(-1)
    if (report?.heading?.allocator === undefined) return false
    const neighbour = report.context === 'neighbour' ? report.neighbours.at(-1) : undefined
    if (neighbour !== undefined && line.object === undefined) neighbour.redzones ??= line.redzones
    else {
      if (report.redzones !== undefined) return false
      report.redzones = line.redzones
      if (line.object !== undefined) report.object ??= line.object
    }
    note(report, record, neighbour === undefined)
    return true
  }

  /** A line that only mm/slab.c prints. */
  function takeSlabLine(stream: Stream, line: SlubLine, record: LogRecord): boolean {
    const report = stream.open.at(-1)
    if (report?.heading?.allocator === undefined) return false
    const neighbour = report.context === 'neighbour' ? report.neighbours.at(-1) : undefined
    if (line.is === 'last-user') {
      if (neighbour !== undefined) neighbour.lastUser ??= line.site
      else report.lastUser ??= line.site
    } else if (line.is === 'neighbour') {
      if (report.neighbours.length >= MOST_NEIGHBOURS) return false
      report.neighbours.push({ side: line.side, address: line.address, rows: [] })
      report.context = 'neighbour'
    } else if (line.is === 'single-bit') report.singleBit = true
    note(report, record, neighbour === undefined && line.is !== 'neighbour')
    return true
  }

  function take(stream: Stream, line: SlubLine, record: LogRecord): boolean {
    switch (line.is) {
      case 'heading':
        takeHeading(stream, line, record)
        return true
      case 'strange-heading':
        closeAll(stream)
        stream.muted = MUTED_BY_KASAN
        return false
      case 'bytes':
        return takeBytes(stream, line, record)
      case 'track':
        return takeTrack(stream, line, record)
      case 'no-stack': {
        const report = stream.open.at(-1)
        const track = report === undefined ? undefined : trackOf(report)
        if (report === undefined || track === undefined || track.frames.length > 0) return false
        track.stackMissing = true
        note(report, record, false)
        return true
      }
      case 'slab':
        return takeSlab(stream, line, record)
      case 'object':
        return takeObject(stream, line, record)
      case 'invalid-pointer': {
        const report = stream.open.at(-1)
        if (report === undefined || report.objectOffset !== undefined || report.slab === undefined)
          return false
        if (line.object !== undefined) report.object ??= line.object
        note(report, record, true)
        return true
      }
      case 'row':
        return takeRow(stream, line, record)
      case 'fix':
        return takeFix(stream, line, record)
      case 'redzones':
        return takeRedzones(stream, line, record)
      default:
        return takeSlabLine(stream, line, record)
    }
  }

  function trackOf(report: OpenSlub): OpenTrack | undefined {
    const { context } = report
    if (context !== 'allocated' && context !== 'freed') return undefined
    return report.remaining.at(-1)?.[context] ?? report[context]
  }

  /** Whether what print_trailer() and slab_err() print before a trace has been printed. */
  function mayTrace(report: OpenSlub): boolean {
    return report.slab !== undefined || report.heading?.alone === true
  }

  /** Lines without a word of slab debugging's own: the trace, who ran. */
  function takeTrace(stream: Stream, record: LogRecord): boolean {
    const report = stream.open.at(-1)
    if (report === undefined || report.foreign || report.tangled) return false
    const { text } = record
    if (text.includes('PID: ') || text.includes('comm: ') || text.includes('CPU#')) {
      const warned = WARNED.exec(text)
      if (warned) {
        if (!mayTrace(report) || report.frames.length > 0) return report.calledFrom !== undefined
        const [, cpu, pid, cpuToo, comm, pidToo] = warned
        named(report, cpu ?? cpuToo, pid ?? pidToo, comm)
        report.context = 'trace'
        note(report, record, false)
        return true
      }
      const line = parseCpuLine(text)
      if (line) {
        const numbers = NUMBERED_CPU.exec(text)
        const pid = numbers?.[2] ?? OLD_PID.exec(text)?.[1]
        const another =
          (report.pid !== undefined && pid !== undefined && report.pid !== Number(pid)) || !mayTrace(report)
        if (another) {
          strange(report)
          return false
        }
        if (report.frames.length > 0 && report.comm !== undefined) return false
        named(report, numbers?.[1], pid, line.comm)
        if (line.release !== undefined) report.kernel ??= keep(line.release)
        if (report.frames.length === 0) report.context = 'trace'
        note(report, record, false)
        return true
      }
    }
    if (TRACE.test(text)) {
      if (!mayTrace(report)) {
        strange(report)
        return false
      }
      if (report.frames.length > 0 || report.context === 'none') {
        report.context = report.frames.length === 0 && report.slab !== undefined ? 'trace' : 'none'
        return false
      }
      report.context = 'trace'
      report.traceBegun = true
      note(report, record, false)
      return true
    }
    if (ENDS_TRACE.test(text) || (text.includes(CUT_HERE) && report.frames.length > 0)) {
      if (report.context === 'trace' && report.frames.length > 0) report.context = 'none'
      return false
    }
    const track = trackOf(report)
    const traced = report.context === 'trace' || (report.context === 'rows' && mayTrace(report))
    if (track === undefined && !traced) return false
    const frame = parseFrame(text)
    if (frame === undefined) return false
    const list = track?.frames ?? report.frames
    // a frame stands behind a blank, or its address; what does not, among those that do, is the rest of another line
    const indented = /^[\s[(]/.test(text)
    if (list.length === 0) {
      // before "Call Trace:" old kernels print the words on the stack
      if (track === undefined && !report.traceBegun && !(indented && frame.function !== undefined))
        return false
      report.plainFrames = !indented
    } else if (!indented && !report.plainFrames) return false
    if (list.length < MOST_FRAMES) list.push(frame)
    if (track === undefined) report.context = 'trace'
    note(report, record, false)
    return true
  }

  function strange(report: OpenSlub): void {
    report.foreign = true
    report.context = 'none'
  }

  function named(report: OpenSlub, cpu?: string, pid?: string, comm?: string): void {
    if (cpu !== undefined) report.cpu ??= Number(cpu)
    if (pid !== undefined) report.pid ??= Number(pid)
    if (comm !== undefined) report.comm ??= keep(comm)
  }

  /** A damaged byte of SLAB's is told by its dump alone. */
  function readRange(report: OpenSlub, rows: readonly DumpRow[]): SlubRange | undefined {
    const { heading, range } = report
    if (heading?.allocator !== undefined) {
      if (heading.reason !== 'Slab corruption' || report.object === undefined) return range
      const size = heading.objectSize
      const wrong = rows.flatMap(row =>
        row.bytes.flatMap((byte, index) => {
          const at = (row.offset ?? 0) + index
          const expected = at + 1 === size ? 0xa5 : 0x6b
          return byte === expected ? [] : [{ at, byte, expected }]
        }),
      )
      const [first] = wrong
      const last = wrong.at(-1)
      return first === undefined || last === undefined
        ? range
        : {
            start: report.object + BigInt(first.at),
            end: report.object + BigInt(last.at),
            firstByte: first.byte,
            expectedByte: first.expected,
          }
    }
    const start = range?.start
    if (range === undefined || range.firstByte !== undefined || start === undefined || report.hashed)
      return range
    for (const row of rows) {
      if (row.address === undefined || start < row.address) continue
      const byte = row.bytes[Number(start - row.address)]
      if (byte !== undefined && byte !== range.expectedByte) return { ...range, firstByte: byte }
    }
    return range
  }

  function zoneOf(report: OpenSlub, rows: readonly DumpRow[]): 'left' | 'right' | undefined {
    const { range, object, objectOffset, hashed } = report
    if (range?.offset !== undefined && objectOffset !== undefined)
      return range.offset < objectOffset ? 'left' : 'right'
    if (!hashed && range?.start !== undefined && object !== undefined && objectOffset !== undefined)
      return range.start < object ? 'left' : 'right'
    // where addresses are hashed: the one zone that has a byte it should not have
    const expected = range?.expectedByte
    const damaged = new Set(
      rows
        .filter(row => row.part === 'redzone' && row.bytes.some(byte => byte !== expected))
        .map(row => row.zone),
    )
    const [only] = damaged
    return expected !== undefined && damaged.size === 1 ? only : undefined
  }

  function damageOf(report: OpenSlub): { readonly damage: SlubDamage; readonly reason: string } {
    const verdict =
      report.verdict !== undefined &&
      (report.heading === undefined || report.heading.reason.startsWith('Object corrupt'))
        ? report.verdict
        : report.heading
    if (verdict === undefined) {
      switch (report.range?.expectedByte) {
        case 0xbb:
        case 0xcc:
          return { damage: 'redzone-overwritten', reason: '' }
        case 0x6b:
        case 0xa5:
          return { damage: 'poison-overwritten', reason: '' }
        case 0x5a:
          return { damage: 'padding-overwritten', reason: '' }
        default:
          return { damage: 'unknown', reason: '' }
      }
    }
    const { reason, damage, foundBy } = { foundBy: undefined, ...verdict }
    if (report.redzones === undefined || !reason.startsWith('double free, or')) return { damage, reason }
    const told = slabRedzones(report.redzones)
    // freed while it is free, or given out while it is in use
    const twice = 'state' in told && told.state === (/alloc/.test(foundBy ?? '') ? 'used' : 'free')
    return { damage: twice ? 'double-free' : damage, reason }
  }

  function keptRows(report: OpenSlub): { readonly rows: readonly DumpRow[]; readonly leftOut: number } {
    const entries = new Map<number, DumpRow>()
    let count = 0
    for (const kept of report.rows.values()) {
      count += kept.count
      for (const { index, row } of [...kept.first, ...kept.damaged, ...kept.last]) entries.set(index, row)
    }
    const rows = [...entries].sort(([a], [b]) => a - b).map(([, row]) => row)
    return { rows: placedLeft(report, rows), leftOut: count - rows.length }
  }

  /** Where addresses are hashed, the left red zone ends where the object begins. */
  function placedLeft(report: OpenSlub, rows: readonly DumpRow[]): readonly DumpRow[] {
    if (!report.hashed || report.objectBytes === 0) return rows
    const left = rows.filter(row => row.zone === 'left')
    if (left.length !== (report.rows.get('redzoneleft')?.count ?? 0)) return rows
    const size = left.reduce((sum, row) => sum + row.bytes.length, 0)
    let at = -size
    const places = new Map<DumpRow, number>()
    for (const row of left) {
      places.set(row, at)
      at += row.bytes.length
    }
    return rows.map(row => {
      const offset = places.get(row)
      return offset === undefined ? row : { ...row, offset }
    })
  }

  /** objects %u > max %u: up to 3.18 the cache's name was printed as the first number, and the first as the second. */
  function countsOf(report: OpenSlub): SlubCorruption['counts'] {
    const { heading, slab } = report
    if (heading?.counts === undefined || !/^(?:objects|inuse) /.test(heading.reason)) return heading?.counts
    const printed = heading.reason.startsWith('objects') ? slab?.objects : slab?.used
    return printed === undefined || printed === heading.counts.found ? heading.counts : undefined
  }

  function isTruncated(report: OpenSlub, rows: readonly DumpRow[]): boolean {
    const { heading } = report
    if (heading?.alone === true) return heading.reason === 'Slab corruption' && rows.length === 0
    if (heading?.ofSlab === true) return report.slab === undefined
    // object_err() of a pointer that is none prints no dump
    if (report.slab !== undefined && report.objectOffset === undefined && report.frames.length > 0)
      return false
    return report.objectOffset === undefined || rows.length === 0
  }

  function emit(report: OpenSlub): void {
    const { heading, verdict } = report
    if (
      heading === undefined &&
      report.range === undefined &&
      !(report.slab !== undefined && report.objectOffset !== undefined)
    )
      return
    const { rows, leftOut } = keptRows(report)
    const range = readRange(report, rows)
    const { damage, reason } = damageOf(report)
    const zone =
      verdict?.zone ??
      heading?.zone ??
      (damage !== 'redzone-overwritten'
        ? undefined
        : report.redzones === undefined
          ? zoneOf(report, rows)
          : ((told): 'left' | 'right' | undefined => ('zone' in told ? told.zone : undefined))(
              slabRedzones(report.redzones),
            ))
    const printed = heading?.cache ?? report.cacheOfFix
    const ofMemcg = printed === undefined ? null : OF_MEMCG.exec(printed)
    const cache = ofMemcg?.[1] ?? printed
    const counts = countsOf(report)
    const kernel = report.kernel ?? report.release
    const { slab, allocated, freed } = report
    options.emit(
      {
        kind: 'slub-corruption',
        ...baseOf(report.span, report.record, report.quotes, options),
        damage,
        ...(heading?.allocator === undefined ? {} : { allocator: heading.allocator }),
        reason,
        ...(report.hashed ? { hashed: true as const } : {}),
        ...(report.word === undefined ? {} : { word: report.word }),
        ...(zone === undefined ? {} : { zone }),
        ...(cache === undefined ? {} : { cache }),
        ...(ofMemcg ? { memcgId: Number(ofMemcg[2]), memcgName: keep(ofMemcg[3] ?? '') } : {}),
        ...(heading?.ownerCache === undefined ? {} : { ownerCache: heading.ownerCache }),
        ...(heading?.taint === undefined ? {} : { taint: heading.taint }),
        ...(kernel === undefined ? {} : { kernel }),
        ...(report.comm === undefined ? {} : { comm: report.comm }),
        ...(report.pid === undefined ? {} : { pid: report.pid }),
        ...(report.cpu === undefined ? {} : { cpu: report.cpu }),
        ...(slab === undefined ? {} : { slab }),
        ...(report.object === undefined ? {} : { object: report.object }),
        ...(report.objectOffset === undefined ? {} : { objectOffset: report.objectOffset }),
        ...(heading?.objectSize === undefined ? {} : { objectSize: heading.objectSize }),
        ...(report.freePointer === undefined ? {} : { freePointer: report.freePointer }),
        ...(range === undefined ? {} : { range }),
        ...(report.further.length === 0 ? {} : { further: report.further }),
        ...(allocated === undefined ? {} : { allocated }),
        ...(freed === undefined ? {} : { freed }),
        ...(report.lastUser === undefined ? {} : { lastUser: report.lastUser }),
        ...(report.redzones === undefined ? {} : { redzones: report.redzones }),
        ...(report.neighbours.length === 0 ? {} : { neighbours: report.neighbours }),
        ...(report.singleBit ? { singleBit: true as const } : {}),
        rows,
        ...(leftOut === 0 ? {} : { rowsLeftOut: leftOut }),
        ...(report.remaining.length === 0 ? {} : { remaining: report.remaining }),
        ...(report.calledFrom === undefined ? {} : { calledFrom: report.calledFrom }),
        ...(counts === undefined ? {} : { counts }),
        frames: report.frames,
        fixes: report.fixes,
        ...(report.tangled ? { pairingAmbiguous: true as const } : {}),
        ...(heading === undefined && verdict === undefined ? { truncatedHead: true as const } : {}),
        ...(isTruncated(report, rows) ? { truncated: true as const } : {}),
      } satisfies SlubCorruption,
      report.order,
    )
  }

  function stranger(key: string, stream: Stream): void {
    if (stream.muted > 0) stream.muted -= 1
    const current = stream.open.at(-1)
    if (current !== undefined) {
      current.strangers += 1
      current.strangersInContext += 1
      // before the first frame stand the modules and registers
      if (current.frames.length > 0 && current.strangersInContext > MOST_STRANGERS_IN_TRACE)
        current.context = current.context === 'trace' ? 'none' : current.context
      if (current.strangers > MOST_STRANGERS) closeAll(stream)
    }
    if (stream.open.length === 0 && stream.muted === 0) all.delete(key)
  }

  return {
    heads: SLUB_HEADS,
    open: () => all.size > 0,
    push(record, head) {
      const key = streamOf(record)
      const found = all.get(key)
      if (!head && found === undefined) return undefined
      if (found !== undefined) {
        const last = found.open.at(-1)?.last
        const silence = last === undefined ? 0 : pause(last, record)
        if (silence > LONGEST_PAUSE || silence < -LONGEST_PAUSE) closeAll(found)
      }
      const stream = found ?? { open: [], muted: 0 }
      const current = stream.open.at(-1)
      const line = parseSlubLine(
        record.text,
        current !== undefined,
        current?.heading?.allocator !== undefined,
      )
      const kept: LogRecord = head ? record : { ...record, text: keep(record.text) }
      const taken =
        line === undefined ? current !== undefined && takeTrace(stream, kept) : take(stream, line, kept)
      if (!taken) {
        if (found === undefined && stream.muted > 0) all.set(key, stream)
        if (found !== undefined) stranger(key, stream)
        return undefined
      }
      if (found === undefined) all.set(key, stream)
      return line?.is === 'heading' ? 'head' : 'line'
    },
    interrupted(record) {
      const reading = record.caller === undefined ? all.get(streamOf(record)) : undefined
      const current = reading?.open.at(-1)
      if (current) strange(current)
    },
    cut() {
      for (const stream of all.values()) closeAll(stream)
      all.clear()
    },
    end() {
      for (const stream of all.values()) closeAll(stream)
      all.clear()
    },
  }
}
