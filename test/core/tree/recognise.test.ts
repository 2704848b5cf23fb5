import { describe, expect, it } from 'vitest'
import { recognise, transcriptTree } from '../../../src/core/tree/recognise.ts'
import { isGap } from '../../../src/core/tree/tree.ts'

const MEMINFO = 'MemTotal:        8009912 kB\nMemFree:          538760 kB\nSlab:            1982652 kB\n'
const CGROUPS = '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t232\t1\nmemory\t5\t232\t1\n'
const CONFIG = '[root@node ~]# zgrep MEMCG /proc/config.gz\nCONFIG_MEMCG=y\n# CONFIG_MEMCG_V1 is not set\n'
const STAT_V1 = 'cache 78397440\nrss 1119465472\ntotal_cache 78397440\ntotal_rss 1119465472\n'
const STAT_V2 = 'anon 1\nfile 2\nkernel_stack 3\nslab_unreclaimable 4\n'
const LOG =
  '[    0.000000] Linux version 6.1.0\n[    0.1] Command line: BOOT_IMAGE=/vmlinuz root=/dev/sda ro quiet\n'

describe('recognise', () => {
  it.each([
    ['meminfo', MEMINFO],
    ['proc-cgroups', CGROUPS],
    ['kernel-config', CONFIG],
    ['memory-stat-v1', STAT_V1],
    ['memory-stat-v2', STAT_V2],
    ['vmstat', 'nr_free_pages 1052928\nnr_slab_unreclaimable 41180\npgpgin 1\n'],
    ['cgroup-stat', 'nr_descendants 56\nnr_dying_descendants 30\nnr_dying_subsys_memory 30\n'],
    ['cmdline', 'BOOT_IMAGE=/vmlinuz-3.10.0-957.el7.x86_64 root=/dev/sda1 ro cgroup.memory=nokmem\n'],
    ['version', 'Linux version 5.4.0-99-generic (buildd@x) #112-Ubuntu SMP\n'],
    ['os-release', 'NAME="CentOS Linux"\nID="centos"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n'],
    ['mountinfo', '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n'],
    ['slab-names', ':t-0000064\nkmalloc-64\ndentry(112:c116)\ndentry\n'],
    [
      'slabinfo',
      'slabinfo - version: 2.1\n# name            <active_objs>\ndentry   10   21  192   21    1 : tunables    0    0    0 : slabdata      1      1      0\n',
    ],
    ['buddyinfo', 'Node 0, zone      DMA      1      0      1\nNode 0, zone   Normal   1163   1101    932\n'],
    [
      'zoneinfo',
      'Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 10469\n  pages free     3580\n',
    ],
    ['psi', 'some avg10=70.24 avg60=68.52 avg300=69.91 total=3559632828\n'],
    ['log', LOG],
    ['log', 'Linux version 6.1.0 (x)\nCommand line: ro quiet\nBIOS-provided physical RAM map:\n'],
    ['log', `swap: usage 0kB, limit 64kB, failcnt 0\nMemory cgroup stats for /a:\n${STAT_V2}${STAT_V1}`],
    ['empty', ''],
    ['empty', ' \r\n\r\n'],
  ])('%s, with LF and with CRLF', (kind, text) => {
    expect(recognise(new TextEncoder().encode(text))).toBe(kind)
    expect(recognise(new TextEncoder().encode(text.replaceAll(/\r?\n/g, '\r\n')))).toBe(kind)
  })

  it('tells packed and binary files from a log with NUL in it', () => {
    const random = Uint8Array.from({ length: 4096 }, (_, at) => (at * 167 + (at >> 3) * 31) & 0xff)
    expect(recognise(random)).toBe('binary')
    expect(recognise(new Uint8Array(4096))).toBe('binary')
    expect(recognise(Uint8Array.of(0x1f, 0x8b, 8, 0))).toBe('compressed')
    expect(recognise(new TextEncoder().encode('LPKSHHRH\0\0\0'))).toBe('journal')
    expect(recognise(new TextEncoder().encode(`\0\0\0\0\0\0\0\0${LOG}\0\0\0`))).toBe('log')
  })

  it('does not take a log that names a cgroup file for a transcript', () => {
    const log =
      'kubelet: open /sys/fs/cgroup/memory/kubepods/memory.limit_in_bytes: no such file or directory\n'
    expect(recognise(new TextEncoder().encode(log))).toBe('log')
  })
})

