// --watch: the same picture again and again. On a terminal it is drawn over the one before; elsewhere each stands below the
// last. It ends on Ctrl-C, or when nobody reads any more.

import { cutCells } from '../../core/base/width.ts'
import { columnsOf } from './columns.ts'
import { exitCodes } from './exit.ts'
import { outputTo } from './output.ts'

/** Seconds between two readings where none are given; `watch` and `top` have two and three. */
export const WATCH_SECONDS = 2

/** A reading of a large node takes some tenths of a second: more often would be load, not news (ours). */
const LEAST_SECONDS = 0.5

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }

/** Seconds of `2`, `0.5`, `500ms`, `10s`, `1m`; undefined for anything else, and for what is too often or never. */
export function parseInterval(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(ms|[smh])?$/.exec(text)
  if (match === null) return undefined
  const seconds = Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1)
  return seconds >= LEAST_SECONDS && seconds <= 86_400 ? seconds : undefined
}

export interface Watch {
  readonly seconds: number
  /** The next picture, whole lines. */
  readonly draw: () => Promise<string>
  /** What is cut off below the terminal's last line, in words. */
  readonly more: (lines: number) => string
  /** The output could not be written, for the reason `code`. */
  readonly fail: (code: string) => never
}

/** What render/terminal.ts dresses lines with. */
const COLOUR = /\x1b\[\d+m/g

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const HOME = '\x1b[H'
const CLEAR = '\x1b[2J'
const TO_LINE_END = '\x1b[K'
const TO_END = '\x1b[J'

/** Lines that fit: a line that wraps, or one too many, would move the picture. What is cut loses its colour. */
function fitting(picture: string, { more }: Watch): string {
  const { rows = 24 } = process.stdout
  const columns = columnsOf(process.stdout)
  const all = picture.replace(/\n$/, '').split('\n')
  const room = Math.max(1, rows - 1)
  const shown = all.length <= room ? all : [...all.slice(0, room - 1), more(all.length - room + 1)]
  return shown
    .map(line => {
      const plain = line.replace(COLOUR, '')
      const cut = cutCells(plain, columns)
      return `${cut === plain ? line : cut}${TO_LINE_END}\n`
    })
    .join('')
}

/** Draws until Ctrl-C: then 130, as of a process that ended by SIGINT. */
export async function watch(options: Watch): Promise<number> {
  const terminal = process.stdout.isTTY === true
  const output = outputTo(1, options.fail)
  let interrupted = false
  let wake = (): void => {}
  const interrupt = (): void => {
    interrupted = true
    wake()
  }
  process.on('SIGINT', interrupt)
  if (terminal) output.write(HIDE_CURSOR + CLEAR)
  try {
    for (let first = true; !interrupted && output.isHeard(); first = false) {
      const picture = await options.draw()
      if (terminal) output.write(`${HOME}${fitting(picture, options)}${TO_END}`)
      else output.write(first || picture.startsWith('{') ? picture : `\n${picture}`)
      if (interrupted || !output.isHeard()) break
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, options.seconds * 1000)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    process.off('SIGINT', interrupt)
    if (terminal) output.write(`${SHOW_CURSOR}`)
  }
  return interrupted ? exitCodes.interrupted : exitCodes.finished
}
