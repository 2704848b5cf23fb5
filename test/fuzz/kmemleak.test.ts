// Records of kmemleak printed from random values in the manner of every version are read back, from its file and from
// the log; damaged ones never throw, take no time, and say nothing that was not printed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { KmemleakObject } from '../../src/core/decode/kmsg/report.ts'
import { compareKmemleak, readKmemleak } from '../../src/core/decode/sys/kmemleak.ts'
import { explainKmemleak } from '../../src/core/explain/kmemleak.ts'
import { recognise } from '../../src/core/tree/recognise.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'
import { addressOf, hex, printed, type Suspect, suspect } from './kmemleak-printer.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function expected(of: Suspect): Partial<KmemleakObject> {
  const { era, area, size, comm, pid, jiffies, age, bytes, crc } = of
  const isNew = era === '6.8' || era === '6.18'
  const isPhysical = era === '6.18' && area === ' (phys)'
  return {
    address: addressOf(of),
    size,
    comm,
    pid,
    jiffies,
    bytes: isPhysical ? [] : [...bytes],
    ...(isNew ? { crc: hex(crc) } : {}),
    ...(isNew || era === '6.1' ? {} : { ageSeconds: age / 1000 }),
  }
}

function objects(text: string): readonly KmemleakObject[] {
  const { reports } = readKernelLog([encode(text)], { path: 'log' })
  return reports.flatMap(report =>
    report.kind === 'kmemleak' && report.says === 'suspect' ? [report.object] : [],
  )
}

/** Dresses that keep a line as it is, whatever is in it. */
const DRESSES = ['dmesg', '/dev/kmsg', 'rsyslog', 'none'].filter(one => LINE_DRESSES[one] !== undefined)

describe('printed records', () => {
  it('are read back from the log, in any dress, with and without the prefix of a verbose detector', () => {
    const verbose = fc.boolean()
    fc.assert(
      fc.property(
        fc.array(suspect, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...DRESSES),
        verbose,
        (all, dressName, prefixed) => {
          const dress = LINE_DRESSES[dressName] ?? (line => line)
          const lines = all.flatMap(printed).map(line => (prefixed ? `kmemleak: ${line}` : line))
          const read = objects(lines.map(dress).join('\n'))
          expect(read).toMatchObject(all.map(expected))
          for (const [index, { frames }] of all.entries()) {
            expect(read[index]?.frames.map(one => one.function)).toEqual(frames.map(one => one.function))
            expect(read[index]?.frames.map(one => one.module)).toEqual(
              frames.map(one => (one.function === undefined ? undefined : one.module)),
            )
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('are grouped from the file: no record is lost, no byte, and the file is known for what it is', () => {
    fc.assert(
      fc.property(fc.array(suspect, { minLength: 1, maxLength: 12 }), all => {
        const text = `${all.flatMap(printed).join('\n')}\n`
        const { records, bytes, groups, ungrouped } = readKmemleak([encode(text)])
        expect(records).toBe(all.length)
        expect(bytes).toBe(all.reduce((sum, { size }) => sum + size, 0))
        expect(groups.reduce((sum, { count }) => sum + count, 0) + ungrouped).toBe(all.length)
        const lines = text.split('\n')
        for (const { first } of groups) expect(lines[first.line - 1]).toBe(first.text)
        if (all.every(({ frames }) => frames.length > 0)) expect(recognise(encode(text))).toBe('kmemleak')
      }),
      { numRuns: 300 },
    )
  })

  it('compared with others, come to what each list holds', () => {
    const list = fc.array(suspect, { maxLength: 8 })
    fc.assert(
      fc.property(list, list, list, (only, both, added) => {
        const text = (all: readonly Suspect[]) => encode(`${all.flatMap(printed).join('\n')}\n`)
        const before = readKmemleak([text([...only, ...both])], { objects: true })
        const after = readKmemleak([text([...both, ...added])], { objects: true })
        const { appeared, grew, stayed, shrank, gone } = compareKmemleak(before, after)
        const all = [...appeared, ...grew, ...stayed, ...shrank, ...gone]
        expect(all.reduce((sum, one) => sum + one.after.count, 0)).toBe(after.records)
        expect(all.reduce((sum, one) => sum + one.before.count, 0)).toBe(before.records)
        expect(all.reduce((sum, one) => sum + one.after.bytes, 0)).toBe(after.bytes)
      }),
      { numRuns: 200 },
    )
  })
})

describe('damaged records', () => {
  it('never throw, never hang, and come to no more than were printed', () => {
    const damage = fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('cut', 'drop', 'double', 'flip', 'break'), fc.nat({ max: 255 })),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(fc.array(suspect, { minLength: 1, maxLength: 4 }), damage, (all, wounds) => {
        let lines = all.flatMap(printed)
        const heads = (): number => lines.filter(line => line.includes('unreferenced object')).length
        let most = heads()
        for (const [at, how, value] of wounds) {
          const index = at % Math.max(1, lines.length)
          const line = lines[index] ?? ''
          if (how === 'cut') lines = lines.slice(0, index)
          else if (how === 'drop') lines = lines.toSpliced(index, 1)
          else if (how === 'double') lines = lines.toSpliced(index, 0, line)
          else if (how === 'flip') {
            const place = value % Math.max(1, line.length)
            lines = lines.with(
              index,
              line.slice(0, place) + String.fromCharCode(value) + line.slice(place + 1),
            )
          } else lines = lines.toSpliced(index, 1, line.slice(0, value % 60), line.slice(value % 60))
          most = Math.max(most, heads())
          if (lines.length === 0) lines = ['']
        }
        const text = lines.join('\n')
        const began = performance.now()
        const { reports } = readKernelLog([encode(text)], { path: 'log' })
        const reading = readKmemleak([encode(text)])
        expect(performance.now() - began).toBeLessThan(1000)
        expect(reading.records).toBeLessThanOrEqual(most)
        const suspects = reports.filter(report => report.kind === 'kmemleak')
        expect(suspects.length).toBeLessThanOrEqual(most)
        const addresses = new Set(all.map(one => addressOf(one)))
        const whole = text.split('\n').filter(line => all.some(one => line === printed(one)[0])).length
        const known = suspects.filter(
          report => report.says === 'suspect' && addresses.has(report.object.address ?? -1n),
        )
        // every head that is left as it was is found
        expect(known.length).toBeGreaterThanOrEqual(Math.min(whole, 1))
        for (const report of suspects) explainKmemleak(report)
      }),
      { numRuns: 400 },
    )
  })

  it('of any bytes at all neither', () => {
    const words = fc.constantFrom(
      'unreferenced object 0xffff888000000000 (size 8):',
      'kmemleak: ',
      '  comm "a", pid 1, jiffies 1',
      '  comm "a',
      '  hex dump (first 32 bytes):',
      '    00 11 22 33',
      '  backtrace:',
      '  backtrace (crc 0):',
      '    f+0x1/0x2 [m]',
      'f',
      '(mm/slub.c:1',
      'mm/slub.c:2)',
      '12 new suspected memory leaks (see',
      'Kernel memory leak detector disabled',
      '\u0000',
      ' ',
    )
    fc.assert(
      fc.property(
        fc.array(fc.oneof(words, fc.string()), { maxLength: 60 }),
        fc.constantFrom('\n', '', ' '),
        (parts, by) => {
          const bytes = encode(parts.join(by))
          readKmemleak([bytes], { objects: true })
          readKernelLog([bytes], { path: 'log' })
          recognise(bytes)
        },
      ),
      { numRuns: 400 },
    )
  })
})
