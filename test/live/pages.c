// pages: reads /proc/kpagecgroup and /proc/kpageflags once, in pieces of 256 KiB, and prints for each inode and
// kind of page how many pages there are: `INODE KIND PAGES`. On standard error the CPU time of it in microseconds.
//
// What kmemscope cgroups --pins is held against, in numbers and in cost.

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PIECE (256 * 1024)
#define SLOTS (1 << 18)

enum kind { CACHE, TMPFS, ANON, OTHER, KINDS };
static const char *const names[KINDS] = { "pageCache", "tmpfs", "anonymous", "other" };

static struct entry {
	uint64_t inode;
	long pages[KINDS];
} table[SLOTS];

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		die(path);
	return fd;
}

static struct entry *find(uint64_t inode)
{
	uint32_t slot = (inode * 0x9E3779B97F4A7C15ull) >> 46;
	while (table[slot].inode != 0 && table[slot].inode != inode)
		slot = (slot + 1) % SLOTS;
	table[slot].inode = inode;
	return &table[slot];
}

// include/uapi/linux/kernel-page-flags.h: 12 ANON, 14 SWAPBACKED, 17 HUGE, 7 SLAB, 26 PGTABLE; of a file are pages with
// LOCKED, UPTODATE, DIRTY, LRU or WRITEBACK.
static enum kind kind_of(uint64_t flags)
{
	if (flags >> 12 & 1)
		return ANON;
	if (flags >> 17 & 1)
		return OTHER;
	if (flags >> 14 & 1)
		return TMPFS;
	if (flags >> 7 & 1 || flags >> 26 & 1)
		return OTHER;
	return flags & (1 << 0 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 8) ? CACHE : OTHER;
}

int main(void)
{
	static uint64_t owners[PIECE / 8], flags[PIECE / 8];
	int owner_fd = open_or_die("/proc/kpagecgroup"), flags_fd = open_or_die("/proc/kpageflags");
	struct entry *head = NULL;
	enum kind head_kind = OTHER;
	for (;;) {
		ssize_t got = read(owner_fd, owners, PIECE);
		if (got < 0)
			die("/proc/kpagecgroup");
		if (got == 0)
			break;
		if (read(flags_fd, flags, got) != got)
			die("/proc/kpageflags");
		for (ssize_t i = 0; i < got / 8; i++) {
			int tail = flags[i] >> 16 & 1;
			if (!tail) {
				head = owners[i] != 0 ? find(owners[i]) : NULL;
				head_kind = kind_of(flags[i]);
			}
			if (head != NULL && !(flags[i] >> 10 & 1))
				head->pages[head_kind]++;
		}
	}
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	for (int i = 0; i < SLOTS; i++)
		for (int kind = 0; kind < KINDS; kind++)
			if (table[i].pages[kind] > 0)
				printf("%llu %s %ld\n", (unsigned long long)table[i].inode, names[kind], table[i].pages[kind]);
	fprintf(stderr, "%ld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	return 0;
}
