// Nodes made up in memory, to be judged: a healthy one, and what is put over it.

import type { Finding } from '../../src/core/case/finding.ts'
import type { Report } from '../../src/core/case/report.ts'
import { collect } from '../../src/core/collect.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { memoryTree } from '../../src/core/tree/memory-tree.ts'

export type Files = Readonly<Record<string, string>>

export const MIB = 1024 * 1024

export const POD = 'kubepods/burstable/pod20edac81-191c-4bc6-b85f-e23a65bc7931'
export const CONTAINER = `${POD}/4ec8cbf8c9a1fb41d3a8f6f3b0c3a1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f70819`

const UNLIMITED = '9223372036854771712'

/** A cgroup of v1 by its numbers. */
export function v1Cgroup(
  path: string,
  {
    usage = 10 * MIB,
    limit,
    kmem = 0,
    rss = 0,
    files = {},
  }: { usage?: number; limit?: number; kmem?: number; rss?: number; files?: Files } = {},
): Record<string, string> {
  const dir = `sys/fs/cgroup/memory/${path}`
  return {
    [`${dir}/memory.usage_in_bytes`]: `${usage}\n`,
    [`${dir}/memory.limit_in_bytes`]: `${limit ?? UNLIMITED}\n`,
    [`${dir}/memory.failcnt`]: '0\n',
    [`${dir}/memory.kmem.usage_in_bytes`]: `${kmem}\n`,
    [`${dir}/memory.stat`]: `cache 0\nrss ${rss}\ntotal_cache 0\ntotal_rss ${rss}\ntotal_inactive_file 0\n`,
    [`${dir}/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`${dir}/${name}`, text])),
  }
}

/** A cgroup of v2 by its numbers. */
export function v2Cgroup(
  path: string,
  {
    usage = 10 * MIB,
    limit,
    stat = 'anon 0\nfile 0\nkernel 0\ninactive_file 0\n',
    files = {},
  }: { usage?: number; limit?: number; stat?: string; files?: Files } = {},
): Record<string, string> {
  const dir = `sys/fs/cgroup/${path}`
  return {
    [`${dir}/memory.current`]: `${usage}\n`,
    [`${dir}/memory.max`]: `${limit ?? 'max'}\n`,
    [`${dir}/memory.stat`]: stat,
    [`${dir}/memory.events`]: 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n',
    [`${dir}/cgroup.stat`]: 'nr_descendants 0\nnr_dying_descendants 0\n',
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`${dir}/${name}`, text])),
  }
}

const meminfo = (kib: Readonly<Record<string, number>>): string =>
  Object.entries(kib)
    .map(([key, value]) => `${key}: ${value} kB\n`)
    .join('')

export const MEMINFO = meminfo({
  MemTotal: 16 * 1024 * 1024,
  MemFree: 8 * 1024 * 1024,
  MemAvailable: 12 * 1024 * 1024,
  PageTables: 20_000,
  Slab: 400_000,
  SReclaimable: 100_000,
  SUnreclaim: 300_000,
})

/** Free blocks of every size. */
export const BUDDYINFO =
  'Node 0, zone   Normal     60     40     31     28     20     12      9      7      5      4   1900\n'

/** Next to nothing in the buffers of TCP sockets. */
const TCP: Files = {
  'proc/net/sockstat': 'sockets: used 80\nTCP: inuse 8 orphan 0 tw 0 alloc 9 mem 2\nUDP: inuse 2 mem 1\n',
  'proc/sys/net/ipv4/tcp_mem': '191988\t255984\t383976\n',
}

const version = (release: string): string => `Linux version ${release} (build@host) (gcc) #1 SMP\n`

export const DMESG = '[    0.000000] Linux command line: ro quiet\n[   10.000000] eth0: link up\n'

/** A healthy node of v1. */
export function v1Node(release: string, over: Files = {}): Record<string, string> {
  return {
    'proc/version': version(release),
    'proc/meminfo': MEMINFO,
    'proc/buddyinfo': BUDDYINFO,
    'proc/cmdline': 'ro quiet\n',
    'proc/cgroups': '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t3\t1\nmemory\t3\t3\t1\n',
    'sys/kernel/slab.list': 'dentry\nkmalloc-64\n',
    dmesg: DMESG,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1000000\n',
    'sys/fs/cgroup/memory/memory.stat': 'cache 0\ntotal_inactive_file 0\n',
    ...TCP,
    ...over,
  }
}

/** A healthy node of v2. */
export function v2Node(release: string, over: Files = {}): Record<string, string> {
  return {
    'proc/version': version(release),
    'proc/meminfo': MEMINFO,
    'proc/buddyinfo': BUDDYINFO,
    'proc/cmdline': 'ro quiet\n',
    'proc/cgroups': '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t3\t1\nmemory\t0\t3\t1\n',
    'sys/kernel/slab.list': 'dentry\nkmalloc-64\n',
    dmesg: DMESG,
    'sys/fs/cgroup/cgroup.controllers': 'cpu memory pids\n',
    'sys/fs/cgroup/cgroup.stat': 'nr_descendants 2\nnr_dying_descendants 0\n',
    'sys/fs/cgroup/memory.stat': 'anon 0\nfile 0\ninactive_file 0\n',
    ...TCP,
    ...over,
  }
}

/** The directories between the top and the cgroups given, as unlimited and healthy ones. */
function withParents(files: Files): Files {
  const all = { ...files }
  for (const file of Object.keys(files)) {
    const [, top, path] = /^(sys\/fs\/cgroup\/memory|sys\/fs\/cgroup)\/(.+)\/[^/]+$/.exec(file) ?? []
    if (top === undefined || path === undefined) continue
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const parent = path.slice(0, cut)
      if (Object.hasOwn(files, `${top}/${parent}/memory.stat`)) continue
      Object.assign(all, top.endsWith('memory') ? v1Cgroup(parent) : v2Cgroup(parent))
    }
  }
  return all
}

/** What is said of such a node; a detector that throws fails the test. */
export function judge(files: Files): Report {
  const at = Date.UTC(2026, 0, 1)
  return diagnose(
    collect(memoryTree(withParents(files), { origin: 'directory' }), { at }),
    at,
    (detector, error) => {
      throw new Error(`${detector} threw`, { cause: error })
    },
  )
}

export const of = ({ findings }: Report, detector: string): readonly Finding[] =>
  findings.filter(finding => finding.detector === detector)

export const reasons = ({ unknown }: Report, detector: string): readonly string[] =>
  unknown.filter(one => one.detector === detector).map(({ reason }) => reason)
