// What the files and answers of container runtimes and of the kubelet say of pods and containers, in one shape. They are
// JSON that may be broken, forged or of another release: a field of another kind is as good as none.

/** A pod as some file or answer names it. */
export interface NamedPod {
  readonly uid: string
  readonly namespace?: string
  readonly name?: string
}

/** A container as some file or answer names it; sizes in bytes, `Infinity`: no limit; `createdAt` in milliseconds of 1970. */
export interface NamedContainer {
  readonly id: string
  readonly podUid?: string
  readonly name?: string
  readonly image?: string
  readonly sandbox?: true
  readonly memoryLimit?: number
  readonly memoryRequest?: number
  readonly createdAt?: number
}

export interface Named {
  readonly pods: readonly NamedPod[]
  readonly containers: readonly NamedContainer[]
}

/** The longest name there is (a pod's: RFC 1123 subdomain, 253); names of images go up to 4 KiB and are cut, too. */
const LONGEST = 253

/** The value of a JSON text; undefined where it is none. */
export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** A member of a JSON object, several deep: own members only. */
export function member(value: unknown, ...keys: readonly string[]): unknown {
  let at = value
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}

/** The elements of a JSON array; none where it is none. */
export function elements(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text that is not empty, cut where it is longer than any name. */
export function nameIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined
}

/** A pod's UID: a UUID, or the 32 hexadecimal digits of a static pod. */
export function uidIn(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9A-Za-z_.-]{1,128}$/.test(value) ? value : undefined
}

/** A full container id, without the runtime's name before it (`containerd://…`). */
export function containerIdIn(value: unknown): string | undefined {
  const id = typeof value === 'string' ? value.slice(value.lastIndexOf('/') + 1) : ''
  return /^[0-9a-f]{64}$/.test(id) ? id : undefined
}

/** The object without its undefined members. */
export function known<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
