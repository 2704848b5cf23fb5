// A line of a call trace → its frame, as the unwinders of all eras print them (%pS, show_trace_log_lvl() of x86,
// dump_backtrace() of arm64, stack_depot_print()), and as scripts/decode_stacktrace.sh rewrites them.

import type { Frame } from './report.ts'

const FRAME =
  /^[ \t]*(?:\[<([0-9a-fA-Fx_() ]{1,24}|ptrval)>\] ?|\[<?\(?[_a-z]+\)?>?\] ?|([0-9a-f]{8,16}) )?(\? )?(?:([A-Za-z_.$][\w.$]{0,255})(?:\+0x([0-9a-f]{1,8})\/0x([0-9a-f]{1,8}))?|0x([0-9a-f]{4,16}))(?: \[([\w-]{1,64})[^\]]{0,80}\])?(?: \(([^()]{1,200}:\d{1,7})[^)]{0,80}\))?[ \t]*$/

/** undefined: no frame. A bare word is no frame either: it must have an offset, a source line, brackets or an address. */
export function parseFrame(text: string): Frame | undefined {
  const found = FRAME.exec(text)
  if (!found) return undefined
  const [, bracketed, bare, question, name, offset, size, address, module, source] = found
  const printed = bracketed ?? bare ?? address
  const hex = printed === undefined ? null : /^(?:0x)?([0-9a-f]+)$/i.exec(printed)
  if (name !== undefined && offset === undefined && source === undefined && bracketed === undefined)
    return undefined
  return {
    ...(name === undefined ? {} : { function: name }),
    ...(offset === undefined ? {} : { offset: Number.parseInt(offset, 16) }),
    ...(size === undefined ? {} : { size: Number.parseInt(size, 16) }),
    ...(module === undefined ? {} : { module }),
    ...(hex?.[1] === undefined ? {} : { address: BigInt(`0x${hex[1]}`) }),
    ...(question === undefined ? {} : { uncertain: true as const }),
    ...(source === undefined ? {} : { source }),
  }
}
