// /proc/PID/mountinfo: Documentation/filesystems/proc.rst section 3.5.

export interface Mount {
  /** `0:32`: st_dev of the files on it. */
  readonly device: string
  /** What of the filesystem is mounted: `/`, or a directory of it. */
  readonly root: string
  /** Where, as the process sees it. */
  readonly mountPoint: string
  readonly type: string
  /** Options of the filesystem, not of the mount: of cgroup v1 its controllers. */
  readonly superOptions: readonly string[]
}

/** `\040` and its like: blanks, tabs, newlines and backslashes are written in octal (mangle_path in fs/seq_file.c). */
function plain(field: string): string {
  return field.includes('\\')
    ? field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : field
}

/**
 * The mounts in their order, the later one on top.
 * `35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory`; any number of optional fields
 * stands before the dash.
 */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    const fields = line.trim().split(' ')
    const dash = fields.indexOf('-', 6)
    const root = fields[3]
    const mountPoint = fields[4]
    const type = fields[dash + 1]
    if (dash < 0 || root === undefined || mountPoint === undefined || type === undefined) continue
    if (!/^\d+$/.test(fields[0] ?? '') || !mountPoint.startsWith('/')) continue
    mounts.push({
      device: fields[2] ?? '',
      root: plain(root),
      mountPoint: plain(mountPoint),
      type,
      superOptions: (fields[dash + 3] ?? '').split(','),
    })
  }
  return mounts
}
