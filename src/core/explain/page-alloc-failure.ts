// "page allocation failure" (warn_alloc() of mm/page_alloc.c) in words: what was asked for, why there was none of it by
// the numbers printed, and whether it matters.

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import type { Frame, MemInfo, PageAllocationFailure } from '../decode/kmsg/report.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { slabCache } from '../knowledge/slab-caches.ts'
import type { ExplanationOf } from './explanation.ts'
import { type FreePages, freePages, type ZoneCheck } from './free-pages.ts'
import { gfpWords } from './gfp.ts'

/** PAGE_ALLOC_COSTLY_ORDER of include/linux/mmzone.h: above it the kernel gives up early, and callers must expect that. */
export const COSTLY_ORDER = 3

export const pageAllocationWords = text({
  en: {
    failed: '{comm} asked the kernel for {needed|bytes} in one piece (order {order}) and got nothing',
    failedPages:
      '{comm} asked the kernel for {pages|number} pages in one piece (order {order}) and got nothing',
    failedPage: '{comm} asked the kernel for one page and got nothing',
    stalled: '{comm} has been waiting for memory for {stalled|number} ms (order {order})',
    claim:
      'The lines were written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    notOom: 'Nothing is killed for this: the caller is told that there is no memory, and has to do without.',
    waits: 'Nothing has failed yet: the kernel goes on looking for memory.',
    caller: 'The call trace names {caller} as the one that asked.',
    module: 'The call trace names {caller} of module {module} as the one that asked.',
    reclaimed: 'The caller could wait: reclaim and compaction had been tried before the kernel gave up.',
    noRetry:
      'The caller asked not to try hard (__GFP_NORETRY), as one does who has something to fall back on.',
    mayFail: 'The caller asked to try hard but to fail in the end (__GFP_RETRY_MAYFAIL).',
    atomic:
      'The caller may not wait (interrupt, or a lock held): neither reclaim nor compaction is tried for it.',
    'no-memory':
      'Memory was short: {zone} had {free|bytes} free, must keep {keeps|bytes}, and would have had less after this.',
    fragmented:
      'Fragmentation: {zone} had {free|bytes} of {managed|bytes} free, more than it must keep ({keeps|bytes}), but the largest free block this request can have is {largest|bytes}.',
    fragmentedOld:
      'Fragmentation: {zone} had {free|bytes} of {managed|bytes} free, more than it must keep ({keeps|bytes}), but too little of it in large blocks (kernels up to 4.3 want some left of every order).',
    index:
      'The kernel’s own measure for this order is {index} (0: a lack of memory, 1000: fragmentation; it compacts above vm.extfrag_threshold, 500).',
    'zone-limit':
      'A zone’s limit: the request may have nothing above {zone}, which had {free|bytes} free of the {keeps|bytes} it must keep; {other} had {otherFree|bytes} free.',
    'node-limit':
      'A node’s limit: the request may only have memory of nodes {nodes}, where {zone} had {free|bytes} free of the {keeps|bytes} it must keep; {other} had {otherFree|bytes} free.',
    'lowmem-reserve':
      '{zone} had {free|bytes} free, but keeps {reserve|bytes} of that for requests that can have no other zone (lowmem_reserve).',
    'high-atomic':
      '{zone} had {free|bytes} free, but {notCounted|bytes} are set aside for high-order atomic requests (reserved_highatomic), and what is left is under the watermark. Up to 6.12 pages of it that are in use are deducted too.',
    'atomic-reserve':
      'The reserve for callers that may not wait was used up: {zone} had {free|bytes} free and this caller must leave {keeps|bytes}. Memory was taken faster than it was reclaimed.',
    reclaimable:
      'About {reclaimable|bytes} of page cache and slab could be reclaimed, but that takes a caller that may wait, or kswapd.',
    enough:
      'By these numbers {zone} could give it: memory came free between the failure and the report, or a limit held that is not printed (a single NUMA node).',
    since: '{other} could have given it when this was printed: memory had come free in between.',
    noMemInfo:
      'The memory figures of this failure (Mem-Info) are not in the log: whether memory was short or fragmented cannot be told.',
    cannotTell: 'The figures printed do not tell why there was none.',
    small:
      'Requests up to order 3 that may wait hardly ever fail: the node was out of such memory for some time.',
    costly:
      'Above order 3 the kernel does not try at any price (PAGE_ALLOC_COSTLY_ORDER): callers must expect a no, though not all do.',
    packet:
      'By the call trace it is a network receive: that packet is dropped and sent again. A single one does no harm.',
    hugePage: 'By the call trace it is for a huge page: small pages are used in its place.',
    truncated: 'The log ends, or goes on to something else, before the figures do.',
    asked: 'asked for',
    gfp: 'gfp',
    process: 'process',
    cpuset: 'cpuset (nodes)',
    zoneRow: 'free / must keep / largest block',
    anon: 'anonymous and tmpfs',
    shmem: 'of it tmpfs, shmem',
    file: 'page cache of files',
    slab: 'unreclaimable slab',
    pagetables: 'page tables',
    swap: 'swap free / all',
    topSlab: 'largest unreclaimable cache',
  },
  zh: {
    failed: '{comm} 向内核申请一块连续的 {needed|bytes}（order {order}），没有分配到',
    failedPages: '{comm} 向内核申请 {pages|number} 个连续页（order {order}），没有分配到',
    failedPage: '{comm} 向内核申请一个页，没有分配到',
    stalled: '{comm} 等待内存已达 {stalled|number} 毫秒（order {order}）',
    claim: '这些行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    notOom: '不会因此杀进程：调用者得知没有内存，只能自行处理。',
    waits: '尚未失败：内核还在继续寻找内存。',
    caller: '从调用栈看，是 {caller} 申请的。',
    module: '从调用栈看，是模块 {module} 的 {caller} 申请的。',
    reclaimed: '调用者可以等待：内核放弃之前已尝试过回收和整理。',
    noRetry: '调用者要求不必尽力（__GFP_NORETRY），通常自有退路。',
    mayFail: '调用者要求尽力尝试，但允许最终失败（__GFP_RETRY_MAYFAIL）。',
    atomic: '调用者不能等待（中断中或持锁）：内核不会为它做回收和整理。',
    'no-memory':
      '内存不足：{zone} 有 {free|bytes} 空闲，必须保留 {keeps|bytes}，给出这次申请的内存后就不够了。',
    fragmented:
      '内存碎片：{zone} 共 {managed|bytes}，有 {free|bytes} 空闲，多于必须保留的 {keeps|bytes}，但该请求能用的最大空闲块只有 {largest|bytes}。',
    fragmentedOld:
      '内存碎片：{zone} 共 {managed|bytes}，有 {free|bytes} 空闲，多于必须保留的 {keeps|bytes}，但大块太少（4.3 及以前的内核要求每一阶都有剩余）。',
    index:
      '内核自己对这一阶的衡量值是 {index}（0 表示内存不足，1000 表示碎片；超过 vm.extfrag_threshold 即 500 时内核会做整理）。',
    'zone-limit':
      'zone 的限制：该请求不能使用 {zone} 以上的内存，{zone} 有 {free|bytes} 空闲，而必须保留 {keeps|bytes}；{other} 还有 {otherFree|bytes} 空闲。',
    'node-limit':
      'NUMA 节点的限制：该请求只能使用节点 {nodes} 的内存，其中 {zone} 有 {free|bytes} 空闲，而必须保留 {keeps|bytes}；{other} 还有 {otherFree|bytes} 空闲。',
    'lowmem-reserve':
      '{zone} 有 {free|bytes} 空闲，但其中 {reserve|bytes} 要留给只能使用该 zone 的请求（lowmem_reserve）。',
    'high-atomic':
      '{zone} 有 {free|bytes} 空闲，但 {notCounted|bytes} 预留给高阶原子分配（reserved_highatomic），余下的低于水位线。6.12 及以前，其中已在使用的页也会被扣除。',
    'atomic-reserve':
      '不能等待的调用者可动用的保留页已用完：{zone} 有 {free|bytes} 空闲，而该调用者必须留下 {keeps|bytes}。内存消耗比回收快。',
    reclaimable: '约有 {reclaimable|bytes} 的页缓存和 slab 可以回收，但要由能等待的调用者或 kswapd 来做。',
    enough:
      '按这些数字 {zone} 本可满足：失败之后、打印之前有内存释放，或受到未打印的限制（只限单个 NUMA 节点）。',
    since: '打印时 {other} 已能满足：期间有内存释放。',
    noMemInfo: '日志里没有这次失败的内存数据（Mem-Info）：看不出是内存不足还是碎片。',
    cannotTell: '从打印的数据看不出原因。',
    small: 'order 3 及以下、可以等待的请求几乎不会失败：说明节点缺这类内存已有一段时间。',
    costly:
      'order 3 以上，内核不会不惜代价去满足（PAGE_ALLOC_COSTLY_ORDER）：调用者应当能承受失败，但并非都能。',
    packet: '从调用栈看是网络收包：该包被丢弃，之后重传。偶尔一次没有影响。',
    hugePage: '从调用栈看是为大页申请：会改用普通页。',
    truncated: '数据没有打印完，日志就结束或转到别的内容了。',
    asked: '申请的大小',
    gfp: 'gfp',
    process: '进程',
    cpuset: 'cpuset（节点）',
    zoneRow: '空闲 / 必须保留 / 最大块',
    anon: '匿名内存与 tmpfs',
    shmem: '其中 tmpfs、shmem',
    file: '文件页缓存',
    slab: '不可回收 slab',
    pagetables: '页表',
    swap: 'swap 空闲 / 总量',
    topSlab: '最大的不可回收缓存',
  },
})

