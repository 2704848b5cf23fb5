// One cgroup's usage as a waterfall for a person, with the container_memory_* values beside it, and as JSON.

import { printable } from '../base/printable.ts'
import { type Language, text } from '../base/text.ts'
import { rfc3339 } from '../base/time.ts'
import { formatBytes } from '../base/units.ts'
import { cutCells, width, wrap } from '../base/width.ts'
import type { Anatomy, OrderStep, Part, PartId, Residue, Summand } from '../case/anatomy.ts'
import { containerMetricRows, type MetricId } from '../knowledge/container-metrics.ts'
import type { Style } from './terminal.ts'
import { label, listed, say } from './words.ts'

const words = text({
  en: {
    cgroup: 'cgroup {path}',
    usage: 'usage',
    total: '= usage',
    'none-root': 'The root of cgroup v2 has no memory.current; what its memory.stat tells is below.',
    'none-uncontrolled': 'The memory controller is not on here: what its processes use is counted at {path}.',
    'none-not-read': 'Its usage could not be read.',
    'no-stat': 'Its memory.stat could not be read: usage cannot be taken apart.',
    'part-anon': 'anonymous memory',
    'part-unmapped': 'unmapped but not freed',
    'part-file': 'page cache',
    'part-file-and-shmem': 'page cache and tmpfs',
    'part-shmem': 'tmpfs and shared memory',
    'part-swap-cache': 'swap cache',
    'part-hugetlb': 'huge pages (hugetlb)',
    'part-kernel': 'kernel memory',
    'part-slab-unreclaimable': 'unreclaimable slab',
    'part-slab-reclaimable': 'reclaimable slab',
    'part-slab': 'slab',
    'part-kernel-stack': 'kernel stacks',
    'part-pagetables': 'page tables',
    'part-sec-pagetables': 'page tables of KVM and IOMMU',
    'part-percpu': 'percpu',
    'part-vmalloc': 'vmalloc',
    'part-zswap': 'zswap',
    'part-kernel-other': 'other kernel memory',
    'part-sockets': 'socket buffers',
    'part-dead': 'held by removed children',
    'part-dead-anon': 'anonymous memory',
    'part-dead-file': 'page cache',
    'part-dead-shmem': 'tmpfs and shared memory',
    'part-residue': 'in no statistic',
    'part-residue-below': 'counted twice or late',
    'part-swap': 'swap',
    'part-hugetlbfs': 'huge pages of hugetlbfs',
    'of-huge-pages': 'in transparent huge pages',
    'of-lazily-freed': 'given back with MADV_FREE',
    'of-inactive-file': 'inactive, reclaimed first',
    'of-active-file': 'active',
    'of-dirty': 'dirty',
    'of-writeback': 'being written back',
    'of-mapped': 'mapped, tmpfs included',
    none: '0: {what}',
    untold: 'not told here: {what}; it is in: {where}',
    beside: 'Beside usage, not in it:',
    within:
      'As the kernel counts: its CPUs charge up to {stocks|bytes} in advance ({pages} pages on each of {cpus} CPUs), and memory.stat may be late by {lag|bytes}.',
    'within-slots':
      'As the kernel counts: its CPUs charge up to {stocks|bytes} in advance ({pages} pages on each of {cpus} CPUs, for up to {slots} cgroups each), and memory.stat may be late by {lag|bytes}.',
    'within-one':
      'As the kernel counts: even a single CPU charges up to {stocks|bytes} in advance, and memory.stat may be late by {lag|bytes}. How many CPUs there are was not read.',
    above:
      'More is charged than any statistic tells, beyond what the kernel’s way of counting explains ({stocks|bytes} in advance, {lag|bytes} late).',
    below:
      'The statistics tell more than is charged, beyond what the kernel’s way of counting explains ({lag|bytes} late).',
    unknown: 'Whether this is within the kernel’s error cannot be told: the number of CPUs was not read.',
    'why-kernel-kinds-not-told':
      'This kernel does not sum up kernel memory (5.18 does): pipe buffers, vmalloc, percpu or page tables may be in it.',
    'why-hugetlb-not-told':
      'Huge pages may be charged (mount option memory_hugetlb_accounting, 6.7); memory.stat does not tell them up to 6.12.',
    'why-swap-cache-twice':
      'Pages in the swap cache that are mapped as well are counted twice, and this kernel does not tell how many.',
    'why-slab-twice':
      'Kernels 5.3 to 5.4.13 count slab of removed children twice in the cgroups above them: there may be less of it than is told.',
    'why-read-apart':
      'If the cgroup was busy, it may have changed between the readings of two files: look again.',
    'why-cpus-not-known': '',
    places: 'The same usage by place',
    smaller: 'smaller children: {count|number}',
    rest: 'none of its {count|number} live children: its own, its removed children’s, charged in advance',
    'rest-kernel':
      'none of its {count|number} live children: its own, its removed children’s, charged in advance; {kernel|bytes} of it kernel memory, the structures of its children included',
    keys: 'Keys without a file are those of memory.stat in that directory.',
    metrics: 'What cAdvisor, the kubelet and kubectl top make of it',
    zero: '0 is exported: there is nothing to read',
    'not-read': 'not read',
    order: 'The order usually claimed of them',
    'order-holds': '{upper} ≥ {lower}: holds, by {by|bytes}',
    'order-equal': '{upper} ≥ {lower}: holds, they are equal',
    'order-fails': '{upper} ≥ {lower}: does not hold, by {by|bytes}',
    'order-unknown': '{upper} ≥ {lower}: cannot be told',
    'order-no-peak-file':
      'There is no memory.peak here (5.19): dashboards show max_usage 0, and the order does not hold there.',
    'order-root-counted-otherwise':
      'The root’s peak is of what was charged below it, its usage is made of the node’s statistics: they do not compare.',
    'order-read-apart': 'The files were read one after the other.',
    'order-lazily-freed':
      'Memory given back with MADV_FREE counts as rss until it is taken, but lies on the list of inactive file pages, which working_set leaves out.',
    'order-statistics-late': 'memory.stat is late; the difference is within what it may be.',
    'order-counter-too-low':
      'The usage counter is lower than what the statistics tell: a counting defect of the kernel, or the cgroup changed while it was read.',
    'order-not-read': 'A file was not read.',
    between: 'Between working_set and rss lie {bytes|bytes}: {what}.',
    'between-file-not-inactive': 'page cache that is not inactive',
    'note-kernel-kinds-v1': 'cgroup v1 does not tell the kinds of kernel memory apart.',
    'note-kernel-not-accounted':
      'Kernel memory is not charged to this cgroup: on this kernel only where somebody set memory.kmem.limit_in_bytes.',
    'note-root-without-kernel':
      'The root’s usage on cgroup v1 is page cache and anonymous memory of the node; kernel memory is not in it.',
    'note-sockets-apart-v1':
      'TCP buffers have a counter of their own on v1 (memory.kmem.tcp.*) and are not in usage.',
    'note-dead-not-told': 'What removed children hold cannot be told apart: it is in the lines above.',
    'note-dead-with-own':
      'Removed children may hold some of it, but v2 does not tell it from the cgroup’s own: it is in the lines above.',
    'note-details-with-dead':
      'The indented shares of page cache and anonymous memory have those of removed children in them.',
  },
  zh: {
    cgroup: 'cgroup {path}',
    usage: '用量',
    total: '= 用量',
    'none-root': 'cgroup v2 的根没有 memory.current；下面是它的 memory.stat 给出的内容。',
    'none-uncontrolled': '这里没有启用内存控制器：其进程的用量记在 {path}。',
    'none-not-read': '未能读到用量。',
    'no-stat': '未能读到 memory.stat，无法拆分用量。',
    'part-anon': '匿名内存',
    'part-unmapped': '已解除映射但未释放',
    'part-file': '页缓存',
    'part-file-and-shmem': '页缓存与 tmpfs',
    'part-shmem': 'tmpfs 与共享内存',
    'part-swap-cache': 'swap cache',
    'part-hugetlb': '大页（hugetlb）',
    'part-kernel': '内核内存',
    'part-slab-unreclaimable': '不可回收 slab',
    'part-slab-reclaimable': '可回收 slab',
    'part-slab': 'slab',
    'part-kernel-stack': '内核栈',
    'part-pagetables': '页表',
    'part-sec-pagetables': 'KVM/IOMMU 页表',
    'part-percpu': 'percpu',
    'part-vmalloc': 'vmalloc',
    'part-zswap': 'zswap',
    'part-kernel-other': '其他内核内存',
    'part-sockets': 'socket 缓冲',
    'part-dead': '已删除的子 cgroup 占用',
    'part-dead-anon': '匿名内存',
    'part-dead-file': '页缓存',
    'part-dead-shmem': 'tmpfs 与共享内存',
    'part-residue': '不在任何统计里',
    'part-residue-below': '重复统计或统计滞后',
    'part-swap': 'swap',
    'part-hugetlbfs': 'hugetlbfs 大页',
    'of-huge-pages': '透明大页',
    'of-lazily-freed': '已用 MADV_FREE 归还',
    'of-inactive-file': '不活跃，最先回收',
    'of-active-file': '活跃',
    'of-dirty': '脏页',
    'of-writeback': '正在写回',
    'of-mapped': '已映射，含 tmpfs',
    none: '为 0：{what}',
    untold: '这里没有给出：{what}；包含在：{where}',
    beside: '不在用量之内：',
    within:
      '由内核的计数方式解释：各 CPU 最多预先记账 {stocks|bytes}（{cpus} 个 CPU，每个 {pages} 页），memory.stat 可能滞后 {lag|bytes}。',
    'within-slots':
      '由内核的计数方式解释：各 CPU 最多预先记账 {stocks|bytes}（{cpus} 个 CPU，每个可为 {slots} 个 cgroup 各记 {pages} 页），memory.stat 可能滞后 {lag|bytes}。',
    'within-one':
      '由内核的计数方式解释：即使只有一个 CPU，也会预先记账最多 {stocks|bytes}，memory.stat 可能滞后 {lag|bytes}。没有读到 CPU 数。',
    above:
      '记账的多于所有统计之和，且超出内核计数方式所能解释的范围（预先记账 {stocks|bytes}，滞后 {lag|bytes}）。',
    below: '统计之和多于记账，且超出内核计数方式所能解释的范围（滞后 {lag|bytes}）。',
    unknown: '无法判断是否在内核的误差之内：没有读到 CPU 数。',
    'why-kernel-kinds-not-told':
      '本内核不汇总内核内存（5.18 起才有）：其中可能有管道缓冲、vmalloc、percpu 或页表。',
    'why-hugetlb-not-told':
      '大页可能也记了账（挂载选项 memory_hugetlb_accounting，6.7 起）；6.12 及以前 memory.stat 不给出。',
    'why-swap-cache-twice': 'swap cache 中同时被映射的页会统计两次，而本内核不给出其数量。',
    'why-slab-twice':
      '5.3 至 5.4.13 的内核会把已删除子 cgroup 的 slab 在其上级中统计两次：实际的 slab 可能比这里少。',
    'why-read-apart': '若该 cgroup 正忙，读两个文件之间可能已有变化：请再看一次。',
    'why-cpus-not-known': '',
    places: '同一用量，按位置划分',
    smaller: '其余较小的子 cgroup：{count|number} 个',
    rest: '不属于 {count|number} 个存活子 cgroup 的：自身的、已删除子 cgroup 的、预先记账的',
    'rest-kernel':
      '不属于 {count|number} 个存活子 cgroup 的：自身的、已删除子 cgroup 的、预先记账的；其中内核内存 {kernel|bytes}，含各子 cgroup 的内核结构',
    keys: '没有写文件名的键，均出自该目录的 memory.stat。',
    metrics: 'cAdvisor、kubelet 与 kubectl top 据此得出',
    zero: '导出为 0：没有可读的文件',
    'not-read': '未读到',
    order: '常说的大小顺序',
    'order-holds': '{upper} ≥ {lower}：成立，相差 {by|bytes}',
    'order-equal': '{upper} ≥ {lower}：成立，两者相等',
    'order-fails': '{upper} ≥ {lower}：不成立，相差 {by|bytes}',
    'order-unknown': '{upper} ≥ {lower}：无法判断',
    'order-no-peak-file':
      '这里没有 memory.peak（5.19 起才有）：监控面板上 max_usage 为 0，这一顺序在那里不成立。',
    'order-root-counted-otherwise': '根的峰值统计的是其下级的记账，而用量取自整个节点的统计：两者不可比较。',
    'order-read-apart': '这些文件是先后读取的。',
    'order-lazily-freed':
      '用 MADV_FREE 归还的内存在被取走之前仍计入 rss，却位于不活跃文件页链表，而 working_set 会扣除该链表。',
    'order-statistics-late': 'memory.stat 有滞后；相差在滞后范围之内。',
    'order-counter-too-low': '用量计数低于统计之和：内核计数有缺陷，或读取期间该 cgroup 有变化。',
    'order-not-read': '有文件未读到。',
    between: 'working_set 与 rss 之间的 {bytes|bytes}：{what}。',
    'between-file-not-inactive': '非“不活跃”的页缓存',
    'note-kernel-kinds-v1': 'cgroup v1 不区分内核内存的种类。',
    'note-kernel-not-accounted':
      '内核内存没有记到该 cgroup：在此内核上，只有设置过 memory.kmem.limit_in_bytes 的才记账。',
    'note-root-without-kernel': 'cgroup v1 根的用量是整个节点的页缓存与匿名内存，不含内核内存。',
    'note-sockets-apart-v1': 'v1 上 TCP 缓冲另有计数（memory.kmem.tcp.*），不在用量之内。',
    'note-dead-not-told': '已删除子 cgroup 占用的部分无法区分，包含在上面各行里。',
    'note-dead-with-own':
      '其中一部分可能由已删除的子 cgroup 占用，但 v2 无法与该 cgroup 自身的区分，包含在上面各行里。',
    'note-details-with-dead': '页缓存与匿名内存下缩进的各项，包含已删除子 cgroup 的部分。',
  },
})

