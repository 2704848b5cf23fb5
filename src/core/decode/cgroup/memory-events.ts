// Events of a memory cgroup: v2 memory.events (Documentation/admin-guide/cgroup-v2.rst), v1 memory.oom_control
// (Documentation/admin-guide/cgroup-v1/memory.rst; `oom_kill` since 4.13).

import { decodeStat } from './memory-stat.ts'

/** `low high max oom oom_kill …` of v2. */
export function decodeMemoryEvents(bytes: Uint8Array): Record<string, number> {
  return decodeStat(bytes)
}

/** `oom_kill_disable under_oom oom_kill` of v1. */
export function decodeOomControl(bytes: Uint8Array): Record<string, number> {
  return decodeStat(bytes)
}
