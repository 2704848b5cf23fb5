import type { FaultSort } from '../../../src/core/explain/slub-damage.ts'
import { type PrintedReport, type Seen, scenario } from '../lab.ts'
import { kernelLines } from '../log.ts'
import { slubDebug } from '../slub-debug.ts'

interface Fault {
  /** Of guest/faults.c; its cache is lab-<fault>. */
  readonly fault: string
  /** The function of the module that stands in the report. */
  readonly by: string
  /**
   * What the kernel calls it, each report that follows from it: a whole heading, or `bytes` with the kind of a
   * comparison of bytes, which is the heading up to 6.12.40 or so and stands before an `Object corrupt` since.
   */
  readonly reports: readonly (RegExp | { readonly bytes: string })[]
  /** Which of the two tracks name the function; where neither, the call trace does. */
  readonly tracks: readonly ('Allocated' | 'Freed')[]
  /** What kmemscope calls it, each finding. */
  readonly sorts: readonly FaultSort[]
  /** Of a report that names no object kmemscope must not name anybody. */
  readonly unnamed?: true
}

/** The headings were read off 6.1.192 and 6.12.117. */
const FAULTS: readonly Fault[] = [
  {
    fault: 'right-redzone',
    by: 'lab_right_redzone',
    reports: [{ bytes: 'Right Redzone' }],
    tracks: ['Allocated'],
    sorts: ['overrun'],
  },
  {
    fault: 'left-redzone',
    by: 'lab_left_redzone',
    reports: [{ bytes: 'Left Redzone' }],
    tracks: ['Allocated'],
    sorts: ['overrun'],
  },
  {
    fault: 'use-after-free',
    by: 'lab_use_after_free',
    reports: [{ bytes: 'Poison' }],
    tracks: ['Allocated', 'Freed'],
    sorts: ['use-after-free'],
  },
  {
    fault: 'double-free',
    by: 'lab_double_free',
    reports: [/^Object already free$/],
    tracks: ['Allocated', 'Freed'],
    sorts: ['double-free'],
  },
  {
    fault: 'double-free-alone',
    by: 'lab_double_free_alone',
    reports: [/^Slab has 0 allocated objects but 1 are to be freed$/],
    tracks: [],
    sorts: ['double-free'],
  },
  {
    fault: 'invalid-pointer',
    by: 'lab_invalid_pointer',
    reports: [/^Invalid object pointer 0x[0-9a-f]{16}$/],
    tracks: [],
    sorts: ['wrong-free'],
  },
  {
    fault: 'wrong-cache',
    by: 'lab_wrong_cache',
    reports: [],
    tracks: ['Allocated'],
    sorts: ['wrong-free'],
  },
  {
    fault: 'free-pointer',
    by: 'lab_free_pointer',
    reports: [/^Freepointer corrupt$/],
    tracks: ['Allocated', 'Freed'],
    sorts: ['use-after-free'],
  },
  {
    fault: 'free-chain',
    by: 'lab_free_chain',
    reports: [/^Freechain corrupt$/, /^Wrong object count\. Counter is 1 but counted were \d+$/],
    tracks: ['Allocated', 'Freed'],
    sorts: ['use-after-free', 'metadata'],
  },
  {
    fault: 'object-padding',
    by: 'lab_object_padding',
    reports: [{ bytes: 'Object padding' }],
    tracks: ['Allocated'],
    sorts: ['overrun'],
  },
  {
    fault: 'slab-padding',
    by: 'lab_slab_padding',
    reports: [/^Padding overwritten\. 0x[0-9a-f]{16}-0x[0-9a-f]{16} @offset=4088$/],
    tracks: [],
    sorts: ['overrun'],
    unnamed: true,
  },
  {
    fault: 'objects-remaining',
    by: 'lab_leak',
    reports: [/^Objects remaining (?:in lab-objects-remaining )?on __kmem_cache_shutdown\(\)$/],
    tracks: ['Allocated'],
    sorts: ['leak'],
  },
]

/** Objects left in the cache that is taken away. */
const REMAINING = 16

const RULE = /^={20,}$/
const BYTES =
  /^\[(.+) overwritten\] 0x[0-9a-f]+-0x[0-9a-f]+ @offset=\d+\. First byte 0x[0-9a-f]{2} instead of/
const WRONG_CACHE = /^cache_from_obj: Wrong slab cache\. (\S+) but object is from kmalloc-96$/

interface Printed {
  readonly cache: string
  readonly heading: string
  readonly text: string
}

