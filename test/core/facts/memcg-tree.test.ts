import { describe, expect, it } from 'vitest'
import { CONTAINER, judge, MIB, reasons, v2Cgroup, v2Node } from '../node.ts'

describe('a cgroup of v2 that the memory controller does not reach', () => {
  const node = (controllers: string) =>
    v2Node('6.8.0', {
      ...v2Cgroup(CONTAINER, { limit: 1000 * MIB }),
      [`sys/fs/cgroup/${CONTAINER}/init/cgroup.controllers`]: controllers,
      [`sys/fs/cgroup/${CONTAINER}/init/cgroup.stat`]: 'nr_descendants 0\nnr_dying_descendants 0\n',
    })

  it('has nothing that could be read, and hides nothing', () => {
    const report = judge(node('cpu pids\n'))
    expect(report.verdicts['kmem-fills-memcg']).toBe('absent')
    expect(report.verdicts['memcg-oom-kill']).toBe('absent')
  })

  it('is not taken for one whose files are missing', () => {
    const report = judge(node('cpu memory pids\n'))
    expect(reasons(report, 'kmem-fills-memcg')).toEqual(['kmem-usage-not-read'])
    expect(reasons(report, 'memcg-oom-kill')).toEqual(['oom-counter-not-read'])
  })
})
