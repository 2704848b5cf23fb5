// Whom the OOM killer took and why, in words: oom_badness(), oom_kill_process() and the oom_reaper of mm/oom_kill.c.

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import { choiceOf, type OomChoice, pageSizeOf } from '../decode/kmsg/oom-badness.ts'
import type { OomReport, OomTask, OomVictim } from '../decode/kmsg/report.ts'
import { pagesHeld } from '../decode/kmsg/task-table.ts'

export const oomVictimWords = text({
  en: {
    most: '{chosen} (pid {chosenPid}) was chosen because nobody else that may be killed held more: {held|bytes}.',
    mostPages:
      '{chosen} (pid {chosenPid}) was chosen because nobody else that may be killed held more: {heldPages|number} pages (the report does not tell their size).',
    alone: 'Nobody else was there to be killed.',
    byAdj:
      '{chosen} (pid {chosenPid}) was not the one that held most ({held|bytes}): its oom_score_adj of {adj} put it first.',
    bestEffort:
      'The kubelet gives containers of BestEffort pods an oom_score_adj of 1000: they go first, however little they hold.',
    allocating:
      'vm.oom_kill_allocating_task is set: whoever asked for memory was killed, not whoever held most.',
    child:
      'The kernel had chosen {chosen} (pid {chosenPid}) and killed one of its children in its place, as kernels of that age do to lose less work.',
    notFirst:
      'By the table {before} (pid {beforePid}) came first, with {beforeHeld|bytes} and an oom_score_adj of {beforeAdj}. The table does not tell why it was passed over: it may have been dying already, or been reaped before, or the figures changed between the choice and the table.',
    spared:
      '{spared} (pid {sparedPid}) held more ({sparedHeld|bytes}), but its oom_score_adj of {sparedAdj} let it off.',
    protected:
      '{spared} (pid {sparedPid}) held more ({sparedHeld|bytes}), but is never killed (oom_score_adj -1000).',
    scoreRoot:
      'Its score of {printed} is what the formula gives with the few per cent that kernels before 4.17 let root (CAP_SYS_ADMIN) off.',
    scoreSwap:
      'Its score of {printed} is what the formula gives where {total|bytes} of memory and swap count as what there is.',
    scoreDiffers:
      'The kernel printed a score of {printed}, and by the table it is {score}: the table is printed after the choice, when threads had gone on to allocate or free, or the limit had been changed.',
    many: 'Taken together, {many|number} processes named {manyName} held more than any single one: {manyHeld|bytes}.',
    manyRss:
      'Taken together, {many|number} processes named {manyName} held more than any single one: {manyHeld|bytes} of rss, in which memory that they share counts once for each.',
    alike:
      '{alike} have the same figures throughout: by all appearances they share one memory (vfork or CLONE_VM), which is there only once.',
    sharing: 'Killed with it, because they share its memory: {sharing}.',
    group: 'All processes of the cgroup were killed together (memory.oom.group): {killed|number}.',
    left: 'The oom_reaper took back its memory before it was gone, but for {left|bytes}: what is shared, locked or of files stays until the process has exited.',
    notReaped:
      'The oom_reaper could not take back the memory of {stuck}: for a second somebody held the lock of its address space (mmap_lock). It stays until that one goes on; look for “blocked for more than” near it in the log.',
    pinned:
      '{pinner} (pid {pinnerPid}) shares the memory of {stuck} and may not be killed: the memory stays.',
    retried:
      'Page faults that got no memory soon after, and were tried again (VM_FAULT_OOM): {retried|number}. As a rule they are of tasks on their way out; where the line never stops, a task hangs in a page fault.',
    exiting: 'The one that was chosen, {exiting} (pid {exitingPid}), was already exiting: nobody was killed.',
    noKillable:
      'No process could be killed: all that hold memory here have an oom_score_adj of -1000, or belong to the kernel.',
    panicCompulsory: 'The kernel stopped on purpose: vm.panic_on_oom is 2, so that any OOM is a panic.',
    panicSystem:
      'The kernel stopped on purpose: vm.panic_on_oom is 1, so that an OOM of the whole node is a panic.',
    panicDeadlocked: 'With nobody left to kill, the kernel stopped: it could never have gone on.',
    noTable:
      'The table of processes was not printed (vm.oom_dump_tasks is 0, or lines are lost): who else held memory is not known.',
  },
  zh: {
    most: '选中 {chosen}（pid {chosenPid}），因为可杀的进程里没有谁占用更多：{held|bytes}。',
    mostPages:
      '选中 {chosen}（pid {chosenPid}），因为可杀的进程里没有谁占用更多：{heldPages|number} 页（报告看不出页的大小）。',
    alone: '没有别的进程可杀。',
    byAdj:
      '{chosen}（pid {chosenPid}）并不是占用最多的（{held|bytes}）：是它的 oom_score_adj {adj} 使它排在最前。',
    bestEffort: 'kubelet 给 BestEffort Pod 的容器设 oom_score_adj 1000：占用再少也最先被杀。',
    allocating: '设置了 vm.oom_kill_allocating_task：谁申请内存就杀谁，而不是占用最多的。',
    child: '内核选中的是 {chosen}（pid {chosenPid}），却杀了它的一个子进程：那个年代的内核以此减少损失。',
    notFirst:
      '按进程表，排在最前的是 {before}（pid {beforePid}），占用 {beforeHeld|bytes}，oom_score_adj 为 {beforeAdj}。表里看不出为何跳过它：可能已在退出、之前已被 oom_reaper 回收，或选择之后、打印之前数字有变化。',
    spared:
      '{spared}（pid {sparedPid}）占用更多（{sparedHeld|bytes}），但因 oom_score_adj 为 {sparedAdj} 而被放过。',
    protected:
      '{spared}（pid {sparedPid}）占用更多（{sparedHeld|bytes}），但绝不会被杀（oom_score_adj -1000）。',
    scoreRoot: '它的得分 {printed} 与公式相符：4.17 之前的内核会给 root（CAP_SYS_ADMIN）减去百分之几。',
    scoreSwap: '它的得分 {printed} 与公式相符：内存加 swap 共按 {total|bytes} 计。',
    scoreDiffers:
      '内核打印的得分是 {printed}，按进程表算是 {score}：进程表在选择之后才打印，期间线程可能继续分配或释放，或限制被修改。',
    many: '名为 {manyName} 的 {many|number} 个进程合起来占用 {manyHeld|bytes}，超过任何单个进程。',
    manyRss:
      '名为 {manyName} 的 {many|number} 个进程合起来占用 {manyHeld|bytes} rss，超过任何单个进程；它们共享的内存在其中各算一次。',
    alike: '{alike} 的各项数字完全相同：看来共享同一份内存（vfork 或 CLONE_VM），只应算一次。',
    sharing: '因共享它的内存而一并被杀：{sharing}。',
    group: '该 cgroup 的所有进程被一并杀掉（memory.oom.group）：{killed|number} 个。',
    left: '它退出之前，oom_reaper 已回收其内存，但还剩 {left|bytes}：共享的、锁定的或属于文件的内存，要等进程退出才释放。',
    notReaped:
      'oom_reaper 未能回收 {stuck} 的内存：有人占着其地址空间的锁（mmap_lock）达一秒。那一方继续运行之前内存不会释放；请在日志附近查找“blocked for more than”。',
    pinned: '{pinner}（pid {pinnerPid}）与 {stuck} 共享内存而又不能被杀：这部分内存不会释放。',
    retried:
      '随后有 {retried|number} 次缺页得不到内存而重试（VM_FAULT_OOM）：通常属于正在退出的任务；若该行一直不停，则有任务卡在缺页中。',
    exiting: '选中的 {exiting}（pid {exitingPid}）已在退出：没有杀任何进程。',
    noKillable: '没有可杀的进程：占用内存的进程 oom_score_adj 都是 -1000，或属于内核。',
    panicCompulsory: '内核有意停机：vm.panic_on_oom 为 2，任何 OOM 都会 panic。',
    panicSystem: '内核有意停机：vm.panic_on_oom 为 1，整个节点 OOM 时 panic。',
    panicDeadlocked: '已无进程可杀，内核停机：它再也无法继续。',
    noTable: '没有打印进程表（vm.oom_dump_tasks 为 0，或缺行）：不知道还有谁占用内存。',
  },
})

