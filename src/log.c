// SPDX-License-Identifier: MIT
/*
 * Room: COLD.  Messages of one line, by write(2).
 * May: vsnprintf into the stack; open, write, close.  Must not: write to
 * stdout ever, or to a stderr that is not the one of birth.
 */
#include "log.h"

#include "clock.h"
#include "sandbox.h"
#include "syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* A reader that takes nothing for so long has lost its message. */
#define PATIENCE_MS 1000

static struct {
	bool has_stderr;
	dev_t dev;
	ino_t ino;
	unsigned level;
	char file[512];
} log_to = {.level = DSAM_LOG_WARN};

void dsam_log_stderr(void)
{
	struct stat st;

	if (dsam_syscall3(SYS_fstat, 2, (long)&st, 0))
		return;
	log_to.has_stderr = true;
	log_to.dev = st.st_dev;
	log_to.ino = st.st_ino;
}

bool dsam_log_stderr_is_ours(void)
{
	struct stat st;

	return log_to.has_stderr &&
	       !dsam_syscall3(SYS_fstat, 2, (long)&st, 0) &&
	       st.st_dev == log_to.dev && st.st_ino == log_to.ino;
}

void dsam_log_setup(unsigned level, const char *file)
{
	log_to.level = level;
	snprintf(log_to.file, sizeof(log_to.file), "%s", file);
}

/* Would n more bytes in a file of this size raise SIGXFSZ? */
static bool is_over_limit(uint64_t size, size_t n)
{
	struct rlimit limit;

	return !dsam_syscall6(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit,
			      0, 0) &&
	       limit.rlim_cur != RLIM_INFINITY && size + n > limit.rlim_cur;
}

/* Can fd take some bytes without SIGPIPE, before until (ns)? */
static bool is_writable(int fd, uint64_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	uint64_t now;
	long rc;

	do {
		now = dsam_clock_monotonic();
		if (now >= until)
			return false;
		rc = dsam_syscall3(SYS_poll, (long)&p, 1,
				   (long)((until - now) / 1000000 + 1));
	} while (rc == -EINTR);
	return rc > 0 && !(p.revents & (POLLERR | POLLHUP | POLLNVAL));
}

/*
 * A file takes all at once, so that the lines of processes that share it do
 * not mix.  A pipe whose reader has gone raises SIGPIPE, and a full one
 * blocks: there no more at once than poll answers for.
 */
bool dsam_log_write(int fd, const char *text, size_t n)
{
	uint64_t until = dsam_clock_monotonic() + PATIENCE_MS * 1000000ULL;
	size_t most = PIPE_BUF;
	struct stat st;
	bool is_file;
	long rc;

	is_file = !dsam_syscall3(SYS_fstat, fd, (long)&st, 0) &&
		  S_ISREG(st.st_mode);
	if (is_file) {
		if (is_over_limit((uint64_t)st.st_size, n))
			return false;
		most = n;
	}
	while (n) {
		if (!is_file && !is_writable(fd, until))
			return false;
		rc = dsam_syscall3(SYS_write, fd, (long)text,
				   (long)(n < most ? n : most));
		if (rc == -EINTR)
			continue;
		if (rc <= 0)
			return false;
		text += rc;
		n -= (size_t)rc;
	}
	return true;
}

size_t dsam_log_decimal(char *out, size_t room, size_t number)
{
	char digit[20];
	size_t n = 0, used = 0;

	do
		digit[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n && used < room)
		out[used++] = digit[--n];
	return used;
}

bool dsam_log_path(const char *path, char *out, size_t room)
{
	size_t used = 0;

	for (; *path && used < room; path++) {
		if (path[0] != '%' || (path[1] != 'p' && path[1] != 'e')) {
			out[used++] = *path;
			continue;
		}
		if (*++path == 'p') {
			used += dsam_log_decimal(
				out + used, room - used,
				(size_t)dsam_syscall3(SYS_getpid, 0, 0, 0));
			continue;
		}
		for (const char *e = program_invocation_short_name;
		     *e && used < room; e++)
			out[used++] = (char)(*e == '/' ? '_' : *e);
	}
	if (used >= room)
		return false;
	out[used] = 0;
	return true;
}

int dsam_log_open(const char *path)
{
	if (dsam_sandbox_is_shut())
		return -EPERM;
	return (int)dsam_syscall6(SYS_openat, AT_FDCWD, (long)path,
				  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW |
					  O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				  0600, 0, 0);
}

/* One line is one line, whatever a name holds: n bytes, and room for its end.
 */
static void say(char *line, size_t n)
{
	char path[600];
	int fd = -1;

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 32)
			line[i] = '?';
	line[n++] = '\n';
	if (log_to.file[0] && dsam_log_path(log_to.file, path, sizeof(path)))
		fd = dsam_log_open(path);
	if (fd >= 0) {
		dsam_log_write(fd, line, n);
		dsam_syscall3(SYS_close, fd, 0, 0);
	} else if (dsam_log_stderr_is_ours()) {
		dsam_log_write(2, line, n);
	}
}

void dsam_log(unsigned level, const char *format, ...)
{
	char line[1024];
	int kept = errno, n;
	va_list ap;

	if (level > log_to.level)
		return;
	snprintf(line, sizeof(line), "dsamove: ");
	va_start(ap, format);
	n = vsnprintf(line + 9, sizeof(line) - 10, format, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	n = n > (int)sizeof(line) - 11 ? (int)sizeof(line) - 2 : n + 9;
	say(line, (size_t)n);
	errno = kept;
}

void dsam_log_event(unsigned level, const char *const *words)
{
	char line[256] = "dsamove: ";
	size_t n = 9;

	if (level > log_to.level)
		return;
	for (; *words; words++)
		for (const char *w = *words; *w && n < sizeof(line) - 1; w++)
			line[n++] = *w;
	say(line, n);
}

void dsam_log_key(const struct dsam_conf *conf, enum dsam_key key,
		  const char *what)
{
	struct dsam_conf_error err;

	dsam_conf_complain(conf, key, &err, what);
	dsam_log(DSAM_LOG_WARN, "%s", err.text);
}

void dsam_log_rule(const struct dsam_conf *conf, enum dsam_key key,
		   unsigned nth, const char *what)
{
	struct dsam_conf_error err;

	dsam_conf_complain_rule(conf, key, nth, &err, what);
	dsam_log(DSAM_LOG_WARN, "%s", err.text);
}
