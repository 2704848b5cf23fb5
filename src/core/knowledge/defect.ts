// The shape of a known defect, and the judging of a release against it by range alone.

import { text } from '../base/text.ts'
import type { Bilingual } from './bilingual.ts'
import { compareVersions, parseVersion, type SoftwareVersion } from './component-version.ts'
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

/** Whose defect it is. The kernel's release is in its own files; the other versions are known where something names them. */
export type Component = 'kernel' | 'runc' | 'kubelet' | 'docker' | 'containerd' | 'systemd' | 'runtime'

/** Whose versions ranges are given of; case.software names the first eight of them. */
export type Versioned =
  | 'runc'
  | 'containerd'
  | 'docker'
  | 'cri-o'
  | 'kubelet'
  | 'systemd'
  | 'crun'
  | 'cadvisor'
  | 'go'
  | 'pf_ring'
  | 'jool'

/** What must be seen on the node besides the version. */
export type DefectCondition =
  | 'kmem-active'
  | 'kmem-limits-hit'
  | 'nokmem-on-cmdline'
  | 'ids-nearly-out'
  | 'dying-memcgs'
  | 'many-memcgs'
  | 'cgroup-v1'
  | 'cgroup-v2'
  | 'no-container-runs'
  | 'scopes-left'
  | 'blkio-growth'
  | 'controller-disabled'
  | 'cache-killed'
  | 'dirty-cache-killed'
  | 'two-drivers'
  | 'limit-of-zero'

/** Between `seenFrom` and `affectedBefore` it is known to be affected; beyond them, up to the other bounds, nobody has looked. */
interface Bounds {
  /** First affected; absent: from the beginning. */
  readonly introduced?: string
  /** Known to be affected from this on; whether older ones are nobody has looked. */
  readonly seenFrom?: string
  /** Known to be affected below this; absent: up to `fixed`. */
  readonly affectedBefore?: string
  /** Absent: no fix is known. */
  readonly fixed?: string
  /** From this on nobody has reported it, though which change is the fix is not known. */
  readonly reportedBelow?: string
}

/**
 * A range of one stream, which can have several: one for each stable series with a fix of its own. Bounds are builds
 * (`1062.4.1`) for el6 to el10, else upstream releases (`5.3`, `5.10.77`).
 */
export interface DefectRange extends Bounds {
  readonly stream: Stream
  /** No kernel of this stream has the code. */
  readonly never?: true
}

/** A range of a component's own versions: `1.0.0-rc94`, `1.28`. */
export interface VersionRange extends Bounds {
  readonly of: Versioned
}

