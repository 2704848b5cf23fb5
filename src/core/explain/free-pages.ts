// Why the page allocator gave nothing although Mem-Info shows free pages, or because it shows none: the rule by which a
// zone is judged, of that kernel's age, applied to the numbers printed. Serves page allocation failures and global OOMs.

import type { Gfp, MemInfo, MemInfoZone } from '../decode/kmsg/report.ts'
import { decodeGfp, type GfpReading } from '../knowledge/gfp-flags.ts'
import { type KernelRelease, parseRelease } from '../knowledge/kernel-release.ts'

/** What was asked for. */
export interface PageRequest {
  readonly order: number
  readonly gfp: Gfp
  /** `uname -r`, where known. */
  readonly kernel?: string | undefined
  /** Nodes that the memory policy allows; undefined: all. */
  readonly nodemask?: string | undefined
  /** Nodes that the cpuset allows; undefined: not printed. */
  readonly memsAllowed?: string | undefined
  /** It is an OOM kill: tried once more at the high watermark before (__alloc_pages_may_oom()), and held to the cpuset. */
  readonly oom?: true
}

/** What the mask means for the page allocator. */
export interface Wants {
  readonly names: ReadonlySet<string>
  /** May wait for reclaim and compaction: __GFP_DIRECT_RECLAIM, before 4.4 __GFP_WAIT. */
  readonly mayWait: boolean
  /** __GFP_HIGH: half of min is open to it. */
  readonly high: boolean
  /** ALLOC_HARDER, since 6.3 ALLOC_NON_BLOCK with __GFP_HIGH: a quarter more, and the high-atomic reserve. */
  readonly harder: boolean
  /** The highest zone it may have, by its place in ZONES. */
  readonly highest: number
}

/**
 * Why a zone gives nothing. `below`: free memory is under min. `lowmem-reserve`: it is above, but what is kept for
 * requests that need this zone is not. `high-atomic`: only the pages set aside for high-order atomic requests bring it
 * under min. `no-piece`: enough is free, not in one piece. `gives`: by the numbers printed it would give.
 */
export type ZoneState = 'gives' | 'below' | 'lowmem-reserve' | 'high-atomic' | 'no-piece'

export interface ZoneCheck {
  /** `Node 0 Normal`; without NUMA `Normal`. */
  readonly name: string
  readonly node?: number
  readonly state: ZoneState
  /** Bytes. */
  readonly free: number
  /** All of the zone; before 3.9 with what the kernel had taken at boot. */
  readonly managed?: number
  /** What must stay free for this request: min less what its flags open, plus what is kept for others. */
  readonly mark: number
  readonly reserve: number
  /** Of free, what does not count for this request: high-atomic, CMA, and the pages it takes itself. */
  readonly notCounted: number
  /** The largest free block that this request can have; 0: none. undefined: the blocks were not printed. */
  readonly largest?: number
  /** fragmentation_index() of mm/vmstat.c for the order: 0 a lack of memory, 1000 fragmentation; undefined: a block is there. */
  readonly index?: number
}

export type FreePagesVerdict =
  | 'no-memory'
  | 'fragmented'
  | 'zone-limit'
  | 'node-limit'
  | 'lowmem-reserve'
  | 'high-atomic'
  | 'atomic-reserve'
  | 'enough'
  | 'unknown'

export interface FreePages {
  readonly verdict: FreePagesVerdict
  readonly wants?: Wants
  /** The zone that decides: the largest of those the request may have. */
  readonly zone?: ZoneCheck
  /** Another one that would give; for a limit, one the request may not have. */
  readonly other?: ZoneCheck
  /** Bytes in one piece. */
  readonly needed?: number
  /** Free in all zones printed, in bytes. */
  readonly free?: number
}

/** enum zone_type of include/linux/mmzone.h; a device's pages are not given out. */
const ZONES: readonly string[] = ['DMA', 'DMA32', 'Normal', 'HighMem', 'Movable']

