// npm run bench -- logs: what reading a kernel log costs. Noise in five dresses beside what else reads it, storms of
// reports, and a log written into a pipe; the memory of each. The reading is timed within a process, so that start-up is
// no part of it; a storm is timed as a person would run it.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NOISE_DRESSES, noise, randomOf } from './noise.mjs'

const ROUNDS = 5
const MIB = 1024 * 1024
const NOISE_BYTES = 256 * MIB
/** Of noise, beside one regular expression of all heads on the same bytes. */
const RATIO_LIMIT = 1.5
const KILLS = 4500
const LEAKS = 50_000
const PIPED_LINES = 56_000
const PIPED_SECONDS = 3
/** Memory is compared with that of a log so many times as long, which may take so much more (what garbage is left). */
const LONGER = 4
const GROWTH_LIMIT_MIB = 48

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const main = join(root, 'dist/node/cli/main.js')
const self = fileURLToPath(import.meta.url)

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const judged = (/** @type {boolean} */ within) => (within ? 'ok' : 'OVER')

/**
 * Writes pieces of text until there are so many bytes.
 * @param {string} file
 * @param {Iterable<string>} texts
 * @param {number} most
 */
function writeTexts(file, texts, most = Number.POSITIVE_INFINITY) {
  const descriptor = openSync(file, 'w')
  let written = 0
  /** @type {string[]} */
  let batch = []
  for (const text of texts) {
    batch.push(text)
    if (batch.length < 4096) continue
    written += writeSync(descriptor, batch.join(''))
    batch = []
    if (written >= most) break
  }
  written += writeSync(descriptor, batch.join(''))
  closeSync(descriptor)
  return written
}

/** @param {string} name */
function* noiseIn(name) {
  const dress = NOISE_DRESSES[name] ?? (record => record.text)
  // the ring holds what the kernel says, and syslog what all say
  const daemons = /rsyslog|journalctl/.test(name) ? 35 : 0
  for (const record of noise(4711, daemons)) yield `${dress(record)}\n`
}

/**
 * A file in pieces, in one buffer.
 * @param {string} file
 */
