// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Covers a directory by one that can be added to.
 * May: mount in the private namespace.  Must not: follow symbolic links.
 */
#include "cover.h"
#include "tb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct cover {
	int old, new; /* the covered directory, the cover */
};

static int copy_link(const struct cover *c, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(c->old, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, c->new, name);
}

static int bind(const struct cover *c, const char *name, const char *from)
{
	char source[320], target[320];

	snprintf(source, sizeof(source), "/proc/self/fd/%d/%s", c->old, from);
	snprintf(target, sizeof(target), "/proc/self/fd/%d/%s", c->new, name);
	return mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

static int copy_file(const struct cover *c, const char *name)
{
	int fd = openat(c->new, name, O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	close(fd);
	return bind(c, name, name);
}

/*
 * A device node of its own where that is allowed: ptmx looks for "pts" beside
 * it, which a bind mount of the old node would not have.
 */
static int copy_device(const struct cover *c, const char *name,
		       const struct stat *st)
{

	if (mknodat(c->new, name, st->st_mode, st->st_rdev) == 0) {
		if (fchownat(c->new, name, st->st_uid, st->st_gid, 0) < 0 ||
		    fchmodat(c->new, name, st->st_mode & 07777, 0) < 0)
			return -1;
		return 0;
	}
	if (copy_file(c, name) < 0)
		return -1;
	if (strcmp(name, "ptmx") == 0 &&
	    faccessat(c->old, "pts/ptmx", R_OK, 0) == 0)
		return bind(c, name, "pts/ptmx");
	return 0;
}

static int copy_entry(const struct cover *c, const char *name)
{
	struct stat st;

	if (fstatat(c->old, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	switch (st.st_mode & S_IFMT) {
	case S_IFLNK:
		return copy_link(c, name);
	case S_IFDIR:
		if (mkdirat(c->new, name, 0755) < 0)
			return -1;
		return bind(c, name, name);
	case S_IFCHR:
	case S_IFBLK:
		return copy_device(c, name, &st);
	default:
		return copy_file(c, name);
	}
}

static int copy_all(const struct cover *c, const char *skip)
{
	int fd = openat(c->old, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int ret = dir ? 0 : -1;

	while (!ret && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    (skip && strcmp(name, skip) == 0))
			continue;
		ret = copy_entry(c, name);
		if (ret)
			tb_say("%s: %s", name, strerror(errno));
	}
	if (dir)
		closedir(dir);
	return ret;
}

int tb_cover(const char *dir, const char *skip)
{
	struct cover c = {-1, -1};
	char options[32];
	struct stat st;
	int ret = -1;

	c.old = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c.old >= 0 && fstat(c.old, &st) == 0) {
		snprintf(options, sizeof(options), "mode=%o",
			 st.st_mode & 07777);
		ret = mount("dsa-testbed", dir, "tmpfs", MS_NOSUID, options);
	}
	if (ret == 0) {
		c.new = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		ret = c.new < 0 ? -1 : copy_all(&c, skip);
	}
	if (ret < 0)
		tb_say("covering %s: %s", dir, strerror(errno));
	if (c.old >= 0)
		close(c.old);
	if (c.new >= 0)
		close(c.new);
	return ret;
}
