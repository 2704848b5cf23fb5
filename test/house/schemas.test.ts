// Every command's -o json, as the built command prints it, against schemas/*.json (JSON Schema 2020-12).

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/node/cli/main.js')

interface Document {
  readonly schema: string
}

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true })
const ids = readdirSync(join(root, 'schemas'))
  .filter(name => name.endsWith('.json'))
  .map(name => {
    const schema = JSON.parse(readFileSync(join(root, 'schemas', name), 'utf8'))
    ajv.addSchema(schema)
    return String(schema.$id)
  })

function printed(...args: readonly string[]): Document {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args, '-o', 'json'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** What is wrong with a document by the schema it names. */
function faults(document: Document): readonly string[] {
  const validate = ajv.getSchema(document.schema)
  if (validate === undefined) return [`no schema ${document.schema} among ${ids.join(', ')}`]
  validate(document)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const LOG = [
  '[  100.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)',
  '[ 1460.023551] SLUB: Unable to allocate memory on node -1 (gfp=0x80d0)',
  '[ 1460.023560]   cache: dentry(1683:burstable), object size: 192, buffer size: 192, default order: 1, min order: 0',
  '[ 1460.023566]   node 0: slabs: 28, objs: 448, free: 0',
  '[ 1500.000000] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=java,pid=7,uid=0',
  '[ 1500.000010] Memory cgroup out of memory: Killed process 7 (java) total-vm:2344kB, anon-rss:0kB, file-rss:1228kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:996',
  '',
].join('\n')

describe('-o json', () => {
  let scratch = ''
  let log = ''
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kmemscope-schemas-'))
    log = join(scratch, 'dmesg.txt')
    writeFileSync(log, LOG)
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  const stories = readdirSync(join(root, 'fixtures/nodes'))
  const TERMS = [
    'K-01',
    'memcg-id-exhaustion',
    'kmalloc-192',
    '0x80d0',
    'working_set',
    'SLUB: Unable to allocate',
  ]

  it.each(stories)('diagnose of the story %s', story => {
    expect(faults(printed('diagnose', join(root, 'fixtures/nodes', story, 'tree')))).toEqual([])
  })

  it('diagnose of a log, in both languages, the same but for title and summary', () => {
    const bare = (language: string) => {
      const document = printed('diagnose', log, '--lang', language)
      expect(faults(document)).toEqual([])
      return JSON.parse(
        JSON.stringify(document, (key, value) =>
          ['title', 'summary', 'at'].includes(key) ? undefined : value,
        ),
      )
    }
    expect(bare('zh')).toEqual(bare('en'))
  })

  it('diagnose of this node', ({ skip }) => {
    if (process.platform !== 'linux') skip('not Linux')
    expect(faults(printed('diagnose'))).toEqual([])
  })

  it('decode of a log, of directories and of single files', () => {
    expect(faults(printed('decode', log))).toEqual([])
    for (const story of stories) {
      expect({
        story,
        faults: faults(printed('decode', join(root, 'fixtures/nodes', story, 'tree'))),
      }).toEqual({ story, faults: [] })
      const proc = join(root, 'fixtures/nodes', story, 'tree/proc')
      for (const name of readdirSync(proc)) {
        if (/^(meminfo|cgroups|cmdline)$/.test(name))
          expect(faults(printed('decode', join(proc, name)))).toEqual([])
      }
    }
  })

  it.each(TERMS)('explain %s', term => {
    expect(faults(printed('explain', term))).toEqual([])
  })

  it.each(['bash', 'zsh', 'fish'])('completion %s', shell => {
    expect(faults(printed('completion', shell))).toEqual([])
  })

  /** What `decode -o jsonl` prints of the log. */
  const lines = (): readonly Document[] => {
    const { stdout } = spawnSync(process.execPath, [main, 'decode', log, '-o', 'jsonl'], { encoding: 'utf8' })
    return stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  }

  it('decode of a log, line by line', () => {
    expect(lines().map(faults)).toEqual([[], []])
  })

  it('cgroups of every story that has a cgroup tree, and of this node', ({ skip }) => {
    const withTree = stories.filter(story =>
      existsSync(join(root, 'fixtures/nodes', story, 'tree/sys/fs/cgroup')),
    )
    expect(withTree.length).toBeGreaterThan(5)
    for (const story of withTree) {
      const document = printed('cgroups', join(root, 'fixtures/nodes', story, 'tree'))
      expect({ story, faults: faults(document) }).toEqual({ story, faults: [] })
    }
    if (process.platform !== 'linux') skip('not Linux')
    expect(faults(printed('cgroups'))).toEqual([])
  })

  it('memory of every story that has a cgroup tree, of one cgroup of each, and of this node', ({ skip }) => {
    for (const story of stories) {
      const tree = join(root, 'fixtures/nodes', story, 'tree')
      if (!existsSync(join(tree, 'sys/fs/cgroup'))) continue
      const { rows, ...table } = printed('memory', '--all', tree) as Document & {
        readonly rows: readonly { readonly cgroup: string }[]
      }
      expect({ story, faults: faults({ ...table, rows } as Document) }).toEqual({ story, faults: [] })
      for (const { cgroup } of rows.slice(0, 1))
        expect({ story, cgroup, faults: faults(printed('memory', '--cgroup', cgroup, tree)) }).toEqual({
          story,
          cgroup,
          faults: [],
        })
    }
    if (process.platform !== 'linux') skip('not Linux')
    expect(faults(printed('memory', '--all'))).toEqual([])
  })

  describe('kmemleak', () => {
    const kept = join(root, 'fixtures/nodes/kmemleak-leak/tree/sys/kernel/debug/kmemleak')
    const earlier = (): string => {
      const path = join(scratch, 'earlier.txt')
      const records = readFileSync(kept, 'utf8').split(/^(?=unreferenced object )/m)
      writeFileSync(path, records.slice(0, Math.ceil(records.length / 2)).join(''))
      return path
    }

    it('of a copy, of two, and of an empty one', () => {
      expect(faults(printed('kmemleak', kept))).toEqual([])
      expect(faults(printed('kmemleak', earlier(), kept))).toEqual([])
      expect(faults(printed('kmemleak', kept, earlier()))).toEqual([])
      const empty = join(scratch, 'empty.txt')
      writeFileSync(empty, '')
      expect(faults(printed('kmemleak', empty))).toEqual([])
      expect(faults(printed('kmemleak', empty, kept))).toEqual([])
    })

    it('is refused where it is not what it says', () => {
      const listed = printed('kmemleak', kept)
      expect(faults({ ...listed, groups: [{}] } as Document)).not.toEqual([])
      expect(faults({ ...listed, appeared: [] } as Document)).not.toEqual([])
      expect(faults({ ...listed, detector: { is: 'well' } } as Document)).not.toEqual([])
    })
  })

  it('has a schema for each command and no other', () => {
    const used = [
      printed('diagnose', log),
      printed('decode', log),
      ...lines(),
      printed('explain', 'K-01'),
      printed('completion', 'bash'),
      printed('cgroups', join(root, 'fixtures/nodes/healthy-6x/tree')),
      printed('memory', join(root, 'fixtures/nodes/healthy-6x/tree')),
      printed('memory', '--cgroup', '/kubepods.slice', join(root, 'fixtures/nodes/healthy-6x/tree')),
      printed('kmemleak', join(root, 'fixtures/nodes/kmemleak-leak/tree/sys/kernel/debug/kmemleak')),
    ].map(({ schema }) => schema)
    expect([...new Set(used)].sort()).toEqual([...ids].sort())
  })

  it('is refused where it is not what it says', () => {
    const report = printed('diagnose', log)
    expect(faults({ ...report, verdicts: { 'dying-memcgs': 'healthy' } } as Document)).not.toEqual([])
    expect(faults({ ...report, findings: [{}] } as Document)).not.toEqual([])
    expect(faults({ ...report, surplus: 1 } as Document)).not.toEqual([])
  })
})