export interface AnatomyTextOptions {
  readonly language: Language
  readonly style: Style
  /** Cells of the terminal. */
  readonly columns: number
  /** Every byte is shown: the sums can be checked. */
  readonly wide?: boolean
}

/** The name people use of a metric. */
const SHORT: Readonly<Partial<Record<MetricId, string>>> = {
  maxUsage: 'max_usage',
  usage: 'usage',
  workingSet: 'working_set',
  rss: 'rss',
}

/** Cells of the bars; a narrow terminal has shorter ones. */
const BAR = 24
const BAR_NARROW = 12
const NARROW = 90

interface Row {
  readonly depth: number
  readonly name: string
  readonly bytes: number
  readonly source: string
  /** Where its bar begins; undefined: it has none. */
  readonly from?: number
  readonly id?: PartId
  readonly doubtful?: boolean
}

/** Green is what is reclaimed before anybody is killed; a residue that is not explained stands out. */
function dressOf({ id, doubtful }: Row, style: Style): (bar: string) => string {
  if (id === 'file' || id === 'file-and-shmem' || id === 'slab-reclaimable') return style.good
  if (doubtful === true) return style.warning
  return id === 'residue' ? style.faint : bar => bar
}

function partName(id: PartId, language: Language): string {
  return say(words, `part-${id}`, language)
}

