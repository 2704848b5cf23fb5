// config.json of a running container's bundle (OCI runtime specification), with what containerd's CRI plug-in
// (pkg/cri/annotations) and CRI-O (pkg/annotations) note in it.

import { parsePodPath } from '../cgroup/path.ts'
import { parsePodLogDirectory } from './log-names.ts'
import {
  containerIdIn,
  elements,
  jsonOf,
  known,
  member,
  type NamedContainer,
  type NamedPod,
  nameIn,
  uidIn,
} from './named.ts'

export interface Bundle {
  readonly container: NamedContainer
  readonly pod?: NamedPod
  /** The container that holds the pod's namespaces: where the pod's own names stand that this one lacks (containerd 1.4). */
  readonly sandboxId?: string
}

/** What the bundle of the container `id` says; undefined where it is no bundle of a pod's container. */
export function decodeBundle(bytes: Uint8Array, id: string): Bundle | undefined {
  const spec = jsonOf(bytes)
  const note = (...keys: readonly string[]): string | undefined => {
    for (const key of keys) {
      const value = nameIn(member(spec, 'annotations', key))
      if (value !== undefined) return value
    }
    return undefined
  }
  const type = note('io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType')
  const cgroup = member(spec, 'linux', 'cgroupsPath')
  const logs = note('io.kubernetes.cri.sandbox-log-directory')
  const logged = logs === undefined ? undefined : parsePodLogDirectory(logs.slice(logs.lastIndexOf('/') + 1))
  // The cgroup first: some runtimes copy annotations of the pod's own choice here.
  const uid =
    (typeof cgroup === 'string' ? parsePodPath(cgroup.slice(0, 4096)).podUid : undefined) ??
    uidIn(note('io.kubernetes.cri.sandbox-uid', 'io.kubernetes.pod.uid')) ??
    logged?.uid
  if (uid === undefined && type === undefined) return undefined
  const sandbox = type === 'sandbox'
  const limit = member(spec, 'linux', 'resources', 'memory', 'limit')
  const created = note('io.kubernetes.cri-o.Created')
  const createdAt = created === undefined ? Number.NaN : Date.parse(created)
  const name = sandbox ? undefined : note('io.kubernetes.cri.container-name', 'io.kubernetes.container.name')
  const sandboxId = note('io.kubernetes.cri.sandbox-id', 'io.kubernetes.cri-o.SandboxID')
  return {
    container: known<NamedContainer>({
      id,
      podUid: uid,
      name,
      image: note('io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageName'),
      sandbox: sandbox ? true : undefined,
      memoryLimit: typeof limit === 'number' && limit > 0 ? limit : undefined,
      createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
    }),
    ...(uid === undefined
      ? {}
      : {
          pod: known<NamedPod>({
            uid,
            namespace:
              note('io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.pod.namespace') ?? logged?.namespace,
            name: note('io.kubernetes.cri.sandbox-name', 'io.kubernetes.pod.name') ?? logged?.name,
          }),
        }),
    ...(sandboxId === undefined || sandbox ? {} : { sandboxId }),
  }
}

/** config.v2.json of docker: the labels that dockershim and cri-dockerd give a container, and its own name. */
export function decodeDockerConfig(bytes: Uint8Array, id: string): Bundle | undefined {
  const config = jsonOf(bytes)
  const label = (key: string) => nameIn(member(config, 'Config', 'Labels', key))
  const labelled = uidIn(label('io.kubernetes.pod.uid'))
  const full = member(config, 'Name')
  // Labels can be an image's own; the name is given by who made the container: k8s_<container>_<pod>_<namespace>_<uid>_0.
  const kubelet = typeof full === 'string' && full.startsWith('/k8s_') && full.includes(`_${labelled}_`)
  const uid = kubelet ? labelled : undefined
  const sandbox = kubelet && label('io.kubernetes.docker.type') === 'podsandbox'
  const own = nameIn(member(config, 'Name'))?.replace(/^\//, '')
  if (uid === undefined && own === undefined) return undefined
  const createdAt = Date.parse(nameIn(member(config, 'Created')) ?? '')
  return {
    container: known<NamedContainer>({
      id,
      podUid: uid,
      name: sandbox ? undefined : ((kubelet ? label('io.kubernetes.container.name') : undefined) ?? own),
      image: nameIn(member(config, 'Config', 'Image')),
      sandbox: sandbox ? true : undefined,
      createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
    }),
    ...(uid === undefined
      ? {}
      : {
          pod: known<NamedPod>({
            uid,
            namespace: label('io.kubernetes.pod.namespace'),
            name: label('io.kubernetes.pod.name'),
          }),
        }),
  }
}

/** containers.json of containers/storage (CRI-O, podman): the names by which containers were made. */
export function decodeStorageContainers(bytes: Uint8Array): readonly NamedContainer[] | undefined {
  const list = jsonOf(bytes)
  if (!Array.isArray(list)) return undefined
  return list.flatMap(one => {
    const id = containerIdIn(member(one, 'id'))
    const name = elements(member(one, 'names'))
      .map(nameIn)
      .find(text => text !== undefined)
    // CRI-O's are those of the kubelet, and its bundles say more
    return id === undefined || name === undefined || name.startsWith('k8s_') ? [] : [{ id, name }]
  })
}
