// The BPF maps that processes hold open, and what the kernel says each takes: bpf_map_show_fdinfo of kernel/bpf/syscall.c.
// A map that is only pinned in a bpf filesystem, or used by a program alone, is held by nobody and is not found.

import type { BpfMap, BpfMapHolder } from '../case/case.ts'
import type { Memcg } from '../case/memcg.ts'
import { isGap, type Tree } from '../tree/tree.ts'
import { collector } from './collector.ts'

/** A descriptor costs some 13 µs to look at (measured on 6.18): only those of a few cgroups are, the ones with most to explain. */
const CGROUPS = 16
const PROCESSES = 64
const DESCRIPTORS = 2000

/** Less is what any container has: the least that bpf-memory tells. */
const LEAST = 16 * 1024 * 1024

/** What maps are in, where the kernel tells: v1 has one number for all kernel memory. */
function mapsMayBeIn({ stat, kmemUsage = 0 }: Memcg): number {
  const { vmalloc, percpu, slab_unreclaimable: slab } = stat ?? {}
  return vmalloc === undefined && percpu === undefined
    ? kmemUsage
    : Math.min(kmemUsage, (vmalloc ?? 0) + (percpu ?? 0) + (slab ?? 0))
}

export default collector({
  id: 'bpf-maps',
  reads: ['sys/fs/cgroup/**/cgroup.procs', 'proc/*/fdinfo/*'],
  privilege: 'root',
  after: ['memcg'],
  collect(tree, { sample }) {
    const { memcg } = sample
    if (memcg === undefined) return {}
    const most = memcg.memcgs
      .filter(({ pod, ownTasks, limit = Infinity }) =>
        pod.level === 'container'
          ? ownTasks !== false
          : ownTasks === true && pod.podUid === undefined && limit < Infinity,
      )
      .map(one => ({ one, bytes: mapsMayBeIn(one) }))
      .filter(({ bytes }) => bytes >= LEAST)
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, CGROUPS)
    const budget = { descriptors: DESCRIPTORS }
    const bpfMaps = most.map(({ one }) => holderOf(tree, `${memcg.at}${one.path}`, one.path, budget))
    return bpfMaps.length === 0 ? {} : { sample: { bpfMaps } }
  },
})

function holderOf(tree: Tree, dir: string, memcg: string, budget: { descriptors: number }): BpfMapHolder {
  const maps = new Map<number, BpfMap>()
  let unread: string | undefined
  const procs = tree.read(`${dir}/cgroup.procs`)
  if (isGap(procs)) unread = procs.path
  const pids = isGap(procs) ? [] : (new TextDecoder().decode(procs).match(/^\d{1,10}$/gm) ?? [])
  if (pids.length > PROCESSES) unread ??= tree.shown(`${dir}/cgroup.procs`)
  for (const pid of pids.slice(0, PROCESSES)) {
    const names = tree.list(`proc/${pid}/fdinfo`)
    if (isGap(names)) {
      // A process may have ended since; of a copy its descriptors were not kept.
      if (tree.origin !== 'live' || names.why === 'denied') unread ??= names.path
      continue
    }
    for (const name of names.slice(0, budget.descriptors)) {
      const path = `proc/${pid}/fdinfo/${name}`
      const info = tree.peek(path)
      if (isGap(info)) continue
      const map = mapOf(new TextDecoder().decode(info.subarray(0, 2000)), tree.shown(path))
      if (map !== undefined && !maps.has(map.id)) maps.set(map.id, map)
    }
    if (names.length > budget.descriptors) unread ??= tree.shown(`proc/${pid}/fdinfo`)
    budget.descriptors -= Math.min(budget.descriptors, names.length)
  }
  return {
    memcg,
    maps: [...maps.values()].sort((a, b) => b.memlock - a.memlock),
    ...(unread === undefined ? {} : { unread: { path: unread } }),
  }
}

/** `map_id:` is there since 4.18, `memlock:` since 4.10. */
function mapOf(text: string, path: string): BpfMap | undefined {
  const memlock = /^memlock:\s*(\d{1,15})$/m.exec(text)?.[1]
  const id = /^map_id:\s*(\d{1,10})$/m.exec(text)?.[1]
  return memlock === undefined || id === undefined
    ? undefined
    : { path, id: Number(id), memlock: Number(memlock) }
}
