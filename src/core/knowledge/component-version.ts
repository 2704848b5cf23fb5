// Versions of runtimes, kubelets and systemd, as programs and package databases write them, and their order.

/** A piece of software and the version of it that is at hand. */
export interface SoftwareVersion {
  readonly name: string
  /** As its source writes it: `1.6.20~ds1-1+b1`, `v1.21.5`, `1.0.0-rc93`. */
  readonly version: string
  /** Where the version was found; a distribution patches its packages. */
  readonly how: 'package' | 'process' | 'cri' | 'kubelet' | 'file'
}

export interface ComponentVersion {
  readonly numbers: readonly number[]
  /** What comes before the release itself: `rc93`. */
  readonly pre?: { readonly stage: number; readonly number: number }
  /** A distribution's revision stands behind it: fixes may have been put in without a new number. */
  readonly patched?: true
}

/** In the order in which they come; `~` alone sorts before all of them, as in Debian's versions. */
const STAGES = ['git', 'alpha', 'beta', 'rc'] as const

/**
 * What stands behind the numbers of a pre-release: `-rc93`, `~rc93+ds1`, `.rc93`, `-rc.1`; rpm puts it in the release,
 * `1.0.0-72.rc93.el7`.
 */
const PRE = /^(?:-\d{1,9}\.(?=rc|alpha|beta)|[-~.+]?)(git|alpha|beta|rc)[.~-]?(\d{0,9})/i

/** Marks of distributions: Debian's and Ubuntu's, and the tags of rpm. */
const MARK = /ubuntu|deb\d|[+~]ds\d|dfsg|\.(?:el|fc|amzn|azl|cm)\d|module|suse|\.oe\d|\.ky\d/i

/** A bare revision of a package, as Debian's own have (`247.3-7`). */
const REVISION = /-\d[^-]*$/

/** Their packages come from those who make them, with revisions that change nothing: pkgs.k8s.io has `1.28.4-1.1`. */
const OF_THEIR_MAKERS: ReadonlySet<string> = new Set(['kubelet'])

/** undefined where the text does not begin with a version. An epoch (`5:20.10.7`) and a `v` are passed over. */
export function parseVersion({ name, version, how }: SoftwareVersion): ComponentVersion | undefined {
  const text = version.slice(0, 200)
  const head = /^\s*(?:\d{1,9}:)?v?(\d{1,9}(?:\.\d{1,9}){0,3})(?!\d)/.exec(text)
  if (head?.[1] === undefined) return undefined
  const rest = text.slice(head[0].length)
  const pre = PRE.exec(rest)
  const stage = pre?.[1] === undefined ? -1 : STAGES.indexOf(pre[1].toLowerCase() as (typeof STAGES)[number])
  return {
    numbers: head[1].split('.').map(Number),
    ...(stage < 0 ? {} : { pre: { stage, number: Number(pre?.[2] ?? 0) } }),
    ...(how === 'package' && (MARK.test(rest) || (!OF_THEIR_MAKERS.has(name) && REVISION.test(rest)))
      ? { patched: true }
      : {}),
  }
}

/** Negative, zero or positive as `a` is older than, as old as or newer than `b`. What is not written is zero: 1.29 is 1.29.0. */
export function compareVersions(a: ComponentVersion, b: ComponentVersion): number {
  for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i += 1) {
    const difference = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0)
    if (difference !== 0) return difference
  }
  const stage = (a.pre?.stage ?? STAGES.length) - (b.pre?.stage ?? STAGES.length)
  return stage !== 0 ? stage : (a.pre?.number ?? 0) - (b.pre?.number ?? 0)
}
