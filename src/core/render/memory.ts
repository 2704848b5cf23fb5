// The table of `kmemscope memory`, for a person and as JSON; and which limits are near one cgroup.

import { printable } from '../base/printable.ts'
import { type Language, text } from '../base/text.ts'
import { rfc3339 } from '../base/time.ts'
import { formatBytes, reportedLimit } from '../base/units.ts'
import { wrap } from '../base/width.ts'
import type { Unknown } from '../case/finding.ts'
import type { LimitCandidate, Limits, MemoryNode, MemoryRow, MemoryTable } from '../case/memory.ts'
import { unknownReasons, unknownRemedies } from '../knowledge/unknown.ts'
import { type Column, table } from './table.ts'
import type { Style } from './terminal.ts'
import { label, labelled, listed, say } from './words.ts'

const words = text({
  en: {
    node: 'Node: {total|bytes} of memory; available to the kernel {available|bytes}',
    nodeKubelet: 'to the kubelet {available|bytes}',
    eviction: 'it evicts pods below {bytes|bytes}',
    evictionDefault: 'it evicts pods below {bytes|bytes} (its default: no other threshold was read)',
    evictionSoft: 'and below {bytes|bytes} when that lasts',
    namespace: 'NAMESPACE',
    pod: 'POD',
    container: 'CONTAINER',
    cgroup: 'CGROUP',
    usage: 'USAGE',
    change: 'CHANGE',
    total: 'IN ALL',
    workingSet: 'WORKING SET',
    rss: 'RSS',
    cache: 'CACHE',
    kernel: 'KERNEL',
    shmem: 'TMPFS',
    swap: 'SWAP',
    hugetlb: 'HUGETLB',
    limit: 'LIMIT',
    headroom: 'HEADROOM',
    request: 'REQUEST',
    hpa: 'HPA',
    kills: 'OOM KILLS',
    first: 'HITS FIRST',
    qos: 'QOS',
    uid: 'POD UID',
    id: 'CONTAINER ID',
    wholePod: '(pod)',
    sandbox: '(sandbox)',
    other: 'Other cgroups',
    new: 'new',
    own: 'own limit',
    'own-memsw': 'own memory+swap limit',
    'own-kmem': 'own kernel memory limit',
    'own-high': 'own memory.high',
    of: 'limit of {whose}',
    'of-memsw': 'memory+swap limit of {whose}',
    'of-kmem': 'kernel memory limit of {whose}',
    'of-high': 'memory.high of {whose}',
    thePod: 'the pod',
    evict: 'eviction',
    'evict-soft': 'soft eviction',
    'evict-pods': 'eviction (all pods together)',
    end: 'end of the node’s memory',
    near: '{what}: {distance} left',
    nearAtLeast: '{what}: at least {distance} left',
    reached: '{what}: reached',
    noLimit: 'nothing known',
    notRead: '?',
    noPods: 'No cgroup of a pod or container is on this node.',
    top: 'Shown are the cgroups at the top; --all shows all of them.',
    sandboxes: 'Sandboxes (pause containers) left out: {count|number}; -o wide shows them.',
    legend:
      'HITS FIRST is what stops or kills it first, and how much more memory that cannot be reclaimed it may take before that. HEADROOM is its own limit less usage.',
    atLeast: 'At least: cgroup v1 does not tell how much of the kernel memory is slab that can be reclaimed.',
    unread:
      'Limits that could not be read, so that one of them may be nearer: {count|number}, such as {path}.',
    hidden:
      'A limit above what is visible from here holds as well, {bytes|bytes}; how much of it is used is not known.',
    gone: 'Gone since the reading before: {what}.',
    goneMore: '{what} and {count|number} more',
    oneChange: 'Usage since the reading {seconds|number} s before: {change}; since the first: {total}.',
    oneNew: 'It was made anew since the reading before.',
    since: 'CHANGE is since the reading {seconds|number} s before.',
    limits: 'What can stop or kill it, nearest first',
    'effect-oom-kill': 'a process in it is killed',
    'effect-stall': 'the OOM killer is off: who asks for memory waits',
    'effect-enomem': 'system calls fail with ENOMEM',
    'effect-slow-down': 'who allocates is slowed down',
    'effect-evict': 'the kubelet ends pods, those first that use more than they requested',
    'effect-node-oom-kill': 'a process anywhere on the node is killed',
    limitLine: '{what}: {usage|bytes} of {limit|bytes}, of which {reclaimable|bytes} can be reclaimed',
    limitLinePlain: '{what}: {usage|bytes} of {limit|bytes}',
    limitEffect: '{effect} ({where})',
    hpaLine: 'The autoscaler sees its working set: {share|percent} of the {request|bytes} requested.',
    hpaNone: 'It requests no memory: an autoscaler that goes by memory utilisation cannot reckon with it.',
    beside: 'Counted in none of these limits: {bytes|bytes} of huge pages (hugetlbfs).',
    tmpfs:
      'tmpfs and shared memory in it: {bytes|bytes}. It stays until the files are deleted, also when the container restarts.',
  },
  zh: {
    node: '节点：内存共 {total|bytes}；内核认为可用 {available|bytes}',
    nodeKubelet: 'kubelet 认为可用 {available|bytes}',
    eviction: '低于 {bytes|bytes} 时驱逐 Pod',
    evictionDefault: '低于 {bytes|bytes} 时驱逐 Pod（默认值：没有读到别的阈值）',
    evictionSoft: '持续低于 {bytes|bytes} 时也驱逐',
    namespace: '命名空间',
    pod: 'POD',
    container: '容器',
    cgroup: 'CGROUP',
    usage: '用量',
    change: '变化',
    total: '累计',
    workingSet: 'WORKING SET',
    rss: 'RSS',
    cache: '缓存',
    kernel: '内核',
    shmem: 'TMPFS',
    swap: 'SWAP',
    hugetlb: 'HUGETLB',
    limit: '限制',
    headroom: '余量',
    request: '请求值',
    hpa: 'HPA',
    kills: 'OOM KILL',
    first: '最先触及',
    qos: 'QOS',
    uid: 'POD UID',
    id: '容器 ID',
    wholePod: '（Pod）',
    sandbox: '（sandbox）',
    other: '其他 cgroup',
    new: '新增',
    own: '自身限制',
    'own-memsw': '自身 memory+swap 限制',
    'own-kmem': '自身内核内存限制',
    'own-high': '自身 memory.high',
    of: '{whose} 的限制',
    'of-memsw': '{whose} 的 memory+swap 限制',
    'of-kmem': '{whose} 的内核内存限制',
    'of-high': '{whose} 的 memory.high',
    thePod: 'Pod',
    evict: '驱逐',
    'evict-soft': '软驱逐',
    'evict-pods': '驱逐（所有 Pod 合计）',
    end: '节点内存耗尽',
    near: '{what}：还剩 {distance}',
    nearAtLeast: '{what}：至少还剩 {distance}',
    reached: '{what}：已触及',
    noLimit: '没有已知的',
    notRead: '?',
    noPods: '本节点上没有 Pod 或容器的 cgroup。',
    top: '显示的是顶层 cgroup；--all 显示全部。',
    sandboxes: '未显示 sandbox（pause 容器）{count|number} 个；-o wide 会显示。',
    legend:
      '“最先触及”是最先限制或杀死它的东西，以及在此之前还能占用多少不可回收的内存。“余量”是自身限制减去用量。',
    atLeast: '至少：cgroup v1 看不出内核内存里有多少是可回收的 slab。',
    unread: '有 {count|number} 个限制没有读到，其中可能有更近的，例如 {path}。',
    hidden: '在从这里看不到的上级还有一个限制 {bytes|bytes}，已用多少不得而知。',
    gone: '上次读取之后消失：{what}。',
    goneMore: '{what} 等，另有 {count|number} 个',
    oneChange: '用量与 {seconds|number} 秒前相比：{change}；与第一次相比：{total}。',
    oneNew: '上次读取之后它被重新创建。',
    since: '“变化”是与 {seconds|number} 秒前的读数相比。',
    limits: '会限制或杀死它的，由近到远',
    'effect-oom-kill': '其中一个进程被杀',
    'effect-stall': 'OOM killer 已关闭：申请内存的进程会一直等待',
    'effect-enomem': '系统调用返回 ENOMEM',
    'effect-slow-down': '申请内存的进程被减速',
    'effect-evict': 'kubelet 终止 Pod，用量超出请求值的优先',
    'effect-node-oom-kill': '节点上任意一个进程被杀',
    limitLine: '{what}：{usage|bytes} / {limit|bytes}，其中可回收 {reclaimable|bytes}',
    limitLinePlain: '{what}：{usage|bytes} / {limit|bytes}',
    limitEffect: '{effect}（{where}）',
    hpaLine: 'HPA 看的是 working set：请求值 {request|bytes} 的 {share|percent}。',
    hpaNone: '它没有请求内存：按内存利用率伸缩的 HPA 无法计算。',
    beside: '不计入上述任何限制的：大页（hugetlbfs）{bytes|bytes}。',
    tmpfs: '其中 tmpfs 和共享内存 {bytes|bytes}：删除文件之前不会释放，重启容器也不会。',
  },
})

