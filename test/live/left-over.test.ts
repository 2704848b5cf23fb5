// Directories that should be gone beside cgroups that are gone, on the real kernel: who left which, what removed ones
// hold by memory.stat, and that what lives is neither.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Case } from '../../src/core/case/case.ts'
import type { Census } from '../../src/core/case/census.ts'
import { collect } from '../../src/core/collect.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import { census } from '../../src/core/facts/census.ts'
import { deadMemory } from '../../src/core/facts/dead-memory.ts'
import { populated } from '../../src/core/facts/left-over.ts'
import { memoryTree } from '../../src/core/tree/memory-tree.ts'
import { liveTree } from '../../src/node/trees/live-tree.ts'
import { type Lab, noLab, openLab, until } from './lab.ts'

const DEAD = 200
const PAGE = 4096
const SCOPES = 12

const reason = noLab()
const id = () => randomBytes(32).toString('hex')

describe('directories that are left over', () => {
  let lab: Lab
  let sleeper: ChildProcess | undefined
  const [alive, gone, starting] = [randomUUID(), randomUUID(), randomUUID()]
  const podDir = (uid: string) => `kubepods/burstable/pod${uid}`
  let files = ''

  beforeAll(() => {
    if (reason === undefined) lab = openLab()
  })
  afterAll(async () => {
    sleeper?.kill('SIGKILL')
    await lab?.undo()
  })
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  /** This node as it is, with the kubelet's list of its pods. */
  function look(): Case {
    const live = liveTree()
    const list = memoryTree({
      'kubelet/pods.json': JSON.stringify({
        kind: 'PodList',
        items: [alive, starting].map((uid, n) => ({
          metadata: { uid, namespace: 'shop', name: `web-${n}` },
        })),
      }),
    })
    const tree = { ...live, read: (path: string) => (path.startsWith('kubelet/') ? list : live).read(path) }
    return collect(tree, { at: Date.now() })
  }

  /** The census of what is ours. */
  function ours(about: Case) {
    const found = census(about)
    if (found === undefined) throw new Error('no census')
    const within = ({ path }: { path: string }) => path.startsWith(`${lab.path}/`)
    return {
      left: found.left
        .filter(within)
        .map(({ path, ...rest }) => ({ ...rest, path: path.slice(lab.path.length + 1) })),
      row: (below: string): Census['rows'][number] | undefined =>
        found.rows.find(({ cgroup }) => cgroup === `${lab.path}/${below}`),
    }
  }

  it('are made beside a pod that lives, one that is starting, and cgroups that are removed', async () => {
    const container = lab.memcg(`${podDir(alive)}/${id()}`)
    sleeper = spawn('sh', ['-c', `echo $$ > "$0/cgroup.procs" && exec sleep 600`, container], {
      stdio: 'ignore',
    })
    lab.memcg(`${podDir(gone)}/${id()}`)
    lab.memcg(`${podDir(gone)}/${id()}`)
    lab.memcg(podDir(starting))
    for (let n = 0; n < SCOPES; n += 1)
      lab.memcg(`system.slice/run-r${randomBytes(16).toString('hex')}.scope`)
    files = lab.tmpfs('dead')
    expect(lab.run('dying', lab.memcg(podDir(alive)), files, String(DEAD), lab.memcg('home'))).toMatchObject({
      status: 0,
    })
    const has = await until(
      () => populated(look()).get(`${lab.path}/${podDir(alive)}`),
      answer => answer === true,
      5,
    )
    expect(has).toBe(true)
  })

  it('are told with who left them, and nothing else is', () => {
    const { left, row } = ours(look())
    expect(left.filter(({ by }) => by === 'kubelet')).toEqual([
      expect.objectContaining({ path: podDir(gone), directories: 3 }),
    ])
    expect(left.filter(({ by }) => by === 'systemd-scope')).toHaveLength(SCOPES)
    expect(left).toHaveLength(1 + SCOPES)
    expect(row('system.slice/run-*.scope')).toMatchObject({
      kind: 'scopes',
      live: SCOPES,
      withoutTasks: SCOPES,
      leftOver: SCOPES,
      leftBy: 'systemd-scope',
    })
    expect(row(podDir(alive))).toMatchObject({
      namespace: 'shop',
      pod: 'web-0',
      live: 2,
      withoutTasks: 0,
      leftOver: 0,
    })
    expect(row(podDir(starting))).toMatchObject({ pod: 'web-1', live: 1, withoutTasks: 1, leftOver: 0 })
    expect(row(podDir(gone))).toMatchObject({ live: 3, withoutTasks: 3, leftOver: 3, leftBy: 'kubelet' })
  })

  it('are not taken for removed cgroups, whose pages are told to the page', async () => {
    const path = `${lab.path}/${podDir(alive)}`
    const answer = await until(
      () => {
        const about = look()
        const memcg = about.samples[0]?.memcg?.memcgs.find(one => one.path === path)
        return memcg === undefined ? undefined : deadMemory(about, memcg)
      },
      // memory.stat is brought up to date every two seconds
      dead => dead?.shmem === DEAD * PAGE,
      5,
    )
    expect(answer).toMatchObject({ shmem: DEAD * PAGE, cache: DEAD * PAGE, rss: 0, bytes: DEAD * PAGE })
    expect(ours(look()).row(podDir(gone))?.held?.bytes ?? 0).toBe(0)
    // the files themselves: 200 of one page
    expect(readdirSync(files).reduce((sum, name) => sum + statSync(join(files, name)).size, 0)).toBe(
      DEAD * PAGE,
    )
  })

  it('are a finding, with the directory to look at, until they are removed', () => {
    const judged = () => {
      const { findings } = diagnose(look(), Date.now(), (detector, error) => {
        throw new Error(`${detector} threw`, { cause: error })
      })
      return findings.filter(
        ({ detector, subject }) => detector === 'left-over-memcgs' && subject.path?.startsWith(lab.path),
      )
    }
    expect(judged()).toMatchObject([
      { severity: 'info', subject: { path: `${lab.path}/system.slice` }, values: { count: SCOPES } },
    ])
    const slice = join(lab.dir, 'system.slice')
    for (const name of readdirSync(slice)) if (name.startsWith('run-')) rmdirSync(join(slice, name))
    expect(judged()).toEqual([])
  })

  it('leave nothing behind: with its files a removed cgroup’s pages are gone', async () => {
    for (const name of readdirSync(files)) rmSync(join(files, name))
    const held = await until(
      () => ours(look()).row(podDir(alive))?.held?.bytes,
      bytes => bytes === 0,
      5,
    )
    expect(held).toBe(0)
  })
})
