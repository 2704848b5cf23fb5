// /proc/meminfo: Documentation/filesystems/proc.rst.

import { parseMeminfo } from '../decode/proc/meminfo.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'proc/meminfo'

export default collector({
  id: 'meminfo',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(PATH)
    if (isGap(bytes)) return { gaps: [bytes] }
    const values = parseMeminfo(new TextDecoder().decode(bytes))
    const path = tree.shown(PATH)
    if (Object.keys(values).length === 0)
      return { gaps: [{ path, why: 'unreadable', detail: 'no line of meminfo' }] }
    return { sample: { meminfo: { path, values } } }
  },
})
