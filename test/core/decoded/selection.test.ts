import { describe, expect, it } from 'vitest'
import type { Clock, Stamp } from '../../../src/core/base/time.ts'
import type { KernelReport } from '../../../src/core/decode/kmsg/report.ts'
import { type Bound, readSelected, type Selection, within } from '../../../src/core/decoded/selection.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import type { Tree } from '../../../src/core/tree/tree.ts'

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
  const suppressed = (second: number): string => `[${second}.000000] warn_alloc: 7 callbacks suppressed\n`
  const conntrack = (stamp: string): string => `${stamp}nf_conntrack: table full, dropping packet\n`
  const tree = (log: string, times = Number.POSITIVE_INFINITY): Tree => {
    const whole = memoryTree({ 'log/1-x': new TextEncoder().encode(log) })
    let read = 0
    return {
      ...whole,
      chunks(path) {
        read += 1
        return read > times ? { path, why: 'unreadable' } : whole.chunks(path)
      },
    }
  }
  const chosen = (from: Tree, selection: Selection) => {
    const each: KernelReport[] = []
    const kept = readSelected(from, 'log/1-x', selection)
    const given = readSelected(from, 'log/1-x', selection, { each: report => each.push(report) })
    return { kept, each, given }
  }

  it('keeps what has no stamp and counts it', () => {
    const log = `${suppressed(10)}${conntrack('')}${suppressed(20)}[30.000000] x\n`
    const { kept, each } = chosen(tree(log), { since: back(12) })
    expect(kept?.unstamped).toBe(0)
    expect(kept?.log.reports.map(({ at: stamp }) => stamp?.seconds)).toEqual([20])
    expect(each).toEqual(kept?.log.reports)
    const dated = chosen(tree(log), { since: wall('2026-11-20T00:00:00') })
    expect(dated.kept?.unstamped).toBe(dated.kept?.log.reports.length)
    expect(dated.each).toHaveLength(dated.kept?.unstamped ?? 0)
  })

  it('is by kind, too', () => {
    const log = `${suppressed(10)}${conntrack('[11.000000] ')}`
    const { kept, each, given } = chosen(tree(log), { kinds: new Set(['conntrack-full']) })
    expect(kept?.log.reports.map(({ kind }) => kind)).toEqual(['conntrack-full'])
    expect(each).toEqual(kept?.log.reports)
    expect(given?.log.reports).toEqual([])
  })

  it('of a storm is what was asked for, not what was kept of all', () => {
    const storm = Array.from({ length: 3000 }, (_, index) => suppressed(1000 + index)).join('')
    const early = chosen(tree(storm), { until: { from: 'boot', seconds: 1099 } })
    expect(early.kept?.log).toMatchObject({ folded: [], reports: { length: 100 } })
    expect(early.each).toHaveLength(100)
    const late = chosen(tree(storm), { since: back(2000), until: back(1000) })
    expect(late.kept?.log.reports).toHaveLength(1000)
    expect(late.kept?.log.folded.reduce((sum, { count }) => sum + count / 7, 0)).toBe(1)
    expect(late.each).toHaveLength(1001)
  })

  it('of a pipe, which is read but once, is as much as was kept, and says so', () => {
    const storm = Array.from({ length: 3000 }, (_, index) => suppressed(1000 + index)).join('')
    const each: KernelReport[] = []
    const once = readSelected(
      tree(storm, 1),
      'log/1-x',
      { since: back(1500) },
      { each: one => each.push(one) },
    )
    expect(each).toHaveLength(1000)
    expect(once?.log.folded).not.toEqual([])
    expect(readSelected(tree(storm, 0), 'log/1-x', {})).toBeUndefined()
  })
})
