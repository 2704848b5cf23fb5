import { expect, it } from 'vitest'
import { plain, renderTerminal } from '../../../src/core/render/terminal.ts'
import { judge, MIB, v2Cgroup, v2Node } from '../node.ts'

const ID = '4ec8cbf8c9a1fb41d3a8f6f3b0c3a1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f70819'
const POD = 'kubepods-burstable-pod20edac81_191c_4bc6_b85f_e23a65bc7931.slice'

// systemd's names alone fill a line of the terminal, and below a directory that was saved there is more before them
it('shows the figure of a reading, however long its path', () => {
  const path = `kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${ID}.scope`
  const stat = `anon 0\nfile 0\nkernel ${90 * MIB}\nslab_reclaimable 0\n`
  const report = judge(v2Node('6.12.0', v2Cgroup(path, { limit: 100 * MIB, usage: 90 * MIB, stat })))
  const text = renderTerminal(report, { language: 'en', texts: {}, style: plain, columns: 80, version: '0' })
  expect(text).toContain(`/${path}/memory.max  104857600 (100 MiB)\n`)
  expect(text).toContain(`/${path}/memory.stat  kernel 94371840 (90 MiB)\n`)
})
