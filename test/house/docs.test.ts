// What the papers promise is there: the commands and files they name, and nothing of somebody's own machine.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { reportKinds } from '../../src/core/decoded/kernel-report.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')

const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Files of the house, without what is installed, built, or captured from a node. */
const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => join(entry.parentPath, entry.name).slice(root.length))
  .filter(path => !/^(\.git|node_modules|dist|fixtures|bench\/\.build)\//.test(path))

const papers = files.filter(path => path.endsWith('.md'))

const scripts: Readonly<Record<string, string>> = JSON.parse(read('package.json')).scripts

describe('the papers', () => {
  it('are there, in both languages where a user reads them', () => {
    expect(papers).toEqual(
      expect.arrayContaining([
        'README.md',
        'README.zh-CN.md',
        'ARCHITECTURE.md',
        'CONTRIBUTING.md',
        'SECURITY.md',
        'CHANGELOG.md',
        'docs/decode.md',
        'docs/cgroups.md',
        'docs/memory.md',
        'docs/kmemleak.md',
        'docs/detectors.md',
        'docs/reads.md',
        'docs/zh/decode.md',
        'docs/zh/cgroups.md',
        'docs/zh/memory.md',
        'docs/zh/kmemleak.md',
        'docs/zh/detectors.md',
        'docs/zh/reads.md',
      ]),
    )
  })

  it.each(papers)('%s names only npm scripts that exist', paper => {
    const named = [...read(paper).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script ?? '')
    expect(named.filter(script => scripts[script] === undefined)).toEqual([])
  })

  it.each(papers)('%s names only commands and options that kmemscope has', paper => {
    const help = (...args: readonly string[]) => {
      const { stdout, stderr } = spawnSync(process.execPath, [main, ...args, '--help'], { encoding: 'utf8' })
      return `${stdout}${stderr}`
    }
    const top = help()
    const code = [...read(paper).matchAll(/^```\w*\n([\s\S]*?)^```|`([^`\n]+)`/gm)].map(
      ([, block, span]) => block ?? span,
    )
    const lines = code
      .join('\n')
      // a command line starts with kmemscope, after a prompt, a pipe, sudo or npx
      .matchAll(/^\s*(?:[$#] )?(?:.*\| *)?(?:sudo |npx )*kmemscope +([a-z]+)(?=\s|$)([^\n|]*)/gm)
    for (const [line, command = '', rest = ''] of lines) {
      expect(top, line).toMatch(new RegExp(`^ +${command}\\b`, 'm'))
      const options = help(command)
      for (const [, option = ''] of rest.matchAll(/(?<=\s)(--[a-z][a-z-]*)/g))
        expect(`${top}${options}`, line).toContain(option)
    }
  })

  it.each(papers)('%s links only to files that are there', paper => {
    const links = [...read(paper).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, link]) => link ?? '',
    )
    expect(links.filter(link => !existsSync(join(root, dirname(paper), link)))).toEqual([])
  })

  it.each(papers)('%s names only schemas that are there', paper => {
    const named = [...read(paper).matchAll(/schemas\/([\w.@-]+\.json)/g)].map(([, name]) => name ?? '')
    expect(named.filter(name => !existsSync(join(root, 'schemas', name)))).toEqual([])
  })

  it.each(['docs/decode.md', 'docs/zh/decode.md'])('%s names every kind of report', paper => {
    expect(reportKinds.filter(kind => !read(paper).includes(`\`${kind}\``))).toEqual([])
  })

  it('show, in README, what `npm start` and `npm test` are', () => {
    for (const paper of ['README.md', 'README.zh-CN.md']) {
      expect(read(paper)).toMatch(/npm ci && npm start/)
      expect(read(paper)).toMatch(/npm ci && npm test/)
    }
  })
})

describe('the files of the house', () => {
  it('have no path of the machine they were written on', () => {
    // split, so that this file does not name what it looks for
    const own = new RegExp(
      ['/work', '/(main|shared)\\b|/home', '/(?!user\\b|core\\b|kubernetes\\b)\\w+/'].join(''),
    )
    const text = files.filter(
      path => /\.(ts|mjs|c|sh|md|json|yaml|yml)$|^\.ci\/run$/.test(path) && path !== 'package-lock.json',
    )
    expect(text.filter(path => own.test(read(path)))).toEqual([])
  })

  it('are named after what they are about', () => {
    const vague = /^(utils?|helpers?|common|managers?|process(or)?|handlers?|misc|types|shared)\.(ts|mjs)$/
    expect(files.filter(path => vague.test(basename(path)))).toEqual([])
  })

  it('begin, in src/, with what they read or are for', () => {
    const sources = files.filter(path => path.startsWith('src/') && path.endsWith('.ts'))
    const silent = sources.filter(path => !/^(#!.*\n)?\/\//.test(read(path)))
    // one type and a sentence on it need no more words
    expect(silent.filter(path => read(path).split('\n').length > 40)).toEqual([])
  })
})
