// What a record of kmemleak is told to be: whose memory, and how sure that is.

import { describe, expect, it } from 'vitest'
import { ownerWords } from '../../../src/core/decode/kmsg/kmemleak.ts'
import { readKernelLog } from '../../../src/core/decode/kmsg/log.ts'
import type { KmemleakReport } from '../../../src/core/decode/kmsg/report.ts'
import { reportWords } from '../../../src/core/render/kernel-report.ts'

const FRAMES = [
  'percpu_ref_init+0x2c/0x330',
  'blk_alloc_queue+0x533/0x700',
  'nvme_alloc_admin_tag_set+0x352/0x670 [nvme_core]',
]

function reportOf(frames: readonly string[]): KmemleakReport & { readonly says: 'suspect' } {
  const lines = [
    'unreferenced object 0xffff8881a20fbf80 (size 64):',
    '  comm "nvme", pid 84134, jiffies 4304631753',
    '  backtrace (crc 0):',
    ...frames.map(frame => `    ${frame}`),
    '',
  ]
  const { reports } = readKernelLog([Buffer.from(lines.join('\n'))], { path: 'log' })
  const [report] = reports
  if (report?.kind !== 'kmemleak' || report.says !== 'suspect') throw new Error('no record')
  return report
}

function titleOf(frames: readonly string[]): string {
  return reportWords(reportOf(frames), 'en').title
}

describe('a record of kmemleak in words', () => {
  it('does not give a function of the kernel to the module that called it', () => {
    expect(titleOf(FRAMES)).toBe(
      'kmemleak found nothing pointing to 64 bytes that percpu_ref_init allocated for module nvme_core',
    )
    const { frames } = reportOf(FRAMES).object
    expect(ownerWords('percpu_ref_init', 'nvme_core', frames)).toBe('percpu_ref_init ← [nvme_core]')
    expect(ownerWords('nvme_alloc_admin_tag_set', 'nvme_core', frames)).toBe(
      'nvme_alloc_admin_tag_set [nvme_core]',
    )
    expect(ownerWords('percpu_ref_init', undefined, frames)).toBe('percpu_ref_init')
  })

  it('says that the code is gone only where a stack says so', () => {
    expect(titleOf(['0xffffffffc0000000', 'do_one_initcall+0x1/0x2'])).toContain('is gone')
    expect(titleOf([])).toContain('who allocated them is not in the record')
  })
})
