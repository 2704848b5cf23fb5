import { type Seen, scenario } from '../lab.ts'

const FILE = 'sys/kernel/debug/page_owner'

/** Pages that are leaked in all, at each look. */
const LEAKED = { first: 200, later: 700 } as const

const GONE = '5d1f0f5a-6d0e-4c55-8a2b-1f6a3c5b7d90'

/** Records of pages in use, each of so many lines until an empty one. */
function records({ text }: Seen): readonly string[] {
  const file = text(FILE)
  if (file === undefined) throw new Error(`there is no ${FILE}`)
  const all = file.split('\n\n').filter(record => record !== '')
  const strange = all.find(
    record =>
      !/^Page allocated via order \d+, mask 0x[0-9a-f]+\([A-Z_|0-9a-fx]*\), pid \d+, tgid \d+ \(.*\), ts \d+ ns, free_ts \d+ ns\nPFN \d+ type \w+ Block \d+ type \w+ Flags 0x[0-9a-f]+\(.*\)\n/.test(
        record,
      ),
  )
  if (strange !== undefined) throw new Error(`no record of page_owner: ${strange}`)
  return all
}

export default scenario({
  id: 'page-owner',
  about:
    'page_owner on: a module that leaks pages, and a page of a removed cgroup, by who allocated them; read twice',
  boot: { name: 'page-owner', append: 'page_owner=on' },
  hierarchies: ['v2'],
  needs: ['page-owner'],
  guest: () => `
    insmod /lab/modules/faults.ko count=${LEAKED.first}
    gone=$(pod ${GONE} $(printf '%064d' 1))
    within "$gone" sh -c 'echo kept >/tmp/kept'
    rmdir "$gone"
    leaks() {
      echo leak-pages >/sys/module/faults/parameters/fault
      look "$1"
      keep "$1" /${FILE}
    }
    leaks first
    echo ${LEAKED.later - LEAKED.first} >/sys/module/faults/parameters/count
    leaks later`,
  looks: () => ({ first: { says: [] }, later: { says: [] } }),
  judgedLater: ['traced-slab-leak', 'unaccounted-memory', 'traced-page-leak'],
  made(look, seen) {
    const all = records(seen)
    const leaked = look === 'first' ? LEAKED.first : LEAKED.later
    const own = all.filter(record => / lab_leak_pages\+0x[0-9a-f]+\/0x[0-9a-f]+ \[faults\]$/m.test(record))
    if (own.length !== leaked) throw new Error(`${own.length} pages by lab_leak_pages, not ${leaked}`)
    if (!all.some(record => /^Charged to offline memcg cri-containerd-/m.test(record)))
      throw new Error('no page of the removed cgroup')
  },
})
