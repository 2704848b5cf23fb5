// Where `pod` of guest/functions.sh puts a pod of QoS class burstable: v1 as the cgroupfs driver names it, v2 as
// systemd does.

import { join } from 'node:path'
import type { Hierarchy } from './lab.ts'

export const MIB = 1024 * 1024

/** A container's id: 64 hexadecimal digits, one told from the other by any of them. */
export const containerId = (digit: string): string => digit.repeat(64)

/** The end of the path of a pod's memory cgroup, or of its container's. */
export function podSubject(hierarchy: Hierarchy, uid: string, container?: string): string {
  const pod = hierarchy === 'v1' ? `pod${uid}` : `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`
  if (container === undefined) return pod
  return `${pod}/${hierarchy === 'v1' ? container : `cri-containerd-${container}.scope`}`
}

/** A file of that memory cgroup, by its path on the node. */
export function podFile(hierarchy: Hierarchy, subject: string, file: string): string {
  const above =
    hierarchy === 'v1'
      ? 'sys/fs/cgroup/memory/kubepods/burstable'
      : 'sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice'
  return join(above, subject, file)
}

/** The file with the counter of OOM kills. */
export const killCounter = (hierarchy: Hierarchy): string =>
  hierarchy === 'v1' ? 'memory.oom_control' : 'memory.events'
