// A task or CPU that did not get on in the kernel's memory code, in words: kernel/hung_task.c, kernel/watchdog.c,
// kmem_alloc() of fs/xfs/kmem.c.

import { kept } from '../base/kept.ts'
import { text, type Value } from '../base/text.ts'
import type { MemoryStall } from '../decode/kmsg/report.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    hung: '{comm} was blocked for over {seconds|number} s, in {function}',
    lockup: 'CPU {cpu} did nothing else for {seconds|number} s: {comm}, in {function}',
    xfs: 'XFS waits for memory in {function}',
    xfsSize: 'XFS waits for {size|bytes} in one piece, in {function}',
    reclaim:
      'It was freeing memory, or waiting for others to: long lists of dentries and inodes, many memory cgroups whose caches are each looked through, or a disk too slow to write back to.',
    memcg:
      'It was in the code of memory cgroups. Reading statistics, creating and removing cgroups walk all of them, dying ones included, and wait for each other.',
    slab: 'It was creating, destroying or counting slab caches, which one lock guards: on kernels with caches for each cgroup there are thousands, and reading slabinfo walks them all.',
    switching:
      'Inodes of removed cgroups are being handed on to a cgroup above (inode_switch_wbs), of which dying cgroups can leave very many.',
    allocation:
      'XFS repeats the allocation until it succeeds and says so every hundred tries: processes hang in D state meanwhile. Mostly memory is free but not in one piece.',
    named:
      'Hung tasks and lockups elsewhere are not reported; this one is, because {function} is memory code.',
    process: 'process',
    function: 'function',
    gfp: 'gfp',
  },
  zh: {
    hung: '{comm} 卡住超过 {seconds|number} 秒，位于 {function}',
    lockup: 'CPU {cpu} 有 {seconds|number} 秒没有调度：{comm}，位于 {function}',
    xfs: 'XFS 在 {function} 中等待内存',
    xfsSize: 'XFS 在 {function} 中等待 {size|bytes} 连续内存',
    reclaim:
      '当时正在回收内存，或等待回收：dentry、inode 链表很长，要逐个查看许多内存 cgroup 的缓存，或磁盘回写太慢。',
    memcg:
      '当时在内存 cgroup 的代码里。读取统计、创建和删除 cgroup 都要遍历全部 cgroup（含 dying 的），并互相等待。',
    slab: '当时正在创建、销毁或统计 slab 缓存，这些都由一把锁保护：每个 cgroup 各有缓存的内核上有成千上万个，读取 slabinfo 要全部遍历。',
    switching:
      '正在把已删除 cgroup 的 inode 转给上级 cgroup（inode_switch_wbs），dying memcg 很多时数量会极大。',
    allocation:
      'XFS 会一直重试到分配成功，每重试一百次打印一行，进程在此期间处于 D 状态。多半是有空闲内存，但不连续。',
    named: '其他地方的 hung task 和 lockup 不会列出；列出这一个，是因为 {function} 属于内存管理代码。',
    process: '进程',
    function: '函数',
    gfp: 'gfp',
  },
})

type Words = typeof words.en
type Label = keyof Words

function named(label: Label, value: Value | undefined): readonly (readonly [Label, Value])[] {
  return value === undefined ? [] : [[label, value]]
}

/** A stall in the memory code, in words. */
export function explainMemoryStall(report: MemoryStall): ExplanationOf<Words> {
  const { stall, comm, pid, cpu, seconds, area, size, gfp } = report
  const switching = report.function.startsWith('inode_switch_wbs')
  return {
    text: words,
    values: {
      comm,
      seconds,
      cpu: cpu === undefined ? undefined : String(cpu),
      function: report.function,
      size,
    },
    title:
      stall === 'hung-task'
        ? 'hung'
        : stall === 'soft-lockup'
          ? 'lockup'
          : size === undefined
            ? 'xfs'
            : 'xfsSize',
    summary: kept(switching ? 'switching' : area, stall !== 'allocation' && 'named'),
    facts: [
      ...named('process', comm === undefined ? undefined : `${comm} (${pid ?? '?'})`),
      ...named('function', report.function),
      ...named('gfp', gfp?.mask),
    ],
    remedies:
      area === 'allocation'
        ? ['compact-memory', 'kernel-upgrade']
        : kept('save-evidence', area !== 'reclaim' && 'reduce-churn', 'drain-and-reboot'),
  }
}
