import { describe, expect, it } from 'vitest'
import { DMESG, judge, of, v2Node } from '../node.ts'

interface Failure {
  readonly order?: number
  readonly mode?: string
  readonly frame?: string
  /** Free in Normal, of which 40960 kB must be kept, in 4 KiB blocks. */
  readonly freeKiB?: number
}

function printed({
  order = 0,
  mode = '0xcc0(GFP_KERNEL)',
  frame = 'f',
  freeKiB = 20480,
}: Failure): readonly string[] {
  return [
    `a: page allocation failure: order:${order}, mode:${mode}, nodemask=(null),cpuset=/,mems_allowed=0`,
    'CPU: 1 PID: 7 Comm: a Not tainted 6.1.0 #1',
    'Call Trace:',
    ` ${frame}+0x1/0x2`,
    'Mem-Info:',
    'active_anon:100 inactive_anon:100 isolated_anon:0',
    ' slab_reclaimable:10 slab_unreclaimable:10',
    ' free:100 free_pcp:0 free_cma:0',
    `Node 0 Normal free:${freeKiB}kB min:40960kB low:51200kB high:61440kB present:1048576kB managed:1048576kB`,
    'lowmem_reserve[]: 0 0 0',
    `Node 0 Normal: ${freeKiB / 4}*4kB (UME) 0*8kB 0*16kB 0*32kB 0*64kB = ${freeKiB}kB`,
    '262144 pages RAM',
    '0 pages reserved',
  ]
}

function told(...failures: readonly (Failure | string)[]) {
  const lines = failures.flatMap((failure, index) =>
    (typeof failure === 'string' ? [failure] : printed(failure)).map(
      line => `[  ${100 + 20 * index}.000000] ${line}\n`,
    ),
  )
  return of(judge(v2Node('6.1.0', { dmesg: DMESG + lines.join('') })), 'page-allocation-failure').map(
    ({ severity, words, values }) => ({
      severity,
      title: words.title,
      words: words.summary,
      count: values['count'],
    }),
  )
}

describe('a failure that matters', () => {
  it('is a single page that is not to be had, and twice that is a state', () => {
    expect(told({})).toMatchObject([{ severity: 'warning', title: 'no-page', count: 1 }])
    expect(told({}, {})).toMatchObject([{ severity: 'critical', title: 'no-page', count: 2 }])
    expect(told({})[0]?.words).toContain('no-memory')
  })

  it('is one that may wait, up to order 3 and beyond', () => {
    expect(told({ order: 2, freeKiB: 204800 })).toMatchObject([{ severity: 'warning', title: 'no-small' }])
    expect(told({ order: 6, freeKiB: 204800 })).toMatchObject([{ severity: 'warning', title: 'no-large' }])
    expect(told({ order: 2, freeKiB: 204800 })[0]?.words).toEqual(
      expect.arrayContaining(['fragmented', 'small']),
    )
  })

  it('is counted with those that were not printed', () => {
    const [found] = told({ mode: '0x820(GFP_ATOMIC)', freeKiB: 4096 }, 'warn_alloc: 70 callbacks suppressed')
    expect(found).toMatchObject({ severity: 'critical', title: 'no-page' })
    expect(found?.words).toEqual(expect.arrayContaining(['more', 'atomic-reserve']))
  })
})

describe('a failure that does not', () => {
  it('is one of a caller that may not wait, once', () => {
    const atomic = { mode: '0x820(GFP_ATOMIC)', freeKiB: 4096 }
    expect(told(atomic)).toMatchObject([{ severity: 'info', title: 'no-page' }])
    expect(told(atomic)[0]?.words).toContain('harmless')
    // a received packet, again and again, is worth a warning, no more
    const packet = { ...atomic, frame: '__netdev_alloc_skb' }
    expect(told(packet)).toMatchObject([{ severity: 'info' }])
    expect(told(packet, packet)).toMatchObject([{ severity: 'warning' }])
    expect(told(packet)[0]?.words).toContain('packet')
  })

  it('is one that has something to fall back on', () => {
    expect(told({ order: 3, mode: '0x10cc0(GFP_KERNEL|__GFP_NORETRY)', freeKiB: 204800 })).toMatchObject([
      { severity: 'info', title: 'optional' },
    ])
    expect(told({ order: 9, frame: 'alloc_fresh_hugetlb_folio', freeKiB: 204800 })).toMatchObject([
      { severity: 'info', title: 'optional' },
    ])
  })

  it('is kept apart from one that matters', () => {
    expect(
      told({ order: 3, mode: '0x10cc0(GFP_KERNEL|__GFP_NORETRY)' }, {}).map(({ severity, title }) => [
        severity,
        title,
      ]),
    ).toEqual([
      ['warning', 'no-page'],
      ['info', 'optional'],
    ])
  })
})
