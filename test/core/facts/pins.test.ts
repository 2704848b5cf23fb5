// Whose pages are a removed cgroup's: nodes made up in memory, of v1 and v2, with their lists of pages.

import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/core/case/case.ts'
import type { PinPlace, Pins } from '../../../src/core/case/pins.ts'
import { collect } from '../../../src/core/collect.ts'
import { pins } from '../../../src/core/facts/pins.ts'
import { pinsJson, renderPins } from '../../../src/core/render/pins.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'

const PAGE = 4096
const UID = '20edac81-191c-4bc6-b85f-e23a65bc7931'
const GONE = '00000000-0000-4000-8000-000000000000'
const POD = `/kubepods/burstable/pod${UID}`

const FLAGS = { pageCache: 0x6cn, tmpfs: 0x4038n, anonymous: 0x5868n, kernel: 0n }

type Owned = readonly [inode: number, kind: keyof typeof FLAGS, pages: number]

interface Group {
  readonly inode: number
  readonly stat: string
  readonly procs?: string
  readonly cgroupStat?: string
}

function node(version: 'v1' | 'v2', groups: Readonly<Record<string, Group>>, owned: readonly Owned[]): Case {
  const at = version === 'v1' ? 'sys/fs/cgroup/memory' : 'sys/fs/cgroup'
  const type = version === 'v1' ? 'cgroup cgroup rw,memory' : 'cgroup2 cgroup2 rw'
  const files: Record<string, string | Uint8Array> = {
    'proc/self/mountinfo': `30 20 0:26 / /${at} rw - ${type}\n`,
    'sys/devices/system/cpu/possible': '0-1\n',
    'sys/devices/system/cpu/online': '0-1\n',
  }
  const inodes: Record<string, number> = {}
  for (const [path, { inode, stat, procs = '', cgroupStat }] of Object.entries(groups)) {
    const dir = path === '/' ? at : at + path
    inodes[dir] = inode
    files[`${dir}/memory.stat`] = stat
    files[`${dir}/cgroup.procs`] = procs
    if (version === 'v1') files[`${dir}/memory.usage_in_bytes`] = '4096\n'
    else {
      if (path !== '/') {
        files[`${dir}/memory.current`] = '4096\n'
        files[`${dir}/cgroup.events`] = `populated ${procs === '' ? 0 : 1}\nfrozen 0\n`
      }
      files[`${dir}/cgroup.controllers`] = 'memory\n'
      files[`${dir}/cgroup.stat`] = cgroupStat ?? 'nr_descendants 0\nnr_dying_descendants 0\n'
    }
  }
  const words = (of: (one: Owned) => bigint) =>
    new Uint8Array(
      new BigUint64Array(owned.flatMap(one => Array.from({ length: one[2] }, () => of(one)))).buffer,
    )
  files['proc/kpagecgroup'] = words(([inode]) => BigInt(inode))
  files['proc/kpageflags'] = words(([, kind]) => FLAGS[kind])
  files['proc/self/auxv'] = new Uint8Array(new BigUint64Array([6n, BigInt(PAGE), 0n, 0n]).buffer)
  const tree = memoryTree(files, { inodes, origin: 'live' })
  return collect(tree, { at: 0, only: ['memcg', 'cpus', 'page-owners'] })
}

/** memory.stat of v1, in pages: its own, and what is below it and not in a live child. */
function v1(own: { cache?: number; shmem?: number; rss?: number }, below: typeof own = {}): string {
  const keys = ['cache', 'shmem', 'rss'] as const
  return keys
    .flatMap(key => [
      `${key} ${(own[key] ?? 0) * PAGE}\n`,
      `total_${key} ${((own[key] ?? 0) + (below[key] ?? 0)) * PAGE}\n`,
    ])
    .join('')
}

function pinsIn(about: Case): Pins {
  const found = pins(about)
  if (found === undefined) throw new Error('the pages were not read')
  return found
}

const summary = (found: Pins) =>
  found.rows.map(({ memcg, dead, error, method }) => ({ path: memcg.path, dead, error, method }))

const withPlaces = (about: Case, places: readonly PinPlace[]): Case => ({
  ...about,
  samples: about.samples.map(sample => ({ ...sample, pinPlaces: { places } })),
})

const v1Groups = {
  '/': { inode: 1, stat: v1({ cache: 100, rss: 50 }), procs: '1\n' },
  '/kubepods': { inode: 10, stat: v1({}) },
  '/kubepods/burstable': { inode: 11, stat: v1({}, { cache: 7, shmem: 7 }) },
  [POD]: { inode: 12, stat: v1({}, { cache: 30, shmem: 20 }) },
  [`${POD}/left`]: { inode: 13, stat: v1({ cache: 40 }) },
  '/busy': { inode: 14, stat: v1({ rss: 500 }), procs: '77\n' },
}

const v1Pages: readonly Owned[] = [
  [0, 'kernel', 500],
  [1, 'pageCache', 100],
  [1, 'anonymous', 51],
  [11, 'tmpfs', 7],
  [12, 'tmpfs', 20],
  [12, 'pageCache', 10],
  [12, 'kernel', 3],
  [13, 'pageCache', 40],
  // it allocated while the pages were read, and freed before it was looked at again
  [14, 'anonymous', 9000],
  [99, 'pageCache', 5],
]

