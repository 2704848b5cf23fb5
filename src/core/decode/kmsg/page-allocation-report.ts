// The lines of a page allocation failure → the report: warn_alloc() of mm/page_alloc.c, warn_alloc_failed() before 4.9,
// and in 2.6.32 __alloc_pages_slowpath() itself.

import { keep } from '../../base/lines.ts'
import { parseFrame } from './call-trace.ts'
import { type MemInfoGatherer, memInfoGatherer, startsMemInfo } from './mem-info.ts'
import { parseCpuLine } from './oom.ts'
import { parseCpusetLine, parsePageAllocationLine } from './page-allocation.ts'
import {
  baseOf,
  pause,
  quote,
  type ReaderOptions,
  type ReportReader,
  type Span,
  sameTask,
  spanOf,
  streamOf,
  streams,
  widen,
} from './reader.ts'
import type { LogRecord } from './record.ts'
import type { Frame, PageAllocationFailure, Quote } from './report.ts'

/** Lines of others that may stand in a row inside a report before it is taken for ended. A guess of ours. */
const MOST_STRANGERS = 32

/** Longest silence within one report, in seconds. A guess of ours: a slow serial console takes its time, not between two lines. */
const LONGEST_PAUSE = 30

/** The deepest trace the unwinder prints is cut by nothing but the stack; more than this explains no more. */
const MOST_FRAMES = 64

/** Of a node with many zones the first ones; the rest is in the numbers. */
const MOST_QUOTES = 14

