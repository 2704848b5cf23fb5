// `explain`: what a term means, from the tables of this folder. It takes what people type or paste: ids, names of
// caches, masks, whole log lines with their stamps, paths, metrics with labels, lines of a kernel config.

import { printable } from '../base/printable.ts'
import { fill, type Language, text } from '../base/text.ts'
import { defectWords } from './defect.ts'
import { decodeGfp, type GfpReading, gfpMeanings } from './gfp-flags.ts'
import { defectById, defectStatus, kernelDefects } from './kernel-defects.ts'
import { type KernelRelease, parseRelease } from './kernel-release.ts'
import { limits } from './limits.ts'
import { type RemedyContext, remedies, remedyById } from './remedies.ts'
import { MERGING, PER_CGROUP, parseCacheName, slabCache, slabCaches } from './slab-caches.ts'
import { type Term, type TermKind, terms } from './terms.ts'

export type ExplanationKind = TermKind | 'defect' | 'detector' | 'remedy' | 'slab-cache' | 'gfp' | 'limit'

export interface Explanation {
  readonly schema: 'kmemscope/explain@1'
  /** As asked, cut at 500 characters. */
  readonly term: string
  readonly kind: ExplanationKind
  readonly id: string
  readonly title: string
  /** Paragraphs. */
  readonly text: readonly string[]
  /** What is often said of it and is not so. */
  readonly correction?: string
  readonly commands?: readonly string[]
  /** Ids to explain next. */
  readonly see: readonly string[]
  readonly sources: readonly string[]
}

/** Nothing is known by that name; the nearest names there are. */
export interface Unexplained {
  readonly schema: 'kmemscope/explain@1'
  readonly term: string
  readonly suggestions: readonly string[]
}

/** What only the caller has. Detectors are above this folder, the measure of nearness is a package. */
export interface ExplainContext {
  /** In the language asked for. */
  readonly detectors?: readonly { readonly id: string; readonly title: string; readonly text: string }[]
  /** The nearest three of the names. */
  readonly nearest: (word: string, names: readonly string[]) => readonly string[]
  /** Commands are given for this node, defects judged for its kernel. */
  readonly node?: RemedyContext
}

const words = text({
  en: {
    component: 'Component: {component}.',
    fixedIn: 'Fixed in: {fixed}.',
    onKernel: '{release}: {status}. {why}',
    affected: 'affected',
    'not-affected': 'not affected',
    'cannot-tell': 'cannot be told',
    risk: 'Risk: {risk}.',
    none: 'none',
    low: 'low',
    medium: 'medium',
    high: 'high',
    cost: 'Cost: {cost}',
    verify: 'How to tell that it worked: {verify}',
    owner: 'What it holds: {owner}.',
    reclaimable: 'Counted as reclaimable (SReclaimable).',
    unreclaimable: 'Not reclaimable (SUnreclaim): freed only by whoever uses it.',
    gfpTitle: '{mask}: {names}',
    gfpOn: 'On {kernels}: {names}.',
    gfpUnknown: 'Bits without a name: {bits}.',
    gfpMeans: '{name}: {meaning}.',
    gfpCandidates:
      'The bits moved between kernels; possible readings without knowing the release: {count}, the likely ones first.',
    gfpInLine: 'The gfp mask {mask} is {names} on {kernels}.',
  },
  zh: {
    component: '组件：{component}。',
    fixedIn: '修复于：{fixed}。',
    onKernel: '{release}：{status}。{why}',
    affected: '受影响',
    'not-affected': '不受影响',
    'cannot-tell': '无法判断',
    risk: '风险：{risk}。',
    none: '无',
    low: '低',
    medium: '中',
    high: '高',
    cost: '代价：{cost}',
    verify: '生效的标志：{verify}',
    owner: '存放：{owner}。',
    reclaimable: '计入可回收部分（SReclaimable）。',
    unreclaimable: '不可回收（SUnreclaim）：只有使用者自己释放才会减少。',
    gfpTitle: '{mask}：{names}',
    gfpOn: '在 {kernels} 上：{names}。',
    gfpUnknown: '没有名字的位：{bits}。',
    gfpMeans: '{name}：{meaning}。',
    gfpCandidates: '各内核版本的位不同；不知道版本时有 {count} 种读法，可能性大的在前。',
    gfpInLine: 'gfp mask {mask} 在 {kernels} 上是 {names}。',
  },
})

