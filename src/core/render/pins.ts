// Which removed memory cgroups hold which pages, by the kernel's own list of pages, and which files may be why: for a
// person and as JSON.

import { printable } from '../base/printable.ts'
import { type Language, text } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import { wrap } from '../base/width.ts'
import {
  type PinCandidate,
  type PinRow,
  type Pins,
  type StayingCounts,
  type StayingKind,
  stayingKinds,
} from '../case/pins.ts'
import { pageKinds } from '../decode/proc/kpage.ts'
import { type Column, table } from './table.ts'
import type { Style } from './terminal.ts'
import { listed, say } from './words.ts'

const words = text({
  en: {
    head: 'Pages by owner, from {path} and {flags}: {pages|number} looked at',
    cut: 'One of the two files ended before the other: what is counted is not all.',
    dead: 'Removed cgroups hold pages: {pages|number} ({bytes|bytes}): page cache {pageCache|bytes}, tmpfs and shared memory {tmpfs|bytes}, anonymous {anonymous|bytes}.',
    none: 'No removed cgroup holds pages beyond the kernel’s own error.',
    part: 'The kernel shows the pages of all removed children on the nearest cgroup above them that is still there. Kernel pages are handed up to it when a child is removed (since 5.13); slab objects (since 5.9) and percpu memory stand in neither file: these are not told apart here.',
    atMost:
      '≤: cgroup v2 does not tell a cgroup’s own pages; what processes left there that have moved away is in the number.',
    left: 'Live cgroups without a process that hold pages of their own (left over or idle, not removed)',
    untold: 'Cgroups of which it cannot be told whether pages are their own or removed children’s',
    elsewhere:
      'On cgroups that are not in the tree that was read (made since, or outside of what is seen from here): {pages|number} pages.',
    more: 'and cgroups: {count|number} more (-o json has all)',
    candidates: 'Files that may be what holds them',
    unproved:
      'That a file holds pages of a removed cgroup is not shown by this: whether it is in memory is told only by mapping it, which kmemscope does not do. Not listed are files of images and other files of the node, files that were removed while something has them open (ls -l /proc/*/fd | grep deleted) and shared memory (ipcs -m).',
    noCandidates:
      'No tmpfs mount, volume or log of a pod was found that fits. Images’ files and other files of the node may hold them, files removed while something has them open (ls -l /proc/*/fd | grep deleted), and shared memory (ipcs -m).',
    partial: 'Not all places were looked through: there were too many files, or some could not be read.',
    'kind-tmpfs': 'tmpfs',
    'kind-volume': 'volume',
    'kind-log': 'logs',
    place: '{kind} {path}: {bytes|bytes} in files: {files|number}',
    placePart: '{kind} {path}: at least {bytes|bytes} in files: {files|number}',
    ofPod: 'of pod {pod}',
    ofGonePod: 'of pod {pod}, which has no cgroup any more',
    mayPin: 'may pin removed children of {what}',
    file: '{path}: {bytes|bytes}, owner uid {uid}',
    proveTmpfs:
      'To prove one on tmpfs: take a copy of what is still needed, remove the file, and run this again: if the pages fall by its size, it was that file.',
    proveCache:
      'To prove one of the page cache: fincore FILE tells how much of it is in memory; sync FILE; dd if=FILE iflag=nocache count=0 lets go of its pages and leaves the file as it is. Run this again: if the pages fall, it was that file.',
    columnCgroup: 'NEAREST LIVE CGROUP',
    columnOwn: 'LIVE CGROUP',
    columnPages: 'PAGES',
    columnHeld: 'HELD',
    columnPageCache: 'PAGE CACHE',
    columnTmpfs: 'TMPFS',
    columnAnonymous: 'ANON',
    columnError: '± PAGES',
    columnInode: 'INODE',
    columnOwnPages: 'OWN',
    columnKernel: 'KERNEL',
    columnFrom: 'OWN FROM',
    columnOwner: 'POD',
    cost: 'reading the owner of each page: an estimated {seconds} s of CPU time for {size} of memory, at most half of one CPU; nothing is changed',
    denied: '{path} can be read by root alone: sudo kmemscope cgroups --pins',
    notThere:
      '{path} is not there: this kernel is older than 4.3, or built without CONFIG_PROC_PAGE_MONITOR or CONFIG_MEMCG',
    notRead: '{path} could not be read ({what})',
    liveOnly: '--pins is for the live node only; leave it out when files are given',
  },
  zh: {
    head: '按归属统计页面，来自 {path} 和 {flags}：共查看 {pages|number} 页',
    cut: '两个文件长度不一：统计到的不是全部。',
    dead: '已删除的 cgroup 占用 {pages|number} 页（{bytes|bytes}）：页缓存 {pageCache|bytes}，tmpfs 和共享内存 {tmpfs|bytes}，匿名内存 {anonymous|bytes}。',
    none: '没有已删除的 cgroup 占用页面（在内核自身的误差之内）。',
    part: '内核把所有已删除下级的页面记在离它们最近、仍存在的上级 cgroup 上。内核页面在下级删除时就移交给了上级（5.13 起），slab 对象（5.9 起）和 percpu 内存在这两个文件里都没有：这些在此无法区分。',
    atMost: '≤：cgroup v2 不单列 cgroup 自身的页面；已迁走的进程留下的也算在内。',
    left: '没有进程、但自身占有页面的存活 cgroup（残留或闲置，并未删除）',
    untold: '看不出页面属于自身还是已删除下级的 cgroup',
    elsewhere:
      '不在所读 cgroup 树里的（读取之后新建，或不在这里能看到的范围内）cgroup 上有 {pages|number} 页。',
    more: '另有 {count|number} 个 cgroup（全部见 -o json）',
    candidates: '可能占住这些页面的文件',
    unproved:
      '以上并不能证明某个文件占住了已删除 cgroup 的页面：文件是否在内存里，只有映射它才知道，而 kmemscope 不做映射。未列出的还有：镜像的文件和节点的其他文件、已删除但仍被打开的文件（ls -l /proc/*/fd | grep deleted），以及共享内存（ipcs -m）。',
    noCandidates:
      '没有找到相符的 tmpfs 挂载、Pod 的卷或日志。可能是镜像的文件或节点的其他文件、已删除但仍被打开的文件（ls -l /proc/*/fd | grep deleted），或共享内存（ipcs -m）。',
    partial: '没有查看全部位置：文件太多，或有些无法读取。',
    'kind-tmpfs': 'tmpfs',
    'kind-volume': '卷',
    'kind-log': '日志',
    place: '{kind} {path}：{files|number} 个文件，共 {bytes|bytes}',
    placePart: '{kind} {path}：至少 {files|number} 个文件，共 {bytes|bytes}',
    ofPod: '属于 Pod {pod}',
    ofGonePod: '属于 Pod {pod}，它已没有 cgroup',
    mayPin: '可能钉住 {what} 的已删除下级',
    file: '{path}：{bytes|bytes}，所有者 uid {uid}',
    proveTmpfs:
      '要证实 tmpfs 上的某个文件：先复制仍需要的内容，删除该文件，再运行一次：如果页面减少了它的大小，就是它。',
    proveCache:
      '要证实页缓存里的某个文件：fincore FILE 显示它有多少在内存里；sync FILE; dd if=FILE iflag=nocache count=0 放掉它的页面，文件本身不变。再运行一次：如果页面减少，就是它。',
    columnCgroup: '最近的存活 CGROUP',
    columnOwn: '存活 CGROUP',
    columnPages: '页数',
    columnHeld: '占用',
    columnPageCache: '页缓存',
    columnTmpfs: 'TMPFS',
    columnAnonymous: '匿名',
    columnError: '± 页',
    columnInode: 'INODE',
    columnOwnPages: '自身',
    columnKernel: '内核',
    columnFrom: '自身依据',
    columnOwner: 'POD',
    cost: '正在读取每个页面的归属：内存 {size}，估计用 CPU 时间 {seconds} 秒，最多占半个 CPU；不改变任何东西',
    denied: '{path} 只有 root 能读：sudo kmemscope cgroups --pins',
    notThere: '没有 {path}：内核早于 4.3，或没有编入 CONFIG_PROC_PAGE_MONITOR 或 CONFIG_MEMCG',
    notRead: '{path} 无法读取（{what}）',
    liveOnly: '--pins 只用于本节点；给出文件时请去掉',
  },
})

