// What an engineer can do about a finding: with its risk, what it costs the workload, the exact command for the
// distribution found, and how to see that it worked. kmemscope runs none of them.

import { type Text, text } from '../base/text.ts'
import { type KernelRelease, parseRelease } from './kernel-release.ts'

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
  const columns = 'NS:.metadata.namespace,NAME:.metadata.name,UID:.metadata.uid'
  return context.podUid === undefined
    ? []
    : [`kubectl get pods -A -o custom-columns=${columns} | grep ${shellWord(context.podUid)}`]
}

function bootOption(context: RemedyContext, option: string): string[] {
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
      return [`# the image is read-only: set ${option} in the node pool or node image, and replace the node`]
    case undefined:
      return [
        '# distribution not known; RHEL, CentOS, Fedora and kin:',
        ...el,
        '# Debian, Ubuntu and kin:',
        ...debian,
      ]
  }
}

/** linux-image-amd64, linux-image-generic, linux-image-aws: the flavour stands at the end of Debian's releases. */
function debianKernelPackage(context: RemedyContext): string {
  const flavour = /^\d[\d.]*-[\d.a-z]*\d-([a-z][\w-]*)$/.exec(context.kernel ?? '')?.[1]
  return `linux-image-${flavour ?? '$(dpkg --print-architecture)'}`
}

