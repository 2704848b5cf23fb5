// What kmemleak prints: print_unreferenced(), hex_dump_object() and the messages of mm/kmemleak.c of all versions.
// The same record stands in /sys/kernel/debug/kmemleak and, where the detector is verbose, in the kernel log, there
// with `kmemleak: ` before every line.

import { keep } from '../../base/lines.ts'
import { type TraceReader, traceReader } from './call-trace.ts'
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
import type { Frame, KmemleakObject, KmemleakState, Quote } from './report.ts'

/** `unreferenced object 0xffff8881042c6000 (size 64):`, from 6.18 with `(percpu)` or `(phys)` before the address. */
export interface ObjectHead {
  readonly address?: bigint
  /** Bytes. */
  readonly size?: number
  readonly area?: 'percpu' | 'phys'
}

const HEAD =
  /^\s*unreferenced object(?: \((phys|percpu)\))?(?: (?:0x)?([0-9a-f]{1,16}) \(size (\d{1,15})\):?)?\s*$/

/** A line that begins a record; all that is left of one may be its first words. */
export function parseObjectHead(text: string): ObjectHead | undefined {
  const found = HEAD.exec(text)
  if (found === null) return undefined
  const [, area, address, size] = found
  return {
    ...(address === undefined ? {} : { address: BigInt(`0x${address}`) }),
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(area === 'phys' || area === 'percpu' ? { area } : {}),
  }
}

/** comm is printed as it is and may hold quotes, and line ends. 6.1.y and 6.8 and later print no age. */
const COMM =
  /^\s*comm "([\s\S]{0,64})", pid (\d{1,10}), jiffies (\d{1,20})(?: \(age (-?\d{1,10}\.\d{1,3})s\))?\s*$/
const COMM_BEGUN = /^\s*comm "[^"]{0,15}$/
const DUMP = /^\s*hex dump \(first \d{1,4} bytes(?: on cpu \d{1,5})?\):?\s*$/
const ROW = /^\s*((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2})(?: {2,60}.{0,20}|\s*)$/
const TRACE = /^\s*backtrace(?: \(crc ([0-9a-f]{1,8})\))?:?\s*$/

/** HEX_MAX_LINES of 16 bytes. */
const MOST_BYTES = 32

export interface ObjectReader {
  /** Whether the line is one of the record's. */
  push(text: string): boolean
  /** The record as far as it was read. */
  object(): KmemleakObject
  /** Lines other than the head have been read. */
  readonly begun: boolean
  /** The last part, the backtrace, has begun. */
  readonly tracing: boolean
}

/** Reads the lines below a head. Each part is optional: versions differ in which they print, and mails lose some. */
export function objectReader(head: ObjectHead): ObjectReader {
  let told: Pick<KmemleakObject, 'comm' | 'pid' | 'jiffies' | 'ageSeconds'> | undefined
  let broken: string | undefined
  let bytes: number[] | undefined
  let crc: string | undefined
  let trace: TraceReader | undefined

  function takeComm(text: string): boolean {
    const found = COMM.exec(text)
    if (found === null) return false
    const [, comm = '', pid, jiffies, age] = found
    told = {
      comm: keep(comm),
      pid: Number(pid),
      jiffies: Number(jiffies),
      ...(age === undefined ? {} : { ageSeconds: Number(age) }),
    }
    return true
  }

  return {
    push(text) {
      if (trace !== undefined) {
        if (TRACE.test(text)) return false
        return trace.push(text)
      }
      const begins = TRACE.exec(text)
      if (begins !== null) {
        if (begins[1] !== undefined) crc = keep(begins[1])
        trace = traceReader()
        return true
      }
      if (told === undefined) {
        const whole: string = broken === undefined ? text : `${broken}\n${text}`
        broken = undefined
        if (takeComm(whole)) return true
        // at most 15 characters can hold at most 15 line ends
        if (whole.length < 40 && (COMM_BEGUN.test(whole) || /^\s*comm "[^"]{0,15}$/.test(text))) {
          broken = whole
          return true
        }
      }
      if (bytes === undefined) {
        if (!DUMP.test(text)) return false
        bytes = []
        return true
      }
      const row = ROW.exec(text)?.[1]
      if (row === undefined || bytes.length >= MOST_BYTES) return false
      bytes.push(...row.split(' ').map(byte => Number.parseInt(byte, 16)))
      return true
    },
    object: () => ({
      ...head,
      ...told,
      ...(crc === undefined ? {} : { crc }),
      bytes: bytes ?? [],
      frames: trace?.frames ?? [],
    }),
    get begun() {
      return told !== undefined || bytes !== undefined || trace !== undefined
    },
    get tracing() {
      return trace !== undefined
    },
  }
}

