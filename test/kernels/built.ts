// From a kernel's description to what QEMU starts: image, configuration, the modules a guest needs, the fault module.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, digest } from './cache.ts'
import { dependency, type Package, resolve, type Tool, unpack } from './debian.ts'
import type { Kernel, OwnSource, StockSource } from './lab.ts'
import { Failed, run } from './run.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** A kernel ready to be started. */
export interface Built {
  readonly dir: string
  /** What uname -r says. */
  readonly release: string
  readonly version: string
}

export const vmlinuz = ({ dir }: Built): string => join(dir, 'vmlinuz')
export const config = ({ dir }: Built): string => join(dir, 'config')
/** Modules to insert in the order of the file `order`. */
export const modules = ({ dir }: Built): string => join(dir, 'modules')

/** What a guest cannot do without: disks, the file system of the image with Node, its checksum. */
const WANTED = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'] as const

const FAULTS = join(here, 'guest', 'faults.c')

/** Programs and headers that building the fault module takes. */
export const BUILD_TOOLS: readonly Tool[] = [
  { package: 'make', proof: 'make' },
  { package: 'gcc', proof: 'gcc' },
  { package: 'libc6-dev', proof: '/usr/include/stdio.h' },
  { package: 'kmod', proof: 'modinfo' },
  { package: 'xz-utils', proof: 'xz' },
  { package: 'libelf1', proof: '/usr/share/doc/libelf1' },
]

/** And what building a kernel takes on top. */
export const OWN_TOOLS: readonly Tool[] = [
  { package: 'flex', proof: 'flex' },
  { package: 'bison', proof: 'bison' },
  { package: 'bc', proof: 'bc' },
  { package: 'libelf-dev', proof: '/usr/include/libelf.h' },
  { package: 'libssl-dev', proof: '/usr/include/openssl/ssl.h' },
]

/** Finds all modules below `root`, by name: `-` and `_` are the same, packed or not. */
function modulesBelow(root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const name = /([^/]+)\.ko(?:\.xz)?$/.exec(entry)?.[1]
    if (name !== undefined) found.set(name.replaceAll('-', '_'), join(root, entry))
  }
  return found
}

/** Copies WANTED and what these depend on to `to`, unpacked, with `order`. */
async function takeModules(root: string, to: string): Promise<void> {
  mkdirSync(to)
  const all = modulesBelow(root)
  const order: string[] = []
  const take = async (name: string): Promise<void> => {
    const path = all.get(name)
    // built in
    if (path === undefined || order.includes(`${name}.ko`)) return
    const needs = (await run('modinfo', ['-F', 'depends', path])).trim()
    for (const need of needs.split(',')) if (need !== '') await take(need.replaceAll('-', '_'))
    const copy = join(to, `${name}.ko`)
    copyFileSync(path, path.endsWith('.xz') ? `${copy}.xz` : copy)
    if (path.endsWith('.xz')) await run('xz', ['-d', `${copy}.xz`])
    order.push(basename(copy))
  }
  for (const name of WANTED) await take(name)
  writeFileSync(join(to, 'order'), order.map(name => `${name}\n`).join(''))
}

/** Builds guest/faults.c; its directory is of the cache, so that a change there does not get a kernel anew. */
export function builtFaults({ dir }: Built): Promise<string> {
  return cached('faults', digest(dir, readFileSync(FAULTS)), async work => {
    copyFileSync(FAULTS, join(work, 'faults.c'))
    writeFileSync(join(work, 'Makefile'), 'obj-m := faults.o\n')
    // type information for a module takes pahole, and nothing here reads it
    await run('make', ['-C', join(dir, 'build'), `M=${work}`, 'CONFIG_DEBUG_INFO_BTF_MODULES=', 'modules'])
  })
}

async function stock(from: StockSource): Promise<Built> {
  const image = await dependency(await resolve(from.image, from.series), 'linux-image-')
  const release = image.name.slice('linux-image-'.length)
  const headers = await dependency(await resolve(from.headers, from.series), `linux-headers-${release}`)
  const parts = [
    headers,
    await dependency(headers, 'linux-headers-'),
    await dependency(headers, 'linux-kbuild-'),
  ]
  const names = (all: readonly Package[]) => all.map(({ name, sha256 }) => `${name} ${sha256}`)
  const key = digest(...names([image, ...parts]), WANTED.join(' '), readFileSync(join(here, 'built.ts')))
  const dir = await cached('stock', key, async work => {
    for (const part of [image, ...parts]) await unpack(part, work)
    renameSync(join(work, 'boot', `vmlinuz-${release}`), join(work, 'vmlinuz'))
    renameSync(join(work, 'boot', `config-${release}`), join(work, 'config'))
    await takeModules(join(work, 'lib', 'modules', release), join(work, 'modules'))
    for (const folder of ['boot', 'lib', 'usr/share']) rmSync(join(work, folder), { recursive: true })
    const build = join('usr', 'src', headers.name)
    // the one place where the headers name their own absolute path
    const makefile = join(work, build, 'Makefile')
    writeFileSync(makefile, readFileSync(makefile, 'utf8').replaceAll('/usr/src/', '../'))
    symlinkSync(build, join(work, 'build'))
  })
  return { dir, release, version: image.version }
}