function* piecesOf(file) {
  const descriptor = openSync(file, 'r')
  const piece = new Uint8Array(256 * 1024)
  try {
    for (;;) {
      const got = readSync(descriptor, piece, 0, piece.length, null)
      if (got === 0) return
      yield piece.subarray(0, got)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** All heads of all readers, as one expression. */
async function headsOf() {
  const { splitter } = await import('../dist/core/decode/kmsg/split.js')
  const { heads } = splitter({
    path: '',
    live: false,
    excerpt: () => false,
    release: () => undefined,
    emit: () => {},
  })
  return heads.map(head => head.source).join('|')
}

/** In a process of its own: the files read by us, and by one expression, in turns; seconds of each round. */
async function readInThisProcess(/** @type {string[]} */ files) {
  const { readKernelLog } = await import('../dist/core/decode/kmsg/log.js')
  const pattern = new RegExp(await headsOf(), 'g')
  const ways = {
    kmemscope: (/** @type {string} */ file) => readKernelLog(piecesOf(file), { path: file }).source.records,
    expression(/** @type {string} */ file) {
      let found = 0
      for (const piece of piecesOf(file)) {
        const text = Buffer.from(piece.buffer, 0, piece.length).toString('latin1')
        pattern.lastIndex = 0
        while (pattern.exec(text) !== null) found += 1
      }
      return found
    },
  }
  /** @type {Record<string, Record<string, number[]>>} */
  const seconds = {}
  /** @type {Record<string, Record<string, number>>} */
  const counts = {}
  for (const way of Object.keys(ways)) {
    seconds[way] = Object.fromEntries(files.map(file => [file, []]))
    counts[way] = {}
  }
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const [way, read] of Object.entries(ways))
      for (const file of files) {
        const before = performance.now()
        const count = read(file)
        const took = (performance.now() - before) / 1000
        // the first round compiles
        if (round > 0) seconds[way]?.[file]?.push(took)
        const found = counts[way]
        if (found) found[file] = count
      }
  const rss = process.resourceUsage().maxRSS * 1024
  console.log(JSON.stringify({ seconds, counts, rss }))
}

/**
 * Seconds of a program over the files, one after the other.
 * @param {string} program
 * @param {(file: string) => string[]} args
 * @param {string[]} files
 */
function program(program, args, files) {
  const before = performance.now()
  for (const file of files) spawnSync(program, args(file), { stdio: 'ignore' })
  return (performance.now() - before) / 1000
}

const installed = (/** @type {string} */ name) => spawnSync(name, ['--version']).error === undefined

/** @param {string} scratch */
async function noiseBench(scratch) {
  const names = Object.keys(NOISE_DRESSES)
  const files = names.map((_, index) => join(scratch, `noise-${index}.log`))
  const sizes = files.map((file, index) =>
    writeTexts(file, noiseIn(names[index] ?? ''), NOISE_BYTES / names.length),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const { stdout, status, stderr } = spawnSync(process.execPath, [self, 'read', ...files], {
    encoding: 'utf8',
    maxBuffer: MIB,
  })
  if (status !== 0) throw new Error(stderr)
  /** @type {{ seconds: Record<string, Record<string, number[]>>, counts: Record<string, Record<string, number>>, rss: number }} */
  const { seconds, counts, rss } = JSON.parse(stdout)
  const of = (/** @type {string} */ way, /** @type {string} */ file) => median(seconds[way]?.[file] ?? [])
  const all = (/** @type {string} */ way) => files.reduce((sum, file) => sum + of(way, file), 0)
  for (const [index, file] of files.entries()) {
    const ratio = of('kmemscope', file) / of('expression', file)
    console.log(
      `noise as ${names[index]}: ${counts['kmemscope']?.[file]} records, ` +
        `kmemscope ${((sizes[index] ?? 0) / 1e6 / of('kmemscope', file)).toFixed(0)} MB/s, ` +
        `one expression ${((sizes[index] ?? 0) / 1e6 / of('expression', file)).toFixed(0)} MB/s, ratio ${ratio.toFixed(2)}`,
    )
  }
  const ratio = all('kmemscope') / all('expression')
  const speed = (/** @type {number} */ took) =>
    `${took.toFixed(2)} s, ${(total / 1e6 / took).toFixed(0)} MB/s`
  console.log(
    `noise, ${(total / MIB).toFixed(0)} MiB: kmemscope ${speed(all('kmemscope'))}; one expression of all heads ` +
      `${speed(all('expression'))}; ratio ${ratio.toFixed(2)} (limit ${RATIO_LIMIT}: ${judged(ratio <= RATIO_LIMIT)}); ` +
      `resident ${(rss / MIB).toFixed(0)} MiB`,
  )
  const heads = await headsOf()
  /** @type {[string, string, (file: string) => string[]][]} */
  const others = [
    ['wc -l', 'wc', file => ['-l', file]],
    ['rg with the same heads', 'rg', file => ['-c', '--no-config', '-e', heads, file]],
  ]
  for (const [name, command, args] of others) {
    if (!installed(command)) {
      console.log(`noise: ${name}: not measured, ${command} is not installed`)
      continue
    }
    const took = median(Array.from({ length: ROUNDS }, () => program(command, args, files)))
    console.log(
      `noise: ${name} ${speed(took)}; kmemscope takes ${(all('kmemscope') / took).toFixed(1)} times as long`,
    )
  }
  console.log(
    `what limits it: every byte is one step of one automaton for all heads, whose next state waits for the one before ` +
      `(${((all('kmemscope') / total) * 1e9).toFixed(1)} ns a byte in all); more heads cost nothing, an expression gets slower`,
  )
}

const pad = (/** @type {number} */ seconds) => `[${seconds.toFixed(6).padStart(12)}] `

/**
 * OOM kills of memory cgroups as 5.x prints them, the tasks of each in a table.
 * @param {number} kills
 */
function* stormOfKills(kills) {
  const random = randomOf(kills)
  let seconds = 1000
  for (let kill = 0; kill < kills; kill += 1) {
    const pid = 2000 + (kill % 4_000_000)
    const pod = `/kubepods/burstable/pod${random(300).toString(16).padStart(8, '0')}-1111-2222-3333-444455556666`
    const tasks = Array.from({ length: 20 }, (_, at) => pid + at)
    const lines = [
      `java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=996`,
      `CPU: ${random(64)} PID: ${pid} Comm: java Not tainted 5.4.0-74-generic #83-Ubuntu`,
      `Call Trace:`,
      ...['dump_stack+0x6d/0x8b', 'dump_header+0x4f/0x1eb', 'oom_kill_process.cold+0xb/0x10'].map(
        at => ` ${at}`,
      ),
      ` mem_cgroup_out_of_memory+0xc4/0xd0`,
      `memory: usage 65536kB, limit 65536kB, failcnt ${kill}`,
      `swap: usage 0kB, limit 9007199254740988kB, failcnt 0`,
      `kmem: usage ${random(65536)}kB, limit 9007199254740988kB, failcnt 0`,
      `Memory cgroup stats for ${pod}:`,
      ...['anon', 'file', 'kernel_stack', 'slab', 'sock', 'shmem', 'pgfault'].map(
        key => `${key} ${random(1e8)}`,
      ),
      `Tasks state (memory values in pages):`,
      `[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name`,
      ...tasks.map(
        task =>
          `[${String(task).padStart(7)}]     0 ${task}   586000    16000   400000        0           996 java`,
      ),
      `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${pod},task_memcg=${pod},task=java,pid=${pid},uid=0`,
      `Memory cgroup out of memory: Killed process ${pid} (java) total-vm:2344000kB, anon-rss:60000kB, file-rss:1228kB, shmem-rss:0kB, UID:0 pgtables:400kB oom_score_adj:996`,
      `oom_reaper: reaped process ${pid} (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB`,
    ]
    let text = ''
    for (const line of lines) {
      seconds += 0.0001
      text += `${pad(seconds)}${line}\n`
    }
    yield text
  }
}

/**
 * /sys/kernel/debug/kmemleak, of some two hundred places that allocate.
 * @param {number} records
 */
function* kmemleakFile(records) {
  const random = randomOf(records)
  for (let record = 0; record < records; record += 1) {
    const place = random(200)
    const size = 64 << random(6)
    yield `unreferenced object 0xffff8880${(0x10000000 + record * 64).toString(16)} (size ${size}):
  comm "kworker/${random(64)}:1", pid ${random(30_000)}, jiffies ${4_294_900_000 + record} (age ${random(90_000)}.${random(1000)}s)
  hex dump (first 32 bytes):
    00 00 00 00 00 00 00 00 ${random(256).toString(16).padStart(2, '0')} 00 00 00 00 00 00 00  ................
    6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b a5  kkkkkkkkkkkkkkk.
  backtrace:
    [<00000000${(0x10000 + place).toString(16)}>] kmem_cache_alloc_trace+0x15a/0x220
    [<00000000${(0x20000 + place).toString(16)}>] leaking_function_${place}+0x4c/0x100 [driver_${place % 20}]
    [<0000000012345678>] driver_probe+0x1d/0x40
    [<0000000087654321>] process_one_work+0x219/0x3e0
`
  }
}

/**
 * @param {string} floor
 * @param {string[]} command
 * @returns {{ wall: number, rss: number }} seconds and MiB
 */
function costOf(floor, command) {
  const { stdout, status, stderr } = spawnSync(floor, ['run', ...command], { encoding: 'utf8' })
  if (status !== 0 && status !== 1) throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`)
  const [, wall = Number.NaN, rss = Number.NaN] = stdout.trim().split(' ').map(Number)
  return { wall: wall / 1e6, rss: rss / 1024 }
}

/**
 * One file and one that is longer: the memory of both.
 * @param {string} floor
 * @param {string} what
 * @param {readonly string[]} commands
 * @param {(count: number) => Iterable<string>} texts
 * @param {number} count
 * @param {string} scratch
 */
function stormBench(floor, what, commands, texts, count, scratch) {
  const file = join(scratch, 'storm')
  for (const command of commands) {
    const [one, more] = [count, count * LONGER].map(size => {
      const megabytes = writeTexts(file, texts(size)) / 1e6
      const runs = Array.from({ length: size === count ? 3 : 1 }, () =>
        costOf(floor, [process.execPath, main, ...command.split(' '), file]),
      )
      return {
        size,
        megabytes,
        wall: median(runs.map(run => run.wall)),
        rss: median(runs.map(run => run.rss)),
      }
    })
    if (one === undefined || more === undefined) continue
    const growth = more.rss - one.rss
    console.log(
      `${one.size} ${what} (${one.megabytes.toFixed(0)} MB): kmemscope ${command} ${one.wall.toFixed(2)} s with start-up, ` +
        `resident ${one.rss.toFixed(0)} MiB; ${more.size} of them: ${more.wall.toFixed(2)} s, ${more.rss.toFixed(0)} MiB ` +
        `(growth limit ${GROWTH_LIMIT_MIB} MiB: ${judged(growth <= GROWTH_LIMIT_MIB)})`,
    )
  }
}

/**
 * Lines written into `diagnose -` by and by: seconds from the first to the report, kills reported, peak of memory in MiB.
 * @param {readonly string[]} lines
 * @param {number} seconds
 */
async function piped(lines, seconds) {
  const child = spawn(process.execPath, [main, 'diagnose', '-', '-o', 'json'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  /** @type {string[]} */
  const said = []
  child.stdout.setEncoding('utf8').on('data', text => said.push(text))
  const ended = once(child, 'close')
  let peak = 0
  const watch = setInterval(() => {
    try {
      const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
      peak = Math.max(peak, Number(found ?? 0) / 1024)
    } catch {
      // it has ended, or there is no /proc
    }
  }, 20)
  const started = performance.now()
  const batch = Math.ceil(lines.length / Math.max(1, seconds * 20))
  for (let at = 0; at < lines.length; at += batch) {
    const wait = started + (at / lines.length) * seconds * 1000 - performance.now()
    if (wait > 0) await sleep(wait)
    if (!child.stdin.write(lines.slice(at, at + batch).join(''))) await once(child.stdin, 'drain')
  }
  child.stdin.end()
  const written = (performance.now() - started) / 1000
  await ended
  clearInterval(watch)
  const took = (performance.now() - started) / 1000
  /** @type {{ findings: { detector: string, values: { count?: number } }[] }} */
  const { findings } = JSON.parse(said.join(''))
  const kills = findings
    .filter(({ detector }) => detector === 'memcg-oom-kill')
    .reduce((sum, { values }) => sum + (values.count ?? 0), 0)
  return { written, took, kills, peak }
}

async function pipeBench() {
  const lines = [...stormOfKills(2000)].flatMap(text => text.split(/(?<=\n)/))
  const some = lines.slice(0, PIPED_LINES)
  const printed = some.filter(line => line.includes(' invoked oom-killer: ')).length
  const live = await piped(some, PIPED_SECONDS * 0.95)
  console.log(
    `${some.length} lines with ${printed} OOM kills written into diagnose - within ${live.written.toFixed(1)} s: ` +
      `${live.kills} reported (${judged(live.kills === printed)}), ${(live.took - live.written).toFixed(1)} s after the last line, ` +
      `resident ${live.peak.toFixed(0)} MiB`,
  )
  // what is kept of many kills is kept of both
  const times = [LONGER, LONGER * 3]
  const runs = []
  for (const length of times) runs.push(await piped(Array.from({ length }, () => some).flat(), 0))
  const [long, longer] = runs
  if (long === undefined || longer === undefined) return
  const all = longer.kills === printed * LONGER * 3
  const growth = longer.peak - long.peak
  console.log(
    `${some.length * LONGER * 3} lines as fast as they are taken: ${longer.kills} kills reported (${judged(all)}) in ` +
      `${longer.took.toFixed(1)} s, resident ${longer.peak.toFixed(0)} MiB, of a third of them ${long.peak.toFixed(0)} MiB ` +
      `(growth limit ${GROWTH_LIMIT_MIB} MiB: ${judged(growth <= GROWTH_LIMIT_MIB)})`,
  )
}

/**
 * @param {string} floor
 * @param {string} scratch
 */
export async function benchLogs(floor, scratch) {
  await noiseBench(scratch)
  stormBench(floor, 'OOM kills', ['decode -o json', 'diagnose'], stormOfKills, KILLS, scratch)
  stormBench(floor, 'records of kmemleak', ['decode -o json', 'kmemleak'], kmemleakFile, LEAKS, scratch)
  await pipeBench()
}

const [mode, ...files] = process.argv.slice(2)
if (process.argv[1] === self && mode === 'read') await readInThisProcess(files)
