// "unregister_netdevice: waiting for lo to become free. Usage count = 1" every ten seconds: a network namespace that
// cannot go away (netdev_wait_allrefs() of net/core/dev.c), with its sockets, routes and slab.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { kernelUpgrade } from '../facts/kernel.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

/**
 * The kernel says so every ten seconds. A minute of it is more than a slow peer or a timer holds a device (ours; TCP
 * sockets in TIME_WAIT hold theirs for 60 s).
 */
const STUCK = 7

export default detector({
  id: 'netdevice-unregister-stuck',
  about: text({
    en: { judges: 'network devices that cannot be unregistered' },
    zh: { judges: '无法注销的网络设备' },
  }),
  concerns: 'node',
  text: text({
    en: {
      stuck: 'Network device {device} is held and cannot go away (messages: {count|number})',
      slow: 'Network device {device} took long to go away (messages: {count|number})',
      leak: 'A reference to the device of a removed network namespace is leaked: the namespace, its sockets and slab stay until the node boots. Creating and removing pods waits for the same lock and may hang.',
      constant: 'The count of references stays at {references|number}.',
      changes: 'The count of references went from {first|number} to {references|number}.',
      short: 'Said for less than a minute: references that are let go late do this, too.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      stuck: '网络设备 {device} 被引用，无法注销（日志中 {count|number} 次）',
      slow: '网络设备 {device} 注销较慢（日志中 {count|number} 次）',
      leak: '已删除的网络命名空间的设备引用泄漏：该命名空间连同其 socket 和 slab 在重启前都不会释放。Pod 的创建和删除要等同一把锁，可能卡住。',
      constant: '引用数一直是 {references|number}。',
      changes: '引用数从 {first|number} 变为 {references|number}。',
      short: '持续不到一分钟：引用放开得晚也会如此。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    return {
      unknown: logUnknown(about),
      findings: reportSeries(about, 'netdevice-wait').map(({ reports, last, folded, count, claimed }) => {
        const stuck = count >= STUCK && !claimed
        const [{ device, references: first }] = reports
        const constant = reports.every(({ references }) => references === first)
        return {
          severity: stuck ? ('warning' as const) : ('info' as const),
          subject: { kind: 'node' as const },
          values: { device, count, first, references: last.references },
          words: {
            title: stuck ? ('stuck' as const) : ('slow' as const),
            summary: kept(
              claimed && 'claim',
              stuck ? 'leak' : 'short',
              count > 1 && (constant ? 'constant' : 'changes'),
            ),
          },
          evidence: [...quoted(reports[0]), ...(reports.length > 1 ? quoted(last) : [])] as const,
          remedies: stuck
            ? kept('save-evidence', 'drain-and-reboot', kernelUpgrade(about), 'report-kernel-bug')
            : [],
          defects: [],
          ...seen(about, reports, folded),
        }
      }),
    }
  },
})
