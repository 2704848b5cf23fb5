// Prints bare lines of a kernel log in every dress a log comes in. Written from what the tools print, not from what
// the decoder reads.

const START = Date.UTC(2026, 10, 23, 17, 13, 32) / 1000
const BOOT = 1460

const micros = (index: number): string => String(100 + index).padStart(6, '0')
const boot = (index: number): string => `${String(BOOT).padStart(5)}.${micros(index)}`
const clock = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(11, 19)

type Dress = (line: string, index: number) => string

const ctime =
  (weekday: string, month: string, day: string): Dress =>
  line =>
    `[${weekday} ${month} ${day} ${clock(START)} 2026] ${line}`

/** One printed line to one line of a file. */
export const LINE_DRESSES: Readonly<Record<string, Dress>> = {
  none: line => line,
  dmesg: (line, index) => `[${boot(index)}] ${line}`,
  'dmesg, wide': (line, index) => `[${String(BOOT).padStart(9)}.${micros(index)}] ${line}`,
  'dmesg, indented': (line, index) => `     [${boot(index)}] ${line}`,
  'dmesg with caller': (line, index) => `[${boot(index)}][ T4711] ${line}`,
  'dmesg -T': ctime('Mon', 'Nov', '23'),
  'dmesg -T zh': ctime('一', '11月', '23'),
  'dmesg -T ja': ctime('月', '11月', '23'),
  'dmesg -T ko': ctime('월', '11월', '23'),
  'dmesg -T de': ctime('Mo', 'Nov', '23'),
  'dmesg -T fr': ctime('lun.', 'nov.', '23'),
  'dmesg -T ru': ctime('Пн', 'ноя', '23'),
  'dmesg -T, locale unknown': ctime('Xxx', 'Yyyy', ' 3'),
  'dmesg -H': (line, index) => (index === 0 ? `[Nov23 17:13] ${line}` : `[  +0.000013] ${line}`),
  'dmesg -H zh': (line, index) => (index === 0 ? `[11月23 17:13] ${line}` : `[  +0.000013] ${line}`),
  'dmesg --time-format iso': (line, index) => `2026-11-23T17:13:32,${micros(index)}+00:00 ${line}`,
  'dmesg -x': (line, index) => `kern  :warn  : [${boot(index)}] ${line}`,
  'dmesg -r': (line, index) => `<4>[${boot(index)}] ${line}`,
  'dmesg -d': (line, index) => `[${boot(index)} <    0.000013>] ${line}`,
  'journalctl short': line => `Nov 23 17:13:32 node-1 kernel: ${line}`,
  'journalctl short, zh': line => `11月 23 17:13:32 node-1 kernel: ${line}`,
  'journalctl short-precise': (line, index) => `Nov 23 17:13:32.${micros(index)} node-1 kernel: ${line}`,
  'journalctl short-iso': line => `2026-11-23T17:13:32+0000 node-1 kernel: ${line}`,
  'journalctl short-iso, newer': line => `2026-11-23T17:13:32+00:00 node-1 kernel: ${line}`,
  'journalctl short-full': line => `Mon 2026-11-23 17:13:32 UTC node-1 kernel: ${line}`,
  'journalctl short-unix': (line, index) => `${START}.${micros(index)} node-1 kernel: ${line}`,
  'journalctl short-monotonic': (line, index) => `[${boot(index)}] node-1 kernel: ${line}`,
  'journalctl -o json': (line, index) =>
    JSON.stringify({
      MESSAGE: line,
      PRIORITY: '4',
      SYSLOG_FACILITY: '0',
      SYSLOG_IDENTIFIER: 'kernel',
      _TRANSPORT: 'kernel',
      _HOSTNAME: 'node-1',
      __REALTIME_TIMESTAMP: String(START * 1e6 + index),
      _SOURCE_MONOTONIC_TIMESTAMP: String(BOOT * 1e6 + index),
    }),
  'journalctl -o json, bytes': (line, index) =>
    JSON.stringify({
      MESSAGE: [...new TextEncoder().encode(line)],
      _TRANSPORT: 'kernel',
      __REALTIME_TIMESTAMP: String(START * 1e6 + index),
    }),
  'journalctl -o cat': line => line,
  rsyslog: line => `Nov 23 17:13:32 node-1 kernel: ${line}`,
  'rsyslog with [ts]': (line, index) => `Nov 23 17:13:32 node-1 kernel: [${boot(index)}] ${line}`,
  'rsyslog, RFC 3339': (line, index) => `2026-11-23T17:13:32.${micros(index)}+08:00 node-1 kernel: ${line}`,
  'rsyslog, RFC 3339 with [ts]': (line, index) =>
    `2026-11-23T17:13:32.${micros(index)}+08:00 node-1 kernel: [${boot(index)}] ${line}`,
  'RFC 5424': (line, index) => `<4>1 2026-11-23T17:13:32.${micros(index)}Z node-1 kernel - - - ${line}`,
  'time only': line => `17:13:32 kernel: ${line}`,
  'no host': line => `Nov 23 17:13:32 kernel: ${line}`,
  CRI: (line, index) => `2026-11-23T17:13:32.${micros(index)}000Z stderr F [${boot(index)}] ${line}`,
  'docker json-file': (line, index) =>
    JSON.stringify({ log: `[${boot(index)}] ${line}\n`, stream: 'stderr', time: '2026-11-23T17:13:32.1Z' }),
  'Loki jsonl': (line, index) =>
    JSON.stringify({
      labels: { job: 'k' },
      line: `[${boot(index)}] ${line}`,
      timestamp: '2026-11-23T17:13:32Z',
    }),
  'mail quote': (line, index) => `> [${boot(index)}] ${line}`,
  '/dev/kmsg': (line, index) =>
    `4,${index + 7},${BOOT}${micros(index)},-;${escaped(line)}\n SUBSYSTEM=memory`,
  '/dev/kmsg with caller': (line, index) =>
    `4,${index + 7},${BOOT}${micros(index)},-,caller=T4711;${escaped(line)}`,
}

