// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Two workers that are asked in turn; the device's
 * is under the preload, so what is timed is what programs get.
 * May: start them, show the progress on stderr.  Must not: time anything
 * itself.
 */
#include "calibrate.h"

#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
	pid_t pid;
	int to, from;
};

/* All of it to the device, whatever the settings make of it otherwise. */
static bool be_device(const char *report)
{
	setenv("DSAMOVE_REPORT_FILE", report, 1);
	setenv("DSAMOVE_REPORT_FORMAT", "json", 1);
	setenv("DSAMOVE_STATS", "exit", 1);
	setenv("DSAMOVE_PROGRAMS", "", 1);
	setenv("DSAMOVE_OPS", "memcpy,memmove,memset", 1);
	setenv("DSAMOVE_MIN_BYTES", "4K", 1);
	setenv("DSAMOVE_MEMCPY_MIN_BYTES", "", 1);
	setenv("DSAMOVE_MEMMOVE_MIN_BYTES", "", 1);
	setenv("DSAMOVE_MEMSET_MIN_BYTES", "", 1);
	setenv("DSAMOVE_CALLERS_ALLOW", "", 1);
	setenv("DSAMOVE_CALLERS_DENY", "", 1);
	setenv("DSAMOVE_MODE", "poll", 1);
	return cli_preload_ready();
}

static bool start(struct worker *w, const char *report)
{
	char *argv[] = {(char[]){"dsamove"}, (char[]){"calibrate"},
			(char[]){"--worker"}, NULL};
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
		cli_complain("%s", strerror(errno));
		return false;
	}
	w->pid = fork();
	if (!w->pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		if (!report || be_device(report))
			execv("/proc/self/exe", argv);
		_exit(1);
	}
	close(to[0]);
	close(from[1]);
	w->to = to[1];
	w->from = from[0];
	return w->pid > 0;
}

static void stop(struct worker *w)
{
	close(w->to);
	close(w->from);
	waitpid(w->pid, NULL, 0);
}

static bool ask(struct worker *w, const struct calibrate_question *q,
		double *ns)
{
	if (write(w->to, q, sizeof(*q)) == sizeof(*q) &&
	    read(w->from, ns, sizeof(*ns)) == sizeof(*ns))
		return true;
	cli_complain("a worker ended early");
	return false;
}

static void progress(unsigned done, unsigned of, const char *what)
{
	unsigned filled = done * 30 / of;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r[%.*s%.*s] %3u %%  %-40s", (int)filled,
		"##############################", (int)(30 - filled),
		"..............................", done * 100 / of, what);
	if (done == of)
		fprintf(stderr, "\r%80s\r", "");
}

static bool measure(struct calibrate *c, struct worker *workers,
		    unsigned seconds)
{
	const unsigned cells =
		CALIBRATE_OPS * CALIBRATE_STATES * CALIBRATE_SIZES;
	struct calibrate_question q = {.threads = c->threads};
	unsigned done = 0;
	char what[64];

	q.budget_ns = seconds * 1000000000ULL / cells / CALIBRATE_SIDES;
	for (q.op = 0; q.op < CALIBRATE_OPS; q.op++)
		for (q.state = 0; q.state < CALIBRATE_STATES; q.state++)
			for (int s = 0; s < CALIBRATE_SIZES; s++) {
				q.bytes = CALIBRATE_SIZE(s);
				snprintf(what, sizeof(what),
					 "%s of %lu KiB, %s",
					 calibrate_op_name(q.op),
					 (unsigned long)q.bytes / 1024,
					 calibrate_state_name(q.state));
				progress(done++, cells, what);
				for (int i = 0; i < CALIBRATE_SIDES; i++)
					if (!ask(&workers[i], &q,
						 &c->ns[q.op][q.state][s][i]))
						return false;
			}
	progress(cells, cells, "");
	return true;
}

/* Which device it was, and that it did not leave the work to the CPU. */
static bool read_report(struct calibrate *c, const char *path)
{
	json_object *report = json_object_from_file(path), *v;
	double bytes = 0, moved = 0;

	if (report && json_object_object_get_ex(report, "device", &v))
		snprintf(c->engine, sizeof(c->engine), "%s",
			 json_object_get_string(v));
	if (report && json_object_object_get_ex(report, "bytes", &v))
		bytes = json_object_get_double(v);
	if (report && json_object_object_get_ex(report, "device_bytes", &v))
		moved = json_object_get_double(v);
	json_object_put(report);
	c->device_share = bytes > 0 ? 100 * moved / bytes : 0;
	if (moved > 0)
		return true;
	cli_complain("the device moved nothing, dsamove doctor says why");
	return false;
}

bool calibrate_measure(struct calibrate *c, unsigned seconds)
{
	const char *tmp = getenv("TMPDIR");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct worker workers[CALIBRATE_SIDES];
	char report[300];
	bool ok;
	int fd;

	c->threads = cpus < 2 ? 2 : cpus > 16 ? 16 : (unsigned)cpus;
	snprintf(report, sizeof(report), "%s/dsamove-calibrate.XXXXXX",
		 tmp && *tmp && !strchr(tmp, '%') ? tmp : "/tmp");
	fd = mkstemp(report);
	if (fd < 0) {
		cli_complain("%s: %s", report, strerror(errno));
		return false;
	}
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	ok = start(&workers[CALIBRATE_CPU], NULL);
	if (ok && start(&workers[CALIBRATE_DEVICE], report)) {
		ok = measure(c, workers, seconds);
		stop(&workers[CALIBRATE_DEVICE]);
		stop(&workers[CALIBRATE_CPU]);
		ok = ok && read_report(c, report);
	}
	unlink(report);
	return ok;
}
