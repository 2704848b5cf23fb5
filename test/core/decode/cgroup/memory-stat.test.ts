import { describe, expect, it } from 'vitest'
import { decodeStat, statDecoder } from '../../../../src/core/decode/cgroup/memory-stat.ts'
import { decodeNumber } from '../../../../src/core/decode/cgroup/number.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('statDecoder', () => {
  it('gives for a file with the last layout, and for one without, what decodeStat gives', () => {
    const decode = statDecoder()
    const files = [
      'cache 1\nrss 2\ntotal_rss 3\n',
      'cache 4096\nrss 0\ntotal_rss 9223372036854771712\n',
      'cache 4096\nrss 0\n',
      'cache 4096\nrss 0\nshmem 7\n',
      'cache 4096\nrss 0\nshmem 7',
      'cache 4096\nrss \nshmem 7\n',
      'cache 4096\nrss -1\nshmem 7\n',
      'cache 4096\r\nrss 1\r\nshmem 7\r\n',
      'cache 5\nrss 1\nshmem 7\n\n',
      'cachx 5\nrss 1\nshmem 7\n',
      '',
      'anon 1\nfile 2\n',
    ]
    for (const file of [...files, ...files]) expect(decode(bytes(file))).toEqual(decodeStat(bytes(file)))
  })

  it('takes no number for one that is too long, with the keys of the file before too', () => {
    const decode = statDecoder()
    expect(decode(bytes('a 1\nb 2\n'))).toEqual({ a: 1, b: 2 })
    expect(decode(bytes(`a ${'9'.repeat(26)}\nb 3\n`))).toEqual({ b: 3 })
  })

  it('gives each file numbers of its own', () => {
    const decode = statDecoder()
    const first = decode(bytes('cache 1\nrss 2\n'))
    const second = decode(bytes('cache 3\nrss 4\n'))
    decode(bytes('cache 5\nrss 6\n'))
    expect(first).toEqual({ cache: 1, rss: 2 })
    expect(second).toEqual({ cache: 3, rss: 4 })
  })

  it('keeps what decodes between lines that do not', () => {
    expect(decodeStat(bytes('# cat memory.stat\ncache 1\nrss x\nlow: 3\n\t\nswap\t4\ncache 9\n'))).toEqual({
      cache: 1,
      low: 3,
      swap: 4,
    })
  })
})

describe('decodeNumber', () => {
  it.each([
    ['0\n', 0],
    ['295997440\n', 295997440],
    ['295997440', 295997440],
    ['12\r\n', 12],
    ['9223372036854771712\n', 2 ** 63 - 4096],
    ['max\n', Number.POSITIVE_INFINITY],
    ['-1\n', -1],
    ['', undefined],
    ['\n', undefined],
    ['maximum\n', undefined],
    ['12abc\n', undefined],
  ])('%j', (text, expected) => {
    expect(decodeNumber(bytes(text))).toBe(expected)
  })
})
