// What `kmemscope cgroups`, its `--pins` and `kmemscope memory` cost, beside C programs that read the same files. Run by
// bench.mjs; on its own it is one of the processes that are measured.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROUNDS = 5
/** The third sample of a process: what a watching kmemscope pays, with warm caches and compiled code. */
const SAMPLES = 3
const CENSUS_RATIO_LIMIT = 1.8
const PINS_RATIO_LIMIT = 1.2
const PINS_RSS_LIMIT_MIB = 100
const MEMORY_CPU_LIMIT_SECONDS = 0.5
const PODS = 110

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const self = fileURLToPath(import.meta.url)
const main = join(root, 'dist/node/cli/main.js')
const MIB = 1024 * 1024

/** @param {readonly number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 */
function ran(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * MIB,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr.trim()}`)
  return { stdout, stderr }
}

/** @param {boolean} within */
function judged(within) {
  return within ? 'ok' : 'OVER'
}

const ms = (/** @type {number} */ microseconds) => `${(microseconds / 1000).toFixed(1)} ms`

/** CPU time so far in microseconds. */
function cpuNow() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  return userCPUTime + systemCPUTime
}

/** The census of this node, and the anatomy of the cgroup with the most children. */
async function censusTaker() {
  const { COLLECTORS } = await import('../dist/node/cli/cgroups.js')
  const { collect } = await import('../dist/core/collect.js')
  const { census } = await import('../dist/core/facts/census.js')
  const { anatomyOf } = await import('../dist/core/facts/anatomy.js')
  const { memcgIndex } = await import('../dist/core/facts/memcg-tree.js')
  const { liveTree } = await import('../dist/node/trees/live-tree.js')
  return {
    tree: liveTree(),
    take: (/** @type {import('../src/core/tree/tree.ts').Tree} */ tree) => {
      const about = collect(tree, { at: Date.now(), only: COLLECTORS })
      const found = census(about)
      const index = memcgIndex(about)
      const widest = [...(index?.children ?? [])].sort((a, b) => b[1].length - a[1].length)[0]?.[0]
      const memcg = index?.byPath.get(widest ?? '/')
      const anatomy = memcg === undefined ? undefined : anatomyOf(about, memcg)
      if (found === undefined || anatomy === undefined) throw new Error('no memory cgroup could be read')
      return found.live
    },
  }
}

/** In a process of its own: the cost of the last of three. */
async function censusInThisProcess() {
  const { tree, take } = await censusTaker()
  let memcgs = 0
  let cpu = 0
  for (let count = 0; count < SAMPLES; count += 1) {
    const before = cpuNow()
    memcgs = take(tree)
    cpu = cpuNow() - before
  }
  console.log(JSON.stringify({ memcgs, cpu, rss: process.resourceUsage().maxRSS * 1024 }))
}

/**
 * Writes what a census asks of the kernel, step by step, to `file`. What was not there costs us time, and C none, as do
 * single processes, which may be gone when C comes to them.
 */
async function writeCensusSteps(/** @type {string} */ file) {
  const { tree, take } = await censusTaker()
  /** @type {string[]} */
  const steps = []
  /** @type {<T>(kind: string, ask: (path: string) => T) => (path: string) => T} */
  const recorded = (kind, ask) => path => {
    const answer = ask(path)
    const gap = typeof answer === 'object' && answer !== null && 'why' in answer
    if (!gap && !/^proc\/\d/.test(path)) steps.push(`${kind} /${path}`)
    return answer
  }
  take({
    ...tree,
    stat: recorded('s', tree.stat),
    list: recorded('d', tree.list),
    directories: recorded('d', tree.directories),
    read: recorded('r', tree.read),
    peek: recorded('r', tree.peek),
  })
  writeFileSync(file, steps.map(step => `${step}\n`).join(''))
}

/**
 * @param {string} floor
 * @param {string} scratch
 */
export function compareCensus(floor, scratch) {
  const steps = join(scratch, 'census-steps')
  ran(process.execPath, [self, 'census-steps', steps])
  const count = readFileSync(steps, 'utf8').split('\n').length - 1
  /** @type {{ memcgs: number, cpu: number, rss: number }[]} */
  const ours = []
  /** @type {number[]} */
  const floors = []
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(JSON.parse(ran(process.execPath, [self, 'census']).stdout))
    floors.push(Number(ran(floor, ['steps', steps, String(SAMPLES)]).stdout))
  }
  const cpu = median(ours.map(one => one.cpu))
  const bottom = median(floors)
  const ratio = cpu / bottom
  console.log(
    `census and anatomy of ${ours[0]?.memcgs} memory cgroups (${count} steps): kmemscope ${ms(cpu)} CPU, C ${ms(bottom)} CPU, ` +
      `ratio ${ratio.toFixed(2)} (limit ${CENSUS_RATIO_LIMIT}: ${judged(ratio <= CENSUS_RATIO_LIMIT)}), ` +
      `resident ${(median(ours.map(one => one.rss)) / MIB).toFixed(0)} MiB`,
  )
}

/** In a process of its own: what `--pins` reads beside the census, from the page lists to the answer. */
async function pinsInThisProcess() {
  const { collect } = await import('../dist/core/collect.js')
  const { pins } = await import('../dist/core/facts/pins.js')
  const { PIN_COLLECTORS } = await import('../dist/node/cli/pins.js')
  const { liveTree } = await import('../dist/node/trees/live-tree.js')
  const { pacedTree } = await import('../dist/node/trees/paced-tree.js')
  const tree = pacedTree(liveTree())
  let cpu = 0
  let pages = 0
  for (let count = 0; count < SAMPLES; count += 1) {
    const before = cpuNow()
    pages = pins(collect(tree, { at: Date.now(), only: PIN_COLLECTORS }))?.ownership.owners.pages ?? 0
    cpu = cpuNow() - before
  }
  console.log(JSON.stringify({ pages, cpu, rss: process.resourceUsage().maxRSS * 1024 }))
}

/**
 * @param {string} floor
 * @param {string} scratch
 */
export function comparePins(floor, scratch) {
  const reader = join(scratch, 'pages')
  ran('cc', ['-O2', '-Wall', '-o', reader, join(root, 'test/live/pages.c')])
  if (spawnSync(reader).status !== 0) {
    console.log('not measured: pages and their owners (needs CONFIG_PROC_PAGE_MONITOR)')
    return
  }
  /** @type {{ pages: number, cpu: number, rss: number }[]} */
  const ours = []
  /** @type {number[]} */
  const floors = []
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(JSON.parse(ran(process.execPath, [self, 'pins']).stdout))
    floors.push(Number(ran(reader, []).stderr))
  }
  const cpu = median(ours.map(one => one.cpu))
  const bottom = median(floors)
  const ratio = cpu / bottom
  const [, , rss = Number.NaN] = ran(floor, ['run', process.execPath, main, 'cgroups', '--pins'])
    .stdout.trim()
    .split(' ')
    .map(Number)
  console.log(
    `owners of ${ours[0]?.pages} pages: kmemscope ${ms(cpu)} CPU, C ${ms(bottom)} CPU, ` +
      `ratio ${ratio.toFixed(2)} (limit ${PINS_RATIO_LIMIT}: ${judged(ratio <= PINS_RATIO_LIMIT)}); ` +
      `cgroups --pins resident ${(rss / 1024).toFixed(0)} MiB ` +
      `(limit ${PINS_RSS_LIMIT_MIB}: ${judged(rss / 1024 <= PINS_RSS_LIMIT_MIB)})`,
  )
}

/**
 * The cgroups of 110 pods of a sandbox and two containers each, below `own`.
 * @param {string} own
 */
function makePods(own) {
  for (let pod = 0; pod < PODS; pod += 1) {
    const uid = `${pod.toString(16).padStart(8, '0')}-1111-4222-8333-444455556666`
    for (let container = 0; container < 3; container += 1) {
      const id = (pod * 3 + container).toString(16).padStart(64, 'a')
      mkdirSync(join(own, `kubepods/burstable/pod${uid}/${id}`), { recursive: true })
    }
  }
}

/**
 * @param {string} floor
 * @param {string} own
 */
export function compareMemory(floor, own) {
  makePods(own)
  const runs = Array.from({ length: ROUNDS }, () =>
    ran(floor, ['run', process.execPath, main, 'memory', '-o', 'json']).stdout.trim().split(' ').map(Number),
  )
  const cpu = median(runs.map(([one = Number.NaN]) => one)) / 1e6
  const wall = median(runs.map(([, one = Number.NaN]) => one)) / 1e6
  const rss = median(runs.map(([, , one = Number.NaN]) => one)) / 1024
  console.log(
    `memory of a node of ${PODS} pods: ${cpu.toFixed(2)} s CPU ` +
      `(limit ${MEMORY_CPU_LIMIT_SECONDS}: ${judged(cpu <= MEMORY_CPU_LIMIT_SECONDS)}), ` +
      `${wall.toFixed(2)} s wall, resident ${rss.toFixed(0)} MiB`,
  )
  ran('find', [join(own, 'kubepods'), '-depth', '-type', 'd', '-delete'])
}

const [, program = '', mode, argument = ''] = process.argv
if (program === self) {
  if (mode === 'census') await censusInThisProcess()
  else if (mode === 'census-steps') await writeCensusSteps(argument)
  else if (mode === 'pins') await pinsInThisProcess()
}
