// A look that keeps more than kmemscope reads today: what judgements over time, of the node's ledger and of whose a
// cgroup was will want.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const PAGE = 4096

const KEPT = [
  '/proc/slabinfo',
  '/proc/vmallocinfo',
  '/proc/zoneinfo',
  '/proc/buddyinfo',
  '/proc/pagetypeinfo',
  '/proc/net/sockstat',
  '/proc/net/sockstat6',
  '/proc/net/tcp',
  '/proc/sys/net/ipv4/tcp_mem',
  '/proc/sys/fs/file-nr',
  '/proc/[0-9]*/cgroup',
  '/proc/[0-9]*/status',
  '/sys/fs/cgroup/**/cgroup.procs',
  '/sys/fs/cgroup/**/memory.numa_stat',
  '/sys/fs/cgroup/**/memory.swap.current',
  '/sys/fs/cgroup/**/memory.kmem.tcp.usage_in_bytes',
] as const

/** Lines of sh that define `sample NAME PATTERN…`: a look, and beside it what is kept. */
export const SAMPLE = `
    sample() {
      keep "$@" ${KEPT.map(path => `'${path}'`).join(' ')}
      look "$1"
    }`

/** Throws where a number is not there, or outside of what was worked out. */
export function mustBe(what: string, value: number | undefined, least: number, most = least): void {
  if (value === undefined || !(value >= least && value <= most))
    throw new Error(`${what} is ${value}, must be ${least === most ? least : `from ${least} to ${most}`}`)
}

/** The number in the first match of a line; NaN where there is none. */
export const numberIn = (text: string | undefined, line: RegExp): number =>
  Number(line.exec(text ?? '')?.[1] ?? Number.NaN)

/** Directories at and below one of the tree, by their paths in it. */
export function directoriesBelow(tree: string, path: string): readonly string[] {
  const names = readdirSync(join(tree, path), { withFileTypes: true })
  return [
    path,
    ...names.filter(one => one.isDirectory()).flatMap(({ name }) => directoriesBelow(tree, join(path, name))),
  ]
}
