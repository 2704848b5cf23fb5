import { describe, expect, it } from 'vitest'
import { printable } from '../../../src/core/base/printable.ts'
import { renderJsonLine } from '../../../src/core/render/json.ts'

/** What steers a terminal, turns text round or stands in it unseen; the last are the tags of "A" and of the end. */
const HOSTILE = '\x1b[31m\x9b1m\x07\u202e\u2066\u200b\u{e0041}\u{e007f}'

/** All that is not to reach a reader as it is. */
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\u{e0000}-\u{e007f}]/u

describe('text of a log', () => {
  it('shows what would steer a terminal or not be seen', () => {
    expect(printable(HOSTILE)).toBe('\\x1b[31m\\x9b1m\\x07\\u202e\\u2066\\u200b\\u{e0041}\\u{e007f}')
    expect(printable('中文 🙂 ü\t')).toBe('中文 🙂 ü\t')
  })

  it('is the same text in JSON, escaped', () => {
    const line = renderJsonLine({ text: `${HOSTILE}🙂` })
    expect(line.trimEnd()).not.toMatch(UNSEEN)
    expect(JSON.parse(line)).toEqual({ text: `${HOSTILE}🙂` })
  })
})
