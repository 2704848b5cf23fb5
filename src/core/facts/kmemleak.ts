// Whether kmemleak is at work on this node, and what it has found. An empty file is not health: the file of a detector
// that is off reads empty, too, with success.

import type { Case } from '../case/case.ts'
import type { Evidence, Unknown } from '../case/finding.ts'
import type {
  KmemleakReport,
  KmemleakScan,
  KmemleakStateChange,
  KmemleakSuspect,
} from '../decode/kmsg/report.ts'
import { type KmemleakReading, kmemleakGrouper } from '../decode/sys/kmemleak.ts'
import type { KmemleakClock } from '../explain/kmemleak.ts'
import { fact } from './fact.ts'
import { latest } from './kernel.ts'
import { isReport, logUnknown, quoted } from './kernel-log.ts'

const FILE = '/sys/kernel/debug/kmemleak'

/** What shows that kmemleak works, or does not; `maybe`: it is in the kernel, and no more is known. */
export interface KmemleakInstrument {
  readonly is: 'on' | 'maybe' | 'off'
  /** Of `off` and `maybe`: why nothing can be said. */
  readonly why?: Unknown
  readonly evidence?: Evidence
}

const CONFIG = 'CONFIG_DEBUG_KMEMLEAK'

function reports(about: Case): readonly KmemleakReport[] {
  return (about.log?.reports ?? [])
    .filter(isReport('kmemleak'))
    .filter(({ userWritten }) => userWritten !== true)
}

/** What was said before the node booted again is of another boot. */
function ofThisBoot(about: Case, all: readonly KmemleakReport[]): readonly KmemleakReport[] {
  return all.filter(({ path, lines }) => {
    const booted = about.log?.sources.find(source => source.path === path)?.rebootedAt
    return booted === undefined || lines === undefined || lines[0] >= booted
  })
}

/** kmemleak's own words of this boot, the last on or off of them, and whether it said why it gave up. */
function saidOfItself(about: Case): {
  readonly last?: KmemleakStateChange
  readonly gaveUp?: KmemleakStateChange
} {
  const states = ofThisBoot(about, reports(about)).filter(report => report.says === 'state')
  const last = states.findLast(({ state }) => state === 'on' || state === 'off')
  const gaveUp = states.findLast(
    ({ state }) => state === 'early-log-full' || state === 'no-memory' || state === 'overlap',
  )
  return {
    ...(last === undefined ? {} : { last }),
    ...(gaveUp === undefined ? {} : { gaveUp }),
  }
}

function reading(path: string, key: string, value: string, at: number): Evidence {
  return { kind: 'reading', path, key, value, unit: 'text', at }
}

/** That it was off from the start: told so at boot, or built so and not told otherwise. */
function offAtBoot(about: Case): Evidence | undefined {
  const at = latest(about)?.at ?? 0
  const { cmdline, config } = about
  if (cmdline?.kmemleak === 'off') return reading(cmdline.path, 'kmemleak', 'kmemleak=off', at)
  const key = `${CONFIG}_DEFAULT_OFF`
  if (cmdline === undefined || cmdline.kmemleak === 'on' || config?.values[key] !== 'y') return undefined
  return reading(config.path, key, `${key}=y`, at)
}

/**
 * Whether kmemleak is at work: by its own words in the log, by the command line, by the configuration, by its file. A
 * file with records in it shows that it was; whether it still is the log tells.
 */
