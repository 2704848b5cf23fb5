// Whether this node has a known defect: the range of releases says who can have it, what is seen on the node who does.

import type { Case } from '../case/case.ts'
import type { DefectBearing, Evidence } from '../case/finding.ts'
import { type DefectCondition, type DefectId, defect, defectStatus } from '../knowledge/kernel-defects.ts'
import { dyingMemcgs, MANY_DYING, MANY_SLAB_PINNED } from './dying-memcgs.ts'
import { kernel } from './kernel.ts'
import { isReport, logUnknown, quoted, quotesLike } from './kernel-log.ts'
import { kmemAccounting, nokmemEvidence } from './kmem-accounting.ts'
import { kmemCharges } from './kmem-charge.ts'
import { IDS_NEARLY_OUT, memcgIds } from './memcg-ids.ts'

/** What is seen on the node: yes, no, or not looked at. */
interface Seen {
  readonly here: boolean | undefined
  readonly evidence: readonly Evidence[]
}

/** Walking so many takes the readers' time: 20,000 dying ones made a first read of the root's memory.stat take 8.9 ms (6.18). */
const MANY_MEMCGS = 10_000

function seen(about: Case, condition: DefectCondition): Seen {
  switch (condition) {
    case 'kmem-active': {
      const { state, evidence } = kmemAccounting(about)
      return { here: state === 'unknown' ? undefined : state === 'active', evidence }
    }
    case 'kmem-limits-hit': {
      const { filled, unknown } = kmemCharges(about)
      const failure = (about.log?.reports ?? [])
        .filter(isReport('slub-alloc-failure', 'slab-alloc-failure'))
        .find(({ memcgName, userWritten }) => memcgName !== undefined && userWritten !== true)
      const evidence = [
        ...filled.flatMap(charge => charge.evidence).slice(0, 2),
        ...(failure === undefined ? [] : quoted(failure, quotesLike(failure, /cache: /, 1))),
      ]
      if (evidence.length > 0) return { here: true, evidence }
      return { here: unknown.length > 0 || logUnknown(about).length > 0 ? undefined : false, evidence }
    }
    case 'nokmem-on-cmdline': {
      const here = about.cmdline?.cgroupMemoryNokmem
      return { here, evidence: nokmemEvidence(about) }
    }
    case 'ids-nearly-out': {
      const { ids, unknown } = memcgIds(about)
      const enospc = (about.log?.reports ?? []).some(({ kind }) => kind === 'memcg-no-space')
      if (enospc || (ids !== undefined && ids.used >= IDS_NEARLY_OUT)) {
        return { here: true, evidence: ids?.evidence ?? [] }
      }
      return { here: ids === undefined || unknown.length > 0 ? undefined : false, evidence: [] }
    }
    case 'many-memcgs':
    case 'dying-memcgs': {
      const { counted, unknown } = dyingMemcgs(about)
      const worst = counted.find(({ sign, dying, live }) =>
        condition === 'many-memcgs'
          ? dying + live >= MANY_MEMCGS
          : dying >= (sign === 'slab-names' ? MANY_SLAB_PINNED : MANY_DYING),
      )
      if (worst !== undefined) return { here: true, evidence: worst.evidence }
      return { here: unknown.length > 0 ? undefined : false, evidence: [] }
    }
  }
}

/** One defect on this node: its status, why, and what was seen. */
export interface DefectHere extends DefectBearing {
  readonly evidence: readonly Evidence[]
}

/** Range and condition together. */
export function defectHere(about: Case, id: DefectId): DefectHere {
  const inRange = defectStatus(id, kernel(about))
  if (inRange.status === 'not-affected') return { id, ...inRange, evidence: [] }
  const { condition } = defect(id)
  if (condition === undefined) return { id, ...inRange, evidence: [] }
  const { here, evidence } = seen(about, condition)
  if (here === false) return { id, status: 'not-affected', why: 'condition-not-here', evidence: [] }
  if (here === undefined && inRange.status === 'affected') {
    return { id, status: 'cannot-tell', why: 'condition-not-looked-at', evidence: [] }
  }
  return { id, ...inRange, evidence }
}

/** The defects that may bear on a finding, without those that cannot. */
export function bearings(about: Case, ids: readonly DefectId[]): readonly DefectBearing[] {
  return ids
    .map(id => defectHere(about, id))
    .filter(({ status }) => status !== 'not-affected')
    .map(({ id, status, why }) => ({ id, status, why }))
}
