// Numbers that mislead: what fires, from where on, and what ordinary nodes keep quiet about.

import { describe, expect, it } from 'vitest'
import type { Report } from '../../../src/core/case/report.ts'
import {
  CONTAINER,
  type Files,
  judge,
  MIB,
  of,
  POD,
  reasons,
  v1Cgroup,
  v1Node,
  v2Cgroup,
  v2Node,
} from '../node.ts'

const GIB = 1024 * MIB

const V2 = '6.8.0'
const V1 = '5.4.0-99-generic'

const stat = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')

/** A container of v2 with what of its usage is of which kind, in MiB. */
const v2 = (
  mib: Readonly<Record<string, number>>,
  { usage = 900, limit = 1000 as number | 'none' } = {},
): Files =>
  v2Cgroup(CONTAINER, {
    usage: usage * MIB,
    ...(limit === 'none' ? {} : { limit: limit * MIB }),
    stat: stat({
      anon: 0,
      file: 0,
      kernel: 0,
      inactive_file: 0,
      active_file: 0,
      ...Object.fromEntries(Object.entries(mib).map(([key, value]) => [key, value * MIB])),
    }),
  })

/** The same of v1. */
const v1 = (mib: Readonly<Record<string, number>>, { usage = 900, limit = 1000, kmem = 0 } = {}): Files =>
  v1Cgroup(CONTAINER, {
    usage: usage * MIB,
    limit: limit * MIB,
    kmem: kmem * MIB,
    files: {
      'memory.stat': stat({
        cache: 0,
        rss: 0,
        total_cache: 0,
        total_rss: 0,
        total_inactive_file: 0,
        ...Object.fromEntries(Object.entries(mib).map(([key, value]) => [key, value * MIB])),
      }),
    },
  })

const meminfo = (mib: Readonly<Record<string, number>>): Files => ({
  'proc/meminfo': Object.entries({
    MemTotal: 16_384,
    MemFree: 8000,
    MemAvailable: 12_000,
    SReclaimable: 100,
    SUnreclaim: 300,
    PageTables: 20,
    ...mib,
  })
    .map(([key, value]) => `${key}: ${value * 1024} kB\n`)
    .join(''),
})

const tcp = (pages: number): Files => ({
  'proc/net/sockstat': `sockets: used 412\nTCP: inuse 38 orphan 0 tw 21 alloc 187 mem ${pages}\nUDP: inuse 6 mem 3\n`,
  'proc/sys/net/ipv4/tcp_mem': '100\t200\t300\n',
})

const ROOT: Files = {
  'sys/fs/cgroup/memory.stat': stat({ anon: 2 * GIB, file: 2 * GIB, inactive_file: GIB, active_file: GIB }),
}

/** Everything these judgements read, of a node that is well. */
const WELL_V2: Files = { ...meminfo({}), ...tcp(10), ...ROOT }
const WELL_V1: Files = {
  ...meminfo({}),
  ...tcp(10),
  'sys/fs/cgroup/memory/memory.usage_in_bytes': `${4 * GIB}\n`,
  'sys/fs/cgroup/memory/memory.stat': stat({ total_inactive_file: GIB, total_active_file: GIB }),
}

const onV2 = (files: Files, release = V2): Report => judge(v2Node(release, { ...WELL_V2, ...files }))
const onV1 = (files: Files, release = V1): Report => judge(v1Node(release, { ...WELL_V1, ...files }))

const TRAPS = [
  'bpf-memory',
  'node-working-set-blind',
  'page-cache-in-working-set',
  'page-table-memory',
  'reclaimable-slab-in-working-set',
  'slow-memory-stat',
  'socket-memory',
  'tmpfs-outlives-container',
  'transparent-huge-pages',
] as const

