// Where a node's memory was when the OOM killer was called for all of it, in words: by Mem-Info and "Unreclaimable slab
// info" of the report.

import { kept } from '../base/kept.ts'
import { type Text, text, type Value } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import type { OomReport } from '../decode/kmsg/report.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { slabCaches } from '../knowledge/slab-caches.ts'
import { type FreePages, freePages } from './free-pages.ts'
import { inBytes, topSlab, zoneValues } from './page-alloc-failure.ts'

const own = text({
  en: {
    nodeShort:
      'No memory was left: {zone}, the largest zone the request could have, had {free|bytes} free, and the kernel kills below {keeps|bytes} (the high watermark).',
    nodeFragmented:
      'Not a lack of memory but fragmentation: {needed|bytes} were needed in one piece (order {order}); {zone} had {free|bytes} free, and the largest free block the request could have was {largest|bytes}.',
    nodeZoneLimit:
      'Only a part of the memory was used up: the request could have nothing above {zone}, which had {free|bytes} free, while {other} had {otherFree|bytes} free.',
    nodeNodeLimit:
      'Only some NUMA nodes were used up: {zone} had {free|bytes} free, while {other}, which the request could not have, had {otherFree|bytes}.',
    nodeLowmem:
      '{zone} had {free|bytes} free, but kept {reserve|bytes} of that for requests that can have no other zone (lowmem_reserve).',
    nodeHighAtomic:
      '{zone} had {free|bytes} free, but {notCounted|bytes} counted as set aside for high-order atomic requests (reserved_highatomic), up to 6.12 even where they were in use: this kill may have been needless.',
    nodeEnough:
      'By the figures printed {zone} had enough again ({free|bytes} free): memory came free while the kernel was killing.',
    nodePageFault:
      'Nothing was missing on the node: {zone} had {free|bytes} free. A mask of 0 says that a page fault ended in ENOMEM (pagefault_out_of_memory()), as it does where a memory cgroup refuses to be charged: look for one at its limit, of kernel memory first.',
    nodeHeld:
      'At that time: anonymous memory and tmpfs {nodeAnon|bytes} (of it tmpfs and shared memory {nodeShmem|bytes}), page cache of files {nodeFile|bytes}, unreclaimable slab {nodeSlab|bytes}, page tables {nodeTables|bytes}.',
    nodeNoSwap: 'Of {swap|bytes} of swap nothing was free.',
    nodeTopSlab: 'Largest unreclaimable slab caches: {caches}.',
    nodeSlabUnread:
      'There was more unreclaimable slab than all else, but the kernel could not list the caches then.',
  },
  zh: {
    nodeShort:
      '内存耗尽：该请求能用的最大 zone 是 {zone}，只有 {free|bytes} 空闲，低于 {keeps|bytes}（高水位线）内核就会杀进程。',
    nodeFragmented:
      '不是内存不足，而是碎片：需要连续的 {needed|bytes}（order {order}）；{zone} 有 {free|bytes} 空闲，但该请求能用的最大空闲块只有 {largest|bytes}。',
    nodeZoneLimit:
      '只有一部分内存用完：该请求不能使用 {zone} 以上的内存，{zone} 有 {free|bytes} 空闲，而 {other} 还有 {otherFree|bytes} 空闲。',
    nodeNodeLimit:
      '只有部分 NUMA 节点用完：{zone} 有 {free|bytes} 空闲，而该请求不能使用的 {other} 还有 {otherFree|bytes}。',
    nodeLowmem:
      '{zone} 有 {free|bytes} 空闲，但其中 {reserve|bytes} 要留给只能使用该 zone 的请求（lowmem_reserve）。',
    nodeHighAtomic:
      '{zone} 有 {free|bytes} 空闲，但 {notCounted|bytes} 算作预留给高阶原子分配（reserved_highatomic），6.12 及以前即使已被使用也照扣：这次杀进程可能并无必要。',
    nodeEnough: '按打印的数据，{zone} 已重新够用（{free|bytes} 空闲）：内核杀进程期间有内存释放。',
    nodePageFault:
      '节点并不缺内存：{zone} 有 {free|bytes} 空闲。掩码为 0 表示缺页处理得到 ENOMEM（pagefault_out_of_memory()），内存 cgroup 拒绝记账时就会这样：应查找达到限制的 cgroup，首先看内核内存的限制。',
    nodeHeld:
      '当时：匿名内存与 tmpfs {nodeAnon|bytes}（其中 tmpfs 与共享内存 {nodeShmem|bytes}），文件页缓存 {nodeFile|bytes}，不可回收 slab {nodeSlab|bytes}，页表 {nodeTables|bytes}。',
    nodeNoSwap: '{swap|bytes} 的 swap 已全部用完。',
    nodeTopSlab: '最大的不可回收 slab 缓存：{caches}。',
    nodeSlabUnread: '当时不可回收 slab 比其他内存都多，但内核未能列出各缓存。',
  },
})

type OwnerKey = `owner-${string}`
type Owners = Readonly<Record<OwnerKey, string>>

