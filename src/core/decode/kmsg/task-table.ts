// "Tasks state" of an OOM report: dump_tasks() of mm/oom_kill.c, read by the names of its columns, which changed with
// 2.6.36, 3.9, 4.0, 4.15 and 6.8. There can be 100,000 rows: what is kept is bounded, and no row is looked at twice.

import { keep } from '../../base/lines.ts'
import type { OomTask, OomTaskTable } from './report.ts'

export interface TaskTableGatherer {
  /** Whether a line is the table's. */
  take(text: string, line: number | undefined): boolean
  /** undefined: a table without header or rows, or two at once. */
  table(about: TableContext): OomTaskTable | undefined
}

/** What else the report says by the time it ends. */
export interface TableContext {
  /** Processes that are kept whatever they hold. */
  readonly named: ReadonlySet<number>
  /** Bytes, by the free blocks. */
  readonly pageSize?: number
  /** total-vm of kill lines, bytes by pid. */
  readonly totalVm: ReadonlyMap<number, number>
  /** Pages by which oom_score_adj is weighed; undefined: not known, and a row's own value comes first. */
  readonly total?: number
}

const KNOWN = new Set([
  'uid',
  'tgid',
  'total_vm',
  'rss',
  'rss_anon',
  'rss_file',
  'rss_shmem',
  'nr_ptes',
  'nr_pmds',
  'nr_puds',
  'pgtables_bytes',
  'swapents',
  'cpu',
  'oom_adj',
  'oom_score_adj',
  'name',
])

const HEADER = /^\s*\[ *pid *\] +(\S.{0,300})$/
const TITLE = /^\s*Tasks state \(memory values in pages\):\s*$/

/** Rows held while a table is read; of more the half that holds or scores least goes. Ours: few nodes run as many. */
const MOST_HELD = 512

/** Kept of a table: by what they hold, and by their score. Ours. */
const MOST_BY_PAGES = 12
const MOST_BY_SCORE = 6

/** Names counted apart, and given. Ours. */
const MOST_NAMES = 1024
const GIVEN_NAMES = 5

/** Processes of which it is known that they were listed; beyond, a thread may be counted as a process. */
const MOST_PROCESSES = 8192

/** comm has 15 bytes; what a log escapes takes four characters each. */
const LONGEST_NAME = 60

/** A row is at most some 130 characters wide. */
const LONGEST_ROW = 400

/** The smallest page there is: only used to compare rows before the report has told its own. */
const LEAST_PAGE = 4096

interface Columns {
  /** Without the name. */
  readonly names: readonly string[]
  /** Those that a kernel prints with a sign. */
  readonly signed: readonly boolean[]
  /** Where each stands; -1: this kernel does not print it. */
  readonly tgid: number
  readonly rss: number
  readonly anon: number
  readonly shmem: number
  readonly tableBytes: number
  readonly swap: number
  readonly adj: number
  /** nr_ptes and its like. */
  readonly tables: readonly number[]
}

const SIGNED = new Set(['uid', 'tgid', 'cpu', 'oom_adj', 'oom_score_adj'])

/** The columns of a header; undefined: not one, or not all of it. */
function columnsOf(words: readonly string[]): Columns | undefined {
  if (words.at(-1) !== 'name' || words.length < 5 || words.length > KNOWN.size) return undefined
  if (new Set(words).size !== words.length || !words.every(word => KNOWN.has(word))) return undefined
  if (!words.includes('rss')) return undefined
  const names = words.slice(0, -1)
  return {
    names,
    signed: names.map(name => SIGNED.has(name)),
    tgid: names.indexOf('tgid'),
    rss: names.indexOf('rss'),
    anon: names.indexOf('rss_anon'),
    shmem: names.indexOf('rss_shmem'),
    tableBytes: names.indexOf('pgtables_bytes'),
    swap: names.indexOf('swapents'),
    adj: names.indexOf('oom_score_adj'),
    tables: ['nr_ptes', 'nr_pmds', 'nr_puds'].map(name => names.indexOf(name)).filter(at => at >= 0),
  }
}

/** A row as it is held while the table is read: most of them are let go again. */
interface Row {
  readonly line: number | undefined
  readonly pid: number
  readonly numbers: readonly number[]
  comm: string
  /** Pages but for tables in bytes. */
  readonly pages: number
  readonly tableBytes: number
  readonly adj: number
}

const heldBy = (row: Row): number => row.pages + row.tableBytes / LEAST_PAGE