/** What /dev/kmsg does to bytes that are not printable ASCII. */
function escaped(line: string): string {
  return [...new TextEncoder().encode(line)]
    .map(byte =>
      byte < 32 || byte > 126 || byte === 92
        ? `\\x${byte.toString(16).padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')
}

/** Dresses of a whole log. */
export const LOG_DRESSES: Readonly<Record<string, (lines: readonly string[]) => string>> = {
  'dmesg --json': lines =>
    `{\n   "dmesg": [\n${lines
      .map(
        (line, index) =>
          `      {\n         "pri": 4,\n         "time":   ${boot(index)},\n         "msg": ${JSON.stringify(line)}\n      }`,
      )
      .join(',')}\n   ]\n}\n`,
  'dmesg --json, compact': lines =>
    JSON.stringify({ dmesg: lines.map((msg, index) => ({ pri: 4, time: BOOT + index / 1e6, msg })) }),
  'journalctl -o json-pretty': lines =>
    lines
      .map(line => JSON.stringify({ MESSAGE: line, _TRANSPORT: 'kernel', PRIORITY: '4' }, null, 8))
      .join('\n'),
  'quoted-printable': lines =>
    lines.map((line, index) => `[${boot(index)}] ${line}`.replaceAll('=', '=3D')).join('\n'),
  'dmesg -T, hard wrapped': lines => wrapped(lines, line => `[Mon Nov 23 17:13:32 2026] ${line}`, 78),
  'dmesg, hard wrapped': lines => wrapped(lines, (line, index) => `[${boot(index)}] ${line}`, 72),
  'dmesg, hard wrapped at 80': lines => wrapped(lines, (line, index) => `[${boot(index)}] ${line}`, 80),
  'a mail, quoted twice, hard wrapped': lines =>
    wrapped(lines, (line, index) => `[${boot(index)}] ${line}`, 76)
      .split('\n')
      .map(line => `> | ${line}`)
      .join('\n'),
  'less, copied screen by screen': lines =>
    lines
      .flatMap((line, index) => [
        `[${boot(index)}] ${line}`,
        ...(index % 24 === 23 ? [`lines ${index - 22}-${index + 1}`] : []),
      ])
      .concat('(END)', '~', '~')
      .join('\n'),
  'dmesg --color=always': lines =>
    lines.map((line, index) => `\u001b[32m[${boot(index)}] \u001b[0m${line}`).join('\n'),
  'CRI, in pieces': lines =>
    lines
      .flatMap((line, index) => {
        const whole = `[${boot(index)}] ${line}`
        const stamp = `2026-11-23T17:13:32.${micros(index)}000Z stderr`
        return whole.length > 40
          ? [`${stamp} P ${whole.slice(0, 40)}`, `${stamp} F ${whole.slice(40)}`]
          : [`${stamp} F ${whole}`]
      })
      .join('\n'),
}

/** As a terminal breaks lines: anywhere, at its width. */
function wrapped(lines: readonly string[], dress: Dress, width: number): string {
  return lines
    .flatMap((line, index) => {
      const whole = dress(line, index)
      const pieces: string[] = []
      for (let at = 0; at < whole.length; at += width) pieces.push(whole.slice(at, at + width))
      return pieces
    })
    .join('\n')
}
