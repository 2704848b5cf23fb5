import { describe, expect, it } from 'vitest'
import memcg from '../../../src/core/collectors/memcg.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import type { Tree } from '../../../src/core/tree/tree.ts'

const V1 = '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n'
const V2 = '41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
const INIT = { 'proc/self/ns/cgroup': 'cgroup:[4026531835]' }

const collect = (tree: Tree, kernel = '5.4.0') =>
  memcg.collect(tree, { at: 0, node: { kernel }, sample: { at: 0 } })

describe('memcg, v1', () => {
  const files = {
    'proc/self/mountinfo': V1,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '100\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/memory/kubepods/memory.usage_in_bytes': '90\n',
    'sys/fs/cgroup/memory/kubepods/memory.limit_in_bytes': '4096\n',
    'sys/fs/cgroup/memory/kubepods/memory.max_usage_in_bytes': '95\n',
    'sys/fs/cgroup/memory/kubepods/memory.failcnt': '3\n',
    'sys/fs/cgroup/memory/kubepods/memory.kmem.usage_in_bytes': '80\n',
    'sys/fs/cgroup/memory/kubepods/memory.kmem.limit_in_bytes': '2048\n',
    'sys/fs/cgroup/memory/kubepods/memory.kmem.failcnt': '7\n',
    'sys/fs/cgroup/memory/kubepods/memory.stat': 'cache 1\ntotal_rss 2\n',
    'sys/fs/cgroup/memory/kubepods/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n',
  }

  it('reads a cgroup whole, the kmem limit only where it is enforced', () => {
    const tree = memoryTree(files, { links: INIT, inodes: { 'sys/fs/cgroup/memory/kubepods': 42 } })
    const found = collect(tree, '3.10.0-957.el7.x86_64')
    expect(found.node).toEqual({ cgroup: 'v1' })
    expect(found.sample?.memcg).toEqual({
      version: 'v1',
      root: '/sys/fs/cgroup/memory',
      at: 'sys/fs/cgroup/memory',
      nodeWide: true,
      memcgs: [
        { path: '/', dir: '/sys/fs/cgroup/memory', pod: {}, usage: 100, limit: Number.POSITIVE_INFINITY },
        {
          path: '/kubepods',
          dir: '/sys/fs/cgroup/memory/kubepods',
          pod: { driver: 'cgroupfs', level: 'kubepods' },
          inode: 42,
          usage: 90,
          limit: 4096,
          peak: 95,
          failcnt: 3,
          kmemUsage: 80,
          kmemLimit: 2048,
          kmemFailcnt: 7,
          stat: { cache: 1, total_rss: 2 },
          events: { oom_kill_disable: 0, under_oom: 0, oom_kill: 5 },
        },
      ],
    })
    for (const [kernel, read] of [
      ['4.19.0', true],
      ['5.4.0-99-generic', true],
      ['5.15.0-91-generic', true],
      ['5.16.0', false],
      ['6.1.0-13-amd64', false],
    ] as const)
      expect(collect(tree, kernel).sample?.memcg?.memcgs[1]?.kmemLimit, kernel).toBe(read ? 2048 : undefined)
  })

  it('sees that it sees only a part', () => {
    const inNamespace = collect(
      memoryTree(files, { links: { 'proc/self/ns/cgroup': 'cgroup:[4026532700]' } }),
    )
    expect(inNamespace.sample?.memcg?.nodeWide).toBe(false)
    expect(inNamespace.gaps).toEqual([
      { path: '/sys/fs/cgroup/memory', why: 'truncated', detail: 'namespace cgroup:[4026532700]' },
    ])
    const bound = { ...files, 'proc/self/mountinfo': V1.replace(' / /sys', ' /docker/ab /sys') }
    expect(collect(memoryTree(bound, { links: INIT })).sample?.memcg?.nodeWide).toBe(false)
    const hostSeenFromNamespace = { ...files, 'proc/self/mountinfo': V1.replace(' / /sys', ' /../.. /sys') }
    expect(collect(memoryTree(hostSeenFromNamespace, { links: INIT })).sample?.memcg?.nodeWide).toBe(true)
  })

  it('tells what is denied or unreadable and reads the rest', () => {
    const { sample, gaps } = collect(
      memoryTree({
        ...files,
        'sys/fs/cgroup/memory/kubepods/memory.stat': { path: '/s', why: 'unreadable', detail: 'EIO' },
        'sys/fs/cgroup/memory/kubepods/memory.failcnt': { path: '/f', why: 'denied' },
      }),
    )
    expect(gaps).toEqual([
      { path: '/f', why: 'denied' },
      { path: '/s', why: 'unreadable', detail: 'EIO' },
    ])
    expect(sample?.memcg?.memcgs[1]).toMatchObject({ usage: 90, kmemUsage: 80 })
  })

  it('leaves out a cgroup that vanished and nothing else', () => {
    const vanished = { path: '/gone', why: 'vanished', detail: 'ENODEV' } as const
    const { sample, gaps } = collect(
      memoryTree({
        ...files,
        'sys/fs/cgroup/memory/gone/memory.usage_in_bytes': vanished,
        'sys/fs/cgroup/memory/later/memory.usage_in_bytes': '1\n',
      }),
    )
    expect(sample?.memcg?.memcgs.map(({ path }) => path)).toEqual(['/', '/kubepods', '/later'])
    expect(gaps).toEqual([{ path: '/sys/fs/cgroup/memory/gone', why: 'vanished' }])
    expect(sample?.memcg?.incomplete).toBeUndefined()
  })

  it('goes a hundred levels deep, and says that there are more', () => {
    const deep = (levels: number) => `sys/fs/cgroup/memory/${'d/'.repeat(levels)}memory.usage_in_bytes`
    const within = collect(memoryTree({ ...files, [deep(100)]: '1\n' }))
    expect(within.sample?.memcg?.memcgs).toHaveLength(102)
    expect(within.sample?.memcg?.incomplete).toBeUndefined()
    const beyond = collect(memoryTree({ ...files, [deep(1900)]: '1\n' }))
    expect(beyond.sample?.memcg?.memcgs).toHaveLength(102)
    expect(beyond.sample?.memcg?.incomplete).toBe(true)
    expect(beyond.gaps).toMatchObject([{ why: 'truncated', detail: 'more than 100 levels' }])
  })

  it.each([
    ['0', undefined],
    ['7', true],
  ])('believes a copy without a cgroup when v2 counts %s below the top', (below, incomplete) => {
    const { sample } = collect(
      memoryTree(
        {
          'proc/self/mountinfo': V2,
          'sys/fs/cgroup/cgroup.controllers': 'memory\n',
          'sys/fs/cgroup/cgroup.stat': `nr_descendants ${below}\nnr_dying_descendants 0\n`,
        },
        { links: INIT, origin: 'directory' },
      ),
    )
    expect(sample?.memcg?.incomplete).toBe(incomplete)
  })

  it('does not take a cgroup that was removed and made again for one that lacks a file', () => {
    const live = memoryTree(
      {
        ...files,
        'sys/fs/cgroup/memory/again/memory.usage_in_bytes': '1\n',
        'sys/fs/cgroup/memory/later/memory.usage_in_bytes': '1\n',
        'sys/fs/cgroup/memory/later/memory.stat': 'cache 1\n',
        // The root has the file, so that only the cgroup made again lacks it.
        'sys/fs/cgroup/memory/memory.stat': 'cache 1\n',
      },
      { links: INIT, origin: 'live', inodes: { 'sys/fs/cgroup/memory/later': 3 } },
    )
    let inode = 7
    const tree: Tree = {
      ...live,
      stat: dir => (dir.endsWith('/again') ? { inode: inode++ } : live.stat(dir)),
    }
    const { sample, gaps } = collect(tree)
    expect(gaps).toEqual([{ path: '/sys/fs/cgroup/memory/again', why: 'vanished' }])
    expect(sample?.memcg?.memcgs.find(({ path }) => path === '/later')?.stat).toEqual({ cache: 1 })
  })

  it('is hybrid with a cgroup2 mount beside it', () => {
    const mounts = `${V1}${V2.replace('/sys/fs/cgroup', '/sys/fs/cgroup/unified')}`
    expect(collect(memoryTree({ ...files, 'proc/self/mountinfo': mounts })).node).toEqual({
      cgroup: 'hybrid',
    })
  })
})

