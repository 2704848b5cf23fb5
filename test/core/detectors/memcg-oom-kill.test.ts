import { describe, expect, it } from 'vitest'
import { DMESG, judge, of, v1Node, v2Node } from '../node.ts'

const kill = (memory: string, memsw: string): string =>
  [
    'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=996',
    'Task in /kubepods/burstable/podx/c1 killed as a result of limit of /kubepods/burstable/podx/c1',
    `memory: ${memory}`,
    `memory+swap: ${memsw}`,
    'kmem: usage 0kB, limit 9007199254740988kB, failcnt 0',
    'Memory cgroup out of memory: Kill process 7 (java) score 1 or sacrifice child',
    'Killed process 7 (java) total-vm:9kB, anon-rss:9kB, file-rss:0kB',
  ]
    .map((line, i) => `[   20.00000${i}] ${line}\n`)
    .join('')

const summary = (memory: string, memsw: string) =>
  of(judge(v1Node('3.10.0-957.el7.x86_64', { dmesg: DMESG + kill(memory, memsw) })), 'memcg-oom-kill')[0]
    ?.words.summary

describe('the limit that was hit', () => {
  it('is memory+swap, though usage stays below it by the batch that did not fit', () => {
    expect(
      summary('usage 1500000kB, limit 2097152kB, failcnt 0', 'usage 2097028kB, limit 2097152kB, failcnt 31'),
    ).toContain('memsw')
  })

  it('is memory where both are the same, or the other was never hit', () => {
    expect(
      summary('usage 2097152kB, limit 2097152kB, failcnt 9', 'usage 2097152kB, limit 2097152kB, failcnt 9'),
    ).not.toContain('memsw')
    expect(
      summary('usage 2097000kB, limit 2097152kB, failcnt 9', 'usage 2097100kB, limit 2097152kB, failcnt 0'),
    ).not.toContain('memsw')
  })
})

describe('what filled it', () => {
  // As 6.1 printed it of a container of 32 MiB: unread data of 48 connections, then a process that wanted 16 MiB more.
  const report = (anon: number, sock: number, held = '6092kB'): string =>
    [
      'hold invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0',
      'memory: usage 32768kB, limit 32768kB, failcnt 80',
      'swap: usage 0kB, limit 9007199254740988kB, failcnt 0',
      'Memory cgroup stats for /kubepods.slice/kubepods-podx.slice/cri-containerd-c1.scope:',
      `anon ${anon}`,
      'file 0',
      'kernel 458752',
      `sock ${sock}`,
      'shmem 0',
      'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods.slice/kubepods-podx.slice/cri-containerd-c1.scope,task_memcg=/kubepods.slice/kubepods-podx.slice/cri-containerd-c1.scope,task=hold,pid=189,uid=0',
      `Memory cgroup out of memory: Killed process 189 (hold) total-vm:17564kB, anon-rss:${held}, file-rss:0kB, shmem-rss:200kB, UID:0 pgtables:52kB oom_score_adj:0`,
    ]
      .map((line, i) => `[    9.1951${i + 10}] ${line}\n`)
      .join('')
  const told = (anon: number, sock: number, held?: string) =>
    of(judge(v2Node('6.1.0-56-amd64', { dmesg: DMESG + report(anon, sock, held) })), 'memcg-oom-kill')[0]

  it('is the buffers of sockets, which are in no other part', () => {
    const finding = told(6_447_104, 26_542_080)
    expect(finding?.words.summary).toContain('sock')
    expect(finding?.values['sock']).toBe(26_542_080)
    expect(finding?.remedies).toEqual(['socket-memory', 'raise-memory-limit'])
  })

  it('is the application’s own memory where sockets took less than half', () => {
    const finding = told(26_542_080, 6_447_104)
    expect(finding?.words.summary).toContain('anon')
    expect(finding?.words.summary).not.toContain('sock')
    expect(finding?.remedies[0]).toBe('fix-application-memory')
  })

  it('is what the victim held where the statistics were behind', () => {
    const finding = told(8_433_664, 0, '23592kB')
    expect(finding?.words.summary).toContain('behind')
    expect(finding?.words.summary).not.toContain('unaccounted')
    expect(finding?.values).toMatchObject({ victimHeld: 23_592 * 1024, anon: 8_433_664 })
    expect(finding?.remedies[0]).toBe('fix-application-memory')
  })

  it('is in no statistic where the victim held no more than they have', () => {
    const { summary } = told(8_433_664, 0, '6092kB')?.words ?? { summary: [] }
    expect(summary).toContain('unaccounted')
    expect(summary).not.toContain('behind')
  })
})

describe('several kills at one limit', () => {
  const POD = '/kubepods/burstable/podx'
  const report = (seconds: number, c1: number, pid: number): string =>
    [
      'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=996',
      `Task in ${POD}/c1 killed as a result of limit of ${POD}`,
      'memory: usage 2097152kB, limit 2097152kB, failcnt 9',
      'kmem: usage 0kB, limit 9007199254740988kB, failcnt 0',
      `Memory cgroup stats for ${POD}: cache:0KB rss:0KB rss_huge:0KB`,
      `Memory cgroup stats for ${POD}/c1: cache:1024KB rss:${c1}KB rss_huge:0KB`,
      `Memory cgroup stats for ${POD}/c2: cache:0KB rss:${2_000_000 - c1}KB rss_huge:0KB`,
      `Memory cgroup out of memory: Kill process ${pid} (java) score 1 or sacrifice child`,
      `Killed process ${pid} (java) total-vm:9kB, anon-rss:9kB, file-rss:0kB`,
    ]
      .map((line, i) => `[ ${seconds}.00000${i}] ${line}\n`)
      .join('')
  const told = (...reports: readonly string[]) =>
    of(judge(v1Node('3.10.0-957.el7.x86_64', { dmesg: DMESG + reports.join('') })), 'memcg-oom-kill')[0]

  it('name the cgroup below that grew from the first to the last, and which holds most', () => {
    const finding = told(report(100, 500_000, 7), report(900, 1_500_000, 8))
    expect(finding?.words.summary).toEqual(expect.arrayContaining(['grew', 'childMost']))
    expect(finding?.words.summary).not.toContain('again')
    expect(finding?.values).toMatchObject({ grown: 'c1', grownBy: 1_000_000 * 1024, child: 'c1' })
  })

  it('name a process that was killed and did not die', () => {
    const finding = told(report(100, 500_000, 7), report(160, 500_000, 7))
    expect(finding?.words.summary).toContain('again')
    expect(finding?.words.summary).not.toContain('grew')
    expect(finding?.values['again']).toBe(7)
  })

  it('do not take a pid that came round again for one that did not die', () => {
    expect(told(report(100, 500_000, 7), report(9000, 500_000, 7))?.words.summary).not.toContain('again')
  })
})
