// One report of the kernel as a JSON object, `kmemscope/kernel-report@1` (schemas/kernel-report.json): what was read,
// and what it says in the language asked for.

import type { Stamp } from '../base/time.ts'
import type { KernelReport } from '../decode/kmsg/report.ts'
import { missingOf } from '../explain/missing.ts'

export const KERNEL_REPORT_SCHEMA = 'kmemscope/kernel-report@1'

/** Every kind there is; the compiler holds them against the reports. */
const KINDS: Readonly<Record<KernelReport['kind'], true>> = {
  oom: true,
  'slub-alloc-failure': true,
  'slab-alloc-failure': true,
  'page-alloc-failure': true,
  'slub-corruption': true,
  kmemleak: true,
  'memcg-no-space': true,
  'callbacks-suppressed': true,
  'memcg-stats': true,
  'page-counter-underflow': true,
  'bad-page': true,
  'bad-rss-counter': true,
  'netdevice-wait': true,
  'percpu-alloc-failure': true,
  'vmalloc-failure': true,
  'memory-stall': true,
  'tcp-memory': true,
  'conntrack-full': true,
  sanitizer: true,
  'pids-limit': true,
  'slab-create-failure': true,
  'records-lost': true,
}

export function isReportKind(word: string): word is KernelReport['kind'] {
  return Object.hasOwn(KINDS, word)
}

export const reportKinds: readonly KernelReport['kind'][] = Object.keys(KINDS).filter(isReportKind)

function isStamp(value: object): value is Stamp {
  return 'clock' in value && 'text' in value
}

/** Addresses as `0x…`, stamps as their text, no limit as `max`; what is not known is left out. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`
  if (value === Number.POSITIVE_INFINITY) return 'max'
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  if (isStamp(value)) return value.text
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, plain(inner)]])),
  )
}

/** The object that is printed of a report; `words` are in a language, all else is data. */
export function kernelReportJson(
  report: KernelReport,
  words: { readonly title: string; readonly summary: string; readonly remedies: readonly string[] },
): object {
  const { kind, ...rest } = plain(report) as Readonly<Record<string, unknown>>
  const missing = missingOf(report)
  return {
    schema: KERNEL_REPORT_SCHEMA,
    kind,
    ...rest,
    ...(missing.length === 0 ? {} : { missing }),
    ...words,
  }
}
