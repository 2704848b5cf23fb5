// kmemscope kmemleak: what kmemleak suspects, grouped by who allocated it; two copies compared; and, where asked for, two
// scans and what both of them report.

import { formatBytes } from '../../core/base/units.ts'
import type { Case } from '../../core/case/case.ts'
import { collect } from '../../core/collect.ts'
import { readKernelLog } from '../../core/decode/kmsg/log.ts'
import { type KmemleakReading, kmemleakGrouper, readKmemleak } from '../../core/decode/sys/kmemleak.ts'
import { type KmemleakInstrument, kmemleakClock, kmemleakInstrument } from '../../core/facts/kmemleak.ts'
import { unknownReasons, unknownRemedies } from '../../core/knowledge/unknown.ts'
import { renderJson } from '../../core/render/json.ts'
import { type KmemleakDocument, kmemleakJson, renderKmemleak } from '../../core/render/kmemleak.ts'
import { say } from '../../core/render/words.ts'
import { isGap, type Tree } from '../../core/tree/tree.ts'
import { scanNow } from '../kmemleak/control.ts'
import { openTree, problemSentence } from '../trees/open-tree.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { styleFor } from './style.ts'

const FILE = 'sys/kernel/debug/kmemleak'

/** What shows whether kmemleak is at work, and how much a scan has to read; cgroups are of no use here. */
const COLLECTORS = ['kmemleak', 'kernel', 'cmdline', 'kernel-config', 'kmsg', 'meminfo']

/** An object must be five seconds old at the beginning of a scan (MSECS_MIN_AGE of mm/kmemleak.c). */
const WAIT_SECONDS = 6

/** Bytes a scan reads in a second, at least and at most: guesses of ours. */
const SLOWEST = 20 * 1024 * 1024
const FASTEST = 400 * 1024 * 1024

/** struct page, of which a scan reads one for each page of 4 KiB. */
const PAGE_SHARE = 64 / 4096

export interface KmemleakOptions {
  readonly files: readonly string[]
  readonly scan: boolean
  readonly yes: boolean
}

/** Prints the suspects and gives the exit code. */
export async function kmemleakCommand(settings: Settings, options: KmemleakOptions): Promise<number> {
  const { words } = settings
  const { files, scan, yes } = options
  if (scan && files.length > 0) throw new Ending(words('kmemleakScanFiles'), exitCodes.usage)
  if (files.length > 2) throw new Ending(words('kmemleakManyFiles'), exitCodes.usage)
  const [first, second] = files
  /** A copy was broken off in mid-file. */
  const broken: string[] = []
  if (first === undefined) print(scan ? await scanned(settings, yes) : live(settings), settings)
  else if (second === undefined)
    print(
      { at: Date.now(), source: { path: first, reading: saved(first, settings, broken, false) } },
      settings,
    )
  else {
    const before = { path: first, reading: saved(first, settings, broken, true) }
    print(
      { at: Date.now(), before, source: { path: second, reading: saved(second, settings, broken, true) } },
      settings,
    )
  }
  return broken.length === 0 ? exitCodes.finished : exitCodes.failed
}

function print(document: KmemleakDocument, { language, output }: Settings): void {
  process.stdout.write(
    output === 'json'
      ? renderJson(kmemleakJson(document))
      : renderKmemleak(document, {
          language,
          style: styleFor(process.stdout, process.env),
          columns: columnsOf(process.stdout),
        }),
  )
}

/**
 * A copy of the file, or a log or mail that holds its records. A copy may be empty, as the file is where nothing leaked.
 * `objects`: each is remembered, for a comparison.
 */
function saved(
  path: string,
  { language, words }: Settings,
  broken: string[],
  objects: boolean,
): KmemleakReading {
  const opened = openTree([path])
  if ('problem' in opened) {
    if (opened.problem.what === 'empty') return readKmemleak([])
    throw new Ending(problemSentence(opened.problem, language, 'kmemleak'), exitCodes.failed)
  }
  const { tree } = opened
  const given = tree.given?.[0]
  const chunks = given?.kind === 'log' || given?.kind === 'kmemleak' ? tree.chunks(given.path) : undefined
  if (chunks !== undefined && !isGap(chunks)) {
    const reading = given?.kind === 'log' ? ofLog(chunks, objects) : readKmemleak(chunks, { objects })
    for (const { detail = '' } of tree.gaps()) {
      note(words('readInPart', { path, what: detail }))
      broken.push(path)
    }
    if (reading.records > 0) return reading
  }
  throw new Ending(words('kmemleakNoSuspects', { path }), exitCodes.failed)
}

function ofLog(chunks: Iterable<Uint8Array>, objects: boolean): KmemleakReading {
  const grouper = kmemleakGrouper({ objects })
  readKernelLog(chunks, {
    path: '',
    each: report => {
      if (report.kind === 'kmemleak' && report.says === 'suspect')
        grouper.add(report.object, report.lines?.[0] ?? 0, report.quotes[0].text)
    },
  })
  return grouper.reading()
}

interface Live {
  readonly tree: Tree
  readonly about: Case
  readonly instrument: KmemleakInstrument
}

