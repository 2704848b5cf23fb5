// mkdir(2) below a memory cgroup answered ENOSPC, or EBUSY from 6.12 on (xa_alloc in the place of idr_alloc; measured):
// said by runc, containerd, docker, the kubelet or a shell. It is mem_cgroup_alloc() of mm/memcontrol.c out of ids,
// not a disk. cpuset and other hierarchies answer ENOSPC for other reasons.

/** Below the memory hierarchy of v1, or the one hierarchy of v2; never another controller of v1. */
const MEMORY_CGROUP =
  /^\/(?:\S*\/)?cgroup\/(?:memory\/\S|(?:unified\/)?(?:kubepods|kubelet|system\.slice|user\.slice|machine\.slice|docker|podruntime|runtime|besteffort|burstable|libpod|lxc|actions_job|garden|mesos|ecs)[^/\s]*(?:\/|$))/

const MKDIR =
  /\bmkdir[ \t]+(\/[^\s"'‘’“”]{1,8192}?)\\?["']?: (no space left on device|device or resource busy)/gi
/** coreutils, with the quotes and words of a locale: `mkdir: cannot create directory ‘/sys/…’: No space left on device`. */
const COREUTILS =
  /\bmkdir: [^/:]{1,80}?[‘'"`“”「]?(\/[^\s"'‘’“”」]{1,8192}?)[’'"`”」]?: (no space left on device|device or resource busy|设备上没有空间|裝置上已無多餘空間|设备或资源忙|裝置或資源忙碌中)/gi

const REFUSED = /no space left on device|device or resource busy|没有空间|已無多餘空間|资源忙|資源忙/i
const BUSY = /busy|忙/i

/**
 * The directories below a memory cgroup that could not be made, each once, with whether the error was EBUSY; empty
 * where the text says nothing of it.
 */
export function parseMemcgNoSpace(
  text: string,
): readonly { readonly directory: string; readonly busy: boolean }[] {
  if (!text.includes('mkdir') || !REFUSED.test(text)) return []
  const directories = new Map<string, boolean>()
  for (const pattern of [MKDIR, COREUTILS])
    for (const [, directory, error = ''] of text.matchAll(pattern)) {
      const path = directory?.replace(/\\+$/, '')
      if (path === undefined || !MEMORY_CGROUP.test(path) || directories.size >= 16) continue
      if (!directories.has(path)) directories.set(path, BUSY.test(error))
    }
  return [...directories].map(([directory, busy]) => ({ directory, busy }))
}
