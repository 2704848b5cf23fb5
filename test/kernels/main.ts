// npm run test:kernels: starts the guests of a tier, each with Node inside and without, and judges what kmemscope says
// of them. npm run kernel: starts one, with a prompt or for one command.

import { cpSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { boot, shell } from './boot.ts'
import { BUILD_TOOLS, builtKernel } from './built.ts'
import { forgetAllWork, forgetUnused, forgetWork, manyFilesDirectory, place, workDirectory } from './cache.ts'
import { installTools } from './debian.ts'
import { baseImage, IMAGE_TOOLS, initialImage, nodeDisk } from './images.ts'
import { type Check, type Judged, judge } from './judge.ts'
import { type Hierarchy, type Kernel, kernels, type Look, scenarios } from './lab.ts'
import { OWN_TOOLS } from './own.ts'
import { nameOf, type Plan, plans } from './plan.ts'
import { endAll, Failed } from './run.ts'
import { runnerChecks } from './runner.ts'

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Ends guests and takes away what is half done, however this process is ended. */
function cleanOnInterruption(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      endAll()
      forgetAllWork()
      process.exit(signal === 'SIGINT' ? 130 : 143)
    })
  }
}

function mustBeLinux(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Failed(
      `the kernel lab starts x86-64 kernels on Linux; this is ${process.platform} on ${process.arch}`,
    )
}

async function prepare(wanted: readonly Kernel[]): Promise<void> {
  mustBeLinux()
  const own = wanted.some(({ from }) => from.kind === 'own')
  await installTools([...IMAGE_TOOLS, ...BUILD_TOOLS, ...(own ? OWN_TOOLS : [])], say)
  forgetAllWork()
  forgetUnused()
}

interface Started {
  readonly files: string
  readonly seconds: number
  readonly dir: string
  readonly faults: readonly string[]
}

/** Lines of sh that define `asked NAME`: what else is asked in the guest at that look. */
function asked(looks: Readonly<Record<string, Look>>): string {
  const word = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const cases = Object.entries(looks).map(([look, { asks = {} }]) => {
    const lines = Object.entries(asks).map(([question, { words }]) =>
      ['answer', '"$1"', question, ...words().map(word)].join(' '),
    )
    return `${word(look)}) ${[...lines, ':'].join('; ')} ;;`
  })
  return `asked() { case $1 in ${cases.join(' ')} esac; }`
}

/** Runs one guest of a plan, with Node inside or without. */
async function started(plan: Plan, inside: boolean): Promise<Started> {
  const built = await builtKernel(plan.kernel, say)
  const dir = workDirectory()
  const scripts = plan.scenarios.map(one => ({
    name: one.id,
    text: `set -e\n${asked(one.looks(plan))}\n${one.guest(plan)}`,
  }))
  const initrd = await initialImage(await baseImage(built), scripts, dir)
  const ended = await boot(
    { built, initrd, ...plan, ...(inside ? { node: await nodeDisk() } : {}) },
    dir,
    plan.limitSeconds,
    plan.manyFiles ? manyFilesDirectory() : undefined,
  )
  const faults: string[] = []
  if (ended.how === 'time-limit') faults.push(`stopped at the time limit of ${plan.limitSeconds} s`)
  if (ended.how === 'died') faults.push('the guest ended before its scenarios did')
  for (const { name } of scripts) {
    const status = ended.output
      .map(line => /^lab: ended (\S+) (\d+)/.exec(line))
      .find(match => match?.[1] === name)?.[2]
    if (status !== '0') faults.push(`the script of ${name} ended with ${status ?? 'nothing'}`)
  }
  if (faults.length > 0) faults.push(...ended.output.slice(-12).map(line => `| ${line}`))
  return { files: ended.files, seconds: ended.seconds, dir, faults }
}

/** Moves what a boot left to where it stays until the next one like it. */
function keep({ dir, files }: Started, plan: Plan, inside: boolean): string {
  const kept = join(
    place,
    'kept',
    `${plan.kernel.id}-${plan.hierarchy}-${plan.name}${inside ? '' : '-without-node'}`,
  )
  for (const name of ['tree', 'own', 'initrd']) rmSync(join(dir, name), { recursive: true, force: true })
  if (plan.manyFiles) forgetWork(files)
  rmSync(kept, { recursive: true, force: true })
  mkdirSync(join(place, 'kept'), { recursive: true })
  renameSync(dir, kept)
  forgetWork(dir)
  return kept
}

interface Count {
  passed: number
  failed: number
}

