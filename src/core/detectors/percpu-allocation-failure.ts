// "percpu: allocation failed, size=…": no percpu memory for a cgroup, a BPF map, a network device or a module
// (pcpu_alloc() of mm/percpu.c). Ten are printed, then none until the node boots.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { bearings } from '../facts/defects.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'percpu-allocation-failure',
  about: text({
    en: { judges: 'percpu allocations that failed' },
    zh: { judges: 'percpu 分配失败' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title: 'Percpu memory ran out (failed allocations: {count|number})',
      limit: 'Percpu memory ran out (failed allocations: at least {count|number})',
      what: 'Creating cgroups, network devices, namespaces and BPF maps fails with “Cannot allocate memory” while the node has free memory.',
      reserved:
        'It was the small part reserved for modules: loading a module failed, and nothing else is hurt.',
      reason: 'The kernel says: {reason} (largest: {size|bytes}, on each CPU).',
      silent: 'The kernel prints ten of them, then none until the node boots: there may be any number since.',
      owners:
        'What takes percpu memory: dying cgroups first, then BPF maps, network namespaces, mounts of XFS and ext4, modules from outside the kernel.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      title: 'percpu 内存用尽：{count|number} 次分配失败',
      limit: 'percpu 内存用尽：至少 {count|number} 次分配失败',
      what: '创建 cgroup、网络设备、命名空间和 BPF map 时报“Cannot allocate memory”，而节点仍有空闲内存。',
      reserved: '用尽的是为模块保留的一小块：有模块加载失败，其他不受影响。',
      reason: '内核的说明：{reason}（最大一次每个 CPU {size|bytes}）。',
      silent: '内核打印十次后，在重启前不再打印：此后可能还有任意多次。',
      owners:
        'percpu 内存的去处：首先是 dying memcg，其次是 BPF map、网络命名空间、XFS 与 ext4 挂载、树外模块。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    return {
      unknown: logUnknown(about),
      findings: reportSeries(about, 'percpu-alloc-failure').map(
        ({ reports, last, folded, count, claimed }) => {
          const limits = reports.filter(({ limitReached }) => limitReached === true).length
          const reasons = [
            ...new Set(reports.map(({ reason }) => reason).filter(reason => reason !== undefined)),
          ]
          const reserved = reasons.length > 0 && reasons.every(reason => reason.includes('reserved'))
          const failed = reports.find(({ reason }) => reason !== undefined) ?? reports[0]
          return {
            severity: claimed || reserved ? ('info' as const) : ('warning' as const),
            subject: { kind: 'node' as const },
            values: {
              count: Math.max(count - limits, 1),
              reason: reasons.slice(0, 3).join('; '),
              size: Math.max(...reports.map(({ size = 0 }) => size)),
            },
            words: {
              title: limits > 0 ? ('limit' as const) : ('title' as const),
              summary: kept(
                claimed && 'claim',
                reserved ? 'reserved' : 'what',
                reasons.length > 0 && 'reason',
                limits > 0 && 'silent',
                !reserved && 'owners',
              ),
            },
            evidence: [...quoted(failed), ...(reports.length > 1 ? quoted(last) : [])] as const,
            remedies:
              claimed || reserved ? [] : (['save-evidence', 'reduce-churn', 'drain-and-reboot'] as const),
            defects: claimed || reserved ? [] : bearings(about, ['K-11', 'K-17', 'K-47']),
            ...seen(about, reports, folded),
          }
        },
      ),
    }
  },
})
