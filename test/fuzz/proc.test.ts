// Properties of the decoders of /proc, /sys and cgroup files: what is printed is read back, damage never throws and
// never changes what is intact.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../src/core/collect.ts'
import { decodeCgroupStat } from '../../src/core/decode/cgroup/cgroup-stat.ts'
import { decodeStat, statDecoder } from '../../src/core/decode/cgroup/memory-stat.ts'
import { decodeNumber } from '../../src/core/decode/cgroup/number.ts'
import { parsePodPath } from '../../src/core/decode/cgroup/path.ts'
import { parseBuddyinfo } from '../../src/core/decode/proc/buddyinfo.ts'
import { parseCgroups } from '../../src/core/decode/proc/cgroups.ts'
import { parseCmdline } from '../../src/core/decode/proc/cmdline.ts'
import { parseMeminfo } from '../../src/core/decode/proc/meminfo.ts'
import { parseMountinfo } from '../../src/core/decode/proc/mountinfo.ts'
import { parsePressure } from '../../src/core/decode/proc/pressure.ts'
import { parseVersion } from '../../src/core/decode/proc/version.ts'
import { parseVmstat } from '../../src/core/decode/proc/vmstat.ts'
import { parseZoneinfo } from '../../src/core/decode/proc/zoneinfo.ts'
import { parseKernelConfig } from '../../src/core/decode/sys/kernel-config.ts'
import { parseOsRelease } from '../../src/core/decode/sys/os-release.ts'
import { listedNames, memoryTree } from '../../src/core/tree/memory-tree.ts'
import { overlayTree } from '../../src/core/tree/overlay-tree.ts'
import { recognise, transcriptTree } from '../../src/core/tree/recognise.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const key = fc.stringMatching(/^[a-z][a-z_]{0,20}$/)
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const records = fc.dictionary(key, count, { minKeys: 1, maxKeys: 60, noNullPrototype: true })
const ending = fc.constantFrom('\n', '\r\n', '\r')
const junk = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.stringMatching(/^[ -~\n\r\t]{0,200}$/),
  fc.constantFrom('=', ':', '#', 'CONFIG_', '/memory.stat:', '- ', '\0', '\\040', '"', '(', ' '.repeat(500)),
)

/** `text` with pieces of junk put between its lines. */
const damaged = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(text, fc.array(fc.tuple(fc.nat(), junk), { maxLength: 8 }))
    .map(([whole, pieces]) => pieces.reduce((now, [at, piece]) => cut(now, at, piece), whole))

const cut = (text: string, at: number, piece: string): string => {
  const position = text.length === 0 ? 0 : at % text.length
  return text.slice(0, position) + piece + text.slice(position)
}

describe('what is printed is read back', () => {
  it('stat files, whatever was decoded before', () => {
    const decode = statDecoder()
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 4 }), ending, (all, end) => {
        for (const values of all) {
          const text = Object.entries(values)
            .map(([name, value]) => `${name} ${value}${end}`)
            .join('')
          expect(decodeStat(bytes(text))).toEqual(values)
          expect(decode(bytes(text))).toEqual(values)
          expect(decode(bytes(text))).toEqual(values)
        }
      }),
    )
  })

  it('numbers, and max', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), ending, (value, end) => {
        expect(decodeNumber(bytes(`${value}${end}`))).toBe(Number(value))
      }),
    )
  })

  it('meminfo in kB, vmstat', () => {
    fc.assert(
      fc.property(fc.dictionary(key, fc.nat(), { noNullPrototype: true }), ending, (values, end) => {
        const lines = (print: (name: string, value: number) => string) =>
          Object.entries(values)
            .map(([name, value]) => print(name, value))
            .join(end)
        expect(parseMeminfo(lines((name, value) => `${name}:   ${value} kB`))).toEqual(
          Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value * 1024])),
        )
        expect(parseVmstat(lines((name, value) => `${name} ${value}`))).toEqual(values)
      }),
    )
  })

  it('the stat layout of one file never leaks into a damaged one', () => {
    fc.assert(
      fc.property(records, junk, fc.nat(), (values, piece, at) => {
        const decode = statDecoder()
        const text = Object.entries(values)
          .map(([name, value]) => `${name} ${value}\n`)
          .join('')
        decode(bytes(text))
        const broken = bytes(cut(text, at, piece))
        expect(decode(broken)).toEqual(decodeStat(broken))
      }),
    )
  })

  it('a pod and its container from the paths the drivers make', () => {
    const uid = fc.uuid()
    const id = fc.stringMatching(/^[0-9a-f]{64}$/)
    const qos = fc.constantFrom('burstable', 'besteffort', 'guaranteed')
    fc.assert(
      fc.property(
        uid,
        id,
        qos,
        fc.constantFrom('', '/kubelet', '/a.slice/b.service'),
        (pod, cid, of, prefix) => {
          const between = of === 'guaranteed' ? '' : `/${of}`
          const unit = of === 'guaranteed' ? 'kubepods' : `kubepods-${of}`
          const slice = `${unit}-pod${pod.replaceAll('-', '_')}.slice`
          const expected = { podUid: pod, containerId: cid, qos: of, level: 'container' }
          expect(parsePodPath(`${prefix}/kubepods${between}/pod${pod}/${cid}`)).toMatchObject(expected)
          expect(
            parsePodPath(`${prefix}/kubepods.slice/${unit}.slice/${slice}/crio-${cid}.scope`),
          ).toMatchObject(expected)
          expect(parsePodPath(`${prefix}/${slice}:cri-containerd:${cid}`)).toMatchObject(expected)
        },
      ),
    )
  })
})

