// Why something could not be judged, and what would let it be judged. Detectors name the keys, renderers the sentences.

import { text } from '../base/text.ts'

/** Why a judgement could not be made. `{path}` is what was looked for. */
export const unknownReasons = text({
  en: {
    'kernel-log-not-read': 'no kernel log could be read',
    'no-kernel-records': 'nothing in the log comes from the kernel',
    'kernel-log-excerpt':
      'the log holds selected lines only (as from grep); what is missing may have been printed',
    'log-without-stamps':
      'no line of {path} has a time stamp: whether it is a kernel log, and the whole of one, cannot be told',
    'kernel-ring-not-read': 'the kernel ring buffer could not be read',
    'kernel-log-lost-records': 'records were lost in the middle of {path}',
    'older-left-out':
      'the log has reports from before the time asked for with --since; they were not looked at',
    'memcg-tree-not-read': 'the memory cgroup tree could not be read',
    'part-of-the-hierarchy': 'only a part of the cgroup hierarchy is visible from here',
    'memcg-tree-incomplete': 'some memory cgroups could not be read',
    'kmem-usage-not-read': 'the kernel memory of some cgroups could not be read',
    'tasks-not-read': 'whether a process is in some cgroups could not be read ({path})',
    'pods-not-listed':
      'no list of this node’s pods and containers could be read: whether {path}, in which no process is, should be gone is not known',
    'pods-not-named': 'what some pods and containers are called could not be read ({path})',
    'memory-stat-not-read': 'the usage or memory.stat of some containers could not be read',
    'kmem-not-split':
      'cgroup v1 gives kernel memory as one number: how much of it is slab, page tables or BPF maps it does not tell ({path})',
    'shmem-not-told':
      'how much of a pod’s shared memory removed containers left cannot be told here; before 4.13 it is not told from page cache either ({path})',
    'kubelet-formula-not-known':
      'which memory of a v2 node the kubelet counts depends on its version, which is not at hand',
    'huge-page-mode-not-read':
      'whether huge pages are given to all anonymous memory could not be read ({path})',
    'tcp-memory-not-read': 'what TCP sockets of the node take and may take could not be read',
    'bpf-maps-not-read':
      'the descriptors of a cgroup with much kernel memory could not be read, nor with them its BPF maps ({path})',
    'limit-not-read': 'the memory limit of some cgroups could not be read',
    'oom-counter-not-read': 'the OOM kill counter of some cgroups could not be read',
    'kill-counted-not-told':
      'a cgroup counts OOM kills that are not in the log; the counter does not show whose limit was hit',
    'cgroup-stat-not-read': 'cgroup.stat of the root cgroup could not be read',
    'proc-cgroups-not-read': '/proc/cgroups could not be read',
    'slab-names-not-read':
      'the names under /sys/kernel/slab could not be read, and this kernel gives no other sign',
    'dying-not-counted':
      'on this kernel no file tells for certain how many removed memory cgroups are not freed',
    'kernel-release-not-known': 'the kernel release is not known',
    'kmem-default-unknown':
      'whether this kernel charges kernel memory to cgroups by default or only where asked is not known',
    'meminfo-not-read': '/proc/meminfo could not be read',
    'buddyinfo-not-read': '/proc/buddyinfo could not be read',
    'oom-scope-unknown': 'an OOM report in the log does not show whose limit was hit',
    'kmem-without-usage': 'the log gives the kernel memory but not the total usage it is a part of',
    'defect-component-version':
      'no version of the runtime, kubelet or systemd at hand tells whether it is affected ({path})',
    'defect-boundary': 'whether this very kernel has the fix is not established ({path})',
    'defect-cannot-tell': 'for some known defects it cannot be told whether this node has them',
    'id-scheme-unknown': 'whether removed cgroups keep their id on this kernel is not known',
    'kmemleak-not-built': 'this kernel is built without kmemleak',
    'kmemleak-no-sign': 'nothing shows that this kernel has kmemleak, the detector of leaks it is judged by',
    'kmemleak-off':
      'kmemleak is in this kernel and off ({path}): that it reports nothing says nothing about leaks',
    'kmemleak-gave-up':
      'kmemleak switched itself off for lack of memory or by an error of its own ({path}): it reports nothing since',
    'kmemleak-state-not-told':
      'kmemleak reports nothing, and what could be read does not show whether it is on; a detector that is off reads empty, too',
    'kmemleak-suspects-gone':
      'scans of kmemleak announced suspects that its file lists no longer ({path}): they were freed, a pointer to them was found, or somebody cleared the list',
    'kmemleak-not-read': 'kmemleak is in this kernel, and its file {path} could not be read',
    'debugfs-not-mounted': 'debugfs is not mounted, and with it {path} is not there',
    'debugfs-denied': '{path} can be read by root alone',
    'debugfs-locked': 'the kernel is locked down and forbids reading {path}',
    'slub-debug-off':
      'nothing shows that slab debugging (slub_debug) is on; without it the kernel does not notice when slab memory is damaged',
    'slub-debug-part': 'slab debugging looks at a part of the caches only ({path})',
    'detector-failed': 'this check failed; that is a bug in kmemscope',
  },
  zh: {
    'kernel-log-not-read': '没有读到内核日志',
    'no-kernel-records': '日志里没有内核输出的内容',
    'kernel-log-excerpt': '日志只有筛选出来的行（如 grep 的结果），没有的内容也可能打印过',
    'log-without-stamps': '{path} 没有一行带时间戳：看不出它是不是内核日志、是否完整',
    'kernel-ring-not-read': '没有读到内核环形缓冲区',
    'kernel-log-lost-records': '{path} 中间丢失了一些记录',
    'older-left-out': '日志里有早于 --since 所指时间的报告，没有查看',
    'memcg-tree-not-read': '没有读到内存 cgroup 树',
    'part-of-the-hierarchy': '从这里只能看到 cgroup 层级的一部分',
    'memcg-tree-incomplete': '部分内存 cgroup 没有读到',
    'kmem-usage-not-read': '部分 cgroup 的内核内存用量没有读到',
    'tasks-not-read': '有些 cgroup 里有没有进程，没有读到（{path}）',
    'pods-not-named': '没能读到部分 Pod 和容器的名称（{path}）',
    'pods-not-listed': '没有读到本节点的 Pod 和容器列表：{path} 里没有进程，但不知道它是否本应删除',
    'memory-stat-not-read': '部分容器的用量或 memory.stat 没有读到',
    'kmem-not-split': 'cgroup v1 的内核内存只有一个总数，看不出其中 slab、页表、BPF map 各占多少（{path}）',
    'shmem-not-told':
      '看不出某个 Pod 的共享内存中有多少是已删除的容器留下的；4.13 之前的内核还不区分它与页缓存（{path}）',
    'kubelet-formula-not-known': 'v2 节点上 kubelet 把哪些内存算作已用取决于其版本，而版本没有查到',
    'huge-page-mode-not-read': '没有读到透明大页是否对所有匿名内存启用（{path}）',
    'tcp-memory-not-read': '没有读到节点上 TCP socket 占用的内存及其上限',
    'bpf-maps-not-read': '某个内核内存较多的 cgroup，其文件描述符没有读到，因此不知道它的 BPF map（{path}）',
    'limit-not-read': '有些 cgroup 的内存限制读不到',
    'oom-counter-not-read': '部分 cgroup 的 OOM kill 计数没有读到',
    'kill-counted-not-told': '有 cgroup 记有 OOM kill，日志里却没有；从计数器看不出达到的是谁的限制',
    'cgroup-stat-not-read': '没有读到根 cgroup 的 cgroup.stat',
    'proc-cgroups-not-read': '没有读到 /proc/cgroups',
    'slab-names-not-read': '没有读到 /sys/kernel/slab 下的名字，而在这个内核上没有其他迹象可查',
    'dying-not-counted': '在这个内核上没有文件能确切说明有多少已删除的内存 cgroup 没有释放',
    'kernel-release-not-known': '不知道内核版本',
    'kmem-default-unknown': '不知道这个内核是默认对 cgroup 计入内核内存，还是要手动开启',
    'meminfo-not-read': '没有读到 /proc/meminfo',
    'buddyinfo-not-read': '没有读到 /proc/buddyinfo',
    'oom-scope-unknown': '日志里有一份 OOM 报告看不出达到的是谁的限制',
    'kmem-without-usage': '日志里有内核内存用量，却没有包含它的总用量',
    'defect-component-version': '没有查到运行时、kubelet 或 systemd 的版本，无法判断是否受影响（{path}）',
    'defect-boundary': '尚不确定这个内核是否含有修复（{path}）',
    'defect-cannot-tell': '无法判断本节点是否存在某些已知缺陷',
    'id-scheme-unknown': '不知道在这个内核上，已删除的 cgroup 是否仍占用 ID',
    'kmemleak-not-built': '这个内核没有编入 kmemleak',
    'kmemleak-no-sign': '没有迹象表明这个内核有 kmemleak（判断泄漏要靠它）',
    'kmemleak-off': '内核编入了 kmemleak，但没有启用（{path}）：没有报告不代表没有泄漏',
    'kmemleak-gave-up': 'kmemleak 因内存不足或自身出错而自行关闭（{path}），此后不再报告',
    'kmemleak-state-not-told':
      'kmemleak 没有报告任何东西，但从读到的内容看不出它是否启用；关闭时读出来也是空的',
    'kmemleak-suspects-gone':
      'kmemleak 的扫描报告过疑似泄漏，但它的文件现在不再列出（{path}）：可能已释放、找到了指针，或有人清空了列表',
    'kmemleak-not-read': '内核编入了 kmemleak，但它的文件 {path} 没有读到',
    'debugfs-not-mounted': 'debugfs 没有挂载，因此没有 {path}',
    'debugfs-denied': '{path} 只有 root 能读',
    'debugfs-locked': '内核处于 lockdown 模式，禁止读取 {path}',
    'slub-debug-off': '没有迹象表明开启了 slab 调试（slub_debug）；不开启时，slab 内存被写坏内核不会发现',
    'slub-debug-part': 'slab 调试只检查一部分缓存（{path}）',
    'detector-failed': '该项检查出错，这是 kmemscope 自身的 bug',
  },
})

