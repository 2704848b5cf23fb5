// "BUG: Bad page state": the kernel found a page, or an entry of a page table, whose flags and counts contradict each
// other (bad_page() of mm/page_alloc.c, print_bad_pte() of mm/memory.c).

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'page-corruption',
  about: text({
    en: { judges: 'pages whose state the kernel found damaged' },
    zh: { judges: '被内核发现状态损坏的页' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title: 'The kernel found damaged pages: {count|number}',
      charged: 'The kernel freed pages that were still charged to a cgroup: {count|number}',
      what: 'Memory was overwritten or counted wrongly: a bug of the kernel or of a module, or bad RAM. Data of any program may be wrong. Take the node out of service.',
      chargedWhat: 'A bug of the kernel’s accounting: the charge of such a page is never given back.',
      reason: 'The kernel says: {reason}.',
      more: 'Not printed because of rate limiting: {suppressed|number} more.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      title: '内核发现损坏的页：{count|number} 次',
      charged: '内核释放了仍记在 cgroup 名下的页：{count|number} 次',
      what: '内存被改写或计数出错：内核或模块的 bug，或内存条故障。任何程序的数据都可能已经出错。应让该节点停止服务。',
      chargedWhat: '这是内核记账的 bug：这种页的账不会再归还。',
      reason: '内核的说明：{reason}。',
      more: '另有 {suppressed|number} 次因限速没有打印。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    return {
      unknown: logUnknown(about),
      findings: reportSeries(about, 'bad-page').map(({ reports, last, folded, count, claimed }) => {
        const reasons = [
          ...new Set(reports.map(({ reason }) => reason).filter(reason => reason !== undefined)),
        ]
        const suppressed = reports.reduce((sum, report) => sum + (report.suppressed ?? 0), 0)
        const charged =
          reasons.length > 0 && reasons.every(reason => /charged to cgroup|cgroup check/.test(reason))
        // a line that counts others is none itself
        const told = count - reports.filter(report => report.suppressed !== undefined).length
        return {
          severity: claimed ? ('info' as const) : ('critical' as const),
          subject: { kind: 'node' as const },
          values: { count: Math.max(told, 1), suppressed, reason: reasons.slice(0, 3).join('; ') },
          words: {
            title: charged ? ('charged' as const) : ('title' as const),
            summary: kept(
              claimed && 'claim',
              charged ? 'chargedWhat' : 'what',
              reasons.length > 0 && 'reason',
              suppressed > 0 && 'more',
            ),
          },
          evidence: [...quoted(reports[0]), ...(reports.length > 1 ? quoted(last) : [])] as const,
          remedies: claimed
            ? []
            : (['save-evidence', 'cordon-node', 'drain-and-reboot', 'report-kernel-bug'] as const),
          defects: [],
          ...seen(about, reports, folded),
        }
      }),
    }
  },
})
