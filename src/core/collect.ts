// Tree to Case: every collector once, in the order their needs ask for. One that fails costs its own slot.

import type { Instant } from './base/time.ts'
import type { Case, NodeIdentity, Sample } from './case/case.ts'
import type { KernelLog } from './case/kernel-log.ts'
import type { CollectContext, Collected, Collector } from './collectors/collector.ts'
import { collectors } from './collectors/index.ts'
import type { Gap, Tree } from './tree/tree.ts'

export interface CollectOptions {
  /** When the sample is taken. */
  readonly at: Instant
  /** How far back the log is wanted. */
  readonly sinceSeconds?: number
  /** Only these collectors, and those they come after; all unless told, but for those that are read on request. */
  readonly only?: readonly string[]
}

/** Collectors in an order in which each comes after those it needs. */
function inOrder(all: readonly Collector[], only?: readonly string[]): readonly Collector[] {
  const placed = new Set<string>()
  const ordered: Collector[] = []
  const place = (collector: Collector) => {
    if (placed.has(collector.id)) return
    placed.add(collector.id)
    for (const id of collector.after ?? []) {
      const needed = all.find(other => other.id === id)
      if (needed !== undefined) place(needed)
    }
    ordered.push(collector)
  }
  for (const collector of all) {
    if (only === undefined ? collector.onRequest === undefined : only.includes(collector.id)) place(collector)
  }
  return ordered
}

/** A throw is our own mistake; it must cost no more than what the collector would have found. */
function guarded<T>(
  paths: readonly string[],
  tree: Tree,
  read: () => T,
): T | { readonly gaps: readonly Gap[] } {
  try {
    return read()
  } catch (error) {
    const detail = `kmemscope failed: ${error instanceof Error ? error.message : String(error)}`
    return { gaps: [{ path: tree.shown(paths[0] ?? ''), why: 'unreadable', detail }] }
  }
}

/** Each place and reason once, in the order found. */
function distinct(gaps: readonly Gap[]): readonly Gap[] {
  const seen = new Set<string>()
  return gaps.filter(({ path, why }) => {
    const key = `${why} ${path}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** All that can be read of a node, at one instant. Never throws; what is missing is in `gaps`. */
export function collect(tree: Tree, options: CollectOptions): Case {
  const { at, sinceSeconds, only } = options
  let node: NodeIdentity = {}
  let sample: Sample = { at }
  let found: Omit<Collected, 'node' | 'sample' | 'gaps'> = {}
  const gaps: Gap[] = []
  const take = (collected: Collected) => {
    const { node: identity, sample: slots, gaps: missed, ...rest } = collected
    node = { ...node, ...identity }
    sample = { ...sample, ...slots }
    found = { ...found, ...rest }
    if (missed !== undefined) gaps.push(...missed)
  }
  for (const collector of inOrder(collectors, only)) {
    const context: CollectContext = {
      at,
      node,
      sample,
      ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    }
    take(guarded(collector.reads, tree, () => collector.collect(tree, context)))
  }
  gaps.push(...tree.gaps())
  node = withLogIdentity(node, found.log)
  return { origin: tree.origin, node, ...found, samples: [sample], gaps: distinct(gaps) }
}

/** What a log says about its node where no file does. */
function withLogIdentity(node: NodeIdentity, log: KernelLog | undefined): NodeIdentity {
  const named = log?.sources.findLast(({ release }) => release !== undefined)
  const hostname = log?.sources.findLast(source => source.hostname !== undefined)?.hostname
  const release = named?.release
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(release === undefined || named === undefined
      ? {}
      : {
          kernel: release.text,
          kernelFrom: { path: named.path, ...(release.line === undefined ? {} : { line: release.line }) },
        }),
    ...node,
  }
}
