// The bits of a gfp mask, which moved several times: include/linux/gfp.h, since 6.0 include/linux/gfp_types.h.
// From 4.6 the kernel prints the names beside the mask; before, and in a cut line, the number is all there is.

import type { Bilingual } from './bilingual.ts'
import { followsUpstream, type KernelRelease } from './kernel-release.ts'

/** Kernels that share one layout of the bits. */
export interface GfpEra {
  readonly id: string
  /** As people say it: `4.10 to 4.17`. */
  readonly kernels: string
  readonly source: string
  /** By bit, lowest first. */
  readonly bits: ReadonlyMap<number, string>
  /** Names for several bits together, the largest first, as mm/debug.c picks them. */
  readonly sets: readonly (readonly [name: string, mask: number])[]
}

export interface GfpReading {
  readonly eras: readonly GfpEra[]
  /** `GFP_KERNEL`, `__GFP_ZERO` … */
  readonly names: readonly string[]
  /** Bits that have no name in that era. */
  readonly unknown: number
  /** A caller's usual set of flags is in it, so the era is a likely one. */
  readonly likely: boolean
}

/** Names from bit 0 on; '' is a bit without a name. */
function layout(...names: readonly string[]): Map<number, string> {
  return new Map(names.flatMap((name, bit) => (name === '' ? [] : [[2 ** bit, name] as const])))
}

const ZONES = ['DMA', 'HIGHMEM', 'DMA32', 'MOVABLE'] as const

/** The four layouts before 5.1 share bits 9 to 18. */
const MIDDLE = [
  'NOWARN',
  'REPEAT',
  'NOFAIL',
  'NORETRY',
  'MEMALLOC',
  'COMP',
  'ZERO',
  'NOMEMALLOC',
  'HARDWALL',
  'THISNODE',
] as const

const MIDDLE_RETRY = ['NOWARN', 'RETRY_MAYFAIL', ...MIDDLE.slice(2)] as const

/** Sets of flags by name, built from what an era calls waiting for reclaim. */
function sets(bits: ReadonlyMap<number, string>): [string, number][] {
  const mask = (...names: string[]): number =>
    [...bits].reduce((sum, [bit, name]) => (names.includes(name) ? sum + bit : sum), 0)
  const wait = bits.get(0x10) === 'WAIT' ? ['WAIT'] : ['DIRECT_RECLAIM', 'KSWAPD_RECLAIM']
  const old = wait.length === 1
  const kernel = [...wait, 'IO', 'FS']
  const user = [...kernel, 'HARDWALL']
  return [
    ['GFP_HIGHUSER_MOVABLE', mask(...user, 'HIGHMEM', 'MOVABLE')],
    ['GFP_HIGHUSER', mask(...user, 'HIGHMEM')],
    ['GFP_USER', mask(...user)],
    ...(mask('ACCOUNT') === 0 || old
      ? []
      : [['GFP_KERNEL_ACCOUNT', mask(...kernel, 'ACCOUNT')] as [string, number]]),
    ['GFP_KERNEL', mask(...kernel)],
    ['GFP_NOFS', mask(...wait, 'IO')],
    ['GFP_ATOMIC', old ? mask('HIGH') : mask('HIGH', 'ATOMIC', 'KSWAPD_RECLAIM')],
    ['GFP_NOIO', mask(...wait)],
    ...(old ? [] : [['GFP_NOWAIT', mask('KSWAPD_RECLAIM')] as [string, number]]),
  ]
}

function era(id: string, kernels: string, source: string, bits: Map<number, string>): GfpEra {
  return { id, kernels, source, bits, sets: sets(bits) }
}

function waitEra(id: string, kernels: string, bit20: string, source: string): GfpEra {
  const tail = ['RECLAIMABLE', bit20, 'NOTRACK', 'NO_KSWAPD', 'OTHER_NODE', 'WRITE']
  return era(id, kernels, source, layout(...ZONES, 'WAIT', 'HIGH', 'IO', 'FS', 'COLD', ...MIDDLE, ...tail))
}

function reclaimEra(id: string, kernels: string, bit20: string, source: string): GfpEra {
  const tail = ['ATOMIC', bit20, 'NOTRACK', 'DIRECT_RECLAIM', 'OTHER_NODE', 'WRITE', 'KSWAPD_RECLAIM']
  return era(
    id,
    kernels,
    source,
    layout(...ZONES, 'RECLAIMABLE', 'HIGH', 'IO', 'FS', 'COLD', ...MIDDLE, ...tail),
  )
}

