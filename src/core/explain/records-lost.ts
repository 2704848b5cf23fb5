// Lines that are not in the log, as the log itself tells, in words.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { RecordsLost } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    title: 'Here {count|number} lines are missing from the log',
    some: 'Here lines are missing from the log; how many is not told',
    unit: 'Here {count|number} lines of {unit} are missing from the log',
    console:
      'The console was too slow and the kernel left them out there. The ring buffer (dmesg) may still have them.',
    journald:
      'The kernel wrote faster than journald read, and what was overwritten meanwhile is lost. The ring buffer (dmesg) has only what came last.',
    rsyslog:
      'rsyslog limits how much it takes in, and dropped the rest. The journal or dmesg may still have it.',
    atLeast:
      'Whatever is counted in this log is therefore “at least”, and what is not in it may have happened.',
    programs:
      'They were written by programs, not by the kernel: its reports are all there, but an error of the kubelet or of a runtime may be missing.',
  },
  zh: {
    title: '此处日志缺少 {count|number} 行',
    some: '此处日志有缺失，缺多少不知道',
    unit: '此处日志缺少 {unit} 的 {count|number} 行',
    console: '控制台太慢，内核在控制台上略去了这些行。环形缓冲区（dmesg）里可能还有。',
    journald: '内核写得比 journald 读得快，期间被覆盖的内容已丢失。环形缓冲区（dmesg）里只有最后的部分。',
    rsyslog: 'rsyslog 限制接收速率，超出的部分被丢弃。journal 或 dmesg 里可能还有。',
    atLeast: '因此，从这份日志里数出来的都是“至少”，没有出现的也可能发生过。',
    programs: '缺的是程序写的行，不是内核的：内核的报告都在，但可能缺少 kubelet 或容器运行时的报错。',
  },
})

const WHY = { printk: 'console', journald: 'journald', rsyslog: 'rsyslog' } as const

/** Lines that are missing, in words. */
export function explainRecordsLost({ by, count, whose, unit }: RecordsLost): ExplanationOf<typeof words.en> {
  return {
    text: words,
    values: { count, unit },
    title: count === undefined ? 'some' : unit === undefined ? 'title' : 'unit',
    summary: kept(
      whose === 'programs' && 'programs',
      (whose === 'kernel' || by === 'rsyslog') && WHY[by],
      whose === 'kernel' && 'atLeast',
    ),
    facts: [],
    remedies: whose === 'kernel' ? ['keep-kernel-log'] : [],
  }
}
