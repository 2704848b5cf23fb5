// Where files are that may pin removed cgroups: tmpfs mounts, volumes of pods and their logs, with how much is in each and
// whose it is. Which of them is in memory Linux tells only through mmap. On request only, bounded, following no link, and
// nothing is touched that a network filesystem would have to answer for: one that hangs would hold us.

import type { PinFile, PinPlace, PinPlaces } from '../case/pins.ts'
import { type Mount, parseMountinfo } from '../decode/proc/mountinfo.ts'
import { isGap, type Tree } from '../tree/tree.ts'
import { collector } from './collector.ts'

const MOUNTS = 'proc/self/mountinfo'
const PODS = 'var/lib/kubelet/pods'
const LOGS = 'var/log/pods'
const DOCKER = 'var/lib/docker/containers'

/** Filesystems in memory: what a file takes up there is memory, or swap. */
const IN_MEMORY = new Set(['tmpfs', 'ramfs'])

/** Filesystems that answer by themselves. */
const LOCAL = new Set([
  ...IN_MEMORY,
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'zfs', 'bcachefs', 'overlay', 'vfat'],
])

/** Entries looked at in one place and in all: some 5 µs each (ours). */
const PLACE_ENTRIES = 20_000
const ALL_ENTRIES = 200_000

/** A directory this long holds 200,000 names of tmpfs (20 bytes each), and is not listed: the names would be held at once. */
const DIRECTORY_SIZE = 4 * 1024 * 1024

/** Files named of one place, and places kept, the largest ones (ours). */
const LARGEST = 5
const PLACES = 500

/** The pod a path below the kubelet's directory is of, whatever that directory is. */
const OF_POD = /\/pods\/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})\//

/** A sandbox's /dev/shm of containerd and CRI-O: `…/sandboxes/ID/shm`, `…/overlay-containers/ID/userdata/shm`. */
const OF_SANDBOX = /\/([0-9a-f]{64})\/(?:userdata\/)?shm\/?$/

/** `NAMESPACE_NAME_UID` (BuildPodLogsDirectory of the kubelet). */
const LOGS_OF_POD = /_([^_]+)$/

interface Found {
  files: number
  bytes: number
  largest: PinFile[]
  partial: boolean
}

/** Looks through places one after the other, until all that may be looked at has been. */
function searcher(tree: Tree, mountPoints: ReadonlySet<string>) {
  let left = ALL_ENTRIES

  function enter(found: Found, file: PinFile): void {
    found.files += 1
    found.bytes += file.bytes
    if (found.largest.length === LARGEST && (found.largest.at(-1)?.bytes ?? 0) >= file.bytes) return
    found.largest.push(file)
    found.largest.sort((a, b) => b.bytes - a.bytes)
    if (found.largest.length > LARGEST) found.largest.pop()
  }

  /** All below `top`, but for what is mounted in it. `device`: what must stand there. */
  function search(top: string, device?: string): Found | undefined {
    const first = tree.file?.(top)
    if (first === undefined || isGap(first) || first.kind !== 'directory') return undefined
    if (device !== undefined && first.device !== device) return undefined
    const found: Found = { files: 0, bytes: 0, largest: [], partial: false }
    const twice = new Set<number>()
    const directories: { readonly path: string; readonly size: number }[] = [{ path: top, size: first.size }]
    let room = PLACE_ENTRIES
    for (let dir = directories.pop(); dir !== undefined; dir = directories.pop()) {
      const names = dir.size > DIRECTORY_SIZE ? undefined : tree.list(dir.path)
      if (names === undefined || isGap(names)) {
        found.partial = true
        continue
      }
      for (const name of names) {
        if (room <= 0 || left <= 0) {
          found.partial = true
          return found
        }
        room -= 1
        left -= 1
        const path = dir.path === '' ? name : `${dir.path}/${name}`
        if (mountPoints.has(`/${path}`)) continue
        const stat = tree.file?.(path)
        if (stat === undefined || isGap(stat)) {
          // one that is gone holds nothing; of a name that is no text it is not known
          found.partial ||= stat !== undefined && (stat.why !== 'absent' || name.includes('\ufffd'))
          continue
        }
        if (stat.device !== first.device) continue
        if (stat.kind === 'directory') directories.push({ path, size: stat.size })
        if (stat.kind !== 'file' || stat.allocated === 0) continue
        if (stat.links > 1 && twice.has(stat.inode)) continue
        if (stat.links > 1) twice.add(stat.inode)
        const { allocated: bytes, size, uid } = stat
        enter(found, { path: tree.shown(path), bytes, size, uid })
      }
    }
    return found
  }

  return { search, exhausted: () => left <= 0 }
}

