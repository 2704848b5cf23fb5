import { describe, expect, it } from 'vitest'
import { DMESG, judge, of, v1Node } from '../node.ts'

const EL7 = '3.10.0-957.el7.x86_64'
const STORM = '/kubepods/burstable/pod20edac81-191c-4bc6-b85f-e23a65bc7931'
const BEFORE = '/kubepods/burstable/pod30edac81-191c-4bc6-b85f-e23a65bc7931'

const kill = (seconds: number, pid: number, limit?: string): string =>
  [
    'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=996',
    ...(limit === undefined
      ? ['Mem-Info:']
      : [
          `Task in ${limit} killed as a result of limit of ${limit}`,
          'memory: usage 1024kB, limit 1024kB, failcnt 9',
        ]),
    `${limit === undefined ? 'Out of memory' : 'Memory cgroup out of memory'}: Kill process ${pid} (java) score 1 or sacrifice child`,
    `Killed process ${pid} (java) total-vm:9kB, anon-rss:9kB, file-rss:0kB`,
  ]
    .map(line => `[${seconds.toFixed(6).padStart(12)}] ${line}\n`)
    .join('')

const series = (count: number, from: number, every: number, limit?: string): string =>
  Array.from({ length: count }, (_, i) => kill(from + i * every, from + i, limit)).join('')

describe('more kills than are kept whole', () => {
  const storm = series(5, 100, 10, BEFORE) + series(1500, 1000, 300, STORM)

  const kills = (files: Readonly<Record<string, string>>) =>
    of(judge(v1Node(EL7, files)), 'memcg-oom-kill').map(({ subject, values, firstSeen, ongoing }) => [
      subject.path,
      values['count'],
      firstSeen?.seconds,
      ongoing,
    ])

  it('are counted from the first, and hide no pod that died before', () => {
    expect(kills({ dmesg: storm })).toEqual([
      [STORM, 1500, 1000, true],
      [BEFORE, 5, 100, false],
    ])
  })

  it('are not doubled by a second log of the same', () => {
    expect(kills({ 'log/a': storm, 'log/b': storm })).toEqual([
      [STORM, 1500, 1000, true],
      [BEFORE, 5, 100, false],
    ])
  })

  it('are counted for the node too', () => {
    const [finding] = of(judge(v1Node(EL7, { dmesg: DMESG + series(1500, 1000, 30) })), 'node-oom-kill')
    expect([finding?.values['count'], finding?.firstSeen?.seconds]).toEqual([1500, 1000])
  })
})
