import { describe, expect, it } from 'vitest'
import { type Files, judge, MIB, of, reasons, v1Cgroup, v1Node, v2Cgroup, v2Node } from '../node.ts'

const RELEASE = '6.1.0-13-amd64'

const uid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const container = (n: number) => String(n).padStart(64, 'a0')
const NOBODY = { 'cgroup.procs': '' }
const SOMEBODY = { 'cgroup.procs': '4711\n' }
/** In the top of a hierarchy there are always kernel threads. */
const TOP = { 'sys/fs/cgroup/memory/cgroup.procs': '2\n' }

const kubepods = {
  ...v1Cgroup('kubepods', { files: NOBODY }),
  ...v1Cgroup('kubepods/burstable', { files: NOBODY }),
}

/** A pod of one container and its sandbox, as the cgroupfs driver makes them. */
function pod(n: number, tasks: Files, usage = MIB): Files {
  const dir = `kubepods/burstable/pod${uid(n)}`
  return {
    ...v1Cgroup(dir, { usage, files: NOBODY }),
    ...v1Cgroup(`${dir}/${container(2 * n)}`, { files: tasks }),
    ...v1Cgroup(`${dir}/${container(2 * n + 1)}`, { files: tasks }),
  }
}

/** The kubelet's directories of the pods there are. */
const present = (...pods: readonly number[]) => ({
  'var/lib/kubelet/pods.list': pods.map(n => `${uid(n)}\n`).join(''),
})

const many = (from: number, to: number, one: (n: number) => Files): Files =>
  Object.assign({}, ...Array.from({ length: to - from }, (_, i) => one(from + i)))

const node = (...files: readonly Files[]) => v1Node(RELEASE, Object.assign({}, TOP, kubepods, ...files))

const told = (files: Files) => {
  const report = judge(files)
  return of(report, 'left-over-memcgs')[0]?.severity ?? report.verdicts['left-over-memcgs']
}

describe('pods that are gone', () => {
  it('are told from three on, and are no dying ones', () => {
    const files = node(
      pod(1, SOMEBODY),
      many(10, 14, n => pod(n, NOBODY)),
      present(1),
    )
    const [finding] = of(judge(files), 'left-over-memcgs')
    expect(finding).toMatchObject({
      severity: 'info',
      values: { count: 12, bytes: 4 * MIB, list: '/var/lib/kubelet/pods' },
      words: { title: 'kubelet', summary: ['kubeletWho', 'notDying', 'cost', 'noted'] },
      subject: { kind: 'memcg', podUid: uid(10), qos: 'burstable' },
      remedies: ['remove-empty-cgroups', 'software-upgrade'],
    })
    expect(finding?.evidence.slice(0, 2)).toMatchObject([
      { path: `/sys/fs/cgroup/memory/kubepods/burstable/pod${uid(10)}`, key: 'directories', value: 3 },
      { value: MIB, unit: 'bytes' },
    ])
    expect(
      told(
        node(
          pod(1, SOMEBODY),
          many(10, 13, n => pod(n, NOBODY)),
          present(1),
        ),
      ),
    ).toBe('absent')
  })

  it('are a warning by what is charged to them, or by their number', () => {
    expect(told(node(pod(10, NOBODY, 256 * MIB), present(1)))).toBe('warning')
    expect(told(node(pod(10, NOBODY, 255 * MIB), present(1)))).toBe('absent')
    expect(
      told(
        node(
          many(10, 344, n => pod(n, NOBODY)),
          present(1),
        ),
      ),
    ).toBe('warning')
  })

  it('are not those that run, nor those that are only starting', () => {
    expect(
      told(
        node(
          many(1, 20, n => pod(n, SOMEBODY)),
          present(),
        ),
      ),
    ).toBe('absent')
    expect(
      told(
        node(
          many(1, 20, n => pod(n, NOBODY)),
          present(...Array.from({ length: 20 }, (_, n) => n)),
        ),
      ),
    ).toBe('absent')
  })

  it('cannot be told without a list of pods, nor without the lists of processes', () => {
    const unlisted = judge(node(pod(1, SOMEBODY), pod(2, NOBODY)))
    expect(unlisted.verdicts['left-over-memcgs']).toBe('unknown')
    expect(reasons(unlisted, 'left-over-memcgs')).toEqual(['pods-not-listed'])
    const unread = judge(node(v1Cgroup('kubepods/burstable/podx', { usage: 0 }), present()))
    expect(reasons(unread, 'left-over-memcgs')).toEqual(['tasks-not-read'])
  })

  it('are not seen from a pid namespace that shows nobody, and that is said', () => {
    const blind = { ...node(pod(2, NOBODY), present()), 'sys/fs/cgroup/memory/cgroup.procs': '' }
    expect(reasons(judge(blind), 'left-over-memcgs')).toEqual(['tasks-not-read'])
  })
})

