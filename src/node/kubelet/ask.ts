// Asks the kubelet of this node for its pods: at its read-only port, where it has one; else at its own, with a credential
// at hand and only after the certificate it shows is the one that stands on this node's disk.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:tls'
import { errorCode } from '../trees/reading.ts'

/** A list of pods is some KiB a pod (ours: 250 pods of 64 KiB). */
const ANSWER_LIMIT = 16 * 1024 * 1024

/** What a pod is given to speak to its cluster with. */
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** The certificate the kubelet serves with: one it signed itself, or one the cluster gave it. */
const CERTIFICATES = [
  '/var/lib/kubelet/pki/kubelet.crt',
  '/var/lib/kubelet/pki/kubelet-server-current.pem',
] as const

export interface KubeletPlace {
  /** 0: it has none. */
  readonly readOnlyPort: number
  readonly port: number
  /** A PEM file with a client certificate and its key (KMEMSCOPE_KUBELET_CLIENT). */
  readonly client?: string
  /** Other places of what is read, for tests. */
  readonly token?: string
  readonly certificates?: readonly string[]
}

export type PodsAnswered = { readonly pods: string } | { readonly refused: string; readonly path: string }

const HOST = '127.0.0.1'

/** The kubelet's pods as JSON, within `milliseconds` in all. Never throws. */
export async function askKubelet(place: KubeletPlace, milliseconds: number): Promise<PodsAnswered> {
  const end = Date.now() + milliseconds
  const path = `https://${HOST}:${place.port}/pods`
  try {
    if (place.readOnlyPort !== 0) {
      const open = await plain(place.readOnlyPort, end).catch(() => undefined)
      if (open !== undefined) return { pods: open }
    }
    const pinned = (place.certificates ?? CERTIFICATES).map(text).find(pem => pem !== undefined)
    const pem = place.client === undefined ? undefined : text(place.client)
    const token = pem === undefined ? text(place.token ?? TOKEN)?.trim() : undefined
    if (pem === undefined && token === undefined)
      return { path, refused: 'no token or client certificate at hand' }
    if (pinned === undefined) return { path, refused: 'its certificate on disk could not be read' }
    return { pods: await guarded(place.port, end, new X509Certificate(pinned), pem, token) }
  } catch (error) {
    return { path, refused: errorCode(error).slice(0, 300) }
  }
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function plain(port: number, end: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: HOST, port, path: '/pods', agent: false }, answer => {
      whole(answer).then(resolve, reject)
    })
    limited(asked, end, reject)
    asked.end()
  })
}

/** Sends the credential only to who shows the certificate of this node's kubelet: any user can listen at a free port. */
function guarded(
  port: number,
  end: number,
  pinned: X509Certificate,
  pem: string | undefined,
  token: string | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: HOST,
      port,
      // not by whom it is signed, but whether it is this very one
      rejectUnauthorized: false,
      ...(pem === undefined ? {} : { cert: pem, key: pem }),
    })
    limited(socket, end, reject)
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate()
      if (shown === undefined || !shown.raw.equals(pinned.raw)) {
        socket.destroy(new Error('its certificate is not the one on disk'))
        return
      }
      const headers = {
        host: 'localhost',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      }
      const asked = request({ path: '/pods', headers, createConnection: () => socket }, answer => {
        whole(answer).then(pods => {
          socket.destroy()
          resolve(pods)
        }, reject)
      })
      asked.on('error', reject)
      asked.end()
    })
  })
}

interface Closable {
  destroy(error?: Error): unknown
  once(event: 'error', told: (error: Error) => void): unknown
  once(event: 'close', told: () => void): unknown
}

function limited(closable: Closable, end: number, reject: (error: Error) => void): void {
  const timer = setTimeout(
    () => closable.destroy(new Error('no answer in time')),
    Math.max(1, end - Date.now()),
  )
  closable.once('error', reject)
  closable.once('close', () => clearTimeout(timer))
}

async function whole(answer: IncomingMessage): Promise<string> {
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw new Error(`HTTP ${answer.statusCode}`)
  }
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of answer) {
    pieces.push(piece)
    size += piece.length
    if (size > ANSWER_LIMIT) {
      answer.destroy()
      throw new Error(`more than ${ANSWER_LIMIT} bytes`)
    }
  }
  return Buffer.concat(pieces).toString()
}
