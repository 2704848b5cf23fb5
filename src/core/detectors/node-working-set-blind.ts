// Memory that the kubelet takes to be available and the kernel has not: its working set of the node leaves kernel memory
// out, on v1 (mem_cgroup_usage of the root is page cache and anonymous memory) and on v2 from libcontainer 1.1.9 on.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { kubeletView } from '../facts/kubelet-view.ts'
import { detector } from './detector.ts'

/**
 * Ours, that of unreclaimable-slab-share: a tenth of the node. And no less than the eviction threshold itself, below which
 * being wrong does not let the node run out before the kubelet acts.
 */
const BLIND_SHARE = 0.1

/**
 * Kernel memory that reclaim cannot have back and that is no cgroup's page cache or anonymous memory. Not VmallocUsed: it is
 * address space, or 0, before 5.3 (Documentation/filesystems/proc.rst).
 */
const KERNEL = ['SUnreclaim', 'Percpu', 'PageTables', 'SecPageTables', 'KernelStack'] as const

export default detector({
  id: 'node-working-set-blind',
  about: text({
    en: {
      judges: 'kernel memory that the kubelet’s memory.available leaves out, so that it evicts too late',
    },
    zh: { judges: 'kubelet 的 memory.available 看不到的内核内存，因而驱逐过晚' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title:
        'The kubelet takes {kubelet|bytes} of the node to be available, the kernel has {available|bytes}',
      v1: 'On cgroup v1 the usage of the root cgroup, and with it the working set of the node and memory.available, leaves kernel memory out.',
      v2: 'On cgroup v2 this kubelet (libcontainer 1.1.9 or later) counts the page cache and anonymous memory of the root cgroup, and no kernel memory.',
      parts:
        'Kernel memory that cannot be reclaimed: unreclaimable slab {slab|bytes}, percpu {percpu|bytes}, page tables {tables|bytes}.',
      partsWithoutPercpu:
        'Kernel memory that cannot be reclaimed: unreclaimable slab {slab|bytes}, page tables {tables|bytes}; this kernel does not tell percpu memory.',
      late: 'It evicts when its own number falls below {threshold|bytes}: the node can run out of memory, and the kernel kill processes, before that.',
      now: 'What the kernel has left is below that threshold already.',
      byDefault: 'The threshold is the kubelet’s default; its configuration was not read.',
    },
    zh: {
      title: 'kubelet 认为节点可用内存有 {kubelet|bytes}，内核实际只有 {available|bytes}',
      v1: '在 cgroup v1 上，根 cgroup 的用量不含内核内存，节点的 working set 和 memory.available 因此也不含。',
      v2: '在 cgroup v2 上，该 kubelet（libcontainer 1.1.9 及以后）只计根 cgroup 的页缓存与匿名内存，不计内核内存。',
      parts: '不可回收的内核内存：不可回收 slab {slab|bytes}，percpu {percpu|bytes}，页表 {tables|bytes}。',
      partsWithoutPercpu:
        '不可回收的内核内存：不可回收 slab {slab|bytes}，页表 {tables|bytes}；该内核不显示 percpu 内存。',
      late: '它要等自己的数值低于 {threshold|bytes} 才驱逐：在此之前节点可能已经耗尽内存，由内核杀进程。',
      now: '内核剩余的内存已经低于该阈值。',
      byDefault: '该阈值是 kubelet 的默认值，没有读到它的配置。',
    },
  }),
  judge(about) {
    const { view, unknown } = kubeletView(about)
    if (view === undefined) return { findings: [], unknown }
    const { total, available, atMost, kubelet, threshold, version } = view
    const least = Math.max(BLIND_SHARE * total, threshold)
    // What /proc/meminfo names must account for it too: the two files are not read in one instant.
    const named = KERNEL.reduce((sum, key) => sum + (latest(about)?.meminfo?.values[key] ?? 0), 0)
    const blind = named < least ? [] : kubelet.filter(one => one - atMost >= least)
    const [sees] = blind
    if (sees === undefined) return { findings: [], unknown }
    if (blind.length < kubelet.length) {
      return {
        findings: [],
        unknown: [...unknown, { reason: 'kubelet-formula-not-known', remedy: 'compare-versions' }],
      }
    }
    const values = latest(about)?.meminfo?.values ?? {}
    const told = values['SUnreclaim'] !== undefined && values['PageTables'] !== undefined
    return {
      unknown,
      findings: [
        {
          severity: available < threshold ? 'critical' : 'warning',
          subject: { kind: 'node' },
          values: {
            kubelet: sees,
            available,
            threshold,
            slab: values['SUnreclaim'],
            percpu: values['Percpu'],
            tables: values['PageTables'],
          },
          words: {
            title: 'title',
            summary: kept(
              version,
              told && (values['Percpu'] === undefined ? 'partsWithoutPercpu' : 'parts'),
              'late',
              available < threshold && 'now',
              view.byDefault && 'byDefault',
            ),
          },
          evidence: [...view.evidence, ...kernelReadings(about)],
          remedies: ['find-slab-owner', 'reserve-node-memory', 'drain-and-reboot'],
          defects: [],
          ongoing: true,
        },
      ],
    }
  },
})

function kernelReadings(about: Case): readonly Evidence[] {
  const meminfo = latest(about)?.meminfo
  if (meminfo === undefined) return []
  return KERNEL.flatMap(key => {
    const value = meminfo.values[key]
    return value === undefined
      ? []
      : [{ kind: 'reading', path: meminfo.path, key, value, unit: 'bytes', at: readAt(about) } as const]
  })
}
