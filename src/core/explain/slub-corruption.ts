// A report of slab debugging (mm/slub.c, and mm/slab.c up to 6.7) in words: what was done to which object, how that is
// known, and who is to be asked.

import { kept } from '../base/kept.ts'
import { type Text, text, type Value } from '../base/text.ts'
import type { SlubCorruption, SlubTrack } from '../decode/kmsg/report.ts'
import type { RemedyId } from '../knowledge/remedies.ts'
import { slabCache } from '../knowledge/slab-caches.ts'
import { FILL } from '../knowledge/slub-object.ts'
import type { ExplanationOf } from './explanation.ts'
import { type FaultSort, type Look, type SlubFault, slubFault, stackKey } from './slub-damage.ts'

/** The sentences of a fault; the detector says the same. */
export const slubWords = text({
  en: {
    leak: 'Leak: slab cache {cache} was destroyed with {objects|number} objects still allocated',
    'leak-one': 'Leak: slab cache {cache} was destroyed with an object still allocated',
    'leak-uncounted': 'Leak: slab cache {cache} was destroyed with objects still allocated',
    overrun: 'Overrun: memory beside an object of slab cache {cache} was overwritten',
    'use-after-free': 'Use after free: a freed object of slab cache {cache} was changed',
    uninitialised: 'Use of uninitialised bytes: 0x5a was copied into an object of slab cache {cache}',
    'double-free': 'Double free: an object of slab cache {cache} was freed again',
    'wrong-free': 'Wrong free: slab cache {cache} was given a pointer that is not one of its objects',
    hardware: 'One bit changed in slab cache {cache}: bad memory, most likely',
    metadata: 'The slab allocator’s own records of slab cache {cache} contradict each other',
    unknown: 'Slab debugging found damage in slab cache {cache}; the heading of its report is missing',

    'because-leak':
      'This is a leak: the cache was taken away while objects of it were still allocated, and whoever allocated them had not freed them.',
    'because-past-end':
      'This is an overrun: the damage is in the right red zone, behind the object, so somebody who holds the object wrote past its end.',
    'because-past-asked':
      'This is an overrun: the damage is behind the bytes that were asked of kmalloc, within its bucket. Without debugging it hits nobody until the bucket is full; the size asked for is too small all the same.',
    'because-before-start':
      'This is an overrun, backwards: the damage is in the left red zone, before the object, as by a negative index or a pointer moved back too far.',
    'because-from-neighbour':
      'This is an overrun: the damage begins at the far end of the left red zone and does not reach this object, so it comes from the object before it, more likely than from this one; the tracks below are this one’s.',
    'because-red-zone':
      'This is an overrun: a red zone beside the object was written; the log does not show on which side.',
    'because-terminator':
      'This is an overrun by one byte: a single zero directly behind the end, as when a string of exactly that size gets its terminating zero.',
    'because-padding':
      'This is an overrun: the padding behind the object and its tracks was written, which nobody ever uses.',
    'because-alignment':
      'This is an overrun: the bytes between the object’s end and the next word were written, which nobody may use.',
    'because-slab-tail':
      'This is an overrun or a stray write: what is left of the slab behind its last object was written. Whose write it was the report cannot tell.',
    'because-written-freed':
      'This is a use after free: the object was free and filled with poison (0x6b, the last byte 0xa5), and somebody wrote to it afterwards.',
    'because-counted-freed':
      'This is a use after free: a word of the freed object’s poison was counted, not overwritten.',
    'because-list-freed':
      'This is a use after free: list pointers were written into the freed object, so it was freed while it was on a list, or its list was used afterwards.',
    'because-free-pointer-freed':
      'This is a use after free, most likely: the object is free, and its link to the next free object no longer points into its slab.',
    'because-free-pointer-used':
      'The object is in use and its red zone is whole, but the free pointer kept behind it was overwritten: an overrun that skips bytes, as by a wrong index, or a stray write from anywhere.',
    'because-free-chain':
      'This is a use after free, most likely: on its way along the free objects of the slab the kernel met one, told here, whose link leads nowhere.',
    'because-free-cycle':
      'This is a double free: the free objects of the slab form a ring, so one of them was freed twice.',
    'because-fresh-read':
      'This is a use of uninitialised bytes: 0x5a (POISON_INUSE) stands here, which only memory holds that nobody has written since it was allocated or its slab was made; it was read there and copied.',
    'because-freed-read':
      'This is a use after free, most likely: 0x6b (POISON_FREE) stands where the free pointer should be, so freed memory was taken for something else.',
    'because-double-free': 'This is a double free: the object was free already when it was freed again.',
    'because-double-free-counted':
      'This is a double free: the slab has fewer objects in use than were to be freed.',
    'because-red-zone-free':
      'This is a double free, most likely: the object was to be freed as one in use (0xcc), and its red zone says that it is free (0xbb).',
    'because-red-zone-used':
      'This is none of the usual sorts: the object is on the list of the free, and its red zone says that it is in use (0xcc). The allocator’s records are damaged.',
    'because-bulk':
      'This is a double free, most likely: the list of objects freed in one go does not have the length its caller gave, as when one stands in it twice.',
    'because-invalid-pointer':
      'This is a wrong free: the pointer is not the first byte of an object of that cache; it points into one, or to other memory.',
    'because-wrong-cache':
      'This is a wrong free: the object belongs to cache {owner} and was given to kmem_cache_free() for {cache}.',
    'because-one-bit':
      'This points at hardware: exactly one bit of one byte changed, and code writes whole bytes. Code that sets or clears a single flag looks the same: if it comes again at the same byte of an object, look for that instead.',
    'because-metadata':
      'This is none of the usual sorts: counts or flags of the slab itself are wrong, because they were overwritten or because of damage found before; the first report of the log tells more.',
    'because-headless': 'Which sort it is cannot be told: the heading of the report is not in the log.',

    place: 'Damaged: {place}, counted from the object’s first byte.',
    'place-of': 'Damaged: {place}, counted from the first of the object’s {size|number} bytes.',
    'place-tail': 'Damaged: {place}, counted from the slab’s first byte.',
    'place-rest': 'Damaged: {place}, counted from the first byte behind the slab’s last object.',
    bytes: 'Found {found}, where {expected} must be.',
    'while-free':
      'Its red zone was that of a free object (0xbb): it was written after the object had been freed.',
    holds: 'The red zone in between is intact, so nothing ran on over it: a write at a wrong place.',
    further: 'Other parts of the same object are damaged too: {further}.',

    'look-counter-down':
      'It was counted down by {by|number}: a reference count, as when somebody drops the last reference once too often.',
    'look-counter-up': 'It was counted up by {by|number}: a reference count or another counter.',
    'look-also-bit': 'It is a single bit, too: if it is never seen again, bad memory remains possible.',
    'look-list-head': 'The bytes are a pointer to themselves: an empty list head.',
    'look-pointer': 'The bytes look like a pointer of the kernel: {pointer}.',
    'look-list-poison': 'The bytes are list poison: list_del() was called on them.',
    'look-text': 'The bytes look like text: “{text}”.',
    'look-zeroes': 'The bytes are all zero: cleared by memset(), or by a field set to 0.',
    'look-small-number': 'The bytes look like a small number: {number}.',
    'look-freed':
      'The bytes are 0x6b: copied from memory that was freed, or given out and not written yet; SLUB fills both with it.',

    'suspect-module': 'The stacks name the module {module} ({function}): it is to be asked first.',
    'suspect-function': 'The stacks name {function}, and no module.',
    'suspect-none': 'The report names nobody: with user tracking (slub_debug=U) it would.',
    owner: 'What the cache holds: ?.',
    'leak-stack': 'They were allocated in: {sites}.',
    'leak-stack-one': 'It was allocated in {sites}.',
    'leak-unlisted':
      'The kernel listed none of them: it lists objects only of slabs that are not full, and names who allocated them only with user tracking (slub_debug=U).',
    'leak-untracked': 'Who allocated them is not told: with user tracking (slub_debug=U) it would be.',
    'leak-by': 'Taken away by {destroyer}.',
    'leak-rcu':
      'Objects freed through RCU look the same when the module does not wait for them (rcu_barrier) before it takes its cache away.',
    'rcu-free':
      'It was freed through RCU (kfree_rcu, call_rcu), so the stack of its free does not show who asked for it.',
    'second-free': 'The call trace is that of the free that failed; “freed” is the free before it.',
    innocent: 'Process {comm} (pid {pid}) found it and need not have done it: that was any time before.',
    'innocent-unnamed': 'Who found it need not have done it: that was any time before.',
    'not-first':
      'The kernel had met damage before (taint B): an earlier report may be the cause of this one.',
    'out-of-tree':
      'Modules that are not of this kernel’s source are loaded (taint {taint}): try whether it happens without them.',
    'goes-on': 'The kernel repaired what it saw and went on; what else was damaged it cannot know.',
    truncated: 'The report is not whole in the log; what is missing is left open.',
    hashed: 'Addresses in this log are hashed, so not every place can be told.',
    claim:
      'The lines were written to /dev/kmsg from user space, not by the kernel: perhaps a test, perhaps a forgery.',

    'fact-reason': 'reported as',
    'fact-cache': 'slab cache',
    'fact-owner': 'object’s own cache',
    'fact-object': 'object',
    'fact-place': 'damaged',
    'fact-found': 'found',
    'fact-expected': 'expected',
    'fact-allocated': 'allocated',
    'fact-freed': 'freed',
    'fact-finder': 'found by',
    'fact-slab': 'objects in use / in the slab',
    'fact-free-pointer': 'free pointer',
    'fact-module': 'module',
    'fact-taint': 'taint',
    'fact-kernel': 'kernel',
  },
  zh: {
    leak: '泄漏：slab 缓存 {cache} 被销毁时还有 {objects|number} 个对象未释放',
    'leak-one': '泄漏：slab 缓存 {cache} 被销毁时还有一个对象未释放',
    'leak-uncounted': '泄漏：slab 缓存 {cache} 被销毁时还有对象未释放',
    overrun: '越界：slab 缓存 {cache} 的对象旁边的内存被改写',
    'use-after-free': '释放后使用：slab 缓存 {cache} 中已释放的对象被改动',
    uninitialised: '使用未初始化的数据：0x5a 被复制到 slab 缓存 {cache} 的对象里',
    'double-free': '重复释放：slab 缓存 {cache} 的对象被再次释放',
    'wrong-free': '错误释放：交给 slab 缓存 {cache} 释放的指针不是它的对象',
    hardware: 'slab 缓存 {cache} 中有一个比特被改变：很可能是内存硬件故障',
    metadata: 'slab 缓存 {cache} 的分配器元数据自相矛盾',
    unknown: 'slab debug 发现 slab 缓存 {cache} 被写坏，但日志里缺少报告的标题行',

    'because-leak': '属于泄漏：缓存被销毁时仍有对象处于已分配状态，分配者没有释放它们。',
    'because-past-end': '属于越界：损坏处在右侧 red zone，即对象之后，说明持有该对象的代码写过了末尾。',
    'because-past-asked':
      '属于越界：损坏处在向 kmalloc 申请的字节之后、所用桶的范围之内。不开调试时，桶没写满之前不会影响别人，但申请的大小确实偏小。',
    'because-before-start':
      '属于向前越界：损坏处在左侧 red zone，即对象之前，例如下标为负，或指针往回移得太多。',
    'because-from-neighbour':
      '属于越界：损坏从左侧 red zone 的远端开始，没有到达本对象，因此更可能来自前一个对象；下面的分配与释放记录是本对象的。',
    'because-red-zone': '属于越界：对象旁边的 red zone 被改写；日志没有显示是哪一侧。',
    'because-terminator':
      '属于一字节越界：末尾之后恰好写了一个零，像是长度刚好等于对象大小的字符串又写了结尾的零。',
    'because-padding': '属于越界：对象及其跟踪记录之后的 padding 被改写，这些字节谁也不会用。',
    'because-alignment': '属于越界：对象末尾到下一个字边界之间的字节被改写，这些字节谁也不该用。',
    'because-slab-tail':
      '属于越界或野指针写：slab 中最后一个对象之后的剩余空间被改写。报告无法说明是谁写的。',
    'because-written-freed':
      '属于释放后使用：对象已释放并填充了 poison（0x6b，最后一个字节 0xa5），之后又有人写了它。',
    'because-counted-freed': '属于释放后使用：已释放对象的 poison 中有一个字被加减，而不是被整体改写。',
    'because-list-freed':
      '属于释放后使用：已释放的对象里被写入了链表指针，说明释放时它还在链表上，或者链表后来又被使用。',
    'because-free-pointer-freed':
      '很可能属于释放后使用：对象是空闲的，而它指向下一个空闲对象的指针已不在本 slab 之内。',
    'because-free-pointer-used':
      '对象正在使用，red zone 也完好，而放在它后面的 free pointer 被改写：可能是跳过若干字节的越界（如下标错误），也可能是别处的野写。',
    'because-free-chain':
      '很可能属于释放后使用：内核沿着 slab 的空闲链表走，遇到一个链接已失效的空闲对象，即这里所报的对象。',
    'because-free-cycle': '属于重复释放：slab 的空闲链表成了环，其中有对象被释放了两次。',
    'because-fresh-read':
      '属于使用未初始化的数据：这里是 0x5a（POISON_INUSE），只有分配后（或 slab 建立后）从未写过的内存才是这个值；它被读出并复制到了这里。',
    'because-freed-read':
      '很可能属于释放后使用：free pointer 的位置是 0x6b（POISON_FREE），说明已释放的内存被当成了别的东西。',
    'because-double-free': '属于重复释放：对象已经是空闲的，又被释放了一次。',
    'because-double-free-counted': '属于重复释放：slab 中正在使用的对象少于要释放的个数。',
    'because-red-zone-free':
      '很可能属于重复释放：对象被当作使用中（0xcc）来释放，而它的 red zone 表明它已空闲（0xbb）。',
    'because-red-zone-used':
      '不属于常见的几类：对象在空闲链表上，而它的 red zone 表明它正在使用（0xcc），是分配器自己的元数据坏了。',
    'because-bulk':
      '很可能属于重复释放：批量释放的对象链表长度与调用者给出的不符，例如同一个对象在其中出现两次。',
    'because-invalid-pointer':
      '属于错误释放：该指针不是这个缓存中某个对象的首字节，而是指向对象内部，或者指向别的内存。',
    'because-wrong-cache':
      '属于错误释放：对象属于缓存 {owner}，却被当作 {cache} 的对象交给了 kmem_cache_free()。',
    'because-one-bit':
      '指向硬件：恰好一个字节里的一个比特被改变，而代码写的是整个字节。设置或清除单个标志位的代码看起来也一样：如果在对象的同一字节再次出现，就应转而查代码。',
    'because-metadata':
      '不属于常见的几类：slab 自身的计数或标志有误，可能是被改写，也可能由先前已发现的损坏引起；日志里的第一份报告更有价值。',
    'because-headless': '无法判断属于哪一类：日志里缺少报告的标题行。',

    place: '损坏位置：{place}（从对象首字节算起）。',
    'place-of': '损坏位置：{place}（从对象首字节算起，对象共 {size|number} 字节）。',
    'place-tail': '损坏位置：{place}（从 slab 首字节算起）。',
    'place-rest': '损坏位置：{place}（从 slab 最后一个对象之后的首字节算起）。',
    bytes: '实际为 {found}，应为 {expected}。',
    'while-free': '它的 red zone 是空闲对象的（0xbb），说明是在对象释放之后写的。',
    holds: '中间的 red zone 完好，说明不是连续写过去的，而是写到了错误的位置。',
    further: '同一对象的其他部分也有损坏：{further}。',

    'look-counter-down': '它被减去了 {by|number}：像是引用计数，例如最后一个引用被多放了一次。',
    'look-counter-up': '它被加上了 {by|number}：像是引用计数或其他计数器。',
    'look-also-bit': '这也恰好只是一个比特：如果不再出现，不能排除内存硬件故障。',
    'look-list-head': '这些字节是指向自身的指针：一个空的链表头。',
    'look-pointer': '这些字节像是内核指针：{pointer}。',
    'look-list-poison': '这些字节是 list poison：对它调用过 list_del()。',
    'look-text': '这些字节像是文本：“{text}”。',
    'look-zeroes': '这些字节全为零：被 memset() 清零，或某个字段被置 0。',
    'look-small-number': '这些字节像是一个小整数：{number}。',
    'look-freed': '这些字节是 0x6b：从已释放、或刚分配还没写过的内存复制而来，SLUB 对两者都填它。',

    'suspect-module': '调用栈指向模块 {module}（{function}）：应首先查它。',
    'suspect-function': '调用栈指向 {function}，没有指向任何模块。',
    'suspect-none': '报告没有指出是谁：开启用户跟踪（slub_debug=U）后会有。',
    owner: '该缓存存放：?。',
    'leak-stack': '分配处：{sites}。',
    'leak-stack-one': '它在 {sites} 分配。',
    'leak-unlisted':
      '内核没有列出这些对象：它只列出未满的 slab 中的对象，而且只有开启用户跟踪（slub_debug=U）才会写明由谁分配。',
    'leak-untracked': '没有写明由谁分配：开启用户跟踪（slub_debug=U）后会有。',
    'leak-by': '销毁者：{destroyer}。',
    'leak-rcu': '如果模块在销毁缓存之前没有等待（rcu_barrier），通过 RCU 延迟释放的对象看起来也是这样。',
    'rcu-free': '它是通过 RCU（kfree_rcu、call_rcu）释放的，因此释放的调用栈看不出是谁要求释放的。',
    'second-free': '调用栈是这次失败的释放；“释放”一项是之前的那次释放。',
    innocent: '进程 {comm}（pid {pid}）只是发现者，未必是肇事者：写坏可能发生在此前任何时候。',
    'innocent-unnamed': '发现者未必是肇事者：写坏可能发生在此前任何时候。',
    'not-first': '内核此前已遇到过损坏（taint B）：这份报告可能由更早的报告引起。',
    'out-of-tree': '加载了不属于本内核源码的模块（taint {taint}）：可试试不加载它们是否还会发生。',
    'goes-on': '内核修复了它看到的部分并继续运行；其他地方是否也被写坏，它无从知道。',
    truncated: '日志里的报告不完整，缺失的部分不作推断。',
    hashed: '该日志里的地址经过哈希，并非每个位置都能确定。',
    claim: '这些行是用户态写入 /dev/kmsg 的，并非内核输出：可能是测试，也可能是伪造。',

    'fact-reason': '报告原文',
    'fact-cache': 'slab 缓存',
    'fact-owner': '对象所属缓存',
    'fact-object': '对象',
    'fact-place': '损坏位置',
    'fact-found': '实际字节',
    'fact-expected': '应为',
    'fact-allocated': '分配',
    'fact-freed': '释放',
    'fact-finder': '发现者',
    'fact-slab': '使用中的对象 / slab 内对象',
    'fact-free-pointer': 'free pointer',
    'fact-module': '模块',
    'fact-taint': 'taint',
    'fact-kernel': '内核',
  },
})

