// The kernel's configuration: /proc/config.gz unpacked or /boot/config-RELEASE (Documentation/kbuild/kconfig.rst), or
// what a shell showed of it.

/**
 * CONFIG_… by name: `y`, `m`, a number, a string without its quotes; `n` for `# CONFIG_X is not set`. Everything else,
 * prompts of a shell included, is passed over; of `file:CONFIG_X=y`, as grep prints it, the part after the colon counts.
 */
export function parseKernelConfig(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.length > 4096) continue
    const set = /^(?:[\w./-]{1,255}:)?[ \t]*(CONFIG_\w+)=(.*)$/.exec(line)
    if (set?.[1] !== undefined) {
      values[set[1]] = (set[2] ?? '').trimEnd().replace(/^"(.*)"$/, '$1')
      continue
    }
    const unset = /^(?:[\w./-]{1,255}:)?[ \t]*#[ \t]*(CONFIG_\w+) is not set\s*$/.exec(line)
    if (unset?.[1] !== undefined) values[unset[1]] = 'n'
  }
  return values
}
