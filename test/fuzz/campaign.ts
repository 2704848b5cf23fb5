// Logs made up from what kernels print, damaged in every way logs are damaged, and what has to hold of each. npm test
// spends some seconds on it, npm run fuzz as long as one likes.
//
// What is printed comes from fixtures/kmsg and from every file here that is called *-printer.ts and exports `reports`,
// an arbitrary of the bare lines of one report: a new one joins by being there.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { NOISE_DRESSES, noise } from '../../bench/noise.mjs'
import { collect } from '../../src/core/collect.ts'
import { type DecodedKernelLog, readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import { kernelReportJson } from '../../src/core/decoded/kernel-report.ts'
import { decodedLog } from '../../src/core/decoded/log.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { reportWords } from '../../src/core/render/kernel-report.ts'
import { memoryTree } from '../../src/core/tree/memory-tree.ts'
import { LINE_DRESSES, LOG_DRESSES } from '../corpus/dresses.ts'

type Lines = readonly string[]

/** A log and whether nothing in it is a report. */
export interface Made {
  readonly bytes: Uint8Array
  readonly noise: boolean
}

const FIXTURES = join(import.meta.dirname, '../../fixtures/kmsg')

/** Lines of a fixture that are taken at once. */
const LONGEST = 600

function fixtures(): readonly Lines[] {
  return readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.txt'))
    .sort()
    .map(name => {
      const text = readFileSync(join(FIXTURES, name), 'utf8')
      return text.slice(text.indexOf('\n\n') + 2).split('\n')
    })
}

/** The arbitraries that printers export, by the file. */
export async function printers(): Promise<ReadonlyMap<string, fc.Arbitrary<Lines>>> {
  const found = new Map<string, fc.Arbitrary<Lines>>()
  for (const file of readdirSync(import.meta.dirname).sort()) {
    const name = /^(.+)-printer\.ts$/.exec(file)?.[1]
    if (name === undefined) continue
    const { reports } = (await import(`./${name}-printer.ts`)) as { readonly reports?: fc.Arbitrary<Lines> }
    if (reports !== undefined) found.set(file, reports)
  }
  return found
}

function ordinary(seed: number, count: number): Lines {
  const lines: string[] = []
  for (const { text } of noise(seed)) {
    if (lines.length >= count) break
    lines.push(text)
  }
  return lines
}

/** Damage to the lines of a log. */
const lineDamage = fc.oneof(
  fc.record({
    is: fc.constantFrom('lost', 'twice', 'swapped', 'last', 'first'),
    at: fc.nat(),
    count: fc.nat({ max: 6 }),
  }),
  fc.record({ is: fc.constantFrom('wrapped'), at: fc.nat(), count: fc.constantFrom(66, 72, 78, 80, 132) }),
  fc.record({ is: fc.constantFrom('tangled'), at: fc.nat(), count: fc.integer({ min: 2, max: 40 }) }),
  fc.record({ is: fc.constantFrom('pumped'), at: fc.nat(), count: fc.integer({ min: 100, max: 20_000 }) }),
)
type LineDamage = typeof lineDamage extends fc.Arbitrary<infer T> ? T : never

function damaged(lines: string[], { is, at, count }: LineDamage): string[] {
  if (lines.length === 0) return lines
  const index = at % lines.length
  switch (is) {
    case 'lost':
      lines.splice(index, count)
      return lines
    case 'twice':
      lines.splice(index, 0, ...lines.slice(index, index + count))
      return lines
    case 'swapped': {
      const other = (index + count) % lines.length
      const [one = '', two = ''] = [lines[index], lines[other]]
      lines[index] = two
      lines[other] = one
      return lines
    }
    case 'first':
      return lines.slice(index)
    case 'last':
      return lines.slice(0, index + 1)
    case 'wrapped':
      return lines.flatMap(line => line.match(new RegExp(`.{1,${count}}`, 'gs')) ?? [''])
    case 'tangled': {
      // two CPUs print in turns
      const moved = lines.splice(index, count)
      return [
        ...lines.slice(0, index),
        ...moved.flatMap((line, place) => [line, ...lines.slice(index + place, index + place + 1)]),
        ...lines.slice(index + moved.length),
      ]
    }
    default: {
      // a few characters, again and again
      const line = lines[index] ?? ''
      const from = Math.floor(at / 7) % (line.length + 1)
      const some = line.slice(from, from + 1 + (at % 9))
      if (some !== '')
        lines[index] = line.slice(0, from) + some.repeat(Math.ceil(count / some.length)) + line.slice(from)
      return lines
    }
  }
}

const byteDamage = fc.tuple(
  fc.nat(),
  fc.oneof(fc.constantFrom(0, 9, 10, 13, 27, 32, 40, 41, 58, 91, 92, 93, 255), fc.nat({ max: 255 })),
  fc.constantFrom('set', 'set', 'insert', 'delete', 'cut'),
)

const dressOfLines: Readonly<Record<string, (lines: Lines) => string>> = {
  ...LOG_DRESSES,
  ...Object.fromEntries(
    Object.entries(LINE_DRESSES).map(([name, dress]) => [
      name,
      (lines: Lines) => lines.map(dress).join('\n'),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(NOISE_DRESSES).map(([name, dress]) => [
      `noise, ${name}`,
      (lines: Lines) =>
        lines.map((text, at) => dress({ text, seconds: 100 + at / 1000, seq: 1000 + at })).join('\n'),
    ]),
  ),
}

/** All logs of the campaign. */
export async function logs(): Promise<fc.Arbitrary<Made>> {
  const real = fixtures()
  const parts = fc.oneof(
    fc
      .tuple(fc.constantFrom(...real), fc.nat(), fc.integer({ min: 1, max: LONGEST }))
      .map(([lines, from, count]) => lines.slice(from % lines.length).slice(0, count)),
    ...(await printers()).values(),
    fc.tuple(fc.nat(), fc.nat({ max: 50 })).map(([seed, count]) => ordinary(seed, count)),
  )
  const reports = fc
    .record({
      parts: fc.array(parts, { minLength: 1, maxLength: 4 }),
      damage: fc.array(lineDamage, { maxLength: 5 }),
      dress: fc.constantFrom(...Object.keys(dressOfLines)),
      after: fc.array(lineDamage, { maxLength: 2 }),
      bytes: fc.array(byteDamage, { maxLength: 8 }),
      end: fc.constantFrom('\n', '\n', '\r\n', '\r'),
      before: fc.constantFrom(0, 0, 1200),
    })
    .map(({ parts: some, damage, dress, after, bytes: changes, end, before }): Made => {
      let lines = damage.reduce(damaged, some.flat().slice(0, 4 * LONGEST))
      lines = [...ordinary(before, before), ...lines]
      const text = after.reduce(damaged, (dressOfLines[dress]?.(lines) ?? '').split('\n')).join(end)
      let bytes = new TextEncoder().encode(text)
      for (const [where, value, how] of changes) {
        const at = where % (bytes.length + 1)
        const rest = how === 'insert' ? at : at + 1
        if (how === 'cut') bytes = bytes.slice(0, at)
        else
          bytes = Uint8Array.from([
            ...bytes.slice(0, at),
            ...(how === 'delete' ? [] : [value]),
            ...bytes.slice(rest),
          ])
      }
      return { bytes, noise: false }
    })
  const quiet = fc
    .record({
      seed: fc.nat(),
      count: fc.integer({ min: 1, max: 1500 }),
      dress: fc.constantFrom(...Object.keys(dressOfLines)),
      damage: fc.array(lineDamage, { maxLength: 3 }),
      bytes: fc.array(byteDamage, { maxLength: 4 }),
    })
    .map(({ seed, count, dress, damage, bytes: changes }): Made => {
      const lines = (dressOfLines[dress]?.(ordinary(seed, count)) ?? '').split('\n')
      const bytes = new TextEncoder().encode(damage.reduce(damaged, lines).join('\n'))
      for (const [where, value] of changes) bytes[where % bytes.length] = value
      return { bytes, noise: true }
    })
  return fc.oneof({ arbitrary: reports, weight: 5 }, { arbitrary: quiet, weight: 1 })
}

function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(10, at)
    const end = found < 0 ? bytes.length : found + 1
    yield bytes.subarray(at, end)
    at = end
  }
}

/** A log of the campaign takes a few milliseconds; this much is a hang, also on a machine that does other things. */
const SLOW_MILLISECONDS = 4000

class Broken extends Error {}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what)
}

