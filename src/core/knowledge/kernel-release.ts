// `uname -r` of the distributions found on Kubernetes nodes, and what a kernel of that release can do.
// A release is compared only within its stream: 3.10.0-957.el7 and 3.10.108 share three numbers and little else.

/** Whose kernel it is: who decides what is backported into it. */
export type Stream =
  | 'mainline'
  | 'el6'
  | 'el7'
  | 'el8'
  | 'el9'
  | 'el10'
  | 'uek'
  | 'ubuntu'
  | 'debian'
  | 'amzn1'
  | 'amzn2'
  | 'amzn2023'
  | 'azl'
  | 'cos'
  | 'fedora'
  | 'suse'
  | 'arch'
  | 'flatcar'
  | 'talos'
  | 'alinux'
  | 'openeuler'
  | 'kylin'
  | 'unknown'

export interface KernelRelease {
  /** As given. */
  readonly text: string
  readonly stream: Stream
  readonly major: number
  readonly minor: number
  /** undefined where the release does not tell: Debian's 6.1.0-13 and Ubuntu's 5.4.0-99 always say 0. */
  readonly patch?: number
  /** The distribution's own numbers after the upstream ones: 957.27.2 of 3.10.0-957.27.2.el7; empty where there are none. */
  readonly build: readonly number[]
  /** A bare 3.10.0 or 4.18.0: vanilla, or an enterprise kernel rebuilt without its suffix. */
  readonly ambiguous?: true
  /** PREEMPT_RT build. */
  readonly rt?: true
}

/** Upstream release each enterprise stream is built on; another release with that suffix is not that stream. */
const ENTERPRISE_BASE: Readonly<Record<string, string>> = {
  el6: '2.6.32',
  el7: '3.10.0',
  el8: '4.18.0',
  el9: '5.14.0',
  el10: '6.12.0',
}

const UBUNTU =
  /-\d+-(?:generic|aws|azure|gcp|gke|gkeop|oracle|kvm|lowlatency|ibm|raspi|virtual|nvidia|intel|bluefield|fips|oem|server|xilinx)(?:-|$)/

/** Suffixes in the order in which they decide. */
const SUFFIXES: readonly (readonly [RegExp, Stream])[] = [
  [/\.elrepo\b/, 'mainline'],
  [/uek\b/, 'uek'],
  [/\.amzn1\b/, 'amzn1'],
  [/\.amzn2\b/, 'amzn2'],
  [/\.amzn2023\b/, 'amzn2023'],
  [/\.(?:azl|cm)\d/, 'azl'],
  [/\.fc\d/, 'fedora'],
  [/\.(?:al|an)\d/, 'alinux'],
  [/\.oe\d/, 'openeuler'],
  [/\.ky\d/, 'kylin'],
  [/tlinux|\.vz\d|\.lve\b/, 'unknown'],
  [/-(?:flatcar|coreos)/, 'flatcar'],
  [/-talos/, 'talos'],
  [/-arch\d/, 'arch'],
  [UBUNTU, 'ubuntu'],
  [/\+deb\d|-\d[\w.]*(?:-cloud|-rt)?-(?:amd64|arm64|686|686-pae|armmp|ppc64el|s390x|riscv64)$/, 'debian'],
  [/-default$|-\d{6}\.[\d.]+-\w+$/, 'suse'],
  // Container-Optimized OS builds its longterm kernel with a local version that is a bare plus: 5.10.147+
  [/^\d+\.\d+\.\d+\+$/, 'cos'],
]

/** Streams whose kernel is the longterm or stable release it names, with few changes of behaviour put in. */
const FOLLOWS_UPSTREAM: ReadonlySet<Stream> = new Set([
  'mainline',
  'ubuntu',
  'debian',
  'amzn1',
  'amzn2',
  'amzn2023',
  'azl',
  'cos',
  'fedora',
  'arch',
  'flatcar',
  'talos',
])

