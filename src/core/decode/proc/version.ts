// /proc/version: fs/proc/version.c, the banner of init/version.c.

/** The release of `Linux version 3.10.0-957.el7.x86_64 (mockbuild@…) …`; undefined where there is none. */
export function parseVersion(text: string): string | undefined {
  return /\bLinux version ([0-9]\S{0,127})/.exec(text.slice(0, 4096))?.[1]
}
