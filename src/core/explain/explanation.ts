// A report of the kernel in words: what it says, what it means and why, before any node is judged. Like a finding it
// holds keys and values; the sentences stand beside it in both languages. Detectors and renderers say the same by it.

import type { Placeholder, Sentences, Text, Value } from '../base/text.ts'
import type { RemedyId } from '../knowledge/remedies.ts'

/** The explanation of one report as its kind makes it: the compiler holds the keys against the sentences. */
export interface ExplanationOf<En extends Sentences> {
  readonly text: Text<En>
  readonly values: { readonly [P in Placeholder<En>]?: Value | undefined }
  /** One line: what happened, to what. */
  readonly title: keyof En & string
  /** What it means and how that is known, in the order in which a person wants to hear it. */
  readonly summary: readonly (keyof En & string)[]
  /** What an expert looks for in such a report: a label and the value beside it (in bytes where it has no unit). */
  readonly facts: readonly (readonly [label: keyof En & string, value: Value])[]
  readonly remedies: readonly RemedyId[]
}

/** An explanation of any kind. */
export interface Explanation {
  readonly text: Text
  readonly values: Readonly<Record<string, Value | undefined>>
  readonly title: string
  readonly summary: readonly string[]
  readonly facts: readonly (readonly [label: string, value: Value])[]
  readonly remedies: readonly RemedyId[]
}
