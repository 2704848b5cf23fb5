import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { literalsOf } from '../../../src/core/base/literals.ts'
import { splitter } from '../../../src/core/decode/kmsg/split.ts'

const { heads } = splitter({
  path: '',
  live: false,
  excerpt: () => false,
  release: () => undefined,
  emit: () => {},
})

describe('literalsOf', () => {
  it.each([
    [/oom-killer:|oom[-_](?:kill|reap)/, ['oom-kill', 'oom-reap', 'oom_kill', 'oom_reap']],
    [/[Kk]ill(?:ed)? process/, ['Kill process', 'kill process', 'Killed process', 'killed process']],
    [/: usage \d/, [': usage ']],
    [/^\s*Task (?:in|of) \/\S+ was/, ['Task in /', 'Task of /']],
    [/a+bc{2}d|x(?=y)z/, ['a', 'xz']],
    [/\bfoo\b(?:bar|\d+baz)?qux/, ['foo']],
    [/(a|b)c\.\(/, ['ac.(', 'bc.(']],
  ])('%s', (pattern, words) => {
    expect(literalsOf(pattern)?.toSorted()).toEqual(words.toSorted())
  })

  it.each([/\d+/, /a|b*/, /a?/, /x|/, /Foo/i, /\u0041/, /(?<n>a)\k<n>/, /[a-z]oo?/])(
    'knows none of %s, or words that every match has',
    pattern => {
      const words = literalsOf(pattern)
      expect(words ?? []).toEqual(words === undefined ? [] : ['o'])
    },
  )

  it('finds words for the heads of every reader', () => {
    for (const head of heads) expect(literalsOf(head), String(head)).toBeDefined()
  })

  it('gives words of which every match of a head has one', () => {
    for (const head of heads) {
      const words = literalsOf(head) ?? []
      const matching = fc.stringMatching(new RegExp(head.source.replaceAll(/\(\?<?[=!][^)]*\)/g, '')))
      fc.assert(
        fc.property(matching, text => {
          expect(words.some(word => text.includes(word)) || !head.test(text)).toBe(true)
        }),
        { numRuns: 100 },
      )
    }
  })
})
