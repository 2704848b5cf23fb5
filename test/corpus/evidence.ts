// Whether a piece of evidence can be found again where it says, told without the code that made it.

import type { Evidence } from '../../src/core/case/finding.ts'
import type { Story } from './story.ts'

const decoder = new TextDecoder()

function textOf({ files }: Story, path: string): string | undefined {
  const bytes = files[path]
  return bytes === undefined ? undefined : decoder.decode(bytes)
}

/** Directories below `path`, itself included, as files of the tree and saved listings tell. */
function directoriesBelow({ files }: Story, path: string): Set<string> {
  const found = new Set([path])
  for (const file of Object.keys(files)) {
    const listed = /^(.+)\.list$/.exec(file)?.[1]
    if (listed === path || listed?.startsWith(`${path}/`)) {
      found.add(listed)
      for (const name of decoder.decode(files[file]).split('\n'))
        if (name !== '') found.add(`${listed}/${name}`)
      continue
    }
    if (!file.startsWith(`${path}/`)) continue
    for (
      let dir = file.slice(0, file.lastIndexOf('/'));
      dir.length > path.length;
      dir = dir.slice(0, dir.lastIndexOf('/'))
    ) {
      found.add(dir)
    }
  }
  return found
}

/** Cgroups that own slab caches, `dentry(112:c116)`, and have no directory. */
function ownersWithoutDirectory(story: Story, names: string): number {
  const there = new Set(
    [...directoriesBelow(story, 'sys/fs/cgroup/memory')].map(dir => dir.slice(dir.lastIndexOf('/') + 1)),
  )
  const owners = new Set([...names.matchAll(/\((\d+:.*)\)$/gm)].map(match => match[1] ?? ''))
  return [...owners].filter(owner => !there.has(owner.slice(owner.indexOf(':') + 1))).length
}

/** `key value`, `key: value kB`, and of /proc/cgroups `memory num_cgroups`; the whole file without a key. In bytes. */
function valueIn(text: string, key: string | undefined): readonly number[] {
  const numbers: number[] = []
  for (const line of text.split('\n')) {
    const words = line.trim().split(/[\s:]+/)
    const [first, second, third] = words
    if (key === undefined) numbers.push(Number(first))
    else if (key === `${first} num_cgroups`) numbers.push(Number(third))
    else if (first === key) numbers.push(third === 'kB' ? Number(second) * 1024 : Number(second))
  }
  return numbers
}

/** Without blanks. */
const bare = (text: string): string => text.replace(/\s+/g, '')

/** What is wrong with a piece of evidence; undefined: it stands in the tree. */
export function misquoted(story: Story, evidence: Evidence): string | undefined {
  const path = evidence.path.replace(/^\//, '')
  const text = textOf(story, path)
  if (evidence.kind === 'log') {
    if (text === undefined) return `${path}: no such file`
    if (evidence.lines === undefined) return `${path}: evidence without a line`
    const [first, last] = evidence.lines
    const lines = text.split('\n').slice(first - 1, last)
    if (lines.length !== last - first + 1) return `${path}: has no lines ${first}-${last}`
    const quoted = evidence.text.split('\n')
    // what a console broke is quoted as it was printed, in one piece
    const whole = lines.length > 1 && bare(lines.join('')).includes(bare(evidence.text))
    if (evidence.text === '' || !(whole || quoted.every(quote => lines.some(line => line.includes(quote))))) {
      return `${path}:${first}: ${JSON.stringify(lines.join('\n'))} does not say ${JSON.stringify(evidence.text)}`
    }
    return undefined
  }
  const { key, value } = evidence
  const wrong = `${path}: ${key ?? ''} is not ${value}`
  if (key === 'directories') return directoriesBelow(story, path).size === value ? undefined : wrong
  if (key === 'directory') return directoriesBelow(story, path).has(`${path}${value}`) ? undefined : wrong
  const listing = text ?? textOf(story, `${path}.list`)
  if (listing === undefined) return `${path}: no such file`
  if (key === 'cgroups without a directory') {
    return ownersWithoutDirectory(story, listing) === value ? undefined : wrong
  }
  // memory.kmem.slabinfo gives EIO where accounting is not active: that it is a table is the evidence.
  if (value === 'readable') return listing.startsWith('slabinfo - version') ? undefined : wrong
  // columns are padded
  if (typeof value === 'string') return listing.replace(/ +/g, ' ').includes(value) ? undefined : wrong
  const numbers = valueIn(listing, key)
  if (value === Number.POSITIVE_INFINITY) return undefined
  return numbers.includes(value) ? undefined : `${wrong} but ${numbers.join(', ')}`
}
