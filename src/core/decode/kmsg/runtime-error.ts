// mkdir(2) below a memory cgroup answered ENOSPC: said by runc, containerd, docker, the kubelet or a shell. It is
// css_alloc() of mm/memcontrol.c out of ids, not a disk. cpuset and other hierarchies answer ENOSPC for other reasons.

/** Below the memory hierarchy of v1, or the one hierarchy of v2; never another controller of v1. */
const MEMORY_CGROUP =
  /^\/(?:\S*\/)?cgroup\/(?:memory\/\S|(?:unified\/)?(?:kubepods|kubelet|system\.slice|user\.slice|machine\.slice|docker|podruntime|runtime|besteffort|burstable|libpod|lxc|actions_job|garden|mesos|ecs)[^/\s]*(?:\/|$))/

const MKDIR = /\bmkdir[ \t]+(\/[^\s"'‘’“”]{1,8192}?)\\?["']?: no space left on device/gi
/** coreutils, with the quotes and words of a locale: `mkdir: cannot create directory ‘/sys/…’: No space left on device`. */
const COREUTILS =
  /\bmkdir: [^/:]{1,80}?[‘'"`“”「]?(\/[^\s"'‘’“”」]{1,8192}?)[’'"`”」]?: (?:no space left on device|设备上没有空间|裝置上已無多餘空間)/gi

/** The directories below a memory cgroup that could not be made, each once; empty where the text says nothing of it. */
export function parseMemcgNoSpace(text: string): readonly string[] {
  if (!/no space left on device|没有空间|已無多餘空間/i.test(text) || !text.includes('mkdir')) return []
  const directories = new Set<string>()
  for (const pattern of [MKDIR, COREUTILS])
    for (const [, directory] of text.matchAll(pattern)) {
      const path = directory?.replace(/\\+$/, '')
      if (path !== undefined && MEMORY_CGROUP.test(path) && directories.size < 16) directories.add(path)
    }
  return [...directories]
}
