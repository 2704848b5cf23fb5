// The kernel's own records of a packed /dev/kmsg (Documentation/ABI/testing/dev-kmsg).

import type { NotJudgedKind } from '../../src/core/decode/kmsg/not-judged.ts'
import type { Look, Seen } from './lab.ts'

/** Each record's text, its ends without line ends; what a program wrote has a facility other than 0 and is not among them. */
export function kernelLines(seen: Seen): readonly string[] {
  return (seen.text('dev/kmsg') ?? '')
    .split('\n')
    .flatMap(line => /^[0-7],\d+,\d+,[^;]*;(.*)$/.exec(line)?.[1] ?? [])
    .map(text => text.replace(/^(?:\\x0a)+|(?:\\x0a)+$/g, ''))
}

/** Checks that a report says of its log that so many reports of each kind stand there and are not judged yet. */
export function notJudged(
  counts: (seen: Seen) => Partial<Record<NotJudgedKind, number>>,
): NonNullable<Look['check']> {
  return (report, seen) => {
    const told = report.logs.flatMap(({ notJudged: kinds = [] }) => kinds)
    const said = told.map(({ kind, count }) => `${kind} ${count}`).sort()
    const expected = Object.entries(counts(seen)).map(([kind, count]) => `${kind} ${count}`)
    if (said.join() !== expected.sort().join())
      throw new Error(
        `tells of ${said.join(', ') || 'nothing'} not judged, must tell of ${expected.join(', ')}`,
      )
  }
}
