// Why nothing could be read from what was given, in words.

import { printable } from '../../core/base/printable.ts'
import type { Language } from '../../core/base/text.ts'
import { fill, text } from '../../core/base/text.ts'
import { shellWord } from '../../core/knowledge/remedies.ts'

const sentences = text({
  en: {
    'no-such-file': '{path}: no such file or directory.',
    denied: '{path}: permission denied. Read it as root, or copy it to where you may read it.',
    unreadable: '{path}: cannot be read ({detail}).',
    empty:
      '{path} is empty: nothing to read. If a command should have filled it, look at that command’s error message.',
    binary:
      '{path} is not text: kmemscope reads kernel logs and files of /proc, /sys and cgroups as text. The log inside a memory dump (vmcore) can be extracted with vmcore-dmesg.',
    compressed:
      '{path} is compressed: unpack it first (gunzip, xz -d, zstd -d, bunzip2, unzip, tar -xf), or pipe it in: zcat {file} | kmemscope {command} -',
    journal:
      '{path} is a systemd journal file; pipe it in: journalctl --file {file} -k -o short-iso | kmemscope {command} -',
    'utf-16':
      '{path} is UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8 {file} | kmemscope {command} -',
    'no-node':
      '{path} holds no files of a node: expected proc/, sys/, var/log/, dmesg or etc/os-release, or the memory.* and cgroup.* files of a cgroup. Name logs one by one: kmemscope {command} {file}/*',
    'not-regular':
      '{path} is neither a file nor a directory (a device, FIFO or socket) and is not opened. Pipe its content in: … | kmemscope {command} -',
    'no-root':
      '{path} is not the root of a node: it has no proc directory. Mount the host’s root there (hostPath: / at {path}).',
    'not-linux':
      'This system ({path}) has no Linux kernel to look at. Give it files of the node instead: kmemscope diagnose dmesg.txt, or a directory with the node’s proc/ and sys/ files; logs and directories can be read on any system.',
    'same-file': '{path} was given before, as {detail}: it is read once.',
    twice: '{path} holds the same kind of content as a file given before ({detail}): only the first is read.',
  },
  zh: {
    'no-such-file': '{path}：没有这个文件或目录。',
    denied: '{path}：权限不足。请以 root 读取，或复制到有读权限的位置。',
    unreadable: '{path}：无法读取（{detail}）。',
    empty: '{path} 是空文件，没有可读的内容。如果它应由某个命令写入，请查看该命令的报错。',
    binary:
      '{path} 不是文本：kmemscope 只读取文本形式的内核日志，以及 /proc、/sys 和 cgroup 的文件。内存转储（vmcore）里的日志可用 vmcore-dmesg 导出。',
    compressed:
      '{path} 是压缩文件：请先解压（gunzip、xz -d、zstd -d、bunzip2、unzip、tar -xf），或用管道输入：zcat {file} | kmemscope {command} -',
    journal:
      '{path} 是 systemd journal 文件，请用管道输入：journalctl --file {file} -k -o short-iso | kmemscope {command} -',
    'utf-16': '{path} 是 UTF-16 文本，请先转换编码：iconv -f UTF-16 -t UTF-8 {file} | kmemscope {command} -',
    'no-node':
      '{path} 里没有节点的文件：应有 proc/、sys/、var/log/、dmesg 或 etc/os-release，或某个 cgroup 的 memory.*、cgroup.* 文件。日志请直接给出文件名：kmemscope {command} {file}/*',
    'not-regular':
      '{path} 既不是文件也不是目录（而是设备、FIFO 或 socket），不会打开。请用管道输入其内容：… | kmemscope {command} -',
    'no-root':
      '{path} 不是节点的根目录：里面没有 proc 目录。请把宿主机的根目录挂载到这里（hostPath: / 挂到 {path}）。',
    'not-linux':
      '当前系统（{path}）不是 Linux，没有可诊断的内核。请给出节点的文件：kmemscope diagnose dmesg.txt，或含有其 proc/、sys/ 文件的目录；日志和目录在任何系统上都能读取。',
    'same-file': '{path} 前面已经给过（{detail}），只读取一次。',
    twice: '{path} 与前面给出的文件是同一种内容（{detail}），只读取第一个。',
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

/** The problem in a sentence that says what to do, with the command that was given; safe to print. */
export function problemSentence(
  { what, path, detail = '' }: Problem,
  language: Language,
  command = 'diagnose',
): string {
  return fill(sentences[language][what], {
    command,
    path: path === '' ? '""' : printable(path),
    file: printable(shellWord(path.startsWith('-') && path !== '-' ? `./${path}` : path)),
    detail: printable(detail),
  })
}
