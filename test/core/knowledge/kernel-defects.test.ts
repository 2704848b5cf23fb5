import { describe, expect, test } from 'vitest'
import type { SoftwareVersion } from '../../../src/core/knowledge/component-version.ts'
import { type DefectJudgement, defectWords } from '../../../src/core/knowledge/defect.ts'
import { defectStatus, kernelDefects } from '../../../src/core/knowledge/kernel-defects.ts'
import { parseRelease } from '../../../src/core/knowledge/kernel-release.ts'

function status(id: string, release: string): string {
  return defectStatus(id, parseRelease(release)).status
}

const software = (...named: readonly string[]): readonly SoftwareVersion[] =>
  named.map(one => {
    const [name = '', version = '', how = 'process'] = one.split(' ')
    return { name, version, how: how as SoftwareVersion['how'] }
  })

/**
 * What a row is judged by: a kernel's release, or versions of software as `name version` or `name version package`, or
 * both, the release first.
 */
function judgeOf(id: string, what: string): DefectJudgement {
  const parts = what.split(', ')
  const release = parts.find(part => !part.includes(' '))
  return defectStatus(
    id,
    release === undefined ? undefined : parseRelease(release),
    software(...parts.filter(part => part.includes(' '))),
  )
}

/**
 * All rows of the fact base: for each range something inside it, and something outside where a fix is known or where it
 * was brought in. `outside` with a third word is what is said there instead of not-affected; rows that are made so, or
 * whose fix nobody knows, have no outside.
 */
