// What an engineer can do about a finding: with its risk, what it costs the workload, the exact command for the
// distribution found, and how to see that it worked. kmemscope runs none of them.

import { type Language, type Text, text } from '../base/text.ts'
import type { Bilingual } from './bilingual.ts'
import { type KernelRelease, parseRelease } from './kernel-release.ts'
import { parseCacheName } from './slab-caches.ts'

/** high: the node may hang or data may be lost; medium: pods restart or slow down. */
export type Risk = 'none' | 'low' | 'medium' | 'high'

/** What is known of the node and the subject; commands name what is not in capitals. */
export interface RemedyContext {
  readonly hostname?: string
  /** ID of os-release. */
  readonly distributionId?: string
  /** `uname -r`. */
  readonly kernel?: string
  readonly cgroup?: 'v1' | 'v2' | 'hybrid'
  /** Directory of the memory cgroup, as a person would open it on the node. */
  readonly memcgDir?: string
  /** Its path within the hierarchy. */
  readonly memcgPath?: string
  readonly podUid?: string
  /** What the pod is called; both or neither. */
  readonly namespace?: string
  readonly pod?: string
  /** The slab cache the finding is about, with or without a cgroup's suffix. */
  readonly slabCache?: string
  /** Notes between the commands are in it; without it there are none. */
  readonly language?: Language
}

export interface Remedy {
  readonly id: string
  readonly risk: Risk
  /** `name` as an imperative, `cost` to the workload and what to mind, `verify` how to see that it worked. */
  readonly text: Text<{ readonly name: string; readonly cost: string; readonly verify: string }>
  /** Shell lines in order; a line that begins with # says what the shell cannot. */
  readonly commands: (context: RemedyContext) => readonly string[]
  readonly verifyCommands: (context: RemedyContext) => readonly string[]
  readonly source: readonly [string, ...string[]]
}

/** A line that tells the person what the shell cannot know. */
function note({ language }: RemedyContext, words: Bilingual): readonly string[] {
  return language === undefined ? [] : [`# ${words[language]}`]
}

/** A word for a POSIX shell: bare where nothing in it means anything to the shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

type Family = 'el' | 'debian' | 'suse' | 'ostree' | 'flatcar' | 'talos' | 'bottlerocket' | 'cos'

const FAMILIES: Readonly<Record<string, Family>> = {
  rhel: 'el',
  centos: 'el',
  rocky: 'el',
  almalinux: 'el',
  ol: 'el',
  fedora: 'el',
  amzn: 'el',
  alinux: 'el',
  anolis: 'el',
  openeuler: 'el',
  openEuler: 'el',
  kylin: 'el',
  tencentos: 'el',
  opencloudos: 'el',
  scientific: 'el',
  debian: 'debian',
  ubuntu: 'debian',
  sles: 'suse',
  'opensuse-leap': 'suse',
  rhcos: 'ostree',
  scos: 'ostree',
  flatcar: 'flatcar',
  coreos: 'flatcar',
  talos: 'talos',
  bottlerocket: 'bottlerocket',
  cos: 'cos',
}

const STREAM_FAMILIES: Readonly<Record<string, Family>> = {
  el6: 'el',
  el7: 'el',
  el8: 'el',
  el9: 'el',
  el10: 'el',
  uek: 'el',
  fedora: 'el',
  amzn1: 'el',
  amzn2: 'el',
  amzn2023: 'el',
  alinux: 'el',
  openeuler: 'el',
  kylin: 'el',
  ubuntu: 'debian',
  debian: 'debian',
  suse: 'suse',
  flatcar: 'flatcar',
  talos: 'talos',
  cos: 'cos',
}

function releaseOf(context: RemedyContext): KernelRelease | undefined {
  return context.kernel === undefined ? undefined : parseRelease(context.kernel)
}

/** By os-release, else by whose kernel it is; undefined: not known. */
function family(context: RemedyContext): Family | undefined {
  const { distributionId = '' } = context
  // ID=constructor of a hostile os-release names no family
  if (Object.hasOwn(FAMILIES, distributionId)) return FAMILIES[distributionId]
  return STREAM_FAMILIES[releaseOf(context)?.stream ?? '']
}

/** The node's name; what cannot be one (RFC 1123), an option of kubectl for instance, is left to the reader. */
function node({ hostname = '' }: RemedyContext): string {
  return /^[a-z0-9][a-z0-9_.-]{0,252}$/i.test(hostname) ? hostname : 'NODE'
}

/** The cgroup's directory; from its path where only that is known. */
function cgroupDir(context: RemedyContext): string {
  if (context.memcgDir !== undefined) return shellWord(context.memcgDir)
  // A path of a log that climbs out of the hierarchy (as cgroup namespaces print it) names no directory here.
  if (context.memcgPath === undefined || /(?:^|\/)\.\.(?:\/|$)/.test(context.memcgPath)) return 'CGROUP_DIR'
  const mount = context.cgroup === 'v2' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
  return shellWord(`${mount}${context.memcgPath === '/' ? '' : context.memcgPath}`)
}

function file(context: RemedyContext, name: string): string {
  return `${cgroupDir(context)}/${name}`
}

/** Which pod it is, for those who have the cluster at hand. */
function whichPod(context: RemedyContext): string[] {
  const pod = podOf(context)
  if (pod !== 'POD' && namespaceOf(context) !== 'NAMESPACE')
    return [`kubectl -n ${namespaceOf(context)} describe pod ${pod}`]
  const columns = 'NS:.metadata.namespace,NAME:.metadata.name,UID:.metadata.uid'
  return context.podUid === undefined
    ? []
    : [`kubectl get pods -A -o custom-columns=${columns} | grep ${shellWord(context.podUid)}`]
}

/** As Kubernetes allows it (RFC 1123): another, `--all` for instance, is nobody's name, and is left to the reader. */
const namespaceOf = ({ namespace = '' }: RemedyContext): string =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace) ? namespace : 'NAMESPACE'

const podOf = ({ pod = '' }: RemedyContext): string =>
  /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(pod) ? pod : 'POD'

function bootOption(context: RemedyContext, option: string): readonly string[] {
  const el = [`grubby --update-kernel=ALL --args="${option}"`, 'reboot']
  const debian = [
    `echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${option}"' > /etc/default/grub.d/kmemscope.cfg`,
    'update-grub',
    'reboot',
  ]
  switch (family(context)) {
    case 'el':
      return el
    case 'debian':
      return debian
    case 'suse':
      return [
        `sed -i 's/^GRUB_CMDLINE_LINUX_DEFAULT="/&${option} /' /etc/default/grub`,
        'grub2-mkconfig -o /boot/grub2/grub.cfg',
        'reboot',
      ]
    case 'ostree':
      return [`rpm-ostree kargs --append=${option}`, 'reboot']
    case 'flatcar':
      return [`echo 'set linux_append="$linux_append ${option}"' >> /usr/share/oem/grub.cfg`, 'reboot']
    case 'talos':
      return [
        `# machine config: machine.install.extraKernelArgs: [${option}]`,
        `talosctl upgrade --nodes ${node(context)} --preserve`,
      ]
    case 'bottlerocket': {
      const [key = option, ...values] = option.split('=')
      return [
        `apiclient set --json '{"boot":{"reboot-to-reconcile":true,"kernel-parameters":{"${key}":["${values.join('=')}"]}}}'`,
        'apiclient reboot',
      ]
    }
    case 'cos':
      return note(context, {
        en: `the image is read-only: set ${option} in the node pool or its image, and replace the node`,
        zh: `镜像只读：在节点池或节点镜像里设置 ${option}，再替换节点`,
      })
    case undefined:
      return ['# RHEL, CentOS, Fedora:', ...el, '# Debian, Ubuntu:', ...debian]
  }
}

