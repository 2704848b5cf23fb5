// The memory cgroup that somebody means: by the pod's name, namespace/pod, pod UID, the beginning of a container's id, a
// container's name, or a path.

import type { Case } from '../case/case.ts'
import type { Memcg } from '../case/memcg.ts'
import { memcgIndex } from './memcg-tree.ts'
import { type Name, nameOf } from './names.ts'

export interface FoundMemcg {
  readonly memcg: Memcg
  readonly name: Name
}

/** The shortest beginning of an id that is looked up: shorter ones are names that happen to be hexadecimal. Ours. */
const LEAST_ID = 6

/** What a pod or container answers to, the full forms first; a pod's sandbox to its id alone. */
function answers({ memcg: { pod }, name }: FoundMemcg): readonly string[] {
  const { namespace, pod: podName } = name
  const isPod = pod.level === 'pod'
  if (isPod) {
    return [
      ...(podName === undefined ? [] : [podName]),
      ...(podName === undefined || namespace === undefined ? [] : [`${namespace}/${podName}`]),
      ...(pod.podUid === undefined ? [] : [pod.podUid]),
    ]
  }
  const own = name.container
  const inPod = own === undefined || podName === undefined ? [] : [`${podName}/${own}`]
  return [
    ...(own === undefined ? [] : [own]),
    ...inPod,
    ...(namespace === undefined ? [] : inPod.map(path => `${namespace}/${path}`)),
    ...(pod.containerId === undefined ? [] : [pod.containerId]),
  ]
}

/** Ids may be given by their beginning: 12 digits are what docker and crictl print. */
function begins({ memcg: { pod } }: FoundMemcg, word: string): boolean {
  if (word.length < LEAST_ID) return false
  const id = pod.level === 'pod' ? pod.podUid : pod.containerId
  return id?.startsWith(word.toLowerCase()) === true
}

function inPods(about: Case): readonly FoundMemcg[] {
  return (memcgIndex(about)?.tree.memcgs ?? [])
    .filter(({ pod: { level } }) => level === 'pod' || level === 'container')
    .map(memcg => ({ memcg, name: nameOf(about, memcg) }))
}

export interface FoundMemcgs {
  /** One is what was meant; of several none is. */
  readonly found: readonly FoundMemcg[]
  /** Where none was found: all names there are, to look for the nearest in. */
  readonly names: readonly string[]
  /** Whether any of them is the name of a pod or container: else they are UIDs and ids alone. */
  readonly named: boolean
}

/** Whole names first, then the beginnings of ids, then the beginnings of pods' names (`web` of web-7d9f-x2x). */
export function findMemcg(about: Case, word: string): FoundMemcgs {
  const all = inPods(about)
  const named = all.some(({ name }) => name.pod !== undefined || name.container !== undefined)
  const exact = all.filter(one => answers(one).includes(word))
  if (exact.length > 0) return { found: exact, names: [], named }
  const byId = all.filter(one => begins(one, word))
  if (byId.length > 0) return { found: byId, names: [], named }
  const byName = all.filter(
    ({ memcg, name }) =>
      memcg.pod.level === 'pod' &&
      word !== '' &&
      (name.pod?.startsWith(word) === true || `${name.namespace}/${name.pod}`.startsWith(word)),
  )
  if (byName.length > 0) return { found: byName, names: [], named }
  return { found: [], names: [...new Set(all.flatMap(answers))], named }
}

/** By path within the hierarchy, with or without the first `/`, or by directory; as on the node or as in the Tree. */
export function findCgroup(about: Case, path: string): Memcg | undefined {
  const index = memcgIndex(about)
  if (index === undefined) return undefined
  const { root, at } = index.tree
  const bare = path.replace(/\/+$/, '')
  const below = [root, `/${at}`, '/sys/fs/cgroup/memory', '/sys/fs/cgroup']
    .map(top => top.replace(/\/$/, ''))
    .filter(top => bare === top || bare.startsWith(`${top}/`))
    .map(top => bare.slice(top.length))
  return [bare, ...below, `/${bare}`]
    .map(one => index.byPath.get(one === '' ? '/' : one))
    .find(memcg => memcg !== undefined)
}

/** Every path there is, for the nearest. */
export function cgroupPaths(about: Case): readonly string[] {
  return (memcgIndex(about)?.tree.memcgs ?? []).map(({ path }) => path)
}
