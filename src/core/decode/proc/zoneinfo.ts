// /proc/zoneinfo: zoneinfo_show_print in mm/vmstat.c.

export interface Zone {
  readonly node: number
  readonly zone: string
  /** Pages. */
  readonly pagesFree?: number
  readonly min?: number
  readonly low?: number
  readonly high?: number
  readonly managed?: number
  /** lowmem_reserve[]: pages that requests for a higher zone must leave, by that zone's index. */
  readonly protection?: readonly number[]
}

const HEAD = /^\s*Node (\d{1,6}), zone\s+(\w{1,32})\s*$/
const PAGES = /^\s*(pages free|min|low|high|managed)\s+(\d{1,16})\s*$/
const PROTECTION = /^\s*protection: \((\d{1,16}(?:, \d{1,16}){0,15})\)\s*$/

/** Zones in their order: `Node 0, zone Normal`, then `  pages free     248733`, `        min      21962` … */
export function parseZoneinfo(text: string): Zone[] {
  const zones: { -readonly [K in keyof Zone]: Zone[K] }[] = []
  for (const whole of text.split(/\r\n|\n|\r/)) {
    const line = whole.slice(0, 4096)
    const head = HEAD.exec(line)
    if (head?.[2] !== undefined) {
      zones.push({ node: Number(head[1]), zone: head[2] })
      continue
    }
    const zone = zones.at(-1)
    if (zone === undefined) continue
    const pages = PAGES.exec(line)
    if (pages?.[1] !== undefined) {
      const key = pages[1] === 'pages free' ? 'pagesFree' : (pages[1] as 'min' | 'low' | 'high' | 'managed')
      zone[key] ??= Number(pages[2])
    }
    const protection = PROTECTION.exec(line)?.[1]
    if (protection !== undefined) zone.protection ??= protection.split(', ').map(Number)
  }
  return zones
}
