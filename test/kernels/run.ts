// Programs of the machine the lab runs on. What they print is shown only where they fail.

import { spawn } from 'node:child_process'

export class Failed extends Error {}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** The program has this process's terminal. */
  readonly terminal?: boolean
  /** What it is sent when this process was killed; TERM where it then ends what it started itself, as make does. */
  readonly deathSignal?: 'KILL' | 'TERM'
}

/** As kill(2) takes them: a pid, or a group's negated. */
const running = new Set<number>()

/** Ends what is running, with all that it started. */
export function endAll(): void {
  for (const target of running) {
    try {
      process.kill(target, 'SIGKILL')
    } catch {}
  }
}

/**
 * Starts a program that ends with this process, however this one ends (PR_SET_PDEATHSIG, which Linux has). Standard
 * input is closed unless something is given.
 */
export function start(
  program: string,
  args: readonly string[],
  { cwd, input, env, terminal, deathSignal = 'KILL' }: RunOptions = {},
) {
  const [name = program, ...rest] =
    process.platform === 'linux'
      ? ['setpriv', '--pdeathsig', deathSignal, program, ...args]
      : [program, ...args]
  const child = spawn(name, rest, {
    // a group of its own, but where it must hear the terminal
    detached: !terminal,
    stdio: terminal ? 'inherit' : [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, LC_ALL: 'C', ...env },
  })
  const { pid } = child
  if (pid !== undefined) {
    const target = terminal ? pid : -pid
    running.add(target)
    child.once('exit', () => running.delete(target))
  }
  if (input !== undefined) {
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  }
  return child
}

/** Runs a program to its end; what it printed on standard output. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = start(program, args, options)
    const out: Buffer[] = []
    const all: Buffer[] = []
    child.stdout?.on('data', (piece: Buffer) => {
      out.push(piece)
      all.push(piece)
    })
    child.stderr?.on('data', (piece: Buffer) => all.push(piece))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'))
      else {
        const told = Buffer.concat(all).toString('utf8').trim().split('\n').slice(-20).join('\n')
        reject(new Failed(`${program} ${args.join(' ')} ended with ${code ?? signal}:\n${told}`))
      }
    })
  })
}
