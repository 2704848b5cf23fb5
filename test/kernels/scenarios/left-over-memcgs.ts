import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Hierarchy, type PrintedReport, type Seen, scenario } from '../lab.ts'
import { containerId, MIB, podFile, podSubject } from '../pods.ts'
import { directoriesBelow, mustBe, numberIn, PAGE, SAMPLE } from '../samples.ts'

const pods = (group: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `c7a9d3e2-51b8-4f6d-a0c4-2e9f7b1d${group}${10 + index}`)

const LIVE = pods('40', 2)
/** Their containers were killed with the runtime; nobody removed the cgroups. The first still has a volume. */
const WITH_CONTAINER = pods('41', 10)
/** The runtime removed the containers' cgroups, the kubelet never the pods'. */
const WITHOUT_CONTAINER = pods('42', 6)
/** Left by a kubelet that used the other cgroup driver. */
const OTHER_DRIVER = pods('43', 4)
/** Left in the hierarchy of blkio alone; v1 only. */
const BLKIO = pods('44', 5)

/** What a container that is gone wrote to an emptyDir in memory, which is still mounted. */
const WRITTEN_MIB = 4
/** Two CPUs keep up to 64 pages of changes each, and wait with as many more (MEMCG_CHARGE_BATCH, mm/memcontrol.c). */
const LAG = 2 * 64 * 2

/** Where the other driver puts its pods, from where memory cgroups are. */
const other = (hierarchy: Hierarchy, uid: string): string =>
  hierarchy === 'v1'
    ? `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`
    : `kubepods/burstable/pod${uid}`

const MOUNT: Readonly<Record<Hierarchy, string>> = { v1: 'sys/fs/cgroup/memory', v2: 'sys/fs/cgroup' }

/** Directories that are left over: pods with and without their container's, and the other driver's with its top two. */
const BY_KUBELET = (WITH_CONTAINER.length - 1) * 2 + WITHOUT_CONTAINER.length
const BY_DRIVER = OTHER_DRIVER.length + 2
const LEFT = BY_KUBELET + BY_DRIVER

function mustSay({ findings }: PrintedReport): void {
  for (const { detector, values, words, remedies } of findings) {
    if (detector !== 'left-over-memcgs') continue
    const told = JSON.stringify({ values, words })
    mustBe(
      `directories: ${told}`,
      Number(values['count']),
      words.title === 'kubelet' ? BY_KUBELET : BY_DRIVER,
    )
    if (!words.summary.includes('notDying')) throw new Error(`they are no dying ones: ${told}`)
    const cure = words.title === 'kubelet' ? 'remove-empty-cgroups' : 'drain-and-reboot'
    if (!remedies.some(({ id }) => id === cure)) throw new Error(`the cure is not named: ${cure}`)
  }
}

/** Whether tasks are in a cgroup; throws where there is none. */
function tasksIn({ text }: Seen, directory: string): boolean {
  const procs = text(join(directory, 'cgroup.procs'))
  if (procs === undefined) throw new Error(`there is no cgroup ${directory}`)
  return /\d/.test(procs)
}

