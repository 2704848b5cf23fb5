// OOM reports of memory cgroups, as five eras print them from random facts.

import fc from 'fast-check'

/** comm: at most 15 bytes, which may be blanks, brackets, colons and commas; not blank at its ends, which printing loses. */
const comm = fc
  .stringMatching(/^[A-Za-z(][A-Za-z0-9 ()[\]:,._/#-]{0,13}[A-Za-z0-9)]$/)
  .filter(name => !/\) |invoked|process|: /.test(name))
export const segment = fc.stringMatching(/^[a-z0-9][a-z0-9_.@:-]{0,30}[a-z0-9]$/)
const cgroup = fc.array(segment, { minLength: 1, maxLength: 4 }).map(parts => `/${parts.join('/')}`)
const kib = fc.nat({ max: 2 ** 40 })
const pid = fc.integer({ min: 2, max: 4194304 })

export const oom = fc.record({
  comm,
  victim: comm,
  pid,
  limitCgroup: cgroup,
  task: segment,
  usage: kib,
  limit: kib,
  failcnt: fc.nat(),
  kmem: kib,
  rss: kib,
  adj: fc.integer({ min: -1000, max: 1000 }),
  form: fc.constantFrom('3.10', 'el7-1127', '4.19', '5.4'),
})
export type Oom = typeof oom extends fc.Arbitrary<infer T> ? T : never

export function printed(of: Oom): string[] {
  const stats = `Memory cgroup stats for ${of.limitCgroup}: cache:0KB rss:${of.rss}KB rss_huge:0KB`
  const counters = [
    `memory: usage ${of.usage}kB, limit ${of.limit}kB, failcnt ${of.failcnt}`,
    'memory+swap: usage 0kB, limit 9007199254740988kB, failcnt 0',
    `kmem: usage ${of.kmem}kB, limit 9007199254740988kB, failcnt 0`,
    stats,
  ]
  const task = `${of.limitCgroup}/${of.task}`
  const gone = `Task in ${task} killed as a result of limit of ${of.limitCgroup}`
  const announced = `Memory cgroup out of memory: Kill process ${of.pid} (${of.victim}) score 7 or sacrifice child`
  const sizes = `total-vm:${of.rss}kB, anon-rss:${of.rss}kB, file-rss:0kB`
  switch (of.form) {
    case '3.10':
      return [
        `${of.comm} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=${of.adj}`,
        gone,
        ...counters,
        announced,
        `Killed process ${of.pid} (${of.victim}) ${sizes}`,
      ]
    case 'el7-1127':
      return [
        `${of.comm} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=${of.adj}`,
        gone,
        ...counters,
        announced,
        `Killed process ${of.pid} (${of.victim}), UID 0, ${sizes}, shmem-rss:0kB`,
      ]
    case '4.19':
      return [
        `${of.comm} invoked oom-killer: gfp_mask=0xd0(GFP_KERNEL), nodemask=0-1,3,  order=0, oom_score_adj=${of.adj}`,
        gone,
        ...counters,
        announced,
        `Killed process ${of.pid} (${of.victim}) ${sizes}, shmem-rss:0kB`,
      ]
    default:
      return [
        `${of.comm} invoked oom-killer: gfp_mask=0xd0(GFP_KERNEL), order=0, oom_score_adj=${of.adj}`,
        ...counters,
        `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=0-1,3,cpuset=/,mems_allowed=0-1,3,oom_memcg=${of.limitCgroup},task_memcg=${task},task=${of.victim},pid=${of.pid},uid=0`,
        `Memory cgroup out of memory: Killed process ${of.pid} (${of.victim}) ${sizes}, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0`,
      ]
  }
}

/** The lines of one report. */
export const reports: fc.Arbitrary<readonly string[]> = oom.map(printed)