describe('the tree of the other driver', () => {
  const systemd = (tasks: Files) => ({
    ...v1Cgroup('kubepods.slice', { files: NOBODY }),
    ...v1Cgroup('kubepods.slice/kubepods-pod1.slice', { files: NOBODY }),
    ...v1Cgroup(`kubepods.slice/kubepods-pod1.slice/cri-containerd-${container(1)}.scope`, { files: tasks }),
  })

  it('is told where the one in use stands beside it', () => {
    const [finding] = of(judge(node(pod(1, NOBODY), pod(2, NOBODY), systemd(SOMEBODY))), 'left-over-memcgs')
    expect(finding).toMatchObject({
      severity: 'info',
      subject: { path: '/kubepods' },
      values: { count: 8 },
      words: { title: 'driver-change' },
    })
  })

  it('is nothing where it has no pod, or both are in use', () => {
    expect(told(node(systemd(SOMEBODY)))).toBe('absent')
    expect(told(node(pod(1, SOMEBODY), systemd(SOMEBODY)))).toBe('absent')
  })
})

describe('scopes of systemd-run', () => {
  const scope = (name: string, tasks: Files) => v1Cgroup(`system.slice/${name}.scope`, { files: tasks })
  const slice = v1Cgroup('system.slice', { files: NOBODY })

  it('are told by the kind of name systemd gives them, and where no process is in them', () => {
    const [finding] = of(
      judge(
        node(
          slice,
          many(0, 400, n => scope(`run-r${n.toString(16).padStart(32, '0')}`, NOBODY)),
          many(0, 400, n => scope(`run-${1000 + n}`, NOBODY)),
          many(0, 400, n => scope(`run-p${1000 + n}-i${n}`, NOBODY)),
          scope('run-rfeed', SOMEBODY),
          scope('session-1', NOBODY),
        ),
      ),
      'left-over-memcgs',
    )
    expect(finding).toMatchObject({
      severity: 'warning',
      subject: { path: '/system.slice' },
      values: { count: 1200 },
      words: { title: 'systemd-scope' },
      remedies: ['stop-empty-scopes', 'software-upgrade'],
    })
    expect(
      told(
        node(
          slice,
          many(0, 9, n => scope(`run-${n}`, NOBODY)),
        ),
      ),
    ).toBe('absent')
  })
})

describe('containers that were killed', () => {
  const dir = `kubepods/burstable/pod${uid(1)}`
  const empty = (count: number) =>
    many(0, count, n => v1Cgroup(`${dir}/${container(100 + n)}`, { files: NOBODY }))

  it('are told where there are more in a pod than pods have', () => {
    const [finding] = of(judge(node(pod(1, SOMEBODY), empty(10))), 'left-over-memcgs')
    expect(finding).toMatchObject({ severity: 'info', values: { count: 10 }, words: { title: 'runtime' } })
  })

  it('are not known to be gone where there are few and nothing lists containers', () => {
    const report = judge(node(pod(1, SOMEBODY), empty(2)))
    expect(reasons(report, 'left-over-memcgs')).toEqual(['pods-not-listed'])
  })
})

describe('v2', () => {
  const events = (populated: number) => ({ 'cgroup.events': `populated ${populated}\nfrozen 0\n` })

  it('goes by what cgroup.events says', () => {
    const slice = (n: number) => `kubepods.slice/kubepods-pod${uid(n).replaceAll('-', '_')}.slice`
    const files = v2Node(RELEASE, {
      ...v2Cgroup('kubepods.slice', { files: events(1) }),
      ...v2Cgroup(slice(1), { files: events(1) }),
      ...many(2, 13, n => v2Cgroup(slice(n), { files: events(0) })),
      ...present(1),
    })
    const [finding] = of(judge(files), 'left-over-memcgs')
    expect(finding).toMatchObject({ values: { count: 11 }, words: { title: 'kubelet' } })
    expect(finding?.evidence).toContainEqual(
      expect.objectContaining({
        path: `/sys/fs/cgroup/${slice(2)}/cgroup.events`,
        key: 'populated',
        value: 0,
      }),
    )
  })
})
