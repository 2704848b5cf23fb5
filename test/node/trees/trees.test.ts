// Trees on real files: temporary directories with links out of them, FIFOs, files nobody may read; and this machine.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import memcg from '../../../src/core/collectors/memcg.ts'
import type { Tree } from '../../../src/core/tree/tree.ts'
import { isGap } from '../../../src/core/tree/tree.ts'
import { directoryTree } from '../../../src/node/trees/directory-tree.ts'
import { liveTree } from '../../../src/node/trees/live-tree.ts'
import { openTree, problemSentence } from '../../../src/node/trees/open-tree.ts'

const isLinux = process.platform === 'linux'
const asRoot = process.getuid?.() === 0

let scratch: string

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'kmemscope-'))
})

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true })
})

function put(path: string, content: string | Uint8Array): string {
  const file = join(scratch, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

function textOf(tree: Tree, path: string): string {
  const bytes = tree.read(path)
  return isGap(bytes)
    ? `${bytes.why}${bytes.detail === undefined ? '' : ` ${bytes.detail}`}`
    : Buffer.from(bytes).toString()
}

function piecesOf(tree: Tree, path: string): string {
  const pieces = tree.chunks(path)
  return isGap(pieces) ? pieces.why : Buffer.concat([...pieces]).toString()
}

describe('directoryTree', () => {
  it('follows links that stay inside and none that lead out', () => {
    put('outside/secret', 'secret')
    put('node/usr/lib/os-release', 'ID=debian\n')
    put('node/proc/version', 'Linux version 5.4.0\n')
    mkdirSync(join(scratch, 'node/etc'))
    const link = (target: string, path: string) => symlinkSync(target, join(scratch, 'node', path))
    link('../usr/lib/os-release', 'etc/os-release')
    link('/usr/lib/os-release', 'etc/absolute')
    link('../../../outside/secret', 'etc/out')
    link(join(scratch, 'outside/secret'), 'etc/absolute-out')
    link('../../outside', 'dir-out')
    link('loop-b', 'loop-a')
    link('loop-a', 'loop-b')
    link('.', 'self')
    const tree = directoryTree(join(scratch, 'node'))
    expect(textOf(tree, 'etc/os-release')).toBe('ID=debian\n')
    expect(textOf(tree, 'etc/absolute')).toBe('ID=debian\n')
    expect(textOf(tree, 'self/self/self/proc/version')).toBe('Linux version 5.4.0\n')
    expect(textOf(tree, 'etc/out')).toBe('absent')
    expect(textOf(tree, 'etc/absolute-out')).toBe('absent')
    expect(textOf(tree, 'dir-out/secret')).toBe('absent')
    expect(textOf(tree, '../outside/secret')).toBe('absent')
    expect(textOf(tree, 'loop-a')).toBe('unreadable ELOOP')
    expect(tree.list('dir-out')).toMatchObject({ why: 'absent' })
    expect(tree.link('etc/out')).toBe('../../../outside/secret')
    expect(tree.directories('')).toEqual(['etc', 'proc', 'usr'])
  })

  it.skipIf(!isLinux)('opens no FIFO, device or socket', () => {
    mkdirSync(join(scratch, 'dev'))
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(scratch, 'dev/kmsg')])
    symlinkSync('/dev/zero', join(scratch, 'dev/link'))
    const hasDevice = spawnSync('sh', ['-c', 'mknod "$0" c 1 5', join(scratch, 'dev/zero')]).status === 0
    const tree = directoryTree(scratch)
    expect(textOf(tree, 'dev/kmsg')).toBe('unreadable no regular file')
    expect(piecesOf(tree, 'dev/kmsg')).toBe('unreadable')
    expect(textOf(tree, 'dev/zero')).toBe(hasDevice ? 'unreadable no regular file' : 'absent')
    // As on the node itself: what it names is the link's own directory.
    expect(textOf(tree, 'dev/link')).toBe(hasDevice ? 'unreadable no regular file' : 'absent')
  })

  it('takes a .list file for the listing of a directory', () => {
    put('sys/kernel/slab.list', 'dentry(112:c116)\r\ndentry\r\n')
    put('sys/fs/cgroup/memory.list', 'kubepods\ncgroup.procs\nmemory.stat\nuser.slice\ntasks\n')
    put('sys/fs/cgroup/long.list', 'total 0\nlrwxrwxrwx 1 root root 0 Nov 23 18:46 dentry -> :0000192\n')
    const tree = directoryTree(scratch)
    expect(tree.list('sys/kernel/slab')).toEqual(['dentry(112:c116)', 'dentry'])
    expect(tree.directories('sys/fs/cgroup/memory')).toEqual(['kubepods', 'user.slice'])
    expect(tree.list('sys/fs/cgroup/long')).toEqual(['dentry'])
    expect(tree.list('sys/fs/cgroup/none')).toMatchObject({ why: 'absent' })
  })

  it('unpacks config.gz, and says so where it is no gzip', () => {
    put('proc/config.gz', gzipSync('CONFIG_MEMCG=y\n'))
    expect(textOf(directoryTree(scratch), 'proc/config')).toBe('CONFIG_MEMCG=y\n')
    put('proc/config.gz', 'CONFIG_MEMCG=y\n')
    expect(textOf(directoryTree(scratch), 'proc/config')).toMatch(/^unreadable /)
    put('proc/config.gz', gzipSync(Buffer.alloc(32 * 1024 * 1024)))
    expect(textOf(directoryTree(scratch), 'proc/config')).toMatch(/^unreadable /)
  })

  it.skipIf(!asRoot)('tells what may not be read, to whoever may not', () => {
    put('proc/meminfo', 'MemTotal: 1 kB\n')
    chmodSync(join(scratch, 'proc/meminfo'), 0)
    chmodSync(scratch, 0o755)
    try {
      process.seteuid?.(65534)
      expect(textOf(directoryTree(scratch), 'proc/meminfo')).toBe('denied')
      const opened = openTree([join(scratch, 'proc/meminfo')])
      expect('problem' in opened && opened.problem.what).toBe('denied')
    } finally {
      process.seteuid?.(0)
    }
  })

  it('gives a log in pieces and a file too large to be held as a gap', () => {
    const line = `${'x'.repeat(1023)}\n`
    put('dmesg', line.repeat(1000))
    const tree = directoryTree(scratch)
    expect(piecesOf(tree, 'dmesg').length).toBe(1024 * 1000)
    put('large', '')
    truncateSync(join(scratch, 'large'), 65 * 1024 * 1024)
    expect(tree.read('large')).toMatchObject({ why: 'truncated' })
  })
})

