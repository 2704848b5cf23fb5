// A real 3.10 with the article's own bug, captured by us beside the checkout: what its README says is true, and no more.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { collect } from '../../src/core/collect.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { openTree } from '../../src/node/trees/open-tree.ts'

const TREES = join(import.meta.dirname, '../../../shared/lab/kernels/el7-3.10/trees')
const POD = '/kubepods/burstable/pod20edac81-191c-4bc6-b85f-e23a65bc7931'

function found(name: string) {
  const opened = openTree([join(TREES, name)])
  if ('problem' in opened) throw new Error(`${name} was not opened`)
  const at = Date.UTC(2026, 10, 23)
  const { findings, verdicts } = diagnose(collect(opened.tree, { at }), at)
  return {
    verdicts,
    findings: findings.map(({ detector, subject }) => `${detector} ${subject.path ?? subject.kind}`).sort(),
    values: Object.fromEntries(findings.map(({ detector, values }) => [detector, values])),
  }
}

describe('a real 3.10', () => {
  beforeEach(({ skip }) => {
    if (!existsSync(TREES)) skip('../shared/lab is not there')
  })

  it.each([
    ['leak-200-cycles', 200],
    ['leak-2000-cycles', 2000],
  ])('%s: the leaked cgroups are counted although num_cgroups reads 2', (name, leaked) => {
    const { verdicts, findings, values } = found(name)
    expect(findings).toEqual(['dying-memcgs node', 'kmem-accounting-active node'])
    expect(values['dying-memcgs']?.['dying']).toBe(leaked)
    expect(verdicts['memcg-id-exhaustion']).toBe('absent')
    expect(verdicts['memcg-oom-kill']).toBe('absent')
    // The files of its cgroups were not kept.
    expect(verdicts['kmem-fills-memcg']).toBe('unknown')
  })

  it('kmem-limit-full: allocations fail and nothing is killed', () => {
    const { verdicts, findings, values } = found('kmem-limit-full')
    expect(findings).toEqual([
      'kmem-accounting-active node',
      'kmem-fills-memcg /kubepods/kmem-full',
      'known-defects node',
      'slub-allocation-failure 26879c55393e',
    ])
    expect(values['kmem-fills-memcg']).toMatchObject({ limit: 8 * 2 ** 20, failcnt: 8 })
    expect(verdicts['memcg-oom-kill']).toBe('absent')
    expect(verdicts['node-oom-kill']).toBe('absent')
    // Neither /proc/cgroups nor the slab names were kept, and without them nobody can tell.
    expect(verdicts['dying-memcgs']).toBe('unknown')
  })

  it('oom-by-kernel-memory: killed at the pod’s limit, by kernel memory', () => {
    const { findings, values } = found('oom-by-kernel-memory')
    expect(findings).toEqual([
      'kmem-accounting-active node',
      `kmem-fills-memcg ${POD}`,
      'known-defects node',
      `memcg-oom-kill ${POD}`,
      `slub-allocation-failure ${POD}/26879c55393e`,
    ])
    expect(values['memcg-oom-kill']).toMatchObject({ kernel: 24_572 * 1024, limit: 24_576 * 1024 })
  })
})
