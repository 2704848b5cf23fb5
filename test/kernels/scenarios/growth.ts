import { type Look, type Seen, scenario } from '../lab.ts'
import { containerId, MIB, podFile, podSubject } from '../pods.ts'
import { mustBe, numberIn, PAGE, SAMPLE } from '../samples.ts'

const CPUS = 2
const STEP_MIB = 8
const STEP = (STEP_MIB * MIB) / PAGE
const STEPS = [1, 2, 3] as const
/** Far from what is taken: no judgement of a limit is asked for here. */
const LIMIT = 128 * MIB

/**
 * memory.stat may be behind by so much: each CPU keeps 64 pages of changes to itself, and a reader waits for them only
 * once 64 pages a CPU more have been told (MEMCG_CHARGE_BATCH, mm/memcontrol.c; every two seconds all are). The node's
 * own counters are behind by less.
 */
const LAG = 2 * 64 * CPUS

/** One sort of memory that one container takes; sizes are in pages. */
interface Sort {
  /** The pod's, which has one container. */
  readonly uid: string
  /** Before the first sample; `$container` is its memory cgroup. */
  readonly prepare?: string
  readonly first: string
  readonly next: string
  readonly release: string
  readonly made: (steps: number, seen: Seen) => void
}

function file({ hierarchy, text }: Seen, uid: string, name: string): string | undefined {
  return text(podFile(hierarchy, podSubject(hierarchy, uid, containerId('1')), name))
}

/** Holds a key of the container's memory.stat against what it must be. */
function statMustBe(seen: Seen, uid: string, key: string, least: number, most = least): void {
  const pages = numberIn(file(seen, uid, 'memory.stat'), new RegExp(`^${key} (\\d+)$`, 'm')) / PAGE
  mustBe(`${key} in pages`, pages, least - LAG, most + LAG)
}

/** Holds all kernel memory of the container against what it must be; v1 counts it in a file of its own, at once. */
function kernelMustBe(seen: Seen, uid: string, least: number, most: number): void {
  if (seen.hierarchy === 'v2') {
    statMustBe(seen, uid, 'kernel', least, most)
    return
  }
  const pages = numberIn(file(seen, uid, 'memory.kmem.usage_in_bytes'), /^(\d+)$/m) / PAGE
  mustBe('memory.kmem.usage_in_bytes in pages', pages, least, most)
}

/** Pages by which a line of /proc/meminfo is above what it was before. */
function sinceBefore({ text }: Seen, key: string): number {
  const line = new RegExp(`^${key}: +(\\d+) kB$`, 'm')
  const kilobytes = numberIn(text('proc/meminfo'), line) - numberIn(text('run/before/meminfo'), line)
  return (kilobytes * 1024) / PAGE
}

const TMPFS_POD = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d3001'

/** An emptyDir in memory: shmem, which is part of file, until the files are deleted. */
const tmpfs: Sort = {
  uid: TMPFS_POD,
  prepare: `
    volume=/var/lib/kubelet/pods/${TMPFS_POD}/volumes/kubernetes.io~empty-dir/cache
    mkdir -p "$volume"
    mount -t tmpfs -o size=64m tmpfs "$volume"
    write() { within "$container" dd if=/dev/zero of="$volume/$1" bs=1M count=${STEP_MIB} 2>/dev/null; }`,
  first: 'write 1',
  next: 'write $step',
  release: 'rm "$volume"/*',
  made: (steps, seen) => {
    const keys = seen.hierarchy === 'v1' ? ['total_shmem', 'total_cache'] : ['shmem', 'file']
    for (const key of keys) statMustBe(seen, TMPFS_POD, key, steps * STEP)
    // an inode for each file and a node for each 64 pages, with the slabs these stand in
    kernelMustBe(seen, TMPFS_POD, 0, 32 + steps * 16)
    mustBe('Shmem of the node in pages', sinceBefore(seen, 'Shmem'), steps * STEP - LAG, steps * STEP + LAG)
  },
}

const TABLES_POD = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d3002'

const pageTables: Sort = {
  uid: TABLES_POD,
  first: `tables=$(within "$container" hold page-tables ${STEP_MIB})`,
  next: 'hold again "$tables"',
  release: 'hold end "$tables"',
  made: (steps, seen) => {
    // behind 512 tables stands one of the next level, and one more where a range does not begin with it
    const least = steps * (STEP + STEP / 512)
    // the process's own: 5 on 6.1, 10 on 6.12, which counts the two upper levels too
    const most = least + steps + (steps > 0 ? 16 : 0)
    if (seen.hierarchy === 'v2') statMustBe(seen, TABLES_POD, 'pagetables', least, most)
    // and a kernel stack of 4 pages, and slab objects of a process and its mappings
    kernelMustBe(seen, TABLES_POD, least, most + 48)
    // those of three more processes
    const others = 3 * 32
    mustBe(
      'PageTables of the node in pages',
      sinceBefore(seen, 'PageTables'),
      least - LAG,
      most + others + LAG,
    )
  },
}

const SOCKETS_POD = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d3003'
/** 512 KiB wait in each, as hold makes them. */
const CONNECTIONS = STEP_MIB * 2
/** A connection's bytes stand in 16 buffers of 32 KiB at most, each with a head of less than a page. */
const HEADS = CONNECTIONS * 16
/** Each CPU keeps up to 1 MiB of a protocol's memory to itself (SK_MEMORY_PCPU_RESERVE, include/net/sock.h). */
const RESERVE = (CPUS * MIB) / PAGE

