// The reports of a log for a person at a terminal, in the order of the log, each explained.

import { printable } from '../base/printable.ts'
import { type Language, text, type Value } from '../base/text.ts'
import type { Stamp } from '../base/time.ts'
import { formatBytes } from '../base/units.ts'
import { width, wrap } from '../base/width.ts'
import { type DecodedKernelLog, type FoldedReports, foldKey } from '../decode/kmsg/log.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'
import { suppressesReports } from '../explain/callbacks-suppressed.ts'
import { explain } from '../explain/index.ts'
import { missingOf, missingParts } from '../explain/missing.ts'
import { objectPicture } from '../explain/object-picture.ts'
import { objectPictureLines } from './object-picture.ts'
import { stampWords, type TerminalOptions } from './terminal.ts'
import { label, listed, say } from './words.ts'

const words = text({
  en: {
    reports: 'Reports: {count|number} ({kinds})',
    reportsAtLeast: 'Reports: at least {count|number} ({kinds})',
    none: 'No report of memory trouble.',
    noneWanted: 'No report of memory trouble of the kinds and times asked for.',
    noneOfWhatIsThere: 'No report of memory trouble in what is there of the log.',
    noKernel: 'No line of it is the kernel’s.',
    kind: '{kind} {count|number}',
    earlier:
      '{count|number} more like the next one came before it, {from} to {to}; -o jsonl gives each of them',
    earlierUndated: '{count|number} more like the next one came before it; -o jsonl gives each of them',
    others: '{count|number} more of {what}, {from} to {to}; -o jsonl gives each of them',
    othersUndated: '{count|number} more of {what}; -o jsonl gives each of them',
    rest: '… and what is explained at {where}',
    alike: '… as explained at {where}; -o jsonl gives the figures of each:',
    beginning: 'Its beginning is not in the log; what that would have said is left open here.',
    cut: 'The log ends, or goes on with something else, before this report does; what would follow is left open here.',
    fragment: 'Of this report only selected lines are in the log (a grep); the rest is left open here.',
    notThere: 'Not told by the log: {what}.',
    claim: 'It was written to the log from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    remedies: 'What to do (kmemscope explain ID has the commands): {what}',
    missing: 'What is missing from the log',
    suppressed: 'messages the kernel counted and did not print: {count|number}, of {what}',
    lost: 'records that were overwritten before they could be read, by their numbers: {count|number}',
    lostOfKernel:
      'lines the log itself says it has not: at least {count|number}, told at {places|number} places; the kernel’s may be among them',
    lostOfPrograms:
      'lines of programs the log itself says it has not: at least {count|number}, told at {places|number} places',
    overrun: 'records were overwritten while they were being read',
    excerpt: 'the log was made by a grep or the like: only selected lines are in it',
    longLines:
      'lines longer than 64 KiB, of which only the beginning was read: {count|number}, the first is line {first}',
    rebooted: 'The node booted again: what stands before line {line} is of an earlier boot.',
    unstamped:
      '{count|number} of these reports have no time that compares with --since or --until; they are shown all the same.',
    seq: '{path} record {first}',
  },
  zh: {
    reports: '报告：{count|number} 份（{kinds}）',
    reportsAtLeast: '报告：至少 {count|number} 份（{kinds}）',
    none: '没有内存方面的报告。',
    noneWanted: '没有所选种类和时间范围内的内存报告。',
    noneOfWhatIsThere: '日志现有的内容里没有内存方面的报告。',
    noKernel: '里面没有一行是内核打印的。',
    kind: '{kind} {count|number}',
    earlier: '在下一份之前还有 {count|number} 份同样的报告，{from} 至 {to}；-o jsonl 会给出每一份',
    earlierUndated: '在下一份之前还有 {count|number} 份同样的报告；-o jsonl 会给出每一份',
    others: '另有 {count|number} 份 {what}，{from} 至 {to}；-o jsonl 会给出每一份',
    othersUndated: '另有 {count|number} 份 {what}；-o jsonl 会给出每一份',
    rest: '……其余解释见 {where}',
    alike: '……解释见 {where}；各自的数字见 -o jsonl：',
    beginning: '报告的开头不在日志里，其中的内容这里不作推测。',
    cut: '报告没有结束，日志就中断或转到了别的内容；后面的部分这里不作推测。',
    fragment: '日志里只有这份报告中被筛选出的几行（grep），其余内容这里不作推测。',
    notThere: '日志没有给出：{what}。',
    claim: '它是用户态写入日志的，并非内核输出：可能是测试，也可能是伪造。',
    remedies: '处理建议（命令见 kmemscope explain ID）：{what}',
    missing: '日志里缺少的内容',
    suppressed: '内核只计数而没有打印的消息：{count|number} 条，来自 {what}',
    lost: '读取前已被覆盖的记录（按序号计算）：{count|number} 条',
    lostOfKernel: '日志自己说明缺少的行：至少 {count|number} 行，共 {places|number} 处，其中可能有内核的',
    lostOfPrograms: '日志自己说明缺少的程序的行：至少 {count|number} 行，共 {places|number} 处',
    overrun: '有记录在读取过程中被覆盖',
    excerpt: '日志经过 grep 之类的筛选，只含部分行',
    longLines: '超过 64 KiB 的行，只读了开头：{count|number} 行，第一处在第 {first} 行',
    rebooted: '节点重启过：第 {line} 行之前属于更早的一次启动。',
    unstamped: '其中 {count|number} 份报告没有可与 --since、--until 比较的时间，照样列出。',
    seq: '{path} 第 {first} 条记录',
  },
})

