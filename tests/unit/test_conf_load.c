// SPDX-License-Identifier: MIT
/* Defaults < file < environment, and files that must not be read. */
#include "suite.h"

#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct dsam_conf conf;
static struct dsam_conf_error err;
static char dir[] = "/tmp/dsamove-conf-XXXXXX";
static char path[64];

static void start(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert(!chmod(dir, 0755));
	snprintf(path, sizeof(path), "%s/a.conf", dir);
}

static void stop(void)
{
	unlink(path);
	rmdir(path);
	rmdir(dir);
}

static void put(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert(!fchmod(fd, mode));
	close(fd);
}

/* With DSAMOVE_CONF=file, if not NULL, and one more variable. */
static int load(const char *file, const char *more)
{
	char home[] = "HOME=/", named[700], other[100];
	char *env[] = {home, named, more ? other : NULL, NULL};

	snprintf(named, sizeof(named), "DSAMOVE_CONF=%s", file ? file : "");
	snprintf(other, sizeof(other), "%s", more ? more : "");
	memset(&err, 0, sizeof(err));
	return dsam_conf_load(&conf, file ? env : env + 3, &err);
}

static void expect_refused(const char *says)
{
	char want[200];

	ck_assert_int_eq(load(path, NULL), -EINVAL);
	snprintf(want, sizeof(want), "%s: %s", path, says);
	ck_assert_str_eq(err.text, want);
}

START_TEST(environment_over_file_over_default)
{
	put("mode = split\nwait = yield\nqueues = wq0.0\n  wq0.1\n", 0600);
	ck_assert_msg(!load(path, "DSAMOVE_WAIT=spin"), "%s", err.text);
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
	ck_assert_uint_eq(conf.wait, DSAM_WAIT_SPIN);
	ck_assert_uint_eq(conf.touch, DSAM_TOUCH_AUTO);
	ck_assert_str_eq(conf.file, path);
	ck_assert_int_eq(conf.from[DSAM_KEY_mode], 1);
	ck_assert_int_eq(conf.from[DSAM_KEY_wait], DSAM_FROM_ENVIRONMENT);
	ck_assert_int_eq(conf.from[DSAM_KEY_touch], DSAM_FROM_DEFAULT);
	/* A list of the environment takes the place of the file's. */
	ck_assert(!load(path, "DSAMOVE_QUEUES=wq3.3"));
	ck_assert_str_eq(conf.queues, "wq3.3");
	ck_assert(!load(path, "DSAMOVE_QUEUES="));
	ck_assert_str_eq(conf.queues, "");
}
END_TEST

START_TEST(errors_of_the_environment)
{
	put("", 0600);
	ck_assert_int_eq(load(path, "DSAMOVE_MIN_BYTES=64Q"), -EINVAL);
	ck_assert_str_eq(err.text,
			 "environment: DSAMOVE_MIN_BYTES: '64Q' is not a size, "
			 "expected a size from 1 to 1024G such as 32768, 32K "
			 "or 1M, or auto");
	ck_assert_int_eq(load(path, "DSAMOVE_MINBYTES=64K"), -EINVAL);
	ck_assert_str_eq(err.text,
			 "environment: DSAMOVE_MINBYTES: unknown key, expected "
			 "one that dsamove.conf.example lists, in capitals");
	ck_assert_int_eq(load(path, "DSAMOVE_=1"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "unknown key"));
	ck_assert_int_eq(load(path, "DSAMOVE_NUMA=far"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "is not known"));
}
END_TEST

START_TEST(what_is_not_ours_in_the_environment)
{
	put("", 0600);
	ck_assert(!load(path, "DSAMOVE_NO_EQUALS_SIGN"));
	ck_assert(!load(path, "DSAMOVEMENT=1"));
	ck_assert(!load(path, "XDSAMOVE_MODE=bogus"));
	ck_assert(!load(path, "DSA=bogus"));
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
}
END_TEST

START_TEST(no_environment_at_all)
{
	/* A process of raised privilege: the system's file or nothing. */
	if (!access("/etc/dsamove.conf", F_OK))
		SKIP("no_environment_at_all", "/etc/dsamove.conf exists");
	ck_assert(!dsam_conf_load(&conf, NULL, &err));
	ck_assert_str_eq(conf.file, "");
	ck_assert(!load(NULL, NULL));
	ck_assert(!load("", NULL));
	ck_assert_str_eq(conf.file, "");
	ck_assert(!load("", "DSAMOVE_MODE=split"));
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
}
END_TEST

START_TEST(missing_file)
{
	expect_refused("No such file or directory");
}
END_TEST

START_TEST(directory)
{
	ck_assert(!mkdir(path, 0700));
	expect_refused("not a regular file, expected one");
}
END_TEST

