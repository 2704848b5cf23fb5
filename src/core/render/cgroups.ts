// The census of memory cgroups, for a person and as JSON.

import { printable } from '../base/printable.ts'
import { type Language, text } from '../base/text.ts'
import { type Instant, rfc3339 } from '../base/time.ts'
import { formatBytes } from '../base/units.ts'
import { wrap } from '../base/width.ts'
import type {
  Census,
  CensusOrder,
  CensusRow,
  CensusUnknown,
  ControllerCount,
  LeftBy,
} from '../case/census.ts'
import { unknownReasons, unknownRemedies } from '../knowledge/unknown.ts'
import { evidenceJson } from './json.ts'
import { type Column, table } from './table.ts'
import type { Style } from './terminal.ts'
import { labelled, listed, say } from './words.ts'

const words = text({
  en: {
    head: '{root} (cgroup {version})',
    headKernel: '{root} (cgroup {version}), kernel {kernel}',
    live: 'Live memory cgroups: {live|number}, the root among them.',
    liveTasks:
      'Live memory cgroups: {live|number}, the root among them; without a process in or below them: {withoutTasks|number}.',
    left: 'Left over, with a directory that should be gone: {leftOver|number}.',
    leftNone: 'Left over: none.',
    'by-kubelet': 'of pods that are gone, left by the kubelet: {count|number}, such as {example}',
    'by-driver-change':
      'of the cgroup driver that is not in use, left when it was changed: {count|number}, such as {example}',
    'by-systemd-scope':
      'scopes of systemd-run without a process, left by systemd: {count|number}, such as {example}',
    'by-runtime':
      'of containers without a process, left by the container runtime: {count|number}, such as {example}',
    dying: 'Removed but not freed (dying): {dying|number}.',
    held: 'Removed cgroups still hold {bytes|bytes} of pages: page cache {file|bytes}, tmpfs and shared memory {shmem|bytes}, anonymous {rss|bytes}.',
    heldMost:
      'Removed cgroups hold at most {bytes|bytes} of pages: page cache {file|bytes}, tmpfs and shared memory {shmem|bytes}, anonymous {rss|bytes}; the pages of live processes in the same place are in it.',
    ids: 'Ids taken: {used|number} of {limit|number}.',
    idsHeld:
      'Ids taken: {used|number} of {limit|number}; on this kernel a removed cgroup keeps its id until it is freed.',
    cost: 'A dying one costs about {slab|bytes} of slab and {percpu|bytes} of percpu memory (possible CPUs: {cpus|number}), by measurements on {kernel}.',
    costSlab: 'A dying one costs about {slab|bytes} of slab, by measurements on {kernel}.',
    costAll: 'All of them: {all|bytes}, which no container metric shows.',
    controller: '{controller}: {cgroups|number} cgroups',
    controllerDying: '{controller}: {cgroups|number} cgroups, of which dying {dying|number}',
    controllers: 'By controller: {what}.',
    since: 'Since {at}: {what}.',
    sinceNothing: 'Since {at}: no change.',
    changeLive: 'live {change}',
    changeLeftOver: 'left over {change}',
    changeDying: 'dying {change}',
    changeHeld: 'held by removed ones {change}',
    more: 'and owners: {count|number} more (-o json has all)',
    unknownLive: 'how many are live in all',
    unknownWithoutTasks: 'how many are without a process',
    unknownLeftOver: 'whether more are left over',
    unknownDying: 'how many are dying',
    unknownIdsUsed: 'how many ids are taken',
    because: 'Not known: {what}. The reason: {why}.',
    owner: 'OWNER',
    columnLive: 'LIVE',
    columnWithoutTasks: 'NO PROCESS',
    columnLeftOver: 'LEFT OVER',
    columnDying: 'DYING',
    columnHeld: 'HELD BY REMOVED',
    columnUsage: 'USAGE',
    columnShmem: 'TMPFS',
    columnRss: 'ANON',
    columnKernel: 'KERNEL',
    columnLeftBy: 'LEFT BY',
    columnUid: 'POD UID',
    columnCgroup: 'CGROUP',
    root: '/ (processes in no other cgroup)',
  },
  zh: {
    head: '{root}（cgroup {version}）',
    headKernel: '{root}（cgroup {version}），内核 {kernel}',
    live: '存活的内存 cgroup：{live|number} 个（含根）。',
    liveTasks:
      '存活的内存 cgroup：{live|number} 个（含根），其中自身和下级都没有进程的：{withoutTasks|number} 个。',
    left: '残留（目录本应删除却还在）：{leftOver|number} 个。',
    leftNone: '残留：没有。',
    'by-kubelet': '所属 Pod 已不存在，由 kubelet 留下：{count|number} 个，例如 {example}',
    'by-driver-change': '属于未在使用的 cgroup 驱动，切换驱动时留下：{count|number} 个，例如 {example}',
    'by-systemd-scope':
      'systemd-run 的 scope，已没有进程，由 systemd 留下：{count|number} 个，例如 {example}',
    'by-runtime': '容器的 cgroup，已没有进程，由容器运行时留下：{count|number} 个，例如 {example}',
    dying: '已删除但未释放（dying）：{dying|number} 个。',
    held: '已删除的 cgroup 仍占用页面 {bytes|bytes}：页缓存 {file|bytes}，tmpfs 和共享内存 {shmem|bytes}，匿名内存 {rss|bytes}。',
    heldMost:
      '已删除的 cgroup 最多占用页面 {bytes|bytes}：页缓存 {file|bytes}，tmpfs 和共享内存 {shmem|bytes}，匿名内存 {rss|bytes}；其中也含同一位置存活进程的页面。',
    ids: '已用 ID：{used|number} 个，上限 {limit|number}。',
    idsHeld:
      '已用 ID：{used|number} 个，上限 {limit|number}；在这个内核上，已删除的 cgroup 在释放之前一直占用 ID。',
    cost: '每个 dying cgroup 约占 slab {slab|bytes}、percpu 内存 {percpu|bytes}（possible CPU：{cpus|number} 个），依据 {kernel} 上的实测。',
    costSlab: '每个 dying cgroup 约占 slab {slab|bytes}，依据 {kernel} 上的实测。',
    costAll: '合计 {all|bytes}，任何容器指标都看不到。',
    controller: '{controller} {cgroups|number} 个',
    controllerDying: '{controller} {cgroups|number} 个（其中 dying {dying|number} 个）',
    controllers: '各控制器的 cgroup 数：{what}。',
    since: '自 {at} 以来：{what}。',
    sinceNothing: '自 {at} 以来没有变化。',
    changeLive: '存活 {change}',
    changeLeftOver: '残留 {change}',
    changeDying: 'dying {change}',
    changeHeld: '已删除者占用 {change}',
    more: '另有 {count|number} 个归属（全部见 -o json）',
    unknownLive: '存活的一共有多少',
    unknownWithoutTasks: '有多少个没有进程',
    unknownLeftOver: '是否还有更多残留',
    unknownDying: '有多少个 dying',
    unknownIdsUsed: '用了多少个 ID',
    because: '未知：{what}。原因：{why}。',
    owner: '归属',
    columnLive: '存活',
    columnWithoutTasks: '无进程',
    columnLeftOver: '残留',
    columnDying: 'DYING',
    columnHeld: '已删除者占用',
    columnUsage: '用量',
    columnShmem: 'TMPFS',
    columnRss: '匿名',
    columnKernel: '内核',
    columnLeftBy: '由谁留下',
    columnUid: 'POD UID',
    columnCgroup: 'CGROUP',
    root: '/（不在其他 cgroup 里的进程）',
  },
})

