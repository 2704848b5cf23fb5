import { expect, it } from 'vitest'
import { columnsOf } from '../../../src/node/cli/columns.ts'

it('a serial console that reports no width is 80 columns wide', () => {
  expect(columnsOf({ columns: 132 })).toBe(132)
  expect(columnsOf({ columns: 0 })).toBe(80)
  expect(columnsOf({})).toBe(100)
})
