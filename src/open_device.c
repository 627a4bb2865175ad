// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth).  From the settings device and queues to open queues.
 * May: discover, open, log one line for each thing that is in the way.
 * Must not: fail louder than that.
 */
#include "open_device.h"

#include "device_software.h"
#include "discover.h"
#include "log.h"
#include "queue_open.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_queue_name(const char *name)
{
	int device, queue, end = 0;

	/* NOLINTNEXTLINE(cert-err34-c): four digits at most */
	return sscanf(name, "wq%4d.%4d%n", &device, &queue, &end) == 2 &&
	       !name[end] && device >= 0 && queue >= 0;
}

/* Open one work queue; NULL, or why it can't serve. */
static const char *open_one(const struct dsam_wq *wq)
{
	static char text[160];
	const char *objection = dsam_discover_objection(wq);
	int rc;

	if (objection)
		return objection;
	if (dsam_queues.count == DSAM_MAX_QUEUES)
		return "is one too many, expected at most 32";
	rc = dsam_queue_open(&dsam_queues.q[dsam_queues.count], wq);
	if (!rc) {
		dsam_queues.count++;
		return NULL;
	}
	snprintf(text, sizeof(text), "%s: %s%s", wq->path, strerror(-rc),
		 rc == -EPERM ? " (neither mmap of the portal nor write(2) "
				"is allowed)"
			      : "");
	return text;
}

/* The queues that the user named; each that can't serve gets its line. */
static void open_named(const struct dsam_conf *conf,
		       const struct dsam_wq *found, size_t count)
{
	char name[64], what[512];
	const char *at = conf->queues, *why;

	while (dsam_conf_list_next(&at, name, sizeof(name))) {
		size_t i = 0;

		while (i < count && strcmp(found[i].name, name) != 0)
			i++;
		why = i < count ? open_one(&found[i])
				: "not found, expected a queue that "
				  "accel-config list shows under a dsaN";
		if (!why)
			continue;
		snprintf(what, sizeof(what), "%s %s", name, why);
		dsam_log_key(conf, DSAM_KEY_queues, what);
	}
}

/*
 * All that can serve.  Without any, the first objection to a queue that
 * somebody did configure is what the user needs to know.
 */
static void open_all(const struct dsam_wq *found, size_t count, unsigned level)
{
	char first[512] = "";

	for (size_t i = 0; i < count; i++) {
		const char *why = open_one(&found[i]);

		if (!why || !strcmp(found[i].type, "none"))
			continue;
		dsam_log(DSAM_LOG_INFO, "%s %s", found[i].name, why);
		if (!first[0])
			snprintf(first, sizeof(first), "%s %s", found[i].name,
				 why);
	}
	if (dsam_queues.count)
		return;
	if (first[0])
		dsam_log(level, "no usable work queue; %s", first);
	else
		dsam_log(level, "no DSA work queue %s; nothing is offloaded",
			 count ? "is configured, see config/accel-config"
			       : "was found");
}

/* Looking takes a directory in a directory, and a file. */
#define DESCRIPTORS 3

/* Without them what is there looks as if it were not, or disabled. */
static bool has_descriptors(void)
{
	int fd[DESCRIPTORS], n = 0;
	bool has_all;

	while (n < DESCRIPTORS && (fd[n] = open("/", O_PATH | O_CLOEXEC)) >= 0)
		n++;
	has_all = n == DESCRIPTORS;
	if (!has_all)
		dsam_log(DSAM_LOG_WARN,
			 "%s to look for a DSA; nothing is offloaded",
			 strerror(errno));
	while (n)
		close(fd[--n]);
	return has_all;
}

static int open_dsa(const struct dsam_conf *conf)
{
	static struct dsam_wq found[DSAM_MAX_FOUND];
	size_t count;

	if (!has_descriptors())
		return -EMFILE;
	count = dsam_discover(found, DSAM_MAX_FOUND, &dsam_report_discovery);
	if (conf->queues[0])
		open_named(conf, found, count);
	else
		open_all(found, count,
			 conf->device == DSAM_DEVICE_DSA ? DSAM_LOG_WARN
							 : DSAM_LOG_INFO);
	return dsam_queues.count ? 0 : -ENODEV;
}

static int open_software(const struct dsam_conf *conf)
{
	int rc = dsam_software_birth(&dsam_queues.q[0], conf->software_engines,
				     conf->software_mbps,
				     conf->software_latency_ns);
	if (rc)
		dsam_log(DSAM_LOG_WARN,
			 "software_engines: %s; nothing is offloaded, "
			 "software_engines=0 may work",
			 strerror(-rc));
	else
		dsam_queues.count = 1;
	return rc;
}

static int check_names(const struct dsam_conf *conf,
		       struct dsam_conf_error *err)
{
	char name[64], what[160];
	const char *at = conf->queues;

	while (dsam_conf_list_next(&at, name, sizeof(name))) {
		if (is_queue_name(name))
			continue;
		snprintf(what, sizeof(what),
			 "'%s' is not a work queue's name, expected names such "
			 "as wq0.0",
			 name);
		dsam_conf_complain(conf, DSAM_KEY_queues, err, what);
		return -EINVAL;
	}
	return 0;
}

int dsam_open_device_check(const struct dsam_conf *conf,
			   struct dsam_conf_error *err)
{
	char why[256];

	if (conf->wait == DSAM_WAIT_UMWAIT && !dsam_cpu_has_waitpkg()) {
		dsam_conf_complain(conf, DSAM_KEY_wait, err,
				   "this CPU has no UMWAIT, expected one of "
				   "auto, spin, yield");
		return -EINVAL;
	}
	if (conf->device == DSAM_DEVICE_AUTO || conf->device == DSAM_DEVICE_DSA)
		return check_names(conf, err);
	if (conf->device == DSAM_DEVICE_SOFTWARE &&
	    dsam_software_script(conf->software_script, why, sizeof(why))) {
		dsam_conf_complain(conf, DSAM_KEY_software_script, err, why);
		return -EINVAL;
	}
	return 0;
}

int dsam_open_device(const struct dsam_conf *conf)
{
	switch (conf->device) {
	case DSAM_DEVICE_NONE:
		return -ENODEV;
	case DSAM_DEVICE_SOFTWARE:
		return open_software(conf);
	default:
		return open_dsa(conf);
	}
}
