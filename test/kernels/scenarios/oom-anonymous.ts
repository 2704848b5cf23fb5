import { type Hierarchy, type Look, type PrintedReport, scenario } from '../lab.ts'
import { containerId, killCounter, MIB, podFile, podSubject } from '../pods.ts'

const CONTAINER_LIMIT = 24 * MIB
const POD_LIMIT = 32 * MIB

/** Its container meets its own limit, and is restarted. */
const BY_CONTAINER = 'a3c1f0de-6b1f-4f0e-8d52-0c9be7d1a001'
/** Its containers meet the pod's limit together. */
const BY_POD = 'a3c1f0de-6b1f-4f0e-8d52-0c9be7d1a002'

interface Kill {
  readonly subject: string
  readonly whose: 'container' | 'pod'
  readonly limit: number
  readonly times: number
  /** All processes of the container, by memory.oom.group. */
  readonly together: boolean
}

function mustSay({ findings }: PrintedReport, { subject, whose, limit, times, together }: Kill): void {
  const finding = findings.find(one => one.subject.path?.endsWith(`/${subject}`))
  if (finding === undefined) throw new Error(`nothing is said of ${subject}`)
  const { values, words, remedies } = finding
  const told = JSON.stringify({ values, words })
  // 6.12 once left a whole container out of its pod's statistics: then what the victim held must be told instead
  const behind = words.summary.includes('behind')
  const anon = Number(values['anon']) + (behind ? Number(values['rest']) : 0)
  if (words.title !== whose) throw new Error(`it was the limit of the ${whose}: ${told}`)
  if (values['limit'] !== limit) throw new Error(`the limit was ${limit}: ${told}`)
  if (values['victims'] !== (together ? 'leak, sleep' : 'leak'))
    throw new Error(`not who was killed: ${told}`)
  if (!(anon > 0.8 * limit && anon <= limit)) throw new Error(`anonymous memory filled it: ${told}`)
  if (!(Number(values['kernel']) < 0.1 * limit)) throw new Error(`little of it was kernel memory: ${told}`)
  if (values['count'] !== times) throw new Error(`it happened ${times} times: ${told}`)
  const expected: Readonly<Record<string, boolean>> = {
    anon: !behind,
    unaccounted: false,
    kernel: false,
    shmem: false,
    file: false,
    times: times > 1,
    restarts: times > 1,
    task: whose === 'pod',
    group: together,
  }
  for (const [word, holds] of Object.entries(expected)) {
    if (words.summary.includes(word) !== holds)
      throw new Error(`the summary must ${holds ? 'say' : 'not say'} ${word}: ${told}`)
  }
  if (remedies[0]?.id !== 'fix-application-memory')
    throw new Error('the application’s own memory is what to see to first')
}

function looks(hierarchy: Hierarchy): Record<string, Look> {
  const byContainer = (digit: string, times: number): Kill => ({
    subject: podSubject(hierarchy, BY_CONTAINER, containerId(digit)),
    whose: 'container',
    limit: CONTAINER_LIMIT,
    times,
    together: hierarchy === 'v2',
  })
  const byPod: Kill = {
    subject: podSubject(hierarchy, BY_POD),
    whose: 'pod',
    limit: POD_LIMIT,
    times: 1,
    together: false,
  }
  const look = (...kills: readonly Kill[]): Look => ({
    says: kills.map(({ subject, times }) => ({
      detector: 'memcg-oom-kill',
      severity: times > 2 ? 'critical' : 'warning',
      subject,
    })),
    check: report => {
      for (const kill of kills) mustSay(report, kill)
    },
  })
  return {
    container: look(byContainer('1', 1)),
    restarted: look(byContainer('3', 3)),
    // of the container that is killed the cgroup is left in a pod that lives, and no list tells whether it should be
    pod: { ...look(byContainer('3', 3), byPod), unknown: ['left-over-memcgs'] },
  }
}

export default scenario({
  id: 'oom-anonymous',
  about: 'OOM kills by anonymous memory: at a container’s limit, again after restarts, at a pod’s limit',
  boot: { name: 'oom-anonymous' },
  guest: () => `
    killed() { "$@" && return 1 || [ $? -eq 137 ]; }
    # two processes in a container; on v2 they are killed together, as the kubelet asks for
    run_container() {
      container=$(pod ${BY_CONTAINER} $1 ${CONTAINER_LIMIT})
      [ $HIERARCHY = v1 ] || echo 1 >"$container/memory.oom.group"
      within "$container" sleep 3600 &
      until_so 10 grep -q . "$container/cgroup.procs"
      killed leak "$container" anonymous 64
    }
    # a runtime removes the cgroup of a container that ended
    remove_container() {
      for pid in $(cat "$container/cgroup.procs"); do kill -9 "$pid"; done
      until_so 10 rmdir "$container"
    }
    run_container ${containerId('1')}
    look container
    remove_container
    run_container ${containerId('2')}
    remove_container
    run_container ${containerId('3')}
    look restarted
    within "$(pod ${BY_POD} ${containerId('4')} '' ${POD_LIMIT})" hold anonymous 8
    killed leak "$(pod ${BY_POD} ${containerId('5')} ${2 * POD_LIMIT})" anonymous 64
    look pod`,
  looks: ({ hierarchy }) => looks(hierarchy),
  made: (look, { hierarchy, text }) => {
    const counter = (uid: string, digit: string): void => {
      const subject = podSubject(hierarchy, uid, containerId(digit))
      const path = podFile(hierarchy, subject, killCounter(hierarchy))
      if (!/^oom_kill [1-9]/m.test(text(path) ?? '')) throw new Error(`${path} counts no kill`)
    }
    counter(BY_CONTAINER, look === 'container' ? '1' : '3')
    if (look === 'pod') counter(BY_POD, '5')
  },
})
