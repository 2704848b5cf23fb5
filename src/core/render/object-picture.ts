// The picture of a slab object: a bar of its bytes with the damaged ones marked, what each part is, and the rows of the
// dump around the damage. For a terminal of any width, with colours or without, and as SVG for pages.

import { printable } from '../base/printable.ts'
import { type Language, text } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import { width, wrap } from '../base/width.ts'
import type { ByteRange, ObjectPicture, PictureRow } from '../explain/object-picture.ts'
import type { LayoutPart, ObjectPart } from '../knowledge/slub-object.ts'
import { plain, type Style } from './terminal.ts'
import { say } from './words.ts'

const words = text({
  en: {
    left: 'left red zone',
    object: 'object',
    kmalloc: 'red zone behind what was asked for',
    right: 'right red zone',
    alignment: 'unused up to the next word',
    'free-pointer': 'free pointer',
    tracks: 'who allocated and freed it',
    'orig-size': 'size asked for',
    metadata: 'free pointer, tracks and the like',
    padding: 'padding',
    neighbour: 'end of the object before',
    'slab-tail': 'rest of the slab behind its last object',
    damaged: 'damaged',
    unknownSize: 'size not told',
    more: '… {count|number} more rows',
    title: 'Bytes of a slab object, damaged ones marked',
    tailTitle: 'Bytes at the end of a slab, damaged ones marked',
    scale: 'not to scale',
  },
  zh: {
    left: '左侧 red zone',
    object: '对象',
    kmalloc: '申请大小之后的 red zone',
    right: '右侧 red zone',
    alignment: '字对齐留空',
    'free-pointer': 'free pointer',
    tracks: '分配与释放记录',
    'orig-size': '申请的大小',
    metadata: 'free pointer、分配与释放记录等',
    padding: 'padding',
    neighbour: '前一个对象的末尾',
    'slab-tail': 'slab 中最后一个对象之后的剩余空间',
    damaged: '损坏',
    unknownSize: '大小未知',
    more: '… 另有 {count|number} 行',
    title: 'slab 对象的各字节，损坏处已标出',
    tailTitle: 'slab 末尾的各字节，损坏处已标出',
    scale: '未按比例',
  },
})

/** The letter of a part in a bar without colours. */
const LETTERS: Readonly<Record<ObjectPart, string>> = {
  left: 'L',
  object: 'O',
  kmalloc: 'K',
  right: 'R',
  alignment: 'A',
  'free-pointer': 'F',
  tracks: 'T',
  'orig-size': 'S',
  metadata: 'M',
  padding: 'P',
  neighbour: 'N',
  'slab-tail': 'E',
}

const DAMAGED = 'X'
const UNKNOWN = '?'

export interface PictureOptions {
  readonly language: Language
  /** Cells of the terminal; below 40 it is drawn as for 40. */
  readonly columns: number
  readonly style?: Style
  readonly indent?: string
}

/** Of these nothing is dumped: their length says little. */
const SHORT: ReadonlySet<ObjectPart> = new Set(['tracks', 'metadata', 'orig-size', 'free-pointer'])
const SHORT_CELLS = 8

/** Cells of a part whose size is not known, and the fewest of one whose size is. */
const UNKNOWN_CELLS = 3
const FEWEST_CELLS = 3

interface Cell {
  readonly part: ObjectPart
  readonly glyph: string
  readonly damaged: boolean
}

interface Drawn {
  readonly part: LayoutPart
  readonly cells: readonly Cell[]
}

/** All that is wrong: of the damage itself, and of the parts the report names after it. */
function allMarks({ marks, further }: ObjectPicture): readonly ByteRange[] {
  return [...marks, ...further]
}

const touches = ({ offset, size }: ByteRange, from: number, to: number): boolean =>
  offset < to && offset + size > from

