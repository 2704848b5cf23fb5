// Decodes every file of a directory and, where a file with what is expected stands beside it, compares.
// npm run corpus -- DIR [-o json] [--only category,category]

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ path: string, expected: unknown, got: unknown, result: 'right' | 'wrong' | 'missed' | 'false' }} Field */
/** @typedef {{ file: string, decoded: unknown, fields: Field[] }} Scored */

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const EXPECT = '.expect.json'

/** What an expectation says about itself or about the file, and what nobody can read off the file. */
const NOT_SCORED = new Set([
  'file',
  'category',
  'kernel',
  'prefixStyle',
  'quirks',
  'difficulty',
  'diagnosis',
  'remedies',
  'note',
  'check',
  'pairingNote',
  'expectation',
  // beside a slabinfo: what another file of the same archive says
  'meminfo',
])
const NOT_SCORED_ANYWHERE = new Set([
  'memcgFrom',
  'sourceExpectedSite',
  'fileCount',
  'meaning',
  'note',
  'check',
  'pairingNote',
])

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)

/** @param {unknown} a @param {unknown} b @returns {boolean} */
function same(a, b) {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => same(value, b[index]))
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].every(key => same(a[key], b[key]))
  }
  return a === b
}

/** By what the members of a list are told apart, best first. */
const IDENTITIES = [['type', 'line'], ['line'], ['address'], ['pid'], ['node'], ['cache']]

/**
 * Pairs expected with decoded members: by identity where both sides have it, the rest in order, within a type.
 * @param {Record<string, unknown>[]} expected @param {Record<string, unknown>[]} got
 */
function pair(expected, got) {
  /** @type {Map<number, number>} */
  const pairs = new Map()
  const free = new Set(got.keys())
  for (const keys of IDENTITIES)
    for (const [index, wanted] of expected.entries()) {
      if (pairs.has(index) || !keys.every(key => wanted[key] !== undefined)) continue
      for (const candidate of free)
        if (keys.every(key => got[candidate]?.[key] === wanted[key])) {
          pairs.set(index, candidate)
          free.delete(candidate)
          break
        }
    }
  for (const [index, wanted] of expected.entries()) {
    if (pairs.has(index)) continue
    for (const candidate of free)
      if (wanted.type === undefined || got[candidate]?.type === wanted.type) {
        pairs.set(index, candidate)
        free.delete(candidate)
        break
      }
  }
  return { pairs, surplus: [...free] }
}

/**
 * Compares what is expected with what was decoded, field by field.
 * @param {Record<string, unknown>} expectation @param {Record<string, unknown>} decoded @returns {Field[]}
 */
export function score(expectation, decoded) {
  /** @type {Field[]} */
  const fields = []
  const hard = typeof expectation.difficulty === 'string' && expectation.difficulty.startsWith('hard')

  /** @param {string} path @param {unknown} expected @param {unknown} got @param {boolean} mayBeUnknown */
  function compare(path, expected, got, mayBeUnknown) {
    if (Array.isArray(expected) && (expected.length === 0 || expected.every(isObject))) {
      compareLists(path, expected, got, mayBeUnknown)
      return
    }
    if (isObject(expected)) {
      if (!isObject(got)) {
        fields.push({
          path,
          expected,
          got: got ?? null,
          result: got === undefined ? (mayBeUnknown ? 'right' : 'missed') : 'wrong',
        })
        return
      }
      compareObject(path, expected, got, mayBeUnknown)
      return
    }
    if (got === undefined || (got === null && expected !== null)) {
      const result = expected === null || mayBeUnknown ? 'right' : 'missed'
      fields.push({ path, expected, got: null, result })
      return
    }
    fields.push({ path, expected, got, result: same(expected, got) ? 'right' : 'wrong' })
  }

  /** @param {string} path @param {Record<string, unknown>} expected @param {Record<string, unknown>} got @param {boolean} mayBeUnknown */
  function compareObject(path, expected, got, mayBeUnknown) {
    const partial = mayBeUnknown || expected.fragment === true || expected.truncated === true
    for (const [key, value] of Object.entries(expected)) {
      if (NOT_SCORED_ANYWHERE.has(key)) continue
      const unset = key === 'nodes' && expected.pairingAmbiguous === true
      compare(`${path}.${key}`, value, got[key], partial || unset)
    }
  }

  /** @param {string} path @param {Record<string, unknown>[]} expected @param {unknown} got @param {boolean} mayBeUnknown */
  function compareLists(path, expected, got, mayBeUnknown) {
    const list = Array.isArray(got) ? got.filter(isObject) : []
    if (expected.length === 0 && list.length === 0) {
      fields.push({ path, expected, got: [], result: 'right' })
      return
    }
    if (got === undefined && mayBeUnknown) {
      fields.push({ path, expected, got: null, result: 'right' })
      return
    }
    const { pairs, surplus } = pair(expected, list)
    for (const [index, wanted] of expected.entries()) {
      const found = pairs.get(index)
      if (found === undefined)
        fields.push({ path: `${path}[${index}]`, expected: wanted, got: null, result: 'missed' })
      else compareObject(`${path}[${index}]`, wanted, list[found] ?? {}, mayBeUnknown)
    }
    for (const index of surplus)
      fields.push({ path: `${path}[+${index}]`, expected: null, got: list[index], result: 'false' })
  }

  for (const [key, value] of Object.entries(expectation)) {
    if (NOT_SCORED.has(key) || NOT_SCORED_ANYWHERE.has(key)) continue
    if (key === 'alsoContains' && Array.isArray(value) && Array.isArray(decoded.events)) {
      // beside what the file is about: what else was decoded is neither right nor false
      const events = decoded.events
      const { pairs } = pair(value, events)
      const found = value.map((_, index) => events[pairs.get(index) ?? -1] ?? {})
      compare(key, value, found, hard)
      continue
    }
    let got = decoded[key]
    if (key === 'reportCountInFile' && Array.isArray(decoded.reports)) got = decoded.reports.length
    // listed apart where the expectation lists them apart
    if (key === 'events' && expectation.pageAllocFailures !== undefined && Array.isArray(got))
      got = got.filter(event => event.type !== 'page-alloc-failure')
    compare(key, value, got, hard)
  }
  return fields
}