describe('a node that is well', () => {
  const ordinary = {
    anon: 300,
    file: 200,
    active_file: 60,
    inactive_file: 140,
    kernel: 20,
    pagetables: 2,
    sock: 1,
  }
  it('has none of them, and everything was looked at', () => {
    for (const report of [onV2(v2(ordinary, { usage: 520 })), onV1(v1({ total_rss: 300 }, { usage: 520 }))]) {
      for (const id of TRAPS) {
        expect(reasons(report, id), id).toEqual([])
        expect(report.verdicts[id], id).toBe('absent')
      }
    }
  })

  it('near its limit by its own memory is another matter', () => {
    const report = onV2(v2({ ...ordinary, anon: 850, file: 10, active_file: 5, inactive_file: 5 }))
    for (const id of TRAPS) expect(report.verdicts[id], id).toBe('absent')
  })

  it('without pods has no kubelet that could mislead', () => {
    const report = onV1({ ...v1Cgroup('system.slice/a.service'), ...meminfo({ MemAvailable: 200 }) })
    expect(report.verdicts['node-working-set-blind']).toBe('absent')
  })

  it('is not called well where memory.stat, a limit or the whole tree is missing', () => {
    const without = (file: string): Report => {
      const files = { ...v2Node(V2, WELL_V2), ...v2({ anon: 300 }) }
      return judge(
        Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith(`${CONTAINER}/${file}`))),
      )
    }
    for (const id of [
      'bpf-memory',
      'page-cache-in-working-set',
      'transparent-huge-pages',
      'socket-memory',
    ] as const) {
      expect(reasons(without('memory.stat'), id), id).toContain('memory-stat-not-read')
      expect(reasons(without('memory.max'), id), id).toContain('limit-not-read')
    }
    const bare = Object.fromEntries(
      Object.entries(v2Node(V2, WELL_V2)).filter(([path]) => !path.startsWith('sys/fs/cgroup')),
    )
    for (const id of TRAPS) expect(judge(bare).verdicts[id], id).toBe('unknown')
  })
})

