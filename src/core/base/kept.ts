// Lists of which some members depend on something: `kept('a', wanted && 'b')`.

/** The items in their order, without those a condition left out. */
export function kept<const T extends string>(...items: readonly (T | false | undefined)[]): readonly T[] {
  return items.filter((item): item is T => item !== false && item !== undefined)
}