export type OomVictimWords = typeof oomVictimWords.en
type Key = keyof OomVictimWords

/** What is rare, or what an expert would miss in a finding that has told the rest. */
const SURPRISING = [
  'byAdj',
  'bestEffort',
  'allocating',
  'child',
  'notFirst',
  'spared',
  'protected',
  'many',
  'manyRss',
  'alike',
  'sharing',
  'left',
  'notReaped',
  'pinned',
  'retried',
  'exiting',
  'noKillable',
  'panicCompulsory',
  'panicSystem',
  'panicDeadlocked',
] as const satisfies readonly Key[]

export type Surprise = (typeof SURPRISING)[number]

/** Of the sentences about a victim those that a finding about many kills has room for. */
export function surprising(summary: readonly Key[]): readonly Surprise[] {
  return SURPRISING.filter(key => summary.includes(key))
}

export interface OomVictimTold {
  readonly values: Readonly<Record<string, Value | undefined>>
  /** Sentences, in the order in which they should be read. */
  readonly summary: readonly Key[]
}

const MIB = 1024 * 1024

/** Less than this left behind by the oom_reaper, or shared, is no news. Ours. */
const WORTH_A_WORD = 16 * MIB

/** Whom the kernel took, and why; what became of it. Nothing is said that the report does not have. */
export function oomVictim(report: OomReport): OomVictimTold {
  const choice = choiceOf(report)
  const pageSize = pageSizeOf(report)
  const { victims, tasks, end, exiting } = report
  const stuck = victims.find(({ notReaped, pinnedBy }) => notReaped === true || pinnedBy !== undefined)
  const left = victims.reduce((all, victim) => all + leftOf(victim), 0)
  const bytesOf = (task: OomTask | undefined): number | undefined =>
    task === undefined || pageSize === undefined ? undefined : pagesHeld(task, pageSize) * pageSize
  const many = manyOf(report)
  const alike = alikeOf(report, pageSize)
  const ofPages =
    choice === undefined
      ? undefined
      : Math.round(pagesHeld(choice.chosen, pageSize ?? Number.POSITIVE_INFINITY))
  return {
    values: {
      chosen: choice?.chosen.comm,
      chosenPid: choice?.chosen.pid,
      held: bytesOf(choice?.chosen),
      heldPages: ofPages,
      adj: choice?.chosen.oomScoreAdj,
      before: choice?.before?.comm,
      beforePid: choice?.before?.pid,
      beforeHeld: bytesOf(choice?.before),
      beforeAdj: choice?.before?.oomScoreAdj,
      spared: choice?.spared?.comm,
      sparedPid: choice?.spared?.pid,
      sparedHeld: bytesOf(choice?.spared),
      sparedAdj: choice?.spared?.oomScoreAdj,
      printed: choice?.printed,
      score: choice?.score,
      total:
        choice?.total === undefined || pageSize === undefined ? undefined : choice.total.least * pageSize,
      many: many?.count,
      manyName: many?.comm,
      manyHeld: many === undefined || pageSize === undefined ? undefined : many.pages * pageSize,
      alike: alike.length === 0 ? undefined : alike.map(named).join(', '),
      sharing: report.sharing?.slice(0, MOST_NAMED).map(named).join(', '),
      killed: report.groupKill === true ? victims.length : undefined,
      left: left === 0 ? undefined : left,
      stuck: stuck === undefined ? undefined : named(stuck),
      pinner: stuck?.pinnedBy?.comm,
      pinnerPid: stuck?.pinnedBy?.pid,
      retried: report.faultsRetried,
      exiting: exiting?.comm,
      exitingPid: exiting?.pid,
    },
    summary: kept(
      ...why(report, choice, pageSize),
      many !== undefined && pageSize !== undefined && (tasks?.notSplit === true ? 'manyRss' : 'many'),
      alike.length > 0 && 'alike',
      report.sharing !== undefined && 'sharing',
      report.groupKill === true && victims.length > 1 && 'group',
      left >= WORTH_A_WORD && 'left',
      stuck?.notReaped === true && 'notReaped',
      stuck?.pinnedBy !== undefined && 'pinned',
      report.faultsRetried !== undefined && 'retried',
      end === 'exiting' && exiting !== undefined && 'exiting',
      end === 'no-killable' && 'noKillable',
      end === 'panic-compulsory' && 'panicCompulsory',
      end === 'panic-system-wide' && 'panicSystem',
      end === 'panic-deadlocked' && 'panicDeadlocked',
      tasks === undefined && isWhole(report) && 'noTable',
    ),
  }
}

