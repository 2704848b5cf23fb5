import { expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import type { Origin } from '../../../src/core/tree/tree.ts'

const MOUNTS = [
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
  '36 31 0:33 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio',
  '',
].join('\n')

function counted(blkio: number, origin: Origin) {
  const files = {
    'proc/self/mountinfo': MOUNTS,
    'proc/cgroups': `#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t3\t2\t1\nblkio\t4\t${blkio}\t1\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1\n',
    'sys/fs/cgroup/memory/a/memory.usage_in_bytes': '1\n',
    'sys/fs/cgroup/blkio/cgroup.procs': '2\n',
    'sys/fs/cgroup/blkio/a/cgroup.procs': '',
    'sys/fs/cgroup/blkio/a/b/cgroup.procs': '',
  }
  const tree = memoryTree(files, { links: { 'proc/self/ns/cgroup': 'cgroup:[4026531835]' }, origin })
  return collect(tree, { at: 0, only: ['cgroup-directories'] }).samples[0]?.cgroupDirectories
}

it('counts the directories of a hierarchy that has many more cgroups than memory has directories', () => {
  expect(counted(503, 'live')).toEqual({ blkio: { path: '/sys/fs/cgroup/blkio', directories: 3 } })
})

it('walks no hierarchy of a healthy node, and none of a copy', () => {
  expect(counted(502, 'live')).toBeUndefined()
  expect(counted(5000, 'directory')).toBeUndefined()
})
