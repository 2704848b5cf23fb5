import { describe, expect, it } from 'vitest'
import { CONTAINER, judge, MIB, of, v1Cgroup, v1Node, v2Node } from '../node.ts'

const active = v1Cgroup(CONTAINER, { limit: 1000 * MIB, kmem: 900 * MIB, usage: 900 * MIB })

const remedies = (files: Readonly<Record<string, string>>) => of(judge(files), 'known-defects')[0]?.remedies

describe('what to do about the defects of a kernel', () => {
  it('is an upgrade where the distribution has a fix, a newer system where it has none', () => {
    expect(remedies(v1Node('3.10.0-957.el7.x86_64', active))).toEqual([
      'kernel-upgrade-el7',
      'move-to-newer-system',
    ])
    // K-03 alone: no kernel of EL7 cures it
    expect(remedies(v1Node('3.10.0-1160.el7.x86_64', active))).toEqual(['move-to-newer-system'])
  })

  it('is fewer cgroups where the page cache of removed ones pins them', () => {
    const dying = { 'sys/fs/cgroup/cgroup.stat': 'nr_descendants 1\nnr_dying_descendants 9000\n' }
    expect(remedies(v2Node('5.14.0-362.el9.x86_64', dying))).toEqual(['reduce-churn'])
  })
})
