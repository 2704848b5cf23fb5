// How wide text stands in a terminal: Chinese characters take two cells.

/** Cells a string takes: East Asian wide and full-width characters two (Unicode UAX 11, the blocks that occur here). */
export function width(text: string): number {
  let cells = 0
  for (const character of text) cells += wide(character.codePointAt(0) ?? 0) ? 2 : 1
  return cells
}

function wide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x20000 && code <= 0x3fffd)
  )
}

/** Chinese punctuation that must not begin a line. */
const CLOSING = /^[，。；：！？、）》」』”’]/

/**
 * Text in lines of at most `cells`. Words of Latin script stay whole unless one alone is longer than a line;
 * Chinese may break between any two characters but never before closing punctuation.
 */
export function wrap(text: string, cells: number): readonly string[] {
  const pieces = text.match(/[^\s\u2e80-\u9fff\uff00-\uffef]+|[\u2e80-\u9fff\uff00-\uffef]|\s+/g) ?? []
  const lines: string[] = []
  let line = ''
  for (const piece of pieces) {
    if (/^\s+$/.test(piece)) {
      if (line !== '') line += ' '
    } else if (line === '' || width(line) + width(piece) <= cells || CLOSING.test(piece)) {
      line += piece
    } else {
      lines.push(line.trimEnd())
      line = piece
    }
  }
  if (line.trim() !== '') lines.push(line.trimEnd())
  return lines
}

/** The longest beginning of `text` of at most `bytes` bytes of UTF-8 that ends at a whole character. */
export function cutBytes(text: string, bytes: number): string {
  const encoder = new TextEncoder()
  if (encoder.encode(text).length <= bytes) return text
  let cut = ''
  let used = 0
  for (const character of text) {
    used += encoder.encode(character).length
    if (used > bytes) break
    cut += character
  }
  return cut
}
