// Real pods killed by real limits, real dying cgroups and a forged log line, on one node at one time: one run of the
// built command must tell them apart.

import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dyingNow, type Lab, noLab, openLab, until } from './lab.ts'

const MIB = 1024 * 1024

/** Together with what 2,000 dying cgroups cost (some 40 MiB) and one hog at a time within the lab's 128 MiB. */
const CONTAINER_LIMIT = 40 * MIB
const POD_LIMIT = 24 * MIB
const HOG_LIMIT = 16 * MIB

const DYING = 2000

const reason = noLab()

function podPath() {
  return `kubepods/burstable/pod${randomUUID()}/${randomBytes(32).toString('hex')}`
}

function number(dir: string, file: string): number {
  return Number(readFileSync(join(dir, file), 'utf8'))
}

describe('a node with several ills', () => {
  let lab: Lab
  const byContainer = podPath()
  const byPod = podPath()
  const anonymous = podPath()

  beforeAll(() => {
    if (reason === undefined) lab = openLab()
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  it('kills a container whose limit is full of kernel memory', () => {
    const dir = lab.memcg(byContainer, CONTAINER_LIMIT)
    const { signal } = lab.run('leak', dir, 'files', lab.tmpfs('by-container'), '1000000')
    expect(signal).toBe('SIGKILL')
    expect(number(dir, 'memory.kmem.usage_in_bytes')).toBeGreaterThan(0.95 * CONTAINER_LIMIT)
    expect(readFileSync(join(dir, 'memory.stat'), 'utf8')).toMatch(/^rss \d{1,6}$/m)
    expect(readFileSync(join(dir, 'memory.oom_control'), 'utf8')).toMatch(/^oom_kill [1-9]/m)
  })

  it('kills a container when its pod is full of kernel memory', () => {
    const dir = lab.memcg(byPod)
    writeFileSync(join(dir, '..', 'memory.limit_in_bytes'), String(POD_LIMIT))
    const { signal } = lab.run('leak', dir, 'files', lab.tmpfs('by-pod'), '1000000')
    expect(signal).toBe('SIGKILL')
    expect(number(join(dir, '..'), 'memory.kmem.usage_in_bytes')).toBeGreaterThan(0.95 * POD_LIMIT)
    expect(number(join(dir, '..'), 'memory.failcnt')).toBeGreaterThan(0)
  })

  it('kills a container for ordinary memory', () => {
    const dir = lab.memcg(anonymous, HOG_LIMIT)
    const { signal } = lab.run('leak', dir, 'anonymous', '32')
    expect(signal).toBe('SIGKILL')
    expect(number(dir, 'memory.kmem.usage_in_bytes')).toBeLessThan(0.1 * HOG_LIMIT)
  })

  it('has dying cgroups, as many as were removed', async () => {
    const files = lab.tmpfs('dying')
    const dir = lab.memcg('dying')
    // the machine makes and loses some by itself: how many, in an interval as long as that of the measurement
    const control = dyingNow()
    await new Promise(resolve => setTimeout(resolve, 400))
    const before = dyingNow()
    const { status, stderr } = lab.run('dying', dir, files, String(DYING))
    const after = dyingNow()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(readdirSync(files)).toHaveLength(DYING)
    const drift = before - control
    expect(Math.abs(after - before - drift - DYING)).toBeLessThanOrEqual(5)
  })

  it('loses them with the files that pin them', async () => {
    const files = join(lab.scratch, 'dying')
    const before = dyingNow()
    for (const name of readdirSync(files)) rmSync(join(files, name))
    const gone = (count: number) => before - count >= DYING - 5
    expect(await until(dyingNow, gone, 10)).toSatisfy(gone)
    expect(existsSync(join(lab.dir, 'dying'))).toBe(true)
  })
})
