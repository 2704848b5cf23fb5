// The law of imports (ARCHITECTURE.md), on src/ and on files that break it.

import { describe, expect, it } from 'vitest'
import { importFaults, importsOf, sources } from '../../scripts/imports.mjs'

const root = new URL('../..', import.meta.url).pathname

const UNIT = 'export default {}\n'

/** The faults of `text` as `file`, in a house where `others` are there too. */
function faults(
  file: string,
  text: string,
  others: Readonly<Record<string, string>> = {},
): readonly string[] {
  return importFaults(new Map([...Object.entries(others), [file, text]]))
}

describe('the law of imports', () => {
  it('holds in src/', () => {
    const files = sources(root)
    expect(files.size).toBeGreaterThan(10)
    expect(importFaults(files)).toEqual([])
  })

  it('finds imports in every form', () => {
    const text = [
      "import a from './a.ts'",
      "import { type B, b } from './b.ts'",
      "import type {\n  C,\n} from './c.ts'",
      "export * from './d.ts'",
      "export { e } from './e.ts'",
      "import './f.ts'",
      "const g = await import('./g.ts')",
      "type H = import('./h.ts').H",
      "// import i from './i.ts'",
      " * import j from './j.ts'",
    ].join('\n')
    expect(importsOf(text).sort()).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(name => `./${name}.ts`),
    )
  })

  it.each([
    ['upwards', 'core/base/lines.ts', "import { x } from '../case/case.ts'", { 'core/case/case.ts': '' }],
    [
      'decode sees a Tree',
      'core/decode/proc/meminfo.ts',
      "import type { Tree } from '../../tree/tree.ts'",
      { 'core/tree/tree.ts': '' },
    ],
    [
      'facts and collectors meet',
      'core/facts/kernel.ts',
      "import { x } from '../collectors/collector.ts'",
      { 'core/collectors/collector.ts': '' },
    ],
    [
      'a detector collects',
      'core/detectors/a.ts',
      "import { x } from '../collectors/collector.ts'",
      { 'core/collectors/collector.ts': '' },
    ],
    [
      'a detector leans on another',
      'core/detectors/a.ts',
      "import b from './b.ts'",
      { 'core/detectors/b.ts': UNIT },
    ],
    [
      'render works out facts',
      'core/render/text.ts',
      "import { x } from '../facts/kernel.ts'",
      { 'core/facts/kernel.ts': '' },
    ],
    [
      'render picks a detector',
      'core/render/text.ts',
      "import b from '../detectors/b.ts'",
      { 'core/detectors/b.ts': UNIT },
    ],
    ['render judges', 'core/render/text.ts', 'unit.judge(about)', {}],
    ['a file is written', 'node/trees/a.ts', "import { writeFileSync } from 'node:fs'", {}],
    ['more of fs than is named', 'node/trees/a.ts', "import * as fs from 'node:fs'", {}],
    ['fs by promises', 'node/trees/a.ts', "import { writeFile } from 'node:fs/promises'", {}],
    ['a file is opened to write', 'node/trees/a.ts', 'openSync(path, constants.O_WRONLY)', {}],
    ['a file is opened by what a call gave', 'node/trees/a.ts', "openSync(join(a, b), 'w')", {}],
    ['a file is opened with a number', 'node/trees/a.ts', 'openSync(path, 577)', {}],
    ['a file is opened by a word', 'node/trees/a.ts', "const how = 'a'\nopenSync(path, how)", {}],
    ['openSync has another name', 'node/trees/a.ts', 'const read = openSync', {}],
    ['reading makes a file', 'node/trees/a.ts', "readFileSync(path, { flag: 'w+' })", {}],
    [
      'all of fs stands beside a part',
      'node/trees/a.ts',
      "import { readSync } from 'node:fs'\nimport fs from 'node:fs'",
      {},
    ],
    [
      'fs is passed on',
      'node/trees/a.ts',
      "import { readSync } from 'node:fs'\nexport { writeFileSync } from 'node:fs'",
      {},
    ],
    ['fs behind a comment', 'node/trees/a.ts', "/* */ import { writeFileSync } from 'node:fs'", {}],
    ['fs behind a statement', 'node/trees/a.ts', "const a = 1; import { writeFileSync } from 'node:fs'", {}],
    [
      'fs as a factor',
      'node/trees/a.ts',
      "const a = 2\n  * (await import('node:fs')).writeFileSync(b, c)",
      {},
    ],
    ['a part of fs is renamed', 'node/trees/a.ts', "import { openSync as readAll } from 'node:fs'", {}],
    ['a report of Node is written', 'node/cli/a.ts', 'process.report.writeReport(path)', {}],
    ['a signal is sent', 'node/cli/a.ts', 'process.kill(1)', {}],
    ['process is asked for by a made-up name', 'node/cli/a.ts', "process['bin' + 'ding']('fs')", {}],
    ['text is run', 'node/cli/a.ts', "Function('return 1')()", {}],
    ['a connection', 'node/cli/a.ts', "import { connect } from 'node:net'", {}],
    ['a request', 'node/cli/a.ts', "import { request } from 'node:http'", {}],
    ['gRPC elsewhere', 'node/cli/a.ts', "import { Client } from '@grpc/grpc-js'", {}],
    ['a server', 'node/kubelet/ask.ts', "import { createServer } from 'node:http'", {}],
    ['a gRPC server', 'node/cri/ask.ts', "import { Server } from '@grpc/grpc-js'", {}],
    ['a request', 'node/cli/a.ts', "await fetch('https://example.org')", {}],
    ['a package nobody looked at', 'node/cli/a.ts', "import got from 'got'", {}],
    [
      'core reaches node/',
      'core/index.ts',
      "import { x } from '../node/trees/live-tree.ts'",
      { 'node/trees/live-tree.ts': '' },
    ],
    [
      'trees reach the command line',
      'node/trees/live-tree.ts',
      "import { x } from '../cli/main.ts'",
      { 'node/cli/main.ts': '' },
    ],
    ['core imports a built-in', 'core/base/lines.ts', "import { readFileSync } from 'node:fs'", {}],
    ['core imports a package', 'core/base/lines.ts', "import { distance } from 'fastest-levenshtein'", {}],
    ['core imports lazily', 'core/base/lines.ts', "const fs = await import('node:fs')", {}],
    ['a program is run', 'node/cli/main.ts', "import { execFile } from 'node:child_process'", {}],
    ['a module is required', 'node/cli/main.ts', "const fs = require('fs')", {}],
    [
      'the extension is left out',
      'core/base/lines.ts',
      "import { x } from './bytes'",
      { 'core/base/bytes.ts': '' },
    ],
    ['the import is computed', 'node/cli/main.ts', 'await import(name)', {}],
    ['a file stands nowhere', 'core/things/a.ts', '', {}],
    ['outside src/', 'node/cli/main.ts', "import { x } from '../../../scripts/sync.ts'", {}],
  ])('is broken when %s', (_, file, text, others) => {
    expect(faults(file, text, others)).toHaveLength(1)
  })

  describe('of a file that writes', () => {
    const file = 'node/kmemleak/control.ts'
    const text = sources(root).get(file) ?? ''

    it('lets it write the one thing to the one place', () => {
      expect(faults(file, text)).toEqual([])
    })

    it.each([
      ['elsewhere', 'node/kmemleak/other.ts', text],
      ['another file', file, text.replace('/sys/kernel/debug/kmemleak', '/etc/passwd')],
      ['another word', file, text.replace("'scan')", "'off')")],
      ['another word too', file, `${text}\nwriteSync(descriptor, 'clear')`],
      ['another place too', file, `${text}\nopenSync('/proc/sysrq-trigger', constants.O_WRONLY)`],
      ['behind a comment', file, `${text}\n/**/ writeSync(descriptor, 'off')`],
      ['behind an import', file, `import type { A } from './a.ts'; writeSync(1, 'off')\n${text}`],
      ['to another value', file, text.replace('scanNow()', "scanNow(CONTROL = 'core')")],
      ['under another name', file, text.replace('writeSync }', 'writeSync, writeSync as more }')],
      ['by more of node:fs', file, text.replace('writeSync }', 'writeSync, writeFileSync }')],
    ])('is broken when it writes %s', (_, path, changed) => {
      expect(path === file ? changed : '').not.toBe(text)
      expect(faults(path, changed)).not.toEqual([])
    })
  })

  it('lets the registry import the units and render/ the texts', () => {
    const house = {
      'core/detectors/a.ts': UNIT,
      'core/detectors/detector.ts': '',
      'core/render/text.ts': "import { detectors } from '../detectors/index.ts'",
    }
    expect(
      faults('core/detectors/index.ts', "import a from './a.ts'\nimport { x } from './detector.ts'", house),
    ).toEqual([])
  })
})
