// Free memory that is in no piece large enough: by the free blocks as they are (/proc/buddyinfo), judged as the kernel
// itself does before it compacts (mm/vmstat.c, mm/compaction.c), and by requests that failed for it.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case, Sample } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import type { PageAllocationFailure } from '../decode/kmsg/report.ts'
import type { BuddyZone } from '../decode/proc/buddyinfo.ts'
import type { Zone } from '../decode/proc/zoneinfo.ts'
import { fragmentationIndex } from '../explain/free-pages.ts'
import { COSTLY_ORDER, freePagesOf, inBytes, purposeOf, zoneValues } from '../explain/page-alloc-failure.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { isReport, logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { type Draft, detector } from './detector.ts'

/** sysctl_extfrag_threshold of mm/compaction.c: from here on the kernel takes fragmentation, not a lack of memory, for the cause. */
const EXTFRAG_THRESHOLD = 500

const words = text({
  en: {
    now: 'Free memory is fragmented: no {pages|number} pages in one piece are free',
    was: 'Memory was fragmented: a request for {pages|number} pages in one piece failed with {free|bytes} free',
    zone: '{zone} has {freePages|number} pages free, none of them in a piece of {pages|number} (order {order}). The kernel’s own measure for that is {index} of 1000, and from {threshold} on it takes fragmentation for the cause (vm.extfrag_threshold).',
    promised:
      'Requests up to order 3 are those the kernel goes to any length for: fork, sockets and slabs need them.',
    first:
      'Order 4 is the first beyond what the kernel promises: large kmalloc(), rings of network cards and huge pages may be refused.',
    compaction:
      'Compaction for a waiting request has been tried {stall|number} times since boot, in vain {fail|number} times.',
    failures: 'In the log {count|number} requests failed for it.',
    last: 'The last of them: {comm}, order {failedOrder}; {failedZone} had {free|bytes} of {managed|bytes} free, the largest free block it could have was {largest|bytes}.',
    gone: 'By /proc/buddyinfo there are blocks of that size again.',
    movable:
      'What cannot be moved breaks memory up: {slab|bytes} were unreclaimable slab, and reclaim cannot have it back.',
  },
  zh: {
    now: '空闲内存碎片化：没有 {pages|number} 个连续的空闲页',
    was: '内存曾经碎片化：有 {free|bytes} 空闲，申请 {pages|number} 个连续页却失败',
    zone: '{zone} 有 {freePages|number} 个空闲页，却没有 {pages|number} 页的连续块（order {order}）。内核自己的衡量值为 {index}（满值 1000），从 {threshold} 起（vm.extfrag_threshold）内核认为原因是碎片。',
    promised: 'order 3 及以下是内核会尽力满足的：fork、socket、slab 都需要。',
    first: 'order 4 是超出内核保证的第一阶：较大的 kmalloc()、网卡环形缓冲区、大页可能分配不到。',
    compaction: '开机以来为等待中的请求做过 {stall|number} 次整理，其中 {fail|number} 次没有成功。',
    failures: '日志里有 {count|number} 次请求因此失败。',
    last: '最近一次：{comm}，order {failedOrder}；{failedZone} 共 {managed|bytes}，有 {free|bytes} 空闲，它能用的最大空闲块为 {largest|bytes}。',
    gone: '从 /proc/buddyinfo 看，现在又有这么大的块了。',
    movable: '不能迁移的内存会造成碎片：当时不可回收 slab 有 {slab|bytes}，回收也拿不回来。',
  },
})

type En = typeof words.en

export default detector({
  id: 'memory-fragmentation',
  about: text({
    en: { judges: 'free memory in pieces too small to be of use' },
    zh: { judges: '空闲内存过于零碎，无法使用' },
  }),
  concerns: 'node',
  text: words,
  judge(about) {
    const sample = latest(about)
    const failed = failures(about)
    const now = fragmented(sample)
    const drafts: Draft<En>[] =
      now !== undefined
        ? [ofNow(about, now, failed)]
        : failed.length > 0
          ? [ofLog(about, failed as [PageAllocationFailure, ...PageAllocationFailure[]])]
          : []
    return { findings: drafts, unknown: [...notRead(about), ...logUnknown(about)] }
  },
})

function notRead(about: Case): readonly Unknown[] {
  if (latest(about)?.buddyinfo !== undefined) return []
  const gap = about.gaps.find(({ path }) => path.endsWith('proc/buddyinfo'))
  return [
    {
      reason: 'buddyinfo-not-read',
      remedy: 'pass-node-files',
      ...(gap === undefined ? {} : { path: gap.path }),
    },
  ]
}

/** Failures whose own figures say fragmentation, and that had nothing to fall back on. */
function failures(about: Case): readonly PageAllocationFailure[] {
  return (about.log?.reports ?? [])
    .filter(isReport('page-alloc-failure'))
    .filter(report => report.userWritten !== true && report.warns === undefined)
    .filter(report => purposeOf(report.frames) === 'other')
    .filter(report => {
      const { verdict, wants } = freePagesOf(report)
      return verdict === 'fragmented' && wants?.names.has('NORETRY') !== true
    })
}

interface Fragmented {
  readonly order: number
  readonly zone: BuddyZone
  readonly index: number
}

/**
 * Zones that ordinary kernel requests live from. ZONE_DMA of 16 MiB is kept from them by lowmem_reserve, unless it is
 * all there is (arm64 and ppc64 have most of their memory in a zone of that name); HighMem, Movable and Device are not
 * for them.
 */
function ofTheKernel(zones: readonly BuddyZone[]): readonly BuddyZone[] {
  const large = zones.filter(({ zone }) => zone === 'DMA32' || zone === 'Normal')
  return large.length > 0 ? large : zones.filter(({ zone }) => zone === 'DMA')
}