describe('page-cache-in-working-set', () => {
  const found = (report: Report) => of(report, 'page-cache-in-working-set')

  it.each([
    // working set 800 of 1000 is where worry begins, half of it cache is most of it
    [{ anon: 400, active_file: 400 }, 800, 'info'],
    [{ anon: 400, active_file: 400 }, 799, undefined],
    [{ anon: 401, active_file: 399 }, 800, undefined],
    // inactive pages are in no working set, dirty ones must be written first
    [{ active_file: 500, inactive_file: 400 }, 900, undefined],
    [{ active_file: 500, file_dirty: 200 }, 850, undefined],
  ])('%o of a usage of %i MiB: %s', (kinds, usage, severity) => {
    expect(found(onV2(v2(kinds, { usage })))[0]?.severity).toBe(severity)
  })

  it('reads the totals of v1', () => {
    expect(found(onV1(v1({ total_active_file: 600 })))[0]).toMatchObject({
      severity: 'info',
      subject: { kind: 'memcg', path: `/${CONTAINER}` },
      values: { cache: 600 * MIB, workingSet: 900 * MIB, limit: 1000 * MIB },
      remedies: [],
      defects: [{ id: 'K-23', status: 'affected', why: 'by-design' }],
    })
    expect(found(onV1(v1({ active_file: 600 })))).toEqual([])
  })

  it('is one finding of many containers', () => {
    const others = ['a', 'b', 'c'].flatMap(letter =>
      Object.entries(v2({ active_file: 500 + letter.charCodeAt(0) })).map(
        ([path, text]) => [path.replace(CONTAINER, `${POD}/${letter.repeat(64)}`), text] as const,
      ),
    )
    const report = onV2(Object.fromEntries(others))
    expect(found(report)).toHaveLength(1)
    expect(found(report)[0]?.values['others']).toBe(2)
    expect(found(report)[0]?.subject.path).toContain('ccc')
  })

  const node = (available: number, active: number): Files => ({
    ...v1Cgroup(CONTAINER),
    ...meminfo({ MemAvailable: available }),
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${16_284 * MIB}\n`,
    'sys/fs/cgroup/memory/memory.stat': stat({ total_inactive_file: 0, total_active_file: active * MIB }),
  })

  it('is told of a node whose kubelet is about to evict for it', () => {
    expect(found(onV1(node(6000, 5800)))[0]).toMatchObject({
      severity: 'warning',
      subject: { kind: 'node' },
      values: { kubelet: 100 * MIB, available: 6000 * MIB, threshold: 100 * MIB },
    })
    expect(found(onV1(node(600, 500)))).toEqual([])
    expect(found(onV1(node(6000, 300)))).toEqual([])
  })
})

describe('reclaimable-slab-in-working-set', () => {
  const found = (report: Report) => of(report, 'reclaimable-slab-in-working-set')

  it('is told where it is more than page cache', () => {
    expect(found(onV2(v2({ kernel: 600, slab_reclaimable: 500, active_file: 100 })))[0]).toMatchObject({
      severity: 'info',
      values: { slab: 500 * MIB },
      remedies: ['reclaim-cgroup'],
    })
    expect(found(onV2(v2({ kernel: 300, slab_reclaimable: 200, active_file: 400 })))).toEqual([])
    expect(found(onV2(v2({ kernel: 500, slab_reclaimable: 400 })))).toEqual([])
  })

  it('is none where something was killed for it: tmpfs files hold what is called reclaimable', () => {
    const killed = {
      ...v2({ kernel: 700, slab_reclaimable: 600 }),
      [`sys/fs/cgroup/${CONTAINER}/memory.events`]: 'low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n',
    }
    expect(onV2(killed).verdicts['reclaimable-slab-in-working-set']).toBe('absent')
  })

  it('is not told of v1, where kernel memory is one number, but as far as the node’s bounds it', () => {
    expect(
      reasons(
        onV1({ ...v1({}, { kmem: 600 }), ...meminfo({ SReclaimable: 2000 }) }),
        'reclaimable-slab-in-working-set',
      ),
    ).toEqual(['kmem-not-split'])
    expect(onV1(v1({}, { kmem: 600 })).verdicts['reclaimable-slab-in-working-set']).toBe('absent')
  })

  it('of the node is told from a quarter of it on, and that names do not exist', () => {
    const dentries = { 'proc/sys/fs/dentry-state': '9000000\t8900000\t45\t0\t8000000\t0\n' }
    const pod = v2Cgroup(CONTAINER)
    expect(found(onV2({ ...pod, ...meminfo({ SReclaimable: 4095 }) }))).toEqual([])
    expect(found(onV2({ ...pod, ...meminfo({ SReclaimable: 4096 }) }))[0]?.words.summary).toEqual([
      'nodeWhat',
    ])
    expect(found(onV2({ ...pod, ...dentries, ...meminfo({ SReclaimable: 4096 }) }))[0]).toMatchObject({
      severity: 'info',
      values: { dentries: 9_000_000, negative: 8_000_000 },
      words: { summary: ['nodeWhat', 'negative'] },
    })
  })
})

describe('node-working-set-blind', () => {
  const found = (report: Report) => of(report, 'node-working-set-blind')

  // The kubelet sees 16 GiB less 3000 MiB; a tenth of the node, 1638.4 MiB, is where it matters.
  it.each([
    [11_745, 'warning'],
    [11_746, undefined],
    [90, 'critical'],
  ])('with %i MiB left on v1: %s', (available, severity) => {
    const files = {
      ...v1Cgroup(CONTAINER),
      ...meminfo({ MemFree: available, MemAvailable: available, SReclaimable: 0, SUnreclaim: 1700 }),
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${4024 * MIB}\n`,
    }
    expect(found(onV1(files))[0]?.severity).toBe(severity)
  })

  it('is no kernel memory that nothing names', () => {
    const files = {
      ...v1Cgroup(CONTAINER),
      ...meminfo({ MemFree: 5000, MemAvailable: 5000, SReclaimable: 0, SUnreclaim: 1500 }),
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${4024 * MIB}\n`,
    }
    expect(onV1(files).verdicts['node-working-set-blind']).toBe('absent')
  })

  it('takes what MemAvailable keeps in reserve for no kernel memory', () => {
    const files = {
      ...v1Cgroup(CONTAINER),
      ...meminfo({ MemFree: 11_800, MemAvailable: 11_000 }),
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${4024 * MIB}\n`,
    }
    expect(onV1(files).verdicts['node-working-set-blind']).toBe('absent')
  })

  const hidden = { ...v2Cgroup(CONTAINER), ...meminfo({ MemFree: 4000, MemAvailable: 6000, Percpu: 6000 }) }
  const kubelet = (version: string): Files => ({
    'var/lib/dpkg/status': `Package: kubelet\nStatus: install ok installed\nVersion: ${version}\n\n`,
  })

  it('depends on v2 on the libcontainer in the kubelet', () => {
    expect(found(onV2({ ...hidden, ...kubelet('1.30.1-1.1') }))[0]).toMatchObject({
      severity: 'warning',
      values: { kubelet: 13_312 * MIB, available: 6000 * MIB, percpu: 6000 * MIB },
      words: { summary: ['v2', 'parts', 'late', 'byDefault'] },
    })
    expect(onV2({ ...hidden, ...kubelet('1.27.3-1.1') }).verdicts['node-working-set-blind']).toBe('absent')
    const unknown = onV2(hidden)
    expect(unknown.verdicts['node-working-set-blind']).toBe('unknown')
    expect(reasons(unknown, 'node-working-set-blind')).toEqual(['kubelet-formula-not-known'])
  })
})

