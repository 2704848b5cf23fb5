// /proc/meminfo: fs/proc/meminfo.c, Documentation/filesystems/proc.rst.

/** Bytes of a line's unit; lines without one count (HugePages_Total). */
const UNITS: Readonly<Record<string, number>> = { kB: 1024, KB: 1024, kb: 1024 }

/**
 * Bytes by the kernel's own keys; counts where a line has no unit. `MemTotal:        8009912 kB`. Lines of another
 * shape are passed over, a key printed twice keeps its first value.
 */
export function parseMeminfo(text: string): Record<string, number> {
  const values: Record<string, number> = {}
  for (const line of text.split(/\r\n|\n|\r/)) {
    const match = /^\s*([A-Za-z][\w()-]*):\s*(\d{1,20})(?:[ \t]+([kK][bB]))?\s*$/.exec(line)
    const key = match?.[1]
    if (match === null || key === undefined || Object.hasOwn(values, key)) continue
    values[key] = Number(match[2]) * (UNITS[match[3] ?? ''] ?? 1)
  }
  return values
}