/** Cells for each part, a byte each where all fit, the longest parts shortened first where not. */
function draw(picture: ObjectPicture, room: number): readonly Drawn[] {
  const { parts } = picture
  const cells = parts.map(({ part, size }) =>
    size === undefined
      ? UNKNOWN_CELLS
      : SHORT.has(part)
        ? Math.min(size, SHORT_CELLS)
        : Math.max(1, Math.min(size, room)),
  )
  let total = cells.reduce((sum, count) => sum + count, 0)
  while (total > room) {
    const most = Math.max(...cells)
    if (most <= FEWEST_CELLS) break
    cells[cells.indexOf(most)] = most - 1
    total -= 1
  }
  const marks = allMarks(picture)
  return parts.map((part, index) => ({ part, cells: cellsOf(part, cells[index] ?? 1, marks, picture) }))
}

function cellsOf(
  { part, offset, size }: LayoutPart,
  count: number,
  marks: readonly ByteRange[],
  picture: ObjectPicture,
): readonly Cell[] {
  const letter = LETTERS[part]
  if (size === undefined) {
    // a damaged free pointer has no place in the report, and is damaged all the same
    const damaged =
      (part === 'free-pointer' && picture.damage === undefined) ||
      (offset !== undefined && marks.some(mark => touches(mark, offset, Number.POSITIVE_INFINITY)))
    return [letter, damaged ? DAMAGED : UNKNOWN, UNKNOWN].map(glyph => ({
      part,
      glyph,
      damaged: glyph === DAMAGED,
    }))
  }
  return Array.from({ length: count }, (_, index) => {
    const from = (offset ?? 0) + Math.floor((index * size) / count)
    const to =
      (offset ?? 0) +
      Math.max(Math.ceil(((index + 1) * size) / count), Math.floor((index * size) / count) + 1)
    const damaged =
      offset !== undefined
        ? marks.some(mark => touches(mark, from, to))
        : part === 'free-pointer' && picture.damage === undefined
    return { part, glyph: damaged ? DAMAGED : letter, damaged }
  })
}

const signed = (offset: number, tail: boolean): string => (offset < 0 || tail ? String(offset) : `+${offset}`)

/** The lines of the picture, nothing of them wider than the terminal. */
export function objectPictureLines(picture: ObjectPicture, options: PictureOptions): readonly string[] {
  const { language, style = plain, indent = '  ' } = options
  const columns = Math.max(40, options.columns)
  const room = columns - width(indent) - picture.parts.length - 1
  const drawn = draw(picture, room)
  const tail = picture.of === 'slab-tail'
  const lines = [
    ruler(drawn, tail),
    `|${drawn.map(({ cells }) => cells.map(cell => dress(cell, style)).join('')).join('|')}|`,
  ]
  return [
    ...lines.map(line => `${indent}${line.trimEnd()}`),
    ...legend(picture, drawn, columns - width(indent), language).map(line => `${indent}${style.faint(line)}`),
    ...rowLines(picture, { language, style, columns, indent }),
  ]
}

function dress({ part, glyph, damaged }: Cell, style: Style): string {
  if (damaged) return style.critical(glyph)
  return part === 'object' ? style.good(glyph) : part === 'tracks' ? style.faint(glyph) : style.warning(glyph)
}

/** Offsets above the beginning of each part, as many as find room. */
function ruler(drawn: readonly Drawn[], tail: boolean): string {
  const whole = drawn.reduce((sum, { cells }) => sum + cells.length + 1, 1)
  let line = ''
  let at = 1
  for (const { part, cells } of drawn) {
    const label = part.offset === undefined ? UNKNOWN : part.offset === 0 ? '0' : signed(part.offset, tail)
    // the last may have to begin before its part
    const from = Math.min(at, whole - label.length)
    if (line.length === 0 || line.length + 1 <= from) line = `${line.padEnd(from)}${label}`
    at += cells.length + 1
  }
  return line
}

function sizeWords({ size }: LayoutPart, language: Language): string {
  return size === undefined ? say(words, 'unknownSize', language) : formatBytes(size)
}