const ROWS: readonly (readonly [id: string, inside: string, outside?: string, outsideStatus?: string])[] = [
  ['K-01', '3.10.0-957.el7.x86_64', '3.10.0-1127.el7.x86_64'],
  ['K-01', '3.10.0-1062.1.2.el7.x86_64', '3.10.0-1062.4.1.el7.x86_64'],
  ['K-02', '3.10.0-514.el7.x86_64', '3.10.0-1127.el7.x86_64'],
  ['K-02', '3.18.140', '4.7.0'],
  ['K-02', '3.16.85', '4.4.178'],
  ['K-03', '3.10.0-957.el7.x86_64', '4.18.0-80.el8.x86_64'],
  ['K-03', '3.16.85', '4.5.0'],
  ['K-04', '3.10.0-957.el7.x86_64, runc 1.0.0-rc5', '3.10.0-957.el7.x86_64, runc 1.0.0-rc94'],
  ['K-04', '3.16.85, runc 1.0.0-rc3', '3.16.85, runc 1.0.0-rc2'],
  ['K-04', '3.10.0-957.el7.x86_64, runc 1.0.0-rc5', '6.1.0-13-amd64, runc 1.0.0-rc5'],
  ['K-05', '3.10.0-957.el7.x86_64, kubelet v1.11.3', '3.10.0-957.el7.x86_64, kubelet v1.22.0'],
  ['K-06', '3.10.0-957.el7.x86_64, docker 18.06.1-ce', '3.10.0-957.el7.x86_64, docker 17.05.0-ce'],
  ['K-07', '3.10.0-514.el7.x86_64', '3.10.0-1062.4.1.el7.x86_64'],
  ['K-07', '4.4.178', '4.5.0'],
  ['K-08', '6.19.0', '7.1.5'],
  ['K-08', '4.18.0-553.el8_10.x86_64', '7.1.5'],
  ['K-08', '5.14.0-427.el9_4.x86_64', '3.18.140'],
  ['K-09', '5.2.21', '5.3.1'],
  ['K-09', '3.10.0-957.el7.x86_64', '3.10.0-1160.el7.x86_64', 'cannot-tell'],
  ['K-09', '4.18.0-80.el8.x86_64', '4.18.0-240.el8.x86_64'],
  ['K-10', '5.8.18', '5.9.1'],
  ['K-10', '4.18.0-305.el8.x86_64', '4.18.0-348.el8.x86_64'],
  ['K-11', '6.18.1', '7.1.5'],
  ['K-11', '3.10.0-957.el7.x86_64', '3.18.140'],
  ['K-11', '4.18.0-240.el8.x86_64'],
  ['K-11', '5.14.0-427.el9_4.x86_64'],
  ['K-12', '5.19.17, runc 1.0.0-rc93', '5.19.17, runc 1.0.0-rc94'],
  ['K-12', '6.1.55, runc 1.0.0-rc10', '6.1.56, runc 1.0.0-rc10'],
  ['K-12', '6.5.5, runc 1.0.0-rc10', '6.6.0, runc 1.0.0-rc10'],
  ['K-13', '6.1.54, kubelet v1.27.1', '6.1.55, kubelet v1.27.1'],
  ['K-13', '6.5.4, kubelet v1.28.2', '6.5.5, kubelet v1.28.2'],
  ['K-13', '6.1.54, kubelet v1.27.1', '6.1.54, kubelet v1.29.0'],
  ['K-14', 'systemd 229', 'systemd 237'],
  ['K-15', 'runc 1.1.7', 'runc 1.1.8'],
  ['K-15', 'crun 0.10.2', 'crun 0.10.3', 'not-affected'],
  ['K-16', '5.19.6', '5.18.19'],
  ['K-17', '5.10.76', '5.10.77'],
  ['K-17', '5.14.15', '5.14.16'],
  ['K-17', '5.12.1', '5.15.0'],
  ['K-18', '5.3.0-51-generic'],
  ['K-19', '4.19.86'],
  ['K-20', '4.19.64', '4.19.65'],
  ['K-20', '5.1.21', '5.2.7'],
  ['K-20', '5.2.6', '5.3.0'],
  ['K-21', '4.15.18', '4.16.0'],
  ['K-21', '4.11.0', '4.10.17'],
  ['K-22', '6.1.192', '6.0.19'],
  ['K-22', '6.5.13', '6.12.104'],
  ['K-22', '6.2.0', '6.13.0'],
  ['K-23', '6.1.55'],
  ['K-24', '6.1.55'],
  ['K-25', 'kubelet v1.28.4', 'kubelet v1.29.0'],
  ['K-26', 'cadvisor v0.42.0', 'cadvisor v0.43.0'],
  ['K-26', 'cadvisor v0.39.1', 'cadvisor v0.39.0'],
  ['K-26', 'kubelet v1.22.8', 'kubelet v1.23.0'],
  ['K-27', '6.1.55'],
  ['K-28', '5.11.0', '5.10.200'],
  ['K-28', '5.14.0-427.el9_4.x86_64'],
  ['K-29', '6.1.89-1.amzn2023.aarch64', '6.1.90-99.173.amzn2023.aarch64'],
  ['K-29', '6.5.0-1020-aws-arm64', '6.1.55-75.123.amzn2023.x86_64'],
  ['K-29', '6.5.13-arm64', '6.9.0-arm64'],
  ['K-30', '3.10.0-957.el7.x86_64'],
  ['K-31', 'containerd 1.5.11', 'containerd 1.5.12'],
  ['K-31', 'containerd v1.6.0-beta.4', 'containerd v1.6.0-rc.3'],
  ['K-31', 'containerd 1.4.13', 'containerd 1.6.20~ds1-1+b1 package'],
  ['K-32', 'containerd 1.4.0'],
  ['K-33', 'kubelet v1.36.2', 'kubelet v1.36.3'],
  ['K-33', 'kubelet v1.18.1', 'kubelet v1.25.0'],
  ['K-34', 'kubelet v1.28.0', 'kubelet v1.27.16'],
  ['K-35', 'go 1.15.2', 'go 1.16'],
  ['K-35', 'go 1.12', 'go 1.11.13'],
  ['K-36', '6.1.55'],
  ['K-37', '6.1.55'],
  ['K-38', '4.19.90', '5.13.0'],
  ['K-38', '3.10.0-1160.el7.x86_64', '5.14.0-70.el9.x86_64'],
  ['K-38', '4.18.0-240.el8.x86_64', '4.18.0-553.el8_10.x86_64', 'cannot-tell'],
  ['K-39', '5.8.18', '5.9.1'],
  ['K-39', '3.10.0-957.el7.x86_64', '3.7.10'],
  ['K-39', '4.18.0-240.el8.x86_64', '4.18.0-348.el8.x86_64'],
  ['K-40', '6.1.55'],
  ['K-41', '3.10.0-957.el7.x86_64'],
  ['K-41', '4.19.90'],
  ['K-42', '6.1.55'],
  ['K-43', '5.13.5', '5.13.6'],
  ['K-43', '5.12.0', '5.11.22'],
  ['K-44', '6.1.55'],
  ['K-45', '6.6.141.1-1.azl3', '6.6.150.1-1.azl3'],
  ['K-46', '6.1.55', '3.18.140'],
  ['K-46', '4.18.0-240.el8.x86_64'],
  ['K-46', '5.14.0-427.el9_4.x86_64'],
  ['K-47', '6.1.55, jool 3.3.2', '6.1.55, jool 3.3.3'],
  ['K-47', '6.1.55, jool 3.5.0', '6.1.55, jool 3.5.1'],
  ['K-47', '6.1.55, pf_ring 8.2.0', '6.1.55, pf_ring 8.0.0'],
  ['K-48', '6.1.55'],
  ['K-49', '3.10.0-957.el7.x86_64, systemd 231~git20160601', '3.10.0-957.el7.x86_64, systemd 231'],
  ['K-49', '3.16.85, systemd 231~git20160601', '4.9.0, systemd 231~git20160601'],
  ['K-50', 'docker 1.12.6'],
  ['K-50', 'docker 17.03.2-ce', 'docker 17.06.0-ce', 'cannot-tell'],
  ['K-51', '6.1.55'],
]

