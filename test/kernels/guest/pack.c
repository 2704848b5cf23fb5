// pack DISK PREFIX < patterns
//
// Appends files of this node to a tar archive on a raw disk: for getting them out of a guest that has no driver for any
// file system. Files of /proc and /sys have a size of 0 and are read until they end; a directory is its listing, in
// PATH.list; a link that leads to no file stays a link. Patterns are absolute paths, one a line: `*` stands for part of
// a name, `**` for any number of directories; patterns that differ in the last name alone cost one walk. What cannot be read is told on standard error and left out.
// Where the archive ends is remembered in /run/pack.end. POSIX ustar, long names the GNU way (tar's own `L` entry).

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, BUFFER = 1 << 20 };
static const size_t file_limit = (size_t)64 << 20;

static int disk;
static long long end;
static char buffer[BUFFER];
static size_t used;
static const char *prefix;

static void die(const char *what)
{
	fprintf(stderr, "pack: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void flush(void)
{
	for (size_t done = 0; done < used;) {
		ssize_t n = pwrite(disk, buffer + done, used - done, end);
		if (n <= 0)
			die("disk");
		done += (size_t)n;
		end += n;
	}
	used = 0;
}

static void put(const void *bytes, size_t size)
{
	const char *from = bytes;
	while (size > 0) {
		size_t room = BUFFER - used, n = size < room ? size : room;
		memcpy(buffer + used, from, n);
		used += n;
		from += n;
		size -= n;
		if (used == BUFFER)
			flush();
	}
}

static void pad(size_t size)
{
	static const char zeros[BLOCK];
	put(zeros, (BLOCK - size % BLOCK) % BLOCK);
}

static void header(const char *name, char type, size_t size, const char *link)
{
	char h[BLOCK] = { 0 };
	snprintf(h, 100, "%s", name);
	memcpy(h + 100, type == '5' ? "0000755" : "0000644", 8);
	memcpy(h + 108, "0000000", 8);
	memcpy(h + 116, "0000000", 8);
	snprintf(h + 124, 12, "%011zo", size);
	memcpy(h + 136, "00000000000", 12);
	memset(h + 148, ' ', 8);
	h[156] = type;
	snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar  ", 8);
	unsigned sum = 0;
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	put(h, BLOCK);
}

static void entry(const char *path, char type, const char *bytes, size_t size, const char *link)
{
	char name[PATH_MAX * 2];
	snprintf(name, sizeof name, "%s%s", prefix, path);
	size_t length = strlen(name) + 1;
	if (length > 100) {
		header("././@LongLink", 'L', length, "");
		put(name, length);
		pad(length);
	}
	header(name, type, size, link);
	put(bytes, size);
	pad(size);
}

static void leave_out(const char *path)
{
	if (errno != ENOENT)
		fprintf(stderr, "pack: left out %s: %s\n", path, strerror(errno));
}

static void pack_file(const char *path)
{
	static char *bytes;
	static size_t room;
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		leave_out(path);
		return;
	}
	size_t size = 0;
	for (;;) {
		if (room - size < 65536) {
			room = room * 2 + 65536;
			bytes = realloc(bytes, room);
			if (bytes == NULL)
				die(path);
		}
		ssize_t n = read(fd, bytes + size, room - size);
		if (n > 0) {
			size += (size_t)n;
			if (size <= file_limit)
				continue;
			fprintf(stderr, "pack: cut %s\n", path);
			break;
		}
		// the ring of the kernel log: overwritten while it was read, or read to its end
		if (n < 0 && errno == EPIPE)
			continue;
		if (n < 0 && errno != EAGAIN) {
			leave_out(path);
			close(fd);
			return;
		}
		break;
	}
	close(fd);
	entry(path, '0', bytes, size, "");
}

static void pack_listing(const char *path)
{
	char name[PATH_MAX + 8];
	char *bytes = NULL;
	size_t size = 0;
	DIR *dir = opendir(path);
	if (dir == NULL) {
		leave_out(path);
		return;
	}
	FILE *out = open_memstream(&bytes, &size);
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			fprintf(out, "%s\n", d->d_name);
	fclose(out);
	closedir(dir);
	snprintf(name, sizeof name, "%s.list", path);
	entry(name, '0', bytes, size, "");
	free(bytes);
}

static void pack(const char *path)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		pack_listing(path);
		return;
	}
	struct stat itself;
	if (lstat(path, &itself) != 0) {
		leave_out(path);
		return;
	}
	// /proc/self/ns/cgroup says what it is by its target alone
	char target[PATH_MAX];
	ssize_t n = S_ISLNK(itself.st_mode) ? readlink(path, target, sizeof target - 1) : -1;
	if (n > 0 && n < 100 && strchr(target, '[') != NULL && memchr(target, '/', (size_t)n) == NULL) {
		target[n] = 0;
		entry(path, '2', "", 0, target);
		return;
	}
	pack_file(path);
}

