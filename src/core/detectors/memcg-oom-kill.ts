// The kernel killed a task because a charge would have gone over the limit of its cgroup or of one above it, and
// reclaim could not free enough (mm/memcontrol.c, mem_cgroup_out_of_memory). Neither working set nor rss is asked.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { MemoryCounter, OomReport } from '../decode/kmsg/report.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { filledByKernel } from '../facts/kmem-charge.ts'
import { memcgReading, memcgSubject } from '../facts/memcg-tree.ts'
import { type CountedKills, countedKills, countersUnknown, killCounterFile } from '../facts/oom-counters.ts'
import {
  type Composition,
  composition,
  memcgOomGroups,
  type OomGroup,
  oomScopeUnknown,
} from '../facts/oom-kills.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { type Draft, detector } from './detector.ts'

/** Three kills by one limit, still going on, are a loop and no accident: the container was restarted at least twice. */
const LOOP_KILLS = 3

const words = text({
  en: {
    container: 'OOM kill at the container’s limit: {victims}',
    pod: 'OOM kill at the pod’s limit, not a container’s: {victims}',
    above: 'OOM kill at the limit of {path}, above the pods: {victims}',
    other: 'OOM kill at the limit of {path}: {victims}',
    nowhere: 'OOM kill at the limit of a cgroup that the log does not name: {victims}',
    noVictim: 'A cgroup ran out of memory at its limit; the log shows no kill',
    counter: 'OOM kills counted in this cgroup but not in the log: {kills|number}',
    counterOnly: 'The counter shows that a limit was hit, not when.',
    task: 'The victim was in {task}.',
    times: 'It happened {count|number} times.',
    numbers: 'Usage {usage|bytes}, limit {limit|bytes}.',
    memsw: 'The limit that was hit is the one on memory+swap, {memsw|bytes}, not the memory limit.',
    anon: 'Most of it was the application’s own memory: {anon|bytes} anonymous.',
    kernel: 'Most of it was kernel memory: {kernel|bytes}.',
    shmem: 'Most of it was shared memory or tmpfs, which stays until the files are deleted: {shmem|bytes}.',
    shmemToo: '{shmem|bytes} of it was shared memory or tmpfs, which stays until the files are deleted.',
    sock: 'Most of it was socket buffers, data that its readers have not taken yet: {sock|bytes}.',
    claim:
      'The lines were written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    restarts: 'More than one container instance was killed: it is restarted and killed again.',
    file: 'Most of it was page cache that could not be reclaimed in time: {file|bytes}.',
    group: 'All processes of the cgroup were killed together (memory.oom.group).',
    invoked: 'The allocation that triggered it came from {invoker}.',
    kernelLimit: 'The kernel compares usage with this limit; working set and rss play no part.',
  },
  zh: {
    container: '{victims} 被 OOM kill：达到容器的内存限制',
    pod: '{victims} 被 OOM kill：达到 Pod 的内存限制（不是容器的）',
    above: '{victims} 被 OOM kill：达到 {path} 的内存限制（在 Pod 的上级）',
    other: '{victims} 被 OOM kill：达到 {path} 的内存限制',
    nowhere: '{victims} 被 OOM kill：达到某个 cgroup 的内存限制（日志没写是哪个）',
    noVictim: 'cgroup 达到内存限制而 OOM，但日志里没有杀进程的记录',
    counter: '该 cgroup 的计数器记有 {kills|number} 次 OOM kill，日志里没有对应记录',
    counterOnly: '计数器只说明曾达到限制，不说明时间。',
    task: '被杀进程位于 {task}。',
    times: '共发生 {count|number} 次。',
    numbers: '用量 {usage|bytes}，限制 {limit|bytes}。',
    memsw: '达到的是 memory+swap 的限制 {memsw|bytes}，而不是内存限制。',
    anon: '其中大部分是应用自身的匿名内存：{anon|bytes}。',
    kernel: '其中大部分是内核内存：{kernel|bytes}。',
    shmem: '其中大部分是共享内存或 tmpfs，删除文件之前不会释放：{shmem|bytes}。',
    shmemToo: '其中 {shmem|bytes} 是共享内存或 tmpfs，删除文件之前不会释放。',
    sock: '其中大部分是 socket 缓冲，即接收方还没有读走的数据：{sock|bytes}。',
    claim: '这些行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    restarts: '被杀的不止一个容器实例：重启后又被杀。',
    file: '其中大部分是来不及回收的页缓存：{file|bytes}。',
    group: '该 cgroup 的所有进程被一并杀掉（memory.oom.group）。',
    invoked: '触发 OOM 的分配来自 {invoker}。',
    kernelLimit: '内核拿用量与该限制比较，不看 working_set，也不看 rss。',
  },
})

type En = typeof words.en

