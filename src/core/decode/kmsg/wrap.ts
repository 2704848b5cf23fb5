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

const ZONE = '(?:DMA32|DMA|Normal|HighMem|Movable|Device)'

const COMM = '\\(.{1,17}?\\)'

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
  // of 2.6.32
  form(
    '^\\s*Pid: \\d+, comm:',
    ' .{1,20}? (?:Not|Tainted:)',
    '(?: tainted|[A-Z ()-]{0,60}?) \\d+\\.\\d+[^\\s#]*',
    ' #\\d+',
  ),
  form(
    '^\\s*CPU: \\d+',
    '(?: UID: \\d+)? PID: \\d+',
    ' Comm:',
    ' .{1,20}? (?:Kdump: loaded )?(?:Not|Tainted:)',
    '(?: tainted|[A-Z ()-]{0,60}?) \\d+\\.\\d+[^\\s#]*',
    ' #\\d+',
  ),
  form('^\\s*Task in', ' \\/\\S*', ...words(' killed as a result of limit of').slice(1), ' \\/\\S*'),
  form(
    '^\\s*(?:memory|memory\\+swap|swap|kmem):',
    ' usage',
    ' \\d+kB,',
    ' limit',
    ' \\d+kB,',
    ' failcnt',
    ' \\d+',
  ),
  form('^\\s*Memory cgroup', ' stats', ' for', ' \\/\\S*', '(?: [a-z_]+:\\d+KB)+'),
  // one word, but for the task's name
  form('^\\s*oom-kill:constraint=[A-Z_]+\\S*', '(?: \\S{0,15}){1,8}?,pid=\\d+', ',uid=\\d+'),
  form(
    OOM_MESSAGE,
    '(?: out)?(?: of)?(?: memory)?(?: \\([a-z_]+\\))?:',
    '(?: Killed process \\d+| Kill process \\d+)',
    `(?:, UID \\d+,)? ${COMM}`,
  ),
  form(
    '^.{0,60}?Kill process \\d+',
    ` ${COMM}(?= score|\\s*$)`,
    ...words(' score \\d+ or sacrifice child').slice(1),
  ),
  form(
    '^.{0,60}?Killed process \\d+',
    `(?:, UID \\d+,)? ${COMM}(?=,? (?:total-vm|vsz)|, UID|,?\\s*$)`,
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
    ` ${COMM}(?=, now|,?\\s*$)`,
    ', now',
    ' anon-rss:\\d+kB',
    ', file-rss:\\d+kB',
    ', shmem-rss:\\d+kB',
  ),
  form(
    ...words('^\\s*SL[AU]B: Unable to allocate memory on'),
    '(?: CPU \\d+ \\(of node -?\\d+\\) on)? node -?\\d+,?',
    ' (?:\\(gfp=0x[0-9a-fA-F]+\\)|gfp=0x[0-9a-fA-F]+\\([A-Za-z_|0-9]*\\))',
  ),
  form(
    '^\\s*cache: .{1,300}?,',
    ' object size: \\d+',
    ', buffer size: \\d+',
    ', default order: \\d+',
    ', min order: \\d+',
  ),
  form('^\\s*cache: [^\\s(]+\\(\\d+:\\S*', ' object size: \\d+'),
  form('^\\s*node \\d+: slabs: [\\d/]+', ', objs: [\\d/]+', ', free: \\d+'),
  form('^\\s*.{1,60}?: page allocation failure[.:]', ' order:\\d+', `, mode:${MASK}`, ', nodemask=[^ ]+'),
  // Mem-Info: the summary, a node and a zone; the free blocks of a zone; huge pages
  form(
    `^\\s*(?:Node \\d+ )?(?:${ZONE} )?[a-z_()]{1,40}:\\d+(?:[kK]B)?(?: [a-z_()]{1,40}: ?\\d+(?:[kK]B)?)*`,
    '(?: all_unreclaimable\\?)?(?: (?:yes|no))?',
  ),
  form(
    `^\\s*(?:Node \\d+ )?${ZONE}: \\d+\\*\\d+kB(?: \\([A-Z]+\\))?(?: \\d+\\*\\d+kB(?: \\([A-Z]+\\))?)*`,
    ' =',
    ' \\d+kB',
  ),
  form('^\\s*Node \\d+ hugepages_total=\\d+(?: hugepages_[a-z]+=\\d+(?:kB)?)*'),
  form('^.*?\\bmkdir', ' \\/[^\\s:"]*', '[^\\s"]*?:', ' no', ' space', ' left', ' on', ' device'),
  form('^.*?\\bmkdir', ' \\/[^\\s:"]*', '[^\\s"]*?:', ' device', ' or', ' resource', ' busy'),
  form(
    '^\\s*Tasks in',
    ' \\/\\S*',
    ...words(' are going to be killed due to memory\\.oom\\.group set').slice(1),
  ),
  form(...words('^\\s*Memory limit reached of cgroup'), ' \\/\\S*'),
  form(
    ...words('^\\s*(?:Memory cgroup )?[Oo]ut of memory: OOM victim \\d+'),
    ` ${COMM}`,
    ...words(' is already exiting').slice(1),
  ),
  form(...words('^\\s*Out of memory and no killable processes')),
  form(
    ...words(
      '^\\s*Kernel panic - not syncing: Out of memory: (?:compulsory|system-wide) panic_on_oom is enabled',
    ),
  ),
  form(...words('^\\s*Kernel panic - not syncing: System is deadlocked on memory')),
  form('^\\s*\\S+: \\d+ callbacks', ' suppressed'),
  ...slabForms(),
  ...kmemleakForms(),
  ...warningForms(),
]

