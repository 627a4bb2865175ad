// SPDX-License-Identifier: MIT
/*
 * The file of the live statistics: what is in it, who may have one, and that
 * a child never counts in its parent's.  Children report by exit status.
 */
#include "fake_device.h"

#include "live.h"
#include "report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 10000

static char from[N], to[N];
static char base[] = "/dev/shm/dsamove-live-XXXXXX";
static char dir[64], file[400];
static struct dsam_about about;
static bool is_tmpfs;

static void before(void)
{
	struct statfs fs;

	is_tmpfs = !statfs("/dev/shm", &fs) && fs.f_type == TMPFS_MAGIC;
	if (is_tmpfs) {
		ck_assert_ptr_nonnull(mkdtemp(base));
		snprintf(dir, sizeof(dir), "%s/dsamove", base);
	}
}

/* The one file there is; returns how many. */
static unsigned find_files(void)
{
	DIR *d = opendir(dir);
	unsigned n = 0;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", dir, e->d_name);
			n++;
		}
	if (d)
		closedir(d);
	return n;
}

static void after(void)
{
	while (is_tmpfs && find_files())
		ck_assert(!unlink(file));
	rmdir(dir);
	rmdir(base);
}

#define NEEDS_TMPFS(name) \
	if (!is_tmpfs)    \
	SKIP(name, "/dev/shm is no tmpfs")

static bool rebirth(void)
{
	dsam_software_reborn(&dsam_queues.q[0]);
	return dsam_live_reborn();
}

static bool copy_is_right(void)
{
	memset(to, 0, sizeof(to));
	memset(from, 99, sizeof(from));
	dsam_offload_copy(DSAM_OP_MEMCPY, to, from, sizeof(to), NULL, NULL);
	return !memcmp(to, from, sizeof(to));
}

/* Returns what dsam_live_birth() did. */
static int start(void)
{
	struct dsam_conf conf;
	int rc;

	engine_birth();
	ck_assert(engine_software(0));
	dsam_conf_defaults(&conf);
	dsam_about_take(&about, &conf);
	rc = dsam_live_birth(&about, base);
	ck_assert(!pthread_atfork(dsam_live_before_fork, NULL,
				  dsam_live_in_child));
	engine_begin();
	dsam_slot_rebirth = rebirth;
	ck_assert(copy_is_right());
	return rc;
}

/* The file that find_files() found, as another process sees it. */
static const struct dsam_live *look(void)
{
	int fd = open(file, O_RDONLY);
	void *p = mmap(NULL, sizeof(struct dsam_live), PROT_READ, MAP_SHARED,
		       fd, 0);

	ck_assert(p != MAP_FAILED);
	close(fd);
	return p;
}

static uint64_t calls_in(const struct dsam_live *l)
{
	static struct dsam_report r;

	dsam_report_from_live(&r, l, DSAM_LIFE_LOST);
	return r.calls;
}

static void expect_child(pid_t pid)
{
	int status;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "child: status %x", status);
}

START_TEST(others_read_what_threads_count)
{
	static struct dsam_report r;
	const struct dsam_live *l;
	struct stat st;

	NEEDS_TMPFS("others_read_what_threads_count");
	ck_assert_int_eq(start(), 0);
	ck_assert_uint_eq(find_files(), 1);
	ck_assert(!stat(file, &st));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	/* Sparse: the head and one row, not a thousand. */
	ck_assert_int_lt(st.st_blocks * 512, 128 * 1024);
	l = look();
	ck_assert_uint_eq(calls_in(l), 1);
	ck_assert(copy_is_right());
	dsam_slot_outside(DSAM_OP_MEMSET, DSAM_WHY_NESTED, 5);
	dsam_report_from_live(&r, l, DSAM_LIFE_RUNNING);
	ck_assert_uint_eq(r.calls, 3);
	ck_assert_uint_eq(r.bytes, 2 * N + 5);
	ck_assert_int_eq(r.about.pid, getpid());
	ck_assert_int_eq(r.row[0].tid, getpid());
	ck_assert_str_eq(r.about.program, program_invocation_short_name);
	ck_assert_uint_eq(r.about.queues, 1);
	ck_assert_uint_eq(r.unseen, 0);
	ck_assert(!strcmp(l->head.magic, DSAM_LIVE_MAGIC));
	/* Its own report says the same. */
	dsam_report_gather(&r, &(struct dsam_conf){0});
	ck_assert_uint_eq(r.calls, 3);
	dsam_live_death();
	ck_assert_uint_eq(find_files(), 0);
}
END_TEST

