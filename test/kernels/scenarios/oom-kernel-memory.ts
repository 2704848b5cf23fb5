import { type Hierarchy, type Look, type PrintedReport, scenario, type World } from '../lab.ts'
import { containerId, killCounter, MIB, podFile, podSubject } from '../pods.ts'

/** A third of it is dentries, which reclaim may have back; what remains must be clearly more than any cgroup has. */
const CONTAINER_LIMIT = 32 * MIB
const POD_LIMIT = 40 * MIB

/** Its container meets its own limit. */
const BY_CONTAINER = 'b7d25e10-93aa-4c41-a6f5-52e8c1f0b001'
/** Its container meets the pod's limit. */
const BY_POD = 'b7d25e10-93aa-4c41-a6f5-52e8c1f0b002'

interface Kill {
  readonly subject: string
  readonly whose: 'container' | 'pod'
  readonly limit: number
}

const kills = (hierarchy: Hierarchy) => ({
  container: {
    subject: podSubject(hierarchy, BY_CONTAINER, containerId('1')),
    whose: 'container',
    limit: CONTAINER_LIMIT,
  } as const,
  pod: { subject: podSubject(hierarchy, BY_POD), whose: 'pod', limit: POD_LIMIT } as const,
})

function mustSay({ findings }: PrintedReport, { hierarchy }: World, { subject, whose, limit }: Kill): void {
  const of = (detector: string) => {
    const found = findings.find(one => one.detector === detector && one.subject.path?.endsWith(`/${subject}`))
    if (found === undefined) throw new Error(`${detector} says nothing of ${subject}`)
    return { ...found, told: JSON.stringify({ values: found.values, words: found.words }) }
  }
  for (const { values, told } of [of('memcg-oom-kill'), of('kmem-fills-memcg')]) {
    if (values['limit'] !== limit) throw new Error(`the limit is ${limit}: ${told}`)
    if (!(Number(values['anon']) < 0.05 * limit)) throw new Error(`little of it was anonymous: ${told}`)
    if (!(Number(values['kernel']) <= limit)) throw new Error(`more than the limit: ${told}`)
  }
  const kill = of('memcg-oom-kill')
  if (!(Number(kill.values['kernel']) > 0.9 * limit)) throw new Error(`kernel memory filled it: ${kill.told}`)
  if (kill.words.title !== whose) throw new Error(`it was the limit of the ${whose}: ${kill.told}`)
  if (kill.values['victims'] !== 'leak') throw new Error(`leak was killed: ${kill.told}`)
  for (const word of ['anon', 'shmem', 'shmemToo', 'file'])
    if (kill.words.summary.includes(word)) throw new Error(`it must not be put down to ${word}: ${kill.told}`)
  if (!kill.words.summary.includes('kernel')) throw new Error(`kernel memory is not named: ${kill.told}`)
  const filled = of('kmem-fills-memcg')
  if (filled.words.title !== 'limit' || filled.values['kills'] !== 1)
    throw new Error(`neither the numbers nor the kill may be missing: ${filled.told}`)
  for (const { id } of [...kill.remedies, ...filled.remedies]) {
    if (id === 'fix-application-memory') throw new Error('the application’s own memory is not the cause')
    if (id === (hierarchy === 'v1' ? 'reclaim-cgroup' : 'force-empty-cgroup'))
      throw new Error(`${id} is not for ${hierarchy}`)
  }
}

export default scenario({
  id: 'oom-kernel-memory',
  about:
    'OOM kills by kernel memory, the dentries and inodes of empty tmpfs files: at a container’s limit, at a pod’s',
  // in less memory the slab of these cgroups is a finding of the whole node's, and tmpfs has too few inodes
  boot: { name: 'oom-kernel-memory', memoryMiB: 1024 },
  guest: () => `
    killed() { "$@" && return 1 || [ $? -eq 137 ]; }
    filled() {
      mkdir /tmp/$1
      killed leak "$2" files /tmp/$1 1000000
    }
    filled by-container "$(pod ${BY_CONTAINER} ${containerId('1')} ${CONTAINER_LIMIT})"
    look container
    filled by-pod "$(pod ${BY_POD} ${containerId('2')} ${2 * POD_LIMIT} ${POD_LIMIT})"
    look pod`,
  looks: world => {
    const { container, pod } = kills(world.hierarchy)
    const look = (...all: readonly Kill[]): Look => ({
      says: all.flatMap(({ subject }) => [
        { detector: 'memcg-oom-kill', severity: 'warning', subject },
        { detector: 'kmem-fills-memcg', severity: 'critical', subject },
      ]),
      check: report => {
        for (const one of all) mustSay(report, world, one)
      },
    })
    return { container: look(container), pod: look(container, pod) }
  },
  made: (look, { hierarchy, text }) => {
    const counter = (uid: string, digit: string): void => {
      const path = podFile(hierarchy, podSubject(hierarchy, uid, containerId(digit)), killCounter(hierarchy))
      if (!/^oom_kill [1-9]/m.test(text(path) ?? '')) throw new Error(`${path} counts no kill`)
    }
    counter(BY_CONTAINER, '1')
    if (look === 'pod') counter(BY_POD, '2')
  },
})
