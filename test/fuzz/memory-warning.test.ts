// Warnings of the kernel about its memory, printed from random values in the forms of all eras, are read back;
// damaged ones never throw, say no more than was there, and take no time.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DecodedKernelLog, readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import { explain } from '../../src/core/explain/index.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'

const read = (text: string): DecodedKernelLog =>
  readKernelLog([new TextEncoder().encode(text)], { path: 'log' })

const comm = fc
  .stringMatching(/^[A-Za-z(][A-Za-z0-9 ()[\],._/#-]{0,13}[A-Za-z0-9)]$/)
  .filter(name => !/ {2}|\) |invoked|vmalloc|: /.test(name))
const number = fc.nat({ max: 2 ** 31 })
const pid = fc.integer({ min: 1, max: 4194304 })
const hex = fc.bigInt({ min: 1n, max: 2n ** 40n })
const word = fc.stringMatching(/^[a-z][a-z0-9_]{1,20}$/)

interface Printed {
  readonly lines: readonly string[]
  readonly expected: object
}

const printed = <T>(facts: fc.Arbitrary<T>, print: (of: T) => Printed): fc.Arbitrary<Printed> =>
  facts.map(print)

const underflow = printed(
  // a counter below zero: no kernel prints -0
  fc.record({ by: number.map(by => by + 1), pages: number, era: fc.constantFrom('5.12', '6.18') }),
  of => ({
    lines: [
      `page_counter underflow: -${of.by} nr_pages=${of.pages}`,
      of.era === '6.18'
        ? 'WARNING: mm/page_counter.c:60 at page_counter_cancel+0x5e/0x80, CPU#1: kworker/1:2/900'
        : 'WARNING: CPU: 1 PID: 900 at mm/page_counter.c:57 page_counter_cancel+0x5e/0x80',
    ],
    expected: { kind: 'page-counter-underflow', counter: 0 - of.by, pages: of.pages },
  }),
)

const badPage = printed(
  fc.record({
    comm,
    pfn: hex,
    reason: fc.constantFrom('nonzero mapcount', 'page still charged to cgroup'),
    dump: fc.nat({ max: 6 }),
  }),
  of => ({
    lines: [
      `BUG: Bad page state in process ${of.comm}  pfn:${of.pfn.toString(16).padStart(5, '0')}`,
      'page:ffffea0000048d14 refcount:0 mapcount:0 mapping:0000000000000000 index:0x0',
      ...Array.from(
        { length: of.dump },
        () => 'raw: 0017ffffc0000000 dead000000000100 dead000000000200 0000000000000000',
      ),
      `page dumped because: ${of.reason}`,
    ],
    expected: { kind: 'bad-page', what: 'state', comm: of.comm, pfn: of.pfn, reason: of.reason },
  }),
)

const rss = printed(
  fc.record({
    type: fc.constantFrom('MM_FILEPAGES', 'MM_ANONPAGES'),
    value: fc.integer(),
    comm,
    pid,
    era: fc.constantFrom('3.10', '5.5', '6.16'),
  }),
  of => ({
    lines: [
      `BUG: Bad rss-counter state mm:ffff88003b1c0000 ${of.era === '3.10' ? 'idx:1' : `type:${of.type}`} val:${of.value}${of.era === '6.16' ? ` Comm:${of.comm} Pid:${of.pid}` : ''}`,
    ],
    expected: {
      kind: 'bad-rss-counter',
      value: of.value,
      ...(of.era === '3.10' ? {} : { counter: of.type }),
      ...(of.era === '6.16' ? { comm: of.comm, pid: of.pid } : {}),
    },
  }),
)

const netdevice = printed(fc.record({ device: word, references: fc.integer({ min: 1, max: 999 }) }), of => ({
  lines: [`unregister_netdevice: waiting for ${of.device} to become free. Usage count = ${of.references}`],
  expected: { kind: 'netdevice-wait', ...of },
}))

const percpu = printed(
  fc.record({
    size: number,
    align: number,
    atomic: fc.option(fc.boolean(), { nil: undefined }),
    prefix: fc.constantFrom('percpu', 'PERCPU'),
  }),
  ({ size, align, atomic, prefix }) => ({
    lines: [
      `${prefix}: allocation failed, size=${size} align=${align}${atomic === undefined ? '' : ` atomic=${Number(atomic)}`}, failed to allocate new chunk`,
    ],
    expected: {
      kind: 'percpu-alloc-failure',
      size,
      align,
      ...(atomic === undefined ? {} : { atomic }),
      reason: 'failed to allocate new chunk',
    },
  }),
)

const vmalloc = printed(
  fc.record({ comm, size: number, form: fc.constantFrom('3.10', '4.19', '5.13', '5.15', 'vmap') }),
  ({ comm: name, size, form }) => {
    const mode = 'mode:0xdc2(GFP_KERNEL|__GFP_HIGHMEM|__GFP_ZERO), nodemask=(null),cpuset=/,mems_allowed=0'
    const forms = {
      '3.10': { line: `vmalloc: allocation failure: ${size} bytes`, why: 'other' },
      '4.19': {
        line: `${name}: vmalloc: allocation failure, allocated 0 of ${size} bytes, ${mode}`,
        why: 'pages',
      },
      '5.13': {
        line: `${name}: vmalloc size ${size} allocation failure: page order 0 allocation failed, ${mode}`,
        why: 'pages',
      },
      '5.15': { line: `${name}: vmalloc error: size ${size}, exceeds total pages, ${mode}`, why: 'limit' },
      vmap: {
        line: `vmap allocation for size ${size} failed: use vmalloc=<size> to increase size`,
        why: 'address-space',
      },
    }
    const { line, why } = forms[form]
    return {
      lines: [line],
      expected: {
        kind: 'vmalloc-failure',
        size,
        why,
        ...(line.startsWith(`${name}:`) ? { comm: name } : {}),
      },
    }
  },
)

const stall = printed(
  fc.record({
    comm,
    pid,
    seconds: fc.integer({ min: 20, max: 9999 }),
    hung: fc.boolean(),
    above: fc.array(
      word.map(name => `x_${name}`),
      { maxLength: 8 },
    ),
    place: fc.constantFrom('shrink_slab', 'memcg_stat_show', 'kmem_cache_destroy', 'cgroup_mkdir'),
  }),
  of => ({
    lines: [
      of.hung
        ? `INFO: task ${of.comm}:${of.pid} blocked for more than ${of.seconds} seconds.`
        : `watchdog: BUG: soft lockup - CPU#3 stuck for ${of.seconds}s! [${of.comm}:${of.pid}]`,
      'Call Trace:',
      ...of.above.map(name => ` ${name}+0x1a/0x200`),
      ` ${of.place}+0x2b/0x300`,
      ' ret_from_fork+0x35/0x40',
    ],
    expected: {
      kind: 'memory-stall',
      stall: of.hung ? 'hung-task' : 'soft-lockup',
      comm: of.comm,
      pid: of.pid,
      seconds: of.seconds,
      function: of.place,
      ...(of.hung ? {} : { cpu: 3 }),
    },
  }),
)

const xfs = printed(fc.record({ comm, pid, size: fc.option(number, { nil: undefined }) }), of => ({
  lines: [
    `XFS: ${of.comm}(${of.pid}) possible memory allocation deadlock ${of.size === undefined ? '' : `size ${of.size} `}in kmem_alloc (mode:0x250)`,
  ],
  expected: {
    kind: 'memory-stall',
    stall: 'allocation',
    comm: of.comm,
    pid: of.pid,
    ...(of.size === undefined ? {} : { size: of.size }),
  },
}))

const any = fc.oneof(underflow, badPage, rss, netdevice, percpu, vmalloc, stall, xfs)

describe('printed warnings', () => {
  it('are read back, one after the other, in any dress, and explained', () => {
    const dress = fc.constantFrom(
      ...Object.keys(LINE_DRESSES).filter(name => name !== 'none' && name !== 'journalctl -o cat'),
    )
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 5 }), dress, (warnings, name) => {
        const text = warnings
          .flatMap(({ lines }) => lines)
          .map(LINE_DRESSES[name] ?? (line => line))
          .join('\n')
        const { reports } = read(text)
        expect(reports).toMatchObject(warnings.map(({ expected }) => expected))
        for (const report of reports) {
          const { text: sentences, title, summary } = explain(report)
          for (const key of [title, ...summary]) expect(sentences.zh).toHaveProperty(key)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('damaged, never throw and say no more than was there', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 4 }), damage, fc.nat(), (warnings, hits, cut) => {
        const lines = warnings.flatMap(warning => warning.lines.map(line => `[    1.000000] ${line}`))
        const bytes = new TextEncoder().encode(lines.join('\n'))
        for (const [at, byte] of hits) bytes[at % bytes.length] = byte
        const { reports } = readKernelLog([bytes.slice(0, cut % (bytes.length + 1))], { path: 'log' })
        expect(reports.length).toBeLessThanOrEqual(lines.length + hits.length)
        for (const report of reports) explain(report)
      }),
      { numRuns: 400 },
    )
  })

  it('of hostile length take no time', () => {
    const long = 'a '.repeat(30_000)
    const begin = performance.now()
    for (const head of [
      'page_counter underflow: ',
      'BUG: Bad page state in process ',
      'BUG: KASAN: ',
      'unregister_netdevice: waiting for ',
      'percpu: allocation failed, size=1 align=1, ',
      'vmalloc error: size 1, ',
      'x: vmalloc: ',
      'XFS: ',
      'UBSAN: ',
      'INFO: task ',
      'systemd-journald[1]: Suppressed 1 messages from ',
      '/var/log/',
      'lines 1-',
      '** 1 printk ',
    ]) {
      read(`${head}${long}`)
      read(`${head}${'a'.repeat(60_000)}`)
      read(`${head}${'(1'.repeat(30_000)}`)
    }
    expect(performance.now() - begin).toBeLessThan(4000)
  })
})