/** What else the kernel says of its memory (memory-warning.ts, stall.ts, lost-records.ts). */
function warningForms(): readonly RegExp[] {
  const mode = `mode:${MASK}`
  return [
    form(...words('^\\s*page_counter underflow: -?\\d+ nr_pages=\\d+')),
    form(
      '^\\s*WARNING:(?: CPU: \\d+)?(?: PID: \\d+)?(?: at)?',
      ' (?:mm|kernel)\\/\\w+\\.c:\\d+',
      ' [\\w.]+\\+0x\\w+\\/0x\\w+',
    ),
    form(...words('^\\s*BUG: Bad page (?:state|map|cache) in process'), ' .{1,16}?(?=  )', '  pfn:[0-9a-f]+'),
    form(
      ...words('^\\s*BUG: Bad page map in process'),
      ' .{1,16}?(?=  )',
      '  pte:[0-9a-f]+',
      ' pmd:[0-9a-f]+',
    ),
    form(...words('^\\s*page dumped because: \\S+'), '(?: [\\w()/-]+)+'),
    form(
      ...words('^\\s*BUG: Bad rss-counter state mm:\\S+'),
      ' (?:idx:\\d|type:MM_[A-Z]+)',
      ' val:-?\\d+',
      ' Comm:\\S+',
      ' Pid:\\d+',
    ),
    form(...words('^\\s*BUG: non-zero \\w+ on freeing mm: -?\\d+')),
    form(...words('^\\s*unregister_netdevice: waiting for \\S+ to become free\\. Usage count = -?\\d+')),
    form(
      '^\\s*(?:percpu|PERCPU): allocation',
      ' failed,',
      ' size=\\d+',
      ' align=\\d+',
      '(?: atomic=\\d)?,',
      '(?: [\\w-]+,?)+',
    ),
    form(...words('^\\s*(?:percpu|PERCPU): limit reached, disable warning')),
    form(
      '^\\s*(?:vmap allocation|vmalloc_node_range) for',
      ' size',
      ' \\d+',
      ' failed:',
      ...words(' use vmalloc=<size> to increase size').slice(1),
    ),
    form(
      '^\\s*(?:.{1,32}: )?vmalloc(?: error)?(?::| size)',
      ' (?:allocation failure|size \\d+|\\d+)[,:]?',
      '(?: (?!mode:)[\\w-]+)+',
      '(?:, (?!mode:)[\\w -]+)*',
      `, ${mode}`,
      ', nodemask=[^ ]+',
    ),
    form(
      '^\\s*XFS: (?:.{1,32}\\(\\d+\\) )?possible',
      ' memory',
      ' allocation',
      ' deadlock(?: size \\d+)?',
      ' in',
      ' \\w+',
      ' ?\\(mode:',
      ' ?0x[0-9a-f]+\\)?',
    ),
    form(...words('^\\s*TCP: out of memory -- consider tuning tcp_mem')),
    form('^\\s*TCP: too', ' many(?: of)?', ' orphaned', ' sockets'),
    form(
      '^\\s*(?:(?:nf|ip)_conntrack: ?){1,2}',
      'table',
      ' full',
      '(?: in netns \\d+)?,',
      ' dropping',
      ' packet',
    ),
    form(...words('^\\s*cgroup: fork rejected by pids controller in'), ' \\/\\S*'),
    form(
      ...words('^\\s*\\w*kmem_cache_create\\w*: Failed to create slab'),
      " '[^']+'\\.",
      ' Error',
      ' -\\d+',
    ),
    form(...words('^\\s*\\w*kmem_cache_create\\w*\\([^\\s()]+\\) failed with error'), ' -\\d+'),
    form('^\\s*BUG: (?:KASAN|KASan|KFENCE|KMSAN):', '(?: [\\w-]+)+ in', ' [\\w.]+', '\\+0x\\w+', '\\/0x\\w+'),
    form('^\\s*UBSAN:', '(?: [\\w-]+)+ in', ' [\\w./-]+', ':\\d+', ':\\d+'),
    form('^\\s*RIP: \\w{4}:[A-Za-z_][\\w.]*', '\\+0x[0-9a-f]*', '\\/0x[0-9a-f]+'),
    form('^\\s*INFO: task .{1,16}:\\d+', ...words(' blocked for more than \\d+ seconds\\.').slice(1)),
    form(
      '^\\s*(?:watchdog: )?BUG: soft lockup -',
      ' CPU#\\d+',
      ' stuck',
      ' for',
      ' \\d+s!',
      ' \\[.{1,16}:\\d+\\]',
    ),
    form(...words('^\\s*\\*\\* \\d+ printk messages dropped \\*\\*')),
  ]
}

