// Which memory cgroup each page of the node is charged to, and what the page holds: /proc/kpagecgroup and
// /proc/kpageflags, some 40 ns of kernel time a page and file (measured on 6.18). On request only.

import type { OwnerAfter, PageOwnership } from '../case/pins.ts'
import { statDecoder } from '../decode/cgroup/memory-stat.ts'
import { decodePageSize } from '../decode/proc/auxv.ts'
import { foldPages } from '../decode/proc/kpage.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const OWNERS = 'proc/kpagecgroup'
const FLAGS = 'proc/kpageflags'
const AUXILIARY = 'proc/self/auxv'

/** A cgroup's own pages, of v1: a node with ten thousand cgroups is not to be held twice. */
const OWN = ['cache', 'rss', 'shmem'] as const

function ownOf(stat: Readonly<Record<string, number>>): Record<string, number> {
  const own: Record<string, number> = {}
  for (const key of OWN) {
    const value = stat[key]
    if (value !== undefined) own[key] = value
  }
  return own
}

export default collector({
  id: 'page-owners',
  reads: [OWNERS, FLAGS, AUXILIARY],
  privilege: 'root',
  onRequest: 'kmemscope cgroups --pins',
  // The tree first: a cgroup removed while pages are read then counts with its parent, as the kernel has it.
  after: ['memcg'],
  collect(tree, { sample }) {
    const owners = tree.chunks(OWNERS, 'lent')
    if (isGap(owners)) return { gaps: [owners] }
    const flags = tree.chunks(FLAGS, 'lent')
    if (isGap(flags)) return { gaps: [flags] }
    const counted = foldPages(owners, flags)
    const auxiliary = tree.read(AUXILIARY)
    const pageSize = isGap(auxiliary) ? undefined : decodePageSize(auxiliary)

    const after = new Map<string, OwnerAfter>()
    const decode = statDecoder()
    const { memcgs = [], at = '', version } = sample.memcg ?? {}
    for (const { path, inode } of memcgs) {
      if (inode === undefined || !counted.byInode.has(inode)) continue
      const dir = path === '/' ? at : at + path
      const now = tree.stat(dir)
      const there = !isGap(now) && now.inode === inode
      const bytes = there && version === 'v1' ? tree.peek(`${dir}/memory.stat`) : undefined
      after.set(path, {
        there,
        ...(bytes === undefined || isGap(bytes) ? {} : { stat: ownOf(decode(bytes)) }),
      })
    }
    const pageOwners: PageOwnership = {
      path: tree.shown(OWNERS),
      flagsPath: tree.shown(FLAGS),
      owners: counted,
      ...(pageSize === undefined ? {} : { pageSize }),
      after,
    }
    return { sample: { pageOwners } }
  },
})
