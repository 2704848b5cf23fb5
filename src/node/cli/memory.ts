// kmemscope memory: every pod and container with its numbers and what hits it first; or the whole anatomy of one.

import { statSync } from 'node:fs'
import { printable } from '../../core/base/printable.ts'
import type { Anatomy } from '../../core/case/anatomy.ts'
import type { Case } from '../../core/case/case.ts'
import type { Memcg } from '../../core/case/memcg.ts'
import { type MemoryRow, type MemorySort, type MemoryTable, memorySorts } from '../../core/case/memory.ts'
import { collect } from '../../core/collect.ts'
import { anatomyOf } from '../../core/facts/anatomy.ts'
import { cgroupPaths, type FoundMemcg, findCgroup, findMemcg } from '../../core/facts/find-memcg.ts'
import { memcgIndex, memcgUnknown } from '../../core/facts/memcg-tree.ts'
import { memoryRow, memoryTable, sortedRows } from '../../core/facts/memory-table.ts'
import { shellWord } from '../../core/knowledge/remedies.ts'
import { unknownReasons, unknownRemedies } from '../../core/knowledge/unknown.ts'
import { anatomyJson, renderAnatomy } from '../../core/render/anatomy.ts'
import { renderJson, renderJsonLine } from '../../core/render/json.ts'
import {
  changeOf,
  limitsJson,
  type MemoryBefore,
  memoryJson,
  type ReadRow,
  renderChange,
  renderLimits,
  renderMemory,
} from '../../core/render/memory.ts'
import { say } from '../../core/render/words.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { withNames } from './named.ts'
import { nearest } from './nearest.ts'
import { styleFor } from './style.ts'
import { watch } from './watch.ts'

/** What the table rests on; the log is of no use here. */
const COLLECTORS = ['kernel', 'memcg', 'meminfo', 'pods', 'kubelet', 'cpus']

/** Pods that are listed where a name is that of several. */
const LISTED = 20

export interface MemoryOptions {
  /** Pods' names, and files and directories of another node. */
  readonly words: readonly string[]
  readonly cgroup?: string
  readonly root?: string
  readonly sort?: string
  /** Cgroups of no pod as well. */
  readonly all: boolean
  /** Seconds between two readings. */
  readonly watch?: number
}

/** Whether a word is of the file system here: then it is another node's files, and no pod. */
function isSource(word: string): boolean {
  if (word === '-') return true
  try {
    const stat = statSync(word, { throwIfNoEntry: false })
    return stat !== undefined && (stat.isDirectory() || word.includes('/'))
  } catch {
    return false
  }
}

function sortOf(sort: string | undefined, words: Settings['words']): MemorySort {
  if (sort === undefined) return 'usage'
  const known = memorySorts.find(name => name === sort)
  if (known !== undefined) return known
  throw new Ending(
    words('unknownSort', { what: printable(sort), nearest: nearest(sort, memorySorts).join(', ') }),
    exitCodes.usage,
  )
}

interface Asked {
  readonly sources: readonly string[]
  readonly pod?: string
  readonly cgroup?: string
}

function asked({ words: given, cgroup, root }: MemoryOptions, words: Settings['words']): Asked {
  const sources = given.filter(isSource)
  const [pod, second] = given.filter(word => !sources.includes(word))
  if (second !== undefined) throw new Ending(words('memoryOnePod'), exitCodes.usage)
  if (pod !== undefined && cgroup !== undefined)
    throw new Ending(words('memoryPodAndCgroup'), exitCodes.usage)
  if (root !== undefined && sources.length > 0) throw new Ending(words('rootAndSources'), exitCodes.usage)
  return {
    sources,
    ...(pod === undefined ? {} : { pod }),
    ...(cgroup === undefined ? {} : { cgroup }),
  }
}

/** Prints the table, or the anatomy of one, and gives the exit code. */
export async function memoryCommand(settings: Settings, options: MemoryOptions): Promise<number> {
  const { words, output } = settings
  const sort = sortOf(options.sort, words)
  const about = asked(options, words)
  const one = about.pod !== undefined || about.cgroup !== undefined
  /** A source that could not be used is told once. */
  let problems: number | undefined
  const read = async (): Promise<Case> => {
    const opened = await caseOf(about.sources, options.root, settings, problems === undefined)
    problems = opened.problems
    return opened.about
  }
  let before: MemoryBefore | undefined
  let rows: { readonly last: ReadRow; readonly first: ReadRow } | undefined
  const draw = async (): Promise<string> => {
    const seen = await read()
    if (one) {
      const { row, anatomy } = oneOf(seen, about, settings)
      const now = { row, at: anatomy.at }
      const change = rows === undefined ? undefined : { of: changeOf(now, rows) }
      rows = { last: now, first: rows?.first ?? now }
      return oneText({ row, anatomy, change }, settings, options.watch !== undefined)
    }
    const document = tableOf(seen, sort, options, settings)
    const picture =
      output === 'json'
        ? options.watch === undefined
          ? renderJson(memoryJson(document))
          : renderJsonLine(memoryJson(document, before))
        : renderMemory(document, {
            ...shapeOf(settings),
            cells: process.stdout.isTTY === true ? columnsOf(process.stdout) : Infinity,
            wide: output === 'wide',
            ...(before === undefined ? {} : { before }),
          })
    before = { last: document, first: before?.first ?? document }
    return picture
  }
  if (options.watch !== undefined) {
    return await watch({
      seconds: options.watch,
      draw,
      more: lines => words('moreLines', { count: lines }),
      fail: code => {
        throw new Ending(words('unwritten', { what: code }), exitCodes.failed)
      },
    })
  }
  process.stdout.write(await draw())
  return problems === 0 ? exitCodes.finished : exitCodes.failed
}

