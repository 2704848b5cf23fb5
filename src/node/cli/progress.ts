// A line on the terminal that moves while a tree is read, once reading takes over a second.

import type { Tree } from '../../core/tree/tree.ts'

const PATIENCE_MS = 1000
const EVERY_MS = 100

export interface Progress {
  readonly tree: Tree
  /** Takes the line away again. */
  done(): void
}

/**
 * The same tree, telling on `stream` what it reads. Reading is synchronous, so the line is written in passing, not
 * by a timer; off a terminal nothing is written.
 */
export function withProgress(
  tree: Tree,
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  words: (files: number, mebibytes: number) => string,
): Progress {
  if (stream.isTTY !== true) return { tree, done: () => {} }
  const began = Date.now()
  let told = 0
  let files = 0
  let bytes = 0
  const tick = (): void => {
    const now = Date.now()
    if (now - began < PATIENCE_MS || now - told < EVERY_MS) return
    told = now
    stream.write(`\r\x1b[K${words(files, Math.floor(bytes / 2 ** 20))}`)
  }
  const counted = <T>(answer: T): T => {
    files += 1
    if (files % 64 === 0) tick()
    return answer
  }
  const telling: Tree = {
    origin: tree.origin,
    ...(tree.given === undefined ? {} : { given: tree.given }),
    read: path => counted(tree.read(path)),
    peek: path => counted(tree.peek(path)),
    list: dir => tree.list(dir),
    directories: dir => tree.directories(dir),
    link: path => tree.link(path),
    inode: dir => tree.inode(dir),
    stat: dir => tree.stat(dir),
    gaps: () => tree.gaps(),
    shown: path => tree.shown(path),
    chunks: path => {
      const chunks = tree.chunks(path)
      if (!(Symbol.iterator in chunks)) return chunks
      files += 1
      return (function* () {
        for (const chunk of chunks) {
          bytes += chunk.length
          tick()
          yield chunk
        }
      })()
    },
  }
  return {
    tree: telling,
    done: () => {
      if (told > 0) stream.write('\r\x1b[K')
    },
  }
}
