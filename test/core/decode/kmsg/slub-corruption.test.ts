import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'
import type { SlubCorruption } from '../../../../src/core/decode/kmsg/report.ts'
import { slabRedzones, slubVerdict } from '../../../../src/core/decode/kmsg/slub-corruption.ts'

function corruptions(...lines: readonly string[]): readonly SlubCorruption[] {
  const { reports } = readKernelLog([new TextEncoder().encode(lines.join('\n'))], { path: 'log' })
  return reports.filter(report => report.kind === 'slub-corruption')
}

const SLAB = 'INFO: Slab 0xffffcb47010a3500 objects=16 used=3 fp=0xffff9d81428d4f40 flags=0xfffffc0010200'

describe('the reason in a heading', () => {
  it.each([
    ['Redzone overwritten', 'redzone-overwritten', undefined],
    ['Left Redzone overwritten', 'redzone-overwritten', 'left'],
    ['Right Redzone overwritten', 'redzone-overwritten', 'right'],
    ['kmalloc Redzone overwritten', 'redzone-overwritten', 'kmalloc'],
    ['Poison overwritten', 'poison-overwritten', undefined],
    ['End Poison overwritten', 'poison-overwritten', undefined],
    ['Alignment padding overwritten', 'padding-overwritten', undefined],
    ['Object padding overwritten', 'padding-overwritten', undefined],
    ['Freepointer corrupt', 'freepointer-corrupt', undefined],
    ['Freechain corrupt', 'freepointer-corrupt', undefined],
    ['Freelist Pointer check fails', 'freepointer-corrupt', undefined],
    ['Freelist cycle detected', 'freepointer-corrupt', undefined],
    ['Object already free', 'double-free', undefined],
    ['Object already allocated', 'metadata', undefined],
    ['Objects remaining in dentry on kmem_cache_close()', 'objects-remaining', undefined],
    ['Objects remaining on __kmem_cache_shutdown()', 'objects-remaining', undefined],
    ['page slab pointer corrupt.', 'invalid-pointer', undefined],
    ['Not a valid slab page', 'metadata', undefined],
    ['Slab disabled since SLUB metadata consistency check failed', 'metadata', undefined],
    ['what no kernel says', 'unknown', undefined],
  ] as const)('%s', (reason, damage, zone) => {
    expect(slubVerdict(reason)).toMatchObject({ reason, damage })
    expect(slubVerdict(reason).zone).toBe(zone)
  })

  it.each([
    ['Wrong object count. Counter is 1 but counted were 24', 'metadata', 24, 1],
    ['Wrong number of objects. Found 20 but should be 21', 'metadata', 20, 21],
    ['Slab has 0 allocated objects but 1 are to be freed', 'metadata', 0, 1],
    ['objects 99 > max 16', 'metadata', 99, 16],
    ['inuse 17 > max 16', 'metadata', 17, 16],
    ['Bulk freelist count(3) invalid(2)', 'bulk-free-count', 2, 3],
    ['Bulk free expected 3 objects but found 2', 'bulk-free-count', 2, 3],
  ])('%s', (reason, damage, found, expected) => {
    expect(slubVerdict(reason)).toMatchObject({ damage, counts: { found, expected } })
  })

  it('names the pointer that was freed', () => {
    for (const reason of [
      'Invalid object pointer 0xffff888004a3c011',
      'Attempt to free object(0xffff888004a3c011) outside of slab',
      'No slab cache for object 0xffff888004a3c011',
    ])
      expect(slubVerdict(reason)).toMatchObject({ damage: 'invalid-pointer', object: 0xffff888004a3c011n })
  })
})

describe('lines that only look like a report', () => {
  it('KASAN of 4.x prints through slab_bug(): its lines below are its own', () => {
    expect(
      corruptions(
        'BUG UNIX (Not tainted): kasan: bad access detected',
        'INFO: Allocated in sk_prot_alloc+0x69/0x340 age=19 cpu=1 pid=3921',
        SLAB,
        'INFO: Object 0xffff8800650cbd80 @offset=3712 fp=0xffff8800650cc000',
      ),
    ).toEqual([])
  })

  it.each([
    'BUG: unable to handle kernel paging request at ffff9d81428d4f40',
    'BUG sleeping function called from invalid context at mm/slab.h:422',
    'SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1',
    'FIX lab: Object at 0xffff888004a3c011 not freed',
    'Object 0xffff888004a3c011 @offset=17',
    'kmem_cache_destroy small req cachep',
    '     23 lab_new+0x12/0x40 age=4294893807 pid=0 cpus=0',
  ])('%s', line => expect(corruptions(line)).toEqual([]))
})

