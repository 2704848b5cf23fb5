import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/core/case/case.ts'
import type { MemoryRow } from '../../../src/core/case/memory.ts'
import { collect } from '../../../src/core/collect.ts'
import { findCgroup, findMemcg } from '../../../src/core/facts/find-memcg.ts'
import { memoryTable, sortedRows } from '../../../src/core/facts/memory-table.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { CONTAINER, type Files, MEMINFO, MIB, POD, v1Cgroup, v1Node, v2Cgroup, v2Node } from '../node.ts'

const V1 = '5.4.0-99-generic'
const V2 = '6.8.0-40-generic'
const GIB = 1024 * MIB

function caseOf(files: Files): Case {
  return collect(memoryTree(files, { origin: 'directory' }), { at: Date.UTC(2026, 0, 1) })
}

function rowOf(files: Files, cgroup: string): MemoryRow {
  const row = memoryTable(caseOf(files), { all: true })?.rows.find(one => one.cgroup === `/${cgroup}`)
  if (row === undefined) throw new Error(`no row of ${cgroup}`)
  return row
}

const stat2 = (keys: Readonly<Record<string, number>>): string =>
  Object.entries({ anon: 0, file: 0, kernel: 0, inactive_file: 0, active_file: 0, ...keys })
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')

const meminfo = (over: Readonly<Record<string, number>>): string =>
  MEMINFO +
  Object.entries(over)
    .map(([key, bytes]) => `${key}: ${bytes / 1024} kB\n`)
    .join('')

/** A pod of v2 with a container, in kubepods, on a node of 16 GiB of which 12 are available. */
function node2(container: Files, pod: Files, over: Files = {}): Files {
  return v2Node(V2, {
    ...v2Cgroup('kubepods', { usage: 2 * GIB, stat: stat2({}) }),
    ...v2Cgroup('kubepods/burstable', { usage: 2 * GIB, stat: stat2({}) }),
    ...pod,
    ...container,
    'proc/meminfo': meminfo({ MemAvailable: 12 * GIB, SwapFree: 0 }),
    'sys/fs/cgroup/memory.stat': stat2({ anon: 2 * GIB, file: 1 * GIB, inactive_file: 0.5 * GIB }),
    ...over,
  })
}

const container2 = (limit: number | undefined, usage: number, stat = stat2({}), files: Files = {}): Files =>
  v2Cgroup(CONTAINER, { usage, stat, files, ...(limit === undefined ? {} : { limit }) })
const pod2 = (limit: number | undefined, usage: number, stat = stat2({}), files: Files = {}): Files =>
  v2Cgroup(POD, { usage, stat, files, ...(limit === undefined ? {} : { limit }) })

