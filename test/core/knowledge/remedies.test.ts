import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { kernelDefects } from '../../../src/core/knowledge/kernel-defects.ts'
import { type RemedyContext, remedies, remedyById, shellWord } from '../../../src/core/knowledge/remedies.ts'

const CONTEXTS: readonly RemedyContext[] = [
  {},
  {
    distributionId: 'centos',
    kernel: '3.10.0-957.el7.x86_64',
    cgroup: 'v1',
    memcgPath: '/kubepods/burstable/pod1',
    podUid: '1',
  },
  {
    distributionId: 'ubuntu',
    kernel: '5.4.0-99-generic',
    cgroup: 'v1',
    memcgDir: "/sys/fs/cgroup/memory/it's a $(trap)",
  },
  { distributionId: 'debian', kernel: '6.1.0-13-amd64', cgroup: 'v2', memcgPath: '/' },
  { distributionId: 'talos', hostname: 'n; rm -rf /', cgroup: 'v2' },
  { distributionId: 'flatcar' },
  { distributionId: 'bottlerocket' },
  { distributionId: 'sles' },
  { distributionId: 'rhcos' },
  { kernel: '5.10.147+' },
]

function commands(id: string, context: RemedyContext): string {
  return remedyById(id)?.commands(context).join('\n') ?? ''
}

test('every command is one line of shell that a shell can read', () => {
  for (const remedy of remedies) {
    for (const context of CONTEXTS) {
      const lines = [...remedy.commands(context), ...remedy.verifyCommands(context)]
      for (const line of lines) expect(line).not.toMatch(/[\n\r]|undefined/)
      execFileSync('bash', ['-n', '-c', lines.join('\n')])
    }
  }
})

test('a path never leaves its quotes', () => {
  const hostile = "/a b'; touch /tmp/x; echo '"
  const echoed = execFileSync('sh', ['-c', `printf %s ${shellWord(hostile)}`]).toString()
  expect(echoed).toBe(hostile)
  expect(commands('cordon-node', { hostname: 'node-1.example.com' })).toBe(
    'kubectl cordon node-1.example.com',
  )
  for (const hostname of ['n; rm -rf /', '--kubeconfig=/tmp/x', '$(reboot)', ''])
    expect(commands('cordon-node', { hostname })).toBe('kubectl cordon NODE')
  const emptied = (memcgPath: string) => commands('remove-empty-cgroups', { memcgPath, cgroup: 'v1' })
  expect(emptied('/a/$(reboot)')).toContain(`find '/sys/fs/cgroup/memory/a/$(reboot)' -depth`)
  expect(emptied('/../../../home')).toContain('find CGROUP_DIR -depth')
})

test('slab debugging is asked for one cache, by the name its kernel documents', () => {
  const lines = (context: RemedyContext): string => commands('slub-debug-cache', context)
  expect(lines({ distributionId: 'centos', slabCache: 'kmalloc-64(17:c116)' })).toContain(
    'grubby --update-kernel=ALL --args="slub_debug=FZPU,kmalloc-64"',
  )
  expect(lines({ distributionId: 'rhcos', kernel: '6.12.0-55.el10.x86_64', slabCache: 'dentry' })).toContain(
    'rpm-ostree kargs --append=slab_debug=FZPU,dentry',
  )
  expect(lines({ distributionId: 'bottlerocket', slabCache: 'dentry' })).toContain(
    '"slub_debug":["FZPU,dentry"]',
  )
  for (const slabCache of [undefined, 'a b', '$(reboot)', 'x;y', 'lab-*', '../..', ''])
    expect(lines({ distributionId: 'debian', ...(slabCache === undefined ? {} : { slabCache }) })).toContain(
      'slub_debug=FZPU,CACHE"',
    )
  expect(remedyById('slub-debug-cache')?.verifyCommands({ slabCache: '..' }).join('\n')).toContain(
    'cd /sys/kernel/slab/CACHE ',
  )
})

test('a distribution named after a property of every object is of no family', () => {
  for (const distributionId of ['constructor', '__proto__', 'toString'])
    expect(commands('nokmem-boot-option', { distributionId, kernel: '3.10.0-957.el7.x86_64' })).toContain(
      'grubby',
    )
})

describe('the command fits the distribution', () => {
  test('boot option', () => {
    expect(commands('nokmem-boot-option', { distributionId: 'centos' })).toContain(
      'grubby --update-kernel=ALL --args="cgroup.memory=nokmem"',
    )
    const ubuntu = commands('nokmem-boot-option', { distributionId: 'ubuntu' })
    expect(ubuntu).toContain('update-grub')
    expect(ubuntu).not.toContain('grubby')
    expect(commands('nokmem-boot-option', { distributionId: 'rhcos' })).toContain('rpm-ostree kargs')
  })

  test('by whose kernel it is where os-release is missing', () => {
    expect(commands('nokmem-boot-option', { kernel: '3.10.0-957.el7.x86_64' })).toContain('grubby')
  })

  test('not known: gives both, each under its family', () => {
    const both = commands('nokmem-boot-option', { distributionId: 'gentoo' })
    expect(both).toMatch(/# RHEL.*grubby.*# Debian.*update-grub/s)
  })

  test('kernel package by flavour', () => {
    expect(commands('kernel-upgrade', { distributionId: 'ubuntu', kernel: '5.15.0-1049-aws' })).toContain(
      'linux-image-aws',
    )
    expect(commands('kernel-upgrade', { distributionId: 'debian', kernel: '6.1.0-13-amd64' })).toContain(
      'linux-image-amd64',
    )
  })

  test('cgroup version', () => {
    expect(commands('reclaim-cgroup', { cgroup: 'v2', memcgPath: '/system.slice' })).toBe(
      'echo 256M > /sys/fs/cgroup/system.slice/memory.reclaim',
    )
    expect(commands('reclaim-cgroup', { cgroup: 'v1', memcgPath: '/system.slice' })).toContain(
      'memory.force_empty',
    )
  })
})

test('GOFLAGS is a variable of the build', () => {
  expect(commands('runtime-without-kmem', {})).toContain(
    'make kubelet KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS="-tags=nokmem"',
  )
  expect(commands('runtime-without-kmem', {})).not.toMatch(/^kubelet GOFLAGS/m)
})

test('advice names shipped kernels', () => {
  for (const { text } of remedies) expect(JSON.stringify(text)).not.toContain('1075')
})

test('ids are unique, and a defect names remedies that are there', () => {
  expect(new Set(remedies.map(({ id }) => id)).size).toBe(remedies.length)
  for (const { remedies: named = [] } of kernelDefects)
    for (const id of named) expect(remedyById(id), id).toBeDefined()
})

test('notes between commands are in the language asked for, and nowhere else', () => {
  const notes = (language?: 'en' | 'zh') =>
    remedyById('runtime-without-kmem')
      ?.commands(language === undefined ? {} : { language })
      .filter(line => line.startsWith('#'))
  expect(notes()).toEqual([])
  expect(notes('en')?.[0]).toContain('in the source of runc')
  expect(notes('zh')?.[0]).toContain('源码')
})
