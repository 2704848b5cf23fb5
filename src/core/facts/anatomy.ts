// One memory cgroup's usage in parts that add up to it, the residue shown; beside it the container_memory_* values made of
// the same files, and the order that is claimed of them, checked.
//
// v2 (memory_stats of mm/memcontrol.c): `file` holds tmpfs and the swap cache; `kernel` (5.18) holds everything of the
// kernel but `sock`, zswap included; `hugetlb` (not in 6.12 yet) is part of usage where the cgroup mount accounts it. v1: kernel
// memory has a counter of its own and no kinds; TCP buffers are not in usage. From 5.8 on anon counts what is mapped
// (NR_ANON_MAPPED), and a page both mapped and in the swap cache is counted in both: the LRU lists, on which each page is
// once, tell how many.

import type {
  Anatomy,
  CounterError,
  Detail,
  DetailId,
  MetricValue,
  NoteId,
  OrderStep,
  OrderWhy,
  Part,
  PartId,
  Residue,
  ResidueWhy,
  Summand,
} from '../case/anatomy.ts'
import type { Case } from '../case/case.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import { containerMetricRows, type MetricId } from '../knowledge/container-metrics.ts'
import { chargeBatch, statisticsLag, stockSlots } from '../knowledge/counter-error.ts'
import { compareUpstream, followsUpstream, hasMemoryReclaim } from '../knowledge/kernel-release.ts'
import { type ContainerMetrics, containerMetrics } from './container-metrics.ts'
import { deadMemory } from './dead-memory.ts'
import { fact } from './fact.ts'
import { kernel, kmemOptIn, latest, readAt } from './kernel.ts'
import { memcgIndex, parentPath } from './memcg-tree.ts'
import { nameOf } from './names.ts'

type Version = MemcgTree['version']

/** What a number is called in memory.stat. */
const KEYS = {
  v1: {
    anon: 'total_rss',
    file: 'total_cache',
    shmem: 'total_shmem',
    swapCached: 'total_swapcached',
    hugePages: 'total_rss_huge',
    mapped: 'total_mapped_file',
    dirty: 'total_dirty',
    writeback: 'total_writeback',
    activeFile: 'total_active_file',
    inactiveFile: 'total_inactive_file',
    lru: [
      'total_inactive_anon',
      'total_active_anon',
      'total_inactive_file',
      'total_active_file',
      'total_unevictable',
    ],
  },
  v2: {
    anon: 'anon',
    file: 'file',
    shmem: 'shmem',
    swapCached: 'swapcached',
    hugePages: 'anon_thp',
    mapped: 'file_mapped',
    dirty: 'file_dirty',
    writeback: 'file_writeback',
    activeFile: 'active_file',
    inactiveFile: 'inactive_file',
    lru: ['inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable'],
  },
} as const

/** Kinds of kernel memory that v2 tells, each in no other. */
const KINDS: readonly (readonly [PartId, string])[] = [
  ['slab-unreclaimable', 'slab_unreclaimable'],
  ['slab-reclaimable', 'slab_reclaimable'],
  ['kernel-stack', 'kernel_stack'],
  ['pagetables', 'pagetables'],
  ['sec-pagetables', 'sec_pagetables'],
  ['percpu', 'percpu'],
  ['vmalloc', 'vmalloc'],
  ['zswap', 'zswap'],
]

/** Children that are named; the others are summed up (ours). */
const CHILDREN_NAMED = 10

/**
 * Pages of 64 KiB (ppc64le, some arm64) show in counters that are all multiples of it. Of fewer numbers than this nothing
 * is concluded (ours: sixteen multiples of 64 KiB are by chance once in 16^16).
 */
const NUMBERS_FOR_LARGE_PAGES = 16
const LARGE_PAGE = 65536
const PAGE = 4096

const pageBytes: (about: Case) => number = fact(about => {
  let numbers = 0
  for (const { usage } of latest(about)?.memcg?.memcgs ?? []) {
    if (usage === undefined || usage === 0) continue
    if (usage % LARGE_PAGE !== 0) return PAGE
    numbers += 1
  }
  return numbers >= NUMBERS_FOR_LARGE_PAGES ? LARGE_PAGE : PAGE
})

