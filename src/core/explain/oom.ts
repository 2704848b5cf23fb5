// An OOM report in words, whole: whose memory ran out, where it was, whom the kernel took for it and why
// (mm/oom_kill.c, mm/memcontrol.c).

import { kept } from '../base/kept.ts'
import { type Text, text, type Value } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { choiceOf, pageSizeOf } from '../decode/kmsg/oom-badness.ts'
import { childrenOf, fillingOf } from '../decode/kmsg/oom-composition.ts'
import type { MemoryCounter, OomReport, OomTask } from '../decode/kmsg/report.ts'
import { pagesHeld } from '../decode/kmsg/task-table.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import type { ExplanationOf } from './explanation.ts'
import {
  fillingRows,
  type MemcgLimitWords,
  memcgLimit,
  memcgLimitRemedies,
  memcgLimitWords,
} from './memcg-limit.ts'
import { type NodeMemoryWords, nodeMemory, nodeMemoryWords } from './node-memory.ts'
import { type OomVictimWords, oomVictim, oomVictimWords } from './oom-victim.ts'

const own = text({
  en: {
    nodeHad: 'The kernel killed {victims} although the node had memory free',
    nodeKilled: 'The node ran out of memory; the kernel killed {victims}',
    cpusetKilled: 'The NUMA nodes of a cpuset ran out of memory; the kernel killed {victims}',
    sysrqKilled: 'OOM kill requested by hand (SysRq-f): {victims}',
    unknownKilled: 'OOM kill of {victims}; the log does not tell whose memory had run out',
    nodeNoVictim: 'The node ran out of memory; the log shows no kill',
    unknownNoVictim:
      'The OOM killer was called; the log does not tell whose memory had run out, and shows no kill',
    panicked: 'Out of memory, and the kernel stopped',
    gone: 'Out of memory; the one that was chosen was already gone',
    nobody: 'Out of memory, and nobody could be killed',
    invokedBy: 'The allocation that triggered it came from {invoker}.',
    notPods: 'No pod’s limit was hit: the pod that was killed had kept within its own.',
    slabPages: 'Unreclaimable slab at that time: {slabPages|number} pages.',
    nodeRest:
      '{nodeRest|bytes} of the node’s memory is with nobody that these figures name: pages that drivers, a hypervisor’s balloon, vmalloc or BPF took straight from the kernel.',
    hugepages:
      '{hugepages|bytes} is set aside for huge pages and can serve nothing else; {hugeFree|bytes} of it was unused.',
    memory: 'memory',
    withSwap: 'memory+swap',
    swap: 'swap',
    kmem: 'kernel memory',
    'part-anon': 'anonymous',
    'part-shmem': 'tmpfs, shared memory',
    'part-file': 'page cache of files',
    'part-slab': 'slab',
    'part-kernel_stack': 'kernel stacks',
    'part-pagetables': 'page tables',
    'part-sec_pagetables': 'page tables of VMs',
    'part-percpu': 'percpu',
    'part-vmalloc': 'vmalloc',
    'part-zswap': 'zswap',
    'part-kernel': 'kernel memory, not told apart',
    'part-sock': 'socket buffers',
    'part-hugetlb': 'huge pages',
    'part-small': 'all other parts',
    'part-rest': 'in none of these',
    below: 'cgroup below',
    score: 'score printed',
    scoreByTable: 'score by the table',
    all: 'processes',
    largest: 'held most',
    name: 'together',
    killed: 'killed',
    hugetlb: 'huge pages (free / all)',
    kernelVersion: 'kernel',
  },
  zh: {
    nodeHad: '节点还有空闲内存，内核却杀掉了 {victims}',
    nodeKilled: '节点内存耗尽，内核杀掉了 {victims}',
    cpusetKilled: 'cpuset 的 NUMA 节点内存耗尽，内核杀掉了 {victims}',
    sysrqKilled: '有人手动触发 OOM kill（SysRq-f）：{victims}',
    unknownKilled: '{victims} 被 OOM kill；日志看不出是谁的内存耗尽',
    nodeNoVictim: '节点内存耗尽，但日志里没有杀进程的记录',
    unknownNoVictim: '触发了 OOM killer；日志看不出是谁的内存耗尽，也没有杀进程的记录',
    panicked: '内存耗尽，内核停机',
    gone: '内存耗尽；选中的进程已经不在',
    nobody: '内存耗尽，而没有可杀的进程',
    invokedBy: '触发 OOM 的分配来自 {invoker}。',
    notPods: '没有任何 Pod 达到限制：被杀的 Pod 并未超限。',
    slabPages: '当时不可回收 slab 为 {slabPages|number} 页。',
    nodeRest:
      '节点内存中有 {nodeRest|bytes} 不属于这些数字里的任何一项：是驱动、虚拟机气球、vmalloc 或 BPF 直接向内核要走的页。',
    hugepages: '{hugepages|bytes} 留给大页，不能作他用；其中 {hugeFree|bytes} 没有使用。',
    memory: '内存',
    withSwap: '内存+swap',
    swap: 'swap',
    kmem: '内核内存',
    'part-anon': '匿名内存',
    'part-shmem': 'tmpfs、共享内存',
    'part-file': '文件页缓存',
    'part-slab': 'slab',
    'part-kernel_stack': '内核栈',
    'part-pagetables': '页表',
    'part-sec_pagetables': '虚拟机页表',
    'part-percpu': 'percpu',
    'part-vmalloc': 'vmalloc',
    'part-zswap': 'zswap',
    'part-kernel': '内核内存（未细分）',
    'part-sock': 'socket 缓冲',
    'part-hugetlb': '大页',
    'part-small': '其余各项',
    'part-rest': '不在以上各项',
    below: '下级 cgroup',
    score: '打印的得分',
    scoreByTable: '按进程表的得分',
    all: '进程',
    largest: '占用最多',
    name: '合计',
    killed: '被杀',
    hugetlb: '大页（空闲 / 总量）',
    kernelVersion: '内核',
  },
})