describe('what hits a container first', () => {
  it('is its own limit, or its pod’s where that is nearer', () => {
    const own = rowOf(node2(container2(100 * MIB, 60 * MIB), pod2(300 * MIB, 60 * MIB)), CONTAINER)
    expect(own.firstToHit).toMatchObject({
      kind: 'limit',
      owner: 'own',
      path: `/${CONTAINER}`,
      effect: 'oom-kill',
      headroom: 40 * MIB,
      distance: 40 * MIB,
    })
    const pods = rowOf(node2(container2(100 * MIB, 60 * MIB), pod2(110 * MIB, 90 * MIB)), CONTAINER)
    expect(pods.firstToHit).toMatchObject({ owner: 'pod', path: `/${POD}`, distance: 20 * MIB })
  })

  it('is reckoned with what reclaim takes first: clean page cache and reclaimable slab, not what is dirty', () => {
    const stat = stat2({
      file: 50 * MIB,
      inactive_file: 30 * MIB,
      active_file: 20 * MIB,
      file_dirty: 8 * MIB,
      file_writeback: 2 * MIB,
      slab_reclaimable: 5 * MIB,
    })
    const { firstToHit } = rowOf(
      node2(container2(100 * MIB, 90 * MIB, stat), pod2(undefined, 90 * MIB)),
      CONTAINER,
    )
    expect(firstToHit).toMatchObject({ headroom: 10 * MIB, reclaimable: 45 * MIB, distance: 55 * MIB })
    expect(firstToHit?.atLeast).toBeUndefined()
  })

  it('is memory.high where it is nearer: it slows down and kills nobody', () => {
    const high = { 'memory.high': `${80 * MIB}\n` }
    const row = rowOf(
      node2(container2(100 * MIB, 60 * MIB, stat2({}), high), pod2(undefined, 60 * MIB)),
      CONTAINER,
    )
    expect(row.candidates.slice(0, 2)).toMatchObject([
      { kind: 'high', effect: 'slow-down', distance: 20 * MIB },
      { kind: 'limit', effect: 'oom-kill', distance: 40 * MIB },
    ])
  })

  it('counts swap only as far as the node and the cgroup’s own limit on it have room', () => {
    const stat = stat2({ anon: 80 * MIB, inactive_anon: 50 * MIB, active_anon: 30 * MIB })
    const swap = { 'memory.swap.max': `${25 * MIB}\n`, 'memory.swap.current': `${5 * MIB}\n` }
    const at = (free: number) =>
      rowOf(
        node2(container2(100 * MIB, 90 * MIB, stat, swap), pod2(undefined, 90 * MIB), {
          'proc/meminfo': meminfo({ MemAvailable: 12 * GIB, SwapFree: free }),
        }),
        CONTAINER,
      ).firstToHit?.reclaimable
    expect(at(0)).toBe(0)
    expect(at(10 * MIB)).toBe(10 * MIB)
    expect(at(GIB)).toBe(20 * MIB)
  })

  it('is eviction where no limit is set: the kubelet’s view of the node, by its default threshold', () => {
    const { firstToHit, candidates } = rowOf(
      node2(container2(undefined, MIB), pod2(undefined, MIB)),
      CONTAINER,
    )
    // anon + file − inactive_file of the root
    const available = 16 * GIB - 2.5 * GIB
    expect(candidates.find(({ kind }) => kind === 'eviction')).toMatchObject({
      owner: 'node',
      signal: 'memory.available',
      effect: 'evict',
      byDefault: true,
      usage: 2.5 * GIB,
      distance: available - 100 * MIB,
    })
    expect(firstToHit).toMatchObject({ kind: 'node', effect: 'node-oom-kill', distance: 12 * GIB })
  })

  it('is eviction of all pods together where their working set is near the limit of kubepods', () => {
    const kubepods = v2Cgroup('kubepods', {
      usage: 7.5 * GIB,
      limit: 8 * GIB,
      stat: stat2({ inactive_file: 100 * MIB, file: GIB }),
    })
    const { firstToHit } = rowOf(node2(container2(undefined, MIB), pod2(undefined, MIB), kubepods), CONTAINER)
    expect(firstToHit).toMatchObject({
      signal: 'allocatableMemory.available',
      owner: 'kubepods',
      path: '/kubepods',
    })
    expect(firstToHit?.distance).toBe(0.5 * GIB)
  })

  it('is no eviction for what is no pod, nor where there is no kubelet', () => {
    const bare = v2Node(V2, {
      ...v2Cgroup('system.slice', { usage: MIB, stat: stat2({}) }),
      'proc/meminfo': meminfo({ MemAvailable: 12 * GIB }),
    })
    expect(rowOf(bare, 'system.slice').candidates.map(({ kind }) => kind)).toEqual(['node'])
    const beside = node2(
      container2(undefined, MIB),
      pod2(undefined, MIB),
      v2Cgroup('system.slice', { usage: MIB }),
    )
    expect(rowOf(beside, 'system.slice').candidates.map(({ kind }) => kind)).toEqual(['node'])
  })

  it('is not certain where a limit could not be read', () => {
    const files = node2(container2(100 * MIB, 60 * MIB), pod2(200 * MIB, 60 * MIB))
    const without = Object.fromEntries(
      Object.entries(files).filter(([path]) => path !== `sys/fs/cgroup/${POD}/memory.max`),
    )
    expect(rowOf(files, CONTAINER).unread).toEqual([])
    expect(rowOf(without, CONTAINER).unread).toEqual([`/sys/fs/cgroup/${POD}/memory.max`])
  })
})

