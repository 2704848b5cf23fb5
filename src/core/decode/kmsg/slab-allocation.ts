// "SLUB: Unable to allocate memory on node": slab_out_of_memory() of mm/slub.c, and its older sister of mm/slab.c.
// Three kinds of lines; several CPUs print them at once.

import { gfp } from './oom.ts'
import type { Gfp, SlabNode } from './report.ts'

export interface SlabHead {
  readonly is: 'slab-head'
  readonly allocator: 'SLUB' | 'SLAB'
  readonly node: number
  readonly cpu?: number
  readonly gfp: Gfp
}

export interface SlabCacheLine {
  readonly is: 'slab-cache'
  readonly cache: string
  readonly memcgId?: number
  readonly memcgName?: string
  readonly objectSize: number
  readonly bufferSize?: number
  readonly defaultOrder?: number
  readonly minOrder?: number
  readonly order?: number
}

export interface SlabNodeLine {
  readonly is: 'slab-node'
  readonly node: SlabNode
}

export type SlabLine = SlabHead | SlabCacheLine | SlabNodeLine

/** `(gfp=0x80d0)` to 4.4, `, gfp=0xcc0(GFP_KERNEL)` from 4.9, `on CPU 3 (of node 0) on node -1` from 6.12; `=3D` of a mail. */
const HEAD =
  /\b(SLUB|SLAB): Unable to allocate memory on (?:CPU ?#?(\d+) (?:\(of node -?\d+\) )?on )?node (-?\d+),? *\(?gfp=(?:3D)?(0x[0-9a-fA-F]+)(?:\(([^)]{0,400})\))?/
const CACHE =
  /(?:^|\s)cache: (.{1,300}?), object size: (\d+)(?:, buffer size: (\d+))?(?:, default order: (\d+), min order: (\d+)|, order: (\d+))?/
/** `dentry(1683:698bb…)`: kmemcg_id or css serial, and the cgroup's last path component. */
const OF_MEMCG = /^(.{1,300}?)\((\d{1,10}):(.{0,300})\)$/
const NODE = /(?:^|\s)node (\d+): slabs: (\d+)(?:\/(\d+))?, objs: (\d+)(?:\/(\d+))?(?:, free: (\d+))?/

export function parseSlabLine(text: string): SlabLine | undefined {
  if (text.includes(': Unable to allocate')) {
    const found = HEAD.exec(text)
    if (!found) return undefined
    return {
      is: 'slab-head',
      allocator: found[1] === 'SLAB' ? 'SLAB' : 'SLUB',
      node: Number(found[3]),
      ...(found[2] === undefined ? {} : { cpu: Number(found[2]) }),
      gfp: gfp(found[4] ?? '', found[5]),
    }
  }
  if (text.includes('cache: ') && text.includes('object size: ')) {
    const found = CACHE.exec(text)
    if (!found) return undefined
    const [, name, objectSize, bufferSize, defaultOrder, minOrder, order] = found
    const memcg = OF_MEMCG.exec(name ?? '')
    return {
      is: 'slab-cache',
      cache: memcg?.[1] ?? name ?? '',
      ...(memcg ? { memcgId: Number(memcg[2]), memcgName: memcg[3] ?? '' } : {}),
      objectSize: Number(objectSize),
      ...(bufferSize === undefined ? {} : { bufferSize: Number(bufferSize) }),
      ...(defaultOrder === undefined ? {} : { defaultOrder: Number(defaultOrder) }),
      ...(minOrder === undefined ? {} : { minOrder: Number(minOrder) }),
      ...(order === undefined ? {} : { order: Number(order) }),
    }
  }
  if (text.includes('slabs: ')) {
    const found = NODE.exec(text)
    if (!found) return undefined
    const [, node, slabs, allSlabs, objs, allObjs, free] = found
    return {
      is: 'slab-node',
      node: {
        node: Number(node),
        slabs: Number(allSlabs ?? slabs),
        objs: Number(allObjs ?? objs),
        // SLAB of 4.10 and later does not print it
        free: free === undefined ? Number(allObjs ?? objs) - Number(objs) : Number(free),
        ...(allSlabs === undefined ? {} : { slabsActive: Number(slabs) }),
        ...(allObjs === undefined ? {} : { objsActive: Number(objs) }),
      },
    }
  }
  return undefined
}

/** Base pages that Linux is built with: x86 and most arm64, some arm64 and loongarch, ppc64le and some arm64. */
const PAGE_SIZES = [4096, 16_384, 65_536] as const

/** How well counted slabs and objects fit a cache: `exact` all slabs at the default order, `mixed` between the orders. */
export function fits(cache: SlabCacheLine, node: SlabNode): 'exact' | 'mixed' | 'no' {
  const { bufferSize, defaultOrder, minOrder } = cache
  if (bufferSize === undefined || defaultOrder === undefined || bufferSize === 0) return 'mixed'
  if (node.slabs === 0) return node.objs === 0 ? 'mixed' : 'no'
  let best: 'mixed' | 'no' = 'no'
  for (const page of PAGE_SIZES) {
    const most = Math.floor((page * 2 ** defaultOrder) / bufferSize)
    const least = Math.max(1, Math.floor((page * 2 ** (minOrder ?? defaultOrder)) / bufferSize))
    if (page === 4096 && most * node.slabs === node.objs) return 'exact'
    if (node.objs <= most * node.slabs && node.objs >= least * node.slabs) best = 'mixed'
  }
  return best
}
