import { expect, test } from 'vitest'
import { decodeGfp } from '../../../src/core/knowledge/gfp-flags.ts'
import { parseRelease } from '../../../src/core/knowledge/kernel-release.ts'

// Masks with the names the kernels themselves printed beside them, and those of kernels that print only numbers.
test.each([
  ['3.10.0-957.el7.x86_64', 0xd0, 'GFP_KERNEL'],
  ['3.10.0-957.el7.x86_64', 0x80d0, 'GFP_KERNEL|__GFP_ZERO'],
  ['3.10.0-957.el7.x86_64', 0x8020, 'GFP_ATOMIC|__GFP_ZERO'],
  ['3.10.0-957.el7.x86_64', 0x250, 'GFP_NOFS|__GFP_NOWARN'],
  ['3.10.0-957.el7.x86_64', 0x82d0, 'GFP_KERNEL|__GFP_NOWARN|__GFP_ZERO'],
  ['3.10.0-957.el7.x86_64', 0x200da, 'GFP_HIGHUSER_MOVABLE'],
  ['3.10.0-957.el7.x86_64', 0x201da, 'GFP_HIGHUSER_MOVABLE|__GFP_COLD'],
  ['4.4.178', 0x24000c0, 'GFP_KERNEL'],
  ['4.4.178', 0x2080020, 'GFP_ATOMIC'],
  ['4.4.178', 0x24200ca, 'GFP_HIGHUSER_MOVABLE'],
  ['4.9.0-6-amd64', 0x240c0c0, 'GFP_KERNEL|__GFP_COMP|__GFP_ZERO'],
  ['4.9.0-6-amd64', 0x27080c0, 'GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK'],
  ['4.15.0-108-generic', 0x15000c0, 'GFP_KERNEL_ACCOUNT'],
  ['4.18.0-147.el8_1.x86_64', 0x6200ca, 'GFP_HIGHUSER_MOVABLE'],
  ['4.18.7', 0x600040, 'GFP_NOFS'],
  ['4.20.0', 0x6202c2, 'GFP_HIGHUSER|__GFP_NOWARN'],
  ['5.3.1', 0xcc0, 'GFP_KERNEL'],
  ['5.15.0-1049-aws', 0xa20, 'GFP_ATOMIC'],
  ['5.14.0-427.el9.x86_64', 0x100cca, 'GFP_HIGHUSER_MOVABLE'],
  ['6.7.0', 0x408d40, 'GFP_NOFS|__GFP_ZERO|__GFP_NOFAIL|__GFP_ACCOUNT'],
  ['6.18.44-fc', 0x820, 'GFP_ATOMIC'],
  ['6.18.44-fc', 0x101cc0, 'GFP_USER|__GFP_WRITE'],
])('%s: %i is %s', (release, mask, names) => {
  const readings = decodeGfp(mask, parseRelease(release))
  expect(readings).toHaveLength(1)
  expect(readings[0]?.names.toSorted()).toEqual(names.split('|').toSorted())
})

test('without a release the candidates are given, the likely ones first', () => {
  const readings = decodeGfp(0x80d0)
  expect(readings[0]?.names).toEqual(['GFP_KERNEL', '__GFP_ZERO'])
  expect(readings[0]?.eras.map(({ id }) => id)).toEqual(['2.6.32', 'el7', '3.8', '4.1'])
  expect(readings.length).toBeGreaterThan(1)
  expect(readings.at(-1)?.likely).toBe(false)
})

test('between 5.0 and 5.3 the layout is not known', () => {
  expect(decodeGfp(0xcc0, parseRelease('5.1.0')).length).toBe(2)
})

test.each([-1, 0.5, Number.NaN, 2 ** 40])('%d is no mask', mask => {
  expect(decodeGfp(mask)).toEqual([])
})
