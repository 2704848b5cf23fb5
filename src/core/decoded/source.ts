// What was read from a source before any judgement, in the words of its own format. Rank 5 of the law of imports: it
// reads through collectors, as collect.ts does; what a log holds is given by the caller, who knows the log's renderer.

import { reportedLimit } from '../base/units.ts'
import type { Memcg, MemcgTree } from '../case/memcg.ts'
import type { Collected, Collector } from '../collectors/collector.ts'
import { collectors } from '../collectors/index.ts'
import { cgroupStatOf } from '../decode/cgroup/cgroup-stat.ts'
import { decodeStat } from '../decode/cgroup/memory-stat.ts'
import { decodeNumber } from '../decode/cgroup/number.ts'
import { type DecodedKernelLog, readKernelLog } from '../decode/kmsg/log.ts'
import { parseBuddyinfo } from '../decode/proc/buddyinfo.ts'
import { parseCgroups } from '../decode/proc/cgroups.ts'
import { parseCmdline } from '../decode/proc/cmdline.ts'
import { parseMeminfo } from '../decode/proc/meminfo.ts'
import { parseMountinfo } from '../decode/proc/mountinfo.ts'
import { parsePressure } from '../decode/proc/pressure.ts'
import { parseSlabinfo, type SlabinfoRow } from '../decode/proc/slabinfo.ts'
import { parseVersion } from '../decode/proc/version.ts'
import { parseVmstat } from '../decode/proc/vmstat.ts'
import { parseZoneinfo } from '../decode/proc/zoneinfo.ts'
import { parseKernelConfig } from '../decode/sys/kernel-config.ts'
import { parseOsRelease } from '../decode/sys/os-release.ts'
import type { GivenKind, Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { decodedLog } from './log.ts'

/** Sizes are named with their unit where the file has another than bytes. */
export type DecodedFields = Readonly<Record<string, unknown>>

export interface DecodedSource extends DecodedFields {
  readonly schema: 'kmemscope/decode@1'
}

export const DECODE_SCHEMA = 'kmemscope/decode@1'

export interface DecodeOptions {
  /** Reads the log at a path of the tree; undefined: what the logs hold is left out. */
  readonly readLog?: ((path: string) => DecodedKernelLog | undefined) | undefined
}

/** Of a hierarchy's cgroups by kernel memory so many are listed (ours). */
const TOP_LISTED = 4

/** Where a saved directory has a log, or the file of kmemleak, whose records are those that a log can have. */
const LOG_PLACES = [
  'dmesg',
  'dmesg.txt',
  'dev/kmsg',
  'var/log/messages',
  'var/log/kern.log',
  'var/log/syslog',
  'sys/kernel/debug/kmemleak',
] as const

function kibibytes(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value / 1024]))
}

function meminfo(text: string): DecodedFields {
  const counts = new Set(
    [...text.matchAll(/^[ \t]*([A-Za-z][\w()-]*):[ \t]*\d+[ \t]*\r?$/gm)].map(([, key]) => key),
  )
  const values = Object.entries(parseMeminfo(text))
  return {
    type: 'meminfo',
    kiB: kibibytes(Object.fromEntries(values.filter(([key]) => !counts.has(key)))),
    counts: Object.fromEntries(values.filter(([key]) => counts.has(key))),
  }
}

function cmdline(text: string): DecodedFields {
  const words = parseCmdline(text)
  return {
    type: 'cmdline',
    kernelImage: words.bootImage ?? null,
    cgroupMemoryNokmem: words.cgroupMemoryNokmem,
    slubDebug: words.slubDebug ?? null,
    kmemleak: words.kmemleak ?? null,
    text: words.text,
  }
}

/** Of the caches so many are listed, by the pages they take (ours). */
const TOP_CACHES = 5

/** Sizes by pages: `bytes4k` is right where a page has 4 KiB, which the file does not tell. */
function slabinfo(text: string): DecodedFields {
  const { version, rows } = parseSlabinfo(text)
  const pages = (row: SlabinfoRow): number => row.numSlabs * row.pagesPerSlab
  return {
    type: 'slabinfo',
    ...(version === undefined ? {} : { version }),
    cacheRows: rows.length,
    distinctNames: new Set(rows.map(({ name }) => name)).size,
    totalSlabPages: rows.reduce((sum, row) => sum + pages(row), 0),
    topByPages: rows
      .toSorted((one, other) => pages(other) - pages(one))
      .slice(0, TOP_CACHES)
      .map(row => ({ ...row, bytes4k: pages(row) * 4096 })),
  }
}

