// BPF maps and programs are charged to whoever loads them from 5.11 on (before, RLIMIT_MEMLOCK held them): an agent's memory
// jumps by the size of its maps. What maps its processes hold, and how large the kernel says they are, their descriptors
// tell; without them vmalloc and percpu of memory.stat, which little else is charged for, are a hint.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Severity, Unknown } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { kernel, latest, readAt } from '../facts/kernel.ts'
import { type MemcgLoad, memcgLoads, severityOfPart } from '../facts/memcg-load.ts'
import { memcgReading, memcgSubject } from '../facts/memcg-tree.ts'
import { loadEvidence } from '../facts/reclaimable-load.ts'
import { defectStatus } from '../knowledge/kernel-defects.ts'
import { type Draft, detector } from './detector.ts'

const words = text({
  en: {
    title: 'BPF maps take up to {bytes|bytes} of a container’s {limit|bytes}',
    noLimit: 'BPF maps of a container without a limit take up to {bytes|bytes} of the node’s {limit|bytes}',
    held: 'Maps its processes hold: {maps|number}, together {memlock|bytes} by the kernel’s own count, the largest {largest|bytes}. They are kernel memory of whoever loaded them, no heap shows them, and they go with the last descriptor or pin, not with the process.',
    sure: 'Up to 6.3 that count is an estimate, and a map loaded by another container is charged there: it is taken for no more than the kernel memory charged here.',
    hintTitle:
      'Kernel memory of a container, {bytes|bytes} of {limit|bytes}, is of the kind BPF maps are made of',
    hint: 'vmalloc {vmalloc|bytes} and percpu {percpu|bytes} are charged to it, and little else than BPF maps and firewall tables is. Which maps its processes hold was not seen: they may be pinned, or their descriptors could not be read.',
    others: 'It is the same with other containers: {others|number}.',
  },
  zh: {
    title: 'BPF map 最多占用 {bytes|bytes}，容器限制 {limit|bytes}',
    noLimit: '某个没有限制的容器，BPF map 最多占用 {bytes|bytes}，节点内存 {limit|bytes}',
    held: '它的进程持有 {maps|number} 个 map，按内核自己的统计共 {memlock|bytes}，最大的 {largest|bytes}。它们是记在加载者名下的内核内存，不在程序的堆里，要等最后一个描述符或 pin 消失才释放，而不是随进程退出。',
    sure: '6.3 及以前该统计是估算，而由其他容器加载的 map 记在那一边：因此最多按这里记账的内核内存计算。',
    hintTitle: '容器限制 {limit|bytes}，其中 {bytes|bytes} 内核内存像是 BPF map',
    hint: '记在它名下的 vmalloc 有 {vmalloc|bytes}、percpu 有 {percpu|bytes}，除 BPF map 与防火墙规则表外很少有别的。没有看到它的进程持有哪些 map：可能已被 pin，或描述符没有读到。',
    others: '另有 {others|number} 个容器也是如此。',
  },
})

type En = typeof words.en

export default detector({
  id: 'bpf-memory',
  about: text({
    en: { judges: 'BPF maps charged to the container that loaded them' },
    zh: { judges: '记在加载者容器名下的 BPF map' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const { loads, unknown } = memcgLoads(about)
    // Before 5.11 maps are charged to nobody.
    if (defectStatus('K-28', kernel(about)).status === 'not-affected') return { findings: [], unknown }
    const judged = loads.map(load => judgeLoad(about, load))
    const found = judged
      .filter(one => one.severity !== undefined)
      .sort((a, b) => b.bytes / b.load.room - a.bytes / a.load.room)
    const [first] = found
    const open = judged.find(one => one.unknown !== undefined)?.unknown
    return {
      unknown: [...unknown, ...(open === undefined ? [] : [open])],
      findings: first === undefined ? [] : [draft(about, first, found.length - 1)],
    }
  },
})

interface OfLoad {
  readonly load: MemcgLoad
  readonly bytes: number
  readonly severity?: Severity | undefined
  /** Bytes by the kernel's count of the maps its processes hold; undefined: a hint only. */
  readonly memlock?: number
  readonly unknown?: Unknown
}

function judgeLoad(about: Case, load: MemcgLoad): OfLoad {
  const { memcg } = load
  const { kmemUsage = 0, stat } = memcg
  if (severityOfPart(load, kmemUsage) === undefined) return { load, bytes: 0 }
  const holder = latest(about)?.bpfMaps?.find(one => one.memcg === memcg.path)
  const memlock = holder?.maps.reduce((sum, map) => sum + map.memlock, 0) ?? 0
  const held = Math.min(memlock, kmemUsage)
  const severity = severityOfPart(load, held)
  if (severity !== undefined) return { load, bytes: held, severity, memlock }
  const { vmalloc, percpu } = stat ?? {}
  const hint = (vmalloc ?? 0) + (percpu ?? 0)
  const perhaps = severityOfPart(load, hint)
  // That is a guess at what it is; how much of it there is kmem-fills-memcg tells.
  if (perhaps !== undefined) return { load, bytes: hint, severity: 'info' }
  // Where nobody is, nobody holds any.
  const told = (vmalloc !== undefined && percpu !== undefined) || memcg.ownTasks === false
  const path = holder?.unread?.path ?? (holder === undefined ? `${memcg.dir}/cgroup.procs` : undefined)
  return told || path === undefined
    ? { load, bytes: 0 }
    : { load, bytes: 0, unknown: { reason: 'bpf-maps-not-read', path, remedy: 'run-as-root' } }
}

function draft(about: Case, { load, bytes, severity, memlock }: OfLoad, others: number): Draft<En> {
  const { memcg, room, limited } = load
  const v1 = latest(about)?.memcg?.version === 'v1'
  const maps = latest(about)?.bpfMaps?.find(one => one.memcg === memcg.path)?.maps ?? []
  const { vmalloc = 0, percpu = 0 } = memcg.stat ?? {}
  const held = memlock !== undefined
  const keys = held ? [] : ['vmalloc', 'percpu']
  return {
    severity: severity ?? 'info',
    subject: memcgSubject(memcg.path),
    values: {
      bytes,
      limit: room,
      maps: maps.length,
      memlock,
      largest: maps[0]?.memlock,
      vmalloc,
      percpu,
      others,
    },
    words: {
      title: held ? (limited ? 'title' : 'noLimit') : 'hintTitle',
      summary: kept(held ? 'held' : 'hint', held && 'sure', others > 0 && 'others'),
    },
    evidence: [
      ...loadEvidence(about, load, keys),
      ...(v1 ? [memcgReading(about, memcg, 'memory.kmem.usage_in_bytes', memcg.kmemUsage ?? 0)] : []),
      ...maps.slice(0, held ? 3 : 0).map(
        map =>
          ({
            kind: 'reading',
            path: map.path,
            key: 'memlock',
            value: map.memlock,
            unit: 'bytes',
            at: readAt(about),
          }) as const,
      ),
    ],
    remedies: ['shrink-bpf-maps', 'raise-memory-limit'],
    defects: bearings(about, ['K-28']),
    ongoing: true,
  }
}
