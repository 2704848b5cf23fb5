// What kmemscope said of a guest, in it and from its files, held against what it must say.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  BY_KUBELET,
  INSTRUMENTS,
  type Look,
  type PrintedFinding,
  type PrintedReport,
  type Scenario,
  type Seen,
  type World,
} from './lab.ts'
import { run } from './run.ts'

const MAIN = fileURLToPath(new URL('../../dist/node/cli/main.js', import.meta.url))

/** One thing that must hold; it does where there is no fault. */
export interface Check {
  readonly name: string
  readonly faults: readonly string[]
}

export interface Judged {
  readonly checks: readonly Check[]
  /** What was said at each look from the files alone, in one line each. */
  readonly said: ReadonlyMap<string, readonly string[]>
}

const subjectOf = ({ subject }: PrintedFinding): string =>
  subject.path ?? subject.cache ?? (subject.pid === undefined ? subject.kind : `pid ${subject.pid}`)

/** Verdicts and findings in lines that can be compared. */
function said({ verdicts, findings }: PrintedReport): readonly string[] {
  return [
    ...Object.entries(verdicts)
      .filter(([detector]) => !BY_KUBELET.includes(detector))
      .map(([detector, verdict]) => `${detector}: ${verdict}`),
    ...new Set(
      findings
        .filter(({ detector }) => !BY_KUBELET.includes(detector))
        .map(finding => `${finding.detector} ${finding.severity} ${subjectOf(finding)}`),
    ),
  ].sort()
}

function difference(
  one: readonly string[],
  other: readonly string[],
  names: readonly [string, string],
): string[] {
  return [
    ...one.filter(line => !other.includes(line)).map(line => `only ${names[0]}: ${line}`),
    ...other.filter(line => !one.includes(line)).map(line => `only ${names[1]}: ${line}`),
  ]
}

function thrown(what: () => void): readonly string[] {
  try {
    what()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** What a report says that it must not, or does not say that it must. */
function faultsOf(
  report: PrintedReport,
  look: Look,
  seen: Seen,
  judgedLater: readonly string[],
  { kernel, append = '' }: World,
): readonly string[] {
  const faults: string[] = []
  const missing = [...look.says]
  for (const finding of report.findings) {
    const subject = subjectOf(finding)
    const index = missing.findIndex(
      expected =>
        expected.detector === finding.detector &&
        expected.severity === finding.severity &&
        (subject === expected.subject || subject.endsWith(`/${expected.subject}`)),
    )
    if (index >= 0) missing.splice(index, 1)
    else if (!BY_KUBELET.includes(finding.detector))
      faults.push(`says ${finding.detector} ${finding.severity} ${subject}, and must not`)
  }
  for (const { detector, severity, subject } of missing)
    faults.push(`does not say ${detector} ${severity} ${subject}`)
  const present = new Set(look.says.map(({ detector }) => detector))
  const off = Object.entries(INSTRUMENTS).filter(([, isOn]) => !isOn(kernel, append))
  const unknown = new Set([
    ...(typeof look.unknown === 'function' ? look.unknown(seen) : (look.unknown ?? [])),
    ...off.map(([detector]) => detector),
  ])
  for (const [detector, verdict] of Object.entries(report.verdicts)) {
    const expected = present.has(detector) ? 'present' : unknown.has(detector) ? 'unknown' : 'absent'
    if (BY_KUBELET.includes(detector) && expected === 'absent') continue
    if (verdict !== expected) {
      const why = report.unknown
        .filter(one => one.detector === detector)
        .map(({ reason }) => reason)
        .join(' ')
      faults.push(`${detector} is ${verdict}, must be ${expected}${why === '' ? '' : ` (${why})`}`)
    }
  }
  for (const detector of judgedLater) {
    if (report.verdicts[detector] === 'absent') faults.push(`calls ${detector} absent: it was made here`)
  }
  if (look.check !== undefined) faults.push(...thrown(() => look.check?.(report, seen)))
  return faults
}

const readIfThere = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined

function parsed(text: string | undefined): PrintedReport | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as PrintedReport)
  } catch {
    return undefined
  }
}

