// A regular expression → words of which every match contains one. Whoever has to find few lines among many looks for the
// words, all at once and byte by byte, and tries the expression where one stands.

/** What is known of a part of an expression. */
interface Part {
  /** All it matches, where that is a few words. */
  readonly exact?: readonly string[]
  /** Every match contains one of these. */
  readonly needed?: readonly string[]
}

/** So many words one part may stand for: of `[Kk]ill(?:ed)? process` there are four (ours). */
const MOST_WORDS = 32

const NOTHING: Part = { exact: [''] }
const ANYTHING: Part = {}

const CONTROLS: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
  0: '\0',
}

/** Thrown at what is not understood, and caught in literalsOf. */
class Unknown extends Error {}

/** The better of two sets of words, one of which has to be there: the longer its shortest word, the rarer. */
function better(one: readonly string[] | undefined, other: readonly string[] | undefined) {
  const worth = (words: readonly string[] | undefined): number =>
    words === undefined || words.length === 0 ? 0 : Math.min(...words.map(word => word.length))
  return worth(other) > worth(one) ? other : one
}

/** Reads the source of an expression without flags. */
function reader(source: string) {
  let at = 0

  function alternatives(): Part {
    const parts = [sequence()]
    while (source[at] === '|') {
      at += 1
      parts.push(sequence())
    }
    const [only] = parts
    if (parts.length === 1 && only !== undefined) return only
    const exact = parts.flatMap(part => part.exact ?? [])
    if (parts.every(part => part.exact !== undefined) && exact.length <= MOST_WORDS) return { exact }
    const needed = parts.map(part => part.needed ?? part.exact)
    return needed.every(words => words?.every(word => word !== ''))
      ? { needed: needed.flatMap(words => words ?? []) }
      : ANYTHING
  }

  function sequence(): Part {
    let run: readonly string[] = ['']
    let best: readonly string[] | undefined
    let whole = true
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const part = quantified(atom())
      const joined =
        part.exact === undefined || part.exact.length * run.length > MOST_WORDS
          ? undefined
          : run.flatMap(before => (part.exact ?? []).map(after => before + after))
      if (joined !== undefined) {
        run = joined
        continue
      }
      whole = false
      best = better(better(best, run), part.needed)
      run = part.exact ?? ['']
    }
    if (whole) return { exact: run }
    best = better(best, run)
    return best === undefined ? ANYTHING : { needed: best }
  }

  function quantified(part: Part): Part {
    const found = /^(?:[?*+]|\{(\d+)(?:,\d*)?\})\??/.exec(source.slice(at))
    if (!found) return part
    at += found[0].length
    if (found[0].startsWith('?'))
      return part.exact === undefined ? ANYTHING : { exact: [...new Set([...part.exact, ''])] }
    if (found[0].startsWith('*') || found[1] === '0') return ANYTHING
    if (/^\{1\}/.test(found[0])) return part
    const needed = part.needed ?? part.exact
    return needed === undefined || needed.includes('') ? ANYTHING : { needed }
  }

  function atom(): Part {
    const char = source[at] ?? ''
    at += 1
    switch (char) {
      case '^':
      case '$':
        return NOTHING
      case '.':
        return ANYTHING
      case '[':
        return characters()
      case '(':
        return group()
      case '\\':
        return escaped()
      case '{':
      case '}':
      case '*':
      case '+':
      case '?':
        throw new Unknown()
      default:
        return { exact: [char] }
    }
  }

  function group(): Part {
    const opening = /^\?(?::|<?[=!]|<\w+>)/.exec(source.slice(at))
    if (source[at] === '?' && !opening) throw new Unknown()
    at += opening?.[0].length ?? 0
    const inner = alternatives()
    if (source[at] !== ')') throw new Unknown()
    at += 1
    // what is looked at is matched by what follows, or by nothing
    return opening && /[=!]$/.test(opening[0]) ? NOTHING : inner
  }

  function escaped(): Part {
    const char = source[at] ?? ''
    at += 1
    if ('bB'.includes(char)) return NOTHING
    if ('dDsSwW'.includes(char)) return ANYTHING
    const control = CONTROLS[char]
    if (control !== undefined) return { exact: [control] }
    if (/[A-Za-z0-9]/.test(char)) throw new Unknown()
    return { exact: [char] }
  }

  /** A class of a few characters is each of them. */
  function characters(): Part {
    const end = /^(?:[^\]\\]|\\.)*\]/s.exec(source.slice(at))?.[0]
    if (end === undefined) throw new Unknown()
    at += end.length
    const inner = end.slice(0, -1)
    return inner.length <= 4 && /^-?[^\\^-]+-?$/.test(inner) ? { exact: [...new Set(inner)] } : ANYTHING
  }

  return {
    read(): Part {
      const part = alternatives()
      if (at < source.length) throw new Unknown()
      return part
    },
  }
}

/** Words of which every match of `pattern` contains one; undefined where no such words are known. */
export function literalsOf(pattern: RegExp): readonly string[] | undefined {
  if (pattern.flags !== '') return undefined
  try {
    const part = reader(pattern.source).read()
    const words = part.needed ?? part.exact
    if (words === undefined || words.includes('')) return undefined
    // one that contains another is found by it
    const shortest = [...new Set(words)].sort((one, other) => one.length - other.length)
    return shortest.filter((word, index) => !shortest.slice(0, index).some(inner => word.includes(inner)))
  } catch (error) {
    if (error instanceof Unknown) return undefined
    throw error
  }
}
