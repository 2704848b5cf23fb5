// Answers of the Container Runtime Interface (k8s.io/cri-api, runtime.v1): ListPodSandbox and ListContainers as JSON, in
// the API's own spelling or in that of `crictl pods -o json` and `crictl ps -a -o json`.

import {
  containerIdIn,
  elements,
  jsonOf,
  known,
  member,
  type Named,
  type NamedContainer,
  type NamedPod,
  nameIn,
  uidIn,
} from './named.ts'

/** Nanoseconds of 1970, as a number or, being an int64, as text. */
function instantIn(value: unknown): number | undefined {
  const nanoseconds = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value
  return typeof nanoseconds === 'number' && nanoseconds > 0 ? Math.floor(nanoseconds / 1e6) : undefined
}

/** The sandboxes of ListPodSandbox: each is a container, too, and names its pod. `uids`: of the pods in it. */
export function decodeCriPods(bytes: Uint8Array): Named | undefined {
  const items = member(jsonOf(bytes), 'items')
  if (!Array.isArray(items)) return undefined
  const pods: NamedPod[] = []
  const containers: NamedContainer[] = []
  for (const item of items) {
    const uid = uidIn(member(item, 'metadata', 'uid'))
    const id = containerIdIn(member(item, 'id'))
    if (uid === undefined) continue
    pods.push(
      known<NamedPod>({
        uid,
        namespace: nameIn(member(item, 'metadata', 'namespace')),
        name: nameIn(member(item, 'metadata', 'name')),
      }),
    )
    if (id !== undefined) {
      const createdAt = instantIn(member(item, 'created_at') ?? member(item, 'createdAt'))
      containers.push(known<NamedContainer>({ id, podUid: uid, sandbox: true, createdAt }))
    }
  }
  return { pods, containers }
}

/** The containers of ListContainers. The kubelet labels each with its pod; `sandboxes` gives the pod where no label does. */
export function decodeCriContainers(
  bytes: Uint8Array,
  sandboxes: ReadonlyMap<string, string>,
): Named | undefined {
  const items = member(jsonOf(bytes), 'containers')
  if (!Array.isArray(items)) return undefined
  const pods: NamedPod[] = []
  const containers: NamedContainer[] = []
  for (const item of elements(items)) {
    const id = containerIdIn(member(item, 'id'))
    if (id === undefined) continue
    const label = (key: string) => nameIn(member(item, 'labels', key))
    const sandbox = containerIdIn(member(item, 'pod_sandbox_id') ?? member(item, 'podSandboxId'))
    const uid =
      (sandbox === undefined ? undefined : sandboxes.get(sandbox)) ?? uidIn(label('io.kubernetes.pod.uid'))
    containers.push(
      known<NamedContainer>({
        id,
        podUid: uid,
        name: nameIn(member(item, 'metadata', 'name')) ?? label('io.kubernetes.container.name'),
        image:
          nameIn(member(item, 'image', 'user_specified_image')) ??
          nameIn(member(item, 'image', 'userSpecifiedImage')) ??
          nameIn(member(item, 'image', 'image')),
        createdAt: instantIn(member(item, 'created_at') ?? member(item, 'createdAt')),
      }),
    )
    if (uid === undefined) continue
    pods.push(
      known<NamedPod>({
        uid,
        namespace: label('io.kubernetes.pod.namespace'),
        name: label('io.kubernetes.pod.name'),
      }),
    )
  }
  return { pods, containers }
}
