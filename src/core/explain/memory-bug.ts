// Where the kernel found its own memory counts or pages wrong, in words: page_counter_cancel() of mm/page_counter.c,
// bad_page() of mm/page_alloc.c, check_mm() of kernel/fork.c, and the heads of KASAN and its kin.

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import type { BadPage, BadRssCounter, PageCounterUnderflow, SanitizerReport } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    underflow:
      'A cgroup’s memory counter went below zero: {pages|number} pages given back that were not charged',
    underflowBare: 'A cgroup’s memory counter went below zero',
    once: 'A bug of the kernel or of a module: something was uncharged twice, or from the wrong cgroup. The kernel tells only the first time after boot; it may have happened more often since.',
    untrusted:
      'From here on the usage of that cgroup and of those above it may be wrong, and with it when a limit is hit. The line does not name the cgroup.',
    badState: 'A page was found damaged when {comm} freed or took it: {reason}',
    badStateBare: 'A page was found damaged when {comm} freed or took it',
    badMap: 'A page table of {comm} was found damaged',
    badCache: 'A page left the page cache while it was still mapped (found by {comm})',
    badSuppressed: '{suppressed|number} more damaged pages were not printed',
    corrupt:
      'Memory was overwritten, or counted wrongly: a bug of the kernel or of a module, or bad RAM. The kernel keeps the page out of use and goes on, but what damaged it can strike again.',
    stillCharged:
      'The page was freed while it was still charged to a cgroup: a bug of the accounting, and that charge is never given back.',
    hardware: 'If no two of these have a module or a workload in common, test the RAM first.',
    rss: 'A process ended and its memory counter {counter} was {value|number} instead of 0',
    rssBare: 'A process ended and one of its memory counters was {value|number} instead of 0',
    rssWhat:
      'A bug of the kernel or of a module: pages were mapped or unmapped without being counted. What is left over is small; where the value is above zero, it may be leaked.',
    sanitizer: '{tool} found: {what} in {where}',
    sanitizerBare: '{tool} found: {what}',
    sanitizerWhat:
      'Told by its head alone: kmemscope does not decode reports of {tool}. It stands in the log below this line with the stacks of who used, allocated and freed the memory.',
    notSlub: 'It is no report of SLUB, whose own checks (slub_debug) are something else.',
    process: 'process',
    pfn: 'page frame',
    counterIs: 'counter',
    value: 'left',
  },
  zh: {
    underflow: 'cgroup 的内存计数减到了零以下：多归还了未曾记账的 {pages|number} 页',
    underflowBare: 'cgroup 的内存计数减到了零以下',
    once: '这是内核或模块的 bug：同一笔重复 uncharge，或记到了别的 cgroup。内核每次启动只报第一次，之后可能还发生过。',
    untrusted: '此后该 cgroup 及其上级的用量可能不准，何时达到限制也随之不准。这一行没有写是哪个 cgroup。',
    badState: '{comm} 释放或分配页时发现该页已损坏：{reason}',
    badStateBare: '{comm} 释放或分配页时发现该页已损坏',
    badMap: '{comm} 的页表已损坏',
    badCache: '页离开 page cache 时仍有映射（由 {comm} 发现）',
    badSuppressed: '另有 {suppressed|number} 个损坏的页没有打印',
    corrupt:
      '内存被改写，或计数出错：内核或模块的 bug，或内存条故障。内核会弃用该页继续运行，但造成损坏的原因还可能再次发作。',
    stillCharged: '该页释放时仍记在某个 cgroup 名下：这是记账的 bug，这笔账不会再归还。',
    hardware: '如果几次报告之间没有共同的模块或负载，先检测内存条。',
    rss: '进程退出时内存计数 {counter} 不为 0，而是 {value|number}',
    rssBare: '进程退出时有一个内存计数不为 0，而是 {value|number}',
    rssWhat: '这是内核或模块的 bug：映射或解除映射时没有计数。剩余的量很小；为正值时可能已泄漏。',
    sanitizer: '{tool} 发现 {where} 中有 {what}',
    sanitizerBare: '{tool} 发现 {what}',
    sanitizerWhat:
      '只识别了首行：kmemscope 不解读 {tool} 的报告。日志里这一行之后有使用、分配、释放这块内存的调用栈。',
    notSlub: '这不是 SLUB 的报告，SLUB 自带的检查（slub_debug）是另一回事。',
    process: '进程',
    pfn: '页帧号',
    counterIs: '计数',
    value: '剩余',
  },
})

type Words = typeof words.en
type Label = keyof Words

function named(label: Label, value: Value | undefined): readonly (readonly [Label, Value])[] {
  return value === undefined ? [] : [[label, value]]
}

/** A page counter below zero, in words. */
export function explainPageCounterUnderflow({ pages, counter }: PageCounterUnderflow): ExplanationOf<Words> {
  return {
    text: words,
    values: { pages },
    title: pages === undefined ? 'underflowBare' : 'underflow',
    summary: ['once', 'untrusted'],
    facts: [...named('counterIs', counter === undefined ? undefined : String(counter))],
    remedies: ['save-evidence', 'report-kernel-bug', 'drain-and-reboot'],
  }
}

/** A damaged page, in words. */
export function explainBadPage(report: BadPage): ExplanationOf<Words> {
  const { what, comm, reason, suppressed, pfn } = report
  const charged = reason !== undefined && /charged to cgroup|cgroup check failed/.test(reason)
  return {
    text: words,
    values: { comm, reason, suppressed },
    title:
      suppressed !== undefined
        ? 'badSuppressed'
        : what === 'map'
          ? 'badMap'
          : what === 'cache'
            ? 'badCache'
            : reason === undefined
              ? 'badStateBare'
              : 'badState',
    summary: kept(charged ? 'stillCharged' : 'corrupt', !charged && 'hardware'),
    facts: [
      ...named('process', comm),
      ...named('pfn', pfn === undefined ? undefined : `0x${pfn.toString(16)}`),
    ],
    remedies: ['save-evidence', 'cordon-node', 'drain-and-reboot', 'report-kernel-bug'],
  }
}

/** A counter of a process that did not come back to zero, in words. */
export function explainBadRssCounter({ counter, value, comm, pid }: BadRssCounter): ExplanationOf<Words> {
  return {
    text: words,
    values: { counter, value },
    title: counter === undefined ? 'rssBare' : 'rss',
    summary: ['rssWhat'],
    facts: named('process', comm === undefined ? undefined : `${comm} (${pid ?? '?'})`),
    remedies: ['save-evidence', 'report-kernel-bug'],
  }
}

/** The head of a sanitizer's report, in words. */
export function explainSanitizer({ tool, what, where }: SanitizerReport): ExplanationOf<Words> {
  return {
    text: words,
    values: { tool, what, where },
    title: where === undefined ? 'sanitizerBare' : 'sanitizer',
    summary: kept('sanitizerWhat', (tool === 'KASAN' || tool === 'KFENCE') && 'notSlub'),
    facts: [],
    remedies: ['save-evidence', 'report-kernel-bug'],
  }
}
