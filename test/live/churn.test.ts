// Memory cgroups are created and removed, hundreds a second and under the same names, while they are walked: nothing of
// it is an error, no cgroup is counted twice, and no numbers of one stand under the name and inode of another.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Case } from '../../src/core/case/case.ts'
import type { Memcg } from '../../src/core/case/memcg.ts'
import { collect } from '../../src/core/collect.ts'
import { openTree } from '../../src/node/index.ts'
import { type Lab, noLab, openLab } from './lab.ts'

const main = fileURLToPath(new URL('../../dist/node/cli/main.js', import.meta.url))
const churner = fileURLToPath(new URL('churn.mjs', import.meta.url))

/** Cgroups made, and about as many removed, in a second. */
const RATE = 500
const SECONDS = 6
/** Beside them there are so many that stay. */
const STEADY = 200

const MIB = 1024 * 1024

const reason = noLab()

describe('a node whose cgroups come and go', () => {
  let lab: Lab
  const steady = new Map<string, number>()

  /** Begins to make and remove cgroups; gives what was made, when it has ended. */
  async function churning(
    name: string,
  ): Promise<{ readonly ended: Promise<readonly string[]>; done: boolean }> {
    const dir = lab.memcg(name)
    const child = spawn(process.execPath, [churner, dir, String(SECONDS), String(RATE)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await once(child, 'spawn')
    const read = async () => {
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      state.done = true
      expect(stderr).toBe('')
      return stdout.trim().split('\n')
    }
    const state = { ended: Promise.resolve<readonly string[]>([]), done: false }
    state.ended = read()
    return state
  }

  beforeAll(() => {
    if (reason !== undefined) return
    lab = openLab()
    for (let count = 0; count < STEADY; count += 1) {
      const name = `steady/${count}`
      steady.set(`${lab.path}/${name}`, statSync(lab.memcg(name)).ino)
    }
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  it('is walked without an error, each cgroup once and as itself', async () => {
    const churn = await churning('walked')
    const walks: Case[] = []
    while (!churn.done) {
      const opened = openTree([])
      if (!('tree' in opened)) throw new Error(JSON.stringify(opened))
      walks.push(collect(opened.tree, { at: Date.now(), only: ['memcg'] }))
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    const made = await churn.ended
    expect(made.length).toBeGreaterThanOrEqual(0.9 * RATE * SECONDS)
    expect(walks.length).toBeGreaterThan(20)

    /** The limit by path and inode. */
    const limits = new Map<string, number>()
    for (const line of made) {
      const [path = '', inode, limit] = line.split(' ')
      limits.set(`${lab.path}/walked${path} ${inode}`, Number(limit))
    }
    let seen = 0
    let changed = 0
    for (const { gaps, samples } of walks) {
      const memcgs = samples[0]?.memcg?.memcgs ?? []
      expect(samples[0]?.memcg?.incomplete).toBeUndefined()
      expect(gaps.filter(({ why }) => why !== 'vanished')).toEqual([])
      expect(new Set(memcgs.map(({ path }) => path)).size).toBe(memcgs.length)
      expect(new Set(memcgs.map(({ inode }) => inode)).size).toBe(memcgs.length)

      const own = new Map<string, Memcg>(memcgs.map(memcg => [memcg.path, memcg]))
      for (const [path, inode] of steady) expect(own.get(path)?.inode).toBe(inode)

      const churned = memcgs.filter(({ path }) => path.startsWith(`${lab.path}/walked/`))
      for (const { path, inode, limit, usage, stat, failcnt } of churned) {
        const set = limits.get(`${path} ${inode}`)
        if (set === undefined) throw new Error(`${path} never had inode ${inode}`)
        // its maker had not come to set it, or it has been set
        expect([Number.POSITIVE_INFINITY, set], `${path} ${inode}`).toContain(limit)
        expect(usage).toBeTypeOf('number')
        expect(failcnt).toBeTypeOf('number')
        expect(stat?.['total_rss']).toBeTypeOf('number')
      }
      seen += churned.length
      changed += gaps.length
    }
    // they were met, and some were met in the middle of their end
    expect(seen).toBeGreaterThan(walks.length)
    expect(changed).toBeGreaterThan(0)
  })

  it.each([
    ['diagnose', []],
    ['memory', []],
    ['cgroups', []],
  ])('is told of by kmemscope %s', async (command, more) => {
    const churn = await churning(`told-${command}`)
    const told: string[] = []
    while (!churn.done) {
      const child = spawn(process.execPath, [main, command, '-o', 'json', ...more], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      told.push(stdout)
    }
    await churn.ended
    expect(told.length).toBeGreaterThan(2)
    for (const stdout of told) {
      const report: {
        readonly rows?: readonly { readonly cgroup: string }[]
        readonly gaps?: readonly { readonly why: string }[]
      } = JSON.parse(stdout)
      const cgroups = (report.rows ?? []).map(({ cgroup }) => cgroup)
      expect(new Set(cgroups).size).toBe(cgroups.length)
    }
  })

  it('is not told to be unknown for what has gone', async () => {
    const verdicts = () => {
      const { stdout } = spawnSync(process.execPath, [main, 'diagnose', '-o', 'json'], {
        encoding: 'utf8',
        maxBuffer: 64 * MIB,
      })
      return JSON.parse(stdout).verdicts
    }
    const quiet = verdicts()
    const churn = await churning('judged')
    while (!churn.done) {
      expect(verdicts()).toEqual(quiet)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await churn.ended
  })
})
