// A memory cgroup at its limit, in words: whose limit, which of them, and what had filled it (mm/memcontrol.c).

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import {
  anonBehind,
  type Composition,
  childrenOf,
  composition,
  type Filling,
  type FillingPart,
  fillingOf,
  killedAtStart,
} from '../decode/kmsg/oom-composition.ts'
import type { MemoryCounter, OomReport } from '../decode/kmsg/report.ts'
import type { RemedyId } from '../knowledge/remedies.ts'

export const memcgLimitWords = text({
  en: {
    container: 'OOM kill at the container’s limit: {victims}',
    pod: 'OOM kill at the pod’s limit, not a container’s: {victims}',
    above: 'OOM kill at the limit of {path}, above the pods: {victims}',
    other: 'OOM kill at the limit of {path}: {victims}',
    nowhere: 'OOM kill at the limit of a cgroup that the log does not name: {victims}',
    noVictim: 'A cgroup ran out of memory at its limit; the log shows no kill',
    task: 'The victim was in {task}.',
    numbers: 'Usage {usage|bytes}, limit {limit|bytes}.',
    memsw: 'The limit that was hit is the one on memory+swap, {memsw|bytes}, not the memory limit.',
    anon: 'Most of it was the application’s own memory: {anon|bytes} anonymous.',
    kernel: 'Most of it was kernel memory: {kernel|bytes}.',
    shmem: 'Most of it was shared memory or tmpfs, which stays until the files are deleted: {shmem|bytes}.',
    shmemToo: '{shmem|bytes} of it was shared memory or tmpfs, which stays until the files are deleted.',
    sock: 'Most of it was socket buffers, data that its readers have not taken yet: {sock|bytes}.',
    file: 'Most of it was page cache that could not be reclaimed in time: {file|bytes}.',
    unaccounted:
      'Of the usage, {rest|bytes} is in none of the statistics: up to 4.4 slab, stacks and page tables are not told apart, and any kernel leaves out what no counter names.',
    behind:
      'The statistics of the report were behind: one killed process alone held {victimHeld|bytes} anonymous, of which they lack {rest|bytes}.',
    childMost: 'Of the cgroups below the limit, {child} held most: {childBytes|bytes} without kernel memory.',
    childUnknown:
      'Which of the pod’s containers filled it cannot be told: this kernel prints only the sums of the cgroup whose limit was hit.',
    kmemAlone:
      'Kernel memory alone was {kmem|bytes}; how much that is of the usage would be in a line that is not in the log.',
    atStart:
      'It was killed while its program was only being started: what had filled the limit was not its own.',
    kernelLimit: 'The kernel compares usage with this limit; working set and rss play no part.',
  },
  zh: {
    container: '{victims} 被 OOM kill：达到容器的内存限制',
    pod: '{victims} 被 OOM kill：达到 Pod 的内存限制（不是容器的）',
    above: '{victims} 被 OOM kill：达到 {path} 的内存限制（在 Pod 的上级）',
    other: '{victims} 被 OOM kill：达到 {path} 的内存限制',
    nowhere: '{victims} 被 OOM kill：达到某个 cgroup 的内存限制（日志没写是哪个）',
    noVictim: 'cgroup 达到内存限制而 OOM，但日志里没有杀进程的记录',
    task: '被杀进程位于 {task}。',
    numbers: '用量 {usage|bytes}，限制 {limit|bytes}。',
    memsw: '达到的是 memory+swap 的限制 {memsw|bytes}，而不是内存限制。',
    anon: '其中大部分是应用自身的匿名内存：{anon|bytes}。',
    kernel: '其中大部分是内核内存：{kernel|bytes}。',
    shmem: '其中大部分是共享内存或 tmpfs，删除文件之前不会释放：{shmem|bytes}。',
    shmemToo: '其中 {shmem|bytes} 是共享内存或 tmpfs，删除文件之前不会释放。',
    sock: '其中大部分是 socket 缓冲，即接收方还没有读走的数据：{sock|bytes}。',
    file: '其中大部分是来不及回收的页缓存：{file|bytes}。',
    unaccounted:
      '用量中有 {rest|bytes} 不在任何统计项里：4.4 及以前不区分 slab、内核栈和页表，任何内核都有计数器未涵盖的部分。',
    behind:
      '该报告的统计值没有及时刷新：仅一个被杀进程的匿名内存就有 {victimHeld|bytes}，统计里缺少 {rest|bytes}。',
    childMost: '限制之下的各 cgroup 中，{child} 占用最多：{childBytes|bytes}（不含内核内存）。',
    childUnknown: '无法判断是 Pod 的哪个容器占满的：该内核只打印达到限制的 cgroup 的合计。',
    kmemAlone: '仅内核内存就有 {kmem|bytes}；它占用量的多少，要看日志里没有的那一行。',
    atStart: '程序还在启动，进程就被杀：占满限制的不是它自己的内存。',
    kernelLimit: '内核拿用量与该限制比较，不看 working_set，也不看 rss。',
  },
})

export type MemcgLimitWords = typeof memcgLimitWords.en
type Key = keyof MemcgLimitWords

