// Bytes of a log → the bytes worth reading. Most of a log is lines that say nothing about memory: undressing each costs
// over a microsecond, ten times what it takes to see that no word of a report's head is in it. Here such lines are told
// by their bytes, counted and left out.
//
// What is left out is sure to change nothing but the counts: a whole line in a dress known to the letter, with a stamp
// that goes on from the one before, no wider than lines before it, without a word of a head, without an escape that could
// hide one. Everything else, and every line next to it, is given on to be read. Whatever readKernelLog tells of single
// lines has to be told here too: test/fuzz/skim.test.ts holds a log read as a whole against the same log read line by line.

import { LONGEST_LINE } from '../../base/lines.ts'
import { literalsOf } from '../../base/literals.ts'
import { type LogRecord, undresser } from './record.ts'

/** What the reading of a log has come to, and what it is told of lines left out. */
export interface Skimming {
  /** A line without a head, dressed, means nothing by now. Tried before each run of lines. */
  ready(): boolean
  /** The same after the line before has been dealt with; a dressed line follows, which is no part of it. */
  settled(): boolean
  /** Characters of the longest line. */
  widest(): number
  /** The last record of the kernel's that had a stamp. */
  last(): LogRecord | undefined
  /** Sequence number of the last record. */
  lastSeq(): number | undefined
  hostname(): string | undefined
  leftOut(run: LeftOut): void
}

