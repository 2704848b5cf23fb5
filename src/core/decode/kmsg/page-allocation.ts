// The first line of a report of warn_alloc() of mm/page_alloc.c. The rest is a call trace and Mem-Info. What vmalloc()
// says through the same function is read elsewhere.

import { gfp } from './oom.ts'
import type { PageAllocationFailure } from './report.ts'

export interface PageAllocationHead
  extends Pick<
    PageAllocationFailure,
    'warns' | 'comm' | 'order' | 'gfp' | 'stalled' | 'nodemask' | 'cpuset' | 'memsAllowed'
  > {
  readonly is: 'page-allocation'
}

/** `mysqld: page allocation failure. order:4, mode:0x10c0d0` of el6; a colon from 3.x on. */
const HEAD =
  /^\s*(.{1,200}?): page allocation (?:failure[.:]|stalls for (\d{1,15})ms,) order:(\d{1,3}), mode:(0x[0-9a-fA-F]+)(?:\(([^)]{0,400})\))?(.{0,8192})$/

const NODEMASK = /^, ?nodemask=(\(null\)|[\d,-]{1,1024}?)(?=,cpuset=|,?\s*$)/
const CPUSET = /,cpuset=(.{0,512}),mems_allowed=([\d,-]{1,1024})?/

export function parsePageAllocationLine(text: string): PageAllocationHead | undefined {
  if (!text.includes(': page allocation ')) return undefined
  const found = HEAD.exec(text)
  if (!found) return undefined
  const [, name = '', stalled, order, mask = '', names, rest = ''] = found
  const nodemask = NODEMASK.exec(rest)?.[1]
  const [, cpuset, memsAllowed] = CPUSET.exec(rest) ?? []
  return {
    is: 'page-allocation',
    ...(stalled === undefined ? {} : { warns: 'stall' as const, stalled: Number(stalled) }),
    comm: name.length <= 15 ? name : (/(\S{1,15})$/.exec(name)?.[1] ?? name.slice(-15)),
    order: Number(order),
    gfp: gfp(mask, names),
    ...(nodemask === undefined || nodemask === '(null)' ? {} : { nodemask }),
    ...(cpuset === undefined ? {} : { cpuset }),
    ...(memsAllowed === undefined ? {} : { memsAllowed }),
  }
}

/** `mysqld cpuset=/ mems_allowed=0-1`, a line of its own until 4.19. */
const CPUSET_LINE = /^\s*(.{1,15}?) cpuset=(\S{1,4096}) mems_allowed=([\d,-]{1,1024})\s*$/

export function parseCpusetLine(
  text: string,
): { readonly comm: string; readonly cpuset: string; readonly memsAllowed: string } | undefined {
  const found = text.includes(' cpuset=') ? CPUSET_LINE.exec(text) : null
  if (found?.[1] === undefined || found[2] === undefined || found[3] === undefined) return undefined
  return { comm: found[1], cpuset: found[2], memsAllowed: found[3] }
}