type En = typeof own.en & MemcgLimitWords & NodeMemoryWords & OomVictimWords
type Key = keyof En & string
type Row = readonly [label: keyof typeof own.en, value: Value]

const words: Text<En> = {
  en: { ...nodeMemoryWords.en, ...oomVictimWords.en, ...memcgLimitWords.en, ...own.en },
  zh: { ...nodeMemoryWords.zh, ...oomVictimWords.zh, ...memcgLimitWords.zh, ...own.zh },
}

/** Who holds less than this of what the largest holds makes no difference; ours. */
const LEAST_SHARE = 0.02

/** Rows of one sort; ours. */
const MOST_ROWS = 5

/** An OOM report, in words. */
export function explainOom(report: OomReport): ExplanationOf<En> {
  const { scope, invoker, taskMemcg, victims, slabUnreclaimablePages: slabPages, kernel } = report
  const names = [...new Set(victims.map(({ comm }) => comm))].slice(0, 3).join(', ')
  const victim = oomVictim(report)
  const limit = scope === 'memcg' ? memcgLimit(report, names) : undefined
  const memory = nodeMemory(report)
  const rest = nodeRest(report)
  const huge = hugepagesOf(report)
  const inPod = parsePodPath(taskMemcg ?? '').level !== undefined
  const summary: readonly Key[] = kept(
    ...(limit?.summary ?? []),
    ...memory.summary,
    memory.summary.length === 0 && slabPages !== undefined && 'slabPages',
    rest?.large === true && 'nodeRest',
    huge !== undefined && 'hugepages',
    ...victim.summary,
    limit !== undefined && taskMemcg !== undefined && taskMemcg !== report.memcg && 'task',
    scope === 'global' && inPod && victims.length > 0 && 'notPods',
    invoker !== undefined && scope !== 'sysrq' && 'invokedBy',
    limit !== undefined && 'kernelLimit',
  )
  return {
    text: words,
    values: {
      ...memory.values,
      ...victim.values,
      ...limit?.values,
      victims: names,
      invoker,
      slabPages,
      nodeRest: rest?.bytes,
      hugepages: huge?.bytes,
      hugeFree: huge?.free,
    },
    title: titleOf(report, names, limit?.title, memory.had),
    summary,
    facts: [
      ...counters(report),
      ...filling(report),
      ...(childrenOf(report) ?? [])
        .filter(({ bytes }) => bytes > 0)
        .slice(0, MOST_ROWS)
        .map(
          ({ memcg, bytes }): Row => [
            'below',
            `${memcg.slice(memcg.lastIndexOf('/') + 1)} ${formatBytes(bytes)}`,
          ],
        ),
      ...scoreRow(report),
      ...taskRows(report),
      ...killedRows(report),
      ...(huge === undefined
        ? []
        : [['hugetlb', `${formatBytes(huge.free)} / ${formatBytes(huge.bytes)}`] satisfies Row]),
      ...(kernel === undefined ? [] : [['kernelVersion', kernel] satisfies Row]),
    ],
    remedies: report.userWritten === true ? [] : remedies(report, memory.remedies),
  }
}

