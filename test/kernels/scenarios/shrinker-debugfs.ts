import { type Seen, scenario } from '../lab.ts'

const DIRECTORY = 'sys/kernel/debug/shrinker'
const POD = '8f5e0a4c-3b57-4a8e-9f60-7d2f3c1b5a41'

/** Objects that one shrinker could free of one cgroup, as its `count` says: the cgroup's inode, then a number a node. */
function reclaimable({ text }: Seen, shrinker: string, inode: string): number {
  const count = text(`${DIRECTORY}/${shrinker}/count`)
  if (count === undefined) throw new Error(`${shrinker} has no count`)
  if (!/^(?:\d+(?: \d+)+\n)*$/.test(count)) throw new Error(`no counts: ${count}`)
  const line = count.split('\n').find(line => line.startsWith(`${inode} `))
  return (line ?? '')
    .split(' ')
    .slice(1)
    .reduce((sum, number) => sum + Number(number), 0)
}

export default scenario({
  id: 'shrinker-debugfs',
  about:
    'names and inodes that a pod has looked at, counted for its cgroup by their shrinker, and freed by it on v2',
  boot: { name: 'quiet' },
  order: 4,
  needs: ['shrinker-debugfs'],
  guest: () => `
    container=$(pod ${POD} $(printf '%064d' 7))
    within "$container" find /sys/devices /sys/module /sys/fs/ext4 >/dev/null
    inode=$(stat -c %i "$container")
    shrinker=$(cd /${DIRECTORY} && ls -d sb-sysfs-*)
    echo "$shrinker $inode" >/run/asked
    looks() { look "$1"; keep "$1" /run/asked '/${DIRECTORY}/*/count'; }
    looks counted
    echo "$inode 0 1000000" 2>/run/refused >"/${DIRECTORY}/$shrinker/scan" || true
    looks scanned
    keep scanned /run/refused
    rmdir "$container"`,
  looks: () => ({ counted: { says: [] }, scanned: { says: [] } }),
  judgedLater: ['dentry-growth', 'unreclaimable-slab-growth'],
  made(look, seen) {
    const [shrinker = '', inode = ''] = (seen.text('run/asked') ?? '').trim().split(' ')
    const count = reclaimable(seen, shrinker, inode)
    if (look === 'counted') {
      if (count < 100) throw new Error(`${shrinker} counts ${count} for the pod, not hundreds`)
      return
    }
    // of a cgroup of v1 the kernel counts, and does not find it by its inode
    const refused = /No such file or directory/.test(seen.text('run/refused') ?? '')
    if (refused !== (seen.hierarchy === 'v1')) throw new Error(`refused: ${refused}, on ${seen.hierarchy}`)
    if (refused ? count < 100 : count > 10) throw new Error(`${count} are left`)
  },
})
