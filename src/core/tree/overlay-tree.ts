// Several trees seen as one node: a saved directory and the logs given beside it.

import type { Gap, Tree } from './tree.ts'
import { isGap } from './tree.ts'

/** What a tree at a place of the node has to say, in the node's own paths. */
export interface Placed {
  readonly tree: Tree
  /** Where the tree's top stands on the node; '' for the node itself. */
  readonly at: string
}

/** A path within a tree placed at `at`; undefined where the path is outside of it. */
function below(at: string, path: string): string | undefined {
  if (at === '') return path
  if (path === at) return ''
  return path.startsWith(`${at}/`) ? path.slice(at.length + 1) : undefined
}

/** Of two reasons why nothing was found the one that says more: anything beats `absent`. */
function telling(first: Gap | undefined, second: Gap): Gap {
  return first === undefined || first.why === 'absent' ? second : first
}

/** Several trees as one; the first that has a path gives it, listings are joined. */
export function overlayTree(
  layers: readonly Placed[],
  about: Pick<Tree, 'origin' | 'given'> & { readonly gaps?: readonly Gap[] },
): Tree {
  /** Names that a layer's own place adds to the directories above it. */
  const placesBelow = (dir: string): string[] => {
    const prefix = dir === '' ? '' : `${dir}/`
    const names = new Set<string>()
    for (const { at } of layers) {
      if (at === '' || !at.startsWith(prefix) || at === dir) continue
      const name = at.slice(prefix.length).split('/')[0]
      if (name !== undefined && name !== '') names.add(name)
    }
    return [...names]
  }
  const first = <T>(path: string, ask: (tree: Tree, path: string) => T | Gap): T | Gap => {
    let gap: Gap | undefined
    for (const { tree, at } of layers) {
      const inside = below(at, path)
      if (inside === undefined) continue
      const answer = ask(tree, inside)
      if (!isGap(answer)) return answer
      gap = telling(gap, answer)
    }
    return gap ?? { path: `/${path}`, why: 'absent' }
  }
  const joined = (dir: string, ask: (tree: Tree, path: string) => readonly string[] | Gap) => {
    const names = new Set<string>(placesBelow(dir))
    let gap: Gap | undefined
    let found = names.size > 0
    for (const { tree, at } of layers) {
      const inside = below(at, dir)
      if (inside === undefined) continue
      const answer = ask(tree, inside)
      if (isGap(answer)) {
        gap = telling(gap, answer)
        continue
      }
      found = true
      for (const name of answer) names.add(name)
    }
    return found ? [...names] : (gap ?? { path: `/${dir}`, why: 'absent' as const })
  }
  return {
    origin: about.origin,
    ...(about.given === undefined ? {} : { given: about.given }),
    read: path => first(path, (tree, inside) => tree.read(inside)),
    peek: path => first(path, (tree, inside) => tree.peek(inside)),
    list: dir => joined(dir, (tree, inside) => tree.list(inside)),
    directories: dir => joined(dir, (tree, inside) => tree.directories(inside)),
    link: path => first(path, (tree, inside) => tree.link(inside)),
    inode: dir => first(dir, (tree, inside) => tree.inode(inside)),
    stat: dir => {
      const answer = first(dir, (tree, inside) => tree.stat(inside))
      return isGap(answer) && placesBelow(dir).length > 0 ? {} : answer
    },
    chunks: (path, lent) => first(path, (tree, inside) => tree.chunks(inside, lent)),
    gaps: () => [...(about.gaps ?? []), ...layers.flatMap(({ tree }) => tree.gaps())],
    shown(path) {
      let name: string | undefined
      for (const { tree, at } of layers) {
        const inside = below(at, path)
        if (inside === undefined) continue
        name ??= tree.shown(inside)
        const there = tree.stat(inside)
        if (!isGap(there)) return tree.shown(inside)
        if (!isGap(tree.list(parentOf(inside))) && has(tree, inside)) return tree.shown(inside)
      }
      return name ?? `/${path}`
    },
  }
}

function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut < 0 ? '' : path.slice(0, cut)
}

function has(tree: Tree, path: string): boolean {
  const names = tree.list(parentOf(path))
  return !isGap(names) && names.includes(path.slice(path.lastIndexOf('/') + 1))
}
