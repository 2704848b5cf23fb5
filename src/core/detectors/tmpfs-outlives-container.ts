// Files on a tmpfs are charged to the container that wrote them and live as long as the mount: an emptyDir with medium
// Memory, and /dev/shm, last as long as the pod. When the container goes, the pod is charged (mm/memcontrol.c), and a new
// container starts with that much less.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence, Severity, Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { type DeadMemory, deadMemory } from '../facts/dead-memory.ts'
import { bearings } from '../facts/defects.ts'
import { latest } from '../facts/kernel.ts'
import { type MemcgLoad, memcgLoads, mostOf, near, severityOfPart } from '../facts/memcg-load.ts'
import { memcgIndex, memcgReading, memcgSubject, memcgUnknown } from '../facts/memcg-tree.ts'
import { loadEvidence } from '../facts/reclaimable-load.ts'
import { type Draft, detector } from './detector.ts'

const words = text({
  en: {
    podTitle:
      'Removed containers of a pod left {shmem|bytes} in tmpfs files, which its limit of {limit|bytes} still pays',
    podNoLimit: 'Removed containers of a pod left {shmem|bytes} in tmpfs files',
    podWhat:
      'Files of an emptyDir with medium: Memory, or of /dev/shm, outlive the container that wrote them, and no container metric shows them. A container that starts again has that much less.',
    withOwn: 'On cgroup v2 what the pod’s own cgroup wrote cannot be told from it.',
    title: 'Shared memory and tmpfs files take {shmem|bytes} of a container’s {limit|bytes}',
    what: 'Without swap they cannot be reclaimed. What of it are files, and not shared memory of running processes, a restart does not free: the next container starts with it charged to its pod.',
    killed: 'In this container processes were OOM-killed before: {kills|number}.',
    others: 'It is the same with others: {others|number}.',
  },
  zh: {
    podTitle: '某个 Pod 已删除的容器在 tmpfs 文件里留下 {shmem|bytes}，仍占着它的限制 {limit|bytes}',
    podNoLimit: '某个 Pod 已删除的容器在 tmpfs 文件里留下 {shmem|bytes}',
    podWhat:
      'medium: Memory 的 emptyDir 或 /dev/shm 里的文件比写入它的容器活得久，任何容器指标都不显示。容器重启后可用的内存就少这么多。',
    withOwn: '在 cgroup v2 上无法与 Pod 自身 cgroup 写入的部分区分。',
    title: '共享内存与 tmpfs 文件占用 {shmem|bytes}，容器限制 {limit|bytes}',
    what: '没有 swap 时不可回收。其中属于文件、而不是运行中进程的共享内存的部分，重启容器也不会释放：会记到 Pod 上，由下一个容器继续承担。',
    killed: '该容器此前被 OOM kill 的进程：{kills|number} 个。',
    others: '另有 {others|number} 个也是如此。',
  },
})

type En = typeof words.en

