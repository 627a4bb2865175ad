// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  The doctor tries it: each usable queue gets a
 * few NOOPs, then a process under the preload copies.
 * May: open queues, start this program again.  Must not: print.
 */
#include "doctor.h"

#include "clock.h"
#include "preload.h"
#include "queue_open.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOOPS 21
#define NOOP_MS 1000
#define OPEN_TRIES 5
#define PROOF_BYTES (1UL << 20)
#define PROOF_COPIES 8

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A NOOP there and back, ns; 0: no answer. */
static uint64_t noop_ns(struct dsam_queue *q)
{
	uint64_t start = dsam_clock_monotonic(), until;

	until = start + NOOP_MS * 1000000ULL;
	dsam_descriptor_begin(&q->probe_desc, &q->probe_record,
			      DSA_OPCODE_NOOP);
	while (q->ops->enqueue(q, &q->probe_desc) != DSAM_ENQUEUE_TAKEN)
		if (dsam_clock_monotonic() > until)
			return 0;
	while (!*(volatile uint8_t *)&q->probe_record.status)
		if (dsam_clock_monotonic() > until)
			return 0;
	return dsam_clock_monotonic() - start;
}

/* Median of a few; 0: at least one had no answer. */
static uint64_t noop_median(struct dsam_queue *q)
{
	uint64_t ns[NOOPS];

	for (int i = 0; i < NOOPS; i++) {
		ns[i] = noop_ns(q);
		if (!ns[i])
			return 0;
	}
	qsort(ns, NOOPS, sizeof(*ns), by_value);
	return ns[NOOPS / 2];
}

/* write(2) is what is left where the portal can't be mapped; why so? */
static void say_write(struct doctor *d, const char *name, uint64_t ns)
{
	if (!dsam_cpu_has_enqcmd()) {
		doctor_say(d, DOCTOR_OK, name,
			   "takes descriptors by write(2), since the CPU has "
			   "no ENQCMD: a system call for each piece; there "
			   "and back in %.1f us",
			   (double)ns / 1e3);
		return;
	}
	doctor_say(d, DOCTOR_WARNING, name,
		   "takes descriptors by write(2), a system call for each "
		   "piece: without CAP_SYS_RAWIO this kernel maps no portal "
		   "(CVE-2024-21823); there and back in %.1f us",
		   (double)ns / 1e3);
	doctor_mend(d, "AmbientCapabilities=CAP_SYS_RAWIO in the unit, or "
		       "setpriv --inh-caps +sys_rawio --ambient-caps "
		       "+sys_rawio PROGRAM; not setcap, which switches "
		       "LD_PRELOAD off");
}

/*
 * Opening may ask for a NOOP's answer, too, and is in more of a hurry.  Each
 * try has memory of its own, which is never freed: a queue that is silent
 * may write its record at any time.
 */
static struct dsam_queue *open_queue(const struct dsam_wq *wq, int *rc)
{
	struct dsam_queue *q = NULL;

	*rc = -ENOMEM;
	for (int i = 0; i < OPEN_TRIES; i++) {
		q = aligned_alloc(DSAM_LINE, sizeof(*q));
		if (!q)
			break;
		*rc = dsam_queue_open(q, wq);
		if (*rc != -ETIMEDOUT)
			break;
	}
	return q;
}

static void try_queue(struct doctor *d, const struct dsam_wq *wq)
{
	int rc;
	struct dsam_queue *q = open_queue(wq, &rc);
	uint64_t ns = rc ? 0 : noop_median(q);

	if (rc || !ns) {
		doctor_say(d, DOCTOR_WARNING, wq->name,
			   rc && rc != -ETIMEDOUT
				   ? "%s: %s"
				   : "%s: no answer to a NOOP within a second",
			   wq->path, strerror(-rc));
		doctor_mend(d,
			    "accel-config disable-device %s && accel-config "
			    "load-config -c " DSAM_DATADIR
			    "/dsamove/1dev-1wq.conf -e",
			    wq->device);
		return;
	}
	d->answering++;
	d->submission = q->ops->name;
	if (q->ops == &dsam_device_enqcmd)
		doctor_say(d, DOCTOR_OK, wq->name,
			   "takes descriptors by ENQCMD, there and back in "
			   "%.1f us",
			   (double)ns / 1e3);
	else
		say_write(d, wq->name, ns);
}

void doctor_submission(struct doctor *d)
{
	unsigned from = d->findings;

	if (!d->usable)
		return;
	dsam_clock_start();
	dsam_clock_calibrate();
	for (size_t i = 0; i < d->wqs; i++)
		if (!dsam_discover_objection(&d->wq[i]))
			try_queue(d, &d->wq[i]);
	if (!d->answering && from < d->findings)
		d->finding[from].level = DOCTOR_OBSTACLE;
}

