// Whose cgroup a directory is, by its path. Layouts of the kubelet's cgroupfs and systemd drivers
// (pkg/kubelet/cm/cgroup_manager_linux.go), of runc, docker, containerd, CRI-O and podman.

/** What a cgroup's path tells. */
export interface PodPath {
  /** With dashes; a static pod's is a hash of 32 hexadecimal digits without. */
  readonly podUid?: string
  readonly containerId?: string
  readonly qos?: 'guaranteed' | 'burstable' | 'besteffort'
  readonly driver?: 'cgroupfs' | 'systemd'
  readonly runtime?: 'docker' | 'containerd' | 'cri-o' | 'podman'
  /** What this directory is: the pod's, a container's, or one above them. Undefined: none of these, or below a container. */
  readonly level?: 'kubepods' | 'qos' | 'pod' | 'container'
}

type Runtime = NonNullable<PodPath['runtime']>
type Found = { -readonly [K in keyof PodPath]: PodPath[K] }

/** Prefixes of a container's directory; a monitor is the runtime's own process beside the container. */
const RUNTIMES: ReadonlyMap<string, { readonly runtime: Runtime; readonly monitor?: true }> = new Map(
  Object.entries({
    docker: { runtime: 'docker' },
    'cri-containerd': { runtime: 'containerd' },
    containerd: { runtime: 'containerd' },
    nerdctl: { runtime: 'containerd' },
    crio: { runtime: 'cri-o' },
    'crio-conmon': { runtime: 'cri-o', monitor: true },
    libpod: { runtime: 'podman' },
    'libpod-conmon': { runtime: 'podman', monitor: true },
  } as const),
)

const QOS = { burstable: 'burstable', besteffort: 'besteffort' } as const

function qosOf(name: string): 'burstable' | 'besteffort' | undefined {
  return name === 'burstable' || name === 'besteffort' ? QOS[name] : undefined
}

/** Full ids have 64 digits, shortened ones 12. */
function isContainerId(name: string): boolean {
  return name.length >= 12 && name.length <= 64 && /^[0-9a-f]+$/.test(name)
}

/** A pod's UID as Kubernetes writes it: systemd's unit names have underscores for dashes. */
function podUidOf(name: string): string | undefined {
  if (!/^[0-9A-Za-z_.-]{1,128}$/.test(name)) return undefined
  return name.replaceAll('_', '-')
}

/** `kubepods-burstable-pod<UID_>.slice`, with whatever `--cgroup-root` put before it (`kubelet-kubepods-…`). */
function readKubeSlice(slice: string): Found | undefined {
  const at = slice.startsWith('kubepods') ? 0 : slice.indexOf('-kubepods') + 1
  if (at === 0 && !slice.startsWith('kubepods')) return undefined
  const rest = slice.slice(at + 'kubepods'.length)
  if (rest === '') return { driver: 'systemd', level: 'kubepods' }
  if (!rest.startsWith('-')) return undefined
  const cut = rest.indexOf('-', 1)
  const qos = qosOf(rest.slice(1, cut < 0 ? undefined : cut))
  const pod = qos === undefined ? rest.slice(1) : cut < 0 ? '' : rest.slice(cut + 1)
  if (pod === '') return qos === undefined ? undefined : { driver: 'systemd', level: 'qos', qos }
  if (!pod.startsWith('pod')) return undefined
  const podUid = podUidOf(pod.slice('pod'.length))
  return podUid === undefined
    ? undefined
    : { driver: 'systemd', level: 'pod', qos: qos ?? 'guaranteed', podUid }
}

/** `docker-<ID>.scope`, `crio-<ID>`, `cri-containerd-<ID>.scope`, or the bare id. */
function readContainer(name: string): (Found & { readonly monitor?: true }) | undefined {
  const scope = name.endsWith('.scope')
  const bare = scope ? name.slice(0, -'.scope'.length) : name
  const cut = bare.lastIndexOf('-')
  const id = bare.slice(cut + 1)
  if (!isContainerId(id)) return undefined
  const containerId = id
  if (cut < 0) return { containerId }
  const known = RUNTIMES.get(bare.slice(0, cut))
  if (known === undefined) return undefined
  return {
    containerId,
    runtime: known.runtime,
    ...(scope ? { driver: 'systemd' } : {}),
    ...(known.monitor ? { monitor: true } : {}),
  }
}

/**
 * Pod, container, QoS class, driver and runtime of a path within the hierarchy. The innermost pod wins: a node of kind
 * is itself a container, with its own kubepods below. Accepts the path of a log as well (`/kubepods/…`).
 */
export function parsePodPath(path: string): PodPath {
  let found: Found = {}
  for (const segment of path.split('/')) {
    if (segment === '') continue
    const { level } = found
    if (segment.includes('kubepods')) {
      // The systemd driver's name handed to a runtime that makes plain directories:
      // kubepods-burstable-pod<UID_>.slice:cri-containerd:<ID>
      const [slice = '', prefix, id] = segment.split(':')
      const kube =
        segment === 'kubepods'
          ? ({ driver: 'cgroupfs', level: 'kubepods' } as const)
          : readKubeSlice(slice.endsWith('.slice') ? slice.slice(0, -'.slice'.length) : slice)
      if (kube !== undefined) {
        found = kube
        const runtime = prefix === undefined ? undefined : RUNTIMES.get(prefix)?.runtime
        if (kube.level === 'pod' && id !== undefined && id !== '') {
          found.level = 'container'
          if (isContainerId(id)) found.containerId = id
          if (runtime !== undefined) found.runtime = runtime
        }
        continue
      }
    }
    if (level === 'kubepods' || level === 'qos') {
      const qos = level === 'kubepods' ? qosOf(segment) : undefined
      if (qos !== undefined) {
        found.qos = qos
        found.level = 'qos'
        continue
      }
      const podUid = segment.startsWith('pod') ? podUidOf(segment.slice('pod'.length)) : undefined
      if (podUid !== undefined && podUid !== '') {
        found.podUid = podUid
        found.qos ??= 'guaranteed'
        found.level = 'pod'
        continue
      }
    }
    if (level === 'pod') {
      // Whatever stands directly in a pod's directory is a container's, unless it says that it is a monitor's.
      const container = readContainer(segment)
      if (container?.containerId !== undefined) found.containerId = container.containerId
      if (container?.runtime !== undefined) found.runtime = container.runtime
      if (container?.monitor) delete found.level
      else found.level = 'container'
      continue
    }
    if (level === 'container' || found.podUid !== undefined) {
      // A child the container made itself, or CRI-O's `container`: the container's, but not its limit.
      delete found.level
      continue
    }
    const container = found.containerId === undefined ? readContainer(segment) : undefined
    if (container?.containerId !== undefined && container.runtime !== undefined) {
      found.containerId = container.containerId
      found.runtime = container.runtime
      found.driver = container.driver ?? 'cgroupfs'
      if (!container.monitor) found.level = 'container'
      continue
    }
    if (container?.containerId !== undefined && container.containerId.length === 64) {
      found.containerId = container.containerId
      found.driver = 'cgroupfs'
      found.level = 'container'
      if (path.startsWith('/docker/') || path.startsWith('docker/')) found.runtime = 'docker'
      continue
    }
    if (level !== undefined) delete found.level
  }
  return found
}