describe('every row of the fact base', () => {
  const rows = ROWS.map(([id, inside, outside, status = 'not-affected']) => ({ id, inside, outside, status }))

  test.each(rows)('$id: $inside is inside, $outside is outside', ({ id, inside, outside, status }) => {
    expect(judgeOf(id, inside)).toMatchObject({ status: 'affected' })
    if (outside !== undefined) expect(judgeOf(id, outside)).toMatchObject({ status })
  })

  test('is in the table, and outside it where a fix is known', () => {
    for (const { id, ranges = [], versions = [] } of kernelDefects) {
      const rows = ROWS.filter(([of]) => of === id)
      expect(rows.length, id).toBeGreaterThan(0)
      const fixed = [...ranges, ...versions].some(range => range.fixed !== undefined)
      if (fixed)
        expect(
          rows.some(([, , outside]) => outside !== undefined),
          id,
        ).toBe(true)
    }
  })

  test('has a range, or is made so', () => {
    for (const { id, ranges, versions, byDesign } of kernelDefects) {
      expect(ranges ?? versions ?? byDesign, id).toBeTruthy()
    }
  })

  test('every stream and component that has a range is in the table', () => {
    for (const { id, ranges = [], versions = [] } of kernelDefects) {
      const inside = ROWS.filter(([of]) => of === id).map(([, what]) => what)
      for (const { stream, never } of ranges) {
        if (never) continue
        const streams = inside.map(what => parseRelease(what.split(', ')[0] ?? '')?.stream)
        // Streams that follow upstream are judged by its numbers.
        const followers = ['mainline', 'debian', 'ubuntu', 'amzn2023']
        expect(
          streams.some(one => one === stream || (stream === 'mainline' && followers.includes(one ?? ''))),
          `${id} ${stream}`,
        ).toBe(true)
      }
      for (const { of } of versions) expect(inside.join(), `${id} ${of}`).toContain(`${of} `)
    }
  })
})

describe('versions of software', () => {
  test.each(['K-04', 'K-05', 'K-06', 'K-14', 'K-25', 'K-31', 'K-33'])(
    '%s is not told where no version is at hand',
    id => {
      expect(defectStatus(id, parseRelease('3.10.0-957.el7.x86_64'))).toEqual({
        status: 'cannot-tell',
        why: 'component-version',
      })
      expect(judgeOf(id, '3.10.0-957.el7.x86_64, cri-o 1.20.0').why).toBe('component-version')
    },
  )

  test.each([
    // A build tag decides: runc rc6 to rc93, kubelet 1.14 to 1.21.
    ['K-04', '3.10.0-957.el7.x86_64, runc 1.0.0-rc93', 'version-boundary'],
    ['K-05', '3.10.0-957.el7.x86_64, kubelet v1.18.0', 'version-boundary'],
    // A distribution's package may have the fix without a new number.
    ['K-14', 'systemd 229-4ubuntu21.31 package', 'version-backports'],
    ['K-14', 'systemd 219-78.el7_9.9 package', 'version-backports'],
    ['K-31', 'containerd 1.4.13~ds1-1~deb11u4 package', 'version-backports'],
    ['K-31', 'containerd master', 'component-version'],
    ['K-32', 'containerd 1.7.2', 'version-boundary'],
    ['K-50', 'docker 1.11.2', 'version-boundary'],
    ['K-12', '4.18.0-553.el8_10.x86_64, runc 1.0.0-rc93', 'code-backports-unknown'],
  ])('%s with %s cannot be told: %s', (id, what, why) => {
    expect(judgeOf(id, what)).toEqual({ status: 'cannot-tell', why })
  })

  test('one affected of several is enough, and all must be free of it', () => {
    expect(judgeOf('K-15', 'runc 1.1.8, crun 0.10.1').status).toBe('affected')
    expect(judgeOf('K-31', 'containerd 1.7.2 package, containerd 1.5.8').status).toBe('affected')
    expect(judgeOf('K-31', 'containerd 1.7.2, containerd 1.6.20').status).toBe('not-affected')
  })
})