describe('transcriptTree', () => {
  const read = (text: string, path: string): string | undefined => {
    const bytes = transcriptTree(text, 'x.txt').read(path)
    return isGap(bytes) ? undefined : new TextDecoder().decode(bytes)
  }

  it('reads path:content lines, and what a command shows of one file', () => {
    const text = [
      'root@node:~# grep -r nr_dying_descendants --include=cgroup.stat /sys/fs/cgroup',
      '/sys/fs/cgroup/cgroup.stat:nr_dying_descendants 172',
      '/sys/fs/cgroup/user.slice/dbus\\x2d:1.2\\x2dorg.slice/cgroup.stat:nr_dying_descendants 1',
      'root@node:~# cat /proc/cgroups',
      '#subsys_name hierarchy num_cgroups enabled',
      'memory 0 396 1',
      'root@node:~# uptime',
      'memory 0 1 1',
    ].join('\n')
    expect(recognise(new TextEncoder().encode(text))).toBe('shell-transcript')
    expect(read(text, 'sys/fs/cgroup/cgroup.stat')).toBe('nr_dying_descendants 172\n')
    expect(read(text, 'sys/fs/cgroup/user.slice/dbus\\x2d:1.2\\x2dorg.slice/cgroup.stat')).toBe(
      'nr_dying_descendants 1\n',
    )
    expect(read(text, 'proc/cgroups')).toBe('#subsys_name hierarchy num_cgroups enabled\nmemory 0 396 1\n')
  })

  it('puts cgroups given by relative paths below the mount they must be of', () => {
    const text = './a/memory.usage_in_bytes:1\r\n./b/memory.usage_in_bytes:2\r\n'
    expect(recognise(new TextEncoder().encode(text))).toBe('shell-transcript')
    expect(read(text, 'sys/fs/cgroup/memory/b/memory.usage_in_bytes')).toBe('2\n')
  })

  it('follows the shell into the directory it is in', () => {
    const text = [
      'root@node:/sys/fs/cgroup/memory# cat kubepods/memory.kmem.usage_in_bytes',
      '16584704',
      'root@node:/sys/fs/cgroup/memory# cd /sys/fs/cgroup/memory/user.slice; cat memory.usage_in_bytes',
      '7',
      '[root@node user.slice]# grep . memory.failcnt memory.limit_in_bytes',
      'memory.failcnt:3',
      'memory.limit_in_bytes:4096',
    ].join('\n')
    expect(recognise(new TextEncoder().encode(text))).toBe('shell-transcript')
    expect(read(text, 'sys/fs/cgroup/memory/kubepods/memory.kmem.usage_in_bytes')).toBe('16584704\n')
    expect(read(text, 'sys/fs/cgroup/memory/user.slice/memory.usage_in_bytes')).toBe('7\n')
    expect(read(text, 'sys/fs/cgroup/memory/user.slice/memory.failcnt')).toBe('3\n')
  })

  it('reads the headers of head and tail', () => {
    const text =
      '==> /sys/fs/cgroup/memory/memory.usage_in_bytes <==\n12\n\n==> /proc/cgroups <==\nmemory 5 3 1\n'
    expect(recognise(new TextEncoder().encode(text))).toBe('shell-transcript')
    expect(read(text, 'sys/fs/cgroup/memory/memory.usage_in_bytes')).toBe('12\n')
    expect(read(text, 'proc/cgroups')).toBe('memory 5 3 1\n')
  })
})
