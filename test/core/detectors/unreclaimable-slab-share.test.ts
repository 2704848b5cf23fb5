import { describe, expect, it } from 'vitest'
import { type Files, judge, MIB, of, POD, v1Cgroup, v1Node, v2Cgroup, v2Node } from '../node.ts'

const EL7 = '3.10.0-957.el7.x86_64'

const meminfo = (slab: number, total = 1_000_000): Files => ({
  'proc/meminfo': `MemTotal: ${total} kB\nSUnreclaim: ${slab} kB\n`,
})

const found = (files: Files) => of(judge(files), 'unreclaimable-slab-share')[0]

describe('unreclaimable slab', () => {
  it.each([
    [99_999, undefined],
    [100_000, 'warning'],
    [249_999, 'warning'],
    [250_000, 'critical'],
  ])('%i kB of 1,000,000 kB: %s', (slab, severity) =>
    expect(found(v1Node(EL7, meminfo(slab)))?.severity).toBe(severity),
  )

  // On 3.10 what removed pods leave behind stays in the counters of the cgroups above them.
  it('is hidden unless a pod that is there is charged for it', () => {
    const node = v1Node(EL7, {
      ...meminfo(300_000),
      ...v1Cgroup('kubepods', { kmem: 280 * MIB }),
      ...v1Cgroup(POD, { kmem: 20 * MIB }),
    })
    expect(found(node)?.values['hidden']).toBe(300_000 * 1024 - 20 * MIB)
  })

  it('of a pod is what v2 says it is, not all its kernel memory', () => {
    const node = v2Node('6.8.0', {
      ...meminfo(300_000),
      ...v2Cgroup(POD, { stat: `anon 0\nkernel ${200 * MIB}\nslab_unreclaimable ${10 * MIB}\n` }),
    })
    expect(found(node)?.values['hidden']).toBe(300_000 * 1024 - 10 * MIB)
  })

  it('is not called hidden where a pod could not be read', () => {
    const files = v1Node(EL7, { ...meminfo(300_000), ...v1Cgroup(POD) })
    delete files[`sys/fs/cgroup/memory/${POD}/memory.kmem.usage_in_bytes`]
    expect(found(files)?.words.summary).toContain('notCharged')
    expect(found(files)?.values['hidden']).toBeUndefined()
  })
})