describe('tmpfs-outlives-container', () => {
  const found = (report: Report) => of(report, 'tmpfs-outlives-container')

  const pod = (shmem: number, limit: number | undefined): Files => ({
    ...v2({ shmem: 50, file: 50 }, { usage: 100, limit: 400 }),
    ...v2Cgroup(POD, {
      usage: 600 * MIB,
      ...(limit === undefined ? {} : { limit: limit * MIB }),
      stat: stat({
        anon: 0,
        file: (shmem + 50) * MIB,
        shmem: (shmem + 50) * MIB,
        kernel: 0,
        inactive_file: 0,
      }),
      files: { 'cgroup.stat': 'nr_descendants 1\nnr_dying_descendants 1\n', 'cgroup.procs': '' },
    }),
  })

  it.each([
    [250, 1000, 'info'],
    [240, 1000, undefined],
    [500, 1000, 'warning'],
    [1639, undefined, 'info'],
    [1638, undefined, undefined],
    [10, 20, undefined],
  ])('%i MiB left to a pod with %s MiB: %s', (shmem, limit, severity) => {
    const [finding] = found(onV2(pod(shmem, limit)))
    expect(finding?.severity).toBe(severity)
    if (finding !== undefined) expect(finding.values['shmem']).toBe(shmem * MIB)
  })

  it('is not told by a kernel that has no word for it', () => {
    const old = (left: number): Files => ({
      ...v1({ total_cache: 50 }, { usage: 100, limit: 400 }),
      ...v1Cgroup(POD, {
        usage: 600 * MIB,
        limit: 1000 * MIB,
        files: {
          'memory.stat': stat({
            cache: 0,
            rss: 0,
            total_cache: (left + 50) * MIB,
            total_rss: 0,
            total_inactive_file: 0,
          }),
        },
      }),
    })
    expect(reasons(onV1(old(300), '3.10.0-1160.el7.x86_64'), 'tmpfs-outlives-container')).toEqual([
      'shmem-not-told',
    ])
    expect(onV1(old(100), '3.10.0-1160.el7.x86_64').verdicts['tmpfs-outlives-container']).toBe('absent')
  })

  it('will, of a container near its limit; and has, where it was killed', () => {
    const files = (kills: number): Files => ({
      ...v2({ anon: 200, file: 600, shmem: 600 }),
      [`sys/fs/cgroup/${CONTAINER}/memory.events`]: `low 0\nhigh 0\nmax 9\noom 0\noom_kill ${kills}\n`,
    })
    expect(found(onV2(files(0)))[0]).toMatchObject({ severity: 'info', words: { summary: ['what'] } })
    expect(found(onV2(files(3)))[0]).toMatchObject({
      severity: 'warning',
      words: { summary: ['what', 'killed'] },
    })
  })

  it('is no matter for what shared memory takes of a container with room', () => {
    expect(found(onV2(v2({ anon: 200, file: 400, shmem: 400 }, { usage: 610 })))).toEqual([])
  })
})

describe('transparent-huge-pages', () => {
  const mode = (word: string): Files => ({
    'sys/kernel/mm/transparent_hugepage/enabled': 'always madvise never\n'.replace(word, `[${word}]`),
  })
  const huge = v2({ anon: 850, anon_thp: 600 })

  it('are told where the kernel gives them to everybody', () => {
    expect(of(onV2({ ...huge, ...mode('always') }), 'transparent-huge-pages')[0]).toMatchObject({
      severity: 'info',
      values: { huge: 600 * MIB, anon: 850 * MIB },
      remedies: ['huge-pages-on-request', 'raise-memory-limit'],
    })
    for (const word of ['madvise', 'never'])
      expect(onV2({ ...huge, ...mode(word) }).verdicts['transparent-huge-pages']).toBe('absent')
    expect(reasons(onV2(huge), 'transparent-huge-pages')).toEqual(['huge-page-mode-not-read'])
    expect(
      onV2({ ...v2({ anon: 850, anon_thp: 300 }), ...mode('always') }).verdicts['transparent-huge-pages'],
    ).toBe('absent')
  })

  it('are rss_huge on v1', () => {
    const report = onV1({ ...v1({ total_rss: 850, total_rss_huge: 600 }), ...mode('always') })
    expect(of(report, 'transparent-huge-pages')[0]?.values['huge']).toBe(600 * MIB)
  })
})

