// A node's files held in memory: for tests, for the browser, and for what a shell transcript quotes.

import type { DirectoryStat, Gap, Given, Tree } from './tree.ts'
import { isGap } from './tree.ts'

/** What stands at a path: text, bytes, or why it cannot be had. */
export type MemoryFile = string | Uint8Array | Gap

export interface MemoryTreeOptions {
  /** Symbolic links by path, as written. */
  readonly links?: Readonly<Record<string, string>>
  /** Inodes of directories by path. */
  readonly inodes?: Readonly<Record<string, number>>
  /** Paths of directories without files in them. */
  readonly emptyDirectories?: readonly string[]
  readonly given?: readonly Given[]
  readonly origin?: Tree['origin']
  /** The name a person knows a path by; the path with a leading slash otherwise. */
  readonly shown?: (path: string) => string
}

/** Names in a saved listing: one a line, the long form of `ls -l` with its links included. */
export function listedNames(text: string): string[] {
  const names: string[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '' || line === '.' || line === '..' || /^total \d+$/.test(line)) continue
    // lrwxrwxrwx 1 root root 0 Nov 23 18:46 dentry -> :0000192
    const long = /^[-bcdlps][-rwxsStT]{9}[.+@]?(?:\s+\S+){7}\s(\S.*)$/.exec(line)
    const name = (long?.[1] ?? line).replace(/ -> .*$/, '').replace(/\/$/, '')
    if (name !== '' && name !== '.' && name !== '..') names.push(name)
  }
  return names
}

/** Whether a name of a saved listing is one of the files every cgroup directory has, and so no directory. */
export function isCgroupFile(name: string): boolean {
  return (
    /^(?:memory|cgroup|cpu|cpuacct|cpuset|blkio|io|pids|hugetlb|devices|freezer|net_cls|net_prio|perf_event|rdma|misc)\.[a-z0-9_.]+$/i.test(
      name,
    ) || ['tasks', 'notify_on_release', 'release_agent', 'irq.pressure'].includes(name)
  )
}

/**
 * A tree of the files given. Directories follow from the paths; a file `dir.list` stands for the listing of a
 * directory `dir` of which nothing else is there.
 */
export function memoryTree(
  files: Readonly<Record<string, MemoryFile>>,
  options: MemoryTreeOptions = {},
): Tree {
  const encoder = new TextEncoder()
  const names = new Map<string, Set<string>>()
  const directories = new Map<string, Set<string>>()
  const enter = (path: string, isDirectory: boolean) => {
    let below = path
    let directory = isDirectory
    for (;;) {
      const cut = below.lastIndexOf('/')
      const parent = cut < 0 ? '' : below.slice(0, cut)
      const name = below.slice(cut + 1)
      if (name !== '') {
        const known = names.get(parent)
        if (known === undefined) names.set(parent, new Set([name]))
        else known.add(name)
        if (directory) {
          const dirs = directories.get(parent)
          if (dirs === undefined) directories.set(parent, new Set([name]))
          else dirs.add(name)
        }
      }
      if (parent === '') return
      below = parent
      directory = true
    }
  }
  for (const path of Object.keys(files)) enter(path, false)
  for (const path of Object.keys(options.links ?? {})) enter(path, false)
  for (const path of options.emptyDirectories ?? []) enter(path, true)
  const empty = new Set(options.emptyDirectories ?? [])

  const shown = options.shown ?? ((path: string) => `/${path}`)
  const absent = (path: string): Gap => ({ path: shown(path), why: 'absent' })
  const own = (path: string): MemoryFile | undefined => (Object.hasOwn(files, path) ? files[path] : undefined)
  const read = (path: string): Uint8Array | Gap => {
    const file = own(path)
    if (file === undefined) return absent(path)
    return typeof file === 'string' ? encoder.encode(file) : file
  }
  const listing = (dir: string): readonly string[] | Gap => {
    const there = names.get(dir)
    if (there !== undefined) return [...there]
    if (empty.has(dir)) return []
    const refused = own(dir)
    if (isGap(refused)) return refused
    const saved = read(`${dir}.list`)
    if (isGap(saved)) return saved.why === 'absent' ? absent(dir) : saved
    return listedNames(new TextDecoder().decode(saved))
  }
  const stat = (dir: string): DirectoryStat | Gap => {
    const found = listing(dir)
    if (isGap(found)) return found
    const inode = options.inodes?.[dir]
    return inode === undefined ? {} : { inode }
  }
  return {
    origin: options.origin ?? 'memory',
    ...(options.given === undefined ? {} : { given: options.given }),
    read,
    peek: read,
    list: listing,
    directories(dir) {
      const there = names.get(dir)
      if (there !== undefined) return [...(directories.get(dir) ?? [])]
      const listed = listing(dir)
      return isGap(listed) ? listed : listed.filter(name => !isCgroupFile(name))
    },
    link(path) {
      const target = options.links?.[path]
      return target ?? absent(path)
    },
    inode(dir) {
      const found = stat(dir)
      return isGap(found) ? found : (found.inode ?? absent(dir))
    },
    stat,
    chunks(path) {
      const bytes = read(path)
      return isGap(bytes) ? bytes : [bytes]
    },
    gaps: () => [],
    shown,
  }
}
