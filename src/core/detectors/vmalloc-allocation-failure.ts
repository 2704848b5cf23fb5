// "vmalloc: allocation failure", "vmap allocation for size N failed": no pages, or no addresses, for a large piece of
// kernel memory (mm/vmalloc.c).

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { logUnknown, quoted, seen } from '../facts/kernel-log.ts'
import { reportSeries } from '../facts/report-series.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'vmalloc-allocation-failure',
  about: text({
    en: { judges: 'vmalloc allocations that failed' },
    zh: { judges: 'vmalloc 分配失败' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title: 'vmalloc failures: {count|number}, for up to {size|bytes}',
      what: 'Thread stacks, BPF programs and maps, modules and large tables of the kernel come from there: fork, loading a module or setting a firewall may have failed. Nothing is killed for it.',
      space:
        'Addresses ran out, not memory. A larger area may be had with the boot option vmalloc= on 32 bits; else find who fills it in /proc/vmallocinfo.',
      pages: 'There were no pages for it: the node was out of memory, or the caller’s cgroup at its limit.',
      limit: 'More was asked for than the node has: the size is wrong, mostly a number from user space.',
      claim:
        'The line was written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',
    },
    zh: {
      title: 'vmalloc 失败 {count|number} 次，最大 {size|bytes}',
      what: '线程栈、BPF 程序与 map、模块和内核的大表都由它分配：fork、加载模块或设置防火墙可能失败。不会因此杀进程。',
      space:
        '用尽的是地址而不是内存。32 位上可用启动参数 vmalloc= 扩大；否则在 /proc/vmallocinfo 里找出占用者。',
      pages: '申请不到页：节点内存不足，或调用者的 cgroup 达到限制。',
      limit: '要求的大小超过节点内存：大小有误，多半是来自用户态的数字。',
      claim: '这一行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',
    },
  }),
  judge(about) {
    return {
      unknown: logUnknown(about),
      findings: reportSeries(about, 'vmalloc-failure').map(({ reports, last, folded, count, claimed }) => {
        const whys = new Set(reports.map(({ why }) => why))
        // what was asked for wrongly hurts nobody but who asked
        const wrong = whys.size === 1 && whys.has('limit')
        return {
          severity: claimed || wrong ? ('info' as const) : ('warning' as const),
          subject: { kind: 'node' as const },
          values: { count, size: Math.max(...reports.map(({ size = 0 }) => size)) },
          words: {
            title: 'title' as const,
            summary: kept(
              claimed && 'claim',
              'what',
              whys.has('address-space') && 'space',
              whys.has('pages') && 'pages',
              whys.has('limit') && 'limit',
            ),
          },
          evidence: [...quoted(reports[0]), ...(reports.length > 1 ? quoted(last) : [])] as const,
          remedies: claimed ? [] : kept('save-evidence', whys.has('pages') && 'reserve-node-memory'),
          defects: [],
          ...seen(about, reports, folded),
        }
      }),
    }
  },
})