/** What each letter stands for, as many entries a line as fit. */
function legend(
  picture: ObjectPicture,
  drawn: readonly Drawn[],
  cells: number,
  language: Language,
): readonly string[] {
  const damaged = drawn.some(({ cells: all }) => all.some(cell => cell.damaged))
  const scaled = drawn.some(({ part, cells: all }) => part.size !== undefined && part.size !== all.length)
  const entries = [
    ...(damaged ? [`${DAMAGED}=${say(words, 'damaged', language)}${markWords(picture)}`] : []),
    ...drawn.map(
      ({ part }) => `${LETTERS[part.part]}=${say(words, part.part, language)} (${sizeWords(part, language)})`,
    ),
    ...(scaled && picture.parts.length > 1 ? [say(words, 'scale', language)] : []),
  ]
  const lines: string[] = []
  for (const entry of entries) {
    const last = lines.at(-1)
    if (last !== undefined && width(last) + 3 + width(entry) <= cells)
      lines[lines.length - 1] = `${last} · ${entry}`
    else lines.push(...wrap(entry, cells))
  }
  return lines
}

/** ` (+64…+67)`: from the first damaged byte to the last. */
function markWords(picture: ObjectPicture): string {
  const { of, marks } = picture
  const [first] = marks
  const last = marks.at(-1)
  if (first === undefined || last === undefined) return ''
  const from = signed(first.offset, of === 'slab-tail')
  const to = signed(last.offset + last.size - 1, of === 'slab-tail')
  return from === to ? ` (${from})` : ` (${from}…${to})`
}

/** Rows shown around the damage: of damage that goes on and on its beginning and its end. */
const MOST_ROWS = 12

interface Shown {
  readonly row: PictureRow
  readonly index: number
}

function rowsShown(rows: readonly PictureRow[], marks: readonly ByteRange[]): readonly Shown[] {
  const all = rows.map((row, index) => ({ row, index }))
  const hit = all.filter(({ row }) => marks.some(mark => touches(mark, row.offset, row.offset + row.size)))
  if (hit.length === 0) return stateRows(all)
  const near = new Set(hit.flatMap(({ index }) => [index - 1, index, index + 1]))
  const shown = all.filter(({ index }) => near.has(index))
  if (shown.length <= MOST_ROWS) return shown
  return [...shown.slice(0, (MOST_ROWS * 2) / 3), ...shown.slice(-MOST_ROWS / 3)]
}

/** Without damaged bytes among those printed: the rows that show whether the object is in use or free. */
function stateRows(all: readonly Shown[]): readonly Shown[] {
  const first = all.findIndex(({ row }) => row.part === 'object')
  const right = all.findIndex(({ row }) => row.part === 'right')
  return all.filter(({ index }) => index === first - 1 || index === first || index === right)
}

/** Rows of so many bytes each, as a narrow terminal needs them. */
function narrowed(rows: readonly PictureRow[], size: number): readonly PictureRow[] {
  return rows.flatMap(row => {
    const pieces: PictureRow[] = []
    for (let at = 0; at < row.bytes.length; at += size) {
      const bytes = row.bytes.slice(at, at + size)
      pieces.push({ ...row, offset: row.offset + at, size: bytes.length, bytes })
    }
    return pieces
  })
}

/** Offset, letter, brackets and 16 bytes with their characters take so much; with 8 so much. */
const WIDE = 76
const NARROW = 44

function rowLines(
  picture: ObjectPicture,
  { language, style, columns, indent }: Required<PictureOptions>,
): readonly string[] {
  const room = columns - width(indent)
  const size = room >= WIDE ? 16 : 8
  const characters = room >= NARROW
  const rows = narrowed(picture.rows, size)
  const marks = allMarks(picture)
  const shown = rowsShown(rows, marks)
  const tail = picture.of === 'slab-tail'
  const lines: string[] = []
  let before: number | undefined
  for (const { row, index } of shown) {
    if (before !== undefined && index > before + 1)
      lines.push(style.faint(say(words, 'more', language, { count: index - before - 1 })))
    before = index
    lines.push(rowLine(row, marks, { size, characters, tail, style, kmalloc: askedOf(picture) }))
  }
  return lines.map(line => `${indent}${line}`)
}

