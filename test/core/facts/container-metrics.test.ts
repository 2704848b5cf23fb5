import { describe, expect, it } from 'vitest'
import type { Memcg } from '../../../src/core/case/memcg.ts'
import { containerMetrics } from '../../../src/core/facts/container-metrics.ts'
import { containerMetricRows } from '../../../src/core/knowledge/container-metrics.ts'

const memcg = (more: Partial<Memcg>): Memcg => ({ path: '/p', dir: '/sys/fs/cgroup/p', pod: {}, ...more })

describe('containerMetrics', () => {
  it('are those of the subtree on v1', () => {
    const stat = {
      cache: 1,
      rss: 2,
      mapped_file: 3,
      swap: 4,
      inactive_file: 5,
      pgfault: 6,
      pgmajfault: 7,
      total_cache: 70,
      total_rss: 20,
      total_mapped_file: 30,
      total_swap: 40,
      total_inactive_file: 50,
      total_active_file: 15,
      total_pgfault: 60,
    }
    expect(
      containerMetrics('v1', memcg({ usage: 100, peak: 120, failcnt: 3, kmemUsage: 9, swapUsage: 1, stat })),
    ).toEqual({
      usage: 100,
      workingSet: 50,
      rss: 20,
      cache: 70,
      mappedFile: 30,
      swap: 40,
      maxUsage: 120,
      failcnt: 3,
      kernelUsage: 9,
      activeFile: 15,
      inactiveFile: 50,
      // of this cgroup alone, though exported under the scope hierarchy as well
      pageFaults: 6,
      majorPageFaults: 7,
    })
  })

  it('have on v2 no failcnt and no kernel usage', () => {
    const stat = {
      anon: 20,
      file: 70,
      kernel: 9,
      file_mapped: 30,
      file_dirty: 2,
      file_writeback: 1,
      inactive_file: 50,
      active_file: 15,
      pgfault: 6,
      pgmajfault: 7,
    }
    const read = memcg({
      usage: 100,
      peak: 120,
      failcnt: 3,
      kmemUsage: 9,
      swapUsage: 40,
      stat,
      events: { max: 3, high: 8 },
    })
    expect(containerMetrics('v2', read)).toEqual({
      usage: 100,
      workingSet: 50,
      rss: 20,
      cache: 70,
      mappedFile: 30,
      swap: 40,
      maxUsage: 120,
      activeFile: 15,
      inactiveFile: 50,
      pageFaults: 6,
      majorPageFaults: 7,
      fileDirty: 2,
      fileWriteback: 1,
      eventsMax: 3,
      eventsHigh: 8,
    })
  })

  it('never let the working set go below 0', () => {
    expect(containerMetrics('v2', memcg({ usage: 10, stat: { inactive_file: 11 } })).workingSet).toBe(0)
  })

  it('are not 0 where nothing was read', () => {
    expect(containerMetrics('v1', memcg({}))).toEqual({})
    expect(containerMetrics('v2', memcg({ usage: 10 }))).toEqual({ usage: 10 })
    // a copy of memory.stat that is cut: usage would be too much for a working set
    expect(containerMetrics('v1', memcg({ usage: 10, stat: { total_cache: 1 } }))).toEqual({
      usage: 10,
      cache: 1,
    })
  })

  it('have a row each, in the names of cAdvisor', () => {
    expect(new Set(containerMetricRows.map(({ name }) => name)).size).toBe(containerMetricRows.length)
    for (const { name, history } of containerMetricRows) {
      expect(name).toMatch(/^container_memory_/)
      for (const words of Object.values(history)) expect(words.zh).not.toBe(words.en)
    }
  })
})
