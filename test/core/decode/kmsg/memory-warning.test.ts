// Lines that are reports by themselves, stalls in the memory code, and what only looks like one of them.

import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'
import { parseMemoryWarning } from '../../../../src/core/decode/kmsg/memory-warning.ts'
import type { KernelReport } from '../../../../src/core/decode/kmsg/report.ts'
import { memoryAreaOf } from '../../../../src/core/decode/kmsg/stall.ts'

const read = (...lines: readonly string[]): readonly KernelReport[] =>
  readKernelLog([new TextEncoder().encode(lines.join('\n'))], { path: 'log' }).reports

describe('one line', () => {
  it.each([
    ['TCP: too many of orphaned sockets', { kind: 'tcp-memory', what: 'orphans' }],
    ['Out of socket memory', { kind: 'tcp-memory', what: 'out-of-memory' }],
    ['ip_conntrack: table full, dropping packet.', { kind: 'conntrack-full' }],
    ['nf_conntrack: nf_conntrack: table full in netns 4026532417, dropping packet', { netns: 4026532417 }],
    [
      'WARNING: at kernel/res_counter.c:71 res_counter_uncharge_locked+0x37/0x60()',
      { kind: 'page-counter-underflow' },
    ],
    [
      'WARNING: mm/page_counter.c:60 at page_counter_cancel+0x5e/0x80, CPU#1: kworker/1:2/900',
      { kind: 'page-counter-underflow' },
    ],
    ['BUG: Bad page map in process x y  pte:8000000012345067 pmd:1b2f4067', { what: 'map', comm: 'x y' }],
    ['BUG: Bad page state: 12 messages suppressed', { what: 'state', suppressed: 12 }],
    [
      'BUG: Bad rss-counter state mm:00000000d4b5cd6b type:MM_FILEPAGES val:5 Comm:a (b) Pid:77',
      { counter: 'MM_FILEPAGES', value: 5, comm: 'a (b)', pid: 77 },
    ],
    ['vmalloc: allocation failure: 8589934592 bytes', { size: 8589934592, why: 'other' }],
    [
      'vmalloc: allocation failure, allocated 4096 of 8192 bytes',
      { size: 8192, allocated: 4096, why: 'pages' },
    ],
    [
      'modprobe: vmalloc size 69632 allocation failure: vm_struct allocation failed, mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0',
      { comm: 'modprobe', size: 69632, why: 'address-space', gfp: { mask: '0xcc0', flags: 'GFP_KERNEL' } },
    ],
    [
      'vmalloc_node_range for size 8198 failed: Address range restricted to 0xffffffffa0000000 - 0xffffffffff000000',
      { size: 8198, why: 'address-space' },
    ],
    [
      'XFS: a b(c)(12) possible memory allocation deadlock size 65552 in kmem_realloc (mode:0x2400240)',
      { comm: 'a b(c)', pid: 12, size: 65552, function: 'kmem_realloc', area: 'allocation' },
    ],
    ['kmem_cache_create(kmalloc-64(3:pod)) failed with error -12', undefined],
    ['kmem_cache_create(dentry) failed with error -12', { cache: 'dentry', error: 12 }],
    ["kmem_cache_create: Failed to create slab 'TCP'. Error -17", { cache: 'TCP', error: 17 }],
    [
      'BUG: KASan: out of bounds access in foo+0x12/0x34 [mod] at addr ffff8800',
      { tool: 'KASAN', where: 'foo+0x12/0x34' },
    ],
    ['BUG: KMSAN: uninit-value in foo+0x12/0x34 net/core/sock.c:12', { tool: 'KMSAN', what: 'uninit-value' }],
  ])('%s', (line, expected) => {
    if (expected === undefined) expect(parseMemoryWarning(line)).toBeUndefined()
    else expect(parseMemoryWarning(line)).toMatchObject(expected)
  })

  it.each([
    'percpu: Embedded 54 pages/cpu s184320 r8192 d28672 u1048576',
    'nf_conntrack version 0.5.0 (65536 buckets, 262144 max)',
    'nf_conntrack: expectation table full',
    'ODEBUG: Out of memory. ODEBUG disabled',
    'TCP: Hash tables configured (established 262144 bind 65536)',
    'UBSAN: vptr is disabled for this build',
    'kasan: KernelAddressSanitizer initialized',
    '    # kasan_bitops_generic: pass:1 fail:0 skip:0 total:1',
    'kfence: initialized - using 2097152 bytes for 255 objects at 0x(____ptrval____)-0x(____ptrval____)',
    'XFS (sda1): Mounting V5 Filesystem',
    "cgroup: Unknown subsys name 'pids'",
    'BUG: kernel NULL pointer dereference, address: 0000000000000000',
    'vmalloc area is too small for the initrd',
    'page_counter_try_charge+0x5/0x80',
  ])('says nothing of %s', line => {
    expect(read(`[    1.000000] ${line}`)).toEqual([])
  })

  it('is not said where another program says it', () => {
    expect(
      read(
        'Jul  3 00:05:57 h proxy[77]: TCP: out of memory -- consider tuning tcp_mem',
        'Jul  3 00:05:58 h agent: cgroup: fork rejected by pids controller in /a',
      ),
    ).toEqual([])
  })

  it('is one report with the line that belongs to it', () => {
    expect(
      read(
        '[    1.000000] page_counter underflow: -3 nr_pages=3',
        '[    1.000001] WARNING: CPU: 3 PID: 9 at mm/page_counter.c:60 page_counter_cancel+0x3c/0x40',
        '[    9.000000] BUG: Bad page state in process a  pfn:0001f',
        '[    9.000001] page:ffffea refcount:0 mapcount:0 mapping:0 index:0x0',
        '[    9.000002] page dumped because: page still charged to cgroup',
      ),
    ).toMatchObject([
      { kind: 'page-counter-underflow', counter: -3, pages: 3, lines: [1, 2] },
      { kind: 'bad-page', pfn: 31n, reason: 'page still charged to cgroup', lines: [3, 5] },
    ])
  })
})

