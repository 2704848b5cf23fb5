// Memory of every kind in real cgroups: the parts add up, each is found where it is, the residue is what the kernel's way
// of counting explains, and the order that is claimed of the metrics fails where it must.

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Anatomy, Part, PartId, Summand } from '../../src/core/case/anatomy.ts'
import { collect } from '../../src/core/collect.ts'
import { anatomyOf } from '../../src/core/facts/anatomy.ts'
import { latest } from '../../src/core/facts/kernel.ts'
import { openTree } from '../../src/node/trees/open-tree.ts'
import { type Lab, noLab, openLab } from './lab.ts'

const MIB = 1024 * 1024
const HELD = 24
/** The program's own pages, stacks and what the allocator keeps: 1.5 MiB are seen on 6.18. */
const ITS_OWN = 4 * MIB

/** Of one part, wherever it stands. */
function bytesOf({ parts }: Anatomy, id: PartId): number {
  const look = (list: readonly Part[]): number | undefined => {
    for (const part of list) {
      if (part.id === id) return part.bytes ?? 0
      const inner = look(part.parts ?? [])
      if (inner !== undefined) return inner
    }
    return undefined
  }
  return look(parts) ?? 0
}

const skipped = noLab()

describe.skipIf(skipped !== undefined)(`the anatomy of real cgroups (${skipped ?? 'live'})`, () => {
  let lab: Lab
  let about: ReturnType<typeof collect>
  const held: { end(): Promise<void> }[] = []

  const anatomyAt = (below: string): Anatomy => {
    const memcg = latest(about)?.memcg?.memcgs.find(({ path }) => path === `${lab.path}/${below}`)
    if (memcg === undefined) throw new Error(`${below} is not there`)
    return anatomyOf(about, memcg)
  }

  beforeAll(async () => {
    lab = openLab()
    for (const kind of ['anonymous', 'lazily-freed', 'half-unmapped', 'pipes'])
      held.push(await lab.hold(lab.memcg(`pod/${kind}`), kind, String(HELD)))
    held.push(await lab.hold(lab.memcg('pod/file'), 'file', String(HELD), join(lab.scratch, 'file')))
    const shared = lab.tmpfs('shared')
    held.push(await lab.hold(lab.memcg('pod/shmem'), 'file', String(HELD), join(shared, 'file')))
    expect(lab.run('dying', lab.memcg('pod/gone'), lab.tmpfs('removed'), '200').stderr).toBe('')
    // memory.stat is brought up to date every two seconds (FLUSH_TIME)
    await new Promise(resolve => setTimeout(resolve, 2500))
    const opened = openTree([])
    if ('problem' in opened) throw new Error('the node could not be opened')
    about = collect(opened.tree, { at: Date.now() })
  })

  afterAll(async () => {
    for (const one of held) await one.end()
    rmSync(join(lab.scratch, 'file'), { force: true })
    await lab.undo()
  })

  it.each(['anonymous', 'lazily-freed', 'half-unmapped', 'pipes', 'file', 'shmem', 'gone', '.'])(
    'adds up in %s, with a residue that the kernel’s way of counting explains',
    below => {
      const anatomy = anatomyAt(below === '.' ? 'pod' : `pod/${below}`)
      const whole = anatomy.parts.reduce((sum, { bytes = 0 }) => sum + bytes, 0)
      expect(whole + (anatomy.residue?.bytes ?? Number.NaN)).toBe(anatomy.usage?.value)
      expect(anatomy.residue).toMatchObject({ verdict: 'within' })
    },
  )

  it.each([
    ['anonymous', 'anon'],
    ['lazily-freed', 'anon'],
    ['half-unmapped', 'unmapped'],
    ['pipes', 'kernel'],
    ['file', 'file'],
    ['shmem', 'shmem'],
  ] as const)('finds what %s holds as %s', (below, id) => {
    const anatomy = anatomyAt(`pod/${below}`)
    const bytes = bytesOf(anatomy, id)
    expect(bytes).toBeGreaterThanOrEqual((HELD - 1) * MIB)
    expect(bytes).toBeLessThan(HELD * MIB + ITS_OWN)
    expect((anatomy.usage?.value ?? 0) - bytes).toBeLessThan(ITS_OWN)
  })

  it('quotes numbers that stand in the files, under the keys that are given', () => {
    const anatomy = anatomyAt('pod/shmem')
    const read = (one: Summand): void => {
      if ('part' in one || one.path.includes('*')) return
      const text = readFileSync(one.path, 'utf8')
      const line = one.key === undefined ? text : new RegExp(`^${one.key} (\\d+)$`, 'm').exec(text)?.[1]
      expect(Math.abs(Number(line) - one.value)).toBeLessThan(MIB)
    }
    let count = 0
    for (const { from, of = [] } of anatomy.parts)
      for (const one of [...from, ...of.flatMap(detail => detail.from)]) {
        read(one)
        count += 1
      }
    for (const { from } of anatomy.metrics) for (const one of from) read(one)
    expect(count).toBeGreaterThan(10)
  })

  it('knows that working_set is below rss where memory was given back lazily, and only there', () => {
    const [, , lazily] = anatomyAt('pod/lazily-freed').order
    expect(lazily).toMatchObject({ holds: false, why: 'lazily-freed' })
    expect(lazily?.difference).toBeLessThan(-(HELD - 4) * MIB)
    for (const below of ['anonymous', 'pipes', 'file', 'shmem'])
      expect(anatomyAt(`pod/${below}`).order.map(({ holds }) => holds)).toEqual([true, true, true])
  })

  it('tells of the pod by place, and what its removed grandchildren hold', () => {
    const gone = anatomyAt('pod/gone')
    expect(bytesOf(gone, 'dead-shmem')).toBe(200 * 4096)
    expect(bytesOf(gone, 'shmem')).toBe(0)
    const { children, usage } = anatomyAt('pod')
    expect(children?.count).toBe(7)
    const named = children?.largest.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
    expect(named + (children?.smaller ?? 0) + (children?.rest ?? 0)).toBe(usage?.value)
  })
})
