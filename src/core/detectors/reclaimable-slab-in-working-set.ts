// Directory entries and inodes are charged to the container that looked the names up, and are cache as page cache is: slab
// that is reclaimed under pressure (slab_reclaimable, SReclaimable), and part of every working set.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { latest, readAt } from '../facts/kernel.ts'
import { type MemcgLoad, memcgLoads, mostOf, near } from '../facts/memcg-load.ts'
import { memcgSubject } from '../facts/memcg-tree.ts'
import { loadEvidence, reclaimableLoads } from '../facts/reclaimable-load.ts'
import { type Draft, detector } from './detector.ts'

/** Ours, a guess: file servers have some 10 to 20 %; a quarter is what people ask about. */
const NODE_SHARE = 0.25

/** More than half of all directory entries are of names that do not exist. */
const MOSTLY_NEGATIVE = 0.5

const words = text({
  en: {
    title:
      'The working set of a container is {workingSet|bytes} of {limit|bytes}, mostly directory entries and inodes',
    slab: 'Of that {slab|bytes} are reclaimable slab: what the kernel remembers of names and files the container looked up. Under pressure it takes back what is not in use; what stays belongs to files on tmpfs or to open ones.',
    counted: 'kubectl top, the autoscalers and the kubelet count them as used.',
    others: 'It is the same with other containers: {others|number}.',
    nodeTitle:
      'Reclaimable slab takes {slab|bytes} of the node’s {total|bytes}: directory entries and inodes',
    nodeWhat:
      'It is cache and no leak; the kernel takes it back under pressure. Freeing millions of entries at once can stall the node for seconds.',
    negative:
      'Of {dentries|number} directory entries {negative|number} are of names that do not exist: some program looks for files that are not there.',
  },
  zh: {
    title: '容器的 working set 为 {workingSet|bytes}，限制 {limit|bytes}，其中多为 dentry 与 inode',
    slab: '其中 {slab|bytes} 是可回收 slab：容器查找过的文件名与文件的缓存。内存紧张时内核会回收未在使用的；收不回的属于 tmpfs 上的文件或打开的文件。',
    counted: 'kubectl top、自动扩缩容和 kubelet 都把它算作已用。',
    others: '另有 {others|number} 个容器也是如此。',
    nodeTitle: '可回收 slab 占用 {slab|bytes}，节点内存 {total|bytes}：多为 dentry 与 inode',
    nodeWhat: '这是缓存而非泄漏，内存紧张时内核会回收。一次释放数百万个会使节点停顿数秒。',
    negative:
      '{dentries|number} 个 dentry 中有 {negative|number} 个对应不存在的文件名：有程序在查找不存在的文件。',
  },
})

type En = typeof words.en

export default detector({
  id: 'reclaimable-slab-in-working-set',
  about: text({
    en: {
      judges: 'containers and nodes that seem full because cached directory entries and inodes count as used',
    },
    zh: { judges: '因 dentry 与 inode 缓存算作已用而看似快满的容器与节点' },
  }),
  concerns: 'workload',
  text: words,
  judge(about) {
    const { unknown } = memcgLoads(about)
    const node = ofNode(about)
    return {
      findings: [...node.findings, ...ofContainers(about)],
      unknown: [...unknown, ...node.unknown, ...notSplit(about)],
    }
  },
})

/** Where something was killed, what is called reclaimable was not to be had: tmpfs files hold theirs (kmem-fills-memcg). */
function neverKilled({ memcg }: MemcgLoad): boolean {
  return (memcg.events?.['oom_kill'] ?? 0) === 0
}

function ofContainers(about: Case): readonly Draft<En>[] {
  const loads = reclaimableLoads(about)
    .filter(neverKilled)
    .filter(({ cache, slab }) => slab > cache)
  const [first] = loads
  if (first === undefined) return []
  return [
    {
      severity: 'info',
      subject: memcgSubject(first.memcg.path),
      values: {
        workingSet: first.workingSet,
        limit: first.room,
        slab: first.slab,
        others: loads.length - 1,
      },
      words: { title: 'title', summary: kept('slab', 'counted', loads.length > 1 && 'others') },
      evidence: loadEvidence(about, first, ['slab_reclaimable', 'active_file']),
      remedies: ['reclaim-cgroup'],
      defects: bearings(about, ['K-24', 'K-42']),
      ongoing: true,
    },
  ]
}

/** v1 has one number for kernel memory; that it can be no more than the reclaimable slab of the node may settle it. */
function notSplit(about: Case): readonly Unknown[] {
  if (latest(about)?.memcg?.version !== 'v1') return []
  const most = latest(about)?.meminfo?.values['SReclaimable'] ?? Infinity
  const load = memcgLoads(about)
    .loads.filter(near)
    .filter(neverKilled)
    .find(one => mostOf(one, Math.min(one.memcg.kmemUsage ?? 0, most)))
  return load === undefined
    ? []
    : [
        {
          reason: 'kmem-not-split',
          path: `${load.memcg.dir}/memory.kmem.usage_in_bytes`,
          remedy: 'none',
        },
      ]
}

function ofNode(about: Case): {
  readonly findings: readonly Draft<En>[]
  readonly unknown: readonly Unknown[]
} {
  const meminfo = latest(about)?.meminfo
  const slab = meminfo?.values['SReclaimable']
  const total = meminfo?.values['MemTotal']
  if (meminfo === undefined || slab === undefined || total === undefined || total === 0) {
    const gap = about.gaps.find(({ path }) => path.endsWith('proc/meminfo'))
    return {
      findings: [],
      unknown: [
        {
          reason: 'meminfo-not-read',
          remedy: 'pass-node-files',
          ...(gap === undefined ? {} : { path: gap.path }),
        },
      ],
    }
  }
  if (slab < NODE_SHARE * total) return { findings: [], unknown: [] }
  const at = readAt(about)
  const reading = (key: string, value: number): Evidence => ({
    kind: 'reading',
    path: meminfo.path,
    key,
    value,
    unit: 'bytes',
    at,
  })
  const dentries = latest(about)?.dentries
  const negative =
    dentries !== undefined && dentries.negative >= MOSTLY_NEGATIVE * dentries.dentries ? dentries : undefined
  return {
    unknown: [],
    findings: [
      {
        severity: 'info',
        subject: { kind: 'node' },
        values: { slab, total, dentries: negative?.dentries, negative: negative?.negative },
        words: { title: 'nodeTitle', summary: kept('nodeWhat', negative !== undefined && 'negative') },
        evidence: [
          reading('SReclaimable', slab),
          reading('MemTotal', total),
          ...(negative === undefined
            ? []
            : [
                {
                  kind: 'reading',
                  path: negative.path,
                  key: 'nr_dentry',
                  value: `${negative.dentries}`,
                  unit: 'text',
                  at,
                } as const,
                {
                  kind: 'reading',
                  path: negative.path,
                  key: 'nr_negative',
                  value: `${negative.negative}`,
                  unit: 'text',
                  at,
                } as const,
              ]),
        ],
        remedies: ['drop-page-cache'],
        defects: bearings(about, ['K-42']),
        ongoing: true,
      },
    ],
  }
}
