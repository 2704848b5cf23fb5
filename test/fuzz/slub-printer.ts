// A slab of SLUB's, byte by byte, and what each kernel prints of it when its debugging finds damage. Written from
// mm/slub.c of 2.6.24, 3.10, 4.9, 5.4, 5.10, 5.14, 6.1, 6.4, 6.12.40 and 6.18: calculate_sizes() lays an object out,
// init_object() and setup_slab_debug() fill it, check_object() looks through it and print_trailer() prints it. Nothing
// here is taken from what the product reads or believes.

export type Era = '2.6.24' | '3.10' | '4.9' | '5.4' | '5.10' | '5.14' | '6.1' | '6.4' | '6.12.40' | '6.18'

export const ERAS: readonly Era[] = [
  '2.6.24',
  '3.10',
  '4.9',
  '5.4',
  '5.10',
  '5.14',
  '6.1',
  '6.4',
  '6.12.40',
  '6.18',
]

const since = (era: Era, first: Era): boolean => ERAS.indexOf(era) >= ERAS.indexOf(first)

export interface CacheFacts {
  readonly era: Era
  readonly name: string
  /** Bytes of a pointer. */
  readonly word: 4 | 8
  readonly objectSize: number
  /** A power of two. */
  readonly align: number
  /** slub_debug=Z, P, U. */
  readonly redzone: boolean
  readonly poison: boolean
  readonly user: boolean
  /** Bytes asked for, of a kmalloc cache. */
  readonly asked?: number
}

const up = (value: number, to: number): number => Math.ceil(value / to) * to

/** Offsets from the object, sizes in bytes. */
export interface Layout {
  readonly left: number
  readonly inuse: number
  /** Of the free pointer. */
  readonly free: number
  readonly freeOutside: boolean
  readonly tracks: number
  readonly trackSize: number
  /** End of all that is not padding. */
  readonly end: number
  /** From one object to the next. */
  readonly size: number
}

/** sizeof(struct track): with 16 addresses of CONFIG_STACKTRACE from 2.6.36, with a handle of the stack depot from 5.18. */
function trackSize(era: Era, word: 4 | 8): number {
  if (era === '2.6.24') return word === 8 ? 24 : 16
  if (since(era, '6.1')) return word === 8 ? 32 : 20
  return word + 16 * word + 4 + 4 + word
}

/** calculate_sizes() */
export function layout(cache: CacheFacts): Layout {
  const { era, word, objectSize, align, redzone, poison, user } = cache
  let size = up(objectSize, word)
  if (redzone && size === objectSize) size += word
  const inuse = size
  const freeOutside = poison || (since(era, '5.10') && redzone && objectSize < word)
  let free = 0
  if (freeOutside) {
    free = size
    size += word
  } else if (since(era, '5.10')) free = Math.floor(objectSize / 2 / word) * word
  const tracks = size
  const one = trackSize(era, word)
  if (user) size += 2 * one
  if (user && since(era, '6.1') && cache.asked !== undefined) size += 4
  const end = size
  let left = 0
  if (redzone) {
    size += word
    if (since(era, '4.9')) {
      left = up(word, align)
      size += left
    }
  }
  return { left, inuse, free, freeOutside, tracks, trackSize: one, end, size: up(size, align) }
}

export interface TrackFacts {
  readonly site: string
  readonly frames: readonly string[]
  readonly age: number
  readonly cpu: number
  readonly pid: number
}

/** A part of an object, or of the slab, that somebody writes to. */
export type Target = 'left' | 'right' | 'kmalloc' | 'poison' | 'end' | 'padding' | 'slab-padding'

export interface Damage {
  readonly target: Target
  /** Of the part, where the write begins: 0 ≤ at < 1. */
  readonly at: number
  readonly bytes: readonly number[]
}

export interface SlabFacts {
  readonly cache: CacheFacts
  /** The page the slab begins on. */
  readonly base: bigint
  /** Of its struct page. */
  readonly page: bigint
  readonly order: number
  /** Which object of the slab: 0 ≤ object < 1. */
  readonly object: number
  readonly taint: string
  readonly comm: string
  readonly pid: number
  readonly cpu: number
  readonly allocated: TrackFacts
  readonly freed?: TrackFacts
  readonly used: number
  /** What stands in the object and is nobody's business. */
  readonly content: number
  readonly trace: readonly string[]
  /** %p prints hashes. */
  readonly hashed: boolean
}

