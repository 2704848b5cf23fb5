// Counters of memory that do not come to zero, or go below: page_counter_cancel() of mm/page_counter.c for a cgroup,
// check_mm() of kernel/fork.c for a process.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { bearings } from '../facts/defects.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'memory-counter-mismatch',
  about: text({
    en: { judges: 'memory counters of cgroups and processes that the kernel found wrong' },
    zh: { judges: '被内核发现出错的 cgroup 与进程内存计数' },
  }),
  concerns: 'cause',
  text: text({
    en: {
      cgroup: 'A memory counter of a cgroup went below zero',
      process: 'Processes ended with memory counters that were not zero: {count|number}',
      cgroupWhat:
        'The kernel gave back more than was charged. The usage of that cgroup and of those above it cannot be trusted until they are made anew; limits may be hit too early or never. The log does not name the cgroup.',
      pages: '{pages|number} pages were given back.',
      once: 'The kernel says so only once after boot.',
      processWhat:
        'The kernel mapped or unmapped pages without counting them: its bug, or a module’s. The memory in question is small; as a sign of corruption it weighs more beside other findings.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      cgroup: '有 cgroup 的内存计数减到了零以下',
      process: '进程退出时内存计数不为零：{count|number} 次',
      cgroupWhat:
        '内核归还的多于记账的。该 cgroup 及其上级的用量在重建之前不再可信，可能过早达到限制，也可能永远达不到。日志没有写是哪个 cgroup。',
      pages: '当时归还 {pages|number} 页。',
      once: '每次启动内核只报一次。',
      processWhat:
        '内核映射或解除映射页时没有计数：内核或模块的 bug。涉及的内存很少；若同时有其他发现，则更像是内存损坏的迹象。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    const ofCgroups = reportSeries(about, 'page-counter-underflow').map(
      ({ reports, last, folded, claimed }) => ({
        severity: claimed ? ('info' as const) : ('warning' as const),
        subject: { kind: 'node' as const },
        values: { pages: last.pages },
        words: {
          title: 'cgroup' as const,
          summary: kept(claimed && 'claim', 'cgroupWhat', last.pages !== undefined && 'pages', 'once'),
        },
        evidence: quoted(last),
        remedies: claimed ? [] : (['save-evidence', 'report-kernel-bug', 'drain-and-reboot'] as const),
        defects: claimed ? [] : bearings(about, ['K-46']),
        ...seen(about, reports, folded),
      }),
    )
    const ofProcesses = reportSeries(about, 'bad-rss-counter').map(
      ({ reports, last, folded, count, claimed }) => ({
        severity: claimed ? ('info' as const) : ('warning' as const),
        subject: { kind: 'node' as const },
        values: { count },
        words: { title: 'process' as const, summary: kept(claimed && 'claim', 'processWhat') },
        evidence: [...quoted(reports[0]), ...(reports.length > 1 ? quoted(last) : [])] as const,
        remedies: claimed ? [] : (['save-evidence', 'report-kernel-bug'] as const),
        defects: [],
        ...seen(about, reports, folded),
      }),
    )
    return { unknown: logUnknown(about), findings: [...ofCgroups, ...ofProcesses] }
  },
})
