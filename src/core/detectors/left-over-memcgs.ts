// Memory cgroups whose directory should be gone: no process is in them or below them, and their pod or unit is no more.
// Other than dying ones they can be removed by hand, each costs more, and what is still charged to them is nobody's.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { LeftBy, LeftOver } from '../case/census.ts'
import type { Evidence, Severity } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { EMPTY_POD_TREE, leftOverMemcgs } from '../facts/left-over.ts'
import { memcgIndex, memcgReading, memcgSubject, parentPath } from '../facts/memcg-tree.ts'
import type { DefectId } from '../knowledge/kernel-defects.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

/** Directories of three pods, as may be on their way out at any moment (ours). */
const SOME = 10

/** 1,000 live ones cost 50 MiB (measured on 6.18), and a kubelet that watches them its time (K-14). */
const MANY = 1000

/** What nobody's cgroups may hold without a warning: the memory of a pod (ours). */
const MUCH = 256 * 1024 * 1024

const KINDS: readonly LeftBy[] = ['kubelet', 'driver-change', 'systemd-scope', 'runtime']

const DEFECTS: Readonly<Record<LeftBy, readonly DefectId[]>> = {
  kubelet: ['K-48'],
  'driver-change': ['K-48'],
  'systemd-scope': ['K-14'],
  runtime: ['K-15', 'K-50'],
}

const REMEDIES: Readonly<Record<LeftBy, readonly RemedyId[]>> = {
  kubelet: ['remove-empty-cgroups', 'software-upgrade'],
  'driver-change': ['drain-and-reboot'],
  'systemd-scope': ['stop-empty-scopes', 'software-upgrade'],
  runtime: ['remove-empty-cgroups', 'software-upgrade'],
}

export default detector({
  id: 'left-over-memcgs',
  about: text({
    en: { judges: 'memory cgroups that should be gone: no process in them, their pod or unit no more' },
    zh: { judges: '本应删除却残留的内存 cgroup：没有进程，所属 Pod 或 unit 已不存在' },
  }),
  concerns: 'cause',
  text: text({
    en: {
      kubelet: 'Cgroups of pods that are gone are left over ({count|number})',
      'driver-change': 'The tree of the cgroup driver that is not in use is left over ({count|number})',
      'systemd-scope': 'Scopes of systemd-run without a process are left over ({count|number})',
      runtime: 'Cgroups of containers without a process are left over ({count|number})',
      kubeletWho:
        'The kubelet removes a pod’s cgroup when the pod ends. In these no process is left, and no list of this node’s pods has them any more ({list}).',
      driverWho:
        'The kubelet was set from one cgroup driver to the other without a reboot: it works in the other tree, and nobody clears this one.',
      scopeWho:
        'systemd removes a scope with its last process; old versions miss the end of scopes that mounted volumes for the kubelet.',
      runtimeWho:
        'The container runtime removes a container’s cgroup when the container ends; of containers that were killed some versions leave it.',
      notDying: 'They still have a directory and are no dying cgroups: removing the directories is the cure.',
      holds: '{bytes|bytes} are still charged to them.',
      cost: 'An empty one costs about 48 KiB of slab, 2 KiB of percpu memory per possible CPU (measured on 6.18) and one of 65,535 ids, and everybody who reads the tree reads it.',
      noted: 'So few cost little; whether there are more later is what matters.',
    },
    zh: {
      kubelet: '已不存在的 Pod 残留了 cgroup（{count|number} 个）',
      'driver-change': '未在使用的 cgroup 驱动的目录树残留（{count|number} 个）',
      'systemd-scope': 'systemd-run 的 scope 没有进程却残留（{count|number} 个）',
      runtime: '容器的 cgroup 没有进程却残留（{count|number} 个）',
      kubeletWho:
        'Pod 结束时 kubelet 会删除它的 cgroup。这些 cgroup 里已没有进程，本节点的 Pod 列表里也没有它们（{list}）。',
      driverWho: 'kubelet 更换了 cgroup 驱动而没有重启节点：它在另一棵目录树里工作，这一棵没有人清理。',
      scopeWho: 'scope 的最后一个进程结束时 systemd 会删除它；旧版本会漏掉为 kubelet 挂载卷的 scope。',
      runtimeWho: '容器结束时容器运行时会删除它的 cgroup；容器被杀死时，有些版本会留下它。',
      notDying: '这些是仍有目录的存活 cgroup，不是 dying cgroup：删除目录即可。',
      holds: '仍有 {bytes|bytes} 计在它们名下。',
      cost: '每个空的 cgroup 约占 48 KiB slab，另按每个 possible CPU 占 2 KiB percpu 内存（6.18 上实测），还占用 65,535 个 ID 中的一个，凡读取这棵树的程序都要读它。',
      noted: '数量这么少，开销很小；关键看以后是否增多。',
    },
  }),
  judge(about) {
    const { left, unknown } = leftOverMemcgs(about)
    return {
      unknown,
      findings: KINDS.flatMap(by => {
        const some = left.filter(one => one.by === by)
        const count = some.reduce((sum, { directories }) => sum + directories, 0)
        const bytes = some.reduce((sum, { usage = 0 }) => sum + usage, 0)
        const severity = severityOf(some, by, count, bytes)
        const [first, ...more] = evidenceOf(about, some)
        if (severity === undefined || first === undefined) return []
        return [
          {
            severity,
            subject: memcgSubject(subjectOf(some, by)),
            values: { count, bytes, list: about.pods?.present?.path },
            words: {
              title: by,
              summary: kept(
                WHO[by],
                bytes >= MUCH && 'holds',
                'notDying',
                'cost',
                count < MANY && bytes < MUCH && 'noted',
              ),
            },
            evidence: [first, ...more] as const,
            remedies: REMEDIES[by],
            defects: bearings(about, DEFECTS[by]),
            ongoing: true,
          },
        ]
      }),
    }
  },
})

