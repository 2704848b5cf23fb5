import { type PrintedReport, scenario } from '../lab.ts'
import { containerId, killCounter, MIB, podFile, podSubject } from '../pods.ts'
import { mustBe, numberIn } from '../samples.ts'

const UID = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d5001'
const LIMIT = 32 * MIB
const UNREAD = 24 * MIB
/** A page at most for the head of each buffer of 32 KiB: an eighth on top. */
const CHARGED = (UNREAD * 9) / 8

function mustSay({ findings }: PrintedReport): void {
  const finding = findings.find(({ detector }) => detector === 'memcg-oom-kill')
  if (finding === undefined) return
  const { values, words, remedies } = finding
  const told = JSON.stringify({ values, words, remedies })
  mustBe('sock of the finding', Number(values['sock']), UNREAD, CHARGED)
  if (values['limit'] !== LIMIT) throw new Error(`the limit was ${LIMIT}: ${told}`)
  for (const word of ['anon', 'kernel', 'shmem', 'file'])
    if (words.summary.includes(word)) throw new Error(`most of it was not ${word}: ${told}`)
  if (!words.summary.includes('sock')) throw new Error(`most of it was socket buffers: ${told}`)
  if (remedies[0]?.id !== 'socket-memory') throw new Error(`the cure is not in the heap: ${told}`)
}

export default scenario({
  id: 'oom-socket-memory',
  about:
    'a container that what nobody reads of its connections fills, so that a small process is killed in it',
  // after all others of this boot: the kill stays in the log
  boot: { name: 'growth' },
  order: 9,
  // v1 charges no socket to anybody where memory.kmem.tcp has no limit
  hierarchies: ['v2'],
  guest: () => `
    ifconfig lo up
    echo '65536 65536 65536' >/proc/sys/net/ipv4/tcp_mem
    container=$(pod ${UID} ${containerId('1')} ${LIMIT})
    within "$container" hold sockets ${UNREAD / MIB}
    ! within "$container" hold anonymous 16
    look killed`,
  looks: () => ({
    killed: {
      says: [
        {
          detector: 'memcg-oom-kill',
          severity: 'warning',
          subject: podSubject('v2', UID, containerId('1')),
        },
        // what killed it is still there
        { detector: 'socket-memory', severity: 'warning', subject: podSubject('v2', UID, containerId('1')) },
      ],
      check: mustSay,
    },
  }),
  made: (_look, { hierarchy, text }) => {
    const file = (name: string) =>
      text(podFile(hierarchy, podSubject(hierarchy, UID, containerId('1')), name))
    mustBe('kills', numberIn(file(killCounter(hierarchy)), /^oom_kill (\d+)$/m), 1)
    mustBe('sock', numberIn(file('memory.stat'), /^sock (\d+)$/m), UNREAD, CHARGED)
  },
})
