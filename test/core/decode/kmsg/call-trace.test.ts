import { describe, expect, it } from 'vitest'
import { parseFrame, traceReader } from '../../../../src/core/decode/kmsg/call-trace.ts'

describe('a frame', () => {
  it.each([
    [
      '[<ffffffff811d29f6>] kmalloc_trace+0x26/0x80',
      { function: 'kmalloc_trace', offset: 0x26, size: 0x80, address: 0xffffffff811d29f6n },
    ],
    [
      '    [<(____ptrval____)>] unpack_to_rootfs+0x3d/0x304',
      { function: 'unpack_to_rootfs', offset: 0x3d, size: 0x304 },
    ],
    ['[<(ptrval)>] f+0x1/0x2', { function: 'f', offset: 1, size: 2 }],
    ['[<0>] f+0x1/0x2', { function: 'f', offset: 1, size: 2 }],
    ['[<0000000000000000>] f+0x1/0x2', { function: 'f', offset: 1, size: 2 }],
    ['[<ffffffffa0005032>] 0xffffffffa0005032', { address: 0xffffffffa0005032n }],
    ['    0xffffffffc11de07f', { address: 0xffffffffc11de07fn }],
    ['[<000000005ec5fd9f>] 0xffffffffffffffff', { address: 0xffffffffffffffffn }],
    [' ? __pfx_kthread+0x10/0x10', { function: '__pfx_kthread', offset: 0x10, size: 0x10, uncertain: true }],
    [
      ' do_one.isra.0+0x1/0x2 [nvme_core]',
      { function: 'do_one.isra.0', offset: 1, size: 2, module: 'nvme_core' },
    ],
    [
      'f.constprop.5+0x1/0x2 [mod 0123456789abcdef0123456789abcdef01234567]',
      { function: 'f.constprop.5', offset: 1, size: 2, module: 'mod' },
    ],
    [
      'kmem_cache_zalloc include/linux/slab.h:711 [inline]',
      { function: 'kmem_cache_zalloc', source: 'include/linux/slab.h:711', inlined: true },
    ],
    [
      '[<ffffffff8176822b>] ext4_mb_new_blocks+0xd5b/0x18b0 fs/ext4/mballoc.c:5509',
      {
        function: 'ext4_mb_new_blocks',
        offset: 0xd5b,
        size: 0x18b0,
        address: 0xffffffff8176822bn,
        source: 'fs/ext4/mballoc.c:5509',
      },
    ],
    [
      'alloc_slab_obj_exts (mm/slub.c:2102 (discriminator 3))',
      { function: 'alloc_slab_obj_exts', source: 'mm/slub.c:2102' },
    ],
    [
      '__alloc_hook (mm/slub.c:2208 (discriminator 1) mm/slub.c:2224 (discriminator 1)) [a_mod]',
      { function: '__alloc_hook', source: 'mm/slub.c:2208', module: 'a_mod' },
    ],
    [
      '[c000000003a6f870] [c0000000008dd8bc] dump_stack_lvl+0x74/0xa8 (unreliable)',
      { function: 'dump_stack_lvl', offset: 0x74, size: 0xa8, address: 0xc0000000008dd8bcn, uncertain: true },
    ],
    [
      '[<c0008f60>] (unwind_backtrace+0x0/0xf8) from [<c0005e7c>] (show_stack+0x10/0x14)',
      { function: 'unwind_backtrace', offset: 0, size: 0xf8, address: 0xc0008f60n },
    ],
    [
      '[<c0008f60>] (unwind_backtrace) from [<c0005e7c>] (show_stack+0x10/0x14)',
      { function: 'unwind_backtrace', address: 0xc0008f60n },
    ],
    [' unwind_backtrace from show_stack+0x10/0x14', { function: 'unwind_backtrace' }],
    [' el0_svc+0x34/0xd8 (P)', { function: 'el0_svc', offset: 0x34, size: 0xd8 }],
    [' tcp_v6_rcv+1234', { function: 'tcp_v6_rcv', offset: 1234 }],
    ['_RNvCs1_3foo.llvm.12+0x1/0x2', { function: '_RNvCs1_3foo.llvm.12', offset: 1, size: 2 }],
  ] as const)('%s', (line, frame) => {
    expect(parseFrame(line)).toEqual(frame)
  })

  it.each([
    'Call Trace:',
    '<TASK>',
    'kthread',
    'I think so [really]',
    'memory: usage 1kB, limit 2kB, failcnt 3',
    'RIP: 0010:f+0x1/0x2',
    'Allocated in f+0x1/0x2 age=7 cpu=0 pid=3651',
    'CPU: 2 PID: 1 Comm: swapper/0 Not tainted 5.10.234-rc1 #1',
    '00 c0 15 ce aa aa aa aa aa aa aa aa aa aa aa aa  ................',
    '(and so on)',
    '',
  ])('is not %s', line => {
    expect(parseFrame(line)).toBeUndefined()
  })

  it('takes no time on hostile lines', () => {
    const began = performance.now()
    for (const unit of ['a.c:1 ', '(', '[<', 'f+0x', ' (discriminator 1)', 'a.', '\t', ' from '])
      for (const head of ['', 'f (', '[<c01>] (', 'f+0x1/0x2 ']) {
        parseFrame(head + unit.repeat(2000 / unit.length))
        traceReader().push(head + unit.repeat(2000 / unit.length))
      }
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('a trace', () => {
  const read = (lines: readonly string[]) => {
    const trace = traceReader()
    return { own: lines.map(line => trace.push(line)), frames: trace.frames }
  }

  it('is put together where a mail broke its lines', () => {
    const { own, frames } = read([
      'kmemleak_alloc',
      '(/home/user/linux/mm/kmemleak.c:1045)',
      '__kmalloc_node',
      '(/home/user/linux/./include/linux/kmemleak.h:42',
      '/home/user/linux/mm/slub.c:3817',
      '/home/user/linux/mm/slub.c:3988)',
      'ksys_write (/home/user/linux/fs/read_write.c:643)',
      '[<ffffffff8176822b>] ext4_mb_new_blocks+0xd5b/0x18b0',
      'fs/ext4/mballoc.c:5509',
    ])
    expect(own).not.toContain(false)
    expect(frames).toEqual([
      { function: 'kmemleak_alloc', source: '/home/user/linux/mm/kmemleak.c:1045' },
      { function: '__kmalloc_node', source: '/home/user/linux/./include/linux/kmemleak.h:42' },
      { function: 'ksys_write', source: '/home/user/linux/fs/read_write.c:643' },
      {
        function: 'ext4_mb_new_blocks',
        offset: 0xd5b,
        size: 0x18b0,
        address: 0xffffffff8176822bn,
        source: 'fs/ext4/mballoc.c:5509',
      },
    ])
  })

  it('ends with what is no frame, and keeps no more than its fill', () => {
    expect(read(['f+0x1/0x2', 'Code: 1 2 3']).own).toEqual([true, false])
    const many = read(Array.from({ length: 1000 }, (_, index) => `f${index}+0x1/0x2`))
    expect(many.frames.length).toBeLessThanOrEqual(128)
  })
})
