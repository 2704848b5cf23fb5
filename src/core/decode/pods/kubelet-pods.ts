// A PodList of the Kubernetes API as JSON: the kubelet's /pods, or `kubectl get pods -A -o json` of the node's pods.

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
import { parseQuantity } from './quantity.ts'

const KINDS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const
const SPECS = ['containers', 'initContainers', 'ephemeralContainers'] as const

/** Pods and the containers whose ids their status tells; undefined where it is no list of pods. */
export function decodePodList(bytes: Uint8Array): Named | undefined {
  const items = member(jsonOf(bytes), 'items')
  if (!Array.isArray(items)) return undefined
  const pods: NamedPod[] = []
  const containers: NamedContainer[] = []
  for (const item of elements(items)) {
    // A static pod's cgroup has the hash of its manifest for a UID; the API server knows its mirror under another.
    const uids = [
      uidIn(member(item, 'metadata', 'annotations', 'kubernetes.io/config.hash')),
      uidIn(member(item, 'metadata', 'uid')),
    ].filter(uid => uid !== undefined)
    const [podUid] = uids
    if (podUid === undefined) continue
    const namespace = nameIn(member(item, 'metadata', 'namespace'))
    const name = nameIn(member(item, 'metadata', 'name'))
    for (const uid of new Set(uids)) pods.push(known<NamedPod>({ uid, namespace, name }))
    const specs = new Map(
      SPECS.flatMap(kind => elements(member(item, 'spec', kind))).map(spec => [member(spec, 'name'), spec]),
    )
    for (const status of KINDS.flatMap(kind => elements(member(item, 'status', kind)))) {
      const spec = specs.get(member(status, 'name'))
      const limit = parseQuantity(member(spec, 'resources', 'limits', 'memory'))
      const common = known<Omit<NamedContainer, 'id'>>({
        podUid,
        name: nameIn(member(status, 'name')),
        image: nameIn(member(spec, 'image')) ?? nameIn(member(status, 'image')),
        memoryLimit: limit ?? (spec === undefined ? undefined : Number.POSITIVE_INFINITY),
        memoryRequest: parseQuantity(member(spec, 'resources', 'requests', 'memory')),
      })
      const ids = [
        member(status, 'containerID'),
        member(status, 'lastState', 'terminated', 'containerID'),
      ].map(containerIdIn)
      for (const id of new Set(ids)) if (id !== undefined) containers.push({ id, ...common })
    }
  }
  return { pods, containers }
}
