// What a file given by hand is, from its first 64 KiB: a file of /proc, of /sys or of a cgroup, what a shell showed of
// them, or else a log. Names only decide what the content leaves open.

import { listedNames, memoryTree } from './memory-tree.ts'
import type { GivenKind, Tree } from './tree.ts'

/** As much of a file as is looked at. */
export const LOOKED_AT = 64 * 1024

/** What a file is, or why nothing can be read from it. */
export type Recognised = Exclude<GivenKind, 'cgroup-v1' | 'cgroup-v2'> | Unreadable

/** Files that hold no text. */
export type Unreadable = 'empty' | 'binary' | 'compressed' | 'journal' | 'utf-16'

/** Where a file of a kind stands on a node; logs and transcripts have no one place. */
export const PLACES: Readonly<Record<Exclude<Recognised, Unreadable | 'log' | 'shell-transcript'>, string>> =
  {
    buddyinfo: 'proc/buddyinfo',
    'cgroup-stat': 'sys/fs/cgroup/cgroup.stat',
    cmdline: 'proc/cmdline',
    'kernel-config': 'proc/config',
    kmemleak: 'sys/kernel/debug/kmemleak',
    meminfo: 'proc/meminfo',
    'memory-stat-v1': 'sys/fs/cgroup/memory/memory.stat',
    'memory-stat-v2': 'sys/fs/cgroup/memory.stat',
    mountinfo: 'proc/self/mountinfo',
    'os-release': 'etc/os-release',
    'proc-cgroups': 'proc/cgroups',
    psi: 'proc/pressure/memory',
    'slab-names': 'sys/kernel/slab.list',
    slabinfo: 'proc/slabinfo',
    version: 'proc/version',
    vmstat: 'proc/vmstat',
    zoneinfo: 'proc/zoneinfo',
  }

