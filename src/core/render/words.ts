// Labels and number formats, in both languages. Sentences about a symptom are with its detector, about the world
// with the knowledge.

import { fill, type Language, type Text, text, type Value } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import type { Finding } from '../case/finding.ts'

export const labels = text({
  en: {
    critical: 'critical',
    warning: 'warning',
    info: 'info',
    present: 'present',
    absent: 'absent',
    unknown: 'unknown',
    node: 'Node',
    log: 'Log',
    older: 'For older records',
    logFrom: '{path}: {records|number} records, from {from} to {to}',
    logNoStamp: '{path}: {records|number} records, without timestamps',
    findings: 'Findings',
    none: 'Nothing found.',
    noneButUnknown: 'Nothing found in what could be read. What could not be checked is listed below.',
    evidence: 'Evidence',
    remedies: 'What to do',
    commands: 'How to do it',
    verify: 'check',
    risk: 'risk',
    'risk-none': 'none',
    'risk-low': 'low',
    'risk-medium': 'medium',
    'risk-high': 'high',
    defects: 'Known defects',
    affected: 'affected',
    'not-affected': 'not affected',
    'cannot-tell': 'cannot tell',
    verdicts: 'Verdicts',
    notChecked: 'What could not be checked',
    howToCheck: 'To check it',
    instrumentOff:
      'Not judged, as on most nodes: the debugging instrument it takes is off or not in this kernel: {what} (kmemscope explain {id})',
    gaps: 'Not read',
    'gap-absent': 'not there',
    'gap-denied': 'permission denied',
    'gap-vanished': 'vanished while being read',
    'gap-truncated': 'cut short',
    'gap-unreadable': 'could not be read',
    ongoing: 'still going on',
    over: 'not seen lately',
    seen: 'seen {first} to {last}',
    seenOnce: 'seen {first}',
    sinceBoot: '{seconds} s after boot',
    moreGaps: 'and {count|number} more',
    keyDirectories: 'directories',
    keyControlled: 'directories with the memory controller',
    keyWithoutDirectory: 'cgroups without a directory',
    keyExample: 'for example',
    seq: 'record {first}',
    pod: 'pod {uid}',
    container: 'container {name}',
    slab: 'slab cache {cache}',
    changedNothing: 'kmemscope changed nothing on this node.',
    npdOk: 'no memory problem found',
    npdUnknown: 'not checked: {what}',
    colon: ': ',
    comma: ', ',
    stop: '. ',
    aside: ' ({what})',
  },
  zh: {
    critical: '严重',
    warning: '警告',
    info: '提示',
    present: '存在',
    absent: '不存在',
    unknown: '未知',
    node: '节点',
    log: '日志',
    older: '要看更早的记录',
    logFrom: '{path}：{records|number} 条记录，从 {from} 到 {to}',
    logNoStamp: '{path}：{records|number} 条记录，没有时间戳',
    findings: '发现的问题',
    none: '没有发现问题。',
    noneButUnknown: '在读到的内容里没有发现问题。未能检查的内容见下。',
    evidence: '证据',
    remedies: '处理建议',
    commands: '具体做法',
    verify: '验证',
    risk: '风险',
    'risk-none': '无',
    'risk-low': '低',
    'risk-medium': '中',
    'risk-high': '高',
    defects: '已知缺陷',
    affected: '受影响',
    'not-affected': '不受影响',
    'cannot-tell': '无法判断',
    verdicts: '结论',
    notChecked: '未能检查的内容',
    howToCheck: '如何检查',
    instrumentOff:
      '未作判断（多数节点如此）：所需的调试手段没有启用，或内核里没有：{what}（kmemscope explain {id}）',
    gaps: '未读到',
    'gap-absent': '不存在',
    'gap-denied': '没有权限',
    'gap-vanished': '读取时已消失',
    'gap-truncated': '被截断',
    'gap-unreadable': '读取失败',
    ongoing: '仍在发生',
    over: '最近没有再发生',
    seen: '出现于 {first} 至 {last}',
    seenOnce: '出现于 {first}',
    sinceBoot: '开机后 {seconds} 秒',
    moreGaps: '另有 {count|number} 条',
    keyDirectories: '目录数',
    keyControlled: '启用了内存控制器的目录数',
    keyWithoutDirectory: '没有目录的 cgroup 数',
    keyExample: '例如',
    seq: '第 {first} 条记录',
    pod: 'Pod {uid}',
    container: '容器 {name}',
    slab: 'slab 缓存 {cache}',
    changedNothing: 'kmemscope 没有改动本节点上的任何东西。',
    npdOk: '没有发现内存问题',
    npdUnknown: '未能检查：{what}',
    colon: '：',
    comma: '、',
    stop: '。',
    aside: '（{what}）',
  },
})

export type Label = keyof typeof labels.en

/** Thousands apart, as English and Chinese readers both write them; Intl would take 11 ms to start. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** The formats a placeholder may name: `{kernel|bytes}`, `{count|number}`, `{share|percent}`. */
const FORMATS: Readonly<Record<string, (value: Value) => string>> = {
  bytes: value => (typeof value === 'number' ? formatBytes(value) : value),
  number: value => (typeof value === 'number' ? grouped(value) : value),
  percent: value => (typeof value === 'number' ? `${Math.round(value * 100)}%` : value),
}

/** One sentence in one language, its numbers as people write them. */
export function say<T extends Text>(
  words: T,
  key: string,
  language: Language,
  values: Readonly<Record<string, Value>> = {},
): string {
  return fill(words[language][key] ?? key, values, FORMATS)
}

export function label(key: Label, language: Language, values: Readonly<Record<string, Value>> = {}): string {
  return say(labels, key, language, values)
}

/** `risk: low`, with the colon of the language. */
export function labelled(key: Label, value: string, language: Language): string {
  return `${label(key, language)}${label('colon', language)}${value}`
}

/** Names one after the other. */
export function listed(names: readonly string[], language: Language): string {
  return names.join(label('comma', language))
}

/** The title of a finding, from its detector's sentences. */
export function titleOf(finding: Finding, texts: Texts, language: Language): string {
  const words = texts[finding.detector]
  return words === undefined ? finding.detector : say(words, finding.words.title, language, finding.values)
}

/** The sentences below the title, as one paragraph. Chinese sentences follow each other without a blank. */
export function summaryOf(finding: Finding, texts: Texts, language: Language): string {
  const words = texts[finding.detector]
  if (words === undefined) return ''
  return finding.words.summary
    .map(key => say(words, key, language, finding.values))
    .join(language === 'zh' ? '' : ' ')
}

/** Sentences of the detectors by id: renderers are given them, they do not import the judgements. */
export type Texts = Readonly<Record<string, Text>>
