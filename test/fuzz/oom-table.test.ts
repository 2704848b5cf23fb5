// Task tables of every era printed from random processes are read back, with the choice the kernel makes of them; damaged
// and hostile ones never throw, make nothing up and take no time; a storm of kills keeps memory flat.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import { choiceOf } from '../../src/core/decode/kmsg/oom-badness.ts'
import type { OomReport } from '../../src/core/decode/kmsg/report.ts'
import { decodedLog } from '../../src/core/decoded/log.ts'
import { explain } from '../../src/core/explain/index.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'
import {
  chosenOf,
  ERAS,
  type Era,
  type Kill,
  kill,
  type Process,
  pad,
  points,
  printed,
  rssOf,
} from './oom-table-printer.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function ooms(text: string): readonly OomReport[] {
  const log = readKernelLog([encode(text)], { path: 'log' })
  JSON.stringify(decodedLog(log))
  for (const report of log.reports) explain(report)
  return log.reports.filter((report): report is OomReport => report.kind === 'oom')
}

/** What dump_tasks() has of a process; counts of pages. */
const dress = fc.constantFrom(...Object.keys(LINE_DRESSES))
const dressed = (lines: readonly string[], name: string): string =>
  lines.map(LINE_DRESSES[name] ?? (line => line)).join('\n')

function expectedRow(task: Process, { era, pageSize }: Kill): object {
  const { split, bytes } = ERAS[era] as Era
  return {
    pid: task.pid,
    uid: task.uid,
    tgid: task.pid,
    comm: task.comm,
    totalVm: task.totalVm,
    rss: rssOf(task),
    ...(split ? { rssAnon: task.anon, rssFile: task.file, rssShmem: task.shmem } : {}),
    ...(bytes ? { pageTableBytes: task.tables * pageSize } : { pageTablePages: task.tables }),
    swap: task.swap,
    oomScoreAdj: task.adj,
  }
}

