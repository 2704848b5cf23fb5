// Lines that tell how many others are not in the log: console_prepend_dropped() of kernel/printk/printk.c, journald's
// reading of /dev/kmsg (systemd, journald-kmsg.c) and its rate limit, rsyslog's (runtime/ratelimit.c).

import { keep } from '../../base/lines.ts'
import { baseOf, quote, type ReaderOptions, type ReportReader, spanOf } from './reader.ts'
import type { RecordsLost } from './report.ts'

export type LostRecordsLine = Pick<RecordsLost, 'by' | 'count' | 'whose' | 'unit'>

/** Words without which no line is one of these. */
export const LOST_HEADS =
  /printk messages dropped|messages suppressed|messages dropped|kernel messages|kmsg buffer overrun|(?:imuxsock|imjournal|imklog) lost |messages lost due|begins? to drop messages|Suppressed \d{1,15} messages/

const PRINTK =
  /^\s*(?:\*\* (\d{1,15}) printk messages dropped \*\*|printk: (?:\S{1,40}: )?(\d{1,15}) messages (?:dropped|suppressed))/
const JOURNALD = String.raw`^\s*(?:systemd-journald?(?:\[\d{1,10}\])?: )?`
const OVERRUN = new RegExp(
  `${JOURNALD}(?:/dev/kmsg buffer overrun, some messages lost|Missed (\\d{1,15}) kernel messages)`,
)
const OF_UNIT = new RegExp(`${JOURNALD}Suppressed (\\d{1,15}) messages from (\\S{1,255})`)
/** imuxsock is what programs write, imklog the kernel, imjournal all that the journal has. */
const RSYSLOG =
  /^\s*(?:rsyslogd(?:-\d{1,5})?(?:\[\d{1,10}\])?: )?(imuxsock|imjournal|imklog)(?:\[[^\]]{1,200}\])?:? (?:from <[^>]{1,200}>: )?(?:lost (\d{1,15}) messages|(\d{1,15}) messages lost due|begins? to drop messages)/

/** How many lines are said to be missing, and by whom; undefined: a line that does not say so. */
export function parseLostRecords(text: string): LostRecordsLine | undefined {
  const line = text.length > 1024 ? text.slice(0, 1024) : text
  const printk = PRINTK.exec(line)
  if (printk) return { by: 'printk', count: Number(printk[1] ?? printk[2]), whose: 'kernel' }
  const overrun = OVERRUN.exec(line)
  if (overrun)
    return {
      by: 'journald',
      ...(overrun[1] === undefined ? {} : { count: Number(overrun[1]) }),
      whose: 'kernel',
    }
  const unit = OF_UNIT.exec(line)
  if (unit) return { by: 'journald', count: Number(unit[1]), whose: 'programs', unit: unit[2] ?? '' }
  const syslog = RSYSLOG.exec(line)
  if (!syslog) return undefined
  const count = syslog[2] ?? syslog[3]
  // how many of a program's is told where the rest is dropped; the kernel's may be missing from where it begins
  if (count === undefined && syslog[1] === 'imuxsock') return undefined
  return {
    by: 'rsyslog',
    ...(count === undefined ? {} : { count: Number(count) }),
    whose: syslog[1] === 'imuxsock' ? 'programs' : 'kernel',
  }
}

/** Who may say of others that they lost lines; anybody else's words are about something else. */
const LOGGERS = /^(?:systemd-journald?|journal|rsyslogd(?:-\d{1,5})?|syslogd?|syslog-ng)$/

export function lostRecordsReader(options: ReaderOptions): ReportReader {
  return {
    heads: LOST_HEADS,
    open: () => false,
    push(record) {
      if (record.process !== undefined && !LOGGERS.test(record.process)) return undefined
      const line = parseLostRecords(record.text)
      if (line === undefined) return undefined
      const { unit, ...values } = line
      options.emit(
        {
          kind: 'records-lost',
          ...baseOf(spanOf(record), record, [quote(record, options.live)], options),
          ...values,
          ...(unit === undefined ? {} : { unit: keep(unit) }),
        },
        options.next(),
      )
      return 'line'
    },
    cut: () => {},
    end: () => {},
  }
}
