import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../src/core/decode/kmsg/log.ts'
import { childrenOf, fillingOf } from '../../../src/core/decode/kmsg/oom-composition.ts'
import type { MemoryCounter, OomReport } from '../../../src/core/decode/kmsg/report.ts'
import { explainOom } from '../../../src/core/explain/oom.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/kmsg')

function ooms(log: Uint8Array): readonly OomReport[] {
  const { reports } = readKernelLog([log], { path: 'log' })
  return reports.filter((report): report is OomReport => report.kind === 'oom')
}

const fixture = (name: string): readonly OomReport[] => ooms(readFileSync(join(FIXTURES, name)))
const said = (report: OomReport | undefined) => {
  if (report === undefined) throw new Error('no report')
  const { title, summary, values, facts } = explainOom(report)
  return { title, summary, values, facts: facts.map(([label, value]) => `${label}: ${value}`) }
}

describe('an OOM report in words', () => {
  it('of a best-effort pod says that its oom_score_adj put it first, who was let off, and that it may not die', () => {
    const [report] = fixture('6.8/best-effort-goes-first.txt')
    const { title, summary, values } = said(report)
    expect(title).toBe('nodeKilled')
    expect(summary).toEqual(
      expect.arrayContaining(['byAdj', 'bestEffort', 'spared', 'notReaped', 'hugepages', 'notPods']),
    )
    expect(summary).not.toContain('most')
    expect(summary).toContain('retried')
    expect(values).toMatchObject({
      retried: 2,
      adj: 1000,
      spared: 'kubelet',
      sparedAdj: -999,
      stuck: 'backup agent (7001)',
    })
  })

  it('of a child in its parent’s place names both, and who has the same memory', () => {
    const [first, second] = fixture('4.9/child-in-its-parents-place.txt')
    const { summary, values, facts } = said(first)
    expect(summary).toEqual(expect.arrayContaining(['child', 'most', 'alike', 'left', 'childMost']))
    expect(values).toMatchObject({
      chosen: 'prefork',
      alike: 'prefork: w 1 (2101), helper] 7 8 (2102)',
      left: 40 * 2 ** 20,
      score: 1324,
    })
    expect(facts).toContain('scoreByTable: 1324')
    expect(said(second).summary).not.toContain('child')
  })

  it('asked for by hand was triggered by no allocation', () => {
    const log = [
      'sysrq: Manual OOM execution',
      'kworker/0:2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0',
      'Out of memory: Killed process 651 (x) total-vm:4000kB, anon-rss:3000kB, file-rss:4kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0',
    ]
    const [report] = ooms(Buffer.from(log.map((line, at) => `[  100.00000${at}] ${line}\n`).join('')))
    expect(report).toMatchObject({ scope: 'sysrq', invoker: 'kworker/0:2' })
    expect(said(report).summary).not.toContain('invokedBy')
  })

  it('says why nothing was killed, and why the kernel stopped', () => {
    const [asked, stopped] = fixture('4.9/allocating-task-and-panic.txt')
    expect(said(asked).summary).toEqual(expect.arrayContaining(['allocating', 'pinned']))
    expect(said(stopped)).toMatchObject({ title: 'panicked' })
    expect(said(stopped).summary).toContain('panicSystem')
    const [nobody] = fixture('5.10/nobody-left-to-kill.txt')
    expect(said(nobody).summary).toContain('panicDeadlocked')
    const [exiting] = fixture('5.9/already-exiting.txt')
    expect(said(exiting).summary).toContain('exiting')
  })

  it('does not guess the size of a page', () => {
    const [report] = fixture('6.6/v2-one-key-a-line.txt')
    if (report?.tasks === undefined) throw new Error('no table')
    const { pageSize: _, ...tasks } = report.tasks
    const { kernel: __, ...rest } = report
    const { facts, values, summary } = said({ ...rest, tasks })
    expect(values['held']).toBeUndefined()
    expect(summary).not.toContain('most')
    expect(facts.filter(fact => fact.startsWith('largest')).every(fact => fact.includes(' pages'))).toBe(true)
  })
})

describe('what filled a cgroup', () => {
  it('is told in parts that, with what is left over, are the usage', () => {
    const all = readdirSync(FIXTURES).flatMap(folder =>
      readdirSync(join(FIXTURES, folder))
        .filter(file => file.endsWith('.txt'))
        .flatMap(file => fixture(`${folder}/${file}`)),
    )
    const filled = all.flatMap(report => fillingOf(report) ?? [])
    expect(filled.length).toBeGreaterThan(10)
    for (const { usage, parts, rest } of filled)
      expect(parts.reduce((sum, { bytes }) => sum + bytes, rest)).toBe(usage)
  })

  it('adds up whatever the statistics say', () => {
    const bytes = fc.nat({ max: 2 ** 40 })
    const keys = [
      'anon',
      'file',
      'shmem',
      'kernel',
      'slab',
      'kernel_stack',
      'pagetables',
      'percpu',
      'sock',
      'zswap',
    ]
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), bytes), bytes, (values, usage) => {
        const memory: MemoryCounter = { usage, limit: usage, failcnt: 0, limitKiB: 0 }
        const report: OomReport = {
          kind: 'oom',
          path: 'log',
          quotes: [{ text: 'x' }],
          scope: 'memcg',
          memory,
          stats: [{ memcg: '/a', values }],
          victims: [],
        }
        const filling = fillingOf(report)
        if (filling === undefined) {
          expect(values['anon']).toBeUndefined()
          return
        }
        expect(filling.parts.reduce((sum, part) => sum + part.bytes, filling.rest)).toBe(usage)
        expect(filling.parts.every(part => part.bytes > 0)).toBe(true)
      }),
    )
  })

  it('of one line says nothing of those below', () => {
    const [report] = fixture('6.18/pod-limit.txt')
    expect(report && childrenOf(report)).toBeUndefined()
    expect(said(report).summary).toContain('childUnknown')
  })
})