type Key = keyof typeof words.en

/** An earlier reading, to tell what changed; and the first of all. */
export interface MemoryBefore {
  readonly last: MemoryTable
  readonly first: MemoryTable
}

export interface MemoryTextOptions {
  readonly language: Language
  readonly style: Style
  /** Cells of the terminal, for sentences. */
  readonly columns: number
  /** Cells of a line of the table; names are shortened to fit. `Infinity`: a pipe, where somebody looks for whole ones. */
  readonly cells: number
  readonly wide: boolean
  readonly before?: MemoryBefore
}

/** Digits of a container's id that are shown; docker and crictl show as many. */
const ID_SHOWN = 12

/** Cgroups that are gone and named. */
const GONE_NAMED = 3

/** The same cgroup in an earlier reading: one made anew under the same path is another. */
function earlier(row: MemoryRow, rows: ReadonlyMap<string, MemoryRow>): MemoryRow | undefined {
  const before = rows.get(row.cgroup)
  return before?.inode === row.inode ? before : undefined
}

const byCgroup = ({ rows }: MemoryTable): ReadonlyMap<string, MemoryRow> =>
  new Map(rows.map(row => [row.cgroup, row]))

function signed(bytes: number): string {
  return bytes > 0 ? `+${formatBytes(bytes)}` : bytes === 0 ? '0' : formatBytes(bytes)
}

