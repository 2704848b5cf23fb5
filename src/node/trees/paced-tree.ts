// A tree whose large files are read at a pace: after each piece as long a pause as it took, so that at most half of one
// CPU is asked for, however much memory the node has.

import type { Tree } from '../../core/tree/tree.ts'
import { isGap } from '../../core/tree/tree.ts'

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Waiting for less is not worth the change of process, in milliseconds (ours). */
const LEAST_PAUSE = 2

/** No read takes longer, unless the machine stood still in between (ours). */
const LONGEST_PAUSE = 250

function* atAPace(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const iterator = pieces[Symbol.iterator]()
  let owed = 0
  try {
    for (;;) {
      const began = performance.now()
      const piece = iterator.next()
      owed += Math.min(LONGEST_PAUSE, performance.now() - began)
      if (piece.done === true) return
      if (owed >= LEAST_PAUSE) {
        Atomics.wait(pause, 0, 0, owed)
        owed = 0
      }
      yield piece.value
    }
  } finally {
    iterator.return?.()
  }
}

/** The same tree; pieces that are lent come at a pace. */
export function pacedTree(tree: Tree): Tree {
  return {
    ...tree,
    chunks(path, lent) {
      const pieces = tree.chunks(path, lent)
      return lent === undefined || isGap(pieces) ? pieces : atAPace(pieces)
    },
  }
}
