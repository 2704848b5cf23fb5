// Which kernel this is, from proc/version, or from a line of its own log.

import type { Case, Sample } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import { type KernelRelease, kmemAccountingOptIn, parseRelease } from '../knowledge/kernel-release.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { fact } from './fact.ts'

export const kernel: (about: Case) => KernelRelease | undefined = fact(about =>
  about.node.kernel === undefined ? undefined : parseRelease(about.node.kernel),
)

/**
 * Whether kernel memory is charged only where somebody asked. The memory controller of v2 came with 4.5, as did
 * accounting by default: there the release need not be known.
 */
export function kmemOptIn(about: Case): boolean | undefined {
  if (latest(about)?.memcg?.version === 'v2') return false
  const release = kernel(about)
  return release === undefined ? undefined : kmemAccountingOptIn(release)
}

/** The upgrade there is for this node's kernel: el7 names the releases that were shipped. */
export function kernelUpgrade(about: Case): RemedyId {
  return kernel(about)?.stream === 'el7' ? 'kernel-upgrade-el7' : 'kernel-upgrade'
}

/** The newest sample; a Case made from logs alone has none. */
export function latest(about: Case): Sample | undefined {
  return about.samples.at(-1)
}

/** The release, quoted from where it was read. */
export function releaseEvidence(about: Case): Evidence | undefined {
  const { kernel, kernelFrom } = about.node
  if (kernel === undefined || kernelFrom === undefined) return undefined
  if (kernelFrom.line !== undefined) {
    return { kind: 'log', path: kernelFrom.path, lines: [kernelFrom.line, kernelFrom.line], text: kernel }
  }
  return {
    kind: 'reading',
    path: kernelFrom.path,
    key: 'release',
    value: kernel,
    unit: 'text',
    at: readAt(about),
  }
}

/** When the newest sample was read. */
export function readAt(about: Case): number {
  return latest(about)?.at ?? 0
}
