// memcgs DIRECTORY COUNT
//
// Makes COUNT memory cgroups below DIRECTORY, a thousand to a directory, until the kernel refuses. Prints how many it
// made, the thousands included, and the error: `65532 No space left on device`.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	char path[4096];
	long made = 0;
	if (argc != 3) {
		fprintf(stderr, "usage: memcgs DIRECTORY COUNT\n");
		return 2;
	}
	for (long i = 0; made < atol(argv[2]); i++) {
		if (i % 1000 == 0) {
			snprintf(path, sizeof path, "%s/%ld", argv[1], i / 1000);
			if (mkdir(path, 0755) != 0)
				break;
			made++;
		}
		snprintf(path, sizeof path, "%s/%ld/%ld", argv[1], i / 1000, i % 1000);
		if (mkdir(path, 0755) != 0)
			break;
		made++;
	}
	printf("%ld %s\n", made, made < atol(argv[2]) ? strerror(errno) : "made");
	return 0;
}