/** Live cgroups below each, itself not counted. */
const descendants: (about: Case) => ReadonlyMap<string, number> = fact(about => {
  const below = new Map<string, number>()
  // Children stand after their parents: from the end, a count is whole before it is added to the parent's.
  for (const { path } of (latest(about)?.memcg?.memcgs ?? []).toReversed()) {
    if (path === '/') continue
    const parent = parentPath(path)
    below.set(parent, (below.get(parent) ?? 0) + 1 + (below.get(path) ?? 0))
  }
  return below
})

/** Whether it is the root of the node's hierarchy, not the top of what a namespace, or a copy of one cgroup, shows. */
function isRootOf(about: Case, { path }: Memcg): boolean {
  return path === '/' && latest(about)?.memcg?.nodeWide === true
}

/** How far counter and statistics of a cgroup may lie apart; as of one CPU where their number is not known. */
function counterError(about: Case, memcg: Memcg): CounterError {
  const cpus = latest(about)?.cpus
  // A CPU that goes offline gives back what it held (memcg_hotplug_cpu_dead).
  const count = cpus?.online ?? cpus?.possible
  const release = kernel(about)
  const below = descendants(about).get(memcg.path) ?? 0
  const page = pageBytes(about)
  const batchPages = chargeBatch(release)
  const slots = Math.min(stockSlots(release), 1 + below)
  return {
    // The root is not charged: its usage is made of statistics.
    stocks: isRootOf(about, memcg) ? 0 : batchPages * (count ?? 1) * slots * page,
    lag: statisticsLag(release, count ?? 1, below) * page,
    batchPages,
    cpus: count ?? 1,
    slots,
    ...(cpus === undefined || count === undefined ? {} : { path: cpus.path }),
  }
}

const add = (from: readonly Summand[]): number => from.reduce((sum, { sign, value }) => sum + sign * value, 0)

const negative = (one: Summand): Summand => ({ ...one, sign: one.sign === 1 ? -1 : 1 })

function partOf(id: PartId, from: readonly Summand[], rest: Omit<Part, 'id' | 'from' | 'bytes'> = {}): Part {
  return { id, bytes: Math.max(0, add(from)), from, ...rest }
}

/** The numbers of one cgroup's files, each with where it was read. */
interface Numbers {
  readonly version: Version
  stat(key: string): Summand | undefined
  file(name: string, value: number | undefined): (Summand & { readonly path: string }) | undefined
}

function numbersOf(version: Version, { dir, stat }: Memcg): Numbers {
  const top = dir.replace(/\/$/, '')
  return {
    version,
    stat(key) {
      const value = stat?.[key]
      return value === undefined ? undefined : { sign: 1, value, path: `${top}/memory.stat`, key }
    },
    file(name, value) {
      return value === undefined ? undefined : { sign: 1, value, path: `${top}/${name}` }
    },
  }
}

interface Dead {
  readonly anon: number
  readonly file: number
  readonly shmem: number
}

/** What goes off a part because removed children hold it. */
const less = (bytes: number): readonly Summand[] =>
  bytes === 0 ? [] : [{ sign: -1, value: bytes, part: 'dead' }]

interface Pages {
  readonly parts: readonly Part[]
  /** Of the file pages those without tmpfs and swap cache, removed children's included; undefined: not told apart. */
  readonly fileAlone?: number
}

