// /proc/vmstat: mm/vmstat.c. Pages and events by the kernel's own keys.

/** Numbers by key: `nr_slab_unreclaimable 41180`. Lines of another shape are passed over. */
export function parseVmstat(text: string): Record<string, number> {
  const values: Record<string, number> = {}
  for (const line of text.split(/\r\n|\n|\r/)) {
    const match = /^\s*([a-z][\w-]*)[ \t]+(-?\d{1,20})\s*$/.exec(line)
    if (match?.[1] !== undefined && !Object.hasOwn(values, match[1])) values[match[1]] = Number(match[2])
  }
  return values
}