/** What is rendered. */
export interface CgroupsDocument {
  readonly at: Instant
  readonly kernel?: string
  readonly census: Census
  /** Whether dying cgroups hold their id; undefined: not known. */
  readonly dyingHoldIds?: boolean
}

/** What became of the counts since an earlier census; what one of the two does not know is not there. */
export interface CensusChange {
  readonly since: Instant
  readonly live: number
  readonly leftOver?: number
  readonly dying?: number
  /** Bytes. */
  readonly held?: number
}

/** The counts of a census less those of an earlier one. */
export function censusChange(before: CgroupsDocument, now: CgroupsDocument): CensusChange {
  const less = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a - b
  const heldBytes = ({ census }: CgroupsDocument) => {
    const { known, bytes } = heldInAll(census.rows)
    return known ? bytes : undefined
  }
  const leftOver = less(now.census.leftOver, before.census.leftOver)
  const dying = less(now.census.dying, before.census.dying)
  const held = less(heldBytes(now), heldBytes(before))
  return {
    since: before.at,
    live: now.census.live - before.census.live,
    ...(leftOver === undefined ? {} : { leftOver }),
    ...(dying === undefined ? {} : { dying }),
    ...(held === undefined ? {} : { held }),
  }
}

export interface CgroupsTextOptions {
  readonly language: Language
  readonly style: Style
  /** Cells of the terminal. */
  readonly columns: number
  readonly wide: boolean
  readonly sort: CensusOrder
  /** Of a census that is repeated. */
  readonly change?: CensusChange
}

