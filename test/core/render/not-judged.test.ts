import { describe, expect, it } from 'vitest'
import { collectKmsg } from '../../../src/core/collectors/kmsg.ts'
import { renderCondition } from '../../../src/core/render/conditions.ts'
import { renderMarkdown } from '../../../src/core/render/markdown.ts'
import { plain, renderTerminal } from '../../../src/core/render/terminal.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { DMESG, type Files, judge, v2Cgroup, v2Node } from '../node.ts'

const SLUB = 'BUG kmalloc-64 (Tainted: G    B ): Right Redzone overwritten'
const QUOTED = 'BUG a`b (Not tainted): Poison overwritten'

const healthy = (over: Files = {}) => v2Node('6.12.0', { ...v2Cgroup('system.slice'), ...over })
const dmesg = (...lines: readonly string[]) => ({
  dmesg: DMESG + lines.map((line, index) => `[   ${20 + index}.000000] ${line}\n`).join(''),
})
const terminal = (files: Files, language: 'en' | 'zh') =>
  renderTerminal(judge(files), { language, texts: {}, style: plain, columns: 100, version: '0' })

describe('a log with reports that no detector judges', () => {
  const files = healthy(dmesg(SLUB, SLUB))

  it('is not called clean, in either language', () => {
    expect(terminal(healthy(), 'en')).toContain('Nothing found.')
    const en = terminal(files, 'en')
    expect(en).not.toContain('Nothing found.')
    expect(en).toContain('does not judge yet what the kernel log reports here:\n')
    expect(en).toContain(`damaged or misused (2×); the first time:\n    /dmesg:3  ${SLUB}\n`)
    const zh = terminal(files, 'zh')
    expect(zh).not.toContain('没有发现问题。\n\n')
    expect(zh).toContain(`（2 次），首次：\n    /dmesg:3  ${SLUB}\n`)
  })

  it('is not called clean in Markdown, where a line of the log stays code', () => {
    const markdown = renderMarkdown(judge(healthy(dmesg(QUOTED))), {}, 'en')
    expect(markdown).not.toContain('Nothing found.')
    expect(markdown).toContain(`\`\`\`\n/dmesg:3  ${QUOTED}\n\`\`\``)
  })

  it('is unknown to node-problem-detector', () => {
    expect(renderCondition(judge(healthy()), {}, 'en').exitCode).toBe(0)
    for (const language of ['en', 'zh'] as const) {
      const { line, exitCode } = renderCondition(judge(files), {}, language)
      expect(exitCode).toBe(2)
      expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(80)
    }
  })

  it('has them beside what was found', () => {
    const oom = [
      'a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0',
      'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=a,pid=9,uid=0',
      'Out of memory: Killed process 9 (a) total-vm:1kB, anon-rss:1kB, file-rss:1kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0',
    ]
    const found = healthy(dmesg(SLUB, ...oom))
    expect(terminal(found, 'en')).toContain('In the kernel log, and not judged yet\n')
    expect(renderMarkdown(judge(found), {}, 'zh')).toContain('## 内核日志里有，但还不会判断的报告\n')
    expect(renderCondition(judge(found), {}, 'en').exitCode).toBe(1)
  })

  it('is clean again where all of them are older than was asked for', () => {
    const [fresh, old] = [10, 5].map(
      sinceSeconds =>
        collectKmsg(
          memoryTree(healthy(dmesg(SLUB, 'eth0: a', 'eth0: b', 'eth0: c', 'eth0: d', 'eth0: e', 'eth0: f')), {
            origin: 'directory',
          }),
          { sinceSeconds },
        ).log?.sources[0],
    )
    expect(fresh?.notJudged).toMatchObject([{ kind: 'slub-corruption', count: 1 }])
    expect(old).not.toHaveProperty('notJudged')
  })
})