/** `total_cache - total_shmem`: below the cgroup's own directory, of memory.stat by the key alone. */
function sourceWords(from: readonly Summand[], dir: string, language: Language): string {
  const top = `${dir.replace(/\/$/, '')}/`
  return from
    .map((one, index) => {
      const sign = one.sign === -1 ? '- ' : index > 0 ? '+ ' : ''
      if ('part' in one) return `${sign}${partName(one.part, language)}`
      const file = one.path.startsWith(top) ? one.path.slice(top.length) : one.path
      if (one.key === undefined) return `${sign}${file}`
      return `${sign}${file === 'memory.stat' ? one.key : `${file} ${one.key}`}`
    })
    .join(' ')
}

/** A bar that begins where the one before ended; what is there at all has at least a thin one. */
function barOf(from: number, bytes: number, whole: number, cells: number): string {
  if (whole <= 0 || bytes === 0) return ''
  const at = (value: number) => Math.round((Math.min(Math.max(value, 0), whole) / whole) * cells)
  const start = at(Math.min(from, from + bytes))
  const end = at(Math.max(from, from + bytes))
  if (end === start) return `${' '.repeat(Math.min(start, cells - 1))}▏`
  return ' '.repeat(start) + (bytes < 0 ? '░' : '█').repeat(end - start)
}