/** What kmemleak prints, in its file and, behind its name, in the log (kmemleak.ts). */
function kmemleakForms(): readonly RegExp[] {
  const start = '^\\s*(?:kmemleak: *)?'
  const byte = '(?:[0-9a-f]{2}|[0-9a-f](?=$))'
  const sentence = (text: string): RegExp => form(...words(`^\\s*kmemleak: ${text}`))
  return [
    form(`${start}unreferenced object`, '(?: \\((?:percpu|phys)\\))? 0x[0-9a-f]+', ' \\(size', ' \\d+\\):'),
    form(`${start}comm`, ' ".{0,16},', ' pid', ' \\d+,', ' jiffies', ' \\d+', ' \\(age', ' [\\d.]+s\\)'),
    form(`${start}hex dump`, ' \\(first', ' \\d+', ' bytes', '(?: on cpu \\d+)?\\):'),
    form(`${start}${byte}`, ...Array.from({ length: 15 }, () => ` ${byte}`), '  .{1,16}'),
    form(`${start}backtrace`, ' \\(crc', ' [0-9a-f]+\\):'),
    form(
      `${start}(?:\\[<\\w+>\\] )?[A-Za-z_][\\w.]*`,
      '\\+0x[0-9a-f]*',
      '\\/0x[0-9a-f]*',
      ' \\[[\\w-]+',
      '\\]',
    ),
    form(`${start}\\[<\\w+>\\]`, ' (?:0x[0-9a-f]+|[A-Za-z_][\\w.]*)'),
    form(...words('^\\s*kmemleak: \\d+ new suspected memory leaks \\(see'), ' \\/sys\\S*\\)'),
    sentence('Kernel memory leak detector (?:disabled|initialized) \\(mem pool available: \\d+\\)'),
    sentence('Automatic memory scanning thread (?:started|ended)'),
    sentence('Kmemleak disabled without freeing internal data\\. Reclaim the memory with \\S+ \\S+ > \\S+'),
    sentence('Memory pool empty, consider increasing CONFIG_\\w+'),
    sentence('Early log buffer exceeded \\(\\d+\\), please increase \\w+'),
    sentence('Cannot allocate a kmemleak_object structure'),
    sentence('Cannot insert 0x\\w+ into the object search tree \\(overlaps existing\\)'),
  ]
}