/** Any report of an object or of its slab. */
export type Event =
  | { readonly is: 'damage'; readonly damage: readonly Damage[] }
  | { readonly is: 'double-free' }
  | { readonly is: 'free-pointer'; readonly value: bigint }
  | { readonly is: 'invalid-pointer'; readonly off: number }
  | { readonly is: 'object-count'; readonly counted: number }
  | { readonly is: 'bulk'; readonly found: number; readonly announced: number }
  | { readonly is: 'remaining'; readonly left: readonly number[] }

/** What a reader has to find in the lines. */
export interface Truth {
  readonly heading: string
  readonly object?: bigint
  readonly objectOffset?: number
  readonly range?: {
    readonly start: bigint
    readonly end: bigint
    readonly offset?: number
    readonly first?: number
    readonly expected?: number
    readonly target: Target
  }
  readonly further: readonly { readonly target: Target; readonly start: bigint; readonly end: bigint }[]
  readonly fixes: number
  readonly tracks: { readonly allocated?: TrackFacts; readonly freed?: TrackFacts }
  readonly remaining: readonly { readonly address: bigint; readonly offset: number }[]
  /** Bytes of the slab as they were when it was looked at. */
  readonly memory: Uint8Array
  /** How `%p` prints an address: itself, or its hash. */
  readonly printed: (address: bigint) => bigint
}

export interface Printed {
  readonly lines: readonly string[]
  readonly truth: Truth
}

const RED_FREE = 0xbb
const RED_USED = 0xcc
const NEW = 0x5a
const FREED = 0x6b
const END = 0xa5

/** What a comparison looks at: where, how long, for which byte; what the kernel calls it. */
interface Check {
  readonly target: Target
  readonly from: number
  readonly length: number
  readonly value: number
  readonly what: string
}

const PAGE = 4096

/** The checks of check_object() in its order, offsets from the object. */
function checks(cache: CacheFacts, of: Layout, used: boolean): readonly Check[] {
  const { era, objectSize, redzone, poison, asked } = cache
  const red = used ? RED_USED : RED_FREE
  const named = since(era, '5.10')
  const list: Check[] = []
  if (redzone) {
    if (of.left > 0)
      list.push({
        target: 'left',
        from: -of.left,
        length: of.left,
        value: red,
        what: named ? 'Left Redzone' : 'Redzone',
      })
    list.push({
      target: 'right',
      from: objectSize,
      length: of.inuse - objectSize,
      value: red,
      what: named ? 'Right Redzone' : 'Redzone',
    })
    if (since(era, '6.4') && used && asked !== undefined && asked < objectSize && cache.user)
      list.push({
        target: 'kmalloc',
        from: asked,
        length: objectSize - asked,
        value: red,
        what: 'kmalloc Redzone',
      })
  } else if (poison && of.inuse > objectSize)
    list.push({
      target: 'right',
      from: objectSize,
      length: of.inuse - objectSize,
      value: NEW,
      what: 'Alignment padding',
    })
  if (poison) {
    if (!used) {
      list.push({ target: 'poison', from: 0, length: objectSize - 1, value: FREED, what: 'Poison' })
      list.push({
        target: 'end',
        from: objectSize - 1,
        length: 1,
        value: END,
        what: named ? 'End Poison' : 'Poison',
      })
    }
    const tail = of.size - of.left
    if (tail > of.end)
      list.push({
        target: 'padding',
        from: of.end,
        length: tail - of.end,
        value: NEW,
        what: 'Object padding',
      })
  }
  return list
}

/** The parts that can be damaged so that this kernel sees it, in an object that is used or free. */
export function targets(cache: CacheFacts, used: boolean, order: number): readonly Target[] {
  const of = layout(cache)
  const all = checks(cache, of, used)
    .filter(check => check.length > 0)
    .map(check => check.target)
  const tail = (PAGE << order) % of.size
  return cache.poison && tail > 0 && cache.era !== '2.6.24' ? [...all, 'slab-padding'] : all
}

/** How many objects a slab has. */
export function objectsOf(cache: CacheFacts, order: number): number {
  return Math.floor((PAGE << order) / layout(cache).size)
}

