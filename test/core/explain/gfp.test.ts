import { expect, it } from 'vitest'
import { gfpWords } from '../../../src/core/explain/gfp.ts'

it.each([
  [{ mask: '0xcc0', flags: 'GFP_KERNEL' }, undefined, '0xcc0 (GFP_KERNEL)'],
  [{ mask: '0xd0' }, '3.10.0-957.el7.x86_64', '0xd0 (GFP_KERNEL)'],
  // 3.10 of EL7, 3.8 to 4.0 and 4.1 to 4.3 have three names for the highest bit
  [{ mask: '0x10c0d0' }, undefined, '0x10c0d0 (GFP_KERNEL|__GFP_COMP|__GFP_ZERO|…)'],
  [
    { mask: '0x10c0d0' },
    '3.10.0-957.el7.x86_64',
    '0x10c0d0 (GFP_KERNEL|__GFP_COMP|__GFP_ZERO|__GFP_ACCOUNT)',
  ],
  [{ mask: '0xffffffffff' }, undefined, '0xffffffffff'],
])('%j on %s is %s', (gfp, kernel, words) => {
  expect(gfpWords(gfp, kernel)).toBe(words)
})
