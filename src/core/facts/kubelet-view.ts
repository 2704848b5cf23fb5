// What the kubelet takes to be available on the node, against what the kernel could give. memory.available is capacity
// less the working set of the root cgroup (pkg/kubelet/eviction/helpers.go), and what the root's usage is depends on the
// cgroup version and, on v2, on the libcontainer in the kubelet: MemTotal − MemFree up to 1.1.8, anon + file from 1.1.9 on
// (rootStatsFromMeminfo in cgroups/fs2/memory.go).

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { defectStatus } from '../knowledge/kernel-defects.ts'
import { fact } from './fact.ts'
import { kernel, latest, readAt } from './kernel.ts'
import { memcgIndex, memcgReading, memcgUnknown } from './memcg-tree.ts'
import { hasKubelet, nodeMemory } from './memory-limits.ts'

export interface KubeletView {
  readonly total: number
  /** The kernel's estimate: MemAvailable. */
  readonly available: number
  /**
   * All that is free or could be freed, the reserves included that MemAvailable leaves out (si_mem_available of
   * mm/page_alloc.c): on a machine of some hundred MiB they are a tenth of it, and nobody's use.
   */
  readonly atMost: number
  /** The kubelet's memory.available. Two where the version that decides between them is not at hand. */
  readonly kubelet: readonly [number, ...number[]]
  /** memory.available of evictionHard; the kubelet's default where no other is known. */
  readonly threshold: number
  readonly byDefault: boolean
  /** Page cache in use, which the kubelet counts and the kernel would give back. */
  readonly activeFile: number
  readonly version: 'v1' | 'v2'
  readonly evidence: readonly [Evidence, ...Evidence[]]
}

const RECLAIMABLE = ['MemFree', 'Active(file)', 'Inactive(file)', 'SReclaimable'] as const

/** undefined without `unknown`: there is no kubelet here. */
export const kubeletView: (about: Case) => {
  readonly view?: KubeletView
  readonly unknown: readonly Unknown[]
} = fact(about => {
  const tree = latest(about)?.memcg
  const unread = memcgUnknown(about)
  if (!hasKubelet(about)) return { unknown: unread }
  const { total, available, kubeletAvailable, path, evictions } = nodeMemory(about)
  const root = memcgIndex(about)?.byPath.get('/')
  if (total === undefined || available === undefined || path === undefined) {
    const gap = about.gaps.find(one => one.path.endsWith('proc/meminfo'))
    const unknown: Unknown = {
      reason: 'meminfo-not-read',
      remedy: 'pass-node-files',
      ...(gap === undefined ? {} : { path: gap.path }),
    }
    return { unknown: [...unread, unknown] }
  }
  if (tree === undefined || root === undefined || kubeletAvailable === undefined) {
    const unknown: Unknown = {
      reason: 'memory-stat-not-read',
      remedy: 'pass-node-files',
      path: `${root?.dir ?? tree?.root ?? '/sys/fs/cgroup'}/memory.stat`,
    }
    return { unknown: unread.length > 0 ? unread : [unknown] }
  }
  const v1 = tree.version === 'v1'
  const free = latest(about)?.meminfo?.values['MemFree']
  const inactive = root.stat?.[v1 ? 'total_inactive_file' : 'inactive_file'] ?? 0
  const before = free === undefined ? undefined : total - Math.max(0, total - free - inactive)
  const older = v1 ? 'not-affected' : defectStatus('K-25', kernel(about), about.software).status
  const hard = evictions.find(({ soft }) => soft === undefined)
  const reading = (key: string, value: number): Evidence => ({
    kind: 'reading',
    path,
    key,
    value,
    unit: 'bytes',
    at: readAt(about),
  })
  return {
    unknown: [],
    view: {
      total,
      available,
      atMost: Math.max(
        available,
        RECLAIMABLE.reduce((sum, key) => sum + (latest(about)?.meminfo?.values[key] ?? 0), 0),
      ),
      kubelet:
        older === 'not-affected' || before === undefined
          ? [kubeletAvailable]
          : older === 'affected'
            ? [before]
            : [kubeletAvailable, before],
      threshold: hard?.bytes ?? 0,
      byDefault: hard?.byDefault === true,
      activeFile: root.stat?.[v1 ? 'total_active_file' : 'active_file'] ?? 0,
      version: tree.version,
      evidence: [
        reading('MemAvailable', available),
        reading('MemTotal', total),
        ...RECLAIMABLE.flatMap(key => {
          const value = latest(about)?.meminfo?.values[key]
          return value === undefined ? [] : [reading(key, value)]
        }),
        ...(v1
          ? [
              memcgReading(about, root, 'memory.usage_in_bytes', root.usage ?? 0),
              memcgReading(about, root, 'memory.stat', inactive, { key: 'total_inactive_file' }),
            ]
          : ['anon', 'file', 'inactive_file'].map(key =>
              memcgReading(about, root, 'memory.stat', root.stat?.[key] ?? 0, { key }),
            )),
      ],
    },
  }
})