function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - width(text)))
}

function aligned(text: string, cells: number): string {
  return ' '.repeat(Math.max(0, cells - width(text))) + text
}

/** How it is shown. */
interface Look {
  readonly language: Language
  readonly style: Style
  readonly columns: number
  readonly size: (bytes: number) => string
  /** Cells of a size. */
  readonly sizeCells: number
  /** A sentence in lines. */
  readonly put: (sentence: string, indent?: string) => string[]
}

export function renderAnatomy(anatomy: Anatomy, options: AnatomyTextOptions): string {
  const columns = Math.max(40, options.columns)
  const wide = options.wide === true
  const look: Look = {
    language: options.language,
    style: options.style,
    columns,
    size: wide ? exactly : formatBytes,
    sizeCells: wide ? 15 : 8,
    put: (sentence, indent = '  ') =>
      sentence === ''
        ? []
        : wrap(printable(sentence), columns - indent.length).map(line => `${indent}${line}`),
  }
  return [head, waterfall, places, metrics, order]
    .map(section => section(anatomy, look))
    .filter(lines => lines.length > 0)
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n')
}

function exactly(bytes: number): string {
  return String(bytes).replace(/\B(?=(\d{3})+$)/g, ',')
}

function head(anatomy: Anatomy, { language, style, put }: Look): string[] {
  const { namespace, pod, container, cgroup, dir, usage, noUsage, countedAt = '', parts } = anatomy
  const named = [pod === undefined ? '' : [namespace, pod].filter(Boolean).join('/'), container ?? '']
    .filter(Boolean)
    .join(' · ')
  const lines = put(named === '' ? say(words, 'cgroup', language, { path: cgroup }) : named, '').map(
    style.strong,
  )
  lines.push(...put(dir, '').map(style.faint))
  if (usage === undefined) {
    if (noUsage !== undefined)
      lines.push(...put(say(words, `none-${noUsage}`, language, { path: countedAt }), ''))
    return lines
  }
  const exact = `${formatBytes(usage.value)}${label('aside', language, { what: exactly(usage.value) })}`
  lines.push(
    `${say(words, 'usage', language)}  ${style.strong(exact)}  ${style.faint(printable(sourceWords([usage], dir, language)))}`,
  )
  if (parts.length === 0) lines.push(...put(say(words, 'no-stat', language), ''))
  return lines
}

