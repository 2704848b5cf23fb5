// "TCP: out of memory -- consider tuning tcp_mem": the sockets of the node have reached net.ipv4.tcp_mem
// (tcp_check_oom() of net/ipv4/tcp.c).

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { bearings } from '../facts/defects.ts'
import { isReport, logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'tcp-memory-exhaustion',
  about: text({
    en: { judges: 'TCP out of memory, by the kernel’s own word' },
    zh: { judges: '内核报告的 TCP 内存用尽' },
  }),
  concerns: 'node',
  text: text({
    en: {
      memory: 'TCP ran out of memory for the whole node (messages: {count|number})',
      orphans: 'Too many TCP sockets without a process (messages: {count|number})',
      memoryWhat:
        'All sockets together have reached net.ipv4.tcp_mem (counted in pages, for the whole node): connections of any pod are reset or stall. The node itself may have plenty of free memory.',
      orphansWhat:
        'Connections the program has closed and the peer has not. The kernel resets them above net.ipv4.tcp_max_orphans, or when tcp_mem is short.',
      least:
        'Messages of the network code are limited: {suppressed|number} of this or another kind were not printed.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      memory: '整个节点的 TCP 内存用尽：日志中 {count|number} 次',
      orphans: '没有进程持有的 TCP socket 过多：日志中 {count|number} 次',
      memoryWhat:
        '所有 socket 合计达到 net.ipv4.tcp_mem（以页计，作用于整个节点）：任何 Pod 的连接都可能被重置或停顿。节点本身可能还有大量空闲内存。',
      orphansWhat:
        '程序已关闭而对端没有关闭的连接。超过 net.ipv4.tcp_max_orphans，或 tcp_mem 紧张时，内核会重置它们。',
      least: '网络代码的消息限速打印：另有 {suppressed|number} 条（此类或其他类）没有打印。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    const suppressed = (about.log?.reports ?? [])
      .filter(isReport('callbacks-suppressed'))
      .filter(({ source }) => source === 'net_ratelimit')
      .reduce((sum, { count }) => sum + count, 0)
    return {
      unknown: logUnknown(about),
      findings: reportSeries(about, 'tcp-memory').map(({ reports, last, folded, count, claimed }) => {
        const { what } = last
        return {
          severity: claimed ? ('info' as const) : ('warning' as const),
          subject: { kind: 'node' as const },
          values: { count, suppressed },
          words: {
            title: what === 'orphans' ? ('orphans' as const) : ('memory' as const),
            summary: kept(
              claimed && 'claim',
              what === 'orphans' ? 'orphansWhat' : 'memoryWhat',
              suppressed > 0 && !claimed && 'least',
            ),
          },
          evidence: [...quoted(reports[0]), ...(reports.length > 1 ? quoted(last) : [])] as const,
          remedies: claimed ? [] : (['socket-memory'] as const),
          defects: claimed ? [] : bearings(about, ['K-29']),
          ...seen(about, reports, folded),
        }
      }),
    }
  },
})
