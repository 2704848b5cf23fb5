// npm run fuzz [-- --minutes N] [--seed S]: the campaign of test/fuzz/campaign.ts for an hour, or as long as asked for.
// Logs are read in a thread, so that one that hangs is told, too. What fails is made smaller and kept in a file outside
// the checkout. Ctrl-C ends it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { createViteServer } from 'vitest/node'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const self = fileURLToPath(import.meta.url)

/** Logs of one seed: the next batch has the next. */
const BATCH = 200
/** A log is read within milliseconds; nothing heard for so long is a hang. */
const SILENCE_SECONDS = 60
const SHRINKING_SECONDS = 120

/** The campaign, which is TypeScript. */
async function load() {
  const server = await createViteServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, watch: null, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
  })
  /** @type {typeof import('../test/fuzz/campaign.ts')} */
  const campaign = /** @type {any} */ (await server.ssrLoadModule('/test/fuzz/campaign.ts'))
  return { campaign, close: () => server.close() }
}

/** @typedef {{ seed: number, done: number } | { seed: number, failed: number, message: string, file: string }} Told */

/** In the thread: batch after batch until one fails or the thread is ended. */
async function run() {
  const { seed: first, folder } = /** @type {{ seed: number, folder: string }} */ (workerData)
  const { campaign } = await load()
  const logs = await campaign.logs()
  const tell = (/** @type {Told} */ told) => parentPort?.postMessage(told)
  for (let seed = first; ; seed = (seed + 1) | 0) {
    tell({ seed, done: 0 })
    let done = 0
    for (const made of fc.sample(logs, { seed, numRuns: BATCH })) {
      const failure = campaign.failureOf(made)
      if (failure !== undefined) {
        const file = join(folder, `${seed}-${done}.log`)
        writeFileSync(file, made.bytes)
        tell({ seed, failed: done, message: failure.stack ?? failure.message, file })
        const least = campaign.shrunk(made, performance.now() + SHRINKING_SECONDS * 1000)
        writeFileSync(file.replace(/log$/, 'least.log'), least.bytes)
        tell({ seed, failed: done, message: '', file: file.replace(/log$/, 'least.log') })
        process.exit(1)
      }
      done += 1
      if (done % 10 === 0) tell({ seed, done })
    }
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      seed: { type: 'string', default: String((Math.random() * 0x7fffffff) | 0) },
    },
  })
  const minutes = Number(values.minutes)
  const seed = Number(values.seed)
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    console.error('npm run fuzz -- [--minutes N] [--seed S]')
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'kmemscope-fuzz-'))
  console.log(`seed ${seed}, ${minutes} minutes; what fails is kept in ${folder}`)
  const started = performance.now()
  const worker = new Worker(self, { workerData: { seed, folder } })
  let heard = started
  let shown = started
  let read = 0
  let current = { seed, done: 0 }
  /** @type {string | undefined} */
  let failure
  /** @type {(code: number) => void} */
  let end = () => {}
  const ended = new Promise(resolve => {
    end = resolve
  })
  const summary = () =>
    `${read} logs read in ${((performance.now() - started) / 60_000).toFixed(1)} minutes, up to seed ${current.seed}`
  worker.on('message', (/** @type {Told} */ told) => {
    heard = performance.now()
    if ('failed' in told) {
      if (told.message !== '') {
        failure = told.message
        console.log(
          `failed: seed ${told.seed}, log ${told.failed}: ${told.file}\n${told.message}\nmaking it smaller …`,
        )
      } else console.log(`least: ${told.file}`)
      return
    }
    read += told.done === 0 ? 0 : told.done - (current.seed === told.seed ? current.done : 0)
    current = told
  })
  worker.on('error', error => {
    console.log(`failed: seed ${current.seed}: ${error.stack}`)
    end(1)
  })
  worker.on('exit', code => end(failure === undefined && code === 0 ? 0 : 1))
  const watch = setInterval(() => {
    const now = performance.now()
    const patience = failure === undefined ? SILENCE_SECONDS : SILENCE_SECONDS + SHRINKING_SECONDS
    if (now - heard > patience * 1000) {
      console.log(`hangs: npm run fuzz -- --seed ${current.seed}, one of the ten logs after ${current.done}`)
      end(1)
    } else if (now - started > minutes * 60_000 && failure === undefined) end(0)
    else if (now - shown > 10_000) {
      shown = now
      console.log(summary())
    }
  }, 500)
  const interrupt = () => end(130)
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const code = await ended
  clearInterval(watch)
  await worker.terminate()
  if (code === 0 || (code === 130 && failure === undefined)) rmSync(folder, { recursive: true })
  console.log(
    `${summary()}: ${code === 0 ? 'nothing failed' : code === 130 ? 'interrupted' : `failed, see ${folder}`}`,
  )
  return code
}

if (isMainThread) process.exit(await main())
else await run()
