// The lines of slab allocation failures → reports: slab_out_of_memory() of mm/slub.c. Three kinds of lines, and several
// CPUs print them at once: where no caller id tells whose a line is, the arithmetic of the slabs may.

import {
  baseOf,
  quote,
  type ReaderOptions,
  type ReportReader,
  type Span,
  spanOf,
  streamOf,
  streams,
  widen,
} from './reader.ts'
import type { LogRecord } from './record.ts'
import type { Quote, SlabAllocationFailure, SlabNode } from './report.ts'
import { fits, parseSlabLine, type SlabCacheLine, type SlabHead, type SlabLine } from './slab-allocation.ts'

/** Lines of others that may stand between a SLUB failure's three lines. A guess of ours. */
const MOST_STRANGERS_IN_SLAB = 64

interface OpenSlab {
  readonly order: number
  readonly record: LogRecord
  readonly head: SlabHead
  cache?: SlabCacheLine
  readonly nodes: SlabNode[]
  readonly span: Span
  readonly quotes: Quote[]
}

/** The SLUB lines of one caller, or, where callers are not told, of all. */
interface SlabRun {
  readonly open: OpenSlab[]
  /** Node lines that more than one open failure could claim. */
  readonly unclaimed: { readonly node: SlabNode; readonly record: LogRecord }[]
  /** Two were open at once: which lines belong together is not certain. */
  overlapped: boolean
  strangers: number
}

