// Which versions of runtimes, kubelet and systemd the node has, from what is at hand: package lists, the runtime's own
// answer, files that carry a version in their name or text. No program is asked, and none read.

import type { Software } from '../case/kubelet.ts'
import { jsonOf, member, nameIn } from '../decode/pods/named.ts'
import {
  type Package,
  parseDpkgList,
  parseDpkgStatus,
  parseRpmList,
  parseRpmName,
} from '../decode/sys/packages.ts'
import type { Gap, Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const PACKAGES: ReadonlyMap<string, Software['name']> = new Map([
  ['runc', 'runc'],
  ['crun', 'crun'],
  ['containerd', 'containerd'],
  ['containerd.io', 'containerd'],
  ['docker', 'docker'],
  ['docker.io', 'docker'],
  ['docker-ce', 'docker'],
  ['docker-engine', 'docker'],
  ['moby-engine', 'docker'],
  ['cri-o', 'cri-o'],
  ['kubelet', 'kubelet'],
  ['systemd', 'systemd'],
  ['cadvisor', 'cadvisor'],
])
const WANTED: ReadonlySet<string> = new Set(PACKAGES.keys())

const DPKG_STATUS = 'var/lib/dpkg/status'
const DPKG_LIST = 'installed-debs'
const RPM_LIST = 'installed-rpms'
/** One directory a package, by first letter: `r/<hash>-runc-1.0.0-69.rc10.el7_9-x86_64`. */
const YUM_NOTES = ['c', 'd', 'k', 'm', 'r', 's'].map(letter => `var/lib/yum/yumdb/${letter}`)
const CRI_VERSION = 'cri/version.json'
const CRIO_VERSIONS = ['run/crio/version', 'var/lib/crio/version'] as const
/** Its shared library carries systemd's version (231 and later): `libsystemd-shared-252.so`. */
const SYSTEMD_LIBRARIES = [
  'usr/lib/systemd',
  'usr/lib64/systemd',
  'usr/lib/x86_64-linux-gnu/systemd',
  'usr/lib/aarch64-linux-gnu/systemd',
  'lib/systemd',
] as const

/** Runtimes as they call themselves (RuntimeName of VersionResponse). */
const RUNTIMES: ReadonlyMap<string, Software['name']> = new Map([
  ['containerd', 'containerd'],
  ['cri-o', 'cri-o'],
  ['docker', 'docker'],
])

const NAMES_LIMIT = 20_000

/** The first PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const INIT_PID_NAMESPACE = 'pid:[4026531836]'
const NAMESPACES = ['proc/self/ns/pid', 'proc/self/ns/mnt', 'proc/1/ns/mnt'] as const

/** Seen from a container, packages and files are those of its image. */
function inContainer(tree: Tree): boolean {
  if (tree.origin !== 'live') return false
  const [pid, own, first] = NAMESPACES.map(path => tree.link(path))
  if (typeof pid === 'string' && pid !== INIT_PID_NAMESPACE) return true
  return typeof own === 'string' && typeof first === 'string' && own !== first
}

export default collector({
  id: 'software',
  reads: [
    ...NAMESPACES,
    CRI_VERSION,
    DPKG_STATUS,
    DPKG_LIST,
    RPM_LIST,
    ...YUM_NOTES.map(dir => `${dir}/*`),
    ...CRIO_VERSIONS,
    ...SYSTEMD_LIBRARIES.map(dir => `${dir}/libsystemd-shared-*.so`),
  ],
  privilege: 'none',
  collect(tree) {
    const gaps: Gap[] = []
    const software: Software[] = []
    const text = (path: string): string | undefined => {
      const bytes = tree.read(path)
      if (!isGap(bytes)) return new TextDecoder().decode(bytes)
      if (bytes.why !== 'absent') gaps.push(bytes)
      return undefined
    }
    const json = (path: string): unknown => {
      const bytes = tree.read(path)
      return isGap(bytes) ? undefined : jsonOf(bytes)
    }
    const add = (
      path: string,
      how: Software['how'],
      name: Software['name'] | undefined,
      version?: string,
    ) => {
      if (name === undefined || version === undefined || !/^[\w.+~:^-]{1,200}$/.test(version)) return
      software.push({ path: tree.shown(path), name, version, how })
    }
    const packages = (path: string, found: readonly Package[]) => {
      for (const { name, version } of found) add(path, 'package', PACKAGES.get(name), version)
    }

    const cri = json(CRI_VERSION)
    const runtime = nameIn(member(cri, 'runtime_name') ?? member(cri, 'runtimeName'))
    const runtimeVersion = nameIn(member(cri, 'runtime_version') ?? member(cri, 'runtimeVersion'))
    add(CRI_VERSION, 'cri', RUNTIMES.get(runtime ?? ''), runtimeVersion)
    if (inContainer(tree)) return { software, gaps }

    packages(DPKG_STATUS, parseDpkgStatus(text(DPKG_STATUS) ?? '', WANTED))
    packages(DPKG_LIST, parseDpkgList(text(DPKG_LIST) ?? '', WANTED))
    packages(RPM_LIST, parseRpmList(text(RPM_LIST) ?? '', WANTED))
    for (const dir of YUM_NOTES) {
      const names = tree.list(dir)
      for (const entry of isGap(names) ? [] : names.slice(0, NAMES_LIMIT)) {
        const one = parseRpmName(entry.replace(/^[0-9a-f]{40}-/, ''))
        if (one !== undefined && WANTED.has(one.name)) packages(`${dir}/${entry}`, [one])
      }
    }
    for (const path of CRIO_VERSIONS) {
      const version = /^"?(\d[\w.+-]{0,100})"?\s*$/.exec(text(path) ?? '')?.[1]
      if (version === undefined) continue
      add(path, 'file', 'cri-o', version)
      break
    }
    if (!software.some(({ name }) => name === 'systemd')) {
      for (const dir of SYSTEMD_LIBRARIES) {
        const names = tree.list(dir)
        const library = isGap(names)
          ? undefined
          : names.find(name => /^libsystemd-shared-\d[\w.+~-]*\.so$/.test(name))
        if (library === undefined) continue
        add(`${dir}/${library}`, 'file', 'systemd', library.slice('libsystemd-shared-'.length, -'.so'.length))
        break
      }
    }
    return software.length === 0 ? { gaps } : { software, gaps }
  },
})
