// Up to 5.12 each read of memory.stat walks every memory cgroup below, dying ones included (memcg_page_state over the tree,
// mm/memcontrol.c), and the kubelet reads it for each container every few seconds; from 5.13 on sums are kept up the tree.

import { text } from '../base/text.ts'
import { defectHere, MANY_MEMCGS } from '../facts/defects.ts'
import { dyingMemcgs } from '../facts/dying-memcgs.ts'
import { kernelUpgrade, releaseEvidence } from '../facts/kernel.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'slow-memory-stat',
  about: text({
    en: { judges: 'so many memory cgroups, live or dying, that this kernel’s statistics are slow to read' },
    zh: { judges: '内存 cgroup（含 dying）过多，使该内核读取统计变慢' },
  }),
  concerns: 'node',
  text: text({
    en: {
      title:
        'Reading memory statistics is slow here: {all|number} memory cgroups, {dying|number} of them dying',
      what: 'On this kernel each read of memory.stat walks all cgroups below. The kubelet and cAdvisor read it every few seconds: they spend their time in the kernel, scrapes time out, and at worst there are soft lockups.',
      perhaps: 'Whether this kernel has the change that ended it (5.13) is not established.',
      check: 'To see it: time cat memory.stat of the topmost cgroup; more than 10 ms is slow.',
    },
    zh: {
      title: '本节点读取内存统计很慢：内存 cgroup 共 {all|number} 个，其中 dying {dying|number} 个',
      what: '在该内核上，每次读取 memory.stat 都要遍历其下所有 cgroup。kubelet 与 cAdvisor 每隔几秒就读一次：CPU 耗在内核里，采集超时，严重时出现 soft lockup。',
      perhaps: '尚不确定该内核是否已包含解决此问题的改动（5.13）。',
      check: '验证方法：对最顶层 cgroup 执行 time cat memory.stat，超过 10 毫秒即为慢。',
    },
  }),
  judge(about) {
    const { counted, unknown } = dyingMemcgs(about)
    const most = [...counted].sort((a, b) => b.dying + b.live - (a.dying + a.live))[0]
    const { status } = defectHere(about, 'K-38')
    if (most === undefined || most.dying + most.live < MANY_MEMCGS || status === 'not-affected') {
      // A kernel that sums up the tree is not slow, however many there are.
      const fixed = most !== undefined && most.dying + most.live >= MANY_MEMCGS && status === 'not-affected'
      return { findings: [], unknown: fixed ? [] : unknown }
    }
    const named = releaseEvidence(about)
    return {
      unknown,
      findings: [
        {
          severity: status === 'affected' ? 'warning' : 'info',
          subject: { kind: 'node' },
          values: { all: most.dying + most.live, dying: most.dying },
          words: {
            title: 'title',
            summary: status === 'affected' ? ['what', 'check'] : ['what', 'perhaps', 'check'],
          },
          evidence: [...most.evidence, ...(named === undefined ? [] : [named])],
          remedies: ['reduce-churn', 'drain-and-reboot', kernelUpgrade(about)],
          defects: [{ id: 'K-38', status, why: defectHere(about, 'K-38').why }],
          ongoing: true,
        },
      ],
    }
  },
})
