// Slabs laid out as each kernel does, damaged, and printed as it does: every fact is read back. What is damaged on the way
// never throws, takes no time, and nothing is made up.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { KernelReport, SlubCorruption } from '../../src/core/decode/kmsg/report.ts'
import { byte, happening } from './slub-corruption-printer.ts'
import { type Event, layout, objectsOf, type Printed, print, type SlabFacts } from './slub-printer.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string): readonly KernelReport[] => readKernelLog([encode(text)], { path: 'log' }).reports
const corruptions = (text: string): readonly SlubCorruption[] =>
  read(text).filter(report => report.kind === 'slub-corruption')

const stamped = (lines: readonly string[], caller?: string): readonly string[] =>
  lines.map(
    (line, index) =>
      `[${(1460 + index / 1e4).toFixed(6).padStart(12)}]${caller === undefined ? '' : `[${caller.padStart(6)}]`} ${line}`,
  )

const DAMAGE_OF = {
  left: 'redzone-overwritten',
  right: 'redzone-overwritten',
  kmalloc: 'redzone-overwritten',
  poison: 'poison-overwritten',
  end: 'poison-overwritten',
  padding: 'padding-overwritten',
  'slab-padding': 'padding-overwritten',
} as const

const EVENT_OF = {
  'double-free': 'double-free',
  'free-pointer': 'freepointer-corrupt',
  'invalid-pointer': 'invalid-pointer',
  'object-count': 'metadata',
  bulk: 'bulk-free-count',
  remaining: 'objects-remaining',
} as const

/** Everything that was printed is in the report, and as it was. */
function agrees(of: SlabFacts, event: Event, { truth }: Printed, report: SlubCorruption): void {
  const { cache: from } = of
  const p = truth.printed
  expect(report.cache).toBe(from.name)
  expect(report.reason).toBe(truth.heading)
  if (from.era !== '2.6.24') expect(report.taint).toBe(of.taint)
  expect(report.truncatedHead).toBeUndefined()
  expect(report.truncated).toBeUndefined()
  expect(report.fixes).toHaveLength(truth.fixes)
  expect(report.comm).toBe(of.comm)
  expect(report.pid).toBe(of.pid)
  expect(report.frames.map(({ function: name }) => name)).toEqual(
    of.trace.map(line => /^\w+/.exec(line)?.[0]),
  )
  expect(report.slab?.address).toBe(p(of.page))
  expect(report.slab?.used).toBe(of.used)
  if (from.era !== '2.6.24') expect(report.slab?.objects).toBe(objectsOf(from, of.order))
  // a hash of 32 bits is told by an offset beside it alone
  if (
    from.word === 8 ||
    truth.objectOffset !== undefined ||
    truth.remaining.length > 0 ||
    truth.range?.offset
  )
    expect(report.hashed === true).toBe(of.hashed)
  expect(report.object).toBe(truth.object === undefined ? undefined : p(truth.object))
  expect(report.objectOffset).toBe(truth.objectOffset)
  for (const which of ['allocated', 'freed'] as const) {
    const expected = truth.tracks[which]
    const got = report[which]
    expect(got?.site).toBe(expected?.site)
    expect(got?.ageJiffies).toBe(expected?.age)
    expect(got?.cpu).toBe(expected?.cpu)
    expect(got?.pid).toBe(expected?.pid)
    if (expected && from.era !== '2.6.24')
      expect(got?.frames.map(({ function: name }) => name)).toEqual(
        expected.frames.map(line => /^\w+/.exec(line)?.[0]),
      )
  }
  const { range } = truth
  if (range === undefined) {
    expect(report.range).toBeUndefined()
    if (event.is !== 'damage') expect(report.damage).toBe(EVENT_OF[event.is])
  } else {
    // without a red zone the bytes up to the next word are padding
    const alignment = truth.heading.startsWith('Alignment')
    expect(report.damage).toBe(alignment ? 'padding-overwritten' : DAMAGE_OF[range.target])
    expect(report.range?.start).toBe(p(range.start))
    expect(report.range?.end).toBe(p(range.end))
    expect(report.range?.offset).toBe(range.offset)
    expect(report.range?.expectedByte).toBe(range.expected)
    if (range.target !== 'slab-padding' || !of.hashed) expect(report.range?.firstByte).toBe(range.first)
    const { target } = range
    if (!alignment && (target === 'left' || target === 'right' || target === 'kmalloc'))
      // of two damaged red zones hashes do not tell which the range is of
      expect(of.hashed && range.offset === undefined ? [undefined, target] : [target]).toContain(report.zone)
    else expect(report.zone).toBeUndefined()
  }
  expect((report.further ?? []).map(({ range: { start, end } }) => [start, end])).toEqual(
    truth.further.map(({ start, end }) => [p(start), p(end)]),
  )
  expect((report.remaining ?? []).map(({ address, offset }) => [address, offset])).toEqual(
    truth.remaining.map(({ address, offset }) => [p(address), offset]),
  )
  if (event.is === 'object-count') expect(report.counts).toEqual({ found: event.counted, expected: of.used })
  if (event.is === 'bulk') expect(report.counts).toEqual({ found: event.found, expected: event.announced })
  bytesAgree(of, truth, report)
}

