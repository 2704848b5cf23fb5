// npm run check: what can be said about the house without running it. One line a step; exit 1 if one failed.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { importFaults, sources } from './imports.mjs'
import { syncFaults } from './sync.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Runs a tool of node_modules with this Node; what it printed, if it failed.
 * @param {string} name the package
 * @param {string} file its program, within the package
 * @param {...string} options
 * @returns {string[]}
 */
function tool(name, file, ...options) {
  const program = join(root, 'node_modules', name, file)
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...options], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  if (error !== undefined) return [error.message]
  if (status === 0) return []
  return [`${stdout}${stderr}`.trim() || `${name} ended with ${status}`]
}

/** @returns {string[]} what is wrong with schemas/*.json as JSON Schema 2020-12 */
function schemaFaults() {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, validateFormats: false })
  const files = readdirSync(join(root, 'schemas')).filter(name => name.endsWith('.json'))
  /** @type {string[]} */
  const faults = []
  for (const name of files) {
    try {
      ajv.addSchema(JSON.parse(readFileSync(join(root, 'schemas', name), 'utf8')), name)
    } catch (error) {
      faults.push(`schemas/${name}: ${/** @type {Error} */ (error).message}`)
    }
  }
  for (const name of files) {
    try {
      ajv.getSchema(name)
    } catch (error) {
      faults.push(`schemas/${name}: ${/** @type {Error} */ (error).message}`)
    }
  }
  return faults
}

/** @type {readonly (readonly [name: string, step: () => string[] | Promise<string[]>])[]} in the order they build on one another */
const STEPS = [
  ['types of src/ (tsc -b)', () => tool('typescript', 'bin/tsc', '-b')],
  ['types of tests and scripts (tsc -p test)', () => tool('typescript', 'bin/tsc', '-p', 'test')],
  [
    'format and lint (biome)',
    () => tool('@biomejs/biome', 'bin/biome', 'check', '--diagnostic-level=warn', '--error-on-warnings'),
  ],
  ['dead code (knip)', () => tool('knip', 'bin/knip.js', '--no-progress', '--no-config-hints')],
  ['law of imports', () => importFaults(sources(root))],
  ['generated files (npm run sync)', syncFaults],
  ['schemas', schemaFaults],
]

/**
 * Runs every step, whatever the others gave, and prints a line for each.
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function check() {
  let failed = 0
  for (const [name, step] of STEPS) {
    const started = Date.now()
    /** @type {string[]} */
    let faults
    try {
      faults = await step()
    } catch (error) {
      faults = [/** @type {Error} */ (error).stack ?? String(error)]
    }
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    console.log(`${faults.length === 0 ? 'ok    ' : 'failed'}  ${name}  ${seconds} s`)
    if (faults.length === 0) continue
    failed += 1
    console.log(faults.map(fault => fault.replace(/^/gm, '        ')).join('\n'))
  }
  return { passed: STEPS.length - failed, failed }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { failed } = await check()
  process.exitCode = failed > 0 ? 1 : 0
}