describe('slow-memory-stat', () => {
  const dying = (count: number): Files => ({
    ...v2Cgroup(CONTAINER),
    'sys/fs/cgroup/cgroup.stat': `nr_descendants 5\nnr_dying_descendants ${count}\n`,
  })
  it('is told of kernels that walk them all', () => {
    expect(of(onV2(dying(9995), '5.4.0-99-generic'), 'slow-memory-stat')[0]).toMatchObject({
      severity: 'warning',
      values: { all: 10_000, dying: 9995 },
      defects: [{ id: 'K-38', status: 'affected' }],
    })
    expect(onV2(dying(9000), '5.4.0-99-generic').verdicts['slow-memory-stat']).toBe('absent')
    expect(onV2(dying(90_000), '5.15.0-119-generic').verdicts['slow-memory-stat']).toBe('absent')
    expect(of(onV2(dying(90_000), '4.18.0-553.el8_10.x86_64'), 'slow-memory-stat')[0]).toMatchObject({
      severity: 'info',
      words: { summary: ['what', 'perhaps', 'check'] },
    })
  })
})

describe('socket-memory', () => {
  const found = (report: Report) => of(report, 'socket-memory')
  it.each([
    [250, 1000, 'info'],
    [249, 1000, undefined],
    [500, 1000, 'warning'],
    [1639, 'none' as const, 'info'],
    [15, 20, undefined],
  ])('%i MiB of a container with %s MiB: %s', (sock, limit, severity) => {
    expect(found(onV2(v2({ sock }, { usage: sock + 10, limit })))[0]?.severity).toBe(severity)
  })

  it.each([
    [199, undefined],
    [200, 'warning'],
    [300, 'critical'],
  ])('%i pages of the node against 100, 200, 300: %s', (pages, severity) => {
    expect(found(onV1({ ...v1Cgroup(CONTAINER), ...tcp(pages) }))[0]?.severity).toBe(severity)
  })

  it('is not told where nothing was read of it', () => {
    const files = v1Node(V1, { ...WELL_V1, ...v1({}) })
    delete files['proc/net/sockstat']
    expect(reasons(judge(files), 'socket-memory')).toEqual(['tcp-memory-not-read'])
  })
})

describe('page-table-memory', () => {
  const found = (report: Report) => of(report, 'page-table-memory')
  it('of a container is told from a quarter of its limit on', () => {
    expect(found(onV2(v2({ kernel: 400, pagetables: 240, sec_pagetables: 10 })))[0]).toMatchObject({
      severity: 'info',
      values: { tables: 250 * MIB },
    })
    expect(found(onV2(v2({ kernel: 600, pagetables: 500 })))[0]?.severity).toBe('warning')
    expect(found(onV2(v2({ kernel: 400, pagetables: 249 })))).toEqual([])
  })

  it('of the node is told from a twentieth of it on', () => {
    const pod = v1Cgroup(CONTAINER)
    expect(found(onV1({ ...pod, ...meminfo({ PageTables: 819 }) }))).toEqual([])
    expect(found(onV1({ ...pod, ...meminfo({ PageTables: 820 }) }))[0]).toMatchObject({ severity: 'warning' })
    expect(found(onV1({ ...pod, ...meminfo({ MemTotal: 500, PageTables: 99 }) }))).toEqual([])
  })

  it('of a container of v1 is not told where the node has as many', () => {
    const report = onV1({ ...v1({}, { kmem: 600 }), ...meminfo({ PageTables: 700 }) })
    expect(reasons(report, 'page-table-memory')).toEqual(['kmem-not-split'])
    expect(onV1(v1({}, { kmem: 600 })).verdicts['page-table-memory']).toBe('absent')
  })
})