describe('6.15 and later', () => {
  const right =
    '[Right Redzone overwritten] 0xffff888004a3c048-0xffff888004a3c04b @offset=72. First byte 0x41 instead of 0xcc'
  const padding =
    '[Object padding overwritten] 0xffff888004a3c0a8-0xffff888004a3c0a9 @offset=168. First byte 0x0 instead of 0x5a'
  const report = [
    right,
    '=============================================================================',
    'BUG lab (Not tainted): Object corrupt',
    '-----------------------------------------------------------------------------',
    'Slab 0xffffea0000128f00 objects=21 used=1 fp=0xffff888004a3c0c8 flags=0x200(workingset|node=0)',
    'Object 0xffff888004a3c008 @offset=8 fp=0xffff888004a3c0c8',
    'Redzone  ffff888004a3c000: cc cc cc cc cc cc cc cc                          ........',
    'WARNING: mm/slub.c:1251 at object_err+0x1dc/0x2c0, CPU#3: lab: w/1577',
    'Call Trace:',
    ' check_object+0x215/0x3d0',
    'FIX lab: Restoring Right Redzone 0xffff888004a3c048-0xffff888004a3c04b=0xcc',
  ]

  it('the damaged range before the heading says what is damaged', () => {
    const [one, ...more] = corruptions(...report)
    expect(more).toEqual([])
    expect(one).toMatchObject({
      damage: 'redzone-overwritten',
      zone: 'right',
      reason: 'Right Redzone overwritten',
      cache: 'lab',
      comm: 'lab: w',
      pid: 1577,
      cpu: 3,
    })
  })

  it('a second range without a heading is more damage of the same object', () => {
    const [one, ...more] = corruptions(
      ...report,
      padding,
      'FIX lab: Restoring Object padding 0xffff888004a3c0a8-0xffff888004a3c0a9=0x5a',
      'FIX lab: Object at 0xffff888004a3c008 not freed',
    )
    expect(more).toEqual([])
    expect(one?.further).toEqual([
      {
        damage: 'padding-overwritten',
        reason: 'Object padding overwritten',
        range: {
          start: 0xffff888004a3c0a8n,
          end: 0xffff888004a3c0a9n,
          offset: 168,
          firstByte: 0,
          expectedByte: 0x5a,
        },
      },
    ])
    expect(one?.fixes).toHaveLength(3)
  })

  it('an invalid pointer has no dump', () => {
    const [one] = corruptions(
      'BUG lab (Not tainted): Freelist Pointer check fails',
      'Slab 0xffffea0000128f00 objects=21 used=1 fp=0x0000000000000011 flags=0x200(workingset|node=0)',
      'Invalid pointer 0x0000000000000011',
      'Call Trace:',
      ' alloc_debug_processing+0x15/0xd0',
    )
    expect(one).toMatchObject({ damage: 'freepointer-corrupt', object: 0x11n })
    expect(one?.truncated).toBeUndefined()
  })

  it('the cache may not be known', () => {
    const [one] = corruptions(
      'BUG <unknown> (Not tainted): No slab cache for object 0xffff888004a3c011',
      'Slab 0xffffea0000128f00 objects=21 used=1 fp=0x0000000000000000 flags=0x0()',
    )
    expect(one).toMatchObject({ damage: 'invalid-pointer', object: 0xffff888004a3c011n })
    expect(one?.cache).toBeUndefined()
  })
})

