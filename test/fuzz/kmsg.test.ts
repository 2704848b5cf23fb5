// Reports printed from random values are read back; damaged ones never throw, say no more than was there, and take no time.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { KernelReport } from '../../src/core/decode/kmsg/report.ts'
import { decodedLog } from '../../src/core/decoded/log.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'
import { type Oom, oom, printed, segment } from './oom-printer.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (bytes: Uint8Array): readonly KernelReport[] => readKernelLog([bytes], { path: 'log' }).reports

const expected = (of: Oom): object => ({
  kind: 'oom',
  scope: 'memcg',
  invoker: of.comm,
  gfp: { mask: '0xd0' },
  order: 0,
  oomScoreAdj: of.adj,
  memcg: of.limitCgroup,
  taskMemcg: `${of.limitCgroup}/${of.task}`,
  memory: { usage: of.usage * 1024, limitKiB: of.limit, failcnt: of.failcnt },
  kmem: { usage: of.kmem * 1024, limit: Number.POSITIVE_INFINITY },
  stats: [{ memcg: of.limitCgroup, values: { rss: of.rss * 1024 } }],
  victims: [{ pid: of.pid, comm: of.victim, anonRss: of.rss * 1024 }],
})

describe('printed reports', () => {
  it('are read back, one after the other, in any dress', () => {
    const dress = fc.constantFrom(...Object.keys(LINE_DRESSES))
    fc.assert(
      fc.property(fc.array(oom, { minLength: 1, maxLength: 4 }), dress, (reports, name) => {
        const lines = reports.flatMap(printed)
        const text = lines.map(LINE_DRESSES[name] ?? (line => line)).join('\n')
        expect(read(encode(text))).toMatchObject(reports.map(expected))
      }),
      { numRuns: 300 },
    )
  })

  it('of SLUB are read back from under each other, by their callers', () => {
    const failure = fc.record({
      cache: segment,
      size: fc.integer({ min: 8, max: 4096 }),
      slabs: fc.nat(9999),
      id: fc.nat(70_000),
      cgroup: segment,
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(failure, { minLength: 1, maxLength: 6, selector: one => one.cache }),
        fc.infiniteStream(fc.nat()),
        (failures, stream) => {
          const waiting = failures.map((one, cpu) =>
            [
              `SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)`,
              `  cache: ${one.cache}(${one.id}:${one.cgroup}), object size: ${one.size}, buffer size: ${one.size}, default order: 0, min order: 0`,
              `  node 0: slabs: ${one.slabs}, objs: ${one.slabs}, free: 0`,
            ].map(line => `[    1.000000][   C${cpu}] ${line}`),
          )
          const lines: string[] = []
          while (waiting.some(rest => rest.length > 0)) {
            const left = waiting.filter(rest => rest.length > 0)
            const next = left[(stream.next().value ?? 0) % left.length]?.shift()
            if (next !== undefined) lines.push(next)
          }
          const found = read(encode(lines.join('\n')))
          expect(found).toHaveLength(failures.length)
          for (const one of failures)
            expect(found).toContainEqual(
              expect.objectContaining({
                cache: one.cache,
                memcgId: one.id,
                memcgName: one.cgroup,
                nodes: [{ node: 0, slabs: one.slabs, objs: one.slabs, free: 0 }],
              }),
            )
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('damage', () => {
  const damage = fc.array(
    fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'insert', 'delete', 'cut')),
    { maxLength: 12 },
  )

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), bytes => {
        const log = readKernelLog([bytes], { path: 'log' })
        JSON.stringify(decodedLog(log))
      }),
      { numRuns: 500 },
    )
  })

  it('of a printed report never throws, makes up no report, and is read in no time', () => {
    const started = performance.now()
    fc.assert(
      fc.property(
        fc.array(oom, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...Object.keys(LINE_DRESSES)),
        damage,
        (reports, name, changes) => {
          let bytes = [
            ...encode(
              reports
                .flatMap(printed)
                .map(LINE_DRESSES[name] ?? (line => line))
                .join('\n'),
            ),
          ]
          for (const [where, value, how] of changes) {
            const at = where % (bytes.length + 1)
            if (how === 'set') bytes[Math.min(at, bytes.length - 1)] = value
            else if (how === 'insert') bytes.splice(at, 0, value)
            else if (how === 'delete') bytes.splice(at, 1)
            else bytes = bytes.slice(0, at)
          }
          const found = read(new Uint8Array(bytes))
          // a damaged line parts a report in pieces at most
          expect(found.length).toBeLessThanOrEqual(reports.length + 2 * changes.length)
          for (const report of found) {
            expect(report.quotes[0].text.length).toBeGreaterThan(0)
            expect(report.lines?.[0]).toBeLessThanOrEqual(report.lines?.[1] ?? 0)
          }
        },
      ),
      { numRuns: 400 },
    )
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('of a line that is much too long takes no more than linear time', () => {
    const openings = [
      'a invoked oom-killer: gfp_mask=',
      'oom-kill:constraint=A,',
      'Killed process 1 (',
      'mkdir /',
      '  cache: ',
      'Task in /',
      'Memory cgroup stats for /',
      '[1.0] CPU: 0 PID: 1 Comm: ',
    ]
    const fillers = [',task=', ' ', '/', '(', ')', 'a:1KB ', ',task_memcg=', ',pid=1', 'mkdir /', ': ', '0']
    for (const opening of openings)
      for (const filler of fillers) {
        const started = performance.now()
        read(encode(`${opening}${filler.repeat(200_000 / filler.length)}\n${filler.repeat(3000)}\n`))
        expect(performance.now() - started, `${opening}${filler}`).toBeLessThan(1000)
      }
  })
})