/** oom_score_adj comes first where nothing else is known: it decides on most nodes. */
function scoreBy(row: Row, total: number | undefined): number {
  if (row.adj <= -1000) return Number.NEGATIVE_INFINITY
  return heldBy(row) + row.adj * (total === undefined ? 1e6 : total / 1000)
}

function best<T>(all: readonly T[], most: number, by: (one: T) => number): readonly T[] {
  return all
    .map(one => ({ one, by: by(one) }))
    .sort((a, b) => b.by - a.by)
    .slice(0, most)
    .map(({ one }) => one)
}

function taskOf({ line, pid, numbers, comm }: Row, columns: Columns): OomTask {
  const put = (to: string, name: string): object => {
    const at = columns.names.indexOf(name)
    return at < 0 ? {} : { [to]: numbers[at] }
  }
  return {
    ...(line === undefined ? {} : { line }),
    pid,
    ...put('uid', 'uid'),
    ...put('tgid', 'tgid'),
    comm,
    ...put('totalVm', 'total_vm'),
    ...put('rss', 'rss'),
    ...put('rssAnon', 'rss_anon'),
    ...put('rssFile', 'rss_file'),
    ...put('rssShmem', 'rss_shmem'),
    ...(columns.tables.length === 0
      ? {}
      : { pageTablePages: columns.tables.reduce((sum, at) => sum + (numbers[at] ?? 0), 0) }),
    ...put('pageTableBytes', 'pgtables_bytes'),
    ...put('swap', 'swapents'),
    ...put('oomScoreAdj', 'oom_score_adj'),
  }
}

interface Cells {
  readonly pid: number
  readonly numbers: readonly number[]
  /** Where what follows the last number begins; undefined: the line ends before all columns are there. */
  readonly name?: number
}