describe('openTree', () => {
  const opened = (...sources: string[]) => {
    const answer = openTree(sources)
    if ('problem' in answer) throw new Error(problemSentence(answer.problem, 'en'))
    return answer.tree
  }
  const problem = (...sources: string[]) => {
    const answer = openTree(sources)
    return 'problem' in answer ? answer.problem.what : 'opened'
  }

  it('makes one node of files, a cgroup directory and logs', () => {
    const meminfo = put('a.txt', 'MemTotal:  8009912 kB\nMemFree: 1 kB\nSlab: 2 kB\n')
    const log = put('kern.log', '[    1.0] SLUB: Unable to allocate memory on node -1\n')
    put('c1/memory.usage_in_bytes', '5\n')
    put('c1/memory.limit_in_bytes', '4096\n')
    put('c1/inner/memory.usage_in_bytes', '4\n')
    const tree = opened(meminfo, join(scratch, 'c1'), log)
    expect(tree.given?.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'meminfo proc/meminfo',
      'cgroup-v1 sys/fs/cgroup/memory',
      'log log/3-kern.log',
    ])
    expect(tree.list('log')).toEqual(['3-kern.log'])
    expect(tree.shown('log/3-kern.log')).toBe(log)
    expect(tree.shown('proc/meminfo')).toBe(meminfo)
    expect(piecesOf(tree, 'log/3-kern.log')).toBe(readFileSync(log, 'utf8'))
    // A log is read twice where somebody asks twice.
    expect(piecesOf(tree, 'log/3-kern.log')).toBe(readFileSync(log, 'utf8'))
    const { sample } = memcg.collect(tree, { at: 0, node: {}, sample: { at: 0 } })
    expect(sample?.memcg).toMatchObject({ version: 'v1', nodeWide: false, root: join(scratch, 'c1') })
    expect(sample?.memcg?.memcgs.map(({ path, usage }) => [path, usage])).toEqual([
      ['/', 5],
      ['/inner', 4],
    ])
  })

  it('adds logs to a saved node', () => {
    put('node/proc/version', 'Linux version 5.4.0\n')
    const log = put('kern.log', '[    1.0] x\n')
    const tree = opened(join(scratch, 'node'), log)
    expect(tree.origin).toBe('directory')
    expect(textOf(tree, 'proc/version')).toBe('Linux version 5.4.0\n')
    expect(tree.list('log')).toEqual(['2-kern.log'])
    expect(collect(tree, { at: 0 }).node.kernel).toBe('5.4.0')
  })

  it('says what is wrong with a source, and reads the others', () => {
    mkdirSync(join(scratch, 'src'))
    put('src/main.c', 'int main;\n')
    expect(problem(join(scratch, 'none'))).toBe('no-such-file')
    expect(problem(put('empty', ''))).toBe('empty')
    expect(problem(put('packed', gzipSync('x')))).toBe('compressed')
    expect(problem(put('core', Buffer.from(`\x7fELF${'\0'.repeat(100)}`, 'latin1')))).toBe('binary')
    expect(problem(join(scratch, 'src'))).toBe('no-node')
    const answer = openTree([join(scratch, 'none'), put('l.log', '[    1.0] x\n')])
    expect('tree' in answer && answer.problems.map(({ what }) => what)).toEqual(['no-such-file'])
    expect('tree' in answer && answer.tree.gaps()).toMatchObject([
      { path: join(scratch, 'none'), why: 'absent' },
    ])
  })

  it('names a source without letting its name steer the terminal', () => {
    const answer = openTree(['/tmp/\x1b[31mnone'])
    expect('problem' in answer && problemSentence(answer.problem, 'zh')).toBe(
      '/tmp/\\x1b[31mnone：没有这个文件或目录。',
    )
  })

  it('says what works where there is no Linux', () => {
    const answer = openTree([], { platform: 'darwin' })
    expect('problem' in answer && answer.problem).toEqual({ what: 'not-linux', path: 'darwin' })
  })

  it.skipIf(!isLinux)('reads standard input as it comes, also from a pipe that does not wait', () => {
    const program = `
      import { openTree } from ${JSON.stringify(new URL('../../../dist/node/trees/open-tree.js', import.meta.url).href)}
      const opened = openTree(['-'])
      if ('problem' in opened) console.log(opened.problem.what)
      else {
        const [given] = opened.tree.given
        let bytes = 0
        if (given.kind === 'log') for (const piece of opened.tree.chunks(given.path)) bytes += piece.length
        console.log(given.kind, bytes, 'why' in opened.tree.chunks(given.path))
      }`
    const run = (command: string) =>
      spawnSync('bash', ['-c', `${command} | node --input-type=module -e "$PROGRAM"`], {
        env: { ...process.env, PROGRAM: program },
        encoding: 'utf8',
      }).stdout.trim()
    expect(run("(sleep 0.2; yes '[    1.0] a line of the log' | head -c 3000000)")).toBe('log 3000000 true')
    expect(run('cat /proc/meminfo')).toMatch(/^meminfo 0/)
    expect(run('true')).toBe('empty')
    // O_NONBLOCK is set on the pipe itself by whoever shares it.
    expect(
      run(
        'python3 -c "import os,fcntl,time;fcntl.fcntl(1,4,os.O_NONBLOCK);time.sleep(.2);os.write(1,b\'[    1.0] x\\n\'*9)"',
      ),
    ).toBe('log 108 true')
  })
})