/** Where kmalloc's own red zone begins, which is dumped as part of the object. */
function askedOf({ parts }: ObjectPicture): number {
  return parts.find(({ part }) => part === 'kmalloc')?.offset ?? Number.POSITIVE_INFINITY
}

interface RowOptions {
  readonly size: number
  readonly characters: boolean
  readonly tail: boolean
  readonly style: Style
  readonly kmalloc: number
}

function rowLine(
  { part, offset, bytes }: PictureRow,
  marks: readonly ByteRange[],
  { size, characters, tail, style, kmalloc }: RowOptions,
): string {
  const wrong = (at: number): boolean =>
    at < bytes.length && at >= 0 && marks.some(mark => touches(mark, offset + at, offset + at + 1))
  let hex = ''
  for (let at = 0; at <= size; at += 1) {
    const opens = wrong(at) && !wrong(at - 1)
    const closes = !wrong(at) && wrong(at - 1)
    hex += opens ? style.critical('[') : closes ? style.critical(']') : ' '
    if (at === size) break
    const byte = bytes[at]
    const digits = byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')
    hex += wrong(at) ? style.critical(digits) : digits
  }
  const letter = LETTERS[part === 'object' && offset >= kmalloc ? 'kmalloc' : part]
  const head = `${signed(offset, tail).padStart(5)} ${letter} `
  return `${head}${hex}${characters ? ` ${bytes.map(character).join('')}` : ''}`.trimEnd()
}

function character(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
}

/** Colours of middling brightness: they stand out from a white page as from a black one. */
const COLOURS: Readonly<Record<ObjectPart, string>> = {
  left: '#b58900',
  object: '#2f8f5b',
  kmalloc: '#a86f00',
  right: '#b58900',
  alignment: '#9c7a54',
  'free-pointer': '#6c71c4',
  tracks: '#8a8a8a',
  'orig-size': '#2a8ea6',
  metadata: '#8a8a8a',
  padding: '#9c7a54',
  neighbour: '#8a8a8a',
  'slab-tail': '#9c7a54',
}
const RED = '#d33682'
/** Contrast 4.5 with white and 4.6 with black (WCAG 2, AA). */
const INK = '#767676'

const SVG_WIDTH = 720
const MARGIN = 12
const BAR_TOP = 34
const BAR_HEIGHT = 40
const LINE = 20
const CELLS = 88

