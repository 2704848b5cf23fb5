// npm run test:kernels and npm run kernel: builds kmemscope, then loads the lab (test/kernels), which is TypeScript.

import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string[]} args the command, `test` or `kernel`, and its own arguments */
async function main([command, ...args]) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) return 1
  const server = await createViteServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, watch: null, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
  })
  try {
    const lab = await server.ssrLoadModule('/test/kernels/main.ts')
    return await lab[command === 'kernel' ? 'kernel' : 'test'](args)
  } catch (error) {
    const told = /** @type {Error} */ (error)
    const ours = told.constructor.name === 'Failed' || 'code' in told
    process.stderr.write(`${ours ? told.message : told.stack}\n`)
    if (command !== 'kernel') console.log('0 passed, 1 failed')
    return 1
  } finally {
    await server.close()
  }
}

process.exit(await main(process.argv.slice(2)))
