import { describe, expect, it } from 'vitest'
import { parseSlabinfo } from '../../../../src/core/decode/proc/slabinfo.ts'

const ROW =
  'dentry            104300 104328    192   21    1 : tunables    0    0    0 : slabdata   4966   4968      0'
const DENTRY = {
  name: 'dentry',
  activeObjs: 104300,
  numObjs: 104328,
  objSize: 192,
  objPerSlab: 21,
  pagesPerSlab: 1,
  numSlabs: 4968,
}

describe('slabinfo', () => {
  it('is read by its columns, with names that hold blanks, brackets and a cgroup', () => {
    const names = ['dentry', 'gfs2_glock(aspace)', 'dentry(1683:698bb abc)', 'a cache', ':a-0000104']
    const text = [
      'slabinfo - version: 2.1',
      '# name <active_objs>',
      ...names.map(n => ROW.replace('dentry', n)),
    ]
    const { version, rows } = parseSlabinfo(`${text.join('\r\n')}\r\n`)
    expect(version).toBe('2.1')
    expect(rows).toEqual(names.map(name => ({ ...DENTRY, name })))
  })

  it('of SLAB with statistics has the same columns in front', () => {
    const row = `${ROW} : globalstat     225    106     1    0    0    0    0 : cpustat    190     14    145      1`
    expect(parseSlabinfo(`slabinfo - version: 2.1 (statistics)\n${row}\n`)).toEqual({
      version: '2.1',
      rows: [DENTRY],
    })
  })

  it('of 2.4 has slabs where later ones have objects a slab', () => {
    const { rows } = parseSlabinfo(
      'slabinfo - version: 1.1 (SMP)\nkmem_cache   59   78  100    2    2    1 :  252  126\n',
    )
    expect(rows).toEqual([
      {
        name: 'kmem_cache',
        activeObjs: 59,
        numObjs: 78,
        objSize: 100,
        objPerSlab: 39,
        pagesPerSlab: 1,
        numSlabs: 2,
      },
    ])
  })

  it('keeps what is whole of a torn file', () => {
    const { version, rows } = parseSlabinfo(`${ROW.slice(40)}\n${ROW}\nx y z\n${ROW.slice(0, 50)}`)
    expect(version).toBeUndefined()
    expect(rows).toEqual([DENTRY])
  })
})
