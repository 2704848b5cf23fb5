// The rows of `kmemscope memory`: every pod and container with its numbers and what hits it first; other cgroups where
// they are asked for, or where there is no pod.

import type { Case } from '../case/case.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import type { MemoryRow, MemorySort, MemorySource, MemoryTable } from '../case/memory.ts'
import { containerMetrics } from './container-metrics.ts'
import { latest } from './kernel.ts'
import { type MemcgIndex, memcgIndex, memcgUnknown } from './memcg-tree.ts'
import { limitsOf, nodeMemory } from './memory-limits.ts'
import { nameOf, namesUnknown } from './names.ts'

/** Where each column is read, in the row's directory; by version. */
const SOURCES: Readonly<Record<MemcgTree['version'], MemoryTable['sources']>> = {
  v1: {
    usage: { file: 'memory.usage_in_bytes' },
    workingSet: {
      file: 'memory.usage_in_bytes',
      less: { file: 'memory.stat', key: 'total_inactive_file' },
    },
    rss: { file: 'memory.stat', key: 'total_rss' },
    cache: { file: 'memory.stat', key: 'total_cache' },
    kernel: { file: 'memory.kmem.usage_in_bytes' },
    shmem: { file: 'memory.stat', key: 'total_shmem' },
    swap: { file: 'memory.stat', key: 'total_swap' },
    hugetlb: { file: 'hugetlb.*.usage_in_bytes' },
    limit: { file: 'memory.limit_in_bytes' },
    oomKills: { file: 'memory.oom_control', key: 'oom_kill' },
  },
  v2: {
    usage: { file: 'memory.current' },
    workingSet: { file: 'memory.current', less: { file: 'memory.stat', key: 'inactive_file' } },
    rss: { file: 'memory.stat', key: 'anon' },
    cache: { file: 'memory.stat', key: 'file' },
    kernel: { file: 'memory.stat', key: 'kernel' },
    shmem: { file: 'memory.stat', key: 'shmem' },
    swap: { file: 'memory.swap.current' },
    hugetlb: { file: 'hugetlb.*.current' },
    limit: { file: 'memory.max' },
    oomKills: { file: 'memory.events', key: 'oom_kill' },
  },
}

/** Where both sides of each limit are read; the kubelet's and the node's are told with the node. */
const LIMIT_SOURCES: Readonly<Record<MemcgTree['version'], MemoryTable['limitSources']>> = {
  v1: {
    limit: { usage: { file: 'memory.usage_in_bytes' }, limit: { file: 'memory.limit_in_bytes' } },
    memsw: { usage: { file: 'memory.memsw.usage_in_bytes' }, limit: { file: 'memory.memsw.limit_in_bytes' } },
    kmem: { usage: { file: 'memory.kmem.usage_in_bytes' }, limit: { file: 'memory.kmem.limit_in_bytes' } },
  },
  v2: {
    limit: { usage: { file: 'memory.current' }, limit: { file: 'memory.max' } },
    high: { usage: { file: 'memory.current' }, limit: { file: 'memory.high' } },
  },
}

/** memory.events of v2 counts what is below as well; memory.oom_control of v1 the cgroup alone. */
function oomKills(index: MemcgIndex, memcg: Memcg): number | undefined {
  const own = memcg.events?.['oom_kill']
  if (own === undefined || index.tree.version === 'v2') return own
  let sum = own
  for (const child of index.children.get(memcg.path) ?? []) sum += oomKills(index, child) ?? 0
  return sum
}

function sources(version: MemcgTree['version'], memcgs: readonly Memcg[]): MemoryTable['sources'] {
  const known = SOURCES[version]
  // up to 5.17 the kernel does not sum its own memory: the parts stand alone (kernelCharges)
  const summed = version === 'v1' || memcgs.some(({ stat }) => stat?.['kernel'] !== undefined)
  const parts: MemorySource = {
    file: 'memory.stat',
    key: 'slab + kernel_stack + pagetables + sec_pagetables + percpu + vmalloc',
  }
  return summed ? known : { ...known, kernel: parts }
}

