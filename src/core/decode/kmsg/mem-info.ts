// "Mem-Info:" of a page allocation failure or of a global OOM, of any era: show_free_areas() of mm/page_alloc.c, since
// 6.4 of mm/show_mem.c, show_mem() of lib/show_mem.c and of the architectures, hugetlb_show_meminfo(),
// show_swap_cache_info(), and dump_unreclaimable_slab() of mm/slab_common.c. Pieces that old kernels printed one by one
// (KERN_CONT) may be lines of their own; lines may have been broken between two words.

import { keep } from '../../base/lines.ts'
import type { MemInfo, MemInfoZone } from './report.ts'

/** Reads one block. Numbers of two blocks are never put together: a block that another is mixed into says nothing. */
export interface MemInfoGatherer {
  /** Whether a line belongs to the block. */
  take(text: string): boolean
  /** The last line that every kernel prints (`pages reserved`) has been read: only a few may follow. */
  readonly whole: boolean
  /** A line that stands in it once has come again, or one that stands before: another block's. */
  readonly tangled: boolean
  /** undefined: nothing was read, or what was read belongs to more than one block. */
  info(): MemInfo | undefined
}

/** What gathering knows from before. */
export interface MemInfoOptions {
  /** Another block was not at its end when this one began: its lines may still come. */
  readonly torn?: boolean
}

export function startsMemInfo(text: string): boolean {
  return text.includes('Mem-') && /^\s*Mem-[Ii]nfo:\s*$/.test(text)
}

const KIB = 1024

/** Longer lines are nobody's. The longest that the kernel prints here is a zone's, of some 700 characters. */
const LONGEST = 4096

/** Kept of one block, whatever a hostile log repeats. */
const MOST_NODES = 1024
const MOST_ZONES = 4096
const MOST_KEYS = 64
const MOST_ORDERS = 32
const MOST_CACHES = 4096

/** In the order in which they are printed. */
const STAGE = {
  start: 0,
  perCpu: 1,
  summary: 2,
  node: 3,
  zone: 4,
  blocks: 5,
  hugepages: 6,
  totals: 7,
  slab: 8,
}

/** Keys of the summary, all there have been: a line of other words is no part of it. */
const SUMMARY_KEY =
  /^(?:(?:in)?active_(?:anon|file)|isolated_(?:anon|file)|unevictable|dirty|writeback|unstable|slab_(?:un)?reclaimable|mapped|shmem|(?:sec_)?pagetables|bounce|kernel_misc_reclaimable|free|free_pcp|free_cma)$/

/**
 * No number is printed with a zero in front: one that has it was put together. None is longer than a double holds
 * exactly in KiB.
 */
const WORD = /^([a-z][a-z_()]{0,40}):(0|[1-9]\d{0,14})([kK]B)?$/
/** zone_names of mm/page_alloc.c and mm/show_mem.c; they have not changed but for Device (4.3). */
const ZONE = '(?:DMA32|DMA|Normal|HighMem|Movable|Device)'
const ZONE_LINE = new RegExp(`^(?:Node (\\d{1,5}) )?(${ZONE}) (free:\\d.*)$`)
const BLOCKS_LINE = new RegExp(`^(?:Node (\\d{1,5}) )?(${ZONE}):((?: .*)?)$`)
const NODE_LINE = /^Node (\d{1,5}) ((?:in)?active_anon:.*)$/
const NODE_ALONE = /^Node (\d{1,5})$/
const HUGEPAGES =
  /^Node (\d{1,5}) hugepages_total=(\d{1,15}) hugepages_free=(\d{1,15}) hugepages_surp=(\d{1,15}) hugepages_size=(\d{1,15})kB$/
const LOWMEM = /^lowmem_reserve\[\]:((?: -?\d{1,15})*)$/
const NUMBERS = /^-?\d{1,15}(?: -?\d{1,15}){0,15}$/
const PER_CPU = new RegExp(`^(?:(?:Node \\d{1,5} )?${ZONE} per-cpu:(?: empty)?|CPU +\\d+: (?:Hot: )?hi: .*)$`)
const TOTAL =
  /^(0|[1-9]\d{0,14}) (?:pages )?(total pagecache|in swap cache|RAM|HighMem(?:\/MovableOnly)?|reserved|cma reserved|hwpoisoned|shared|non-shared|in pagetable cache)(?: pages)?$/
const SWAP = /^(Free|Total) swap *[=:] *(\d{1,15})kB$/
const SWAP_STATS = /^Swap cache stats: /
const SLAB_HEAD = /^Unreclaimable slab info:$/
const SLAB_COLUMNS = /^Name +Used +Total$/
const SLAB_ROW = /^(\S.{0,127}?) +(\d{1,15})KB +(\d{1,15})KB$/
const SLAB_UNREAD = /^excessive unreclaimable slab but cannot dump stats$/
const BLOCK = /^(0|[1-9]\d{0,14})\*(\d{1,12})kB$/

