// The lab's judge must be able to say no: it is held against a saved node whose report is known.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judge } from './judge.ts'
import kernel from './kernels/6.1.ts'
import { INSTRUMENTS, type Look, type PrintedReport, type Scenario, scenario, type World } from './lab.ts'

const NODE = fileURLToPath(new URL('../../fixtures/nodes/v2-dying-memcgs/', import.meta.url))
const world = { kernel, hierarchy: 'v2' } as const
const known = JSON.parse(readFileSync(join(NODE, 'report.json'), 'utf8')) as PrintedReport

const truth = {
  says: known.findings.map(({ detector, severity, subject }) => ({
    detector,
    severity,
    subject: subject.path ?? subject.cache ?? subject.kind,
  })),
  unknown: Object.entries(known.verdicts)
    .filter(([, verdict]) => verdict === 'unknown')
    .map(([detector]) => detector),
} satisfies Look

let files = ''

beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'kmemscope-judge-'))
  const look = join(files, 'one', 'seen')
  cpSync(join(NODE, 'tree'), join(look, 'tree'), { recursive: true })
  mkdirSync(join(look, 'run', 'look'), { recursive: true })
  writeFileSync(join(look, 'run', 'look', 'report.json'), JSON.stringify(known))
  writeFileSync(join(look, 'run', 'look', 'status'), '0\n')
})

afterAll(() => rmSync(files, { recursive: true }))

async function faults(
  look: Look,
  more: Partial<Scenario> = {},
  dir = files,
  where: World = world,
): Promise<readonly string[]> {
  const one = scenario({
    id: 'one',
    about: 'a saved node',
    boot: { name: 'none' },
    guest: () => '',
    looks: () => ({ seen: look }),
    ...more,
  })
  const { checks } = await judge(one, where, dir, true)
  return checks.flatMap(check => check.faults.map(fault => `${check.name}: ${fault}`))
}

describe('the judge of the kernel lab', () => {
  it('has no fault to find where all is said that must be, and nothing else', async () => {
    expect(truth.says.length).toBeGreaterThan(0)
    expect(await faults(truth)).toEqual([])
  })

  it('takes a judgement for unknown whose debugging instrument the boot has off, and no other', async () => {
    const look = { ...truth, unknown: truth.unknown.filter(id => !Object.hasOwn(INSTRUMENTS, id)) }
    expect(look.unknown).not.toEqual(truth.unknown)
    expect(await faults(look)).toEqual([])
    const on = { ...world, kernel: { ...kernel, has: ['kmemleak'] as const }, append: 'quiet kmemleak=on' }
    const found = await faults(look, {}, files, on)
    expect(found.some(fault => fault.includes('kmemleak-objects is unknown, must be absent'))).toBe(true)
  })

  it('finds what must not be said, both ways', async () => {
    const found = await faults({ ...truth, says: [] })
    expect(found.filter(line => /says dying-memcgs .* and must not/.test(line))).toHaveLength(2)
    expect(found.filter(line => line.includes('dying-memcgs is present, must be absent'))).toHaveLength(2)
  })

  it('finds what is not said', async () => {
    const more = { detector: 'node-oom-kill', severity: 'critical', subject: 'node' } as const
    const found = await faults({ ...truth, says: [...truth.says, more] })
    expect(found).toContain('seen, in the guest: does not say node-oom-kill critical node')
  })

  it('finds a severity and a subject that are not the ones', async () => {
    const [first, ...rest] = truth.says
    if (first === undefined) throw new Error('the story has no finding')
    const says = [{ ...first, subject: 'elsewhere' }, ...rest]
    expect((await faults({ ...truth, says })).join('\n')).toContain(`does not say ${first.detector}`)
  })

  it('finds a verdict that calls absent what was made', async () => {
    const absent = Object.entries(known.verdicts).find(([, verdict]) => verdict === 'absent')?.[0] ?? ''
    expect(await faults(truth, { judgedLater: [absent] })).toContain(
      `seen, from its files: calls ${absent} absent: it was made here`,
    )
    expect(await faults(truth, { judgedLater: ['no-such-judgement-yet'] })).toEqual([])
  })

  it('tells a check that throws, and harm that was not done', async () => {
    const throwing = () => {
      throw new Error('no such harm')
    }
    expect(await faults({ ...truth, check: throwing })).toContain('seen, in the guest: no such harm')
    expect(await faults(truth, { made: throwing })).toEqual(['seen, made: no such harm'])
  })

  it('finds looks that were not come to, and looks of which nothing is expected', async () => {
    expect(await faults(truth, { looks: () => ({ seen: truth, later: truth }) })).toEqual([
      'later: the guest did not come to this look',
    ])
    expect(await faults(truth, { looks: () => ({}) })).toEqual(['looks: nothing is expected of look seen'])
  })

  it('finds what was said one way only', async () => {
    const other = mkdtempSync(join(tmpdir(), 'kmemscope-judge-'))
    try {
      cpSync(files, other, { recursive: true })
      const report = { ...known, verdicts: { ...known.verdicts, 'node-oom-kill': 'unknown' } }
      writeFileSync(join(other, 'one', 'seen', 'run', 'look', 'report.json'), JSON.stringify(report))
      const found = await faults(truth, {}, other)
      expect(found).toContain('seen, both ways: only in the guest: node-oom-kill: unknown')
      writeFileSync(join(other, 'one', 'seen', 'run', 'look', 'report.json'), '')
      writeFileSync(join(other, 'one', 'seen', 'run', 'look', 'status'), '139\n')
      expect((await faults(truth, {}, other)).join('\n')).toContain('kmemscope ended with 139')
    } finally {
      rmSync(other, { recursive: true })
    }
  })
})
