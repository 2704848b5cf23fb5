// A container runtime of our own for one test: Debian's containerd with its CRI plug-in, with root, state and socket in
// the lab's scratch directory and all its processes below the lab's cgroup, so that undoing the lab undoes it. What it
// mounts, and /run as it and its shims see it, is in a mount namespace that goes with them.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, credentials, loadPackageDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { runtimeApi } from '../../src/node/cri/api.ts'
import type { Lab } from './lab.ts'

/** Why there can be no containers here; undefined where there can. */
export function noContainers(): string | undefined {
  for (const program of ['containerd', 'ctr', 'runc'])
    if (spawnSync(program, ['--version']).error !== undefined) return `live: no ${program}`
  return undefined
}

/** The image all containers are made of: holder.c alone. */
export const IMAGE = 'localhost/kmemscope-test:1'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', s390x: 's390x' }

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** A directory with nothing but our program in it; its path. */
export function makeRootfs(lab: Lab, source: string): string {
  const rootfs = join(lab.scratch, 'rootfs')
  mkdirSync(join(rootfs, 'tmp'), { recursive: true })
  for (const name of ['proc', 'dev', 'sys', 'etc']) mkdirSync(join(rootfs, name))
  run('gcc', ['-O2', '-Wall', '-Wextra', '-static', '-o', join(rootfs, 'holder'), source])
  chmodSync(join(rootfs, 'holder'), 0o755)
  return rootfs
}

/** The image as docker saves one: a manifest, a configuration and one layer. */
function makeImage(lab: Lab, rootfs: string): string {
  const dir = join(lab.scratch, 'image')
  mkdirSync(dir)
  run('tar', ['-cf', join(dir, 'layer.tar'), '-C', rootfs, '.'])
  const digest = createHash('sha256')
    .update(readFileSync(join(dir, 'layer.tar')))
    .digest('hex')
  writeFileSync(
    join(dir, 'config.json'),
    JSON.stringify({
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      os: 'linux',
      config: { Cmd: ['/holder'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    }),
  )
  const manifest = [{ Config: 'config.json', RepoTags: [IMAGE], Layers: ['layer.tar'] }]
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest))
  const image = join(lab.scratch, 'image.tar')
  run('tar', ['-cf', image, '-C', dir, 'manifest.json', 'config.json', 'layer.tar'])
  return image
}

const text = (id: number) => ({ type: 'string', id })
const message = (type: string, id: number) => ({ type, id })

/** Beside what kmemscope itself asks: the calls that make pods and containers, and the runtime's own figures. */
const MORE = {
  Nothing: {},
  Id: { id: text(1) },
  RunPodSandboxRequest: { config: message('PodSandboxConfig', 1) },
  RunPodSandboxResponse: { pod_sandbox_id: text(1) },
  PodSandboxConfig: {
    metadata: message('PodSandboxMetadata', 1),
    log_directory: text(3),
    linux: message('LinuxPodSandboxConfig', 8),
  },
  LinuxPodSandboxConfig: { cgroup_parent: text(1), security_context: message('LinuxSandboxSecurity', 2) },
  LinuxSandboxSecurity: { namespace_options: message('NamespaceOption', 1) },
  NamespaceOption: {
    network: { type: 'int32', id: 1 },
    pid: { type: 'int32', id: 2 },
    ipc: { type: 'int32', id: 3 },
  },
  CreateContainerRequest: {
    pod_sandbox_id: text(1),
    config: message('ContainerConfig', 2),
    sandbox_config: message('PodSandboxConfig', 3),
  },
  CreateContainerResponse: { container_id: text(1) },
  ContainerConfig: {
    metadata: message('ContainerMetadata', 1),
    image: message('ImageSpec', 2),
    command: { rule: 'repeated', ...text(3) },
    log_path: text(11),
    linux: message('LinuxContainerConfig', 15),
  },
  LinuxContainerConfig: {
    resources: message('LinuxContainerResources', 1),
    security_context: message('LinuxContainerSecurity', 2),
  },
  LinuxContainerResources: { memory_limit_in_bytes: { type: 'int64', id: 4 } },
  LinuxContainerSecurity: { namespace_options: message('NamespaceOption', 3) },
  StopContainerRequest: { container_id: text(1), timeout: { type: 'int64', id: 2 } },
  ListContainerStatsResponse: { stats: { rule: 'repeated', ...message('ContainerStats', 1) } },
  ContainerStats: {
    attributes: message('ContainerAttributes', 1),
    memory: message('MemoryUsage', 3),
  },
  ContainerAttributes: { id: text(1) },
  MemoryUsage: {
    working_set_bytes: message('UInt64Value', 2),
    usage_bytes: message('UInt64Value', 4),
    rss_bytes: message('UInt64Value', 5),
  },
  UInt64Value: { value: { type: 'uint64', id: 1 } },
}