function owners(language: 'en' | 'zh'): Owners {
  return Object.fromEntries(
    slabCaches.map(({ name, owner }) => [
      `owner-${name}` as const,
      language === 'en' ? `What ${name} holds: ${owner.en}.` : `${name} 存放的是：${owner.zh}。`,
    ]),
  )
}

export type NodeMemoryWords = typeof own.en & Owners

export const nodeMemoryWords: Text<NodeMemoryWords> = {
  en: { ...own.en, ...owners('en') },
  zh: { ...own.zh, ...owners('zh') },
}

export interface NodeMemory {
  readonly values: Readonly<Record<string, Value | undefined>>
  /** Sentences, in the order in which they should be read; none where Mem-Info is not in the log. */
  readonly summary: readonly (keyof typeof own.en | OwnerKey)[]
  readonly verdict: FreePages['verdict']
  /** The node, or the part of it that was asked, had memory: the kill was for want of something else. */
  readonly had: boolean
  /** What helps beside what helps against any shortage. */
  readonly remedies: readonly RemedyId[]
}

const WHY: Readonly<Record<FreePages['verdict'], keyof typeof own.en | undefined>> = {
  'no-memory': 'nodeShort',
  'atomic-reserve': 'nodeShort',
  fragmented: 'nodeFragmented',
  'zone-limit': 'nodeZoneLimit',
  'node-limit': 'nodeNodeLimit',
  'lowmem-reserve': 'nodeLowmem',
  'high-atomic': 'nodeHighAtomic',
  enough: 'nodeEnough',
  unknown: undefined,
}

/** The nodes of the memory policy and of the cpuset, as the `oom-kill:` line has them (5.0 and later). */
function nodesOf({ quotes }: OomReport): { readonly nodemask?: string; readonly memsAllowed?: string } {
  const line = quotes.find(({ text }) => text.includes('oom-kill:constraint='))?.text ?? ''
  const nodemask = /,nodemask=([\d,-]{1,1024}),cpuset=/.exec(line)?.[1]
  const memsAllowed = /,mems_allowed=([\d,-]{1,1024}?),(?:oom_memcg|global_oom|task_memcg)/.exec(line)?.[1]
  return {
    ...(nodemask === undefined ? {} : { nodemask }),
    ...(memsAllowed === undefined ? {} : { memsAllowed }),
  }
}

/** That it was enough again when the figures were printed says nothing of before. */
const HAD: ReadonlySet<FreePages['verdict']> = new Set([
  'fragmented',
  'zone-limit',
  'node-limit',
  'high-atomic',
])

/** Of an OOM that was no memory cgroup's; a SysRq-f asks for nothing, so nothing can have been missing. */
export function nodeMemory(report: OomReport): NodeMemory {
  const { memInfo, gfp, order, kernel, scope } = report
  if (memInfo === undefined || scope === 'memcg')
    return { values: {}, summary: [], verdict: 'unknown', had: false, remedies: [] }
  const asked = gfp !== undefined && order !== undefined && scope !== 'sysrq'
  const found: FreePages = asked
    ? freePages({ gfp, order, kernel, ...nodesOf(report), oom: true }, memInfo)
    : { verdict: 'unknown' }
  const top = topSlab(memInfo)
  const [largest] = top
  const parts = {
    nodeAnon: inBytes(memInfo, 'active_anon', 'inactive_anon', 'isolated_anon'),
    nodeFile: inBytes(memInfo, 'active_file', 'inactive_file', 'isolated_file'),
    nodeShmem: inBytes(memInfo, 'shmem'),
    nodeSlab: inBytes(memInfo, 'slab_unreclaimable'),
    nodeTables: inBytes(memInfo, 'pagetables'),
  }
  const all = Object.values(parts).every(value => value !== undefined)
  const refused = found.verdict === 'enough' && Number(gfp?.mask) === 0
  return {
    verdict: found.verdict,
    had: refused || HAD.has(found.verdict),
    values: {
      ...zoneValues(found),
      ...parts,
      order,
      needed: found.needed,
      swap: memInfo.totalSwap,
      caches: top.map(({ cache, total }) => `${cache} ${formatBytes(total)}`).join(', '),
    },
    summary: kept(
      refused ? 'nodePageFault' : WHY[found.verdict],
      all && 'nodeHeld',
      memInfo.freeSwap === 0 && (memInfo.totalSwap ?? 0) > 0 && 'nodeNoSwap',
      largest !== undefined && 'nodeTopSlab',
      largest?.row !== undefined && (`owner-${largest.row}` as const),
      memInfo.slab === 'unread' && 'nodeSlabUnread',
    ),
    remedies: kept(
      refused && 'raise-kmem-limit',
      refused && 'raise-memory-limit',
      found.verdict === 'fragmented' && 'compact-memory',
      found.verdict === 'fragmented' && 'compact-earlier',
      found.verdict === 'high-atomic' && 'kernel-upgrade',
    ),
  }
}
