// kmemscope decode: what was read, before any judgement. Of a log every report, explained; of other files their fields.

import { kernelReportJson } from '../../core/decoded/kernel-report.ts'
import { readSelected, type Selection } from '../../core/decoded/selection.ts'
import { decodeSource, logsOf } from '../../core/decoded/source.ts'
import { renderJson, renderJsonLine } from '../../core/render/json.ts'
import { renderKernelLog, reportWords } from '../../core/render/kernel-report.ts'
import { renderOutline } from '../../core/render/outline.ts'
import type { Tree } from '../../core/tree/tree.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { type Output, outputTo } from './output.ts'
import { withProgress } from './progress.ts'
import { styleFor } from './style.ts'

/** Prints what was read of the sources, one after the other, and gives the exit code. */
export function decodeCommand(
  settings: Settings,
  { sources, selection }: { readonly sources: readonly string[]; readonly selection: Selection },
): number {
  const { language, output, words } = settings
  const opened = openTree(sources)
  if ('problem' in opened)
    throw new Ending(problemSentence(opened.problem, language, 'decode'), exitCodes.failed)
  for (const problem of opened.problems)
    process.stderr.write(`kmemscope: ${problemSentence(problem, language, 'decode')}\n`)
  const { tree, done } = withProgress(opened.tree, process.stderr, (files, mebibytes) =>
    words('reading', { files, mebibytes }),
  )
  const out = outputTo(process.stdout.fd, what => {
    throw new Ending(words('unwritten', { what }), exitCodes.failed)
  })
  switch (output) {
    case 'json':
      printDocument(tree, settings, selection, done)
      break
    case 'jsonl':
      printLines(tree, settings, selection, { out, done })
      break
    default:
      printText(tree, settings, selection, { out, done })
  }
  let failed = opened.problems.some(({ what }) => what !== 'same-file')
  for (const { path, detail } of tree.gaps()) {
    if (opened.problems.some(problem => problem.path === path)) continue
    process.stderr.write(`kmemscope: ${words('readInPart', { path, what: detail ?? '' })}\n`)
    failed = true
  }
  return failed ? exitCodes.failed : exitCodes.finished
}

interface Printing {
  readonly out: Output
  /** Takes the line of progress away. */
  readonly done: () => void
}

/** The pieces of a log until nobody listens any more. */
function whileHeard({ isHeard }: Output): (chunks: Iterable<Uint8Array>) => Iterable<Uint8Array> {
  return function* (chunks) {
    for (const chunk of chunks) {
      if (!isHeard()) return
      yield chunk
    }
  }
}

function printDocument(tree: Tree, { words }: Settings, selection: Selection, done: () => void): void {
  let unstamped = 0
  const document = decodeSource(tree, {
    readLog(path) {
      const chosen = readSelected(tree, path, selection)
      unstamped += chosen?.unstamped ?? 0
      return chosen?.log
    },
  })
  done()
  process.stdout.write(renderJson(document))
  noteUnstamped(unstamped, words)
}

function noteUnstamped(count: number, words: Settings['words']): void {
  if (count > 0) process.stderr.write(`kmemscope: ${words('unstamped', { count })}\n`)
}

/** Whether nothing but logs was given; records of kmemleak read as one. */
function isLogsAlone({ origin, given = [] }: Tree): boolean {
  return (
    origin !== 'directory' &&
    given.length > 0 &&
    given.every(({ kind }) => kind === 'log' || kind === 'kmemleak')
  )
}

function isNarrowed({ kinds, since, until }: Selection): boolean {
  return kinds !== undefined || since !== undefined || until !== undefined
}

/** Every report of a log that was asked for, whole, as it ends; of a time counted from the end of the log, at its end. */
function printLines(
  tree: Tree,
  { language, words }: Settings,
  selection: Selection,
  { out, done }: Printing,
): void {
  let unstamped = 0
  const logs = logsOf(tree)
  for (const path of logs) {
    const chosen = readSelected(tree, path, selection, {
      through: whileHeard(out),
      each(report) {
        if (out.isHeard()) out.write(renderJsonLine(kernelReportJson(report, reportWords(report, language))))
      },
    })
    done()
    if (chosen === undefined) continue
    const { source, folded } = chosen.log
    unstamped += chosen.unstamped
    const counted = folded.reduce((sum, { count }) => sum + count, 0)
    if (counted > 0) process.stderr.write(`kmemscope: ${words('onlyCounted', { count: counted })}\n`)
    const lost = source.sequenceGaps.reduce((sum, { missing }) => sum + missing, 0)
    if (lost > 0)
      process.stderr.write(`kmemscope: ${words('lostRecords', { path: source.path, count: lost })}\n`)
  }
  if (logs.length === 0) process.stderr.write(`kmemscope: ${words('noLog')}\n`)
  noteUnstamped(unstamped, words)
}

function printText(tree: Tree, { language }: Settings, selection: Selection, { out, done }: Printing): void {
  const style = styleFor(process.stdout, process.env)
  const columns = columnsOf(process.stdout)
  let first = true
  const print = (text: string): void => {
    if (text === '') return
    out.write(first ? text : `\n${text}`)
    first = false
  }
  const logs = logsOf(tree)
  const only = tree.given?.length === 1 ? tree.given[0]?.kind : undefined
  if (!isLogsAlone(tree)) {
    const document = decodeSource(tree, {})
    done()
    print(renderOutline(document))
  }
  for (const path of logs) {
    const chosen = readSelected(tree, path, selection, { through: whileHeard(out) })
    done()
    if (chosen === undefined) continue
    const { log, unstamped } = chosen
    // what a shell showed is no log unless there is a report in it
    if (only === 'shell-transcript' && log.reports.length === 0) continue
    const blocks = renderKernelLog(log, {
      language,
      style,
      columns,
      unstamped,
      narrowed: isNarrowed(selection),
    })
    let head = true
    for (const block of blocks) {
      if (!out.isHeard()) return
      if (head) print(block)
      else out.write(block)
      head = false
    }
  }
}
