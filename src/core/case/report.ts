// What a diagnosis gives: pure data, in the order a reader wants it.

import type { Instant } from '../base/time.ts'
import type { UnknownRemedy } from '../knowledge/unknown.ts'
import type { Gap } from '../tree/tree.ts'
import type { NodeIdentity } from './case.ts'
import type { Finding, Unknown, Verdict } from './finding.ts'
import type { LogSource } from './kernel-log.ts'

export interface Report {
  readonly schema: 'kmemscope/report@1'
  readonly at: Instant
  readonly node: NodeIdentity
  /** Every detector's id, on every run. */
  readonly verdicts: Readonly<Record<string, Verdict>>
  /** Worst first. */
  readonly findings: readonly Finding[]
  /** Why a verdict is unknown, or a present one may not be the whole story. */
  readonly unknown: readonly (Unknown & {
    readonly detector: string
    /** It says no more than that a debugging instrument is off, or not in this kernel, as on nearly all nodes. */
    readonly instrumentOff?: true
  })[]
  readonly gaps: readonly (Gap & { readonly remedy: UnknownRemedy })[]
  /** From when each log reaches. */
  readonly logs: readonly LogSource[]
}