function lateEra(id: string, kernels: string, bit9: string, source: string): GfpEra {
  const head = [
    ...ZONES,
    'RECLAIMABLE',
    'HIGH',
    'IO',
    'FS',
    'ZERO',
    bit9,
    'DIRECT_RECLAIM',
    'KSWAPD_RECLAIM',
    'WRITE',
  ]
  const tail = [
    'NOWARN',
    'RETRY_MAYFAIL',
    'NOFAIL',
    'NORETRY',
    'MEMALLOC',
    'COMP',
    'NOMEMALLOC',
    'HARDWALL',
    'THISNODE',
    'ACCOUNT',
    'ZEROTAGS',
  ]
  return era(id, kernels, source, layout(...head, ...tail))
}

/** Oldest first. */
export const gfpEras: readonly GfpEra[] = [
  waitEra('2.6.32', '2.6.32 to 3.7', '', 'include/linux/gfp.h of 2.6.32 and 3.7'),
  waitEra('el7', '3.10 el7', 'ACCOUNT', 'include/linux/gfp.h of 3.10.0-1160.el7'),
  waitEra('3.8', '3.8 to 4.0', 'KMEMCG', 'include/linux/gfp.h of 3.10 (7a64bf05b2a6, 3.8)'),
  waitEra('4.1', '4.1 to 4.3', 'NOACCOUNT', 'include/linux/gfp.h of 4.1 (8f4fc071b192, 4.1)'),
  reclaimEra('4.4', '4.4', 'NOACCOUNT', 'include/linux/gfp.h of 4.4 (d0164adc89f6, 4.4)'),
  reclaimEra('4.5', '4.5 to 4.9', 'ACCOUNT', 'include/linux/gfp.h of 4.9 (a9bb7e620efd, 4.5)'),
  era(
    '4.10',
    '4.10 to 4.17',
    'include/linux/gfp.h of 4.10 and 4.17 (41b6167e8f74, 4.10)',
    layout(
      ...ZONES,
      'RECLAIMABLE',
      'HIGH',
      'IO',
      'FS',
      'COLD',
      ...MIDDLE_RETRY,
      'ATOMIC',
      'ACCOUNT',
      'NOTRACK',
      'DIRECT_RECLAIM',
      'WRITE',
      'KSWAPD_RECLAIM',
      'NOLOCKDEP',
    ),
  ),
  era(
    '4.18',
    '4.18 to 5.0, el8',
    'include/linux/gfp.h of 4.18',
    layout(
      ...ZONES,
      'RECLAIMABLE',
      'HIGH',
      'IO',
      'FS',
      'WRITE',
      ...MIDDLE_RETRY,
      'ATOMIC',
      'ACCOUNT',
      'DIRECT_RECLAIM',
      'KSWAPD_RECLAIM',
      'NOLOCKDEP',
    ),
  ),
  lateEra('5.1', '5.1 to 6.2', 'ATOMIC', 'include/linux/gfp.h of 5.3, include/linux/gfp_types.h of 6.1'),
  lateEra('6.3', '6.3 and later', '', 'include/linux/gfp_types.h of 6.4 and 6.18 (2973d8229b78, 6.3)'),
]

/** First upstream release of each era that upstream numbers decide. */
const SINCE: readonly (readonly [major: number, minor: number, id: string])[] = [
  [6, 3, '6.3'],
  [5, 3, '5.1'],
  [4, 18, '4.18'],
  [4, 10, '4.10'],
  [4, 5, '4.5'],
  [4, 4, '4.4'],
  [4, 1, '4.1'],
  [3, 8, '3.8'],
  [2, 6, '2.6.32'],
]

/** The eras a release may belong to; all of them where nothing is known. */
function erasOf(release: KernelRelease | undefined): readonly GfpEra[] {
  if (release === undefined) return gfpEras
  const named = (...ids: string[]) => gfpEras.filter(({ id }) => ids.includes(id))
  if (release.stream === 'el6') return named('2.6.32')
  if (release.stream === 'el7') return named('el7')
  if (release.stream === 'el8') return named('4.18')
  // 3.10.0 without its suffix: el7 and vanilla differ in one bit.
  if (release.major === 3 && release.minor === 10 && !followsUpstream(release)) return named('el7', '3.8')
  // The bits moved between 5.0 and 5.3; which release did it was not read.
  if (release.major === 5 && release.minor < 3) return named('4.18', '5.1')
  const since = SINCE.find(
    ([major, minor]) => release.major > major || (release.major === major && release.minor >= minor),
  )
  return since === undefined ? [] : named(since[2])
}

