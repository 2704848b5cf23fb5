// npm test: says what it installs, installs it where it may, checks the house, runs every test. The last line is
// `N passed, N failed`, in which a step of npm run check counts as a test; exit 1 if anything failed.
// With KMEMSCOPE_CI=1, as root and where there is a v1 memory controller, a live test that is skipped has failed.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { startVitest } from 'vitest/node'
import { check } from './check.mjs'

/**
 * What tests need that npm does not bring, as Debian packages.
 * @type {readonly { packages: readonly string[], what: string, there: () => boolean }[]}
 */
const NEEDED = [
  {
    packages: ['gcc', 'libc6-dev'],
    what: 'a C compiler for the live tests',
    there: canCompile,
  },
  {
    packages: ['containerd', 'runc'],
    what: 'a container runtime for the live tests, 110 MB of disk',
    there: () => ['containerd', 'ctr', 'runc'].every(onPath),
  },
  {
    packages: ['chromium'],
    what: 'a browser to read logs in, 400 MB of disk',
    there: () => ['chromium', 'chromium-browser', 'google-chrome'].some(onPath),
  },
]

const isRoot = process.getuid?.() === 0

/** @param {string} program */
function onPath(program) {
  return (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Whether there is a C compiler, and the headers of the C library. */
function canCompile() {
  const input = '#include <sys/mman.h>\n'
  const compiles = (/** @type {string} */ name) =>
    spawnSync(name, ['-x', 'c', '-fsyntax-only', '-'], { input }).status === 0
  return ['cc', 'gcc'].some(compiles)
}

function installPackages() {
  const missing = NEEDED.filter(({ there }) => !there())
  const names = missing.flatMap(({ packages }) => packages).join(' ')
  const wanted = `Debian packages ${names} (${missing.map(({ what }) => what).join('; ')})`
  if (missing.length === 0) {
    console.log(
      'installs: nothing (npm ci brought the rest; a C compiler, a container runtime and a browser are there)',
    )
  } else if (process.platform !== 'linux' || !existsSync('/etc/debian_version') || !onPath('apt-get')) {
    console.log(
      `installs: nothing (would install ${wanted}, but this is no Debian): tests that need it are skipped`,
    )
  } else if (!isRoot) {
    console.log(`installs: nothing (would install ${wanted}, but needs root): tests that need it are skipped`)
  } else {
    console.log(`installs: ${wanted}, with apt-get`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const options = { env, encoding: /** @type {const} */ ('utf8') }
    // one after the other: that one cannot be had must not keep the others out
    for (const { packages, what } of missing) {
      const install = () =>
        spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], options)
      let { status, stderr } = install()
      if (status !== 0) {
        spawnSync('apt-get', ['update', '-q'], options)
        ;({ status, stderr } = install())
      }
      if (status !== 0) console.log(`apt-get failed, tests that need ${what} are skipped:\n${stderr.trim()}`)
    }
  }
}

/** Whether this is where nothing may excuse a live test from running. */
function mustRunLive() {
  if (process.env['KMEMSCOPE_CI'] !== '1' || !isRoot || process.platform !== 'linux') return false
  return / - cgroup \S+ \S*\bmemory\b/.test(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/** @typedef {{ file: string, name: string, reason: string }} Skipped */

async function runVitest() {
  const vitest = await startVitest('test', [], { run: true, watch: false, reporters: ['default'] })
  let passed = 0
  let failed = 0
  /** @type {Skipped[]} */
  const skipped = []
  for (const module of vitest.state.getTestModules()) {
    // a file that cannot be imported, or a hook that throws, fails no test by itself
    failed += module.errors().length
    for (const suite of module.children.allSuites()) failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed += 1
      else if (state === 'skipped') {
        const { note } = /** @type {{ note?: string }} */ (test.result())
        skipped.push({
          file: module.relativeModuleId,
          name: test.fullName,
          reason: note ?? `no reason given in ${module.relativeModuleId}`,
        })
      } else failed += 1
    }
  }
  failed += vitest.state.getUnhandledErrors().length
  await vitest.close()
  return { passed, failed, skipped }
}

installPackages()
const checks = await check()
const tests = await runVitest()

/** @type {Map<string, Skipped[]>} */
const byReason = new Map()
for (const skip of tests.skipped) byReason.set(skip.reason, [...(byReason.get(skip.reason) ?? []), skip])
for (const [reason, { length }] of byReason) console.log(`skipped ${length}: ${reason}`)

let failed = checks.failed + tests.failed
if (mustRunLive()) {
  const excused = tests.skipped.filter(({ file }) => file.startsWith('test/live/'))
  for (const { file, name } of excused) console.log(`failed: a live test was skipped here: ${file} ${name}`)
  failed += excused.length
}
const passed = checks.passed + tests.passed
if (passed === 0 && failed === 0) failed = 1
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
