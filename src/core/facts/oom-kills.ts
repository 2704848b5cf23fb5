// OOM reports folded by whose limit was hit: a storm is one story with a count.

import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import type { FoldedReports } from '../case/kernel-log.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { type Child, childrenOf, composition } from '../decode/kmsg/oom-composition.ts'
import type { OomReport, StrayMemcgStats } from '../decode/kmsg/report.ts'
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
 * containers' level that take the same command are one loop. So are all kills in one cgroup, whatever they take: of a
 * restart the shell or the runtime is killed.
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
  const keys = new Map<string, string>()
  for (const report of oomReports(about)) {
    if (report.scope !== 'memcg') continue
    const limit = `${report.memcg ?? report.taskMemcg ?? ''}${report.userWritten === true ? '\0claim' : ''}`
    const key = keys.get(limit) ?? groupKey(report)
    keys.set(limit, key)
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

/** Reports of one victim this far apart, in seconds, are no repetition of one kill: pids come round again. Ours. */
const SAME_VICTIM_SECONDS = 3600

/** The pid of a process that was killed, and later killed again: it had not died. The last of several. */
export function killedAgain(reports: readonly OomReport[]): number | undefined {
  const last = new Map<number, { readonly comm: string; readonly at: OomReport['at'] }>()
  let again: number | undefined
  for (const { victims, at, end } of reports)
    for (const { pid, comm } of end === undefined ? victims : []) {
      const before = last.get(pid)
      const near =
        before?.at !== undefined &&
        at !== undefined &&
        before.at.clock === at.clock &&
        at.seconds >= before.at.seconds &&
        at.seconds - before.at.seconds <= SAME_VICTIM_SECONDS
      if (before?.comm === comm && near) again = pid
      last.set(pid, { comm, at })
    }
  return again
}

/** Growth below this is what an application does all the time. Ours. */
const LEAST_GROWTH = 16 * 1024 * 1024

/**
 * The cgroup below one limit that grew most from the first report that names those below to the last; undefined where
 * fewer than two do, as from 5.0 on, or none grew.
 */
export function grownChild(reports: readonly OomReport[]): Child | undefined {
  const known = reports.filter(report => childrenOf(report) !== undefined)
  const [first] = known
  const last = known.at(-1)
  if (first === undefined || last === undefined || first === last || first.memcg !== last.memcg)
    return undefined
  const before = new Map((childrenOf(first) ?? []).map(({ memcg, bytes }) => [memcg, bytes]))
  const grown = (childrenOf(last) ?? [])
    .map(({ memcg, bytes }) => ({ memcg, bytes: bytes - (before.get(memcg) ?? bytes) }))
    .sort((a, b) => b.bytes - a.bytes)[0]
  return grown !== undefined && grown.bytes >= LEAST_GROWTH ? grown : undefined
}