/** The last component of a path; a systemd slice says by it alone whose it is. */
function lastOf(path: string): string {
  return printable(path.slice(path.lastIndexOf('/') + 1)) || '/'
}

/** Whose limit it is and which, in words. */
function whichLimit({ kind, owner, path, soft, signal }: LimitCandidate, language: Language): string {
  switch (kind) {
    case 'eviction':
      return say(
        words,
        signal === 'allocatableMemory.available' ? 'evict-pods' : soft ? 'evict-soft' : 'evict',
        language,
      )
    case 'node':
      return say(words, 'end', language)
    default: {
      const suffix = kind === 'limit' ? '' : `-${kind}`
      if (owner === 'own') return say(words, `own${suffix}`, language)
      const whose = owner === 'pod' ? say(words, 'thePod', language) : lastOf(path)
      return say(words, `of${suffix}`, language, { whose })
    }
  }
}

function nearness(candidate: LimitCandidate, language: Language): string {
  const what = whichLimit(candidate, language)
  const { distance, atLeast } = candidate
  if (distance <= 0) return say(words, 'reached', language, { what })
  const key = atLeast === true ? 'nearAtLeast' : 'near'
  return say(words, key, language, { what, distance: formatBytes(distance) })
}

/** In a table the sign alone says "at least". */
function nearestCell(row: MemoryRow, language: Language): string {
  const { firstToHit, unread } = row
  const doubt = unread.length > 0 ? ` ${say(words, 'notRead', language)}` : ''
  if (firstToHit === undefined)
    return unread.length > 0 ? say(words, 'notRead', language) : say(words, 'noLimit', language)
  const what = whichLimit(firstToHit, language)
  const { distance, atLeast } = firstToHit
  if (distance <= 0) return say(words, 'reached', language, { what }) + doubt
  return `${what}${label('colon', language)}${atLeast === true ? '≥ ' : ''}${formatBytes(distance)}${doubt}`
}