/** Owners shown; the JSON has all. */
const SHOWN = 20

/** Other controllers are told where one has so many more cgroups than memory: R3 of the fact base. */
const MANY_MORE = 500

const BY: readonly LeftBy[] = ['driver-change', 'kubelet', 'systemd-scope', 'runtime']

/** Who left it, in one word: names of programs are the same in all languages. */
const BY_WHOM: Readonly<Record<LeftBy, string>> = {
  'driver-change': 'kubelet',
  kubelet: 'kubelet',
  'systemd-scope': 'systemd',
  runtime: 'runtime',
}

function numberFor(row: CensusRow, order: CensusOrder): number {
  switch (order) {
    case 'held':
      return row.held?.bytes ?? -1
    case 'live':
      return row.live
    case 'no-process':
      return row.withoutTasks ?? -1
    case 'left-over':
      return row.leftOver ?? -1
    case 'dying':
      return row.dying ?? -1
    case 'usage':
      return row.usage ?? -1
    default:
      return 0
  }
}

/** `namespace/pod`, else the container's name, else the pod's UID, else the path. */
function ownerName({ kind, cgroup, namespace, pod, container, podUid }: CensusRow): string {
  if (pod !== undefined) return namespace === undefined ? pod : `${namespace}/${pod}`
  if (container !== undefined) return container
  return kind === 'pod' && podUid !== undefined ? `pod ${podUid}` : cgroup
}

/** Rows in the order asked for; where that decides nothing, what removed cgroups hold, what is left over, the path. */
export function sortedRows(rows: readonly CensusRow[], order: CensusOrder): readonly CensusRow[] {
  const byName = (a: CensusRow, b: CensusRow) => (ownerName(a) < ownerName(b) ? -1 : 1)
  if (order === 'name') return [...rows].sort(byName)
  return [...rows].sort(
    (a, b) =>
      numberFor(b, order) - numberFor(a, order) ||
      (b.held?.bytes ?? 0) - (a.held?.bytes ?? 0) ||
      (b.leftOver ?? 0) - (a.leftOver ?? 0) ||
      byName(a, b),
  )
}

function heldInAll(rows: readonly CensusRow[]) {
  const all = { bytes: 0, file: 0, shmem: 0, rss: 0, withOwn: false, known: false }
  for (const { held } of rows) {
    if (held === undefined) continue
    all.known = true
    all.bytes += held.bytes
    // Page cache is what is left of the files' pages when those of tmpfs are taken away.
    all.file += Math.max(0, held.cache - held.shmem)
    all.shmem += held.shmem
    all.rss += held.rss
    if (held.withOwn === true) all.withOwn = true
  }
  return all
}

function controllerWords(one: ControllerCount, language: Language): string {
  const { controller, cgroups, dying } = one
  return say(words, dying === undefined ? 'controller' : 'controllerDying', language, {
    controller,
    cgroups: cgroups ?? dying ?? 0,
    dying: dying ?? 0,
  })
}