/** Lines of a slab corruption report: the headings of slab_bug(), and what mm/slub.c prints below them. */
function slabForms(): readonly RegExp[] {
  const pointer = '0x(?:[0-9a-f]+| *\\(null\\)|\\([_a-z]*\\)?)?'
  const address = '0x(?:[0-9a-f]+|\\([_a-z]*\\)?)'
  const bytes = [
    ...Array.from({ length: 16 }, () => ' {1,3}(?:[0-9a-f]{2}|[0-9a-f](?=$))'),
    // the characters stand in a column behind the place of 16 bytes
    ' {1,50}[!-~]{1,16}',
  ]
  const headed = (...reason: readonly string[]): RegExp =>
    form(
      '^\\s*BUG \\S+',
      ' \\((?:Not|Tainted:)',
      '(?: tainted|[A-Z ()-]{0,60}?)\\):',
      ...reason.map(word => ` ${word}`),
    )
  const sentence = (text: string): RegExp => headed(...text.split(' '))
  return [
    headed('(?:Alignment|Object)', 'padding', 'overwritten'),
    headed('(?:(?:Left|Right|kmalloc|End) )?(?:Redzone|Poison)', 'overwritten'),
    form('^\\s*BUG \\S+ \\([^)]*\\): Padding overwritten\\.', ` ${pointer}`, `-${pointer}`, ' @offset=\\d+'),
    headed('Objects', 'remaining', '(?:in \\S+ )?on', '\\w+\\(\\)'),
    sentence('Wrong object count\\. Counter is \\d+ but counted were \\d+'),
    sentence('Wrong number of objects\\. Found \\d+ but should be \\d+'),
    sentence('Slab has \\d+ allocated objects but \\d+ are to be freed'),
    sentence('Slab disabled since SLUB metadata consistency check failed'),
    sentence('Bulk free expected \\d+ objects but found \\d+'),
    headed('Invalid', 'object', 'pointer', pointer),
    headed('Attempt', 'to', `free object\\(${pointer}\\)`, 'outside', 'of', 'slab'),
    headed('No', 'slab', 'cache', 'for', 'object', pointer),
    headed('(?:Object|Freepointer|Freechain)', '(?:corrupt|already free)'),
    headed('Freelist', '(?:Pointer|cycle)', '(?:check|detected)', 'fails'),
    form(
      `^\\s*(?:INFO: |\\[[A-Za-z][A-Za-z ]{2,40}\\] )?${address}`,
      `-${pointer}`,
      '(?: @offset=\\d+)?\\.',
      ...words(' First byte 0x[0-9a-f]+ instead of 0x[0-9a-f]+')
        .slice(1)
        .map(word => word.replace('0x[0-9a-f]+', '0x[0-9a-f]*')),
    ),
    form('^\\s*\\[[A-Z][a-z]+ [A-Za-z ]{2,40}\\]', ` ${pointer}`),
    form(
      '^\\s*(?:INFO: )?(?:Allocated|Freed) in \\S+',
      '(?: \\[[^\\]]+\\])? age=\\d+',
      ' cpu=\\d+',
      ' pid=-?\\d+',
    ),
    form('^\\s*(?:INFO: )?(?:Allocated|Freed) in \\S+', ' \\[[^\\]]+\\]'),
    form(
      `^\\s*(?:INFO: )?Slab ${address}`,
      ' objects=\\d+',
      ' used=\\d+',
      ` fp=${pointer}`,
      ' flags=0x[0-9a-f]+(?:\\((?:(?!(?:node|zone|section|lastcpupid|kasantag)[^=])[\\w=|])*\\)?)?',
    ),
    form(`^\\s*(?:INFO: )?Object ${address}`, ' @offset=\\d+', ` fp=${pointer}`),
    form('^\\s*(?:Bytes b4|Object|Redzone|Padding) {1,4}(?:(?:0x)?[0-9a-f]{8,16}|\\([_a-z]*\\)):', ...bytes),
    form(
      '^\\s*(?:Bytes b4|Object|Redzone|Padding) {1,4}(?:(?:0x)?[0-9a-f]{8,16}|\\([_a-z]*\\)):(?: {1,3}[0-9a-f]{2}){1,15}',
      ' {1,50}[!-~]{1,16}',
    ),
    form('^\\s*[0-9a-f]{3,6}:', ...bytes),
    form('^\\s*Redzone: 0x[0-9a-f]+', '\\/0x[0-9a-f]+'),
    form('^\\s*Slab corruption', '(?: \\([^)]{0,80}\\))?:', ' \\S+', ' start=[0-9a-f]+,', ' len=\\d+'),
    form("^\\s*slab error in \\w+\\(\\): cache `[^']+':", ...words(' double free detected').slice(1)),
    form(
      "^\\s*slab error in \\w+\\(\\): cache `[^']+':",
      '(?: double free, or)?',
      ...words(' memory outside object was overwritten').slice(1),
    ),
    form("^\\s*slab error in \\w+\\(\\): cache `[^']+':", ...words(" Can't free all objects").slice(1)),
    form('^\\s*[0-9a-f]{8,16}: redzone 1:', ' ?0x[0-9a-f]+', ',', ' redzone', ' 2:', ' ?0x[0-9a-f]+'),
    form(
      '^\\s*Last user: \\[<[0-9a-f]+>\\]',
      '\\(',
      '[\\w.]+',
      '\\+0x[0-9a-f]*',
      '\\/0x[0-9a-f]+(?: \\[[^\\]]+\\])?\\)',
    ),
    form('^\\s*FIX \\S+:', ' Restoring(?: [A-Za-z]+){0,2}', ` ${address}`, `-${pointer}`, '=0x[0-9a-f]+'),
    form('^\\s*FIX \\S+:', ' Object', ' at', ` ${address}`, ' not', ' freed'),
    form('^\\s*FIX \\S+:', ' Marking', ' all', ' objects', ' used'),
    form(
      '^\\s*kmem_cache_destroy \\S+',
      ...words(' Slab cache still has objects').slice(1),
      ' when',
      ' called',
      ' from',
      ' [\\w.]+',
      '\\+0x[0-9a-f]+',
      '\\/0x[0-9a-f]+(?: \\[[^\\]]+\\])?',
    ),
    form(
      '^\\s*(?:<[A-Z]+> +)?(?:\\[<\\w+>\\] )?(?:\\? )?[A-Za-z_][\\w.]*',
      '\\+0x[0-9a-f]*',
      '\\/0x[0-9a-f]+(?: \\[[^\\]]+\\])?',
    ),
    form('^\\s*\\w+: Wrong', ...words(' slab cache\\. \\S+ but object is from').slice(1), ' \\S+'),
  ]
}

