// What was given on the command line, opened: nothing means the live node, else directories, files and standard input,
// which together are one node.

import { readdirSync, type Stats, statSync } from 'node:fs'
import type { Placed } from '../../core/tree/overlay-tree.ts'
import { overlayTree } from '../../core/tree/overlay-tree.ts'
import type { Gap, GapReason, Given, Tree } from '../../core/tree/tree.ts'
import { directoryTree } from './directory-tree.ts'
import { givenFile, problemOf, STANDARD_INPUT } from './files-tree.ts'
import { liveTree } from './live-tree.ts'
import type { Problem } from './problem.ts'

export type { Problem } from './problem.ts'
export { problemSentence } from './problem.ts'

export interface OpenOptions {
  /** Where the node's `/` is; a container sees it at /host. */
  readonly root?: string
  /** The system this runs on, as process.platform says; for tests. */
  readonly platform?: string
}

/** A node to read, with what was given and could not be used; or why there is nothing to read. */
export type Opened =
  | { readonly tree: Tree; readonly problems: readonly Problem[] }
  | { readonly problem: Problem; readonly problems: readonly Problem[] }

/** Files and directories of which one makes a directory a node. */
const NODE_NAMES: ReadonlySet<string> = new Set([
  'proc',
  'sys',
  'dmesg',
  'dmesg.txt',
  'proc.list',
  'sys.list',
])
const NODE_PATHS = ['dev/kmsg', 'etc/os-release', 'var/log'] as const

type Layer = { readonly placed: Placed; readonly given?: Given }

