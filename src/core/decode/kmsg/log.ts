// A whole kernel log → its reports, and what can be said about the log itself: how far it reaches, what is missing,
// which kernel wrote it. Memory is bounded whatever the log holds.

import { keep, readLines } from '../../base/lines.ts'
import type { Stamp } from '../../base/time.ts'
import { objectFinder } from './json-log.ts'
import { ownerOf } from './kmemleak.ts'
import { parseCpuLine } from './oom.ts'
import { type LogRecord, selectsLines, stampOf, undresser } from './record.ts'
import type { KernelReport, KmemleakReport, OomReport, RecordsLost } from './report.ts'
import { skimmed } from './skim.ts'
import { splitter } from './split.ts'
import { rejoin } from './wrap.ts'

/** One place the log was read from. */
export interface LogSource {
  /** As a person would open it. */
  readonly path: string
  /** Lines or records read. */
  readonly records: number
  /** Of these, how many are (or may be) the kernel's. */
  readonly kernelRecords: number
  /** First and last stamp of the kernel's records. */
  readonly from?: Stamp
  readonly to?: Stamp
  /** Line where a clock that counts from boot began anew, the last of them: what stands before is of an earlier boot. */
  readonly rebootedAt?: number
  /** Places where sequence numbers of /dev/kmsg are missing. */
  readonly sequenceGaps: readonly { readonly after: number; readonly missing: number }[]
  /** Records were overwritten before they could be read, in mid-reading. */
  readonly overrun?: true
  /** What the log itself says it has not: the kernel's lines, or those of whoever wrote to the same log. */
  readonly lost?: {
    /** Places that say so. */
    readonly places: number
    /** Lines, at least: not every place says how many. */
    readonly count: number
    /** Of the places, those where the kernel's own lines may be missing. */
    readonly ofKernel: number
    /** Line of the first. */
    readonly line?: number
  }
  /** Only selected lines (a grep): what is missing here may have been printed. */
  readonly excerpt?: true
  /** `Linux version …` or the release of a `CPU: … Comm: …` line, the last one. */
  readonly release?: { readonly text: string; readonly line?: number }
  readonly hostname?: string
}

/** Reports beyond those kept whole, by kind, cgroup and task. */
export interface FoldedReports {
  readonly kind: KernelReport['kind']
  readonly memcg?: string
  readonly task?: string
  /** Of an OOM: by whose shortage. */
  readonly scope?: NonNullable<OomReport['scope']>
  readonly count: number
  readonly first?: Stamp
  readonly last?: Stamp
}

export interface DecodedKernelLog {
  /** In the order of their first lines. */
  readonly reports: readonly KernelReport[]
  readonly folded: readonly FoldedReports[]
  readonly source: LogSource
  /** Lines longer than 64 KiB, of which only the beginning was read: how many, and the first. */
  readonly cutLines?: { readonly count: number; readonly first: number }
}

/** Reports kept whole; the older ones beyond are counted by cgroup and task. */
export const MOST_REPORTS = 1000

/** Different cgroups and tasks told apart among the folded; beyond, only the kind is. */
const MOST_FOLDS = 10_000

const MOST_SEQUENCE_GAPS = 100

/** No terminal that lines were broken at is narrower. */
const NARROWEST = 60