/** Throws where something that has to hold of every log does not hold of this one. */
export function check({ bytes, noise: quiet }: Made): void {
  const started = performance.now()
  const log: DecodedKernelLog = readKernelLog([bytes], { path: 'log' })
  const took = performance.now() - started
  demand(took < SLOW_MILLISECONDS, `read in ${took.toFixed(0)} ms`)
  const lines = log.source.records + bytes.filter(byte => byte === 10 || byte === 13).length + 1
  demand(
    !quiet || log.reports.length === 0,
    `made up from noise: ${log.reports[0]?.kind} ${log.reports[0]?.quotes[0].text}`,
  )
  let before = 0
  for (const report of log.reports) {
    const [first = 0, last = 0] = report.lines ?? []
    demand(
      first >= 1 && first <= last && last <= lines,
      `${report.kind} in lines ${first} to ${last} of ${lines}`,
    )
    before = Math.max(before, first)
    demand(report.quotes.length > 0, `${report.kind} without a quote`)
    for (const language of ['en', 'zh'] as const)
      JSON.stringify(kernelReportJson(report, reportWords(report, language)))
  }
  JSON.stringify(decodedLog(log))
  const plain = readKernelLog(linesOf(bytes), { path: 'log' })
  demand(told(plain) === told(log), 'read line by line it tells something else')
  const tree = memoryTree({ 'log/1-log': bytes }, { origin: 'files' })
  JSON.stringify(diagnose(collect(tree, { at: 0 }), 0))
  const all = performance.now() - started
  demand(all < 3 * SLOW_MILLISECONDS, `took ${all.toFixed(0)} ms in all`)
}

