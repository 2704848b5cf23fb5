// OOM reports folded by whose limit was hit: a storm is one story with a count.

import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import type { FoldedReports } from '../case/kernel-log.ts'
import { kernelBytes } from '../decode/cgroup/memory-stat.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { MemcgStats, OomReport, StrayMemcgStats } from '../decode/kmsg/report.ts'
import { fact } from './fact.ts'
import { isReport } from './kernel-log.ts'

export interface OomGroup {
  /** The cgroup whose limit was hit, of the last kill; undefined: not in the log. */
  readonly memcg?: string
  /** Oldest first. */
  readonly reports: readonly [OomReport, ...OomReport[]]
  /** Reports folded away by the decoder because there were too many. */
  readonly folded: readonly FoldedReports[]
  /** All of it was written to the log from user space: a claim. */
  readonly claimed: boolean
}

/** The lines of one kill are printed within a second or two; five allow for a slow console. */
const SAME_KILL_SECONDS = 5

/**
 * Every OOM report of the log. Where only selected lines are left, as in the article (`dmesg | grep kmem` and
 * `dmesg | grep 'Memory cgroup'` of the same kill), lines of the same seconds are put together again: what one grep
 * lost another kept. A line of a sort the kill already has begins the next kill.
 */
const oomReports: (about: Case) => readonly OomReport[] = fact(about => {
  const excerpts = new Set(
    (about.log?.sources ?? []).filter(({ excerpt }) => excerpt).map(({ path }) => path),
  )
  const reports = (about.log?.reports ?? []).filter(isReport('oom', 'memcg-stats'))
  const whole = reports.filter(isReport('oom')).filter(({ path }) => !excerpts.has(path))
  const pieces = reports
    .filter(({ path }) => excerpts.has(path))
    .map(report => (report.kind === 'oom' ? report : strayAsOom(report)))
  const joined: OomReport[] = []
  for (const piece of pieces) {
    const index = joined.findIndex(kill => sameKill(kill, piece))
    const kill = joined[index]
    if (kill === undefined) joined.push(piece)
    else joined[index] = put(kill, piece)
  }
  return [
    ...whole,
    ...joined.filter(({ kmem, memory, victims, invoker }) => kmem ?? memory ?? victims[0] ?? invoker),
  ]
})

function strayAsOom(report: StrayMemcgStats): OomReport {
  return { ...report, kind: 'oom', scope: 'memcg', memcg: report.stats[0].memcg, victims: [], fragment: true }
}

function sameKill(a: OomReport, b: OomReport): boolean {
  if (a.at === undefined || b.at === undefined || a.at.clock !== b.at.clock) return false
  if (Math.abs(a.at.seconds - b.at.seconds) > SAME_KILL_SECONDS) return false
  const twice =
    (a.invoker !== undefined && b.invoker !== undefined) ||
    (a.kmem !== undefined && b.kmem !== undefined) ||
    (a.memory !== undefined && b.memory !== undefined) ||
    (a.victims.length > 0 && b.victims.length > 0) ||
    (a.stats.length > 0 && b.stats.length > 0)
  return !twice
}

function put(a: OomReport, b: OomReport): OomReport {
  const memcg = a.memcg ?? b.memcg ?? a.stats[0]?.memcg ?? b.stats[0]?.memcg
  return {
    ...b,
    ...a,
    ...(memcg === undefined ? {} : { memcg }),
    quotes: [...a.quotes, ...b.quotes],
    stats: [...a.stats, ...b.stats],
    victims: [...a.victims, ...b.victims],
    fragment: true,
  }
}

/**
 * A container that is killed and restarted has a new id, and a new cgroup, each time: kills of one pod at its
 * containers' level that take the same command are one loop.
 */
function groupKey({ memcg, taskMemcg, victims, userWritten }: OomReport): string {
  const path = memcg ?? taskMemcg ?? ''
  const claim = userWritten === true ? '\0claim' : ''
  if (parsePodPath(path).level !== 'container') return `${path}${claim}`
  return `${path.slice(0, path.lastIndexOf('/'))}\0${victims[0]?.comm ?? ''}${claim}`
}

