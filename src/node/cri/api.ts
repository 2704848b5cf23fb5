// The part of the Container Runtime Interface (k8s.io/cri-api, runtime.v1 and its twin runtime.v1alpha2) that is asked:
// three calls that tell and change nothing, and of their answers the fields that are used.

type Fields = Readonly<
  Record<string, { readonly type: string; readonly id: number; readonly rule?: 'repeated' }>
>

const text = (id: number) => ({ type: 'string', id })
const int64 = (id: number) => ({ type: 'int64', id })
const message = (type: string, id: number) => ({ type, id })
const many = (type: string, id: number) => ({ type, id, rule: 'repeated' as const })
const call = (name: string) => ({ requestType: `${name}Request`, responseType: `${name}Response` })

const MESSAGES: Readonly<Record<string, Fields>> = {
  VersionRequest: { version: text(1) },
  VersionResponse: {
    version: text(1),
    runtime_name: text(2),
    runtime_version: text(3),
    runtime_api_version: text(4),
  },
  ListPodSandboxRequest: {},
  ListPodSandboxResponse: { items: many('PodSandbox', 1) },
  PodSandbox: {
    id: text(1),
    metadata: message('PodSandboxMetadata', 2),
    state: { type: 'int32', id: 3 },
    created_at: int64(4),
  },
  PodSandboxMetadata: { name: text(1), uid: text(2), namespace: text(3), attempt: { type: 'uint32', id: 4 } },
  ListContainersRequest: {},
  ListContainersResponse: { containers: many('Container', 1) },
  Container: {
    id: text(1),
    pod_sandbox_id: text(2),
    metadata: message('ContainerMetadata', 3),
    image: message('ImageSpec', 4),
    state: { type: 'int32', id: 6 },
    created_at: int64(7),
  },
  ContainerMetadata: { name: text(1), attempt: { type: 'uint32', id: 2 } },
  ImageSpec: { image: text(1), user_specified_image: text(18) },
}

/** The service under the package's name of that version, in the form protobufjs takes. */
export function runtimeApi(version: 'v1' | 'v1alpha2') {
  const messages = Object.fromEntries(Object.entries(MESSAGES).map(([name, fields]) => [name, { fields }]))
  const methods = Object.fromEntries(CALLS.map(name => [name, call(name)]))
  return {
    nested: {
      runtime: { nested: { [version]: { nested: { ...messages, RuntimeService: { methods } } } } },
    },
  }
}

/** What is asked, and the file of the Tree its answer becomes. */
export const ANSWERS = {
  Version: 'cri/version.json',
  ListPodSandbox: 'cri/pods.json',
  ListContainers: 'cri/containers.json',
} as const

export const CALLS = Object.keys(ANSWERS) as readonly (keyof typeof ANSWERS)[]