describe('pages on the inode of a live cgroup of v1', () => {
  const about = node('v1', v1Groups, v1Pages)

  it('less its own are its removed children’s, kind by kind', () => {
    expect(summary(pinsIn(about))).toEqual([
      { path: POD, dead: { pageCache: 10, tmpfs: 20, anonymous: 0 }, error: 0, method: 'memory.stat' },
      {
        path: '/kubepods/burstable',
        dead: { pageCache: 0, tmpfs: 7, anonymous: 0 },
        error: 0,
        method: 'memory.stat',
      },
    ])
    expect(pinsIn(about).dead).toEqual({ pageCache: 10, tmpfs: 27, anonymous: 0 })
    expect(pinsIn(about).ownership.owners.pages).toBe(9736)
  })

  it('are its own where a directory was left over', () => {
    expect(pinsIn(about).withoutTasks.map(({ memcg, own }) => [memcg.path, own?.pageCache])).toEqual([
      [`${POD}/left`, 40],
    ])
  })

  it('of a cgroup that is not in the tree are counted apart', () => {
    expect(pinsIn(about).elsewhere).toBe(5)
  })

  it('cannot be told where memory.stat does not tell tmpfs from page cache', () => {
    const old = { ...v1Groups, '/busy': { inode: 14, stat: 'cache 4096\nrss 0\n', procs: '77\n' } }
    expect(pinsIn(node('v1', old, v1Pages)).untold.map(({ memcg }) => memcg.path)).toEqual(['/busy'])
  })
})

describe('pages on the inode of a live cgroup of v2', () => {
  const dying = (count: number) => `nr_descendants 1\nnr_dying_descendants ${count}\n`
  const about = node(
    'v2',
    {
      '/': { inode: 1, stat: 'anon 0\n', procs: '1\n', cgroupStat: dying(10) },
      '/kubepods': { inode: 10, stat: 'anon 0\n', cgroupStat: dying(5) },
      '/kubepods/pod': { inode: 11, stat: 'anon 0\n', cgroupStat: dying(0) },
      '/worker': { inode: 12, stat: 'anon 0\n', procs: '5\n', cgroupStat: dying(4) },
    },
    [
      [1, 'pageCache', 3],
      [10, 'tmpfs', 5],
      [11, 'anonymous', 8],
      [12, 'anonymous', 2],
    ],
  )

  it('are its removed children’s at most, where it has no process and the kernel counts some', () => {
    expect(summary(pinsIn(about))).toEqual([
      {
        path: '/kubepods',
        dead: { pageCache: 0, tmpfs: 5, anonymous: 0 },
        error: undefined,
        method: 'no-own-tasks',
      },
    ])
  })

  it('are its own where the kernel counts no removed child', () => {
    const own = pinsIn(about).withoutTasks.find(({ memcg }) => memcg.path === '/kubepods/pod')
    expect(own).toMatchObject({ method: 'no-removed-children', deadPages: 0, own: { anonymous: 8 } })
  })

  it('cannot be told where it has processes, and removed children', () => {
    expect(pinsIn(about).untold.map(({ memcg }) => memcg.path)).toEqual(['/', '/worker'])
  })
})

describe('files that may be why', () => {
  const place = (kind: PinPlace['kind'], path: string, podUid?: string): PinPlace => ({
    kind,
    path,
    files: 1,
    bytes: PAGE,
    largest: [{ path: `${path}/a`, bytes: PAGE, size: 10, uid: 1000 }],
    ...(podUid === undefined ? {} : { podUid }),
  })
  const about = withPlaces(node('v1', v1Groups, v1Pages), [
    place('tmpfs', '/dev/shm'),
    place('tmpfs', '/pods/own', UID),
    place('tmpfs', '/pods/gone', GONE),
    place('log', '/var/log/pods/own', UID),
    place('log', '/var/log/pods/gone', GONE),
  ])

  it('are of the kind that is held, a pod’s below its own cgroup, a removed pod’s above pods', () => {
    expect(
      pinsIn(about).candidates.map(({ place: { path }, podGone, mayPin }) => [path, podGone, mayPin]),
    ).toEqual([
      ['/dev/shm', undefined, [POD, '/kubepods/burstable']],
      ['/pods/own', undefined, [POD]],
      ['/pods/gone', true, ['/kubepods/burstable']],
      ['/var/log/pods/own', undefined, [POD]],
    ])
  })

  it('are told in both languages, names of others made safe', () => {
    const strange = withPlaces(about, [place('tmpfs', '/a\u001b[31m\nb')])
    const style = { strong: (t: string) => t, faint: (t: string) => t, warning: (t: string) => t } as never
    for (const language of ['en', 'zh'] as const) {
      const shown = renderPins(pinsIn(strange), { language, style, columns: 80, wide: true })
      expect(shown).not.toContain('\u001b')
      expect(shown).not.toContain('undefined')
      expect(shown).not.toMatch(/\{\w+(\|\w+)?\}/)
      expect(shown).toContain('fincore')
    }
    expect(JSON.parse(JSON.stringify(pinsJson(pinsIn(strange))))).toMatchObject({
      pageSize: PAGE,
      dead: { pages: 37, bytes: 37 * PAGE },
      rows: [{ cgroup: POD, inode: 12, deadPages: 30, deadBytes: 30 * PAGE, podUid: UID }, {}],
      candidates: [{ path: '/a\u001b[31m\nb', mayPin: [POD, '/kubepods/burstable'] }],
    })
  })

  it('are not asked for where the pages were not read', () => {
    const tree = memoryTree({ 'proc/kpagecgroup': { path: '/proc/kpagecgroup', why: 'denied' } })
    const without = collect(tree, { at: 0, only: ['memcg', 'page-owners'] })
    expect(pins(without)).toBeUndefined()
    expect(without.gaps).toContainEqual({ path: '/proc/kpagecgroup', why: 'denied' })
  })
})
