// Which pages removed memory cgroups hold: the pages that /proc/kpagecgroup shows on the inode of a live cgroup, less its
// own. The kernel shows the nearest cgroup above that is not removed, so that the pages of all removed children stand on
// one inode. What a cgroup's own are, memory.stat of v1 tells (without `total_`, memcg_stat_show); that of v2 does not, but
// there only cgroups without children under the controller have processes, and cgroup.stat counts the removed children.

import type { Case } from '../case/case.ts'
import type { Memcg } from '../case/memcg.ts'
import {
  type PageOwnership,
  type PinCandidate,
  type PinName,
  type PinRow,
  type Pins,
  type StayingCounts,
  type StayingKind,
  stayingKinds,
} from '../case/pins.ts'
import type { PageCounts } from '../decode/proc/kpage.ts'
import { deadMemory, dyingHere } from './dead-memory.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'
import { memcgIndex } from './memcg-tree.ts'
import { nameOf } from './names.ts'

/** MEMCG_CHARGE_BATCH of include/linux/memcontrol.h (64 from 6.1 on, 32 before): pages a CPU may not have told yet. */
const BATCH_PAGES = 64

/** Cgroups named with one candidate (ours). */
const MAY_PIN = 5

const sum = (counts: StayingCounts): number => stayingKinds.reduce((total, kind) => total + counts[kind], 0)

/** Own pages as memory.stat of v1 has them, in pages; undefined where a key is missing (`shmem` came with 4.10). */
function ownOf(
  stat: Readonly<Record<string, number>> | undefined,
  pageSize: number,
): StayingCounts | undefined {
  const { cache, rss, shmem = cache === 0 ? 0 : undefined } = stat ?? {}
  if (cache === undefined || rss === undefined || shmem === undefined) return undefined
  return {
    pageCache: Math.max(0, cache - shmem) / pageSize,
    tmpfs: shmem / pageSize,
    anonymous: rss / pageSize,
  }
}

function less(pages: PageCounts, own: StayingCounts): StayingCounts {
  const left = (kind: StayingKind) => Math.max(0, Math.round(pages[kind] - own[kind]))
  return { pageCache: left('pageCache'), tmpfs: left('tmpfs'), anonymous: left('anonymous') }
}

const NONE: StayingCounts = { pageCache: 0, tmpfs: 0, anonymous: 0 }

/**
 * Processes at work allocate and free while pages are read, which two looks at memory.stat need not show. Then no more is
 * their removed children's than one look at memory.stat has below the cgroup and in no live child.
 */
function atMost(
  about: Case,
  memcg: Memcg,
  dead: StayingCounts,
  pageSize: number,
  late: number,
): StayingCounts {
  const { cache = 0, shmem = 0, rss = 0 } = deadMemory(about, memcg) ?? {}
  const least = (kind: StayingKind, bytes: number) => {
    const pages = Math.round(bytes / pageSize)
    return pages <= late ? 0 : Math.min(dead[kind], pages)
  }
  return {
    pageCache: least('pageCache', Math.max(0, cache - shmem)),
    tmpfs: least('tmpfs', shmem),
    anonymous: least('anonymous', rss),
  }
}

interface Standing {
  readonly memcg: Memcg
  readonly name: PinName
  readonly inode: number
  readonly pages: PageCounts
}

function rowV1(about: Case, standing: Standing, ownership: PageOwnership): PinRow {
  const { memcg, pages } = standing
  const { pageSize = 4096, after } = ownership
  const before = ownOf(memcg.stat, pageSize)
  const later = after.get(memcg.path)
  const own = ownOf(later?.stat, pageSize) ?? before
  if (own === undefined || before === undefined) return standing
  const cpus = latest(about)?.cpus
  const late = (cpus?.online ?? cpus?.possible ?? 1) * BATCH_PAGES
  const dead =
    memcg.ownTasks === false ? less(pages, own) : atMost(about, memcg, less(pages, own), pageSize, late)
  const moved = stayingKinds.reduce((total, kind) => total + Math.abs(own[kind] - before[kind]), 0)
  // what has nothing of its own has nothing that could be late
  const idle = memcg.ownTasks === false && sum(own) === 0 && sum(before) === 0
  return {
    ...standing,
    own,
    dead,
    deadPages: sum(dead),
    method: 'memory.stat',
    error: Math.round(moved) + (idle ? 0 : late),
    from: `${memcg.dir.replace(/\/$/, '')}/memory.stat`,
  }
}

