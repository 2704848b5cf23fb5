// Output of many pieces, each written before the next is made. process.stdout keeps what it is given until the event
// loop turns, which a command that reads synchronously does only at its end: a storm's worth of JSON in memory.

import { writeSync } from 'node:fs'
import { errorCode } from '../trees/reading.ts'

export interface Output {
  /** Whether anybody still reads: false from the piece on that met a closed pipe (`| head`). */
  isHeard(): boolean
  write(text: string): void
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Writes to an open descriptor; what cannot be written goes to `fail`, but for a closed pipe, which is its reader's right. */
export function outputTo(descriptor: number, fail: (code: string) => never): Output {
  let heard = true
  return {
    isHeard: () => heard,
    write(text) {
      const bytes = Buffer.from(text)
      let written = 0
      while (heard && written < bytes.length) {
        try {
          written += writeSync(descriptor, bytes, written)
        } catch (error) {
          const code = errorCode(error)
          if (code === 'EPIPE') heard = false
          // a pipe that somebody made non-blocking is full
          else if (code === 'EAGAIN') Atomics.wait(pause, 0, 0, 5)
          else if (code !== 'EINTR') fail(code)
        }
      }
    },
  }
}