type Key = keyof typeof words.en

export type KernelReportOptions = Pick<TerminalOptions, 'language' | 'style' | 'columns'> & {
  /** Reports in the log that have no time to compare with what was asked for. */
  readonly unstamped?: number
  /** Only some kinds or times were asked for. */
  readonly narrowed?: boolean
}

/**
 * Of reports that say the same of the same cgroup and task so many are explained whole, and a sentence is said so often
 * of reports of one kind; the others name the last of these. Ours.
 */
const ALIKE_WHOLE = 3

/** Wider is hard to read. */
const WIDEST = 100

/** Below a label that is wider its value stands on a line of its own. */
const WIDEST_LABEL = 30

/** What is printed of one log, block by block; each ends with a line end. */
export function* renderKernelLog(log: DecodedKernelLog, options: KernelReportOptions): Generator<string> {
  yield block(headOf(log, options))
  const seen: Seen = new Map()
  const sentences: Seen = new Map()
  const folds = foldsOf(log)
  /** Where the report before is explained, if it was only named. */
  let alike: string | undefined
  for (const report of log.reports) {
    if (isAside(report, options)) continue
    const fold = folds.get(sortOf(report))
    if (fold !== undefined) {
      folds.delete(sortOf(report))
      yield `\n${block([faded(earlier(fold, options.language), options)])}`
    }
    const where = whereOf(report, options.language)
    const before = saidBefore(seen, likeness(report, options.language), where)
    if (before === undefined) yield `\n${block(reportLines(report, sentences, options))}`
    else {
      const again = alike !== before
      yield `${again ? '\n' : ''}${block(briefly(report, again ? before : undefined, options))}`
    }
    alike = before
  }
  const tail = tailOf(log, folds, options)
  if (tail.length > 0) yield `\n${block(tail)}`
}

/** How often something was said, and where whole for the last time. */
type Seen = Map<string, { count: number; where: string }>

/** Where something was said whole, once it has been said often enough; undefined: say it. */
function saidBefore(seen: Seen, what: string, where: string): string | undefined {
  const before = seen.get(what) ?? { count: 0, where }
  seen.set(what, before)
  before.count += 1
  if (before.count > ALIKE_WHOLE) return before.where
  before.where = where
  return undefined
}

