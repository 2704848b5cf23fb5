// A directory in which somebody saved a node's files under their own paths: proc/, sys/, var/log/, dmesg. It may come
// from anywhere: nothing outside of it is read, and nothing but regular files is opened.

import { closeSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { isCgroupFile, listedNames } from '../../core/tree/memory-tree.ts'
import type { Gap, Tree } from '../../core/tree/tree.ts'
import { isGap } from '../../core/tree/tree.ts'
import { confine } from './confine.ts'
import { UNPACKED_CONFIG, unpackedConfig } from './live-tree.ts'
import { gapOf, LISTING_LIMIT, openRegular, piecesOf, readDescriptor, WHOLE_FILE_LIMIT } from './reading.ts'

/** Names in one directory are bounded: a listing is held in memory (a guess, and ours: 65,535 cgroups, 223,563 caches were seen). */
const NAMES_LIMIT = 2_000_000

/** The files saved in `dir`, a path as the user gave it. */
export function directoryTree(dir: string): Tree {
  const base = dir.replace(/\/+$/, '')
  const failed: Gap[] = []
  const shown = (path: string) => (path === '' ? base || '/' : `${base}/${path}`)
  const confined = confine(dir, shown)

  const openFile = (path: string): number | Gap => {
    const real = confined.resolve(path)
    if (typeof real !== 'string') return real
    try {
      const descriptor = openRegular(real)
      if (descriptor !== 'not-regular') return descriptor
      return { path: shown(path), why: 'unreadable', detail: 'no regular file' }
    } catch (error) {
      return gapOf(shown(path), error)
    }
  }
  const read = (path: string, limit = WHOLE_FILE_LIMIT): Uint8Array | Gap => {
    const descriptor = openFile(path)
    if (typeof descriptor !== 'number') {
      if (path !== UNPACKED_CONFIG || descriptor.why !== 'absent') return descriptor
      const packed = read('proc/config.gz')
      return isGap(packed) ? packed : unpackedConfig(packed, shown('proc/config.gz'))
    }
    try {
      const { bytes, truncated } = readDescriptor(descriptor, limit)
      if (!truncated) return bytes
      return { path: shown(path), why: 'truncated', detail: `larger than ${limit} bytes` }
    } catch (error) {
      return gapOf(shown(path), error)
    } finally {
      closeSync(descriptor)
    }
  }
  /** The listing kept in `path.list`, where the directory itself was not. */
  const savedListing = (path: string): readonly string[] | undefined => {
    if (path === '') return undefined
    const saved = read(`${path}.list`, LISTING_LIMIT)
    if (isGap(saved)) return undefined
    return listedNames(new TextDecoder().decode(saved)).slice(0, NAMES_LIMIT)
  }
  const inDirectory = <T>(path: string, look: (real: string) => T): T | Gap => {
    const real = confined.resolve(path)
    if (typeof real !== 'string') return real
    try {
      return look(real)
    } catch (error) {
      return gapOf(shown(path), error)
    }
  }
  const entries = (path: string, directoriesOnly: boolean): readonly string[] | Gap => {
    const found = inDirectory(path, real => {
      const names: string[] = []
      for (const entry of readdirSync(real, { withFileTypes: true })) {
        if (!directoriesOnly || entry.isDirectory()) names.push(entry.name)
      }
      return names
    })
    const saved = savedListing(path)
    if (saved === undefined) return found
    const wanted = directoriesOnly ? saved.filter(name => !isCgroupFile(name)) : saved
    return isGap(found) ? wanted : [...new Set([...found, ...wanted])]
  }
  const stat = (path: string) => {
    const found = inDirectory(path, real => statSync(real))
    // The copy's inode is not the node's: nobody can tell a cgroup by it.
    if (!isGap(found) && found.isDirectory()) return {}
    if (savedListing(path) !== undefined) return {}
    return isGap(found) ? found : { path: shown(path), why: 'absent' as const, detail: 'ENOTDIR' }
  }
  return {
    origin: 'directory',
    read,
    peek: read,
    list: path => entries(path, false),
    directories: path => entries(path, true),
    link: path => {
      const near = confined.resolveParent(path)
      if (typeof near !== 'string') return near
      try {
        return readlinkSync(near)
      } catch (error) {
        return gapOf(shown(path), error)
      }
    },
    inode: path => ({ path: shown(path), why: 'absent' }),
    stat,
    chunks: path => {
      const descriptor = openFile(path)
      if (typeof descriptor !== 'number') return descriptor
      return piecesOf(descriptor, error => failed.push({ ...gapOf(shown(path), error), why: 'truncated' }))
    },
    gaps: () => failed,
    shown,
  }
}
