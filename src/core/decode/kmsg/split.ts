// Records of a kernel log → reports. One CPU's lines stand between another's, heads and tails are lost, strangers
// talk in between, lines are broken: the caller id tells whose a line is, else the order in which the kernel prints.

import { keep } from '../../base/lines.ts'
import { addStat, type OomLine, type OomMessage, parseCpuLine, parseOomLine } from './oom.ts'
import { parsePageAllocationLine } from './page-allocation.ts'
import { type LogRecord, SECONDS_OF_DAY, stampOf } from './record.ts'
import type {
  KernelReport,
  MemcgStats,
  MemoryCounter,
  OomReport,
  OomVictim,
  Quote,
  SlabAllocationFailure,
  SlabNode,
} from './report.ts'
import { parseMemcgNoSpace } from './runtime-error.ts'
import { fits, parseSlabLine, type SlabCacheLine, type SlabHead, type SlabLine } from './slab-allocation.ts'
import { parseSuppressedLine } from './suppressed.ts'

/** Words without which no line begins or belongs to a report, when none is being read. */
const WORTH_A_LOOK =
  /oom-killer:|oom[-_](?:kill|reap)|ut of memory|[Kk]ill(?:ed)? process|: usage \d|Memory (?:cgroup|limit)|asks? in |a result of limit|SL[AU]B: |cache: |slabs: |page allocation failure|callbacks suppressed|o space left|r resource busy|没有空间|無多餘空間|资源忙|資源忙/

const TASK_ROW = /^\[ *\d{1,10}\] {1,8}\d{1,10} +\d/

/**
 * Longest silence within one report, in seconds. A guess of ours: a slow serial console takes minutes for a report,
 * but not between two lines; two kills of one storm are closer, but each has a head or repeats a line.
 */
const LONGEST_PAUSE = 60

/** Lines of others that may stand inside a report before it is taken for ended. A guess of ours. */
const MOST_STRANGERS = 5000

/** Lines of others that may stand between a SLUB failure's three lines. A guess of ours. */
const MOST_STRANGERS_IN_SLAB = 64

/** Kept of one report, whatever a hostile log repeats. */
const MOST_STATS = 512
const MOST_VICTIMS = 1024
const MOST_QUOTES = 24

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
}

/** Within the counters: memory, memory+swap or swap, kmem. */
const COUNTER_ORDER = { memory: 0, memsw: 1, swap: 1, kmem: 2 } as const

interface Span {
  line: number
  lastLine: number
  seq?: number
  lastSeq?: number
}

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
  slabPages?: { readonly reclaimable: number; readonly unreclaimable: number }
  table: boolean
  summary?: OomLine & { readonly is: 'summary' }
  announced?: OomVictim
  readonly victims: OomVictim[]
  message?: OomMessage
  ended: boolean
  group: boolean
  /** Printed by this caller. */
  readonly stream: string
}

interface OpenSlab {
  readonly order: number
  readonly record: LogRecord
  readonly head: SlabHead
  cache?: SlabCacheLine
  readonly nodes: SlabNode[]
  readonly span: Span
  readonly quotes: Quote[]
}

/** The SLUB lines of one caller, or, where callers are not told, of all. */
interface SlabRun {
  readonly open: OpenSlab[]
  /** Node lines that more than one open failure could claim. */
  readonly unclaimed: { readonly node: SlabNode; readonly record: LogRecord }[]
  /** Two were open at once: which lines belong together is not certain. */
  overlapped: boolean
  strangers: number
}

interface Stream {
  oom?: OpenOom
  slab?: SlabRun
  pageAllocation?: {
    readonly report: KernelReport & { readonly kind: 'page-alloc-failure' }
    readonly order: number
    lines: number
  }
  used: number
}

/** Callers whose reports are open at once. More CPUs than that printing at once is no kernel. */
const MOST_STREAMS = 512

export interface Splitter {
  /** A record, its broken lines joined. Records that are not the kernel's say nothing but a runtime's error. */
  push(record: LogRecord): void
  /** Nothing printed before this point goes on after it: a prompt, another file. */
  cut(): void
  /** The log is at its end. */
  end(): void
}

/** The order of a report in the log: reports are given when they end, not as they begin. */
export type Emit = (report: KernelReport, order: number) => void

