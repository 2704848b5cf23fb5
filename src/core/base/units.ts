// Bytes inside, always. The kernel's "unlimited" is not a number but the largest its counter can hold.

/**
 * At or above this many bytes a limit means "none". PAGE_COUNTER_MAX is LONG_MAX rounded down to a page, so with
 * pages of 4 to 64 KiB the files say 9223372036854771712 to 9223372036854710272 (include/linux/page_counter.h);
 * vanilla 3.10's res_counter says 9223372036854775807 and the log of 3.13 prints 18014398509481983kB. Half of
 * LONG_MAX is below all of them and above any memory there can be.
 */
const UNLIMITED_FROM = 2 ** 62

/** A limit in bytes as read; `Infinity` where the kernel means "no limit". */
export function limitBytes(bytes: number): number {
  return bytes >= UNLIMITED_FROM ? Number.POSITIVE_INFINITY : bytes
}

/** A limit as a Report carries it: bytes, or the kernel's own word for unlimited. */
export function reportedLimit(bytes: number): number | 'max' {
  return bytes === Number.POSITIVE_INFINITY ? 'max' : bytes
}

const STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `3868836 KiB` in bytes as `3.69 GiB`: three significant figures, binary steps, no rounding up to the next step's 1024. */
export function formatBytes(bytes: number): string {
  if (bytes === Number.POSITIVE_INFINITY) return 'max'
  const sign = bytes < 0 ? '-' : ''
  let rest = Math.abs(bytes)
  let step = 0
  while (rest >= 1023.5 && step < STEPS.length - 1) {
    rest /= 1024
    step += 1
  }
  const digits = step === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2
  const fixed = rest.toFixed(digits)
  return `${sign}${digits > 0 ? fixed.replace(/\.?0+$/, '') : fixed} ${STEPS[step]}`
}
