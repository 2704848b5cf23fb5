// What pods and containers are called. Most precise first: the runtime's and the kubelet's own answers where they were
// asked for or saved (cri/, kubelet/), the runtime's state of each running container, the links and directories of logs.
// Everything is known by a pod's UID and a container's id, which are never given twice.

import type { ContainerName, PodName, Pods } from '../case/pods.ts'
import {
  type Bundle,
  decodeBundle,
  decodeDockerConfig,
  decodeStorageContainers,
} from '../decode/pods/bundle.ts'
import { decodeCriContainers, decodeCriPods } from '../decode/pods/cri.ts'
import { decodePodList } from '../decode/pods/kubelet-pods.ts'
import { parseContainerLogLink, parsePodLogDirectory, podUidOfLogTarget } from '../decode/pods/log-names.ts'
import type { Named, NamedContainer, NamedPod } from '../decode/pods/named.ts'
import type { Gap, Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const CRI_PODS = 'cri/pods.json'
const CRI_CONTAINERS = 'cri/containers.json'
const KUBELET_PODS = 'kubelet/pods.json'
const POD_DIRECTORIES = 'var/lib/kubelet/pods'
const LOG_LINKS = 'var/log/containers'
const LOG_DIRECTORIES = 'var/log/pods'

/** Where a runtime keeps one directory per container, named by its id, and the file in it that tells of it. */
const STATES: readonly {
  readonly at: string
  readonly file: string
  readonly decode: (bytes: Uint8Array, id: string) => Bundle | undefined
}[] = [
  ...[
    'run/containerd/io.containerd.runtime.v2.task/k8s.io',
    'run/containerd/io.containerd.runtime.v1.linux/k8s.io',
    'run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io',
    'run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io',
    'var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io',
  ].map(at => ({ at, file: 'config.json', decode: decodeBundle })),
  { at: 'run/containers/storage/overlay-containers', file: 'userdata/config.json', decode: decodeBundle },
  { at: 'var/lib/docker/containers', file: 'config.v2.json', decode: decodeDockerConfig },
]

/** Names of podman's containers, among others. */
const STORAGE = 'var/lib/containers/storage/overlay-containers/containers.json'

/** Names looked at in one directory: a node runs some hundred pods, and keeps the logs of some thousand containers (ours). */
const NAMES_LIMIT = 20_000

/** Bytes of state files read in all: some 15 KiB a container (ours). */
const STATE_LIMIT = 64 * 1024 * 1024

const CONTAINER_ID = /^[0-9a-f]{64}$/

type Maps = { readonly pods: Map<string, PodName>; readonly containers: Map<string, ContainerName> }

/** What is known already stays, with where it is from; what it lacks is added. */
function adder(maps: Maps) {
  const pod = (found: NamedPod, path: string) => {
    const before = maps.pods.get(found.uid)
    if (before === undefined || (before.name === undefined && found.name !== undefined))
      maps.pods.set(found.uid, { path, ...found })
    else maps.pods.set(found.uid, { ...found, ...before })
  }
  const container = (found: NamedContainer, path: string) => {
    const before = maps.containers.get(found.id)
    if (before === undefined || (before.name === undefined && found.name !== undefined))
      maps.containers.set(found.id, { ...before, ...found, path })
    else maps.containers.set(found.id, { ...found, ...before })
  }
  const all = ({ pods, containers }: Named, path: string) => {
    for (const one of pods) pod(one, path)
    for (const one of containers) container(one, path)
  }
  return { pod, container, all }
}

/** Names in a directory, bounded. That it is not there is no hole: a node has one runtime, and may have no kubelet. */
function namesIn(tree: Tree, dir: string, gaps: Gap[]): readonly string[] {
  const names = tree.list(dir)
  if (isGap(names)) {
    if (names.why !== 'absent') gaps.push(names)
    return []
  }
  if (names.length <= NAMES_LIMIT) return names
  gaps.push({ path: tree.shown(dir), why: 'truncated', detail: `more than ${NAMES_LIMIT} names` })
  return names.slice(0, NAMES_LIMIT)
}

/** Runtimes' state of each running container. */
function readStates(tree: Tree, add: ReturnType<typeof adder>, gaps: Gap[]): void {
  let room = STATE_LIMIT
  /** Pods of sandboxes, for containers that tell but their sandbox. */
  const sandboxes = new Map<string, NamedPod>()
  const waiting: { readonly bundle: Bundle; readonly path: string }[] = []
  for (const { at, file, decode } of STATES) {
    let told = false
    for (const id of namesIn(tree, at, gaps)) {
      if (!CONTAINER_ID.test(id)) continue
      if (room <= 0) {
        gaps.push({ path: tree.shown(at), why: 'truncated', detail: `more than ${STATE_LIMIT} bytes` })
        return
      }
      const path = `${at}/${id}/${file}`
      const bytes = tree.read(path)
      if (isGap(bytes)) {
        // it ended in between; that one may not be read is told once
        if (bytes.why !== 'absent' && !told) gaps.push(bytes)
        told ||= bytes.why !== 'absent'
        continue
      }
      room -= bytes.length
      const bundle = decode(bytes, id)
      if (bundle === undefined) continue
      const shown = tree.shown(path)
      if (bundle.container.sandbox && bundle.pod !== undefined) sandboxes.set(id, bundle.pod)
      if (bundle.pod?.name === undefined && bundle.sandboxId !== undefined)
        waiting.push({ bundle, path: shown })
      else {
        if (bundle.pod !== undefined) add.pod(bundle.pod, shown)
        add.container(bundle.container, shown)
      }
    }
  }
  for (const { bundle, path } of waiting) {
    const uid = bundle.container.podUid ?? sandboxes.get(bundle.sandboxId ?? '')?.uid
    add.container({ ...bundle.container, ...(uid === undefined ? {} : { podUid: uid }) }, path)
  }
}

/** Links to and directories of logs: the names of containers that ended are here, too. */
function readLogs(tree: Tree, add: ReturnType<typeof adder>, gaps: Gap[]): void {
  for (const name of namesIn(tree, LOG_LINKS, gaps)) {
    const link = parseContainerLogLink(name)
    if (link === undefined) continue
    const { namespace, pod, container, id } = link
    const path = `${LOG_LINKS}/${name}`
    const target = tree.link(path)
    const uid = isGap(target) ? undefined : podUidOfLogTarget(target)
    const shown = tree.shown(path)
    add.container({ id, name: container, ...(uid === undefined ? {} : { podUid: uid }) }, shown)
    if (uid !== undefined) add.pod({ uid, namespace, name: pod }, shown)
  }
  for (const name of namesIn(tree, LOG_DIRECTORIES, gaps)) {
    const pod = parsePodLogDirectory(name)
    if (pod !== undefined) add.pod(pod, tree.shown(`${LOG_DIRECTORIES}/${name}`))
  }
}

/**
 * Which pods there are now. The kubelet makes a pod's directory right after its cgroup, and takes it away before
 * (syncPod and HandlePodCleanups, pkg/kubelet/kubelet.go), so a cgroup whose pod has none outlived it. Of a copy only a
 * whole listing counts: what was not saved is not gone.
 */
function presentPods(tree: Tree, listed: Named | undefined, gaps: Gap[]): Pods['present'] {
  if (listed !== undefined)
    return { path: tree.shown(KUBELET_PODS), uids: new Set(listed.pods.map(({ uid }) => uid)) }
  if (tree.origin !== 'live' && isGap(tree.read(`${POD_DIRECTORIES}.list`))) return undefined
  if (isGap(tree.list(POD_DIRECTORIES))) {
    namesIn(tree, POD_DIRECTORIES, gaps)
    return undefined
  }
  const names = namesIn(tree, POD_DIRECTORIES, gaps)
  if (names.length === NAMES_LIMIT) return undefined
  return {
    path: tree.shown(POD_DIRECTORIES),
    uids: new Set(names.filter(name => /^[0-9A-Za-z-]{1,128}$/.test(name))),
  }
}

export default collector({
  id: 'pods',
  reads: [
    CRI_PODS,
    CRI_CONTAINERS,
    KUBELET_PODS,
    ...STATES.map(({ at, file }) => `${at}/*/${file}`),
    STORAGE,
    `${LOG_LINKS}/*`,
    `${LOG_DIRECTORIES}/*`,
    POD_DIRECTORIES,
  ],
  privilege: 'root',
  collect(tree) {
    const gaps: Gap[] = []
    const maps: Maps = { pods: new Map(), containers: new Map() }
    const add = adder(maps)
    const answer = (path: string, decode: (bytes: Uint8Array) => Named | undefined): Named | undefined => {
      const bytes = tree.read(path)
      if (isGap(bytes)) {
        if (bytes.why !== 'absent') gaps.push(bytes)
        return undefined
      }
      const named = decode(bytes)
      if (named === undefined)
        gaps.push({ path: tree.shown(path), why: 'unreadable', detail: 'not the list' })
      else add.all(named, tree.shown(path))
      return named
    }
    const sandboxes = answer(CRI_PODS, decodeCriPods)
    const podOf = new Map<string, string>()
    for (const { id, podUid } of sandboxes?.containers ?? []) if (podUid !== undefined) podOf.set(id, podUid)
    const all = answer(CRI_CONTAINERS, bytes => decodeCriContainers(bytes, podOf))
    const listed = answer(KUBELET_PODS, decodePodList)
    readStates(tree, add, gaps)
    const storage = tree.read(STORAGE)
    if (!isGap(storage))
      for (const one of decodeStorageContainers(storage) ?? []) add.container(one, tree.shown(STORAGE))
    else if (storage.why !== 'absent') gaps.push(storage)
    readLogs(tree, add, gaps)
    const present = presentPods(tree, listed, gaps)
    if (maps.pods.size === 0 && maps.containers.size === 0 && present === undefined && all === undefined)
      return { gaps }
    return {
      pods: {
        ...maps,
        ...(present === undefined ? {} : { present }),
        ...(all === undefined || sandboxes === undefined
          ? {}
          : { allContainers: { path: tree.shown(CRI_CONTAINERS) } }),
      },
      gaps,
    }
  },
})
