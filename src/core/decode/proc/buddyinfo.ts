// /proc/buddyinfo: frag_show_print in mm/vmstat.c, Documentation/filesystems/proc.rst.

export interface BuddyZone {
  readonly node: number
  readonly zone: string
  /** Free blocks of 2^order pages, by order. */
  readonly free: readonly number[]
}

/** Zones in their order: `Node 0, zone   Normal   1163   1101    932 …`. Lines of another shape are passed over. */
export function parseBuddyinfo(text: string): BuddyZone[] {
  const zones: BuddyZone[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    const match = /^\s*Node (\d{1,6}), zone\s+(\w{1,32})((?:[ \t]+\d{1,12}){1,64})\s*$/.exec(
      line.slice(0, 4096),
    )
    if (match?.[2] === undefined || match[3] === undefined) continue
    zones.push({
      node: Number(match[1]),
      zone: match[2],
      free: match[3]
        .trim()
        .split(/[ \t]+/)
        .map(Number),
    })
  }
  return zones
}
