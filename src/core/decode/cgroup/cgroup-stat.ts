// cgroup.stat of v2: Documentation/admin-guide/cgroup-v2.rst. nr_dying_descendants since 4.14, per controller since 6.12.

import { decodeStat } from './memory-stat.ts'

export interface CgroupStat {
  readonly nrDescendants?: number
  readonly nrDyingDescendants?: number
  /** Live cgroups with a controller's state, by controller. */
  readonly nrSubsys: Readonly<Record<string, number>>
  /** Removed ones whose state is still held. */
  readonly nrDyingSubsys: Readonly<Record<string, number>>
}

/** The counts of one cgroup.stat. */
export function decodeCgroupStat(bytes: Uint8Array): CgroupStat {
  return cgroupStatOf(decodeStat(bytes))
}

/** The same from numbers already read. */
export function cgroupStatOf(values: Readonly<Record<string, number>>): CgroupStat {
  const nrSubsys: Record<string, number> = {}
  const nrDyingSubsys: Record<string, number> = {}
  for (const [key, value] of Object.entries(values)) {
    if (key.startsWith('nr_dying_subsys_')) nrDyingSubsys[key.slice('nr_dying_subsys_'.length)] = value
    else if (key.startsWith('nr_subsys_')) nrSubsys[key.slice('nr_subsys_'.length)] = value
  }
  const descendants = values['nr_descendants']
  const dying = values['nr_dying_descendants']
  return {
    ...(descendants === undefined ? {} : { nrDescendants: descendants }),
    ...(dying === undefined ? {} : { nrDyingDescendants: dying }),
    nrSubsys,
    nrDyingSubsys,
  }
}
