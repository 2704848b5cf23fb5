// mkdir below a memory cgroup fails when its 65,535 ids are taken (MEM_CGROUP_ID_MAX in include/linux/memcontrol.h;
// CSS_ID_MAX on 3.10): with ENOSPC, though it is not the disk, and with EBUSY from 6.12 on, though nothing is busy.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { MemcgNoSpace } from '../decode/kmsg/report.ts'
import { bearings } from '../facts/defects.ts'
import { slabPinsDying } from '../facts/dying-memcgs.ts'
import { kernel, kernelUpgrade } from '../facts/kernel.ts'
import { isReport, logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { IDS_NEARLY_OUT, memcgIds } from '../facts/memcg-ids.ts'
import { errorWithoutMemcgId } from '../knowledge/kernel-release.ts'
import { MEMCG_ID_MAX } from '../knowledge/limits.ts'
import { detector } from './detector.ts'

/** Critical here: the fact base's figure for K-02, 92 % of what there is; IDS_NEARLY_OUT is a warning. */
const CRITICAL_IDS = 60_000

export default detector({
  id: 'memcg-id-exhaustion',
  about: text({
    en: {
      judges:
        'memory cgroup ids (65,535) used up or nearly so: “no space left on device”, from 6.12 on “device or resource busy”',
    },
    zh: {
      judges:
        '内存 cgroup ID（65,535 个）已用完或快用完：“no space left on device”，6.12 起为“device or resource busy”',
    },
  }),
  concerns: 'workload',
  text: text({
    en: {
      used: 'Memory cgroup ids are running out: {used|number} of {max|number} in use ({share|percent})',
      out: 'Memory cgroup ids have run out: all {max|number} are in use',
      enospc: 'New containers fail with “no space left on device”: memory cgroup ids have run out',
      ebusy: 'New containers fail with “device or resource busy”: memory cgroup ids have run out',
      notDisk: 'This ENOSPC is not about the disk: the directory is in cgroupfs, so df and inodes look fine.',
      notBusy: 'Nothing is busy: from 6.12 on this is what mkdir answers when no memory cgroup id is left.',
      noMore: 'No further pod or container can start: its cgroup cannot be made.',
      sayNoSpace: 'Runtimes report it as “no space left on device”; it is not about the disk.',
      sayBusy:
        'On this kernel runtimes report it as “device or resource busy”; up to 6.11 it was “no space left on device”.',
      times: 'Failures reported by the runtime: {count|number}, the last for {directory}.',
      counted: 'Ids counted now: {used|number} of {max|number}.',
      plenty:
        'Only {used|number} of {max|number} ids are in use now: they have come free since, or another limit of the hierarchy was hit (cgroup.max.descendants).',
      dying: 'On this kernel a removed cgroup keeps its id until it is freed.',
      perhaps:
        'If this kernel returns ids on removal, only live cgroups hold one and this figure is an upper bound.',
      live: 'On this kernel only live cgroups hold an id: that many directories really exist.',
      below: 'Most of them are under {below}.',
    },
    zh: {
      used: '内存 cgroup ID 即将用完：已用 {used|number} / {max|number}（{share|percent}）',
      out: '内存 cgroup ID 已用完：{max|number} 个全部在用',
      enospc: '新容器无法启动，报“no space left on device”：内存 cgroup ID 已用完',
      ebusy: '新容器无法启动，报“device or resource busy”：内存 cgroup ID 已用完',
      notDisk: '这个 ENOSPC 与磁盘无关：目录在 cgroupfs 里，df 和 inode 都是正常的。',
      notBusy: '并没有设备或资源在忙：6.12 起，内存 cgroup ID 用完时 mkdir 返回的就是这个错误。',
      noMore: '新的 Pod 和容器都无法启动：无法再创建 cgroup。',
      sayNoSpace: '容器运行时报“no space left on device”，但与磁盘无关。',
      sayBusy: '在这个内核上容器运行时报“device or resource busy”，6.11 及以前报“no space left on device”。',
      times: '容器运行时报告了 {count|number} 次失败，最近一次的目录是 {directory}。',
      counted: '当前已用 {used|number} / {max|number} 个 ID。',
      plenty:
        '当前只用了 {used|number} / {max|number} 个 ID：要么之后已经释放，要么达到的是层级的另一个限制（cgroup.max.descendants）。',
      dying: '在这个内核上，已删除的 cgroup 要到真正释放时才归还 ID。',
      perhaps: '如果这个内核在删除时就归还 ID，则只有存活的 cgroup 占用 ID，此数为上限。',
      live: '在这个内核上只有存活的 cgroup 占用 ID：目录确实有这么多。',
      below: '大部分位于 {below} 之下。',
    },
  }),
  judge(about) {
    const failures = distinctFailures(about)
    const { ids, unknown } = memcgIds(about)
    const used = ids?.used
    const many = used !== undefined && used >= IDS_NEARLY_OUT
    const out = used !== undefined && used >= MEMCG_ID_MAX && ids?.dyingHold !== undefined
    // Counted whole, and far from the end: what the runtime met then is not so now.
    const plenty = used !== undefined && !many && unknown.length === 0
    const last = failures.at(-1)
    const release = kernel(about)
    const error = release === undefined ? undefined : errorWithoutMemcgId(release)
    const quotes = last === undefined ? [] : quoted(last)
    const [evidence, ...more] = [...quotes, ...(many || last !== undefined ? (ids?.evidence ?? []) : [])]
    return {
      unknown: [...unknown, ...logUnknown(about)],
      findings:
        evidence === undefined
          ? []
          : [
              {
                severity:
                  (last !== undefined && !plenty) || (used ?? 0) >= CRITICAL_IDS ? 'critical' : 'warning',
                subject: { kind: 'node' },
                values: {
                  used,
                  max: MEMCG_ID_MAX,
                  share: used === undefined ? undefined : used / MEMCG_ID_MAX,
                  count: failures.length,
                  directory: last?.directory,
                  below: ids?.below,
                },
                words: {
                  title: last !== undefined ? (last.busy ? 'ebusy' : 'enospc') : out ? 'out' : 'used',
                  summary: kept(
                    last !== undefined && 'times',
                    last === undefined && out && 'noMore',
                    last === undefined && out && error === 'ENOSPC' && 'sayNoSpace',
                    last === undefined && out && error === 'EBUSY' && 'sayBusy',
                    last !== undefined && (last.busy ? 'notBusy' : 'notDisk'),
                    last !== undefined && many && 'counted',
                    last !== undefined && plenty && 'plenty',
                    many && ids?.dyingHold === true && 'dying',
                    many && ids?.dyingHold === false && 'live',
                    many && ids?.dyingHold === undefined && 'perhaps',
                    ids?.below !== undefined && 'below',
                  ),
                },
                evidence: [evidence, ...more],
                remedies: kept(
                  'save-evidence',
                  'cordon-node',
                  ids?.dyingHold === false && 'remove-empty-cgroups',
                  ids?.dyingHold !== false && !slabPinsDying(about) && 'drop-page-cache',
                  'drain-and-reboot',
                  // no kernel has more ids than these for live ones
                  !(many && ids?.dyingHold === false) && kernelUpgrade(about),
                  'reduce-churn',
                ),
                defects: bearings(about, ['K-02', 'K-01', 'K-08', 'K-09']),
                ...seen(about, failures),
                ...(many ? { ongoing: true } : {}),
              },
            ],
    }
  },
})

/** Several components tell of one failed mkdir within a moment: dockerd, then the kubelet, twice. */
const SAME_MKDIR_SECONDS = 5

function distinctFailures(about: Case): readonly MemcgNoSpace[] {
  const distinct: MemcgNoSpace[] = []
  for (const failure of (about.log?.reports ?? []).filter(isReport('memcg-no-space'))) {
    const told = distinct.some(
      ({ directory, at }) =>
        directory === failure.directory &&
        (at === undefined ||
          failure.at === undefined ||
          at.clock !== failure.at.clock ||
          Math.abs(at.seconds - failure.at.seconds) <= SAME_MKDIR_SECONDS),
    )
    if (!told) distinct.push(failure)
  }
  return distinct
}
