// From a kernel's description to what QEMU starts: image, configuration, the modules a guest needs, the fault module.

import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, digest } from './cache.ts'
import { dependency, type Package, resolve, type Tool, unpack } from './debian.ts'
import type { Kernel, StockSource } from './lab.ts'
import { own } from './own.ts'
import { run } from './run.ts'

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

const known = new Map<string, Promise<Built>>()

/** Finds or makes what a kernel is started from, once. Throws Failed with a sentence. */
export function builtKernel({ id, from }: Kernel, say: (line: string) => void): Promise<Built> {
  const built = known.get(id) ?? (from.kind === 'stock' ? stock(from) : own(from, say))
  known.set(id, built)
  return built
}
