// What somebody may have meant: the nearest names by edit distance.

import { distance } from 'fastest-levenshtein'

/** The nearest three of `names`, nearest first; what is typed may be the beginning of a long name. */
export function nearest(word: string, names: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase()
  const scored = names.map(name => {
    const lower = name.toLowerCase()
    // a beginning is no mistake, however much of the name is still to be typed: it counts as one letter amiss
    if (wanted !== '' && lower.startsWith(wanted))
      return { name, far: Math.min(1, lower.length - wanted.length) }
    return { name, far: distance(wanted, lower) - (wanted.startsWith(lower) ? 2 : 0) }
  })
  return scored
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name)
}
