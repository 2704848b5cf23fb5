// Whether the kernel log was looked at, and how far: what it does not reach is not known.

import type { Clock, Stamp } from '../base/time.ts'
import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import type { FoldedReports } from '../case/kernel-log.ts'
import { clockBeganAnew } from '../decode/kmsg/log.ts'
import type { KernelReport, Quote } from '../decode/kmsg/report.ts'
import { fact } from './fact.ts'

const RING = /(^|\/)(kmsg|dmesg(\.txt)?)$/

/** Why the log does not prove absence; empty when it was read whole. */
export const logUnknown: (about: Case) => readonly Unknown[] = fact(about => {
  const sources = (about.log?.sources ?? []).filter(source => source.kernelRecords > 0)
  if (sources.length === 0) {
    const gap = about.gaps.find(({ path }) => RING.test(path))
    return [
      {
        reason:
          about.log === undefined || about.log.sources.length === 0
            ? 'kernel-log-not-read'
            : 'no-kernel-records',
        remedy: gap?.why === 'denied' ? 'run-as-root' : 'pass-kernel-log',
        ...(gap === undefined ? {} : { path: gap.path }),
      },
    ]
  }
  const whole = sources.filter(({ excerpt }) => excerpt === undefined)
  const unknown: Unknown[] = []
  if (whole.length === 0) {
    unknown.push({ reason: 'kernel-log-excerpt', path: sources[0]?.path ?? '', remedy: 'pass-kernel-log' })
  }
  // Lines without a stamp may be anything: a slabinfo file, what somebody cut out of a log, `dmesg -t`.
  const bare = whole.every(({ from }) => from === undefined) ? whole[0] : undefined
  if (bare !== undefined) {
    unknown.push({ reason: 'log-without-stamps', path: bare.path, remedy: 'pass-kernel-log' })
  }
  if (about.origin === 'live' || about.origin === 'directory') {
    const ring = sources.some(({ path }) => RING.test(path))
    const gap = about.gaps.find(({ path }) => RING.test(path))
    if (!ring && whole.length > 0) {
      unknown.push({
        reason: 'kernel-ring-not-read',
        remedy: gap?.why === 'denied' ? 'run-as-root' : 'pass-kernel-log',
        ...(gap === undefined ? {} : { path: gap.path }),
      })
    }
  }
  for (const { path, sequenceGaps, overrun, lost } of sources) {
    if (sequenceGaps.length > 0 || overrun !== undefined || (lost?.ofKernel ?? 0) > 0) {
      unknown.push({ reason: 'kernel-log-lost-records', path, remedy: 'read-persistent-log' })
    }
  }
  if (about.log?.leftOut !== undefined) unknown.push({ reason: 'older-left-out', remedy: 'drop-since' })
  return unknown
})

export function isReport<K extends KernelReport['kind']>(
  ...kinds: readonly K[]
): (report: KernelReport) => report is Extract<KernelReport, { kind: K }> {
  const wanted = new Set<string>(kinds)
  return (report): report is Extract<KernelReport, { kind: K }> => wanted.has(report.kind)
}

type Quotes = readonly [Quote, ...Quote[]]

/** The lines a report rests on, as evidence. */
export function quoted(
  report: KernelReport,
  [first, ...more]: Quotes = report.quotes,
): readonly [Evidence, ...Evidence[]] {
  const evidence = ({ line, lastLine, seq, text }: Quote): Evidence => ({
    kind: 'log',
    path: report.path,
    ...(line === undefined ? {} : { lines: [line, lastLine ?? line] as const }),
    ...(seq === undefined ? {} : { seq: [seq, seq] as const }),
    text,
    ...(report.at === undefined ? {} : { at: report.at }),
  })
  return [evidence(first), ...more.map(evidence)]
}

/** The quotes that match, at most `most`; the report's first where none does, so that there is always one. */
export function quotesLike({ quotes }: KernelReport, pattern: RegExp, most = 3): Quotes {
  const [first, ...more] = quotes.filter(({ text }) => pattern.test(text)).slice(0, most)
  return first === undefined ? [quotes[0]] : [first, ...more]
}

/** First, last and the usual interval of a series of reports, on the clock most of them share. */
interface Recurrence {
  readonly first?: Stamp
  readonly last?: Stamp
  /** Median seconds between two of them. */
  readonly intervalSeconds?: number
}

/** Seconds after which a clock without a date, or without a year, begins anew (`no-year` is told in a leap year). */
const ROUND: Partial<Record<Clock, number>> = { 'no-year': 366 * 86_400, 'time-of-day': 86_400 }

/** So much of a round back is no disorder of lines but the next round: ours, ten months of a year, 20 hours of a day. */
const NEXT_ROUND_SHARE = 5 / 6

