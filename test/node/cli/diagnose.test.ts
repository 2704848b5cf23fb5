// What every run of `diagnose` promises of its exit code and of a terminal.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { coloured, plain } from '../../../src/core/render/terminal.ts'
import { memoryTree } from '../../../src/core/tree/memory-tree.ts'
import { withProgress } from '../../../src/node/cli/progress.ts'
import { styleFor } from '../../../src/node/cli/style.ts'

const main = fileURLToPath(new URL('../../../dist/node/cli/main.js', import.meta.url))

describe('--fail-on', () => {
  let scratch = ''
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kmemscope-fail-on-'))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  const statuses = (log: string) => {
    const path = join(scratch, 'dmesg.txt')
    writeFileSync(path, log)
    return ['info', 'warning', 'critical'].map(
      severity => spawnSync(process.execPath, [main, 'diagnose', path, '--fail-on', severity]).status,
    )
  }
  const slub = '[  100.000000] SLUB: Unable to allocate memory on node -1 (gfp=0x20)\n'

  it('exits with 10 for a finding of that severity or worse', () => {
    expect(statuses(slub)).toEqual([10, 10, 0])
  })

  it('lets a mere remark pass from warning on', () => {
    // 12: facility user, level warning. What a program wrote to /dev/kmsg is told as info.
    expect(statuses(`12,1,1000000,-;${slub.replace(/^\[.*?\] /, '')}`)).toEqual([10, 0, 0])
  })
})

describe('sources', () => {
  let scratch = ''
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kmemscope-sources-'))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  const diagnosed = (log: string, ...args: readonly string[]) => {
    const path = join(scratch, 'dmesg.txt')
    writeFileSync(path, log)
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [main, 'diagnose', path, ...args, '-o', 'json'],
      { encoding: 'utf8' },
    )
    return { status, stderr, report: JSON.parse(stdout) }
  }
  const kill = (second: number) =>
    `[${second}.000000] Out of memory: Killed process 7 (java) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB\n`

  it('that cannot be read are told and fail the run; the others are still judged', () => {
    const { status, stderr, report } = diagnosed(kill(100), join(scratch, 'none'))
    expect(status).toBe(1)
    expect(stderr).toContain('no such file')
    expect(report.verdicts['node-oom-kill']).toBe('present')
    expect(report.gaps).toContainEqual(expect.objectContaining({ why: 'absent' }))
  })

  it('given twice are read once, and that is no failure', () => {
    const { status, report } = diagnosed(kill(100), join(scratch, 'dmesg.txt'))
    expect(status).toBe(0)
    expect(report.findings).toHaveLength(1)
  })

  it('looked at only from --since on prove no absence where older reports were left out', () => {
    const log = `${kill(100)}[90000.000000] eth0: link up\n`
    expect(diagnosed(log).report.verdicts['node-oom-kill']).toBe('present')
    expect(diagnosed(log, '--since', '1h').report.verdicts['node-oom-kill']).toBe('unknown')
    expect(
      diagnosed('[90000.000000] eth0: link up\n', '--since', '1h').report.verdicts['node-oom-kill'],
    ).toBe('absent')
  })
})

describe('colour', () => {
  it('is for terminals, and for those who did not forbid it', () => {
    expect(styleFor({ isTTY: true }, {})).toBe(coloured)
    expect(styleFor({ isTTY: true }, { NO_COLOR: '' })).toBe(coloured)
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(plain)
    expect(styleFor({}, {})).toBe(plain)
  })
})

describe('the progress line', () => {
  afterEach(() => vi.useRealTimers())

  /** What is written while 640 files are read, one every so many milliseconds. */
  const written = (every: number, isTTY: boolean): string => {
    vi.useFakeTimers()
    let text = ''
    const stream = { isTTY, write: (more: string) => (text += more) }
    const { tree, done } = withProgress(memoryTree({ a: 'b' }), stream, files => `${files} files`)
    for (let file = 0; file < 640; file += 1) {
      vi.advanceTimersByTime(every)
      tree.read('a')
    }
    done()
    return text
  }

  it('comes after a second, on a terminal, and is taken away', () => {
    expect(written(1, true)).toBe('')
    expect(written(5, false)).toBe('')
    expect(written(5, true)).toContain('256 files')
    expect(written(5, true)).not.toContain('128 files')
    expect(written(5, true).endsWith('\r\x1b[K')).toBe(true)
  })
})
