// Names of pods that the disk does not tell: the container runtime is asked over its socket, and if that does not help,
// the kubelet. Only on the node itself, only where a live cgroup has no name, each for a second at most.

import type { Case } from '../../core/case/case.ts'
import { collect } from '../../core/collect.ts'
import { unnamedMemcgs } from '../../core/facts/names.ts'
import { memoryTree } from '../../core/tree/memory-tree.ts'
import { overlayTree } from '../../core/tree/overlay-tree.ts'
import type { Gap, GapReason, Tree } from '../../core/tree/tree.ts'
import { ANSWERS } from '../cri/api.ts'
import { type Place, runtimeSockets } from '../cri/sockets.ts'

/** A runtime answers for 250 pods within 50 ms; one that does not in a second is stuck (ours). */
const PATIENCE = 1000

/** The kubelet's ports where its configuration does not name them (pkg/cluster/ports/ports.go). */
const KUBELET_PORT = 10250
const KUBELET_READ_ONLY_PORT = 10255

export interface NamedOptions {
  /** Where the node's `/` is; anything but `/` is asked nothing. */
  readonly root?: string
  /** The runtime's version is wanted, too, where no package tells it. */
  readonly versions?: boolean
  /** CONTAINER_RUNTIME_ENDPOINT and KMEMSCOPE_KUBELET_CLIENT are taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>
}

const GAP_REASONS: Readonly<Record<string, GapReason>> = {
  ENOENT: 'absent',
  EACCES: 'denied',
  EPERM: 'denied',
}

/** The Case with the names that runtime or kubelet tell; what could not be asked is a gap. Never throws. */
export async function withNames(tree: Tree, about: Case, options: NamedOptions): Promise<Case> {
  if (about.origin !== 'live' || (options.root ?? '/') !== '/') return about
  const versions = options.versions === true && wantsVersion(about)
  if (unnamedMemcgs(about).length === 0 && !versions) return about
  const { env } = options
  let named = about
  const gaps: Gap[] = []
  for (const place of runtimeSockets(env['CONTAINER_RUNTIME_ENDPOINT'], about.kubelet?.runtimeEndpoint)) {
    const gap = 'socket' in place ? undefined : gapOf(place)
    if (gap !== undefined || !('socket' in place)) {
      if (gap !== undefined) gaps.push(gap)
      continue
    }
    const { askRuntime } = await import('../cri/ask.ts')
    const answer = await askRuntime(place.socket, PATIENCE)
    if ('files' in answer) named = merged(tree, named, answer.files, callOf(place.socket))
    else
      gaps.push({
        path: place.socket,
        why: /EACCES|EPERM|PERMISSION_DENIED/.test(answer.refused) ? 'denied' : 'unreadable',
        detail: answer.refused,
      })
    if (unnamedMemcgs(named).length === 0) break
  }
  if (unnamedMemcgs(named).length > 0 && about.kubelet !== undefined) {
    const { askKubelet } = await import('../kubelet/ask.ts')
    const { port = KUBELET_PORT, readOnlyPort = KUBELET_READ_ONLY_PORT } = about.kubelet
    const client = env['KMEMSCOPE_KUBELET_CLIENT']
    const answer = await askKubelet(
      { port, readOnlyPort, ...(client === undefined ? {} : { client }) },
      PATIENCE,
    )
    if ('pods' in answer)
      named = merged(
        tree,
        named,
        { 'kubelet/pods.json': answer.pods },
        () => `https://127.0.0.1:${port}/pods`,
      )
    else gaps.push({ path: answer.path, why: 'unreadable', detail: answer.refused })
  }
  return unnamedMemcgs(named).length === 0 || gaps.length === 0
    ? named
    : { ...named, gaps: [...named.gaps, ...gaps] }
}

/** Whether pods run here and no package says by which version of what. */
function wantsVersion({ software = [], samples }: Case): boolean {
  if (software.some(({ name }) => name === 'containerd' || name === 'cri-o' || name === 'docker'))
    return false
  return samples.at(-1)?.memcg?.memcgs.some(({ pod }) => pod.level === 'pod') ?? false
}

function gapOf(place: Exclude<Place, { readonly socket: string }>): Gap {
  const why = GAP_REASONS[place.code] ?? 'unreadable'
  return { path: place.path, why, ...(why === 'unreadable' ? { detail: place.code } : {}) }
}

/** An answer as a person would ask for it again: the socket and the call. */
function callOf(socket: string): (path: string) => string {
  const calls = new Map<string, string>(Object.entries(ANSWERS).map(([call, path]) => [path, call]))
  return path => `unix://${socket} ${calls.get(path) ?? path}`
}

/** What was answered put into the tree, and read from there as if it had been saved. */
function merged(
  tree: Tree,
  about: Case,
  files: Readonly<Record<string, string>>,
  shown: (path: string) => string,
): Case {
  const answers = memoryTree(files, { shown })
  const both = overlayTree(
    [
      { tree: answers, at: '' },
      { tree, at: '' },
    ],
    { origin: about.origin },
  )
  const at = about.samples.at(-1)?.at ?? Date.now()
  const { pods, software } = collect(both, { at, only: ['pods', 'software'] })
  return {
    ...about,
    ...(pods === undefined ? {} : { pods }),
    ...(software === undefined ? {} : { software }),
  }
}