type Words = typeof pageAllocationWords.en

/** What the request is for, as far as its call trace tells. */
export type Purpose = 'packet' | 'huge-page' | 'other'

/**
 * Functions on the way of a received packet, and of a huge page. A packet that is sent, or a socket that is written,
 * may wait and tells its process.
 */
const PACKET =
  /^(?:__?netdev_alloc_(?:skb|frag)|_*napi_alloc_(?:skb|frag)|page_pool_\w+|net_rx_action|__napi_poll|napi_poll|__netif_receive_skb\w*|netif_receive_skb\w*|napi_gro_\w+|virtnet_(?:poll|receive)|try_fill_recv|\w*_(?:alloc_rx_\w+|rx_(?:refill|fill|clean)\w*))$/
const HUGE_PAGE =
  /^(?:alloc_(?:fresh|pool|buddy|surplus)_(?:huge_?page|hugetlb_folio)\w*|alloc_fresh_hugetlb_folio|do_huge_pmd_(?:anonymous|wp)_page\w*|collapse_huge_page|khugepaged\w*|vma_alloc_anon_folio_pmd)$/

/** The allocator's own functions and the printing of the trace: who asked stands behind them. */
const ALLOCATOR =
  /^(?:dump_stack\w*|dump_backtrace|show_(?:stack|trace)\w*|warn_alloc\w*|_*alloc_pages?(?:_\w+)?|_*alloc_frozen_pages\w*|_*alloc_folio\w*|_*get_free_pages?\w*|get_zeroed_page\w*|get_page_from_freelist|_*folio_alloc\w*|vma_alloc_folio\w*|_*kmalloc\w*|_*do_kmalloc\w*|_*kvmalloc\w*|kmem_cache_alloc\w*|kmem_getpages|_*slab_alloc\w*|___?slab_alloc\w*|new_slab\w*|allocate_slab\w*|alloc_slab_page|cache_(?:grow\w*|alloc_\w+)|____cache_alloc\w*|fallback_alloc|_*kzalloc\w*|krealloc\w*|slob_\w+|_*vmalloc\w*|dma_(?:direct_)?alloc\w*|should_fail\w*|__sanitizer\w*|_*kasan_\w+|ret_from_\w+|entry_\w+)$/

