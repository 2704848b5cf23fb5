// What kmemleak says, in words, for one report of the log and for the objects of one stack: what a suspect is, how sure
// one may be of it, and what kmemleak cannot see (Documentation/dev-tools/kmemleak.rst, mm/kmemleak.c).

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { ownerOf, stackOf } from '../decode/kmsg/kmemleak.ts'
import type { KmemleakReport, KmemleakState } from '../decode/kmsg/report.ts'
import {
  type KmemleakChange,
  type KmemleakGroup,
  type Range,
  secondsAfterBoot,
} from '../decode/sys/kmemleak.ts'
import type { ExplanationOf } from './explanation.ts'

const words = text({
  en: {
    suspect: 'kmemleak found nothing pointing to {size|number} bytes that {owner} allocated',
    suspectOf:
      'kmemleak found nothing pointing to {size|number} bytes that {owner} allocated for module {module}',
    suspectBare:
      'kmemleak found nothing pointing to {size|number} bytes; the code that allocated them is gone',
    suspectUntold:
      'kmemleak found nothing pointing to {size|number} bytes; who allocated them is not in the record',
    suspectLost: 'A record of kmemleak of which the address and size are lost',
    scan: 'A scan of kmemleak found {count|number} new suspects',
    on: 'kmemleak is on',
    off: 'kmemleak is off until the next boot',
    scanning: 'kmemleak begins to scan by itself: a minute after boot, then every ten minutes',
    'not-scanning': 'kmemleak no longer scans by itself',
    'early-log-full': 'kmemleak had no room for what was allocated early in the boot, and gives up',
    'pool-empty': 'kmemleak has no room for another record',
    'no-memory': 'kmemleak got no memory for a record, and gives up',
    overlap: 'kmemleak met two objects at one place, and gives up',
    'no-file': 'kmemleak could not make its file in debugfs',
    meaning:
      'A suspect is memory that is still allocated, at least five seconds old, unchanged between two scans, and to whose beginning or inside no pointer was found in what is scanned.',
    notProof:
      'It is no proof: the pointer may be encoded, in a register or in memory that is not scanned. What is still there after two more scans, and grows with the work, is a leak.',
    percpu: 'It is per-CPU memory: the size is that of one CPU, and each CPU has as much.',
    gone: 'Its functions have no names: the module was unloaded since, or it was its initialising code, which is freed.',
    knownFalse:
      'This one is no leak: the kernel keeps it on purpose, in a way that kmemleak cannot follow; it is reported on sound kernels too.',
    young:
      'It was less than a minute old when it was reported; memory may be handed over so long without a pointer to it.',
    part: 'A part of the record is not in the log.',
    file: 'Which they are is in /sys/kernel/debug/kmemleak; kmemscope kmemleak groups them by who allocated them.',
    blind:
      'From here on nothing new is reported; where nothing was found before, the file reads empty, as if nothing leaked.',
    bootOption: 'Whether it is on is decided at boot: kmemleak=on, kmemleak=off, or as the kernel was built.',
    pool54:
      'Its room is set when the kernel is built: CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE, up to 5.3 CONFIG_DEBUG_KMEMLEAK_EARLY_LOG_SIZE.',
    overlapWhy:
      'An object was reported as allocated where another still is: a bug of whoever allocates there, or a free that kmemleak was not told of.',
    fromNow: 'From here on it keeps a record of every object that is allocated.',
    address: 'address',
    size: 'size',
    comm: 'allocated by',
    age: 'age',
    jiffies: 'allocated at jiffies',
    stack: 'stack',
    count: 'new suspects',
  },
  zh: {
    suspect: 'kmemleak 没有找到指向 {owner} 所分配的 {size|number} 字节的指针',
    suspectOf: 'kmemleak 没有找到指向 {owner} 为模块 {module} 所分配的 {size|number} 字节的指针',
    suspectBare: 'kmemleak 没有找到指向某块 {size|number} 字节内存的指针；分配它的代码已不在内存里',
    suspectUntold: 'kmemleak 没有找到指向某块 {size|number} 字节内存的指针；记录里没有是谁分配的',
    suspectLost: '一条 kmemleak 记录，地址和大小已丢失',
    scan: 'kmemleak 的一次扫描发现 {count|number} 个新的疑似泄漏',
    on: 'kmemleak 已启用',
    off: 'kmemleak 已关闭，下次启动前无法再打开',
    scanning: 'kmemleak 开始自动扫描：启动一分钟后首次，之后每十分钟一次',
    'not-scanning': 'kmemleak 不再自动扫描',
    'early-log-full': '启动早期的分配太多，kmemleak 记不下，已放弃',
    'pool-empty': 'kmemleak 已没有空间保存新的记录',
    'no-memory': 'kmemleak 申请不到保存记录的内存，已放弃',
    overlap: 'kmemleak 在同一地址遇到两个对象，已放弃',
    'no-file': 'kmemleak 无法在 debugfs 里创建文件',
    meaning:
      '疑似泄漏指的是：内存仍处于已分配状态，存在至少五秒，两次扫描之间内容没有变化，而且在扫描范围内找不到指向它开头或内部的指针。',
    notProof:
      '这还不是证明：指针可能被编码、在寄存器里，或在不扫描的内存里。再扫描两次仍在、并且随负载增长的，才是泄漏。',
    percpu: '这是 per-CPU 内存：大小是单个 CPU 的，每个 CPU 各有一份。',
    gone: '调用栈里的函数没有名字：模块已卸载，或者是初始化代码，执行完就释放了。',
    knownFalse: '这一条不是泄漏：内核有意保留它，只是 kmemleak 跟踪不到；正常的内核上也会报告。',
    young: '报告时它存在还不到一分钟；内存在移交过程中可能有这么长时间没有指针指向它。',
    part: '这条记录有一部分不在日志里。',
    file: '具体是哪些见 /sys/kernel/debug/kmemleak；kmemscope kmemleak 会按分配者归类。',
    blind: '从此不再报告新的东西；如果之前没有发现，文件读出来是空的，看上去就像没有泄漏。',
    bootOption: '是否启用在启动时决定：kmemleak=on、kmemleak=off，或按内核编译时的设置。',
    pool54:
      '空间大小在编译内核时设定：CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE，5.3 及以前为 CONFIG_DEBUG_KMEMLEAK_EARLY_LOG_SIZE。',
    overlapWhy:
      '有对象被报告为分配在另一个尚未释放的对象所在之处：是分配者的 bug，或有一次释放没有告诉 kmemleak。',
    fromNow: '从此它为分配的每个对象保存一条记录。',
    address: '地址',
    size: '大小',
    comm: '分配时的进程',
    age: '存在时间',
    jiffies: '分配时的 jiffies',
    stack: '调用栈',
    count: '新的疑似泄漏',
  },
})

