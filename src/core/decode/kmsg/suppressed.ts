// "oom_kill_process: 70 callbacks suppressed": ___ratelimit() of lib/ratelimit.c.

export interface SuppressedLine {
  readonly is: 'suppressed'
  readonly source: string
  readonly count: number
}

/** Mostly a function; file systems give their own words: `EXT4-fs error: 6 callbacks suppressed`. */
const SUPPRESSED =
  /^\s*(\S{1,100}|[\w./-]{1,40}(?: [\w./()-]{1,40}){1,3}): (\d{1,15}) (?:\S{1,40} )?callbacks suppressed/

export function parseSuppressedLine(text: string): SuppressedLine | undefined {
  if (!text.includes('callbacks suppressed')) return undefined
  const found = SUPPRESSED.exec(text)
  return found ? { is: 'suppressed', source: found[1] ?? '', count: Number(found[2]) } : undefined
}
