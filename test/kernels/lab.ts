// What a kernel and a scenario of the kernel lab are. Each is one file, found by being there: kernels/*.ts, scenarios/*.ts.

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Finding, Severity } from '../../src/core/case/finding.ts'
import type { Report } from '../../src/core/case/report.ts'
import type { RemedyId } from '../../src/core/knowledge/remedies.ts'

export type Hierarchy = 'v1' | 'v2'

/** What a scenario can ask of a kernel; what is common to all of them has no name here. */
export type Feature = 'kmemleak' | 'page-owner' | 'shrinker-debugfs' | 'lkdtm'

/** A kernel as Debian ships it, found by the meta-package that always names the newest build of its series. */
export interface StockSource {
  readonly kind: 'stock'
  /** The start of the version that is meant: `6.1.`. */
  readonly series: string
  /** Meta-packages of the image; the first whose candidate is of the series is taken. */
  readonly image: readonly string[]
  /** The same for the headers, with which the fault module is built. */
  readonly headers: readonly string[]
}

/** A kernel built from Debian's source of it. */
export interface OwnSource {
  readonly kind: 'own'
  readonly series: string
  /** The package with the source. */
  readonly source: readonly string[]
  /** Its options, a line each as in .config; all others are off. */
  readonly config: string
}

export interface Kernel {
  /** Its file's name, and what it is called on the command line. */
  readonly id: string
  readonly about: string
  /** 1 is run by CI; 2 is slow to get and is run by hand. */
  readonly tier: 1 | 2
  readonly from: StockSource | OwnSource
  /** Versions of the memory controller it has. */
  readonly hierarchies: readonly Hierarchy[]
  readonly has: readonly Feature[]
}

/** How a guest is started. */
export interface Boot {
  /** Scenarios that name the same boot share it, in the order of their `order`. */
  readonly name: string
  readonly memoryMiB?: number
  readonly cpus?: number
  /** Parameters of the kernel's command line. */
  readonly append?: string
  /** How long it may take at most. */
  readonly seconds?: number
  /** Files leave by the hundred thousand: they are unpacked in memory where there is room, and are not kept. */
  readonly manyFiles?: boolean
}

export interface Expected {
  readonly detector: string
  readonly severity: Severity
  /** `node`, or the end of the memory cgroup's path, or the cache. */
  readonly subject: string
}

/** A finding as it is printed, as far as a scenario looks at it. */
export interface PrintedFinding extends Omit<Finding, 'remedies' | 'firstSeen' | 'lastSeen' | 'evidence'> {
  readonly remedies: readonly { readonly id: RemedyId }[]
  readonly evidence: readonly {
    readonly path: string
    readonly key?: string
    readonly value?: unknown
    readonly text?: string
  }[]
  readonly title: string
  readonly summary: string
}

/** A report as it is printed (schemas/report.json), as far as a scenario looks at it. */
export interface PrintedReport extends Pick<Report, 'node' | 'verdicts' | 'unknown' | 'gaps'> {
  readonly findings: readonly PrintedFinding[]
  readonly logs: readonly { readonly path: string }[]
}

/** A question to kmemscope beside its diagnosis, whose answer is a JSON document. */
export interface Asked {
  /** Its words, but `-o json`. `files`: a directory with the node's files, instead of the node it runs on. */
  readonly words: (files?: string) => readonly string[]
  /** Asked in the guest only: a live node alone can answer. */
  readonly live?: true
  /** What standard error may say. */
  readonly notes?: RegExp
  /** Throws where the document is not what it must be. */
  readonly check: (document: Answer, seen: Seen) => void
}

/** A JSON document, to be looked into. */
// biome-ignore lint/suspicious/noExplicitAny: what it must be is what the checks say
export type Answer = any

/** What kmemscope must say at one look. A finding that is not listed here must not be there. */
export interface Look {
  readonly says: readonly Expected[]
  /** Detectors that cannot tell; all that are neither here nor in `says`, nor of INSTRUMENTS that are off, must be absent. */
  readonly unknown?: readonly string[] | ((seen: Seen) => readonly string[])
  /** What else must hold of the report; throws where it does not. */
  readonly check?: (report: PrintedReport, seen: Seen) => void
  /** What else is asked, by a name for each; in the guest and of the packed files. */
  readonly asks?: Readonly<Record<string, Asked>>
}

/** What a look left behind. */
export interface Seen {
  readonly hierarchy: Hierarchy
  readonly kernel: Kernel
  /** The node's files, as they were packed. */
  readonly tree: string
  /** The text of a kept or packed file of this look, by its path on the node; undefined where there is none. */
  text(path: string): string | undefined
}

export interface World {
  readonly kernel: Kernel
  readonly hierarchy: Hierarchy
  /** Parameters of the kernel's command line, of all scenarios of the boot. */
  readonly append?: string
}

export interface Scenario {
  /** Its file's name. */
  readonly id: string
  readonly about: string
  readonly boot: Boot
  /** Place within a boot that is shared; 0 unless told. */
  readonly order?: number
  /** Hierarchies it is made for; both unless told. */
  readonly hierarchies?: readonly Hierarchy[]
  readonly needs?: readonly Feature[]
  /** 2: too slow or too large for every run of CI. */
  readonly tier?: 1 | 2
  /** Kernels it is made for; all that have what it needs unless told. */
  readonly kernels?: (kernel: Kernel) => boolean
  /** What is done in the guest, in sh; see guest/functions.sh for its words. */
  readonly guest: (world: World) => string
  /** Looks, in their order, each with what kmemscope must say. */
  readonly looks: (world: World) => Readonly<Record<string, Look>>
  /** Judgements that a later issue brings: no diagnosis may call them absent until they are made here. */
  readonly judgedLater?: readonly string[]
  /** What the raw files must show, so that the harm is known to have been done; throws where they do not. */
  readonly made?: (look: string, seen: Seen) => void
}

/**
 * Detectors that judge by a debugging instrument, and whether a boot with these parameters has it at work. Where it has
 * not, they are unknown, and no scenario has to say so.
 */
export const INSTRUMENTS: Readonly<Record<string, (kernel: Kernel, append: string) => boolean>> = {
  'kmemleak-objects': ({ has }, append) =>
    has.includes('kmemleak') && append.split(' ').includes('kmemleak=on'),
  // a boot that has it on some caches only cannot tell of the others
  'slub-corruption': (_kernel, append) =>
    append
      .split(' ')
      .filter(word => word.startsWith('slub_debug='))
      .some(word => word.slice('slub_debug='.length).split(';').includes('FZPU')),
}

/**
 * Detectors that judge by what a kubelet makes of the node. None is in a guest, whose little memory is the kernel's own for
 * a good part: what they say is decided by what Node itself takes, and is held against a look only where that asks for it.
 */
export const BY_KUBELET: readonly string[] = ['node-working-set-blind', 'page-cache-in-working-set']

export const kernel = (unit: Kernel): Kernel => unit
export const scenario = (unit: Scenario): Scenario => unit

async function units<T>(folder: string): Promise<readonly T[]> {
  const dir = fileURLToPath(new URL(`./${folder}/`, import.meta.url))
  const names = readdirSync(dir).filter(name => name.endsWith('.ts'))
  const loaded = names.sort().map(async name => {
    const module = (await import(/* @vite-ignore */ `${dir}${name}`)) as { readonly default: T }
    return module.default
  })
  return Promise.all(loaded)
}

export const kernels = (): Promise<readonly Kernel[]> => units<Kernel>('kernels')
export const scenarios = (): Promise<readonly Scenario[]> => units<Scenario>('scenarios')
