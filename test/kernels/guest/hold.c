// hold SORT MIB | hold again PID | hold end PID…
//
// Takes MIB of one sort of memory in a process of its own and prints that process's pid once it has it; the process
// holds the memory until it is ended, whatever becomes of the shell. `again` lets it take as much once more and waits
// until it has; `end` kills it and waits until it is gone. Sorts:
//
//   anonymous    pages of its own
//   page-tables  tables: one page read of each 2 MiB of its address space, which is the zero page behind a table each
//   sockets      bytes sent over TCP connections of the loopback, 512 KiB each, that nobody reads: 64 KiB or less of
//                them wait at the receiver, the rest at the sender
//   bpf          array maps of 1 MiB of values each, with their head 257 pages of vmalloc
//   bpf-percpu   per-CPU array maps: 256 values of 4 KiB for each CPU, so a MiB a CPU each

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wait_a_little(void)
{
	usleep(10000);
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

static void hold_page_tables(size_t mib)
{
	const size_t range = 2 << 20, tables = mib << 8;
	volatile char *memory = map((tables + 1) * range);
	// a huge zero page would need no table
	madvise((void *)memory, (tables + 1) * range, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < tables; i++)
		(void)memory[i * range];
}

// Waits until nothing is on its way: what the receiver has is acknowledged, what it has no room for is not sent.
static void settle(int sender)
{
	int queued, unsent;
	for (int tries = 0; tries < 1000; tries++) {
		if (ioctl(sender, SIOCOUTQ, &queued) != 0 || ioctl(sender, SIOCOUTQNSD, &unsent) != 0)
			die("ioctl");
		if (queued == unsent)
			return;
		wait_a_little();
	}
	errno = ETIMEDOUT;
	die("settle");
}

static void hold_sockets(size_t mib)
{
	enum { EACH = 512 << 10, RECEIVED = 64 << 10 };
	static char unread[65536];
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	const int count = (int)((mib << 20) / EACH), received = RECEIVED, room = EACH;
	int *senders = calloc((size_t)count, sizeof *senders);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	// of a size that is set, the buffers do not grow by themselves
	if (senders == NULL || listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &received, sizeof received) != 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		die("listen");
	for (int i = 0; i < count; i++) {
		int sender = senders[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (sender < 0 || setsockopt(sender, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0 ||
		    connect(sender, (struct sockaddr *)&address, sizeof address) != 0)
			die("connect");
		if (accept(listener, NULL, NULL) < 0)
			die("accept");
		fcntl(sender, F_SETFL, O_NONBLOCK);
		for (size_t sent = 0; sent < EACH;) {
			size_t rest = EACH - sent;
			ssize_t n = send(sender, unread, rest < sizeof unread ? rest : sizeof unread, 0);
			if (n <= 0)
				die("send");
			sent += (size_t)n;
		}
	}
	for (int i = 0; i < count; i++)
		settle(senders[i]);
	free(senders);
	close(listener);
}

static void make_maps(size_t count, enum bpf_map_type type)
{
	for (size_t i = 0; i < count; i++) {
		union bpf_attr attributes = { .map_type = type, .key_size = 4, .value_size = 4096, .max_entries = 256 };
		if (syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) < 0)
			die("bpf");
	}
}

static void hold_bpf(size_t mib)
{
	make_maps(mib, BPF_MAP_TYPE_ARRAY);
}

static void hold_bpf_percpu(size_t mib)
{
	make_maps(mib, BPF_MAP_TYPE_PERCPU_ARRAY);
}

static const struct sort {
	const char *name;
	void (*take)(size_t mib);
} sorts[] = {
	{ "anonymous", hold_anonymous }, { "page-tables", hold_page_tables }, { "sockets", hold_sockets },
	{ "bpf", hold_bpf }, { "bpf-percpu", hold_bpf_percpu },
};

// How often it has taken is the process's name from the second time on: hold 2.
static void name_of(short times, char name[16])
{
	snprintf(name, 16, "hold %d", times);
}

static void serve(const struct sort *sort, size_t mib)
{
	char name[16];
	sigset_t asked;
	int signal;
	sigemptyset(&asked);
	sigaddset(&asked, SIGUSR1);
	for (short times = 2;; times++) {
		if (sigwait(&asked, &signal) != 0)
			die("sigwait");
		sort->take(mib);
		name_of(times, name);
		prctl(PR_SET_NAME, name);
	}
}

static int hold(const struct sort *sort, size_t mib)
{
	struct rlimit descriptors = { 65536, 65536 };
	sigset_t asked;
	int ready[2];
	if (pipe(ready) != 0)
		die("pipe");
	// blocked before anybody knows the pid: an early `again` waits
	sigemptyset(&asked);
	sigaddset(&asked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &asked, NULL);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		// a shell that ends hangs up on its session
		setsid();
		setrlimit(RLIMIT_NOFILE, &descriptors);
		sort->take(mib);
		if (write(ready[1], "1", 1) != 1)
			die("pipe");
		close(ready[0]);
		close(ready[1]);
		int null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		close(null);
		serve(sort, mib);
	}
	close(ready[1]);
	char byte;
	// nothing comes where it was killed or could not take it all
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	printf("%d\n", child);
	return 0;
}

// The name and the state of a process; 0 where there is none, or where only its end is left to be asked for.
static int alive(pid_t pid, char name[32])
{
	char path[64], state = 'X';
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *stat = fopen(path, "r");
	if (stat == NULL)
		return 0;
	if (fscanf(stat, "%*d (%31[^)]) %c", name, &state) != 2)
		state = 'X';
	fclose(stat);
	return state != 'X' && state != 'Z';
}

static int again(pid_t pid)
{
	char name[32], wanted[16];
	short times = 1;
	if (!alive(pid, name)) {
		fprintf(stderr, "hold: no process %d\n", pid);
		return 1;
	}
	sscanf(name, "hold %hd", &times);
	name_of(times + 1, wanted);
	if (kill(pid, SIGUSR1) != 0)
		die("kill");
	while (strcmp(name, wanted) != 0) {
		wait_a_little();
		if (!alive(pid, name)) {
			fprintf(stderr, "hold: process %d ended\n", pid);
			return 1;
		}
	}
	return 0;
}

static void end(pid_t pid)
{
	char name[32];
	if (kill(pid, SIGKILL) != 0)
		die("kill");
	while (alive(pid, name))
		wait_a_little();
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "again") == 0)
		return again(atoi(argv[2]));
	if (argc >= 3 && strcmp(argv[1], "end") == 0) {
		for (int i = 2; i < argc; i++)
			end(atoi(argv[i]));
		return 0;
	}
	for (size_t i = 0; argc == 3 && i < sizeof sorts / sizeof *sorts; i++)
		if (strcmp(sorts[i].name, argv[1]) == 0)
			return hold(&sorts[i], strtoul(argv[2], NULL, 10));
	fprintf(stderr, "usage: hold anonymous|page-tables|sockets|bpf|bpf-percpu MIB | hold again PID | hold end PID...\n");
	return 2;
}
