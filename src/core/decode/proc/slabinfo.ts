// /proc/slabinfo: slabinfo(5); cache_show() of mm/slab_common.c and its elders in mm/slab.c. Versions 2.0 and 2.1 have the
// same columns; debugging kernels of SLAB add groups behind them. Version 1.1 (2.4) had slabs where 2.x has pages a slab.

import { keep } from '../../base/lines.ts'

export interface SlabinfoRow {
  /** The cache as printed: of merged caches the name that came first; `dentry(1683:698bb…)` is a cgroup's own (to 5.8). */
  readonly name: string
  readonly activeObjs: number
  readonly numObjs: number
  /** Bytes an object takes in its slab, with what debugging adds. */
  readonly objSize: number
  readonly objPerSlab: number
  readonly pagesPerSlab: number
  readonly numSlabs: number
}

export interface Slabinfo {
  /** `2.1`; undefined where the first line is lost. */
  readonly version?: string
  /** In the order of the file; a name may be there more than once (caches of cgroups that have gone). */
  readonly rows: readonly SlabinfoRow[]
}

const VERSION = /^slabinfo - version: (\d{1,3}\.\d{1,3})/
const NUMBERS =
  /^(\S.{0,300}?) +(\d{1,15}) +(\d{1,15}) +(\d{1,15}) +(\d{1,15}) +(\d{1,15}) *: *tunables\b.{0,200}?: *slabdata +(\d{1,15}) +(\d{1,15})\b/
/** `kmem_cache 59 78 100 2 2 1`: objects, bytes, slabs in use and in all, pages a slab. */
const OF_2_4 =
  /^(\S{1,64}) +(\d{1,15}) +(\d{1,15}) +(\d{1,15}) +(\d{1,15}) +(\d{1,15}) +(\d{1,15})(?: *:.{0,400})?$/

/** Rows kept: 223,563 caches were seen on a 3.10 that had lost 65,535 cgroups; four times that. */
const MOST_ROWS = 1_000_000

/** Lines that are no rows are left out: a torn file still tells of the rest. */
export function parseSlabinfo(text: string): Slabinfo {
  let version: string | undefined
  const rows: SlabinfoRow[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '' || line.startsWith('#') || line.length > 2000) continue
    if (rows.length >= MOST_ROWS) break
    const head = VERSION.exec(line)?.[1]
    if (head !== undefined) {
      version ??= head
      continue
    }
    const found = NUMBERS.exec(line)
    if (found) {
      const [activeObjs, numObjs, objSize, objPerSlab, pagesPerSlab, , numSlabs] = found.slice(2).map(Number)
      rows.push({
        name: keep(found[1] ?? ''),
        activeObjs: activeObjs ?? 0,
        numObjs: numObjs ?? 0,
        objSize: objSize ?? 0,
        objPerSlab: objPerSlab ?? 0,
        pagesPerSlab: pagesPerSlab ?? 0,
        numSlabs: numSlabs ?? 0,
      })
      continue
    }
    const old = version?.startsWith('1.') === true ? OF_2_4.exec(line) : null
    if (!old) continue
    const [activeObjs = 0, numObjs = 0, objSize = 0, , numSlabs = 0, pagesPerSlab = 0] = old
      .slice(2)
      .map(Number)
    rows.push({
      name: keep(old[1] ?? ''),
      activeObjs,
      numObjs,
      objSize,
      objPerSlab: numSlabs === 0 ? 0 : Math.floor(numObjs / numSlabs),
      pagesPerSlab,
      numSlabs,
    })
  }
  return { ...(version === undefined ? {} : { version }), rows }
}
