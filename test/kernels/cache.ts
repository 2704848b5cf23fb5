// What takes long to get stands outside the checkout, under a name made of all it was made from.

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The lab's own place: KMEMSCOPE_KERNELS, or kmemscope/kernels where caches are kept. */
export const place =
  process.env['KMEMSCOPE_KERNELS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kmemscope', 'kernels')

export function digest(...inputs: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const input of inputs) {
    hash.update(`${input.length}\0`)
    hash.update(input)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Digest of a file's content; remembered by size and time, since Node's own program is 100 MB. */
const seen = new Map<string, string>()
export function fileDigest(path: string): string {
  const { size, mtimeMs } = statSync(path)
  const key = `${path}\0${size}\0${mtimeMs}`
  const known = seen.get(key) ?? digest(readFileSync(path))
  seen.set(key, known)
  return known
}

const works = new Set<string>()

/** A new directory to work in, on the cache's file system; gone with the process. */
export function workDirectory(above = place): string {
  mkdirSync(above, { recursive: true })
  const dir = mkdtempSync(join(above, `work-${process.pid}-`))
  works.add(dir)
  return dir
}

/** Where files are pages and no more: a disk takes minutes to make 600,000 small ones, and again to remove them. */
const MEMORY = '/dev/shm/kmemscope-kernels'
/** Measured: 65,535 cgroups of nine files take 3.3 GB. */
const MEMORY_NEEDED = 5 * 1024 ** 3

/** A directory to work in for very many files: in memory where there is room. */
export function manyFilesDirectory(): string {
  try {
    const { bavail, bsize } = statfsSync(dirname(MEMORY))
    if (bavail * bsize >= MEMORY_NEEDED) return workDirectory(MEMORY)
  } catch {}
  return workDirectory()
}

export function forgetWork(dir: string): void {
  rmSync(dir, { recursive: true, force: true })
  works.delete(dir)
}

/** Takes away what a killed run left, and unless told otherwise what this one works on. */
export function forgetAllWork(own = true): void {
  if (own) for (const dir of works) forgetWork(dir)
  for (const above of [place, MEMORY]) {
    if (!existsSync(above)) continue
    for (const name of readdirSync(above)) {
      const pid = /^work-(\d+)-/.exec(name)?.[1]
      if (pid !== undefined && !existsSync(`/proc/${pid}`))
        rmSync(join(above, name), { recursive: true, force: true })
    }
  }
}

const making = new Map<string, Promise<string>>()

/**
 * The directory `<kind>-<key>` of the cache; `make` fills it where it is not there yet. Half of a directory is never
 * seen: it is made elsewhere and renamed.
 */
export function cached(kind: string, key: string, make: (dir: string) => Promise<void>): Promise<string> {
  const dir = join(place, `${kind}-${key}`)
  const known = making.get(dir)
  if (known !== undefined) return known
  const made = (async () => {
    if (existsSync(dir)) {
      const now = new Date()
      utimesSync(dir, now, now)
      return dir
    }
    const work = workDirectory()
    try {
      await make(work)
    } catch (error) {
      forgetWork(work)
      throw error
    }
    try {
      mkdirSync(dirname(dir), { recursive: true })
      renameSync(work, dir)
    } catch (error) {
      // somebody else was faster
      if (!existsSync(dir)) throw error
      rmSync(work, { recursive: true, force: true })
    }
    works.delete(work)
    return dir
  })()
  making.set(dir, made)
  return made
}

/** Unused for so long, a kernel or an image is taken away: a newer build of it has come (ours). */
const UNUSED = 30 * 24 * 3600 * 1000

export function forgetUnused(): void {
  if (!existsSync(place)) return
  for (const name of readdirSync(place)) {
    if (!/-[0-9a-f]{16}$/.test(name)) continue
    const path = join(place, name)
    if (Date.now() - statSync(path).mtimeMs > UNUSED) rmSync(path, { recursive: true, force: true })
  }
}