/**
 * Reads `uname -r`. `version` is the line of /proc/version or /proc/version_signature, where Debian and Ubuntu
 * name the upstream release their ABI number hides (`#1 SMP Debian 6.1.55-1`, `Ubuntu 5.4.0-99.112-generic 5.4.162`).
 * undefined where the text does not begin with a release.
 */
export function parseRelease(text: string, version?: string): KernelRelease | undefined {
  const head = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,5}))?/.exec(text)
  if (head === null || text.length > 200) return undefined
  const major = Number(head[1])
  const minor = Number(head[2])
  const written = head[3] === undefined ? 0 : Number(head[3])
  const rest = text.slice(head[0].length)
  const stream = streamOf(text, head[0], rest)
  const hidden = stream === 'ubuntu' || stream === 'debian'
  const patch = hidden && written === 0 ? hiddenPatch(stream, major, minor, version) : written
  const bare = Object.values(ENTERPRISE_BASE).includes(head[0]) && !/^[-.+]\w/.test(rest)
  return {
    text,
    stream,
    major,
    minor,
    ...(patch === undefined ? {} : { patch }),
    build: buildNumbers(rest),
    ...(stream === 'mainline' && bare ? { ambiguous: true } : {}),
    ...(/[.-]rt\d*\b/.test(rest) ? { rt: true } : {}),
  }
}

function streamOf(text: string, upstream: string, rest: string): Stream {
  for (const [suffix, stream] of SUFFIXES) if (suffix.test(text)) return stream
  const enterprise = /\.(el\d{1,2})(?:_\d+)?(?:\.|$)/.exec(rest)?.[1]
  if (enterprise !== undefined) {
    const base = ENTERPRISE_BASE[enterprise]
    // A kernel-lt or own build packaged for EL: its code is that of the release it names.
    if (base !== upstream) return 'mainline'
    return enterprise as Stream
  }
  // 3.10.0-1160.90.1.something: somebody's rebuild of an enterprise kernel; whose fixes it has is not to be told.
  return Object.values(ENTERPRISE_BASE).includes(upstream) && /^-\d+[.-]/.test(rest) ? 'unknown' : 'mainline'
}

/** `-957.27.2.el7.x86_64` → 957, 27, 2; `-99-generic` → 99; `.1-1.azl3` → 1, 1. A part with letters ends it. */
function buildNumbers(rest: string): number[] {
  const numbers: number[] = []
  for (const part of rest.slice(0, 60).split(/[.-]/)) {
    if (part === '') continue
    if (!/^\d{1,9}$/.test(part)) break
    numbers.push(Number(part))
  }
  return numbers
}

function hiddenPatch(
  stream: 'ubuntu' | 'debian',
  major: number,
  minor: number,
  version: string | undefined,
): number | undefined {
  if (version === undefined) return undefined
  const shape = stream === 'debian' ? /\bDebian (\d+)\.(\d+)\.(\d+)/ : /-\S+ (\d+)\.(\d+)\.(\d+)\s*$/
  const found = shape.exec(version.slice(0, 1000))
  if (found === null || Number(found[1]) !== major || Number(found[2]) !== minor) return undefined
  return Number(found[3])
}

/** Whether the release's upstream numbers speak for its code: not for enterprise kernels, nor for a bare base number. */
export function followsUpstream(release: KernelRelease): boolean {
  return FOLLOWS_UPSTREAM.has(release.stream) && release.ambiguous !== true
}

/** Red Hat's and its rebuilds' numbered builds. */
export function isEnterprise(stream: Stream): boolean {
  return stream in ENTERPRISE_BASE
}

