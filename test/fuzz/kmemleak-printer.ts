// Records of kmemleak, as each version prints them from random facts.

import fc from 'fast-check'

// not of hexadecimal digits alone, which nobody could tell from an address
const name = fc
  .stringMatching(/^[a-z_][a-z0-9_]{0,30}(?:\.(?:isra|constprop|part)\.\d)?$/)
  .filter(word => !/^[0-9a-f]+$/.test(word))
const frame = fc.record({
  function: fc.option(name, { nil: undefined }),
  offset: fc.nat({ max: 0xffff }),
  size: fc.integer({ min: 1, max: 0xfffff }),
  module: fc.option(
    fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/).filter(word => word !== 'inline'),
    { nil: undefined },
  ),
  address: fc.bigInt({ min: 0xffffffff80000000n, max: 0xfffffffffffffffen }),
})
type PrintedFrame = typeof frame extends fc.Arbitrary<infer T> ? T : never

/** The versions whose records differ. */
const ERAS = ['3.10', '4.15', '4.19', '6.1', '6.6', '6.8', '6.18', '32-bit'] as const

export const suspect = fc.record({
  era: fc.constantFrom(...ERAS),
  area: fc.constantFrom('', '', ' (percpu)', ' (phys)'),
  address: fc.bigInt({ min: 0xffff888000000000n, max: 0xffffffffffffff00n }),
  size: fc.nat(),
  // at most 15 bytes of anything but what ends a record; blanks at the ends of a line are lost in some dresses
  comm: fc.stringMatching(/^[!-~]([ -~]{0,13}[!-~])?$/),
  pid: fc.nat({ max: 4194304 }),
  jiffies: fc.integer({ min: 4294667296, max: 2 ** 40 }),
  age: fc.nat({ max: 10_000_000 }),
  bytes: fc.uint8Array({ minLength: 0, maxLength: 32 }),
  cpu: fc.nat({ max: 4095 }),
  crc: fc.nat({ max: 0xffffffff }),
  frames: fc.array(frame, { minLength: 0, maxLength: 16 }),
})
export type Suspect = typeof suspect extends fc.Arbitrary<infer T> ? T : never

export const hex = (value: number | bigint, width = 0): string => value.toString(16).padStart(width, '0')

/** hex_dump_object(): rows of 16, the characters in a column of their own. */
function rows(bytes: Uint8Array): readonly string[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => {
    const part = [...bytes.slice(row * 16, row * 16 + 16)]
    const text = part.map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    return `    ${part
      .map(byte => hex(byte, 2))
      .join(' ')
      .padEnd(49)} ${text}`
  })
}

/** Addresses of 32 bits on such kernels. */
export const addressOf = ({ era, address }: Suspect): bigint =>
  era === '32-bit' ? address & 0xffffffffn : address

function frameLine(
  era: Suspect['era'],
  { function: symbol, offset, size, module, address }: PrintedFrame,
): string {
  const place =
    symbol === undefined
      ? `0x${hex(address)}`
      : `${symbol}+0x${hex(offset)}/0x${hex(size)}${module === undefined ? '' : ` [${module}]`}`
  switch (era) {
    case '4.15':
      return `    [<(____ptrval____)>] ${place}`
    case '6.8':
      return `    [<00000000${hex(address & 0xffffffffn, 8)}>] ${place}`
    case '6.18':
      return `    ${place}`
    case '32-bit':
      return `    [<${hex(address & 0xffffffffn, 8)}>] ${place}`
    default:
      return `    [<${hex(address)}>] ${place}`
  }
}

export function printed(of: Suspect): readonly string[] {
  const { era, area, size, comm, pid, jiffies, age, bytes, cpu, crc, frames } = of
  const isNew = era === '6.8' || era === '6.18'
  const shown = era === '6.18' ? area : ''
  const aged =
    isNew || era === '6.1' ? '' : ` (age ${Math.floor(age / 1000)}.${String(age % 1000).padStart(3, '0')}s)`
  const on = shown === ' (percpu)' ? ` on cpu ${cpu}` : ''
  return [
    `unreferenced object${shown} 0x${hex(addressOf(of), 8)} (size ${size}):`,
    `  comm "${comm}", pid ${pid}, jiffies ${jiffies}${aged}`,
    ...(shown === ' (phys)' ? [] : [`  hex dump (first ${bytes.length} bytes${on}):`, ...rows(bytes)]),
    isNew ? `  backtrace (crc ${hex(crc)}):` : '  backtrace:',
    ...frames.map(one => frameLine(era, one)),
  ]
}

/** Some records. */
export const reports: fc.Arbitrary<readonly string[]> = fc
  .array(suspect, { minLength: 1, maxLength: 4 })
  .map(all => all.flatMap(printed))
