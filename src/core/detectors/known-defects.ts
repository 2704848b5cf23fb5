// Which of the kernel's and the runtimes' known defects this node has: by release ranges within its own
// distribution stream, and by what is seen on the node. A fixed kernel does not clear a node by itself, a kernel in
// range does not condemn it.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Case } from '../case/case.ts'
import type { Unknown } from '../case/finding.ts'
import { type DefectHere, defectHere, showsItself } from '../facts/defects.ts'
import { kernelUpgrade, releaseEvidence } from '../facts/kernel.ts'
import { judgedDefects } from '../knowledge/kernel-defects.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'known-defects',
  about: text({
    en: {
      judges:
        'known defects of this kernel, runtime, kubelet and systemd that show on this node, or that their versions at hand have',
    },
    zh: {
      judges: '该内核、运行时、kubelet 与 systemd 的已知缺陷中，已在本节点上显现的，或所查到的版本具有的',
    },
  }),
  concerns: 'cause',
  text: text({
    en: {
      title: 'Known defects on this node: {ids}',
      release: 'Kernel {release} is in the affected range, and the symptoms are on this node.',
      software: 'Affected by the version found: {software}.',
      byDesign: 'Of every version, and seen on this node: {byDesign}.',
      versionOnly: 'Known by the version alone, without a symptom that kmemscope reads: {versionOnly}.',
    },
    zh: {
      title: '本节点存在已知缺陷：{ids}',
      release: '内核 {release} 在受影响范围内，且本节点上已出现相应的现象。',
      software: '查到的版本受影响：{software}。',
      byDesign: '与版本无关，且已在本节点上看到：{byDesign}。',
      versionOnly: '仅凭版本得知，kmemscope 读不到相应的现象：{versionOnly}。',
    },
  }),
  judge(about) {
    const all = judgedDefects.map(id => defectHere(about, id))
    const here = all.filter(({ status }) => status === 'affected')
    // Where nothing shows and the version is not at hand, nothing was seen: known-defects judges what shows.
    const open = all.filter(({ id, status }) => status === 'cannot-tell' && showsItself(id))
    const byRelease = here.filter(({ why }) => !OF_SOFTWARE.has(why) && why !== 'by-design')
    const byDesign = here.filter(({ why }) => why === 'by-design')
    const byVersion = here.filter(({ why }) => OF_SOFTWARE.has(why))
    const versionOnly = here.filter(({ id }) => !showsItself(id))
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
          severity: versionOnly.length === here.length ? 'info' : 'warning',
          subject: { kind: 'node' },
          values: {
            ids: names(here),
            release: about.node.kernel,
            ...(byVersion.length > 0 ? { software: names(byVersion) } : {}),
            ...(byDesign.length > 0 ? { byDesign: names(byDesign) } : {}),
            ...(versionOnly.length > 0 ? { versionOnly: names(versionOnly) } : {}),
          },
          words: {
            title: 'title',
            summary: kept(
              byRelease.length > 0 && about.node.kernel !== undefined && 'release',
              byVersion.length > 0 && 'software',
              byDesign.length > 0 && 'byDesign',
              versionOnly.length > 0 && 'versionOnly',
            ),
          },
          evidence: [first, ...more],
          remedies: remedies(about, here),
          defects: [...here, ...open].map(({ id, status, why }) => ({ id, status, why })),
          ongoing: true,
        },
      ],
    }
  },
})

const names = (defects: readonly DefectHere[]): string => defects.map(({ id }) => id).join(', ')

/** Reasons that rest on the version of a component. */
const OF_SOFTWARE: ReadonlySet<string> = new Set(['version-in-range', 'version-in-range-no-fix'])

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
  'version-boundary',
  'version-backports',
  'code-backports-unknown',
  'ambiguous-release',
])

/** Cured by newer kernels, though by none of the distributions that have them: the design of 3.10 to 4.4 is at fault. */
const BY_DESIGN: ReadonlySet<string> = new Set(['K-03', 'K-09'])

/** Pinned by page cache, and slow for their number: there is no fix in most distributions, only fewer of them. */
const BY_NUMBER: ReadonlySet<string> = new Set(['K-08', 'K-38'])

const NEEDS_OTHER_RUNTIME: ReadonlySet<string> = new Set(['K-04', 'K-05', 'K-06'])

const LEAVES_CGROUPS: ReadonlySet<string> = new Set(['K-14', 'K-48'])

/** An upgrade within the distribution for those it has a fix for; for the others what is left. */
function remedies(about: Case, here: readonly DefectHere[]): readonly RemedyId[] {
  const fixed = here.some(({ why }) => why === 'in-range' || why === 'after-fix-residual')
  return kept(
    fixed && kernelUpgrade(about),
    here.some(({ id }) => NEEDS_OTHER_RUNTIME.has(id)) && 'runtime-without-kmem',
    here.some(({ id, why }) => why === 'version-in-range' && !NEEDS_OTHER_RUNTIME.has(id)) &&
      'software-upgrade',
    here.some(({ id }) => LEAVES_CGROUPS.has(id)) && 'remove-empty-cgroups',
    here.some(({ id }) => id === 'K-22') && 'reduce-dirty-pages',
    here.some(({ id, why }) => why === 'in-range-no-fix' && BY_DESIGN.has(id)) && 'move-to-newer-system',
    here.some(({ id }) => BY_NUMBER.has(id)) && 'reduce-churn',
  )
}
