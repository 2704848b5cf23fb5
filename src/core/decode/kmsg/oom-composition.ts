// What a cgroup was filled with when its limit was hit, by the statistics of an OOM report, whichever of their shapes
// they have: mem_cgroup_print_oom_info() and memory_stat_format() of mm/memcontrol.c.

import { kernelBytes } from '../cgroup/memory-stat.ts'
import type { MemcgStats, OomReport } from './report.ts'

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

/** A process that was killed while its program was being started had filled nothing: it was there before. */
export function killedAtStart({ starting, invoker, victims }: OomReport): boolean {
  return starting === true && victims.length > 0 && victims.every(({ comm }) => comm === invoker)
}

/** Parts of kernel memory that memory.stat names, and of which one may be said to have filled a cgroup. */
const KERNEL_PARTS = [
  'slab',
  'kernel_stack',
  'pagetables',
  'sec_pagetables',
  'percpu',
  'vmalloc',
  'zswap',
] as const

export type FillingPart =
  | 'anon'
  | 'shmem'
  | 'file'
  | (typeof KERNEL_PARTS)[number]
  /** Kernel memory that no part of it names, or all of it where none is named. */
  | 'kernel'
  | 'sock'
  | 'hugetlb'

export interface Filling {
  readonly usage: number
  /** Parts that do not overlap, largest first, in bytes. */
  readonly parts: readonly { readonly part: FillingPart; readonly bytes: number }[]
  /** Usage less the parts; below zero where statistics, which CPUs hand in in batches, were late. */
  readonly rest: number
}

/** Usage in parts that add up; undefined where usage or anonymous memory was not printed. */
export function fillingOf(report: OomReport): Filling | undefined {
  const { usage, anon, file = 0, shmem = 0, sock = 0, kernel } = composition(report)
  if (usage === undefined || anon === undefined || report.memory === undefined) return undefined
  // v1 charges sockets to a counter of their own
  const v1 = report.kmem !== undefined || report.memsw !== undefined
  const own = report.stats.length === 1 ? (report.stats[0]?.values ?? {}) : {}
  const named = KERNEL_PARTS.map(part => ({ part, bytes: partOf(own, part) })).filter(
    ({ bytes }) => bytes > 0,
  )
  const namedBytes = named.reduce((all, { bytes }) => all + bytes, 0)
  const all: readonly { readonly part: FillingPart; readonly bytes: number }[] = [
    { part: 'anon', bytes: anon },
    { part: 'shmem', bytes: shmem },
    { part: 'file', bytes: Math.max(0, file - shmem) },
    ...named,
    { part: 'kernel', bytes: Math.max(0, (kernel ?? 0) - namedBytes) },
    { part: 'sock', bytes: v1 ? 0 : sock },
    { part: 'hugetlb', bytes: own['hugetlb'] ?? 0 },
  ]
  const parts = all.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes)
  return { usage, parts, rest: usage - parts.reduce((together, { bytes }) => together + bytes, 0) }
}

/**
 * What a killed process alone held anonymous, in bytes, where that is more than the statistics of the whole cgroup have
 * and no part of them has the difference: they were not brought up to date. The kernel flushes them before it prints
 * and allows for batches of each CPU; yet a report of 6.12 at a pod's limit lacked one of its two containers entirely.
 */
export function anonBehind(report: OomReport): number | undefined {
  const filling = fillingOf(report)
  const { anon } = composition(report)
  if (filling === undefined || anon === undefined) return undefined
  const held = report.victims.reduce((most, { anonRss = 0 }) => Math.max(most, anonRss), 0)
  // a task moved here keeps its old charges where they were: only what is missing from the statistics may be its own
  return held > anon && filling.rest >= held - anon ? held : undefined
}

function partOf(values: Readonly<Record<string, number>>, part: (typeof KERNEL_PARTS)[number]): number {
  if (part !== 'slab') return values[part] ?? 0
  return values['slab'] ?? (values['slab_reclaimable'] ?? 0) + (values['slab_unreclaimable'] ?? 0)
}

/** A cgroup below the one whose limit was hit, and what was charged to it, in bytes. */
export interface Child {
  readonly memcg: string
  readonly bytes: number
}

/**
 * Up to 4.19 each cgroup of the subtree has its own line; undefined where there is one line only, so that nothing is
 * known of those below. Kernel memory is in none of them.
 */
export function childrenOf(report: OomReport): readonly Child[] | undefined {
  if (report.stats.length < 2) return undefined
  const limit = report.memcg ?? report.stats[0]?.memcg
  return report.stats
    .filter(({ memcg }) => memcg !== limit)
    .map(({ memcg, values }) => ({ memcg, bytes: (values['rss'] ?? 0) + (values['cache'] ?? 0) }))
    .sort((a, b) => b.bytes - a.bytes)
}
