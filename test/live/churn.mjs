// churn.mjs CGROUP SECONDS RATE: makes RATE memory cgroups a second below CGROUP and removes as many, under names that
// come again and again, each with a limit of its own. Prints `path inode limit` of each that was made.

import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs'

const [cgroup = '', seconds = '0', rate = '0'] = process.argv.slice(2)
const PODS = 50
/** The smallest limit, in pages: none of these cgroups ever holds that much. */
const LEAST = 1024
const PAGE = 4096

/** @type {string[]} */
const made = []
const clock = new Int32Array(new SharedArrayBuffer(4))

/** @param {string} path */
function make(path) {
  const dir = cgroup + path
  mkdirSync(dir)
  const { ino } = statSync(dir)
  const limit = (LEAST + made.length) * PAGE
  writeFileSync(`${dir}/memory.limit_in_bytes`, String(limit))
  made.push(`${path} ${ino} ${limit}`)
}

const begun = Date.now()
for (let round = 0; Date.now() < begun + Number(seconds) * 1000; round += 1) {
  const pod = `/pod${round % PODS}`
  if (round >= PODS) {
    rmdirSync(`${cgroup}${pod}/container`)
    rmdirSync(cgroup + pod)
  }
  make(pod)
  make(`${pod}/container`)
  const due = begun + (made.length * 1000) / Number(rate)
  if (due > Date.now()) Atomics.wait(clock, 0, 0, due - Date.now())
}
process.stdout.write(`${made.join('\n')}\n`)
