// Memory of the kernel that nothing points to any more, as kmemleak finds it (mm/kmemleak.c). A judgement by a debugging
// instrument: an ordinary kernel does not have it, and one that has it is mostly booted without.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { formatBytes } from '../base/units.ts'
import type { Case } from '../case/case.ts'
import type { Evidence } from '../case/finding.ts'
import { ownerWords } from '../decode/kmsg/kmemleak.ts'
import type { KmemleakGroup } from '../decode/sys/kmemleak.ts'
import { doubtsOf, type KmemleakDoubt } from '../explain/kmemleak.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { type KmemleakFound, kmemleakClock, kmemleakFound, kmemleakInstrument } from '../facts/kmemleak.ts'
import { detector } from './detector.ts'

/** Groups named in the sentence, and quoted. */
const NAMED = 5

export default detector({
  id: 'kmemleak-objects',
  about: text({
    en: {
      judges:
        'kernel memory that nothing points to any more, as kmemleak reports it (needs a kernel with kmemleak on)',
    },
    zh: { judges: 'kmemleak 报告的、已没有指针指向的内核内存（需要启用了 kmemleak 的内核）' },
  }),
  concerns: 'cause',
  instrument: true,
  text: text({
    en: {
      objects:
        'kmemleak suspects leaks in the kernel: objects: {count|number}, {bytes|bytes} in all, allocated by stacks: {stacks|number}',
      logged:
        'kmemleak suspects leaks in the kernel: records in the log: {count|number}, {bytes|bytes} in all, of stacks: {stacks|number}',
      announced: 'Scans of kmemleak announced {announced|number} suspects',
      top: 'Most of it by: {top}.',
      meaning:
        'Each was allocated, never freed, at least five seconds old and unchanged between two scans, and no pointer to it was found.',
      growth:
        'What grows with every round of the workload is the leak; one object of a boot or a module’s start seldom is.',
      off: 'The detector is off by now: what has leaked since is not among them.',
      notAll: 'The log shows only what was printed; the rest is in /sys/kernel/debug/kmemleak.',
      notRead: 'Which they are stands in /sys/kernel/debug/kmemleak, which was not read here.',
      blind:
        'kmemleak does not report what something still points to (lists that only grow, removed memory cgroups), nor pages from the page allocator: that it reports little clears nobody.',
      'known-false':
        'Some of it is known to be no leak: the kernel keeps it on purpose, in a way that kmemleak cannot follow.',
      young:
        'Some of it was less than a minute old, and may have been on its way from one owner to the next.',
      single: 'Of some stacks there is one object only: so far nothing grows there.',
    },
    zh: {
      objects:
        'kmemleak 怀疑有 {count|number} 个内核对象泄漏，共 {bytes|bytes}，来自 {stacks|number} 个调用栈',
      logged: '日志里有 {count|number} 条 kmemleak 记录，共 {bytes|bytes}，来自 {stacks|number} 个调用栈',
      announced: 'kmemleak 的扫描报告过 {announced|number} 个疑似泄漏',
      top: '主要来自：{top}。',
      meaning: '每个对象都已分配、没有释放、存在至少五秒、两次扫描之间内容未变，而且找不到指向它的指针。',
      growth: '随每轮负载增长的才是泄漏；启动或模块加载时的单个对象很少是。',
      off: '检测器现已关闭：此后的泄漏不在其中。',
      notAll: '日志里只有打印出来的部分，其余在 /sys/kernel/debug/kmemleak。',
      notRead: '具体是哪些在 /sys/kernel/debug/kmemleak 里，这里没有读到。',
      blind:
        'kmemleak 不会报告仍有指针指向的内存（只增不减的链表、已删除的内存 cgroup），也看不到直接从页分配器申请的页：报告得少不能证明没有泄漏。',
      'known-false': '其中有些已知不是泄漏：内核有意保留，只是 kmemleak 跟踪不到。',
      young: '其中有些存在还不到一分钟，可能正从一个所有者移交给另一个。',
      single: '有些调用栈只有一个对象：目前看不出增长。',
    },
  }),
  judge(about) {
    const instrument = kmemleakInstrument(about)
    const clock = kmemleakClock(about)
    const found = kmemleakFound(about)
    const why = instrument.why === undefined ? [] : [instrument.why]
    const { reading, announced } = found
    if (reading === undefined && announced === 0) return { findings: [], unknown: why }
    if (reading === undefined && fileIsEmpty(about)) {
      // on a sound kernel a scan now and then suspects what the next finds in use; and what was cleared leaks all the same
      const path = found.scans.at(-1)?.path
      const gone = { reason: 'kmemleak-suspects-gone', remedy: 'scan-with-kmemleak' } as const
      return { findings: [], unknown: [...why, path === undefined ? gone : { ...gone, path }] }
    }
    const groups = reading?.groups ?? []
    const doubtful = groups.length > 0 && groups.every(group => doubtsOf(group, clock).some(isWeak))
    const doubts = [...new Set(groups.flatMap(group => doubtsOf(group, clock)))]
    const evidence = evidenceOf(about, found, groups)
    return {
      unknown: [...why, ...(found.fromFile ? [] : logUnknown(about))],
      findings:
        evidence === undefined
          ? []
          : [
              {
                severity: doubtful ? 'info' : 'warning',
                subject: { kind: 'node' },
                values: {
                  count: reading?.records,
                  bytes: reading?.bytes,
                  stacks: reading === undefined ? undefined : groups.length,
                  announced: announced === 0 ? undefined : announced,
                  top: groups.length === 0 ? undefined : groups.slice(0, NAMED).map(inWords).join(', '),
                },
                words: {
                  title: found.fromFile ? 'objects' : reading === undefined ? 'announced' : 'logged',
                  summary: kept(
                    groups.length > 0 && 'top',
                    'meaning',
                    reading === undefined && 'notRead',
                    reading !== undefined && !found.fromFile && 'notAll',
                    doubts.includes('known-false') && 'known-false',
                    doubts.includes('young') && 'young',
                    doubtful && doubts.includes('single') && 'single',
                    'growth',
                    instrument.is === 'off' && 'off',
                    'blind',
                  ),
                },
                evidence,
                remedies: [
                  'save-evidence',
                  instrument.is === 'off' ? 'kmemleak-enable' : 'kmemleak-scan-twice',
                  'report-kernel-bug',
                ],
                defects: [],
                ...seen(about, [...found.logged, ...found.scans]),
              },
            ],
    }
  },
})

