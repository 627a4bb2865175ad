// SPDX-License-Identifier: MIT
/*
 * Messages and the files that messages and reports go to: no link followed,
 * no foreign stderr written to, no signal raised, errno untouched.
 */
#include "suite.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static char dir[] = "/tmp/dsamove-log-XXXXXX";
static char path[100], other[100], text[20000];

static void start(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	dsam_log_setup(DSAM_LOG_INFO, "");
}

static void stop(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		return;
}

static const char *slurp(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

/* fd 2 becomes the file named, for good: each test is its own process. */
static void stderr_to(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, 2), 2);
	close(fd);
}

START_TEST(to_stderr)
{
	stderr_to(path);
	dsam_log_stderr();
	errno = 55;
	dsam_log(DSAM_LOG_WARN, "%s is %d", "x", 7);
	ck_assert_int_eq(errno, 55);
	ck_assert_str_eq(slurp(path), "dsamove: x is 7\n");
}
END_TEST

START_TEST(levels)
{
	stderr_to(path);
	dsam_log_stderr();
	dsam_log_setup(DSAM_LOG_WARN, "");
	dsam_log(DSAM_LOG_INFO, "info");
	dsam_log(DSAM_LOG_WARN, "warn");
	dsam_log_setup(DSAM_LOG_OFF, "");
	dsam_log(DSAM_LOG_WARN, "more");
	ck_assert_str_eq(slurp(path), "dsamove: warn\n");
}
END_TEST

START_TEST(a_stderr_that_is_not_the_one_of_birth)
{
	stderr_to(path);
	dsam_log_stderr();
	ck_assert(dsam_log_stderr_is_ours());
	/* The program closed it and opened a file of its own. */
	stderr_to(other);
	ck_assert(!dsam_log_stderr_is_ours());
	dsam_log(DSAM_LOG_WARN, "not here");
	ck_assert_str_eq(slurp(other), "");
	ck_assert_str_eq(slurp(path), "");
	close(2);
	ck_assert(!dsam_log_stderr_is_ours());
	dsam_log(DSAM_LOG_WARN, "nor there");
}
END_TEST

START_TEST(no_stderr_at_birth)
{
	close(2);
	dsam_log_stderr();
	stderr_to(other);
	dsam_log(DSAM_LOG_WARN, "not here");
	ck_assert_str_eq(slurp(other), "");
}
END_TEST

START_TEST(one_line_whatever_it_holds)
{
	char big[5000];
	size_t n;

	stderr_to(path);
	dsam_log_stderr();
	dsam_log(DSAM_LOG_WARN, "a\nb\r\033[31mc\td%c", 1);
	ck_assert_str_eq(slurp(path), "dsamove: a?b??[31mc?d?\n");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	for (size_t len = 1000; len < 1040; len++) {
		ck_assert(!truncate(path, 0));
		big[len] = 0;
		dsam_log(DSAM_LOG_WARN, "%s", big);
		big[len] = 'x';
		n = strlen(slurp(path));
		ck_assert_uint_le(n, 1024);
		ck_assert_uint_ge(n, len < 1010 ? len + 10 : 1000);
		ck_assert_ptr_eq(strchr(text, '\n'), text + n - 1);
	}
}
END_TEST

START_TEST(to_a_file_by_pid_and_program)
{
	char name[200], pattern[120];

	stderr_to(other);
	dsam_log_stderr();
	snprintf(pattern, sizeof(pattern), "%s/%%e.%%p.log", dir);
	dsam_log_setup(DSAM_LOG_WARN, pattern);
	dsam_log(DSAM_LOG_WARN, "one");
	dsam_log(DSAM_LOG_WARN, "two");
	snprintf(name, sizeof(name), "%s/%s.%d.log", dir,
		 program_invocation_short_name, (int)getpid());
	ck_assert_str_eq(slurp(name), "dsamove: one\ndsamove: two\n");
	ck_assert_str_eq(slurp(other), "");
}
END_TEST

START_TEST(paths)
{
	char name[] = "a/b", want[64], out[64];
	char *kept = program_invocation_short_name;

	program_invocation_short_name = name;
	ck_assert(dsam_log_path("/x/%e-%p-%%-%q%", out, sizeof(out)));
	snprintf(want, sizeof(want), "/x/a_b-%d-%%%%-%%q%%", (int)getpid());
	ck_assert_str_eq(out, want);
	for (size_t room = 1; room < strlen(want) + 3; room++) {
		memset(out, 'Z', sizeof(out));
		ck_assert_int_eq(dsam_log_path("/x/%e-%p-%%-%q%", out, room),
				 room > strlen(want));
		ck_assert_int_eq(out[room], 'Z');
	}
	program_invocation_short_name = kept;
}
END_TEST

