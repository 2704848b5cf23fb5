import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/core/case/case.ts'
import { collect } from '../../../src/core/collect.ts'
import { kmemleakInstrument } from '../../../src/core/facts/kmemleak.ts'
import { renderCondition } from '../../../src/core/render/conditions.ts'
import { renderMarkdown } from '../../../src/core/render/markdown.ts'
import { plain, renderTerminal } from '../../../src/core/render/terminal.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { DMESG, type Files, judge, of, reasons, v2Node } from '../node.ts'

const ID = 'kmemleak-objects'
const FILE = 'sys/kernel/debug/kmemleak'
const MOUNTED = '33 27 0:7 / /sys/kernel/debug rw,nosuid - debugfs debugfs rw\n'
const NOT_MOUNTED = '27 1 0:22 / /sys rw,nosuid - sysfs sysfs rw\n'

const said = (...lines: readonly string[]): string =>
  DMESG + lines.map((line, index) => `[   ${20 + index}.000000] kmemleak: ${line}\n`).join('')
const ON = 'Kernel memory leak detector initialized (mem pool available: 15799)'
const OFF = 'Kernel memory leak detector disabled'
const SCAN = '12 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'

const records = (count: number, owner = 'lab_leak'): string =>
  Array.from({ length: count }, (_, index) =>
    [
      `unreferenced object 0x${(0xffff888000000000n + BigInt(index * 64)).toString(16)} (size 64):`,
      '  comm "insmod", pid 54, jiffies 4294938311',
      '  backtrace:',
      '    [<00000000b645db01>] kmalloc_trace+0x26/0x80',
      `    [<000000003961b3d6>] ${owner}+0x50/0xf0 [faults]`,
      '',
    ].join('\n'),
  ).join('')

const node = (files: Files = {}): Files =>
  v2Node('6.1.0', {
    'proc/self/mountinfo': `${MOUNTED}29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n`,
    ...files,
  })
const verdict = (files: Files) => {
  const report = judge(node(files))
  return { is: report.verdicts[ID], why: reasons(report, ID) }
}

describe('an empty file', () => {
  it('is health where the detector is on, and nowhere else', () => {
    expect(verdict({ [FILE]: '', dmesg: said(ON) })).toEqual({ is: 'absent', why: [] })
    expect(verdict({ [FILE]: '', dmesg: said(OFF) })).toEqual({ is: 'unknown', why: ['kmemleak-off'] })
    expect(verdict({ [FILE]: '', dmesg: said(ON, OFF) })).toEqual({ is: 'unknown', why: ['kmemleak-off'] })
    expect(verdict({ [FILE]: '' })).toEqual({ is: 'unknown', why: ['kmemleak-state-not-told'] })
    for (const why of [
      'Cannot allocate a kmemleak_object structure',
      'Early log buffer exceeded (1200), please increase DEBUG_KMEMLEAK_EARLY_LOG_SIZE',
      'Cannot insert 0xf6800000 into the object search tree (overlaps existing)',
    ])
      expect(verdict({ [FILE]: '', dmesg: said(ON, why, OFF) })).toEqual({
        is: 'unknown',
        why: ['kmemleak-gave-up'],
      })
  })

  it('is that of a detector switched off at boot, by the command line or as it was built', () => {
    const off = { is: 'unknown', why: ['kmemleak-off'] }
    expect(verdict({ [FILE]: '', 'proc/cmdline': 'ro kmemleak=off\n' })).toEqual(off)
    const config = 'CONFIG_DEBUG_KMEMLEAK=y\nCONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF=y\n'
    expect(verdict({ [FILE]: '', 'boot/config-6.1.0': config })).toEqual(off)
    expect(
      verdict({ [FILE]: '', 'boot/config-6.1.0': config, 'proc/cmdline': 'ro kmemleak=on\n' }).why,
    ).toEqual(['kmemleak-state-not-told'])
  })

  it('is not cleared by a log that may have lost the line, or a boot before this one', () => {
    const earlier = said(ON).replace('[   20.', '[  200.')
    const again = '[    0.000000] Linux version 6.1.0 (b@h)\n[    1.000000] eth0: up\n'
    expect(verdict({ [FILE]: '', dmesg: `${earlier}${again}` })).toEqual({
      is: 'unknown',
      why: ['kmemleak-state-not-told'],
    })
    const lost =
      '6,1,1000000,-;kmemleak: Kernel memory leak detector initialized (mem pool available: 1)\n6,9,2000000,-;eth0: up\n'
    expect(verdict({ [FILE]: '', 'dev/kmsg': lost }).is).toBe('unknown')
  })
})

