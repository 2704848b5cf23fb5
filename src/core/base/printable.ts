// Log text is written by whoever can write to the log: nothing of it may steer a terminal.

/**
 * Text in which every control character (C0 but tab, DEL, C1), every Unicode line separator and every
 * bidirectional override stands as a visible escape: `\x1b`, `\u202e`; so do tags (U+E0000 and following), which no
 * terminal shows and some readers obey.
 */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g,
    character => {
      const code = character.codePointAt(0) ?? 0
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : code < 0x10000
          ? `\\u${code.toString(16).padStart(4, '0')}`
          : `\\u{${code.toString(16)}}`
    },
  )
}