interface Words {
  /** Bytes. */
  readonly sizes: readonly (readonly [key: string, bytes: number])[]
  readonly counts: readonly (readonly [key: string, count: number])[]
  readonly allUnreclaimable?: boolean
}

/** `free:15872kB min:40kB shmem_thp: 0kB pages_scanned:0 all_unreclaimable? yes`; undefined: other words are in it. */
function wordsOf(text: string): Words | undefined {
  const sizes: [string, number][] = []
  const counts: [string, number][] = []
  let allUnreclaimable: boolean | undefined
  const words = text
    .trim()
    .replace(/: (?=\d)/g, ':')
    .split(/ +/)
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === 'all_unreclaimable?') {
      const said = words[at + 1]
      // the line may have been broken or cut here
      if (said !== undefined && said !== 'yes' && said !== 'no') return undefined
      if (said !== undefined) allUnreclaimable = said === 'yes'
      at += 1
      continue
    }
    const found = WORD.exec(word)
    // the last word of a log that ends in mid-line
    if (found?.[1] === undefined) return undefined
    if (found[3] === undefined) counts.push([keep(found[1]), Number(found[2])])
    else sizes.push([keep(found[1]), Number(found[2]) * KIB])
  }
  return { sizes, counts, ...(allUnreclaimable === undefined ? {} : { allUnreclaimable }) }
}

interface OpenNode {
  readonly node: number
  readonly values: Record<string, number>
  allUnreclaimable?: boolean
}

interface OpenZone {
  readonly node?: number
  readonly zone: string
  readonly values: Record<string, number>
  lowmemReserve?: number[]
  blocks?: { size: number; count: number; types?: string }[]
  inBlocks?: number
  allUnreclaimable?: boolean
}

/** Free blocks as far as they are printed, and what the kernel counts them to. */
interface OpenBlocks {
  readonly zone: OpenZone
  readonly words: string[]
}

