// /proc/PID/auxv: pairs of words that the kernel gives a program at its start (create_elf_tables() of fs/binfmt_elf.c), in
// the words and byte order of the machine.

/** AT_PAGESZ of include/uapi/linux/auxvec.h. */
const AT_PAGESZ = 6

/** The largest pages Linux has are of 256 KiB (hexagon, powerpc); the smallest of 4 KiB. */
function isPageSize(value: number): boolean {
  return value >= 4096 && value <= 262_144 && (value & (value - 1)) === 0
}

/** Bytes of a page, of a program of 64 bits; undefined where it does not stand there. */
export function decodePageSize(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const little of [true, false]) {
    for (let at = 0; at + 16 <= bytes.length && at < 4096; at += 16) {
      const value = Number(view.getBigUint64(at + 8, little))
      if (view.getBigUint64(at, little) === BigInt(AT_PAGESZ) && isPageSize(value)) return value
    }
  }
  return undefined
}
