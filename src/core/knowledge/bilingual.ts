// A row of knowledge carries its words with it, in both languages; no row has one without the other.

import type { Language } from '../base/text.ts'

/** The same said twice. */
export type Bilingual = { readonly [L in Language]: string }

/** Several paragraphs, each said twice. */
export type Paragraphs = readonly [Bilingual, ...Bilingual[]]
