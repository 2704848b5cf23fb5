// Memory cgroup trees that no kernel makes: numbers out of all bounds, files missing, cut or of the other version, names
// of any sort. Nothing throws, nothing that is printed steers a terminal, and what must add up adds up.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Anatomy, Part } from '../../src/core/case/anatomy.ts'
import { memorySorts } from '../../src/core/case/memory.ts'
import { collect } from '../../src/core/collect.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { anatomyOf } from '../../src/core/facts/anatomy.ts'
import { census } from '../../src/core/facts/census.ts'
import { findCgroup, findMemcg } from '../../src/core/facts/find-memcg.ts'
import { latest } from '../../src/core/facts/kernel.ts'
import { limitsOf } from '../../src/core/facts/memory-limits.ts'
import { memoryTable, sortedRows } from '../../src/core/facts/memory-table.ts'
import { anatomyJson, renderAnatomy } from '../../src/core/render/anatomy.ts'
import { cgroupsJson, renderCgroups } from '../../src/core/render/cgroups.ts'
import { renderJson } from '../../src/core/render/json.ts'
import { plain } from '../../src/core/render/terminal.ts'
import { memoryTree } from '../../src/core/tree/memory-tree.ts'
import { v1Node, v2Node } from '../core/node.ts'

const STEERS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/

const id = fc.constantFrom('0', '1', '2').map(digit => digit.repeat(64))
const uid = fc.constantFrom(...[1, 2, 3].map(n => `00000000-0000-4000-8000-00000000000${n}`))

/** A directory of a cgroup: of pods in all their shapes, and anything. */
const name = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('kubepods', 'burstable', 'besteffort', 'system.slice', 'kubepods.slice'),
  },
  { weight: 3, arbitrary: uid.map(one => `pod${one}`) },
  { weight: 2, arbitrary: uid.map(one => `kubepods-burstable-pod${one.replaceAll('-', '_')}.slice`) },
  { weight: 3, arbitrary: id },
  { weight: 2, arbitrary: id.map(one => `cri-containerd-${one}.scope`) },
  {
    weight: 2,
    arbitrary: fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .map(text => text.replace(/[/\0]/g, '_').replace(/^\.+$/, '_')),
  },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'x'.repeat(255), '\x1b[2J', 'a\nb') },
)
const path = fc.array(name, { minLength: 1, maxLength: 6 }).map(parts => parts.join('/'))

const number = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 2 ** 31 - 1 }).map(pages => String(pages)) },
  { weight: 3, arbitrary: fc.nat({ max: 1_000_000 }).map(pages => String(pages * 4096)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '0',
      'max',
      '9223372036854771712',
      '9223372036854775807',
      '18446744073709551615',
      '99999999999999999999999999',
      '-4096',
      '-1',
      '1e300',
      '0x10',
      'NaN',
      '',
    ),
  },
)

const KEYS = {
  v1: [
    'cache',
    'rss',
    'rss_huge',
    'shmem',
    'mapped_file',
    'dirty',
    'writeback',
    'swap',
    'inactive_anon',
    'active_anon',
    'inactive_file',
    'active_file',
    'unevictable',
  ].flatMap(key => [key, `total_${key}`]),
  v2: [
    'anon',
    'file',
    'kernel',
    'kernel_stack',
    'pagetables',
    'percpu',
    'sock',
    'vmalloc',
    'shmem',
    'file_mapped',
    'file_dirty',
    'file_writeback',
    'anon_thp',
    'inactive_anon',
    'active_anon',
    'inactive_file',
    'active_file',
    'unevictable',
    'slab_reclaimable',
    'slab_unreclaimable',
    'slab',
    'zswap',
    'swapcached',
    'hugetlb',
  ],
} as const

const stat = (version: 'v1' | 'v2') =>
  fc
    .array(fc.tuple(fc.constantFrom(...KEYS[version], '__proto__', 'hierarchical_memory_limit'), number), {
      maxLength: 30,
    })
    .map(lines => lines.map(([key, value]) => `${key} ${value}\n`).join(''))

const FILES = {
  v1: [
    'memory.usage_in_bytes',
    'memory.limit_in_bytes',
    'memory.max_usage_in_bytes',
    'memory.failcnt',
    'memory.kmem.usage_in_bytes',
    'memory.memsw.usage_in_bytes',
    'memory.memsw.limit_in_bytes',
    'cgroup.procs',
  ],
  v2: [
    'memory.current',
    'memory.max',
    'memory.peak',
    'memory.high',
    'memory.low',
    'memory.swap.current',
    'memory.swap.max',
    'cgroup.procs',
  ],
} as const