/** What the command line says about the reading itself. */
export function pinsSentence(
  key: 'cost' | 'denied' | 'notThere' | 'notRead' | 'liveOnly',
  language: Language,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return printable(say(words, key, language, values))
}

export interface PinsTextOptions {
  readonly language: Language
  readonly style: Style
  /** Cells of the terminal. */
  readonly columns: number
  readonly wide: boolean
}

/** Rows and places that are shown; the JSON has all. */
const SHOWN = 20
const FILES_SHOWN = 3

/** Pages of 4 KiB where the size was not read: x86-64's, and most arm64 kernels'. */
function pageSizeOf({ ownership }: Pins): number {
  return ownership.pageSize ?? 4096
}

const sum = (counts: StayingCounts): number => stayingKinds.reduce((all, kind) => all + counts[kind], 0)

function podName({ name }: Pick<PinRow, 'name'>): string {
  const pod = name.namespace === undefined ? name.pod : `${name.namespace}/${name.pod ?? ''}`
  return [pod, name.container].filter(part => part !== undefined).join(' ')
}

const KERNEL = pageKinds.filter(kind => !stayingKinds.some(one => one === kind))

export function renderPins(pins: Pins, options: PinsTextOptions): string {
  const { language, style, columns, wide } = options
  const { ownership, rows, withoutTasks, untold, dead, elsewhere } = pins
  const size = pageSizeOf(pins)
  const put = (sentence: string, indent = ''): string[] =>
    wrap(printable(sentence), Math.max(40, columns - indent.length)).map(line => `${indent}${line}`)
  const title = (key: keyof typeof words.en): string => say(words, key, language, {})
  const right = (key: keyof typeof words.en): Column => ({ title: title(key), align: 'right' })
  const left = (key: keyof typeof words.en): Column => ({ title: title(key), align: 'left' })
  const bytes = (pages: number): string => formatBytes(pages * size)
  const named = rows.some(row => podName(row) !== '')

  function shown(list: readonly PinRow[], heads: readonly Column[], cells: (row: PinRow) => string[]) {
    const lines = table(
      heads,
      list.slice(0, SHOWN).map(row => cells(row).map(printable)),
      wide ? Number.POSITIVE_INFINITY : columns,
    )
    return [
      ...lines.map((line, index) => (index === 0 ? style.strong(line) : line)),
      ...(list.length > SHOWN ? [say(words, 'more', language, { count: list.length - SHOWN })] : []),
    ]
  }

  const held = shown(
    rows,
    [
      { ...left('columnCgroup'), yields: true },
      ...(named ? [left('columnOwner')] : []),
      right('columnPages'),
      right('columnHeld'),
      right('columnPageCache'),
      right('columnTmpfs'),
      right('columnAnonymous'),
      right('columnError'),
      ...(wide
        ? [right('columnInode'), right('columnOwnPages'), right('columnKernel'), left('columnFrom')]
        : []),
    ],
    row => {
      const { memcg, deadPages = 0, dead: counts, error, inode, own, pages, from, method } = row
      const most = method === 'no-own-tasks' ? '≤ ' : ''
      return [
        memcg.path,
        ...(named ? [podName(row)] : []),
        `${most}${deadPages}`,
        `${most}${bytes(deadPages)}`,
        ...stayingKinds.map(kind => bytes(counts?.[kind] ?? 0)),
        error === undefined ? '-' : String(error),
        ...(wide
          ? [
              String(inode),
              own === undefined ? '-' : bytes(sum(own)),
              bytes(KERNEL.reduce((all, kind) => all + pages[kind], 0)),
              from ?? '',
            ]
          : []),
      ]
    },
  )
  const own = (list: readonly PinRow[], of: (row: PinRow) => StayingCounts) =>
    shown(
      list,
      [
        { ...left('columnOwn'), yields: true },
        right('columnPages'),
        right('columnPageCache'),
        right('columnTmpfs'),
        right('columnAnonymous'),
      ],
      row => {
        const counts = of(row)
        return [
          row.memcg.path,
          String(Math.round(sum(counts))),
          ...stayingKinds.map(kind => bytes(counts[kind])),
        ]
      },
    )
  const staying = ({ pages }: PinRow): StayingCounts => pages
  const lines = [
    ...put(
      say(words, 'head', language, {
        path: ownership.path,
        flags: ownership.flagsPath,
        pages: ownership.owners.pages,
      }),
    ).map(style.strong),
    ...(ownership.owners.truncated === true ? put(title('cut')).map(style.warning) : []),
    ...put(
      rows.length === 0
        ? title('none')
        : say(words, 'dead', language, {
            pages: sum(dead),
            bytes: sum(dead) * size,
            pageCache: dead.pageCache * size,
            tmpfs: dead.tmpfs * size,
            anonymous: dead.anonymous * size,
          }),
    ),
    ...(elsewhere === 0 ? [] : put(say(words, 'elsewhere', language, { pages: elsewhere }))),
    ...(rows.length === 0 ? [] : ['', ...held]),
    ...(rows.some(({ method }) => method === 'no-own-tasks') ? put(title('atMost')).map(style.faint) : []),
    ...put(title('part')).map(style.faint),
    ...(withoutTasks.length === 0
      ? []
      : ['', ...put(title('left')), ...own(withoutTasks, row => row.own ?? staying(row))]),
    ...(untold.length === 0 ? [] : ['', ...put(title('untold')), ...own(untold, staying)]),
    ...(rows.length === 0 ? [] : ['', ...candidateLines(pins, put, options)]),
  ]
  return `${lines.join('\n')}\n`
}