type Words = typeof slubWords.en
type Key = keyof Words

const hex = (value: number | bigint, digits = 2): string => `0x${value.toString(16).padStart(digits, '0')}`

/** Bytes shown of the damage; the picture has all that was printed. */
const BYTES_SHOWN = 16

function foundWords(found: readonly number[], first: number | undefined): string | undefined {
  if (found.length === 0) return first === undefined ? undefined : `${hex(first)} …`
  const bytes = found.slice(0, BYTES_SHOWN).map(byte => byte.toString(16).padStart(2, '0'))
  const [only] = found
  if (only !== undefined && found.every(byte => byte === only))
    return found.length === 1 ? hex(only) : `${found.length} × ${hex(only)}`
  return `${bytes.join(' ')}${found.length > BYTES_SHOWN ? ' …' : ''}`
}

/** `+64`, `-4…-1`: signs tell what is before the object. */
function placeWords(
  { offset, size }: { readonly offset: number; readonly size: number },
  whole: boolean,
): string {
  const at = (one: number): string => `${one < 0 || !whole ? '' : '+'}${one}`
  return size === 1 ? at(offset) : `${at(offset)}…${at(offset + size - 1)}`
}

/** What HZ can be: a jiffy is between a hundredth and a thousandth of a second. */
const HZ = [1000, 100] as const

