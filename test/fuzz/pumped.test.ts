// No line of 64 KiB takes an expression of the decoders more than some milliseconds. The expressions are those that are
// really tried while logs of every kind are read; each is given what it was tried on before, with a piece of it repeated.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import { readKmemleak } from '../../src/core/decode/sys/kmemleak.ts'
import { LINE_DRESSES, LOG_DRESSES } from '../corpus/dresses.ts'
import { logs, printers } from './campaign.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/kmsg')
const LONGEST = 65_536
/** One pass over 64 KiB takes a tenth of a millisecond; the square of it, four seconds. */
const MOST_MILLISECONDS = 60

/** Texts an expression is given, those it matches first. */
interface Tried {
  readonly pattern: RegExp
  readonly texts: Set<string>
  readonly matched: Set<string>
}

/** What is tried on what while `read` runs. */
function watched(read: () => void): ReadonlyMap<string, Tried> {
  const all = new Map<string, Tried>()
  const { exec } = RegExp.prototype
  RegExp.prototype.exec = function (this: RegExp, text: string): RegExpExecArray | null {
    const found = exec.call(this, text)
    const key = String(this)
    let tried = all.get(key)
    if (!tried) {
      tried = {
        pattern: new RegExp(
          this.source,
          [...this.flags].filter(flag => flag !== 'g' && flag !== 'y').join(''),
        ),
        texts: new Set(),
        matched: new Set(),
      }
      all.set(key, tried)
    }
    const set = found ? tried.matched : tried.texts
    if (set.size < 12 && text.length < 2000) set.add(text)
    return found
  }
  try {
    read()
  } finally {
    RegExp.prototype.exec = exec
  }
  return all
}

/** Tried first: what takes no longer than this with an eighth of the length grows no faster than the length. */
const SHORT = 8192
const SHORT_MILLISECONDS = 1

/** Texts with a piece repeated until they are as long as asked for, with an end that fits and with one that does not. */
function* pumped(text: string): Generator<(length: number) => string> {
  const pieces = new Set<string>()
  const step = Math.max(1, Math.floor(text.length / 12))
  for (let at = 0; at < text.length; at += step)
    for (const size of [1, 3, 9]) {
      const piece = text.slice(at, at + size)
      const key = `${size} ${piece}`
      if (piece.length < size || pieces.has(key)) continue
      pieces.add(key)
      const repeated = (length: number): string =>
        piece.repeat(Math.max(1, Math.floor((length - text.length) / size)))
      yield length => text.slice(0, at) + repeated(length) + text.slice(at)
      yield length => `${text.slice(0, at)}${repeated(length)}\0`
    }
}

function milliseconds(pattern: RegExp, text: string): number {
  const started = performance.now()
  pattern.test(text)
  return performance.now() - started
}

const encoder = new TextEncoder()

it('takes a line of 64 KiB no more than some milliseconds, whatever is repeated in it', async () => {
  const texts = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.txt'))
    .map(name => readFileSync(join(FIXTURES, name), 'utf8'))
  const printed = [...(await printers()).values()].flatMap(arbitrary =>
    fc.sample(arbitrary, { numRuns: 40, seed: 1 }),
  )
  const made = fc.sample(await logs(), { numRuns: 300, seed: 1 })
  const sample = [...texts.flatMap(text => text.split('\n').slice(0, 20)), ...printed.flat().slice(0, 60)]
  const tried = watched(() => {
    const read = (text: string): void => {
      const bytes = encoder.encode(text)
      readKernelLog([bytes], { path: 'log' })
      readKmemleak([bytes])
    }
    for (const text of texts) read(text)
    for (const lines of printed) read(lines.join('\n'))
    for (const dress of Object.values(LINE_DRESSES)) read(sample.map(dress).join('\n'))
    for (const dress of Object.values(LOG_DRESSES)) read(dress(sample))
    for (const { bytes } of made) readKernelLog([bytes], { path: 'log' })
  })
  expect(tried.size).toBeGreaterThan(150)
  const slow: string[] = []
  for (const { pattern, texts: others, matched } of tried.values()) {
    let worst = 0
    let by = ''
    for (const text of [...[...matched].slice(0, 2), ...[...others].slice(0, 1), ' '])
      for (const attack of pumped(text)) {
        if (milliseconds(pattern, attack(SHORT)) < SHORT_MILLISECONDS) continue
        let took = Number.POSITIVE_INFINITY
        // others use the machine, too
        for (let again = 0; took > MOST_MILLISECONDS && again < 4; again += 1)
          took = Math.min(took, milliseconds(pattern, attack(LONGEST)))
        if (took > worst) {
          worst = took
          by = attack(200)
        }
      }
    if (worst > MOST_MILLISECONDS)
      slow.push(
        `${worst.toFixed(0)} ms: ${String(pattern).slice(0, 200)} on ${JSON.stringify(by.slice(0, 60))}…`,
      )
  }
  expect(slow).toEqual([])
}, 240_000)
