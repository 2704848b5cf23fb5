// The shape of a known defect, and the judging of a release against it by range alone.

import { text } from '../base/text.ts'
import type { Bilingual } from './bilingual.ts'
import {
  compareBuild,
  compareUpstream,
  enterpriseOf,
  followsUpstream,
  isEnterprise,
  type KernelRelease,
  kmemAccountingOptIn,
  type Stream,
} from './kernel-release.ts'

/** Whose defect it is; a node's files tell the version of the kernel only. */
export type Component = 'kernel' | 'runc' | 'kubelet' | 'docker' | 'containerd' | 'systemd' | 'runtime'

/** What must be seen on the node besides the version. */
export type DefectCondition =
  | 'kmem-active'
  | 'kmem-limits-hit'
  | 'nokmem-on-cmdline'
  | 'ids-nearly-out'
  | 'dying-memcgs'
  | 'many-memcgs'

/**
 * One stream's range. Bounds are builds (`1062.4.1`) for el6 to el10, else upstream releases (`5.3`, `5.10.77`).
 * Between `affectedBefore` and `fixed` nobody has looked; without `fixed` no fixed kernel is known.
 */
export interface DefectRange {
  readonly stream: Stream
  /** First affected; absent: from the beginning. */
  readonly introduced?: string
  /** Known to be affected below this; absent: up to `fixed`. */
  readonly affectedBefore?: string
  readonly fixed?: string
}

export interface Defect {
  readonly id: `K-${string}`
  readonly component: Component
  readonly title: Bilingual
  /** What goes wrong, how it shows, what cures it. */
  readonly what: Bilingual
  readonly ranges?: readonly DefectRange[]
  /** Where it is fixed, for people: shipped versions, not build numbers. */
  readonly fixedIn?: Bilingual
  readonly condition?: DefectCondition
  /** Matters only where kernel memory accounting is opt-in (el7, 3.8 to 4.4). */
  readonly onlyOptIn?: true
  /** A fixed version was reported to misbehave all the same. */
  readonly residual?: true
  readonly remedies?: readonly string[]
  readonly source: readonly [string, ...string[]]
  readonly confidence: 'verified' | 'reported' | 'unverified'
}

export type DefectWhy = keyof typeof defectWords.en

/** Why a defect's status is what it is; sentences for `DefectBearing.why`. */
export const defectWords = text({
  en: {
    'in-range': 'This kernel is older than the first one with the fix.',
    'in-range-no-fix': 'No kernel of this distribution is known to have the fix.',
    'after-fix': 'This kernel has the fix.',
    'after-fix-residual':
      'This kernel has the fix, but with kernel memory accounting active the defect was still reported: the version alone does not clear the node.',
    'before-introduction': 'This kernel is older than the code that has the defect.',
    'boundary-unknown':
      'The change came between two kernels that were looked at, and this one lies between them.',
    'code-backports-unknown':
      'Upstream of this number is older than the code that has the defect, but the distribution takes later code into old releases.',
    'backports-unknown':
      'By its upstream version this kernel would be affected, but its distribution backports fixes.',
    'ambiguous-release': 'Vanilla and distribution kernels both use this release number.',
    'not-opt-in':
      'On this kernel accounting does not depend on anybody writing the kmem limit, so the defect has no effect.',
    'component-version': 'The node’s files do not show the version of this component.',
    'no-range': 'There is no version range to compare with: judge by the symptoms.',
    'no-release': 'The kernel release is not known.',
    'condition-not-here': 'The release is in range, but what triggers the defect is not on this node.',
    'condition-not-looked-at':
      'The release is in range; whether what triggers the defect is on this node could not be seen.',
  },
  zh: {
    'in-range': '该内核早于首个包含修复的版本。',
    'in-range-no-fix': '该发行版尚无已知包含修复的内核。',
    'after-fix': '该内核已包含修复。',
    'after-fix-residual': '该内核已包含修复，但有报告称开启 kmem accounting 时仍会出现：仅凭版本不能排除。',
    'before-introduction': '该内核早于引入此缺陷的代码。',
    'boundary-unknown': '变化发生在两个已核对的版本之间，而该内核正好处在这一区间。',
    'code-backports-unknown':
      '同版本号的上游内核早于引入此缺陷的代码，但其发行版会把后来的代码 backport 到旧版本。',
    'backports-unknown': '按上游版本号该内核受影响，但其发行版会把修复 backport 到旧版本。',
    'ambiguous-release': '上游内核与发行版内核都使用这个版本号，无法区分。',
    'not-opt-in': '在该内核上，是否记账与有没有人写过 kmem 限制无关，此缺陷没有影响。',
    'component-version': '仅凭节点上的文件看不出该组件的版本。',
    'no-range': '没有可供比较的版本范围，请根据现象判断。',
    'no-release': '不知道内核版本。',
    'condition-not-here': '版本在受影响范围内，但本节点上没有触发该缺陷的条件。',
    'condition-not-looked-at': '版本在受影响范围内，但看不到本节点上是否存在触发条件。',
  },
})

