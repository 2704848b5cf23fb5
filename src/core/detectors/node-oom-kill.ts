// The kernel killed a task because the node itself, or the nodes of a cpuset, had no page left (mm/oom_kill.c).

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { nodeOomReports, unscopedOomReports } from '../facts/oom-kills.ts'
import { detector } from './detector.ts'

/** An allocation of more than eight contiguous pages fails from fragmentation first (PAGE_ALLOC_COSTLY_ORDER is 3). */
const COSTLY_ORDER = 3

export default detector({
  id: 'node-oom-kill',
  about: text({
    en: { judges: 'the OOM killer struck because the node itself had no memory left' },
    zh: { judges: '节点本身内存耗尽触发的 OOM kill' },
  }),
  concerns: 'node',
  text: text({
    en: {
      global: 'The node ran out of memory and killed {victims}',
      cpuset: 'The memory nodes of a cpuset ran out and {victims} was killed',
      sysrq: 'Somebody asked for an OOM kill (SysRq-f): {victims}',
      noVictim: 'The node ran out of memory; no kill is in the log',
      times: 'It happened {count|number} times.',
      slab: 'Unreclaimable slab was {slabPages|number} pages at that time.',
      order: 'The allocation wanted 2^{order} contiguous pages: fragmentation, not the amount of memory.',
      invoked: 'The allocation was made by {invoker}.',
      victim: '{victim} had {anon|bytes} of anonymous memory.',
      notPods: 'No pod’s limit was hit: a pod was killed although it kept within its own.',
    },
    zh: {
      global: '节点内存耗尽，杀掉了 {victims}',
      cpuset: 'cpuset 所在的内存节点耗尽，杀掉了 {victims}',
      sysrq: '有人手动触发了 OOM kill（SysRq-f）：{victims}',
      noVictim: '节点内存耗尽，但日志里没有杀进程的记录',
      times: '共发生 {count|number} 次。',
      slab: '当时不可回收 slab 为 {slabPages|number} 页。',
      order: '申请的是 2^{order} 个连续页：是碎片问题，不是内存总量问题。',
      invoked: '触发分配的是 {invoker}。',
      victim: '{victim} 的匿名内存为 {anon|bytes}。',
      notPods: '没有触到任何 Pod 的限制：被杀的 Pod 并没有超限。',
    },
  }),
  judge(about) {
    const reports = nodeOomReports(about)
    const unscoped = unscopedOomReports(about)[0]
    const unknown = [
      ...logUnknown(about),
      ...(unscoped === undefined
        ? []
        : [{ reason: 'oom-scope-unknown', path: unscoped.path, remedy: 'pass-kernel-log' } as const]),
    ]
    const findings = (['global', 'cpuset', 'sysrq'] as const).flatMap(scope => {
      const these = reports.filter(report => report.scope === scope)
      const last = these.at(-1)
      if (last === undefined) return []
      const [quote, ...more] = quoted(last)
      if (quote === undefined) return []
      const killed = these.flatMap(({ victims }) => victims)
      const victims = [...new Set(killed.map(({ comm }) => comm))].slice(0, 3).join(', ')
      const podKilled = these.some(({ taskMemcg }) => parsePodPath(taskMemcg ?? '').level !== undefined)
      const fragmented = (last.order ?? 0) > COSTLY_ORDER
      return [
        {
          severity: scope === 'sysrq' ? ('info' as const) : ('critical' as const),
          subject: { kind: 'node' as const },
          values: {
            victims,
            count: these.length,
            slabPages: last.slabUnreclaimablePages,
            order: last.order,
            invoker: last.invoker,
            anon: last.victims[0]?.anonRss,
            victim: last.victims[0]?.comm,
          },
          words: {
            title: victims === '' ? ('noVictim' as const) : scope,
            summary: kept(
              these.length > 1 && 'times',
              fragmented && 'order',
              last.slabUnreclaimablePages !== undefined && 'slab',
              last.invoker !== undefined && 'invoked',
              last.victims[0]?.anonRss !== undefined && 'victim',
              scope === 'global' && podKilled && 'notPods',
            ),
          },
          evidence: [quote, ...more] as const,
          remedies:
            scope === 'sysrq'
              ? []
              : kept(
                  'save-evidence',
                  fragmented && 'compact-memory',
                  'reserve-node-memory',
                  'find-slab-owner',
                ),
          defects: [],
          ...seen(about, these),
        },
      ]
    })
    return { findings, unknown }
  },
})