/** What a name for several flags stands for: include/linux/gfp_types.h. Wait was one bit before 4.4. */
const STANDS_FOR: Readonly<Record<string, readonly string[]>> = {
  GFP_KERNEL: ['DIRECT_RECLAIM'],
  GFP_KERNEL_ACCOUNT: ['DIRECT_RECLAIM'],
  GFP_NOFS: ['DIRECT_RECLAIM'],
  GFP_NOIO: ['DIRECT_RECLAIM'],
  GFP_TEMPORARY: ['DIRECT_RECLAIM'],
  GFP_USER: ['DIRECT_RECLAIM'],
  GFP_HIGHUSER: ['DIRECT_RECLAIM', 'HIGHMEM'],
  GFP_HIGHUSER_MOVABLE: ['DIRECT_RECLAIM', 'HIGHMEM', 'MOVABLE'],
  GFP_TRANSHUGE_LIGHT: ['HIGHMEM', 'MOVABLE', 'NOMEMALLOC', 'NOWARN', 'COMP'],
  GFP_TRANSHUGE: ['DIRECT_RECLAIM', 'HIGHMEM', 'MOVABLE', 'NOMEMALLOC', 'NOWARN', 'COMP'],
  GFP_ATOMIC: ['HIGH', 'ATOMIC'],
  GFP_DMA: ['DMA'],
  GFP_DMA32: ['DMA32'],
  __GFP_RECLAIM: ['DIRECT_RECLAIM'],
  __GFP_WAIT: ['DIRECT_RECLAIM'],
}

function expand(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap(name => STANDS_FOR[name] ?? [name.replace(/^__GFP_/, '')]))
}

/** Flags that decide anything below. */
const DECISIVE = ['DIRECT_RECLAIM', 'HIGH', 'DMA', 'DMA32', 'HIGHMEM', 'MOVABLE', 'MEMALLOC', 'NOMEMALLOC']

/** As the kernel named them; else by the layout of its bits, where all that fit mean the same. */
function flagsOf(gfp: Gfp, release: KernelRelease | undefined): ReadonlySet<string> | undefined {
  if (gfp.flags !== undefined) return expand(gfp.flags.split('|'))
  const all = decodeGfp(Number(gfp.mask), release)
  const likely = all.filter(reading => reading.likely)
  const read = ({ names }: GfpReading): ReadonlySet<string> => expand(names)
  const [first, ...others] = (likely.length > 0 ? likely : all).map(read)
  if (first === undefined) return undefined
  return others.every(other => DECISIVE.every(flag => other.has(flag) === first.has(flag)))
    ? first
    : undefined
}

/** What the mask asks of the page allocator; undefined: the mask cannot be read. */
export function wantsOf(gfp: Gfp, kernel: string | undefined, memInfo?: MemInfo): Wants | undefined {
  const release = kernel === undefined ? undefined : parseRelease(kernel)
  const names = flagsOf(gfp, release)
  if (names === undefined) return undefined
  const mayWait = names.has('DIRECT_RECLAIM')
  const high = names.has('HIGH')
  const waits = mayWait || names.has('NOMEMALLOC')
  return {
    names,
    mayWait,
    high,
    // until 4.3 whoever may not wait (gfp_to_alloc_flags()); since then only what GFP_ATOMIC stands for
    harder: !waits && (high || oldRule(release, memInfo)),
    highest: names.has('DMA')
      ? 0
      : names.has('DMA32')
        ? 1
        : !names.has('HIGHMEM')
          ? 2
          : names.has('MOVABLE')
            ? 4
            : 3,
  }
}

/** Until 4.3 the watermark was halved from order to order (__zone_watermark_ok()); since 4.4 one free block is enough. */
function oldRule(release: KernelRelease | undefined, memInfo: MemInfo | undefined): boolean {
  if (release !== undefined) return release.major < 4 || (release.major === 4 && release.minor < 4)
  // lines for the node came with 4.8
  return memInfo !== undefined && memInfo.nodes.length === 0
}

/** `0-1,3` as a test; a list that cannot be read allows everything. */
function nodes(list: string | undefined): (node: number | undefined) => boolean {
  if (list === undefined) return () => true
  const ranges = list.split(',').map(range => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range))
  return node =>
    node === undefined ||
    ranges.some(range => range === null || (node >= Number(range[1]) && node <= Number(range[2] ?? range[1])))
}

/** Whether blocks of these migrate types are for this request: U, M and E are for all, R was (until 4.3). */
function usable(types: string | undefined, wants: Wants, order: number): boolean {
  if (types === undefined) return true
  return (
    /[UMER]/.test(types) ||
    (types.includes('C') && wants.names.has('MOVABLE')) ||
    (types.includes('H') && wants.harder && order > 0)
  )
}