function tell(title: string, checks: readonly Check[], seconds: number, kept: string, count: Count): void {
  const bad = checks.filter(({ faults }) => faults.length > 0)
  count.passed += checks.length - bad.length
  count.failed += bad.length
  say(
    `${bad.length === 0 ? 'ok  ' : 'FAIL'} ${title}: ${checks.length - bad.length} of ${checks.length} hold (${seconds.toFixed(1)} s)`,
  )
  for (const { name, faults } of bad) {
    say(`       ${name}`)
    for (const fault of faults) for (const line of fault.split('\n')) say(`         ${line}`)
  }
  if (bad.length > 0) say(`       log and files: ${kept}`)
}

/** Both boots of a plan: with Node inside, where kmemscope judges twice, and without. */
async function tested(plan: Plan, count: Count): Promise<void> {
  const saidBefore = new Map<string, Judged['said']>()
  for (const inside of [true, false]) {
    const title = (id: string) => `${plan.kernel.id} ${plan.hierarchy} ${id}${inside ? '' : ' without Node'}`
    let one: Started
    try {
      one = await started(plan, inside)
    } catch (error) {
      if (!(error instanceof Failed)) throw error
      count.failed += 1
      say(`FAIL ${title(plan.name)}: ${error.message}`)
      return
    }
    const all: (readonly [string, readonly Check[]])[] = [
      [title(`(${plan.name})`), [{ name: 'boot', faults: one.faults }]],
    ]
    for (const scenario of plan.scenarios) {
      const judged = await judge(scenario, plan, one.files, inside, saidBefore.get(scenario.id))
      saidBefore.set(scenario.id, judged.said)
      all.push([title(scenario.id), judged.checks])
    }
    const kept = keep(one, plan, inside)
    for (const [name, checks] of all) tell(name, checks, one.seconds, kept, count)
  }
}

const TEST_HELP = `npm run test:kernels -- [OPTIONS] [WORD…]

Starts real kernels under QEMU, does harm in them, and holds what kmemscope says against what it must say. Needs Debian;
as root it installs what is missing, and says so first.

  WORD          only scenarios that have all of the words: 6.1  v2  dying-memcgs, or the name of a boot
  --tier 2      also the kernel built from source, and what takes long
  --repeat N    everything N times in a row
  --jobs N      guests at a time (one for each CPU)
  --list        says what there is, and starts nothing

  npm run test:kernels
  npm run test:kernels -- 6.12 dying-memcgs --repeat 3

Kernels and images are kept in ${place} (KMEMSCOPE_KERNELS says where),
the files and logs of the last run in kept/ there. docs/kernels.md says how to add a kernel or a scenario.`

/** The command `npm run test:kernels`; its exit code. */
export async function test(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      tier: { type: 'string', default: '1' },
      repeat: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    say(TEST_HELP)
    return 0
  }
  const number = (name: 'tier' | 'repeat' | 'jobs', most: number): number => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= 1 && value <= most) return value
    throw new Failed(`--${name} takes a number from 1 to ${most}, not ${values[name]}`)
  }
  const tier = number('tier', 2)
  const repeat = number('repeat', 100)
  const jobs = number('jobs', 64)
  const all = await kernels()
  const wanted = plans(all, await scenarios(), tier, positionals)
  // the runner tries itself where everything is run, or where it is asked for by name
  const own = all.filter(
    one => one.tier === 1 && positionals.every(word => word === 'runner' || word === one.id),
  )
  const itself = positionals.length === 0 || positionals.includes('runner') ? own[0] : undefined
  if (wanted.length === 0 && itself === undefined)
    throw new Failed(`no scenario of tier ${tier} has all of: ${positionals.join(' ')}; --list names them`)
  if (values.list) {
    if (itself !== undefined)
      say(`${itself.id} runner: the lab itself: time limit, a guest that dies, interruption`)
    for (const plan of wanted) for (const one of plan.scenarios) say(`${nameOf(plan, one)}: ${one.about}`)
    return 0
  }
  cleanOnInterruption()
  const began = performance.now()
  const count: Count = { passed: 0, failed: 0 }
  const chosen = [
    ...new Set([...wanted.map(({ kernel }) => kernel), ...(itself === undefined ? [] : [itself])]),
  ]
  await prepare(chosen)
  await Promise.all(
    [nodeDisk(), ...new Set(wanted.map(({ kernel }) => kernel)).values()].map(one =>
      one instanceof Promise ? one : builtKernel(one, say),
    ),
  )
  const ready = performance.now()
  // the longest first, so that no CPU waits at the end
  const queue = Array.from({ length: repeat }, () =>
    [...wanted].sort((a, b) => b.limitSeconds - a.limitSeconds),
  ).flat()
  const boots = queue.length * 2
  const worker = async () => {
    for (let plan = queue.shift(); plan !== undefined; plan = queue.shift()) await tested(plan, count)
  }
  const testRunner = async () => {
    if (itself === undefined) return
    const began = performance.now()
    const checks = await runnerChecks(itself)
    tell(`${itself.id} runner`, checks, (performance.now() - began) / 1000, place, count)
  }
  await Promise.all([testRunner().then(worker), ...Array.from({ length: jobs - 1 }, worker)])
  const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(0)} s`
  say(
    `${boots} boots in ${seconds(ready, performance.now())}; kernels and images before that: ${seconds(began, ready)}`,
  )
  say(`${count.passed} passed, ${count.failed} failed`)
  return count.failed === 0 ? 0 : 1
}

const KERNEL_HELP = `npm run kernel -- KERNEL [OPTIONS] (--shell | --run COMMAND)

