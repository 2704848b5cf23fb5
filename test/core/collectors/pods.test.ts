import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { nameOf, unnamedMemcgs } from '../../../src/core/facts/names.ts'
import { type MemoryFile, memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { v1Cgroup, v1Node } from '../node.ts'

const UID = '20edac81-191c-4bc6-b85f-e23a65bc7931'
const OTHER = '7b7e1f6c-5a1d-4d5f-9c51-0d8f6f1f2f3e'
const STATIC = '0123456789abcdef0123456789abcdef'
const id = (digit: string) => digit.repeat(64)

const cgroup = (uid: string, container: string) => `/kubepods/burstable/pod${uid}/${container}`

function read(
  files: Readonly<Record<string, MemoryFile>>,
  links: Readonly<Record<string, string>> = {},
  origin: 'live' | 'directory' = 'directory',
) {
  return collect(memoryTree(files, { links, origin }), { at: 0, only: ['pods'] })
}

const containerd = 'run/containerd/io.containerd.runtime.v2.task/k8s.io'

const bundle = (annotations: Record<string, string>, cgroupsPath: string, limit?: number) =>
  JSON.stringify({
    ociVersion: '1.0.2-dev',
    annotations,
    linux: { cgroupsPath, resources: { memory: limit === undefined ? {} : { limit } } },
  })

describe('containerd', () => {
  const app = {
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.container-name': 'app',
    'io.kubernetes.cri.image-name': 'docker.io/library/nginx:1.27',
    'io.kubernetes.cri.sandbox-id': id('a'),
    'io.kubernetes.cri.sandbox-name': 'web-0',
    'io.kubernetes.cri.sandbox-namespace': 'shop',
    'io.kubernetes.cri.sandbox-uid': UID,
  }

  it('names pod, container, image and limit of a running container', () => {
    const path = `${containerd}/${id('c')}/config.json`
    const about = read({ [path]: bundle(app, cgroup(UID, id('c')), 64 * 2 ** 20) })
    expect(nameOf(about, cgroup(UID, id('c')))).toEqual({
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
      image: 'docker.io/library/nginx:1.27',
      from: `/${path}`,
    })
    expect(about.pods?.containers.get(id('c'))?.memoryLimit).toBe(64 * 2 ** 20)
    expect(nameOf(about, `/kubepods/burstable/pod${UID}`)).toMatchObject({ namespace: 'shop', pod: 'web-0' })
  })

  it('1.4 notes only the sandbox on a container: the pod is named by the sandbox log directory', () => {
    const slice = `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice:cri-containerd`
    const about = read({
      [`${containerd}/${id('c')}/config.json`]: bundle(
        {
          'io.kubernetes.cri.container-type': 'container',
          'io.kubernetes.cri.container-name': 'app',
          'io.kubernetes.cri.sandbox-id': id('a'),
        },
        `${slice}:${id('c')}`,
      ),
      [`${containerd}/${id('a')}/config.json`]: bundle(
        {
          'io.kubernetes.cri.container-type': 'sandbox',
          'io.kubernetes.cri.sandbox-id': id('a'),
          'io.kubernetes.cri.sandbox-log-directory': `/var/log/pods/shop_web-0_${UID}`,
        },
        `${slice}:${id('a')}`,
      ),
    })
    expect(nameOf(about, cgroup(UID, id('c')))).toMatchObject({
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
    })
    expect(nameOf(about, cgroup(UID, id('a')))).toMatchObject({ pod: 'web-0', sandbox: true })
    expect(nameOf(about, cgroup(UID, id('a'))).container).toBeUndefined()
  })
})

it('CRI-O: the annotations of its bundles', () => {
  const about = read({
    [`run/containers/storage/overlay-containers/${id('c')}/userdata/config.json`]: bundle(
      {
        'io.kubernetes.cri-o.ContainerType': 'container',
        'io.kubernetes.cri-o.ImageName': 'quay.io/app:1',
        'io.kubernetes.cri-o.Created': '2026-11-01T10:00:00.5Z',
        'io.kubernetes.container.name': 'app',
        'io.kubernetes.pod.name': 'web-0',
        'io.kubernetes.pod.namespace': 'shop',
        'io.kubernetes.pod.uid': UID,
      },
      `kubepods-pod${UID.replaceAll('-', '_')}.slice:crio:${id('c')}`,
    ),
  })
  expect(
    nameOf(
      about,
      `/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/crio-${id('c')}.scope/container`,
    ),
  ).toMatchObject({ namespace: 'shop', pod: 'web-0', container: 'app', image: 'quay.io/app:1' })
  expect(about.pods?.containers.get(id('c'))?.createdAt).toBe(Date.UTC(2026, 10, 1, 10, 0, 0, 500))
})

it('an annotation of another pod’s UID is not believed', () => {
  const about = read({
    [`run/containers/storage/overlay-containers/${id('c')}/userdata/config.json`]: bundle(
      {
        'io.kubernetes.pod.uid': OTHER,
        'io.kubernetes.pod.name': 'forged',
        'io.kubernetes.container.name': 'x',
      },
      `kubepods-pod${UID.replaceAll('-', '_')}.slice:crio:${id('c')}`,
    ),
  })
  expect(nameOf(about, `/kubepods/pod${OTHER}`)).toEqual({})
})

it('docker: the labels that the kubelet gives, and the own name of what is no pod', () => {
  const about = read({
    [`var/lib/docker/containers/${id('c')}/config.v2.json`]: JSON.stringify({
      Name: `/k8s_app_web-0_shop_${UID}_0`,
      Config: {
        Image: 'nginx',
        Labels: {
          'io.kubernetes.container.name': 'app',
          'io.kubernetes.docker.type': 'container',
          'io.kubernetes.pod.name': 'web-0',
          'io.kubernetes.pod.namespace': 'shop',
          'io.kubernetes.pod.uid': UID,
        },
      },
    }),
    [`var/lib/docker/containers/${id('d')}/config.v2.json`]: JSON.stringify({
      Name: '/registry',
      // an image's own label is nobody's name
      Config: { Labels: { 'io.kubernetes.pod.uid': OTHER, 'io.kubernetes.pod.name': 'etcd' } },
    }),
  })
  expect(nameOf(about, `/kubepods/pod${OTHER}`)).toEqual({})
  expect(nameOf(about, cgroup(UID, id('c')))).toMatchObject({
    namespace: 'shop',
    pod: 'web-0',
    container: 'app',
  })
  expect(nameOf(about, `/docker/${id('d')}`)).toMatchObject({ container: 'registry' })
})

it('podman: the list of its storage', () => {
  const about = read({
    'var/lib/containers/storage/overlay-containers/containers.json': JSON.stringify([
      { id: id('c'), names: ['db'], metadata: '{}' },
      { id: id('d'), names: ['k8s_app_web-0_shop_uid_0'] },
      { id: 7, names: 'x' },
    ]),
  })
  expect(nameOf(about, `/machine.slice/libpod-${id('c')}.scope`)).toMatchObject({ container: 'db' })
  expect(about.pods?.containers.size).toBe(1)
})

describe('logs', () => {
  const link = `var/log/containers/web-0_shop_app-${id('c')}.log`

  it('a link names container and pod, also of a container that ended', () => {
    const about = read({}, { [link]: `/var/log/pods/shop_web-0_${UID}/app/0.log` })
    expect(nameOf(about, cgroup(UID, id('c')))).toEqual({
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
      from: `/${link}`,
    })
  })

  it('a directory names the pod by its UID', () => {
    const about = read({ [`var/log/pods/kube-system_etcd-node1_${STATIC}/etcd/0.log`]: '' })
    expect(nameOf(about, `/kubepods/burstable/pod${STATIC}`)).toEqual({
      namespace: 'kube-system',
      pod: 'etcd-node1',
      from: `/var/log/pods/kube-system_etcd-node1_${STATIC}`,
    })
  })

  it('what Kubernetes could not have named is no name', () => {
    const about = read({
      [`var/log/pods/shop_web\x1b[31m_${UID}/app/0.log`]: '',
      [`var/log/pods/a_b_c_${UID}/app/0.log`]: '',
      [`var/log/pods/shop_${'x'.repeat(255)}_${UID}/app/0.log`]: '',
      [`var/log/pods/..._.._${UID}/app/0.log`]: '',
      [`var/log/containers/web-0_shop_app-${id('c').slice(1)}.log`]: '',
    })
    expect(about.pods).toBeUndefined()
  })
})

describe('what the runtime and the kubelet answered', () => {
  const cri = {
    'cri/pods.json': JSON.stringify({
      items: [{ id: id('a'), metadata: { name: 'web-0', namespace: 'shop', uid: UID }, createdAt: '1' }],
    }),
    'cri/containers.json': JSON.stringify({
      containers: [
        {
          id: id('c'),
          pod_sandbox_id: id('a'),
          metadata: { name: 'app' },
          image: { image: 'sha256:1' },
          created_at: '1767225600000000000',
        },
      ],
    }),
  }

  it('names containers by their sandbox', () => {
    const about = read(cri)
    expect(nameOf(about, cgroup(UID, id('c')))).toMatchObject({
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
      from: '/cri/containers.json',
    })
    expect(nameOf(about, cgroup(UID, id('a')))).toMatchObject({ pod: 'web-0', sandbox: true })
    expect(about.pods?.containers.get(id('c'))?.createdAt).toBe(Date.UTC(2026, 0, 1))
  })

  it('goes before what the disk says', () => {
    const about = read({
      ...cri,
      [`var/log/pods/old_name_${UID}/app/0.log`]: '',
      [`${containerd}/${id('c')}/config.json`]: bundle({}, cgroup(UID, id('c')), 4096),
    })
    expect(nameOf(about, cgroup(UID, id('c')))).toMatchObject({ namespace: 'shop', pod: 'web-0' })
    // and the disk adds what was not answered
    expect(about.pods?.containers.get(id('c'))?.memoryLimit).toBe(4096)
  })

  it('the kubelet gives limits, requests, and which pods there are', () => {
    const about = read({
      'kubelet/pods.json': JSON.stringify({
        items: [
          {
            metadata: { name: 'web-0', namespace: 'shop', uid: UID },
            spec: {
              containers: [
                {
                  name: 'app',
                  image: 'nginx',
                  resources: { limits: { memory: '1.5Gi' }, requests: { memory: '1e9' } },
                },
                { name: 'side', image: 'envoy', resources: {} },
              ],
            },
            status: {
              containerStatuses: [
                {
                  name: 'app',
                  containerID: `containerd://${id('c')}`,
                  lastState: { terminated: { containerID: `containerd://${id('b')}` } },
                },
                { name: 'side', containerID: `containerd://${id('d')}` },
              ],
            },
          },
          {
            metadata: {
              name: 'etcd-node1',
              namespace: 'kube-system',
              uid: OTHER,
              annotations: { 'kubernetes.io/config.hash': STATIC },
            },
          },
        ],
      }),
    })
    expect(about.pods?.containers.get(id('c'))).toMatchObject({
      name: 'app',
      memoryLimit: 1.5 * 2 ** 30,
      memoryRequest: 1e9,
    })
    expect(about.pods?.containers.get(id('d'))?.memoryLimit).toBe(Number.POSITIVE_INFINITY)
    expect(nameOf(about, cgroup(UID, id('b')))).toMatchObject({ container: 'app' })
    expect(nameOf(about, `/kubepods/pod${STATIC}`)).toMatchObject({ pod: 'etcd-node1' })
    expect([...(about.pods?.present?.uids ?? [])]).toEqual([UID, STATIC, OTHER])
  })

  it.each([
    '',
    '[',
    'null',
    '{"items":{}}',
    '{"items":[null,1,{"metadata":[]},{"id":7}]}',
    '['.repeat(100_000),
  ])('an answer that is none costs nothing but itself: %.20s', text => {
    const about = read({
      'cri/pods.json': text,
      'cri/containers.json': text,
      'kubelet/pods.json': text,
      [`${containerd}/${id('c')}/config.json`]: text,
      [`var/log/pods/shop_web-0_${UID}/app/0.log`]: '',
    })
    expect(nameOf(about, `/kubepods/pod${UID}`)).toMatchObject({ pod: 'web-0' })
  })
})

describe('a name is never shown for another', () => {
  it('a recreated cgroup has another id, and no name until one is known for it', () => {
    const about = read(
      {},
      {
        [`var/log/containers/web-0_shop_app-${id('c')}.log`]: `/var/log/pods/shop_web-0_${UID}/app/0.log`,
      },
    )
    expect(nameOf(about, cgroup(UID, id('d')))).toMatchObject({ pod: 'web-0' })
    expect(nameOf(about, cgroup(UID, id('d'))).container).toBeUndefined()
    expect(nameOf(about, cgroup(OTHER, id('d')))).toEqual({})
  })

  it('a container said to be of another pod than its cgroup is of neither', () => {
    const about = read(
      {},
      {
        [`var/log/containers/web-0_shop_app-${id('c')}.log`]: `/var/log/pods/shop_web-0_${UID}/app/0.log`,
      },
    )
    expect(nameOf(about, cgroup(OTHER, id('c')))).toEqual({})
  })
})

describe('which pods there are', () => {
  const pods = { [`var/lib/kubelet/pods/${UID}/etc-hosts`]: '', 'var/lib/kubelet/pods/../x': '' }

  it('are those the kubelet has a directory for, on the node', () => {
    expect([...(read(pods, {}, 'live').pods?.present?.uids ?? [])]).toEqual([UID])
  })

  it('are not told by a copy, of which much may not have been saved', () => {
    expect(read(pods).pods?.present).toBeUndefined()
    expect(read({ 'var/lib/kubelet/pods.list': `${UID}\n${OTHER}\n` }).pods?.present?.uids.size).toBe(2)
  })

  it('what may not be read is a gap', () => {
    const denied = { path: '/var/lib/kubelet/pods', why: 'denied' } as const
    const about = read({ 'var/lib/kubelet/pods': denied }, {}, 'live')
    expect(about.pods).toBeUndefined()
    expect(about.gaps).toEqual([denied])
  })
})

it('which live cgroups have no name', () => {
  const about = collect(
    memoryTree(
      v1Node('5.10.0', {
        ...v1Cgroup(`kubepods/pod${UID}`),
        ...v1Cgroup(`kubepods/pod${UID}/${id('c')}`),
        ...v1Cgroup(`kubepods/pod${UID}/${id('d')}`),
        ...v1Cgroup('system.slice/sshd.service'),
        [`var/log/pods/shop_web-0_${UID}/app/0.log`]: '',
        [`${containerd}/${id('c')}/config.json`]: bundle(
          { 'io.kubernetes.cri.container-type': 'sandbox' },
          `/kubepods/pod${UID}/${id('c')}`,
        ),
      }),
    ),
    { at: 0 },
  )
  expect(unnamedMemcgs(about).map(({ path }) => path)).toEqual([`/kubepods/pod${UID}/${id('d')}`])
})
