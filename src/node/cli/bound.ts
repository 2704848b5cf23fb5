// `--since 24h`, `--until '2026-11-20 03:00'`, `--since boot+3600`: a point in time, on the clock of a log.

import type { Bound } from '../../core/decoded/selection.ts'
import { parseDuration } from './duration.ts'

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/

/** What was given as a time; undefined for anything else, and for days that no calendar has. */
export function parseBound(text: string): Bound | undefined {
  const back = parseDuration(text)
  if (back !== undefined) return { from: 'back', seconds: back }
  const boot = /^boot\+(\d{1,12}(?:\.\d{1,9})?)s?$/.exec(text)?.[1]
  if (boot !== undefined) return { from: 'boot', seconds: Number(boot) }
  const found = DATE.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hours = '0', minutes = '0', seconds = '0', fraction, zone] = found
  const at = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hours),
    Number(minutes),
    Number(seconds),
  )
  const date = new Date(at)
  const fits =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hours) &&
    date.getUTCMinutes() === Number(minutes)
  if (!fits) return undefined
  const whole = at / 1000 + (fraction === undefined ? 0 : Number(`0.${fraction}`))
  return zone === undefined
    ? { from: 'wall', seconds: whole }
    : { from: 'utc', seconds: whole - offsetOf(zone) }
}

/** Seconds east of UTC. */
function offsetOf(zone: string): number {
  if (zone === 'Z' || zone === 'UTC') return 0
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60
  return zone.startsWith('-') ? -seconds : seconds
}
