/*
 * holder cache|tmpfs FILE MIB, holder kernel|anonymous - MIB: takes memory of one kind and holds it until it is ended.
 * The only program of the containers that the live tests start; without arguments it holds nothing (a sandbox).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[1 << 20];

/* page cache of a file on disk, or the pages of a file on tmpfs: which it is, the path decides */
static void fill_file(const char *path, long mebibytes)
{
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);

	memset(block, 'x', sizeof block);
	for (long i = 0; fd >= 0 && i < mebibytes; i++)
		if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
			exit(1);
	if (fd < 0 || fsync(fd))
		exit(1);
	/* what is mapped stays, even where somebody on this machine drops caches */
	char *at = mmap(0, (size_t)mebibytes << 20, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		exit(1);
	for (size_t i = 0; i < (size_t)mebibytes << 20; i += 4096)
		(void)*(volatile char *)(at + i);
	close(fd);
}

/* page tables: one page touched in every 2 MiB takes a page table of 4 KiB beside it */
static void fill_page_tables(long mebibytes)
{
	const size_t step = 2 << 20;
	size_t count = (size_t)mebibytes * 256;
	char *at = mmap(0, count * step, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	madvise(at, count * step, MADV_NOHUGEPAGE);
	/* read, not written: the zero page is mapped, which is charged to nobody */
	for (size_t i = 0; i < count; i++)
		(void)*(volatile char *)(at + i * step);
}

static void fill_anonymous(long mebibytes)
{
	char *at = mmap(0, (size_t)mebibytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	memset(at, 'x', (size_t)mebibytes << 20);
}

int main(int argc, char **argv)
{
	signal(SIGTERM, SIG_DFL);
	if (argc == 4 && (!strcmp(argv[1], "cache") || !strcmp(argv[1], "tmpfs")))
		fill_file(argv[2], atol(argv[3]));
	else if (argc == 4 && !strcmp(argv[1], "kernel"))
		fill_page_tables(atol(argv[3]));
	else if (argc == 4 && !strcmp(argv[1], "anonymous"))
		fill_anonymous(atol(argv[3]));
	else if (argc != 1)
		return 2;
	/* what is waited for from outside: it holds now */
	if (argc == 4)
		puts("held"), fflush(stdout);
	for (;;)
		pause();
}