/** What is behind a path; undefined also where a link leads in circles or a directory may not be entered. */
function found(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function exists(path: string): boolean {
  return found(path) !== undefined
}

function isDirectory(path: string): boolean {
  return found(path)?.isDirectory() ?? false
}

/** By what a source is known again under another name: counted twice, its reports would be two. */
function identity(source: string): string | undefined {
  if (source === STANDARD_INPUT) return STANDARD_INPUT
  const stat = found(source)
  return stat === undefined || stat.isFIFO() || stat.ino === 0 ? undefined : `${stat.dev}:${stat.ino}`
}

/** Which hierarchy the files in a cgroup's directory belong to; undefined where there are none. */
function cgroupVersion(names: readonly string[]): 'cgroup-v1' | 'cgroup-v2' | undefined {
  // memory.stat, memory.pressure and cgroup.procs are in both.
  if (
    names.some(name =>
      /^memory\.(?:(?:kmem\.|memsw\.)?(?:usage_in_bytes|limit_in_bytes|max_usage_in_bytes|failcnt)|oom_control|use_hierarchy)$/.test(
        name,
      ),
    )
  ) {
    return 'cgroup-v1'
  }
  if (
    names.some(name =>
      /^(?:memory\.(?:current|max|high|low|min|events|peak|stat)|cgroup\.(?:stat|controllers|subtree_control|events))$/.test(
        name,
      ),
    )
  ) {
    return 'cgroup-v2'
  }
  return undefined
}

/** What a directory is: a node's files, a cgroup's, a copy of /proc or of /sys/fs/cgroup. */
function openDirectory(source: string): Layer | Problem {
  const names = readdirSync(source)
  const tree = directoryTree(source)
  if (names.some(name => NODE_NAMES.has(name)) || NODE_PATHS.some(path => exists(`${source}/${path}`))) {
    return { placed: { tree, at: '' } }
  }
  const version = cgroupVersion(names)
  if (version !== undefined) {
    const at = version === 'cgroup-v1' ? 'sys/fs/cgroup/memory' : 'sys/fs/cgroup'
    return { placed: { tree, at }, given: { kind: version, path: at, shown: source } }
  }
  if (isDirectory(`${source}/memory`) && cgroupVersion(readdirSync(`${source}/memory`)) === 'cgroup-v1') {
    const given: Given = { kind: 'cgroup-v1', path: 'sys/fs/cgroup/memory', shown: `${source}/memory` }
    return { placed: { tree, at: 'sys/fs/cgroup' }, given }
  }
  if (
    names.includes('meminfo') &&
    (names.includes('version') || names.includes('cgroups') || names.includes('vmstat'))
  ) {
    return { placed: { tree, at: 'proc' } }
  }
  // An archive unpacked: one directory, the node in it.
  const [only] = names
  if (names.length === 1 && only !== undefined && isDirectory(`${source}/${only}`)) {
    const inner = readdirSync(`${source}/${only}`)
    if (inner.some(name => NODE_NAMES.has(name))) return openDirectory(`${source}/${only}`)
  }
  return { what: 'no-node', path: source }
}

function openSource(source: string, position: number): Layer | Problem {
  if (source !== STANDARD_INPUT) {
    try {
      if (statSync(source).isDirectory()) return openDirectory(source)
    } catch (error) {
      return problemOf(source, error)
    }
  }
  const file = givenFile(source, position)
  return 'what' in file ? file : { placed: file.layer, given: file.given }
}

const GAP_OF_PROBLEM: Readonly<Partial<Record<Problem['what'], GapReason>>> = {
  'no-such-file': 'absent',
  denied: 'denied',
}

function gapOfProblem({ what, path, detail }: Problem): Gap {
  const why = GAP_OF_PROBLEM[what] ?? 'unreadable'
  return { path, why, detail: detail ?? what }
}

function openLive(root: string, platform: string): Opened {
  const failed = (problem: Problem): Opened => ({ problem, problems: [problem] })
  if (platform !== 'linux') return failed({ what: 'not-linux', path: platform })
  if (root !== '/') {
    try {
      if (!statSync(root).isDirectory() || !isDirectory(`${root}/proc`))
        return failed({ what: 'no-root', path: root })
    } catch (error) {
      return failed(problemOf(root, error))
    }
  }
  return { tree: liveTree(root), problems: [] }
}

/**
 * Opens what was given as one node: nothing is the live one, below `root`. Each source that cannot be used is a
 * problem, and a gap of the tree that the others make; where nothing can be used, the first problem is the answer.
 * Never throws.
 */
export function openTree(sources: readonly string[], options: OpenOptions = {}): Opened {
  if (sources.length === 0) return openLive(options.root ?? '/', options.platform ?? process.platform)
  const problems: Problem[] = []
  const layers: Placed[] = []
  const given: Given[] = []
  const known = new Map<string, string>()
  let directory = false
  sources.forEach((source, index) => {
    const same = identity(source)
    const earlier = same === undefined ? undefined : known.get(same)
    if (earlier !== undefined) {
      problems.push({ what: 'same-file', path: source, detail: earlier })
      return
    }
    if (same !== undefined) known.set(same, source)
    let layer: Layer | Problem
    try {
      layer = openSource(source, index + 1)
    } catch (error) {
      layer = problemOf(source, error)
    }
    if ('what' in layer) {
      problems.push(layer)
      return
    }
    const file = layer.given
    const before = given.find(({ path }) => path === file?.path)
    if (before !== undefined) {
      problems.push({ what: 'twice', path: source, detail: before.shown })
      return
    }
    if (file !== undefined) given.push(file)
    directory ||= layer.placed.tree.origin === 'directory'
    layers.push(layer.placed)
  })
  const [problem] = problems
  if (layers.length === 0 && problem !== undefined) return { problem, problems }
  const [first] = layers
  if (
    layers.length === 1 &&
    first?.at === '' &&
    given.length === 0 &&
    problems.every(({ what }) => what === 'same-file')
  ) {
    return { tree: first.tree, problems }
  }
  const tree = overlayTree(layers, {
    origin: directory ? 'directory' : 'files',
    ...(given.length === 0 ? {} : { given }),
    gaps: problems.filter(({ what }) => what !== 'same-file').map(gapOfProblem),
  })
  return { tree, problems }
}
