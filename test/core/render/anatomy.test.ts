import { describe, expect, it } from 'vitest'
import { printable } from '../../../src/core/base/printable.ts'
import { width } from '../../../src/core/base/width.ts'
import type { Anatomy } from '../../../src/core/case/anatomy.ts'
import { collect } from '../../../src/core/collect.ts'
import { anatomyOf } from '../../../src/core/facts/anatomy.ts'
import { latest } from '../../../src/core/facts/kernel.ts'
import { anatomyJson, renderAnatomy } from '../../../src/core/render/anatomy.ts'
import { coloured, plain } from '../../../src/core/render/terminal.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { MIB } from '../node.ts'
import { faultsOf } from '../schema.ts'

const stat = (numbers: Readonly<Record<string, number>>) =>
  Object.entries(numbers)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('')

/** A container of v2 on 6.1 with something of everything. */
const anatomyAt = (path: string): Anatomy => {
  const dir = `sys/fs/cgroup/${path}`
  const about = collect(
    memoryTree(
      {
        'proc/self/mountinfo':
          '41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n',
        'proc/version': 'Linux version 6.1.0-18-amd64 (x@y) (gcc) #1 SMP\n',
        'sys/devices/system/cpu/possible': '0-1\n',
        'sys/devices/system/cpu/online': '0-1\n',
        'sys/fs/cgroup/cgroup.controllers': 'memory\n',
        [`${dir}/memory.current`]: `${100 * MIB}\n`,
        [`${dir}/memory.peak`]: `${130 * MIB}\n`,
        [`${dir}/memory.swap.current`]: `${3 * MIB}\n`,
        [`${dir}/memory.stat`]: stat({
          anon: 40 * MIB,
          file: 36 * MIB,
          kernel: 20 * MIB,
          kernel_stack: MIB,
          pagetables: 2 * MIB,
          sec_pagetables: 0,
          percpu: 0,
          sock: MIB,
          vmalloc: 0,
          shmem: 16 * MIB,
          file_mapped: 5 * MIB,
          file_dirty: MIB,
          anon_thp: 20 * MIB,
          inactive_anon: 50 * MIB,
          active_anon: 6 * MIB,
          inactive_file: 12 * MIB,
          active_file: 8 * MIB,
          unevictable: 0,
          slab_reclaimable: 9 * MIB,
          slab_unreclaimable: 6 * MIB,
        }),
      },
      { links: { 'proc/self/ns/cgroup': 'cgroup:[4026531835]' }, origin: 'live' },
    ),
    { at: 0 },
  )
  const memcg = latest(about)?.memcg?.memcgs.find(one => one.path === `/${path}`)
  if (memcg === undefined) throw new Error(`no ${path}`)
  return anatomyOf(about, memcg)
}

const anatomy = anatomyAt('kubepods/pod1/app')

describe('renderAnatomy', () => {
  it.each([
    ['en', 40],
    ['en', 80],
    ['en', 120],
    ['zh', 40],
    ['zh', 80],
    ['zh', 120],
  ] as const)('in %s keeps to %d columns but for what cannot be broken', (language, columns) => {
    const lines = renderAnatomy(anatomy, { language, style: plain, columns }).split('\n')
    const long = lines.filter(line => width(line) > columns)
    // rows of numbers and names of metrics are whole; on 80 columns all fit
    if (columns >= 80) expect(long).toEqual([])
    else for (const line of long) expect(line).toMatch(/MiB|GiB|container_memory_|\/sys\/fs\/cgroup/)
  })

  it('lines numbers up, whether names are Latin or Chinese', () => {
    for (const language of ['en', 'zh'] as const) {
      const shown = renderAnatomy(anatomy, { language, style: plain, columns: 120 })
      const rows = shown.split('\n').filter(line => / \d+%/.test(line))
      const ends = rows.map(line => width(line.slice(0, line.indexOf('%'))))
      expect(rows.length).toBeGreaterThan(8)
      expect(new Set(ends).size).toBe(1)
    }
  })

  it('begins each bar where the one before ended', () => {
    const shown = renderAnatomy(anatomy, { language: 'en', style: plain, columns: 120 })
    const bar = (name: string) => {
      const line = shown.split('\n').find(one => one.trimStart().startsWith(`${name} `)) ?? ''
      const at = line.slice(line.indexOf('%') + 3)
      return [at.search(/[█▏]/), at.search(/[█▏](?![█▏])/) + 1]
    }
    const [, anonEnd] = bar('anonymous memory')
    const [fileStart, fileEnd] = bar('page cache')
    const [shmemStart] = bar('tmpfs and shared memory')
    expect(fileStart).toBe(anonEnd)
    expect(shmemStart).toBe(fileEnd)
  })

  it('has every byte with wide, and they add up', () => {
    const shown = renderAnatomy(anatomy, { language: 'en', style: plain, columns: 160, wide: true })
    const top = [...shown.matchAll(/^ {2}(?! )(\S.*?) {2,}([\d,]+) +\d+% /gm)].map(([, name, bytes]) => [
      name,
      Number(bytes?.replaceAll(',', '')),
    ])
    expect(top.length).toBe(6)
    expect(top.reduce((sum, [, bytes]) => sum + Number(bytes), 0)).toBe(100 * MIB)
    expect(shown).toMatch(/= usage +104,857,600/)
  })

  it('has no escape where there is no colour, and the same words where there is', () => {
    const bare = renderAnatomy(anatomy, { language: 'en', style: plain, columns: 100 })
    const dressed = renderAnatomy(anatomy, { language: 'en', style: coloured, columns: 100 })
    expect(bare).not.toContain('\x1b')
    expect(dressed).toContain('\x1b[')
    expect(dressed.replace(/\x1b\[\d+m/g, '')).toBe(bare)
  })

  it('shows a hostile path without obeying it', () => {
    const name = 'a\u001b[2J\u202eb\n \u200b..'
    const shown = renderAnatomy(anatomyAt(`kubepods/${name}`), { language: 'en', style: plain, columns: 100 })
    expect(shown).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e\u200b]/)
    expect(shown).toContain(printable(name).slice(0, 8))
    expect(faultsOf(anatomyJson(anatomyAt(`kubepods/${name}`)))).toEqual([])
  })

  it('leaves no placeholder and no key without words', () => {
    for (const language of ['en', 'zh'] as const) {
      const shown = renderAnatomy(anatomy, { language, style: plain, columns: 100 })
      expect(shown).not.toMatch(/\{\w+|\b(?:part|of|note|why|order|none)-[a-z]/)
    }
  })
})
