// A decoded document as an outline for people: what is a list of reports stands report by report, the rest as
// `name: value`.

import { printable } from '../base/printable.ts'

/** The parts of a document as lines, nested by two blanks. Field names are the document's own, in any language. */
export function renderOutline(document: Readonly<Record<string, unknown>>): string {
  const { schema: _, ...rest } = document
  const lines = outline(rest, '')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function outline(fields: Readonly<Record<string, unknown>>, indent: string): string[] {
  return Object.entries(fields).flatMap(([name, value]) => field(name, value, indent))
}

function field(name: string, value: unknown, indent: string): string[] {
  const key = printable(name)
  if (Array.isArray(value)) {
    if (value.length === 0) return []
    if (value.every(item => !isObject(item))) return [`${indent}${key}: ${value.map(plainValue).join(', ')}`]
    return [
      `${indent}${key}:`,
      ...value.flatMap(item => {
        const [first = '', ...more] = isObject(item) ? outline(item, `${indent}    `) : [plainValue(item)]
        return [`${indent}  - ${first.trimStart()}`, ...more]
      }),
    ]
  }
  if (isObject(value)) {
    const inner = outline(value, `${indent}  `)
    return inner.length === 0 ? [] : [`${indent}${key}:`, ...inner]
  }
  return [`${indent}${key}: ${plainValue(value)}`]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function plainValue(value: unknown): string {
  return value === null || value === undefined ? '?' : printable(String(value))
}
