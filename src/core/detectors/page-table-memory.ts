// Page tables: a page of them maps 2 MiB, in each process anew. Many processes that map the same large shared memory, and
// address space touched here and there, fill a limit with what no heap and no RSS shows (pagetables of memory.stat, v2 5.11).

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { type MemcgLoad, memcgLoads, severityOfPart } from '../facts/memcg-load.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { loadEvidence } from '../facts/reclaimable-load.ts'
import { type Draft, detector } from './detector.ts'

/** All of memory mapped once takes 0.2 % of it in page tables of 4 KiB pages: a twentieth is all of it 25 times over. Ours. */
const NODE_SHARE = 0.05

/** And as much as the kubelet's default eviction threshold: less is nothing to any machine that pods run on. */
const NODE_LEAST = 100 * 1024 * 1024

const words = text({
  en: {
    title: 'Page tables take {tables|bytes} of a container’s {limit|bytes}',
    noLimit: 'Page tables of a container without a limit take {tables|bytes} of the node’s {limit|bytes}',
    what: 'They are kernel memory, charged to the container and not reclaimable: many processes map the same large memory each for itself, or a program uses a huge address space here and there. Huge pages or fewer processes make them small.',
    others: 'It is the same with other containers: {others|number}.',
    nodeTitle: 'Page tables take {tables|bytes} of the node’s {total|bytes}',
    nodeWhat:
      'That is {share|percent}; mapping all of memory once takes 0.2%. Many processes map the same large shared memory, as databases without huge pages do. The kubelet’s memory.available leaves them out on cgroup v1.',
  },
  zh: {
    title: '页表占用 {tables|bytes}，容器限制 {limit|bytes}',
    noLimit: '某个没有限制的容器，页表占用 {tables|bytes}，节点内存 {limit|bytes}',
    what: '这是记在容器名下的内核内存，不可回收：许多进程各自映射同一大块内存，或程序零散地使用巨大的地址空间。使用大页或减少进程数可以缩小。',
    others: '另有 {others|number} 个容器也是如此。',
    nodeTitle: '页表占用 {tables|bytes}，节点内存 {total|bytes}',
    nodeWhat:
      '占 {share|percent}；把全部内存映射一遍只需 0.2%。多为许多进程各自映射同一大块共享内存，如未使用大页的数据库。在 cgroup v1 上 kubelet 的 memory.available 不含页表。',
  },
})

type En = typeof words.en

export default detector({
  id: 'page-table-memory',
  about: text({
    en: { judges: 'page tables that fill a container or take much of the node' },
    zh: { judges: '占满容器或占用节点大量内存的页表' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const { unknown } = memcgLoads(about)
    const node = ofNode(about)
    return {
      findings: [...node.findings, ...ofContainers(about)],
      unknown: [...unknown, ...node.unknown, ...notSplit(about)],
    }
  },
})

function tablesOf({ memcg: { stat } }: MemcgLoad): number | undefined {
  const tables = stat?.['pagetables']
  return tables === undefined ? undefined : tables + (stat?.['sec_pagetables'] ?? 0)
}

function ofContainers(about: Case): readonly Draft<En>[] {
  const found = memcgLoads(about)
    .loads.map(load => ({ ...load, tables: tablesOf(load) ?? 0 }))
    .flatMap(load => {
      const severity = severityOfPart(load, load.tables)
      return severity === undefined ? [] : [{ ...load, severity }]
    })
    .sort((a, b) => b.tables / b.room - a.tables / a.room)
  const [first] = found
  if (first === undefined) return []
  return [
    {
      severity: first.severity,
      subject: memcgSubject(first.memcg.path),
      values: { tables: first.tables, limit: first.room, others: found.length - 1 },
      words: {
        title: first.limited ? 'title' : 'noLimit',
        summary: kept('what', found.length > 1 && 'others'),
      },
      evidence: loadEvidence(about, first, ['pagetables', 'sec_pagetables']),
      remedies: ['raise-memory-limit'],
      defects: [],
      ongoing: true,
    },
  ]
}

/** v1, and v2 before 5.11, do not tell them apart; no container has more than the node. */
function notSplit(about: Case): readonly Unknown[] {
  const node = latest(about)?.meminfo?.values['PageTables'] ?? Infinity
  const load = memcgLoads(about).loads.find(one => {
    if (tablesOf(one) !== undefined) return false
    const { usage = 0, kmemUsage = usage, stat } = one.memcg
    const v1 = latest(about)?.memcg?.version === 'v1'
    // Of v2 before 5.11 they are in no part that is told: what is left of the usage bounds them.
    const kernel = v1 ? kmemUsage : Math.max(0, usage - (stat?.['anon'] ?? 0) - (stat?.['file'] ?? 0))
    return severityOfPart(one, Math.min(kernel, node)) !== undefined
  })
  if (load === undefined) return []
  return [{ reason: 'kmem-not-split', path: `${load.memcg.dir}/memory.stat`, remedy: 'none' }]
}

function ofNode(about: Case): {
  readonly findings: readonly Draft<En>[]
  readonly unknown: readonly Unknown[]
} {
  const meminfo = latest(about)?.meminfo
  const tables = meminfo?.values['PageTables']
  const total = meminfo?.values['MemTotal']
  if (meminfo === undefined || tables === undefined || total === undefined || total === 0) {
    const gap = about.gaps.find(({ path }) => path.endsWith('proc/meminfo'))
    return {
      findings: [],
      unknown: [
        {
          reason: 'meminfo-not-read',
          remedy: 'pass-node-files',
          ...(gap === undefined ? {} : { path: gap.path }),
        },
      ],
    }
  }
  if (tables < Math.max(NODE_SHARE * total, NODE_LEAST)) return { findings: [], unknown: [] }
  const at = readAt(about)
  return {
    unknown: [],
    findings: [
      {
        severity: 'warning',
        subject: { kind: 'node' },
        values: { tables, total, share: tables / total },
        words: { title: 'nodeTitle', summary: ['nodeWhat'] },
        evidence: [
          { kind: 'reading', path: meminfo.path, key: 'PageTables', value: tables, unit: 'bytes', at },
          { kind: 'reading', path: meminfo.path, key: 'MemTotal', value: total, unit: 'bytes', at },
        ],
        remedies: ['reserve-node-memory'],
        defects: [],
        ongoing: true,
      },
    ],
  }
}
