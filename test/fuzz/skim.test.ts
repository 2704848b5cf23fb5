// A log of which the lines that say nothing are left out unread tells the same as that log read line by line. Given one
// line at a time, nothing can be left out: what is left out lies between two lines of one chunk.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOISE_DRESSES, type NoiseRecord, noise, randomOf } from '../../bench/noise.mjs'
import { type DecodedKernelLog, readKernelLog } from '../../src/core/decode/kmsg/log.ts'
import { skimmed } from '../../src/core/decode/kmsg/skim.ts'
import { LINE_DRESSES } from '../corpus/dresses.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/kmsg')
const CORPUS = join(import.meta.dirname, '../../../shared/corpus')
const LINE_FEED = 10

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** One line a chunk. */
function* lines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, at)
    const end = found < 0 ? bytes.length : found + 1
    yield bytes.subarray(at, end)
    at = end
  }
}

const read = (chunks: Iterable<Uint8Array>): DecodedKernelLog => readKernelLog(chunks, { path: 'log' })

function expectSame(bytes: Uint8Array, ...sizes: readonly number[]): void {
  const plain = read(lines(bytes))
  for (const size of sizes) expect(read(pieces(bytes, size))).toEqual(plain)
}

const files = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map(name => join(folder, name))
        .filter(path => statSync(path).isFile() && statSync(path).size < 4e6)
    : []

const reports: readonly (readonly string[])[] = files(FIXTURES)
  .filter(path => path.endsWith('.txt'))
  .map(path => {
    const text = readFileSync(path, 'utf8')
    return text
      .slice(text.indexOf('\n\n') + 2)
      .split('\n')
      .slice(0, 400)
  })

type Dress = (record: NoiseRecord) => string
const bare: Dress = record => record.text
const fromLine =
  (name: string): Dress =>
  record =>
    (LINE_DRESSES[name] ?? (line => line))(record.text, record.seq)

/** One line of noise to one line of a log; what `grep -H` gives of several files. */
const DRESSES: Readonly<Record<string, Dress>> = {
  'grep -H': (record: NoiseRecord) => `kern.log:${NOISE_DRESSES['rsyslog']?.(record)}`,
  'with caller': ({ text, seconds, seq }: NoiseRecord) =>
    `[${seconds.toFixed(6).padStart(12)}][ T${seq}] ${text}`,
  ...Object.fromEntries(
    Object.keys(LINE_DRESSES)
      .filter(name => !name.includes('json'))
      .map(name => [name, fromLine(name)]),
  ),
  ...NOISE_DRESSES,
}

/** Lines that are read in a way of their own, put between lines that are not. */
const SPICES: readonly ((line: string, random: (below: number) => number) => string)[] = [
  () => '',
  () => '[root@node-1 ~]# dmesg | grep -i oom',
  () => ' DEVICE=+pci:0000:3b:00.0',
  () => 'a line without a dress',
  () => 'ask-table=(0), killed',
  () => '[  +0.000013] after a while',
  () => '[Nov23 17:14] another minute',
  () => '[  300.000001] node-7 kernel: short-monotonic',
  () => '[  300.000001] node-7 foo[12]: short-monotonic',
  () => '[  300.000001] foo bar: no tag',
  () => '[  300.000001] ',
  () => '[  300.000001]',
  () => '[  300.000001] #012text',
  () => '[  300.000001] [ T1] caller',
  () => '[    1.000001] earlier',
  () => '[    1.000001] Linux version 5.4.0-1 (x@y) #1 SMP',
  () => '[99999.000001] much later',
  () => '[ 1234]     0  1234    22102     1000      45        0             0 java',
  () => '[  400.000001] SLUB:\u00a0Unable',
  () => '[  400.000001] mkdir=20/sys/fs/cgroup: a=3D1',
  () => '[  400.000001] oom\rkiller',
  () => '\0\0\0[  400.000001] after a crash',
  () => '6,3,5,-;gone back',
  () => '6,90000,500000000,-;far ahead',
  () => '14,90001,500000001,-;from user space',
  () => '6,90002,500000002,-,caller=T12;with \\x41n escape',
  () => '6,90003,500000003,-;\\x6fom-killer:',
  () => 'Nov 24 00:00:01 node-1 kernel: another day',
  () => 'Nov 23 17:00:01 node-2 kernel: another host',
  () => 'Nov 23 17:00:01 node-1 kernel: ',
  () => 'Nov 23 17:00:01 node-1 kernel: [  12.5] ',
  () => 'Nov 23 17:00:01 node-1 kernel: [  +0.5] delta',
  () => 'Nov 23 17:00:01 node-1 kern.warn kernel: level',
  () => 'Nov 23 17:00:01 kern.warn kernel: level',
  () => 'Nov 23 17:00:01 node-1 runc[12]: mkdir /sys/fs/cgroup/memory/a/b: no space left on device',
  () => '2026-11-23T17:13:32+0000 node-1 日志[1]: tag',
  line => line.slice(0, line.length >> 1),
  line => `${line} Comm: x`,
  line => `> ${line}`,
  line => `kern.log:${line}`,
  line => `${line.length}:${line}`,
  line => `${line.length}-${line}`,
  line => `\u001b[32m${line.slice(0, 20)}\u001b[0m${line.slice(20)}`,
  line => `** 12 printk messages dropped ** ${line}`,
  () => '--',
  () => '-- Reboot --',
  () => '(END)',
  () => '2026-11-23T17:13:32.1Z stderr P half a line, ',
  () => '2026-11-23T17:13:32.1Z stderr F and the rest',
  line => ` ${line}`,
  line => `${line}\r`,
  line => line.replace(/\d/, '9'),
  line => line.replaceAll(' ', '  '),
  (line, random) => {
    const at = random(line.length + 1)
    return line.slice(0, at) + String.fromCharCode(random(256)) + line.slice(at)
  },
  (line, random) => {
    const at = random(line.length + 1)
    return line.slice(0, at) + line.slice(at + 1 + random(4))
  },
  line => line + ' wide'.repeat(30),
  line => line + ' wider'.repeat(12_000),
]

