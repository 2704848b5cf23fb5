// A cgroup may be called anything without a slash or a newline, and the kernel prints its name as it is.

import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'

/** As /dev/kmsg escapes it (msg_print_ext_body of kernel/printk/printk.c). */
const escaped = (text: string): string =>
  [...new TextEncoder().encode(text)]
    .map(byte =>
      byte < 32 || byte > 126 || byte === 92
        ? `\\x${byte.toString(16).padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')

describe('a kill in a cgroup with a strange name', () => {
  it.each([
    '/two  words/kubepods',
    '/over\rwritten',
    '/line\u2028separator',
    '/foo\\x2dbar.service',
    '/\x1b[31mred',
    '/a:b, task_memcg=c',
    '/\u{1f4a5}',
  ])('is read whole: %j', path => {
    const lines = [
      'leak invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0',
      'memory: usage 2048kB, limit 2048kB, failcnt 23',
      `Memory cgroup stats for ${path}:`,
      'cache 0',
      'rss 1998848',
      `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${path},task_memcg=${path},task=leak,pid=7,uid=0`,
      'Memory cgroup out of memory: Killed process 7 (leak) total-vm:2592kB, anon-rss:1952kB, file-rss:8kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0',
    ]
    const ring = lines.map((line, index) => `4,${10 + index},${5000 + index},-;${escaped(line)}\n`).join('')
    const { reports } = readKernelLog([new TextEncoder().encode(ring)], { path: 'kmsg', live: true })
    expect(reports).toMatchObject([
      { kind: 'oom', memcg: path, taskMemcg: path, stats: [{ memcg: path, values: { rss: 1998848 } }] },
    ])
  })
})