/** The rows of the parts, one after the other, each from where the one before ended. */
function rowsOf(anatomy: Anatomy, language: Language): Row[] {
  const rows: Row[] = []
  const { dir } = anatomy
  const row = (part: Part, depth: number, from: number): void => {
    const { id, bytes = 0, from: source, of = [], parts = [] } = part
    if (bytes === 0) return
    rows.push({
      depth,
      name: partName(id, language),
      bytes,
      source: sourceWords(source, dir, language),
      from,
      id,
    })
    for (const one of of)
      rows.push({
        depth: depth + 1,
        name: say(words, `of-${one.id}`, language),
        bytes: one.bytes,
        source: sourceWords(one.from, dir, language),
      })
    let at = from
    for (const inner of parts) {
      row(inner, depth + 1, at)
      at += inner.bytes ?? 0
    }
  }
  let at = 0
  for (const part of anatomy.parts) {
    row(part, 0, at)
    at += part.bytes ?? 0
  }
  const { residue } = anatomy
  if (residue !== undefined && residue.bytes !== 0)
    rows.push({
      depth: 0,
      name: partName('residue', language),
      ...(residue.bytes < 0 ? { name: say(words, 'part-residue-below', language) } : {}),
      bytes: residue.bytes,
      source: '',
      from: at,
      id: 'residue',
      doubtful: residue.verdict === 'above' || residue.verdict === 'below',
    })
  return rows
}

