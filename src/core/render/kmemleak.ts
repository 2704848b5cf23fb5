// What kmemleak reports, grouped by who allocated it, for a person and as JSON: one reading, or two and what changed
// between them.

import { printable } from '../base/printable.ts'
import { type Language, text } from '../base/text.ts'
import { type Instant, rfc3339 } from '../base/time.ts'
import { formatBytes } from '../base/units.ts'
import { wrap } from '../base/width.ts'
import { ownerWords } from '../decode/kmsg/kmemleak.ts'
import {
  compareKmemleak,
  type KmemleakChange,
  type KmemleakComparison,
  type KmemleakGroup,
  type KmemleakReading,
  type Range,
} from '../decode/sys/kmemleak.ts'
import {
  ageOf,
  doubtsOf,
  type KmemleakClock,
  kmemleakBlind,
  kmemleakDoubts,
  stackWords,
} from '../explain/kmemleak.ts'
import {
  type UnknownReason,
  type UnknownRemedy,
  unknownReasons,
  unknownRemedies,
} from '../knowledge/unknown.ts'
import type { Style } from './terminal.ts'
import { labelled, listed, say } from './words.ts'

const words = text({
  en: {
    head: '{path}: suspects: {count|number}, {bytes|bytes} in all, of stacks: {stacks|number}',
    empty: '{path}: kmemleak reports nothing.',
    emptyCopy:
      'A copy that failed is empty too, and so is the file while kmemleak is off: that nothing leaks, an empty copy alone does not show.',
    on: 'The detector is on.',
    ungrouped: 'Of further stacks, which are not told apart: {count|number} suspects.',
    cut: 'The last record is cut; what follows it is not there.',
    new: 'New since {before}',
    grew: 'More than in {before}',
    same: 'As much as in {before}',
    fewer: 'Less than in {before}',
    gone: 'Gone since {before}',
    both: 'Reported by both scans',
    second: 'Reported by the second scan only',
    goneAtSecond: 'Gone at the second scan: freed, or a pointer to it was found; no leak',
    nothingNew: 'Nothing is new and nothing grew.',
    noSymbol: 'code without a symbol (a module that was unloaded, or initialising code)',
    noStack: 'without a stack',
    objects: 'objects: {count|number}, {bytes|bytes}',
    change: 'objects: {before|number} → {after|number}, {beforeBytes|bytes} → {afterBytes|bytes}',
    identity: 'the same as before: {stayed|number}, new: {added|number}, gone: {gone|number}',
    sizes: 'sizes: {what}',
    percpu: 'per-CPU memory: each CPU has as much',
    comms: 'allocated by {what}',
    age: 'age {least} to {most}',
    ageOne: 'age {least}',
    jiffies: 'at jiffies {least} to {most}',
    jiffiesOne: 'at jiffies {least}',
    stack: 'stack: {what}',
    doubt: 'perhaps no leak: {what}',
    more: 'and stacks: {count|number} more (-o json has all)',
    took: 'The scans took {first} s and {second} s. kmemleak’s settings are as they were.',
  },
  zh: {
    head: '{path}：疑似泄漏 {count|number} 个，共 {bytes|bytes}，来自 {stacks|number} 个调用栈',
    empty: '{path}：kmemleak 没有报告任何东西。',
    emptyCopy:
      '复制失败时文件也是空的，kmemleak 关闭时原文件同样是空的：单凭一份空的副本，不能说明没有泄漏。',
    on: '检测器已启用。',
    ungrouped: '另有 {count|number} 个来自其他调用栈，不再细分。',
    cut: '最后一条记录不完整，后面的内容缺失。',
    new: '{before} 之后新出现',
    grew: '比 {before} 多',
    same: '与 {before} 一样多',
    fewer: '比 {before} 少',
    gone: '{before} 之后消失',
    both: '两次扫描都报告了',
    second: '只有第二次扫描报告了',
    goneAtSecond: '第二次扫描时已消失：已释放，或找到了指针，不是泄漏',
    nothingNew: '没有新出现的，也没有增长的。',
    noSymbol: '没有符号的代码（模块已卸载，或是初始化代码）',
    noStack: '没有调用栈',
    objects: '{count|number} 个对象，{bytes|bytes}',
    change: '对象 {before|number} → {after|number} 个，{beforeBytes|bytes} → {afterBytes|bytes}',
    identity: '与之前相同 {stayed|number} 个，新增 {added|number} 个，消失 {gone|number} 个',
    sizes: '大小：{what}',
    percpu: 'per-CPU 内存：每个 CPU 各有一份',
    comms: '分配时的进程：{what}',
    age: '存在 {least} 至 {most}',
    ageOne: '存在 {least}',
    jiffies: '分配时 jiffies 为 {least} 至 {most}',
    jiffiesOne: '分配时 jiffies 为 {least}',
    stack: '调用栈：{what}',
    doubt: '可能不是泄漏：{what}',
    more: '另有 {count|number} 个调用栈（全部见 -o json）',
    took: '两次扫描分别用时 {first} 秒和 {second} 秒。kmemleak 的设置未变。',
  },
})

