import { describe, expect, it } from 'vitest'
import { renderCondition } from '../../../src/core/render/conditions.ts'
import { DMESG, type Files, judge, of, reasons, v2Cgroup, v2Node } from '../node.ts'

const ID = 'slub-corruption'
const healthy = (over: Files = {}): Files =>
  v2Node('6.1.0-13-amd64', { ...v2Cgroup('system.slice'), ...over })
const ALL = { 'proc/cmdline': 'ro slub_debug=FZPU quiet\n' }

/** A freed object of which one byte changed, as 6.1 prints it. */
function poison(second: number, object: bigint, { at = 21, byte = 0x7b, cache = 'kmalloc-64' } = {}): string {
  const place = (offset: number): string => `0x${(object + BigInt(offset)).toString(16)}`
  const rows = [0, 16, 32, 48].map(from => {
    const bytes = Array.from({ length: 16 }, (_, step) =>
      from + step === at ? byte : from + step === 63 ? 0xa5 : 0x6b,
    )
    const hex = bytes.map(one => one.toString(16).padStart(2, '0')).join(' ')
    return `Object   ${place(from).slice(2)}: ${hex}  ................`
  })
  return [
    '='.repeat(77),
    `BUG ${cache} (Not tainted): Poison overwritten`,
    '-'.repeat(77),
    `${place(at)}-${place(at)} @offset=${4096 + at}. First byte 0x${byte.toString(16)} instead of 0x6b`,
    'Slab 0xfffff119c00c1480 objects=25 used=1 fp=0x0000000000000000 flags=0xfffffc0000200(slab|node=0|zone=1)',
    `Object ${place(0)} @offset=4096 fp=0x0000000000000000`,
    `Redzone  ${(object - 8n).toString(16)}: bb bb bb bb bb bb bb bb                          ........`,
    ...rows,
    `Redzone  ${(object + 64n).toString(16)}: bb bb bb bb bb bb bb bb                          ........`,
    'CPU: 1 PID: 999 Comm: victim Not tainted 6.1.0-13-amd64 #1  Debian 6.1.55-1',
    'Call Trace:',
    ' <TASK>',
    ' check_object+0x22b/0x280',
    ' </TASK>',
    `FIX ${cache}: Restoring Poison ${place(at)}-${place(at)}=0x6b`,
    `FIX ${cache}: Marking all objects used`,
  ]
    .map((line, index) => `[${`${second}.0000${String(index).padStart(2, '0')}`.padStart(12)}] ${line}\n`)
    .join('')
}

const log = (...parts: readonly string[]): Files => ({ dmesg: DMESG + parts.join('') })
const OBJECT = 0xffff_8c6f_0305_1000n

describe('slab corruption', () => {
  it('is unknown where nobody looks, which is neither a hole nor a condition of the node', () => {
    const report = judge(healthy())
    expect(report.verdicts[ID]).toBe('unknown')
    expect(reasons(report, ID)).toEqual(['slub-debug-off'])
    expect(renderCondition(report, {}, 'en').exitCode).toBe(0)
  })

  const options: readonly (readonly [string, readonly string[]])[] = [
    ['slub_debug', []],
    ['slub_debug=FZPU', []],
    ['slab_debug=fz', []],
    ['slub_debug=U,kmalloc-64;FP', []],
    ['slub_debug=FZPU,dentry', ['slub-debug-part']],
    ['slub_debug=U;FZ,kmalloc-*', ['slub-debug-part']],
    // without F neither red zones nor poison are looked at when objects come and go
    ['slub_debug=ZPU', ['slub-debug-off']],
    ['slub_debug=F', ['slub-debug-off']],
    ['slub_debug=U', ['slub-debug-off']],
    ['slub_debug=-', ['slub-debug-off']],
  ]
  for (const [option, why] of options)
    it(`is ${why.length === 0 ? 'absent' : `unknown (${why[0]})`} with ${option}`, () => {
      const report = judge(healthy({ 'proc/cmdline': `ro ${option}\n` }))
      expect(report.verdicts[ID]).toBe(why.length === 0 ? 'absent' : 'unknown')
      expect(reasons(report, ID)).toEqual(why)
    })

  it('is found in the log whether or not the command line says that somebody looks', () => {
    for (const cmdline of [{}, ALL]) {
      const report = judge(healthy({ ...cmdline, ...log(poison(20, OBJECT, { byte: 0x6a, at: 20 })) }))
      const [finding, ...more] = of(report, ID)
      expect(more).toEqual([])
      expect(finding).toMatchObject({
        severity: 'critical',
        subject: { kind: 'slab', cache: 'kmalloc-64' },
        words: { title: 'use-after-free' },
      })
      expect(finding?.words.summary).toContain('look-counter-down')
      expect(finding?.evidence[0]).toMatchObject({
        kind: 'log',
        text: 'BUG kmalloc-64 (Not tainted): Poison overwritten',
      })
    }
  })

  it('is bad memory for one bit, and code for the same bit of many objects', () => {
    const once = of(judge(healthy(log(poison(20, OBJECT)))), ID)
    expect(once.map(({ words }) => words.title)).toEqual(['hardware'])
    expect(once[0]?.remedies).toContain('test-memory')
    const often = of(
      judge(healthy(log(poison(20, OBJECT), poison(30, OBJECT + 0x5000n), poison(40, OBJECT + 0x9000n)))),
      ID,
    )
    expect(often.map(({ words, values }) => [words.title, values.count])).toEqual([['use-after-free', 3]])
    expect(often[0]?.words.summary).toContain('same-bit')
    expect(often[0]?.remedies).not.toContain('test-memory')
    // another bit each time is no flag
    const strewn = of(judge(healthy(log(poison(20, OBJECT), poison(30, OBJECT + 0x5000n, { at: 40 })))), ID)
    expect(strewn.map(({ words }) => words.title)).toEqual(['hardware'])
  })

  it('is one finding a cache and sort of misuse', () => {
    const report = judge(
      healthy(
        log(
          poison(20, OBJECT, { at: 20, byte: 0x6a }),
          poison(30, OBJECT + 0x5000n, { at: 20, byte: 0x6a }),
          poison(40, OBJECT, { at: 20, byte: 0x6a, cache: 'dentry(17:c116)' }),
        ),
      ),
    )
    expect(of(report, ID).map(({ subject, values }) => [subject.cache, values.count])).toEqual([
      ['kmalloc-64', 2],
      ['dentry', 1],
    ])
  })

  it('is a claim where a program wrote it', () => {
    const written = poison(20, OBJECT, { at: 20, byte: 0x6a })
      .split('\n')
      .filter(line => line !== '')
      .map((line, index) => `12,${500 + index},${20_000_000 + index},-;${line.replace(/^\[[^\]]*\] /, '')}\n`)
      .join('')
    const report = judge(healthy({ dmesg: '', 'dev/kmsg': `6,499,10000000,-;eth0: link up\n${written}` }))
    const [finding] = of(report, ID)
    expect(finding).toMatchObject({ severity: 'info', remedies: [] })
    expect(finding?.words.summary).toContain('claim')
  })
})