export default detector({
  id: 'tmpfs-outlives-container',
  about: text({
    en: { judges: 'tmpfs files that stay charged after the container that wrote them is gone, or will' },
    zh: { judges: '写入者已不在（或将不在）却仍计入内存的 tmpfs 文件' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const { unknown } = memcgLoads(about)
    const left = leftToPods(about)
    return {
      findings: [...ofPods(about, left.pods), ...ofContainers(about)],
      unknown: [...unknown, ...left.unknown],
    }
  },
})

interface LeftToPod {
  readonly pod: Memcg
  readonly room: number
  readonly limited: boolean
  readonly dead: DeadMemory
  readonly shmem: number
  readonly severity: Severity
}

function leftToPods(about: Case): {
  readonly pods: readonly LeftToPod[]
  readonly unknown: readonly Unknown[]
} {
  const total = latest(about)?.meminfo?.values['MemTotal'] ?? Infinity
  const v1 = latest(about)?.memcg?.version === 'v1'
  const keys = v1 ? { shmem: 'total_shmem', cache: 'total_cache' } : { shmem: 'shmem', cache: 'file' }
  const pods: LeftToPod[] = []
  let unread: Memcg | undefined
  let notTold: Memcg | undefined
  for (const pod of memcgIndex(about)?.tree.memcgs ?? []) {
    if (pod.pod.level !== 'pod' || pod.uncontrolled) continue
    const { limit } = pod
    if (limit === undefined) {
      unread ??= pod
      continue
    }
    const load = loadOf(pod, total)
    const dead = deadMemory(about, pod)
    if (dead?.shmem === undefined) {
      // What cannot be told apart bounds it: all shared memory of the pod; before 4.13, which has no word for it, its cache.
      const most = dead?.cache ?? pod.stat?.[keys.shmem] ?? pod.stat?.[keys.cache]
      if (most === undefined) unread ??= pod
      else if (severityOfPart(load, most) !== undefined) notTold ??= pod
      continue
    }
    const severity = severityOfPart(load, Math.max(0, dead.shmem - (dead.error ?? 0)))
    if (severity !== undefined) pods.push({ ...load, pod, dead, shmem: dead.shmem, severity })
  }
  if (unread === undefined && notTold !== undefined) {
    return {
      pods,
      unknown: [{ reason: 'shmem-not-told', path: `${notTold.dir}/memory.stat`, remedy: 'none' }],
    }
  }
  return {
    pods: pods.sort((a, b) => b.shmem / b.room - a.shmem / a.room),
    unknown:
      unread === undefined || memcgUnknown(about).length > 0
        ? []
        : [
            unread.limit === undefined
              ? { reason: 'limit-not-read', path: unread.dir, remedy: 'pass-node-files' }
              : {
                  reason: 'memory-stat-not-read',
                  path: `${unread.dir}/memory.stat`,
                  remedy: 'pass-node-files',
                },
          ],
  }
}

function loadOf(pod: Memcg, total: number): MemcgLoad {
  const { limit = Infinity } = pod
  return { memcg: pod, workingSet: 0, room: Math.min(limit, total), limited: limit < Infinity }
}

function ofPods(about: Case, left: readonly LeftToPod[]): readonly Draft<En>[] {
  const [first] = left
  if (first === undefined) return []
  const { pod, room, limited, dead, shmem, severity } = first
  const v1 = latest(about)?.memcg?.version === 'v1'
  const key = v1 ? 'total_shmem' : 'shmem'
  return [
    {
      severity,
      subject: memcgSubject(pod.path),
      values: { shmem, limit: room, others: left.length - 1 },
      words: {
        title: limited ? 'podTitle' : 'podNoLimit',
        summary: kept('podWhat', dead.withOwn && 'withOwn', left.length > 1 && 'others'),
      },
      evidence: [
        memcgReading(about, pod, 'memory.stat', pod.stat?.[key] ?? 0, { key }),
        ...(v1 ? [memcgReading(about, pod, 'memory.stat', pod.stat?.['shmem'] ?? 0, { key: 'shmem' })] : []),
        ...liveShmem(about, pod, key),
      ],
      remedies: ['remove-tmpfs-files', 'delete-pod', 'size-emptydir'],
      defects: bearings(about, ['K-27']),
      ongoing: true,
    },
  ]
}

/** What the pod's live containers have of it, which is not left over: the largest three. */
function liveShmem(about: Case, pod: Memcg, key: string): readonly Evidence[] {
  return (memcgIndex(about)?.children.get(pod.path) ?? [])
    .map(child => ({ child, shmem: child.stat?.[key] ?? 0 }))
    .filter(({ shmem }) => shmem > 0)
    .sort((a, b) => b.shmem - a.shmem)
    .slice(0, 3)
    .map(({ child, shmem }) => memcgReading(about, child, 'memory.stat', shmem, { key }))
}

function ofContainers(about: Case): readonly Draft<En>[] {
  const v1 = latest(about)?.memcg?.version === 'v1'
  const key = v1 ? 'total_shmem' : 'shmem'
  const loads = memcgLoads(about)
    .loads.map(load => ({ ...load, shmem: load.memcg.stat?.[key] ?? 0 }))
    .filter(load => near(load) && mostOf(load, load.shmem))
    .sort((a, b) => b.shmem - a.shmem)
  const [first] = loads
  if (first === undefined) return []
  const kills = first.memcg.events?.['oom_kill'] ?? 0
  return [
    {
      severity: kills > 0 ? 'warning' : 'info',
      subject: memcgSubject(first.memcg.path),
      values: { shmem: first.shmem, limit: first.room, kills, others: loads.length - 1 },
      words: { title: 'title', summary: kept('what', kills > 0 && 'killed', loads.length > 1 && 'others') },
      evidence: [
        ...loadEvidence(about, first, [key]),
        ...(kills === 0
          ? []
          : [
              memcgReading(about, first.memcg, v1 ? 'memory.oom_control' : 'memory.events', kills, {
                key: 'oom_kill',
                unit: 'count',
              }),
            ]),
      ],
      remedies: ['remove-tmpfs-files', 'size-emptydir', 'raise-memory-limit'],
      defects: bearings(about, ['K-27']),
      ongoing: true,
    },
  ]
}
