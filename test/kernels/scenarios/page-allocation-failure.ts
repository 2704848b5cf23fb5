import { type PrintedReport, scenario } from '../lab.ts'
import { kernelLines } from '../log.ts'
import { MIB } from '../pods.ts'

function mustSay({ findings }: PrintedReport): void {
  const told = (id: string) => {
    const finding = findings.find(({ detector }) => detector === id)
    if (finding === undefined) throw new Error(`${id} says nothing`)
    return { values: finding.values, words: finding.words, ongoing: finding.ongoing }
  }
  const failure = told('page-allocation-failure')
  const { values, words } = failure
  if (words.title !== 'no-large')
    throw new Error(`order 9 is more than is promised: ${JSON.stringify(failure)}`)
  if (values['needed'] !== 2 * MIB || values['caller'] !== 'lab_order9' || values['module'] !== 'faults')
    throw new Error(`lab_order9 of module faults asked for 2 MiB: ${JSON.stringify(failure)}`)
  // there was more free than has to be, in pieces of less than 2 MiB
  if (!words.summary.includes('fragmented') || !words.summary.includes('index'))
    throw new Error(`it was for want of a piece, not of memory: ${JSON.stringify(failure)}`)
  if (!(Number(values['free']) > Number(values['keeps'])) || !(Number(values['largest']) < 2 * MIB))
    throw new Error(`the figures do not bear that out: ${JSON.stringify(failure)}`)
  const fragmentation = told('memory-fragmentation')
  if (fragmentation.words.title !== 'was' || !fragmentation.words.summary.includes('gone'))
    throw new Error(`it is over, there are such pieces again: ${JSON.stringify(fragmentation)}`)
  if (fragmentation.ongoing !== false) throw new Error('it is told as going on')
}

export default scenario({
  id: 'page-allocation-failure',
  about: 'the kernel finds no 2 MiB in one piece, says so, and goes on',
  boot: { name: 'quiet' },
  // after the scenarios that want a quiet log
  order: 9,
  guest: () => `
    pod 0b6e2f34-7a51-4c0d-9d1e-5a4c3b2a1901 $(printf '%064d' 1) >/dev/null
    insmod /lab/modules/faults.ko fault=order-9
    rmmod faults
    look failed`,
  looks: () => ({
    failed: {
      says: [
        { detector: 'page-allocation-failure', severity: 'warning', subject: 'node' },
        { detector: 'memory-fragmentation', severity: 'info', subject: 'node' },
      ],
      check: mustSay,
    },
  }),
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
