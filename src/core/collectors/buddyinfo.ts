// /proc/buddyinfo and /proc/zoneinfo: mm/vmstat.c. Free blocks by size, and what each zone must keep free.
//
// /proc/pagetypeinfo, which has the blocks by migrate type too, is not read: until 5.5 it counted every free page under
// the zone's lock with interrupts off, which on a large node stops all CPUs for seconds.

import { parseBuddyinfo } from '../decode/proc/buddyinfo.ts'
import { parseZoneinfo } from '../decode/proc/zoneinfo.ts'
import type { Gap } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const BUDDYINFO = 'proc/buddyinfo'
const ZONEINFO = 'proc/zoneinfo'

export default collector({
  id: 'buddyinfo',
  reads: [BUDDYINFO, ZONEINFO],
  privilege: 'none',
  collect(tree) {
    const gaps: Gap[] = []
    function zones<T>(path: string, parse: (text: string) => readonly T[]) {
      const bytes = tree.read(path)
      if (isGap(bytes)) {
        gaps.push(bytes)
        return undefined
      }
      const found = parse(new TextDecoder().decode(bytes))
      if (found.length > 0) return { path: tree.shown(path), zones: found }
      gaps.push({ path: tree.shown(path), why: 'unreadable', detail: 'no line of a zone' })
      return undefined
    }
    const buddyinfo = zones(BUDDYINFO, parseBuddyinfo)
    const zoneinfo = zones(ZONEINFO, parseZoneinfo)
    return {
      sample: {
        ...(buddyinfo === undefined ? {} : { buddyinfo }),
        ...(zoneinfo === undefined ? {} : { zoneinfo }),
      },
      gaps,
    }
  },
})
