import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { diagnose } from '../../../src/core/diagnose.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { type Files, judge, of, v1Cgroup, v1Node, v2Cgroup, v2Node } from '../node.ts'

const node = (release: string, memory: number, directories = 0): Files =>
  v1Node(release, {
    ...v1Cgroup('kubepods'),
    'proc/cgroups': `#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t5\t1\nmemory\t3\t${memory}\t1\n`,
    ...Object.fromEntries(
      Array.from({ length: directories }, (_, i) => [`sys/fs/cgroup/memory/c${i}/memory.failcnt`, '0\n']),
    ),
  })

const told = (files: Files) => {
  const report = judge(files)
  const [finding] = of(report, 'memcg-id-exhaustion')
  return finding === undefined
    ? report.verdicts['memcg-id-exhaustion']
    : [finding.severity, ...finding.words.summary]
}

describe('ids where a removed cgroup keeps its own', () => {
  it.each([
    [29_999, 'absent'],
    [30_000, ['warning', 'dying']],
    [59_999, ['warning', 'dying']],
    [60_000, ['critical', 'dying']],
  ])('%i counted on EL7: %s', (memory, verdict) =>
    expect(told(node('3.10.0-514.el7.x86_64', memory))).toEqual(verdict),
  )

  it('is an upper bound where nobody looked whether the kernel gives ids back', () => {
    expect(told(node('4.4.0-210-generic', 40_000))).toEqual(['warning', 'perhaps'])
    expect(told(node('3.10.0-862.el7.x86_64', 40_000))).toEqual(['warning', 'perhaps'])
  })
})

describe('ids where they are given back on removal', () => {
  it('are those of the directories, however many removed cgroups are not freed', () => {
    for (const release of ['4.4.180', '4.14.355-amzn2.x86_64', '5.4.0-99-generic', '3.10.0-1160.el7.x86_64'])
      expect(told(node(release, 64_000)), release).toBe('absent')
  })

  it('run out by live ones all the same', () => {
    expect(told(node('5.4.0-99-generic', 30_000, 29_998))).toEqual(['warning', 'live'])
    expect(told(node('5.4.0-99-generic', 30_000, 29_997))).toBe('absent')
  })

  /** So many live cgroups below each of these, beside the root and themselves. */
  const v2 = (
    children: Readonly<Record<string, number>>,
    uncontrolled?: true,
    release = '6.1.0-56-amd64',
  ) => {
    const at = Date.UTC(2026, 0, 1)
    const about = collect(memoryTree(v2Node(release, v2Cgroup('system.slice')), { origin: 'directory' }), {
      at,
    })
    const [sample] = about.samples
    const tree = sample?.memcg
    const [root] = tree?.memcgs ?? []
    if (sample === undefined || tree === undefined || root === undefined) throw new Error('no tree')
    const memcgs = [root]
    for (const [above, count] of Object.entries(children)) {
      memcgs.push({ ...root, path: `/${above}` })
      for (let i = 0; i < count; i++)
        memcgs.push({ ...root, path: `/${above}/${i}`, ...(uncontrolled ? { uncontrolled } : {}) })
    }
    const report = diagnose({ ...about, samples: [{ ...sample, memcg: { ...tree, memcgs } }] }, at)
    return of(report, 'memcg-id-exhaustion')[0] ?? report.verdicts['memcg-id-exhaustion']
  }

  // 6.1 and 6.12 refuse the next with 65,534 below the root.
  it('are all used with the last one, and it is said below what most are', () => {
    const out = v2({ few: 100, many: 65_432 })
    expect(out).toMatchObject({
      severity: 'critical',
      values: { used: 65_535, below: '/many' },
      words: { title: 'out', summary: ['noMore', 'sayNoSpace', 'live', 'below'] },
    })
    expect(v2({ many: 65_533 }, undefined, '6.12.117+deb12-amd64')).toMatchObject({
      words: { summary: ['noMore', 'sayBusy', 'live', 'below'] },
    })
    // a kernel of Red Hat's may have taken the other error over
    expect(v2({ many: 65_533 }, undefined, '5.14.0-427.13.1.el9_4.x86_64')).toMatchObject({
      words: { summary: ['noMore', 'live', 'below'] },
    })
    // no kernel has more ids for live cgroups
    expect(out).toMatchObject({ remedies: expect.not.arrayContaining(['kernel-upgrade']) })
    expect(v2({ few: 100, many: 65_431 })).toMatchObject({
      words: { title: 'used', summary: ['live', 'below'] },
    })
  })

  it('are not held where the memory controller is not handed down', () => {
    expect(v2({ many: 40_000 }, true)).toBe('absent')
    expect(v2({ many: 40_000 })).toMatchObject({ severity: 'warning', values: { used: 40_002 } })
  })
})

describe('a runtime that says no space left on device', () => {
  const said =
    'Jul  9 02:47:09 n1 dockerd: mkdir /sys/fs/cgroup/memory/kubepods/besteffort/pod1: no space left on device\n'

  it('is believed where nothing was counted, or the count bears it out', () => {
    expect(told({ 'log/messages': said })).toEqual(['critical', 'times', 'notDisk'])
    expect(told({ ...node('3.10.0-514.el7.x86_64', 64_000), 'log/messages': said })).toEqual([
      'critical',
      'times',
      'notDisk',
      'counted',
      'dying',
    ])
  })

  it('is believed from 6.12 on where it says that the device is busy', () => {
    const report = judge({
      'log/messages': said.replace('no space left on device', 'device or resource busy'),
    })
    expect(of(report, 'memcg-id-exhaustion')[0]?.words).toEqual({
      title: 'ebusy',
      summary: ['times', 'notBusy'],
    })
  })

  it('is set against a count that leaves plenty', () => {
    expect(told({ ...node('5.4.0-99-generic', 5), 'log/messages': said })).toEqual([
      'warning',
      'times',
      'notDisk',
      'plenty',
    ])
  })
})
