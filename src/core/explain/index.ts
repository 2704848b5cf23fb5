// What any report of the kernel says, in words. The compiler demands an explanation of every kind.

import type { KernelReport } from '../decode/kmsg/report.ts'
import { explainCallbacksSuppressed } from './callbacks-suppressed.ts'
import type { Explanation } from './explanation.ts'
import { explainMemcgNoSpace } from './memcg-no-space.ts'
import { explainStrayStats } from './memcg-stats.ts'
import { explainSlabAllocation } from './slab-allocation.ts'

/** undefined: of this kind nothing is put into words yet. */
export function explain(report: KernelReport): Explanation | undefined {
  switch (report.kind) {
    case 'slub-alloc-failure':
    case 'slab-alloc-failure':
      return explainSlabAllocation(report)
    case 'memcg-no-space':
      return explainMemcgNoSpace(report)
    case 'callbacks-suppressed':
      return explainCallbacksSuppressed(report)
    case 'memcg-stats':
      return explainStrayStats(report)
    case 'oom':
    case 'page-alloc-failure':
    case 'slub-corruption':
      return undefined
  }
}
