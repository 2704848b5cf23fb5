// kmemscope completion: scripts for bash, zsh and fish, generated from the commands themselves.

import type { Command } from 'commander'

interface Offer {
  readonly name: string
  readonly about: string
  readonly options: readonly {
    readonly long: string
    readonly short?: string
    readonly about: string
    readonly values?: readonly string[]
    readonly takesValue: boolean
  }[]
}

function offers(program: Command): readonly Offer[] {
  return program.commands.map(command => ({
    name: command.name(),
    about: command.description(),
    options: command.options.flatMap(({ long, short, description, argChoices, required }) =>
      long == null
        ? []
        : [
            {
              long,
              about: description,
              takesValue: required,
              ...(short == null ? {} : { short }),
              ...(argChoices === undefined ? {} : { values: argChoices }),
            },
          ],
    ),
  }))
}

/** The script of that shell; undefined for a shell we have none for. */
export function completionScript(shell: string, program: Command): string | undefined {
  const commands = offers(program)
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`
    case 'fish':
      return fish(commands)
    default:
      return undefined
  }
}

function isDefault({ name }: Offer): boolean {
  return name === 'diagnose'
}

function bash(commands: readonly Offer[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  // What no command is named for is for diagnose: its values come last, for any other word.
  const values = [...commands]
    .sort((a, b) => Number(isDefault(a)) - Number(isDefault(b)))
    .flatMap(command =>
      command.options.flatMap(({ long, short, values }) => {
        if (values === undefined) return []
        const names = short === undefined ? [long] : [short, long]
        const cases = names.map(name => `${isDefault(command) ? '*' : command.name}:${name}`).join('|')
        return [
          `    ${cases}) COMPREPLY=($(compgen -P "$listed" -W "${values.join(' ')}" -- "$last")); return ;;`,
        ]
      }),
    )
  const options = commands.map(
    ({ name, options }) => `    ${name}) options="${options.map(({ long }) => long).join(' ')} --help" ;;`,
  )
  return [
    '_kmemscope() {',
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}" options=""',
    // of values with commas between them the last is offered
    '  local last="${word##*,}" listed=""',
    '  [[ "$word" == *,* ]] && listed="${word%,*},"',
    '  case "$command:$before" in',
    ...values,
    '    *:--root) COMPREPLY=($(compgen -d -- "$word")); return ;;',
    '    completion:completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")); return ;;',
    '  esac',
    '  case "$command" in',
    ...options,
    `    *) options="${
      commands
        .find(isDefault)
        ?.options.map(({ long }) => long)
        .join(' ') ?? ''
    } --help" ;;`,
    '  esac',
    '  if [[ "$word" == -* ]]; then',
    '    COMPREPLY=($(compgen -W "$options" -- "$word"))',
    '  elif [[ $COMP_CWORD -eq 1 ]]; then',
    `    COMPREPLY=($(compgen -W "${names}" -- "$word") $(compgen -f -- "$word"))`,
    '  else',
    '    COMPREPLY=($(compgen -f -- "$word"))',
    '  fi',
    '}',
    'complete -o filenames -F _kmemscope kmemscope',
    '',
  ].join('\n')
}

function fish(commands: readonly Offer[]): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  return [
    ...commands.map(
      ({ name, about }) => `complete -c kmemscope -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
    ),
    ...commands.flatMap(({ name, options }) =>
      options.map(({ long, short, about, values, takesValue }) =>
        [
          `complete -c kmemscope -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}`,
          short === undefined ? '' : `-s ${short.slice(1)}`,
          values === undefined ? (takesValue ? '-r' : '') : `-x -a ${quoted(values.join(' '))}`,
          `-d ${quoted(about)}`,
        ]
          .filter(part => part !== '')
          .join(' '),
      ),
    ),
    '',
  ].join('\n')
}
