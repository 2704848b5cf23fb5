// The package as npm packs it: what is in it, and that it runs where nothing but its dependencies is.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) throw error
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

describe('the package', () => {
  let scratch = ''
  let installed = ''
  const files: string[] = []
  const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kmemscope-package-'))
    const packed = run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--silent', '--pack-destination', scratch],
      root,
    )
    const [{ filename, files: contents }] = JSON.parse(packed)
    files.push(...contents.map(({ path }: { path: string }) => path))
    // an empty folder with the package and what it depends on, as npm install leaves it
    const modules = join(scratch, 'project/node_modules')
    installed = join(modules, 'kmemscope')
    mkdirSync(installed, { recursive: true })
    run('tar', ['-xzf', join(scratch, filename), '--strip-components=1', '-C', installed], scratch)
    for (const name of Object.keys(about.dependencies)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
    }
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it('has what runs and what is read, and nothing else', () => {
    const unexpected = files.filter(
      path =>
        !/^(dist\/.*\.(js|d\.ts)|schemas\/[\w.-]+\.json|(README(\.zh-CN)?|LICENSE|CHANGELOG)(\.md)?|package\.json)$/.test(
          path,
        ),
    )
    expect(unexpected).toEqual([])
    for (const path of ['LICENSE', 'README.md', 'README.zh-CN.md', 'schemas/report.json'])
      expect(files).toContain(path)
  })

  it('runs as a command', () => {
    const main = join(installed, about.bin.kmemscope)
    expect(existsSync(main)).toBe(true)
    expect(run(process.execPath, [main, '--version'], scratch).trim()).toBe(about.version)
    const log = join(scratch, 'dmesg.txt')
    writeFileSync(log, '[ 1460.023551] SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)\n')
    const report = JSON.parse(run(process.execPath, [main, 'diagnose', log, '-o', 'json'], scratch))
    expect(report.verdicts['slub-allocation-failure']).toBe('present')
  })

  it.each(Object.keys(about.exports).filter(name => !name.includes('*') && !name.endsWith('.json')))(
    'can be imported as kmemscope%s',
    name => {
      const specifier = `kmemscope${name.slice(1)}`
      const project = join(scratch, 'project')
      const code = `console.log(Object.keys(await import('${specifier}')).length)`
      expect(Number(run(process.execPath, ['--input-type=module', '-e', code], project))).toBeGreaterThan(0)
      expect(existsSync(join(installed, about.exports[name].types))).toBe(true)
    },
  )
})
