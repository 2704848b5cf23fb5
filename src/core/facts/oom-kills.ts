// OOM reports folded by whose limit was hit: a storm is one story with a count.

import type { Case } from '../case/case.ts'
import type { MemcgStats, OomReport } from '../decode/kmsg/report.ts'
import { fact } from './fact.ts'
import { isReport } from './kernel-log.ts'

export interface OomGroup {
  /** The cgroup whose limit was hit; undefined: not in the log. */
  readonly memcg?: string
  readonly reports: readonly [OomReport, ...OomReport[]]
  /** Reports folded away by the decoder because there were too many. */
  readonly folded: number
}

const oomReports = fact((about: Case) => (about.log?.reports ?? []).filter(isReport('oom')))

/** Kills by the limit of a memory cgroup, one group per cgroup. */
export const memcgOomGroups: (about: Case) => readonly OomGroup[] = fact(about => {
  const groups = new Map<string | undefined, OomReport[]>()
  for (const report of oomReports(about)) {
    if (report.scope !== 'memcg') continue
    const memcg = report.memcg ?? report.taskMemcg
    const group = groups.get(memcg)
    if (group === undefined) groups.set(memcg, [report])
    else group.push(report)
  }
  return [...groups].flatMap(([memcg, [first, ...rest]]) =>
    first === undefined
      ? []
      : [
          {
            ...(memcg === undefined ? {} : { memcg }),
            reports: [first, ...rest] as const,
            folded: (about.log?.folded ?? [])
              .filter(({ kind, memcg: of }) => kind === 'oom' && of === memcg)
              .reduce((sum, { count }) => sum + count, 0),
          },
        ],
  )
})

/** Kills because the node, or a cpuset's part of it, had no memory left; SysRq-f too. */
export const nodeOomReports: (about: Case) => readonly OomReport[] = fact(about =>
  oomReports(about).filter(({ scope }) => scope === 'global' || scope === 'cpuset' || scope === 'sysrq'),
)

/** Reports of which the log does not tell whose limit it was. */
export const unscopedOomReports: (about: Case) => readonly OomReport[] = fact(about =>
  oomReports(about).filter(({ scope }) => scope === undefined),
)

/** What filled the cgroup when the report was printed, in bytes. What was not printed is not there. */
export interface Composition {
  readonly usage?: number
  readonly limit?: number
  readonly kernel?: number
  readonly anon?: number
  readonly file?: number
  readonly shmem?: number
}

/** Kernel keys of memory.stat that are kernel memory, where no `kernel` key sums them (before 5.18). */
const KERNEL_PARTS = ['slab', 'kernel_stack', 'pagetables', 'sec_pagetables', 'percpu', 'sock', 'vmalloc']

/** The composition an OOM report shows, whichever of the three shapes its statistics have. */
export function composition(report: OomReport): Composition {
  const [first, ...below] = report.stats
  const kernel = report.kmem?.usage ?? (first === undefined ? undefined : kernelOf(first))
  // 3.10 to 4.19 print one line a cgroup of the whole subtree, each with its own charges only: the sum is the subtree's.
  // Later kernels print the limit's cgroup once; v1 of 6.6+ with total_ keys for the subtree.
  const lines = first === undefined ? [] : [first, ...below]
  const anon = sum(lines, ['total_rss', 'anon', 'rss'])
  const file = sum(lines, ['total_cache', 'file', 'cache'])
  const shmem = sum(lines, ['total_shmem', 'shmem'])
  return {
    ...(report.memory === undefined ? {} : { usage: report.memory.usage, limit: report.memory.limit }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(anon === undefined ? {} : { anon }),
    ...(file === undefined ? {} : { file }),
    ...(shmem === undefined ? {} : { shmem }),
  }
}

function kernelOf({ values }: MemcgStats): number | undefined {
  const whole = values['kernel']
  if (whole !== undefined) return whole
  const parts = KERNEL_PARTS.map(key => values[key]).filter(value => value !== undefined)
  return parts.length === 0 ? undefined : parts.reduce((a, b) => a + b, 0)
}

function sum(lines: readonly MemcgStats[], keys: readonly string[]): number | undefined {
  const values = lines.map(line => keys.map(key => line.values[key]).find(value => value !== undefined))
  const known = values.filter(value => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0)
}