/* ---- no file: the program goes on, its counters are private ---- */

static void expect_none(int why)
{
	int rc = start();

	ck_assert_msg(rc == why, "%d: %s", rc, strerror(-rc));
	ck_assert(copy_is_right());
	ck_assert_uint_eq(dsam_self.slot->away, 0);
	ck_assert_uint_eq(dsam_self.slot->stats.op[0].calls[DSAM_ROUTE_DEVICE],
			  2);
	ck_assert(!dsam_live_is_mapped());
}

START_TEST(no_runtime_directory)
{
	NEEDS_TMPFS("no_runtime_directory");
	ck_assert(!rmdir(base));
	expect_none(-ENOENT);
}
END_TEST

START_TEST(others_may_write_there)
{
	NEEDS_TMPFS("others_may_write_there");
	ck_assert(!mkdir(dir, 0700));
	ck_assert(!chmod(dir, 0777));
	expect_none(-EPERM);
	ck_assert_uint_eq(find_files(), 0);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	NEEDS_TMPFS("a_link_is_not_followed");
	ck_assert(!symlink(base, dir));
	expect_none(-ENOTDIR);
	ck_assert(!unlink(dir));
}
END_TEST

START_TEST(a_disk_is_no_place)
{
	static char on_disk[] = "/var/tmp/dsamove-live-XXXXXX";
	struct statfs fs;

	ck_assert_ptr_nonnull(mkdtemp(on_disk));
	ck_assert(!statfs(on_disk, &fs));
	engine_birth();
	ck_assert_int_eq(dsam_live_birth(&about, on_disk),
			 fs.f_type == TMPFS_MAGIC ? 0 : -EMEDIUMTYPE);
	snprintf(dir, sizeof(dir), "%s/dsamove", on_disk);
	find_files();
	unlink(file);
	ck_assert(!rmdir(dir));
	ck_assert(!rmdir(on_disk));
}
END_TEST

START_TEST(a_limit_on_files_is_no_signal)
{
	struct rlimit limit = {1 << 20, 1 << 20};

	NEEDS_TMPFS("a_limit_on_files_is_no_signal");
	ck_assert(!setrlimit(RLIMIT_FSIZE, &limit));
	expect_none(-EFBIG);
	ck_assert_uint_eq(find_files(), 0);
}
END_TEST

START_TEST(a_crowded_directory_is_left_alone)
{
	NEEDS_TMPFS("a_crowded_directory_is_left_alone");
	ck_assert(!mkdir(dir, 0700));
	for (unsigned i = 0; i < DSAM_LIVE_MOST; i++) {
		snprintf(file, sizeof(file), "%s/%u", dir, i);
		close(open(file, O_CREAT | O_WRONLY, 0600));
	}
	expect_none(-EDQUOT);
	ck_assert_uint_eq(find_files(), DSAM_LIVE_MOST);
	ck_assert(!unlink(file));
	ck_assert_int_eq(dsam_live_birth(&about, base), 0);
}
END_TEST

START_TEST(directories_by_environment_and_user)
{
	char out[40];

	ck_assert(dsam_live_directory(out, sizeof(out), NULL, 7));
	ck_assert_str_eq(out, "/run/user/7/dsamove");
	ck_assert(dsam_live_directory(out, sizeof(out), "", 7));
	ck_assert_str_eq(out, "/run/user/7/dsamove");
	ck_assert(dsam_live_directory(out, sizeof(out), "relative", 7));
	ck_assert_str_eq(out, "/run/user/7/dsamove");
	ck_assert(dsam_live_directory(out, sizeof(out), "/x", 7));
	ck_assert_str_eq(out, "/x/dsamove");
	ck_assert(!dsam_live_directory(out, sizeof(out),
				       "/01234567890123456789012345678901", 7));
}
END_TEST