/** Text for SVG: nothing of it is markup, and no character is one that XML forbids. */
function escaped(raw: string): string {
  return printable(raw)
    .replace(/[\ud800-\udfff\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
}

/** A whole SVG document without references, styles, scripts or ids; `describe` is what a screen reader says of it. */
export function objectPictureSvg(
  picture: ObjectPicture,
  { language, describe = '' }: { readonly language: Language; readonly describe?: string },
): string {
  const tail = picture.of === 'slab-tail'
  const drawn = draw(picture, CELLS)
  const count = drawn.reduce((sum, { cells }) => sum + cells.length, 0)
  const cell = (SVG_WIDTH - 2 * MARGIN) / Math.max(1, count)
  const bar: string[] = []
  let x = MARGIN
  let free = 0
  for (const { part, cells } of drawn) {
    const wide = cells.length * cell
    bar.push(
      `<rect x="${n(x)}" y="${BAR_TOP}" width="${n(wide)}" height="${BAR_HEIGHT}" fill="${COLOURS[part.part]}" fill-opacity="${part.size === undefined ? 0.25 : 0.6}"/>`,
    )
    for (const { from, count: hit } of runs(cells))
      bar.push(
        `<rect x="${n(x + from * cell)}" y="${BAR_TOP - 5}" width="${n(Math.max(hit * cell, 2))}" height="${BAR_HEIGHT + 10}" fill="${RED}"/>`,
      )
    bar.push(`<path d="M${n(x)} ${BAR_TOP - 4}V${BAR_TOP + BAR_HEIGHT + 4}" stroke="${INK}"/>`)
    const label = part.offset === undefined ? UNKNOWN : part.offset === 0 ? '0' : signed(part.offset, tail)
    if (x >= free) {
      bar.push(svgText(x, BAR_TOP - 10, label, { mono: true }))
      free = x + (label.length + 1) * 7.5
    }
    x += wide
  }
  let y = BAR_TOP + BAR_HEIGHT + 28
  const below: string[] = []
  const key = (colour: string, words: string): void => {
    below.push(
      `<rect x="${MARGIN}" y="${y - 11}" width="12" height="12" fill="${colour}" fill-opacity="${colour === RED ? 1 : 0.6}"/>`,
      svgText(MARGIN + 20, y, words),
    )
    y += LINE
  }
  if (drawn.some(({ cells }) => cells.some(({ damaged }) => damaged)))
    key(RED, `${DAMAGED}  ${say(words, 'damaged', language)}${markWords(picture)}`)
  for (const { part } of drawn) key(COLOURS[part.part], partWords(part, tail, language))
  y += 6
  const marks = allMarks(picture)
  const rows = narrowed(picture.rows, 16)
  let before: number | undefined
  for (const { row, index } of rowsShown(rows, marks)) {
    if (before !== undefined && index > before + 1) {
      below.push(svgText(MARGIN, y, say(words, 'more', language, { count: index - before - 1 })))
      y += LINE
    }
    before = index
    const line = rowLine(row, marks, {
      size: 16,
      characters: true,
      tail,
      style: plain,
      kmalloc: askedOf(picture),
    })
    const damaged = marks.some(mark => touches(mark, row.offset, row.offset + row.size))
    below.push(svgText(MARGIN, y, line, { mono: true, colour: damaged ? RED : INK }))
    y += LINE
  }
  const title = say(words, tail ? 'tailTitle' : 'title', language)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${SVG_WIDTH} ${y}" width="${SVG_WIDTH}" height="${y}" xml:lang="${language}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped([describe, ...drawn.map(({ part }) => partWords(part, tail, language))].filter(one => one !== '').join('; '))}</desc>`,
    ...bar,
    ...below,
    '</svg>',
    '',
  ].join('\n')
}

/** Damaged cells that follow one another. */
function runs(cells: readonly Cell[]): readonly { readonly from: number; readonly count: number }[] {
  const found: { from: number; count: number }[] = []
  cells.forEach(({ damaged }, index) => {
    const last = found.at(-1)
    if (!damaged) return
    if (last !== undefined && last.from + last.count === index) last.count += 1
    else found.push({ from: index, count: 1 })
  })
  return found
}

function partWords(part: LayoutPart, tail: boolean, language: Language): string {
  const place = part.offset === undefined ? '' : ` @ ${part.offset === 0 ? '0' : signed(part.offset, tail)}`
  return `${LETTERS[part.part]}  ${say(words, part.part, language)}, ${sizeWords(part, language)}${place}`
}

const n = (value: number): string => String(Math.round(value * 100) / 100)

function svgText(
  x: number,
  y: number,
  line: string,
  { mono = false, colour = INK }: { readonly mono?: boolean; readonly colour?: string } = {},
): string {
  const family = mono ? 'ui-monospace, Menlo, Consolas, monospace' : 'system-ui, sans-serif'
  return `<text x="${n(x)}" y="${n(y)}" font-family="${family}" font-size="12" fill="${colour}" xml:space="preserve">${escaped(line)}</text>`
}
