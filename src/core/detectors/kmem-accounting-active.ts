// On 3.10 (el7) and up to 4.4 kernel memory is charged to a cgroup only after somebody wrote its kmem limit, and
// there it leaks. Whoever did it is the one to change; nokmem on the command line works only where it is parsed.

import { kept } from '../base/kept.ts'
import { text } from '../base/text.ts'
import { bearings } from '../facts/defects.ts'
import { kernel, kernelUpgrade, releaseEvidence } from '../facts/kernel.ts'
import { kmemAccounting, nokmemEvidence } from '../facts/kmem-accounting.ts'
import { parsesNokmem } from '../knowledge/kernel-release.ts'
import { detector } from './detector.ts'

export default detector({
  id: 'kmem-accounting-active',
  about: text({
    en: { judges: 'kernel memory accounting switched on where it is opt-in and leaks (EL7, before 4.5)' },
    zh: { judges: '在默认关闭且会泄漏的内核上（EL7、4.5 之前）开启了 kmem accounting' },
  }),
  concerns: 'cause',
  text: text({
    en: {
      title: 'Kernel memory accounting was switched on; on {release} it is off by default',
      inVain: 'Kernel memory accounting is active in spite of nokmem on the command line',
      kubelet:
        'It is active above the containers: the kubelet (its vendored libcontainer) switched it on, and all containers inherit it.',
      runtime:
        'It is active on containers but not on their pods: the container runtime (runc) switched it on.',
      either: 'The kubelet or the container runtime switched it on; the files read do not show which.',
      notParsed: 'This kernel does not know cgroup.memory=nokmem and silently ignores it.',
      parsed: 'This kernel supports cgroup.memory=nokmem, but it is not on the command line.',
      parsedInVain:
        'This kernel should honour the option; why accounting is active all the same needs a look.',
      unknownWord: 'Whether this kernel supports cgroup.memory=nokmem is not established.',
      cannotStop: 'It cannot be switched off again on a cgroup; new cgroups below inherit it.',
    },
    zh: {
      title: 'kmem accounting 已被开启（{release} 默认关闭）',
      inVain: '启动参数里有 nokmem，kmem accounting 却仍然开启',
      kubelet: '在容器的上级就已开启：是 kubelet（内置的 libcontainer）开启的，所有容器都会继承。',
      runtime: '容器上已开启，Pod 上没有：是容器运行时（runc）开启的。',
      either: '是 kubelet 或容器运行时开启的，从读到的文件看不出是哪个。',
      notParsed: '这个内核不支持 cgroup.memory=nokmem，会静默忽略。',
      parsed: '这个内核支持 cgroup.memory=nokmem，但启动参数里没有。',
      parsedInVain: '这个内核应当支持该参数，为何仍然开启需要排查。',
      unknownWord: '尚不确定这个内核是否支持 cgroup.memory=nokmem。',
      cannotStop: '已开启的 cgroup 无法再关闭，其下新建的 cgroup 会继承。',
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
          evidence: [first, ...more, ...nokmemEvidence(about), ...(named === undefined ? [] : [named])],
          remedies: kept(
            kernelUpgrade(about),
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
