// config.json of a running container's bundle (OCI runtime specification), with what containerd's CRI plug-in
// (pkg/cri/annotations) and CRI-O (pkg/annotations) note in it.

import { parsePodPath } from '../cgroup/path.ts'
import { parsePodLogDirectory } from './log-names.ts'
import { jsonOf, known, member, type NamedContainer, type NamedPod, nameIn, uidIn } from './named.ts'

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
  const uid =
    uidIn(note('io.kubernetes.cri.sandbox-uid', 'io.kubernetes.pod.uid')) ??
    (typeof cgroup === 'string' ? parsePodPath(cgroup.slice(0, 4096)).podUid : undefined) ??
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
  const uid = uidIn(label('io.kubernetes.pod.uid'))
  const sandbox = label('io.kubernetes.docker.type') === 'podsandbox'
  const own = nameIn(member(config, 'Name'))?.replace(/^\//, '')
  if (uid === undefined && own === undefined) return undefined
  const createdAt = Date.parse(nameIn(member(config, 'Created')) ?? '')
  return {
    container: known<NamedContainer>({
      id,
      podUid: uid,
      name: sandbox ? undefined : (label('io.kubernetes.container.name') ?? own),
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
