// npm run new detector NAME | npm run new story NAME: writes the files to start from.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** @param {string} name */
const detector = name => `// PageTables in /proc/meminfo: Documentation/filesystems/proc.rst
// TODO: say what in the kernel this reads and where that is documented.

import { text } from '../base/text.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { detector } from './detector.ts'

/** TODO: say where this number comes from, or that it is a guess and ours. */
const WARN_SHARE = 0.1

export default detector({
  id: '${name}',
  about: text({
    en: { judges: 'page tables against the node’s memory' },
    zh: { judges: '页表占节点内存的比例' },
  }),
  text: text({
    en: { title: 'Page tables take {pageTables|bytes} of {total|bytes}' },
    zh: { title: '页表占用 {pageTables|bytes}，节点共 {total|bytes}' },
  }),
  judge(about) {
    const meminfo = latest(about)?.meminfo
    const pageTables = meminfo?.values['PageTables']
    const total = meminfo?.values['MemTotal']
    if (meminfo === undefined || pageTables === undefined || total === undefined) {
      return { findings: [], unknown: [{ reason: 'meminfo-not-read', remedy: 'pass-node-files' }] }
    }
    if (pageTables < WARN_SHARE * total) return { findings: [], unknown: [] }
    return {
      unknown: [],
      findings: [
        {
          severity: 'warning',
          subject: { kind: 'node' },
          values: { pageTables, total },
          words: { title: 'title', summary: [] },
          evidence: [
            {
              kind: 'reading',
              path: meminfo.path,
              key: 'PageTables',
              value: pageTables,
              unit: 'bytes',
              at: readAt(about),
            },
          ],
          remedies: [],
          defects: [],
          ongoing: true,
        },
      ],
    }
  },
})
`

/** @param {string} name */
const story = name => `# ${name}

What happened on this node, and what a good answer says.

- source: written for this project, or where the files come from
- licence:
- kernel:

Put under \`tree/\` the files that matter, at their own paths (\`tree/proc/meminfo\`); then \`npm run golden\` writes
\`report.json\`, which a human reads before it is committed.
`

const [kind, name] = process.argv.slice(2)
/** @type {Record<string, (name: string) => [path: string, text: string, next: string]>} */
const TEMPLATES = {
  detector: id => [`src/core/detectors/${id}.ts`, detector(id), `npm run sync; npm run new story ${id}`],
  story: id => [`fixtures/nodes/${id}/story.md`, story(id), 'npm run golden'],
}
const template = TEMPLATES[kind ?? '']
if (template === undefined || name === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  console.error('usage: npm run new detector|story NAME   (NAME in kebab-case: page-table-growth)')
  process.exit(2)
}
const [path, text, next] = template(name)
if (existsSync(join(root, path))) {
  console.error(`${path} is there already`)
  process.exit(1)
}
mkdirSync(dirname(join(root, path)), { recursive: true })
writeFileSync(join(root, path), text)
if (kind === 'story') mkdirSync(join(root, dirname(path), 'tree'), { recursive: true })
console.log(`wrote ${path}\nnext: ${next}`)
