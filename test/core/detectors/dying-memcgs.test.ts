import { describe, expect, it } from 'vitest'
import { CONTAINER, type Files, judge, of, reasons, v1Cgroup, v1Node, v2Node } from '../node.ts'

const EL7 = '3.10.0-957.el7.x86_64'

const told = (files: Files) => {
  const report = judge(files)
  return of(report, 'dying-memcgs')[0]?.severity ?? report.verdicts['dying-memcgs']
}

const cgroups = (memory: number) =>
  `#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t5\t1\nmemory\t3\t${memory}\t1\n`

describe('v2, by cgroup.stat', () => {
  const node = (dying: number, live = 1) =>
    v2Node('6.1.0-13-amd64', {
      'sys/fs/cgroup/cgroup.stat': `nr_descendants ${live}\nnr_dying_descendants ${dying}\n`,
      ...Object.fromEntries(
        Array.from({ length: live }, (_, i) => [
          `sys/fs/cgroup/c${i}/cgroup.stat`,
          'nr_descendants 0\nnr_dying_descendants 0\n',
        ]),
      ),
    })

  it.each([
    [100, 'absent'],
    [101, 'info'],
    [500, 'info'],
    [501, 'warning'],
    [9_999, 'warning'],
    [10_000, 'critical'],
  ])('%i dying: %s', (dying, verdict) => expect(told(node(dying))).toBe(verdict))

  // 39 live and the root: five times as many is what cron leaves on a small node; from 100 live on a warning is nearer.
  it('tells of fewer only where they are many times the live ones', () => {
    expect(told(node(200, 39))).toBe('absent')
    expect(told(node(201, 39))).toBe('info')
    expect(told(node(500, 99))).toBe('absent')
    expect(told(node(501, 99))).toBe('warning')
  })

  it('says of few that they cost little, and asks for nothing that costs the node', () => {
    const [finding] = of(judge(node(300)), 'dying-memcgs')
    expect(finding?.words.summary).toEqual(['pagePinned', 'few', 'cost'])
    expect(finding?.remedies).toEqual(['reclaim-cgroup', 'remove-tmpfs-files', 'reduce-churn'])
    expect(finding?.defects).toEqual([])
  })

  // 400 live and the root: three times as many is what a busy node has.
  it('allows a busy node three times its live ones', () => {
    expect(told(node(1203, 400))).toBe('absent')
    expect(told(node(1204, 400))).toBe('warning')
  })

  it('asks for memory cgroups where the kernel tells them apart', () => {
    const stat = 'nr_descendants 1\nnr_subsys_memory 1\nnr_dying_descendants 5000\nnr_dying_subsys_memory 3\n'
    expect(told({ ...node(0), 'sys/fs/cgroup/cgroup.stat': stat })).toBe('absent')
  })
})

describe('v1, by num_cgroups', () => {
  // The root and the four directories of a container.
  const node = (memory: number, release = '5.4.0-99-generic') =>
    v1Node(release, { ...v1Cgroup(CONTAINER), 'proc/cgroups': cgroups(memory) })

  it.each([
    [105, 'absent'],
    [106, 'info'],
    [505, 'info'],
    [506, 'warning'],
  ])('num_cgroups %i with 5 directories: %s', (memory, verdict) => expect(told(node(memory))).toBe(verdict))

  // Seen from a cgroup namespace there are few directories beside the whole node's number.
  it('is not counted against a part of the tree', () => {
    const report = judge({
      ...node(60_000),
      'proc/self/mountinfo':
        '35 31 0:32 /kubepods/podx /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n',
    })
    expect(report.verdicts['dying-memcgs']).toBe('unknown')
    expect(reasons(report, 'dying-memcgs')).toContain('part-of-the-hierarchy')
  })
})

describe('el7, by the names of slab caches', () => {
  const node = (gone: number, more: readonly string[] = [], release = EL7) =>
    v1Node(release, {
      ...v1Cgroup('kubepods/live1'),
      'sys/kernel/slab.list': `${['dentry', 'kmalloc-64', ...more, ...Array.from({ length: gone }, (_, i) => `dentry(${i + 1}:gone${i})`)].join('\n')}\n`,
    })

  it.each([
    [99, 'absent'],
    [100, 'warning'],
    [9_999, 'warning'],
    [10_000, 'critical'],
  ])('%i cgroups without a directory, num_cgroups normal: %s', (gone, verdict) =>
    expect(told(node(gone))).toBe(verdict),
  )

  // By their count alone 300 would be told without a warning.
  it('warns of slab-pinned ones however many more are counted', () => {
    const names = node(150, [], '4.19.0-27-amd64')
    const counted = { ...names, 'proc/cgroups': cgroups(303) }
    expect(told(names)).toBe('warning')
    expect(told(counted)).toBe('warning')
  })

  it('takes no live cgroup for a removed one, however many caches it has', () => {
    const caches = Array.from({ length: 300 }, (_, i) => `kmalloc-${i}(7:live1)`)
    expect(told(node(0, caches))).toBe('absent')
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        `sys/fs/cgroup/memory/kubepods/l${i}/memory.kmem.usage_in_bytes`,
        '1\n',
      ]),
    )
    const names = Array.from({ length: 300 }, (_, i) => `dentry(${i}:l${i})`)
    expect(told({ ...node(0, names), ...many })).not.toBe('warning')
  })

  // From 3.15 on the copies are below <cache>/cgroup/: a listing without any proves nothing (Ubuntu 14.04, Debian 8).
  it('does not count by names that are not there', () => {
    for (const release of ['3.16.0-4-amd64', '4.1.12-124.el7uek.x86_64']) {
      const report = judge(node(0, [], release))
      expect(report.verdicts['dying-memcgs'], release).toBe('unknown')
      expect(reasons(report, 'dying-memcgs'), release).toEqual(['dying-not-counted'])
    }
    expect(told(node(0, [], '4.19.0-27-amd64'))).toBe('absent')
  })
})
