// Ordinary lines of a node's kernel and daemons, none of them about memory, in the dresses logs come in. Made up from
// what such lines look like; the same seed gives the same lines.

/** @typedef {{ text: string, tag?: string, seconds: number, seq: number }} NoiseRecord */

const KERNEL = [
  'IPVS: rr: TCP 10.0.#.#:443 - no destination available',
  'cbr0: port #(veth#) entered blocking state',
  'cni0: port #(veth#) entered disabled state',
  'device veth# entered promiscuous mode',
  'IPv6: ADDRCONF(NETDEV_CHANGE): eth#: link becomes ready',
  'EXT4-fs (dm-#): mounted filesystem with ordered data mode. Opts: (null)',
  'nfs: server 10.#.#.7 not responding, still trying',
  'audit: type=1400 audit(17958#.#:99): apparmor="DENIED" operation="open" profile="cri-containerd.apparmor.d" name="/proc/sys/net/#" pid=# comm="runc"',
  'scsi host#: iscsi: conn error (#)',
  'TCP: request_sock_TCP: Possible SYN flooding on port #. Sending cookies.  Check SNMP counters.',
  'perf: interrupt took too long (# > #), lowering kernel.perf_event_max_sample_rate to #',
  'usb #-1: new high-speed USB device number # using xhci_hcd',
  'hrtimer: interrupt took # ns',
  'XFS (dm-#): Ending clean mount',
  'ixgbe 0000:3b:00.# eno#: NIC Link is Up 10 Gbps, Flow Control: RX/TX',
  'process `runc:[#:INIT]` used the deprecated sysctl system call with #.#.',
]

/** @type {readonly (readonly [tag: string, text: string])[]} */
const DAEMONS = [
  ['kubelet[#]', 'I1123 17:13:32.#    # kubelet.go:#] SyncLoop (PLEG): event for pod "app-#_default(#)"'],
  ['containerd[#]', 'time="2026-11-23T17:13:32.#Z" level=info msg="shim disconnected" id=#a#c#'],
  ['systemd[1]', 'Started Session # of user core.'],
  ['systemd[1]', 'dev-disk-by\\x2duuid-#.device: Job timed out'],
  ['sshd[#]', 'Accepted publickey for core from 10.2.#.# port # ssh2'],
  ['CRON[#]', 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)'],
  ['chronyd[#]', 'Selected source 10.#.#.1 (ntp-#.example.net)'],
  [
    'dockerd[#]',
    'time="2026-11-23T17:13:32.#Z" level=warning msg="Health check for container # error: 日志 #"',
  ],
]

/** Numbers from 0 up to (not including) `below`, the same for the same seed. */
export function randomOf(/** @type {number} */ seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0
  return (/** @type {number} */ below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}

/**
 * Records without end; `daemons`: so many in a hundred are not the kernel's.
 * @param {number} seed
 * @param {number} daemons
 * @returns {Generator<NoiseRecord, never>}
 */
export function* noise(seed, daemons = 0) {
  const random = randomOf(seed)
  const filled = (/** @type {string} */ text) => text.replace(/#/g, () => String(random(60_000)))
  let seconds = 100
  for (let seq = 1000; ; seq += 1) {
    seconds += random(10_000) / 1e5
    const [tag, said] = DAEMONS[random(DAEMONS.length)] ?? ['', '']
    const text = KERNEL[random(KERNEL.length)] ?? ''
    yield random(100) < daemons
      ? { text: filled(said), tag: filled(tag), seconds, seq }
      : { text: filled(text), seconds, seq }
  }
}

const START = Date.UTC(2026, 10, 23, 17, 13, 32)
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const DAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ')

/**
 * A date of the node's clock in parts.
 * @param {number} seconds
 */
function wall(seconds) {
  const date = new Date(START + seconds * 1000)
  const iso = date.toISOString()
  return {
    iso,
    time: iso.slice(11, 19),
    day: String(date.getUTCDate()).padStart(2),
    month: MONTHS[date.getUTCMonth()] ?? '',
    weekday: DAYS[date.getUTCDay()] ?? '',
  }
}

const boot = (/** @type {NoiseRecord} */ { seconds }) => `[${seconds.toFixed(6).padStart(12)}] `

/** @type {Readonly<Record<string, (record: NoiseRecord) => string>>} */
export const NOISE_DRESSES = {
  dmesg: record => boot(record) + record.text,
  'dmesg -T': record => {
    const { weekday, month, day, time } = wall(record.seconds)
    return `[${weekday} ${month} ${day} ${time} 2026] ${record.text}`
  },
  rsyslog: record => {
    const { month, day, time } = wall(record.seconds)
    return `${month} ${day} ${time} node-1 ${record.tag ?? `kernel: ${boot(record)}`.trimEnd()}${record.tag === undefined ? ' ' : ': '}${record.text}`
  },
  'journalctl -o short-iso': record =>
    `${wall(record.seconds).iso.slice(0, 19)}+0000 node-1 ${record.tag ?? 'kernel'}: ${record.text}`,
  '/dev/kmsg': record => {
    const line = `6,${record.seq},${Math.round(record.seconds * 1e6)},-;${record.text}`
    return record.seq % 16 === 0 ? `${line}\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.${record.seq % 8}` : line
  },
}
