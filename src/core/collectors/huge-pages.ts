// Which anonymous memory gets huge pages of itself (Documentation/admin-guide/mm/transhuge.rst).

import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'sys/kernel/mm/transparent_hugepage/enabled'

export default collector({
  id: 'huge-pages',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(PATH)
    // Absent: the kernel is built without them.
    if (isGap(bytes)) return bytes.why === 'absent' ? {} : { gaps: [bytes] }
    const mode = /\[(always|madvise|never)\]/.exec(new TextDecoder().decode(bytes))?.[1]
    const path = tree.shown(PATH)
    if (mode !== 'always' && mode !== 'madvise' && mode !== 'never')
      return { gaps: [{ path, why: 'unreadable', detail: 'no word in brackets' }] }
    return { sample: { hugePages: { path, mode } } }
  },
})