/** Why nothing, or not all, can be said; as a verdict's reasons are. */
export interface KmemleakWhy {
  readonly reason: UnknownReason
  readonly path?: string
  readonly remedy: UnknownRemedy
}

/** What is known of the detector whose file was read; a saved copy tells nothing of it. */
export interface KmemleakStatus {
  readonly instrument: 'on' | 'maybe' | 'off'
  readonly why?: KmemleakWhy
}

/** What is rendered. */
export interface KmemleakDocument {
  readonly at: Instant
  readonly source: { readonly path: string; readonly reading: KmemleakReading }
  /** An earlier reading, to compare with. */
  readonly before?: { readonly path: string; readonly reading: KmemleakReading }
  readonly status?: KmemleakStatus
  /** Seconds of the two scans after which `before` and `source` were read. */
  readonly scans?: readonly [first: number, second: number]
  readonly clock?: KmemleakClock
}

/** Stacks that are shown; the JSON has all. */
const SHOWN = 20

function seconds(value: number): string {
  return value >= 3600
    ? `${Math.round(value / 360) / 10} h`
    : value >= 120
      ? `${Math.round(value / 6) / 10} min`
      : `${Math.round(value * 10) / 10} s`
}

function whyWords({ reason, path = '', remedy }: KmemleakWhy, language: Language): readonly string[] {
  return [
    say(unknownReasons, reason, language, { path }),
    labelled('howToCheck', say(unknownRemedies, remedy, language), language),
  ]
}

export interface KmemleakTextOptions {
  readonly language: Language
  readonly style: Style
  /** Cells of the terminal. */
  readonly columns: number
}

function nameOf({ owner, module, stack, frames }: KmemleakGroup, language: Language): string {
  const name = owner ?? say(words, stack.length === 0 ? 'noStack' : 'noSymbol', language, {})
  return ownerWords(name, module, frames)
}

