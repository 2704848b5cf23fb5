import { describe, expect, it } from 'vitest'
import type { Case } from '../../src/core/case/case.ts'
import { detectors } from '../../src/core/detectors/index.ts'
import { diagnose } from '../../src/core/diagnose.ts'
import type { Gap } from '../../src/core/tree/tree.ts'

const remedyOf = (gap: Gap, origin: Case['origin'] = 'live') =>
  diagnose({ origin, node: {}, samples: [], gaps: [gap] }, 0).gaps[0]?.remedy

describe('a gap', () => {
  it('names what would close it', () => {
    expect(remedyOf({ path: '/dev/kmsg', why: 'denied' })).toBe('run-as-root')
    expect(remedyOf({ path: '/var/log/messages', why: 'absent' })).toBe('read-persistent-log')
    expect(remedyOf({ path: '/var/log/journal', why: 'unreadable' })).toBe('read-persistent-log')
    expect(remedyOf({ path: '/sys/fs/cgroup/memory', why: 'absent' })).toBe('mount-cgroup')
    expect(remedyOf({ path: './dmesg', why: 'absent' }, 'directory')).toBe('pass-kernel-log')
    expect(remedyOf({ path: './proc/cgroups', why: 'absent' }, 'directory')).toBe('pass-node-files')
  })
})

describe('a node of which nothing could be read', () => {
  it('has every verdict, and none of them says healthy', () => {
    const { verdicts, findings } = diagnose({ origin: 'live', node: {}, samples: [], gaps: [] }, 0)
    expect(Object.keys(verdicts).sort()).toEqual(detectors.map(({ id }) => id).sort())
    expect(new Set(Object.values(verdicts))).toEqual(new Set(['unknown']))
    expect(findings).toEqual([])
  })
})
