// Lines of the kernel about its memory that are reports by themselves, in all forms they were ever printed in:
// mm/page_counter.c, kernel/res_counter.c, bad_page() of mm/page_alloc.c, check_mm() of kernel/fork.c, net/core/dev.c,
// mm/percpu.c, mm/vmalloc.c, fs/xfs/kmem.c, net/ipv4/tcp.c, nf_conntrack_core.c, kernel/cgroup/pids.c,
// mm/slab_common.c, and the heads of KASAN and its kin.

import { gfp } from './oom.ts'
import type {
  BadPage,
  BadRssCounter,
  ConntrackFull,
  MemoryStall,
  NetdeviceWait,
  PageCounterUnderflow,
  PercpuAllocationFailure,
  PidsLimit,
  ReportBase,
  SanitizerReport,
  SlabCreateFailure,
  TcpMemory,
  VmallocFailure,
} from './report.ts'

type Said<T> = T extends ReportBase ? Omit<T, keyof ReportBase> : never

/** What one of the lines says, without where it stands. */
export type MemoryWarning = Said<
  | PageCounterUnderflow
  | BadPage
  | BadRssCounter
  | NetdeviceWait
  | PercpuAllocationFailure
  | VmallocFailure
  | MemoryStall
  | TcpMemory
  | ConntrackFull
  | SanitizerReport
  | PidsLimit
  | SlabCreateFailure
>

/** Words without which no line is one of these. */
export const MEMORY_WARNING_HEADS =
  /page_counter underflow|mm\/page_counter\.c|kernel\/res_counter\.c|Bad page |Bad rss-counter|on freeing mm: |unregister_netdevice: |(?:percpu|PERCPU): |vmalloc|vmap allocation|memory allocation deadlock|out of memory -- consider|of socket memory|orphaned sockets|: table full|KASAN: |KASan: |kasan: |KFENCE: |KMSAN: |UBSAN: |fork rejected by pids|Failed to create slab|\) failed with error -/

const UNDERFLOW = /^\s*page_counter underflow: (-?\d{1,19}) nr_pages=(\d{1,19})/
/** From 6.18 on the place stands before the CPU: `WARNING: mm/page_counter.c:60 at page_counter_cancel+0x…`. */
const UNDERFLOW_WARNING =
  /^\s*WARNING: (?:(?:CPU: \d{1,5} )?(?:PID: \d{1,10} )?at )?(?:mm\/page_counter|kernel\/res_counter)\.c:\d/
const BAD_PAGE =
  /^\s*BUG: Bad page (state|map|cache) in process (.{1,32}?) {1,2}(?:pfn:([0-9a-f]{1,16})|pte:[0-9a-f]{1,32}(?: pmd:[0-9a-f]{1,32})?)/
const BAD_PAGE_SUPPRESSED = /^\s*BUG: Bad page (state|map): (\d{1,15}) messages suppressed/
const BAD_RSS =
  /^\s*BUG: Bad rss-counter state mm:\S{1,24} (?:idx:\d{1,3}|type:(\S{1,32})) val:(-?\d{1,19})(?: Comm:(.{1,16}?) Pid:(\d{1,10}))?/
const ON_FREEING = /^\s*BUG: non-zero (pgtables_bytes|nr_ptes|nr_pmds|nr_puds) on freeing mm: (-?\d{1,19})/
const NETDEVICE =
  /^\s*unregister_netdevice: waiting for (\S{1,32}) to become free\. Usage count = (-?\d{1,10})/
const PERCPU =
  /^\s*(?:percpu|PERCPU): allocation failed, size=(\d{1,12}) align=(\d{1,12})(?: atomic=(\d))?, (.{1,100})/
const PERCPU_LIMIT = /^\s*(?:percpu|PERCPU): limit reached, disable warning/

/** What warn_alloc() puts behind its own words. */
const WARN_ALLOC = '(?:, (?:order:\\d+, )?mode:(0x[0-9a-fA-F]+)(?:\\(([^)]{0,400})\\))?)?'
const VMALLOC = new RegExp(
  `^\\s*(?:(.{1,32}?): )?vmalloc(?: error)?(?::| size) ?(allocation failure|size \\d{1,20}|\\d{1,20})([^(]{0,120}?)${WARN_ALLOC}(?:, nodemask=.*)?$`,
)
const VMAP =
  /^\s*(?:vmap allocation|vmalloc_node_range) for size (\d{1,20}) failed: (?:use vmalloc=|Address range restricted)/