/** Numbers of a row, by hand: a table may have 100,000. undefined: no row. */
function cellsOf(text: string, columns: number): Cells | undefined {
  let at = 0
  const size = text.length
  const skip = (): number => {
    const from = at
    while (at < size && text.charCodeAt(at) === 32) at += 1
    return at - from
  }
  const number = (): number => {
    const from = at
    if (text.charCodeAt(at) === 45) at += 1
    const first = at
    while (at < size && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at += 1
    // more than 15 digits are no count of anything
    return at === first || at - first > 15 ? Number.NaN : Number(text.slice(from, at))
  }
  skip()
  if (text.charCodeAt(at) !== 91) return undefined
  at += 1
  skip()
  const pid = number()
  skip()
  if (!(pid >= 0) || text.charCodeAt(at) !== 93) return undefined
  at += 1
  const numbers: number[] = []
  while (numbers.length < columns) {
    const blanks = skip()
    if (at >= size) return { pid, numbers }
    const value = number()
    if (blanks === 0 || Number.isNaN(value)) return undefined
    if (at < size && text.charCodeAt(at) !== 32) return undefined
    numbers.push(value)
  }
  // a name may be empty, or broken off: the next line tells
  const from = at + 1
  skip()
  return at >= size ? { pid, numbers } : { pid, numbers, name: from }
}

/**
 * Pages that killing the process would give back, by what is printed of it. Where rss is not split up all of it counts;
 * page tables in bytes need the size of a page (Infinity: they are left out).
 */
export function pagesHeld(task: OomTask, pageSize: number): number {
  return (
    (task.rssAnon === undefined ? (task.rss ?? 0) : task.rssAnon + (task.rssShmem ?? 0)) +
    (task.pageTablePages ?? (task.pageTableBytes ?? 0) / pageSize) +
    (task.swap ?? 0)
  )
}

/** Page sizes of Linux: 4 KiB to 256 KiB. */
const PAGE_SIZES = [4096, 8192, 16_384, 65_536, 262_144]

/** Of fewer pages a single one more is too much of a difference to go by. */
const LEAST_MAPPED = 16

/** The page size by which a victim's total-vm in bytes is its row's in pages; a process maps little between the two. */
function pageSizeBy(
  rows: readonly Row[],
  totalVm: ReadonlyMap<number, number>,
  column: number,
): number | undefined {
  for (const { pid, numbers } of rows) {
    const bytes = totalVm.get(pid)
    const pages = numbers[column]
    if (bytes === undefined || pages === undefined || pages < LEAST_MAPPED) continue
    const size = PAGE_SIZES.find(candidate => Math.abs(bytes / pages / candidate - 1) < 0.05)
    if (size !== undefined) return size
  }
  return undefined
}

export function taskTableGatherer(): TaskTableGatherer {
  let columns: Columns | undefined
  let headers = 0
  /** A header or a row that a console broke, as far as it is there. */
  let open:
    | { readonly text: string; readonly is: 'header' | 'row'; readonly line: number | undefined }
    | undefined
  /** The last row was put together from pieces: its name may go on. */
  let mayGoOn: Row | undefined
  let rows: Row[] = []
  let count = 0
  let broken = 0
  let anon = 0
  let swap = 0
  const processes = new Set<number>()
  const names = new Map<string, { count: number; pages: number; tableBytes: number }>()

  function group(row: Row, processesMore: 1 | -1): void {
    let known = names.get(row.comm)
    if (known === undefined) {
      if (names.size >= MOST_NAMES || processesMore < 0) return
      known = { count: 0, pages: 0, tableBytes: 0 }
      names.set(row.comm, known)
    }
    known.count += processesMore
    known.pages += processesMore * row.pages
    known.tableBytes += processesMore * row.tableBytes
  }

  function thin(): void {
    const kept = new Set([
      ...best(rows, MOST_HELD / 4, heldBy),
      ...best(rows, MOST_HELD / 4, held => scoreBy(held, undefined)),
    ])
    rows = rows.filter(held => kept.has(held))
  }

  function add({ pid, numbers, name = 0 }: Cells, text: string, line: number | undefined): boolean {
    if (columns === undefined) return false
    const { signed, tables } = columns
    for (let index = 0; index < signed.length; index += 1)
      if ((numbers[index] ?? Number.NaN) < 0 && !signed[index]) return false
    const at = (index: number): number => (index < 0 ? 0 : (numbers[index] ?? 0))
    const adj = at(columns.adj)
    if (adj > 1000 || adj < -1000) return false
    const comm = name === 0 ? '' : text.slice(name).trimEnd()
    if (comm.length > LONGEST_NAME) return false
    const own = columns.anon < 0 ? at(columns.rss) : at(columns.anon)
    let pages = own + at(columns.shmem) + at(columns.swap)
    for (const table of tables) pages += at(table)
    const tableBytes = at(columns.tableBytes)
    const held: Row = { line, pid, numbers, comm: keep(comm), pages, tableBytes, adj }
    mayGoOn = held
    const process = columns.tgid < 0 ? pid : at(columns.tgid)
    if (processes.has(process)) return true
    if (processes.size < MOST_PROCESSES) processes.add(process)
    count += 1
    anon += own
    swap += at(columns.swap)
    group(held, 1)
    rows.push(held)
    if (rows.length >= MOST_HELD) thin()
    return true
  }

  /** A row that is whole or, where the log goes on to something else, as much as it has. */
  function row(cells: Cells, text: string, line: number | undefined): void {
    if (!add(cells, text, line)) broken += 1
  }

  function header(words: string): boolean {
    const found = columnsOf(words.trim().split(/ +/))
    if (!found) return false
    headers += 1
    columns = found
    return true
  }

  /** What was left open ends here: a row may have an empty name, as any process can give itself. */
  function close(): void {
    if (open?.is === 'row') {
      const cells = cellsOf(open.text, columns?.names.length ?? 0)
      if (cells && columns && cells.numbers.length === columns.names.length) row(cells, open.text, open.line)
      else broken += 1
    }
    open = undefined
  }

  /** The two ways in which a broken line may go on; only one where a blank is left at the break. */
  function joinings(before: string, text: string): readonly string[] {
    if (/\s$/.test(before) || /^\s/.test(text)) return [`${before.trimEnd()} ${text.trimStart()}`]
    return [`${before} ${text}`, before + text]
  }

  function headerGoesOn(before: string, text: string, line: number | undefined): boolean {
    for (const joined of joinings(before, text)) {
      const words = HEADER.exec(joined)?.[1]?.trim().split(/ +/)
      if (words === undefined) continue
      if (header(words.join(' '))) {
        open = undefined
        return true
      }
      const last = words.at(-1) ?? ''
      if (!words.slice(0, -1).every(word => KNOWN.has(word))) continue
      if (![...KNOWN].some(word => word.startsWith(last))) continue
      open = { text: joined, is: 'header', line }
      return true
    }
    return false
  }

  /** A number that may have been broken in two is no number: the row then is a damaged one. */
  function rowGoesOn(before: string, text: string, line: number | undefined, size: number): boolean {
    const joined = joinings(before, text)
      .filter(candidate => candidate.length <= LONGEST_ROW)
      .map(candidate => ({ candidate, cells: cellsOf(candidate, size) }))
      .filter(({ cells }) => cells !== undefined)
    const whole = joined.filter(({ candidate, cells }) =>
      /^[^\d\s]/.test(candidate.slice(cells?.name ?? LONGEST_ROW)),
    )
    const [only, ...others] = whole.length > 0 ? whole : joined
    if (only?.cells === undefined) return false
    open = undefined
    if (others.length > 0) {
      broken += 1
      mayGoOn = undefined
    } else if (only.cells.name !== undefined) row(only.cells, only.candidate, line)
    else open = { text: only.candidate, is: 'row', line }
    return true
  }

  /** The rest of a line that was broken: between two words, or within one. */
  function goesOn(text: string): boolean {
    if (open?.is === 'header') return headerGoesOn(open.text, text, open.line)
    if (open?.is === 'row' && columns !== undefined)
      return rowGoesOn(open.text, text, open.line, columns.names.length)
    // the last letters of a name
    const last = mayGoOn
    if (last === undefined || last !== rows.at(-1) || !/^\S{1,14}$/.test(text)) return false
    if (last.comm.length + text.length > 15) return false
    group(last, -1)
    last.comm = keep(last.comm + text)
    group(last, 1)
    mayGoOn = undefined
    return true
  }

  return {
    take(text, line) {
      const bracket = text.trimStart().charCodeAt(0) === 91
      if (!bracket) {
        if (TITLE.test(text)) {
          close()
          mayGoOn = undefined
          return true
        }
        return goesOn(text)
      }
      const words = HEADER.exec(text)?.[1]
      if (words !== undefined) {
        close()
        mayGoOn = undefined
        if (!header(words)) {
          // not all of it is there, or it is none
          if (
            !words
              .trim()
              .split(/ +/)
              .some(word => KNOWN.has(word))
          )
            return false
          open = { text, is: 'header', line }
        }
        return true
      }
      if (columns === undefined) {
        if (!cellsOf(text, 3)) return false
        open = undefined
        broken += 1
        return true
      }
      const cells = cellsOf(text, columns.names.length)
      if (!cells) {
        if (!cellsOf(text, 2)) return false
        close()
        // broken behind the sign of a number
        if (text.endsWith(' -')) open = { text, is: 'row', line }
        else broken += 1
        return true
      }
      close()
      if (cells.name === undefined) open = { text, is: 'row', line }
      else {
        row(cells, text, line)
        // only a name that was put together can go on
        mayGoOn = undefined
      }
      return true
    },
    table({ named: pids, pageSize: blocks, totalVm, total }) {
      close()
      // of two tables nothing tells whose a row is
      if (headers !== 1 || count === 0 || columns === undefined) return undefined
      const { tgid, anon: anonAt } = columns
      const ofNamed = rows.filter(({ pid, numbers }) => pids.has(pid) || pids.has(numbers[tgid] ?? pid))
      const pageSize = blocks ?? pageSizeBy(ofNamed, totalVm, columns.names.indexOf('total_vm'))
      const held = (row: Row): number => row.pages + row.tableBytes / (pageSize ?? LEAST_PAGE)
      const chosen = new Set([
        ...best(rows, MOST_BY_PAGES, held),
        ...best(rows, MOST_BY_SCORE, row => scoreBy(row, total)),
        ...ofNamed.slice(0, MOST_BY_PAGES),
      ])
      const whole = columns
      return {
        count,
        ...(broken === 0 ? {} : { broken }),
        ...(pageSize === undefined ? {} : { pageSize }),
        rows: best([...chosen], chosen.size, held).map(row => taskOf(row, whole)),
        anon,
        swap,
        ...(anonAt < 0 ? { notSplit: true as const } : {}),
        names: [...names]
          .filter(([, { count: processes }]) => processes > 1)
          .map(([comm, { count: processes, pages, tableBytes }]) => ({
            comm,
            count: processes,
            pages: Math.round(pages + (pageSize === undefined ? 0 : tableBytes / pageSize)),
          }))
          .sort((a, b) => b.pages - a.pages)
          .slice(0, GIVEN_NAMES),
      }
    },
  }
}
