import { describe, expect, test } from 'vitest'
import { defectWords } from '../../../src/core/knowledge/defect.ts'
import { defectStatus, judgedDefects, kernelDefects } from '../../../src/core/knowledge/kernel-defects.ts'
import { parseRelease } from '../../../src/core/knowledge/kernel-release.ts'

function status(id: string, release: string): string {
  return defectStatus(id, parseRelease(release)).status
}

// One release inside and one outside for each stream a judged defect lists; where a stream knows no fix, what it says of its newest.
const CASES: readonly (readonly [id: string, inside: string, outside: string, outsideStatus?: string])[] = [
  ['K-01', '3.10.0-957.el7.x86_64', '3.10.0-1127.el7.x86_64'],
  ['K-01', '3.10.0-1062.1.2.el7.x86_64', '3.10.0-1062.4.1.el7.x86_64'],
  ['K-02', '3.10.0-514.el7.x86_64', '3.10.0-1127.el7.x86_64'],
  ['K-02', '3.18.140', '4.7.0'],
  ['K-03', '3.10.0-957.el7.x86_64', '4.18.0-80.el8.x86_64'],
  ['K-03', '3.16.85', '4.5.0'],
  ['K-07', '3.10.0-514.el7.x86_64', '3.10.0-1062.4.1.el7.x86_64'],
  ['K-07', '4.4.178', '4.5.0'],
  ['K-08', '6.19.0', '7.1.5'],
  ['K-08', '4.18.0-553.el8_10.x86_64', '7.1.5'],
  ['K-08', '5.14.0-427.el9_4.x86_64', '3.18.140'],
  ['K-09', '5.2.21', '5.3.1'],
  ['K-09', '3.10.0-957.el7.x86_64', '3.10.0-1160.el7.x86_64', 'cannot-tell'],
  ['K-09', '4.18.0-80.el8.x86_64', '4.18.0-240.el8.x86_64'],
  ['K-38', '4.19.90', '5.13.0'],
  ['K-38', '3.10.0-1160.el7.x86_64', '5.14.0-70.el9.x86_64'],
  ['K-38', '4.18.0-240.el8.x86_64', '4.18.0-553.el8_10.x86_64', 'cannot-tell'],
]

const cases = CASES.map(([id, inside, outside, status = 'not-affected']) => ({
  id,
  inside,
  outside,
  outsideStatus: status,
}))

test.each(cases)('$id: $inside is inside, $outside is outside', ({ id, inside, outside, outsideStatus }) => {
  expect(status(id, inside)).toBe('affected')
  expect(status(id, outside)).toBe(outsideStatus)
})

test.each(['K-04', 'K-05', 'K-06'])(
  '%s: no file tells its version, and it matters on opt-in kernels only',
  id => {
    expect(defectStatus(id, parseRelease('3.10.0-957.el7.x86_64'))).toEqual({
      status: 'cannot-tell',
      why: 'component-version',
    })
    expect(defectStatus(id, parseRelease('6.1.0-13-amd64'))).toEqual({
      status: 'not-affected',
      why: 'not-opt-in',
    })
  },
)

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
    for (const id of judgedDefects) expect(defectStatus(id, undefined).why).toBe('no-release')
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
