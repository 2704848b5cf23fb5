// "Memory cgroup stats for PATH" whose report is not in the log, in words.

import { text } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import type { StrayMemcgStats } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    title: 'What cgroup {memcg} held, of an OOM report that is not in the log',
    several: 'What cgroup {memcg} and {more|number} more held, of an OOM report that is not in the log',
    stray:
      'The OOM killer prints these figures in the middle of its report. Who asked for memory, which limit was hit and who was killed is not here: overwritten in the ring buffer, or left out by whoever selected the lines.',
    cgroup: 'cgroup',
    most: 'most of it',
  },
  zh: {
    title: 'cgroup {memcg} 的内存用量，所属的 OOM 报告不在日志里',
    several: 'cgroup {memcg} 等（另有 {more|number} 个）的内存用量，所属的 OOM 报告不在日志里',
    stray:
      '这些数字是 OOM killer 在报告中间打印的。谁申请内存、达到哪个限制、杀了谁，这里都没有：可能已在环形缓冲区里被覆盖，也可能被筛选掉了。',
    cgroup: 'cgroup',
    most: '主要是',
  },
})

/** Sizes told, the largest first; the JSON has all. */
const TOLD = 5

/** What is the sum of others, or a part of them that is not memory. */
const NO_PART =
  /^(?:total_|hierarchical_|pg|workingset_|thp_|zswp|swp|numa_|(?:in)?active_|mapped_file|file_|rss_huge|anon_thp|shmem_thp|slab_)/

/** Figures without their report, in words. */
export function explainStrayStats({ stats }: StrayMemcgStats): ExplanationOf<typeof words.en> {
  const [{ memcg }, ...others] = stats
  // of several cgroups each line has what is the cgroup's own, without its children
  const sums = new Map<string, number>()
  for (const { values } of stats)
    for (const [key, value] of Object.entries(values)) sums.set(key, (sums.get(key) ?? 0) + value)
  const most = [...sums]
    .filter(([key, value]) => value > 0 && !NO_PART.test(key))
    .sort(([, one], [, other]) => other - one)
    .slice(0, TOLD)
    .map(([key, value]) => `${key} ${formatBytes(value)}`)
  return {
    text: words,
    values: { memcg, more: others.length },
    title: others.length === 0 ? 'title' : 'several',
    summary: ['stray'],
    facts: [['cgroup', memcg], ...(most.length === 0 ? [] : [['most', most.join(' · ')] as const])],
    remedies: ['keep-kernel-log'],
  }
}