const sockets: Sort = {
  uid: SOCKETS_POD,
  // as on a node with more memory: of this one TCP would get 20 MiB
  prepare: `
    ifconfig lo up
    echo '65536 65536 65536' >/proc/sys/net/ipv4/tcp_mem`,
  first: `connected=$(within "$container" hold sockets ${STEP_MIB})`,
  next: 'hold again "$connected"',
  release: 'hold end "$connected"',
  made: (steps, seen) => {
    const least = steps * STEP
    const most = steps * (STEP + HEADS)
    const queues = [
      ...(seen.text('proc/net/tcp') ?? '').matchAll(/ ([0-9A-F]{8}):([0-9A-F]{8}) (?=[0-9A-F]{2}:)/g),
    ]
    mustBe('sockets of TCP', queues.length, steps * CONNECTIONS * 2)
    const bytes = queues.reduce(
      (sum, [, tx = '', rx = '']) => sum + Number.parseInt(tx, 16) + Number.parseInt(rx, 16),
      0,
    )
    // a segment of the loopback, 64 KiB, may go from one socket to the other between the reading of their lines
    const wanted = least * PAGE
    mustBe('bytes that nobody read', bytes, wanted - 65_536, wanted + 65_536)
    const node = numberIn(seen.text('proc/net/sockstat'), /^TCP: .* mem (\d+)$/m)
    mustBe('TCP memory of the node in pages', node, Math.max(0, least - RESERVE), most + RESERVE)
    if (seen.hierarchy === 'v2') {
      statMustBe(seen, SOCKETS_POD, 'sock', least, most)
      return
    }
    // where nobody set a limit on memory.kmem.tcp, v1 charges it to nobody
    mustBe(
      'memory.kmem.tcp',
      numberIn(file(seen, SOCKETS_POD, 'memory.kmem.tcp.usage_in_bytes'), /^(\d+)$/m),
      0,
    )
    mustBe(
      'usage',
      numberIn(file(seen, SOCKETS_POD, 'memory.usage_in_bytes'), /^(\d+)$/m),
      0,
      (LAG + 256) * PAGE,
    )
  },
}

const BPF_POD = 'c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d3004'
/** An array map of 1 MiB of values: with its head, struct bpf_array, a page more. */
const MAP = MIB / PAGE + 1
/** Per-CPU array maps a step: each of a MiB of values a CPU. */
const PERCPU_MAPS = 2

const bpf: Sort = {
  uid: BPF_POD,
  first: `
    maps=$(within "$container" hold bpf ${STEP_MIB})
    percpu=$(within "$container" hold bpf-percpu ${PERCPU_MAPS})`,
  next: 'hold again "$maps"; hold again "$percpu"',
  release: 'hold end "$maps" "$percpu"',
  made: (steps, seen) => {
    const pages = steps * STEP_MIB * MAP
    const areas = (seen.text('proc/vmallocinfo') ?? '').matchAll(/ array_map_alloc\S* pages=(\d+) /g)
    mustBe(
      'array maps of the node',
      [...areas].filter(([, size]) => Number(size) === MAP).length,
      steps * STEP_MIB,
    )
    if (seen.hierarchy === 'v2') {
      statMustBe(seen, BPF_POD, 'vmalloc', pages)
      // a map's cgroup is known only once it is made: per-CPU values made with it are charged to nobody
      mustBe('percpu', numberIn(file(seen, BPF_POD, 'memory.stat'), /^percpu (\d+)$/m), 0, PAGE)
    }
    // two processes of 64 pages: stack, tables, slab; and what the kernel keeps of each map
    kernelMustBe(seen, BPF_POD, pages, pages + 2 * 64 + 16 * steps)
    const percpu = (steps * PERCPU_MAPS * CPUS * MIB) / PAGE
    // whole chunks, of which a few pages are kept free (PCPU_EMPTY_POP_PAGES_HIGH, mm/percpu.c); freed by and by
    const free = 16 * CPUS
    const most = steps > 0 ? percpu + free : Number.POSITIVE_INFINITY
    mustBe('Percpu of the node in pages', sinceBefore(seen, 'Percpu'), percpu - free, most)
  },
}

const SORTS = [tmpfs, pageTables, sockets, bpf] as const

const RELEASED = 'released'
const nameOf = (step: number): string => `taken-${step * STEP_MIB}`

export default scenario({
  id: 'growth',
  about: `four containers that take ${STEP_MIB} MiB more from look to look and release it: tmpfs, page tables, sockets, BPF maps`,
  boot: { name: 'growth', cpus: CPUS, memoryMiB: 384 },
  guest: () =>
    [
      SAMPLE,
      ...SORTS.flatMap(({ uid, prepare = '' }) => [
        `container=$(pod ${uid} ${containerId('1')} ${LIMIT})`,
        prepare,
      ]),
      'mkdir -p /run/before; cat /proc/meminfo >/run/before/meminfo',
      ...STEPS.flatMap(step => [
        `step=${step}`,
        ...SORTS.flatMap(({ uid, first, next }) => [
          `container=$(pod ${uid} ${containerId('1')})`,
          step === 1 ? first : next,
        ]),
        `sample ${nameOf(step)} /run/before/meminfo`,
      ]),
      ...SORTS.map(({ release }) => release),
      `sample ${RELEASED} /run/before/meminfo`,
      'umount "$volume"',
      'end_pods',
    ].join('\n'),
  looks: (): Record<string, Look> =>
    Object.fromEntries([...STEPS.map(nameOf), RELEASED].map(name => [name, { says: [] }])),
  judgedLater: [
    'tmpfs-growth',
    'page-table-growth',
    'socket-memory-growth',
    'vmalloc-growth',
    'percpu-growth',
  ],
  made: (look, seen) => {
    const steps = STEPS.find(step => nameOf(step) === look) ?? 0
    for (const { made } of SORTS) made(steps, seen)
  },
})
