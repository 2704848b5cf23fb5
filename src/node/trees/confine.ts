// Paths below a root that must not be left: a node mounted at /host, a directory that somebody else saved. Symbolic
// links are followed as the node itself would follow them, an absolute one from the root, and never out of it.

import { lstatSync, readlinkSync } from 'node:fs'
import type { Gap } from '../../core/tree/tree.ts'
import { gapOf } from './reading.ts'

/** As many as the kernel follows in one path (MAXSYMLINKS, include/linux/namei.h). */
const LINKS_FOLLOWED = 40

export interface Confined {
  /** The real path of what a node's path names, after all links; a gap where it is not there or leads in circles. */
  resolve(path: string): string | Gap
  /** The same for all but the last part, which is left as it is. */
  resolveParent(path: string): string | Gap
}

/** Resolves paths below `root`; directories once found are remembered. */
export function confine(root: string, shown: (path: string) => string): Confined {
  const base = root.endsWith('/') ? root.slice(0, -1) : root
  const known = new Map<string, string>([['', '']])

  /** The path within the root that `path` really is. */
  const walk = (path: string, asked: string, followLast: boolean): string | Gap => {
    const todo = path.split('/').reverse()
    let done = ''
    let followed = 0
    while (todo.length > 0) {
      const name = todo.pop()
      if (name === undefined || name === '' || name === '.') continue
      if (name === '..') {
        // The root's parent is the root, as chroot has it.
        done = done.slice(0, Math.max(0, done.lastIndexOf('/')))
        continue
      }
      const here = `${done}/${name}`
      if (known.get(here) === here) {
        done = here
        continue
      }
      const last = todo.every(rest => rest === '' || rest === '.')
      if (last && !followLast) return here
      try {
        const stat = lstatSync(base + here)
        if (stat.isSymbolicLink()) {
          followed += 1
          if (followed > LINKS_FOLLOWED) return { path: shown(asked), why: 'unreadable', detail: 'ELOOP' }
          const target = readlinkSync(base + here)
          if (target.startsWith('/')) done = ''
          todo.push(...target.split('/').reverse())
          continue
        }
        if (stat.isDirectory() && known.size < 100_000) known.set(here, here)
      } catch (error) {
        return gapOf(shown(asked), error)
      }
      done = here
    }
    return done
  }
  const resolve = (path: string, followLast: boolean): string | Gap => {
    const cut = path.lastIndexOf('/')
    const parent = cut < 0 ? '' : path.slice(0, cut)
    let within = known.get(`>${parent}`)
    if (within === undefined) {
      const found = walk(parent, path, true)
      if (typeof found !== 'string') return found
      within = found
      if (known.size < 100_000) known.set(`>${parent}`, within)
    }
    const name = path.slice(cut + 1)
    if (!followLast && name !== '..' && name !== '.' && name !== '') return `${base}${within}/${name}`
    const found = walk(`${within}/${name}`, path, followLast)
    return typeof found === 'string' ? `${base}${found}` || '/' : found
  }
  return {
    resolve: path => resolve(path, true),
    resolveParent: path => resolve(path, false),
  }
}
