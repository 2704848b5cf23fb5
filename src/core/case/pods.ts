// What pods and containers are called, by what identifies them: a UID and a container id are never given twice, so that a
// name found under one can be late but never another's.

import type { Instant } from '../base/time.ts'

/** Where a name was read: a file or directory, `cri/containers.json`, `kubelet/pods.json`. */
interface From {
  /** As a person would open it. */
  readonly path: string
}

export interface PodName extends From {
  readonly uid: string
  readonly namespace?: string
  readonly name?: string
}

export interface ContainerName extends From {
  readonly id: string
  readonly podUid?: string
  readonly name?: string
  readonly image?: string
  /** It is the pod's sandbox (pause), which has no name of its own. */
  readonly sandbox?: true
  /** Memory limit and request of the specification, in bytes; `Infinity`: none. */
  readonly memoryLimit?: number
  readonly memoryRequest?: number
  readonly createdAt?: Instant
}

/** What is known of the pods of a node. */
export interface Pods {
  /** By UID as the API writes it (static pods: 32 hexadecimal digits without dashes). */
  readonly pods: ReadonlyMap<string, PodName>
  /** By full container id. */
  readonly containers: ReadonlyMap<string, ContainerName>
  /** A list of all pods of the node as of now, by UID, and where it is from: what is not in it is gone. */
  readonly present?: From & { readonly uids: ReadonlySet<string> }
  /** Where all containers of the runtime were listed, ended ones included: one that is not in `containers` is gone. */
  readonly allContainers?: From
}
