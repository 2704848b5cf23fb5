// Page allocation failures with Mem-Info, printed as each age of the kernel prints them, are read back; pieces on lines
// of their own, damage and two blocks at once give no number that was not printed, nor numbers of two.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { MemInfo, PageAllocationFailure } from '../../src/core/decode/kmsg/report.ts'
import { explainPageAllocationFailure } from '../../src/core/explain/page-alloc-failure.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'

const KIB = 1024
const read = (text: string): readonly PageAllocationFailure[] =>
  readKernelLog([new TextEncoder().encode(text)], { path: 'log' }).reports.filter(
    (report): report is PageAllocationFailure => report.kind === 'page-alloc-failure',
  )

const ERAS = ['2.6.32', '3.10', '4.4', '4.9', '5.3', '6.1', '6.18'] as const
type Era = (typeof ERAS)[number]
const since = (era: Era, first: Era): boolean => ERAS.indexOf(era) >= ERAS.indexOf(first)

const kib = fc.nat({ max: 2 ** 33 })
const zone = fc.record({
  free: kib,
  min: kib,
  low: kib,
  high: kib,
  boost: kib,
  reserved: kib,
  present: kib,
  managed: kib,
  slab: kib,
  unreclaimable: fc.boolean(),
  reserve: fc.array(fc.nat(2 ** 24), { minLength: 4, maxLength: 4 }),
  counts: fc.array(fc.nat(50_000), { minLength: 11, maxLength: 11 }),
  types: fc.array(fc.subarray(['U', 'M', 'E', 'H', 'C'], { minLength: 1 }), { minLength: 11, maxLength: 11 }),
})
const block = fc.record({
  era: fc.constantFrom(...ERAS),
  numa: fc.boolean(),
  pageKiB: fc.constantFrom(4, 16, 64),
  order: fc.nat(10),
  comm: fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}[a-z0-9]$/),
  pid: fc.integer({ min: 1, max: 4194304 }),
  pages: fc.record({
    anon: fc.nat(2 ** 30),
    file: fc.nat(2 ** 30),
    free: fc.nat(2 ** 30),
    slab: fc.nat(2 ** 30),
    unslab: fc.nat(2 ** 30),
  }),
  zones: fc.dictionary(fc.constantFrom('DMA', 'DMA32', 'Normal', 'HighMem', 'Movable'), zone, { minKeys: 1 }),
  swap: fc.tuple(kib, kib),
  ram: fc.nat(2 ** 30),
  reserved: fc.nat(2 ** 30),
})
type Block = typeof block extends fc.Arbitrary<infer T> ? T : never
type Zone = typeof zone extends fc.Arbitrary<infer T> ? T : never

/** Pieces of a line as the kernel hands them to printk() one by one. */
type Pieces = readonly string[]

function head({ era, comm, order }: Block): Pieces[] {
  if (era === '2.6.32') return [[`${comm}: page allocation failure. order:${order}, mode:0x4020`]]
  if (!since(era, '4.9')) return [[`${comm}: page allocation failure: order:${order}, mode:0x4020`]]
  const names = since(era, '5.3') ? '0xcc0(GFP_KERNEL)' : '0x24000c0(GFP_KERNEL)'
  const rest = since(era, '5.3') ? ', nodemask=(null),cpuset=/,mems_allowed=0' : ''
  return [[`${comm}: page allocation failure: order:${order}, mode:${names}${rest}`]]
}

function cpu({ era, comm, pid }: Block): Pieces[] {
  const release = `${era}.1`
  if (era === '2.6.32') return [[`Pid: ${pid}, comm: ${comm} Not tainted ${release} #1`]]
  const uid = era === '6.18' ? 'UID: 0 ' : ''
  return [[`CPU: 1 ${uid}PID: ${pid} Comm: ${comm} Not tainted ${release} #1`]]
}

