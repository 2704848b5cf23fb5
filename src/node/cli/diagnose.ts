// kmemscope diagnose: a tree is opened, collected, judged, put into words.

import { hostname } from 'node:os'
import { printable } from '../../core/base/printable.ts'
import type { Severity } from '../../core/case/finding.ts'
import type { Report } from '../../core/case/report.ts'
import { collect } from '../../core/collect.ts'
import { detectors } from '../../core/detectors/index.ts'
import { diagnose } from '../../core/diagnose.ts'
import { renderCondition } from '../../core/render/conditions.ts'
import { renderJson, reportJson } from '../../core/render/json.ts'
import { renderMarkdown } from '../../core/render/markdown.ts'
import { renderTerminal } from '../../core/render/terminal.ts'
import type { Texts } from '../../core/render/words.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { withNames } from './named.ts'
import { nearest } from './nearest.ts'
import { withProgress } from './progress.ts'
import { styleFor } from './style.ts'

export interface DiagnoseOptions {
  readonly sources: readonly string[]
  /** The names a mistyped command may have meant. */
  readonly commands: readonly string[]
  readonly root?: string
  readonly sinceSeconds?: number
  readonly failOn?: Severity
}

const WORSE_OR_EQUAL: Readonly<Record<Severity, readonly Severity[]>> = {
  info: ['info', 'warning', 'critical'],
  warning: ['warning', 'critical'],
  critical: ['critical'],
}

/** Prints the report and gives the exit code. */
export async function diagnoseCommand(settings: Settings, options: DiagnoseOptions): Promise<number> {
  const { language, output, words, version } = settings
  const opened = openTree(options.sources, options.root === undefined ? {} : { root: options.root })
  if ('problem' in opened) {
    const { problem } = opened
    // A word that is no file and looks like none was meant as a command.
    if (problem.what === 'no-such-file' && /^[a-z][a-z-]*$/.test(problem.path)) {
      throw new Ending(
        words('unknownCommand', {
          what: problem.path,
          nearest: nearest(problem.path, options.commands).join(', '),
        }),
        exitCodes.usage,
      )
    }
    throw new Ending(problemSentence(problem, language), exitCodes.failed)
  }
  for (const problem of opened.problems) {
    process.stderr.write(`kmemscope: ${problemSentence(problem, language)}\n`)
  }
  const { tree, done } = withProgress(opened.tree, process.stderr, (files, mebibytes) =>
    words('reading', { files, mebibytes }),
  )
  const at = Date.now()
  const read = collect(tree, {
    at,
    ...(options.sinceSeconds === undefined ? {} : { sinceSeconds: options.sinceSeconds }),
  })
  done()
  const about = await withNames(tree, read, {
    versions: true,
    env: process.env,
    ...(options.root === undefined ? {} : { root: options.root }),
  })
  const report = diagnose(about, at, (detector, error) => {
    if (process.env['KMEMSCOPE_DEBUG'] === undefined) return
    process.stderr.write(`${detector}: ${error instanceof Error ? error.stack : printable(String(error))}\n`)
  })
  const code = print(named(report, tree.origin === 'live' && options.root === undefined), settings, version)
  if (output === 'npd') return code
  if (options.failOn !== undefined && reaches(report, options.failOn)) return exitCodes.failOn
  // A file given twice is read once, and nothing of it is missing from the report.
  return opened.problems.some(({ what }) => what !== 'same-file') ? exitCodes.failed : exitCodes.finished
}

/** A live node knows its own name even where /proc does not tell it. */
function named(report: Report, live: boolean): Report {
  if (!live || report.node.hostname !== undefined) return report
  return { ...report, node: { ...report.node, hostname: hostname() } }
}

function reaches({ findings }: Report, severity: Severity): boolean {
  return findings.some(finding => WORSE_OR_EQUAL[severity].includes(finding.severity))
}

function print(report: Report, { language, output }: Settings, version: string): number {
  const texts: Texts = Object.fromEntries(detectors.map(({ id, text }) => [id, text]))
  switch (output) {
    case 'json':
      process.stdout.write(renderJson(reportJson(report, texts, language)))
      return exitCodes.finished
    case 'markdown':
      process.stdout.write(renderMarkdown(report, texts, language))
      return exitCodes.finished
    case 'npd': {
      const { line, exitCode } = renderCondition(report, texts, language)
      process.stdout.write(`${line}\n`)
      return exitCode
    }
    default: {
      const style = styleFor(process.stdout, process.env)
      process.stdout.write(
        renderTerminal(report, { language, texts, style, version, columns: columnsOf(process.stdout) }),
      )
      return exitCodes.finished
    }
  }
}