function shapeOf({ language }: Settings) {
  return {
    language,
    style: styleFor(process.stdout, process.env),
    columns: columnsOf(process.stdout),
  }
}

async function caseOf(
  sources: readonly string[],
  root: string | undefined,
  { language }: Settings,
  tell: boolean,
): Promise<{ readonly about: Case; readonly problems: number }> {
  const opened = openTree(sources, root === undefined ? {} : { root })
  if ('problem' in opened) throw new Ending(problemSentence(opened.problem, language), exitCodes.failed)
  const problems = opened.problems.filter(({ what }) => what !== 'same-file')
  for (const problem of tell ? opened.problems : [])
    process.stderr.write(`kmemscope: ${problemSentence(problem, language)}\n`)
  const about = collect(opened.tree, { at: Date.now(), only: COLLECTORS })
  const named = await withNames(opened.tree, about, {
    env: process.env,
    ...(root === undefined ? {} : { root }),
  })
  return { about: named, problems: problems.length }
}

/** Ends where no memory hierarchy was read, with the reason and the line that helps. */
function noMemcgs(about: Case, { language, words }: Settings): Ending {
  const [why] = memcgUnknown(about)
  return new Ending(
    words('noMemcgs', {
      why: say(unknownReasons, why?.reason ?? 'memcg-tree-not-read', language, { path: why?.path ?? '' }),
      remedy: say(unknownRemedies, why?.remedy ?? 'pass-node-files', language),
    }),
    exitCodes.failed,
  )
}

function tableOf(about: Case, sort: MemorySort, { all }: MemoryOptions, settings: Settings): MemoryTable {
  const document = memoryTable(about, { all })
  if (document === undefined) throw noMemcgs(about, settings)
  return { ...document, rows: sortedRows(document.rows, sort) }
}

/** `namespace/pod/container`, else what is known, with the cgroup that tells them apart. */
function listedName({ memcg, name }: FoundMemcg): string {
  const container = memcg.pod.level === 'container' ? (name.container ?? memcg.pod.containerId) : undefined
  const parts = [name.namespace, name.pod ?? memcg.pod.podUid, container].filter(one => one !== undefined)
  return `  ${printable(parts.join('/'))}  --cgroup ${shellWord(printable(memcg.path))}`
}

function meant(about: Case, { pod, cgroup }: Asked, { words }: Settings): Memcg {
  if (cgroup !== undefined) {
    const memcg = findCgroup(about, cgroup)
    if (memcg !== undefined) return memcg
    throw new Ending(
      words('noSuchCgroup', {
        what: printable(cgroup),
        nearest: nearest(cgroup, cgroupPaths(about)).map(printable).join(', '),
      }),
      exitCodes.usage,
    )
  }
  const word = pod ?? ''
  const { found, names, named } = findMemcg(about, word)
  const [first, second] = found
  if (first !== undefined && second === undefined) return first.memcg
  if (first === undefined) {
    throw new Ending(
      names.length === 0
        ? words('noPodsHere', { what: printable(word) })
        : !named
          ? words('noNamesHere', { what: printable(word) })
          : words('noSuchPod', {
              what: printable(word),
              nearest: nearest(word, names).map(printable).join(', '),
            }),
      exitCodes.usage,
    )
  }
  const list = found.slice(0, LISTED).map(listedName)
  const more = found.length - list.length
  throw new Ending(
    [
      words('severalPods', { what: printable(word) }),
      ...list,
      ...(more > 0 ? [words('moreLines', { count: more })] : []),
    ].join('\n'),
    exitCodes.usage,
  )
}

interface One {
  readonly row: MemoryRow
  readonly anatomy: Anatomy
}

/** The one that is meant; ends where there is none, or several. */
function oneOf(about: Case, which: Asked, settings: Settings): One {
  if (memcgIndex(about) === undefined) throw noMemcgs(about, settings)
  const memcg = meant(about, which, settings)
  const row = memoryRow(about, memcg)
  if (row === undefined) throw noMemcgs(about, settings)
  return { row, anatomy: anatomyOf(about, memcg) }
}

function oneText(
  {
    row,
    anatomy,
    change,
  }: One & { readonly change: { readonly of: ReturnType<typeof changeOf> } | undefined },
  settings: Settings,
  oneLine: boolean,
): string {
  if (settings.output === 'json') {
    const document = {
      ...anatomyJson(anatomy),
      limits: limitsJson(row),
      ...(change?.of === undefined ? {} : { change: change.of }),
    }
    return oneLine ? renderJsonLine(document) : renderJson(document)
  }
  const shape = shapeOf(settings)
  return [
    ...(change === undefined ? [] : [`${renderChange(change.of, settings.language)}\n`]),
    renderAnatomy(anatomy, { ...shape, wide: settings.output === 'wide' }),
    `\n${renderLimits(row, shape)}`,
  ].join('')
}
