// npm run bench: what kmemscope costs, beside its limits and beside the floor: a C program that makes the same stat,
// readdir, open, read and close on the same files. Both run in turns in one run; medians are printed. `-- logs` measures
// the reading of logs alone (logs.mjs), `-- memcgs` what cgroups cost (memcgs.mjs).

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { benchLogs } from './logs.mjs'
import { compareCensus, compareMemory, comparePins } from './memcgs.mjs'

const ROUNDS = 5
/** The third sample of a process: what a watching kmemscope pays, with warm caches and compiled code. */
const SAMPLES = 3
const CPU_RATIO_LIMIT = 1.6
const RSS_LIMIT_MIB = 200
const REPORT_CPU_LIMIT_SECONDS = 0.4
const LOG_BYTES = 100e6

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const self = fileURLToPath(import.meta.url)
const main = join(root, 'dist/node/cli/main.js')

const MIB = 1024 * 1024

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function output(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * MIB,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr.trim()}`)
  return stdout
}

/** One live sample of the memory cgroup tree, as the collector takes it. */
async function sampler() {
  const { default: memcg } = await import('../dist/core/collectors/memcg.js')
  const { liveTree } = await import('../dist/node/trees/live-tree.js')
  const node = { kernel: release() }
  return {
    tree: liveTree(),
    sample: (/** @type {import('../src/core/tree/tree.ts').Tree} */ tree) => {
      const at = Date.now()
      return memcg.collect(tree, { at, node, sample: { at } }).sample?.memcg?.memcgs.length ?? 0
    },
  }
}

/** In a process of its own: the cost of the last of three samples. */
async function sampleInThisProcess() {
  const { tree, sample } = await sampler()
  let memcgs = 0
  let cpu = 0
  for (let count = 0; count < SAMPLES; count += 1) {
    const before = process.resourceUsage()
    memcgs = sample(tree)
    const after = process.resourceUsage()
    cpu = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime
  }
  const rss = process.resourceUsage().maxRSS * 1024
  console.log(JSON.stringify({ memcgs, cpu, rss }))
}

/** Writes what a sample asks of the kernel, step by step, to `file`. */
async function writeSteps(/** @type {string} */ file) {
  const { tree, sample } = await sampler()
  /** @type {string[]} */
  const steps = []
  const below = (/** @type {string} */ path) => /^sys\/fs\/cgroup(\/|$)/.test(path)
  /** @type {typeof tree} */
  const recorded = {
    ...tree,
    stat: dir => {
      if (below(dir)) steps.push(`s /${dir}`)
      return tree.stat(dir)
    },
    directories: dir => {
      if (below(dir)) steps.push(`d /${dir}`)
      return tree.directories(dir)
    },
    peek: path => {
      if (below(path)) steps.push(`r /${path}`)
      return tree.peek(path)
    },
  }
  sample(recorded)
  const descriptor = openSync(file, 'w')
  writeSync(descriptor, steps.map(step => `${step}\n`).join(''))
  closeSync(descriptor)
}

/** @param {boolean} within */
function judged(within) {
  return within ? 'ok' : 'OVER'
}

/**
 * @param {string} floor
 * @param {string} scratch
 */
function compareSamples(floor, scratch) {
  const steps = join(scratch, 'steps')
  output(process.execPath, [self, 'steps', steps])
  const count = readFileSync(steps, 'utf8').split('\n').length - 1
  /** @type {{ memcgs: number, cpu: number, rss: number }[]} */
  const ours = []
  /** @type {number[]} */
  const floors = []
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(JSON.parse(output(process.execPath, [self, 'sample'])))
    floors.push(Number(output(floor, ['steps', steps, String(SAMPLES)])))
  }
  const cpu = median(ours.map(one => one.cpu))
  const bottom = median(floors)
  const rss = median(ours.map(one => one.rss)) / MIB
  const ratio = cpu / bottom
  const ms = (/** @type {number} */ microseconds) => `${(microseconds / 1000).toFixed(1)} ms`
  console.log(
    `sample of ${ours[0]?.memcgs} memory cgroups (${count} steps): kmemscope ${ms(cpu)} CPU, C ${ms(bottom)} CPU, ` +
      `ratio ${ratio.toFixed(2)} (limit ${CPU_RATIO_LIMIT}: ${judged(ratio <= CPU_RATIO_LIMIT)}), ` +
      `resident ${rss.toFixed(0)} MiB (limit ${RSS_LIMIT_MIB}: ${judged(rss <= RSS_LIMIT_MIB)})`,
  )
}

/**
 * CPU and wall time of a whole process, in seconds, and its largest resident size in MiB.
 * @param {string} floor
 * @param {string[]} command
 */
function costOf(floor, command) {
  const runs = Array.from({ length: ROUNDS }, () =>
    output(floor, ['run', ...command])
      .trim()
      .split(' ')
      .map(Number),
  )
  const column = (/** @type {number} */ index) => median(runs.map(run => run[index] ?? Number.NaN))
  return { cpu: column(0) / 1e6, wall: column(1) / 1e6, rss: column(2) / 1024 }
}

/**
 * A kernel log of ordinary lines with one OOM kill in every thousand, in the form of 4.19 and later.
 * @param {string} file
 */
function writeLog(file) {
  const descriptor = openSync(file, 'w')
  let seconds = 100
  let written = 0
  /** @type {string[]} */
  let lines = []
  for (let line = 0; written < LOG_BYTES; line += 1) {
    seconds += 0.01
    const stamp = `[${seconds.toFixed(6).padStart(12)}] `
    const pid = 1000 + (line % 30000)
    const pod = `/kubepods/burstable/pod${(line % 4096).toString(16).padStart(8, '0')}-1111-2222-3333-444455556666`
    const texts =
      line % 1000 === 0
        ? [
            `java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=996`,
            `memory: usage 65536kB, limit 65536kB, failcnt ${line}`,
            `kmem: usage 65328kB, limit 9007199254740988kB, failcnt 0`,
            `Memory cgroup stats for ${pod}:`,
            `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${pod},task_memcg=${pod},task=java,pid=${pid},uid=0`,
            `Memory cgroup out of memory: Killed process ${pid} (java) total-vm:2344kB, anon-rss:0kB, file-rss:1228kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:996`,
          ]
        : [
            `IPVS: rr: TCP 10.0.${line % 256}.${line % 251}:443 - no destination available, veth${pid}: link becomes ready`,
          ]
    for (const text of texts) lines.push(`${stamp}${text}\n`)
    if (lines.length >= 10_000) {
      written += writeSync(descriptor, lines.join(''))
      lines = []
    }
  }
  closeSync(descriptor)
  return written
}

function memoryMount() {
  const mountinfo = process.platform === 'linux' ? readFileSync('/proc/self/mountinfo', 'utf8') : ''
  return /^\d+ \d+ \S+ \/ (\S+) .* - cgroup \S+ \S*\bmemory\b/m.exec(mountinfo)?.[1]
}

/**
 * @param {string} floor
 * @param {string} scratch
 */
function compareLogs(floor, scratch) {
  const log = join(scratch, 'kernel.log')
  const megabytes = writeLog(log) / 1e6
  const decode = costOf(floor, [process.execPath, main, 'decode', log, '-o', 'json'])
  for (const [name, cost] of /** @type {const} */ ([
    ['kmemscope decode', decode],
    ['wc -l', costOf(floor, ['wc', '-l', log])],
    ['grep -c oom-kill', costOf(floor, ['grep', '-c', 'oom-kill', log])],
  ])) {
    console.log(
      `log of ${megabytes.toFixed(0)} MB: ${name} ${(megabytes / cost.wall).toFixed(0)} MB/s, ` +
        `${cost.cpu.toFixed(2)} s CPU, resident ${cost.rss.toFixed(0)} MiB`,
    )
  }
}

/**
 * @param {string} floor
 * @param {number} memcgs
 */
function compareReport(floor, memcgs) {
  const { cpu, wall, rss } = costOf(floor, [process.execPath, main, 'diagnose', '-o', 'json'])
  console.log(
    `start to report with ${memcgs} memory cgroups: ${cpu.toFixed(2)} s CPU ` +
      `(limit ${REPORT_CPU_LIMIT_SECONDS}: ${judged(cpu <= REPORT_CPU_LIMIT_SECONDS)}), ` +
      `${wall.toFixed(2)} s wall, resident ${rss.toFixed(0)} MiB`,
  )
}

/** `logs`: only what reading logs costs; `memcgs`: only what cgroups cost. */
async function bench(/** @type {string | undefined} */ only) {
  const onlyLogs = only === 'logs'
  const model = cpus()[0]?.model ?? 'unknown CPU'
  console.log(
    `machine: ${cpus().length} × ${model.trim()}, ${(totalmem() / 1024 / MIB).toFixed(0)} GiB, ` +
      `${process.platform} ${release()}, node ${process.version}; medians of ${ROUNDS}`,
  )
  const mount = process.getuid?.() === 0 && !onlyLogs ? memoryMount() : undefined
  const scratch = mkdtempSync(join(tmpdir(), 'kmemscope-bench-'))
  const own = join(mount ?? scratch, `kmemscope-bench-${process.pid}`)
  // takes everything away when we are gone, also after Ctrl-C
  const undoing = spawn('sh', [join(root, 'test/live/undo.sh'), own, scratch], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  const floor = join(scratch, 'memcg-floor')
  if (spawnSync('cc', ['--version']).error !== undefined) {
    console.log('needs a C compiler: apt-get install gcc libc6-dev')
    process.exit(1)
  }
  output('cc', ['-O2', '-Wall', '-o', floor, join(root, 'bench/memcg-floor.c')])

  if (onlyLogs) {
    // nothing of the node is measured
  } else if (mount === undefined) {
    console.log(
      'not measured: samples of many memory cgroups (needs root and the memory controller of cgroup v1)',
    )
  } else {
    console.log(
      `makes up to 10,000 empty memory cgroups (0.5 GB of kernel memory) in ${own}, removed at the end`,
    )
    mkdirSync(own)
    let made = 0
    const grow = (/** @type {number} */ to) => {
      for (; made < to; made += 1) mkdirSync(join(own, String(made)))
    }
    grow(200)
    compareReport(floor, made)
    comparePins(floor, scratch)
    compareMemory(floor, own)
    for (const count of [1000, 10_000]) {
      grow(count)
      compareSamples(floor, scratch)
    }
    compareCensus(floor, scratch)
  }
  if (only !== 'memcgs') {
    compareLogs(floor, scratch)
    await benchLogs(floor, scratch)
  }

  const ended = once(undoing, 'exit')
  undoing.stdin?.end()
  const [status] = await ended
  if (status !== 0) console.log(`could not remove ${own} and ${scratch}`)
}

const [mode, argument = ''] = process.argv.slice(2)
if (mode === 'sample') await sampleInThisProcess()
else if (mode === 'steps') await writeSteps(argument)
else await bench(mode)
