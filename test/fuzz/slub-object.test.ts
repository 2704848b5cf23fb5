// Slabs laid out and damaged byte by byte, printed as each kernel prints them, and explained: what is drawn and said
// has to be what was done.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { width } from '../../src/core/base/width.ts'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { SlubCorruption } from '../../src/core/decode/kmsg/report.ts'
import { objectPicture } from '../../src/core/explain/object-picture.ts'
import { explainSlubCorruption } from '../../src/core/explain/slub-corruption.ts'
import { slubFault } from '../../src/core/explain/slub-damage.ts'
import { objectPictureLines, objectPictureSvg } from '../../src/core/render/object-picture.ts'
import { say } from '../../src/core/render/words.ts'
import {
  type CacheFacts,
  ERAS,
  type Event,
  layout,
  objectsOf,
  print,
  type SlabFacts,
  targets,
} from './slub-printer.ts'

const cache: fc.Arbitrary<CacheFacts> = fc
  .record({
    era: fc.constantFrom(...ERAS),
    word: fc.constantFrom(4 as const, 8 as const),
    objectSize: fc.oneof(fc.integer({ min: 8, max: 300 }), fc.constantFrom(16, 64, 96, 128, 256, 1024, 4096)),
    align: fc.constantFrom(8, 16, 64),
    redzone: fc.boolean(),
    poison: fc.boolean(),
    user: fc.boolean(),
    kmalloc: fc.boolean(),
  })
  .map(({ kmalloc, ...facts }) => ({
    ...facts,
    name: kmalloc ? `kmalloc-${facts.objectSize}` : 'lab-things',
    ...(kmalloc ? { asked: Math.max(1, facts.objectSize - 3) } : {}),
  }))

const track = {
  site: 'lab_take+0x17/0x70 [faults]',
  frames: ['lab_take+0x17/0x70 [faults]', 'made+0x6b/0x130 [faults]'],
  age: 7,
  cpu: 1,
  pid: 181,
}

const slab: fc.Arbitrary<SlabFacts> = fc
  .record({
    cache,
    object: fc.double({ min: 0, max: 0.99, noNaN: true }),
    freed: fc.boolean(),
    page: fc.integer({ min: 1, max: 4000 }),
  })
  .map(({ cache: of, object, freed, page }) => ({
    cache: of,
    base:
      of.word === 8
        ? 0xffff_8c6f_0300_0000n + BigInt(page) * 0x10000n
        : 0xc900_0000n + BigInt(page) * 0x1000n,
    page: of.word === 8 ? 0xffff_f119_c00c_1480n : 0xf4d5_ea20n,
    order: 3,
    object,
    taint: 'G           OE',
    comm: 'sh',
    pid: 181,
    cpu: 1,
    allocated: track,
    ...(freed ? { freed: { ...track, site: 'lab_drop+0x27/0x70 [faults]' } } : {}),
    used: 1,
    content: 0,
    trace: ['dump_stack_lvl+0x44/0x5c', 'check_object+0x1a1/0x280', 'lab_take+0x5b/0x70 [faults]'],
    hashed: false,
  }))

interface Done {
  readonly of: SlabFacts
  readonly event: Event
}

/** One write to one part, of bytes that are none of those SLUB fills with. */
const done: fc.Arbitrary<Done> = slab
  .map(of => ({
    of,
    where: objectsOf(of.cache, of.order) > 0 ? targets(of.cache, of.freed === undefined, of.order) : [],
  }))
  .filter(({ where }) => where.length > 0)
  .chain(({ of, where }) =>
    fc
      .record({
        target: fc.constantFrom(...where),
        at: fc.double({ min: 0, max: 0.99, noNaN: true }),
        bytes: fc.array(fc.constantFrom(0x01, 0x1e, 0x42, 0x81, 0xf7), { minLength: 1, maxLength: 20 }),
      })
      .map(({ target, at, bytes }) => ({
        of,
        event: { is: 'damage' as const, damage: [{ target, at, bytes }] },
      })),
  )

function read(lines: readonly string[]): readonly SlubCorruption[] {
  const text = lines
    .map((line, index) => `[${(20 + index / 1000).toFixed(6).padStart(12)}] ${line}\n`)
    .join('')
  return readKernelLog([new TextEncoder().encode(text)], { path: 'dmesg' }).reports.filter(
    report => report.kind === 'slub-corruption',
  )
}

