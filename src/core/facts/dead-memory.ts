// What the removed children of a memory cgroup still hold, by an identity on memory.stat. v1 tells a cgroup's own beside
// the total of what is below it (memcg_stat_show), so that total − own − the totals of the live children is what those
// hold that are gone: exact to the kernel's own batches (measured on 6.18: the pages that /proc/kpagecgroup shows on the
// cgroup's inode, to the page). v2 has the total alone: what the live children do not have is the cgroup's own or its
// removed children's, and a cgroup that hands the controller down has no processes of its own (the rule of inner
// processes, Documentation/admin-guide/cgroup-v2.rst); what it was charged before it did so remains in the number.

import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import { latest } from './kernel.ts'
import { memcgIndex, memcgReading } from './memcg-tree.ts'

/** Bytes. undefined: not to be had of what was read. */
export interface DeadMemory {
  /** File pages, tmpfs included. */
  readonly cache?: number
  /** Anonymous pages. */
  readonly rss?: number
  /** tmpfs and shared memory; part of `cache`. */
  readonly shmem?: number
  readonly swap?: number
  /** cache and rss together: the pages that pin them. */
  readonly bytes?: number
  /**
   * Kernel memory that no live child has. Not the removed children's alone: what the cgroup's own processes use, slab
   * objects handed up to it when children went (5.3, 5.9), and the kernel's structures of its children, dead and live,
   * which are charged to the parent.
   */
  readonly kernel?: number
  /** Removed children whose nearest live ancestor this is, where the kernel counts them (cgroup.stat of v2). */
  readonly count?: number
  /** v2: the cgroup's own pages may be in it. */
  readonly withOwn?: true
  /** How far each of the numbers may be off: the kernel's batches. undefined: the number of CPUs is not known. */
  readonly error?: number
  readonly evidence: readonly Evidence[]
}

/**
 * Up to so many pages of changes on each CPU are not in memory.stat yet: MEMCG_CHARGE_BATCH of
 * include/linux/memcontrol.h is 64 from 6.1 on, 32 before; the larger is taken for all, as backports are not known.
 */
const BATCH_PAGES = 64

/** Of x86-64 and of most arm64 kernels; those with pages of 64 KiB have sixteen times the error. */
const PAGE = 4096

/** Children that hold more than this below a cgroup whose total is its own: no lag of the statistics (ours). */
const FLAT = 1024 * 1024

/** Children quoted as evidence: the largest. */
const QUOTED = 3

/** Sums what the live children have; undefined where one of them was not read. */
function sumOf(children: readonly Memcg[], key: string): number | undefined {
  let sum = 0
  for (const child of children) {
    const value = child.stat?.[key]
    if (value === undefined) return undefined
    sum += value
  }
  return sum
}

function kernelLeft(memcg: Memcg, children: readonly Memcg[]): number | undefined {
  let left = memcg.kmemUsage
  if (left === undefined) return undefined
  for (const { kmemUsage } of children) {
    if (kmemUsage === undefined) return undefined
    left -= kmemUsage
  }
  return Math.max(0, left)
}

const DYING = ['nr_dying_subsys_memory', 'nr_dying_descendants'] as const

/** v2: removed cgroups whose nearest live ancestor this is; undefined: not counted by this kernel, or not read. */
export function dyingHere(memcg: Memcg, children: readonly Memcg[]): number | undefined {
  const key = DYING.find(name => memcg.cgroupStat?.[name] !== undefined)
  if (key === undefined) return undefined
  let left = memcg.cgroupStat?.[key] ?? 0
  for (const child of children) left -= child.cgroupStat?.[key] ?? 0
  return Math.max(0, left)
}

/** How far a number of `deadNumbers` may be off, in bytes; undefined: the number of CPUs is not known. */
export function deadError(about: Case): number | undefined {
  const cpus = latest(about)?.cpus
  const count = cpus?.possible ?? cpus?.online
  return count === undefined ? undefined : count * BATCH_PAGES * PAGE
}

function quotes(
  about: Case,
  memcg: Memcg,
  children: readonly Memcg[],
  version: MemcgTree['version'],
  key: string,
): Evidence[] {
  const total = version === 'v1' ? `total_${key}` : key
  const quoted: Evidence[] = []
  for (const name of version === 'v1' ? [total, key] : [key]) {
    const value = memcg.stat?.[name]
    if (value !== undefined) quoted.push(memcgReading(about, memcg, 'memory.stat', value, { key: name }))
  }
  const largest = children
    .filter(({ stat }) => (stat?.[total] ?? 0) > 0)
    .sort((a, b) => (b.stat?.[total] ?? 0) - (a.stat?.[total] ?? 0))
  for (const child of largest.slice(0, QUOTED))
    quoted.push(memcgReading(about, child, 'memory.stat', child.stat?.[total] ?? 0, { key: total }))
  return quoted
}

