// /proc/cmdline: Documentation/admin-guide/kernel-parameters.txt.

import { parseCmdline } from '../decode/proc/cmdline.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PATH = 'proc/cmdline'

export default collector({
  id: 'cmdline',
  reads: [PATH],
  privilege: 'none',
  collect(tree) {
    const bytes = tree.read(PATH)
    if (isGap(bytes)) return { gaps: [bytes] }
    const { bootImage, ...words } = parseCmdline(new TextDecoder().decode(bytes))
    return {
      cmdline: {
        path: tree.shown(PATH),
        ...words,
        // GRUB names the disk as well: (hd0,msdos1)/vmlinuz-3.10.0-957.el7.x86_64
        ...(bootImage === undefined ? {} : { kernelImage: bootImage.replace(/^\([^)]*\)/, '') }),
      },
    }
  },
})