/** Kills by the limit of a memory cgroup, one group a loop. */
export const memcgOomGroups: (about: Case) => readonly OomGroup[] = fact(about => {
  const groups = new Map<string, [OomReport, ...OomReport[]]>()
  for (const report of oomReports(about)) {
    if (report.scope !== 'memcg') continue
    const key = groupKey(report)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [report])
    else group.push(report)
  }
  return [...groups.values()].map(reports => {
    const last = reports.at(-1) ?? reports[0]
    const memcg = last.memcg ?? last.taskMemcg
    const paths = new Set(reports.map(report => report.memcg ?? report.taskMemcg))
    return {
      ...(memcg === undefined ? {} : { memcg }),
      reports,
      folded: (about.log?.folded ?? []).filter(
        ({ kind, memcg: of, scope }) => kind === 'oom' && scope === 'memcg' && paths.has(of),
      ),
      claimed: last.userWritten === true,
    }
  })
})

/** Kills because the node, or a cpuset's part of it, had no memory left; SysRq-f too. */
export const nodeOomReports: (about: Case) => readonly OomReport[] = fact(about =>
  oomReports(about).filter(({ scope }) => scope === 'global' || scope === 'cpuset' || scope === 'sysrq'),
)

/** Kernel memory without the usage it is a part of: a single line left by a grep. */
export const kmemWithoutUsage: (about: Case) => readonly OomReport[] = fact(about =>
  oomReports(about).filter(report => report.kmem !== undefined && composition(report).usage === undefined),
)

/** Why the kills of the log prove no absence: of one it does not tell whose memory had run out. */
export const oomScopeUnknown: (about: Case) => readonly Unknown[] = fact(about =>
  oomReports(about)
    .filter(({ scope }) => scope === undefined)
    .slice(0, 1)
    .map(({ path }) => ({ reason: 'oom-scope-unknown', path, remedy: 'pass-kernel-log' })),
)

/** What filled the cgroup when the report was printed, in bytes. What was not printed is not there. */
export interface Composition {
  readonly usage?: number
  readonly limit?: number
  readonly kernel?: number
  readonly anon?: number
  readonly file?: number
  /** Part of `file`. */
  readonly shmem?: number
  /** Buffers of sockets, which v2 charges but counts neither as kernel memory nor as any other part. */
  readonly sock?: number
}

/** The composition an OOM report shows, whichever of the three shapes its statistics have. */
export function composition(report: OomReport): Composition {
  const [first, ...below] = report.stats
  const kernel = report.kmem?.usage ?? (first === undefined ? undefined : kernelBytes(first.values))
  // 3.10 to 4.19 print one line a cgroup of the whole subtree, each with its own charges only: the sum is the subtree's.
  // Later kernels print the limit's cgroup once; v1 of 6.6+ with total_ keys for the subtree.
  const lines = first === undefined ? [] : [first, ...below]
  const anon = sum(lines, ['total_rss', 'anon', 'rss'])
  const file = sum(lines, ['total_cache', 'file', 'cache'])
  const shmem = sum(lines, ['total_shmem', 'shmem'])
  const sock = sum(lines, ['sock'])
  // What a grep kept of a kill may lack the usage line; its parts then are the least it can have been.
  const parts =
    report.fragment && kernel !== undefined && anon !== undefined ? kernel + anon + (file ?? 0) : undefined
  const usage = report.memory?.usage ?? parts
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(report.memory === undefined ? {} : { limit: report.memory.limit }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(anon === undefined ? {} : { anon }),
    ...(file === undefined ? {} : { file }),
    ...(shmem === undefined ? {} : { shmem }),
    ...(sock === undefined ? {} : { sock }),
  }
}

function sum(lines: readonly MemcgStats[], keys: readonly string[]): number | undefined {
  const values = lines.map(line => keys.map(key => line.values[key]).find(value => value !== undefined))
  const known = values.filter(value => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0)
}
