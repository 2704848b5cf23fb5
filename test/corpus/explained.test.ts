// Every report of every log at hand, as a JSON line and in words: the line is what schemas/kernel-report.json says, and
// nothing of the words is left open. Logs: fixtures/kmsg, and ../shared/corpus where it is there.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { width } from '../../src/core/base/width.ts'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import type { KernelReport } from '../../src/core/decode/kmsg/report.ts'
import { kernelReportJson, reportKinds } from '../../src/core/decoded/kernel-report.ts'
import { decodedLog } from '../../src/core/decoded/log.ts'
import { DECODE_SCHEMA } from '../../src/core/decoded/source.ts'
import { explain } from '../../src/core/explain/index.ts'
import { remedyById } from '../../src/core/knowledge/remedies.ts'
import { renderJson, renderJsonLine } from '../../src/core/render/json.ts'
import { renderKernelLog, reportWords } from '../../src/core/render/kernel-report.ts'
import { plain } from '../../src/core/render/terminal.ts'

const ROOT = join(import.meta.dirname, '../..')
const LANGUAGES = ['en', 'zh'] as const

const folders = [join(ROOT, 'fixtures/kmsg'), join(ROOT, '../shared/corpus')]
  .filter(path => existsSync(path))
  .flatMap(path => readdirSync(path).map(name => join(path, name)))
  .filter(path => statSync(path).isDirectory())

const logs = folders.flatMap(folder =>
  readdirSync(folder)
    .filter(name => !/\.(?:json|md)$/.test(name))
    .map(name => [`${folder.split('/').at(-1)}/${name}`, join(folder, name)] as const)
    .filter(([, path]) => statSync(path).isFile()),
)

const read = (path: string) => readKernelLog([readFileSync(path)], { path: 'log' })

const schemaOf = (name: string) => JSON.parse(readFileSync(join(ROOT, 'schemas', name), 'utf8'))
const schema = schemaOf('kernel-report.json')
const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true })
const validate = ajv.compile(schema)
const validateDecoded = ajv.compile(schemaOf('decode.json'))

/** The definitions that a report can be, by its kind (and `says`). */
const definitions: readonly string[] = schema.oneOf.map(({ $ref }: { readonly $ref: string }) => $ref)

/** What is wrong with the JSON line of a report: told of the definition that fits best. */
function faults(report: KernelReport, change: (line: Record<string, unknown>) => void = () => {}): unknown {
  const line = JSON.parse(renderJsonLine(kernelReportJson(report, reportWords(report, 'en'))))
  change(line)
  if (validate(line)) return []
  const [nearest = []] = definitions
    .map($ref => {
      const one = ajv.getSchema(`${schema.$id}${$ref}`)
      one?.(line)
      return (one?.errors ?? []).map(({ instancePath, message, params }) => [instancePath, message, params])
    })
    .sort((one, other) => one.length - other.length)
  return nearest
}

/** Placeholders that nothing filled, and values that are none. */
const LEFT_OPEN = /\{\w+(?:\|\w+)?\}|\bundefined\b|\bNaN\b|\[object|\bnull\b/

/** Text without what it quotes of the log, in which anything may stand. */
const withoutQuotes = (text: string, report: KernelReport): string =>
  report.quotes.reduce((rest, quote) => rest.replaceAll(quote.text, ''), text)

describe.each(logs)('%s', (_, path) => {
  const log = read(path)

  it('is a line of the schema for each report', () => {
    for (const report of log.reports) expect({ report, faults: faults(report) }).toMatchObject({ faults: [] })
  })

  it('is a document of the schema of -o json', () => {
    const document = JSON.parse(renderJson({ schema: DECODE_SCHEMA, ...decodedLog(log) }))
    validateDecoded(document)
    expect(validateDecoded.errors ?? []).toEqual([])
  })

  it('has a title and whole sentences in both languages, and remedies that are known', () => {
    for (const report of log.reports) {
      const { facts, text, values, remedies } = explain(report)
      for (const language of LANGUAGES) {
        const { title, summary } = reportWords(report, language)
        expect(title.trim()).not.toBe('')
        expect(withoutQuotes(`${title}\n${summary}`, report)).not.toMatch(LEFT_OPEN)
        for (const [label, value] of facts) {
          expect(text[language][label]).toBeTypeOf('string')
          expect(withoutQuotes(String(value), report)).not.toMatch(LEFT_OPEN)
        }
      }
      for (const value of Object.values(values)) expect(value).not.toBeNaN()
      for (const id of remedies) expect(remedyById(id)?.id).toBe(id)
    }
  })

  it('fits a terminal of 80 columns, but for words that are longer', () => {
    for (const language of LANGUAGES) {
      const page = [...renderKernelLog(log, { language, style: plain, columns: 80 })].join('')
      for (const line of page.split('\n')) expect(width(line.replace(/\S{40,}/g, ''))).toBeLessThanOrEqual(80)
    }
  })
})

describe('the schema', () => {
  const all = logs.flatMap(([, path]) => read(path).reports)
  const kinds = new Map(all.map(report => [report.kind, report]))

  it('refuses a field by another name, of every kind', () => {
    for (const [kind, report] of kinds) {
      expect({ kind, faults: faults(report, line => Object.assign(line, { surplus: 1 })) }).not.toMatchObject(
        {
          faults: [],
        },
      )
      expect({ kind, faults: faults(report, line => delete line['title']) }).not.toMatchObject({ faults: [] })
    }
    expect(kinds.size).toBeGreaterThan(3)
  })

  it('knows every kind of report and no other', () => {
    const named = schema.oneOf.flatMap(({ $ref }: { $ref: string }) => {
      const { const: one, enum: several } = schema.$defs[$ref.slice('#/$defs/'.length)].properties.kind
      return several ?? [one]
    })
    expect([...new Set(named)].sort()).toEqual([...reportKinds].sort())
  })
})