function waterfall(anatomy: Anatomy, look: Look): string[] {
  const { language, style, columns, size, sizeCells, put } = look
  const { parts, usage, residue, beside, notes, dir } = anatomy
  if (parts.length === 0) return []
  const rows = rowsOf(anatomy, language)
  const summed = parts.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
  const whole = Math.max(summed, usage?.value ?? 0)
  const cells = columns < NARROW ? BAR_NARROW : BAR
  const nameCells = Math.max(...rows.map(({ depth, name }) => 2 * depth + width(name)), 8)
  const front = (name: string, bytes: number, share = '') =>
    `  ${padded(name, nameCells)}  ${aligned(size(bytes), sizeCells)}  ${aligned(share, 4)}  `
  const lines = rows.flatMap(row => {
    const { depth, name, bytes, source, from } = row
    const indent = '  '.repeat(depth)
    const bar = from === undefined ? '' : barOf(from, bytes, whole, cells)
    const share = from === undefined ? '' : `${Math.round((100 * bytes) / whole)}%`
    const told = front(`${indent}${name}`, bytes, share)
    const drawn = `${from === undefined ? style.faint(told) : told}${bar === '' ? '' : dressOf(row, style)(bar)}`
    if (source === '') return [drawn.trimEnd()]
    if (width(told) + cells + 2 + width(source) <= columns)
      return [`${drawn}${' '.repeat(cells - width(bar))}  ${style.faint(printable(source))}`]
    return [drawn.trimEnd(), ...put(source, `${indent}      `).map(style.faint)]
  })
  if (usage !== undefined)
    lines.push(style.strong(front(say(words, 'total', language), usage.value).trimEnd()))
  const faintly = (sentence: string) => put(sentence).map(style.faint)
  lines.push(...faintly(say(words, 'keys', language)))
  lines.push(...untold(anatomy, language).flatMap(faintly))
  if (residue !== undefined) lines.push(...residueWords(residue, language).flatMap(line => put(line)))
  lines.push(...notes.flatMap(note => faintly(say(words, `note-${note}`, language))))
  const held = beside.filter(({ bytes = 0 }) => bytes > 0)
  if (held.length > 0) lines.push('', ...put(say(words, 'beside', language)))
  for (const { id, bytes = 0, from } of held)
    lines.push(
      `${front(partName(id, language), bytes)}${style.faint(printable(sourceWords(from, dir, language)))}`,
    )
  return lines
}

/** What is zero, and what this kernel does not tell, by where it is contained. */
function untold({ parts }: Anatomy, language: Language): string[] {
  const zero: string[] = []
  const hidden = new Map<PartId, string[]>()
  const look = ({ id, bytes, within, parts: inner = [] }: Part): void => {
    if (bytes === 0) zero.push(partName(id, language))
    else if (bytes === undefined && within !== undefined)
      hidden.set(within, [...(hidden.get(within) ?? []), partName(id, language)])
    // What a part that is zero consists of is zero, too.
    if (bytes !== 0 && id !== 'dead') for (const one of inner) look(one)
  }
  for (const part of parts) look(part)
  return [
    ...(zero.length === 0 ? [] : [say(words, 'none', language, { what: listed(zero, language) })]),
    ...[...hidden].map(([where, ids]) =>
      say(words, 'untold', language, { what: listed(ids, language), where: partName(where, language) }),
    ),
  ]
}

function residueWords({ verdict, error, why }: Residue, language: Language): string[] {
  const values =
    error === undefined
      ? {}
      : {
          stocks: error.stocks,
          lag: error.lag,
          pages: error.batchPages,
          cpus: error.cpus,
          slots: error.slots,
        }
  const within = error?.path === undefined ? 'within-one' : error.slots > 1 ? 'within-slots' : 'within'
  const key = verdict === 'within' ? within : verdict
  return [
    say(words, key, language, values),
    ...why.map(one => say(words, `why-${one}`, language)).filter(Boolean),
  ]
}

