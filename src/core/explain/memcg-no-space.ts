// A memory cgroup's directory could not be made, in words: memory cgroup ids are used up, not a disk.

import { text } from '../base/text.ts'
import { parsePodPath } from '../decode/cgroup/path.ts'
import type { MemcgNoSpace } from '../decode/kmsg/report.ts'
import { MEMCG_ID_MAX } from '../knowledge/limits.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    title: 'A memory cgroup could not be made: no memory cgroup id was left',
    notDisk:
      'This “no space left on device” is not about a disk: the directory is in cgroupfs, so df and inodes look fine.',
    notBusy:
      'Nothing is busy: from 6.12 on this is what mkdir answers where no memory cgroup id is left; up to 6.11 it was “no space left on device”.',
    ids: 'A kernel has {max|number} ids for memory cgroups; on many of them a removed cgroup keeps its id until all its memory is freed.',
    noMore: 'No new pod or container can start until ids come free.',
    directory: 'directory',
    pod: 'pod',
  },
  zh: {
    title: '内存 cgroup 无法创建：内存 cgroup ID 已用完',
    notDisk: '这个“no space left on device”与磁盘无关：目录在 cgroupfs 里，df 和 inode 都是正常的。',
    notBusy:
      '并没有设备或资源在忙：6.12 起，内存 cgroup ID 用完时 mkdir 返回的就是这个错误；6.11 及以前是“no space left on device”。',
    ids: '内核最多有 {max|number} 个内存 cgroup ID；在许多内核上，已删除的 cgroup 要到内存全部释放后才归还 ID。',
    noMore: '在有 ID 归还之前，新的 Pod 和容器都无法启动。',
    directory: '目录',
    pod: 'Pod',
  },
})

/** A runtime's failed mkdir, in words. */
export function explainMemcgNoSpace({ directory, busy }: MemcgNoSpace): ExplanationOf<typeof words.en> {
  const { podUid } = parsePodPath(directory)
  return {
    text: words,
    values: { max: MEMCG_ID_MAX },
    title: 'title',
    summary: [busy === true ? 'notBusy' : 'notDisk', 'ids', 'noMore'],
    facts: [['directory', directory], ...(podUid === undefined ? [] : [['pod', podUid] as const])],
    remedies: ['save-evidence', 'cordon-node', 'drain-and-reboot', 'reduce-churn'],
  }
}