const pagesOf = ({ free }: BuddyZone): number =>
  free.reduce((sum, count, order) => sum + count * 2 ** order, 0)

/** Whether a zone is short of memory altogether: that is no fragmentation. */
function short({ node, zone }: BuddyZone, zones: readonly Zone[] | undefined): boolean {
  const of = zones?.find(other => other.node === node && other.zone === zone)
  return of?.pagesFree !== undefined && of.min !== undefined && of.pagesFree <= of.min
}

/**
 * The smallest order, up to the first the kernel does not promise (PAGE_ALLOC_COSTLY_ORDER + 1), of which no zone has a
 * block, where the kernel's index says fragmentation. Higher ones are missing on most nodes that use their memory.
 */
function fragmented(sample: Sample | undefined): Fragmented | undefined {
  const zones = ofTheKernel(sample?.buddyinfo?.zones ?? [])
  const largest = [...zones].sort((a, b) => pagesOf(b) - pagesOf(a))[0]
  if (largest === undefined || short(largest, sample?.zoneinfo?.zones)) return undefined
  for (let order = 1; order <= COSTLY_ORDER + 1; order += 1) {
    if (zones.some(({ free }) => free.some((count, at) => at >= order && count > 0))) continue
    const index = fragmentationIndex(largest.free, order)
    return index !== undefined && index >= EXTFRAG_THRESHOLD ? { order, zone: largest, index } : undefined
  }
  return undefined
}

function buddyEvidence(about: Case, zones: readonly BuddyZone[]): readonly Evidence[] {
  const path = latest(about)?.buddyinfo?.path
  if (path === undefined) return []
  return zones.map(({ node, zone, free }) => ({
    kind: 'reading',
    path,
    key: `Node ${node}, zone ${zone}`,
    value: free.join(' '),
    unit: 'text',
    at: readAt(about),
  }))
}

/** compact_stall and compact_fail of /proc/vmstat, since 2.6.35. */
function compaction(about: Case): {
  readonly stall?: number
  readonly fail?: number
  readonly evidence: readonly Evidence[]
} {
  const vmstat = latest(about)?.vmstat
  const stall = vmstat?.values['compact_stall']
  const fail = vmstat?.values['compact_fail']
  if (vmstat === undefined || stall === undefined || fail === undefined || stall === 0)
    return { evidence: [] }
  const reading = (key: string, value: number): Evidence => ({
    kind: 'reading',
    path: vmstat.path,
    key,
    value,
    unit: 'count',
    at: readAt(about),
  })
  return { stall, fail, evidence: [reading('compact_stall', stall), reading('compact_fail', fail)] }
}

function ofNow(
  about: Case,
  { order, zone, index }: Fragmented,
  failed: readonly PageAllocationFailure[],
): Draft<En> {
  const tried = compaction(about)
  const [first, ...more] = buddyEvidence(about, [zone])
  const last = failed.at(-1)
  return {
    severity: order <= COSTLY_ORDER || failed.length > 0 ? 'warning' : 'info',
    subject: { kind: 'node' },
    values: {
      order,
      pages: 2 ** order,
      zone: `Node ${zone.node} ${zone.zone}`,
      freePages: pagesOf(zone),
      index,
      threshold: EXTFRAG_THRESHOLD,
      stall: tried.stall,
      fail: tried.fail,
      count: failed.length,
      ...(last === undefined ? {} : ofFailure(last)),
    },
    words: {
      title: 'now',
      summary: kept(
        'zone',
        order <= COSTLY_ORDER ? 'promised' : 'first',
        tried.stall !== undefined && 'compaction',
        last !== undefined && 'failures',
        last !== undefined && 'last',
      ),
    },
    // fragmented() has found the zone in the reading
    evidence: [
      first ?? { kind: 'reading', path: 'proc/buddyinfo', value: '', unit: 'text', at: readAt(about) },
      ...more,
      ...tried.evidence,
      ...(last === undefined ? [] : quoted(last)),
    ],
    remedies: ['save-evidence', 'compact-memory', 'compact-earlier', 'raise-watermarks'],
    defects: [],
    ongoing: true,
  }
}

function ofFailure(report: PageAllocationFailure) {
  const { zone, free, managed, largest } = zoneValues(freePagesOf(report))
  const slab = report.memInfo === undefined ? undefined : inBytes(report.memInfo, 'slab_unreclaimable')
  return { comm: report.comm, failedOrder: report.order, failedZone: zone, free, managed, largest, slab }
}

function ofLog(about: Case, failed: readonly [PageAllocationFailure, ...PageAllocationFailure[]]): Draft<En> {
  const last = failed.at(-1) ?? failed[0]
  const tried = compaction(about)
  const zones = ofTheKernel(latest(about)?.buddyinfo?.zones ?? [])
  const gone = zones.some(({ free }) => free.some((count, at) => at >= last.order && count > 0))
  const of = ofFailure(last)
  return {
    severity: last.order <= COSTLY_ORDER || failed.length > 1 ? 'warning' : 'info',
    subject: { kind: 'node' },
    values: { ...of, pages: 2 ** last.order, count: failed.length, stall: tried.stall, fail: tried.fail },
    words: {
      title: 'was',
      summary: kept(
        failed.length > 1 && 'failures',
        'last',
        of.slab !== undefined && 'movable',
        tried.stall !== undefined && 'compaction',
        gone && 'gone',
      ),
    },
    evidence: [...quoted(last), ...buddyEvidence(about, gone ? zones : []), ...tried.evidence],
    remedies: ['save-evidence', 'compact-memory', 'compact-earlier', 'raise-watermarks'],
    defects: [],
    ...seen(about, failed),
    ...(gone ? { ongoing: false } : {}),
  }
}
