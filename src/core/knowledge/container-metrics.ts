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
  /** What it was before, and where; `root`: of the root of v2. */
  readonly history: { readonly v1?: Bilingual; readonly v2?: Bilingual; readonly root?: Bilingual }
}

const SINCE_31: Bilingual = { en: 'Since cAdvisor v0.31.', zh: '始于 cAdvisor v0.31。' }
const SINCE_50: Bilingual = { en: 'Since cAdvisor v0.50.', zh: '始于 cAdvisor v0.50。' }
const ZERO_BEFORE_39: Bilingual = {
  en: 'Before cAdvisor v0.39 it was 0.',
  zh: 'cAdvisor v0.39 之前为 0。',
}

export const containerMetricRows: readonly ContainerMetric[] = [
  {
    id: 'usage',
    name: 'container_memory_usage_bytes',
    unit: 'bytes',
    formula: { v1: 'memory.usage_in_bytes', v2: 'memory.current' },
    history: {
      root: {
        en: 'Of the root, which has no memory.current, libcontainer up to 1.1.8 says MemTotal - MemFree, from 1.1.9 (cAdvisor v0.48) anon + file.',
        zh: '根没有 memory.current：libcontainer 1.1.8 及以前取 MemTotal - MemFree，1.1.9 起（cAdvisor v0.48）取 anon + file。',
      },
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
      v1: {
        en: 'Up to cAdvisor v0.23.6 total_inactive_anon was subtracted, too.',
        zh: 'cAdvisor v0.23.6 及以前还会减去 total_inactive_anon。',
      },
      v2: {
        en: 'Before cAdvisor v0.37 nothing was subtracted.',
        zh: 'cAdvisor v0.37 之前什么也不减。',
      },
    },
  },
  {
    id: 'rss',
    name: 'container_memory_rss',
    unit: 'bytes',
    formula: { v1: 'total_rss', v2: 'anon' },
    history: {
      v1: {
        en: 'Before cAdvisor v0.27 rss, without the cgroups below.',
        zh: 'cAdvisor v0.27 之前取 rss，不含下级 cgroup。',
      },
      v2: ZERO_BEFORE_39,
    },
  },
  {
    id: 'cache',
    name: 'container_memory_cache',
    unit: 'bytes',
    formula: { v1: 'total_cache', v2: 'file' },
    history: {
      v1: {
        en: 'Before cAdvisor v0.31 cache, without the cgroups below.',
        zh: 'cAdvisor v0.31 之前取 cache，不含下级 cgroup。',
      },
      v2: ZERO_BEFORE_39,
    },
  },
  {
    id: 'mappedFile',
    name: 'container_memory_mapped_file',
    unit: 'bytes',
    formula: { v1: 'total_mapped_file', v2: 'file_mapped' },
    history: { v1: SINCE_31, v2: ZERO_BEFORE_39 },
  },
  {
    id: 'swap',
    name: 'container_memory_swap',
    unit: 'bytes',
    formula: { v1: 'total_swap', v2: 'memory.swap.current' },
    history: {
      v1: {
        en: 'Since cAdvisor v0.24; before v0.27 swap, without the cgroups below.',
        zh: '始于 cAdvisor v0.24；v0.27 之前取 swap，不含下级 cgroup。',
      },
      v2: {
        en: 'cAdvisor v0.40 to v0.42 gives memory and swap together.',
        zh: 'cAdvisor v0.40 至 v0.42 给出的是内存与 swap 之和。',
      },
      root: {
        en: 'Of the root cAdvisor v0.43 to v0.47 (libcontainer 1.0.2 to 1.1.8) gives some 1.8e19: it subtracts what was not added.',
        zh: '对根，cAdvisor v0.43 至 v0.47（libcontainer 1.0.2 至 1.1.8）给出约 1.8e19：减去了并未加上的部分。',
      },
    },
  },
  {
    id: 'maxUsage',
    name: 'container_memory_max_usage_bytes',
    unit: 'bytes',
    formula: { v1: 'memory.max_usage_in_bytes', v2: 'memory.peak' },
    history: {
      v1: { en: 'Since cAdvisor v0.28.', zh: '始于 cAdvisor v0.28。' },
      v2: {
        en: '0 without memory.peak (kernel 5.19), and with libcontainer before 1.1.11 (cAdvisor v0.49).',
        zh: '没有 memory.peak（内核 5.19）时为 0，libcontainer 早于 1.1.11（cAdvisor v0.49）时也为 0。',
      },
    },
  },
  {
    id: 'failcnt',
    name: 'container_memory_failcnt',
    unit: 'count',
    formula: { v1: 'memory.failcnt', v2: '0' },
    history: {
      v2: {
        en: 'Always 0; from cAdvisor v0.57 on container_memory_events_max_total counts the same.',
        zh: '总是 0；cAdvisor v0.57 起由 container_memory_events_max_total 统计同一内容。',
      },
    },
  },
  {
    id: 'kernelUsage',
    name: 'container_memory_kernel_usage',
    unit: 'bytes',
    formula: { v1: 'memory.kmem.usage_in_bytes', v2: '0' },
    history: {
      v1: { en: 'Since cAdvisor v0.48.', zh: '始于 cAdvisor v0.48。' },
      v2: {
        en: 'Always 0: libcontainer does not fill it, though memory.stat has kernel (5.18).',
        zh: '总是 0：libcontainer 不填写它，尽管 memory.stat 里有 kernel（5.18）。',
      },
    },
  },
  {
    id: 'activeFile',
    name: 'container_memory_total_active_file_bytes',
    unit: 'bytes',
    formula: { v1: 'total_active_file', v2: 'active_file' },
    history: { v1: SINCE_50, v2: SINCE_50 },
  },
  {
    id: 'inactiveFile',
    name: 'container_memory_total_inactive_file_bytes',
    unit: 'bytes',
    formula: { v1: 'total_inactive_file', v2: 'inactive_file' },
    history: { v1: SINCE_50, v2: SINCE_50 },
  },
]