function summary({ era, pages }: Block): Pieces[] {
  const lines = [
    `active_anon:${pages.anon} inactive_anon:0 isolated_anon:0`,
    ` active_file:${pages.file} inactive_file:0 isolated_file:0`,
    since(era, '6.1')
      ? ' unevictable:0 dirty:0 writeback:0'
      : ' unevictable:0 dirty:0 writeback:0 unstable:0',
    ...(era === '2.6.32'
      ? [` free:${pages.free} slab_reclaimable:${pages.slab} slab_unreclaimable:${pages.unslab}`]
      : [` slab_reclaimable:${pages.slab} slab_unreclaimable:${pages.unslab}`]),
    since(era, '6.1') ? ' mapped:0 shmem:0 pagetables:0' : ' mapped:0 shmem:0 pagetables:0 bounce:0',
    ...(since(era, '6.1') ? [' sec_pagetables:0 bounce:0', ' kernel_misc_reclaimable:0'] : []),
    ...(era === '2.6.32' ? [] : [` free:${pages.free} free_pcp:0 free_cma:0`]),
  ]
  return lines.map(line => [line])
}

function zoneLine({ era, numa }: Block, name: string, of: Zone): Pieces {
  const words = [
    `free:${of.free}kB`,
    ...(since(era, '6.1') ? [`boost:${of.boost}kB`] : []),
    `min:${of.min}kB low:${of.low}kB high:${of.high}kB`,
    ...(since(era, '5.3') ? [`reserved_highatomic:${of.reserved}KB`] : []),
    ...(era === '6.18' ? ['free_highatomic:0KB'] : []),
    'active_anon:0kB inactive_anon:0kB',
    ...(since(era, '4.9') ? ['writepending:0kB'] : ['isolated(anon):0kB isolated(file):0kB']),
    `present:${of.present}kB`,
    ...(era === '2.6.32' ? [] : [`managed:${of.managed}kB`]),
    'mlocked:0kB',
    ...(since(era, '5.3') ? [] : [`slab_unreclaimable:${of.slab}kB`]),
    ...(since(era, '4.9')
      ? ['free_pcp:0kB local_pcp:0kB free_cma:0kB']
      : [`pages_scanned:7 all_unreclaimable? ${of.unreclaimable ? 'yes' : 'no'}`]),
  ]
  return [...(numa ? ['Node 0 '] : []), `${name} ${words.join(' ')}`]
}

function blocksLine({ era, numa, pageKiB }: Block, name: string, of: Zone): Pieces {
  const pieces = of.counts.flatMap((count, order) => [
    `${count}*${pageKiB * 2 ** order}kB `,
    ...(era !== '2.6.32' && count > 0 ? [`(${(of.types[order] ?? ['U']).join('')}) `] : []),
  ])
  const total = of.counts.reduce((sum, count, order) => sum + count * pageKiB * 2 ** order, 0)
  return [...(numa ? ['Node 0 '] : []), `${name}: `, ...pieces, `= ${total}kB`]
}

function printed(of: Block): Pieces[] {
  const { era, swap } = of
  const zones = Object.entries(of.zones)
  return [
    ...head(of),
    ...cpu(of),
    ['Call Trace:'],
    [` dump_stack+0x1/0x2`],
    [` f+0x1/0x2 [driver]`],
    ['Mem-Info:'],
    ...(era === '2.6.32' ? [['Node 0 DMA per-cpu:'], ['CPU    0: hi:    0, btch:   1 usd:   0']] : []),
    ...summary(of),
    ...(since(era, '4.9')
      ? [[`Node 0 active_anon:${of.pages.anon}kB shmem_thp: 0kB all_unreclaimable? no`]]
      : []),
    ...zones.flatMap(([name, values]) => [
      zoneLine(of, name, values),
      ['lowmem_reserve[]:', ...values.reserve.map(pages => ` ${pages}`)],
    ]),
    ...zones.map(([name, values]) => blocksLine(of, name, values)),
    ...(era === '2.6.32'
      ? []
      : [['Node 0 hugepages_total=1 hugepages_free=2 hugepages_surp=3 hugepages_size=2048kB']]),
    ['9 total pagecache pages'],
    ['8 pages in swap cache'],
    ['Swap cache stats: add 0, delete 0, find 0/0'],
    [`Free swap  = ${swap[0]}kB`],
    [`Total swap = ${swap[1]}kB`],
    [`${of.ram} pages RAM`],
    ...(era === '2.6.32' ? [] : [['7 pages HighMem/MovableOnly']]),
    [`${of.reserved} pages reserved`],
    ...(since(era, '4.9') ? [['6 pages cma reserved'], ['5 pages hwpoisoned']] : []),
  ]
}

const whole = (lines: readonly Pieces[]): string[] => lines.map(pieces => pieces.join('').trimEnd())

