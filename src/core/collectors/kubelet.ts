// The kubelet's settings, from the arguments of its process and from the configuration file they name, or one where
// distributions keep it.

import type { Kubelet, Threshold } from '../case/kubelet.ts'
import {
  decodeKubeletConfig,
  type KubeletSettings,
  kubeletArguments,
  type Quantity,
} from '../decode/kubelet/config.ts'
import type { Gap, Tree } from '../tree/tree.ts'
import { isGap } from '../tree/tree.ts'
import { collector } from './collector.ts'
import { DAEMON_FILES, findDaemons } from './daemons.ts'

/** kubeadm and most others; EKS; GKE; OpenShift. */
const CONFIGS = [
  'var/lib/kubelet/config.yaml',
  'etc/kubernetes/kubelet/config.json',
  'etc/kubernetes/kubelet/kubelet-config.json',
  'home/kubernetes/kubelet-config.yaml',
  'etc/kubernetes/kubelet.conf',
] as const

/** Files of a --config-dir, which the kubelet reads in their order (1.28). */
const DROP_IN = /^[\w.-]{1,200}\.conf$/
const DROP_INS_LIMIT = 100

/** A path of the arguments as one of the Tree; undefined where no configuration file can be. */
function placeOf(path: string): string | undefined {
  const inside = path.replace(/^\/+/, '')
  if (inside === path || /(?:^|\/)\.\.(?:\/|$)/.test(inside) || /^(?:proc|sys|dev)(?:\/|$)/.test(inside))
    return undefined
  return inside
}

const THRESHOLDS = ['evictionHard', 'evictionSoft', 'systemReserved', 'kubeReserved'] as const

export default collector({
  id: 'kubelet',
  reads: [...DAEMON_FILES, ...CONFIGS, 'etc/kubernetes/kubelet/config.json.d/*.conf'],
  privilege: 'root',
  collect(tree) {
    const gaps: Gap[] = []
    const daemon = findDaemons(tree, new Set(['kubelet'])).get('kubelet')
    const {
      settings: given,
      config,
      configDirectory,
    } = daemon === undefined ? kubeletArguments([]) : kubeletArguments(daemon.words)
    let settings: Record<string, unknown> = {}
    let path: string | undefined
    let unread: string | undefined
    const take = (found: KubeletSettings, from: string) => {
      const shown = tree.shown(from)
      const withPath = THRESHOLDS.flatMap(key => {
        const quantity: Quantity | undefined = found[key]
        const threshold: Threshold | undefined =
          quantity === undefined ? undefined : { path: shown, ...quantity }
        return threshold === undefined ? [] : [[key, threshold] as const]
      })
      settings = { ...settings, ...found, ...Object.fromEntries(withPath) }
      path ??= shown
    }
    const named = config === undefined ? undefined : placeOf(config)
    for (const place of daemon === undefined ? CONFIGS : named === undefined ? [] : [named]) {
      const bytes = tree.read(place)
      const found = isGap(bytes) ? undefined : decodeKubeletConfig(bytes)
      if (found !== undefined) {
        take(found, place)
        break
      }
      if (daemon === undefined && (!isGap(bytes) || bytes.why === 'absent')) continue
      unread = tree.shown(place)
      gaps.push(isGap(bytes) ? bytes : { path: unread, why: 'unreadable', detail: 'no KubeletConfiguration' })
    }
    for (const place of dropIns(tree, configDirectory, gaps)) {
      const bytes = tree.read(place)
      const found = isGap(bytes) ? undefined : decodeKubeletConfig(bytes, true)
      if (found !== undefined) take(found, place)
      else if (isGap(bytes)) gaps.push(bytes)
    }
    if (daemon !== undefined) take(given, daemon.path)
    if (path === undefined && unread === undefined) return { gaps }
    const kubelet: Kubelet = {
      ...settings,
      path: path ?? unread ?? '',
      ...(unread === undefined ? {} : { unread }),
    }
    return { kubelet, gaps }
  },
})

function dropIns(tree: Tree, directory: string | undefined, gaps: Gap[]): readonly string[] {
  const place = directory === undefined ? undefined : placeOf(directory)?.replace(/\/+$/, '')
  if (place === undefined) return []
  const names = tree.list(place)
  if (isGap(names)) {
    gaps.push(names)
    return []
  }
  return names
    .filter(name => DROP_IN.test(name))
    .sort()
    .slice(0, DROP_INS_LIMIT)
    .map(name => `${place}/${name}`)
}
