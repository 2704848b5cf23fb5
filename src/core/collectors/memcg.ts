// The memory cgroup tree: v1 (Documentation/admin-guide/cgroup-v1/memory.rst) or v2 (admin-guide/cgroup-v2.rst).
// memory.kmem.slabinfo is never read: over all cgroups it holds the slab mutex long enough to stall a node, and
// memory.numa_stat walks every dying child.

import { limitBytes } from '../base/units.ts'
import type { NodeIdentity } from '../case/case.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import { kernelBytes, statDecoder } from '../decode/cgroup/memory-stat.ts'
import { decodeNumber } from '../decode/cgroup/number.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { Mount } from '../decode/proc/mountinfo.ts'
import { parseMountinfo } from '../decode/proc/mountinfo.ts'
import type { Gap, Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const MOUNTINFO = ['proc/self/mountinfo', 'proc/1/mountinfo'] as const
const NAMESPACE = ['proc/self/ns/cgroup', 'proc/1/ns/cgroup'] as const

/** Where a hierarchy is when nothing says where: systemd's places, then those of el6 and of by-hand mounts. */
const V1_PLACES = ['sys/fs/cgroup/memory', 'cgroup/memory', 'dev/cgroup/memory', 'mnt/cgroup/memory'] as const
const V2_PLACES = ['sys/fs/cgroup', 'sys/fs/cgroup/unified', 'sys/fs/cgroup/systemd'] as const

/** Inode of the first cgroup namespace (PROC_CGROUP_INIT_INO, include/linux/proc_ns.h). */
const INIT_CGROUP_NAMESPACE = 'cgroup:[4026531835]'

/** The kmem limit is enforced up to 5.15; from 5.16 on nothing can be written to it, or to no effect (58056f77502f). */
const KMEM_LIMIT_WORKS = /^(?:[34]\.|5\.(?:\d|1[0-5])(?:\D|$))/

/** Directories read at most: ids end at 65,535 live ones, v2 cgroups without the controller come on top (ours). */
const DIRECTORIES_LIMIT = 500_000
/** Where it is known how many huge pages the node has, surplus ones included, by size. */
const HUGE_PAGES = 'sys/kernel/mm/hugepages'
const HUGETLB_PLACES = ['sys/fs/cgroup/hugetlb', 'sys/fs/cgroup/unified'] as const

/** What stands for bytes that are no UTF-8 (replacement character). */
const NO_TEXT = '\ufffd'

/**
 * Levels walked at most. Pods of pods of a node in a container (kind) have some twenty; two thousand fit into a path, and
 * where each component is looked at, in a copy or below --root, they took minutes. Ours.
 */
const DEPTH_LIMIT = 100

/** Gaps told one by one; ten thousand unreadable cgroups are one fact (ours). */
const GAPS_LIMIT = 200

interface Hierarchy {
  readonly version: 'v1' | 'v2'
  /** Path of the mount point in the tree. */
  readonly at: string
  readonly nodeWide: boolean
  /** Why only a part of it is seen. */
  readonly partial?: string
}

/** Where huge pages of hugetlbfs are counted: v1 has a hierarchy for it, or cgroup2 beside a v1 memory controller. */
interface Hugetlb {
  readonly at: string
  /** The file of each page size: `hugetlb.2MB.usage_in_bytes`, `hugetlb.2MB.current`. */
  readonly files: readonly string[]
}

interface Hierarchies {
  readonly memory?: Hierarchy
  readonly cgroup?: NodeIdentity['cgroup']
  readonly gaps: readonly Gap[]
}

/** A namespace's own top is `/`; what a container's host mounted reads as `/..` from inside of one. */
function isTop(root: string): boolean {
  return root === '/' || /^(?:\/\.\.)+$/.test(root)
}

function namespaceOf(tree: Tree): string | undefined {
  for (const path of NAMESPACE) {
    const link = tree.link(path)
    if (!isGap(link)) return link
  }
  return undefined
}

function mountsOf(tree: Tree): readonly Mount[] {
  for (const path of MOUNTINFO) {
    const bytes = tree.read(path)
    if (!isGap(bytes)) return parseMountinfo(new TextDecoder().decode(bytes))
  }
  return []
}

function hasMemory(tree: Tree, at: string, version: 'v1' | 'v2'): boolean {
  const names = tree.list(at)
  if (isGap(names)) return false
  if (version === 'v1') {
    if (names.some(name => name.startsWith('memory.'))) return true
    // A saved listing, of which the directory's own files are not part.
    return tree.origin !== 'live' && at.endsWith('/memory') && isGap(tree.read(`${at}/cgroup.controllers`))
  }
  // The top of v2 has no memory.current; it has memory.stat since 5.10 and the list of controllers since 4.5.
  const controllers = tree.read(`${at}/cgroup.controllers`)
  if (!isGap(controllers)) return new TextDecoder().decode(controllers).split(/\s/).includes('memory')
  return names.some(name => /^(?:memory\.(?:stat|current|max)|cgroup\.(?:stat|subtree_control))$/.test(name))
}

/** The part of a hierarchy that was given by hand: a cgroup's directory, one of its files, lines of a transcript. */
function givenHierarchy(tree: Tree): Hierarchy | undefined {
  for (const { kind, path } of tree.given ?? []) {
    switch (kind) {
      case 'cgroup-v1':
      case 'cgroup-v2':
        return {
          version: kind === 'cgroup-v1' ? 'v1' : 'v2',
          at: path,
          nodeWide: false,
          partial: 'a cgroup directory given by hand',
        }
      case 'memory-stat-v1':
      case 'memory-stat-v2':
      case 'cgroup-stat':
        return {
          version: kind === 'memory-stat-v1' ? 'v1' : 'v2',
          at: path.slice(0, path.lastIndexOf('/')),
          nodeWide: false,
          partial: 'a file of a cgroup given by hand',
        }
      case 'shell-transcript': {
        const at = ['sys/fs/cgroup/memory', 'sys/fs/cgroup'].find(place => !isGap(tree.list(place)))
        if (at === undefined) break
        const version = at.endsWith('memory') ? 'v1' : 'v2'
        return { version, at, nodeWide: false, partial: 'lines of a shell transcript' }
      }
      default:
    }
  }
  return undefined
}

/** Where the memory controller is, and which hierarchies the node has. */
function findHierarchies(tree: Tree): Hierarchies {
  const bare = givenHierarchy(tree)
  if (bare !== undefined) return { memory: bare, cgroup: bare.version, gaps: [] }
  const mounts = mountsOf(tree).filter(({ type }) => type === 'cgroup' || type === 'cgroup2')
  const namespace = namespaceOf(tree)
  const outside = namespace === undefined || namespace === INIT_CGROUP_NAMESPACE
  const place = (mount: Mount, version: 'v1' | 'v2'): Hierarchy => {
    const nodeWide = outside && isTop(mount.root)
    const partial = isTop(mount.root) ? `namespace ${namespace}` : `mount of ${mount.root}`
    return {
      version,
      at: mount.mountPoint.slice(1).replace(/\/$/, ''),
      nodeWide,
      ...(nodeWide ? {} : { partial }),
    }
  }
  // The later mount is on top; of several the one that shows the whole hierarchy.
  const best = (wanted: readonly Mount[]) => wanted.findLast(({ root }) => isTop(root)) ?? wanted.at(-1)
  const v1 = mounts.filter(({ type, superOptions }) => type === 'cgroup' && superOptions.includes('memory'))
  const v2 = mounts.filter(({ type }) => type === 'cgroup2')
  const there = (at: string) => !isGap(tree.stat(at))

  const v1Mount = best(v1.filter(({ mountPoint }) => there(mountPoint.slice(1))))
  const v1Place: Hierarchy | undefined =
    v1Mount !== undefined
      ? place(v1Mount, 'v1')
      : mounts.length === 0
        ? V1_PLACES.filter(at => hasMemory(tree, at, 'v1'))
            .map((at): Hierarchy => ({ version: 'v1', at, nodeWide: outside }))
            .at(0)
        : undefined
  if (v1Place !== undefined) {
    const unified = v2.length > 0 || there('sys/fs/cgroup/unified')
    return { memory: v1Place, cgroup: unified ? 'hybrid' : 'v1', gaps: [] }
  }
  const v2Mount = best(
    v2.filter(({ mountPoint }) => hasMemory(tree, mountPoint.slice(1), 'v2') || mounts.length === v2.length),
  )
  if (v2Mount !== undefined && there(v2Mount.mountPoint.slice(1))) {
    return { memory: place(v2Mount, 'v2'), cgroup: mounts.length > v2.length ? 'hybrid' : 'v2', gaps: [] }
  }
  if (mounts.length === 0) {
    const at = V2_PLACES.find(path => hasMemory(tree, path, 'v2'))
    if (at !== undefined) return { memory: { version: 'v2', at, nodeWide: outside }, cgroup: 'v2', gaps: [] }
  }
  const cgroup =
    v1.length > 0 ? 'v1' : v2.length > 0 ? (mounts.length > v2.length ? 'hybrid' : 'v2') : undefined
  const top = tree.stat('sys/fs/cgroup')
  const gap: Gap =
    isGap(top) && top.why !== 'absent'
      ? top
      : { path: tree.shown('sys/fs/cgroup/memory'), why: 'absent', detail: 'no memory controller mounted' }
  return { ...(cgroup === undefined ? {} : { cgroup }), gaps: [gap] }
}

/** `hugetlb.2MB`, `hugetlb.1GB`, `hugetlb.64KB` (mem_fmt of mm/hugetlb_cgroup.c) of `hugepages-2048kB`. */
function hugetlbFile(directory: string): string | undefined {
  const size = /^hugepages-(\d{1,12})kB$/.exec(directory)?.[1]
  if (size === undefined) return undefined
  const kilobytes = Number(size)
  const gigabyte = 1024 * 1024
  if (kilobytes >= gigabyte) return `hugetlb.${kilobytes / gigabyte}GB`
  return kilobytes >= 1024 ? `hugetlb.${kilobytes / 1024}MB` : `hugetlb.${kilobytes}KB`
}

/** Nothing where the node has no huge page: there is none to be charged. */
function findHugetlb(tree: Tree, memory: Hierarchy): Hugetlb | undefined {
  const sizes = tree.list(HUGE_PAGES)
  if (isGap(sizes)) return undefined
  const names: string[] = []
  for (const directory of sizes) {
    const name = hugetlbFile(directory)
    const count = tree.read(`${HUGE_PAGES}/${directory}/nr_hugepages`)
    if (name !== undefined && (isGap(count) || decodeNumber(count) !== 0)) names.push(name)
  }
  if (names.length === 0) return undefined
  if (memory.version === 'v2') return { at: memory.at, files: names.map(name => `${name}.current`) }
  const mounts = mountsOf(tree)
  const v1 =
    mounts.findLast(({ type, superOptions }) => type === 'cgroup' && superOptions.includes('hugetlb')) ??
    mounts.findLast(({ type }) => type === 'cgroup2')
  const at = v1?.mountPoint.slice(1) ?? HUGETLB_PLACES.find(place => !isGap(tree.stat(place)))
  if (at === undefined) return undefined
  const last = v1?.type === 'cgroup2' || at === HUGETLB_PLACES[1] ? 'current' : 'usage_in_bytes'
  return { at, files: names.map(name => `${name}.${last}`) }
}

type Filled = { -readonly [K in keyof Memcg]: Memcg[K] }

/** Files of one directory, with what was learnt on the way about which there are. */
interface Reader {
  /**
   * Fills `memcg` from `dir`; false if the cgroup is gone. `isLeaf`: it is known to have no directory in it.
   */
  fill(dir: string, memcg: Filled, isRoot: boolean, isLeaf: boolean): boolean
}

interface Wanted {
  /** memory.kmem.limit_in_bytes is enforced by this kernel. */
  readonly kmemLimits: boolean
  readonly hugetlb: Hugetlb | undefined
}

function readerOf(
  tree: Tree,
  hierarchy: Hierarchy,
  { kmemLimits, hugetlb }: Wanted,
  tell: (gap: Gap) => void,
): Reader {
  /** Files this kernel does not have: found out once, since each failed open costs as much as three good ones. */
  const missing = new Set<string>()
  const live = tree.origin === 'live'
  let gone = false
  let inode: number | undefined
  /**
   * v1 lists the processes that the reader's pid namespace has (cgroup_pidlist in kernel/cgroup/cgroup-v1.c). The top of
   * the whole hierarchy has kernel threads: where it shows nobody, an empty list shows nothing.
   */
  let blind = false

  const bytesOf = (dir: string, file: string): Uint8Array | undefined => {
    if (missing.has(file)) return undefined
    const answer = tree.peek(`${dir}/${file}`)
    if (!isGap(answer)) return answer
    if (answer.why === 'vanished') gone = true
    else if (answer.why !== 'absent') tell(answer)
    return undefined
  }
  /** The same of a file every cgroup of this kernel has or none: what is missing once is not asked for again. */
  const sure = (dir: string, file: string): Uint8Array | undefined => {
    if (missing.has(file)) return undefined
    const answer = tree.peek(`${dir}/${file}`)
    if (!isGap(answer)) return answer
    if (answer.why === 'vanished') gone = true
    else if (answer.why !== 'absent') tell(answer)
    else if (live) {
      // A service that restarts makes a cgroup of the same name: the one that was looked at is gone all the same.
      const now = tree.stat(dir)
      if (isGap(now) || now.inode !== inode) gone = true
      else missing.add(file)
    }
    return undefined
  }
  const number = (bytes: Uint8Array | undefined): number | undefined =>
    bytes === undefined ? undefined : decodeNumber(bytes)
  /** What was counted. `max` is no count, nor is what is below zero, whoever wrote it into a copy: no kernel prints them. */
  const count = (bytes: Uint8Array | undefined): number | undefined => {
    const value = number(bytes)
    return value === undefined || value < 0 || value === Number.POSITIVE_INFINITY ? undefined : value
  }

  const decodeMemoryStat = statDecoder()
  const decodeEvents = statDecoder()
  const decodeCgroupStat = statDecoder()
  const decodeState = statDecoder()

  const fillV1 = (dir: string, memcg: Filled, isRoot: boolean) => {
    const usage = count(sure(dir, 'memory.usage_in_bytes'))
    if (usage !== undefined) memcg.usage = usage
    if (gone) return
    const limit = number(sure(dir, 'memory.limit_in_bytes'))
    if (limit !== undefined) memcg.limit = limitBytes(limit)
    const peak = count(sure(dir, 'memory.max_usage_in_bytes'))
    if (peak !== undefined) memcg.peak = peak
    const failcnt = count(sure(dir, 'memory.failcnt'))
    if (failcnt !== undefined) memcg.failcnt = failcnt
    const kmemUsage = count(sure(dir, 'memory.kmem.usage_in_bytes'))
    if (kmemUsage !== undefined) memcg.kmemUsage = kmemUsage
    if (kmemLimits) {
      const kmemLimit = number(sure(dir, 'memory.kmem.limit_in_bytes'))
      if (kmemLimit !== undefined) memcg.kmemLimit = limitBytes(kmemLimit)
      const kmemFailcnt = count(sure(dir, 'memory.kmem.failcnt'))
      if (kmemFailcnt !== undefined) memcg.kmemFailcnt = kmemFailcnt
    }
    const stat = sure(dir, 'memory.stat')
    if (stat !== undefined) memcg.stat = decodeMemoryStat(stat)
    const memsw = memcg.stat?.['hierarchical_memsw_limit']
    // Of itself or what is above it, the least: without any there is none here, and without swap accounting no line.
    if (memsw !== undefined && limitBytes(memsw) === Number.POSITIVE_INFINITY)
      memcg.memswLimit = Number.POSITIVE_INFINITY
    else if (memsw !== undefined || !live || memcg.stat === undefined) {
      const memswLimit = number(sure(dir, 'memory.memsw.limit_in_bytes'))
      if (memswLimit !== undefined) memcg.memswLimit = limitBytes(memswLimit)
      const memswUsage = count(sure(dir, 'memory.memsw.usage_in_bytes'))
      if (memswUsage !== undefined) memcg.memswUsage = memswUsage
    }
    const events = sure(dir, 'memory.oom_control')
    if (events !== undefined) memcg.events = decodeEvents(events)
    if (gone) return
    const tasks = sure(dir, 'cgroup.procs')
    if (tasks !== undefined) {
      if (isRoot && hierarchy.nodeWide) blind = tasks.length === 0
      // A copy made by size has nothing in any file of a cgroup.
      if (tasks.length > 0) memcg.ownTasks = true
      else if (!blind && usage !== undefined) memcg.ownTasks = false
    }
    if (live) return
    // No kernel has it on v1, but patched ones of nodes that were looked into had, and what they saved counts.
    const counts = bytesOf(dir, 'cgroup.stat')
    if (counts !== undefined) memcg.cgroupStat = decodeCgroupStat(counts)
  }
  const tasksV2 = (dir: string, memcg: Filled, isLeaf: boolean) => {
    const state = bytesOf(dir, 'cgroup.events')
    const populated = state === undefined ? undefined : decodeState(state)['populated']
    if (populated !== undefined) memcg.populated = populated !== 0
    if (populated === 0) memcg.ownTasks = false
    else if (populated !== undefined && isLeaf) memcg.ownTasks = true
    else {
      // In a threaded one only the threads can be listed (EOPNOTSUPP): no gap, since its `populated` is known.
      const tasks = tree.peek(`${dir}/cgroup.procs`)
      if (isGap(tasks)) {
        if (tasks.why === 'vanished') gone = true
        else if (tasks.why === 'denied') tell(tasks)
      } else if (tasks.length > 0) memcg.ownTasks = true
      else if (populated !== undefined) memcg.ownTasks = false
    }
  }
  const fillV2 = (dir: string, memcg: Filled, isRoot: boolean, isLeaf: boolean) => {
    const counts = sure(dir, 'cgroup.stat')
    if (counts !== undefined) memcg.cgroupStat = decodeCgroupStat(counts)
    if (gone) return
    if (!isRoot) tasksV2(dir, memcg, isLeaf)
    if (gone) return
    // The top has memory.stat (5.10) but no counters; elsewhere the controller can be off, and then there is nothing.
    const usage = isRoot ? undefined : count(bytesOf(dir, 'memory.current'))
    if (usage !== undefined) memcg.usage = usage
    else if (!isRoot) {
      const controllers = bytesOf(dir, 'cgroup.controllers')
      if (controllers !== undefined && !/\bmemory\b/.test(new TextDecoder().decode(controllers))) {
        memcg.uncontrolled = true
        return
      }
      if (live) {
        if (isGap(tree.stat(dir))) gone = true
        return
      }
    }
    const stat = isRoot ? bytesOf(dir, 'memory.stat') : sure(dir, 'memory.stat')
    if (stat !== undefined) {
      memcg.stat = decodeMemoryStat(stat)
      const kmemUsage = kernelBytes(memcg.stat)
      if (kmemUsage !== undefined) memcg.kmemUsage = kmemUsage
    }
    if (isRoot) return
    const limit = number(sure(dir, 'memory.max'))
    if (limit !== undefined) memcg.limit = limitBytes(limit)
    const peak = count(sure(dir, 'memory.peak'))
    if (peak !== undefined) memcg.peak = peak
    const events = sure(dir, 'memory.events')
    if (events !== undefined) {
      memcg.events = decodeEvents(events)
      const failcnt = memcg.events['max']
      if (failcnt !== undefined) memcg.failcnt = failcnt
    }
    if (gone) return
    const high = number(sure(dir, 'memory.high'))
    if (high !== undefined) memcg.high = high
    const low = number(sure(dir, 'memory.low'))
    if (low !== undefined) memcg.low = low
    const min = number(sure(dir, 'memory.min'))
    if (min !== undefined) memcg.min = min
    const swapLimit = number(sure(dir, 'memory.swap.max'))
    if (swapLimit !== undefined) memcg.swapLimit = swapLimit
    const swapUsage = count(sure(dir, 'memory.swap.current'))
    if (swapUsage !== undefined) memcg.swapUsage = swapUsage
  }
  const hugetlbOf = (place: Hugetlb, { path }: Memcg): number | undefined => {
    let sum: number | undefined
    for (const file of place.files) {
      const bytes = tree.peek(`${place.at}${path}/${file}`)
      const usage = isGap(bytes) ? undefined : count(bytes)
      if (usage !== undefined) sum = (sum ?? 0) + usage
    }
    return sum
  }
  return {
    fill(dir, memcg, isRoot, isLeaf) {
      gone = false
      inode = memcg.inode
      if (hierarchy.version === 'v1') fillV1(dir, memcg, isRoot)
      // The top of a namespace, or of a copy of one cgroup, is no root: it has counters and a limit.
      else fillV2(dir, memcg, isRoot && hierarchy.nodeWide, isLeaf)
      if (hugetlb !== undefined && (memcg.pod.level === 'pod' || memcg.pod.level === 'container')) {
        const held = hugetlbOf(hugetlb, memcg)
        if (held !== undefined) memcg.hugetlb = held
      }
      return !gone
    },
  }
}

/**
 * Whether a directory is the cgroup it was. One that was removed and made again while its files were read has given the
 * numbers of both: measured at 500 a second under 50 names, one in some 7,500 was met so.
 */
function isStill(tree: Tree, dir: string, inode: number | undefined): boolean {
  const now = tree.stat(dir)
  return !isGap(now) && now.inode === inode
}

/** Reads every directory of the hierarchy once, parents before children. */
function walk(tree: Tree, hierarchy: Hierarchy, wanted: Wanted): { memcg: MemcgTree; gaps: Gap[] } | Gap {
  const gaps: Gap[] = []
  let untold = 0
  const tell = (gap: Gap) => {
    if (gaps.length < GAPS_LIMIT) gaps.push(gap)
    else untold += 1
  }
  const { at, version } = hierarchy
  const root = tree.shown(at)
  const reader = readerOf(tree, hierarchy, wanted, tell)
  const live = tree.origin === 'live'
  const memcgs: Memcg[] = []
  let incomplete = false
  /** Whether link counts tell the number of directories here: not in every imitation of a cgroup filesystem (FUSE). */
  let counted = false

  const inodes = new Set<number>()
  const paths: string[] = ['']
  for (let next = 0; next < paths.length; next += 1) {
    const path = paths[next] ?? ''
    const dir = at + path
    const stat = tree.stat(dir)
    if (isGap(stat)) {
      if (path === '') return stat
      // Listed by its parent a moment ago. In a copy only its name was kept, and that it was there still counts.
      if (live && (stat.why === 'absent' || stat.why === 'vanished')) {
        // What is no UTF-8 is listed with another name than it has: it is there, and cannot be asked.
        const isNoText = path.includes(NO_TEXT)
        tell(
          isNoText
            ? { path: root + path, why: 'unreadable', detail: 'no UTF-8' }
            : { path: root + path, why: 'vanished' },
        )
        if (isNoText) incomplete = true
        continue
      }
      if (stat.why !== 'absent') {
        tell(stat)
        incomplete = true
      }
    }
    const memcg: Filled = {
      path: path === '' ? '/' : path,
      dir: root + path,
      pod: parsePodPath(path),
    }
    if (!isGap(stat) && stat.inode !== undefined) {
      // On v1 a cgroup can be renamed while the walk is under way (cgroup1_rename): one inode is one cgroup.
      if (live && inodes.has(stat.inode)) continue
      inodes.add(stat.inode)
      memcg.inode = stat.inode
    }
    const isLeaf = counted && !isGap(stat) && stat.directories === 0
    if (!reader.fill(dir, memcg, path === '', isLeaf) || (live && !isStill(tree, dir, memcg.inode))) {
      tell({ path: root + path, why: 'vanished' })
      continue
    }
    memcgs.push(memcg)
    if (isLeaf) continue
    const names = tree.directories(dir)
    if (isGap(names)) {
      if (live && (names.why === 'absent' || names.why === 'vanished'))
        tell({ path: root + path, why: 'vanished' })
      else if (names.why !== 'absent') {
        tell(names)
        incomplete = true
      }
      continue
    }
    // What copies a node's top level only, as sosreport 4.0 does, leaves a hierarchy without a single cgroup in it;
    // on v2 the top itself says whether there was one.
    if (path === '' && names.length === 0 && !live && memcg.cgroupStat?.['nr_descendants'] !== 0)
      incomplete = true
    if (path === '') counted = !isGap(stat) && (stat.directories ?? 0) > 0 && names.length > 0
    if (names.length > 0 && path.split('/').length > DEPTH_LIMIT) {
      tell({ path: root + path, why: 'truncated', detail: `more than ${DEPTH_LIMIT} levels` })
      incomplete = true
      continue
    }
    for (const name of names) {
      if (paths.length >= DIRECTORIES_LIMIT) {
        incomplete = true
        break
      }
      paths.push(`${path}/${name}`)
    }
  }
  if (paths.length >= DIRECTORIES_LIMIT) {
    tell({ path: root, why: 'truncated', detail: `more than ${DIRECTORIES_LIMIT} directories` })
  }
  if (untold > 0) gaps.push({ path: root, why: 'unreadable', detail: `${untold} more files or directories` })
  if (hierarchy.partial !== undefined) gaps.push({ path: root, why: 'truncated', detail: hierarchy.partial })
  return {
    memcg: {
      version,
      root,
      at,
      nodeWide: hierarchy.nodeWide,
      memcgs,
      ...(incomplete ? { incomplete: true } : {}),
    },
    gaps,
  }
}

export default collector({
  id: 'memcg',
  reads: [
    ...MOUNTINFO,
    ...NAMESPACE,
    'sys/fs/cgroup/memory/**/memory.{usage_in_bytes,limit_in_bytes,max_usage_in_bytes,failcnt,stat,oom_control}',
    'sys/fs/cgroup/memory/**/memory.kmem.{usage_in_bytes,limit_in_bytes,failcnt}',
    'sys/fs/cgroup/memory/**/memory.memsw.{usage_in_bytes,limit_in_bytes}',
    'sys/fs/cgroup/**/memory.{current,max,peak,stat,events,high,low,min}',
    'sys/fs/cgroup/**/memory.swap.{current,max}',
    'sys/fs/cgroup/**/cgroup.{stat,controllers,events,procs}',
    'sys/fs/cgroup/**/hugetlb.*.{usage_in_bytes,current}',
    `${HUGE_PAGES}/*/nr_hugepages`,
  ],
  privilege: 'none',
  after: ['kernel'],
  collect(tree, { node }) {
    const { memory, cgroup, gaps } = findHierarchies(tree)
    const identity = cgroup === undefined ? {} : { node: { cgroup } }
    if (memory === undefined) return { ...identity, gaps }
    // Without a release the limit is read as well: one file more, and on an old kernel it is the proof.
    const kmemLimits = node.kernel === undefined || KMEM_LIMIT_WORKS.test(node.kernel)
    const found = walk(tree, memory, { kmemLimits, hugetlb: findHugetlb(tree, memory) })
    if (isGap(found)) return { ...identity, gaps: [...gaps, found] }
    return { ...identity, sample: { memcg: found.memcg }, gaps: [...gaps, ...found.gaps] }
  },
})
