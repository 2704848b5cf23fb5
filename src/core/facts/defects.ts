// Whether this node has a known defect: the range of releases says who can have it, what is seen on the node who does.

import type { Case } from '../case/case.ts'
import type { DefectBearing, Evidence } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { composition } from '../decode/kmsg/oom-composition.ts'
import type { OomReport } from '../decode/kmsg/report.ts'
import type { VersionRange } from '../knowledge/defect.ts'
import { type DefectCondition, type DefectId, defect, defectStatus } from '../knowledge/kernel-defects.ts'
import { dyingMemcgs, MANY_DYING, MANY_SLAB_PINNED } from './dying-memcgs.ts'
import { kernel, latest, readAt } from './kernel.ts'
import { isReport, logUnknown, quoted, quotesLike } from './kernel-log.ts'
import { kmemAccounting, nokmemEvidence } from './kmem-accounting.ts'
import { kmemCharges } from './kmem-charge.ts'
import { EMPTY_POD_TREE, leftOverMemcgs, populated } from './left-over.ts'
import { IDS_NEARLY_OUT, memcgIds } from './memcg-ids.ts'
import { memcgReading, memcgUnknown } from './memcg-tree.ts'
import { memcgOomGroups } from './oom-kills.ts'

/** What is seen on the node: yes, no, or not looked at. */
interface Seen {
  readonly here: boolean | undefined
  readonly evidence: readonly Evidence[]
}

/** Walking so many takes the readers' time: 20,000 dying ones made a first read of the root's memory.stat take 8.9 ms (6.18). */
export const MANY_MEMCGS = 10_000

/** Ours, a guess: a kubelet mounts a few volumes at a time; the nodes of K-14 had tens of thousands of such scopes. */
const MANY_SCOPES = 100

/** Ours, by the one report of K-16: its node had several times as many of blkio as of the others; a few hundred come and go. */
const BLKIO_TIMES = 3
const BLKIO_MORE = 500

/** Half of what the cgroup held, or of its page cache: what mostly is of one kind. */
const MOSTLY = 0.5

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
    case 'cgroup-v1':
    case 'cgroup-v2': {
      const version = latest(about)?.memcg?.version
      return { here: version === undefined ? undefined : version === condition.slice(-2), evidence: [] }
    }
    case 'no-container-runs':
      return inTree(about, memcgs => {
        if (latest(about)?.memcg?.version !== 'v1') return undefined
        const kubepods = memcgs.find(({ pod }) => pod.level === 'kubepods')
        return memcgs.some(({ pod }) => pod.level === 'container') ? undefined : kubepods
      })
    case 'scopes-left': {
      const scopes = (latest(about)?.memcg?.memcgs ?? []).filter(
        ({ path, ownTasks }) => SCOPE_OF_A_MOUNT.test(path) && ownTasks !== true,
      )
      if (scopes.length < MANY_SCOPES) return inTree(about, () => undefined)
      const empty = scopes.filter(({ ownTasks }) => ownTasks === false)
      return empty.length < MANY_SCOPES ? { here: undefined, evidence: [] } : inTree(about, () => empty[0])
    }
    case 'blkio-growth':
      return blkioGrowth(about)
    case 'controller-disabled': {
      const { cmdline } = about
      if (cmdline === undefined) return { here: undefined, evidence: [] }
      const word = /(?:^|\s)cgroup_disable=\S*\bmemory\b\S*/.exec(cmdline.text)?.[0].trim()
      if (word === undefined) return { here: false, evidence: [] }
      return {
        here: true,
        evidence: [
          {
            kind: 'reading',
            path: cmdline.path,
            key: 'cgroup_disable',
            value: word,
            unit: 'text',
            at: readAt(about),
          },
        ],
      }
    }
    case 'cache-killed':
      return latest(about)?.memcg?.version === 'v2'
        ? { here: false, evidence: [] }
        : killedBy(about, report => mostlyCache(report) !== undefined)
    case 'dirty-cache-killed': {
      const multiGen = about.config?.values['CONFIG_LRU_GEN_ENABLED']
      if (about.config !== undefined && multiGen !== 'y') return { here: false, evidence: [] }
      const killed = killedBy(about, report => {
        const cache = mostlyCache(report)
        return cache !== undefined && dirtyOf(report) >= MOSTLY * cache
      })
      return killed.here === true && multiGen !== 'y' ? { ...killed, here: undefined } : killed
    }
    case 'two-drivers': {
      const tops = (latest(about)?.memcg?.memcgs ?? []).filter(({ pod }) => pod.level === 'kubepods')
      if (tops.every(({ pod }) => pod.driver === tops[0]?.pod.driver)) return inTree(about, () => undefined)
      const { left } = leftOverMemcgs(about)
      const tree = left.find(({ by, directories }) => by === 'driver-change' && directories > EMPTY_POD_TREE)
      if (tree !== undefined) return inTree(about, memcgs => memcgs.find(({ path }) => path === tree.path))
      const has = populated(about)
      return tops.some(({ path }) => !has.has(path))
        ? { here: undefined, evidence: [] }
        : inTree(about, () => undefined)
    }
    case 'limit-of-zero':
      return inTree(about, memcgs =>
        latest(about)?.memcg?.version === 'v1'
          ? memcgs.find(({ path, limit }) => limit === 0 && /\.(?:slice|service|scope)$/.test(path))
          : undefined,
      )
  }
}