describe('two damaged pages at once', () => {
  const lines = [
    'BUG: Bad page state in process a  pfn:0001f',
    'BUG: Bad page state in process b  pfn:00020',
    'page dumped because: nonzero mapcount',
    'page dumped because: page still charged to cgroup',
    'BUG: Bad page state in process c  pfn:00021',
    'page dumped because: nonzero _refcount',
  ]

  it('are told without reasons where nobody knows whose a reason is', () => {
    const [a, b, c] = read(...lines.map((line, at) => `[    1.00000${at}] ${line}`))
    expect([a, b, c]).toMatchObject([
      { comm: 'a' },
      { comm: 'b' },
      { comm: 'c', reason: 'nonzero _refcount' },
    ])
    expect(a).not.toHaveProperty('reason')
    expect(b).not.toHaveProperty('reason')
  })

  it('have theirs where callers are printed', () => {
    const callers = ['[   T1]', '[   T2]', '[   T1]', '[   T2]', '[   T1]', '[   T1]']
    expect(read(...lines.map((line, at) => `[    1.00000${at}]${callers[at]} ${line}`))).toMatchObject([
      { comm: 'a', reason: 'nonzero mapcount' },
      { comm: 'b', reason: 'page still charged to cgroup' },
      { comm: 'c', reason: 'nonzero _refcount' },
    ])
  })
})

describe('a stall', () => {
  const trace = (...frames: readonly string[]): readonly string[] => [
    'Call Trace:',
    ...frames.map(frame => ` ${frame}`),
  ]
  const stamped = (lines: readonly string[], caller = ''): readonly string[] =>
    lines.map((line, at) => `[  100.${String(at).padStart(6, '0')}]${caller} ${line}`)
  const hung = 'INFO: task a:b:7 blocked for more than 120 seconds.'
  const lockup = 'watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kworker/3:1:400]'

  it('is told by the innermost function of the memory code', () => {
    const [report] = read(
      ...stamped([
        hung,
        ...trace(
          '__schedule+0x1/0x2',
          '? shrink_slab+0x1/0x2',
          'kmem_cache_destroy+0x1/0x2',
          'memcg_x+0x1/0x2',
        ),
      ]),
    )
    expect(report).toMatchObject({
      kind: 'memory-stall',
      stall: 'hung-task',
      comm: 'a:b',
      pid: 7,
      seconds: 120,
      function: 'kmem_cache_destroy',
      area: 'slab',
    })
  })

  it('elsewhere is none', () => {
    expect(
      read(
        ...stamped([
          hung,
          ...trace(
            'io_schedule+0x1/0x2',
            'jbd2_journal_commit_transaction+0x1/0x2 [jbd2]',
            'kthread+0x1/0x2',
          ),
          lockup,
          'RIP: 0010:native_safe_halt+0x1/0x2',
          ...trace('default_idle+0x1/0x2', '? shrink_slab+0x1/0x2'),
        ]),
      ),
    ).toEqual([])
  })

  it('has its place in the register of instructions, too', () => {
    expect(
      read(
        ...stamped([
          lockup,
          'RIP: 0010:[<ffffffff811a2b3c>]  [<ffffffff811a2b3c>] memcg_stat_show+0x1a/0x200',
        ]),
      ),
    ).toMatchObject([{ comm: 'kworker/3:1', pid: 400, cpu: 3, function: 'memcg_stat_show', area: 'memcg' }])
  })

  it('of two CPUs at once is told apart by the callers, and left alone without them', () => {
    const one = [hung, ...trace('schedule+0x1/0x2', 'jbd2_x+0x1/0x2')]
    const other = [lockup, ...trace('shrink_slab+0x1/0x2', 'kswapd+0x1/0x2')]
    const tangled = (a: string, b: string): readonly string[] => {
      const [left, right] = [stamped(one, a), stamped(other, b)]
      return left.flatMap((line, at) => [line, right[at] ?? ''])
    }
    expect(read(...tangled('[    T7]', '[    C3]'))).toMatchObject([
      { stall: 'soft-lockup', function: 'shrink_slab' },
    ])
    expect(read(...tangled('', ''))).toEqual([])
  })

  it('knows functions that compilers have split, and not those that allocate', () => {
    expect(memoryAreaOf('shrink_slab.part.60')).toBe('reclaim')
    expect(memoryAreaOf('try_charge.constprop.0')).toBe('memcg')
    expect(memoryAreaOf('kmem_cache_alloc')).toBeUndefined()
    expect(memoryAreaOf('__alloc_pages_nodemask')).toBeUndefined()
    expect(memoryAreaOf('cgroup_file_write')).toBeUndefined()
  })
})
