import { type Answer, type Hierarchy, type Seen, scenario } from '../lab.ts'
import { containerId, killCounter, MIB, podFile, podSubject } from '../pods.ts'
import { mustBe, numberIn, PAGE, SAMPLE } from '../samples.ts'

/** Two containers; the first has a limit of its own that is further than the pod's. */
const SHARED = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d7001'
const SHARED_LIMIT = 32 * MIB
const FIRST_LIMIT = 28 * MIB
const FIRST = 11
const SECOND = 10
/** A container whose own limit is nearer than its pod's. */
const ALONE = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d7002'
const ALONE_LIMIT = 16 * MIB
const ALONE_POD = 64 * MIB
const ALONE_TAKES = 10
/** What more the first takes at last: within its own limit, beyond the pod's. */
const MORE = 14

const LAG = 2 * 64 * 2 * PAGE
/** What a process holds beside what it was told to, in memory of its own and of the kernel; ours. */
const BESIDE = MIB

interface First {
  readonly kind: string
  readonly path: string
  readonly limit: number
  readonly distance: number
}

function firstOf({ rows }: Answer, subject: string): First {
  const row = rows.find(({ cgroup }: { readonly cgroup: string }) => cgroup.endsWith(`/${subject}`))
  if (row?.firstToHit === undefined)
    throw new Error(`nothing is the first to hit of ${subject}: ${JSON.stringify(row)}`)
  return row.firstToHit
}

function mustBeFirst(answer: Answer, hierarchy: Hierarchy): void {
  const shared = podSubject(hierarchy, SHARED)
  const alone = podSubject(hierarchy, ALONE, containerId('3'))
  for (const [subject, whose, limit, taken] of [
    [podSubject(hierarchy, SHARED, containerId('1')), shared, SHARED_LIMIT, FIRST + SECOND],
    [podSubject(hierarchy, SHARED, containerId('2')), shared, SHARED_LIMIT, FIRST + SECOND],
    [shared, shared, SHARED_LIMIT, FIRST + SECOND],
    [alone, alone, ALONE_LIMIT, ALONE_TAKES],
  ] as const) {
    const first = firstOf(answer, subject)
    const told = `${subject}: ${JSON.stringify(first)}`
    if (first.kind !== 'limit' || !first.path.endsWith(`/${whose}`))
      throw new Error(`it is the limit of ${whose} for ${told}`)
    mustBe(`limit for ${told}`, first.limit, limit)
    const distance = limit - taken * MIB
    mustBe(`distance for ${told}`, first.distance, distance - LAG - 2 * BESIDE, distance + LAG)
  }
}

export default scenario({
  id: 'which-limit',
  about:
    'two pods: of one the containers meet the pod’s limit first, of the other its container its own; the first is met',
  // the kubelet's eviction and the node's end are further than these limits
  boot: { name: 'which-limit', memoryMiB: 768 },
  guest: () => `${SAMPLE}
    first=$(pod ${SHARED} ${containerId('1')} ${FIRST_LIMIT} ${SHARED_LIMIT})
    second=$(pod ${SHARED} ${containerId('2')})
    alone=$(pod ${ALONE} ${containerId('3')} ${ALONE_LIMIT} ${ALONE_POD})
    # a process in each that nobody chooses: a container whose last one is killed may be left over, or not
    for container in "$first" "$second"; do
      within "$container" sleep 3600 &
      until_so 10 grep -q . "$container/cgroup.procs"
    done
    within "$first" hold anonymous ${FIRST}
    within "$second" hold anonymous ${SECOND}
    within "$alone" hold anonymous ${ALONE_TAKES}
    sleep 3
    sample near
    ! within "$first" hold anonymous ${MORE}
    sample hit`,
  looks: ({ hierarchy }) => ({
    near: {
      says: [],
      asks: {
        table: {
          words: files => ['memory', ...(files === undefined ? [] : [files])],
          check: answer => mustBeFirst(answer, hierarchy),
        },
      },
    },
    hit: {
      says: [{ detector: 'memcg-oom-kill', severity: 'warning', subject: podSubject(hierarchy, SHARED) }],
      check: ({ findings }) => {
        const [kill] = findings
        if (kill !== undefined && kill.words.title !== 'pod')
          throw new Error(`it was the limit of the pod: ${JSON.stringify(kill.words)}`)
      },
    },
  }),
  made: (look, { hierarchy, text }: Seen) => {
    const pod = podSubject(hierarchy, SHARED)
    const usage = hierarchy === 'v1' ? 'memory.usage_in_bytes' : 'memory.current'
    if (look === 'near') {
      const used = numberIn(text(podFile(hierarchy, pod, usage)), /^(\d+)$/m)
      mustBe('usage of the pod', used, (FIRST + SECOND) * MIB, (FIRST + SECOND) * MIB + LAG + 2 * BESIDE)
      return
    }
    const kills = ['1', '2'].map(digit => {
      const subject = podSubject(hierarchy, SHARED, containerId(digit))
      return numberIn(text(podFile(hierarchy, subject, killCounter(hierarchy))), /^oom_kill (\d+)$/m)
    })
    // before the memory of the one that was killed is free, the other may meet the limit again
    mustBe(
      'kills in the containers',
      kills.reduce((a, b) => a + b, 0),
      1,
      2,
    )
  },
})