function ageWords(jiffies: number): string {
  const seconds = HZ.map(hz => jiffies / hz)
  const [least = 0, most = 0] = seconds
  const round = (value: number): string =>
    value >= 10 ? value.toFixed(0) : String(Number(value.toPrecision(2)))
  return jiffies === 0 ? 'age 0' : `age ${jiffies} jiffies (${round(least)}–${round(most)} s)`
}

function trackWords({ site, pid, cpu, ageJiffies }: SlubTrack): string {
  return [
    site,
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(cpu === undefined ? [] : [`CPU ${cpu}`]),
    ...(ageJiffies === undefined ? [] : [ageWords(ageJiffies)]),
  ].join(', ')
}

/** Which sentences say what a report of slab debugging means, and with which values: of the explanation and the detector. */
export function slubSentences(
  report: SlubCorruption,
  fault: SlubFault,
): {
  readonly title: Key
  readonly summary: readonly Key[]
  readonly values: ExplanationOf<Words>['values']
} {
  const { sort, reason, looks, picture } = fault
  const { damage } = picture ?? {}
  const objects = report.remaining?.length ?? report.slab?.used
  const counted = objects !== undefined && objects > 0
  const sites = allocationSites(report)
  const first = picture?.marks[0] ?? damage
  const last = picture?.marks.at(-1) ?? damage
  const place =
    first === undefined || last === undefined
      ? undefined
      : placeWords(
          { offset: first.offset, size: last.offset + last.size - first.offset },
          picture?.of !== 'slab-tail',
        )
  const size = picture?.parts.find(({ part }) => part === 'object')?.size
  const { start, end, firstByte } = report.range ?? {}
  const single = start !== undefined && start === end
  const found = foundWords(
    fault.found.length === 0 && single && firstByte !== undefined ? [firstByte] : fault.found,
    firstByte,
  )
  const expected = report.range?.expectedByte
  const further = (report.further ?? []).map(one => one.reason).join(', ')
  const claimed = report.userWritten === true
  const taint = report.taint?.replace(/[^A-Z]/g, '') ?? ''
  const free = sort === 'double-free' || sort === 'wrong-free'
  const silent = sort === 'metadata' || sort === 'unknown'
  return {
    title: sort !== 'leak' ? sort : !counted ? 'leak-uncounted' : objects === 1 ? 'leak-one' : 'leak',
    summary: kept(
      claimed && 'claim',
      `because-${reason}`,
      sort === 'leak' && sites !== undefined && (objects === 1 ? 'leak-stack-one' : 'leak-stack'),
      sort === 'leak' &&
        sites === undefined &&
        report.allocator !== 'SLAB' &&
        (report.remaining === undefined || report.remaining.length === 0
          ? 'leak-unlisted'
          : 'leak-untracked'),
      sort === 'leak' && fault.foundBy?.function !== undefined && 'leak-by',
      place !== undefined &&
        (picture?.fromTail === true
          ? 'place-rest'
          : picture?.of === 'slab-tail'
            ? 'place-tail'
            : size === undefined
              ? 'place'
              : 'place-of'),
      place === undefined && report.hashed === true && report.range !== undefined && 'hashed',
      found !== undefined && expected !== undefined && 'bytes',
      sort === 'overrun' && expected === FILL.redFree && 'while-free',
      reason === 'padding' && picture !== undefined && holds(picture) && 'holds',
      ...looks.map(look => lookKey(look, fault)),
      further !== '' && 'further',
      sort !== 'hardware' && !silent && suspectKey(report, fault),
      throughRcu(report, fault) && 'rcu-free',
      !free && !silent && sort !== 'leak' && (report.comm === undefined ? 'innocent-unnamed' : 'innocent'),
      sort === 'double-free' && report.freed !== undefined && report.frames.length > 0 && 'second-free',
      sort === 'leak' && 'leak-rcu',
      taint.includes('B') && 'not-first',
      /[OP]/.test(taint) && fault.suspect?.module === undefined && 'out-of-tree',
      report.fixes.length > 0 && !taint.includes('B') && 'goes-on',
      (report.truncated === true || report.truncatedHead === true) && 'truncated',
    ),
    values: {
      cache: report.cache ?? '?',
      owner: report.ownerCache ?? '?',
      objects,
      place,
      size,
      found,
      expected: expected === undefined ? undefined : hex(expected),
      further,
      by: fault.counted === undefined ? undefined : Math.abs(fault.counted),
      pointer: fault.pointer === undefined ? undefined : hex(fault.pointer),
      text: fault.text,
      number: fault.number === undefined ? undefined : String(fault.number),
      module: fault.suspect?.module,
      function: fault.suspect?.function,
      sites,
      destroyer: destroyer(fault),
      comm: report.comm,
      pid: report.pid === undefined ? '?' : report.pid,
      taint: taint.replace(/[^OPE]/g, ''),
    },
  }
}

