import { describe, expect, it } from 'vitest'
import { plainName } from '../../../src/core/decode/kmsg/kmemleak.ts'
import { readKernelLog } from '../../../src/core/decode/kmsg/log.ts'
import { compareKmemleak, readKmemleak, secondsAfterBoot } from '../../../src/core/decode/sys/kmemleak.ts'
import { decodedLog } from '../../../src/core/decoded/log.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string) => readKmemleak([encode(text)], { objects: true })
const inLog = (text: string) => decodedLog(readKernelLog([encode(text)], { path: 'log' }))

interface Printed {
  readonly address?: string
  readonly size?: number
  readonly comm?: string
  readonly jiffies?: number
  readonly tail?: string
  readonly crc?: string
  readonly frames?: readonly string[]
}

const record = ({
  address = 'ffff8881042c6000',
  size = 64,
  comm = 'insmod',
  jiffies = 4294938311,
  tail = '',
  crc,
  frames = ['kmalloc_trace+0x26/0x80', 'lab_leak+0x2d/0x50 [faults]', 'do_one_initcall+0x51/0x1d0'],
}: Printed = {}): string =>
  [
    `unreferenced object 0x${address} (size ${size}):`,
    `  comm "${comm}", pid 54, jiffies ${jiffies}${tail}`,
    '  hex dump (first 32 bytes):',
    '    40 d3 11 00 00 00 d4 ff 40 d2 11 00 00 00 d4 ff  @.......@.......',
    '    a0 45 8b 03 00 00 11 ff 00 00 00 00 00 00 00 00  .E..............',
    crc === undefined ? '  backtrace:' : `  backtrace (crc ${crc}):`,
    ...frames.map(frame => `    [<00000000b645db01>] ${frame}`),
    '',
  ].join('\n')

describe('the file of kmemleak', () => {
  it('is grouped by who allocated, most bytes first, whatever differs between boots', () => {
    const other = [
      '__kmalloc_noprof.isra.0+0x1/0x2',
      'lab_leak.constprop.5+0x9/0x50 [faults]',
      'do_one_initcall+0x1/0x2',
    ]
    const { groups, records, bytes } = read(
      record() +
        record({ address: 'ffff8881042c6040', frames: other, comm: 'sh' }) +
        record({ address: 'ffff8881042c7000', size: 4096, frames: ['vmalloc+0x1/0x2', 'big+0x1/0x2'] }),
    )
    expect({ records, bytes }).toEqual({ records: 3, bytes: 4224 })
    expect(
      groups.map(({ owner, module, count, bytes: sum, comms }) => ({ owner, module, count, sum, comms })),
    ).toEqual([
      { owner: 'big', module: undefined, count: 1, sum: 4096, comms: ['insmod'] },
      { owner: 'lab_leak', module: 'faults', count: 2, sum: 128, comms: ['insmod', 'sh'] },
    ])
  })

  it('tells ages and jiffies as a range, and code without a symbol from none', () => {
    const gone = ['kmalloc_trace+0x26/0x80', '0xffffffffa0005032', 'do_one_initcall+0x51/0x1d0']
    const [group] = read(
      record({ tail: ' (age 3.004s)', frames: gone }) +
        record({ jiffies: 4294938400, tail: ' (age 2.500s)', frames: gone }),
    ).groups
    expect(group).toMatchObject({
      stack: ['?', 'do_one_initcall'],
      age: { least: 2.5, most: 3.004 },
      jiffies: { least: 4294938311, most: 4294938400 },
    })
    expect(group?.owner).toBeUndefined()
    expect(read(record({ frames: [] })).groups[0]?.stack).toEqual([])
  })

  it('reads names of tasks that hold quotes and line ends', () => {
    for (const comm of ['a "b" c', 'x", pid 1, j', 'two\nlines', '"', ''])
      expect(read(record({ comm })).groups[0], JSON.stringify(comm)).toMatchObject({
        comms: [comm],
        owner: 'lab_leak',
      })
  })

  it('says that the last record is cut', () => {
    const text = record() + record({ address: 'ffff8881042c9000' })
    expect(read(text).truncated).toBeUndefined()
    expect(read(text.slice(0, text.lastIndexOf('  backtrace'))).truncated).toBe(true)
  })

  it('passes over what is no record', () => {
    expect(read('').records).toBe(0)
    expect(read('unreferenced object\nnothing\n').records).toBe(0)
    expect(read(`# cat /sys/kernel/debug/kmemleak\n${record()}\n[root@node ~]#\n`).records).toBe(1)
  })

  it('is read in pieces of any size, 50,000 records and more, in memory that does not grow with them', () => {
    const stacks = Array.from({ length: 40 }, (_, index) => [
      `f${index}+0x1/0x2 [m${index % 7}]`,
      'g+0x1/0x2',
    ])
    function* pieces(count: number): Generator<Uint8Array> {
      for (let at = 0; at < count; at += 500) {
        const some = Array.from({ length: Math.min(500, count - at) }, (_, index) =>
          record({
            address: (0xffff888000000000n + BigInt((at + index) * 64)).toString(16),
            frames: stacks[(at + index) % stacks.length] ?? [],
          }),
        )
        yield encode(some.join(''))
      }
    }
    const began = performance.now()
    const small = readKmemleak(pieces(1000))
    const large = readKmemleak(pieces(50_000))
    // a guard against time that grows with the square, not a measurement
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(large.records).toBe(50_000)
    expect(large.groups).toHaveLength(40)
    expect(large.groups.reduce((sum, { count }) => sum + count, 0)).toBe(50_000)
    const held = (value: unknown): number =>
      JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)).length
    expect(held(large)).toBeLessThan(held(small) * 1.1)
  })

  it('counts stacks beyond those it tells apart, and keeps no more of one', () => {
    const text = Array.from({ length: 5000 }, (_, index) =>
      record({ frames: [`f${index}+0x1/0x2`], size: index + 1 }),
    ).join('')
    const { groups, ungrouped, records } = read(text)
    expect(groups).toHaveLength(4096)
    expect(ungrouped).toBe(records - 4096)
    const [one] = read(
      Array.from({ length: 50 }, (_, index) => record({ size: 8 * index, comm: `c${index}` })).join(''),
    ).groups
    expect(one?.sizes.length).toBeLessThanOrEqual(8)
    expect(one?.comms.length).toBeLessThanOrEqual(4)
  })
})

