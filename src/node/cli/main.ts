#!/usr/bin/env node
// The command line: one command a file, the same contracts for all of them.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, Option } from 'commander'
import { printable } from '../../core/base/printable.ts'
import { fill, type Language } from '../../core/base/text.ts'
import { wrap } from '../../core/base/width.ts'
import { censusOrders } from '../../core/case/census.ts'
import { memorySorts } from '../../core/case/memory.ts'
import { isReportKind, reportKinds } from '../../core/decoded/kernel-report.ts'
import type { Bound, Selection } from '../../core/decoded/selection.ts'
import { conditionLine } from '../../core/render/conditions.ts'
import { renderJson } from '../../core/render/json.ts'
import { parseBound } from './bound.ts'
import { columnsOf } from './columns.ts'
import { parseDuration } from './duration.ts'
import { Ending, exitCodes } from './exit.ts'
import { localeLanguage } from './language.ts'
import { nearest } from './nearest.ts'
import { parseInterval, WATCH_SECONDS } from './watch.ts'
import { cliWords } from './words.ts'

/** What every command is given beside its own arguments. */
export interface Settings {
  readonly language: Language
  readonly output: string
  readonly version: string
  readonly words: (
    key: keyof typeof cliWords.en,
    values?: Readonly<Record<string, string | number>>,
  ) => string
}

const COMMANDS = ['diagnose', 'decode', 'explain', 'memory', 'cgroups', 'kmemleak', 'completion'] as const

const OUTPUTS = {
  diagnose: ['text', 'json', 'markdown', 'npd'],
  decode: ['text', 'json', 'jsonl'],
  explain: ['text', 'json', 'markdown'],
  memory: ['text', 'wide', 'json'],
  cgroups: ['text', 'wide', 'json'],
  kmemleak: ['text', 'json'],
  completion: ['text', 'json'],
} as const

interface WatchFlags {
  readonly watch?: boolean
  readonly interval?: string
}

interface MemoryFlags extends WatchFlags {
  readonly output: string
  readonly cgroup?: string
  readonly root?: string
  readonly sort?: string
  readonly all?: boolean
}

interface CgroupsFlags extends WatchFlags {
  readonly output: string
  readonly root?: string
  readonly sort?: string
  readonly pins?: boolean
}

const LANGUAGES = ['en', 'zh'] as const

const SEVERITIES = ['info', 'warning', 'critical'] as const

/** Options that ask about kmemscope itself where no command is named. */
const ABOUT_ITSELF = new Set(['--help', '-h', '--version', '-V'])

/** Options that take a value, so that a value is never mistaken for a command. */
const WITH_VALUE = new Set([
  '--lang',
  '-o',
  '--output',
  '--root',
  '--since',
  '--until',
  '--only',
  '--fail-on',
  '--sort',
  '--cgroup',
  '--interval',
])

/**
 * The command's name put first: it may stand behind options (`--lang zh explain K-01`), and where there is none it
 * is `diagnose`, so that `kmemscope` and `kmemscope dmesg.txt` do what they look like.
 */
export function commandFirst(argv: readonly string[]): readonly string[] {
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? ''
    if (WITH_VALUE.has(word)) index += 1
    else if (!word.startsWith('-') || word === '-') {
      const others = [...argv.slice(0, index), ...argv.slice(index + 1)]
      if (word === 'help') return [...others, '--help']
      if (!COMMANDS.some(name => name === word)) break
      return [word, ...argv.slice(0, index), ...argv.slice(index + 1)]
    } else if (word === '--') break
  }
  // `--lang zh --help` asks for the help of kmemscope, not of a command.
  const rest = argv.filter((word, index) => !word.startsWith('--lang') && argv[index - 1] !== '--lang')
  return rest.length > 0 && rest.every(word => ABOUT_ITSELF.has(word)) ? argv : ['diagnose', ...argv]
}

function version(): string {
  const path = fileURLToPath(new URL('../../../package.json', import.meta.url))
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}

/** `--lang`, wherever it stands: help and usage errors are in it too. */
function askedLanguage(argv: readonly string[]): string | undefined {
  const index = argv.findIndex(word => word === '--lang' || word.startsWith('--lang='))
  const word = argv[index]
  return word?.startsWith('--lang=') ? word.slice('--lang='.length) : index < 0 ? undefined : argv[index + 1]
}

