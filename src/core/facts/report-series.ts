// Reports of one kind that say the same of the same thing, as one series: how many, which, and whether the kernel said it.

import type { Case } from '../case/case.ts'
import type { FoldedReports } from '../case/kernel-log.ts'
import { foldKey } from '../decode/kmsg/log.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'
import { isReport } from './kernel-log.ts'

export interface ReportSeries<R extends KernelReport> {
  readonly reports: readonly [R, ...R[]]
  readonly last: R
  /** Older ones that were only counted. */
  readonly folded: readonly FoldedReports[]
  /** Of both. */
  readonly count: number
  /** Written to /dev/kmsg from user space: a claim, not the kernel's word. */
  readonly claimed: boolean
}

/** The reports of a kind, those of one device, cache or function together where the kind has such a thing. */
export function reportSeries<K extends KernelReport['kind']>(
  about: Case,
  kind: K,
): readonly ReportSeries<Extract<KernelReport, { kind: K }>>[] {
  type R = Extract<KernelReport, { kind: K }>
  const groups = new Map<string, [R, ...R[]]>()
  for (const report of (about.log?.reports ?? []).filter(isReport(kind))) {
    const { memcg = '', task = '' } = foldKey(report)
    const key = `${memcg}\0${task}\0${report.userWritten === true}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [report])
    else group.push(report)
  }
  return [...groups.values()].map(reports => {
    const [first] = reports
    const { memcg, task } = foldKey(first)
    const claimed = first.userWritten === true
    const folded = (about.log?.folded ?? []).filter(
      fold => !claimed && fold.kind === kind && fold.memcg === memcg && fold.task === task,
    )
    return {
      reports,
      last: reports.at(-1) ?? first,
      folded,
      count: folded.reduce((sum, { count }) => sum + count, reports.length),
      claimed,
    }
  })
}
