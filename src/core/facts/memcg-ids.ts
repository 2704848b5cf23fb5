// How many of the 65,535 memory cgroup ids are taken. Since 73f576c04b94 (4.8, el7 3.10.0-1127) an id is given back
// when the cgroup's directory goes; before, only when the cgroup is freed, so the dying ones hold theirs.

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { privateMemcgIds } from '../knowledge/kernel-release.ts'
import { dyingMemcgs } from './dying-memcgs.ts'
import { fact } from './fact.ts'
import { kernel, latest, readAt } from './kernel.ts'
import { memcgIndex, memcgUnknown, parentPath } from './memcg-tree.ts'

/** K-02's own figure for "nearly out": 46 % of what there is. */
export const IDS_NEARLY_OUT = 30_000

export interface MemcgIds {
  readonly used: number
  /** Whether dying cgroups hold their id; undefined: this kernel is not known to do either. */
  readonly dyingHold?: boolean
  readonly evidence: readonly [Evidence, ...Evidence[]]
  /** The cgroup with most of the live ones below it that has no child with as many; not the root. */
  readonly below?: string
}

export const memcgIds: (about: Case) => { readonly ids?: MemcgIds; readonly unknown: readonly Unknown[] } =
  fact(about => {
    const release = kernel(about)
    const given = release === undefined ? undefined : privateMemcgIds(release)
    const tree = latest(about)?.memcg
    const treeUnknown = memcgUnknown(about)
    if (given === true) {
      if (tree === undefined || treeUnknown.length > 0) return { unknown: treeUnknown }
      // v2: without the controller a cgroup is no memory cgroup; the root is one, and holds an id (6.1: 65,534 more)
      const live = tree.memcgs.filter(({ uncontrolled }) => uncontrolled !== true)
      const below = live.length >= IDS_NEARLY_OUT ? belowWhich(about, live) : undefined
      return {
        ids: {
          used: live.length,
          dyingHold: false,
          ...(below === undefined ? {} : { below }),
          evidence: [
            {
              kind: 'reading',
              path: tree.root,
              key:
                live.length === tree.memcgs.length ? 'directories' : 'directories with the memory controller',
              value: live.length,
              unit: 'count',
              at: readAt(about),
            },
          ],
        },
        unknown: [],
      }
    }
    const { counted, unknown } = dyingMemcgs(about)
    const cgroups = latest(about)?.cgroups
    const memory = cgroups?.controllers['memory']
    const held = counted.map(({ dying, live, evidence }) => ({ used: dying + live, evidence }))
    if (cgroups !== undefined && memory !== undefined && (tree === undefined || tree.version === 'v1')) {
      held.push({
        used: memory.numCgroups,
        evidence: [
          {
            kind: 'reading',
            path: cgroups.path,
            key: 'memory num_cgroups',
            value: memory.numCgroups,
            unit: 'count',
            at: readAt(about),
          },
        ],
      })
    }
    const most = held.sort((a, b) => b.used - a.used)[0]
    if (most === undefined) return { unknown }
    return { ids: { ...most, ...(given === undefined ? {} : { dyingHold: true }) }, unknown }
  })

function belowWhich(about: Case, live: readonly Memcg[]): string | undefined {
  const children = memcgIndex(about)?.children
  const counts = new Map<string, number>()
  // Children stand after their parents: from the end, a count is whole before it is added to the parent's.
  for (const { path } of live.toReversed()) {
    const count = (counts.get(path) ?? 0) + 1
    counts.set(path, count)
    if (path !== '/') counts.set(parentPath(path), (counts.get(parentPath(path)) ?? 0) + count)
  }
  let below = '/'
  for (;;) {
    const next = children?.get(below)?.find(({ path }) => (counts.get(path) ?? 0) > live.length / 2)
    if (next === undefined) return below === '/' ? undefined : below
    below = next.path
  }
}