/** A doubt for which a suspect is told, and does not make a warning. */
function isWeak(doubt: KmemleakDoubt): boolean {
  return doubt === 'known-false' || doubt === 'single'
}

function fileIsEmpty(about: Case): boolean {
  return about.samples.at(-1)?.kmemleak?.reading?.records === 0
}

/** `nvme_alloc_admin_tag_set [nvme_core] (12, 24 KiB)`: who, how many objects, how much. */
function inWords({ owner, module, stack, count, bytes, frames }: KmemleakGroup): string {
  // code without a symbol by what called it
  const name = owner ?? (stack.length === 0 ? '?' : stack.slice(0, 2).join(' ← '))
  return `${ownerWords(name, module, frames)} (${count}, ${formatBytes(bytes)})`
}

function evidenceOf(
  about: Case,
  { reading, path, fromFile, logged, scans }: KmemleakFound,
  groups: readonly KmemleakGroup[],
): readonly [Evidence, ...Evidence[]] | undefined {
  const announced = scans.slice(-2).flatMap(scan => [...quoted(scan)])
  const records =
    fromFile && reading !== undefined && path !== undefined
      ? groups.slice(0, NAMED).map(
          ({ first: { line, text: head } }): Evidence => ({
            kind: 'log',
            path,
            lines: [line, line],
            text: head,
          }),
        )
      : logged.slice(0, NAMED).flatMap(report => quoted(report)[0])
  const state = kmemleakInstrument(about)
  const off = state.is === 'off' && state.evidence !== undefined ? [state.evidence] : []
  const [first, ...more] = [...records, ...announced, ...off]
  return first === undefined ? undefined : [first, ...more]
}