/** Every row of the dump is where it says it is, and the damaged bytes are among them. */
function bytesAgree(of: SlabFacts, truth: Printed['truth'], report: SlubCorruption): void {
  const { memory, objectOffset } = truth
  const at = layout(of.cache)
  let leftSeen = 0
  for (const row of report.rows) {
    if (objectOffset === undefined) {
      if (!of.hashed) {
        const start = Number((row.address ?? 0n) - of.base)
        expect(row.bytes).toEqual([...memory.slice(start, start + row.bytes.length)])
      }
      continue
    }
    if (!of.hashed) expect(row.offset).toBeDefined()
    if (row.offset === undefined) continue
    const start = objectOffset + row.offset
    expect(row.bytes).toEqual([...memory.slice(start, start + row.bytes.length)])
    if (row.part === 'redzone') {
      expect(row.zone).toBe(row.offset < 0 ? 'left' : 'right')
      expect(row.offset < 0 ? -row.offset <= at.left : row.offset >= of.cache.objectSize).toBe(true)
    }
    if (row.part === 'object') expect(row.offset).toBeLessThan(of.cache.objectSize)
    if (row.part === 'padding') expect(row.offset).toBeGreaterThanOrEqual(at.end)
    if (row.zone === 'left') leftSeen += row.bytes.length
  }
  if (objectOffset !== undefined && of.cache.redzone) expect(leftSeen).toBe(at.left)
  const { range } = truth
  // of an object longer than what is dumped there is no row
  // nor of the bytes between the object and the next word
  if (range === undefined || of.hashed || of.cache.era === '2.6.24' || truth.heading.startsWith('Align'))
    return
  const found = report.rows.some(
    row =>
      row.address !== undefined &&
      range.start >= row.address &&
      range.start < row.address + BigInt(row.bytes.length) &&
      row.bytes[Number(range.start - row.address)] === range.first,
  )
  expect(found).toBe(true)
}