/** print_hex_dump(…, DUMP_PREFIX_ADDRESS, 16, 1, …, true); print_section() of 2.6.24 prints by itself. */
function dump(
  era: Era,
  label: string,
  memory: Uint8Array,
  from: number,
  length: number,
  pointer: (offset: number) => string,
): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < length; at += 16) {
    const bytes = [...memory.slice(from + at, from + Math.min(at + 16, length))]
    const hex = bytes.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const ascii = bytes
      .map(byte => (byte > (era === '2.6.24' ? 32 : 31) && byte < 127 ? String.fromCharCode(byte) : '.'))
      .join('')
    lines.push(
      era === '2.6.24'
        ? `${label.trim().padStart(8)} 0x${pointer(from + at)}:  ${hex.padEnd(47)} ${ascii}`
        : `${label}${pointer(from + at)}: ${hex.padEnd(47)}  ${ascii}`,
    )
  }
  return lines
}

const RULE = '='.repeat(77)
const DASHES = '-'.repeat(77)

/** A hash of 32 bits whose last 12 are not the address's: one in 4096 would be, and nobody could tell. */
function hash(address: bigint): bigint {
  let value = (address ^ (address >> 17n)) * 0x9e3779b97f4a7c15n
  value ^= value >> 29n
  const low = value & 0xffffffffn
  return ((low & 0xfffn) === (address & 0xfffn) ? low ^ 0x155n : low) | 0x10000n
}

