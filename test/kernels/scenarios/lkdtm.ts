import { scenario } from '../lab.ts'

/**
 * Tests of the kernel's own (drivers/misc/lkdtm/heap.c) that slub_debug speaks of, and how a report of each begins. They
 * have no module, and the first two meet a cache that the whole kernel uses.
 */
const TESTS: Readonly<Record<string, RegExp>> = {
  SLAB_LINEAR_OVERFLOW: /^BUG kmalloc-1k \(.*\): Right Redzone overwritten$/m,
  WRITE_AFTER_FREE: /^BUG kmalloc-1k \(.*\): Poison overwritten$/m,
  SLAB_FREE_DOUBLE:
    /^BUG lkdtm-heap-double_free \(.*\): Slab has 0 allocated objects but 1 are to be freed(?:\\x0a)?$/m,
  SLAB_FREE_CROSS: /^cache_from_obj: Wrong slab cache\. lkdtm-heap-b but object is from lkdtm-heap-a$/m,
}

export default scenario({
  id: 'lkdtm',
  about: 'slab faults by the kernel itself, in caches it shares: LKDTM under slub_debug',
  boot: { name: 'lkdtm', append: 'slub_debug=FZPU,kmalloc-1k,lkdtm-* log_buf_len=1M' },
  hierarchies: ['v2'],
  needs: ['lkdtm'],
  guest: () => `
    for test in ${Object.keys(TESTS).join(' ')}; do
      echo $test >/sys/kernel/debug/provoke-crash/DIRECT
    done
    look reported`,
  looks: () => ({
    reported: {
      says: ['kmalloc-1k', 'kmalloc-1k', 'lkdtm-heap-double_free', 'lkdtm-heap-b'].map(subject => ({
        detector: 'slub-corruption',
        severity: 'critical' as const,
        subject,
      })),
    },
  }),
  made(_look, { text }) {
    // facility 0: what a program wrote to /dev/kmsg has another
    const log = (text('dev/kmsg') ?? '').replace(/^(?:[0-7],\d+,\d+,[^;]*;|.*\n)/gm, '')
    for (const [test, heading] of Object.entries(TESTS))
      if (!heading.test(log)) throw new Error(`nothing was reported of ${test}`)
  },
})