const MAGIC: readonly (readonly [bytes: readonly number[], what: Unreadable])[] = [
  [[0x1f, 0x8b], 'compressed'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'compressed'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed'],
  [[0x42, 0x5a, 0x68], 'compressed'],
  [[0x50, 0x4b, 0x03, 0x04], 'compressed'],
  // LPKSHHRH: a journal file, systemd/src/libsystemd/sd-journal/journal-def.h
  [[0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48], 'journal'],
  [[0x7f, 0x45, 0x4c, 0x46], 'binary'],
  [[0xff, 0xfe], 'utf-16'],
  [[0xfe, 0xff], 'utf-16'],
]

/** Of a text at most this share is control characters (a guess, and ours); of packed data it is a tenth. */
const CONTROL_SHARE = 0.05

/** Of UTF-16 half the bytes are NUL where the text is Latin (a guess, and ours). */
const UTF_16_SHARE = 0.4

/** Whether bytes are no text. Runs of NUL are: a log of a machine that lost power has them. */
function unreadable(bytes: Uint8Array): Unreadable | undefined {
  if (bytes.length === 0) return 'empty'
  for (const [magic, what] of MAGIC) {
    if (magic.every((byte, at) => bytes[at] === byte)) return what
  }
  let text = 0
  let control = 0
  let blank = 0
  let even = 0
  let odd = 0
  let at = 0
  for (const byte of bytes) {
    at += 1
    if (byte === 0) {
      if (at % 2 === 0) even += 1
      else odd += 1
      continue
    }
    text += 1
    if (byte === 32 || (byte >= 9 && byte <= 13)) blank += 1
    else if ((byte < 32 && byte !== 27 && byte !== 8) || byte === 127) control += 1
  }
  if (text === 0) return 'binary'
  // Every second byte a NUL: UTF-16 without the mark that says so, as some consoles save it.
  if (Math.max(even, odd) > bytes.length * UTF_16_SHARE && Math.min(even, odd) < bytes.length * 0.01)
    return 'utf-16'
  if (control > text * CONTROL_SHARE) return 'binary'
  return blank === text ? 'empty' : undefined
}

/** `[root@node ~]# cat x`, `user@host:/sys$ cat x`, `# grep …`, `$ …`: where one was, if it says, and what was typed. */
const PROMPT =
  /^\s*(?:\[[\w.-]+@[^\]]{1,80}\]\s?[#$]|[\w.-]+@[\w.-]+:(\/[^\s#$]{0,200})[#$]|[\w.-]+@[\w.-]+[:\s][^#$]{0,120}[#$]|(?:ba|z)?sh-\d\.\d+[#$]|[#$%])\s(.*)$/

interface Typed {
  readonly command: string
  /** The directory the prompt shows. */
  readonly directory?: string
}

/** What was typed on a line that begins with a shell's prompt; undefined for all other lines. */
function typed(line: string): Typed | undefined {
  if (line.length > 2000 || /^\s*#\s*CONFIG_\w+ is not set/.test(line)) return undefined
  const match = PROMPT.exec(line)
  if (match === null) return undefined
  const command = (match[2] ?? '').trim()
  return match[1] === undefined ? { command } : { command, directory: match[1] }
}

/** `/sys/fs/cgroup/memory/cgroup.stat:nr_dying_descendants 360`: a file and a line of it, as grep shows them. */
const QUOTED_CGROUP =
  /^\s*((?:\S*\/)?(?:memory|cgroup)\.[\w.]+):(?:\d+:)?\s*((?:[\w.]+[ \t=:]+)?(?:-?\d+|max))\s*$/
const QUOTED_PROC = /^\s*((?:\S*\/)?(?:meminfo|vmstat|cgroups|cmdline|version)):(?:\d+:)?\s*(\S.*)$/
/** `==> /proc/cgroups <==`: what head and tail write above each of several files. */
const HEADED = /^==> (\S.*) <==\s*$/

/** A path and the line of it that a transcript shows; undefined where a line is nothing of the kind. */
function quotedLine(line: string): readonly [path: string, text: string] | undefined {
  if (line.length > 5000) return undefined
  const match = QUOTED_CGROUP.exec(line) ?? QUOTED_PROC.exec(line)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  return [match[1], match[2]]
}

interface Shape {
  readonly kind: Recognised
  /** A line of such a file. */
  readonly line: RegExp
  /** Some line must be one of these, so that a shape is not mistaken. */
  readonly known: RegExp
  /** Share of the lines that must have the shape (guesses, and ours: prompts and a torn line are allowed for). */
  readonly share: number
}

const SHAPES: readonly Shape[] = [
  {
    kind: 'meminfo',
    line: /^[A-Za-z][\w()-]*:\s+\d+(?: kB)?\s*$/i,
    known: /^(?:MemTotal|MemFree|MemAvailable|Slab|SUnreclaim|SReclaimable|Buffers|Cached):/,
    share: 0.5,
  },
  {
    kind: 'kernel-config',
    line: /^(?:[\w./-]{1,255}:)?\s*(?:CONFIG_\w+=|#\s*CONFIG_\w+ is not set)/,
    known: /CONFIG_/,
    share: 0.3,
  },
  {
    kind: 'kmemleak',
    line: /^(?:unreferenced object |\s{2,}(?:comm "|hex dump |backtrace|[0-9a-f]{2} |\[<|0x[0-9a-f]{8}|[\w.$]+(?:\+0x| \S+:\d)))/,
    known: /^unreferenced object .{0,40}\(size \d+\):\s*$/,
    share: 0.9,
  },
  {
    kind: 'slabinfo',
    line: /^(?:slabinfo - version: |\S.{0,300}? +\d+ +\d+ +\d+ +\d+ +\d+ *: *tunables |\S+(?: +\d+){6}(?: *:|$))/,
    known: /^slabinfo - version: |: *tunables .{0,100}: *slabdata /,
    share: 0.6,
  },
  {
    kind: 'proc-cgroups',
    line: /^\s*(?:#subsys_name\s+hierarchy|[a-z_]+\s+\d+\s+\d+\s+[01]\s*$)/,
    known: /^\s*(?:#subsys_name|(?:memory|cpuset|cpu|devices|pids|blkio)\s)/,
    share: 0.6,
  },
  {
    kind: 'buddyinfo',
    line: /^\s*Node \d+, zone\s+\w+(?:[ \t]+\d{1,12}){1,64}\s*$/,
    known: /zone/,
    share: 0.6,
  },
  {
    kind: 'zoneinfo',
    line: /^(?:Node \d+, zone\s+\w+\s*$|\s{2,}\S)/,
    known: /^Node \d+, zone\s+\w+\s*$/,
    share: 0.9,
  },
  {
    kind: 'psi',
    line: /^\s*(?:some|full) avg10=[\d.]+ avg60=[\d.]+ avg300=[\d.]+ total=\d+\s*$/,
    known: /avg/,
    share: 0.6,
  },
  {
    kind: 'mountinfo',
    line: /^\d+ \d+ \d+:\d+ \S+ \/\S* .* - \S+ /,
    known: /./,
    share: 0.6,
  },
  {
    kind: 'cgroup-stat',
    line: /^\s*nr_(?:dying_)?(?:descendants|subsys_\w+)\s+\d+\s*$/,
    known: /nr_(?:dying_)?descendants/,
    share: 0.6,
  },
  {
    kind: 'vmstat',
    line: /^\s*[a-z][\w-]*\s+-?\d+\s*$/,
    known: /^\s*nr_(?:free_pages|slab_unreclaimable|inactive_anon|zone_\w+|anon_pages)\s/,
    share: 0.6,
  },
  {
    kind: 'memory-stat-v1',
    line: /^\s*[a-z_]+\s+\d+\s*$/,
    known: /^\s*(?:total_rss|total_cache|hierarchical_memory_limit|rss|total_pgpgin)\s/,
    share: 0.6,
  },
  {
    kind: 'memory-stat-v2',
    line: /^\s*[a-z_]+\s+\d+\s*$/,
    known: /^\s*(?:anon|kernel_stack|slab_unreclaimable|file_mapped|workingset_activate\w*)\s/,
    share: 0.6,
  },
  {
    kind: 'os-release',
    line: /^\s*(?:[A-Z][A-Z0-9_]*=|#)/,
    known: /^\s*(?:PRETTY_NAME|VERSION_ID|ID)=/,
    share: 0.7,
  },
]

/** Lines of an OOM report that holds a memory.stat: no such file has them. */
const OF_OOM_REPORT =
  /(?:^|\s)(?:Memory cgroup stats for \/|oom-kill:constraint=|Killed process \d+ \(|(?:memory|swap|kmem|memory\+swap): usage \d+kB, limit )/

/** Share of the lines that a transcript of grep has as `path:content` (a guess, and ours). */
const QUOTED_SHARE = 0.3

/** Words a kernel command line has, one of which is enough in a file of one line. */
const CMDLINE_WORD =
  /(?:^|\s)(?:BOOT_IMAGE=|root=(?:\/dev\/|UUID=|LABEL=|PARTUUID=|ZFS=)|console=(?:tty|hvc)|initrd=|rd\.\w+|cgroup\.memory=|cgroup_\w+=|systemd\.unified_cgroup_hierarchy=|slub_debug|slab_debug|kmemleak=|crashkernel=|ro quiet|panic=)/

/** Names of caches every kernel has; three of them make a listing one of /sys/kernel/slab. */
const CACHES =
  /^(?:kmalloc-(?:rcl-|cg-)?\d+k?|dentry|inode_cache|vm_area_struct|task_struct|kmem_cache|kmem_cache_node|mm_struct|filp|:[a-zA-Z-]*\d{7}|(?:dentry|inode_cache|kmalloc-\d+)\(\d+:.*\))$/

/**
 * What a file is by its first bytes, `bytes`, of which at most 64 KiB are looked at. `name` is the file's own name and
 * decides only between a log and a file that shows nothing of what it is.
 */
export function recognise(bytes: Uint8Array, name = ''): Recognised {
  const head = bytes.subarray(0, LOOKED_AT)
  const nothing = unreadable(head)
  if (nothing !== undefined) return nothing
  const all = new TextDecoder().decode(head).split(/\r\n|\n|\r/)
  // The last line may be cut in its middle.
  if (bytes.length >= LOOKED_AT && all.length > 1) all.pop()
  const lines: string[] = []
  let commands = 0
  for (const line of all) {
    if (line.trim() === '') continue
    if (typed(line) !== undefined) commands += 1
    else if (!/^\s*(?:#(?!\s*CONFIG_|subsys_name)|\/\/)/.test(line))
      lines.push(line.length > 2000 ? line.slice(0, 2000) : line)
  }
  const share = (fits: (line: string) => boolean) =>
    lines.length === 0 ? 0 : lines.filter(fits).length / lines.length

  const quoted = lines.filter(line => quotedLine(line) !== undefined).length
  if (quoted > 0 && quoted >= lines.length * QUOTED_SHARE) return 'shell-transcript'
  if (lines.some(line => isKnownFile(HEADED.exec(line)?.[1] ?? ''))) return 'shell-transcript'
  const oomReport = lines.some(line => OF_OOM_REPORT.test(line))
  for (const { kind, line, known, share: wanted } of SHAPES) {
    if (oomReport && (kind === 'memory-stat-v1' || kind === 'memory-stat-v2' || kind === 'vmstat')) continue
    if (share(text => line.test(text)) >= wanted && lines.some(text => line.test(text) && known.test(text))) {
      // A file of one shape behind several commands is quoted with more than one file: their names are in the commands.
      return commands > 1 && kind !== 'kernel-config' ? 'shell-transcript' : kind
    }
  }
  if (commands > 0 && commands <= 200 && readTranscript(lines.length + commands > 5000 ? [] : all).size > 0) {
    return 'shell-transcript'
  }
  if (lines.length <= 2) {
    const [line = ''] = lines
    if (/^\s*Linux version \d/.test(line)) return 'version'
    if (CMDLINE_WORD.test(line) && !/(?:Kernel c|C)ommand line:/.test(line) && !/^\s*\[/.test(line))
      return 'cmdline'
  }
  const caches = listedNames(all.join('\n')).filter(entry => CACHES.test(entry)).length
  if (caches >= 3 && share(line => /^\S+$/.test(line) || /^[-dl][-rwx]{9}/.test(line)) >= 0.8)
    return 'slab-names'
  return byName(name, lines) ?? 'log'
}

/** Files that are known by name and whose content has no shape of its own. */
function byName(name: string, lines: readonly string[]): Recognised | undefined {
  const bare = name.toLowerCase()
  if (lines.length <= 2 && /(?:^|[^a-z])cmdline(?:[^a-z]|$)/.test(bare)) return 'cmdline'
  return undefined
}

/** Files whose content a command shows as it is; `grep X FILE` shows some lines of it. */
const SHOWS = /^(?:sudo\s+)?(?:cat|head|tail|more|less|grep|egrep|zgrep|zcat|awk|sed|fgrep)\b/
const SHOWN_FILE =
  /(?:^|[\s'"])(\/(?:proc|sys|etc|boot)\/[^\s'"|;&<>]+|(?:[\w.@\\-]+\/){0,20}(?:memory|cgroup)\.[\w.]+)/g

/**
 * The files a shell transcript quotes, by path without the leading slash: lines `path:content` of grep and find, and
 * what stands behind a command that shows one file.
 */
export function readTranscript(lines: readonly string[]): Map<string, string[]> {
  const files = new Map<string, string[]>()
  let directory = ''
  const absolute = (path: string) =>
    path.startsWith('/') ? path : `${directory}/${path.replace(/^(?:\.\/)+/, '')}`
  const put = (path: string, text: string) => {
    const key = absolute(path).replace(/^\/+/, '')
    const known = files.get(key)
    if (known === undefined) files.set(key, [text])
    else known.push(text)
  }
  let current: string | undefined
  for (const line of lines) {
    const entered = typed(line)
    if (entered !== undefined) {
      const { command } = entered
      directory = entered.directory ?? directory
      const moved = /(?:^|[;&]\s*)cd\s+(\/[^\s;&|]+)/.exec(command)?.[1]
      if (moved !== undefined) directory = moved.replace(/\/+$/, '')
      const shows = command.replace(/^cd\s+[^\s;&|]+\s*(?:;|&&)\s*/, '')
      const paths = SHOWS.test(shows)
        ? [...shows.matchAll(SHOWN_FILE)].map(match => absolute(match[1] ?? ''))
        : []
      const known = paths.filter(path => isKnownFile(path))
      current = paths.length === 1 && known.length === 1 ? known[0] : undefined
      continue
    }
    if (line.trim() === '') continue
    // A header of head and tail, or what a loop echoed before it showed the file.
    const headed = HEADED.exec(line)?.[1] ?? line.trim()
    if (isKnownFile(headed)) {
      current = headed
      continue
    }
    const quoted = quotedLine(line)
    if (quoted !== undefined) put(...quoted)
    else if (current !== undefined) put(current, line.trim())
  }
  return files
}

/** Files that are read for what they hold; a log behind `cat` is none. */
function isKnownFile(path: string): boolean {
  return (
    /^\/proc\/(?:meminfo|vmstat|cgroups|cmdline|version|(?:self|1)\/mountinfo)$/.test(path) ||
    /^\/\S*\/(?:memory|cgroup)\.[\w.]+$/.test(path) ||
    path === '/etc/os-release'
  )
}

/** The directory below which a transcript's cgroups are: the mount point if it is a known one, else what they share. */
function cgroupTop(paths: readonly string[]): string {
  for (const top of ['sys/fs/cgroup/memory', 'sys/fs/cgroup/unified', 'sys/fs/cgroup']) {
    if (paths.length > 0 && paths.every(path => path.startsWith(`${top}/`))) return top
  }
  const directories = paths.map(path => path.split('/').slice(0, -1))
  const [first = []] = directories
  let length = first.length
  for (const parts of directories) {
    let same = 0
    while (same < length && parts[same] === first[same]) same += 1
    length = same
  }
  return first.slice(0, length).join('/')
}

/** What a transcript quotes, seen as a node's files; its cgroups stand at `sys/fs/cgroup/memory` or `sys/fs/cgroup`. */
export function transcriptTree(text: string, shown: string): Tree {
  const quoted = readTranscript(text.split(/\r\n|\n|\r/))
  const cgroups = [...quoted.keys()].filter(path => /(?:^|\/)(?:memory|cgroup)\.[\w.]+$/.test(path))
  const ofCgroups = new Set(cgroups)
  const top = cgroupTop(cgroups)
  const isV1 =
    top.endsWith('memory') ||
    cgroups.some(path =>
      /memory\.(?:usage_in_bytes|limit_in_bytes|kmem\.\w+|failcnt|oom_control)$/.test(path),
    )
  const mount = isV1 ? 'sys/fs/cgroup/memory' : 'sys/fs/cgroup'
  const files: Record<string, string> = {}
  for (const [path, content] of quoted) {
    const inside = ofCgroups.has(path) ? path.slice(top === '' ? 0 : top.length + 1) : undefined
    files[inside === undefined ? path : `${mount}/${inside}`] = `${content.join('\n')}\n`
  }
  return memoryTree(files, {
    origin: 'files',
    shown: path => (Object.hasOwn(files, path) || path === mount ? shown : `/${path}`),
  })
}
