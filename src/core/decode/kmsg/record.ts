// One line of a kernel log in any dress → what the kernel printed, and when. The dresses: /dev/kmsg
// (Documentation/ABI/testing/dev-kmsg), dmesg of util-linux in all its time formats and locales, journalctl, syslog
// traditional and RFC 5424, container runtimes' and log collectors' wrappers, a serial console.

import { type Line, LONGEST_LINE } from '../../base/lines.ts'
import type { Clock, Stamp } from '../../base/time.ts'

export interface LogRecord {
  /** 1-based line of the file. */
  readonly line: number
  /** The last line, where several were put together. */
  readonly lastLine?: number
  /** What was printed, one line of it, leading blanks kept. */
  readonly text: string
  /** Characters of the line as it stands in the file. */
  readonly width: number
  /** Something was taken off: a stamp, a tag, a wrapper. */
  readonly dressed: boolean
  /** One more line of the record before it: same stamp, same sequence number. */
  readonly continuation?: true
  readonly clock?: Clock
  /** On `clock`; see Stamp. */
  readonly seconds?: number
  /** Seconds since boot, where a second stamp told them. */
  readonly boot?: number
  readonly seq?: number
  /** `T1234` a task, `C3` a CPU: CONFIG_PRINTK_CALLER. */
  readonly caller?: string
  /** 0 (emerg) to 7 (debug). */
  readonly level?: number
  /** 0 is the kernel; anything else was written into the ring from user space. */
  readonly facility?: number
  /** The syslog tag of a line that is not the kernel's. */
  readonly process?: string
  readonly host?: string
  /** A shell prompt with the command behind it; `text` is the command. */
  readonly prompt?: true
  /** The line number or the file name of a grep stood before it. */
  readonly selected?: true
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
interface Draft extends Writable<LogRecord> {
  /** A piece of a line; the rest is still to come. */
  held?: true
  /** Of docker's json-file: whose piece it is, and whether the line goes on in the next. */
  piece?: { readonly stream: string; readonly more: boolean }
}

/** English, and the abbreviations glibc gives where they differ. Numbers with a character (7月, 7월) need no list. */
const MONTHS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    'jan janv ene gen sty led янв ιαν ocak jän tam sij',
    'feb févr fev febr lut úno фев φεβ şub helmi vel фев',
    'mar mär mars mrz mrt maa maalis мар μαρ marts ožu бер',
    'apr avr avril abr kwi dub апр απρ nis huhti tra кві',
    'may mai maj mei mag май мая μαΐ mayıs touko svi тра',
    'jun juin juni giu cze čvn июн ιουν haz kesä lip чер',
    'jul juil juli lug lip čvc июл ιουλ tem heinä srp лип',
    'aug août ago sie srp авг αυγ ağu elo kol сер',
    'sep sept set wrz zář сен σεπ eyl syys ruj вер',
    'oct okt ott out paź říj окт οκτ eki loka lis жов',
    'nov νοε lis ноя kas marras stu лис',
    'dec déc dez dic gru pro дек δεκ ara joulu pro гру',
  ].flatMap((names, month) => names.split(' ').map(name => [name, month])),
)

/** 0 to 11; undefined for a word that is no month known here. */
function monthOf(word: string): number | undefined {
  const number = /^\D?(\d{1,2})/.exec(word)?.[1]
  if (number !== undefined) {
    const month = Number(number)
    return month >= 1 && month <= 12 ? month - 1 : undefined
  }
  return MONTHS[word.toLowerCase().replace(/\.$/, '')] ?? MONTHS[word.slice(0, 3).toLowerCase()]
}

/** The leap year in which stamps without a year are counted (base/time.ts). */
const NO_YEAR = 1972

const DAY = 86_400

function secondsOfDay(hours: string, minutes: string, seconds: string): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

const isoText = (seconds: number): string => new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)

function fractionText(seconds: number): string {
  const fraction = seconds - Math.floor(seconds)
  return fraction < 0.0000005 ? '' : fraction.toFixed(6).slice(1)
}

/** The stamp of a clock, with the text a reader is shown. */
export function stamp(clock: Clock, seconds: number): Stamp {
  switch (clock) {
    case 'boot':
      return { clock, seconds, text: `boot+${seconds.toFixed(6)}` }
    case 'utc':
      return { clock, seconds, text: `${isoText(seconds)}${fractionText(seconds)}Z` }
    case 'local':
      return { clock, seconds, text: isoText(seconds) + fractionText(seconds) }
    case 'no-year':
      return { clock, seconds, text: `-${isoText(seconds).slice(4)}${fractionText(seconds)}` }
    case 'time-of-day':
      return { clock, seconds, text: isoText(seconds).slice(11) + fractionText(seconds) }
  }
}

/** Clocks that were never set stand at 1970, or a zone before. */
const EARLIEST = -1e8
/** The year 5138. */
const LATEST = 1e11

/** When a record was written; undefined where it does not say. */
export function stampOf(record: LogRecord): Stamp | undefined {
  if (record.clock === undefined || record.seconds === undefined) return undefined
  // no kernel ran in the year 882, nor before its own boot: such a stamp is no time, and no RFC 3339 either
  const earliest = record.clock === 'boot' ? 0 : EARLIEST
  return record.seconds >= earliest && record.seconds < LATEST
    ? stamp(record.clock, record.seconds)
    : undefined
}

