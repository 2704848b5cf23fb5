// What a report of the kernel has and this one has not, because the log has only a part of it: named, never guessed.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { KernelReport, OomReport, SlabAllocationFailure } from '../decode/kmsg/report.ts'

export const missingParts = text({
  en: {
    head: 'who asked for memory, and how',
    scope: 'whose memory had run out',
    limit: 'the cgroup whose limit was hit',
    counters: 'usage and limit',
    stats: 'what the cgroup’s memory was',
    'mem-info': 'where the node’s memory was',
    kill: 'whom the kernel killed',
    cache: 'the cache',
    nodes: 'slabs and objects of each memory node',
    figures: 'the figures of the node’s memory',
    trace: 'the call trace',
  },
  zh: {
    head: '是谁、怎样申请内存',
    scope: '是谁的内存耗尽',
    limit: '达到限制的 cgroup',
    counters: '用量与限制',
    stats: '该 cgroup 内存的构成',
    'mem-info': '节点内存的分布',
    kill: '内核杀掉了谁',
    cache: '缓存名',
    nodes: '各内存节点的 slab 与对象数',
    figures: '节点内存的数据',
    trace: '调用栈',
  },
})

export type MissingPart = keyof typeof missingParts.en

function ofOom(report: OomReport): readonly MissingPart[] {
  const { truncatedHead, truncated, fragment, scope, memcg, memory, stats, memInfo, victims, end, exiting } =
    report
  const part = truncatedHead === true || truncated === true || fragment === true
  // what every kernel prints is missing wherever it is not, by a hole in the log or a console that shows errors only;
  // 2.6.32 prints no statistics
  const ofCgroup = scope === 'memcg'
  return kept(
    truncatedHead === true && 'head',
    part && scope === undefined && 'scope',
    ofCgroup && memcg === undefined && 'limit',
    ofCgroup && memory === undefined && 'counters',
    part && ofCgroup && stats.length === 0 && 'stats',
    scope !== undefined && !ofCgroup && memInfo === undefined && 'mem-info',
    victims.length === 0 && end === undefined && exiting === undefined && 'kill',
  )
}

/** The parts of a report that are not in the log though it prints them: empty where it is whole, or has no parts. */
export function missingOf(report: KernelReport): readonly MissingPart[] {
  switch (report.kind) {
    case 'oom':
      return ofOom(report)
    case 'slub-alloc-failure':
    case 'slab-alloc-failure':
      return ofSlab(report)
    case 'page-alloc-failure':
      if (report.truncated !== true) return []
      return kept(report.frames.length === 0 && 'trace', report.memInfo === undefined && 'figures')
    default:
      return []
  }
}

/** It prints three lines, always; of several at once it may not be certain whose a line is, though it is there. */
function ofSlab({ cache, nodes, pairingAmbiguous }: SlabAllocationFailure): readonly MissingPart[] {
  if (pairingAmbiguous === true) return []
  return kept(cache === undefined && 'cache', nodes === undefined && 'nodes')
}
