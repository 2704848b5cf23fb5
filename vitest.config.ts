import { defineConfig } from 'vitest/config'

const patience = {
  setupFiles: ['test/seed.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'files',
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**'],
          ...patience,
        },
      },
      {
        // the node's own counters are read here: afterwards, one file at a time
        test: {
          name: 'live',
          include: ['test/live/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          ...patience,
        },
      },
    ],
  },
})
