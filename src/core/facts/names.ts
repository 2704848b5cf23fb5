// Whose a memory cgroup is, by name. A name is found by the pod's UID and the container's id in the cgroup's path, never
// by a name or a place: a cgroup made again is another container's and has another id.

import type { Case } from '../case/case.ts'
import type { Subject, Unknown } from '../case/finding.ts'
import type { Memcg } from '../case/memcg.ts'
import { type PodPath, parsePodPath } from '../decode/cgroup/path.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'

export interface Name {
  readonly namespace?: string
  readonly pod?: string
  readonly container?: string
  /** The container that holds the pod's namespaces (pause): it has no name of its own. */
  readonly sandbox?: true
  readonly image?: string
  /** Where the name was read, as a person would open it. */
  readonly from?: string
}

/** The names of what a cgroup belongs to, of a live one or of one that only a log tells of; empty where nothing tells them. */
export function nameOf(about: Case, memcg: Pick<Memcg, 'pod'> | string): Name {
  return nameOfPath(about, typeof memcg === 'string' ? parsePodPath(memcg) : memcg.pod)
}

function nameOfPath({ pods }: Case, { podUid, containerId }: Pick<PodPath, 'podUid' | 'containerId'>): Name {
  if (pods === undefined) return {}
  const found = containerId === undefined ? undefined : pods.containers.get(containerId)
  // A container that is said to be of another pod than its cgroup is: neither name is to be believed.
  const container =
    found?.podUid !== undefined && podUid !== undefined && found.podUid !== podUid ? undefined : found
  const pod = pods.pods.get(podUid ?? container?.podUid ?? '')
  const from = container?.path ?? pod?.path
  return {
    ...(pod?.namespace === undefined ? {} : { namespace: pod.namespace }),
    ...(pod?.name === undefined ? {} : { pod: pod.name }),
    ...(container?.name === undefined ? {} : { container: container.name }),
    ...(container?.sandbox === undefined ? {} : { sandbox: true }),
    ...(container?.image === undefined ? {} : { image: container.image }),
    ...(from === undefined ? {} : { from }),
  }
}

/** The subject with the names of its pod and container. */
export function namedSubject(about: Case, subject: Subject): Subject {
  if (subject.podUid === undefined && subject.containerId === undefined) return subject
  const { namespace, pod, container } = nameOfPath(about, subject)
  return {
    ...subject,
    ...(namespace === undefined ? {} : { namespace }),
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined ? {} : { container }),
  }
}

/** Pods' and containers' live cgroups that nothing read so far gives a name for; none where there are no pods. */
export const unnamedMemcgs: (about: Case) => readonly Memcg[] = fact(about =>
  (latest(about)?.memcg?.memcgs ?? []).filter(memcg => {
    const { level } = memcg.pod
    if (level !== 'pod' && level !== 'container') return false
    const { pod, container, sandbox } = nameOf(about, memcg)
    return level === 'pod' ? pod === undefined : container === undefined && sandbox === undefined
  }),
)

/** What was asked for names in vain: a runtime's socket, the kubelet's pods (node/cli/named.ts). */
const ASKED = /\.sock$|\/pods$/

/** Why some pods and containers stand under UID and id, and what would name them; empty where all are named. */
export const namesUnknown: (about: Case) => readonly Unknown[] = fact(about => {
  if (unnamedMemcgs(about).length === 0) return []
  const gaps = about.gaps.filter(({ path }) => ASKED.test(path))
  const gap = gaps.find(({ why }) => why === 'denied') ?? gaps[0]
  const live = about.origin === 'live'
  return [
    {
      reason: 'pods-not-named',
      path: gap?.path ?? (live ? '/run/containerd/containerd.sock' : '/var/log/pods'),
      remedy: gap?.why === 'denied' ? 'run-as-root' : live ? 'name-runtime-socket' : 'pass-node-files',
    },
  ]
})
