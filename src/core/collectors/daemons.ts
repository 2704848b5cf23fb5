// Processes of the node itself by name: /proc/<pid>/comm, status, cgroup and cmdline (proc(5)). Anybody can give a process
// any name: what is not root's, or is in a container, is not the node's.

import { parsePodPath } from '../decode/cgroup/path.ts'
import type { Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'

/** Processes looked at, the first ones: daemons start early, and 5 µs each are to stay a tenth of a second (ours). */
const PROCESSES_LIMIT = 20_000

/** What is read of them, for `reads`. */
export const DAEMON_FILES = ['proc/*/comm', 'proc/*/status', 'proc/*/cgroup', 'proc/*/cmdline'] as const

export interface Daemon {
  readonly pid: number
  /** Its arguments, the program first. */
  readonly words: readonly string[]
  /** Path of its cmdline in the Tree. */
  readonly path: string
}

/** The first process of each name that is root's and in no container. */
export function findDaemons(tree: Tree, names: ReadonlySet<string>): ReadonlyMap<string, Daemon> {
  const found = new Map<string, Daemon>()
  const listed = tree.list('proc')
  if (isGap(listed)) return found
  const decoder = new TextDecoder()
  const text = (path: string): string | undefined => {
    const bytes = tree.peek(path)
    return isGap(bytes) ? undefined : decoder.decode(bytes)
  }
  const pids = listed.filter(name => /^\d{1,10}$/.test(name)).map(Number)
  for (const pid of pids.sort((a, b) => a - b).slice(0, PROCESSES_LIMIT)) {
    const name = text(`proc/${pid}/comm`)?.trimEnd()
    if (name === undefined || !names.has(name) || found.has(name)) continue
    if (/^Uid:\t[1-9]/m.test(text(`proc/${pid}/status`) ?? '')) continue
    const cgroups = text(`proc/${pid}/cgroup`)?.split('\n') ?? []
    const contained = cgroups.some(line => {
      const { podUid, containerId } = parsePodPath(line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1))
      return podUid !== undefined || containerId !== undefined
    })
    if (contained) continue
    const path = `proc/${pid}/cmdline`
    const words = text(path)?.split('\0')
    if (words !== undefined && words[0] !== '') found.set(name, { pid, words, path })
    if (found.size === names.size) break
  }
  return found
}
