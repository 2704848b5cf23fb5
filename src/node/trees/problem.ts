// Why nothing could be read from what was given, in words.

import { printable } from '../../core/base/printable.ts'
import type { Language } from '../../core/base/text.ts'
import { fill, text } from '../../core/base/text.ts'

const sentences = text({
  en: {
    'no-such-file': '{path}: no such file or directory.',
    denied: '{path}: permission denied. Read it as root, or copy it to where you may read it.',
    unreadable: '{path}: cannot be read ({detail}).',
    empty: '{path} is empty: nothing to read. If a command was to fill it, look for its error message.',
    binary:
      '{path} is no text: kmemscope reads kernel logs and files of /proc, /sys and cgroups, as text. A dump of memory (vmcore) has its log inside: vmcore-dmesg writes it out.',
    compressed:
      '{path} is packed: unpack it first (gunzip, xz -d, zstd -d, bunzip2, unzip, tar -xf), or pipe it in: zcat {path} | kmemscope diagnose -',
    journal:
      '{path} is a file of the systemd journal: journalctl --file {path} -k -o short-iso | kmemscope diagnose -',
    'utf-16':
      '{path} is UTF-16 text: convert it first, iconv -f UTF-16 -t UTF-8 {path} | kmemscope diagnose -',
    'no-node':
      '{path} holds no files of a node: expected proc/, sys/, var/log/, dmesg or etc/os-release in it, or the memory.* or cgroup.* files of a cgroup. Give logs by their names: kmemscope diagnose {path}/*',
    'not-regular':
      '{path} is no file and no directory (a device, FIFO or socket): it is not opened. Pipe its content in: … | kmemscope diagnose -',
    'no-root':
      '{path} is no root of a node: there is no proc directory in it. Mount the host there (hostPath / at {path}).',
    'not-linux':
      'This system ({path}) has no Linux kernel to look at. Give files of the node instead: kmemscope diagnose dmesg.txt, or a directory with its proc/ and sys/ files; logs and directories are read on any system.',
    twice: '{path} holds the same as a file given before ({detail}): only the first is read.',
  },
  zh: {
    'no-such-file': '{path}:没有这个文件或目录。',
    denied: '{path}:权限不足。请以 root 读取,或复制到有读权限的位置。',
    unreadable: '{path}:无法读取({detail})。',
    empty: '{path} 是空文件,没有可读的内容。如果它应由某个命令写入,请查看该命令的报错。',
    binary:
      '{path} 不是文本:kmemscope 读取文本形式的内核日志以及 /proc、/sys 和 cgroup 的文件。内存转储(vmcore)中的日志可用 vmcore-dmesg 导出。',
    compressed:
      '{path} 是压缩文件:请先解压(gunzip、xz -d、zstd -d、bunzip2、unzip、tar -xf),或用管道输入:zcat {path} | kmemscope diagnose -',
    journal: '{path} 是 systemd journal 文件:journalctl --file {path} -k -o short-iso | kmemscope diagnose -',
    'utf-16': '{path} 是 UTF-16 文本:请先转换编码,iconv -f UTF-16 -t UTF-8 {path} | kmemscope diagnose -',
    'no-node':
      '{path} 中没有节点的文件:应有 proc/、sys/、var/log/、dmesg 或 etc/os-release,或某个 cgroup 的 memory.*、cgroup.* 文件。日志请直接给出文件名:kmemscope diagnose {path}/*',
    'not-regular':
      '{path} 既不是普通文件也不是目录(设备、FIFO 或 socket),不会打开。请用管道输入其内容:… | kmemscope diagnose -',
    'no-root': '{path} 不是节点的根目录:其中没有 proc 目录。请把宿主机挂载到这里(hostPath / 挂到 {path})。',
    'not-linux':
      '当前系统({path})不是 Linux,没有可诊断的内核。请给出节点的文件:kmemscope diagnose dmesg.txt,或包含其 proc/、sys/ 文件的目录;日志和目录在任何系统上都能读取。',
    twice: '{path} 与之前给出的文件内容种类相同({detail}),只读取第一个。',
  },
})

/** What is wrong with a source, as data. */
export interface Problem {
  readonly what: keyof typeof sentences.en
  /** As it was given; the name of the system for `not-linux`. */
  readonly path: string
  /** What the system said. */
  readonly detail?: string
}

/** The problem in a sentence that says what to do; safe to print. */
export function problemSentence({ what, path, detail = '' }: Problem, language: Language): string {
  return fill(sentences[language][what], { path: printable(path), detail: printable(detail) })
}