/** Lines that end where they end, though the form would let a last word go on. */
const COMPLETE = /^\s*(?:oom-kill:.*,pid=\d+,uid=\d+|Memory cgroup stats for \/\S*:)\s*$/

/** Words with which a line of a report begins or ends before it is broken: only such a line is worth trying. */
const OPENING =
  /invoked|oom|[Oo]ut of|Kernel panic|Memory |Tasks? in|: usage|[Kk]ill(?:ed)? process|SL[AU]B: |cache: |node \d+: slabs|page allocation|mkdir|CPU: \d|callbacks|Node \d|free:\d|active_(?:anon|file):|(?:evictable|mapped|_reclaimable):|\d\*\d|Pid: \d|^ (?:<[A-Z]+> +)?\[<[0-9a-f]/

/** A row of bytes, as mm/slub.c and mm/slab.c print them. */
const DUMP =
  /^\s*(?:(?:Bytes b4|Object|Redzone|Padding) {1,4}(?:(?:0x)?[0-9a-f]{8,16}|\([_a-z]*\))|[0-9a-f]{3,6}): {0,2}[0-9a-f]{2}/

/** The same for slab corruption. */
const SLAB_OPENING =
  /BUG [^:]|FIX |Slab 0x|Object 0x|(?:Object|Redzone|Padding|b4) {1,4}(?:0x)?[0-9a-f]{8}|0x[0-9a-f]+-|(?:Allocated|Freed) in|kmem_cache_destroy|: Wrong|overwritten\]|^ {1,3}(?:\? )?[a-z_][\w.]{8,}(?:\+|$)|Slab corruption|slab error|redzone 1|Last user|^\s*[0-9a-f]{3,6}: [0-9a-f]{2}|b4 |\(_*ptr/

const SLAB_STARTS =
  /^\s*(?:BUG \S+ \(|FIX \S+:|INFO: [A-Z0]|(?:Allocated|Freed) in |Slab 0x|Object 0x|(?:Bytes b4|Object|Redzone|Padding) {1,4}(?:0x)?[0-9a-f]{8,16}:|0x[0-9a-f]+-0x[0-9a-f]+(?: @offset=\d+)?\.|\[[A-Z][A-Za-z ]{2,40} overwritten\]|kmem_cache_destroy |WARNING: |Slab corruption|slab error in|Last user: |Redzone: 0x|(?:Prev|Next) obj: |[0-9a-f]{8,16}: redzone|[0-9a-f]{3,6}: [0-9a-f]{2} |={10}|-{10,}\s*$|<TASK>|Call Trace)/

const KMEMLEAK_OPENING =
  /kmemleak: |unreferenced object|^\s*comm "|hex dump \(|^\s+(?:[0-9a-f]{2} ){3}|^\s*backtrace|^ {4}(?:\[<|[a-z_])/

const KMEMLEAK_STARTS = /^\s*(?:kmemleak: |unreferenced object|comm "|hex dump \(|backtrace[ :]|\[<)/

const WARNING_OPENING =
  /page_counter|WARNING:|BUG: |page dumped|unregister_netdevice|(?:percpu|PERCPU): |vm(?:ap|alloc)|XFS: |TCP: |_conntrack: |cgroup: fork|kmem_cache_create|UBSAN: |INFO: task|RIP: |\*\* \d/

const WARNING_STARTS =
  /^\s*(?:page_counter underflow|BUG: |page dumped because|unregister_netdevice:|(?:percpu|PERCPU): |vmap allocation|XFS: |TCP: |(?:nf|ip)_conntrack: |cgroup: fork|UBSAN: |INFO: task|watchdog: BUG|\*\* \d+ printk)/

/** A line that stands for itself wherever it is. */
const STARTS =
  /^\s*(?:.{1,60}? invoked oom-killer:|oom-kill:constraint|Memory cgroup (?:out|stats|min)|Out of memory:|[Kk]ill(?:ed)? process|(?:memory|memory\+swap|swap|kmem): usage|Task in \/|SL[AU]B: Unable|cache: |node \d+: slabs|oom_reaper:|Call [Tt]race|Mem-Info|CPU: \d|\[ *(?:pid|\d+) *\]|.{1,60}?: page allocation)/

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

/** A = at the end that is the kernel's own: a value of it follows. */
const KEY =
  /[,\s(](?:task|pid|uid|oom_memcg|task_memcg|cpuset|mems_allowed|nodemask|order|gfp_mask|oom_score_adj|size|align|atomic|objects|used|fp|flags|age|cpu)=$/

/** A task table puts its own lines together: it knows its columns. */
const TASK_LINE = /^\s*\[ *(?:pid *\] +uid\b|\d{1,10}\] {1,8}-?\d{1,10}(?: |$))/

/** Broken lines of a report are short; longer ones are something else, and hostile. */
const LONGEST = 8192

/**
 * `text` with the next line joined on, when that lets a known form go on past the break; undefined when the next
 * line is a line of its own. `full`: the line was as wide as lines of this log get and the next has no stamp of its
 * own, so that a terminal may have broken it in mid-word.
 */
export function rejoin(text: string, next: string, full: boolean): string | undefined {
  if (
    next === '' ||
    text.length + next.length > LONGEST ||
    TASK_LINE.test(text) ||
    !(
      OPENING.test(text) ||
      SLAB_OPENING.test(text) ||
      WARNING_OPENING.test(text) ||
      KMEMLEAK_OPENING.test(text)
    ) ||
    STARTS.test(next) ||
    SLAB_STARTS.test(next) ||
    WARNING_STARTS.test(next) ||
    KMEMLEAK_STARTS.test(next)
  )
    return undefined
  // of a dump the bytes alone are worth it: two characters beside them would look like one more
  const dump = DUMP.test(text)
  if (dump && !full && !/^\s*[0-9a-f]{2}(?: |$)/.test(next)) return undefined
  const current = reach(text)
  if (!current) return undefined
  const trimmed = text.trimEnd()
  // no path of a cgroup ends in a slash, no line in the = of quoted-printable
  const open = /\/[^\s/]+\/$/.test(trimmed) || trimmed.endsWith('=')
  if (!full && (COMPLETE.test(text) || (current.complete && !open && current.end >= trimmed.length)))
    return undefined
  const direct = text + next
  const spaced = `${trimmed} ${next.trimStart()}`
  // the likelier first: among equals the first wins
  const candidates =
    dump && full
      ? [direct]
      : /\s$/.test(text) || /^\s/.test(next) || full
        ? [direct, spaced]
        : [spaced, direct]
  if (!dump) candidates.push(trimmed + next.trimStart())
  // a soft line break of quoted-printable
  if (trimmed.endsWith('=') && !(KEY.test(trimmed) && !next.startsWith('_')))
    candidates.unshift(trimmed.slice(0, -1) + next)
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const reached = reach(candidate)
    // some of the next line has to be part of it
    if (!reached || reached.end <= current.end || reached.end <= candidate.length - next.trimStart().length)
      continue
    // a word that goes on was not broken there: "mode:0x10c0d0" and "docker0: port 2" are not 0x10c0d0d
    // (but a piece may end in mid-word, with more to come)
    const cut = /\w\w/.test(candidate.slice(reached.end - 1, reached.end + 1))
    if (cut && /\W/.test(candidate.slice(reached.end))) continue
    const rest = candidate.length - reached.end
    if (rest >= least) continue
    best = candidate
    least = rest
  }
  return best
}
