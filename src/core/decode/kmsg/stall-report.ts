// Hung tasks and soft lockups → a report each, where their call trace leads through the kernel's memory code. Without
// such a function they are about something else, and nothing is said.

import { keep } from '../../base/lines.ts'
import { parseFrame } from './call-trace.ts'
import {
  baseOf,
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
import type { Frame, MemoryStall, Quote } from './report.ts'
import { memoryAreaOf, parseStallHead, STALL_HEADS, type StallHead } from './stall.ts'

/**
 * How many lines a trace may begin below its head: registers, `Modules linked in`, other CPUs' backtraces. A guess of
 * ours.
 */
const MOST_BEFORE = 60
/** No trace of a kernel is deeper (its stack is 16 KiB); of what is longer the innermost are kept. */
const MOST_FRAMES = 64
/** How many lines of others may stand in a trace. */
const MOST_STRANGERS = 8

/** `RIP: 0010:shrink_slab+0x1a/0x200`, of 4.x `RIP: e030:[<ffffffff811a>]  [<…>] fn+0x…`, of arm64 `pc : fn+0x…`. */
const POINTER = /^\s*(?:RIP: \w{4}:(?:\[<[0-9a-f]{1,16}>\])?|pc : |NIP \[[0-9a-f]{1,16}\])\s*(.{1,300})$/
const TRACE = /^\s*(?:Call Trace|Call trace|Backtrace)\b/
const MARKER =
  /^\s*<\/?(?:TASK|IRQ|NMI|EOI|SOFTIRQ|#DF|#DB|ENTRY_TRAMPOLINE)>\s*$|^\s*<(?:IRQ|NMI|EOE|EOI|TASK)>\s/
/** What begins something else in the same stream. */
const OTHER =
  /^\s*(?:INFO: |BUG: |WARNING: |watchdog: BUG|Kernel panic|-{8,}\[ |={20,}|.{1,60} invoked oom-killer)/
/** Of a hung task the state stands on its own line, and locks are listed below: these end nothing. */
const ENDS = /^\s*(?:---\[ end trace|Sending NMI|Showing all locks|NMI backtrace)/

interface OpenStall {
  readonly head: StallHead
  readonly first: LogRecord
  readonly span: Span
  readonly order: number
  readonly frames: Frame[]
  /** The line of the innermost function of the memory code. */
  culprit?: { readonly quote: Quote; readonly name: string; readonly area: MemoryStall['area'] }
  readonly tangled: boolean
  inTrace: boolean
  strangers: number
  before: number
}

export function stallReader(options: ReaderOptions): ReportReader {
  const open = streams<OpenStall>(close)

  function close({ head, first, span, order, frames, culprit, tangled }: OpenStall): void {
    if (culprit === undefined || tangled) return
    options.emit(
      {
        kind: 'memory-stall',
        ...baseOf(span, first, [quote(first, options.live), culprit.quote], options),
        ...head,
        comm: keep(head.comm),
        function: culprit.name,
        area: culprit.area,
        frames,
      },
      order,
    )
  }

  function closeAll(): void {
    for (const reading of open.values()) close(reading)
    open.clear()
  }

  /** Whether the line is part of what is being read; undefined: what is being read has ended. */
  function read(reading: OpenStall, record: LogRecord): boolean | undefined {
    const { text } = record
    if (OTHER.test(text) || ENDS.test(text)) return undefined
    const pointer = reading.frames.length === 0 ? POINTER.exec(text)?.[1] : undefined
    const marker = pointer === undefined && MARKER.test(text)
    const frame =
      pointer !== undefined
        ? parseFrame(pointer.trim())
        : marker && !/>\s*\S/.test(text)
          ? undefined
          : parseFrame(marker ? text.replace(/<\/?\w+>/, ' ') : text)
    if (TRACE.test(text) || marker) {
      reading.inTrace = true
      if (frame === undefined) return true
    }
    // a row of the table of registers has the shape of an address
    if (frame?.function === undefined || (pointer === undefined && !reading.inTrace)) {
      if (!reading.inTrace) {
        reading.before += 1
        return reading.before > MOST_BEFORE ? undefined : false
      }
      reading.strangers += 1
      return reading.strangers > MOST_STRANGERS ? undefined : false
    }
    reading.strangers = 0
    if (reading.frames.length >= MOST_FRAMES) return true
    reading.frames.push(frame)
    if (reading.culprit === undefined && frame.uncertain !== true) {
      const area = memoryAreaOf(frame.function)
      if (area !== undefined)
        reading.culprit = { quote: quote(record, options.live), name: keep(frame.function), area }
    }
    return true
  }

  return {
    heads: STALL_HEADS,
    open: () => open.size > 0,
    push(record, head) {
      const key = streamOf(record)
      const found = head ? parseStallHead(record.text) : undefined
      const reading = open.get(key)
      if (found !== undefined) {
        // another head before the trace of the first: of two that are tangled nobody can tell whose a frame is
        const tangled = reading !== undefined && reading.frames.length === 0 && record.caller === undefined
        if (reading !== undefined) close(reading)
        open.set(key, {
          head: found,
          first: record,
          span: spanOf(record),
          order: options.next(),
          frames: [],
          tangled,
          inTrace: false,
          strangers: 0,
          before: 0,
        })
        return 'head'
      }
      if (reading === undefined) return undefined
      const own = read(reading, record)
      if (own === true) {
        widen(reading.span, record)
        return 'line'
      }
      if (own === undefined) {
        open.delete(key)
        close(reading)
      }
      return undefined
    },
    interrupted(record) {
      const key = streamOf(record)
      const reading = open.get(key)
      if (reading === undefined) return
      // a trace below another report's head is that report's
      open.delete(key)
      close(reading)
    },
    cut: closeAll,
    end: closeAll,
  }
}
