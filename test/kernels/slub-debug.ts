import type { Boot } from './lab.ts'

/**
 * All checks on the caches of the fault module; of the general ones it uses, who allocates. On every cache they would
 * make a guest twice as slow.
 */
export const slubDebug: Boot = {
  name: 'slub-debug',
  append: 'slub_debug=FZPU,lab-*;U,kmalloc-64,kmalloc-96 log_buf_len=4M',
}