function cgroupStat(bytes: Uint8Array): DecodedFields {
  const { nrDescendants, nrDyingDescendants, nrSubsys, nrDyingSubsys } = cgroupStatOf(decodeStat(bytes))
  return {
    type: 'cgroup.stat',
    ...(nrDescendants === undefined ? {} : { nrDescendants }),
    ...(nrDyingDescendants === undefined ? {} : { nrDyingDescendants }),
    nrSubsys,
    nrDyingSubsys,
  }
}

/** A file of one shape, by its kind. */
function decodeFile(kind: GivenKind, bytes: Uint8Array): DecodedFields | undefined {
  const text = () => new TextDecoder().decode(bytes)
  switch (kind) {
    case 'meminfo':
      return meminfo(text())
    case 'vmstat':
      return { type: 'vmstat', values: parseVmstat(text()) }
    case 'proc-cgroups':
      return { type: 'proc-cgroups', subsystems: parseCgroups(text()) }
    case 'cmdline':
      return cmdline(text())
    case 'buddyinfo':
      return { type: kind, zones: parseBuddyinfo(text()) }
    case 'zoneinfo':
      return { type: kind, zones: parseZoneinfo(text()) }
    case 'psi':
      return { type: kind, raw: parsePressure(text()) }
    case 'kernel-config':
      return { type: 'kernel-config', values: parseKernelConfig(text()) }
    case 'cgroup-stat':
      return cgroupStat(bytes)
    case 'memory-stat-v1':
    case 'memory-stat-v2':
      return { type: 'memory.stat', stat: decodeStat(bytes) }
    case 'version':
      return { type: 'version', release: parseVersion(text()) ?? null }
    case 'os-release':
      return { type: 'os-release', values: parseOsRelease(text()) }
    case 'slabinfo':
      return slabinfo(text())
    case 'mountinfo':
      return { type: 'mountinfo', mounts: parseMountinfo(text()) }
    default:
      return undefined
  }
}

/** The memory cgroups of the tree, by the collector that knows where they are. */
function readMemcgs(tree: Tree): MemcgTree | undefined {
  const collector: Collector | undefined = collectors.find(({ id }) => id === 'memcg')
  const collected: Collected | undefined = collector?.collect(tree, { at: 0, node: {}, sample: { at: 0 } })
  return collected?.sample?.memcg
}

function procCgroupsMemory(tree: Tree): number | undefined {
  const bytes = tree.read('proc/cgroups')
  if (isGap(bytes)) return undefined
  const controllers = parseCgroups(new TextDecoder().decode(bytes))
  return Object.hasOwn(controllers, 'memory') ? controllers['memory']?.numCgroups : undefined
}

/** Cgroups below which removed ones are still held, with how many. */
function dyingByCgroup(memcg: MemcgTree): Record<string, number> {
  const dying: Record<string, number> = {}
  for (const { path, cgroupStat: counts } of memcg.memcgs) {
    const count = counts?.['nr_dying_descendants']
    if (count !== undefined && count > 0) dying[path] = count
  }
  return dying
}

/** A v1 directory without others in it: one container's files, its numbers as they stand in them. */
function v1Container(tree: Tree, memcg: MemcgTree): DecodedFields {
  const number = (file: string): number | undefined => {
    const bytes = tree.read(`${memcg.at}/${file}`)
    return isGap(bytes) ? undefined : decodeNumber(bytes)
  }
  const [only] = memcg.memcgs
  return {
    type: 'cgroup-v1-container',
    usage: number('memory.usage_in_bytes') ?? null,
    limit: number('memory.limit_in_bytes') ?? null,
    maxUsage: number('memory.max_usage_in_bytes') ?? null,
    failcnt: number('memory.failcnt') ?? null,
    kmemUsage: number('memory.kmem.usage_in_bytes') ?? null,
    kmemLimit: number('memory.kmem.limit_in_bytes') ?? null,
    kmemFailcnt: number('memory.kmem.failcnt') ?? null,
    stat: only?.stat ?? null,
    oomControl: only?.events ?? null,
  }
}