/** The innermost caller that is no allocator; frames that only stood on the stack do not count. */
export function askedBy(frames: readonly Frame[]): Frame | undefined {
  return callers(frames).find(frame => frame.function !== undefined && !ALLOCATOR.test(base(frame.function)))
}

/** Kernels that could not unwind, 2.6.32 in interrupts for one, have a question mark on every frame. */
function callers(frames: readonly Frame[]): readonly Frame[] {
  const sure = frames.filter(frame => frame.uncertain !== true)
  return sure.length > 0 ? sure : frames
}

/** Without what the compiler adds: `__alloc_pages_slowpath.constprop.0`. */
const base = (name: string): string => name.replace(/\.(?:constprop|isra|part|cold|llvm).*$/, '')

export function purposeOf(frames: readonly Frame[]): Purpose {
  const names = callers(frames).flatMap(frame => (frame.function === undefined ? [] : [base(frame.function)]))
  if (names.some(name => HUGE_PAGE.test(name))) return 'huge-page'
  return names.some(name => PACKET.test(name)) ? 'packet' : 'other'
}

/** What Mem-Info tells of one failure. */
export function freePagesOf(report: PageAllocationFailure): FreePages {
  return freePages(report, report.memInfo)
}

/** Bytes of the summary's pages; undefined where they, or the size of a page, were not printed. */
export function inBytes({ pages, pageSize }: MemInfo, ...keys: readonly string[]): number | undefined {
  const values = keys.map(key => pages[key]).filter(value => value !== undefined)
  if (pageSize === undefined || values.length === 0) return undefined
  return values.reduce((sum, value) => sum + value, 0) * pageSize
}