export interface DefectJudgement {
  readonly status: 'affected' | 'not-affected' | 'cannot-tell'
  readonly why: DefectWhy
}

function judged(status: DefectJudgement['status'], why: DefectWhy): DefectJudgement {
  return { status, why }
}

/** Judges by range alone: whether the defect's `condition` is met on the node is for the caller to see. */
export function judgeRelease(defect: Defect, release: KernelRelease | undefined): DefectJudgement {
  if (release === undefined) return judged('cannot-tell', 'no-release')
  if (defect.onlyOptIn && kmemAccountingOptIn(release) === false) return judged('not-affected', 'not-opt-in')
  if (defect.component !== 'kernel') return judged('cannot-tell', 'component-version')
  const own = defect.ranges?.find(range => range.stream === release.stream)
  if (own !== undefined && release.stream !== 'mainline') {
    const enterprise = isEnterprise(release.stream)
    return inRange(defect, own, bound =>
      enterprise ? compareBuild(release, bound) : compareUpstream(release, bound),
    )
  }
  const upstream = defect.ranges?.find(range => range.stream === 'mainline')
  const hidden = defect.ranges?.find(range => range.stream === enterpriseOf(release))
  if (upstream === undefined)
    return judged('cannot-tell', hidden === undefined ? 'no-range' : 'ambiguous-release')
  const plain = inRange(defect, upstream, bound => compareUpstream(release, bound))
  // A fix in the release a distribution starts from is in all it ships; the reverse needs to know its backports.
  if (followsUpstream(release) || plain.why === 'after-fix' || plain.why === 'after-fix-residual')
    return plain
  if (release.ambiguous !== true) {
    return judged(
      'cannot-tell',
      plain.why === 'before-introduction' ? 'code-backports-unknown' : 'backports-unknown',
    )
  }
  // Vanilla has it, and so has every build of the distribution: then it does not matter whose it is.
  const either = hidden !== undefined && hidden.affectedBefore === undefined && hidden.fixed === undefined
  return plain.status === 'affected' && either ? plain : judged('cannot-tell', 'ambiguous-release')
}

function inRange(
  defect: Defect,
  range: DefectRange,
  compare: (bound: string) => number | undefined,
): DefectJudgement {
  const against = (bound: string | undefined) => (bound === undefined ? undefined : compare(bound))
  const fixed = against(range.fixed)
  const introduced = against(range.introduced)
  const seen = against(range.affectedBefore)
  if (fixed !== undefined && fixed >= 0) {
    return judged('not-affected', defect.residual ? 'after-fix-residual' : 'after-fix')
  }
  if (introduced !== undefined && introduced < 0) return judged('not-affected', 'before-introduction')
  const hidden =
    (range.fixed !== undefined && fixed === undefined) ||
    (range.introduced !== undefined && introduced === undefined)
  if (hidden || (range.affectedBefore !== undefined && (seen === undefined || seen >= 0))) {
    return judged('cannot-tell', 'boundary-unknown')
  }
  return judged('affected', range.fixed === undefined ? 'in-range-no-fix' : 'in-range')
}
