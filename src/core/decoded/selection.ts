// Which reports of a log somebody asked for: by kind, and by time, on the clock that the log itself has.

import type { Stamp } from '../base/time.ts'
import type { DecodedKernelLog, FoldedReports, LogSource } from '../decode/kmsg/log.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'

/**
 * A point in time as a person gives it, in seconds.
 *
 * - `back`: before the last stamp of the log
 * - `boot`: since boot, of whichever boot the report is
 * - `wall`: the date and time that a log shows, as seconds since 1970 as if it were UTC
 * - `utc`: an instant, as seconds since 1970; of use only where the log says its zone
 */
export interface Bound {
  readonly from: 'back' | 'boot' | 'wall' | 'utc'
  readonly seconds: number
}

export interface Selection {
  readonly kinds?: ReadonlySet<KernelReport['kind']>
  readonly since?: Bound
  readonly until?: Bound
}

/** Where a log ends, as far as is known. */
export type LogEnd = Pick<LogSource, 'to' | 'rebootedAt'>

/** Seconds of the leap year in which stamps without a year are counted (base/time.ts). */
const NO_YEAR = 1972
const YEAR = 366 * 86_400

/** The same day and time in the leap year. */
function withoutYear(seconds: number): number {
  const date = new Date(seconds * 1000)
  return date.setUTCFullYear(NO_YEAR) / 1000
}

/** Over the turn of the year or of the day: what is further than half a round away is of the next one, or the last. */
function around(difference: number, round: number): number {
  return difference > round / 2
    ? difference - round
    : difference < -round / 2
      ? difference + round
      : difference
}

/** Seconds of `at` after the bound; undefined where no clock can tell. */
function after(at: Stamp, bound: Bound, end: Stamp | undefined): number | undefined {
  const { clock, seconds } = at
  switch (bound.from) {
    case 'back': {
      if (end === undefined || end.clock !== clock) return undefined
      const difference = seconds - end.seconds
      const round = clock === 'no-year' ? YEAR : clock === 'time-of-day' ? 86_400 : undefined
      return (round === undefined ? difference : around(difference, round)) + bound.seconds
    }
    case 'boot':
      return clock === 'boot' ? seconds - bound.seconds : undefined
    case 'wall':
      return clock === 'local' || clock === 'utc'
        ? seconds - bound.seconds
        : clock === 'no-year'
          ? around(seconds - withoutYear(bound.seconds), YEAR)
          : undefined
    case 'utc':
      return clock === 'utc' ? seconds - bound.seconds : undefined
  }
}

/** Whether a report is within the time asked for; `unknown` where it has no stamp that compares. */
export function within(
  report: Pick<KernelReport, 'at' | 'lines'>,
  { since, until }: Selection,
  end: LogEnd,
): 'in' | 'out' | 'unknown' {
  if (since === undefined && until === undefined) return 'in'
  const { at, lines } = report
  if (at === undefined) return 'unknown'
  /** How long before the last boot of the log an earlier boot was, nobody knows. */
  const earlier = at.clock === 'boot' && (lines?.[0] ?? Infinity) < (end.rebootedAt ?? 0)
  let known = true
  for (const [bound, sign] of [
    [since, 1],
    [until, -1],
  ] as const) {
    if (bound === undefined) continue
    const difference = earlier && bound.from === 'back' ? undefined : after(at, bound, end.to)
    if (difference === undefined) known = false
    else if (difference * sign < 0) return 'out'
  }
  return known ? 'in' : 'unknown'
}

/** What was asked for of a log, and how many reports are in it because nobody can tell when they were. */
export function selected<Log extends DecodedKernelLog>(
  log: Log,
  selection: Selection,
): { readonly log: Log; readonly unstamped: number } {
  const { kinds } = selection
  let unstamped = 0
  const wanted = (kind: KernelReport['kind']): boolean => kinds === undefined || kinds.has(kind)
  const reports = log.reports.filter(report => {
    if (!wanted(report.kind)) return false
    const place = within(report, selection, log.source)
    if (place === 'unknown') unstamped += 1
    return place !== 'out'
  })
  const folded = log.folded.filter(fold => wanted(fold.kind) && overlaps(fold, selection, log.source))
  return { log: { ...log, reports, folded }, unstamped }
}

/** Of what was only counted, the whole is left out where all of it is outside. */
function overlaps({ first, last }: FoldedReports, selection: Selection, end: LogEnd): boolean {
  const { since, until } = selection
  const outside = (at: Stamp | undefined, bound: Selection): boolean =>
    at !== undefined && within({ at }, bound, end) === 'out'
  return !(
    (since !== undefined && outside(last, { since })) ||
    (until !== undefined && outside(first, { until }))
  )
}