/** The values by which sentences about a verdict speak of its zone. */
export function zoneValues({ zone, other }: FreePages): {
  readonly zone: string | undefined
  readonly free: number | undefined
  readonly managed: number | undefined
  readonly keeps: number | undefined
  readonly reserve: number | undefined
  readonly notCounted: number | undefined
  readonly largest: number | undefined
  readonly index: number | undefined
  readonly other: string | undefined
  readonly otherFree: number | undefined
} {
  return {
    zone: zone?.name,
    free: zone?.free,
    managed: zone?.managed ?? zone?.free,
    keeps: zone === undefined ? undefined : zone.mark + zone.reserve,
    reserve: zone?.reserve,
    notCounted: zone?.notCounted,
    largest: zone?.largest,
    index: zone?.index,
    other: other?.name,
    otherFree: other?.free,
  }
}

/** Whether large blocks are there, and only the rule of kernels up to 4.3 is not met. */
const byOldRule = ({ zone, needed }: FreePages): boolean =>
  zone?.largest !== undefined && needed !== undefined && zone.largest >= needed

/** A failed page allocation, in words. */
export function explainPageAllocationFailure(report: PageAllocationFailure): ExplanationOf<Words> {
  const { comm, order, memInfo, frames, gfp, stalled } = report
  const found = freePagesOf(report)
  const { verdict, wants, needed } = found
  const claimed = report.userWritten === true
  const waiting = report.warns === 'stall'
  const purpose = purposeOf(frames)
  const caller = askedBy(frames)
  const limited = wants?.names.has('NORETRY')
    ? 'noRetry'
    : wants?.names.has('RETRY_MAYFAIL')
      ? 'mayFail'
      : undefined
  const reclaimable =
    memInfo === undefined ? undefined : inBytes(memInfo, 'active_file', 'inactive_file', 'slab_reclaimable')
  return {
    text: pageAllocationWords,
    values: {
      comm,
      order,
      needed,
      pages: 2 ** order,
      stalled,
      caller: caller?.function,
      module: caller?.module,
      reclaimable,
      nodes: report.nodemask ?? report.memsAllowed,
      ...zoneValues(found),
    },
    title: waiting ? 'stalled' : order === 0 ? 'failedPage' : needed === undefined ? 'failedPages' : 'failed',
    summary: kept(
      claimed && 'claim',
      why(found, memInfo),
      verdict === 'fragmented' && !byOldRule(found) && found.zone?.index !== undefined && 'index',
      verdict === 'atomic-reserve' && (reclaimable ?? 0) > 0 && 'reclaimable',
      verdict !== 'zone-limit' && verdict !== 'node-limit' && found.other !== undefined && 'since',
      caller !== undefined && (caller.module === undefined ? 'caller' : 'module'),
      wants === undefined || waiting ? undefined : !wants.mayWait ? 'atomic' : (limited ?? 'reclaimed'),
      waiting ? 'waits' : 'notOom',
      purpose === 'packet' && 'packet',
      purpose === 'huge-page' && 'hugePage',
      !waiting && purpose === 'other' && order > COSTLY_ORDER && 'costly',
      !waiting && order <= COSTLY_ORDER && wants?.mayWait === true && limited === undefined && 'small',
      report.truncated === true && 'truncated',
    ),
    facts: [
      ...row('asked', needed),
      ...row('gfp', gfpWords(gfp, report.kernel)),
      ...row('process', report.pid === undefined ? undefined : `${comm} (pid ${report.pid})`),
      ...row(
        'cpuset',
        report.cpuset === undefined ? undefined : `${report.cpuset} (${report.memsAllowed ?? '?'})`,
      ),
      ...row('zoneRow', found.zone === undefined ? undefined : zoneRow(found.zone)),
      ...memInfoFacts(memInfo),
    ],
    remedies: claimed ? [] : remediesFor(found, order),
  }
}

