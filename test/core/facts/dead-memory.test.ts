import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { deadMemory } from '../../../src/core/facts/dead-memory.ts'
import { latest } from '../../../src/core/facts/kernel.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'

const V1 = '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n'
const V2 = '41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
const CPUS = { 'sys/devices/system/cpu/possible': '0-1\n' }

function caseOf(files: Readonly<Record<string, string>>) {
  return collect(
    memoryTree(files, { links: { 'proc/self/ns/cgroup': 'cgroup:[4026531835]' }, origin: 'live' }),
    { at: 0 },
  )
}

/** What its dead children hold, without the quotes. */
function dead(about: ReturnType<typeof caseOf>, path: string) {
  const memcg = latest(about)?.memcg?.memcgs.find(one => one.path === path)
  if (memcg === undefined) throw new Error(`no ${path}`)
  const found = deadMemory(about, memcg)
  if (found === undefined) return undefined
  const { evidence, ...numbers } = found
  return numbers
}

/** The parent and its live child as the lab had them on 6.18: 16830464 − 8417280 = 8413184 bytes, 2054 pages. */
const files = {
  ...CPUS,
  'proc/self/mountinfo': V1,
  'sys/fs/cgroup/memory/memory.usage_in_bytes': '0\n',
  'sys/fs/cgroup/memory/memory.kmem.usage_in_bytes': '9000000\n',
  'sys/fs/cgroup/memory/memory.stat': 'cache 5\nrss 0\ntotal_cache 16830469\ntotal_rss 4096\n',
  'sys/fs/cgroup/memory/p/memory.usage_in_bytes': '37797888\n',
  'sys/fs/cgroup/memory/p/memory.kmem.usage_in_bytes': '9000000\n',
  'sys/fs/cgroup/memory/p/memory.stat':
    'cache 0\nrss 0\nshmem 0\nswap 0\ntotal_cache 16830464\ntotal_rss 4096\ntotal_shmem 8192\ntotal_swap 0\n',
  'sys/fs/cgroup/memory/p/live/memory.usage_in_bytes': '8500000\n',
  'sys/fs/cgroup/memory/p/live/memory.kmem.usage_in_bytes': '400000\n',
  'sys/fs/cgroup/memory/p/live/memory.stat':
    'cache 8417280\nrss 4096\nshmem 0\nswap 0\ntotal_cache 8417280\ntotal_rss 4096\ntotal_shmem 0\ntotal_swap 0\n',
}

describe('what removed children hold, v1', () => {
  it('is the total without what it and its live children have', () => {
    expect(dead(caseOf(files), '/p')).toEqual({
      cache: 8413184,
      rss: 0,
      shmem: 8192,
      swap: 0,
      bytes: 8413184,
      kernel: 8600000,
      error: 2 * 64 * 4096,
    })
    expect(dead(caseOf(files), '/p/live')).toMatchObject({ bytes: 0, kernel: 400000 })
  })

  it('quotes what it was made of, as it stands in the files', () => {
    const about = caseOf(files)
    const memcg = latest(about)?.memcg?.memcgs.find(({ path }) => path === '/p')
    if (memcg === undefined) throw new Error('no /p')
    expect(
      deadMemory(about, memcg)?.evidence.map(one =>
        one.kind === 'reading' ? [one.path, one.key, one.value] : [],
      ),
    ).toEqual([
      ['/sys/fs/cgroup/memory/p/memory.stat', 'total_cache', 16830464],
      ['/sys/fs/cgroup/memory/p/memory.stat', 'cache', 0],
      ['/sys/fs/cgroup/memory/p/live/memory.stat', 'total_cache', 8417280],
    ])
  })

  it('is not known without the statistics of a live child', () => {
    const { 'sys/fs/cgroup/memory/p/live/memory.stat': _, ...rest } = files
    expect(dead(caseOf(rest), '/p')).toBeUndefined()
  })

  it('is not known where totals do not reach below (use_hierarchy 0)', () => {
    const flat = {
      ...files,
      'sys/fs/cgroup/memory/p/memory.stat': 'cache 10\nrss 20\ntotal_cache 10\ntotal_rss 20\n',
    }
    expect(dead(caseOf(flat), '/p')).toBeUndefined()
  })

  it('is nothing where the children grew between two reads', () => {
    const grown = {
      ...files,
      'sys/fs/cgroup/memory/p/memory.stat': 'cache 1\nrss 0\ntotal_cache 8417000\ntotal_rss 4096\n',
    }
    expect(dead(caseOf(grown), '/p')).toMatchObject({ cache: 0, rss: 0, bytes: 0 })
  })
})

describe('what removed children hold, v2', () => {
  const at = 'sys/fs/cgroup/kubepods.slice'
  const v2 = {
    ...CPUS,
    'proc/self/mountinfo': V2,
    'sys/fs/cgroup/cgroup.controllers': 'memory\n',
    'sys/fs/cgroup/cgroup.stat': 'nr_descendants 2\nnr_dying_descendants 8\n',
    'sys/fs/cgroup/memory.stat': 'anon 30\nfile 900\nshmem 0\nkernel 50\n',
    [`${at}/cgroup.stat`]: 'nr_descendants 1\nnr_dying_descendants 7\n',
    [`${at}/cgroup.events`]: 'populated 1\nfrozen 0\n',
    [`${at}/cgroup.procs`]: '',
    [`${at}/memory.current`]: '1000\n',
    [`${at}/memory.stat`]: 'anon 20\nfile 800\nshmem 100\nkernel 40\n',
    [`${at}/pod/cgroup.stat`]: 'nr_descendants 0\nnr_dying_descendants 0\n',
    [`${at}/pod/cgroup.events`]: 'populated 1\nfrozen 0\n',
    [`${at}/pod/memory.current`]: '300\n',
    [`${at}/pod/memory.stat`]: 'anon 20\nfile 200\nshmem 0\nkernel 10\n',
  }

  it('is what its live children do not have, for one that hands the controller down', () => {
    expect(dead(caseOf(v2), '/kubepods.slice')).toEqual({
      cache: 600,
      rss: 0,
      shmem: 100,
      bytes: 600,
      kernel: 30,
      count: 7,
      error: 2 * 64 * 4096,
    })
  })

  it('says that the root’s own may be in it', () => {
    expect(dead(caseOf(v2), '/')).toMatchObject({ cache: 100, withOwn: true, count: 1 })
  })

  it('is nothing, without error, where the kernel counts none', () => {
    expect(dead(caseOf(v2), '/kubepods.slice/pod')).toEqual({
      cache: 0,
      rss: 0,
      shmem: 0,
      bytes: 0,
      count: 0,
      error: 0,
    })
  })

  it('is not known of a leaf that has removed children and pages of its own', () => {
    const leaf = {
      ...v2,
      [`${at}/pod/cgroup.stat`]: 'nr_descendants 0\nnr_dying_descendants 2\n',
    }
    expect(dead(caseOf(leaf), '/kubepods.slice/pod')).toBeUndefined()
  })
})
