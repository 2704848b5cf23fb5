// Allocations and creations that the kernel refused outside of slab and pages, in words: mm/percpu.c, mm/vmalloc.c,
// mm/slab_common.c, kernel/cgroup/pids.c.

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import type {
  PercpuAllocationFailure,
  PidsLimit,
  SlabCreateFailure,
  VmallocFailure,
} from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'
import { gfpWords } from './gfp.ts'

const words = text({
  en: {
    percpu: 'No percpu memory of {size|bytes} was to be had: {reason}',
    percpuLimit: 'Percpu allocations fail, and the kernel no longer prints it',
    percpuMeans:
      'Percpu memory has a copy for each possible CPU. Memory cgroups, BPF maps, network devices and namespaces take it: creating a container or a veth fails with “Cannot allocate memory”.',
    percpuAtomic:
      'The caller could not wait, and no chunk that was ready had room: it may go well the next time.',
    percpuReserved:
      'It was the small part reserved for modules’ static percpu variables: a module could not be loaded.',
    percpuTen:
      'After ten of them the kernel says nothing more until it boots again: there may be any number since.',
    space: 'No free range of vmalloc addresses of {size|bytes} was to be had',
    spaceBare: 'No free range of vmalloc addresses was to be had',
    vmallocPages: 'vmalloc of {size|bytes} failed: no pages for it',
    vmallocLimit: 'vmalloc of {size|bytes} refused: more than the node has memory',
    vmallocOther: 'vmalloc of {size|bytes} failed',
    spaceMeans:
      'Addresses ran out, not memory: seen on 32-bit kernels, with KASAN, or where modules or BPF programs fill the area for modules.',
    pagesMeans:
      'vmalloc takes single pages, so fragmentation does not matter: it was memory that was missing, or the cgroup’s limit refused.',
    otherMeans: 'The line does not tell whether memory was missing or a range of addresses.',
    limitMeans: 'The size asked for is wrong: mostly a number from user space that was not checked.',
    pids: 'Cgroup {cgroup} may have no more tasks: fork was refused',
    pidsMeans:
      'Not a shortage of memory, though programs say “Resource temporarily unavailable” or “Cannot allocate memory”: the limit is pids.max (TasksMax of systemd, podPidsLimit of the kubelet). The kernel prints it once for each cgroup.',
    create: 'Slab cache {cache} could not be created: errno {error}',
    createNoMemory: 'ENOMEM: no memory, percpu memory or kernel memory of the cgroup for a cache of its own.',
    createExists:
      'EEXIST: the name is still taken under /sys/kernel/slab. Caches of cgroups that are gone, or of a module that left objects behind, hold it.',
    align: 'alignment',
    allocated: 'could be had',
    process: 'process',
    gfp: 'gfp',
    order: 'pages in one piece',
  },
  zh: {
    percpu: '申请 {size|bytes} percpu 内存失败：{reason}',
    percpuLimit: 'percpu 分配失败，内核不再打印',
    percpuMeans:
      'percpu 内存在每个 possible CPU 上各有一份。内存 cgroup、BPF map、网络设备和命名空间都要用：创建容器或 veth 时报“Cannot allocate memory”。',
    percpuAtomic: '调用者不能等待，而现成的 chunk 都没有空位：下一次可能就成功。',
    percpuReserved: '用尽的是为模块静态 percpu 变量保留的一小块：有模块无法加载。',
    percpuTen: '打印满十次后，内核在重启前不再打印：此后可能还有任意多次。',
    space: '没有 {size|bytes} 的空闲 vmalloc 地址区间',
    spaceBare: '没有空闲的 vmalloc 地址区间',
    vmallocPages: 'vmalloc {size|bytes} 失败：申请不到页',
    vmallocLimit: 'vmalloc {size|bytes} 被拒绝：超过节点的内存总量',
    vmallocOther: 'vmalloc {size|bytes} 失败',
    spaceMeans: '用尽的是地址而不是内存：见于 32 位内核、开启 KASAN 时，或模块、BPF 程序占满模块区。',
    pagesMeans: 'vmalloc 用单页拼成，与碎片无关：缺的是内存，或达到了 cgroup 的限制。',
    otherMeans: '这一行看不出缺的是内存还是地址区间。',
    limitMeans: '要求的大小有误：多半是来自用户态、未经检查的数字。',
    pids: 'cgroup {cgroup} 的任务数已达上限：fork 被拒绝',
    pidsMeans:
      '并不是内存不足，尽管程序报“Resource temporarily unavailable”或“Cannot allocate memory”：限制来自 pids.max（systemd 的 TasksMax、kubelet 的 podPidsLimit）。每个 cgroup 内核只打印一次。',
    create: '无法创建 slab 缓存 {cache}：errno {error}',
    createNoMemory: 'ENOMEM：没有内存、percpu 内存，或 cgroup 的内核内存不足以建立它自己的缓存。',
    createExists:
      'EEXIST：/sys/kernel/slab 下这个名字仍被占用，由已删除的 cgroup 的缓存，或留下对象的模块占着。',
    align: '对齐',
    allocated: '已分配',
    process: '进程',
    gfp: 'gfp',
    order: '连续页数',
  },
})

