// What any report of the kernel says, in words. The compiler demands an explanation of every kind.

import type { KernelReport } from '../decode/kmsg/report.ts'
import { explainCallbacksSuppressed } from './callbacks-suppressed.ts'
import type { Explanation } from './explanation.ts'
import { explainKmemleak } from './kmemleak.ts'
import { explainMemcgNoSpace } from './memcg-no-space.ts'
import { explainStrayStats } from './memcg-stats.ts'
import {
  explainBadPage,
  explainBadRssCounter,
  explainPageCounterUnderflow,
  explainSanitizer,
} from './memory-bug.ts'
import { explainMemoryStall } from './memory-stall.ts'
import { explainConntrackFull, explainNetdeviceWait, explainTcpMemory } from './network-memory.ts'
import { explainOom } from './oom.ts'
import { explainPageAllocationFailure } from './page-alloc-failure.ts'
import { explainRecordsLost } from './records-lost.ts'
import {
  explainPercpuAllocation,
  explainPidsLimit,
  explainSlabCreate,
  explainVmallocFailure,
} from './refused-allocation.ts'
import { explainSlabAllocation } from './slab-allocation.ts'
import { explainSlubCorruption } from './slub-corruption.ts'

export function explain(report: KernelReport): Explanation {
  switch (report.kind) {
    case 'oom':
      return explainOom(report)
    case 'slub-alloc-failure':
    case 'slab-alloc-failure':
      return explainSlabAllocation(report)
    case 'kmemleak':
      return explainKmemleak(report)
    case 'page-alloc-failure':
      return explainPageAllocationFailure(report)
    case 'memcg-no-space':
      return explainMemcgNoSpace(report)
    case 'callbacks-suppressed':
      return explainCallbacksSuppressed(report)
    case 'memcg-stats':
      return explainStrayStats(report)
    case 'page-counter-underflow':
      return explainPageCounterUnderflow(report)
    case 'bad-page':
      return explainBadPage(report)
    case 'bad-rss-counter':
      return explainBadRssCounter(report)
    case 'netdevice-wait':
      return explainNetdeviceWait(report)
    case 'percpu-alloc-failure':
      return explainPercpuAllocation(report)
    case 'vmalloc-failure':
      return explainVmallocFailure(report)
    case 'memory-stall':
      return explainMemoryStall(report)
    case 'tcp-memory':
      return explainTcpMemory(report)
    case 'conntrack-full':
      return explainConntrackFull(report)
    case 'sanitizer':
      return explainSanitizer(report)
    case 'pids-limit':
      return explainPidsLimit(report)
    case 'records-lost':
      return explainRecordsLost(report)
    case 'slab-create-failure':
      return explainSlabCreate(report)
    case 'slub-corruption':
      return explainSlubCorruption(report)
  }
}
