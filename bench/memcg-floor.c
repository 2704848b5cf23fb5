// memcg-floor steps FILE ROUNDS: does what FILE says, ROUNDS times, and prints the CPU time of the last round in
// microseconds. Every line is one step: `s PATH` stat, `d PATH` opendir, readdir to the end, closedir, `r PATH` open,
// one read, close. Nothing is parsed: this is what the kernel alone asks for the same files.
//
// memcg-floor run COMMAND...: runs it with its output thrown away and prints user + system CPU time in microseconds,
// wall time in microseconds, and the largest resident size in KiB.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static long cpu_microseconds(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000L + usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static char *whole_file(const char *path)
{
	struct stat about;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &about) != 0)
		die(path);
	char *text = malloc(about.st_size + 1);
	long used = 0, got;
	while ((got = read(fd, text + used, about.st_size - used)) > 0)
		used += got;
	close(fd);
	text[used] = 0;
	return text;
}

static void step(char kind, const char *path)
{
	static char buffer[65536];
	if (kind == 's') {
		struct stat about;
		if (stat(path, &about) != 0)
			die(path);
	} else if (kind == 'd') {
		DIR *directory = opendir(path);
		if (directory == NULL)
			die(path);
		while (readdir(directory) != NULL)
			;
		closedir(directory);
	} else {
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || read(fd, buffer, sizeof buffer) < 0)
			die(path);
		close(fd);
	}
}

static int steps(const char *file, int rounds)
{
	char *text = whole_file(file);
	long count = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n') {
			*c = 0;
			count++;
		}
	struct rusage before, after;
	for (int round = 0; round < rounds; round++) {
		getrusage(RUSAGE_SELF, &before);
		const char *line = text;
		for (long i = 0; i < count; i++, line += strlen(line) + 1)
			step(line[0], line + 2);
		getrusage(RUSAGE_SELF, &after);
	}
	printf("%ld\n", cpu_microseconds(&after) - cpu_microseconds(&before));
	return 0;
}

static int run(char **command)
{
	struct timespec start, end;
	struct rusage usage;
	int status;
	// a pipe that is read to its end: grep looks no further than the first match when it writes to /dev/null
	int ends[2];
	static char discarded[65536];
	if (pipe(ends) != 0)
		die("pipe");
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		if (dup2(ends[1], STDOUT_FILENO) < 0)
			_exit(126);
		close(ends[0]);
		close(ends[1]);
		execvp(command[0], command);
		_exit(127);
	}
	close(ends[1]);
	while (read(ends[0], discarded, sizeof discarded) > 0)
		;
	if (wait4(child, &status, 0, &usage) != child)
		die("wait4");
	clock_gettime(CLOCK_MONOTONIC, &end);
	long wall = (end.tv_sec - start.tv_sec) * 1000000L + (end.tv_nsec - start.tv_nsec) / 1000;
	printf("%ld %ld %ld\n", cpu_microseconds(&usage), wall, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "steps") == 0)
		return steps(argv[2], atoi(argv[3]));
	if (argc > 2 && strcmp(argv[1], "run") == 0)
		return run(argv + 2);
	fprintf(stderr, "usage: memcg-floor steps FILE ROUNDS | memcg-floor run COMMAND...\n");
	return 2;
}
