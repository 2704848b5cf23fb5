// A kubelet that is asked for its pods: at a port open to all, and at one that wants to know who asks.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { askKubelet } from '../../../src/node/kubelet/ask.ts'

const PODS = '{"kind":"PodList","items":[]}'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

let dir = ''
const at = (name: string) => join(dir, name)

function certificate(name: string): { readonly key: string; readonly cert: string; readonly path: string } {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.crt`), '-days', '2'],
  ])
  if (made.status !== 0) throw new Error(String(made.stderr))
  const path = at(`${name}.crt`)
  return { key: readFileSync(at(`${name}.key`), 'utf8'), cert: readFileSync(path, 'utf8'), path }
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kmemscope-kubelet-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A port nobody listens at. */
const NOBODY = 1

describe('the read-only port', () => {
  const asked = async (listener: RequestListener, milliseconds = 2000) =>
    askKubelet(
      {
        readOnlyPort: await listening(createServer(listener)),
        port: NOBODY,
        token: '/nowhere',
        certificates: [],
      },
      milliseconds,
    )

  it('gives the pods to whoever asks', async () => {
    const paths: (string | undefined)[] = []
    const answer = await asked((request, response) => {
      paths.push(`${request.method} ${request.url}`)
      response.end(PODS)
    })
    expect(answer).toEqual({ pods: PODS })
    expect(paths).toEqual(['GET /pods'])
  })

  it('that is not there, refuses, hangs or never ends costs no more than its time', async () => {
    const refused = { path: 'https://127.0.0.1:1/pods', refused: 'no token or client certificate at hand' }
    expect(await askKubelet({ readOnlyPort: NOBODY, port: NOBODY, token: '/nowhere' }, 500)).toEqual(refused)
    expect(await asked((_, response) => response.writeHead(403).end())).toEqual(refused)
    const before = Date.now()
    expect(await asked(() => {}, 300)).toEqual(refused)
    expect(
      await asked((_, response) => {
        const piece = Buffer.alloc(1024 * 1024, ' ')
        const more = () => {
          while (!response.destroyed && response.write(piece));
        }
        response.on('drain', more)
        more()
      }, 1000),
    ).toEqual(refused)
    expect(Date.now() - before).toBeLessThan(4000)
  })
})

describe('the port that wants to know who asks', () => {
  it.skipIf(!hasOpenssl)('gets the token only if it shows the certificate on the disk', async () => {
    const own = certificate('kubelet')
    const other = certificate('stranger')
    const token = at('token')
    writeFileSync(token, 'secret\n')
    const seen: unknown[] = []
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization)
      response.end(PODS)
    }
    const place = async (shown: { readonly key: string; readonly cert: string }) => ({
      readOnlyPort: 0,
      port: await listening(createTlsServer({ key: shown.key, cert: shown.cert }, listener)),
      token,
      certificates: [at('none.crt'), own.path],
    })
    expect(await askKubelet(await place(own), 2000)).toEqual({ pods: PODS })
    expect(seen).toEqual(['Bearer secret'])
    expect(await askKubelet(await place(other), 2000)).toMatchObject({
      refused: 'its certificate is not the one on disk',
    })
    expect(await askKubelet({ ...(await place(own)), certificates: [] }, 2000)).toMatchObject({
      refused: 'its certificate on disk could not be read',
    })
    expect(seen).toEqual(['Bearer secret'])
  })

  it.skipIf(!hasOpenssl)('is shown the client certificate that was named', async () => {
    const own = certificate('kubelet')
    const client = certificate('client')
    const pem = at('client.pem')
    writeFileSync(pem, client.cert + client.key)
    const server = createTlsServer(
      { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: true, ca: client.cert },
      (_, response) => response.end(PODS),
    )
    const place = {
      readOnlyPort: 0,
      port: await listening(server),
      certificates: [own.path],
      token: '/nowhere',
    }
    expect(await askKubelet({ ...place, client: pem }, 2000)).toEqual({ pods: PODS })
    expect(await askKubelet({ ...place, client: own.path }, 2000)).toHaveProperty('refused')
  })
})
