// A fact is a function of the Case, worked out once. What follows from what is the import graph.

import type { Case } from '../case/case.ts'

/** Remembers what was worked out for a Case. */
export function fact<T>(work: (about: Case) => T): (about: Case) => T {
  const known = new WeakMap<Case, { readonly value: T }>()
  return about => {
    const before = known.get(about)
    if (before !== undefined) return before.value
    const value = work(about)
    known.set(about, { value })
    return value
  }
}