describe('what slab debugging prints', () => {
  it('is read back, of every kernel and every damage', () => {
    fc.assert(
      fc.property(happening, fc.boolean(), ([of, event], dressed) => {
        const printed = print(of, event)
        const { lines } = printed
        const text = (dressed ? stamped(lines) : lines).join('\n')
        const reports = corruptions(text)
        expect(reports).toHaveLength(1)
        const [report] = reports
        if (report) agrees(of, event, printed, report)
      }),
      { numRuns: 400 },
    )
  })

  it('is told apart by its callers, however two of them take turns', () => {
    fc.assert(
      fc.property(
        happening,
        happening,
        fc.array(fc.boolean(), { maxLength: 400 }),
        ([first, one], [second, two], turns) => {
          const a = print(first, one)
          const b = print(second, two)
          const waiting = [stamped(a.lines, 'C0'), stamped(b.lines, 'T4711')].map(lines => [...lines])
          const lines: string[] = []
          for (const turn of turns) lines.push(...(waiting[turn ? 1 : 0]?.splice(0, 1) ?? []))
          lines.push(...(waiting[0] ?? []), ...(waiting[1] ?? []))
          const reports = corruptions(lines.join('\n'))
          expect(reports).toHaveLength(2)
          const own = (lines: readonly string[]): SlubCorruption[] =>
            reports.filter(({ quotes }) => lines.includes(quotes[0].text))
          // the same heading twice tells nobody whose is whose
          fc.pre(own(a.lines).length === 1 && own(b.lines).length === 1)
          for (const [facts, event, printed] of [
            [first, one, a],
            [second, two, b],
          ] as const) {
            const [report] = own(printed.lines)
            if (report) agrees(facts, event, printed, report)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('is read among lines of others, without a word of theirs in it', () => {
    const strange = fc.constantFrom(
      'docker0: port 2(vethcd0dbfb) entered disabled state',
      'EXT4-fs (vda1): mounted filesystem with ordered data mode',
      'RIP: 0010:blkdev_bio_end_io+0x71/0xe0',
      'Code: 75 3c 0f b6 43 32 4c 8b 2b 84 c0 75 0a 48 8b 73 08 49 01 75 08 eb 0b <ff> 50 10',
      'RSP: 0018:ffffc90006908e28 EFLAGS: 00010046',
      'IPVS: Creating netns size=2192 id=7',
      'SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1',
      'Object 0 is not what it was',
      'audit: type=1400 audit(1.1:2): apparmor="DENIED" operation="open" pid=12 comm="x"',
    )
    fc.assert(
      fc.property(
        happening,
        fc.array(fc.tuple(fc.nat(), strange), { maxLength: 12 }),
        ([of, event], others) => {
          const printed = print(of, event)
          const lines = [...printed.lines]
          // what has no object yet to lie near is torn by anything: only rows with addresses of their own are sure
          fc.pre(!of.hashed)
          for (const [where, line] of others) lines.splice(1 + (where % lines.length), 0, line)
          const reports = corruptions(stamped(lines).join('\n'))
          expect(reports).toHaveLength(1)
          const [report] = reports
          if (report) agrees(of, event, printed, report)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('one after the other, each is its own', () => {
    fc.assert(
      fc.property(fc.array(happening, { minLength: 2, maxLength: 6 }), all => {
        const printed = all.map(([of, event]) => print(of, event))
        const reports = corruptions(stamped(printed.flatMap(({ lines }) => lines)).join('\n'))
        expect(reports).toHaveLength(all.length)
        for (const [index, [of, event]] of all.entries()) {
          const report = reports[index]
          const facts = printed[index]
          if (report && facts) agrees(of, event, facts, report)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('cut anywhere, says what is left of it', () => {
    fc.assert(
      fc.property(
        happening,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        ([of, event], where, head) => {
          const printed = print(of, event)
          const at = Math.floor(where * printed.lines.length)
          const lines = head ? printed.lines.slice(at) : printed.lines.slice(0, at)
          const reports = corruptions(stamped(lines).join('\n'))
          expect(reports.length).toBeLessThanOrEqual(1 + printed.truth.further.length)
          const p = printed.truth.printed
          for (const report of reports) {
            expect([undefined, of.cache.name]).toContain(report.cache)
            if (report.reason !== '' && !printed.truth.heading.startsWith(report.reason))
              expect(printed.lines.join('\n')).toContain(report.reason.split(' ')[0])
            if (report.objectOffset !== undefined) {
              expect(report.objectOffset).toBe(printed.truth.objectOffset)
              expect(report.object).toBe(p(printed.truth.object ?? 0n))
            }
            expect([undefined, of.allocated.pid]).toContain(report.allocated?.pid)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** Where a line was damaged: which byte, and what it became. */
const hit = fc.tuple(fc.double({ min: 0, max: 0.9999, noNaN: true }), byte)

describe('damaged on its way', () => {
  it('never throws, takes no time and makes nothing up', () => {
    fc.assert(
      fc.property(happening, fc.array(hit, { minLength: 1, maxLength: 40 }), ([of, event], hits) => {
        const bytes = encode(print(of, event).lines.join('\n'))
        for (const [where, value] of hits) bytes[Math.floor(where * bytes.length)] = value
        const before = performance.now()
        const { reports } = readKernelLog([bytes], { path: 'log' })
        expect(performance.now() - before).toBeLessThan(2000)
        const text = new TextDecoder().decode(bytes).toLowerCase()
        for (const report of reports) {
          if (report.kind !== 'slub-corruption') continue
          if (report.cache !== undefined) expect(text).toContain(report.cache.toLowerCase())
          if (report.reason !== '') expect(text).toContain(report.reason.slice(0, 12).toLowerCase())
          for (const address of [report.object, report.slab?.address, report.range?.start])
            if (address !== undefined && address !== 0n) expect(text).toContain(address.toString(16))
          for (const row of report.rows)
            expect(text).toContain(row.bytes.map(one => one.toString(16).padStart(2, '0')).join(' '))
          for (const { site } of [report.allocated, report.freed].filter(one => one !== undefined))
            expect(text).toContain(site.toLowerCase())
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is bounded, whatever is repeated', () => {
    const line = fc.constantFrom(
      'BUG kmalloc-64 (Not tainted): Poison overwritten',
      '[Poison overwritten] 0xffff888000001000-0xffff888000001003 @offset=0. First byte 0x0 instead of 0x6b',
      'INFO: 0xffff888000001000-0xffff888000001003. First byte 0x0 instead of 0x6b',
      'Allocated in f+0x1/0x2 age=1 cpu=1 pid=1',
      'Slab 0xffffea0000000040 objects=1 used=1 fp=0x0000000000000000 flags=0x200(slab)',
      'Object 0xffff888000001000 @offset=0 fp=0x0000000000000000',
      'Object 0xffff888000001000 @offset=0',
      'Object   ffff888000001000: 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  kkkkkkkkkkkkkkkk',
      'Redzone  ffff888000000ff8: bb bb bb bb bb bb bb bb                          ........',
      ' kfree+0x1/0x2',
      'Call Trace:',
      'FIX kmalloc-64: Restoring Poison 0xffff888000001000-0xffff888000001003=0x6b',
      'Slab corruption (Not tainted): dentry start=ffff888000001000, len=64',
      '000: 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  kkkkkkkkkkkkkkkk',
      'Prev obj: start=ffff888000000f00, len=64',
    )
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), some => {
        const text = Array.from({ length: 20_000 }, (_, index) => some[index % some.length]).join('\n')
        const before = performance.now()
        const reports = corruptions(text)
        expect(performance.now() - before).toBeLessThan(5000)
        for (const report of reports) {
          expect(report.rows.length).toBeLessThan(1000)
          expect(report.quotes.length).toBeLessThanOrEqual(24)
          expect(report.frames.length).toBeLessThanOrEqual(64)
          expect(report.remaining?.length ?? 0).toBeLessThanOrEqual(1024)
        }
      }),
      { numRuns: 20 },
    )
  })
})