describe('two caches reported at once', () => {
  /** No caller ids: whose a line is, only its numbers tell. */
  const lines = [
    'BUG lab_left (Tainted: G           OE    ): Left Redzone overwritten',
    'INFO: 0xffff9d81428d4e3c-0xffff9d81428d4e3f @offset=3644. First byte 0x3a instead of 0xcc',
    'INFO: Allocated in lab_make+0x1b/0x40 [lab] age=12 cpu=0 pid=611',
    '\tlab_make+0x1b/0x40 [lab]',
    'BUG lab_other (Tainted: G    B      OE    ): Object padding overwritten',
    'INFO: 0xffff9d8142a91db8-0xffff9d8142a91dbb @offset=3512. First byte 0x0 instead of 0x5a',
    'INFO: Freed in lab_drop+0x1b/0x40 [lab] age=3 cpu=0 pid=611',
    SLAB,
    'INFO: Object 0xffff9d81428d4e40 @offset=3648 fp=0xffff9d81428d4f40',
    'INFO: Slab 0xffffcb47010aa440 objects=16 used=1 fp=0xffff9d8142a91e08 flags=0xfffffc0010200',
    'Redzone  ffff9d81428d4e38: cc cc cc cc 3a 2f 2f 0a                          ....://.',
    'INFO: Object 0xffff9d8142a91d08 @offset=3336 fp=0xffff9d8142a91e08',
    'Object   ffff9d81428d4e40: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................',
    'Redzone  ffff9d8142a91d00: cc cc cc cc cc cc cc cc                          ........',
    'Object   ffff9d8142a91d08: 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11  ................',
    'Redzone  ffff9d81428d4e50: cc cc cc cc cc cc cc cc                          ........',
    'Padding  ffff9d8142a91db8: 00 00 00 00 5a 5a 5a 5a                          ....ZZZZ',
    'CPU: 0 PID: 611 Comm: lab-a Tainted: G    B      OE     5.10.0-23-amd64 #1',
    'Call Trace:',
    ' lab_drop+0x36/0x40 [lab]',
    'FIX lab_left: Restoring 0xffff9d81428d4e3c-0xffff9d81428d4e3f=0xcc',
    'FIX lab_other: Restoring 0xffff9d8142a91db8-0xffff9d8142a91dbb=0x5a',
    'FIX lab_left: Object at 0xffff9d81428d4e40 not freed',
    'FIX lab_other: Object at 0xffff9d8142a91d08 not freed',
  ]

  it('each gets the lines whose numbers are its own', () => {
    const [left, other, ...more] = corruptions(...lines)
    expect(more).toEqual([])
    expect(left).toMatchObject({
      slab: { address: 0xffffcb47010a3500n },
      object: 0xffff9d81428d4e40n,
      zone: 'left',
      fixes: [
        'Restoring 0xffff9d81428d4e3c-0xffff9d81428d4e3f=0xcc',
        'Object at 0xffff9d81428d4e40 not freed',
      ],
    })
    expect(left?.rows.map(({ offset }) => offset)).toEqual([-8, 0, 16])
    expect(other).toMatchObject({
      slab: { address: 0xffffcb47010aa440n },
      object: 0xffff9d8142a91d08n,
      fixes: [
        'Restoring 0xffff9d8142a91db8-0xffff9d8142a91dbb=0x5a',
        'Object at 0xffff9d8142a91d08 not freed',
      ],
    })
    expect(other?.rows.map(({ offset }) => offset)).toEqual([-8, 0, 176])
  })

  it('what has no number to tell it by is left out, and that is said', () => {
    const [left, other] = corruptions(...lines)
    for (const report of [left, other]) {
      expect(report?.pairingAmbiguous).toBe(true)
      expect(report?.comm).toBeUndefined()
      expect(report?.frames).toEqual([])
      expect(report?.freed).toBeUndefined()
    }
    // printed before the other began
    expect(left?.allocated?.function).toBe('lab_make')
  })
})

describe('a cache that is taken away', () => {
  const head = 'BUG lab (Not tainted): Objects remaining in lab on __kmem_cache_shutdown()'
  const left = ['Object 0xffff9d81428d4e40 @offset=3648', 'Object 0xffff9d81428d4f40 @offset=3904']
  const destroyed =
    'kmem_cache_destroy lab: Slab cache still has objects when called from lab_exit+0x18/0x30 [lab]'

  it('is one report, with who took it away', () => {
    const [one, ...more] = corruptions(head, SLAB.slice(6), ...left, destroyed)
    expect(more).toEqual([])
    expect(one?.remaining?.map(({ offset }) => offset)).toEqual([3648, 3904])
    expect(one?.calledFrom).toBe('lab_exit+0x18/0x30 [lab]')
  })

  it('of full slabs nothing is listed: the last line is the report', () => {
    const [one] = corruptions(destroyed)
    expect(one).toMatchObject({ damage: 'objects-remaining', cache: 'lab', frames: [] })
    expect(one?.remaining).toBeUndefined()
    expect(one?.truncated).toBeUndefined()
  })

  it('of another cache it is another report', () => {
    expect(corruptions(head, SLAB.slice(6), ...left, destroyed.replace(' lab:', ' other:'))).toHaveLength(2)
  })
})

