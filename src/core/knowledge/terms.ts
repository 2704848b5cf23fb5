// Terms, files, log lines, build options, metrics and commands that people meet when a node's memory runs out, in
// the order in which they meet them; each with the correction of what is often said of it.

import type { Bilingual, Paragraphs } from './bilingual.ts'

export type TermKind = 'term' | 'file' | 'log-line' | 'config' | 'boot-option' | 'metric' | 'command'

export interface Term {
  readonly id: string
  readonly kind: TermKind
  /** What people type, besides the id; compared without regard to case and outer quotes. */
  readonly names: readonly string[]
  /** Found in a pasted line. Linear on any input. */
  readonly lines?: readonly RegExp[]
  readonly title: Bilingual
  readonly text: Paragraphs
  /** What the article or common talk has imprecise. */
  readonly correction?: Bilingual
  /** Other terms, defects, detectors, remedies. */
  readonly see: readonly string[]
  readonly source: readonly [string, ...string[]]
}

export const terms: readonly Term[] = [
  {
    id: 'kmem',
    kind: 'term',
    names: ['kernel memory', '内核内存'],
    title: { en: 'Kernel memory (kmem)', zh: '内核内存（kmem）' },
    text: [
      {
        en: 'Memory the kernel uses on behalf of a cgroup: slab objects, kernel stacks, page tables, socket buffers, percpu. It cannot be swapped, and where it is charged it counts against the same limit as the application’s own memory.',
        zh: '内核为某个 cgroup 使用的内存：slab 对象、内核栈、页表、socket 缓冲、percpu。不能被换出；记账时与应用自身的内存共用同一个限制。',
      },
    ],
    see: ['kmem-accounting', 'kmem-fills-memcg', 'memory.kmem.usage_in_bytes'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'kmem-accounting',
    kind: 'term',
    names: [
      'kmem accounting',
      'kernel memory accounting',
      'kernel memory extension',
      '内核内存计账',
      'kmem 计账',
      '内核内存记账',
      'kmem 记账',
      'kmem_limit',
    ],
    title: { en: 'Kernel memory accounting', zh: '内核内存记账（kmem accounting）' },
    text: [
      {
        en: 'Charging kernel memory to the cgroup that caused it.',
        zh: '把内核内存记到触发分配的 cgroup 名下。',
      },
      {
        en: 'On 3.10 it cannot be switched off again for a cgroup, and every child inherits it.',
        zh: '在 3.10 上一旦开启就无法关闭，所有子 cgroup 都会继承。',
      },
    ],
    correction: {
      en: 'It is not on by default on 3.10: there it starts when somebody (runc, kubelet) writes memory.kmem.limit_in_bytes of a cgroup. Only from 4.5 on is every cgroup accounted; the kernel documentation usually quoted describes those kernels.',
      zh: '在 3.10 上并非默认开启：要有人（runc、kubelet）写了该 cgroup 的 memory.kmem.limit_in_bytes 才会开启。4.5 起才对所有 cgroup 默认记账；常被引用的内核文档说的是这些新内核。',
    },
    see: ['K-01', 'K-03', 'K-04', 'K-05', 'nokmem', 'kmem-accounting-active'],
    source: [
      'Documentation/admin-guide/cgroup-v1/memory.rst',
      'https://git.kernel.org/torvalds/c/b313aeee2509',
    ],
  },
  {
    id: 'memcg',
    kind: 'term',
    names: ['memory cgroup', 'mem cgroup', '内存 cgroup', 'memory controller', 'memory resource controller'],
    title: { en: 'Memory cgroup (memcg)', zh: '内存 cgroup（memcg）' },
    text: [
      {
        en: 'A group of processes whose memory is counted and limited together; on a node kubepods, each QoS class, each pod and each container is one. Charges add up along the tree, and each level has its own limit.',
        zh: '一组进程，内存合并统计并受同一限制；节点上 kubepods、各 QoS 层级、每个 Pod、每个容器都是一个。记账逐级向上累计，每一级都有自己的限制。',
      },
    ],
    see: ['cssid', 'dying-memcg', 'limit-in-bytes'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst', 'Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'cssid',
    kind: 'term',
    names: ['css id', 'css_id', 'memcg id', 'cgroup id', '65535', '65536', 'css'],
    title: { en: 'css id: the number of a memory cgroup', zh: 'css id：内存 cgroup 的编号' },
    text: [
      {
        en: 'Each memory cgroup has an id of 16 bits, so there can be 65535. On 3.10 a removed cgroup gives its id back only when it is freed, from 4.7 on at removal. Without a free id mkdir fails.',
        zh: '每个内存 cgroup 有一个 16 位编号，最多 65535 个。3.10 上要等已删除的 cgroup 真正释放才归还，4.7 起删除时即归还。没有编号可用时 mkdir 失败。',
      },
    ],
    see: ['K-02', 'memcg-id-exhaustion', 'no-space-left-on-device'],
    source: ['CSS_ID_MAX, kernel/cgroup.c (3.10)', 'https://git.kernel.org/torvalds/c/73f576c04b94'],
  },
  {
    id: 'dying-memcg',
    kind: 'term',
    names: [
      'dying memcg',
      'dying memcgs',
      'zombie memcg',
      'offline memcg',
      'dying cgroup',
      'dying cgroups',
      'zombie cgroup',
      'memory cgroup leak',
      'cgroup leak',
      'cgroup 泄漏',
      'memory cgroup 泄漏',
      'memory cgroup 泄露',
      'cgroup 泄露',
      'cgroup leaking',
    ],
    title: { en: 'Dying memory cgroup', zh: 'dying memcg（已删除但未释放的内存 cgroup）' },
    text: [
      {
        en: 'A cgroup that was removed but is still pinned by what is charged to it: page cache, tmpfs pages, swap, on old kernels slab objects too. It costs percpu and slab memory that no container metric shows.',
        zh: '已经删除、但仍被记在它名下的内存钉住的 cgroup：页缓存、tmpfs 页、swap，旧内核上还有 slab 对象。它占用的 percpu 与 slab 内存，任何容器指标都看不到。',
      },
    ],
    see: ['K-08', 'K-09', 'dying-memcgs', 'num-cgroups'],
    source: ['Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'slub',
    kind: 'term',
    names: ['slub', 'slub allocator'],
    title: { en: 'SLUB, the kernel’s allocator of small objects', zh: 'SLUB：内核的小对象分配器' },
    text: [
      {
        en: 'It serves kmalloc and the caches of dentries, inodes, sockets and so on. EL7 and all current distributions use it; from 6.8 on it is the only one.',
        zh: '为 kmalloc 以及 dentry、inode、socket 等缓存分配对象。EL7 与现行发行版都用它，6.8 起只剩它。',
      },
    ],
    see: ['slab', 'slub_debug', 'slub-unable'],
    source: ['Documentation/mm/slub.rst'],
  },
  {
    id: 'slab',
    kind: 'term',
    names: ['slab', 'slab allocator', 'slab cache', 'slab 泄漏', 'slab 泄露', 'slab leak'],
    title: { en: 'Slab: memory of the kernel’s small objects', zh: 'slab：内核小对象占用的内存' },
    text: [
      {
        en: 'Slab in meminfo is SReclaimable (dentries, inodes: a cache) plus SUnreclaim. A growing SUnreclaim that no workload explains is a leak. SLAB in capitals is also the name of the allocator before SLUB, removed in 6.8.',
        zh: 'meminfo 的 Slab = SReclaimable（dentry、inode 等缓存）+ SUnreclaim。SUnreclaim 持续增长且无法由负载解释，就是泄漏。大写的 SLAB 也指 SLUB 之前的分配器，6.8 已移除。',
      },
    ],
    see: ['sunreclaim', 'slub', 'find-slab-owner', 'unreclaimable-slab-share'],
    source: ['Documentation/filesystems/proc.rst', 'Documentation/mm/slub.rst'],
  },
  {
    id: 'memory-leak-kinds',
    kind: 'term',
    names: ['leak', 'memory leak', '内存泄漏', '内存泄露', '泄漏', '泄露'],
    title: { en: 'Leak', zh: '内存泄漏（leak）' },
    text: [
      {
        en: 'Memory that is allocated and never freed: usage grows with each round of the workload and does not fall when it ends. A cache (page cache, dentries) grows too, but is reclaimed under memory pressure.',
        zh: '分配后从不释放：负载每跑一轮用量就涨一截，负载结束也不回落。缓存（页缓存、dentry）也会增长，但内存紧张时会被回收。',
      },
    ],
    see: ['kmemleak', 'find-slab-owner', 'page-cache'],
    source: ['Documentation/dev-tools/kmemleak.rst'],
  },
  {
    id: 'overrun',
    kind: 'term',
    names: ['overrun', 'overflow', 'out of bounds', '越界'],
    title: { en: 'Overrun: writing beyond an object', zh: '越界（overrun）' },
    text: [
      {
        en: 'Code writes past the end (or before the start) of what it allocated and corrupts its neighbour. SLUB finds it with red zones: “Redzone overwritten”.',
        zh: '代码写到所分配对象的末尾之后（或起始之前），破坏相邻对象。SLUB 借助 red zone 发现：“Redzone overwritten”。',
      },
    ],
    see: ['red-zone', 'slub-corruption', 'slub_debug'],
    source: ['Documentation/mm/slub.rst'],
  },
  {
    id: 'use-after-free',
    kind: 'term',
    names: ['use after free', 'use-after-free', 'uaf', '使用已经释放的内存', '释放后使用'],
    title: { en: 'Use after free', zh: '释放后使用（use after free）' },
    text: [
      {
        en: 'Code uses an object it has freed. SLUB fills freed objects with 0x6b and reports “Poison overwritten” where that changed; a pointer 6b6b6b6b6b6b6b6b in a crash means the same.',
        zh: '代码使用已释放的对象。SLUB 把释放的对象填成 0x6b；若内容被改动就报告“Poison overwritten”；崩溃信息里出现指针 6b6b6b6b6b6b6b6b 也说明如此。',
      },
    ],
    see: ['poison', '0x6b', 'slub-corruption'],
    source: ['Documentation/mm/slub.rst'],
  },
  {
    id: 'double-free',
    kind: 'term',
    names: ['double free', 'double-free', 'object already free', '重复释放', '二次释放'],
    lines: [/Object already free/i, /allocated objects but \d{1,9} are to be freed/],
    title: { en: 'Double free', zh: '重复释放（double free）' },
    text: [
      {
        en: 'Code frees an object that is free already; the second owner of it then shares it with the first. SLUB reports “Object already free”, or “Slab has 0 allocated objects but 1 are to be freed” where none of the slab was in use (seen on 6.1). The stack is the second free; “Freed in” is the first.',
        zh: '代码释放了已经空闲的对象，之后它可能同时被两处使用。SLUB 报告“Object already free”；若整个 slab 都没有对象在用，则报告“Slab has 0 allocated objects but 1 are to be freed”（见于 6.1）。调用栈是第二次释放，“Freed in”是第一次。',
      },
    ],
    see: ['use-after-free', 'slub-corruption', 'slub_debug'],
    source: ['mm/slub.c', 'measured on 6.1'],
  },
  {
    id: 'uninitialised',
    kind: 'term',
    names: [
      'use uninitialised bytes',
      'use of uninitialised bytes',
      'use-uninitialised',
      'uninitialised',
      'uninitialized',
      '使用未经初始化的数据',
      '未初始化',
    ],
    title: { en: 'Use of uninitialised bytes', zh: '使用未初始化的数据' },
    text: [
      {
        en: 'Code reads an object before writing it. With poisoning on, SLUB has filled a new object with 0x6b, as when it was freed; 0x5a is read from what is not poisoned (padding, caches with a constructor or freed by RCU), and under the old SLAB.',
        zh: '代码在写入之前就读取对象。开启 poisoning 后，SLUB 给新对象填的是 0x6b，与释放时相同；读到 0x5a 的是不做 poison 的部分（padding、带构造函数或 RCU 类型安全的缓存），以及旧的 SLAB。',
      },
    ],
    correction: {
      en: 'SLUB does not report this: nobody notices a read. The bytes are there for a human to see, “ZZZZ” or “kkkk” in data in use. Where 0x5a was copied into freed memory or a red zone, kmemscope says so.',
      zh: 'SLUB 不会报告这种错误：读取不会被发现。这些字节是给人看的，即在使用中的数据里看到“ZZZZ”或“kkkk”。若 0x5a 被复制到已释放的内存或 red zone 里，kmemscope 会指出。',
    },
    see: ['0x5a', 'poison'],
    source: ['Documentation/mm/slub.rst', 'mm/slub.c'],
  },
  {
    id: 'red-zone',
    kind: 'term',
    names: ['red zone', 'redzone', 'red zones', 'redzoning'],
    lines: [/redzone overwritten/i],
    title: { en: 'Red zone', zh: 'red zone（红区）' },
    text: [
      {
        en: 'Bytes next to each object that nobody may write: 0xcc while the object is in use, 0xbb while it is free. A change proves an overrun. Switched on with slub_debug=Z.',
        zh: '对象旁边任何人都不许写的字节：对象使用中为 0xcc，空闲时为 0xbb。被改动就说明发生了越界。用 slub_debug=Z 开启。',
      },
    ],
    correction: {
      en: 'It is not only behind the object: since 4.6 there is one before it too (EL7: present in 3.10.0-1127, absent in 514), so writes before the start are found as well.',
      zh: '不只在对象之后：4.6 起左侧也有（EL7：3.10.0-1127 有，514 没有），因此写到起始之前也能发现。',
    },
    see: ['0xbb', '0xcc', 'overrun', 'slub_debug'],
    source: ['Documentation/mm/slub.rst', 'mm/slub.c (d86bd1bece6f, 4.6)'],
  },
  {
    id: 'poison',
    kind: 'term',
    names: ['poisoning', 'poison bytes', 'slub poison'],
    lines: [/poison overwritten/i],
    title: { en: 'Poisoning', zh: 'poisoning（填充特征字节）' },
    text: [
      {
        en: 'SLUB fills memory with known bytes so that wrong use shows: a new slab with 0x5a, then each object with 0x6b and 0xa5 as its last byte, when it is freed and again when it is given out. Switched on with slub_debug=P.',
        zh: 'SLUB 用已知字节填充内存以暴露误用：新 slab 填 0x5a；每个对象在释放时、以及再次分配时都填 0x6b，最后一个字节为 0xa5。用 slub_debug=P 开启。',
      },
    ],
    correction: {
      en: 'A changed 0x6b means use after free. With 0x5a it is the other way round: found unchanged in data in use, it means that the data was never initialised.',
      zh: '0x6b 被改动说明释放后使用。0x5a 则相反：在被使用的数据里原样出现，才说明未初始化。',
    },
    see: ['0x5a', '0x6b', '0xa5', 'slub_debug'],
    source: ['Documentation/mm/slub.rst', 'include/linux/poison.h'],
  },
  {
    id: '0x5a',
    kind: 'term',
    names: ['0x5a', 'POISON_INUSE', '5a5a'],
    title: { en: '0x5a (POISON_INUSE)', zh: '0x5a（POISON_INUSE）' },
    text: [
      {
        en: 'SLUB fills a new slab with it, and it stays where nothing else is written: in padding, and in objects that are not poisoned. Seen in data in use, it means that the data was never initialised.',
        zh: 'SLUB 用它填充新建的 slab，没有写过的地方会保留它：padding，以及不做 poison 的对象。若在正被使用的数据里看到它，说明数据从未初始化。',
      },
    ],
    correction: {
      en: 'poison.h says “for use-uninitialised poisoning”, and it is often said that a new object is filled with it. That was SLAB (up to 6.7); SLUB fills a poisoned object with 0x6b when it gives it out, too (init_object(); read in 3.10 to 6.1, seen on 6.12).',
      zh: 'poison.h 里的注释是“for use-uninitialised poisoning”，常有人说新分配的对象填的是它。那是 SLAB（到 6.7 为止）的做法；SLUB 分配带 poison 的对象时填的同样是 0x6b（init_object()；读过 3.10 到 6.1，在 6.12 上见到）。',
    },
    see: ['poison', 'uninitialised', 'red-zone'],
    source: ['include/linux/poison.h', 'mm/slub.c', 'mm/slab.c'],
  },
  {
    id: '0x6b',
    kind: 'term',
    names: ['0x6b', 'POISON_FREE', '6b6b'],
    title: { en: '0x6b (POISON_FREE)', zh: '0x6b（POISON_FREE）' },
    text: [
      {
        en: 'Written into an object when it is freed. If it changed: use after free. A pointer 6b6b6b6b6b6b6b6b in a crash most often means the same. A single 6a among them is a counter that went down by one: a reference dropped after the free.',
        zh: '释放对象时填入。被改动说明释放后使用；崩溃里的指针 6b6b6b6b6b6b6b6b 多半同理。其中单独出现一个 6a 是计数器减了一：释放之后又放了一次引用。',
      },
    ],
    correction: {
      en: 'It is not proof of a free: SLUB fills an object with it when it gives it out, too, so a field that nobody has set reads 0x6b as well.',
      zh: '它不能单独证明已释放：SLUB 分配对象时也填它，所以从未赋值的字段读出来同样是 0x6b。',
    },
    see: ['poison', 'red-zone'],
    source: ['include/linux/poison.h'],
  },
  {
    id: '0xa5',
    kind: 'term',
    names: ['0xa5', 'POISON_END', 'poison_end byte'],
    title: { en: '0xa5 (POISON_END)', zh: '0xa5（POISON_END）' },
    text: [{ en: 'The last byte of a freed, poisoned object.', zh: '被释放并填充的对象的最后一个字节。' }],
    see: ['poison', 'red-zone'],
    source: ['include/linux/poison.h'],
  },
  {
    id: '0xbb',
    kind: 'term',
    names: ['0xbb', 'SLUB_RED_INACTIVE', 'slub_red_inactive byte'],
    title: { en: '0xbb (SLUB_RED_INACTIVE)', zh: '0xbb（SLUB_RED_INACTIVE）' },
    text: [{ en: 'Red zone of a free object.', zh: '空闲对象的 red zone。' }],
    see: ['poison', 'red-zone'],
    source: ['include/linux/poison.h'],
  },
  {
    id: '0xcc',
    kind: 'term',
    names: ['0xcc', 'SLUB_RED_ACTIVE', 'slub_red_active byte'],
    title: { en: '0xcc (SLUB_RED_ACTIVE)', zh: '0xcc（SLUB_RED_ACTIVE）' },
    text: [{ en: 'Red zone of an object in use.', zh: '使用中对象的 red zone。' }],
    see: ['poison', 'red-zone'],
    source: ['include/linux/poison.h'],
  },
  {
    id: 'slub_debug',
    kind: 'boot-option',
    names: [
      'slab_debug',
      'slub_debug=FZPU',
      'slub debug',
      'slub内存泄漏debug',
      'slub_debug=P',
      'slub_debug=Z',
      'slub_debug=U',
    ],
    lines: [/\bsl[ua]b_debug=/i],
    title: { en: 'slub_debug: checks of the slab allocator', zh: 'slub_debug：slab 分配器的检查' },
    text: [
      {
        en: 'Boot option: F consistency checks, Z red zones, P poisoning, U who allocated and freed, T trace; slub_debug=FZPU,kmalloc-64 for one cache. Current kernels write it slab_debug as well (seen in 6.12).',
        zh: '启动参数：F 一致性检查，Z red zone，P poisoning，U 记录分配与释放者，T 跟踪；slub_debug=FZPU,kmalloc-64 只针对一个缓存。较新的内核也写作 slab_debug（见于 6.12）。',
      },
      {
        en: 'It costs memory and CPU: use it for one cache, on a test node. It finds corruption; for a leak use U and /sys/kernel/debug/slab/CACHE/alloc_traces (5.14; before, /sys/kernel/slab/CACHE/alloc_calls).',
        zh: '会消耗内存与 CPU：只对一个缓存、在测试节点上开。它找的是内存破坏；查泄漏要用 U 再看 /sys/kernel/debug/slab/CACHE/alloc_traces（5.14 起，之前是 /sys/kernel/slab/CACHE/alloc_calls）。',
      },
    ],
    see: ['red-zone', 'poison', 'slub-debug-cache', 'find-slab-owner'],
    source: ['Documentation/mm/slub.rst'],
  },
  {
    id: 'slub-object',
    kind: 'term',
    names: ['slub object', 'slub-object.png', 'slub对象格式', 'slub 对象格式', 'object layout'],
    title: { en: 'Layout of a SLUB object under debugging', zh: 'SLUB 对象的调试布局' },
    text: [
      {
        en: 'Left red zone, object, right red zone, free pointer where it is kept outside, two records of who allocated and freed (U), of kmalloc caches the size asked for (6.1), padding. kmemscope decode draws it for each report.',
        zh: '左侧 red zone、对象、右侧 red zone、放在外部时的空闲指针、两条分配/释放记录（U）、kmalloc 缓存的申请大小（6.1）、padding。kmemscope decode 会为每份报告画出来。',
      },
    ],
    see: ['red-zone', 'poison', 'slub-corruption'],
    source: ['mm/slub.c'],
  },
  {
    id: 'kmemleak',
    kind: 'term',
    names: [
      'kmem leak detector',
      'kmemleak rbtree',
      'rbtree',
      'unreferenced object',
      'suspected memory leaks',
    ],
    lines: [/kmemleak: /i, /unreferenced object 0x/i],
    title: { en: 'kmemleak: the kernel’s leak detector', zh: 'kmemleak：内核泄漏检测器' },
    text: [
      {
        en: 'Keeps a record of each kmalloc, vmalloc, kmem_cache_alloc and percpu block and scans memory for pointers to them; a block to which it finds none is reported with the stack that allocated it.',
        zh: '记录每个 kmalloc、vmalloc、kmem_cache_alloc 与 percpu 块，并扫描内存，寻找指向它们的指针；没有指针指向的块会连同分配时的调用栈一起报告。',
      },
    ],
    correction: {
      en: 'A record that is still there is not by itself a leak: only the scan decides. And what is still reachable is never reported: objects kept in a list that only grows, dying memory cgroups and their slab caches, pages from alloc_pages. It does not find the leak of K-01.',
      zh: '记录还在并不等于泄漏，判定靠扫描。仍可到达的东西永远不会被报告：只增不减的链表里的对象、dying memcg 及其 slab 缓存、alloc_pages 分配的页。K-01 的泄漏它查不出来。',
    },
    see: ['kmemleak-file', 'kmemleak-scan', 'kmemleak-false-positives', 'config-debug-kmemleak'],
    source: ['Documentation/dev-tools/kmemleak.rst'],
  },
  {
    id: 'kmemleak-file',
    kind: 'file',
    names: ['/sys/kernel/debug/kmemleak', 'sys/kernel/debug/kmemleak'],
    title: { en: '/sys/kernel/debug/kmemleak', zh: '/sys/kernel/debug/kmemleak' },
    text: [
      {
        en: 'Read: the suspected leaks. Written: scan, clear, scan=SECONDS, scan=off, stack=off, dump=ADDRESS, off (until reboot). Needs CONFIG_DEBUG_KMEMLEAK and debugfs; most distribution kernels are built without it. Empty means little: a detector that is off reads empty, too, and refuses a scan with EPERM. kmemscope kmemleak groups what it lists and compares two copies.',
        zh: '读取：疑似泄漏列表。写入：scan、clear、scan=秒数、scan=off、stack=off、dump=地址、off（直到重启）。需要 CONFIG_DEBUG_KMEMLEAK 与 debugfs；多数发行版内核没有编入。为空说明不了什么：关闭时读出来也是空的，扫描则返回 EPERM。kmemscope kmemleak 会归类其内容，也可比较两份副本。',
      },
    ],
    see: ['kmemleak', 'kmemleak-scan', 'debugfs-mount'],
    source: ['Documentation/dev-tools/kmemleak.rst'],
  },
  {
    id: 'kmemleak-scan',
    kind: 'command',
    names: [
      'echo scan',
      'echo scan > /sys/kernel/debug/kmemleak',
      'kmemleak scan',
      'echo clear > /sys/kernel/debug/kmemleak',
    ],
    title: { en: 'echo scan > /sys/kernel/debug/kmemleak', zh: 'echo scan > /sys/kernel/debug/kmemleak' },
    text: [
      {
        en: 'Scans now. By default it scans a minute after boot and then every ten minutes. A block must be older than 5 seconds and unchanged since the previous scan, so a real leak shows at the second scan: clear, run the workload, scan twice ten seconds apart; kmemscope kmemleak --scan does the scanning and compares. On a large machine a scan takes minutes of CPU.',
        zh: '立即扫描。默认启动一分钟后首次扫描，之后每十分钟一次。块须存在 5 秒以上且自上次扫描后未变，因此真正的泄漏在第二次扫描才出现：先 clear，跑负载，隔十秒扫描两次；kmemscope kmemleak --scan 会代为扫描并比较。大机器上会占用数分钟 CPU。',
      },
    ],
    see: ['kmemleak', 'kmemleak-scan-twice'],
    source: ['Documentation/dev-tools/kmemleak.rst', 'mm/kmemleak.c'],
  },
  {
    id: 'kmemleak-false-positives',
    kind: 'term',
    names: [
      'kmemleak false positives',
      'kmemleak false positive',
      '误报',
      'kmemleak 误报',
      'false positives',
    ],
    title: { en: 'False results of kmemleak', zh: 'kmemleak 的误报与漏报' },
    text: [
      {
        en: 'False positives: the pointer is in a register, encoded, in memory that is not scanned, or the object is freed later by RCU. False negatives: a stale value looks like a pointer, or the object is still reachable. Trust only a group that grows over several scans.',
        zh: '误报：指针在寄存器里、被编码、位于不扫描的内存，或对象稍后由 RCU 释放。漏报：残留值恰好像指针，或对象仍可到达。只相信多次扫描中持续增长的一组。',
      },
    ],
    see: ['kmemleak'],
    source: ['Documentation/dev-tools/kmemleak.rst'],
  },
  {
    id: 'config-debug-kmemleak',
    kind: 'config',
    names: ['CONFIG_DEBUG_KMEMLEAK', 'CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF', 'kernel hacking'],
    title: { en: 'CONFIG_DEBUG_KMEMLEAK', zh: 'CONFIG_DEBUG_KMEMLEAK' },
    text: [
      {
        en: 'Builds kmemleak in. “is not set” on nearly all distribution kernels: a debug kernel is needed. With …_DEFAULT_OFF it also needs kmemleak=on at boot.',
        zh: '编入 kmemleak。几乎所有发行版内核都是“is not set”，需使用 debug 内核。若设了 …_DEFAULT_OFF，还须启动参数 kmemleak=on。',
      },
    ],
    see: ['kmemleak', 'kmemleak-enable'],
    source: ['lib/Kconfig.debug'],
  },
  {
    id: 'config-have-debug-kmemleak',
    kind: 'config',
    names: ['CONFIG_HAVE_DEBUG_KMEMLEAK'],
    title: { en: 'CONFIG_HAVE_DEBUG_KMEMLEAK', zh: 'CONFIG_HAVE_DEBUG_KMEMLEAK' },
    text: [
      {
        en: 'Says only that the architecture could have kmemleak, not that this kernel has it.',
        zh: '只表示该体系结构支持 kmemleak，并不表示这个内核编入了它。',
      },
    ],
    see: ['config-debug-kmemleak'],
    source: ['lib/Kconfig.debug'],
  },
  {
    id: 'config-have-arch-kmemcheck',
    kind: 'config',
    names: ['CONFIG_HAVE_ARCH_KMEMCHECK', 'kmemcheck'],
    title: { en: 'CONFIG_HAVE_ARCH_KMEMCHECK', zh: 'CONFIG_HAVE_ARCH_KMEMCHECK' },
    text: [
      {
        en: 'The architecture could have kmemcheck, a checker of uninitialised reads that was removed in 4.15 in favour of KASAN and KMSAN.',
        zh: '该体系结构支持 kmemcheck（检查读取未初始化内存），4.15 已移除，由 KASAN 与 KMSAN 取代。',
      },
    ],
    see: ['uninitialised'],
    source: ['arch/Kconfig of 3.10 and 4.15'],
  },
  {
    id: 'config-devkmem',
    kind: 'config',
    names: ['CONFIG_DEVKMEM'],
    title: { en: 'CONFIG_DEVKMEM', zh: 'CONFIG_DEVKMEM' },
    text: [
      {
        en: 'The device /dev/kmem, the kernel’s virtual memory as a file. Nothing to do with kernel memory accounting; removed in 5.13.',
        zh: '设备 /dev/kmem，以文件形式访问内核虚拟内存。与 kmem accounting 无关；5.13 移除。',
      },
    ],
    see: ['kmem'],
    source: ['drivers/char/Kconfig'],
  },
  {
    id: 'debugfs-mount',
    kind: 'command',
    names: [
      'mount -t debugfs nodev /sys/kernel/debug/',
      'mount -t debugfs',
      'debugfs',
      'mount -t debugfs nodev /sys/kernel/debug',
    ],
    title: { en: 'mount -t debugfs nodev /sys/kernel/debug', zh: 'mount -t debugfs nodev /sys/kernel/debug' },
    text: [
      {
        en: 'Mounts debugfs, where kmemleak and the slab traces are. systemd mounts it by itself. Kernel lockdown forbids it.',
        zh: '挂载 debugfs，kmemleak 与 slab 跟踪在其中。systemd 会自动挂载；内核 lockdown 模式下禁止。',
      },
    ],
    see: ['kmemleak-file', 'mount-debugfs'],
    source: ['Documentation/filesystems/debugfs.rst'],
  },
  {
    id: 'boot-config',
    kind: 'file',
    names: [
      '/boot/config',
      '/boot/config-$(uname -r)',
      '/boot/config-`uname -r`',
      'cat /boot/config-`uname -r`|grep CONFIG_MEMCG',
      'cat /boot/config-`uname -r` | grep -i kmem',
      '/proc/config.gz',
      'kernel config',
    ],
    lines: [/\/boot\/config-/i],
    title: { en: '/boot/config-$(uname -r)', zh: '/boot/config-$(uname -r)' },
    text: [
      {
        en: 'The options this kernel was built with; some kernels show the same in /proc/config.gz. Only the file of the running release counts. Built in does not mean active: CONFIG_MEMCG_KMEM=y is on every distribution kernel.',
        zh: '该内核的编译选项；有的内核也提供 /proc/config.gz。只有与运行版本一致的文件才算数。编入不等于启用：所有发行版内核都是 CONFIG_MEMCG_KMEM=y。',
      },
    ],
    see: ['config-memcg-kmem', 'config-memcg'],
    source: ['Documentation/kbuild/kconfig.rst'],
  },
  {
    id: 'config-memcg',
    kind: 'config',
    names: ['CONFIG_MEMCG'],
    title: { en: 'CONFIG_MEMCG', zh: 'CONFIG_MEMCG' },
    text: [
      {
        en: 'The memory controller, behind the memory limits of containers. Every kernel that runs Kubernetes has it. The boot option cgroup_disable=memory switches it off.',
        zh: '内存控制器，容器内存限制的基础。能运行 Kubernetes 的内核都有。启动参数 cgroup_disable=memory 可将其关闭。',
      },
    ],
    see: ['memcg'],
    source: ['init/Kconfig'],
  },
  {
    id: 'config-memcg-kmem',
    kind: 'config',
    names: ['CONFIG_MEMCG_KMEM'],
    title: { en: 'CONFIG_MEMCG_KMEM', zh: 'CONFIG_MEMCG_KMEM' },
    text: [
      {
        en: 'Kernel memory accounting is built in. On 3.10 it is active only for cgroups whose kmem.limit was written, so =y proves nothing there; since 6.11 it comes with CONFIG_MEMCG.',
        zh: '编入了内核内存记账。3.10 上只对写过 kmem.limit 的 cgroup 生效，所以 =y 说明不了问题；6.11 起并入 CONFIG_MEMCG。',
      },
    ],
    see: ['kmem-accounting'],
    source: ['init/Kconfig', 'https://git.kernel.org/torvalds/c/3a3b7fec3974'],
  },
  {
    id: 'config-memcg-swap',
    kind: 'config',
    names: ['CONFIG_MEMCG_SWAP'],
    title: { en: 'CONFIG_MEMCG_SWAP', zh: 'CONFIG_MEMCG_SWAP' },
    text: [
      {
        en: 'Counting and limiting swap per cgroup (memory.memsw.* on v1). Part of CONFIG_MEMCG since 6.1.',
        zh: '按 cgroup 统计并限制 swap（v1 的 memory.memsw.*）。6.1 起并入 CONFIG_MEMCG。',
      },
    ],
    see: ['config-memcg-swap-enabled'],
    source: ['init/Kconfig'],
  },
  {
    id: 'config-memcg-swap-enabled',
    kind: 'config',
    names: ['CONFIG_MEMCG_SWAP_ENABLED', 'swapaccount', 'swapaccount=1'],
    title: { en: 'CONFIG_MEMCG_SWAP_ENABLED', zh: 'CONFIG_MEMCG_SWAP_ENABLED' },
    text: [
      {
        en: 'Swap accounting is on without swapaccount=1 at boot. Gone since 5.8, where it is always on. It has nothing to do with kernel memory.',
        zh: '不加启动参数 swapaccount=1 也会统计 swap。5.8 起取消，一律开启。与内核内存无关。',
      },
    ],
    see: ['config-memcg-swap'],
    source: ['init/Kconfig'],
  },
  {
    id: 'config-slub',
    kind: 'config',
    names: ['CONFIG_SLUB', 'CONFIG_SLUB_DEBUG'],
    title: { en: 'CONFIG_SLUB, CONFIG_SLUB_DEBUG', zh: 'CONFIG_SLUB、CONFIG_SLUB_DEBUG' },
    text: [
      {
        en: 'SLUB is the allocator, and its debugging can be switched on at boot with slub_debug.',
        zh: '使用 SLUB 分配器，且可在启动时用 slub_debug 打开调试。',
      },
    ],
    see: ['slub', 'slub_debug'],
    source: ['mm/Kconfig.debug'],
  },
  {
    id: 'nokmem',
    kind: 'boot-option',
    names: ['cgroup.memory=nokmem', '-tags=nokmem', 'nokmem build tags'],
    lines: [/cgroup\.memory=\S*nokmem/i],
    title: { en: 'cgroup.memory=nokmem', zh: 'cgroup.memory=nokmem' },
    text: [
      {
        en: 'Kernel boot option: kernel memory is not charged to cgroups at all. Supported from 4.5 on, and on EL7 from 3.10.0-1062.4.1 on; older kernels silently ignore it. Per-pod limits no longer contain kernel memory.',
        zh: '内核启动参数：完全不把内核内存记到 cgroup。4.5 起支持，EL7 须 3.10.0-1062.4.1 起；更旧的内核会静默忽略。之后 Pod 的限制不再约束内核内存。',
      },
    ],
    correction: {
      en: 'It is no cure on the kernels where the leak is worst: 3.10.0-514 and similar kernels do not parse it. Upgrade first, then check that memory.kmem.slabinfo of a new container gives EIO.',
      zh: '在泄漏最严重的内核上它不起作用：3.10.0-514 之类根本不解析。应先升级内核，再确认新容器的 memory.kmem.slabinfo 返回 EIO。',
    },
    see: ['K-07', 'nokmem-boot-option', 'goflags-nokmem'],
    source: [
      'Documentation/admin-guide/kernel-parameters.txt',
      'https://git.kernel.org/torvalds/c/04823c833b81',
    ],
  },
  {
    id: 'goflags-nokmem',
    kind: 'command',
    names: [
      'GOFLAGS="-tags=nokmem"',
      'kubelet GOFLAGS="-tags=nokmem"',
      'GOFLAGS',
      'nokmem build tag',
      'BUILDTAGS',
      '$ kubelet GOFLAGS="-tags=nokmem"',
      'GOFLAGS=-tags=nokmem',
      'kubelet nokmem',
    ],
    lines: [/GOFLAGS=/i, /-tags=nokmem/i],
    title: {
      en: 'GOFLAGS="-tags=nokmem": building a kubelet without kmem',
      zh: 'GOFLAGS="-tags=nokmem"：编译不开启 kmem 的 kubelet',
    },
    text: [
      {
        en: 'Builds a kubelet that does not switch on kernel memory accounting: ./build/run.sh make kubelet KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS="-tags=nokmem". Works from 1.14, not needed from about 1.22. runc: make BUILDTAGS="seccomp selinux nokmem" for rc6 to rc93.',
        zh: '编译出不开启 kmem accounting 的 kubelet：./build/run.sh make kubelet KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS="-tags=nokmem"。1.14 起可用，约 1.22 起不再需要。runc（rc6 到 rc93）则为 make BUILDTAGS="seccomp selinux nokmem"。',
      },
    ],
    correction: {
      en: 'It is a make variable of the build. “kubelet GOFLAGS=…” on a command line does nothing. Both kubelet and runc must be built so: a child inherits the accounting of its parent.',
      zh: '这是编译时的 make 变量，在命令行上执行“kubelet GOFLAGS=…”没有任何作用。kubelet 与 runc 都要这样编译：子 cgroup 会继承父级的记账。',
    },
    see: ['runtime-without-kmem', 'K-05', 'K-04'],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/61937',
      'https://github.com/opencontainers/runc/issues/1725',
    ],
  },
  {
    id: '1075',
    kind: 'term',
    names: [
      '3.10.0-1075.el7',
      'kernel-3.10.0-1075.el7',
      '3.10.0-1075',
      'centos 7.8',
      'rhel 7.8',
      '3.10.0-1127.el7',
      '3.10.0-1062.4.1.el7',
      'kernel-3.10.0-1127.el7',
      'bugzilla 1507149',
      'slab leak causing a crash when using kmem control group',
    ],
    title: {
      en: '3.10.0-1075.el7: the build with the fix of the slab leak',
      zh: '3.10.0-1075.el7：修复 slab 泄漏的内部构建',
    },
    text: [
      {
        en: 'The fix of Bugzilla 1507149 went into build 1075. Kernels to install: 3.10.0-1127.el7 (7.8) or later, for 7.7 3.10.0-1062.4.1.el7.',
        zh: 'Bugzilla 1507149 的修复进入构建 1075。可安装的内核：3.10.0-1127.el7（7.8）或更高，7.7 为 3.10.0-1062.4.1.el7。',
      },
    ],
    correction: {
      en: 'No package of build 1075 was ever shipped. And the upgrade alone may not be enough: with accounting active, one report still has the leak on 3.10.0-1160.24.1, so keep kmem off as well.',
      zh: '构建 1075 从未作为软件包发布。而且只升级可能不够：有报告称记账开启时 3.10.0-1160.24.1 仍泄漏，因此还应关闭 kmem。',
    },
    see: ['K-01', 'kernel-upgrade-el7'],
    source: [
      'https://bugzilla.redhat.com/show_bug.cgi?id=1507149',
      'https://access.redhat.com/errata/RHSA-2019:3055',
    ],
  },
  {
    id: 'linux-3.10',
    kind: 'term',
    names: ['linux 3.10', 'kernel 3.10', '3.10 内核', 'linux 3.10.x', '3.10', '3.10.0'],
    title: { en: 'Linux 3.10 (RHEL and CentOS 7)', zh: 'Linux 3.10（RHEL 与 CentOS 7）' },
    text: [
      {
        en: 'EL7 kernels are 3.10 with years of backports, so the build number decides, not “3.10”. Kernel memory accounting there is opt-in, cannot reclaim, and leaks.',
        zh: 'EL7 内核是 3.10 加上多年的 backport 补丁，因此要看构建号，而不是“3.10”。其 kmem accounting 默认关闭、不能回收，且会泄漏。',
      },
    ],
    see: ['K-01', 'K-02', 'K-03', 'K-07'],
    source: ['https://github.com/kubernetes/kubernetes/issues/61937'],
  },
  {
    id: 'runc',
    kind: 'term',
    names: ['opencontainers/runc', 'libcontainer'],
    title: { en: 'runc', zh: 'runc' },
    text: [
      {
        en: 'The program that creates containers and their cgroups. From 1.0.0-rc3 to rc93 it writes memory.kmem.limit_in_bytes (1, then -1) of each, which switches accounting on where that is opt-in.',
        zh: '创建容器及其 cgroup 的程序。1.0.0-rc3 到 rc93 会对每个 cgroup 写 memory.kmem.limit_in_bytes（先 1 后 -1），在默认不记账的内核上由此开启记账。',
      },
    ],
    see: ['K-04', 'runtime-without-kmem'],
    source: ['https://github.com/opencontainers/runc/pull/1350'],
  },
  {
    id: 'kubelet',
    kind: 'term',
    names: ['kubelet 1.14', 'kubernetes'],
    title: { en: 'kubelet', zh: 'kubelet' },
    text: [
      {
        en: 'It creates the cgroups of pods and QoS classes with runc’s libcontainer, and so switches on accounting above the containers on opt-in kernels. It evicts by working_set; OOM kills come from the kernel, not from kubelet.',
        zh: '用 runc 的 libcontainer 创建 Pod 与 QoS 层级的 cgroup，因此在默认不记账的内核上，在容器的上级就会开启记账。它按 working_set 驱逐 Pod；OOM kill 由内核执行，不是 kubelet。',
      },
    ],
    see: ['K-05', 'eviction', 'runtime-without-kmem'],
    source: ['https://github.com/kubernetes/kubernetes/issues/61937'],
  },
  {
    id: 'slub-unable',
    kind: 'log-line',
    names: [
      'SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)',
      'SLUB: Unable to allocate',
      'SLUB: Unable to allocate memory on node',
      'unable to allocate memory on node',
      'dmesg -T | grep SLUB',
    ],
    lines: [/sl[ua]b: unable to allocate memory/i],
    title: {
      en: 'SLUB: Unable to allocate memory on node -1',
      zh: 'SLUB: Unable to allocate memory on node -1',
    },
    text: [
      {
        en: 'A slab cache could not get a page. It is no OOM kill: the caller gets ENOMEM. node -1 means any NUMA node.',
        zh: '某个 slab 缓存没能申请到页。这不是 OOM kill：调用方得到 ENOMEM。node -1 表示任意 NUMA 节点。',
      },
      {
        en: 'Read the next line: a cache named cache(id:cgroup) says that the limit of that cgroup was hit, while the node may have plenty of memory. A plain name means that the node itself was short of pages. From 5.9 on there are no such suffixes, and a cgroup’s limit fails the allocation without this line.',
        zh: '看下一行：若缓存名为 cache(id:cgroup)，是达到了该 cgroup 的限制，节点内存可能很充足；若没有后缀，则是节点本身没有可用的页。5.9 起缓存名不再带后缀，cgroup 达到限制时分配失败但不打印这一行。',
      },
    ],
    see: ['slub-allocation-failure', 'K-03', 'K-01'],
    source: ['mm/slub.c, slab_out_of_memory'],
  },
  {
    id: 'kmem-line',
    kind: 'log-line',
    names: [
      'kmem: usage 3868836kB, limit 9007199254740988kB, failcnt 0',
      'kmem: usage',
      'dmesg -T | grep kmem',
    ],
    lines: [/\bkmem: usage \d/i],
    title: { en: 'kmem: usage N kB, limit N kB, failcnt N', zh: 'kmem: usage N kB, limit N kB, failcnt N' },
    text: [
      {
        en: 'In an OOM report of cgroup v1: how much of the cgroup’s usage is kernel memory. If it is close to the usage in the line “memory:” and there is next to no rss below, kernel memory fills the limit, and a larger heap or limit is no cure. On 3.10 any value above 0 proves that accounting was activated.',
        zh: 'cgroup v1 的 OOM 报告中的一行：该 cgroup 用量里有多少是内核内存。若接近“memory:”行的用量，而下面的 rss 几乎为 0，说明限制是被内核内存占满的，调大堆或限制都不治本。在 3.10 上只要大于 0 就证明记账已被开启。',
      },
    ],
    see: ['kmem-fills-memcg', 'unlimited', 'failcnt', 'K-01'],
    source: ['mm/memcontrol.c, mem_cgroup_print_oom_info'],
  },
  {
    id: 'unlimited',
    kind: 'term',
    names: [
      '9007199254740988kB',
      '9007199254740988',
      '9223372036854771712',
      '9223372036854775807',
      '9007199254740991kB',
      'PAGE_COUNTER_MAX',
      '18014398509481983kB',
    ],
    title: { en: '9007199254740988kB: no limit', zh: '9007199254740988kB：无限制' },
    text: [
      {
        en: 'The largest value of the counter, the kernel’s way of saying “no limit”. With so large a limit failcnt 0 is no surprise.',
        zh: '计数器的最大值，即内核表示“无限制”的方式。限制如此之大，failcnt 为 0 不足为奇。',
      },
    ],
    see: ['kmem-line'],
    source: ['include/linux/page_counter.h'],
  },
  {
    id: 'failcnt',
    kind: 'term',
    names: ['failcnt 0', 'memory.failcnt', 'container_memory_failcnt'],
    title: { en: 'failcnt', zh: 'failcnt' },
    text: [
      {
        en: 'How often a charge hit the limit. Reclaim may have resolved each of them, so it is not a count of OOM kills; that is oom_kill of memory.oom_control (4.13) or memory.events.',
        zh: '记账达到限制的次数。每次都可能靠回收解决，因此不是 OOM kill 次数；后者见 memory.oom_control 的 oom_kill（4.13 起）或 memory.events。',
      },
    ],
    see: ['memory.oom_control'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'memcg-stats',
    kind: 'log-line',
    names: [
      'Memory cgroup stats',
      'Memory cgroup stats for',
      'Memory cgroup stats for /kubepods/burstable',
      "dmesg -T | grep 'Memory cgroup'",
    ],
    lines: [/memory cgroup stats for /i],
    title: { en: 'Memory cgroup stats for PATH', zh: 'Memory cgroup stats for PATH' },
    text: [
      {
        en: 'What the cgroup at its limit holds. On 3.10 there is one line for each cgroup of the subtree, in KB, with the values of that cgroup alone; kernel memory is not in it. If the sum of rss and cache is far below “memory: usage”, the rest is kernel memory.',
        zh: '达到限制的 cgroup 里有什么。3.10 上子树里每个 cgroup 一行，单位 KB，只含该 cgroup 自身的值，不含内核内存。若 rss 与 cache 之和远小于“memory: usage”，其余就是内核内存。',
      },
    ],
    see: ['kmem-line', 'rss', 'cache'],
    source: ['mm/memcontrol.c'],
  },
  {
    id: 'memcg-oom-line',
    kind: 'log-line',
    names: [
      'Memory cgroup out of memory',
      'Memory cgroup out of memory: Kill process 789343 (java) score 1074 or sacrifice child',
      'Kill process',
      'sacrifice child',
      'Memory cgroup out of memory: Killed process',
      'score 1074',
    ],
    lines: [/memory cgroup out of memory/i, /\bkill process \d+ .{0,40}score \d+/i, /\bkilled process \d+/i],
    title: {
      en: 'Memory cgroup out of memory: Kill process N (comm) score N or sacrifice child',
      zh: 'Memory cgroup out of memory: Kill process N (comm) score N or sacrifice child',
    },
    text: [
      {
        en: 'A limit was hit and reclaim failed, so the kernel killed a process of that cgroup; the node may have free memory. The score is the share of the limit in permille plus oom_score_adj: 1074 = 78‰ + 996. A low share means that the victim holds little of the memory. The line “Killed process” names the process really killed.',
        zh: '达到限制且回收失败，内核杀掉了该 cgroup 里的一个进程；节点可能还有空闲内存。score = 占限制的千分比 + oom_score_adj：1074 = 78‰ + 996。占比很低说明受害者并不是占内存的大头。实际被杀的进程见“Killed process”行。',
      },
    ],
    see: ['memcg-oom-kill', 'oom_score_adj', 'oom-killer'],
    source: ['mm/oom_kill.c'],
  },
  {
    id: 'oom-killer-line',
    kind: 'log-line',
    names: [
      'invoked oom-killer',
      'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=996',
      "dmesg -T | grep 'oom-killer'",
      'dmesg | grep oom-killer',
    ],
    lines: [/invoked oom-killer/i],
    title: { en: 'COMM invoked oom-killer', zh: 'COMM invoked oom-killer' },
    text: [
      {
        en: 'The first line of an OOM report: the process whose allocation failed, which is not necessarily the one to blame or the one killed. gfp_mask=0xd0 is GFP_KERNEL on 3.10, printed for user pages charged to a cgroup as well; order=0 is a single page.',
        zh: 'OOM 报告的第一行：哪个进程的分配没能满足；它不一定是元凶，也不一定被杀。3.10 上 gfp_mask=0xd0 即 GFP_KERNEL，向 cgroup 记账的用户页也打印它；order=0 表示单页。',
      },
    ],
    see: ['oom-killer', 'oom_score_adj', 'memcg-oom-kill', 'node-oom-kill'],
    source: ['mm/oom_kill.c'],
  },
  {
    id: 'oom-killer',
    kind: 'term',
    names: [
      'oom killer',
      'oom',
      'oom kill',
      'oom-kill',
      'out of memory',
      'oomkilled',
      '137',
      'exit code 137',
    ],
    title: { en: 'The OOM killer', zh: 'OOM killer' },
    text: [
      {
        en: 'Kills a process when memory runs out: in a cgroup, when a charge would exceed the limit of that cgroup or of any above it (pod, QoS class, kubepods) and reclaim could not free enough; on the whole node, when its zones run out.',
        zh: '内存耗尽时杀进程。cgroup 级别：记账会超出该 cgroup 或其任一上级（Pod、QoS、kubepods）的限制，而回收不出足够的页；节点级别：内存 zone 耗尽。',
      },
      {
        en: 'The victim is the process with the highest sum of rss, swap and page tables plus oom_score_adj.',
        zh: '被杀的是 rss、swap、页表之和再加上 oom_score_adj 后得分最高的进程。',
      },
    ],
    correction: {
      en: 'It does not look at working_set. It acts on the page counter: everything charged, page cache and kernel memory included. A container can be killed with working_set below its limit.',
      zh: '它不看 working_set，而看页计数器：所有记账，包括页缓存与内核内存。working_set 低于限制时容器也可能被杀。',
    },
    see: ['working_set', 'memcg-oom-kill', 'node-oom-kill', 'oom_score_adj'],
    source: ['mm/oom_kill.c', 'mm/memcontrol.c, try_charge'],
  },
  {
    id: 'oom_score_adj',
    kind: 'term',
    names: ['oom_score_adj=996', 'oom score adj', '/proc/PID/oom_score_adj', 'oom_score'],
    lines: [/^oom_score_adj=-?\d+$/i],
    title: { en: 'oom_score_adj', zh: 'oom_score_adj' },
    text: [
      {
        en: 'Added to a process’s score, in permille; with -1000 it is never killed. kubelet sets -997 for Guaranteed (-998 on old versions), 1000 for BestEffort, and for Burstable 1000 minus the permille of the node’s memory that is requested: 996 is a request of about 0.4% of the node.',
        zh: '以千分比加到进程得分上；-1000 表示绝不杀。kubelet 对 Guaranteed 设 -997（旧版 -998），BestEffort 设 1000，Burstable 设 1000 减去请求占节点内存的千分比：996 即请求约为节点的 0.4%。',
      },
    ],
    see: ['memcg-oom-line', 'oom-killer'],
    source: [
      'mm/oom_kill.c',
      'https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/',
    ],
  },
  {
    id: 'no-space-left-on-device',
    kind: 'log-line',
    names: [
      'no space left on device',
      'ENOSPC',
      'device or resource busy',
      'EBUSY',
      'oci runtime error',
      'mkdir /sys/fs/cgroup/memory',
      'applying cgroup configuration for process caused',
      'Error response from daemon: oci runtime error',
      'container_linux.go:247',
      'process_linux.go:258',
    ],
    lines: [/no space left on device/i, /mkdir \S*cgroup\S*: device or resource busy/i],
    title: {
      en: 'mkdir /sys/fs/cgroup/memory/…: no space left on device',
      zh: 'mkdir /sys/fs/cgroup/memory/…：no space left on device',
    },
    text: [
      {
        en: 'Under /sys/fs/cgroup/memory this is not about the disk: no memory cgroup id is left. Compare num_cgroups of /proc/cgroups with 65535, and count the directories.',
        zh: '出现在 /sys/fs/cgroup/memory 下时与磁盘无关：内存 cgroup ID 用完了。把 /proc/cgroups 的 num_cgroups 与 65535 比较，再数目录。',
      },
      {
        en: 'From 6.12 on the kernel answers “device or resource busy” (EBUSY) there instead, to mkdir; to rmdir the same words mean that processes or child cgroups are still in the directory.',
        zh: '6.12 起，内核在同样情况下对 mkdir 返回“device or resource busy”（EBUSY）；若是 rmdir 报这个错误，则说明目录里还有进程或子 cgroup。',
      },
      {
        en: 'With inotify_add_watch in the message it is about fs.inotify.max_user_watches. Kernels from 4.7 until 5.8, and EL7 with private ids, may say “cannot allocate memory” instead.',
        zh: '若报错里有 inotify_add_watch，则是 fs.inotify.max_user_watches。4.7 起、5.8 之前的内核以及带私有 ID 的 EL7，报的可能是“cannot allocate memory”。',
      },
    ],
    see: ['memcg-id-exhaustion', 'K-02', 'cssid', 'K-51'],
    source: ['https://github.com/moby/moby/issues/29638', 'https://git.kernel.org/torvalds/c/11d6761218d1'],
  },
  {
    id: 'cannot-allocate-memory',
    kind: 'log-line',
    names: ['cannot allocate memory', 'ENOMEM'],
    lines: [/cannot allocate memory/i],
    title: { en: 'cannot allocate memory (ENOMEM)', zh: 'cannot allocate memory（ENOMEM）' },
    text: [
      {
        en: 'From mkdir under the memory hierarchy: memory cgroup ids or, on EL7, places for kernel memory accounting have run out. From fork or socket: a limit of the cgroup or of pids. From malloc: the node or an address space limit.',
        zh: 'mkdir 内存层级时：内存 cgroup ID 用尽，EL7 上也可能是 kmem 记账的位置用尽。fork 或 socket 时：cgroup 限制或 pids 限制。malloc 时：节点内存或地址空间限制。',
      },
    ],
    see: ['K-02', 'K-03', 'memcg-id-exhaustion'],
    source: [
      'https://github.com/docker/for-linux/issues/841',
      'https://git.kernel.org/torvalds/c/11d6761218d1',
    ],
  },
  {
    id: 'dmesg-T',
    kind: 'command',
    names: ['dmesg -T', 'dmesg', 'dmesg -T | grep'],
    title: { en: 'dmesg -T', zh: 'dmesg -T' },
    text: [
      {
        en: 'The kernel’s ring buffer with wall clock time, in the language of the locale: 五 7月 3 is Friday 3 July. The time is computed from the uptime and is wrong after a suspend. grep loses lines that belong to the same report: keep the whole report.',
        zh: '内核环形缓冲区的日志，带日期时间，语言随 locale 变化：“五 7月 3”即 7 月 3 日星期五。时间由开机时长推算，休眠后会有偏差。grep 会丢掉同一报告的其他行：请保留完整报告。',
      },
    ],
    see: ['save-evidence'],
    source: ['dmesg(1)'],
  },
  {
    id: 'uname',
    kind: 'command',
    names: ['uname -r'],
    title: { en: 'uname -r', zh: 'uname -r' },
    text: [
      {
        en: 'The release of the running kernel. The package installed last may not be the one running: a fix takes effect only after the reboot.',
        zh: '正在运行的内核版本。最后安装的软件包未必在运行：重启之后修复才生效。',
      },
    ],
    see: ['1075'],
    source: ['uname(1)'],
  },
  {
    id: 'max-usage',
    kind: 'metric',
    names: [
      'container_memory_max_usage_bytes',
      'max_usage',
      'memory.max_usage_in_bytes',
      'memory.peak',
      'max usage',
    ],
    title: { en: 'container_memory_max_usage_bytes: the peak', zh: 'container_memory_max_usage_bytes：峰值' },
    text: [
      {
        en: 'The highest usage since the cgroup was created or the value was reset: memory.max_usage_in_bytes on v1, memory.peak on v2 (kernel 5.19, cAdvisor v0.49), else 0: below usage, though it is called the peak.',
        zh: '自 cgroup 创建或清零以来的最高用量：v1 为 memory.max_usage_in_bytes，v2 为 memory.peak（内核 5.19、cAdvisor v0.49 起），否则为 0：名为峰值，却小于 usage。',
      },
    ],
    correction: {
      en: 'It is not the maximum that may be used: that is the limit, container_spec_memory_limit_bytes.',
      zh: '它不是“最大可用内存”：那是限制，即 container_spec_memory_limit_bytes。',
    },
    see: ['usage', 'working_set', 'metrics-order'],
    source: [
      'cAdvisor container/libcontainer/handler.go, setMemoryStats',
      'Documentation/admin-guide/cgroup-v1/memory.rst',
    ],
  },
  {
    id: 'usage',
    kind: 'metric',
    names: [
      'container_memory_usage_bytes',
      'memory.usage_in_bytes',
      'memory.current',
      'usage_in_bytes',
      'usage_bytes',
    ],
    title: {
      en: 'container_memory_usage_bytes: all that is charged',
      zh: 'container_memory_usage_bytes：全部记账',
    },
    text: [
      {
        en: 'memory.usage_in_bytes or memory.current: anonymous memory, page cache, tmpfs and charged kernel memory. This is what the kernel compares with the limit. On the root of v1 it leaves out kernel memory.',
        zh: '即 memory.usage_in_bytes 或 memory.current：匿名内存、页缓存、tmpfs 与记账的内核内存。限制比对的就是它。v1 的根 cgroup 不含内核内存。',
      },
    ],
    correction: {
      en: 'It is not “requested memory plus working set”: memory is charged when it is touched, and the working set is a part of usage, not added to it.',
      zh: '它不是“已申请的内存 + 工作集”：内存在真正触碰时才记账，而工作集是用量的一部分，并非另外相加。',
    },
    see: ['working_set', 'cache', 'rss', 'charge-stock', 'metrics-order'],
    source: [
      'cAdvisor container/libcontainer/handler.go, setMemoryStats',
      'Documentation/admin-guide/cgroup-v1/memory.rst',
    ],
  },
  {
    id: 'working_set',
    kind: 'metric',
    names: ['container_memory_working_set_bytes', 'working set', 'working_set_bytes', '工作集', '工作集内存'],
    title: { en: 'working_set: usage without inactive page cache', zh: 'working_set：用量减去不活跃页缓存' },
    text: [
      {
        en: 'usage - inactive_file, never below 0. kubelet evicts by it, kubectl top and the autoscalers show it. It still holds active page cache, reclaimable slab and tmpfs, so it can be high without danger (K-23, K-24).',
        zh: '= usage - inactive_file，最低为 0。kubelet 按它驱逐，kubectl top 与自动伸缩也显示它。它仍包含活跃页缓存、可回收 slab 与 tmpfs，所以偏高不一定危险（K-23、K-24）。',
      },
      {
        en: 'On v2 cAdvisor before v0.37 subtracted nothing; up to v0.23.6 inactive_anon was subtracted, too. Dashboards of different ages need not agree.',
        zh: '在 v2 上，cAdvisor v0.37 之前什么也不减；v0.23.6 及以前还会减去 inactive_anon。版本不同的监控，结果未必一致。',
      },
    ],
    correction: {
      en: 'The OOM killer does not use it. The kernel compares the page counter (usage) with the limit of the cgroup and of every cgroup above it, and kills if reclaim frees too little.',
      zh: 'OOM killer 不使用它。内核拿页计数器（usage）与该 cgroup 及其每一级上级的限制比较，回收不足时才杀进程。',
    },
    see: ['oom-killer', 'usage', 'inactive_file', 'metrics-order', 'K-23'],
    source: [
      'cAdvisor container/libcontainer/handler.go, setMemoryStats',
      'https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/',
    ],
  },
  {
    id: 'rss',
    kind: 'metric',
    names: ['container_memory_rss', 'total_rss', 'anon', 'rss:0KB', '常驻内存集', 'resident set size'],
    title: { en: 'rss: anonymous memory of the cgroup', zh: 'rss：cgroup 的匿名内存' },
    text: [
      {
        en: 'total_rss on v1, anon on v2: heap, stacks, private mappings, with transparent huge pages and memory freed lazily. File pages and tmpfs are not in it, so it differs from the RSS of ps.',
        zh: 'v1 为 total_rss，v2 为 anon：堆、栈、私有映射，含透明大页与延迟释放的内存。不含文件页与 tmpfs，因此与 ps 的 RSS 不同。',
      },
    ],
    correction: {
      en: 'It is not what is surely in use: memory given back with MADV_FREE is in it until the kernel takes it. And it says nothing of kernel memory, of which a cgroup can be full with rss near 0.',
      zh: '它并不等于确实在用的内存：用 MADV_FREE 归还的内存，在内核取走之前仍计入。它也不反映内核内存：rss 接近 0 时，cgroup 仍可能被内核内存占满。',
    },
    see: ['working_set', 'rss_huge', 'cache', 'metrics-order'],
    source: [
      'cAdvisor container/libcontainer/handler.go, setMemoryStats',
      'Documentation/admin-guide/cgroup-v1/memory.rst',
    ],
  },
  {
    id: 'metrics-order',
    kind: 'metric',
    names: [
      'max_usage > usage > working_set > rss',
      'max_usage_bytes > usage_bytes >= working_set_bytes > rss',
      'order of memory metrics',
      '内存指标大小关系',
    ],
    title: {
      en: 'max_usage ≥ usage ≥ working_set ≥ rss: does it hold?',
      zh: 'max_usage ≥ usage ≥ working_set ≥ rss 是否成立？',
    },
    text: [
      {
        en: 'usage ≥ working_set always holds, and both are equal where no page cache is inactive. max_usage ≥ usage holds where there is a peak; on v2 without memory.peak max_usage is 0.',
        zh: 'usage ≥ working_set 总是成立；没有不活跃页缓存时两者相等。有峰值时 max_usage ≥ usage 成立；v2 上没有 memory.peak 时 max_usage 为 0。',
      },
      {
        en: 'What lies between working_set and rss is page cache that is not inactive, tmpfs, kernel memory and socket buffers: kmemscope memory POD shows how much of each. Growing, without a growing cache, it is a sign of a kernel memory leak.',
        zh: 'working_set 与 rss 之间是非“不活跃”的页缓存、tmpfs、内核内存与 socket 缓冲：kmemscope memory POD 会逐项给出。若这一差额增长而缓存没有增长，就是内核内存泄漏的迹象。',
      },
    ],
    correction: {
      en: 'working_set ≥ rss is not guaranteed. Memory given back with MADV_FREE counts as rss, but lies on the list of inactive file pages (4.12), which working_set leaves out: with 24 MiB so given back working_set is 24 MiB lower, and rss is not.',
      zh: 'working_set ≥ rss 并无保证。用 MADV_FREE 归还的内存仍计入 rss，却位于不活跃文件页链表（4.12 起），而 working_set 会扣除该链表：这样归还 24 MiB，working_set 就减少 24 MiB，rss 不变。',
    },
    see: ['max-usage', 'usage', 'working_set', 'rss'],
    source: [
      'cAdvisor container/libcontainer/handler.go, setMemoryStats',
      'https://git.kernel.org/torvalds/c/f7ad2a6cb9f7',
    ],
  },
  {
    id: 'charge-stock',
    kind: 'term',
    names: ['charge stock', 'per-cpu charge cache', 'memcg_stock', 'MEMCG_CHARGE_BATCH', '预先记账'],
    title: { en: 'Charge stock: memory charged in advance', zh: '预先记账（charge stock）' },
    text: [
      {
        en: 'Each CPU charges up to 64 pages (32 before 6.1) of a cgroup in advance, so that not every allocation has to touch the shared counter. They are in usage and in no line of memory.stat: 256 KiB a CPU with pages of 4 KiB, 16 MiB on 64 CPUs.',
        zh: '每个 CPU 会为某个 cgroup 预先记账最多 64 页（6.1 之前为 32 页），免得每次分配都去碰共享计数器。它们计入用量，却不在 memory.stat 的任何一行：页为 4 KiB 时每个 CPU 256 KiB，64 个 CPU 共 16 MiB。',
      },
      {
        en: 'From 6.16 on a CPU does so for up to seven cgroups at once; a cgroup with children counts those of all below it. When a limit is hit the kernel takes them back before it kills.',
        zh: '6.16 起，一个 CPU 可同时为最多七个 cgroup 这样做；上级 cgroup 会计入其下所有的。达到限制时，内核会先收回它们再杀进程。',
      },
    ],
    see: ['usage', 'kmem'],
    source: ['mm/memcontrol.c, try_charge_memcg', 'tools/testing/selftests/cgroup/test_kmem.c'],
  },
  {
    id: 'cache',
    kind: 'metric',
    names: [
      'container_memory_cache',
      'total_cache',
      'page cache',
      'page-cache',
      'filesystem cache',
      '页缓存',
      'cache:0KB',
      'file',
    ],
    title: { en: 'cache: page cache of the cgroup', zh: 'cache：cgroup 的页缓存' },
    text: [
      {
        en: 'Pages of files, tmpfs and shared memory included. Clean file pages are reclaimed before anybody is killed; tmpfs without swap, dirty and locked pages are not.',
        zh: '文件页，包括 tmpfs 与共享内存。干净的文件页会在杀进程之前被回收；没有 swap 时的 tmpfs、脏页、锁定页则不能。',
      },
    ],
    see: ['working_set', 'shmem', 'inactive_file'],
    source: [
      'cAdvisor container/libcontainer/handler.go, setMemoryStats',
      'Documentation/admin-guide/cgroup-v1/memory.rst',
    ],
  },
  {
    id: 'inactive_file',
    kind: 'metric',
    names: ['total_inactive_file', 'active_file', 'inactive_anon', 'active_anon', 'total_active_file'],
    title: {
      en: 'inactive_file, active_file, inactive_anon, active_anon',
      zh: 'inactive_file、active_file、inactive_anon、active_anon',
    },
    text: [
      {
        en: 'The LRU lists of memory.stat. inactive_file is reclaimed first and is what working_set leaves out; active_file was used more than once but can be reclaimed too. tmpfs is on the anon lists.',
        zh: 'memory.stat 中的 LRU 链表。inactive_file 最先被回收，也是 working_set 扣掉的部分；active_file 被多次访问，但同样可回收。tmpfs 在 anon 链表上。',
      },
    ],
    see: ['working_set', 'K-23'],
    source: ['Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'rss_huge',
    kind: 'metric',
    names: ['rss_huge', 'anon_thp', 'rss_huge:202752KB', 'container_memory_rss_huge'],
    title: { en: 'rss_huge: transparent huge pages', zh: 'rss_huge：透明大页' },
    text: [
      {
        en: 'The part of rss in huge pages. If it is close to rss, the allocator may count far less than the kernel (K-37).',
        zh: 'rss 中以大页存在的部分。接近 rss 时，分配器自己的统计可能远小于内核的（K-37）。',
      },
    ],
    see: ['rss', 'K-37'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'shmem',
    kind: 'metric',
    names: ['shmem', 'tmpfs', 'emptydir', '/dev/shm', 'mapped_file', 'unevictable'],
    title: { en: 'shmem: tmpfs and shared memory', zh: 'shmem：tmpfs 与共享内存' },
    text: [
      {
        en: 'Charged to the cgroup that wrote it first, part of cache. Restarting the container does not free files on a memory-backed emptyDir or /dev/shm; deleting them does.',
        zh: '记在首次写入者的 cgroup 名下，属于 cache。重启容器不会释放内存型 emptyDir 或 /dev/shm 上的文件，删除文件才会。',
      },
    ],
    see: ['K-27', 'remove-tmpfs-files'],
    source: ['Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'mem-pressure',
    kind: 'term',
    names: [
      'mem pressure',
      'memory pressure',
      'memorypressure',
      'eviction',
      '驱逐',
      'memory.available',
      '内存压力',
    ],
    title: { en: 'Memory pressure and eviction', zh: '内存压力与驱逐' },
    text: [
      {
        en: 'kubelet evicts pods when memory.available, capacity minus working_set of the node, falls below its threshold (100Mi). That is not an OOM kill, and it is blind to kernel memory outside the containers.',
        zh: '当 memory.available（容量减去节点 working_set）低于阈值（100Mi）时，kubelet 驱逐 Pod。这与 OOM kill 是两回事，而且看不到容器之外的内核内存。',
      },
    ],
    see: ['working_set', 'K-23', 'reserve-node-memory'],
    source: ['https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/'],
  },
  {
    id: 'cgroup-memory',
    kind: 'file',
    names: [
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup',
      'sys/fs/cgroup/memory',
      '/sys/fs/cgroup/memory/kubepods',
      'kubepods',
      '/kubepods/burstable',
      'burstable',
      'besteffort',
      'guaranteed',
    ],
    title: {
      en: '/sys/fs/cgroup/memory: the memory hierarchy of cgroup v1',
      zh: '/sys/fs/cgroup/memory：cgroup v1 的内存层级',
    },
    text: [
      {
        en: 'One directory for each live memory cgroup: kubepods, QoS class (burstable, besteffort), pod, container. Only live ones have a directory: removed ones that are not freed are not here. On v2 it is /sys/fs/cgroup itself.',
        zh: '每个存活的内存 cgroup 一个目录：kubepods、QoS 层级（burstable、besteffort）、Pod、容器。目录里只有活的，已删除但未释放的不在其中。v2 则是 /sys/fs/cgroup 本身。',
      },
    ],
    see: ['memcg', 'dying-memcg', 'num-cgroups'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'memory.kmem.limit_in_bytes',
    kind: 'file',
    names: [
      'memory.kmem.limit_in_bytes',
      'kmem.limit_in_bytes',
      'kmem.limit',
      'memory.kmem.max_usage_in_bytes',
      'memory.kmem.failcnt',
    ],
    title: { en: 'memory.kmem.limit_in_bytes', zh: 'memory.kmem.limit_in_bytes' },
    text: [
      {
        en: 'On 3.10 to 4.4 the first write to it, even of -1 after 1, switches kernel memory accounting on for this cgroup for good; possible only while it has no tasks and children. From 5.16 writing has no effect or fails.',
        zh: '3.10 到 4.4 上，第一次写入（哪怕先写 1 再写 -1）就永久开启该 cgroup 的 kmem accounting，且只能在没有任务与子 cgroup 时写。5.16 起写入无效或报错。',
      },
    ],
    see: ['kmem-accounting', 'K-04', 'K-12', 'K-13'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'memory.kmem.usage_in_bytes',
    kind: 'file',
    names: [
      'memory.kmem.usage_in_bytes',
      'kmem.usage_in_bytes',
      'container_memory_kernel_usage',
      'kernel_usage',
    ],
    title: { en: 'memory.kmem.usage_in_bytes', zh: 'memory.kmem.usage_in_bytes' },
    text: [
      {
        en: 'Kernel memory charged to the cgroup and those below, a part of memory.usage_in_bytes. On 3.10 it is 0 unless accounting was activated. v2: kernel of memory.stat (5.18).',
        zh: '记在该 cgroup 及其下级的内核内存，是 memory.usage_in_bytes 的一部分。3.10 上未开启记账时为 0。v2 见 memory.stat 的 kernel（5.18 起）。',
      },
    ],
    see: ['kmem-fills-memcg', 'kmem'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'memory.kmem.slabinfo',
    kind: 'file',
    names: ['memory.kmem.slabinfo', 'kmem.slabinfo'],
    title: { en: 'memory.kmem.slabinfo', zh: 'memory.kmem.slabinfo' },
    text: [
      {
        en: 'The slab caches of one cgroup. On EL7 an input/output error says that accounting is not active there; a table that it is. Empty on 5.9 and EL8.5 and later. Read one or two, never all: each read holds the slab mutex (K-39).',
        zh: '一个 cgroup 的 slab 缓存。EL7 上返回 Input/output error 说明未开启记账，能读到表格则说明已开启。5.9 与 EL8.5 起恒为空。读一两个即可，绝不要全读：每次读取都持有 slab mutex（K-39）。',
      },
    ],
    see: ['kmem-accounting', 'K-39'],
    source: ['mm/memcontrol.c'],
  },
  {
    id: 'limit-in-bytes',
    kind: 'file',
    names: [
      'memory.limit_in_bytes',
      'memory.max',
      'hierarchical_memory_limit',
      'memory.memsw.limit_in_bytes',
    ],
    title: { en: 'memory.limit_in_bytes, memory.max', zh: 'memory.limit_in_bytes、memory.max' },
    text: [
      {
        en: 'What usage of this cgroup may not exceed. Every cgroup above has its own limit; the first one that is hit decides.',
        zh: '该 cgroup 用量不得超过的值。每一级上级都有自己的限制，先达到的那个起作用。',
      },
    ],
    see: ['oom-killer', 'unlimited'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst', 'Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'memory.stat',
    kind: 'file',
    names: ['memory.stat', 'memory.stat kernel', 'slab_reclaimable', 'slab_unreclaimable'],
    title: { en: 'memory.stat', zh: 'memory.stat' },
    text: [
      {
        en: 'What the usage of a cgroup is made of. v1 has no kernel memory in it (total_* is the subtree); v2 has kernel, slab_reclaimable, slab_unreclaimable, sock, percpu.',
        zh: 'cgroup 用量的构成。v1 不含内核内存（total_* 为整个子树）；v2 有 kernel、slab_reclaimable、slab_unreclaimable、sock、percpu。',
      },
    ],
    see: ['kmem', 'rss', 'cache'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst', 'Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'memory.oom_control',
    kind: 'file',
    names: ['memory.oom_control', 'memory.events', 'oom_kill', 'memory.oom.group'],
    title: { en: 'memory.oom_control, memory.events', zh: 'memory.oom_control、memory.events' },
    text: [
      {
        en: 'oom_kill counts the processes killed (4.13): on v1 in the cgroup of the victim, on v2 upwards as well. oom and max count limits hit.',
        zh: 'oom_kill 为被杀进程数（4.13 起）：v1 记在受害者的 cgroup，v2 还逐级向上累计。oom 与 max 是达到限制的次数。',
      },
    ],
    see: ['memcg-oom-kill', 'failcnt'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst', 'Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'num-cgroups',
    kind: 'file',
    names: [
      '/proc/cgroups',
      'proc/cgroups',
      'num_cgroups',
      'nr_dying_descendants',
      'cgroup.stat',
      'nr_dying_subsys_memory',
    ],
    title: {
      en: '/proc/cgroups, cgroup.stat: how many cgroups there are',
      zh: '/proc/cgroups、cgroup.stat：cgroup 数量',
    },
    text: [
      {
        en: 'num_cgroups counts cgroups not yet freed; on v1, subtracting the directories gives the dying ones. On 3.10 it can miss them (measured): there count the names cache(id:cgroup) under /sys/kernel/slab. v2: nr_dying_descendants.',
        zh: 'num_cgroups 是尚未释放的 cgroup 数，v1 上减去目录数即为 dying。3.10 上它可能漏数（实测）：应数 /sys/kernel/slab 下 cache(id:cgroup) 形式的名字。v2 看 nr_dying_descendants。',
      },
    ],
    see: ['dying-memcgs', 'dying-memcg', 'K-02'],
    source: ['Documentation/admin-guide/cgroup-v2.rst', 'measured on 3.10.0-514.el7'],
  },
  {
    id: 'sys-kernel-slab',
    kind: 'file',
    names: ['/sys/kernel/slab', 'sys/kernel/slab', '/proc/slabinfo', 'proc/slabinfo', 'slabtop', 'slabinfo'],
    title: { en: '/proc/slabinfo, /sys/kernel/slab', zh: '/proc/slabinfo、/sys/kernel/slab' },
    text: [
      {
        en: 'All slab caches: objects in use, all, size. Merged caches share one name. Under /sys/kernel/slab names cache(id:cgroup) are copies for one cgroup (up to 5.8).',
        zh: '所有 slab 缓存：使用中对象、总对象、大小。合并的缓存共用一个名字。/sys/kernel/slab 下 cache(id:cgroup) 是某个 cgroup 的副本（5.8 及以前）。',
      },
    ],
    see: ['slab', 'dentry', 'find-slab-owner'],
    source: ['slabinfo(5)', 'Documentation/mm/slub.rst'],
  },
  {
    id: 'sunreclaim',
    kind: 'file',
    names: [
      'SUnreclaim',
      'SReclaimable',
      'KReclaimable',
      '/proc/meminfo',
      'proc/meminfo',
      'MemAvailable',
      'Percpu',
      'KernelStack',
      'PageTables',
      'VmallocUsed',
    ],
    title: {
      en: '/proc/meminfo: Slab, SReclaimable, SUnreclaim, Percpu',
      zh: '/proc/meminfo：Slab、SReclaimable、SUnreclaim、Percpu',
    },
    text: [
      {
        en: 'SUnreclaim, Percpu, KernelStack, PageTables and VmallocUsed are kernel memory that no container metric shows in full. A share that grows with pod churn is a leak or dying cgroups. MemAvailable is what can be had without swapping.',
        zh: 'SUnreclaim、Percpu、KernelStack、PageTables、VmallocUsed 是容器指标无法完整体现的内核内存。若占比随 Pod 创建销毁增长，就是泄漏或 dying memcg。MemAvailable 是不换出即可得到的内存。',
      },
    ],
    see: ['unreclaimable-slab-share', 'slab', 'K-11'],
    source: ['Documentation/filesystems/proc.rst'],
  },
  {
    id: 'drop_caches',
    kind: 'command',
    names: [
      'drop_caches',
      '/proc/sys/vm/drop_caches',
      'echo 3 > /proc/sys/vm/drop_caches',
      'echo 1 > /proc/sys/vm/drop_caches',
      'echo 2 > /proc/sys/vm/drop_caches',
    ],
    title: { en: 'drop_caches', zh: 'drop_caches' },
    text: [
      {
        en: '1 drops clean page cache, 2 dentries and inodes, 3 both, of the whole node. It walks every cgroup: slow and risky with many dying ones. It frees no leaked slab and no tmpfs; usage that falls after it was cache.',
        zh: '对整个节点：1 清理干净的页缓存，2 清理 dentry 与 inode，3 两者都清。它会遍历所有 cgroup，dying 很多时又慢又有风险。泄漏的 slab 与 tmpfs 释放不了；执行后降下来的部分本来就是缓存。',
      },
    ],
    see: ['drop-page-cache', 'K-08'],
    source: ['Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'gfp-mask',
    kind: 'term',
    names: ['gfp', 'gfp_mask', 'gfp_mask=', 'gfp flags', 'gfp='],
    title: { en: 'gfp mask', zh: 'gfp mask（分配标志）' },
    text: [
      {
        en: 'How an allocation may behave: wait, do I/O, use reserves. The bits moved between kernels: give the number, kmemscope explain 0x80d0, and the release where you know it.',
        zh: '分配行为的标志：能否等待、能否做 I/O、能否动用保留页。各版本的位不同：给出数值即可，如 kmemscope explain 0x80d0，知道内核版本时一并给出。',
      },
    ],
    see: ['slub-unable', 'oom-killer-line'],
    source: ['include/linux/gfp.h'],
  },
  {
    id: 'order',
    kind: 'term',
    names: ['order=0', 'order:0', 'order'],
    lines: [/^order[:=]\d+$/i],
    title: { en: 'order', zh: 'order' },
    text: [
      {
        en: 'An allocation of 2^order pages in one piece: order=0 is a single page. A failure with order above 0 may be fragmentation rather than a lack of memory.',
        zh: '一次分配 2^order 个连续页：order=0 即单页。order 大于 0 的失败可能是碎片化，而不是内存不足。',
      },
    ],
    see: ['compact-memory'],
    source: ['Documentation/admin-guide/mm/concepts.rst'],
  },
  {
    id: 'watermarks',
    kind: 'term',
    names: ['watermark', 'min_free_kbytes', 'vm.min_free_kbytes', 'lowmem_reserve', 'watermark_scale_factor'],
    title: { en: 'Watermarks min, low, high', zh: '水位线 min、low、high' },
    text: [
      {
        en: 'Below low kswapd begins to reclaim, until high is reached. Below min only callers that may not wait get memory: GFP_ATOMIC down to three eighths of min. vm.min_free_kbytes sets min, vm.watermark_scale_factor how far low and high are above it.',
        zh: '低于 low 时 kswapd 开始回收，直到 high。低于 min 时只有不能等待的调用者还能分配：GFP_ATOMIC 可用到 min 的八分之三。vm.min_free_kbytes 决定 min，vm.watermark_scale_factor 决定 low、high 比它高多少。',
      },
      {
        en: 'lowmem_reserve[] is kept in each zone on top of that for requests that can have nothing else: DMA32 can be half free and still give nothing to others.',
        zh: '各 zone 还另外保留 lowmem_reserve[]，留给只能使用该 zone 的请求：DMA32 即使有大量空闲，也可能不给其他请求。',
      },
    ],
    see: ['mem-info', 'raise-watermarks'],
    source: ['mm/page_alloc.c, __zone_watermark_ok', 'Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'fragmentation-index',
    kind: 'term',
    names: ['extfrag_index', 'extfrag_threshold', 'vm.extfrag_threshold', 'buddyinfo', '/proc/buddyinfo'],
    title: { en: 'Fragmentation index', zh: '碎片指数' },
    text: [
      {
        en: 'The kernel’s own measure, for an order of which no block is free: near 0 the request fails for a lack of memory, near 1000 because what is free is in small pieces. Above vm.extfrag_threshold (500) it compacts instead of reclaiming. /proc/buddyinfo has the free blocks by order, from 4 KiB on to the right.',
        zh: '内核自己的衡量值，针对没有空闲块的那一阶：接近 0 表示因内存不足而失败，接近 1000 表示空闲内存都是小块。超过 vm.extfrag_threshold（500）时内核选择整理而不是回收。/proc/buddyinfo 按阶列出空闲块，从左边的 4 KiB 起。',
      },
    ],
    see: ['memory-fragmentation', 'compact-memory', 'compact-earlier', 'order'],
    source: ['mm/vmstat.c, fragmentation_index', 'Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'swap',
    kind: 'term',
    names: ['kernel memory cannot be swapped', '不能被swap', 'memory.memsw.usage_in_bytes', 'swap'],
    title: { en: 'Swap', zh: 'swap' },
    text: [
      {
        en: 'Kernel memory is never swapped out, so a limit filled by it can only be relieved by freeing it. Kubernetes nodes mostly have no swap; then tmpfs cannot be moved out either.',
        zh: '内核内存不会被换出，限制被它占满时只能靠释放。Kubernetes 节点通常没有 swap，此时 tmpfs 也同样无法腾出。',
      },
    ],
    see: ['kmem', 'shmem'],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'page-allocation-failure',
    kind: 'log-line',
    names: ['page allocation failure'],
    lines: [/page allocation failure/i],
    title: { en: 'page allocation failure', zh: 'page allocation failure' },
    text: [
      {
        en: 'The node could not provide pages in time: the line gives order, mode (the gfp mask) and the process that asked. With order above 0 it is mostly fragmentation; atomic allocations may be retried without harm.',
        zh: '节点没能及时给出页：该行含 order、mode（gfp mask）与申请者。order 大于 0 多为碎片化；原子分配失败有时会重试，无害。',
      },
    ],
    see: ['mem-info', 'memory-fragmentation', 'compact-memory', 'order'],
    source: ['mm/page_alloc.c, warn_alloc'],
  },
  {
    id: 'mem-info',
    kind: 'log-line',
    names: ['Mem-Info', 'Mem-Info:'],
    lines: [/Mem-[Ii]nfo:/, /\b(?:DMA32|DMA|Normal|HighMem|Movable) free:\d+kB .*min:\d+kB/],
    title: { en: 'Mem-Info', zh: 'Mem-Info' },
    text: [
      {
        en: 'Where the node’s memory was when a page allocation failed or the OOM killer was called for all of it. The summary is in pages, everything else in kB: per zone what is free and what must be (min, low, high), then the free blocks by size, with letters for whom they are: U unmovable, M movable, E reclaimable, H set aside for high-order atomic requests, C for CMA.',
        zh: '页分配失败，或整个节点触发 OOM 时的内存分布。汇总部分以页为单位，其余以 kB 为单位：每个 zone 的空闲与必须保留的量（min、low、high），然后是各大小的空闲块，字母表示归谁用：U 不可迁移、M 可迁移、E 可回收、H 为高阶原子分配预留、C 为 CMA。',
      },
      {
        en: 'Enough free and no block of the size wanted is fragmentation; kmemscope decode works it out.',
        zh: '空闲量足够，却没有所需大小的块，就是碎片化；kmemscope decode 会替你算出来。',
      },
    ],
    see: ['page-allocation-failure', 'watermarks', 'fragmentation-index', 'order'],
    source: ['mm/show_mem.c, __show_mem', 'mm/page_alloc.c, show_free_areas'],
  },
  {
    id: 'unregister-netdevice-line',
    kind: 'log-line',
    names: ['unregister_netdevice', 'waiting for lo to become free'],
    lines: [/unregister_netdevice: waiting for/],
    title: { en: 'unregister_netdevice: waiting for …', zh: 'unregister_netdevice: waiting for …' },
    text: [
      {
        en: 'A network namespace is being removed and somebody still holds its device; the kernel says so every ten seconds. It may only take long. Where the usage count stays for minutes, a reference is leaked: the namespace keeps its sockets and slab until the node boots, and creating or removing pods can hang.',
        zh: '网络命名空间正在删除，而它的设备仍被引用，内核每十秒打印一次。可能只是较慢；若引用数几分钟不变，就是引用泄漏：该命名空间的 socket 和 slab 在重启前不会释放，Pod 的创建和删除可能卡住。',
      },
    ],
    see: ['netdevice-unregister-stuck', 'drain-and-reboot'],
    source: ['net/core/dev.c, netdev_wait_allrefs', 'https://github.com/moby/moby/issues/5618'],
  },
  {
    id: 'percpu-allocation-line',
    kind: 'log-line',
    names: ['percpu: allocation failed'],
    lines: [/(?:percpu|PERCPU): (?:allocation failed|limit reached)/],
    title: { en: 'percpu: allocation failed', zh: 'percpu: allocation failed' },
    text: [
      {
        en: 'No percpu memory was to be had: it has a copy for each possible CPU, and memory cgroups (dying ones, too), BPF maps, network devices and file systems take it. The kernel prints ten of these and then none until it boots.',
        zh: '申请不到 percpu 内存：它在每个 possible CPU 上各有一份，内存 cgroup（含 dying 的）、BPF map、网络设备和文件系统都要用。内核打印十次后，在重启前不再打印。',
      },
    ],
    see: ['percpu-allocation-failure', 'K-11', 'K-47'],
    source: ['mm/percpu.c, pcpu_alloc'],
  },
  {
    id: 'page-counter-line',
    kind: 'log-line',
    names: ['page_counter underflow', 'page_counter.c'],
    lines: [/page_counter underflow|WARNING: .{0,60}(?:page_counter|res_counter)\.c/],
    title: { en: 'page_counter underflow', zh: 'page_counter underflow' },
    text: [
      {
        en: 'More pages were given back to a memory cgroup than had been charged: a bug of the kernel. Its usage, and when its limit is hit, cannot be trusted any more. Kernels before 5.12 print only a WARNING at mm/page_counter.c; either stands in the log once after boot.',
        zh: '归还给内存 cgroup 的页多于记账的页：这是内核 bug。它的用量以及何时达到限制都不再可信。5.12 之前只打印 mm/page_counter.c 处的 WARNING；两者每次启动都只打印一次。',
      },
    ],
    see: ['memory-counter-mismatch', 'K-46', 'report-kernel-bug'],
    source: ['mm/page_counter.c, page_counter_cancel'],
  },
  {
    id: 'bad-page-line',
    kind: 'log-line',
    names: ['Bad page state', 'Bad rss-counter state', 'Bad page map'],
    lines: [/BUG: Bad (?:page (?:state|map|cache)|rss-counter state)/],
    title: { en: 'BUG: Bad page state', zh: 'BUG: Bad page state' },
    text: [
      {
        en: 'A page’s flags and counts contradict each other where it is freed or handed out: memory was overwritten, by a bug or by bad RAM. The reason stands behind “page dumped because:”. It is no memory leak, and no case of a cgroup’s limit; take the node out of service. “Bad rss-counter state” is the mildest of the kind: a process ended with a count that was not zero.',
        zh: '释放或分配页时发现其标志与计数互相矛盾：内存被 bug 或故障内存条改写。原因写在“page dumped because:”之后。它不是内存泄漏，也与 cgroup 限制无关；应让节点停止服务。“Bad rss-counter state”是其中最轻的：进程退出时计数不为零。',
      },
    ],
    see: ['page-corruption', 'memory-counter-mismatch', 'cordon-node'],
    source: ['mm/page_alloc.c, bad_page', 'kernel/fork.c, check_mm'],
  },
  {
    id: 'stall-line',
    kind: 'log-line',
    names: ['soft lockup', 'hung task', 'blocked for more than 120 seconds'],
    lines: [/blocked for more than \d+ seconds|soft lockup - CPU#/],
    title: { en: 'Hung tasks and soft lockups', zh: 'hung task 与 soft lockup' },
    text: [
      {
        en: 'A task that did not run for two minutes, or a CPU that ran nothing else for 20 seconds. The call trace below tells what it is about: a disk, a lock, or memory. Only those with reclaim, memory cgroups or slab caches in it (shrink_slab, memcg_stat_show, kmem_cache_destroy) are memory’s, and only these kmemscope reports.',
        zh: '任务两分钟没有运行，或 CPU 20 秒没有调度。原因要看其后的调用栈：磁盘、锁或内存。只有栈里有内存回收、内存 cgroup 或 slab 缓存（shrink_slab、memcg_stat_show、kmem_cache_destroy）的才与内存有关，kmemscope 只列出这些。',
      },
    ],
    see: ['kernel-memory-stall', 'K-38', 'K-45'],
    source: ['kernel/hung_task.c', 'kernel/watchdog.c'],
  },
  {
    id: 'xfs-deadlock-line',
    kind: 'log-line',
    names: ['possible memory allocation deadlock'],
    lines: [/possible memory allocation deadlock/],
    title: { en: 'XFS: possible memory allocation deadlock', zh: 'XFS: possible memory allocation deadlock' },
    text: [
      {
        en: 'XFS waits for memory it cannot do without and says so after every hundred tries. With “size N in” it wants N bytes in one piece: free memory may be there, in pieces. Compacting memory helps for the moment.',
        zh: 'XFS 在等待必须拿到的内存，每重试一百次打印一行。带“size N in”时需要 N 字节连续内存：可能有空闲内存，但不连续。整理内存碎片可暂时缓解。',
      },
    ],
    see: ['kernel-memory-stall', 'K-30', 'compact-memory'],
    source: ['fs/xfs/kmem.c, kmem_alloc'],
  },
  {
    id: 'tcp-memory-line',
    kind: 'log-line',
    names: ['TCP: out of memory', 'consider tuning tcp_mem', 'tcp_mem'],
    lines: [/out of memory -- consider tuning tcp_mem|too many (?:of )?orphaned sockets/],
    title: { en: 'TCP: out of memory', zh: 'TCP: out of memory' },
    text: [
      {
        en: 'All sockets of the node together have reached net.ipv4.tcp_mem, which counts pages. Connections are reset; no process is killed, and the node may have memory free.',
        zh: '节点上所有 socket 合计达到 net.ipv4.tcp_mem（单位是页）。连接会被重置，但不会杀进程，节点也可能还有空闲内存。',
      },
    ],
    see: ['tcp-memory-exhaustion', 'K-29', 'socket-memory'],
    source: ['net/ipv4/tcp.c, tcp_check_oom'],
  },
  {
    id: 'conntrack-full-line',
    kind: 'log-line',
    names: ['nf_conntrack: table full', 'table full, dropping packet'],
    lines: [/_conntrack: table full/],
    title: {
      en: 'nf_conntrack: table full, dropping packet',
      zh: 'nf_conntrack: table full, dropping packet',
    },
    text: [
      {
        en: 'More connections than net.netfilter.nf_conntrack_max: new ones are dropped. Not a leak and no shortage of memory. From 6.17 on the line names the network namespace where it is not the host’s.',
        zh: '连接数超过 net.netfilter.nf_conntrack_max：新连接被丢弃。既不是泄漏，也不是内存不足。6.17 起，若不是宿主机的命名空间，该行会写明是哪一个。',
      },
    ],
    see: ['K-40'],
    source: ['net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc'],
  },
  {
    id: 'printk-dropped-line',
    kind: 'log-line',
    names: ['printk messages dropped', 'callbacks suppressed', 'Missed kernel messages'],
    lines: [/printk messages dropped|Missed \d+ kernel messages|kmsg buffer overrun|callbacks suppressed/],
    title: { en: 'Lines that are not in the log', zh: '日志里没有的行' },
    text: [
      {
        en: '“printk messages dropped” (console), “Missed N kernel messages” (journald) and “messages lost due to rate-limiting” (rsyslog) are holes: anything may have been in them, and what is counted is “at least”. “FUNCTION: N callbacks suppressed” is none: the kernel counted N more messages of that one place.',
        zh: '“printk messages dropped”（控制台）、“Missed N kernel messages”（journald）、“messages lost due to rate-limiting”（rsyslog）都是缺口：其中可能有任何内容，数出来的都只是“至少”。“oom_kill_process: N callbacks suppressed”之类则不是：内核另有 N 条来自同一处的消息，只计数没有打印。',
      },
    ],
    see: ['keep-kernel-log'],
    source: ['kernel/printk/printk.c', 'lib/ratelimit.c'],
  },
]
