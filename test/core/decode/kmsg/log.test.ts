import { describe, expect, it } from 'vitest'
import { type DecodedKernelLog, MOST_REPORTS, readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'
import { parseMemcgNoSpace } from '../../../../src/core/decode/kmsg/runtime-error.ts'

const read = (lines: readonly string[] | string, live = false): DecodedKernelLog =>
  readKernelLog([new TextEncoder().encode(typeof lines === 'string' ? lines : lines.join('\n'))], {
    path: 'log',
    live,
  })

const head = (comm: string, second: number): string =>
  `[${second}.000000] ${comm} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0`
const cpu = (comm: string, second: number): string =>
  `[${second}.000001] CPU: 0 PID: 1 Comm: ${comm} Not tainted 3.10.0-957.el7.x86_64 #1`

describe('scope', () => {
  it('is not taken from the trace of another task', () => {
    const trace = '[5.000002]  [<ffffffff811f71e6>] mem_cgroup_oom_synchronize+0x546/0x570'
    const own = read([head('a', 5), cpu('a', 5), trace])
    const others = read([head('a', 5), cpu('b', 5), trace])
    const nobodys = read([head('a', 5), trace])
    expect(own.reports[0]).toMatchObject({ kind: 'oom', scope: 'memcg', kernel: '3.10.0-957.el7.x86_64' })
    for (const log of [others, nobodys]) {
      expect(log.reports[0]).toMatchObject({ kind: 'oom', invoker: 'a' })
      expect(log.reports[0]).not.toHaveProperty('scope')
      expect(log.reports[0]).not.toHaveProperty('kernel')
    }
  })

  it('is not taken from the Mem-Info of a page allocation failure in between', () => {
    const log = read([
      head('a', 5),
      cpu('a', 5),
      '[5.000002] b: page allocation failure: order:2, mode:0x20',
      '[5.000003] Mem-Info:',
    ])
    expect(log.reports[0]).not.toHaveProperty('scope')
  })

  it.each([
    ['Out of memory: Kill process 9 (a) score 1 or sacrifice child', 'global'],
    ['Out of memory (oom_kill_allocating_task): Kill process 9 (a) score 1 or sacrifice child', 'global'],
    ['Memory cgroup out of memory: Killed process 9 (a) total-vm:1kB, anon-rss:1kB, file-rss:1kB', 'memcg'],
    ['Killed process 9 (a) total-vm:1kB, anon-rss:1kB, file-rss:1kB', undefined],
    ['kmem: usage 3868836kB, limit 9007199254740988kB, failcnt 0', 'memcg'],
    ['Tasks in /a are going to be killed due to memory.oom.group set', 'memcg'],
  ])('of a single line: %s', (line, scope) => {
    const [report] = read([`[5.000000] ${line}`]).reports
    expect(report).toMatchObject({ kind: 'oom', fragment: true, truncatedHead: true })
    expect(report?.kind === 'oom' ? report.scope : null).toBe(scope)
  })
})

describe('splitting', () => {
  it('takes counters that repeat for two reports, and a silence for an end', () => {
    const kmem = (second: number): string =>
      `[${second}.000000] kmem: usage ${second}kB, limit 9kB, failcnt 0`
    const memory = (second: number): string =>
      `[${second}.000000] memory: usage ${second}kB, limit 9kB, failcnt 0`
    expect(read([kmem(1), kmem(2)]).reports).toHaveLength(2)
    expect(read([memory(1), kmem(1)]).reports).toHaveLength(1)
    expect(read([memory(1), kmem(400)]).reports).toHaveLength(2)
  })

  it('pairs "Kill process A" with "Killed process B", and gives a late kill to the report that named its victim', () => {
    const log = read([
      head('a', 1),
      '[1.1] Memory cgroup out of memory: Kill process 11 (a) score 5 or sacrifice child',
      head('b', 2),
      '[2.1] Memory cgroup out of memory: Kill process 22 (b) score 7 or sacrifice child',
      '[2.2] Killed process 11 (a) total-vm:4kB, anon-rss:0kB, file-rss:0kB',
      '[2.3] Killed process 20 (b) total-vm:8kB, anon-rss:0kB, file-rss:0kB',
    ])
    expect(log.reports).toMatchObject([
      { invoker: 'a', victims: [{ pid: 11, score: 5, totalVm: 4096 }] },
      { invoker: 'b', victims: [{ pid: 20, announcedPid: 22, score: 7, totalVm: 8192 }] },
    ])
  })

  it('keeps callers apart, and gives the reaper’s line to whose victim it is', () => {
    const log = read([
      '[    1.000001][   T10] a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0',
      '[    1.000002][   T20] SLUB: Unable to allocate memory on node -1, gfp=0xcc0(GFP_KERNEL)',
      '[    1.000003][   T10] memory: usage 10kB, limit 10kB, failcnt 1',
      '[    1.000004][   T30] SLUB: Unable to allocate memory on node -1, gfp=0xdc0(GFP_KERNEL|__GFP_ZERO)',
      '[    1.000005][   T30]   cache: filp, object size: 256, buffer size: 256, default order: 1, min order: 0',
      '[    1.000006][   T20]   cache: dentry, object size: 192, buffer size: 192, default order: 0, min order: 0',
      '[    1.000007][   T20]   node 0: slabs: 1, objs: 21, free: 0',
      '[    1.000008][   T10] Memory cgroup out of memory: Killed process 7 (a) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB',
      '[    1.000009][   T30]   node 0: slabs: 2, objs: 64, free: 0',
      '[    1.000010][   T55] oom_reaper: reaped process 7 (a), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB',
    ])
    expect(log.reports).toMatchObject([
      { kind: 'oom', memory: { usage: 10240 }, victims: [{ pid: 7, reaped: true }], lines: [1, 10] },
      { kind: 'slub-alloc-failure', cache: 'dentry', nodes: [{ slabs: 1 }], lines: [2, 7] },
      { kind: 'slub-alloc-failure', cache: 'filp', nodes: [{ slabs: 2 }], lines: [4, 9] },
    ])
  })

  it('pairs lines of failures printed at once by arithmetic, or leaves them unpaired', () => {
    const headLine = 'SLUB: Unable to allocate memory on node -1 (gfp=0xd0)'
    const cache = (name: string, size: number, order: number): string =>
      `  cache: ${name}, object size: ${size}, buffer size: ${size}, default order: ${order}, min order: 0`
    const sure = read([
      headLine,
      headLine,
      cache('a', 64, 0),
      cache('b', 208, 1),
      '  node 0: slabs: 2, objs: 78, free: 0',
      '  node 0: slabs: 3, objs: 192, free: 0',
    ])
    expect(sure.reports).toMatchObject([
      { cache: 'a', nodes: [{ objs: 192 }], pairingAmbiguous: true },
      { cache: 'b', nodes: [{ objs: 78 }], pairingAmbiguous: true },
    ])
    const unsure = read([
      headLine,
      headLine,
      cache('a', 64, 0),
      cache('b', 64, 0),
      '  node 0: slabs: 2, objs: 128, free: 0',
      '  node 0: slabs: 3, objs: 192, free: 0',
    ])
    for (const report of unsure.reports) expect(report).not.toHaveProperty('nodes')
  })

  it('does not let user space speak for the kernel', () => {
    const log = read([
      '4,1,1000000,-;a invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0',
      '12,2,1000001,-;Memory cgroup out of memory: Killed process 7 (a) total-vm:4kB, anon-rss:4kB, file-rss:0kB',
    ])
    expect(log.reports).toMatchObject([
      { invoker: 'a', victims: [] },
      { userWritten: true, victims: [{ pid: 7 }] },
    ])
    expect(log.reports[0]).not.toHaveProperty('userWritten')
  })

  it('says nothing where other programs quote the kernel', () => {
    expect(
      read('Jun  8 17:26:21 n npd[1]: Memory cgroup out of memory: Killed process 7 (a) total-vm:4kB')
        .reports,
    ).toEqual([])
    expect(read('[  404.700173] ODEBUG: Out of memory. ODEBUG disabled').reports).toEqual([])
    // the first KASAN printed by way of SLUB's own head
    expect(read('[   72.159680] BUG UNIX (Not tainted): kasan: bad access detected').reports).toMatchObject([
      { kind: 'sanitizer', tool: 'KASAN' },
    ])
    expect(read('[    0.000000] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1').reports).toEqual(
      [],
    )
  })
})

describe('old and rare forms', () => {
  it.each([
    ['oom-killer: gfp_mask=0x201d2, order=0', { gfp: { mask: '0x201d2' }, order: 0 }],
    ['a invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=-17', { invoker: 'a', oomScoreAdj: -17 }],
    [
      'Out of Memory: Killed process 2592 (oracle).',
      { scope: 'global', victims: [{ pid: 2592, comm: 'oracle' }] },
    ],
    [
      'Out of memory: kill process 12 (x) score 100 or a child',
      { scope: 'global', victims: [{ pid: 12, score: 100 }] },
    ],
    [
      'Killed process 40738, UID 27, (mysqld) total-vm:8kB, anon-rss:4kB, file-rss:4kB',
      { victims: [{ pid: 40738, uid: 27, totalVm: 8192 }] },
    ],
    [
      'Killed process 9 ((sd-pam)) total-vm:8kB, anon-rss:4kB, file-rss:4kB',
      { victims: [{ comm: '(sd-pam)' }] },
    ],
    ['Memory limit reached of cgroup /a/b', { scope: 'memcg', memcg: '/a/b' }],
    [
      'memory+swap: usage 0kB, limit 18014398509481983kB, failcnt 0',
      { memsw: { limit: Number.POSITIVE_INFINITY } },
    ],
  ])('%s', (line, expected) => {
    expect(read(`[1.000000] ${line}`).reports).toMatchObject([{ kind: 'oom', ...expected }])
  })

  it('Task in … killed, in two records of old kernels', () => {
    const log = read([head('a', 1), '[1.1] Task in /a/b killed', '[1.1]  as a result of limit of /a'])
    expect(log.reports).toMatchObject([{ taskMemcg: '/a/b', memcg: '/a' }])
  })

  it('SLAB without its last number', () => {
    const log = read([
      'SLAB: Unable to allocate memory on node 0, gfp=0xcc0(GFP_KERNEL)',
      '  cache: kmalloc-64, object size: 64, order: 0',
      '  node 0: slabs: 3/4, objs: 190/256',
    ])
    expect(log.reports).toMatchObject([
      {
        kind: 'slab-alloc-failure',
        cache: 'kmalloc-64',
        order: 0,
        nodes: [{ slabs: 4, objs: 256, free: 66 }],
      },
    ])
  })

  it('a log wrapped into a cloud’s JSON', () => {
    const payload = { MESSAGE: 'Killed process 5 (a) total-vm:4kB', _TRANSPORT: 'kernel' }
    expect(read(JSON.stringify({ insertId: '1', jsonPayload: payload })).reports).toMatchObject([
      { victims: [{ pid: 5 }] },
    ])
  })
})

describe('the log itself', () => {
  it('tells missing sequence numbers, and speaks of records, not lines, when live', () => {
    const text =
      '4,5,1000000,-;a\n4,6,1000001,-;b\n4,9,1000002,-;x invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n'
    expect(read(text).source).toMatchObject({ records: 3, sequenceGaps: [{ after: 6, missing: 2 }] })
    const [report] = read(text, true).reports
    expect(report).toMatchObject({ seq: [9, 9] })
    expect(report).not.toHaveProperty('lines')
    expect(report?.quotes[0]).not.toHaveProperty('line')
  })

  it('names the last kernel it saw, and from when it reaches', () => {
    const { source } = read([
      '[    0.000000] Linux version 5.4.0-99-generic (buildd@x) (gcc) #112-Ubuntu SMP',
      '[    9.000000] CPU: 0 PID: 1 Comm: a b: c Kdump: loaded Tainted: G S         OE    --------- -  - 4.18.0-305.el8.x86_64 #1',
      'Jun  8 17:26:21 n dockerd: not the kernel’s',
    ])
    expect(source).toMatchObject({
      kernelRecords: 2,
      release: { text: '4.18.0-305.el8.x86_64', line: 2 },
      from: { text: 'boot+0.000000' },
      to: { text: 'boot+9.000000' },
    })
  })

  it('keeps the newest reports whole and counts the rest by cgroup and task', () => {
    const kill = (index: number): string =>
      `[${index}.000000] Memory cgroup out of memory: Killed process ${index} (task${index % 2}) total-vm:4kB, anon-rss:4kB, file-rss:0kB`
    const log = read(Array.from({ length: MOST_REPORTS + 500 }, (_, index) => kill(index)))
    expect(log.reports).toHaveLength(MOST_REPORTS)
    expect(log.reports.at(-1)).toMatchObject({ victims: [{ pid: MOST_REPORTS + 499 }] })
    expect(log.folded).toMatchObject([
      { kind: 'oom', task: 'task0', count: 250, first: { seconds: 0 }, last: { seconds: 498 } },
      { kind: 'oom', task: 'task1', count: 250 },
    ])
  })

  it('does not let a flood of one kind push out the other', () => {
    const slub = '[2.000000] SLUB: Unable to allocate memory on node -1 (gfp=0xd0)'
    const log = read([head('a', 1), ...Array.from({ length: 3000 }, () => slub)])
    expect(log.reports.filter(report => report.kind === 'oom')).toHaveLength(1)
    expect(log.reports).toHaveLength(MOST_REPORTS)
  })

  it('does not choke on a task table of 100,000 rows, nor on a line without end', () => {
    const rows = Array.from(
      { length: 100_000 },
      (_, pid) =>
        `[1.000000] [${String(pid).padStart(7)}]     0 ${pid}      242        1    28672        0          -998 pause`,
    )
    const killed =
      '[1.000000] Memory cgroup out of memory: Killed process 7 (a) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB'
    expect(read([head('a', 1), ...rows, killed]).reports).toMatchObject([
      { invoker: 'a', victims: [{ pid: 7 }] },
    ])
    const long = read([head('a', 1), 'x'.repeat(1 << 20), killed])
    expect(long.reports).toMatchObject([{ invoker: 'a', victims: [{ pid: 7 }] }])
    expect(long.cutLines).toEqual({ count: 1, first: 2 })
  })

  it('notes that a prompt with grep shows selected lines only, and takes nothing over it', () => {
    const log = read([
      '[root@n ~]# dmesg | grep oom-killer',
      head('a', 1),
      '[root@n ~]# dmesg | grep Killed',
      '[1.5] Killed process 3 (a) total-vm:4kB',
    ])
    expect(log.source.excerpt).toBe(true)
    expect(log.reports).toHaveLength(2)
  })

  it('takes the code of an oops, taken apart, for no numbers of grep', () => {
    const code = [
      '   0:\t48 89 04 01          \tmov    %eax,%ecx',
      '  13:\t8b                   \t.byte 0x8b',
    ]
    expect(read([head('a', 1), cpu('a', 1), ...code, ...code]).source).not.toHaveProperty('excerpt')
  })
})

describe('no space left for a memory cgroup', () => {
  const path = '/sys/fs/cgroup/memory/kubepods/burstable/pod20edac81/47fe2a20'
  it.each([
    `mkdir ${path}: no space left on device`,
    `Jul  3 00:00:50 n kubelet: E0703 00:00:50.1 1 pod_workers.go:191] Error syncing pod 2 ("a_b(2)"), skipping: failed to "Start" with: "mkdir ${path}: no space left on device"`,
    `Jul  3 00:00:50 n dockerd: time="2020-07-03" level=error msg="oci runtime error: \\"mkdir ${path}: no space left on device\\""`,
    `time="2020-07-03T00:00:50.1+08:00" level=error msg="process_linux.go:258: applying cgroup configuration caused \\\\\\"mkdir ${path}: no space left on device\\\\\\""`,
    `mkdir: cannot create directory ‘${path}’: No space left on device`,
    `mkdir: 无法创建目录"${path}": 设备上没有空间`,
    `mkdir ${path}: device or resource busy`,
    `mkdir: can't create directory '${path}': Device or resource busy`,
    `mkdir: 无法创建目录"${path}": 设备或资源忙`,
    `caused \\"mkdir\n${path}:\nno space left on device`,
    `caused \\"mkdir\n${path}:\ndevice or resource busy`,
    `caused \\"mkdir /sys/fs/cgroup/memory/kubepods/burst\nable/pod20edac81/47fe2a20: no space left on device`,
  ])('%s', text => {
    expect(read(text).reports).toMatchObject([{ kind: 'memcg-no-space', directory: path }])
  })

  it.each([
    'mkdir /var/lib/docker/overlay2/abc: no space left on device',
    'mkdir /sys/fs/cgroup/cpuset/kubepods/pod1: no space left on device',
    'inotify_add_watch /sys/fs/cgroup/memory/kubepods: no space left on device',
    'write /sys/fs/cgroup/memory/kubepods/x/cgroup.procs: no space left on device',
    'mkdir /sys/fs/cgroup/memory/kubepods/x: file exists',
    'rmdir /sys/fs/cgroup/memory/kubepods/x: device or resource busy',
    "rmdir: '/sys/fs/cgroup/memory/kubepods/x': Device or resource busy",
  ])('not: %s', text => {
    expect(parseMemcgNoSpace(text)).toEqual([])
    expect(read(text).reports).toEqual([])
  })

  it.each([
    '/sys/fs/cgroup/kubepods/pod1/c',
    '/sys/fs/cgroup/kubepods.slice/kubepods-pod1.slice/cri-containerd-2.scope',
    '/host/sys/fs/cgroup/unified/kubepods/pod1',
    '/sys/fs/cgroup/memory/docker/47fe',
    '/sys/fs/cgroup/memory/system.slice/kubepods-burstable-pod1.slice:cri-containerd:47fe',
  ])('below %s', directory => {
    expect(parseMemcgNoSpace(`mkdir ${directory}: no space left on device`)).toEqual([
      { directory, busy: false },
    ])
    expect(parseMemcgNoSpace(`mkdir ${directory}: device or resource busy`)).toEqual([
      { directory, busy: true },
    ])
  })
})

describe('what people do to a log', () => {
  it('knows a release whose build is a word, and one in parentheses', () => {
    const built = read([head('nfsd', 5), '[5.000001] CPU: 1 PID: 1 Comm: nfsd Not tainted 6.8.1+box #box'])
    const old = read([
      '[5.0] a invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0',
      '[5.1] Pid: 1, comm: a Not tainted (2.6.26-2-amd64 #1)',
    ])
    expect(built.reports[0]).toMatchObject({ invoker: 'nfsd', kernel: '6.8.1+box' })
    expect(old.reports[0]).toMatchObject({ invoker: 'a', kernel: '2.6.26-2-amd64' })
  })

  it('reads on where a page has put blanks that do not break', () => {
    const log = read('Jun\u00a0 2 10:24:51 n kernel: [\u00a0  7.100000]\u00a0f: 12 callbacks suppressed')
    expect(log.reports).toMatchObject([{ kind: 'callbacks-suppressed', source: 'f', count: 12 }])
  })

  it('keeps what a head says before it is cut', () => {
    const cut = (rest: string) => read([`[5.000000] tmux: server invoked oom-killer:${rest}`]).reports
    expect(cut('')).toMatchObject([{ kind: 'oom', invoker: 'tmux: server', truncated: true }])
    const masked = [{ invoker: 'tmux: server', gfp: { mask: '0xcc0', flags: 'GFP_KERNEL' }, truncated: true }]
    expect(cut(' gfp_mask=0xcc0(GFP_KERNEL),')).toMatchObject(masked)
    expect(cut(' gfp_mask=0xcc0(GFP_KERNEL), order=')).toMatchObject(masked)
    expect(cut(' gfp_mask=0xcc0(GFP_KERNEL), order=3')).toMatchObject([{ ...masked[0], order: 3 }])
  })

  it('counts a kill line that ends in dots', () => {
    const log = read('[5.0] Memory cgroup out of memory: Killed process 3370 (vm) ....')
    expect(log.reports).toMatchObject([{ scope: 'memcg', victims: [{ pid: 3370, comm: 'vm' }] }])
  })

  it('takes the words of a file system for a source, and no sentence', () => {
    const log = read([
      '[5.0] EXT4-fs error: 6 callbacks suppressed',
      '"we saw f: 2 callbacks suppressed" in the log',
    ])
    expect(log.reports).toMatchObject([{ source: 'EXT4-fs error', count: 6 }])
    expect(log.reports).toHaveLength(1)
  })

  it('puts back the beginning that Android takes for a tag', () => {
    const log = read([
      '06-03 13:29:12.999  1000   557   557 W SLUB    : Unable to allocate memory on node -1, gfp=0x900(GFP_NOWAIT|__GFP_ZERO)',
      '06-03 13:29:12.999  1000   557   557 W cache   : kmalloc-64, object size: 64, buffer size: 64, default order: 0, min order: 0',
      '06-03 13:29:12.999  root   557   557 W node 0  : slabs: 5, objs: 320, free: 0',
    ])
    expect(log.reports).toMatchObject([
      { kind: 'slub-alloc-failure', cache: 'kmalloc-64', nodes: [{ node: 0, slabs: 5, objs: 320, free: 0 }] },
    ])
  })
})

describe('lines others have dressed or broken', () => {
  const kill = 'Memory cgroup out of memory: Killed process 43 (col) total-vm:8kB, anon-rss:4kB'
  it.each([
    ['[dim. 19 avril 18:03:32 2026] ', '2026-04-19T18:03:32'],
    ['[So 19 Apr 18:03:32 2026] [ T43] ', '2026-04-19T18:03:32'],
    ['kern: warning: [2026-04-19T18:03:32.000000000Z]: ', '2026-04-19T18:03:32Z'],
    ['kern  :warn  : [2026-04-19T18:03:32,000000+00:00] ', '2026-04-19T18:03:32Z'],
  ])('%s', (dress, at) => {
    expect(read(dress + kill).reports).toMatchObject([
      { kind: 'oom', at: { text: at }, victims: [{ pid: 43, totalVm: 8192, anonRss: 4096 }] },
    ])
  })

  it('puts a path together that was broken behind a slash', () => {
    const log = read([
      '[5.0] Task in /docker/',
      'ab12 killed as a result of limit of /docker/',
      'ab12',
      '[5.1] memory: usage 4kB, limit 4kB, failcnt 7',
    ])
    expect(log.reports).toMatchObject([{ memcg: '/docker/ab12', taskMemcg: '/docker/ab12' }])
  })

  it('joins what quoted-printable broke behind the node mask', () => {
    const log = read([
      '[5.0] Xorg: page allocation failure: order:0, mode:0xd0(GFP_KERNEL), nodemask=3D(null),cpuset=3D/,mems=',
      '_allowed=3D0',
    ])
    expect(log.reports).toMatchObject([{ kind: 'page-alloc-failure', comm: 'Xorg', cpuset: '/' }])
  })
})