/** A v2 directory without others in it. */
function v2Container(only: Memcg): DecodedFields {
  return {
    type: 'cgroup-v2-container',
    usage: only.usage ?? null,
    limit: only.limit === undefined ? null : reportedLimit(only.limit),
    peak: only.peak ?? null,
    failcnt: only.failcnt ?? null,
    kmemUsage: only.kmemUsage ?? null,
    stat: only.stat ?? null,
    events: only.events ?? null,
    ...(only.cgroupStat === undefined ? {} : { cgroupStat: only.cgroupStat }),
  }
}

/** The path as a person in the hierarchy's top directory writes it. */
function relative(path: string): string {
  return path === '/' ? '.' : path.slice(1)
}

function v1Tree(memcg: MemcgTree): DecodedFields {
  const [root] = memcg.memcgs
  const withFiles = memcg.memcgs.filter(({ usage, limit, kmemUsage, failcnt, peak, stat, events }) =>
    [usage, limit, kmemUsage, failcnt, peak, stat, events].some(value => value !== undefined),
  )
  const topKmem = withFiles
    .flatMap(({ path, kmemUsage }) =>
      kmemUsage === undefined ? [] : [{ cgroup: relative(path), bytes: kmemUsage }],
    )
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, TOP_LISTED)
  return {
    type: 'cgroup-v1-tree',
    ...(root?.usage === undefined ? {} : { rootUsageBytes: root.usage }),
    ...(root?.kmemUsage === undefined ? {} : { rootKmemBytes: root.kmemUsage }),
    directoriesWithMemoryFiles: withFiles.length,
    cgroupDirectories: memcg.memcgs.length,
    topKmem,
  }
}

function v2Tree(memcg: MemcgTree): DecodedFields {
  const [root] = memcg.memcgs
  return {
    type: 'cgroup-v2-tree',
    dyingByCgroup: dyingByCgroup(memcg),
    rootDescendants: root?.cgroupStat?.['nr_descendants'] ?? null,
    cgroupDirectories: memcg.memcgs.length,
  }
}

function memcgFields(tree: Tree): DecodedFields | undefined {
  const memcg = readMemcgs(tree)
  if (memcg === undefined) return undefined
  const memory = procCgroupsMemory(tree)
  const [only] = memcg.memcgs
  const fields =
    memcg.version === 'v2'
      ? memcg.memcgs.length === 1 && only?.usage !== undefined
        ? v2Container(only)
        : v2Tree(memcg)
      : memcg.memcgs.length === 1
        ? v1Container(tree, memcg)
        : v1Tree(memcg)
  const dying = memcg.version === 'v1' ? dyingByCgroup(memcg) : {}
  return {
    ...fields,
    ...(Object.keys(dying).length === 0 ? {} : { dyingByCgroup: dying }),
    ...(memory === undefined ? {} : { procCgroupsMemory: memory }),
  }
}

/** Where the logs of a tree are: those of a saved node, then those given by hand. */
export function logsOf(tree: Tree): readonly string[] {
  const given = tree.list('log')
  return [
    ...LOG_PLACES.filter(path => has(tree, path)),
    ...(isGap(given) ? [] : given.map(name => `log/${name}`)),
  ]
}

function transcript(tree: Tree): DecodedFields {
  const memcg = readMemcgs(tree)
  const memory = procCgroupsMemory(tree)
  const files: DecodedFields[] = []
  for (const [path, kind] of SAVED_FILES) {
    const bytes = tree.read(path)
    const fields = isGap(bytes) || path === 'proc/cgroups' ? undefined : decodeFile(kind, bytes)
    if (fields !== undefined) files.push(fields)
  }
  const usage = memcg?.memcgs.flatMap(({ path, usage: bytes }) =>
    bytes === undefined ? [] : [[path, bytes] as const],
  )
  return {
    type: 'shell-transcript',
    dyingByCgroup: memcg === undefined ? {} : dyingByCgroup(memcg),
    ...(memory === undefined ? {} : { procCgroupsMemory: memory }),
    ...(usage === undefined || usage.length === 0 ? {} : { usageByCgroup: Object.fromEntries(usage) }),
    ...(files.length === 0 ? {} : { files }),
  }
}

