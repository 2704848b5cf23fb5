// /proc/cmdline: Documentation/admin-guide/kernel-parameters.txt.

export interface CmdlineWords {
  readonly text: string
  /** `BOOT_IMAGE=` as written, the loader's device included: `(hd0,msdos1)/vmlinuz-3.10.0-957.el7.x86_64`. */
  readonly bootImage?: string
  /** `cgroup.memory=…nokmem` (mm/memcontrol.c, cgroup_memory(); a comma list). */
  readonly cgroupMemoryNokmem: boolean
  /** Value of slub_debug= or, since 6.6, slab_debug=; '' where it stands alone. */
  readonly slubDebug?: string
  /** `on` or `off`. */
  readonly kmemleak?: string
}

/** Words of a command line; quotes keep blanks together (lib/cmdline.c, next_arg). */
function words(line: string): string[] {
  const found: string[] = []
  let word = ''
  let quoted = false
  for (const character of line) {
    if (character === '"') quoted = !quoted
    else if (!quoted && /\s/.test(character)) {
      if (word !== '') found.push(word)
      word = ''
    } else word += character
  }
  if (word !== '') found.push(word)
  return found
}

/**
 * The words that matter here. Of a word given twice the last wins, as in the kernel; `nokmem` anywhere counts, since
 * every cgroup.memory= is read. Words behind ` -- ` are init's.
 */
export function parseCmdline(text: string): CmdlineWords {
  const line = text.trim()
  let bootImage: string | undefined
  let slubDebug: string | undefined
  let kmemleak: string | undefined
  let nokmem = false
  for (const word of words(line.slice(0, 64 * 1024))) {
    if (word === '--') break
    const cut = word.indexOf('=')
    // The kernel takes - and _ for the same in a parameter's name (parameqn in kernel/params.c).
    const name = (cut < 0 ? word : word.slice(0, cut)).replaceAll('-', '_')
    const value = cut < 0 ? '' : word.slice(cut + 1)
    if (name === 'BOOT_IMAGE') bootImage ??= value
    else if (name === 'cgroup.memory') nokmem ||= value.split(',').includes('nokmem')
    else if (name === 'slub_debug' || name === 'slab_debug') slubDebug = value
    else if (name === 'kmemleak') kmemleak = value
  }
  return {
    text: line,
    ...(bootImage === undefined ? {} : { bootImage }),
    cgroupMemoryNokmem: nokmem,
    ...(slubDebug === undefined ? {} : { slubDebug }),
    ...(kmemleak === undefined ? {} : { kmemleak }),
  }
}
