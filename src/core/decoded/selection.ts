// Which reports of a log somebody asked for: by kind, and by time, on the clock that the log itself has.

import type { Stamp } from '../base/time.ts'
import {
  type DecodedKernelLog,
  type FoldedReports,
  type LogSource,
  readKernelLog,
} from '../decode/kmsg/log.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'
import { isGap, type Tree } from '../tree/tree.ts'

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

/** What was asked for of a log. */
export interface SelectedLog {
  /** `folded` may be of another time, where a pipe was read that can be read but once. */
  readonly log: DecodedKernelLog
  /** Reports that are in it because nobody can tell when they were. */
  readonly unstamped: number
}

export interface ReadOptions {
  /** Is given every report in the place of those kept: then none are in the log. */
  readonly each?: (report: KernelReport) => void
  /** The pieces on their way in. */
  readonly through?: (chunks: Iterable<Uint8Array>) => Iterable<Uint8Array>
}

/**
 * Reads what was asked for of the log at a path; undefined where it cannot be read. Where a time is counted back from the
 * end, and more reports are in the log than are kept, the log is read a second time, if it can be.
 */
export function readSelected(
  tree: Tree,
  path: string,
  selection: Selection,
  { each, through = chunks => chunks }: ReadOptions = {},
): SelectedLog | undefined {
  let unstamped = 0
  const wanted =
    (asked: Selection, end: LogEnd) =>
    (report: KernelReport): boolean => {
      if (asked.kinds?.has(report.kind) === false) return false
      const place = within(report, asked, end)
      if (place === 'unknown') unstamped += 1
      return place !== 'out'
    }
  const read = (asked: Selection, end: LogEnd, give: ReadOptions['each']): DecodedKernelLog | undefined => {
    const chunks = tree.chunks(path)
    if (isGap(chunks)) return undefined
    return readKernelLog(through(chunks), {
      path: tree.shown(path),
      wanted: wanted(asked, end),
      ...(give === undefined ? {} : { each: give }),
    })
  }
  if (selection.since?.from !== 'back' && selection.until?.from !== 'back') {
    const log = read(selection, {}, each)
    return log && { log, unstamped }
  }
  const { kinds } = selection
  const all = read(kinds === undefined ? {} : { kinds }, {}, undefined)
  if (all === undefined) return undefined
  if (all.folded.length > 0) {
    const again = read(selection, all.source, each)
    if (again !== undefined) return { log: again, unstamped }
  }
  const end = all.source
  const reports = all.reports.filter(wanted(selection, end))
  const folded = all.folded.filter(fold => overlaps(fold, selection, end))
  for (const report of reports) each?.(report)
  return { log: { ...all, reports: each === undefined ? reports : [], folded }, unstamped }
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
