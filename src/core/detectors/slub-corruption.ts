// Slab memory that was damaged or misused, as SLUB's own checks find it (mm/slub.c, check_object() and its kin). Most
// of them run only under slub_debug, which ordinary nodes do not have: that nothing is reported there says nothing.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { SlubCorruption } from '../decode/kmsg/report.ts'
import { slubRemedies, slubSentences, slubWords } from '../explain/slub-corruption.ts'
import { type SlubFault, slubFault } from '../explain/slub-damage.ts'
import { isReport, logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { slubDebugUnknown } from '../facts/slub-debug.ts'
import { parseCacheName } from '../knowledge/slab-caches.ts'
import { detector } from './detector.ts'

interface Found {
  readonly report: SlubCorruption
  readonly fault: SlubFault
}

const words = text({
  en: {
    count: 'Reports of it in the log: {count|number}; told is the first.',
    'same-bit':
      'The same bit of the same byte of an object changed {count|number} times: that is code which sets or clears a flag of memory it no longer owns, not bad memory.',
    draw: 'Its bytes are drawn by: dmesg | kmemscope decode --only slub-corruption',
  },
  zh: {
    count: '日志里有 {count|number} 份这样的报告，这里说的是第一份。',
    'same-bit':
      '对象同一字节的同一比特被改变了 {count|number} 次：这是代码在设置或清除已不属于它的内存中的标志位，不是内存硬件故障。',
    draw: '画出各个字节：dmesg | kmemscope decode --only slub-corruption',
  },
})

export default detector({
  id: 'slub-corruption',
  about: text({
    en: {
      judges:
        'slab memory that was overwritten, used after it was freed, freed twice or left behind (most of it is seen only with slub_debug)',
    },
    zh: {
      judges: 'slab 内存被越界改写、释放后使用、重复释放或遗留未释放（多数情况开启 slub_debug 才能发现）',
    },
  }),
  concerns: 'cause',
  instrument: true,
  // the sentences of the explanation, checked where they stand, and those of a judgement
  text: { en: { ...slubWords.en, ...words.en }, zh: { ...slubWords.zh, ...words.zh } },
  judge(about) {
    const groups = new Map<string, [Found, ...Found[]]>()
    for (const report of (about.log?.reports ?? []).filter(isReport('slub-corruption'))) {
      const found = { report, fault: slubFault(report) }
      const key = groupKey(found)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [found])
      else group.push(found)
    }
    return {
      unknown: [...logUnknown(about), ...slubDebugUnknown(about)],
      findings: [...groups.values()].map(group => {
        const [{ report, fault }] = group
        const claimed = report.userWritten === true
        const { cache } = parseCacheName(report.cache ?? '')
        const folded = (about.log?.folded ?? []).filter(
          ({ kind, task }) => kind === 'slub-corruption' && task !== undefined && task === report.cache,
        )
        // what was folded cannot be told apart by its damage: it is counted where one sort is all there is
        const alone = [...groups.values()].every(
          ([one]) => one === group[0] || one.report.cache !== report.cache,
        )
        const count = group.length + (alone ? folded.reduce((sum, one) => sum + one.count, 0) : 0)
        const flag = sameBit(group)
        const { title, summary, values } = slubSentences(report, fault)
        return {
          severity: claimed
            ? ('info' as const)
            : fault.sort === 'leak'
              ? ('warning' as const)
              : ('critical' as const),
          subject: cache === '' ? ({ kind: 'node' } as const) : ({ kind: 'slab', cache } as const),
          values: { ...values, count },
          words: {
            title: flag ? flagTitle(report) : title,
            summary: kept(
              count > 1 && 'count',
              ...summary.map(key => (flag && key === 'because-one-bit' ? ('same-bit' as const) : key)),
              !claimed && fault.picture !== undefined && 'draw',
            ),
          },
          evidence: quoted(report),
          remedies: claimed ? [] : slubRemedies(flag ? 'use-after-free' : fault.sort, fault, report),
          defects: [],
          ...seen(
            about,
            group.map(one => one.report),
            alone ? folded : [],
          ),
        }
      }),
    }
  },
})

/** One fault: the same damage to the same cache by the same code, as far as the report names it. */
function groupKey({ report, fault }: Found): string {
  const { module, function: name } = fault.suspect ?? {}
  const bit = fault.sort === 'hardware' ? '' : (module ?? name ?? '')
  return [
    report.userWritten === true,
    report.cache,
    fault.sort,
    fault.reason,
    bit,
    module === undefined ? '' : name,
  ].join('\0')
}

/** Memory does not fail at one bit of one field of objects that lie elsewhere each time. */
function sameBit(group: readonly Found[]): boolean {
  const [first] = group
  const place = first?.fault.picture?.damage?.offset
  return (
    group.length > 1 &&
    first?.fault.sort === 'hardware' &&
    place !== undefined &&
    new Set(group.map(({ report }) => report.object)).size > 1 &&
    group.every(({ fault }) => fault.picture?.damage?.offset === place && fault.bit === first.fault.bit)
  )
}

function flagTitle({ damage }: SlubCorruption): 'use-after-free' | 'overrun' {
  return damage === 'poison-overwritten' ? 'use-after-free' : 'overrun'
}
