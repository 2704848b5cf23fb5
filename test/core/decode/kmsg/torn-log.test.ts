// Logs that people and programs have been at: pieces of lines, what a grep or a pager leaves, holes, several boots.

import { describe, expect, it } from 'vitest'
import { type DecodedKernelLog, readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'

const read = (...lines: readonly string[]): DecodedKernelLog =>
  readKernelLog([new TextEncoder().encode(lines.join('\n'))], { path: 'log' })

const HEAD = '[   12.300000] foo invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0'
const KILL = '[   12.300001] Killed process 5 (foo) total-vm:8kB, anon-rss:4kB, file-rss:0kB'

const whole = { kind: 'oom', invoker: 'foo', victims: [{ pid: 5, comm: 'foo', anonRss: 4096 }] }

describe('what stands in front of lines, between them and behind', () => {
  it.each([
    ['a bar of quotes', [`| ${HEAD}`, `> | ${KILL}`]],
    ['a pager', [HEAD, '--More--(12%)', KILL, '(END)', '~', 'lines 1-23/50 (END)', ':']],
    [
      'colours',
      [
        `\u001b[32m${HEAD.slice(0, 15)}\u001b[0m${HEAD.slice(15)}`,
        `^[[32m${KILL.slice(0, 15)}^[[0m${KILL.slice(15)}`,
      ],
    ],
    ['grep -n', [`10:${HEAD}`, `11-${KILL}`]],
    ['grep -H -n', [`/var/log/kern.log:10:${HEAD}`, `/var/log/kern.log-11-${KILL}`]],
    ['grep -H', [`dmesg.txt:${HEAD}`, `dmesg.txt-${KILL}`]],
    [
      'CRI, cut in two',
      [
        `2026-11-23T17:13:32.1Z stderr P ${HEAD.slice(0, 40)}`,
        '2026-11-23T17:13:32.1Z stdout F hello',
        `2026-11-23T17:13:32.1Z stderr F ${HEAD.slice(40)}`,
        `2026-11-23T17:13:32.1Z stderr F ${KILL}`,
      ],
    ],
  ])('%s', (_, lines) => {
    expect(read(...lines).reports).toMatchObject([whole])
  })

  it('grep with a file name keeps the clock', () => {
    const { reports, source } = read(
      '/var/log/messages:Jul  3 00:05:57 h kernel: foo invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0',
      '/var/log/messages-Jul  3 00:05:58 h kernel: Killed process 5 (foo) total-vm:8kB, anon-rss:4kB, file-rss:0kB',
    )
    expect(reports).toMatchObject([{ ...whole, at: { clock: 'no-year', text: '--07-03T00:05:57' } }])
    expect(source.excerpt).toBe(true)
  })

  it('puts together what docker cut at 16 KiB', () => {
    const json = (log: string): string =>
      JSON.stringify({ log, stream: 'stderr', time: '2026-11-23T17:13:32.1Z' })
    const long = `[    1.000000] ${'x'.repeat(16_384 - 49)} mkdir /sys/fs/cgroup/memory/kube`
    const { reports } = read(
      json(long),
      json('pods/pod1: no space left on device\n'),
      json(`${HEAD}\n`),
      json(`${KILL}\n`),
    )
    expect(reports).toMatchObject([
      { kind: 'memcg-no-space', directory: '/sys/fs/cgroup/memory/kubepods/pod1' },
      whole,
    ])
  })

  it('takes a mark of grep -A for a hole', () => {
    const { reports, source } = read(HEAD, '--', KILL)
    expect(source.excerpt).toBe(true)
    expect(reports).toHaveLength(2)
  })
})

describe('several boots', () => {
  it('are not one: nothing goes on after a reboot', () => {
    const { reports, source } = read(
      HEAD.replace('12.3', '9012.3'),
      '[    0.000000] Linux version 5.4.0 (x) y',
      KILL,
    )
    expect(reports).toMatchObject([{ invoker: 'foo', victims: [] }, { truncatedHead: true }])
    expect(source.rebootedAt).toBe(2)
  })

  it('nor after the journal’s own mark of one', () => {
    const { reports } = read(HEAD, '-- Reboot --', KILL)
    expect(reports).toMatchObject([{ invoker: 'foo', victims: [] }, { truncatedHead: true }])
  })
})

describe('holes the log tells of', () => {
  it('are counted, with who lost what', () => {
    const { reports, source } = read(
      `** 12 printk messages dropped ** ${HEAD}`,
      KILL,
      '[   14.000000] systemd-journald[221]: Missed 4 kernel messages',
      'Jul  3 00:05:57 h rsyslogd-2177: imuxsock lost 33 messages from pid 123 due to rate-limiting',
      'Jul  3 00:05:57 h systemd-journald[1]: Suppressed 9 messages from docker.service',
      'Jul  3 00:05:57 h myapp: Missed 5 kernel messages',
    )
    expect(reports.find(({ kind }) => kind === 'oom')).toMatchObject(whole)
    expect(reports.filter(({ kind }) => kind === 'records-lost')).toMatchObject([
      { by: 'printk', count: 12, whose: 'kernel' },
      { by: 'journald', count: 4, whose: 'kernel' },
      { by: 'rsyslog', count: 33, whose: 'programs' },
      { by: 'journald', count: 9, whose: 'programs', unit: 'docker.service' },
    ])
    expect(source.lost).toEqual({ places: 4, count: 58, ofKernel: 2, line: 1 })
  })

  it('are none where nobody speaks of any', () => {
    expect(read(HEAD, KILL).source.lost).toBeUndefined()
  })
})