async function run(argv: readonly string[]): Promise<number> {
  const asked = askedLanguage(argv)
  const language = asked === 'zh' || asked === 'en' ? asked : localeLanguage(process.env)
  const words: Settings['words'] = (key, values = {}) => fill(cliWords[language][key], values)
  if (asked !== undefined && asked !== 'zh' && asked !== 'en') {
    throw new Ending(words('unknownLanguage', { what: printable(asked) }), exitCodes.usage)
  }
  let code: number = exitCodes.finished
  const settings = (command: keyof typeof OUTPUTS, output: string): Settings => {
    const outputs: readonly string[] = OUTPUTS[command]
    if (!outputs.includes(output)) {
      throw new Ending(
        words('unknownOutput', { what: printable(output), nearest: nearest(output, outputs).join(', ') }),
        exitCodes.usage,
      )
    }
    return { language, output, version: version(), words }
  }

  const program = base(new Command('kmemscope'), words)
    .description(words('about'))
    .version(version(), '-V, --version', words('optVersion'))
    .helpCommand(false)
    .addHelpText('after', () => examples(words))

  base(program.command('diagnose'), words)
    .description(words('diagnose'))
    .argument('[sources...]', words('sources'))
    .addOption(outputOption('diagnose', words))
    .option('--root <dir>', words('optRoot'))
    .option('--since <time>', words('optSince'))
    .addOption(choice('--fail-on <severity>', words('optFailOn'), SEVERITIES))
    .version(version(), '-V, --version', words('optVersion'))
    .addHelpText('after', () => examples(words))
    .action(
      async (
        sources: string[],
        options: { output: string; root?: string; since?: string; failOn?: string },
      ) => {
        const { failOn, since, root } = options
        const severity = SEVERITIES.find(name => name === failOn)
        if (failOn !== undefined && severity === undefined) {
          throw new Ending(
            words('unknownSeverity', { what: printable(failOn), nearest: SEVERITIES.join(', ') }),
            exitCodes.usage,
          )
        }
        const sinceSeconds = since === undefined ? undefined : parseDuration(since)
        if (since !== undefined && sinceSeconds === undefined) {
          throw new Ending(words('badDuration', { what: printable(since) }), exitCodes.usage)
        }
        if (root !== undefined && sources.length > 0)
          throw new Ending(words('rootAndSources'), exitCodes.usage)
        const { diagnoseCommand } = await import('./diagnose.ts')
        code = await diagnoseCommand(settings('diagnose', options.output), {
          sources,
          commands: COMMANDS,
          ...(root === undefined ? {} : { root }),
          ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
          ...(severity === undefined ? {} : { failOn: severity }),
        })
      },
    )

  base(program.command('decode'), words)
    .description(words('decode'))
    .argument('[sources...]', words('decodeSources'))
    .addOption(outputOption('decode', words))
    .addOption(choice('--only <kinds>', words('optOnly', { kinds: reportKinds.join(', ') }), reportKinds))
    .option('--since <time>', words('optFrom'))
    .option('--until <time>', words('optUntil'))
    .addHelpText('after', () => decodeHelp(words))
    .action(
      async (
        sources: string[],
        options: { output: string; only?: string; since?: string; until?: string },
      ) => {
        const selection = selectionOf(options, words)
        if (sources.length === 0 && process.stdin.isTTY === true)
          throw new Ending(words('wantsArgument', { what: '<sources>' }), exitCodes.usage)
        const { decodeCommand } = await import('./decode.ts')
        code = decodeCommand(settings('decode', options.output), {
          sources: sources.length === 0 ? ['-'] : sources,
          selection,
        })
      },
    )

  base(program.command('explain'), words)
    .description(words('explain'))
    .argument('<term...>', words('term'))
    .addOption(outputOption('explain', words))
    .addHelpText('after', () => examples(words))
    .action(async (terms: string[], options: { output: string }) => {
      const { explainCommand } = await import('./explain.ts')
      code = explainCommand(settings('explain', options.output), terms.join(' '))
    })

  watched(base(program.command('memory'), words), words)
    .description(words('memory'))
    .argument('[pod...]', words('memoryPod'))
    .addOption(outputOption('memory', words))
    .option('--cgroup <path>', words('optCgroup'))
    .option('--root <dir>', words('optRoot'))
    .addOption(choice('--sort <column>', words('optSort', { columns: memorySorts.join(', ') }), memorySorts))
    .option('--all', words('optAll'))
    .addHelpText('after', () => memoryHelp(words))
    .action(async (given: string[], options: MemoryFlags) => {
      const { cgroup, root, sort } = options
      const seconds = watchSeconds(options, words)
      const { memoryCommand } = await import('./memory.ts')
      code = await memoryCommand(settings('memory', options.output), {
        words: given,
        ...(cgroup === undefined ? {} : { cgroup }),
        ...(root === undefined ? {} : { root }),
        ...(sort === undefined ? {} : { sort }),
        all: options.all === true,
        ...(seconds === undefined ? {} : { watch: seconds }),
      })
    })

  watched(base(program.command('cgroups'), words), words)
    .description(words('cgroups'))
    .argument('[sources...]', words('cgroupsSources'))
    .addOption(outputOption('cgroups', words))
    .option('--root <dir>', words('optRoot'))
    .addOption(
      choice('--sort <column>', words('optSort', { columns: censusOrders.join(', ') }), censusOrders),
    )
    .option('--pins', words('optPins'))
    .addHelpText('after', () => cgroupsHelp(words))
    .action(async (sources: string[], options: CgroupsFlags) => {
      const { root, sort } = options
      if (root !== undefined && sources.length > 0) throw new Ending(words('rootAndSources'), exitCodes.usage)
      const seconds = watchSeconds(options, words)
      const { cgroupsCommand } = await import('./cgroups.ts')
      code = await cgroupsCommand(settings('cgroups', options.output), {
        sources,
        ...(root === undefined ? {} : { root }),
        ...(sort === undefined ? {} : { sort }),
        pins: options.pins === true,
        ...(seconds === undefined ? {} : { watch: seconds }),
      })
    })

  base(program.command('kmemleak'), words)
    .description(words('kmemleak'))
    .argument('[files...]', words('kmemleakFiles'))
    .addOption(outputOption('kmemleak', words))
    .option('--scan', words('optScan'))
    .option('--yes', words('optYes'))
    .addHelpText('after', () => kmemleakHelp(words))
    .action(async (files: string[], options: { output: string; scan?: boolean; yes?: boolean }) => {
      const { kmemleakCommand } = await import('./kmemleak.ts')
      code = await kmemleakCommand(settings('kmemleak', options.output), {
        files,
        scan: options.scan === true,
        yes: options.yes === true,
      })
    })

  base(program.command('completion'), words)
    .description(words('completion'))
    .argument('<shell>', words('shell'))
    .addOption(outputOption('completion', words))
    .action(async (shell: string, options: { output: string }) => {
      const { output } = settings('completion', options.output)
      const { completionScript } = await import('./completion.ts')
      const script = completionScript(shell, program)
      if (script === undefined)
        throw new Ending(words('unknownShell', { what: printable(shell) }), exitCodes.usage)
      process.stdout.write(
        output === 'json' ? renderJson({ schema: 'kmemscope/completion@1', shell, script }) : script,
      )
    })

  try {
    await program.parseAsync([...commandFirst(argv)], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCodes.finished
    throw new Ending(usageSentence(error, argv, program, words), exitCodes.usage)
  }
  return code
}

/** What `--only`, `--since` and `--until` ask for. */
function selectionOf(
  { only, since, until }: { readonly only?: string; readonly since?: string; readonly until?: string },
  words: Settings['words'],
): Selection {
  const kinds = only?.split(',').map(word => word.trim())
  const known = kinds?.filter(isReportKind)
  const stranger = kinds?.find(word => !isReportKind(word))
  if (stranger !== undefined) {
    throw new Ending(
      words('unknownKind', { what: printable(stranger), nearest: nearest(stranger, reportKinds).join(', ') }),
      exitCodes.usage,
    )
  }
  const bound = (given: string | undefined): Bound | undefined => {
    const parsed = given === undefined ? undefined : parseBound(given.trim())
    if (given !== undefined && parsed === undefined)
      throw new Ending(words('badTime', { what: printable(given) }), exitCodes.usage)
    return parsed
  }
  const from = bound(since)
  const to = bound(until)
  if (from !== undefined && from.from === to?.from) {
    const order = from.from === 'back' ? from.seconds - to.seconds : to.seconds - from.seconds
    if (order < 0) throw new Ending(words('sinceAfterUntil'), exitCodes.usage)
  }
  return {
    ...(known === undefined ? {} : { kinds: new Set(known) }),
    ...(from === undefined ? {} : { since: from }),
    ...(to === undefined ? {} : { until: to }),
  }
}

/** What --watch and --interval are; either of them repeats. */
function watched(command: Command, words: Settings['words']): Command {
  return command.option('--watch', words('optWatch')).option('--interval <time>', words('optInterval'))
}

function watchSeconds({ watch, interval }: WatchFlags, words: Settings['words']): number | undefined {
  if (interval === undefined) return watch === true ? WATCH_SECONDS : undefined
  const seconds = parseInterval(interval)
  if (seconds === undefined)
    throw new Ending(words('badInterval', { what: printable(interval) }), exitCodes.usage)
  return seconds
}

/** What every command shares: the language, help in it, and errors as exceptions. */
function base(command: Command, words: Settings['words']): Command {
  const headings: Readonly<Record<string, string>> = {
    'Usage:': words('headUsage'),
    'Arguments:': words('headArguments'),
    'Options:': words('headOptions'),
    'Commands:': words('headCommands'),
  }
  return command
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addOption(choice('--lang <language>', words('optLang'), LANGUAGES))
    .helpOption('-h, --help', words('optHelp'))
    .showSuggestionAfterError(false)
    .configureHelp({
      helpWidth: columnsOf(process.stdout),
      styleTitle: title => headings[title] ?? title,
      // Defaults are in the description, in the language asked for.
      optionDescription: option => option.description,
    })
}

function outputOption(command: keyof typeof OUTPUTS, words: Settings['words']): Option {
  const outputs = OUTPUTS[command]
  const about = words('optOutput', { outputs: outputs.join(', ') })
  return choice('-o, --output <format>', about, outputs).default('text')
}

/** An option of which the completions know the values; commander is not to refuse others: we name the nearest. */
function choice(flags: string, about: string, values: readonly string[]): Option {
  const option = new Option(flags, about)
  option.argChoices = [...values]
  return option
}

function commandOf(argv: readonly string[], program: Command): Command {
  const name = commandFirst(argv)[0]
  return program.commands.find(one => one.name() === name) ?? program
}

function usageSentence(
  error: CommanderError,
  argv: readonly string[],
  program: Command,
  words: Settings['words'],
): string {
  const what = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  switch (error.code) {
    case 'commander.unknownOption': {
      const command = commandOf(argv, program)
      const known = [...command.options, ...program.options].flatMap(({ long }) =>
        long == null ? [] : [long],
      )
      const flag = what.split('=')[0] ?? what
      return words('unknownOption', {
        what: printable(flag),
        nearest: nearest(flag, [...new Set([...known, '--help'])]).join(', '),
      })
    }
    case 'commander.optionMissingArgument':
      return words('wantsValue', { what })
    case 'commander.missingArgument':
      return words('wantsArgument', { what: `<${what}>` })
    case 'commander.excessArguments':
      return words('tooMany', { what: `<${commandOf(argv, program).registeredArguments[0]?.name() ?? ''}>` })
    default:
      return printable(error.message)
  }
}

function decodeHelp(words: Settings['words']): string {
  return [
    '',
    ...wrap(words('times'), columnsOf(process.stdout)),
    table(words, [
      ['kmemscope decode dmesg.txt', words('exampleReports')],
      ['dmesg | kmemscope decode', words('examplePipe')],
      ['kmemscope decode -o jsonl < dmesg.txt', words('exampleLines')],
      ['kmemscope decode --only oom --since 24h messages', words('exampleOnly')],
      ["kmemscope decode --until '2026-11-20 03:00' kern.log", words('exampleUntil')],
      ['kmemscope decode -o json proc/meminfo', words('exampleFile')],
    ]),
  ].join('\n')
}

function memoryHelp(words: Settings['words']): string {
  return table(words, [
    ['sudo kmemscope memory', words('exampleMemory')],
    ['sudo kmemscope memory --sort first', words('exampleMemorySort')],
    ['sudo kmemscope memory my-pod', words('exampleMemoryPod')],
    ['sudo kmemscope memory --cgroup system.slice/kubelet.service', words('exampleMemoryCgroup')],
    ['sudo kmemscope memory --watch --interval 5s', words('exampleMemoryWatch')],
    ['kmemscope memory ./node-files/ -o json', words('exampleCgroupsFiles')],
  ])
}

function cgroupsHelp(words: Settings['words']): string {
  return table(words, [
    ['sudo kmemscope cgroups', words('exampleCgroups')],
    ['sudo kmemscope cgroups --sort left-over', words('exampleCgroupsSort')],
    ['sudo kmemscope cgroups --pins', words('examplePins')],
    ['kmemscope cgroups --root /host -o json', words('exampleCgroupsHost')],
    ['kmemscope cgroups ./node-files/', words('exampleCgroupsFiles')],
  ])
}

function kmemleakHelp(words: Settings['words']): string {
  return table(words, [
    ['sudo kmemscope kmemleak', words('exampleKmemleak')],
    ['kmemscope kmemleak before.txt after.txt', words('exampleKmemleakTwo')],
    ['sudo kmemscope kmemleak --scan', words('exampleKmemleakScan')],
  ])
}

function examples(words: Settings['words']): string {
  return table(words, [
    ['sudo kmemscope', words('exampleLive')],
    ['kmemscope dmesg.txt kubelet.log', words('exampleLogs')],
    ['journalctl -k | kmemscope diagnose -', words('exampleJournal')],
    ['kmemscope diagnose ./node-files/ -o markdown', words('exampleDirectory')],
    ['kmemscope diagnose --root /host -o json', words('exampleHost')],
    ['kmemscope decode dmesg.txt', words('exampleDecode')],
    ['sudo kmemscope memory', words('exampleMemory')],
    ['sudo kmemscope cgroups', words('exampleCgroups')],
    ['sudo kmemscope kmemleak', words('exampleKmemleak')],
    ["kmemscope explain 'SLUB: Unable to allocate'", words('exampleExplain')],
  ])
}

/** Commands and what they do, and the exit codes below. */
function table(words: Settings['words'], rows: readonly (readonly [string, string])[]): string {
  const cells = Math.max(...rows.map(([command]) => command.length))
  return [
    '',
    words('examples'),
    ...rows.map(([command, what]) => `  ${command.padEnd(cells)}  ${what}`),
    '',
    words('exitCodes'),
  ].join('\n')
}

/** What could not be written; output that is cut short is a failure, whatever was found. */
let unwritten: string | undefined

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has seen enough (`| head`): that is its right, and the exit code still says what was found.
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return
  unwritten ??= error.code ?? error.message
})
// Where notes cannot be written either, there is nobody to be told.
process.stderr.on('error', () => {})
process.on('exit', () => {
  if (unwritten === undefined) return
  process.stderr.write(`kmemscope: ${fill(cliWords[errorLanguage()].unwritten, { what: unwritten })}\n`)
  process.exitCode = asksForNpd() ? 2 : exitCodes.failed
})