describe('a file that is not there', () => {
  const live = (files: Files): Case =>
    collect(memoryTree(node(files), { origin: 'live' }), {
      at: 0,
      only: ['kmemleak', 'kernel-config', 'cmdline', 'kmsg'],
    })

  it('has its reason, each with the line that helps', () => {
    expect(kmemleakInstrument(live({})).why).toEqual({
      reason: 'kmemleak-not-built',
      remedy: 'boot-debug-kernel',
    })
    expect(kmemleakInstrument(live({ 'proc/self/mountinfo': NOT_MOUNTED })).why).toEqual({
      reason: 'kmemleak-no-sign',
      remedy: 'mount-debugfs',
    })
    const built = { 'boot/config-6.1.0': 'CONFIG_DEBUG_KMEMLEAK=y\n' }
    expect(verdict({ ...built, 'proc/self/mountinfo': NOT_MOUNTED })).toEqual({
      is: 'unknown',
      why: ['debugfs-not-mounted'],
    })
    expect(verdict(built)).toEqual({ is: 'unknown', why: ['kmemleak-not-read'] })
    expect(verdict({ 'boot/config-6.1.0': '# CONFIG_DEBUG_KMEMLEAK is not set\nCONFIG_HZ=250\n' })).toEqual({
      is: 'unknown',
      why: ['kmemleak-not-built'],
    })
    expect(verdict({})).toEqual({ is: 'unknown', why: ['kmemleak-no-sign'] })
    expect(verdict({ dmesg: said(ON) })).toEqual({ is: 'unknown', why: ['kmemleak-not-read'] })
  })

  it('is for root alone, or behind a lockdown', () => {
    const denied = (files: Files) => {
      const tree = memoryTree(node(files), { origin: 'live' })
      const about = collect(
        {
          ...tree,
          chunks: path => (path === FILE ? { path: `/${path}`, why: 'denied' } : tree.chunks(path)),
        },
        { at: 0 },
      )
      return kmemleakInstrument(about).why
    }
    expect(denied({})).toEqual({ reason: 'debugfs-denied', path: `/${FILE}`, remedy: 'run-as-root' })
    const lockdown = { 'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' }
    expect(denied(lockdown)).toEqual({ reason: 'debugfs-locked', path: `/${FILE}`, remedy: 'leave-lockdown' })
    expect(denied({ 'sys/kernel/security/lockdown': '[none] integrity confidentiality\n' })?.reason).toBe(
      'debugfs-denied',
    )
  })
})

describe('records', () => {
  it('are a finding, whether the detector is still on or not', () => {
    for (const [dmesg, why] of [
      [said(ON), []],
      [said(ON, OFF), ['kmemleak-off']],
      [DMESG, ['kmemleak-state-not-told']],
    ] as const) {
      const report = judge(node({ [FILE]: records(20), dmesg }))
      const [finding] = of(report, ID)
      expect(finding).toMatchObject({ severity: 'warning', values: { count: 20, bytes: 1280, stacks: 1 } })
      expect(finding?.values['top']).toBe('lab_leak [faults] (20, 1.25 KiB)')
      expect(reasons(report, ID)).toEqual(why)
    }
  })

  it('of one object each, or known to be no leak, are told and are no warning', () => {
    const severity = (text: string) => of(judge(node({ [FILE]: text, dmesg: said(ON) })), ID)[0]?.severity
    expect(severity(records(1))).toBe('info')
    expect(severity(records(3, 'net_sysctl_init'))).toBe('info')
    expect(severity(records(1) + records(2, 'other'))).toBe('warning')
  })

  it('in the log alone are a finding, and so is what a scan announced', () => {
    const log = `${DMESG}${records(2)
      .trimEnd()
      .split('\n')
      .map((line, index) => `[   ${30 + index}.000000] kmemleak: ${line}\n`)
      .join('')}`
    const [logged] = of(judge(node({ dmesg: log })), ID)
    expect(logged).toMatchObject({ severity: 'warning', words: { title: 'logged' }, values: { count: 2 } })
    const [announced] = of(judge(node({ dmesg: said(ON, SCAN, SCAN) })), ID)
    expect(announced).toMatchObject({
      severity: 'warning',
      words: { title: 'announced' },
      values: { announced: 24 },
    })
    expect(announced?.words.summary).toContain('notRead')
  })

  it('that were announced and are no longer listed are not known', () => {
    // freed, in use after all, or cleared by somebody: the files look the same
    expect(verdict({ [FILE]: '', dmesg: said(ON, SCAN) })).toEqual({
      is: 'unknown',
      why: ['kmemleak-suspects-gone'],
    })
    expect(verdict({ [FILE]: '', dmesg: said(ON, SCAN, OFF) }).why).toEqual([
      'kmemleak-off',
      'kmemleak-suspects-gone',
    ])
  })

  it('that a program wrote to the log are no finding', () => {
    const kmsg = `6,1,1000000,-;eth0: up\n12,2,2000000,-;kmemleak: ${SCAN}\n`
    expect(of(judge(node({ 'dev/kmsg': kmsg })), ID)).toEqual([])
  })
})

describe('an instrument that is off', () => {
  const { unknown, verdicts, ...rest } = judge(node())
  const off = unknown.filter(({ instrumentOff }) => instrumentOff === true)
  const ids = new Set(off.map(({ detector }) => detector))
  /** The same, had all else been read. */
  const report = {
    ...rest,
    unknown: off,
    verdicts: Object.fromEntries(
      Object.keys(verdicts).map(id => [id, ids.has(id) ? ('unknown' as const) : ('absent' as const)]),
    ),
  }

  it('is told in one line, and is no hole', () => {
    expect(report.unknown.filter(({ detector }) => detector === ID)).toMatchObject([{ instrumentOff: true }])
    for (const language of ['en', 'zh'] as const) {
      const text = renderTerminal(report, { language, texts: {}, style: plain, columns: 400, version: '0' })
      expect(text.split('\n').filter(line => line.includes(`kmemscope explain ${ID}`))).toHaveLength(1)
      expect(text).toContain(language === 'en' ? 'Nothing found.' : '没有发现问题。')
      const markdown = renderMarkdown(report, {}, language)
      expect(markdown.split('\n').filter(line => line.includes(`explain ${ID}`))).toHaveLength(1)
      expect(markdown).not.toContain('##  ')
    }
    expect(renderCondition(report, {}, 'en').exitCode).toBe(0)
  })

  it('is a hole where it may be on', () => {
    const open = judge(node({ [FILE]: '' }))
    expect(open.unknown.find(({ detector }) => detector === ID)?.instrumentOff).toBeUndefined()
    expect(
      renderTerminal(open, { language: 'en', texts: {}, style: plain, columns: 400, version: '0' }),
    ).toContain('a detector that is off reads empty, too')
  })
})
