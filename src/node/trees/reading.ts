// Files through descriptors: open, read, close, and nothing else. A pseudo-file has no size to ask for, and every
// read in between costs as much as the file (measured: 5 µs an open/read/close in C, 6 to 7 here).

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Gap, GapReason } from '../../core/tree/tree.ts'

/** A file read whole may be this large (a guess, and ours: all of /proc/kallsyms is 5 MiB); logs go through chunks. */
export const WHOLE_FILE_LIMIT = 16 * 1024 * 1024

/** A listing kept in a file may be larger: a 3.10 that leaked 65,554 cgroups had 223,563 names, and a busy node millions. */
export const LISTING_LIMIT = 64 * 1024 * 1024

const PIECE = 256 * 1024
/** Room for less is not read into. */
const LEAST = 64 * 1024

/** O_NONBLOCK so that a FIFO with no writer cannot hold us; absent on Windows. */
const NONBLOCK = constants.O_NONBLOCK ?? 0
const NOFOLLOW = constants.O_NOFOLLOW ?? 0

/** Read only, without waiting for the other end of a FIFO. */
export const OPEN_READ = constants.O_RDONLY | NONBLOCK
/** The same, refusing a symbolic link as the last part of the path. */
export const OPEN_NO_LINK = OPEN_READ | NOFOLLOW

/** The system's word for what went wrong: `ENOENT`. */
export function errorCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code
  }
  return error instanceof Error ? error.message : String(error)
}

const REASONS: Readonly<Record<string, GapReason>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  ENAMETOOLONG: 'absent',
  EACCES: 'denied',
  EPERM: 'denied',
  // kernfs answers ENODEV for a file whose cgroup was removed between open and read.
  ENODEV: 'vanished',
  ESTALE: 'vanished',
  ESRCH: 'vanished',
}

/** What a failed call means for who looked; `detail` is the system's word where it adds something. */
export function gapOf(shown: string, error: unknown): Gap {
  const code = errorCode(error)
  const why = REASONS[code] ?? 'unreadable'
  return why === 'absent' || why === 'denied' ? { path: shown, why } : { path: shown, why, detail: code }
}

let shared: Uint8Array = new Uint8Array(64 * 1024)

function grown(buffer: Uint8Array, used: number): Uint8Array {
  const larger = new Uint8Array(buffer.length * 2)
  larger.set(buffer.subarray(0, used))
  return larger
}

/**
 * A small pseudo-file in one read: the bytes are good until the next call. A file of kernfs (cgroupfs, sysfs) gives
 * all it has to a read that is larger than it is (single_open in fs/seq_file.c), so the read that would tell its end
 * is spared. Throws what the system says.
 */
export function readOnce(path: string, flags: number): Uint8Array {
  const descriptor = openSync(path, flags)
  let used = 0
  try {
    for (;;) {
      used += readSync(descriptor, shared, used, shared.length - used, null)
      if (used < shared.length || shared.length >= WHOLE_FILE_LIMIT) break
      shared = grown(shared, used)
    }
  } finally {
    closeSync(descriptor)
  }
  return shared.subarray(0, used)
}

/** All of a file, read to its end. `truncated` tells that there was more than `limit`. Throws what the system says. */
export function readWhole(
  path: string,
  flags: number,
  limit = WHOLE_FILE_LIMIT,
): { readonly bytes: Uint8Array; readonly truncated: boolean } {
  const descriptor = openSync(path, flags)
  try {
    return readDescriptor(descriptor, limit)
  } finally {
    closeSync(descriptor)
  }
}

/** The same of an open descriptor, which stays open. */
export function readDescriptor(
  descriptor: number,
  limit: number,
): { readonly bytes: Uint8Array; readonly truncated: boolean } {
  let buffer = shared
  let used = 0
  for (;;) {
    if (used > limit) return { bytes: buffer.subarray(0, limit), truncated: true }
    if (used === buffer.length) buffer = grown(buffer, used)
    const got = readWaiting(descriptor, buffer, used)
    // The shared buffer is copied from; one that grew out of it is the caller's.
    if (got === 0) {
      const bytes = buffer === shared ? buffer.slice(0, used) : buffer.subarray(0, used)
      return { bytes, truncated: false }
    }
    used += got
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * One read that waits where the descriptor would not: standard input can be a pipe that somebody else made
 * non-blocking. 0 at the end (Windows says EOF for a closed pipe).
 */
export function readWaiting(descriptor: number, buffer: Uint8Array, from: number): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer, from, buffer.length - from, null)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error
      Atomics.wait(pause, 0, 0, 5)
    }
  }
}

