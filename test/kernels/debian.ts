// Packages of Debian: resolved through meta-packages, fetched without being installed; tools are installed.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Failed, run } from './run.ts'

export interface Package {
  readonly name: string
  readonly version: string
  readonly sha256: string
  readonly depends: readonly string[]
}

/** Fields of a package's candidate (apt-cache(8)). */
async function candidate(name: string): Promise<Package | undefined> {
  let text: string
  try {
    text = await run('apt-cache', ['show', '--no-all-versions', name])
  } catch {
    return undefined
  }
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(text)?.[1]
  const version = field('Version')
  const sha256 = field('SHA256')
  if (version === undefined || sha256 === undefined) return undefined
  const depends = (field('Depends') ?? '')
    .split(',')
    .map(part => part.trim().split(/[\s|]/)[0] ?? '')
    .filter(part => part !== '')
  return { name, version, sha256, depends }
}

let updated: Promise<void> | undefined

/** Reads the lists of packages anew, once. */
function update(): Promise<void> {
  updated ??= run('apt-get', ['update', '-q']).then(() => {})
  return updated
}

/** The package that a meta-package of a series stands for; the first of `metas` whose candidate is of the series. */
export async function resolve(metas: readonly string[], series: string): Promise<Package> {
  const find = async () => {
    for (const meta of metas) {
      const found = await candidate(meta)
      if (found?.version.startsWith(series)) return found
    }
    return undefined
  }
  let found = await find()
  if (found === undefined) {
    await update()
    found = await find()
  }
  if (found === undefined) {
    throw new Failed(`Debian here has none of ${metas.join(', ')} in a version ${series}x (apt-cache show)`)
  }
  return found
}

/** A package that another depends on, by the start of its name. */
export async function dependency(of: Package, start: string): Promise<Package> {
  const name = of.depends.find(depends => depends.startsWith(start))
  const found = name === undefined ? undefined : await candidate(name)
  if (found === undefined) throw new Failed(`${of.name} ${of.version} depends on no ${start}* that apt knows`)
  return found
}

/** Downloads a package and unpacks it below `dir`; nothing is installed. */
export async function unpack({ name, version }: Package, dir: string): Promise<void> {
  const options = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
  const download = () => run('apt-get', ['download', '-q', ...options, `${name}=${version}`], { cwd: dir })
  try {
    await download()
  } catch {
    // the lists are older than the archive
    await update()
    await download()
  }
  const deb = readdirSync(dir).find(file => file.startsWith(`${name}_`) && file.endsWith('.deb'))
  if (deb === undefined) throw new Failed(`apt-get download ${name} left no package`)
  await run('dpkg-deb', ['-x', deb, '.'], { cwd: dir })
  await run('rm', ['--', deb], { cwd: dir })
}

export interface Tool {
  readonly package: string
  /** A program or file that is there when the package is. */
  readonly proof: string
}

function isThere(proof: string): boolean {
  if (proof.startsWith('/')) return existsSync(proof)
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some(folder => {
    try {
      accessSync(join(folder, proof), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Installs the packages of tools that are missing, said first; fails with a sentence where that cannot be. */
export async function installTools(tools: readonly Tool[], say: (line: string) => void): Promise<void> {
  const missing = tools.filter(({ proof }) => !isThere(proof)).map(tool => tool.package)
  if (missing.length === 0) return
  const wanted = [...new Set(missing)].join(' ')
  if (!isThere('apt-get'))
    throw new Failed(`the kernel lab needs Debian: missing ${wanted}, and there is no apt-get`)
  if (process.getuid?.() !== 0) {
    throw new Failed(`missing: ${wanted}. As root: apt-get install --no-install-recommends ${wanted}`)
  }
  say(`installs: Debian packages ${wanted}, with apt-get`)
  // waited for without a pause: an interruption comes when dpkg is done, never in the middle of it
  const install = () => {
    const { status, stderr, error } = spawnSync(
      'apt-get',
      ['install', '-y', '-q', '--no-install-recommends', ...wanted.split(' ')],
      { encoding: 'utf8', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } },
    )
    if (status !== 0) throw new Failed(`apt-get install ${wanted}: ${error?.message ?? stderr.trim()}`)
  }
  try {
    install()
  } catch {
    await update()
    install()
  }
}