describe('memcg, v2', () => {
  it('reads kernel memory from `kernel`, else from its parts, and limits from max', () => {
    const { node, sample, gaps } = collect(
      memoryTree(
        {
          'proc/self/mountinfo': V2,
          'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
          'sys/fs/cgroup/cgroup.stat': 'nr_descendants 2\nnr_dying_descendants 7\n',
          'sys/fs/cgroup/memory.stat': 'anon 1\nkernel_stack 2\nslab 3\n',
          'sys/fs/cgroup/a/memory.current': '10\n',
          'sys/fs/cgroup/a/memory.max': 'max\n',
          'sys/fs/cgroup/a/memory.events': 'low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n',
          'sys/fs/cgroup/a/memory.stat': 'anon 1\nkernel 9\nslab 3\n',
          'sys/fs/cgroup/b/memory.current': '10\n',
          'sys/fs/cgroup/b/memory.stat': 'percpu 1\nslab_reclaimable 2\nslab_unreclaimable 4\n',
          'sys/fs/cgroup/b/cgroup.stat': 'nr_descendants 0\nnr_dying_descendants 7\n',
        },
        { links: INIT },
      ),
    )
    expect(gaps).toEqual([])
    expect(node).toEqual({ cgroup: 'v2' })
    const [root, a, b] = sample?.memcg?.memcgs ?? []
    expect(sample?.memcg?.version).toBe('v2')
    expect(root).toMatchObject({ kmemUsage: 5, cgroupStat: { nr_descendants: 2, nr_dying_descendants: 7 } })
    expect(a).toMatchObject({ usage: 10, limit: Number.POSITIVE_INFINITY, failcnt: 4, kmemUsage: 9 })
    expect(b).toMatchObject({ kmemUsage: 7, cgroupStat: { nr_dying_descendants: 7 } })
  })
})

