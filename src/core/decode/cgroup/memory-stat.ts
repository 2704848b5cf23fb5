// Files of `key value` lines: memory.stat of v1 and v2 (memcg_stat_show, memory_stat_format in mm/memcontrol.c),
// memory.events, memory.oom_control, cgroup.stat. All cgroups of a node print the same keys in the same order, so the
// layout of the last one read is tried on the next.

import { numberBetween } from './number.ts'

const NEWLINE = 10
const RETURN = 13
const BLANK = 32
const COLON = 58

/** Keys of one file are bounded (memory.stat of 7.1 has some 80; a guess, and ours). */
const KEYS_LIMIT = 1000

interface Layout {
  readonly keys: readonly string[]
  /** The keys' bytes, one after the other. */
  readonly bytes: Uint8Array
  readonly lengths: Uint8Array
  readonly values: Float64Array
  readonly template: Readonly<Record<string, number>>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function layoutOf(record: Readonly<Record<string, number>>): Layout | undefined {
  const keys = Object.keys(record)
  if (keys.some(key => key.length > 255 || !/^[\x21-\x7e]+$/.test(key))) return undefined
  // Through JSON because an object built key by key past a dozen becomes a hash table, which costs three times as
  // much to copy and to hold; 0.5 makes the fields ones that hold any number.
  const template: Record<string, number> = JSON.parse(
    `{${keys.map(key => `${JSON.stringify(key)}:0.5`).join(',')}}`,
  )
  return {
    keys,
    bytes: encoder.encode(keys.join('')),
    lengths: Uint8Array.from(keys, key => key.length),
    values: new Float64Array(keys.length),
    template,
  }
}

/** Fills the layout's values if `bytes` has exactly its keys in its order. */
function fits(layout: Layout, bytes: Uint8Array): boolean {
  const { lengths, bytes: expected, values } = layout
  const length = bytes.length
  let at = 0
  let from = 0
  for (let index = 0; index < lengths.length; index += 1) {
    const end = from + (lengths[index] ?? 0)
    for (; from < end; from += 1) {
      if (bytes[at] !== expected[from]) return false
      at += 1
    }
    if (bytes[at] !== BLANK) return false
    at += 1
    const first = at
    let value = 0
    let byte = bytes[at] ?? NEWLINE
    while (byte !== NEWLINE) {
      if (byte < 48 || byte > 57) return false
      value = value * 10 + (byte - 48)
      at += 1
      if (at >= length) break
      byte = bytes[at] ?? NEWLINE
    }
    if (at === first) return false
    if (at - first > 15) value = numberBetween(bytes, first, at)
    if (Number.isNaN(value)) return false
    values[index] = value
    at += 1
  }
  return at >= length
}

/** Numbers by key of `key value` (or `key: value`) lines, any line ending; what has another shape is passed over. */
export function decodeStat(bytes: Uint8Array): Record<string, number> {
  const values: Record<string, number> = {}
  let keys = 0
  let at = 0
  while (at < bytes.length && keys < KEYS_LIMIT) {
    let end = at
    while (end < bytes.length && bytes[end] !== NEWLINE && bytes[end] !== RETURN) end += 1
    let from = at
    while (from < end && bytes[from] === BLANK) from += 1
    let keyEnd = from
    while (keyEnd < end && bytes[keyEnd] !== BLANK && bytes[keyEnd] !== 9) keyEnd += 1
    let value = keyEnd
    while (value < end && (bytes[value] === BLANK || bytes[value] === 9)) value += 1
    let valueEnd = end
    while (valueEnd > value && (bytes[valueEnd - 1] === BLANK || bytes[valueEnd - 1] === 9)) valueEnd -= 1
    if (bytes[keyEnd - 1] === COLON) keyEnd -= 1
    if (keyEnd > from && keyEnd - from < 256) {
      const number = numberBetween(bytes, value, valueEnd)
      if (Number.isFinite(number)) {
        const key = decoder.decode(bytes.subarray(from, keyEnd))
        if (!Object.hasOwn(values, key)) {
          values[key] = number
          keys += 1
        }
      }
    }
    at = end + 1
  }
  return values
}

/**
 * A decoder of many files of one kind, one after the other. Gives what `decodeStat` gives; a file with the keys of the
 * one before costs a comparison instead of a new set of strings.
 */
export function statDecoder(): (bytes: Uint8Array) => Record<string, number> {
  let layout: Layout | undefined
  return bytes => {
    if (layout !== undefined && fits(layout, bytes)) {
      const { keys, values, template } = layout
      const record: Record<string, number> = { ...template }
      for (let index = 0; index < keys.length; index += 1) record[keys[index] ?? ''] = values[index] ?? 0
      return record
    }
    const record = decodeStat(bytes)
    layout = layoutOf(record)
    return record
  }
}

/** Keys that together are kernel memory where no `kernel` key sums them; sockets are counted apart, there as here. */
const KERNEL_PARTS = ['slab', 'kernel_stack', 'pagetables', 'sec_pagetables', 'percpu', 'vmalloc'] as const

/**
 * Kernel memory in memory.stat of v2, bytes by key: `kernel` where the kernel sums it (a8c49af3be5f, 5.18), else the
 * parts that are there; empty without any. `slab` is the sum of slab_reclaimable and slab_unreclaimable where only these are.
 */
export function kernelCharges(stat: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const kernel = stat['kernel']
  if (kernel !== undefined) return { kernel }
  const keys =
    stat['slab'] === undefined ? ['slab_reclaimable', 'slab_unreclaimable', ...KERNEL_PARTS] : KERNEL_PARTS
  const charges: Record<string, number> = {}
  for (const key of keys) {
    const bytes = stat[key]
    if (bytes !== undefined) charges[key] = bytes
  }
  return charges
}

/** The sum of `kernelCharges`; undefined without any. */
export function kernelBytes(stat: Readonly<Record<string, number>>): number | undefined {
  const kernel = stat['kernel']
  if (kernel !== undefined) return kernel
  let sum: number | undefined
  for (const bytes of Object.values(kernelCharges(stat))) sum = (sum ?? 0) + bytes
  return sum
}
