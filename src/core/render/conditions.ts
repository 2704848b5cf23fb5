// The Report as one line for node-problem-detector's custom plug-in: at most 80 bytes, and an exit code that says
// problem, no problem or unknown (node-problem-detector docs/custom_plugin_monitor.md).

import { printable } from '../base/printable.ts'
import type { Language } from '../base/text.ts'
import { cutBytes } from '../base/width.ts'
import type { Report } from '../case/report.ts'
import { unknownReasons } from '../knowledge/unknown.ts'
import { label, say, type Texts, titleOf } from './words.ts'

/** max_output_length of the plug-in's documentation; what is longer is cut there at a byte. */
const MAX_BYTES = 80

export interface Condition {
  readonly line: string
  readonly exitCode: 0 | 1 | 2
}

/**
 * 1 if a finding of warning or worse is present; else 2 if meminfo, the memory cgroup tree or the kernel log could
 * not be read; else 0.
 */
export function renderCondition(report: Report, texts: Texts, language: Language): Condition {
  const worst = report.findings.find(({ severity }) => severity !== 'info')
  if (worst !== undefined) return { line: conditionLine(titleOf(worst, texts, language)), exitCode: 1 }
  const blind = report.unknown.find(({ reason }) => BLIND.has(reason))
  if (blind !== undefined) {
    const what = say(unknownReasons, blind.reason, language, { path: blind.path ?? '' })
    return { line: conditionLine(label('npdUnknown', language, { what })), exitCode: 2 }
  }
  return { line: conditionLine(label('npdOk', language)), exitCode: 0 }
}

const BLIND: ReadonlySet<string> = new Set([
  'kernel-log-not-read',
  'no-kernel-records',
  'kernel-ring-not-read',
  'memcg-tree-not-read',
  'meminfo-not-read',
])

/** A text as the plug-in's one line. */
export function conditionLine(text: string): string {
  return cutBytes(printable(text), MAX_BYTES)
}
