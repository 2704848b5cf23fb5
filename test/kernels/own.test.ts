import { describe, expect, it } from 'vitest'
import { lost } from './own.ts'

describe('options of a kernel', () => {
  const config = 'CONFIG_64BIT=y\n# CONFIG_INET is not set\nCONFIG_TESTS=m\nCONFIG_LOG_BUF_SHIFT=17\n'

  it('are there as asked for', () => {
    expect(lost('\nCONFIG_64BIT=y\n\n# a note\nCONFIG_TESTS=m\n', config)).toEqual([])
  })

  it('are told where a source does not take them, or takes another value', () => {
    const wanted = 'CONFIG_INET=y\nCONFIG_TESTS=y\nCONFIG_LOG_BUF_SHIFT=1\nCONFIG_64BIT=y\nCONFIG_GONE=y'
    expect(lost(wanted, config)).toEqual([
      'CONFIG_INET=y',
      'CONFIG_TESTS=y',
      'CONFIG_LOG_BUF_SHIFT=1',
      'CONFIG_GONE=y',
    ])
  })
})
