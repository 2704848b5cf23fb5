// Names of slab caches and whose they are. Merged caches share one name: SLUB puts caches of one size and like
// flags together, and /proc/slabinfo shows the name that came first (mm/slab_common.c, Documentation/mm/slub.rst).

import type { Bilingual } from './bilingual.ts'

export interface SlabCacheRow {
  /** `dentry`; `kmalloc-*` for a family of sizes. */
  readonly name: string
  /** Names that mean the same owner; a trailing * stands for any ending. */
  readonly also?: readonly string[]
  /** Members of a family. */
  readonly sized?: RegExp
  /** Counted as SReclaimable. That it can be reclaimed does not say that its users let it. */
  readonly reclaimable: boolean
  readonly owner: Bilingual
  readonly grows: Bilingual
  readonly source: readonly [string, ...string[]]
}

/** What a reader of any cache's name must know. */
export const MERGING: Bilingual = {
  en: 'The name may belong to several merged caches: ls -l /sys/kernel/slab shows links that point to the same place. The boot option slab_nomerge (slub_nomerge on 3.10) keeps them apart.',
  zh: '该名字可能由多个合并的缓存共用：ls -l /sys/kernel/slab 里指向同一处的链接即是。启动参数 slab_nomerge（3.10 上为 slub_nomerge）可使其分开。',
}

/** What a suffix `(1683:698bb…)` says. */
export const PER_CGROUP: Bilingual = {
  en: 'The suffix (id:cgroup) names the copy of one memory cgroup: the last part of its path, a pod directory or a container id. Kernels up to 5.8 with kernel memory accounting make them; the copy of a cgroup that is gone is a leak (K-01, K-09).',
  zh: '后缀 (id:cgroup) 表示某个内存 cgroup 的私有副本：冒号后是 cgroup 路径的最后一段，即 Pod 目录或容器 ID。5.8 及以前开启 kmem accounting 的内核才有；若对应的 cgroup 已不存在，就是泄漏（K-01、K-09）。',
}

