import { expect, it } from 'vitest'
import { collect } from '../../../src/core/collect.ts'
import { type MemoryFile, memoryTree } from '../../../src/core/tree/memory-tree.ts'

function read(
  files: Readonly<Record<string, MemoryFile>>,
  links: Readonly<Record<string, string>> = {},
  origin: 'live' | 'directory' = 'directory',
) {
  const { software = [] } = collect(memoryTree(files, { links, origin }), { at: 0, only: ['software'] })
  return software.map(({ name, version, how, path }) => [name, version, how, path])
}

const STATUS = [
  'Package: libcontainerd\nStatus: install ok installed\nVersion: 9\n',
  'Package: containerd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.6.20~ds1-1+b1\n',
  'Package: runc\nStatus: deinstall ok config-files\nVersion: 1.0.0\n',
  'Package: systemd\nStatus: hold ok installed\nDescription: x\n Version: 1\nVersion: 252.39-1~deb12u1\n',
].join('\n')

it('reads what dpkg has installed', () => {
  expect(read({ 'var/lib/dpkg/status': STATUS })).toEqual([
    ['containerd', '1.6.20~ds1-1+b1', 'package', '/var/lib/dpkg/status'],
    ['systemd', '252.39-1~deb12u1', 'package', '/var/lib/dpkg/status'],
  ])
})

it('reads the lists of a sosreport', () => {
  expect(
    read({
      'installed-debs':
        '||/ Name  Version  Architecture Description\nii  containerd.io  1.7.24-1  amd64  x\nrc  runc 1.1 amd64 x\n',
    }),
  ).toEqual([['containerd', '1.7.24-1', 'package', '/installed-debs']])
  expect(
    read({
      'installed-rpms': [
        'containerd.io-1.6.33-3.1.el9.x86_64      Mon Jan  1 00:00:00 2024',
        'runc-4:1.1.12-1.el9.x86_64',
        'python3-systemd-234-18.el9.x86_64',
        'docker-ce-cli-24.0.7-1.el9.x86_64',
        'docker-ce-3:24.0.7-1.el9.x86_64',
      ].join('\n'),
    }),
  ).toEqual([
    ['containerd', '1.6.33-3.1.el9', 'package', '/installed-rpms'],
    ['runc', '4:1.1.12-1.el9', 'package', '/installed-rpms'],
    ['docker', '3:24.0.7-1.el9', 'package', '/installed-rpms'],
  ])
})

it('reads yum’s notes by their names', () => {
  const dir = `var/lib/yum/yumdb/r/${'0'.repeat(40)}-runc-1.0.0-69.rc10.el7_9-x86_64`
  expect(read({ [`${dir}/from_repo`]: 'extras' })).toEqual([
    ['runc', '1.0.0-69.rc10.el7_9', 'package', `/${dir}`],
  ])
})

it('reads what the runtime answered, what CRI-O notes, and the name of systemd’s library', () => {
  expect(
    read({
      'cri/version.json': '{"runtime_name":"containerd","runtime_version":"v1.7.24"}',
      'var/lib/crio/version': '"1.28.4"',
      'usr/lib/systemd/libsystemd-shared-239.so': '',
    }),
  ).toEqual([
    ['containerd', 'v1.7.24', 'cri', '/cri/version.json'],
    ['cri-o', '1.28.4', 'file', '/var/lib/crio/version'],
    ['systemd', '239', 'file', '/usr/lib/systemd/libsystemd-shared-239.so'],
  ])
})

it('takes nothing of a container’s image for the node’s', () => {
  const files = { 'var/lib/dpkg/status': STATUS }
  expect(read(files, { 'proc/self/ns/pid': 'pid:[4026532001]' }, 'live')).toEqual([])
  expect(
    read(files, { 'proc/self/ns/mnt': 'mnt:[4026532001]', 'proc/1/ns/mnt': 'mnt:[4026531832]' }, 'live'),
  ).toEqual([])
  expect(read(files, { 'proc/self/ns/pid': 'pid:[4026531836]' }, 'live')).toHaveLength(2)
})

it.each([
  '',
  '\n'.repeat(9999),
  'Package: runc',
  'Package: runc\nStatus: install ok installed\nVersion: \x1b[2J\n',
])('a list that is none tells nothing', text => {
  expect(
    read({
      'var/lib/dpkg/status': text,
      'installed-rpms': text,
      'cri/version.json': text,
      'run/crio/version': text,
    }),
  ).toEqual([])
})
