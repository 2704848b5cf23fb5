// The kernel log of one node, from one or several places, each report once.

import type { Stamp } from '../base/time.ts'
import type { FoldedReports, LogSource } from '../decode/kmsg/log.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'

export type { FoldedReports, LogSource }

export interface KernelLog {
  /** In the order read, at most 1,000; the rest is in `folded`. */
  readonly reports: readonly KernelReport[]
  readonly folded: readonly FoldedReports[]
  readonly sources: readonly LogSource[]
  /** What `ongoing` is measured against: now on a live node, the last stamp of each source otherwise. */
  readonly now?: Stamp
  /** Reports that are older than was asked for (--since), and were not looked at. */
  readonly leftOut?: number
}
