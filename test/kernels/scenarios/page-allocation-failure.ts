import { scenario } from '../lab.ts'
import { kernelLines } from '../log.ts'

export default scenario({
  id: 'page-allocation-failure',
  about: 'the kernel finds no 2 MiB in one piece, says so, and goes on',
  boot: { name: 'quiet' },
  // after the scenarios that want a quiet log
  order: 9,
  hierarchies: ['v2'],
  guest: () => `
    pod 0b6e2f34-7a51-4c0d-9d1e-5a4c3b2a1901 $(printf '%064d' 1) >/dev/null
    insmod /lab/modules/faults.ko fault=order-9
    rmmod faults
    look failed`,
  looks: () => ({ failed: { says: [] } }),
  judgedLater: ['page-allocation-failure', 'memory-fragmentation'],
  made(_look, seen) {
    const lines = kernelLines(seen)
    if (!lines.some(line => /^insmod: page allocation failure: order:9, mode:0x[0-9a-f]+\(GFP_/.test(line)))
      throw new Error('the log has no failed allocation of order 9')
    if (!lines.some(line => / lab_order9\+0x/.test(line)))
      throw new Error('the call trace does not name lab_order9')
    if (lines.some(line => /oom-kill|Out of memory/.test(line))) throw new Error('the OOM killer was called')
    const [, total = 0, free = 0] =
      /^MemTotal: +(\d+) kB\nMemFree: +(\d+) kB$/m.exec(seen.text('proc/meminfo') ?? '')?.map(Number) ?? []
    if (!(free > total / 4))
      throw new Error(`the memory was not given back: ${free} kB of ${total} kB are free`)
  },
})