/** What lies on the LRU lists: anonymous memory, page cache, tmpfs, swap cache. */
function pagesOf(numbers: Numbers, dead: Dead, error: CounterError): Pages {
  const keys = KEYS[numbers.version]
  const anon = numbers.stat(keys.anon)
  const file = numbers.stat(keys.file)
  const shmem = numbers.stat(keys.shmem)
  const swapCached = numbers.stat(keys.swapCached)
  const lru = keys.lru.map(key => numbers.stat(key)).filter(one => one !== undefined)
  const parts: Part[] = []
  const detail = (id: DetailId, key: string): Detail[] => {
    const one = numbers.stat(key)
    return one === undefined || one.value === 0 ? [] : [{ id, bytes: one.value, from: [one] }]
  }

  // Below zero where pages are counted both as anonymous and in the swap cache.
  const off =
    lru.length === keys.lru.length && anon !== undefined && file !== undefined
      ? [...lru, negative(anon), negative(file)]
      : undefined
  const apart = off === undefined ? 0 : add(off)
  const fileAlone =
    file === undefined || shmem === undefined
      ? undefined
      : Math.max(0, file.value - shmem.value - (swapCached?.value ?? 0))
  const lazily = lazilyFreed(numbers, fileAlone, error)

  if (anon === undefined) parts.push({ id: 'anon', within: 'residue', from: [] })
  else
    parts.push(
      partOf('anon', [anon, ...less(dead.anon)], {
        of: [...detail('huge-pages', keys.hugePages), ...(lazily === undefined ? [] : [lazily])],
      }),
    )
  if (off !== undefined) parts.push(partOf('unmapped', off))
  const ofFile = [
    ...detail('inactive-file', keys.inactiveFile),
    ...detail('active-file', keys.activeFile),
    ...detail('dirty', keys.dirty),
    ...detail('writeback', keys.writeback),
    ...detail('mapped', keys.mapped),
  ]
  if (file === undefined) parts.push({ id: 'file', within: 'residue', from: [] })
  else if (shmem === undefined) {
    parts.push(partOf('file-and-shmem', [file, ...less(dead.file + dead.shmem)], { of: ofFile }))
    parts.push({ id: 'shmem', within: 'file-and-shmem', from: [] })
  } else {
    const apartFromFile = [
      negative(shmem),
      ...(swapCached === undefined || swapCached.value === 0 ? [] : [negative(swapCached)]),
    ]
    parts.push(partOf('file', [file, ...apartFromFile, ...less(dead.file)], { of: ofFile }))
    parts.push(partOf('shmem', [shmem, ...less(dead.shmem)]))
    if (swapCached !== undefined && swapCached.value > 0) {
      const twice = off !== undefined && apart < 0 ? off : []
      parts.push(partOf('swap-cache', [swapCached, ...twice]))
    }
  }
  return { parts, ...(fileAlone === undefined ? {} : { fileAlone }) }
}

/** Less than this on the file lists beyond the file pages is not told: what CPUs have not yet put on a list (ours). */
const LAZILY_LEAST = 1024 * 1024

/**
 * Anonymous pages given back with MADV_FREE and not yet taken lie on the list of inactive file pages (f7ad2a6cb9f7, 4.12)
 * and count as anonymous: at least what the file lists have beyond the file pages. Locked file pages make it look less.
 */
function lazilyFreed(
  numbers: Numbers,
  fileAlone: number | undefined,
  error: CounterError,
): Detail | undefined {
  const keys = KEYS[numbers.version]
  const inactive = numbers.stat(keys.inactiveFile)
  const active = numbers.stat(keys.activeFile)
  const file = numbers.stat(keys.file)
  const shmem = numbers.stat(keys.shmem)
  const swapCached = numbers.stat(keys.swapCached)
  if (!inactive || !active || !file || !shmem || fileAlone === undefined) return undefined
  const from = [
    inactive,
    active,
    negative(file),
    shmem,
    ...(swapCached === undefined || swapCached.value === 0 ? [] : [swapCached]),
  ]
  const bytes = add(from)
  return bytes > Math.max(error.lag, LAZILY_LEAST) ? { id: 'lazily-freed', bytes, from } : undefined
}

function kernelOf(numbers: Numbers, memcg: Memcg, isRoot: boolean): Part {
  if (numbers.version === 'v1') {
    const counter = numbers.file('memory.kmem.usage_in_bytes', memcg.kmemUsage)
    return counter === undefined
      ? { id: 'kernel', within: 'residue', from: [] }
      : partOf('kernel', isRoot ? [] : [counter])
  }
  const whole = numbers.stat('kernel')
  const told = KINDS.flatMap(([id, key]): Part[] => {
    const one = numbers.stat(key)
    return one === undefined ? [] : [partOf(id, [one])]
  })
  const slab = numbers.stat('slab')
  const split = told.some(({ id }) => id === 'slab-unreclaimable')
  if (!split && slab !== undefined) told.unshift(partOf('slab', [slab]))
  const missing = KINDS.filter(([id]) => !told.some(one => one.id === id)).filter(
    ([id]) => slab === undefined || split || !id.startsWith('slab-'),
  )
  if (told.length === 0 && whole === undefined) return { id: 'kernel', within: 'residue', from: [] }
  const summed = told.map(({ id, bytes = 0 }): Summand => ({ sign: 1, value: bytes, part: id }))
  // zswap is not there where the kernel was built without it, or is of no use: not telling it hides nothing.
  const untold = missing
    .filter(([id]) => id !== 'zswap')
    .map(([id]): Part => ({ id, within: whole === undefined ? 'residue' : 'kernel-other', from: [] }))
  if (whole === undefined) return partOf('kernel', summed, { parts: [...told, ...untold] })
  const other = [whole, ...summed.map(negative)]
  return partOf('kernel', [whole], {
    parts: [...told, { id: 'kernel-other', bytes: add(other), from: other }, ...untold],
  })
}

