import { describe, expect, it } from 'vitest'
import type { Census } from '../../../src/core/case/census.ts'
import { collect } from '../../../src/core/collect.ts'
import { census } from '../../../src/core/facts/census.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { type Files, MIB, v1Cgroup, v1Node, v2Cgroup, v2Node } from '../node.ts'

const RELEASE = '6.18.0'
const UID = '20edac81-191c-4bc6-b85f-e23a65bc7931'
const POD = `kubepods/burstable/pod${UID}`
const CONTAINER = `${POD}/${'ab'.repeat(32)}`
const CPUS = { 'sys/devices/system/cpu/possible': '0-127\n' }

function counted(files: Files): Census {
  const links = { 'proc/self/ns/cgroup': 'cgroup:[4026531835]' }
  const found = census(collect(memoryTree(files, { links, origin: 'directory' }), { at: 0 }))
  if (found === undefined) throw new Error('no census')
  return found
}

/** A cgroup of v1 that holds so much page cache of its own and, in all, below it. */
const cgroup = (path: string, own: number, total: number, procs: string) =>
  v1Cgroup(path, {
    files: {
      'cgroup.procs': procs,
      'memory.stat': `cache ${own}\nrss 0\nshmem 0\ntotal_cache ${total}\ntotal_rss 0\ntotal_shmem ${total === 7 * MIB ? MIB : 0}\n`,
    },
  })

const v1 = (over: Files = {}) =>
  v1Node(RELEASE, {
    ...CPUS,
    'proc/cgroups':
      '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t3\t1\nmemory\t3\t1008\t1\nrdma\t0\t1\t1\n',
    'sys/fs/cgroup/memory/cgroup.procs': '2\n',
    'sys/fs/cgroup/memory/memory.stat': `cache 0\nrss 0\nshmem 0\ntotal_cache ${10 * MIB}\ntotal_rss 0\ntotal_shmem ${MIB}\n`,
    // 7 MiB of the pods' are in no pod: 5 are the pod's, 2 are those of pods that are gone
    ...cgroup('kubepods', 0, 7 * MIB, ''),
    ...cgroup('kubepods/burstable', 0, 7 * MIB, ''),
    ...cgroup(POD, 0, 5 * MIB, ''),
    ...cgroup(CONTAINER, 4 * MIB, 4 * MIB, '4711\n'),
    ...cgroup('system.slice', 0, 3 * MIB, ''),
    ...cgroup('system.slice/cron.service', MIB, 3 * MIB, '10\n'),
    ...cgroup('system.slice/run-1.scope', 0, 0, ''),
    ...over,
  })

