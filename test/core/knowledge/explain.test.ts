import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { Language } from '../../../src/core/base/text.ts'
import { detectors } from '../../../src/core/detectors/index.ts'
import { type Explanation, explain, explainable } from '../../../src/core/knowledge/explain.ts'
import { nearest } from '../../../src/node/cli/nearest.ts'

const DETECTORS = [{ id: 'kmem-fills-memcg', title: 'Kernel memory fills a limit', text: 'Judges it.' }]

const context = { nearest, detectors: DETECTORS }

function explained(term: string, language: Language = 'en', kernel?: string): Explanation {
  const answer = explain(term, language, {
    ...context,
    ...(kernel === undefined ? {} : { node: { kernel } }),
  })
  if ('suggestions' in answer)
    throw new Error(`not explained: ${term} (nearest: ${answer.suggestions.join(', ')})`)
  return answer
}

/** Every term, file, log line, build option, metric and command of the article, as it stands there, and its answer's id. */
const ARTICLE: readonly (readonly [term: string, id: string])[] = [
  ['no space left on device', 'no-space-left-on-device'],
  ['SLUB: Unable to allocate memory on node', 'slub-unable'],
  ['memcg', 'memcg'],
  ['dmesg -T | grep SLUB | head', 'slub-unable'],
  ['[五 7月  3 00:00:50 2020] SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)', 'slub-unable'],
  ['[五 7月  3 00:05:56 2020] kmem: usage 3868836kB, limit 9007199254740988kB, failcnt 0', 'kmem-line'],
  ['9007199254740988kB', 'unlimited'],
  ['failcnt', 'failcnt'],
  [
    '[五 7月  3 00:05:57 2020] Memory cgroup stats for /kubepods/burstable/pod20edac81-191c-4bc6-b85f-e23a65bc7931: cache:0KB rss:0KB rss_huge:0KB',
    'memcg-stats',
  ],
  ['rss_huge', 'rss_huge'],
  ['mapped_file', 'shmem'],
  ['inactive_anon', 'inactive_file'],
  ['unevictable', 'shmem'],
  [
    '[五 7月  3 00:05:57 2020] Memory cgroup out of memory: Kill process 789343 (java) score 1074 or sacrifice child',
    'memcg-oom-line',
  ],
  ['score 1074', 'memcg-oom-line'],
  [
    '[五 7月  3 00:05:56 2020] java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=996',
    'oom-killer-line',
  ],
  ['0xd0', '0xd0'],
  ['0x80d0', '0x80d0'],
  ['order=0', 'order'],
  ['oom_score_adj=996', 'oom_score_adj'],
  ['/sys/fs/cgroup/memory', 'cgroup-memory'],
  [
    'Error response from daemon: oci runtime error: container_linux.go:247:\nstarting container process caused "process_linux.go:258: applying\ncgroup configuration for process caused \\"mkdir\n/sys/fs/cgroup/memory/kubepods/burstable/podfxxxxx/xxxxxxx:\nno space left on device',
    'no-space-left-on-device',
  ],
  ['kmem accounting', 'kmem-accounting'],
  ['Kernel memory extension', 'kmem-accounting'],
  ['cgroup.memory=nokmem', 'nokmem'],
  ['slab', 'slab'],
  ['slab 泄露', 'slab'],
  ['memory cgroup 泄露', 'dying-memcg'],
  ['65535', 'cssid'],
  ['cssid', 'cssid'],
  ['kmem_limit', 'kmem-accounting'],
  ['uname -r', 'uname'],
  ['cat /boot/config-`uname -r`|grep CONFIG_MEMCG', 'boot-config'],
  ['CONFIG_MEMCG=y', 'config-memcg'],
  ['CONFIG_MEMCG_SWAP=y', 'config-memcg-swap'],
  ['CONFIG_MEMCG_SWAP_ENABLED=y', 'config-memcg-swap-enabled'],
  ['CONFIG_MEMCG_KMEM=y', 'config-memcg-kmem'],
  ['kubelet', 'kubelet'],
  ['runc', 'runc'],
  ['$ kubelet GOFLAGS="-tags=nokmem"', 'goflags-nokmem'],
  ['nokmem Build Tags', 'nokmem'],
  ['kernel-3.10.0-1075.el7', '1075'],
  ['CentOS 7.8', '1075'],
  ['linux 3.10', 'linux-3.10'],
  ['container_memory_max_usage_bytes', 'max-usage'],
  ['container_memory_usage_bytes', 'usage'],
  ['container_memory_working_set_bytes', 'working_set'],
  ['working_set', 'working_set'],
  ['container_memory_rss', 'rss'],
  ['cache', 'cache'],
  ['filesystem cache', 'cache'],
  ['mem pressure', 'mem-pressure'],
  ['oom-killer', 'oom-killer'],
  ['oom killer', 'oom-killer'],
  ['leak', 'memory-leak-kinds'],
  ['overrun', 'overrun'],
  ['use after free', 'use-after-free'],
  ['use uninitialised bytes', 'uninitialised'],
  ['SLUB', 'slub'],
  ['red zone', 'red-zone'],
  ['Red zone', 'red-zone'],
  ['poisoning', 'poison'],
  ['Poisoning', 'poison'],
  ['0x5a', '0x5a'],
  ['0x6b', '0x6b'],
  ['0xa5', '0xa5'],
  ['0xbb', '0xbb'],
  ['0xcc', '0xcc'],
  ['slub_debug', 'slub_debug'],
  ['kmemleak', 'kmemleak'],
  ['rbtree', 'kmemleak'],
  ['误报', 'kmemleak-false-positives'],
  ['/sys/kernel/debug/kmemleak', 'kmemleak-file'],
  ['Kernel hacking', 'config-debug-kmemleak'],
  ['# CONFIG_DEBUG_KMEMLEAK is not set', 'config-debug-kmemleak'],
  ['CONFIG_HAVE_DEBUG_KMEMLEAK=y', 'config-have-debug-kmemleak'],
  ['CONFIG_HAVE_ARCH_KMEMCHECK=y', 'config-have-arch-kmemcheck'],
  ['# CONFIG_DEVKMEM is not set', 'config-devkmem'],
  ['# mount -t debugfs nodev /sys/kernel/debug/', 'debugfs-mount'],
  ['echo scan > /sys/kernel/debug/kmemleak', 'kmemleak-scan'],
  ['memory.kmem.limit_in_bytes', 'memory.kmem.limit_in_bytes'],
  ['memory.kmem.usage_in_bytes', 'memory.kmem.usage_in_bytes'],
  ['memory.kmem.slabinfo', 'memory.kmem.slabinfo'],
]