const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
] as const // prettier-ignore
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const

const KMSG = /^(\d{1,4}),(\d{1,20}),(\d{1,20}),([^;]{0,200});(.*)$/s
const KMSG_CALLER = /(?:^|,)caller=([TC]\d+)/
const CONTINUATION_OF_KMSG = /^ [A-Z][A-Z0-9_]*=/
/** `kern  :warn  : ` of dmesg -x, `kern: warning: ` of Talos. */
const DECODED_PRIORITY = /^([a-z]{3,8}\d?) *: {0,8}([a-z]{3,7}) *: /
const BOOT = /^\[ {0,12}(\d{1,12}\.\d{1,9})\](?: ?\[ {0,8}([TC]\d{1,10})\])? ?/
/** `[五 7月  3 00:00:50 2020]`: words, a day, a time, a year; the words are the locale's. */
const CTIME =
  /^\[(?:([^\s\]]{1,12}) +)?([^\s\]]{1,12}) +(\d{1,2})\.? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (\d{4})\](?: ?\[ {0,8}([TC]\d{1,10})\])? ?/
/** `[dim. 19 avril 18:03:32 2026]`: the same where the locale puts the day first. */
const CTIME_DAY_FIRST =
  /^\[([^\s\]]{1,12}) +(\d{1,2})\.? ([^\s\]\d]{1,12}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (\d{4})\](?: ?\[ {0,8}([TC]\d{1,10})\])? ?/
/** `[Apr14 02:46]` of dmesg -e and -H, and what follows within the minute: `[  +0.000006]`. */
const RELTIME =
  /^\[ {0,3}([^\s\d\]]{1,8}|\d{1,2}[^\s\d\]]{1,3}) ?(\d{1,2}) (\d\d):(\d\d)\](?: ?\[ {0,8}([TC]\d{1,10})\])? ?/
