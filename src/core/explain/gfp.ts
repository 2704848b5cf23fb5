// A gfp mask as a fact: the number, and the names of its flags as far as they are sure.

import type { Gfp } from '../decode/kmsg/report.ts'
import { decodeGfp } from '../knowledge/gfp-flags.ts'
import { parseRelease } from '../knowledge/kernel-release.ts'

/** What the mask can stand for, where the kernel printed no names: by the release, else by every layout that fits. */
export function gfpReadings({ mask, flags }: Gfp, kernel?: string): readonly (readonly string[])[] {
  if (flags !== undefined) return [flags.split('|')]
  const release = kernel === undefined ? undefined : parseRelease(kernel)
  const all = decodeGfp(Number(mask), release)
  const likely = all.filter(reading => reading.likely)
  return (likely.length > 0 ? likely : all).map(({ names }) => names)
}

/** `0x10c0d0 (GFP_KERNEL|__GFP_COMP|__GFP_ZERO|…)`: the names in which all readings agree. */
export function gfpWords(gfp: Gfp, kernel?: string): string {
  const [first = [], ...others] = gfpReadings(gfp, kernel)
  const sure = first.filter(name => others.every(names => names.includes(name)))
  const open = others.some(names => names.length > sure.length) || first.length > sure.length
  if (sure.length === 0) return gfp.mask
  return `${gfp.mask} (${[...sure, ...(open ? ['…'] : [])].join('|')})`
}
