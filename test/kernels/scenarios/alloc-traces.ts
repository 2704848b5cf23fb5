import { type Seen, scenario } from '../lab.ts'
import { slubDebug } from '../slub-debug.ts'

/** Objects that are leaked in all, at each look. */
const LEAKED = { first: 300, later: 800 } as const

const CACHES = [
  { cache: 'lab-leak', by: 'lab_leak' },
  { cache: 'kmalloc-64', by: 'lab_leak_kmalloc' },
] as const

/** How many objects of a cache were allocated by a function of the fault module and not freed. */
function alive(seen: Seen, cache: string, by: string): number {
  const text = seen.text(`sys/kernel/debug/slab/${cache}/alloc_traces`)
  if (text === undefined) throw new Error(`${cache} has no alloc_traces`)
  const counts = [...text.matchAll(/^ *(\d+) ([a-z_]+)\+0x[0-9a-f]+\/0x[0-9a-f]+ \[faults\] /gm)]
  return counts.reduce((sum, [, count, name]) => sum + (name === by ? Number(count) : 0), 0)
}

export default scenario({
  id: 'alloc-traces',
  about: 'two caches leak while slub_debug=U records who allocates: alloc_traces and free_traces, read twice',
  boot: slubDebug,
  order: 0,
  hierarchies: ['v2'],
  guest: () => `
    pod 0b6e2f34-7a51-4c0d-9d1e-5a4c3b2a1901 $(printf '%064d' 1) >/dev/null
    insmod /lab/modules/faults.ko count=${LEAKED.first}
    leaks() {
      for fault in leak leak-kmalloc; do echo "$fault" >/sys/module/faults/parameters/fault; done
      look "$1"
      keep "$1" '/sys/kernel/debug/slab/*/alloc_traces' '/sys/kernel/debug/slab/*/free_traces'
    }
    leaks first
    echo ${LEAKED.later - LEAKED.first} >/sys/module/faults/parameters/count
    leaks later`,
  looks: () => ({ first: { says: [] }, later: { says: [] } }),
  judgedLater: ['traced-slab-leak', 'slab-growth', 'unreclaimable-slab-growth'],
  made(look, seen) {
    const leaked = look === 'first' ? LEAKED.first : LEAKED.later
    for (const { cache, by } of CACHES) {
      const count = alive(seen, cache, by)
      if (count !== leaked)
        throw new Error(`alloc_traces of ${cache} names ${by} for ${count} objects, not for ${leaked}`)
      if (seen.text(`sys/kernel/debug/slab/${cache}/free_traces`) === undefined)
        throw new Error(`${cache} has no free_traces`)
    }
  },
})
