import { describe, expect, it } from 'vitest'
import { DMESG, judge, of, v1Node } from '../node.ts'

const FAILURE = `[   20.000000] SLUB: Unable to allocate memory on node -1, gfp=0x6000c0(GFP_KERNEL)
[   20.000001]   cache: dentry(112:c116), object size: 192, buffer size: 192, default order: 0, min order: 0
[   20.000002]   node 0: slabs: 28, objs: 448, free: 0
`

describe('a failure at the limit of a cgroup', () => {
  const remedies = (release: string) =>
    of(judge(v1Node(release, { dmesg: DMESG + FAILURE })), 'slub-allocation-failure')[0]?.remedies

  it('is the limit where every cgroup is accounted, and no reason to reboot', () => {
    expect(remedies('5.4.0-99-generic')).toEqual([
      'save-evidence',
      'raise-kmem-limit',
      'raise-memory-limit',
      'find-slab-owner',
    ])
    expect(remedies('3.10.0-957.el7.x86_64')).toContain('drain-and-reboot')
  })
})
