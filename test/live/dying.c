// dying CGROUP DIRECTORY COUNT [HOME]
//
// Makes COUNT memory cgroups below CGROUP, each of which writes one page to a file of its own in DIRECTORY and is
// removed. On tmpfs without swap nothing but the file's removal gives the page back: until then the cgroup, gone
// from the tree, is dying. The process itself ends up in HOME: CGROUP unless told, which v2 does not allow.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

int main(int argc, char **argv)
{
	static char page[4096];
	char cgroup[2048], file[4096];
	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: dying CGROUP DIRECTORY COUNT [HOME]\n");
		return 2;
	}
	memset(page, 'x', sizeof page);
	for (int i = 0; i < atoi(argv[3]); i++) {
		snprintf(cgroup, sizeof cgroup, "%s/%d", argv[1], i);
		snprintf(file, sizeof file, "%s/%d", argv[2], i);
		if (mkdir(cgroup, 0755) != 0)
			die(cgroup);
		enter(cgroup);
		int fd = open(file, O_CREAT | O_WRONLY, 0600);
		if (fd < 0 || write(fd, page, sizeof page) != sizeof page)
			die(file);
		close(fd);
		enter(argc == 5 ? argv[4] : argv[1]);
		if (rmdir(cgroup) != 0)
			die(cgroup);
	}
	return 0;
}
