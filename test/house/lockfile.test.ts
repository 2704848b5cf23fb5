// npm ci refuses a lock file in which an optional package of another platform is missing, and npm install leaves such
// out without a word where the registry at hand has no copy. Then nobody can install a clean clone.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Locked {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

it('the lock file has every package that a locked one asks for', () => {
  const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
  const packages: Readonly<Record<string, Locked>> = JSON.parse(text).packages
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter(name => {
      const near = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`]
      return near?.version === undefined
    }),
  )
  expect(missing).toEqual([])
})
