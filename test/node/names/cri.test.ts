// A runtime that is asked over a real socket: one that answers, one that knows the older name of the service, and some
// that do not do what they should.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server as NetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPackageDefinition, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { nameOf } from '../../../src/core/facts/names.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { withNames } from '../../../src/node/cli/named.ts'
import { runtimeApi } from '../../../src/node/cri/api.ts'
import { askRuntime } from '../../../src/node/cri/ask.ts'
import { runtimeSockets } from '../../../src/node/cri/sockets.ts'
import { v1Cgroup, v1Node } from '../../core/node.ts'

const UID = '20edac81-191c-4bc6-b85f-e23a65bc7931'
const id = (digit: string) => digit.repeat(64)

let dir = ''
let count = 0
const socketName = () => join(dir, `${++count}.sock`)
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-cri-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const ANSWERS = {
  Version: {
    version: '0.1.0',
    runtime_name: 'containerd',
    runtime_version: '1.6.20~ds1',
    runtime_api_version: 'v1',
  },
  ListPodSandbox: {
    items: [
      {
        id: id('a'),
        metadata: { name: 'web-0', namespace: 'shop', uid: UID },
        created_at: '1767225600000000000',
      },
    ],
  },
  ListContainers: {
    containers: [
      { id: id('c'), pod_sandbox_id: id('a'), metadata: { name: 'app' }, image: { image: 'sha256:1' } },
    ],
  },
}

type Done = (error: null, answer: object) => void

/** A runtime of that version at a socket of its own. */
async function runtime(version: 'v1' | 'v1alpha2', answers: Record<string, object> = ANSWERS) {
  const socket = socketName()
  const api = runtimeApi(version) as Parameters<typeof fromJSON>[0]
  const loaded = loadPackageDefinition(fromJSON(api, { keepCase: true, longs: String })) as unknown as {
    runtime: Record<string, { RuntimeService: { service: ServiceDefinition } }>
  }
  const server = new Server({ 'grpc.max_send_message_length': -1 })
  const service = loaded.runtime[version]?.RuntimeService.service ?? {}
  server.addService(
    service,
    Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [name, (_: unknown, done: Done) => done(null, answer)]),
    ),
  )
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), error =>
      error === null ? resolve() : reject(error),
    ),
  )
  closing.push(() => server.forceShutdown())
  return socket
}

/** Something else at a socket. */
async function stranger(talks: (server: NetServer) => void): Promise<string> {
  const socket = socketName()
  const server = createServer()
  talks(server)
  await new Promise<void>(resolve => server.listen(socket, resolve))
  closing.push(() => server.close())
  return socket
}

describe('a runtime', () => {
  it.each(['v1', 'v1alpha2'] as const)('of %s tells what pods and containers there are', async version => {
    const answer = await askRuntime(await runtime(version), 5000)
    if ('refused' in answer) throw new Error(answer.refused)
    const about = collect(memoryTree(answer.files), { at: 0, only: ['pods', 'software'] })
    expect(nameOf(about, `/kubepods/pod${UID}/${id('c')}`)).toMatchObject({
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
    })
    expect(about.pods?.containers.get(id('a'))?.createdAt).toBe(Date.UTC(2026, 0, 1))
    expect(about.software).toMatchObject([{ name: 'containerd', version: '1.6.20~ds1', how: 'cri' }])
  })

  it('that does not answer is not waited for', async () => {
    const socket = await stranger(server =>
      server.on('connection', peer => closing.push(() => peer.destroy())),
    )
    const before = Date.now()
    expect(await askRuntime(socket, 300)).toMatchObject({ refused: expect.stringContaining('DEADLINE') })
    expect(Date.now() - before).toBeLessThan(2000)
  })

  it('that talks another language is refused', async () => {
    const socket = await stranger(server => server.on('connection', peer => peer.end('220 mail ready\r\n')))
    expect(await askRuntime(socket, 1000)).toHaveProperty('refused')
  })

  it('that sends more than there can be is refused', async () => {
    const name = 'x'.repeat(17 * 1024 * 1024)
    const socket = await runtime('v1', { ...ANSWERS, ListContainers: { containers: [{ id: name }] } })
    expect(await askRuntime(socket, 10_000)).toMatchObject({
      refused: expect.stringContaining('RESOURCE_EXHAUSTED'),
    })
  })
})

describe('where it is', () => {
  it('is what was said, else what the kubelet is told; nothing else is asked then', async () => {
    const socket = await stranger(() => {})
    expect(runtimeSockets(`unix://${socket}`, '/nowhere')).toEqual([{ socket }])
    expect(runtimeSockets(undefined, socket)).toEqual([{ socket }])
    expect(runtimeSockets('', `${socket}x`)).toEqual([{ path: `${socket}x`, code: 'ENOENT' }])
  })

  it.each(['tcp://127.0.0.1:1', 'http://example.org', 'npipe:////./pipe/x', 'relative.sock', '\0'])(
    'is no address: %s',
    endpoint => {
      expect(runtimeSockets(endpoint, undefined)).toEqual([
        { path: endpoint, code: 'not the path of a UNIX socket' },
      ])
    },
  )

  it('is no file', () => {
    const path = join(dir, 'file')
    writeFileSync(path, '')
    expect(runtimeSockets(path, undefined)).toEqual([{ path, code: 'ENOTSOCK' }])
  })
})

describe('names that the disk does not tell', () => {
  const node = (origin: 'live' | 'directory') => {
    const tree = memoryTree(
      v1Node('5.10.0', { ...v1Cgroup(`kubepods/pod${UID}`), ...v1Cgroup(`kubepods/pod${UID}/${id('c')}`) }),
      { origin },
    )
    return { tree, about: collect(tree, { at: 0 }) }
  }
  const memcg = `/kubepods/pod${UID}/${id('c')}`

  it('are asked for on the node itself', async () => {
    const socket = await runtime('v1')
    const { tree, about } = node('live')
    const env = { CONTAINER_RUNTIME_ENDPOINT: `unix://${socket}` }
    const named = await withNames(tree, about, { env })
    expect(nameOf(named, memcg)).toMatchObject({
      pod: 'web-0',
      container: 'app',
      from: `unix://${socket} ListContainers`,
    })
    expect(named.gaps).toEqual(about.gaps)
    expect(await withNames(tree, about, { env, root: '/host' })).toBe(about)
    const copy = node('directory')
    expect(await withNames(copy.tree, copy.about, { env })).toBe(copy.about)
  })

  it('are a gap with a reason where nobody answers', async () => {
    const { tree, about } = node('live')
    const path = join(dir, 'nobody.sock')
    const named = await withNames(tree, about, { env: { CONTAINER_RUNTIME_ENDPOINT: path } })
    expect(named.gaps.filter(gap => !about.gaps.includes(gap))).toEqual([{ path, why: 'absent' }])
    const socket = await stranger(server => server.on('connection', peer => peer.destroy()))
    const refused = await withNames(tree, about, { env: { CONTAINER_RUNTIME_ENDPOINT: socket } })
    expect(refused.gaps.at(-1)).toMatchObject({ path: socket, why: 'unreadable' })
  })

  it('that are all known are not asked for', async () => {
    const tree = memoryTree(v1Node('5.10.0'), { origin: 'live' })
    const about = collect(tree, { at: 0 })
    expect(
      await withNames(tree, about, { env: { CONTAINER_RUNTIME_ENDPOINT: '/nowhere' }, versions: true }),
    ).toBe(about)
  })
})
