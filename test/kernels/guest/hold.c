// hold anonymous MIB | hold page-tables COUNT | hold sockets COUNT | hold bpf COUNT
//
// Takes memory of one sort in a process of its own, prints that process's pid once it has it, and ends; the process
// holds the memory until it is killed. `page-tables` reads one page of each of COUNT ranges of 2 MiB: the zero page,
// behind a page of tables each. `sockets` sends over COUNT TCP connections of the loopback what nobody reads. `bpf`
// makes COUNT array maps of 1 MiB.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static void hold_anonymous(size_t mib)
{
	memset(map(mib << 20), 1, mib << 20);
}

static void hold_page_tables(size_t count)
{
	const size_t range = 2 << 20;
	volatile char *memory = map((count + 1) * range);
	// a huge zero page would need no table
	madvise((void *)memory, (count + 1) * range, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++)
		(void)memory[i * range];
}

static void hold_sockets(size_t count)
{
	static char unread[65536];
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(listener, 128) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		die("listen");
	for (size_t i = 0; i < count; i++) {
		int sender = socket(AF_INET, SOCK_STREAM, 0);
		if (sender < 0 || connect(sender, (struct sockaddr *)&address, sizeof address) != 0)
			die("connect");
		if (accept(listener, NULL, NULL) < 0)
			die("accept");
		fcntl(sender, F_SETFL, O_NONBLOCK);
		// the receiver's buffer takes a part, the sender's the rest
		for (int times = 0; times < 32 && send(sender, unread, sizeof unread, 0) > 0; times++)
			;
	}
}

static void hold_bpf(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		union bpf_attr attributes = {
			.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4096, .max_entries = 256
		};
		if (syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) < 0)
			die("bpf");
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *sort;
		void (*take)(size_t);
	} sorts[] = {
		{ "anonymous", hold_anonymous }, { "page-tables", hold_page_tables },
		{ "sockets", hold_sockets }, { "bpf", hold_bpf },
	};
	struct rlimit descriptors = { 65536, 65536 };
	for (size_t i = 0; argc == 3 && i < sizeof sorts / sizeof *sorts; i++) {
		if (strcmp(sorts[i].sort, argv[1]) != 0)
			continue;
		int ready[2];
		if (pipe(ready) != 0)
			die("pipe");
		pid_t child = fork();
		if (child < 0)
			die("fork");
		if (child == 0) {
			setrlimit(RLIMIT_NOFILE, &descriptors);
			sorts[i].take(strtoul(argv[2], NULL, 10));
			if (write(ready[1], "1", 1) != 1)
				die("pipe");
			close(ready[0]);
			close(ready[1]);
			int null = open("/dev/null", O_RDWR);
			for (int fd = 0; fd < 3; fd++)
				dup2(null, fd);
			for (;;)
				pause();
		}
		close(ready[1]);
		char byte;
		if (read(ready[0], &byte, 1) != 1)
			return 1;
		printf("%d\n", child);
		return 0;
	}
	fprintf(stderr, "usage: hold anonymous MIB | hold page-tables COUNT | hold sockets COUNT | hold bpf COUNT\n");
	return 2;
}
