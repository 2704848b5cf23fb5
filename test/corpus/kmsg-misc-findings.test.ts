// Logs that hold no memory trouble, whatever words are in them: a finding in one of them is a false alarm.

import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { collect } from '../../src/core/collect.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { openTree } from '../../src/node/trees/open-tree.ts'

const DIR = fileURLToPath(new URL('../../../shared/corpus/kmsg-misc/', import.meta.url))

const logs = existsSync(DIR) ? readdirSync(DIR).filter(name => !name.endsWith('.expect.json')) : []

describe('kmsg-misc', () => {
  beforeEach(({ skip }) => {
    if (logs.length === 0) skip('../shared/corpus is not there')
  })
  it.each(logs.length === 0 ? ['none'] : logs)('%s: not one finding', name => {
    const at = Date.UTC(2026, 0, 1)
    const thrown: string[] = []
    const opened = openTree([DIR + name])
    if ('problem' in opened) throw new Error(`${name} was not opened`)
    const { findings, verdicts } = diagnose(collect(opened.tree, { at }), at, id => {
      thrown.push(id)
    })
    expect(findings.map(({ detector, words }) => `${detector}: ${words.title}`)).toEqual([])
    expect(Object.values(verdicts)).not.toContain('present')
    expect(thrown).toEqual([])
  })
})