export function slabAllocationReader(options: ReaderOptions): ReportReader {
  const { live, emit } = options
  const runs = streams<SlabRun>(close)

  /** Every failure has its cache line, and every NUMA node that was printed was printed for each. */
  function complete(run: SlabRun): boolean {
    if (!run.open.every(open => open.cache !== undefined)) return false
    if (run.unclaimed.length === 0) return run.open.every(open => open.nodes.length > 0)
    const counts = new Map<number, number>()
    for (const { node } of run.unclaimed) counts.set(node.node, (counts.get(node.node) ?? 0) + 1)
    return [...counts.values()].every(count => count >= run.open.length)
  }

  function takeSlab(key: string, line: SlabLine, record: LogRecord): void {
    let run = runs.get(key)
    if (line.is === 'slab-head') {
      const ended = run !== undefined && complete(run)
      const told = record.caller !== undefined
      if (run && (ended || told)) {
        closeRun(key, run)
        run = undefined
      }
      if (!run) {
        run = { open: [], unclaimed: [], overlapped: false, strangers: 0 }
        runs.set(key, run)
      }
      // a header right after headers (a grep for them) is no overlap: nothing else came
      run.open.push({
        order: options.next(),
        record,
        head: line,
        nodes: [],
        span: spanOf(record),
        quotes: [quote(record, live)],
      })
      run.strangers = 0
      if (run.open.length > 64) closeRun(key, run)
      return
    }
    if (!run) return
    run.strangers = 0
    if (line.is === 'slab-cache') {
      const wanting = run.open.filter(open => open.cache === undefined)
      const open = wanting[0]
      if (!open) return
      if (wanting.length > 1 || run.open.some(other => other !== open && other.nodes.length === 0))
        run.overlapped = true
      open.cache = line
      widen(open.span, record)
      open.quotes.push(quote(record, live))
      return
    }
    const only = run.open.length === 1 ? run.open[0] : undefined
    if (only) {
      if (only.nodes.length < 1024 && !only.nodes.some(node => node.node === line.node.node)) {
        only.nodes.push(line.node)
        widen(only.span, record)
        only.quotes.push(quote(record, live))
      }
      return
    }
    if (run.unclaimed.length < 4096) run.unclaimed.push({ node: line.node, record })
  }

  /** Node lines of failures printed at once go to the cache whose arithmetic they fit, or to none. */
  function claim(run: SlabRun): void {
    const caches = new Map<string, OpenSlab[]>()
    for (const open of run.open) {
      if (!open.cache) continue
      const key = `${open.cache.cache}(${open.cache.memcgId}:${open.cache.memcgName}) ${open.cache.bufferSize} ${open.cache.defaultOrder} ${open.cache.minOrder}`
      const group = caches.get(key)
      if (group) group.push(open)
      else caches.set(key, [open])
    }
    const groups = [...caches.values()]
    const nodes = new Map<number, { readonly node: SlabNode; readonly record: LogRecord }[]>()
    for (const entry of run.unclaimed) {
      const list = nodes.get(entry.node.node)
      if (list) list.push(entry)
      else nodes.set(entry.node.node, [entry])
    }
    for (const entries of nodes.values()) {
      const claimed = new Map<OpenSlab[], typeof entries>()
      let certain = true
      for (const entry of entries) {
        const fit = (wanted: 'exact' | 'mixed'): OpenSlab[][] =>
          groups.filter(group => group[0]?.cache !== undefined && fits(group[0].cache, entry.node) === wanted)
        const exact = fit('exact')
        const owners = exact.length > 0 ? exact : fit('mixed')
        const owner = owners[0]
        if (!owner || owners.length > 1) {
          certain = false
          continue
        }
        const list = claimed.get(owner)
        if (list) list.push(entry)
        else claimed.set(owner, [entry])
      }
      for (const [owner, list] of claimed) {
        const first = list[0]
        // several failures of one cache: only when their lines say the same, or there is one for it alone
        const same = list.every(
          entry =>
            entry.node.slabs === first?.node.slabs &&
            entry.node.objs === first.node.objs &&
            entry.node.free === first.node.free,
        )
        if (
          list.length !== owner.length ||
          !(same || owner.length === 1) ||
          (!certain && owner.length > 1 && !same)
        )
          continue
        for (const [index, open] of owner.entries()) {
          const entry = list[index]
          if (!entry) continue
          open.nodes.push(entry.node)
          widen(open.span, entry.record)
          open.quotes.push(quote(entry.record, live))
        }
      }
    }
  }

  function closeRun(key: string, run: SlabRun): void {
    runs.delete(key)
    close(run)
  }

  function close(run: SlabRun): void {
    if (run.unclaimed.length > 0) claim(run)
    const ambiguous = run.overlapped && run.open.length > 1
    for (const open of run.open) {
      const cache = open.cache
      emit(
        {
          kind: open.head.allocator === 'SLAB' ? 'slab-alloc-failure' : 'slub-alloc-failure',
          ...baseOf(open.span, open.record, open.quotes, options),
          node: open.head.node,
          ...(open.head.cpu === undefined ? {} : { cpu: open.head.cpu }),
          gfp: open.head.gfp,
          ...(cache === undefined
            ? {}
            : {
                cache: cache.cache,
                ...(cache.memcgId === undefined ? {} : { memcgId: cache.memcgId }),
                ...(cache.memcgName === undefined ? {} : { memcgName: cache.memcgName }),
                objectSize: cache.objectSize,
                ...(cache.bufferSize === undefined ? {} : { bufferSize: cache.bufferSize }),
                ...(cache.defaultOrder === undefined ? {} : { defaultOrder: cache.defaultOrder }),
                ...(cache.minOrder === undefined ? {} : { minOrder: cache.minOrder }),
                ...(cache.order === undefined ? {} : { order: cache.order }),
              }),
          ...(open.nodes.length === 0 ? {} : { nodes: open.nodes.toSorted((a, b) => a.node - b.node) }),
          ...(ambiguous && cache !== undefined ? { pairingAmbiguous: true as const } : {}),
        } satisfies SlabAllocationFailure,
        open.order,
      )
    }
  }

  function stranger(key: string, run: SlabRun): void {
    run.strangers += 1
    if (complete(run) || run.strangers > MOST_STRANGERS_IN_SLAB) closeRun(key, run)
  }

  function closeAll(): void {
    for (const run of runs.values()) close(run)
    runs.clear()
  }

  return {
    heads: /SL[AU]B: |cache: |slabs: /,
    open: () => runs.size > 0,
    push(record, head) {
      const key = streamOf(record)
      const line = head ? parseSlabLine(record.text) : undefined
      if (line) {
        takeSlab(key, line, record)
        return line.is === 'slab-head' ? 'head' : 'line'
      }
      const run = runs.get(key)
      if (run) stranger(key, run)
      return undefined
    },
    cut: closeAll,
    end: closeAll,
  }
}
