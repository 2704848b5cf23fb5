// The lines of a page allocation failure → the report: warn_alloc() of mm/page_alloc.c.

import { keep } from '../../base/lines.ts'
import { parseCpuLine } from './oom.ts'
import { parsePageAllocationLine } from './page-allocation.ts'
import {
  baseOf,
  quote,
  type ReaderOptions,
  type ReportReader,
  sameTask,
  spanOf,
  streamOf,
  streams,
} from './reader.ts'
import type { PageAllocationFailure } from './report.ts'

/** The CPU line stands right below the head; a guess of ours how many lines of others may stand between. */
const MOST_STRANGERS = 16

interface OpenPageAllocation {
  report: PageAllocationFailure
  readonly order: number
  lines: number
}

export function pageAllocationReader(options: ReaderOptions): ReportReader {
  const close = ({ report, order }: OpenPageAllocation): void => options.emit(report, order)
  const open = streams<OpenPageAllocation>(close)

  function closeAll(): void {
    for (const reading of open.values()) close(reading)
    open.clear()
  }

  return {
    heads: /page allocation failure/,
    open: () => open.size > 0,
    push(record, head) {
      const key = streamOf(record)
      const reading = open.get(key)
      const line = head ? parsePageAllocationLine(keep(record.text)) : undefined
      if (line) {
        if (reading) close(reading)
        const { is: _, ...values } = line
        const kernel = options.release()
        open.set(key, {
          report: {
            kind: 'page-alloc-failure',
            ...baseOf(spanOf(record), record, [quote(record, options.live)], options),
            ...values,
            ...(kernel === undefined ? {} : { kernel }),
          },
          order: options.next(),
          lines: 0,
        })
        return 'head'
      }
      if (!reading) return undefined
      const cpu = record.text.includes('omm') ? parseCpuLine(record.text) : undefined
      if (cpu?.release !== undefined && sameTask(cpu.comm, reading.report.comm)) {
        reading.report = { ...reading.report, kernel: keep(cpu.release) }
        open.delete(key)
        close(reading)
        return 'line'
      }
      reading.lines += 1
      if (reading.lines > MOST_STRANGERS) {
        open.delete(key)
        close(reading)
      }
      return undefined
    },
    cut: closeAll,
    end: closeAll,
  }
}
