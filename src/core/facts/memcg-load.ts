// How full a container is, by the number that alerts and autoscalers go by, and what share of it one part takes. Only
// cgroups that somebody gave a limit or a container's name are asked: what is above them is the sum of them.

import type { Case } from '../case/case.ts'
import type { Severity, Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { containerMetrics } from './container-metrics.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'
import { memcgUnknown } from './memcg-tree.ts'

export interface MemcgLoad {
  readonly memcg: Memcg
  /** container_memory_working_set_bytes. */
  readonly workingSet: number
  /** What there is for it: its limit, the node's memory where it has none. */
  readonly room: number
  readonly limited: boolean
}

/** Ours, a guess: alerts on the working set are usually set between 80 and 90 % of the limit. */
const NEAR = 0.8

/** Half: more of one kind than of all others together. */
const MOSTLY = 0.5

/** Of a limit a quarter that the program itself cannot have is what sizing has to know of. Ours. */
const PART = 0.25

/** Of the node, where there is no limit: as much as unreclaimable-slab-share takes for worth telling. */
const NODE_PART = 0.1

/** In a sidecar's tiny limit every part is a large share: 16 MiB are the stacks of a thousand threads. */
const LEAST = 16 * 1024 * 1024

/** Whether the working set is where people begin to worry. */
export function near({ workingSet, room, limited }: MemcgLoad): boolean {
  return limited && workingSet >= NEAR * room
}

/** Whether so many bytes are most of the working set. */
export function mostOf({ workingSet }: MemcgLoad, bytes: number): boolean {
  return bytes >= LEAST && bytes >= MOSTLY * workingSet
}

/** How grave it is that one kind of memory, which the heap of no program shows, takes so many bytes of the room. */
export function severityOfPart({ room, limited }: MemcgLoad, bytes: number): Severity | undefined {
  if (bytes < LEAST) return undefined
  if (!limited) return bytes >= NODE_PART * room ? 'info' : undefined
  return bytes >= MOSTLY * room ? 'warning' : bytes >= PART * room ? 'info' : undefined
}

/** A container, or what else has a limit of its own and is neither a pod nor above one nor below a container. */
function asked({ pod, limit, path, uncontrolled }: Memcg): boolean {
  if (uncontrolled || path === '/') return false
  if (pod.level === 'container') return true
  return pod.level === undefined && pod.podUid === undefined && limit !== undefined && limit < Infinity
}

/** The containers and their load, and what of them was not read. */
export const memcgLoads: (about: Case) => {
  readonly loads: readonly MemcgLoad[]
  readonly unknown: readonly Unknown[]
} = fact(about => {
  const unknown: Unknown[] = [...memcgUnknown(about)]
  const tree = latest(about)?.memcg
  if (tree === undefined) return { loads: [], unknown }
  const total = latest(about)?.meminfo?.values['MemTotal']
  const loads: MemcgLoad[] = []
  let unread: string | undefined
  let withoutLimit: string | undefined
  let withoutTotal = false
  const v1 = tree.version === 'v1'
  for (const memcg of tree.memcgs) {
    if (!asked(memcg)) continue
    const { workingSet } = containerMetrics(tree.version, memcg)
    const { limit } = memcg
    const room = limit === undefined ? undefined : Math.min(limit, total ?? Infinity)
    if (workingSet === undefined) unread ??= `${memcg.dir}/memory.stat`
    else if (limit === undefined)
      withoutLimit ??= `${memcg.dir}/${v1 ? 'memory.limit_in_bytes' : 'memory.max'}`
    else if (room === Infinity) withoutTotal = true
    else if (room !== undefined && room > 0) {
      loads.push({ memcg, workingSet, room, limited: limit < Infinity })
    }
  }
  if (withoutTotal) unknown.push({ reason: 'meminfo-not-read', remedy: 'pass-node-files' })
  if (unread !== undefined)
    unknown.push({ reason: 'memory-stat-not-read', path: unread, remedy: 'pass-node-files' })
  if (withoutLimit !== undefined)
    unknown.push({ reason: 'limit-not-read', path: withoutLimit, remedy: 'pass-node-files' })
  return { loads, unknown }
})