describe('two readings', () => {
  const leak = (index: number, over: Printed = {}) =>
    record({ address: (0xffff888000000000n + BigInt(index * 64)).toString(16), ...over })
  const other = (index: number) => leak(index, { frames: ['h+0x1/0x2'] })

  it('tell what is new, what grew, what stayed, what went away', () => {
    const before = read(
      leak(1) + other(10) + leak(20, { frames: ['s+0x1/0x2'] }) + leak(30, { frames: ['w+0x1/0x2'] }),
    )
    const after = read(
      leak(1) +
        leak(2) +
        leak(20, { frames: ['s+0x1/0x2'] }) +
        leak(40, { frames: ['n+0x1/0x2'] }) +
        other(11),
    )
    const { appeared, grew, stayed, shrank, gone } = compareKmemleak(before, after)
    const owners = (list: typeof grew) => list.map(({ group }) => group.owner)
    expect(owners(appeared)).toEqual(['n'])
    expect(owners(grew)).toEqual(['lab_leak'])
    expect(grew[0]).toMatchObject({
      before: { count: 1 },
      after: { count: 2 },
      objects: { stayed: 1, added: 1, gone: 0 },
    })
    expect(owners(stayed).sort()).toEqual(['h', 's'])
    // as many as before, and not the same one
    expect(stayed.find(({ group }) => group.owner === 'h')?.objects).toEqual({
      stayed: 0,
      added: 1,
      gone: 1,
      changed: 0,
    })
    expect(shrank).toEqual([])
    expect(owners(gone)).toEqual(['w'])
    expect(compareKmemleak(after, before).shrank.map(({ group }) => group.owner)).toEqual(['lab_leak'])
  })

  it('take an address that was allocated again for another object, and see what something still writes to', () => {
    const again = compareKmemleak(read(leak(1)), read(leak(1, { jiffies: 5000000000 })))
    expect(again.stayed[0]?.objects).toEqual({ stayed: 0, added: 1, gone: 1, changed: 0 })
    const written = compareKmemleak(read(leak(1, { crc: 'aa' })), read(leak(1, { crc: 'bb' })))
    expect(written.stayed[0]?.objects).toEqual({ stayed: 1, added: 0, gone: 0, changed: 1 })
  })
})