START_TEST(no_link_is_followed)
{
	struct stat st;

	stderr_to(other);
	dsam_log_stderr();
	ck_assert(!symlink("target", path));
	ck_assert_int_eq(dsam_log_open(path), -ELOOP);
	dsam_log_setup(DSAM_LOG_WARN, path);
	dsam_log(DSAM_LOG_WARN, "hello");
	/* Neither made nor written; said on stderr instead. */
	snprintf(path, sizeof(path), "%s/target", dir);
	ck_assert(stat(path, &st));
	ck_assert_str_eq(slurp(other), "dsamove: hello\n");
}
END_TEST

START_TEST(files_are_private_appended_to_and_closed)
{
	struct stat st;
	int fd = dsam_log_open(path);

	ck_assert_int_ge(fd, 0);
	ck_assert(!fstat(fd, &st));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ck_assert(fcntl(fd, F_GETFL) & O_APPEND);
	ck_assert(dsam_log_write(fd, "abc", 3));
	close(fd);
	fd = dsam_log_open(path);
	ck_assert(dsam_log_write(fd, "def", 3));
	close(fd);
	ck_assert_str_eq(slurp(path), "abcdef");
	dsam_log_setup(DSAM_LOG_WARN, path);
	dsam_log(DSAM_LOG_WARN, "x");
	ck_assert_int_eq(open("/dev/null", O_RDONLY), fd);
	close(fd);
}
END_TEST

START_TEST(files_that_can_not_be)
{
	errno = 5;
	snprintf(path, sizeof(path), "%s/no/such/file", dir);
	ck_assert_int_eq(dsam_log_open(path), -ENOENT);
	ck_assert_int_eq(dsam_log_open(dir), -EISDIR);
	/* A FIFO without a reader does not block us. */
	ck_assert(!mkfifo(other, 0600));
	ck_assert_int_eq(dsam_log_open(other), -ENXIO);
	ck_assert_int_eq(errno, 5);
}
END_TEST

START_TEST(an_unwritable_directory)
{
	ck_assert(!chmod(dir, 0500));
	/* Root may write anywhere: be somebody else. */
	if (!geteuid()) {
		ck_assert(!chmod(dir, 0555));
		ck_assert(!seteuid(65534));
	}
	ck_assert_int_eq(dsam_log_open(path), -EACCES);
	if (!getuid())
		ck_assert(!seteuid(0));
	ck_assert(!chmod(dir, 0700));
}
END_TEST

START_TEST(a_pipe_whose_reader_has_gone)
{
	int fd[2];

	ck_assert(!pipe(fd));
	close(fd[0]);
	signal(SIGPIPE, SIG_DFL);
	errno = 5;
	ck_assert(!dsam_log_write(fd[1], "abc", 3));
	ck_assert_int_eq(errno, 5);
}
END_TEST

START_TEST(a_pipe_that_is_full)
{
	static char much[200000];
	int fd[2];

	/* Nobody reads: it gives up after a while, and that is all. */
	ck_assert(!pipe(fd));
	ck_assert(!dsam_log_write(fd[1], much, sizeof(much)));
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

/* A program that lives by a timer ends all the same. */
START_TEST(a_full_pipe_and_a_ticking_timer)
{
	struct itimerval often = {{0, 200000}, {0, 200000}};
	bool is_written = true;
	int p[2];

	signal(SIGALRM, on_alarm);
	ck_assert(!pipe(p));
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 8 && is_written; i++)
		is_written = dsam_log_write(p[1], text, sizeof(text));
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	ck_assert(!is_written);
}
END_TEST

START_TEST(a_file_over_its_limit)
{
	struct rlimit limit;
	int fd = dsam_log_open(path);
	bool fits, more;

	signal(SIGXFSZ, SIG_DFL);
	ck_assert(!getrlimit(RLIMIT_FSIZE, &limit));
	/* check reports to a file, too: no assertion in between. */
	limit.rlim_cur = 10;
	setrlimit(RLIMIT_FSIZE, &limit);
	fits = dsam_log_write(fd, "0123456789", 10);
	more = dsam_log_write(fd, "x", 1);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert(fits);
	ck_assert(!more);
	ck_assert_str_eq(slurp(path), "0123456789");
	close(fd);
}
END_TEST

RUN_SUITE_WITH("log", start, stop, to_stderr, levels,
	       a_stderr_that_is_not_the_one_of_birth, no_stderr_at_birth,
	       one_line_whatever_it_holds, to_a_file_by_pid_and_program, paths,
	       no_link_is_followed, files_are_private_appended_to_and_closed,
	       files_that_can_not_be, an_unwritable_directory,
	       a_pipe_whose_reader_has_gone, a_pipe_that_is_full,
	       a_full_pipe_and_a_ticking_timer, a_file_over_its_limit)
