// An OOM report, line by line, of any era: mm/oom_kill.c (dump_header, oom_kill_process), mm/memcontrol.c
// (mem_cgroup_print_oom_info), lib/show_mem.c. The forms differ by backport, so every form is always accepted.

import { keep } from '../../base/lines.ts'
import { limitBytes } from '../../base/units.ts'
import type { Gfp, MemcgStats, MemoryCounter, OomEnd, OomVictim } from './report.ts'

/** What one line says, and where in a report it stands. */
export type OomLine =
  | {
      readonly is: 'head'
      /** Kernels before 2.6.19 did not print it. */
      readonly invoker?: string
      /** Mask and order are absent where the log was cut inside the head. */
      readonly gfp?: Gfp
      readonly order?: number
      readonly oomScoreAdj?: number
    }
  | { readonly is: 'cpu'; readonly comm: string; readonly release?: string }
  | { readonly is: 'frame'; readonly proves: 'memcg' | 'sysrq' | 'starting' }
  | { readonly is: 'limit-of'; readonly taskMemcg?: string; readonly memcg?: string }
  | {
      readonly is: 'counter'
      readonly of: 'memory' | 'memsw' | 'swap' | 'kmem'
      readonly counter: MemoryCounter
    }
  | { readonly is: 'stats'; readonly memcg: string; readonly values: Readonly<Record<string, number>> }
  | { readonly is: 'stat'; readonly key: string; readonly value: number }
  | { readonly is: 'mem-info' }
  | { readonly is: 'slab-pages'; readonly reclaimable: number; readonly unreclaimable: number }
  | { readonly is: 'task-table' }
  | {
      readonly is: 'summary'
      readonly constraint: string
      readonly memcg?: string
      readonly global?: true
      readonly taskMemcg?: string
      readonly pid?: number
    }
  | {
      readonly is: 'announced' | 'killed'
      readonly message?: OomMessage
      /** vm.oom_kill_allocating_task */
      readonly allocating?: true
      readonly victim: OomVictim
    }
  | {
      readonly is: 'no-kill'
      readonly message?: OomMessage
      readonly end: OomEnd
      readonly exiting?: { readonly pid: number; readonly comm: string }
    }
  | { readonly is: 'sharing'; readonly pid: number; readonly comm: string }
  | { readonly is: 'group'; readonly memcg: string }
  | { readonly is: 'fault-retried' }
  | {
      readonly is: 'reaped'
      readonly pid: number
      readonly comm: string
      readonly result: Pick<OomVictim, 'reaped' | 'left' | 'notReaped' | 'pinnedBy'>
    }

export type OomMessage = 'memcg' | 'global'

const HEAD =
  /^(?:(.{0,300}?) ?\binvoked |\s*)oom-killer: gfp_mask=(0x[0-9a-fA-F]+)(?:\(([^)]{0,400})\))?,(?: nodemask=[^ ]{0,2000},)? {1,2}order=(-?\d+)(.*)$/
/** What is left of a head where the log was cut inside it. */
const CUT_HEAD =
  /^(.{0,300}?) ?\binvoked oom-killer:(?: gfp_mask=(0x[0-9a-fA-F]+)(?:\(([^)]{0,400})\))?(?=,)(?:, ?(?:nodemask=[^ ]{0,2000})?(?: +order=?)?)?)?\s*$/
const SCORE_ADJ = /^, (?:oom_score_adj|oom_adj|oomkilladj)=(-?\d+)(?:, oom_score_adj=(-?\d+))?/
const CPU =
  /^\s*(?:CPU: \d+ (?:UID: \d+ )?PID: \d+ Comm|Pid: \d+, comm): (.{1,20}?) +(?:Kdump: loaded +)?(?:Hibernate: \S+ +)?(?:Not tainted|Tainted: )(.*)$/
