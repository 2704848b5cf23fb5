// Whether kernel memory is charged to cgroups on a kernel where that is opt-in (before 4.5: 3.8 to 4.4, el7).
// There it begins when somebody writes memory.kmem.limit_in_bytes, children inherit it, and it cannot be switched
// off (mm/memcontrol.c, memcg_update_kmem_limit and memcg_propagate_kmem of 3.10).

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { fact } from './fact.ts'
import { kernel, kmemOptIn, latest, readAt } from './kernel.ts'
import { isReport, logUnknown, quoted, quotesLike } from './kernel-log.ts'
import { memcgIndex, memcgReading, memcgUnknown } from './memcg-tree.ts'
import { slabOwners } from './slab-names.ts'

export interface KmemAccounting {
  /** `always`: on by default in this kernel (4.5 and later), no defect by itself. */
  readonly state: 'active' | 'inactive' | 'always' | 'unknown'
  readonly evidence: readonly Evidence[]
  /** The topmost cgroup seen with accounting on names who wrote the limit. */
  readonly activatedBy?: 'kubelet' | 'runtime'
  readonly unknown: readonly Unknown[]
}

/** Evidence of one kind is enough; more would not say more. */
const EXAMPLES = 3

export const kmemAccounting: (about: Case) => KmemAccounting = fact(about => {
  const optIn = kmemOptIn(about)
  if (optIn === false) return { state: 'always', evidence: [], unknown: [] }

  const tree = latest(about)?.memcg
  const charged = (tree?.memcgs ?? [])
    .filter(({ path, kmemUsage }) => path !== '/' && (kmemUsage ?? 0) > 0)
    .sort((a, b) => (b.kmemUsage ?? 0) - (a.kmemUsage ?? 0))
  const names = latest(about)?.slabNames
  const owners = slabOwners(about) ?? []
  const failures = (about.log?.reports ?? [])
    .filter(isReport('slub-alloc-failure', 'slab-alloc-failure'))
    .filter(({ memcgName, userWritten }) => memcgName !== undefined && userWritten !== true)
  const oomKills = (about.log?.reports ?? [])
    .filter(isReport('oom'))
    .filter(({ kmem, userWritten }) => (kmem?.usage ?? 0) > 0 && userWritten !== true)
  const readable = (latest(about)?.kmemSlabinfo ?? []).filter(probe => probe.readable)

  const evidence: Evidence[] = []
  for (const probe of readable) {
    evidence.push({ kind: 'reading', path: probe.path, value: 'readable', unit: 'text', at: readAt(about) })
  }
  for (const memcg of charged.slice(0, EXAMPLES)) {
    evidence.push(memcgReading(about, memcg, 'memory.kmem.usage_in_bytes', memcg.kmemUsage ?? 0))
  }
  const owner = owners.at(-1)
  if (names !== undefined && owner !== undefined) {
    evidence.push({
      kind: 'reading',
      path: names.path,
      value: owner.example,
      unit: 'text',
      at: readAt(about),
    })
  }
  const failure = failures.at(-1)
  if (failure !== undefined) evidence.push(...quoted(failure, quotesLike(failure, /cache: /, 1)))
  const kill = oomKills.at(-1)
  if (kill !== undefined) evidence.push(...quoted(kill, quotesLike(kill, /kmem: usage/, 1)))

  if (optIn === true && evidence.length > 0) {
    const by = activatedBy(about)
    return { state: 'active', evidence, unknown: [], ...(by === undefined ? {} : { activatedBy: by }) }
  }
  const unknown: Unknown[] = []
  if (optIn === undefined) {
    const named = kernel(about) !== undefined
    unknown.push({
      reason: named ? 'kmem-default-unknown' : 'kernel-release-not-known',
      remedy: named ? 'none' : 'pass-node-files',
    })
  }
  unknown.push(...memcgUnknown(about))
  const missing = (memcgIndex(about)?.tree.memcgs ?? []).find(
    ({ path, kmemUsage }) => path !== '/' && kmemUsage === undefined,
  )
  if (missing !== undefined) {
    unknown.push({
      reason: 'kmem-usage-not-read',
      path: `${missing.dir}/memory.kmem.usage_in_bytes`,
      remedy: 'pass-node-files',
    })
  }
  if (names === undefined) unknown.push({ reason: 'slab-names-not-read', remedy: 'pass-node-files' })
  unknown.push(...logUnknown(about))
  return { state: unknown.length > 0 ? 'unknown' : 'inactive', evidence: [], unknown }
})

function activatedBy(about: Case): 'kubelet' | 'runtime' | undefined {
  const probes = latest(about)?.kmemSlabinfo ?? []
  const levels = probes.filter(({ readable }) => readable).map(({ memcg }) => parsePodPath(memcg).level)
  if (levels.some(level => level === 'kubepods' || level === 'qos' || level === 'pod')) return 'kubelet'
  const podsOff = probes.some(({ memcg, readable }) => !readable && parsePodPath(memcg).level === 'pod')
  return levels.includes('container') && podsOff ? 'runtime' : undefined
}

/** The word on the command line, quoted; empty where it is not there or nothing was read. */
export function nokmemEvidence(about: Case): readonly Evidence[] {
  if (about.cmdline?.cgroupMemoryNokmem !== true) return []
  const { path } = about.cmdline
  return [{ kind: 'reading', path, key: 'cgroup.memory', value: 'nokmem', unit: 'text', at: readAt(about) }]
}