describe('the cache of a cgroup', () => {
  it('is named as the cache it is a copy of, and the repair is found by its whole name', () => {
    const [one, ...more] = corruptions(
      'BUG dentry(1683:698bb3e4a1) (Tainted: G    B  ): Object already free',
      SLAB,
      'INFO: Object 0xffff9d81428d4e40 @offset=3648 fp=0xffff9d81428d4f40',
      'FIX dentry(1683:698bb3e4a1): Object at 0xffff9d81428d4e40 not freed',
    )
    expect(more).toEqual([])
    expect(one).toMatchObject({ cache: 'dentry', memcgId: 1683, memcgName: '698bb3e4a1' })
    expect(one?.fixes).toHaveLength(1)
  })
})

describe('what mails and terminals do', () => {
  const head = [
    '[  357.788006] BUG i915_vma (Tainted: G     U  W        N ):',
    'Objects remaining on __kmem_cache_shutdown()',
  ]
  const object = '[  357.788204] Object 0xffff888109e7f480 @offset=29824'

  it('a rule of dashes broken in two parts nothing', () => {
    for (const end of ['', '='])
      expect(corruptions(...head, '[  357.788031]', `${'-'.repeat(75)}${end}`, '--', object)).toMatchObject([
        { cache: 'i915_vma', remaining: [{ offset: 29_824 }] },
      ])
  })

  it('what grep parts is not put together', () => {
    const [one] = corruptions(...head, '--', object)
    expect(one?.remaining).toBeUndefined()
  })

  it('a blank between priority and stamp', () => {
    expect(corruptions(`<3> ${head[0]} ${head[1]}`, `<3> ${object}`)).toMatchObject([
      { at: { seconds: 357.788006 }, remaining: [{ address: 0xffff888109e7f480n }] },
    ])
  })
})

describe('without its head', () => {
  it('the repair tells what was damaged', () => {
    const [one] = corruptions(
      SLAB,
      'INFO: Object 0xffff9d81428d4e40 @offset=3648 fp=0xffff9d81428d4f40',
      'Object   ffff9d81428d4e40: 6b 6b 6b 00 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b a5  kkk.kkkkkkkkkkk.',
      'FIX lab: Restoring 0xffff9d81428d4e43-0xffff9d81428d4e43=0x6b',
    )
    expect(one).toMatchObject({
      damage: 'poison-overwritten',
      reason: '',
      cache: 'lab',
      truncatedHead: true,
      range: { start: 0xffff9d81428d4e43n, end: 0xffff9d81428d4e43n, expectedByte: 0x6b, firstByte: 0 },
    })
  })

  it('and where nothing tells, that is said', () => {
    const [one] = corruptions(SLAB, 'INFO: Object 0xffff9d81428d4e40 @offset=3648 fp=0xffff9d81428d4f40')
    expect(one).toMatchObject({ damage: 'unknown', truncatedHead: true, truncated: true })
  })
})

describe('what the numbers contradict', () => {
  const head = [
    'BUG lab (Not tainted): Poison overwritten',
    'INFO: 0xffff9d81428d4e43-0xffff9d81428d4e43 @offset=3651. First byte 0x0 instead of 0x6b',
    SLAB,
    'INFO: Object 0xffff9d81428d4e40 @offset=3648 fp=0xffff9d81428d4f40',
  ]

  it('a row far from the object is not its own', () => {
    const [one] = corruptions(
      ...head,
      'Object   ffff9d81428d4e40: 6b 6b 6b 00 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  kkk.kkkkkkkkkkkk',
      'Object   ffff9d8150000000: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................',
    )
    expect(one?.rows).toHaveLength(1)
  })

  it('bytes that the characters beside them deny were damaged on their way', () => {
    const [one] = corruptions(
      ...head,
      'Object   ffff9d81428d4e40: 6b 6b 6b 00 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  kkk.kkkkkkkAkkkk',
    )
    expect(one?.rows).toEqual([])
  })

  it('counts of 3.10, which printed the name of the cache for a number', () => {
    const [one] = corruptions('BUG lab (Not tainted): objects 1100324608 > max 33', SLAB)
    expect(one?.damage).toBe('metadata')
    expect(one?.counts).toBeUndefined()
  })
})

