import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../src/core/decode/kmsg/log.ts'
import type { SlubCorruption } from '../../../src/core/decode/kmsg/report.ts'
import { explainSlubCorruption } from '../../../src/core/explain/slub-corruption.ts'
import { slubFault } from '../../../src/core/explain/slub-damage.ts'
import { objectPictureLines, objectPictureSvg } from '../../../src/core/render/object-picture.ts'
import { coloured } from '../../../src/core/render/terminal.ts'
import { say } from '../../../src/core/render/words.ts'

/** A report as 6.1 prints it, of an object of 64 bytes at …1000. */
interface Made {
  readonly reason?: string
  readonly expected: number
  /** Bytes put into the object (from 0), the red zones (-8 and 64) or the padding (144). */
  readonly write: Readonly<Record<number, readonly number[]>>
  readonly used?: boolean
  readonly cache?: string
  readonly allocated?: string
  readonly freed?: string
  readonly taint?: string
  readonly tracks?: boolean
}

const BASE = 0xffff_8c6f_0305_1000n
const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

function lines({
  reason = 'Poison overwritten',
  expected,
  write,
  used = false,
  cache = 'lab-things',
  allocated = 'lab_take+0x17/0x70 [faults]',
  freed = 'lab_drop+0x27/0x70 [faults]',
  taint = 'Tainted: G           OE     ',
  tracks = true,
}: Made): readonly string[] {
  const red = used ? 0xcc : 0xbb
  const memory = new Map<number, number>()
  for (let at = -8; at < 0; at += 1) memory.set(at, red)
  for (let at = 0; at < 64; at += 1) memory.set(at, used ? 0 : at === 63 ? 0xa5 : 0x6b)
  for (let at = 64; at < 72; at += 1) memory.set(at, red)
  for (let at = 144; at < 152; at += 1) memory.set(at, 0x5a)
  const touched: number[] = []
  for (const [from, bytes] of Object.entries(write))
    bytes.forEach((byte, step) => {
      memory.set(Number(from) + step, byte)
      // of what is written from within the object the kernel sees what lies in the red zone
      if (!reason.startsWith('Right') || Number(from) + step >= 64) touched.push(Number(from) + step)
    })
  const first = Math.min(...touched)
  const last = Math.max(...touched)
  const row = (label: string, from: number, to: number): string[] => {
    const rows: string[] = []
    for (let at = from; at < to; at += 16) {
      const bytes = Array.from({ length: Math.min(16, to - at) }, (_, step) => memory.get(at + step) ?? 0)
      const ascii = bytes.map(byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
      rows.push(
        `${label}${(BASE + BigInt(at)).toString(16)}: ${bytes.map(hex).join(' ').padEnd(47)}  ${ascii}`,
      )
    }
    return rows
  }
  const address = (at: number): string => `0x${(BASE + BigInt(at)).toString(16)}`
  return [
    '='.repeat(77),
    `BUG ${cache} (${taint}): ${reason}`,
    '-'.repeat(77),
    '',
    `${address(first)}-${address(last)} @offset=${4096 + first}. First byte 0x${(memory.get(first) ?? 0).toString(16)} instead of 0x${expected.toString(16)}`,
    ...(tracks
      ? [
          `Allocated in ${allocated} age=79 cpu=1 pid=181`,
          ` ${allocated}`,
          ' do_syscall_64+0x5d/0xb0',
          ...(used
            ? []
            : [`Freed in ${freed} age=14 cpu=0 pid=182`, ` ${freed}`, ' do_syscall_64+0x5d/0xb0']),
        ]
      : []),
    `Slab 0xfffff119c00c1480 objects=25 used=1 fp=0x0000000000000000 flags=0xfffffc0000200(slab|node=0|zone=1|lastcpupid=0x1fffff)`,
    `Object ${address(0)} @offset=4096 fp=0x0000000000000000`,
    '',
    ...row('Redzone  ', -8, 0),
    ...row('Object   ', 0, 64),
    ...row('Redzone  ', 64, 72),
    ...row('Padding  ', 144, 152),
    'CPU: 1 PID: 999 Comm: victim Tainted: G    B      OE      6.1.0-56-amd64 #1  Debian 6.1.192-2',
    'Call Trace:',
    ' <TASK>',
    ' dump_stack_lvl+0x44/0x5c',
    ' check_object+0x22b/0x280',
    ' kmem_cache_alloc+0x2b8/0x300',
    ' getname_flags.part.0+0x4b/0x1c0',
    ' do_syscall_64+0x5d/0xb0',
    ' </TASK>',
    `FIX ${cache}: Restoring Poison ${address(first)}-${address(last)}=0x${expected.toString(16)}`,
    `FIX ${cache}: Marking all objects used`,
  ]
}

function read(made: Made): SlubCorruption {
  const text = lines(made)
    .map((line, index) => `[   20.0000${String(index).padStart(2, '0')}] ${line}\n`)
    .join('')
  const [report] = readKernelLog([new TextEncoder().encode(text)], { path: 'dmesg' }).reports
  if (report?.kind !== 'slub-corruption') throw new Error('no report')
  return report
}

function said(made: Made, language: 'en' | 'zh' = 'en'): string {
  const { text, title, summary, values } = explainSlubCorruption(read(made))
  const known = Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  return [title, ...summary].map(key => say(text, key, language, known)).join(' ')
}

const poison = (write: Made['write']): Made => ({ expected: 0x6b, write })
const right = (...bytes: readonly number[]): Made => ({
  reason: 'Right Redzone overwritten',
  expected: 0xcc,
  used: true,
  write: { 64: bytes },
})

describe('the sort of a report', () => {
  const sorts: readonly (readonly [string, Made, string, string])[] = [
    ['text in the right red zone', right(0x41, 0x42, 0x43, 0x44), 'overrun', 'past-end'],
    ['a zero right behind the end', right(0), 'overrun', 'terminator'],
    ['a zero further behind', { ...right(), write: { 66: [0] } }, 'overrun', 'past-end'],
    [
      'bytes before the object',
      { reason: 'Left Redzone overwritten', expected: 0xcc, used: true, write: { [-4]: [1, 2, 3, 4] } },
      'overrun',
      'before-start',
    ],
    [
      'the far end of the left red zone',
      { reason: 'Left Redzone overwritten', expected: 0xcc, used: true, write: { [-8]: [1, 2, 3] } },
      'overrun',
      'from-neighbour',
    ],
    [
      'a red zone that says free',
      right(...Array.from({ length: 8 }, () => 0xbb)),
      'double-free',
      'red-zone-free',
    ],
    [
      'a red zone that says in use',
      {
        reason: 'Right Redzone overwritten',
        expected: 0xbb,
        write: { 64: Array.from({ length: 8 }, () => 0xcc) },
      },
      'metadata',
      'red-zone-used',
    ],
    ['one bit of a red zone', right(0xcc ^ 0x10), 'hardware', 'one-bit'],
    ['0x5a in a red zone', right(0x5a, 0x5a, 0x5a, 0x5a), 'uninitialised', 'fresh-read'],
    [
      'a number in a freed object',
      poison({ 16: [0x78, 0x56, 0x34, 0x12] }),
      'use-after-free',
      'written-freed',
    ],
    ['a reference dropped after the free', poison({ 20: [0x6a] }), 'use-after-free', 'counted-freed'],
    ['a reference taken after the free', poison({ 20: [0x6c] }), 'use-after-free', 'counted-freed'],
    ['a bit of a freed object', poison({ 21: [0x7b] }), 'hardware', 'one-bit'],
    ['less one where no word begins', poison({ 21: [0x6a] }), 'hardware', 'one-bit'],
    ['0x5a in a freed object', poison({ 16: [0x5a, 0x5a, 0x5a, 0x5a] }), 'uninitialised', 'fresh-read'],
    [
      'an empty list head in a freed object',
      poison({ 16: [0x10, 0x10, 0x05, 0x03, 0x6f, 0x8c, 0xff, 0xff] }),
      'use-after-free',
      'list-freed',
    ],
    [
      'list poison in a freed object',
      poison({ 16: [0x00, 0x01, 0, 0, 0, 0, 0xad, 0xde] }),
      'use-after-free',
      'list-freed',
    ],
    [
      'padding, the red zone whole',
      {
        reason: 'Object padding overwritten',
        expected: 0x5a,
        used: true,
        write: { 146: [0x43, 0x43, 0x43] },
      },
      'overrun',
      'padding',
    ],
  ]
  for (const [what, made, sort, reason] of sorts)
    it(`is ${sort} for ${what}`, () => {
      const fault = slubFault(read(made))
      expect(`${fault.sort}: ${fault.reason}`).toBe(`${sort}: ${reason}`)
    })
})

describe('what damaged bytes look like', () => {
  it('is said of text, pointers, counters, numbers, zeroes', () => {
    expect(said(right(0x65, 0x74, 0x68, 0x30))).toContain('look like text: “eth0”')
    expect(said(poison({ 24: [0x80, 0xe4, 0x29, 0xf8, 0x3a, 0x88, 0xff, 0xff] }))).toContain(
      'like a pointer of the kernel: 0xffff883af829e480',
    )
    expect(said(poison({ 20: [0x6a] }))).toMatch(/counted down by 1.*single bit, too/)
    expect(said(poison({ 20: [0x6c] }))).toContain('counted up by 1')
    expect(said(poison({ 16: [7, 0, 0, 0, 0, 0, 0, 0] }))).toContain('look like a small number: 7')
    expect(said(poison({ 16: [0, 0, 0, 0, 0, 0, 0, 0] }))).toContain('bytes are all zero')
    expect(said(right(0x6b, 0x6b, 0x6b, 0x6b))).toContain('The bytes are 0x6b')
  })

  it('is said of text that runs out of the object, and not of its end for a pointer', () => {
    const out = { reason: 'Right Redzone overwritten', expected: 0xcc, used: true }
    const text = [...'a-long-name'].map(letter => letter.charCodeAt(0))
    expect(said({ ...out, write: { 56: [...text, 0] } })).toContain('look like text: “a-long-name”')
    expect(slubFault(read({ ...out, write: { 60: [1, 1, 1, 1, 0x64, 0x65, 0xff] } })).looks).toEqual([])
  })

  it('is not said of bytes that look like nothing', () => {
    expect(slubFault(read(poison({ 16: [0x78, 0x56, 0x34, 0x12] }))).looks).toEqual([])
    // three letters are chance
    expect(slubFault(read(right(0x61, 0x62, 0x63))).looks).toEqual([])
  })
})

describe('who is named', () => {
  it('is a module in brackets before a function of the kernel, and never the allocator', () => {
    const fault = slubFault(
      read({
        ...poison({ 16: [1, 2, 3, 4] }),
        freed: 'kvfree_call_rcu+0x10/0x20',
        allocated: 'kmem_cache_alloc_trace+0x10d/0x140',
      }),
    )
    expect(fault.suspect).toBeUndefined()
    expect(slubFault(read(poison({ 16: [1, 2, 3, 4] }))).suspect).toEqual({
      function: 'lab_drop',
      module: 'faults',
      of: 'freed',
    })
  })

  it('is nobody for a bit of hardware, and not the process that stumbled over it', () => {
    const fault = slubFault(read(poison({ 21: [0x7b] })))
    expect(fault.suspect).toBeUndefined()
    expect(said(poison({ 16: [1, 2, 3, 4] }))).toContain(
      'Process victim (pid 999) found it and need not have done it',
    )
  })

  it('is told with slub_debug=U where nobody is named', () => {
    expect(said({ ...poison({ 16: [1, 2, 3, 4] }), tracks: false })).toContain(
      'with user tracking (slub_debug=U)',
    )
  })

  it('is what the cache holds where its name tells', () => {
    expect(said({ ...poison({ 16: [1, 2, 3, 4] }), cache: 'dentry' }, 'zh')).toContain(
      '该缓存存放：文件名缓存（VFS）。',
    )
    expect(said({ ...poison({ 16: [1, 2, 3, 4] }), cache: 'kmalloc-64' })).not.toContain(
      'What the cache holds',
    )
  })
})

describe('the picture', () => {
  const picture = slubFault(read(right(0x41, 0x42, 0x43, 0x44))).picture
  if (picture === undefined) throw new Error('no picture')

  it('draws the parts and marks the damage, without colours as with them', () => {
    const plain = objectPictureLines(picture, { language: 'en', columns: 120 })
    expect(plain).toEqual([
      '   -8       0                                                                +64      +72      +80      +144',
      `  |LLLLLLLL|${'O'.repeat(64)}|XXXXRRRR|FFFFFFFF|TTTTTTTT|PPPPPPPP|`,
      '  X=damaged (+64…+67) · L=left red zone (8 B) · O=object (64 B) · R=right red zone (8 B) · F=free pointer (8 B)',
      '  T=who allocated and freed it (64 B) · P=padding (8 B) · not to scale',
      '    +48 O  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................',
      '    +64 R [41 42 43 44]cc cc cc cc                          ABCD....',
      '   +144 P  5a 5a 5a 5a 5a 5a 5a 5a                          ZZZZZZZZ',
    ])
    const dressed = objectPictureLines(picture, { language: 'en', columns: 120, style: coloured })
    expect(dressed.map(line => line.replace(/\x1b\[\d+m/g, ''))).toEqual(plain)
    expect(dressed[1]).toContain('\x1b[31mX')
  })

  it('keeps the damage in sight on 40 columns', () => {
    const [, bar = '', ...more] = objectPictureLines(picture, { language: 'zh', columns: 40 })
    expect(bar).toContain('X')
    expect(more.join('\n')).toContain('[41 42 43 44]')
  })

  it('is SVG that stands alone, with words for who cannot see it and no markup from outside', () => {
    const svg = objectPictureSvg(picture, { language: 'en', describe: '<script>&"\u0000' })
    expect(svg).toContain('<title>Bytes of a slab object, damaged ones marked</title>')
    expect(svg).toContain('<desc>&#60;script&#62;&#38;&#34;\\x00; L  left red zone, 8 B @ -8;')
    expect(svg).not.toMatch(/<(?:script|style|image|use|a)\b|href|url\(|\bid=|on\w+=/)
  })
})
