// The configuration of the running kernel and of no other: /proc/config.gz (CONFIG_IKCONFIG_PROC), else
// /boot/config-RELEASE.

import { parseKernelConfig } from '../decode/sys/kernel-config.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PACKED = 'proc/config.gz'
/** The same as the tree unpacks it. */
const UNPACKED = 'proc/config'

export default collector({
  id: 'kernel-config',
  reads: [PACKED, 'boot/config-*'],
  privilege: 'none',
  after: ['kernel'],
  collect(tree, { node }) {
    const release = node.kernel
    const saved = release === undefined || release.includes('/') ? undefined : `boot/config-${release}`
    const given = tree.given?.some(({ path }) => path === UNPACKED) ?? false
    let path = tree.shown(given ? UNPACKED : PACKED)
    let found = tree.read(UNPACKED)
    if (isGap(found) && saved !== undefined) {
      const bytes = tree.read(saved)
      // Of two places the one that is there and cannot be read says more than the one that is not there.
      if (!isGap(bytes) || found.why === 'absent') found = bytes
      if (!isGap(bytes)) path = tree.shown(saved)
    } else if (isGap(found) && found.why === 'absent') found = { path, why: 'absent' }
    if (isGap(found)) return { gaps: [found] }
    const values = parseKernelConfig(new TextDecoder().decode(found))
    if (Object.keys(values).length === 0) {
      return { gaps: [{ path, why: 'unreadable', detail: 'no CONFIG_ line' }] }
    }
    return { config: { path, values } }
  },
})