export const kmemleakInstrument: (about: Case) => KmemleakInstrument = fact(about => {
  const sample = latest(about)?.kmemleak
  const path = sample?.path ?? FILE
  const { last, gaveUp } = saidOfItself(about)
  if (last?.state === 'off') {
    const said = gaveUp ?? last
    return {
      is: 'off',
      why:
        gaveUp === undefined
          ? { reason: 'kmemleak-off', path: said.path, remedy: 'boot-kmemleak-on' }
          : {
              reason: 'kmemleak-gave-up',
              path: said.path,
              remedy: gaveUp.state === 'overlap' ? 'boot-kmemleak-on' : 'enlarge-kmemleak-pool',
            },
      evidence: quoted(said)[0],
    }
  }
  const built = about.config === undefined ? undefined : about.config.values[CONFIG] === 'y'
  // the log's words and the file are the running kernel's; a configuration may have been copied from another
  const speaks = last !== undefined || sample?.reading !== undefined
  if (built === false && !speaks)
    return { is: 'off', why: { reason: 'kmemleak-not-built', remedy: 'boot-debug-kernel' } }
  const off = (built === true || speaks) && last === undefined ? offAtBoot(about) : undefined
  if (off !== undefined)
    return {
      is: 'off',
      why: { reason: 'kmemleak-off', path: off.path, remedy: 'boot-kmemleak-on' },
      evidence: off,
    }
  if (sample?.reading === undefined) return notRead(about, path, last !== undefined || built === true)
  // that it gave up since boot would stand in the log, of which nothing must be missing then
  const seen = last?.state === 'on' && logUnknown(about).length === 0
  if (seen) return { is: 'on', evidence: quoted(last)[0] }
  return {
    is: 'maybe',
    why: { reason: 'kmemleak-state-not-told', path, remedy: 'try-kmemleak-scan' },
  }
})

/** Why the file was not read, where kmemleak is not known to be off. */
function notRead(about: Case, path: string, built: boolean): KmemleakInstrument {
  const sample = latest(about)?.kmemleak
  if (sample?.missing === 'denied') {
    const locked = sample.lockdown !== undefined && sample.lockdown !== 'none'
    return {
      is: 'maybe',
      why: locked
        ? { reason: 'debugfs-locked', path, remedy: 'leave-lockdown' }
        : { reason: 'debugfs-denied', path, remedy: 'run-as-root' },
    }
  }
  if (built && sample?.debugfs === false)
    return { is: 'maybe', why: { reason: 'debugfs-not-mounted', path, remedy: 'mount-debugfs' } }
  if (built) return { is: 'maybe', why: { reason: 'kmemleak-not-read', path, remedy: 'pass-kmemleak' } }
  if (sample?.debugfs === true && about.origin === 'live')
    return { is: 'off', why: { reason: 'kmemleak-not-built', remedy: 'boot-debug-kernel' } }
  return {
    is: 'off',
    why: {
      reason: 'kmemleak-no-sign',
      remedy: sample?.debugfs === false ? 'mount-debugfs' : 'pass-kmemleak',
    },
  }
}

/** CONFIG_HZ and the uptime, where both are known. */
export const kmemleakClock: (about: Case) => KmemleakClock | undefined = fact(about => {
  const hz = Number(about.config?.values['CONFIG_HZ'])
  const { uptimeSeconds } = about.node
  return Number.isInteger(hz) && hz > 0 && uptimeSeconds !== undefined ? { hz, uptimeSeconds } : undefined
})

/** What kmemleak has reported, by whichever road. */
export interface KmemleakFound {
  /** From the file, or from records in the log where there is no file. */
  readonly reading?: KmemleakReading
  /** Where `reading` is from. */
  readonly path?: string
  /** Records in the log. */
  readonly logged: readonly KmemleakSuspect[]
  /** `N new suspected memory leaks`, of this boot. */
  readonly scans: readonly KmemleakScan[]
  readonly announced: number
  /** The node's file has records, and the evidence for each group stands in it. */
  readonly fromFile: boolean
}

export const kmemleakFound: (about: Case) => KmemleakFound = fact(about => {
  const sample = latest(about)?.kmemleak
  const all = ofThisBoot(about, reports(about))
  const logged = reports(about).filter(report => report.says === 'suspect')
  const scans = all.filter(report => report.says === 'scan')
  const folded = (about.log?.folded ?? [])
    .filter(({ kind, task }) => kind === 'kmemleak' && task === 'scan')
    .reduce((sum, { count }) => sum + count, 0)
  const announced = scans.reduce((sum, { count }) => sum + count, folded)
  const rest = { logged, scans, announced }
  if (sample?.reading !== undefined && sample.reading.records > 0)
    return { ...rest, reading: sample.reading, path: sample.path, fromFile: true }
  if (logged.length === 0) return { ...rest, fromFile: false }
  const grouper = kmemleakGrouper()
  for (const { object, lines, quotes } of logged) grouper.add(object, lines?.[0] ?? 0, quotes[0].text)
  const path = logged[0]?.path
  return { ...rest, reading: grouper.reading(), ...(path === undefined ? {} : { path }), fromFile: false }
})
