// With transparent huge pages for all anonymous memory a program that touches one byte is charged 2 MiB: rss_huge of v1 and
// anon_thp of v2 (5.3) are near rss, while the allocator of the program counts less.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Unknown } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { type MemcgLoad, memcgLoads, mostOf, near, severityOfPart } from '../facts/memcg-load.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { loadEvidence } from '../facts/reclaimable-load.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'transparent-huge-pages',
  about: text({
    en: { judges: 'containers near their limit whose memory is mostly transparent huge pages' },
    zh: { judges: '接近限制且内存大多为透明大页的容器' },
  }),
  concerns: 'workload',
  text: text({
    en: {
      title: 'Of a container’s anonymous memory of {anon|bytes}, {huge|bytes} are transparent huge pages',
      what: 'Its limit is {limit|bytes} and its working set {workingSet|bytes}. A huge page is charged as 2 MiB once one byte of it is used; how much of them the program uses no file tells. Compare with what its allocator or heap counts.',
      always:
        'The kernel gives huge pages to all anonymous memory (transparent_hugepage/enabled is always); with madvise only to programs that ask for them.',
      others: 'It is the same with other containers: {others|number}.',
    },
    zh: {
      title: '某个容器的匿名内存 {anon|bytes} 中，{huge|bytes} 是透明大页',
      what: '它的限制为 {limit|bytes}，working set 为 {workingSet|bytes}。大页只要用到一个字节就按 2 MiB 计入；程序实际用了多少没有文件能说明，可与分配器或堆的统计对比。',
      always:
        '内核对所有匿名内存启用大页（transparent_hugepage/enabled 为 always）；设为 madvise 则只给主动申请的程序。',
      others: '另有 {others|number} 个容器也是如此。',
    },
  }),
  judge(about) {
    const { loads, unknown } = memcgLoads(about)
    const v1 = latest(about)?.memcg?.version === 'v1'
    const hugeKey = v1 ? 'total_rss_huge' : 'anon_thp'
    const anonKey = v1 ? 'total_rss' : 'anon'
    const of = ({ memcg }: MemcgLoad, key: string): number => memcg.stat?.[key] ?? 0
    const found = loads
      .map(load => ({ ...load, huge: of(load, hugeKey), anon: of(load, anonKey) }))
      .filter(load => near(load) && mostOf(load, load.huge) && severityOfPart(load, load.huge) !== undefined)
      .sort((a, b) => b.huge - a.huge)
    const [first] = found
    const mode = latest(about)?.hugePages
    if (first === undefined || (mode !== undefined && mode.mode !== 'always'))
      return { findings: [], unknown }
    if (mode === undefined) {
      const notRead: Unknown = {
        reason: 'huge-page-mode-not-read',
        path: '/sys/kernel/mm/transparent_hugepage/enabled',
        remedy: 'pass-node-files',
      }
      return { findings: [], unknown: [...unknown, notRead] }
    }
    return {
      unknown,
      findings: [
        {
          severity: 'info',
          subject: memcgSubject(first.memcg.path),
          values: {
            anon: first.anon,
            huge: first.huge,
            limit: first.room,
            workingSet: first.workingSet,
            others: found.length - 1,
          },
          words: { title: 'title', summary: kept('what', 'always', found.length > 1 && 'others') },
          evidence: [
            ...loadEvidence(about, first, [hugeKey, anonKey]),
            {
              kind: 'reading',
              path: mode.path,
              key: 'enabled',
              value: `[${mode.mode}]`,
              unit: 'text',
              at: readAt(about),
            },
          ],
          remedies: ['huge-pages-on-request', 'raise-memory-limit'],
          defects: bearings(about, ['K-37']),
          ongoing: true,
        },
      ],
    }
  },
})
