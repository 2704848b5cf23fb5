import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { type MemoryFile, memoryTree } from '../../../src/core/tree/memory-tree.ts'

const MIB = 2 ** 20

const read = (files: Readonly<Record<string, MemoryFile>>) =>
  collect(memoryTree(files, { origin: 'live' }), { at: 0, only: ['kubelet'] })

const daemon = (words: readonly string[], cgroup = '0::/system.slice/kubelet.service', pid = 812) => ({
  [`proc/${pid}/comm`]: 'kubelet\n',
  [`proc/${pid}/cgroup`]: `${cgroup}\n`,
  [`proc/${pid}/cmdline`]: `${words.join('\0')}\0`,
})

const CONFIG = 'var/lib/kubelet/config.yaml'

const yaml = (lines: readonly string[]) =>
  ['apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', ...lines, ''].join('\n')

describe('the configuration file', () => {
  it('is read as YAML, with quotes, comments and both kinds of mapping', () => {
    const { kubelet } = read({
      [CONFIG]: yaml([
        'authentication:',
        '  anonymous:',
        '    enabled: false',
        "cgroupDriver: 'systemd'  # as the runtime",
        'clusterDNS:',
        '- 10.96.0.10',
        'evictionHard:',
        '    memory.available: "500Mi"',
        '    nodefs.available: 10%',
        'systemReserved: {memory: 1Gi, cpu: "500m"}',
        'kubeReserved:',
        '  cpu: 100m',
        '  memory: 10%',
        'singleProcessOOMKill: true',
        'containerRuntimeEndpoint: unix:///run/crio/crio.sock',
        'readOnlyPort: 10255',
      ]),
    })
    const path = `/${CONFIG}`
    expect(kubelet).toEqual({
      path,
      evictionHard: { path, bytes: 500 * MIB },
      systemReserved: { path, bytes: 1024 * MIB },
      kubeReserved: { path, share: 0.1 },
      cgroupDriver: 'systemd',
      singleProcessOomKill: true,
      runtimeEndpoint: 'unix:///run/crio/crio.sock',
      readOnlyPort: 10255,
    })
  })

  it('is read as JSON, where distributions keep it', () => {
    const path = 'etc/kubernetes/kubelet/config.json'
    const { kubelet } = read({
      [path]: JSON.stringify({
        kind: 'KubeletConfiguration',
        evictionHard: { 'memory.available': '5%' },
        evictionSoft: { 'memory.available': '1.5Gi' },
        cgroupRoot: '/',
      }),
    })
    expect(kubelet).toMatchObject({
      evictionHard: { path: `/${path}`, share: 0.05 },
      evictionSoft: { bytes: 1536 * MIB },
      cgroupRoot: '/',
    })
  })

  it('a threshold for the disk alone takes that of memory away, unless defaults are merged in', () => {
    const only = ['evictionHard: {nodefs.available: 10%}']
    expect(read({ [CONFIG]: yaml(only) }).kubelet?.evictionHard?.bytes).toBe(0)
    expect(
      read({ [CONFIG]: yaml(['evictionHard: {memory.available: 0%}']) }).kubelet?.evictionHard?.bytes,
    ).toBe(0)
    const merged = read({ [CONFIG]: yaml([...only, 'mergeDefaultEvictionSettings: true']) })
    expect(merged.kubelet?.evictionHard).toBeUndefined()
    expect(read({ [CONFIG]: yaml([]) }).kubelet?.evictionHard).toBeUndefined()
  })

  it('OpenShift has it where others have a kubeconfig, which is not taken for it', () => {
    const place = 'etc/kubernetes/kubelet.conf'
    expect(read({ [place]: 'apiVersion: v1\nkind: Config\nusers: []\n' }).kubelet).toBeUndefined()
    expect(read({ [place]: yaml(['cgroupDriver: systemd']) }).kubelet?.cgroupDriver).toBe('systemd')
  })

  it.each(['', '{', '[]', 'null', 'kind: KubeletConfiguration', '\0'.repeat(9999), `a: ${'{'.repeat(9999)}`])(
    'that is none sets nothing: %.20s',
    text => {
      const { kubelet, gaps } = read({ [CONFIG]: text })
      expect(kubelet?.evictionHard).toBeUndefined()
      expect(gaps).toEqual([])
    },
  )
})

