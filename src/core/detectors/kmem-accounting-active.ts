// On 3.10 (el7) and up to 4.4 kernel memory is charged to a cgroup only after somebody wrote its kmem limit, and
// there it leaks. Whoever did it is the one to change; nokmem on the command line works only where it is parsed.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import type { Evidence } from '../case/finding.ts'
import { bearings } from '../facts/defects.ts'
import { kernel, readAt, releaseEvidence } from '../facts/kernel.ts'
import { kmemAccounting } from '../facts/kmem-accounting.ts'
import { parsesNokmem } from '../knowledge/kernel-release.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'kmem-accounting-active',
  about: text({
    en: { judges: 'kernel memory accounting was switched on where it is opt-in and leaks (before 4.5, el7)' },
    zh: { judges: '在需要手动开启且会泄漏的内核上（4.5 之前、el7）开启了 kmem accounting' },
  }),
  concerns: 'cause',
  text: text({
    en: {
      title: 'Kernel memory accounting is active on {release}, where it is opt-in',
      inVain: 'Kernel memory accounting is active although the kernel was booted with nokmem',
      kubelet:
        'It is active above the containers: the kubelet (its vendored libcontainer) switched it on, and every container inherits it.',
      runtime:
        'It is active on containers and not on their pods: the container runtime (runc) switched it on.',
      either: 'The kubelet or the container runtime switched it on; what was read does not tell which.',
      notParsed: 'This kernel does not know cgroup.memory=nokmem and ignores it without a word.',
      parsed: 'This kernel knows cgroup.memory=nokmem, and it is not on the command line.',
      parsedInVain: 'This kernel should know the word; that accounting is active nevertheless needs a look.',
      unknownWord: 'Whether this kernel knows cgroup.memory=nokmem is not established.',
      cannotStop: 'It cannot be switched off for a cgroup that has it; new cgroups below one inherit it.',
    },
    zh: {
      title: '{release} 上 kmem accounting 已被开启（该内核默认不开）',
      inVain: '启动参数里有 nokmem，kmem accounting 却仍然开着',
      kubelet: '容器之上的层级就已开启：是 kubelet（内嵌的 libcontainer）打开的，下面每个容器都会继承。',
      runtime: '容器上开启而 Pod 上没有：是容器运行时（runc）打开的。',
      either: '是 kubelet 或容器运行时打开的，从读到的内容分不出是哪个。',
      notParsed: '这个内核不认识 cgroup.memory=nokmem，会不声不响地忽略。',
      parsed: '这个内核认识 cgroup.memory=nokmem，但启动参数里没有。',
      parsedInVain: '这个内核应该认识该参数，却仍然开着，需要查一查。',
      unknownWord: '尚不确定这个内核是否认识 cgroup.memory=nokmem。',
      cannotStop: '已开启的 cgroup 无法关掉，其下新建的 cgroup 会继承。',
    },
  }),
  judge(about) {
    const { state, evidence, activatedBy, unknown } = kmemAccounting(about)
    const release = kernel(about)
    const [first, ...more] = evidence
    if (state !== 'active' || first === undefined) return { findings: [], unknown }
    const word = release === undefined ? undefined : parsesNokmem(release)
    const asked = about.cmdline?.cgroupMemoryNokmem
    const named = releaseEvidence(about)
    const cmdline: Evidence[] =
      asked === true && about.cmdline !== undefined
        ? [
            {
              kind: 'reading',
              path: about.cmdline.path,
              key: 'cgroup.memory',
              value: 'nokmem',
              unit: 'text',
              at: readAt(about),
            },
          ]
        : []
    return {
      unknown,
      findings: [
        {
          severity: 'warning',
          subject: { kind: 'node' },
          values: { release: about.node.kernel },
          words: {
            title: asked === true ? 'inVain' : 'title',
            summary: kept(
              activatedBy ?? 'either',
              word === false && 'notParsed',
              word === undefined && 'unknownWord',
              word === true && asked === true && 'parsedInVain',
              word === true && asked === false && 'parsed',
              'cannotStop',
            ),
          },
          evidence: [first, ...more, ...cmdline, ...(named === undefined ? [] : [named])],
          remedies: kept(
            release?.stream === 'el7' ? 'kernel-upgrade-el7' : 'kernel-upgrade',
            word !== false && asked !== true && 'nokmem-boot-option',
            'runtime-without-kmem',
            'drain-and-reboot',
            'move-to-newer-system',
          ),
          defects: bearings(about, ['K-01', 'K-03', 'K-04', 'K-05', 'K-06', 'K-07', 'K-09']),
          ongoing: true,
        },
      ],
    }
  },
})
