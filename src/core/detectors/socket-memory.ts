// Buffers of sockets: charged to the container on cgroup v2 (sock of memory.stat), where nothing reclaims them and no heap
// shows them; on v1 counted apart (memory.kmem.tcp) and part of no limit unless somebody set one. TCP of the whole node is
// held against net.ipv4.tcp_mem, in pages.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { memcgLoads, severityOfPart } from '../facts/memcg-load.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { loadEvidence } from '../facts/reclaimable-load.ts'
import { type Draft, detector } from './detector.ts'

const words = text({
  en: {
    title: 'Socket buffers take {sock|bytes} of a container’s {limit|bytes}',
    noLimit: 'Socket buffers of a container without a limit take {sock|bytes} of the node’s {limit|bytes}',
    what: 'They hold what was received and not read, or sent and not acknowledged: a peer or the program itself is slow. Reclaim cannot have them back, and no heap shows them.',
    others: 'It is the same with other containers: {others|number}.',
    nodeTitle:
      'TCP buffers of the node are at {pages|number} pages; from {pressure|number} on the kernel cuts them down',
    nodeWhat:
      'Of all pods together: net.ipv4.tcp_mem counts pages for the whole node. Connections slow down from there, and at {high|number} pages they are reset or stall.',
    over: 'That last limit is reached.',
  },
  zh: {
    title: 'socket 缓冲占用 {sock|bytes}，容器限制 {limit|bytes}',
    noLimit: '某个没有限制的容器，socket 缓冲占用 {sock|bytes}，节点内存 {limit|bytes}',
    what: '里面是收到还没读、或已发送还没被确认的数据：对端或程序自身处理慢。不可回收，也不在程序的堆里。',
    others: '另有 {others|number} 个容器也是如此。',
    nodeTitle: '节点的 TCP 缓冲已达 {pages|number} 页，从 {pressure|number} 页起内核会压缩缓冲',
    nodeWhat:
      '所有 Pod 合计：net.ipv4.tcp_mem 以页计，作用于整个节点。从此连接变慢，到 {high|number} 页时被重置或停顿。',
    over: '已达到最后这一上限。',
  },
})

type En = typeof words.en

export default detector({
  id: 'socket-memory',
  about: text({
    en: { judges: 'socket buffers that fill a container, or TCP memory of the node under pressure' },
    zh: { judges: '占满容器的 socket 缓冲，或节点的 TCP 内存紧张' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const { unknown } = memcgLoads(about)
    const node = ofNode(about)
    return { findings: [...node.findings, ...ofContainers(about)], unknown: [...unknown, ...node.unknown] }
  },
})

function ofContainers(about: Case): readonly Draft<En>[] {
  if (latest(about)?.memcg?.version !== 'v2') return []
  const found = memcgLoads(about)
    .loads.map(load => ({ ...load, sock: load.memcg.stat?.['sock'] ?? 0 }))
    .flatMap(load => {
      const severity = severityOfPart(load, load.sock)
      return severity === undefined ? [] : [{ ...load, severity }]
    })
    .sort((a, b) => b.sock / b.room - a.sock / a.room)
  const [first] = found
  if (first === undefined) return []
  return [
    {
      severity: first.severity,
      subject: memcgSubject(first.memcg.path),
      values: { sock: first.sock, limit: first.room, others: found.length - 1 },
      words: {
        title: first.limited ? 'title' : 'noLimit',
        summary: kept('what', found.length > 1 && 'others'),
      },
      evidence: loadEvidence(about, first, ['sock']),
      remedies: ['socket-memory', 'raise-memory-limit'],
      defects: [],
      ongoing: true,
    },
  ]
}

function ofNode(about: Case): {
  readonly findings: readonly Draft<En>[]
  readonly unknown: readonly Unknown[]
} {
  const tcp = latest(about)?.tcp
  if (tcp?.limits === undefined) {
    return {
      findings: [],
      unknown: [
        {
          reason: 'tcp-memory-not-read',
          path: tcp === undefined ? '/proc/net/sockstat' : '/proc/sys/net/ipv4/tcp_mem',
          remedy: 'pass-node-files',
        },
      ],
    }
  }
  const { pages, limits } = tcp
  if (limits.pressure === 0 || pages < limits.pressure) return { findings: [], unknown: [] }
  const over = pages >= limits.high
  const said = (path: string, key: string, value: string): Evidence => ({
    kind: 'reading',
    path,
    key,
    value,
    unit: 'text',
    at: readAt(about),
  })
  return {
    unknown: [],
    findings: [
      {
        severity: over ? 'critical' : 'warning',
        subject: { kind: 'node' },
        values: { pages, pressure: limits.pressure, high: limits.high },
        words: { title: 'nodeTitle', summary: kept('nodeWhat', over && 'over') },
        evidence: [
          said(tcp.path, 'TCP', `mem ${pages}`),
          said(limits.path, 'pressure', `${limits.pressure}`),
          said(limits.path, 'high', `${limits.high}`),
        ],
        remedies: ['socket-memory'],
        defects: bearings(about, ['K-29']),
        ongoing: true,
      },
    ],
  }
}
