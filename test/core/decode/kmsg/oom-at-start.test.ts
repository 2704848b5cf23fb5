import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../../src/core/decode/kmsg/log.ts'
import { parseOomLine } from '../../../../src/core/decode/kmsg/oom.ts'
import { killedAtStart } from '../../../../src/core/decode/kmsg/oom-composition.ts'
import type { OomReport } from '../../../../src/core/decode/kmsg/report.ts'

/** A restart's report, with what its trace ends in, and whom it killed. */
const report = (frames: readonly string[], victim = 'sh', invoker = 'sh'): string =>
  [
    `${invoker} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0`,
    `CPU: 0 UID: 0 PID: 16362 Comm: ${invoker} Not tainted 6.18.44 #1 PREEMPT(none)`,
    'Call Trace:',
    ' <TASK>',
    ' mem_cgroup_out_of_memory+0xc0/0x110',
    ...frames,
    ' </TASK>',
    'memory: usage 32768kB, limit 32768kB, failcnt 91',
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=${victim},pid=16362,uid=0`,
    `Memory cgroup out of memory: Killed process 16362 (${victim}) total-vm:2592kB, anon-rss:0kB, file-rss:1548kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0`,
  ]
    .map((line, index) => `[   10.${String(index).padStart(6, '0')}] ${line}`)
    .join('\n')

function only(text: string): OomReport {
  const [first, ...more] = readKernelLog([new TextEncoder().encode(text)], { path: 'log' }).reports
  if (first?.kind !== 'oom' || more.length > 0) throw new Error('one OOM report was expected')
  return first
}

describe('a process that is killed while its program is being started', () => {
  it.each([
    ' do_execveat_common.isra.0+0x8d/0x1b0',
    ' __x64_sys_execve+0x34/0x50',
    ' __arm64_sys_execveat+0x40/0x60',
    ' bprm_execve+0x2ad/0x500',
    ' [<ffffffff811e2b07>] do_execve_common.isra.24+0x5d7/0x740',
    ' [<ffffffff816b55a9>] stub_execve+0x69/0xa0',
    ' [<ffffffff8120a8ce>] SyS_execve+0x2e/0x40',
  ])('is told by %s', frame => {
    expect(parseOomLine(frame, true)).toEqual({ is: 'frame', proves: 'starting' })
    const read = only(report([frame]))
    expect(read.starting).toBe(true)
    expect(killedAtStart(read)).toBe(true)
  })

  it.each([' ? __x64_sys_execve+0x34/0x50', ' my_execveteran+0x1/0x2', ' __x64_sys_openat+0x1/0x2'])(
    'is not told by %s',
    frame => {
      expect(only(report([frame])).starting).toBeUndefined()
    },
  )

  it('is the runtime itself, too, before the program has its turn', () => {
    const read = only(report([' asm_exc_page_fault+0x22/0x30'], 'runc:[2:INIT]', 'runc:[2:INIT]'))
    expect(killedAtStart(read)).toBe(true)
  })

  it('is not who is killed for another that is being started', () => {
    const read = only(report([' __x64_sys_execve+0x34/0x50'], 'java'))
    expect(read.starting).toBe(true)
    expect(killedAtStart(read)).toBe(false)
  })
})
