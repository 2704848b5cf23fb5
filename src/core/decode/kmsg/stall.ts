// A task that was blocked for minutes (kernel/hung_task.c), a CPU that did not schedule (kernel/watchdog.c): the heads,
// and the functions of the kernel's memory code by which such a report is one about memory.

import type { MemoryStall } from './report.ts'

export interface StallHead {
  readonly stall: 'hung-task' | 'soft-lockup'
  readonly comm: string
  readonly pid: number
  readonly cpu?: number
  readonly seconds: number
}

export const STALL_HEADS = /blocked for more than \d|soft lockup - CPU#/

const HUNG_TASK =
  /^\s*INFO: task (.{1,32}):(\d{1,10}) blocked(?: in I\/O wait)? for more than (\d{1,9}) seconds\.?/
const SOFT_LOCKUP =
  /^\s*(?:watchdog: )?BUG: soft lockup - CPU#(\d{1,5}) stuck for (\d{1,9})s! \[(.{1,32}):(\d{1,10})\]/

export function parseStallHead(text: string): StallHead | undefined {
  const hung = HUNG_TASK.exec(text)
  if (hung) return { stall: 'hung-task', comm: hung[1] ?? '', pid: Number(hung[2]), seconds: Number(hung[3]) }
  const lockup = SOFT_LOCKUP.exec(text)
  return lockup
    ? {
        stall: 'soft-lockup',
        comm: lockup[3] ?? '',
        pid: Number(lockup[4]),
        cpu: Number(lockup[1]),
        seconds: Number(lockup[2]),
      }
    : undefined
}

/** Names begin so; `$` where the name is all of it. Plain allocation (kmalloc, alloc_pages) is no sign: all code allocates. */
const AREAS: readonly (readonly [MemoryStall['area'], RegExp])[] = [
  [
    'memcg',
    /^(?:_{0,2}mem_cgroup_|_{0,2}memcg_|memory_(?:stat|numa_stat)_|try_charge|drain_all_stock|drain_local_stock|refill_stock|obj_cgroup_|cgroup_(?:mkdir|rmdir|kn_lock|lock_and_drain|destroy|apply_control|procs_write|tasks_write|attach|release_agent|rstat_flush)|_{0,2}cgroup_procs_write|css_(?:free|killed|release)|inode_switch_wbs|cgwb_|mem_cgroup$)/,
  ],
  [
    'slab',
    /^(?:slab_show|s_show$|s_start$|slab_start|slab_stop|memcg_slab|cache_show|kmem_cache_(?:destroy|create|shrink)|_{0,2}kmem_cache_(?:shrink|shutdown|do_shrink|create)|shutdown_cache|slab_caches_to_rcu|kmemcg_|slab_mem_|flush_all_cpus_locked|flush_all$|sysfs_slab_|drain_cpu_caches|cache_reap)/,
  ],
  [
    'reclaim',
    /^(?:do_shrink_slab|shrink_(?:slab|node|zone|lruvec|list|inactive|active|page_list|folio_list|dentry_list|dcache|one|many|all)|evict_folios|prune_(?:dcache|icache)_sb|super_cache_(?:scan|count)|(?:do_)?try_to_free_(?:pages|mem_cgroup)|balance_pgdat|_{0,2}alloc_pages_(?:slowpath|direct)|_{0,2}alloc_pages_may_oom|drain_(?:all|local)_pages|_{0,2}drain_all_pages|reclaim_throttle|throttle_(?:direct_reclaim|vm_writeout)|too_many_isolated|compact_zone|try_to_compact|isolate_(?:migratepages|freepages|lru_)|out_of_memory|oom_kill_process|lru_add_drain_all|_{0,2}lru_add_drain|unregister_shrinker|shrinker_free|register_shrinker|kswapd$|wb_stat_error)/,
  ],
]

/** Of which part of the memory code a function is; undefined: of none. */
export function memoryAreaOf(name: string): MemoryStall['area'] | undefined {
  // compilers put pieces of a function aside: shrink_slab.part.60, try_charge.constprop.0
  const bare = name.replace(/^__pfx_/, '').replace(/\.(?:part|constprop|isra|cold|llvm)\b.*$/, '')
  return AREAS.find(([, pattern]) => pattern.test(bare))?.[0]
}
