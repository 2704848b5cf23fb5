// One judgement, one file, both languages. A detector sees the Case and says what it found and what it could not
// look at; the verdict follows from that and is never its own to choose.

import type { Placeholder, Sentences, Text, Value } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Finding, Unknown, Verdict } from '../case/finding.ts'

/** A finding as its detector makes it: the keys must be sentences of that detector, the values those they name. */
export interface Draft<En extends Sentences> extends Omit<Finding, 'detector' | 'words' | 'values'> {
  readonly values: { readonly [P in Placeholder<En>]?: Value | undefined }
  readonly words: { readonly title: keyof En & string; readonly summary: readonly (keyof En & string)[] }
}

export interface Judgement<En extends Sentences = Sentences> {
  readonly findings: readonly Draft<En>[]
  /** What could not be looked at. Empty: everything this judgement needs was. */
  readonly unknown: readonly Unknown[]
}

/** Whom it hurts. Of findings equally severe, the dying pod is told before the node, the node before the cause. */
export type Concern = 'workload' | 'node' | 'cause'

export interface Detector {
  readonly id: string
  /**
   * It judges by a debugging instrument that ordinary kernels do not have, or have off. That it is off is told in one
   * line and is no hole in what was looked at; `instrumentOff` of knowledge/unknown.ts has the reasons that say so.
   */
  readonly instrument?: true
  /** What it judges, in a sentence, for `explain` and the tables of docs/. */
  readonly about: Text<{ readonly judges: string }>
  readonly concerns: Concern
  readonly text: Text
  judge(about: Case): { readonly findings: readonly Finding[]; readonly unknown: readonly Unknown[] }
}

/** Declares a detector. The compiler holds its findings against its own sentences. */
export function detector<En extends Sentences>(unit: {
  readonly id: string
  readonly instrument?: true
  readonly about: Text<{ readonly judges: string }>
  readonly concerns: Concern
  readonly text: Text<En>
  judge(about: Case): Judgement<En>
}): Detector {
  return {
    id: unit.id,
    ...(unit.instrument === undefined ? {} : { instrument: unit.instrument }),
    about: unit.about,
    concerns: unit.concerns,
    text: unit.text,
    judge(about) {
      const { findings, unknown } = unit.judge(about)
      return {
        findings: findings.map(draft => ({
          ...draft,
          detector: unit.id,
          values: known(draft.values),
          evidence: distinct(draft.evidence),
        })),
        unknown,
      }
    },
  }
}

function known(values: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/**
 * Present if something was found; else unknown if anything was not looked at; absent only when all of it was.
 * Not having looked is never called healthy.
 */
export function verdict({
  findings,
  unknown,
}: {
  readonly findings: readonly unknown[]
  readonly unknown: readonly unknown[]
}): Verdict {
  return findings.length > 0 ? 'present' : unknown.length > 0 ? 'unknown' : 'absent'
}

/** Two facts may rest on one reading; it is quoted once. */
function distinct([first, ...more]: Finding['evidence']): Finding['evidence'] {
  const seen = new Set([JSON.stringify(first)])
  return [first, ...more.filter(one => !seen.has(JSON.stringify(one)) && seen.add(JSON.stringify(one)))]
}
