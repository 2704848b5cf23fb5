// Every story of fixtures/nodes, told to every detector: what is found is what a human wrote down before, each piece
// of evidence stands in the tree, and what was not looked at is never called healthy.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/core/case/finding.ts'
import type { Report } from '../../src/core/case/report.ts'
import { collect } from '../../src/core/collect.ts'
import { detectors } from '../../src/core/detectors/index.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { renderCondition } from '../../src/core/render/conditions.ts'
import { renderJson, reportJson } from '../../src/core/render/json.ts'
import { renderMarkdown } from '../../src/core/render/markdown.ts'
import { plain, renderTerminal } from '../../src/core/render/terminal.ts'
import type { Texts } from '../../src/core/render/words.ts'
import { memoryTree } from '../../src/core/tree/memory-tree.ts'
import type { Tree } from '../../src/core/tree/tree.ts'
import { directoryTree } from '../../src/node/trees/directory-tree.ts'
import { misquoted } from './evidence.ts'
import { agreedOn, readStory, type Story, storyNames } from './story.ts'

/** When every story was diagnosed. */
const AT = Date.UTC(2026, 0, 1)

const texts: Texts = Object.fromEntries(detectors.map(({ id, text }) => [id, text]))

const validate = new Ajv2020({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(new URL('../../schemas/report.json', import.meta.url), 'utf8')),
)

const thrown: string[] = []

function report(tree: Tree): Report {
  return diagnose(collect(tree, { at: AT }), AT, (detector, error) => {
    thrown.push(`${detector}: ${error instanceof Error ? error.stack : String(error)}`)
  })
}

function inMemory({ files }: Story, hidden?: (path: string) => boolean): Tree {
  const kept =
    hidden === undefined ? files : Object.fromEntries(Object.entries(files).filter(([path]) => !hidden(path)))
  return memoryTree(kept, { origin: 'directory' })
}

/** The same tree, telling `seen` of every file that is asked for; of a directory the saved listing. */
function watched(tree: Tree, seen: (path: string) => void): Tree {
  const told =
    <T>(ask: (path: string) => T, suffix = '') =>
    (path: string) => {
      seen(path + suffix)
      return ask(path)
    }
  return {
    ...tree,
    read: told(tree.read),
    peek: told(tree.peek),
    chunks: told(tree.chunks),
    list: told(tree.list, '.list'),
    directories: told(tree.directories, '.list'),
  }
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => [key, sortedKeys(member)]),
  )
}

const golden = (of: Report): string => renderJson(sortedKeys(reportJson(of, texts, 'en')) as object)

const subjectOf = ({ subject }: Finding): string => subject.path ?? subject.cache ?? subject.kind

