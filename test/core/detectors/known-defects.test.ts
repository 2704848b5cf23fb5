import { describe, expect, it } from 'vitest'
import type { Report } from '../../../src/core/case/report.ts'
import {
  CONTAINER,
  type Files,
  judge,
  MIB,
  of,
  POD,
  reasons,
  v1Cgroup,
  v1Node,
  v2Cgroup,
  v2Node,
} from '../node.ts'

const active = v1Cgroup(CONTAINER, { limit: 1000 * MIB, kmem: 900 * MIB, usage: 900 * MIB })

const remedies = (files: Readonly<Record<string, string>>) => of(judge(files), 'known-defects')[0]?.remedies

describe('what to do about the defects of a kernel', () => {
  it('is an upgrade where the distribution has a fix, a newer system where it has none', () => {
    expect(remedies(v1Node('3.10.0-957.el7.x86_64', active))).toEqual([
      'kernel-upgrade-el7',
      'move-to-newer-system',
    ])
    // K-03 alone: no kernel of EL7 cures it
    expect(remedies(v1Node('3.10.0-1160.el7.x86_64', active))).toEqual(['move-to-newer-system'])
  })

  it('is fewer cgroups where the page cache of removed ones pins them', () => {
    const dying = { 'sys/fs/cgroup/cgroup.stat': 'nr_descendants 1\nnr_dying_descendants 9000\n' }
    expect(remedies(v2Node('5.14.0-362.el9.x86_64', dying))).toEqual(['reduce-churn'])
  })
})

/** As the package database of the node has it. */
const dpkg = (...packages: readonly (readonly [name: string, version: string])[]): Files => ({
  'var/lib/dpkg/status': packages
    .map(([name, version]) => `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n\n`)
    .join(''),
})

const affected = (report: Report): readonly string[] =>
  of(report, 'known-defects')[0]
    ?.defects.filter(({ status }) => status === 'affected')
    .map(({ id }) => id) ?? []

const scopes = (count: number, controller = 'memory'): Files =>
  Object.assign(
    {},
    ...Array.from({ length: count }, (_, at) => {
      const name = `system.slice/run-r${at.toString(16).padStart(32, '0')}.scope`
      return controller === 'memory' ? v1Cgroup(name, { files: { 'cgroup.procs': '' } }) : {}
    }),
  )