interface Removed {
  readonly part?: Part
  readonly dead: Dead
  readonly notes: readonly NoteId[]
}

const NONE: Dead = { anon: 0, file: 0, shmem: 0 }

/** A cgroup's number without its own and that of its live children: what its removed ones hold. */
function leftOf(
  numbers: Numbers,
  { dir }: Memcg,
  children: readonly Memcg[],
  key: string,
): readonly Summand[] {
  const v1 = numbers.version === 'v1'
  const below = v1 ? `total_${key}` : key
  const value = children.reduce((sum, { stat }) => sum + (stat?.[below] ?? 0), 0)
  const own = v1 ? numbers.stat(key) : undefined
  return [
    numbers.stat(below),
    own === undefined ? undefined : negative(own),
    children.length === 0
      ? undefined
      : ({ sign: -1, value, path: `${dir.replace(/\/$/, '')}/*/memory.stat`, key: below } as const),
  ].filter(one => one !== undefined)
}

/** What removed children hold, of the kinds of pages; their kernel memory cannot be told from the cgroup's own. */
function removedOf(about: Case, memcg: Memcg, numbers: Numbers, children: readonly Memcg[]): Removed {
  const found = deadMemory(about, memcg)
  if (found?.cache === undefined || found.rss === undefined)
    return { dead: NONE, notes: children.length > 0 ? ['dead-not-told'] : [] }
  const { cache, rss, withOwn } = found
  if (withOwn === true) return { dead: NONE, notes: cache + rss > 0 ? ['dead-with-own'] : [] }
  const shmem = Math.min(found.shmem ?? 0, cache)
  const dead: Dead = { anon: rss, file: cache - shmem, shmem }
  const v1 = numbers.version === 'v1'
  const left = (key: string) => leftOf(numbers, memcg, children, key)
  const shmemLeft = found.shmem === undefined ? [] : left('shmem')
  const parts: Part[] = [
    { id: 'dead-anon', bytes: dead.anon, from: left(v1 ? 'rss' : 'anon') },
    { id: 'dead-file', bytes: dead.file, from: [...left(v1 ? 'cache' : 'file'), ...shmemLeft.map(negative)] },
    { id: 'dead-shmem', bytes: dead.shmem, from: shmemLeft },
  ]
  const from = parts.map(({ id, bytes = 0 }): Summand => ({ sign: 1, value: bytes, part: id }))
  return {
    part: partOf('dead', from, { parts }),
    dead,
    notes: cache + rss > 0 ? ['details-with-dead'] : [],
  }
}

/**
 * 5.3 to 5.4.13: what CPUs had counted of a removed cgroup's slab goes to those above it twice (bee07b33db78; fixed in 5.5
 * and 5.4.14). Without a release: memory.stat has anon_thp (5.3) and not yet percpu (5.9).
 */
function countsSlabTwice(about: Case, { stat = {} }: Memcg): boolean {
  const release = kernel(about)
  if (release === undefined) return stat['anon_thp'] !== undefined && stat['percpu'] === undefined
  return (
    followsUpstream(release) &&
    (compareUpstream(release, '5.3') ?? -1) >= 0 &&
    (compareUpstream(release, '5.4.14') ?? -1) < 0
  )
}