const argv = process.argv.slice(2)

function errorLanguage(): Language {
  const asked = askedLanguage(argv)
  return asked === 'zh' || asked === 'en' ? asked : localeLanguage(process.env)
}

function asksForNpd(): boolean {
  return argv.some(
    (word, index) =>
      word === '--output=npd' ||
      word === '-onpd' ||
      (word === 'npd' && /^(-o|--output)$/.test(argv[index - 1] ?? '')),
  )
}

/** A failure in words, to the plug-in's reader on standard output as well: it shows nothing else. */
function fail(sentence: string, exitCode: number): void {
  process.stderr.write(`kmemscope: ${sentence}\n`)
  const npd = asksForNpd()
  if (npd) process.stdout.write(`${conditionLine(sentence)}\n`)
  process.exitCode = npd ? 2 : exitCode
}

try {
  process.exitCode = await run(argv)
} catch (error) {
  if (error instanceof Ending) fail(error.message, error.exitCode)
  else {
    const what = error instanceof Error ? error.message : String(error)
    fail(fill(cliWords[errorLanguage()].failed, { what: printable(what) }), exitCodes.failed)
    if (process.env['KMEMSCOPE_DEBUG'] !== undefined && error instanceof Error)
      process.stderr.write(`${error.stack}\n`)
  }
}
