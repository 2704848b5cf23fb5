// The kernel log, wherever a node keeps it: the ring (/dev/kmsg: Documentation/ABI/testing/dev-kmsg), a saved dmesg,
// what syslog wrote of it, and the logs given by hand. What stands in two of these is counted once.

import type { Instant, Stamp } from '../base/time.ts'
import type { KernelLog } from '../case/kernel-log.ts'
import { type FoldedReports, type LogSource, readKernelLog, reportKeeper } from '../decode/kmsg/log.ts'
import { SECONDS_OF_DAY, stamp } from '../decode/kmsg/record.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'
import { type Gap, isGap, type Tree } from '../tree/tree.ts'
import { collector } from './collector.ts'

const RING = 'dev/kmsg'
const SAVED = ['dmesg', 'dmesg.txt'] as const
const SYSLOGS = ['messages', 'kern.log', 'syslog'] as const
const JOURNALS = ['var/log/journal', 'run/log/journal'] as const

export interface KmsgOptions {
  /** Only reports of so many seconds back: from now on a live node, from the last stamp of each log otherwise. */
  readonly sinceSeconds?: number
  /** The instant, on a live node. */
  readonly now?: Instant
}

/** The newest rotated file that is not packed: `messages-20200628` of dateext, else `kern.log.1`. */
function newestRotation(name: string, names: readonly string[]): string | undefined {
  const dated = names
    .filter(
      candidate =>
        candidate.startsWith(`${name}-`) && /^\d{8}(?:\d{2})?$/.test(candidate.slice(name.length + 1)),
    )
    .sort()
    .at(-1)
  return dated ?? names.find(candidate => candidate === `${name}.1`)
}

/** Seconds since 1970 at which the node booted. */
function bootTime(tree: Tree, now: Instant | undefined): number | undefined {
  const stat = tree.read('proc/stat')
  if (!isGap(stat)) {
    const found = /^btime (\d+)$/m.exec(new TextDecoder().decode(stat))?.[1]
    if (found !== undefined) return Number(found)
  }
  const uptime = tree.read('proc/uptime')
  if (now === undefined || isGap(uptime)) return undefined
  const seconds = Number.parseFloat(new TextDecoder().decode(uptime))
  return Number.isFinite(seconds) ? now / 1000 - seconds : undefined
}

const sinceBoot = (at: Stamp, boot: number): Stamp =>
  at.clock === 'boot' ? stamp('utc', boot + at.seconds) : at

/** Zones differ from UTC by a multiple of this. */
const ZONE_STEP = 900

/** Syslog stamps a record when it reads it, to the second. */
const LATE = 3

const YEAR = 366 * SECONDS_OF_DAY

/** Whether two stamps, of whatever clocks, can be of one moment. */
function sameMoment(a: Stamp | undefined, b: Stamp | undefined): boolean {
  if (a === undefined || b === undefined) return true
  const difference = Math.abs(a.seconds - b.seconds)
  if (a.clock === b.clock) return difference <= LATE
  const relative = new Set(['boot', 'time-of-day'])
  if (relative.has(a.clock) || relative.has(b.clock)) return true
  // one of them knows no zone, or no year: only the rest below a quarter of an hour is comparable
  const rest = difference % ZONE_STEP
  if (rest > LATE && rest < ZONE_STEP - LATE) return false
  if (a.clock === 'no-year' || b.clock === 'no-year') return true
  return difference < SECONDS_OF_DAY && difference < YEAR
}

/** What two readings of one report have in common, the head lost in one of them or not. */
function fingerprint(report: KernelReport): string {
  if (report.kind === 'oom' && report.victims.length > 0)
    return `oom\0${report.victims.map(({ pid, comm }) => `${pid} ${comm}`).join('\0')}`
  return `${report.kind}\0${report.quotes.map(({ text }) => text.trim()).join('\0')}`
}

interface Kept {
  report: KernelReport
  /** Logs in which it was found. */
  readonly sources: Set<number>
}

/** Folded reports of one sort; of 10,000 sorts in each log a comparison of all with all takes seconds. */
function sortOf({ kind, memcg = '', task = '', scope }: FoldedReports): string {
  return `${kind}\0${memcg}\0${task}\0${scope ?? ''}`
}

/** Whether two logs' folded reports of one sort are of one time. */
function isSameStorm(one: FoldedReports, other: FoldedReports): boolean {
  const { first: from, last: to } = one
  const { first, last } = other
  if (from === undefined || to === undefined || first === undefined || last === undefined) return true
  return from.clock !== first.clock || (from.seconds <= last.seconds && first.seconds <= to.seconds)
}

/** One reading of a report that two logs have: the whole one, else the ring's. */
function better(one: KernelReport, other: KernelReport): KernelReport {
  const lost = (report: KernelReport): boolean => report.kind === 'oom' && report.truncatedHead === true
  if (lost(one) !== lost(other)) return lost(one) ? other : one
  return other.seq !== undefined && one.seq === undefined ? other : one
}