const METHODS = {
  RunPodSandbox: ['RunPodSandboxRequest', 'RunPodSandboxResponse'],
  CreateContainer: ['CreateContainerRequest', 'CreateContainerResponse'],
  StartContainer: ['Id', 'Nothing'],
  StopContainer: ['StopContainerRequest', 'Nothing'],
  RemoveContainer: ['Id', 'Nothing'],
  ListContainerStats: ['Nothing', 'ListContainerStatsResponse'],
} as const

type Call = keyof typeof METHODS | 'Version'

/** What the runtime itself says of a container's memory, in bytes. */
export interface Stats {
  readonly usage: number
  readonly workingSet: number
  readonly rss: number
}

export interface Containerd {
  readonly socket: string
  /** Where it keeps the state of running containers: a node's /run/containerd. */
  readonly state: string
  /** Its own process. */
  readonly pid: number
  pod(name: string, namespace: string, uid: string, cgroup: string): Promise<Pod>
  stats(): Promise<ReadonlyMap<string, Stats>>
  close(): void
}

export interface Pod {
  readonly sandboxId: string
  /** Makes and starts a container; its id. */
  container(name: string, command: readonly string[], limit: number): Promise<string>
  /** Ends a container and takes it away. */
  remove(containerId: string): Promise<void>
}

function clientOf(socket: string) {
  const api = runtimeApi('v1')
  const { RuntimeService, ...messages } = api.nested.runtime.nested['v1']?.nested ?? {}
  const more = Object.fromEntries(Object.entries(MORE).map(([name, fields]) => [name, { fields }]))
  const methods = Object.fromEntries(
    Object.entries(METHODS).map(([name, [requestType, responseType]]) => [
      name,
      { requestType, responseType },
    ]),
  )
  const service = { methods: { ...(RuntimeService as { readonly methods: object }).methods, ...methods } }
  const whole = {
    nested: { runtime: { nested: { v1: { nested: { ...messages, ...more, RuntimeService: service } } } } },
  } as unknown as Parameters<typeof fromJSON>[0]
  const loaded = loadPackageDefinition(fromJSON(whole, { keepCase: true, longs: Number })) as unknown as {
    readonly runtime: { readonly v1: { readonly RuntimeService: new (...of: unknown[]) => Client } }
  }
  const client = new loaded.runtime.v1.RuntimeService(`unix://${socket}`, credentials.createInsecure())
  const call = <T>(name: Call, request: object, seconds = 30): Promise<T> =>
    new Promise((resolve, reject) => {
      type Unary = (request: object, options: object, done: (error: Error | null, answer: T) => void) => void
      const unary = (client as unknown as Readonly<Record<string, Unary>>)[name]
      unary?.call(client, request, { deadline: Date.now() + seconds * 1000 }, (error, answer) =>
        error === null ? resolve(answer) : reject(new Error(`${name}: ${error.message}`)),
      )
    })
  return { call, close: () => client.close() }
}

/** The pod's network, and no other: what else there is to set up belongs to no test of memory. */
const NAMESPACES = { network: 2, pid: 1, ipc: 0 }

