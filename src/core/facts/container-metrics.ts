// The container_memory_* values that cAdvisor and the kubelet make of a memory cgroup's files: setMemoryStats of
// cAdvisor's container/libcontainer/handler.go (v0.60 and before: what changed when is in knowledge/container-metrics.ts),
// fed by libcontainer's cgroups/fs/memory.go and fs2/memory.go. containerd's and CRI-O's ListContainerStats give the same
// usage, working set and rss.

import type { Memcg, MemcgTree } from '../case/memcg.ts'

/**
 * Bytes, counts where named so; undefined: not to be had of what was read. Where the kernel has no such file cAdvisor
 * exports 0 (maxUsage of v2 before 5.19, failcnt and kernelUsage of v2): that is no measurement, and is undefined here.
 */
export interface ContainerMetrics {
  /** container_memory_usage_bytes */
  readonly usage?: number
  /** container_memory_working_set_bytes: what the kubelet evicts by, and `kubectl top` and the autoscalers show. */
  readonly workingSet?: number
  /** container_memory_rss: anonymous memory; not the RSS of processes. */
  readonly rss?: number
  /** container_memory_cache: page cache, tmpfs included. */
  readonly cache?: number
  /** container_memory_mapped_file */
  readonly mappedFile?: number
  /** container_memory_swap */
  readonly swap?: number
  /** container_memory_max_usage_bytes */
  readonly maxUsage?: number
  /** container_memory_failcnt: v1 only; a count. */
  readonly failcnt?: number
  /** container_memory_kernel_usage: v1 only. For kernel memory itself see `kmemUsage` of Memcg. */
  readonly kernelUsage?: number
  /** container_memory_total_active_file_bytes and container_memory_total_inactive_file_bytes. */
  readonly activeFile?: number
  readonly inactiveFile?: number
  /** container_memory_failures_total: page faults; of this cgroup alone on v1, of all below it on v2; a count. */
  readonly pageFaults?: number
  readonly majorPageFaults?: number
  /** container_memory_file_dirty_bytes and _file_writeback_bytes: v2 only. */
  readonly fileDirty?: number
  readonly fileWriteback?: number
  /** container_memory_events_max_total and _high_total: v2 only; counts. */
  readonly eventsMax?: number
  readonly eventsHigh?: number
}

/**
 * The values for one cgroup of a hierarchy. The root of v2 has no memory.current: nearly all is undefined there
 * (`nodeMetrics` has what libcontainer puts in its place). The root of v1 has values, but they leave kernel memory out.
 */
export function containerMetrics(version: MemcgTree['version'], memcg: Memcg): ContainerMetrics {
  const { usage, peak, failcnt, kmemUsage, swapUsage, stat = {}, events = {} } = memcg
  const v1 = version === 'v1'
  // v1: of the subtree, which is this cgroup alone where use_hierarchy is 0 (mem_cgroup_iter).
  const inactiveFile = stat[v1 ? 'total_inactive_file' : 'inactive_file']
  const metrics: { -readonly [K in keyof ContainerMetrics]: ContainerMetrics[K] | undefined } = {
    usage,
    // Every kernel prints inactive_file: where it is not there the copy is cut, and usage alone would be too much.
    workingSet:
      usage === undefined || inactiveFile === undefined ? undefined : Math.max(0, usage - inactiveFile),
    rss: stat[v1 ? 'total_rss' : 'anon'],
    cache: stat[v1 ? 'total_cache' : 'file'],
    mappedFile: stat[v1 ? 'total_mapped_file' : 'file_mapped'],
    swap: v1 ? stat['total_swap'] : swapUsage,
    maxUsage: peak,
    failcnt: v1 ? failcnt : undefined,
    kernelUsage: v1 ? kmemUsage : undefined,
    activeFile: stat[v1 ? 'total_active_file' : 'active_file'],
    inactiveFile,
    pageFaults: stat['pgfault'],
    majorPageFaults: stat['pgmajfault'],
    fileDirty: v1 ? undefined : stat['file_dirty'],
    fileWriteback: v1 ? undefined : stat['file_writeback'],
    eventsMax: v1 ? undefined : events['max'],
    eventsHigh: v1 ? undefined : events['high'],
  }
  const known: { -readonly [K in keyof ContainerMetrics]: ContainerMetrics[K] } = {}
  for (const key of Object.keys(metrics) as (keyof ContainerMetrics)[]) {
    const value = metrics[key]
    if (value !== undefined) known[key] = value
  }
  return known
}