/** The version behind # is mostly a number, but KBUILD_BUILD_VERSION may be a word; 2.6.2x had both in parentheses. */
const RELEASE_OF_CPU = /(?:^|[\s(])(\d{1,4}\.\d{1,4}(?!\d)[^\s#()]{0,128}) +#[\w-]/
/** The last are of execve() in all eras: do_execve_common, stub_execve, do_execveat_common.isra.0, __x64_sys_execve. */
const FRAME =
  /\b(?:(mem_cgroup_out_of_memory|mem_cgroup_oom_synchronize|mem_cgroup_handle_oom|mem_cgroup_oom_notify)|(moom_callback|sysrq_handle_moom)|(?:\w{1,40}_)?execve(?:at)?(?:_\w{1,40})?)\b/
/** A cgroup's path may have blanks in it, and what some take for the end of a line. */
const LIMIT_OF = /^\s*Task in (.{1,8192}?) killed as a result of limit of (\S{1,8192})/s
const TASK_IN = /^\s*Task in (.{1,8192}?) killed\s*$/s
const AS_A_RESULT = /^\s*(?:killed )?as a result of limit of (\S{1,8192})/
const LIMIT_REACHED = /^\s*Memory limit reached of cgroup (\S{1,8192})/
const COUNTER = /^\s*(memory|memory\+swap|swap|kmem): usage (\d+)kB, limit (\d+)kB, failcnt (\d+)/
const STATS_ONE_LINE = /^\s*Memory cgroup stats for (.{1,8192}?): ?([a-z_]+:\d+KB.*)$/s
const STATS_HEAD = /^\s*Memory cgroup stats for (\S.{0,8191}?):\s*$/s
const STAT = /^\s*([a-z][a-z0-9_]{1,40}) (\d{1,20})\s*$/
const SLAB_PAGES = /\bslab_reclaimable:(\d+) slab_unreclaimable:(\d+)(?![\dk])/
const TASK_TABLE =
  /^\s*(?:Tasks state \(memory values in pages\):|\[ *pid *\] +uid\b|\[ *\d+\] +\d+ +\d+ +\d+ )/
const SUMMARY = /^\s*oom-kill:constraint=([A-Z_]+)(,.*)$/s
const MESSAGE =
  '(?:(Memory cgroup out of memory|Out of [Mm]emory(?: \\(oom_kill_allocating_task\\))?|Out of memory in cgroup [^:]*): )?'
const ANNOUNCED = new RegExp(
  `^\\s*${MESSAGE}[Kk]ill process (\\d+) \\((.{0,64}?)\\) score (\\d+) or (?:sacrifice child|a child)`,
)
const SHARING = /^\s*[Kk]ill(?:ed)? process (\d{1,10}) \((.{0,64}?)\) sharing same memory/
const KILLED = new RegExp(
  `^\\s*${MESSAGE}Killed process (\\d+)(?:, UID (\\d+),)? \\((.{0,64}?)\\)(?=,? ?(?:total-vm|vsz):|, UID |[\\s.]*$)(?:, UID (\\d+),?)?(.*)$`,
)
const EXITING = new RegExp(`^\\s*${MESSAGE}OOM victim (\\d{1,10}) \\((.{0,64}?)\\) is already exiting`)
const PANIC = '^\\s*(?:Kernel panic - not syncing: )?'
const NO_KILLABLE = new RegExp(`${PANIC}Out of memory and no killable processes`)
/** Old kernels said `out of memory. panic_on_oom is selected`. */
const PANIC_ON_OOM = new RegExp(
  `${PANIC}[Oo]ut of memory(?:: (compulsory|system-wide)|.{0,60}?) panic_on_oom is (?:selected|enabled)`,
)
/** pagefault_out_of_memory(), which since 5.15 no longer kills. */
const FAULT_RETRIED = /^\s*Huh VM_FAULT_OOM leaked out to the #PF handler/
const DEADLOCKED = new RegExp(`${PANIC}System is deadlocked on memory`)
const GROUP = /^\s*Tasks in (.{1,8192}?) are going to be killed due to memory\.oom\.group set/s
const REAPED = /^\s*oom_reaper: reaped process (\d+) \((.{0,64}?)\)(?=,|\s*$)(.{0,200})/
const LEFT = /^,? ?:?now anon-rss:(\d{1,15})kB, file-rss:(\d{1,15})kB(?:, shmem-rss:(\d{1,15})kB)?/
const NOT_REAPED = /^\s*oom_reaper: unable to reap pid:(\d{1,10}) \((.{0,64}?)\)/
const PINNED = /^\s*oom killer (\d{1,10}) \((.{0,64}?)\) has mm pinned by (\d{1,10}) \((.{0,64}?)\)\s*$/

const messageOf = (message: string | undefined): { readonly message?: OomMessage } =>
  message === undefined
    ? {}
    : { message: message.startsWith('Memory cgroup') || message.includes('in cgroup') ? 'memcg' : 'global' }

const allocating = (message: string | undefined): { readonly allocating?: true } =>
  message?.includes('oom_kill_allocating_task') === true ? { allocating: true } : {}

const KIB = 1024

/** What the oom_reaper (4.6 on) could do for a victim. */
function parseReaper(text: string): (OomLine & { readonly is: 'reaped' }) | undefined {
  const reaped = REAPED.exec(text)
  if (reaped) {
    const left = LEFT.exec(reaped[3] ?? '')
    return {
      is: 'reaped',
      pid: Number(reaped[1]),
      comm: keep(reaped[2] ?? ''),
      result: {
        reaped: true,
        ...(left === null
          ? {}
          : {
              left: {
                anon: Number(left[1]) * KIB,
                file: Number(left[2]) * KIB,
                ...(left[3] === undefined ? {} : { shmem: Number(left[3]) * KIB }),
              },
            }),
      },
    }
  }
  const not = NOT_REAPED.exec(text)
  if (not) return { is: 'reaped', pid: Number(not[1]), comm: keep(not[2] ?? ''), result: { notReaped: true } }
  const pinned = PINNED.exec(text)
  if (!pinned) return undefined
  const pinnedBy = { pid: Number(pinned[3]), comm: keep(pinned[4] ?? '') }
  return { is: 'reaped', pid: Number(pinned[1]), comm: keep(pinned[2] ?? ''), result: { pinnedBy } }
}

/** `invoked` may stand behind a dress that nobody knows: a task's name has at most 15 bytes. */
function invokerOf(text: string): string {
  const name = text.trim()
  return name.length <= 15 ? name : (/(\S{1,15})$/.exec(name)?.[1] ?? name.slice(-15))
}

export function gfp(mask: string, flags: string | undefined): Gfp {
  return flags === undefined || flags === '' ? { mask } : { mask, flags }
}

function sizes(text: string): Omit<OomVictim, 'pid' | 'comm'> {
  const size = (name: string): number | undefined => {
    const found = new RegExp(`\\b${name}:(\\d+)kB`).exec(text)?.[1]
    return found === undefined ? undefined : Number(found) * KIB
  }
  const totalVm = size('total-vm') ?? size('vsz')
  const anonRss = size('anon-rss')
  const fileRss = size('file-rss')
  const shmemRss = size('shmem-rss')
  const pgtables = size('pgtables')
  const uid = /\bUID:? ?(\d+)/.exec(text)?.[1]
  const adj = /\boom_score_adj:(-?\d+)/.exec(text)?.[1]
  return {
    ...(totalVm === undefined ? {} : { totalVm }),
    ...(anonRss === undefined ? {} : { anonRss }),
    ...(fileRss === undefined ? {} : { fileRss }),
    ...(shmemRss === undefined ? {} : { shmemRss }),
    ...(pgtables === undefined ? {} : { pgtables }),
    ...(uid === undefined ? {} : { uid: Number(uid) }),
    ...(adj === undefined ? {} : { oomScoreAdj: Number(adj) }),
  }
}

/** `cache:0KB rss:44KB …` in bytes. */
function parseOneLineStats(text: string): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [, key, value] of text.matchAll(/([a-z_]{1,40}):(\d{1,20})KB/g))
    if (key !== undefined) values[keep(key)] = Number(value) * KIB
  return values
}

/** The summary's names and paths may hold commas: fields are found from both ends. */
function parseSummary(constraint: string, rest: string): OomLine {
  const taskMemcgAt = rest.indexOf(',task_memcg=')
  const taskAt = taskMemcgAt < 0 ? -1 : rest.indexOf(',task=', taskMemcgAt + 12)
  const front = taskMemcgAt < 0 ? rest : rest.slice(0, taskMemcgAt)
  const memcgAt = front.indexOf(',oom_memcg=')
  const memcg = memcgAt < 0 || taskMemcgAt < 0 ? undefined : front.slice(memcgAt + 11)
  const taskMemcg = taskAt < 0 ? undefined : rest.slice(taskMemcgAt + 12, taskAt)
  const pid = /,pid=(\d{1,10}),uid=\d/.exec(taskAt < 0 ? '' : rest.slice(rest.lastIndexOf(',pid=')))?.[1]
  return {
    is: 'summary',
    constraint,
    ...(memcg === undefined ? {} : { memcg }),
    ...(front.endsWith(',global_oom') ? { global: true as const } : {}),
    ...(taskMemcg === undefined ? {} : { taskMemcg }),
    ...(pid === undefined ? {} : { pid: Number(pid) }),
  }
}

/** The release in `CPU: 0 PID: 26049 Comm: java Tainted: G   ------------ T 3.10.0-693.el7.x86_64 #1`. */
export function parseCpuLine(text: string): { readonly comm: string; readonly release?: string } | undefined {
  const found = CPU.exec(text)
  if (!found) return undefined
  const release = RELEASE_OF_CPU.exec(found[2] ?? '')?.[1]
  const comm = (found[1] ?? '').trimEnd()
  return release === undefined ? { comm } : { comm, release }
}

/**
 * A line of an OOM report. `open`: a report is being read, so that lines mean something which alone mean nothing
 * (a stack frame, a row of the task table, a memory.stat key).
 */
export function parseOomLine(text: string, open: boolean): OomLine | undefined {
  if (text.includes('oom-killer:')) {
    const head = HEAD.exec(text)
    if (head) {
      const adj = SCORE_ADJ.exec(head[5] ?? '')
      const value = adj?.[2] ?? adj?.[1]
      return {
        is: 'head',
        ...(head[1] === undefined ? {} : { invoker: invokerOf(head[1]) }),
        gfp: gfp(head[2] ?? '', head[3]),
        order: Number(head[4]),
        ...(value === undefined ? {} : { oomScoreAdj: Number(value) }),
      }
    }
    const cut = CUT_HEAD.exec(text)
    if (cut?.[1] !== undefined && cut[1].trim() !== '')
      return {
        is: 'head',
        invoker: invokerOf(cut[1]),
        ...(cut[2] === undefined ? {} : { gfp: gfp(cut[2], cut[3]) }),
      }
    return undefined
  }
  if (text.includes(': usage ')) {
    const found = COUNTER.exec(text)
    if (found) {
      const name = found[1]
      const limitKiB = Number(found[3])
      return {
        is: 'counter',
        of: name === 'memory+swap' ? 'memsw' : name === 'kmem' ? 'kmem' : name === 'swap' ? 'swap' : 'memory',
        counter: {
          usage: Number(found[2]) * KIB,
          limit: limitBytes(limitKiB * KIB),
          failcnt: Number(found[4]),
          limitKiB,
        },
      }
    }
  }
  if (text.includes('Memory ')) {
    const line = STATS_ONE_LINE.exec(text)
    if (line) return { is: 'stats', memcg: line[1] ?? '', values: parseOneLineStats(line[2] ?? '') }
    const stats = STATS_HEAD.exec(text)
    if (stats) return { is: 'stats', memcg: stats[1] ?? '', values: {} }
    const reached = LIMIT_REACHED.exec(text)
    if (reached?.[1] !== undefined) return { is: 'limit-of', memcg: reached[1] }
  }
  if (text.includes('rocess ') || text.includes('OOM victim')) {
    const reaped = parseReaper(text)
    if (reaped) return reaped
    const sharing = SHARING.exec(text)
    if (sharing) return { is: 'sharing', pid: Number(sharing[1]), comm: keep(sharing[2] ?? '') }
    const announced = ANNOUNCED.exec(text)
    if (announced)
      return {
        is: 'announced',
        ...messageOf(announced[1]),
        ...allocating(announced[1]),
        victim: { pid: Number(announced[2]), comm: announced[3] ?? '', score: Number(announced[4]) },
      }
    const killed = KILLED.exec(text)
    if (killed) {
      const uid = killed[3] ?? killed[5]
      return {
        is: 'killed',
        ...messageOf(killed[1]),
        ...allocating(killed[1]),
        victim: {
          pid: Number(killed[2]),
          comm: killed[4] ?? '',
          ...(uid === undefined ? {} : { uid: Number(uid) }),
          ...sizes(killed[6] ?? ''),
        },
      }
    }
    const exiting = EXITING.exec(text)
    if (exiting)
      return {
        is: 'no-kill',
        end: 'exiting',
        ...messageOf(exiting[1]),
        exiting: { pid: Number(exiting[2]), comm: keep(exiting[3] ?? '') },
      }
  }
  if (text.includes('oom_reaper: unable') || text.includes(' has mm pinned by ')) {
    const reaper = parseReaper(text)
    if (reaper) return reaper
  }
  if (text.includes('VM_FAULT_OOM') && FAULT_RETRIED.test(text)) return { is: 'fault-retried' }
  if (text.includes(' panic_on_oom is ')) {
    const panic = PANIC_ON_OOM.exec(text)
    if (panic)
      return { is: 'no-kill', end: panic[1] === 'compulsory' ? 'panic-compulsory' : 'panic-system-wide' }
  }
  if (text.includes('deadlocked on memory') && DEADLOCKED.test(text))
    return { is: 'no-kill', end: 'panic-deadlocked' }
  if (text.includes('oom-kill:')) {
    const summary = SUMMARY.exec(text)
    if (summary) return parseSummary(summary[1] ?? '', summary[2] ?? '')
  }
  if (text.includes('killed')) {
    const both = LIMIT_OF.exec(text)
    if (both) return { is: 'limit-of', taskMemcg: both[1] ?? '', memcg: both[2] ?? '' }
    const task = TASK_IN.exec(text)
    if (task) return { is: 'limit-of', taskMemcg: task[1] ?? '' }
    const group = GROUP.exec(text)
    if (group) return { is: 'group', memcg: group[1] ?? '' }
  }
  if (text.includes('no killable processes') && NO_KILLABLE.test(text))
    return { is: 'no-kill', end: 'no-killable' }
  if (text.includes('as a result of limit of ')) {
    const result = AS_A_RESULT.exec(text)
    if (result?.[1] !== undefined) return { is: 'limit-of', memcg: result[1] }
  }
  if (!open) return undefined
  const cpu = parseCpuLine(text)
  if (cpu) return { is: 'cpu', ...cpu }
  const pages = text.includes('slab_unreclaimable:') ? SLAB_PAGES.exec(text) : null
  if (pages) return { is: 'slab-pages', reclaimable: Number(pages[1]), unreclaimable: Number(pages[2]) }
  const stat = STAT.exec(text)
  if (stat) return { is: 'stat', key: keep(stat[1] ?? ''), value: Number(stat[2]) }
  if (/^\s*Mem-[Ii]nfo:/.test(text)) return { is: 'mem-info' }
  if (TASK_TABLE.test(text)) return { is: 'task-table' }
  const frame = FRAME.exec(text)
  // "? name" is what a stale stack slot looked like, no caller
  if (frame && !text.slice(0, frame.index).endsWith('? '))
    return {
      is: 'frame',
      proves: frame[1] !== undefined ? 'memcg' : frame[2] !== undefined ? 'sysrq' : 'starting',
    }
  return undefined
}

/** Adds a `key value` line to the stats that are being read. */
export function addStat(stats: MemcgStats, key: string, value: number): MemcgStats {
  return { ...stats, values: { ...stats.values, [key]: value } }
}
