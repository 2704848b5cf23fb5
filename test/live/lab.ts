// A place on the real kernel to do harm in: memory cgroups below a root of our own and a scratch directory with tmpfs
// mounts. Whatever becomes of the test, a process of its own (undo.sh) takes all of it away once the test is gone.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Where the memory controller of cgroup v1 is mounted whole. */
function memoryMount(): string | undefined {
  const match = /^\d+ \d+ \S+ \/ (\S+) .* - cgroup \S+ \S*\bmemory\b/m
  return match.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1]
}

/** A C compiler that has the headers of the C library. */
function compiler(): string | undefined {
  const input = '#include <sys/mman.h>\n'
  return ['cc', 'gcc'].find(
    name => spawnSync(name, ['-x', 'c', '-fsyntax-only', '-'], { input }).status === 0,
  )
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Why there can be no lab here; undefined where there can. */
export function noLab(): string | undefined {
  if (process.platform !== 'linux') return 'live: not Linux'
  if (process.getuid?.() !== 0) return 'live: not root'
  const mount = memoryMount()
  if (mount === undefined) return 'live: no cgroup v1 memory controller'
  if (!isWritable(mount)) return 'live: the cgroup v1 memory controller is mounted read-only'
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return 'live: root may not mount here'
  if (compiler() === undefined) return 'live: no C compiler'
  return undefined
}

export interface Lab {
  /** The directory of our own root cgroup. */
  readonly dir: string
  /** Its path within the hierarchy: /kmemscope-test-1234. */
  readonly path: string
  /** The scratch directory. */
  readonly scratch: string
  /** Makes a memory cgroup below the root (and those above it), with a limit in bytes; gives its directory. */
  memcg(below: string, limit?: number): string
  /** Mounts a tmpfs in the scratch directory; gives its directory. */
  tmpfs(name: string): string
  /** Runs one of our C programs to its end. */
  run(
    program: 'leak' | 'dying' | 'pages' | 'map',
    ...args: readonly string[]
  ): {
    readonly signal: string | null
    readonly status: number | null
    readonly stdout: string
    readonly stderr: string
  }
  /** Starts `kinds`, which holds memory until it is ended; returns when it has it. */
  hold(...args: readonly string[]): Promise<{ end(): Promise<void> }>
  /** Takes everything away, and says if something could not be. */
  undo(): Promise<void>
}

export function openLab(): Lab {
  const mount = memoryMount()
  const cc = compiler()
  if (mount === undefined || cc === undefined) throw new Error(noLab())
  const path = `/kmemscope-test-${process.pid}`
  const dir = `${mount}${path}`
  const scratch = mkdtempSync(join(tmpdir(), 'kmemscope-test-'))
  chmodSync(scratch, 0o755)
  const undoing = spawn('sh', [join(here, 'undo.sh'), dir, scratch], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  mkdirSync(dir)
  const programs = new Set<string>()

  function build(program: string): string {
    const built = join(scratch, `${program}.out`)
    if (programs.has(program)) return built
    const source = join(here, `${program}.c`)
    const { status, stderr } = spawnSync(cc ?? 'cc', ['-O2', '-Wall', '-Wextra', '-o', built, source], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${cc} ${source}: ${stderr}`)
    programs.add(program)
    return built
  }

  return {
    dir,
    path,
    scratch,
    memcg(below, limit) {
      const made = join(dir, below)
      mkdirSync(made, { recursive: true })
      if (limit !== undefined) writeFileSync(join(made, 'memory.limit_in_bytes'), String(limit))
      return made
    },
    tmpfs(name) {
      const made = join(scratch, name)
      mkdirSync(made)
      const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', 'kmemscope-test', made], {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`mount: ${stderr}`)
      return made
    },
    run(program, ...args) {
      const { signal, status, stdout, stderr } = spawnSync(build(program), args, {
        encoding: 'utf8',
        timeout: 60_000,
      })
      return { signal, status, stdout, stderr }
    },
    async hold(...args) {
      const child = spawn(build('kinds'), args, { stdio: ['pipe', 'pipe', 'inherit'] })
      const ended = once(child, 'exit')
      const said = await Promise.race([once(child.stdout, 'data'), ended])
      if (String(said[0]) !== 'ready\n') throw new Error(`kinds ${args.join(' ')} ended with ${said[0]}`)
      return {
        async end() {
          child.stdin.end()
          await ended
        },
      }
    },
    async undo() {
      const ended = once(undoing, 'exit')
      undoing.stdin?.end()
      const [status] = await ended
      if (status !== 0) throw new Error(`could not take away ${dir} and ${scratch}`)
    },
  }
}

/** Asks until the answer is there, at most `seconds`; the last answer. */
export async function until<T>(ask: () => T, enough: (answer: T) => boolean, seconds: number): Promise<T> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const answer = ask()
    if (enough(answer) || Date.now() > end) return answer
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** Memory cgroups that are removed but not freed, by the kernel's own count: num_cgroups minus directories. */
export function dyingNow(): number {
  const mount = memoryMount() ?? ''
  const line = /^memory\t\d+\t(\d+)/m.exec(readFileSync('/proc/cgroups', 'utf8'))
  const below = readdirSync(mount, { recursive: true, withFileTypes: true }).filter(entry =>
    entry.isDirectory(),
  )
  return Number(line?.[1]) - below.length - 1
}

/** The same once it has not changed for a second: what was removed a moment ago is freed a little later. */
export async function settledDying(): Promise<number> {
  let count = dyingNow()
  for (let calm = 0, polls = 0; calm < 20 && polls < 300; polls += 1) {
    await new Promise(resolve => setTimeout(resolve, 50))
    const now = dyingNow()
    calm = now === count ? calm + 1 : 0
    count = now
  }
  return count
}
