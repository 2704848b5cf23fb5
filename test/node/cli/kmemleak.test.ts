// kmemscope kmemleak as a process, on saved copies, and on this machine, whose kernel most likely has no kmemleak. Scans
// are tried on a real kernel in the kernel lab.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')
const KEPT = join(root, 'fixtures/nodes/kmemleak-leak/tree/sys/kernel/debug/kmemleak')
const CONTROL = '/sys/kernel/debug/kmemleak'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-kmemleak-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function put(name: string, content: string): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

function kmemleak(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'kmemleak', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
    input: '',
  })
  return { code: status, out: stdout, err: stderr }
}

/** Without the breaks of lines, which stand where the path lets them. */
const flat = (text: string): string => text.replace(/\s+/g, ' ')

const records = (text: string): readonly string[] => text.split(/^(?=unreferenced object )/m)

describe('a saved copy', () => {
  it('is told by who allocated, the largest first, with what kmemleak cannot see', () => {
    const { code, out, err } = kmemleak(KEPT)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(flat(out)).toContain('suspects: 52, 44.4 KiB in all, of stacks: 3')
    expect(out).toMatch(/lab_leak_kmalloc \[faults\] {2}objects: 19/)
    expect(out.indexOf('code without a symbol')).toBeLessThan(out.indexOf('lab_leak_kmalloc'))
    expect(flat(out)).toContain('does not report memory that something still points to')
    expect(kmemleak(KEPT, '--lang', 'zh').out).toContain('lab_leak_kmalloc [faults]  19 个对象')
  })

  it('is compared with an earlier one: what is new, what grew, what went away', () => {
    const all = records(readFileSync(KEPT, 'utf8'))
    const of = (name: string) => all.filter(one => one.includes(` ${name}+0x`))
    const leaks = of('lab_leak')
    const before = put('before.txt', [...leaks.slice(0, 5), ...of('lab_leak_kmalloc')].join(''))
    const after = put('after.txt', [...leaks, ...all.filter(one => one.includes('do_one_initcall'))].join(''))
    const { code, out } = kmemleak(before, after)
    expect(code).toBe(0)
    const at = (text: string): number => {
      expect(out).toContain(text)
      return out.indexOf(text)
    }
    expect(at('New since')).toBeLessThan(at('More than in'))
    expect(at('More than in')).toBeLessThan(at('Gone since'))
    expect(out).toMatch(
      /lab_leak \[faults\] {2}objects: 5 → 20, 320 B → 1\.25 KiB\n {4}the same as before: 5, new: 15, gone: 0/,
    )
    const same = kmemleak(after, after)
    expect(same.out).toContain('Nothing is new and nothing grew.')
    expect(same.out).not.toContain('Gone since')
  })

  it('may be empty, as it is where nothing leaked', () => {
    const empty = put('empty.txt', '')
    expect(kmemleak(empty)).toMatchObject({ code: 0, err: '' })
    expect(kmemleak(empty).out).toContain('kmemleak reports nothing.')
    expect(flat(kmemleak(empty).out)).toContain('an empty copy alone does not show')
    expect(kmemleak(empty, KEPT).out).toContain('New since')
  })

  it('may be a log that holds the records, in its dress', () => {
    const log = put(
      'dmesg.txt',
      readFileSync(KEPT, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line, index) => `[  ${100 + index}.000000] kmemleak: ${line}\n`)
        .join(''),
    )
    expect(flat(kmemleak(log).out)).toContain('suspects: 52, 44.4 KiB in all, of stacks: 3')
    expect(kmemleak(KEPT, log).out).toContain('Nothing is new and nothing grew.')
  })

  it('is refused where it is none', () => {
    expect(kmemleak(put('other.txt', '[    1.000000] eth0: link up\n'))).toMatchObject({ code: 1, out: '' })
    const missing = kmemleak(join(dir, 'nowhere'))
    expect(missing).toMatchObject({ code: 1, out: '' })
    expect(missing.err).toContain('no such file')
  })

  it('cannot steer a terminal', () => {
    const [first = ''] = records(readFileSync(KEPT, 'utf8'))
    const hostile = put(
      'hostile.txt',
      first.replace('"sh"', '"\u001b[2Jx\u202e"').replaceAll('lab_leak', 'lab_\u009bleak'),
    )
    const { code, out } = kmemleak(hostile)
    expect(code).toBe(0)
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})

describe('wrong usage', () => {
  it.each([
    ['three files', [KEPT, KEPT, KEPT]],
    ['a scan of a file', ['--scan', KEPT]],
    ['an output that is none', ['-o', 'markdown', KEPT]],
    ['an option that is none', ['--clear']],
  ])('is %s', (_, args) => {
    const { code, out, err } = kmemleak(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^kmemscope: /)
  })
})

/** A debugfs that is none, in a mount namespace of its own: takes root. */
const FAKED = 'mount -t tmpfs none /sys/kernel/debug'
const canFake = spawnSync('unshare', ['-m', 'sh', '-c', FAKED]).status === 0

describe.skipIf(!canFake)('what stands in the place of the file', () => {
  it.each([
    ['a file', 'cp "$1" /sys/kernel/debug/kmemleak'],
    ['a link', 'ln -s "$1" /sys/kernel/debug/kmemleak'],
  ])(
    '%s is not written to',
    (_, place) => {
      const file = put('victim.txt', readFileSync(KEPT, 'utf8'))
      const script = `${FAKED} && ${place} && "$2" "$3" kmemleak --scan --yes; cat /sys/kernel/debug/kmemleak`
      const { stdout, stderr } = spawnSync(
        'unshare',
        ['-m', 'sh', '-c', script, 'sh', file, process.execPath, main],
        {
          encoding: 'utf8',
          input: '',
        },
      )
      expect(stderr).toContain('no file of debugfs')
      expect(stdout).toBe(readFileSync(KEPT, 'utf8'))
    },
    30_000,
  )
})

describe.skipIf(process.platform !== 'linux' || existsSync(CONTROL))('a node without kmemleak', () => {
  it('is told why, with what helps, and is not scanned', () => {
    for (const args of [[], ['--scan', '--yes'], ['--scan'], ['-o', 'json']]) {
      const { code, out, err } = kmemleak(...args)
      expect({ args, code, out }).toEqual({ args, code: 1, out: '' })
      expect(err).toMatch(
        /built without kmemleak|nothing shows that this kernel has kmemleak|root alone|debugfs is not mounted/,
      )
      expect(err).toContain('To check it: ')
    }
  })
})
