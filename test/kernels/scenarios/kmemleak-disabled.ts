import { scenario } from '../lab.ts'

const FILE = 'sys/kernel/debug/kmemleak'

export default scenario({
  id: 'kmemleak-disabled',
  about: 'kmemleak built in and off, while memory leaks: its file is there and empty, a scan is refused',
  boot: { name: 'quiet' },
  // what leaks here would be in the way of the others
  order: 5,
  needs: ['kmemleak'],
  guest: () => `
    pod 3c1b6f0e-92d4-4e57-8a10-6b5f2d7c9e84 $(printf '%064d' 1) >/dev/null
    insmod /lab/modules/faults.ko fault=leak-kmalloc count=20
    sleep 6
    ! echo scan 2>/run/refused >/${FILE}
    if [ -x /node/bin/node ]; then
      ! kmemscope kmemleak --lang en 2>/run/told
      ! kmemscope kmemleak --scan --yes --lang en 2>/run/told-scan
    fi
    look off
    keep off /${FILE} /run/refused /run/told /run/told-scan
    rmmod faults`,
  // empty because off must never be taken for empty because clean
  looks: () => ({
    off: {
      says: [],
      check({ unknown }) {
        const why = unknown
          .filter(({ detector }) => detector === 'kmemleak-objects')
          .map(({ reason }) => reason)
        if (why.join() !== 'kmemleak-off') throw new Error(`kmemleak-objects is unknown for ${why.join()}`)
      },
    },
  }),
  made(_look, { text }) {
    if (text(FILE) !== '') throw new Error(`${FILE} is not there and empty: ${text(FILE)}`)
    if (!/Operation not permitted/.test(text('run/refused') ?? '')) throw new Error('a scan was not refused')
    if (!(text('dev/kmsg') ?? '').includes('kmemleak: Kernel memory leak detector disabled'))
      throw new Error('the log does not say that the detector is off')
    for (const path of ['run/told', 'run/told-scan']) {
      const told = text(path)
      if (told !== undefined && !told.includes('boot with kmemleak=on'))
        throw new Error(`the command does not say what helps: ${told}`)
    }
  },
})