function rowOf(about: Case, index: MemcgIndex, memcg: Memcg): MemoryRow {
  const { pod, path, dir, inode, limit, kmemUsage, hugetlb, stat } = memcg
  const { version } = index.tree
  const metrics = containerMetrics(version, memcg)
  const { level, podUid, containerId, qos } = pod
  const isPod = level === 'pod'
  const isContainer = level === 'container'
  const name = isPod || isContainer ? nameOf(about, memcg) : {}
  const request =
    isContainer && containerId !== undefined
      ? about.pods?.containers.get(containerId)?.memoryRequest
      : undefined
  const { usage, workingSet, rss, cache, swap } = metrics
  const shmem = stat?.[version === 'v1' ? 'total_shmem' : 'shmem']
  const kills = oomKills(index, memcg)
  const row: { -readonly [K in keyof MemoryRow]: MemoryRow[K] | undefined } = {
    kind: isPod ? 'pod' : isContainer ? 'container' : 'cgroup',
    namespace: name.namespace,
    pod: name.pod,
    container: isContainer ? name.container : undefined,
    sandbox: isContainer ? name.sandbox : undefined,
    podUid,
    containerId: isContainer ? containerId : undefined,
    qos,
    cgroup: path,
    dir,
    inode,
    usage,
    workingSet,
    rss,
    cache,
    kernel: kmemUsage,
    shmem,
    swap,
    hugetlb,
    limit,
    headroom: limit === undefined || usage === undefined ? undefined : limit - usage,
    request,
    oomKills: kills,
    ...limitsOf(about, memcg),
  }
  for (const key of Object.keys(row) as (keyof MemoryRow)[]) if (row[key] === undefined) delete row[key]
  return row as MemoryRow
}

/** One row by itself, of any cgroup. */
export function memoryRow(about: Case, memcg: Memcg): MemoryRow | undefined {
  const index = memcgIndex(about)
  return index === undefined ? undefined : rowOf(about, index, memcg)
}

export interface MemoryTableOptions {
  /** Cgroups of no pod as well: all of them. Without it those at the top, and only where there is no pod. */
  readonly all?: boolean
}

/** All rows, in the order of the tree; undefined where no memory cgroup tree was read. */
export function memoryTable(about: Case, { all = false }: MemoryTableOptions = {}): MemoryTable | undefined {
  const sample = latest(about)
  const index = memcgIndex(about)
  if (sample === undefined || index === undefined) return undefined
  const { version, root, memcgs } = index.tree
  const inPods = memcgs.filter(({ pod: { level } }) => level === 'pod' || level === 'container')
  const pods = inPods.length > 0
  const others = memcgs.filter(({ path, pod, uncontrolled }) => {
    if (path === '/' || uncontrolled || pod.podUid !== undefined || pod.level === 'container') return false
    return all || (!pods && path.lastIndexOf('/') === 0)
  })
  return {
    at: sample.at,
    version,
    root,
    node: nodeMemory(about),
    sources: sources(version, memcgs),
    limitSources: LIMIT_SOURCES[version],
    rows: [...inPods, ...others].map(memcg => rowOf(about, index, memcg)),
    pods,
    others: all ? 'all' : pods ? 'none' : 'top',
    unknown: [...memcgUnknown(about), ...namesUnknown(about)],
  }
}

/** Least first where the least is what matters; undefined values last either way. */
function rank(row: MemoryRow, by: MemorySort): number {
  const most = (value: number | undefined): number => (value === undefined ? Infinity : -value)
  switch (by) {
    case 'first':
      return row.firstToHit === undefined ? Infinity : row.firstToHit.distance
    case 'headroom':
      return row.headroom ?? Infinity
    case 'working-set':
      return most(row.workingSet)
    case 'usage':
    case 'rss':
    case 'cache':
    case 'kernel':
      return most(row[by])
    case 'limit':
      return row.limit === Infinity ? Infinity : most(row.limit)
    case 'name':
      return 0
  }
}

/** Names as people sort them: by code unit, which needs no locale. */
const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const named = ({
  namespace = '',
  pod,
  podUid = '',
  container,
  containerId = '',
  cgroup,
}: MemoryRow): string => [namespace, pod ?? podUid, container ?? containerId, cgroup].join('\0')

/** Pods by the nearest or largest of their rows, each with its containers behind it; other cgroups after them. */
export function sortedRows(rows: readonly MemoryRow[], by: MemorySort): readonly MemoryRow[] {
  const groups = new Map<string, MemoryRow[]>()
  for (const row of rows) {
    const key = row.kind === 'cgroup' ? `\0${row.cgroup}` : (row.podUid ?? row.cgroup)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const order = (a: MemoryRow, b: MemoryRow): number => {
    const [first, second] = [rank(a, by), rank(b, by)]
    // two without a value are alike, and Infinity less Infinity is no number
    return (first === second ? 0 : first - second) || compared(named(a), named(b))
  }
  const headed = [...groups.values()].map(group => {
    const sorted = group.sort((a, b) => Number(b.kind === 'pod') - Number(a.kind === 'pod') || order(a, b))
    const key = sorted.reduce(
      (best, row) => (rank(row, by) < rank(best, by) ? row : best),
      sorted[0] as MemoryRow,
    )
    return { sorted, key, other: sorted[0]?.kind === 'cgroup' }
  })
  return headed
    .sort((a, b) => Number(a.other) - Number(b.other) || order(a.key, b.key))
    .flatMap(({ sorted }) => sorted)
}