/** Freed by a callback of RCU, in whose stack nobody else stands. */
function throughRcu({ freed }: SlubCorruption, fault: SlubFault): boolean {
  return (
    freed !== undefined &&
    fault.freed === undefined &&
    [freed.function, ...freed.frames.map(frame => frame.function)].some(
      name => name !== undefined && /(?:^|_)rcu_/.test(name),
    )
  )
}

/** The red zone behind the object was printed and is whole. */
function holds({ parts, rows, marks }: NonNullable<SlubFault['picture']>): boolean {
  const right = parts.find(({ part }) => part === 'right')
  const printed = rows.some(({ part }) => part === 'right')
  return (
    printed &&
    right?.offset !== undefined &&
    !marks.some(({ offset }) => offset < (right.offset ?? 0) + (right.size ?? 0))
  )
}

function destroyer({ foundBy }: SlubFault): string | undefined {
  if (foundBy?.function === undefined) return undefined
  return foundBy.module === undefined ? foundBy.function : `${foundBy.function} [${foundBy.module}]`
}

/** Places named of the objects left behind. */
const SITES_NAMED = 3

/** Where the objects left behind were allocated, most of them first: `16 × lab_leak+0x32/0x50 [faults]`. */
function allocationSites({ remaining }: SlubCorruption): string | undefined {
  const counts = new Map<string, { readonly site: string; count: number }>()
  for (const { allocated } of remaining ?? []) {
    if (allocated === undefined) continue
    const key = stackKey(allocated)
    const before = counts.get(key)
    if (before === undefined) counts.set(key, { site: allocated.site, count: 1 })
    else before.count += 1
  }
  const all = [...counts.values()].sort((a, b) => b.count - a.count)
  if (all.length === 0) return undefined
  const named = all
    .slice(0, SITES_NAMED)
    .map(({ site, count }) => (count === 1 ? site : `${count} × ${site}`))
  return `${named.join(', ')}${all.length > SITES_NAMED ? ', …' : ''}`
}

