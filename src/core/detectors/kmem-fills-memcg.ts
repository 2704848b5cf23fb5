// Kernel memory charged to a cgroup (memory.kmem.usage_in_bytes on v1, `kernel` of memory.stat on v2) takes the
// place its application was given. Documentation/admin-guide/cgroup-v1/memory.rst section 2.7.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { bearings } from '../facts/defects.ts'
import { kernel, kernelUpgrade, kmemOptIn, latest } from '../facts/kernel.ts'
import { seen } from '../facts/kernel-log.ts'
import { type KmemCharge, kmemCharges, ordinaryKernel } from '../facts/kmem-charge.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { parsesNokmem } from '../knowledge/kernel-release.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

/** What is left out is worth a word from here: the figure would else seem wrong beside memory.current. Ours. */
const LARGE_SHARE = 0.1

export default detector({
  id: 'kmem-fills-memcg',
  about: text({
    en: {
      judges:
        'kernel memory that takes half or more of a cgroup’s limit (more than any container needs, or nearly all of the limit), now or at an OOM kill',
    },
    zh: {
      judges: '内核内存占到 cgroup 限制的一半或以上（超出一般容器所需，或几乎占满；当前，或 OOM kill 时）',
    },
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
      wrongHeap:
        'The application’s own (anonymous) memory is only {anon|bytes}: tuning its heap does not help.',
      small:
        'So little may be no leak: the stacks, page tables and slab of any container come to that, up to 5.8 and EL 8.4 half a MiB per CPU. The limit may just be too low.',
      perhaps:
        'cgroup v1 does not tell how much of it can be reclaimed: cached dentries and inodes do no harm.',
      ownLimit:
        'This limit is for kernel memory alone (memory.kmem.limit_in_bytes, docker run --kernel-memory): raising the memory limit does not help.',
      enomem: 'System calls of its processes fail with ENOMEM; nothing is killed for it.',
      failed: 'Limit hits (failcnt): {failcnt|number}.',
      hits: 'Limit hits (max in memory.events): {failcnt|number}.',
      leftOut: 'Slab that reclaim may have back is not counted in it: {reclaimable|bytes}.',
      pagetables:
        'Most of it is page tables ({part|bytes}): its processes map much more memory than they touch, or many of them map the same.',
      kernel_stack: 'Most of it is kernel stacks ({part|bytes}): it has very many threads.',
      vmalloc:
        'Most of it is vmalloc memory ({part|bytes}): BPF maps, firewall tables, large buffers; /proc/vmallocinfo names who asked for it.',
      percpu:
        'Most of it is per-CPU memory ({part|bytes}): cgroups made below it, BPF maps, network counters.',
      loop: 'OOM kills with kernel memory as the largest part: {kills|number}.',
      survives: 'This memory is charged to the pod: restarting the container does not free it.',
      empty:
        'No process is left in it, and the memory is still there: it outlives what is killed, and each restart begins with it.',
      stuck: 'What is started there now is killed while it starts, until the memory is freed.',
    },
    zh: {
      limit: '内核内存占用 {kernel|bytes}，占内存限制 {limit|bytes} 的 {share|percent}',
      kmemLimit: '内核内存限制（kmem）已满：{kernel|bytes} / {limit|bytes}',
      usage: 'OOM kill 时内核内存为 {kernel|bytes}，占总用量 {usage|bytes} 的 {share|percent}',
      fragment: '日志显示内核内存达 {kernel|bytes}，应用自身的内存只有 {anon|bytes}',
      wrongCure: '应用自身的匿名内存只有 {anon|bytes}：调整堆大小没有用，调高限制也只能拖延时间。',
      buysTime: '调高限制只能拖延时间。',
      wrongHeap: '应用自身的匿名内存只有 {anon|bytes}：调整堆大小没有用。',
      small:
        '这点内核内存未必是泄漏：任何容器的内核栈、页表和 slab 都要占这么多，5.8 及以前、EL 8.4 及以前每个 CPU 约 0.5 MiB。可能只是限制设得太低。',
      perhaps: 'cgroup v1 看不出其中多少可以回收：如果是 dentry、inode 缓存，就没有害处。',
      ownLimit:
        '这个限制只管内核内存（memory.kmem.limit_in_bytes，docker run --kernel-memory）：调高内存限制没有用。',
      enomem: '其中进程的系统调用会返回 ENOMEM，但不会有进程因此被杀。',
      failed: '达到限制（failcnt）{failcnt|number} 次。',
      hits: '达到限制（memory.events 的 max）{failcnt|number} 次。',
      leftOut: '其中未计入可能被回收的 slab：{reclaimable|bytes}。',
      pagetables:
        '其中大部分是页表（{part|bytes}）：其进程映射的内存远多于实际访问的，或者许多进程映射了同一块内存。',
      kernel_stack: '其中大部分是内核栈（{part|bytes}）：线程数非常多。',
      vmalloc:
        '其中大部分是 vmalloc 内存（{part|bytes}）：BPF map、防火墙规则表、大块缓冲区；/proc/vmallocinfo 会列出是谁申请的。',
      percpu: '其中大部分是 percpu 内存（{part|bytes}）：在它下面创建的 cgroup、BPF map、网络计数器。',
      loop: '以内核内存为主的 OOM kill 有 {kills|number} 次。',
      survives: '这些内存记在 Pod 的 cgroup 上，重启容器不会释放。',
      empty: '其中已没有进程，内存却仍在：它不随进程被杀而释放，每次重启都从这个占用量开始。',
      stuck: '在内存释放之前，现在其中启动的进程一启动就会被杀。',
    },
  }),
  judge(about) {
    const { filled, unknown } = kmemCharges(about)
    const onV2 = latest(about)?.memcg?.version === 'v2'
    return {
      unknown,
      findings: filled.map(charge => {
        const { kills } = charge
        const series = seen(about, charge.reports)
        const pressing = charge.live ? charge.full || kills > 0 : series.ongoing !== false
        const appIsSmall = charge.anon !== undefined && charge.anon < charge.kernel
        const perhaps = charge.perhapsReclaimable && kills === 0
        const leaks = !perhaps && !isSmall(about, charge) && !charge.kmemLimitReached
        return {
          severity: perhaps ? 'info' : pressing ? 'critical' : 'warning',
          subject: memcgSubject(charge.memcg),
          values: {
            kernel: charge.kernel,
            reclaimable: charge.reclaimable,
            part: charge.mostly?.bytes,
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
              (charge.reclaimable ?? 0) >= LARGE_SHARE * charge.kernel && 'leftOut',
              charge.mostly?.part,
              charge.kmemLimitReached && 'enomem',
              charge.kmemLimitReached && 'ownLimit',
              perhaps && 'perhaps',
              leaks && !appIsSmall && 'buysTime',
              !perhaps && appIsSmall && (leaks ? 'wrongCure' : 'wrongHeap'),
              isSmall(about, charge) && 'small',
              kills > 1 && 'loop',
              (charge.failcnt ?? 0) > 0 && (charge.live && onV2 ? 'hits' : 'failed'),
              charge.live && parsePodPath(charge.memcg).level === 'pod' && 'survives',
              charge.empty && !perhaps && 'empty',
              charge.empty && !perhaps && charge.full && 'stuck',
            ),
          },
          evidence: charge.evidence,
          remedies: remedies(about, charge),
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

/** What any container may need is no leak; where accounting is opt-in, and leaks, a small limit proves nothing. */
function isSmall(about: Case, { kernel, kmemLimitReached, empty }: KmemCharge): boolean {
  // stacks and page tables go with their processes
  if (kmemLimitReached || empty === true) return false
  return kernel < ordinaryKernel(about) && kmemOptIn(about) === false
}

function remedies(about: Case, charge: KmemCharge): readonly RemedyId[] {
  const release = kernel(about)
  const optIn = kmemOptIn(about)
  if (optIn === false) {
    if (charge.kmemLimitReached) return ['save-evidence', 'raise-kmem-limit', 'find-slab-owner']
    const inSlab = charge.mostly === undefined
    if (isSmall(about, charge))
      return kept('save-evidence', 'raise-memory-limit', inSlab && 'find-slab-owner')
    if (!inSlab) return ['save-evidence', 'delete-pod', 'raise-memory-limit']
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
    charge.kmemLimitReached ? 'raise-kmem-limit' : 'raise-memory-limit',
    'drain-and-reboot',
    kernelUpgrade(about),
    nokmem !== false && 'nokmem-boot-option',
    'runtime-without-kmem',
    'move-to-newer-system',
  )
}