const cgroup = (version: 'v1' | 'v2') =>
  fc.record({
    stat: fc.option(stat(version), { nil: undefined, freq: 5 }),
    files: fc.array(fc.tuple(fc.constantFrom(...FILES[version]), number), { minLength: 4, maxLength: 14 }),
    events: fc.option(
      fc
        .array(
          fc.tuple(fc.constantFrom('oom', 'oom_kill', 'max', 'populated', 'nr_dying_descendants'), number),
        )
        .map(lines => lines.map(([key, value]) => `${key} ${value}\n`).join('')),
      { nil: undefined },
    ),
  })

const node = fc.constantFrom('v1', 'v2').chain(version =>
  fc.array(fc.tuple(path, cgroup(version)), { minLength: 1, maxLength: 12 }).map(cgroups => {
    const files: Record<string, string> = {}
    const top = version === 'v1' ? 'sys/fs/cgroup/memory' : 'sys/fs/cgroup'
    for (const [below, made] of cgroups) {
      const dir = `${top}/${below}`
      for (const [file, value] of made.files) files[`${dir}/${file}`] = `${value}\n`
      if (made.stat !== undefined) files[`${dir}/memory.stat`] = made.stat
      if (made.events === undefined) continue
      files[`${dir}/${version === 'v1' ? 'memory.oom_control' : 'memory.events'}`] = made.events
      if (version === 'v2') files[`${dir}/cgroup.events`] = made.events
      files[`${dir}/cgroup.stat`] = made.events
    }
    files['sys/devices/system/cpu/online'] = '0-1\n'
    files['sys/devices/system/cpu/possible'] = '0-1\n'
    return version === 'v1' ? v1Node('6.1.0-13-amd64', files) : v2Node('6.12.1', files)
  }),
)

const shape = { language: 'en', style: plain, columns: 100 } as const

const sum = (parts: readonly Part[]): number => parts.reduce((total, { bytes = 0 }) => total + bytes, 0)

function mustAddUp({ usage, parts, residue, cgroup: at }: Anatomy): void {
  if (usage === undefined || residue === undefined) return
  // beyond 2^53 no sum of numbers is exact
  if (![usage.value, residue.bytes, sum(parts)].every(Number.isSafeInteger)) return
  expect(sum(parts) + residue.bytes, at).toBe(usage.value)
}

describe('a tree of memory cgroups that no kernel makes', () => {
  it('is taken apart, counted, measured and shown', () => {
    fc.assert(
      fc.property(node, files => {
        const at = Date.UTC(2026, 0, 1)
        const about = collect(memoryTree(files, { origin: 'directory' }), { at })
        expect(about.gaps.filter(({ detail }) => detail?.startsWith('kmemscope failed'))).toEqual([])
        diagnose(about, at, (detector, error) => {
          throw new Error(`${detector} threw`, { cause: error })
        })
        const told: string[] = []
        for (const memcg of latest(about)?.memcg?.memcgs ?? []) {
          const anatomy = anatomyOf(about, memcg)
          mustAddUp(anatomy)
          told.push(
            renderAnatomy(anatomy, shape),
            renderAnatomy(anatomy, { ...shape, wide: true, language: 'zh' }),
          )
          expect(() => JSON.parse(renderJson(anatomyJson(anatomy)))).not.toThrow()
          const { candidates, firstToHit } = limitsOf(about, memcg)
          expect(firstToHit).toBe(candidates[0])
          for (const { distance, headroom, reclaimable } of candidates)
            for (const value of [distance, headroom, reclaimable]) expect(value).not.toBeNaN()
          expect(findCgroup(about, memcg.path)).toBe(memcg)
        }
        const table = memoryTable(about, { all: true })
        const paths = table?.rows.map(({ cgroup: one }) => one) ?? []
        expect(new Set(paths).size).toBe(paths.length)
        for (const sort of memorySorts) {
          const rows = sortedRows(table?.rows ?? [], sort)
          expect([...rows].map(row => row.cgroup).sort()).toEqual([...paths].sort())
        }
        findMemcg(about, '000000')
        const counted = census(about)
        if (counted !== undefined) {
          expect(counted.rows.reduce((all, { live }) => all + live, 0)).toBe(counted.live)
          told.push(renderCgroups({ at, census: counted }, { ...shape, wide: true, sort: 'held' }))
          expect(() => JSON.parse(renderJson(cgroupsJson({ at, census: counted }, 'name')))).not.toThrow()
        }
        for (const text of told) {
          expect(STEERS.exec(text)?.[0]).toBeUndefined()
          expect(text).not.toMatch(/NaN|undefined|\bInfinity/)
        }
      }),
      { numRuns: 300 },
    )
  })
})
