// memory.kmem.slabinfo of a few cgroups, on kernels where accounting is opt-in: EIO there means "not active"
// (mem_cgroup_slabinfo_read of 3.10, mm/memcontrol.c). The topmost cgroup where it reads tells who switched it on.

import type { KmemSlabinfoProbe } from '../case/case.ts'
import type { Memcg } from '../case/memcg.ts'
import { kmemAccountingOptIn, parseRelease } from '../knowledge/kernel-release.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

/**
 * Reading one takes the slab mutex, and over all cgroups it stalls the node (known defect K-39); the fact base allows
 * a sample of three, which is one path from kubepods to a container.
 */
const PROBES = 3

export default collector({
  id: 'kmem-slabinfo',
  reads: ['sys/fs/cgroup/memory/**/memory.kmem.slabinfo'],
  privilege: 'root',
  after: ['kernel', 'memcg'],
  collect(tree, { node, sample }) {
    const release = node.kernel === undefined ? undefined : parseRelease(node.kernel)
    const memcgs = sample.memcg
    if (release === undefined || memcgs?.version !== 'v1') return {}
    if (kmemAccountingOptIn(release) !== true) return {}
    const kmemSlabinfo: KmemSlabinfoProbe[] = []
    for (const { path, dir } of onePath(memcgs.memcgs)) {
      const file = `${dir.replace(/\/$/, '')}/memory.kmem.slabinfo`
      const answer = tree.read(`${memcgs.at}${path === '/' ? '' : path}/memory.kmem.slabinfo`)
      if (!isGap(answer)) kmemSlabinfo.push({ path: file, memcg: path, readable: answer.length > 0 })
      else if (answer.why === 'unreadable' && answer.detail?.includes('EIO') === true) {
        kmemSlabinfo.push({ path: file, memcg: path, readable: false })
      }
    }
    return kmemSlabinfo.length === 0 ? {} : { sample: { kmemSlabinfo } }
  },
})

/** The top of the pods, the first pod, its first container. */
function onePath(memcgs: readonly Memcg[]): readonly Memcg[] {
  const top = memcgs.find(({ pod }) => pod.level === 'kubepods')
  const pod = memcgs.find(memcg => memcg.pod.level === 'pod')
  const container = memcgs.find(
    memcg => memcg.pod.level === 'container' && pod !== undefined && memcg.path.startsWith(`${pod.path}/`),
  )
  return [top, pod, container].filter(memcg => memcg !== undefined).slice(0, PROBES)
}
