// The Report for a person at a terminal: what was found first, what to do, what could not be checked last.

import { printable } from '../base/printable.ts'
import type { Language } from '../base/text.ts'
import type { Stamp } from '../base/time.ts'
import { formatBytes } from '../base/units.ts'
import { cutCells, width, wrap } from '../base/width.ts'
import type { DefectBearing, Evidence, Finding, Severity, Subject } from '../case/finding.ts'
import type { Report } from '../case/report.ts'
import { defectWords as defectSentences } from '../knowledge/defect.ts'
import { remedy } from '../knowledge/remedies.ts'
import { unknownReasons, unknownRemedies } from '../knowledge/unknown.ts'
import { remedyContext } from './remedy-context.ts'
import { label, labelled, listed, say, summaryOf, type Texts, titleOf } from './words.ts'

/** How a terminal is dressed; `plain` where it is none. */
export interface Style {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly critical: (text: string) => string
  readonly warning: (text: string) => string
  readonly good: (text: string) => string
}

const same = (text: string): string => text

export const plain: Style = { strong: same, faint: same, critical: same, warning: same, good: same }

const sgr =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`

export const coloured: Style = {
  strong: sgr(1),
  faint: sgr(2),
  critical: sgr(31),
  warning: sgr(33),
  good: sgr(32),
}

export interface TerminalOptions {
  readonly language: Language
  readonly texts: Texts
  readonly style: Style
  /** Cells of the terminal. */
  readonly columns: number
  readonly version: string
}

/** Lines of evidence shown of one finding; the JSON has all. */
const EVIDENCE_SHOWN = 8

/** Gaps shown by path; absent files that nothing depended on are many. */
const GAPS_SHOWN = 6

export function renderTerminal(report: Report, options: TerminalOptions): string {
  const blocks = [
    head(report, options),
    overview(report, options),
    ...(report.findings.length === 0
      ? [nothing(report, options)]
      : report.findings.slice(0, DETAILED).map(finding => findingBlock(finding, options))),
    notDetailed(report, options),
    remedyBlock(report, options),
    verdictBlock(report, options),
    unknownBlock(report, options),
    gapBlock(report, options),
    [options.style.faint(label('changedNothing', options.language))],
  ]
  return `${blocks
    .filter(block => block.length > 0)
    .map(block => block.join('\n'))
    .join('\n\n')}\n`
}

function head({ node, logs, gaps }: Report, { language, style, version }: TerminalOptions): string[] {
  const parts = [node.hostname, node.kernel, node.distribution, node.cgroup && `cgroup ${node.cgroup}`]
  const lines = [
    `${style.strong(`kmemscope ${version}`)}  ${parts
      .filter(part => part !== undefined)
      .map(printable)
      .join(' · ')}`.trimEnd(),
  ]
  for (const { path, kernelRecords, from, to } of logs) {
    if (kernelRecords === 0) continue
    const words =
      from === undefined || to === undefined
        ? label('logNoStamp', language, { path, records: kernelRecords })
        : label('logFrom', language, {
            path,
            records: kernelRecords,
            from: stampWords(from, language),
            to: stampWords(to, language),
          })
    lines.push(style.faint(`${label('log', language)} ${printable(words)}`))
  }
  if (lines.length > 1 && gaps.some(({ remedy }) => remedy === 'read-persistent-log')) {
    lines.push(
      style.faint(labelled('older', say(unknownRemedies, 'read-persistent-log', language), language)),
    )
  }
  return lines
}

/** All findings on one screen before any detail, where there is more than one. */
function overview({ findings }: Report, options: TerminalOptions): string[] {
  if (findings.length < 2) return []
  const { language, style, texts } = options
  const listed = findings.slice(0, LISTED)
  const cells = Math.max(...listed.map(({ severity }) => width(severityWord(severity, language))))
  return [
    style.strong(label('findings', language)),
    ...listed.map(finding => {
      const { subject } = finding
      const whose = podWords(subject, language)
      const mark = severityWord(finding.severity, language)
      const gap = ' '.repeat(cells - width(mark) + 2)
      const title = printable(cutCells(titleOf(finding, texts, language), TITLE_CELLS))
      return `  ${severityMark(finding.severity, options)}${gap}${title}${whose === undefined ? '' : style.faint(`  ${printable(whose)}`)}`
    }),
    ...more(findings.length - LISTED, options).map(line => `  ${line}`),
  ]
}

/** A storm over many pods is listed and detailed so far; the JSON has all of it. */
const LISTED = 30
const DETAILED = 12

function more(count: number, { language, style }: TerminalOptions): string[] {
  return count > 0 ? [style.faint(`${label('moreGaps', language, { count })} (-o json)`)] : []
}

function notDetailed({ findings }: Report, options: TerminalOptions): string[] {
  return more(findings.length - DETAILED, options)
}

/** A title in the overview; the whole one stands with its finding. */
const TITLE_CELLS = 88

/** A quoted line of the log; the JSON has all of it. */
const QUOTE_CELLS = 200

/** Whether nothing was left out but what needs a debugging instrument, which nearly no node has at work. */
export function lookedAtAll({ verdicts, unknown }: Report): boolean {
  const open = new Set(
    unknown.filter(({ instrumentOff }) => instrumentOff !== true).map(({ detector }) => detector),
  )
  return Object.entries(verdicts).every(
    ([id, verdict]) => verdict === 'absent' || (verdict === 'unknown' && !open.has(id)),
  )
}

/** Judgements whose debugging instrument is off, in one line; '' where there is none. */
export function instrumentWords({ unknown, verdicts }: Report, language: Language): string {
  const ids = unknown
    .filter(({ instrumentOff, detector }) => instrumentOff === true && verdicts[detector] === 'unknown')
    .map(({ detector }) => detector)
  const [first] = ids
  if (first === undefined) return ''
  return label('instrumentOff', language, {
    what: listed([...new Set(ids)], language),
    id: first,
  })
}

function nothing(report: Report, { language, style }: TerminalOptions): string[] {
  return [lookedAtAll(report) ? style.good(label('none', language)) : label('noneButUnknown', language)]
}

function findingBlock(finding: Finding, options: TerminalOptions): string[] {
  const { language, style, texts, columns } = options
  const lines = [
    `${severityMark(finding.severity, options)}  ${style.strong(printable(titleOf(finding, texts, language)))}`,
    style.faint(`  ${[finding.detector, ...subjectWords(finding, language)].map(printable).join(' · ')}`),
  ]
  lines.push(...indented(summaryOf(finding, texts, language), '  ', columns))
  const when = whenWords(finding, language)
  if (when !== '') lines.push(style.faint(`  ${printable(when)}`))
  lines.push(`  ${style.strong(label('evidence', language))}`)
  for (const evidence of finding.evidence.slice(0, EVIDENCE_SHOWN)) {
    const words = evidenceWords(evidence, language)
    // the path of a reading may be long, and its figure stands at the end
    lines.push(`    ${evidence.kind === 'log' ? cutCells(words, QUOTE_CELLS) : words}`)
  }
  if (finding.evidence.length > EVIDENCE_SHOWN) {
    const count = finding.evidence.length - EVIDENCE_SHOWN
    lines.push(
      style.faint(
        `    ${label('moreGaps', language, { count })}${label('aside', language, { what: '-o json' })}`,
      ),
    )
  }
  if (finding.remedies.length > 0) {
    const names = finding.remedies.map(
      id => `${id}${label('aside', language, { what: label(`risk-${remedy(id).risk}`, language) })}`,
    )
    const inBrackets = label('aside', language, { what: label('risk', language) })
    lines.push(`  ${style.strong(label('remedies', language))}${style.faint(inBrackets)}`)
    lines.push(...indented(listed(names, language), '    ', columns))
  }
  if (finding.defects.length > 0) {
    lines.push(`  ${style.strong(label('defects', language))}`)
    for (const bearing of finding.defects.filter(({ status }) => status === 'affected')) {
      lines.push(...indented(defectWords(bearing, language), '    ', columns))
    }
    const open = finding.defects.filter(({ status }) => status === 'cannot-tell').map(({ id }) => id)
    if (open.length > 0)
      lines.push(
        `    ${listed(open, language)} ${label('cannot-tell', language)}${label('aside', language, { what: `kmemscope explain ${open[0]}` })}`,
      )
  }
  return lines
}

/** Text wrapped to the terminal, nothing of it able to steer one. */
function indented(text: string, indent: string, columns: number): string[] {
  return wrap(printable(text), Math.max(40, columns - 2 * indent.length)).map(line => `${indent}${line}`)
}

function severityWord(severity: Severity, language: Language): string {
  return label(severity, language).toUpperCase()
}

function severityMark(severity: Severity, { language, style }: TerminalOptions): string {
  const word = severityWord(severity, language)
  return severity === 'critical' ? style.critical(word) : severity === 'warning' ? style.warning(word) : word
}

/** The pod as people call it, or else by its UID. */
function podWords({ namespace, pod, podUid }: Subject, language: Language): string | undefined {
  if (pod === undefined) return podUid === undefined ? undefined : label('pod', language, { uid: podUid })
  return label('pod', language, { uid: namespace === undefined ? pod : `${namespace}/${pod}` })
}

export function subjectWords({ subject }: Finding, language: Language): string[] {
  const words: string[] = []
  if (subject.pod !== undefined) words.push(podWords(subject, language) ?? subject.pod)
  if (subject.container !== undefined) words.push(label('container', language, { name: subject.container }))
  if (subject.path !== undefined) words.push(subject.path)
  if (subject.cache !== undefined) words.push(label('slab', language, { cache: subject.cache }))
  if (subject.qos !== undefined) words.push(subject.qos)
  return words
}

/** A stamp as people write it: that syslog prints no year needs no sign here, that a clock starts at boot does. */
export function stampWords({ clock, text }: Stamp, language: Language): string {
  return clock === 'boot'
    ? label('sinceBoot', language, { seconds: text.replace(/^boot\+/, '') })
    : text.replace(/^--/, '')
}

export function whenWords({ firstSeen, lastSeen, ongoing }: Finding, language: Language): string {
  const parts: string[] = []
  if (firstSeen !== undefined && lastSeen !== undefined) {
    parts.push(
      firstSeen.text === lastSeen.text
        ? label('seenOnce', language, { first: stampWords(firstSeen, language) })
        : label('seen', language, {
            first: stampWords(firstSeen, language),
            last: stampWords(lastSeen, language),
          }),
    )
    if (ongoing !== undefined) parts.push(label(ongoing ? 'ongoing' : 'over', language))
  }
  return parts.join(language === 'zh' ? '，' : ', ')
}

/** Where, what: `dmesg.txt:12  kmem: usage …`, `/sys/…/memory.stat total_rss = 44 KiB`. */
export function evidenceWords(evidence: Evidence, language: Language): string {
  if (evidence.kind === 'log') {
    const [line, last] = evidence.lines ?? []
    const [seq] = evidence.seq ?? []
    const where =
      line !== undefined
        ? `${evidence.path}:${line === last ? line : `${line}-${last}`}`
        : seq !== undefined
          ? `${evidence.path} ${label('seq', language, { first: seq })}`
          : evidence.path
    return `${printable(where)}  ${printable(evidence.text)}`
  }
  const { value, unit } = evidence
  const shown =
    typeof value === 'string'
      ? value
      : value === Number.POSITIVE_INFINITY
        ? 'max'
        : unit === 'bytes' && value >= 1024
          ? `${value} (${formatBytes(value)})`
          : String(value)
  return printable(
    `${evidence.path}  ${evidence.key === undefined ? '' : `${keyWords(evidence.key, language)} `}${shown}`,
  )
}

/** Keys of files are the kernel's; what we counted ourselves has words. */
function keyWords(key: string, language: Language): string {
  return key in COUNTED ? label(COUNTED[key as keyof typeof COUNTED], language) : key
}

const COUNTED = {
  directories: 'keyDirectories',
  'directories with the memory controller': 'keyControlled',
  'cgroups without a directory': 'keyWithoutDirectory',
  example: 'keyExample',
} as const

/** Each remedy once, in the order of the worst finding that asks for it, with the commands for that one's subject. */
function remedyBlock(report: Report, { language, style, columns }: TerminalOptions): string[] {
  const lines = [style.strong(label('commands', language))]
  const shown = new Set<string>()
  for (const finding of report.findings) {
    const context = remedyContext(report, finding, language)
    for (const id of finding.remedies) {
      if (shown.has(id)) continue
      shown.add(id)
      const row = remedy(id)
      const words = row.text[language]
      const risk = labelled('risk', label(`risk-${row.risk}`, language), language)
      lines.push(
        `  ${style.strong(id)}  ${words.name}${style.faint(label('aside', language, { what: risk }))}`,
        ...indented(words.cost, '    ', columns).map(style.faint),
        ...row.commands(context).map(command => `    ${prompted(command)}`),
        ...indented(labelled('verify', words.verify, language), '    ', columns).map(style.faint),
        ...row.verifyCommands(context).map(command => style.faint(`    ${prompted(command)}`)),
      )
    }
  }
  return shown.size === 0 ? [] : lines
}

/** A command as a person would see it in a shell; a note between commands has no prompt. */
export function prompted(command: string): string {
  return `${command.startsWith('#') ? '' : '$ '}${printable(command)}`
}

export function defectWords({ id, status, why }: DefectBearing, language: Language): string {
  return `${id} ${labelled(status, say(defectSentences, why, language), language)}`
}

function verdictBlock({ verdicts }: Report, { language, style, columns }: TerminalOptions): string[] {
  const lines = [style.strong(label('verdicts', language))]
  for (const verdict of ['present', 'unknown', 'absent'] as const) {
    const ids = Object.entries(verdicts).flatMap(([id, given]) => (given === verdict ? [id] : []))
    if (ids.length === 0) continue
    lines.push(...indented(labelled(verdict, listed(ids, language), language), '  ', columns))
  }
  return lines
}

/** Each reason once, with the judgements it stands in the way of. */
function unknownBlock(report: Report, { language, style, columns }: TerminalOptions): string[] {
  const quiet = instrumentWords(report, language)
  const told = quiet === '' ? [] : indented(quiet, '', columns).map(style.faint)
  const unknown = report.unknown.filter(({ instrumentOff }) => instrumentOff !== true)
  if (unknown.length === 0) return told
  const groups = new Map<
    string,
    { readonly detectors: Set<string>; readonly remedy: string; readonly reason: string }
  >()
  for (const { reason, remedy: how, path = '', detector } of unknown) {
    const words = say(unknownReasons, reason, language, { path })
    const key = `${words}\0${how}`
    const group = groups.get(key) ?? {
      detectors: new Set<string>(),
      remedy: say(unknownRemedies, how, language),
      reason:
        path === '' || words.includes(path) ? words : `${words}${label('aside', language, { what: path })}`,
    }
    group.detectors.add(detector)
    groups.set(key, group)
  }
  const lines = [style.strong(label('notChecked', language))]
  for (const { detectors, remedy: how, reason } of groups.values()) {
    const stopped = `${reason}${label('colon', language)}${listed([...detectors], language)}`
    lines.push(...indented(stopped, '  ', columns))
    lines.push(style.faint(`    ${labelled('howToCheck', how, language)}`))
  }
  return [...lines, ...told]
}

function gapBlock({ gaps }: Report, { language, style }: TerminalOptions): string[] {
  const told = gaps.filter(({ why }) => why !== 'absent' && why !== 'vanished')
  if (told.length === 0) return []
  const lines = [style.strong(label('gaps', language))]
  for (const { path, why, detail } of told.slice(0, GAPS_SHOWN)) {
    lines.push(
      printable(
        `  ${path}  ${label(`gap-${why}`, language)}${detail === undefined ? '' : label('aside', language, { what: detail })}`,
      ),
    )
  }
  if (told.length > GAPS_SHOWN)
    lines.push(`  ${label('moreGaps', language, { count: told.length - GAPS_SHOWN })}`)
  return lines
}
