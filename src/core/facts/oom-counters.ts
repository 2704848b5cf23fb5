// OOM kills that a cgroup's counter knows and the log does not tell of. The counter goes up in the victim's cgroup,
// whosever limit it was, the node's own shortage included (count_memcg_event_mm in mm/oom_kill.c). On v2 `oom` of
// memory.events tells whether a limit was hit there; on v1 nothing does.

import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { countsOomKills } from '../knowledge/kernel-release.ts'
import { fact } from './fact.ts'
import { kernel, latest } from './kernel.ts'
import { isReport } from './kernel-log.ts'
import { memcgIndex, memcgUnknown, parentPath, within } from './memcg-tree.ts'

export interface CountedKills {
  readonly memcg: Memcg
  readonly kills: number
  /** A limit was hit, here or above; false: cannot be told from the node running out. */
  readonly byLimit: boolean
}

/** Kills in a counter that no report of the log names. */
export const countedKills: (about: Case) => readonly CountedKills[] = fact(about => {
  const index = memcgIndex(about)
  if (index === undefined) return []
  const v1 = index.tree.version === 'v1'
  const named = (about.log?.reports ?? [])
    .filter(isReport('oom'))
    .flatMap(({ memcg, taskMemcg }) => [memcg, taskMemcg])
    .filter(path => path !== undefined)
  const limitHit = (memcg: Memcg): boolean => {
    for (let path = memcg.path; path !== '/'; path = parentPath(path)) {
      if ((index.byPath.get(path)?.events?.['oom'] ?? 0) > 0) return true
    }
    return false
  }
  return index.tree.memcgs.flatMap(memcg => {
    const kills = ownKills(memcg, v1 ? [] : (index.children.get(memcg.path) ?? []))
    if (kills === 0 || memcg.path === '/') return []
    if (named.some(path => within(path, memcg.path) || within(memcg.path, path))) return []
    return [{ memcg, kills, byLimit: !v1 && limitHit(memcg) }]
  })
})

/** memory.events of v2 counts the whole subtree, memory.oom_control of v1 the cgroup alone. */
function ownKills({ events }: Memcg, children: readonly Memcg[]): number {
  const below = children.reduce((sum, child) => sum + (child.events?.['oom_kill'] ?? 0), 0)
  return Math.max(0, (events?.['oom_kill'] ?? 0) - below)
}

/** The counters' file, by version. */
export function killCounterFile(about: Case): string {
  return latest(about)?.memcg?.version === 'v1' ? 'memory.oom_control' : 'memory.events'
}

/**
 * Why the counters do not prove absence. They outlive the ring buffer, so a node's own are asked; a log given by
 * hand stands for itself.
 */
export const countersUnknown: (about: Case) => readonly Unknown[] = fact(about => {
  if (about.origin === 'files') return []
  const release = kernel(about)
  if (release !== undefined && countsOomKills(release) === false) return []
  const file = killCounterFile(about)
  const missing = latest(about)?.memcg?.memcgs.find(
    ({ path, events, uncontrolled }) => path !== '/' && events === undefined && !uncontrolled,
  )
  const untold = countedKills(about).find(({ byLimit }) => !byLimit)
  const unknown: Unknown[] = [...memcgUnknown(about)]
  if (missing !== undefined) {
    unknown.push({
      reason: 'oom-counter-not-read',
      path: `${missing.dir}/${file}`,
      remedy: 'pass-node-files',
    })
  }
  if (untold !== undefined) {
    unknown.push({
      reason: 'kill-counted-not-told',
      path: `${untold.memcg.dir}/${file}`,
      remedy: 'read-persistent-log',
    })
  }
  return unknown
})
