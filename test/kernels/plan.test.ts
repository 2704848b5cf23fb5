import { describe, expect, it } from 'vitest'
import { reads } from './images.ts'
import { kernels, type Scenario, scenario, scenarios } from './lab.ts'
import { nameOf, plans } from './plan.ts'

const all = await kernels()
const every = await scenarios()

const one = (id: string, more: Partial<Scenario> = {}): Scenario =>
  scenario({ id, about: id, boot: { name: 'shared' }, guest: () => '', looks: () => ({}), ...more })

describe('the plan of the kernel lab', () => {
  it('finds kernels and scenarios by their files', () => {
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(['6.1', '6.12']))
    expect(every.map(({ id }) => id)).toContain('healthy')
    expect(new Set(every.map(({ id }) => id)).size).toBe(every.length)
  })

  it('leaves no scenario without a kernel', () => {
    const planned = plans(all, every, 2).flatMap(plan => plan.scenarios)
    expect(every.filter(unit => !planned.includes(unit)).map(({ id }) => id)).toEqual([])
  })

  it('starts stock kernels only in tier 1', () => {
    expect(plans(all, every, 1).filter(({ kernel }) => kernel.from.kind === 'own')).toEqual([])
  })

  it('shares a boot among scenarios of its name, in order, with room for the largest', () => {
    const units = [
      one('b', { boot: { name: 'shared', memoryMiB: 512, append: 'x y' } }),
      one('a', { order: 1, boot: { name: 'shared', append: 'y z' } }),
      one('c', { boot: { name: 'alone' } }),
    ]
    const [stock] = all.filter(({ id }) => id === '6.12')
    if (stock === undefined) throw new Error('no kernel 6.12')
    const planned = plans([stock], units, 1)
    expect(planned.map(plan => [plan.name, plan.scenarios.map(({ id }) => id)])).toEqual([
      ['shared', ['b', 'a']],
      ['alone', ['c']],
    ])
    expect(planned[0]).toMatchObject({ memoryMiB: 512, append: 'x y z' })
  })

  it('keeps to what a scenario is for, and to the words it was asked for', () => {
    const units = [
      one('both'),
      one('v1-only', { hierarchies: ['v1'] }),
      one('leaks', { needs: ['kmemleak'] }),
      one('slow', { tier: 2 }),
    ]
    const stock = all.filter(({ tier }) => tier === 1)
    const names = (tier: number, ...words: readonly string[]) =>
      plans(stock, units, tier, words).flatMap(plan => plan.scenarios.map(unit => nameOf(plan, unit)))
    expect(names(1)).toEqual(['6.1 v1 both', '6.1 v1 v1-only', '6.1 v2 both', '6.12 v2 both'])
    expect(names(2, '6.12')).toEqual(['6.12 v2 both', '6.12 v2 slow'])
    expect(names(1, '6.1', 'v1-only')).toEqual(['6.1 v1 v1-only'])
  })

  it('packs what the collectors read', () => {
    expect(reads()).toEqual(
      expect.arrayContaining(['/dev/kmsg', '/proc/meminfo', '/sys/fs/cgroup/memory/**/memory.failcnt']),
    )
    expect(reads().join()).not.toMatch(/[{}]|slabinfo/)
  })
})