function nodeLine({ total, available, kubeletAvailable, evictions }: MemoryNode, language: Language): string {
  if (total === undefined || available === undefined) return ''
  const parts = [say(words, 'node', language, { total, available })]
  if (kubeletAvailable !== undefined && evictions.length > 0)
    parts.push(say(words, 'nodeKubelet', language, { available: kubeletAvailable }))
  for (const { bytes, soft, byDefault } of evictions) {
    const key = soft === true ? 'evictionSoft' : byDefault === true ? 'evictionDefault' : 'eviction'
    parts.push(say(words, key, language, { bytes }))
  }
  return language === 'zh' ? `${parts.join('；')}。` : `${parts.join('; ')}.`
}

/** One column: its heading, and its cell of a row. */
interface Shown extends Column {
  readonly cell: (row: MemoryRow) => string
}

const bytesCell = (value: number | undefined): string => (value === undefined ? '-' : formatBytes(value))

function numberColumn(key: Key, language: Language, value: (row: MemoryRow) => number | undefined): Shown {
  return { title: say(words, key, language), align: 'right', cell: row => bytesCell(value(row)) }
}

function changeColumn(key: 'change' | 'total', before: MemoryTable, language: Language): Shown {
  const rows = byCgroup(before)
  return {
    title: say(words, key, language),
    align: 'right',
    cell: row => {
      const was = earlier(row, rows)
      if (was === undefined) return say(words, 'new', language)
      return row.usage === undefined || was.usage === undefined ? '-' : signed(row.usage - was.usage)
    },
  }
}

function columnsFor(
  rows: readonly MemoryRow[],
  others: boolean,
  { language, wide, before }: MemoryTextOptions,
): readonly Shown[] {
  const title = (key: Key) => say(words, key, language)
  const left = (key: Key, cell: (row: MemoryRow) => string, yields?: true): Shown => ({
    title: title(key),
    align: 'left',
    cell: row => printable(cell(row)),
    ...(yields === undefined ? {} : { yields }),
  })
  const number = (key: Key, value: (row: MemoryRow) => number | undefined) =>
    numberColumn(key, language, value)
  const names = others
    ? [left('cgroup', ({ cgroup }) => cgroup, true)]
    : [
        ...(rows.some(({ namespace }) => namespace !== undefined)
          ? [left('namespace', ({ namespace }) => namespace ?? '-')]
          : []),
        left('pod', ({ pod, podUid }) => pod ?? podUid ?? '-', true),
        left('container', ({ kind, container, sandbox, containerId, cgroup }) =>
          kind === 'pod'
            ? title('wholePod')
            : sandbox === true
              ? title('sandbox')
              : (container ?? containerId?.slice(0, ID_SHOWN) ?? lastOf(cgroup)),
        ),
      ]
  return [
    ...names,
    number('usage', ({ usage }) => usage),
    ...(before === undefined ? [] : [changeColumn('change', before.last, language)]),
    ...(before === undefined || !wide ? [] : [changeColumn('total', before.first, language)]),
    number('workingSet', ({ workingSet }) => workingSet),
    number('rss', ({ rss }) => rss),
    ...(wide ? [number('cache', ({ cache }) => cache), number('shmem', ({ shmem }) => shmem)] : []),
    number('kernel', ({ kernel }) => kernel),
    ...(wide ? [number('swap', ({ swap }) => swap), number('hugetlb', ({ hugetlb }) => hugetlb)] : []),
    number('limit', ({ limit }) => limit),
    number('headroom', ({ headroom }) => headroom),
    ...(wide && !others
      ? [
          number('request', ({ request }) => request),
          {
            title: title('hpa'),
            align: 'right' as const,
            cell: ({ workingSet, request }: MemoryRow) =>
              workingSet === undefined || request === undefined || request === 0 || request === Infinity
                ? '-'
                : `${Math.round((100 * workingSet) / request)}%`,
          },
        ]
      : []),
    ...(wide
      ? [
          {
            title: title('kills'),
            align: 'right' as const,
            cell: ({ oomKills }: MemoryRow) => (oomKills === undefined ? '-' : String(oomKills)),
          },
        ]
      : []),
    left('first', row => nearestCell(row, language)),
    ...(wide && !others
      ? [
          left('qos', ({ qos }) => qos ?? '-'),
          left('uid', ({ podUid }) => podUid ?? '-'),
          left('id', ({ containerId }) => containerId ?? '-'),
          left('cgroup', ({ cgroup }) => cgroup),
        ]
      : []),
  ]
}

