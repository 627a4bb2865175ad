// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, rebirth, death, a thread's first big copy and its end).
 * May: raw system calls; one mapping for the life of the process.
 * Must not: allocate, lock, touch errno, keep a file descriptor, follow a
 * link, write to a page that the file system has not given for good.
 */
#include "live.h"

#include "syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

/* tmpfs says of a directory that each entry has so many bytes. */
#define TMPFS_ENTRY 20

static struct {
	struct dsam_live *map; /* NULL: off in this process and its children */
	bool is_file; /* else the mapping is private memory */
	int pid; /* whose file it is */
	char dir[256], name[48];
	struct dsam_about about;
} live;

/* Was the thread that forks in the midst of a request? */
static __thread bool forks_within __attribute__((tls_model("initial-exec")));

bool dsam_live_directory(char *out, size_t room, const char *runtime_dir,
			 unsigned uid)
{
	int n;

	if (runtime_dir && runtime_dir[0] == '/')
		n = snprintf(out, room, "%s/dsamove", runtime_dir);
	else
		n = snprintf(out, room, "/run/user/%u/dsamove", uid);
	return n > 0 && (size_t)n < room;
}

/*
 * A pid means something in its namespace only, and containers may share the
 * directory: the name has both.  A program that goes on by exec keeps its
 * pid, and so finds and replaces what it left.
 */
static void make_name(void)
{
	struct stat st;

	live.pid = (int)dsam_syscall3(SYS_getpid, 0, 0, 0);
	if (dsam_syscall3(SYS_stat, (long)"/proc/self/ns/pid", (long)&st, 0))
		st.st_ino = 0;
	snprintf(live.name, sizeof(live.name), "%d.%llu", live.pid,
		 (unsigned long long)st.st_ino);
}

/* A directory that no other user can put anything into, on tmpfs. */
static int check_dir(int dir)
{
	struct statfs fs;
	struct stat st;

	if (dsam_syscall3(SYS_fstat, dir, (long)&st, 0) ||
	    dsam_syscall3(SYS_fstatfs, dir, (long)&fs, 0))
		return -EIO;
	if (st.st_uid != getauxval(AT_EUID) || st.st_mode & 022)
		return -EPERM;
	/* On a disk, each change of a counter would be written there. */
	if (fs.f_type != TMPFS_MAGIC)
		return -EMEDIUMTYPE;
	if (st.st_size >= (DSAM_LIVE_MOST + 2) * TMPFS_ENTRY)
		return -EDQUOT;
	return 0;
}

static int open_dir(void)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int dir, rc;

	dir = (int)dsam_syscall6(SYS_openat, AT_FDCWD, (long)live.dir, flags, 0,
				 0, 0);
	if (dir == -ENOENT) {
		rc = (int)dsam_syscall3(SYS_mkdir, (long)live.dir, 0700, 0);
		if (rc && rc != -EEXIST)
			return rc;
		dir = (int)dsam_syscall6(SYS_openat, AT_FDCWD, (long)live.dir,
					 flags, 0, 0, 0);
	}
	if (dir < 0)
		return dir;
	rc = check_dir(dir);
	if (rc)
		dsam_syscall3(SYS_close, dir, 0, 0);
	return rc ? rc : dir;
}

/* An empty file of full size; a larger one than RLIMIT_FSIZE is a signal. */
static int open_file(int dir)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct rlimit limit;
	int fd, rc;

	if (dsam_syscall6(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0,
			  0) ||
	    limit.rlim_cur < sizeof(struct dsam_live))
		return -EFBIG;
	fd = (int)dsam_syscall6(SYS_openat, dir, (long)live.name, flags, 0600,
				0, 0);
	if (fd == -EEXIST) {
		dsam_syscall3(SYS_unlinkat, dir, (long)live.name, 0);
		fd = (int)dsam_syscall6(SYS_openat, dir, (long)live.name, flags,
					0600, 0, 0);
	}
	if (fd < 0)
		return fd;
	rc = (int)dsam_syscall3(SYS_ftruncate, fd, sizeof(struct dsam_live), 0);
	if (!rc)
		return fd;
	dsam_syscall3(SYS_close, fd, 0, 0);
	dsam_syscall3(SYS_unlinkat, dir, (long)live.name, 0);
	return rc;
}

/* Map fd, or private memory if it is -1, where the last mapping was. */
static int map(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
			   : MAP_SHARED;
	long p = dsam_syscall6(SYS_mmap, (long)live.map,
			       sizeof(struct dsam_live), PROT_READ | PROT_WRITE,
			       flags | (live.map ? MAP_FIXED : 0), fd, 0);

	if (p < 0 && p > -(long)DSAM_PAGE)
		return (int)p;
	live.map = (struct dsam_live *)p;
	live.is_file = fd >= 0;
	return 0;
}

