// Every log of fixtures/kmsg, in every dress, cut anywhere, between strangers: it says the same.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { readLines } from '../../src/core/base/lines.ts'
import { type DecodedKernelLog, readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import { undresser } from '../../src/core/decode/kmsg/record.ts'
import type { KernelReport, OomReport } from '../../src/core/decode/kmsg/report.ts'
import { decodedLog } from '../../src/core/decoded/log.ts'
import { LINE_DRESSES, LOG_DRESSES } from './dresses.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/kmsg')
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Fixture {
  readonly name: string
  readonly golden: string
  readonly log: string
  /** What the kernel printed, without any dress. */
  readonly bare: readonly string[]
}

function fixture(folder: string, file: string): Fixture {
  const text = readFileSync(join(FIXTURES, folder, file), 'utf8')
  const end = text.indexOf('\n\n')
  const header = text.slice(0, end)
  for (const key of ['source:', 'licence:', 'kernel:'])
    if (!header.includes(key)) throw new Error(`${file}: no ${key}`)
  const log = text.slice(end + 2)
  const dress = undresser()
  const bare = [...readLines([encode(log)])].flatMap(line => dress.undress(line)).map(record => record.text)
  return {
    name: `${folder}/${file}`,
    golden: join(FIXTURES, folder, file.replace(/\.txt$/, '.json')),
    log,
    bare,
  }
}

const fixtures = readdirSync(FIXTURES).flatMap(folder =>
  readdirSync(join(FIXTURES, folder))
    .filter(file => file.endsWith('.txt'))
    .map(file => fixture(folder, file)),
)

const read = (text: string): DecodedKernelLog => readKernelLog([encode(text)], { path: 'log' })

/** What a report says, without where and when it was said. */
function said(log: DecodedKernelLog): unknown {
  const bare = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(bare)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .filter(([key]) => !['line', 'lines', 'seq', 'at', 'quotes', 'path'].includes(key))
              .map(([key, inner]) => [key, bare(inner)]),
          )
        : typeof value === 'bigint'
          ? `0x${value.toString(16)}`
          : value
  return bare(log.reports)
}

const STRANGERS = [
  'docker0: port 2(vethcd0dbfb) entered disabled state',
  'EXT4-fs (vda1): mounted filesystem with ordered data mode',
  'SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1',
  'ODEBUG: Out of memory. ODEBUG disabled',
]

describe.each(fixtures)('$name', ({ golden, log, bare }) => {
  const whole = read(log)

  it('decodes to its golden (npm run golden rewrites it)', () => {
    const decoded = `${JSON.stringify({ ...decodedLog(whole) }, null, 1)}\n`
    if (process.env['GOLDEN'] === 'write') writeFileSync(golden, decoded)
    expect(existsSync(golden)).toBe(true)
    expect(decoded).toBe(readFileSync(golden, 'utf8'))
  })

  it('says the same under any chunking, with CRLF and with CR', () => {
    const bytes = encode(log)
    for (const size of [1, 7, 63, 4096]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.slice(at * size, (at + 1) * size),
      )
      expect(readKernelLog(chunks, { path: 'log' })).toEqual(whole)
    }
    expect(read(log.replaceAll('\n', '\r\n'))).toEqual(whole)
    expect(read(log.replaceAll('\n', '\r'))).toEqual(whole)
  })

  it('cites lines that exist and hold what is quoted', () => {
    const lines = log.split('\n')
    for (const report of whole.reports) {
      const [first, last] = report.lines ?? [0, 0]
      expect(first).toBeGreaterThan(0)
      expect(last).toBeLessThanOrEqual(lines.length)
      for (const quote of report.quotes) {
        expect(quote.line).toBeGreaterThanOrEqual(first)
        expect(quote.line).toBeLessThanOrEqual(last)
        const line = lines[(quote.line ?? 0) - 1] ?? ''
        expect(line.includes(quote.text) || line.includes('#012')).toBe(true)
      }
    }
  })

  it('finds a report again in its cited lines alone, and not after them', () => {
    const lines = log.split('\n')
    for (const report of whole.reports) {
      const [first, last] = report.lines ?? [0, 0]
      const alone = read(lines.slice(first - 1, last).join('\n'))
      const again = said({ ...whole, reports: [report] })
      expect(said(alone)).toEqual(expect.arrayContaining(again as unknown[]))
      const after = said(read(lines.slice(last).join('\n'))) as unknown[]
      const same = (list: unknown[]): number =>
        list.filter(other => JSON.stringify(other) === JSON.stringify((again as unknown[])[0])).length
      expect(same(after)).toBeLessThan(same(said(whole) as unknown[]))
    }
  })

  it.each(Object.keys(LINE_DRESSES))('says the same dressed as %s', name => {
    const dress = LINE_DRESSES[name]
    if (!dress) throw new Error(name)
    const dressed = read(bare.map(dress).join('\n'))
    expect(said(dressed)).toEqual(said(read(bare.join('\n'))))
    expect(said(dressed)).toEqual(said(whole))
  })

  it.each(Object.keys(LOG_DRESSES))('says the same as a log dressed %s', name => {
    const dress = LOG_DRESSES[name]
    if (!dress) throw new Error(name)
    const dressed = said(read(dress(bare)))
    expect(dressed).toEqual(said(whole))
  })

  it.each(['dmesg', 'dmesg -T zh', 'rsyslog', '/dev/kmsg', 'none'])(
    'says the same between strangers, as %s',
    name => {
      const dress = LINE_DRESSES[name]
      if (!dress) throw new Error(name)
      const among = [...STRANGERS, ...bare, ...STRANGERS].map(dress).join('\n')
      expect(said(read(among))).toEqual(said(whole))
    },
  )

  it('never throws on a log cut anywhere', () => {
    const bytes = encode(log)
    const step = Math.max(1, Math.floor(bytes.length / 150))
    for (let end = 0; end < bytes.length; end += step) {
      const cut = readKernelLog([bytes.slice(0, end)], { path: 'log' })
      expect(cut.reports.length).toBeLessThanOrEqual(whole.reports.length + 1)
    }
  })
})

