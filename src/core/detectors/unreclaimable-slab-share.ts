// SUnreclaim of /proc/meminfo: slab memory that reclaim cannot have back (Documentation/filesystems/proc.rst). What
// of it no pod is charged for is in no container metric, and on v1 not in the kubelet's memory.available either.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { memcgIndex, memcgUnknown } from '../facts/memcg-tree.ts'
import { detector } from './detector.ts'

/** Ours, a guess: the highest share on a healthy node of our corpus is 8 %, the article's node is far above. */
const WARN_SHARE = 0.1
const CRITICAL_SHARE = 0.25

export default detector({
  id: 'unreclaimable-slab-share',
  about: text({
    en: {
      judges:
        'kernel memory that no container metric shows: unreclaimable slab as a share of the node’s memory',
    },
    zh: { judges: '容器指标看不到的内核内存：不可回收 slab 占节点内存的比例' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title: 'Unreclaimable slab takes {slab|bytes} of the node’s {total|bytes} ({share|percent})',
      hidden:
        'At least {hidden|bytes} of it is charged to no pod: kubectl top and container_memory_* do not show it.',
      notCharged: 'How much of it is charged to pods could not be read.',
      available:
        'On cgroup v1 the kubelet does not see it either: its memory.available leaves out kernel memory.',
      point:
        'One reading shows the amount, not the growth: read it again after some pods have come and gone.',
    },
    zh: {
      title: '不可回收 slab 占用 {slab|bytes}，占节点内存 {total|bytes} 的 {share|percent}',
      hidden: '其中至少 {hidden|bytes} 没有记在任何 Pod 上：kubectl top 和 container_memory_* 都看不到。',
      notCharged: '其中有多少记在 Pod 上，没有读到。',
      available: '在 cgroup v1 上 kubelet 也看不到：它的 memory.available 不含内核内存。',
      point: '单次读数只能说明多少，不能说明是否在增长：等一批 Pod 创建并销毁之后再读一次。',
    },
  }),
  judge(about) {
    const meminfo = latest(about)?.meminfo
    const slab = meminfo?.values['SUnreclaim']
    const total = meminfo?.values['MemTotal']
    if (meminfo === undefined || slab === undefined || total === undefined || total === 0) {
      const gap = about.gaps.find(({ path }) => path.endsWith('proc/meminfo'))
      const unknown: Unknown = {
        reason: 'meminfo-not-read',
        remedy: 'pass-node-files',
        ...(gap === undefined ? {} : { path: gap.path }),
      }
      return { findings: [], unknown: [unknown] }
    }
    if (slab < WARN_SHARE * total) return { findings: [], unknown: [] }
    const at = readAt(about)
    const reading = (key: string, value: number): Evidence => ({
      kind: 'reading',
      path: meminfo.path,
      key,
      value,
      unit: 'bytes',
      at,
    })
    const charged = chargedToPods(about)
    const v1 = latest(about)?.memcg?.version === 'v1'
    return {
      unknown: [],
      findings: [
        {
          severity: slab >= CRITICAL_SHARE * total ? 'critical' : 'warning',
          subject: { kind: 'node' },
          values: {
            slab,
            total,
            share: slab / total,
            hidden: charged === undefined ? undefined : Math.max(0, slab - charged),
          },
          words: {
            title: 'title',
            summary: kept(charged === undefined ? 'notCharged' : 'hidden', v1 && 'available', 'point'),
          },
          evidence: [
            reading('SUnreclaim', slab),
            reading('MemTotal', total),
            ...['Percpu', 'SReclaimable', 'KernelStack', 'PageTables']
              .filter(key => meminfo.values[key] !== undefined)
              .map(key => reading(key, meminfo.values[key] ?? 0)),
          ],
          remedies: ['save-evidence', 'find-slab-owner', 'drain-and-reboot'],
          defects: [],
          ongoing: true,
        },
      ],
    }
  },
})

/**
 * Kernel memory charged to the pods that are there, an upper bound of their slab (v2 tells the slab itself). Not what
 * the cgroups above them count: on 3.10 that includes what removed pods have left behind, which no container shows.
 */
function chargedToPods(about: Case): number | undefined {
  const index = memcgIndex(about)
  if (index === undefined) return undefined
  const pods = index.tree.memcgs.filter(({ path }) => parsePodPath(path).level === 'pod')
  const charges = pods.map(({ kmemUsage, stat }) => stat?.['slab_unreclaimable'] ?? kmemUsage)
  const known = charges.filter(charge => charge !== undefined)
  if (known.length < pods.length || memcgUnknown(about).length > 0) return undefined
  return known.reduce((a, b) => a + b, 0)
}