function places(anatomy: Anatomy, { language, style, columns, size, sizeCells, put }: Look): string[] {
  const { children, cgroup, usage } = anatomy
  if (children === undefined || usage === undefined) return []
  const { count, largest, smaller, rest, restKernel = 0 } = children
  const below = cgroup === '/' ? 1 : cgroup.length + 1
  const rows = largest.map(({ path, name, bytes }) => ({
    what: [name, path.slice(below)].filter(Boolean).join('  '),
    bytes,
  }))
  if (count > largest.length)
    rows.push({ what: say(words, 'smaller', language, { count: count - largest.length }), bytes: smaller })
  const key = restKernel > 0 && rest > 0 ? 'rest-kernel' : 'rest'
  rows.push({ what: say(words, key, language, { count, kernel: restKernel }), bytes: rest })
  return [
    ...put(say(words, 'places', language), '').map(style.strong),
    ...rows.flatMap(({ what, bytes }, index) => {
      const share = usage.value === 0 ? '' : `${Math.round((100 * bytes) / usage.value)}%`
      const front = `  ${aligned(size(bytes), sizeCells)}  ${aligned(share, 4)}  `
      const cells = Math.max(20, columns - width(front))
      const lines =
        index < rows.length - 1 ? [cutCells(printable(what), cells)] : wrap(printable(what), cells)
      return lines.map((line, at) => `${at === 0 ? front : ' '.repeat(width(front))}${line}`)
    }),
  ]
}

const METRIC_ROWS = new Map(containerMetricRows.map(row => [row.id, row]))

function metrics({ version, cgroup, metrics: values }: Anatomy, look: Look): string[] {
  const { language, style, columns, size, sizeCells, put } = look
  const nameCells = Math.max(...containerMetricRows.map(({ name }) => name.length))
  const lines = values.flatMap(({ id, value, exportedZero }) => {
    const row = METRIC_ROWS.get(id)
    if (row === undefined) return []
    const number =
      value === undefined
        ? say(words, 'not-read', language)
        : row.unit === 'bytes'
          ? size(value)
          : String(value)
    const formula = exportedZero === true ? say(words, 'zero', language) : row.formula[version]
    const front = `  ${padded(row.name, nameCells)}  ${aligned(number, sizeCells)}`
    const fits = width(front) + 2 + width(formula) <= columns
    return [
      fits ? `${front}  ${style.faint(formula)}` : front,
      ...(fits ? [] : put(formula, '      ').map(style.faint)),
      ...put(row.history[version]?.[language] ?? '', '      ').map(style.faint),
      ...(version === 'v2' && cgroup === '/'
        ? put(row.history.root?.[language] ?? '', '      ').map(style.faint)
        : []),
    ]
  })
  return [...put(say(words, 'metrics', language), '').map(style.strong), ...lines]
}

function order(anatomy: Anatomy, { language, style, size, put }: Look): string[] {
  const { order: steps, betweenSetAndRss: between } = anatomy
  const lines = steps.flatMap(step => {
    const said = put(stepWords(step, language))
    return [
      ...(step.holds === false ? said.map(style.warning) : said),
      ...(step.why === undefined ? [] : put(say(words, `order-${step.why}`, language), '    ')),
    ]
  })
  if (between !== undefined && between.parts.length > 0) {
    const what = between.parts.map(({ id, bytes }) => {
      const name =
        id === 'file-not-inactive'
          ? say(words, 'between-file-not-inactive', language)
          : partName(id, language)
      return `${name} ${size(bytes)}`
    })
    lines.push(
      ...put(say(words, 'between', language, { bytes: size(between.bytes), what: listed(what, language) })),
    )
  }
  return [...put(say(words, 'order', language), '').map(style.strong), ...lines]
}

function stepWords({ upper, lower, holds, difference = 0 }: OrderStep, language: Language): string {
  const key =
    holds === undefined
      ? 'order-unknown'
      : !holds
        ? 'order-fails'
        : difference === 0
          ? 'order-equal'
          : 'order-holds'
  return say(words, key, language, {
    upper: SHORT[upper] ?? upper,
    lower: SHORT[lower] ?? lower,
    by: Math.abs(difference),
  })
}

/** The object that is printed; its shape is `kmemscope/anatomy@1` (schemas/anatomy.json). */
export function anatomyJson(anatomy: Anatomy): object {
  const { at, metrics: values, driver: _, runtime: __, ...rest } = anatomy
  return {
    schema: 'kmemscope/anatomy@1',
    at: rfc3339(at),
    ...rest,
    metrics: values.map(({ id, ...value }) => {
      const row = METRIC_ROWS.get(id)
      return { id, name: row?.name, unit: row?.unit, formula: row?.formula[anatomy.version], ...value }
    }),
  }
}
