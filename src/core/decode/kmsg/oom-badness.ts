// Why a victim: the scores of an OOM report's tasks, worked out again by oom_badness() of mm/oom_kill.c. The formula has
// been the same since 2.6.36, rss + swap + page tables + oom_score_adj in thousandths of the memory there is; what
// changed is told by what is printed: page tables (nr_ptes, nr_ptes + nr_pmds, from 4.15 on pgtables_bytes), the score
// (up to 5.2), and what a process with CAP_SYS_ADMIN was let off: 30 thousandths, from 3.14 on 3 % of its own pages,
// from 4.17 on nothing.

import type { OomReport, OomTask, OomVictim } from './report.ts'

/** The memory that oom_score_adj is a part of, in pages: between these two, where the report does not tell exactly. */
export interface TotalPages {
  readonly least: number
  /** Infinity: swap is counted too, and how much of it there is was not printed. */
  readonly most: number
}

/** How a printed score compares with the one worked out again. */
export type Agreement =
  /** Just so. */
  | 'same'
  /** With what CAP_SYS_ADMIN was let off. */
  | 'root'
  /** Where swap counts as memory that there is. */
  | 'swap'
  /** By a little: the table is printed after the choice, and tasks run on. */
  | 'near'
  | 'differs'

export interface OomChoice {
  /** The row of the one that was chosen: it, or a thread of it, is named by "Kill process". */
  readonly chosen: OomTask
  /** Pages it scored, oom_score_adj and all; undefined: the report does not tell of how many pages there are. */
  readonly points?: number
  /** In thousandths of `total`. */
  readonly score?: number
  readonly printed?: number
  readonly agreement?: Agreement
  readonly total?: TotalPages
  /** Whether by the formula no other task came before it; undefined: cannot be told. */
  readonly first?: boolean
  /** The task that came before it. */
  readonly before?: OomTask
  /** The largest of those that hold more, and were let off by their oom_score_adj. */
  readonly spared?: OomTask
  /** It came first, and of those that may be killed it held most. */
  readonly largest?: true
  /** It was put first by its oom_score_adj: others that may be killed hold more. */
  readonly byAdj?: true
}

/** Pages that count in a score, without oom_score_adj; undefined: a column is missing. */
function memoryOf(task: OomTask, pageSize: number): number | undefined {
  const { rss, swap, pageTablePages, pageTableBytes } = task
  const tables =
    pageTablePages ?? (pageTableBytes === undefined ? undefined : Math.floor(pageTableBytes / pageSize))
  return rss === undefined || swap === undefined || tables === undefined ? undefined : rss + swap + tables
}

/** constrained_alloc() of mm/oom_kill.c, mem_cgroup_get_limit() and mem_cgroup_get_max() of mm/memcontrol.c. */
export function totalPages(report: OomReport, pageSize: number): TotalPages | undefined {
  const { scope, memory, memsw, swap, memInfo, constraint } = report
  if (scope === 'memcg') {
    if (memory === undefined || memory.limit === Number.POSITIVE_INFINITY) return undefined
    const most =
      memsw === undefined
        ? memory.limit + (swap?.limit ?? Number.POSITIVE_INFINITY)
        : Math.max(memsw.limit, memory.limit)
    return { least: Math.floor(memory.limit / pageSize), most: Math.floor(most / pageSize) }
  }
  if (scope !== 'global' && scope !== 'sysrq') return undefined
  if (constraint !== undefined && constraint !== 'CONSTRAINT_NONE') return undefined
  const ram = memInfo?.totals['RAM']
  if (ram === undefined || memInfo?.totalSwap === undefined) return undefined
  const pages = ram - (memInfo.totals['reserved'] ?? 0) + memInfo.totalSwap / pageSize
  return pages > 0 ? { least: pages, most: pages } : undefined
}

/** x86 has had no other; a release names the architecture on most distributions. */
export function pageSizeOf(report: OomReport): number | undefined {
  return (
    report.memInfo?.pageSize ??
    report.tasks?.pageSize ??
    (/x86_64|amd64|\bi[3-6]86\b/.test(report.kernel ?? '') ? 4096 : undefined)
  )
}

const adjOf = (task: OomTask): number => task.oomScoreAdj ?? 0

/** oom_score_adj of -1000 is never chosen, and neither is init. */
const eligible = (task: OomTask): boolean => adjOf(task) > -1000 && task.pid !== 1

const pointsOf = (memory: number, adj: number, total: number): number =>
  memory + adj * Math.floor(total / 1000)

/** What select_bad_process() printed as a score, up to 5.2: never less than what one page makes. */
const scoreOf = (points: number, total: number): number =>
  Math.floor((Math.max(points, 1) * 1000) / Math.max(total, 1))

/** A table is printed after the choice: so much may a score have moved since. Ours. */
const NEAR = 0.02