/** The cache's name; what a shell or a path could take for something else is left to the reader. */
function cacheName({ slabCache = '' }: RemedyContext): string {
  const { cache } = parseCacheName(slabCache)
  return /^\w[\w.:@+-]{0,99}$/.test(cache) ? cache : 'CACHE'
}

/**
 * The boot option that watches one cache. Documented as slab_debug= from 6.12 on, where slub_debug= still works
 * (Documentation/admin-guide/kernel-parameters.txt).
 */
function watchCache(context: RemedyContext): string {
  const { major = 0, minor = 0 } = releaseOf(context) ?? {}
  const name = major > 6 || (major === 6 && minor >= 12) ? 'slab_debug' : 'slub_debug'
  return `${name}=FZPU,${cacheName(context)}`
}

/** linux-image-amd64, linux-image-generic, linux-image-aws: the flavour stands at the end of Debian's releases. */
function debianKernelPackage(context: RemedyContext): string {
  const flavour = /^\d[\d.]*-[\d.a-z]*\d-([a-z][\w-]*)$/.exec(context.kernel ?? '')?.[1]
  return `linux-image-${flavour ?? '$(dpkg --print-architecture)'}`
}

function upgradeKernel(context: RemedyContext): readonly string[] {
  const el = ['yum update kernel', 'grubby --default-kernel', 'reboot']
  const debian = [
    'apt-get update',
    `apt-get install --only-upgrade ${debianKernelPackage(context)}`,
    'reboot',
  ]
  switch (family(context)) {
    case 'el':
      return el
    case 'debian':
      return debian
    case 'suse':
      return ['zypper update kernel-default', 'reboot']
    case 'ostree':
      return ['rpm-ostree upgrade', 'reboot']
    case 'flatcar':
      return ['update_engine_client -update', 'reboot']
    case 'talos':
      return [`talosctl upgrade --nodes ${node(context)} --image INSTALLER_IMAGE`]
    case 'bottlerocket':
      return ['apiclient update check', 'apiclient update apply --reboot']
    case 'cos':
      return note(context, {
        en: 'upgrade the node pool to an image with the fixed kernel',
        zh: '把节点池升级到带有已修复内核的镜像',
      })
    case undefined:
      return ['# RHEL, CentOS, Fedora:', ...el, '# Debian, Ubuntu:', ...debian]
  }
}

function drain(context: RemedyContext): string[] {
  return [`kubectl drain ${node(context)} --ignore-daemonsets --delete-emptydir-data`]
}

function onV2(context: RemedyContext): boolean {
  return context.cgroup === 'v2'
}

const SLAB_NOW = 'grep -E "^(Slab|SReclaimable|SUnreclaim|Percpu):" /proc/meminfo'

/** How many removed cgroups are still held. */
function dyingNow(context: RemedyContext): string[] {
  return onV2(context)
    ? ['cat /sys/fs/cgroup/cgroup.stat']
    : [`awk '$1=="memory"{print $3}' /proc/cgroups`, 'find /sys/fs/cgroup/memory -type d | wc -l']
}

/** With shmem on v2, where both stand in one file. */
const kernelMemoryNow = (context: RemedyContext): string =>
  onV2(context)
    ? `grep -E "^(shmem|kernel|slab) " ${file(context, 'memory.stat')}`
    : `cat ${file(context, 'memory.kmem.usage_in_bytes')}`

const usageNow = (context: RemedyContext): string[] =>
  onV2(context)
    ? [`cat ${file(context, 'memory.current')}`]
    : [`cat ${file(context, 'memory.usage_in_bytes')} ${file(context, 'memory.kmem.usage_in_bytes')}`]

const nothing = (): readonly string[] => []

