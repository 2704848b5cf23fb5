// The Report as Markdown, to paste into an issue or a chat. Log text is quoted as code and cannot become markup.

import { printable } from '../base/printable.ts'
import type { Language } from '../base/text.ts'
import type { Report } from '../case/report.ts'
import { remedy } from '../knowledge/remedies.ts'
import { unknownReasons, unknownRemedies } from '../knowledge/unknown.ts'
import { remedyContext } from './remedy-context.ts'
import {
  defectWords,
  evidenceWords,
  instrumentWords,
  lookedAtAll,
  subjectWords,
  whenWords,
} from './terminal.ts'
import { label, labelled, say, summaryOf, type Texts, titleOf } from './words.ts'

/** Markdown's own characters, and HTML's, in running text; an address of the web stays text and becomes no link. */
export function escaped(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]<>#|~&$]|:(?=\/\/)|(?<=\bwww)\./gi, character =>
      character === '<'
        ? '&lt;'
        : character === '>'
          ? '&gt;'
          : character === '&'
            ? '&amp;'
            : `\\${character}`,
    )
    .replace(/^(?=[-+=])|^(?<number>\d{1,9})(?=[.)](?:\s|$))/, '$<number>\\')
}

/** A fence longer than any run of backticks inside. */
export function fenced(lines: readonly string[], language = ''): string[] {
  const longest = Math.max(2, ...lines.flatMap(line => (line.match(/`+/g) ?? []).map(run => run.length)))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}${language}`, ...lines, fence]
}

export function renderMarkdown(report: Report, texts: Texts, language: Language): string {
  const { node } = report
  const lines = [`# kmemscope: ${escaped(node.hostname ?? label('node', language))}`, '']
  const facts = [node.kernel, node.distribution, node.cgroup && `cgroup ${node.cgroup}`].filter(
    part => part !== undefined,
  )
  if (facts.length > 0) lines.push(facts.map(escaped).join(' · '), '')
  if (report.findings.length === 0) {
    lines.push(label(lookedAtAll(report) ? 'none' : 'noneButUnknown', language), '')
  }
  for (const finding of report.findings) {
    lines.push(`## ${labelled(finding.severity, escaped(titleOf(finding, texts, language)), language)}`, '')
    lines.push(
      [finding.detector, ...subjectWords(finding, language)]
        .map(text => `\`${printable(text).replaceAll('`', "'")}\``)
        .join(' · '),
      '',
    )
    const summary = summaryOf(finding, texts, language)
    if (summary !== '') lines.push(escaped(summary), '')
    const when = whenWords(finding, language)
    if (when !== '') lines.push(escaped(when), '')
    lines.push(`**${label('evidence', language)}**`, '')
    lines.push(...fenced(finding.evidence.map(evidence => evidenceWords(evidence, language))), '')
    if (finding.remedies.length > 0) {
      lines.push(`**${label('remedies', language)}**`, '')
      const context = remedyContext(report, finding, language)
      finding.remedies.forEach((id, index) => {
        const row = remedy(id)
        const words = row.text[language]
        const risk = labelled('risk', label(`risk-${row.risk}`, language), language)
        const name = `${escaped(words.name)}${label('aside', language, { what: risk })}`
        lines.push(`${index + 1}. ${name}${label('stop', language)}${escaped(words.cost)}`)
        const commands = [
          ...row.commands(context),
          ...row.verifyCommands(context).map(command => `${command}  # ${label('verify', language)}`),
        ]
        if (commands.length > 0)
          lines.push(...fenced(commands.map(printable), 'sh').map(line => `   ${line}`))
      })
      lines.push('')
    }
    if (finding.defects.length > 0) {
      lines.push(`**${label('defects', language)}**`, '')
      for (const bearing of finding.defects) lines.push(`- ${escaped(defectWords(bearing, language))}`)
      lines.push('')
    }
  }
  lines.push(`## ${label('verdicts', language)}`, '', '| | |', '|---|---|')
  for (const [id, verdict] of Object.entries(report.verdicts))
    lines.push(`| \`${id}\` | ${label(verdict, language)} |`)
  lines.push('')
  const unknown = report.unknown.filter(({ instrumentOff }) => instrumentOff !== true)
  if (unknown.length > 0) {
    lines.push(`## ${label('notChecked', language)}`, '')
    for (const { detector, reason, path = '', remedy: how } of unknown) {
      lines.push(
        `- \`${detector}\`${label('colon', language)}${escaped(say(unknownReasons, reason, language, { path }))}${label('stop', language)}${escaped(labelled('howToCheck', say(unknownRemedies, how, language), language))}`,
      )
    }
    lines.push('')
  }
  const quiet = instrumentWords(report, language)
  if (quiet !== '') lines.push(escaped(quiet), '')
  return lines.join('\n')
}