/** Reads the kernel log from every place the tree has one. */
export function collectKmsg(
  tree: Tree,
  options: KmsgOptions = {},
): { readonly log?: KernelLog; readonly gaps: readonly Gap[] } {
  const { sinceSeconds, now } = options
  const live = tree.origin === 'live'
  const gaps: Gap[] = []
  const sources: LogSource[] = []
  const found = new Map<string, Kept[]>()
  const all: Kept[] = []
  const kept = reportKeeper()
  const absent: Gap[] = []
  const folds = new Map<string, readonly FoldedReports[]>()
  const boot = live ? bootTime(tree, now) : undefined
  /** Reports older than was asked for. */
  let leftOut = 0

  const has = (path: string, names: readonly string[]): boolean =>
    names.includes(path.slice(path.lastIndexOf('/') + 1))

  function read(path: string): boolean {
    const chunks = tree.chunks(path)
    if (isGap(chunks)) {
      if (chunks.why === 'absent') absent.push(chunks)
      else gaps.push(chunks)
      return false
    }
    const ring = live && path === RING
    const decoded = readKernelLog(chunks, { path: tree.shown(path), ...(ring ? { live: true } : {}) })
    if (decoded.cutLines !== undefined)
      gaps.push({
        path: tree.shown(path),
        why: 'truncated',
        detail: `${decoded.cutLines.count} lines longer than 64 KiB, the first is line ${decoded.cutLines.first}`,
      })
    const wall = <T extends { readonly at?: Stamp }>(item: T): T =>
      ring && boot !== undefined && item.at !== undefined ? { ...item, at: sinceBoot(item.at, boot) } : item
    const dated = <T extends { readonly from?: Stamp; readonly to?: Stamp }>(span: T): T =>
      ring && boot !== undefined
        ? {
            ...span,
            ...(span.from === undefined ? {} : { from: sinceBoot(span.from, boot) }),
            ...(span.to === undefined ? {} : { to: sinceBoot(span.to, boot) }),
          }
        : span
    const source = dated(decoded.source)
    const end: Stamp | undefined =
      now !== undefined && source.to?.clock === 'utc' ? stamp('utc', now / 1000) : source.to
    const wanted = (at: Stamp | undefined): boolean =>
      sinceSeconds === undefined ||
      at === undefined ||
      end === undefined ||
      at.clock !== end.clock ||
      end.seconds - at.seconds <= sinceSeconds
    const index = sources.push(source) - 1
    for (const original of decoded.reports) {
      const report = wall(original)
      if (!wanted(report.at)) {
        leftOut += 1
        continue
      }
      const key = fingerprint(report)
      const twins = found.get(key)
      const twin = twins?.find(
        ({ report: other, sources: seen }) => !seen.has(index) && sameMoment(other.at, report.at),
      )
      if (twin) {
        twin.report = better(twin.report, report)
        twin.sources.add(index)
        continue
      }
      const entry: Kept = { report, sources: new Set([index]) }
      all.push(entry)
      if (twins) twins.push(entry)
      else found.set(key, [entry])
    }
    for (const original of decoded.folded) {
      const { first, last } = original
      if (!wanted(last)) {
        leftOut += original.count
        continue
      }
      const fold: FoldedReports = {
        ...original,
        ...(ring && boot !== undefined && first !== undefined ? { first: sinceBoot(first, boot) } : {}),
        ...(ring && boot !== undefined && last !== undefined ? { last: sinceBoot(last, boot) } : {}),
      }
      // kern.log and syslog tell of the same storm; what was rotated away is of another time.
      const sort = sortOf(fold)
      const known = folds.get(sort) ?? []
      const told = known.filter(other => isSameStorm(other, fold)).reduce((sum, { count }) => sum + count, 0)
      if (told >= fold.count) continue
      const rest: FoldedReports = { ...fold, count: fold.count - told }
      folds.set(sort, [...known, rest])
      kept.addFolded(rest)
    }
    return true
  }

  const listed = tree.list('var/log')
  if (isGap(listed)) {
    if (listed.why !== 'absent') gaps.push(listed)
  }
  const names = isGap(listed) ? [] : listed
  let written = 0
  for (const name of SYSLOGS) {
    const rotation = newestRotation(name, names)
    if (rotation !== undefined && read(`var/log/${rotation}`)) written += 1
    if (has(name, names) && read(`var/log/${name}`)) written += 1
  }
  for (const path of SAVED) if (!live) read(path)
  const ring = read(RING)
  const given = tree.list('log')
  if (!isGap(given)) for (const name of given) read(`log/${name}`)
  else if (given.why !== 'absent') gaps.push(given)

  if (written === 0) {
    const journal = JOURNALS.find(path => {
      const entries = tree.list(path)
      return !isGap(entries) && entries.length > 0
    })
    if (journal !== undefined)
      gaps.push({
        path: tree.shown(journal),
        why: 'unreadable',
        detail: 'binary: journalctl -k -o short-iso',
      })
    else if (live && ring) gaps.push({ path: tree.shown('var/log/messages'), why: 'absent' })
  }
  if (sources.length === 0 || (live && !ring)) {
    const gap = absent.find(({ path }) => path === tree.shown(RING))
    if (gap) gaps.push(gap)
  }
  if (sources.length === 0) return { gaps }

  for (const [index, { report }] of all.entries()) kept.add(report, index)
  return {
    log: {
      reports: kept.reports(),
      folded: kept.folded(),
      sources,
      ...(now === undefined ? {} : { now: stamp('utc', now / 1000) }),
      ...(leftOut === 0 ? {} : { leftOut }),
    },
    gaps,
  }
}

export default collector({
  id: 'kmsg',
  reads: [
    RING,
    ...SAVED,
    ...SYSLOGS.flatMap(name => [`var/log/${name}`, `var/log/${name}-*`, `var/log/${name}.1`]),
    'log/*',
    'proc/stat',
    'proc/uptime',
  ],
  privilege: 'root',
  collect(tree, { at, sinceSeconds }) {
    return collectKmsg(tree, {
      ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
      ...(tree.origin === 'live' ? { now: at } : {}),
    })
  },
})
