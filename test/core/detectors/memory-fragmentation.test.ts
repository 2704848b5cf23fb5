import { describe, expect, it } from 'vitest'
import { judge, of, reasons, v2Node } from '../node.ts'

const buddy = (zones: Readonly<Record<string, readonly number[]>>): string =>
  Object.entries(zones)
    .map(
      ([zone, free]) =>
        `Node 0, zone ${zone.padStart(8)} ${free.map(count => String(count).padStart(6)).join(' ')}\n`,
    )
    .join('')

const LARGE = [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 400]
const SMALL = [9000, 4000, 900, 200, 0, 0, 0, 0, 0, 0, 0]
const TINY = [9000, 1200, 0, 0, 0, 0, 0, 0, 0, 0, 0]

const verdictOf = (over: Readonly<Record<string, string>>) => {
  const { 'proc/buddyinfo': _healthy, ...files } = v2Node('6.1.0')
  const report = judge({ ...files, ...over })
  const [finding, ...more] = of(report, 'memory-fragmentation')
  expect(more).toEqual([])
  return {
    verdict: report.verdicts['memory-fragmentation'],
    severity: finding?.severity,
    order: finding?.values['order'],
    index: finding?.values['index'],
    why: reasons(report, 'memory-fragmentation'),
  }
}

describe('free blocks', () => {
  it('of every size are no fragmentation, and not having looked is not known', () => {
    expect(verdictOf({ 'proc/buddyinfo': buddy({ DMA32: LARGE, Normal: LARGE }) })).toMatchObject({
      verdict: 'absent',
      why: [],
    })
    expect(verdictOf({})).toMatchObject({ verdict: 'unknown', why: ['buddyinfo-not-read'] })
  })

  it('too small in every zone the kernel lives from are', () => {
    expect(verdictOf({ 'proc/buddyinfo': buddy({ DMA: LARGE, DMA32: SMALL, Normal: SMALL }) })).toMatchObject(
      {
        verdict: 'present',
        severity: 'info',
        order: 4,
      },
    )
    expect(verdictOf({ 'proc/buddyinfo': buddy({ DMA32: TINY, Normal: TINY }) })).toMatchObject({
      severity: 'warning',
      order: 2,
    })
    expect(verdictOf({ 'proc/buddyinfo': buddy({ DMA32: LARGE, Normal: TINY }) }).verdict).toBe('absent')
  })

  it('that are few are a lack of memory', () => {
    const zoneinfo =
      'Node 0, zone   Normal\n  pages free     11400\n        min      12000\n        low      15000\n'
    const files = { 'proc/buddyinfo': buddy({ Normal: TINY }), 'proc/zoneinfo': zoneinfo }
    expect(verdictOf(files).verdict).toBe('absent')
    // by the kernel's own index: one free page of order 0 is a lack of memory
    expect(
      verdictOf({ 'proc/buddyinfo': buddy({ Normal: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }) }).verdict,
    ).toBe('absent')
  })
})
