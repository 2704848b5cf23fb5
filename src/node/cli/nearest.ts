// What somebody may have meant: the nearest names by edit distance.

import { distance } from 'fastest-levenshtein'

/** The nearest three of `names`, nearest first; names that share a beginning come before those equally far. */
export function nearest(word: string, names: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase()
  const scored = names.map(name => {
    const lower = name.toLowerCase()
    return {
      name,
      far: distance(wanted, lower) - (lower.startsWith(wanted) || wanted.startsWith(lower) ? 2 : 0),
    }
  })
  return scored
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name)
}