const LINUX_VERSION = /^\s*Linux version (\d\S{1,128}) \(/

/** Words without which no line names the kernel that wrote it. */
const NAMES_RELEASE = /Comm: |comm: |Linux version /

/**
 * Whether a clock that counts from boot began anew between two stamps. Lines of several CPUs, and pieces that somebody
 * put together, are out of order by less. Ours.
 */
export function clockBeganAnew(before: number, after: number): boolean {
  return before - after > 60 && after < before / 2
}

/** The cgroup and the task a report is counted under. */
export function foldKey(report: KernelReport): { readonly memcg?: string; readonly task?: string } {
  const memcg =
    report.kind === 'oom'
      ? (report.memcg ?? report.taskMemcg)
      : report.kind === 'slub-alloc-failure' || report.kind === 'slab-alloc-failure'
        ? report.memcgName
        : report.kind === 'memcg-no-space'
          ? report.directory
          : report.kind === 'memcg-stats'
            ? report.stats[0].memcg
            : report.kind === 'pids-limit'
              ? report.cgroup
              : undefined
  const task =
    report.kind === 'oom'
      ? (report.victims[0]?.comm ?? report.invoker)
      : report.kind === 'slub-alloc-failure' || report.kind === 'slab-alloc-failure'
        ? report.cache
        : report.kind === 'page-alloc-failure'
          ? report.comm
          : report.kind === 'callbacks-suppressed'
            ? report.source
            : report.kind === 'kmemleak'
              ? kmemleakTask(report)
              : report.kind === 'slub-corruption'
                ? report.cache
                : subjectOf(report)
  return { ...(memcg === undefined ? {} : { memcg }), ...(task === undefined ? {} : { task }) }
}

/** What a report of one line is about, beside a cgroup or a task. */
function subjectOf(report: KernelReport): string | undefined {
  switch (report.kind) {
    case 'netdevice-wait':
      return report.device
    case 'memory-stall':
      return report.function
    case 'slab-create-failure':
      return report.cache
    case 'tcp-memory':
      return report.what
    case 'sanitizer':
      return report.tool
    case 'records-lost':
      return report.by
    default:
      return undefined
  }
}

/** A storm of kmemleak's records must not hide what it said of itself: each is counted apart. */
function kmemleakTask(report: KmemleakReport): string | undefined {
  return report.says === 'suspect'
    ? ownerOf(report.object.frames).function
    : report.says === 'state'
      ? report.state
      : report.says
}

/** What was kept whole of many reports, and what was counted. */
export interface ReportKeeper {
  /** `order` tells which report began first. */
  add(report: KernelReport, order: number): void
  /** Adds what another keeper has folded. */
  addFolded(fold: FoldedReports): void
  reports(): readonly KernelReport[]
  folded(): readonly FoldedReports[]
}

interface KeptReport {
  readonly report: KernelReport
  readonly order: number
  /** The cgroup, and by whose shortage. */
  readonly whose: string
}

/** Of one kind, in the order in which they came. */
interface KeptReports {
  readonly all: Set<KeptReport>
  /** Those of which there is a newer one of the same cgroup. */
  readonly older: Set<KeptReport>
  readonly newest: Map<string, KeptReport>
}

/**
 * Keeps the newest reports of each kind; of the kind there is most of, the oldest are folded, but never a cgroup's
 * last: a storm in one pod must not hide that another died before it.
 */
export function reportKeeper(): ReportKeeper {
  const kept = new Map<KernelReport['kind'], KeptReports>()
  const folds = new Map<string, { -readonly [K in keyof FoldedReports]: FoldedReports[K] }>()
  let count = 0

  function fold(addition: FoldedReports): void {
    let key = `${addition.kind}\0${addition.memcg ?? ''}\0${addition.task ?? ''}\0${addition.scope ?? ''}`
    let entry: FoldedReports = addition
    if (!folds.has(key) && folds.size >= MOST_FOLDS) {
      key = addition.kind
      const { memcg: _memcg, task: _task, scope: _scope, ...rest } = addition
      entry = rest
    }
    const known = folds.get(key)
    if (!known) {
      folds.set(key, { ...entry })
      return
    }
    known.count += entry.count
    if (entry.first !== undefined) known.first ??= entry.first
    if (entry.last !== undefined) known.last = entry.last
  }

  function foldOf(report: KernelReport): FoldedReports {
    const { memcg, task } = foldKey(report)
    return {
      kind: report.kind,
      ...(memcg === undefined ? {} : { memcg: keep(memcg) }),
      ...(task === undefined ? {} : { task: keep(task) }),
      ...(report.kind === 'oom' && report.scope !== undefined ? { scope: report.scope } : {}),
      // 'N callbacks suppressed' folded still has to tell how many
      count:
        report.kind === 'callbacks-suppressed'
          ? report.count
          : report.kind === 'records-lost'
            ? (report.count ?? 1)
            : 1,
      ...(report.at === undefined ? {} : { first: report.at, last: report.at }),
    }
  }

  return {
    add(report: KernelReport, order: number): void {
      let list = kept.get(report.kind)
      if (!list) {
        list = { all: new Set(), older: new Set(), newest: new Map() }
        kept.set(report.kind, list)
      }
      const { memcg = '', task } = foldKey(report)
      const whose =
        report.kind === 'oom'
          ? (report.scope ?? '')
          : report.kind === 'kmemleak' || report.kind === 'slub-corruption'
            ? (task ?? '')
            : ''
      const entry = { report, order, whose: `${memcg}\0${whose}` }
      const before = list.newest.get(entry.whose)
      if (before) list.older.add(before)
      list.newest.set(entry.whose, entry)
      list.all.add(entry)
      count += 1
      if (count <= MOST_REPORTS) return
      let largest = list
      for (const candidate of kept.values()) if (candidate.all.size > largest.all.size) largest = candidate
      const [spare] = largest.older.size > 0 ? largest.older : largest.all
      if (!spare) return
      fold(foldOf(spare.report))
      largest.older.delete(spare)
      largest.all.delete(spare)
      if (largest.newest.get(spare.whose) === spare) largest.newest.delete(spare.whose)
      count -= 1
    },
    addFolded: fold,
    reports(): readonly KernelReport[] {
      return [...kept.values()]
        .flatMap(list => [...list.all])
        .sort((a, b) => a.order - b.order)
        .map(entry => entry.report)
    },
    folded(): readonly FoldedReports[] {
      return [...folds.values()]
    },
  }
}

export interface KernelLogOptions {
  /** As a person would open it. */
  readonly path: string
  /** The ring of a running kernel: records have sequence numbers, not lines. */
  readonly live?: boolean
  /** Is given every report as it ends, in the place of those kept and folded: then `reports` and `folded` are empty. */
  readonly each?: (report: KernelReport) => void
  /** Reports for which it is false are neither given nor kept nor counted. */
  readonly wanted?: (report: KernelReport) => boolean
}

/** Reads a log in any dress. Never throws; a log that is none has no reports. */
export function readKernelLog(chunks: Iterable<Uint8Array>, options: KernelLogOptions): DecodedKernelLog {
  const live = options.live === true
  const kept = reportKeeper()
  const dress = undresser()
  const objects = objectFinder()
  let records = 0
  let kernelRecords = 0
  let first: LogRecord | undefined
  let last: LogRecord | undefined
  let excerpt = false
  let selected = 0
  let rebootedAt: number | undefined
  let release: { text: string; line?: number } | undefined
  let hostname: string | undefined
  let lastSeq: number | undefined
  const sequenceGaps: { after: number; missing: number }[] = []
  let cut: { count: number; first: number } | undefined
  let lost: NonNullable<LogSource['lost']> | undefined
  const split = splitter({
    path: options.path,
    live,
    excerpt: () => excerpt,
    release: () => release?.text,
    emit(report, order) {
      if (report.kind === 'records-lost') noteLost(report)
      if (options.wanted?.(report) === false) return
      if (options.each) options.each(report)
      else kept.add(report, order)
    },
  })

  function noteLost(report: RecordsLost): void {
    const { places = 0, count = 0, ofKernel = 0, line = report.lines?.[0] } = lost ?? {}
    lost = {
      places: places + 1,
      count: count + (report.count ?? 0),
      ofKernel: ofKernel + (report.whose === 'kernel' ? 1 : 0),
      ...(line === undefined ? {} : { line }),
    }
  }

  /** Waits for the next line, which may be the rest of it. */
  let pending: LogRecord | undefined

  function flush(): void {
    if (!pending) return
    const record = pending
    pending = undefined
    noteRelease(record)
    split.push(record)
  }

  function noteRelease(record: LogRecord): void {
    const { text } = record
    if (record.process !== undefined || !NAMES_RELEASE.test(text)) return
    const found = LINUX_VERSION.exec(text)?.[1] ?? parseCpuLine(text)?.release
    if (found === undefined) return
    release = { text: keep(found), ...(live ? {} : { line: record.line }) }
  }

  /** Of a log that a terminal has broken, no line is wider. */
  let widest = 0

  function assemble(record: LogRecord): void {
    if (record.width > widest) widest = record.width
    if (record.prompt) {
      flush()
      split.cut()
      if (selectsLines(record.text)) excerpt = true
      return
    }
    if (record.dressed && !record.continuation) {
      // two dressed lines are never parts of one
      flush()
      pending = record
      return
    }
    if (pending && !record.continuation) {
      const joined = rejoin(
        pending.text,
        record.text,
        pending.dressed && pending.width >= widest && pending.width >= NARROWEST,
      )
      if (joined !== undefined) {
        pending = { ...pending, text: joined, width: record.width, lastLine: record.line }
        return
      }
    }
    const { lastLine: _, ...before } = pending ?? { dressed: false }
    flush()
    if (record.text.trim() === '') return
    // a line without a stamp after one that has: printed in the same breath, by the same
    pending =
      !record.dressed && 'line' in before && before.dressed
        ? {
            ...before,
            line: record.line,
            text: record.text,
            ...(before.seq === undefined ? {} : { seq: before.seq }),
          }
        : record
  }

  function take(record: LogRecord): void {
    if (record.selected) {
      // one such line may be chance
      selected += 1
      if (selected > 1) excerpt = true
    }
    if (!record.continuation) records += 1
    if (record.seq !== undefined && !record.continuation) {
      if (lastSeq !== undefined && record.seq > lastSeq + 1 && sequenceGaps.length < MOST_SEQUENCE_GAPS)
        sequenceGaps.push({ after: lastSeq, missing: record.seq - lastSeq - 1 })
      lastSeq = record.seq
    }
    if (record.process === undefined && !record.prompt && record.text !== '') {
      if (!record.continuation) kernelRecords += 1
      if (record.clock !== undefined && (record.facility === undefined || record.facility === 0)) {
        first ??= record
        if (record.clock === 'boot' && last?.clock === 'boot') {
          if (clockBeganAnew(last.seconds ?? 0, record.seconds ?? 0)) {
            rebootedAt = record.line
            // what an earlier boot began to say does not go on
            flush()
            split.cut()
          }
        }
        last = record
      }
      if (record.host !== undefined && hostname === undefined) hostname = keep(record.host)
    }
    assemble(record)
  }

  /** Whether the file is one JSON document: told by its first character that is no blank. */
  let json: boolean | undefined
  let ndjson = false
  let leftOut = 0
  // lines that mean nothing are left out before they are read: what is told of single lines above has to be told there
  const worthReading = skimmed(chunks, [...split.heads, NAMES_RELEASE], {
    ready: () => json === false && first !== undefined && split.idle(),
    settled() {
      flush()
      return split.idle()
    },
    widest: () => widest,
    last: () => last,
    lastSeq: () => lastSeq,
    hostname: () => hostname,
    leftOut(run) {
      leftOut += run.lines
      records += run.records
      kernelRecords += run.kernel
      last = run.last ?? last
      lastSeq = run.seq ?? lastSeq
    },
  })
  for (const line of readLines(worthReading, { whole: true, leftOut: () => leftOut })) {
    if (line.cut && !line.rest) cut = { count: (cut?.count ?? 0) + 1, first: cut?.first ?? line.number }
    if (json === undefined) {
      const begin = line.text.trimStart()
      if (begin === '') continue
      const code = begin.charCodeAt(0)
      json = code === 123 || (code === 91 && /^\[\s*(?:$|\{)/.test(begin))
      // one object a line has a wrapper's dress, which may hold lines of other dresses
      ndjson =
        json && code === 123 && !line.cut && begin.trimEnd().endsWith('}') && !begin.startsWith('{"dmesg"')
    }
    if (json && !ndjson) {
      cut = undefined
      for (const found of objects.push(line))
        for (const record of dress.fromJson(found.value, found.line)) take(record)
      continue
    }
    // what follows the first 64 KiB of a line is not read
    if (line.rest) continue
    for (const record of dress.undress(line)) take(record)
  }
  flush()
  split.end()

  const from = first === undefined ? undefined : stampOf(first)
  const to = last === undefined ? undefined : stampOf(last)
  const missing = lost as LogSource['lost']
  const unread = cut as { count: number; first: number } | undefined
  return {
    reports: kept.reports(),
    folded: kept.folded(),
    source: {
      path: options.path,
      records,
      kernelRecords,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(rebootedAt === undefined || live ? {} : { rebootedAt }),
      sequenceGaps,
      ...(live && sequenceGaps.length > 0 ? { overrun: true as const } : {}),
      ...(missing === undefined ? {} : { lost: missing }),
      ...(excerpt ? { excerpt: true as const } : {}),
      ...(release === undefined ? {} : { release }),
      ...(hostname === undefined ? {} : { hostname }),
    },
    ...(unread === undefined ? {} : { cutLines: unread }),
  }
}
