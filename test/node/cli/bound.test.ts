import { expect, it } from 'vitest'
import { parseBound } from '../../../src/node/cli/bound.ts'

const at = (text: string): number => Date.parse(text) / 1000

it.each([
  ['90m', { from: 'back', seconds: 5400 }],
  ['2h', { from: 'back', seconds: 7200 }],
  ['1.5d', { from: 'back', seconds: 129_600 }],
  ['boot+1460.023551', { from: 'boot', seconds: 1460.023551 }],
  ['boot+60s', { from: 'boot', seconds: 60 }],
  ['2026-11-20', { from: 'wall', seconds: at('2026-11-20T00:00:00Z') }],
  ['2026-11-20 03:00', { from: 'wall', seconds: at('2026-11-20T03:00:00Z') }],
  ['2026-11-20T03:00:05.25', { from: 'wall', seconds: at('2026-11-20T03:00:05.250Z') }],
  ['2024-02-29 00:00', { from: 'wall', seconds: at('2024-02-29T00:00:00Z') }],
  ['2026-11-20T03:00:05Z', { from: 'utc', seconds: at('2026-11-20T03:00:05Z') }],
  ['2026-11-20 03:00 +0800', { from: 'utc', seconds: at('2026-11-19T19:00:00Z') }],
  ['2026-11-20T03:00:00-03:30', { from: 'utc', seconds: at('2026-11-20T06:30:00Z') }],
])('%s is a time', (text, bound) => {
  expect(parseBound(text)).toEqual(bound)
})

it.each([
  '',
  'yesterday',
  '2h30m',
  '-2h',
  '2026-13-01',
  '2026-02-30',
  '2025-02-29',
  '2026-11-20 24:00',
  '2026-11-20 03:60',
  '20261120',
  '03:00',
  'boot+',
  'boot-5',
  '1e9',
  '٢h',
])('%s is none', text => {
  expect(parseBound(text)).toBeUndefined()
})