function titleOf({ scope, end }: OomReport, victims: string, limit: Key | undefined, had: boolean): Key {
  if (end?.startsWith('panic')) return 'panicked'
  if (victims === '' && end === 'exiting') return 'gone'
  if (victims === '' && end === 'no-killable') return 'nobody'
  if (limit !== undefined) return limit
  if (scope === undefined) return victims === '' ? 'unknownNoVictim' : 'unknownKilled'
  if (victims === '') return 'nodeNoVictim'
  if (scope === 'global' && had) return 'nodeHad'
  return scope === 'cpuset' ? 'cpusetKilled' : scope === 'sysrq' ? 'sysrqKilled' : 'nodeKilled'
}

function counters({ memory, memsw, swap, kmem }: OomReport): readonly Row[] {
  const row = (
    label: 'memory' | 'withSwap' | 'swap' | 'kmem',
    counter: MemoryCounter | undefined,
  ): readonly Row[] =>
    counter === undefined || (label !== 'memory' && counter.usage === 0)
      ? []
      : [[label, `${formatBytes(counter.usage)} / ${formatBytes(counter.limit)}`]]
  return [...row('memory', memory), ...row('withSwap', memsw), ...row('swap', swap), ...row('kmem', kmem)]
}

function filling(report: OomReport): readonly Row[] {
  const found = fillingOf(report)
  if (found === undefined) return []
  return fillingRows(found).map(([part, share]): Row => [`part-${part}`, share])
}

function scoreRow(report: OomReport): readonly Row[] {
  const choice = choiceOf(report)
  if (choice?.printed === undefined || report.allocatingTask === true) return []
  const { printed, score } = choice
  return [
    ['score', String(printed)],
    ...(score === undefined ? [] : [['scoreByTable', String(score)] satisfies Row]),
  ]
}

/** The table's totals, the largest of it, and pools of processes. In the field's own words, which need no translation. */
function taskRows(report: OomReport): readonly Row[] {
  const { tasks, victims } = report
  const size = pageSizeOf(report)
  if (tasks === undefined) return []
  const held = heldIn(size)
  const bytes = (pages: number): string =>
    size === undefined ? `${Math.round(pages)} pages` : formatBytes(pages * size)
  const counted = tasks.notSplit === true ? 'rss' : 'anon'
  const swap = tasks.swap > 0 ? `, swap ${bytes(tasks.swap)}` : ''
  const row = (task: OomTask): Row => ['largest', taskWords(task, size, bytes)]
  const [first] = tasks.rows
  const least = first === undefined ? 0 : LEAST_SHARE * held(first)
  return [
    ['all', `${tasks.count}: ${counted} ${bytes(tasks.anon)}${swap}`],
    ...tasks.rows
      .filter(task => held(task) >= least || victims.some(({ pid }) => pid === task.pid))
      .slice(0, MOST_ROWS)
      .map(row),
    ...tasks.names
      .filter(({ count }) => count > 2)
      .slice(0, 2)
      .map(({ comm, count, pages }): Row => ['name', `${comm} ×${count}: ${bytes(pages)}`]),
  ]
}

/** Where the size of a page is not known, page tables in bytes cannot be counted in. */
function heldIn(size = Number.POSITIVE_INFINITY): (task: OomTask) => number {
  return task => pagesHeld(task, size)
}