function lookKey(look: Look, { counted, sort }: SlubFault): Key | false {
  switch (look) {
    case 'one-bit':
      return sort !== 'hardware' && 'look-also-bit'
    case 'counter':
      return (counted ?? 0) < 0 ? 'look-counter-down' : 'look-counter-up'
    case 'terminator':
    case 'says-free':
    case 'says-used':
    case 'fresh':
      // said as the reason
      return false
    default:
      return `look-${look}`
  }
}

function suspectKey(report: SlubCorruption, { suspect }: SlubFault): Key | false {
  if (suspect?.module !== undefined) return 'suspect-module'
  if (suspect?.function !== undefined) return 'suspect-function'
  const told = report.object !== undefined && report.truncated !== true && report.allocator !== 'SLAB'
  return told && report.allocated === undefined && report.freed === undefined && 'suspect-none'
}

/** What is done about it; `claimed` reports ask for nothing. */
export function slubRemedies(
  sort: FaultSort,
  fault: SlubFault,
  { allocator }: SlubCorruption,
): readonly RemedyId[] {
  const named = fault.suspect?.module !== undefined || fault.suspect?.function !== undefined
  if (sort === 'hardware') return ['save-evidence', 'cordon-node', 'test-memory', 'drain-and-reboot']
  return kept(
    'save-evidence',
    sort !== 'leak' && 'drain-and-reboot',
    named && 'report-kernel-bug',
    // SLAB's checks are a build of their own (CONFIG_DEBUG_SLAB)
    allocator !== 'SLAB' && 'slub-debug-cache',
    !named && 'report-kernel-bug',
  )
}