/** Seconds from one stamp to a later one of the same clock, over the turn of the year or of the day. */
function elapsed(from: Stamp, to: Stamp): number {
  const seconds = to.seconds - from.seconds
  const round = ROUND[to.clock]
  return round !== undefined && seconds < -NEXT_ROUND_SHARE * round ? seconds + round : seconds
}

/** Stamps in the order of time, those after the turn of the year or of the day after those before it. */
function inTime(stamps: readonly Stamp[]): readonly Stamp[] {
  let round = 0
  let before: Stamp | undefined
  return stamps
    .map(stamp => {
      const length = ROUND[stamp.clock]
      if (before !== undefined && length !== undefined) {
        const step = stamp.seconds - before.seconds
        if (step < -NEXT_ROUND_SHARE * length) round += length
        else if (step > NEXT_ROUND_SHARE * length) round -= length
      }
      before = stamp
      return { stamp, seconds: stamp.seconds + round }
    })
    .sort((a, b) => a.seconds - b.seconds)
    .map(({ stamp }) => stamp)
}

function recurrence(reports: readonly { readonly at?: Stamp | undefined }[]): Recurrence {
  const all = reports.map(({ at }) => at).filter(at => at !== undefined)
  const clock = all.at(-1)?.clock
  const stamps = all.filter(stamp => stamp.clock === clock)
  // Across boots seconds since boot have no order but that of the lines.
  const boots =
    clock === 'boot' && stamps.some(({ seconds }, i) => clockBeganAnew(stamps[i - 1]?.seconds ?? 0, seconds))
  const ordered = boots ? stamps : inTime(stamps)
  const first = ordered[0]
  const last = ordered.at(-1)
  if (first === undefined || last === undefined) return {}
  const intervals = ordered
    .slice(1)
    .map((stamp, index) => elapsed(ordered[index] ?? stamp, stamp))
    .filter(seconds => seconds >= 0)
    .sort((a, b) => a - b)
  const median = intervals[Math.floor(intervals.length / 2)]
  return { first, last, ...(median === undefined ? {} : { intervalSeconds: median }) }
}

/**
 * A series counts as going on when its last report is no further back than this from the end of the log (from now
 * on a live node). Ten minutes is twice the article's five-minute restart loop (kubelet's CrashLoopBackOff tops
 * out at five minutes); a slower series gets three of its own intervals.
 */
const STILL_SECONDS = 600

/** The clock of the log and that of /proc/uptime drift apart: printk's is the CPU's own (sched_clock). A guess of ours. */
const DRIFT_SHARE = 0.01

/** Whether a series still goes on; undefined where no clock can tell. */
function ongoing(about: Case, reports: readonly KernelReport[]): boolean | undefined {
  const { last, intervalSeconds } = recurrence(reports)
  if (last === undefined) return undefined
  const uptime = about.origin === 'directory' ? about.node.uptimeSeconds : undefined
  const report = reports.findLast(({ at }) => at === last)
  const source = about.log?.sources.find(({ path }) => path === report?.path)
  if (last.clock === 'boot') {
    // The node has booted since: what was charged then is gone, whatever the log's own clock says.
    const ended = source?.to?.clock === 'boot' ? source.to.seconds : undefined
    if (ended !== undefined && clockBeganAnew(last.seconds, ended)) return false
    if (source?.rebootedAt !== undefined && (report?.lines?.[0] ?? Infinity) < source.rebootedAt) return false
    if (uptime !== undefined && last.seconds > uptime * (1 + DRIFT_SHARE) + STILL_SECONDS) return false
  }
  const since = [
    about.log?.now,
    ...(about.log?.sources ?? []).map(({ to }) => to),
    uptime === undefined ? undefined : { clock: 'boot' as const, seconds: uptime, text: '' },
  ]
    .filter(end => end !== undefined)
    .filter(({ clock }) => clock === last.clock)
    .map(end => elapsed(last, end))
  if (since.length === 0) return undefined
  return Math.max(...since) <= Math.max(STILL_SECONDS, 3 * (intervalSeconds ?? 0))
}

/** First, last and whether it goes on, as a finding carries them. */
export function seen(
  about: Case,
  reports: readonly KernelReport[],
  folded: readonly FoldedReports[] = [],
): { readonly firstSeen?: Stamp; readonly lastSeen?: Stamp; readonly ongoing?: boolean } {
  const { last } = recurrence(reports)
  // What was folded is older than what was kept.
  const { first } = recurrence([...folded.map(fold => ({ at: fold.first })), ...reports])
  const still = ongoing(about, reports)
  return {
    ...(first === undefined ? {} : { firstSeen: first }),
    ...(last === undefined ? {} : { lastSeen: last }),
    ...(still === undefined ? {} : { ongoing: still }),
  }
}