describe('bpf-memory', () => {
  const found = (report: Report) => of(report, 'bpf-memory')
  const map = (id: number, mib: number): string =>
    `pos:\t0\nflags:\t02000002\nmap_type:\t1\nkey_size:\t8\nvalue_size:\t128\nmax_entries:\t300000\nmap_flags:\t0x1\nmemlock:\t${mib * MIB}\nmap_id:\t${id}\nfrozen:\t0\n`
  const holding = (dir: string, ...maps: readonly string[]): Files => ({
    [`${dir}/${CONTAINER}/cgroup.procs`]: '77\n',
    'proc/77/fdinfo/0': 'pos:\t0\nflags:\t02\nmnt_id:\t12\n',
    ...Object.fromEntries(maps.map((text, at) => [`proc/77/fdinfo/${at + 3}`, text])),
  })
  const V1_DIR = 'sys/fs/cgroup/memory'
  const V2_DIR = 'sys/fs/cgroup'

  it('is the maps its processes hold, each once', () => {
    const report = onV1(
      { ...v1({}, { kmem: 600 }), ...holding(V1_DIR, map(7, 200), map(7, 200), map(9, 60)) },
      '5.15.0-119-generic',
    )
    expect(found(report)[0]).toMatchObject({
      severity: 'info',
      values: { maps: 2, memlock: 260 * MIB, bytes: 260 * MIB, largest: 200 * MIB },
      remedies: ['shrink-bpf-maps', 'raise-memory-limit'],
      defects: [{ id: 'K-28', status: 'affected' }],
    })
    expect(found(report)[0]?.evidence).toContainEqual(
      expect.objectContaining({ path: '/proc/77/fdinfo/3', key: 'memlock', value: 200 * MIB }),
    )
  })

  it('is no more than the kernel memory charged here', () => {
    const report = onV2({
      ...v2({ kernel: 300, vmalloc: 10, percpu: 290 }),
      ...holding(V2_DIR, map(7, 5000)),
    })
    expect(found(report)[0]?.values).toMatchObject({ bytes: 300 * MIB, memlock: 5000 * MIB })
  })

  it('is a hint where the maps are not seen', () => {
    const report = onV2({ ...v2({ kernel: 600, vmalloc: 400, percpu: 150 }), ...holding(V2_DIR) })
    expect(found(report)[0]).toMatchObject({
      severity: 'info',
      words: { title: 'hintTitle', summary: ['hint'] },
      values: { bytes: 550 * MIB },
    })
  })

  it('is nobody’s where nobody is', () => {
    const report = onV1(
      { ...v1({}, { kmem: 600 }), [`${V1_DIR}/${CONTAINER}/cgroup.procs`]: '' },
      '5.15.0-119-generic',
    )
    expect(report.verdicts['bpf-memory']).toBe('absent')
  })

  it('is charged to nobody before 5.11', () => {
    const files = { ...v1({}, { kmem: 600 }), ...holding(V1_DIR, map(7, 500)) }
    expect(onV1(files, '5.4.0-99-generic').verdicts['bpf-memory']).toBe('absent')
  })

  it('is not told where descriptors cannot be read and v1 does not split', () => {
    const report = onV1(
      { ...v1({}, { kmem: 600 }), [`${V1_DIR}/${CONTAINER}/cgroup.procs`]: '77\n' },
      '5.15.0-119-generic',
    )
    expect(reasons(report, 'bpf-memory')).toEqual(['bpf-maps-not-read'])
    expect(
      onV1({ ...v1({}, { kmem: 600 }), ...holding(V1_DIR) }, '5.15.0-119-generic').verdicts['bpf-memory'],
    ).toBe('absent')
  })

  it('reads hostile descriptors and process lists within bounds', () => {
    const many = Array.from({ length: 5000 }, (_, at) => `${at + 1}`).join('\n')
    const files = {
      ...v1({}, { kmem: 600 }),
      ...holding(
        V1_DIR,
        'memlock:\t99999999999999999999\nmap_id:\t1\n',
        'memlock:\tmap_id:\n',
        '\u001b[2J'.repeat(10_000),
      ),
      [`${V1_DIR}/${CONTAINER}/cgroup.procs`]: `../../etc\n-1\n${many}\n77\n`,
    }
    expect(onV1(files, '5.15.0-119-generic').verdicts['bpf-memory']).toBe('unknown')
  })
})
