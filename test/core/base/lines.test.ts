import { describe, expect, it } from 'vitest'
import { type Line, LONGEST_LINE, readLines } from '../../../src/core/base/lines.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const lines = (text: string, size = text.length + 1, whole = false): Line[] => {
  const all = bytes(text)
  const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  )
  return [...readLines(chunks, { whole })]
}
const texts = (text: string, size?: number): string[] => lines(text, size).map(line => line.text)

describe('readLines', () => {
  it.each([1, 2, 3, 5, 100])('takes LF, CRLF and CR for the same, in chunks of %i', size => {
    const expected = ['one', '', 'three', 'fünf 五']
    for (const end of ['\n', '\r\n', '\r']) {
      const found = lines(expected.join(end), size)
      expect(found.map(line => line.text)).toEqual(expected)
      expect(found.map(line => line.number)).toEqual([1, 2, 3, 4])
    }
  })

  it('numbers by LF where there is one: a bare CR parts a line without counting', () => {
    expect(lines('a\rb\nc\r\r\nd\n').map(({ number, text }) => [number, text])).toEqual([
      [1, 'a'],
      [1, 'b'],
      [2, 'c'],
      [3, 'd'],
    ])
    for (const size of [1, 2, 3]) expect(lines('a\rb\nc\r\r\nd\n', size)).toEqual(lines('a\rb\nc\r\r\nd\n'))
  })

  it('gives no line for nothing, and one for an end', () => {
    expect(texts('')).toEqual([])
    expect(texts('\n')).toEqual([''])
    expect(texts('a')).toEqual(['a'])
  })

  it('reads on after bytes that are no text', () => {
    const chunks = [new Uint8Array([0, 255, 254, 10]), bytes('b\n')]
    expect([...readLines(chunks)].map(line => line.text)).toEqual(['\0\ufffd\ufffd', 'b'])
  })

  it('reads UTF-16, which Windows tools write, and swallows a byte order mark', () => {
    const utf16 = new Uint8Array([0xff, 0xfe, 97, 0, 10, 0, 98, 0])
    expect([...readLines([utf16])].map(line => line.text)).toEqual(['a', 'b'])
    expect([...readLines([utf16.slice(0, 1), utf16.slice(1)])].map(line => line.text)).toEqual(['a', 'b'])
    expect([...readLines([new Uint8Array([0xef, 0xbb, 0xbf, 97])])].map(line => line.text)).toEqual(['a'])
  })

  it('cuts a line that has no end, and gives the next one whole', () => {
    function* endless(): Generator<Uint8Array> {
      for (let piece = 0; piece < 64; piece += 1) yield new Uint8Array(1 << 20).fill(120)
      yield bytes('\nnext\n')
    }
    const found = [...readLines(endless())]
    expect(found.map(({ number, text, cut }) => [number, text.length, cut])).toEqual([
      [1, LONGEST_LINE, true],
      [2, 4, undefined],
    ])
  })

  it('gives a long line in pieces when all of it is wanted', () => {
    const text = `${'x'.repeat(LONGEST_LINE)}${'y'.repeat(LONGEST_LINE)}z\nnext`
    for (const size of [1000, 70_000, text.length]) {
      const found = lines(text, size, true)
      expect(
        found
          .filter(line => line.number === 1)
          .map(line => line.text)
          .join(''),
      ).toBe(text.slice(0, -5))
      expect(found.at(-1)).toEqual({ number: 2, text: 'next' })
      expect(found.every(line => line.text.length <= LONGEST_LINE)).toBe(true)
    }
  })

  it('does not depend on a buffer that its reader uses again', () => {
    const buffer = new Uint8Array(1)
    function* reused(): Generator<Uint8Array> {
      for (const byte of bytes('ab\ncd\n')) {
        buffer[0] = byte
        yield buffer
      }
    }
    expect([...readLines(reused())].map(line => line.text)).toEqual(['ab', 'cd'])
  })
})
