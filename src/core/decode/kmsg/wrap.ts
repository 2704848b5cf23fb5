// Lines of a report that a terminal, a mail client or a serial console broke in two, put together again. Where the
// break was, a blank may have been or not ("task_m" / "emcg=/test512mb"): whichever lets the line go on as printed.

/** A form printed by the kernel, in the pieces that follow each other; a broken line has matched some of them. */
function form(...pieces: readonly string[]): RegExp {
  const [first = '', ...rest] = pieces
  // the empty group behind the last piece tells a form that is complete
  return new RegExp(`${first}${rest.map(piece => `(?:${piece}`).join('')}()${')?'.repeat(rest.length)}`)
}

/** Splits at blanks: each word, with the blank before it, is a piece. */
function words(text: string): readonly string[] {
  return text.split(' ').map((word, index) => (index === 0 ? word : ` ${word}`))
}

const MASK = '0x[0-9a-fA-F]+(?:\\([A-Za-z_|0-9]*\\))?'
const OOM_MESSAGE =
  '^\\s*(?:Memory cgroup out of memory|Out of memory(?: \\(oom_kill_allocating_task\\))?|Memory cgroup out of|Memory cgroup out|Memory cgroup|Out of)'

const FORMS: readonly RegExp[] = [
  form(
    '^.{1,300}? invoked',
    ' oom-killer:',
    ` gfp_mask=${MASK}`,
    ',',
    '(?: nodemask=[^ ]+,)? {1,2}order=-?\\d+',
    ',(?: (?:oom_adj|oomkilladj)=-?\\d+,?)?',
    ' oom_score_adj=-?\\d+',
  ),
  form(
    '^\\s*CPU: \\d+',
    '(?: UID: \\d+)? PID: \\d+',
    ' Comm:',
    ' .{1,20}? (?:Kdump: loaded )?(?:Not tainted|Tainted:)',
    '.{0,60}? \\d+\\.\\d+\\S* #\\d+',
  ),
  form(...words('^\\s*Task in \\S+ killed as a result of limit of \\S+')),
  form(
    '^\\s*(?:memory|memory\\+swap|swap|kmem):',
    ' usage',
    ' \\d+kB,',
    ' limit',
    ' \\d+kB,',
    ' failcnt',
    ' \\d+',
  ),
  form(...words('^\\s*Memory cgroup stats for \\S+:(?:$| [a-z_]+:\\d+KB)'), '(?: [a-z_]+:\\d+KB)+'),
  form(
    '^\\s*oom-kill:constraint=[A-Z_]+',
    ',nodemask=[^=]*',
    '(?:,cpuset=[^,]*,mems_allowed=[0-9,-]+)?(?:,global_oom|,oom_memcg=\\S+?)?,task_memcg=[^,\\s]+',
    ',task=.{1,16}?',
    ',pid=\\d+',
    ',uid=\\d+',
  ),
  form(
    `${OOM_MESSAGE}`,
    '(?: out)?(?: of)?(?: memory)?(?: \\([a-z_]+\\))?:',
    ' Killed process \\d+| Kill process \\d+',
    '(?:, UID \\d+,)? \\(.{1,17}?\\)',
  ),
  form('^.{0,60}?Kill process \\d+', ' \\(.{1,17}?\\)', ...words(' score \\d+ or sacrifice child').slice(1)),
  form(
    '^.{0,60}?Killed process \\d+',
    '(?:, UID \\d+,)? \\(.{1,17}?\\)',
    '(?:, UID \\d+)?,? (?:total-vm|vsz):\\d+kB',
    ', anon-rss:\\d+kB',
    ', file-rss:\\d+kB',
    ', shmem-rss:\\d+kB',
    ', UID:\\d+',
    ' pgtables:\\d+kB',
    ' oom_score_adj:-?\\d+',
  ),
  form(
    '^\\s*oom_reaper:',
    ...words(' reaped process \\d+').slice(1),
    ' \\(.{1,17}?\\)',
    ', now anon-rss:\\d+kB',
    ', file-rss:\\d+kB',
    ', shmem-rss:\\d+kB',
  ),
  form(
    ...words('^\\s*SL[AU]B: Unable to allocate memory on'),
    '(?: CPU \\d+ \\(of node -?\\d+\\) on)? node -?\\d+,?',
    ` \\(?gfp=(?:3D)?${MASK}\\)?`,
  ),
  form(
    '^\\s*cache: .{1,300}?,',
    ' object size: \\d+',
    ', buffer size: \\d+',
    ', default order: \\d+',
    ', min order: \\d+',
  ),
  form('^\\s*node \\d+: slabs: [\\d/]+', ', objs: [\\d/]+', ', free: \\d+'),
  form('^\\s*.{1,60}?: page allocation failure[.:]', ' order:\\d+', `, mode:${MASK}`, ', nodemask=[^ ]+'),
  form('^.*?\\bmkdir', ' \\/[^\\s:"]*', '[^\\s"]*?:', ' no', ' space', ' left', ' on', ' device'),
  form('^\\s*\\S+: \\d+ callbacks', ' suppressed'),
]

/** Words with which a line of a report begins or ends before it is broken: only such a line is worth trying. */
const OPENING =
  /invoked|oom|out of|Memory cgroup|Task in|: usage|[Kk]ill(?:ed)? process|SL[AU]B: |cache: |node \d+: slabs|page allocation|mkdir|CPU: \d|callbacks/

/** A line that stands for itself wherever it is. */
const STARTS =
  /^\s*(?:.{1,60}? invoked oom-killer:|oom-kill:constraint|Memory cgroup (?:out|stats|min)|Out of memory:|[Kk]ill(?:ed)? process|(?:memory|memory\+swap|swap|kmem): usage|Task in \/|SL[AU]B: Unable|cache: |node \d+: slabs|oom_reaper:|Call [Tt]race|Mem-Info|CPU: \d|\[ *(?:pid|\d+) *\]|[a-z_0-9]+ \d+\s*$|.{1,60}?: page allocation)/

interface Reach {
  readonly end: number
  readonly complete: boolean
}

/** How far into `text` a form reaches, whichever reaches farthest. */
function reach(text: string): Reach | undefined {
  let best: Reach | undefined
  for (const pattern of FORMS) {
    const found = pattern.exec(text)
    if (!found) continue
    const end = found.index + found[0].length
    if (!best || end > best.end) best = { end, complete: found[1] !== undefined }
  }
  return best
}

/** Broken lines of a report are short; longer ones are something else, and hostile. */
const LONGEST = 8192

/** The narrowest a terminal or a mail is broken at, nearly. */
const NARROWEST = 60

/**
 * `text` with the next line joined on, when that lets a known form go on past the break; undefined when the next
 * line is a line of its own. `torn`: the next line has no stamp where its neighbours have one.
 */
export function rejoin(text: string, next: string, torn: boolean): string | undefined {
  if (next === '' || text.length + next.length > LONGEST || !OPENING.test(text) || STARTS.test(next))
    return undefined
  const current = reach(text)
  const trimmed = text.trimEnd()
  if (!current) return undefined
  if (current.complete && current.end >= trimmed.length && !(torn && text.length >= NARROWEST))
    return undefined
  const lead = next.trimStart()
  const soft = trimmed.endsWith('=')
  const candidates = new Set([text + next, `${trimmed} ${lead}`, trimmed + lead])
  // a soft line break of quoted-printable
  if (soft) candidates.add(trimmed.slice(0, -1) + next)
  let best: string | undefined
  let farthest = current.end
  for (const candidate of candidates) {
    const reached = reach(candidate)
    if (!reached || reached.end <= farthest || reached.end <= trimmed.length - (soft ? 1 : 0)) continue
    best = candidate
    farthest = reached.end
  }
  return best
}