/** @returns {Promise<(path: string) => unknown>} What `decode PATH -o json` gives. */
async function decoder() {
  const { openTree, decodeSource } = await fromDist(['node/trees/open-tree.js', 'core/decoded/source.js'])
  return path => {
    const opened = openTree([path])
    if ('problem' in opened) return { problem: opened.problem }
    return decodeSource(opened.tree)
  }
}

/** @param {string[]} modules @returns {Promise<any>} */
async function fromDist(modules) {
  const loaded = await Promise.all(modules.map(module => import(join(root, 'dist', module))))
  return Object.assign({}, ...loaded)
}

/** A directory that is one item: it has an expectation beside it, or a node's or a cgroup's files in it. @param {string} path */
function isItem(path) {
  if (existsSync(path + EXPECT)) return true
  return readdirSync(path).some(
    name => name === 'proc' || name === 'sys' || name.startsWith('memory.') || name.startsWith('cgroup.'),
  )
}

/** @param {string} directory @returns {string[]} */
function itemsIn(directory) {
  return readdirSync(directory)
    .sort()
    .flatMap(name => {
      const path = join(directory, name)
      if (name.endsWith(EXPECT)) return []
      if (statSync(path).isDirectory()) return isItem(path) ? [path] : itemsIn(path)
      return name.endsWith('.md') ? [] : [path]
    })
}

/** @returns {Promise<(path: string) => readonly unknown[]>} What `diagnose PATH -o json` finds. */
async function diagnoser() {
  const { openTree, collect, diagnose } = await fromDist([
    'node/trees/open-tree.js',
    'core/collect.js',
    'core/diagnose.js',
  ])
  return path => {
    const opened = openTree([path])
    const at = Date.now()
    return 'problem' in opened ? [] : diagnose(collect(opened.tree, { at }), at).findings
  }
}

/**
 * @typedef {object} Runner
 * @property {(path: string) => unknown} decode What `decode PATH -o json` gives.
 * @property {(path: string) => readonly unknown[]} findings What `diagnose PATH -o json` finds.
 */

/**
 * Decodes every file and compares it with what is expected of it; an expectation is never read for decoding.
 * @param {string} directory @param {{ only?: readonly string[], runner?: Runner }} [options]
 * @returns {Promise<Scored[]>}
 */
export async function runCorpus(directory, options = {}) {
  const { decode, findings } = options.runner ?? { decode: await decoder(), findings: await diagnoser() }
  const scored = []
  for (const path of itemsIn(directory)) {
    const file = relative(directory, path).split(sep).join('/')
    const category = file.includes('/') ? file.slice(0, file.indexOf('/')) : basename(resolve(directory))
    if (options.only && !options.only.includes(category)) continue
    const decoded = /** @type {Record<string, unknown>} */ (decode(path))
    const beside = path + EXPECT
    /** @type {Field[]} */
    const fields = []
    if (existsSync(beside)) {
      const expectation = JSON.parse(readFileSync(beside, 'utf8'))
      fields.push(...score(expectation, decoded))
      if (expectation.expectation === 'no memory finding at all')
        for (const [index, got] of findings(path).entries())
          fields.push({ path: `findings[+${index}]`, expected: null, got, result: 'false' })
    }
    scored.push({ file, decoded, fields })
  }
  return scored
}

/** @param {Field[]} fields */
function count(fields) {
  const totals = { right: 0, wrong: 0, missed: 0, false: 0 }
  for (const field of fields) totals[field.result] += 1
  return totals
}

async function main() {
  const args = process.argv.slice(2)
  let json = false
  let only
  let directory
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    if (arg === '-o' || arg === '--output') json = args[++index] === 'json'
    else if (arg === '--only') only = (args[++index] ?? '').split(',')
    else directory = arg
  }
  if (directory !== undefined && !existsSync(directory)) {
    process.stderr.write(`${directory}: no such directory\n`)
    process.exitCode = 1
    return
  }
  if (directory === undefined) {
    process.stderr.write('Usage: npm run corpus -- DIR [-o json] [--only category,category]\n')
    process.exitCode = 2
    return
  }
  const scored = await runCorpus(directory, { ...(only ? { only } : {}) })
  const totals = count(scored.flatMap(item => item.fields))
  if (json) process.stdout.write(`${JSON.stringify({ files: scored, totals }, null, 1)}\n`)
  else {
    for (const { file, fields } of scored) {
      const { right, wrong, missed, false: surplus } = count(fields)
      const verdict =
        fields.length === 0
          ? 'not compared'
          : `${right} right, ${wrong} wrong, ${missed} missed, ${surplus} false`
      process.stdout.write(`${file}: ${verdict}\n`)
      for (const field of fields.filter(candidate => candidate.result !== 'right'))
        process.stderr.write(
          `  ${field.result} ${field.path}: expected ${JSON.stringify(field.expected)}, got ${JSON.stringify(field.got)}\n`,
        )
    }
    process.stdout.write(
      `${scored.length} files: ${totals.right} right, ${totals.wrong} wrong, ${totals.missed} missed, ${totals.false} false\n`,
    )
  }
  if (totals.wrong + totals.missed + totals.false > 0) process.exitCode = 1
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main()
