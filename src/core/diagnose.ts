// Case → Report: every detector judges, the worst comes first, and what could not be looked at is told.

import type { Instant } from './base/time.ts'
import type { Case } from './case/case.ts'
import type { Finding, Severity, Verdict } from './case/finding.ts'
import type { Report } from './case/report.ts'
import { type Concern, type Detector, verdict } from './detectors/detector.ts'
import { detectors } from './detectors/index.ts'
import { namedSubject } from './facts/names.ts'
import { instrumentOff, type UnknownReason, type UnknownRemedy } from './knowledge/unknown.ts'
import type { Gap, Origin } from './tree/tree.ts'

const WORST_FIRST: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 }
const NEAREST_FIRST: Readonly<Record<Concern, number>> = { workload: 0, node: 1, cause: 2 }

const concerns: ReadonlyMap<string, Concern> = new Map(detectors.map(({ id, concerns }) => [id, concerns]))

function order({ severity, detector }: Finding): number {
  return WORST_FIRST[severity] * 3 + NEAREST_FIRST[concerns.get(detector) ?? 'cause']
}

/**
 * Judges a Case. Never throws: a detector that fails is `unknown` and named as our fault.
 *
 * @param at when the diagnosis is made
 * @param failed told of a detector that threw, for whoever debugs it
 */
export function diagnose(
  about: Case,
  at: Instant,
  failed: (detector: string, error: unknown) => void = () => {},
): Report {
  const verdicts: Record<string, Verdict> = {}
  const findings: Finding[] = []
  const unknown: Report['unknown'][number][] = []
  for (const detector of detectors) {
    const judgement = judged(detector, about, failed)
    verdicts[detector.id] = verdict(judgement)
    findings.push(
      ...judgement.findings.map(finding => ({ ...finding, subject: namedSubject(about, finding.subject) })),
    )
    const isOff = (reason: UnknownReason): boolean =>
      detector.instrument === true && instrumentOff.has(reason)
    unknown.push(
      ...judgement.unknown.map(one => ({
        ...one,
        detector: detector.id,
        ...(isOff(one.reason) ? { instrumentOff: true as const } : {}),
      })),
    )
  }
  return {
    schema: 'kmemscope/report@1',
    at,
    node: about.node,
    verdicts,
    findings: findings.sort((a, b) => order(a) - order(b)),
    unknown,
    gaps: about.gaps.map(gap => ({ ...gap, remedy: gapRemedy(gap, about.origin) })),
    logs: about.log?.sources ?? [],
  }
}

function judged(
  detector: Detector,
  about: Case,
  failed: (detector: string, error: unknown) => void,
): ReturnType<Detector['judge']> {
  try {
    return detector.judge(about)
  } catch (error) {
    failed(detector.id, error)
    return { findings: [], unknown: [{ reason: 'detector-failed', remedy: 'report-bug' }] }
  }
}

/** Where a log outlives the ring buffer: read by hand where it is binary or elsewhere. */
const PERSISTENT_LOG = /\/?var\/log\/(messages|kern\.log|syslog|journal)/

/** What is asked for the names of pods: a runtime's socket, the kubelet. */
const ASKED = /\.sock$|^https:.*\/pods$/

/** What would close a gap. */
function gapRemedy({ why, path }: Gap, origin: Origin): UnknownRemedy {
  if (why === 'denied') return 'run-as-root'
  if (ASKED.test(path)) return 'name-runtime-socket'
  if (PERSISTENT_LOG.test(path)) return 'read-persistent-log'
  if (why === 'vanished') return 'none'
  if (why === 'truncated') return 'shorten-log'
  if (why === 'unreadable') return 'pass-node-files'
  if (origin === 'live') return /sys\/fs\/cgroup/.test(path) ? 'mount-cgroup' : 'none'
  return /(kmsg|dmesg|messages|kern\.log|syslog)/.test(path) ? 'pass-kernel-log' : 'pass-node-files'
}