function expectedZone({ era, numa, pageKiB }: Block, name: string, of: Zone): object {
  return {
    ...(numa ? { node: 0 } : {}),
    zone: name,
    values: {
      free: of.free * KIB,
      min: of.min * KIB,
      low: of.low * KIB,
      high: of.high * KIB,
      present: of.present * KIB,
      ...(era === '2.6.32' ? {} : { managed: of.managed * KIB }),
      ...(since(era, '6.1') ? { boost: of.boost * KIB } : {}),
      ...(since(era, '5.3') ? { reserved_highatomic: of.reserved * KIB } : {}),
    },
    lowmemReserve: of.reserve,
    blocks: of.counts.map((count, order) => ({
      size: pageKiB * KIB * 2 ** order,
      count,
      ...(era !== '2.6.32' && count > 0 ? { types: (of.types[order] ?? []).join('') } : {}),
    })),
    inBlocks: of.counts.reduce((sum, count, order) => sum + count * pageKiB * KIB * 2 ** order, 0),
    ...(since(era, '4.9') ? {} : { allUnreclaimable: of.unreclaimable }),
  }
}

function expected(of: Block): object {
  return {
    comm: of.comm,
    order: of.order,
    pid: of.pid,
    frames: [{ function: 'dump_stack' }, { function: 'f', module: 'driver' }],
    memInfo: {
      pageSize: of.pageKiB * KIB,
      pages: {
        active_anon: of.pages.anon,
        active_file: of.pages.file,
        free: of.pages.free,
        slab_unreclaimable: of.pages.unslab,
      },
      zones: Object.entries(of.zones).map(([name, values]) => expectedZone(of, name, values)),
      totals: { RAM: of.ram, reserved: of.reserved, 'total pagecache': 9 },
      freeSwap: of.swap[0] * KIB,
      totalSwap: of.swap[1] * KIB,
    },
  }
}