/** Starts containerd within the lab, with our image in it. */
export async function startContainerd(lab: Lab, rootfs: string): Promise<Containerd> {
  const dir = join(lab.scratch, 'containerd')
  mkdirSync(dir)
  const state = join(dir, 'state')
  const socket = join(dir, 'containerd.sock')
  const config = join(dir, 'config.toml')
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${dir}/root"`,
      `state = "${state}"`,
      // what would look outside of the scratch directory, or for hardware
      `disabled_plugins = [${['btrfs', 'zfs', 'devmapper', 'aufs'].map(name => `"io.containerd.snapshotter.v1.${name}"`).join(', ')}, "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]`,
      '[grpc]',
      `  address = "${socket}"`,
      '[plugins."io.containerd.grpc.v1.cri"]',
      `  sandbox_image = "${IMAGE}"`,
      // a sandbox's -998 takes CAP_SYS_RESOURCE, which root does not have everywhere
      '  restrict_oom_score_adj = true',
      '  disable_apparmor = true',
      '[plugins."io.containerd.grpc.v1.cri".cni]',
      `  bin_dir = "${dir}/cni"`,
      `  conf_dir = "${dir}/cni"`,
      '',
    ].join('\n'),
  )
  const cgroup = lab.memcg('runtime')
  const log = join(dir, 'log')
  const opened = openSync(log, 'w')
  const script = `echo $$ > ${cgroup}/cgroup.procs && mount -t tmpfs kmemscope-test /run && exec containerd --config ${config}`
  const child = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', opened, opened] })
  const said = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', code => reject(new Error(`containerd ended with ${code}: ${said()}`))),
  )
  ended.catch(() => {})
  const { call, close } = clientOf(socket)
  const answers = async () => {
    for (const end = Date.now() + 30_000; ; await new Promise(resolve => setTimeout(resolve, 100))) {
      if (existsSync(socket)) {
        const answer = await call('Version', {}, 2).catch((error: unknown) => error)
        if (!(answer instanceof Error)) return
        if (Date.now() > end) throw answer
      } else if (Date.now() > end) throw new Error(`containerd does not answer: ${said()}`)
    }
  }
  await Promise.race([answers(), ended])
  run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', makeImage(lab, rootfs)])

  return {
    socket,
    state,
    pid: child.pid ?? 0,
    async pod(name, namespace, uid, cgroup) {
      const sandbox_config = {
        metadata: { name, namespace, uid, attempt: 0 },
        log_directory: join(lab.scratch, 'logs', `${namespace}_${name}_${uid}`),
        linux: { cgroup_parent: cgroup, security_context: { namespace_options: NAMESPACES } },
      }
      const made = await call<{ readonly pod_sandbox_id: string }>('RunPodSandbox', {
        config: sandbox_config,
      })
      const pod_sandbox_id = made.pod_sandbox_id
      return {
        sandboxId: pod_sandbox_id,
        async container(container, command, limit) {
          const { container_id } = await call<{ readonly container_id: string }>('CreateContainer', {
            pod_sandbox_id,
            sandbox_config,
            config: {
              metadata: { name: container, attempt: 0 },
              image: { image: IMAGE },
              command,
              log_path: `${container}.log`,
              linux: {
                resources: { memory_limit_in_bytes: limit },
                security_context: { namespace_options: NAMESPACES },
              },
            },
          })
          await call('StartContainer', { id: container_id })
          return container_id
        },
        async remove(container_id) {
          await call('StopContainer', { container_id, timeout: 0 })
          await call('RemoveContainer', { id: container_id })
        },
      }
    },
    async stats() {
      const { stats } = await call<{
        readonly stats: readonly {
          readonly attributes: { readonly id: string }
          readonly memory: Readonly<
            Record<'working_set_bytes' | 'usage_bytes' | 'rss_bytes', { readonly value: number } | null>
          >
        }[]
      }>('ListContainerStats', {})
      return new Map(
        stats.map(({ attributes, memory }) => [
          attributes.id,
          {
            usage: memory.usage_bytes?.value ?? Number.NaN,
            workingSet: memory.working_set_bytes?.value ?? Number.NaN,
            rss: memory.rss_bytes?.value ?? Number.NaN,
          },
        ]),
      )
    },
    close,
  }
}