export function renderKmemleak(document: KmemleakDocument, options: KmemleakTextOptions): string {
  const { language, style, columns } = options
  const { source, before, status, scans, clock } = document
  const { reading } = source
  const put = (sentence: string, indent = ''): string[] =>
    wrap(printable(sentence), Math.max(40, columns - indent.length)).map(line => `${indent}${line}`)

  function block(group: KmemleakGroup, change?: KmemleakChange): string[] {
    const age = ageOf(group, clock)
    const doubts = doubtsOf(group, clock, change, scans !== undefined)
    const range = (one: Range | undefined, key: 'age' | 'jiffies', format: (value: number) => string) =>
      one === undefined
        ? []
        : [
            say(words, format(one.least) === format(one.most) ? `${key}One` : key, language, {
              least: format(one.least),
              most: format(one.most),
            }),
          ]
    const facts = [
      ...(group.sizes.length > 1
        ? [
            say(words, 'sizes', language, {
              what: group.sizes.map(({ size, count }) => `${count} × ${formatBytes(size)}`).join(', '),
            }),
          ]
        : []),
      ...(group.area === 'percpu' ? [say(words, 'percpu', language, {})] : []),
      ...(group.comms.length === 0
        ? []
        : [say(words, 'comms', language, { what: listed([...group.comms], language) })]),
      ...range(age, 'age', seconds),
      ...range(group.jiffies, 'jiffies', String),
    ]
    const counted =
      change === undefined || scans !== undefined
        ? say(words, 'objects', language, { count: group.count, bytes: group.bytes })
        : say(words, 'change', language, {
            before: change.before.count,
            after: change.after.count,
            beforeBytes: change.before.bytes,
            afterBytes: change.after.bytes,
          })
    const identity =
      change?.objects === undefined || change.before.count === 0 || change.after.count === 0
        ? []
        : [say(words, 'identity', language, { ...change.objects })]
    return [
      `  ${style.strong(printable(nameOf(group, language)))}  ${counted}`,
      ...identity.flatMap(line => put(line, '    ')),
      ...put(facts.join(' · '), '    ').map(style.faint),
      ...(group.stack.length < 2
        ? []
        : put(say(words, 'stack', language, { what: stackWords(group.stack) }), '    ')),
      ...doubts.flatMap(doubt =>
        put(say(words, 'doubt', language, { what: kmemleakDoubts[language][doubt] }), '    ').map(
          style.warning,
        ),
      ),
    ]
  }

  function section(title: string, changes: readonly KmemleakChange[]): string[] {
    if (changes.length === 0) return []
    return [
      style.strong(title),
      ...changes.slice(0, SHOWN).flatMap(change => block(change.group, change)),
      ...more(changes.length),
      '',
    ]
  }

  function more(count: number): string[] {
    return count > SHOWN ? [`  ${say(words, 'more', language, { count: count - SHOWN })}`] : []
  }

  function compared(comparison: KmemleakComparison, path: string): string[] {
    const { appeared, grew, stayed, shrank, gone } = comparison
    if (scans !== undefined) {
      return [
        ...section(say(words, 'both', language, {}), [...grew, ...stayed, ...shrank]),
        ...section(say(words, 'second', language, {}), appeared),
        ...section(say(words, 'goneAtSecond', language, {}), gone),
      ]
    }
    const titled = (key: 'new' | 'grew' | 'same' | 'fewer' | 'gone', changes: readonly KmemleakChange[]) =>
      section(say(words, key, language, { before: path }), changes)
    return [
      ...(appeared.length === 0 && grew.length === 0 ? [say(words, 'nothingNew', language, {}), ''] : []),
      ...titled('new', appeared),
      ...titled('grew', grew),
      ...titled('same', stayed),
      ...titled('fewer', shrank),
      ...titled('gone', gone),
    ]
  }

  const head =
    reading.records === 0
      ? say(words, 'empty', language, { path: source.path })
      : say(words, 'head', language, {
          path: source.path,
          count: reading.records,
          bytes: reading.bytes,
          stacks: reading.groups.length,
        })
  const lines = [
    ...put(head).map(style.strong),
    ...(status === undefined
      ? reading.records === 0
        ? put(say(words, 'emptyCopy', language, {}))
        : []
      : status.why === undefined
        ? [say(words, 'on', language, {})]
        : whyWords(status.why, language).flatMap(line => put(line))),
    ...(reading.ungrouped === 0 ? [] : put(say(words, 'ungrouped', language, { count: reading.ungrouped }))),
    ...(reading.truncated === true ? put(say(words, 'cut', language, {})) : []),
    '',
    ...(before === undefined
      ? [
          ...reading.groups.slice(0, SHOWN).flatMap(group => block(group)),
          ...more(reading.groups.length),
          ...(reading.groups.length === 0 ? [] : ['']),
        ]
      : compared(compareKmemleak(before.reading, reading), before.path)),
    ...put(kmemleakBlind[language].blind).map(style.faint),
    ...(scans === undefined
      ? []
      : put(say(words, 'took', language, { first: scans[0].toFixed(2), second: scans[1].toFixed(2) }))),
  ]
  return `${lines.join('\n')}\n`
}

function groupJson(
  group: KmemleakGroup,
  clock: KmemleakClock | undefined,
  change?: KmemleakChange,
  scanned = false,
): object {
  const { frames: _, age: __, ...rest } = group
  const age = ageOf(group, clock)
  return {
    ...rest,
    ...(age === undefined ? {} : { age }),
    doubts: doubtsOf(group, clock, change, scanned),
    ...(change === undefined
      ? {}
      : {
          before: change.before,
          after: change.after,
          ...(change.objects === undefined ? {} : { objects: change.objects }),
        }),
  }
}

function sourceJson({ path, reading }: KmemleakDocument['source']): object {
  const { records, bytes, groups, ungrouped, truncated } = reading
  return {
    path,
    records,
    bytes,
    stacks: groups.length,
    ...(ungrouped === 0 ? {} : { ungrouped }),
    ...(truncated === undefined ? {} : { truncated }),
  }
}

/** The object that is printed; its shape is `kmemscope/kmemleak@1` (schemas/kmemleak.json). */
export function kmemleakJson(document: KmemleakDocument): object {
  const { at, source, before, status, scans, clock } = document
  const head = {
    schema: 'kmemscope/kmemleak@1',
    at: rfc3339(at),
    source: sourceJson(source),
    ...(status === undefined
      ? {}
      : {
          detector: { is: status.instrument, ...(status.why === undefined ? {} : status.why) },
        }),
  }
  if (before === undefined)
    return { ...head, groups: source.reading.groups.map(group => groupJson(group, clock)) }
  const { appeared, grew, stayed, shrank, gone } = compareKmemleak(before.reading, source.reading)
  const scanned = scans !== undefined
  const changes = (list: readonly KmemleakChange[]) =>
    list.map(one => groupJson(one.group, clock, one, scanned))
  return {
    ...head,
    before: sourceJson(before),
    ...(scans === undefined ? {} : { scanSeconds: scans }),
    appeared: changes(appeared),
    grew: changes(grew),
    stayed: changes(stayed),
    shrank: changes(shrank),
    gone: changes(gone),
  }
}
