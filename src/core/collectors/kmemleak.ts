// What kmemleak suspects: /sys/kernel/debug/kmemleak (mm/kmemleak.c). Reading it is no scan and changes nothing. Where it
// is not there, what would show why: whether debugfs is mounted, and whether lockdown forbids it.

import { parseMountinfo } from '../decode/proc/mountinfo.ts'
import { readKmemleak } from '../decode/sys/kmemleak.ts'
import { isGap, type Tree } from '../tree/tree.ts'
import { collector } from './collector.ts'

const FILE = 'sys/kernel/debug/kmemleak'
const DEBUGFS = '/sys/kernel/debug'
const MOUNTS = 'proc/self/mountinfo'
const LOCKDOWN = 'sys/kernel/security/lockdown'

/** `none [integrity] confidentiality`: the one in brackets is in force (security/lockdown/lockdown.c). */
function lockdownOf(tree: Tree): string | undefined {
  const bytes = tree.read(LOCKDOWN)
  return isGap(bytes) ? undefined : /\[(\w{1,40})\]/.exec(new TextDecoder().decode(bytes))?.[1]
}

function debugfsOf(tree: Tree): boolean | undefined {
  const bytes = tree.read(MOUNTS)
  if (isGap(bytes)) return undefined
  const mounts = parseMountinfo(new TextDecoder().decode(bytes))
  if (mounts.length === 0) return undefined
  return mounts.some(({ type, mountPoint }) => type === 'debugfs' && mountPoint === DEBUGFS)
}

export default collector({
  id: 'kmemleak',
  reads: [FILE, MOUNTS, LOCKDOWN],
  privilege: 'root',
  collect(tree) {
    const path = tree.shown(FILE)
    const chunks = tree.chunks(FILE)
    const debugfs = debugfsOf(tree)
    const lockdown = lockdownOf(tree)
    const known = {
      path,
      ...(debugfs === undefined ? {} : { debugfs }),
      ...(lockdown === undefined ? {} : { lockdown }),
    }
    if (!isGap(chunks)) return { sample: { kmemleak: { ...known, reading: readKmemleak(chunks) } } }
    const { why } = chunks
    return {
      sample: { kmemleak: { ...known, missing: why } },
      // nearly no kernel has it: that it is absent is no hole in what was read
      ...(why === 'absent' ? {} : { gaps: [chunks] }),
    }
  },
})
