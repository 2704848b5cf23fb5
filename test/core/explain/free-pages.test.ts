import { describe, expect, it } from 'vitest'
import type { MemInfo, MemInfoZone } from '../../../src/core/decode/kmsg/report.ts'
import { fragmentationIndex, freePages, type PageRequest } from '../../../src/core/explain/free-pages.ts'

const PAGE = 4096
const MIB = 1024 * 1024

interface Drawn extends Partial<Omit<MemInfoZone, 'blocks'>> {
  readonly values?: Record<string, number>
  /** Free blocks by order, and the types of each that has some. */
  readonly counts?: readonly number[]
  readonly types?: string
}

/** A zone of 1 GiB with 100 MiB free in small blocks, min 4 MiB. */
function zone({ counts, types, values, ...over }: Drawn = {}): MemInfoZone {
  return {
    node: 0,
    zone: 'Normal',
    lowmemReserve: [0, 0, 0, 0],
    ...over,
    values: { free: 100 * MIB, min: 4 * MIB, low: 5 * MIB, high: 6 * MIB, managed: 1024 * MIB, ...values },
    blocks: (counts ?? [25600, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).map((count, order) => ({
      size: PAGE * 2 ** order,
      count,
      ...(count > 0 ? { types: types ?? 'UME' } : {}),
    })),
  }
}

function ask(zones: readonly MemInfoZone[], over: Partial<PageRequest> & { flags?: string } = {}) {
  const { flags = 'GFP_KERNEL', ...request } = over
  const memInfo: MemInfo = {
    pageSize: PAGE,
    pages: {},
    nodes: [{ node: 0, values: {} }],
    zones,
    hugepages: [],
    totals: {},
  }
  return freePages({ order: 0, gfp: { mask: '0x0', flags }, kernel: '6.1.0', ...request }, memInfo)
}

describe('by the rule of zone_watermark_ok()', () => {
  it('free memory under min is none', () => {
    const found = ask([zone({ values: { free: 4 * MIB } })])
    expect(found).toMatchObject({ verdict: 'no-memory', zone: { state: 'below', mark: 4 * MIB } })
    expect(ask([zone({ values: { free: 4 * MIB + PAGE } })]).verdict).toBe('enough')
  })

  it('enough that is in no piece of the order is fragmentation', () => {
    expect(ask([zone()], { order: 1 })).toMatchObject({
      verdict: 'fragmented',
      needed: 2 * PAGE,
      zone: { largest: PAGE, index: 500 },
    })
    expect(ask([zone({ counts: [25598, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] })], { order: 1 }).verdict).toBe(
      'enough',
    )
  })

  it('pages that the request itself takes count as gone', () => {
    const tight = zone({ values: { free: 5 * MIB }, counts: [256, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] })
    expect(ask([tight], { order: 10 }).verdict).toBe('no-memory')
  })

  it('blocks set aside for atomic requests, and CMA, are not for everybody', () => {
    const aside = zone({ counts: [25596, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], types: 'H' })
    expect(ask([{ ...aside }], { order: 2 }).verdict).toBe('fragmented')
    expect(ask([aside], { order: 2, flags: 'GFP_ATOMIC' }).verdict).toBe('enough')
    const cma = zone({ counts: [25596, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], types: 'C' })
    expect(ask([cma], { order: 2 }).verdict).toBe('fragmented')
    expect(ask([cma], { order: 2, flags: 'GFP_HIGHUSER_MOVABLE' }).verdict).toBe('enough')
  })

  it('who may not wait has three eighths of min, and then no more', () => {
    const atomic = { flags: 'GFP_ATOMIC|__GFP_COMP' }
    expect(ask([zone({ values: { free: 2 * MIB } })], atomic).verdict).toBe('enough')
    expect(ask([zone({ values: { free: 1.5 * MIB } })], atomic)).toMatchObject({
      verdict: 'atomic-reserve',
      zone: { mark: 1.5 * MIB },
    })
    // GFP_NOWAIT has none of the reserve since 4.4; before, a quarter
    const little = [zone({ values: { free: 3.5 * MIB } })]
    expect(ask(little, { flags: 'GFP_NOWAIT' }).verdict).toBe('atomic-reserve')
    expect(ask(little, { gfp: { mask: '0x0' }, kernel: '3.10.0-1160.el7.x86_64' }).verdict).toBe('enough')
  })

  it('until 4.3 some must be left of every order', () => {
    // 16 MiB in 4 KiB blocks, and 64 KiB in one: half of a min of 4 MiB is not left of order 1 and up
    const one = zone({ counts: [4096, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], values: { free: 16 * MIB + 65536 } })
    const request = { order: 4, gfp: { mask: '0xd0' } }
    expect(ask([one], { ...request, kernel: '3.10.0-957.el7.x86_64' }).verdict).toBe('fragmented')
    expect(ask([one], { order: 4, kernel: '4.9.0' }).verdict).toBe('enough')
  })

  it('takes the high-atomic reserve off, until 6.12 also where it is in use', () => {
    const values = { free: 20 * MIB, reserved_highatomic: 17 * MIB }
    expect(ask([zone({ values })])).toMatchObject({ verdict: 'high-atomic', zone: { notCounted: 17 * MIB } })
    expect(ask([zone({ values: { ...values, free_highatomic: MIB } })]).verdict).toBe('enough')
  })

  it('leaves low zones what lowmem_reserve keeps for those that need them', () => {
    const dma32 = zone({ zone: 'DMA32', lowmemReserve: [0, 0, 25000, 25000] })
    const empty = zone({ values: { free: MIB, managed: 500 * MIB } })
    expect(ask([dma32, empty])).toMatchObject({
      verdict: 'lowmem-reserve',
      zone: { name: 'Node 0 DMA32', reserve: 25000 * PAGE },
    })
    // for a request that can have no other zone nothing is kept
    expect(ask([dma32, empty], { flags: 'GFP_KERNEL|__GFP_DMA32' }).verdict).toBe('enough')
    // a movable zone above, which GFP_KERNEL cannot have, changes nothing for it
    const movable = zone({ lowmemReserve: [0, 0, 0, 9000], values: { free: 5 * MIB } })
    expect(
      ask([zone({ zone: 'DMA32', lowmemReserve: [0, 0, 100, 9100], values: { managed: 1 } }), movable]),
    ).toMatchObject({ verdict: 'enough', zone: { reserve: 0 } })
  })

  it('names the limit where another zone or node would give', () => {
    const low = zone({ values: { free: MIB } })
    const high = zone({ zone: 'HighMem' })
    expect(ask([low, high])).toMatchObject({ verdict: 'zone-limit', other: { name: 'Node 0 HighMem' } })
    const far = zone({ node: 1 })
    expect(ask([low, far], { memsAllowed: '0' })).toMatchObject({
      verdict: 'node-limit',
      other: { name: 'Node 1 Normal' },
    })
    expect(ask([low, far], { nodemask: '0,2-3' }).verdict).toBe('node-limit')
    // what may not wait is not held to the cpuset
    expect(
      ask([zone({ values: { free: 0 } }), far], { memsAllowed: '0', flags: 'GFP_ATOMIC' }).verdict,
    ).not.toBe('node-limit')
  })

  it('holds an OOM kill to the high watermark', () => {
    const between = [zone({ values: { free: 5 * MIB } })]
    expect(ask(between).verdict).toBe('enough')
    expect(ask(between, { oom: true })).toMatchObject({ verdict: 'no-memory', zone: { mark: 6 * MIB } })
  })

  it('says nothing where the mask, the page size or the figures are not known', () => {
    expect(freePages({ order: 0, gfp: { mask: '0xcc0', flags: 'GFP_KERNEL' } }, undefined).verdict).toBe(
      'unknown',
    )
    expect(ask([]).verdict).toBe('unknown')
    expect(ask([zone()], { order: -1 }).verdict).toBe('unknown')
    // 0x2000 is __GFP_NOWARN on one kernel and nothing of the sort on another
    expect(ask([zone()], { gfp: { mask: 'rubbish' } }).verdict).toBe('unknown')
  })
})

describe('the fragmentation index', () => {
  it('is the kernel’s own', () => {
    // extfrag_index of a real el7 node's Normal zone, worked out by hand after __fragmentation_index()
    const normal = [1163, 1101, 932, 222, 0, 0, 0, 0, 0, 0, 0]
    expect(fragmentationIndex(normal, 4)).toBe(838)
    expect(fragmentationIndex(normal, 3)).toBeUndefined()
    expect(fragmentationIndex([1, 0, 0], 1)).toBe(-500)
    expect(fragmentationIndex([0, 0], 1)).toBeUndefined()
  })
})