/** The dressed lines of one table. */
function tableOf(rows: readonly MemoryRow[], others: boolean, options: MemoryTextOptions): readonly string[] {
  const { style, wide, cells } = options
  const shown = columnsFor(rows, others, options)
  const [head = '', ...lines] = table(
    shown,
    rows.map(row => shown.map(({ cell }) => cell(row))),
    wide ? Infinity : cells,
  )
  return [
    style.strong(head),
    ...lines.map((line, index) => {
      const row = rows[index]
      const reached = row?.firstToHit !== undefined && row.firstToHit.distance <= 0
      if (reached) return style.critical(line)
      return row?.kind === 'pod' || others ? line : style.faint(line)
    }),
  ]
}

function goneSince({ rows }: MemoryTable, before: MemoryTable): readonly string[] {
  const now = new Set(rows.map(({ cgroup, inode }) => `${cgroup}\0${inode}`))
  return before.rows
    .filter(({ cgroup, inode }) => !now.has(`${cgroup}\0${inode}`))
    .map(
      ({ pod, container, containerId, podUid, cgroup }) =>
        [pod ?? podUid, container ?? containerId?.slice(0, ID_SHOWN)].filter(Boolean).join('/') || cgroup,
    )
}

function whyLines(unknown: readonly Unknown[], language: Language): readonly string[] {
  return unknown.flatMap(({ reason, path = '', remedy }) => [
    `${say(unknownReasons, reason, language, { path })}${language === 'zh' ? '。' : '.'}`,
    labelled('howToCheck', say(unknownRemedies, remedy, language), language),
  ])
}

function notes(document: MemoryTable, left: number, options: MemoryTextOptions): readonly string[] {
  const { language, before } = options
  const { rows, pods, others, unknown } = document
  const unread = [...new Set(rows.flatMap(row => row.unread))]
  const hidden = rows.flatMap(row => row.hidden ?? [])
  const gone = before === undefined ? [] : goneSince(document, before.last)
  const shownGone = listed(gone.slice(0, GONE_NAMED), language)
  return [
    ...(pods ? [] : [say(words, 'noPods', language)]),
    ...(others === 'top' && rows.length > 0 ? [say(words, 'top', language)] : []),
    ...(left === 0 ? [] : [say(words, 'sandboxes', language, { count: left })]),
    ...(gone.length === 0
      ? []
      : [
          say(words, 'gone', language, {
            what:
              gone.length <= GONE_NAMED
                ? shownGone
                : say(words, 'goneMore', language, { what: shownGone, count: gone.length - GONE_NAMED }),
          }),
        ]),
    ...(before === undefined
      ? []
      : [
          say(words, 'since', language, {
            seconds: Math.round((document.at - before.last.at) / 100) / 10,
          }),
        ]),
    ...(rows.length === 0 ? [] : [say(words, 'legend', language)]),
    ...(rows.some(({ firstToHit }) => firstToHit?.atLeast === true)
      ? [`≥ ${say(words, 'atLeast', language)}`]
      : []),
    ...(unread.length === 0
      ? []
      : [`? ${say(words, 'unread', language, { count: unread.length, path: unread[0] ?? '' })}`]),
    ...(hidden.length === 0 ? [] : [say(words, 'hidden', language, { bytes: Math.min(...hidden) })]),
    ...whyLines(unknown, language),
  ]
}

