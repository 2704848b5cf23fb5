// How wide text stands in a terminal, and where it may break: Chinese characters take two cells.

/**
 * Cells a string takes: East Asian wide and full-width characters and emoji two (Unicode UAX 11, the blocks that
 * occur here), combining and zero-width characters none. Of ambiguous width are the quotes “ ” and the ellipsis;
 * terminals of today give them one.
 */
export function width(text: string): number {
  let cells = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    cells += none(code) ? 0 : wide(code) ? 2 : 1
  }
  return cells
}

function none(code: number): boolean {
  return (
    (code >= 0x300 && code <= 0x36f) ||
    (code >= 0x200b && code <= 0x200f) ||
    code === 0x2060 ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    code === 0xfeff
  )
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
    (code >= 0x1f300 && code <= 0x1f64f) ||
    (code >= 0x1f900 && code <= 0x1f9ff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  )
}

/** What must not begin a line, and what must not end one (GB/T 15834 section 5.1, and the same of Latin script). */
const CLOSING = /^[，。；：！？、）》」』】”’…,.;:!?)\]}%]/
const OPENING = /[（《「『【“‘([{]$/

/**
 * Text in lines of at most `cells`. A word of Latin script stays whole, also where it alone is longer than a line: a
 * path is to be copied in one piece. Chinese may break between any two characters, but never before closing
 * punctuation nor after opening.
 */
export function wrap(text: string, cells: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const { blank, word } of words(text)) {
    const taken = width(word)
    const gap = blank && line !== '' ? 1 : 0
    if (line !== '' && used + gap + taken > cells) {
      lines.push(line)
      line = word
      used = taken
    } else {
      line += gap === 0 ? word : ` ${word}`
      used += gap + taken
    }
  }
  if (line !== '') lines.push(line)
  return lines
}

/** Pieces that no line break may divide, each with whether a blank stands before it. */
function words(text: string): readonly { readonly blank: boolean; readonly word: string }[] {
  const pieces = text.match(/[^\s\u2e80-\u9fff\uff00-\uffef]+|[\u2e80-\u9fff\uff00-\uffef]|\s+/g) ?? []
  const kept: { blank: boolean; parts: string[] }[] = []
  let blank = false
  for (const piece of pieces) {
    if (/^\s/.test(piece)) {
      blank = true
      continue
    }
    const before = kept.at(-1)
    if (before !== undefined && !blank && (CLOSING.test(piece) || OPENING.test(before.parts.at(-1) ?? ''))) {
      before.parts.push(piece)
    } else {
      kept.push({ blank, parts: [piece] })
    }
    blank = false
  }
  return kept.map(({ blank: before, parts }) => ({ blank: before, word: parts.join('') }))
}

/** The longest beginning of `text` of at most `cells`, with `…` in the last one where something was left out. */
export function cutCells(text: string, cells: number): string {
  if (width(text) <= cells) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    used += width(character)
    if (used >= cells) break
    kept += character
  }
  return `${kept}…`
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
