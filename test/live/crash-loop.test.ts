// A container whose limit is full of kernel memory that outlives its processes: every restart in it is killed before it
// has done anything. It must be found and explained, the advice must cure it, and the cure must be seen.

import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Lab, noLab, openLab, until } from './lab.ts'

const main = fileURLToPath(new URL('../../dist/node/cli/main.js', import.meta.url))

const MIB = 1024 * 1024
const LIMIT = 32 * MIB
const RESTARTS = 3

interface Finding {
  readonly detector: string
  readonly severity: string
  readonly ongoing?: boolean
  readonly summary: string
  readonly subject: { readonly path?: string }
  readonly values: Readonly<Record<string, number | string>>
  readonly remedies: readonly {
    readonly id: string
    readonly commands: readonly string[]
    readonly verify: readonly string[]
  }[]
}

const reason = noLab()

describe('a container that every restart kills', () => {
  let lab: Lab
  let container: string
  let files: string
  const path = `kubepods/burstable/pod${randomUUID()}/${randomBytes(32).toString('hex')}`
  let full: readonly Finding[] = []

  const kernelMemory = () => Number(readFileSync(join(container, 'memory.kmem.usage_in_bytes'), 'utf8'))

  /** What is said of this container, of its pod and of what is above it. */
  function said(): readonly Finding[] {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'diagnose', '-o', 'json'], {
      encoding: 'utf8',
      maxBuffer: 64 * MIB,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { findings }: { readonly findings: readonly Finding[] } = JSON.parse(stdout)
    return findings.filter(({ subject }) => `${lab.path}/${path}`.startsWith(subject.path ?? '/none'))
  }

  const by = (findings: readonly Finding[], detector: string) =>
    findings.filter(finding => finding.detector === detector)

  /** A restart: a process in the container's cgroup that starts the container's program. */
  const restart = () =>
    spawnSync('sh', ['-c', 'echo 0 >"$0/cgroup.procs" && exec true', container]).signal ?? 'started'

  function shell(command: string): string {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
    expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' })
    return stdout
  }

  beforeAll(() => {
    if (reason !== undefined) return
    lab = openLab()
    container = lab.memcg(path, LIMIT)
    files = lab.tmpfs('empty-dir')
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  it('is killed for its files, and then for being started', () => {
    expect(lab.run('leak', container, 'files', files, '1000000').signal).toBe('SIGKILL')
    expect(Array.from({ length: RESTARTS }, restart)).toEqual(Array(RESTARTS).fill('SIGKILL'))
    expect(readFileSync(join(container, 'cgroup.procs'), 'utf8')).toBe('')
    expect(kernelMemory()).toBeGreaterThan(0.95 * LIMIT)
  })

  it('keeps its memory when it is emptied by force', () => {
    writeFileSync(join(container, 'memory.force_empty'), '0')
    expect(kernelMemory()).toBeGreaterThan(0.95 * LIMIT)
  })

  it('is found, as one story of kernel memory that outlives what is killed for it', () => {
    full = said()
    const [filled, ...moreFilled] = by(full, 'kmem-fills-memcg')
    expect(moreFilled).toEqual([])
    expect(filled).toMatchObject({
      severity: 'critical',
      ongoing: true,
      subject: { path: `${lab.path}/${path}` },
      values: { limit: LIMIT, kills: RESTARTS + 1 },
    })
    expect(filled?.summary).toMatch(/no process/i)
    expect(filled?.summary).toMatch(/restart/i)

    const [kills, ...moreKills] = by(full, 'memcg-oom-kill')
    expect(moreKills).toEqual([])
    expect(kills).toMatchObject({
      severity: 'critical',
      ongoing: true,
      subject: { path: `${lab.path}/${path}` },
      values: { count: RESTARTS + 1 },
    })
    expect(kills?.summary).toMatch(/restart/i)
  })

  it('is told the cure before what only buys time', () => {
    for (const detector of ['kmem-fills-memcg', 'memcg-oom-kill']) {
      const ids = by(full, detector)[0]?.remedies.map(({ id }) => id) ?? []
      expect(ids).toContain('remove-tmpfs-files')
      expect(ids).not.toContain('fix-application-memory')
      const raise = ids.indexOf('raise-memory-limit')
      if (raise >= 0) expect(ids.indexOf('remove-tmpfs-files')).toBeLessThan(raise)
    }
  })

  it('is cured by the commands of that advice', async () => {
    const cure = by(full, 'kmem-fills-memcg')[0]?.remedies.find(({ id }) => id === 'remove-tmpfs-files')
    const mounts = cure?.commands.find(command => command.startsWith('df -i '))
    const remove = cure?.commands.find(command => command.startsWith('find DIRECTORY '))
    const check = cure?.verify.find(command => command.includes('memory.kmem.usage_in_bytes'))
    if (mounts === undefined || remove === undefined || check === undefined)
      throw new Error(`the advice is not what was expected: ${JSON.stringify(cure)}`)
    // who has most files is the first to look at
    const rows = shell(mounts)
      .split('\n')
      .slice(1)
      .map(row => row.split(/\s+/))
      .sort((a, b) => Number(b[2]) - Number(a[2]))
    expect(rows[0]?.at(-1)).toBe(files)

    shell(remove.replace('DIRECTORY', files))
    const left = await until(
      () => Number(shell(check)),
      bytes => bytes < 0.1 * LIMIT,
      10,
    )
    expect(left).toBeLessThan(0.1 * LIMIT)
    expect(restart()).toBe('started')
  })

  it('is seen to be cured, while the kills stay in the log as what is over', () => {
    const cured = said()
    expect(by(cured, 'kmem-fills-memcg')).toEqual([])
    const [kills, ...more] = by(cured, 'memcg-oom-kill')
    expect(more).toEqual([])
    expect(kills).toMatchObject({ ongoing: false, values: { count: RESTARTS + 1 } })
    expect(kills?.severity).not.toBe('critical')
    expect(cured.map(({ detector }) => detector)).toEqual(['memcg-oom-kill'])
  })
})