const XFS =
  /^\s*XFS: (?:(.{1,32})\((\d{1,10})\) )?possible memory allocation deadlock (?:size (\d{1,12}) )?in (\w{1,64}) ?\(mode: ?(0x[0-9a-fA-F]{1,16})/i
const TCP = /^\s*(?:TCP: )?out of memory -- consider tuning tcp_mem/
const TCP_ORPHANS = /^\s*(?:TCP: )?too many (?:of )?orphaned sockets/
const OLD_SOCKETS = /^\s*Out of socket memory\s*$/
const CONNTRACK = /^\s*(?:(?:nf|ip)_conntrack: ){1,2}table full(?: in netns (\d{1,12}))?, dropping packet/
const KASAN =
  /^\s*BUG: (KASAN|KASan|KFENCE|KMSAN): ([\w -]{1,80}?)(?: (?:in|on address|at addr) (\S{1,200})|\s*$)/
/** The first KASAN printed by way of slab_bug(), between patches of its own. */
const FIRST_KASAN = /^\s*BUG .{1,200}? \((?:Not tainted|Tainted: [^)]{0,80})\): kasan: (.{1,80})/
const UBSAN = /^\s*UBSAN: ([\w -]{1,60}) in (\S{1,200}:\d{1,7}(?::\d{1,5})?)\s*$/
const PIDS = /^\s*cgroup: fork rejected by pids controller in (\/\S{0,4096})/
const CREATE_FAILED =
  /^\s*(?:Kernel panic - not syncing: )?\w{0,40}kmem_cache_create\w{0,40}: Failed to create slab '([^']{1,200})'\. Error -(\d{1,4})/
const CREATE_WARNED = /^\s*\w{0,40}kmem_cache_create\w{0,40}\(([^\s()]{1,200})\) failed with error -(\d{1,4})/

/** A line of the kernel about its memory; undefined: none of them. */
export function parseMemoryWarning(text: string): MemoryWarning | undefined {
  const line = text.length > 8192 ? text.slice(0, 8192) : text
  if (line.includes('_counter')) return counterWarning(line)
  if (line.includes('BUG')) return bugLine(line)
  if (line.includes('unregister_netdevice')) {
    const found = NETDEVICE.exec(line)
    return found
      ? { kind: 'netdevice-wait', device: found[1] ?? '', references: Number(found[2]) }
      : undefined
  }
  if (line.includes('ercpu: ') || line.includes('PERCPU: ')) return percpu(line)
  if (line.includes('vmalloc') || line.includes('vmap ')) return vmalloc(line)
  if (line.includes('deadlock')) return xfs(line)
  return networkLine(line) ?? otherLine(line)
}

function counterWarning(line: string): MemoryWarning | undefined {
  const found = UNDERFLOW.exec(line)
  if (found) return { kind: 'page-counter-underflow', counter: Number(found[1]), pages: Number(found[2]) }
  return UNDERFLOW_WARNING.test(line) ? { kind: 'page-counter-underflow' } : undefined
}

/** Whether a line is the WARNING that stands with `page_counter underflow: …`. */
export function isCounterWarning(warning: MemoryWarning): boolean {
  return warning.kind === 'page-counter-underflow' && warning.pages === undefined
}

function bugLine(line: string): MemoryWarning | undefined {
  const page = BAD_PAGE.exec(line)
  if (page)
    return {
      kind: 'bad-page',
      what: page[1] as BadPage['what'],
      comm: page[2] ?? '',
      ...(page[3] === undefined ? {} : { pfn: BigInt(`0x${page[3]}`) }),
    }
  const unprinted = BAD_PAGE_SUPPRESSED.exec(line)
  if (unprinted)
    return { kind: 'bad-page', what: unprinted[1] as BadPage['what'], suppressed: Number(unprinted[2]) }
  const rss = BAD_RSS.exec(line)
  if (rss)
    return {
      kind: 'bad-rss-counter',
      ...(rss[1] === undefined ? {} : { counter: rss[1] }),
      value: Number(rss[2]),
      ...(rss[3] === undefined ? {} : { comm: rss[3], pid: Number(rss[4]) }),
    }
  const freeing = ON_FREEING.exec(line)
  if (freeing) return { kind: 'bad-rss-counter', counter: freeing[1] ?? '', value: Number(freeing[2]) }
  const sanitizer = KASAN.exec(line)
  if (sanitizer)
    return {
      kind: 'sanitizer',
      tool: (sanitizer[1] ?? '').toUpperCase() as SanitizerReport['tool'],
      what: sanitizer[2] ?? '',
      ...(sanitizer[3] === undefined ? {} : { where: sanitizer[3] }),
    }
  const first = FIRST_KASAN.exec(line)
  return first ? { kind: 'sanitizer', tool: 'KASAN', what: (first[1] ?? '').trimEnd() } : undefined
}

