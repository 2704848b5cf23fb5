// The kernel killed a task because a charge would have gone over the limit of its cgroup or of one above it, and
// reclaim could not free enough (mm/memcontrol.c, mem_cgroup_out_of_memory). Neither working set nor rss is asked.

import { kept } from '../base/kept.ts'
import { type Text, text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import { killedAtStart } from '../decode/kmsg/oom-composition.ts'
import {
  type MemcgLimitWords,
  memcgLimit,
  memcgLimitRemedies,
  memcgLimitWords,
} from '../explain/memcg-limit.ts'
import { type OomVictimWords, oomVictim, oomVictimWords, surprising } from '../explain/oom-victim.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { filledByKernel } from '../facts/kmem-charge.ts'
import { memcgReading, memcgSubject } from '../facts/memcg-tree.ts'
import { isRelieved, type Outliving, outliving } from '../facts/oom-aftermath.ts'
import { type CountedKills, countedKills, countersUnknown, killCounterFile } from '../facts/oom-counters.ts'
import {
  grownChild,
  killedAgain,
  memcgOomGroups,
  type OomGroup,
  oomScopeUnknown,
} from '../facts/oom-kills.ts'
import { type Draft, detector } from './detector.ts'

/** Three kills by one limit, still going on, are a loop and no accident: the container was restarted at least twice. */
const LOOP_KILLS = 3

const own = text({
  en: {
    counter: 'OOM kills counted in this cgroup but not in the log: {kills|number}',
    counterOnly: 'The counter shows that a limit was hit, not when.',
    times: 'It happened {count|number} times.',
    claim:
      'The lines were written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    restarts: 'More than one container instance was killed: it is restarted and killed again.',
    again:
      'The same process (pid {again}) was chosen more than once: it did not die when it was killed, as when it waits in the kernel.',
    grew: 'From the first of these reports to the last {grown} grew by {grownBy|bytes}.',
    group: 'All processes of the cgroup were killed together (memory.oom.group).',
    invoked: 'The allocation that triggered it came from {invoker}.',
    empty:
      'No process is left in it, and {stillHeld|bytes} of the limit is still taken: that outlives what is killed, and each restart begins with it.',
    heldBelow:
      'Of the limit, {stillHeld|bytes} is taken by what no process here holds any more, as removed containers leave it: files on a tmpfs, kernel memory. It outlives every restart.',
    stuck: 'What is started there now is killed while it starts, until the memory is freed.',
    relieved: 'What had filled it is gone since: this is over.',
  },
  zh: {
    counter: '该 cgroup 的计数器记有 {kills|number} 次 OOM kill，日志里没有对应记录',
    counterOnly: '计数器只说明曾达到限制，不说明时间。',
    times: '共发生 {count|number} 次。',
    claim: '这些行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    restarts: '被杀的不止一个容器实例：重启后又被杀。',
    again: '同一个进程（pid {again}）不止一次被选中：被杀后没有退出，例如正在内核中等待。',
    grew: '从这些报告的第一份到最后一份，{grown} 增长了 {grownBy|bytes}。',
    group: '该 cgroup 的所有进程被一并杀掉（memory.oom.group）。',
    invoked: '触发 OOM 的分配来自 {invoker}。',
    empty:
      '其中已没有进程，限制却仍被占去 {stillHeld|bytes}：它不随进程被杀而释放，每次重启都从这个占用量开始。',
    heldBelow:
      '限制中有 {stillHeld|bytes} 已不属于这里的任何进程，是已删除的容器留下的：tmpfs 上的文件、内核内存。每次重启都不会释放。',
    stuck: '在内存释放之前，现在其中启动的进程一启动就会被杀。',
    relieved: '占满它的内存此后已经释放：事情已经过去。',
  },
})

type En = typeof own.en & MemcgLimitWords & Omit<OomVictimWords, 'group'>

/** What one report says of the limit and of the victim, and what is said of them all. */
const words: Text<En> = {
  en: { ...oomVictimWords.en, ...memcgLimitWords.en, ...own.en },
  zh: { ...oomVictimWords.zh, ...memcgLimitWords.zh, ...own.zh },
}

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
  const relieved = memcg !== undefined && !claimed && isRelieved(about, memcg, reports)
  const held = memcg === undefined || claimed ? undefined : outliving(about, memcg)
  const series = { ...seen(about, reports, folded), ...(relieved ? { ongoing: false } : {}) }
  const restarts = new Set(reports.map(report => report.memcg)).size > 1
  const limit = memcgLimit({ ...last, ...(memcg === undefined ? {} : { memcg }) }, victims)
  const victim = oomVictim(last)
  const again = killedAgain(reports)
  const grown = grownChild(reports)
  return {
    severity: claimed ? 'info' : count >= LOOP_KILLS && series.ongoing !== false ? 'critical' : 'warning',
    subject: memcg === undefined ? { kind: 'node' } : memcgSubject(memcg),
    values: {
      ...victim.values,
      ...limit.values,
      count,
      invoker: last.invoker,
      again,
      grown: grown?.memcg.slice(grown.memcg.lastIndexOf('/') + 1),
      grownBy: grown?.bytes,
      stillHeld: held?.bytes,
    },
    words: {
      title: limit.title,
      summary: kept(
        count > 1 && 'times',
        ...limit.summary,
        grown !== undefined && 'grew',
        claimed && 'claim',
        restarts && 'restarts',
        last.taskMemcg !== undefined && last.taskMemcg !== memcg && 'task',
        last.groupKill && 'group',
        ...surprising(victim.summary),
        again !== undefined && 'again',
        last.invoker !== undefined && 'invoked',
        'kernelLimit',
        held !== undefined && (held.empty ? 'empty' : 'heldBelow'),
        held?.full && 'stuck',
        relieved && 'relieved',
      ),
    },
    evidence: withHeld(quoted(last), held),
    remedies: claimed
      ? []
      : held !== undefined || killedAtStart(last)
        ? ['save-evidence', 'remove-tmpfs-files', 'delete-pod', 'raise-memory-limit']
        : filledByKernel(last)
          ? ['save-evidence', 'raise-memory-limit']
          : memcgLimitRemedies({ ...last, ...(memcg === undefined ? {} : { memcg }) }),
    defects: [],
    ...series,
  }
}

function withHeld(
  [first, ...more]: readonly [Evidence, ...Evidence[]],
  held: Outliving | undefined,
): readonly [Evidence, ...Evidence[]] {
  return [first, ...more, ...(held?.evidence ?? [])]
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