function why({ verdict, ...found }: FreePages, memInfo: MemInfo | undefined): keyof Words {
  if (verdict === 'unknown') return memInfo === undefined ? 'noMemInfo' : 'cannotTell'
  return verdict === 'fragmented' && byOldRule({ verdict, ...found }) ? 'fragmentedOld' : verdict
}

function row(label: keyof Words, value: Value | undefined): readonly (readonly [keyof Words, Value])[] {
  return value === undefined ? [] : [[label, value]]
}

function zoneRow({ name, free, mark, reserve, largest }: ZoneCheck): string {
  const parts = [free, mark + reserve, largest].map(bytes => (bytes === undefined ? '?' : formatBytes(bytes)))
  return `${name}: ${parts.join(' / ')}`
}

/** Who has the memory, by the summary. */
function memInfoFacts(memInfo: MemInfo | undefined): readonly (readonly [keyof Words, Value])[] {
  if (memInfo === undefined) return []
  const { freeSwap, totalSwap } = memInfo
  const [top] = topSlab(memInfo)
  return [
    ...row('anon', inBytes(memInfo, 'active_anon', 'inactive_anon', 'isolated_anon')),
    // tmpfs pages are kept with the anonymous ones, since they too can only go to swap
    ...row('shmem', inBytes(memInfo, 'shmem')),
    ...row('file', inBytes(memInfo, 'active_file', 'inactive_file', 'isolated_file')),
    ...row('slab', inBytes(memInfo, 'slab_unreclaimable')),
    ...row('pagetables', inBytes(memInfo, 'pagetables')),
    ...row(
      'swap',
      freeSwap === undefined || totalSwap === undefined || totalSwap === 0
        ? undefined
        : `${formatBytes(freeSwap)} / ${formatBytes(totalSwap)}`,
    ),
    ...row('topSlab', top === undefined ? undefined : `${top.cache} ${formatBytes(top.total)}`),
  ]
}

/** The largest rows of "Unreclaimable slab info"; `row`: the name under which knowledge/slab-caches.ts knows the owner. */
export function topSlab(
  { slab }: MemInfo,
  most = 3,
): readonly { readonly cache: string; readonly total: number; readonly row?: string }[] {
  if (slab === undefined || slab === 'unread') return []
  return [...slab]
    .sort((a, b) => b.total - a.total)
    .slice(0, most)
    .map(({ cache, total }) => {
      const row = slabCache(cache)?.name
      return { cache, total, ...(row === undefined ? {} : { row }) }
    })
}

/** What helps, by why there was none. */
export function remediesFor({ verdict, wants }: FreePages, order: number): readonly RemedyId[] {
  const fragmented = verdict === 'fragmented' || (verdict === 'unknown' && order > 0)
  const reserve = wants?.mayWait === false || verdict === 'atomic-reserve' || verdict === 'high-atomic'
  return kept(
    'save-evidence',
    fragmented && 'compact-memory',
    fragmented && 'compact-earlier',
    (reserve || verdict === 'no-memory') && 'raise-watermarks',
    verdict === 'no-memory' && 'reserve-node-memory',
    verdict === 'no-memory' && 'find-slab-owner',
    verdict === 'high-atomic' && 'kernel-upgrade',
  )
}
