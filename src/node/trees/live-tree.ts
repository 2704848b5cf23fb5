// The node this runs on: /proc, /sys, /etc, /dev/kmsg, /var/log. With a root other than / the node is the one mounted
// there (a container that has the host's / at /host), and nothing outside of it is read.

import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { DirectoryStat, FileStat, Gap, Tree } from '../../core/tree/tree.ts'
import { isGap } from '../../core/tree/tree.ts'
import { confine } from './confine.ts'
import {
  errorCode,
  gapOf,
  lentPiecesOf,
  OPEN_NO_LINK,
  OPEN_READ,
  openRegular,
  piecesOf,
  readDescriptor,
  readOnce,
  readWhole,
  recordsOf,
  WHOLE_FILE_LIMIT,
} from './reading.ts'

/** `proc/config` is not in the kernel: it stands for /proc/config.gz unpacked. */
export const UNPACKED_CONFIG = 'proc/config'
const PACKED_CONFIG = 'proc/config.gz'

/** /proc/config.gz unpacks to 300 KiB; this bounds what a forged one can (ours). */
const CONFIG_LIMIT = 16 * 1024 * 1024

/** Unpacks a kernel config. */
export function unpackedConfig(packed: Uint8Array, shown: string): Uint8Array | Gap {
  try {
    return gunzipSync(packed, { maxOutputLength: CONFIG_LIMIT })
  } catch (error) {
    return { path: shown, why: 'unreadable', detail: errorCode(error) }
  }
}

/** Where the kernel's own files are, which have no size and are read without a look at what they are. */
const PSEUDO = /^(?:proc|sys)\//

/** st_blocks counts these, whatever the filesystem's own blocks are (stat(2)). */
const STAT_BLOCK = 512

/** A device number as mountinfo writes it (gnu_dev_major and _minor of sys/sysmacros.h; no major has more than 12 bits). */
function deviceName(device: number): string {
  const low = device % 2 ** 32
  const minor = (low % 256) + Math.floor(low / 2 ** 20) * 256
  return `${Math.floor(low / 256) % 4096}:${minor}`
}

/** The live node whose files are at `root`. */
export function liveTree(root = '/'): Tree {
  const here = root === '/' || root === ''
  const base = here ? '' : root.replace(/\/+$/, '')
  const failed: Gap[] = []
  /** Seen from outside, the node's own view is that of its init: /host/proc/self would be this process. */
  const seen = (path: string) =>
    !here && path.startsWith('proc/self/') ? `proc/1/${path.slice('proc/self/'.length)}` : path
  const shown = (path: string) => `${base}/${seen(path)}`
  const confined = here ? undefined : confine(base, shown)

  /** Calls `open` with the real path of a file. */
  const opened = <T>(asked: string, open: (real: string, flags: number) => T): T | Gap => {
    const path = seen(asked)
    try {
      if (confined === undefined) return open(`/${path}`, OPEN_READ)
      const near = confined.resolveParent(path)
      if (typeof near !== 'string') return near
      try {
        return open(near, OPEN_NO_LINK)
      } catch (error) {
        if (errorCode(error) !== 'ELOOP') throw error
      }
      const real = confined.resolve(path)
      return typeof real === 'string' ? open(real, OPEN_NO_LINK) : real
    } catch (error) {
      return gapOf(shown(path), error)
    }
  }
  const directory = <T>(asked: string, look: (real: string) => T): T | Gap => {
    const path = seen(asked)
    try {
      if (confined === undefined) return look(`/${path}`)
      const real = confined.resolve(path)
      return typeof real === 'string' ? look(real) : real
    } catch (error) {
      return gapOf(shown(path), error)
    }
  }
  /** A file on the disk: what is there under its name can be anything. */
  const regular = (path: string): number | Gap => {
    const descriptor = opened(path, real => openRegular(real, confined === undefined))
    if (descriptor !== 'not-regular') return descriptor
    return { path: shown(path), why: 'unreadable', detail: 'no regular file' }
  }
  const saved = (path: string): ReturnType<typeof readDescriptor> | Gap => {
    const descriptor = regular(path)
    if (isGap(descriptor)) return descriptor
    try {
      return readDescriptor(descriptor, WHOLE_FILE_LIMIT)
    } catch (error) {
      return gapOf(shown(path), error)
    } finally {
      closeSync(descriptor)
    }
  }
  const read = (path: string): Uint8Array | Gap => {
    if (path === UNPACKED_CONFIG) {
      const packed = read(PACKED_CONFIG)
      return isGap(packed) ? packed : unpackedConfig(packed, shown(PACKED_CONFIG))
    }
    const whole = PSEUDO.test(path) ? opened(path, (real, flags) => readWhole(real, flags)) : saved(path)
    if (isGap(whole)) return whole
    if (whole.truncated) {
      return { path: shown(path), why: 'truncated', detail: `larger than ${WHOLE_FILE_LIMIT} bytes` }
    }
    return whole.bytes
  }
  const stat = (dir: string): DirectoryStat | Gap => {
    const found = directory(dir, real => statSync(real))
    if (isGap(found)) return found
    if (!found.isDirectory()) return { path: shown(dir), why: 'absent', detail: 'ENOTDIR' }
    return found.nlink < 2 ? { inode: found.ino } : { inode: found.ino, directories: found.nlink - 2 }
  }
  const file = (asked: string): FileStat | Gap => {
    const path = seen(asked)
    try {
      const near = confined === undefined ? `/${path}` : confined.resolveParent(path)
      if (typeof near !== 'string') return near
      const found = lstatSync(near)
      return {
        kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other',
        size: found.size,
        allocated: found.blocks * STAT_BLOCK,
        uid: found.uid,
        links: found.nlink,
        device: deviceName(found.dev),
        inode: found.ino,
      }
    } catch (error) {
      return gapOf(shown(path), error)
    }
  }
  const records = (path: string): Iterable<Uint8Array> | Gap => {
    const descriptor = opened(path, (real, flags) => openSync(real, flags))
    if (isGap(descriptor)) return descriptor
    let told = false
    return recordsOf(
      descriptor,
      () => {
        if (!told) failed.push({ path: shown(path), why: 'truncated', detail: 'EPIPE' })
        told = true
      },
      error => failed.push({ ...gapOf(shown(path), error), why: 'truncated' }),
    )
  }
  return {
    origin: 'live',
    read,
    peek: path => opened(path, readOnce),
    list: dir => directory(dir, real => readdirSync(real)),
    directories: dir =>
      directory(dir, real => {
        const names: string[] = []
        for (const entry of readdirSync(real, { withFileTypes: true })) {
          if (entry.isDirectory()) names.push(entry.name)
        }
        return names
      }),
    link: path => {
      const near = confined === undefined ? `/${path}` : confined.resolveParent(seen(path))
      if (typeof near !== 'string') return near
      try {
        return readlinkSync(near)
      } catch (error) {
        return gapOf(shown(path), error)
      }
    },
    inode: dir => {
      const found = stat(dir)
      return isGap(found) ? found : (found.inode ?? { path: shown(dir), why: 'unreadable' })
    },
    stat,
    file,
    chunks: (path, lent) => {
      if (path === 'dev/kmsg') return records(path)
      const descriptor = regular(path)
      if (isGap(descriptor)) return descriptor
      const fail = (error: unknown) => {
        failed.push({ ...gapOf(shown(path), error), why: 'truncated' })
      }
      return lent === undefined ? piecesOf(descriptor, fail) : lentPiecesOf(descriptor, fail)
    },
    gaps: () => failed,
    shown,
  }
}
