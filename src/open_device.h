/* SPDX-License-Identifier: MIT */
/* The settings device and queues -> dsam_queues. */
#ifndef DSAM_OPEN_DEVICE_H
#define DSAM_OPEN_DEVICE_H

#include "conf.h"

/*
 * Birth.  conf has passed the check below.  Open every work queue that conf asks for and that can serve, and
 * say on the log what is in the way of the others.  0 with dsam_queues
 * filled; -ENODEV: there is none.
 */
int dsam_open_device(const struct dsam_conf *conf);

/*
 * What conf asks for that this machine's CPU or any machine can't give: names
 * that are no queues', a script of no sense, umwait without it.  0, or
 * -EINVAL with *err filled.
 */
int dsam_open_device_check(const struct dsam_conf *conf,
			   struct dsam_conf_error *err);

#endif
