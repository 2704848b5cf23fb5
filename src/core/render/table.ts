// Columns side by side, as kubectl prints them: a heading, two blanks between columns, numbers to the right.

import { width } from '../base/width.ts'

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
  /** Where the line is too long, this column gives way: its middle is left out. */
  readonly yields?: true
}

const GAP = '  '

/** A column that yields keeps so many cells (ours: enough to tell names apart by their beginning and end). */
const LEAST = 24

function padded(cell: string, cells: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, cells - width(cell)))
  return align === 'left' ? cell + blanks : blanks + cell
}

/** Both ends of a text that is longer than `cells`, the end longer than the beginning: names differ there. */
export function shortened(text: string, cells: number): string {
  if (width(text) <= cells) return text
  const characters = [...text]
  const room = Math.max(2, cells - 1)
  let head = ''
  let used = 0
  for (const character of characters) {
    if (used + width(character) > Math.floor(room / 3)) break
    head += character
    used += width(character)
  }
  let tail = ''
  for (let at = characters.length - 1; at >= 0; at -= 1) {
    const character = characters[at] ?? ''
    if (used + width(character) > room) break
    tail = character + tail
    used += width(character)
  }
  return `${head}…${tail}`
}

/**
 * The lines of a table, the heading first. `cells`: of the terminal; `Infinity` shows all in full. Cells have to be
 * printable (base/printable.ts).
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  cells: number,
): readonly string[] {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((most, row) => Math.max(most, width(row[index] ?? '')), width(title)),
  )
  const over = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1) - cells
  const yielding = columns.findIndex(column => column.yields)
  if (over > 0 && yielding >= 0) {
    const now = widths[yielding] ?? 0
    widths[yielding] = Math.max(Math.min(now, LEAST), now - over)
  }
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, index) =>
        padded(shortened(row[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, align),
      )
      .join(GAP)
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...rows.map(line)]
}