/* ---- children ---- */

/* In the child: the number of the first thing that is wrong, or 0. */
static int live_as_a_child(const struct dsam_live *parents)
{
	uint64_t there = calls_in(parents);

	if (find_files() != 1 || dsam_arena->away)
		return 1;
	/* The first copy gets this life ready. */
	if (!copy_is_right() || !copy_is_right())
		return 2;
	if (calls_in(parents) != there)
		return 3;
	if (find_files() != 2)
		return 4;
	snprintf(file, sizeof(file), "%s/%d.", dir, (int)syscall(SYS_getpid));
	return 0;
}

static int find_own(void)
{
	size_t n = strlen(file);
	DIR *d = opendir(dir);
	struct dirent *e;
	int found = 0;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, file + strlen(dir) + 1,
			     n - strlen(dir) - 1)) {
			snprintf(file, sizeof(file), "%s/%s", dir, e->d_name);
			found++;
			break;
		}
	closedir(d);
	return found;
}

static int child(const struct dsam_live *parents)
{
	int rc = live_as_a_child(parents);

	if (rc)
		return rc;
	if (!find_own())
		return 5;
	if (calls_in(look()) != 2)
		return 6;
	dsam_live_death();
	return find_files() == 1 ? 0 : 7;
}

static void expect_own_files(bool is_raw)
{
	const struct dsam_live *l;
	pid_t pid;

	ck_assert_int_eq(start(), 0);
	ck_assert_uint_eq(find_files(), 1);
	l = look();
	pid = is_raw ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL,
				      NULL)
		     : fork();
	if (!pid)
		_exit(child(l));
	expect_child(pid);
	ck_assert(copy_is_right());
	ck_assert_uint_eq(calls_in(l), 2);
}

START_TEST(a_fork_child_has_a_file_of_its_own)
{
	NEEDS_TMPFS("a_fork_child_has_a_file_of_its_own");
	expect_own_files(false);
}
END_TEST

START_TEST(so_has_a_raw_clone_child)
{
	NEEDS_TMPFS("so_has_a_raw_clone_child");
	if (HAS_TSAN)
		SKIP("raw_clone_child", "TSan does not know of raw clone");
	expect_own_files(true);
}
END_TEST

START_TEST(a_child_that_copies_nothing_makes_none)
{
	pid_t pid;

	NEEDS_TMPFS("a_child_that_copies_nothing_makes_none");
	ck_assert_int_eq(start(), 0);
	pid = fork();
	if (!pid) {
		dsam_live_death();
		_exit(find_files() != 1);
	}
	expect_child(pid);
	ck_assert_uint_eq(find_files(), 1);
}
END_TEST

/* No room for a file is no reason to stay in the parent's. */
START_TEST(a_child_without_a_file_counts_privately)
{
	struct rlimit limit = {1 << 20, 1 << 20};
	struct dsam_thread_stats *counts;
	const struct dsam_live *l;
	pid_t pid;

	NEEDS_TMPFS("a_child_without_a_file_counts_privately");
	ck_assert_int_eq(start(), 0);
	ck_assert_uint_eq(find_files(), 1);
	l = look();
	counts = dsam_slot_stats(dsam_self.slot);
	pid = fork();
	if (!pid) {
		if (setrlimit(RLIMIT_FSIZE, &limit) || !copy_is_right() ||
		    !copy_is_right())
			_exit(1);
		/* Nor does an address of before lead there. */
		dsam_stats_add(&counts->op[0].calls[0], 1000);
		_exit(dsam_arena->away || dsam_self.slot->away ||
		      calls_in(l) != 1 || find_files() != 1);
	}
	expect_child(pid);
	ck_assert_uint_eq(calls_in(l), 1);
}
END_TEST