/** Functions that only allocate for others, and kmemleak's own: who asked for the memory stands below them. */
const ALLOCATOR =
  /^_*(?:kmemleak_\w+|create_object|alloc_object|set_track_prepare|save_stack_trace|slab_(?:post_)?alloc\w*|kmem_cache_\w*alloc\w*|do_kmalloc\w*|do_krealloc|k[mzc]alloc\w*|kmalloc_array\w*|krealloc\w*|kv[mzc]alloc\w*|kvrealloc\w*|kmemdup\w*|kvmemdup\w*|kstrn?dup\w*|kv?asprintf\w*|v[mz]alloc\w*|pcpu_alloc\w*|alloc_percpu\w*|memblock_\w*alloc\w*|devm_k(?:malloc|memdup|strdup|asprintf|vasprintf)\w*|devres_alloc\w*|mempool_alloc_slab|sock_kmalloc)$/

/** What compilers put behind the name of a function they have cut up or copied. */
const COPY = /^(?:isra|constprop|part|cold|llvm|lto_priv|\d{1,20})$/

/** Without `.isra.0`, `.constprop.5`, `.part.0`, `.cold`, `.llvm.123`, and without `__pfx_`, the space before a function. */
export function plainName(name: string): string {
  const parts = name.replace(/^__pfx_/, '').split('.')
  const copy = parts.findIndex((part, index) => index > 0 && COPY.test(part))
  return copy < 0 ? parts.join('.') : parts.slice(0, copy).join('.')
}

/** Where an unwinder ends: ULONG_MAX, which old versions print as the last frame. */
const END = new Set([0xffff_ffffn, 0xffff_ffff_ffff_ffffn])

/** A stack without what differs from boot to boot: names alone, `?` where there is none, allocators left out. */
export function stackOf(frames: readonly Frame[]): readonly string[] {
  const names = frames
    .filter(({ function: name, address }) => name !== undefined || address === undefined || !END.has(address))
    .map(({ function: name }) => (name === undefined ? '?' : plainName(name)))
  const first = names.findIndex(name => name === '?' || !ALLOCATOR.test(name))
  return first < 0 ? names : names.slice(first)
}

/** Whose memory it is, by its stack: the function that asked for it, and the module that is nearest to it. */
export interface Owner {
  /** undefined: the code has no symbol any more, or there is no stack. */
  readonly function?: string
  readonly module?: string
}

export function ownerOf(frames: readonly Frame[]): Owner {
  const [name] = stackOf(frames)
  const module = frames.find(frame => frame.module !== undefined)?.module
  return {
    ...(name === undefined || name === '?' ? {} : { function: name }),
    ...(module === undefined ? {} : { module }),
  }
}

/**
 * A group's name for a person: `lab_leak [faults]`, and where the function is not the module's own but was called from it
 * `percpu_ref_init ← [nvme_core]`.
 */
export function ownerWords(name: string, module: string | undefined, frames: readonly Frame[]): string {
  if (module === undefined) return name
  const own = frames.find(frame => frame.function !== undefined && plainName(frame.function) === name)
  return own !== undefined && own.module !== module ? `${name} ← [${module}]` : `${name} [${module}]`
}