Starts one kernel under QEMU, with kmemscope of this checkout in the path.

  --shell              a prompt inside; exit ends the guest
  --run COMMAND        runs a command of sh, prints what it printed
  --out DIR            with --run: what the command kept (look, keep) lands here
  --cgroup v1|v2       the memory controller; the first the kernel has unless told
  --slub-debug FLAGS   slub_debug= on the kernel's command line: FZPU, FZPU,kmalloc-64
  --append 'A B'       more of the kernel's command line: 'kmemleak=on page_owner=on'
  --memory MIB         256 unless told
  --cpus N             2 unless told

  npm run kernel -- 6.1 --slub-debug FZPU --shell
  npm run kernel -- 6.12 --run 'kmemscope diagnose'`

/** The command `npm run kernel`; its exit code. */
export async function kernel(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      shell: { type: 'boolean', default: false },
      run: { type: 'string' },
      out: { type: 'string' },
      cgroup: { type: 'string' },
      'slub-debug': { type: 'string' },
      append: { type: 'string', default: '' },
      memory: { type: 'string', default: '256' },
      cpus: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const all = await kernels()
  if (values.help) {
    say(KERNEL_HELP)
    say(`\nKernels:\n${all.map(({ id, about }) => `  ${id.padEnd(10)} ${about}`).join('\n')}`)
    return 0
  }
  const [id, ...others] = positionals
  const chosen = all.find(one => one.id === id)
  if (chosen === undefined || others.length > 0)
    throw new Failed(`which kernel? One of: ${all.map(one => one.id).join(' ')}. --help says more`)
  if (values.shell === (values.run !== undefined)) throw new Failed('either --shell or --run COMMAND')
  const hierarchy = values.cgroup ?? chosen.hierarchies[0]
  const known = (text: string | undefined): text is Hierarchy => chosen.hierarchies.some(one => one === text)
  if (!known(hierarchy)) throw new Failed(`--cgroup: ${chosen.id} has ${chosen.hierarchies.join(' and ')}`)
  const memoryMiB = Number(values.memory)
  const cpus = Number(values.cpus)
  if (!(memoryMiB >= 64 && memoryMiB <= 65536))
    throw new Failed(`--memory takes MiB from 64, not ${values.memory}`)
  if (!(cpus >= 1 && cpus <= 64)) throw new Failed(`--cpus takes a number from 1 to 64, not ${values.cpus}`)
  const append = [
    values['slub-debug'] === undefined ? '' : `slub_debug=${values['slub-debug']}`,
    values.append,
  ]
    .join(' ')
    .trim()
  cleanOnInterruption()
  await prepare([chosen])
  const built = await builtKernel(chosen, say)
  const dir = workDirectory()
  try {
    const scripts = values.run === undefined ? [] : [{ name: 'run', text: values.run }]
    const initrd = await initialImage(await baseImage(built), scripts, dir)
    const machine = { built, hierarchy, initrd, memoryMiB, cpus, append, node: await nodeDisk() }
    if (values.run === undefined) {
      await shell(machine)
      return 0
    }
    const ended = await boot(machine, dir, 24 * 3600)
    const lines = ended.output
    const from = lines.findIndex(line => line.startsWith('lab: begins run'))
    const to = lines.findIndex(line => line.startsWith('lab: ended run'))
    for (const line of lines.slice(from + 1, to < 0 ? undefined : to)) say(line)
    if (values.out !== undefined) cpSync(join(ended.files), values.out, { recursive: true })
    const status = /^lab: ended run (\d+)/.exec(lines[to] ?? '')?.[1]
    if (status !== undefined) return Number(status)
    say(readFileSync(join(dir, 'console.log'), 'utf8').split('\n').slice(-30).join('\n'))
    throw new Failed('the guest ended before the command did')
  } finally {
    forgetWork(dir)
  }
}