export interface MemcgLimitTold {
  readonly title: Key
  readonly values: Readonly<Record<string, Value | undefined>>
  /** Sentences about the limit and what had filled it, in the order in which they should be read. */
  readonly summary: readonly Key[]
}

/** By whose limit it was. `victims` are the names that the title has; '' for none. */
export function memcgLimit(report: OomReport, victims: string): MemcgLimitTold {
  const { memsw, memcg, taskMemcg } = report
  const full = composition(report)
  const most = biggest(full)
  const filling = fillingOf(report)
  const behind = anonBehind(report)
  const [child] = childrenOf(report) ?? []
  return {
    title: victims === '' ? 'noVictim' : titleOf(memcg ?? taskMemcg),
    values: {
      victims,
      path: memcg ?? taskMemcg,
      task: taskMemcg,
      usage: full.usage,
      limit: full.limit,
      anon: full.anon,
      kernel: full.kernel,
      file: full.file,
      shmem: full.shmem,
      sock: full.sock,
      memsw: memsw?.limit,
      kmem: report.kmem?.usage,
      rest: filling?.rest,
      victimHeld: behind,
      child: child === undefined ? undefined : lastOf(child.memcg),
      childBytes: child?.bytes,
    },
    summary: kept(
      full.usage !== undefined && full.limit !== undefined && 'numbers',
      full.usage === undefined && (report.kmem?.usage ?? 0) > 0 && 'kmemAlone',
      memsw !== undefined && isNearer(memsw, report.memory) && 'memsw',
      most,
      most !== 'shmem' && isLarge(full.shmem, full) && 'shmemToo',
      isLarge(filling?.rest, full) && (behind === undefined ? 'unaccounted' : 'behind'),
      killedAtStart(report) && 'atStart',
      child !== undefined && child.bytes > 0 && 'childMost',
      child === undefined && isPod(report) && 'childUnknown',
    ),
  }
}

/** The last component of a cgroup's path: a container's id, a pod's directory. */
function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path
}

/** A pod's own limit, of a report whose statistics name no cgroup below it, though they could be there. */
function isPod({ memcg, stats, fragment }: OomReport): boolean {
  const level = parsePodPath(memcg ?? '').level
  return fragment !== true && stats.length === 1 && stats[0]?.memcg === memcg && level === 'pod'
}

/**
 * Whether memory+swap is the limit that was met. A charge that does not fit is of 32 or 64 pages, or of a huge one:
 * usage then stays below the limit by less than that, and the counter whose limit it was has counted a failure.
 */
function isNearer(memsw: MemoryCounter, memory: MemoryCounter | undefined): boolean {
  if (memsw.limit === Number.POSITIVE_INFINITY || memsw.failcnt === 0 || memory === undefined) return false
  return memsw.limit - memsw.usage < memory.limit - memory.usage
}

function titleOf(memcg: string | undefined): Key {
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

function isLarge(bytes: number | undefined, { usage }: Composition): boolean {
  return bytes !== undefined && usage !== undefined && bytes >= LARGE_SHARE * usage
}

/** What helps, by what had filled the cgroup. */
export function memcgLimitRemedies(report: OomReport): readonly RemedyId[] {
  const full = composition(report)
  const memcg = report.memcg ?? report.taskMemcg
  switch (biggest(full)) {
    case 'kernel':
      return ['save-evidence', 'raise-memory-limit']
    case 'shmem':
      return ['size-emptydir', 'remove-tmpfs-files', 'delete-pod', 'raise-memory-limit']
    case 'sock':
      return ['socket-memory', 'raise-memory-limit']
    case 'file':
      return ['reduce-dirty-pages', 'raise-memory-limit', 'kernel-upgrade']
    default:
      // of a fragment nobody knows what filled the cgroup: to blame the application would be a guess
      if (full.usage === undefined) return ['save-evidence', 'raise-memory-limit']
      return memcg !== undefined && ['qos', 'kubepods'].includes(parsePodPath(memcg).level ?? '')
        ? ['reserve-node-memory', 'fix-application-memory']
        : kept('fix-application-memory', isLarge(full.shmem, full) && 'size-emptydir', 'raise-memory-limit')
  }
}

/** Parts below this share of the usage are told together; ours. */
const SMALL_SHARE = 0.01

/** `61.9 MiB (97 %)` of each part, and of what is left over, which together are the usage. */
export function fillingRows(
  filling: Filling,
): readonly (readonly [part: FillingPart | 'small' | 'rest', words: string])[] {
  const { usage, parts, rest } = filling
  const share = (bytes: number): string => {
    const percent = (100 * bytes) / Math.max(1, usage)
    return `${formatBytes(bytes)} (${bytes > 0 && percent < 1 ? '<1' : Math.round(percent)} %)`
  }
  const small = parts.slice(1).filter(({ bytes }) => bytes < SMALL_SHARE * usage)
  const together = small.reduce((sum, { bytes }) => sum + bytes, 0)
  const several = small.length > 1
  return [
    ...parts
      .filter(part => !several || !small.includes(part))
      .map(({ part, bytes }) => [part, share(bytes)] as const),
    ...(several ? [['small', share(together)] as const] : []),
    ...(rest === 0 ? [] : [['rest', share(rest)] as const]),
  ]
}
