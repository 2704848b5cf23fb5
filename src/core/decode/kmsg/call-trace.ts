// A line of a call trace → its frame, as the unwinders of all eras print them: %pS, show_trace_log_lvl() of x86,
// dump_backtrace_entry() of arm and arm64, show_stack() of powerpc, stack_depot_print(); and as
// scripts/decode_stacktrace.sh and syzkaller rewrite them.

import { keep } from '../../base/lines.ts'
import type { Frame } from './report.ts'

/** Lines longer than this are no frame: symbols end at 512 characters (KSYM_NAME_LEN), paths of sources are shorter. */
const LONGEST = 2048

/** `[<ffffffff8116fe5d>] `, `[<(____ptrval____)>] `, `[<0>] `, of powerpc `[c0000000f] [c00000] `, or bare in old dumps. */
const ADDRESS =
  /^\(?\[<\(?(?:0x)?([0-9a-fA-F]{1,16}|_{0,4}ptrval_{0,4}|null)\)?>\]\)? ?|^\[([0-9a-fA-F]{8,16})\] ?|^([0-9a-f]{8}|[0-9a-f]{16}) (?=[?A-Za-z_.(])/

/** Rust's and clang's names have `$` and `.`: `do_one.llvm.1234`, `fn.isra.0`, `__pfx_fn`. */
const NAME =
  /^([A-Za-z_.$][\w.$]{0,511})(?:\+0x([0-9a-f]{1,8})(?:\/0x([0-9a-f]{1,8}))?|\+(\d{1,8})(?:\/(\d{1,8}))?)?(?![\w+:/])/

/** A function whose symbol is gone: its module was unloaded, or freed its beginning. */
const BARE = /^(?:0x)?([0-9a-f]{8,16})(?!\w)/

/** arm prints a function with its caller, which the next line is about: `(fn+0x0/0x8) from [<c0005e7c>] (fn2)`. */
const CALLER = /^\)? from .{1,600}$/

/** `[mod]`, `[mod 3f2a…]` with a build id, `[mod(O)]`. */
const MODULE = /^ ?\[([A-Za-z0-9][\w-]{0,63})(?:[ (+][^\]]{0,100})?\]/

/** `mm/slub.c:3210`, of a decoded trace. */
const PLACE = '[^\\s():]{1,400}\\.(?:[chsS]|rs|cc|cpp|inc):(?:\\d{1,7}|\\?)'
const SOURCE = new RegExp(`^ \\(?(${PLACE})`)
const ONLY_SOURCE = new RegExp(
  `^\\s*\\(?(${PLACE})(?:\\s+(?:${PLACE}|\\(discriminator \\d{1,4}\\))){0,40}\\s?\\)?\\s*(\\[inline\\])?\\s*$`,
)

/** ` (discriminator 3)`, the rest of a list of places, and the bracket that ends it. */
const MORE_SOURCE = new RegExp(`^ ?(?:\\(discriminator \\d{1,4}\\)|${PLACE}|\\))`)

