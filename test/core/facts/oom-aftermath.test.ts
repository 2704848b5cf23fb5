import { describe, expect, it } from 'vitest'
import {
  CONTAINER,
  DMESG,
  type Files,
  judge,
  MIB,
  of,
  POD,
  v1Cgroup,
  v1Node,
  v2Cgroup,
  v2Node,
} from '../node.ts'

const KERNEL = '6.8.0-40-generic'

/** A kill at a limit of 1000 MiB: of a process that was being started, or of one that ran. */
function kill(path: string, kernel: number, starting: boolean, seconds = 20): string {
  return [
    'sh invoked oom-killer: gfp_mask=0x400cc0(GFP_KERNEL_ACCOUNT), order=0, oom_score_adj=0',
    'CPU: 1 PID: 33 Comm: sh Not tainted 6.8.0-40-generic #40',
    'Call Trace:',
    ' <TASK>',
    ' dump_header+0x44/0x190',
    ' mem_cgroup_out_of_memory+0x13b/0x160',
    starting ? ' __x64_sys_execve+0x37/0x50' : ' __x64_sys_openat+0x55/0xa0',
    ' </TASK>',
    `memory: usage 1024000kB, limit 1024000kB, failcnt ${seconds}`,
    'swap: usage 0kB, limit 9007199254740988kB, failcnt 0',
    `Memory cgroup stats for ${path}:`,
    'anon 40960',
    'file 0',
    `kernel ${kernel}`,
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=${path},task_memcg=${path},task=sh,pid=33,uid=0`,
    'Memory cgroup out of memory: Killed process 33 (sh) total-vm:1kB, anon-rss:0kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:52kB oom_score_adj:0',
  ]
    .map((line, index) => `[   ${seconds}.0000${10 + index}] ${line}\n`)
    .join('')
}

const stat = (kernel: number, shmem = 0, cache = 0): string =>
  `anon 0\nfile ${shmem + cache}\nkernel ${kernel}\nshmem ${shmem}\nslab_reclaimable 0\ninactive_file ${cache}\nactive_file 0\n`

const events = (populated: 0 | 1): Files => ({ 'cgroup.events': `populated ${populated}\nfrozen 0\n` })

/** A container of 1000 MiB in which `kernel` is charged now. */
function node(kernel: number, populated: 0 | 1, log: string): Files {
  return v2Node(KERNEL, {
    ...v2Cgroup(CONTAINER, {
      limit: 1000 * MIB,
      usage: kernel,
      stat: stat(kernel),
      files: events(populated),
    }),
    dmesg: DMESG + log,
  })
}

const kills = (files: Files) => of(judge(files), 'memcg-oom-kill')[0]
const filled = (files: Files) => of(judge(files), 'kmem-fills-memcg')[0]

describe('kernel memory that outlives what is killed for it', () => {
  const log = kill(`/${CONTAINER}`, 990 * MIB, false) + kill(`/${CONTAINER}`, 990 * MIB, true, 30)

  it('is explained, with the files to remove first and a higher limit last', () => {
    const files = node(990 * MIB, 0, log)
    expect(filled(files)).toMatchObject({
      severity: 'critical',
      ongoing: true,
      words: { summary: expect.arrayContaining(['empty', 'stuck']) },
    })
    expect(kills(files)).toMatchObject({
      values: { stillHeld: 990 * MIB, count: 2 },
      words: { summary: expect.arrayContaining(['empty', 'stuck']) },
      remedies: ['save-evidence', 'remove-tmpfs-files', 'delete-pod', 'raise-memory-limit'],
    })
  })

  it('is not said to be nobody’s where processes are, or where it is not known', () => {
    for (const files of [
      node(990 * MIB, 1, log),
      { ...node(990 * MIB, 0, log), [`sys/fs/cgroup/${CONTAINER}/cgroup.events`]: '' },
    ]) {
      expect(filled(files)?.words.summary).not.toContain('empty')
      expect(kills(files)?.words.summary).not.toContain('empty')
      expect(kills(files)?.words.summary).not.toContain('heldBelow')
    }
  })

  it('is over when it is gone from the cgroup that is still there', () => {
    const files = node(10 * MIB, 1, log)
    expect(filled(files)).toBeUndefined()
    expect(kills(files)).toMatchObject({ ongoing: false, severity: 'warning' })
    expect(kills(files)?.words.summary).toContain('relieved')
  })

  it('is not over where it went with what was killed, as it comes again', () => {
    const files = node(10 * MIB, 1, kill(`/${CONTAINER}`, 990 * MIB, false))
    expect(filled(files)).toMatchObject({ values: { kernel: 990 * MIB } })
    expect(kills(files)?.ongoing).not.toBe(false)
  })

  it('is over where the last restarts died before they showed what they were up to', () => {
    const ran = (count: number): string =>
      Array.from({ length: count }, (_, nth) => kill(`/${CONTAINER}`, 990 * MIB, false, 40 + nth)).join('')
    expect(kills(node(10 * MIB, 1, log + ran(2)))?.ongoing).toBe(false)
    expect(kills(node(10 * MIB, 1, log + ran(3)))?.ongoing).not.toBe(false)
  })

  it('is not over where the cgroup is gone, or its numbers were not read', () => {
    const gone = v2Node(KERNEL, { dmesg: DMESG + log })
    expect(kills(gone)?.words.summary).not.toContain('relieved')
    expect(filled(gone)).toBeDefined()
    const unread = { ...node(10 * MIB, 1, log), [`sys/fs/cgroup/${CONTAINER}/memory.stat`]: '' }
    expect(kills(unread)?.words.summary).not.toContain('relieved')
  })
})

describe('what a removed container left to its pod', () => {
  const log = kill(`/${POD}`, 990 * MIB, true)
  const sandbox = `${POD}/1ec8cbf8c9a1fb41d3a8f6f3b0c3a1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f70819`
  const pod = (left: number, cache = 0): Files =>
    v2Node(KERNEL, {
      ...v2Cgroup(sandbox, { usage: 10 * MIB, stat: stat(10 * MIB), files: events(1) }),
      ...v2Cgroup(POD, {
        limit: 1000 * MIB,
        usage: left + cache + 10 * MIB,
        stat: stat(10 * MIB, left, cache),
        files: { ...events(1), 'cgroup.procs': '' },
      }),
      dmesg: DMESG + log,
    })

  it('outlives every restart, though the pod’s sandbox lives', () => {
    expect(kills(pod(980 * MIB))).toMatchObject({
      values: { stillHeld: 980 * MIB },
      words: { summary: expect.arrayContaining(['heldBelow', 'stuck']) },
    })
    expect(kills(pod(600 * MIB))?.words.summary).toContain('heldBelow')
    expect(kills(pod(600 * MIB))?.words.summary).not.toContain('stuck')
  })

  it('is not page cache, which reclaim takes', () => {
    expect(kills(pod(100 * MIB, 880 * MIB))?.words.summary).not.toContain('heldBelow')
  })
})

describe('on v1', () => {
  const v1 = (procs: string, below: string): Files =>
    v1Node('5.4.0-99-generic', {
      ...v1Cgroup(POD, {
        limit: 1000 * MIB,
        usage: 990 * MIB,
        kmem: 980 * MIB,
        files: {
          'cgroup.procs': procs,
          'memory.stat': 'total_cache 0\ntotal_rss 0\ntotal_inactive_file 0\ntotal_active_file 0\n',
        },
      }),
      ...v1Cgroup(CONTAINER, {
        usage: MIB,
        files: {
          'cgroup.procs': below,
          'memory.stat': 'total_cache 0\ntotal_rss 0\ntotal_inactive_file 0\ntotal_active_file 0\n',
        },
      }),
      'sys/fs/cgroup/memory/cgroup.procs': '1\n',
      dmesg: DMESG + kill(`/${POD}`, 980 * MIB, true),
    })

  it('a cgroup is empty where nobody is in any below it', () => {
    expect(kills(v1('', ''))?.words.summary).toContain('empty')
    expect(kills(v1('', '7\n'))?.words.summary).toContain('heldBelow')
    expect(kills(v1('7\n', ''))?.words.summary).not.toContain('heldBelow')
  })
})
