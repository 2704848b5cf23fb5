import { describe, expect, it } from 'vitest'
import {
  CONTAINER,
  type Files,
  judge,
  MEMINFO,
  MIB,
  of,
  POD,
  v1Cgroup,
  v1Node,
  v2Cgroup,
  v2Node,
} from '../node.ts'

const EL7 = '3.10.0-957.el7.x86_64'

function told(files: Files) {
  const report = judge(files)
  const [finding] = of(report, 'kmem-fills-memcg')
  return finding === undefined
    ? report.verdicts['kmem-fills-memcg']
    : {
        severity: finding.severity,
        path: finding.subject.path,
        words: finding.words,
        remedies: finding.remedies,
      }
}

describe('kernel memory of a container on el7', () => {
  const node = (kmem: number, limit = 1000 * MIB) =>
    v1Node(EL7, v1Cgroup(CONTAINER, { limit, kmem, usage: kmem + 10 * MIB, rss: 10 * MIB }))

  it('is told from half of the limit on', () => {
    expect(told(node(500 * MIB - 4096))).toBe('absent')
    expect(told(node(500 * MIB))).toMatchObject({ severity: 'warning', path: `/${CONTAINER}` })
  })

  it('is critical where it leaves no room', () => {
    expect(told(node(889 * MIB))).toMatchObject({ severity: 'warning' })
    expect(told(node(890 * MIB))).toMatchObject({ severity: 'critical' })
  })
})

describe('kernel memory that reclaim can have back', () => {
  const cgroup = { limit: 1000 * MIB, usage: 1000 * MIB, rss: 10 * MIB }
  const meminfo = (reclaimable: number) =>
    MEMINFO.replace(/SReclaimable: \d+/, `SReclaimable: ${reclaimable / 1024}`)

  // A backup job, a build, `find /`: a cgroup filled with dentries and inodes is as healthy as one full of page cache.
  it('is no alarm on v1 from 4.5 on, where nobody tells how much it is', () => {
    const files = v1Cgroup(CONTAINER, { ...cgroup, kmem: 800 * MIB })
    const found = told(v1Node('5.4.0-99-generic', { ...files, 'proc/meminfo': meminfo(700 * MIB) }))
    expect(found).toMatchObject({ severity: 'info', words: { summary: ['perhaps'] } })
    // 3.10 cannot reclaim it at a cgroup's limit
    expect(told(v1Node(EL7, { ...files, 'proc/meminfo': meminfo(700 * MIB) }))).not.toMatchObject({
      severity: 'info',
    })
  })

  it('is an alarm on v1 where the whole node has less reclaimable slab than the cgroup has kernel memory', () => {
    const files = v1Cgroup(CONTAINER, { ...cgroup, kmem: 800 * MIB })
    expect(told(v1Node('5.4.0-99-generic', { ...files, 'proc/meminfo': meminfo(300 * MIB) }))).toMatchObject({
      severity: 'warning',
    })
    const full = v1Cgroup(CONTAINER, { ...cgroup, kmem: 990 * MIB })
    expect(told(v1Node('5.4.0-99-generic', { ...full, 'proc/meminfo': meminfo(90 * MIB) }))).toMatchObject({
      severity: 'critical',
    })
  })

  it('does not count on v2', () => {
    const stat = (reclaimable: number) =>
      `anon 1000\nfile 0\nkernel ${800 * MIB}\nslab_reclaimable ${reclaimable}\n`
    const node = (reclaimable: number) =>
      v2Node('6.8.0', v2Cgroup(CONTAINER, { limit: 1000 * MIB, usage: 1000 * MIB, stat: stat(reclaimable) }))
    expect(told(node(301 * MIB))).toBe('absent')
    expect(told(node(300 * MIB))).toMatchObject({ severity: 'warning' })
  })

  it('is told and quoted on v2 where it is left out, with the counter v2 has of its limit', () => {
    const finding = (reclaimable: number) => {
      const stat = `anon 1000\nfile 0\nkernel ${800 * MIB}\nslab_reclaimable ${reclaimable}\n`
      const files = { 'memory.events': 'low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\n' }
      const cgroup = v2Cgroup(CONTAINER, { limit: 1000 * MIB, usage: 1000 * MIB, stat, files })
      return of(judge(v2Node('6.8.0', cgroup)), 'kmem-fills-memcg')[0]
    }
    expect(finding(200 * MIB)).toMatchObject({
      values: { kernel: 600 * MIB, reclaimable: 200 * MIB, failcnt: 7 },
      words: { summary: ['leftOut', 'wrongCure', 'hits'] },
    })
    expect(finding(200 * MIB)?.evidence).toContainEqual(
      expect.objectContaining({ key: 'slab_reclaimable', value: 200 * MIB }),
    )
    expect(finding(10 * MIB)?.words.summary).toEqual(['wrongCure', 'hits'])
  })

  it.each(['pagetables', 'kernel_stack', 'vmalloc', 'percpu'])(
    'is named, quoted and not looked for in slab where most of it is %s',
    part => {
      const finding = (bytes: number) => {
        const stat = `anon 1000\nfile 0\nkernel ${800 * MIB}\nslab_reclaimable 0\n${part} ${bytes}\n`
        const cgroup = v2Cgroup(CONTAINER, { limit: 1000 * MIB, usage: 1000 * MIB, stat })
        return of(judge(v2Node('6.8.0', cgroup)), 'kmem-fills-memcg')[0]
      }
      const most = finding(401 * MIB)
      expect(most?.words.summary).toContain(part)
      expect(most?.values).toMatchObject({ part: 401 * MIB })
      expect(most?.evidence).toContainEqual(expect.objectContaining({ key: part, value: 401 * MIB }))
      expect(most?.remedies).toEqual(['save-evidence', 'delete-pod', 'raise-memory-limit'])
      expect(finding(400 * MIB)?.words.summary).not.toContain(part)
      expect(finding(400 * MIB)?.remedies).toContain('find-slab-owner')
    },
  )

  it('nor does page cache make a cgroup full', () => {
    const stat = `anon ${10 * MIB}\nfile ${400 * MIB}\nshmem 0\nkernel ${550 * MIB}\nslab_reclaimable 0\n`
    const node = (shmem: number) =>
      v2Node(
        '6.8.0',
        v2Cgroup(CONTAINER, {
          limit: 1000 * MIB,
          usage: 960 * MIB,
          stat: stat.replace('shmem 0', `shmem ${shmem}`),
        }),
      )
    expect(told(node(0))).toMatchObject({ severity: 'warning' })
    // tmpfs cannot be reclaimed without swap
    expect(told(node(390 * MIB))).toMatchObject({ severity: 'critical' })
  })
})

