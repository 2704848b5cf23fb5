// Names under /sys/kernel/slab: Documentation/ABI/testing/sysfs-kernel-slab. Before 5.9 a cgroup's copy of a cache has
// its own, `dentry(112:c116)`; the names alone tell of cgroups that are gone.

import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'sys/kernel/slab'

export default collector({
  id: 'slab-names',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const names = tree.list(PATH)
    if (isGap(names)) return { gaps: [names] }
    return { sample: { slabNames: { path: tree.shown(PATH), names } } }
  },
})
