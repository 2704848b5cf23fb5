// /proc/zoneinfo: zoneinfo_show_print in mm/vmstat.c.

export interface Zone {
  readonly node: number
  readonly zone: string
  /** Pages. */
  readonly pagesFree?: number
}

/** Zones in their order with what is free in them: `Node 0, zone Normal`, then `  pages free     248733`. */
export function parseZoneinfo(text: string): Zone[] {
  const zones: { node: number; zone: string; pagesFree?: number }[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    const head = /^\s*Node (\d{1,6}), zone\s+(\w{1,32})\s*$/.exec(line.slice(0, 4096))
    if (head?.[2] !== undefined) zones.push({ node: Number(head[1]), zone: head[2] })
    const free = /^\s*pages free\s+(\d{1,16})\s*$/.exec(line.slice(0, 4096))
    const zone = zones.at(-1)
    if (free !== null && zone !== undefined) zone.pagesFree ??= Number(free[1])
  }
  return zones
}
