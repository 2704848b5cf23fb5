// Which guests are started, with which scenarios in each.

import type { Kernel, Scenario, World } from './lab.ts'

/** One guest, and what is done in it. */
export interface Plan extends World {
  readonly name: string
  readonly scenarios: readonly Scenario[]
  readonly memoryMiB: number
  readonly cpus: number
  readonly append: string
  readonly limitSeconds: number
  readonly manyFiles: boolean
}

/** Enough for Node beside the scenario; 128 MiB do without. */
const MEMORY_MIB = 256
const CPUS = 2
/** Measured: 5 to 40 s; a busy machine takes several times as long. */
const LIMIT_SECONDS = 240

function applies(scenario: Scenario, { kernel, hierarchy }: World, tier: number): boolean {
  return (
    (scenario.tier ?? 1) <= tier &&
    (scenario.hierarchies ?? ['v1', 'v2']).includes(hierarchy) &&
    (scenario.needs ?? []).every(feature => kernel.has.includes(feature)) &&
    (scenario.kernels?.(kernel) ?? true)
  )
}

/** `6.1 v1 dying-memcgs`: what a scenario is called where one can be chosen. */
export const nameOf = ({ kernel, hierarchy }: World, { id }: Scenario): string =>
  `${kernel.id} ${hierarchy} ${id}`

/** All boots of a tier, or those with a scenario whose name, with that of its boot, has all the words of `only`. */
export function plans(
  kernels: readonly Kernel[],
  scenarios: readonly Scenario[],
  tier: number,
  only: readonly string[] = [],
): readonly Plan[] {
  const all: Plan[] = []
  const worlds: readonly World[] = kernels
    .filter(kernel => kernel.tier <= tier)
    .flatMap(kernel => kernel.hierarchies.map(hierarchy => ({ kernel, hierarchy })))
  for (const world of worlds) {
    const wanted = scenarios
      .filter(scenario => applies(scenario, world, tier))
      .filter(scenario => {
        const words = [...nameOf(world, scenario).split(' '), scenario.boot.name]
        return only.every(word => words.includes(word))
      })
    for (const name of new Set(wanted.map(({ boot }) => boot.name))) {
      const shared = wanted
        .filter(({ boot }) => boot.name === name)
        .sort((a, b) => (a.order ?? 0) - (b.order ?? 0) || a.id.localeCompare(b.id))
      const boots = shared.map(({ boot }) => boot)
      all.push({
        ...world,
        name,
        scenarios: shared,
        memoryMiB: Math.max(...boots.map(({ memoryMiB = MEMORY_MIB }) => memoryMiB)),
        cpus: Math.max(...boots.map(({ cpus = CPUS }) => cpus)),
        append: [...new Set(boots.flatMap(({ append = '' }) => append.split(' ')))].join(' '),
        manyFiles: boots.some(({ manyFiles }) => manyFiles === true),
        limitSeconds: Math.max(...boots.map(({ seconds = LIMIT_SECONDS }) => seconds)),
      })
    }
  }
  return all
}