const rows = [
  {
    id: 'save-evidence',
    risk: 'none',
    text: text({
      en: {
        name: 'Save the evidence first',
        cost: 'No cost. The kernel log is a small ring buffer: what is not saved now will be overwritten. Do not collect memory.kmem.slabinfo of all cgroups; it can stall the node (K-39).',
        verify: 'The files exist and are not empty.',
      },
      zh: {
        name: '先保存证据',
        cost: '无代价。内核日志是很小的环形缓冲区，现在不保存就会被覆盖。不要采集所有 cgroup 的 memory.kmem.slabinfo，可能卡住节点（K-39）。',
        verify: '文件存在且不为空。',
      },
    }),
    commands: (context: RemedyContext) => [
      'mkdir -p /var/tmp/node-files && cd /var/tmp/node-files',
      'LC_ALL=C dmesg > dmesg.txt',
      'journalctl -k --no-pager > journal.txt',
      'for f in meminfo slabinfo cgroups vmstat vmallocinfo buddyinfo cmdline version; do cat /proc/$f > $f; done',
      'ls -l /sys/kernel/slab > slab.txt',
      ...(onV2(context) ? ['cat /sys/fs/cgroup/cgroup.stat > cgroup.stat'] : []),
    ],
    verifyCommands: () => ['ls -l /var/tmp/node-files'],
    source: ['Documentation/admin-guide/sysctl/kernel.rst', 'https://github.com/sosreport/sos/pull/2889'],
  },
  {
    id: 'cordon-node',
    risk: 'low',
    text: text({
      en: {
        name: 'Cordon the node',
        cost: 'No new pods are scheduled here; running ones stay.',
        verify: 'The node shows SchedulingDisabled.',
      },
      zh: {
        name: '将节点设为不可调度',
        cost: '不再有新 Pod 调度到本节点，已运行的不受影响。',
        verify: '节点状态出现 SchedulingDisabled。',
      },
    }),
    commands: context => [`kubectl cordon ${node(context)}`],
    verifyCommands: context => [`kubectl get node ${node(context)}`],
    source: ['https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/'],
  },
  {
    id: 'drain-and-reboot',
    risk: 'medium',
    text: text({
      en: {
        name: 'Drain the node and reboot it',
        cost: 'All its pods are recreated elsewhere; emptyDir data is lost. It frees leaked kernel memory for certain, but without a lasting fix the leak comes back.',
        verify: 'After the reboot SUnreclaim is small again; watch whether it grows with pod churn.',
      },
      zh: {
        name: '排空节点并重启',
        cost: '节点上的所有 Pod 会在别处重建，emptyDir 数据丢失。一定能释放泄漏的内核内存；若不根治，还会再次泄漏。',
        verify: '重启后 SUnreclaim 回到低位；继续观察它是否随 Pod 创建销毁增长。',
      },
    }),
    commands: context => [...drain(context), 'reboot', `kubectl uncordon ${node(context)}`],
    verifyCommands: () => [SLAB_NOW, 'uptime'],
    source: ['https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/'],
  },
  {
    id: 'kernel-upgrade-el7',
    risk: 'medium',
    text: text({
      en: {
        name: 'Upgrade the kernel to 3.10.0-1127.el7 (7.8) or later, on 7.7 at least 3.10.0-1062.4.1.el7',
        cost: 'A reboot. Keep accounting off as well (nokmem): with it on, one report still has the leak on 3.10.0-1160.24.1. EL7 is out of support; CentOS packages are on vault.centos.org.',
        verify: 'uname -r shows the new kernel; every node needs it.',
      },
      zh: {
        name: '升级内核到 3.10.0-1127.el7（7.8）或更高，7.7 至少 3.10.0-1062.4.1.el7',
        cost: '需要重启。同时应保持记账关闭（nokmem）：有报告称开启时 3.10.0-1160.24.1 仍会泄漏。EL7 已停止维护，CentOS 软件包在 vault.centos.org。',
        verify: 'uname -r 显示新内核；每个节点都要升级。',
      },
    }),
    commands: context => [
      'yum list --showduplicates kernel',
      ...drain(context),
      'yum update kernel',
      'grubby --default-kernel',
      'reboot',
    ],
    verifyCommands: () => ['uname -r', SLAB_NOW],
    source: [
      'https://access.redhat.com/errata/RHSA-2019:3055',
      'https://bugzilla.redhat.com/show_bug.cgi?id=1507149',
    ],
  },
  {
    id: 'kernel-upgrade',
    risk: 'medium',
    text: text({
      en: {
        name: 'Upgrade the kernel to one with the fix',
        cost: 'A reboot of each node.',
        verify: 'uname -r shows the new kernel; every node needs it.',
      },
      zh: {
        name: '升级到包含修复的内核',
        cost: '每个节点都要重启。',
        verify: 'uname -r 显示新内核；每个节点都要升级。',
      },
    }),
    commands: context => [...drain(context), ...upgradeKernel(context)],
    verifyCommands: () => ['uname -r'],
    source: ['https://www.kernel.org/category/releases.html'],
  },
  {
    id: 'software-upgrade',
    risk: 'medium',
    text: text({
      en: {
        name: 'Upgrade the component that has the defect: runtime, kubelet or systemd',
        cost: 'Running containers survive a restart of containerd and of the kubelet; what they already leaked stays until the pods are recreated or the node is rebooted.',
        verify: 'The component names its new version.',
      },
      zh: {
        name: '升级存在该缺陷的组件：运行时、kubelet 或 systemd',
        cost: '重启 containerd 与 kubelet 时容器继续运行；已经泄漏的要等 Pod 重建或节点重启后才释放。',
        verify: '组件显示新的版本号。',
      },
    }),
    commands: context => [
      ...note(context, {
        en: 'cordon and drain first where pods may be disturbed; the versions in use:',
        zh: '若会影响 Pod，应先 cordon 并 drain；当前版本：',
      }),
      'kubelet --version; containerd --version; runc --version; systemctl --version | head -n 1',
    ],
    verifyCommands: () => [
      'kubelet --version; containerd --version; runc --version; systemctl --version | head -n 1',
    ],
    source: ['https://kubernetes.io/releases/version-skew-policy/'],
  },
  {
    id: 'nokmem-boot-option',
    risk: 'medium',
    text: text({
      en: {
        name: 'Boot with cgroup.memory=nokmem',
        cost: 'A reboot. Kernel memory is no longer limited per pod: a flood of forks, sockets or dentries is not contained any more. Needs 4.5 or later, or EL7 from 3.10.0-1062.4.1 on; older kernels silently ignore the option (K-07).',
        verify:
          'The option is on the command line, and on EL7 reading memory.kmem.slabinfo of a new container gives “Input/output error”.',
      },
      zh: {
        name: '以 cgroup.memory=nokmem 启动',
        cost: '需要重启。内核内存不再按 Pod 限制：大量 fork、socket、dentry 将不再受约束。需要 4.5 或更高的内核，EL7 则为 3.10.0-1062.4.1 或更高；更旧的内核会静默忽略该选项（K-07）。',
        verify:
          '启动参数里有该选项；在 EL7 上，读取新容器的 memory.kmem.slabinfo 会返回“Input/output error”。',
      },
    }),
    commands: context => [...drain(context), ...bootOption(context, 'cgroup.memory=nokmem')],
    verifyCommands: context => [
      'grep -o "cgroup.memory=[^ ]*" /proc/cmdline',
      ...(onV2(context) ? [] : [`head -1 ${file(context, 'memory.kmem.slabinfo')}`]),
    ],
    source: [
      'Documentation/admin-guide/kernel-parameters.txt',
      'https://github.com/docker/for-linux/issues/841',
    ],
  },
  {
    id: 'runtime-without-kmem',
    risk: 'low',
    text: text({
      en: {
        name: 'Use a runc and a kubelet that do not switch on kernel memory accounting (both: children inherit it)',
        cost: 'New binaries; running containers keep accounting until they are recreated. runc 1.0.0-rc94 and later never switches it on; rc6 to rc93, and kubelet 1.14 and later, do not if built with the tag nokmem. GOFLAGS is a build variable, not an option of kubelet.',
        verify: 'memory.kmem.usage_in_bytes of a new container stays 0.',
      },
      zh: {
        name: '换用不开启 kmem accounting 的 runc 和 kubelet（子 cgroup 会继承，两者都要换）',
        cost: '需要更换二进制；已运行的容器在重建之前仍会记账。runc 1.0.0-rc94 起不再开启；rc6 到 rc93 的 runc 以及 1.14 起的 kubelet，须用 nokmem 标签编译。GOFLAGS 是编译变量，不是 kubelet 的启动参数。',
        verify: '新容器的 memory.kmem.usage_in_bytes 保持为 0。',
      },
    }),
    commands: context => [
      'runc --version',
      ...note(context, {
        en: 'in the source of runc 1.0.0-rc6 to rc93:',
        zh: '在 runc 1.0.0-rc6 到 rc93 的源码中：',
      }),
      'make BUILDTAGS="seccomp selinux nokmem"',
      ...note(context, {
        en: 'in the source of Kubernetes 1.14 to 1.21:',
        zh: '在 Kubernetes 1.14 到 1.21 的源码中：',
      }),
      './build/run.sh make kubelet KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS="-tags=nokmem"',
    ],
    verifyCommands: context => [`cat ${file(context, 'memory.kmem.usage_in_bytes')}`],
    source: [
      'https://github.com/opencontainers/runc/pull/1921',
      'https://github.com/opencontainers/runc/pull/2840',
      'https://github.com/kubernetes/kubernetes/issues/61937',
    ],
  },
  {
    id: 'move-to-newer-system',
    risk: 'medium',
    text: text({
      en: {
        name: 'Move the node to a system with a current kernel (EL8.5, EL9, or 5.9 and later)',
        cost: 'A new node; the pods move there. The only cure where the design of the old kernel is the cause.',
        verify: 'The new node runs the same workload and its SUnreclaim stays level.',
      },
      zh: {
        name: '把节点迁移到内核较新的系统（EL8.5、EL9，或 5.9 及以后）',
        cost: '更换节点，Pod 随之迁移。若根源在旧内核的设计，这是唯一的根治办法。',
        verify: '新节点承载同样负载，SUnreclaim 保持平稳。',
      },
    }),
    commands: drain,
    verifyCommands: () => ['uname -r', SLAB_NOW],
    source: ['https://github.com/kubernetes/kubernetes/issues/61937'],
  },
  {
    id: 'raise-memory-limit',
    risk: 'low',
    text: text({
      en: {
        name: 'Raise the memory limit',
        cost: 'The pod restarts, and the node must have the memory. If kernel memory fills the limit, this only buys time.',
        verify: 'Usage levels off below the new limit. If it does not, something leaks.',
      },
      zh: {
        name: '调高内存限制',
        cost: 'Pod 会重启，节点也要有足够的内存。如果限制是被内核内存占满的，这只能拖延时间。',
        verify: '用量稳定在新限制之下。若仍持续上涨，说明有泄漏。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      `kubectl -n ${namespaceOf(context)} set resources deployment NAME -c CONTAINER --limits=memory=NEW_LIMIT`,
    ],
    verifyCommands: usageNow,
    source: ['https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/'],
  },
  {
    id: 'raise-kmem-limit',
    risk: 'low',
    text: text({
      en: {
        name: 'Lift the limit for kernel memory alone',
        cost: 'The memory limit still holds. Find who set it (docker run --kernel-memory, a runtime’s default), or the next container has it again. On EL7 this does not stop accounting.',
        verify: 'memory.kmem.failcnt no longer grows.',
      },
      zh: {
        name: '取消只针对内核内存的限制',
        cost: '内存限制仍然有效。要找出是谁设的（docker run --kernel-memory，或运行时的默认值），否则下一个容器还会有。在 EL7 上这不会停止记账。',
        verify: 'memory.kmem.failcnt 不再增长。',
      },
    }),
    commands: context => [
      `cat ${file(context, 'memory.kmem.limit_in_bytes')} ${file(context, 'memory.kmem.failcnt')}`,
      `echo -1 > ${file(context, 'memory.kmem.limit_in_bytes')}`,
    ],
    verifyCommands: context => [`cat ${file(context, 'memory.kmem.failcnt')}`],
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst', 'https://docs.docker.com/engine/deprecated/'],
  },
  {
    id: 'reduce-churn',
    risk: 'low',
    text: text({
      en: {
        name: 'Create and remove fewer cgroups',
        cost: 'Changes to the workload: fewer or merged CronJobs, less frequent exec probes, no systemd-run per task. Slows the growth, frees nothing.',
        verify: 'The count of dying cgroups grows more slowly.',
      },
      zh: {
        name: '减少 cgroup 的创建与删除',
        cost: '需要调整业务：合并或减少 CronJob，降低 exec 探针的频率，避免每个任务都用 systemd-run。只能减缓增长，不释放内存。',
        verify: 'dying memcg 数量增长变慢。',
      },
    }),
    commands: () => [
      'kubectl get cronjobs -A',
      'kubectl get events -A --field-selector reason=Started | wc -l',
    ],
    verifyCommands: dyingNow,
    source: ['https://github.com/kubernetes/kubernetes/issues/64137'],
  },
  {
    id: 'drop-page-cache',
    risk: 'medium',
    text: text({
      en: {
        name: 'Cordon the node and drop clean page cache, off-peak',
        cost: 'Walks every cgroup and inode: a burst of CPU and, afterwards, of disk reads; soft lockups are possible above 20,000 dying cgroups. Frees nothing that tmpfs or leaked slab pins. Never run it on a timer. Start with 1, not 3.',
        verify: 'The count of dying cgroups falls within seconds.',
      },
      zh: {
        name: '将节点设为不可调度，在业务低峰时清理干净的页缓存',
        cost: '会遍历所有 cgroup 与 inode：CPU 突增，随后磁盘读突增；dying memcg 超过 20,000 个时可能出现 soft lockup。被 tmpfs 或泄漏的 slab 钉住的释放不了。不要定时执行。先写 1，不要直接写 3。',
        verify: 'dying memcg 数量在数秒内下降。',
      },
    }),
    commands: context => [`kubectl cordon ${node(context)}`, 'sync', 'echo 1 > /proc/sys/vm/drop_caches'],
    verifyCommands: dyingNow,
    source: ['Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'force-empty-cgroup',
    risk: 'medium',
    text: text({
      en: {
        name: 'Reclaim all that can be from the cgroup and what is below it (v1 memory.force_empty)',
        cost: 'Takes page cache, dentries and inodes of the whole subtree, live children included: they read from disk again. Dirty pages must be written first. Up to 3.15 it works only without processes or children in the cgroup.',
        verify:
          'Its kernel memory, and the count of dying cgroups, fall within seconds; what stays is held: by tmpfs files, sockets or a leak.',
      },
      zh: {
        name: '回收该 cgroup 及其下所有可回收的内存（v1 memory.force_empty）',
        cost: '会回收整个子树的页缓存、dentry 和 inode，存活的子 cgroup 也不例外，之后要重新读盘。须先回写脏页。3.15 及以前只能用于没有进程和子 cgroup 的 cgroup。',
        verify:
          '其内核内存和 dying memcg 数量在数秒内下降；降不下来的是被 tmpfs 文件、socket 占着，或者是泄漏。',
      },
    }),
    commands: context => ['sync', `echo 0 > ${file(context, 'memory.force_empty')}`],
    verifyCommands: context => [`cat ${file(context, 'memory.kmem.usage_in_bytes')}`, ...dyingNow(context)],
    source: [
      'Documentation/admin-guide/cgroup-v1/memory.rst',
      'measured on 6.1: succeeds with processes and children in the cgroup',
    ],
  },
  {
    id: 'force-empty-before-rmdir',
    risk: 'low',
    text: text({
      en: {
        name: 'Empty each cgroup before it is removed, in a clean-up job or runtime hook',
        cost: 'A little reclaim work for each container that ends. v1 only.',
        verify: 'The count of dying cgroups no longer grows with pod churn.',
      },
      zh: {
        name: '在清理任务或运行时 hook 中，删除 cgroup 之前先清空',
        cost: '每个容器结束时多一点回收开销。仅适用于 v1。',
        verify: 'dying memcg 数量不再随 Pod 创建销毁增长。',
      },
    }),
    commands: context => [`echo 0 > ${file(context, 'memory.force_empty')} && rmdir ${cgroupDir(context)}`],
    verifyCommands: dyingNow,
    source: [
      'Documentation/admin-guide/cgroup-v1/memory.rst',
      'measured on 6.18: emptied first, the cgroup is freed at once',
    ],
  },
  {
    id: 'reclaim-cgroup',
    risk: 'low',
    text: text({
      en: {
        name: 'Reclaim from the cgroup in small steps (v2 memory.reclaim, 5.19)',
        cost: 'The workload below loses page cache and reads it again. EAGAIN means that less was reclaimed than asked for.',
        verify:
          'The kernel memory of the cgroup, dying cgroups and slab go down; repeat in steps. What stays is held: by tmpfs files, sockets or a leak.',
      },
      zh: {
        name: '分小步回收该 cgroup（v2 memory.reclaim，5.19 起）',
        cost: '其下的工作负载会失去部分页缓存并重新读盘。返回 EAGAIN 表示回收量少于请求量。',
        verify:
          '该 cgroup 的内核内存、dying memcg 与 slab 下降；可分步重复。降不下来的是被 tmpfs 文件、socket 占着，或者是泄漏。',
      },
    }),
    commands: context =>
      onV2(context)
        ? [`echo 256M > ${file(context, 'memory.reclaim')}`]
        : [
            ...note(context, {
              en: 'v1 has no memory.reclaim; on a cgroup without tasks of its own:',
              zh: 'v1 没有 memory.reclaim；对自身没有进程的 cgroup：',
            }),
            `echo 0 > ${file(context, 'memory.force_empty')}`,
          ],
    verifyCommands: context => [kernelMemoryNow(context), ...dyingNow(context), SLAB_NOW],
    source: ['Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'remove-tmpfs-files',
    risk: 'medium',
    text: text({
      en: {
        name: 'Delete the tmpfs files that hold the memory',
        cost: 'Their data is lost: ask the owner first. Look in /dev/shm, emptyDir with medium: Memory, /run. Restarting the container does not free them.',
        verify:
          'shmem of the cgroup goes down at once, and its kernel memory where the files were many; removed cgroups that they pinned are freed within seconds.',
      },
      zh: {
        name: '删除 tmpfs 上占用内存的文件',
        cost: '数据会丢失，先与业务方确认。查看 /dev/shm、medium: Memory 的 emptyDir 和 /run。重启容器并不能释放。',
        verify:
          '该 cgroup 的 shmem 立即下降；文件数量多的，内核内存也会下降；被它们钉住的已删除 cgroup 在数秒内释放。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      'df -h -t tmpfs',
      'df -i -t tmpfs',
      ...(context.podUid === undefined
        ? ['kmemscope cgroups --pins']
        : [`du -sh ${shellWord(`/var/lib/kubelet/pods/${context.podUid}/volumes/kubernetes.io~empty-dir`)}`]),
      // as many names as fill a cgroup do not fit on a command line: rm DIRECTORY/* is refused
      'find DIRECTORY -xdev -type f -delete',
    ],
    verifyCommands: context => [
      ...(onV2(context) ? [] : [`grep "^total_shmem " ${file(context, 'memory.stat')}`]),
      kernelMemoryNow(context),
      ...(context.podUid === undefined ? dyingNow(context) : []),
    ],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/72759',
      'Documentation/filesystems/tmpfs.rst',
      'measured on 6.1 and 6.12: 300 removed cgroups pinned by a page each are freed within 2 s',
    ],
  },
  {
    id: 'remove-empty-cgroups',
    risk: 'medium',
    text: text({
      en: {
        name: 'Remove leftover cgroup directories without processes, leaves first',
        cost: 'Can race with pods that are starting: cordon first, and work only inside the directory of a pod that is certainly gone. Never on the root of kubepods.',
        verify: 'The number of directories falls to that of the running pods.',
      },
      zh: {
        name: '删除残留的、没有进程的 cgroup 目录（从叶子开始）',
        cost: '可能与正在启动的 Pod 冲突：先将节点设为不可调度，且只在确认已不存在的 Pod 的目录内操作。绝不要对 kubepods 根目录执行。',
        verify: '目录数降到与运行中的 Pod 相符。',
      },
    }),
    commands: context => [
      `kubectl cordon ${node(context)}`,
      ...note(context, { en: 'must print nothing:', zh: '应当没有输出：' }),
      `cat $(find ${cgroupDir(context)} -name cgroup.procs)`,
      `find ${cgroupDir(context)} -depth -type d -exec rmdir {} \\;`,
    ],
    verifyCommands: dyingNow,
    source: ['https://github.com/kubernetes/kubernetes/issues/108908'],
  },
  {
    id: 'stop-empty-scopes',
    risk: 'low',
    text: text({
      en: {
        name: 'Have systemd stop the scopes in which no process is',
        cost: 'A scope without a process has nothing to lose. systemd removes each one’s directories in all hierarchies; thousands take minutes of its time.',
        verify: 'The number of such directories falls to those in use.',
      },
      zh: {
        name: '让 systemd 停止没有进程的 scope',
        cost: '没有进程的 scope 停止后不会影响任何东西。systemd 会删除它在所有层级里的目录；数量上千时要几分钟。',
        verify: '这类目录只剩下正在使用的。',
      },
    }),
    commands: context => [
      `for d in ${cgroupDir(context)}/run-*.scope; do [ -n "$(cat "$d/cgroup.procs")" ] || systemctl stop "$(basename "$d")"; done`,
    ],
    verifyCommands: context => [`ls -d ${cgroupDir(context)}/run-*.scope | wc -l`],
    source: ['https://github.com/kubernetes/kubernetes/issues/64137', 'systemctl(1)'],
  },
  {
    id: 'fix-application-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Reduce the application’s own memory',
        cost: 'Work on the application: profile its heap, tell the runtime its limit (GOMEMLIMIT, -XX:MaxRAMPercentage), MALLOC_ARENA_MAX=2 for glibc. If it needs the memory, raise the limit.',
        verify: 'anon (rss on v1) stays well below the limit under load.',
      },
      zh: {
        name: '降低应用自身的内存占用',
        cost: '需要改应用：分析堆，让语言运行时知道内存限制（GOMEMLIMIT、-XX:MaxRAMPercentage），glibc 设 MALLOC_ARENA_MAX=2。若确有需要，则调高限制。',
        verify: '负载下 anon（v1 为 rss）稳定低于限制。',
      },
    }),
    commands: whichPod,
    verifyCommands: context => [`grep -E "^(anon|rss|total_rss) " ${file(context, 'memory.stat')}`],
    source: ['https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/'],
  },
  {
    id: 'size-emptydir',
    risk: 'low',
    text: text({
      en: {
        name: 'Set sizeLimit on emptyDir volumes with medium: Memory',
        cost: 'The pod is recreated. At that size writers get “no space left on device” instead of an OOM kill.',
        verify: 'df inside the pod shows the size.',
      },
      zh: {
        name: '给 medium: Memory 的 emptyDir 设置 sizeLimit',
        cost: 'Pod 需要重建。写满后写入方得到“no space left on device”，而不是被 OOM kill。',
        verify: '在 Pod 内用 df 可看到该大小。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      '# pod.spec.volumes: [{name: cache, emptyDir: {medium: Memory, sizeLimit: 256Mi}}]',
    ],
    verifyCommands: context => [
      `kubectl -n ${namespaceOf(context)} exec ${podOf(context)} -- df -h -t tmpfs`,
    ],
    source: ['https://kubernetes.io/docs/concepts/storage/volumes/#emptydir'],
  },
  {
    id: 'socket-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Limit what sockets may buffer',
        cost: 'Lower throughput of fast long-distance connections. tcp_rmem and tcp_wmem are per network namespace: set them in the pod. tcp_mem counts pages for the whole node.',
        verify: 'sock of the cgroup and TCP mem in /proc/net/sockstat go down.',
      },
      zh: {
        name: '限制 socket 缓冲',
        cost: '长距离大带宽连接的吞吐会下降。tcp_rmem、tcp_wmem 按网络命名空间生效，须在 Pod 内设置；tcp_mem 以页计，作用于整个节点。',
        verify: '该 cgroup 的 sock 与 /proc/net/sockstat 中 TCP mem 下降。',
      },
    }),
    commands: () => [
      'cat /proc/net/sockstat',
      'sysctl net.ipv4.tcp_mem net.ipv4.tcp_rmem net.ipv4.tcp_wmem',
      '# pod.spec.securityContext.sysctls: net.ipv4.tcp_rmem, net.ipv4.tcp_wmem; kubelet: allowedUnsafeSysctls',
    ],
    verifyCommands: () => ['cat /proc/net/sockstat'],
    source: ['Documentation/networking/ip-sysctl.rst'],
  },
  {
    id: 'huge-pages-on-request',
    risk: 'low',
    text: text({
      en: {
        name: 'Give huge pages only to programs that ask for them',
        cost: 'Programs that profit from huge pages without asking, large heaps among them, may run some per cent slower. It applies to memory touched from now on: restart the container.',
        verify: 'rss_huge (v1) or anon_thp (v2) of the container stays low after its restart.',
      },
      zh: {
        name: '只给主动申请的程序使用透明大页',
        cost: '未主动申请却受益于大页的程序（如大堆）可能慢百分之几。只对此后用到的内存生效，需重启容器。',
        verify: '容器重启后 rss_huge（v1）或 anon_thp（v2）保持较低。',
      },
    }),
    commands: context => [
      'cat /sys/kernel/mm/transparent_hugepage/enabled',
      'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled',
      ...note(context, {
        en: 'to keep it over a reboot: transparent_hugepage=madvise on the kernel command line; for one jemalloc program: MALLOC_CONF=thp:never',
        zh: '要在重启后保留：内核启动参数 transparent_hugepage=madvise；单个使用 jemalloc 的程序：MALLOC_CONF=thp:never',
      }),
    ],
    verifyCommands: context => [`grep -E "^(total_)?(rss_huge|anon_thp) " ${file(context, 'memory.stat')}`],
    source: ['Documentation/admin-guide/mm/transhuge.rst'],
  },
  {
    id: 'shrink-bpf-maps',
    risk: 'low',
    text: text({
      en: {
        name: 'Make the BPF maps of the agent smaller, or its limit larger',
        cost: 'A map that is too small drops entries: connections, policies or counters. Nearly every agent sizes its maps by an option, some by the node’s memory.',
        verify:
          'The sum of memlock goes down after the agent was restarted and its pinned maps were replaced.',
      },
      zh: {
        name: '调小 agent 的 BPF map，或调高它的限制',
        cost: 'map 过小会丢弃条目：连接、策略或计数。多数 agent 有设置 map 大小的选项，有的按节点内存计算。',
        verify: 'agent 重启并替换已 pin 的 map 之后，memlock 之和下降。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      'bpftool map show',
      "grep -H -E '^(map_id|max_entries|memlock):' /proc/[0-9]*/fdinfo/* 2>/dev/null | grep -F memlock | sort -t: -k3 -n | tail",
    ],
    verifyCommands: context => [kernelMemoryNow(context)],
    source: ['https://git.kernel.org/torvalds/c/3ac1f01b43b6', 'kernel/bpf/syscall.c'],
  },
  {
    id: 'reduce-dirty-pages',
    risk: 'low',
    text: text({
      en: {
        name: 'Write dirty pages back earlier',
        cost: 'More and smaller writes; heavy writers are throttled sooner. Applies to the whole node.',
        verify: 'Dirty in meminfo stays below the new value.',
      },
      zh: {
        name: '让脏页更早回写',
        cost: '写盘更频繁、更零碎，大量写入的进程更早被限速。对整个节点生效。',
        verify: 'meminfo 的 Dirty 低于新设的值。',
      },
    }),
    commands: () => ['sysctl -w vm.dirty_background_bytes=67108864 vm.dirty_bytes=268435456'],
    verifyCommands: () => ['grep -E "^(Dirty|Writeback):" /proc/meminfo'],
    source: ['Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'compact-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Compact memory and keep more of it free',
        cost: 'A few seconds of CPU. What min_free_kbytes sets aside nobody else can use: 1 to 3% of RAM is enough.',
        verify: 'The right-hand columns of buddyinfo (high orders) have blocks again.',
      },
      zh: {
        name: '整理内存碎片并多留空闲内存',
        cost: '数秒的 CPU 开销。min_free_kbytes 预留的内存其他程序都用不到：取内存的 1% 到 3% 即可。',
        verify: 'buddyinfo 右侧的高阶列重新有块。',
      },
    }),
    commands: () => ['echo 1 > /proc/sys/vm/compact_memory', 'sysctl vm.min_free_kbytes'],
    verifyCommands: () => ['cat /proc/buddyinfo'],
    source: ['Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'compact-earlier',
    risk: 'low',
    text: text({
      en: {
        name: 'Have the kernel compact memory earlier and in the background',
        cost: 'kcompactd takes more CPU time. A lower vm.extfrag_threshold (500 by default) makes direct compaction likelier, which delays allocations. vm.compaction_proactiveness is there since 5.9, vm.watermark_boost_factor since 5.0.',
        verify:
          'compact_fail of /proc/vmstat grows more slowly, and the right-hand columns of buddyinfo keep blocks.',
      },
      zh: {
        name: '让内核更早在后台整理内存',
        cost: 'kcompactd 会占用更多 CPU。调低 vm.extfrag_threshold（默认 500）会更常触发直接整理，使分配变慢。vm.compaction_proactiveness 自 5.9 起有，vm.watermark_boost_factor 自 5.0 起有。',
        verify: '/proc/vmstat 里的 compact_fail 增长变慢，buddyinfo 右侧各列一直有块。',
      },
    }),
    commands: context => [
      'sysctl vm.extfrag_threshold vm.compaction_proactiveness vm.watermark_boost_factor',
      'sysctl -w vm.compaction_proactiveness=40',
      ...note(context, {
        en: 'where that sysctl is missing (before 5.9), compact at quiet hours: echo 1 > /proc/sys/vm/compact_memory',
        zh: '没有该参数时（5.9 之前），在空闲时段手动整理：echo 1 > /proc/sys/vm/compact_memory',
      }),
    ],
    verifyCommands: () => ["grep -E '^compact_(stall|fail|success)' /proc/vmstat", 'cat /proc/buddyinfo'],
    source: ['Documentation/admin-guide/sysctl/vm.rst', 'mm/compaction.c'],
  },
  {
    id: 'raise-watermarks',
    risk: 'medium',
    text: text({
      en: {
        name: 'Keep a larger reserve free (min_free_kbytes, watermark_scale_factor)',
        cost: 'Raising min_free_kbytes reclaims at once and can trigger OOM kills where memory is short; go up in steps, to 1% of RAM or so. watermark_scale_factor (since 4.6; 10 is 0.1% of memory) wakes kswapd earlier without enlarging min.',
        verify:
          'min, low and high of /proc/zoneinfo are larger, and no new page allocation failures are logged.',
      },
      zh: {
        name: '提高保留的空闲内存（min_free_kbytes、watermark_scale_factor）',
        cost: '调高 min_free_kbytes 会立即触发回收，内存紧张时可能引发 OOM kill；应逐步调高，到内存的 1% 左右为止。watermark_scale_factor（自 4.6 起；10 表示内存的 0.1%）让 kswapd 更早启动，不改变 min。',
        verify: '/proc/zoneinfo 的 min、low、high 变大，日志不再出现新的页分配失败。',
      },
    }),
    commands: () => [
      'sysctl vm.min_free_kbytes vm.watermark_scale_factor',
      'sysctl -w vm.watermark_scale_factor=50',
    ],
    verifyCommands: () => [
      "grep -E '^Node|^ +(min|low|high) ' /proc/zoneinfo",
      "dmesg | grep -c 'page allocation failure'",
    ],
    source: ['Documentation/admin-guide/sysctl/vm.rst', 'mm/page_alloc.c'],
  },
  {
    id: 'reserve-node-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Reserve memory for the system and evict earlier',
        cost: 'Less memory for pods. kubelet restarts, the pods keep running. kubelet does not see kernel memory outside the containers, so reserve for that too.',
        verify:
          'Allocatable of the node is smaller, and no OOM kills happen any more beyond those at containers’ limits.',
      },
      zh: {
        name: '为系统预留内存并提前驱逐',
        cost: '可分配给 Pod 的内存变少；kubelet 重启，Pod 不受影响。kubelet 看不到容器之外的内核内存，这部分也要预留。',
        verify: '节点的 Allocatable 变小，除达到容器限制的以外不再有 OOM kill。',
      },
    }),
    commands: () => [
      '# /var/lib/kubelet/config.yaml: systemReserved: {memory: 1Gi}, kubeReserved: {memory: 1Gi}, evictionHard: {memory.available: "500Mi"}',
      'systemctl restart kubelet',
    ],
    verifyCommands: context => [
      `kubectl get node ${node(context)} -o jsonpath='{.status.allocatable.memory}'`,
    ],
    source: ['https://kubernetes.io/docs/tasks/administer-cluster/reserve-compute-resources/'],
  },
  {
    id: 'find-slab-owner',
    risk: 'low',
    text: text({
      en: {
        name: 'Find out whose slab is growing',
        cost: 'Reading costs nothing. Do not switch on slub_debug for all caches of a busy node, and do not write to …/trace.',
        verify: 'The growth is in one cache, and a module, agent or workload explains it.',
      },
      zh: {
        name: '找出是谁的 slab 在增长',
        cost: '只读，无代价。不要在繁忙的节点上对所有缓存开启 slub_debug，也不要写 …/trace。',
        verify: '增长集中在某一个缓存，且能对应到某个模块、agent 或工作负载。',
      },
    }),
    commands: context => [
      `awk 'NR>2{print $3*$4/1048576 " MiB", $1}' /proc/slabinfo | sort -rn | head -20`,
      `sleep 600; awk 'NR>2{print $3*$4/1048576 " MiB", $1}' /proc/slabinfo | sort -rn | head -20`,
      ...note(context, { en: 'merged caches share a name:', zh: '合并的缓存共用一个名字：' }),
      'ls -l /sys/kernel/slab | grep -- "->"',
      'lsmod; cat /proc/sys/kernel/tainted',
    ],
    verifyCommands: () => [SLAB_NOW],
    source: ['Documentation/mm/slub.rst', 'slabinfo(5)'],
  },
  {
    id: 'delete-pod',
    risk: 'medium',
    text: text({
      en: {
        name: 'Delete the pod so that it is recreated in a new cgroup',
        cost: 'The pod restarts and its emptyDir data is lost. What pins the kernel memory (tmpfs files, sockets, BPF maps) must go too, or the memory only moves to the parent.',
        verify: 'The cgroup is gone and its parent’s usage went down with it.',
      },
      zh: {
        name: '删除 Pod，使其在新的 cgroup 中重建',
        cost: 'Pod 重启，emptyDir 数据丢失。钉住内核内存的东西（tmpfs 文件、socket、BPF map）也必须一并消失，否则内存只是转移到父 cgroup。',
        verify: '该 cgroup 消失，父 cgroup 的用量随之下降。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      `kubectl -n ${namespaceOf(context)} delete pod ${podOf(context)}`,
    ],
    verifyCommands: usageNow,
    source: [
      'Documentation/admin-guide/cgroup-v1/memory.rst',
      'measured on 6.18: a crash-looping container keeps its kernel memory until the tmpfs files go',
    ],
  },
  {
    id: 'keep-kernel-log',
    risk: 'none',
    text: text({
      en: {
        name: 'Keep the kernel log longer than the ring buffer does',
        cost: 'Some disk space.',
        verify: 'The journal lists earlier boots.',
      },
      zh: {
        name: '让内核日志保存得比环形缓冲区更久',
        cost: '占用少量磁盘。',
        verify: 'journal 能列出更早的启动。',
      },
    }),
    commands: () => ['mkdir -p /var/log/journal', 'systemctl restart systemd-journald', 'journalctl --flush'],
    verifyCommands: () => ['journalctl --list-boots', 'journalctl -k -b -1 --no-pager | tail -1'],
    source: ['systemd-journald.service(8)', 'journald.conf(5)'],
  },
  {
    id: 'slub-debug-cache',
    risk: 'medium',
    text: text({
      en: {
        name: 'Boot with slub_debug for this one cache, to catch who does it',
        cost: 'A reboot. Each object of the cache grows by two red zones, two tracks and padding (by 96 bytes on 6.1, by about 330 on kernels before 5.18 and on EL7 and EL8), and each allocation and free of it takes a lock and is checked; other caches stay as they are. Do not set it for all caches of a busy node. Undo: take the option off the command line and reboot.',
        verify:
          'The files of the cache show 1, and the next report names who allocated and freed the object. What was reported before cannot be told from it any more.',
      },
      zh: {
        name: '只对这一个缓存开启 slub_debug 启动，以查出是谁造成的',
        cost: '需要重启。该缓存的每个对象会增加两段 red zone、两份跟踪记录和 padding（6.1 上约 96 字节，5.18 之前的内核以及 EL7、EL8 约 330 字节），且每次分配与释放都要加锁并检查；其他缓存不受影响。不要在繁忙的节点上对所有缓存开启。撤销：从启动参数中去掉该选项并重启。',
        verify: '该缓存的这几个文件为 1，下一份报告会写明对象由谁分配、由谁释放。此前的报告无法再追溯。',
      },
    }),
    commands: context => [...drain(context), ...bootOption(context, watchCache(context))],
    verifyCommands: context => [
      'grep -o "sl[au]b_debug=[^ ]*" /proc/cmdline',
      `cd /sys/kernel/slab/${cacheName(context)} && grep . sanity_checks red_zone poison store_user`,
    ],
    source: ['Documentation/mm/slub.rst', 'measured on 6.1: objects of 64 bytes lie 160 bytes apart'],
  },
  {
    id: 'test-memory',
    risk: 'medium',
    text: text({
      en: {
        name: 'Test the memory of this machine',
        cost: 'Reading the counters costs nothing. memtest86+ takes the machine away for hours: drain the node first. Memory without ECC counts no errors. On a virtual machine it is the host that must be tested.',
        verify:
          'The counters stay at 0 and a whole pass of memtest86+ shows no error; else replace the module that it names.',
      },
      zh: {
        name: '检测这台机器的内存',
        cost: '读取计数器无代价。memtest86+ 会占用整机数小时，须先排空节点。没有 ECC 的内存不会计错。虚拟机则应检测其宿主机。',
        verify: '计数保持为 0，且 memtest86+ 完整跑一遍没有错误；否则更换它指出的内存条。',
      },
    }),
    commands: context => [
      'grep . /sys/devices/system/edac/mc/mc*/ce_count /sys/devices/system/edac/mc/mc*/ue_count',
      'ras-mc-ctl --errors; journalctl -k | grep -iE "EDAC|Hardware Error|mce:"',
      ...drain(context),
      ...note(context, {
        en: 'then boot memtest86+ from the boot menu or a USB stick',
        zh: '然后从启动菜单或 U 盘启动 memtest86+',
      }),
    ],
    verifyCommands: () => ['grep . /sys/devices/system/edac/mc/mc*/ce_count'],
    source: ['Documentation/driver-api/edac.rst', 'https://www.memtest.org/'],
  },
  {
    id: 'report-kernel-bug',
    risk: 'none',
    text: text({
      en: {
        name: 'Report it to whoever builds this kernel',
        cost: 'No cost. Include the release, the whole report with its stack, the modules, and what the node runs.',
        verify: 'There is a ticket number to follow.',
      },
      zh: {
        name: '向该内核的提供方报告',
        cost: '无代价。附上内核版本、带调用栈的完整报告、模块列表和节点上运行的负载。',
        verify: '得到可以跟踪的工单编号。',
      },
    }),
    commands: () => ['uname -a', 'cat /proc/version /proc/sys/kernel/tainted', 'lsmod'],
    verifyCommands: nothing,
    source: ['Documentation/admin-guide/reporting-issues.rst'],
  },
  {
    id: 'kmemleak-scan-twice',
    risk: 'low',
    text: text({
      en: {
        name: 'Have kmemleak scan again while the workload runs, and keep what grows',
        cost: 'Each scan reads all kernel memory on one CPU: seconds on a small machine, minutes on a large one. clear drops the suspects reported so far, so save them first.',
        verify:
          'What is in the second list and not in the first, from one stack and more with every round, is the leak.',
      },
      zh: {
        name: '在负载运行时让 kmemleak 再次扫描，只看持续增长的',
        cost: '每次扫描都会用一个 CPU 读遍内核内存：小机器几秒，大机器几分钟。clear 会丢弃目前报告的疑似泄漏，请先保存。',
        verify: '第二份里有而第一份里没有、来自同一调用栈且每轮都在增加的，就是泄漏。',
      },
    }),
    commands: context => [
      'cat /sys/kernel/debug/kmemleak > /var/tmp/kmemleak-before.txt',
      'echo clear > /sys/kernel/debug/kmemleak',
      ...note(context, { en: 'run the workload, then:', zh: '运行负载，然后：' }),
      'kmemscope kmemleak --scan --yes',
      'cat /sys/kernel/debug/kmemleak > /var/tmp/kmemleak-1.txt',
      ...note(context, { en: 'run it again, then:', zh: '再运行一次，然后：' }),
      'kmemscope kmemleak --scan --yes',
      'cat /sys/kernel/debug/kmemleak > /var/tmp/kmemleak-2.txt',
    ],
    verifyCommands: () => ['kmemscope kmemleak /var/tmp/kmemleak-1.txt /var/tmp/kmemleak-2.txt'],
    source: ['Documentation/dev-tools/kmemleak.rst', 'mm/kmemleak.c'],
  },
  {
    id: 'kmemleak-enable',
    risk: 'high',
    text: text({
      en: {
        name: 'Boot a test node with kmemleak on',
        cost: 'A reboot. Needs a kernel built with CONFIG_DEBUG_KMEMLEAK (kernel-debug of RHEL and Fedora; few others). Every allocation gets a record: much slower, and hundreds of MiB of memory. Not for production. Undo: take the option away and reboot.',
        verify: 'The log says “Kernel memory leak detector initialized”, and the file exists.',
      },
      zh: {
        name: '在测试节点上以 kmemleak=on 启动',
        cost: '需要重启，且内核须编入 CONFIG_DEBUG_KMEMLEAK（RHEL、Fedora 的 kernel-debug；其他发行版很少有）。每次分配都要保存一条记录：明显变慢，多占数百 MiB 内存。不要用于生产环境。撤销：去掉该参数后重启。',
        verify: '日志出现“Kernel memory leak detector initialized”，且文件存在。',
      },
    }),
    commands: context => [
      `grep -E 'CONFIG_DEBUG_KMEMLEAK|CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF' /boot/config-$(uname -r)`,
      ...bootOption(context, 'kmemleak=on'),
    ],
    verifyCommands: () => ['dmesg | grep kmemleak:', 'ls -l /sys/kernel/debug/kmemleak'],
    source: ['Documentation/dev-tools/kmemleak.rst', 'lib/Kconfig.debug'],
  },
  {
    id: 'mount-debugfs',
    risk: 'low',
    text: text({
      en: {
        name: 'Mount debugfs',
        cost: 'None that matters; only root can look into it. Kernel lockdown forbids reading it. Undo: umount /sys/kernel/debug.',
        verify: 'The directory has files in it.',
      },
      zh: {
        name: '挂载 debugfs',
        cost: '几乎没有代价，只有 root 能查看。内核 lockdown 模式下禁止读取。撤销：umount /sys/kernel/debug。',
        verify: '目录里有文件。',
      },
    }),
    commands: () => ['mount -t debugfs nodev /sys/kernel/debug'],
    verifyCommands: () => ['ls /sys/kernel/debug | head', 'ls -l /sys/kernel/debug/kmemleak'],
    source: ['Documentation/filesystems/debugfs.rst'],
  },
] as const satisfies readonly Remedy[]

export type RemedyId = (typeof rows)[number]['id']

export const remedies: readonly Remedy[] = rows

const byId: ReadonlyMap<string, Remedy> = new Map(rows.map(row => [row.id, row]))

/** The remedy of that id; undefined where there is none. */
export function remedyById(id: string): Remedy | undefined {
  return byId.get(id)
}

/** One of the remedies that findings name. */
export function remedy(id: RemedyId): Remedy {
  const row = byId.get(id)
  if (row === undefined) throw new Error(`no row for ${id}`)
  return row
}