/**
 * fragmentation_index() of mm/vmstat.c: free pages in blocks too small, by how small they are, 0 to 1000. undefined:
 * there is a block of the order, or nothing at all is free. `free` is the number of free blocks by order.
 */
export function fragmentationIndex(free: readonly number[], order: number): number | undefined {
  const blocks = free.reduce((sum, count) => sum + count, 0)
  if (blocks === 0 || free.some((count, at) => at >= order && count > 0)) return undefined
  const pages = free.reduce((sum, count, at) => sum + count * 2 ** at, 0)
  return 1000 - Math.floor((1000 + Math.floor((pages * 1000) / 2 ** order)) / blocks)
}

function place(zone: MemInfoZone): number {
  return ZONES.indexOf(zone.zone)
}

/** Of each node the highest zone a request may have. */
function tops(zones: readonly MemInfoZone[], highest: number): ReadonlyMap<number | undefined, MemInfoZone> {
  const found = new Map<number | undefined, MemInfoZone>()
  for (const zone of zones) {
    const before = found.get(zone.node)
    if (place(zone) <= highest && (before === undefined || place(zone) > place(before)))
      found.set(zone.node, zone)
  }
  return found
}

/**
 * Bytes of a zone kept from requests that may have a higher one: lowmem_reserve[] at the index of the highest zone the
 * request may have. Which index that is depends on the kernel's configuration, but the array of that zone itself has
 * zeroes up to it, and the same value holds for empty zones above.
 */
function reserveOf(zone: MemInfoZone, top: MemInfoZone | undefined, pageSize: number): number {
  if (top === undefined || top === zone || zone.lowmemReserve === undefined) return 0
  const above = top.lowmemReserve?.findIndex(pages => pages !== 0) ?? -1
  const index = above < 0 ? zone.lowmemReserve.length - 1 : above - 1
  return Math.max(0, zone.lowmemReserve[index] ?? 0) * pageSize
}

/** The rule of zone_watermark_ok() for one zone; undefined: its free memory or watermark was not printed. */
function check(
  zone: MemInfoZone,
  top: MemInfoZone | undefined,
  pageSize: number,
  { order, oom }: PageRequest,
  wants: Wants,
  old: boolean,
): ZoneCheck | undefined {
  const { free, min, high, boost = 0, present, managed = present, free_cma = 0 } = zone.values
  if (free === undefined || min === undefined) return undefined
  const harder = wants.harder && !oom
  const reaches = wants.high && !oom
  // an order-0 request with __GFP_HIGH is held to the watermark without its boost (zone_watermark_fast(), 5.8)
  let mark = oom ? (high ?? min) : order === 0 && reaches ? min - boost : min
  if (reaches) mark -= Math.floor(mark / 2)
  if (harder) mark -= Math.floor(mark / 4)
  // __GFP_MEMALLOC is held to no watermark
  const unlimited = wants.names.has('MEMALLOC') && !wants.names.has('NOMEMALLOC')
  if (unlimited) mark = 0
  const reserve = unlimited ? 0 : reserveOf(zone, top, pageSize)
  const own = (2 ** order - 1) * pageSize
  const cma = wants.names.has('MOVABLE') ? 0 : free_cma
  // until 6.12 all that is set aside was taken for free (reserved_highatomic), later what is free of it
  const highAtomic = harder ? 0 : (zone.values['free_highatomic'] ?? zone.values['reserved_highatomic'] ?? 0)
  const counted = free - own - cma - highAtomic
  const blocks = zone.blocks
  const suitable = blocks?.filter(
    ({ count, types }, at) => at >= order && count > 0 && usable(types, wants, order),
  )
  const largest = blocks
    ?.filter(({ count, types }) => count > 0 && usable(types, wants, order))
    .reduce((most, { size }) => Math.max(most, size), 0)
  const index = fragmentationIndex(blocks?.map(({ count }) => count) ?? [], order)
  const state = ((): ZoneState => {
    if (counted <= mark + reserve)
      return counted > mark
        ? 'lowmem-reserve'
        : counted + highAtomic > mark + reserve
          ? 'high-atomic'
          : 'below'
    if (order === 0 || blocks === undefined) return 'gives'
    if (suitable?.length === 0) return 'no-piece'
    return old && !enoughInLarge(blocks, order, counted, mark) ? 'no-piece' : 'gives'
  })()
  return {
    name: zone.node === undefined ? zone.zone : `Node ${zone.node} ${zone.zone}`,
    ...(zone.node === undefined ? {} : { node: zone.node }),
    state,
    free,
    ...(managed === undefined ? {} : { managed }),
    mark,
    reserve,
    notCounted: own + cma + highAtomic,
    ...(largest === undefined ? {} : { largest }),
    ...(index === undefined || order === 0 ? {} : { index }),
  }
}