/** The node this runs on; ends where its file cannot be read, with the reason and the line that helps. */
function look(settings: Settings): Live & { readonly path: string; readonly reading: KmemleakReading } {
  const opened = openTree([])
  if ('problem' in opened)
    throw new Ending(problemSentence(opened.problem, settings.language, 'kmemleak'), exitCodes.failed)
  const { tree } = opened
  const about = collect(tree, { at: Date.now(), only: COLLECTORS })
  const instrument = kmemleakInstrument(about)
  const sample = about.samples.at(-1)?.kmemleak
  if (sample?.reading === undefined) throw notTold(instrument, settings)
  return { tree, about, instrument, path: sample.path, reading: sample.reading }
}

function notTold({ why }: KmemleakInstrument, { language, words }: Settings): Ending {
  const reason = why?.reason ?? 'kmemleak-no-sign'
  return new Ending(
    words('kmemleakNotTold', {
      why: say(unknownReasons, reason, language, { path: why?.path ?? `/${FILE}` }),
      remedy:
        why?.remedy === 'run-as-root'
          ? words('kmemleakAsRoot')
          : say(unknownRemedies, why?.remedy ?? 'boot-debug-kernel', language),
    }),
    exitCodes.failed,
  )
}

function documentOf({ about, instrument }: Live): Pick<KmemleakDocument, 'at' | 'status' | 'clock'> {
  const clock = kmemleakClock(about)
  return {
    at: Date.now(),
    status: {
      instrument: instrument.is,
      ...(instrument.why === undefined ? {} : { why: instrument.why }),
    },
    ...(clock === undefined ? {} : { clock }),
  }
}

function live(settings: Settings): KmemleakDocument {
  const seen = look(settings)
  // an empty file of a detector that is off tells nothing
  if (seen.instrument.is === 'off' && seen.reading.records === 0) throw notTold(seen.instrument, settings)
  return { ...documentOf(seen), source: { path: seen.path, reading: seen.reading } }
}

/** Bytes a scan reads: what allocators have given out, and the table of pages. */
function scannedBytes(about: Case): number {
  const values = about.samples.at(-1)?.meminfo?.values ?? {}
  const of = (key: string): number => values[key] ?? 0
  return of('Slab') + of('VmallocUsed') + of('Percpu') + of('KernelStack') + of('MemTotal') * PAGE_SHARE
}

const tenths = (seconds: number): string => String(Math.max(0.1, Math.round(seconds * 10) / 10))

const pause = (seconds: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, seconds * 1000)
  })

/**
 * Scans twice. A leak shows at the second scan at the earliest: the first takes the checksum by which the second sees
 * that nothing wrote to the object.
 */
async function scanned(settings: Settings, yes: boolean): Promise<KmemleakDocument> {
  const { words } = settings
  const seen = look(settings)
  if (seen.instrument.is === 'off') throw notTold(seen.instrument, settings)
  const size = scannedBytes(seen.about)
  note(
    words('kmemleakCost', {
      size: formatBytes(size),
      least: tenths(size / FASTEST),
      most: tenths(size / SLOWEST),
      wait: 2 * WAIT_SECONDS,
    }),
  )
  if (!yes) {
    if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
      throw new Ending(words('kmemleakWantsYes'), exitCodes.usage)
    process.stderr.write(words('kmemleakAsk'))
    if (!/^\s*(?:y|yes|是)\s*$/i.test(await answer()))
      throw new Ending(words('kmemleakNotScanned'), exitCodes.failed)
  }
  const one = await scanAfterWaiting(1, settings)
  const before = reread(seen.tree, settings)
  const two = await scanAfterWaiting(2, settings)
  const reading = reread(seen.tree, settings)
  return {
    ...documentOf(seen),
    status: { instrument: 'on' },
    source: { path: seen.path, reading },
    before: { path: seen.path, reading: before },
    scans: [one, two],
  }
}

function note(sentence: string): void {
  process.stderr.write(`kmemscope: ${sentence}\n`)
}

async function scanAfterWaiting(number: 1 | 2, { language, words }: Settings): Promise<number> {
  note(words('kmemleakWaits', { wait: WAIT_SECONDS }))
  await pause(WAIT_SECONDS)
  const result = scanNow()
  if ('seconds' in result) {
    note(words('kmemleakScanned', { number, seconds: result.seconds.toFixed(2) }))
    return result.seconds
  }
  const off = result.at === 'write' && result.refused === 'EPERM'
  throw new Ending(
    off
      ? words('kmemleakRefusedOff', { remedy: say(unknownRemedies, 'boot-kmemleak-on', language) })
      : words('kmemleakRefused', { what: result.refused }),
    exitCodes.failed,
  )
}

function reread(tree: Tree, settings: Settings): KmemleakReading {
  const chunks = tree.chunks(FILE)
  if (isGap(chunks))
    throw new Ending(
      settings.words('kmemleakRefused', { what: chunks.detail ?? chunks.why }),
      exitCodes.failed,
    )
  return readKmemleak(chunks, { objects: true })
}

/** A line from the terminal, which hands in whole lines; empty where it ends before one. */
async function answer(): Promise<string> {
  for await (const line of process.stdin) return String(line)
  return ''
}
