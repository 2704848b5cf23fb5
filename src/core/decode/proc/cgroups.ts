// /proc/cgroups: proc_cgroupstats_show in kernel/cgroup/cgroup-v1.c, Documentation/admin-guide/cgroup-v1/cgroups.rst.

/** A line: `memory	5	232	1`. */
export interface CgroupControllerLine {
  readonly hierarchy: number
  readonly numCgroups: number
  readonly enabled: boolean
}

/** Controllers by name. Lines of another shape are passed over, the header with them. */
export function parseCgroups(text: string): Record<string, CgroupControllerLine> {
  const controllers: Record<string, CgroupControllerLine> = {}
  for (const line of text.split(/\r\n|\n|\r/)) {
    const match = /^\s*([a-z][\w-]*)[ \t]+(\d{1,10})[ \t]+(\d{1,10})[ \t]+([01])\s*$/.exec(line)
    if (match?.[1] === undefined) continue
    controllers[match[1]] = {
      hierarchy: Number(match[2]),
      numCgroups: Number(match[3]),
      enabled: match[4] === '1',
    }
  }
  return controllers
}
