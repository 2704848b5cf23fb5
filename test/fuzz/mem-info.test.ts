// Page allocation failures with Mem-Info, printed as each age of the kernel prints them, are read back; pieces on lines
// of their own, damage and two blocks at once give no number that was not printed, nor numbers of two.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { MemInfo, PageAllocationFailure } from '../../src/core/decode/kmsg/report.ts'
import { explainPageAllocationFailure } from '../../src/core/explain/page-alloc-failure.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'
import { type Block, block, printed, since, whole, type Zone } from './mem-info-printer.ts'

const KIB = 1024
const read = (text: string): readonly PageAllocationFailure[] =>
  readKernelLog([new TextEncoder().encode(text)], { path: 'log' }).reports.filter(
    (report): report is PageAllocationFailure => report.kind === 'page-alloc-failure',
  )

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