describe('dumps of a whole page', () => {
  it('keep both ends, the red zones and what surrounds the damage', () => {
    const object = 0xffff9d81428d4040n
    const rows = Array.from({ length: 256 }, (_, index) => {
      const bytes = Array.from({ length: 16 }, (_, at) => (index === 150 && at === 4 ? '41' : '6b'))
      return `Object   ${(object + BigInt(index * 16)).toString(16)}: ${bytes.join(' ')}`
    })
    const [one] = corruptions(
      'BUG lab (Not tainted): Poison overwritten',
      '0xffff9d81428d49a4-0xffff9d81428d49a4 @offset=2468. First byte 0x41 instead of 0x6b',
      SLAB.slice(6),
      'Object 0xffff9d81428d4040 @offset=64 fp=0xffff9d81428d6040',
      'Redzone  ffff9d81428d4000: bb bb bb bb bb bb bb bb bb bb bb bb bb bb bb bb',
      ...rows,
      'Redzone  ffff9d81428d5040: bb bb bb bb bb bb bb bb',
    )
    const offsets = one?.rows.filter(({ part }) => part === 'object').map(({ offset }) => offset)
    expect(offsets).toEqual(
      [
        ...Array.from({ length: 32 }, (_, index) => index),
        149,
        150,
        151,
        ...Array.from({ length: 32 }, (_, index) => 224 + index),
      ].map(index => index * 16),
    )
    expect(one?.rowsLeftOut).toBe(256 - 67)
    expect(one?.rows.filter(({ part }) => part === 'redzone').map(({ zone }) => zone)).toEqual([
      'left',
      'right',
    ])
  })
})

describe('mm/slab.c', () => {
  it('tells by the words around an object what became of it', () => {
    const free = 0x09f911029d74e35bn
    const used = 0xd84156c5635688c0n
    expect(slabRedzones([free, free])).toEqual({ state: 'free' })
    expect(slabRedzones([0x170fc2a5n, 0x170fc2a5n])).toEqual({ state: 'used' })
    expect(slabRedzones([used, 0x41414141n])).toEqual({ zone: 'right' })
    expect(slabRedzones([0n, used])).toEqual({ zone: 'left' })
    expect(slabRedzones([0n, 1n])).toEqual({})
  })

  it('a free object that is freed is freed twice, whatever the sentence leaves open', () => {
    const error = 'double free, or memory outside object was overwritten'
    const twice = corruptions(
      `slab error in cache_free_debugcheck(): cache \`size-32': ${error}`,
      'c3a1b2c8: redzone 1:0x170fc2a5, redzone 2:0x170fc2a5.',
      `slab error in cache_free_debugcheck(): cache \`size-32': ${error}`,
      'c3a1b2c8: redzone 1:0x5a2cf071, redzone 2:0x5a2cf071.',
      `slab error in cache_alloc_debugcheck_after(): cache \`size-32': ${error}`,
      'c3a1b2c8: redzone 1:0x5a2cf071, redzone 2:0x5a2cf0ff.',
    )
    expect(twice.map(({ damage, zone }) => [damage, zone])).toEqual([
      ['redzone-overwritten', undefined],
      ['double-free', undefined],
      ['redzone-overwritten', 'right'],
    ])
  })

  it('a row of bytes is no line number of grep', () => {
    const [one] = corruptions(
      'Slab corruption: start=c608a42c, len=172',
      'Redzone: 0x6b6b6b6b/0xc0411958.',
      'Last user: [<170fc2a5>](0x170fc2a5)',
      '0a0: 6b 6b 6b 6b 6b 6b 6b a5 71 f0 2c 5a',
      '000: 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b',
    )
    expect(one?.rows.map(({ offset }) => offset)).toEqual([0xa0, 0])
    expect(one).toMatchObject({ objectSize: 172, lastUser: '0x170fc2a5' })
  })
})