describe('task tables', () => {
  it('are read back whole, with the size of a page, in any dress', () => {
    fc.assert(
      fc.property(kill, dress, (of, name) => {
        const victim = chosenOf(of)
        fc.pre(victim !== undefined)
        const [report, ...others] = ooms(dressed(printed(of, victim as Process), name))
        expect(others).toEqual([])
        expect(report?.tasks).toMatchObject({ count: of.tasks.length, pageSize: of.pageSize })
        expect(report?.tasks?.broken).toBeUndefined()
        expect(report?.tasks?.rows).toHaveLength(of.tasks.length)
        for (const task of of.tasks)
          expect(report?.tasks?.rows).toContainEqual(expect.objectContaining(expectedRow(task, of)))
        const split = ERAS[of.era]?.split === true
        expect(report?.tasks?.anon).toBe(
          of.tasks.reduce((sum, task) => sum + (split ? task.anon : rssOf(task)), 0),
        )
      }),
      { numRuns: 400 },
    )
  })

  it('tell why the victim was chosen, and its score, by the kernel’s formula', () => {
    fc.assert(
      fc.property(kill, of => {
        const victim = chosenOf(of)
        fc.pre(victim !== undefined)
        const [report] = ooms(printed(of, victim as Process).join('\n'))
        const choice = report && choiceOf(report)
        expect(choice).toMatchObject({
          chosen: { pid: victim?.pid },
          first: true,
          points: points(victim as Process, of.limit),
          ...(ERAS[of.era]?.scores ? { agreement: 'same' } : {}),
        })
        if (!ERAS[of.era]?.scores) expect(choice?.printed).toBeUndefined()
      }),
      { numRuns: 400 },
    )
  })

  it('tell who came first where somebody else was killed', () => {
    fc.assert(
      fc.property(kill, fc.nat(), (of, pick) => {
        const best = chosenOf(of) as Process
        const others = of.tasks.filter(
          task =>
            best !== undefined &&
            points(best, of.limit) - points(task, of.limit) >
              64 + (rssOf(task) + task.tables + task.swap) * 0.02,
        )
        fc.pre(others.length > 0)
        const victim = others[pick % others.length] as Process
        const [report] = ooms(printed(of, victim).join('\n'))
        expect(report && choiceOf(report)).toMatchObject({ first: false, before: { pid: best.pid } })
      }),
      { numRuns: 300 },
    )
  })

  it('are read where a mail client has broken their lines at any blank', () => {
    fc.assert(
      fc.property(kill, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), (of, where) => {
        const victim = chosenOf(of)
        // what begins with a number may be one more column, and what ends in a blank loses it
        fc.pre(victim !== undefined && of.tasks.every(task => /^[A-Za-z(]\S*$/.test(task.comm)))
        const lines = printed(of, victim as Process).flatMap((line, index) => {
          if (!/^\[ *(?:pid|\d+) *\]/.test(line)) return [`[   12.000000] ${line}`]
          const blanks = [...line.matchAll(/(?<=[\d\]a-z_]) +(?=-?[\da-z_(A-Z])/g)].slice(1)
          const blank = blanks[(where[index] ?? 0) % blanks.length]
          if (blank === undefined) return [`[   12.000000] ${line}`]
          return [`[   12.000000] ${line.slice(0, blank.index)}`, line.slice(blank.index + blank[0].length)]
        })
        const [report] = ooms(lines.join('\n'))
        expect(report?.tasks?.count).toBe(of.tasks.length)
        for (const task of of.tasks)
          expect(report?.tasks?.rows).toContainEqual(expect.objectContaining(expectedRow(task, of)))
      }),
      { numRuns: 300 },
    )
  })

  it('broken by a console of any width say nothing that was not printed', () => {
    let rows = 0
    let read = 0
    fc.assert(
      fc.property(kill, fc.integer({ min: 60, max: 140 }), (of, width) => {
        const victim = chosenOf(of)
        fc.pre(victim !== undefined && of.tasks.every(task => /^[A-Za-z(]\S*$/.test(task.comm)))
        const lines = printed(of, victim as Process).flatMap(line =>
          `[   12.000000] ${line}`.match(new RegExp(`.{1,${width}}`, 'g')),
        )
        const [report] = ooms(lines.join('\n'))
        const expected = of.tasks.map(task => expectedRow(task, of))
        rows += of.tasks.length
        for (const { line: _, ...row } of report?.tasks?.rows ?? []) {
          // a name broken where the line is full has lost its end
          const whole = of.tasks.find(({ pid, comm }) => pid === row.pid && comm.startsWith(row.comm))
          expect(expected).toContainEqual({ ...row, comm: whole?.comm })
          read += 1
        }
      }),
      { numRuns: 400 },
    )
    // few are broken so that two readings are left
    expect(read).toBeGreaterThan(rows * 0.8)
  })

  it('of two at once, or without a header, say nothing of any process', () => {
    fc.assert(
      fc.property(kill, fc.boolean(), (of, twice) => {
        const victim = chosenOf(of)
        fc.pre(victim !== undefined)
        const era = ERAS[of.era] as Era
        const lines = printed(of, victim as Process)
        const at = lines.indexOf(era.header)
        const changed = twice
          ? [...lines.slice(0, at + 2), era.header, ...lines.slice(at + 2)]
          : lines.filter(line => line !== era.header)
        const [report] = ooms(changed.join('\n'))
        expect(report?.victims[0]?.pid).toBe(victim?.pid)
        expect(report?.tasks).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })

  it('of hostile numbers are left out, row by row', () => {
    const [era] = [ERAS['6.8'] as Era]
    const hostile = [
      '[      7]     0     7 1e300 1 1 1 1 1 1 0 a',
      `[      7]     0     7 ${'9'.repeat(400)} 1 1 1 1 1 1 0 a`,
      '[      7]     0     7 10 -5 1 1 1 1 1 0 a',
      '[      7]     0     7 10 5 1 1 1 1 1 99999 a',
      '[      7]     0     7 10 5 1 1 1 1 NaN 0 a',
      '[      7]     0     7 10 0x5 1 1 1 1 1 0 a',
      `[      7]     0     7 10 5 1 1 1 1 1 0 ${'a'.repeat(5000)}`,
      '[     -7]     0     7 10 5 1 1 1 1 1 0 a',
      '[      7]',
    ]
    const [report] = ooms(
      [
        'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0',
        'memory: usage 64kB, limit 64kB, failcnt 12',
        era.header,
        ...hostile,
        '[      8]     0     8       10        5        1        1         3     8192        0             0 b',
        'Memory cgroup out of memory: Killed process 8 (b) total-vm:40kB, anon-rss:4kB, file-rss:4kB, shmem-rss:12kB, UID:0 pgtables:8kB oom_score_adj:0',
      ].join('\n'),
    )
    expect(report?.tasks?.count).toBe(1)
    expect(report?.tasks?.rows.map(({ pid }) => pid)).toEqual([8])
    expect(report?.tasks?.broken).toBeGreaterThanOrEqual(6)
  })

  it('count a process once, whatever threads are listed beside it', () => {
    const era = ERAS['6.8'] as Era
    const row = (pid: number, tgid: number): string =>
      `[${pad(pid, 7)}]     0 ${pad(tgid, 5)}   100000    50000    50000        0         0   409600        0             0 java`
    const [report] = ooms(
      [
        'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0',
        'memory: usage 400000kB, limit 400000kB, failcnt 12',
        era.header,
        ...Array.from({ length: 40 }, (_, thread) => row(100 + thread, 100)),
        row(300, 300),
        'Memory cgroup out of memory: Killed process 100 (java) total-vm:400000kB, anon-rss:200000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:400kB oom_score_adj:0',
      ].join('\n'),
    )
    expect(report?.tasks).toMatchObject({ count: 2, anon: 100_000 })
  })
})

describe('damage to a table', () => {
  it('never throws and makes up no process', () => {
    const damage = fc.array(
      fc.tuple(
        fc.nat(),
        fc.integer({ min: 32, max: 126 }),
        fc.constantFrom('set', 'insert', 'delete', 'cut', 'break'),
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(kill, dress, damage, (of, name, changes) => {
        let text = dressed(printed(of, chosenOf(of) ?? (of.tasks[0] as Process)), name)
        for (const [where, code, how] of changes) {
          const at = where % (text.length + 1)
          const one = String.fromCharCode(code)
          if (how === 'set') text = text.slice(0, at) + one + text.slice(at + 1)
          else if (how === 'insert') text = text.slice(0, at) + one + text.slice(at)
          else if (how === 'delete') text = text.slice(0, at) + text.slice(at + 1)
          else if (how === 'break') text = `${text.slice(0, at)}\n${text.slice(at)}`
          else text = text.slice(0, at)
        }
        for (const report of ooms(text)) {
          const { count = 0, broken = 0, rows = [] } = report.tasks ?? {}
          expect(rows.length).toBeLessThanOrEqual(count)
          expect(count + broken).toBeLessThanOrEqual(of.tasks.length + 1 + 2 * changes.length)
        }
      }),
      { numRuns: 400 },
    )
  })
})

describe('many', () => {
  const rowOf = (pid: number, rss: number): string =>
    `[${pad(pid, 7)}]  1000 ${pad(pid, 5)} ${pad(rss * 3, 8)} ${pad(rss, 8)} ${pad(rss, 8)}        0         0 ${pad(8192 + 4096 * (pid % 90), 8)}        0          ${pad(pid % 7 === 0 ? 996 : 0, 4)} worker-${pid % 50}`

  /** A report of a table with that many rows, in pieces; the last process is the victim. */
  function* report(rows: number, seconds: number): Generator<Uint8Array> {
    const stamp = `[${pad(seconds, 5)}.000000] `
    const head = [
      'java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=996',
      'CPU: 1 PID: 77 Comm: java Not tainted 6.12.0-amd64 #1',
      'memory: usage 65536kB, limit 65536kB, failcnt 12',
      'Tasks state (memory values in pages):',
      ERAS['6.8']?.header ?? '',
    ]
    yield encode(`${head.map(line => stamp + line).join('\n')}\n`)
    for (let from = 0; from < rows; from += 500)
      yield encode(
        Array.from(
          { length: Math.min(500, rows - from) },
          (_, index) => `${stamp}${rowOf(100 + from + index, 1 + ((from + index) % 997))}\n`,
        ).join(''),
      )
    const pid = 99 + rows
    yield encode(
      `${stamp}oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods/pod${seconds % 7},task_memcg=/kubepods/pod${seconds % 7}/c,task=worker-1,pid=${pid},uid=0\n` +
        `${stamp}Memory cgroup out of memory: Killed process ${pid} (worker-1) total-vm:4000kB, anon-rss:4000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0\n`,
    )
  }

  it('rows take time by their number, and little is kept of them', () => {
    const time = (rows: number): number => {
      const started = performance.now()
      const { reports } = readKernelLog(report(rows, 10), { path: 'log' })
      const [found] = reports as OomReport[]
      expect(found?.tasks?.count).toBe(rows)
      expect(found?.tasks?.rows.length).toBeLessThanOrEqual(40)
      expect(JSON.stringify(found).length).toBeLessThan(20_000)
      return performance.now() - started
    }
    time(2000)
    const few = time(25_000)
    const many = time(100_000)
    expect(many).toBeLessThan(3000)
    expect(many).toBeLessThan(12 * few + 200)
  })

  it('kills with tables, 4,500 of them, take neither memory nor time', () => {
    function* storm(): Generator<Uint8Array> {
      for (let kills = 0; kills < 4500; kills += 1) yield* report(60, 10 + kills)
    }
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    const started = performance.now()
    const log = readKernelLog(storm(), { path: 'log' })
    expect(performance.now() - started).toBeLessThan(20_000)
    const kept = log.reports.filter(found => found.kind === 'oom')
    expect(kept.length + log.folded.reduce((sum, { count }) => sum + count, 0)).toBe(4500)
    for (const found of kept) expect(found.tasks?.count).toBe(60)
    // a thousand reports are kept, each with its largest rows
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(150 * 2 ** 20)
  })
})