function residueOf(about: Case, version: Version, memcg: Memcg, bytes: number, error: CounterError): Residue {
  if (bytes <= error.stocks + error.lag && bytes >= -error.lag)
    return { bytes, verdict: 'within', error, why: [] }
  const { stat = {} } = memcg
  const why: ResidueWhy[] = []
  if (bytes < 0) {
    const swapped = (memcg.swapUsage ?? stat['total_swap'] ?? 0) > 0
    if (swapped && stat[KEYS[version].swapCached] === undefined) why.push('swap-cache-twice')
    if (version === 'v2' && countsSlabTwice(about, memcg)) why.push('slab-twice')
  } else if (version === 'v2') {
    if (stat['kernel'] === undefined) why.push('kernel-kinds-not-told')
    if (stat['hugetlb'] === undefined && (memcg.hugetlb ?? 0) > 0) why.push('hugetlb-not-told')
  } else if (memcg.kmemUsage === undefined) why.push('kernel-kinds-not-told')
  if (error.path === undefined) return { bytes, verdict: 'unknown', why: ['cpus-not-known', ...why] }
  return { bytes, verdict: bytes < 0 ? 'below' : 'above', error, why: [...why, 'read-apart'] }
}

function childrenOf(about: Case, memcg: Memcg): Anatomy['children'] {
  const children = memcgIndex(about)?.children.get(memcg.path) ?? []
  const counted = children.filter(({ usage }) => usage !== undefined)
  if (memcg.usage === undefined || isRootOf(about, memcg) || counted.length === 0) return undefined
  if (counted.length < children.filter(({ uncontrolled }) => uncontrolled !== true).length) return undefined
  const sorted = counted.toSorted(
    (one, other) => (other.usage ?? 0) - (one.usage ?? 0) || (one.path < other.path ? -1 : 1),
  )
  const largest = sorted.slice(0, CHILDREN_NAMED).map(child => {
    const { namespace, pod, container, sandbox } = nameOf(about, child)
    const podName = pod === undefined ? '' : [namespace, pod].filter(Boolean).join('/')
    return {
      path: child.path,
      name: container ?? (sandbox === true ? 'pause' : podName),
      bytes: child.usage ?? 0,
    }
  })
  const smaller = sorted.slice(CHILDREN_NAMED).reduce((sum, { usage = 0 }) => sum + usage, 0)
  const named = largest.reduce((sum, { bytes }) => sum + bytes, 0)
  let restKernel = memcg.kmemUsage
  for (const { kmemUsage } of counted)
    restKernel = restKernel === undefined || kmemUsage === undefined ? undefined : restKernel - kmemUsage
  return {
    count: counted.length,
    largest,
    smaller,
    rest: memcg.usage - named - smaller,
    ...(restKernel === undefined ? {} : { restKernel: Math.max(0, restKernel) }),
  }
}

/**
 * Metrics for which this kernel has nothing to read, so that cAdvisor exports 0: what a live kernel does not have, what a
 * memory.stat that was read has no key for, and memory.peak before 5.19, which came with memory.reclaim.
 */
function exportedZeros(about: Case, version: Version, memcg: Memcg): ReadonlySet<MetricId> {
  const zeros = new Set(
    containerMetricRows.flatMap(({ id, formula }) => (formula[version] === '0' ? [id] : [])),
  )
  if (memcg.usage === undefined || memcg.stat === undefined) return zeros
  const release = kernel(about)
  if (version === 'v1') {
    if (memcg.stat['total_swap'] === undefined && memcg.stat['total_rss'] !== undefined) zeros.add('swap')
    return zeros
  }
  if (about.origin === 'live' && memcg.swapUsage === undefined) zeros.add('swap')
  const older = release !== undefined && hasMemoryReclaim(release) === false
  if (memcg.peak === undefined && (about.origin === 'live' || older)) zeros.add('maxUsage')
  return zeros
}