/** Rows in the order in which they are given. */
export function renderMemory(document: MemoryTable, options: MemoryTextOptions): string {
  const { language, style, columns, wide } = options
  const put = (sentence: string) => wrap(printable(sentence), Math.max(40, columns))
  const inPods = document.rows.filter(({ kind }) => kind !== 'cgroup')
  const shown = wide ? inPods : inPods.filter(({ sandbox }) => sandbox !== true)
  const others = document.rows.filter(({ kind }) => kind === 'cgroup')
  const head = nodeLine(document.node, language)
  const lines = [
    ...(head === '' ? [] : [...put(head), '']),
    ...(shown.length === 0 ? [] : [...tableOf(shown, false, options), '']),
    ...(others.length === 0
      ? []
      : [
          ...(shown.length === 0 ? [] : [style.strong(say(words, 'other', language))]),
          ...tableOf(others, true, options),
          '',
        ]),
    ...notes(document, inPods.length - shown.length, options)
      .flatMap(put)
      .map(style.faint),
  ]
  return `${lines.join('\n')}\n`
}

/** Where a limit stands: its cgroup, and of the kubelet its signal. */
function whereOf({ kind, path, signal }: LimitCandidate): string {
  if (kind === 'eviction') return `${signal ?? ''} ${path}`.trim()
  return path
}

/** What can stop one cgroup, as it stands below its anatomy. */
export function renderLimits(
  row: MemoryRow,
  { language, style, columns }: Pick<MemoryTextOptions, 'language' | 'style' | 'columns'>,
): string {
  const put = (sentence: string, indent: string): string[] =>
    wrap(printable(sentence), Math.max(40, columns - indent.length)).map(line => indent + line)
  const { candidates, unread, hidden, workingSet, request, hugetlb = 0, shmem = 0 } = row
  const lines = [
    style.strong(say(words, 'limits', language)),
    ...(candidates.length === 0 ? put(say(words, 'noLimit', language), '  ') : []),
    ...candidates.flatMap((candidate, index) => {
      const { usage, limit, reclaimable, effect } = candidate
      const what = nearness(candidate, language)
      const key = reclaimable > 0 ? 'limitLine' : 'limitLinePlain'
      const line = put(say(words, key, language, { what, usage, limit, reclaimable }), '  ')
      return [
        ...(candidate.distance <= 0 ? line.map(style.critical) : index === 0 ? line.map(style.strong) : line),
        ...put(
          say(words, 'limitEffect', language, {
            effect: say(words, `effect-${effect}`, language),
            where: whereOf(candidate),
          }),
          '    ',
        ).map(style.faint),
      ]
    }),
    ...(candidates.some(({ atLeast }) => atLeast === true) ? put(say(words, 'atLeast', language), '  ') : []),
    ...(unread.length === 0
      ? []
      : put(say(words, 'unread', language, { count: unread.length, path: unread[0] ?? '' }), '  ')),
    ...(hidden === undefined ? [] : put(say(words, 'hidden', language, { bytes: hidden }), '  ')),
    ...(shmem === 0 ? [] : put(say(words, 'tmpfs', language, { bytes: shmem }), '  ')),
    ...(hugetlb === 0 ? [] : put(say(words, 'beside', language, { bytes: hugetlb }), '  ')),
    ...hpaLines({ workingSet, request }, row.kind, language).flatMap(line => put(line, '  ')),
  ]
  return `${lines.join('\n')}\n`
}

