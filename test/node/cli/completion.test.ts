// The completion scripts, as the shells themselves take them.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../../dist/node/cli/main.js', import.meta.url))

const there = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0

/** What bash offers for the last of the words typed. */
function offered(...words: readonly string[]): readonly string[] {
  const script = [
    'source <("$1" "$2" completion bash)',
    'shift 2',
    'COMP_WORDS=(kmemscope "$@")',
    'COMP_CWORD=$#',
    '_kmemscope',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n')
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-c', script, 'bash', process.execPath, main, ...words],
    {
      encoding: 'utf8',
    },
  )
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.trim().split('\n')
}

describe.skipIf(!there('bash'))('completion in bash', () => {
  it('offers commands, options, and the values each command takes', () => {
    expect(offered('dec')).toEqual(['decode'])
    expect(offered('diagnose', '--fail')).toEqual(['--fail-on'])
    expect(offered('diagnose', '-o', '')).toEqual(['text', 'json', 'markdown', 'npd'])
    expect(offered('decode', '-o', '')).toEqual(['text', 'json', 'jsonl'])
    expect(offered('--lang', '')).toEqual(['en', 'zh'])
    expect(offered('decode', '--only', 'oom,km')).toEqual(['oom,kmemleak'])
    expect(offered('decode', '--un')).toEqual(['--until'])
    expect(offered('mem')).toEqual(['memory'])
    expect(offered('memory', '--sort', 'fi')).toEqual(['first'])
    expect(offered('memory', '--int')).toEqual(['--interval'])
    expect(offered('completion', 'f')).toEqual(['fish'])
  })
})
