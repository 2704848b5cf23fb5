// Which packages a distribution has installed: dpkg's status file (dpkg-query(1)), the lists that sosreport keeps of it and
// of rpm, and the directories of yum's own notes. rpm's database is binary and is not read.

export interface Package {
  readonly name: string
  readonly version: string
}

/** The installed ones of `wanted` in /var/lib/dpkg/status. */
export function parseDpkgStatus(text: string, wanted: ReadonlySet<string>): Package[] {
  const found: Package[] = []
  for (const name of wanted) {
    const head = `Package: ${name}\n`
    const at = text.startsWith(head) ? 0 : text.indexOf(`\n${head}`) + 1
    if (at === 0 && !text.startsWith(head)) continue
    const end = text.indexOf('\n\n', at)
    const entry = text.slice(at, Math.min(end < 0 ? text.length : end, at + 64 * 1024))
    const version = /^Version: (\S{1,200})$/m.exec(entry)?.[1]
    if (version !== undefined && /^Status: \S+ \S+ installed$/m.test(entry)) found.push({ name, version })
  }
  return found
}

/** `ii  runc  1.1.5+ds1-1+deb12u1  amd64  …`: `dpkg -l`, which sosreport keeps as installed-debs. */
export function parseDpkgList(text: string, wanted: ReadonlySet<string>): Package[] {
  const found: Package[] = []
  for (const [, name = '', version = ''] of text.matchAll(
    /^ii +([a-z0-9][a-z0-9.+-]{1,100})(?::\w+)? +(\S{1,200}) /gm,
  )) {
    if (wanted.has(name)) found.push({ name, version })
  }
  return found
}

/** `runc-1.1.12-4.el9.x86_64`, with an epoch `4:` before the version or without: the name ends two hyphens before the end. */
export function parseRpmName(full: string): Package | undefined {
  const [, name, version] =
    /^([A-Za-z0-9][\w.+]*(?:-[A-Za-z_][\w.+]*)*)-((?:\d+:)?[\w.+~^]+-[\w.+~^]+?)(?:[.-](?:x86_64|aarch64|noarch|ppc64le|s390x|i686))?$/.exec(
      full.slice(0, 300),
    ) ?? []
  return name === undefined || version === undefined ? undefined : { name, version }
}

/** `rpm -qa`, one a line with whatever behind it: sosreport keeps it as installed-rpms. */
export function parseRpmList(text: string, wanted: ReadonlySet<string>): Package[] {
  const found: Package[] = []
  for (const line of text.split('\n')) {
    const first = line.trimStart().split(/\s/, 1)[0] ?? ''
    const one = parseRpmName(first)
    if (one !== undefined && wanted.has(one.name)) found.push(one)
  }
  return found
}