describe('a name', () => {
  it.each([
    ['f.isra.0', 'f'],
    ['f.constprop.5.cold', 'f'],
    ['f.part.0.isra.3', 'f'],
    ['f.llvm.123456789', 'f'],
    ['f.1234', 'f'],
    ['__pfx_f', 'f'],
    ['.L.str', '.L.str'],
    ['my.partial', 'my.partial'],
  ])('%s is %s without what the compiler added', (name, plain) => {
    expect(plainName(name)).toBe(plain)
  })

  it('made to be slow is not', () => {
    const frames = [`f${'.1'.repeat(250)}x+0x1/0x2`, `${'_'.repeat(250)}alloc${'alloc'.repeat(40)}!+0x1/0x2`]
    const began = performance.now()
    for (let round = 0; round < 50; round += 1) read(record({ frames, size: round }))
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

describe('jiffies', () => {
  it('begin five minutes below the turn of 32 bits', () => {
    expect(secondsAfterBoot(4294892296 + 2500, 250)).toBe(10)
    expect(secondsAfterBoot(4294667296, 1000)).toBe(0)
    // after the turn, on 32 bits
    expect(secondsAfterBoot(348025, 100)).toBe(3780.25)
  })
})

describe('kmemleak in the log', () => {
  const dressed = (text: string, prefix = ''): string =>
    text
      .trimEnd()
      .split('\n')
      .map((line, index) => `[   ${20 + index}.000000] ${prefix}${line}\n`)
      .join('')

  it('is read with the prefix of a verbose detector, between lines of others', () => {
    const lines = dressed(record(), 'kmemleak: ').split('\n')
    const among = lines.flatMap(line => [line, '[   30.000000] usb 1-1: f+0x1/0x2 [mod]'])
    expect(inLog(among.join('\n'))['leaks']).toMatchObject([
      {
        address: '0xffff8881042c6000',
        size: 64,
        topFrames: ['kmalloc_trace', 'lab_leak', 'do_one_initcall'],
      },
    ])
  })

  it('takes no frames of a report that follows', () => {
    const log = `${dressed(record())}[   90.000000] CPU: 1 PID: 7 Comm: a Not tainted 6.1.0 #1\n[   90.000001] Call Trace:\n[   90.000002]  g+0x1/0x2\n`
    const [leak] = readKernelLog([encode(log)], { path: 'log' }).reports
    expect(leak?.kind === 'kmemleak' && leak.says === 'suspect' ? leak.object.frames.length : 0).toBe(3)
  })

  it('counts scans and says what the detector said of itself', () => {
    const log = [
      'kmemleak: Kernel memory leak detector initialized (mem pool available: 15799)',
      'kmemleak: Automatic memory scanning thread started',
      'kmemleak: 12 new suspected memory leaks (see /sys/kernel/debug/kmemleak)',
      'kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)',
      'kmemleak: Memory pool empty, consider increasing CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE',
      'kmemleak: Cannot allocate a kmemleak_object structure',
      'kmemleak: Kernel memory leak detector disabled',
      'kmemleak: Object 0xffff8881042c6000 (size 64):',
    ]
    expect(inLog(dressed(log.join('\n')))).toMatchObject({
      leaks: [],
      summaries: [{ count: 12 }, { count: 1 }],
      totalSuspected: 13,
      kmemleakDisabled: true,
      kmemleakStates: ['on', 'scanning', 'pool-empty', 'no-memory', 'off'],
    })
  })

  it('keeps what the detector said of itself, however many records follow', () => {
    const records = Array.from({ length: 1500 }, (_, index) => dressed(record({ size: index }), 'kmemleak: '))
    const { reports, folded } = readKernelLog(
      [encode(`[    1.000000] kmemleak: Kernel memory leak detector disabled\n${records.join('')}`)],
      { path: 'log' },
    )
    expect(reports.some(report => report.kind === 'kmemleak' && report.says === 'state')).toBe(true)
    expect(reports.length + folded.reduce((sum, { count }) => sum + count, 0)).toBe(1501)
  })
})