const WHO = {
  kubelet: 'kubeletWho',
  'driver-change': 'driverWho',
  'systemd-scope': 'scopeWho',
  runtime: 'runtimeWho',
} as const satisfies Readonly<Record<LeftBy, string>>

function severityOf(
  some: readonly LeftOver[],
  by: LeftBy,
  count: number,
  bytes: number,
): Severity | undefined {
  if (some.length === 0) return undefined
  if (count >= MANY || bytes >= MUCH) return 'warning'
  // Without a pod below it such a tree is nothing to clear.
  return count >= SOME || (by === 'driver-change' && count > EMPTY_POD_TREE) ? 'info' : undefined
}

/** What the commands of the advice are about: the one that holds most; of scopes the unit they stand in. */
function subjectOf(some: readonly LeftOver[], by: LeftBy): string {
  const most = [...some].sort((a, b) => (b.usage ?? 0) - (a.usage ?? 0) || b.directories - a.directories)[0]
  const path = most?.path ?? '/'
  return by === 'systemd-scope' ? parentPath(path) : path
}

/** Of the largest three: how many directories there are, and what is charged to them. */
function evidenceOf(about: Case, some: readonly LeftOver[]): readonly Evidence[] {
  const index = memcgIndex(about)
  const v1 = latest(about)?.memcg?.version === 'v1'
  const largest = [...some].sort((a, b) => (b.usage ?? 0) - (a.usage ?? 0) || b.directories - a.directories)
  return largest.slice(0, 3).flatMap(({ path, dir, directories, usage }): Evidence[] => {
    const memcg = index?.byPath.get(path)
    if (memcg === undefined) return []
    return [
      {
        kind: 'reading',
        path: dir,
        key: 'directories',
        value: directories,
        unit: 'count',
        at: readAt(about),
      },
      ...(usage === undefined
        ? []
        : [memcgReading(about, memcg, v1 ? 'memory.usage_in_bytes' : 'memory.current', usage)]),
      ...(memcg.populated === false
        ? [memcgReading(about, memcg, 'cgroup.events', 0, { key: 'populated', unit: 'count' })]
        : []),
    ]
  })
}
