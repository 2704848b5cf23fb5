// "oom_kill_process: 70 callbacks suppressed" in words: what the kernel did not print (___ratelimit() of lib/ratelimit.c).

import { text } from '../base/text.ts'
import type { CallbacksSuppressed } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    title: '{count|number} messages of {source} were not printed',
    rate: 'The kernel prints so many messages of one place in a few seconds and counts the rest.',
    oom: 'Each of them is an OOM kill without its report; the line “Killed process” of each is printed all the same. Whoever counts OOM reports has to add {count|number}.',
    slab: 'Each of them is a slab allocation that failed and is not in the log: there were at least {count|number} more than the log shows.',
    page: 'Each of them is a page allocation that failed and is not in the log: there were at least {count|number} more than the log shows.',
    net: 'Each of them is a message of the network’s code, such as a full conntrack table or TCP out of memory; which is not told.',
    other: 'They are of other code and say nothing of memory.',
    source: 'printed by',
    count: 'not printed',
  },
  zh: {
    title: '{source} 有 {count|number} 条消息没有打印',
    rate: '内核对同一处在几秒内打印的消息数有限制，超出的只计数。',
    oom: '其中每一条都是一次没有打印报告的 OOM kill，但各自的“Killed process”一行仍会打印。统计 OOM 报告时要加上 {count|number} 次。',
    slab: '其中每一条都是一次 slab 分配失败，日志里没有：实际至少比日志里多 {count|number} 次。',
    page: '其中每一条都是一次页分配失败，日志里没有：实际至少比日志里多 {count|number} 次。',
    net: '其中每一条都是网络代码的消息，例如 conntrack 表已满或 TCP 内存不足；具体是哪种没有记录。',
    other: '它们来自其他代码，与内存无关。',
    source: '打印的函数',
    count: '未打印',
  },
})

/** Functions whose messages are reports of a kind, in all versions. */
const OF: Readonly<Record<string, 'oom' | 'slab' | 'page' | 'net'>> = {
  oom_kill_process: 'oom',
  dump_header: 'oom',
  slab_out_of_memory: 'slab',
  __slab_alloc: 'slab',
  ___slab_alloc: 'slab',
  warn_alloc: 'page',
  warn_alloc_failed: 'page',
  warn_alloc_show_mem: 'page',
  __alloc_pages_slowpath: 'page',
  net_ratelimit: 'net',
}

/** Whether reports of memory can be among what a function did not print; of kauditd_printk_skb they are not. */
export function suppressesReports(source: string): boolean {
  return Object.hasOwn(OF, source)
}

/** A line that counts what was not printed, in words. */
export function explainCallbacksSuppressed({
  source,
  count,
}: CallbacksSuppressed): ExplanationOf<typeof words.en> {
  return {
    text: words,
    values: { source, count },
    title: 'title',
    summary: ['rate', Object.hasOwn(OF, source) ? (OF[source] ?? 'other') : 'other'],
    facts: [
      ['source', source],
      ['count', String(count)],
    ],
    remedies: [],
  }
}
