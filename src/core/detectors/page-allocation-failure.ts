// "page allocation failure" in the kernel log (warn_alloc() of mm/page_alloc.c): judged by what was asked for, why there
// was none, and how often; one that had something to fall back on is no illness.

import { kept } from '../base/kept.ts'
import { type Text, text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Severity } from '../case/finding.ts'
import type { PageAllocationFailure } from '../decode/kmsg/report.ts'
import { wantsOf } from '../explain/free-pages.ts'
import {
  COSTLY_ORDER,
  explainPageAllocationFailure,
  pageAllocationWords,
  purposeOf,
} from '../explain/page-alloc-failure.ts'
import { isReport, logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { type Draft, detector } from './detector.ts'

const own = text({
  en: {
    'no-page': 'The kernel found no page for {who}',
    'no-small': 'The kernel found no {pages|number} pages in one piece for {who} (order {order})',
    'no-large':
      'The kernel found no {pages|number} pages in one piece for {who} (order {order}, more than it promises)',
    optional: 'A request for memory that could do without got none: {who} (order {order})',
    waiting: 'Allocations wait for seconds until the kernel finds memory: {who}',
    times: 'Such failures in the log: {count|number}.',
    more: 'Not printed because of rate limiting: at least {suppressed|number} more, of this or another kind.',
    last: 'The last one:',
    lastWhole: 'The last of which the log has the figures:',
    harmless:
      'That is no illness by itself: the kernel counts on such requests failing, and so does who makes them.',
  },
  zh: {
    'no-page': '内核找不到可用的页：{who}',
    'no-small': '内核分配不出 {pages|number} 个连续页（order {order}）：{who}',
    'no-large': '内核分配不出 {pages|number} 个连续页（order {order}，超出内核会尽力保证的范围）：{who}',
    optional: '可有可无的内存请求没有分配到：{who}（order {order}）',
    waiting: '内存分配要等待数秒：{who}',
    times: '日志里有 {count|number} 次这样的失败。',
    more: '另有至少 {suppressed|number} 次因限速没有打印，可能属于这一类，也可能不是。',
    last: '最近一次：',
    lastWhole: '最近一次有内存数据的：',
    harmless: '这本身不是故障：内核和调用者都预期这类请求可能失败。',
  },
})

type En = typeof pageAllocationWords.en & typeof own.en

/** What a report says by itself, and what a detector says of several. */
const words: Text<En> = {
  en: { ...pageAllocationWords.en, ...own.en },
  zh: { ...pageAllocationWords.zh, ...own.zh },
}

type Failures = readonly [PageAllocationFailure, ...PageAllocationFailure[]]

/**
 * What the requests have in common. `no-page`: one page, which the kernel must always have. `no-small`: up to order 3, which
 * it goes to any length for. `no-large`: beyond. `optional`: the caller has something to fall back on.
 */
type Sort = 'no-page' | 'no-small' | 'no-large' | 'optional' | 'waiting'

export default detector({
  id: 'page-allocation-failure',
  about: text({
    en: { judges: 'page allocation failures: whether they matter, and why there was no memory' },
    zh: { judges: '页分配失败：是否要紧，为什么没有内存' },
  }),
  concerns: 'node',
  text: words,
  judge(about) {
    const groups = new Map<string, [PageAllocationFailure, ...PageAllocationFailure[]]>()
    for (const report of (about.log?.reports ?? []).filter(isReport('page-alloc-failure'))) {
      const key = `${sortOf(report)} ${report.userWritten === true}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [report])
      else group.push(report)
    }
    return {
      unknown: logUnknown(about),
      findings: [...groups.values()].map(group => finding(about, group, groups.size)),
    }
  },
})

function sortOf(report: PageAllocationFailure): Sort {
  if (report.warns === 'stall') return 'waiting'
  const wants = wantsOf(report.gfp, report.kernel, report.memInfo)
  const { order, frames } = report
  if (wants?.names.has('NORETRY') || purposeOf(frames) === 'huge-page') return 'optional'
  if (order === 0) return 'no-page'
  return order > COSTLY_ORDER ? 'no-large' : 'no-small'
}

/** Of the functions through which the kernel counts failures it does not print: ratelimit_state of warn_alloc(). */
const COUNTED = new Set(['warn_alloc', 'warn_alloc_failed', '__alloc_pages_slowpath'])

function suppressedOf(about: Case): number {
  return (about.log?.reports ?? [])
    .filter(isReport('callbacks-suppressed'))
    .filter(({ source }) => COUNTED.has(source))
    .reduce((sum, { count }) => sum + count, 0)
}

/**
 * A page that is missing once is a moment, twice a state. Who may not wait meets such a moment now and then without harm
 * (a packet is dropped and sent again); that a single failure is one is ours to say, the kernel gives no number.
 */
function severityOf(sort: Sort, reports: Failures, count: number): Severity {
  const [first] = reports
  if (first.userWritten === true || sort === 'optional') return 'info'
  const mayWait = reports.some(
    report => wantsOf(report.gfp, report.kernel, report.memInfo)?.mayWait !== false,
  )
  const packets = reports.every(({ frames }) => purposeOf(frames) === 'packet')
  if (!mayWait && count === 1) return 'info'
  return sort === 'no-page' && count > 1 && !packets ? 'critical' : 'warning'
}

function finding(about: Case, reports: Failures, kinds: number): Draft<En> {
  const last = reports.at(-1) ?? reports[0]
  const claimed = last.userWritten === true
  const sort = sortOf(last)
  const suppressed = claimed ? 0 : suppressedOf(about)
  const names = new Set(reports.map(({ comm }) => comm))
  // what was folded is told apart by its task alone: it is counted where there is one sort of failures only
  const folded =
    claimed || kinds > 1 ? [] : (about.log?.folded ?? []).filter(({ kind }) => kind === 'page-alloc-failure')
  const count = folded.reduce((sum, fold) => sum + fold.count, reports.length)
  const severity = severityOf(sort, reports, count + (kinds === 1 ? suppressed : 0))
  // one with figures tells more than a later one without
  const told = reports.findLast(({ memInfo }) => memInfo !== undefined) ?? last
  const { values, summary, remedies } = explainPageAllocationFailure(told)
  return {
    severity,
    subject: { kind: 'node' },
    values: {
      ...values,
      who: [...names].slice(0, 3).join(', '),
      count,
      suppressed: suppressed > 0 ? suppressed : undefined,
    },
    words: {
      title: sort,
      summary: kept(
        count > 1 && 'times',
        suppressed > 0 && 'more',
        severity === 'info' && !claimed && 'harmless',
        count > 1 && (told === last ? 'last' : 'lastWhole'),
        ...summary,
      ),
    },
    evidence: [...quoted(told), ...(told === last ? [] : quoted(last))],
    remedies: severity === 'info' ? [] : remedies,
    defects: [],
    ...seen(about, reports, folded),
  }
}