export default scenario({
  id: 'left-over-memcgs',
  about:
    'two live pods beside twenty whose directories are left without a task; on v1 five more in blkio alone',
  boot: { name: 'growth' },
  order: 1,
  guest: ({ hierarchy }) => `${SAMPLE}
    volume=/var/lib/kubelet/pods/${WITH_CONTAINER[0]}/volumes/kubernetes.io~empty-dir/cache
    mkdir -p "$volume"
    mount -t tmpfs -o size=64m tmpfs "$volume"
    write() { within "$container" dd if=/dev/zero of="$volume/$1" bs=1M count=$2 2>/dev/null; }
    ran=
    for uid in ${WITH_CONTAINER.join(' ')}; do
      container=$(pod $uid ${containerId('1')} ${64 * MIB})
      ran="$ran $(within "$container" hold anonymous 1)"
      [ $uid != ${WITH_CONTAINER[0]} ] || write written ${WRITTEN_MIB}
      [ $uid != ${WITH_CONTAINER[1]} ] || write too ${WRITTEN_MIB / 2}
    done
    hold end $ran
    for uid in ${WITHOUT_CONTAINER.join(' ')}; do
      container=$(pod $uid ${containerId('1')})
      until_so 10 rmdir "$container"
    done
    # of the pods that are gone the kubelet has no directory, but where a volume is mounted
    rmdir ${[...WITH_CONTAINER.slice(1), ...WITHOUT_CONTAINER].map(uid => `"$KUBELET_PODS/${uid}"`).join(' ')}
    for path in ${OTHER_DRIVER.map(uid => other(hierarchy, uid)).join(' ')}; do memcg $path >/dev/null; done
    live=
    for uid in ${LIVE.join(' ')}; do
      container=$(pod $uid ${containerId('1')} ${64 * MIB})
      holder=$(within "$container" hold anonymous 2)
      live="$live $holder"
      [ $HIERARCHY = v2 ] || {
        mkdir -p "/sys/fs/cgroup/blkio\${container#$MEMORY}"
        echo $holder >"/sys/fs/cgroup/blkio\${container#$MEMORY}/cgroup.procs"
      }
    done
    [ $HIERARCHY = v2 ] || mkdir -p ${BLKIO.map(uid => `/sys/fs/cgroup/blkio/kubepods/burstable/pod${uid}`).join(' ')}
    until_so 20 none_dying
    sample left
    hold end $live
    rm "$volume"/*
    umount "$volume"
    end_pods
    [ $HIERARCHY = v2 ] || removed_all /sys/fs/cgroup/blkio/kubepods`,
  looks: ({ hierarchy }) => ({
    left: {
      says: [
        {
          detector: 'left-over-memcgs',
          severity: 'info',
          subject: podSubject(hierarchy, WITH_CONTAINER[1] ?? ''),
        },
        {
          detector: 'left-over-memcgs',
          severity: 'info',
          subject: other(hierarchy, '').split('/')[0] ?? '',
        },
        // that the kubelet leaves them is a defect of it
        { detector: 'known-defects', severity: 'warning', subject: 'node' },
      ],
      check: mustSay,
      asks: {
        cgroups: {
          words: files => ['cgroups', ...(files === undefined ? [] : [files])],
          check: ({ leftOver, dying, left }) => {
            mustBe('left-over directories', leftOver, LEFT)
            mustBe('dying cgroups', dying, 0)
            const paths = left.map(({ path }: { readonly path: string }) => path)
            for (const uid of [...LIVE, WITH_CONTAINER[0] ?? ''])
              if (paths.some((path: string) => path.includes(podSubject(hierarchy, uid))))
                throw new Error(`${uid} is not left over`)
          },
        },
      },
    },
  }),
  made: (_look, seen) => {
    const { hierarchy, text, tree } = seen
    const directory = (uid: string, container?: string): string =>
      podFile(hierarchy, podSubject(hierarchy, uid, container), '')
    for (const uid of LIVE)
      if (!tasksIn(seen, directory(uid, containerId('1')))) throw new Error(`${uid} does not live`)
    const left = [
      ...WITH_CONTAINER.flatMap(uid => [directory(uid), directory(uid, containerId('1'))]),
      ...WITHOUT_CONTAINER.map(uid => directory(uid)),
      ...OTHER_DRIVER.map(uid => join(MOUNT[hierarchy], other(hierarchy, uid))),
    ]
    for (const path of left) if (tasksIn(seen, path)) throw new Error(`${path} has tasks`)
    for (const uid of WITHOUT_CONTAINER)
      if (existsSync(join(tree, directory(uid, containerId('1')))))
        throw new Error(`${uid} has its container`)
    const [wrote = ''] = WITH_CONTAINER
    const shmem = numberIn(
      text(join(directory(wrote, containerId('1')), 'memory.stat')),
      hierarchy === 'v1' ? /^total_shmem (\d+)$/m : /^shmem (\d+)$/m,
    )
    const pages = (WRITTEN_MIB * MIB) / PAGE
    mustBe('shmem of a container that is gone, in pages', shmem / PAGE, pages - LAG, pages + LAG)
    // none is dying: each that is not freed has its directory
    if (hierarchy === 'v2') {
      mustBe('dying cgroups', numberIn(text('sys/fs/cgroup/cgroup.stat'), /^nr_dying_descendants (\d+)$/m), 0)
      return
    }
    const live = numberIn(text('proc/cgroups'), /^memory\t\d+\t(\d+)\t/m)
    mustBe('memory cgroups that are not freed', live, directoriesBelow(tree, MOUNT.v1).length)
    for (const uid of LIVE) {
      const blkio = directory(uid, containerId('1')).replace('/memory/', '/blkio/')
      if (!tasksIn(seen, blkio)) throw new Error(`${uid} does not live in blkio`)
    }
    for (const uid of BLKIO) {
      const path = `sys/fs/cgroup/blkio/kubepods/burstable/pod${uid}`
      if (tasksIn(seen, path)) throw new Error(`${path} has tasks`)
      if (existsSync(join(tree, path.replace('/blkio/', '/memory/'))))
        throw new Error(`${uid} is no blkio-only one`)
    }
  },
})
