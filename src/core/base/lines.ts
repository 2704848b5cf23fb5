// Chunks of bytes → numbered lines, as an editor numbers them. Logs come with LF, CRLF or CR, with the NULs of a
// crash, with bytes of no encoding, and with lines that have no end.

/** Characters of a line that are kept; what is longer is cut there, so that a line of 1 GiB takes no memory. */
export const LONGEST_LINE = 65_536

export interface Line {
  /** 1-based. In a file with LF a bare CR parts a line without counting. */
  readonly number: number
  readonly text: string
  /** The line goes on: `text` are its first 64 KiB, or, of a `rest`, the next. */
  readonly cut?: true
  /** What follows a cut, when it was asked for. */
  readonly rest?: true
}

/** How much is looked at to tell a file with CR from one with LF and stray CRs (progress bars, serial lines). */
const SAMPLE = 65_536

/** Decoded in pieces of this size, since a line kept from a piece keeps the piece. */
const PIECE = 262_144

function encodingOf(first: Uint8Array): string {
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le'
  if (first[0] === 0xfe && first[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

/** The text of the chunks, whatever they are: a character split between chunks is one, a byte of no character is U+FFFD. */
export function* decodeChunks(chunks: Iterable<Uint8Array>): Generator<string> {
  let decoder: TextDecoder | undefined
  let held: Uint8Array | undefined
  for (let chunk of chunks) {
    if (chunk.length === 0) continue
    if (held) {
      const joined = new Uint8Array(held.length + chunk.length)
      joined.set(held)
      joined.set(chunk, held.length)
      chunk = joined
      held = undefined
    }
    if (!decoder && chunk.length < 2) {
      // a reader may use its buffer again
      held = chunk.slice()
      continue
    }
    decoder ??= new TextDecoder(encodingOf(chunk))
    for (let at = 0; at < chunk.length; at += PIECE) {
      const text = decoder.decode(chunk.subarray(at, at + PIECE), { stream: true })
      if (text !== '') yield text
    }
  }
  decoder ??= new TextDecoder()
  const last = held ? decoder.decode(held) : decoder.decode()
  if (last !== '') yield last
}

/** Holds text back until there is enough to see how its lines end, then gives it all at once. */
function* sampled(texts: Iterable<string>): Generator<string> {
  let sample: string | undefined = ''
  for (const text of texts) {
    if (sample === undefined) {
      yield text
      continue
    }
    sample += text
    if (sample.length < SAMPLE) continue
    yield sample
    sample = undefined
  }
  if (sample) yield sample
}

/**
 * Lines of text chunks. The last line needs no end; an empty piece after the last end is no line. With `whole`
 * a line longer than LONGEST_LINE is given in pieces instead of being cut.
 */
export function* readLines(
  chunks: Iterable<Uint8Array>,
  options: {
    readonly whole?: boolean
    /** Whole lines that were left out before the chunk taken last: they are counted. */
    readonly leftOut?: () => number
  } = {},
): Generator<Line> {
  const whole = options.whole === true
  let number = 1
  /** Left out, and counted in `number`. */
  let missing = 0
  let carry = ''
  let overlong = false
  let countsCarriageReturn: boolean | undefined
  /** A CR ended the last text: a LF at the start of the next belongs to it. */
  let afterCarriageReturn = false

  function* give(text: string, more: boolean): Generator<Line> {
    let rest = text
    while (rest.length > LONGEST_LINE) {
      if (!overlong) yield { number, text: rest.slice(0, LONGEST_LINE), cut: true }
      else if (whole) yield { number, text: rest.slice(0, LONGEST_LINE), cut: true, rest: true }
      overlong = true
      if (!whole) {
        rest = ''
        break
      }
      rest = rest.slice(LONGEST_LINE)
    }
    if (more) {
      carry = overlong && !whole ? '' : rest
      return
    }
    carry = ''
    if (!overlong) yield { number, text: rest }
    else if (whole) yield { number, text: rest, rest: true }
    overlong = false
  }

  for (const text of sampled(decodeChunks(chunks))) {
    if (options.leftOut) {
      const now = options.leftOut()
      number += now - missing
      missing = now
    }
    countsCarriageReturn ??= !text.slice(0, SAMPLE).includes('\n')
    const hasCarriageReturn = text.includes('\r')
    let at = 0
    if (afterCarriageReturn) {
      if (!countsCarriageReturn) while (text.charCodeAt(at) === 13) at += 1
      if (at === text.length) continue
      afterCarriageReturn = false
      if (text.charCodeAt(at) === 10) {
        at += 1
        if (!countsCarriageReturn) number += 1
      }
    }
    if (!hasCarriageReturn) {
      for (;;) {
        const end = text.indexOf('\n', at)
        if (end < 0) break
        const line = carry === '' ? text.slice(at, end) : carry + text.slice(at, end)
        if (overlong || line.length > LONGEST_LINE) yield* give(line, false)
        else {
          carry = ''
          yield { number, text: line }
        }
        number += 1
        at = end + 1
      }
    } else {
      while (at < text.length) {
        let end = at
        let code = 0
        while (end < text.length) {
          code = text.charCodeAt(end)
          if (code === 10 || code === 13) break
          end += 1
        }
        if (end === text.length) break
        yield* give(carry + text.slice(at, end), false)
        at = end + 1
        if (code === 13) {
          // "\r\r\n" of a serial line is one end, too
          if (!countsCarriageReturn) while (text.charCodeAt(at) === 13) at += 1
          if (at === text.length) {
            afterCarriageReturn = true
            if (countsCarriageReturn) number += 1
          } else if (text.charCodeAt(at) === 10) {
            at += 1
            number += 1
          } else if (countsCarriageReturn) number += 1
        } else number += 1
      }
    }
    if (at < text.length) yield* give(carry + text.slice(at), true)
  }
  if (carry !== '' || overlong) yield* give(carry, false)
}

/**
 * A copy that keeps nothing else alive. A slice of a chunk holds on to the chunk: a thousand quoted lines would
 * keep a thousand chunks.
 */
export function keep(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1)
}
