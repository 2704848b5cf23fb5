import { describe, expect, it, test } from 'vitest'
import { cutBytes, cutCells, width, wrap } from '../../../src/core/base/width.ts'

test.each([
  ['', 0],
  ['kmem', 4],
  ['内核内存', 8],
  ['内核 kmem：3.7 GiB', 18],
  ['，。（）', 8],
  ['“”…·', 4],
  ['한글', 4],
  ['ｶﾅ', 2],
  ['𠀀', 2],
  ['😀', 2],
  ['e\u0301', 1],
  ['a\u200bb', 2],
])('%j takes %i cells', (text, cells) => {
  expect(width(text)).toBe(cells)
})

describe('wrap', () => {
  it('gives no line for nothing', () => {
    expect(wrap('', 10)).toEqual([])
    expect(wrap('   ', 10)).toEqual([])
  })

  it('fills a line to its last cell and not beyond', () => {
    expect(wrap('abcd efgh', 9)).toEqual(['abcd efgh'])
    expect(wrap('abcd efgh', 8)).toEqual(['abcd', 'efgh'])
    expect(wrap('内核内存', 8)).toEqual(['内核内存'])
    expect(wrap('内核内存', 7)).toEqual(['内核内', '存'])
  })

  it('breaks at blanks, of which none stays at either end of a line', () => {
    expect(wrap('  kernel   memory ', 6)).toEqual(['kernel', 'memory'])
    expect(wrap('内核 kmem 内存', 9)).toEqual(['内核 kmem', '内存'])
  })

  it('leaves a word whole that is longer than a line', () => {
    const path = '/sys/fs/cgroup/memory/kubepods/burstable'
    expect(wrap(`in ${path} now`, 10)).toEqual(['in', path, 'now'])
    expect(wrap(`位于 ${path}。`, 10)).toEqual(['位于', `${path}。`])
  })

  it('begins no line with closing punctuation and keeps within the width', () => {
    expect(wrap('内核内存。', 8)).toEqual(['内核内', '存。'])
    expect(wrap('内存（高）。好', 8)).toEqual(['内存', '（高）。', '好'])
    expect(wrap('内核内存%', 8)).toEqual(['内核内', '存%'])
    expect(wrap('重启 node。', 9)).toEqual(['重启', 'node。'])
  })

  it('ends no line with opening punctuation', () => {
    expect(wrap('内核内（存）', 8)).toEqual(['内核内', '（存）'])
    expect(wrap('报告“无限制”', 5)).toEqual(['报告', '“无限', '制”'])
    expect(wrap('风险 (低)', 6)).toEqual(['风险', '(低)'])
  })

  it('loses no character but blanks, whatever the width', () => {
    const text =
      '应用自身的匿名内存只有 275 MiB：调整堆大小没有用（failcnt 48,213 次），报“no space left on device”。'
    for (let cells = 1; cells <= 110; cells += 1) {
      const lines = wrap(text, cells)
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
      for (const line of lines) {
        expect(line).not.toMatch(/^[\s，。：；！？、）”]|[\s（“]$/)
        if (cells >= 10) expect(width(line)).toBeLessThanOrEqual(cells)
      }
    }
  })

  it('takes a long line within the time a test is given', () => {
    expect(wrap('内存）'.repeat(200_000), 80).length).toBeGreaterThan(10_000)
    expect(wrap('）'.repeat(200_000), 80)).toHaveLength(1)
  })
})

describe('cutCells', () => {
  it('leaves alone what fits', () => {
    expect(cutCells('内存', 4)).toBe('内存')
    expect(cutCells('', 0)).toBe('')
  })

  it('gives the last cell to the ellipsis and halves no character', () => {
    expect(cutCells('内存', 3)).toBe('内…')
    expect(cutCells('内存限制', 6)).toBe('内存…')
    expect(cutCells('kmem', 3)).toBe('km…')
    expect(cutCells('内存', 1)).toBe('…')
  })
})

describe('cutBytes', () => {
  it('leaves alone what fits', () => {
    expect(cutBytes('内存', 6)).toBe('内存')
    expect(cutBytes('', 0)).toBe('')
  })

  it('ends at a whole character', () => {
    expect(cutBytes('内存', 5)).toBe('内')
    expect(cutBytes('内存', 2)).toBe('')
    expect(cutBytes('a内', 3)).toBe('a')
    expect(cutBytes('a😀b', 4)).toBe('a')
    expect(cutBytes('a😀b', 5)).toBe('a😀')
  })
})
