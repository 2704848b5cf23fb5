// Page allocation failures with Mem-Info, as each age prints it from random facts.

import fc from 'fast-check'

const ERAS = ['2.6.32', '3.10', '4.4', '4.9', '5.3', '6.1', '6.18'] as const
type Era = (typeof ERAS)[number]
export const since = (era: Era, first: Era): boolean => ERAS.indexOf(era) >= ERAS.indexOf(first)

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
export const block = fc.record({
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
export type Block = typeof block extends fc.Arbitrary<infer T> ? T : never
export type Zone = typeof zone extends fc.Arbitrary<infer T> ? T : never

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

export function printed(of: Block): Pieces[] {
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

export const whole = (lines: readonly Pieces[]): string[] => lines.map(pieces => pieces.join('').trimEnd())

/** The lines of one report. */
export const reports: fc.Arbitrary<readonly string[]> = block.map(of => whole(printed(of)))
