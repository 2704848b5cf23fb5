// What the network code says about its memory, in words: netdev_wait_allrefs() of net/core/dev.c,
// tcp_check_oom() of net/ipv4/tcp.c, __nf_conntrack_alloc() of net/netfilter/nf_conntrack_core.c.

import { text } from '../base/text.ts'
import type { ConntrackFull, NetdeviceWait, TcpMemory } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    netdevice: 'Network device {device} cannot go away (references left: {references|number})',
    netdeviceMeans:
      'Somebody holds the device of a network namespace that is being removed. The kernel says so every ten seconds until it is let go; now and then it only takes long. Where the number stays, a reference is leaked: the namespace, its sockets and its slab stay, and creating or removing containers waits for it.',
    loopback:
      '“lo” is the namespace’s own loopback: it is held by what was sent through it, mostly by a route or a socket in the kernel.',
    tcp: 'TCP has no memory left for the node (net.ipv4.tcp_mem)',
    tcpMeans:
      'The limit counts pages of all sockets of the node together, or of one cgroup on v1 (memory.kmem.tcp). Connections are reset and nothing is killed; the node may have plenty of free memory.',
    orphans: 'Too many TCP sockets that no process holds any more',
    orphansMeans:
      'Closed by the program, not yet by the peer. Above net.ipv4.tcp_max_orphans, or when tcp_mem is short, the kernel resets them. A peer that went away, or many short connections, does this.',
    conntrack: 'The table of tracked connections is full: packets are dropped',
    conntrackNetns:
      'The table of tracked connections of network namespace {netns} is full: packets are dropped',
    conntrackMeans:
      'Not a leak by itself: there are more connections than net.netfilter.nf_conntrack_max. New connections fail, those known go on. Compare nf_conntrack_count with it, and look for a client that opens very many or for timeouts that are too long.',
    limited: 'These lines are limited in number: how many packets or connections it was is not told.',
  },
  zh: {
    netdevice: '网络设备 {device} 无法注销：还有 {references|number} 个引用',
    netdeviceMeans:
      '网络命名空间正在删除，而它的设备仍被引用。放开之前内核每十秒打印一次，有时只是较慢。数字一直不变就是引用泄漏：该命名空间连同其 socket 和 slab 都不会释放，容器的创建和删除也会卡住。',
    loopback: '“lo”是该命名空间自己的回环设备：引用来自经它发送的数据，多半是内核里的路由或 socket。',
    tcp: '整个节点的 TCP 内存已用尽（net.ipv4.tcp_mem）',
    tcpMeans:
      '该限制按页统计节点上所有 socket 的总和，cgroup v1 上也可能是某个 cgroup 的（memory.kmem.tcp）。连接会被重置，但不会杀进程；节点可能还有大量空闲内存。',
    orphans: '没有进程持有的 TCP socket 过多',
    orphansMeans:
      '程序已关闭、对端还没有关闭的连接。超过 net.ipv4.tcp_max_orphans，或 tcp_mem 紧张时，内核会重置它们。常见于对端消失，或大量短连接。',
    conntrack: '连接跟踪表已满：正在丢包',
    conntrackNetns: '网络命名空间 {netns} 的连接跟踪表已满：正在丢包',
    conntrackMeans:
      '这本身不是泄漏：连接数超过了 net.netfilter.nf_conntrack_max。新连接失败，已有的不受影响。与 nf_conntrack_count 对照，查找连接极多的客户端，或过长的超时时间。',
    limited: '这类消息限速打印：实际丢了多少包或连接，日志里看不出。',
  },
})

type Words = typeof words.en

/** A network device that cannot go away, in words. */
export function explainNetdeviceWait({ device, references }: NetdeviceWait): ExplanationOf<Words> {
  return {
    text: words,
    values: { device, references },
    title: 'netdevice',
    summary: device === 'lo' ? ['netdeviceMeans', 'loopback'] : ['netdeviceMeans'],
    facts: [],
    remedies: ['save-evidence', 'drain-and-reboot', 'report-kernel-bug'],
  }
}

/** TCP's memory, in words. */
export function explainTcpMemory({ what }: TcpMemory): ExplanationOf<Words> {
  return {
    text: words,
    values: {},
    title: what === 'orphans' ? 'orphans' : 'tcp',
    summary: [what === 'orphans' ? 'orphansMeans' : 'tcpMeans', 'limited'],
    facts: [],
    remedies: ['socket-memory'],
  }
}

/** A full table of connections, in words. */
export function explainConntrackFull({ netns }: ConntrackFull): ExplanationOf<Words> {
  return {
    text: words,
    values: { netns: netns === undefined ? undefined : String(netns) },
    title: netns === undefined ? 'conntrack' : 'conntrackNetns',
    summary: ['conntrackMeans', 'limited'],
    facts: [],
    remedies: [],
  }
}
