import { type Answer, type Hierarchy, type PrintedReport, type Seen, scenario } from '../lab.ts'

const CYCLES = 300

/** Where pods of jobs without a limit are made and removed. */
const JOBS: Readonly<Record<Hierarchy, string>> = {
  v1: 'kubepods/besteffort',
  v2: 'kubepods.slice/kubepods-besteffort.slice',
}

/** Cgroups of the node that are not freed, as the kernel counts them. */
function dying({ hierarchy, text }: Seen): number {
  if (hierarchy === 'v2') {
    const stat = text('sys/fs/cgroup/cgroup.stat') ?? ''
    return Number(/^nr_dying_descendants (\d+)$/m.exec(stat)?.[1])
  }
  return Number(/^memory\t\d+\t(\d+)\t/m.exec(text('proc/cgroups') ?? '')?.[1])
}

function mustSay(hierarchy: Hierarchy, { findings }: PrintedReport): void {
  const [finding] = findings
  if (finding === undefined) return
  const { values, words, remedies, evidence } = finding
  const told = JSON.stringify({ values, words })
  const count = Number(values['dying'])
  if (!(count >= CYCLES && count < CYCLES + 10)) throw new Error(`${CYCLES} were removed: ${told}`)
  if (!(Number(values['live']) < 20)) throw new Error(`few are live: ${told}`)
  const file = hierarchy === 'v1' ? 'proc/cgroups' : 'sys/fs/cgroup/cgroup.stat'
  if (!evidence.some(({ path }) => path.endsWith(file))) throw new Error(`${file} is not quoted`)
  if (!words.summary.includes('pagePinned')) throw new Error(`pages pin them, not slab: ${told}`)
  if (!remedies.some(({ id }) => id === 'remove-tmpfs-files')) throw new Error(`the cure is not named`)
}

/**
 * On the inode of the one above them stand the pages they wrote, all of tmpfs (page cache where the first root is a ramfs),
 * and those of no directory that lives.
 */
function mustPin(hierarchy: Hierarchy, { pins, rows }: Answer): void {
  const path = `/${JOBS[hierarchy]}`
  const row = pins.rows.find(({ cgroup }: { readonly cgroup: string }) => cgroup === path)
  const told = JSON.stringify({ pins: pins.rows, rows })
  if (row === undefined) throw new Error(`nothing is pinned below ${path}: ${told}`)
  const { dead, deadPages, method, error } = row
  if (!(deadPages >= CYCLES && deadPages < CYCLES + 20)) throw new Error(`pages of ${CYCLES}: ${told}`)
  if (dead.anonymous > 0) throw new Error(`they wrote files only: ${told}`)
  if (method !== (hierarchy === 'v1' ? 'memory.stat' : 'no-own-tasks'))
    throw new Error(`by ${method}: ${told}`)
  if (hierarchy === 'v1' && error !== 0) throw new Error(`it has no pages of its own: ${told}`)
}

/** Nothing, or the few that the filesystem of the first root keeps. */
function mustNotPin(hierarchy: Hierarchy, { pins }: Answer): void {
  const row = pins.rows.find(({ cgroup }: { readonly cgroup: string }) => cgroup === `/${JOBS[hierarchy]}`)
  if ((row?.deadPages ?? 0) >= 50) throw new Error(`still pinned: ${JSON.stringify(row)}`)
}

const PINS = {
  words: () => ['cgroups', '--pins'],
  live: true,
  notes: /^kmemscope: reading the owner of each page[^\n]*$/,
} as const

export default scenario({
  id: 'dying-memcgs',
  about: `${CYCLES} removed cgroups that tmpfs files pin; freed with the files`,
  boot: { name: 'quiet' },
  guest: ({ hierarchy }) => `
    jobs=$(memcg ${JOBS[hierarchy]})
    [ $HIERARCHY = v1 ] || echo +memory >"$jobs/cgroup.subtree_control"
    mkdir /tmp/written
    dying "$jobs" /tmp/written ${CYCLES} "$MEMORY"
    look pinned
    rm -r /tmp/written
    until_so 60 none_dying
    look freed`,
  looks: ({ hierarchy }) => ({
    pinned: {
      says: [{ detector: 'dying-memcgs', severity: 'info', subject: hierarchy === 'v1' ? 'node' : JOBS.v2 }],
      check: report => mustSay(hierarchy, report),
      asks: { pins: { ...PINS, check: answer => mustPin(hierarchy, answer) } },
    },
    freed: {
      says: [],
      asks: { pins: { ...PINS, check: answer => mustNotPin(hierarchy, answer) } },
    },
  }),
  made: (look, seen) => {
    const count = dying(seen)
    if (look === 'pinned' ? count < CYCLES : !(count < 50))
      throw new Error(`${count} not freed at look ${look}`)
  },
})
