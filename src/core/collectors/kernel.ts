// Which kernel, distribution and machine this is: /proc/version, /proc/sys/kernel, /proc/uptime (proc(5)),
// os-release(5), hostname(5).

import type { NodeIdentity } from '../case/case.ts'
import { parseVersion } from '../decode/proc/version.ts'
import { parseOsRelease } from '../decode/sys/os-release.ts'
import type { Gap } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'

const VERSION = 'proc/version'
const RELEASE = 'proc/sys/kernel/osrelease'
const HOSTNAMES = ['proc/sys/kernel/hostname', 'etc/hostname'] as const
const BOOT_ID = 'proc/sys/kernel/random/boot_id'
const UPTIME = 'proc/uptime'
/** The first is often a link to the second, which a saved directory may not have. */
const OS_RELEASES = ['etc/os-release', 'usr/lib/os-release'] as const

/** The first word of a one-line file. */
function word(text: string | undefined): string | undefined {
  const found = text?.trim().split(/\s/)[0]
  return found === undefined || found === '' ? undefined : found.slice(0, 256)
}

export default collector({
  id: 'kernel',
  reads: [VERSION, RELEASE, ...HOSTNAMES, BOOT_ID, UPTIME, ...OS_RELEASES],
  privilege: 'none',
  collect(tree) {
    const gaps: Gap[] = []
    const decoder = new TextDecoder()
    const read = (path: string): string | undefined => {
      const bytes = tree.read(path)
      return isGap(bytes) ? undefined : decoder.decode(bytes)
    }
    const first = (paths: readonly string[]): string | undefined => {
      for (const path of paths) {
        const text = read(path)
        if (text !== undefined && text.trim() !== '') return text
      }
      return undefined
    }
    const node: { -readonly [K in keyof NodeIdentity]: NodeIdentity[K] } = {}

    const version = tree.read(VERSION)
    const banner = isGap(version) ? undefined : parseVersion(decoder.decode(version))
    const release = banner ?? word(read(RELEASE))
    if (release !== undefined) {
      node.kernel = release
      node.kernelFrom = { path: tree.shown(banner === undefined ? RELEASE : VERSION) }
    } else {
      gaps.push(
        isGap(version)
          ? version
          : { path: tree.shown(VERSION), why: 'unreadable', detail: 'no "Linux version"' },
      )
    }

    const osRelease = parseOsRelease(first(OS_RELEASES) ?? '')
    const distribution = osRelease['PRETTY_NAME'] ?? osRelease['NAME']
    if (distribution !== undefined) node.distribution = distribution
    if (osRelease['ID'] !== undefined) node.distributionId = osRelease['ID']
    if (distribution === undefined) gaps.push({ path: tree.shown(OS_RELEASES[0]), why: 'absent' })

    const hostname = word(first(HOSTNAMES))
    if (hostname !== undefined) node.hostname = hostname
    const bootId = word(read(BOOT_ID))
    if (bootId !== undefined) node.bootId = bootId
    const uptime = word(read(UPTIME))
    if (uptime !== undefined && /^\d{1,12}(?:\.\d+)?$/.test(uptime)) node.uptimeSeconds = Number(uptime)
    return { node, gaps }
  },
})
