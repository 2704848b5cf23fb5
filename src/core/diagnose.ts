// Case → Report: every detector judges, the worst comes first, and what could not be looked at is told.

import type { Instant } from './base/time.ts'
import type { Case } from './case/case.ts'
import type { Finding, Severity, Unknown, Verdict } from './case/finding.ts'
import type { Report } from './case/report.ts'
import { type Detector, verdict } from './detectors/detector.ts'
import { detectors } from './detectors/index.ts'
import { gapRemedy } from './knowledge/unknown.ts'

const WORST_FIRST: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 }

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
  const unknown: (Unknown & { readonly detector: string })[] = []
  for (const detector of detectors) {
    const judgement = judged(detector, about, failed)
    verdicts[detector.id] = verdict(judgement)
    findings.push(...judgement.findings)
    unknown.push(...judgement.unknown.map(one => ({ ...one, detector: detector.id })))
  }
  return {
    schema: 'kmemscope/report@1',
    at,
    node: about.node,
    verdicts,
    findings: findings.sort((a, b) => WORST_FIRST[a.severity] - WORST_FIRST[b.severity]),
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