/** What the cache holds stands in the knowledge; kmalloc's are anybody's. */
function withOwner(cache: string | undefined): { readonly words: Text<Words>; readonly named: boolean } {
  const row = cache === undefined ? undefined : slabCache(cache)
  if (row === undefined || row.sized !== undefined) return { words: slubWords, named: false }
  const owner = { en: `What the cache holds: ${row.owner.en}.`, zh: `该缓存存放：${row.owner.zh}。` }
  return {
    words: {
      en: { ...slubWords.en, owner: owner.en as Words['owner'] },
      zh: { ...slubWords.zh, owner: owner.zh },
    },
    named: true,
  }
}

/** A report of slab debugging, in words. */
export function explainSlubCorruption(report: SlubCorruption): ExplanationOf<Words> {
  const fault = slubFault(report)
  const { title, summary, values } = slubSentences(report, fault)
  const { words, named } = withOwner(report.ownerCache ?? report.cache)
  return {
    text: words,
    values,
    title,
    // that it is partial or a claim is said of every report alike by who prints it
    summary: [...summary.filter(key => key !== 'claim' && key !== 'truncated'), ...kept(named && 'owner')],
    facts: factsOf(report, fault, values),
    remedies: report.userWritten === true ? [] : slubRemedies(fault.sort, fault, report),
  }
}