START_TEST(fifo_does_not_hang)
{
	ck_assert(!mkfifo(path, 0600));
	expect_refused("not a regular file, expected one");
}
END_TEST

START_TEST(device_file)
{
	ck_assert_int_eq(load("/dev/zero", NULL), -EINVAL);
	ck_assert_str_eq(err.text,
			 "/dev/zero: not a regular file, expected one");
	/* No settings at all, not the machine's either. */
	ck_assert_int_eq(load("/dev/null", NULL), 0);
}
END_TEST

START_TEST(unreadable_file)
{
	put("mode = split\n", 0000);
	/* Root may read anything, so be somebody else. */
	if (!geteuid())
		ck_assert(!seteuid(65534));
	expect_refused("Permission denied");
	if (!getuid())
		ck_assert(!seteuid(0));
}
END_TEST

START_TEST(file_of_ten_megabytes)
{
	put("mode = split\n", 0600);
	ck_assert(!truncate(path, 10 << 20));
	expect_refused("larger than 1M, expected settings");
}
END_TEST

START_TEST(file_just_small_enough)
{
	static char text[1 << 20];

	memset(text, '\n', sizeof(text) - 1);
	memcpy(text, "mode = split", strlen("mode = split"));
	put(text, 0600);
	ck_assert_msg(!load(path, NULL), "%s", err.text);
	ck_assert_uint_eq(conf.mode, DSAM_MODE_SPLIT);
}
END_TEST

START_TEST(file_that_others_can_write)
{
	put("mode = split\n", 0666);
	expect_refused("expected a file that belongs to root or this user and "
		       "that others can't write");
	put("mode = split\n", 0644);
	ck_assert_msg(!load(path, NULL), "%s", err.text);
}
END_TEST

START_TEST(file_of_another_user)
{
	put("mode = split\n", 0644);
	if (chown(path, 65533, (gid_t)-1))
		SKIP("file_of_another_user", "only root can make one");
	expect_refused("expected a file that belongs to root or this user and "
		       "that others can't write");
	/* Root's file serves everybody. */
	ck_assert(!chown(path, 0, (gid_t)-1));
	ck_assert(!seteuid(65534));
	ck_assert_msg(!load(path, NULL), "%s", err.text);
	ck_assert(!seteuid(0));
}
END_TEST

START_TEST(error_in_a_file_names_its_line)
{
	char want[200];

	put("# x\nmode = poll\nwait = never\n", 0600);
	ck_assert_int_eq(load(path, NULL), -EINVAL);
	snprintf(want, sizeof(want),
		 "%s:3: wait: 'never' is not known, expected one of auto, "
		 "spin, umwait, yield",
		 path);
	ck_assert_str_eq(err.text, want);
}
END_TEST

START_TEST(name_that_is_too_long)
{
	char name[600];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	ck_assert_int_eq(load(name, NULL), -EINVAL);
	ck_assert_str_eq(err.text, "environment: DSAMOVE_CONF: is too long, "
				   "expected at most 511 bytes");
}
END_TEST

START_TEST(nothing_stays_open)
{
	int before, after;

	put("mode = split\n", 0600);
	before = open("/dev/null", O_RDONLY);
	ck_assert(!load(path, NULL));
	put("mode = bogus\n", 0600);
	ck_assert(load(path, NULL));
	put("mode = poll\n", 0666);
	ck_assert(load(path, NULL));
	after = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(after, before + 1);
	close(before);
	close(after);
}
END_TEST

START_TEST(complaints_found_after_parsing)
{
	char want[200];

	put("\nqueues = wq9.9\n", 0600);
	ck_assert(!load(path, "DSAMOVE_WAIT=umwait"));
	dsam_conf_complain(&conf, DSAM_KEY_queues, &err, "wq9.9 not found");
	snprintf(want, sizeof(want), "%s:2: queues: wq9.9 not found", path);
	ck_assert_str_eq(err.text, want);
	dsam_conf_complain(&conf, DSAM_KEY_wait, &err, "no UMWAIT");
	ck_assert_str_eq(err.text, "environment: DSAMOVE_WAIT: no UMWAIT");
	dsam_conf_complain(&conf, DSAM_KEY_log, &err, "odd");
	ck_assert_str_eq(err.text, "default: DSAMOVE_LOG: odd");
}
END_TEST

RUN_SUITE_WITH("conf_load", start, stop, environment_over_file_over_default,
	       errors_of_the_environment, what_is_not_ours_in_the_environment,
	       no_environment_at_all, missing_file, directory,
	       fifo_does_not_hang, device_file, unreadable_file,
	       file_of_ten_megabytes, file_just_small_enough,
	       file_that_others_can_write, file_of_another_user,
	       error_in_a_file_names_its_line, name_that_is_too_long,
	       nothing_stays_open, complaints_found_after_parsing)
