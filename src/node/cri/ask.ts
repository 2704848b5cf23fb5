// Asks the container runtime what pods and containers there are, over its own socket on this node. Loads gRPC, which
// costs 80 ms of CPU: imported where it is needed only.

import { type Client, credentials, loadPackageDefinition, status } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { ANSWERS, CALLS, runtimeApi } from './api.ts'

/** As much as the runtimes themselves send at most (defaultMaxRecvMsgSize of containerd, 16 MiB). */
const ANSWER_LIMIT = 16 * 1024 * 1024

/** Answers as files of a Tree, or what the runtime said instead. */
export type Answered = { readonly files: Readonly<Record<string, string>> } | { readonly refused: string }

type Ask = (
  request: object,
  options: { readonly deadline: number },
  done: (error: { readonly code: number; readonly details: string } | null, answer: unknown) => void,
) => void

/** Asks the runtime at `socket`, the path of a UNIX socket, within `milliseconds` in all. Never throws. */
export async function askRuntime(socket: string, milliseconds: number): Promise<Answered> {
  const deadline = Date.now() + milliseconds
  const first = await askVersion(socket, 'v1', deadline)
  // containerd before 1.6 and CRI-O before 1.20 know the older name of the same service only
  return 'refused' in first && first.code === status.UNIMPLEMENTED
    ? await askVersion(socket, 'v1alpha2', deadline)
    : first
}

async function askVersion(
  socket: string,
  version: 'v1' | 'v1alpha2',
  deadline: number,
): Promise<
  { readonly files: Readonly<Record<string, string>> } | { readonly refused: string; readonly code?: number }
> {
  const definition = fromJSON(runtimeApi(version) as Parameters<typeof fromJSON>[0], {
    keepCase: true,
    longs: String,
  })
  const service = serviceIn(loadPackageDefinition(definition), ['runtime', version, 'RuntimeService'])
  if (service === undefined) return { refused: 'no service' }
  const client = new service(`unix://${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': ANSWER_LIMIT,
    // one try: what does not answer now is told, and not waited for
    'grpc.enable_retries': 0,
    // no proxy of the environment stands between a node and its own socket
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
  })
  try {
    const answers = await Promise.all(CALLS.map(name => asked(client, name, deadline)))
    return { files: Object.fromEntries(answers) }
  } catch (error) {
    const { code, details } = error as { readonly code?: number; readonly details?: string }
    return {
      refused: `${status[code ?? -1] ?? 'error'} ${details ?? String(error)}`.slice(0, 300),
      ...(code === undefined ? {} : { code }),
    }
  } finally {
    client.close()
  }
}

function asked(client: Client, name: keyof typeof ANSWERS, deadline: number): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    const ask = (client as unknown as Readonly<Record<string, Ask>>)[name]
    if (ask === undefined) reject(new Error(`no ${name}`))
    else
      ask.call(client, {}, { deadline }, (error, answer) =>
        error === null ? resolve([ANSWERS[name], JSON.stringify(answer)]) : reject(error),
      )
  })
}

type Service = new (...of: ConstructorParameters<typeof Client>) => Client

function serviceIn(packages: unknown, path: readonly string[]): Service | undefined {
  let at = packages
  for (const name of path) at = (at as Readonly<Record<string, unknown>> | undefined)?.[name]
  return typeof at === 'function' ? (at as Service) : undefined
}