describe.skipIf(!isLinux)('liveTree', () => {
  it('reads this machine: its memory, its kernel, its cgroups, each once', () => {
    const tree = liveTree()
    const found = collect(tree, { at: 0 })
    const [sample] = found.samples
    expect(sample?.meminfo?.values['MemTotal']).toBe(
      Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024,
    )
    expect(found.node.kernel).toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim())
    expect(tree.shown('proc/meminfo')).toBe('/proc/meminfo')
    expect(tree.read('proc/none')).toEqual({ path: '/proc/none', why: 'absent' })
    expect(tree.read('proc/sys')).toMatchObject({ why: 'unreadable', detail: 'EISDIR' })
    expect(tree.read('dev/zero')).toMatchObject({ why: 'unreadable', detail: 'no regular file' })
    const root = '/sys/fs/cgroup/memory'
    if (!existsSync(`${root}/memory.usage_in_bytes`)) return
    const below = (dir: string): number =>
      readdirSync(dir, { withFileTypes: true }).reduce(
        (sum, entry) => sum + (entry.isDirectory() ? below(`${dir}/${entry.name}`) : 0),
        1,
      )
    // Other work on the machine makes and removes cgroups.
    expect(Math.abs((sample?.memcg?.memcgs.length ?? 0) - below(root))).toBeLessThan(20)
    expect(
      sample?.memcg?.memcgs.every(({ usage, inode }) => usage !== undefined && inode !== undefined),
    ).toBe(true)
    expect(new Set(sample?.memcg?.memcgs.map(({ inode }) => inode)).size).toBe(sample?.memcg?.memcgs.length)
  })

  it.skipIf(!asRoot)('reads the ring record by record and comes to its end', () => {
    const pieces = liveTree().chunks('dev/kmsg')
    if (isGap(pieces)) throw new Error(pieces.why)
    const text = Buffer.concat([...pieces]).toString()
    expect(text).toMatch(/^\d+,\d+,\d+,/)
    expect(text.endsWith('\n')).toBe(true)
  })

  it('stays below a root, with init for self', () => {
    put('host/proc/1/mountinfo', '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n')
    put('host/proc/self/mountinfo', 'not this one\n')
    put('host/proc/version', 'Linux version 4.19.0-host\n')
    put('host/usr/lib/os-release', 'ID=debian\nPRETTY_NAME="A host"\n')
    put('host/sys/fs/cgroup/memory/memory.usage_in_bytes', '7\n')
    put('host/sys/fs/cgroup/memory/a/memory.usage_in_bytes', '3\n')
    mkdirSync(join(scratch, 'host/etc'))
    mkdirSync(join(scratch, 'host/proc/1/ns'))
    symlinkSync('cgroup:[4026531835]', join(scratch, 'host/proc/1/ns/cgroup'))
    symlinkSync('/usr/lib/os-release', join(scratch, 'host/etc/os-release'))
    symlinkSync('/proc/meminfo', join(scratch, 'host/proc/vmstat'))
    symlinkSync('../../../../etc', join(scratch, 'host/sys/fs/cgroup/memory/out'))
    const answer = openTree([], { root: join(scratch, 'host/') })
    if ('problem' in answer) throw new Error(answer.problem.what)
    const found = collect(answer.tree, { at: 0 })
    expect(found.node).toMatchObject({ kernel: '4.19.0-host', distribution: 'A host', cgroup: 'v1' })
    expect(found.samples[0]?.vmstat).toBeUndefined()
    expect(found.samples[0]?.memcg).toMatchObject({
      nodeWide: true,
      root: join(scratch, 'host/sys/fs/cgroup/memory'),
      memcgs: [
        { path: '/', usage: 7 },
        { path: '/a', usage: 3 },
      ],
    })
    expect(answer.tree.shown('proc/self/mountinfo')).toBe(join(scratch, 'host/proc/1/mountinfo'))
  })

  it('says that a root is none', () => {
    const answer = openTree([], { root: scratch })
    expect('problem' in answer && answer.problem.what).toBe('no-root')
  })
})
