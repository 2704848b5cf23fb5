// Whether output has colour.

import { coloured, plain, type Style } from '../../core/render/terminal.ts'

/** Colour on a terminal only, and not where NO_COLOR is set to anything (no-color.org). */
export function styleFor(
  { isTTY }: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Style {
  return isTTY === true && (env['NO_COLOR'] ?? '') === '' ? coloured : plain
}
