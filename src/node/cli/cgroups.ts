// kmemscope cgroups: the census of memory cgroups of this node, or of one whose files are given.

import { printable } from '../../core/base/printable.ts'
import { type CensusOrder, censusOrders } from '../../core/case/census.ts'
import { collect } from '../../core/collect.ts'
import { census } from '../../core/facts/census.ts'
import { memcgIds } from '../../core/facts/memcg-ids.ts'
import { memcgUnknown } from '../../core/facts/memcg-tree.ts'
import { unknownReasons, unknownRemedies } from '../../core/knowledge/unknown.ts'
import { type CgroupsDocument, cgroupsJson, renderCgroups } from '../../core/render/cgroups.ts'
import { renderJson } from '../../core/render/json.ts'
import { say } from '../../core/render/words.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { nearest } from './nearest.ts'
import { styleFor } from './style.ts'

/** What the census rests on; the log is of no use here. */
const COLLECTORS = [
  'kernel',
  'memcg',
  'cgroups',
  'cgroup-directories',
  'cpus',
  'meminfo',
  'slab-names',
  'pods',
  'kubelet',
]

export interface CgroupsOptions {
  readonly sources: readonly string[]
  readonly root?: string
  readonly sort?: string
}

/** The order asked for; ends where there is none of that name. */
function orderOf(sort: string | undefined, words: Settings['words']): CensusOrder {
  if (sort === undefined) return 'held'
  const order = censusOrders.find(name => name === sort)
  if (order !== undefined) return order
  throw new Ending(
    words('unknownSort', { what: printable(sort), nearest: nearest(sort, censusOrders).join(', ') }),
    exitCodes.usage,
  )
}

/** Prints the census and gives the exit code. */
export function cgroupsCommand(settings: Settings, options: CgroupsOptions): number {
  const { language, output, words } = settings
  const order = orderOf(options.sort, words)
  const opened = openTree(options.sources, options.root === undefined ? {} : { root: options.root })
  if ('problem' in opened) throw new Ending(problemSentence(opened.problem, language), exitCodes.failed)
  for (const problem of opened.problems)
    process.stderr.write(`kmemscope: ${problemSentence(problem, language)}\n`)
  const document = taken(opened.tree, settings)
  process.stdout.write(
    output === 'json'
      ? renderJson(cgroupsJson(document, order))
      : renderCgroups(document, {
          language,
          style: styleFor(process.stdout, process.env),
          columns: columnsOf(process.stdout),
          wide: output === 'wide',
          sort: order,
        }),
  )
  return opened.problems.some(({ what }) => what !== 'same-file') ? exitCodes.failed : exitCodes.finished
}

/** One census; ends where no memory hierarchy could be read, with the reason and the line that helps. */
function taken(tree: Parameters<typeof collect>[0], { language, words }: Settings): CgroupsDocument {
  const at = Date.now()
  const about = collect(tree, { at, only: COLLECTORS })
  const found = census(about)
  if (found === undefined) {
    const [why] = memcgUnknown(about)
    throw new Ending(
      words('noMemcgs', {
        why: say(unknownReasons, why?.reason ?? 'memcg-tree-not-read', language, { path: why?.path ?? '' }),
        remedy: say(unknownRemedies, why?.remedy ?? 'pass-node-files', language),
      }),
      exitCodes.failed,
    )
  }
  const dyingHold = memcgIds(about).ids?.dyingHold
  return {
    at,
    census: found,
    ...(about.node.kernel === undefined ? {} : { kernel: about.node.kernel }),
    ...(dyingHold === undefined ? {} : { dyingHoldIds: dyingHold }),
  }
}
