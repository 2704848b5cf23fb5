// Numbers that mislead, made on the real kernel: the maps of a BPF program, files that outlive their container, page cache
// in use. Each is seen while it is there and not before.

import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Lab, noLab, openLab } from './lab.ts'

const main = fileURLToPath(new URL('../../dist/node/cli/main.js', import.meta.url))

const MIB = 1024 * 1024

interface Finding {
  readonly detector: string
  readonly severity: string
  readonly subject: { readonly path?: string }
  readonly values: Readonly<Record<string, number | string>>
}

const reason = noLab()

describe('numbers that mislead', () => {
  let lab: Lab
  beforeAll(() => {
    if (reason === undefined) lab = openLab()
  })
  afterAll(() => lab?.undo())
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })

  const pod = () => `kubepods/burstable/pod${randomUUID()}`
  const container = () => randomBytes(32).toString('hex')

  function of(json: string, detector: string, path: string): Finding | undefined {
    const { findings }: { readonly findings: readonly Finding[] } = JSON.parse(json)
    return findings.find(
      finding => finding.detector === detector && finding.subject.path === `${lab.path}/${path}`,
    )
  }

  function diagnosed(): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'diagnose', '-o', 'json'], {
      encoding: 'utf8',
      maxBuffer: 64 * MIB,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout
  }

  const inside = (memcg: string, command: string) =>
    spawnSync('sh', ['-c', `echo 0 >"$0/cgroup.procs" && ${command}`, memcg], { encoding: 'utf8' })

  it('BPF maps, by the descriptors of whoever holds them', ({ skip }) => {
    const path = `${pod()}/${container()}`
    const memcg = lab.memcg(path, 120 * MIB)
    expect(of(diagnosed(), 'bpf-memory', path)).toBeUndefined()
    const { status, stdout, stderr } = lab.run(
      'map',
      memcg,
      '200000',
      process.execPath,
      main,
      'diagnose',
      '-o',
      'json',
    )
    if (status === 77) skip(`this kernel makes no BPF map: ${stderr.trim()}`)
    const finding = of(stdout, 'bpf-memory', path)
    expect(finding).toMatchObject({ severity: 'info', values: { maps: 1, limit: 120 * MIB } })
    // 200,000 entries of 8 + 200 bytes at least; what the kernel counts is what it charged, but for the map's own struct
    expect(finding?.values['bytes']).toBeGreaterThan(200_000 * 208)
    expect(finding?.values['memlock']).toBe(finding?.values['bytes'])
    expect(of(diagnosed(), 'bpf-memory', path)).toBeUndefined()
  })

  it('files of a removed container, which its pod still pays', () => {
    const path = pod()
    const dir = lab.memcg(path, 64 * MIB)
    const id = container()
    const memcg = lab.memcg(`${path}/${id}`)
    const files = lab.tmpfs('left')
    expect(inside(memcg, `dd if=/dev/zero of=${files}/left bs=1M count=40`).status).toBe(0)
    expect(of(diagnosed(), 'tmpfs-outlives-container', path)).toBeUndefined()
    rmdirSync(memcg)
    const finding = of(diagnosed(), 'tmpfs-outlives-container', path)
    expect(finding).toMatchObject({ severity: 'warning', values: { limit: 64 * MIB } })
    // to the kernel's own batches: 64 pages a CPU
    expect(finding?.values['shmem']).toBeGreaterThan(39 * MIB)
    expect(finding?.values['shmem']).toBeLessThanOrEqual(41 * MIB)
    expect(spawnSync('rm', [join(files, 'left')]).status).toBe(0)
    expect(of(diagnosed(), 'tmpfs-outlives-container', path)).toBeUndefined()
    expect(Number(readFileSync(join(dir, 'memory.usage_in_bytes'), 'utf8'))).toBeLessThan(8 * MIB)
  })

  it('page cache in use', () => {
    const path = `${pod()}/${container()}`
    const memcg = lab.memcg(path, 64 * MIB)
    const file = join(lab.scratch, 'read-often')
    const read = `dd if=${file} of=/dev/null bs=1M`
    expect(inside(memcg, `dd if=/dev/zero of=${file} bs=1M count=56 conv=fsync && ${read}`).status).toBe(0)
    for (let i = 0; i < 3; i += 1) expect(inside(memcg, read).status).toBe(0)
    const finding = of(diagnosed(), 'page-cache-in-working-set', path)
    expect(finding).toMatchObject({ severity: 'info', values: { limit: 64 * MIB } })
    expect(finding?.values['cache']).toBeGreaterThan(48 * MIB)
    // The kernel takes it back, as the finding says, before it kills.
    expect(inside(memcg, 'dd if=/dev/zero bs=40M count=1 of=/dev/null').status).toBe(0)
    expect(readFileSync(join(memcg, 'memory.oom_control'), 'utf8')).toContain('oom_kill 0')
  })
})