function upgradeKernel(context: RemedyContext): string[] {
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
      return ['# upgrade the node pool to an image with the kernel named above']
    case undefined:
      return [
        '# distribution not known; RHEL, CentOS, Fedora and kin:',
        ...el,
        '# Debian, Ubuntu and kin:',
        ...debian,
      ]
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
        cost: 'Nothing. The kernel log is a small ring: what is not saved now is overwritten. Do not collect memory.kmem.slabinfo of all cgroups, it can stall the node (K-39).',
        verify: 'The files are there and not empty.',
      },
      zh: {
        name: '先保存证据',
        cost: '没有代价。内核日志是很小的环形缓冲区，现在不存就会被覆盖。不要批量采集所有 cgroup 的 memory.kmem.slabinfo，会卡住节点（K-39）。',
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
        cost: 'No new pods are placed here; running ones stay.',
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
        cost: 'All its pods restart elsewhere and data in emptyDir is lost. Frees leaked kernel memory for certain; without a lasting fix it comes back.',
        verify: 'After the reboot SUnreclaim is small again; watch whether it grows with pod churn.',
      },
      zh: {
        name: '排空节点并重启',
        cost: '节点上所有 Pod 会在别处重建，emptyDir 数据丢失。这是确定能释放泄漏内核内存的办法；若无根治措施，还会复发。',
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
        cost: 'A reboot. Keep accounting off as well (nokmem): one report has the leak on 3.10.0-1160.24.1 with it on. EL7 is out of support; CentOS packages are on vault.centos.org.',
        verify: 'uname -r names the new kernel on every node: the fix is per node.',
      },
      zh: {
        name: '升级内核到 3.10.0-1127.el7（7.8）或更高，7.7 至少 3.10.0-1062.4.1.el7',
        cost: '需要重启。同时应保持计账关闭（nokmem）：有报告称开启时 3.10.0-1160.24.1 仍会泄漏。EL7 已停止维护，CentOS 软件包在 vault.centos.org。',
        verify: '每个节点的 uname -r 都是新内核：修复是逐节点生效的。',
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
        verify: 'uname -r names the new kernel on every node.',
      },
      zh: {
        name: '升级到包含修复的内核',
        cost: '每个节点都要重启。',
        verify: '每个节点的 uname -r 都是新内核。',
      },
    }),
    commands: context => [...drain(context), ...upgradeKernel(context)],
    verifyCommands: () => ['uname -r'],
    source: ['https://www.kernel.org/category/releases.html'],
  },
  {
    id: 'nokmem-boot-option',
    risk: 'medium',
    text: text({
      en: {
        name: 'Boot with cgroup.memory=nokmem',
        cost: 'A reboot. Kernel memory is no longer limited per pod: a bomb of forks, sockets or dentries is not contained any more. Needs a kernel that knows the word: 4.5, or EL7 from 3.10.0-1062.4.1; older ones ignore it silently (K-07).',
        verify:
          'The option is on the command line, and on EL7 memory.kmem.slabinfo of one new container gives an input/output error.',
      },
      zh: {
        name: '以 cgroup.memory=nokmem 启动',
        cost: '需要重启。内核内存不再按 Pod 限制：fork、socket、dentry 炸弹将不受约束。内核须认识该选项：4.5 起，EL7 须 3.10.0-1062.4.1 起，更旧的会静默忽略（K-07）。',
        verify:
          '启动参数里有该选项；在 EL7 上，读任一新容器的 memory.kmem.slabinfo 返回 Input/output error。',
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
        name: 'Use a runc and a kubelet that do not activate kernel memory accounting: both, since children inherit it',
        cost: 'New binaries; running containers keep accounting until they are made anew. runc 1.0.0-rc94 and later never activates it; earlier ones from rc6, and kubelet 1.14 and later, if built with the tag nokmem. GOFLAGS is a variable of the build, no option of kubelet.',
        verify: 'memory.kmem.usage_in_bytes of a new container stays 0.',
      },
      zh: {
        name: '换用不开启 kmem accounting 的 runc 与 kubelet：两者都要换，因为子 cgroup 会继承',
        cost: '更换二进制；已运行的容器在重建前仍在计账。runc 1.0.0-rc94 起不再开启；此前 rc6 起的 runc 与 1.14 起的 kubelet 需以 nokmem 标签构建。GOFLAGS 是编译时变量，不是 kubelet 的运行参数。',
        verify: '新容器的 memory.kmem.usage_in_bytes 保持为 0。',
      },
    }),
    commands: () => [
      'runc --version',
      'make BUILDTAGS="seccomp selinux nokmem"  # in the source of runc 1.0.0-rc6 to rc93',
      './build/run.sh make kubelet KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS="-tags=nokmem"  # in the source of Kubernetes 1.14 to 1.21',
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
        cost: 'A new node; its pods move. The only cure where the kernel’s design is the cause.',
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
        cost: 'The pod restarts and the node must have the memory. Where kernel memory fills the limit this only buys time.',
        verify: 'Usage levels off below the new limit. If it does not, something leaks.',
      },
      zh: {
        name: '调高内存限制',
        cost: 'Pod 会重启，节点也须有足够内存。若限制是被内核内存占满的，这只是拖延时间。',
        verify: '用量稳定在新限制之下。若仍持续上涨，说明有泄漏。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      'kubectl -n NAMESPACE set resources deployment NAME -c CONTAINER --limits=memory=NEW_LIMIT',
    ],
    verifyCommands: usageNow,
    source: ['https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/'],
  },
  {
    id: 'reduce-churn',
    risk: 'low',
    text: text({
      en: {
        name: 'Make and remove fewer cgroups',
        cost: 'Changes of workload: fewer or merged cronjobs, less frequent exec probes, no systemd-run per task. Slows the growth, frees nothing.',
        verify: 'The count of dying cgroups grows more slowly.',
      },
      zh: {
        name: '减少 cgroup 的创建与删除',
        cost: '需要调整业务：合并或减少 CronJob，降低 exec 探针频率，避免每个任务 systemd-run。只能减缓增长，不会释放内存。',
        verify: 'dying cgroup 数量增长变慢。',
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
        name: 'Drop clean page cache on the cordoned node, off-peak',
        cost: 'Walks every cgroup and inode: a burst of CPU and, afterwards, of disk reads; soft lockups are possible above 20,000 dying cgroups. Frees nothing that tmpfs or leaked slab holds. Never on a timer. Start with 1, not 3.',
        verify: 'The count of dying cgroups falls within seconds.',
      },
      zh: {
        name: '在已停止调度的节点上、业务低峰时清理干净的页缓存',
        cost: '会遍历所有 cgroup 与 inode：CPU 突增，随后磁盘读突增；dying cgroup 超过 20000 个时可能 soft lockup。tmpfs 与泄漏的 slab 占着的释放不了。不要定时执行。先写 1，不要直接写 3。',
        verify: 'dying cgroup 数量在数秒内下降。',
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
        name: 'Empty the parent of the removed cgroups (v1 memory.force_empty)',
        cost: 'Reclaims the page cache of the whole subtree, of live children too: they read from disk again. Dirty pages must be written first. Only where the cgroup itself has no tasks.',
        verify: 'The count of dying cgroups falls within seconds.',
      },
      zh: {
        name: '清空已删除 cgroup 的父级（v1 memory.force_empty）',
        cost: '会回收整个子树的页缓存，存活的子 cgroup 也不例外，之后要重新读盘。须先写回脏页。只能用于自身没有任务的 cgroup。',
        verify: 'dying cgroup 数量在数秒内下降。',
      },
    }),
    commands: context => [
      'sync',
      `wc -l < ${file(context, 'cgroup.procs')}`,
      `echo 0 > ${file(context, 'memory.force_empty')}`,
    ],
    verifyCommands: dyingNow,
    source: ['Documentation/admin-guide/cgroup-v1/memory.rst'],
  },
  {
    id: 'force-empty-before-rmdir',
    risk: 'low',
    text: text({
      en: {
        name: 'Empty each cgroup before it is removed, in a clean-up job or runtime hook',
        cost: 'A little reclaim work per container that ends. v1 only.',
        verify: 'The count of dying cgroups no longer grows with pod churn.',
      },
      zh: {
        name: '在清理任务或运行时 hook 中，删除 cgroup 之前先清空',
        cost: '每个容器结束时多一点回收开销。仅适用于 v1。',
        verify: 'dying cgroup 数量不再随 Pod 创建销毁增长。',
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
        cost: 'The workload below loses page cache and reads it again. EAGAIN means less was reclaimed than asked.',
        verify: 'Dying cgroups and slab fall; repeat in steps.',
      },
      zh: {
        name: '分小步回收该 cgroup（v2 memory.reclaim，5.19 起）',
        cost: '其下的工作负载会失去部分页缓存并重新读盘。返回 EAGAIN 表示回收量不足所请求的。',
        verify: 'dying cgroup 与 slab 下降；可分步重复。',
      },
    }),
    commands: context =>
      onV2(context)
        ? [`echo 256M > ${file(context, 'memory.reclaim')}`]
        : [
            '# v1 has no memory.reclaim; on a cgroup without tasks of its own:',
            `echo 0 > ${file(context, 'memory.force_empty')}`,
          ],
    verifyCommands: context => [...dyingNow(context), SLAB_NOW],
    source: ['Documentation/admin-guide/cgroup-v2.rst'],
  },
  {
    id: 'remove-tmpfs-files',
    risk: 'medium',
    text: text({
      en: {
        name: 'Delete the files on tmpfs that hold the memory',
        cost: 'The data is gone. /dev/shm, emptyDir with medium Memory, /run: ask the owner first. Restarting the container does not free them.',
        verify: 'shmem of the cgroup falls at once.',
      },
      zh: {
        name: '删除 tmpfs 上占用内存的文件',
        cost: '数据会丢失。包括 /dev/shm、medium 为 Memory 的 emptyDir、/run：先与业务方确认。重启容器并不能释放。',
        verify: '该 cgroup 的 shmem 立即下降。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      'df -h -t tmpfs',
      ...(context.podUid === undefined
        ? []
        : [`du -sh ${shellWord(`/var/lib/kubelet/pods/${context.podUid}/volumes/kubernetes.io~empty-dir`)}`]),
    ],
    verifyCommands: context => [`grep -E "^(total_)?shmem " ${file(context, 'memory.stat')}`],
    source: ['https://github.com/kubernetes/kubernetes/issues/72759', 'Documentation/filesystems/tmpfs.rst'],
  },
  {
    id: 'remove-empty-cgroups',
    risk: 'medium',
    text: text({
      en: {
        name: 'Remove cgroup directories left without processes, leaf first',
        cost: 'Races with pods that are being started: cordon first, and only inside the directory of a pod proven gone. Never on the root of kubepods.',
        verify: 'The number of directories falls to that of the running pods.',
      },
      zh: {
        name: '从叶子开始删除没有进程的残留 cgroup 目录',
        cost: '与正在启动的 Pod 存在竞争：先停止调度，且只在确认已不存在的 Pod 目录内操作。绝不要对 kubepods 根目录执行。',
        verify: '目录数降到与运行中的 Pod 相符。',
      },
    }),
    commands: context => [
      `kubectl cordon ${node(context)}`,
      `cat $(find ${cgroupDir(context)} -name cgroup.procs)  # must print nothing`,
      `find ${cgroupDir(context)} -depth -type d -exec rmdir {} \\;`,
    ],
    verifyCommands: dyingNow,
    source: ['https://github.com/kubernetes/kubernetes/issues/108908'],
  },
  {
    id: 'fix-application-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Bring the application’s own memory down',
        cost: 'Work on the application: profile its heap, tell the runtime its limit (GOMEMLIMIT, -XX:MaxRAMPercentage), MALLOC_ARENA_MAX=2 for glibc. If it needs the memory, raise the limit.',
        verify: 'anon (rss on v1) stays well below the limit under load.',
      },
      zh: {
        name: '降低应用自身的内存占用',
        cost: '需要改应用：分析堆，告诉运行时它的限制（GOMEMLIMIT、-XX:MaxRAMPercentage），glibc 设 MALLOC_ARENA_MAX=2。若确有需要，则调高限制。',
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
        name: 'Set sizeLimit on emptyDir volumes with medium Memory',
        cost: 'The pod is made anew. Writers get "no space left on device" at that size instead of an OOM kill.',
        verify: 'df inside the pod shows the size.',
      },
      zh: {
        name: '为 medium 为 Memory 的 emptyDir 设置 sizeLimit',
        cost: 'Pod 需要重建。写满后写入方得到 “no space left on device”，而不是被 OOM kill。',
        verify: '在 Pod 内用 df 可看到该大小。',
      },
    }),
    commands: context => [
      ...whichPod(context),
      '# in the pod: volumes: [{name: cache, emptyDir: {medium: Memory, sizeLimit: 256Mi}}]',
    ],
    verifyCommands: () => ['kubectl -n NAMESPACE exec POD -- df -h -t tmpfs'],
    source: ['https://kubernetes.io/docs/concepts/storage/volumes/#emptydir'],
  },
  {
    id: 'socket-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Limit what sockets may buffer',
        cost: 'Throughput of long fat connections. tcp_rmem and tcp_wmem are per network namespace: set them in the pod. tcp_mem counts pages for the whole node.',
        verify: 'sock of the cgroup and TCP mem of /proc/net/sockstat fall.',
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
      '# in the pod: securityContext.sysctls net.ipv4.tcp_rmem, net.ipv4.tcp_wmem (unsafe sysctls: allow them on the kubelet)',
    ],
    verifyCommands: () => ['cat /proc/net/sockstat'],
    source: ['Documentation/networking/ip-sysctl.rst'],
  },
  {
    id: 'reduce-dirty-pages',
    risk: 'low',
    text: text({
      en: {
        name: 'Have dirty pages written out earlier',
        cost: 'More, smaller writes; heavy writers are throttled sooner. For the whole node.',
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
        name: 'Compact memory, and keep more of it free',
        cost: 'Some seconds of CPU. min_free_kbytes takes that memory from everybody: 1 to 3 % of RAM.',
        verify: 'buddyinfo has blocks in its right columns again.',
      },
      zh: {
        name: '整理内存碎片并多留空闲内存',
        cost: '数秒的 CPU 开销。min_free_kbytes 会从所有人手里扣走这部分内存：取内存的 1% 到 3%。',
        verify: 'buddyinfo 右侧的高阶列重新有块。',
      },
    }),
    commands: () => ['echo 1 > /proc/sys/vm/compact_memory', 'sysctl vm.min_free_kbytes'],
    verifyCommands: () => ['cat /proc/buddyinfo'],
    source: ['Documentation/admin-guide/sysctl/vm.rst'],
  },
  {
    id: 'reserve-node-memory',
    risk: 'low',
    text: text({
      en: {
        name: 'Reserve memory for the system and evict earlier',
        cost: 'Less memory for pods; kubelet restarts, pods go on. kubelet sees no kernel memory outside the containers, so reserve for it too.',
        verify:
          'Allocatable of the node is smaller, and the kernel kills no more outside the containers’ limits.',
      },
      zh: {
        name: '为系统预留内存并提前驱逐',
        cost: '可分配给 Pod 的内存变少；kubelet 重启，Pod 不受影响。kubelet 看不到容器之外的内核内存，这部分也要预留。',
        verify: '节点 Allocatable 变小，且不再有容器限制之外的 OOM kill。',
      },
    }),
    commands: () => [
      '# in /var/lib/kubelet/config.yaml: systemReserved: {memory: 1Gi}, kubeReserved: {memory: 1Gi}, evictionHard: {memory.available: "500Mi"}',
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
        name: 'Find out whose slab grows',
        cost: 'Reading costs nothing. Do not switch slub_debug on for all caches of a busy node, and do not write to …/trace.',
        verify: 'One cache carries the growth, and a module, agent or workload explains it.',
      },
      zh: {
        name: '找出是谁的 slab 在增长',
        cost: '只读，没有代价。不要在繁忙节点上对所有缓存开启 slub_debug，也不要写 …/trace。',
        verify: '增长集中在某一个缓存，且能对应到某个模块、agent 或工作负载。',
      },
    }),
    commands: () => [
      `awk 'NR>2{print $3*$4/1048576 " MiB", $1}' /proc/slabinfo | sort -rn | head -20`,
      `sleep 600; awk 'NR>2{print $3*$4/1048576 " MiB", $1}' /proc/slabinfo | sort -rn | head -20`,
      'ls -l /sys/kernel/slab | grep -- "->"  # merged caches share a name',
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
        name: 'Delete the pod, so that it is made anew in a new cgroup',
        cost: 'The pod restarts and its emptyDir data is lost. What pins the kernel memory (files on tmpfs, sockets, BPF maps) must go too, else the memory only moves to the parent.',
        verify: 'The cgroup is gone and the parent’s usage fell with it.',
      },
      zh: {
        name: '删除 Pod，使其在新的 cgroup 中重建',
        cost: 'Pod 重启，emptyDir 数据丢失。占住内核内存的东西（tmpfs 文件、socket、BPF map）也须随之消失，否则内存只是转移到父 cgroup。',
        verify: '该 cgroup 消失，父级用量随之下降。',
      },
    }),
    commands: context => [...whichPod(context), 'kubectl -n NAMESPACE delete pod POD'],
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
        name: 'Keep the kernel log longer than the ring does',
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
    id: 'report-kernel-bug',
    risk: 'none',
    text: text({
      en: {
        name: 'Report it to whoever builds this kernel',
        cost: 'Nothing. Give the release, the whole report with its stack, the modules, and what the node runs.',
        verify: 'There is a number to follow.',
      },
      zh: {
        name: '向该内核的提供方报告',
        cost: '没有代价。附上内核版本、带调用栈的完整报告、模块列表与节点上运行的负载。',
        verify: '得到可跟踪的编号。',
      },
    }),
    commands: () => ['uname -a', 'cat /proc/version /proc/sys/kernel/tainted', 'lsmod'],
    verifyCommands: nothing,
    source: ['Documentation/admin-guide/reporting-issues.rst'],
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
