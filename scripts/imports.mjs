// The law of imports, read off the text of src/: an import points to a lower rank or to its own folder.
// The table is the one of ARCHITECTURE.md. TypeScript 7 has no JavaScript API, so imports are found by pattern.

import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'

/** @type {readonly (readonly [area: string, rank: number])[]} a file or a folder below src/, and its rank */
const RANKS = [
  ['core/base', 0],
  ['core/tree', 1],
  ['core/decode', 1],
  ['core/knowledge', 1],
  ['core/case', 2],
  ['core/explain', 2],
  ['core/collectors', 3],
  ['core/facts', 3],
  ['core/detectors', 4],
  ['core/collect.ts', 5],
  ['core/diagnose.ts', 5],
  ['core/decoded', 5],
  ['core/render', 6],
  ['core/index.ts', 7],
  ['node/trees', 8],
  ['node/kmsg', 8],
  ['node/kmemleak', 8],
  ['node/tracefs', 8],
  ['node/cri', 9],
  ['node/kubelet', 9],
  ['node/store', 9],
  ['node/agent', 10],
  ['node/serve', 11],
  ['node/kube', 11],
  ['node/cli', 12],
  ['node/index.ts', 13],
]

/** What a lower rank does not make right: area → areas it may not import all the same. */
const FORBIDDEN = new Map([
  ['core/detectors', ['core/collectors']],
  ['core/render', ['core/collectors', 'core/facts', 'core/collect.ts', 'core/diagnose.ts', 'core/decoded']],
])

/** The only files of detectors/ that render/ may see: where the texts are handed out. */
const TEXTS = ['core/detectors/index.ts', 'core/detectors/detector.ts']

/** Folders whose units (files with a default export) never import one another. */
const UNITS = ['core/collectors', 'core/detectors']

const STATIC = /(?:^|[;}])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm
const BARE = /(?:^|[;}])\s*import\s*['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\s*\(\s*(?:(['"`])([^'"`$]+)\1)?/g

/** `import { a, type B } from 'node:x'`: what is imported, and from where. */
const NAMED = /^\s*import\s+(?:type\s+)?\{([^}]*)\}\s*from\s*['"]([^'"]+)['"]/gm

const WRITES = 'opens a file to write it'

/** Ways to run a program or to get round the table; no file of src/ has any of them. */
const NEVER = [
  [/child_process/, 'runs programs: nothing is executed on the node'],
  [/\bnode:cluster\b|['"]cluster['"]/, 'starts processes: nothing is executed on the node'],
  [
    /\bcreateRequire\b|\bgetBuiltinModule\b|\bprocess\.(?:binding|dlopen)\b|\brequire\s*\(/,
    'loads modules past the law of imports',
  ],
  [/\beval\s*\(|\bFunction\s*\(/, 'runs text as code'],
  [/\bprocess\s*(?:\?\.\s*)?\[|\bglobalThis\b/, 'reaches what the law of imports cannot see'],
  [/\bprocess\s*\.\s*(?:report|kill|abort|chdir|umask|set\w+id)\b/, 'does more to the node than look'],
  [/\bfetch\s*\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\b/, 'opens a network connection'],
]

/**
 * The files that write, on a node each one thing to one file: what it may take from node:fs beside reading, and every
 * call of it that opens or writes, as it stands there. ARCHITECTURE.md names them.
 * @type {ReadonlyMap<string, { readonly names: readonly string[], readonly calls: readonly string[], readonly constants: readonly string[] }>}
 */
const WRITERS = new Map([
  [
    'node/kmemleak/control.ts',
    {
      names: ['closeSync', 'constants', 'openSync', 'statfsSync', 'writeSync'],
      constants: ["const CONTROL = '/sys/kernel/debug/kmemleak'"],
      calls: [
        'statfsSync(CONTROL)',
        'openSync(CONTROL, constants.O_WRONLY | constants.O_NOFOLLOW)',
        "writeSync(descriptor, 'scan')",
      ],
    },
  ],
  // opens nothing: what decode prints goes to the standard output it was given
  [
    'node/cli/output.ts',
    { names: ['writeSync'], constants: [], calls: ['writeSync(descriptor, bytes, written)'] },
  ],
])

const WRITING = /\bO_(?:WRONLY|RDWR|CREAT|APPEND|TRUNC)\b|\bflag\s*:/

/** Flags of openSync as words, all but r and rs. */
const WRITING_FLAGS = /(['"`])(?:[wa]x?\+?|x[wa]\+?|as\+?|sa\+?|r\+|rs\+|sr\+)\1/

