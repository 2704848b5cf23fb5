// What happens to the objects of a slab, at random, and what slub_debug prints of it.

import fc from 'fast-check'
import {
  type CacheFacts,
  type Damage,
  ERAS,
  type Event,
  objectsOf,
  print,
  type SlabFacts,
  targets,
} from './slub-printer.ts'

/** A function's name: one of hexadecimal digits alone could be an address. */
const identifier = fc.stringMatching(/^[a-z_][a-z0-9_]{2,30}$/).filter(name => /[g-z_]/.test(name))
const module = fc.option(fc.stringMatching(/^[a-z][a-z0-9_]{1,15}$/), { nil: undefined })
const frame = fc
  .tuple(identifier, fc.integer({ min: 1, max: 0xfff }), module)
  .map(
    ([name, offset, from]) =>
      `${name}+0x${offset.toString(16)}/0x${(offset + 64).toString(16)}${from === undefined ? '' : ` [${from}]`}`,
  )
const track = fc
  .record({
    frames: fc.array(frame, { minLength: 1, maxLength: 12 }),
    age: fc.nat(),
    cpu: fc.nat({ max: 511 }),
    pid: fc.nat({ max: 4_194_304 }),
  })
  .map(facts => ({ ...facts, site: facts.frames[0] ?? '' }))

const cache: fc.Arbitrary<CacheFacts> = fc
  .record({
    era: fc.constantFrom(...ERAS),
    name: fc.stringMatching(/^[a-z][a-z0-9_-]{1,24}$/),
    word: fc.constantFrom(4 as const, 8 as const),
    objectSize: fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096),
    ),
    align: fc.constantFrom(8, 8, 16, 64),
    redzone: fc.boolean(),
    poison: fc.boolean(),
    user: fc.boolean(),
    asked: fc.option(fc.nat({ max: 4096 }), { nil: undefined }),
  })
  .map(({ asked, ...facts }) => ({
    ...facts,
    ...(asked === undefined ? {} : { asked: 1 + (asked % facts.objectSize) }),
  }))
  .filter(facts => facts.redzone || facts.poison)

const slab: fc.Arbitrary<SlabFacts> = fc
  .record({
    cache,
    place: fc.bigInt({ min: 1n, max: 0xffffn }),
    object: fc.double({ min: 0, max: 0.999, noNaN: true }),
    taint: fc.constantFrom('', 'G    B      OE    ', 'G        W         ', 'P           O     '),
    comm: fc.stringMatching(/^[a-z][a-z0-9/:_-]{0,13}$/).filter(name => !/pid|cpu|comm/.test(name)),
    pid: fc.nat({ max: 4_194_304 }),
    cpu: fc.nat({ max: 511 }),
    allocated: track,
    freed: fc.option(track, { nil: undefined }),
    used: fc.nat({ max: 60 }),
    content: fc.nat({ max: 255 }),
    trace: fc.array(frame, { minLength: 1, maxLength: 10 }),
    hash: fc.boolean(),
  })
  .map(({ place, hash, freed, ...facts }) => {
    const { word, era } = facts.cache
    let order = 0
    while (objectsOf(facts.cache, order) < 2) order += 1
    // %p prints hashes from 4.15 on; slub_debug switches that off from 5.14 on, yet not for the caches of another boot
    const hashed = hash && !['2.6.24', '3.10', '4.9'].includes(era)
    return {
      ...facts,
      ...(freed === undefined ? {} : { freed }),
      order,
      hashed,
      base: (word === 8 ? 0xffff_8880_0000_0000n : 0xc000_0000n) + place * 4096n * 4n,
      page: (word === 8 ? 0xffff_ea00_0000_0000n : 0xc100_0000n) + place * 64n,
    }
  })

export const byte = fc.nat({ max: 255 })

/** A slab, and something that this kernel can see is wrong with it. */
export const happening: fc.Arbitrary<readonly [SlabFacts, Event]> = slab.chain(of => {
  const possible = targets(of.cache, of.freed === undefined, of.order)
  const damage = (some: readonly Damage['target'][]): fc.Arbitrary<Damage> =>
    fc.record({
      target: fc.constantFrom(...some),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      bytes: fc.array(byte, { minLength: 1, maxLength: 24 }),
    })
  const ofObject = possible.filter(target => target !== 'slab-padding')
  const events: fc.Arbitrary<Event>[] = [
    fc.record({ is: fc.constant('double-free' as const) }),
    fc.record({ is: fc.constant('free-pointer' as const), value: fc.bigInt({ min: 1n, max: 0xffff_ffffn }) }),
    fc.record({ is: fc.constant('invalid-pointer' as const), off: fc.integer({ min: 1, max: 64 }) }),
    fc.record({ is: fc.constant('object-count' as const), counted: fc.nat({ max: 500 }) }),
    fc.record({
      is: fc.constant('remaining' as const),
      left: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
    }),
  ]
  // kmem_cache_free_bulk() came with 4.3
  if (of.cache.era !== '2.6.24' && of.cache.era !== '3.10')
    events.push(
      fc.record({
        is: fc.constant('bulk' as const),
        found: fc.nat({ max: 99 }),
        announced: fc.nat({ max: 99 }),
      }),
    )
  if (ofObject.length > 0)
    events.push(
      ...[1, 2, 3].map(() =>
        fc.record({
          is: fc.constant('damage' as const),
          damage: fc.array(damage(ofObject), { minLength: 1, maxLength: 2 }),
        }),
      ),
    )
  if (possible.includes('slab-padding'))
    events.push(
      fc.record({
        is: fc.constant('damage' as const),
        damage: fc.array(damage(['slab-padding']), { minLength: 1, maxLength: 1 }),
      }),
    )
  return fc.tuple(fc.constant(of), fc.oneof(...events))
})

/** The lines of one report. */
export const reports: fc.Arbitrary<readonly string[]> = happening.map(([of, event]) => print(of, event).lines)
