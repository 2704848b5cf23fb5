// The lines of an OOM report → the report: dump_header() and oom_kill_process() of mm/oom_kill.c. One CPU's lines stand
// between another's, heads and tails are lost: the caller id tells whose a line is, else the order in which the kernel
// prints.

import { keep } from '../../base/lines.ts'
import { type MemInfoGatherer, memInfoGatherer } from './mem-info.ts'
import { addStat, type OomLine, type OomMessage, parseOomLine } from './oom.ts'
import { pageSizeOf, totalPages } from './oom-badness.ts'
import {
  baseOf,
  pause,
  quote,
  type ReaderOptions,
  type ReportReader,
  type Span,
  sameTask,
  spanOf,
  streamOf,
  streams,
  widen,
} from './reader.ts'
import type { LogRecord } from './record.ts'
import type { MemcgStats, MemoryCounter, OomEnd, OomReport, OomVictim, Quote } from './report.ts'
import { type TaskTableGatherer, taskTableGatherer } from './task-table.ts'

const HEADS =
  /oom-killer:|oom[-_](?:kill|reap)|ut of memory|deadlocked on memory|VM_FAULT_OOM|oom killer \d|[Kk]ill(?:ed)? process|: usage \d|Memory (?:cgroup|limit)|asks? in |a result of limit/

const TASK_ROW = /^\[ *\d{1,10}\] {1,8}-?\d{1,10} +\d/

/**
 * Longest silence within one report, in seconds. A guess of ours: a slow serial console takes minutes for a report,
 * but not between two lines; two kills of one storm are closer, but each has a head or repeats a line.
 */
const LONGEST_PAUSE = 60

/** Lines of others that may stand inside a report before it is taken for ended. A guess of ours. */
const MOST_STRANGERS = 5000

/** Kept of one report, whatever a hostile log repeats. */
const MOST_STATS = 512
const MOST_VICTIMS = 1024
const MOST_QUOTES = 24
const MOST_SHARING = 64