static void walk(const char *path, char *pattern, void (*found)(const char *))
{
	char next[PATH_MAX];
	while (*pattern == '/')
		pattern++;
	if (*pattern == 0) {
		found(path);
		return;
	}
	char *rest = strchrnul(pattern, '/');
	char part[NAME_MAX + 1];
	snprintf(part, sizeof part, "%.*s", (int)(rest - pattern), pattern);
	if (strpbrk(part, "*?[") == NULL) {
		if (snprintf(next, sizeof next, "%s/%s", path, part) < (int)sizeof next)
			walk(next, rest, found);
		return;
	}
	int any = strcmp(part, "**") == 0;
	if (any)
		walk(path, rest, found);
	DIR *dir = opendir(*path ? path : "/");
	if (dir == NULL)
		return;
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		if (d->d_name[0] == '.' || (any ? d->d_type != DT_DIR : fnmatch(part, d->d_name, FNM_PERIOD) != 0))
			continue;
		if (snprintf(next, sizeof next, "%s/%s", path, d->d_name) < (int)sizeof next)
			walk(next, any ? pattern : rest, found);
	}
	closedir(dir);
}

// Patterns by their last name. Those with the same directory before it are of one group, called after the first.
static struct {
	char *directory, *name;
	size_t group;
} patterns[1024];
static size_t known, group;

static void add(char *line)
{
	char *slash = strrchr(line, '/');
	errno = ENOMEM;
	if (known == sizeof patterns / sizeof *patterns)
		die("patterns");
	*slash = 0;
	patterns[known].directory = strdup(line);
	patterns[known].name = strdup(slash + 1);
	if (patterns[known].directory == NULL || patterns[known].name == NULL)
		die("patterns");
	while (strcmp(patterns[patterns[known].group].directory, line) != 0)
		patterns[known].group++;
	known++;
}

static void pack_names(const char *path)
{
	for (size_t i = group; i < known; i++)
		if (patterns[i].group == group)
			walk(path, patterns[i].name, pack);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: pack DISK PREFIX < patterns\n");
		return 2;
	}
	disk = open(argv[1], O_WRONLY);
	if (disk < 0)
		die(argv[1]);
	prefix = argv[2];
	FILE *kept = fopen("/run/pack.end", "r");
	if (kept != NULL) {
		if (fscanf(kept, "%lld", &end) != 1)
			die("/run/pack.end");
		fclose(kept);
	}
	char line[PATH_MAX];
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '/')
			add(line);
	}
	for (group = 0; group < known; group++)
		if (patterns[group].group == group)
			walk("", patterns[group].directory, pack_names);
	flush();
	if (fsync(disk) != 0)
		die(argv[1]);
	kept = fopen("/run/pack.end", "w");
	if (kept == NULL || fprintf(kept, "%lld\n", end) < 0 || fclose(kept) != 0)
		die("/run/pack.end");
	return 0;
}
