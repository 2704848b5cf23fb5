// What was read from a kernel log, before any judgement, in the words of the log's own fields: `decode FILE -o json`.

import type { DecodedKernelLog } from '../decode/kmsg/log.ts'
import { choiceOf } from '../decode/kmsg/oom-badness.ts'
import type {
  Frame,
  Gfp,
  KernelReport,
  KmemleakSuspect,
  MemcgNoSpace,
  MemcgStats,
  MemoryCounter,
  OomReport,
  OomVictim,
  PageAllocationFailure,
  SlabAllocationFailure,
} from '../decode/kmsg/report.ts'
import { slubCorruption } from './slub-corruption.ts'

type Plain = Readonly<Record<string, unknown>>

/** Without what is not known. */
function known(fields: Readonly<Record<string, unknown>>): Plain {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

const kib = (bytes: number | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes / 1024

const WALL = new Set(['utc', 'local', 'no-year'])

function placed(report: KernelReport): Plain {
  const { at, lines, seq } = report
  return known({
    line: lines?.[0],
    seq: seq?.[0],
    time: at !== undefined && WALL.has(at.clock) ? at.text : undefined,
    bootSeconds: at?.clock === 'boot' ? at.seconds : undefined,
    userWritten: report.userWritten,
  })
}

function gfp(mask: Gfp | undefined): Plain {
  return known({ gfpMask: mask?.mask, gfpFlags: mask?.flags })
}

function counter(prefix: string, value: MemoryCounter | undefined): Plain {
  if (value === undefined) return {}
  const name = (field: string): string =>
    prefix === '' ? field : `${prefix}${field[0]?.toUpperCase()}${field.slice(1)}`
  return {
    [name('usageKiB')]: kib(value.usage),
    [name('limitKiB')]: value.limitKiB,
    [name('failcnt')]: value.failcnt,
  }
}

function victim(of: OomVictim): Plain {
  const onlyReaped = of.reaped === true && of.totalVm === undefined && of.score === undefined
  return known({
    pid: of.pid,
    comm: of.comm,
    announcedPid: of.announcedPid,
    score: of.score,
    totalVmKiB: kib(of.totalVm),
    anonRssKiB: kib(of.anonRss),
    fileRssKiB: kib(of.fileRss),
    shmemRssKiB: kib(of.shmemRss),
    uid: of.uid,
    pgtablesKiB: kib(of.pgtables),
    oomScoreAdj: of.oomScoreAdj,
    reaped: of.reaped,
    leftKiB:
      of.left === undefined
        ? undefined
        : known({ anon: kib(of.left.anon), file: kib(of.left.file), shmem: kib(of.left.shmem) }),
    notReaped: of.notReaped,
    pinnedBy: of.pinnedBy,
    source: onlyReaped ? 'oom_reaper line' : undefined,
  })
}

/** How the victim came to be chosen; `before` and `spared` are pids. */
function choice(report: OomReport): Plain | undefined {
  const found = choiceOf(report)
  if (found === undefined) return undefined
  const { chosen, total, before, spared, ...rest } = found
  return known({
    ...rest,
    pid: chosen.pid,
    totalPages: total === undefined || total.least !== total.most ? undefined : total.least,
    before: before?.pid,
    spared: spared?.pid,
  })
}

function oom(report: OomReport): Plain {
  return {
    type: 'oom',
    ...placed(report),
    scope: report.scope ?? null,
    ...known({
      constraint: report.constraint,
      invoker: report.invoker,
      order: report.order,
      ...gfp(report.gfp),
      oomScoreAdj: report.oomScoreAdj,
      kernel: report.kernel,
      memcg: report.memcg,
      taskMemcg: report.taskMemcg,
    }),
    ...counter('', report.memory),
    ...counter('memsw', report.memsw),
    ...counter('swap', report.swap),
    ...counter('kmem', report.kmem),
    ...known({
      slabReclaimablePages: report.slabReclaimablePages,
      slabUnreclaimablePages: report.slabUnreclaimablePages,
      memInfo: report.memInfo,
      tasks: report.tasks,
      choice: choice(report),
      allocatingTask: report.allocatingTask,
      sharing: report.sharing,
      end: report.end,
      faultsRetried: report.faultsRetried,
      exiting: report.exiting,
      groupKill: report.groupKill,
      starting: report.starting,
      truncatedHead: report.truncatedHead,
      truncated: report.truncated,
      fragment: report.fragment,
    }),
    victims: report.victims.map(victim),
  }
}

function slab(report: SlabAllocationFailure): Plain {
  return known({
    type: report.kind,
    allocator: report.kind === 'slab-alloc-failure' ? 'SLAB' : undefined,
    ...placed(report),
    node: report.node,
    cpu: report.cpu,
    ...gfp(report.gfp),
    cache: report.cache,
    memcgId: report.memcgId,
    memcgName: report.memcgName,
    objectSize: report.objectSize,
    bufferSize: report.bufferSize,
    defaultOrder: report.defaultOrder,
    minOrder: report.minOrder,
    order: report.order,
    nodes: report.nodes,
    pairingAmbiguous: report.pairingAmbiguous,
  })
}

function pageAllocation(report: PageAllocationFailure): Plain {
  return known({
    ...placed(report),
    comm: report.comm,
    order: report.order,
    ...gfp(report.gfp),
    cpuset: report.cpuset,
    kernel: report.kernel,
    warns: report.warns,
    stalledMs: report.stalled,
    nodemask: report.nodemask,
    memsAllowed: report.memsAllowed,
    cpu: report.cpu,
    pid: report.pid,
    functions: report.frames.length === 0 ? undefined : report.frames.map(frame => frame.function),
    memInfo: report.memInfo,
    truncated: report.truncated,
  })
}

/** Frames that tell one leak from another. */
const TOP_FRAMES = 4

const frameName = ({ function: name, address }: Frame): string =>
  name ?? (address === undefined ? '?' : `0x${address.toString(16)}`)

function leak({ object, lines, seq, truncated }: KmemleakSuspect): Plain {
  const { address, size, area, comm, pid, jiffies, ageSeconds, crc, frames } = object
  return known({
    line: lines?.[0],
    seq: seq?.[0],
    // as %08lx prints it
    address: address === undefined ? undefined : `0x${address.toString(16).padStart(8, '0')}`,
    size,
    area,
    topFrames: frames.slice(0, TOP_FRAMES).map(frameName),
    comm,
    pid,
    jiffies,
    ageSec: ageSeconds,
    crc,
    corrupted: address === undefined ? true : undefined,
    truncated,
  })
}

function kmemleak(reports: readonly KernelReport[]): Plain {
  const all = reports.filter(report => report.kind === 'kmemleak')
  const summaries = all.flatMap(report =>
    report.says === 'scan'
      ? [{ ...placed(report), count: report.count, uptimeSec: placed(report)['bootSeconds'] }]
      : [],
  )
  const states = all.flatMap(report => (report.says === 'state' ? [report.state] : []))
  return {
    leaks: all.flatMap(report => (report.says === 'suspect' ? [leak(report)] : [])),
    summaries: summaries.map(known),
    ...known({
      totalSuspected:
        summaries.length === 0 ? undefined : summaries.reduce((sum, { count }) => sum + count, 0),
      kmemleakDisabled: states.includes('off') ? true : undefined,
      kmemleakStates: states.length === 0 ? undefined : states,
    }),
  }
}

const camel = (key: string): string =>
  key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Keys of memory.stat that count events or pages moved, not bytes. */
const COUNTS = /^(?:total_)?(?:pg|workingset_|thp_|zswp|swp|numa_)/

function stats(of: MemcgStats): Plain {
  const values = Object.entries(of.values).map(([key, value]) =>
    COUNTS.test(key) ? [camel(key), value] : [`${camel(key)}KiB`, value / 1024],
  )
  return known({ line: of.line, memcg: of.memcg, ...Object.fromEntries(values) })
}

type Warning = Extract<KernelReport, { kind: (typeof WARNINGS)[number] }>

/** What else the kernel says of its memory, and of lines that are missing. */
const WARNINGS = [
  'page-counter-underflow',
  'bad-page',
  'bad-rss-counter',
  'netdevice-wait',
  'percpu-alloc-failure',
  'vmalloc-failure',
  'memory-stall',
  'tcp-memory',
  'conntrack-full',
  'sanitizer',
  'pids-limit',
  'slab-create-failure',
  'records-lost',
] as const

function isWarning(report: KernelReport): report is Warning {
  return (WARNINGS as readonly string[]).includes(report.kind)
}

function warning(report: Warning): Plain {
  const { kind, path: _path, lines: _lines, seq: _seq, at: _at, quotes: _quotes, ...values } = report
  return known({
    type: kind,
    ...placed(report),
    ...values,
    ...('pfn' in report && report.pfn !== undefined ? { pfn: `0x${report.pfn.toString(16)}` } : {}),
    ...('frames' in report ? { frames: report.frames.map(frame => frame.function) } : {}),
  })
}

/** A decoded log with the field names under which logs are compared; what is not known is left out, save `scope`. */
export function decodedLog(log: Pick<DecodedKernelLog, 'reports' | 'folded' | 'source'>): Plain {
  const { reports, folded, source } = log
  const noSpace = reports.filter((report): report is MemcgNoSpace => report.kind === 'memcg-no-space')
  const events = reports.flatMap(report =>
    report.kind === 'oom'
      ? [oom(report)]
      : report.kind === 'slub-alloc-failure' || report.kind === 'slab-alloc-failure'
        ? [slab(report)]
        : report.kind === 'page-alloc-failure'
          ? [{ type: 'page-alloc-failure', ...pageAllocation(report) }]
          : [],
  )
  const warnings = reports.filter(isWarning).map(warning)
  const directories = [...new Set(noSpace.map(report => report.directory))]
  const onlyNoSpace = noSpace.length > 0 && events.length === 0
  return known({
    type: onlyNoSpace ? 'runtime-error' : 'kernel-log',
    path: onlyNoSpace ? directories[0] : undefined,
    events,
    memcgStats: reports.flatMap(report =>
      report.kind === 'oom' || report.kind === 'memcg-stats' ? report.stats.map(stats) : [],
    ),
    suppressed: reports.flatMap(report =>
      report.kind === 'callbacks-suppressed'
        ? [{ ...placed(report), source: report.source, count: report.count }]
        : [],
    ),
    pageAllocFailures: reports.flatMap(report =>
      report.kind === 'page-alloc-failure' ? [pageAllocation(report)] : [],
    ),
    ...kmemleak(reports),
    reports: reports.flatMap(report =>
      report.kind === 'slub-corruption' ? [{ ...placed(report), ...slubCorruption(report) }] : [],
    ),
    warnings: warnings.length === 0 ? undefined : warnings,
    runtimeErrors: noSpace.map(report => ({ ...placed(report), path: report.directory })),
    folded: folded.map(fold => known({ ...fold, first: fold.first?.text, last: fold.last?.text })),
    log: known({
      records: source.records,
      kernelRecords: source.kernelRecords,
      from: source.from?.text,
      to: source.to?.text,
      kernel: source.release?.text,
      hostname: source.hostname,
      excerpt: source.excerpt,
      lost: source.lost,
      sequenceGaps: source.sequenceGaps.length === 0 ? undefined : source.sequenceGaps,
    }),
  })
}