/** How to make it knowable. */
export const unknownRemedies = text({
  en: {
    'run-as-root': 'run as root: sudo kmemscope diagnose',
    'pass-kernel-log':
      'pass the whole log: dmesg > dmesg.txt; kmemscope diagnose dmesg.txt (or: journalctl -k -o short-iso | kmemscope diagnose -)',
    'read-persistent-log':
      'pass the log kept on disk: journalctl -k -o short-iso | kmemscope diagnose - (or /var/log/messages)',
    'pass-node-files':
      'run kmemscope on the node, or copy the missing file into the directory and run it again',
    'mount-cgroup': 'mount the memory controller, or pass the host’s root: kmemscope diagnose --root /host',
    'leave-cgroup-namespace':
      'run kmemscope on the host, or in a container that mounts the host’s root: kmemscope diagnose --root /host',
    'compare-versions':
      'compare runc --version, kubelet --version and systemctl --version with what kmemscope explain says of them (kmemscope explain K-04)',
    'ask-distributor':
      'look for the fix in the changelog of this kernel package (rpm -q --changelog kernel, apt changelog linux-image-$(uname -r))',
    'list-pods':
      'run kmemscope on the node as root, where the socket of the container runtime or the kubelet can be asked',
    'name-runtime-socket':
      'say where the container runtime’s socket is: CONTAINER_RUNTIME_ENDPOINT=unix:///run/containerd/containerd.sock kmemscope …',
    'drop-since': 'run again without --since, or with a longer time',
    'boot-debug-kernel':
      'on a test node boot a kernel built with CONFIG_DEBUG_KMEMLEAK=y, with kmemleak=on (kmemscope explain kmemleak-enable)',
    'boot-kmemleak-on':
      'boot with kmemleak=on; until the next boot it cannot be switched on (kmemscope explain kmemleak-enable)',
    'enlarge-kmemleak-pool':
      'boot a kernel built with a larger CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE (up to 5.3: CONFIG_DEBUG_KMEMLEAK_EARLY_LOG_SIZE), with more memory free',
    'try-kmemleak-scan': 'kmemscope kmemleak --scan: a detector that is off refuses to scan',
    'scan-with-kmemleak':
      'kmemscope kmemleak --scan while the workload runs; what was cleared is not reported again before the next boot',
    'pass-kmemleak':
      'save its file on the node and pass it with the log: cat /sys/kernel/debug/kmemleak > kmemleak.txt; kmemscope diagnose dmesg.txt kmemleak.txt',
    'mount-debugfs': 'mount it: mount -t debugfs nodev /sys/kernel/debug',
    'leave-lockdown': 'on a test node boot without lockdown= and with Secure Boot off',
    'boot-with-slub-debug':
      'only where corruption is suspected: boot with slub_debug=FZP,CACHE for the cache in question (kmemscope explain slub-debug-cache)',
    'report-bug': 'run again with KMEMSCOPE_DEBUG=1 and report what it prints',
    'shorten-log': 'split the file or save it again; everything before that point was read',
    none: 'nothing to do: this kernel or node does not have it',
  },
  zh: {
    'run-as-root': '以 root 运行：sudo kmemscope diagnose',
    'pass-kernel-log':
      '提供完整的日志：dmesg > dmesg.txt; kmemscope diagnose dmesg.txt（或 journalctl -k -o short-iso | kmemscope diagnose -）',
    'read-persistent-log':
      '提供磁盘上保存的日志：journalctl -k -o short-iso | kmemscope diagnose -（或 /var/log/messages）',
    'pass-node-files': '在节点上直接运行，或把缺少的文件复制到目录里再重新运行',
    'mount-cgroup': '挂载内存控制器，或指定宿主机根目录：kmemscope diagnose --root /host',
    'leave-cgroup-namespace':
      '在宿主机上运行，或在挂载了宿主机根目录的容器里运行：kmemscope diagnose --root /host',
    'compare-versions':
      '把 runc --version、kubelet --version、systemctl --version 与 kmemscope explain 对它们的说明对照（如 kmemscope explain K-04）',
    'ask-distributor':
      '在该内核包的更新日志里查找修复（rpm -q --changelog kernel，apt changelog linux-image-$(uname -r)）',
    'list-pods': '在节点上以 root 运行 kmemscope，以便向容器运行时的 socket 或 kubelet 查询',
    'name-runtime-socket':
      '指明容器运行时 socket 的位置：CONTAINER_RUNTIME_ENDPOINT=unix:///run/containerd/containerd.sock kmemscope …',
    'drop-since': '去掉 --since 或放宽时间后重新运行',
    'boot-debug-kernel':
      '在测试节点上启动编入 CONFIG_DEBUG_KMEMLEAK=y 的内核，并加上 kmemleak=on（kmemscope explain kmemleak-enable）',
    'boot-kmemleak-on': '以 kmemleak=on 启动；下次启动前无法打开（kmemscope explain kmemleak-enable）',
    'enlarge-kmemleak-pool':
      '启动 CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE（5.3 及以前为 CONFIG_DEBUG_KMEMLEAK_EARLY_LOG_SIZE）更大的内核，并留出更多空闲内存',
    'try-kmemleak-scan': 'kmemscope kmemleak --scan：关闭时会拒绝扫描',
    'scan-with-kmemleak': '在负载运行时执行 kmemscope kmemleak --scan；已被清空的在下次启动前不会再报告',
    'pass-kmemleak':
      '在节点上保存它的文件，与日志一起提供：cat /sys/kernel/debug/kmemleak > kmemleak.txt; kmemscope diagnose dmesg.txt kmemleak.txt',
    'mount-debugfs': '挂载它：mount -t debugfs nodev /sys/kernel/debug',
    'leave-lockdown': '在测试节点上不带 lockdown= 启动，并关闭 Secure Boot',
    'boot-with-slub-debug':
      '仅在怀疑内存被写坏时：对有问题的缓存以 slub_debug=FZP,缓存名 启动（kmemscope explain slub-debug-cache）',
    'report-bug': '设置 KMEMSCOPE_DEBUG=1 重新运行，并反馈其输出',
    'shorten-log': '拆分文件或重新保存；该处之前的内容已经读取',
    none: '无需处理：这个内核或节点本来就没有',
  },
})

export type UnknownReason = keyof typeof unknownReasons.en
export type UnknownRemedy = keyof typeof unknownRemedies.en

/**
 * Reasons that say no more than that a debugging instrument, which ordinary kernels do not have or have off, is not at
 * work: told in one line, and no hole in what kmemscope looked at.
 */
export const instrumentOff: ReadonlySet<UnknownReason> = new Set<UnknownReason>([
  'kmemleak-not-built',
  'kmemleak-no-sign',
  'kmemleak-off',
  'slub-debug-off',
  'slub-debug-part',
])