describe('on v1', () => {
  const stat1 = (keys: Readonly<Record<string, number>>): string =>
    Object.entries({ total_inactive_file: 0, total_active_file: 0, ...keys })
      .map(([key, value]) => `${key} ${value}\n`)
      .join('')
  const node1 = (container: Files, pod: Files = {}): Files =>
    v1Node(V1, {
      ...v1Cgroup('kubepods', { files: { 'memory.stat': stat1({}) } }),
      ...v1Cgroup(POD, { files: { 'memory.stat': stat1({}), ...pod } }),
      ...v1Cgroup(CONTAINER, {
        limit: 100 * MIB,
        usage: 60 * MIB,
        files: { 'memory.stat': stat1({}), ...container },
      }),
    })

  it('memory and swap together can be the nearer limit, and swapping out does not help there', () => {
    const { candidates } = rowOf(
      node1({
        'memory.memsw.limit_in_bytes': `${100 * MIB}\n`,
        'memory.memsw.usage_in_bytes': `${95 * MIB}\n`,
        'memory.stat': stat1({ total_inactive_anon: 40 * MIB, hierarchical_memsw_limit: 100 * MIB }),
      }),
      CONTAINER,
    )
    expect(candidates[0]).toMatchObject({ kind: 'memsw', distance: 5 * MIB, reclaimable: 0, atLeast: true })
  })

  it('the limit on kernel memory makes calls fail and kills nobody', () => {
    const { candidates } = rowOf(
      node1({
        'memory.kmem.limit_in_bytes': `${20 * MIB}\n`,
        'memory.kmem.usage_in_bytes': `${18 * MIB}\n`,
      }),
      CONTAINER,
    )
    expect(candidates[0]).toMatchObject({ kind: 'kmem', effect: 'enomem', distance: 2 * MIB })
  })

  it('whoever asks waits where the OOM killer is off', () => {
    const { firstToHit } = rowOf(
      node1({ 'memory.oom_control': 'oom_kill_disable 1\nunder_oom 0\noom_kill 0\n' }),
      CONTAINER,
    )
    expect(firstToHit?.effect).toBe('stall')
  })

  it('a limit above counts only where the kernel says that it does', () => {
    const pod = { 'memory.limit_in_bytes': `${70 * MIB}\n`, 'memory.usage_in_bytes': `${60 * MIB}\n` }
    const told = (limit: number) =>
      rowOf(node1({ 'memory.stat': stat1({ hierarchical_memory_limit: limit }) }, pod), CONTAINER)
    expect(told(70 * MIB).firstToHit).toMatchObject({ owner: 'pod', distance: 10 * MIB })
    // use_hierarchy 0
    expect(told(100 * MIB).firstToHit).toMatchObject({ owner: 'own', distance: 40 * MIB })
  })
})

