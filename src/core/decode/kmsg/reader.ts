// What a reader of one family of reports is: it is shown the records of a log and gathers those that are its own.
// split.ts shows every record to the readers; each knows nothing of the others but that one of them has begun a report.

import { keep } from '../../base/lines.ts'
import { type LogRecord, SECONDS_OF_DAY, stampOf } from './record.ts'
import type { KernelReport, Quote, ReportBase } from './report.ts'

/** What a line is to the reader it was shown to; undefined: nothing of its own. */
export type Taken = 'head' | 'line' | undefined

export interface ReportReader {
  /** Words without which no line begins a report of this family. Tried on every line of a log: keep it cheap. */
  readonly heads: RegExp
  /** Whether a report is being read, so that lines without such a word may belong to it. */
  open(): boolean
  /**
   * A record of the kernel's (or of user space written to the ring: see streamOf). `head`: it has one of the `heads`.
   * `text` is the record's text, which may be kept as it is where `head` is true (else see keep()).
   */
  push(record: LogRecord, head: boolean): Taken
  /** Another family's report has begun in the same stream: what is not told apart may be its. */
  interrupted?(record: LogRecord): void
  /** Nothing printed before this point goes on after it: a prompt, another file. */
  cut(): void
  /** The log is at its end. */
  end(): void
}

/** The order of a report in the log: reports are given when they end, not as they begin. */
export type Emit = (report: KernelReport, order: number) => void

export interface ReaderOptions {
  readonly path: string
  /** The ring of a running kernel: records have sequence numbers, not lines. */
  readonly live: boolean
  /** Only selected lines (a grep) are in the log, as far as is known by now. */
  readonly excerpt: () => boolean
  /** The kernel that wrote the log up to here, where a line has named it. */
  readonly release: () => string | undefined
  readonly emit: Emit
  /** The number of a report that begins now. */
  readonly next: () => number
}

/** First and last place of a report. */
export interface Span {
  line: number
  lastLine: number
  seq?: number
  lastSeq?: number
}

export const spanOf = (record: LogRecord): Span => ({
  line: record.line,
  lastLine: record.lastLine ?? record.line,
  ...(record.seq === undefined ? {} : { seq: record.seq, lastSeq: record.seq }),
})

export function widen(span: Span, record: LogRecord): void {
  const last = record.lastLine ?? record.line
  if (last > span.lastLine) span.lastLine = last
  if (record.seq !== undefined) {
    span.seq ??= record.seq
    if (span.lastSeq === undefined || record.seq > span.lastSeq) span.lastSeq = record.seq
  }
}

/** A line as evidence. */
export function quote(record: LogRecord, live: boolean): Quote {
  return {
    ...(live ? {} : { line: record.line }),
    ...(live || record.lastLine === undefined ? {} : { lastLine: record.lastLine }),
    ...(record.seq === undefined ? {} : { seq: record.seq }),
    text: keep(record.text.trimEnd().slice(0, 4096)),
  }
}

/** What all reports have; `record` is the first of them, `quotes` the lines that carry the report. */
export function baseOf(
  span: Span,
  record: LogRecord,
  quotes: readonly Quote[],
  { path, live }: Pick<ReaderOptions, 'path' | 'live'>,
): ReportBase {
  const at = stampOf(record)
  const [first = quote(record, live), ...more] = quotes
  return {
    path,
    ...(live ? {} : { lines: [span.line, span.lastLine] as const }),
    ...(span.seq === undefined || span.lastSeq === undefined
      ? {}
      : { seq: [span.seq, span.lastSeq] as const }),
    ...(at === undefined ? {} : { at }),
    quotes: [first, ...more] as const,
    ...(record.facility !== undefined && record.facility !== 0 ? { userWritten: true as const } : {}),
  }
}

/** Who printed a record, as far as the log tells: lines of different streams are never parts of one report. */
export function streamOf(record: LogRecord): string {
  return `${record.facility !== undefined && record.facility !== 0 ? 'user' : ''}${record.caller ?? ''}`
}

/** Seconds between two records, where one clock stamped both; else 0. */
export function pause(a: LogRecord, b: LogRecord): number {
  if (a.clock === undefined || a.clock !== b.clock || a.seconds === undefined || b.seconds === undefined)
    return 0
  const difference = b.seconds - a.seconds
  return a.clock === 'time-of-day' && difference < -SECONDS_OF_DAY / 2
    ? difference + SECONDS_OF_DAY
    : difference
}

/** comm is cut to 15 bytes in one place and not in another. */
export function sameTask(a: string, b: string): boolean {
  return a === b || a.slice(0, 15) === b.slice(0, 15)
}

/** Callers whose reports are open at once. More CPUs than that printing at once is no kernel. */
const MOST_STREAMS = 512

/** What is being read, a value a stream; of too many the one that was not heard of for longest is closed. */
export interface Streams<T> {
  get(key: string): T | undefined
  /** Makes room where there is none. */
  set(key: string, value: T): void
  delete(key: string): void
  values(): Iterable<T>
  clear(): void
  readonly size: number
}

export function streams<T>(close: (value: T) => void): Streams<T> {
  // a Map gives its keys in the order they were set in: the first is the one least lately used
  const open = new Map<string, T>()
  return {
    get(key) {
      const value = open.get(key)
      if (value !== undefined && open.size > 1) {
        open.delete(key)
        open.set(key, value)
      }
      return value
    },
    set(key, value) {
      open.delete(key)
      if (open.size >= MOST_STREAMS) {
        const [oldest] = open
        if (oldest) {
          open.delete(oldest[0])
          close(oldest[1])
        }
      }
      open.set(key, value)
    },
    delete: key => void open.delete(key),
    values: () => open.values(),
    clear: () => open.clear(),
    get size() {
      return open.size
    },
  }
}