test('the article asks for at least 40', () => expect(ARTICLE.length).toBeGreaterThanOrEqual(40))

test.each(ARTICLE)('%s', (term, id) => {
  const en = explained(term)
  const zh = explained(term, 'zh')
  expect(en.id).toBe(id)
  expect(zh.id).toBe(id)
  expect(zh.text.join('')).toMatch(/\p{Script=Han}/u)
  expect(zh.text.join('')).not.toBe(en.text.join(''))
  expect(en.text.join('')).not.toMatch(/\p{Script=Han}|\{\w+\}/u)
})

describe('what the article has imprecise is corrected', () => {
  test.each([
    ['working_set', /OOM killer does not use it/],
    ['oom-killer', /does not look at working_set.*page counter/],
    ['container_memory_max_usage_bytes', /not the maximum that may be used/],
    ['container_memory_usage_bytes', /working set is a part of usage/],
    ['kmem accounting', /not on by default on 3\.10.*Only from 4\.5/],
    ['3.10.0-1075.el7', /No package of build 1075 was ever shipped/],
    ['GOFLAGS="-tags=nokmem"', /make variable of the build.*Both kubelet and runc/],
    ['cgroup.memory=nokmem', /do not parse it/],
    ['poison', /changed 0x6b means use after free/],
    ['use uninitialised bytes', /SLUB does not report this/],
    ['red zone', /there is one before it too/],
    ['kmemleak', /still reachable is never reported/],
  ])('%s', (term, said) => {
    expect(explained(term).correction).toMatch(said)
    expect(explained(term, 'zh').correction).toMatch(/\p{Script=Han}/u)
  })

  test('the kernels to install are the shipped ones', () => {
    expect(explained('3.10.0-1075.el7').text.join()).toMatch(/3\.10\.0-1127\.el7 .*3\.10\.0-1062\.4\.1\.el7/)
  })
})