const only = (lines: readonly string[]): SlubCorruption => {
  const [first, ...more] = read(lines)
  if (first === undefined || more.length > 0)
    throw new Error(`${more.length + 1} reports of\n${lines.join('\n')}`)
  return first
}

const runs = { numRuns: 300 }

describe('a damaged slab object', () => {
  it('is drawn as it lay in memory: parts, sizes, damaged bytes', () => {
    fc.assert(
      fc.property(done, ({ of, event }) => {
        const { lines, truth } = print(of, event)
        const picture = objectPicture(only(lines))
        const at = layout(of.cache)
        const { range } = truth
        if (picture === undefined || range === undefined) throw new Error('no picture')
        if (range.target === 'slab-padding') {
          expect(picture.of).toBe('slab-tail')
          return
        }
        const object = truth.object ?? 0n
        expect(picture.damage).toEqual({
          offset: Number(range.start - object),
          size: Number(range.end - range.start) + 1,
        })
        for (const { offset, size } of picture.marks) {
          for (let one = offset; one < offset + size; one += 1) {
            const byte = truth.memory[(truth.objectOffset ?? 0) + one]
            expect(byte).not.toBe(
              range.target === 'poison' || range.target === 'end' ? undefined : range.expected,
            )
          }
        }
        const size = (part: string): number | undefined =>
          picture.parts
            .filter(one => one.part === part)
            .reduce<number | undefined>(
              (sum, one) => (one.size === undefined ? sum : (sum ?? 0) + one.size),
              undefined,
            )
        const whole = (size('object') ?? 0) + (size('kmalloc') ?? 0)
        if (whole > 0) expect(whole).toBe(of.cache.objectSize)
        if (at.left > 0) expect(size('left')).toBe(at.left)
        if (size('right') !== undefined) expect(size('right')).toBe(at.inuse - of.cache.objectSize)
        const tracks = picture.parts.find(({ part }) => part === 'tracks')
        if (tracks !== undefined) {
          expect(of.cache.user).toBe(true)
          expect(tracks).toEqual({ part: 'tracks', offset: at.tracks, size: 2 * at.trackSize })
        }
        const free = picture.parts.find(({ part }) => part === 'free-pointer')
        if (free !== undefined)
          expect(free).toEqual({ part: 'free-pointer', offset: at.free, size: of.cache.word })
        // nothing overlaps and nothing is missing between two parts whose places are told
        for (const [index, part] of picture.parts.entries()) {
          const next = picture.parts[index + 1]
          if (part.offset === undefined || part.size === undefined || next?.offset === undefined) continue
          expect(next.offset).toBe(part.offset + part.size)
        }
      }),
      runs,
    )
  })

  it('is called by the sort of what was done to it', () => {
    fc.assert(
      fc.property(done, ({ of, event }) => {
        const { lines, truth } = print(of, event)
        const { sort } = slubFault(only(lines))
        const target = truth.range?.target
        if (sort === 'hardware') {
          expect(truth.range?.start).toBe(truth.range?.end)
          return
        }
        expect(sort).toBe(target === 'poison' || target === 'end' ? 'use-after-free' : 'overrun')
      }),
      runs,
    )
  })

  it('is drawn within any terminal, and said in sentences without a gap, however little of the report is there', () => {
    fc.assert(
      fc.property(
        done,
        fc.integer({ min: 40, max: 200 }),
        fc.nat(200),
        fc.nat(200),
        fc.constantFrom('en' as const, 'zh' as const),
        ({ of, event }, columns, from, count, language) => {
          const { lines } = print(of, event)
          const part = lines.slice(from % lines.length, (from % lines.length) + count)
          for (const report of [...read(lines), ...read(part)]) {
            const picture = objectPicture(report)
            if (picture !== undefined) {
              for (const line of objectPictureLines(picture, { language, columns }))
                expect(width(line)).toBeLessThanOrEqual(columns)
              expect(objectPictureSvg(picture, { language })).toMatch(/^<svg .*<\/svg>\n$/s)
            }
            const { text, title, summary, values, facts } = explainSlubCorruption(report)
            const known = Object.fromEntries(
              Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
            )
            for (const key of [title, ...summary])
              expect(say(text, key, language, known)).not.toMatch(/\{\w+/)
            for (const [, value] of facts) expect(String(value)).not.toMatch(/undefined|NaN/)
          }
        },
      ),
      runs,
    )
  })
})
