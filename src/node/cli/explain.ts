// kmemscope explain: what an id, a cache, a mask, a metric or a pasted line means, with the common mistakes about it.

import { printable } from '../../core/base/printable.ts'
import type { Language, Text } from '../../core/base/text.ts'
import { wrap } from '../../core/base/width.ts'
import { detectors } from '../../core/detectors/index.ts'
import { type Explanation, explain } from '../../core/knowledge/explain.ts'
import { renderJson } from '../../core/render/json.ts'
import { escaped, fenced } from '../../core/render/markdown.ts'
import { prompted } from '../../core/render/terminal.ts'
import { columnsOf } from './columns.ts'
import { Ending, exitCodes } from './exit.ts'
import type { Settings } from './main.ts'
import { nearest } from './nearest.ts'

/** Prints the explanation and gives the exit code; a term nobody knows is wrong usage. */
export function explainCommand({ language, output, words }: Settings, term: string): number {
  const answer = explain(term, language, {
    nearest,
    detectors: detectors.map(({ id, about, text }) => ({
      id,
      title: id,
      text: [words('judges', { what: about[language].judges }), '', ...saying(text, language)].join('\n'),
    })),
  })
  if ('suggestions' in answer) {
    throw new Ending(
      words('unknownTerm', {
        what: printable(answer.term.length > 60 ? `${answer.term.slice(0, 60)}…` : answer.term),
        nearest: answer.suggestions.join(', '),
      }),
      exitCodes.usage,
    )
  }
  process.stdout.write(
    output === 'json'
      ? renderJson(answer)
      : output === 'markdown'
        ? markdown(answer, words)
        : plainText(answer, words),
  )
  return exitCodes.finished
}

/**
 * What a detector can say, its figures left open. Labels of facts, which begin in lower case, are no sentences, and who
 * owns which slab cache is explained under the cache.
 */
function saying(text: Text, language: Language): readonly string[] {
  return Object.entries(text[language])
    .filter(([key]) => !key.startsWith('owner-') && !/^[a-z]/.test(text.en[key] ?? ''))
    .map(([, sentence]) => sentence.replace(/\{[^}]*\}/g, '…'))
}

/** Wider is hard to read. */
const COLUMNS = 96

function plainText(
  { title, id, kind, text, correction, commands, see, sources }: Explanation,
  words: Settings['words'],
): string {
  const columns = Math.min(columnsOf(process.stdout), COLUMNS)
  const paragraph = (sentence: string): string[] =>
    sentence.split('\n').flatMap(line => wrap(printable(line), columns - 2).map(part => `  ${part}`))
  const lines = [`${printable(title)}  (${kind}: ${id})`, '']
  for (const sentence of text) lines.push(...paragraph(sentence), '')
  if (correction !== undefined) lines.push(`${words('correction')}`, ...paragraph(correction), '')
  if (commands !== undefined && commands.length > 0) {
    lines.push(...commands.map(command => `  ${prompted(command)}`), '')
  }
  if (see.length > 0) lines.push(words('see', { what: see.join(', ') }))
  if (sources.length > 0) lines.push(words('sourcesOf', { what: sources.map(printable).join(' · ') }))
  return `${lines.join('\n')}\n`
}

function markdown(
  { title, id, kind, text, correction, commands, see, sources }: Explanation,
  words: Settings['words'],
): string {
  const lines = [`# ${escaped(title)}`, '', `\`${kind}\` · \`${printable(id)}\``, '']
  for (const sentence of text) lines.push(escaped(sentence), '')
  if (correction !== undefined) lines.push(`> **${words('correction')}** ${escaped(correction)}`, '')
  if (commands !== undefined && commands.length > 0) lines.push(...fenced(commands.map(printable), 'sh'), '')
  if (see.length > 0) lines.push(words('see', { what: see.map(escaped).join(', ') }), '')
  if (sources.length > 0) lines.push(words('sourcesOf', { what: sources.map(escaped).join(' · ') }), '')
  return lines.join('\n')
}
