// Removed cgroups that tmpfs pins, and others that page cache pins, with directories that were left over beside them: what
// holds how many pages, below whom, must be what the kernel's own list of pages has, and what the advice frees must be
// seen to be free.

import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dyingNow, type Lab, noLab, openLab, settledDying, until } from './lab.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')

/** Of each kind; all of them cost some 70 MiB. */
const MADE = 2000
const PAGE = 4096
const TMPFS = 0x01021994

type Counts = Readonly<Record<string, number>>

interface Row {
  readonly cgroup: string
  readonly inode: number
  readonly podUid?: string
  readonly pages: Counts
  readonly own?: Counts
  readonly dead?: Counts
  readonly deadPages?: number
  readonly deadBytes?: number
  readonly error?: number
}

interface Candidate {
  readonly kind: string
  readonly path: string
  readonly files: number
  readonly bytes: number
  readonly mayPin: readonly string[]
  readonly largest: readonly { readonly path: string; readonly uid: number }[]
}

interface Cgroups {
  readonly dying?: number
  readonly pins: {
    readonly rows: readonly Row[]
    readonly withoutTasks: readonly Row[]
    readonly candidates: readonly Candidate[]
  }
}

function run(...args: readonly string[]): { readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [main, 'cgroups', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  })
  if (error !== undefined) throw error
  expect(status, stderr).toBe(0)
  return { stdout, stderr }
}

const reason = noLab()

