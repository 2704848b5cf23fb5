import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'
import { notJudgedKind } from '../../../../src/core/decode/kmsg/not-judged.ts'

const read = (lines: readonly string[], live = false) =>
  readKernelLog([new TextEncoder().encode(lines.join('\n'))], { path: 'log', live }).source.notJudged

describe('what a line begins', () => {
  it.each([
    ['BUG kmalloc-64 (Not tainted): Redzone overwritten', 'slub-corruption'],
    ['BUG klab_cache (Tainted: G  B  O ------------ ): Redzone overwritten', 'slub-corruption'],
    ['BUG kmalloc-192(17:6f2c) (Tainted: G    B   W  OE     ): Object corrupt', 'slub-corruption'],
    ['BUG kmalloc-8: Redzone overwritten', 'slub-corruption'],
    [
      'BUG <unknown> (Tainted: G B): Slab disabled since SLUB metadata consistency check failed',
      'slub-corruption',
    ],
    ['cache_from_obj: Wrong slab cache. dentry but object is from kmalloc-96', 'slub-corruption'],
    [
      'kmem_cache_destroy xfs_buf: Slab cache still has objects when called from f+0x1/0x2',
      'slub-corruption',
    ],
    [
      "slab error in verify_redzone_free(): cache `size-64': memory outside object was overwritten",
      'slub-corruption',
    ],
    // look-alikes
    ['insmod: page allocation failure: order:9, mode:0xcc0(GFP_KERNEL), nodemask=(null)', undefined],
    ['BUG UNIX (Not tainted): kasan: bad access detected', undefined],
    ['BUG: KASAN: slab-out-of-bounds in f+0x1/0x2', undefined],
    ['BUG: Bad page state in process a  pfn:1', undefined],
    ['SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1', undefined],
    ['kmemleak: 13 new suspected memory leaks (see /sys/kernel/debug/kmemleak)', undefined],
    ['I saw a BUG kmalloc-64 (Not tainted): Redzone overwritten', undefined],
    ['SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)', undefined],
  ])('%s', (line, kind) => {
    expect(notJudgedKind(line)).toBe(kind)
  })

  it('takes linear time on hostile lines', () => {
    const hostile = [
      `BUG ${' ('.repeat(30_000)}`,
      `BUG ${' (Tainted: '.repeat(6_000)}`,
      `kmem_cache_destroy ${': Slab cache still has object'.repeat(2_000)}`,
      `${'a'.repeat(60_000)}: Wrong slab cache. `,
    ]
    const began = performance.now()
    for (const line of hostile) expect(notJudgedKind(line)).toBeUndefined()
    expect(performance.now() - began).toBeLessThan(200)
  })
})

describe('what is counted of a log', () => {
  it('is each kind once, with its first line', () => {
    const log = [
      '[    1.000000] Linux version 6.12.0 (a)',
      '[   10.000000] BUG kmalloc-64 (Not tainted): Poison overwritten',
      ...Array.from(
        { length: 5000 },
        (_, n) => `[   ${20 + n}.000000] BUG kmalloc-8 (Not tainted): Object corrupt`,
      ),
    ]
    expect(read(log)).toMatchObject([
      {
        kind: 'slub-corruption',
        count: 5001,
        first: { line: 2, text: 'BUG kmalloc-64 (Not tainted): Poison overwritten' },
        from: { text: 'boot+10.000000' },
        to: { text: 'boot+5019.000000' },
      },
    ])
  })

  it('is not what a program wrote', () => {
    const line = 'BUG kmalloc-64 (Not tainted): Poison overwritten'
    // facility 1, and a name of syslog's
    expect(read([`12,5,100,-;${line}`], true)).toBeUndefined()
    expect(read([`Jul  3 00:00:50 node app[12]: ${line}`])).toBeUndefined()
    expect(read([`4,5,100,-;${line}`], true)).toMatchObject([{ count: 1, first: { seq: 5, text: line } }])
    expect(read([`Jul  3 00:00:50 node kernel: ${line}`])).toMatchObject([{ count: 1, first: { line: 1 } }])
  })

  it('is nothing of an ordinary log', () => {
    expect(
      read(['[    1.000000] SLUB: HWalign=64', '[    2.000000] a: page allocation stalls']),
    ).toBeUndefined()
  })
})
