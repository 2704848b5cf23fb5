// A story of fixtures/nodes: story.md, the tree of files it tells of, and the report that was agreed on.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** What a human wrote that must be found of one detector. */
export interface Expected {
  readonly verdict: string
  /** `node`, a cgroup's path, or `*` for any; each optionally after the severity, `critical node`. */
  readonly findings: readonly {
    readonly severity?: string
    readonly subject: string
    readonly defects: readonly string[]
    readonly ongoing?: boolean
  }[]
}

export interface Story {
  readonly name: string
  readonly dir: string
  /** `source`, `licence` and `kernel` of story.md's head. */
  readonly head: Readonly<Record<string, string>>
  readonly expected: Readonly<Record<string, Expected>>
  /** Every file of tree/ by its path on the node. */
  readonly files: Readonly<Record<string, Uint8Array>>
}

export const STORIES = new URL('../../fixtures/nodes/', import.meta.url).pathname

function filesBelow(dir: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  if (!existsSync(dir)) return files
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[relative(dir, path)] = readFileSync(path)
  }
  return files
}

/** The block of story.md that says `detector: verdict`, and below it `- [severity] subject [defects…] [ongoing|over]` a finding. */
function parseExpected(markdown: string): Record<string, Expected> {
  const block = /^```verdicts\n([\s\S]*?)^```$/m.exec(markdown)?.[1]
  // A story just begun: its own test says what is missing, the others run.
  if (block === undefined) return {}
  const expected: Record<string, { verdict: string; findings: Expected['findings'][number][] }> = {}
  let last: { findings: Expected['findings'][number][] } | undefined
  for (const line of block.split('\n')) {
    if (line === '') continue
    const verdict = /^([a-z-]+): (present|absent|unknown)$/.exec(line)
    const finding = /^- (?:(info|warning|critical) )?(\S+)((?: K-\d+)*)(?: (ongoing|over))?$/.exec(line)
    if (verdict?.[1] !== undefined && verdict[2] !== undefined) {
      const entry = { verdict: verdict[2], findings: [] }
      expected[verdict[1]] = entry
      last = entry
    } else if (finding?.[2] !== undefined && last !== undefined) {
      last.findings.push({
        ...(finding[1] === undefined ? {} : { severity: finding[1] }),
        subject: finding[2],
        defects: finding[3]?.trim().split(' ').filter(Boolean) ?? [],
        ...(finding[4] === undefined ? {} : { ongoing: finding[4] === 'ongoing' }),
      })
    } else throw new Error(`story.md: cannot read ${JSON.stringify(line)}`)
  }
  return expected
}

export function readStory(name: string): Story {
  const dir = join(STORIES, name)
  const markdown = readFileSync(join(dir, 'story.md'), 'utf8')
  const head = Object.fromEntries(
    [...markdown.matchAll(/^(?:- )?(source|licence|kernel): (.+)$/gm)].map(match => [
      match[1] ?? '',
      match[2] ?? '',
    ]),
  )
  return { name, dir, head, expected: parseExpected(markdown), files: filesBelow(join(dir, 'tree')) }
}

export const storyNames: readonly string[] = readdirSync(STORIES, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

/** The golden at `path`; where there is none yet, what to do about it. */
export function agreedOn(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : 'nothing yet: npm run golden'
}