function candidateLines(
  { candidates, candidatesPartial, dead }: Pins,
  put: (sentence: string, indent?: string) => string[],
  { language, style, wide }: PinsTextOptions,
): string[] {
  const place = ({ place: found, name, podGone, mayPin }: PinCandidate): string[] => {
    const pod =
      name.pod === undefined
        ? found.podUid
        : name.namespace === undefined
          ? name.pod
          : `${name.namespace}/${name.pod}`
    const facts = [
      ...(pod === undefined ? [] : [say(words, podGone === true ? 'ofGonePod' : 'ofPod', language, { pod })]),
      say(words, 'mayPin', language, { what: listed([...mayPin], language) }),
    ]
    return [
      ...put(
        say(words, found.partial === true ? 'placePart' : 'place', language, {
          kind: say(words, `kind-${found.kind}`, language, {}),
          path: found.path,
          bytes: found.bytes,
          files: found.files,
        }),
        '  ',
      ),
      ...put(facts.join(' · '), '    ').map(style.faint),
      ...found.largest
        .slice(0, wide ? undefined : FILES_SHOWN)
        .flatMap(({ path, bytes, uid }) => put(say(words, 'file', language, { path, bytes, uid }), '    ')),
    ]
  }
  return [
    ...(candidates.length === 0
      ? put(say(words, 'noCandidates', language, {}))
      : [
          style.strong(say(words, 'candidates', language, {})),
          ...candidates.slice(0, SHOWN).flatMap(place),
          ...put(say(words, 'unproved', language, {})).map(style.faint),
        ]),
    ...(candidatesPartial === true ? put(say(words, 'partial', language, {})).map(style.warning) : []),
    ...(dead.tmpfs === 0 ? [] : put(say(words, 'proveTmpfs', language, {}))),
    ...(dead.pageCache === 0 ? [] : put(say(words, 'proveCache', language, {}))),
  ]
}