function block(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** The title and the sentences of a report in one language, as one paragraph. */
export function reportWords(
  report: KernelReport,
  language: Language,
): { readonly title: string; readonly summary: string; readonly remedies: readonly string[] } {
  const { text: sentences, values, title, summary, remedies } = explain(report)
  const filled = known(values)
  return {
    title: say(sentences, title, language, filled),
    summary: summary.map(key => say(sentences, key, language, filled)).join(language === 'zh' ? '' : ' '),
    remedies,
  }
}

function known(values: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function headOf(log: DecodedKernelLog, options: KernelReportOptions): readonly string[] {
  const { language, style } = options
  const { path, kernelRecords, records, from, to, sequenceGaps, excerpt } = log.source
  const reach =
    from === undefined || to === undefined
      ? label('logNoStamp', language, { path, records })
      : label('logFrom', language, {
          path,
          records,
          from: stampWords(from, language),
          to: stampWords(to, language),
        })
  const name = label('log', language)
  const lines = paragraph(`${name} ${reach}`, '', options).map(line =>
    line.startsWith(name) ? `${style.strong(name)}${line.slice(name.length)}` : line,
  )
  const counts = new Map<string, number>()
  const add = (kind: KernelReport['kind'], count: number): void => {
    if (kind !== 'callbacks-suppressed' && kind !== 'records-lost')
      counts.set(kind, (counts.get(kind) ?? 0) + count)
  }
  for (const { kind } of log.reports) add(kind, 1)
  for (const { kind, count } of log.folded) add(kind, count)
  const count = [...counts.values()].reduce((sum, one) => sum + one, 0)
  const torn =
    sequenceGaps.length > 0 ||
    excerpt === true ||
    [...suppressedBy(log).keys()].some(suppressesReports) ||
    log.reports.some(report => report.kind === 'records-lost' && report.whose === 'kernel')
  if (count > 0) {
    const kinds = listed(
      [...counts].map(([kind, times]) => say(words, 'kind', language, { kind, count: times })),
      language,
    )
    lines.push(
      ...paragraph(say(words, torn ? 'reportsAtLeast' : 'reports', language, { count, kinds }), '', options),
    )
  } else if (kernelRecords === 0) lines.push(say(words, 'noKernel', language))
  else lines.push(say(words, options.narrowed ? 'noneWanted' : torn ? 'noneOfWhatIsThere' : 'none', language))
  if (log.source.rebootedAt !== undefined)
    lines.push(faded(say(words, 'rebooted', language, { line: log.source.rebootedAt }), options))
  return lines
}

/** Reports of one kind, cgroup and task. */
function sortOf(report: KernelReport): string {
  const { memcg = '', task = '' } = foldKey(report)
  return `${report.kind}\0${memcg}\0${task}\0${report.kind === 'oom' ? (report.scope ?? '') : ''}`
}

/** By sort; what the kernel suppressed is told at the end. */
function foldsOf({ folded }: DecodedKernelLog): Map<string, FoldedReports> {
  return new Map(
    folded.flatMap(fold =>
      fold.kind === 'callbacks-suppressed'
        ? []
        : [[`${fold.kind}\0${fold.memcg ?? ''}\0${fold.task ?? ''}\0${fold.scope ?? ''}`, fold] as const],
    ),
  )
}

/** Reports of one likeness say the same of the same, but for their figures. */
function likeness(report: KernelReport, language: Language): string {
  return `${sortOf(report)}\0${reportWords(report, language).title.replace(/\d+/g, '#')}`
}

function reportLines(report: KernelReport, said: Seen, options: KernelReportOptions): readonly string[] {
  const { language, style } = options
  const { text: sentences, values, facts, remedies, summary: keys } = explain(report)
  const { title } = reportWords(report, language)
  const partial = partOf(report)
  const missing = missingOf(report)
    .map(part => say(missingParts, part, language))
    .join(language === 'zh' ? '；' : '; ')
  const summary: string[] = []
  let elsewhere: string | undefined
  for (const key of keys) {
    const sentence = say(sentences, key, language, known(values))
    const before = saidBefore(said, `${report.kind}\0${sentence}`, whereOf(report, language))
    if (before === undefined) summary.push(sentence)
    else elsewhere = before
  }
  return [
    placeLine(report, options),
    ...paragraph(title, '', options).map(style.strong),
    ...table(
      facts.map(([name, value]) => [say(sentences, name, language, known(values)), valueWords(value)]),
      options,
    ),
    ...paragraph(summary.join(language === 'zh' ? '' : ' '), '  ', options),
    ...(elsewhere === undefined
      ? []
      : paragraph(say(words, 'rest', language, { where: elsewhere }), '  ', options).map(style.faint)),
    ...drawing(report, options),
    ...partial.flatMap(key => paragraph(say(words, key, language), '  ', options).map(style.warning)),
    ...(missing === ''
      ? []
      : paragraph(say(words, 'notThere', language, { what: missing }), '  ', options).map(style.warning)),
    ...(remedies.length === 0
      ? []
      : paragraph(say(words, 'remedies', language, { what: listed(remedies, language) }), '  ', options)),
  ]
}

/** The damaged object, byte by byte. */
function drawing(report: KernelReport, { language, style, columns }: KernelReportOptions): readonly string[] {
  const picture = report.kind === 'slub-corruption' ? objectPicture(report) : undefined
  return picture === undefined
    ? []
    : objectPictureLines(picture, { language, style, columns: Math.min(columns, WIDEST) })
}

/** Place and title of one of many; of those that follow each other the first says where they are explained. */
function briefly(
  report: KernelReport,
  where: string | undefined,
  options: KernelReportOptions,
): readonly string[] {
  const { language, style, columns } = options
  const place = placeWords({ ...report, kind: undefined }, language)
  const title = printable(reportWords(report, language).title)
  const fits = width(place) + 2 + width(title) <= Math.min(columns, WIDEST)
  return [
    ...(where === undefined
      ? []
      : paragraph(say(words, 'alike', language, { where }), '', options).map(style.faint)),
    ...(fits
      ? [`${style.faint(place)}  ${title}`]
      : [style.faint(place), ...paragraph(title, '  ', options)]),
  ]
}

function placeLine(report: KernelReport, options: KernelReportOptions): string {
  return options.style.faint(placeWords(report, options.language))
}

/** Where, when, of which kind. */
function placeWords(
  report: Pick<KernelReport, 'path' | 'lines' | 'seq' | 'at'> & { readonly kind?: string | undefined },
  language: Language,
): string {
  const { at, kind } = report
  const parts = [whereOf(report, language), at === undefined ? undefined : stampWords(at, language), kind]
  return printable(parts.filter(part => part !== undefined).join('  '))
}

/** `dmesg.txt:12-48`, or the number of the record in the ring. */
function whereOf(
  { path, lines, seq }: Pick<KernelReport, 'path' | 'lines' | 'seq'>,
  language: Language,
): string {
  if (lines !== undefined) {
    const [first, last] = lines
    return `${path}:${first === last ? first : `${first}-${last}`}`
  }
  return seq === undefined ? path : say(words, 'seq', language, { path, first: seq[0] })
}

/** What is not there of a report, and who wrote it. */
function partOf(report: KernelReport): readonly Key[] {
  const fragment = 'fragment' in report && report.fragment === true
  return [
    ...(fragment ? ['fragment' as const] : []),
    ...(!fragment && 'truncatedHead' in report && report.truncatedHead === true
      ? ['beginning' as const]
      : []),
    ...(!fragment && 'truncated' in report && report.truncated === true ? ['cut' as const] : []),
    ...(report.userWritten === true ? ['claim' as const] : []),
  ]
}

function valueWords(value: Value): string {
  return typeof value === 'number' ? formatBytes(value) : value
}

/** Labels and values side by side; a value that is too long goes on below itself. */
function table(
  rows: readonly (readonly [label: string, value: string])[],
  options: KernelReportOptions,
): readonly string[] {
  const { style, columns } = options
  const cells = Math.max(0, ...rows.map(([name]) => width(name)).filter(cells => cells <= WIDEST_LABEL))
  const room = Math.max(20, Math.min(columns, WIDEST) - cells - 4)
  return rows.flatMap(([name, value]) => {
    if (width(name) > cells)
      return [
        ...paragraph(name, '  ', options).map(style.faint),
        ...paragraph(value, ' '.repeat(cells + 4), options),
      ]
    const gap = ' '.repeat(Math.max(0, cells - width(name)) + 2)
    const [first = '', ...more] = wrapped(value, room)
    const blank = ' '.repeat(cells + 4)
    return [`  ${style.faint(printable(name))}${gap}${first}`, ...more.map(line => `${blank}${line}`)]
  })
}

/** Text wrapped to the terminal, nothing of it able to steer one. */
function paragraph(sentence: string, indent: string, { columns }: KernelReportOptions): readonly string[] {
  return wrapped(sentence, Math.max(20, Math.min(columns, WIDEST) - indent.length)).map(
    line => `${indent}${line}`,
  )
}

/** Lines in which no figure stands apart from its unit. */
function wrapped(text: string, cells: number): readonly string[] {
  const bound = printable(text).replace(/(\d) (?=(?:B|[KMGTP]iB|%|s|ms)(?![\w-]))/g, `$1${BLANK}`)
  return wrap(bound, cells).map(line => line.replaceAll(BLANK, ' '))
}

/** A character of nobody's (private use), which stands for a blank at which no line may end. */
const BLANK = '\ue000'

function faded(line: string, { style }: KernelReportOptions): string {
  return style.faint(printable(line))
}

function earlier({ count, first, last }: FoldedReports, language: Language): string {
  return `… ${say(words, first === undefined || last === undefined ? 'earlierUndated' : 'earlier', language, {
    count,
    ...span(first, last, language),
  })}`
}

function span(
  first: Stamp | undefined,
  last: Stamp | undefined,
  language: Language,
): Readonly<Record<string, string>> {
  return first === undefined || last === undefined
    ? {}
    : { from: stampWords(first, language), to: stampWords(last, language) }
}

/** What was not printed of code that reports no memory: it stands at the end, with its number, unless it is asked for. */
function isAside(report: KernelReport, { narrowed }: KernelReportOptions): boolean {
  return report.kind === 'callbacks-suppressed' && narrowed !== true && !suppressesReports(report.source)
}

/** How many messages of whom were counted and not printed. */
function suppressedBy({ reports, folded }: DecodedKernelLog): ReadonlyMap<string, number> {
  const by = new Map<string, number>()
  const add = (source: string, count: number): void => {
    by.set(source, (by.get(source) ?? 0) + count)
  }
  for (const report of reports) if (report.kind === 'callbacks-suppressed') add(report.source, report.count)
  for (const { kind, task = '', count } of folded) if (kind === 'callbacks-suppressed') add(task, count)
  return by
}

/** What was only counted and is like no report that is shown, and what is missing. */
function tailOf(
  log: DecodedKernelLog,
  rest: ReadonlyMap<string, FoldedReports>,
  options: KernelReportOptions,
): readonly string[] {
  const { language, style, unstamped = 0 } = options
  const lines: string[] = []
  for (const { kind, memcg, task, count, first, last } of [...rest.values()].slice(0, MOST_FOLDS))
    lines.push(
      `… ${say(words, first === undefined || last === undefined ? 'othersUndated' : 'others', language, {
        count,
        what: [kind, memcg, task].filter(part => part !== undefined).join(' '),
        ...span(first, last, language),
      })}`,
    )
  if (rest.size > MOST_FOLDS)
    lines.push(`… ${label('moreGaps', language, { count: rest.size - MOST_FOLDS })}`)
  const missing: string[] = []
  const suppressed = suppressedBy(log)
  if (suppressed.size > 0)
    missing.push(
      say(words, 'suppressed', language, {
        count: [...suppressed.values()].reduce((sum, one) => sum + one, 0),
        what: listed([...suppressed.keys()].slice(0, MOST_SOURCES), language),
      }),
    )
  const { sequenceGaps, overrun, excerpt, lost } = log.source
  if (sequenceGaps.length > 0)
    missing.push(
      say(words, 'lost', language, { count: sequenceGaps.reduce((sum, gap) => sum + gap.missing, 0) }),
    )
  else if (overrun === true) missing.push(say(words, 'overrun', language))
  if (lost !== undefined)
    missing.push(say(words, lost.ofKernel > 0 ? 'lostOfKernel' : 'lostOfPrograms', language, { ...lost }))
  if (excerpt === true) missing.push(say(words, 'excerpt', language))
  if (log.cutLines !== undefined) missing.push(say(words, 'longLines', language, log.cutLines))
  const blocks = [
    ...lines.flatMap(line => paragraph(line, '', options)).map(style.faint),
    ...(missing.length === 0
      ? []
      : [
          style.strong(say(words, 'missing', language)),
          ...missing.flatMap(line => paragraph(line, '  ', options)),
        ]),
    ...(unstamped === 0
      ? []
      : paragraph(say(words, 'unstamped', language, { count: unstamped }), '', options)),
  ]
  return blocks
}

/** Sorts of folded reports that are listed; ours. */
const MOST_FOLDS = 30

/** Functions that are named of those whose messages were suppressed; ours. */
const MOST_SOURCES = 5
