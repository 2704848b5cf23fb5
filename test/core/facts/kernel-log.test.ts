import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { logUnknown, seen } from '../../../src/core/facts/kernel-log.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'

const kill = (stamp: (text: string) => string, pid: number): string =>
  [
    'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=996',
    'Task in /kubepods/burstable/podx/c1 killed as a result of limit of /kubepods/burstable/podx/c1',
    'memory: usage 1024kB, limit 1024kB, failcnt 9',
    `Memory cgroup out of memory: Kill process ${pid} (java) score 1 or sacrifice child`,
    `Killed process ${pid} (java) total-vm:9kB, anon-rss:9kB, file-rss:0kB`,
  ]
    .map(line => `${stamp(line)}\n`)
    .join('')

const boot = (seconds: number) => (line: string) => `[${seconds.toFixed(6).padStart(12)}] ${line}`
const syslog = (when: string) => (line: string) => `${when} node1 kernel: ${line}`

function series(files: Record<string, string>) {
  const about = collect(memoryTree(files, { origin: 'directory' }), { at: 0 })
  return seen(about, about.log?.reports ?? [])
}

describe('seen', () => {
  it('calls over what an earlier boot printed, though its clock stood higher than that of this boot', () => {
    const dmesg = `${kill(boot(100_000), 1)}${kill(boot(100_300), 2)}${boot(0)('Linux version 3.10.0 (x)')}\n${boot(500)('eth0: link up')}\n`
    const { firstSeen, lastSeen, ongoing } = series({ dmesg })
    expect([firstSeen?.seconds, lastSeen?.seconds, ongoing]).toEqual([100_000, 100_300, false])
  })

  it('calls over what an earlier boot printed at a time that this boot has passed', () => {
    const again = `${boot(0)('Linux version 3.10.0 (x)')}\n${boot(300)('eth0: link up')}\n`
    const before = `${kill(boot(100), 1)}${boot(5000)('eth0: link up')}\n`
    expect(series({ dmesg: before + again }).ongoing).toBe(false)
    expect(series({ dmesg: again + kill(boot(310), 1) }).ongoing).toBe(true)
  })

  it('tells the last of a log over two boots by its lines, not by seconds since boot', () => {
    const dmesg = `${kill(boot(100_000), 1)}${boot(0)('Linux version 3.10.0 (x)')}\n${kill(boot(400), 2)}`
    const { firstSeen, lastSeen, ongoing } = series({ dmesg })
    expect([firstSeen?.seconds, lastSeen?.seconds, ongoing]).toEqual([100_000, 400, true])
  })

  it('calls over what was printed at a time this boot has not reached', () => {
    const dmesg = `${kill(boot(100_000), 1)}`
    expect(series({ dmesg, 'proc/uptime': '3600.00 1.00\n' }).ongoing).toBe(false)
    // printk's clock drifts from that of uptime
    expect(series({ dmesg, 'proc/uptime': '99900.00 1.00\n' }).ongoing).toBe(true)
  })

  it('goes over the turn of a year that syslog does not print', () => {
    const log = (until: string) =>
      `${kill(syslog('Dec 31 23:54:00'), 1)}${kill(syslog('Jan  1 00:01:00'), 2)}${syslog(until)('eth0: link up')}\n`
    const soon = series({ 'var/log/messages': log('Jan  1 00:05:00') })
    expect(soon.firstSeen?.text).toContain('12-31')
    expect(soon.lastSeen?.text).toContain('01-01')
    expect(soon.ongoing).toBe(true)
    const old = `${kill(syslog('Dec 31 23:54:00'), 1)}${syslog('Jan  1 12:00:00')('eth0: link up')}\n`
    expect(series({ 'var/log/messages': old }).ongoing).toBe(false)
  })

  it('ends at the ten minutes that it says', () => {
    const log = (later: number) => `${kill(boot(1000), 1)}${boot(1000 + later)('eth0: link up')}\n`
    expect(series({ dmesg: log(600) }).ongoing).toBe(true)
    expect(series({ dmesg: log(601) }).ongoing).toBe(false)
  })
})

describe('logUnknown', () => {
  const reasons = (text: string) =>
    logUnknown(collect(memoryTree({ 'log/x': text }, { origin: 'files' }), { at: 0 })).map(
      ({ reason }) => reason,
    )

  it('does not take lines without a stamp for a whole kernel log', () => {
    expect(reasons('slabinfo - version: 2.1\nkmalloc-64 10 20 64 64 1 : tunables 0 0 0\n')).toEqual([
      'log-without-stamps',
    ])
    expect(reasons(`${boot(1)('eth0: link up')}\nand one without\n`)).toEqual([])
  })
})
