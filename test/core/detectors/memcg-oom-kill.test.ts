import { describe, expect, it } from 'vitest'
import { DMESG, judge, of, v1Node } from '../node.ts'

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