/** The text without its comments; code that stands behind one on its line stays. @param {string} text */
function codeOf(text) {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
}

/**
 * Whether a file can open another to write it: openSync is only ever called, with flags that have a name, and beside it
 * stands no word that asks for more than reading.
 * @param {string} text
 */
function opensToWrite(text) {
  const code = codeOf(text).replace(NAMED, '')
  if (WRITING.test(code)) return true
  if (!/\bopenSync\b/.test(text)) return false
  return (
    /\bopenSync\b(?!\(\w+, [A-Za-z]\w*(?: \? [A-Za-z]\w* : [A-Za-z]\w*)?\))/.test(code) ||
    WRITING_FLAGS.test(code)
  )
}

/**
 * What a writer does beside what it may; undefined where there is no more.
 * @param {string} text @param {{ readonly names: readonly string[], readonly calls: readonly string[], readonly constants: readonly string[] }} writer
 */
function writerFault(text, { names, calls, constants }) {
  const taken = `import { ${names.join(', ')} } from 'node:fs'`
  if (text.split('node:fs').length !== 2 || !text.includes(taken)) return `does not have, just once, ${taken}`
  const code = codeOf(text).replace(NAMED, '')
  let rest = code
  for (const allowed of [...calls, ...constants]) {
    if (code.split(allowed).length !== 2) return `does not have, just once, ${allowed}`
    rest = rest.replace(allowed, '')
  }
  // what a call writes to has one value
  const again = constants.some(constant => new RegExp(`\\b${constant.split(' ')[1]}\\b`).test(rest))
  return again || /\b(?:openSync|writeSync)\b|\bO_[A-Z]+\b|['"`]\//.test(rest)
    ? `opens or writes more than ${calls.join(' and ')}`
    : undefined
}

/** What of Node src/ may use: all of it looks and none of it writes, runs a program or opens a connection. */
const NODE_NAMES = new Map([
  [
    'node:fs',
    [
      'closeSync',
      'constants',
      'fstatSync',
      'lstatSync',
      'openSync',
      'readdirSync',
      'readFileSync',
      'readlinkSync',
      'readSync',
      'Stats',
      'statSync',
    ],
  ],
  ['node:os', ['hostname']],
  ['node:url', ['fileURLToPath']],
  ['node:zlib', ['gunzipSync']],
])

/**
 * The files that ask others on this node, each one service, and what of Node and of packages they may take for it beside.
 * @type {ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>}
 */
const ASKERS = new Map([
  // the container runtime, over a UNIX socket: calls that tell and change nothing (node/cri/api.ts has them all)
  [
    'node/cri/ask.ts',
    new Map([
      ['@grpc/grpc-js', ['Client', 'credentials', 'loadPackageDefinition', 'status']],
      ['@grpc/proto-loader', ['fromJSON']],
    ]),
  ],
  // the kubelet of this node: GET /pods at 127.0.0.1
  [
    'node/kubelet/ask.ts',
    new Map([
      ['node:crypto', ['X509Certificate']],
      ['node:http', ['IncomingMessage', 'request']],
      ['node:tls', ['connect']],
    ]),
  ],
])

/** Packages have their own means; these are parsers of words. */
const PACKAGES = ['commander', 'fastest-levenshtein']

/**
 * Why what a file takes from Node or from a package is more than looking, or more than it may write.
 * @param {string} text @param {string} specifier @param {readonly string[] | undefined} writes
 * @param {ReadonlyMap<string, readonly string[]> | undefined} asks @returns {string | undefined}
 */
function outsideFault(text, specifier, writes, asks) {
  if (PACKAGES.includes(specifier)) return undefined
  // NEVER has told of it.
  if (/child_process|cluster/.test(specifier)) return undefined
  const allowed =
    specifier === 'node:fs' && writes !== undefined
      ? writes
      : (asks?.get(specifier) ?? NODE_NAMES.get(specifier))
  if (allowed === undefined) return `imports ${specifier}, which is not among what src/ may use`
  const clauses = [...text.matchAll(NAMED)].filter(([, , from]) => from === specifier)
  // each mention of it is an import by name: not one of all, not passed on, not at run time
  if (clauses.length !== text.split(new RegExp(`['"\`]${specifier}['"\`]`)).length - 1)
    return `imports all of ${specifier}: name what is used`
  if (clauses.some(([, clause = '']) => /\sas\s/.test(clause)))
    return `renames what it imports of ${specifier}`
  const names = clauses.flatMap(([, clause = '']) => clause.split(','))
  const more = names
    .map(name => name.trim().replace(/^type\s+/, ''))
    .filter(name => name !== '' && !allowed.includes(name))
  return more.length === 0 ? undefined : `imports ${more.join(', ')} of ${specifier}: src/ only looks`
}

/**
 * The specifiers a file imports, in any form; `undefined` for a computed one.
 * @param {string} text
 * @returns {(string | undefined)[]}
 */
export function importsOf(text) {
  const code = codeOf(text)
  return [
    ...[...code.matchAll(STATIC)].map(([, specifier]) => specifier),
    ...[...code.matchAll(BARE)].map(([, specifier]) => specifier),
    ...[...code.matchAll(DYNAMIC)].map(([, , specifier]) => specifier),
  ]
}

/** @param {string} file */
function areaOf(file) {
  return RANKS.find(([area]) => file === area || file.startsWith(`${area}/`))
}

/**
 * What breaks the law, one sentence each.
 * @param {ReadonlyMap<string, string>} files text by path below src/, with forward slashes
 * @returns {string[]}
 */
export function importFaults(files) {
  /** @type {string[]} */
  const faults = []
  const isUnit = (/** @type {string} */ file) => /^export default\b/m.test(files.get(file) ?? '')
  for (const [file, text] of files) {
    const from = areaOf(file)
    if (from === undefined) {
      faults.push(`${file} has no rank: put it where the table of scripts/imports.mjs has a place for it`)
      continue
    }
    const [area, rank] = from
    const writer = WRITERS.get(file)
    for (const [pattern, why] of NEVER) {
      if (/** @type {RegExp} */ (pattern).test(text)) faults.push(`${file} ${why}`)
    }
    if (writer === undefined && opensToWrite(text)) faults.push(`${file} ${WRITES}`)
    const more = writer === undefined ? undefined : writerFault(text, writer)
    if (more !== undefined) faults.push(`${file} ${more}`)
    if (area === 'core/render' && /\.judge\s*\(/.test(text)) {
      faults.push(`${file} lets a detector judge: render/ takes only the texts of detectors/`)
    }
    for (const specifier of importsOf(text)) {
      const fault = importFault(file, area, rank, specifier)
      if (fault !== undefined) faults.push(`${file} ${fault}`)
    }
  }
  return [...new Set(faults)]

  /**
   * @param {string} file
   * @param {string} area
   * @param {number} rank
   * @param {string | undefined} specifier
   */
  function importFault(file, area, rank, specifier) {
    if (specifier === undefined) return 'computes what it imports: the law cannot be read off it'
    if (!specifier.startsWith('.')) {
      return file.startsWith('core/')
        ? `imports ${specifier}: src/core imports no package and no Node built-in`
        : outsideFault(files.get(file) ?? '', specifier, WRITERS.get(file)?.names, ASKERS.get(file))
    }
    if (!specifier.endsWith('.ts')) return `imports ${specifier} without .ts`
    const target = posix.join(posix.dirname(file), specifier)
    if (target.startsWith('..')) return `imports ${specifier} from outside src/`
    if (!files.has(target)) return `imports ${specifier}, which is not there`
    const to = areaOf(target)
    if (to === undefined) return undefined
    const [targetArea, targetRank] = to
    if (targetArea === area) {
      const sibling = UNITS.includes(area) && !file.endsWith('/index.ts') && isUnit(target)
      return sibling ? `imports the unit ${target}: units of ${area}/ never import one another` : undefined
    }
    if (targetRank >= rank)
      return `imports ${target}: rank ${rank} may not import rank ${targetRank} (${targetArea})`
    if (FORBIDDEN.get(area)?.includes(targetArea))
      return `imports ${target}: ${area} may not import ${targetArea}`
    if (area === 'core/render' && targetArea === 'core/detectors' && !TEXTS.includes(target)) {
      return `imports ${target}: render/ takes only the texts of detectors/, from ${TEXTS.join(' and ')}`
    }
    return undefined
  }
}

/**
 * The sources below `root`/src, by path below src/.
 * @param {string} root the checkout
 * @returns {Map<string, string>}
 */
export function sources(root) {
  const src = join(root, 'src')
  return new Map(
    readdirSync(src, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
      .map(path => [relative(src, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  )
}