test.each(['K-04', 'K-05', 'K-06'])('%s matters on opt-in kernels only', id => {
  expect(defectStatus(id, parseRelease('6.1.0-13-amd64'))).toEqual({
    status: 'not-affected',
    why: 'not-opt-in',
  })
})

test('a stream that never had the code is free of it', () => {
  expect(judgeOf('K-12', '3.10.0-957.el7.x86_64, runc 1.0.0-rc5').status).toBe('not-affected')
  expect(judgeOf('K-13', '3.10.0-957.el7.x86_64, kubelet v1.20.1').status).toBe('not-affected')
})

test('a defect of one architecture is told of no other', () => {
  expect(judgeOf('K-29', '6.1.55-75.123.amzn2023.x86_64').why).toBe('other-architecture')
  expect(judgeOf('K-29', '6.1.55').why).toBe('architecture-unknown')
})

describe('what cannot be told is not told', () => {
  test.each([
    ['K-01', '3.16.85', 'no-range'],
    ['K-02', '3.10.0-957.el7.x86_64', 'boundary-unknown'],
    ['K-02', '4.4.100', 'boundary-unknown'],
    ['K-07', '3.10.0-957.el7.x86_64', 'boundary-unknown'],
    ['K-01', '3.10.0', 'ambiguous-release'],
    ['K-02', '3.10.0', 'ambiguous-release'],
    ['K-07', '3.10.0', 'ambiguous-release'],
    ['K-08', '7.0.3', 'boundary-unknown'],
    ['K-08', '6.12.0-55.el10.x86_64', 'backports-unknown'],
    ['K-09', '4.12.14-122.37-default', 'backports-unknown'],
    ['K-43', '5.13.0-19-generic', 'boundary-unknown'],
    ['K-99', '6.1.55', 'no-range'],
  ])('%s on %s: %s', (id, release, why) => {
    expect(defectStatus(id, parseRelease(release))).toEqual({ status: 'cannot-tell', why })
  })

  test('without a release', () => {
    for (const { id, component, ranges } of kernelDefects) {
      if (component !== 'kernel' || ranges === undefined) continue
      expect(defectStatus(id, undefined).why, id).toBe('no-release')
    }
  })
})

test('a bare 3.10.0 is affected where vanilla and every EL7 build are', () => {
  expect(status('K-03', '3.10.0')).toBe('affected')
  expect(status('K-38', '3.10.0')).toBe('affected')
  expect(status('K-09', '3.10.0')).toBe('cannot-tell')
})

test('a fix that was reported not to hold is said so', () => {
  expect(defectStatus('K-01', parseRelease('3.10.0-1160.24.1.el7.x86_64')).why).toBe('after-fix-residual')
})

test('a defect of EL7 is none of a kernel that never was one', () => {
  expect(status('K-01', '2.6.32-754.el6.x86_64')).toBe('not-affected')
  expect(status('K-01', '6.1.0-13-amd64')).toBe('not-affected')
})

test('every reason has its sentence', () => {
  for (const row of kernelDefects) {
    for (const release of ['3.10.0-957.el7.x86_64', '6.1.55', '4.18.0-240.el8.x86_64', '3.10.0']) {
      const { why } = defectStatus(row.id, parseRelease(release))
      expect(defectWords.en[why]).toBeTruthy()
      expect(defectWords.zh[why]).toBeTruthy()
    }
  }
})

test('advice names shipped kernels', () => {
  for (const row of kernelDefects) {
    expect(row.fixedIn?.en ?? '').not.toMatch(/^[^.]*1075/)
  }
})