/** What may be printed, whatever the dress. */
const TEXTS: readonly string[] = [
  '',
  ' ',
  '#012text',
  '[ T1] text',
  'foo kernel: text',
  'foo bar[12]: text',
  'foo: bar[12]: text',
  'kmemleak:=203 new suspected memory leaks (see=3D',
  'SLUB:\u00a0Unable to allocate memory on node -1 (gfp=0x20)',
  '\\x6bmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)',
  'kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)',
]

function mixed(seed: number, names: readonly string[], spice: number, daemons: number): string {
  const random = randomOf(seed)
  const out: string[] = []
  const dresses = names.map(name => DRESSES[name] ?? bare)
  let dress = dresses[0] ?? bare
  let report: readonly string[] = []
  let at = 0
  let among = 8
  let size = 0
  for (const record of noise(seed, daemons)) {
    if (size > 220_000) break
    if (random(200) === 0) dress = dresses[random(dresses.length)] ?? dress
    if (random(400) === 0) {
      report = reports[random(reports.length)] ?? []
      at = random(4) === 0 ? random(report.length) : 0
      among = random(2) === 0 ? 8 : 1
    }
    let { text } = record
    if (random(among) === 0) text = report[at++] ?? text
    else if (random(1000) < spice) text = TEXTS[random(TEXTS.length)] ?? text
    let line = dress({ ...record, text })
    // from user space, out of order
    if (random(1000) < spice) line = line.replace(/^6,/, '14,')
    if (random(1000) < spice) line = line.replace(/^6,\d/, '6,7')
    const spiced =
      random(1000) < spice ? (SPICES[random(SPICES.length)] ?? (same => same))(line, random) : undefined
    out.push(line)
    if (spiced !== undefined) out.push(spiced)
    size += line.length + (spiced?.length ?? 0)
  }
  return out.join('\n')
}

describe('what is left out unread', () => {
  const encoder = new TextEncoder()

  it('is most of a log of ordinary lines, in five dresses', () => {
    for (const [name, dress] of Object.entries(NOISE_DRESSES)) {
      let text = ''
      for (const record of noise(7, name === '/dev/kmsg' ? 0 : 25)) {
        text += `${dress(record)}\n`
        if (text.length > 400_000) break
      }
      const bytes = encoder.encode(text)
      let given = 0
      let left = 0
      let ready = false
      let seq = 0
      const log = {
        ready: () => ready,
        settled: () => true,
        widest: () => 1000,
        last: () => undefined,
        lastSeq: () => seq,
        hostname: () => 'node-1',
        leftOut: (run: { readonly lines: number }) => {
          left += run.lines
        },
      }
      for (const piece of skimmed(pieces(bytes, 262_144), [/oom-killer/, /[Kk]ill process/], log)) {
        given += piece.length
        ready = given > 1000
        seq = Number([...new TextDecoder().decode(piece).matchAll(/^6,(\d+),/gm)].at(-1)?.[1] ?? seq)
      }
      expect(given, name).toBeLessThan(bytes.length / 20)
      expect(left, name).toBeGreaterThan(1000)
    }
  })

  it('changes nothing of what a log tells', () => {
    const dress = fc.oneof(
      fc.constantFrom(...Object.keys(NOISE_DRESSES)),
      fc.constantFrom(...Object.keys(DRESSES)),
    )
    const log = fc.record({
      seed: fc.nat(),
      dresses: fc.array(dress, { minLength: 1, maxLength: 3 }),
      spice: fc.constantFrom(0, 2, 20, 60),
      daemons: fc.constantFrom(10, 90),
      end: fc.constantFrom('\n', '\r\n'),
    })
    fc.assert(
      fc.property(log, ({ seed, dresses, spice, daemons, end }) => {
        const bytes = encoder.encode(mixed(seed, dresses, spice, daemons).replaceAll('\n', end))
        expectSame(bytes, 262_144, 30_000)
      }),
      { numRuns: 150 },
    )
  })

  it('changes nothing of the fixtures, between ordinary lines', () => {
    for (const [index, report] of reports.entries())
      for (const dress of Object.values(NOISE_DRESSES)) {
        const strangers: string[] = []
        for (const record of noise(index, 10)) {
          strangers.push(dress(record))
          if (strangers.length > 900) break
        }
        const text = [...strangers, ...report, ...strangers.slice(0, 100), ...report].join('\n')
        expectSame(encoder.encode(text), 262_144, 30_000)
      }
  })

  it.skipIf(!existsSync(CORPUS))('changes nothing of the logs of others, where they are there', () => {
    for (const path of files(CORPUS)) expectSame(readFileSync(path), 262_144, 4096)
  })
})
