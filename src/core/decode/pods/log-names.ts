// The names of the kubelet's log directories and of the links to them (pkg/kubelet/kuberuntime: helpers.go and legacy.go).
// Only what Kubernetes allows as a name is one; of anything else nobody could tell where a part ends.

import { type NamedPod, uidIn } from './named.ts'

const NAMESPACE = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const POD = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?'

const DIRECTORY = new RegExp(`^(${NAMESPACE})_(${POD})_([0-9A-Za-z-]{1,128})$`)
const LINK = new RegExp(`^(${POD})_(${NAMESPACE})_(${NAMESPACE})-([0-9a-f]{64})\\.log$`)

/** `<namespace>_<pod>_<uid>` of /var/log/pods (1.14 and later; before, a directory was its UID). */
export function parsePodLogDirectory(name: string): Required<NamedPod> | undefined {
  const [, namespace, pod, uid] = DIRECTORY.exec(name) ?? []
  const sure = uidIn(uid)
  return namespace === undefined || pod === undefined || sure === undefined
    ? undefined
    : { uid: sure, namespace, name: pod }
}

export interface ContainerLogLink {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly id: string
}

/** `<pod>_<namespace>_<container>-<id>.log` of /var/log/containers; where the name got too long, the id is cut and it is none. */
export function parseContainerLogLink(name: string): ContainerLogLink | undefined {
  const [, pod, namespace, container, id] = LINK.exec(name) ?? []
  return pod === undefined || namespace === undefined || container === undefined || id === undefined
    ? undefined
    : { namespace, pod, container, id }
}

/** The pod's UID in where such a link points: `/var/log/pods/<namespace>_<pod>_<uid>/<container>/0.log`. */
export function podUidOfLogTarget(target: string): string | undefined {
  const directory = /(?:^|\/)log\/pods\/([^/]+)\/[^/]+\/[^/]+$/.exec(target.slice(0, 4096))?.[1]
  return directory === undefined ? undefined : (parsePodLogDirectory(directory)?.uid ?? bareUid(directory))
}

function bareUid(directory: string): string | undefined {
  return /^[0-9a-f-]{32,36}$/.test(directory) ? directory : undefined
}
