import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Bilingual } from '../../../src/core/knowledge/bilingual.ts'
import { gfpEras, gfpMeanings } from '../../../src/core/knowledge/gfp-flags.ts'
import { kernelDefects } from '../../../src/core/knowledge/kernel-defects.ts'
import { limits } from '../../../src/core/knowledge/limits.ts'
import { remedies } from '../../../src/core/knowledge/remedies.ts'
import { slabCaches } from '../../../src/core/knowledge/slab-caches.ts'
import { terms } from '../../../src/core/knowledge/terms.ts'

const SAID: readonly (readonly [where: string, said: Bilingual])[] = [
  ...kernelDefects.flatMap(({ id, title, what, fixedIn }) => [
    [id, title] as const,
    [id, what] as const,
    ...(fixedIn === undefined ? [] : [[`${id} fixed in`, fixedIn] as const]),
  ]),
  ...remedies.flatMap(({ id, text: { en, zh } }) =>
    (['name', 'cost', 'verify'] as const).map(key => [`${id} ${key}`, { en: en[key], zh: zh[key] }] as const),
  ),
  ...slabCaches.flatMap(({ name, owner, grows }) => [[name, owner] as const, [name, grows] as const]),
  ...limits.flatMap(({ id, title, what }) => [[id, title] as const, [id, what] as const]),
  ...terms.flatMap(({ id, text, correction }) => [
    ...text.map(paragraph => [id, paragraph] as const),
    ...(correction === undefined ? [] : [[id, correction] as const]),
  ]),
  ...Object.entries(gfpMeanings).map(([name, said]) => [name, said] as const),
]

/** Names of things, which are the same in every language. */
const NAMES_ONLY = /^(?:[\w./,:$()@ -]|、|，|（|）)+$/

test('everything is said in both languages, in words of that language', () => {
  expect(SAID.length).toBeGreaterThan(400)
  for (const [where, { en, zh }] of SAID) {
    expect(en.trim(), where).not.toBe('')
    expect(zh.trim(), where).not.toBe('')
    // What dmesg -T prints under a Chinese locale is quoted as it is printed.
    if (where !== 'dmesg-T') expect(en, where).not.toMatch(/\p{Script=Han}|[，。：；（）]/u)
    if (!NAMES_ONLY.test(en) || en.split(' ').length > 5) expect(zh, where).toMatch(/\p{Script=Han}/u)
    // Chinese text takes Chinese punctuation after a Chinese character.
    expect(zh, where).not.toMatch(/\p{Script=Han}[,;:?!](?:\s|$)/u)
    expect(zh, where).not.toMatch(/\p{Script=Han} +\p{Script=Han}/u)
  }
})

test('every row has its source', () => {
  const rows = [
    ...kernelDefects.map(({ id, source }) => [id, source] as const),
    ...remedies.map(({ id, source }) => [id, source] as const),
    ...slabCaches.map(({ name, source }) => [name, source] as const),
    ...limits.map(({ id, source }) => [id, source] as const),
    ...terms.map(({ id, source }) => [id, source] as const),
    ...gfpEras.map(({ id, source }) => [id, [source]] as const),
  ]
  for (const [id, source] of rows) {
    expect(source.length, id).toBeGreaterThan(0)
    for (const one of source) expect(one.trim(), id).toMatch(/^(?:https:\/\/\S+|[A-Za-z].*)$/)
  }
})

test('defects are numbered without a gap', () => {
  expect(kernelDefects.map(({ id }) => id)).toEqual(
    Array.from({ length: 51 }, (_, index) => `K-${String(index + 1).padStart(2, '0')}`),
  )
})

test('no two terms answer to one name', () => {
  const owner = new Map<string, string>()
  for (const { id, names } of terms) {
    for (const name of [id, ...names]) {
      const key = name.toLowerCase()
      expect(owner.get(key) ?? id, name).toBe(id)
      owner.set(key, id)
    }
  }
})

test('every remedy is led to, by a finding, an explanation, a defect or a term', () => {
  const sources = ['detectors', 'explain'].flatMap(folder => {
    const directory = new URL(`../../../src/core/${folder}/`, import.meta.url)
    return readdirSync(directory).map(name => readFileSync(new URL(name, directory), 'utf8'))
  })
  for (const { id } of remedies) {
    const led =
      kernelDefects.some(row => row.remedies?.includes(id)) ||
      terms.some(term => term.see.includes(id)) ||
      sources.some(source => source.includes(`'${id}'`))
    expect(led, id).toBe(true)
  }
})
