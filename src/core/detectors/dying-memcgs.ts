// Memory cgroups that were removed but cannot be freed: pages, slab objects or swap charged to them pin them.
// They cost percpu and slab memory that no container metric shows, and make every walk of the tree slower.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Severity } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import {
  type DyingMemcgs,
  dyingMemcgs,
  MANY_DYING,
  MANY_SLAB_PINNED,
  slabPinsDying,
} from '../facts/dying-memcgs.ts'
import { kernel, kernelUpgrade, latest } from '../facts/kernel.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { hasMemoryReclaim, perMemcgSlabCaches } from '../knowledge/kernel-release.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

/** R3 of the fact base: a warning above MANY_DYING and so many times the live. */
const MANY_TIMES_LIVE = 3

/**
 * Fewer are told too, without a warning, where more than a hundred and many times the live are not freed: cgroups are
 * removed here that something holds. Ours: nodes of fixtures/nodes that are well have up to twice the live. Five times
 * the hundred cgroups of some 20 pods is MANY_DYING already: a larger node is not told what its cron jobs leave.
 */
const SOME_DYING = 100
const SOME_TIMES_LIVE = 5

/** At the measured 12 KiB of slab and 2 KiB of percpu per possible CPU, 10,000 cost 160 MiB with 2 CPUs, 2.7 GiB with 128. */
const CRITICAL = 10_000

export default detector({
  id: 'dying-memcgs',
  about: text({
    en: { judges: 'memory cgroups that were removed but not freed (dying)' },
    zh: { judges: '已删除但未释放的内存 cgroup（dying memcg）' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title: '{dying|number} removed memory cgroups are still not freed (live: {live|number})',
      names: 'Their slab caches are still there, named after cgroups that have no directory any more.',
      trap: 'On this kernel num_cgroups in /proc/cgroups does not count them.',
      count: 'Memory cgroups the kernel counts: {all|number}; directories: {live|number}.',
      below: 'Most of them are under {below}.',
      cost: 'Each costs about 12 KiB of slab plus 2 KiB of percpu memory per possible CPU (measured on 6.18); no container metric shows it.',
      costOld:
        'Each costs about 34 KiB of unreclaimable slab (measured on 3.10); no container metric shows it.',
      percpu: 'On the whole node Percpu is {percpu|bytes} and unreclaimable slab {slab|bytes}.',
      slabPinned: 'Slab objects pin them. On this kernel drop_caches does not free them; only a reboot does.',
      pagePinned: 'What pins them is usually page cache or tmpfs files that the removed cgroups wrote.',
      few: 'So few cost little, but they are many times the live ones: what is removed here stays. Count them again later: what matters is whether there are more each time.',
    },
    zh: {
      title: '{dying|number} 个已删除的内存 cgroup 一直没有释放（存活：{live|number} 个）',
      names: '它们的 slab 缓存还在，而名字对应的 cgroup 目录已经不存在。',
      trap: '在这个内核上，/proc/cgroups 的 num_cgroups 不包含它们。',
      count: '内核计有 {all|number} 个内存 cgroup，目录只有 {live|number} 个。',
      below: '大部分位于 {below} 之下。',
      costOld: '每个约占 34 KiB 不可回收 slab（3.10 上实测），任何容器指标都看不到。',
      cost: '每个约占 12 KiB slab，另按每个 possible CPU 占 2 KiB percpu 内存（6.18 上实测），任何容器指标都看不到。',
      percpu: '整个节点的 Percpu 为 {percpu|bytes}，不可回收 slab 为 {slab|bytes}。',
      slabPinned: '钉住它们的是 slab 对象：在这个内核上 drop_caches 无效，只有重启才能释放。',
      pagePinned: '钉住它们的通常是这些 cgroup 写入的页缓存或 tmpfs 文件。',
      few: '这点数量开销很小，但已是存活数的许多倍：这里的 cgroup 删除后没有释放。过一段时间再数一次，关键看是否越来越多。',
    },
  }),
  judge(about) {
    const { counted, unknown } = dyingMemcgs(about)
    const worst = counted
      .map(sign => ({ ...sign, severity: severityOf(sign) }))
      .sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || b.dying - a.dying)[0]
    if (worst?.severity === undefined) return { findings: [], unknown }
    const few = worst.severity === 'info'
    const meminfo = latest(about)?.meminfo?.values
    const slabPinned = slabPinsDying(about)
    const names = counted.find(({ sign }) => sign === 'slab-names')
    const evidence = worst.sign === 'slab-names' || !slabPinned ? [] : (names?.evidence ?? [])
    return {
      unknown,
      findings: [
        {
          severity: worst.severity,
          subject: worst.below === undefined ? { kind: 'node' } : memcgSubject(worst.below),
          values: {
            dying: worst.dying,
            live: worst.live,
            all: worst.dying + worst.live,
            below: worst.below,
            percpu: meminfo?.['Percpu'],
            slab: meminfo?.['SUnreclaim'],
          },
          words: {
            title: 'title',
            summary: kept(
              worst.sign === 'num_cgroups' && 'count',
              slabPinned && 'names',
              worst.sign === 'slab-names' && 'trap',
              slabPinned ? 'slabPinned' : 'pagePinned',
              worst.below !== undefined && 'below',
              few && 'few',
              slabPinned ? 'costOld' : 'cost',
              !few && meminfo?.['Percpu'] !== undefined && meminfo['SUnreclaim'] !== undefined && 'percpu',
            ),
          },
          evidence: [...worst.evidence, ...evidence.slice(0, 2)],
          remedies: remedies(about, slabPinned, few),
          defects: bearings(about, slabPinned ? ['K-01', 'K-09', 'K-02'] : ['K-08', 'K-09', 'K-38']),
          ongoing: true,
        },
      ],
    }
  },
})

const SEVERITIES: readonly (Severity | undefined)[] = [undefined, 'info', 'warning', 'critical']

function severityOf({ sign, dying, live }: DyingMemcgs): Severity | undefined {
  const many =
    sign === 'slab-names' ? dying >= MANY_SLAB_PINNED : dying > Math.max(MANY_DYING, MANY_TIMES_LIVE * live)
  if (many) return dying >= CRITICAL ? 'critical' : 'warning'
  return dying > Math.max(SOME_DYING, SOME_TIMES_LIVE * live) ? 'info' : undefined
}

function remedies(about: Case, slabPinned: boolean, few: boolean): readonly RemedyId[] {
  if (slabPinned) {
    return [
      'save-evidence',
      'drain-and-reboot',
      kernelUpgrade(about),
      'runtime-without-kmem',
      'reduce-churn',
      'move-to-newer-system',
    ]
  }
  const release = kernel(about)
  const reclaim =
    latest(about)?.memcg?.version === 'v2' && (release === undefined || hasMemoryReclaim(release) !== false)
  return kept(
    !few && 'save-evidence',
    reclaim && 'reclaim-cgroup',
    latest(about)?.memcg?.version !== 'v2' && 'force-empty-before-rmdir',
    !reclaim && !few && 'drop-page-cache',
    'remove-tmpfs-files',
    'reduce-churn',
    // Pages pin them up to 6.19 (K-08): an upgrade helps only where slab may pin them too.
    !few && (release === undefined || perMemcgSlabCaches(release) !== false) && 'kernel-upgrade',
  )
}
