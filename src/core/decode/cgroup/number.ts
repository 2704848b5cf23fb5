// The one-number files of a memory cgroup: memory.usage_in_bytes, memory.current, memory.max … (mm/memcontrol.c).

const NEWLINE = 10
const DIGIT_0 = 48
const DIGIT_9 = 57
const MINUS = 45
const decoder = new TextDecoder()

/** Up to this many digits a number can be added up digit by digit without rounding. */
const EXACT_DIGITS = 15

/**
 * The number at the start of a file; `Infinity` for v2's `max`; undefined where there is none. Read from the bytes:
 * ten thousand cgroups have some sixty thousand of these files.
 */
export function decodeNumber(bytes: Uint8Array): number | undefined {
  let value = 0
  let at = 0
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === undefined || byte < DIGIT_0 || byte > DIGIT_9) break
    value = value * 10 + (byte - DIGIT_0)
  }
  if (at > 0 && at <= EXACT_DIGITS) {
    const next = bytes[at]
    if (next === undefined || next === NEWLINE) return value
  }
  return decodeOddNumber(bytes)
}

function decodeOddNumber(bytes: Uint8Array): number | undefined {
  const text = decoder.decode(bytes.subarray(0, 64)).trim()
  if (text === 'max') return Number.POSITIVE_INFINITY
  const digits = /^-?\d{1,25}(?=\s|$)/.exec(text)?.[0]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * A number within `bytes` from `from` to the line's end, `end`. NaN where the bytes are no number. Past 15 digits the
 * text is asked, so that no digit is lost to rounding.
 */
export function numberBetween(bytes: Uint8Array, from: number, end: number): number {
  let value = 0
  if (end - from > EXACT_DIGITS || bytes[from] === MINUS) {
    const digits = /^-?\d{1,25}$/.exec(decoder.decode(bytes.subarray(from, Math.min(end, from + 32))))
    return digits === null ? Number.NaN : Number(digits[0])
  }
  if (end <= from) return Number.NaN
  for (let at = from; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - DIGIT_0
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
