// Walls of the kernel that a node runs into, each with the constant that is the wall.

import type { Bilingual } from './bilingual.ts'

/**
 * Memory cgroup ids: CSS_ID_MAX of 3.10 (kernel/cgroup.c), MEM_CGROUP_ID_MAX since 4.7 (mm/memcontrol.c); both
 * USHRT_MAX, up to 7.1.
 */
export const MEMCG_ID_MAX = 65535

export interface Limit {
  readonly id: string
  /** As people write it. */
  readonly value: string
  readonly title: Bilingual
  readonly what: Bilingual
  readonly source: readonly [string, ...string[]]
}

export const limits: readonly Limit[] = [
  {
    id: 'memcg-ids',
    value: '65535',
    title: { en: '65535 memory cgroup ids', zh: '内存 cgroup ID 上限 65535' },
    what: {
      en: 'Ids have 16 bits in all kernels. The root takes one. Which cgroups hold one depends on the kernel: before 4.7 every one not yet freed, later only live ones and those pinned by swap entries. Beyond the limit mkdir fails: ENOSPC, ENOMEM from 4.7 until the fix in 5.8 and stable (11d6761218d1), EBUSY from 6.12 on.',
      zh: '所有内核上 ID 都是 16 位，根占一个。哪些 cgroup 占用 ID 取决于内核：4.7 之前凡未释放的都占，之后只有存活的以及被 swap 项引用的才占。超出后 mkdir 失败：ENOSPC；4.7 起到 5.8 及稳定版修复（11d6761218d1）之前为 ENOMEM；6.12 起为 EBUSY。',
    },
    source: ['CSS_ID_MAX, kernel/cgroup.c (3.10)', 'MEM_CGROUP_ID_MAX, mm/memcontrol.c (4.7 to 7.1)'],
  },
  {
    id: 'kmem-caches',
    value: '65535 (3.10)',
    title: {
      en: '65535 cgroups with kernel memory accounting on 3.10',
      zh: '3.10 上开启 kmem accounting 的 cgroup 上限 65535',
    },
    what: {
      en: 'Each cgroup with active accounting takes a slot in the per-cache arrays, given back only when the cgroup is freed. Beyond the limit accounting cannot be switched on.',
      zh: '每个开启记账的 cgroup 在各缓存的数组中占一个位置，cgroup 真正释放后才归还。超出后无法再开启。',
    },
    source: ['MEMCG_CACHES_MAX_SIZE, mm/memcontrol.c (3.10.0-514.el7)'],
  },
  {
    id: 'unlimited',
    value: '9007199254740988kB',
    title: { en: 'The kernel’s word for "no limit"', zh: '内核表示“无限制”的数值' },
    what: {
      en: 'The largest value the page counter holds: 9223372036854771712 bytes in the files, 9007199254740988kB in the log. On vanilla 3.10 it is 9007199254740991kB. It is not an amount of memory.',
      zh: '页计数器的最大值：文件里是 9223372036854771712 字节，日志里是 9007199254740988kB；上游 3.10 为 9007199254740991kB。它不代表真实的内存量。',
    },
    source: [
      'PAGE_COUNTER_MAX, include/linux/page_counter.h',
      'RES_COUNTER_MAX, include/linux/res_counter.h (3.10)',
    ],
  },
  {
    id: 'inotify-watches',
    value: 'fs.inotify.max_user_watches',
    title: { en: 'inotify watches of a user', zh: '单个用户的 inotify watch 数' },
    what: {
      en: 'Reaching it gives ENOSPC too: the message then names inotify_add_watch. All pods that run as root share one account.',
      zh: '用尽时同样返回 ENOSPC，此时报错里会有 inotify_add_watch。以 root 运行的所有 Pod 共用一个额度。',
    },
    source: ['fs/notify/inotify/inotify_user.c', 'inotify(7)'],
  },
  {
    id: 'cgroup-descendants',
    value: 'cgroup.max.descendants',
    title: { en: 'cgroup.max.descendants on cgroup v2', zh: 'cgroup v2 的 cgroup.max.descendants' },
    what: {
      en: 'No limit unless set. Reaching it makes mkdir fail with EAGAIN, not ENOSPC.',
      zh: '默认不限。达到上限时 mkdir 返回 EAGAIN，而不是 ENOSPC。',
    },
    source: ['Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'kmsg-ring',
    value: '128 KiB to 1 MiB',
    title: { en: 'The kernel log ring', zh: '内核日志环形缓冲区' },
    what: {
      en: 'Sized by CONFIG_LOG_BUF_SHIFT, the CPUs and log_buf_len=. One OOM report fills 10 to 130 KiB, so older ones are overwritten: read /var/log and the journal as well.',
      zh: '大小由 CONFIG_LOG_BUF_SHIFT、CPU 数与 log_buf_len= 决定。一份 OOM 报告占 10 到 130 KiB，较早的会被覆盖：还应查看 /var/log 与 journal。',
    },
    source: ['kernel/printk/printk.c', 'Documentation/admin-guide/kernel-parameters.txt'],
  },
]