/**
 * Functions whose allocations kmemleak reports on sound kernels: net_sysctl_init (seen by us on 3.10.0-514.el7: 96
 * bytes, once a boot) and codetag_load_module, whose per-CPU counters are reached through a section of the module only
 * (12ca42c23775 has them, until kmemleak was told to ignore them).
 */
const KNOWN_FALSE = new Set(['net_sysctl_init', 'codetag_load_module'])

/** Younger than this a suspect may be on its way from one owner to the next. The figure is the issue's; a guess. */
const YOUNG_SECONDS = 60

/** Frames of a stack that are shown in one line. */
const SHOWN = 6

/** Who allocated, as a person names it: `nvme_alloc_admin_tag_set [nvme_core]`. */
export function stackWords(stack: readonly string[]): string {
  return stack.length > SHOWN ? `${stack.slice(0, SHOWN).join(' ← ')} ← …` : stack.join(' ← ')
}

const STATE_SUMMARY: Readonly<Record<KmemleakState, readonly (keyof typeof words.en)[]>> = {
  on: ['fromNow'],
  off: ['blind', 'bootOption'],
  scanning: [],
  'not-scanning': [],
  'early-log-full': ['blind', 'pool54'],
  'pool-empty': ['pool54'],
  'no-memory': ['blind', 'pool54'],
  overlap: ['blind', 'overlapWhy'],
  'no-file': [],
}

export function explainKmemleak(report: KmemleakReport): ExplanationOf<typeof words.en> {
  if (report.says === 'scan') {
    const { count } = report
    return {
      text: words,
      values: { count },
      title: 'scan',
      summary: ['meaning', 'notProof', 'file'],
      facts: [['count', String(count)]],
      remedies: ['kmemleak-scan-twice'],
    }
  }
  if (report.says === 'state') {
    const { state } = report
    const off = STATE_SUMMARY[state].includes('blind')
    return {
      text: words,
      values: {},
      title: state,
      summary: STATE_SUMMARY[state],
      facts: [],
      remedies: off ? ['kmemleak-enable'] : [],
    }
  }
  const { address, size, area, comm, pid, jiffies, ageSeconds, frames } = report.object
  const { function: owner, module } = ownerOf(frames)
  const stack = stackOf(frames)
  const isKnownFalse = stack.some(name => KNOWN_FALSE.has(name))
  return {
    text: words,
    values: { owner, module, size },
    title:
      size === undefined
        ? 'suspectLost'
        : owner === undefined
          ? frames.length === 0
            ? 'suspectUntold'
            : 'suspectBare'
          : module === undefined
            ? 'suspect'
            : 'suspectOf',
    summary: kept(
      'meaning',
      isKnownFalse ? 'knownFalse' : 'notProof',
      area === 'percpu' && 'percpu',
      owner === undefined && frames.length > 0 && 'gone',
      ageSeconds !== undefined && ageSeconds < YOUNG_SECONDS && 'young',
      report.truncated === true && 'part',
    ),
    facts: [
      ...(address === undefined ? [] : [['address', `0x${address.toString(16)}`] as const]),
      ...(size === undefined ? [] : [['size', size] as const]),
      ...(comm === undefined ? [] : [['comm', pid === undefined ? comm : `${comm} (${pid})`] as const]),
      ...(ageSeconds === undefined ? [] : [['age', `${ageSeconds} s`] as const]),
      ...(jiffies === undefined ? [] : [['jiffies', String(jiffies)] as const]),
      ...(stack.length === 0 ? [] : [['stack', stackWords(stack)] as const]),
    ],
    remedies: isKnownFalse ? [] : ['kmemleak-scan-twice'],
  }
}

