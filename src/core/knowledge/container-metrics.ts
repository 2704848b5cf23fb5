// The container_memory_* metrics: of which files they are made, and what that was in older versions. Read in cAdvisor's
// setMemoryStats at every tag from v0.19.1 to v0.60.5, and in libcontainer's cgroups/fs and fs2 from 1.0.0-rc10 to the
// module opencontainers/cgroups.

import type { Bilingual } from './bilingual.ts'

export type MetricId =
  | 'usage'
  | 'workingSet'
  | 'rss'
  | 'cache'
  | 'mappedFile'
  | 'swap'
  | 'maxUsage'
  | 'failcnt'
  | 'kernelUsage'
  | 'activeFile'
  | 'inactiveFile'

export interface ContainerMetric {
  readonly id: MetricId
  readonly name: string
  readonly unit: 'bytes' | 'count'
  /** In files and keys of memory.stat, or 0 where cAdvisor has nothing to read. */
  readonly formula: { readonly v1: string; readonly v2: string }
  /** What it was before, and where. */
  readonly history?: Bilingual
}

export const containerMetricRows: readonly ContainerMetric[] = [
  {
    id: 'usage',
    name: 'container_memory_usage_bytes',
    unit: 'bytes',
    formula: { v1: 'memory.usage_in_bytes', v2: 'memory.current' },
    history: {
      en: 'The root of v2 has no memory.current: libcontainer up to 1.1.8 takes MemTotal - MemFree, from 1.1.9 (cAdvisor v0.48) anon + file.',
      zh: 'v2 的根没有 memory.current：libcontainer 1.1.8 及以前取 MemTotal - MemFree，1.1.9 起（cAdvisor v0.48）取 anon + file。',
    },
  },
  {
    id: 'workingSet',
    name: 'container_memory_working_set_bytes',
    unit: 'bytes',
    formula: {
      v1: 'max(0, memory.usage_in_bytes - total_inactive_file)',
      v2: 'max(0, memory.current - inactive_file)',
    },
    history: {
      en: 'Up to cAdvisor v0.23.6 total_inactive_anon was subtracted, too. On v2 nothing was subtracted before v0.37.',
      zh: 'cAdvisor v0.23.6 及以前还会减去 total_inactive_anon。在 v2 上，v0.37 之前什么也不减。',
    },
  },
  {
    id: 'rss',
    name: 'container_memory_rss',
    unit: 'bytes',
    formula: { v1: 'total_rss', v2: 'anon' },
    history: {
      en: 'Before cAdvisor v0.27 rss: without the cgroups below. On v2 it was 0 before v0.39.',
      zh: 'cAdvisor v0.27 之前取 rss，不含下级 cgroup。在 v2 上，v0.39 之前为 0。',
    },
  },
  {
    id: 'cache',
    name: 'container_memory_cache',
    unit: 'bytes',
    formula: { v1: 'total_cache', v2: 'file' },
    history: {
      en: 'Before cAdvisor v0.31 cache: without the cgroups below. On v2 it was 0 before v0.39.',
      zh: 'cAdvisor v0.31 之前取 cache，不含下级 cgroup。在 v2 上，v0.39 之前为 0。',
    },
  },
  {
    id: 'mappedFile',
    name: 'container_memory_mapped_file',
    unit: 'bytes',
    formula: { v1: 'total_mapped_file', v2: 'file_mapped' },
    history: {
      en: 'Since cAdvisor v0.31; on v2 it was 0 before v0.39.',
      zh: '始于 cAdvisor v0.31；在 v2 上，v0.39 之前为 0。',
    },
  },
  {
    id: 'swap',
    name: 'container_memory_swap',
    unit: 'bytes',
    formula: { v1: 'total_swap', v2: 'memory.swap.current' },
    history: {
      en: 'Since cAdvisor v0.24. On v2 v0.40 to v0.42 gave memory and swap together; for the root of v2 libcontainer 1.0.0-rc94 to 1.1.8 makes it wrap to some 1.8e19 (v0.43 to v0.47).',
      zh: '始于 cAdvisor v0.24。在 v2 上，v0.40 至 v0.42 给出的是内存与 swap 之和；对 v2 的根，libcontainer 1.0.0-rc94 至 1.1.8 会使它回绕成约 1.8e19（v0.43 至 v0.47）。',
    },
  },
  {
    id: 'maxUsage',
    name: 'container_memory_max_usage_bytes',
    unit: 'bytes',
    formula: { v1: 'memory.max_usage_in_bytes', v2: 'memory.peak' },
    history: {
      en: 'Since cAdvisor v0.28. On v2 it is 0 without memory.peak (kernel 5.19) or with libcontainer before 1.1.11 (cAdvisor v0.49).',
      zh: '始于 cAdvisor v0.28。在 v2 上，没有 memory.peak（内核 5.19）或 libcontainer 早于 1.1.11（cAdvisor v0.49）时为 0。',
    },
  },
  {
    id: 'failcnt',
    name: 'container_memory_failcnt',
    unit: 'count',
    formula: { v1: 'memory.failcnt', v2: '0' },
    history: {
      en: 'On v2 always 0; cAdvisor v0.57 has container_memory_events_max_total instead.',
      zh: '在 v2 上总是 0；cAdvisor v0.57 起另有 container_memory_events_max_total。',
    },
  },
  {
    id: 'kernelUsage',
    name: 'container_memory_kernel_usage',
    unit: 'bytes',
    formula: { v1: 'memory.kmem.usage_in_bytes', v2: '0' },
    history: {
      en: 'Since cAdvisor v0.48. On v2 libcontainer does not fill it: 0, though memory.stat has kernel (5.18).',
      zh: '始于 cAdvisor v0.48。在 v2 上 libcontainer 不填写，总是 0，尽管 memory.stat 里有 kernel（5.18）。',
    },
  },
  {
    id: 'activeFile',
    name: 'container_memory_total_active_file_bytes',
    unit: 'bytes',
    formula: { v1: 'total_active_file', v2: 'active_file' },
    history: { en: 'Since cAdvisor v0.50.', zh: '始于 cAdvisor v0.50。' },
  },
  {
    id: 'inactiveFile',
    name: 'container_memory_total_inactive_file_bytes',
    unit: 'bytes',
    formula: { v1: 'total_inactive_file', v2: 'inactive_file' },
    history: { en: 'Since cAdvisor v0.50.', zh: '始于 cAdvisor v0.50。' },
  },
]
