// kmemscope cgroups: the census of memory cgroups of this node, or of one whose files are given.

import { printable } from '../../core/base/printable.ts'
import { type CensusOrder, censusOrders } from '../../core/case/census.ts'
import type { Pins } from '../../core/case/pins.ts'
import { collect } from '../../core/collect.ts'
import { census } from '../../core/facts/census.ts'
import { memcgIds } from '../../core/facts/memcg-ids.ts'
import { memcgUnknown } from '../../core/facts/memcg-tree.ts'
import { unknownReasons, unknownRemedies } from '../../core/knowledge/unknown.ts'
import { type CgroupsDocument, censusChange, cgroupsJson, renderCgroups } from '../../core/render/cgroups.ts'
import { renderJson, renderJsonLine } from '../../core/render/json.ts'
import { pinsJson, renderPins } from '../../core/render/pins.ts'
import { say } from '../../core/render/words.ts'
import type { Tree } from '../../core/tree/tree.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { withNames } from './named.ts'
import { nearest } from './nearest.ts'
import { announcePins, PIN_COLLECTORS, PINS_SECONDS, pinsOf } from './pins.ts'
import { styleFor } from './style.ts'
import { watch } from './watch.ts'

/** What the census rests on; the log is of no use here. */
export const COLLECTORS = [
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
  /** The owner of each page is read as well. */
  readonly pins: boolean
  /** Seconds between two readings. */
  readonly watch?: number
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
export async function cgroupsCommand(settings: Settings, options: CgroupsOptions): Promise<number> {
  const { language, output, words } = settings
  const { pins: wantsPins } = options
  const seconds =
    options.watch !== undefined && wantsPins ? Math.max(options.watch, PINS_SECONDS) : options.watch
  const order = orderOf(options.sort, words)
  const opened = openTree(options.sources, options.root === undefined ? {} : { root: options.root })
  if ('problem' in opened) throw new Ending(problemSentence(opened.problem, language), exitCodes.failed)
  for (const problem of opened.problems)
    process.stderr.write(`kmemscope: ${problemSentence(problem, language)}\n`)
  const tree = wantsPins ? announcePins(opened.tree, settings) : opened.tree
  let first: CgroupsDocument | undefined
  const draw = async (): Promise<string> => {
    const { document, pins } = await taken(tree, settings, options)
    const change = first === undefined ? undefined : censusChange(first, document)
    first ??= document
    if (output === 'json') {
      const json = {
        ...cgroupsJson(document, order, change),
        ...(pins === undefined ? {} : { pins: pinsJson(pins) }),
      }
      return seconds === undefined ? renderJson(json) : renderJsonLine(json)
    }
    const shape = {
      language,
      style: styleFor(process.stdout, process.env),
      columns: columnsOf(process.stdout),
      wide: output === 'wide',
    }
    const census = renderCgroups(document, {
      ...shape,
      sort: order,
      ...(change === undefined ? {} : { change }),
    })
    return pins === undefined ? census : `${census}\n${renderPins(pins, shape)}`
  }
  if (seconds !== undefined) {
    return await watch({
      seconds,
      draw,
      more: lines => words('moreLines', { count: lines }),
      fail: code => {
        throw new Ending(words('unwritten', { what: code }), exitCodes.failed)
      },
    })
  }
  process.stdout.write(await draw())
  return opened.problems.some(({ what }) => what !== 'same-file') ? exitCodes.failed : exitCodes.finished
}

/**
 * One census, with the owners of pages where they are asked for; ends where no memory hierarchy or no page could be read,
 * with the reason and the line that helps.
 */
async function taken(
  tree: Tree,
  settings: Settings,
  { pins, root }: CgroupsOptions,
): Promise<{ readonly document: CgroupsDocument; readonly pins?: Pins }> {
  const { language, words } = settings
  const at = Date.now()
  const read = collect(tree, { at, only: pins ? [...COLLECTORS, ...PIN_COLLECTORS] : COLLECTORS })
  const about = await withNames(tree, read, { env: process.env, ...(root === undefined ? {} : { root }) })
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
    document: {
      at,
      census: found,
      ...(about.node.kernel === undefined ? {} : { kernel: about.node.kernel }),
      ...(dyingHold === undefined ? {} : { dyingHoldIds: dyingHold }),
    },
    ...(pins ? { pins: pinsOf(about, settings) } : {}),
  }
}