/** What of a source, beside the build, a module is built with. */
const FOR_MODULES = new Set(['Kbuild', 'Makefile', 'arch', 'include', 'scripts', 'tools'])

async function own(from: OwnSource, say: (line: string) => void): Promise<Built> {
  const source = await resolve(from.source, from.series)
  const compiler = (await run('gcc', ['--version'])).split('\n')[0] ?? ''
  const key = digest(source.name, source.sha256, from.config, compiler, readFileSync(join(here, 'built.ts')))
  const dir = await cached('own', key, async work => {
    say(`builds: a kernel of ${source.name} ${source.version}, some minutes`)
    const unpacked = join(work, 'unpacked')
    mkdirSync(unpacked)
    await unpack(source, unpacked)
    const tarball = join(unpacked, 'usr', 'src', `${source.name}.tar.xz`)
    await run('tar', ['-xf', tarball, '-C', unpacked])
    const tree = join(unpacked, source.name)
    if (!existsSync(tree)) throw new Failed(`${source.name} has no directory ${source.name} in its tar`)
    const build = join(work, 'build')
    mkdirSync(build)
    const make = (...targets: readonly string[]) => run('make', ['-C', tree, `O=${build}`, ...targets])
    await make('tinyconfig')
    writeFileSync(join(work, 'fragment'), from.config)
    await run(
      'scripts/kconfig/merge_config.sh',
      ['-m', '-O', build, join(build, '.config'), join(work, 'fragment')],
      {
        cwd: tree,
        env: { KCONFIG_CONFIG: join(build, '.config') },
      },
    )
    await make('olddefconfig')
    const chosen = readFileSync(join(build, '.config'), 'utf8')
    const lost = from.config.split('\n').filter(line => /=[ym]$/.test(line) && !chosen.includes(`${line}\n`))
    if (lost.length > 0) throw new Failed(`options that this source does not take: ${lost.join(' ')}`)
    await make(`-j${availableParallelism()}`, 'bzImage', 'modules')
    renameSync(join(build, 'arch', 'x86', 'boot', 'bzImage'), join(work, 'vmlinuz'))
    copyFileSync(join(build, '.config'), join(work, 'config'))
    copyFileSync(join(build, 'include', 'config', 'kernel.release'), join(work, 'release'))
    await takeModules(build, join(work, 'modules'))
    for (const name of ['kmemleak-test']) {
      const path = modulesBelow(build).get(name.replaceAll('-', '_'))
      if (path !== undefined) copyFileSync(path, join(work, 'modules', `${name}.ko`))
    }
    for (const part of readdirSync(tree)) {
      if (!FOR_MODULES.has(part)) rmSync(join(tree, part), { recursive: true })
    }
    renameSync(tree, join(work, 'source'))
    rmSync(unpacked, { recursive: true })
    for (const entry of readdirSync(build, { recursive: true, encoding: 'utf8' })) {
      if (/\.(?:o|a|ko|mod|cmd)$|^vmlinux/.test(entry) && !entry.startsWith('scripts/'))
        rmSync(join(build, entry))
    }
    // the whole is renamed when it is done
    writeFileSync(join(build, 'Makefile'), 'include ../source/Makefile\n')
    rmSync(join(build, 'source'))
    symlinkSync('../source', join(build, 'source'))
  })
  return { dir, release: readFileSync(join(dir, 'release'), 'utf8').trim(), version: source.version }
}

const known = new Map<string, Promise<Built>>()

/** Finds or makes what a kernel is started from, once. Throws Failed with a sentence. */
export function builtKernel({ id, from }: Kernel, say: (line: string) => void): Promise<Built> {
  const built = known.get(id) ?? (from.kind === 'stock' ? stock(from) : own(from, say))
  known.set(id, built)
  return built
}
