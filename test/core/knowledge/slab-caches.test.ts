import { expect, test } from 'vitest'
import { parseCacheName, slabCache, slabCaches } from '../../../src/core/knowledge/slab-caches.ts'

test.each([
  ['dentry', 'dentry'],
  ['DENTRY', 'dentry'],
  ['dentry(1683:698bb3a7b1f0)', 'dentry'],
  ['kmalloc-192', 'kmalloc-*'],
  ['kmalloc-8k', 'kmalloc-*'],
  ['kmalloc-256(0:26879c55393e)', 'kmalloc-*'],
  ['kmalloc-cg-128', 'kmalloc-cg-*'],
  ['kmalloc-rcl-96', 'kmalloc-rcl-*'],
  ['kmalloc-rnd-03-1k', 'kmalloc-rnd-*'],
  ['dma-kmalloc-512', 'dma-kmalloc-*'],
  ['size-1024', 'kmalloc-*'],
  ['TCPv6', 'TCP'],
  ['bio-136', 'bio-*'],
  ['ip6_dst_cache(0:18479a49)', 'ip_dst_cache'],
])('%s is of %s', (text, name) => {
  expect(slabCache(text)?.name).toBe(name)
})

test.each(['', 'kmalloc-', 'kmalloc-x', 'nothing_like_it', ':0000192'])('%j is not known', text => {
  expect(slabCache(text)).toBeUndefined()
})

test('the copy of a cgroup is taken apart', () => {
  expect(parseCacheName('dentry(112:c116)')).toEqual({ cache: 'dentry', memcgId: 112, memcgName: 'c116' })
})

test('no name stands in two rows', () => {
  const names = slabCaches.flatMap(row => [row.name, ...(row.also ?? [])])
  expect(new Set(names).size).toBe(names.length)
})
