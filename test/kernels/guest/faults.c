// SPDX-License-Identifier: GPL-2.0
// A module that misuses slab memory and leaks it, for guests of the kernel lab only: insmod faults.ko fault=<name>.
// Each fault is a function of its own, so that its name stands in the call trace of the report.

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("faults of slab memory, made on purpose");

static char *fault = "none";
module_param(fault, charp, 0);
static int count = 16;
module_param(count, int, 0);

enum { SIZE = 64 };
static struct kmem_cache *cache;

static noinline void lab_right_redzone(void)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	memset(object, 0x41, SIZE + 4);
	kmem_cache_free(cache, object);
}

static noinline void lab_left_redzone(void)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	memset(object - 4, 0x42, 4);
	kmem_cache_free(cache, object);
}

static noinline void lab_use_after_free(void)
{
	void *again[32];
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	object[16] = 0x78;
	object[17] = 0x56;
	object[18] = 0x34;
	object[19] = 0x12;
	// the poison is checked when the object is given out again
	for (int i = 0; i < ARRAY_SIZE(again); i++)
		again[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (int i = 0; i < ARRAY_SIZE(again); i++)
		kmem_cache_free(cache, again[i]);
}

static noinline void lab_double_free(void)
{
	// a second object in use: a slab with none in use is reported for its count, not for the object
	void *volatile other = kmem_cache_alloc(cache, GFP_KERNEL);
	void *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
	kmem_cache_free(cache, other);
}

static noinline void lab_invalid_pointer(void)
{
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object + 8);
	kmem_cache_free(cache, object);
}

static noinline void lab_wrong_cache(void)
{
	void *volatile object = kmalloc(96, GFP_KERNEL);

	kmem_cache_free(cache, object);
}

static noinline void lab_free_pointer(void)
{
	void *volatile other = kmem_cache_alloc(cache, GFP_KERNEL);
	char *volatile object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	// behind the object and its right red zone of one word: where SLUB keeps the pointer when objects are poisoned
	*(unsigned long *)(object + SIZE + sizeof(void *)) = 0x1122334455667788UL;
	for (int i = 0; i < 64; i++)
		kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, other);
}

static noinline void lab_leak(void)
{
	void *volatile lost;

	for (int i = 0; i < count; i++)
		lost = kmem_cache_alloc(cache, GFP_KERNEL);
}

static noinline void lab_leak_kmalloc(void)
{
	void *volatile lost;

	for (int i = 0; i < count; i++)
		lost = kmalloc(SIZE, GFP_KERNEL);
	lost = vmalloc(2 * PAGE_SIZE);
}

static noinline void lab_leak_percpu(void)
{
	void __percpu *volatile lost = alloc_percpu(long);

	(void)lost;
}

static noinline void lab_leak_pages(void)
{
	for (int i = 0; i < count; i++)
		(void)alloc_pages(GFP_KERNEL, 0);
}

// Takes memory in blocks of 2 MiB until there is none, which the kernel does not kill anybody for, and gives it back.
static noinline void lab_order9(void)
{
	static LIST_HEAD(taken);
	struct page *page, *next;

	while ((page = alloc_pages(GFP_KERNEL, 9)) != NULL)
		list_add(&page->lru, &taken);
	list_for_each_entry_safe(page, next, &taken, lru)
		__free_pages(page, 9);
}

static const struct {
	const char *name;
	void (*make)(void);
} faults[] = {
	{ "right-redzone", lab_right_redzone },
	{ "left-redzone", lab_left_redzone },
	{ "use-after-free", lab_use_after_free },
	{ "double-free", lab_double_free },
	{ "invalid-pointer", lab_invalid_pointer },
	{ "wrong-cache", lab_wrong_cache },
	{ "free-pointer", lab_free_pointer },
	// the cache is taken away with objects in it
	{ "objects-remaining", lab_leak },
	{ "leak", lab_leak },
	{ "leak-kmalloc", lab_leak_kmalloc },
	{ "leak-percpu", lab_leak_percpu },
	{ "leak-pages", lab_leak_pages },
	{ "order-9", lab_order9 },
};

static int __init faults_init(void)
{
	cache = kmem_cache_create("lab_cache", SIZE, 8, 0, NULL);
	if (!cache)
		return -ENOMEM;
	for (int i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(faults[i].name, fault) == 0) {
			faults[i].make();
			return 0;
		}
	}
	kmem_cache_destroy(cache);
	return -EINVAL;
}

static void __exit faults_exit(void)
{
	kmem_cache_destroy(cache);
}

module_init(faults_init);
module_exit(faults_exit);
