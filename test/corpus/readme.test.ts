// The runs that the READMEs show were made: the same command, in the same folder, prints the same.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const main = join(root, 'dist/node/cli/main.js')

/** `$ cd DIR`, `$ npx kmemscope ARGS | head -N`, then what it printed. */
const RUN = /```\n\$ cd (\S+)\n\$ npx kmemscope ([^\n|]*) \| head -(\d+)\n([\s\S]*?)```/g

describe.each(['README.md', 'README.zh-CN.md'])('%s', paper => {
  it('shows real runs (npm run golden writes them anew)', () => {
    const text = readFileSync(join(root, paper), 'utf8')
    const runs = [...text.matchAll(RUN)]
    expect(runs).toHaveLength(3)
    let written = text
    for (const [block, dir = '', args = '', lines = '0', shown = ''] of runs) {
      const { stdout, status } = spawnSync(process.execPath, [main, ...args.trim().split(/\s+/)], {
        cwd: join(root, dir),
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], LC_ALL: 'C', NO_COLOR: '1' },
      })
      expect(status).toBe(0)
      const printed = `${stdout.split('\n').slice(0, Number(lines)).join('\n')}\n`
      if (process.env['GOLDEN'] === 'write')
        written = written.replace(
          block,
          block.replace(shown, () => printed),
        )
      else expect(shown).toBe(printed)
    }
    if (written !== text) writeFileSync(join(root, paper), written)
  })
})
