// kmemscope cgroups --pins: the owner of each page of the node, and what follows for removed cgroups. It only reads, and
// says beforehand what that costs.

import { formatBytes } from '../../core/base/units.ts'
import type { Case } from '../../core/case/case.ts'
import type { Pins } from '../../core/case/pins.ts'
import { parseMeminfo } from '../../core/decode/proc/meminfo.ts'
import { pins } from '../../core/facts/pins.ts'
import { pinsSentence } from '../../core/render/pins.ts'
import { type Gap, isGap, type Tree } from '../../core/tree/tree.ts'
import { pacedTree } from '../trees/paced-tree.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'

/** Collectors to be asked for beside those of the census. */
export const PIN_COLLECTORS = ['page-owners', 'pin-places', 'pods', 'cpus'] as const

/** Kernel time for one page, of both files: 78 ns on a quiet 6.18, twice that beside others (measured). */
const NANOSECONDS_A_PAGE = 80

const PAGE = 4096

/** Seconds between two readings at least: on a node of 256 GiB one takes about as long (ours). */
export const PINS_SECONDS = 10

const FILES = ['proc/kpagecgroup', 'proc/kpageflags'] as const

/** Why the pages cannot be read. */
function notRead({ why, path, detail }: Gap, { language }: Settings): Ending {
  const key = why === 'denied' ? 'denied' : why === 'absent' ? 'notThere' : 'notRead'
  return new Ending(pinsSentence(key, language, { path, what: detail ?? why }), exitCodes.failed)
}

/** What keeps a file from being read; its first piece is asked for, since opening alone can succeed. */
function obstacle(tree: Tree, path: string): Gap | undefined {
  const known = tree.gaps().length
  const pieces = tree.chunks(path, 'lent')
  if (isGap(pieces)) return pieces
  for (const _ of pieces) return undefined
  return tree.gaps()[known] ?? { path: tree.shown(path), why: 'unreadable', detail: 'empty' }
}

/**
 * The tree to collect from, read at a pace; before, a note of what it will cost. Ends where there is no live node, or its
 * pages cannot be read.
 */
export function announcePins(tree: Tree, settings: Settings): Tree {
  const { language } = settings
  if (tree.origin !== 'live') throw new Ending(pinsSentence('liveOnly', language), exitCodes.usage)
  for (const path of FILES) {
    const gap = obstacle(tree, path)
    if (gap !== undefined) throw notRead(gap, settings)
  }
  const meminfo = tree.read('proc/meminfo')
  const total = isGap(meminfo) ? undefined : parseMeminfo(new TextDecoder().decode(meminfo))['MemTotal']
  if (total !== undefined) {
    const seconds = (total / PAGE) * NANOSECONDS_A_PAGE * 1e-9
    const sentence = pinsSentence('cost', language, {
      seconds: Math.max(0.1, Math.round(seconds * 10) / 10),
      size: formatBytes(total),
    })
    process.stderr.write(`kmemscope: ${sentence}\n`)
  }
  return pacedTree(tree)
}

/** Who pins what; ends where the pages could not be read after all. */
export function pinsOf(about: Case, settings: Settings): Pins {
  const found = pins(about)
  if (found !== undefined) return found
  const gap = about.gaps.find(({ path }) => /\/proc\/kpage(?:cgroup|flags)$/.test(path))
  throw notRead(gap ?? { path: '/proc/kpagecgroup', why: 'absent' }, settings)
}
