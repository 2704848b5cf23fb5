// /proc/cgroups: cgroups not yet freed, by controller (Documentation/admin-guide/cgroup-v1/cgroups.rst).

import { parseCgroups } from '../decode/proc/cgroups.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'proc/cgroups'

export default collector({
  id: 'cgroups',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(PATH)
    if (isGap(bytes)) return { gaps: [bytes] }
    const controllers = parseCgroups(new TextDecoder().decode(bytes))
    const path = tree.shown(PATH)
    if (Object.keys(controllers).length === 0) {
      return { gaps: [{ path, why: 'unreadable', detail: 'no line of /proc/cgroups' }] }
    }
    return { sample: { cgroups: { path, controllers } } }
  },
})