function namesIn({ bits, sets }: GfpEra, mask: number): Omit<GfpReading, 'eras'> {
  const names: string[] = []
  let rest = mask
  let likely = false
  for (const [name, set] of sets) {
    // Bits from 2^31 on do not occur; the masks below are exact in 32 bits.
    if (set === 0 || (rest & set) !== set) continue
    names.push(name)
    rest &= ~set
    likely = true
    break
  }
  for (const [bit, name] of bits) {
    if ((rest & bit) === 0) continue
    names.push(`__GFP_${name}`)
    rest &= ~bit
  }
  return { names, unknown: rest, likely }
}

/**
 * What a gfp mask says, as the kernel would print it. One reading where the release decides the layout; else one
 * for each set of names the mask can stand for, likely ones first. A mask beyond 31 bits has no reading.
 */
export function decodeGfp(mask: number, release?: KernelRelease): readonly GfpReading[] {
  if (!Number.isInteger(mask) || mask < 0 || mask > 0x7fffffff) return []
  const readings = new Map<string, GfpReading>()
  for (const one of erasOf(release)) {
    const reading = namesIn(one, mask)
    const key = `${reading.names.join('|')}+${reading.unknown}`
    const same = readings.get(key)
    readings.set(key, { ...reading, eras: [...(same?.eras ?? []), one] })
  }
  const whole = [...readings.values()].filter(({ unknown }) => unknown === 0)
  const kept = whole.length > 0 ? whole : [...readings.values()]
  const likely = kept.filter(reading => reading.likely)
  return [...likely, ...kept.filter(reading => !reading.likely)]
}

/** What the flags say that are met in reports; the rest speaks for itself or never decides a case. */
export const gfpMeanings: Readonly<Record<string, Bilingual>> = {
  GFP_KERNEL: {
    en: 'an ordinary kernel allocation: may wait, reclaim and do I/O',
    zh: '内核普通分配，可等待、可回收、可做 I/O',
  },
  GFP_KERNEL_ACCOUNT: { en: 'GFP_KERNEL, charged to the cgroup', zh: 'GFP_KERNEL，并记账到 cgroup' },
  GFP_ATOMIC: {
    en: 'may not wait (interrupt or lock held), may use reserves',
    zh: '不能等待（中断中或持锁），可动用保留页',
  },
  GFP_NOWAIT: { en: 'may not wait and gets no reserves', zh: '不能等待，也不能动用保留页' },
  GFP_NOFS: {
    en: 'may wait and do I/O, but not call into filesystems',
    zh: '可等待、可做 I/O，但不能进入文件系统',
  },
  GFP_NOIO: { en: 'may wait, but not start I/O', zh: '可等待，但不能发起 I/O' },
  GFP_USER: { en: 'for user space, within the cpuset', zh: '为用户空间分配，受 cpuset 约束' },
  GFP_HIGHUSER: { en: 'pages for user space', zh: '用户空间的页' },
  GFP_HIGHUSER_MOVABLE: {
    en: 'pages for user space that can be moved: anonymous memory, page cache',
    zh: '可迁移的用户页（匿名内存、页缓存）',
  },
  __GFP_ZERO: { en: 'filled with zeroes', zh: '内容清零' },
  __GFP_NOWARN: { en: 'failure is not reported', zh: '失败不告警' },
  __GFP_NORETRY: { en: 'gives up soon; never triggers the OOM killer', zh: '很快放弃，不会触发 OOM killer' },
  __GFP_RETRY_MAYFAIL: { en: 'tries hard but may fail', zh: '尽力重试，但可失败' },
  __GFP_NOFAIL: { en: 'must not fail: retries forever', zh: '不允许失败：会一直重试' },
  __GFP_ACCOUNT: { en: 'charged to the cgroup', zh: '记账到 cgroup' },
  __GFP_COMP: { en: 'several pages handled as one', zh: '作为复合页管理' },
  __GFP_MEMALLOC: { en: 'may use all reserves', zh: '可动用全部保留页' },
  __GFP_THISNODE: { en: 'from this NUMA node only', zh: '只从该 NUMA 节点分配' },
  __GFP_HARDWALL: { en: 'within the cpuset', zh: '受 cpuset 约束' },
  __GFP_RECLAIMABLE: { en: 'for caches that can be reclaimed', zh: '用于可回收缓存' },
  __GFP_WRITE: { en: 'the page will be dirtied', zh: '该页将被写脏' },
  __GFP_COLD: { en: 'a page not in the CPU cache will do', zh: '可用不在 CPU 缓存中的冷页' },
}