function agreementOf(
  printed: number,
  memory: number,
  task: OomTask,
  total: TotalPages,
): { readonly agreement: Agreement; readonly total: TotalPages } {
  const adj = adjOf(task)
  const ends = [...new Set([total.least, total.most])].filter(Number.isFinite)
  for (const end of ends)
    if (scoreOf(pointsOf(memory, adj, end), end) === printed)
      return { agreement: 'same', total: { least: end, most: end } }
  if (task.uid === 0)
    for (const end of ends) {
      const off = [
        pointsOf(memory, adj - 30, end),
        pointsOf(memory - Math.floor((memory * 3) / 100), adj, end),
      ]
      if (off.some(points => scoreOf(points, end) === printed))
        return { agreement: 'root', total: { least: end, most: end } }
    }
  const scores = [total.least, total.most].map(end =>
    end === Number.POSITIVE_INFINITY ? adj : scoreOf(pointsOf(memory, adj, end), end),
  )
  const [some = 0, others = 0] = scores
  // more memory makes each page count less
  if (total.most > total.least && printed < some && printed > others) {
    const end = Math.round((memory * 1000) / (printed - adj))
    return { agreement: 'swap', total: { least: end, most: end } }
  }
  const nearest = Math.min(...ends.map(end => Math.abs(scoreOf(pointsOf(memory, adj, end), end) - printed)))
  return { agreement: nearest <= Math.max(2, Math.abs(printed) * NEAR) ? 'near' : 'differs', total }
}

/** Whose turn it was by the formula; ties go to whoever the kernel met first or last, by its version. */
function isFirst(chosen: OomTask, rows: readonly OomTask[], pageSize: number, total: number): OomTask | true {
  const points = (task: OomTask): number => pointsOf(memoryOf(task, pageSize) ?? 0, adjOf(task), total)
  const own = points(chosen)
  const slack = Math.max(16, Math.abs(memoryOf(chosen, pageSize) ?? 0) * NEAR)
  let best: OomTask | undefined
  for (const task of rows)
    if (task !== chosen && eligible(task) && (best === undefined || points(task) > points(best))) best = task
  return best === undefined || points(best) <= own + slack ? true : best
}

/** Without page size or total the order is known where all have the same oom_score_adj. */
function rankOf(
  chosen: OomTask,
  rows: readonly OomTask[],
  pageSize: number,
  total: TotalPages | undefined,
): Pick<OomChoice, 'first' | 'before'> {
  const same = rows.filter(eligible).every(task => adjOf(task) === adjOf(chosen))
  if (total === undefined && !same) return {}
  const ends = total === undefined ? [0] : [total.least, total.most].filter(Number.isFinite)
  const results = ends.map(end => isFirst(chosen, rows, pageSize, end))
  if (results.some(result => result === true)) return { first: true }
  if (total?.most === Number.POSITIVE_INFINITY && !same) return {}
  const [before] = results
  return before === undefined || before === true ? {} : { first: false, before }
}

/**
 * How the victim came to be chosen. undefined: no table, or the one that was chosen is not in it, or the table has not
 * all that counts (el6 and before).
 */
export function choiceOf(report: OomReport): OomChoice | undefined {
  const { tasks, victims } = report
  const victim: OomVictim | undefined = victims[0]
  const pageSize = pageSizeOf(report)
  if (tasks === undefined || victim === undefined) return undefined
  const row = (pid: number | undefined): OomTask | undefined =>
    tasks.rows.find(task => task.pid === pid) ?? tasks.rows.find(task => task.tgid === pid)
  // a thread that was announced has no row of its own
  const chosen = row(victim.announcedPid) ?? row(victim.pid)
  if (chosen === undefined) return undefined
  const printed = victim.score === undefined ? {} : { printed: victim.score }
  if (pageSize === undefined && chosen.pageTableBytes !== undefined) return { chosen, ...printed }
  const size = pageSize ?? 1
  const memory = memoryOf(chosen, size)
  if (memory === undefined) return { chosen, ...printed }
  const holds = tasks.rows.filter(task => (memoryOf(task, size) ?? 0) > memory)
  const spared = holds.find(task => task !== chosen && adjOf(task) < Math.min(0, adjOf(chosen)))
  const range = pageSize === undefined ? undefined : totalPages(report, pageSize)
  const compared =
    range === undefined || victim.score === undefined
      ? undefined
      : agreementOf(victim.score, memory, chosen, range)
  const total = compared?.total ?? range
  const exact = total !== undefined && total.least === total.most ? total.least : undefined
  const points = exact === undefined ? undefined : pointsOf(memory, adjOf(chosen), exact)
  const rank = rankOf(chosen, tasks.rows, size, total)
  const larger = holds.some(task => task !== chosen && eligible(task))
  const byAdj = rank.first === true && larger && adjOf(chosen) > 0
  return {
    chosen,
    ...(points === undefined || exact === undefined ? {} : { points, score: scoreOf(points, exact) }),
    ...printed,
    ...(compared === undefined ? {} : { agreement: compared.agreement }),
    ...(total === undefined ? {} : { total }),
    ...rank,
    ...(spared === undefined ? {} : { spared }),
    ...(rank.first === true && !larger ? { largest: true as const } : {}),
    ...(byAdj ? { byAdj } : {}),
  }
}