describe('damage', () => {
  const lines = fc.constantFrom(
    'MemTotal:        8009912 kB\nSlab:   1982652 kB\n',
    '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t5\t232\t1\n',
    'BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro cgroup.memory=nokmem slub_debug=P\n',
    'CONFIG_MEMCG=y\n# CONFIG_SLUB_DEBUG_ON is not set\nCONFIG_LOCALVERSION="x"\n',
    '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n',
    'nr_descendants 56\nnr_dying_descendants 30\nnr_dying_subsys_memory 30\n',
    'PRETTY_NAME="CentOS Linux 7 (Core)"\nID=centos\n',
    '[root@x ~]# cat /proc/cgroups\nmemory 5 3 1\n./a/memory.stat:cache 1\n',
    'lrwxrwxrwx 1 root root 0 Nov 23 18:46 dentry -> :0000192\n',
  )

  it('never throws, in any decoder', () => {
    fc.assert(
      fc.property(damaged(lines), text => {
        const raw = bytes(text)
        for (const parse of [
          parseBuddyinfo,
          parseZoneinfo,
          parsePressure,
          parseMeminfo,
          parseVmstat,
          parseCgroups,
          parseCmdline,
          parseVersion,
          parseMountinfo,
          parseKernelConfig,
          parseOsRelease,
          parsePodPath,
          listedNames,
        ]) {
          expect(() => parse(text)).not.toThrow()
        }
        expect(() => decodeStat(raw)).not.toThrow()
        expect(() => decodeCgroupStat(raw)).not.toThrow()
        expect(() => decodeNumber(raw)).not.toThrow()
        expect(() => recognise(raw)).not.toThrow()
        expect(() => transcriptTree(text, 'x')).not.toThrow()
      }),
      { numRuns: 500 },
    )
  })

  it('leaves the lines it does not touch as they were', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^\n\r:]{0,80}$/), noise => {
        expect(parseMeminfo(`MemTotal: 5 kB\n${noise}\nSlab: 7 kB\n`)).toMatchObject({
          MemTotal: 5120,
          Slab: 7168,
        })
        expect(parseCgroups(`cpu 1 2 1\n${noise}\nmemory 3 4 0\n`)['memory']).toEqual({
          hierarchy: 3,
          numCgroups: 4,
          enabled: false,
        })
      }),
    )
  })

  it('takes no longer for a longer line than the line is', () => {
    for (const piece of [
      'a',
      ' ',
      '/',
      'CONFIG_',
      '=',
      '\\040',
      '/memory.',
      '- ',
      '"',
      ':',
      '1 ',
      '[',
      '#',
    ]) {
      const text = piece.repeat(2_000_000 / piece.length)
      const began = performance.now()
      parseBuddyinfo(text)
      parseZoneinfo(text)
      parsePressure(text)
      parseMeminfo(text)
      parseVmstat(text)
      parseCgroups(text)
      parseCmdline(text)
      parseMountinfo(text)
      parseKernelConfig(text)
      parseOsRelease(text)
      decodeStat(bytes(text))
      recognise(bytes(text))
      transcriptTree(text, 'x')
      expect(performance.now() - began, JSON.stringify(piece)).toBeLessThan(3000)
    }
  })

  it('of a whole node costs no exception', () => {
    const path = fc.constantFrom(
      'proc/meminfo',
      'proc/version',
      'proc/cgroups',
      'proc/self/mountinfo',
      'sys/fs/cgroup/memory/memory.stat',
      'sys/fs/cgroup/memory/a/memory.usage_in_bytes',
      'sys/fs/cgroup/memory/a/memory.oom_control',
      'sys/fs/cgroup/cgroup.stat',
      'sys/kernel/slab.list',
      'etc/os-release',
    )
    fc.assert(
      fc.property(fc.dictionary(path, damaged(lines), { noNullPrototype: true }), files => {
        const tree = overlayTree([{ tree: memoryTree(files), at: '' }], { origin: 'directory' })
        const { gaps } = collect(tree, { at: 0 })
        expect(gaps.filter(({ detail }) => detail?.startsWith('kmemscope failed'))).toEqual([])
      }),
    )
  })
})