/** More than the longest line the kernel prints; what is pasted beyond it says nothing more. */
const LONGEST = 4096

/** What is pasted around a name: a prompt, quotes, a full stop. */
function bare(term: string): string {
  return term
    .slice(0, LONGEST)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^\[[^\]]{1,80}\][#$] ?/, '')
    .replace(/^[#$] /, '')
    .replace(/ \| ?head(?: -\w{1,6})?$/, '')
    .replace(/^["'`“”‘’「」]+|["'`“”‘’「」.,;:?。，；：？]+$/g, '')
    .toLowerCase()
}

const termsByName: ReadonlyMap<string, Term> = new Map(
  terms.flatMap(term => [term.id, ...term.names].map(name => [bare(name), term] as const)),
)

/** Where something else names `id` as worth reading. */
function pointingAt(id: string): string[] {
  return [
    ...terms.filter(({ see }) => see.includes(id)).map(term => term.id),
    ...kernelDefects.filter(({ remedies: named }) => named?.includes(id)).map(row => row.id),
  ]
}

/** What `explain` answers: ids and names, for suggestions and completion. */
export function explainable(context: Pick<ExplainContext, 'detectors'> = {}): readonly string[] {
  return [
    ...new Set([
      ...kernelDefects.map(({ id }) => id),
      ...(context.detectors ?? []).map(({ id }) => id),
      ...remedies.map(({ id }) => id),
      ...terms.flatMap(({ id, names }) => [id, ...names.filter(name => name.length <= 40)]),
      ...slabCaches.map(({ name }) => name),
      ...limits.map(({ id }) => id),
    ]),
  ]
}

/** Explains a term, or names the nearest three. Pure: the same question gives the same answer. */
export function explain(
  term: string,
  language: Language,
  context: ExplainContext,
): Explanation | Unexplained {
  const schema = 'kmemscope/explain@1'
  const asked = term.slice(0, 500)
  const answer = find(term, language, context)
  if (answer !== undefined) {
    return {
      schema,
      term: asked,
      ...answer,
      see: [...new Set(answer.see)].filter(id => id !== answer.id).slice(0, 8),
    }
  }
  return { schema, term: asked, suggestions: context.nearest(bare(term).slice(0, 100), explainable(context)) }
}

type Answer = Omit<Explanation, 'schema' | 'term'>

function find(term: string, language: Language, context: ExplainContext): Answer | undefined {
  const pasted = term.slice(0, LONGEST)
  const name = bare(pasted)
  if (name === '') return undefined
  const release = context.node?.kernel === undefined ? undefined : parseRelease(context.node.kernel)
  const named = (candidate: string): Answer | undefined => byName(candidate, language, context, release)
  const answer =
    named(name) ?? byPath(pasted, named) ?? byLine(pasted, language, release) ?? byFirstWord(pasted, named)
  return answer?.kind === 'log-line' ? withMask(answer, pasted, language, release) : answer
}

/** The mask of a pasted line is read with the line. */
function withMask(
  answer: Answer,
  pasted: string,
  language: Language,
  release: KernelRelease | undefined,
): Answer {
  const mask = /(?:gfp_mask=|gfp=|mode:)(0x[0-9a-f]{1,8})\b/i.exec(pasted)?.[1]
  const reading = mask === undefined ? undefined : decodeGfp(Number(mask), release)[0]
  if (mask === undefined || reading === undefined) return answer
  const line = fill(words[language].gfpInLine, {
    mask,
    names: reading.names.join('|'),
    kernels: kernelsOf(reading, language),
  })
  return { ...answer, text: [...answer.text, line], see: [...answer.see, mask] }
}

/** A name by itself. */
function byName(
  name: string,
  language: Language,
  context: ExplainContext,
  release: KernelRelease | undefined,
): Answer | undefined {
  const number = /^k-?0{0,4}(\d{1,2})$/.exec(name)?.[1]
  if (number !== undefined) return defectAnswer(`K-${number.padStart(2, '0')}`, language, release)
  const detector = context.detectors?.find(({ id }) => id === name)
  if (detector !== undefined) {
    return {
      kind: 'detector',
      id: detector.id,
      title: detector.title,
      text: [detector.text],
      see: pointingAt(detector.id),
      sources: [],
    }
  }
  if (remedyById(name) !== undefined) return remedyAnswer(name, language, context.node ?? {})
  const term = termsByName.get(name)
  if (term !== undefined) return termAnswer(term, language)
  const mask = /^(?:gfp(?:_mask)?=|mode:)?(0x[0-9a-f]{1,8})$/.exec(name)?.[1]
  if (mask !== undefined) return gfpAnswer(mask, language, release)
  const flags = name.toUpperCase().split('|')
  if (flags.every(flag => /^(?:__)?GFP_[A-Z0-9_]+$/.test(flag) && gfpMeanings[flag] !== undefined)) {
    const meanings = flags.map(flag => meaning(flag, language))
    return {
      kind: 'gfp',
      id: flags.join('|'),
      title: flags.join('|'),
      text: meanings.flat(),
      see: ['gfp-mask'],
      sources: ['include/linux/gfp_types.h'],
    }
  }
  const limit = limits.find(({ id, value }) => id === name || value.toLowerCase() === name)
  if (limit !== undefined) {
    return {
      kind: 'limit',
      id: limit.id,
      title: limit.title[language],
      text: [limit.what[language]],
      see: [],
      sources: limit.source,
    }
  }
  return slabAnswer(name, language)
}

/** A path is its last part, unless the directory says more. */
function byPath(pasted: string, named: (name: string) => Answer | undefined): Answer | undefined {
  const path = /^\S*\/\S+$/.exec(pasted.trim())?.[0]
  if (path === undefined) return undefined
  const parts = bare(path)
    .split('/')
    .filter(part => part !== '')
  const last = parts.at(-1)
  const answer = last === undefined ? undefined : named(last)
  if (answer !== undefined) return answer
  if (path.includes('/sys/kernel/slab')) return named('/sys/kernel/slab')
  if (path.includes('/boot/config')) return named('/boot/config')
  return path.includes('sys/fs/cgroup') || path.includes('kubepods')
    ? named('/sys/fs/cgroup/memory')
    : undefined
}

/** A line of a log, in whatever dress. */
function byLine(pasted: string, language: Language, release: KernelRelease | undefined): Answer | undefined {
  if (pasted.includes('inotify_add_watch')) return defectAnswer('K-51', language, release)
  const term = terms.find(({ lines }) => lines?.some(line => line.test(pasted)))
  if (term !== undefined) return termAnswer(term, language)
  const cache = /\bcache: (\S{1,200}), object size/.exec(pasted)?.[1]
  return cache === undefined ? undefined : slabAnswer(cache, language)
}

/** A value with its name before it: `CONFIG_MEMCG_KMEM=y`, `SUnreclaim: 12 kB`, `container_memory_rss{pod="x"} 1`. */
function byFirstWord(pasted: string, named: (name: string) => Answer | undefined): Answer | undefined {
  const parts = pasted
    .slice(0, 500)
    .split(/[\s={}:,"'`()<>|#]+/)
    .filter(part => part !== '')
    .slice(0, 20)
  const telling = parts.find(part => /^(?:CONFIG_|container_|memory\.)/.test(part))
  for (const part of [telling, parts[0]]) {
    const answer = part === undefined || part.length < 3 ? undefined : named(bare(part))
    if (answer !== undefined) return answer
  }
  return undefined
}

function termAnswer(term: Term, language: Language): Answer {
  return {
    kind: term.kind,
    id: term.id,
    title: term.title[language],
    text: term.text.map(paragraph => paragraph[language]),
    ...(term.correction === undefined ? {} : { correction: term.correction[language] }),
    see: term.see,
    sources: term.source,
  }
}

function defectAnswer(
  id: string,
  language: Language,
  release: KernelRelease | undefined,
): Answer | undefined {
  const row = defectById(id)
  if (row === undefined) return undefined
  const say = words[language]
  const judged = release === undefined || row.ranges === undefined ? undefined : defectStatus(id, release)
  return {
    kind: 'defect',
    id,
    title: `${id} ${row.title[language]}`,
    text: [
      row.what[language],
      ...(row.fixedIn === undefined
        ? []
        : [fill(say.fixedIn, { fixed: row.fixedIn[language].replace(/[.。]$/, '') })]),
      ...(row.component === 'kernel' ? [] : [fill(say.component, { component: row.component })]),
      ...(judged === undefined || release === undefined
        ? []
        : [
            fill(say.onKernel, {
              release: release.text,
              status: say[judged.status],
              why: defectWords[language][judged.why],
            }),
          ]),
    ],
    see: [...(row.remedies ?? []), ...pointingAt(id)],
    sources: row.source,
  }
}

function remedyAnswer(id: string, language: Language, about: RemedyContext): Answer | undefined {
  const node = { ...about, language }
  const row = remedyById(id)
  if (row === undefined) return undefined
  const say = words[language]
  const { name, cost, verify } = row.text[language]
  return {
    kind: 'remedy',
    id,
    title: name,
    text: [fill(say.risk, { risk: say[row.risk] }), fill(say.cost, { cost }), fill(say.verify, { verify })],
    commands: [...row.commands(node), ...row.verifyCommands(node)],
    see: pointingAt(id),
    sources: row.source,
  }
}

function slabAnswer(asked: string, language: Language): Answer | undefined {
  const row = slabCache(asked)
  if (row === undefined) return undefined
  const say = words[language]
  const { cache, memcgId } = parseCacheName(asked)
  return {
    kind: 'slab-cache',
    id: row.name,
    title: printable(memcgId === undefined ? cache : asked),
    text: [
      [fill(say.owner, { owner: row.owner[language] }), row.grows[language]].join(
        language === 'zh' ? '' : ' ',
      ),
      row.reclaimable ? say.reclaimable : say.unreclaimable,
      ...(memcgId === undefined ? [] : [PER_CGROUP[language]]),
      MERGING[language],
    ],
    see: ['slab', 'find-slab-owner', ...pointingAt(row.name)],
    sources: row.source,
  }
}

/** `4.10 to 4.17, 6.3 and later`, in the language asked for. */
function kernelsOf({ eras }: GfpReading, language: Language): string {
  const said = eras.map(({ kernels }) => kernels)
  return language === 'en'
    ? said.join(', ')
    : said
        .map(range => range.replace(' to ', ' 至 ').replace(' and later', ' 及以后').replace(', ', '、'))
        .join('、')
}

function meaning(name: string, language: Language): string[] {
  const means = gfpMeanings[name]?.[language]
  return means === undefined ? [] : [fill(words[language].gfpMeans, { name, meaning: means })]
}

function gfpAnswer(mask: string, language: Language, release: KernelRelease | undefined): Answer | undefined {
  const readings = decodeGfp(Number(mask), release)
  const [first] = readings
  if (first === undefined) return undefined
  const say = words[language]
  const bits = (value: number) => `0x${value.toString(16)}`
  return {
    kind: 'gfp',
    id: mask,
    title: fill(say.gfpTitle, { mask, names: first.names.join('|') }),
    text: [
      ...(readings.length > 1 ? [fill(say.gfpCandidates, { count: readings.length })] : []),
      ...readings.map(reading => {
        const line = fill(say.gfpOn, {
          kernels: kernelsOf(reading, language),
          names: reading.names.join('|'),
        })
        return reading.unknown === 0
          ? line
          : `${line} ${fill(say.gfpUnknown, { bits: bits(reading.unknown) })}`
      }),
      ...first.names.flatMap(name => meaning(name, language)),
    ],
    see: ['gfp-mask', 'slub-unable', 'oom-killer-line'],
    sources: [...new Set(readings.flatMap(({ eras }) => eras.map(({ source }) => source)))],
  }
}