describe('a sidecar with a tiny limit', () => {
  const stat = (kernel: number) => `anon ${MIB}\nfile 0\nkernel ${kernel}\nslab_reclaimable 0\n`
  const node = (kernel: number, limit: number) =>
    v2Node('6.1.0-13-amd64', v2Cgroup(CONTAINER, { limit, usage: kernel + MIB, stat: stat(kernel) }))

  it('is half kernel memory by nature', () => {
    expect(told(node(4 * MIB, 8 * MIB))).toBe('absent')
    expect(told(node(16 * MIB - 4096, 32 * MIB - 8192))).toBe('absent')
    expect(told(node(16 * MIB, 32 * MIB))).toMatchObject({ severity: 'warning' })
  })

  it('is so up to 64 MiB where every container has slab caches of its own', () => {
    const old = (kernel: number) =>
      v2Node(
        '5.4.0-99-generic',
        v2Cgroup(CONTAINER, { limit: 2 * kernel, usage: kernel + MIB, stat: stat(kernel) }),
      )
    expect(told(old(64 * MIB - 4096))).toBe('absent')
    expect(told(old(64 * MIB))).toMatchObject({ severity: 'warning' })
  })

  it('is told when it is full, and that its limit may be too low', () => {
    const found = told(node(7.5 * MIB, 8 * MIB))
    expect(found).toMatchObject({
      severity: 'critical',
      remedies: ['save-evidence', 'raise-memory-limit', 'find-slab-owner'],
      words: { summary: ['wrongHeap', 'small'] },
    })
  })
})

describe('a limit for kernel memory alone', () => {
  const node = (release: string, kmem: number, kmemLimit: number, failcnt: number, limit = 1000 * MIB) =>
    v1Node(
      release,
      v1Cgroup(CONTAINER, {
        limit,
        kmem,
        usage: kmem + 10 * MIB,
        rss: 10 * MIB,
        files: { 'memory.kmem.limit_in_bytes': `${kmemLimit}\n`, 'memory.kmem.failcnt': `${failcnt}\n` },
      }),
    )

  it('is what docker run --kernel-memory sets on kernels up to 5.15: raising the memory limit is no cure', () => {
    const found = told(node('5.4.0-99-generic', 95 * MIB, 100 * MIB, 12))
    expect(found).toMatchObject({
      severity: 'critical',
      words: { title: 'kmemLimit' },
      remedies: ['save-evidence', 'raise-kmem-limit', 'find-slab-owner'],
    })
    expect(told(node('5.4.0-99-generic', 95 * MIB - 4096, 100 * MIB, 12))).toBe('absent')
  })

  it('does not bind where it is as high as the memory limit and was never hit', () => {
    expect(told(node(EL7, 980 * MIB, 1000 * MIB, 0))).toMatchObject({ words: { title: 'limit' } })
    expect(told(node(EL7, 980 * MIB, 1000 * MIB, 3))).toMatchObject({ words: { title: 'kmemLimit' } })
  })
})

describe('a parent', () => {
  const pod = (kmem: number) => v1Cgroup(POD, { limit: 1000 * MIB, kmem, usage: kmem })
  const child = v1Cgroup(CONTAINER, { limit: 900 * MIB, kmem: 800 * MIB, usage: 800 * MIB })

  it('is named only for what its children do not explain', () => {
    const paths = (kmem: number) =>
      of(judge(v1Node(EL7, { ...pod(kmem), ...child })), 'kmem-fills-memcg').map(
        ({ subject }) => subject.path,
      )
    expect(paths(1000 * MIB)).toEqual([`/${CONTAINER}`])
    expect(paths(1001 * MIB).sort()).toEqual([`/${POD}`, `/${CONTAINER}`])
  })
})

describe('a limit that was not read', () => {
  it('leaves open what it would be compared with', () => {
    const files = v1Node(EL7, v1Cgroup(CONTAINER, { limit: 1000 * MIB, kmem: 10 * MIB }))
    delete files[`sys/fs/cgroup/memory/${CONTAINER}/memory.limit_in_bytes`]
    expect(told(files)).toBe('unknown')
  })
})