export interface Defect {
  readonly id: `K-${string}`
  readonly component: Component
  readonly title: Bilingual
  /** What goes wrong, how it shows, what cures it. */
  readonly what: Bilingual
  readonly ranges?: readonly DefectRange[]
  /** With `ranges` as well, both must be affected; of several components one is enough. */
  readonly versions?: readonly VersionRange[]
  /** It is made so, or is a matter of configuration: no release is without it. */
  readonly byDesign?: true
  /** It concerns machines of this architecture only. */
  readonly architecture?: 'arm64'
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
    'by-design': 'It is made so or configured so: no release is without it.',
    'version-in-range': 'The version found is older than the first one with the fix.',
    'version-in-range-no-fix': 'The version found is affected, and no fixed one is known.',
    'version-after-fix': 'The version found has the fix.',
    'version-before-introduction': 'The version found is older than the code that has the defect.',
    'version-boundary': 'Whether the version found has it nobody has looked.',
    'version-backports':
      'By its number the version found is affected, but it is a distribution’s package, which may have the fix.',
    'not-reported': 'Nobody has reported it of so late a version.',
    'other-architecture': 'Machines of this architecture do not have it.',
    'architecture-unknown': 'It concerns one architecture, and that of this node is not known.',
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
    'by-design': '设计如此或由配置决定，所有版本都一样。',
    'version-in-range': '查到的版本早于首个包含修复的版本。',
    'version-in-range-no-fix': '查到的版本受影响，尚无已知的修复版本。',
    'version-after-fix': '查到的版本已包含修复。',
    'version-before-introduction': '查到的版本早于引入此缺陷的代码。',
    'version-boundary': '查到的版本是否受影响，尚无人核对。',
    'version-backports': '按版本号受影响，但这是发行版的软件包，可能已包含修复。',
    'not-reported': '这么新的版本没有人报告过。',
    'other-architecture': '该架构的机器没有此缺陷。',
    'architecture-unknown': '此缺陷只涉及一种架构，而本节点的架构未知。',
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

/** What is known of a node's versions. */
export interface Versions {
  readonly release?: KernelRelease | undefined
  /** One piece of software can be in it several times. */
  readonly software?: readonly SoftwareVersion[] | undefined
}

/** Judges by versions alone: whether the defect's `condition` is met on the node is for the caller to see. */
export function judgeVersions(defect: Defect, { release, software = [] }: Versions): DefectJudgement {
  if (defect.byDesign && defect.ranges === undefined && defect.versions === undefined) {
    return judged('affected', 'by-design')
  }
  if (defect.onlyOptIn) {
    if (release === undefined) return judged('cannot-tell', 'no-release')
    if (kmemAccountingOptIn(release) === false) return judged('not-affected', 'not-opt-in')
  }
  const ofKernel =
    defect.ranges === undefined && (defect.component !== 'kernel' || defect.versions !== undefined)
      ? undefined
      : release === undefined
        ? judged('cannot-tell', 'no-release')
        : (architectureFits(defect, release) ?? judgeRelease(defect, release))
  if (defect.versions === undefined) {
    return ofKernel ?? judged('cannot-tell', 'component-version')
  }
  if (ofKernel?.status === 'not-affected') return ofKernel
  const ofSoftware = judgeSoftware(defect.versions, software)
  if (ofSoftware.status === 'not-affected' || ofKernel === undefined || ofKernel.status === 'affected') {
    return ofSoftware
  }
  return ofKernel
}

/** The release names the machine in nearly all distributions: `.aarch64`, `-arm64`, `.x86_64`, `-amd64`. */
function architectureFits({ architecture }: Defect, { text }: KernelRelease): DefectJudgement | undefined {
  if (architecture === undefined || /aarch64|arm64/.test(text)) return undefined
  return /x86_64|amd64|ppc64|s390x|riscv64|[.-]i[36]86/.test(text)
    ? judged('not-affected', 'other-architecture')
    : judged('cannot-tell', 'architecture-unknown')
}

/** Of several judgements of parts that each can have it. */
function anyOf(all: readonly [DefectJudgement, ...DefectJudgement[]]): DefectJudgement {
  return (
    all.find(({ status }) => status === 'affected') ??
    all.find(({ status }) => status === 'cannot-tell') ??
    all.find(({ why }) => why.includes('after-fix')) ??
    all[0]
  )
}

function judgeSoftware(
  ranges: readonly VersionRange[],
  software: readonly SoftwareVersion[],
): DefectJudgement {
  const here = software.flatMap(one => {
    const of = ranges.filter(range => range.of === one.name)
    const version = of.length === 0 ? undefined : parseVersion(one)
    return version === undefined ? [] : [{ of, name: one.name, version }]
  })
  const [first, ...more] = here.map(({ of, name, version }) => {
    const [one, ...others] = of.map(range => {
      const { status, why } = inBounds(range, bound => {
        const parsed = parseVersion({ name, version: bound, how: 'process' })
        return parsed === undefined ? undefined : compareVersions(version, parsed)
      })
      if (status === 'affected' && version.patched) return judged('cannot-tell', 'version-backports')
      return judged(status, VERSION_WHY[why] ?? why)
    })
    return one === undefined ? judged('cannot-tell', 'component-version') : anyOf([one, ...others])
  })
  return first === undefined ? judged('cannot-tell', 'component-version') : anyOf([first, ...more])
}

const VERSION_WHY: { readonly [W in DefectWhy]?: DefectWhy } = {
  'in-range': 'version-in-range',
  'in-range-no-fix': 'version-in-range-no-fix',
  'after-fix': 'version-after-fix',
  'before-introduction': 'version-before-introduction',
  'boundary-unknown': 'version-boundary',
}

function judgeRelease(defect: Defect, release: KernelRelease): DefectJudgement {
  const of = (stream: Stream | undefined) =>
    stream === undefined ? [] : (defect.ranges ?? []).filter(range => range.stream === stream)
  const own = of(release.stream)
  if (own.length > 0 && release.stream !== 'mainline') {
    const enterprise = isEnterprise(release.stream)
    return inRanges(defect, own, bound =>
      enterprise ? compareBuild(release, bound) : compareUpstream(release, bound),
    )
  }
  const upstream = of('mainline')
  const hidden = of(enterpriseOf(release))
  if (upstream.length === 0)
    return judged('cannot-tell', hidden.length === 0 ? 'no-range' : 'ambiguous-release')
  const plain = inRanges(defect, upstream, bound => compareUpstream(release, bound))
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
  const either =
    hidden.length > 0 &&
    hidden.every(({ affectedBefore, fixed }) => affectedBefore === undefined && fixed === undefined)
  return plain.status === 'affected' && either ? plain : judged('cannot-tell', 'ambiguous-release')
}

function inRanges(
  defect: Defect,
  ranges: readonly DefectRange[],
  compare: (bound: string) => number | undefined,
): DefectJudgement {
  const [first, ...more] = ranges.map(range => {
    if (range.never) return judged('not-affected', 'before-introduction')
    const { status, why } = inBounds(range, compare)
    return judged(status, why === 'after-fix' && defect.residual ? 'after-fix-residual' : why)
  })
  return first === undefined ? judged('cannot-tell', 'no-range') : anyOf([first, ...more])
}

function inBounds(range: Bounds, compare: (bound: string) => number | undefined): DefectJudgement {
  const against = (bound: string | undefined) => (bound === undefined ? undefined : compare(bound))
  const fixed = against(range.fixed)
  const introduced = against(range.introduced)
  const before = against(range.affectedBefore)
  const from = against(range.seenFrom)
  const reported = against(range.reportedBelow)
  if (fixed !== undefined && fixed >= 0) return judged('not-affected', 'after-fix')
  if (introduced !== undefined && introduced < 0) return judged('not-affected', 'before-introduction')
  if (reported !== undefined && reported >= 0) return judged('not-affected', 'not-reported')
  const hidden =
    (range.fixed !== undefined && fixed === undefined) ||
    (range.introduced !== undefined && introduced === undefined)
  if (
    hidden ||
    (range.affectedBefore !== undefined && (before === undefined || before >= 0)) ||
    (range.seenFrom !== undefined && (from === undefined || from < 0))
  ) {
    return judged('cannot-tell', 'boundary-unknown')
  }
  return judged('affected', range.fixed === undefined ? 'in-range-no-fix' : 'in-range')
}
