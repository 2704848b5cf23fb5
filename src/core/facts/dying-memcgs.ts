// How many memory cgroups were removed but are not freed, by the one sign that can be trusted on this kernel.
// v2: cgroup.stat (Documentation/admin-guide/cgroup-v2.rst). v1: num_cgroups of /proc/cgroups, which counts until a
// cgroup is freed (kernel/cgroup/cgroup-v1.c), minus the directories. 3.10: the names of per-cgroup slab caches
// whose cgroup is gone, because num_cgroups was measured to read 2 after 2,000 leaked ones.

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { memcgSlabNamesOnTop, numCgroupsReliable, perMemcgSlabCaches } from '../knowledge/kernel-release.ts'
import { fact } from './fact.ts'
import { kernel, latest, readAt } from './kernel.ts'
import { memcgIndex, memcgReading, memcgUnknown } from './memcg-tree.ts'
import { slabOwners } from './slab-names.ts'

export type DyingSign = 'cgroup.stat' | 'num_cgroups' | 'slab-names'

export interface DyingMemcgs {
  readonly sign: DyingSign
  readonly dying: number
  /** Directories, the root included. */
  readonly live: number
  readonly evidence: readonly [Evidence, ...Evidence[]]
  /** v2: the cgroup with the most below it that has no child with as many. */
  readonly below?: string
}

export interface DyingAnswer {
  readonly counted: readonly DyingMemcgs[]
  readonly unknown: readonly Unknown[]
}

export const dyingMemcgs: (about: Case) => DyingAnswer = fact(about => {
  const tree = latest(about)?.memcg
  if (tree?.version === 'v2') return dyingV2(about)
  const unknown: Unknown[] = [...memcgUnknown(about)]
  const release = kernel(about)
  const bySlabNames = release === undefined ? undefined : perMemcgSlabCaches(release)
  const byCount = release === undefined ? undefined : numCgroupsReliable(release)
  const counted: DyingMemcgs[] = []
  const names = dyingBySlabNames(about)
  if (names !== undefined && unknown.length === 0) counted.push(names)
  const count = dyingByNumCgroups(about)
  if (count !== undefined && unknown.length === 0) counted.push(count)
  if (bySlabNames !== false && byCount !== true && names === undefined) {
    const gap = about.gaps.find(({ path }) => path.endsWith('sys/kernel/slab'))
    const noSign = release !== undefined && !memcgSlabNamesOnTop(release)
    unknown.push({
      reason: noSign
        ? 'dying-not-counted'
        : release === undefined
          ? 'kernel-release-not-known'
          : 'slab-names-not-read',
      remedy: noSign ? 'none' : 'pass-node-files',
      ...(gap === undefined ? {} : { path: gap.path }),
    })
  }
  if (count === undefined && latest(about)?.cgroups?.controllers['memory'] === undefined) {
    const gap = about.gaps.find(({ path }) => path.endsWith('proc/cgroups'))
    unknown.push({
      reason: 'proc-cgroups-not-read',
      remedy: 'pass-node-files',
      ...(gap === undefined ? {} : { path: gap.path }),
    })
  }
  return { counted, unknown }
})