describe('the process', () => {
  it('names its file, and its arguments go before it', () => {
    const { kubelet } = read({
      ...daemon([
        '/usr/bin/kubelet',
        '--config=/etc/my/kubelet.yaml',
        '--eviction-hard=memory.available<1Gi,nodefs.available<5%',
        '--cgroup-driver',
        'cgroupfs',
        '--v=2',
      ]),
      [CONFIG]: yaml(['cgroupDriver: systemd', 'kubeReserved: {memory: 1Gi}']),
      'etc/my/kubelet.yaml': yaml(['cgroupDriver: systemd', 'systemReserved: {memory: 2Gi}']),
    })
    expect(kubelet).toEqual({
      path: '/etc/my/kubelet.yaml',
      systemReserved: { path: '/etc/my/kubelet.yaml', bytes: 2048 * MIB },
      evictionHard: { path: '/proc/812/cmdline', bytes: 1024 * MIB },
      cgroupDriver: 'cgroupfs',
    })
  })

  it('names a directory of more files, the last of which counts', () => {
    const { kubelet } = read({
      ...daemon(['kubelet', `--config=/${CONFIG}`, '--config-dir=/etc/kubelet.d']),
      [CONFIG]: yaml(['evictionHard: {memory.available: 1Mi}']),
      'etc/kubelet.d/20.conf': yaml(['evictionHard: {memory.available: 3Mi}']),
      'etc/kubelet.d/10.conf': yaml(['evictionHard: {memory.available: 2Mi}']),
      'etc/kubelet.d/25.conf': yaml(['evictionHard: {nodefs.available: 1%}']),
      'etc/kubelet.d/30.txt': yaml(['evictionHard: {memory.available: 4Mi}']),
    })
    expect(kubelet?.evictionHard).toEqual({ path: '/etc/kubelet.d/20.conf', bytes: 3 * MIB })
  })

  it('in a container is not the node’s', () => {
    const uid = '20edac81-191c-4bc6-b85f-e23a65bc7931'
    expect(
      read(
        daemon(
          ['kubelet', '--eviction-hard=memory.available<9Gi'],
          `4:memory:/kubepods/pod${uid}/${'a'.repeat(64)}`,
        ),
      ).kubelet,
    ).toBeUndefined()
  })

  it('of another user is not the node’s', () => {
    const own = daemon(['kubelet', '--eviction-hard=memory.available<9Gi'])
    expect(
      read({ ...own, 'proc/812/status': 'Name:\tkubelet\nUid:\t1000\t0\t0\t0\n' }).kubelet,
    ).toBeUndefined()
    expect(read({ ...own, 'proc/812/status': 'Name:\tkubelet\nUid:\t0\t0\t0\t0\n' }).kubelet).toBeDefined()
  })

  it.each(['/proc/kmsg', '/dev/zero', '/etc/../proc/kcore', 'relative.yaml'])(
    'reads no %s for its sake',
    path => {
      const asked: string[] = []
      const tree = memoryTree(daemon(['kubelet', `--config=${path}`]), { origin: 'live' })
      collect(
        {
          ...tree,
          read(one) {
            asked.push(one)
            return tree.read(one)
          },
        },
        { at: 0, only: ['kubelet'] },
      )
      expect(asked).toEqual([])
    },
  )

  it('says which file it could not read', () => {
    const denied = { path: `/${CONFIG}`, why: 'denied' } as const
    const { kubelet, gaps } = read({ ...daemon(['kubelet', `--config=/${CONFIG}`]), [CONFIG]: denied })
    expect(kubelet?.unread).toBe(`/${CONFIG}`)
    expect(gaps).toEqual([denied])
  })
})
