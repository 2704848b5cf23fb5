// Lists of CPUs as sysfs writes them: `0-3,8,10-11` (bitmap_print_to_pagebuf, lib/bitmap.c).

/** CPUs at most in a kernel: NR_CPUS of x86 with MAXSMP, and more than any other architecture allows. */
const CPUS_LIMIT = 8192

/** How many CPUs a list names; undefined where it is none or names none. */
export function countCpus(text: string): number | undefined {
  let count = 0
  for (const part of text.trim().slice(0, 65_536).split(',')) {
    const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part)
    if (found === null) return undefined
    const first = Number(found[1])
    const last = found[2] === undefined ? first : Number(found[2])
    if (last < first) return undefined
    count += last - first + 1
    if (count > CPUS_LIMIT) return undefined
  }
  return count
}
