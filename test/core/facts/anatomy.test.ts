import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Anatomy, Part, Summand } from '../../../src/core/case/anatomy.ts'
import { collect } from '../../../src/core/collect.ts'
import { anatomyOf } from '../../../src/core/facts/anatomy.ts'
import { latest } from '../../../src/core/facts/kernel.ts'
import { anatomyJson } from '../../../src/core/render/anatomy.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { MIB } from '../node.ts'
import { faultsOf } from '../schema.ts'

type Numbers = Readonly<Record<string, number>>

const V1 = '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n'
const V2 = '41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
const KIB = 1024

const lines = (numbers: Numbers): string =>
  Object.entries(numbers)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')

const totals = (numbers: Numbers): string =>
  lines(numbers) +
  lines(Object.fromEntries(Object.entries(numbers).map(([key, value]) => [`total_${key}`, value])))

interface Node {
  readonly release?: string
  readonly cpus?: string
}

function caseOf(
  version: 'v1' | 'v2',
  files: Readonly<Record<string, string>>,
  { release, cpus }: Node = {},
  origin: 'live' | 'directory' = 'live',
) {
  return collect(
    memoryTree(
      {
        'proc/self/mountinfo': version === 'v1' ? V1 : V2,
        ...(cpus === undefined
          ? {}
          : { 'sys/devices/system/cpu/possible': cpus, 'sys/devices/system/cpu/online': cpus }),
        ...(release === undefined ? {} : { 'proc/version': `Linux version ${release} (x@y) (gcc) #1 SMP\n` }),
        ...files,
      },
      { links: { 'proc/self/ns/cgroup': 'cgroup:[4026531835]' }, origin },
    ),
    { at: 0 },
  )
}

function anatomyAt(about: ReturnType<typeof caseOf>, path: string): Anatomy {
  const memcg = latest(about)?.memcg?.memcgs.find(one => one.path === path)
  if (memcg === undefined) throw new Error(`no ${path}`)
  return anatomyOf(about, memcg)
}

/** A cgroup of v1 at /p, with nothing below it. */
function ofV1(usage: number, kmem: number, stat: string, node: Node = { cpus: '0-1\n' }, more: object = {}) {
  const at = 'sys/fs/cgroup/memory'
  return anatomyAt(
    caseOf(
      'v1',
      {
        [`${at}/memory.usage_in_bytes`]: '0\n',
        [`${at}/memory.max_usage_in_bytes`]: '0\n',
        [`${at}/memory.kmem.usage_in_bytes`]: '0\n',
        [`${at}/memory.stat`]: 'cache 0\n',
        [`${at}/p/memory.usage_in_bytes`]: `${usage}\n`,
        [`${at}/p/memory.max_usage_in_bytes`]: `${usage}\n`,
        [`${at}/p/memory.kmem.usage_in_bytes`]: `${kmem}\n`,
        [`${at}/p/memory.stat`]: stat,
        ...more,
      },
      node,
    ),
    '/p',
  )
}

function ofV2(usage: number, stat: Numbers, node: Node = { cpus: '0-1\n' }, more: object = {}) {
  return anatomyAt(
    caseOf(
      'v2',
      {
        'sys/fs/cgroup/cgroup.controllers': 'memory\n',
        'sys/fs/cgroup/p/memory.current': `${usage}\n`,
        'sys/fs/cgroup/p/memory.stat': lines(stat),
        'sys/fs/cgroup/p/cgroup.stat': 'nr_descendants 0\nnr_dying_descendants 0\n',
        ...more,
      },
      node,
    ),
    '/p',
  )
}

function part(anatomy: Anatomy, id: Part['id']): Part | undefined {
  const look = (parts: readonly Part[]): Part | undefined => {
    for (const one of parts) {
      if (one.id === id) return one
      const inner = look(one.parts ?? [])
      if (inner !== undefined) return inner
    }
    return undefined
  }
  return look(anatomy.parts)
}