const CORPUS = join(import.meta.dirname, '../../../shared/corpus')

/** Logs of other people, as they are: torn, wrapped, quoted, from several CPUs. */
const others = (existsSync(CORPUS) ? readdirSync(CORPUS) : []).flatMap(folder =>
  statSync(join(CORPUS, folder)).isDirectory()
    ? readdirSync(join(CORPUS, folder))
        .filter(file => /\.(?:log|txt|kmsg)$/.test(file))
        .filter(file => statSync(join(CORPUS, folder, file)).size < 2_000_000)
        .map(file => ({ name: `${folder}/${file}`, log: readFileSync(join(CORPUS, folder, file), 'utf8') }))
    : [],
)

const logs = others.filter(({ log }) => read(log).reports.length > 0)

/** Without what other lines of the log tell of it: which kernel wrote it, that lines were selected, that it ended there. */
function ofItself(report: KernelReport): KernelReport {
  const { kernel: _kernel, fragment: _fragment, truncated: _truncated, ...rest } = report as OomReport
  return rest as KernelReport
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

describe('logs of others', () => {
  beforeEach(({ skip }) => {
    if (others.length === 0) skip('../shared/corpus is not there')
  })

  it('are there, and many have reports', () => {
    expect(logs.length).toBeGreaterThan(40)
  })

  it.each(logs)('$name says the same under any chunking, with CRLF', ({ log }) => {
    const bytes = encode(log)
    const whole = read(log)
    // byte by byte only where that takes no seconds
    for (const size of [bytes.length > 100_000 ? 61 : 1, 4096]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.slice(at * size, (at + 1) * size),
      )
      expect(readKernelLog(chunks, { path: 'log' })).toEqual(whole)
    }
    if (!log.includes('\r')) expect(read(log.replaceAll('\n', '\r\n'))).toEqual(whole)
  })

  it.each(logs)('$name cites lines that exist, in their order', ({ log }) => {
    const lines = log.split('\n')
    for (const report of read(log).reports) {
      const [first, last] = report.lines ?? [0, 0]
      expect(first).toBeGreaterThan(0)
      expect(last).toBeGreaterThanOrEqual(first)
      expect(last).toBeLessThanOrEqual(lines.length)
      for (const quote of report.quotes) {
        expect(quote.line).toBeGreaterThanOrEqual(first)
        expect(quote.line).toBeLessThanOrEqual(last)
        expect(quote.text.trim()).not.toBe('')
      }
    }
  })

  it.each(logs)('$name says the same between strangers', ({ log }) => {
    const stamps =
      log.match(/^(?:\[ {0,8}\d+\.\d+\](?:\[ *[TC]\d+\])?|\w{3} {1,2}\d+ [\d:]{8} \S+ kernel:)/gm) ?? []
    const stranger = (at: number): string =>
      `${stamps.at(at) ?? ''} docker0: port 2(vethcd0dbfb) entered disabled state\n`
    const among = said(read(`${stranger(0)}${log.replace(/\n?$/, '\n')}${stranger(-1)}`))
    expect(among).toEqual(said(read(log)))
  })

  it.each(logs)('$name: what is told of a part was not made up', ({ log }) => {
    const lines = log.split('\n')
    const whole = read(log)
    const step = Math.max(1, Math.floor(lines.length / 24))
    for (let end = step; end < lines.length; end += step) {
      const part = read(lines.slice(0, end).join('\n'))
      expect(part.reports.length).toBeLessThanOrEqual(whole.reports.length + 1)
      // reports that ended well before the cut are what they are
      const settled = (reports: readonly KernelReport[]): readonly KernelReport[] =>
        reports.filter(({ lines }) => (lines?.[1] ?? 0) < end - 200)
      expect(said({ ...part, reports: settled(part.reports) })).toEqual(
        said({ ...whole, reports: settled(whole.reports) }),
      )
    }
  })

  it.each(logs)('$name: a report is found again in its cited lines', ({ log }) => {
    const lines = log.split('\n')
    const whole = read(log)
    const missed = whole.reports.filter(report => {
      // which lines are whose was told from the lines around
      if ('pairingAmbiguous' in report) return false
      const [first, last] = report.lines ?? [0, 0]
      const [again] = said({ ...whole, reports: [report].map(ofItself) }) as unknown[]
      const alone = read(lines.slice(first - 1, last).join('\n'))
      const told = said({ ...alone, reports: alone.reports.map(ofItself) }) as unknown[]
      return !told.some(other => same(other, again))
    })
    expect(missed).toEqual([])
  })
})
