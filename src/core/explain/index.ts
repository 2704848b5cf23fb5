// What any report of the kernel says, in words. The compiler demands an explanation of every kind.

import { text } from '../base/text.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'
import { explainCallbacksSuppressed } from './callbacks-suppressed.ts'
import type { Explanation, ExplanationOf } from './explanation.ts'
import { explainMemcgNoSpace } from './memcg-no-space.ts'
import { explainStrayStats } from './memcg-stats.ts'
import { explainSlabAllocation } from './slab-allocation.ts'

export function explain(report: KernelReport): Explanation {
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
    default:
      return byItsLine(report)
  }
}

const words = text({ en: { title: '{line}' }, zh: { title: '{line}' } })

/** A report of a kind that has no words yet: its own first line. */
function byItsLine({ quotes: [{ text: line }] }: KernelReport): ExplanationOf<typeof words.en> {
  return { text: words, values: { line }, title: 'title', summary: [], facts: [], remedies: [] }
}
