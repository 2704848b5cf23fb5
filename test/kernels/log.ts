// The kernel's own records of a packed /dev/kmsg (Documentation/ABI/testing/dev-kmsg).

import type { Seen } from './lab.ts'

/** Each record's text, its ends without line ends; what a program wrote has a facility other than 0 and is not among them. */
export function kernelLines(seen: Seen): readonly string[] {
  return (seen.text('dev/kmsg') ?? '')
    .split('\n')
    .flatMap(line => /^[0-7],\d+,\d+,[^;]*;(.*)$/.exec(line)?.[1] ?? [])
    .map(text => text.replace(/^(?:\\x0a)+|(?:\\x0a)+$/g, ''))
}
