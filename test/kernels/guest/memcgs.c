// memcgs make DIRECTORY COUNT | memcgs remove DIRECTORY COUNT
//
// Makes COUNT memory cgroups below DIRECTORY, a thousand to a directory, until the kernel refuses; or removes the
// last COUNT of those that are there. Prints how many, those that hold a thousand included, and why no more:
// `65532 No space left on device`.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EACH = 1000 };

static char path[4096];

static const char *thousand(const char *directory, long i)
{
	snprintf(path, sizeof path, "%s/%ld", directory, i / EACH);
	return path;
}

static const char *single(const char *directory, long i)
{
	snprintf(path, sizeof path, "%s/%ld/%ld", directory, i / EACH, i % EACH);
	return path;
}

// v2: what is below has the memory controller only where it is asked for; v1 has no such file
static int pass_on(const char *directory)
{
	char control[4200];
	snprintf(control, sizeof control, "%s/cgroup.subtree_control", directory);
	int fd = open(control, O_WRONLY);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	int done = write(fd, "+memory", 7) == 7 ? 0 : -1;
	close(fd);
	return done;
}

static long make(const char *directory, long count)
{
	long made = 0;
	if (pass_on(directory) != 0)
		return 0;
	for (long i = 0; made < count; i++) {
		if (i % EACH == 0) {
			if (mkdir(thousand(directory, i), 0755) != 0)
				break;
			made++;
			if (pass_on(path) != 0)
				break;
		}
		if (made < count && mkdir(single(directory, i), 0755) != 0)
			break;
		made++;
	}
	return made;
}

static long last(const char *directory)
{
	long i = 0;
	while (access(thousand(directory, i), F_OK) == 0)
		i += EACH;
	for (i -= i > 0 ? 1 : 0; i % EACH != 0 && access(single(directory, i), F_OK) != 0; i--)
		;
	return i;
}

static long take_away(const char *directory, long count)
{
	long removed = 0;
	for (long i = last(directory); i >= 0 && removed < count; i--) {
		if (rmdir(single(directory, i)) == 0)
			removed++;
		else if (errno != ENOENT)
			break;
		if (i % EACH == 0) {
			if (rmdir(thousand(directory, i)) != 0)
				break;
			removed++;
		}
	}
	return removed;
}

int main(int argc, char **argv)
{
	int making = argc == 4 && strcmp(argv[1], "make") == 0;
	if (!making && (argc != 4 || strcmp(argv[1], "remove") != 0)) {
		fprintf(stderr, "usage: memcgs make DIRECTORY COUNT | memcgs remove DIRECTORY COUNT\n");
		return 2;
	}
	long count = atol(argv[3]);
	long done = making ? make(argv[2], count) : take_away(argv[2], count);
	printf("%ld %s\n", done, done < count ? strerror(errno) : "done");
	return 0;
}
