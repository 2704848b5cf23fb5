// What a guest starts from: the initial root file system, and a read-only disk with Node.

import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { collectors } from '../../src/core/collectors/index.ts'
import { type Built, builtFaults, config, modules } from './built.ts'
import { cached, digest, fileDigest } from './cache.ts'
import type { Tool } from './debian.ts'
import { Failed, run } from './run.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '..', '..')

export const IMAGE_TOOLS: readonly Tool[] = [
  { package: 'qemu-system-x86', proof: 'qemu-system-x86_64' },
  { package: 'busybox-static', proof: '/bin/busybox' },
  { package: 'cpio', proof: 'cpio' },
  { package: 'e2fsprogs', proof: 'mke2fs' },
]

/** Programs that run in the guest: our own, and those that harm in the live tests too. */
const PROGRAMS: Readonly<Record<string, string>> = {
  pack: join(here, 'guest', 'pack.c'),
  hold: join(here, 'guest', 'hold.c'),
  memcgs: join(here, 'guest', 'memcgs.c'),
  leak: join(root, 'test', 'live', 'leak.c'),
  dying: join(root, 'test', 'live', 'dying.c'),
}

/** This Node and the libraries it is linked with, on a file system of their own; its path. */
export async function nodeDisk(): Promise<string> {
  const libraries = [...(await run('ldd', [process.execPath])).matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(
    ([, path]) => path ?? '',
  )
  const key = digest(...[process.execPath, ...libraries].map(fileDigest))
  const dir = await cached('node', key, async work => {
    const tree = join(work, 'tree')
    for (const folder of ['bin', 'lib']) mkdirSync(join(tree, folder), { recursive: true })
    copyFileSync(process.execPath, join(tree, 'bin', 'node'))
    for (const library of libraries)
      copyFileSync(library, join(tree, 'lib', library.slice(library.lastIndexOf('/') + 1)))
    // a third more than its content: the file system's own tables, which -d does not count
    const size = Number((await run('du', ['-sm', tree])).split('\t')[0])
    await run('mke2fs', [
      '-q',
      '-t',
      'ext4',
      '-O',
      '^has_journal',
      '-m',
      '0',
      '-d',
      tree,
      join(work, 'disk'),
      `${Math.ceil(size * 1.3)}M`,
    ])
    await run('rm', ['-r', '--', tree])
  })
  return join(dir, 'disk')
}

/** A cpio archive of a directory, as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst). */
async function archive(tree: string, to: string): Promise<void> {
  const names = ['.', ...readdirSync(tree, { recursive: true, encoding: 'utf8' })].sort()
  const input = `${names.join('\0')}\0`
  await run('sh', ['-c', 'exec cpio -o -0 -H newc --quiet -R 0:0 >"$0"', to], { cwd: tree, input })
}

/** What does not change from boot to boot: busybox, our programs, the kernel's modules and configuration. */
export async function baseImage(built: Built): Promise<string> {
  const faults = await builtFaults(built)
  const busybox = '/bin/busybox'
  const sources = [
    ...Object.values(PROGRAMS),
    join(here, 'guest', 'init'),
    join(here, 'guest', 'functions.sh'),
    join(here, 'images.ts'),
  ]
  const key = digest(fileDigest(busybox), built.dir, faults, ...sources.map(path => readFileSync(path)))
  const dir = await cached('base', key, async work => {
    const tree = join(work, 'tree')
    const folders = [
      'bin',
      'boot',
      'dev',
      'etc',
      'lab/bin',
      'lab/modules',
      'lib64',
      'node',
      'proc',
      'run',
      'sys',
      'tmp',
      'var/log',
    ]
    for (const folder of folders) mkdirSync(join(tree, folder), { recursive: true })
    copyFileSync(busybox, join(tree, 'bin', 'busybox'))
    copyFileSync(join(here, 'guest', 'init'), join(tree, 'init'))
    chmodSync(join(tree, 'init'), 0o755)
    copyFileSync(join(here, 'guest', 'functions.sh'), join(tree, 'lab', 'functions.sh'))
    cpSync(modules(built), join(tree, 'lab', 'modules'), { recursive: true })
    copyFileSync(join(faults, 'faults.ko'), join(tree, 'lab', 'modules', 'faults.ko'))
    copyFileSync(config(built), join(tree, 'boot', `config-${built.release}`))
    writeFileSync(join(tree, 'etc', 'os-release'), 'ID=kmemscope-lab\nPRETTY_NAME="kmemscope kernel lab"\n')
    for (const [name, source] of Object.entries(PROGRAMS)) {
      await run('gcc', [
        '-O2',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-static',
        '-s',
        '-o',
        join(tree, 'lab', 'bin', name),
        source,
      ])
    }
    // where Node's interpreter is asked for; without the disk with Node it leads nowhere
    symlinkSync('/node/lib/ld-linux-x86-64.so.2', join(tree, 'lib64', 'ld-linux-x86-64.so.2'))
    const kmemscope = join(tree, 'lab', 'bin', 'kmemscope')
    writeFileSync(
      kmemscope,
      '#!/bin/sh\nLD_LIBRARY_PATH=/node/lib exec /node/bin/node /lab/kmemscope/dist/node/cli/main.js "$@"\n',
    )
    chmodSync(kmemscope, 0o755)
    await archive(tree, join(work, 'initrd'))
    await run('rm', ['-r', '--', tree])
  })
  return join(dir, 'initrd')
}

/** `{a,b}` of a collector's pattern written out. */
function braces(pattern: string): readonly string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern)
  if (match === null) return [pattern]
  const [, before, choices = '', after] = match
  return choices.split(',').flatMap(choice => braces(`${before}${choice}${after}`))
}

