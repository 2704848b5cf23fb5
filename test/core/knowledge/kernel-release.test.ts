import { describe, expect, test } from 'vitest'
import {
  compareReleases,
  kmemAccountingOptIn,
  lruReparented,
  numCgroupsReliable,
  parseRelease,
  parsesNokmem,
  perMemcgSlabCaches,
  privateMemcgIds,
  slabReparented,
} from '../../../src/core/knowledge/kernel-release.ts'

function release(text: string, version?: string) {
  const parsed = parseRelease(text, version)
  if (parsed === undefined) throw new Error(`not a release: ${text}`)
  return parsed
}

describe('parseRelease', () => {
  test.each([
    ['3.10.0-957.27.2.el7.x86_64', 'el7', [957, 27, 2]],
    ['3.10.0-514.6.2.el7.toa.2.x86_64', 'el7', [514, 6, 2]],
    ['3.10.0-957.rt56.910.el7.x86_64', 'el7', [957]],
    ['2.6.32-754.35.1.el6.x86_64', 'el6', [754, 35, 1]],
    ['4.18.0-348.2.1.el8_5.x86_64', 'el8', [348, 2, 1]],
    ['5.14.0-427.50.1.el9_4.x86_64', 'el9', [427, 50, 1]],
    ['6.12.0-55.9.1.el10_0.x86_64', 'el10', [55, 9, 1]],
    ['4.4.218-1.el7.elrepo.x86_64', 'mainline', [1]],
    ['5.4.17-2136.300.7.el8uek.x86_64', 'uek', [2136, 300, 7]],
    ['4.14.336-257.562.amzn2.x86_64', 'amzn2', [257, 562]],
    ['6.1.79-99.164.amzn2023.x86_64', 'amzn2023', [99, 164]],
    ['6.6.141.1-1.azl3', 'azl', [1, 1]],
    ['5.10.147+', 'cos', []],
    ['6.4.6-200.fc38.x86_64', 'fedora', [200]],
    ['5.3.18-150300.59.106-default', 'suse', [150300, 59, 106]],
    ['6.5.9-arch2-1', 'arch', []],
    ['5.15.119-flatcar', 'flatcar', []],
    ['4.19.86-coreos', 'flatcar', []],
    ['6.6.58-talos', 'talos', []],
    ['5.4.0-99-generic', 'ubuntu', [99]],
    ['5.15.0-1049-aws', 'ubuntu', [1049]],
    ['6.1.0-13-amd64', 'debian', [13]],
    ['6.12.41+deb13-cloud-amd64', 'debian', []],
    ['4.19.91-26.al7.x86_64', 'alinux', [26]],
    ['4.19.90-2003.4.0.0036.oe1.x86_64', 'openeuler', [2003, 4, 0, 36]],
    ['3.10.0-1160.90.1.vz7.200.7', 'unknown', [1160, 90, 1]],
    ['3.10.107-1-tlinux2_kvm_guest-0049', 'unknown', [1]],
    ['6.18.44-fc', 'mainline', []],
    ['7.1.5', 'mainline', []],
    ['6.1.21-v8+', 'mainline', []],
  ])('%s is of %s', (text, stream, build) => {
    expect(release(text)).toMatchObject({ stream, build })
  })

  test('an ABI number hides the patch level, /proc/version tells it', () => {
    expect(release('6.1.0-13-amd64').patch).toBeUndefined()
    const version = 'Linux version 6.1.0-13-amd64 (x) #1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29)'
    expect(release('6.1.0-13-amd64', version).patch).toBe(55)
    expect(release('5.4.0-99-generic', 'Ubuntu 5.4.0-99.112-generic 5.4.162').patch).toBe(162)
  })

  test('a bare base number may be anybody’s', () => {
    expect(release('3.10.0').ambiguous).toBe(true)
    expect(release('3.10.108').ambiguous).toBeUndefined()
  })

  test.each(['', 'el7', 'v3.10', '3', `3.10.0-${'9'.repeat(300)}`])('%j is none', text => {
    expect(parseRelease(text)).toBeUndefined()
  })

  test('rt', () => expect(release('3.10.0-957.rt56.910.el7.x86_64').rt).toBe(true))
})

test('releases compare by number within a stream, and not across', () => {
  const older = release('3.10.0-957.27.2.el7.x86_64')
  expect(compareReleases(older, release('3.10.0-1062.4.1.el7.x86_64'))).toBeLessThan(0)
  expect(
    compareReleases(release('3.10.0-1062.12.1.el7.x86_64'), release('3.10.0-1062.4.1.el7.x86_64')),
  ).toBeGreaterThan(0)
  expect(compareReleases(older, release('3.10.0-957.27.2.el7.x86_64'))).toBe(0)
  expect(compareReleases(older, release('3.10.108'))).toBeUndefined()
})

test.each([
  // release, opt-in, nokmem, private ids, per-memcg caches, slab reparented, LRU reparented, num_cgroups
  ['2.6.32-754.el6.x86_64', false, false, false, false, false, false, false],
  ['3.10.0', true, undefined, undefined, true, false, false, false],
  ['3.10.0-514.el7.x86_64', true, false, false, true, false, false, false],
  ['3.10.0-957.el7.x86_64', true, undefined, undefined, true, false, false, false],
  ['3.10.0-1062.4.1.el7.x86_64', true, true, undefined, true, false, false, false],
  ['3.10.0-1127.el7.x86_64', true, true, true, true, false, false, false],
  ['4.4.178', true, false, true, true, false, false, true],
  ['4.4.0-98-generic', true, false, undefined, true, false, false, true],
  ['4.9.0-6-amd64', false, true, true, true, false, false, true],
  ['4.18.0-80.el8.x86_64', false, true, true, true, false, false, true],
  ['4.18.0-240.el8.x86_64', false, true, true, true, true, false, true],
  ['4.18.0-348.el8.x86_64', false, true, true, false, true, false, true],
  ['5.3.1', false, true, true, true, true, false, true],
  ['5.14.0-427.el9_4.x86_64', false, true, true, false, true, false, true],
  ['6.19.3', false, true, true, false, true, false, true],
  ['7.0.1', false, true, true, false, true, undefined, true],
  ['7.1.5', false, true, true, false, true, true, true],
  ['3.10.0-1160.90.1.vz7.200.7', undefined, undefined, undefined, undefined, false, false, false],
] as const)('what %s can do', (text, ...expected) => {
  const asked = [
    kmemAccountingOptIn,
    parsesNokmem,
    privateMemcgIds,
    perMemcgSlabCaches,
    slabReparented,
    lruReparented,
    numCgroupsReliable,
  ]
  expect(asked.map(feature => feature(release(text)))).toEqual(expected)
})
