// How many directory entries the kernel remembers, and how many of names that do not exist
// (Documentation/admin-guide/sysctl/fs.rst, proc_nr_dentry of fs/dcache.c).

import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'proc/sys/fs/dentry-state'

export default collector({
  id: 'dentries',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(PATH)
    if (isGap(bytes)) return bytes.why === 'absent' ? {} : { gaps: [bytes] }
    const path = tree.shown(PATH)
    const fields = new TextDecoder().decode(bytes.subarray(0, 200)).trim().split(/\s+/).map(Number)
    const [dentries, unused, , , negative] = fields
    if (dentries === undefined || unused === undefined || negative === undefined || fields.some(Number.isNaN))
      return { gaps: [{ path, why: 'unreadable', detail: 'not six numbers' }] }
    return { sample: { dentries: { path, dentries, unused, negative } } }
  },
})