/** What stands around the frames of a trace: registers, raw stack words, the machine's name. */
const AROUND_FRAMES =
  /^\s*(?:Call [Tt]race|<\/?[A-Z_]+>|Hardware name|Workqueue: |Tainted: |Modules linked in|Stack:|[0-9a-f]{8,16}(?: [0-9a-f]{8,16}){0,7}\s*$|[ER]?[A-Z0-9]{2,6}: |Code: |\[<|backtrace|---\[)/

const CPU_AND_PID = /\bCPU: (\d{1,6}) (?:UID: \d+ )?PID: (\d{1,10}) |^\s*Pid: (\d{1,10}), /

interface OpenPageAllocation {
  readonly order: number
  readonly record: LogRecord
  readonly span: Span
  readonly quotes: Quote[]
  readonly head: Omit<NonNullable<ReturnType<typeof parsePageAllocationLine>>, 'is'>
  last: LogRecord
  kernel?: string
  pid?: number
  cpu?: number
  cpuset?: string
  memsAllowed?: string
  readonly frames: Frame[]
  /** Frames are this task's: its own CPU line was the last one. */
  trusted: boolean
  /** Somebody else has begun a report that nothing tells apart from this one. */
  interrupted: boolean
  /** Lines of the Mem-Info before may still come. */
  readonly torn: boolean
  memory?: MemInfoGatherer
  strangers: number
}

export function pageAllocationReader(options: ReaderOptions): ReportReader {
  const { live } = options
  const open = streams<OpenPageAllocation>(close)

  function close(reading: OpenPageAllocation): void {
    const { head, memory } = reading
    const memInfo = memory?.info()
    const kernel = reading.kernel ?? options.release()
    const cpuset = head.cpuset ?? reading.cpuset
    const memsAllowed = head.memsAllowed ?? reading.memsAllowed
    options.emit(
      {
        kind: 'page-alloc-failure',
        ...baseOf(reading.span, reading.record, reading.quotes, options),
        ...head,
        ...(cpuset === undefined ? {} : { cpuset }),
        ...(memsAllowed === undefined ? {} : { memsAllowed }),
        ...(kernel === undefined ? {} : { kernel }),
        ...(reading.pid === undefined ? {} : { pid: reading.pid }),
        ...(reading.cpu === undefined ? {} : { cpu: reading.cpu }),
        frames: reading.frames,
        ...(memInfo === undefined ? {} : { memInfo }),
        ...(memInfo?.truncated ? { truncated: true as const } : {}),
      } satisfies PageAllocationFailure,
      reading.order,
    )
  }

  function closeAll(): void {
    for (const reading of open.values()) close(reading)
    open.clear()
  }

  function begin(record: LogRecord, key: string): boolean {
    const line = parsePageAllocationLine(keep(record.text))
    if (!line) return false
    const before = open.get(key)
    if (before) close(before)
    const sameBreath = before !== undefined && pause(before.last, record) < 1
    const { is: _, ...head } = line
    open.set(key, {
      order: options.next(),
      record,
      span: spanOf(record),
      quotes: [quote(record, live)],
      head,
      last: record,
      frames: [],
      // a line of a known caller needs no CPU line to tell whose the frames are
      trusted: record.caller !== undefined,
      // two at once: the Mem-Info that comes first may be the other's
      interrupted: sameBreath && before.memory === undefined && before.frames.length === 0,
      torn: sameBreath && before.memory?.whole === false,
      strangers: 0,
    })
    return true
  }

  function takeCpu(reading: OpenPageAllocation, record: LogRecord): boolean {
    const cpu = record.text.includes('omm') ? parseCpuLine(record.text) : undefined
    if (!cpu) return false
    reading.trusted = sameTask(cpu.comm, reading.head.comm) && reading.pid === undefined
    if (!reading.trusted) return false
    if (cpu.release !== undefined) reading.kernel = keep(cpu.release)
    const [, onCpu, pid, oldPid] = CPU_AND_PID.exec(record.text) ?? []
    if (pid !== undefined || oldPid !== undefined) reading.pid = Number(pid ?? oldPid)
    if (onCpu !== undefined) reading.cpu = Number(onCpu)
    return true
  }

  function takeCpuset(reading: OpenPageAllocation, record: LogRecord): boolean {
    const line = parseCpusetLine(record.text)
    if (!line || !sameTask(line.comm, reading.head.comm) || reading.cpuset !== undefined) return false
    reading.cpuset = keep(line.cpuset)
    reading.memsAllowed = keep(line.memsAllowed)
    return true
  }

  function takeMemory(reading: OpenPageAllocation, record: LogRecord): boolean {
    if (startsMemInfo(record.text)) {
      if (reading.interrupted || reading.memory !== undefined) return false
      reading.memory = memInfoGatherer({ torn: reading.torn })
      return true
    }
    if (!reading.memory?.take(record.text)) return false
    if (/\bfree:\d+kB |\*\d+kB /.test(record.text) && reading.quotes.length < MOST_QUOTES)
      reading.quotes.push(quote(record, live))
    return true
  }

  function takeFrame(reading: OpenPageAllocation, record: LogRecord): boolean {
    if (!reading.trusted || reading.memory !== undefined) return false
    const frame = parseFrame(record.text)
    if (frame === undefined) return AROUND_FRAMES.test(record.text)
    if (reading.frames.length < MOST_FRAMES) reading.frames.push(keptFrame(frame))
    return true
  }

  return {
    heads: /page allocation (?:failure|stalls)/,
    open: () => open.size > 0,
    push(record, head) {
      const key = streamOf(record)
      if (head && begin(record, key)) return 'head'
      const reading = open.get(key)
      if (!reading) return undefined
      const silence = pause(reading.last, record)
      const another = startsMemInfo(record.text) && reading.memory !== undefined
      if (another || silence > LONGEST_PAUSE || silence < -LONGEST_PAUSE) {
        open.delete(key)
        close(reading)
        return undefined
      }
      if (
        takeMemory(reading, record) ||
        takeCpu(reading, record) ||
        takeCpuset(reading, record) ||
        takeFrame(reading, record)
      ) {
        widen(reading.span, record)
        reading.last = record
        reading.strangers = 0
        return 'line'
      }
      reading.strangers += 1
      // behind its last line nothing of it comes
      if (reading.strangers > MOST_STRANGERS || reading.memory?.whole === true) {
        open.delete(key)
        close(reading)
      }
      return undefined
    },
    interrupted(record) {
      const reading = record.caller === undefined ? open.get(streamOf(record)) : undefined
      if (reading && reading.memory === undefined) reading.interrupted = true
    },
    cut: closeAll,
    end: closeAll,
  }
}

/** Text kept from a record that was no head. */
function keptFrame(frame: Frame): Frame {
  return {
    ...frame,
    ...(frame.function === undefined ? {} : { function: keep(frame.function) }),
    ...(frame.module === undefined ? {} : { module: keep(frame.module) }),
    ...(frame.source === undefined ? {} : { source: keep(frame.source) }),
  }
}