export const slabCaches: readonly SlabCacheRow[] = [
  {
    name: 'dentry',
    reclaimable: true,
    owner: { en: 'names of files (VFS)', zh: '文件名缓存（VFS）' },
    grows: {
      en: 'Every name looked up stays until memory is short, those that do not exist too (negative dentries). Large with many files, image layers or programs that probe for missing files.',
      zh: '查找过的每个名字都会保留到内存紧张为止，不存在的名字也一样（负 dentry）。文件多、镜像层多、反复探测不存在的文件时会很大。',
    },
    source: ['fs/dcache.c'],
  },
  {
    name: 'inode_cache',
    reclaimable: true,
    owner: { en: 'inodes of filesystems without a cache of their own', zh: '没有专用缓存的文件系统的 inode' },
    grows: {
      en: 'Grows with pipes, anonymous inodes and pseudo-filesystems.',
      zh: '随管道、匿名 inode 与伪文件系统增长。',
    },
    source: ['fs/inode.c'],
  },
  {
    name: 'proc_inode_cache',
    reclaimable: true,
    owner: { en: 'inodes of /proc', zh: '/proc 的 inode' },
    grows: {
      en: 'Grows with whatever reads /proc of many processes: monitoring agents, ps, lsof.',
      zh: '随大量读取各进程 /proc 的程序增长：监控 agent、ps、lsof。',
    },
    source: ['fs/proc/inode.c'],
  },
  {
    name: 'sock_inode_cache',
    reclaimable: true,
    owner: { en: 'sockets (VFS side)', zh: 'socket 的 inode' },
    grows: {
      en: 'One for each open socket; grows when connections are not closed. Counted as reclaimable, yet freed only by closing them.',
      zh: '每个打开的 socket 一个；连接未关闭时增长。虽计入可回收，但只有关闭才释放。',
    },
    source: ['net/socket.c'],
  },
  {
    name: 'shmem_inode_cache',
    reclaimable: true,
    owner: { en: 'files on tmpfs, /dev/shm, memfd', zh: 'tmpfs、/dev/shm、memfd 上的文件' },
    grows: {
      en: 'One for each file; stays until the file is deleted, whatever the memory pressure.',
      zh: '每个文件一个；无论内存多紧张，删除文件之前都不释放。',
    },
    source: ['mm/shmem.c'],
  },
  {
    name: 'ext4_inode_cache',
    reclaimable: true,
    owner: { en: 'inodes of ext4', zh: 'ext4 的 inode' },
    grows: {
      en: 'Files opened or listed; a cache, reclaimed under memory pressure.',
      zh: '打开或列出过的文件；属于缓存，内存紧张时会被回收。',
    },
    source: ['fs/ext4/super.c'],
  },
  {
    name: 'xfs_inode',
    reclaimable: true,
    owner: { en: 'inodes of XFS', zh: 'XFS 的 inode' },
    grows: {
      en: 'Files opened or listed; a cache. Under cgroup v1 it can fill a container’s limit before it is reclaimed.',
      zh: '打开或列出过的文件；属于缓存。在 cgroup v1 下可能在回收之前占满容器限制。',
    },
    source: ['fs/xfs/xfs_super.c'],
  },
  {
    name: 'xfs_ili',
    reclaimable: true,
    owner: { en: 'log items of XFS inodes', zh: 'XFS inode 的日志项' },
    grows: { en: 'Follows xfs_inode where files are changed.', zh: '文件被修改时随 xfs_inode 增长。' },
    source: ['fs/xfs/xfs_super.c'],
  },
  {
    name: 'xfs_buf',
    reclaimable: true,
    owner: { en: 'metadata buffers of XFS', zh: 'XFS 元数据缓冲' },
    grows: { en: 'Directory and inode blocks read; a cache.', zh: '读取过的目录块与 inode 块；属于缓存。' },
    source: ['fs/xfs/xfs_buf.c'],
  },
  {
    name: 'btrfs_inode',
    reclaimable: true,
    owner: { en: 'inodes of btrfs', zh: 'btrfs 的 inode' },
    grows: { en: 'Files opened or listed; a cache.', zh: '打开或列出过的文件；属于缓存。' },
    source: ['fs/btrfs/inode.c'],
  },
  {
    name: 'ovl_inode',
    reclaimable: true,
    owner: { en: 'inodes of overlayfs', zh: 'overlayfs 的 inode' },
    grows: {
      en: 'Files of container images opened; grows with the number of containers.',
      zh: '打开过的容器镜像文件；随容器数量增长。',
    },
    source: ['fs/overlayfs/super.c'],
  },
  {
    name: 'nfs_inode_cache',
    reclaimable: true,
    owner: { en: 'inodes of NFS', zh: 'NFS 的 inode' },
    grows: { en: 'Files of NFS volumes opened; a cache.', zh: '打开过的 NFS 卷文件；属于缓存。' },
    source: ['fs/nfs/inode.c'],
  },
  {
    name: 'fuse_inode',
    reclaimable: true,
    owner: { en: 'inodes of FUSE', zh: 'FUSE 的 inode' },
    grows: {
      en: 'Files of FUSE volumes (ceph-fuse, s3fs, lxcfs) opened.',
      zh: '打开过的 FUSE 卷文件（ceph-fuse、s3fs、lxcfs）。',
    },
    source: ['fs/fuse/inode.c'],
  },
  {
    name: 'ceph_inode_info',
    reclaimable: true,
    owner: { en: 'inodes of CephFS', zh: 'CephFS 的 inode' },
    grows: { en: 'Files of CephFS volumes opened.', zh: '打开过的 CephFS 卷文件。' },
    source: ['fs/ceph/super.c'],
  },
  {
    name: 'kernfs_node_cache',
    reclaimable: false,
    owner: { en: 'entries of sysfs and cgroupfs', zh: 'sysfs 与 cgroupfs 的节点' },
    grows: {
      en: 'About a hundred for each cgroup directory; grows with live cgroups and with slab caches per cgroup.',
      zh: '每个 cgroup 目录约上百个；随存活 cgroup 与每 cgroup 的 slab 缓存增长。',
    },
    source: ['fs/kernfs/mount.c'],
  },
  {
    name: 'buffer_head',
    reclaimable: true,
    owner: { en: 'block buffers of ext4 and block devices', zh: 'ext4 与块设备的块缓冲' },
    grows: {
      en: 'One for each block of cached file data; goes with the page cache.',
      zh: '每个缓存的文件块一个；随页缓存释放。',
    },
    source: ['fs/buffer.c'],
  },
  {
    name: 'jbd2_journal_head',
    reclaimable: false,
    owner: { en: 'journal of ext4', zh: 'ext4 日志' },
    grows: { en: 'Grows with metadata writes, shrinks at commit.', zh: '随元数据写入增长，提交后回落。' },
    source: ['fs/jbd2/journal.c'],
  },
  {
    name: 'radix_tree_node',
    also: ['xarray_node'],
    reclaimable: true,
    owner: { en: 'index of the page cache (and of many id tables)', zh: '页缓存的索引（以及许多 ID 表）' },
    grows: {
      en: 'Large sparse files, much page cache, shadow entries of evicted pages.',
      zh: '大的稀疏文件、大量页缓存、被回收页留下的 shadow 项。',
    },
    source: ['lib/radix-tree.c'],
  },
  {
    name: 'filp',
    also: ['files_cache'],
    reclaimable: false,
    owner: { en: 'open files', zh: '打开的文件' },
    grows: {
      en: 'One for each open file, pipe and socket; grows when descriptors leak.',
      zh: '每个打开的文件、管道、socket 一个；描述符泄漏时增长。',
    },
    source: ['fs/file_table.c'],
  },
  {
    name: 'task_struct',
    reclaimable: false,
    owner: { en: 'threads', zh: '线程' },
    grows: {
      en: 'One for each thread, about 6 to 10 KiB with its stack beside it; grows with threads and zombies.',
      zh: '每个线程一个，约 6 到 10 KiB，另有内核栈；随线程与僵尸进程增长。',
    },
    source: ['kernel/fork.c'],
  },
  {
    name: 'signal_cache',
    reclaimable: false,
    owner: { en: 'processes', zh: '进程' },
    grows: {
      en: 'One for each process. Often merged with UNIX sockets, whose count it then shows.',
      zh: '每个进程一个。常与 UNIX socket 合并，此时显示的是后者的数量。',
    },
    source: ['kernel/fork.c'],
  },
  {
    name: 'sighand_cache',
    reclaimable: false,
    owner: { en: 'signal handlers of processes', zh: '进程的信号处理表' },
    grows: { en: 'One for each process.', zh: '每个进程一个。' },
    source: ['kernel/fork.c'],
  },
  {
    name: 'mm_struct',
    reclaimable: false,
    owner: { en: 'address spaces', zh: '地址空间' },
    grows: { en: 'One for each process.', zh: '每个进程一个。' },
    source: ['kernel/fork.c'],
  },
  {
    name: 'vm_area_struct',
    reclaimable: false,
    owner: { en: 'mappings of processes', zh: '进程的内存映射' },
    grows: {
      en: 'One for each line of /proc/PID/maps; grows with mmap, threads’ stacks, fragmented heaps.',
      zh: '对应 /proc/PID/maps 的每一行；随 mmap、线程栈、碎片化的堆增长。',
    },
    source: ['kernel/fork.c'],
  },
  {
    name: 'maple_node',
    reclaimable: false,
    owner: { en: 'index of the mappings (6.1)', zh: '内存映射的索引（6.1 起）' },
    grows: { en: 'Follows vm_area_struct.', zh: '随 vm_area_struct 增长。' },
    source: ['lib/maple_tree.c'],
  },
  {
    name: 'anon_vma',
    also: ['anon_vma_chain'],
    reclaimable: false,
    owner: { en: 'reverse mapping of anonymous memory', zh: '匿名内存的反向映射' },
    grows: {
      en: 'Grows with fork: preforking servers, shells that fork much.',
      zh: '随 fork 增长：预派生进程的服务、频繁 fork 的脚本。',
    },
    source: ['mm/rmap.c'],
  },
  {
    name: 'cred_jar',
    reclaimable: false,
    owner: { en: 'credentials of tasks', zh: '任务的凭证' },
    grows: {
      en: 'Grows with threads; many more than threads is a reference leak.',
      zh: '随线程增长；远多于线程数说明引用泄漏。',
    },
    source: ['kernel/cred.c'],
  },
  {
    name: 'pid',
    also: ['pid_namespace'],
    reclaimable: false,
    owner: { en: 'process ids', zh: '进程号' },
    grows: {
      en: 'One for each thread; more in nested namespaces.',
      zh: '每个线程一个，嵌套命名空间里更多。',
    },
    source: ['kernel/pid.c'],
  },
  {
    name: 'key_jar',
    reclaimable: false,
    owner: { en: 'keys of the kernel keyring', zh: '内核密钥环中的密钥' },
    grows: {
      en: 'Session keyrings made for each container or login and not revoked.',
      zh: '为每个容器或登录创建却未撤销的会话密钥环。',
    },
    source: ['security/keys/key.c'],
  },
  {
    name: 'TCP',
    also: ['TCPv6'],
    reclaimable: false,
    owner: { en: 'TCP sockets', zh: 'TCP socket' },
    grows: {
      en: 'One for each TCP socket, about 2.5 KiB; buffers come on top (sock in memory.stat).',
      zh: '每个 TCP socket 一个，约 2.5 KiB；缓冲另计（memory.stat 的 sock）。',
    },
    source: ['net/ipv4/tcp_ipv4.c'],
  },
  {
    name: 'UDP',
    also: ['UDPv6'],
    reclaimable: false,
    owner: { en: 'UDP sockets', zh: 'UDP socket' },
    grows: {
      en: 'One for each UDP socket; DNS clients that leak them.',
      zh: '每个 UDP socket 一个；泄漏 socket 的 DNS 客户端。',
    },
    source: ['net/ipv4/udp.c'],
  },
  {
    name: 'UNIX',
    also: ['UNIX-STREAM'],
    reclaimable: false,
    owner: { en: 'UNIX sockets', zh: 'UNIX socket' },
    grows: { en: 'One for each end of a local connection.', zh: '本地连接的每一端一个。' },
    source: ['net/unix/af_unix.c'],
  },
  {
    name: 'request_sock_TCP',
    also: ['request_sock_TCPv6'],
    reclaimable: false,
    owner: { en: 'TCP connections being set up', zh: '正在建立的 TCP 连接' },
    grows: { en: 'SYN floods, full accept queues.', zh: 'SYN flood、accept 队列满。' },
    source: ['net/ipv4/tcp_ipv4.c'],
  },
  {
    name: 'tw_sock_TCP',
    also: ['tw_sock_TCPv6'],
    reclaimable: false,
    owner: { en: 'TCP connections in TIME_WAIT', zh: '处于 TIME_WAIT 的 TCP 连接' },
    grows: { en: 'Many short connections; gone after a minute.', zh: '大量短连接；一分钟后消失。' },
    source: ['net/ipv4/tcp_ipv4.c'],
  },
  {
    name: 'skbuff_head_cache',
    also: ['skbuff_fclone_cache'],
    reclaimable: false,
    owner: { en: 'network packets', zh: '网络数据包' },
    grows: {
      en: 'Packets queued in sockets and devices; a reader that does not read.',
      zh: '排在 socket 与网卡队列里的包；接收方不读取时堆积。',
    },
    source: ['net/core/skbuff.c'],
  },
  {
    name: 'skbuff_small_head',
    reclaimable: false,
    owner: { en: 'heads of small packets (6.3)', zh: '小包的包头（6.3 起）' },
    grows: { en: 'Follows skbuff_head_cache.', zh: '随 skbuff_head_cache 增长。' },
    source: ['net/core/skbuff.c'],
  },
  {
    name: 'nf_conntrack',
    also: ['nf_conntrack_expect'],
    reclaimable: false,
    owner: { en: 'connection tracking (iptables, kube-proxy)', zh: '连接跟踪（iptables、kube-proxy）' },
    grows: {
      en: 'One for each tracked flow, up to nf_conntrack_max. A leak only if the count of entries stays low while it grows.',
      zh: '每条被跟踪的流一个，上限 nf_conntrack_max。只有条目数不高而它持续增长时才是泄漏。',
    },
    source: ['net/netfilter/nf_conntrack_core.c'],
  },
  {
    name: 'ip_dst_cache',
    also: ['ip6_dst_cache', 'rt6_info'],
    reclaimable: false,
    owner: { en: 'routes in use', zh: '正在使用的路由' },
    grows: {
      en: 'Flows to many destinations. On EL7 often the cache that fails in a container (K-41).',
      zh: '与大量目的地通信。在 EL7 上常是容器里分配失败的缓存（K-41）。',
    },
    source: ['net/ipv6/route.c'],
  },
  {
    name: 'fib6_nodes',
    also: ['ip_fib_alias', 'ip_fib_trie', 'fib6_node'],
    reclaimable: false,
    owner: { en: 'routing tables', zh: '路由表' },
    grows: {
      en: 'Routes per pod or service, one set for each network namespace.',
      zh: '每个 Pod 或服务的路由，每个网络命名空间一套。',
    },
    source: ['net/ipv6/ip6_fib.c'],
  },
  {
    name: 'net_namespace',
    reclaimable: false,
    owner: { en: 'network namespaces', zh: '网络命名空间' },
    grows: {
      en: 'One for each pod; with all it brings about 200 KiB (measured on 6.18). Leaks when something holds the namespace of a pod that is gone.',
      zh: '每个 Pod 一个，连带约 200 KiB（在 6.18 上实测）。有程序持有已删除 Pod 的命名空间时泄漏。',
    },
    source: ['net/core/net_namespace.c'],
  },
  {
    name: 'mnt_cache',
    reclaimable: false,
    owner: { en: 'mounts', zh: '挂载点' },
    grows: {
      en: 'One for each mount in each mount namespace: containers times volumes; propagation multiplies it.',
      zh: '每个挂载命名空间里的每个挂载点一个：容器数乘以卷数，挂载传播还会成倍放大。',
    },
    source: ['fs/namespace.c'],
  },
  {
    name: 'nsproxy',
    also: ['uts_namespace', 'mnt_namespace', 'user_namespace'],
    reclaimable: false,
    owner: { en: 'namespaces of processes', zh: '进程的命名空间' },
    grows: { en: 'A few for each container.', zh: '每个容器几个。' },
    source: ['kernel/nsproxy.c'],
  },
  {
    name: 'mem_cgroup',
    reclaimable: false,
    owner: { en: 'memory cgroups', zh: '内存 cgroup' },
    grows: {
      en: 'One for each memory cgroup, live or dying (a cache of its own on recent kernels).',
      zh: '每个内存 cgroup 一个，含 dying（较新的内核上有独立缓存）。',
    },
    source: ['mm/memcontrol.c'],
  },
  {
    name: 'ebitmap_node',
    also: ['avc_node', 'avtab_node', 'selinux_inode_security'],
    reclaimable: false,
    owner: { en: 'SELinux', zh: 'SELinux' },
    grows: {
      en: 'Policy and labels. ebitmap_node above all else is the leak K-19.',
      zh: '策略与标签。若 ebitmap_node 独大，即 K-19 的泄漏。',
    },
    source: ['security/selinux/ss/ebitmap.c'],
  },
  {
    name: 'bio-*',
    also: ['bio-0', 'bio_crypt_ctx', 'biovec-max', 'biovec-64', 'biovec-128'],
    reclaimable: false,
    owner: { en: 'block I/O in flight', zh: '进行中的块 I/O' },
    grows: {
      en: 'Grows while much I/O waits: slow disks, heavy writeback.',
      zh: '大量 I/O 等待时增长：慢盘、大量回写。',
    },
    source: ['block/bio.c'],
  },
  {
    name: 'blkdev_ioc',
    reclaimable: false,
    owner: { en: 'I/O contexts of tasks', zh: '任务的 I/O 上下文' },
    grows: { en: 'Follows the number of threads that do I/O.', zh: '随进行 I/O 的线程数增长。' },
    source: ['block/blk-ioc.c'],
  },
  {
    name: 'dm_rq_target_io',
    also: ['dm_io', 'io', 'kcopyd_job'],
    reclaimable: false,
    owner: { en: 'device mapper', zh: 'device mapper' },
    grows: {
      en: 'I/O through LVM, multipath, dm-thin; docker with devicemapper.',
      zh: '经过 LVM、multipath、dm-thin 的 I/O；使用 devicemapper 的 docker。',
    },
    source: ['drivers/md/dm-rq.c'],
  },
  {
    name: 'eventpoll_epi',
    also: ['eventpoll_pwq'],
    reclaimable: false,
    owner: { en: 'descriptors watched with epoll', zh: 'epoll 监视的描述符' },
    grows: { en: 'One for each descriptor in an epoll set.', zh: 'epoll 集合里的每个描述符一个。' },
    source: ['fs/eventpoll.c'],
  },
  {
    name: 'inotify_inode_mark',
    also: ['fsnotify_mark', 'fsnotify_mark_connector', 'fanotify_mark'],
    reclaimable: false,
    owner: { en: 'inotify and fanotify watches', zh: 'inotify 与 fanotify 监视' },
    grows: {
      en: 'One for each watch: log shippers, kubelet, file watchers. Often merged with sigqueue.',
      zh: '每个 watch 一个：日志采集、kubelet、文件监视程序。常与 sigqueue 合并。',
    },
    source: ['fs/notify/inotify/inotify_user.c'],
  },
  {
    name: 'sigqueue',
    reclaimable: false,
    owner: { en: 'queued signals', zh: '排队的信号' },
    grows: {
      en: 'Rarely large by itself; look at what it is merged with.',
      zh: '本身很少会大；看它与谁合并。',
    },
    source: ['kernel/signal.c'],
  },
  {
    name: 'file_lock_cache',
    also: ['file_lock_ctx'],
    reclaimable: false,
    owner: { en: 'file locks', zh: '文件锁' },
    grows: { en: 'Databases and programs that lock many ranges.', zh: '数据库及锁定大量区间的程序。' },
    source: ['fs/locks.c'],
  },
  {
    name: 'pool_workqueue',
    also: ['pwq'],
    reclaimable: false,
    owner: { en: 'work queues', zh: '工作队列' },
    grows: {
      en: 'Grows with mounts and devices, the more so the more CPUs there are.',
      zh: '随挂载与设备增长，CPU 越多越明显。',
    },
    source: ['kernel/workqueue.c'],
  },
  {
    name: 'kmem_cache',
    also: ['kmem_cache_node'],
    reclaimable: false,
    owner: { en: 'slab caches themselves', zh: 'slab 缓存自身的描述' },
    grows: {
      en: 'One for each cache. Thousands of them are caches per cgroup: accounting up to 5.8, dying cgroups (K-09).',
      zh: '每个缓存一个。达到数千个说明是每 cgroup 的缓存：5.8 及以前的记账与 dying memcg（K-09）。',
    },
    source: ['mm/slab_common.c'],
  },
  {
    name: 'bpf_map',
    also: ['bpf_prog', 'bpf_inode_storage'],
    reclaimable: false,
    owner: { en: 'BPF programs and maps', zh: 'BPF 程序与 map' },
    grows: {
      en: 'Networking and security agents. Most map memory is in kmalloc-cg-*, percpu or vmalloc (K-28).',
      zh: '网络与安全 agent。map 的内存多在 kmalloc-cg-*、percpu 或 vmalloc（K-28）。',
    },
    source: ['kernel/bpf/syscall.c'],
  },
  {
    name: 'io_kiocb',
    also: ['io_buffer'],
    reclaimable: false,
    owner: { en: 'requests of io_uring', zh: 'io_uring 请求' },
    grows: {
      en: 'Requests in flight of databases and proxies (K-43).',
      zh: '数据库与代理进行中的请求（K-43）。',
    },
    source: ['io_uring/io_uring.c'],
  },
  {
    name: 'names_cache',
    reclaimable: false,
    owner: { en: 'path names being looked up', zh: '正在解析的路径名' },
    grows: { en: '4 KiB each, for the moment of a system call.', zh: '每个 4 KiB，只在系统调用期间占用。' },
    source: ['fs/dcache.c'],
  },
  {
    name: 'pde_opener',
    also: ['proc_dir_entry'],
    reclaimable: false,
    owner: { en: 'entries of /proc', zh: '/proc 的条目' },
    grows: { en: 'proc_dir_entry grows with network namespaces.', zh: 'proc_dir_entry 随网络命名空间增长。' },
    source: ['fs/proc/generic.c'],
  },
  {
    name: 'msg_msg-*',
    also: ['msg_msg'],
    reclaimable: false,
    owner: {
      en: 'messages of System V and POSIX queues (6.11)',
      zh: 'System V 与 POSIX 消息队列（6.11 起）',
    },
    grows: { en: 'Messages sent and not read.', zh: '已发送未读取的消息。' },
    source: ['ipc/msgutil.c'],
  },
  {
    name: 'numa_policy',
    also: ['shared_policy_node'],
    reclaimable: false,
    owner: { en: 'NUMA policies', zh: 'NUMA 策略' },
    grows: { en: 'Processes with mbind or numactl.', zh: '使用 mbind 或 numactl 的进程。' },
    source: ['mm/mempolicy.c'],
  },
  {
    name: 'dquot',
    reclaimable: true,
    owner: { en: 'disk quotas', zh: '磁盘配额' },
    grows: {
      en: 'Users and projects with quota; container storage limits use project quotas.',
      zh: '启用配额的用户与项目；容器存储限额使用项目配额。',
    },
    source: ['fs/quota/dquot.c'],
  },
  {
    name: 'squashfs_inode_cache',
    also: ['isofs_inode_cache', 'rpc_inode_cache', 'hugetlbfs_inode_cache', 'mqueue_inode_cache'],
    reclaimable: true,
    owner: { en: 'inodes of small filesystems', zh: '小型文件系统的 inode' },
    grows: {
      en: 'Snaps and image files mounted; one for each file used.',
      zh: '挂载的 snap 与镜像文件；用到的每个文件一个。',
    },
    source: ['fs/squashfs/super.c'],
  },
  {
    name: 'zswap_entry',
    also: ['zspage', 'zs_handle', 'swap_extent'],
    reclaimable: false,
    owner: { en: 'compressed swap', zh: '压缩交换' },
    grows: { en: 'Pages swapped out to memory.', zh: '换出到内存的页。' },
    source: ['mm/zswap.c'],
  },
  {
    name: 'nf_conncount_rb',
    also: ['nft_*', 'ip_set_*', 'hashlimit'],
    reclaimable: false,
    owner: { en: 'netfilter rules and sets', zh: 'netfilter 规则与集合' },
    grows: { en: 'Rules of network policies and services.', zh: '网络策略与服务的规则。' },
    source: ['net/netfilter/nf_conncount.c'],
  },
  {
    name: 'kvm_vcpu',
    also: ['kvm_mmu_page_header', 'x86_fpu', 'pte_list_desc'],
    reclaimable: false,
    owner: { en: 'virtual machines', zh: '虚拟机' },
    grows: { en: 'Kata containers, KubeVirt.', zh: 'Kata 容器、KubeVirt。' },
    source: ['virt/kvm/kvm_main.c'],
  },
  {
    name: 'kmalloc-cg-*',
    sized: /^kmalloc-cg-\d+[kM]?$/,
    reclaimable: false,
    owner: {
      en: 'allocations by size, charged to a cgroup (5.14)',
      zh: '按大小分配、计入 cgroup 的内存（5.14 起）',
    },
    grows: {
      en: 'BPF maps, pipes, network namespaces, message buffers. A tracer tells the call site.',
      zh: 'BPF map、管道、网络命名空间、消息缓冲。要用跟踪才能看到调用点。',
    },
    source: ['mm/slab_common.c (494c1dfe855e, 5.14)'],
  },
  {
    name: 'kmalloc-rcl-*',
    sized: /^kmalloc-rcl-\d+[kM]?$/,
    reclaimable: true,
    owner: { en: 'reclaimable allocations by size (4.20)', zh: '按大小分配的可回收内存（4.20 起）' },
    grows: {
      en: 'Long file names of dentries and what goes with them.',
      zh: 'dentry 的长文件名等附属数据。',
    },
    source: ['mm/slab_common.c (1291523f2c1d, 4.20)'],
  },
  {
    name: 'kmalloc-rnd-*',
    sized: /^kmalloc-rnd-\d+-\d+[kM]?$/,
    reclaimable: false,
    owner: {
      en: 'allocations by size, spread over copies (RANDOM_KMALLOC_CACHES, 6.6)',
      zh: '按大小分配、分散到多个副本的内存（RANDOM_KMALLOC_CACHES，6.6 起）',
    },
    grows: { en: 'Add the copies of one size together.', zh: '同一大小的各副本要相加来看。' },
    source: ['mm/slab_common.c'],
  },
  {
    name: 'dma-kmalloc-*',
    sized: /^(?:dma-kmalloc|kmalloc-dma)-\d+[kM]?$/,
    reclaimable: false,
    owner: { en: 'allocations by size for DMA', zh: '用于 DMA 的按大小分配' },
    grows: { en: 'Old device drivers.', zh: '旧设备驱动。' },
    source: ['mm/slab_common.c'],
  },
  {
    name: 'kmalloc-*',
    sized: /^(?:kmalloc|size)-\d+[kM]?$/,
    reclaimable: false,
    owner: { en: 'allocations by size, of any part of the kernel', zh: '内核各处按大小分配的内存' },
    grows: {
      en: 'The name tells the size only. Find the call site: /proc/allocinfo (6.10), the kmem tracepoints, slub_debug=U for this one cache; suspect modules from outside the kernel (K-47).',
      zh: '名字只说明大小。要找调用点：/proc/allocinfo（6.10 起）、kmem 跟踪点、只对该缓存开 slub_debug=U；优先怀疑树外模块（K-47）。',
    },
    source: ['mm/slab_common.c'],
  },
]

