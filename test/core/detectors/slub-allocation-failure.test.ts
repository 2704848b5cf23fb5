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

describe('failures of several cgroups', () => {
  const failure = (seconds: number, cache: string): string =>
    [
      'SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)',
      `  cache: ${cache}, object size: 192, buffer size: 192, default order: 0, min order: 0`,
      '  node 0: slabs: 28, objs: 448, free: 0',
    ]
      .map((line, at) => `[${seconds}.00000${at}] ${line}\n`)
      .join('')
  const SUPPRESSED = '[ 300.000000] slab_out_of_memory: 13 callbacks suppressed\n'
  const told = (log: string) =>
    judge(v1Node('3.10.0-957.el7.x86_64', { dmesg: `${DMESG}${log}${SUPPRESSED}` }))
  const summaries = (log: string) =>
    of(told(log), 'slub-allocation-failure').map(({ words }) =>
      words.summary.filter(key => key.startsWith('more')),
    )

  it('do not each claim what rate limiting kept back', () => {
    expect(summaries(failure(100, 'dentry(112:c116)'))).toEqual([['more']])
    expect(summaries(failure(100, 'dentry(112:c116)') + failure(200, 'dentry(113:c117)'))).toEqual([
      ['moreOfAny'],
      ['moreOfAny'],
    ])
  })

  it('show a limit that was hit (K-03), whichever of them names a cgroup', () => {
    const [finding] = of(told(failure(100, 'dentry') + failure(200, 'dentry(112:c116)')), 'known-defects')
    expect(finding?.defects.find(({ id }) => id === 'K-03')?.status).toBe('affected')
    expect(finding?.evidence.map(one => one.kind === 'log' && one.text)).toContainEqual(
      expect.stringContaining('dentry(112:c116)'),
    )
  })
})

describe('lines that a program wrote to /dev/kmsg', () => {
  // The priority is facility * 8 + level: 12 is user (1), warning (4); 4 is the kernel's own.
  const log = (priority: number): string =>
    [
      '6,1,1000000,-;Linux version 3.10.0-957.el7.x86_64 (mockbuild@x) (gcc version 4.8.5) #1 SMP',
      `${priority},2,2000000,-;SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)`,
      `${priority},3,2000001,-;  cache: kmalloc-192(1402:c116), object size: 192, buffer size: 192, default order: 1, min order: 0`,
      `${priority},4,2000002,-;  node 0: slabs: 1, objs: 1, free: 0`,
      '',
    ].join('\n')
  const verdicts = (priority: number) =>
    judge(v1Node('3.10.0-957.el7.x86_64', { 'dev/kmsg': log(priority) })).verdicts

  it('prove nothing about the node', () => {
    expect(verdicts(4)).toMatchObject({ 'kmem-accounting-active': 'present', 'known-defects': 'present' })
    expect(verdicts(12)['slub-allocation-failure']).toBe('present')
    expect(verdicts(12)['kmem-accounting-active']).not.toBe('present')
    expect(verdicts(12)['known-defects']).not.toBe('present')
  })
})
