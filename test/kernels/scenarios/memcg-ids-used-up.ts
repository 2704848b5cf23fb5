import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Kernel, type PrintedReport, type Seen, scenario } from '../lab.ts'

/** MEM_CGROUP_ID_MAX of include/linux/memcontrol.h; the root holds one of them. */
const IDS = 65_535
/** So many of them are removed again. */
const REMOVED = 65_000

const directory = ({ tree, hierarchy }: Seen): string =>
  join(tree, hierarchy === 'v1' ? 'sys/fs/cgroup/memory' : 'sys/fs/cgroup', 'left')

/** Cgroups below `left`, itself included. */
function cgroups(seen: Seen): number {
  const above = directory(seen)
  const directories = (path: string) =>
    readdirSync(path, { withFileTypes: true }).filter(one => one.isDirectory())
  const thousands = directories(above)
  return thousands.reduce((sum, { name }) => sum + 1 + directories(join(above, name)).length, 1)
}

/** From 6.12 on an id is looked for in an xarray, which answers another error when it is full. */
const refused = ({ id }: Kernel): readonly [string, string] =>
  id === '6.1' ? ['No space left on device', 'sayNoSpace'] : ['Device or resource busy', 'sayBusy']

function mustSay({ findings }: PrintedReport, { kernel }: Seen): void {
  const finding = findings.find(({ detector }) => detector === 'memcg-id-exhaustion')
  const told = JSON.stringify(finding)
  if (finding?.values['used'] !== IDS) throw new Error(`all ${IDS} are used: ${told}`)
  if (finding.words.title !== 'out') throw new Error(`they have run out: ${told}`)
  for (const word of ['noMore', refused(kernel)[1], 'live'])
    if (!finding.words.summary.includes(word)) throw new Error(`${word} is not said: ${told}`)
  if (finding.values['below'] !== '/left') throw new Error(`where they are is not said: ${told}`)
  const remedies = finding.remedies.map(({ id }) => id)
  if (!remedies.includes('remove-empty-cgroups')) throw new Error(`the cure is not named: ${remedies}`)
  for (const vain of ['drop-page-cache', 'kernel-upgrade'] as const)
    if (remedies.includes(vain)) throw new Error(`${vain} gives back no id of a live cgroup`)
}

export default scenario({
  id: 'memcg-ids-used-up',
  about: `live cgroups until mkdir fails for want of an id, then ${REMOVED} of them removed`,
  tier: 2,
  kernels: ({ from }) => from.kind === 'stock',
  // one CPU: each cgroup takes percpu memory for every one
  boot: { name: 'memcg-ids', memoryMiB: 4096, cpus: 1, seconds: 1500, manyFiles: true },
  guest: () => `
    left=$(memcg left)
    memcgs make "$left" 70000 >/run/made
    look full
    keep full /run/made
    memcgs remove "$left" ${REMOVED} >/run/removed
    look removed
    keep removed /run/removed`,
  looks: () => ({
    full: {
      says: [
        { detector: 'memcg-id-exhaustion', severity: 'critical', subject: 'node' },
        // what they cost: a quarter of the node and more
        { detector: 'unreclaimable-slab-share', severity: 'critical', subject: 'node' },
      ],
      check: mustSay,
    },
    removed: { says: [] },
  }),
  made: (look, seen) => {
    const count = cgroups(seen)
    if (look === 'full') {
      const said = seen.text('run/made')?.trim()
      if (said !== `${IDS - 2} ${refused(seen.kernel)[0]}`)
        throw new Error(`mkdir did not come to its end: ${said}`)
      if (count !== IDS - 1) throw new Error(`${count} cgroups below the root`)
    } else if (count !== IDS - 1 - REMOVED) throw new Error(`${count} cgroups are left`)
  },
})
