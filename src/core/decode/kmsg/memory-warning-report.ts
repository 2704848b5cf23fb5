// Lines about the kernel's memory → reports, each with the one line below that tells more of it: the WARNING of a
// counter that went below zero, and why a page was dumped.

import { keep } from '../../base/lines.ts'
import {
  isCounterWarning,
  MEMORY_WARNING_HEADS,
  type MemoryWarning,
  parseMemoryWarning,
} from './memory-warning.ts'
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
import type { KernelReport, Quote } from './report.ts'

/**
 * How many lines may stand between a head and the line that belongs to it. `page dumped because` comes after the
 * page's own dump of two to seven lines; a guess of ours for what others print between.
 */
const MOST_STRANGERS = 16

/** `page dumped because: page still charged to cgroup`; `bad because of flags: 0x40(active)` of 3.x adds to it. */
const DUMPED = /^\s*page dumped because: (.{1,120})/

interface OpenWarning {
  warning: MemoryWarning
  readonly first: LogRecord
  readonly quotes: Quote[]
  readonly span: Span
  readonly order: number
  /** Another of its kind began before this one's second line: whose that is nobody can tell. */
  readonly tangled: boolean
  lines: number
}

/** What is kept of a line keeps nothing else of it alive. */
function kept<T extends object>(of: T): T {
  return Object.fromEntries(
    Object.entries(of).map(([key, value]) => [key, typeof value === 'string' ? keep(value) : value]),
  ) as T
}

export function memoryWarningReader(options: ReaderOptions): ReportReader {
  const open = streams<OpenWarning>(close)

  function close({ warning, first, quotes, span, order }: OpenWarning): void {
    options.emit(
      {
        ...kept(warning),
        ...baseOf(span, first, quotes, options),
      } as KernelReport,
      order,
    )
  }

  function closeAll(): void {
    for (const reading of open.values()) close(reading)
    open.clear()
  }

  /** Whether the line tells more of the report that is open. */
  function goesOn(reading: OpenWarning, record: LogRecord, warning: MemoryWarning | undefined): boolean {
    if (reading.warning.kind === 'page-counter-underflow')
      return !isCounterWarning(reading.warning) && warning !== undefined && isCounterWarning(warning)
    const reason = DUMPED.exec(record.text)?.[1]
    if (reason === undefined || reading.warning.kind !== 'bad-page' || reading.warning.reason !== undefined)
      return false
    if (!reading.tangled) reading.warning = { ...reading.warning, reason: reason.trimEnd() }
    return true
  }

  return {
    heads: MEMORY_WARNING_HEADS,
    open: () => open.size > 0,
    push(record, head) {
      const key = streamOf(record)
      const reading = open.get(key)
      const warning = head ? parseMemoryWarning(record.text) : undefined
      if (reading !== undefined) {
        if (goesOn(reading, record, warning)) {
          widen(reading.span, record)
          if (!reading.tangled) reading.quotes.push(quote(record, options.live))
          open.delete(key)
          close(reading)
          return 'line'
        }
        reading.lines += 1
        if (warning !== undefined || reading.lines > MOST_STRANGERS) {
          open.delete(key)
          close(reading)
        }
      }
      if (warning === undefined) return undefined
      const begun: OpenWarning = {
        warning,
        first: record,
        quotes: [quote(record, options.live)],
        span: spanOf(record),
        order: options.next(),
        tangled:
          reading?.warning.kind === 'bad-page' && warning.kind === 'bad-page' && record.caller === undefined,
        lines: 0,
      }
      const more =
        (warning.kind === 'page-counter-underflow' && !isCounterWarning(warning)) ||
        (warning.kind === 'bad-page' && warning.what !== 'map' && warning.suppressed === undefined)
      if (more) open.set(key, begun)
      else close(begun)
      return 'line'
    },
    cut: closeAll,
    end: closeAll,
  }
}