/** Why the objects of a stack may be no leak. */
export type KmemleakDoubt = 'known-false' | 'young' | 'single' | 'one-scan' | 'changing' | 'fewer'

export const kmemleakDoubts = text({
  en: {
    'known-false':
      'the kernel keeps it on purpose, in a way that kmemleak cannot follow; it is reported on sound kernels too',
    young: 'all of it was less than a minute old',
    single: 'one object only: a leak that matters has more with every use',
    'one-scan': 'reported by one scan only: what is still there after the next is more certain',
    changing: 'something still writes to it: its checksum changed between the readings',
    fewer: 'there are fewer of them than before: they are freed after all',
  },
  zh: {
    'known-false': '内核有意保留它，只是 kmemleak 跟踪不到；正常的内核上也会报告',
    young: '全部存在不到一分钟',
    single: '只有一个对象：要紧的泄漏每用一次就会多一些',
    'one-scan': '只有一次扫描报告过：下一次扫描后仍在才更可信',
    changing: '仍有人在写它：两次读取之间校验和变了',
    fewer: '比之前少了：说明最终会被释放',
  },
})

/** With what ages are told where the kernel does not print them. */
export interface KmemleakClock {
  /** CONFIG_HZ. */
  readonly hz: number
  /** When the file was read. */
  readonly uptimeSeconds: number
}

/** Ages of a group's objects in seconds: as printed, else by the jiffies they were allocated at. */
export function ageOf(
  { age, jiffies }: Pick<KmemleakGroup, 'age' | 'jiffies'>,
  clock: KmemleakClock | undefined,
): Range | undefined {
  if (age !== undefined || clock === undefined || jiffies === undefined) return age
  const at = (value: number) => Math.max(0, clock.uptimeSeconds - secondsAfterBoot(value, clock.hz))
  return { least: at(jiffies.most), most: at(jiffies.least) }
}

/** Doubts about one reading, and where there were two, about the change between them. */
export function doubtsOf(
  group: Pick<KmemleakGroup, 'stack' | 'age' | 'jiffies' | 'count'>,
  clock?: KmemleakClock,
  change?: KmemleakChange,
  /** The change is from one scan to the next. */
  scanned = false,
): readonly KmemleakDoubt[] {
  const { stack, count } = group
  const age = ageOf(group, clock)
  return kept(
    stack.some(name => KNOWN_FALSE.has(name)) && 'known-false',
    age !== undefined && age.most < YOUNG_SECONDS && 'young',
    count === 1 && 'single',
    scanned && change?.before.count === 0 && 'one-scan',
    (change?.objects?.changed ?? 0) > 0 && 'changing',
    change !== undefined && change.before.count > change.after.count && 'fewer',
  )
}

/** What stands beside an empty result: leaks that kmemleak does not report. */
export const kmemleakBlind = text({
  en: {
    blind:
      'kmemleak does not report memory that something still points to: lists and caches that only grow, removed memory cgroups, a reference that is never dropped. It does not see pages taken from the page allocator, nor, on older kernels (6.1 among them), per-CPU memory, and it misses an object where an old copy of its address still lies in memory (about one in twenty in our own tests).',
  },
  zh: {
    blind:
      'kmemleak 不会报告仍有指针指向的内存：只增不减的链表和缓存、已删除的内存 cgroup、没有释放的引用。它看不到直接从页分配器申请的页，较旧的内核（包括 6.1）也不报告 per-CPU 内存；如果内存里还残留着对象地址的旧副本，该对象也会漏掉（我们自己的测试里约二十个漏一个）。',
  },
})
