// Kernel memory charged to a cgroup (memory.kmem.usage_in_bytes on v1, `kernel` of memory.stat on v2) takes the
// place its application was given. Documentation/admin-guide/cgroup-v1/memory.rst section 2.7.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { bearings } from '../facts/defects.ts'
import { kernel, latest } from '../facts/kernel.ts'
import { seen } from '../facts/kernel-log.ts'
import { type KmemCharge, kmemCharges } from '../facts/kmem-charge.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { kmemAccountingOptIn, parsesNokmem } from '../knowledge/kernel-release.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

/** From here the next allocation of the application is what fails: the cgroup is as good as full. */
const FULL_SHARE = 0.9

export default detector({
  id: 'kmem-fills-memcg',
  about: text({
    en: { judges: 'kernel memory that takes half or more of a cgroup’s limit, now or at an OOM kill' },
    zh: { judges: '内核内存占到 cgroup 限制的一半或以上（当前，或 OOM kill 时）' },
  }),
  concerns: 'workload',
  text: text({
    en: {
      limit: 'Kernel memory takes {kernel|bytes} of the {limit|bytes} limit ({share|percent})',
      kmemLimit: 'The kernel memory limit (kmem) is full: {kernel|bytes} of {limit|bytes}',
      usage: 'Kernel memory was {kernel|bytes} of {usage|bytes} in use at the OOM kill ({share|percent})',
      fragment: 'The log shows {kernel|bytes} of kernel memory, but only {anon|bytes} of application memory',
      wrongCure:
        'The application’s own (anonymous) memory is only {anon|bytes}: tuning its heap does not help, and a higher limit only buys time.',
      buysTime: 'A higher limit only buys time.',
      enomem: 'System calls of its processes fail with ENOMEM; nothing is killed for it.',
      failed: 'Limit hits (failcnt): {failcnt|number}.',
      loop: 'OOM kills with kernel memory as the largest part: {kills|number}.',
      survives: 'It is charged to the pod: restarting the container does not free it.',
    },
    zh: {
      limit: '内核内存占用 {kernel|bytes}，占内存限制 {limit|bytes} 的 {share|percent}',
      kmemLimit: '内核内存限制（kmem）已满：{kernel|bytes} / {limit|bytes}',
      usage: 'OOM kill 时内核内存为 {kernel|bytes}，占总用量 {usage|bytes} 的 {share|percent}',
      fragment: '日志显示内核内存达 {kernel|bytes}，应用自身的内存只有 {anon|bytes}',
      wrongCure: '应用自身的匿名内存只有 {anon|bytes}：调整堆大小没有用，调高限制也只能拖延时间。',
      buysTime: '调高限制只能拖延时间。',
      enomem: '其中进程的系统调用会返回 ENOMEM，但不会有进程因此被杀。',
      failed: '达到限制（failcnt）{failcnt|number} 次。',
      loop: '以内核内存为主的 OOM kill 有 {kills|number} 次。',
      survives: '这些内存记在 Pod 的 cgroup 上，重启容器不会释放。',
    },
  }),
  judge(about) {
    const { filled, unknown } = kmemCharges(about)
    return {
      unknown,
      findings: filled.map(charge => {
        const { kills } = charge
        const series = seen(about, charge.reports)
        const full = charge.kmemLimitReached || (charge.usage ?? 0) >= FULL_SHARE * charge.limit
        const pressing = charge.live ? full || kills > 0 : series.ongoing !== false
        const appIsSmall = charge.anon !== undefined && charge.anon < charge.kernel
        return {
          severity: pressing ? 'critical' : 'warning',
          subject: memcgSubject(charge.memcg),
          values: {
            kernel: charge.kernel,
            limit: charge.limit,
            share: charge.share,
            usage: charge.usage,
            anon: charge.anon,
            failcnt: charge.failcnt,
            kills,
          },
          words: {
            title: title(charge),
            summary: kept(
              charge.kmemLimitReached && 'enomem',
              appIsSmall ? 'wrongCure' : 'buysTime',
              kills > 1 && 'loop',
              (charge.failcnt ?? 0) > 0 && 'failed',
              charge.live && parsePodPath(charge.memcg).level === 'pod' && 'survives',
            ),
          },
          evidence: charge.evidence,
          remedies: remedies(about),
          defects: bearings(about, ['K-01', 'K-03', 'K-04', 'K-05', 'K-06', 'K-09']),
          ...series,
          ...(charge.live ? { ongoing: true } : {}),
        }
      }),
    }
  },
})

function title({
  kmemLimitReached,
  limit,
  live,
  reports,
}: KmemCharge): 'limit' | 'kmemLimit' | 'usage' | 'fragment' {
  if (kmemLimitReached) return 'kmemLimit'
  if (limit !== Number.POSITIVE_INFINITY) return live ? 'limit' : 'usage'
  return reports.some(report => report.kind === 'oom' && report.memory !== undefined) ? 'usage' : 'fragment'
}

function remedies(about: Case): readonly RemedyId[] {
  const release = kernel(about)
  const optIn = release === undefined ? undefined : kmemAccountingOptIn(release)
  if (optIn === false) {
    const v2 = latest(about)?.memcg?.version === 'v2'
    return [
      'save-evidence',
      'remove-tmpfs-files',
      v2 ? 'reclaim-cgroup' : 'force-empty-cgroup',
      'find-slab-owner',
      'delete-pod',
      'raise-memory-limit',
    ]
  }
  const nokmem = release === undefined ? undefined : parsesNokmem(release)
  return kept(
    'save-evidence',
    'raise-memory-limit',
    'drain-and-reboot',
    release?.stream === 'el7' ? 'kernel-upgrade-el7' : 'kernel-upgrade',
    nokmem !== false && 'nokmem-boot-option',
    'runtime-without-kmem',
    'move-to-newer-system',
  )
}
