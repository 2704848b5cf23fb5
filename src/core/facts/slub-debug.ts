// Whether anybody would have noticed: slab debugging is off unless the command line or the build of the kernel says
// otherwise, and without it SLUB finds next to no damage (Documentation/mm/slub.rst).

import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import { fact } from './fact.ts'

/** Names of caches that are told; the rest is in the command line. */
const TOLD = 200

/**
 * Why no report is no proof of health; empty where all caches are checked. A block `FZP,names` of slub_debug= (several
 * from 5.9 on, apart by `;`) counts for all caches where it names none. `F` is what looks at red zones (`Z`) and poison
 * (`P`) when an object is allocated or freed; no letters are all of them.
 */
export const slubDebugUnknown: (about: Case) => readonly Unknown[] = fact(about => {
  const { cmdline, config } = about
  const option = cmdline?.slubDebug
  const built = config?.values.CONFIG_SLUB_DEBUG_ON === 'y'
  if (option === undefined) return built ? [] : [{ reason: 'slub-debug-off', remedy: 'boot-with-slub-debug' }]
  const blocks = option.split(';').map(block => {
    const [flags = '', ...caches] = block.split(',')
    return { flags: flags.toUpperCase(), caches: caches.filter(name => name !== '') }
  })
  const checks = ({ flags }: { readonly flags: string }): boolean =>
    flags === '' || (flags.includes('F') && /[ZP]/.test(flags))
  if (blocks.some(block => block.caches.length === 0 && checks(block))) return []
  const named = blocks.filter(checks).flatMap(({ caches }) => caches)
  return named.length > 0
    ? [{ reason: 'slub-debug-part', path: named.join(',').slice(0, TOLD), remedy: 'boot-with-slub-debug' }]
    : [{ reason: 'slub-debug-off', remedy: 'boot-with-slub-debug' }]
})
