// Quantities of memory as Kubernetes writes them: resource.Quantity of apimachinery (pkg/api/resource/quantity.go).

const STEPS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['m', 1e-3],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
  ['Ei', 2 ** 60],
])

/** Bytes of `128Mi`, `1.5Gi`, `1e9`, `500M`, `128974848`, or a number; rounded up as the API does; undefined for anything else. */
export function parseQuantity(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.ceil(value) : undefined
  if (typeof value !== 'string') return undefined
  const [, digits, suffix = ''] =
    /^\s*\+?(\d{1,20}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?)([mkKMGTPE]?i?)\s*$/.exec(value) ?? []
  const step = STEPS.get(suffix)
  if (digits === undefined || step === undefined) return undefined
  const bytes = Number(digits) * step
  return Number.isFinite(bytes) ? Math.ceil(bytes) : undefined
}