/** runc calls itself so while it makes a container, before the container's own program is started. */
const STARTS = /^runc:\[\d/

/** Where in a report each line stands: dump_header() and oom_kill_process() of mm/oom_kill.c. */
const RANK: Readonly<Record<OomLine['is'], number>> = {
  head: 0,
  cpu: 1,
  frame: 1,
  'limit-of': 2,
  counter: 3,
  stats: 4,
  stat: 4,
  'mem-info': 5,
  'slab-pages': 5,
  'task-table': 6,
  summary: 7,
  announced: 8,
  killed: 9,
  'no-kill': 9,
  group: 9,
  sharing: 9,
  reaped: 10,
  'fault-retried': 10,
}

/** Within the counters: memory, memory+swap or swap, kmem. */
const COUNTER_ORDER = { memory: 0, memsw: 1, swap: 1, kmem: 2 } as const

interface OpenOom {
  readonly order: number
  readonly record: LogRecord
  readonly span: Span
  last: LogRecord
  strangers: number
  rank: number
  counters: number
  readonly quotes: Quote[]
  head?: OomLine & { readonly is: 'head' }
  kernel?: string
  /** The trace that follows is the invoker's own. */
  trusted: boolean
  traceProves?: 'memcg' | 'sysrq'
  starting: boolean
  limitOf: boolean
  memcg?: string
  taskMemcg?: string
  memory?: MemoryCounter
  memsw?: MemoryCounter
  swap?: MemoryCounter
  kmem?: MemoryCounter
  readonly stats: MemcgStats[]
  statsOpen: boolean
  memInfo: boolean
  memoryTwice: boolean
  nodeMemory?: MemInfoGatherer
  slabPages?: { readonly reclaimable: number; readonly unreclaimable: number }
  table: boolean
  tasks?: TaskTableGatherer
  summary?: OomLine & { readonly is: 'summary' }
  announced?: OomVictim
  readonly victims: OomVictim[]
  message?: OomMessage
  ended: boolean
  end?: OomEnd
  faultsRetried: number
  exiting?: { readonly pid: number; readonly comm: string }
  allocating: boolean
  readonly sharing: { readonly pid: number; readonly comm: string }[]
  group: boolean
  /** Printed by this caller. */
  readonly stream: string
}

export function oomReader(options: ReaderOptions): ReportReader {
  const { live, emit } = options
  const open = streams<OpenOom>(report => closeOom(report, false))
  /** Ended without a kill: their kill line may still come. */
  const waiting: OpenOom[] = []
  /** Victims of the last reports: the oom_reaper speaks later, and as another task. */
  const recent: { readonly report: OpenOom; done: boolean }[] = []

  function openOom(record: LogRecord): OpenOom {
    return {
      order: options.next(),
      record,
      span: spanOf(record),
      last: record,
      strangers: 0,
      rank: -1,
      counters: -1,
      quotes: [],
      trusted: false,
      limitOf: false,
      stats: [],
      statsOpen: false,
      memInfo: false,
      memoryTwice: false,
      table: false,
      victims: [],
      ended: false,
      allocating: false,
      faultsRetried: 0,
      sharing: [],
      group: false,
      starting: false,
      stream: record.caller ?? '',
    }
  }

  /** Whether a line can follow what the report has so far. */
  function follows(report: OpenOom, line: OomLine, record: LogRecord): boolean {
    if (report.strangers > MOST_STRANGERS) return false
    const silence = pause(report.last, record)
    if (silence > LONGEST_PAUSE || silence < -LONGEST_PAUSE) return false
    const rank = RANK[line.is]
    if (rank < report.rank) return false
    switch (line.is) {
      case 'head':
        return false
      case 'limit-of':
        // 'Task in X killed' and ' as a result of limit of Y' may be two records (KERN_CONT)
        return !report.limitOf || (report.memcg === undefined && line.taskMemcg === undefined)
      case 'counter':
        return COUNTER_ORDER[line.of] > report.counters
      case 'summary':
        return report.summary === undefined
      case 'announced':
        return report.announced === undefined && report.victims.length === 0
      case 'killed':
        return report.victims.length === 0 || report.group || report.announced !== undefined
      case 'no-kill':
        // a panic has the last word
        return !report.ended || (line.end.startsWith('panic') && report.end?.startsWith('panic') !== true)
      default:
        return true
    }
  }

  /** Pieces that are a report's beginning when its head is lost. */
  const BEGINS = new Set<OomLine['is']>([
    'limit-of',
    'counter',
    'stats',
    'summary',
    'announced',
    'killed',
    'no-kill',
    'group',
  ])

  function closeOom(report: OpenOom, atEnd: boolean): void {
    const awaitsKill =
      report.victims.length === 0 &&
      !report.ended &&
      (report.announced !== undefined || report.summary?.pid !== undefined)
    if (awaitsKill && !atEnd) {
      waiting.push(report)
      if (waiting.length > 8) {
        const oldest = waiting.shift()
        if (oldest) finishOom(oldest, false)
      }
      return
    }
    finishOom(report, atEnd)
  }

  function finishOom(report: OpenOom, atEnd: boolean): void {
    const entry = recent.find(candidate => candidate.report === report)
    if (entry) return
    recent.push({ report, done: false })
    if (recent.length > 16) flushRecent(recent.length - 16)
    if (atEnd) flushRecent(recent.length)
  }

  function flushRecent(count: number): void {
    for (const entry of recent.splice(0, count)) {
      if (entry.done) continue
      entry.done = true
      emitOom(entry.report)
    }
  }

  let atEndOfLog = false
  let openAtEnd: OpenOom | undefined

  function emitOom(report: OpenOom): void {
    const excerpt = options.excerpt()
    const headless = report.head === undefined
    const counters = [report.memory, report.memsw, report.swap, report.kmem].filter(
      counter => counter !== undefined,
    ).length
    const onlyStats =
      headless &&
      report.stats.length > 0 &&
      counters === 0 &&
      !report.limitOf &&
      report.summary === undefined &&
      !report.table
    const killLines = report.victims.length > 0 || report.announced !== undefined
    const grepped = excerpt || (report.victims.length === 0 && report.announced !== undefined)
    // `grep 'Memory cgroup'` leaves the stats and the first kill line, but not what stands between them
    const strayStats = onlyStats && (!killLines || grepped)
    if (strayStats) emitStats(report)
    if (strayStats && !killLines && !report.ended && !report.group) return
    const first = strayStats
      ? report.quotes.find(candidate => !candidate.text.includes('Memory cgroup stats'))
      : undefined
    const memInfo = headless || report.memoryTwice ? undefined : report.nodeMemory?.info()
    const victims = [...report.victims]
    if (report.announced && victims.length === 0) victims.push(report.announced)
    const scope = scopeOf(report)
    const memcg =
      report.summary?.memcg ??
      report.memcg ??
      (scope === 'memcg' && counters > 0 ? report.stats[0]?.memcg : undefined)
    const taskMemcg = report.summary?.taskMemcg ?? report.taskMemcg
    const kinds = [
      counters > 0,
      report.limitOf,
      report.stats.length > 0 && !strayStats,
      report.summary !== undefined,
      killLines,
      report.table,
    ].filter(Boolean).length
    const span = report.span
    const record =
      strayStats && killRecord.has(report) ? (killRecord.get(report) ?? report.record) : report.record
    const quotes = strayStats
      ? report.quotes.filter(candidate => !candidate.text.includes('Memory cgroup stats'))
      : report.quotes
    const begin =
      first?.line === undefined
        ? span
        : { ...span, line: first.line, ...(first.seq === undefined ? {} : { seq: first.seq }) }
    const truncated =
      atEndOfLog &&
      openAtEnd === report &&
      report.victims.length === 0 &&
      !report.ended &&
      !excerpt &&
      report.head !== undefined
    const all = {
      kind: 'oom',
      ...baseOf(begin, record, quotes, options),
      ...(report.head === undefined
        ? {}
        : {
            ...(report.head.invoker === undefined ? {} : { invoker: report.head.invoker }),
            ...(report.head.gfp === undefined ? {} : { gfp: report.head.gfp }),
            ...(report.head.order === undefined ? {} : { order: report.head.order }),
            ...(report.head.oomScoreAdj === undefined ? {} : { oomScoreAdj: report.head.oomScoreAdj }),
          }),
      ...(scope === undefined ? {} : { scope }),
      ...(report.summary === undefined ? {} : { constraint: report.summary.constraint }),
      ...(memcg === undefined ? {} : { memcg }),
      ...(taskMemcg === undefined ? {} : { taskMemcg }),
      ...(report.memory === undefined ? {} : { memory: report.memory }),
      ...(report.memsw === undefined ? {} : { memsw: report.memsw }),
      ...(report.swap === undefined ? {} : { swap: report.swap }),
      ...(report.kmem === undefined ? {} : { kmem: report.kmem }),
      stats: strayStats ? [] : report.stats,
      victims,
      ...(report.kernel === undefined ? {} : { kernel: report.kernel }),
      ...(report.slabPages === undefined
        ? {}
        : {
            slabReclaimablePages: report.slabPages.reclaimable,
            slabUnreclaimablePages: report.slabPages.unreclaimable,
          }),
      ...(memInfo === undefined ? {} : { memInfo }),
      ...(report.allocating ? { allocatingTask: true as const } : {}),
      ...(report.sharing.length === 0 ? {} : { sharing: report.sharing }),
      ...(report.end === undefined ? {} : { end: report.end }),
      ...(report.faultsRetried === 0 ? {} : { faultsRetried: report.faultsRetried }),
      ...(report.exiting === undefined ? {} : { exiting: report.exiting }),
      ...(report.group ? { groupKill: true as const } : {}),
      ...(report.starting || STARTS.test(report.head?.invoker ?? '') ? { starting: true as const } : {}),
      ...(headless ? { truncatedHead: true as const } : {}),
      ...(truncated ? { truncated: true as const } : {}),
      ...((headless && kinds <= 1) || excerpt ? { fragment: true as const } : {}),
    } satisfies OomReport
    const tasks = report.tasks === undefined ? undefined : tasksOf(report.tasks, all)
    emit({ ...all, ...(tasks === undefined ? {} : { tasks }) }, report.order)
  }

  function tasksOf(table: TaskTableGatherer, report: OomReport): OomReport['tasks'] {
    const { victims, exiting, sharing = [] } = report
    const named = [...victims, ...sharing].flatMap(({ pid }) => pid)
    const pageSize = pageSizeOf(report)
    const sizes = {
      totalVm: new Map(victims.flatMap(({ pid, totalVm }) => (totalVm ? [[pid, totalVm]] : []))),
    }
    const total = totalPages(report, pageSize ?? 4096)?.least
    return table.table({
      named: new Set([
        ...named,
        ...victims.flatMap(({ announcedPid }) => announcedPid ?? []),
        ...(exiting === undefined ? [] : [exiting.pid]),
      ]),
      ...(pageSize === undefined ? {} : { pageSize }),
      ...sizes,
      ...(total === undefined ? {} : { total }),
    })
  }

  /** The record of the first line of a report that is no stats line. */
  const killRecord = new WeakMap<OpenOom, LogRecord>()

  function emitStats(report: OpenOom): void {
    const [first, ...more] = report.stats
    if (!first) return
    const quotes = report.quotes.filter(candidate => candidate.text.includes('Memory cgroup stats'))
    const lines = report.stats.flatMap(stats => (stats.line === undefined ? [] : [stats.line]))
    const span = { ...report.span, lastLine: Math.max(report.span.line, ...lines.slice(-1)) }
    emit(
      { kind: 'memcg-stats', ...baseOf(span, report.record, quotes, options), stats: [first, ...more] },
      report.order - 0.5,
    )
  }

  function scopeOf(report: OpenOom): OomReport['scope'] {
    if (report.traceProves === 'sysrq' || report.head?.order === -1) return 'sysrq'
    const constraint = report.summary?.constraint
    if (constraint === 'CONSTRAINT_CPUSET') return 'cpuset'
    if (
      constraint === 'CONSTRAINT_MEMCG' ||
      report.summary?.memcg !== undefined ||
      report.message === 'memcg' ||
      report.group ||
      report.limitOf
    )
      return 'memcg'
    // panic_on_oom = 1, and nobody left to kill, stop the kernel for the whole node only
    if (report.end === 'panic-system-wide' || report.end === 'panic-deadlocked') return 'global'
    if (report.summary?.global || constraint === 'CONSTRAINT_NONE' || report.message === 'global')
      return 'global'
    // counters alone are printed by no one else, but a single one of them proves less than a whole report
    const counters = [report.memory, report.memsw, report.swap, report.kmem].filter(
      counter => counter !== undefined,
    ).length
    if (report.traceProves === 'memcg') return 'memcg'
    if (counters > 0 || (report.head !== undefined && report.stats.length > 0)) return 'memcg'
    // show_mem() is only printed when no memory cgroup's limit was the cause
    if (report.memInfo && report.head !== undefined && (report.trusted || report.stream !== ''))
      return 'global'
    if (constraint === 'CONSTRAINT_MEMORY_POLICY') return 'global'
    return undefined
  }

  function addOom(report: OpenOom, line: OomLine, record: LogRecord): void {
    widen(report.span, record)
    report.last = record
    report.strangers = 0
    report.rank = Math.max(report.rank, RANK[line.is])
    if (line.is !== 'stat') report.statsOpen = false
    if (line.is !== 'stats' && !killRecord.has(report) && BEGINS.has(line.is)) killRecord.set(report, record)
    const quotable =
      line.is === 'head' ||
      line.is === 'limit-of' ||
      line.is === 'counter' ||
      line.is === 'summary' ||
      line.is === 'announced' ||
      line.is === 'killed' ||
      line.is === 'no-kill' ||
      line.is === 'group' ||
      (line.is === 'reaped' && report.quotes.length === 0) ||
      (line.is === 'stats' && report.stats.length < 3) ||
      line.is === 'slab-pages'
    if (quotable && report.quotes.length < MOST_QUOTES) report.quotes.push(quote(record, live))
    switch (line.is) {
      case 'head':
        report.head = line
        report.trusted = report.stream !== ''
        break
      case 'cpu':
        // the trace of another task between two lines of this one's report proves nothing
        if (report.head !== undefined && sameTask(line.comm, report.head.invoker ?? line.comm)) {
          report.trusted = true
          if (line.release !== undefined) report.kernel ??= line.release
        } else report.trusted = false
        break
      case 'frame':
        if (!report.trusted) break
        if (line.proves === 'starting') report.starting = true
        else report.traceProves ??= line.proves
        break
      case 'limit-of':
        report.limitOf = true
        if (line.memcg !== undefined) report.memcg ??= line.memcg
        if (line.taskMemcg !== undefined) report.taskMemcg ??= line.taskMemcg
        break
      case 'counter':
        report.counters = COUNTER_ORDER[line.of]
        report[line.of] = line.counter
        break
      case 'stats':
        report.statsOpen = true
        if (report.stats.length < MOST_STATS)
          report.stats.push({
            memcg: line.memcg,
            ...(live ? {} : { line: record.line }),
            values: line.values,
          })
        break
      case 'stat': {
        const last = report.stats.at(-1)
        if (last && Object.keys(last.values).length < 200)
          report.stats[report.stats.length - 1] = addStat(last, line.key, line.value)
        break
      }
      case 'mem-info':
        report.memInfo = true
        // of two blocks nothing tells whose they are
        report.memoryTwice = report.nodeMemory !== undefined
        report.nodeMemory = memInfoGatherer()
        break
      case 'slab-pages':
        report.memInfo = true
        if (report.head !== undefined)
          report.slabPages ??= { reclaimable: line.reclaimable, unreclaimable: line.unreclaimable }
        break
      case 'task-table':
        report.table = true
        report.tasks ??= taskTableGatherer()
        report.tasks.take(record.text, live ? undefined : record.line)
        break
      case 'summary':
        report.summary = line
        break
      case 'announced':
        report.announced = line.victim
        if (line.allocating) report.allocating = true
        if (line.message) report.message ??= line.message
        break
      case 'killed': {
        const announced = report.announced
        if (line.allocating) report.allocating = true
        if (line.message) report.message ??= line.message
        // memory.oom.group kills the first victim once more, with the rest of its group
        const again = report.victims.some(victim => victim.pid === line.victim.pid)
        if (!again && report.victims.length < MOST_VICTIMS)
          report.victims.push({
            ...line.victim,
            ...(announced === undefined
              ? {}
              : {
                  ...(announced.pid === line.victim.pid ? {} : { announcedPid: announced.pid }),
                  ...(announced.score === undefined ? {} : { score: announced.score }),
                }),
          })
        delete report.announced
        break
      }
      case 'no-kill':
        report.ended = true
        report.end = line.end
        if (line.exiting) report.exiting = line.exiting
        if (line.message) report.message ??= line.message
        break
      case 'group':
        report.group = true
        report.memcg ??= line.memcg
        break
      case 'reaped': {
        const index = report.victims.findIndex(victim => victim.pid === line.pid)
        const victim = report.victims[index]
        if (victim) report.victims[index] = { ...victim, ...line.result }
        else if (report.announced?.pid === line.pid)
          report.announced = { ...report.announced, ...line.result }
        else if (report.victims.length < MOST_VICTIMS)
          report.victims.push({ pid: line.pid, comm: line.comm, ...line.result })
        break
      }
      case 'fault-retried':
        report.faultsRetried += 1
        break
      case 'sharing':
        if (report.sharing.length < MOST_SHARING) report.sharing.push({ pid: line.pid, comm: line.comm })
        break
    }
  }

  function takeOom(key: string, line: OomLine, record: LogRecord): void {
    if (line.is === 'reaped') {
      takeReaped(key, line, record)
      return
    }
    if (line.is === 'fault-retried') {
      takeFault(line, record)
      return
    }
    if (line.is === 'killed' || line.is === 'announced') {
      // a kill whose victim another report has named is that report's
      const pid = line.victim.pid
      const current = open.get(key)
      if (!(current && names(current, pid))) {
        const index = waiting.findIndex(report => names(report, pid))
        const report = waiting[index]
        if (report) {
          addOom(report, line, record)
          if (line.is === 'killed') {
            waiting.splice(index, 1)
            finishOom(report, false)
          }
          return
        }
      }
    }
    const current = open.get(key)
    if (current && follows(current, line, record)) {
      addOom(current, line, record)
      return
    }
    if (line.is !== 'head' && !BEGINS.has(line.is)) return
    if (current) closeOom(current, false)
    const next = openOom(record)
    open.set(key, next)
    addOom(next, line, record)
  }

  /** Any task's page fault, soon after a kill; without a kill the line says nothing of whose memory it was. */
  function takeFault(line: OomLine & { readonly is: 'fault-retried' }, record: LogRecord): void {
    const newest = [
      ...open.values(),
      ...waiting,
      ...recent.filter(({ done }) => !done).map(({ report }) => report),
    ]
      .filter(report => report.victims.length > 0 && Math.abs(pause(report.last, record)) <= LONGEST_PAUSE)
      .sort((a, b) => b.order - a.order)[0]
    if (newest) addOom(newest, line, record)
  }

  const names = (report: OpenOom, pid: number): boolean =>
    report.announced?.pid === pid || (report.summary?.pid === pid && report.victims.length === 0)

  /** The reaper is another task and comes later: its line belongs to the report that killed its victim. */
  function takeReaped(key: string, line: OomLine & { readonly is: 'reaped' }, record: LogRecord): void {
    const reading = [...open.values()]
    const candidates = [
      ...reading,
      ...waiting,
      ...recent.filter(entry => !entry.done).map(entry => entry.report),
    ]
    const named = candidates
      .filter(report => report.victims.some(victim => victim.pid === line.pid) || names(report, line.pid))
      .sort((a, b) => b.order - a.order)[0]
    const unknownVictim = reading
      .filter(
        report =>
          report.victims.length === 0 &&
          !report.ended &&
          report.summary?.pid === undefined &&
          report.announced === undefined,
      )
      .filter(report => report.rank >= RANK['limit-of'] && follows(report, line, record))
      .sort((a, b) => b.order - a.order)[0]
    const report = named ?? unknownVictim
    if (report) {
      addOom(report, line, record)
      return
    }
    const next = openOom(record)
    addOom(next, line, record)
    if (open.get(key) === undefined) open.set(key, next)
    else finishOom(next, false)
  }

  function stranger(key: string, report: OpenOom): void {
    report.strangers += 1
    if (report.strangers <= MOST_STRANGERS) return
    open.delete(key)
    closeOom(report, false)
  }

  /** Whether a line without a head can belong to a report: none does from the summary on, and noise follows many a kill. */
  function mayGoOn(): boolean {
    if (open.size > 16) return true
    for (const report of open.values()) if (report.rank < RANK.summary) return true
    return false
  }

  return {
    heads: HEADS,
    open: mayGoOn,
    push(record, head) {
      const raw = record.text
      const key = streamOf(record)
      const reading = open.get(key)
      if (reading && raw.charCodeAt(0) === 91 && TASK_ROW.test(raw)) {
        // of these there can be 100,000 in a report
        if (reading.rank <= RANK['task-table']) {
          reading.table = true
          reading.tasks ??= taskTableGatherer()
          reading.tasks.take(raw, live ? undefined : record.line)
          reading.rank = RANK['task-table']
          reading.last = record
          reading.strangers = 0
          widen(reading.span, record)
          return 'line'
        }
      }
      // its summary has the slab pages, which are read below
      if (reading && !head && reading.rank <= RANK['slab-pages'] && reading.nodeMemory?.take(raw)) {
        if (!raw.includes('slab_unreclaimable:')) {
          reading.last = record
          reading.strangers = 0
          widen(reading.span, record)
          return 'line'
        }
      }
      // what a console broke off a row, whatever the process is called
      if (
        reading &&
        reading.rank === RANK['task-table'] &&
        reading.tasks?.take(raw, live ? undefined : record.line)
      ) {
        reading.last = record
        reading.strangers = 0
        widen(reading.span, record)
        return 'line'
      }
      if (!head && !reading) return undefined
      const text = head ? keep(raw) : raw
      const line = parseOomLine(text, reading !== undefined)
      if (line === undefined || (line.is === 'stat' && !reading?.statsOpen)) {
        if (reading) stranger(key, reading)
        return undefined
      }
      if (!head && RANK[line.is] <= RANK['task-table'] && reading && !follows(reading, line, record)) {
        stranger(key, reading)
        return undefined
      }
      takeOom(key, line, head ? record : { ...record, text: keep(raw) })
      return line.is === 'head' ? 'head' : 'line'
    },
    interrupted(record) {
      const reading = record.caller === undefined ? open.get(streamOf(record)) : undefined
      if (reading) reading.trusted = false
    },
    cut() {
      for (const report of open.values()) closeOom(report, false)
      open.clear()
      for (const report of waiting.splice(0)) finishOom(report, false)
      flushRecent(recent.length)
    },
    end() {
      atEndOfLog = true
      openAtEnd = [...open.values()].sort((a, b) => b.last.line - a.last.line || b.order - a.order)[0]
      for (const report of open.values()) closeOom(report, true)
      open.clear()
      for (const report of waiting.splice(0)) finishOom(report, true)
      flushRecent(recent.length)
    },
  }
}
