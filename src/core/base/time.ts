/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number

/**
 * When a log line was written, by whichever clock stamped it. Stamps of different clocks are never compared.
 *
 * - `boot`: seconds since boot (`[ 1460.023551]`, the microseconds of /dev/kmsg)
 * - `utc`: seconds since 1970, zone known
 * - `local`: seconds since 1970 as if the node's local time were UTC (`dmesg -T`)
 * - `no-year`: the same in the leap year 1972, because syslog prints no year
 * - `time-of-day`: seconds since midnight
 */
export type Clock = 'boot' | 'utc' | 'local' | 'no-year' | 'time-of-day'

export interface Stamp {
  readonly clock: Clock
  /** Seconds on that clock, with the fraction that was printed. */
  readonly seconds: number
  /** What a reader is shown: `2020-07-03T00:00:50`, `2026-11-23T17:13:32Z`, `--06-20T12:41:24`, `boot+1460.023551`. */
  readonly text: string
}

/** RFC 3339 in UTC, to the second unless the instant has a fraction. */
export function rfc3339(at: Instant): string {
  const text = new Date(at).toISOString()
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text
}
