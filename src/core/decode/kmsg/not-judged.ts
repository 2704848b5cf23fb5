// Reports about kernel memory that are told by their heads and counted, and that no detector judges: a log full of them
// must not be called clean. A kind leaves this file when its detector comes.

import { keep } from '../../base/lines.ts'
import type { Stamp } from '../../base/time.ts'
import { type LogRecord, stampOf } from './record.ts'
import type { Quote } from './report.ts'

export type NotJudgedKind = 'slub-corruption'

/** Reports of one kind in one log. */
export interface NotJudged {
  readonly kind: NotJudgedKind
  readonly count: number
  readonly first: Quote
  readonly from?: Stamp
  readonly to?: Stamp
}

/** Words without which no line is one of the heads below. */
export const WORTH_A_LOOK = /BUG [^:]|Wrong slab cache|still has objects|[Ss]lab (?:error|corruption)|SLUB </

/**
 * `BUG kmalloc-64 (Not tainted): Redzone overwritten`: slab_bug() of mm/slub.c. The first KASAN printed its own reports
 * by way of it.
 */
const SLAB_BUG = /^BUG .{1,200}? \((?:Not tainted|Tainted: [^)]{0,80})\): (?!kasan: )./

/** Before taint was printed: 2.6.2x. */
const OLD_SLAB_BUG = /^BUG \S{1,200}: (?:(?:Redzone|Poison|\S+ padding) overwritten|Object already free|Free)/

/** Other lines of mm/slub.c, mm/slab_common.c and mm/slab.c. */
const OTHER_SLAB =
  /^(?:\w{1,40}: Wrong slab cache\. |kmem_cache_destroy .{1,200}: Slab cache still has objects|slab error in |Slab corruption\b|SLUB <\w+>: no slab for object)/

/** What kind of report a line begins; undefined: none, or one that is decoded and judged. */
export function notJudgedKind(text: string): NotJudgedKind | undefined {
  if (!WORTH_A_LOOK.test(text)) return undefined
  return SLAB_BUG.test(text) || OLD_SLAB_BUG.test(text) || OTHER_SLAB.test(text)
    ? 'slub-corruption'
    : undefined
}

/** Counts the kernel's own lines of one log; what a program wrote to /dev/kmsg or to syslog is not among them. */
export function notJudgedCounter(live: boolean): {
  note(record: LogRecord): void
  counted(): readonly NotJudged[]
} {
  const kinds = new Map<NotJudgedKind, { -readonly [K in keyof NotJudged]: NotJudged[K] }>()
  return {
    note(record) {
      const { facility, process, line, seq } = record
      if (process !== undefined || (facility !== undefined && facility !== 0)) return
      const kind = notJudgedKind(record.text)
      if (kind === undefined) return
      const at = stampOf(record)
      let counted = kinds.get(kind)
      if (counted === undefined) {
        const first: Quote = {
          ...(live ? {} : { line }),
          ...(seq === undefined ? {} : { seq }),
          text: keep(record.text),
        }
        counted = { kind, count: 0, first, ...(at === undefined ? {} : { from: at }) }
        kinds.set(kind, counted)
      }
      counted.count += 1
      if (at !== undefined) counted.to = at
    },
    counted: () => [...kinds.values()],
  }
}
