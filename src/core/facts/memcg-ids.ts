// How many of the 65,535 memory cgroup ids are taken. Since 73f576c04b94 (4.8, el7 3.10.0-1127) an id is given back
// when the cgroup's directory goes; before, only when the cgroup is freed, so the dying ones hold theirs.

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { privateMemcgIds } from '../knowledge/kernel-release.ts'
import { dyingMemcgs } from './dying-memcgs.ts'
import { fact } from './fact.ts'
import { kernel, latest, readAt } from './kernel.ts'
import { memcgUnknown } from './memcg-tree.ts'

/** K-02's own figure for "nearly out": 46 % of what there is. */
export const IDS_NEARLY_OUT = 30_000

export interface MemcgIds {
  readonly used: number
  /** Whether dying cgroups hold their id; undefined: this kernel is not known to do either. */
  readonly dyingHold?: boolean
  readonly evidence: readonly [Evidence, ...Evidence[]]
}

export const memcgIds: (about: Case) => { readonly ids?: MemcgIds; readonly unknown: readonly Unknown[] } =
  fact(about => {
    const release = kernel(about)
    const given = release === undefined ? undefined : privateMemcgIds(release)
    const tree = latest(about)?.memcg
    const treeUnknown = memcgUnknown(about)
    if (given === true) {
      if (tree === undefined || treeUnknown.length > 0) return { unknown: treeUnknown }
      return {
        ids: {
          used: tree.memcgs.length,
          dyingHold: false,
          evidence: [
            {
              kind: 'reading',
              path: tree.root,
              key: 'directories',
              value: tree.memcgs.length,
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