describe('v1', () => {
  it('counts live ones, those without processes, left over, dying, and ids', () => {
    expect(counted(v1())).toMatchObject({
      version: 'v1',
      root: '/sys/fs/cgroup/memory',
      live: 8,
      withoutTasks: 1,
      leftOver: 1,
      dying: 1000,
      idsUsed: 8,
      idLimit: 65535,
      left: [{ path: '/system.slice/run-1.scope', by: 'systemd-scope', directories: 1, usage: 10 * MIB }],
      unknown: [],
    })
  })

  it('has a pod with its containers as one owner, and what is left of others where they were', () => {
    const rows = Object.fromEntries(counted(v1()).rows.map(row => [row.cgroup, row]))
    expect(Object.keys(rows)).toEqual([
      '/',
      '/kubepods',
      '/system.slice',
      '/kubepods/burstable',
      '/system.slice/cron.service',
      '/system.slice/run-*.scope',
      `/${POD}`,
    ])
    expect(rows[`/${POD}`]).toMatchObject({
      kind: 'pod',
      podUid: UID,
      qos: 'burstable',
      live: 2,
      withoutTasks: 0,
      leftOver: 0,
      held: { bytes: MIB, path: `/sys/fs/cgroup/memory/${POD}/memory.stat`, error: 128 * 64 * 4096 },
    })
    expect(rows['/kubepods/burstable']).toMatchObject({
      kind: 'kubepods',
      held: { bytes: 2 * MIB, shmem: MIB },
    })
    expect(rows['/kubepods']?.held?.bytes).toBe(0)
    expect(rows['/system.slice/cron.service']?.held?.bytes).toBe(2 * MIB)
    expect(rows['/system.slice/run-*.scope']).toMatchObject({
      kind: 'scopes',
      leftOver: 1,
      leftBy: 'systemd-scope',
    })
    expect(rows['/']).toMatchObject({ kind: 'root', held: { bytes: 0 } })
  })

  it('names a pod by what the node tells of it', () => {
    const named = v1({ [`var/log/pods/shop_web-0_${UID}/web/0.log`]: '' })
    expect(counted(named).rows.find(({ kind }) => kind === 'pod')).toMatchObject({
      namespace: 'shop',
      pod: 'web-0',
    })
  })

  it('works out what they cost here, by possible CPUs', () => {
    expect(counted(v1()).cost).toEqual({
      cpus: 128,
      cpusFrom: '/sys/devices/system/cpu/possible',
      slabEach: 12 * 1024,
      percpuEach: Math.round(2.1 * 1024 * 128),
      dying: 1000 * (12 * 1024 + Math.round(2.1 * 1024 * 128)),
      live: Math.round(8 * (48_600 + 2.1 * 1024 * 128)),
      measuredOn: '6.18',
    })
    const { 'sys/devices/system/cpu/possible': _, ...without } = v1()
    expect(counted(without).cost).toEqual({
      slabEach: 12 * 1024,
      dying: 1000 * 12 * 1024,
      measuredOn: '6.18',
    })
  })

  it('counts by controller, and what was removed only where directories were counted', () => {
    expect(counted(v1()).controllers).toEqual([
      {
        controller: 'memory',
        hierarchy: 3,
        cgroups: 1008,
        directories: 8,
        dying: 1000,
        path: '/proc/cgroups',
      },
      { controller: 'cpu', hierarchy: 2, cgroups: 3, path: '/proc/cgroups' },
    ])
  })

  it('does not count on 3.10 what num_cgroups does not count', () => {
    const el7: Files = { ...v1(), 'proc/version': 'Linux version 3.10.0-957.el7.x86_64 (a@b) (gcc) #1 SMP\n' }
    const { 'sys/kernel/slab.list': _, ...noSign } = el7
    const low = {
      ...noSign,
      'proc/cgroups': '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t3\t8\t1\n',
    }
    const found = counted(low)
    expect(found.dying).toBeUndefined()
    expect(found.unknown).toContainEqual(
      expect.objectContaining({ what: 'dying', reason: 'slab-names-not-read' }),
    )
  })

  it('counts none that no sign of an unknown kernel shows, and says so', () => {
    const {
      'proc/version': _,
      dmesg: __,
      ...unnamed
    }: Record<string, string> = v1({
      'proc/cgroups': '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t3\t8\t1\n',
    })
    const found = counted(
      Object.fromEntries(Object.entries(unnamed).filter(([path]) => path !== 'sys/kernel/slab.list')),
    )
    expect(found.dying).toBeUndefined()
    expect(found.unknown).toContainEqual(
      expect.objectContaining({ what: 'dying', reason: 'kernel-release-not-known' }),
    )
  })

  it('says what it does not know where processes were not read', () => {
    const files = Object.fromEntries(Object.entries(v1()).filter(([path]) => !path.endsWith('cgroup.procs')))
    const found = counted(files)
    expect(found.withoutTasks).toBeUndefined()
    expect(found.leftOver).toBeUndefined()
    expect(found.rows.every(row => row.withoutTasks === undefined)).toBe(true)
    expect(found.unknown.map(({ what, reason }) => [what, reason])).toEqual([
      ['withoutTasks', 'tasks-not-read'],
      ['leftOver', 'tasks-not-read'],
    ])
  })

  it('says of a part of the hierarchy that the rest is not known', () => {
    const links = { 'proc/self/ns/cgroup': 'cgroup:[4026532700]' }
    const found = census(collect(memoryTree(v1(), { links, origin: 'directory' }), { at: 0 }))
    expect(found).toMatchObject({ live: 8, leftOver: 1 })
    expect(found?.dying).toBeUndefined()
    expect(found?.idsUsed).toBeUndefined()
    expect(new Set(found?.unknown.map(({ what }) => what))).toEqual(
      new Set(['live', 'leftOver', 'dying', 'idsUsed']),
    )
  })
})

describe('v2', () => {
  const stat = (file: number, dying: number) => ({
    stat: `anon 0\nfile ${file}\nshmem 0\nkernel 0\n`,
    files: {
      'cgroup.stat': `nr_descendants 1\nnr_subsys_memory 1\nnr_subsys_io 1\nnr_dying_descendants ${dying}\nnr_dying_subsys_memory ${dying}\nnr_dying_subsys_io 2\n`,
      'cgroup.events': 'populated 1\nfrozen 0\n',
      'cgroup.procs': '',
    },
  })
  const pod = `kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice`
  const files = v2Node(RELEASE, {
    ...CPUS,
    'sys/fs/cgroup/cgroup.stat': stat(0, 9).files['cgroup.stat'],
    'sys/fs/cgroup/memory.stat': `anon 0\nfile ${20 * MIB}\nshmem 0\n`,
    ...v2Cgroup('kubepods.slice', stat(10 * MIB, 9)),
    ...v2Cgroup(pod, stat(6 * MIB, 2)),
    ...v2Cgroup(`${pod}/cri-containerd-${'ab'.repeat(32)}.scope`, stat(5 * MIB, 0)),
  })

  it('counts dying ones where they were, by the kernel’s own count', () => {
    const found = counted(files)
    expect(found.dying).toBe(9)
    expect(found.rows.map(({ cgroup: path, dying, held }) => [path, dying, held?.bytes])).toEqual([
      ['/', 0, 0],
      ['/kubepods.slice', 7, 4 * MIB],
      [`/${pod}`, 2, MIB],
    ])
    expect(found.controllers).toEqual([
      { controller: 'memory', cgroups: 10, dying: 9, path: '/sys/fs/cgroup/cgroup.stat' },
      { controller: 'io', cgroups: 3, dying: 2, path: '/sys/fs/cgroup/cgroup.stat' },
    ])
  })
})