describe('memcg, nothing', () => {
  it('says that no controller is mounted', () => {
    expect(collect(memoryTree({}))).toEqual({
      gaps: [{ path: '/sys/fs/cgroup/memory', why: 'absent', detail: 'no memory controller mounted' }],
    })
  })
})

describe('memcg, processes and what else can kill', () => {
  const at = 'sys/fs/cgroup/memory'
  const cgroup = (path: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({ 'memory.usage_in_bytes': '1\n', 'memory.stat': 'cache 1\n', ...files }).map(
        ([name, text]) => [`${at}${path}/${name}`, text],
      ),
    )
  const v1 = (over: Readonly<Record<string, string>> = {}) => ({
    'proc/self/mountinfo': V1,
    ...cgroup('', { 'cgroup.procs': '2\n' }),
    ...cgroup('/busy', { 'cgroup.procs': '4711\n4712\n' }),
    ...cgroup('/idle', { 'cgroup.procs': '' }),
    ...over,
  })
  const byPath = (files: Readonly<Record<string, string>>, path: string) =>
    collect(memoryTree(files, { links: INIT })).sample?.memcg?.memcgs.find(one => one.path === path)

  it('tells whether a process is in a cgroup', () => {
    expect(byPath(v1(), '/busy')?.ownTasks).toBe(true)
    expect(byPath(v1(), '/idle')?.ownTasks).toBe(false)
  })

  it('believes no empty list where even the top shows nobody: a pid namespace of its own', () => {
    const blind = v1({ [`${at}/cgroup.procs`]: '' })
    expect(byPath(blind, '/idle')?.ownTasks).toBeUndefined()
    expect(byPath(blind, '/busy')?.ownTasks).toBe(true)
  })

  it('believes no empty list of a copy whose files are all empty', () => {
    const empty = v1({ [`${at}/idle/memory.usage_in_bytes`]: '' })
    expect(byPath(empty, '/idle')?.ownTasks).toBeUndefined()
  })

  it('reads memory and swap together where a limit of them is above or here', () => {
    const limited = (memsw: string) =>
      v1(
        cgroup('/idle', {
          'memory.stat': `cache 1\nhierarchical_memsw_limit ${memsw}\n`,
          'memory.memsw.limit_in_bytes': '8192\n',
          'memory.memsw.usage_in_bytes': '4096\n',
        }),
      )
    expect(byPath(limited('8192'), '/idle')).toMatchObject({ memswLimit: 8192, memswUsage: 4096 })
    const unlimited = byPath(limited('9223372036854771712'), '/idle')
    expect(unlimited?.memswLimit).toBe(Number.POSITIVE_INFINITY)
    expect(unlimited?.memswUsage).toBeUndefined()
  })

  it('counts huge pages of a pod in the hierarchy that has them', () => {
    const pod = '/kubepods/pod20edac81-191c-4bc6-b85f-e23a65bc7931'
    const files = {
      ...v1(cgroup('/kubepods', {})),
      ...cgroup(pod, {}),
      'proc/self/mountinfo': `${V1}36 31 0:33 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n`,
      'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '8\n',
      'sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '1\n',
      [`sys/fs/cgroup/hugetlb${pod}/hugetlb.2MB.usage_in_bytes`]: '4194304\n',
      [`sys/fs/cgroup/hugetlb${pod}/hugetlb.1GB.usage_in_bytes`]: '1073741824\n',
    }
    expect(byPath(files, pod)?.hugetlb).toBe(4194304 + 1073741824)
    expect(byPath(files, '/kubepods')?.hugetlb).toBeUndefined()
    const none = {
      ...files,
      'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '0\n',
      'sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0\n',
    }
    expect(byPath(none, pod)?.hugetlb).toBeUndefined()
  })

  it('meets a cgroup that is renamed during the walk once', () => {
    const tree = memoryTree(v1(cgroup('/renamed', {})), {
      links: INIT,
      origin: 'live',
      inodes: { [at]: 1, [`${at}/busy`]: 7, [`${at}/idle`]: 8, [`${at}/renamed`]: 7 },
    })
    expect(collect(tree).sample?.memcg?.memcgs.map(({ path }) => path)).toEqual(['/', '/busy', '/idle'])
  })

  describe('v2', () => {
    const v2 = (over: Readonly<Record<string, string>>) => ({
      'proc/self/mountinfo': V2,
      'sys/fs/cgroup/cgroup.controllers': 'memory\n',
      ...Object.fromEntries(
        Object.entries({ 'memory.current': '1\n', 'memory.stat': 'anon 1\n', ...over }).map(
          ([name, text]) => [`sys/fs/cgroup/a/${name}`, text],
        ),
      ),
    })

    it('reads what slows down, what is protected, and swap', () => {
      const files = v2({
        'memory.high': '4096\n',
        'memory.low': '10\n',
        'memory.min': '20\n',
        'memory.swap.max': 'max\n',
        'memory.swap.current': '30\n',
      })
      expect(byPath(files, '/a')).toMatchObject({
        high: 4096,
        low: 10,
        min: 20,
        swapLimit: Number.POSITIVE_INFINITY,
        swapUsage: 30,
      })
    })

    it('takes it from cgroup.events whether anybody is in it or below', () => {
      const empty = byPath(v2({ 'cgroup.events': 'populated 0\n', 'cgroup.procs': '' }), '/a')
      expect(empty).toMatchObject({ populated: false, ownTasks: false })
      const busy = byPath(v2({ 'cgroup.events': 'populated 1\nfrozen 0\n', 'cgroup.procs': '7\n' }), '/a')
      expect(busy).toMatchObject({ populated: true, ownTasks: true })
      const above = byPath(v2({ 'cgroup.events': 'populated 1\nfrozen 0\n', 'cgroup.procs': '' }), '/a')
      expect(above).toMatchObject({ populated: true, ownTasks: false })
      const unread = byPath(v2({}), '/a')
      expect(unread?.populated).toBeUndefined()
      expect(unread?.ownTasks).toBeUndefined()
    })
  })
})