const DELTA = /^\[ {0,12}\+(\d{1,9}\.\d{1,9})\](?: ?\[ {0,8}([TC]\d{1,10})\])? ?/
/** dmesg -d: `[ 1460.023551 <    0.000013>]` */
const BOOT_AND_DELTA = /^\[ {0,12}(\d{1,12}\.\d{1,9}) <[ +]*\d+\.\d+>\] ?/
/** dmesg -d -T: `[Mon Nov 23 17:13:32 2026 <    0.000013>]` is left to CTIME by taking the difference out. */
const DELTA_IN_BRACKETS = /^(\[[^\]<]{1,40}?) *< *[+]?\d+\.\d+>\]/
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:([.,])(\d{1,9}))? ?(Z|UTC|[+-]\d\d:?\d\d)?(?: |\t|$)/
const SYSLOG =
  /^(?:[^\s\d[\]<>{}:;,]{1,8} +(?=[^\s\d]))?([^\s\d[\]<>{}:;,]{1,8}|\d{1,2}[^\s\d[\]<>{}:;,]{1,3}) {1,2}(\d{1,2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: (\d{4}))?(?: |\t)/
const TIME_ONLY = /^(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))? (?:(\S{1,255}) )?kernel: ?/
const PRIORITY = /^<(\d{1,3})>/
const RFC5424 =
  /^1 (\S{10,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (-|(?:\[(?:[^\]\\]|\\.){0,2000}\])+)(?: \ufeff?|$)/
const TAG = /^(\S{0,254}[^\s:]) ([^\s:[\]"=]{1,128})(\[[^\]\s]{0,64}\])?: ?/
/** `node-1 kern.warn kernel: text` of BusyBox and OpenWrt. */
const FACILITY_LEVEL_TAG =
  /^(?:(\S{0,254}[^\s:]) )?[a-z]{3,8}\d?\.(?:emerg|panic|alert|crit|err|error|warn|warning|notice|info|debug) ([^\s:[\]"=]{1,128})(\[[^\]\s]{0,64}\])?: ?/
const TAG_ALONE = /^([^\s:[\]"=]{1,64})(\[\d{1,10}\])?: ?/
const MONOTONIC_TAG = /^(\S{0,254}[^\s:]) (?:kernel: ?|([^\s:[\]"=]{1,64})\[\d{1,10}\]: ?)/
const CRI = /^(stdout|stderr) ([PF]) /
const KLOG = /^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})\s+\d{1,10} ([\w./-]{1,100}:\d{1,6})\] ?/
const LOGFMT = /^time="?(\d{4}-\d\d-\d\d[T ][^"\s]{8,24})"? /
const SHORT_FULL =
  /^[^\s\d[\]]{1,12}\.? (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) ([A-Z]{2,6}|[+-]\d\d(?::?\d\d)?) /
const SHORT_UNIX = /^(\d{9,11}\.\d{6}) (?=\S+ \S+: )/
/** `06-03 13:29:12.999  1000 31557 31557 W SLUB    : text` of Android: what stood before the first colon is made a tag. */
const LOGCAT =
  /^(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3,6})(?: +(?:\d{1,10}|[a-z][\w-]{0,31})){1,3} [VDIWEF] +([^:]{0,64}?) *: ?/
const MAIL_QUOTE = /^(?:[>|] ?){1,10}/
/**
 * `grep -n`: `123:text` a line that matches, `123-text` one around it. No line of a kernel begins so, but a row of bytes
 * of mm/slab.c (`010: 6b 6b …`), the code of an oops taken apart (`13:\t8b 05 …`), and the rest of a release that a
 * console broke (`6.1.0-` `56-amd64 #1`).
 */
const GREP_NUMBER =
  /^(?!\d{3,6}: {1,2}[0-9a-f]{2}(?: |$)|\d{1,6}:\t[0-9a-f]{2} |\d{1,9}-[\w.+~-]{1,80} #\d)(\d{1,9})([:-])(?=[A-Za-z_[(<{ \t/])/
/** `grep -H`: `kern.log:123:Jul  3 …`, `/var/log/messages-Jul  3 …`; a stamp has to follow. */
const GREP_FILE =
  /^(?=[^\s:]{0,200}[./]|(?:messages|syslog|dmesg|kmsg|kern|journal)\b)[\w./+@~-]{1,200}?[:-](?:\d{1,9}[:-])?(?=\[ {0,8}\d{1,8}\.\d|\[?[A-Z][a-z]{2} {1,2}[A-Z0-9]|\d{4}-\d\d-\d\d[T ]|<\d{1,3}>)/
/** The rule of 77 below a heading of mm/slub.c, broken before its end; a mail that nobody decoded has a = behind it. */
const DASHES = /(?:^|[^-])-{40,76}=?\s*$/
/** What `less`, `more` and a pager of journalctl leave in what is copied from a terminal. */
const PAGER =
  /^(?:~|:|\(END\)|-{2}More-{2}(?:\(\d{1,3}%\))?|lines \d{1,9}-\d{1,9}(?:\/\d{1,9})?(?: \(END\)| \d{1,3}%)?|(?:\S{1,200} )?\(END\)|\.{3}skipping\.{3})\s*$/
/** `-- Reboot --`, `-- Boot 0123… --`, `-- Journal begins at … --` of journalctl; `--` alone of grep -A. */
const RULE = /^--(?: (?:Reboot|Boot [0-9a-f]{32}|Logs begin|Journal begins|No entries)\b.{0,200}--)?$/
/** `(`, `-`, `.`, `:`, `l`, `~` */
const PAGER_BEGINS: ReadonlySet<number> = new Set([40, 45, 46, 58, 108, 126])
/** Colours, of `dmesg --color=always` and less -R, as bytes or as `cat -v` shows them. */
const COLOUR = /(?:\x1b|\^\[)\[[\d;]{0,16}[mK]/g
/** `** 12 printk messages dropped ** ` of 3.x stood before the next message on the same line. */
const DROPPED = /\*\* \d{1,15} printk messages dropped \*\*/
/** Serial console text in front: `Creating journal (262144 blocks): [   34.739137] mkfs.ext4 invoked oom-killer`. */
const STAMP_INSIDE = /\[ {0,7}\d{1,8}\.\d{6}\](?: ?\[ {0,8}[TC]\d{1,10}\])? /
const PROMPT =
  /^(?:\[[\w.-]{1,64}@[\w.-]{1,64} [^\]\s]{1,200}\][#$]|[\w.-]{1,64}@[\w.-]{1,64}:[^\s#$]{0,200}[#$]|(?:sh|bash|zsh)-\d[\d.]{0,8}[#$]|[\w.-]{1,64}:[~/][^\s#$]{0,200} ?[#$]|[#$](?= *(?:sudo +)?(?:dmesg|journalctl|grep|egrep|zgrep|cat|tail|head|less|uname|kubectl|docker|crictl|ls|find|awk|sed)\b))(?: +(.*))?$/
const EXCERPTING = /(?:^|[|\s;&])(?:[a-z]*grep|rg|ag|awk|sed|head|tail|cut|uniq|sort)\b/

/** Whether a command behind a prompt selects lines: what is not shown may have been printed. */
export function selectsLines(command: string): boolean {
  return EXCERPTING.test(command)
}

function unescapeKmsg(text: string): string {
  if (!text.includes('\\x')) return text
  const bytes: number[] = []
  let out = ''
  const flush = (): void => {
    if (bytes.length === 0) return
    out += new TextDecoder().decode(new Uint8Array(bytes))
    bytes.length = 0
  }
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) === 92 && text[at + 1] === 'x') {
      const value = Number.parseInt(text.slice(at + 2, at + 4), 16)
      if (!Number.isNaN(value) && /^[0-9a-fA-F]{2}$/.test(text.slice(at + 2, at + 4))) {
        bytes.push(value)
        at += 4
        continue
      }
    }
    flush()
    const next = text.indexOf('\\x', at + 1)
    out += text.slice(at, next < 0 ? text.length : next)
    at = next < 0 ? text.length : next
  }
  flush()
  return out
}

/** rsyslog writes a control character as # and three octal digits: `isolated_anon:0#012 active_file:1263`. */
function unescapeSyslog(text: string): string {
  return text.includes('#0')
    ? text.replace(/#(0[0-3][0-7])/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : text
}

/** A mail that nobody decoded: every = is written =3D, and nothing else has one. */
function unescapeMail(text: string): string {
  return /=(?!3D|20|09|$)/.test(text)
    ? text
    : text.replace(/=(3D|20|09)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const fraction = (digits: string | undefined): number => (digits === undefined ? 0 : Number(`0.${digits}`))

function parseIso(
  text: string,
): { readonly clock: Clock; readonly seconds: number; readonly length: number } | undefined {
  const found = ISO.exec(text) ?? ISO.exec(`${text} `)
  if (!found) return undefined
  const [whole, year, month, day, hours, minutes, seconds, , digits, zone] = found
  const base = Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000
  let at = base + secondsOfDay(hours ?? '', minutes ?? '', seconds ?? '') + fraction(digits)
  if (!Number.isFinite(at)) return undefined
  if (zone === undefined) return { clock: 'local', seconds: at, length: whole.length }
  if (zone !== 'Z' && zone !== 'UTC') {
    const offset = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60
    at -= zone.startsWith('-') ? -offset : offset
  }
  return { clock: 'utc', seconds: at, length: whole.length }
}

/**
 * Whether docker cut the line here: at 16 KiB (daemon/logger/copier.go), less what a character had to be put off for.
 * Collectors that take the line ends off write lines of any length.
 */
function isCut(line: string): boolean {
  if (line.length < 4096 || line.length > 16_384 || line.endsWith('\n')) return false
  const { length } = new TextEncoder().encode(line)
  return length > 16_384 - 64 && length <= 16_384
}

/** A JSON value of any of the wrappers as a draft: dmesg --json, journalctl -o json, docker's json-file, Loki. */
function fromJson(value: unknown, draft: Draft, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  const object = value as Readonly<Record<string, unknown>>
  const textOf = (field: unknown): string | undefined => {
    if (typeof field === 'string') return field
    // journalctl: a value that is not UTF-8 is an array of its bytes
    if (Array.isArray(field) && field.length < 1_000_000 && field.every(byte => typeof byte === 'number'))
      return new TextDecoder().decode(new Uint8Array(field))
    return undefined
  }
  const numberOf = (field: unknown): number | undefined => {
    const number = typeof field === 'string' || typeof field === 'number' ? Number(field) : Number.NaN
    return Number.isFinite(number) ? number : undefined
  }
  const message = textOf(object['MESSAGE'])
  if (message !== undefined) {
    const transport = object['_TRANSPORT']
    const tag = textOf(object['SYSLOG_IDENTIFIER']) ?? textOf(object['_COMM'])
    const realtime =
      numberOf(object['_SOURCE_REALTIME_TIMESTAMP']) ?? numberOf(object['__REALTIME_TIMESTAMP'])
    const monotonic = numberOf(object['_SOURCE_MONOTONIC_TIMESTAMP'])
    if (transport !== 'kernel' && !(transport === undefined && tag === 'kernel'))
      draft.process = tag ?? 'unknown'
    if (realtime !== undefined) {
      draft.clock = 'utc'
      draft.seconds = realtime / 1e6
    }
    if (monotonic !== undefined && transport === 'kernel') draft.boot = monotonic / 1e6
    const level = numberOf(object['PRIORITY'])
    if (level !== undefined) draft.level = level
    const facility = numberOf(object['SYSLOG_FACILITY'])
    if (facility !== undefined && draft.process === undefined) draft.facility = facility
    const host = textOf(object['_HOSTNAME'])
    if (host !== undefined) draft.host = host
    draft.text = message
    draft.dressed = true
    return true
  }
  const msg = textOf(object['msg'])
  if (msg !== undefined && ('pri' in object || 'time' in object)) {
    const priority = numberOf(object['pri'])
    const time = object['time']
    const seconds = numberOf(time)
    if (priority !== undefined) {
      draft.level = priority & 7
      draft.facility = priority >> 3
    }
    if (seconds !== undefined) {
      draft.clock = 'boot'
      draft.seconds = seconds
    } else if (typeof time === 'string') {
      const iso = parseIso(time)
      if (iso) {
        draft.clock = iso.clock
        draft.seconds = iso.seconds
      }
    }
    const caller = textOf(object['caller'])
    if (caller !== undefined) draft.caller = caller.trim()
    draft.text = msg
    draft.dressed = true
    return true
  }
  const line = textOf(object['log']) ?? textOf(object['line']) ?? textOf(object['message']) ?? msg
  if (line !== undefined) {
    draft.text = line.replace(/\n$/, '')
    draft.dressed = true
    const { stream } = object
    if (line === object['log'] && (stream === 'stdout' || stream === 'stderr'))
      draft.piece = { stream, more: isCut(line) }
    const time =
      textOf(object['time']) ??
      textOf(object['ts']) ??
      textOf(object['timestamp']) ??
      textOf(object['@timestamp'])
    const iso = time === undefined ? undefined : parseIso(time)
    if (iso) {
      draft.clock = iso.clock
      draft.seconds = iso.seconds
    }
    return true
  }
  // {"jsonPayload": {"MESSAGE": …}} of a cloud's log, {"_source": …} of a search engine's
  if (depth >= 3) return false
  return Object.values(object)
    .slice(0, 64)
    .some(
      inner =>
        typeof inner === 'object' &&
        inner !== null &&
        !Array.isArray(inner) &&
        fromJson(inner, draft, depth + 1),
    )
}

/** Takes the dress off, line by line; what a delta counts from is kept between lines. */
export interface Undresser {
  /** The records of a line: mostly one; more where one record holds several lines; none for ` KEY=value` of /dev/kmsg. */
  undress(line: Line): readonly LogRecord[]
  /** The records of a JSON object that began on `line`. */
  fromJson(value: unknown, line: number): readonly LogRecord[]
}

/** One in another: a mail quotes what a collector wrapped of a container's log. 64 KiB of > are none (ours). */
const MOST_DRESSES = 16

export function undresser(): Undresser {
  let base = Number.NaN
  let afterKmsg = false
  /** The line before was, or ended in, a rule of dashes. */
  let afterDashes = false
  /** The marks of a quoted mail, as they stood before the last line that had a dress. */
  let quoting = ''
  /** The number grep -n gave the last line. */
  let numbered = Number.NaN
  /** Dresses taken off the line at hand. */
  let worn = 0
  let cachedSecond = ''
  let cachedSeconds = 0

  /** Takes a `[…]` stamp off the front of `draft.text`. */
  function takeBracket(draft: Draft): boolean {
    const text = draft.text
    // a row of a task table, of which there can be 100,000: "[ 1234]     0  1234 …"
    let at = 1
    while (text.charCodeAt(at) === 32 && at < 24) at += 1
    while (at < 24 && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at += 1
    if (text.charCodeAt(at) === 93) return false
    const boot = BOOT.exec(text) ?? BOOT_AND_DELTA.exec(text)
    if (boot) {
      const seconds = Number(boot[1])
      if (draft.clock === undefined) {
        draft.clock = 'boot'
        draft.seconds = seconds
      } else draft.boot = seconds
      if (boot[2] !== undefined) draft.caller = boot[2]
      draft.text = text.slice(boot[0].length)
      draft.dressed = true
      return true
    }
    const delta = DELTA.exec(text)
    if (delta) {
      if (!Number.isNaN(base)) {
        base += Number(delta[1])
        draft.clock = 'no-year'
        draft.seconds = base
      }
      if (delta[2] !== undefined) draft.caller = delta[2]
      draft.text = text.slice(delta[0].length)
      draft.dressed = true
      return true
    }
    const plain = text.includes('<') ? text.replace(DELTA_IN_BRACKETS, '$1]') : text
    const dayFirst = CTIME_DAY_FIRST.exec(plain)
    if (dayFirst) dayFirst.splice(2, 2, dayFirst[3] ?? '', dayFirst[2] ?? '')
    const ctime = dayFirst ?? CTIME.exec(plain)
    if (ctime) {
      const [whole, , month, day, hours, minutes, seconds, digits, year, caller] = ctime
      const at = monthOf(month ?? '')
      const ofDay = secondsOfDay(hours ?? '', minutes ?? '', seconds ?? '') + fraction(digits)
      draft.clock = at === undefined ? 'time-of-day' : 'local'
      draft.seconds = at === undefined ? ofDay : Date.UTC(Number(year), at, Number(day)) / 1000 + ofDay
      if (caller !== undefined) draft.caller = caller
      draft.text = plain.slice(whole.length)
      draft.dressed = true
      return true
    }
    const reltime = RELTIME.exec(plain)
    if (reltime) {
      const [whole, month, day, hours, minutes, caller] = reltime
      const at = monthOf(month ?? '')
      if (at !== undefined) {
        base = Date.UTC(NO_YEAR, at, Number(day)) / 1000 + secondsOfDay(hours ?? '', minutes ?? '', '0')
        draft.clock = 'no-year'
        draft.seconds = base
      } else base = Number.NaN
      if (caller !== undefined) draft.caller = caller
      draft.text = plain.slice(whole.length)
      draft.dressed = true
      return true
    }
    const iso =
      text.charCodeAt(0) === 91
        ? /^\[(\d{4}-\d\d-\d\d[T ][^\]\s]{8,24}(?: [+-]\d{4})?)\]:? ?/.exec(text)
        : null
    if (iso) {
      const at = parseIso(iso[1] ?? '')
      if (at) {
        draft.clock = at.clock
        draft.seconds = at.seconds
        draft.text = text.slice(iso[0].length)
        draft.dressed = true
        return true
      }
    }
    return false
  }

  /** `host tag[pid]: ` after a wall clock: whose line is it. */
  function takeTag(draft: Draft): void {
    const text = draft.text
    const tag = FACILITY_LEVEL_TAG.exec(text) ?? TAG.exec(text)
    if (tag) {
      const name = tag[2] ?? ''
      if (tag[1] !== undefined) draft.host = tag[1]
      draft.text = text.slice(tag[0].length)
      if (!isKernelTag(name)) draft.process = name
    } else {
      const alone = TAG_ALONE.exec(text)
      const name = alone?.[1] ?? ''
      if (alone && (isKernelTag(name) || alone[2] !== undefined)) {
        draft.text = text.slice(alone[0].length)
        if (!isKernelTag(name)) draft.process = name
      } else {
        // "host [ts] text": a console server's stamp and host
        const host = /^(\S{1,255}) (?=\[ {0,12}\d{1,12}\.\d{1,9}\])/.exec(text)
        if (host) {
          draft.host = host[1] ?? ''
          draft.text = text.slice(host[0].length)
        }
      }
    }
    if (draft.process === undefined && draft.text.charCodeAt(0) === 91) takeBracket(draft)
  }

  const isKernelTag = (name: string): boolean => name === 'kernel' || name === 'vmunix' || name === 'kern'

  function takeIso(draft: Draft): boolean {
    const text = draft.text
    const found = parseIso(text)
    if (!found) return false
    draft.clock = found.clock
    draft.seconds = found.seconds
    draft.text = text.slice(found.length)
    draft.dressed = true
    const cri = CRI.exec(draft.text)
    if (cri) {
      draft.text = whole(`cri ${cri[1]}`, draft.text.slice(cri[0].length), cri[2] === 'P')
      if (cri[2] === 'P') draft.held = true
      else takeInner(draft)
      return true
    }
    // util-linux puts a comma before the fraction and the message right behind
    if (text.charCodeAt(19) !== 44) takeTag(draft)
    return true
  }

  function takeSyslog(draft: Draft): boolean {
    const text = draft.text
    const found = SYSLOG.exec(text)
    if (!found) return false
    const [whole, month, day, early, hours, minutes, seconds, digits, late] = found
    const second = `${month} ${day} ${hours}${minutes}${seconds}${early ?? ''}${late ?? ''}`
    if (second !== cachedSecond) {
      const at = monthOf(month ?? '')
      if (at === undefined) return false
      cachedSecond = second
      const year = Number(early ?? late ?? NO_YEAR)
      cachedSeconds =
        Date.UTC(year, at, Number(day)) / 1000 + secondsOfDay(hours ?? '', minutes ?? '', seconds ?? '')
    }
    draft.clock = early === undefined && late === undefined ? 'no-year' : 'local'
    draft.seconds = cachedSeconds + fraction(digits)
    draft.text = text.slice(whole.length)
    draft.dressed = true
    takeTag(draft)
    return true
  }

  /** What a runtime has cut so far, by stream, of lines longer than it writes at once. */
  const held = new Map<string, string>()

  /** A piece with those before it. `more`: the line goes on in the next piece of its stream. */
  function whole(stream: string, piece: string, more: boolean): string {
    const before = held.get(stream)
    if (!more) {
      if (before === undefined) return piece
      held.delete(stream)
      return before + piece
    }
    // of a line without an end only the beginning is kept
    held.set(stream, before === undefined ? piece : (before + piece).slice(0, LONGEST_LINE))
    return ''
  }

  /** What a container runtime wrapped: a line that may have a dress of its own. */
  function takeInner(draft: Draft): void {
    const { clock, seconds } = draft
    const text = draft.text
    if (text.charCodeAt(0) === 123 && takeJson(draft)) return
    take(draft)
    if (draft.clock === undefined && clock !== undefined && seconds !== undefined) {
      draft.clock = clock
      draft.seconds = seconds
    }
  }

  function takeJson(draft: Draft): boolean {
    const text = draft.text
    if (text.charCodeAt(text.trimEnd().length - 1) !== 125) return false
    try {
      if (!fromJson(JSON.parse(text), draft)) return false
    } catch {
      return false
    }
    if (draft.piece) {
      const { stream, more } = draft.piece
      delete draft.piece
      if (more || held.size > 0) draft.text = whole(`docker ${stream}`, draft.text, more)
      if (more) {
        draft.held = true
        return true
      }
    }
    const first = draft.text.charCodeAt(0)
    if (draft.process === undefined && draft.clock !== 'boot' && (first === 91 || first === 60)) take(draft)
    return true
  }

  function takePriority(draft: Draft): boolean {
    const found = PRIORITY.exec(draft.text)
    if (!found) return false
    const priority = Number(found[1])
    if (priority > 191) return false
    draft.level = priority & 7
    draft.facility = priority >> 3
    // `<3> [  357.788006] …` of a test machine's log
    const blank = draft.text.startsWith(' [', found[0].length) ? 1 : 0
    draft.text = draft.text.slice(found[0].length + blank)
    draft.dressed = true
    const rfc = RFC5424.exec(draft.text)
    if (rfc) {
      const at = parseIso(rfc[1] ?? '')
      if (at) {
        draft.clock = at.clock
        draft.seconds = at.seconds
      }
      draft.host = rfc[2] ?? ''
      if (!isKernelTag(rfc[3] ?? '')) draft.process = rfc[3] ?? ''
      draft.text = draft.text.slice(rfc[0].length)
      if (draft.text.charCodeAt(0) === 91) takeBracket(draft)
      return true
    }
    const first = draft.text.charCodeAt(0)
    if (first === 91) takeBracket(draft)
    else takeSyslog(draft) || takeIso(draft)
    return true
  }

  function takeKmsg(draft: Draft): boolean {
    const found = KMSG.exec(draft.text)
    if (!found) return false
    const [, priority, seq, micros, flags, text] = found
    draft.level = Number(priority) & 7
    draft.facility = Number(priority) >> 3
    draft.seq = Number(seq)
    draft.clock = 'boot'
    draft.seconds = Number(micros) / 1e6
    const caller = flags === undefined || flags.length < 3 ? null : KMSG_CALLER.exec(flags)
    if (caller?.[1] !== undefined) draft.caller = caller[1]
    draft.text = unescapeKmsg(text ?? '')
    draft.dressed = true
    return true
  }

  function takePrompt(draft: Draft): boolean {
    const found = PROMPT.exec(draft.text)
    if (!found) return false
    draft.prompt = true
    draft.text = found[1] ?? ''
    return true
  }

  /** Takes off whatever dress there is; the first character tells which can be. */
  function take(draft: Draft): boolean {
    worn += 1
    if (worn > MOST_DRESSES) return false
    const text = draft.text
    const first = text.charCodeAt(0)
    if (first === 91) return takeBracket(draft) || takePrompt(draft)
    if (first >= 48 && first <= 57) {
      if (takeKmsg(draft) || takeIso(draft)) return true
      const time = TIME_ONLY.exec(text)
      if (time) {
        draft.clock = 'time-of-day'
        draft.seconds = secondsOfDay(time[1] ?? '', time[2] ?? '', time[3] ?? '') + fraction(time[4])
        if (time[5] !== undefined) draft.host = time[5]
        draft.text = text.slice(time[0].length)
        draft.dressed = true
        if (draft.text.charCodeAt(0) === 91) takeBracket(draft)
        return true
      }
      const unix = SHORT_UNIX.exec(text)
      if (unix) {
        draft.clock = 'utc'
        draft.seconds = Number(unix[1])
        draft.text = text.slice(unix[0].length)
        draft.dressed = true
        takeTag(draft)
        return true
      }
      const logcat = LOGCAT.exec(text)
      if (logcat) {
        const [whole, month, day, hours, minutes, seconds, digits, tag] = logcat
        draft.clock = 'no-year'
        draft.seconds =
          Date.UTC(NO_YEAR, Number(month) - 1, Number(day)) / 1000 +
          secondsOfDay(hours ?? '', minutes ?? '', seconds ?? '') +
          fraction(digits)
        const rest = text.slice(whole.length)
        draft.text = tag === '' ? rest : `${tag}: ${rest}`
        draft.dressed = true
        return true
      }
      return takeSyslog(draft) || takePrompt(draft) || takeGrep(draft)
    }
    if (first === 60) return takePriority(draft)
    if (first === 123) return takeJson(draft)
    if (first === 62 || first === 124) {
      // what is quoted may begin with such a mark itself, where a line was broken: `|__GFP_ZERO`
      const marks = quoting !== '' && text.startsWith(quoting) ? quoting : MAIL_QUOTE.exec(text)?.[0]
      if (marks === undefined) return false
      draft.text = text.slice(marks.length)
      const next = draft.text.charCodeAt(0)
      if (marks === quoting && (next === 62 || next === 124)) return false
      const dressed = take(draft)
      if (dressed) quoting = marks
      return dressed
    }
    if (first === 35 || first === 36) return takePrompt(draft)
    if (takeSyslog(draft)) return true
    if (text.charCodeAt(3) !== 32) {
      const decoded = DECODED_PRIORITY.exec(text)
      const facility = decoded ? FACILITIES.indexOf((decoded[1] ?? '') as (typeof FACILITIES)[number]) : -1
      const word = decoded?.[2]?.replace('warning', 'warn').replace('error', 'err') ?? ''
      const level = LEVELS.indexOf(word as (typeof LEVELS)[number])
      if (decoded && level >= 0 && (facility >= 0 || /^(?:local|res)\d$/.test(decoded[1] ?? ''))) {
        draft.facility = facility >= 0 ? facility : 16
        draft.level = level
        draft.text = text.slice(decoded[0].length)
        draft.dressed = true
        if (!takeBracket(draft)) takeIso(draft)
        return true
      }
    }
    const klog = KLOG.exec(text)
    if (klog) {
      draft.clock = 'no-year'
      draft.seconds =
        Date.UTC(NO_YEAR, Number(klog[1]) - 1, Number(klog[2])) / 1000 +
        secondsOfDay(klog[3] ?? '', klog[4] ?? '', klog[5] ?? '') +
        fraction(klog[6])
      draft.process = klog[7] ?? ''
      draft.text = text.slice(klog[0].length)
      draft.dressed = true
      return true
    }
    const logfmt = LOGFMT.exec(text)
    if (logfmt) {
      const at = parseIso(logfmt[1] ?? '')
      if (at) {
        draft.clock = at.clock
        draft.seconds = at.seconds
        draft.process = 'logfmt'
        draft.dressed = true
        return true
      }
    }
    const full = SHORT_FULL.exec(text)
    if (full) {
      const zone = full[2] ?? ''
      const at = parseIso(
        `${full[1]}${zone === 'UTC' || zone === 'GMT' ? 'Z' : /^[+-]\d\d:?\d\d$/.test(zone) ? zone : ''}`,
      )
      if (at) {
        draft.clock = at.clock
        draft.seconds = at.seconds
        draft.text = text.slice(full[0].length)
        draft.dressed = true
        takeTag(draft)
        return true
      }
    }
    const exported = text.startsWith('MESSAGE=')
    if (exported) {
      draft.text = text.slice(8)
      draft.dressed = true
      return true
    }
    const file = GREP_FILE.exec(text)
    if (file) {
      draft.text = text.slice(file[0].length)
      if (take(draft) && draft.dressed && !draft.prompt) {
        draft.selected = true
        return true
      }
      draft.text = text
      delete draft.prompt
    }
    if (text.includes('kernel: ')) {
      // some other stamp in front of a kernel tag: only the text is sure
      const found = /^[^"'`]{0,200}?(?:^|\s)kernel: ?/.exec(text)
      if (found) {
        draft.text = text.slice(found[0].length)
        draft.dressed = true
        if (draft.text.charCodeAt(0) === 91) takeBracket(draft)
        return true
      }
    }
    return takePrompt(draft)
  }

  /** `123:` and `123-` of grep -n; what is behind may have a dress or not. */
  function takeGrep(draft: Draft): boolean {
    const found = GREP_NUMBER.exec(draft.text)
    if (!found) return false
    const text = draft.text
    const number = Number(found[1])
    draft.text = text.slice(found[0].length)
    // the rest of a broken line can look the same: `1683-c4bc` of a pod's id
    if (!(take(draft) && draft.dressed) && number !== numbered + 1) {
      draft.text = text
      delete draft.prompt
      return false
    }
    delete draft.prompt
    draft.selected = true
    numbered = number
    return true
  }

  function several(draft: Draft): readonly LogRecord[] {
    const parts = draft.text.split('\n')
    return parts
      .slice(0, 1000)
      .map((text, index) =>
        index === 0 ? { ...draft, text } : { ...draft, text, continuation: true as const },
      )
  }

  function finish(draft: Draft): readonly LogRecord[] {
    if (draft.text.includes('\n')) return several(draft)
    return [draft]
  }

  return {
    fromJson(value, line) {
      const draft: Draft = { line, text: '', width: 0, dressed: false }
      worn = 0
      if (!fromJson(value, draft)) return []
      const first = draft.text.charCodeAt(0)
      if (draft.process === undefined && draft.clock !== 'boot' && (first === 91 || first === 60)) take(draft)
      return finish(draft)
    },
    undress(line) {
      let text = line.text
      if (afterKmsg && CONTINUATION_OF_KMSG.test(text)) return []
      let first = text.charCodeAt(0)
      if (first === 0) {
        // a crash leaves a run of NULs in a file that was being written
        text = text.replace(/^\0+/, '')
        first = text.charCodeAt(0)
      }
      if (first === 27 || first === 94) {
        text = text.replace(COLOUR, '')
        first = text.charCodeAt(0)
      }
      if (text.includes('\u00a0')) {
        // a browser or a mail program keeps runs of blanks together so
        text = text.replaceAll('\u00a0', ' ')
        first = text.charCodeAt(0)
      }
      const rule = afterDashes
      afterDashes = DASHES.test(text)
      // a terminal or a mail broke a rule of dashes in two
      if (rule && text === '--') return []
      if (first === 45 && RULE.test(text)) {
        // as a prompt does, it parts what was printed before from what comes
        const command = text === '--' ? 'grep' : ''
        return [{ line: line.number, text: command, width: 0, dressed: false, prompt: true }]
      }
      if (PAGER_BEGINS.has(first) && PAGER.test(text)) return []
      const draft: Draft = { line: line.number, text, width: text.length, dressed: false }
      worn = 0
      if (first === 32 || first === 9) {
        const stripped = text.trimStart()
        const begins = stripped.charCodeAt(0)
        // an indented dress counts; indented text is the kernel's own and keeps its blanks
        if (begins === 91 || begins === 60 || (begins >= 48 && begins <= 57) || begins === 123) {
          draft.text = stripped
          if (!take(draft) || draft.prompt) {
            delete draft.prompt
            draft.text = text
          }
        } else if (stripped.includes('kernel:')) {
          draft.text = stripped
          if (!take(draft)) draft.text = text
        }
      } else take(draft)
      let front = ''
      if (!draft.dressed && !draft.prompt && draft.text.includes('] ')) {
        const inside = STAMP_INSIDE.exec(draft.text)
        if (inside && inside.index > 0) {
          front = draft.text.slice(0, inside.index)
          draft.text = draft.text.slice(inside.index)
          takeBracket(draft)
        }
      } else if (draft.clock === 'boot' && draft.seq === undefined) {
        // journalctl -o short-monotonic: "[ 1460.023551] host kernel: text"
        const tag = draft.text.includes(': ') ? MONOTONIC_TAG.exec(draft.text) : null
        if (tag) {
          draft.host = tag[1] ?? ''
          if (tag[2] !== undefined) draft.process = tag[2]
          draft.text = draft.text.slice(tag[0].length)
        }
      }
      if (draft.held) return []
      afterKmsg = draft.seq !== undefined
      if (draft.text.includes('=3D')) draft.text = unescapeMail(draft.text)
      if (draft.text.includes('#0')) draft.text = unescapeSyslog(draft.text)
      return DROPPED.test(front)
        ? [{ line: line.number, text: front, width: 0, dressed: false }, ...finish(draft)]
        : finish(draft)
    },
  }
}

/** Seconds of a day, for clocks that know no date. */
export const SECONDS_OF_DAY = DAY