/** Names in a row; ours. */
const MOST_NAMED = 5

const named = ({ comm, pid }: { readonly comm: string; readonly pid: number }): string => `${comm} (${pid})`

const leftOf = ({ left }: OomVictim): number =>
  left === undefined ? 0 : left.anon + left.file + (left.shmem ?? 0)

/** Where a line of the report came after the table's place, and none was lost before, the table was not printed. */
function isWhole({ truncatedHead, truncated, fragment, victims, invoker }: OomReport): boolean {
  const all = truncatedHead !== true && truncated !== true && fragment !== true
  return all && invoker !== undefined && victims.some(({ totalVm }) => totalVm !== undefined)
}

function why(report: OomReport, choice: OomChoice | undefined, pageSize: number | undefined): readonly Key[] {
  if (report.allocatingTask === true) return ['allocating']
  if (choice === undefined) return []
  const { chosen, first, byAdj, spared, before, agreement, score, printed } = choice
  const announced = report.victims[0]?.announcedPid
  const child = announced !== undefined && chosen.pid === announced && report.victims[0]?.pid !== announced
  const alone = report.tasks?.count === 1
  const known = pageSize !== undefined
  return kept(
    child && 'child',
    choice.largest === true && (alone ? 'alone' : known ? 'most' : 'mostPages'),
    byAdj === true && known && 'byAdj',
    byAdj === true && chosen.oomScoreAdj === 1000 && 'bestEffort',
    first === false && before?.oomScoreAdj !== undefined && known && 'notFirst',
    spared !== undefined && known && (spared.oomScoreAdj === -1000 ? 'protected' : 'spared'),
    agreement === 'root' && 'scoreRoot',
    agreement === 'swap' && 'scoreSwap',
    agreement === 'differs' && score !== undefined && printed !== undefined && 'scoreDiffers',
  )
}

/** Processes of one name that together hold more than the largest single one: a pool of workers, a fork bomb. */
function manyOf({
  tasks,
}: OomReport): { readonly comm: string; readonly count: number; readonly pages: number } | undefined {
  const [group] = tasks?.names ?? []
  const [largest] = tasks?.rows ?? []
  if (group === undefined || largest === undefined || group.count < 3) return undefined
  return group.pages > pagesHeld(largest, tasks?.pageSize ?? Number.POSITIVE_INFINITY) ? group : undefined
}

/** Rows of different processes whose figures are all the same, and not small: that is no chance. */
function alikeOf({ tasks }: OomReport, pageSize: number | undefined): readonly OomTask[] {
  const rows = tasks?.rows ?? []
  if (pageSize === undefined) return []
  const key = (task: OomTask): string =>
    [task.totalVm, task.rss, task.rssShmem, task.pageTablePages, task.pageTableBytes, task.swap].join(' ')
  for (const task of rows) {
    if (pagesHeld(task, pageSize) * pageSize < WORTH_A_WORD) continue
    const same = rows.filter(other => key(other) === key(task))
    if (same.length > 1) return same.slice(0, MOST_NAMED)
  }
  return []
}