export function print(of: SlabFacts, event: Event): Printed {
  const { cache, base, order } = of
  const { era, word } = cache
  const at = layout(cache)
  const memory = new Uint8Array(PAGE << order)
  const count = objectsOf(cache, order)
  const index = Math.min(count - 1, Math.floor(of.object * count))
  const object = index * at.size + at.left
  const used = of.freed === undefined

  // a new slab, and its objects
  memory.fill(cache.poison ? NEW : of.content)
  const red = used ? RED_USED : RED_FREE
  for (let one = 0; one < count; one += 1) {
    const start = one * at.size + at.left
    if (cache.redzone) memory.fill(red, start - at.left, start)
    memory.fill(of.content, start, start + cache.objectSize)
    if (cache.poison && !used) {
      memory.fill(FREED, start, start + cache.objectSize)
      memory[start + cache.objectSize - 1] = END
    }
    if (cache.redzone) {
      const asked =
        since(era, '6.4') && used && cache.user ? (cache.asked ?? cache.objectSize) : cache.objectSize
      memory.fill(red, start + Math.min(asked, cache.objectSize), start + at.inuse)
    }
    // the free pointer and the tracks are none of the checks' business
    if (at.freeOutside) memory.fill(0x11, start + at.free, start + at.free + word)
    memory.fill(0x22, start + at.tracks, start + at.end)
  }
  const tail = memory.length % at.size

  const pointerValue = (address: bigint): bigint => (of.hashed ? hash(address) : address)
  const p = (address: bigint): string =>
    pointerValue(address)
      .toString(16)
      .padStart(word * 2, '0')
  const here = (offset: number): string => p(base + BigInt(offset))
  const address = base + BigInt(object)
  const info = since(era, '5.14') ? '' : 'INFO: '
  const taint = of.taint === '' ? 'Not tainted' : `Tainted: ${of.taint}`
  const lines: string[] = []

  const say = (...more: readonly string[]): void => {
    lines.push(...more)
  }
  const heading = (reason: string): void =>
    say(RULE, `BUG ${cache.name}${era === '2.6.24' ? '' : ` (${taint})`}: ${reason}`, DASHES, '')
  const fix = (text: string): void => {
    say(`FIX ${cache.name}: ${text}`)
    if (!since(era, '5.14') && text.startsWith('Restoring')) say('')
  }
  const free = p(base + BigInt(Math.min(index + 1, count - 1) * at.size + at.left))
  const slabLine = (): void => {
    const numbers = era === '2.6.24' ? `used=${of.used}` : `objects=${count} used=${of.used}`
    const flags = since(era, '5.14')
      ? '0xfffffc0000200(slab|node=0|zone=1|lastcpupid=0x1fffff)'
      : '0x4000000000004080'
    say(`${info}Slab 0x${p(of.page)} ${numbers} fp=0x${free} flags=${flags}`)
  }
  const track = (what: 'Allocated' | 'Freed', facts: TrackFacts): void => {
    say(`${info}${what} in ${facts.site} age=${facts.age} cpu=${facts.cpu} pid=${facts.pid}`)
    if (era === '2.6.24') return
    say(...facts.frames.map(frame => (since(era, '6.1') ? ` ${frame}` : `\t${frame}`)))
  }
  const tracking = (): void => {
    if (!cache.user) return
    track('Allocated', of.allocated)
    if (of.freed) track('Freed', of.freed)
  }
  const stack = (by: string): void => {
    if (since(era, '6.18'))
      say(
        'Disabling lock debugging due to kernel taint',
        '------------[ cut here ]------------',
        `WARNING: CPU: ${of.cpu} PID: ${of.pid} at mm/slub.c:1127 ${by}+0x1dc/0x2c0`,
        'Modules linked in: faults(OE) ext4 mbcache',
        `CPU: ${of.cpu} UID: 0 PID: ${of.pid} Comm: ${of.comm} ${taint} 6.18.35 #1  Debian`,
        `RIP: 0010:${by}+0x1dc/0x2c0`,
        'RAX: 0000000000000000 RBX: 0000000000000008 RCX: c0000000fffdffff',
      )
    else if (era === '2.6.24') say(`Pid: ${of.pid}, comm: ${of.comm} ${taint} 2.6.24-rc1 #3`)
    else say(`CPU: ${of.cpu} PID: ${of.pid} Comm: ${of.comm} ${taint} ${era}.7-test #1`)
    say('Call Trace:')
    if (since(era, '5.10')) say(' <TASK>')
    say(...of.trace.map(frame => (era === '2.6.24' ? ` [<c010523d>] ${frame}` : ` ${frame}`)))
    if (since(era, '5.10')) say(' </TASK>')
    if (since(era, '6.18')) say('---[ end trace 0000000000000000 ]---')
    else if (since(era, '4.9')) say('Disabling lock debugging due to kernel taint')
  }
  const label = (name: string): string => (since(era, '5.10') ? name.padEnd(9) : `${name} `)
  const trailer = (fp: bigint): void => {
    tracking()
    slabLine()
    say(`${info}Object 0x${p(address)} @offset=${object} fp=0x${p(fp)}`, '')
    if (cache.redzone && since(era, '4.9'))
      say(...dump(era, label('Redzone'), memory, object - at.left, at.left, here))
    else if (object > 16) say(...dump(era, 'Bytes b4 ', memory, object - 16, 16, here))
    const shown = Math.min(cache.objectSize, era === '2.6.24' ? 128 : PAGE)
    say(...dump(era, label('Object'), memory, object, shown, here))
    if (cache.redzone)
      say(
        ...dump(era, label('Redzone'), memory, object + cache.objectSize, at.inuse - cache.objectSize, here),
      )
    const padding = at.size - at.left - at.end
    if (padding > 0) say(...dump(era, label('Padding'), memory, object + at.end, padding, here))
    stack(since(era, '6.18') ? 'object_err' : 'dump_stack')
  }
  const slabError = (reason: string): void => {
    heading(reason)
    slabLine()
    stack('slab_err')
  }
  const notFreed = (what: bigint): void => fix(`Object at 0x${p(what)} not freed`)
  const ending = (): void => (used ? notFreed(address) : fix('Marking all objects used'))
  const restoring = (what: string, from: number, to: number, value: number): void =>
    fix(
      `Restoring ${since(era, '5.14') ? `${what} ` : ''}0x${here(from)}-0x${here(to)}=0x${value.toString(16)}`,
    )

  const truth: {
    -readonly [K in keyof Truth]: Truth[K]
  } = {
    heading: '',
    further: [],
    fixes: 0,
    tracks: {},
    remaining: [],
    memory,
    printed: pointerValue,
  }
  const withObject = (): void => {
    truth.object = address
    truth.objectOffset = object
    if (cache.user) truth.tracks = { allocated: of.allocated, ...(of.freed ? { freed: of.freed } : {}) }
  }

  switch (event.is) {
    case 'damage': {
      const slabWide = event.damage.some(({ target }) => target === 'slab-padding')
      const list: readonly Check[] = slabWide
        ? [
            {
              target: 'slab-padding',
              from: memory.length - tail - object,
              length: tail,
              value: NEW,
              what: 'slab padding',
            },
          ]
        : checks(cache, at, used)
      for (const { target, at: where, bytes } of event.damage) {
        const check = list.find(candidate => candidate.target === target)
        if (!check) continue
        const from = Math.min(check.length - 1, Math.floor(where * check.length))
        for (const [step, byte] of bytes.slice(0, check.length - from).entries())
          memory[object + check.from + from + step] = byte
        // it is damage only if a byte is another
        const first = object + check.from + from
        if (memory[first] === check.value) memory[first] = check.value ^ 0x80
      }
      const found = list.flatMap(check => {
        const start = object + check.from
        const bytes = [...memory.slice(start, start + check.length)]
        const first = bytes.findIndex(byte => byte !== check.value)
        const last = bytes.findLastIndex(byte => byte !== check.value)
        return first < 0 ? [] : [{ ...check, first: start + first, last: start + last }]
      })
      // up to 6.12 the first that fails ends the check
      const reported = since(era, '6.18') ? found : found.slice(0, 1)
      for (const [nth, one] of reported.entries()) {
        const start = base + BigInt(one.first)
        const end = base + BigInt(one.last)
        const first = memory[one.first] ?? 0
        if (slabWide) {
          const offset = since(era, '5.10') ? ` @offset=${one.first}` : ''
          const dumped = (): void => say(...dump(era, 'Padding ', memory, memory.length - tail, tail, here))
          const reason = `Padding overwritten. 0x${p(start)}-0x${p(end)}${offset}`
          heading(reason)
          if (since(era, '6.18')) {
            dumped()
            slabLine()
            stack('slab_err')
          } else {
            slabLine()
            stack('slab_err')
            dumped()
          }
          truth.heading = reason
          truth.range = {
            start,
            end,
            ...(offset === '' ? {} : { offset: one.first }),
            first,
            expected: NEW,
            target: one.target,
          }
          // up to 5.3 all of it was written again
          restoring(
            one.what,
            since(era, '5.4') ? one.first : memory.length - tail,
            since(era, '5.4') ? one.last : memory.length - 1,
            NEW,
          )
          truth.fixes += 1
          continue
        }
        const offset = since(era, '5.10') ? ` @offset=${one.first}` : ''
        const bytes = `0x${p(start)}-0x${p(end)}${offset}. First byte 0x${first.toString(16)} instead of 0x${one.value.toString(16)}`
        if (since(era, '6.18')) {
          say(`[${one.what} overwritten] ${bytes}`)
          if (nth === 0) {
            heading('Object corrupt')
            trailer(0n)
          }
        } else {
          heading(`${one.what} overwritten`)
          say(`${info}${bytes}`)
          trailer(0n)
        }
        restoring(one.what, one.first, one.last, one.value)
        truth.fixes += 1
        if (nth === 0) {
          truth.heading = `${one.what} overwritten`
          truth.range = {
            start,
            end,
            ...(offset === '' ? {} : { offset: one.first }),
            first,
            expected: one.value,
            target: one.target,
          }
        } else truth.further = [...truth.further, { target: one.target, start, end }]
      }
      if (!slabWide) {
        withObject()
        ending()
        truth.fixes += 1
      }
      break
    }
    case 'double-free':
      truth.heading = 'Object already free'
      heading(truth.heading)
      trailer(0n)
      withObject()
      notFreed(address)
      truth.fixes += 1
      break
    case 'free-pointer':
      truth.heading = 'Freepointer corrupt'
      heading(truth.heading)
      trailer(event.value)
      withObject()
      ending()
      truth.fixes += 1
      break
    case 'invalid-pointer': {
      const wrong = address + BigInt(event.off)
      truth.heading = `Invalid object pointer 0x${p(wrong)}`
      slabError(truth.heading)
      truth.object = wrong
      notFreed(wrong)
      truth.fixes += 1
      break
    }
    case 'object-count':
      truth.heading = `Wrong object count. Counter is ${of.used} but counted were ${event.counted}`
      slabError(truth.heading)
      fix(since(era, '5.14') ? 'Object count adjusted' : 'Object count adjusted.')
      truth.fixes += 1
      break
    case 'bulk':
      truth.heading = since(era, '6.1')
        ? `Bulk free expected ${event.announced} objects but found ${event.found}`
        : `Bulk freelist count(${event.announced}) invalid(${event.found})`
      slabError(truth.heading)
      break
    case 'remaining': {
      const on = era === '2.6.24' || era === '3.10' ? 'kmem_cache_close()' : '__kmem_cache_shutdown()'
      truth.heading = since(era, '6.18')
        ? `Objects remaining on ${on}`
        : `Objects remaining in ${cache.name} on ${on}`
      const listed = (): void => {
        for (const one of new Set(event.left.map(which => which % count))) {
          const offset = one * at.size + at.left
          say(`${info}Object 0x${here(offset)} @offset=${offset}`)
          if (cache.user) track('Allocated', of.allocated)
          truth.remaining = [...truth.remaining, { address: base + BigInt(offset), offset }]
        }
      }
      heading(truth.heading)
      if (since(era, '6.18')) {
        listed()
        slabLine()
        stack('__kmem_cache_shutdown')
      } else {
        slabLine()
        stack('slab_err')
        listed()
      }
      break
    }
  }
  return { lines, truth }
}
