// SPDX-License-Identifier: GPL-2.0
// A module that misuses slab memory and leaks it, for guests of the kernel lab only. A fault is made at once:
//   insmod faults.ko fault=<name> [count=<n>]
// or, any number of them, one after the other, when the module is there:
//   echo <name> >/sys/module/faults/parameters/fault
// Each fault is a function of its own, so that its name stands in the call trace of the report, and has a cache of its
// own, lab-<name>: SLUB takes a slab that it found damaged out of use, and the next fault must not meet it.
// Where in a slab something lies holds with slub_debug=FZPU for lab-* only.

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("faults of slab memory, made on purpose");

static int count = 16;
module_param(count, int, 0600);

enum { SIZE = 64, PADDING_BYTE = 0x5a };

// A call that ends a function is made a jump by the compiler, and the function is then missing from the trace.
#define STAY() barrier()

static noinline void lab_right_redzone(struct kmem_cache *cache)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	memset(object, 0x41, SIZE + 4);
	kmem_cache_free(cache, object);
	STAY();
}

static noinline void lab_left_redzone(struct kmem_cache *cache)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	memset(object - 4, 0x42, 4);
	kmem_cache_free(cache, object);
	STAY();
}

static noinline void lab_use_after_free(struct kmem_cache *cache)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	object[16] = 0x78;
	object[17] = 0x56;
	object[18] = 0x34;
	object[19] = 0x12;
	// the poison is checked when the object is given out again, which the one freed last is first
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	STAY();
}

static noinline void lab_double_free(struct kmem_cache *cache)
{
	// a second object in use: a slab with none in use is reported for its count, not for the object
	void *volatile other = kmem_cache_alloc(cache, GFP_KERNEL);
	void *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
	(void)other;
	STAY();
}

static noinline void lab_double_free_alone(struct kmem_cache *cache)
{
	void *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
	STAY();
}

static noinline void lab_invalid_pointer(struct kmem_cache *cache)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object + 8);
	STAY();
}

static noinline void lab_wrong_cache(struct kmem_cache *cache)
{
	void *volatile object = kmalloc(96, GFP_KERNEL);

	kmem_cache_free(cache, object);
	STAY();
}

// Behind the object and its right red zone of one word: where SLUB keeps the pointer of a poisoned object.
static void overwrite_free_pointer(char *object)
{
	*(unsigned long *)(object + SIZE + sizeof(void *)) = 0x1122334455667788UL;
}

static noinline void lab_free_pointer(struct kmem_cache *cache)
{
	void *volatile other = kmem_cache_alloc(cache, GFP_KERNEL);
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	overwrite_free_pointer(object);
	// met by who is given the object
	(void)kmem_cache_alloc(cache, GFP_KERNEL);
	(void)other;
	STAY();
}

static noinline void lab_free_chain(struct kmem_cache *cache)
{
	void *volatile other = kmem_cache_alloc(cache, GFP_KERNEL);
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	overwrite_free_pointer(object);
	// met by who frees another: SLUB walks all free objects to see that it is not one of them
	kmem_cache_free(cache, other);
	STAY();
}

static noinline void lab_object_padding(struct kmem_cache *cache)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	// behind the tracks, whose size is the kernel's own
	for (char *at = object + SIZE; at < object + 4 * SIZE; at += sizeof(void *)) {
		if (memchr_inv(at, PADDING_BYTE, sizeof(void *)) == NULL) {
			memset(at + 2, 0x43, 3);
			break;
		}
	}
	kmem_cache_free(cache, object);
	STAY();
}

static noinline void lab_slab_padding(struct kmem_cache *cache)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);
	struct page *page = virt_to_head_page(object);

	// what is left of the slab's pages behind its last object
	memset((char *)page_address(page) + page_size(page) - 8, 0x44, 4);
	kmem_cache_free(cache, object);
	STAY();
}

static noinline void lab_leak(struct kmem_cache *cache)
{
	void *volatile lost;

	for (int i = 0; i < count; i++)
		lost = kmem_cache_alloc(cache, GFP_KERNEL);
	(void)lost;
}