/**
 * Judges what one scenario left in `files`. `inside`: whether kmemscope ran in the guest. `before`: what was said of
 * the same looks in another boot, to be the same here.
 */
export async function judge(
  { id, looks, judgedLater = [], made }: Scenario,
  world: World,
  files: string,
  inside: boolean,
  before?: Judged['said'],
): Promise<Judged> {
  const checks: Check[] = []
  const all = new Map<string, readonly string[]>()
  const expected = looks(world)
  const base = join(files, id)
  const found = existsSync(base) ? readdirSync(base) : []
  const strange = found.filter(name => expected[name] === undefined)
  if (strange.length > 0)
    checks.push({ name: 'looks', faults: strange.map(name => `nothing is expected of look ${name}`) })
  for (const [name, look] of Object.entries(expected)) {
    const tree = join(base, name, 'tree')
    if (!existsSync(tree)) {
      checks.push({ name, faults: ['the guest did not come to this look'] })
      continue
    }
    const seen: Seen = { ...world, tree, text: path => readIfThere(join(tree, path)) }
    if (made !== undefined) checks.push({ name: `${name}, made`, faults: thrown(() => made(name, seen)) })
    let outside: PrintedReport | undefined
    let told = ''
    try {
      outside = parsed(await run(process.execPath, [MAIN, 'diagnose', tree, '-o', 'json'], {}))
    } catch (error) {
      told = error instanceof Error ? error.message : String(error)
    }
    if (outside === undefined) {
      checks.push({ name: `${name}, from its files`, faults: [`no report: ${told}`] })
      continue
    }
    const saidOutside = said(outside)
    all.set(name, saidOutside)
    checks.push({
      name: `${name}, from its files`,
      faults: faultsOf(outside, look, seen, judgedLater, world),
    })
    for (const [question, { words, check, live }] of Object.entries(look.asks ?? {})) {
      if (live) continue
      const faults: string[] = []
      try {
        const answer = JSON.parse(await run(process.execPath, [MAIN, ...words(tree), '-o', 'json'], {}))
        faults.push(...thrown(() => check(answer, seen)))
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error))
      }
      checks.push({ name: `${name}, ${question} from its files`, faults })
    }
    const other = before?.get(name)
    if (other !== undefined) {
      checks.push({
        name: `${name}, the same where Node was never there`,
        faults: difference(saidOutside, other, ['without Node', 'with Node']),
      })
    }
    if (!inside) continue
    const kept = join(base, name, 'run', 'look')
    const report = parsed(readIfThere(join(kept, 'report.json')))
    const status = readIfThere(join(kept, 'status'))?.trim()
    if (report === undefined || status !== '0') {
      const stderr = readIfThere(join(kept, 'stderr')) ?? ''
      checks.push({
        name: `${name}, in the guest`,
        faults: [`kmemscope ended with ${status}: ${stderr.trim()}`],
      })
      continue
    }
    checks.push({ name: `${name}, in the guest`, faults: faultsOf(report, look, seen, judgedLater, world) })
    for (const [question, { check, notes }] of Object.entries(look.asks ?? {})) {
      const status = readIfThere(join(kept, `${question}.status`))?.trim()
      const stderr = readIfThere(join(kept, `${question}.stderr`))?.trim() ?? ''
      const faults =
        status === '0' && (stderr === '' || notes?.test(stderr) === true)
          ? thrown(() => check(JSON.parse(readIfThere(join(kept, `${question}.json`)) ?? ''), seen))
          : [`kmemscope ended with ${status}: ${stderr}`]
      checks.push({ name: `${name}, ${question} in the guest`, faults })
    }
    checks.push({
      name: `${name}, both ways`,
      faults: difference(said(report), saidOutside, ['in the guest', 'from its files']),
    })
  }
  return { checks, said: all }
}
