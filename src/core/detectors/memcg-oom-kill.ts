// The kernel killed a task because a charge would have gone over the limit of its cgroup or of one above it, and
// reclaim could not free enough (mm/memcontrol.c, mem_cgroup_out_of_memory). Neither working set nor rss is asked.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { OomReport } from '../decode/kmsg/report.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { filledByKernel } from '../facts/kmem-charge.ts'
import { memcgReading, memcgSubject } from '../facts/memcg-tree.ts'
import { type CountedKills, countedKills, countersUnknown, killCounterFile } from '../facts/oom-counters.ts'
import {
  type Composition,
  composition,
  memcgOomGroups,
  type OomGroup,
  unscopedOomReports,
} from '../facts/oom-kills.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { type Draft, detector } from './detector.ts'

/** Three kills by one limit, still going on, are a loop and no accident: the container was restarted at least twice. */
const LOOP_KILLS = 3

const words = text({
  en: {
    container: 'OOM kill at a container’s limit: {victims}',
    pod: 'OOM kill at a pod’s limit, not a container’s: {victims}',
    above: 'OOM kill at the limit of {path}, above any pod: {victims}',
    other: 'OOM kill at the limit of {path}: {victims}',
    nowhere: 'OOM kill at the limit of a cgroup the log does not name: {victims}',
    noVictim: 'A cgroup’s limit was hit and no kill is in the log',
    counter: '{kills|number} OOM kills are counted in this cgroup; the log does not tell of them',
    counterOnly: 'The counter tells that a limit was hit, not when.',
    task: 'The task was in {task}.',
    times: 'It happened {count|number} times.',
    numbers: 'In use {usage|bytes} of {limit|bytes}.',
    memsw: 'The limit that was hit is memory+swap, {memsw|bytes}; the memory limit itself was not.',
    anon: 'Most of it was the application’s own memory: {anon|bytes} anonymous.',
    kernel: 'Most of it was kernel memory: {kernel|bytes}.',
    shmem: 'Most of it was shared memory or tmpfs, which lives as long as its files: {shmem|bytes}.',
    shmemToo: '{shmem|bytes} of it was shared memory or tmpfs, which lives as long as its files.',
    claim:
      'The lines were written to /dev/kmsg from user space, not by the kernel: it may be a test or a forgery.',
    restarts: 'Each time the container was a new one: it is restarted and killed again.',
    file: 'Most of it was page cache that could not be reclaimed in time: {file|bytes}.',
    group: 'All tasks of the cgroup were killed together (memory.oom.group).',
    invoked: 'The allocation was made by {invoker}.',
    kernelLimit: 'The kernel looks at usage against this limit; working set and rss are not asked.',
  },
  zh: {
    container: '触到容器限制而 OOM：{victims}',
    pod: '触到 Pod 的限制（不是容器的）而 OOM：{victims}',
    above: '触到 {path} 的限制（在所有 Pod 之上）而 OOM：{victims}',
    other: '触到 {path} 的限制而 OOM：{victims}',
    nowhere: '触到某个 cgroup 的限制而 OOM（日志没写是哪个）：{victims}',
    noVictim: '触到了 cgroup 的限制，但日志里没有杀进程的记录',
    counter: '该 cgroup 计数器显示发生过 {kills|number} 次 OOM kill，日志里没有对应记录',
    counterOnly: '计数器只说明触到过限制，没有时间。',
    task: '被杀任务在 {task}。',
    times: '共发生 {count|number} 次。',
    numbers: '用量 {usage|bytes}，限制 {limit|bytes}。',
    memsw: '触到的是内存+swap 限制 {memsw|bytes}，内存限制本身没有触到。',
    anon: '其中大部分是应用自己的匿名内存：{anon|bytes}。',
    kernel: '其中大部分是内核内存：{kernel|bytes}。',
    shmem: '其中大部分是共享内存或 tmpfs，文件在它就在：{shmem|bytes}。',
    shmemToo: '其中 {shmem|bytes} 是共享内存或 tmpfs，文件在它就在。',
    claim: '这些行是用户态写进 /dev/kmsg 的，不是内核写的：可能是测试，也可能是伪造。',
    restarts: '每次都是新的容器：重启后又被杀。',
    file: '其中大部分是来不及回收的 page cache：{file|bytes}。',
    group: '该 cgroup 的任务被一并杀掉（memory.oom.group）。',
    invoked: '触发分配的是 {invoker}。',
    kernelLimit: '内核比较的是用量与该限制，并不看 working set 或 rss。',
  },
})

type En = typeof words.en

export default detector({
  id: 'memcg-oom-kill',
  about: text({
    en: {
      judges: 'the OOM killer struck because of a cgroup’s limit: whose, which task, what it was full of',
    },
    zh: { judges: '因 cgroup 限制触发的 OOM kill：谁的限制、杀了谁、内存被什么占满' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const unscoped = unscopedOomReports(about)[0]
    const counted = countedKills(about)
      .filter(({ byLimit }) => byLimit)
      .map(kills => fromCounter(about, kills))
    return {
      findings: [...memcgOomGroups(about).map(group => fromLog(about, group)), ...counted],
      unknown: [
        ...logUnknown(about),
        ...countersUnknown(about),
        ...(unscoped === undefined
          ? []
          : [{ reason: 'oom-scope-unknown', path: unscoped.path, remedy: 'pass-kernel-log' } as const]),
      ],
    }
  },
})

function fromLog(about: Case, { memcg, reports, folded, claimed }: OomGroup): Draft<En> {
  const last = reports.at(-1) ?? reports[0]
  const killed = reports.flatMap(({ victims }) => victims)
  const victims = [...new Set(killed.map(({ comm }) => comm))].slice(0, 3).join(', ')
  const count = reports.length + folded
  const full = composition(last)
  const most = biggest(full)
  const memsw = last.memsw
  const memswHit =
    memsw !== undefined &&
    memsw.limit !== Number.POSITIVE_INFINITY &&
    memsw.usage >= memsw.limit &&
    (last.memory?.usage ?? 0) < (last.memory?.limit ?? 0)
  const series = seen(about, reports)
  const restarts = new Set(reports.map(report => report.memcg)).size > 1
  const [quote, ...more] = quoted(last)
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
    evidence: quote === undefined ? [noQuote(last)] : [quote, ...more],
    remedies: claimed ? [] : remedies(last, full, memcg),
    defects: [],
    ...series,
  }
}

function noQuote(report: OomReport): Evidence {
  return {
    kind: 'log',
    path: report.path,
    ...(report.lines === undefined ? {} : { lines: report.lines }),
    text: '',
  }
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

type Part = 'anon' | 'kernel' | 'shmem' | 'file'

/** The part that made up more than half of what was in use. shmem counts as file in the kernel's numbers. */
function biggest({ usage, anon = 0, kernel = 0, shmem = 0, file = 0 }: Composition): Part | undefined {
  const parts: readonly (readonly [Part, number])[] = [
    ['anon', anon],
    ['kernel', kernel],
    ['shmem', shmem],
    ['file', file - shmem],
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
