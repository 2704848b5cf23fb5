import { describe, expect, it } from 'vitest'
import { type LogRecord, selectsLines, stampOf, undresser } from '../../../../src/core/decode/kmsg/record.ts'

const all = (...lines: string[]): LogRecord[] => {
  const dress = undresser()
  return lines.flatMap((text, index) => dress.undress({ number: index + 1, text }))
}
const one = (line: string): LogRecord => {
  const [record] = all(line)
  if (!record) throw new Error('no record')
  return record
}
const at = (line: string): string | undefined => stampOf(one(line))?.text

describe('stamps', () => {
  it.each([
    ['[ 1460.023551] x', 'boot+1460.023551'],
    ['[20148497.767284] x', 'boot+20148497.767284'],
    ['4,7,1460023551,-;x', 'boot+1460.023551'],
    ['[Mon Nov 23 17:13:32 2026] x', '2026-11-23T17:13:32'],
    ['[五 7月  3 00:00:50 2020] x', '2020-07-03T00:00:50'],
    ['[금  7월  3 00:00:50 2020] x', '2020-07-03T00:00:50'],
    ['[Mi Jul 15 00:00:50 2020] x', '2020-07-15T00:00:50'],
    ['[mer. juil. 15 00:00:50 2020] x', '2020-07-15T00:00:50'],
    ['[Do Mär  5 00:00:50 2020] x', '2020-03-05T00:00:50'],
    ['[Zzz Qqqq  5 00:00:50 2020] x', '00:00:50'],
    ['2026-11-23T17:13:32,023551+08:00 x', '2026-11-23T09:13:32.023551Z'],
    ['Jul  3 00:05:57 host kernel: x', '--07-03T00:05:57'],
    ['7月 03 00:05:57 host kernel: x', '--07-03T00:05:57'],
    ['2020-07-03T00:05:57.5-0130 host kernel: x', '2020-07-03T01:35:57.500000Z'],
    ['Jul  3 00:05:57 h kern.warn kernel: x', '--07-03T00:05:57'],
    ['Fri Jul  3 00:05:57 2020 kern.warn kernel: x', '2020-07-03T00:05:57'],
    ['14:58:45 kernel: x', '14:58:45'],
    ['<4>1 2020-07-03T00:05:57Z host kernel - - - x', '2020-07-03T00:05:57Z'],
    ['Fri 2020-07-03 00:05:57 UTC host kernel: x', '2020-07-03T00:05:57Z'],
    ['1594000000.250000 host kernel: x', '2020-07-06T01:46:40.250000Z'],
  ])('%s', (line, text) => {
    const record = one(line)
    expect(record.text).toBe('x')
    expect(record.process).toBeUndefined()
    expect(at(line)).toBe(text)
  })

  it('adds up what dmesg -H prints as differences', () => {
    const stamps = all('[Apr14 02:46] a', '[  +0.000006] b', '[ +42.975903] c', '[Apr14 02:50] d').map(
      stampOf,
    )
    expect(stamps.map(stamp => stamp?.text)).toEqual([
      '--04-14T02:46:00',
      '--04-14T02:46:00.000006',
      '--04-14T02:46:42.975909',
      '--04-14T02:50:00',
    ])
  })

  it('keeps both stamps of a syslog line that kept the ring’s', () => {
    const record = one('Jun 20 12:47:02 new-db1 kernel: [15180285.537297]  cache: x')
    expect(record).toMatchObject({
      clock: 'no-year',
      boot: 15180285.537297,
      host: 'new-db1',
      text: ' cache: x',
    })
  })
})