function metricsOf(
  version: Version,
  memcg: Memcg,
  metrics: ContainerMetrics,
  numbers: Numbers,
  zeros: ReadonlySet<MetricId>,
): MetricValue[] {
  const keys = KEYS[version]
  const v1 = version === 'v1'
  const usage = numbers.file(v1 ? 'memory.usage_in_bytes' : 'memory.current', memcg.usage)
  const inactive = numbers.stat(keys.inactiveFile)
  const from: Readonly<Record<MetricId, readonly (Summand | undefined)[]>> = {
    usage: [usage],
    workingSet: [usage, inactive === undefined ? undefined : negative(inactive)],
    rss: [numbers.stat(keys.anon)],
    cache: [numbers.stat(keys.file)],
    mappedFile: [numbers.stat(keys.mapped)],
    swap: [v1 ? numbers.stat('total_swap') : numbers.file('memory.swap.current', memcg.swapUsage)],
    maxUsage: [numbers.file(v1 ? 'memory.max_usage_in_bytes' : 'memory.peak', memcg.peak)],
    failcnt: [v1 ? numbers.file('memory.failcnt', memcg.failcnt) : undefined],
    kernelUsage: [v1 ? numbers.file('memory.kmem.usage_in_bytes', memcg.kmemUsage) : undefined],
    activeFile: [numbers.stat(keys.activeFile)],
    inactiveFile: [inactive],
  }
  return containerMetricRows.map(({ id }) => {
    const value = metrics[id]
    const read = from[id].filter(one => one !== undefined)
    if (value !== undefined) return { id, value, from: read }
    return zeros.has(id) ? { id, value: 0, exportedZero: true, from: [] } : { id, from: [] }
  })
}

function orderOf(
  isRoot: boolean,
  { maxUsage, usage, workingSet, rss }: ContainerMetrics,
  lazily: number,
  error: CounterError,
  zeros: ReadonlySet<MetricId>,
): OrderStep[] {
  const step = (
    [upperId, upper]: readonly [MetricId, number | undefined],
    [lowerId, lower]: readonly [MetricId, number | undefined],
    why: (missing: number) => OrderWhy,
    unread: OrderWhy,
  ): OrderStep => {
    const ids = { upper: upperId, lower: lowerId }
    if (upper === undefined || lower === undefined) return { ...ids, why: unread }
    const difference = upper - lower
    return {
      ...ids,
      holds: difference >= 0,
      difference,
      ...(difference < 0 ? { why: why(-difference) } : {}),
    }
  }
  return [
    step(
      ['maxUsage', maxUsage],
      ['usage', usage],
      () => (isRoot ? 'root-counted-otherwise' : 'read-apart'),
      zeros.has('maxUsage') ? 'no-peak-file' : 'not-read',
    ),
    step(['usage', usage], ['workingSet', workingSet], () => 'read-apart', 'not-read'),
    step(
      ['workingSet', workingSet],
      ['rss', rss],
      missing => {
        const late = error.lag
        if (lazily + late >= missing && lazily > 0) return 'lazily-freed'
        return missing <= late ? 'statistics-late' : 'counter-too-low'
      },
      'not-read',
    ),
  ]
}

/** What makes working_set higher than rss: all of usage but the inactive file pages and anonymous memory. */
function betweenOf(
  parts: readonly Part[],
  residue: number,
  { usage, workingSet, rss, inactiveFile, cache }: ContainerMetrics,
  dead: Dead,
): Anatomy['betweenSetAndRss'] {
  if (usage === undefined || workingSet === undefined || rss === undefined || cache === undefined)
    return undefined
  const bytes = workingSet - rss
  const between: { id: PartId | 'file-not-inactive'; bytes: number }[] = []
  let file: number | undefined
  for (const { id, bytes: value = 0 } of parts) {
    if (id === 'anon' || id === 'dead') continue
    if (id === 'file') file = value + dead.file
    else if (id === 'file-and-shmem') file = value + dead.file + dead.shmem
    else between.push({ id, bytes: id === 'shmem' ? value + dead.shmem : value })
  }
  if (file !== undefined) between.unshift({ id: 'file-not-inactive', bytes: file - (inactiveFile ?? 0) })
  between.push({ id: 'residue', bytes: residue })
  const known = between.filter(one => one.bytes !== 0)
  // Where working_set was cut off at 0 the sum is below it.
  return known.reduce((sum, one) => sum + one.bytes, 0) === bytes ? { bytes, parts: known } : undefined
}