int doctor_proof_child(void)
{
	void *(*volatile copy)(void *, const void *, size_t) = memcpy;
	char *src = malloc(PROOF_BYTES), *dst = malloc(PROOF_BYTES);
	bool ok = src && dst;

	for (size_t i = 0; ok && i < PROOF_BYTES; i++)
		src[i] = (char)(i * 31 + i / 4096);
	for (int i = 0; ok && i < PROOF_COPIES; i++) {
		memset(dst, i, PROOF_BYTES);
		copy(dst, src, PROOF_BYTES);
		ok = !memcmp(dst, src, PROOF_BYTES);
	}
	free(src);
	free(dst);
	return ok ? CLI_OK : CLI_NO;
}

/* The settings of the machine, but for what could hide the device. */
static void be_proof(const char *report, int said_to)
{
	char *argv[] = {(char[]){"dsamove"}, (char[]){"doctor"},
			(char[]){"--proof"}, NULL};

	setenv("DSAMOVE_REPORT_FILE", report, 1);
	setenv("DSAMOVE_REPORT_FORMAT", "json", 1);
	setenv("DSAMOVE_STATS", "exit", 1);
	setenv("DSAMOVE_PROGRAMS", "", 1);
	setenv("DSAMOVE_OPS", "memcpy,memmove,memset", 1);
	setenv("DSAMOVE_MIN_BYTES", "64K", 1);
	setenv("DSAMOVE_MEMCPY_MIN_BYTES", "", 1);
	setenv("DSAMOVE_CALLERS_ALLOW", "", 1);
	setenv("DSAMOVE_CALLERS_DENY", "", 1);
	setenv("DSAMOVE_MODE", "poll", 1);
	dup2(said_to, STDERR_FILENO);
	if (cli_preload_ready())
		execv("/proc/self/exe", argv);
	_exit(CLI_RUN_FAILED);
}

static int64_t field(json_object *report, const char *key)
{
	json_object *v;

	return json_object_object_get_ex(report, key, &v)
		       ? json_object_get_int64(v)
		       : 0;
}

/* The first line that the proof wrote to its stderr, or why there is none. */
static const char *said(int fd)
{
	static char line[300];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	line[n > 0 ? n : 0] = 0;
	line[strcspn(line, "\n")] = 0;
	return line[0] ? line : "it said nothing";
}

static void judge_proof(struct doctor *d, int status, const char *path, int fd)
{
	json_object *report = json_object_from_file(path);
	int64_t bytes = report ? field(report, "bytes") : 0;
	int64_t moved = report ? field(report, "device_bytes") : 0;

	d->is_served = WIFEXITED(status) && !WEXITSTATUS(status) && moved > 0;
	if (d->is_served)
		doctor_say(d, DOCTOR_OK, "proof",
			   "a process under the preload copied right, the "
			   "device moved %.1f %% of the bytes",
			   100.0 * (double)moved / (double)bytes);
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		doctor_say(d, DOCTOR_OBSTACLE, "proof",
			   "a process that copies under the preload ended "
			   "with status %#x: %s",
			   (unsigned)status, said(fd));
	else
		doctor_say(d, DOCTOR_OBSTACLE, "proof",
			   "a process copied under the preload, and the "
			   "device moved nothing: %s",
			   said(fd));
	if (!d->is_served)
		doctor_mend(d, "look at: dsamove run --log=info --device=dsa "
			       "-- PROGRAM");
	json_object_put(report);
}

void doctor_proof(struct doctor *d)
{
	const char *dir = getenv("TMPDIR");
	char path[300];
	int fd, said_to, status = -1;
	pid_t pid;

	if (!d->has_conf || d->conf.device == DSAM_DEVICE_NONE ||
	    (!d->answering && d->conf.device != DSAM_DEVICE_SOFTWARE))
		return;
	snprintf(path, sizeof(path), "%s/dsamove-doctor.XXXXXX",
		 dir && *dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0) {
		doctor_say(d, DOCTOR_OBSTACLE, "proof", "%s: %s", path,
			   strerror(errno));
		return;
	}
	close(fd);
	said_to = memfd_create("said", MFD_CLOEXEC);
	pid = fork();
	if (!pid)
		be_proof(path, said_to);
	if (pid > 0)
		waitpid(pid, &status, 0);
	judge_proof(d, status, path, said_to);
	close(said_to);
	unlink(path);
}