/** Each filesystem in memory once; the mount that shows all of it before those of a part. */
function inMemory(mounts: readonly Mount[]): readonly Mount[] {
  const byDevice = new Map<string, Mount>()
  for (const mount of mounts) {
    if (!IN_MEMORY.has(mount.type)) continue
    const before = byDevice.get(mount.device)
    if (before === undefined || (before.root !== '/' && mount.root === '/')) byDevice.set(mount.device, mount)
  }
  return [...byDevice.values()]
}

function namesIn(tree: Tree, dir: string): readonly string[] {
  const names = tree.list(dir)
  return isGap(names) ? [] : names
}

function collected(tree: Tree): PinPlaces {
  const bytes = tree.read(MOUNTS)
  const mounts = isGap(bytes) ? [] : parseMountinfo(new TextDecoder().decode(bytes))
  const mountPoints = new Map(mounts.map(mount => [mount.mountPoint, mount]))
  const { search, exhausted } = searcher(tree, new Set(mountPoints.keys()))
  const places: PinPlace[] = []
  const add = (
    kind: PinPlace['kind'],
    path: string,
    {
      podUid,
      containerId,
    }: { readonly podUid?: string | undefined; readonly containerId?: string | undefined },
    device?: string,
  ) => {
    const found = exhausted() ? undefined : search(path, device)
    if (found === undefined || (found.files === 0 && !found.partial)) return
    const { partial, ...rest } = found
    places.push({
      kind,
      path: tree.shown(path),
      ...(podUid === undefined ? {} : { podUid }),
      ...(containerId === undefined ? {} : { containerId }),
      ...rest,
      ...(partial ? { partial: true } : {}),
    })
  }
  for (const { mountPoint, device } of inMemory(mounts)) {
    const podUid = OF_POD.exec(`${mountPoint}/`)?.[1]
    const containerId = OF_SANDBOX.exec(mountPoint)?.[1]
    add('tmpfs', mountPoint.slice(1), { podUid, containerId }, device)
  }
  for (const uid of namesIn(tree, PODS)) {
    for (const plugin of namesIn(tree, `${PODS}/${uid}/volumes`)) {
      for (const name of namesIn(tree, `${PODS}/${uid}/volumes/${plugin}`)) {
        const path = `${PODS}/${uid}/volumes/${plugin}/${name}`
        const mount = mountPoints.get(`/${path}`)
        if (mount === undefined || (LOCAL.has(mount.type) && !IN_MEMORY.has(mount.type)))
          add('volume', path, { podUid: uid })
      }
    }
  }
  for (const name of namesIn(tree, LOGS))
    add('log', `${LOGS}/${name}`, { podUid: LOGS_OF_POD.exec(name)?.[1] })
  for (const id of namesIn(tree, DOCKER)) add('log', `${DOCKER}/${id}`, { containerId: id })
  places.sort((a, b) => b.bytes - a.bytes)
  return {
    places: places.slice(0, PLACES),
    ...(exhausted() || places.length > PLACES || mounts.length === 0 ? { partial: true } : {}),
  }
}

export default collector({
  id: 'pin-places',
  reads: [MOUNTS, `${PODS}/*/volumes/**`, `${LOGS}/**`, `${DOCKER}/**`],
  privilege: 'root',
  onRequest: 'kmemscope cgroups --pins',
  collect: tree => (tree.file === undefined ? {} : { sample: { pinPlaces: collected(tree) } }),
})
