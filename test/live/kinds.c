// kinds CGROUP KIND MIB [FILE]
//
// Enters the memory cgroup, takes memory of one kind, says `ready` and holds it until standard input ends.
// anonymous: touched. lazily-freed: touched and given back with MADV_FREE. half-unmapped: transparent huge pages of which
// all but the first page were unmapped. file: FILE, written, on the disk and mapped. pipes: in the buffers of pipes.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void enter(const char *cgroup)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

static char *anonymous(size_t size)
{
	char *memory = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	return (char *)(((size_t)memory + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
}

static void take_file(const char *path, size_t size)
{
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	static char block[1 << 20];
	memset(block, 1, sizeof block);
	for (size_t done = 0; fd >= 0 && done < size; done += sizeof block)
		if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
			die(path);
	if (fd < 0 || fsync(fd))
		die(path);
	char *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		die("mmap");
	for (volatile char *at = mapped; at < mapped + size; at += 4096)
		(void)*at;
}

static void take_pipes(size_t size)
{
	char block[65536];
	memset(block, 1, sizeof block);
	for (size_t done = 0; done < size; done += sizeof block) {
		int ends[2];
		if (pipe(ends) || write(ends[1], block, sizeof block) != (ssize_t)sizeof block)
			die("pipe");
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const char *kind = argv[2];
	size_t size = (size_t)atol(argv[3]) << 20;
	enter(argv[1]);
	if (strcmp(kind, "anonymous") == 0) {
		memset(anonymous(size), 1, size);
	} else if (strcmp(kind, "lazily-freed") == 0) {
		char *memory = anonymous(size);
		madvise(memory, size, MADV_NOHUGEPAGE);
		memset(memory, 1, size);
		if (madvise(memory, size, MADV_FREE))
			die("MADV_FREE");
	} else if (strcmp(kind, "half-unmapped") == 0) {
		char *memory = anonymous(size);
		if (madvise(memory, size, MADV_HUGEPAGE))
			die("MADV_HUGEPAGE");
		memset(memory, 1, size);
		for (char *at = memory; at < memory + size; at += HUGE_PAGE)
			if (munmap(at + 4096, HUGE_PAGE - 4096))
				die("munmap");
	} else if (strcmp(kind, "file") == 0 && argc == 5) {
		take_file(argv[4], size);
	} else if (strcmp(kind, "pipes") == 0) {
		take_pipes(size);
	} else {
		return 2;
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