/** An OOM kill of a container that held next to nothing but page cache, so much of it not written back. */
const killedWithCache = (dirty: number, v2 = false): string => {
  const stat = v2
    ? ['anon 4096000', `file ${500 * MIB}`, `file_dirty ${dirty}`, 'file_writeback 0', 'kernel 4096000']
    : [
        'cache 524288000',
        'rss 4096000',
        `dirty ${dirty}`,
        'writeback 0',
        'total_cache 524288000',
        'total_rss 4096000',
      ]
  return [
    'dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=996',
    'memory: usage 524288kB, limit 524288kB, failcnt 400',
    ...(v2 ? [] : ['kmem: usage 4000kB, limit 9007199254740988kB, failcnt 0']),
    `Memory cgroup stats for /${POD}:`,
    ...stat,
    'Tasks state (memory values in pages):',
    '[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name',
    '[   4242]     0  4242      500      200    40960        0           996 dd',
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=a,mems_allowed=0,oom_memcg=/${POD},task_memcg=/${CONTAINER},task=dd,pid=4242,uid=0`,
    'Memory cgroup out of memory: Killed process 4242 (dd) total-vm:2000kB, anon-rss:800kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:40kB oom_score_adj:996',
  ]
    .map((line, at) => `[  100.${String(at).padStart(6, '0')}] ${line}\n`)
    .join('')
}

const log = (text: string): Files => ({
  dmesg: `[    0.000000] Linux command line: ro quiet\n${text}`,
})

describe('defects of what runs on the kernel', () => {
  it('are told by the version of a package that is not a distribution’s own', () => {
    const pod = v2Cgroup(CONTAINER)
    const report = judge(v2Node('6.8.0', { ...pod, ...dpkg(['containerd', '1.4.13~ds1-1~deb11u4']) }))
    expect(report.verdicts['known-defects']).toBe('absent')
    const exact = judge(v2Node('6.8.0', { ...pod, ...dpkg(['kubelet', '1.36.2-1.1']) }))
    expect(affected(exact)).toEqual(['K-33'])
    expect(of(exact, 'known-defects')[0]).toMatchObject({
      severity: 'info',
      words: { summary: ['software', 'versionOnly'] },
      remedies: ['software-upgrade'],
    })
    expect(of(exact, 'known-defects')[0]?.evidence).toContainEqual(
      expect.objectContaining({ key: 'kubelet', value: '1.36.2-1.1', path: '/var/lib/dpkg/status' }),
    )
  })

  it('say nothing where no version is at hand and nothing shows', () => {
    expect(judge(v2Node('6.8.0', v2Cgroup(CONTAINER))).verdicts['known-defects']).toBe('absent')
  })

  it('are asked for where they show and the version is not at hand', () => {
    const report = judge(v1Node('5.4.0-99-generic', scopes(120)))
    expect(report.verdicts['known-defects']).toBe('unknown')
    expect(reasons(report, 'known-defects')).toContain('defect-component-version')
    expect(judge(v1Node('5.4.0-99-generic', scopes(99))).verdicts['known-defects']).toBe('absent')
  })

  it('are told where they show and the version has them: scopes of mounts', () => {
    const files = { ...scopes(120), ...dpkg(['systemd', '229']) }
    expect(affected(judge(v1Node('5.4.0-99-generic', files)))).toEqual(['K-14'])
    expect(of(judge(v1Node('5.4.0-99-generic', files)), 'known-defects')[0]).toMatchObject({
      severity: 'warning',
      remedies: ['software-upgrade', 'remove-empty-cgroups'],
    })
    const newer = { ...scopes(120), ...dpkg(['systemd', '245']) }
    expect(judge(v1Node('5.4.0-99-generic', newer)).verdicts['known-defects']).toBe('absent')
  })

  it('are told where they show: an old runc that can start nothing', () => {
    const old = dpkg(['runc', '1.0.0~rc92'])
    expect(affected(judge(v1Node('5.19.17', { ...old, ...v1Cgroup('kubepods') })))).toEqual(['K-12'])
    expect(affected(judge(v1Node('5.19.17', { ...old, ...v1Cgroup(CONTAINER) })))).toEqual([])
  })
})

describe('defects of the kernel that show otherwise', () => {
  it('blkio cgroups that grow alone', () => {
    const cgroups = (blkio: number): Files => ({
      'proc/cgroups': `#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t3\t1\nmemory\t3\t3\t1\nblkio\t4\t${blkio}\t1\n`,
    })
    expect(affected(judge(v1Node('5.19.6', cgroups(700))))).toEqual(['K-16'])
    expect(affected(judge(v1Node('5.19.6', cgroups(400))))).toEqual([])
    expect(affected(judge(v1Node('5.18.19', cgroups(700))))).toEqual([])
    const later = judge(v1Node('6.1.55', { ...cgroups(700), ...v1Cgroup(CONTAINER) }))
    expect(reasons(later, 'known-defects')).toEqual(['defect-boundary'])
  })

  it('the memory controller switched off', () => {
    const off = { 'proc/cmdline': 'ro quiet cgroup_disable=memory\n' }
    expect(affected(judge(v1Node('4.19.60', off)))).toEqual(['K-20'])
    expect(affected(judge(v1Node('4.19.65', off)))).toEqual([])
    expect(affected(judge(v1Node('4.19.60')))).toEqual([])
  })

  it('page cache that could have been reclaimed when the cgroup was killed', () => {
    const killed = log(killedWithCache(0))
    expect(affected(judge(v1Node('4.15.18', killed)))).toContain('K-21')
    expect(affected(judge(v1Node('4.19.90', killed)))).not.toContain('K-21')
  })

  it('dirty page cache under multi-gen LRU', () => {
    const config = (value: string): Files => ({ 'boot/config-6.1.55': `CONFIG_LRU_GEN=y\n${value}\n` })
    const on = config('CONFIG_LRU_GEN_ENABLED=y')
    const killed = { ...log(killedWithCache(400 * MIB, true)), ...v2Cgroup(CONTAINER) }
    expect(affected(judge(v2Node('6.1.55', { ...killed, ...on })))).toEqual(['K-22'])
    expect(affected(judge(v2Node('6.12.104', { ...killed, ...on })))).toEqual([])
    expect(
      affected(judge(v2Node('6.1.55', { ...killed, ...config('# CONFIG_LRU_GEN_ENABLED is not set') }))),
    ).toEqual([])
    const clean = { ...log(killedWithCache(20 * MIB, true)), ...v2Cgroup(CONTAINER) }
    expect(affected(judge(v2Node('6.1.55', { ...clean, ...on })))).toEqual([])
    expect(reasons(judge(v2Node('6.1.55', killed)), 'known-defects')).toEqual(['defect-cannot-tell'])
  })

  it('the tree of the cgroup driver that is not in use, beside the one that is', () => {
    const slice = 'kubepods.slice/kubepods-pod0b6e2f34_7a51_4c0d_9d1e_5a4c3b2a1901.slice'
    const procs = (text: string) => ({ files: { 'cgroup.procs': text } })
    const systemd = { ...v1Cgroup('kubepods.slice', procs('')), ...v1Cgroup(slice, procs('4711\n')) }
    const cgroupfs = (text: string) => ({
      ...v1Cgroup('kubepods', procs('')),
      ...v1Cgroup('kubepods/burstable', procs('')),
      ...v1Cgroup(POD, procs('')),
      ...v1Cgroup(CONTAINER, procs(text)),
    })
    const node = (files: Files) =>
      judge(v1Node('5.4.0-99-generic', { 'sys/fs/cgroup/memory/cgroup.procs': '2\n', ...files }))
    expect(affected(node({ ...systemd, ...cgroupfs('') }))).toEqual(['K-48'])
    expect(affected(node({ ...systemd, ...cgroupfs('4712\n') }))).toEqual([])
    expect(affected(node(systemd))).toEqual([])
    const unread = judge(v1Node('5.4.0-99-generic', { ...v1Cgroup('kubepods.slice'), ...v1Cgroup(POD) }))
    expect(affected(unread)).toEqual([])
    expect(unread.verdicts['known-defects']).toBe('unknown')
  })

  it('a limit of nothing on a unit of systemd', () => {
    const zero = { ...v1Cgroup('user.slice', { limit: 0 }), ...dpkg(['systemd', '231~git20160601']) }
    expect(affected(judge(v1Node('3.16.85', zero)))).toContain('K-49')
    expect(affected(judge(v1Node('4.9.0', zero)))).toEqual([])
  })
})
