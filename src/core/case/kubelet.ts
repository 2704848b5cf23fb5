// What decides beside the kernel: the kubelet's thresholds and reservations; and which versions of whose software run here.

/** Where a value was read: a configuration file, the arguments of a process. */
interface From {
  /** As a person would open it. */
  readonly path: string
}

/**
 * A quantity of memory as the kubelet takes it: bytes, or a share (0 to 1) of the node's capacity. Of an eviction
 * threshold 0 bytes mean that the kubelet never evicts for want of memory.
 */
export interface Threshold extends From {
  readonly bytes?: number
  readonly share?: number
}

export interface Kubelet extends From {
  /** The file its settings are in, where the arguments of its process name one that could not be read: they may hold more. */
  readonly unread?: string
  /** memory.available of evictionHard; the kubelet's own default is 100Mi (pkg/kubelet/apis/config/v1beta1/defaults_linux.go). */
  readonly evictionHard?: Threshold
  readonly evictionSoft?: Threshold
  readonly systemReserved?: Threshold
  readonly kubeReserved?: Threshold
  readonly cgroupDriver?: 'cgroupfs' | 'systemd'
  readonly cgroupRoot?: string
  /** `singleProcessOOMKill` (1.32). */
  readonly singleProcessOomKill?: boolean
  /** Where its runtime answers: `unix:///run/containerd/containerd.sock`. */
  readonly runtimeEndpoint?: string
  /** The port that answers without asking who asks; 0: none, which is the default of a configuration file. */
  readonly readOnlyPort?: number
  readonly port?: number
}

/** A piece of software that matters to known defects. */
export interface Software extends From {
  readonly name: 'runc' | 'containerd' | 'docker' | 'cri-o' | 'kubelet' | 'systemd' | 'crun' | 'cadvisor'
  /** As its source writes it: `1.6.20~ds1-1+b1`. */
  readonly version: string
  readonly how: 'package' | 'process' | 'cri' | 'kubelet' | 'file'
}
