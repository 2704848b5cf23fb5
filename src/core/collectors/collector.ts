// A collector finds one thing on a node and reads it into its slot of the Case. What it could not read is a Gap.

import type { Instant } from '../base/time.ts'
import type { Case, NodeIdentity, Sample } from '../case/case.ts'
import type { Gap, Tree } from '../tree/tree.ts'

/** What a collector is told beside the tree. */
export interface CollectContext {
  /** When the sample is taken. */
  readonly at: Instant
  /** The log is wanted from so many seconds back. */
  readonly sinceSeconds?: number
  /** What the collectors before found out about the node. */
  readonly node: NodeIdentity
  /** What the collectors before read. */
  readonly sample: Sample
}

/** What a collector found: the slots it can fill, and what it looked for in vain. */
export interface Collected
  extends Partial<Pick<Case, 'cmdline' | 'config' | 'log' | 'pods' | 'kubelet' | 'software'>> {
  readonly node?: NodeIdentity
  readonly sample?: Omit<Sample, 'at'>
  readonly gaps?: readonly Gap[]
}

export interface Collector {
  /** Its file's name. */
  readonly id: string
  /** Paths and patterns it reads: `*` stands for one name, `**` for any number. */
  readonly reads: readonly string[]
  /** Who can read them. */
  readonly privilege: 'none' | 'root'
  /** The command that has it read; unless asked for by its id it is left out, for what it costs. */
  readonly onRequest?: string
  /** Collectors whose `node` or `sample` it needs. */
  readonly after?: readonly string[]
  collect(tree: Tree, context: CollectContext): Collected
}

/** Declares a collector. */
export function collector(unit: Collector): Collector {
  return unit
}
