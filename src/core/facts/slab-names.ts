// Per-cgroup slab caches by name: `dentry(112:c116)` is cache(id:cgroup) under /sys/kernel/slab on 3.10 to 5.8.

import type { Case } from '../case/case.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'

/** The memory cgroups that own per-cgroup slab caches, each once. */
export interface SlabOwner {
  /** The `112` of `dentry(112:c116)`: kmemcg id on 3.10, css serial number from 4.4. */
  readonly id: number
  /** Last component of the cgroup's path. */
  readonly name: string
  /** One of its caches, quoted. */
  readonly example: string
}

const PER_CGROUP = /^[^(]+\((\d+):(.*)\)$/

export const slabOwners: (about: Case) => readonly SlabOwner[] | undefined = fact(about => {
  const names = latest(about)?.slabNames?.names
  if (names === undefined) return undefined
  const owners = new Map<string, SlabOwner>()
  for (const example of names) {
    const open = example.indexOf('(')
    if (open < 0) continue
    const key = example.slice(open)
    if (owners.has(key)) continue
    const match = PER_CGROUP.exec(example)
    if (match?.[1] === undefined || match[2] === undefined) continue
    owners.set(key, { id: Number(match[1]), name: match[2], example })
  }
  return [...owners.values()]
})
