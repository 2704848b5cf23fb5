import { describe, expect, it } from 'vitest'
import { collectKmsg } from '../../../src/core/collectors/kmsg.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'

const NOW = Date.UTC(2026, 10, 23, 17, 0, 0)
const BOOT = NOW / 1000 - 10_000

const ring = (...texts: readonly (readonly [seconds: number, text: string])[]): string =>
  texts.map(([seconds, text], index) => `4,${index},${seconds}000000,-;${text}\n`).join('')
const kill = (pid: number): string =>
  `Memory cgroup out of memory: Killed process ${pid} (java) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB`
const head = 'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0'
const syslog = (seconds: number, text: string): string => {
  // the node's clock is eight hours ahead of UTC
  const local = new Date((BOOT + seconds + 8 * 3600) * 1000)
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][
    local.getUTCMonth()
  ]
  const day = String(local.getUTCDate()).padStart(2)
  return `${month} ${day} ${local.toISOString().slice(11, 19)} node-1 kernel: ${text}\n`
}
const live = (files: Record<string, string>) =>
  memoryTree({ 'proc/stat': `cpu 1\nbtime ${BOOT}\n`, ...files }, { origin: 'live' })

describe('collectKmsg', () => {
  it('counts once what the ring and the syslog both have, and gives the ring’s stamps in UTC', () => {
    const tree = live({
      'dev/kmsg': ring([9000, kill(7)], [9500, kill(8)]),
      'var/log/messages': syslog(5000, kill(5)) + syslog(9001, kill(7)) + syslog(9500, kill(8)),
    })
    const { log, gaps } = collectKmsg(tree, { now: NOW })
    expect(gaps).toEqual([])
    expect(log?.reports.map(report => (report.kind === 'oom' ? report.victims[0]?.pid : 0))).toEqual([
      5, 7, 8,
    ])
    expect(log?.reports[1]).toMatchObject({ at: { clock: 'utc', text: '2026-11-23T16:43:20Z' }, seq: [0, 0] })
    expect(log?.sources.map(source => source.path)).toEqual(['/var/log/messages', '/dev/kmsg'])
    expect(log?.now).toMatchObject({ clock: 'utc', seconds: NOW / 1000 })
  })

  it('counts twice what happened twice, though the words are the same', () => {
    const slub = 'SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)'
    const tree = live({
      'dev/kmsg': ring([9000, slub], [9100, slub]),
      'var/log/kern.log': syslog(8000, slub) + syslog(9000, slub) + syslog(9100, slub),
      'var/log/syslog': syslog(8000, slub) + syslog(9000, slub) + syslog(9100, slub),
    })
    expect(collectKmsg(tree, { now: NOW }).log?.reports).toHaveLength(3)
  })

  it('takes the reading that still has its head', () => {
    const tree = live({
      'dev/kmsg': ring([9000, kill(7)]),
      'var/log/messages': syslog(9000, head) + syslog(9000, kill(7)),
    })
    const reports = collectKmsg(tree, { now: NOW }).log?.reports
    expect(reports).toMatchObject([{ invoker: 'java', lines: [1, 2] }])
  })

  it('reads the newest rotation too, and none that is packed', () => {
    const tree = live({
      'dev/kmsg': ring([9000, 'x']),
      'var/log/messages': syslog(9000, kill(9)),
      'var/log/messages-20261101': syslog(100, kill(1)),
      'var/log/messages-20261115': syslog(200, kill(2)),
      'var/log/messages-20261108.gz': 'packed',
    })
    const { log } = collectKmsg(tree, { now: NOW })
    expect(log?.sources.map(source => source.path)).toEqual([
      '/var/log/messages-20261115',
      '/var/log/messages',
      '/dev/kmsg',
    ])
    expect(log?.reports).toHaveLength(2)
  })

  it('counts --since back from now when live, else from the last stamp of each log', () => {
    const lines = [1000, 5000, 9000].map(second => `[${second}.000000] ${kill(second)}\n`).join('')
    const saved = collectKmsg(memoryTree({ 'log/dmesg.txt': lines }), { sinceSeconds: 4500 })
    expect(saved.log?.reports).toHaveLength(2)
    expect(saved.log?.leftOut).toBe(1)
    const running = live({ 'dev/kmsg': ring([1000, kill(1)], [5000, kill(2)], [9000, kill(3)]) })
    expect(collectKmsg(running, { sinceSeconds: 4500, now: NOW }).log?.reports).toHaveLength(1)
    expect(collectKmsg(running, { now: NOW }).log?.leftOut).toBeUndefined()
  })

  it('says what is absent, denied, or a journal', () => {
    const denied = memoryTree(
      { 'dev/kmsg': { path: '/dev/kmsg', why: 'denied' }, 'var/log/journal/0a/system.journal': 'LPKSHHRH' },
      { origin: 'live' },
    )
    const { log, gaps } = collectKmsg(denied, { now: NOW })
    expect(log).toBeUndefined()
    expect(gaps).toEqual([
      { path: '/dev/kmsg', why: 'denied' },
      {
        path: '/var/log/journal',
        why: 'unreadable',
        detail: expect.stringContaining('journalctl -k -o short-iso'),
      },
    ])
    expect(collectKmsg(memoryTree({ 'proc/meminfo': 'x' })).gaps).toMatchObject([
      { path: '/dev/kmsg', why: 'absent' },
    ])
    expect(collectKmsg(memoryTree({ 'log/a.txt': 'no kernel log at all' }))).toMatchObject({
      log: { reports: [] },
      gaps: [],
    })
  })

  it('tells of a line that was cut', () => {
    const { gaps } = collectKmsg(memoryTree({ 'log/a.txt': `a\n${'x'.repeat(100_000)}\n` }))
    expect(gaps).toEqual([
      { path: '/log/a.txt', why: 'truncated', detail: '1 lines longer than 64 KiB, the first is line 2' },
    ])
  })
})
