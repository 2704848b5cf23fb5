// How wide a line may be where it is printed.

/** Off a terminal: what reads well in a file, and what a wide terminal has. */
const NO_TERMINAL = 100

/** A serial console reports a window of 0 by 0 (tty_ioctl(4), TIOCGWINSZ: nobody has set it); they are this wide. */
const SERIAL_CONSOLE = 80

/** Columns of a stream; Node gives none off a terminal. */
export function columnsOf({ columns }: { readonly columns?: number }): number {
  if (columns === undefined) return NO_TERMINAL
  return columns > 0 ? columns : SERIAL_CONSOLE
}
