// One start of a guest under QEMU, to its end: software emulation, so that it runs wherever a process does.

import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Built, vmlinuz } from './built.ts'
import type { Hierarchy } from './lab.ts'
import { run, start } from './run.ts'

export interface Machine {
  readonly built: Built
  readonly hierarchy: Hierarchy
  readonly initrd: string
  /** The disk with Node; without one kmemscope does not run inside. */
  readonly node?: string
  readonly memoryMiB: number
  readonly cpus: number
  readonly append: string
}

/** Files leave on a sparse disk of this size (ours: 65,535 cgroups of ten files are 700 MB). */
const OUT_BYTES = 4 * 1024 ** 3

/** LA57 off: addresses as they are on the machines people have. */
const CPU = 'max,la57=off'

/**
 * One thread for all processors of a guest. With a thread each, QEMU 7.2 lets a processor run an int3 that another has
 * already patched back (text_poke_bp, arch/x86/kernel/alternative.c), and a kernel of 6.12 died of it in one boot of thirty.
 */
const ACCELERATOR = 'tcg,thread=single'

function qemu(
  { built, hierarchy, initrd, node, memoryMiB, cpus, append }: Machine,
  extra: readonly string[],
): string[] {
  const disk = (id: string, file: string, options: string) => [
    '-drive',
    `if=none,id=${id},format=raw,file=${file}${options}`,
    '-device',
    `virtio-blk-pci,drive=${id},serial=${id}`,
  ]
  return [
    ...['-accel', ACCELERATOR, '-cpu', CPU],
    // a package each: of more in one package SeaBIOS tells a kernel without ACPI of the first only (src/fw/mptable.c)
    ...['-m', `${memoryMiB}M`, '-smp', `${cpus},sockets=${cpus}`],
    ...['-display', 'none', '-nodefaults', '-no-user-config', '-no-reboot', '-monitor', 'none'],
    ...['-kernel', vmlinuz(built), '-initrd', initrd],
    ...['-append', `console=ttyS0 quiet panic=-1 lab.cgroup=${hierarchy} ${append}`.trim()],
    ...(node === undefined ? [] : disk('node', node, ',readonly=on')),
    ...extra,
  ]
}

export interface Ended {
  /** How: all scenarios were run; the guest stopped before; it was stopped at its time limit. */
  readonly how: 'done' | 'died' | 'time-limit'
  readonly seconds: number
  /** Lines the guest wrote of what it does. */
  readonly output: readonly string[]
  /** Where the packed files are. */
  readonly files: string
}

/** Starts a guest in `dir` and waits for its end: console.log, output.log and, in `files`, what it packed. */
export async function boot(
  machine: Machine,
  dir: string,
  limitSeconds: number,
  files = join(dir, 'files'),
): Promise<Ended> {
  const out = join(dir, 'out.tar')
  const disk = openSync(out, 'w')
  ftruncateSync(disk, OUT_BYTES)
  closeSync(disk)
  const output = join(dir, 'output.log')
  const child = start(
    'qemu-system-x86_64',
    qemu(machine, [
      ...['-serial', `file:${join(dir, 'console.log')}`, '-serial', `file:${output}`],
      ...[
        '-drive',
        `if=none,id=out,format=raw,file=${out}`,
        '-device',
        'virtio-blk-pci,drive=out,serial=out',
      ],
    ]),
  )
  const told: Buffer[] = []
  child.stderr?.on('data', (piece: Buffer) => told.push(piece))
  const began = performance.now()
  let late = false
  const clock = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, limitSeconds * 1000)
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve())
  })
  clearTimeout(clock)
  const seconds = (performance.now() - began) / 1000
  mkdirSync(files, { recursive: true })
  await run('tar', ['-xf', out, '-C', files, '--no-same-owner', '--no-same-permissions'])
  await run('rm', ['--', out])
  const lines = (existsSync(output) ? readFileSync(output, 'utf8') : '').replaceAll('\r', '').split('\n')
  lines.push(...Buffer.concat(told).toString('utf8').split('\n'))
  const done = lines.some(line => line.startsWith('lab: done'))
  return {
    how: late ? 'time-limit' : done ? 'done' : 'died',
    seconds,
    output: lines.filter(line => line !== ''),
    files,
  }
}

/** Starts a guest with a prompt on this terminal; resolves when it ended. */
export function shell(machine: Machine): Promise<void> {
  const { rows, columns } = process.stdout
  const size = rows > 0 && columns > 0 ? `lab.size=${rows}x${columns} ` : ''
  const args = qemu({ ...machine, append: `lab.shell ${size}${machine.append}` }, [
    '-chardev',
    'stdio,id=here,signal=off',
    '-serial',
    'chardev:here',
  ])
  return new Promise((resolve, reject) => {
    const child = start('qemu-system-x86_64', args, { terminal: true })
    child.on('error', reject)
    child.on('close', () => resolve())
  })
}
