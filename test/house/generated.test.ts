// What is generated follows from what it is generated from: npm run sync.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { syncFaults } from '../../scripts/sync.mjs'
import { collectors } from '../../src/core/collectors/index.ts'
import { detectors } from '../../src/core/detectors/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

function unitsIn(folder: string): readonly string[] {
  const dir = join(root, 'src/core', folder)
  return readdirSync(dir)
    .filter(name => name !== 'index.ts' && /^export default\b/m.test(readFileSync(join(dir, name), 'utf8')))
    .map(name => name.replace(/\.ts$/, ''))
    .sort()
}

describe('generated files', () => {
  it('are up to date', async () => {
    expect(await syncFaults()).toEqual([])
  })

  it.each([
    ['detectors', detectors],
    ['collectors', collectors],
  ])('%s: every file with a unit is in the registry, under its own name', (folder, units) => {
    expect(units.map(({ id }) => id).sort()).toEqual(unitsIn(folder))
  })

  it('tell in both tables, in both languages, of every unit', () => {
    for (const folder of ['docs', 'docs/zh']) {
      const table = (name: string) => readFileSync(join(root, folder, name), 'utf8')
      for (const { id } of detectors) expect(table('detectors.md')).toContain(`| \`${id}\` |`)
      for (const { id } of collectors) expect(table('reads.md')).toContain(`| \`${id}\` |`)
    }
  })
})
