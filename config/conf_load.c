// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  Finds and reads the configuration file.
 * May: open, read, mmap one scratch buffer.  Must not: print, keep anything
 * open or mapped, look at the environment other than the array given.
 */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SYSTEM_FILE "/etc/dsamove.conf"
#define MAX_FILE (1024 * 1024)

static int fail(struct dsam_conf_error *err, const char *path, const char *what)
{
	snprintf(err->text, sizeof(err->text), "%.400s: %s", path, what);
	return -EINVAL;
}

/*
 * Settings name files that we write to, so only someone who could change
 * this process anyway may give them.
 */
static bool is_trusted(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) &&
	       !(st->st_mode & S_IWOTH);
}

static int read_whole(int fd, char *buf, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = read(fd, buf + got, n - got);

		if (r < 0)
			return -errno;
		if (!r)
			return (int)got;
		got += (size_t)r;
	}
	return (int)n;
}

static int apply_fd(struct dsam_conf *conf, int fd, const char *path,
		    struct dsam_conf_error *err)
{
	struct stat st;
	char *buf;
	int n, rc;

	if (fstat(fd, &st))
		return fail(err, path, strerror(errno));
	/* The usual way to say that there is none. */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return 0;
	if (!S_ISREG(st.st_mode))
		return fail(err, path, "not a regular file, expected one");
	if (!is_trusted(&st))
		return fail(err, path,
			    "expected a file that belongs to root or this "
			    "user and that others can't write");
	if (st.st_size > MAX_FILE)
		return fail(err, path, "larger than 1M, expected settings");
	if (!st.st_size)
		return dsam_conf_apply_text(conf, path, "", 0, err);
	buf = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buf == MAP_FAILED)
		return fail(err, path, strerror(errno));
	n = read_whole(fd, buf, (size_t)st.st_size);
	if (n < 0)
		rc = fail(err, path, strerror(-n));
	else
		rc = dsam_conf_apply_text(conf, path, buf, (size_t)n, err);
	munmap(buf, (size_t)st.st_size);
	return rc;
}

static int apply_file(struct dsam_conf *conf, const char *path, bool is_needed,
		      struct dsam_conf_error *err)
{
	/* O_NONBLOCK: a FIFO must not hang the program that we are in. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0) {
		if (errno == ENOENT && !is_needed)
			return 0;
		return fail(err, path, strerror(errno));
	}
	rc = apply_fd(conf, fd, path, err);
	close(fd);
	return rc;
}

static const char *env_get(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

int dsam_conf_load(struct dsam_conf *conf, char *const *env,
		   struct dsam_conf_error *err)
{
	const char *named = env_get(env, "DSAMOVE_CONF");
	int rc;

	dsam_conf_defaults(conf);
	if (named && strlen(named) >= sizeof(conf->file))
		return fail(err, "environment: DSAMOVE_CONF",
			    "is too long, expected at most 511 bytes");
	if (named && *named)
		rc = apply_file(conf, named, true, err);
	else
		rc = apply_file(conf, SYSTEM_FILE, false, err);
	if (!rc)
		rc = dsam_conf_apply_env(conf, env, err);
	return rc;
}