const summed = (from: readonly Summand[]): number =>
  from.reduce((sum, { sign, value }) => sum + sign * value, 0)

/** What has to be true of every anatomy, whatever the files say. */
function holds(anatomy: Anatomy): void {
  const whole = anatomy.parts.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  if (anatomy.usage !== undefined && anatomy.parts.length > 0)
    expect(whole + (anatomy.residue?.bytes ?? Number.NaN)).toBe(anatomy.usage.value)
  const look = ({ id, bytes, from, within, parts, of = [] }: Part): void => {
    if (bytes === undefined) expect(within).toBeDefined()
    else expect(bytes).toBe(id === 'kernel-other' ? summed(from) : Math.max(0, summed(from)))
    if (id !== 'kernel-other') expect(bytes ?? 0).toBeGreaterThanOrEqual(0)
    if (parts !== undefined) {
      const inner = parts.reduce((sum, one) => sum + (one.bytes ?? 0), 0)
      expect(inner).toBe(bytes)
    }
    for (const one of parts ?? []) look(one)
    for (const one of of) expect(one.bytes).toBe(summed(one.from))
  }
  for (const one of anatomy.parts) look(one)
  const { children, betweenSetAndRss: between } = anatomy
  if (children !== undefined)
    expect(
      children.largest.reduce((sum, { bytes }) => sum + bytes, 0) + children.smaller + children.rest,
    ).toBe(anatomy.usage?.value)
  if (between !== undefined)
    expect(between.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(between.bytes)
  expect(faultsOf(anatomyJson(anatomy))).toEqual([])
}

const V1_KEYS = [
  'cache',
  'rss',
  'rss_huge',
  'shmem',
  'mapped_file',
  'dirty',
  'writeback',
  'swap',
  'swapcached',
  'inactive_anon',
  'active_anon',
  'inactive_file',
  'active_file',
  'unevictable',
]
const V2_KEYS = [
  'anon',
  'file',
  'kernel',
  'kernel_stack',
  'pagetables',
  'sec_pagetables',
  'percpu',
  'sock',
  'vmalloc',
  'shmem',
  'zswap',
  'swapcached',
  'anon_thp',
  'file_mapped',
  'file_dirty',
  'file_writeback',
  'inactive_anon',
  'active_anon',
  'inactive_file',
  'active_file',
  'unevictable',
  'slab_reclaimable',
  'slab_unreclaimable',
  'slab',
  'hugetlb',
]
const pages = fc.integer({ min: 0, max: 2 ** 28 }).map(count => count * 4096)
const some = (keys: readonly string[]) =>
  fc
    .tuple(fc.subarray([...keys]), fc.array(pages, { minLength: keys.length, maxLength: keys.length }))
    .map(([kept, values]): Numbers => Object.fromEntries(kept.map((key, index) => [key, values[index] ?? 0])))
const release = fc.constantFrom(
  '3.10.0-957.el7.x86_64',
  '4.4.0-generic',
  '4.19.0-18-amd64',
  '5.4.0-97-generic',
  '5.15.0-100-generic',
  '6.1.0-18-amd64',
  '6.18.44',
  undefined,
)

describe('anatomyOf', () => {
  it('gives parts that add up to usage with the residue, of whatever keys a v1 kernel has', () => {
    fc.assert(
      fc.property(some(V1_KEYS), pages, pages, release, (stat, usage, kmem, text) => {
        holds(
          ofV1(usage, kmem, totals(stat), {
            cpus: '0-3\n',
            ...(text === undefined ? {} : { release: text }),
          }),
        )
      }),
    )
  })

  it('gives parts that add up to usage with the residue, of whatever keys a v2 kernel has', () => {
    fc.assert(
      fc.property(some(V2_KEYS), pages, release, (stat, usage, text) => {
        holds(ofV2(usage, stat, text === undefined ? {} : { release: text }))
      }),
    )
  })

  it('adds up where removed children hold something, whatever the live ones say', () => {
    const numbers = some(['cache', 'rss', 'shmem'])
    fc.assert(
      fc.property(numbers, numbers, numbers, pages, pages, (total, own, child, usage, childUsage) => {
        const at = 'sys/fs/cgroup/memory/p'
        const stat = `${lines(own)}${lines(
          Object.fromEntries(Object.entries(total).map(([key, value]) => [`total_${key}`, value])),
        )}`
        const anatomy = ofV1(
          usage,
          0,
          stat,
          { cpus: '0\n' },
          {
            [`${at}/c/memory.usage_in_bytes`]: `${childUsage}\n`,
            [`${at}/c/memory.kmem.usage_in_bytes`]: '0\n',
            [`${at}/c/memory.stat`]: totals(child),
          },
        )
        const whole = anatomy.parts.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
        expect(whole + (anatomy.residue?.bytes ?? 0)).toBe(usage)
        for (const { bytes = 0 } of anatomy.parts) expect(bytes).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('survives numbers that no kernel prints', () => {
    const odd = fc.constantFrom('-5', '18446744073709551615', 'max', '', '1e9', '99999999999999999999999')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...V2_KEYS), odd)), odd, (stat, usage) => {
        const text = stat.map(([key, value]) => `${key} ${value}\n`).join('')
        const files = { 'sys/fs/cgroup/p/memory.stat': text, 'sys/fs/cgroup/p/memory.current': `${usage}\n` }
        expect(anatomyAt(caseOf('v2', files), '/p').cgroup).toBe('/p')
      }),
    )
  })

  it('reads the container that 6.18 showed on v1, every number from its file and key', () => {
    const anatomy = ofV1(
      57_462_784,
      1_290_240,
      totals({
        cache: 54_812_672,
        rss: 1_310_720,
        shmem: 0,
        swapcached: 0,
        inactive_anon: 1_310_720,
        active_anon: 0,
        inactive_file: 6_770_688,
        active_file: 48_041_984,
        unevictable: 0,
      }),
    )
    holds(anatomy)
    expect(anatomy.parts.map(({ id, bytes }) => [id, bytes])).toEqual([
      ['anon', 1_310_720],
      ['unmapped', 0],
      ['file', 54_812_672],
      ['shmem', 0],
      ['kernel', 1_290_240],
      ['dead', 0],
    ])
    expect(part(anatomy, 'file')?.from).toEqual([
      { sign: 1, value: 54_812_672, path: '/sys/fs/cgroup/memory/p/memory.stat', key: 'total_cache' },
      { sign: -1, value: 0, path: '/sys/fs/cgroup/memory/p/memory.stat', key: 'total_shmem' },
    ])
    expect(part(anatomy, 'kernel')?.from).toEqual([
      { sign: 1, value: 1_290_240, path: '/sys/fs/cgroup/memory/p/memory.kmem.usage_in_bytes' },
    ])
    expect(anatomy.residue).toMatchObject({ bytes: 49_152, verdict: 'within' })
    expect(anatomy.notes).toContain('kernel-kinds-v1')
    expect(anatomy.betweenSetAndRss?.parts).toEqual([
      { id: 'file-not-inactive', bytes: 48_041_984 },
      { id: 'kernel', bytes: 1_290_240 },
      { id: 'residue', bytes: 49_152 },
    ])
  })

  it('keeps tmpfs with the page cache where the kernel does not tell it (before 4.12)', () => {
    const anatomy = ofV1(10 * MIB, 0, totals({ cache: 8 * MIB, rss: 2 * MIB }), { release: '4.4.0' })
    expect(part(anatomy, 'file-and-shmem')?.bytes).toBe(8 * MIB)
    expect(part(anatomy, 'shmem')).toEqual({ id: 'shmem', within: 'file-and-shmem', from: [] })
  })

  it('says of 3.10 that kernel memory is not charged, instead of 0', () => {
    const el7 = { release: '3.10.0-957.el7.x86_64' }
    const stat = totals({ cache: MIB, rss: MIB })
    expect(ofV1(2 * MIB, 0, stat, el7).notes).toContain('kernel-not-accounted')
    expect(ofV1(3 * MIB, MIB, stat, el7).notes).toContain('kernel-kinds-v1')
  })

  describe('of v2 by era', () => {
    it('4.15: kinds without a sum; what is not told is in the residue', () => {
      const anatomy = ofV2(
        20 * MIB,
        { anon: 8 * MIB, file: 6 * MIB, kernel_stack: MIB, slab: 3 * MIB, sock: MIB, shmem: 0 },
        { release: '4.15.0', cpus: '0-1\n' },
      )
      holds(anatomy)
      expect(part(anatomy, 'kernel')?.bytes).toBe(4 * MIB)
      expect(part(anatomy, 'slab')?.bytes).toBe(3 * MIB)
      expect(part(anatomy, 'slab-unreclaimable')).toBeUndefined()
      expect(part(anatomy, 'pagetables')).toEqual({ id: 'pagetables', within: 'residue', from: [] })
      expect(part(anatomy, 'percpu')?.within).toBe('residue')
      expect(anatomy.residue).toMatchObject({
        bytes: MIB,
        verdict: 'above',
        why: ['kernel-kinds-not-told', 'read-apart'],
      })
    })

    it('5.18: the sum tells what none of the kinds does', () => {
      const anatomy = ofV2(20 * MIB, {
        anon: 8 * MIB,
        file: 6 * MIB,
        shmem: 2 * MIB,
        kernel: 5 * MIB,
        kernel_stack: MIB,
        pagetables: MIB,
        percpu: 0,
        sock: MIB,
        vmalloc: 0,
        slab_reclaimable: MIB,
        slab_unreclaimable: MIB,
        slab: 2 * MIB,
      })
      holds(anatomy)
      expect(part(anatomy, 'file')?.bytes).toBe(4 * MIB)
      expect(part(anatomy, 'kernel-other')?.bytes).toBe(MIB)
      expect(part(anatomy, 'sec-pagetables')?.within).toBe('kernel-other')
      expect(part(anatomy, 'sockets')?.bytes).toBe(MIB)
      expect(anatomy.residue?.bytes).toBe(0)
    })

    it('6.13: huge pages that the cgroup mount accounts are a part of usage', () => {
      const anatomy = ofV2(6 * MIB, { anon: 2 * MIB, file: 0, kernel: 0, hugetlb: 4 * MIB })
      expect(part(anatomy, 'hugetlb')?.bytes).toBe(4 * MIB)
      expect(anatomy.residue?.bytes).toBe(0)
    })
  })

  it('counts a page both mapped and in the swap cache once', () => {
    const anatomy = ofV2(10 * MIB, {
      anon: 6 * MIB,
      file: 7 * MIB,
      shmem: 0,
      swapcached: 4 * MIB,
      kernel: 0,
      inactive_anon: 5 * MIB,
      active_anon: 2 * MIB,
      inactive_file: 3 * MIB,
      active_file: 0,
      unevictable: 0,
    })
    holds(anatomy)
    expect(part(anatomy, 'file')?.bytes).toBe(3 * MIB)
    // 6 + 7 are counted, 10 lie on the lists: 3 of the swap cache are mapped
    expect(part(anatomy, 'swap-cache')?.bytes).toBe(MIB)
    expect(anatomy.residue?.bytes).toBe(0)
  })

  it('tells what is on the lists and is neither mapped nor page cache', () => {
    const anatomy = ofV2(64 * MIB, {
      anon: MIB,
      file: 0,
      shmem: 0,
      kernel: 0,
      inactive_anon: 0,
      active_anon: 64 * MIB,
      inactive_file: 0,
      active_file: 0,
      unevictable: 0,
    })
    expect(part(anatomy, 'unmapped')?.bytes).toBe(63 * MIB)
    expect(anatomy.residue?.verdict).toBe('within')
  })

  it('takes what removed children hold out of the other parts, on v1', () => {
    const at = 'sys/fs/cgroup/memory/p'
    const anatomy = ofV1(
      30 * MIB,
      2 * MIB,
      `cache 0\nrss 0\nshmem 0\ntotal_cache ${20 * MIB}\ntotal_rss ${6 * MIB}\ntotal_shmem ${12 * MIB}\n`,
      { cpus: '0-1\n' },
      {
        [`${at}/c/memory.usage_in_bytes`]: `${10 * MIB}\n`,
        [`${at}/c/memory.kmem.usage_in_bytes`]: `${MIB}\n`,
        [`${at}/c/memory.stat`]: totals({ cache: 4 * MIB, rss: 5 * MIB, shmem: MIB }),
      },
    )
    holds(anatomy)
    expect(part(anatomy, 'dead')?.bytes).toBe(17 * MIB)
    expect(part(anatomy, 'dead-shmem')).toEqual({
      id: 'dead-shmem',
      bytes: 11 * MIB,
      from: [
        { sign: 1, value: 12 * MIB, path: '/sys/fs/cgroup/memory/p/memory.stat', key: 'total_shmem' },
        { sign: -1, value: 0, path: '/sys/fs/cgroup/memory/p/memory.stat', key: 'shmem' },
        { sign: -1, value: MIB, path: '/sys/fs/cgroup/memory/p/*/memory.stat', key: 'total_shmem' },
      ],
    })
    expect([
      part(anatomy, 'anon')?.bytes,
      part(anatomy, 'file')?.bytes,
      part(anatomy, 'shmem')?.bytes,
    ]).toEqual([5 * MIB, 3 * MIB, MIB])
    expect(anatomy.children).toEqual({
      count: 1,
      largest: [{ path: '/p/c', name: '', bytes: 10 * MIB }],
      smaller: 0,
      rest: 20 * MIB,
      restKernel: MIB,
    })
  })

  it('judges the residue by the batch of the release, the CPUs, and the cgroups a CPU can charge for', () => {
    const stat = totals({ cache: 0, rss: 0 })
    const verdict = (bytes: number, node: Node) => ofV1(bytes, 0, stat, node).residue
    // 32 pages on each of 4 CPUs; 4.4 sums up its statistics
    const old = { release: '4.4.0', cpus: '0-3\n' }
    expect(verdict(512 * KIB, old)).toMatchObject({ verdict: 'within', error: { stocks: 512 * KIB, lag: 0 } })
    expect(verdict(516 * KIB, old)?.verdict).toBe('above')
    const newer = { release: '6.18.44', cpus: '0-3\n' }
    expect(verdict(516 * KIB, newer)?.error).toMatchObject({ stocks: MIB, batchPages: 64, cpus: 4, slots: 1 })
    expect(verdict(4 * MIB, newer)?.verdict).toBe('above')
    expect(verdict(4 * MIB, { release: '6.18.44' })).toEqual({
      bytes: 4 * MIB,
      verdict: 'unknown',
      why: ['cpus-not-known'],
    })
    const below = ofV1(0, 0, totals({ cache: 40 * MIB, rss: 0 }), newer).residue
    expect(below).toMatchObject({ bytes: -40 * MIB, verdict: 'below' })
  })

  it('names the kernels that count slab of removed cgroups twice where the parts are too much', () => {
    const stat = {
      anon: MIB,
      file: 0,
      anon_thp: 0,
      slab: 90 * MIB,
      slab_reclaimable: 80 * MIB,
      slab_unreclaimable: 10 * MIB,
    }
    const why = (release: string) => ofV2(40 * MIB, stat, { cpus: '0-1\n', release }).residue
    expect(why('5.4.10')).toMatchObject({
      bytes: -51 * MIB,
      verdict: 'below',
      why: ['slab-twice', 'read-apart'],
    })
    expect(why('5.4.14')?.why).toEqual(['read-apart'])
    expect(why('5.8.0')?.why).toEqual(['read-apart'])
    // a copy that says neither what kernel nor how many CPUs
    expect(ofV2(40 * MIB, stat, {}).residue).toMatchObject({
      verdict: 'unknown',
      why: ['cpus-not-known', 'slab-twice'],
    })
  })

  it('lets a CPU charge for seven cgroups at once from 6.16 on, if there are as many below', () => {
    const at = 'sys/fs/cgroup/memory/p'
    const children = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          [`${at}/c${index}/memory.usage_in_bytes`, '0\n'],
          [`${at}/c${index}/memory.stat`, totals({ cache: 0, rss: 0 })],
        ]).flat(),
      )
    const slots = (count: number, release: string) =>
      ofV1(0, 0, totals({ cache: 0, rss: 0 }), { release, cpus: '0\n' }, children(count)).residue?.error
        ?.slots
    expect([slots(0, '6.18.44'), slots(3, '6.18.44'), slots(20, '6.18.44'), slots(20, '6.12.1')]).toEqual([
      1, 4, 7, 1,
    ])
  })

  it('has no usage on the root of v2, nor where the controller is off, and says why', () => {
    const about = caseOf('v2', {
      'sys/fs/cgroup/cgroup.controllers': 'memory\n',
      'sys/fs/cgroup/memory.stat': 'anon 4096\nfile 8192\n',
      'sys/fs/cgroup/a/memory.current': '4096\n',
      'sys/fs/cgroup/a/memory.stat': 'anon 4096\nfile 0\n',
      'sys/fs/cgroup/a/b/cgroup.controllers': 'cpu\n',
      'sys/fs/cgroup/u/memory.stat': 'anon 4096\nfile 0\n',
    })
    expect(anatomyAt(about, '/')).toMatchObject({ noUsage: 'root' })
    expect(anatomyAt(about, '/').residue).toBeUndefined()
    expect(part(anatomyAt(about, '/'), 'anon')?.bytes).toBe(4096)
    expect(anatomyAt(about, '/a/b')).toMatchObject({ noUsage: 'uncontrolled', countedAt: '/a', parts: [] })
  })

  it('does not take the unread for nothing', () => {
    const at = 'sys/fs/cgroup/memory'
    const about = caseOf(
      'v1',
      {
        [`${at}/memory.usage_in_bytes`]: '0\n',
        [`${at}/p/memory.usage_in_bytes`]: '4096\n',
        [`${at}/q/memory.stat`]: totals({ cache: 4096, rss: 0 }),
      },
      {},
      'directory',
    )
    const p = anatomyAt(about, '/p')
    expect(p.parts).toEqual([])
    expect(p.residue).toBeUndefined()
    expect(p.metrics.find(({ id }) => id === 'rss')).toEqual({ id: 'rss', from: [] })
    expect(p.order.map(({ holds: does, why }) => [does, why])).toEqual([
      [undefined, 'not-read'],
      [undefined, 'not-read'],
      [undefined, 'not-read'],
    ])
    expect(anatomyAt(about, '/q')).toMatchObject({ noUsage: 'not-read' })
    expect(part(anatomyAt(about, '/q'), 'kernel')).toEqual({ id: 'kernel', within: 'residue', from: [] })
  })
})