/** Refuses what is no regular file; opened without waiting, so that looking is safe. */
export function openRegular(path: string, followLink = false): number | 'not-regular' {
  const descriptor = openSync(path, followLink ? OPEN_READ : OPEN_NO_LINK)
  if (fstatSync(descriptor).isFile()) return descriptor
  closeSync(descriptor)
  return 'not-regular'
}

/**
 * Opens what a person named: a file, or a FIFO, which is what a shell makes of `<(dmesg)` and can be read but once. A
 * FIFO nobody writes to reads as empty.
 */
export function openNamed(
  path: string,
): { readonly descriptor: number; readonly once: boolean } | 'not-regular' {
  const descriptor = openSync(path, OPEN_READ)
  const stat = fstatSync(descriptor)
  if (stat.isFile() || stat.isFIFO()) return { descriptor, once: stat.isFIFO() }
  closeSync(descriptor)
  return 'not-regular'
}

/** A file in pieces until its end; what fails on the way goes to `fail` and ends it. Closes `descriptor` unless told not to. */
export function* piecesOf(
  descriptor: number,
  fail: (error: unknown) => void,
  close = true,
): Generator<Uint8Array> {
  let piece = new Uint8Array(PIECE)
  let used = 0
  try {
    for (;;) {
      // a pipe gives 64 KiB at once, or what was just written into it: what is given on is not written to again
      if (piece.length - used < LEAST) {
        piece = new Uint8Array(PIECE)
        used = 0
      }
      let got: number
      try {
        got = readWaiting(descriptor, piece, used)
      } catch (error) {
        fail(error)
        return
      }
      if (got === 0) return
      yield piece.subarray(used, used + got)
      used += got
    }
  } finally {
    if (close) closeSync(descriptor)
  }
}

/** The same in one buffer: a piece is good until the next is asked for. */
export function* lentPiecesOf(descriptor: number, fail: (error: unknown) => void): Generator<Uint8Array> {
  const piece = new Uint8Array(PIECE)
  try {
    for (;;) {
      let got: number
      try {
        got = readWaiting(descriptor, piece, 0)
      } catch (error) {
        fail(error)
        return
      }
      if (got === 0) return
      yield piece.subarray(0, got)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Largest record of /dev/kmsg (PRINTKRB_RECORD_MAX is 1 KiB of text, CONSOLE_EXT_LOG_MAX 8 KiB with its dictionary). */
const RECORD = 8 * 1024

/**
 * The records of /dev/kmsg that are there now (Documentation/ABI/testing/dev-kmsg): a read gives one record, EAGAIN
 * after the last, EPIPE where the record to be read was overwritten; `overrun` is told of that and reading goes on.
 */
export function* recordsOf(
  descriptor: number,
  overrun: () => void,
  fail: (error: unknown) => void,
): Generator<Uint8Array> {
  try {
    let batch = new Uint8Array(PIECE)
    let used = 0
    // A log written faster than it can be read would never end.
    for (let overruns = 0; overruns < 1000; ) {
      if (batch.length - used < RECORD) {
        yield batch.subarray(0, used)
        batch = new Uint8Array(PIECE)
        used = 0
      }
      try {
        const got = readSync(descriptor, batch, used, batch.length - used, null)
        if (got === 0) break
        used += got
      } catch (error) {
        const code = errorCode(error)
        if (code === 'EAGAIN') break
        if (code === 'EPIPE') {
          overruns += 1
          overrun()
        } else if (code !== 'EINTR') {
          fail(error)
          break
        }
      }
    }
    if (used > 0) yield batch.subarray(0, used)
  } finally {
    closeSync(descriptor)
  }
}