function rowJson({ memcg, name, ...rest }: PinRow, pageSize: number): object {
  const { podUid, containerId, qos } = memcg.pod
  return {
    cgroup: memcg.path,
    dir: memcg.dir,
    ...(podUid === undefined ? {} : { podUid }),
    ...(containerId === undefined ? {} : { containerId }),
    ...(qos === undefined ? {} : { qos }),
    ...name,
    ...(memcg.ownTasks === undefined ? {} : { ownTasks: memcg.ownTasks }),
    ...rest,
    ...(rest.deadPages === undefined ? {} : { deadBytes: rest.deadPages * pageSize }),
  }
}

function candidateJson({ place, name, ...rest }: PinCandidate): object {
  return { ...place, ...name, ...rest }
}

/** The member `pins` of `kmemscope/cgroups@1`. Counts are pages, unless they are called bytes. */
export function pinsJson(pins: Pins): object {
  const { ownership, rows, withoutTasks, untold, dead, elsewhere, candidates, candidatesPartial } = pins
  const size = pageSizeOf(pins)
  const kinds: readonly StayingKind[] = stayingKinds
  return {
    path: ownership.path,
    flagsPath: ownership.flagsPath,
    pages: ownership.owners.pages,
    pageSize: size,
    ...(ownership.owners.truncated === undefined ? {} : { truncated: true }),
    dead: {
      pages: sum(dead),
      bytes: sum(dead) * size,
      ...Object.fromEntries(kinds.map(kind => [kind, dead[kind]])),
    },
    rows: rows.map(row => rowJson(row, size)),
    withoutTasks: withoutTasks.map(row => rowJson(row, size)),
    untold: untold.map(row => rowJson(row, size)),
    elsewhere,
    candidates: candidates.map(candidateJson),
    ...(candidatesPartial === undefined ? {} : { candidatesPartial }),
  }
}
