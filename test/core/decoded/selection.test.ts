import { describe, expect, it } from 'vitest'
import type { Clock, Stamp } from '../../../src/core/base/time.ts'
import type { DecodedKernelLog, FoldedReports } from '../../../src/core/decode/kmsg/log.ts'
import type { CallbacksSuppressed } from '../../../src/core/decode/kmsg/report.ts'
import { type Bound, selected, within } from '../../../src/core/decoded/selection.ts'

const at = (clock: Clock, seconds: number): Stamp => ({ clock, seconds, text: '' })
const day = (text: string): number => Date.parse(`${text}Z`) / 1000
const wall = (text: string): Bound => ({ from: 'wall', seconds: day(text) })
const back = (seconds: number): Bound => ({ from: 'back', seconds })

describe('within a time', () => {
  it('counts back from the last stamp of the log, on its clock alone', () => {
    const end = { to: at('boot', 10_000) }
    expect(within({ at: at('boot', 6400) }, { since: back(3600) }, end)).toBe('in')
    expect(within({ at: at('boot', 6399) }, { since: back(3600) }, end)).toBe('out')
    expect(within({ at: at('boot', 6399) }, { until: back(3600) }, end)).toBe('in')
    expect(within({ at: at('utc', 6399) }, { since: back(3600) }, end)).toBe('unknown')
    expect(within({}, { since: back(3600) }, end)).toBe('unknown')
    expect(within({ at: at('boot', 1) }, { since: back(3600) }, {})).toBe('unknown')
  })

  it('does not know how long before the last boot an earlier one was', () => {
    const end = { to: at('boot', 100), rebootedAt: 50 }
    expect(within({ at: at('boot', 9000), lines: [10, 10] }, { since: back(3600) }, end)).toBe('unknown')
    expect(within({ at: at('boot', 90), lines: [60, 60] }, { since: back(3600) }, end)).toBe('in')
    expect(
      within({ at: at('boot', 9000), lines: [10, 10] }, { since: { from: 'boot', seconds: 9001 } }, end),
    ).toBe('out')
  })

  it('compares dates with what the log shows, also without its year and over its turn', () => {
    const since = wall('2026-12-31T23:00:00')
    expect(within({ at: at('local', day('2026-12-31T23:30:00')) }, { since }, {})).toBe('in')
    expect(within({ at: at('utc', day('2026-12-31T22:30:00')) }, { since }, {})).toBe('out')
    expect(within({ at: at('no-year', day('1972-12-31T22:30:00')) }, { since }, {})).toBe('out')
    expect(within({ at: at('no-year', day('1972-12-31T23:30:00')) }, { since }, {})).toBe('in')
    expect(within({ at: at('no-year', day('1972-01-01T00:30:00')) }, { since }, {})).toBe('in')
    expect(within({ at: at('no-year', day('1972-01-01T00:30:00')) }, { until: since }, {})).toBe('out')
    expect(within({ at: at('time-of-day', 3600) }, { since }, {})).toBe('unknown')
    expect(within({ at: at('boot', 3600) }, { since }, {})).toBe('unknown')
  })

  it('compares instants with logs that have a zone alone', () => {
    const since: Bound = { from: 'utc', seconds: day('2026-11-20T03:00:00') }
    expect(within({ at: at('utc', day('2026-11-20T02:59:59')) }, { since }, {})).toBe('out')
    expect(within({ at: at('local', day('2026-11-20T02:59:59')) }, { since }, {})).toBe('unknown')
  })

  it('is out as soon as one bound says so', () => {
    const selection = { since: wall('2026-11-20T00:00:00'), until: { from: 'boot', seconds: 5 } as const }
    expect(within({ at: at('boot', 6) }, selection, {})).toBe('out')
    expect(within({ at: at('boot', 4) }, selection, {})).toBe('unknown')
  })
})

describe('what is selected of a log', () => {
  const report = (seconds?: number): CallbacksSuppressed => ({
    kind: 'callbacks-suppressed',
    path: 'log',
    quotes: [{ text: 'x' }],
    source: 'x',
    count: 1,
    ...(seconds === undefined ? {} : { at: at('boot', seconds) }),
  })
  const fold = (first: number, last: number): FoldedReports => ({
    kind: 'oom',
    count: 3,
    first: at('boot', first),
    last: at('boot', last),
  })
  const log: DecodedKernelLog = {
    reports: [report(10), report(20), report()],
    folded: [fold(1, 5), fold(5, 25)],
    source: { path: 'log', records: 9, kernelRecords: 9, sequenceGaps: [], to: at('boot', 30) },
  }

  it('keeps what has no stamp and counts it; what was folded is left out where all of it is outside', () => {
    const { log: kept, unstamped } = selected(log, { since: back(12) })
    expect(kept.reports).toEqual([report(20), report()])
    expect(kept.folded).toEqual([fold(5, 25)])
    expect(unstamped).toBe(1)
  })

  it('is by kind, too', () => {
    expect(selected(log, { kinds: new Set(['oom']) }).log).toMatchObject({ reports: [], folded: log.folded })
    expect(selected(log, {}).log).toEqual(log)
  })
})