/** Files of a saved node that are decoded one by one. */
const SAVED_FILES: readonly (readonly [path: string, kind: GivenKind])[] = [
  ['proc/version', 'version'],
  ['etc/os-release', 'os-release'],
  ['proc/cmdline', 'cmdline'],
  ['proc/config', 'kernel-config'],
  ['proc/meminfo', 'meminfo'],
  ['proc/vmstat', 'vmstat'],
  ['proc/cgroups', 'proc-cgroups'],
]

/** A node of many files: its cgroups at the top, the rest by file, its logs as one. */
function savedNode(tree: Tree, options: DecodeOptions): DecodedFields {
  const files: Record<string, DecodedFields> = {}
  for (const [path, kind] of SAVED_FILES) {
    const bytes = tree.read(path)
    const fields = isGap(bytes) ? undefined : decodeFile(kind, bytes)
    if (fields !== undefined) files[path] = fields
  }
  const names = tree.list('sys/kernel/slab')
  if (!isGap(names)) files['sys/kernel/slab'] = { type: 'slab-names', names }
  const logs = options.readLog === undefined ? [] : logsOf(tree)
  const [first, ...more] = logs
  // One log stands at the top, as where it was given alone; of several each stands under its name.
  const only = more.length === 0 ? first : undefined
  return {
    type: 'node',
    ...(only === undefined ? {} : decodeLog(only, options)),
    ...(more.length === 0
      ? {}
      : { logs: Object.fromEntries(logs.map(path => [tree.shown(path), decodeLog(path, options)])) }),
    ...memcgFields(tree),
    files,
  }
}

/** The log at a path of the tree. */
function decodeLog(path: string, { readLog }: DecodeOptions): DecodedFields {
  const log = readLog?.(path)
  return log === undefined ? {} : decodedLog(log)
}

/** All of a log. */
function readWhole(tree: Tree, path: string): DecodedKernelLog | undefined {
  const chunks = tree.chunks(path)
  return isGap(chunks) ? undefined : readKernelLog(chunks, { path: tree.shown(path) })
}

function has(tree: Tree, path: string): boolean {
  const cut = path.lastIndexOf('/')
  const names = tree.list(cut < 0 ? '' : path.slice(0, cut))
  return !isGap(names) && names.includes(path.slice(cut + 1))
}

/**
 * What one source holds, with the names of its own format: `type` says which. Of several sources, or a directory, the
 * memory cgroups stand at the top and the rest in `files`.
 */
export function decodeSource(
  tree: Tree,
  options: DecodeOptions = { readLog: path => readWhole(tree, path) },
): DecodedSource {
  const [first, ...more] = tree.given ?? []
  if (first === undefined || more.length > 0) return { schema: DECODE_SCHEMA, ...savedNode(tree, options) }
  const { kind, path } = first
  // a file beside a node's directory, not a directory that is a cgroup's
  if (tree.origin === 'directory' && kind !== 'cgroup-v1' && kind !== 'cgroup-v2')
    return { schema: DECODE_SCHEMA, ...savedNode(tree, options) }
  switch (kind) {
    case 'kmemleak':
    case 'log':
      return { schema: DECODE_SCHEMA, ...decodeLog(path, options) }
    case 'cgroup-v1':
    case 'cgroup-v2':
      return { schema: DECODE_SCHEMA, ...memcgFields(tree) }
    case 'shell-transcript':
      // Between the files that a transcript quotes there can be lines of a log.
      return {
        schema: DECODE_SCHEMA,
        ...transcript(tree),
        ...(options.readLog === undefined ? {} : { log: decodeLog(path, options) }),
      }
    case 'slab-names': {
      const names = tree.list('sys/kernel/slab')
      return { schema: DECODE_SCHEMA, type: kind, names: isGap(names) ? [] : names }
    }
    default: {
      const bytes = tree.read(path)
      return { schema: DECODE_SCHEMA, ...(isGap(bytes) ? { type: kind } : decodeFile(kind, bytes)) }
    }
  }
}