function factsOf(
  report: SlubCorruption,
  fault: SlubFault,
  values: ExplanationOf<Words>['values'],
): ExplanationOf<Words>['facts'] {
  const { object, objectOffset, slab, allocated, freed, freePointer, comm, pid, cpu, taint, kernel } = report
  const rows: readonly (readonly [Key, Value | undefined])[] = [
    ['fact-reason', report.reason === '' ? undefined : report.reason],
    ['fact-cache', report.cache],
    ['fact-owner', report.ownerCache],
    [
      'fact-object',
      object === undefined
        ? undefined
        : `${hex(object)}${objectOffset === undefined ? '' : ` @offset=${objectOffset}`}`,
    ],
    ['fact-place', values.place],
    ['fact-found', values.found],
    ['fact-expected', values.expected],
    [
      'fact-free-pointer',
      report.damage === 'freepointer-corrupt' && freePointer !== undefined ? hex(freePointer) : undefined,
    ],
    ['fact-allocated', allocated === undefined ? undefined : trackWords(allocated)],
    ['fact-freed', freed === undefined ? undefined : trackWords(freed)],
    [
      'fact-finder',
      comm === undefined
        ? undefined
        : [
            comm,
            ...(pid === undefined ? [] : [`pid ${pid}`]),
            ...(cpu === undefined ? [] : [`CPU ${cpu}`]),
          ].join(', '),
    ],
    [
      'fact-slab',
      slab?.used === undefined || slab.objects === undefined ? undefined : `${slab.used} / ${slab.objects}`,
    ],
    ['fact-module', fault.suspect?.module],
    [
      'fact-taint',
      taint === undefined || taint.trim() === '' ? undefined : taint.replace(/\s+/g, ' ').trim(),
    ],
    ['fact-kernel', kernel],
  ]
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as const]))
}