describe('printed Mem-Info', () => {
  it('of every age is read back, in any dress', () => {
    const dress = fc.constantFrom(...Object.keys(LINE_DRESSES))
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 3 }), dress, (blocks, name) => {
        const lines = blocks.flatMap(one => whole(printed(one)))
        const found = read(lines.map(LINE_DRESSES[name] ?? (line => line)).join('\n'))
        expect(found).toMatchObject(blocks.map(expected))
        expect(found.every(({ memInfo, truncated }) => !memInfo?.truncated && !truncated)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('is read where each piece is a line of its own', () => {
    fc.assert(
      fc.property(block, one => {
        const lines = printed(one).flatMap(pieces => pieces.map(piece => `[   10.000000] ${piece.trimEnd()}`))
        expect(read(lines.join('\n'))).toMatchObject([expected(one)])
      }),
      { numRuns: 150 },
    )
  })

  it('of two callers at once is told apart by the callers', () => {
    const order = fc.array(fc.boolean(), { minLength: 200, maxLength: 200 })
    fc.assert(
      fc.property(block, block, order, (one, other, turns) => {
        const [a, b] = [
          { ...one, pid: 1 },
          { ...other, pid: 2 },
        ]
        const lines = mixed(dressed(a, 'T1'), dressed(b, 'C2'), turns)
        const byPid = (x: PageAllocationFailure, y: PageAllocationFailure): number =>
          (x.pid ?? 0) - (y.pid ?? 0)
        expect([...read(lines.join('\n'))].sort(byPid)).toMatchObject([a, b].map(expected))
      }),
      { numRuns: 100 },
    )
  })

  const dressed = (of: Block, caller: string): string[] =>
    whole(printed(of)).map(line => `[   10.000000][ ${caller.padStart(5)}] ${line}`)

  function mixed(a: readonly string[], b: readonly string[], turns: readonly boolean[]): string[] {
    const rest: readonly [string[], string[]] = [[...a], [...b]]
    const lines: string[] = []
    for (let at = 0; rest[0].length + rest[1].length > 0; at += 1) {
      const from = rest[turns[at % turns.length] ? 0 : 1]
      const line = from.shift() ?? rest[from === rest[0] ? 1 : 0].shift()
      if (line !== undefined) lines.push(line)
    }
    return lines
  }

  it('of two at once, not told apart, never has numbers of both', () => {
    const turns = fc.array(fc.boolean(), { minLength: 200, maxLength: 200 })
    // numbers of the first are even, of the second odd: whose a number is can be seen
    const own = (of: Block, odd: boolean): Block => {
      const fix = (value: number): number => value - (value % 2) + (odd ? 1 : 0)
      const pages = Object.fromEntries(Object.entries(of.pages).map(([key, value]) => [key, fix(value)]))
      const zones = Object.fromEntries(
        Object.entries(of.zones).map(([name, values]) => [
          name,
          {
            ...values,
            free: fix(values.free),
            min: fix(values.min),
            low: fix(values.low),
            high: fix(values.high),
          },
        ]),
      )
      return { ...of, pages: pages as Block['pages'], zones: zones as Block['zones'] }
    }
    fc.assert(
      fc.property(block, block, turns, (a, b, order) => {
        const lines = mixed(whole(printed(own(a, false))), whole(printed(own(b, true))), order)
        for (const { memInfo } of read(lines.join('\n'))) {
          if (memInfo === undefined) continue
          const numbers = [
            ...['active_anon', 'active_file', 'free', 'slab_unreclaimable'].map(key => memInfo.pages[key]),
            ...memInfo.zones.flatMap(({ values }) =>
              ['free', 'min', 'low', 'high'].map(key => {
                const bytes = values[key]
                return bytes === undefined ? undefined : bytes / KIB
              }),
            ),
          ].filter(value => value !== undefined)
          expect(new Set(numbers.map(value => value % 2)).size).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('damaged has no number that was not printed, and takes no time', () => {
    const damage = fc.array(
      fc.tuple(fc.nat(4000), fc.nat(4000), fc.constantFrom('cut', 'swap', 'twice', 'drop')),
      {
        maxLength: 5,
      },
    )
    fc.assert(
      fc.property(block, damage, (one, strokes) => {
        let text = whole(printed(one)).join('\n')
        for (const [from, length, how] of strokes) {
          const at = from % (text.length + 1)
          const piece = text.slice(at, at + (length % 60))
          if (how === 'cut') text = text.slice(0, at)
          else if (how === 'drop') text = text.slice(0, at) + text.slice(at + piece.length)
          else if (how === 'twice') text = text.slice(0, at) + piece + text.slice(at)
          else text = text.slice(0, at) + [...piece].reverse().join('') + text.slice(at + piece.length)
        }
        const began = performance.now()
        const found = read(text)
        for (const report of found) {
          explainPageAllocationFailure(report)
          if (report.memInfo) expect(printedIn(report.memInfo, text)).toEqual([])
        }
        expect(performance.now() - began).toBeLessThan(2000)
      }),
      { numRuns: 300 },
    )
  })

  it('takes linear time on hostile lines', () => {
    const begin = 'a: page allocation failure: order:1, mode:0x20\nMem-Info:\n'
    for (const hostile of [
      'Node 0 DMA free:1kB '.repeat(3000),
      `Node 0 DMA: ${'1*4kB (UUUUUUUUUUUUUUUUUU) '.repeat(2000)}`,
      `lowmem_reserve[]:${' 1'.repeat(30_000)}`,
      'free:1 '.repeat(9000),
      'Node 0 DMA free:1kB\n'.repeat(20_000),
      Array.from({ length: 20_000 }, (_, node) => `Node ${node} DMA free:1kB`).join('\n'),
      `Unreclaimable slab info:\n${Array.from({ length: 20_000 }, (_, n) => `c${n} 1KB 2KB`).join('\n')}`,
    ]) {
      const began = performance.now()
      for (const report of read(begin + hostile)) explainPageAllocationFailure(report)
      expect(performance.now() - began).toBeLessThan(3000)
    }
  })
})

/** Numbers of a block that do not stand in the text. */
function printedIn(info: MemInfo, text: string): readonly string[] {
  const inKiB = ([key, bytes]: readonly [string, number]): string => `${key}:${bytes / KIB}`
  const wanted = [
    ...Object.entries(info.pages).map(([key, value]) => `${key}:${value}`),
    ...info.zones.flatMap(({ values }) =>
      Object.entries(values)
        .filter(([key]) => /^(?:free|min|low|high|boost|present|managed|reserved_highatomic)$/.test(key))
        .map(inKiB),
    ),
    ...info.zones.flatMap(({ blocks = [] }) => blocks.map(({ size, count }) => `${count}*${size / KIB}kB`)),
    ...Object.values(info.totals).map(value => `${value} `),
  ]
  const flat = text.replace(/: (?=\d)/g, ':').replace(/\s+/g, '')
  return wanted.filter(word => !flat.includes(word.trim()))
}
