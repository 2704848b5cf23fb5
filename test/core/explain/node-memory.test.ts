import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../src/core/decode/kmsg/log.ts'
import { nodeMemory } from '../../../src/core/explain/node-memory.ts'

interface Kill {
  readonly gfp?: string
  readonly order?: number
  readonly summary?: string
  readonly zones?: readonly string[]
  readonly slab?: readonly string[]
}

const zone = (node: number, freeKiB: number): readonly string[] => [
  `Node ${node} Normal free:${freeKiB}kB min:40960kB low:51200kB high:61440kB present:1048576kB managed:1048576kB`,
  'lowmem_reserve[]: 0 0 0',
]
const blocks = (node: number, freeKiB: number): string =>
  `Node ${node} Normal: ${freeKiB / 4}*4kB (UME) 0*8kB = ${freeKiB}kB`

function told({ gfp = '0xcc0(GFP_KERNEL)', order = 0, summary, zones, slab = [] }: Kill) {
  const lines = [
    `a invoked oom-killer: gfp_mask=${gfp}, order=${order}, oom_score_adj=0`,
    'CPU: 1 PID: 7 Comm: a Not tainted 5.15.0 #1',
    'Mem-Info:',
    'active_anon:1000 inactive_anon:0 isolated_anon:0',
    ' active_file:10 inactive_file:0 isolated_file:0',
    ' slab_reclaimable:1 slab_unreclaimable:5000',
    ' mapped:0 shmem:100 pagetables:9 bounce:0',
    ...(zones ?? [...zone(0, 20480), blocks(0, 20480)]),
    'Free swap  = 0kB',
    'Total swap = 4096kB',
    '262144 pages RAM',
    '0 pages reserved',
    ...slab,
    summary ??
      'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=a,pid=7,uid=0',
    'Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0',
  ]
  const log = readKernelLog(
    [new TextEncoder().encode(lines.map(line => `[   10.000000] ${line}\n`).join(''))],
    {
      path: 'log',
    },
  )
  const [report] = log.reports
  if (report?.kind !== 'oom') throw new Error(JSON.stringify(log.reports))
  return nodeMemory(report)
}

describe('a kill of the node', () => {
  it('is for want of memory, and says who had it', () => {
    const found = told({})
    expect(found).toMatchObject({ verdict: 'no-memory', had: false })
    expect(found.summary).toEqual(['nodeShort', 'nodeHeld', 'nodeNoSwap'])
    expect(found.values).toMatchObject({ nodeAnon: 4_096_000, nodeSlab: 20_480_000, nodeTables: 36_864 })
  })

  it('names the largest unreclaimable caches, and whose the first is', () => {
    const slab = [
      'Unreclaimable slab info:',
      'Name                      Used          Total',
      'filp                       10KB         20KB',
      'task_struct              9000KB       9216KB',
    ]
    const found = told({ slab })
    expect(found.values['caches']).toBe('task_struct 9 MiB, filp 20 KiB')
    expect(found.summary).toEqual(expect.arrayContaining(['nodeTopSlab', 'owner-task_struct']))
    expect(told({ slab: ['excessive unreclaimable slab but cannot dump stats'] }).summary).toContain(
      'nodeSlabUnread',
    )
  })

  it('is none where the memory was in pieces, or of a node that could not be had', () => {
    const much = [...zone(0, 204800), blocks(0, 204800)]
    expect(told({ order: 2, zones: much })).toMatchObject({ verdict: 'fragmented', had: true })
    const two = [...zone(0, 20480), ...zone(1, 819200), blocks(0, 20480), blocks(1, 819200)]
    expect(told({ zones: two })).toMatchObject({ verdict: 'node-limit', had: true })
    const both =
      'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/,task=a,pid=7,uid=0'
    expect(told({ zones: two, summary: both })).toMatchObject({ verdict: 'enough', had: false })
  })

  it('of a page fault that a cgroup refused was not for want of the node’s memory', () => {
    const found = told({ gfp: '0x0()', zones: [...zone(0, 819200), blocks(0, 819200)] })
    expect(found).toMatchObject({ had: true })
    expect(found.summary[0]).toBe('nodePageFault')
    expect(found.remedies).toContain('raise-kmem-limit')
    expect(told({ gfp: '0x0()' })).toMatchObject({ had: false })
  })
})
