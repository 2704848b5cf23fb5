// Page cache in use counts as used: the working set is usage less inactive_file (setMemoryStats of cAdvisor), so that a
// container that reads its files often seems full, and a node near eviction, while the kernel would take the cache back.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { latest } from '../facts/kernel.ts'
import { kubeletView } from '../facts/kubelet-view.ts'
import { memcgLoads } from '../facts/memcg-load.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { loadEvidence, reclaimableLoads } from '../facts/reclaimable-load.ts'
import { type Draft, detector } from './detector.ts'

/** Within one threshold more of it the kubelet evicts. Ours. */
const NEAR_EVICTION = 2

/**
 * Ours: so much of the node must be there to be had beyond what the kubelet sees, else the node is short of memory indeed;
 * and the kubelet must see less, or nobody on a machine of some hundred MiB would not be near eviction.
 */
const PLENTY = 0.1

/** What the two reckonings differ by must be page cache in use for the most part. */
const MOSTLY = 0.5

const words = text({
  en: {
    title: 'The working set of a container is {workingSet|bytes} of {limit|bytes}, mostly page cache in use',
    cache:
      'Of that {cache|bytes} are clean pages of files it reads often (active_file). The kernel takes them back before it kills anything: this is no leak, and no kill is near because of it.',
    counted:
      'kubectl top, the autoscalers and the kubelet count them as used, and alerts on the working set ring.',
    others: 'It is the same with other containers: {others|number}.',
    nodeTitle:
      'The kubelet is near eviction with {kubelet|bytes} available, though the kernel could give {available|bytes}',
    nodeWhat:
      'It counts page cache in use as used; below {threshold|bytes} it evicts pods, which frees memory that nobody was short of.',
  },
  zh: {
    title: '容器的 working set 为 {workingSet|bytes}，限制 {limit|bytes}，其中多为活跃页缓存',
    cache:
      '其中 {cache|bytes} 是经常读取的文件的干净页（active_file）。内核在杀进程之前会先回收它们：这不是泄漏，也不会因此被 OOM kill。',
    counted: 'kubectl top、自动扩缩容和 kubelet 都把它算作已用，按 working set 设置的告警会响。',
    others: '另有 {others|number} 个容器也是如此。',
    nodeTitle: 'kubelet 认为只剩 {kubelet|bytes} 可用，接近驱逐，而内核其实能给出 {available|bytes}',
    nodeWhat: '它把活跃页缓存算作已用；低于 {threshold|bytes} 就会驱逐 Pod，而节点其实并不缺内存。',
  },
})

type En = typeof words.en

export default detector({
  id: 'page-cache-in-working-set',
  about: text({
    en: { judges: 'containers and nodes that seem full because page cache in use counts as used' },
    zh: { judges: '因活跃页缓存算作已用而看似快满的容器与节点' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const { unknown } = memcgLoads(about)
    const node = nearEviction(about)
    return {
      findings: [...ofNode(about, node.of), ...ofContainers(about)],
      unknown: [...new Set([...unknown, ...node.unknown])],
    }
  },
})

function ofContainers(about: Case): readonly Draft<En>[] {
  const loads = reclaimableLoads(about).filter(({ cache, slab }) => cache >= slab)
  const [first] = loads
  if (first === undefined) return []
  const v1 = latest(about)?.memcg?.version === 'v1'
  const keys = v1
    ? ['total_active_file', 'total_dirty', 'total_writeback']
    : ['active_file', 'file_dirty', 'file_writeback']
  return [
    {
      severity: 'info',
      subject: memcgSubject(first.memcg.path),
      values: {
        workingSet: first.workingSet,
        limit: first.room,
        cache: first.cache,
        others: loads.length - 1,
      },
      words: { title: 'title', summary: kept('cache', 'counted', loads.length > 1 && 'others') },
      evidence: loadEvidence(about, first, keys),
      remedies: [],
      defects: bearings(about, ['K-23']),
      ongoing: true,
    },
  ]
}

type View = NonNullable<ReturnType<typeof kubeletView>['view']>

/** Whether the kubelet is near eviction only in its own reckoning. */
function nearEviction(about: Case): { readonly of?: View; readonly unknown: readonly Unknown[] } {
  const { view, unknown } = kubeletView(about)
  if (view === undefined) return { unknown }
  const { kubelet, available, total, threshold, activeFile } = view
  const near = kubelet.filter(
    one =>
      one < Math.min(NEAR_EVICTION * threshold, PLENTY * total) &&
      available - one >= PLENTY * total &&
      activeFile >= MOSTLY * (available - one),
  )
  if (near.length === kubelet.length) return { of: view, unknown }
  return near.length === 0
    ? { unknown }
    : { unknown: [...unknown, { reason: 'kubelet-formula-not-known', remedy: 'compare-versions' }] }
}

function ofNode(about: Case, view: View | undefined): readonly Draft<En>[] {
  if (view === undefined) return []
  return [
    {
      severity: 'warning',
      subject: { kind: 'node' },
      values: { kubelet: view.kubelet[0], available: view.available, threshold: view.threshold },
      words: { title: 'nodeTitle', summary: ['nodeWhat'] },
      evidence: view.evidence,
      remedies: ['drop-page-cache', 'reserve-node-memory'],
      defects: bearings(about, ['K-23', 'K-25']),
      ongoing: true,
    },
  ]
}
