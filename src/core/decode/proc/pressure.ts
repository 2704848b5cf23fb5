// /proc/pressure/memory and memory.pressure of a cgroup: Documentation/accounting/psi.rst.

/** A line of a pressure file: `some avg10=70.24 avg60=68.52 avg300=69.91 total=3559632828`. */
const PRESSURE_LINE =
  /^\s*(?:some|full) avg10=\d{1,4}\.\d+ avg60=\d{1,4}\.\d+ avg300=\d{1,4}\.\d+ total=\d{1,20}\s*$/

/** The lines of a pressure file, as they stand. */
export function parsePressure(text: string): string[] {
  return text
    .split(/\r\n|\n|\r/)
    .filter(line => PRESSURE_LINE.test(line))
    .map(line => line.trim())
}
