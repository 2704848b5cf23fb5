// The judgements that rest on single lines of the kernel: how grave, what is left out, and what is a claim.

import { describe, expect, it } from 'vitest'
import { DMESG, judge, of, reasons, v2Node } from '../node.ts'

const on = (release: string, ...lines: readonly string[]) =>
  judge(
    v2Node(release, {
      dmesg: `${DMESG}${lines.map((line, at) => `[${String(100 + at * 10).padStart(5)}.000000] ${line}\n`).join('')}`,
    }),
  )

const node = (...lines: readonly string[]) => on('6.1.0-13-amd64', ...lines)

const WARNINGS = [
  'page-corruption',
  'memory-counter-mismatch',
  'netdevice-unregister-stuck',
  'percpu-allocation-failure',
  'vmalloc-allocation-failure',
  'kernel-memory-stall',
  'tcp-memory-exhaustion',
] as const

describe('a quiet log', () => {
  it('has none of them', () => {
    const { verdicts } = node('docker0: port 1(veth1) entered disabled state')
    for (const id of WARNINGS) expect(verdicts[id], id).toBe('absent')
  })

  it('is not called quiet where lines of the kernel are lost', () => {
    for (const line of [
      '** 7 printk messages dropped **',
      'systemd-journald[221]: Missed 4 kernel messages',
    ]) {
      const report = node(line)
      for (const id of WARNINGS) {
        expect(report.verdicts[id], id).toBe('unknown')
        expect(reasons(report, id)).toEqual(['kernel-log-lost-records'])
      }
    }
  })

  it('is where only messages of one place were limited', () => {
    expect(node('foo_function: 12 callbacks suppressed').verdicts['page-corruption']).toBe('absent')
  })
})

describe('netdevice-unregister-stuck', () => {
  const wait = (device: string, count = 1) =>
    `unregister_netdevice: waiting for ${device} to become free. Usage count = ${count}`
  const told = (lines: readonly string[]) =>
    of(node(...lines), 'netdevice-unregister-stuck').map(({ severity, words }) => [severity, words.title])

  it('is a warning from the seventh line on, a minute of them', () => {
    expect(told(Array<string>(6).fill(wait('lo')))).toEqual([['info', 'slow']])
    expect(told(Array<string>(7).fill(wait('lo')))).toEqual([['warning', 'stuck']])
  })

  it('judges each device for itself', () => {
    expect(told([...Array<string>(4).fill(wait('lo')), ...Array<string>(4).fill(wait('eth0'))])).toEqual([
      ['info', 'slow'],
      ['info', 'slow'],
    ])
  })

  it('counts what was folded, too', () => {
    const [finding] = of(node(...Array<string>(1500).fill(wait('lo'))), 'netdevice-unregister-stuck')
    expect(finding?.values).toMatchObject({ count: 1500, references: 1 })
  })
})

describe('page-corruption', () => {
  it('is critical, and says how many were not printed', () => {
    const [finding, ...more] = of(
      node(
        'BUG: Bad page state in process java  pfn:12345',
        'page dumped because: nonzero mapcount',
        'BUG: Bad page state: 12 messages suppressed',
      ),
      'page-corruption',
    )
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      severity: 'critical',
      values: { count: 1, suppressed: 12, reason: 'nonzero mapcount' },
    })
    expect(finding?.words.summary).toEqual(['what', 'reason', 'more'])
  })

  it('of a page still charged is said to be one of accounting', () => {
    const [finding] = of(
      node(
        'BUG: Bad page state in process java  pfn:12345',
        'page dumped because: page still charged to cgroup',
      ),
      'page-corruption',
    )
    expect(finding?.words).toEqual({ title: 'charged', summary: ['chargedWhat', 'reason'] })
  })
})

describe('percpu-allocation-failure', () => {
  const failed = (reason: string) => `percpu: allocation failed, size=24 align=8 atomic=0, ${reason}`

  it('counts failures, not the line that ends their printing', () => {
    const [finding] = of(
      node(
        failed('failed to populate'),
        failed('failed to populate'),
        'percpu: limit reached, disable warning',
      ),
      'percpu-allocation-failure',
    )
    expect(finding).toMatchObject({ severity: 'warning', values: { count: 2 }, words: { title: 'limit' } })
  })

  it('of the reserved part hurts a module only', () => {
    const [finding] = of(node(failed('alloc from reserved chunk failed')), 'percpu-allocation-failure')
    expect(finding).toMatchObject({ severity: 'info', remedies: [], defects: [] })
  })
})

describe('kernel-memory-stall', () => {
  it('names the defect that fits the function', () => {
    const stall = (name: string, release = '6.1.0-13-amd64') =>
      of(
        on(
          release,
          'watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [kubelet:7]',
          'Call Trace:',
          ` ${name}+0x1/0x2`,
        ),
        'kernel-memory-stall',
      )[0]
    expect(stall('inode_switch_wbs_work_fn')?.defects.map(({ id }) => id)).toEqual(['K-45'])
    expect(stall('s_show', '5.4.0-99-generic')?.defects.map(({ id }) => id)).toEqual(['K-39'])
    // The file is empty from 5.9 on.
    expect(stall('s_show')?.defects).toEqual([])
    expect(stall('ext4_writepages')).toBeUndefined()
  })
})

describe('what was written from user space', () => {
  it('is a claim: told, without advice', () => {
    const report = judge(
      v2Node('6.1.0-13-amd64', {
        dmesg: '',
        'dev/kmsg':
          '12,1,1000000,-;BUG: Bad page state in process java  pfn:12345\n6,2,2000000,-;eth0: link up\n',
      }),
    )
    const [finding] = of(report, 'page-corruption')
    expect(finding).toMatchObject({ severity: 'info', remedies: [] })
    expect(finding?.words.summary).toContain('claim')
  })
})
