// The control file of kmemleak: one of the few places of kmemscope that write, and the only thing it writes there is
// `scan` (mm/kmemleak.c, kmemleak_write()). off, clear, stack= and scan=SECONDS change the kernel's settings, and are
// never written. scripts/imports.mjs holds this file to it.

import { closeSync, constants, openSync, statfsSync, writeSync } from 'node:fs'

const CONTROL = '/sys/kernel/debug/kmemleak'

/** DEBUGFS_MAGIC of include/uapi/linux/magic.h. */
const DEBUGFS = 0x64626720

/** What came of a scan; `refused` is the system's word for why there was none, and where it said so. */
export type Scanned =
  | { readonly seconds: number }
  | { readonly refused: string; readonly at: 'open' | 'write' }

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error)
}

/**
 * Has the kernel scan if the file is the kernel's own, not what a container has in its place, and returns when the scan is done: the write waits for it. EPERM of the write: the detector is
 * off. A signal ends a scan early, and with it this process.
 */
export function scanNow(): Scanned {
  let descriptor: number
  try {
    if (statfsSync(CONTROL).type !== DEBUGFS) return { refused: 'no file of debugfs', at: 'open' }
    descriptor = openSync(CONTROL, constants.O_WRONLY | constants.O_NOFOLLOW)
  } catch (error) {
    return { refused: codeOf(error), at: 'open' }
  }
  const began = performance.now()
  try {
    writeSync(descriptor, 'scan')
    return { seconds: (performance.now() - began) / 1000 }
  } catch (error) {
    return { refused: codeOf(error), at: 'write' }
  } finally {
    closeSync(descriptor)
  }
}
