// Exit codes, the same for every command, and the two ways a command ends early.

/**
 * 0 finished, 1 failed, 2 wrong usage, 10 with --fail-on when a finding of that severity or worse is present, 130 ended by
 * Ctrl-C where that is how a command ends (--watch).
 */
export const exitCodes = { finished: 0, failed: 1, usage: 2, failOn: 10, interrupted: 130 } as const

/** Wrong usage or a failure that has a sentence for the user; nothing else is told of it. */
export class Ending extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}