describe('what people type and paste', () => {
  test.each([
    ['K-01', 'K-01'],
    ['k-1', 'K-01'],
    ['K01', 'K-01'],
    ['"k-38"', 'K-38'],
    ['KMEM-FILLS-MEMCG', 'kmem-fills-memcg'],
    ['nokmem-boot-option', 'nokmem-boot-option'],
    ['dentry', 'dentry'],
    ['dentry(1683:698bb3a7b1f0)', 'dentry'],
    ['kmalloc-192', 'kmalloc-*'],
    ['KMALLOC-4K', 'kmalloc-*'],
    ['/sys/kernel/slab/kmalloc-192', 'kmalloc-*'],
    ['  cache: ip6_dst_cache(0:18479a49f76b), object size: 448, buffer size: 448', 'ip_dst_cache'],
    ['gfp_mask=0xd0', '0xd0'],
    ['GFP_KERNEL|__GFP_ZERO', 'GFP_KERNEL|__GFP_ZERO'],
    ['SUnreclaim:      12345 kB', 'sunreclaim'],
    ['container_memory_rss{pod="x",namespace="y"} 123', 'rss'],
    [
      '/sys/fs/cgroup/memory/kubepods/burstable/pod1/memory.kmem.usage_in_bytes',
      'memory.kmem.usage_in_bytes',
    ],
    ['/sys/fs/cgroup/memory/kubepods/burstable/pod1', 'cgroup-memory'],
    ['/proc/4711/oom_score_adj', 'oom_score_adj'],
    ['/boot/config-3.10.0-957.el7.x86_64', 'boot-config'],
    [
      'Jul  3 00:05:57 node1 kernel: Memory cgroup out of memory: Kill process 1 (a) score 1 or sacrifice child',
      'memcg-oom-line',
    ],
    ['4,1278,885803607,-;SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)', 'slub-unable'],
    ['[root@master-29 ~]# uname -r', 'uname'],
    ['inotify_add_watch /x: no space left on device', 'K-51'],
    ['kmsg-ring', 'kmsg-ring'],
  ])('%j', (term, id) => {
    expect(explained(term).id).toBe(id)
  })

  test('the mask of a pasted line is read with it', () => {
    const { text } = explained(
      'SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)',
      'en',
      '3.10.0-957.el7.x86_64',
    )
    expect(text.at(-1)).toBe('The gfp mask 0x80d0 is GFP_KERNEL|__GFP_ZERO on 3.10 el7.')
  })

  test('a defect is judged for the kernel that is known', () => {
    expect(explained('K-01', 'en', '3.10.0-957.el7.x86_64').text.join()).toMatch(/957\.el7\.x86_64: affected/)
    expect(explained('K-01', 'zh', '3.10.0-1127.el7.x86_64').text.join()).toMatch(/不受影响/)
  })

  test('a remedy has its commands', () => {
    expect(explained('nokmem-boot-option').commands?.join('\n')).toContain('grubby')
  })
})

describe('what is not known', () => {
  test('names the nearest three', () => {
    const answer = explain('wroking_set', 'en', context)
    expect('suggestions' in answer && answer.suggestions[0]).toBe('working_set')
    expect('suggestions' in answer && answer.suggestions.length).toBe(3)
  })

  test.each(['', '   ', '\u0000', 'x'.repeat(1_000_000), 'K-99', '/', '{', 'cgroup.memory='.repeat(50_000)])(
    'nothing is thrown, and it does not take long',
    term => {
      const before = performance.now()
      const answer = explain(term, 'en', context)
      expect(answer.term.length).toBeLessThanOrEqual(500)
      expect(performance.now() - before).toBeLessThan(500)
    },
  )
})

test('every name that is offered is explained, as JSON of the schema', () => {
  const validate = new Ajv2020({ strict: true }).compile(
    JSON.parse(readFileSync(new URL('../../../schemas/explain.json', import.meta.url), 'utf8')),
  )
  for (const name of explainable(context)) {
    for (const language of ['en', 'zh'] as const) {
      const answer = explain(name, language, context)
      expect('suggestions' in answer, name).toBe(false)
      expect(validate(answer), `${name}: ${JSON.stringify(validate.errors)}`).toBe(true)
    }
  }
  // What is not known is wrong usage and is never printed as JSON.
  expect(validate(explain('nothing of the kind', 'zh', context))).toBe(false)
})

test('what is worth reading next can be explained', () => {
  const known = new Set(explainable(context))
  // Detectors other than the one given here are known to the caller.
  const judged = new Set(detectors.map(({ id }) => id))
  for (const name of known) {
    for (const id of explained(name).see)
      expect(known.has(id) || judged.has(id), `${name} → ${id}`).toBe(true)
  }
})
