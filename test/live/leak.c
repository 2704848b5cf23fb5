// leak CGROUP files DIRECTORY COUNT | leak CGROUP anonymous MIB
//
// Enters the memory cgroup and fills it until the kernel stops it. `files` makes empty files: dentries and inodes,
// kernel memory that outlives the process and of which next to nothing is its own resident memory. `anonymous`
// touches ordinary memory.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

static void fill_with_files(const char *directory, long count)
{
	char path[4096];
	for (long i = 0; i < count; i++) {
		// longer than a dentry's inline name, so that the name is an allocation of its own
		snprintf(path, sizeof path, "%s/a-name-too-long-to-be-kept-inside-the-dentry-itself-%ld", directory, i);
		int fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			die(path);
		close(fd);
	}
}

static void fill_with_anonymous(long mib)
{
	size_t size = (size_t)mib << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	memset(memory, 1, size);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[2], "files") == 0) {
		enter(argv[1]);
		fill_with_files(argv[3], atol(argv[4]));
	} else if (argc == 4 && strcmp(argv[2], "anonymous") == 0) {
		enter(argv[1]);
		fill_with_anonymous(atol(argv[3]));
	} else {
		fprintf(stderr, "usage: leak CGROUP files DIRECTORY COUNT | leak CGROUP anonymous MIB\n");
		return 2;
	}
	return 0;
}
