// The kernel log of one node, from one or several places, each report once.

import type { Stamp } from '../base/time.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'

/** One place the log was read from. */
export interface LogSource {
  /** As a person would open it. */
  readonly path: string
  /** Lines or records read. */
  readonly records: number
  /** Of these, how many are (or may be) the kernel's. */
  readonly kernelRecords: number
  /** First and last stamp of the kernel's records. */
  readonly from?: Stamp
  readonly to?: Stamp
  /** Places where sequence numbers of /dev/kmsg are missing. */
  readonly sequenceGaps: readonly { readonly after: number; readonly missing: number }[]
  /** Records were overwritten before they could be read, in mid-reading. */
  readonly overrun?: true
  /** Only selected lines (a grep): what is missing here may have been printed. */
  readonly excerpt?: true
  /** `Linux version …` or the release of a `CPU: … Comm: …` line, the last one. */
  readonly release?: { readonly text: string; readonly line?: number }
  readonly hostname?: string
}

/** Reports beyond those kept whole, by kind, cgroup and task. */
export interface FoldedReports {
  readonly kind: KernelReport['kind']
  readonly memcg?: string
  readonly task?: string
  readonly count: number
  readonly first?: Stamp
  readonly last?: Stamp
}

export interface KernelLog {
  /** In the order read, at most 1,000; the rest is in `folded`. */
  readonly reports: readonly KernelReport[]
  readonly folded: readonly FoldedReports[]
  readonly sources: readonly LogSource[]
  /** What `ongoing` is measured against: now on a live node, the last stamp of each source otherwise. */
  readonly now?: Stamp
}
