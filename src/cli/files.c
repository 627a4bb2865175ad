// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Finds, judges, copies and cleans live files.
 * May: read /proc; remove files of processes that are gone.
 * Must not: follow a link, map a file that its owner may cut short, take a
 * process of another namespace for dead.
 */
#include "files.h"

#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* How long the file of a process that was seen to have ended is kept. */
#define KEEP_SECONDS 86400

struct search {
	int pid;
	bool (*each)(struct cli_file *f, void *user);
	void *user;
	bool is_over;
};

static unsigned long long own_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

static bool read_all(int fd, void *to, size_t n, off_t at)
{
	return pread(fd, to, n, at) == (ssize_t)n;
}

/* When the process began, in ns of CLOCK_BOOTTIME; 0: there is none. */
static uint64_t start_of(int pid)
{
	char path[64], line[1024];
	unsigned long long ticks = 0;
	const char *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	/* Field 22; ')' ends the second. */
	for (int i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');
	if (p)
		ticks = strtoull(p, NULL, 10);
	fclose(f);
	return ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK)) + 1;
}

/* Does the process map the file?  After exec it does not.  -1: secret. */
static int does_map(int pid, const struct stat *st)
{
	char path[64], line[1024], want[64];
	int found = 0;
	FILE *f;

	snprintf(want, sizeof(want), " %02x:%02x %llu ", major(st->st_dev),
		 minor(st->st_dev), (unsigned long long)st->st_ino);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, want) != NULL;
	if (ferror(f))
		found = -1;
	fclose(f);
	return found;
}

void cli_file_judge(struct cli_file *f)
{
	uint64_t started = start_of(f->pid);
	const char *dot = strchr(f->name, '.');
	int maps;

	f->life = DSAM_LIFE_RUNNING;
	/* Who is in another container can't be seen from here. */
	if (dot && strtoull(dot + 1, NULL, 10) != own_namespace())
		return;
	maps = started ? does_map(f->pid, &f->st) : 0;
	/* Another user's, or not for tracing: is it older than its file? */
	if (maps < 0 && f->live)
		maps = started <= f->live->head.born_ns + 1000000000ULL;
	if (!maps)
		f->life = DSAM_LIFE_LOST;
}

static bool is_ours(const struct dsam_live_head *h)
{
	return !memcmp(h->magic, DSAM_LIVE_MAGIC, sizeof(h->magic)) &&
	       h->version == DSAM_LIVE_VERSION &&
	       h->head_bytes == sizeof(struct dsam_live_head) &&
	       h->row_bytes == sizeof(struct dsam_live_row) &&
	       h->rows == DSAM_SLOTS;
}

static bool copy(struct cli_file *f, int fd)
{
	struct dsam_live *l = calloc(1, sizeof(*l));

	f->live = l;
	if (!l || fstat(fd, &f->st) || !S_ISREG(f->st.st_mode) ||
	    !read_all(fd, &l->head, sizeof(l->head), 0) ||
	    memcmp(l->head.magic, DSAM_LIVE_MAGIC, sizeof(l->head.magic)) !=
		    0) {
		cli_complain("%s/%s: no live statistics of dsamove", f->dir,
			     f->name);
		return false;
	}
	if (!is_ours(&l->head)) {
		l->head.release[sizeof(l->head.release) - 1] = 0;
		dsam_text_printable(l->head.release);
		cli_complain("%s/%s: made by dsamove %s, this is %s", f->dir,
			     f->name, l->head.release, DSAM_VERSION);
		return false;
	}
	for (size_t i = 0; i < DSAM_SLOTS; i++)
		if (l->head.state[i] != DSAM_SLOT_FREE &&
		    !read_all(fd, &l->row[i], sizeof(l->row[i]),
			      (off_t)offsetof(struct dsam_live, row[i])))
			l->head.state[i] = DSAM_SLOT_FREE;
	return true;
}