function dyingV2(about: Case): DyingAnswer {
  const unknown = [...memcgUnknown(about)]
  const index = memcgIndex(about)
  const root = index?.byPath.get('/')
  const stat = root?.cgroupStat
  const key =
    stat?.['nr_dying_subsys_memory'] === undefined ? 'nr_dying_descendants' : 'nr_dying_subsys_memory'
  const dying = stat?.[key]
  if (index === undefined || root === undefined || dying === undefined) {
    unknown.push({
      reason: 'cgroup-stat-not-read',
      remedy: 'pass-node-files',
      ...(root ? { path: root.dir } : {}),
    })
    return { counted: [], unknown }
  }
  let below = root
  for (;;) {
    const here = below.cgroupStat?.[key] ?? 0
    const next = (index.children.get(below.path) ?? []).find(
      child => (child.cgroupStat?.[key] ?? 0) > here / 2,
    )
    if (next === undefined) break
    below = next
  }
  const evidence: [Evidence, ...Evidence[]] = [
    memcgReading(about, root, 'cgroup.stat', dying, { key, unit: 'count' }),
  ]
  if (below.path !== '/') {
    evidence.push(
      memcgReading(about, below, 'cgroup.stat', below.cgroupStat?.[key] ?? 0, { key, unit: 'count' }),
    )
  }
  return {
    counted: [
      {
        sign: 'cgroup.stat',
        dying,
        live: index.tree.memcgs.length,
        evidence,
        ...(below.path === '/' ? {} : { below: below.path }),
      },
    ],
    unknown,
  }
}

function dyingBySlabNames(about: Case): DyingMemcgs | undefined {
  const sample = latest(about)
  const owners = slabOwners(about)
  const index = memcgIndex(about)
  if (sample?.slabNames === undefined || owners === undefined || index === undefined) return undefined
  const release = kernel(about)
  if (owners.length === 0 && release !== undefined && !memcgSlabNamesOnTop(release)) return undefined
  const gone = owners.filter(({ name }) => !index.names.has(name))
  const at = readAt(about)
  const { path } = sample.slabNames
  const example = gone.at(-1)
  return {
    sign: 'slab-names',
    dying: gone.length,
    live: index.tree.memcgs.length,
    evidence: [
      { kind: 'reading', path, key: 'cgroups without a directory', value: gone.length, unit: 'count', at },
      ...(example === undefined
        ? []
        : [{ kind: 'reading', path, key: 'example', value: example.example, unit: 'text', at } as const]),
      {
        kind: 'reading',
        path: index.tree.root,
        key: 'directories',
        value: index.tree.memcgs.length,
        unit: 'count',
        at,
      },
    ],
  }
}

function dyingByNumCgroups(about: Case): DyingMemcgs | undefined {
  const cgroups = latest(about)?.cgroups
  const controllers = cgroups?.controllers
  const memory = controllers?.['memory']
  const index = memcgIndex(about)
  if (cgroups === undefined || controllers === undefined || memory === undefined || index === undefined)
    return undefined
  const at = readAt(about)
  const { path } = cgroups
  const live = index.tree.memcgs.length
  const other = Object.entries(controllers)
    .filter(([, { hierarchy }]) => hierarchy !== memory.hierarchy && hierarchy !== 0)
    .sort(([, a], [, b]) => b.numCgroups - a.numCgroups)[0]
  return {
    sign: 'num_cgroups',
    dying: Math.max(0, memory.numCgroups - live),
    live,
    evidence: [
      { kind: 'reading', path, key: 'memory num_cgroups', value: memory.numCgroups, unit: 'count', at },
      { kind: 'reading', path: index.tree.root, key: 'directories', value: live, unit: 'count', at },
      ...(other === undefined
        ? []
        : [
            {
              kind: 'reading',
              path,
              key: `${other[0]} num_cgroups`,
              value: other[1].numCgroups,
              unit: 'count',
              at,
            } as const,
          ]),
    ],
  }
}

/** Page cache pins a few hundred on any node that runs cron jobs; R3 of the fact base: above 500 it is a problem. */
export const MANY_DYING = 500

/**
 * Slab-pinned ones of 3.10 are never freed, so a hundred is already a leak. Ours: the captured 3.10 with 200 leaked
 * must be told, a node that removed a few pods a moment ago must not.
 */
export const MANY_SLAB_PINNED = 100

/** The removed cgroups' own slab caches are still there: these pin them, whatever else counts them. */
export function slabPinsDying(about: Case): boolean {
  return dyingMemcgs(about).counted.some(
    ({ sign, dying }) => sign === 'slab-names' && dying >= MANY_SLAB_PINNED,
  )
}
