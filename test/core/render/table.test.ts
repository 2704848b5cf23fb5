import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { width } from '../../../src/core/base/width.ts'
import { shortened, table } from '../../../src/core/render/table.ts'

const columns = [
  { title: 'OWNER', align: 'left', yields: true },
  { title: 'LIVE', align: 'right' },
] as const

describe('a table', () => {
  it('stands in columns, numbers to the right, Chinese as wide as it is', () => {
    expect(
      table(
        columns,
        [
          ['shop/web-0', '3'],
          ['节点', '12'],
        ],
        80,
      ),
    ).toEqual(['OWNER       LIVE', 'shop/web-0     3', '节点          12'])
  })

  it('lets one column give way, in its middle', () => {
    const name = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice'
    const lines = table(columns, [[name, '3']], 40)
    expect(lines[1]).toBe('/kubepods.s…s-burstable-pod1.slice     3')
    expect(lines.map(width)).toEqual([40, 40])
    expect(table(columns, [[name, '3']], Number.POSITIVE_INFINITY)[1]).toContain(name)
  })

  it('keeps what gives way readable where there is no room at all', () => {
    const [, line = ''] = table(columns, [['x'.repeat(100), '3']], 5)
    expect(line.split('  ')[0]).toHaveLength(24)
  })

  it('never makes a text longer than asked, nor leaves out what fits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.integer({ min: 3, max: 80 }),
        (text, cells) => {
          const short = shortened(text, cells)
          expect(width(short)).toBeLessThanOrEqual(Math.max(cells, 3))
          if (width(text) <= cells) expect(short).toBe(text)
          else expect(short).toContain('…')
        },
      ),
    )
  })
})