/** The reports of SLUB in a log, each with its lines to the next. */
function printed(seen: Seen): readonly Printed[] {
  const lines = kernelLines(seen)
  const starts: { readonly at: number; readonly cache: string; readonly heading: string }[] = []
  for (const [index, line] of lines.entries()) {
    const [, cache = '', heading = ''] = /^BUG (\S+) \(.*?\): (.+)$/.exec(line) ?? []
    if (cache !== '' && RULE.test(lines[index - 1] ?? '')) {
      const bytes = BYTES.exec(lines[index - 2] ?? '')?.[1]
      if (bytes !== undefined && heading !== 'Object corrupt')
        throw new Error(`a line of ${bytes} bytes stands before the heading ${heading}`)
      starts.push({ at: index - 1, cache, heading: bytes === undefined ? heading : `${bytes} overwritten` })
    }
    const wrong = WRONG_CACHE.exec(line)?.[1]
    if (wrong !== undefined) starts.push({ at: index, cache: wrong, heading: line })
  }
  return starts.map(({ at, cache, heading }, index) => ({
    cache,
    heading,
    text: lines.slice(at, starts[index + 1]?.at).join('\n'),
  }))
}

/** Each fault is called by its sort, and the code that made it is named. */
function namesThem({ findings }: PrintedReport): void {
  for (const { fault, by, sorts, unnamed } of FAULTS) {
    const own = findings.filter(({ subject }) => subject.cache === `lab-${fault}`)
    const said = own.map(({ words }) => words.title).join(' ')
    if (said !== sorts.join(' ')) throw new Error(`calls ${fault} ${said}, must call it ${sorts.join(' ')}`)
    const [first] = own
    const named = `${first?.values.module} ${first?.values.function}`
    if (unnamed === true ? first?.values.module !== undefined : named !== `faults ${by}`)
      throw new Error(`names ${named} for ${fault}, which ${by} of faults made`)
    if (sorts.includes('leak') && first?.values.objects !== REMAINING)
      throw new Error(`counts ${first?.values.objects} objects left behind, there are ${REMAINING}`)
  }
}

export default scenario({
  id: 'slub-corruption',
  about: 'every fault that slub_debug finds, made by a module, each in a cache of its own',
  boot: slubDebug,
  order: 1,
  hierarchies: ['v2'],
  guest: () => `
    pod 0b6e2f34-7a51-4c0d-9d1e-5a4c3b2a1901 $(printf '%064d' 1) >/dev/null
    [ -d /sys/module/faults ] || insmod /lab/modules/faults.ko
    # fewer than a slab holds: of a slab that is full no object is reported when its cache is taken away
    echo ${REMAINING} >/sys/module/faults/parameters/count
    for fault in ${FAULTS.map(({ fault }) => fault).join(' ')}; do
      echo "$fault" >/sys/module/faults/parameters/fault
    done
    rmmod faults
    look reported`,
  looks: () => ({
    reported: {
      says: FAULTS.flatMap(({ fault, sorts }) =>
        sorts.map(sort => ({
          detector: 'slub-corruption',
          severity: sort === 'leak' ? ('warning' as const) : ('critical' as const),
          subject: `lab-${fault}`,
        })),
      ),
      check: namesThem,
    },
  }),
  made(_look, seen) {
    const all = printed(seen)
    for (const { fault, by, reports, tracks } of FAULTS) {
      const cache = `lab-${fault}`
      const own = all.filter(one => one.cache === cache)
      const headings = own.map(({ heading }) => heading)
      const wanted = fault === 'wrong-cache' ? [WRONG_CACHE] : reports
      const differs = wanted.some((one, index) => {
        const heading = headings[index] ?? ''
        return one instanceof RegExp ? !one.test(heading) : heading !== `${one.bytes} overwritten`
      })
      if (differs || headings.length !== wanted.length)
        throw new Error(`the reports of ${cache} are not those of ${fault}: ${headings.join('; ') || 'none'}`)
      const text = own[0]?.text ?? ''
      const names = tracks.length === 0 ? [` ${by}+0x`] : tracks.map(track => `${track} in ${by}+0x`)
      for (const name of names) {
        if (!text.includes(name)) throw new Error(`the report of ${cache} does not say "${name}"`)
      }
      if (fault === 'objects-remaining' && text.split(names[0] ?? '').length - 1 !== REMAINING)
        throw new Error(`the report of ${cache} does not name ${REMAINING} objects`)
    }
    const strange = all.filter(({ cache }) => !cache.startsWith('lab-'))
    if (strange.length > 0) throw new Error(`the kernel's own caches are damaged: ${strange[0]?.cache}`)
  },
})
