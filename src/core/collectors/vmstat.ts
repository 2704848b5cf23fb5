// /proc/vmstat: mm/vmstat.c.

import { parseVmstat } from '../decode/proc/vmstat.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'proc/vmstat'

export default collector({
  id: 'vmstat',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(PATH)
    if (isGap(bytes)) return { gaps: [bytes] }
    const values = parseVmstat(new TextDecoder().decode(bytes))
    const path = tree.shown(PATH)
    if (Object.keys(values).length === 0)
      return { gaps: [{ path, why: 'unreadable', detail: 'no line of vmstat' }] }
    return { sample: { vmstat: { path, values } } }
  },
})