const UNKNOWN: Readonly<Record<CensusUnknown, keyof typeof words.en>> = {
  live: 'unknownLive',
  withoutTasks: 'unknownWithoutTasks',
  leftOver: 'unknownLeftOver',
  dying: 'unknownDying',
  idsUsed: 'unknownIdsUsed',
}

/** One reason may stand in the way of several numbers: it is told once, with all of them and one example. */
function unknownLines({ unknown }: Census, language: Language): string[] {
  const reasons = new Map<string, { what: string[]; why: string; how: string }>()
  for (const { what, reason, path = '', remedy } of unknown) {
    const why = say(unknownReasons, reason, language, { path })
    const how = labelled('howToCheck', say(unknownRemedies, remedy, language), language)
    const key = `${reason} ${remedy}`
    const before = reasons.get(key)
    const named = say(words, UNKNOWN[what], language)
    if (before === undefined) reasons.set(key, { what: [named], why, how })
    else if (!before.what.includes(named)) before.what.push(named)
  }
  return [...reasons.values()].flatMap(({ what, why, how }) => [
    say(words, 'because', language, { what: listed(what, language), why }),
    how,
  ])
}

function changeLine({ since, live, leftOver, dying, held }: CensusChange, language: Language): string {
  const signed = (value: number, text: string) => (value > 0 ? `+${text}` : text)
  const count = (key: keyof typeof words.en, value = 0) =>
    value === 0 ? [] : [say(words, key, language, { change: signed(value, String(value)) })]
  const what = [
    ...count('changeLive', live),
    ...count('changeLeftOver', leftOver),
    ...count('changeDying', dying),
    ...(held === undefined || held === 0
      ? []
      : [say(words, 'changeHeld', language, { change: signed(held, formatBytes(held)) })]),
  ]
  const at = rfc3339(since)
  return what.length === 0
    ? say(words, 'sinceNothing', language, { at })
    : say(words, 'since', language, { at, what: listed(what, language) })
}

function costLines({ census }: CgroupsDocument, language: Language): string {
  const { cost, dying } = census
  const sentence = say(words, cost.percpuEach === undefined ? 'costSlab' : 'cost', language, {
    slab: cost.slabEach,
    percpu: cost.percpuEach ?? 0,
    cpus: cost.cpus ?? 0,
    kernel: cost.measuredOn,
  })
  if (cost.dying === undefined || dying === undefined || dying === 0) return sentence
  const all = say(words, 'costAll', language, { all: cost.dying })
  return language === 'zh' ? `${sentence}${all}` : `${sentence} ${all}`
}

function columnsFor(census: Census, wide: boolean, language: Language): readonly Column[] {
  const right = (key: keyof typeof words.en): Column => ({
    title: say(words, key, language),
    align: 'right',
  })
  const left = (key: keyof typeof words.en): Column => ({ title: say(words, key, language), align: 'left' })
  return [
    { ...left('owner'), yields: true },
    right('columnLive'),
    right('columnWithoutTasks'),
    right('columnLeftOver'),
    ...(census.version === 'v2' ? [right('columnDying')] : []),
    right('columnHeld'),
    right('columnUsage'),
    ...(wide
      ? [
          right('columnShmem'),
          right('columnRss'),
          right('columnKernel'),
          left('columnLeftBy'),
          left('columnUid'),
          left('columnCgroup'),
        ]
      : []),
  ]
}

function cellsFor(row: CensusRow, census: Census, wide: boolean, language: Language): readonly string[] {
  const count = (value: number | undefined) => (value === undefined ? '-' : String(value))
  const bytes = (value: number | undefined) => (value === undefined ? '-' : formatBytes(value))
  const held = row.held === undefined ? '-' : `${row.held.withOwn ? '≤ ' : ''}${formatBytes(row.held.bytes)}`
  return [
    row.kind === 'root' ? say(words, 'root', language) : printable(ownerName(row)),
    String(row.live),
    count(row.withoutTasks),
    count(row.leftOver),
    ...(census.version === 'v2' ? [count(row.dying)] : []),
    held,
    bytes(row.usage),
    ...(wide
      ? [
          bytes(row.held?.shmem),
          bytes(row.held?.rss),
          bytes(row.held?.kernel),
          row.leftBy === undefined ? '' : BY_WHOM[row.leftBy],
          printable(row.podUid ?? ''),
          printable(row.cgroup),
        ]
      : []),
  ]
}