/** Until 4.3: blocks of each lower order do not count, and of what is left more than half as much as before must be free. */
function enoughInLarge(
  blocks: NonNullable<MemInfoZone['blocks']>,
  order: number,
  counted: number,
  mark: number,
): boolean {
  let free = counted
  let min = mark
  for (const { size, count } of blocks.slice(0, order)) {
    free -= size * count
    min /= 2
    if (free <= min) return false
  }
  return true
}

/** By the numbers of Mem-Info: why the request got nothing. */
export function freePages(request: PageRequest, memInfo: MemInfo | undefined): FreePages {
  const wants = wantsOf(request.gfp, request.kernel, memInfo)
  const base = wants === undefined ? {} : { wants }
  const pageSize = memInfo?.pageSize
  if (
    memInfo === undefined ||
    wants === undefined ||
    pageSize === undefined ||
    request.order < 0 ||
    request.order > 30
  )
    return { verdict: 'unknown', ...base }
  const needed = pageSize * 2 ** request.order
  const old = oldRule(request.kernel === undefined ? undefined : parseRelease(request.kernel), memInfo)
  const policy = nodes(request.nodemask)
  const cpuset = nodes(request.memsAllowed)
  // what may not wait is not held to the cpuset (gfp_to_alloc_flags())
  const allowed = (node: number | undefined): boolean =>
    policy(node) && ((wants.harder && !request.oom) || cpuset(node))
  const zones = memInfo.zones.filter(zone => place(zone) >= 0)
  const top = tops(zones, wants.highest)
  const checked = zones.flatMap(zone => {
    const one = check(zone, top.get(zone.node), pageSize, request, wants, old)
    return one === undefined ? [] : [{ zone, check: one }]
  })
  const size = ({ zone }: (typeof checked)[number]): number =>
    zone.values['managed'] ?? zone.values['present'] ?? zone.values['free'] ?? 0
  const bySize = [...checked].sort((a, b) => size(b) - size(a))
  const own = bySize.filter(({ zone }) => place(zone) <= wants.highest && allowed(zone.node))
  const free = checked.reduce((sum, one) => sum + one.check.free, 0)
  const [main] = own
  if (main === undefined) return { verdict: 'unknown', ...base, needed }
  const gives = (list: typeof checked): ZoneCheck | undefined =>
    list.find(one => one.check.state === 'gives')?.check
  const given = (verdict: FreePagesVerdict, other?: ZoneCheck): FreePages => ({
    verdict,
    ...base,
    zone: main.check,
    ...(other === undefined ? {} : { other }),
    needed,
    free,
  })
  const same = gives(own)
  if (main.check.state === 'gives') return given('enough')
  // a lower zone that has come just above its reserve does not make the fragments of the main one whole
  if (same !== undefined && main.check.state !== 'no-piece') return { ...given('enough'), zone: same }
  if (same === undefined) {
    const elsewhere = gives(bySize.filter(({ zone }) => place(zone) <= wants.highest && !allowed(zone.node)))
    if (elsewhere !== undefined) return given('node-limit', elsewhere)
    const higher = gives(bySize.filter(({ zone }) => place(zone) > wants.highest && allowed(zone.node)))
    if (higher !== undefined) return given('zone-limit', higher)
  }
  switch (main.check.state) {
    case 'no-piece':
      return given('fragmented', same)
    case 'high-atomic':
    case 'lowmem-reserve':
      return given(main.check.state)
    default:
      return given(wants.mayWait || request.oom ? 'no-memory' : 'atomic-reserve')
  }
}