static noinline void lab_leak_kmalloc(struct kmem_cache *cache)
{
	void *volatile lost;

	for (int i = 0; i < count; i++)
		lost = kmalloc(SIZE, GFP_KERNEL);
	lost = vmalloc(2 * PAGE_SIZE);
	(void)lost;
}

static noinline void lab_leak_percpu(struct kmem_cache *cache)
{
	void __percpu *volatile lost = alloc_percpu(long);

	(void)lost;
}

static noinline void lab_leak_pages(struct kmem_cache *cache)
{
	for (int i = 0; i < count; i++)
		(void)alloc_pages(GFP_KERNEL, 0);
}

// Takes memory in blocks of 2 MiB until there is none, which the kernel does not kill anybody for, and gives it back.
static noinline void lab_order9(struct kmem_cache *cache)
{
	LIST_HEAD(taken);
	struct page *page, *next;

	while ((page = alloc_pages(GFP_KERNEL, 9)) != NULL)
		list_add(&page->lru, &taken);
	list_for_each_entry_safe(page, next, &taken, lru)
		__free_pages(page, 9);
}

static struct fault {
	const char *name;
	void (*make)(struct kmem_cache *cache);
	enum { NO_CACHE, KEEPS_CACHE, ENDS_CACHE } has;
	struct kmem_cache *cache;
} faults[] = {
	{ "right-redzone", lab_right_redzone, KEEPS_CACHE },
	{ "left-redzone", lab_left_redzone, KEEPS_CACHE },
	{ "use-after-free", lab_use_after_free, KEEPS_CACHE },
	{ "double-free", lab_double_free, KEEPS_CACHE },
	{ "double-free-alone", lab_double_free_alone, KEEPS_CACHE },
	{ "invalid-pointer", lab_invalid_pointer, KEEPS_CACHE },
	{ "wrong-cache", lab_wrong_cache, KEEPS_CACHE },
	{ "free-pointer", lab_free_pointer, KEEPS_CACHE },
	{ "free-chain", lab_free_chain, KEEPS_CACHE },
	{ "object-padding", lab_object_padding, KEEPS_CACHE },
	{ "slab-padding", lab_slab_padding, KEEPS_CACHE },
	// the module takes the cache away with objects in it when it goes
	{ "objects-remaining", lab_leak, ENDS_CACHE },
	{ "leak", lab_leak, KEEPS_CACHE },
	{ "leak-kmalloc", lab_leak_kmalloc, NO_CACHE },
	{ "leak-percpu", lab_leak_percpu, NO_CACHE },
	{ "leak-pages", lab_leak_pages, NO_CACHE },
	{ "order-9", lab_order9, NO_CACHE },
};

static int made(const char *name)
{
	for (int i = 0; i < ARRAY_SIZE(faults); i++) {
		struct fault *one = &faults[i];

		if (!sysfs_streq(one->name, name))
			continue;
		if (one->has != NO_CACHE && !one->cache) {
			char title[32];

			snprintf(title, sizeof(title), "lab-%s", one->name);
			// the kernel keeps a copy of the name
			one->cache = kmem_cache_create(title, SIZE, 8, 0, NULL);
			if (!one->cache)
				return -ENOMEM;
		}
		one->make(one->cache);
		return 0;
	}
	return -EINVAL;
}

// Parameters on insmod's command line are set in their order, before the module's own beginning: `count` may yet come.
static bool begun;
static char first[32];

static int set_fault(const char *value, const struct kernel_param *param)
{
	if (begun)
		return made(value);
	return strscpy(first, value, sizeof(first)) < 0 ? -EINVAL : 0;
}

static const struct kernel_param_ops fault_ops = { .set = set_fault };
module_param_cb(fault, &fault_ops, NULL, 0200);

static int __init faults_init(void)
{
	begun = true;
	return first[0] == '\0' ? 0 : made(first);
}

static void __exit faults_exit(void)
{
	for (int i = 0; i < ARRAY_SIZE(faults); i++) {
		if (faults[i].has == ENDS_CACHE)
			kmem_cache_destroy(faults[i].cache);
	}
}

module_init(faults_init);
module_exit(faults_exit);
