// What is wrong with a document by the schema it names, of schemas/*.json.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'

const folder = fileURLToPath(new URL('../../schemas', import.meta.url))

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true })
for (const name of readdirSync(folder).filter(one => one.endsWith('.json')))
  ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')))

export function faultsOf(document: object): readonly string[] {
  const id = 'schema' in document ? String(document.schema) : ''
  const validate = ajv.getSchema(id)
  if (validate === undefined) return [`no schema ${id}`]
  validate(JSON.parse(JSON.stringify(document)))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}