function percpu(line: string): MemoryWarning | undefined {
  const found = PERCPU.exec(line)
  if (found)
    return {
      kind: 'percpu-alloc-failure',
      size: Number(found[1]),
      align: Number(found[2]),
      ...(found[3] === undefined ? {} : { atomic: found[3] !== '0' }),
      reason: (found[4] ?? '').trimEnd(),
    }
  return PERCPU_LIMIT.test(line) ? { kind: 'percpu-alloc-failure', limitReached: true } : undefined
}

function vmalloc(line: string): MemoryWarning | undefined {
  const range = VMAP.exec(line)
  if (range) return { kind: 'vmalloc-failure', size: Number(range[1]), why: 'address-space' }
  const found = VMALLOC.exec(line)
  if (!found) return undefined
  const [, comm, what = '', rest = '', mask, names] = found
  // "allocation failure, allocated 4096 of 8192 bytes", "allocation failure: 8192 bytes"; then sizes in front
  const old = what === 'allocation failure'
  const counted = /allocated (\d{1,20}) of (\d{1,20}) bytes|^: (\d{1,20}) bytes/.exec(rest)
  if (old ? counted === null : !/allocation failure|fail(?:ed)?\b|exceeds total pages/.test(rest))
    return undefined
  const size = old ? (counted?.[2] ?? counted?.[3]) : /\d+/.exec(what)?.[0]
  const order = /page order (\d{1,2})/.exec(rest)?.[1]
  return {
    kind: 'vmalloc-failure',
    ...(comm === undefined ? {} : { comm }),
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(counted?.[1] === undefined ? {} : { allocated: Number(counted[1]) }),
    why: /exceeds total pages/.test(rest)
      ? 'limit'
      : /vm_struct allocation failed/.test(rest)
        ? 'address-space'
        : counted?.[1] !== undefined || /page order|page array/.test(rest)
          ? 'pages'
          : 'other',
    ...(order === undefined ? {} : { order: Number(order) }),
    ...(mask === undefined ? {} : { gfp: gfp(mask, names) }),
  }
}

function xfs(line: string): MemoryWarning | undefined {
  const found = XFS.exec(line)
  if (!found) return undefined
  const [, comm, pid, size, name = '', mask = ''] = found
  return {
    kind: 'memory-stall',
    stall: 'allocation',
    ...(comm === undefined ? {} : { comm, pid: Number(pid) }),
    function: name,
    area: 'allocation',
    ...(size === undefined ? {} : { size: Number(size) }),
    gfp: gfp(mask, undefined),
    frames: [],
  }
}

function networkLine(line: string): MemoryWarning | undefined {
  if (TCP.test(line) || OLD_SOCKETS.test(line)) return { kind: 'tcp-memory', what: 'out-of-memory' }
  if (TCP_ORPHANS.test(line)) return { kind: 'tcp-memory', what: 'orphans' }
  const conntrack = CONNTRACK.exec(line)
  if (!conntrack) return undefined
  return { kind: 'conntrack-full', ...(conntrack[1] === undefined ? {} : { netns: Number(conntrack[1]) }) }
}

function otherLine(line: string): MemoryWarning | undefined {
  const pids = PIDS.exec(line)
  if (pids) return { kind: 'pids-limit', cgroup: pids[1] ?? '' }
  const created = CREATE_FAILED.exec(line) ?? CREATE_WARNED.exec(line)
  if (created) return { kind: 'slab-create-failure', cache: created[1] ?? '', error: Number(created[2]) }
  const ubsan = UBSAN.exec(line)
  return ubsan ? { kind: 'sanitizer', tool: 'UBSAN', what: ubsan[1] ?? '', where: ubsan[2] ?? '' } : undefined
}
