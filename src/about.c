// SPDX-License-Identifier: MIT
/*
 * Room: COLD (birth, rebirth, death).  Facts for the report's head.
 * May: read the queue table.  Must not: allocate, print.
 */
#include "about.h"

#include "clock.h"
#include "queue.h"
#include "syscall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum dsam_discovery dsam_report_discovery;

static void take_queue(struct dsam_about_queue *to, struct dsam_queue *q)
{
	snprintf(to->name, sizeof(to->name), "%s", q->name);
	snprintf(to->submission, sizeof(to->submission), "%s", q->ops->name);
	to->size = q->size;
	to->threshold = q->threshold;
	to->max_transfer = q->max_transfer;
	to->numa_node = q->numa_node;
	to->state = (uint32_t)atomic_load(&q->state);
}

static void take_engine(struct dsam_about *a)
{
	if (!dsam_queues.count) {
		snprintf(a->engine, sizeof(a->engine), "none");
		return;
	}
	snprintf(a->engine, sizeof(a->engine), "%s",
		 dsam_queues.q[0].ops->name);
	a->is_software = !dsam_queues.q[0].path[0];
	if (!a->is_software)
		snprintf(a->found_by, sizeof(a->found_by), "%s",
			 dsam_report_discovery == DSAM_BY_SYSFS
				 ? "sysfs"
				 : "libaccel-config");
}

void dsam_about_take(struct dsam_about *a, const struct dsam_conf *conf)
{
	memset(a, 0, sizeof(*a));
	snprintf(a->program, sizeof(a->program), "%s",
		 program_invocation_short_name);
	a->pid = (int32_t)dsam_syscall3(SYS_getpid, 0, 0, 0);
	a->start_ns = dsam_clock.start_ns;
	snprintf(a->conf_file, sizeof(a->conf_file), "%s", conf->file);
	a->min_bytes = conf->min_bytes == DSAM_CONF_AUTO_SIZE
			       ? DSAM_CONF_AUTO_LEAST
			       : conf->min_bytes;
	a->is_split = conf->mode == DSAM_MODE_SPLIT;
	a->split_cpu_percent = conf->split_cpu_percent;
	a->counts_small = conf->stats == DSAM_STATS_ALL;
	take_engine(a);
	a->queues = dsam_queues.count;
	for (unsigned i = 0; i < a->queues; i++)
		take_queue(&a->queue[i], &dsam_queues.q[i]);
}
