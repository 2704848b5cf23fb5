// Records of a kernel log → reports. Every record is shown to the readers of the families of reports; a line is the
// first's that knows it, and of those the one whose report has begun last is asked first.

import { keep } from '../../base/lines.ts'
import { kmemleakReader } from './kmemleak.ts'
import { lostRecordsReader } from './lost-records.ts'
import { memoryWarningReader } from './memory-warning-report.ts'
import { oomReader } from './oom-report.ts'
import { pageAllocationReader } from './page-allocation-report.ts'
import { baseOf, quote, type ReaderOptions, type ReportReader, spanOf } from './reader.ts'
import type { LogRecord } from './record.ts'
import { parseMemcgNoSpace } from './runtime-error.ts'
import { slabAllocationReader } from './slab-allocation-report.ts'
import { slubCorruptionReader } from './slub-corruption-report.ts'
import { stallReader } from './stall-report.ts'
import { parseSuppressedLine } from './suppressed.ts'

export interface Splitter {
  /** A record, its broken lines joined. Records that are not the kernel's say nothing but a runtime's error. */
  push(record: LogRecord): void
  /** Nothing printed before this point goes on after it: a prompt, another file. */
  cut(): void
  /** The log is at its end. */
  end(): void
  /** No report is being read: a record without a head is nobody's. */
  idle(): boolean
  /** Of all readers. */
  readonly heads: readonly RegExp[]
}

const READERS: readonly ((options: ReaderOptions) => ReportReader)[] = [
  slabAllocationReader,
  slubCorruptionReader,
  pageAllocationReader,
  suppressedReader,
  lostRecordsReader,
  noSpaceReader,
  kmemleakReader,
  memoryWarningReader,
  stallReader,
  oomReader,
]

export function splitter(options: Omit<ReaderOptions, 'next'>): Splitter {
  let order = 0
  const all: ReaderOptions = { ...options, next: () => order++ }
  /** The one whose report has begun last stands first. */
  const readers = READERS.map(reader => reader(all))
  const heads = new RegExp(readers.map(reader => reader.heads.source).join('|'))
  /** What is read of lines that others than the kernel wrote. */
  const ofPrograms = [noSpaceReader(all), lostRecordsReader(all)]

  function push(record: LogRecord): void {
    const head = heads.test(record.text)
    for (const [index, reader] of readers.entries()) {
      const own = head && reader.heads.test(record.text)
      if (!own && !reader.open()) continue
      const taken = reader.push(record, own)
      if (taken === undefined) continue
      if (taken === 'head') {
        for (const other of readers) if (other !== reader) other.interrupted?.(record)
        if (index > 0) {
          readers.splice(index, 1)
          readers.unshift(reader)
        }
      }
      return
    }
  }

  return {
    push(record) {
      if (record.process === undefined) push(record)
      else for (const reader of ofPrograms) if (reader.heads.test(record.text)) reader.push(record, true)
    },
    cut() {
      for (const reader of readers) reader.cut()
    },
    end() {
      for (const reader of readers) reader.end()
    },
    idle: () => !readers.some(reader => reader.open()),
    heads: readers.map(reader => reader.heads),
  }
}

/** A reader of reports that are one line. */
function ofOneLine(heads: RegExp, push: (record: LogRecord) => boolean): ReportReader {
  return {
    heads,
    open: () => false,
    push: record => (push(record) ? 'line' : undefined),
    cut: () => {},
    end: () => {},
  }
}

function suppressedReader(options: ReaderOptions): ReportReader {
  return ofOneLine(/callbacks suppressed/, record => {
    const line = parseSuppressedLine(keep(record.text))
    if (!line) return false
    const { is: _, ...values } = line
    options.emit(
      {
        kind: 'callbacks-suppressed',
        ...baseOf(spanOf(record), record, [quote(record, options.live)], options),
        ...values,
      },
      options.next(),
    )
    return true
  })
}

function noSpaceReader(options: ReaderOptions): ReportReader {
  return ofOneLine(/mkdir/, record => {
    const found = parseMemcgNoSpace(keep(record.text))
    for (const { directory, busy } of found)
      options.emit(
        {
          kind: 'memcg-no-space',
          ...baseOf(spanOf(record), record, [quote(record, options.live)], options),
          directory: keep(directory),
          ...(busy ? { busy } : {}),
        },
        options.next(),
      )
    return found.length > 0
  })
}