export default detector({
  id: 'memcg-oom-kill',
  about: text({
    en: {
      judges: 'OOM kills at a cgroup’s limit: whose limit, which process, what filled it',
    },
    zh: { judges: '达到 cgroup 限制而触发的 OOM kill：谁的限制、杀了哪个进程、内存被什么占满' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const counted = countedKills(about)
      .filter(({ byLimit }) => byLimit)
      .map(kills => fromCounter(about, kills))
    return {
      findings: [...memcgOomGroups(about).map(group => fromLog(about, group)), ...counted],
      unknown: [...logUnknown(about), ...countersUnknown(about), ...oomScopeUnknown(about)],
    }
  },
})

function fromLog(about: Case, { memcg, reports, folded, claimed }: OomGroup): Draft<En> {
  const last = reports.at(-1) ?? reports[0]
  const killed = reports.flatMap(({ victims }) => victims)
  const victims = [...new Set(killed.map(({ comm }) => comm))].slice(0, 3).join(', ')
  const count = folded.reduce((sum, fold) => sum + fold.count, reports.length)
  const full = composition(last)
  const most = biggest(full)
  const memsw = last.memsw
  const memswHit = memsw !== undefined && isNearer(memsw, last.memory)
  const series = seen(about, reports, folded)
  const restarts = new Set(reports.map(report => report.memcg)).size > 1
  return {
    severity: claimed ? 'info' : count >= LOOP_KILLS && series.ongoing !== false ? 'critical' : 'warning',
    subject: memcg === undefined ? { kind: 'node' } : memcgSubject(memcg),
    values: {
      victims,
      count,
      path: memcg,
      task: last.taskMemcg,
      usage: full.usage,
      limit: full.limit,
      anon: full.anon,
      kernel: full.kernel,
      file: full.file,
      shmem: full.shmem,
      sock: full.sock,
      memsw: memsw?.limit,
      invoker: last.invoker,
    },
    words: {
      title: victims === '' ? 'noVictim' : titleOf(memcg),
      summary: kept(
        count > 1 && 'times',
        full.usage !== undefined && full.limit !== undefined && 'numbers',
        memswHit && 'memsw',
        most,
        most !== 'shmem' && large(full.shmem, full) && 'shmemToo',
        claimed && 'claim',
        restarts && 'restarts',
        last.taskMemcg !== undefined && last.taskMemcg !== memcg && 'task',
        last.groupKill && 'group',
        last.invoker !== undefined && 'invoked',
        'kernelLimit',
      ),
    },
    evidence: quoted(last),
    remedies: claimed ? [] : remedies(last, full, memcg),
    defects: [],
    ...series,
  }
}

/**
 * Whether memory+swap is the limit that was met. A charge that does not fit is of 32 or 64 pages, or of a huge one:
 * usage then stays below the limit by less than that, and the counter whose limit it was has counted a failure.
 */
function isNearer(memsw: MemoryCounter, memory: MemoryCounter | undefined): boolean {
  if (memsw.limit === Number.POSITIVE_INFINITY || memsw.failcnt === 0 || memory === undefined) return false
  return memsw.limit - memsw.usage < memory.limit - memory.usage
}

function titleOf(memcg: string | undefined): keyof En {
  if (memcg === undefined) return 'nowhere'
  switch (parsePodPath(memcg).level) {
    case 'container':
      return 'container'
    case 'pod':
      return 'pod'
    case 'qos':
    case 'kubepods':
      return 'above'
    default:
      return 'other'
  }
}

type Part = 'anon' | 'kernel' | 'shmem' | 'file' | 'sock'

/** The part that made up more than half of what was in use. shmem counts as file in the kernel's numbers. */
function biggest({
  usage,
  anon = 0,
  kernel = 0,
  shmem = 0,
  file = 0,
  sock = 0,
}: Composition): Part | undefined {
  const parts: readonly (readonly [Part, number])[] = [
    ['anon', anon],
    ['kernel', kernel],
    ['shmem', shmem],
    ['file', file - shmem],
    ['sock', sock],
  ]
  if (usage === undefined) return undefined
  return parts.find(([, bytes]) => bytes > usage / 2)?.[0]
}

/** A fifth of what was in use is worth a word even where something else was most of it. Ours. */
const LARGE_SHARE = 0.2

function large(bytes: number | undefined, { usage }: Composition): boolean {
  return bytes !== undefined && usage !== undefined && bytes >= LARGE_SHARE * usage
}

function remedies(report: OomReport, full: Composition, memcg: string | undefined): readonly RemedyId[] {
  if (filledByKernel(report)) return ['save-evidence', 'raise-memory-limit']
  const sized = large(full.shmem, full)
  switch (biggest(full)) {
    case 'shmem':
      return ['size-emptydir', 'remove-tmpfs-files', 'delete-pod', 'raise-memory-limit']
    case 'sock':
      return ['socket-memory', 'raise-memory-limit']
    case 'file':
      return ['reduce-dirty-pages', 'raise-memory-limit', 'kernel-upgrade']
    default:
      return memcg !== undefined && ['qos', 'kubepods'].includes(parsePodPath(memcg).level ?? '')
        ? ['reserve-node-memory', 'fix-application-memory']
        : kept('fix-application-memory', sized && 'size-emptydir', 'raise-memory-limit')
  }
}

function fromCounter(about: Case, { memcg, kills }: CountedKills): Draft<En> {
  return {
    severity: 'info',
    subject: memcgSubject(memcg.path),
    values: { kills },
    words: { title: 'counter', summary: ['counterOnly'] },
    evidence: [memcgReading(about, memcg, killCounterFile(about), kills, { key: 'oom_kill', unit: 'count' })],
    remedies: ['keep-kernel-log'],
    defects: [],
  }
}
