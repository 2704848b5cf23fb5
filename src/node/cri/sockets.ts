// Where container runtimes answer on a node.

import { statSync } from 'node:fs'
import { errorCode } from '../trees/reading.ts'

/** containerd, CRI-O, k3s and RKE2, cri-dockerd, k0s, MicroK8s; as crictl looks for them. */
const USUAL = [
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/cri-dockerd.sock',
  '/run/k0s/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
] as const

/** A socket, or why none is there. */
export type Place = { readonly socket: string } | { readonly path: string; readonly code: string }

/** The path in an endpoint's address; one of another kind stays as it is, is no socket, and is not asked. */
function pathOf(endpoint: string): string {
  return endpoint.startsWith('unix://') ? endpoint.slice('unix://'.length) : endpoint
}

/**
 * The sockets that are there, the one asked for first. Where somebody named one no other is taken; where none is there,
 * what stands in its place.
 *
 * @param named what the user said (CONTAINER_RUNTIME_ENDPOINT, as crictl has it)
 * @param configured what the kubelet is told
 */
export function runtimeSockets(named: string | undefined, configured: string | undefined): readonly Place[] {
  const asked = [named, configured].filter(text => text !== undefined && text !== '').slice(0, 1)
  const paths = asked.length > 0 ? asked.map(text => pathOf(text ?? '')) : USUAL
  const places = paths.map((path): Place => {
    if (!path.startsWith('/') || path.includes('\0')) return { path, code: 'not the path of a UNIX socket' }
    try {
      return statSync(path).isSocket() ? { socket: path } : { path, code: 'ENOTSOCK' }
    } catch (error) {
      return { path, code: errorCode(error) }
    }
  })
  const there = places.filter(place => 'socket' in place)
  if (there.length > 0) return there
  const denied = places.find(place => 'code' in place && (place.code === 'EACCES' || place.code === 'EPERM'))
  return [denied ?? places[0] ?? { path: USUAL[0], code: 'ENOENT' }]
}
