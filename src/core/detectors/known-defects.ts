// Which of the kernel's and the runtimes' known defects this node has: by release ranges within its own
// distribution stream, and by what is seen on the node. A fixed kernel does not clear a node by itself, a kernel in
// range does not condemn it.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import { type DefectHere, defectHere } from '../facts/defects.ts'
import { kernelUpgrade, releaseEvidence } from '../facts/kernel.ts'
import { judgedDefects } from '../knowledge/kernel-defects.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'known-defects',
  about: text({
    en: { judges: 'known defects of this kernel release that show on this node (K-01 to K-09, K-38)' },
    zh: { judges: '该内核版本的已知缺陷中，已在本节点上显现的（K-01 至 K-09、K-38）' },
  }),
  concerns: 'cause',
  text: text({
    en: {
      title: 'Known defects on this node: {ids}',
      release: 'Kernel {release} is in the affected range, and the symptoms are on this node.',
    },
    zh: {
      title: '本节点存在已知缺陷：{ids}',
      release: '内核 {release} 在受影响范围内，且本节点上已出现相应的现象。',
    },
  }),
  judge(about) {
    const all = judgedDefects.map(id => defectHere(about, id))
    const here = all.filter(({ status }) => status === 'affected')
    const open = all.filter(({ status }) => status === 'cannot-tell')
    const named = releaseEvidence(about)
    const [first, ...more] = [
      ...(named === undefined ? [] : [named]),
      ...here.flatMap(({ evidence }) => evidence.slice(0, 1)),
    ]
    const unknown: readonly Unknown[] =
      about.node.kernel === undefined
        ? [{ reason: 'kernel-release-not-known', remedy: 'pass-node-files' }]
        : openQuestions(open)
    if (here.length === 0 || first === undefined) return { findings: [], unknown }
    return {
      unknown,
      findings: [
        {
          severity: 'warning',
          subject: { kind: 'node' },
          values: { ids: here.map(({ id }) => id).join(', '), release: about.node.kernel },
          words: { title: 'title', summary: ['release'] },
          evidence: [first, ...more],
          remedies: remedies(about, here),
          defects: [...here, ...open].map(({ id, status, why }) => ({ id, status, why })),
          ongoing: true,
        },
      ],
    }
  },
})

/** Defects that cannot be told, by what would tell them: what was not looked at, a version, a changelog. */
function openQuestions(open: readonly DefectHere[]): readonly Unknown[] {
  const ids = (which: (why: DefectHere['why']) => boolean): string =>
    open
      .filter(({ why }) => which(why))
      .map(({ id }) => id)
      .join(', ')
  const version = ids(why => why === 'component-version')
  const boundary = ids(why => UNSETTLED.has(why))
  const rest = ids(why => why !== 'component-version' && !UNSETTLED.has(why))
  const questions: (Unknown & { readonly path: string })[] = [
    { reason: 'defect-cannot-tell', path: rest, remedy: 'pass-node-files' },
    { reason: 'defect-component-version', path: version, remedy: 'compare-versions' },
    { reason: 'defect-boundary', path: boundary, remedy: 'ask-distributor' },
  ]
  return questions.filter(({ path }) => path !== '')
}

/** No file of the node settles these: whether this very build has the fix is not known to us. */
const UNSETTLED: ReadonlySet<string> = new Set([
  'boundary-unknown',
  'backports-unknown',
  'code-backports-unknown',
  'ambiguous-release',
])

/** Cured by newer kernels, though by none of the distributions that have them: the design of 3.10 to 4.4 is at fault. */
const BY_DESIGN: ReadonlySet<string> = new Set(['K-03', 'K-09'])

/** Pinned by page cache, and slow for their number: there is no fix in most distributions, only fewer of them. */
const BY_NUMBER: ReadonlySet<string> = new Set(['K-08', 'K-38'])

/** An upgrade within the distribution for those it has a fix for; for the others what is left. */
function remedies(about: Case, here: readonly DefectHere[]): readonly RemedyId[] {
  const fixed = here.some(({ why }) => why !== 'in-range-no-fix')
  return kept(
    fixed && kernelUpgrade(about),
    here.some(({ id, why }) => why === 'in-range-no-fix' && BY_DESIGN.has(id)) && 'move-to-newer-system',
    here.some(({ id }) => BY_NUMBER.has(id)) && 'reduce-churn',
  )
}
