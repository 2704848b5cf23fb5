// Files given by hand, one by one: each stands where a node has such a file, logs below log/. Standard input is one of
// them; it is read where it is asked for, and only once.

import { closeSync } from 'node:fs'
import { memoryTree } from '../../core/tree/memory-tree.ts'
import type { Placed } from '../../core/tree/overlay-tree.ts'
import { overlayTree } from '../../core/tree/overlay-tree.ts'
import { LOOKED_AT, PLACES, recognise, transcriptTree } from '../../core/tree/recognise.ts'
import type { Gap, Given, Tree } from '../../core/tree/tree.ts'
import type { Problem } from './problem.ts'
import {
  errorCode,
  gapOf,
  openNamed,
  openRegular,
  piecesOf,
  readDescriptor,
  readWaiting,
  WHOLE_FILE_LIMIT,
} from './reading.ts'

/** How standard input is named among the sources, and in what is shown. */
export const STANDARD_INPUT = '-'

/** A file given by hand, recognised and put in its place. */
export interface GivenFile {
  readonly given: Given
  readonly layer: Placed
}

/** What a failed open means to the person who named the file. */
export function problemOf(path: string, error: unknown): Problem {
  const code = errorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return { what: 'no-such-file', path }
  if (code === 'EACCES' || code === 'EPERM') return { what: 'denied', path }
  // O_NOFOLLOW or a socket: there, but nothing to open.
  if (code === 'ENXIO') return { what: 'not-regular', path }
  return { what: 'unreadable', path, detail: code }
}

/** As much of the start of a file as is needed to tell what it is. */
function peeked(descriptor: number): Uint8Array {
  const head = new Uint8Array(LOOKED_AT)
  let used = 0
  while (used < head.length) {
    const got = readWaiting(descriptor, head, used)
    if (got === 0) break
    used += got
  }
  return head.subarray(0, used)
}

/** One file that is read in pieces, at `path`; each `open` gives them from the start. */
function streamTree(
  path: string,
  shown: string,
  failed: readonly Gap[],
  open: () => Iterable<Uint8Array> | Gap,
): Tree {
  const parts = path.split('/')
  /** The one entry of each directory above the file. */
  const entries = new Map(parts.map((part, depth) => [parts.slice(0, depth).join('/'), part]))
  const isParent = (dir: string): boolean => entries.has(dir)
  const absent = (asked: string): Gap => ({ path: `/${asked}`, why: 'absent' })
  const read = (asked: string): Uint8Array | Gap => {
    if (asked !== path) return absent(asked)
    const pieces = open()
    if ('why' in pieces) return pieces
    const whole: Uint8Array[] = []
    let size = 0
    for (const piece of pieces) {
      size += piece.length
      if (size > WHOLE_FILE_LIMIT) {
        return { path: shown, why: 'truncated', detail: `larger than ${WHOLE_FILE_LIMIT} bytes` }
      }
      whole.push(piece)
    }
    return Buffer.concat(whole)
  }
  const list = (dir: string): readonly string[] | Gap => {
    const entry = entries.get(dir)
    return entry === undefined ? absent(dir) : [entry]
  }
  return {
    origin: 'files',
    read,
    peek: read,
    list,
    directories: dir => (dir === parts.slice(0, -1).join('/') ? [] : list(dir)),
    link: absent,
    inode: absent,
    stat: dir => (isParent(dir) ? {} : absent(dir)),
    chunks: asked => (asked === path ? open() : absent(asked)),
    gaps: () => failed,
    shown: asked => (asked === path ? shown : `/${asked}`),
  }
}

function logPath(position: number, source: string): string {
  const base = source.split(/[\\/]/).at(-1) ?? ''
  return `log/${position}-${base === '' ? 'log' : base}`
}

/** Puts a file whose content is read whole where it belongs. */
function placed(given: Given, bytes: Uint8Array, gaps: readonly Gap[]): GivenFile {
  if (given.kind === 'shell-transcript') {
    // Between the files it quotes there can be lines of a log.
    const quoted = transcriptTree(new TextDecoder().decode(bytes), given.shown)
    const log = streamTree(given.path, given.shown, gaps, () => [bytes])
    const layers = [quoted, log].map(tree => ({ tree, at: '' }))
    return { given, layer: { tree: overlayTree(layers, { origin: 'files' }), at: '' } }
  }
  const tree = memoryTree(
    { [given.path]: bytes },
    { origin: 'files', shown: path => (path === given.path ? given.shown : `/${path}`) },
  )
  const layer = overlayTree([{ tree, at: '' }], { origin: 'files', gaps })
  return { given, layer: { tree: layer, at: '' } }
}

/**
 * Opens the source at `position` (1-based) of the command line. What cannot be used is a problem; a log is left to be
 * read when it is asked for, as is what kmemleak found, everything else is read at once.
 */
export function givenFile(source: string, position: number): GivenFile | Problem {
  const standardInput = source === STANDARD_INPUT
  let descriptor = 0
  let once = standardInput
  if (!standardInput) {
    try {
      const opened = openNamed(source)
      if (opened === 'not-regular') return { what: 'not-regular', path: source }
      descriptor = opened.descriptor
      once = opened.once
    } catch (error) {
      return problemOf(source, error)
    }
  }
  let keep = standardInput
  try {
    const head = peeked(descriptor)
    const kind = recognise(head, source.split(/[\\/]/).at(-1))
    switch (kind) {
      case 'empty':
      case 'binary':
      case 'compressed':
      case 'journal':
      case 'utf-16':
        return { what: kind, path: source }
      case 'kmemleak':
      case 'log': {
        const path = kind === 'log' ? logPath(position, source) : PLACES[kind]
        const failed: Gap[] = []
        const fail = (error: unknown) => {
          failed.push({ ...gapOf(source, error), why: 'truncated' })
        }
        // What can be read but once goes on where the head ended; a file is opened again when it is read, so that
        // a thousand logs do not take a thousand descriptors.
        keep = once
        let first: number | undefined = once ? descriptor : undefined
        const tree = streamTree(path, source, failed, () => {
          if (first !== undefined) {
            const rest = piecesOf(first, fail, !standardInput)
            first = undefined
            return withHead(head, rest)
          }
          if (once) return { path: source, why: 'unreadable', detail: 'a pipe is read only once' }
          try {
            const again = openRegular(source, true)
            if (again === 'not-regular') return { path: source, why: 'unreadable', detail: 'no regular file' }
            return piecesOf(again, fail)
          } catch (error) {
            return gapOf(source, error)
          }
        })
        const given: Given = { kind, path, shown: source }
        return { given, layer: { tree, at: '' } }
      }
      default: {
        const rest =
          head.length < LOOKED_AT
            ? { bytes: new Uint8Array(0), truncated: false }
            : readDescriptor(descriptor, WHOLE_FILE_LIMIT)
        const bytes = rest.bytes.length === 0 ? head : Buffer.concat([head, rest.bytes])
        const gaps: readonly Gap[] = rest.truncated
          ? [{ path: source, why: 'truncated', detail: `larger than ${WHOLE_FILE_LIMIT} bytes` }]
          : []
        const path = kind === 'shell-transcript' ? logPath(position, source) : PLACES[kind]
        return placed({ kind, path, shown: source }, bytes, gaps)
      }
    }
  } catch (error) {
    return problemOf(source, error)
  } finally {
    if (!keep) closeSync(descriptor)
  }
}

function* withHead(head: Uint8Array, rest: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield head
  yield* rest
}
