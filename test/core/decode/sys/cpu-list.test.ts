import { expect, it } from 'vitest'
import { countCpus } from '../../../../src/core/decode/sys/cpu-list.ts'

it.each([
  ['0\n', 1],
  ['0-1\n', 2],
  ['0-3,8,10-11\n', 7],
  ['0-8191\n', 8192],
  ['\n', undefined],
  ['3-1\n', undefined],
  ['0-99999\n', undefined],
  ['0-3,x\n', undefined],
])('%j names so many CPUs: %s', (text, count) => expect(countCpus(text)).toBe(count))
