// The kernel killed a task because the node itself, or the nodes of a cpuset, had no page left (mm/oom_kill.c).

import { kept } from '../base/kept.ts'
import { type Text, text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { OomReport } from '../decode/kmsg/report.ts'
import { type NodeMemoryWords, nodeMemory, nodeMemoryWords } from '../explain/node-memory.ts'
import { type OomVictimWords, oomVictim, oomVictimWords, surprising } from '../explain/oom-victim.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { killedAgain, nodeOomReports, oomScopeUnknown } from '../facts/oom-kills.ts'
import { type Draft, detector } from './detector.ts'

/** An allocation of more than eight contiguous pages fails from fragmentation first (PAGE_ALLOC_COSTLY_ORDER is 3). */
const COSTLY_ORDER = 3

const own = text({
  en: {
    global: 'The node ran out of memory; the kernel killed {victims}',
    notShort: 'The kernel killed {victims} although the node had memory free',
    cpuset: 'The NUMA nodes of a cpuset ran out of memory; the kernel killed {victims}',
    sysrq: 'OOM kill requested by hand (SysRq-f): {victims}',
    noVictim: 'The node ran out of memory; the log shows no kill',
    claim:
      'The lines were written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    times: 'It happened {count|number} times.',
    slabPages: 'Unreclaimable slab at that time: {slabPages|number} pages.',
    order:
      'The allocation needed 2^{order} contiguous pages: fragmentation is more likely than a lack of memory.',
    invoked: 'The allocation that triggered it came from {invoker}.',
    victim: '{victim} had {anon|bytes} of anonymous memory.',
    again:
      'The same process (pid {again}) was chosen more than once: it did not die when it was killed, as when it waits in the kernel.',
    notPods: 'No pod’s limit was hit: the pod that was killed had kept within its own.',
  },
  zh: {
    global: '节点内存耗尽，内核杀掉了 {victims}',
    notShort: '节点还有空闲内存，内核却杀掉了 {victims}',
    cpuset: 'cpuset 的 NUMA 节点内存耗尽，内核杀掉了 {victims}',
    sysrq: '有人手动触发 OOM kill（SysRq-f）：{victims}',
    noVictim: '节点内存耗尽，但日志里没有杀进程的记录',
    claim: '这些行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    times: '共发生 {count|number} 次。',
    slabPages: '当时不可回收 slab 为 {slabPages|number} 页。',
    order: '申请的是 2^{order} 个连续页：更可能是内存碎片，而不是内存不足。',
    invoked: '触发 OOM 的分配来自 {invoker}。',
    victim: '{victim} 的匿名内存为 {anon|bytes}。',
    again: '同一个进程（pid {again}）不止一次被选中：被杀后没有退出，例如正在内核中等待。',
    notPods: '没有任何 Pod 达到限制：被杀的 Pod 并未超限。',
  },
})

type En = typeof own.en & NodeMemoryWords & OomVictimWords

/** What Mem-Info and the task table of one report tell, and what is said of the kills. */
const words: Text<En> = {
  en: { ...nodeMemoryWords.en, ...oomVictimWords.en, ...own.en },
  zh: { ...nodeMemoryWords.zh, ...oomVictimWords.zh, ...own.zh },
}

export default detector({
  id: 'node-oom-kill',
  about: text({
    en: { judges: 'OOM kills because the node itself ran out of memory' },
    zh: { judges: '节点本身内存耗尽而触发的 OOM kill' },
  }),
  concerns: 'node',
  text: words,
  judge(about) {
    const reports = nodeOomReports(about)
    const groups = SCOPES.flatMap(scope =>
      [false, true].map(claimed => ({
        scope,
        claimed,
        reports: reports.filter(
          report => report.scope === scope && (report.userWritten === true) === claimed,
        ),
      })),
    )
    return {
      findings: groups.flatMap(({ scope, claimed, reports: [first, ...more] }) =>
        first === undefined ? [] : [fromLog(about, scope, claimed, [first, ...more])],
      ),
      unknown: [...logUnknown(about), ...oomScopeUnknown(about)],
    }
  },
})

const SCOPES = ['global', 'cpuset', 'sysrq'] as const

function fromLog(
  about: Case,
  scope: (typeof SCOPES)[number],
  claimed: boolean,
  reports: readonly [OomReport, ...OomReport[]],
): Draft<En> {
  const last = reports.at(-1) ?? reports[0]
  const folded = claimed
    ? []
    : (about.log?.folded ?? []).filter(fold => fold.kind === 'oom' && fold.scope === scope)
  const count = folded.reduce((sum, fold) => sum + fold.count, reports.length)
  const killed = reports.flatMap(report => report.victims)
  const victims = [...new Set(killed.map(({ comm }) => comm))].slice(0, 3).join(', ')
  const podKilled = reports.some(({ taskMemcg }) => parsePodPath(taskMemcg ?? '').level !== undefined)
  const memory = nodeMemory(last)
  const again = killedAgain(reports)
  const taken = oomVictim(last)
  const told = memory.summary.length > 0
  const fragmented =
    memory.verdict === 'fragmented' || (memory.verdict === 'unknown' && (last.order ?? 0) > COSTLY_ORDER)
  const harmless = claimed || scope === 'sysrq'
  return {
    severity: harmless ? 'info' : 'critical',
    subject: { kind: 'node' },
    values: {
      ...memory.values,
      ...taken.values,
      victims,
      again,
      count,
      slabPages: last.slabUnreclaimablePages,
      order: last.order,
      invoker: last.invoker,
      anon: last.victims[0]?.anonRss,
      victim: last.victims[0]?.comm,
    },
    words: {
      title: victims === '' ? 'noVictim' : scope === 'global' && memory.had ? 'notShort' : scope,
      summary: kept(
        count > 1 && 'times',
        claimed && 'claim',
        memory.verdict === 'unknown' && fragmented && 'order',
        ...memory.summary,
        !told && last.slabUnreclaimablePages !== undefined && 'slabPages',
        last.invoker !== undefined && 'invoked',
        last.victims[0]?.anonRss !== undefined && 'victim',
        ...surprising(taken.summary),
        again !== undefined && 'again',
        scope === 'global' && podKilled && 'notPods',
      ),
    },
    evidence: quoted(last),
    remedies: harmless
      ? []
      : kept(
          'save-evidence',
          fragmented && 'compact-memory',
          ...memory.remedies.filter(remedy => remedy !== 'compact-memory'),
          !memory.had && 'reserve-node-memory',
          'find-slab-owner',
        ),
    defects: [],
    ...seen(about, reports, folded),
  }
}