type Words = typeof words.en
type Label = keyof Words

function named(label: Label, value: Value | undefined): readonly (readonly [Label, Value])[] {
  return value === undefined ? [] : [[label, value]]
}

/** A percpu allocation that failed, in words. */
export function explainPercpuAllocation({
  size,
  align,
  atomic,
  reason,
  limitReached,
}: PercpuAllocationFailure): ExplanationOf<Words> {
  return {
    text: words,
    values: { size, reason },
    title: limitReached === true ? 'percpuLimit' : 'percpu',
    summary: kept(
      limitReached === true && 'percpuTen',
      reason !== undefined && /reserved/.test(reason) ? 'percpuReserved' : 'percpuMeans',
      atomic === true && 'percpuAtomic',
    ),
    facts: named('align', align),
    remedies: ['save-evidence', 'reduce-churn', 'drain-and-reboot'],
  }
}

const VMALLOC = {
  'address-space': { title: 'space', means: 'spaceMeans' },
  pages: { title: 'vmallocPages', means: 'pagesMeans' },
  limit: { title: 'vmallocLimit', means: 'limitMeans' },
  other: { title: 'vmallocOther', means: 'otherMeans' },
} as const

/** A vmalloc that failed, in words. */
export function explainVmallocFailure(report: VmallocFailure): ExplanationOf<Words> {
  const { why, size, comm, allocated, gfp, order } = report
  const { title, means } = VMALLOC[why]
  return {
    text: words,
    values: { size },
    title: size === undefined ? 'spaceBare' : title,
    summary: [means],
    facts: [
      ...named('process', comm),
      ...named('allocated', allocated),
      ...named('order', order === undefined ? undefined : String(2 ** order)),
      ...named('gfp', gfp === undefined ? undefined : gfpWords(gfp)),
    ],
    remedies: kept(
      'save-evidence',
      why === 'pages' && 'reserve-node-memory',
      why === 'limit' && 'report-kernel-bug',
    ),
  }
}

/** A fork that the pids controller refused, in words. */
export function explainPidsLimit({ cgroup }: PidsLimit): ExplanationOf<Words> {
  return {
    text: words,
    values: { cgroup },
    title: 'pids',
    summary: ['pidsMeans'],
    facts: [],
    remedies: [],
  }
}

/** A slab cache that could not be made, in words. */
export function explainSlabCreate({ cache, error }: SlabCreateFailure): ExplanationOf<Words> {
  return {
    text: words,
    values: { cache, error },
    title: 'create',
    summary: kept(error === 12 && 'createNoMemory', error === 17 && 'createExists'),
    facts: [],
    remedies: ['save-evidence', 'drain-and-reboot'],
  }
}
