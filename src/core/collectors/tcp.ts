// Buffers of the TCP sockets of the whole node: proto_memory_allocated counts every network namespace
// (sockstat_seq_show of net/ipv4/proc.c), and net.ipv4.tcp_mem limits them all (Documentation/networking/ip-sysctl.rst).

import type { TcpMemory } from '../case/case.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const SOCKSTAT = 'proc/net/sockstat'
const LIMITS = 'proc/sys/net/ipv4/tcp_mem'

export default collector({
  id: 'tcp',
  reads: [SOCKSTAT, LIMITS],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(SOCKSTAT)
    if (isGap(bytes)) return bytes.why === 'absent' ? {} : { gaps: [bytes] }
    const path = tree.shown(SOCKSTAT)
    const pages = /^TCP:.* mem (\d{1,15})$/m.exec(new TextDecoder().decode(bytes))?.[1]
    if (pages === undefined) return { gaps: [{ path, why: 'unreadable', detail: 'no line of TCP' }] }
    const limits = limitsOf(tree.read(LIMITS))
    const tcp: TcpMemory = {
      path,
      pages: Number(pages),
      ...(limits === undefined ? {} : { limits: { path: tree.shown(LIMITS), ...limits } }),
    }
    return { sample: { tcp } }
  },
})

function limitsOf(answer: unknown): { low: number; pressure: number; high: number } | undefined {
  if (!(answer instanceof Uint8Array)) return undefined
  const three = /^\s*(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*$/.exec(new TextDecoder().decode(answer))
  return three === null
    ? undefined
    : { low: Number(three[1]), pressure: Number(three[2]), high: Number(three[3]) }
}