export function splitter(options: {
  readonly path: string
  readonly live: boolean
  readonly excerpt: () => boolean
  /** The kernel that wrote the log up to here, where a line has named it. */
  readonly release: () => string | undefined
  readonly emit: Emit
}): Splitter {
  const { path, live, emit } = options
  const streams = new Map<string, Stream>()
  /** Ended without a kill: their kill line may still come. */
  const waiting: OpenOom[] = []
  /** Victims of the last reports: the oom_reaper speaks later, and as another task. */
  const recent: { readonly report: OpenOom; done: boolean }[] = []
  let order = 0
  let clock = 0

  const quote = (record: LogRecord): Quote => ({
    ...(live ? {} : { line: record.line }),
    ...(record.seq === undefined ? {} : { seq: record.seq }),
    text: keep(record.text.trimEnd().slice(0, 4096)),
  })

  const spanOf = (record: LogRecord): Span => ({
    line: record.line,
    lastLine: record.line,
    ...(record.seq === undefined ? {} : { seq: record.seq, lastSeq: record.seq }),
  })

  function widen(span: Span, record: LogRecord): void {
    if (record.line > span.lastLine) span.lastLine = record.line
    if (record.seq !== undefined) {
      span.seq ??= record.seq
      if (span.lastSeq === undefined || record.seq > span.lastSeq) span.lastSeq = record.seq
    }
  }

  function baseOf(span: Span, record: LogRecord, quotes: readonly Quote[]) {
    const at = stampOf(record)
    const [first = quote(record), ...more] = quotes
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

  function streamOf(record: LogRecord): Stream {
    const key = `${record.facility !== undefined && record.facility !== 0 ? 'user' : ''}${record.caller ?? ''}`
    let stream = streams.get(key)
    clock += 1
    if (!stream) {
      if (streams.size >= MOST_STREAMS) {
        let oldest: string | undefined
        let used = Number.POSITIVE_INFINITY
        for (const [name, candidate] of streams)
          if (candidate.used < used) {
            used = candidate.used
            oldest = name
          }
        if (oldest !== undefined) {
          closeStream(streams.get(oldest), false)
          streams.delete(oldest)
        }
      }
      stream = { used: clock }
      streams.set(key, stream)
    }
    stream.used = clock
    return stream
  }

  // ---------------------------------------------------------------------------------------------------------- OOM

  function openOom(record: LogRecord): OpenOom {
    return {
      order: order++,
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
      table: false,
      victims: [],
      ended: false,
      group: false,
      stream: record.caller ?? '',
    }
  }

  /** Seconds between two records, where one clock stamped both. */
  function pause(a: LogRecord, b: LogRecord): number {
    if (a.clock === undefined || a.clock !== b.clock || a.seconds === undefined || b.seconds === undefined)
      return 0
    const difference = b.seconds - a.seconds
    return a.clock === 'time-of-day' && difference < -SECONDS_OF_DAY / 2
      ? difference + SECONDS_OF_DAY
      : difference
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
        return !report.ended
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
    emit(
      {
        kind: 'oom',
        ...baseOf(begin, record, quotes),
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
        ...(report.group ? { groupKill: true as const } : {}),
        ...(headless ? { truncatedHead: true as const } : {}),
        ...(truncated ? { truncated: true as const } : {}),
        ...((headless && kinds <= 1) || excerpt ? { fragment: true as const } : {}),
      } satisfies OomReport,
      report.order,
    )
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
      { kind: 'memcg-stats', ...baseOf(span, report.record, quotes), stats: [first, ...more] },
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
    if (quotable && report.quotes.length < MOST_QUOTES) report.quotes.push(quote(record))
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
        if (report.trusted) report.traceProves ??= line.proves
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
        break
      case 'slab-pages':
        report.memInfo = true
        if (report.head !== undefined)
          report.slabPages ??= { reclaimable: line.reclaimable, unreclaimable: line.unreclaimable }
        break
      case 'task-table':
        report.table = true
        break
      case 'summary':
        report.summary = line
        break
      case 'announced':
        report.announced = line.victim
        if (line.message) report.message ??= line.message
        break
      case 'killed': {
        const announced = report.announced
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
        if (line.message) report.message ??= line.message
        break
      case 'group':
        report.group = true
        report.memcg ??= line.memcg
        break
      case 'reaped': {
        const index = report.victims.findIndex(victim => victim.pid === line.pid)
        const victim = report.victims[index]
        if (victim) report.victims[index] = { ...victim, reaped: true }
        else if (report.announced?.pid === line.pid) report.announced = { ...report.announced, reaped: true }
        else report.victims.push({ pid: line.pid, comm: line.comm, reaped: true })
        break
      }
      case 'sharing':
        break
    }
  }

  /** comm is cut to 15 bytes in one place and not in another. */
  function sameTask(a: string, b: string): boolean {
    return a === b || a.slice(0, 15) === b.slice(0, 15)
  }

  function takeOom(stream: Stream, line: OomLine, record: LogRecord): void {
    if (line.is === 'reaped') {
      takeReaped(stream, line, record)
      return
    }
    if (line.is === 'killed' || line.is === 'announced') {
      // a kill whose victim another report has named is that report's
      const pid = line.victim.pid
      if (!(stream.oom && names(stream.oom, pid))) {
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
    const current = stream.oom
    if (current && follows(current, line, record)) {
      addOom(current, line, record)
      return
    }
    if (line.is !== 'head' && !BEGINS.has(line.is)) return
    if (current) closeOom(current, false)
    const next = openOom(record)
    stream.oom = next
    addOom(next, line, record)
  }

  const names = (report: OpenOom, pid: number): boolean =>
    report.announced?.pid === pid || (report.summary?.pid === pid && report.victims.length === 0)

  /** The reaper is another task and comes later: its line belongs to the report that killed its victim. */
  function takeReaped(stream: Stream, line: OomLine & { readonly is: 'reaped' }, record: LogRecord): void {
    const open = [...streams.values()].flatMap(candidate => (candidate.oom ? [candidate.oom] : []))
    const candidates = [
      ...open,
      ...waiting,
      ...recent.filter(entry => !entry.done).map(entry => entry.report),
    ]
    const named = candidates
      .filter(report => report.victims.some(victim => victim.pid === line.pid) || names(report, line.pid))
      .sort((a, b) => b.order - a.order)[0]
    const unknownVictim = open
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
    if (stream.oom === undefined) stream.oom = next
    else finishOom(next, false)
  }

  // --------------------------------------------------------------------------------------------------------- SLUB

  /** Every failure has its cache line, and every NUMA node that was printed was printed for each. */
  function complete(run: SlabRun): boolean {
    if (!run.open.every(open => open.cache !== undefined)) return false
    if (run.unclaimed.length === 0) return run.open.every(open => open.nodes.length > 0)
    const counts = new Map<number, number>()
    for (const { node } of run.unclaimed) counts.set(node.node, (counts.get(node.node) ?? 0) + 1)
    return [...counts.values()].every(count => count >= run.open.length)
  }

  function takeSlab(stream: Stream, line: SlabLine, record: LogRecord): void {
    let run = stream.slab
    if (line.is === 'slab-head') {
      const ended = run !== undefined && complete(run)
      const told = record.caller !== undefined
      if (run && (ended || told)) {
        closeSlab(stream)
        run = undefined
      }
      if (!run) {
        run = { open: [], unclaimed: [], overlapped: false, strangers: 0 }
        stream.slab = run
      }
      // a header right after headers (a grep for them) is no overlap: nothing else came
      run.open.push({
        order: order++,
        record,
        head: line,
        nodes: [],
        span: spanOf(record),
        quotes: [quote(record)],
      })
      run.strangers = 0
      if (run.open.length > 64) closeSlab(stream)
      return
    }
    if (!run) return
    run.strangers = 0
    if (line.is === 'slab-cache') {
      const wanting = run.open.filter(open => open.cache === undefined)
      const open = wanting[0]
      if (!open) return
      if (wanting.length > 1 || run.open.some(other => other !== open && other.nodes.length === 0))
        run.overlapped = true
      open.cache = line
      widen(open.span, record)
      open.quotes.push(quote(record))
      return
    }
    const only = run.open.length === 1 ? run.open[0] : undefined
    if (only) {
      if (only.nodes.length < 1024 && !only.nodes.some(node => node.node === line.node.node)) {
        only.nodes.push(line.node)
        widen(only.span, record)
        only.quotes.push(quote(record))
      }
      return
    }
    if (run.unclaimed.length < 4096) run.unclaimed.push({ node: line.node, record })
  }

  /** Node lines of failures printed at once go to the cache whose arithmetic they fit, or to none. */
  function claim(run: SlabRun): void {
    const caches = new Map<string, OpenSlab[]>()
    for (const open of run.open) {
      if (!open.cache) continue
      const key = `${open.cache.cache}(${open.cache.memcgId}:${open.cache.memcgName}) ${open.cache.bufferSize} ${open.cache.defaultOrder} ${open.cache.minOrder}`
      const group = caches.get(key)
      if (group) group.push(open)
      else caches.set(key, [open])
    }
    const groups = [...caches.values()]
    const nodes = new Map<number, { readonly node: SlabNode; readonly record: LogRecord }[]>()
    for (const entry of run.unclaimed) {
      const list = nodes.get(entry.node.node)
      if (list) list.push(entry)
      else nodes.set(entry.node.node, [entry])
    }
    for (const entries of nodes.values()) {
      const claimed = new Map<OpenSlab[], typeof entries>()
      let certain = true
      for (const entry of entries) {
        const fit = (wanted: 'exact' | 'mixed'): OpenSlab[][] =>
          groups.filter(group => group[0]?.cache !== undefined && fits(group[0].cache, entry.node) === wanted)
        const exact = fit('exact')
        const owners = exact.length > 0 ? exact : fit('mixed')
        const owner = owners[0]
        if (!owner || owners.length > 1) {
          certain = false
          continue
        }
        const list = claimed.get(owner)
        if (list) list.push(entry)
        else claimed.set(owner, [entry])
      }
      for (const [owner, list] of claimed) {
        const first = list[0]
        // several failures of one cache: only when their lines say the same, or there is one for it alone
        const same = list.every(
          entry =>
            entry.node.slabs === first?.node.slabs &&
            entry.node.objs === first.node.objs &&
            entry.node.free === first.node.free,
        )
        if (
          list.length !== owner.length ||
          !(same || owner.length === 1) ||
          (!certain && owner.length > 1 && !same)
        )
          continue
        for (const [index, open] of owner.entries()) {
          const entry = list[index]
          if (!entry) continue
          open.nodes.push(entry.node)
          widen(open.span, entry.record)
          open.quotes.push(quote(entry.record))
        }
      }
    }
  }

  function closeSlab(stream: Stream): void {
    const run = stream.slab
    delete stream.slab
    if (!run) return
    if (run.unclaimed.length > 0) claim(run)
    const ambiguous = run.overlapped && run.open.length > 1
    for (const open of run.open) {
      const cache = open.cache
      emit(
        {
          kind: open.head.allocator === 'SLAB' ? 'slab-alloc-failure' : 'slub-alloc-failure',
          ...baseOf(open.span, open.record, open.quotes),
          node: open.head.node,
          ...(open.head.cpu === undefined ? {} : { cpu: open.head.cpu }),
          gfp: open.head.gfp,
          ...(cache === undefined
            ? {}
            : {
                cache: cache.cache,
                ...(cache.memcgId === undefined ? {} : { memcgId: cache.memcgId }),
                ...(cache.memcgName === undefined ? {} : { memcgName: cache.memcgName }),
                objectSize: cache.objectSize,
                ...(cache.bufferSize === undefined ? {} : { bufferSize: cache.bufferSize }),
                ...(cache.defaultOrder === undefined ? {} : { defaultOrder: cache.defaultOrder }),
                ...(cache.minOrder === undefined ? {} : { minOrder: cache.minOrder }),
                ...(cache.order === undefined ? {} : { order: cache.order }),
              }),
          ...(open.nodes.length === 0 ? {} : { nodes: open.nodes.toSorted((a, b) => a.node - b.node) }),
          ...(ambiguous && cache !== undefined ? { pairingAmbiguous: true as const } : {}),
        } satisfies SlabAllocationFailure,
        open.order,
      )
    }
  }

  // ------------------------------------------------------------------------------------------------- the others

  function closePageAllocation(stream: Stream): void {
    const open = stream.pageAllocation
    delete stream.pageAllocation
    if (open) emit(open.report, open.order)
  }

  function closeStream(stream: Stream | undefined, atEnd: boolean): void {
    if (!stream) return
    if (stream.slab) closeSlab(stream)
    closePageAllocation(stream)
    if (stream.oom) {
      const report = stream.oom
      delete stream.oom
      closeOom(report, atEnd)
    }
  }

  function takeNoSpace(record: LogRecord): void {
    for (const { directory, busy } of parseMemcgNoSpace(record.text))
      emit(
        {
          kind: 'memcg-no-space',
          ...baseOf(spanOf(record), record, [quote(record)]),
          directory: keep(directory),
          ...(busy ? { busy } : {}),
        },
        order++,
      )
  }

  /** Whether any report is being read whose lines mean nothing alone. */
  let anyOpen = false

  function refresh(): void {
    anyOpen = false
    for (const [key, stream] of streams) {
      if (stream.oom || stream.slab || stream.pageAllocation) anyOpen = true
      else streams.delete(key)
    }
  }

  function passBy(stream: Stream): void {
    if (stream.slab) {
      stream.slab.strangers += 1
      if (complete(stream.slab) || stream.slab.strangers > MOST_STRANGERS_IN_SLAB) {
        closeSlab(stream)
        refresh()
      }
    }
    if (stream.oom) {
      stream.oom.strangers += 1
      if (stream.oom.strangers > MOST_STRANGERS) {
        const report = stream.oom
        delete stream.oom
        closeOom(report, false)
        refresh()
      }
    }
    if (stream.pageAllocation) {
      stream.pageAllocation.lines += 1
      if (stream.pageAllocation.lines > 16) {
        closePageAllocation(stream)
        refresh()
      }
    }
  }

  return {
    push(record) {
      const raw = record.text
      if (record.process !== undefined) {
        if (raw.includes('mkdir')) takeNoSpace(record)
        return
      }
      if (anyOpen && raw.charCodeAt(0) === 91 && TASK_ROW.test(raw)) {
        // of these there can be 100,000 in a report
        const open = streams.get(streamKey(record))?.oom
        if (open && open.rank <= RANK['task-table']) {
          open.table = true
          open.rank = RANK['task-table']
          open.last = record
          open.strangers = 0
          widen(open.span, record)
          return
        }
      }
      const worth = WORTH_A_LOOK.test(raw)
      if (!worth && !anyOpen) return
      const stream = worth ? streamOf(record) : streams.get(streamKey(record))
      if (!stream) return
      const text = worth ? keep(raw) : raw
      const slab = worth ? parseSlabLine(text) : undefined
      if (slab) {
        takeSlab(stream, slab, record)
        if (slab.is === 'slab-head' && record.caller === undefined && stream.oom) stream.oom.trusted = false
        anyOpen = true
        return
      }
      const pageAllocation = worth ? parsePageAllocationLine(text) : undefined
      if (pageAllocation) {
        closePageAllocation(stream)
        if (record.caller === undefined && stream.oom) stream.oom.trusted = false
        const { is: _, ...values } = pageAllocation
        const kernel = options.release()
        stream.pageAllocation = {
          report: {
            kind: 'page-alloc-failure',
            ...baseOf(spanOf(record), record, [quote(record)]),
            ...values,
            ...(kernel === undefined ? {} : { kernel }),
          },
          order: order++,
          lines: 0,
        }
        anyOpen = true
        return
      }
      const suppressed = worth ? parseSuppressedLine(text) : undefined
      if (suppressed) {
        const { is: _, ...values } = suppressed
        emit(
          { kind: 'callbacks-suppressed', ...baseOf(spanOf(record), record, [quote(record)]), ...values },
          order++,
        )
        return
      }
      if (worth && text.includes('mkdir')) takeNoSpace(record)
      if (stream.pageAllocation && text.includes('omm')) {
        const cpu = parseCpuLine(text)
        if (cpu?.release !== undefined && sameTask(cpu.comm, stream.pageAllocation.report.comm)) {
          stream.pageAllocation = {
            ...stream.pageAllocation,
            report: { ...stream.pageAllocation.report, kernel: keep(cpu.release) },
          }
          closePageAllocation(stream)
          if (!stream.oom) return
        }
      }
      const line = worth || stream.oom ? parseOomLine(text, stream.oom !== undefined) : undefined
      const meant =
        line !== undefined &&
        !(line.is === 'stat' && !stream.oom?.statsOpen) &&
        !(!worth && stream.oom === undefined)
      if (line && meant) {
        const kept = worth ? record : { ...record, text: keep(raw) }
        if (RANK[line.is] <= 6 && !worth && stream.oom && !follows(stream.oom, line, record)) {
          passBy(stream)
          return
        }
        takeOom(stream, line, kept)
        if (stream.slab) passBy(stream)
        refresh()
        anyOpen = true
        return
      }
      passBy(stream)
    },
    cut() {
      for (const stream of streams.values()) closeStream(stream, false)
      streams.clear()
      for (const report of waiting.splice(0)) finishOom(report, false)
      flushRecent(recent.length)
      anyOpen = false
    },
    end() {
      atEndOfLog = true
      const open = [...streams.values()].flatMap(stream => (stream.oom ? [stream.oom] : []))
      openAtEnd = open.sort((a, b) => b.last.line - a.last.line || b.order - a.order)[0]
      for (const stream of streams.values()) closeStream(stream, true)
      streams.clear()
      for (const report of waiting.splice(0)) finishOom(report, true)
      flushRecent(recent.length)
      anyOpen = false
    },
  }

  function streamKey(record: LogRecord): string {
    return `${record.facility !== undefined && record.facility !== 0 ? 'user' : ''}${record.caller ?? ''}`
  }
}
