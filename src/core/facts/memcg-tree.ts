// The memory cgroup tree, ready to be asked: by path, by directory name, by parent.

import type { Case } from '../case/case.ts'
import type { Evidence, Subject, Unknown } from '../case/finding.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import { fact } from './fact.ts'
import { latest, readAt } from './kernel.ts'

export interface MemcgIndex {
  readonly tree: MemcgTree
  readonly byPath: ReadonlyMap<string, Memcg>
  /** Last component of the path, of every live directory. */
  readonly names: ReadonlySet<string>
  readonly children: ReadonlyMap<string, readonly Memcg[]>
}

export const memcgIndex: (about: Case) => MemcgIndex | undefined = fact(about => {
  const tree = latest(about)?.memcg
  if (tree === undefined) return undefined
  const byPath = new Map<string, Memcg>()
  const names = new Set<string>()
  const children = new Map<string, Memcg[]>()
  for (const memcg of tree.memcgs) {
    byPath.set(memcg.path, memcg)
    names.add(memcg.path.slice(memcg.path.lastIndexOf('/') + 1))
    if (memcg.path === '/') continue
    const parent = parentPath(memcg.path)
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [memcg])
    else siblings.push(memcg)
  }
  return { tree, byPath, names, children }
})

export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** Whether `path` is `ancestor` or below it. */
export function within(path: string, ancestor: string): boolean {
  return ancestor === '/' || path === ancestor || path.startsWith(`${ancestor}/`)
}

/** Why the memory cgroup tree does not prove absence on this node; empty when all of it was read. */
export const memcgUnknown: (about: Case) => readonly Unknown[] = fact(about => {
  const tree = latest(about)?.memcg
  const gap = about.gaps.find(({ path }) => /\/?sys\/fs\/cgroup(\/|$)/.test(path))
  if (tree === undefined) {
    return [
      {
        reason: 'memcg-tree-not-read',
        remedy:
          gap?.why === 'denied'
            ? 'run-as-root'
            : about.origin === 'live'
              ? 'mount-cgroup'
              : 'pass-node-files',
        ...(gap === undefined ? {} : { path: gap.path }),
      },
    ]
  }
  const unknown: Unknown[] = []
  if (!tree.nodeWide) {
    unknown.push({
      reason: 'part-of-the-hierarchy',
      path: tree.root,
      remedy: about.origin === 'live' ? 'leave-cgroup-namespace' : 'pass-node-files',
    })
  }
  if (tree.incomplete !== undefined) {
    unknown.push({
      reason: 'memcg-tree-incomplete',
      remedy: gap?.why === 'denied' ? 'run-as-root' : 'pass-node-files',
      path: gap?.path ?? tree.root,
    })
  }
  return unknown
})

/** A memory cgroup as the subject of a finding: what its path tells, whether or not it still lives. */
export function memcgSubject(path: string): Subject {
  const { podUid, containerId, qos } = parsePodPath(path)
  return {
    kind: 'memcg',
    path,
    ...(podUid === undefined ? {} : { podUid }),
    ...(containerId === undefined ? {} : { containerId }),
    ...(qos === undefined ? {} : { qos }),
  }
}

/** A number read from a file of a cgroup, as evidence. */
export function memcgReading(
  about: Case,
  { dir }: Memcg,
  file: string,
  value: number,
  { key, unit = 'bytes' }: { readonly key?: string; readonly unit?: 'bytes' | 'count' } = {},
): Evidence {
  return {
    kind: 'reading',
    path: `${dir.replace(/\/$/, '')}/${file}`,
    ...(key === undefined ? {} : { key }),
    value,
    unit,
    at: readAt(about),
  }
}