describe('the table', () => {
  const files = node2(
    container2(
      100 * MIB,
      60 * MIB,
      stat2({ anon: 40 * MIB, inactive_file: 5 * MIB, file: 5 * MIB, shmem: MIB }),
    ),
    pod2(300 * MIB, 61 * MIB),
    v2Cgroup('system.slice', { usage: 400 * MIB }),
  )

  it('has each pod before its containers, with the numbers of dashboards', () => {
    const table = memoryTable(caseOf(files))
    expect(table).toMatchObject({ pods: true, others: 'none', version: 'v2' })
    const rows = sortedRows(table?.rows ?? [], 'usage')
    expect(rows.map(({ kind }) => kind)).toEqual(['pod', 'container'])
    expect(rows[1]).toMatchObject({
      qos: 'burstable',
      usage: 60 * MIB,
      workingSet: 55 * MIB,
      rss: 40 * MIB,
      cache: 5 * MIB,
      shmem: MIB,
      limit: 100 * MIB,
      headroom: 40 * MIB,
    })
  })

  it('has other cgroups where they are asked for, and those at the top where there is no pod', () => {
    expect(memoryTable(caseOf(files), { all: true })?.rows.map(({ cgroup }) => cgroup)).toContain(
      '/system.slice',
    )
    const bare = v2Node(V2, {
      ...v2Cgroup('system.slice', { usage: MIB }),
      ...v2Cgroup('system.slice/kubelet.service', { usage: MIB }),
    })
    const table = memoryTable(caseOf(bare))
    expect(table).toMatchObject({ pods: false, others: 'top' })
    expect(table?.rows.map(({ cgroup }) => cgroup)).toEqual(['/system.slice'])
  })

  it('sorts pods by what is nearest or largest in them, with what is not known last', () => {
    const row = (podUid: string, usage: number | undefined, distance: number): MemoryRow =>
      ({
        kind: 'pod',
        cgroup: `/${podUid}`,
        dir: '',
        podUid,
        unread: [],
        candidates: [],
        firstToHit: { distance },
        ...(usage === undefined ? {} : { usage }),
      }) as unknown as MemoryRow
    const rows = [row('a', undefined, 1), row('b', 5, 3), row('c', 9, 2)]
    const order = (by: 'usage' | 'first' | 'name') => sortedRows(rows, by).map(({ podUid }) => podUid)
    expect(order('usage')).toEqual(['c', 'b', 'a'])
    expect(order('first')).toEqual(['a', 'c', 'b'])
    expect(order('name')).toEqual(['a', 'b', 'c'])
  })
})

describe('what somebody means', () => {
  const about: Case = {
    ...caseOf(node2(container2(undefined, MIB), pod2(undefined, MIB))),
    pods: {
      pods: new Map([
        [
          '20edac81-191c-4bc6-b85f-e23a65bc7931',
          {
            uid: '20edac81-191c-4bc6-b85f-e23a65bc7931',
            namespace: 'shop',
            name: 'web-7d9f-x2x',
            path: '/p',
          },
        ],
      ]),
      containers: new Map([[CONTAINER.slice(-64), { id: CONTAINER.slice(-64), name: 'app', path: '/c' }]]),
    },
  }
  const meant = (word: string) => findMemcg(about, word).found.map(({ memcg }) => memcg.path)

  it.each([
    ['web-7d9f-x2x', POD],
    ['shop/web-7d9f-x2x', POD],
    ['20edac81-191c-4bc6-b85f-e23a65bc7931', POD],
    ['20edac81', POD],
    ['web', POD],
    ['shop/web', POD],
    ['app', CONTAINER],
    ['web-7d9f-x2x/app', CONTAINER],
    ['shop/web-7d9f-x2x/app', CONTAINER],
    ['4ec8cbf8c9a1', CONTAINER],
  ])('%s', (word, path) => {
    expect(meant(word)).toEqual([`/${path}`])
  })

  it.each(['', 'ap', '20ed', 'shop/app', 'undefined/undefined', '__proto__'])('%j is nobody', word => {
    expect(meant(word)).toEqual([])
    expect(findMemcg(about, word).names).toContain('app')
  })

  it('is a cgroup by any of its paths', () => {
    for (const path of [POD, `/${POD}`, `/${POD}/`, `/sys/fs/cgroup/${POD}`])
      expect(findCgroup(about, path)?.path).toBe(`/${POD}`)
    expect(findCgroup(about, '/')?.path).toBe('/')
    expect(findCgroup(about, '/sys/fs/cgroup')?.path).toBe('/')
    expect(findCgroup(about, '../etc')).toBeUndefined()
  })
})
