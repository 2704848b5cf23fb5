import { describe, expect, test } from 'vitest'
import { compareVersions, parseVersion } from '../../../src/core/knowledge/component-version.ts'

const parse = (version: string, how: 'package' | 'process' = 'process') =>
  parseVersion({ name: 'runc', version, how })

describe('versions as they are written', () => {
  // Oldest first, each newer than the one before.
  const ORDER = [
    '1.0.0~git20200101',
    '1.0.0-alpha.2',
    '1.0.0-beta1',
    '1.0.0-72.rc9.el7',
    '1.0.0~rc93+ds1-5+deb11u1',
    'v1.0.0-rc94',
    '1.0.0-rc.95',
    '1.0.0',
    '1.0.1',
    '1.4.13~ds1-1~deb11u4',
    'v1.21.5+k3s1',
    '5:20.10.7~3-0~debian-buster',
    '245.4-4ubuntu3.24',
  ]
  test('are put in order', () => {
    for (const [at, older] of ORDER.entries()) {
      for (const newer of ORDER.slice(at + 1)) {
        const [a, b] = [parse(older), parse(newer)]
        if (a === undefined || b === undefined) throw new Error(`${older} or ${newer} is not read`)
        expect(compareVersions(a, b), `${older} before ${newer}`).toBeLessThan(0)
        expect(compareVersions(b, a), `${newer} after ${older}`).toBeGreaterThan(0)
      }
    }
  })

  test('are equal where only zeros or revisions differ', () => {
    for (const [one, other] of [
      ['1.29', 'v1.29.0'],
      ['237', '237-3ubuntu10.57'],
      ['17.03.2-ce', '17.03.2~ce-0~ubuntu-xenial'],
      ['1.13.1', '2:1.13.1-209.git7d71120.el7.centos'],
    ] as const) {
      const [a, b] = [parse(one), parse(other)]
      if (a === undefined || b === undefined) throw new Error(`${one} or ${other} is not read`)
      expect(compareVersions(a, b), `${one} ${other}`).toBe(0)
    }
  })

  test('tell a package of a distribution, which may be patched', () => {
    for (const version of ['1.4.13~ds1-1~deb11u4', '229-4ubuntu21.31', '219-78.el7_9.9', '252.38-1~deb12u1'])
      expect(parse(version, 'package')?.patched, version).toBe(true)
    expect(parse('1.4.13~ds1-1~deb11u4', 'process')?.patched).toBeUndefined()
    expect(parse('1.20.4', 'package')?.patched).toBeUndefined()
    const kubelet = (version: string) => parseVersion({ name: 'kubelet', version, how: 'package' })?.patched
    expect(kubelet('1.28.4-1.1')).toBeUndefined()
    expect(kubelet('1.20.5+really1.20.2-1+deb12u1')).toBe(true)
  })

  test('that are none are not read', () => {
    for (const version of ['', 'master', '-1', 'v', 'unknown', '.5', '9'.repeat(400)])
      expect(parse(version), version.slice(0, 20)).toBeUndefined()
  })

  test('of any length cost nothing', () => {
    const started = performance.now()
    for (const unit of ['1.', '-1.', '~rc', '9', '-']) parse(`1.0.0${unit.repeat(1_000_000)}`, 'package')
    expect(performance.now() - started).toBeLessThan(100)
  })
})