const STATES: readonly (readonly [begins: string, state: KmemleakState])[] = [
  ['Kernel memory leak detector initialized', 'on'],
  ['Kernel memory leak detector disabled', 'off'],
  ['Kmemleak disabled without freeing internal data', 'off'],
  ['Automatic memory scanning thread started', 'scanning'],
  ['Automatic memory scanning thread ended', 'not-scanning'],
  ['Early log buffer exceeded', 'early-log-full'],
  ['Memory pool empty', 'pool-empty'],
  ['Cannot allocate a kmemleak_object structure', 'no-memory'],
  ['Cannot insert 0x', 'overlap'],
  ['Failed to create the debugfs kmemleak file', 'no-file'],
]

const PREFIX = /^\s*kmemleak: ?/
const SUMMARY = /^(\d{1,10}) new suspected memory leaks?\b/

/** Lines of others that may stand within a record that has no `kmemleak: ` before its lines. A guess of ours. */
const MOST_STRANGERS = 8

/** The same where every line has the prefix, so that nothing can be mistaken; bounds what a lost end costs. */
const MOST_STRANGERS_PREFIXED = 256

interface OpenObject {
  readonly record: LogRecord
  readonly order: number
  readonly reader: ObjectReader
  readonly prefixed: boolean
  /** All that is left of the head is its words. */
  readonly bare: boolean
  readonly span: Span
  readonly quotes: Quote[]
  strangers: number
}

/** A record with all that is inlined into its frames. */
const MOST_QUOTES = 160

export function kmemleakReader(options: ReaderOptions): ReportReader {
  const { live, emit } = options
  const open = streams<OpenObject>(close)

  function close({ record, order, reader, bare, span, quotes }: OpenObject): void {
    if (bare && !reader.begun) return
    emit(
      {
        kind: 'kmemleak',
        says: 'suspect',
        ...baseOf(span, record, quotes, options),
        object: reader.object(),
        ...(reader.tracing && !bare ? {} : { truncated: true as const }),
      },
      order,
    )
  }

  function closeOf(key: string): void {
    const reading = open.get(key)
    if (reading === undefined) return
    open.delete(key)
    close(reading)
  }

  function closeAll(): void {
    for (const reading of open.values()) close(reading)
    open.clear()
  }

  /** A message of one line. */
  function message(text: string, record: LogRecord): boolean {
    const base = () => baseOf(spanOf(record), record, [quote(record, live)], options)
    const count = SUMMARY.exec(text)?.[1]
    if (count !== undefined) {
      emit({ kind: 'kmemleak', says: 'scan', ...base(), count: Number(count) }, options.next())
      return true
    }
    const state = STATES.find(([begins]) => text.startsWith(begins))?.[1]
    if (state === undefined) return false
    emit({ kind: 'kmemleak', says: 'state', ...base(), state }, options.next())
    return true
  }

  return {
    heads: /kmemleak: |unreferenced object/,
    open: () => open.size > 0,
    push(record, head) {
      const key = streamOf(record)
      const prefixed = head && PREFIX.test(record.text)
      const text = prefixed ? record.text.replace(PREFIX, '') : record.text
      const begins = head ? parseObjectHead(text) : undefined
      if (begins !== undefined) {
        closeOf(key)
        open.set(key, {
          record,
          order: options.next(),
          reader: objectReader(begins),
          prefixed,
          bare: begins.address === undefined,
          span: spanOf(record),
          quotes: [quote(record, live)],
          strangers: 0,
        })
        return 'head'
      }
      const reading = open.get(key)
      if (reading !== undefined && reading.prefixed === prefixed && reading.reader.push(text)) {
        widen(reading.span, record)
        if (reading.quotes.length < MOST_QUOTES) reading.quotes.push(quote(record, live))
        reading.strangers = 0
        return 'line'
      }
      if (prefixed && message(text, record)) {
        if (reading?.prefixed === true) closeOf(key)
        return 'line'
      }
      if (reading === undefined) return undefined
      reading.strangers += 1
      const over = reading.prefixed
        ? prefixed || reading.strangers > MOST_STRANGERS_PREFIXED
        : reading.reader.tracing || reading.strangers > MOST_STRANGERS
      if (over) closeOf(key)
      return undefined
    },
    // what follows without a prefix is the other report's
    interrupted(record) {
      const key = streamOf(record)
      if (open.get(key)?.prefixed === false) closeOf(key)
    },
    cut: closeAll,
    end: closeAll,
  }
}