/*
 * A store to a page of a file that has no room left raises SIGBUS; this asks
 * for the room, and fails without a signal (5.14; no older kernel has a DSA
 * for user space).
 */
static bool populate(void *p, size_t n)
{
	return !dsam_syscall3(SYS_madvise, (long)p, (long)n,
			      MADV_POPULATE_WRITE);
}

static void fill_head(void)
{
	struct dsam_live_head *h = &live.map->head;
	struct timespec now = {0, 0};

	clock_gettime(CLOCK_BOOTTIME, &now);
	h->version = DSAM_LIVE_VERSION;
	h->head_bytes = sizeof(struct dsam_live_head);
	h->row_bytes = sizeof(struct dsam_live_row);
	h->rows = DSAM_SLOTS;
	snprintf(h->release, sizeof(h->release), "%s", DSAM_VERSION);
	h->born_ns =
		(uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	memcpy(&h->about, &live.about, sizeof(h->about));
	h->about.pid = live.pid;
	/* Last, for a reader that comes now. */
	atomic_thread_fence(memory_order_release);
	memcpy(h->magic, DSAM_LIVE_MAGIC, sizeof(h->magic));
}

static int make_in(int dir)
{
	int fd = open_file(dir), rc;

	if (fd < 0)
		return fd;
	rc = map(fd);
	dsam_syscall3(SYS_close, fd, 0, 0);
	if (!rc && !populate(live.map, sizeof(struct dsam_live_head)))
		rc = -ENOSPC;
	if (!rc)
		fill_head();
	else
		dsam_syscall3(SYS_unlinkat, dir, (long)live.name, 0);
	return rc;
}

static int make(void)
{
	int dir, rc;

	make_name();
	dir = open_dir();
	if (dir < 0)
		return dir;
	rc = make_in(dir);
	dsam_syscall3(SYS_close, dir, 0, 0);
	if (!rc)
		dsam_arena->away = (uintptr_t)&live.map->head.common -
				   (uintptr_t)&dsam_arena->common;
	return rc;
}

int dsam_live_birth(const struct dsam_about *about, const char *runtime_dir)
{
	int rc;

	/* Else a child would find slots that point into its parent's file. */
	if (!dsam_slot_is_wiped_on_fork)
		return -EOPNOTSUPP;
	if (!dsam_live_directory(live.dir, sizeof(live.dir), runtime_dir,
				 (unsigned)getauxval(AT_EUID)))
		return -ENAMETOOLONG;
	memcpy(&live.about, about, sizeof(live.about));
	rc = make();
	if (rc && live.map) {
		dsam_syscall3(SYS_munmap, (long)live.map,
			      sizeof(struct dsam_live), 0);
		live.map = NULL;
	}
	return rc;
}

bool dsam_live_reborn(void)
{
	if (!live.map)
		return true;
	/* First of all: what is half done may end in this memory. */
	live.is_file = false;
	if (map(-1))
		return false;
	if (make() && live.is_file)
		return !map(-1);
	return true;
}

void dsam_live_death(void)
{
	char path[sizeof(live.dir) + sizeof(live.name) + 1];

	if (!live.map || !live.is_file ||
	    live.pid != (int)dsam_syscall3(SYS_getpid, 0, 0, 0))
		return;
	snprintf(path, sizeof(path), "%s/%s", live.dir, live.name);
	dsam_syscall3(SYS_unlink, (long)path, 0, 0);
}

bool dsam_live_is_mapped(void)
{
	return live.map;
}

void dsam_live_before_fork(void)
{
	const struct dsam_slot *s = dsam_self.slot;

	forks_within = s > DSAM_SELF_GONE &&
		       dsam_self.epoch == dsam_slot_epoch() && s->busy;
}

void dsam_live_in_child(void)
{
	if (live.map && forks_within)
		(void)map(-1);
	forks_within = false;
}

struct dsam_live_row *dsam_live_row(size_t i)
{
	struct dsam_live_row *row;

	if (!live.map || !live.is_file)
		return NULL;
	row = &live.map->row[i];
	if (populate(row, sizeof(*row)))
		return row;
	atomic_fetch_add(&live.map->head.unseen, 1);
	return NULL;
}

void dsam_live_say(size_t i, enum dsam_slot_state state, pid_t tid,
		   const char *name)
{
	struct dsam_live_row *row = &live.map->row[i];

	row->tid = tid;
	memcpy(row->name, name, sizeof(row->name));
	atomic_store(&live.map->head.state[i], (uint8_t)state);
}
