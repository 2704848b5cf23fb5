// The language of the sentences: --lang, else the locale the user's system speaks (POSIX order of variables).

import type { Language } from '../../core/base/text.ts'

/** LC_ALL, LC_MESSAGES, LANG: the first that is set decides; every Chinese locale reads Simplified here. */
export function localeLanguage(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(
    value => value !== undefined && value !== '',
  )
  return locale !== undefined && /^zh([_.@-]|$)/i.test(locale) ? 'zh' : 'en'
}