export function renderCgroups(document: CgroupsDocument, options: CgroupsTextOptions): string {
  const { language, style, columns, wide, sort, change } = options
  const { census, kernel, dyingHoldIds } = document
  const { live, withoutTasks, leftOver, dying, idsUsed, idLimit, left, rows, version, root } = census
  const put = (sentence: string, indent = ''): string[] =>
    wrap(printable(sentence), Math.max(40, columns - indent.length)).map(line => `${indent}${line}`)
  const held = heldInAll(rows)
  const memory = census.controllers.find(({ controller }) => controller === 'memory')
  const others = census.controllers.filter(
    ({ cgroups = 0 }) => wide || cgroups > (memory?.cgroups ?? live) + MANY_MORE,
  )
  const shown = sortedRows(rows, sort).slice(0, SHOWN)
  const lines = [
    ...put(
      say(words, kernel === undefined ? 'head' : 'headKernel', language, {
        root,
        version,
        kernel: kernel ?? '',
      }),
    ).map(style.strong),
    ...put(
      say(words, withoutTasks === undefined ? 'live' : 'liveTasks', language, {
        live,
        withoutTasks: withoutTasks ?? 0,
      }),
    ),
    ...(leftOver === undefined
      ? []
      : put(say(words, leftOver === 0 ? 'leftNone' : 'left', language, { leftOver }))),
    ...BY.flatMap(by => {
      const some = left.filter(one => one.by === by)
      const example = some[0]
      if (example === undefined) return []
      const count = some.reduce((sum, { directories }) => sum + directories, 0)
      return put(say(words, `by-${by}`, language, { count, example: example.dir }), '  ')
    }),
    ...(dying === undefined ? [] : put(say(words, 'dying', language, { dying }))),
    ...(held.known && held.bytes > 0
      ? put(
          say(words, held.withOwn ? 'heldMost' : 'held', language, {
            bytes: held.bytes,
            file: held.file,
            shmem: held.shmem,
            rss: held.rss,
          }),
        )
      : []),
    ...(dying === 0 ? [] : put(costLines(document, language))),
    ...(idsUsed === undefined
      ? []
      : put(
          say(words, dyingHoldIds === true ? 'idsHeld' : 'ids', language, { used: idsUsed, limit: idLimit }),
        )),
    ...(others.length === 0
      ? []
      : put(
          say(words, 'controllers', language, {
            what: listed(
              others.map(one => controllerWords(one, language)),
              language,
            ),
          }),
        )),
    ...(change === undefined ? [] : put(changeLine(change, language))),
    ...unknownLines(census, language).flatMap(line => put(line).map(style.warning)),
    '',
    ...table(
      columnsFor(census, wide, language),
      shown.map(row => cellsFor(row, census, wide, language)),
      wide ? Number.POSITIVE_INFINITY : columns,
    ).map((line, index) => (index === 0 ? style.strong(line) : line)),
    ...(rows.length > SHOWN ? [say(words, 'more', language, { count: rows.length - SHOWN })] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** The object that is printed; its shape is `kmemscope/cgroups@1` (schemas/cgroups.json). */
export function cgroupsJson(document: CgroupsDocument, order: CensusOrder, change?: CensusChange): object {
  const { at, kernel, census, dyingHoldIds } = document
  const { rows, evidence, left, ...rest } = census
  return {
    schema: 'kmemscope/cgroups@1',
    at: rfc3339(at),
    ...(kernel === undefined ? {} : { kernel }),
    ...rest,
    ...(dyingHoldIds === undefined ? {} : { dyingHoldIds }),
    ...(change === undefined ? {} : { change: { ...change, since: rfc3339(change.since) } }),
    rows: sortedRows(rows, order),
    left,
    evidence: evidence.map(evidenceJson),
  }
}