/** Lines of one log that follow each other. */
export interface LeftOut {
  lines: number
  /** Of these, how many are records; lines of a record's properties are not. */
  records: number
  /** Of these, how many are the kernel's. */
  kernel: number
  /** The last of the kernel's, where what follows is not certain to be one. */
  last?: LogRecord
  /** Of the last record of /dev/kmsg. */
  seq?: number
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const HASH = 35
const COLON = 58
const SEMICOLON = 59
const OPENING_BRACKET = 91
const CLOSING_BRACKET = 93

/** How much is looked at to see whether lines end in LF; as in readLines. */
const SAMPLE = 65_536

/** So much is given on at once while a report is being read. */
const BLOCK = 16_384

/** Dresses known to the letter at once: the hosts of a log that several write to. */
const MOST_DRESSES = 8

/**
 * What stands in a line, beside a word of a head, that tells that it has to be read: its end, and what undressing turns
 * into something else (quoted-printable, a blank of no width, escapes of /dev/kmsg).
 */
const END = 1
const RETURN = 2
const ESCAPE = 3
const WORD = 4

/** Finds any of many words in one pass over the bytes (Aho and Corasick, 1975), with bytes that no word tells apart as one. */
interface Automaton {
  readonly classes: Uint8Array
  /** From a state (a multiple of the number of classes) and a class to the next; negative, ~state, where a word ends. */
  readonly next: Int32Array
  /** What ends in a state, by the state's number. */
  readonly ends: Uint8Array
  readonly shift: number
}

function automatonOf(words: readonly (readonly [word: string, end: number])[]): Automaton {
  const encoder = new TextEncoder()
  const children: Map<number, number>[] = [new Map()]
  const ends: number[] = [0]
  for (const [word, end] of words) {
    let state = 0
    for (const byte of encoder.encode(word)) {
      let child = children[state]?.get(byte)
      if (child === undefined) {
        child = children.push(new Map()) - 1
        ends.push(0)
        children[state]?.set(byte, child)
      }
      state = child
    }
    ends[state] = Math.max(ends[state] ?? 0, end)
  }
  const used = [...new Set(children.flatMap(child => [...child.keys()]))]
  // class 0: all bytes of no word
  const classes = new Uint8Array(256)
  for (const [index, byte] of used.entries()) classes[byte] = index + 1
  let shift = 0
  while (1 << shift <= used.length) shift += 1
  const next = new Int32Array(children.length << shift)
  const fail = new Int32Array(children.length)
  const queue = [0]
  for (const state of queue) {
    const longest = fail[state] as number
    ends[state] = Math.max(ends[state] as number, ends[longest] as number)
    for (const [index, byte] of used.entries()) {
      const column = index + 1
      const child = children[state]?.get(byte)
      const otherwise = state === 0 ? 0 : (next[(longest << shift) | column] as number)
      if (child === undefined) next[(state << shift) | column] = otherwise
      else {
        next[(state << shift) | column] = child
        fail[child] = otherwise
        queue.push(child)
      }
    }
  }
  for (const [at, state] of next.entries()) {
    const to = state << shift
    next[at] = ends[state] === 0 ? to : ~to
  }
  return { classes, next, ends: Uint8Array.from(ends), shift }
}

const automata = new Map<string, Automaton | undefined>()

/** Of all heads; undefined where one of them cannot be told by words. */
function automatonFor(heads: readonly RegExp[]): Automaton | undefined {
  const key = heads.map(head => String(head)).join('\n')
  if (!automata.has(key)) {
    const words = heads.map(literalsOf)
    automata.set(
      key,
      words.includes(undefined)
        ? undefined
        : automatonOf([
            ['\n', END],
            ['\r', RETURN],
            ['\\x', ESCAPE],
            ['=3D', WORD],
            ['\u00a0', WORD],
            ...words.flatMap(list => (list ?? []).map(word => [word, WORD] as const)),
          ]),
    )
  }
  return automata.get(key)
}

/** A dress with a wall clock: all of it but the digits of the time is the same on the next line. */
interface Dress {
  readonly before: Uint8Array
  /** Bytes of the fraction of a second, with its point. */
  readonly fraction: number
  readonly behind: Uint8Array
  /** `name[pid]: ` follows. */
  readonly tagged: boolean
}

/** `[Mon Nov 23 17:13:32 2026] ` */
const CTIME = /^(\[[^\]<]{1,40}? )\d\d:\d\d:\d\d(\.\d{1,9})?( \d{4}\] )(?! ?\[)/
/** `Nov 23 17:13:32 node-1 `, `2026-11-23T17:13:32.000123+08:00 node-1 `: what stands before a tag. */
const TAGGED =
  /^([^[<>{#$\s].{3,40}?)\d\d:\d\d:\d\d([.,]\d{1,9})?( ?(?:Z|[A-Z]{3}|[+-]\d\d:?\d\d)? (\S{1,255}) )(?=[!-~]{1,200}:)/

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const KERNEL_TAGS: readonly Uint8Array[] = ['kernel', 'vmunix', 'kern'].map(tag =>
  new TextEncoder().encode(tag),
)

/** What a line is by its bytes. */
const UNSURE = 0
const OTHERS = 1
const KERNELS = 2
/** ` KEY=value` below a record of /dev/kmsg. */
const PROPERTY = 3

/** Lines of a run have one of these, and are compared with the one before by it. */
type Clock = 'none' | 'boot' | 'seq' | 'wall'

/** Tells lines by their bytes. */
function teller(log: Skimming) {
  const plain = undresser()
  const dresses: Dress[] = []
  let turn = 0
  let clock: Clock = 'none'
  /** Seconds since boot of the latest record: one that is much earlier may begin another boot. */
  let latest = Number.NaN
  let seq = 0
  let afterRecord = false
  /** Where the text begins that was found last. */
  let textAt = 0

  /** `[  123.456789] ` and a caller behind it, from `at` on; sets textAt. Seconds, or -1. */
  function bootStamp(bytes: Uint8Array, at: number, end: number): number {
    let i = at + 1
    const blanks = i + 12
    while (i < blanks && bytes[i] === SPACE) i += 1
    const first = i
    let seconds = 0
    while (i < end && isDigit(bytes[i] as number)) {
      seconds = seconds * 10 + (bytes[i] as number) - 48
      i += 1
    }
    if (i === first || i > first + 12 || bytes[i] !== 46) return -1
    i += 1
    const fraction = i
    while (i < end && isDigit(bytes[i] as number)) i += 1
    if (i === fraction || i > fraction + 9 || i + 1 >= end || bytes[i] !== CLOSING_BRACKET) return -1
    i += 1
    const caller = bytes[i] === SPACE ? i + 1 : i
    if (bytes[caller] === OPENING_BRACKET) {
      let c = caller + 1
      while (c < caller + 9 && bytes[c] === SPACE) c += 1
      if (bytes[c] === 84 || bytes[c] === 67) {
        c += 1
        const number = c
        while (c < end && isDigit(bytes[c] as number)) c += 1
        if (c > number && c <= number + 10 && c < end && bytes[c] === CLOSING_BRACKET) i = c + 1
      }
    }
    textAt = i < end && bytes[i] === SPACE ? i + 1 : i
    return seconds
  }

  /** Whether `host name[pid]: ` or `host kernel: ` can stand behind a stamp since boot (journalctl -o short-monotonic). */
  function mayBeTagged(bytes: Uint8Array, at: number, end: number): boolean {
    let i = at
    while (i < end && (bytes[i] as number) > SPACE) i += 1
    if (i === at || i >= end || bytes[i] !== SPACE || bytes[i - 1] === COLON) return false
    const word = i + 1
    const last = Math.min(end, word + 66)
    for (i = word; i < last; i += 1) {
      const code = bytes[i] as number
      if (code <= SPACE) return false
      if (code === COLON) return i === word + 6 && bytes[word] === 107
      if (code === OPENING_BRACKET || code > 127) return true
    }
    return false
  }

  function atBoot(bytes: Uint8Array, at: number, end: number): number {
    const seconds = bootStamp(bytes, at, end)
    if (seconds < 0 || textAt >= end || bytes[textAt] === HASH) return UNSURE
    if (latest - seconds > 58 || mayBeTagged(bytes, textAt, end)) return UNSURE
    if (!(seconds <= latest)) latest = seconds
    return KERNELS
  }

  /** `6,1234,5678901,-;text` */
  function ofRing(bytes: Uint8Array, at: number, end: number, escaped: boolean): number {
    if (escaped) return UNSURE
    let i = at
    let priority = 0
    while (i < end && isDigit(bytes[i] as number)) {
      priority = priority * 10 + (bytes[i] as number) - 48
      i += 1
    }
    // 0 to 7: the kernel's own
    if (i === at || i > at + 4 || priority > 7 || bytes[i] !== 44) return UNSURE
    const numberAt = i + 1
    let number = 0
    for (i = numberAt; i < end && isDigit(bytes[i] as number); i += 1)
      number = number * 10 + (bytes[i] as number) - 48
    if (i === numberAt || i > numberAt + 15 || bytes[i] !== 44 || number !== seq + 1) return UNSURE
    const microsAt = i + 1
    let micros = 0
    for (i = microsAt; i < end && isDigit(bytes[i] as number); i += 1)
      micros = micros * 10 + (bytes[i] as number) - 48
    if (i === microsAt || i > microsAt + 18 || bytes[i] !== 44) return UNSURE
    const flags = i + 1
    const last = Math.min(end, flags + 201)
    for (i = flags; i < last && bytes[i] !== SEMICOLON; ) i += 1
    if (i >= last || i + 1 >= end || bytes[i + 1] === HASH) return UNSURE
    const seconds = micros / 1e6
    if (latest - seconds > 58) return UNSURE
    if (!(seconds <= latest)) latest = seconds
    seq = number
    return KERNELS
  }

  /** A dress with a wall clock that is known, and what follows. */
  function inDress(dress: Dress, bytes: Uint8Array, at: number, end: number): number {
    const { before, behind, fraction, tagged } = dress
    let i = at
    const size = before.length + 8 + fraction + behind.length
    if (end - at <= size) return UNSURE
    for (let k = 0; k < before.length; k += 1, i += 1) if (bytes[i] !== before[k]) return UNSURE
    if (
      !isDigit(bytes[i] as number) ||
      !isDigit(bytes[i + 1] as number) ||
      bytes[i + 2] !== COLON ||
      !isDigit(bytes[i + 3] as number) ||
      !isDigit(bytes[i + 4] as number) ||
      bytes[i + 5] !== COLON ||
      !isDigit(bytes[i + 6] as number) ||
      !isDigit(bytes[i + 7] as number)
    )
      return UNSURE
    i += 8
    if (fraction > 0) {
      const point = bytes[i]
      if (point !== 46 && point !== 44) return UNSURE
      for (let k = 1; k < fraction; k += 1) if (!isDigit(bytes[i + k] as number)) return UNSURE
      i += fraction
    }
    for (let k = 0; k < behind.length; k += 1, i += 1) if (bytes[i] !== behind[k]) return UNSURE
    if (!tagged) {
      const code = bytes[i]
      // a blank may stand before a caller
      return code === OPENING_BRACKET || code === HASH || (code === SPACE && bytes[i + 1] === OPENING_BRACKET)
        ? UNSURE
        : KERNELS
    }
    return withTag(bytes, i, end)
  }

  /** `name[pid]: text` */
  function withTag(bytes: Uint8Array, at: number, end: number): number {
    let i = at
    let code = 0
    const longest = Math.min(end, at + 100)
    for (; i < longest; i += 1) {
      code = bytes[i] as number
      // what no name of a program has: blanks, : [ ] " = and what is not ASCII
      if (code <= 34 || code === COLON || code === 61 || code === 91 || code === 93 || code >= 127) {
        if (code !== 33) break
      }
    }
    if (i === at || i >= longest) return UNSURE
    const name = i
    if (code === OPENING_BRACKET) {
      const most = Math.min(end, i + 64)
      i += 1
      while (
        i < most &&
        bytes[i] !== CLOSING_BRACKET &&
        (bytes[i] as number) > SPACE &&
        (bytes[i] as number) < 127
      )
        i += 1
      if (i >= most || bytes[i] !== CLOSING_BRACKET) return UNSURE
      i += 1
      code = i < end ? (bytes[i] as number) : 0
    }
    if (code !== COLON) return UNSURE
    if (!isKernelTag(bytes, at, name)) return OTHERS
    i += 1
    if (i < end && bytes[i] === SPACE) i += 1
    if (i < end && bytes[i] === OPENING_BRACKET) {
      if (bootStamp(bytes, i, end) < 0) return UNSURE
      i = textAt
    }
    return i >= end || bytes[i] === HASH || bytes[i] === OPENING_BRACKET ? UNSURE : KERNELS
  }

  function isKernelTag(bytes: Uint8Array, at: number, end: number): boolean {
    for (const tag of KERNEL_TAGS) {
      if (tag.length !== end - at) continue
      let same = 0
      while (same < tag.length && tag[same] === bytes[at + same]) same += 1
      if (same === tag.length) return true
    }
    return false
  }

  function byWallClock(bytes: Uint8Array, at: number, end: number): number {
    for (let index = 0; index < dresses.length; index += 1) {
      const dress = dresses[index] as Dress
      const what = inDress(dress, bytes, at, end)
      if (what === UNSURE) continue
      if (index > 0) {
        dresses[index] = dresses[0] as Dress
        dresses[0] = dress
      }
      return what
    }
    return UNSURE
  }

  const textOf = (bytes: Uint8Array, at: number, end: number): string =>
    new TextDecoder().decode(bytes.subarray(at, end))

  /** The record of a line of a wall clock. */
  function recordOf(text: string): LogRecord | undefined {
    const [record, ...more] = plain.undress({ number: 0, text })
    return more.length > 0 ? undefined : record
  }

  function add(dress: Dress): void {
    if (dresses.length < MOST_DRESSES) dresses.unshift(dress)
    else {
      turn = (turn + 1) % MOST_DRESSES
      dresses[turn] = dress
    }
  }

  return {
    /** Another run begins: the clock of its first line is that of all. */
    begin(): void {
      clock = 'none'
      afterRecord = false
      const last = log.last()
      latest = last?.clock === 'boot' && last.seconds !== undefined ? last.seconds : Number.NaN
      seq = log.lastSeq() ?? Number.NaN
    },
    /** `escaped`: there is a `\\x` in it. */
    tell(bytes: Uint8Array, at: number, end: number, escaped: boolean): number {
      if (at >= end) return UNSURE
      const first = bytes[at] as number
      let what = UNSURE
      if (first === OPENING_BRACKET && (clock === 'boot' || clock === 'none')) {
        what = atBoot(bytes, at, end)
        if (what !== UNSURE) clock = 'boot'
      } else if (isDigit(first) && (clock === 'seq' || clock === 'none')) {
        what = ofRing(bytes, at, end, escaped)
        if (what !== UNSURE) clock = 'seq'
      } else if (first === SPACE && clock === 'seq' && afterRecord) {
        return isProperty(bytes, at, end) ? PROPERTY : UNSURE
      }
      if (what === UNSURE && (clock === 'wall' || clock === 'none')) {
        what = byWallClock(bytes, at, end)
        if (what !== UNSURE) clock = 'wall'
      }
      afterRecord = what !== UNSURE
      return what
    },
    /** Learns the dress of a line that nothing is known of. */
    learn(bytes: Uint8Array, at: number, end: number): boolean {
      const begin = bytes.subarray(at, Math.min(end, at + 400))
      // what is compared byte by byte has to be the bytes that were decoded
      const text = textOf(begin, 0, begin.length)
      const found = CTIME.exec(text) ?? TAGGED.exec(text)
      if (!found) return false
      const whole = textOf(bytes, at, end)
      const record = recordOf(whole)
      if (record === undefined || !record.dressed || record.prompt || record.selected) return false
      if (record.seq !== undefined || record.facility !== undefined) return false
      const [dress, before = '', fraction = '', behind = '', host] = found
      if (dress.includes('\ufffd')) return false
      if (host === undefined) {
        const known =
          (record.clock === 'local' || record.clock === 'time-of-day') &&
          record.host === undefined &&
          record.process === undefined &&
          record.caller === undefined &&
          record.text === whole.slice(dress.length)
        if (!known) return false
      } else {
        const known =
          (record.clock === 'local' || record.clock === 'utc' || record.clock === 'no-year') &&
          record.host === host &&
          !/^(?:\d+|stdout|stderr)$/.test(host) &&
          log.hostname() !== undefined
        if (!known) return false
      }
      const encoder = new TextEncoder()
      add({
        before: encoder.encode(before),
        fraction: fraction.length,
        behind: encoder.encode(behind),
        tagged: host !== undefined,
      })
      return true
    },
    record: (bytes: Uint8Array, at: number, end: number): LogRecord | undefined =>
      recordOf(textOf(bytes, at, end)),
    clock: (): Clock => clock,
    seq: (): number => seq,
  }
}

/** ` SUBSYSTEM=block` */
function isProperty(bytes: Uint8Array, at: number, end: number): boolean {
  let i = at + 1
  let code = i < end ? (bytes[i] as number) : 0
  if (code < 65 || code > 90) return false
  while ((code >= 65 && code <= 90) || code === 95 || isDigit(code)) {
    i += 1
    code = i < end ? (bytes[i] as number) : 0
  }
  return code === 61
}

/** What became of a run of lines. */
interface Run {
  /** What is left out, up to `to`, where its last record begins: that is read after all, since what follows may go on from it. */
  readonly left: LeftOut
  readonly to: number
  /** The line that could not be told, or that is not whole. */
  readonly stopped: number
  /** It is whole, and no word is in it. */
  readonly unsure: boolean
}

/**
 * The pieces of a log without the lines that say nothing, in the order of the log. Has to be read lazily: what is left
 * out depends on what came before, which `log` tells. `heads` are all expressions one of which a line has to match to
 * mean anything.
 */
export function* skimmed(
  chunks: Iterable<Uint8Array>,
  heads: readonly RegExp[],
  log: Skimming,
): Generator<Uint8Array> {
  const automaton = automatonFor(heads)
  if (automaton === undefined) {
    yield* chunks
    return
  }
  const { classes, next, ends, shift } = automaton
  const lines = teller(log)

  function runOf(bytes: Uint8Array, from: number): Run {
    lines.begin()
    const widest = Math.min(log.widest(), LONGEST_LINE)
    const size = bytes.length
    const left: LeftOut = { lines: 0, records: 0, kernel: 0 }
    let at = from
    let line = from
    let state = 0
    /** Line with an escape in it. */
    let escaped = -1
    let record = from
    let recordLines = 0
    let recordIs = UNSURE
    let recordEnd = from
    let kernelAt = -1
    let kernelEnd = -1
    let unsure = false
    for (;;) {
      while (at < size) {
        state = next[state + (classes[bytes[at] as number] as number)] as number
        at += 1
        if (state < 0) break
      }
      if (state >= 0) break
      state = ~state
      const end = ends[state >> shift]
      if (end === ESCAPE) {
        escaped = line
        continue
      }
      if (end === WORD) break
      const lineEnd = at - 1
      if (end === RETURN) {
        while (at < size && bytes[at] === CARRIAGE_RETURN) at += 1
        if (at >= size || bytes[at] !== LINE_FEED) break
        at += 1
      }
      state = 0
      const what = lineEnd - line > widest ? UNSURE : lines.tell(bytes, line, lineEnd, escaped === line)
      if (what === UNSURE) {
        unsure = true
        break
      }
      if (what === PROPERTY) recordLines += 1
      else {
        left.lines += recordLines
        if (recordIs !== UNSURE) left.records += 1
        if (recordIs === KERNELS) {
          left.kernel += 1
          kernelAt = record
          kernelEnd = recordEnd
        }
        record = line
        recordEnd = lineEnd
        recordLines = 1
        recordIs = what
      }
      line = at
    }
    if (left.lines > 0) {
      if (lines.clock() === 'seq') left.seq = lines.seq() - 1
      if (recordIs === OTHERS && kernelAt >= 0) {
        const last = lines.record(bytes, kernelAt, kernelEnd)
        if (last !== undefined) left.last = last
      }
    }
    return { left, to: record, stopped: line, unsure }
  }

  /** The first bytes, and whether a LF is among them. */
  let sample = 0
  let mark = 0
  /** Lines end in LF, and the text is no UTF-16; undefined while it is not known. */
  let known: boolean | undefined
  /** What was given on last ended a line. */
  let atLine = false
  /** Runs in a row that were hardly one. */
  let failures = 0

  function look(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && sample < SAMPLE; at += 1) {
      const byte = bytes[at] as number
      if (sample < 2) mark = mark * 256 + byte
      sample += 1
      if (sample === 2 && (mark === 0xfffe || mark === 0xfeff)) known = false
      if (known === undefined && byte === LINE_FEED && sample > 1) known = true
      if (known !== undefined && sample > 1) return
    }
    if (sample >= SAMPLE) known ??= false
  }

  for (const bytes of chunks) {
    if (known === undefined) look(bytes)
    const size = bytes.length
    const endOfLine = (at: number): number => {
      const found = bytes.indexOf(LINE_FEED, at)
      return found < 0 ? size : found + 1
    }
    let at = 0
    /** Where a line was learned from, so that it is tried but once. */
    let learned = -1
    while (at < size) {
      let from = at
      let end: number
      if (!atLine || !known) end = known === false ? size : endOfLine(at)
      else if (!log.ready()) end = endOfLine(Math.min(at + BLOCK, size) - 1)
      else {
        const run = runOf(bytes, at)
        const { left, stopped } = run
        if (left.lines > 0 && log.settled()) {
          log.leftOut(left)
          from = run.to
          failures = left.lines < 4 ? failures + 1 : 0
          end = endOfLine(stopped)
        } else {
          if (run.unsure && stopped === at && learned < at) {
            learned = at
            if (lines.learn(bytes, at, endOfLine(at) - 1)) continue
          }
          failures += 1
          end = endOfLine(stopped)
        }
        if (failures > 3)
          end = Math.max(end, endOfLine(Math.min(from + (256 << Math.min(failures, 6)), size) - 1))
      }
      yield bytes.subarray(from, end)
      atLine = bytes[end - 1] === LINE_FEED
      at = end
    }
  }
}
