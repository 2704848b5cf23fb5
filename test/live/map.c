/*
 * map CGROUP ENTRIES PROGRAM [ARGUMENT]...: makes a BPF hash map of ENTRIES entries in CGROUP and holds it while PROGRAM
 * runs outside of it, as somebody looking on.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void join(const char *cgroup)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, "0", 1) != 1) {
		perror(path);
		exit(1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	union bpf_attr map;
	int go[2], status = 1;

	if (argc < 4 || pipe(go))
		return 2;
	pid_t child = fork();

	if (child == 0) {
		char ready;

		close(go[1]);
		if (read(go[0], &ready, 1) != 1)
			_exit(3);
		execv(argv[3], argv + 3);
		_exit(4);
	}
	join(argv[1]);
	memset(&map, 0, sizeof map);
	map.map_type = BPF_MAP_TYPE_HASH;
	map.key_size = 8;
	map.value_size = 200;
	map.max_entries = (unsigned)atol(argv[2]);
	if (syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map) < 0) {
		perror("bpf");
		return 77;
	}
	if (write(go[1], "x", 1) != 1)
		return 1;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
