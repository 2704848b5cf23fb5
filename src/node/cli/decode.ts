// kmemscope decode: what was read from one source, before any judgement.

import { readKernelLog } from '../../core/decode/kmsg/log.ts'
import { decodeSource, type LogDecoder } from '../../core/decoded.ts'
import { decodedLog } from '../../core/render/decoded-log.ts'
import { renderJson } from '../../core/render/json.ts'
import { renderOutline } from '../../core/render/outline.ts'
import { isGap } from '../../core/tree/tree.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { withProgress } from './progress.ts'

/** The log at the first path that can be read. */
const decodeLog: LogDecoder = (tree, paths) => {
  for (const path of paths) {
    const chunks = tree.chunks(path)
    if (!isGap(chunks)) return decodedLog(readKernelLog(chunks, { path: tree.shown(path) }))
  }
  return {}
}

/** Prints the document and gives the exit code. */
export function decodeCommand({ language, output, words }: Settings, source: string): number {
  const opened = openTree([source])
  if ('problem' in opened) throw new Ending(problemSentence(opened.problem, language), exitCodes.failed)
  const { tree, done } = withProgress(opened.tree, process.stderr, (files, mebibytes) =>
    words('reading', { files, mebibytes }),
  )
  const document = decodeSource(tree, decodeLog)
  done()
  process.stdout.write(output === 'json' ? renderJson(document) : renderOutline(document))
  return exitCodes.finished
}
