// How many directories the v1 hierarchies beside memory's have, where /proc/cgroups counts many more cgroups in them than
// there are directories of memory: what is left is removed and not freed (K-16 of blkio). A healthy node is not walked.

import { parseMountinfo } from '../decode/proc/mountinfo.ts'
import type { Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const MOUNTINFO = 'proc/self/mountinfo'

/** So many more than memory has directories: R3 of the fact base, above which removed cgroups are a problem. */
const MANY_MORE = 500

/** As for memory's own hierarchy (ours). */
const DIRECTORIES_LIMIT = 500_000

/** Directories of a hierarchy, its top included; undefined where one could not be listed or there are too many. */
function countDirectories(tree: Tree, at: string): number | undefined {
  const paths = [at]
  let counted = false
  for (let next = 0; next < paths.length; next += 1) {
    const dir = paths[next] ?? at
    const stat = tree.stat(dir)
    if (counted && !isGap(stat) && stat.directories === 0) continue
    const names = tree.directories(dir)
    if (isGap(names)) {
      if (dir !== at && (names.why === 'absent' || names.why === 'vanished')) continue
      return undefined
    }
    // Link counts tell the number of directories: not in every imitation of a cgroup filesystem.
    if (dir === at) counted = !isGap(stat) && (stat.directories ?? 0) > 0 && names.length > 0
    for (const name of names) paths.push(`${dir}/${name}`)
    if (paths.length > DIRECTORIES_LIMIT) return undefined
  }
  return paths.length
}

export default collector({
  id: 'cgroup-directories',
  reads: [
    MOUNTINFO,
    'sys/fs/cgroup/{blkio,cpu,cpuacct,cpuset,devices,freezer,hugetlb,net_cls,net_prio,perf_event,pids}',
  ],
  privilege: 'none',
  after: ['cgroups', 'memcg'],
  collect(tree, { sample }) {
    const { cgroups, memcg } = sample
    // A copy has what was saved of a hierarchy, which need not be all.
    if (tree.origin !== 'live' || cgroups === undefined || memcg?.version !== 'v1' || !memcg.nodeWide)
      return {}
    const many = Object.entries(cgroups.controllers).filter(
      ([, { hierarchy, numCgroups }]) =>
        hierarchy !== 0 &&
        hierarchy !== cgroups.controllers['memory']?.hierarchy &&
        numCgroups > memcg.memcgs.length + MANY_MORE,
    )
    if (many.length === 0) return {}
    const bytes = tree.read(MOUNTINFO)
    if (isGap(bytes)) return {}
    const mounts = parseMountinfo(new TextDecoder().decode(bytes))
    const found: Record<string, { path: string; directories: number }> = {}
    for (const [controller] of many) {
      const at = mounts
        .findLast(
          ({ type, root, superOptions }) =>
            type === 'cgroup' && root === '/' && superOptions.includes(controller),
        )
        ?.mountPoint.slice(1)
      if (at === undefined) continue
      const directories = countDirectories(tree, at)
      if (directories !== undefined) found[controller] = { path: tree.shown(at), directories }
    }
    return { sample: { cgroupDirectories: found } }
  },
})