bool cli_file_read(struct cli_file *f)
{
	char path[sizeof(f->dir) + sizeof(f->name) + 1];
	bool is_read;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->dir, f->name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		/* It ended while we looked. */
		if (errno != ENOENT)
			cli_complain("%s: %s", path, strerror(errno));
		return false;
	}
	is_read = copy(f, fd);
	close(fd);
	if (!is_read) {
		free(f->live);
		f->live = NULL;
	}
	return is_read;
}

bool cli_file_read_path(struct cli_file *f, const char *path)
{
	const char *slash = strrchr(path, '/');

	memset(f, 0, sizeof(*f));
	if (snprintf(f->dir, sizeof(f->dir), "%.*s",
		     slash ? (int)(slash - path) : 1,
		     slash ? path : ".") >= (int)sizeof(f->dir) ||
	    snprintf(f->name, sizeof(f->name), "%s",
		     slash ? slash + 1 : path) >= (int)sizeof(f->name)) {
		cli_complain("%s: too long a path", path);
		return false;
	}
	if (access(path, F_OK)) {
		cli_complain("%s: %s", path, strerror(errno));
		return false;
	}
	if (!cli_file_read(f))
		return false;
	f->pid = f->live->head.about.pid;
	cli_file_judge(f);
	return true;
}

static void search_directory(struct search *s, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && !s->is_over && (e = readdir(d))) {
		struct cli_file f = {.pid = (int)strtol(e->d_name, NULL, 10)};

		if (f.pid <= 0 || (s->pid && f.pid != s->pid) ||
		    snprintf(f.dir, sizeof(f.dir), "%s", path) >=
			    (int)sizeof(f.dir) ||
		    snprintf(f.name, sizeof(f.name), "%s", e->d_name) >=
			    (int)sizeof(f.name) ||
		    fstatat(dirfd(d), e->d_name, &f.st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(f.st.st_mode))
			continue;
		cli_file_judge(&f);
		s->is_over = !s->each(&f, s->user);
	}
	if (d)
		closedir(d);
}

void cli_files_each(int pid, bool (*each)(struct cli_file *f, void *user),
		    void *user)
{
	struct search s = {pid, each, user, false};
	const char *runtime_dir = secure_getenv("XDG_RUNTIME_DIR");
	char first[256], path[256];
	struct dirent *e;
	DIR *d;

	if (!dsam_live_directory(first, sizeof(first), runtime_dir, geteuid()))
		first[0] = 0;
	if (first[0])
		search_directory(&s, first);
	/* Programs that were started without the variable. */
	if (dsam_live_directory(path, sizeof(path), NULL, geteuid()) &&
	    strcmp(first, path) != 0)
		search_directory(&s, path);
	d = geteuid() ? NULL : opendir("/run/user");
	while (d && !s.is_over && (e = readdir(d))) {
		unsigned uid = (unsigned)strtoul(e->d_name, NULL, 10);

		if (uid && dsam_live_directory(path, sizeof(path), NULL, uid) &&
		    strcmp(first, path) != 0)
			search_directory(&s, path);
	}
	if (d)
		closedir(d);
}

bool cli_file_clean(const struct cli_file *f, bool at_once)
{
	char path[sizeof(f->dir) + sizeof(f->name) + 1];
	bool was_seen = !(f->st.st_mode & S_IWUSR);
	struct stat st;
	int fd;

	/* Root leaves the directories of others alone. */
	if (f->life != DSAM_LIFE_LOST || f->st.st_uid != geteuid())
		return false;
	snprintf(path, sizeof(path), "%s/%s", f->dir, f->name);
	if (at_once || (was_seen && time(NULL) - f->st.st_ctime > KEEP_SECONDS))
		return !unlink(path);
	if (was_seen)
		return false;
	/* Its mode remembers, and its ctime since when. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && st.st_ino == f->st.st_ino)
		(void)fchmod(fd, S_IRUSR);
	if (fd >= 0)
		close(fd);
	return false;
}
