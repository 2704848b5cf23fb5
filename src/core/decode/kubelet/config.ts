// The kubelet's settings: its configuration file (KubeletConfiguration v1beta1, YAML or JSON) and the arguments of its
// process (cmd/kubelet/app/options), which go before the file.

import { jsonOf, member } from '../pods/named.ts'
import { parseQuantity } from '../pods/quantity.ts'

/** Bytes or a share (0 to 1); see case/kubelet.ts. */
export interface Quantity {
  readonly bytes?: number
  readonly share?: number
}

/** What is set; what is not stands at the kubelet's default. */
export interface KubeletSettings {
  readonly evictionHard?: Quantity
  readonly evictionSoft?: Quantity
  readonly systemReserved?: Quantity
  readonly kubeReserved?: Quantity
  readonly cgroupDriver?: 'cgroupfs' | 'systemd'
  readonly cgroupRoot?: string
  readonly singleProcessOomKill?: boolean
  readonly runtimeEndpoint?: string
  readonly readOnlyPort?: number
  readonly port?: number
}

/** Settings by their name in the file: text, or text by key. */
type Settings = ReadonlyMap<string, string | ReadonlyMap<string, string>>

const LINES_LIMIT = 10_000

/** A scalar of YAML without its quotes and without a comment behind it. */
function scalar(text: string): string {
  const quoted = /^\s*(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$/.exec(text)
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? ''
  return text.replace(/(?:^|\s)#.*$/, '').trim()
}

/** `{memory.available: 100Mi, "nodefs.available": "10%"}` */
function flowMap(text: string): ReadonlyMap<string, string> | undefined {
  const inner = /^\s*\{(.*)\}\s*(?:#.*)?$/.exec(text)?.[1]
  if (inner === undefined) return undefined
  const values = new Map<string, string>()
  for (const pair of inner.split(',').slice(0, 100)) {
    const cut = pair.indexOf(':')
    if (cut > 0) values.set(scalar(pair.slice(0, cut)), scalar(pair.slice(cut + 1)))
  }
  return values
}

/** The members of a YAML mapping and of mappings one deeper; lists and what is deeper are passed over. */
function yamlSettings(text: string): Settings {
  const settings = new Map<string, string | Map<string, string>>()
  let open: Map<string, string> | undefined
  let indent: number | undefined
  for (const line of text.split(/\r\n|\n|\r/).slice(0, LINES_LIMIT)) {
    const [, blanks, quotedKey, plainKey, rest] =
      /^( *)(?:"([^"]{1,200})"|'?([^\s"'#:{[-][^"'#:]{0,200})'?)\s*:(?:\s(.*)|$)/.exec(line.slice(0, 4096)) ??
      []
    const key = quotedKey ?? plainKey?.trim()
    if (blanks === undefined || key === undefined) continue
    const value = rest ?? ''
    if (blanks === '') {
      const flow = flowMap(value)
      indent = undefined
      open = undefined
      if (flow !== undefined) settings.set(key, flow as Map<string, string>)
      else if (scalar(value) !== '') settings.set(key, scalar(value))
      else {
        open = new Map()
        settings.set(key, open)
      }
    } else if (open !== undefined) {
      indent ??= blanks.length
      if (blanks.length === indent) open.set(key, scalar(value))
    }
  }
  return settings
}

function jsonSettings(value: object): Settings {
  const settings = new Map<string, string | ReadonlyMap<string, string>>()
  const plain = (one: unknown) =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean'
  for (const [key, one] of Object.entries(value)) {
    if (plain(one)) settings.set(key, String(one))
    else if (typeof one === 'object' && one !== null && !Array.isArray(one)) {
      const inner = Object.entries(one).filter(([, deep]) => plain(deep))
      settings.set(key, new Map(inner.map(([name, deep]) => [name, String(deep)])))
    }
  }
  return settings
}

/** `100Mi` or `5%`; a threshold of 0 % is none (parseThresholdStatement, pkg/kubelet/eviction/helpers.go). */
function quantity(text: string): Quantity | undefined {
  const percent = /^\s*(\d{1,3}(?:\.\d{0,9})?)\s*%\s*$/.exec(text)?.[1]
  if (percent !== undefined) return Number(percent) === 0 ? { bytes: 0 } : { share: Number(percent) / 100 }
  const bytes = parseQuantity(text)
  return bytes === undefined ? undefined : { bytes }
}

const SIGNAL = 'memory.available'

/**
 * Thresholds replace the kubelet's own as a whole: that one of another signal is set takes that of memory away
 * (SetDefaults_KubeletConfiguration; but for mergeDefaultEvictionSettings). A drop-in is merged into what stands before it.
 */
function threshold(values: ReadonlyMap<string, string> | undefined, merged: boolean): Quantity | undefined {
  if (values === undefined || values.size === 0) return undefined
  const text = values.get(SIGNAL)
  if (text !== undefined) return quantity(text)
  return merged ? undefined : { bytes: 0 }
}

function settingsOf(settings: Settings, dropIn = false): KubeletSettings {
  const map = (key: string) => {
    const value = settings.get(key)
    return typeof value === 'string' ? undefined : value
  }
  const text = (key: string) => {
    const value = settings.get(key)
    return typeof value === 'string' ? value : undefined
  }
  const memory = (key: string) => {
    const value = map(key)?.get('memory')
    return value === undefined ? undefined : quantity(value)
  }
  const number = (key: string) => {
    const value = text(key)
    return value !== undefined && /^\d{1,5}$/.test(value) ? Number(value) : undefined
  }
  const merged = dropIn || text('mergeDefaultEvictionSettings') === 'true'
  const driver = text('cgroupDriver')
  const single = text('singleProcessOOMKill')
  const soft = map('evictionSoft')?.get(SIGNAL)
  const values = {
    evictionHard: threshold(map('evictionHard'), merged),
    evictionSoft: soft === undefined ? undefined : quantity(soft),
    systemReserved: memory('systemReserved'),
    kubeReserved: memory('kubeReserved'),
    cgroupDriver: driver === 'cgroupfs' || driver === 'systemd' ? driver : undefined,
    cgroupRoot: text('cgroupRoot'),
    singleProcessOomKill: single === 'true' ? true : single === 'false' ? false : undefined,
    runtimeEndpoint: text('containerRuntimeEndpoint'),
    readOnlyPort: number('readOnlyPort'),
    port: number('port'),
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** What a configuration file or a drop-in sets; undefined where it is none of the kubelet's. */
export function decodeKubeletConfig(bytes: Uint8Array, dropIn = false): KubeletSettings | undefined {
  const json = jsonOf(bytes)
  if (typeof json === 'object' && json !== null)
    return member(json, 'kind') === 'KubeletConfiguration'
      ? settingsOf(jsonSettings(json), dropIn)
      : undefined
  const settings = yamlSettings(new TextDecoder().decode(bytes))
  return settings.get('kind') === 'KubeletConfiguration' ? settingsOf(settings, dropIn) : undefined
}

/** Options of the command line and what the file calls them. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['eviction-hard', 'evictionHard'],
  ['eviction-soft', 'evictionSoft'],
  ['system-reserved', 'systemReserved'],
  ['kube-reserved', 'kubeReserved'],
  ['cgroup-driver', 'cgroupDriver'],
  ['cgroup-root', 'cgroupRoot'],
  ['container-runtime-endpoint', 'containerRuntimeEndpoint'],
  ['read-only-port', 'readOnlyPort'],
  ['port', 'port'],
])

export interface KubeletArguments {
  readonly settings: KubeletSettings
  /** `--config` and `--config-dir`. */
  readonly config?: string
  readonly configDirectory?: string
}

/** What arguments of the kubelet's process set: `--eviction-hard=memory.available<100Mi,nodefs.available<10%`. */
export function kubeletArguments(words: readonly string[]): KubeletArguments {
  const given = new Map<string, string>()
  words.forEach((word, index) => {
    const [, option, value] = /^--?([a-z][a-z-]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    const next = words[index + 1]
    const text = value ?? (next === undefined || next.startsWith('-') ? undefined : next)
    if (option !== undefined && text !== undefined) given.set(option, text.slice(0, 4096))
  })
  const settings = new Map<string, string | ReadonlyMap<string, string>>()
  for (const [option, key] of OPTIONS) {
    const value = given.get(option)
    if (value === undefined) continue
    if (!/^(?:eviction|system-reserved|kube-reserved)/.test(option)) settings.set(key, value)
    else {
      const pairs = value.split(',').map(pair => pair.split(/[<=]/, 2).map(part => part.trim()))
      settings.set(key, new Map(pairs.map(([name = '', amount = '']) => [name, amount])))
    }
  }
  const config = given.get('config')
  const configDirectory = given.get('config-dir')
  return {
    settings: settingsOf(settings),
    ...(config === undefined ? {} : { config }),
    ...(configDirectory === undefined ? {} : { configDirectory }),
  }
}
