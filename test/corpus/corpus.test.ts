// Real logs and files of other people, where they are there (../shared/corpus): nothing wrong, missed or false.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { runCorpus, score } from '../../scripts/corpus.mjs'
import { collect } from '../../src/core/collect.ts'
import { decodeSource } from '../../src/core/decoded/source.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { openTree } from '../../src/node/trees/open-tree.ts'

const CORPUS = join(import.meta.dirname, '../../../shared/corpus')

const runner = {
  decode(path: string): unknown {
    const opened = openTree([path])
    if ('problem' in opened) return opened
    return decodeSource(opened.tree)
  },
  findings(path: string): readonly unknown[] {
    const opened = openTree([path])
    return 'problem' in opened ? [] : diagnose(collect(opened.tree, { at: 0 }), 0).findings
  },
}

describe('scoring', () => {
  const event = { type: 'oom', line: 2, scope: null, victims: [{ pid: 1, comm: 'a' }] }
  const results = (expected: Record<string, unknown>, got: Record<string, unknown>): string[] =>
    score(expected, got)
      .filter(field => field.result !== 'right')
      .map(field => `${field.result} ${field.path}`)

  it('tells wrong, missed and false apart, and leaves absent keys alone', () => {
    const expected = { file: 'x', kernel: 'y', events: [event] }
    expect(results(expected, { events: [{ ...event, memcg: '/a' }], other: 1 })).toEqual([])
    expect(results(expected, { events: [{ ...event, scope: 'memcg' }] })).toEqual(['wrong events[0].scope'])
    expect(results(expected, { events: [{ ...event, victims: [{ pid: 1 }] }] })).toEqual([
      'missed events[0].victims[0].comm',
    ])
    expect(results(expected, { events: [] })).toEqual(['missed events[0]'])
    expect(results(expected, { events: [event, { type: 'oom', line: 9 }] })).toEqual(['false events[+1]'])
    expect(results({ events: [] }, { events: [event] })).toEqual(['false events[+0]'])
    expect(results({ leaks: [] }, {})).toEqual([])
  })

  it('forgives what cannot be known, but not what is wrong', () => {
    const fragment = { events: [{ ...event, fragment: true, usageKiB: 5 }] }
    expect(results(fragment, { events: [{ ...event, fragment: true }] })).toEqual([])
    expect(results(fragment, { events: [{ ...event, fragment: true, usageKiB: 6 }] })).toEqual([
      'wrong events[0].usageKiB',
    ])
    const hard = { difficulty: 'hard: wrapped', events: [{ ...event, invoker: 'a' }] }
    expect(results(hard, { events: [event] })).toEqual([])
    const ambiguous = {
      events: [{ type: 's', line: 1, pairingAmbiguous: true, nodes: [{ node: 0, slabs: 2 }] }],
    }
    expect(results(ambiguous, { events: [{ type: 's', line: 1, pairingAmbiguous: true }] })).toEqual([])
    expect(
      results(ambiguous, {
        events: [{ type: 's', line: 1, pairingAmbiguous: true, nodes: [{ node: 0, slabs: 3 }] }],
      }),
    ).toEqual(['wrong events[0].nodes[0].slabs'])
  })
})

describe('the corpus', async () => {
  beforeEach(({ skip }) => {
    if (!existsSync(CORPUS)) skip('../shared/corpus is not there')
  })
  const scored = existsSync(CORPUS) ? await runCorpus(CORPUS, { runner }) : []

  it.each(scored)('$file', ({ fields }) => {
    expect(fields.filter(field => field.result !== 'right')).toEqual([])
  })

  it('has been compared', () => {
    expect(scored.flatMap(({ fields }) => fields).length).toBeGreaterThan(2300)
  })
})
