// Some seconds of the campaign that npm run fuzz goes on with.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { check, failureOf, logs, printers, shrunk } from './campaign.ts'

/** The other files here take the rest of a minute. */
const MILLISECONDS = 30_000

it(
  'a log damaged in any way never throws, never hangs, and noise is no report',
  async () => {
    expect((await printers()).size).toBeGreaterThan(0)
    const { failed, seed, counterexample, numRuns } = fc.check(fc.property(await logs(), check), {
      numRuns: 1_000_000,
      interruptAfterTimeLimit: MILLISECONDS,
      endOnFailure: true,
    })
    const made = failed ? counterexample?.[0] : undefined
    if (made !== undefined) {
      const message = failureOf(made)?.stack ?? 'tried again it does not fail'
      const least = new TextDecoder().decode(shrunk(made, performance.now() + 20_000).bytes)
      throw new Error(`seed ${seed}: ${message}\n${JSON.stringify(least)}`)
    }
    expect(numRuns).toBeGreaterThan(50)
  },
  MILLISECONDS + 60_000,
)

it('what fails is made smaller for as long as it fails', () => {
  const lines = Array.from({ length: 300 }, (_, at) => `[    1.000000] eth${at}: link up`)
  lines[150] = '[    2.000000] callbacks: 12 callbacks suppressed'
  const made = { bytes: new TextEncoder().encode(lines.join('\n')), noise: true }
  expect(failureOf(made)?.message).toContain('made up from noise')
  const least = shrunk(made, performance.now() + 20_000)
  expect(new TextDecoder().decode(least.bytes)).toMatch(/^\S{0,20}: \d callbacks suppressed$/)
})