describe('removed cgroups that pages pin', () => {
  let lab: Lab
  let files: { readonly tmpfs: string; readonly disk: string }
  const pod = `kubepods/burstable/pod${randomUUID()}`
  const job = 'job'
  const leftOver = ['left-1', 'left-2', 'left-3'].map(name => `${pod}/${name}`)
  let seen: Cgroups | undefined

  const look = (): Cgroups => JSON.parse(run('--pins', '-o', 'json').stdout)
  const rowOf = ({ pins }: Cgroups, below: string) =>
    pins.rows.find(({ cgroup }) => cgroup === `${lab.path}/${below}`)

  /** What the C program counts on the inode of a cgroup. */
  function counted(below: string): Counts {
    const { ino } = statSync(join(lab.dir, below))
    const counts: Record<string, number> = { pageCache: 0, tmpfs: 0, anonymous: 0 }
    const { status, stdout, stderr } = lab.run('pages')
    expect(status, stderr).toBe(0)
    for (const [, inode, kind = '', pages] of stdout.matchAll(/^(\d+) (\w+) (\d+)$/gm))
      if (Number(inode) === ino && kind in counts) counts[kind] = Number(pages)
    return counts
  }

  beforeAll(() => {
    if (reason === undefined) lab = openLab()
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  it('are made: 2,000 by files on tmpfs, 2,000 by files on disk, and three directories beside them left over', async () => {
    files = { tmpfs: lab.tmpfs('volume'), disk: join(lab.scratch, 'disk') }
    mkdirSync(files.disk)
    expect(statfsSync(files.disk).type, 'the scratch directory is in memory').not.toBe(TMPFS)
    const home = lab.memcg('home')
    const before = await settledDying()
    expect(lab.run('dying', lab.memcg(pod), files.tmpfs, String(MADE), home)).toMatchObject({ status: 0 })
    expect(lab.run('dying', lab.memcg(job), files.disk, String(MADE), home)).toMatchObject({ status: 0 })
    for (const below of leftOver) {
      const written = spawnSync('sh', [
        '-c',
        'echo 0 > "$0/cgroup.procs" && head -c 131072 /dev/zero > "$1"',
        lab.memcg(below),
        join(lab.scratch, below.replace(/.*\//, '')),
      ])
      expect(written.status).toBe(0)
    }
    expect(dyingNow() - before).toBeGreaterThanOrEqual(2 * MADE - 5)
  })

  it('are counted within five, and the cost is announced first', () => {
    const least = dyingNow()
    const { stdout, stderr } = run('--pins', '-o', 'json')
    seen = JSON.parse(stdout)
    const most = dyingNow()
    expect(seen?.dying).toBeGreaterThanOrEqual(Math.min(least, most) - 5)
    expect(seen?.dying).toBeLessThanOrEqual(Math.max(least, most) + 5)
    expect(stderr).toMatch(/^kmemscope: reading the owner of each page: an estimated [\d.]+ s of CPU time/)
  })

  it('stand below the right parent, page for page as the kernel has them', () => {
    if (seen === undefined) throw new Error('nothing was seen')
    const onTmpfs = rowOf(seen, pod)
    expect(onTmpfs).toMatchObject({ error: 0, deadPages: MADE, deadBytes: MADE * PAGE })
    expect(onTmpfs?.dead).toEqual(counted(pod))
    expect(onTmpfs?.dead).toEqual({ pageCache: 0, tmpfs: MADE, anonymous: 0 })
    expect(onTmpfs?.podUid).toBe(pod.replace(/.*\/pod/, ''))
    // the kernel may take page cache back at any time: ours is what it was before, after, or in between
    const before = counted(job)
    const onDisk = rowOf(look(), job)
    const after = counted(job)
    const cached = onDisk?.dead?.['pageCache'] ?? 0
    expect(cached).toBeGreaterThanOrEqual(Math.min(before['pageCache'] ?? 0, after['pageCache'] ?? 0))
    expect(cached).toBeLessThanOrEqual(Math.max(before['pageCache'] ?? 0, after['pageCache'] ?? 0))
    // blocks of directories and inodes that the filesystem read for it are page cache, too
    expect(cached).toBeGreaterThan(0.9 * MADE)
    expect(cached).toBeLessThan(1.5 * MADE)
    expect(onDisk).toMatchObject({ error: 0, dead: { tmpfs: 0, anonymous: 0 } })
  })

  it('are told apart from directories without a process, whose pages are their own', () => {
    for (const below of leftOver) {
      if (seen === undefined) throw new Error('nothing was seen')
      expect(rowOf(seen, below)).toBeUndefined()
      const left = seen.pins.withoutTasks.find(({ cgroup }) => cgroup === `${lab.path}/${below}`)
      expect(left?.own?.['pageCache']).toBeGreaterThan(0)
      expect(left?.deadPages).toBeLessThanOrEqual(left?.error ?? 0)
    }
  })

  it('have the mount among the files that may pin them, with its size and owner', () => {
    const place = seen?.pins.candidates.find(({ path }) => path === files.tmpfs)
    expect(place).toMatchObject({ kind: 'tmpfs', files: MADE, bytes: MADE * PAGE })
    expect(place?.mayPin).toContain(`${lab.path}/${pod}`)
    expect(place?.mayPin).not.toContain(`${lab.path}/${job}`)
    expect(place?.largest[0]).toMatchObject({ uid: 0 })
    const schema = JSON.parse(readFileSync(join(root, 'schemas/cgroups.json'), 'utf8'))
    const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(schema)
    validate(seen)
    expect(validate.errors).toBeNull()
  })

  it('are freed by what is advised, file by file, and seen to be', async () => {
    spawnSync('sync')
    const names = readdirSync(files.disk).slice(0, 500)
    const resident = () => {
      const paths = names.map(name => join(files.disk, name))
      const { stdout } = spawnSync('fincore', ['-n', '-o', 'PAGES', ...paths], { encoding: 'utf8' })
      return stdout.split('\n').reduce((sum, line) => sum + Number(line), 0)
    }
    const inMemory = resident()
    const before = counted(job)['pageCache'] ?? 0
    expect(inMemory).toBeGreaterThan(0.9 * names.length)
    const advised = 'for f; do sync "$f"; dd if="$f" iflag=nocache count=0 2>/dev/null; done'
    expect(spawnSync('sh', ['-c', advised, 'sh', ...names], { cwd: files.disk }).status).toBe(0)
    expect(resident()).toBe(0)
    for (const name of readdirSync(files.tmpfs).slice(0, 500)) rmSync(join(files.tmpfs, name))
    const after = look()
    const freed = before - (rowOf(after, job)?.dead?.['pageCache'] ?? 0)
    expect(freed).toBeGreaterThan(0.9 * inMemory)
    // no more than they had, but for what the kernel took back by itself meanwhile
    expect(freed).toBeLessThan(inMemory + 0.1 * MADE)
    expect(rowOf(after, pod)?.dead?.['tmpfs']).toBe(MADE - 500)

    const dying = dyingNow()
    rmSync(files.disk, { recursive: true })
    for (const name of readdirSync(files.tmpfs)) rmSync(join(files.tmpfs, name))
    // what blocks of directories and inodes pin stays until the filesystem lets go of them
    const enough = dying - (MADE - 500) - 0.75 * (MADE - 500)
    expect(await until(dyingNow, now => now <= enough, 10)).toBeLessThanOrEqual(enough)
    const gone = look()
    expect(rowOf(gone, pod)).toBeUndefined()
    expect(rowOf(gone, job)?.deadPages ?? 0).toBeLessThan(0.25 * MADE)
  })

  it('are shown to a person with what holds them and how to prove it', () => {
    lab.run('dying', lab.memcg(pod), files.tmpfs, '50', lab.memcg('home'))
    const { stdout } = run('--pins')
    expect(stdout).toContain(`${lab.path}/${pod}`.slice(-20))
    expect(stdout).toContain('To prove one on tmpfs')
    expect(stdout.replace(/\s+/g, ' ')).toContain(`tmpfs ${files.tmpfs}: 200 KiB in files: 50`)
    const chinese = run('--pins', '--lang', 'zh').stdout
    expect(chinese).toContain('要证实 tmpfs 上的某个文件')
  })
})