/** The enterprise stream that a bare base number may hide. */
export function enterpriseOf(release: KernelRelease): Stream | undefined {
  if (release.ambiguous !== true) return undefined
  const base = `${release.major}.${release.minor}.${release.patch ?? 0}`
  return Object.entries(ENTERPRISE_BASE).find(([, upstream]) => upstream === base)?.[0] as Stream | undefined
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * Negative, zero or positive as `a` is older than, as old as or newer than `b`; undefined across streams, where
 * the question has no answer.
 */
export function compareReleases(a: KernelRelease, b: KernelRelease): number | undefined {
  if (a.stream !== b.stream || a.stream === 'unknown') return undefined
  const upstream = compareNumbers([a.major, a.minor, a.patch ?? 0], [b.major, b.minor, b.patch ?? 0])
  return upstream !== 0 ? upstream : compareNumbers(a.build, b.build)
}

/** Build number of an enterprise kernel against `957.27.2`: negative, zero or positive. */
export function compareBuild(release: KernelRelease, build: string): number {
  return compareNumbers(release.build, build.split('.').map(Number))
}

/**
 * The upstream numbers against `5.3` or `5.10.77`: negative, zero or positive. undefined where the answer hangs on
 * a patch level the release does not tell.
 */
export function compareUpstream(release: KernelRelease, upstream: string): number | undefined {
  const [major = 0, minor = 0, patch] = upstream.split('.').map(Number)
  const line = compareNumbers([release.major, release.minor], [major, minor])
  if (line !== 0 || patch === undefined) return line !== 0 ? line : 0
  return release.patch === undefined ? undefined : release.patch - patch
}

function since(release: KernelRelease, upstream: string): boolean | undefined {
  const order = compareUpstream(release, upstream)
  return order === undefined ? undefined : order >= 0
}

/** `true` from `upstream` on; before it `false` where upstream numbers speak for the code, else not known. */
function sinceUpstream(release: KernelRelease, upstream: string): boolean | undefined {
  if (since(release, upstream) === true) return true
  return followsUpstream(release) ? since(release, upstream) : undefined
}

/**
 * Kernel memory is charged to a cgroup only after somebody wrote its memory.kmem.limit_in_bytes: 3.8 to 4.4
 * (510fc4e11b77, 3.8) and el7. From 4.5 every cgroup is accounted (b313aeee2509, 4.5). Before 3.8 and on el6
 * there is no kernel memory accounting at all.
 */
export function kmemAccountingOptIn(release: KernelRelease): boolean | undefined {
  if (release.stream === 'el7') return true
  if (release.stream === 'el6' || since(release, '4.5') === true || since(release, '3.8') === false)
    return false
  // 3.10.0 is opt-in whoever built it; SUSE's 4.4 and the like may have later defaults.
  return followsUpstream(release) || release.ambiguous === true ? true : undefined
}

/**
 * Knows `cgroup.memory=nokmem`: 4.5 (04823c833b81). el7: no parser in the source of 3.10.0-514, one in that of
 * 3.10.0-1127; reported to work from 3.10.0-1062.4.1 (docker/for-linux#841). A kernel without it ignores the word silently.
 */
export function parsesNokmem(release: KernelRelease): boolean | undefined {
  if (release.stream === 'el6') return false
  if (release.stream === 'el7') {
    if (compareBuild(release, '1062.4.1') >= 0) return true
    return compareBuild(release, '515') < 0 ? false : undefined
  }
  return sinceUpstream(release, '4.5')
}

/**
 * The 16-bit id is the memory controller's own and given back when the cgroup is removed, not when its last page
 * is freed: 73f576c04b94 (4.7, stable from 3.19 on; present in 4.4.178). el7: absent from the source of
 * 3.10.0-514, present in 3.10.0-1127; Red Hat's changelog names it at builds 758, 837 and 917, so it seems to have
 * been taken out again between.
 */
export function privateMemcgIds(release: KernelRelease): boolean | undefined {
  if (release.stream === 'el6') return false
  if (release.stream === 'el7') {
    if (compareBuild(release, '1127') >= 0) return true
    return compareBuild(release, '758') < 0 ? false : undefined
  }
  if (since(release, '4.7') === true) return true
  if (!followsUpstream(release)) return undefined
  if (release.major === 4 && release.minor === 4 && since(release, '4.4.178') === true) return true
  return since(release, '3.19') === false || release.patch === 0 ? false : undefined
}

/**
 * What mkdir fails with where no id is left: EBUSY from 6.12 on (xa_alloc in the place of idr_alloc; measured on
 * 6.12.117, ENOSPC on 6.1.192), ENOSPC before, but ENOMEM from 4.7 until 11d6761218d1 (5.8 and stable). Enterprise kernels
 * take such changes over at builds that are not known here.
 */
export function errorWithoutMemcgId(release: KernelRelease): 'ENOSPC' | 'EBUSY' | undefined {
  if (since(release, '6.12') === true) return 'EBUSY'
  return followsUpstream(release) && since(release, '5.8') === true ? 'ENOSPC' : undefined
}

/**
 * Each accounted cgroup has its own copy of a slab cache, `dentry(112:c116)` under /sys/kernel/slab: 3.8 (2633d7a02823)
 * to 5.8; gone in 5.9 (9855609bde03) and el8 348 (8.5), still there in el8 240 (8.3).
 */
export function perMemcgSlabCaches(release: KernelRelease): boolean | undefined {
  if (release.stream === 'el6' || since(release, '5.9') === true || since(release, '3.8') === false)
    return false
  if (release.stream === 'el7') return true
  if (release.stream === 'el8') {
    if (compareBuild(release, '348') >= 0) return false
    return compareBuild(release, '241') < 0 ? true : undefined
  }
  return followsUpstream(release) || release.ambiguous === true ? true : undefined
}

/**
 * The copies stand in /sys/kernel/slab itself, beside their originals: 3.8 to 3.14 and el7. From 3.15 they are below
 * `<cache>/cgroup/` (9a41707bd3a0), and their absence from the listing says nothing.
 */
export function memcgSlabNamesOnTop(release: KernelRelease): boolean {
  if (perMemcgSlabCaches(release) !== true) return false
  return release.stream === 'el7' || since(release, '3.15') === false
}

/**
 * Slab caches of a removed cgroup go to its parent and no longer pin it: fb2f2b0adb98 (5.3). Present in el8 240
 * (8.3); 8.1 and 8.2 were not read.
 */
export function slabReparented(release: KernelRelease): boolean | undefined {
  // 3.10.0 has it not, whoever built it.
  if (release.stream === 'el6' || release.stream === 'el7' || since(release, '3.11') === false) return false
  if (release.stream === 'el8') {
    if (compareBuild(release, '240') >= 0) return true
    return compareBuild(release, '81') < 0 ? false : undefined
  }
  return sinceUpstream(release, '5.3')
}

/**
 * Pages of a removed cgroup go to its parent and no longer pin it: in the source of 7.1.5 (lru_reparent_memcg),
 * not in that of 6.19; 7.0 was not read.
 */
export function lruReparented(release: KernelRelease): boolean | undefined {
  // Enterprise kernels of 5.14 and before were read or are years older than the change.
  if (['el6', 'el7', 'el8', 'el9'].includes(release.stream) || since(release, '5.15') === false) return false
  if (since(release, '7.1') === true) return true
  return followsUpstream(release) && since(release, '7.0') === false ? false : undefined
}

/**
 * num_cgroups of /proc/cgroups counts removed cgroups that are still pinned. Measured on 3.10.0-514.el7: it read 2
 * after 2,000 leaked ones, so on 3.10 a small number proves nothing. From 4.4 the count is taken back in the
 * release of the css (kernel/cgroup.c).
 */
export function numCgroupsReliable(release: KernelRelease): boolean | undefined {
  if (release.major < 3 || (release.major === 3 && release.minor <= 10)) return false
  return since(release, '4.4') === true ? true : undefined
}

/**
 * Whether memory.oom_control (v1) or memory.events (v2) count OOM kills: 8e675f7af507, 4.13; read as absent in 4.12
 * and present in 4.19 and el8.
 */
export function countsOomKills(release: KernelRelease): boolean | undefined {
  if (release.stream === 'el6' || release.stream === 'el7') return false
  return since(release, '4.13')
}

/** v2's memory.reclaim is there: 94968384dde1, 5.19. Distributions of older bases may have taken it in. */
export function hasMemoryReclaim(release: KernelRelease): boolean | undefined {
  return sinceUpstream(release, '5.19')
}