/** One cgroup's row, and when it was read. */
export interface ReadRow {
  readonly row: MemoryRow
  readonly at: number
}

/** What became of the usage of one cgroup since earlier readings, in bytes and seconds; undefined: it is another now. */
export function changeOf(
  { row, at }: ReadRow,
  before: { readonly last: ReadRow; readonly first: ReadRow },
): { readonly usage: number; readonly total: number; readonly seconds: number } | undefined {
  const { last, first } = before
  const known = [row, last.row, first.row].map(({ usage }) => usage)
  const [now, then, begin] = known
  if (now === undefined || then === undefined || begin === undefined) return undefined
  if (row.inode !== last.row.inode || row.inode !== first.row.inode) return undefined
  return { usage: now - then, total: now - begin, seconds: (at - last.at) / 1000 }
}

/** The same in words. */
export function renderChange(change: ReturnType<typeof changeOf>, language: Language): string {
  if (change === undefined) return `${say(words, 'oneNew', language)}\n`
  const { usage, total, seconds } = change
  return `${say(words, 'oneChange', language, {
    seconds: Math.round(seconds * 10) / 10,
    change: signed(usage),
    total: signed(total),
  })}\n`
}

function hpaLines(
  { workingSet, request }: { readonly workingSet: number | undefined; readonly request: number | undefined },
  kind: MemoryRow['kind'],
  language: Language,
): readonly string[] {
  if (kind !== 'container' || request === undefined || workingSet === undefined) return []
  if (request === 0 || request === Infinity) return [say(words, 'hpaNone', language)]
  return [say(words, 'hpaLine', language, { share: workingSet / request, request })]
}

function candidateJson(candidate: LimitCandidate): object {
  return { ...candidate }
}

/** Limits as JSON: what is nearest, and all in their order. */
export function limitsJson({ candidates, firstToHit, unread, hidden }: Limits): object {
  return {
    ...(firstToHit === undefined ? {} : { firstToHit: candidateJson(firstToHit) }),
    candidates: candidates.map(candidateJson),
    ...(unread.length === 0 ? {} : { unread }),
    ...(hidden === undefined ? {} : { hidden }),
  }
}

function rowJson(row: MemoryRow, before: ReadonlyMap<string, MemoryRow>): object {
  const { candidates, firstToHit, unread, hidden, limit, headroom, request, ...rest } = row
  const was = earlier(row, before)
  return {
    ...rest,
    ...(limit === undefined ? {} : { limit: reportedLimit(limit) }),
    ...(headroom === undefined ? {} : { headroom: reportedLimit(headroom) }),
    // a specification without a request is no number
    ...(request === undefined || request === Infinity ? {} : { request }),
    ...limitsJson({ candidates, unread, ...(firstToHit && { firstToHit }), ...(hidden && { hidden }) }),
    ...(was?.usage === undefined || row.usage === undefined ? {} : { change: row.usage - was.usage }),
  }
}

/** The object that is printed; its shape is `kmemscope/memory@1` (schemas/memory.json). */
export function memoryJson(document: MemoryTable, before?: MemoryBefore): object {
  const { at, version, root, node, sources, limitSources, rows, unknown } = document
  const earlierRows = before === undefined ? new Map() : byCgroup(before.last)
  return {
    schema: 'kmemscope/memory@1',
    at: rfc3339(at),
    version,
    root,
    node,
    sources,
    limitSources,
    ...(before === undefined ? {} : { sinceSeconds: (at - before.last.at) / 1000 }),
    rows: rows.map(row => rowJson(row, earlierRows)),
    unknown,
  }
}
