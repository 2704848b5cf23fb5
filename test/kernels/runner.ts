// The runner on itself, with real guests: one that never ends, one that dies, one whose runner is ended from outside.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { boot } from './boot.ts'
import { builtKernel } from './built.ts'
import { forgetAllWork, forgetWork, place, workDirectory } from './cache.ts'
import { baseImage, initialImage } from './images.ts'
import type { Check } from './judge.ts'
import type { Kernel } from './lab.ts'

const KERNELS = fileURLToPath(new URL('../../scripts/kernels.mjs', import.meta.url))

/** Runs one script in a guest without Node, and looks at how that ended. */
async function check(
  kernel: Kernel,
  name: string,
  text: string,
  limitSeconds: number,
  faults: (ended: Awaited<ReturnType<typeof boot>>, console: string) => readonly (string | false)[],
): Promise<Check> {
  const built = await builtKernel(kernel, () => {})
  const dir = workDirectory()
  try {
    const initrd = await initialImage(await baseImage(built), [{ name: 'runner', text }], dir)
    const machine = { built, hierarchy: 'v2', initrd, memoryMiB: 128, cpus: 1, append: '' } as const
    const ended = await boot(machine, dir, limitSeconds)
    const log = readFileSync(join(dir, 'console.log'), 'utf8')
    return { name, faults: faults(ended, log).filter(fault => fault !== false) }
  } finally {
    forgetWork(dir)
  }
}

/** The pid of the guest that a runner started; waits for it for a minute at most. */
async function guestOf(runner: number): Promise<number | undefined> {
  for (let tries = 0; tries < 600; tries += 1) {
    await new Promise(resolve => setTimeout(resolve, 100))
    try {
      const children = readFileSync(`/proc/${runner}/task/${runner}/children`, 'utf8').trim().split(' ')
      const guest = children.find(
        pid => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('qemu-system'),
      )
      if (guest !== undefined) return Number(guest)
    } catch {
      // ended between two looks
    }
  }
  return undefined
}

/** Ends a runner by a signal while its guest runs; says what was left. */
async function interrupted(kernel: Kernel, signal: 'SIGINT' | 'SIGKILL'): Promise<Check> {
  const runner = spawn(process.execPath, [KERNELS, 'kernel', kernel.id, '--run', 'sleep 1000'], {
    stdio: 'ignore',
  })
  const ended = once(runner, 'exit')
  const guest = await guestOf(runner.pid ?? 0)
  runner.kill(signal)
  await ended
  const faults: string[] = []
  if (guest === undefined) faults.push('no guest was seen')
  for (let tries = 0; tries < 50 && existsSync(`/proc/${guest}`); tries += 1) {
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  if (existsSync(`/proc/${guest}`)) faults.push(`the guest, pid ${guest}, still runs`)
  // what nobody could take away is gone with the next run
  if (signal === 'SIGKILL') forgetAllWork(false)
  const left = readdirSync(place).filter(name => name.startsWith(`work-${runner.pid}-`))
  if (left.length > 0) faults.push(`left in ${place}: ${left.join(' ')}`)
  return { name: `ended by ${signal}`, faults }
}

/** What the runner promises, on one kernel. */
export async function runnerChecks(kernel: Kernel): Promise<readonly Check[]> {
  return [
    await check(kernel, 'a guest that never ends', 'sleep 1000', 12, ({ how, seconds }) => [
      how !== 'time-limit' && `ended as ${how}`,
      seconds > 20 && `took ${seconds.toFixed(0)} s`,
    ]),
    await check(
      kernel,
      'a guest that dies',
      'look before\nsleep 1\necho c >/proc/sysrq-trigger',
      120,
      ({ how, files }, console) => [
        how !== 'died' && `ended as ${how}`,
        !/Kernel panic|sysrq/i.test(console) && 'its console is silent',
        !existsSync(join(files, 'runner', 'before', 'tree', 'proc', 'meminfo')) &&
          'what it had packed is lost',
      ],
    ),
    await interrupted(kernel, 'SIGINT'),
    await interrupted(kernel, 'SIGKILL'),
  ]
}