export function memInfoGatherer({ torn = false }: MemInfoOptions = {}): MemInfoGatherer {
  const pages: Record<string, number> = {}
  const totals: Record<string, number> = {}
  const nodes: OpenNode[] = []
  const zones = new Map<string, OpenZone>()
  const hugepages: MemInfo['hugepages'][number][] = []
  const hugepagesSeen = new Set<string>()
  const swap: { free?: number; total?: number } = {}
  let slab: { cache: string; used: number; total: number }[] | 'unread' | undefined
  let stage = STAGE.start
  let tangled = false
  /** What the line before left open: words of a line that was broken, or pieces that come one by one. */
  let open: OpenNode | OpenZone | undefined
  let openReserve: OpenZone | undefined
  let openBlocks: OpenBlocks | undefined
  let pendingNode: number | undefined
  let lastOfSummary: string | undefined

  function at(next: number): void {
    if (next < stage || (torn && stage < STAGE.summary && next > STAGE.summary)) tangled = true
    else stage = next
    open = undefined
    openReserve = undefined
    if (openBlocks) endBlocks(openBlocks)
    openBlocks = undefined
  }

  function put(into: Record<string, number>, values: readonly (readonly [string, number])[]): void {
    for (const [key, value] of values) {
      if (Object.hasOwn(into, key)) tangled = true
      else if (Object.keys(into).length < MOST_KEYS) into[key] = value
    }
  }

  const nameOf = (node: number | undefined, zone: string): string => `${node ?? ''} ${zone}`

  function zoneFor(node: number | undefined, name: string): OpenZone | undefined {
    const known = zones.get(nameOf(node, name))
    if (known) return known
    if (zones.size >= MOST_ZONES) return undefined
    const zone: OpenZone = { ...(node === undefined ? {} : { node }), zone: keep(name), values: {} }
    zones.set(nameOf(node, name), zone)
    return zone
  }

  /** The blocks of a zone, if they add up: a line that was overwritten in the middle does not. */
  function endBlocks({ zone, words }: OpenBlocks): void {
    const blocks: { size: number; count: number; types?: string }[] = []
    let sum: number | undefined
    for (const [index, word] of words.entries()) {
      const block = BLOCK.exec(word)
      const types = /^\(([A-Z]{0,12})\)$/.exec(word)
      const total = /^(\d{1,15})kB$/.exec(word)
      const last = blocks.at(-1)
      if (block && blocks.length < MOST_ORDERS)
        blocks.push({ size: Number(block[2]) * KIB, count: Number(block[1]) })
      else if (types && last && last.types === undefined) last.types = types[1] ?? ''
      else if (total && words[index - 1] === '=') sum = Number(total[1]) * KIB
      else if (word !== '=') return
    }
    const [first] = blocks
    if (first === undefined || first.size === 0) return
    if (blocks.some(({ size }, order) => size !== first.size * 2 ** order)) return
    if (sum !== undefined && blocks.reduce((all, { size, count }) => all + size * count, 0) !== sum) return
    // one that ends in mid-line does not tell what larger blocks there are
    if (sum === undefined) return
    if (zone.blocks !== undefined) {
      tangled = true
      return
    }
    zone.blocks = blocks
    zone.inBlocks = sum
  }

  function takeBlocks(node: number | undefined, name: string, rest: string): boolean {
    const words = rest.trim() === '' ? [] : rest.trim().split(/ +/)
    if (!words.every(isBlockWord)) return false
    at(STAGE.blocks)
    const zone = zoneFor(node, name)
    if (zone?.blocks !== undefined) tangled = true
    if (zone !== undefined && !tangled) openBlocks = { zone, words }
    closeBlocks()
    return true
  }

  /** Behind what they add up to comes nothing. */
  function closeBlocks(): void {
    if (openBlocks?.words.at(-2) !== '=') return
    endBlocks(openBlocks)
    openBlocks = undefined
  }

  const isBlockWord = (word: string): boolean =>
    /^(?:\d{1,15}\*\d{1,12}kB|\([A-Z]{0,12}\)|=|\d{1,15}kB)$/.test(word)

  /** What goes on with the line before: pieces printed one by one, or the rest of a line that was broken. */
  function takeRest(text: string): boolean {
    if (openReserve && NUMBERS.test(text)) {
      const into = openReserve.lowmemReserve
      for (const number of text.split(' ')) if (into && into.length < 16) into.push(Number(number))
      return true
    }
    if (openBlocks) {
      const words = text.split(/ +/)
      if (openBlocks.words.length < 3 * MOST_ORDERS && words.every(isBlockWord)) {
        openBlocks.words.push(...words)
        closeBlocks()
        return true
      }
    }
    if (open) {
      const words = wordsOf(text)
      if (words && words.sizes.length + (words.allUnreclaimable === undefined ? 0 : 1) > 0) {
        put(open.values, words.sizes)
        if (words.allUnreclaimable !== undefined) open.allUnreclaimable ??= words.allUnreclaimable
        return true
      }
    }
    return false
  }

  function takeNode(text: string): boolean {
    const line = NODE_LINE.exec(text)
    if (!line) return false
    const node = Number(line[1])
    const words = wordsOf(line[2] ?? '')
    if (!words) return false
    at(STAGE.node)
    if (nodes.some(one => one.node === node)) tangled = true
    if (tangled || nodes.length >= MOST_NODES) return true
    const next: OpenNode = { node, values: {} }
    put(next.values, words.sizes)
    if (words.allUnreclaimable !== undefined) next.allUnreclaimable = words.allUnreclaimable
    nodes.push(next)
    open = next
    return true
  }

  function takeZone(text: string): boolean {
    const line = ZONE_LINE.exec(text)
    if (line?.[2] === undefined) return false
    const words = wordsOf(line[3] ?? '')
    if (!words) return false
    const node = line[1] === undefined ? pendingNode : Number(line[1])
    at(STAGE.zone)
    const zone = zones.has(nameOf(node, line[2])) ? undefined : zoneFor(node, line[2])
    if (zone === undefined) {
      if (zones.size < MOST_ZONES) tangled = true
      return true
    }
    put(zone.values, words.sizes)
    if (words.allUnreclaimable !== undefined) zone.allUnreclaimable = words.allUnreclaimable
    open = zone
    return true
  }

  function takeReserve(text: string): boolean {
    const line = LOWMEM.exec(text)
    if (!line) return false
    const zone = open !== undefined && 'zone' in open ? open : undefined
    at(STAGE.zone)
    if (zone === undefined) return true
    if (zone.lowmemReserve !== undefined) tangled = true
    zone.lowmemReserve = (line[1] ?? '').trim().split(' ').filter(Boolean).slice(0, 16).map(Number)
    openReserve = zone
    return true
  }

  function takeSummary(text: string): boolean {
    const words = wordsOf(text)
    if (!words || words.sizes.length > 0 || !words.counts.some(([key]) => SUMMARY_KEY.test(key))) return false
    if (words.allUnreclaimable !== undefined) return false
    at(STAGE.summary)
    // a word made of two broken ones is no key
    put(
      pages,
      words.counts.filter(([key]) => SUMMARY_KEY.test(key)),
    )
    lastOfSummary = words.counts.at(-1)?.[0]
    return true
  }

  function takeHugepages(text: string): boolean {
    const line = HUGEPAGES.exec(text)
    if (!line) return false
    at(STAGE.hugepages)
    const key = `${line[1]} ${line[5]}`
    if (hugepagesSeen.has(key)) tangled = true
    else if (hugepages.length < MOST_ZONES) {
      hugepagesSeen.add(key)
      hugepages.push({
        node: Number(line[1]),
        size: Number(line[5]) * KIB,
        total: Number(line[2]),
        free: Number(line[3]),
        surplus: Number(line[4]),
      })
    }
    return true
  }

  function takeTotal(text: string): boolean {
    const line = TOTAL.exec(text)
    if (line?.[2] !== undefined) {
      at(STAGE.totals)
      put(totals, [[line[2] === 'HighMem' ? 'HighMem/MovableOnly' : keep(line[2]), Number(line[1])]])
      return true
    }
    const swapLine = SWAP.exec(text)
    if (swapLine) {
      at(STAGE.totals)
      const which = swapLine[1] === 'Free' ? 'free' : 'total'
      if (swap[which] !== undefined) tangled = true
      swap[which] ??= Number(swapLine[2]) * KIB
      return true
    }
    if (!SWAP_STATS.test(text)) return false
    at(STAGE.totals)
    return true
  }

  function takeSlab(text: string): boolean {
    if (SLAB_HEAD.test(text) || SLAB_UNREAD.test(text)) {
      at(STAGE.slab)
      if (slab !== undefined) tangled = true
      slab = SLAB_UNREAD.test(text) ? 'unread' : []
      return true
    }
    if (slab === undefined || slab === 'unread') return false
    if (SLAB_COLUMNS.test(text)) return true
    const row = SLAB_ROW.exec(text)
    if (row?.[1] === undefined) return false
    if (slab.length < MOST_CACHES)
      slab.push({ cache: keep(row[1]), used: Number(row[2]) * KIB, total: Number(row[3]) * KIB })
    return true
  }

  function takeLine(text: string): boolean {
    const first = text.charCodeAt(0)
    // N
    if (first === 78) {
      const alone = NODE_ALONE.exec(text)
      if (alone) {
        at(Math.max(stage, STAGE.zone))
        pendingNode = Number(alone[1])
        return true
      }
      if (takeNode(text) || takeHugepages(text)) return true
    }
    if (first >= 65 && first <= 90) {
      if (PER_CPU.test(text)) {
        at(STAGE.perCpu)
        pendingNode = undefined
        return true
      }
      if (takeZone(text)) {
        pendingNode = undefined
        return true
      }
      const blocks = BLOCKS_LINE.exec(text)
      if (blocks?.[2] !== undefined) {
        const node = blocks[1] === undefined ? pendingNode : Number(blocks[1])
        if (takeBlocks(node, blocks[2], blocks[3] ?? '')) {
          pendingNode = undefined
          return true
        }
      }
    }
    return takeReserve(text) || takeTotal(text) || takeSummary(text) || takeSlab(text)
  }

  return {
    take(raw) {
      const text = raw.trim()
      if (text === '' || text.length > LONGEST) return false
      // the rest of a broken line has to be asked for first: `= 3384kB` alone is nothing
      return takeRest(text) || takeLine(text)
    },
    get whole() {
      return totals['reserved'] !== undefined
    },
    get tangled() {
      return tangled
    },
    info() {
      if (openBlocks) endBlocks(openBlocks)
      openBlocks = undefined
      if (tangled || stage <= STAGE.perCpu) return undefined
      const sizes = new Set([...zones.values()].map(({ blocks }) => blocks?.[0]?.size))
      sizes.delete(undefined)
      const [pageSize] = sizes
      const truncated = totals['reserved'] === undefined
      // the last number of a log that ends there may be half of one
      if (truncated && stage === STAGE.summary && lastOfSummary !== undefined) delete pages[lastOfSummary]
      if (truncated && openReserve) openReserve.lowmemReserve?.pop()
      openReserve = undefined
      lastOfSummary = undefined
      return {
        ...(pageSize === undefined || sizes.size > 1 ? {} : { pageSize }),
        pages,
        nodes,
        zones: [...zones.values()] satisfies MemInfoZone[],
        hugepages,
        totals,
        ...(swap.free === undefined ? {} : { freeSwap: swap.free }),
        ...(swap.total === undefined ? {} : { totalSwap: swap.total }),
        ...(slab === undefined ? {} : { slab }),
        ...(truncated ? { truncated: true as const } : {}),
      }
    },
  }
}
