// "page allocation failure": warn_alloc() of mm/page_alloc.c. The head; the rest is Mem-Info.

import { gfp } from './oom.ts'
import type { Gfp } from './report.ts'

export interface PageAllocationHead {
  readonly is: 'page-allocation'
  readonly comm: string
  readonly order: number
  readonly gfp: Gfp
  readonly cpuset?: string
}

/** `mysqld: page allocation failure. order:4, mode:0x10c0d0` of el6; a colon from 3.x on. */
const HEAD =
  /^\s*(.{1,200}?): page allocation failure[.:] order:(\d+), mode:(0x[0-9a-fA-F]+)(?:\(([^)]{0,400})\))?(?:, nodemask=[^,]{0,200}(?:,\d[\d,-]*)*)?(?:,cpuset=(.*),mems_allowed=)?/

export function parsePageAllocationLine(text: string): PageAllocationHead | undefined {
  if (!text.includes(': page allocation failure')) return undefined
  const found = HEAD.exec(text)
  if (!found) return undefined
  const name = found[1] ?? ''
  return {
    is: 'page-allocation',
    comm: name.length <= 15 ? name : (/(\S{1,15})$/.exec(name)?.[1] ?? name.slice(-15)),
    order: Number(found[2]),
    gfp: gfp(found[3] ?? '', found[4]),
    ...(found[5] === undefined ? {} : { cpuset: found[5] }),
  }
}
