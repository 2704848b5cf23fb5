import { describe, expect, it } from 'vitest'
import { parsePodPath } from '../../../../src/core/decode/cgroup/path.ts'

const CID = 'ab12'.repeat(16)
const UID = '20edac81-191c-4bc6-b85f-e23a65bc7931'
const UID_ = UID.replaceAll('-', '_')
const STATIC = '0123456789abcdef0123456789abcdef'

const container = { level: 'container', podUid: UID, containerId: CID }

describe('parsePodPath', () => {
  it.each([
    ['/', {}],
    ['/system.slice/docker.service', {}],
    ['/kubepods', { driver: 'cgroupfs', level: 'kubepods' }],
    ['/kubepods/besteffort', { driver: 'cgroupfs', level: 'qos', qos: 'besteffort' }],
    [`/kubepods/pod${UID}`, { driver: 'cgroupfs', level: 'pod', qos: 'guaranteed', podUid: UID }],
    [`/kubepods/pod${UID}/${CID}`, { ...container, driver: 'cgroupfs', qos: 'guaranteed' }],
    [`/kubepods/burstable/pod${UID}/${CID}`, { ...container, driver: 'cgroupfs', qos: 'burstable' }],
    [
      `/kubepods/burstable/pod${STATIC}/${CID}`,
      { ...container, podUid: STATIC, driver: 'cgroupfs', qos: 'burstable' },
    ],
    [
      `/kubepods/burstable/pod${UID}/crio-${CID}`,
      { ...container, driver: 'cgroupfs', qos: 'burstable', runtime: 'cri-o' },
    ],
    ['/kubepods.slice', { driver: 'systemd', level: 'kubepods' }],
    ['/kubepods.slice/kubepods-burstable.slice', { driver: 'systemd', level: 'qos', qos: 'burstable' }],
    [
      `/kubepods.slice/kubepods-pod${UID_}.slice`,
      { driver: 'systemd', level: 'pod', qos: 'guaranteed', podUid: UID },
    ],
    [
      `/kubepods.slice/kubepods-pod${UID_}.slice/docker-${CID}.scope`,
      { ...container, driver: 'systemd', qos: 'guaranteed', runtime: 'docker' },
    ],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/cri-containerd-${CID}.scope`,
      { ...container, driver: 'systemd', qos: 'besteffort', runtime: 'containerd' },
    ],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/crio-${CID}.scope`,
      { ...container, podUid: STATIC, driver: 'systemd', qos: 'burstable', runtime: 'cri-o' },
    ],
    [
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UID_}.slice/cri-containerd-${CID}.scope`,
      { ...container, driver: 'systemd', qos: 'burstable', runtime: 'containerd' },
    ],
    [
      `/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${CID}`,
      { ...container, driver: 'systemd', qos: 'burstable', runtime: 'containerd' },
    ],
    [
      `/docker/${'f'.repeat(64)}/kubelet/kubepods/burstable/pod${UID}/${CID}`,
      { ...container, driver: 'cgroupfs', qos: 'burstable' },
    ],
    [`/docker/${CID}`, { driver: 'cgroupfs', level: 'container', containerId: CID, runtime: 'docker' }],
    [
      `/machine.slice/libpod-${CID}.scope`,
      { driver: 'systemd', level: 'container', containerId: CID, runtime: 'podman' },
    ],
    [
      `/libpod_parent/libpod-${CID}`,
      { driver: 'cgroupfs', level: 'container', containerId: CID, runtime: 'podman' },
    ],
  ])('%s', (path, expected) => {
    expect(parsePodPath(path)).toEqual(expected)
  })

  it('names the container of what is below it, but gives it no level of its own', () => {
    const path = `/kubepods.slice/kubepods-pod${UID_}.slice/crio-${CID}.scope/container`
    expect(parsePodPath(path)).toEqual({
      driver: 'systemd',
      qos: 'guaranteed',
      podUid: UID,
      containerId: CID,
      runtime: 'cri-o',
    })
  })

  it('takes a monitor for no container', () => {
    const path = `/kubepods.slice/kubepods-pod${UID_}.slice/crio-conmon-${CID}.scope`
    expect(parsePodPath(path).level).toBeUndefined()
    expect(parsePodPath(`/libpod_parent/libpod-conmon-${CID}`).level).toBeUndefined()
  })

  it('is not misled by names of Object', () => {
    expect(parsePodPath(`/constructor-${CID}.scope`)).toEqual({})
  })
})
