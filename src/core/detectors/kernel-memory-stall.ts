// Hung tasks and soft lockups in reclaim, memory cgroups or slab caches, and XFS that waits for memory: the node is slow
// or hangs by its memory management, not by its disks or its applications.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { MemoryStall } from '../decode/kmsg/report.ts'
import { bearings } from '../facts/defects.ts'
import { kernelUpgrade } from '../facts/kernel.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { type ReportSeries, reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'kernel-memory-stall',
  about: text({
    en: { judges: 'tasks and CPUs that hang in the kernel’s memory code' },
    zh: { judges: '卡在内核内存管理代码里的任务和 CPU' },
  }),
  concerns: 'node',
  text: text({
    en: {
      stall: 'Tasks or CPUs hang in {function} (reports: {count|number}, longest: {seconds|number} s)',
      xfs: 'XFS waits for memory in {function} (messages: {count|number})',
      reclaim:
        'They free memory, or wait for others to: very many dentries, inodes or cgroups to look through, or a disk too slow to write back to.',
      memcg:
        'They read statistics of memory cgroups, or create or remove them. That takes as long as there are cgroups, dying ones included.',
      slab: 'They create, destroy or count slab caches, which wait for one lock. Reading slabinfo or memory.kmem.slabinfo in short intervals does it, too.',
      allocation:
        'Processes that use the file system hang in D state until the memory comes: free memory is mostly there, but not in one piece.',
      tasks: 'Seen in: {tasks}.',
      claim:
        'The lines were written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      stall: '任务或 CPU 卡在 {function}：{count|number} 次，最长 {seconds|number} 秒',
      xfs: 'XFS 在 {function} 中等待内存：日志中 {count|number} 次',
      reclaim: '它们在回收内存，或等待回收：要查看的 dentry、inode 或 cgroup 极多，或磁盘回写太慢。',
      memcg: '它们在读取内存 cgroup 的统计，或创建、删除 cgroup。所需时间随 cgroup 数量（含 dying 的）增长。',
      slab: '它们在创建、销毁或统计 slab 缓存，都要等同一把锁。频繁读取 slabinfo 或 memory.kmem.slabinfo 也会如此。',
      allocation: '使用该文件系统的进程处于 D 状态，直到拿到内存：多半有空闲内存，但不连续。',
      tasks: '出现于：{tasks}。',
      claim: '这些行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    return {
      unknown: logUnknown(about),
      findings: reportSeries(about, 'memory-stall').map(series => {
        const { reports, last, folded, count, claimed } = series
        const [first] = reports
        const { area } = first
        const tasks = [...new Set(reports.map(({ comm }) => comm).filter(comm => comm !== undefined))]
        return {
          severity: claimed ? ('info' as const) : ('warning' as const),
          subject: { kind: 'node' as const },
          values: {
            function: first.function,
            count,
            seconds: Math.max(...reports.map(({ seconds = 0 }) => seconds)),
            tasks: tasks.slice(0, 5).join(', '),
          },
          words: {
            title: area === 'allocation' ? ('xfs' as const) : ('stall' as const),
            summary: kept(claimed && 'claim', area, tasks.length > 0 && 'tasks'),
          },
          evidence: [...quoted(first), ...(reports.length > 1 ? quoted(last) : [])] as const,
          remedies: claimed ? [] : remedies(about, first),
          defects: claimed ? [] : defects(about, series),
          ...seen(about, reports, folded),
        }
      }),
    }
  },
})

function remedies(about: Case, { area }: MemoryStall) {
  if (area === 'allocation') return kept('save-evidence', 'compact-memory', kernelUpgrade(about))
  return kept('save-evidence', area !== 'reclaim' && 'reduce-churn', 'drain-and-reboot', kernelUpgrade(about))
}

function defects(about: Case, { reports: [{ area, function: name }] }: ReportSeries<MemoryStall>) {
  if (area === 'allocation') return bearings(about, ['K-30'])
  if (name.startsWith('inode_switch_wbs')) return bearings(about, ['K-45'])
  if (area === 'memcg') return bearings(about, ['K-38'])
  if (area === 'slab') return bearings(about, ['K-39'])
  return bearings(about, ['K-42'])
}
