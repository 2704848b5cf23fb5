// A judgement, with what it rests on. It holds no prose: words are chosen by the renderer, per language.

import type { Value } from '../base/text.ts'
import type { Instant, Stamp } from '../base/time.ts'
import type { DefectWhy } from '../knowledge/defect.ts'
import type { DefectId } from '../knowledge/kernel-defects.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import type { UnknownReason, UnknownRemedy } from '../knowledge/unknown.ts'
import type { PodPath } from './memcg.ts'

export type Severity = 'info' | 'warning' | 'critical'

export type Verdict = 'present' | 'absent' | 'unknown'

export type Unit = 'bytes' | 'pages' | 'count' | 'text'

/** What a finding rests on. Each piece can be found again where it says. */
export type Evidence =
  | {
      readonly kind: 'reading'
      readonly path: string
      readonly key?: string
      /** `Infinity` where the kernel means "no limit". */
      readonly value: Value
      readonly unit: Unit
      readonly at: Instant
    }
  | {
      readonly kind: 'log'
      readonly path: string
      readonly lines?: readonly [first: number, last: number]
      readonly seq?: readonly [first: number, last: number]
      readonly text: string
      readonly at?: Stamp
    }

export interface Subject extends Pick<PodPath, 'podUid' | 'containerId' | 'qos'> {
  readonly kind: 'node' | 'memcg' | 'slab' | 'process'
  /** Of a memory cgroup, within its hierarchy. */
  readonly path?: string
  /** What pod and container are called, where anything read tells it. */
  readonly namespace?: string
  readonly pod?: string
  readonly container?: string
  readonly cache?: string
  readonly pid?: number
}

export type DefectStatus = 'affected' | 'not-affected' | 'cannot-tell'

/** A known defect that bears on a finding, and whether this node has it. `why` is a key of the knowledge's sentences. */
export interface DefectBearing {
  readonly id: DefectId
  readonly status: DefectStatus
  readonly why: DefectWhy
}

export interface Finding {
  readonly detector: string
  readonly severity: Severity
  readonly subject: Subject
  /** What the sentences name in braces, in bytes, counts or the kernel's words. */
  readonly values: Readonly<Record<string, Value>>
  /** Keys of the detector's sentences. */
  readonly words: { readonly title: string; readonly summary: readonly string[] }
  readonly evidence: readonly [Evidence, ...Evidence[]]
  /** In the order in which they should be done. */
  readonly remedies: readonly RemedyId[]
  readonly defects: readonly DefectBearing[]
  readonly firstSeen?: Stamp
  readonly lastSeen?: Stamp
  /** Whether it still goes on; undefined: cannot be told. */
  readonly ongoing?: boolean
}

/** What a detector could not look at, and what would let it. */
export interface Unknown {
  readonly reason: UnknownReason
  readonly path?: string
  readonly remedy: UnknownRemedy
}
