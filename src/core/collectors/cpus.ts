// How many CPUs this kernel has room for and how many are at work: /sys/devices/system/cpu
// (Documentation/ABI/testing/sysfs-devices-system-cpu). Percpu memory has a copy for each possible one.

import type { Cpus } from '../case/case.ts'
import { countCpus } from '../decode/sys/cpu-list.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const POSSIBLE = 'sys/devices/system/cpu/possible'
const ONLINE = 'sys/devices/system/cpu/online'

export default collector({
  id: 'cpus',
  reads: [POSSIBLE, ONLINE],
  privilege: 'none',
  collect(tree) {
    const count = (path: string): number | undefined => {
      const bytes = tree.read(path)
      return isGap(bytes) ? undefined : countCpus(new TextDecoder().decode(bytes))
    }
    const possible = count(POSSIBLE)
    const online = count(ONLINE)
    if (possible === undefined && online === undefined) return {}
    const cpus: Cpus = {
      path: tree.shown(possible === undefined ? ONLINE : POSSIBLE),
      ...(possible === undefined ? {} : { possible }),
      ...(online === undefined ? {} : { online }),
    }
    return { sample: { cpus } }
  },
})
