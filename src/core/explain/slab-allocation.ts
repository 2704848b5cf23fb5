// "SLUB: Unable to allocate memory on node N" (slab_out_of_memory of mm/slub.c and mm/slab.c) in words.

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import type { Gfp, SlabAllocationFailure } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'
import { gfpReadings, gfpWords } from './gfp.ts'

const words = text({
  en: {
    memcg: 'Cache {cache} got no new object: the charge to cgroup {name} was refused',
    node: 'Cache {cache} got no new slab: no page was to be had',
    bare: 'A slab allocation failed; the log does not say of which cache',
    notOom:
      'This is not an OOM kill: nothing is killed for it. The caller gets ENOMEM, and fork, open, socket or connect may fail.',
    charge:
      'The cache belongs to the cgroup in the brackets: its limit, or that of a cgroup above it, refused, and the node may have plenty of free memory. If the log has a page allocation failure at the same time, it was a page that was missing.',
    page: 'No cgroup is named, so it was a page that was missing: too little memory, no free piece large enough, or a caller that may not wait. From 5.9 on a cgroup’s limit no longer prints this line.',
    atomic:
      'The caller could not wait for memory to be reclaimed (gfp), so this can happen in bursts with memory free elsewhere.',
    elsewhere:
      'In its slabs {free|number} objects are free all the same: on another node than the one asked for, or freed meanwhile.',
    order: 'A new slab of this cache wants {pages|number} pages in one piece.',
    minOrder:
      'A new slab of this cache wants {pages|number} pages in one piece, and {least|number} where there is nothing better.',
    ambiguous:
      'Several CPUs printed at once and the log has no caller ids: which of the lines around belong to this report is not certain, so only what is certain is told.',
    cache: 'slab cache',
    cgroup: 'cgroup',
    asked: 'memory node asked for',
    cpu: 'CPU',
    gfp: 'gfp',
    objectSize: 'object size',
    bufferSize: 'size with metadata',
    objects: 'objects (free / all)',
  },
  zh: {
    memcg: 'slab 缓存 {cache} 分配不到新对象：cgroup {name} 拒绝记账',
    node: 'slab 缓存 {cache} 分配不到新 slab：申请不到页',
    bare: 'slab 分配失败，日志没写是哪个缓存',
    notOom: '这不是 OOM kill，不会因此杀进程。调用者得到 ENOMEM，fork、open、socket、connect 可能失败。',
    charge:
      '该缓存属于括号里的 cgroup：是它自己或某个上级 cgroup 达到限制而被拒绝，节点可能还有大量空闲内存。如果日志里同时有页分配失败，则缺的是页。',
    page: '没有 cgroup 的名字，说明缺的是页：内存不足、没有足够大的连续空闲页，或调用者不能等待。5.9 起，cgroup 达到限制时不再打印这一行。',
    atomic: '调用者不能等待内存回收（见 gfp），因此即使别处有空闲内存，也可能短时间内成批失败。',
    elsewhere: '它的 slab 里仍有 {free|number} 个空闲对象：在另一个内存节点上，或是随后才释放的。',
    order: '该缓存的一个新 slab 需要 {pages|number} 个连续页。',
    minOrder: '该缓存的一个新 slab 需要 {pages|number} 个连续页，最少 {least|number} 个。',
    ambiguous:
      '多个 CPU 同时打印，日志又没有 caller 标识：周围哪些行属于这份报告并不确定，这里只列出确定的内容。',
    cache: 'slab 缓存',
    cgroup: 'cgroup',
    asked: '指定的内存节点',
    cpu: 'CPU',
    gfp: 'gfp',
    objectSize: '对象大小',
    bufferSize: '含元数据的大小',
    objects: '对象数（空闲 / 全部）',
  },
})

/** A slab allocation that failed, in words. */
export function explainSlabAllocation(report: SlabAllocationFailure): ExplanationOf<typeof words.en> {
  const { cache, memcgName, memcgId, nodes, gfp, defaultOrder, minOrder, order } = report
  const free = nodes?.reduce((sum, node) => sum + node.free, 0)
  const objects = nodes?.reduce((sum, node) => sum + node.objs, 0)
  const usual = defaultOrder ?? order ?? 0
  const large = memcgName === undefined && usual > 0
  const claimed = report.userWritten === true
  return {
    text: words,
    values: {
      cache,
      name: memcgName,
      free,
      pages: 2 ** usual,
      least: minOrder === undefined ? undefined : 2 ** minOrder,
    },
    title: cache === undefined ? 'bare' : memcgName === undefined ? 'node' : 'memcg',
    summary: kept(
      'notOom',
      memcgName !== undefined && 'charge',
      memcgName === undefined && cache !== undefined && 'page',
      memcgName === undefined && mayNotWait(gfp) && 'atomic',
      large && (minOrder === undefined || minOrder >= usual ? 'order' : 'minOrder'),
      free !== undefined && free > 0 && 'elsewhere',
      report.pairingAmbiguous === true && 'ambiguous',
    ),
    facts: [
      ...named('cache', cache),
      ...named('cgroup', memcgName === undefined ? undefined : `${memcgName} (id ${memcgId ?? '?'})`),
      ...named('gfp', gfpWords(gfp)),
      ...named('asked', report.node < 0 ? undefined : String(report.node)),
      ...named('cpu', report.cpu === undefined ? undefined : String(report.cpu)),
      ...named('objectSize', report.objectSize),
      ...named('bufferSize', report.bufferSize === report.objectSize ? undefined : report.bufferSize),
      ...named('objects', free === undefined || objects === undefined ? undefined : `${free} / ${objects}`),
    ],
    remedies: claimed
      ? []
      : memcgName !== undefined
        ? ['save-evidence', 'raise-memory-limit', 'find-slab-owner']
        : kept('save-evidence', large && 'compact-memory', 'find-slab-owner'),
  }
}

type Label = keyof typeof words.en

function named(label: Label, value: Value | undefined): readonly (readonly [Label, Value])[] {
  return value === undefined ? [] : [[label, value]]
}

/** Said only where every reading of the mask agrees. */
function mayNotWait(gfp: Gfp): boolean {
  const all = gfpReadings(gfp)
  return all.length > 0 && all.every(names => names.includes('GFP_ATOMIC') || names.includes('GFP_NOWAIT'))
}