describe('whose line it is', () => {
  it.each([
    ['Jun  8 17:26:21 node4 dockerd: time="2018" level=error', 'dockerd'],
    ['Jun  8 17:26:21 node4 rsyslogd-2177: imuxsock lost 3 messages', 'rsyslogd-2177'],
    ['Jun  8 17:26:21 node4 kubelet[912]: E0608 17:26:21', 'kubelet'],
    ['2020-07-03T00:05:57+0000 host systemd[1]: Started', 'systemd'],
    ['[   12.345678] host systemd[1]: Started', 'systemd'],
    ['<30>1 2020-07-03T00:05:57Z host app 77 ID47 [x@1 a="\\]b"] text', 'app'],
    [
      '{"MESSAGE":"Out of memory: Killed process 1 (a)","SYSLOG_IDENTIFIER":"app","_TRANSPORT":"stdout"}',
      'app',
    ],
  ])('%s', (line, process) => {
    expect(one(line).process).toBe(process)
  })

  it('tells what user space wrote into the ring', () => {
    expect(one('12,7,1460023551,-;fake')).toMatchObject({ facility: 1, level: 4 })
    expect(one('user  :warn  : [ 1460.023551] fake')).toMatchObject({ facility: 1, level: 4, text: 'fake' })
    expect(one('kern  :err   : [ 1460.023551] real')).toMatchObject({ facility: 0, level: 3, text: 'real' })
    expect(one('<12>[ 1460.023551] fake')).toMatchObject({ facility: 1, text: 'fake' })
  })

  it.each([
    ['[root@master-29 ~]# dmesg -T | grep SLUB | head', 'dmesg -T | grep SLUB | head', true],
    ['root@node1:~# dmesg', 'dmesg', false],
    ['user@node1:/var/log$ tail messages', 'tail messages', true],
    ['# dmesg -T | egrep oom', 'dmesg -T | egrep oom', true],
    ['$ journalctl -k', 'journalctl -k', false],
    ['sh-4.2# cat /var/log/messages', 'cat /var/log/messages', false],
  ])('%s is a prompt', (line, command, selects) => {
    expect(one(line)).toMatchObject({ prompt: true, text: command })
    expect(selectsLines(command)).toBe(selects)
  })
})

describe('what is in the text', () => {
  it('reads the escapes of /dev/kmsg as the bytes they are, and parts the lines', () => {
    const records = all(
      '4,7,1,-,caller=T12;\\xe4\\xba\\x94 a\\x0ab \\x5cx41',
      ' SUBSYSTEM=pci',
      ' DEVICE=+pci:0',
    )
    expect(records.map(record => [record.text, record.continuation])).toEqual([
      ['五 a', undefined],
      ['b \\x41', true],
    ])
    expect(records[0]).toMatchObject({ caller: 'T12', seq: 7 })
  })

  it('reads the octal escapes of rsyslog', () => {
    expect(all('Jul  3 00:05:57 h kernel: a:0#012 b:1#011c').map(record => record.text)).toEqual([
      'a:0',
      ' b:1\tc',
    ])
  })

  it('leaves a row of the task table, a lone bracket and prose as they are', () => {
    for (const line of [
      '[ 1234]     0  1234      253',
      '[1]',
      '[2] and',
      '  [<ffff>] f+0x1/0x2',
      'and',
      'TITLE: panic: x',
    ])
      expect(one(line)).toMatchObject({ text: line, dressed: false })
  })

  it('finds the stamp behind what a serial console had in front of it', () => {
    expect(one('Creating journal (262144 blocks): [   34.739137] mkfs.ext4 invoked')).toMatchObject({
      text: 'mkfs.ext4 invoked',
      seconds: 34.739137,
    })
  })

  it('decodes =3D of a mail, and only there', () => {
    expect(one('[    1.000000] x (gfp=3D0xd0)').text).toBe('x (gfp=0xd0)')
    expect(one('[    1.000000] a=1 b=3D4').text).toBe('a=1 b=3D4')
  })

  it('takes time that grows with the line, not faster', () => {
    const started = performance.now()
    for (const unit of ['[', '[ ', '<', '\\x', '{"', '> ', 'a ', '1,', '#0', ': ', '=3D', '] ['])
      all(unit.repeat(65_536 / unit.length))
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
