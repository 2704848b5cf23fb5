// /etc/os-release: os-release(5).

/** Values by name, quotes and their escapes taken off. Lines of another shape are passed over. */
export function parseOsRelease(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const line of text.split(/\r\n|\n|\r/)) {
    const match = /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.slice(0, 4096))
    if (match?.[1] === undefined) continue
    const written = (match[2] ?? '').trimEnd()
    const quoted = /^(["'])(.*)\1$/.exec(written)
    const inner = quoted?.[2] ?? written
    values[match[1]] = quoted?.[1] === "'" ? inner : inner.replace(/\\(["$`\\])/g, '$1')
  }
  return values
}