function taskWords(task: OomTask, size: number | undefined, bytes: (pages: number) => string): string {
  const {
    comm,
    pid,
    rss = 0,
    rssAnon,
    rssShmem = 0,
    pageTablePages,
    pageTableBytes,
    swap = 0,
    oomScoreAdj,
  } = task
  const tables =
    pageTablePages === undefined
      ? pageTableBytes === undefined
        ? undefined
        : formatBytes(pageTableBytes)
      : bytes(pageTablePages)
  const parts = [
    rssAnon === undefined ? `rss ${bytes(rss)}` : `anon ${bytes(rssAnon)}`,
    ...(rssShmem > 0 ? [`shmem ${bytes(rssShmem)}`] : []),
    ...(swap > 0 ? [`swap ${bytes(swap)}`] : []),
    ...(tables === undefined ? [] : [`pgtables ${tables}`]),
    ...(oomScoreAdj === undefined ? [] : [`oom_score_adj ${oomScoreAdj}`]),
  ]
  return `${comm} (${pid}) ${bytes(heldIn(size)(task))}: ${parts.join(', ')}`
}

function killedRows({ victims }: OomReport): readonly Row[] {
  if (victims.length < 2) return []
  return victims
    .slice(0, MOST_ROWS)
    .map(
      ({ comm, pid, anonRss }): Row => [
        'killed',
        `${comm} (${pid})${anonRss === undefined ? '' : ` anon-rss ${formatBytes(anonRss)}`}`,
      ],
    )
}

/** A tenth of a node's memory with nobody is worth a word: what a kernel takes for itself is less. A guess of ours. */
const LARGE_REST = 0.1

const sumOf = (values: readonly (number | undefined)[]): number =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0)

/** Memory of the node that none of Mem-Info's figures names, in bytes; undefined where one of the large ones is missing. */
function nodeRest({ memInfo }: OomReport): { readonly bytes: number; readonly large: boolean } | undefined {
  const ram = memInfo?.totals['RAM']
  if (memInfo?.pageSize === undefined || ram === undefined || memInfo.truncated === true) return undefined
  const { pages, pageSize, totals, nodes, zones } = memInfo
  const named = [
    'active_anon',
    'inactive_anon',
    'active_file',
    'inactive_file',
    'unevictable',
    'slab_reclaimable',
    'slab_unreclaimable',
    'pagetables',
    'free',
  ]
  if (named.some(key => pages[key] === undefined)) return undefined
  const others = [
    'isolated_anon',
    'isolated_file',
    'sec_pagetables',
    'bounce',
    'kernel_misc_reclaimable',
    'free_pcp',
  ]
  const stacks = sumOf([...nodes, ...zones].map(({ values }) => values['kernel_stack']))
  const huge = sumOf(memInfo.hugepages.map(({ size, total }) => size * total))
  const all = (ram - (totals['reserved'] ?? 0)) * pageSize
  const bytes = all - sumOf([...named, ...others].map(key => pages[key])) * pageSize - stacks - huge
  return { bytes, large: bytes >= LARGE_REST * all }
}

/** Huge pages that are set aside, where they are more than a hundredth of the node's memory or nothing is known of it. */
function hugepagesOf({ memInfo }: OomReport): { readonly bytes: number; readonly free: number } | undefined {
  const bytes = sumOf((memInfo?.hugepages ?? []).map(({ size, total }) => size * total))
  const free = sumOf((memInfo?.hugepages ?? []).map(({ size, free: unused }) => size * unused))
  const all = (memInfo?.totals['RAM'] ?? 0) * (memInfo?.pageSize ?? 0)
  return bytes > 0 && bytes >= all / 100 ? { bytes, free } : undefined
}

function remedies(report: OomReport, node: readonly RemedyId[]): readonly RemedyId[] {
  switch (report.scope) {
    case 'memcg':
      return memcgLimitRemedies(report)
    case 'global':
    case 'cpuset':
      return [...new Set<RemedyId>(['save-evidence', ...node, 'reserve-node-memory', 'find-slab-owner'])]
    default:
      return report.scope === undefined ? ['save-evidence'] : []
  }
}
