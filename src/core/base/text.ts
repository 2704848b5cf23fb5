// Sentences with {placeholders}. Two languages stand side by side in the file that knows them; the compiler
// demands the same keys and the same placeholders of both.

export type Language = 'en' | 'zh'

/** Sentences by key. */
export type Sentences = Readonly<Record<string, string>>

type Names<S> = S extends `${string}{${infer P}}${infer Rest}` ? P | Names<Rest> : never

type NamesOf<T> = { [K in keyof T]: Names<T[K]> }[keyof T]

type BareName<P> = P extends `${infer Name}|${string}` ? Name : P

/** The names a set of sentences wants filled in, without their formats. */
export type Placeholder<T> = BareName<NamesOf<T>>

/** `Zh` where it has the keys and placeholders of `En`; a named mismatch where it has not. */
export type SameShape<En, Zh> = {
  [K in keyof En]: K extends keyof Zh
    ? [Names<En[K]>] extends [Names<Zh[K]>]
      ? [Names<Zh[K]>] extends [Names<En[K]>]
        ? Zh[K]
        : { readonly 'placeholder only in zh': Exclude<Names<Zh[K]>, Names<En[K]>> }
      : { readonly 'placeholder only in en': Exclude<Names<En[K]>, Names<Zh[K]>> }
    : never
}

/** Both languages of one set of sentences. */
export interface Text<En extends Sentences = Sentences> {
  readonly en: En
  readonly zh: { readonly [K in keyof En]: string }
}

/** Declares a text; what differs between the languages is a compile error. */
export function text<
  const En extends Sentences,
  const Zh extends { readonly [K in keyof En]: string },
>(unit: { en: En; zh: Zh & SameShape<En, Zh> }): Text<En> {
  return unit
}

/** A value that can be named in braces. */
export type Value = string | number

/**
 * Fills `{name}` or `{name|format}` from `values`. Formats are given by the caller, who knows the language;
 * a name without a value stays as it is, so that a missing one is seen.
 */
export function fill(
  sentence: string,
  values: Readonly<Record<string, Value>>,
  formats: Readonly<Record<string, (value: Value) => string>> = {},
): string {
  return sentence.replace(/\{(\w+)(?:\|(\w+))?\}/g, (whole, name: string, format: string | undefined) => {
    const value = values[name]
    if (value === undefined) return whole
    return format === undefined ? String(value) : (formats[format]?.(value) ?? String(value))
  })
}
