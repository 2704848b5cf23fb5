// "SLUB: Unable to allocate memory on node N": an allocation inside the kernel failed and its caller was told so
// (mm/slub.c, slab_out_of_memory). It is not an OOM kill. With `cache(id:cgroup)` it was the cgroup's charge that
// failed, not the node.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Subject } from '../case/finding.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { SlabAllocationFailure } from '../decode/kmsg/report.ts'
import { bearings } from '../facts/defects.ts'
import { fact } from '../facts/fact.ts'
import { kernel, kernelUpgrade, kmemOptIn } from '../facts/kernel.ts'
import { isReport, logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { memcgIndex, memcgSubject } from '../facts/memcg-tree.ts'
import { parsesNokmem } from '../knowledge/kernel-release.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'slub-allocation-failure',
  about: text({
    en: { judges: 'slab allocations that failed (not OOM kills)' },
    zh: { judges: 'slab 分配器分配失败（不是 OOM kill）' },
  }),
  concerns: 'workload',
  text: text({
    en: {
      memcg: 'Slab allocations fail at a cgroup’s limit: {caches}',
      root: 'Slab allocations fail on the node: {caches}',
      bare: 'Slab allocations fail; the log does not name the cache',
      count: 'Failures in the log: {count|number}.',
      more: 'Not printed because of rate limiting: {suppressed|number} more.',
      moreOfAny:
        'Not printed because of rate limiting, of this or any other cgroup: {suppressed|number} more.',
      notOom: 'Nothing is killed for this: the caller gets ENOMEM (fork, open, socket or connect may fail).',
      charge:
        'The charge failed at the limit of the cgroup named in brackets (last: {name}); the node may have plenty of free memory.',
      node: 'No cgroup is named: no page was to be had (shortage, fragmentation or an atomic caller). From 5.9 on a cgroup’s limit no longer prints this line.',
      gfp: 'gfp={mask}.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      memcg: 'cgroup 达到限制，slab 分配失败：{caches}',
      root: '节点上 slab 分配失败：{caches}',
      bare: 'slab 分配失败（日志没写是哪个缓存）',
      count: '日志里有 {count|number} 次失败。',
      more: '另有 {suppressed|number} 次因限速没有打印。',
      moreOfAny: '另有 {suppressed|number} 次因限速没有打印，看不出属于哪个 cgroup。',
      notOom: '不会因此杀进程：调用者得到 ENOMEM（fork、open、socket、connect 可能失败）。',
      charge:
        '括号里是 cgroup 的名字（最近一次是 {name}）：是它达到自己的限制而记账失败，节点可能还有大量空闲内存。',
      node: '没有 cgroup 的名字：申请不到页，可能是内存不足、碎片或原子上下文。5.9 起，cgroup 达到限制时不再打印这一行。',
      gfp: 'gfp={mask}。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    const reports = (about.log?.reports ?? []).filter(isReport('slub-alloc-failure', 'slab-alloc-failure'))
    const groups = new Map<string, [SlabAllocationFailure, ...SlabAllocationFailure[]]>()
    for (const report of reports) {
      const key = `${podOrName(about, report)}${report.userWritten === true ? '\0claim' : ''}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [report])
      else group.push(report)
    }
    const suppressed = (about.log?.reports ?? [])
      .filter(isReport('callbacks-suppressed'))
      .filter(({ source }) => source === 'slab_out_of_memory' || source === '__slab_alloc')
      .reduce((sum, { count }) => sum + count, 0)
    return {
      unknown: logUnknown(about),
      findings: [...groups.values()].flatMap(group => {
        const [first] = group
        const last = group.at(-1) ?? first
        const claimed = first.userWritten === true
        const caches = [...new Set(group.map(({ cache }) => cache).filter(cache => cache !== undefined))]
        const kinds = new Set<string>(group.map(({ kind }) => kind))
        const names = new Set(group.map(({ memcgName }) => memcgName))
        const folded = (about.log?.folded ?? []).filter(
          ({ kind, memcg }) => kinds.has(kind) && names.has(memcg),
        )
        return [
          {
            severity: claimed ? ('info' as const) : ('warning' as const),
            subject: subject(about, last, caches),
            values: {
              name: last.memcgName,
              caches: caches.slice(0, 5).join(', '),
              count: folded.reduce((sum, { count }) => sum + count, group.length),
              suppressed: suppressed > 0 ? suppressed : undefined,
              mask: [...new Set(group.map(({ gfp }) => gfp.mask))].slice(0, 3).join(', '),
            },
            words: {
              title:
                first.memcgName !== undefined
                  ? ('memcg' as const)
                  : caches.length > 0
                    ? ('root' as const)
                    : ('bare' as const),
              summary: kept(
                'count',
                suppressed > 0 && !claimed && (groups.size === 1 ? 'more' : 'moreOfAny'),
                claimed && 'claim',
                'notOom',
                first.memcgName !== undefined && 'charge',
                first.memcgName === undefined && caches.length > 0 && 'node',
                'gfp',
              ),
            },
            evidence: [...quoted(first), ...(group.length > 1 ? quoted(last) : [])] as const,
            remedies: claimed ? [] : remedies(about, first),
            defects: claimed ? [] : bearings(about, ['K-01', 'K-03']),
            ...seen(about, group, folded),
          },
        ]
      }),
    }
  },
})

/** Paths of memory cgroups by their last component: of the live tree, and of the OOM reports where they are gone. */
const pathsByName = fact((about: Case): ReadonlyMap<string, string> => {
  const logged = (about.log?.reports ?? [])
    .filter(isReport('oom'))
    .flatMap(({ memcg, taskMemcg }) => [memcg, taskMemcg])
    .filter(path => path !== undefined)
  const live = (memcgIndex(about)?.tree.memcgs ?? []).map(({ path }) => path)
  return new Map([...logged, ...live].map(path => [path.slice(path.lastIndexOf('/') + 1), path]))
})

/** A restarted container has a new name: failures of one pod's containers belong together where the pod is known. */
function podOrName(about: Case, { memcgName }: SlabAllocationFailure): string {
  if (memcgName === undefined) return ''
  const path = pathsByName(about).get(memcgName)
  if (path === undefined || parsePodPath(path).level !== 'container') return memcgName
  return path.slice(0, path.lastIndexOf('/'))
}

/** The cgroup, by its path where that is known; else as much as the log says. */
function subject(about: Case, { memcgName }: SlabAllocationFailure, caches: readonly string[]): Subject {
  if (memcgName !== undefined) return memcgSubject(pathsByName(about).get(memcgName) ?? memcgName)
  const [cache] = caches
  return cache === undefined ? { kind: 'node' } : { kind: 'slab', cache }
}

function remedies(
  about: Case,
  { memcgName, defaultOrder, minOrder }: SlabAllocationFailure,
): readonly RemedyId[] {
  const release = kernel(about)
  // Where every cgroup is accounted nothing leaks by that; the limit was met, most often one for kernel memory alone.
  if (memcgName !== undefined && kmemOptIn(about) === false) {
    return ['save-evidence', 'raise-kmem-limit', 'raise-memory-limit', 'find-slab-owner']
  }
  if (memcgName !== undefined) {
    const nokmem = release === undefined ? undefined : parsesNokmem(release)
    return kept(
      'save-evidence',
      'raise-memory-limit',
      'drain-and-reboot',
      kernelUpgrade(about),
      nokmem !== false && 'nokmem-boot-option',
      'runtime-without-kmem',
    )
  }
  return kept('save-evidence', (minOrder ?? defaultOrder ?? 0) > 0 && 'compact-memory', 'find-slab-owner')
}
