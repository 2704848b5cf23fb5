// A small kernel built from Debian's source of it, for what Debian's own leaves out.

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Built } from './built.ts'
import { cached, digest } from './cache.ts'
import { resolve, type Tool, unpack } from './debian.ts'
import type { OwnSource } from './lab.ts'
import { Failed, run } from './run.ts'

/** Programs and headers that building a kernel takes, beside those a module takes. */
export const OWN_TOOLS: readonly Tool[] = [
  { package: 'flex', proof: 'flex' },
  { package: 'bison', proof: 'bison' },
  { package: 'bc', proof: 'bc' },
  { package: 'libelf-dev', proof: '/usr/include/libelf.h' },
]

/** Of the source what no kernel of the lab is made from, most of it; Kconfig and make files everywhere are read all the same. */
const UNUSED = [
  'Documentation/*/*',
  // all but x86
  'arch/[a-w]*/*.[chS]',
  'arch/[a-w]*/*.dts*',
  ...[
    ...['clk', 'crypto', 'gpu', 'hwmon', 'iio', 'infiniband', 'media', 'mfd', 'mtd', 'net/ethernet'],
    ...['net/wireless', 'phy', 'pinctrl', 'scsi', 'soc', 'staging', 'usb'],
  ].map(folder => `drivers/${folder}/*.[ch]`),
  'sound/*.[ch]',
  'tools/perf/*',
  'tools/testing/*',
]

/** What modules are built with, of a source in which a kernel was built. */
const FOR_MODULES = [
  '.config',
  'Kbuild',
  'Makefile',
  'Module.symvers',
  'arch/x86/Makefile',
  'arch/x86/include',
  'include',
  'scripts',
  'tools/objtool/objtool',
]

/** Lines of `wanted` that a configuration lacks: options that this source does not know, or whose conditions are not met. */
export function lost(wanted: string, config: string): readonly string[] {
  const chosen = new Set(config.split('\n'))
  return wanted.split('\n').filter(line => line.startsWith('CONFIG_') && !chosen.has(line))
}

export async function own(from: OwnSource, say: (line: string) => void): Promise<Built> {
  const source = await resolve(from.source, from.series)
  const compiler = (await run('gcc', ['--version'])).split('\n')[0] ?? ''
  const itself = readFileSync(fileURLToPath(import.meta.url))
  const dir = await cached(
    'own',
    digest(source.name, source.sha256, from.config, compiler, itself),
    async work => {
      say(`builds: a kernel of ${source.name} ${source.version}, in about four minutes on two free CPUs`)
      await unpack(source, work)
      const tarball = join('usr', 'src', `${source.name}.tar.xz`)
      const exclude = UNUSED.map(pattern => `--exclude=${source.name}/${pattern}`)
      await run('tar', ['-xf', tarball, ...exclude], { cwd: work })
      rmSync(join(work, 'usr'), { recursive: true })
      const tree = join(work, source.name)
      if (!existsSync(tree)) throw new Failed(`${source.name} has no directory ${source.name} in its tar`)
      const fragment = join(work, 'wanted')
      writeFileSync(fragment, from.config)
      // who builds is part of /proc/version, and so of every node's files that are kept
      const env = { KBUILD_BUILD_USER: 'lab', KBUILD_BUILD_HOST: 'lab' }
      const make = (...args: readonly string[]) => run('make', args, { cwd: tree, env, deathSignal: 'TERM' })
      // what is not asked for is off, also what asking for something else makes possible
      await make('allnoconfig', `KCONFIG_ALLCONFIG=${fragment}`)
      const missing = lost(from.config, readFileSync(join(tree, '.config'), 'utf8'))
      if (missing.length > 0)
        throw new Failed(`options that ${source.name} ${source.version} does not take: ${missing.join(' ')}`)
      await make(`-j${availableParallelism()}`, 'bzImage', 'modules')
      renameSync(join(tree, 'arch', 'x86', 'boot', 'bzImage'), join(work, 'vmlinuz'))
      copyFileSync(join(tree, '.config'), join(work, 'config'))
      copyFileSync(join(tree, 'include', 'config', 'kernel.release'), join(work, 'release'))
      mkdirSync(join(work, 'modules'))
      // what a guest starts with is built in
      writeFileSync(join(work, 'modules', 'order'), '')
      for (const path of readFileSync(join(tree, 'modules.order'), 'utf8').trim().split('\n'))
        renameSync(join(tree, path), join(work, 'modules', basename(path)))
      for (const part of FOR_MODULES) {
        const to = join(work, 'build', part)
        mkdirSync(dirname(to), { recursive: true })
        renameSync(join(tree, part), to)
      }
      rmSync(tree, { recursive: true })
    },
  )
  return { dir, release: readFileSync(join(dir, 'release'), 'utf8').trim(), version: source.version }
}