/* A signal handler of the midst of dsam_stats_request() that forks. */
START_TEST(a_child_ends_the_parents_count_elsewhere)
{
	struct dsam_thread_stats *counts;
	const struct dsam_live *l;
	struct dsam_slot *s;
	pid_t pid;

	NEEDS_TMPFS("a_child_ends_the_parents_count_elsewhere");
	ck_assert_int_eq(start(), 0);
	ck_assert_uint_eq(find_files(), 1);
	l = look();
	ck_assert(!dsam_slot_enter(&s, __builtin_frame_address(0)));
	counts = dsam_slot_stats(s);
	ck_assert_ptr_ne(counts, &s->stats);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 1000; i++)
			dsam_stats_add(&counts->op[0].calls[0], 1);
		/* What comes then is counted in a file of its own. */
		_exit(child(l));
	}
	dsam_slot_leave(s);
	expect_child(pid);
	ck_assert_uint_eq(calls_in(l), 1);
}
END_TEST

START_TEST(the_next_program_replaces_what_exec_left)
{
	ino_t before_exec;
	struct stat st;

	NEEDS_TMPFS("the_next_program_replaces_what_exec_left");
	ck_assert_int_eq(start(), 0);
	ck_assert_uint_eq(find_files(), 1);
	ck_assert(!stat(file, &st));
	before_exec = st.st_ino;
	ck_assert_int_eq(dsam_live_birth(&about, base), 0);
	ck_assert_uint_eq(find_files(), 1);
	ck_assert(!stat(file, &st));
	ck_assert_uint_ne(st.st_ino, before_exec);
}
END_TEST

static void *copy_once(void *arg)
{
	ck_assert(copy_is_right());
	return arg;
}

START_TEST(ended_threads_stay_in_it)
{
	static struct dsam_report r;

	NEEDS_TMPFS("ended_threads_stay_in_it");
	ck_assert_int_eq(start(), 0);
	for (int i = 0; i < 100; i++) {
		pthread_t t;

		ck_assert(!pthread_create(&t, NULL, copy_once, NULL));
		ck_assert(!pthread_join(t, NULL));
	}
	find_files();
	dsam_report_from_live(&r, look(), DSAM_LIFE_LOST);
	ck_assert_uint_eq(r.calls, 101);
	ck_assert_uint_eq(r.rows, 34);
	ck_assert_uint_eq(r.unlisted, 100 - 32);
	for (unsigned i = 0; i < r.rows; i++)
		ck_assert_int_eq(r.row[i].has_ended, i > 0 && i < r.rows - 1);
}
END_TEST

/* Every byte of a file may be wrong: root reads those of others. */
START_TEST(a_file_of_nonsense_is_read)
{
	static struct dsam_live l;
	static struct dsam_report r;
	static char buf[1 << 22];
	struct dsam_text t = {buf, 0, sizeof(buf)};

	engine_birth();
	memset(&l, 0xff, sizeof(l));
	memset(l.head.state, DSAM_SLOT_LIVE, sizeof(l.head.state));
	dsam_report_from_live(&r, &l, DSAM_LIFE_RUNNING);
	ck_assert_uint_eq(r.rows, DSAM_MAX_ROWS);
	dsam_report_text(&t, &r);
	dsam_report_json(&t, &r);
	ck_assert_uint_gt(t.used, 1000);
}
END_TEST

RUN_SUITE_WITH("live", before, after, others_read_what_threads_count,
	       no_runtime_directory, others_may_write_there,
	       a_link_is_not_followed, a_disk_is_no_place,
	       a_limit_on_files_is_no_signal, a_crowded_directory_is_left_alone,
	       directories_by_environment_and_user,
	       a_fork_child_has_a_file_of_its_own, so_has_a_raw_clone_child,
	       a_child_that_copies_nothing_makes_none,
	       a_child_without_a_file_counts_privately,
	       a_child_ends_the_parents_count_elsewhere,
	       the_next_program_replaces_what_exec_left,
	       ended_threads_stay_in_it, a_file_of_nonsense_is_read)