const byName: ReadonlyMap<string, SlabCacheRow> = new Map(
  slabCaches
    .filter(({ sized }) => sized === undefined)
    .flatMap(row => [row.name, ...(row.also ?? [])].map(name => [name.toLowerCase(), row] as const)),
)

/** A slab cache's name taken apart: `dentry(1683:698bb…)` is the dentry cache of one cgroup. */
export interface SlabCacheName {
  readonly cache: string
  readonly memcgId?: number
  readonly memcgName?: string
}

/** Parses `dentry(1683:698bb…)` and `dentry`; a second parenthesis of a nested name stays in the cgroup's name. */
export function parseCacheName(text: string): SlabCacheName {
  const copy = /^([^\s()]{1,200})\((-?\d{1,20}):([^\n]{0,300})\)$/.exec(text)
  if (copy === null) return { cache: text }
  return { cache: copy[1] ?? text, memcgId: Number(copy[2]), memcgName: copy[3] ?? '' }
}

/** The row for a cache's name, any case, with or without a cgroup's suffix; undefined where nothing is known of it. */
export function slabCache(text: string): SlabCacheRow | undefined {
  const { cache } = parseCacheName(text)
  const name = cache.toLowerCase()
  const exact = byName.get(name)
  if (exact !== undefined) return exact
  const family = slabCaches.find(row => row.name === name || row.sized?.test(cache))
  if (family !== undefined) return family
  for (const [known, row] of byName) {
    if (known.endsWith('*') && known.length > 3 && name.startsWith(known.slice(0, -1))) return row
  }
  return undefined
}
