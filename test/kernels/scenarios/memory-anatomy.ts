import { type Answer, type Seen, scenario, type World } from '../lab.ts'
import { containerId, MIB, podFile, podSubject } from '../pods.ts'
import { mustBe, numberIn, PAGE, SAMPLE } from '../samples.ts'

const UID = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d6001'
const LIMIT = 96 * MIB
const CPUS = 2

/** Taken by the container, in MiB. */
const ANON = 8
const TMPFS = 5
const CACHE = 6
const TABLES = 3
const MAPS = 2
const SOCKETS = 4
/** Empty files, each an inode of tmpfs, a dentry and a name of its own. */
const FILES = 6000
/** Pages of tmpfs that removed cgroups below the pod hold. */
const DEAD = 200

/** Two CPUs keep up to 64 pages of changes each, and wait with as many more (MEMCG_CHARGE_BATCH, mm/memcontrol.c). */
const LAG = 2 * 64 * CPUS * PAGE
/** What the four processes that hold it have beside it, stacks and slab included; ours, measured half of it. */
const HOLDERS = 2 * MIB

interface Part {
  readonly id: string
  readonly bytes?: number
  readonly parts?: readonly Part[]
}

/** Parts by name, those of parts too. */
function partsOf(parts: readonly Part[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>()
  const take = ({ id, bytes, parts: inner = [] }: Part) => {
    if (bytes !== undefined) all.set(id, bytes)
    inner.forEach(take)
  }
  parts.forEach(take)
  return all
}

const sum = (parts: readonly Part[]): number => parts.reduce((total, { bytes = 0 }) => total + bytes, 0)

const about = (what: string, value: number | undefined, mib: number, more = LAG): void =>
  mustBe(what, value, mib * MIB - LAG, mib * MIB + more)

/** It adds up, the rest is within the kernel's error, and cAdvisor's values are made of the same numbers. */
function mustAddUp({ usage, parts, residue, metrics, order }: Answer): void {
  if (sum(parts) + residue.bytes !== usage.value)
    throw new Error(`${sum(parts)} and ${residue.bytes} are not ${usage.value}`)
  if (residue.verdict !== 'within')
    throw new Error(`the residue is not within the error: ${JSON.stringify(residue)}`)
  const metric = (id: string): number => metrics.find((one: Answer) => one.id === id)?.value
  mustBe('usage as exported', metric('usage'), usage.value)
  mustBe('working set', metric('workingSet'), usage.value - metric('inactiveFile'))
  for (const { upper, lower, holds, why } of order)
    if (holds !== true && upper !== 'maxUsage') throw new Error(`${upper} ≥ ${lower} is ${holds}: ${why}`)
}

function containerMustHave(answer: Answer, hierarchy: World['hierarchy']): void {
  mustAddUp(answer)
  const parts = partsOf(answer.parts)
  const told = JSON.stringify(Object.fromEntries(parts))
  about(`anonymous of ${told}`, parts.get('anon'), ANON, LAG + HOLDERS)
  about(`tmpfs of ${told}`, parts.get('shmem'), TMPFS)
  about(`page cache of ${told}`, parts.get('file'), CACHE, LAG + HOLDERS)
  // a name of its own, a dentry and an inode are no less than 64, 192 and 512 bytes
  const slab = (FILES * (64 + 192 + 512)) / MIB
  if (hierarchy === 'v1') {
    about(`kernel memory of ${told}`, parts.get('kernel'), slab + TABLES + MAPS, 8 * MIB + HOLDERS)
    return
  }
  about(`page tables of ${told}`, parts.get('pagetables'), TABLES, MIB)
  about(`vmalloc of ${told}`, parts.get('vmalloc'), MAPS, LAG + MAPS * PAGE)
  about(`sockets of ${told}`, parts.get('sockets'), SOCKETS, LAG + (SOCKETS * MIB) / 8)
  const found = (parts.get('slab-reclaimable') ?? 0) + (parts.get('slab-unreclaimable') ?? 0)
  about(`slab of ${told}`, found, slab, 8 * MIB)
}

function podMustHave(answer: Answer, { hierarchy, text }: Seen): void {
  mustAddUp(answer)
  const dead = answer.parts.find(({ id }: Part) => id === 'dead')
  const told = JSON.stringify(dead)
  const shmem = dead?.parts?.find(({ id }: Part) => id === 'dead-shmem')?.bytes
  mustBe(`tmpfs of removed children of ${told}`, shmem, DEAD * PAGE - LAG, DEAD * PAGE + LAG)
  const path = podFile(hierarchy, podSubject(hierarchy, UID), 'memory.stat')
  const total = numberIn(text(path), hierarchy === 'v1' ? /^total_shmem (\d+)$/m : /^shmem (\d+)$/m)
  mustBe('tmpfs of the pod', total, TMPFS * MIB + DEAD * PAGE - 2 * LAG, TMPFS * MIB + DEAD * PAGE + 2 * LAG)
}

function rowMustBe({ rows }: Answer, seen: Seen): void {
  const subject = podSubject(seen.hierarchy, UID, containerId('1'))
  const row = rows.find(({ cgroup }: { readonly cgroup: string }) => cgroup.endsWith(`/${subject}`))
  const told = JSON.stringify(row)
  if (row === undefined) throw new Error(`no row of ${subject}`)
  if (row.podUid !== UID || row.containerId !== containerId('1')) throw new Error(`whose it is: ${told}`)
  mustBe(`limit of ${told}`, row.limit, LIMIT)
  mustBe(`headroom of ${told}`, row.headroom, LIMIT - row.usage)
  const file = seen.hierarchy === 'v1' ? 'memory.usage_in_bytes' : 'memory.current'
  const usage = numberIn(seen.text(podFile(seen.hierarchy, subject, file)), /^(\d+)$/m)
  mustBe(`usage of ${told}`, row.usage, usage - LAG, usage + LAG)
  mustBe(`rss of ${told}`, row.rss, ANON * MIB - LAG, ANON * MIB + LAG + HOLDERS)
  mustBe(
    `working set of ${told}`,
    row.workingSet,
    row.usage - CACHE * MIB - LAG - HOLDERS,
    row.usage - CACHE * MIB + LAG,
  )
}

export default scenario({
  id: 'memory-anatomy',
  about:
    'a container that holds known amounts of each sort of memory, and removed cgroups that hold pages in its pod',
  boot: { name: 'memory-anatomy', cpus: CPUS, memoryMiB: 512 },
  guest: ({ hierarchy }) => `${SAMPLE}
    ifconfig lo up
    container=$(pod ${UID} ${containerId('1')} ${LIMIT})
    volume=$KUBELET_PODS/${UID}/volumes/kubernetes.io~empty-dir/cache
    mkdir -p "$volume"
    mount -t tmpfs -o size=64m tmpfs "$volume"
    within "$container" hold anonymous ${ANON}
    within "$container" hold page-tables ${TABLES}
    within "$container" hold bpf ${MAPS}
    ${hierarchy === 'v2' ? `within "$container" hold sockets ${SOCKETS}` : ''}
    within "$container" dd if=/dev/zero of="$volume/written" bs=1M count=${TMPFS} 2>/dev/null
    # a disk that somebody has open keeps what was read of it
    exec 7</run/out
    within "$container" dd if=/run/out of=/dev/null bs=1M skip=2048 count=${CACHE} 2>/dev/null
    mkdir "$volume/empty" /tmp/dead
    # the process leaves by itself: nothing is full
    leak "$container" files "$volume/empty" ${FILES}
    [ $HIERARCHY = v1 ] || echo +memory >"\${container%/*}/cgroup.subtree_control"
    dying "\${container%/*}" /tmp/dead ${DEAD} "$MEMORY"
    # the node's statistics are told every two seconds
    sleep 3
    sample held`,
  looks: ({ hierarchy }) => {
    const mount = hierarchy === 'v1' ? 'sys/fs/cgroup/memory' : 'sys/fs/cgroup'
    const path = (container?: string): string =>
      podFile(hierarchy, podSubject(hierarchy, UID, container), '')
        .slice(mount.length)
        .replace(/\/$/, '')
    const of = (files: string | undefined): readonly string[] => (files === undefined ? [] : [files])
    return {
      held: {
        says: [
          {
            detector: 'dying-memcgs',
            severity: 'info',
            subject: hierarchy === 'v1' ? 'node' : podSubject(hierarchy, UID),
          },
        ],
        asks: {
          container: {
            words: files => ['memory', '--cgroup', path(containerId('1')), ...of(files)],
            check: answer => containerMustHave(answer, hierarchy),
          },
          pod: { words: files => ['memory', '--cgroup', path(), ...of(files)], check: podMustHave },
          table: { words: files => ['memory', ...of(files)], check: rowMustBe },
        },
      },
    }
  },
  made: (_look, { hierarchy, text }) => {
    const stat = text(podFile(hierarchy, podSubject(hierarchy, UID, containerId('1')), 'memory.stat'))
    const all = hierarchy === 'v1' ? 'total_' : ''
    const of = (key: string): number => numberIn(stat, new RegExp(`^${all}${key} (\\d+)$`, 'm'))
    mustBe('tmpfs', of('shmem'), TMPFS * MIB - LAG, TMPFS * MIB + LAG)
    mustBe('inactive page cache', of('inactive_file'), CACHE * MIB - LAG, CACHE * MIB + LAG + HOLDERS)
    mustBe('anonymous', of(hierarchy === 'v1' ? 'rss' : 'anon'), ANON * MIB - LAG, ANON * MIB + LAG + HOLDERS)
  },
})
