// Defects of kernels, runtimes and kubelets that fill a Kubernetes node's memory. What is taken for one and is
// none (page cache in working_set, Go's MADV_FREE) stands here too: it is asked for by the same people.

import type { SoftwareVersion } from './component-version.ts'
import { type Defect, type DefectJudgement, judgeVersions } from './defect.ts'
import type { KernelRelease } from './kernel-release.ts'

export const kernelDefects: readonly Defect[] = [
  {
    id: 'K-01',
    component: 'kernel',
    title: {
      en: 'EL7 leaks slab when kernel memory accounting is active',
      zh: 'EL7 内核开启 kmem accounting 后泄漏 slab',
    },
    what: {
      en: 'Each container started leaves slab caches behind that are never freed. SUnreclaim grows with pod churn; containers are killed with gigabytes of kmem and next to no rss; SLUB fails to allocate in caches named cache(id:cgroup). Upgrade the kernel and keep accounting off as well: with it on, one report still has the leak on 3.10.0-1160.24.1.',
      zh: '每启动一个容器都会残留永不释放的 slab 缓存。SUnreclaim 随 Pod 反复创建销毁而增长；容器被 OOM kill 时 kmem 有数 GiB 而 rss 极小；SLUB 在名为 cache(id:cgroup) 的缓存上分配失败。应升级内核，同时保持 kmem accounting 关闭：有报告称开启时 3.10.0-1160.24.1 仍会泄漏。',
    },
    ranges: [{ stream: 'el7', fixed: '1062.4.1' }],
    fixedIn: {
      en: '3.10.0-1127.el7 (7.8), or 3.10.0-1062.4.1.el7 for 7.7 (RHSA-2019:3055). Build 1075, which articles name, was never shipped.',
      zh: '3.10.0-1127.el7（7.8），7.7 则为 3.10.0-1062.4.1.el7（RHSA-2019:3055）。文章中常提到的 1075 只是内部构建号，从未发布。',
    },
    condition: 'kmem-active',
    onlyOptIn: true,
    residual: true,
    remedies: ['kernel-upgrade-el7', 'nokmem-boot-option', 'runtime-without-kmem', 'drain-and-reboot'],
    source: [
      'https://bugzilla.redhat.com/show_bug.cgi?id=1507149',
      'https://access.redhat.com/errata/RHSA-2019:3055',
      'https://github.com/kubernetes/kubernetes/issues/61937',
      'https://github.com/moby/moby/issues/37722',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-02',
    component: 'kernel',
    title: {
      en: 'Memory cgroup ids run out: mkdir fails with ENOSPC although few cgroups exist',
      zh: '内存 cgroup ID 耗尽：cgroup 目录很少，mkdir 却报 ENOSPC',
    },
    what: {
      en: 'There are 65535 ids, and a removed cgroup keeps its id until the last memory charged to it is freed. Creating a container then fails with "no space left on device" under /sys/fs/cgroup/memory while the disk is not full. Kernels with private ids give the id back on removal; there only live cgroups hold one. From 4.7 on the error is "Cannot allocate memory" instead, until 11d6761218d1 (5.8 and stable) made it ENOSPC again.',
      zh: 'ID 总共 65535 个，已删除的 cgroup 要等最后一笔记在它名下的内存释放后才归还 ID。此后创建容器会在 /sys/fs/cgroup/memory 下报“no space left on device”，而磁盘并没有满。有私有 ID 的内核在删除时即归还 ID，只有存活的 cgroup 才占用。4.7 起 ID 耗尽时报的是“Cannot allocate memory”，直到 11d6761218d1（5.8 及稳定版）才恢复为 ENOSPC。',
    },
    // Stable trees took the fix at releases not looked at, 4.4.178 has it.
    ranges: [
      { stream: 'el7', affectedBefore: '758', fixed: '1127' },
      { stream: 'mainline', affectedBefore: '3.19', fixed: '4.4.178' },
      { stream: 'mainline', introduced: '4.5', affectedBefore: '4.5', fixed: '4.7' },
    ],
    fixedIn: {
      en: '4.7 (73f576c04b94), also in 4.4.178; 3.10.0-1127.el7. Red Hat’s changelog names it at builds 758, 837 and 917, so it is not certain which kernels in between have it.',
      zh: '4.7（73f576c04b94），4.4.178 也已包含；3.10.0-1127.el7。Red Hat 的变更日志在构建 758、837、917 都提到它，因此这之间哪些内核包含并不确定。',
    },
    condition: 'ids-nearly-out',
    remedies: ['drop-page-cache', 'drain-and-reboot', 'kernel-upgrade', 'reduce-churn'],
    source: [
      'https://git.kernel.org/torvalds/c/73f576c04b94',
      'https://git.kernel.org/torvalds/c/11d6761218d1',
      'https://github.com/moby/moby/issues/29638',
      'https://github.com/kubernetes/kubernetes/issues/61937',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-03',
    component: 'kernel',
    title: {
      en: 'Kernel memory accounting of 3.10 cannot reclaim: allocations fail inside the limit',
      zh: '3.10 的 kmem accounting 不能回收：在限制之内分配也会失败',
    },
    what: {
      en: 'A kernel allocation that hits the limit of the cgroup mostly fails with ENOMEM, without reclaim and (unless it has __GFP_FS and may retry) without an OOM kill, although the node has free memory and the cgroup holds slab that could be reclaimed. fork, socket and open fail; the log has "SLUB: Unable to allocate memory" with a cache named cache(id:cgroup).',
      zh: '内核分配达到 cgroup 限制时多半直接返回 ENOMEM，既不回收，也不触发 OOM kill（带 __GFP_FS 且允许重试的除外），尽管节点有空闲内存、cgroup 里也有可回收的 slab。fork、socket、open 会失败；日志里出现“SLUB: Unable to allocate memory”，缓存名为 cache(id:cgroup)。',
    },
    ranges: [
      { stream: 'el7' },
      { stream: 'mainline', introduced: '3.8', affectedBefore: '4.0', fixed: '4.5' },
    ],
    fixedIn: {
      en: '4.0 reclaims dentries and inodes per cgroup (cb731d6c62bb); today’s accounting dates from 4.5. No EL7 kernel has it.',
      zh: '4.0 起可按 cgroup 回收 dentry/inode（cb731d6c62bb），现行实现自 4.5 起。EL7 没有任何内核包含。',
    },
    condition: 'kmem-limits-hit',
    remedies: ['nokmem-boot-option', 'runtime-without-kmem', 'raise-memory-limit', 'move-to-newer-system'],
    source: [
      'https://github.com/opencontainers/runc/issues/1725',
      'https://pingcap.com/blog/try-to-fix-two-linux-kernel-bugs-while-testing-tidb-operator-in-k8s/',
      'https://github.com/kubernetes/kubernetes/issues/83044',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-04',
    component: 'runc',
    title: {
      en: 'runc switches kernel memory accounting on for each container',
      zh: 'runc 会为每个容器开启 kmem accounting',
    },
    what: {
      en: 'runc 1.0.0-rc3 to rc93 writes memory.kmem.limit_in_bytes of each cgroup it creates, which on an opt-in kernel switches accounting on for good. Builds with the tag nokmem (from rc6) do not; rc94 and later never do. Where accounting is not opt-in this changes nothing.',
      zh: 'runc 1.0.0-rc3 到 rc93 会写入所建 cgroup 的 memory.kmem.limit_in_bytes，在默认不记账的内核上，这会永久开启记账。带 nokmem 构建标签的版本（rc6 起可用）不会；rc94 及以后完全不写。在默认记账的内核上没有影响。',
    },
    // From rc6 on it depends on a build tag, which the version does not show.
    versions: [{ of: 'runc', introduced: '1.0.0-rc3', affectedBefore: '1.0.0-rc6', fixed: '1.0.0-rc94' }],
    fixedIn: {
      en: 'runc 1.0.0-rc94; rc6 to rc93 if built with the tag nokmem',
      zh: 'runc 1.0.0-rc94；rc6 到 rc93 需以 nokmem 标签构建',
    },
    condition: 'kmem-active',
    onlyOptIn: true,
    remedies: ['runtime-without-kmem', 'nokmem-boot-option'],
    source: [
      'https://github.com/opencontainers/runc/pull/1350',
      'https://github.com/opencontainers/runc/pull/1921',
      'https://github.com/opencontainers/runc/pull/2840',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-05',
    component: 'kubelet',
    title: {
      en: 'kubelet switches kernel memory accounting on for pods and QoS classes',
      zh: 'kubelet 会为 Pod 与 QoS 层级开启 kmem accounting',
    },
    what: {
      en: 'kubelet carries runc’s libcontainer and switches accounting on for the cgroups it creates. Children inherit it, so a runc without kmem alone does not help. From 1.14 kubelet can be built with the tag nokmem: make kubelet GOFLAGS="-tags=nokmem" (a make variable of the build, not an option of kubelet).',
      zh: 'kubelet 内置 runc 的 libcontainer，会在自己创建的 cgroup 上开启记账。子 cgroup 会继承，所以只换 runc 不够。1.14 起 kubelet 可用 nokmem 标签构建：make kubelet GOFLAGS="-tags=nokmem"（这是编译时的 make 变量，不是 kubelet 的运行参数）。',
    },
    // From 1.14 on it depends on a build tag; go.mod of 1.21.5 takes libcontainer from rc95 to 1.0.2.
    versions: [{ of: 'kubelet', seenFrom: '1.9', affectedBefore: '1.14', fixed: '1.21.5' }],
    fixedIn: {
      en: 'about Kubernetes 1.22, with libcontainer rc94 or later; 1.14 and later if built with the tag nokmem',
      zh: '约 Kubernetes 1.22（libcontainer rc94 及以后）；1.14 起需以 nokmem 标签构建',
    },
    condition: 'kmem-active',
    onlyOptIn: true,
    remedies: ['runtime-without-kmem', 'nokmem-boot-option'],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/61937',
      'https://github.com/kubernetes/kubernetes/pull/72998',
      'https://github.com/opencontainers/runc/issues/1725',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-06',
    component: 'docker',
    title: {
      en: 'Docker packages ship a runc that switches kernel memory accounting on',
      zh: 'Docker 软件包自带的 runc 会开启 kmem accounting',
    },
    what: {
      en: 'Docker 17.06 to 18.06 carry such a runc. Packages differ, so test rather than compare versions: docker run --kernel-memory 100M succeeds with such a build and fails with "kernel memory accounting disabled in this runc build" without.',
      zh: 'Docker 17.06 到 18.06 自带这样的 runc。各软件包不一，应实测而不是比版本：docker run --kernel-memory 100M 成功说明会开启；报“kernel memory accounting disabled in this runc build”说明不会。',
    },
    versions: [{ of: 'docker', introduced: '17.06', affectedBefore: '18.09' }],
    fixedIn: {
      en: 'containerd.io 1.4.5 and later (runc rc94)',
      zh: 'containerd.io 1.4.5 及以后（runc rc94）',
    },
    condition: 'kmem-active',
    onlyOptIn: true,
    remedies: ['runtime-without-kmem', 'nokmem-boot-option'],
    source: [
      'https://github.com/docker/containerd-packaging/pull/66',
      'https://github.com/docker/containerd-packaging/pull/232',
      'https://github.com/opencontainers/runc/issues/1725',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-07',
    component: 'kernel',
    title: {
      en: 'Older EL7 kernels silently ignore cgroup.memory=nokmem',
      zh: '较旧的 EL7 内核会静默忽略 cgroup.memory=nokmem',
    },
    what: {
      en: 'The option is on the command line and accounting goes on: the kernel does not parse it. memory.kmem.slabinfo of a container can still be read; EIO would prove that accounting is off. Upgrade the kernel first.',
      zh: '启动参数里有该选项，记账却照常进行：这个内核根本不解析它。容器的 memory.kmem.slabinfo 仍可读取（若返回 EIO 才说明已关闭）。须先升级内核。',
    },
    ranges: [
      { stream: 'el7', affectedBefore: '515', fixed: '1062.4.1' },
      { stream: 'mainline', introduced: '3.8', fixed: '4.5' },
    ],
    fixedIn: {
      en: '3.10.0-1062.4.1.el7 (reported), 3.10.0-1127.el7 (source read), 4.5',
      zh: '3.10.0-1062.4.1.el7（据报告）、3.10.0-1127.el7（已核对源码）、4.5',
    },
    condition: 'nokmem-on-cmdline',
    remedies: ['kernel-upgrade-el7', 'runtime-without-kmem'],
    source: [
      'https://github.com/docker/for-linux/issues/841',
      'https://github.com/kubernetes/kubernetes/issues/61937',
      'mm/memcontrol.c of 3.10.0-514.el7 and 3.10.0-1127.el7',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-08',
    component: 'kernel',
    title: {
      en: 'Removed memory cgroups are not freed while page cache or tmpfs pages are charged to them',
      zh: '只要还有页缓存或 tmpfs 页记在名下，已删除的内存 cgroup 就不会释放',
    },
    what: {
      en: 'Each dying cgroup costs tens to hundreds of KiB of percpu and slab memory that no container metric shows, and makes statistics slow to read. Clean page cache is reclaimed under memory pressure; tmpfs files pin the cgroup until they are deleted.',
      zh: '每个 dying memcg 占用数十到数百 KiB 的 percpu 与 slab 内存，任何容器指标都看不到，并使读取统计变慢。干净的页缓存在内存紧张时会被回收；tmpfs 文件在删除之前会一直钉住它。',
    },
    ranges: [
      { stream: 'mainline', introduced: '3.19', affectedBefore: '7.0', fixed: '7.1' },
      { stream: 'el8' },
      { stream: 'el9' },
    ],
    fixedIn: {
      en: '7.1: pages move to the parent when the cgroup is removed',
      zh: '7.1：删除 cgroup 时页面转移给父 cgroup',
    },
    condition: 'dying-memcgs',
    remedies: [
      'reclaim-cgroup',
      'force-empty-cgroup',
      'force-empty-before-rmdir',
      'remove-tmpfs-files',
      'reduce-churn',
    ],
    source: [
      'https://git.kernel.org/torvalds/c/b2052564e66d',
      'https://lore.kerneltesting.org/linux-mm/cover.1770279888.git.zhengqi.arch@bytedance.com/raw',
      'https://github.com/systemd/systemd/pull/36827',
      'https://github.com/kubernetes-sigs/kind/issues/421',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-09',
    component: 'kernel',
    title: {
      en: 'Removed memory cgroups are not freed while their own slab caches hold objects',
      zh: '只要私有 slab 缓存里还有对象，已删除的内存 cgroup 就不会释放',
    },
    what: {
      en: 'Each accounted cgroup has its own copy of every slab cache it used, and one object that outlives the cgroup keeps it. Such cgroups survive drop_caches; /sys/kernel/slab shows cache(id:cgroup) for cgroups long gone.',
      zh: '每个记账的 cgroup 对用过的 slab 缓存都有一份私有副本，只要还有一个对象没有释放，该 cgroup 就会一直留着。这类 cgroup 用 drop_caches 清不掉；/sys/kernel/slab 里能看到早已删除的 cgroup 的 cache(id:cgroup)。',
    },
    ranges: [
      { stream: 'mainline', introduced: '3.8', fixed: '5.3' },
      { stream: 'el7', affectedBefore: '1062.4.1' },
      { stream: 'el8', affectedBefore: '81', fixed: '240' },
    ],
    fixedIn: {
      en: '5.3 (fb2f2b0adb98), EL 8.3; from 5.9 and EL 8.5 there are no caches per cgroup',
      zh: '5.3（fb2f2b0adb98）、EL 8.3；5.9 与 EL 8.5 起不再有每 cgroup 的缓存',
    },
    condition: 'dying-memcgs',
    remedies: ['drain-and-reboot', 'kernel-upgrade', 'nokmem-boot-option', 'reduce-churn'],
    source: [
      'https://git.kernel.org/torvalds/c/fb2f2b0adb98',
      'https://lore.kerneltesting.org/linux-mm/20190522214347.GA10082@tower.DHCP.thefacebook.com/raw',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-10',
    component: 'kernel',
    title: {
      en: 'Slab caches per cgroup cost memory in proportion to the CPUs',
      zh: '每 cgroup 的 slab 缓存开销随 CPU 数增长',
    },
    what: {
      en: 'Up to 5.8 and EL 8.4 an idle container is charged about half a MiB of kernel memory per CPU, which exceeds small limits on large machines. Raise the limit or upgrade.',
      zh: '在 5.8 及以前、EL 8.4 及以前，空闲容器每个 CPU 约记账 0.5 MiB 内核内存，大机器上会撑破较小的限制。应调高限制或升级内核。',
    },
    ranges: [
      { stream: 'mainline', introduced: '4.5', fixed: '5.9' },
      { stream: 'el8', fixed: '348' },
    ],
    remedies: ['raise-memory-limit', 'kernel-upgrade'],
    source: [
      'https://github.com/openshift/openshift-docs/pull/27422',
      'https://bugzilla.redhat.com/show_bug.cgi?id=1855067',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-11',
    component: 'kernel',
    title: { en: 'Percpu memory grows with dying cgroups', zh: 'percpu 内存随 dying memcg 增长' },
    what: {
      en: 'Percpu in meminfo reaches gigabytes on machines with many CPUs, and no process or container shows it: about 2 to 3 KiB per possible CPU and dying cgroup (measured on 6.18). Cure the dying cgroups (K-08).',
      zh: '在 CPU 多的机器上，meminfo 的 Percpu 可达数 GiB，却不属于任何进程或容器：每个 dying memcg 在每个 possible CPU 上约占 2 到 3 KiB（6.18 上实测）。应治理 dying memcg（K-08）。',
    },
    ranges: [
      { stream: 'mainline', introduced: '3.19', affectedBefore: '7.0', fixed: '7.1' },
      { stream: 'el7' },
      { stream: 'el8' },
      { stream: 'el9' },
    ],
    condition: 'dying-memcgs',
    remedies: ['reclaim-cgroup', 'force-empty-cgroup', 'reduce-churn'],
    source: ['https://github.com/coreos/bugs/issues/2516', 'https://github.com/systemd/systemd/pull/36827'],
    confidence: 'verified',
  },
  {
    id: 'K-12',
    component: 'runc',
    title: {
      en: 'Old runc starts nothing on 5.16 to 6.5 with cgroup v1',
      zh: '旧版 runc 在 5.16 到 6.5 的 cgroup v1 上无法启动容器',
    },
    what: {
      en: 'Before rc94 runc writes memory.kmem.limit_in_bytes, and those kernels answer "operation not supported". Upgrade runc.',
      zh: 'rc94 之前的 runc 会写 memory.kmem.limit_in_bytes，而这些内核返回“operation not supported”。应升级 runc。',
    },
    // Writing is accepted again, without effect, from 6.6 on and in the stable trees (their changelogs: 6.1.56, 6.5.6).
    ranges: [
      { stream: 'el7', never: true },
      { stream: 'mainline', introduced: '5.16', fixed: '6.1.56' },
      { stream: 'mainline', introduced: '6.2', fixed: '6.5.6' },
    ],
    versions: [{ of: 'runc', fixed: '1.0.0-rc94' }],
    condition: 'no-container-runs',
    source: [
      'https://github.com/canonical/microk8s/issues/3028',
      'https://git.kernel.org/torvalds/c/58056f77502f',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-13',
    component: 'kubelet',
    title: {
      en: 'memory.kmem.limit_in_bytes vanished in 6.1.54 and 6.5.4',
      zh: '6.1.54 与 6.5.4 中 memory.kmem.limit_in_bytes 消失',
    },
    what: {
      en: 'kubelet and cAdvisor before runc 1.1.10 need the file and do not become ready: "openat2 …/memory.kmem.limit_in_bytes: no such file or directory". It is back in 6.1.55, 6.5.5 and 6.6.',
      zh: 'runc 1.1.10 之前的 kubelet 与 cAdvisor 依赖该文件，会一直 NotReady：“openat2 …/memory.kmem.limit_in_bytes: no such file or directory”。6.1.55、6.5.5 与 6.6 已恢复。',
    },
    // Dropped in 6.1.54 and 6.5.4, back in the next release of each (changelogs of the stable trees).
    ranges: [
      { stream: 'el7', never: true },
      { stream: 'mainline', introduced: '6.1.54', fixed: '6.1.55' },
      { stream: 'mainline', introduced: '6.5.4', fixed: '6.5.5' },
    ],
    // Kubernetes 1.29 has libcontainer 1.1.10.
    versions: [{ of: 'kubelet', fixed: '1.29' }],
    condition: 'cgroup-v1',
    source: [
      'https://github.com/kubernetes/kubernetes/issues/120813',
      'https://github.com/opencontainers/runc/pull/4018',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-14',
    component: 'systemd',
    title: { en: 'systemd leaves transient mount scopes behind', zh: 'systemd 残留临时挂载 scope' },
    what: {
      en: 'Tens of thousands of system.slice/run-r….scope directories without processes, in every hierarchy: systemd before 237 with a kubelet that mounts through systemd-run. These are live cgroups, not dying ones. Stop the empty scopes and upgrade systemd.',
      zh: 'system.slice 下残留数万个没有进程的 run-r….scope 目录，各个层级都有：systemd 低于 237，且 kubelet 通过 systemd-run 挂载。它们是存活的 cgroup，不是 dying memcg。停掉空 scope 并升级 systemd。',
    },
    versions: [{ of: 'systemd', fixed: '237' }],
    condition: 'scopes-left',
    remedies: ['remove-empty-cgroups'],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/64137',
      'https://github.com/kubernetes/kubernetes/issues/57345',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-15',
    component: 'runc',
    title: {
      en: 'Scopes of killed containers stay as failed units',
      zh: '被杀容器的 scope 以 failed 状态残留',
    },
    what: {
      en: 'Runtimes before October 2019 did not set CollectMode=inactive-or-failed. `systemctl reset-failed` removes them; upgrade the runtime. runc 1.1.8 and later resets the unit itself when it deletes the container.',
      zh: '2019 年 10 月之前的运行时没有设置 CollectMode=inactive-or-failed。`systemctl reset-failed` 可清除，并应升级运行时。runc 1.1.8 起在删除容器时自行 reset。',
    },
    // runc resets the failed unit when it deletes the container: 1188c5a19, first in 1.1.8. crun set CollectMode in 0.10.3
    // and took it back in 0.13 (f4d807d5).
    versions: [
      { of: 'runc', fixed: '1.1.8' },
      { of: 'crun', fixed: '0.10.3' },
      { of: 'crun', introduced: '0.13', affectedBefore: '0.13' },
    ],
    source: ['https://github.com/containers/crun/pull/141', 'https://github.com/projectatomic/runc/pull/29'],
    confidence: 'reported',
  },
  {
    id: 'K-16',
    component: 'kernel',
    title: { en: 'blkio cgroups leak', zh: 'blkio cgroup 泄漏' },
    what: {
      en: 'num_cgroups of blkio far above the other controllers, seen on 5.19 and not on 5.18. The fixed release was not established.',
      zh: 'blkio 的 num_cgroups 远高于其他控制器，见于 5.19，5.18 没有。修复版本尚未确认。',
    },
    ranges: [{ stream: 'mainline', introduced: '5.19', affectedBefore: '6.0' }],
    condition: 'blkio-growth',
    source: ['https://github.com/coreos/fedora-coreos-tracker/issues/1330'],
    confidence: 'reported',
  },
  {
    id: 'K-17',
    component: 'kernel',
    title: { en: 'cgroup_bpf is not taken offline and leaks', zh: 'cgroup_bpf 未下线导致泄漏' },
    what: {
      en: 'A little slab and percpu memory leaks when the root of a v1 hierarchy is torn down or cannot be created.',
      zh: 'v1 层级的根被拆除或创建失败时，少量 slab 与 percpu 泄漏。',
    },
    ranges: [
      { stream: 'mainline', introduced: '5.10', fixed: '5.10.77' },
      { stream: 'mainline', introduced: '5.11', fixed: '5.14.16' },
    ],
    fixedIn: { en: '5.15, 5.14.16, 5.10.77', zh: '5.15、5.14.16、5.10.77' },
    source: [
      'https://git.kernel.org/torvalds/c/04f8ef5643bc',
      'https://github.com/CloudSecurityAlliance/gsd-database/issues/1356',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-18',
    component: 'kernel',
    title: {
      en: 'SUnreclaim grows with pod restarts under the systemd cgroup driver',
      zh: 'systemd cgroup 驱动下 SUnreclaim 随 Pod 重启增长',
    },
    what: {
      en: 'Reported once, for Ubuntu’s 5.3.0-51; the cause is not known. Compare with a node that uses cgroupfs.',
      zh: '仅有一份报告，Ubuntu 5.3.0-51，原因未明。可与使用 cgroupfs 驱动的节点对比。',
    },
    ranges: [{ stream: 'ubuntu', seenFrom: '5.3', affectedBefore: '5.4' }],
    source: ['https://github.com/deckhouse/deckhouse/issues/2152'],
    confidence: 'reported',
  },
  {
    id: 'K-19',
    component: 'kernel',
    title: { en: 'SELinux leaks ebitmap_node', zh: 'SELinux 泄漏 ebitmap_node' },
    what: {
      en: 'ebitmap_node holds more than 90% of the slab, 45 GiB in one report (4.19.86). Reboot and upgrade.',
      zh: 'ebitmap_node 占 slab 90% 以上，有报告达 45 GiB（4.19.86）。重启并升级内核。',
    },
    ranges: [{ stream: 'mainline', seenFrom: '4.19.86', affectedBefore: '4.19.87' }],
    remedies: ['drain-and-reboot', 'kernel-upgrade'],
    source: [
      'https://github.com/SELinuxProject/selinux/issues/220',
      'https://github.com/coreos/bugs/issues/2637',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-20',
    component: 'kernel',
    title: {
      en: 'Slab shrinkers are skipped with the memory controller off',
      zh: '关闭内存控制器后 slab shrinker 被跳过',
    },
    what: {
      en: '4.19 before 4.19.65 booted with cgroup_disable=memory does not reclaim dentries and inodes; drop_caches 2 has no effect.',
      zh: '4.19.65 之前的 4.19 以 cgroup_disable=memory 启动时不回收 dentry 与 inode，drop_caches 2 无效。',
    },
    ranges: [
      { stream: 'mainline', introduced: '4.19', fixed: '4.19.65' },
      { stream: 'mainline', introduced: '4.20', fixed: '5.2.7' },
    ],
    fixedIn: { en: '4.19.65', zh: '4.19.65' },
    condition: 'controller-disabled',
    source: [
      'https://github.com/raspberrypi/linux/issues/2829',
      'https://git.kernel.org/torvalds/c/fa1e512fac71',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-21',
    component: 'kernel',
    title: {
      en: 'OOM kill in a v1 cgroup although its page cache could be reclaimed',
      zh: 'v1 cgroup 中页缓存可回收，却仍触发 OOM kill',
    },
    what: {
      en: '4.11 to 4.15: a pod that only writes files is killed, cache dominates the report, kmem is small. Lower vm.dirty_bytes or upgrade.',
      zh: '4.11 到 4.15：只写文件的 Pod 被杀，报告里 cache 占绝大部分而 kmem 很小。调低 vm.dirty_bytes 或升级内核。',
    },
    ranges: [{ stream: 'mainline', introduced: '4.11', fixed: '4.16' }],
    condition: 'cache-killed',
    remedies: ['reduce-dirty-pages', 'kernel-upgrade'],
    source: ['https://github.com/coreos/bugs/issues/2398', 'https://git.kernel.org/torvalds/c/1c610d5f93c7'],
    confidence: 'reported',
  },
  {
    id: 'K-22',
    component: 'kernel',
    title: { en: 'OOM kill with dirty page cache under multi-gen LRU', zh: 'MGLRU 下脏页缓存导致 OOM kill' },
    what: {
      en: 'With multi-gen LRU on, before 6.13 and 6.12.104, containers that write much are killed while dirty pages wait for writeback. `echo 0 > /sys/kernel/mm/lru_gen/enabled`, or lower vm.dirty_bytes.',
      zh: '6.13 与 6.12.104 之前开启 MGLRU 时，写入量大的容器会在脏页等待回写时被杀。可 `echo 0 > /sys/kernel/mm/lru_gen/enabled`，或调低 vm.dirty_bytes。',
    },
    // Not in the changelog of 6.1 up to 6.1.192; 6.6 was not looked at.
    ranges: [
      { stream: 'mainline', introduced: '6.1', affectedBefore: '6.1.193', fixed: '6.2' },
      { stream: 'mainline', introduced: '6.2', affectedBefore: '6.6', fixed: '6.12.104' },
    ],
    fixedIn: { en: '6.13, 6.12.104', zh: '6.13、6.12.104' },
    condition: 'dirty-cache-killed',
    remedies: ['reduce-dirty-pages', 'kernel-upgrade'],
    source: [
      'https://github.com/siderolabs/pkgs/pull/1177',
      'https://github.com/kubernetes/kubernetes/issues/134141',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-23',
    component: 'kubelet',
    title: {
      en: 'kubelet counts active page cache as used and evicts',
      zh: 'kubelet 把活跃页缓存算作已用并触发驱逐',
    },
    what: {
      en: 'By design: memory.available subtracts working_set, and working_set includes active_file. The node is under MemoryPressure while MemAvailable is high. No leak.',
      zh: '设计如此：memory.available 要减去 working_set，而 working_set 包含 active_file。MemAvailable 很高时节点仍会 MemoryPressure。不是泄漏。',
    },
    byDesign: true,
    remedies: ['reserve-node-memory'],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/43916',
      'https://github.com/Azure/AKS/issues/2067',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-24',
    component: 'kubelet',
    title: { en: 'Reclaimable slab counts in working_set', zh: '可回收 slab 计入 working_set' },
    what: {
      en: 'Containers that open or stat many files are charged dentries and inodes and seem to be near their limit. It is cache and is reclaimed under memory pressure.',
      zh: '大量打开或 stat 文件的容器会被记账 dentry 与 inode，看似接近限制。那是缓存，有压力时会被回收。',
    },
    byDesign: true,
    remedies: ['reclaim-cgroup'],
    source: [
      'https://github.com/google/cadvisor/issues/3081',
      'https://github.com/fluent/fluent-bit/issues/11958',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-25',
    component: 'kubelet',
    title: { en: 'Node memory is over-reported on cgroup v2', zh: 'cgroup v2 上节点内存用量虚高' },
    what: {
      en: 'libcontainer rc94 to 1.1.8 takes MemTotal - MemFree for the root of v2. The node seems to grow after the upgrade to Kubernetes 1.25. Fixed in 1.1.9 and Kubernetes 1.29.',
      zh: 'libcontainer rc94 到 1.1.8 在 v2 根上取 MemTotal - MemFree。升级到 Kubernetes 1.25 后节点用量看似变大。1.1.9 与 Kubernetes 1.29 已修复。',
    },
    // Kubernetes 1.21.2 has libcontainer rc95, 1.28 has 1.1.7, 1.29 has 1.1.10.
    versions: [{ of: 'kubelet', seenFrom: '1.21.2', fixed: '1.29' }],
    fixedIn: { en: 'libcontainer 1.1.9, Kubernetes 1.29', zh: 'libcontainer 1.1.9、Kubernetes 1.29' },
    condition: 'cgroup-v2',
    source: [
      'https://github.com/kubernetes/kubernetes/issues/118916',
      'https://github.com/opencontainers/runc/pull/3933',
    ],
    confidence: 'verified',
  },
  {
    id: 'K-26',
    component: 'kubelet',
    title: {
      en: 'container_memory_swap equals memory usage on cgroup v2',
      zh: 'cgroup v2 上 container_memory_swap 等于内存用量',
    },
    what: {
      en: 'cAdvisor 0.39.1 to 0.42 counts memory as swap. Fixed in 0.43.',
      zh: 'cAdvisor 0.39.1 到 0.42 把内存算成了 swap，0.43 已修复。',
    },
    // go.mod: cAdvisor 0.39.0 has libcontainer rc93, 0.39.1 has rc95.
    versions: [
      { of: 'cadvisor', introduced: '0.39.1', fixed: '0.43' },
      { of: 'kubelet', seenFrom: '1.22', fixed: '1.23' },
    ],
    fixedIn: { en: 'cAdvisor 0.43, Kubernetes 1.23', zh: 'cAdvisor 0.43、Kubernetes 1.23' },
    condition: 'cgroup-v2',
    source: ['https://github.com/google/cadvisor/pull/3001'],
    confidence: 'verified',
  },
  {
    id: 'K-27',
    component: 'kubelet',
    title: {
      en: 'Memory-backed emptyDir keeps a pod in an OOM loop',
      zh: '内存型 emptyDir 使 Pod 反复被 OOM kill',
    },
    what: {
      en: 'tmpfs files are charged to the cgroup that wrote them and survive a restart of the container. Delete the files or the pod; set sizeLimit.',
      zh: 'tmpfs 上的文件记在写入者的 cgroup 名下，容器重启也不会消失。删除文件或 Pod，并设置 sizeLimit。',
    },
    byDesign: true,
    remedies: ['remove-tmpfs-files', 'delete-pod', 'size-emptydir'],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/128339',
      'https://github.com/kubernetes/kubernetes/issues/72759',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-28',
    component: 'kernel',
    title: { en: 'BPF maps are charged to the pod that loads them', zh: 'BPF map 记在加载它的 Pod 名下' },
    what: {
      en: 'From 5.11 on (3ac1f01b43b6), by design; before, RLIMIT_MEMLOCK limited them. After a kernel upgrade an agent’s memory jumps by the size of its maps; pinned maps keep the old cgroup from being freed.',
      zh: '5.11 起的设计（3ac1f01b43b6），此前由 RLIMIT_MEMLOCK 限制。升级内核后，agent 的内存会一下子增加其 map 的大小；被 pin 的 map 会钉住旧的 cgroup。',
    },
    ranges: [{ stream: 'mainline', introduced: '5.11' }, { stream: 'el9' }],
    byDesign: true,
    source: [
      'https://git.kernel.org/torvalds/c/3ac1f01b43b6',
      'https://github.com/cilium/cilium/issues/37935',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-29',
    component: 'kernel',
    title: { en: 'TCP memory runs out for the whole node', zh: '整个节点的 TCP 内存耗尽' },
    what: {
      en: '"TCP: out of memory -- consider tuning tcp_mem": the limit counts pages for the whole node. On arm64 a counter went wrong from 6.0 to 6.8 (fixed by 3584718cf2ec, 6.9).',
      zh: '“TCP: out of memory -- consider tuning tcp_mem”：该限制以页计，作用于整个节点。arm64 上 6.0 到 6.8 计数器会出错（3584718cf2ec，6.9 修复）。',
    },
    // 6.6 took the fix in a release that was not looked at.
    ranges: [
      { stream: 'mainline', introduced: '6.0', fixed: '6.1.90' },
      { stream: 'mainline', introduced: '6.2', affectedBefore: '6.6', fixed: '6.9' },
    ],
    fixedIn: {
      en: '6.9 and 6.1.90 (3584718cf2ec), for the counter of arm64',
      zh: '6.9 与 6.1.90（3584718cf2ec，arm64 计数器问题）',
    },
    architecture: 'arm64',
    remedies: ['socket-memory'],
    source: [
      'https://github.com/amazonlinux/amazon-linux-2023/issues/731',
      'https://github.com/kubernetes/kubernetes/issues/62334',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-30',
    component: 'kernel',
    title: { en: 'XFS on EL7 waits for contiguous memory', zh: 'EL7 上 XFS 因内存碎片而等待' },
    what: {
      en: '"XFS: … possible memory allocation deadlock in kmem_alloc" every two seconds; runc init hangs in D state. Compact memory, raise min_free_kbytes, upgrade.',
      zh: '每两秒一条“XFS: … possible memory allocation deadlock in kmem_alloc”，runc init 卡在 D 状态。整理内存碎片、调高 min_free_kbytes、升级内核。',
    },
    ranges: [{ stream: 'el7' }],
    remedies: ['compact-memory', 'kernel-upgrade'],
    source: ['https://github.com/opencontainers/runc/issues/2039'],
    confidence: 'reported',
  },
  {
    id: 'K-31',
    component: 'containerd',
    title: {
      en: 'containerd-shim leaks inotify instances on cgroup v2',
      zh: 'cgroup v2 上 containerd-shim 泄漏 inotify 实例',
    },
    what: {
      en: '"too many open files" or "failed to create fsnotify watcher"; inotify descriptors of a shim grow with container restarts. Upgrade containerd.',
      zh: '报“too many open files”或“failed to create fsnotify watcher”；shim 的 inotify 描述符随容器重启增长。应升级 containerd。',
    },
    // containerd/cgroups 1.0.3 has the fix (35b5b55); go.mod has it from these on.
    versions: [
      { of: 'containerd', fixed: '1.5.12' },
      { of: 'containerd', introduced: '1.6.0-alpha', fixed: '1.6.0-rc.3' },
    ],
    fixedIn: { en: 'containerd 1.5.12 and 1.6.0', zh: 'containerd 1.5.12 与 1.6.0' },
    condition: 'cgroup-v2',
    source: [
      'https://github.com/containerd/containerd/issues/5670',
      'https://github.com/containerd/cgroups/pull/212',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-32',
    component: 'containerd',
    title: { en: 'containerd-shim processes without a container', zh: '没有容器的 containerd-shim 进程残留' },
    what: {
      en: 'Seen with 1.4.0 and later: compare the number of shims with `crictl ps -a`.',
      zh: '见于 1.4.0 及以后：将 shim 数量与 `crictl ps -a` 对比。',
    },
    versions: [{ of: 'containerd', seenFrom: '1.4.0', affectedBefore: '1.6.2' }],
    source: ['https://github.com/containerd/containerd/issues/4297'],
    confidence: 'reported',
  },
  {
    id: 'K-33',
    component: 'kubelet',
    title: { en: 'kubelet itself leaks', zh: 'kubelet 自身内存泄漏' },
    what: {
      en: 'The rss of kubelet grows and kernel memory stays flat: 1.36.0 to 1.36.2, and 1.18 to 1.20 with cronjobs. Restart and upgrade kubelet.',
      zh: 'kubelet 的 rss 持续增长而内核内存平稳：1.36.0 到 1.36.2，以及 1.18 到 1.20 配合 CronJob。重启并升级 kubelet。',
    },
    versions: [
      { of: 'kubelet', seenFrom: '1.18', reportedBelow: '1.21' },
      { of: 'kubelet', introduced: '1.36.0', fixed: '1.36.3' },
    ],
    fixedIn: { en: 'Kubernetes 1.36.3', zh: 'Kubernetes 1.36.3' },
    source: [
      'https://github.com/kubernetes/kubernetes/pull/140066',
      'https://github.com/kubernetes/kubernetes/issues/101724',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-34',
    component: 'kubelet',
    title: {
      en: 'Since Kubernetes 1.28 an OOM kill takes the whole container',
      zh: 'Kubernetes 1.28 起 OOM kill 会杀掉整个容器',
    },
    what: {
      en: 'On cgroup v2 kubelet sets memory.oom.group, so all processes of the container are killed together. singleProcessOOMKill: true (1.32) restores the old behaviour.',
      zh: '在 cgroup v2 上 kubelet 会设置 memory.oom.group，容器内所有进程一起被杀。1.32 起可用 singleProcessOOMKill: true 恢复旧行为。',
    },
    versions: [{ of: 'kubelet', introduced: '1.28' }],
    byDesign: true,
    source: [
      'https://github.com/kubernetes/kubernetes/pull/117793',
      'https://github.com/kubernetes/kubernetes/pull/126096',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-35',
    component: 'runtime',
    title: {
      en: 'Go 1.12 to 1.15: MADV_FREE makes rss look leaked',
      zh: 'Go 1.12 到 1.15：MADV_FREE 让 rss 看似泄漏',
    },
    what: {
      en: 'Memory that Go has given back stays in rss until the kernel needs it. Set GODEBUG=madvdontneed=1 or use Go 1.16. Not a kernel leak.',
      zh: 'Go 归还的内存在内核需要之前仍计入 rss。设置 GODEBUG=madvdontneed=1 或使用 Go 1.16。不是内核泄漏。',
    },
    versions: [{ of: 'go', introduced: '1.12', fixed: '1.16' }],
    source: ['https://github.com/golang/go/issues/28466'],
    confidence: 'reported',
  },
  {
    id: 'K-36',
    component: 'runtime',
    title: { en: 'glibc keeps memory in one arena per thread', zh: 'glibc 按线程保留 malloc arena' },
    what: {
      en: 'rss rises to a plateau made of 64 MiB regions while the heap stays flat. Set MALLOC_ARENA_MAX=2 or use another allocator.',
      zh: '堆平稳，rss 却上涨后停在某个水平，由许多 64 MiB 的区域组成。设置 MALLOC_ARENA_MAX=2 或换用其他分配器。',
    },
    byDesign: true,
    source: [
      'https://github.com/prestodb/presto/issues/8993',
      'https://github.com/SAP/SapMachine/issues/2109',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-37',
    component: 'runtime',
    title: { en: 'Transparent huge pages inflate rss', zh: '透明大页使 rss 虚高' },
    what: {
      en: 'rss_huge or anon_thp is close to rss while the allocator counts far less. Set transparent_hugepage/enabled to madvise. The article’s own log has rss_huge 202752KB of rss 325384KB.',
      zh: 'rss_huge 或 anon_thp 接近 rss，而分配器统计少得多。把 transparent_hugepage/enabled 设为 madvise。文中日志即为 rss 325384KB 里有 rss_huge 202752KB。',
    },
    byDesign: true,
    source: ['https://github.com/coreos/bugs/issues/2635', 'https://github.com/jemalloc/jemalloc/issues/46'],
    confidence: 'reported',
  },
  {
    id: 'K-38',
    component: 'kernel',
    title: {
      en: 'Reading memory statistics is slow with many cgroups, live or dying',
      zh: 'cgroup（含 dying）很多时，读取内存统计很慢',
    },
    what: {
      en: 'Each read of memory.stat walks every cgroup below, dying ones included. kubelet and cAdvisor spend their time in the kernel (memcg_stat_show, mem_cgroup_iter), at worst up to soft lockups. Cure the dying cgroups; read less often.',
      zh: '每次读取 memory.stat 都要遍历其下所有 cgroup，包括 dying 的。kubelet 与 cAdvisor 的时间耗在内核里（memcg_stat_show、mem_cgroup_iter），严重时出现 soft lockup。应治理 dying memcg，并降低采集频率。',
    },
    ranges: [
      { stream: 'mainline', fixed: '5.13' },
      { stream: 'el7' },
      { stream: 'el8', affectedBefore: '241' },
    ],
    fixedIn: {
      en: '5.13: counters are summed up the tree (2d146aa3aa84)',
      zh: '5.13：统计改为沿树汇总（2d146aa3aa84）',
    },
    condition: 'many-memcgs',
    remedies: ['reclaim-cgroup', 'force-empty-cgroup', 'reduce-churn', 'kernel-upgrade'],
    source: [
      'https://git.kernel.org/torvalds/c/2d146aa3aa84',
      'https://github.com/google/cadvisor/issues/1774',
      'https://github.com/Atoptool/atop/issues/204',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-39',
    component: 'kernel',
    title: {
      en: 'Collecting memory.kmem.slabinfo of all cgroups stalls the node',
      zh: '批量读取 memory.kmem.slabinfo 会卡住节点',
    },
    what: {
      en: 'Each read holds the slab mutex, and creating cgroups waits for it. sos stopped collecting the file for that reason. Read one or two, never all.',
      zh: '每次读取都会持有 slab mutex，创建 cgroup 要排队等待。sos 因此不再采集该文件。读一两个即可，绝不要全部读取。',
    },
    // The file is empty from 5.9 and el8 348 (8.5) on; el8 240 (8.3) still had the table.
    ranges: [
      { stream: 'mainline', introduced: '3.8', fixed: '5.9' },
      { stream: 'el7' },
      { stream: 'el8', affectedBefore: '241', fixed: '348' },
    ],
    source: ['https://github.com/sosreport/sos/pull/2889'],
    confidence: 'verified',
  },
  {
    id: 'K-40',
    component: 'kernel',
    title: { en: 'nf_conntrack takes a lot of memory', zh: 'nf_conntrack 占用大量内存' },
    what: {
      en: 'kube-proxy allows 32768 entries per core. Not a leak unless the count stays low while the slab grows. Tune nf_conntrack_max and the timeouts.',
      zh: 'kube-proxy 默认每核允许 32768 条。除非计数不高而 slab 持续增长，否则不是泄漏。调整 nf_conntrack_max 与超时时间。',
    },
    byDesign: true,
    source: ['https://github.com/kubernetes/kubernetes/issues/72472'],
    confidence: 'reported',
  },
  {
    id: 'K-41',
    component: 'kernel',
    title: { en: 'ip6_dst_cache grows', zh: 'ip6_dst_cache 增长' },
    what: {
      en: 'IPv6 routes; on EL7 often the cache named in SLUB failures of a container. Raise net.ipv6.route.max_size or switch IPv6 off where it is not used.',
      zh: 'IPv6 路由缓存；在 EL7 上常是容器 SLUB 分配失败时点名的缓存。调高 net.ipv6.route.max_size，或在不用 IPv6 处将其关闭。',
    },
    ranges: [{ stream: 'el7' }, { stream: 'mainline', seenFrom: '4.0', affectedBefore: '5.0' }],
    source: ['https://github.com/opencontainers/runc/issues/1725'],
    confidence: 'reported',
  },
  {
    id: 'K-42',
    component: 'kernel',
    title: { en: 'Negative dentries and inodes fill the slab', zh: '负 dentry 与 inode 占满 slab' },
    what: {
      en: 'Looking up names that do not exist leaves negative dentries. They are reclaimable and no leak, but freeing millions at once can stall. Set vm.vfs_cache_pressure=200 and fix the program that looks them up.',
      zh: '查找不存在的文件名会留下负 dentry。可回收，不是泄漏，但一次释放数百万个会造成停顿。设置 vm.vfs_cache_pressure=200，并修正发起查找的程序。',
    },
    byDesign: true,
    remedies: ['reclaim-cgroup', 'drop-page-cache'],
    source: ['https://github.com/lxc/lxc/issues/3143', 'https://github.com/kubernetes/dns/issues/621'],
    confidence: 'reported',
  },
  {
    id: 'K-43',
    component: 'kernel',
    title: { en: 'io_uring leaks', zh: 'io_uring 泄漏' },
    what: {
      en: '5.12 to 5.13.5 leak memory of failed rings; io_uring_setup gives ENOMEM. Upgrade, or kernel.io_uring_disabled (6.6).',
      zh: '5.12 到 5.13.5 在建环失败时泄漏内存，io_uring_setup 返回 ENOMEM。升级内核，或使用 kernel.io_uring_disabled（6.6 起）。',
    },
    ranges: [{ stream: 'mainline', introduced: '5.12', fixed: '5.13.6' }],
    source: ['https://github.com/CloudSecurityAlliance/gsd-database/issues/446'],
    confidence: 'reported',
  },
  {
    id: 'K-44',
    component: 'kernel',
    title: { en: 'overlayfs keeps inodes of container images', zh: 'overlayfs 保留容器镜像的 inode' },
    what: {
      en: 'ovl_inode is large on nodes with many containers. No kernel leak was found behind it: remove unused containers and images.',
      zh: '容器多的节点上 ovl_inode 较大。未发现与之相关的内核泄漏：清理不用的容器与镜像即可。',
    },
    byDesign: true,
    source: ['https://github.com/docker/cli/issues/3171'],
    confidence: 'unverified',
  },
  {
    id: 'K-45',
    component: 'kernel',
    title: {
      en: 'Soft lockups in inode_switch_wbs with many dying cgroups',
      zh: 'dying memcg 很多时 inode_switch_wbs 触发 soft lockup',
    },
    what: {
      en: 'Azure Linux 3.0 with 6.6.141.1, fixed in 6.6.150.1. Until then create and remove fewer cgroups.',
      zh: 'Azure Linux 3.0 的 6.6.141.1，6.6.150.1 修复。在此之前减少 cgroup 的创建与删除。',
    },
    ranges: [{ stream: 'azl', introduced: '6.6.141', fixed: '6.6.150' }],
    remedies: ['reduce-churn', 'kernel-upgrade'],
    source: ['https://github.com/microsoft/azurelinux/issues/18443'],
    confidence: 'reported',
  },
  {
    id: 'K-46',
    component: 'kernel',
    title: {
      en: 'page_counter underflow: a cgroup’s counters are wrong',
      zh: 'page_counter underflow：cgroup 计数出错',
    },
    what: {
      en: 'The kernel gave back more pages than were charged. Usage of that cgroup cannot be trusted until it is recreated. Report it with the stack.',
      zh: '内核归还的页多于记账的页。该 cgroup 的用量在重建之前不再可信。请附调用栈上报。',
    },
    // Of every kernel that has the counter (3.19) on; which ones are wrong only the message tells.
    ranges: [{ stream: 'mainline', introduced: '3.19' }, { stream: 'el8' }, { stream: 'el9' }],
    remedies: ['report-kernel-bug'],
    source: ['mm/page_counter.c'],
    confidence: 'verified',
  },
  {
    id: 'K-47',
    component: 'kernel',
    title: {
      en: 'Out-of-tree modules leak slab or percpu memory',
      zh: '树外内核模块泄漏 slab 或 percpu 内存',
    },
    what: {
      en: '"Tainted: OE" and one kmalloc-N that grows with traffic or network namespaces: PF_RING, Jool, security agents. Unload or upgrade the module.',
      zh: '内核“Tainted: OE”，且某个 kmalloc-N 随流量或网络命名空间增长：PF_RING、Jool、安全 agent 等。卸载或升级模块。',
    },
    versions: [
      { of: 'pf_ring', introduced: '8.2' },
      { of: 'jool', introduced: '3.3', fixed: '3.3.3' },
      { of: 'jool', introduced: '3.5', fixed: '3.5.1' },
    ],
    remedies: ['find-slab-owner'],
    source: ['https://github.com/ntop/PF_RING/issues/1001', 'https://github.com/NICMx/Jool/issues/229'],
    confidence: 'reported',
  },
  {
    id: 'K-48',
    component: 'kubelet',
    title: {
      en: 'Pod cgroups are left after a change of cgroup driver',
      zh: '切换 cgroup 驱动后残留 Pod cgroup',
    },
    what: {
      en: 'kubepods/ and kubepods.slice/ both exist, with pod directories that have no processes. Drain and reboot when changing the driver; remove the empty ones leaves first.',
      zh: 'kubepods/ 与 kubepods.slice/ 同时存在，Pod 目录里没有进程。切换驱动时应排空并重启；空目录从叶子开始删除。',
    },
    byDesign: true,
    condition: 'two-drivers',
    remedies: ['remove-empty-cgroups', 'drain-and-reboot'],
    source: [
      'https://github.com/kubernetes/kubernetes/issues/108908',
      'https://github.com/kubernetes/kubernetes/issues/123766',
    ],
    confidence: 'reported',
  },
  {
    id: 'K-49',
    component: 'systemd',
    title: { en: 'systemd sets a memory limit of 0 on 3.10', zh: 'systemd 在 3.10 上把内存限制写成 0' },
    what: {
      en: 'It writes 2^64-1 for "no limit" and 3.10 makes 0 of it: everything in the slice is killed. Brought and fixed before 231 was released (July 2016): found in snapshots and in packages that took the change over.',
      zh: 'systemd 以 2^64-1 表示无限制，3.10 会当成 0：该 slice 内的进程全被杀掉。在 231 发布之前（2016 年 7 月）引入并修复：只见于快照版以及移植了该改动的软件包。',
    },
    // 3.19 counts pages in another way, which takes the number for no limit.
    ranges: [{ stream: 'el7' }, { stream: 'mainline', fixed: '3.19' }],
    // Brought (pull request 3315) and mended (3673) between 230 and 231: in no release, in snapshots and what took the change over.
    versions: [{ of: 'systemd', introduced: '231~git', fixed: '231' }],
    fixedIn: { en: 'systemd 231', zh: 'systemd 231' },
    condition: 'limit-of-zero',
    source: ['https://github.com/systemd/systemd/pull/3673'],
    confidence: 'reported',
  },
  {
    id: 'K-50',
    component: 'docker',
    title: {
      en: 'Docker 1.12 and 17.03 leave cgroups of OOM-killed containers',
      zh: 'Docker 1.12/17.03 残留被 OOM kill 容器的 cgroup',
    },
    what: {
      en: 'Container directories stay below the pod after each restart. Remove the empty ones and upgrade Docker.',
      zh: '每次重启后容器目录都残留在 Pod 之下。删除空目录并升级 Docker。',
    },
    versions: [{ of: 'docker', seenFrom: '1.12', affectedBefore: '17.04' }],
    remedies: ['remove-empty-cgroups'],
    source: ['https://github.com/moby/moby/issues/35601'],
    confidence: 'reported',
  },
  {
    id: 'K-51',
    component: 'kernel',
    title: { en: 'inotify watches run out', zh: 'inotify watch 用尽' },
    what: {
      en: '"inotify_add_watch …: no space left on device" is fs.inotify.max_user_watches, neither the disk nor memory cgroup ids. Raise the limit or find who leaks watches.',
      zh: '“inotify_add_watch …: no space left on device”指 fs.inotify.max_user_watches 用尽，既不是磁盘也不是内存 cgroup ID。调高上限，或找出泄漏 watch 的程序。',
    },
    byDesign: true,
    source: [
      'https://github.com/kubernetes/kubernetes/issues/10421',
      'https://github.com/kubernetes/kubernetes/issues/70324',
    ],
    confidence: 'reported',
  },
]

/** The defects that every diagnosis judges, by versions and by what is seen on the node. */
export const judgedDefects = [
  'K-01',
  'K-02',
  'K-03',
  'K-04',
  'K-05',
  'K-06',
  'K-07',
  'K-08',
  'K-09',
  'K-12',
  'K-13',
  'K-14',
  'K-16',
  'K-20',
  'K-21',
  'K-22',
  'K-25',
  'K-26',
  'K-31',
  'K-32',
  'K-33',
  'K-38',
  'K-48',
  'K-49',
] as const

/** Those, and the ones that only a finding names by its symptoms. */
export type DefectId =
  | (typeof judgedDefects)[number]
  | 'K-10'
  | 'K-11'
  | 'K-15'
  | 'K-17'
  | 'K-23'
  | 'K-24'
  | 'K-27'
  | 'K-28'
  | 'K-29'
  | 'K-30'
  | 'K-37'
  | 'K-39'
  | 'K-42'
  | 'K-45'
  | 'K-46'
  | 'K-47'
  | 'K-50'

export type { DefectCondition } from './defect.ts'

const byId: ReadonlyMap<string, Defect> = new Map(kernelDefects.map(row => [row.id, row]))

/** The defect of that id, `K-44`; undefined where there is none. */
export function defectById(id: string): Defect | undefined {
  return byId.get(id)
}

/** One of the judged defects. */
export function defect(id: DefectId): Defect {
  const row = byId.get(id)
  if (row === undefined) throw new Error(`no row for ${id}`)
  return row
}

/**
 * Whether versions alone say that a node has the defect. Whether its condition is met on the node is for the caller; an
 * id that is not known cannot be told, nor can a component whose version is not at hand.
 */
export function defectStatus(
  id: string,
  release: KernelRelease | undefined,
  software?: readonly SoftwareVersion[],
): DefectJudgement {
  const row = byId.get(id)
  return row === undefined
    ? { status: 'cannot-tell', why: 'no-range' }
    : judgeVersions(row, { release, software })
}
