// A slab corruption report in the words of the log's own fields: `decode FILE -o json`.

import type { DumpRow, Frame, SlubCorruption, SlubRange, SlubTrack } from '../decode/kmsg/report.ts'

type Plain = Readonly<Record<string, unknown>>

function known(fields: Plain): Plain {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** An address as wide as the kernel prints it: a hash has leading zeros. */
function addressOf(report: SlubCorruption, value: bigint | undefined): string | undefined {
  if (value === undefined) return undefined
  const digits = value.toString(16)
  return `0x${report.word === undefined || value === 0n ? digits : digits.padStart(report.word * 2, '0')}`
}

const hex = (value: bigint): string => `0x${value.toString(16)}`

/** `0x0` or `0x00`, as this kernel printed it. */
function bytePrinted(
  report: SlubCorruption,
  which: 'found' | 'expected',
  value?: number,
): string | undefined {
  if (value === undefined) return undefined
  for (const { text } of report.quotes) {
    const found = /First byte (0x[0-9a-f]{1,8}) instead of (0x[0-9a-f]{1,8})/.exec(text)
    const printed = which === 'found' ? found?.[1] : found?.[2]
    if (printed !== undefined && Number(printed) === value) return printed
  }
  return `0x${value.toString(16)}`
}

/** A frame as %pS prints it. */
function frame(of: Frame): string {
  const name = of.function ?? (of.address === undefined ? '?' : hex(of.address))
  const offset =
    of.function === undefined || of.offset === undefined
      ? ''
      : `+0x${of.offset.toString(16)}${of.size === undefined ? '' : `/0x${of.size.toString(16)}`}`
  const module = of.module === undefined ? '' : ` [${of.module}]`
  const source = of.source === undefined ? '' : ` (${of.source})`
  return `${of.uncertain === true ? '? ' : ''}${name}${offset}${module}${source}`
}

function track(prefix: string, of: SlubTrack | undefined): Plain {
  if (of === undefined) return {}
  return known({
    [`${prefix}In`]: of.site,
    [`${prefix}AgeJiffies`]: of.ageJiffies,
    [`${prefix}Cpu`]: of.cpu,
    [`${prefix}Pid`]: of.pid,
    [`${prefix}Stack`]: of.frames.length === 0 ? undefined : of.frames.map(frame),
    [`${prefix}StackMissing`]: of.stackMissing,
  })
}

function range(report: SlubCorruption, of: SlubRange | undefined): Plain {
  if (of === undefined) return {}
  return known({
    rangeStart: addressOf(report, of.start),
    rangeEnd: addressOf(report, of.end),
    rangeOffset: of.offset,
    firstByte: bytePrinted(report, 'found', of.firstByte),
    expectedByte: bytePrinted(report, 'expected', of.expectedByte),
  })
}

function row(report: SlubCorruption, of: DumpRow): Plain {
  return known({
    part: of.part,
    zone: of.zone,
    address: addressOf(report, of.address),
    offset: of.offset,
    bytes: of.bytes.map(byte => byte.toString(16).padStart(2, '0')).join(' '),
  })
}

/** The fields of one report but its place; what is not known is left out. */
export function slubCorruption(report: SlubCorruption): Plain {
  const { slab, remaining, redzones } = report
  return {
    kind: report.damage,
    ...known({
      allocator: report.allocator,
      reason: report.reason === '' ? undefined : report.reason,
      zone: report.zone,
      cache: report.cache,
      memcgId: report.memcgId,
      memcgName: report.memcgName,
      ownerCache: report.ownerCache,
      taint: report.taint === '' ? 'Not tainted' : report.taint,
      kernel: report.kernel,
      comm: report.comm,
      pid: report.pid,
      cpu: report.cpu,
      hashed: report.hashed,
      object: addressOf(report, report.object),
      offset: report.objectOffset,
      objectSize: report.objectSize,
      fp: addressOf(report, report.freePointer),
      ...range(report, report.range),
      further: report.further?.map(more => ({
        kind: more.damage,
        ...known({ reason: more.reason, zone: more.zone }),
        ...range(report, more.range),
      })),
      slab: addressOf(report, slab?.address),
      objects: slab?.objects,
      used: slab?.used,
      slabFp: addressOf(report, slab?.freePointer),
      flags: slab?.flags,
      ...track('alloc', report.allocated),
      ...track('freed', report.freed),
      lastUser: report.lastUser,
      redzones: redzones?.map(hex),
      neighbours: report.neighbours?.map(of =>
        known({
          side: of.side,
          address: addressOf(report, of.address),
          redzones: of.redzones?.map(hex),
          lastUser: of.lastUser,
          rows: of.rows.map(one => row(report, one)),
        }),
      ),
      singleBit: report.singleBit,
      remainingObjects: remaining?.map(of => addressOf(report, of.address)),
      remainingObjectCount: remaining?.length,
      remaining: remaining?.map(of => ({
        ...known({ object: addressOf(report, of.address), offset: of.offset }),
        ...track('alloc', of.allocated),
        ...track('freed', of.freed),
      })),
      calledFrom: report.calledFrom,
      found: report.counts?.found,
      expected: report.counts?.expected,
      fix: report.fixes[0],
      fixes: report.fixes.length > 1 ? report.fixes : undefined,
      rows: report.rows.length === 0 ? undefined : report.rows.map(one => row(report, one)),
      rowsLeftOut: report.rowsLeftOut,
      stack: report.frames.length === 0 ? undefined : report.frames.map(frame),
      pairingAmbiguous: report.pairingAmbiguous,
      truncatedHead: report.truncatedHead,
      truncated: report.truncated,
    }),
  }
}