/** Where the unwinder is not sure, and marks of arm64 and powerpc for frames of other origins (`(P)`, `(C)`, `(FK)`). */
const MARK = /^ ?\(([A-Z]{1,4}|unreliable|returning|#\d{1,3})\)/

/** undefined: no frame. A bare word is no frame either: it must have an offset, a source line, brackets or an address. */
export function parseFrame(text: string): Frame | undefined {
  if (text.length > LONGEST) return undefined
  let rest = text.trim()
  let printed: string | undefined
  let addressed = false
  // powerpc prints the stack pointer before the address
  for (let count = 0; count < 2; count += 1) {
    const found = ADDRESS.exec(rest)
    if (found === null) break
    addressed = true
    printed = found[1] ?? found[2] ?? found[3]
    rest = rest.slice(found[0].length)
  }
  let uncertain = false
  if (rest.startsWith('? ')) {
    uncertain = true
    rest = rest.slice(2)
  }
  const inBrackets = rest.startsWith('(')
  if (inBrackets) rest = rest.slice(1)
  let known = addressed
  let name: string | undefined
  let offset: number | undefined
  let size: number | undefined
  const bare = BARE.exec(rest)
  if (bare !== null && (addressed || rest.startsWith('0x'))) {
    known = true
    if (rest.startsWith('0x')) printed = bare[1]
    rest = rest.slice(bare[0].length)
  } else {
    const found = NAME.exec(rest)
    if (found === null) return undefined
    name = found[1]
    if (found[2] !== undefined) offset = Number.parseInt(found[2], 16)
    if (found[3] !== undefined) size = Number.parseInt(found[3], 16)
    if (found[4] !== undefined) offset = Number(found[4])
    if (found[5] !== undefined) size = Number(found[5])
    if (offset !== undefined) known = true
    rest = rest.slice(found[0].length)
  }
  if (CALLER.test(rest)) {
    if (/\+0x[0-9a-f]{1,8}\/0x/.test(rest)) known = true
    rest = ''
  } else if (inBrackets) {
    if (!rest.startsWith(')')) return undefined
    rest = rest.slice(1)
  }
  let module: string | undefined
  let source: string | undefined
  let inlined = false
  while (rest !== '') {
    const place: RegExpExecArray | null = source === undefined ? SOURCE.exec(rest) : MORE_SOURCE.exec(rest)
    if (place !== null) {
      source ??= place[1]
      known = true
      rest = rest.slice(place[0].length)
      continue
    }
    const mark = MARK.exec(rest)
    if (mark !== null) {
      if (mark[1] === 'unreliable') uncertain = true
      rest = rest.slice(mark[0].length)
      continue
    }
    const found = MODULE.exec(rest)
    if (found === null) return undefined
    if (found[1] === 'inline') {
      inlined = true
      known = true
    } else module ??= found[1]
    rest = rest.slice(found[0].length).trimEnd()
  }
  if (!known) return undefined
  const hex = printed !== undefined && /^[0-9a-f]+$/i.test(printed) ? BigInt(`0x${printed}`) : 0n
  return {
    ...(name === undefined ? {} : { function: keep(name) }),
    ...(offset === undefined ? {} : { offset }),
    ...(size === undefined ? {} : { size }),
    ...(module === undefined ? {} : { module: keep(module) }),
    // [<0>] is printed in place of an address that is not to be known (kptr_restrict)
    ...(hex === 0n ? {} : { address: hex }),
    ...(uncertain ? { uncertain: true as const } : {}),
    ...(source === undefined ? {} : { source: keep(source) }),
    ...(inlined ? { inlined: true as const } : {}),
  }
}

/** What a line is to a trace that is being read. */
export interface TraceReader {
  /** Whether the line is part of the trace: a frame, or a piece of one that was broken over lines. */
  push(text: string): boolean
  readonly frames: readonly Frame[]
}

/** Enough for 16 return addresses (MAX_TRACE of mm/kmemleak.c) with all that was inlined into each. */
const MOST_FRAMES = 128

/** Lines over which the list of a frame's places may be broken. */
const MOST_PIECES = 64

/**
 * Reads the frames of a trace line by line, those too that a mail broke: a name alone on its line, with its places
 * (`(mm/slub.c:3210` … `mm/slub.c:3988)`) on the next ones.
 */
export function traceReader(): TraceReader {
  const frames: Frame[] = []
  /** A name without anything that makes it a frame: the next line may. */
  let alone: string | undefined
  /** The bracket of a list of places is open, for so many lines yet. */
  let listing = 0

  function add(frame: Frame): void {
    if (frames.length < MOST_FRAMES) frames.push(frame)
  }

  return {
    frames,
    push(text) {
      if (text.length > LONGEST) return false
      const frame = parseFrame(text)
      if (frame !== undefined) {
        alone = undefined
        add(frame)
        const open = text.lastIndexOf('(') > text.lastIndexOf(')') && frame.source !== undefined
        listing = open ? MOST_PIECES : 0
        return true
      }
      const place = ONLY_SOURCE.exec(text)
      if (place !== null) {
        const closed = /\)\s*$/.test(text) && !/\(discriminator \d{1,4}\)\s*$/.test(text)
        const last = frames.at(-1)
        if (alone !== undefined) {
          add({ function: keep(alone), source: keep(place[1] ?? '') })
          alone = undefined
        } else if (listing > 0) {
          listing -= 1
          if (closed) listing = 0
          return true
        } else if (last !== undefined && last.source === undefined) {
          frames[frames.length - 1] = {
            ...last,
            source: keep(place[1] ?? ''),
            ...(place[2] === undefined ? {} : { inlined: true as const }),
          }
        } else return false
        listing = closed || !text.includes('(') ? 0 : MOST_PIECES
        return true
      }
      const word = /^\s*([A-Za-z_][\w.$]{0,511})\s*$/.exec(text)?.[1]
      // the kernel's own words for what follows are no names
      if (word === undefined || alone !== undefined) {
        alone = undefined
        return false
      }
      alone = word
      return true
    },
  }
}