/** Takes one cgroup's usage apart. Nothing throws; what was not read is missing in it, with a word why. */
export function anatomyOf(about: Case, memcg: Memcg): Anatomy {
  const version = latest(about)?.memcg?.version ?? 'v2'
  const index = memcgIndex(about)
  const numbers = numbersOf(version, memcg)
  const isRoot = isRootOf(about, memcg)
  const { level: _, ...owner } = memcg.pod
  const { namespace, pod, container, sandbox, from: namesFrom } = nameOf(about, memcg)
  const usage = numbers.file(version === 'v1' ? 'memory.usage_in_bytes' : 'memory.current', memcg.usage)
  const error = counterError(about, memcg)
  const metrics = containerMetrics(version, memcg)
  const zeros = exportedZeros(about, version, memcg)
  const children = index?.children.get(memcg.path) ?? []
  const removed = removedOf(about, memcg, numbers, children)

  const { parts: pages } = pagesOf(numbers, removed.dead, error)
  const kernelPart = kernelOf(numbers, memcg, isRoot)
  const sockets = version === 'v2' ? numbers.stat('sock') : undefined
  const hugetlb = version === 'v2' ? numbers.stat('hugetlb') : undefined
  const parts: Part[] = [
    ...pages,
    ...(hugetlb === undefined ? [] : [partOf('hugetlb', [hugetlb])]),
    kernelPart,
    ...(sockets === undefined ? [] : [partOf('sockets', [sockets])]),
    ...(removed.part === undefined ? [] : [removed.part]),
  ]
  const whole = parts.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  const residue =
    usage === undefined || memcg.stat === undefined
      ? undefined
      : residueOf(about, version, memcg, usage.value - whole, error)

  const beside: Part[] = []
  const swap =
    version === 'v1' ? numbers.stat('total_swap') : numbers.file('memory.swap.current', memcg.swapUsage)
  if (swap !== undefined) beside.push(partOf('swap', [swap]))
  if (memcg.hugetlb !== undefined && hugetlb === undefined) {
    const huge = numbers.file(
      version === 'v1' ? 'hugetlb.*.usage_in_bytes' : 'hugetlb.*.current',
      memcg.hugetlb,
    )
    if (huge !== undefined) beside.push(partOf('hugetlbfs', [huge]))
  }

  const notes: NoteId[] = [...removed.notes]
  if (version === 'v1' && !isRoot && memcg.kmemUsage !== undefined)
    notes.push(
      kmemOptIn(about) === true && memcg.kmemUsage === 0 ? 'kernel-not-accounted' : 'kernel-kinds-v1',
    )
  if (version === 'v1') notes.push(isRoot ? 'root-without-kernel' : 'sockets-apart-v1')

  const lazily = pages.flatMap(({ of = [] }) => of).find(({ id }) => id === 'lazily-freed')?.bytes
  const between = residue === undefined ? undefined : betweenOf(parts, residue.bytes, metrics, removed.dead)
  const inner = childrenOf(about, memcg)
  return {
    at: readAt(about),
    version,
    cgroup: memcg.path,
    dir: memcg.dir,
    ...(memcg.inode === undefined ? {} : { inode: memcg.inode }),
    ...owner,
    ...(namespace === undefined ? {} : { namespace }),
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined ? (sandbox === true ? { container: 'pause' } : {}) : { container }),
    ...(namesFrom === undefined ? {} : { namesFrom }),
    ...(usage === undefined
      ? { noUsage: memcg.uncontrolled === true ? 'uncontrolled' : isRoot ? 'root' : 'not-read' }
      : { usage }),
    ...(memcg.uncontrolled === true ? countedAt(about, memcg) : {}),
    parts: memcg.stat === undefined ? [] : parts,
    ...(residue === undefined ? {} : { residue }),
    beside,
    ...(inner === undefined ? {} : { children: inner }),
    notes: memcg.stat === undefined ? [] : notes,
    metrics: metricsOf(version, memcg, metrics, numbers, zeros),
    order: orderOf(isRoot, metrics, lazily ?? 0, error, zeros),
    ...(between === undefined ? {} : { betweenSetAndRss: between }),
  }
}

/** The nearest cgroup above that has the controller. */
function countedAt(about: Case, memcg: Memcg): Pick<Anatomy, 'countedAt'> {
  const index = memcgIndex(about)
  for (let path = memcg.path; path !== '/'; ) {
    path = parentPath(path)
    const above = index?.byPath.get(path)
    if (above !== undefined && above.uncontrolled !== true) return { countedAt: path }
  }
  return {}
}