function rowV2(standing: Standing, children: readonly Memcg[]): PinRow {
  const { memcg, pages } = standing
  const all: StayingCounts = {
    pageCache: pages.pageCache,
    tmpfs: pages.tmpfs,
    anonymous: pages.anonymous,
  }
  const from = `${memcg.dir.replace(/\/$/, '')}/cgroup.stat`
  const dying = dyingHere(memcg, children)
  if (dying === 0)
    return {
      ...standing,
      own: all,
      dead: NONE,
      deadPages: 0,
      method: 'no-removed-children',
      error: 0,
      from,
    }
  if (memcg.path === '/' || memcg.ownTasks !== false || dying === undefined) return standing
  return { ...standing, dead: all, deadPages: sum(all), method: 'no-own-tasks', from }
}

const sumOf = (pages: PageCounts): number => Object.values(pages).reduce((total, count) => total + count, 0)

/** Who pins what, from the pages read on request; undefined where they or the tree were not read. */
export const pins: (about: Case) => Pins | undefined = fact(about => {
  const sample = latest(about)
  const ownership = sample?.pageOwners
  const index = memcgIndex(about)
  if (ownership === undefined || index === undefined) return undefined
  const { byInode, others } = ownership.owners
  let elsewhere = others
  const seen = new Set<number>()
  const all: PinRow[] = []
  for (const memcg of index.tree.memcgs) {
    const { inode } = memcg
    const pages = inode === undefined ? undefined : byInode.get(inode)
    if (inode === undefined || pages === undefined || memcg.uncontrolled) continue
    seen.add(inode)
    const { namespace, pod, container } = nameOf(about, memcg)
    const name = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(pod === undefined ? {} : { pod }),
      ...(container === undefined ? {} : { container }),
    }
    const standing = { memcg, name, inode, pages }
    all.push(
      index.tree.version === 'v1'
        ? rowV1(about, standing, ownership)
        : rowV2(standing, index.children.get(memcg.path) ?? []),
    )
  }
  for (const [inode, pages] of byInode) if (!seen.has(inode)) elsewhere += sumOf(pages)

  const rows = all
    .filter(({ deadPages = 0, error = 0 }) => deadPages > error)
    .sort((a, b) => (b.deadPages ?? 0) - (a.deadPages ?? 0))
  const dead = { ...NONE }
  for (const row of rows) for (const kind of stayingKinds) dead[kind] += row.dead?.[kind] ?? 0
  return {
    ownership,
    rows,
    withoutTasks: all
      .filter(({ memcg, own }) => memcg.ownTasks === false && own !== undefined && sum(own) > 0)
      .sort((a, b) => sum(b.own ?? NONE) - sum(a.own ?? NONE)),
    untold: all.filter(({ method }) => method === undefined).sort((a, b) => sumOf(b.pages) - sumOf(a.pages)),
    dead,
    elsewhere,
    candidates: candidates(about, rows),
    ...(sample?.pinPlaces?.partial === undefined ? {} : { candidatesPartial: true }),
  }
})

/**
 * Places whose files may be what holds the rows' pages. A pod's files belong to its own cgroup's children; once the pod's
 * cgroup is gone, to the cgroups above pods. What is no pod's may be anybody's.
 */
function candidates(about: Case, rows: readonly PinRow[]): readonly PinCandidate[] {
  const alive = new Set<string>()
  for (const { pod } of memcgIndex(about)?.tree.memcgs ?? [])
    if (pod.podUid !== undefined) alive.add(pod.podUid)
  const found: PinCandidate[] = []
  for (const place of latest(about)?.pinPlaces?.places ?? []) {
    const kind: StayingKind = place.kind === 'tmpfs' ? 'tmpfs' : 'pageCache'
    const podUid =
      place.podUid ??
      (place.containerId === undefined ? undefined : about.pods?.containers.get(place.containerId)?.podUid)
    const podGone = podUid !== undefined && !alive.has(podUid)
    const mayPin = rows
      .filter(({ memcg, dead }) => {
        if ((dead?.[kind] ?? 0) === 0) return false
        const { pod } = memcg
        if (podUid === undefined) return true
        return podGone ? pod.podUid === undefined : pod.podUid === podUid
      })
      .map(({ memcg }) => memcg.path)
    if (mayPin.length === 0) continue
    const { namespace, name: pod } = about.pods?.pods.get(podUid ?? '') ?? {}
    found.push({
      name: {
        ...(namespace === undefined ? {} : { namespace }),
        ...(pod === undefined ? {} : { pod }),
      },
      place: podUid === undefined ? place : { ...place, podUid },
      ...(podGone ? { podGone: true } : {}),
      mayPin: mayPin.slice(0, MAY_PIN),
    })
  }
  return found
}
