import { expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { diagnose } from '../../../src/core/diagnose.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'

const KILL =
  'Out of memory: Killed process 7 (java) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0'

/** Findings of records of /dev/kmsg; 4 is the kernel's own facility, 12 that of a program. */
function told(...priorities: readonly number[]) {
  const log = priorities.map(
    (priority, index) => `${priority},${index},${(index + 1) * 1_000_000},-;${KILL}\n`,
  )
  const about = collect(memoryTree({ 'log/kmsg': log.join('') }), { at: 0 })
  return diagnose(about, 0)
    .findings.filter(({ detector }) => detector === 'node-oom-kill')
    .map(({ severity, values, words, remedies }) => ({
      severity,
      count: values['count'],
      claim: words.summary.includes('claim'),
      advised: remedies.length > 0,
    }))
}

it('takes the kernel at its word', () => {
  expect(told(4, 4)).toEqual([{ severity: 'critical', count: 2, claim: false, advised: true }])
})

it('takes what a program wrote to /dev/kmsg for a claim, beside what the kernel said', () => {
  expect(told(12)).toEqual([{ severity: 'info', count: 1, claim: true, advised: false }])
  expect(told(12, 4)).toEqual([
    { severity: 'critical', count: 1, claim: false, advised: true },
    { severity: 'info', count: 1, claim: true, advised: false },
  ])
})