/** What systemd-run names a scope of its own accord: `run-r8c0f….scope`, `run-12345.scope` before 229. */
const SCOPE_OF_A_MOUNT = /^\/system\.slice\/run-(?:r[0-9a-f]+|\d+)\.scope$/

/** Whether there is such a cgroup; not told of a tree that was read in part only. */
function inTree(about: Case, find: (memcgs: readonly Memcg[]) => Memcg | undefined): Seen {
  const tree = latest(about)?.memcg
  if (tree === undefined) return { here: undefined, evidence: [] }
  const memcg = find(tree.memcgs)
  if (memcg === undefined) return { here: memcgUnknown(about).length > 0 ? undefined : false, evidence: [] }
  const reading: Evidence =
    memcg.limit === 0
      ? memcgReading(about, memcg, 'memory.limit_in_bytes', 0)
      : {
          kind: 'reading',
          path: tree.root,
          key: 'directory',
          value: memcg.path,
          unit: 'text',
          at: readAt(about),
        }
  return { here: true, evidence: [reading] }
}

function blkioGrowth(about: Case): Seen {
  const cgroups = latest(about)?.cgroups
  const blkio = cgroups?.controllers['blkio']
  if (cgroups === undefined || blkio === undefined) return { here: cgroups && false, evidence: [] }
  const others = Object.entries(cgroups.controllers)
    .filter(([, { hierarchy }]) => hierarchy !== blkio.hierarchy && hierarchy !== 0)
    .sort(([, a], [, b]) => b.numCgroups - a.numCgroups)
  const most = others[0]
  if (
    most === undefined ||
    blkio.numCgroups < BLKIO_TIMES * most[1].numCgroups ||
    blkio.numCgroups - most[1].numCgroups < BLKIO_MORE
  ) {
    return { here: false, evidence: [] }
  }
  const count = (name: string, value: number): Evidence => ({
    kind: 'reading',
    path: cgroups.path,
    key: `${name} num_cgroups`,
    value,
    unit: 'count',
    at: readAt(about),
  })
  return { here: true, evidence: [count('blkio', blkio.numCgroups), count(most[0], most[1].numCgroups)] }
}

/** Bytes of page cache that reclaim could have had, where it was most of what a cgroup held when it was killed. */
function mostlyCache(report: OomReport): number | undefined {
  const { usage, file, shmem = 0 } = composition(report)
  if (usage === undefined || file === undefined) return undefined
  const cache = file - shmem
  return cache >= MOSTLY * usage ? cache : undefined
}

const DIRTY = [
  ['total_dirty', 'file_dirty', 'dirty'],
  ['total_writeback', 'file_writeback', 'writeback'],
] as const

function dirtyOf({ stats }: OomReport): number {
  return stats
    .flatMap(({ values }) =>
      DIRTY.map(keys => keys.map(key => values[key]).find(value => value !== undefined) ?? 0),
    )
    .reduce((a, b) => a + b, 0)
}

function killedBy(about: Case, such: (report: OomReport) => boolean): Seen {
  const report = memcgOomGroups(about)
    .filter(({ claimed }) => !claimed)
    .flatMap(({ reports }) => reports)
    .findLast(such)
  if (report !== undefined) {
    return {
      here: true,
      evidence: quoted(report, quotesLike(report, /^Memory cgroup stats|^\s*memory: usage/, 2)),
    }
  }
  return { here: logUnknown(about).length > 0 ? undefined : false, evidence: [] }
}

/** One defect on this node: its status, why, and what was seen. */
export interface DefectHere extends DefectBearing {
  readonly evidence: readonly Evidence[]
}

/** Versions and condition together. */
export function defectHere(about: Case, id: DefectId): DefectHere {
  const { condition, versions } = defect(id)
  const inRange = defectStatus(id, kernel(about), about.software)
  if (inRange.status === 'not-affected') return { id, ...inRange, evidence: [] }
  const version = inRange.why.startsWith('version-') ? softwareEvidence(about, versions) : []
  if (condition === undefined) return { id, ...inRange, evidence: version }
  const { here, evidence } = seen(about, condition)
  if (here === false) return { id, status: 'not-affected', why: 'condition-not-here', evidence: [] }
  if (here === undefined && inRange.status === 'affected') {
    return { id, status: 'cannot-tell', why: 'condition-not-looked-at', evidence: [] }
  }
  return { id, ...inRange, evidence: [...version, ...evidence] }
}

/** Conditions that are circumstances and nothing anybody would notice: where the version is not at hand, they tell nothing. */
const CIRCUMSTANCES: ReadonlySet<DefectCondition> = new Set(['cgroup-v1', 'cgroup-v2'])

/** Whether the defect shows on a node that has it by something kmemscope reads; else its version is all there is. */
export function showsItself(id: DefectId): boolean {
  const { condition } = defect(id)
  return condition !== undefined && !CIRCUMSTANCES.has(condition)
}

function softwareEvidence(about: Case, ranges: readonly VersionRange[] = []): readonly Evidence[] {
  return (about.software ?? [])
    .filter(({ name }) => ranges.some(range => range.of === name))
    .map(({ path, name, version }) => ({
      kind: 'reading',
      path,
      key: name,
      value: version,
      unit: 'text',
      at: readAt(about),
    }))
}

/** The defects that may bear on a finding, without those that cannot. */
export function bearings(about: Case, ids: readonly DefectId[]): readonly DefectBearing[] {
  return ids
    .map(id => defectHere(about, id))
    .filter(({ status }) => status !== 'not-affected')
    .map(({ id, status, why }) => ({ id, status, why }))
}