describe.each(storyNames)('%s', name => {
  const story = readStory(name)
  const sighted = report(inMemory(story))

  it('says whose it is, under which licence, of which kernel', () => {
    expect(Object.keys(story.head).sort()).toEqual(['kernel', 'licence', 'source'])
    expect(story.head['licence']).toBe('Apache-2.0')
    expect(story.head['source']).toMatch(/^(captured|written) by us/)
    expect(sighted.node.kernel).toBe(story.head['kernel']?.split(' ')[0])
  })

  it('gives the verdicts and findings that story.md says', () => {
    expect(Object.keys(sighted.verdicts).sort()).toEqual(detectors.map(({ id }) => id).sort())
    const wanted = Object.entries(story.expected)
    expect(wanted.length, 'story.md has no ```verdicts block').toBeGreaterThan(0)
    expect(wanted.map(([id]) => id).sort()).toEqual(detectors.map(({ id }) => id).sort())
    expect(sighted.verdicts).toEqual(Object.fromEntries(wanted.map(([id, { verdict }]) => [id, verdict])))
    for (const [id, { findings }] of wanted) {
      const found = sighted.findings.filter(({ detector }) => detector === id)
      const subjects = (these: readonly string[]) => ({ [id]: [...these].sort() })
      if (!findings.some(({ subject }) => subject === '*')) {
        expect(subjects(found.map(subjectOf))).toEqual(subjects(findings.map(({ subject }) => subject)))
      } else expect(found.length).toBeGreaterThan(0)
      for (const { severity, subject, defects, ongoing } of findings) {
        const [finding] = found.filter(one => subject === '*' || subjectOf(one) === subject)
        if (severity !== undefined) expect(finding?.severity, `${id} ${subject}`).toBe(severity)
        if (ongoing !== undefined) expect(finding?.ongoing, `${id} ${subject}`).toBe(ongoing)
        if (id !== 'known-defects') continue
        const affected = finding?.defects
          .filter(({ status }) => status === 'affected')
          .map(defect => defect.id)
        expect(affected).toEqual(defects)
      }
    }
  })

  it('has no detector throw', () => {
    expect(thrown).toEqual([])
  })

  it('rests on evidence that stands in the tree', () => {
    const evidence = sighted.findings.flatMap(finding => finding.evidence)
    expect(evidence.map(piece => misquoted(story, piece)).filter(wrong => wrong !== undefined)).toEqual([])
  })

  it('gives the report that was agreed on (npm run golden writes it anew)', () => {
    const path = join(story.dir, 'report.json')
    const now = golden(sighted)
    if (process.env['GOLDEN'] === 'write') writeFileSync(path, now)
    expect(now, 'if the new report is the better one: npm run golden').toBe(agreedOn(path))
  })

  it('is the same report read from the directory as from memory', () => {
    const dir = join(story.dir, 'tree')
    expect(golden(report(directoryTree(dir))).replaceAll(`${dir}/`, '/')).toBe(golden(sighted))
  })

  it('is JSON that reads back as itself and fits the schema', () => {
    for (const language of ['en', 'zh'] as const) {
      const document = reportJson(sighted, texts, language)
      const text = renderJson(document)
      const back: unknown = JSON.parse(text)
      expect(back).toEqual(document)
      expect(renderJson(back as object)).toBe(text)
      expect(validate(back), JSON.stringify(validate.errors)).toBe(true)
    }
  })

  // A verdict is what was seen: with less to see it stays, or becomes unknown; it never turns.
  it('does not turn when a file that was read is not there', () => {
    const read = new Set<string>()
    report(watched(inMemory(story), path => Object.hasOwn(story.files, path) && read.add(path)))
    const blindfolds: [what: string, hides: (path: string) => boolean][] = [...read].map(path => [
      path,
      other => other === path,
    ])
    // Also every file of one name at once, as on a kernel that does not have it, and whole parts of the node.
    const names = [...read]
      .filter(path => path.startsWith('sys/fs/cgroup/'))
      .map(path => path.split('/').at(-1))
    for (const file of new Set(names)) blindfolds.push([`**/${file}`, other => other.endsWith(`/${file}`)])
    for (const part of ['proc', 'sys', 'sys/fs/cgroup', 'sys/kernel', 'etc', 'boot', 'var/log']) {
      blindfolds.push([`${part}/`, other => other.startsWith(`${part}/`)])
    }
    const before = thrown.length
    const turned: string[] = []
    for (const [what, hides] of blindfolds) {
      const blinded = report(inMemory(story, hides))
      for (const [id, verdict] of Object.entries(blinded.verdicts)) {
        if (verdict !== sighted.verdicts[id] && verdict !== 'unknown') {
          turned.push(`without ${what}: ${id} ${sighted.verdicts[id]} → ${verdict}`)
        }
      }
    }
    expect(thrown.slice(before, before + 3)).toEqual([])
    expect(read.size).toBeGreaterThan(3)
    expect(turned).toEqual([])
  }, 240_000)
})

// One story in every dress, so that a change of words is seen by whoever makes it.
describe.each(['en', 'zh'] as const)('the article’s node in %s', language => {
  const story = readStory('article-node')
  const told = report(inMemory(story))
  it.each([
    ['txt', () => renderTerminal(told, { language, texts, style: plain, version: '0.0.0', columns: 100 })],
    ['md', () => renderMarkdown(told, texts, language)],
    ['npd', () => `${renderCondition(told, texts, language).line}\n`],
  ] as const)('%s reads as agreed on (npm run golden writes it anew)', (dress, render) => {
    const path = join(story.dir, `report.${language}.${dress}`)
    const now = render()
    if (process.env['GOLDEN'] === 'write') writeFileSync(path, now)
    expect(now, 'if the new words are the better ones: npm run golden').toBe(agreedOn(path))
  })
})
