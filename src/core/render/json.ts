// The Report as JSON: schemas/report.json. Only `title` and `summary` are in a language; all else is data.

import type { Language, Value } from '../base/text.ts'
import { rfc3339 } from '../base/time.ts'
import type { Evidence, Finding } from '../case/finding.ts'
import type { LogSource } from '../case/kernel-log.ts'
import type { Report } from '../case/report.ts'
import { type RemedyContext, remedy } from '../knowledge/remedies.ts'
import { remedyContext } from './remedy-context.ts'
import { summaryOf, type Texts, titleOf } from './words.ts'

/** `Infinity` is the kernel's own word in a Report. */
function reported(value: Value): Value {
  return value === Number.POSITIVE_INFINITY ? 'max' : value
}

export function evidenceJson(evidence: Evidence): object {
  if (evidence.kind === 'reading') {
    return { ...evidence, value: reported(evidence.value), at: rfc3339(evidence.at) }
  }
  const { at, ...rest } = evidence
  return { ...rest, ...(at === undefined ? {} : { at: at.text }) }
}

function findingJson(finding: Finding, texts: Texts, language: Language, context: RemedyContext): object {
  const { firstSeen, lastSeen, evidence, remedies, values, ...rest } = finding
  return {
    ...rest,
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, reported(value)])),
    evidence: evidence.map(evidenceJson),
    remedies: remedies.map(id => {
      const row = remedy(id)
      return { id, risk: row.risk, commands: row.commands(context), verify: row.verifyCommands(context) }
    }),
    ...(firstSeen === undefined ? {} : { firstSeen: firstSeen.text }),
    ...(lastSeen === undefined ? {} : { lastSeen: lastSeen.text }),
    title: titleOf(finding, texts, language),
    summary: summaryOf(finding, texts, language),
  }
}

/** From when to when, as the log writes it. */
function reach({ from, to }: Pick<LogSource, 'from' | 'to'>): object {
  return {
    ...(from === undefined ? {} : { from: from.text }),
    ...(to === undefined ? {} : { to: to.text }),
  }
}

function logJson(source: LogSource): object {
  const { from: _from, to: _to, ...rest } = source
  return { ...rest, ...reach(source) }
}

/** The object that is printed; its shape is `kmemscope/report@1`. */
export function reportJson(report: Report, texts: Texts, language: Language): object {
  return {
    schema: report.schema,
    at: rfc3339(report.at),
    node: report.node,
    verdicts: report.verdicts,
    findings: report.findings.map(finding =>
      findingJson(finding, texts, language, remedyContext(report, finding)),
    ),
    unknown: report.unknown,
    gaps: report.gaps,
    logs: report.logs.map(logJson),
  }
}

/**
 * JSON as every command prints it: two blanks of indent, one line end. Integers stand digit by digit, also where they
 * are larger than JavaScript's own printer keeps exact (a limit file says 9223372036854771712, not …772000).
 */
export function renderJson(document: object): string {
  return `${written(document, '')}\n`
}

/** The same on one line, of many objects one after the other. */
export function renderJsonLine(document: object): string {
  return `${written(document, undefined)}\n`
}

/** Without an `indent` on one line. */
function written(value: unknown, indent: string | undefined): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return BigInt(value).toString()
  }
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const inner = indent === undefined ? undefined : `${indent}  `
  const colon = indent === undefined ? ':' : ': '
  const [open, close, items] = Array.isArray(value)
    ? ['[', ']', value.map(item => written(item, inner))]
    : [
        '{',
        '}',
        Object.entries(value).flatMap(([name, member]) =>
          member === undefined ? [] : [`${quoted(name)}${colon}${written(member, inner)}`],
        ),
      ]
  if (items.length === 0) return `${open}${close}`
  if (inner === undefined) return `${open}${items.join(',')}${close}`
  return `${open}\n${items.map(item => `${inner}${item}`).join(',\n')}\n${indent}${close}`
}

/**
 * A string with what steers a terminal as an escape. JSON's own printer leaves U+007F to U+009F as they are, of which
 * U+009B begins a control sequence, the overrides of writing direction, and tags, which nobody sees.
 */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g,
    character =>
      character
        .split('')
        .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  )
}
