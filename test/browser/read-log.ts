// What is compared of a log: run in Node on the sources, and in a browser on the built core.

import type * as Core from '../../src/core/index.ts'

/** A log as JSON lines and as a page of text in both languages, and what stands under its fields. */
export interface Read {
  readonly fields: string
  readonly lines: Readonly<Record<'en' | 'zh', readonly string[]>>
  readonly text: Readonly<Record<'en' | 'zh', string>>
}

/** Complete in itself: the browser is given its source text. */
export function readLog(core: typeof Core, bytes: Uint8Array): Read {
  const log = core.readKernelLog([bytes], { path: 'log' })
  const lines = (language: 'en' | 'zh'): readonly string[] =>
    log.reports.map(report =>
      core.renderJsonLine(core.kernelReportJson(report, core.reportWords(report, language))),
    )
  const text = (language: 'en' | 'zh'): string =>
    [...core.renderKernelLog(log, { language, style: core.plain, columns: 80 })].join('')
  return {
    fields: core.renderJson(core.decodedLog(log)),
    lines: { en: lines('en'), zh: lines('zh') },
    text: { en: text('en'), zh: text('zh') },
  }
}
