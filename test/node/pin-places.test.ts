// Where files are that may pin removed cgroups: a node made in a directory, and one that never ends.

import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { PinPlaces } from '../../src/core/case/pins.ts'
import { collect } from '../../src/core/collect.ts'
import { memoryTree } from '../../src/core/tree/memory-tree.ts'
import type { Tree } from '../../src/core/tree/tree.ts'
import { liveTree } from '../../src/node/trees/live-tree.ts'

const UID = '20edac81-191c-4bc6-b85f-e23a65bc7931'
const VOLUMES = `var/lib/kubelet/pods/${UID}/volumes`
const LOGS = `var/log/pods/shop_cart-0_${UID}`
const SANDBOX = 'ab'.repeat(32)

const root = mkdtempSync(join(tmpdir(), 'kmemscope-places-'))
afterAll(() => rmSync(root, { recursive: true }))

function write(path: string, bytes: number): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), 'x'.repeat(bytes))
}

/** A number of a device as mountinfo writes it. */
function deviceOf(path: string): string {
  const { dev } = lstatSync(join(root, path))
  return `${Math.floor(dev / 256) % 4096}:${(dev % 256) + Math.floor((dev % 2 ** 32) / 2 ** 20) * 256}`
}

function placesOf(tree: Tree): PinPlaces {
  const found = collect(tree, { at: 0, only: ['pin-places'] }).samples[0]?.pinPlaces
  if (found === undefined) throw new Error('no place was looked at')
  return found
}

describe('files that may pin removed cgroups', () => {
  it('are found in tmpfs, volumes and logs, with size and owner, no link followed and no network waited for', () => {
    write('elsewhere/secret', 50_000)
    write(`${VOLUMES}/kubernetes.io~empty-dir/data/large`, 20_000)
    write(`${VOLUMES}/kubernetes.io~empty-dir/data/deep/small`, 10)
    linkSync(
      join(root, `${VOLUMES}/kubernetes.io~empty-dir/data/large`),
      join(root, `${VOLUMES}/kubernetes.io~empty-dir/data/again`),
    )
    symlinkSync(join(root, 'elsewhere'), join(root, `${VOLUMES}/kubernetes.io~empty-dir/data/link`))
    write(`${VOLUMES}/kubernetes.io~empty-dir/data/mounted/hangs`, 9_000)
    write(`${VOLUMES}/kubernetes.io~nfs/share/hangs`, 9_000)
    write(`${LOGS}/app/0.log`, 5_000)
    write(`run/sandboxes/${SANDBOX}/shm/segment`, 4_096)
    write('covered/not-there', 4_096)
    write('proc/1/mountinfo', 0)
    const device = deviceOf('run')
    writeFileSync(
      join(root, 'proc/1/mountinfo'),
      [
        `30 1 ${device} / /run/sandboxes/${SANDBOX}/shm rw - tmpfs shm rw`,
        `31 1 ${device} /part /elsewhere rw - tmpfs shm rw`,
        '32 1 0:9999 / /covered rw - tmpfs tmpfs rw',
        `33 1 0:50 / /${VOLUMES}/kubernetes.io~nfs/share rw - nfs4 server:/share rw`,
        `34 1 0:51 / /${VOLUMES}/kubernetes.io~empty-dir/data/mounted rw - fuse.sshfs x rw`,
        '',
      ].join('\n'),
    )
    const live = liveTree(root)
    const touched: string[] = []
    const { places, partial } = placesOf({
      ...live,
      file: path => {
        touched.push(path)
        return live.file?.(path) ?? { path, why: 'absent' }
      },
    })
    expect(partial).toBeUndefined()
    const uid = process.getuid?.() ?? 0
    const volume = join(root, `${VOLUMES}/kubernetes.io~empty-dir/data`)
    expect(
      places.map(({ kind, path, podUid, containerId, files }) => [kind, path, podUid, containerId, files]),
    ).toEqual([
      ['volume', volume, UID, undefined, 2],
      ['log', join(root, LOGS), UID, undefined, 1],
      ['tmpfs', join(root, `run/sandboxes/${SANDBOX}/shm`), undefined, SANDBOX, 1],
    ])
    expect(places[0]?.largest[0]).toMatchObject({ size: 20_000, uid })
    expect(places[0]?.bytes).toBeGreaterThanOrEqual(20_010)
    expect(touched.filter(path => /hangs|nfs|mounted|secret/.test(path))).toEqual([])
  })

  it('are looked for no further than 20,000 entries of one place, and not where a directory is too long to list', () => {
    let asked = 0
    const many = Array.from({ length: 30_000 }, (_, index) => `f${index}`)
    const tree = (size: number): Tree => ({
      ...memoryTree({ 'proc/self/mountinfo': '30 1 0:7 / /mnt rw - tmpfs tmpfs rw\n' }, { origin: 'live' }),
      list: dir => (dir === 'mnt' ? many : { path: `/${dir}`, why: 'absent' }),
      file: path => {
        asked += 1
        const kind = path === 'mnt' ? 'directory' : 'file'
        return { kind, size, allocated: 4096, uid: 0, links: 1, device: '0:7', inode: asked }
      },
    })
    expect(placesOf(tree(40)).places).toMatchObject([{ files: 20_000, partial: true }])
    expect(asked).toBe(20_001)
    expect(placesOf(tree(2 ** 30)).places).toMatchObject([{ files: 0, partial: true }])
  })

  it('are not asked for of a copy, whose sizes and owners are not the node’s', () => {
    const saved = memoryTree({ 'proc/self/mountinfo': '' })
    expect(collect(saved, { at: 0, only: ['pin-places'] }).samples[0]?.pinPlaces).toBeUndefined()
  })
})
