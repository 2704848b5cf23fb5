// dmesg --json and journalctl -o json, -o json-pretty: objects found in a stream of text, one at a time, so that a
// document of any size takes the memory of one record.

import type { Line } from '../../base/lines.ts'

/** A record longer than this is skipped. */
const LONGEST_OBJECT = 262_144

/** Finds the innermost objects of a JSON text, given in lines or in parts of lines. */
export interface ObjectFinder {
  /** The objects that end in this piece, with the line each began on. */
  push(line: Line): readonly { readonly value: unknown; readonly line: number }[]
}

export function objectFinder(): ObjectFinder {
  let buffer: string[] = []
  let length = 0
  let began = 0
  /** Inside an object that has no object in it so far. */
  let inside = false
  let inString = false
  let escaped = false
  return {
    push(line) {
      const found: { readonly value: unknown; readonly line: number }[] = []
      const { text } = line
      let from = 0
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at)
        if (inString) {
          if (escaped) escaped = false
          else if (code === 92) escaped = true
          else if (code === 34) inString = false
          continue
        }
        if (code === 34) inString = true
        else if (code === 123) {
          inside = true
          began = line.number
          buffer = []
          length = 0
          from = at
        } else if (code === 125 && inside) {
          buffer.push(text.slice(from, at + 1))
          inside = false
          try {
            found.push({ value: JSON.parse(buffer.join('')), line: began })
          } catch {
            // an object cut by the log's end or by the writer: the next one is found by its brace
          }
          buffer = []
          length = 0
        }
      }
      // a string does not go over the end of a line: what looks so is a cut line
      if (inString && !line.cut) inString = false
      if (inside) {
        buffer.push(text.slice(from))
        length += text.length - from
        if (length > LONGEST_OBJECT) {
          inside = false
          buffer = []
          length = 0
        }
      }
      return found
    },
  }
}