describe('the order max_usage ≥ usage ≥ working_set ≥ rss', () => {
  const lists = { inactive_anon: 0, active_anon: 0, inactive_file: 0, active_file: 0, unevictable: 0 }

  it('fails at rss where memory was given back with MADV_FREE', () => {
    const anatomy = ofV1(
      66 * MIB,
      MIB,
      totals({ ...lists, cache: MIB, rss: 64 * MIB, shmem: 0, inactive_file: 65 * MIB }),
    )
    expect(anatomy.order[2]).toEqual({
      upper: 'workingSet',
      lower: 'rss',
      holds: false,
      difference: -63 * MIB,
      why: 'lazily-freed',
    })
    expect(part(anatomy, 'anon')?.of).toMatchObject([{ id: 'lazily-freed', bytes: 64 * MIB }])
    expect(anatomy.betweenSetAndRss?.parts[0]).toEqual({ id: 'file-not-inactive', bytes: -64 * MIB })
  })

  it('fails at rss for other reasons without lazily freed memory', () => {
    const failing = (rss: number) =>
      ofV1(rss - 4096, 0, totals({ ...lists, cache: 0, rss, shmem: 0, inactive_anon: rss }), {
        release: '6.18.44',
        cpus: '0-1\n',
      }).order[2]
    expect(failing(8 * MIB)?.why).toBe('statistics-late')
    const far = ofV1(MIB, 0, totals({ ...lists, cache: 0, rss: 80 * MIB, shmem: 0, inactive_anon: 80 * MIB }))
    expect(far.order[2]?.why).toBe('counter-too-low')
  })

  it('holds on a dashboard only where there is a peak', () => {
    const anatomy = ofV2(MIB, { anon: MIB, file: 0, inactive_file: 0 })
    expect(anatomy.order[0]).toEqual({ upper: 'maxUsage', lower: 'usage', why: 'no-peak-file' })
    expect(anatomy.order[2]).toMatchObject({ holds: true, difference: 0 })
    const peak = ofV2(
      MIB,
      { anon: MIB, file: 0, inactive_file: 0 },
      {},
      {
        'sys/fs/cgroup/p/memory.peak': `${2 * MIB}\n`,
      },
    )
    expect(peak.order[0]).toMatchObject({ holds: true, difference: MIB })
  })

  it('does not say that there is no peak where a copy only lacks it', () => {
    const files = {
      'sys/fs/cgroup/cgroup.controllers': 'memory\n',
      'sys/fs/cgroup/p/memory.current': '8192\n',
      'sys/fs/cgroup/p/memory.stat': 'anon 4096\nfile 0\ninactive_file 0\n',
    }
    const copied = (release: string) => anatomyAt(caseOf('v2', files, { release }, 'directory'), '/p')
    const peak = ({ order, metrics }: Anatomy) => [
      order[0]?.why,
      metrics.find(({ id }) => id === 'maxUsage')?.value,
    ]
    expect(peak(copied('6.1.0-18-amd64'))).toEqual(['not-read', undefined])
    expect(peak(copied('5.10.0-20-amd64'))).toEqual(['no-peak-file', 0])
    expect(copied('5.10.0-20-amd64').metrics.find(({ id }) => id === 'swap')).toEqual({
      id: 'swap',
      from: [],
    })
  })

  it('says that 0 is exported for swap where the kernel does not account it', () => {
    const swap = ofV1(MIB, 0, totals({ cache: 0, rss: MIB })).metrics.find(({ id }) => id === 'swap')
    expect(swap).toEqual({ id: 'swap', value: 0, exportedZero: true, from: [] })
  })

  it('does not compare the root’s peak of v1 with its usage', () => {
    const at = 'sys/fs/cgroup/memory'
    const about = caseOf('v1', {
      [`${at}/memory.usage_in_bytes`]: `${8 * MIB}\n`,
      [`${at}/memory.max_usage_in_bytes`]: `${MIB}\n`,
      [`${at}/memory.stat`]: totals({ ...lists, cache: 6 * MIB, rss: 2 * MIB, shmem: 0 }),
    })
    const anatomy = anatomyAt(about, '/')
    expect(anatomy.order[0]).toMatchObject({ holds: false, why: 'root-counted-otherwise' })
    expect(anatomy.notes).toContain('root-without-kernel')
    expect(anatomy.residue?.bytes).toBe(0)
  })
})