const told = (log: DecodedKernelLog): string =>
  JSON.stringify(log, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

/** Whether a log breaks what has to hold: the error, or undefined. */
export function failureOf(made: Made): Error | undefined {
  try {
    check(made)
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Takes away lines and bytes for as long as the log still fails in the same way, or until `deadline` (of performance.now). */
export function shrunk(made: Made, deadline: number): Made {
  const way = (of: Made): string | undefined => failureOf(of)?.message.replace(/\d+/g, '#').slice(0, 60)
  const wanted = way(made)
  const fails = (parts: readonly Uint8Array[]): Made | undefined => {
    const smaller = { ...made, bytes: Uint8Array.from(Buffer.concat(parts)) }
    return wanted !== undefined && way(smaller) === wanted ? smaller : undefined
  }
  let best = made
  for (const split of [linesOf, (bytes: Uint8Array) => [...bytes].map(byte => Uint8Array.of(byte))]) {
    let parts = [...split(best.bytes)]
    for (let size = Math.ceil(parts.length / 2); size >= 1 && parts.length > 1; ) {
      let removed = false
      for (let at = 0; at < parts.length && performance.now() < deadline; ) {
        const rest = [...parts.slice(0, at), ...parts.slice(at + size)]
        const smaller = fails(rest)
        if (smaller) {
          best = smaller
          parts = rest
          removed = true
        } else at += size
      }
      if (performance.now() >= deadline) return best
      if (size === 1 && !removed) break
      if (!removed || size > 1) size = size === 1 ? 1 : Math.floor(size / 2)
    }
  }
  return best
}
