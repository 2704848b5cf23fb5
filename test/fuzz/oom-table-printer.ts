// OOM kills with their task table, as each era prints it from random facts.

import fc from 'fast-check'

export interface Process {
  readonly pid: number
  readonly uid: number
  readonly comm: string
  readonly totalVm: number
  readonly anon: number
  readonly file: number
  readonly shmem: number
  readonly tables: number
  readonly swap: number
  readonly adj: number
}

/** Names that try to be something else. */
const NASTY = [
  'a] 1 2 3',
  'x oom_score_adj:5',
  '[ pid ]',
  '(sd-pam)',
  '1 2 3 4',
  'oom_reaper',
  'name',
  'Killed process',
  '-1',
  ') score 5',
]
const comm = fc.oneof(
  fc
    .stringMatching(/^[A-Za-z(][A-Za-z0-9 ()[\]:,._/#-]{0,12}[A-Za-z0-9)]$/)
    .filter(name => !/\) |invoked|process|: /.test(name)),
  fc.constantFrom(...NASTY),
)

const pages = fc.nat({ max: 2 ** 22 })
const running: fc.Arbitrary<Process> = fc.record({
  pid: fc.integer({ min: 2, max: 4_194_304 }),
  uid: fc.constantFrom(0, 999, 65_534, -2),
  comm,
  totalVm: fc.integer({ min: 1000, max: 2 ** 26 }),
  anon: pages,
  file: fc.nat({ max: 2 ** 14 }),
  shmem: fc.nat({ max: 2 ** 14 }),
  tables: fc.nat({ max: 4096 }),
  swap: fc.oneof(fc.constant(0), pages),
  adj: fc.constantFrom(-1000, -999, -998, -997, 0, 3, 500, 996, 999, 1000),
})

const processes = fc.uniqueArray(running, { minLength: 1, maxLength: 10, selector: ({ pid }) => pid })

export const pad = (value: number, width: number): string => String(value).padStart(width)

export interface Era {
  readonly title: boolean
  readonly header: string
  readonly row: (of: Process, pageSize: number) => string
  /** "Kill process N (x) score N or sacrifice child" comes before the kill. */
  readonly scores: boolean
  readonly split: boolean
  /** Whether the page tables are in bytes. */
  readonly bytes: boolean
}

export const rssOf = ({ anon, file, shmem }: Process): number => anon + file + shmem

/** As the printf of each era prints them: fs/proc and mm/oom_kill.c of 3.10, 4.4, 4.18 (el8), 4.19 and 6.8. */
export const ERAS: Readonly<Record<string, Era>> = {
  '3.10': {
    title: false,
    header: '[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name',
    row: of =>
      `[${pad(of.pid, 5)}] ${pad(of.uid, 5)} ${pad(of.pid, 5)} ${pad(of.totalVm, 8)} ${pad(rssOf(of), 8)} ${pad(of.tables, 7)} ${pad(of.swap, 8)}         ${pad(of.adj, 5)} ${of.comm}`,
    scores: true,
    split: false,
    bytes: false,
  },
  '4.4': {
    title: false,
    header: '[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name',
    row: of =>
      `[${pad(of.pid, 5)}] ${pad(of.uid, 5)} ${pad(of.pid, 5)} ${pad(of.totalVm, 8)} ${pad(rssOf(of), 8)} ${pad(of.tables - Math.min(3, of.tables), 7)} ${pad(Math.min(3, of.tables), 7)} ${pad(of.swap, 8)}         ${pad(of.adj, 5)} ${of.comm}`,
    scores: true,
    split: false,
    bytes: false,
  },
  el8: {
    title: false,
    header: '[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name',
    row: (of, size) =>
      `[${pad(of.pid, 5)}] ${pad(of.uid, 5)} ${pad(of.pid, 5)} ${pad(of.totalVm, 8)} ${pad(rssOf(of), 8)} ${pad(of.tables * size, 8)} ${pad(of.swap, 8)}         ${pad(of.adj, 5)} ${of.comm}`,
    scores: false,
    split: false,
    bytes: true,
  },
  '4.19': {
    title: true,
    header: '[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name',
    row: (of, size) =>
      `[${pad(of.pid, 7)}] ${pad(of.uid, 5)} ${pad(of.pid, 5)} ${pad(of.totalVm, 8)} ${pad(rssOf(of), 8)} ${pad(of.tables * size, 8)} ${pad(of.swap, 8)}         ${pad(of.adj, 5)} ${of.comm}`,
    scores: true,
    split: false,
    bytes: true,
  },
  '6.8': {
    title: true,
    header:
      '[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name',
    row: (of, size) =>
      `[${pad(of.pid, 7)}] ${pad(of.uid, 5)} ${pad(of.pid, 5)} ${pad(of.totalVm, 8)} ${pad(rssOf(of), 8)} ${pad(of.anon, 8)} ${pad(of.file, 8)} ${pad(of.shmem, 9)} ${pad(of.tables * size, 8)} ${pad(of.swap, 8)}         ${pad(of.adj, 5)} ${of.comm}`,
    scores: false,
    split: true,
    bytes: true,
  },
}

/** oom_badness(), in whole numbers as the kernel has them. */
export function points(of: Process, total: number): number {
  return rssOf(of) + of.tables + of.swap + of.adj * Math.floor(total / 1000)
}

export interface Kill {
  readonly era: string
  readonly tasks: readonly Process[]
  readonly pageSize: number
  /** Pages. */
  readonly limit: number
}

export const kill: fc.Arbitrary<Kill> = fc.record({
  era: fc.constantFrom(...Object.keys(ERAS)),
  tasks: processes,
  pageSize: fc.constantFrom(4096, 16_384, 65_536),
  limit: fc.integer({ min: 1000, max: 2 ** 24 }),
})

/** select_bad_process(): the last of those with the most points, -1000 left out. */
export function chosenOf({ tasks, limit }: Kill): Process | undefined {
  let best: Process | undefined
  for (const task of tasks)
    if (task.adj > -1000 && (best === undefined || points(task, limit) > points(best, limit))) best = task
  return best
}

export function printed(of: Kill, victim: Process): string[] {
  const era = ERAS[of.era]
  if (era === undefined) throw new Error(of.era)
  const kib = of.pageSize / 1024
  const sizes = `total-vm:${victim.totalVm * kib}kB, anon-rss:${victim.anon * kib}kB, file-rss:${victim.file * kib}kB, shmem-rss:${victim.shmem * kib}kB`
  const score = Math.floor((Math.max(1, points(victim, of.limit)) * 1000) / of.limit)
  const limit = of.limit * kib
  return [
    'java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0',
    ...(era.scores ? ['Task in /kubepods/podx/c killed as a result of limit of /kubepods/podx'] : []),
    `memory: usage ${limit}kB, limit ${limit}kB, failcnt 12`,
    `memory+swap: usage ${limit}kB, limit ${limit}kB, failcnt 0`,
    'kmem: usage 0kB, limit 9007199254740988kB, failcnt 0',
    ...(era.title ? ['Tasks state (memory values in pages):'] : []),
    era.header,
    ...of.tasks.map(task => era.row(task, of.pageSize)),
    ...(era.scores
      ? [
          `Memory cgroup out of memory: Kill process ${victim.pid} (${victim.comm}) score ${score} or sacrifice child`,
          `Killed process ${victim.pid} (${victim.comm}) ${sizes}`,
        ]
      : [
          `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods/podx,task_memcg=/kubepods/podx/c,task=${victim.comm},pid=${victim.pid},uid=0`,
          `Memory cgroup out of memory: Killed process ${victim.pid} (${victim.comm}) ${sizes}, UID:0 pgtables:${(victim.tables * of.pageSize) / 1024}kB oom_score_adj:${victim.adj}`,
        ]),
  ]
}

/** The lines of one report; none where nobody can be killed. */
export const reports: fc.Arbitrary<readonly string[]> = kill.map(of => {
  const victim = chosenOf(of)
  return victim === undefined ? [] : printed(of, victim)
})
