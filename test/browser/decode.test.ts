// src/core in a browser: every log of fixtures/kmsg, and of ../shared/corpus where that is there, is read in Chromium
// as in Node, to the letter. The browser has no network: whatever it asks for is answered from here.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as core from '../../src/core/index.ts'
import { readLog } from './read-log.ts'

const ROOT = join(import.meta.dirname, '../..')
const CORPUS = join(ROOT, '../shared/corpus')
const ORIGIN = 'http://kmemscope.test'

/** Chromium as distributions install it; `npm test` installs Debian's. */
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const program = PROGRAMS.find(path => existsSync(path))

/** No later than this the browser is there, or the test has failed. */
const STARTS_WITHIN_MS = 30_000

/** Logs stand one folder down, by kernel or by category; folders below those are nodes and cgroups. */
const folders = [join(ROOT, 'fixtures/kmsg'), CORPUS]
  .filter(path => existsSync(path))
  .flatMap(path => readdirSync(path, { withFileTypes: true }).map(entry => join(path, entry.name)))
  .filter(path => statSync(path).isDirectory())

const logsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter(name => !/\.(?:json|md)$/.test(name))
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())

const logs = folders.flatMap(logsIn)

/** A page with the core in it, and what is asked of it. */
const PAGE = `<!doctype html><script type="module">
import * as core from '/dist/core/index.js'
globalThis.core = core
globalThis.readLog = ${readLog.toString()}
</script>`

/** What is asked for below ORIGIN: the built core, and the logs by number. */
function answer(url: string): { readonly body: Buffer; readonly contentType: string } | undefined {
  const { origin, pathname } = new URL(url)
  if (origin !== ORIGIN) return undefined
  if (pathname === '/') return { body: Buffer.from(PAGE), contentType: 'text/html' }
  const log = logs[Number(/^\/log\/(\d+)$/.exec(pathname)?.[1] ?? Number.NaN)]
  if (log !== undefined) return { body: readFileSync(log), contentType: 'application/octet-stream' }
  if (!/^\/dist\/core\/(?:[\w-]+\/)*[\w-]+\.js$/.test(pathname)) return undefined
  return { body: readFileSync(join(ROOT, pathname)), contentType: 'text/javascript' }
}

describe('Chromium', () => {
  let browser: Browser | undefined
  let page: Page | undefined
  let unusable: string | undefined
  const refused: string[] = []
  const errors: string[] = []

  beforeAll(async () => {
    if (program === undefined) return
    const launched = chromium.launch({
      executablePath: program,
      timeout: STARTS_WITHIN_MS,
      // root has no sandbox of Chromium's; the pages are our own
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--host-resolver-rules=MAP * ~NOTFOUND'],
    })
    try {
      browser = await launched
    } catch (error) {
      // a machine that gives its users no sandbox, say: that is no fault of the decoders
      if (process.env['KMEMSCOPE_CI'] === '1') throw error
      unusable = `Chromium does not start here: ${String(error).split('\n')[0]}`
      return
    }
    page = await browser.newPage()
    page.on('pageerror', error => errors.push(String(error)))
    await page.route('**/*', async route => {
      const found = answer(route.request().url())
      if (found !== undefined) return route.fulfill(found)
      refused.push(route.request().url())
      return route.abort()
    })
    await page.goto(`${ORIGIN}/`)
    await page.waitForFunction(() => 'readLog' in globalThis)
  })
  afterAll(async () => {
    await browser?.close()
  })
  beforeEach(({ skip }) => {
    if (program === undefined) skip(`no Chromium here (${PROGRAMS.join(', ')})`)
    if (unusable !== undefined) skip(unusable)
  })

  const named = folders.map(folder => [
    relative(join(ROOT, '..'), folder).split(sep).slice(-2).join('/'),
    folder,
  ])

  it.each(named)('reads the logs of %s as Node does', async (_, folder = '') => {
    for (const path of logsIn(folder)) {
      const read = await page?.evaluate(async at => {
        const scope = globalThis as unknown as {
          readonly core: typeof core
          readonly readLog: typeof readLog
        }
        const answered = await fetch(`/log/${at}`)
        return scope.readLog(scope.core, new Uint8Array(await answered.arrayBuffer()))
      }, logs.indexOf(path))
      expect({ path, read }).toEqual({ path, read: readLog(core, readFileSync(path)) })
    }
  })

  it('has read reports, asked for nothing else, and met no error', () => {
    const reports = logs.flatMap(path => readLog(core, readFileSync(path)).lines.en)
    expect(reports.length).toBeGreaterThan(20)
    expect({ refused: refused.filter(url => !url.endsWith('/favicon.ico')), errors }).toEqual({
      refused: [],
      errors: [],
    })
  })
})
