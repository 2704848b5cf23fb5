// kmemscope decode: what was read from one source, before any judgement.

import { decodeSource } from '../../core/decoded/source.ts'
import { renderJson } from '../../core/render/json.ts'
import { renderOutline } from '../../core/render/outline.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { withProgress } from './progress.ts'

/** Prints the document and gives the exit code. */
export function decodeCommand({ language, output, words }: Settings, source: string): number {
  const opened = openTree([source])
  if ('problem' in opened) throw new Ending(problemSentence(opened.problem, language), exitCodes.failed)
  const { tree, done } = withProgress(opened.tree, process.stderr, (files, mebibytes) =>
    words('reading', { files, mebibytes }),
  )
  const document = decodeSource(tree)
  done()
  process.stdout.write(output === 'json' ? renderJson(document) : renderOutline(document))
  return exitCodes.finished
}