/** The numbers alone, for those who ask of thousands of cgroups. */
export type DeadNumbers = Omit<DeadMemory, 'evidence' | 'error'> & { readonly exact?: true }

/** As `deadMemory`, without the quotes and the error; `exact`: there is none. */
export function deadNumbers(
  version: MemcgTree['version'],
  memcg: Memcg,
  children: readonly Memcg[],
): DeadNumbers | undefined {
  if (memcg.stat === undefined) return undefined
  return version === 'v1' ? deadV1(memcg, memcg.stat, children) : deadV2(memcg, memcg.stat, children)
}

/**
 * What removed children of `memcg` hold, those below other live cgroups left out. undefined where nothing of the kind can
 * be said: its memory.stat or that of a live child was not read, or it is of v2 and has processes of its own beside
 * removed children. Numbers that come out below zero, since the children were read a moment later, are 0.
 */
export function deadMemory(about: Case, memcg: Memcg): DeadMemory | undefined {
  const index = memcgIndex(about)
  if (index === undefined) return undefined
  const { version } = index.tree
  const children = index.children.get(memcg.path) ?? []
  const numbers = deadNumbers(version, memcg, children)
  if (numbers === undefined) return undefined
  const { exact, ...rest } = numbers
  const error = exact ? 0 : deadError(about)
  return {
    ...rest,
    ...(error === undefined ? {} : { error }),
    evidence: deadEvidence(about, memcg, children, numbers),
  }
}

function known(
  parts: Readonly<Record<'cache' | 'rss' | 'shmem' | 'swap' | 'kernel' | 'count', number | undefined>>,
): DeadNumbers {
  const { cache, rss, shmem, swap, kernel, count } = parts
  return {
    ...(cache === undefined ? {} : { cache }),
    ...(rss === undefined ? {} : { rss }),
    ...(shmem === undefined ? {} : { shmem }),
    ...(swap === undefined ? {} : { swap }),
    ...(cache === undefined || rss === undefined ? {} : { bytes: cache + rss }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(count === undefined ? {} : { count }),
  }
}

function deadV1(
  memcg: Memcg,
  stat: Readonly<Record<string, number>>,
  children: readonly Memcg[],
): DeadNumbers | undefined {
  const left = (key: string): number | undefined => {
    const total = stat[`total_${key}`]
    const own = stat[key]
    const below = sumOf(children, `total_${key}`)
    if (total === undefined || own === undefined || below === undefined) return undefined
    return Math.max(0, total - own - below)
  }
  const cache = left('cache')
  const rss = left('rss')
  if (cache === undefined && rss === undefined) return undefined
  // Without use_hierarchy the total is the cgroup's own, whatever its children have.
  if (stat['total_cache'] === stat['cache'] && stat['total_rss'] === stat['rss']) {
    const below = (sumOf(children, 'total_cache') ?? 0) + (sumOf(children, 'total_rss') ?? 0)
    if (below > FLAT) return undefined
  }
  const kernel = kernelLeft(memcg, children)
  return known({ cache, rss, shmem: left('shmem'), swap: left('swap'), kernel, count: undefined })
}

function deadV2(
  memcg: Memcg,
  stat: Readonly<Record<string, number>>,
  children: readonly Memcg[],
): DeadNumbers | undefined {
  const count = dyingHere(memcg, children)
  if (count === 0) return { cache: 0, rss: 0, shmem: 0, bytes: 0, count, exact: true }
  const handsDown = children.length > 0 && children.every(({ uncontrolled }) => uncontrolled !== true)
  if (!handsDown) return undefined
  const left = (key: string): number | undefined => {
    const total = stat[key]
    const below = sumOf(children, key)
    return total === undefined || below === undefined ? undefined : Math.max(0, total - below)
  }
  const cache = left('file')
  const rss = left('anon')
  if (cache === undefined && rss === undefined) return undefined
  const kernel = kernelLeft(memcg, children)
  const numbers = known({ cache, rss, shmem: left('shmem'), swap: undefined, kernel, count })
  const withOwn = memcg.path === '/' || memcg.ownTasks === true || count === undefined
  return withOwn ? { ...numbers, withOwn: true } : numbers
}

function deadEvidence(
  about: Case,
  memcg: Memcg,
  children: readonly Memcg[],
  { rss = 0, count, exact }: DeadNumbers,
): readonly Evidence[] {
  const version = latest(about)?.memcg?.version ?? 'v1'
  const key = DYING.find(name => memcg.cgroupStat?.[name] !== undefined)
  const counted =
    count === undefined || key === undefined
      ? []
      : [memcgReading(about, memcg, 'cgroup.stat', memcg.cgroupStat?.[key] ?? 0, { key, unit: 'count' })]
  if (exact) return counted
  return [
    ...quotes(about, memcg, children, version, version === 'v1' ? 'cache' : 'file'),
    ...(rss > 0 ? quotes(about, memcg, children, version, version === 'v1' ? 'rss' : 'anon') : []),
    ...counted,
  ]
}