/** What kmemscope reads of a node, as its collectors declare it, without what is never read on a live one (K-39). */
export function reads(): readonly string[] {
  const declared = collectors
    .filter(({ id, onRequest }) => id !== 'kmem-slabinfo' && onRequest === undefined)
    .flatMap(unit => unit.reads)
  return [...new Set(declared.flatMap(braces).map(path => `/${path}`))].filter(
    path => !path.startsWith('/log/'),
  )
}

export interface Script {
  readonly name: string
  readonly text: string
}

/** The initial root file system of one boot: the base, the CLI of this checkout, the scenarios. */
export async function initialImage(base: string, scripts: readonly Script[], dir: string): Promise<string> {
  const main = join(root, 'dist', 'node', 'cli', 'main.js')
  if (!existsSync(main)) throw new Failed('there is no dist/: npm run build')
  const tree = join(dir, 'tree')
  const cli = join(tree, 'lab', 'kmemscope')
  mkdirSync(join(tree, 'lab', 'scenarios'), { recursive: true })
  mkdirSync(cli)
  cpSync(join(root, 'dist'), join(cli, 'dist'), {
    recursive: true,
    filter: path => !/\.(?:d\.ts|tsbuildinfo)$/.test(path),
  })
  copyFileSync(join(root, 'package.json'), join(cli, 'package.json'))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  for (const name of Object.keys(dependencies)) {
    const to = join(cli, 'node_modules', name)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(root, 'node_modules', name), to, { recursive: true })
  }
  writeFileSync(
    join(tree, 'lab', 'reads'),
    reads()
      .map(path => `${path}\n`)
      .join(''),
  )
  for (const { name, text } of scripts) {
    writeFileSync(join(tree, 'lab', 'scenarios', `${name}.sh`), `. /lab/functions.sh\n${text}\n`)
  }
  writeFileSync(join(tree, 'lab', 'scenarios', 'order'), scripts.map(({ name }) => `${name}\n`).join(''))
  const own = join(dir, 'own')
  await archive(tree, own)
  const initrd = join(dir, 'initrd')
  // cpio pads an archive to 512 bytes; the kernel takes several in a row, aligned to 4
  await run('sh', ['-c', 'cat "$1" "$2" >"$0"', initrd, base, own])
  return initrd
}
